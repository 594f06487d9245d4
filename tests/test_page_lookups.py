"""What the views show of accounts is what the service answers, number for number, in a real browser.

The result that is served is small and full of hostile names. How the views are used is tested in test_page_views.py.
Set ``SWAYRANK_SCREENSHOTS`` to a folder to look at what was seen.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import finished, serving
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.page_town import HOSTILE, page_result

API = "/api/v1"
VIEWS = ("/", "/compare?a={0}&b={1}", "/weights?reach=1", "/communities", "/data", "/accounts/{0}")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    out = page_result(tmp_path_factory.mktemp("town"))
    with serving(out, tmp_path_factory.mktemp("log") / "log", "--rate-limit", "0", tokens=False) as one:
        jobs = ask(one, "/jobs", kind="prepare")["items"]  # the service itself asks for it as it starts
        assert finished(one, jobs[0]["id"])["status"] == "done"
        yield one


@pytest.fixture
def tab(browser, served):  # noqa: F811
    with watched(browser, served.address) as seen:
        yield seen
        assert seen.tab.evaluate("window.hacked") is None
        seen.check_quiet()


def ask(served, path, **query):
    return served.ask("GET", API + path, params=query).json()


def visible(name: str) -> str:
    """A name as the page shows it: what cannot be seen is spelled out."""
    return re.sub("[\u200b\u202e]", lambda sign: f"\\u{ord(sign[0]):04x}", name)


def line_of(table, part: str) -> str:
    """A part's row of a table: its meaning may name other parts."""
    return table.get_by_role("row").filter(has=table.page.get_by_text(part, exact=True)).inner_text()


def card_of(name: str) -> str:
    return f"/accounts/?account={quote(name)}" if name == ".." else f"/accounts/{quote(name, safe='')}"


def shown_names(seen) -> list[str]:
    """Whole names in the leaderboard's table, in order."""
    return seen.tab.locator("tbody tr > th .name").evaluate_all("all => all.map(e => e.title || e.textContent)")


def query_of(seen) -> dict[str, list[str]]:
    return parse_qs(urlsplit(seen.tab.url).query)


# -- leaderboard -------------------------------------------------------------------------------------------------------


def test_the_leaderboard_shows_what_the_service_answers(tab, served):
    tab.go("/")
    rows = ask(served, "/accounts")["items"]
    assert shown_names(tab) == [visible(row["account"]) for row in rows]
    first = tab.tab.locator("tbody tr").first
    row = rows[0]
    told = first.inner_text()
    assert f"{row['score']:.1f}" in told
    assert f"{row['score_low']:.1f} to {row['score_high']:.1f}" in told
    assert f"{row['rank_low']} to {row['rank_high']}" in told
    bar = first.locator("svg.interval").get_attribute("aria-label")
    assert bar == f"score {row['score']:.1f}, interval {row['score_low']:.1f} to {row['score_high']:.1f}"
    parts = first.locator("svg.parts")
    assert all(
        f"{name} {part['contribution']:.1f}" in parts.get_attribute("aria-label") for name, part in row["parts"].items()
    )
    widths = parts.locator("rect:not(.track)").evaluate_all("all => all.map(e => e.width.baseVal.value)")
    assert sum(widths) == pytest.approx(row["score"], abs=0.01)


def test_status_and_scores_from_to(tab, served):
    tab.go("/")
    tab.tab.get_by_label("Too little data").check()
    tab.settle()
    rows = ask(served, "/accounts", status="insufficient")["items"]
    assert shown_names(tab) == [row["account"] for row in rows] != []
    assert "too little data" in tab.tab.locator("tbody").inner_text()
    tab.tab.get_by_role("radio", name="All").check()
    tab.tab.get_by_label("Score at least").fill("60")
    tab.tab.wait_for_url("**min_score=60**")
    tab.settle()
    assert shown_names(tab) == [visible(row["account"]) for row in ask(served, "/accounts", min_score=60)["items"]]
    tab.requests.clear()
    tab.tab.get_by_label("Score at most").fill("1000")
    assert tab.tab.get_by_label("Score at most").get_attribute("aria-invalid") == "true"
    tab.tab.wait_for_timeout(400)
    assert not any("max_score" in url for url in tab.requests)


def test_an_address_brings_the_whole_list_back(tab, served):
    query = {"q": "o", "role": "broadcaster", "sort": "spread", "min_score": "10", "size": "25"}
    tab.go("/?" + "&".join(f"{name}={value}" for name, value in query.items()))
    asked = {name: value for name, value in query.items() if name != "size"}
    assert (
        shown_names(tab)
        == [visible(row["account"]) for row in ask(served, "/accounts", page_size=25, **asked)["items"]]
        != []
    )
    assert tab.tab.get_by_label("Find an account").input_value() == "o"
    assert tab.tab.locator(".facets").get_by_label("broadcaster").is_checked()
    assert tab.tab.get_by_label("Order by").input_value() == "spread"
    before = tab.tab.url
    tab.tab.reload()
    tab.settle()
    assert tab.tab.url == before


@pytest.mark.parametrize(
    "query", ["?page=900", "?size=0&page=-1", "?sort=nothing", "?min_score=x&role=nobody", "?status=odd", "?q=%00"]
)
def test_an_address_with_nonsense_still_gives_a_view(browser, served, query):  # noqa: F811
    with watched(browser, served.address) as seen:
        seen.excuse("Failed to load resource")  # a column that there is not
        seen.go("/" + query)
        assert seen.tab.locator("h1").inner_text() == "Leaderboard"
        assert seen.tab.locator("tbody tr, .state").count() > 0
        seen.check_quiet()
        seen.check_accessible()


@pytest.mark.parametrize("form", ["CSV", "Excel", "JSON", "Parquet"])
def test_exporting_what_is_filtered(tab, served, form):
    tab.go("/?role=broadcaster&sort=reach")
    tab.tab.locator("summary", has_text="Export").click()
    with tab.tab.expect_download() as got:
        tab.tab.locator(".drop-body").get_by_role("button", name=form).click()
    path = Path(got.value.path())
    rows = ask(served, "/accounts", role="broadcaster", sort="reach", page_size=500)["items"]
    names = [row["account"] for row in rows]
    suffix = {"CSV": "csv", "Excel": "xlsx", "JSON": "json", "Parquet": "parquet"}[form]
    assert got.value.suggested_filename.endswith(suffix)
    if form == "CSV":
        found = [row["account"] for row in csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))]
        assert not any(name[0] in "=+-@" for name in found), "a spreadsheet would take it for a formula"
        assert [name.removeprefix("'") if name[:2] == "'=" else name for name in found] == names
    elif form == "Parquet":
        assert pq.read_table(path)["account"].to_pylist() == names
    elif form == "JSON":
        told = json.loads(path.read_text())
        assert [row["account"] for row in (told["items"] if isinstance(told, dict) else told)] == names
    else:
        with zipfile.ZipFile(path) as book:
            sheets = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
        assert "<f>" not in sheets, "a formula"
        assert all(escape(name) in sheets or escape(name, {'"': "&quot;"}) in sheets for name in names)


@pytest.mark.parametrize("width", [1280, 375])
def test_tables_that_matter_most_are_whole_without_scrolling(browser, served, width):  # noqa: F811
    tables = {"/": ".results", card_of("petamo"): "section", "/compare?a=petamo&b=zakese": ".versus-table"}
    with watched(browser, served.address, width=width) as seen:
        for view, place in tables.items():
            seen.go(view)
            box = seen.tab.locator(f"main {place} .scroll").first
            wide, there = box.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert wide <= there, view


# -- hostile names -----------------------------------------------------------------------------------------------------


def test_a_hostile_name_leads_to_its_card(tab, served):
    for name in (HOSTILE[4], HOSTILE[6], HOSTILE[7], *HOSTILE[12:16]):
        tab.go("/?q=" + quote(name))
        tab.tab.locator("tbody tr > th a").first.click()
        tab.settle()
        heading = tab.tab.locator("h1 bdi.name")
        assert (heading.get_attribute("title") or heading.inner_text()) == visible(name)
        score = ask(served, "/accounts/", account=name)["score"]
        assert f"{score:.1f}" in tab.tab.locator(".tiles").first.inner_text()
        tab.tab.reload()
        tab.settle()
        assert (heading.get_attribute("title") or heading.inner_text()) == visible(name)


def test_hostile_names_are_inert_in_every_view(tab):
    for view in VIEWS:
        tab.go(view.format(quote(HOSTILE[0], safe=""), quote(HOSTILE[1], safe="")))
        tab.tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        tab.settle()
        assert tab.tab.locator("main img, main iframe, main [onmouseover], main [onerror]").count() == 0
        assert tab.tab.evaluate("window.hacked") is None
        links = tab.tab.locator("a[href]").evaluate_all("all => all.map(e => e.protocol)")
        assert set(links) <= {"http:", "blob:"}
        assert "\u202e" not in tab.tab.locator("main").inner_text()


# -- the card ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first(served):
    return ask(served, "/accounts")["items"][0]["account"]


def test_a_card_tells_score_parts_and_evidence(tab, served, first):
    tab.go(card_of(first))
    tab.picture("card", whole=True)
    told = ask(served, "/explanations/" + quote(first, safe=""))
    row, facts = told["row"], told["facts"]
    tiles = tab.tab.locator(".tiles").first.inner_text()
    for value in (
        f"{row['score']:.1f}",
        f"{row['score_low']:.1f} to {row['score_high']:.1f}",
        "95 %",
        f"{row['rank']} of 399",
    ):
        assert value in tiles
    for number in ("followers", "reactions", "posts"):
        assert f"{row['evidence'][number]:,}" in tiles
    parts = tab.tab.get_by_role("table", name="What each part adds to the score")
    for part in facts["parts"]:
        line = line_of(parts, part["part"])
        assert f"{part['scaled']:.1f}" in line
        assert f"{part['contribution']:.1f}" in line
        assert part["because"][:30] in line
    for name, key in (
        ("Posts that matter most", "posts"),
        ("Who reacts most often", "engagers"),
        ("Whose attention counts most", "followers"),
    ):
        assert tab.tab.get_by_role("table", name=name).locator("tbody tr").count() == len(facts[key])
    assert tab.tab.get_by_role("table", name="What would change its score").locator("tbody tr").count() == len(
        facts["changes"]
    )
    assert tab.tab.title().startswith(first)


def test_neighbours_are_there_once_the_network_is_prepared(tab, served, first):
    section = tab.tab.locator("section", has=tab.tab.get_by_role("heading", name="Who is around it"))
    for direction, i in (("followers", 0), ("following", 1)):
        tab.go(card_of(first))
        told = ask(served, "/neighbours/", account=first, direction=direction, k=10)
        table = section.get_by_role("table").nth(i)
        assert table.locator("tbody tr").count() == len(told["items"]) > 0
        for row, line in zip(told["items"], table.locator("tbody tr").all_inner_texts(), strict=True):
            assert f"{100 * row['share']:.{1 if row['share'] < 0.0995 else 0}f} %" in line
        table.get_by_role("link").first.click()
        tab.settle()
        heading = tab.tab.locator("h1 .name")
        assert (heading.get_attribute("title") or heading.inner_text()) == visible(told["items"][0]["account"])


# -- compare -----------------------------------------------------------------------------------------------------------


def test_what_each_part_makes_of_a_difference(tab, served):
    tab.go("/compare?a=petamo&b=zakese")
    told = ask(served, "/compare", a="petamo", b="zakese")
    ahead = told["a" if told["difference"] >= 0 else "b"]["account"]
    assert f"{ahead} is {abs(told['difference']):.1f} points ahead" in tab.tab.locator("main .note").first.inner_text()
    table = tab.tab.get_by_role("table", name="What each part makes of the difference")
    for row in told["differences"]:
        line = line_of(table, row["part"]).replace("\u2212", "-")
        assert all(f"{value:.1f}" in line for value in (row["a"], row["b"]))
        assert f"{row['adds']:+.1f}" in line
    shared, audience = told["shared_audience"], tab.tab.locator("section", has_text="Shared audience").inner_text()
    assert shared is None or f"{shared['both']:.3g} " in audience


def test_whether_a_difference_is_clear_is_told_from_the_intervals(tab, served):
    rows = ask(served, "/accounts", page_size=500, status="scored")["items"]
    odd = next(row for row in rows if row["account"] == "a clear one: no intervals")
    near = min((row for row in rows if row is not odd), key=lambda row: abs(row["score"] - odd["score"]))
    far = max(rows, key=lambda row: max(row["score_low"] - odd["score_high"], odd["score_low"] - row["score_high"]))
    assert max(far["score_low"] - odd["score_high"], odd["score_low"] - far["score_high"]) > 0
    for other, word in ((near, "within chance"), (far, "clear")):
        tab.go(f"/compare?a={quote(odd['account'])}&b={quote(other['account'])}")
        assert tab.tab.locator("main .badge").first.inner_text() == word
        assert "no intervals, so" not in tab.tab.locator("main .note").first.inner_text()


# -- weights -----------------------------------------------------------------------------------------------------------


def percents(seen) -> list[int]:
    return [
        int(value)
        for value in seen.tab.locator(".slider input[type=number]").evaluate_all("all => all.map(e => e.value)")
    ]


def test_weights_always_come_to_one_hundred(tab, served):
    tab.go("/weights")
    assert percents(tab) == [20, 60, 20]
    slider = tab.tab.get_by_role("slider", name="reach")
    slider.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "PageUp", "End", "ArrowLeft", "Home", "ArrowRight"):
        tab.tab.keyboard.press(key)
        assert sum(percents(tab)) == 100
    assert percents(tab)[0] == 1
    tab.tab.get_by_label("Weight of spread in percent").fill("33")
    tab.tab.keyboard.press("Tab")
    assert sum(percents(tab)) == 100
    assert percents(tab)[2] == 33
    spread = tab.tab.get_by_label("Weight of spread in percent")
    sliders = tab.tab.locator(".slider input[type=range]")
    for typed, taken, told in (
        ("500", 100, "500 was taken as 100"),
        ("-3", 0, "-3 was taken as 0"),
        ("e", 0, "stays at 0"),
        ("", 0, "stays at 0"),
    ):
        spread.focus()
        spread.press("ControlOrMeta+a")
        spread.press("Delete")
        spread.press_sequentially(typed)
        assert (spread.get_attribute("aria-invalid") == "true") == (typed != "")
        tab.tab.keyboard.press("Tab")
        assert percents(tab)[2] == taken
        assert [int(value) for value in sliders.evaluate_all("all => all.map(e => e.value)")] == percents(tab)
        assert told in tab.tab.locator(".slider [role=status]").nth(2).inner_text()
        assert spread.get_attribute("aria-invalid") is None
    spread.fill("40")
    assert sliders.nth(2).input_value() == "40", "the slider follows while somebody types"
    assert tab.tab.locator(".slider [role=status]").nth(2).inner_text() == ""


def test_the_new_top_is_the_services(tab, served):
    tab.go("/weights")
    tab.tab.get_by_role("button", name="Only reach").click()
    told = ask(served, "/weights", reach=1, k=50)
    tab.tab.get_by_text(
        f"{told['shared']} accounts of the first 50 stay there, {len(told['entered'])} come in"
    ).wait_for()
    assert shown_names(tab) == [visible(row["account"]) for row in told["items"]]
    assert f"Come in: {len(told['entered'])}" in tab.tab.locator("main").inner_text()
    lines = tab.tab.locator("tbody tr")
    for i in (0, 5, 20, 49):
        row, line = told["items"][i], lines.nth(i).inner_text()
        up = row["rank_was"] - row["rank"]
        assert f"{row['score']:.1f}" in line
        assert ("▲" if up > 0 else "▼" if up < 0 else "=") in line
    assert lines.locator("xpath=self::*[contains(@class, 'picked')]").count() == len(told["entered"])
    tab.tab.get_by_role("button", name="As in the run").click()
    tab.tab.get_by_text("These are the run's own weights").wait_for()
    assert query_of(tab) == {}
    assert percents(tab) == [20, 60, 20]


def test_weights_by_their_address(tab, served):
    tab.go("/weights?reach=3&spread=1&k=10")
    assert percents(tab) == [75, 0, 25]
    assert len(shown_names(tab)) == 10
    for nonsense in ("?reach=-1", "?reach=x&spread=0", "?reach=0&resonance=0&spread=0", "?reach=1e400"):
        tab.go("/weights" + nonsense)
        assert percents(tab) == [20, 60, 20], nonsense


def test_moving_a_slider_asks_seldom(tab):
    tab.go("/weights")
    tab.requests.clear()
    tab.tab.get_by_role("slider", name="reach").evaluate(  # thirty steps in no time, however busy the machine is
        "slider => { for (let i = 0; i < 30; i++) { slider.stepUp(); "
        "slider.dispatchEvent(new Event('input', { bubbles: true })); } }"
    )
    tab.until(lambda: any("/weights?" in url for url in tab.requests))
    tab.tab.wait_for_timeout(400)
    assert percents(tab)[0] > 40
    assert len([url for url in tab.requests if "/weights?" in url]) == 1


# -- communities and data ----------------------------------------------------------------------------------------------


def test_communities_and_the_way_to_their_members(tab, served):
    tab.go("/communities")
    told = ask(served, "/communities")
    rows = tab.tab.get_by_role("table", name="Communities, the largest first").locator("tbody tr")
    assert rows.count() == len(told["communities"])
    one = told["communities"][0]
    line = rows.first.inner_text()
    assert f"{one['members']}" in line
    assert f"{one['mean_score']:.1f}" in line
    assert f"{100 * one['inside']:.0f} %" in line
    rows.first.get_by_role("rowheader").get_by_role("link").click()
    tab.settle()
    assert query_of(tab) == {"community": [str(one["community"])]}
    assert tab.tab.get_by_text(f"{one['members']} accounts fit").is_visible()


def test_the_highest_of_each_group(tab, served):
    tab.go("/communities")
    tab.tab.get_by_label("Group by").select_option("role")
    tab.settle()
    told = ask(served, "/top", by="role", k=5)
    cards = tab.tab.locator(".group-tops .card")
    assert cards.count() == len(told["groups"])
    for group in told["groups"]:
        card = cards.filter(has=tab.tab.get_by_role("heading", name=group["group"], exact=True))
        assert card.locator("li").count() == len(group["items"])
    assert query_of(tab) == {"by": ["role"]}


def test_warnings_come_first_and_everything_is_named(tab, served):
    tab.go("/data")
    run = ask(served, "/run")
    headings = tab.tab.get_by_role("heading", level=2).all_inner_texts()
    assert headings[0] == "Know this first"
    told = tab.tab.locator("main").inner_text()
    for warning in run["warnings"]:
        assert warning["detail"] in told
    assert "2 rows of the data were refused" in tab.tab.locator(".notes li").first.inner_text()
    for file in run["inputs"]:
        assert file["file"] in told
        assert file["blake2b"] in told
    for value in (run["id"], run["reference"], run["versions"]["numpy"], "95 %"):
        assert value in told
    assert tab.tab.get_by_role("table", name="Kept runs").locator("tbody tr").count() == 2
    tab.tab.get_by_role("link", name="leaderboard, as too little data").click()
    tab.settle()
    assert query_of(tab) == {"status": ["insufficient"]}


@pytest.mark.parametrize("form", ["CSV", "Excel", "Parquet", "JSON", "GEXF"])
def test_files_are_saved_from_the_data_view(tab, form):
    tab.go("/data")
    with tab.tab.expect_download() as got:
        tab.tab.get_by_role("button", name=f"Save as {form}").click()
    assert Path(got.value.path()).stat().st_size > 1000
    assert "saved" in tab.tab.locator("#toasts").inner_text()


def test_the_warning_above_every_view_leads_to_the_data(tab):
    tab.go("/weights")
    tab.tab.locator("#banner").get_by_role("link", name="1 warning about the data").click()
    tab.settle()
    assert tab.tab.url.endswith("/data")


# -- while a view loads ------------------------------------------------------------------------------------------------

_SHIFTS = """
window.shifted = 0
window.shifting = []
new PerformanceObserver(list => {
  for (const one of list.getEntries().filter(one => !one.hadRecentInput)) {
    window.shifted += one.value
    window.shifting.push([one.value, ...one.sources.map(e => `${e.node?.nodeName}.${e.node?.className}`)])
  }
}).observe({type: "layout-shift", buffered: true})
"""


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_jumps_while_a_view_loads(tab, first, view):
    """Cumulative layout shift, as browsers measure it: up to 0.1 is called good."""
    tab.tab.add_init_script(_SHIFTS)
    tab.go(view.format(quote(first, safe=""), "petamo"))
    assert tab.tab.evaluate("window.shifted") < 0.05, tab.tab.evaluate("window.shifting")
