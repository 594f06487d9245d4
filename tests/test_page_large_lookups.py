"""What people look up, over a result of real size: search, facets, cards, weights, comparison, files, warnings.

What is shown is held against what the service answers; the campaign's functions over the same result are in
test_page_campaign.py, each view as a whole in test_page_large.py.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import serving, until_prepared
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.serving_large import ACCOUNTS, large_town  # noqa: F401  a fixture

pytestmark = pytest.mark.slow
API = "/api/v1"


@pytest.fixture(scope="module")
def large(large_town, tmp_path_factory):  # noqa: F811
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(large_town, log, "--rate-limit", "0", "--refresh", "0", tokens=False) as served:
        until_prepared(served)
        yield served


@pytest.fixture
def tab(browser, large):  # noqa: F811
    with watched(browser, large.address) as seen:
        yield seen
        seen.check_quiet()


def ask(large, path, **query):
    answer = large.ask("GET", API + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(tab) -> list[str]:
    return tab.tab.locator("tbody tr > th .name").all_inner_texts()


def query(tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.tab.url).query)


def test_searching_among_all(tab, large):
    tab.go("/")
    assert tab.tab.get_by_text(f"{ACCOUNTS:,} accounts").first.is_visible()
    last = ask(large, "/accounts", sort="rank", order="desc", status="scored", page_size=1)["items"][0]
    field = tab.tab.get_by_label("Find an account")
    field.press_sequentially(last["account"][:5], delay=20)
    tab.tab.wait_for_url(re.compile("q="))
    tab.settle()
    told = ask(large, "/accounts", q=last["account"][:5])
    assert names(tab) == [row["account"] for row in told["items"]]
    tab.picture("large-search")
    tab.check_accessible("a search")
    field.fill(last["account"])
    link = tab.tab.locator("tbody").get_by_role("link", name=last["account"], exact=True)
    link.wait_for()
    link.click()
    tab.settle()
    assert tab.tab.locator("h1").inner_text() == last["account"]
    assert f"{last['rank']:,}" in tab.tab.locator("main").inner_text()


def test_facets_sorting_and_the_last_page(tab, large):
    tab.go("/")
    facets = ask(large, "/accounts", page_size=1)["facets"]
    for kind in ("role", "tier"):
        shown = tab.tab.get_by_role("group", name=kind.capitalize()).locator(".number").all_inner_texts()
        assert sorted(int(one.replace(",", "")) for one in shown) == sorted(one["count"] for one in facets[kind])
    wanted = {"role": facets["role"][0]["value"], "tier": facets["tier"][0]["value"]}
    for value in wanted.values():
        tab.tab.locator(".facets").get_by_role("checkbox", name=re.compile(f"^{value}")).check()
        tab.settle()
    tab.tab.get_by_role("columnheader", name="Followers").get_by_role("button").click()
    tab.settle()
    told = ask(large, "/accounts", sort="followers", order="desc", **wanted)
    assert 0 < told["total"] < ACCOUNTS
    assert tab.tab.locator(".told").inner_text() == f"{told['total']:,} accounts fit"
    assert names(tab) == [row["account"] for row in told["items"]]
    tab.picture("large-facets")
    pages = -(-told["total"] // 50)
    tab.go("/?" + "&".join(f"{name}={value}" for name, value in {**wanted, "page": pages}.items()))
    assert names(tab) == [row["account"] for row in ask(large, "/accounts", page=pages, **wanted)["items"]] != []


@pytest.mark.parametrize("place", [0, ACCOUNTS // 2])
def test_a_card_and_its_evidence(tab, large, place):
    """Of the first, which the run explains, and of one in the middle, which it does not."""
    row = ask(large, "/accounts", page_size=1, page=place + 1)["items"][0]
    told = ask(large, f"/explanations/{row['account']}")
    assert told["kept"] == (place == 0)
    tab.go(f"/accounts/{row['account']}")
    words = tab.tab.locator("main").inner_text()
    assert f"{row['score']:.1f}" in words
    for name, part in row["parts"].items():
        line = tab.tab.locator("table tr").filter(has_text=name).first.inner_text()
        assert f"{part['scaled']:.1f}" in line
    assert f"{row['followers']:,}" in words
    if told["kept"]:
        assert tab.tab.get_by_role("heading", name="What is behind it").is_visible()
    else:
        assert tab.tab.get_by_role("button", name="Explain in full").is_visible()
    tab.picture(f"large-card-{place}", whole=True)
    tab.check_accessible("a card")


def test_other_weights_change_the_top(tab, large):
    tab.go("/weights")
    tab.tab.get_by_role("slider", name="reach").focus()
    for _ in range(4):
        tab.tab.keyboard.press("PageUp")
    tab.tab.wait_for_timeout(300)
    tab.settle()
    weights = {part: float(query(tab).get(part, ["0"])[0]) for part in ("reach", "resonance", "spread")}
    told = ask(large, "/weights", k=50, **weights)
    assert told["entered"]
    assert names(tab) == [row["account"] for row in told["items"]]
    assert f"{len(told['entered'])} come in" in tab.tab.locator(".told").inner_text()
    tab.picture("large-weights", whole=True)


def test_two_are_picked_and_compared(tab, large):
    first, second = (row["account"] for row in ask(large, "/accounts", page_size=2)["items"])
    tab.go("/compare")
    for label, name in (("First account", first), ("Second account", second)):
        box = tab.tab.get_by_role("combobox", name=label)
        box.press_sequentially(name, delay=20)
        tab.tab.get_by_role("option", name=re.compile(f"^{name}")).first.wait_for()
        tab.tab.keyboard.press("ArrowDown")
        tab.tab.keyboard.press("Enter")
        tab.settle()
    assert query(tab) == {"a": [first], "b": [second]}
    told = ask(large, "/compare", a=first, b=second)
    assert f"{abs(told['difference']):.1f} points ahead" in tab.tab.locator(".note").first.inner_text()
    tab.picture("large-compare", whole=True)


def test_files_of_all_accounts(tab, large):
    tab.go("/data")
    saved = {}
    for form in ("CSV", "Excel", "GEXF"):
        with tab.tab.expect_download(timeout=60_000) as got:
            tab.tab.get_by_role("button", name=f"Save as {form}").click()
        saved[form] = got.value.path().read_bytes()
    rows = list(csv.DictReader(io.StringIO(saved["CSV"].decode("utf-8-sig"))))
    assert len(rows) == ACCOUNTS
    assert [row["account"] for row in rows[:20]] == [
        row["account"] for row in ask(large, "/accounts", page_size=20)["items"]
    ]
    with zipfile.ZipFile(io.BytesIO(saved["Excel"])) as book:
        sheets = [book.read(name) for name in book.namelist() if "/worksheets/" in name]
    assert max(sheet.count(b"<row ") for sheet in sheets) == ACCOUNTS + 1
    assert not any(b"<f>" in sheet for sheet in sheets)
    nodes = [element for _, element in ET.iterparse(io.BytesIO(saved["GEXF"])) if element.tag.endswith("}node")]
    assert len(nodes) == len(ask(large, "/map")["accounts"])


def test_warnings_and_where_it_comes_from(tab, large):
    run = ask(large, "/run")
    tab.go("/data")
    words = tab.tab.locator("main").inner_text()
    assert run["warnings"], "some have too little data"
    assert all(one["detail"] in words for one in run["warnings"])
    assert all(one["file"] in words and one["blake2b"] in words for one in run["inputs"])
    tab.picture("large-data", whole=True)
