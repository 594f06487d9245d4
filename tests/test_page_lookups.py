"""A real browser does what people do who look accounts up: leaderboard, card, compare, weights, communities, data.

The result that is served is small and full of hostile names; what is shown is held against what the service answers.
Set ``SWAYRANK_SCREENSHOTS`` to a folder to look at what was seen.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pyarrow.parquet as pq
import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import serving
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.page_town import HOSTILE, page_result

API = "/api/v1"
VIEWS = ("/", "/compare?a={0}&b={1}", "/weights?reach=1", "/communities", "/data", "/accounts/{0}")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    out = page_result(tmp_path_factory.mktemp("town"))
    with serving(out, tmp_path_factory.mktemp("log") / "log", "--rate-limit", "0", tokens=False) as one:
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
    assert bar == f"score {row['score']:.1f}, between {row['score_low']:.1f} to {row['score_high']:.1f}"
    parts = first.locator("svg.parts")
    assert all(
        f"{name} {part['contribution']:.1f}" in parts.get_attribute("aria-label") for name, part in row["parts"].items()
    )
    widths = parts.locator("rect:not(.track)").evaluate_all("all => all.map(e => e.width.baseVal.value)")
    assert sum(widths) == pytest.approx(row["score"], abs=0.01)


def test_searching_as_one_types(tab, served):
    tab.go("/")
    tab.requests.clear()
    box = tab.tab.get_by_label("Find an account")
    box.press_sequentially("zak", delay=20)
    tab.tab.wait_for_url("**q=zak")
    tab.settle()
    assert len([url for url in tab.requests if "/api/v1/accounts?" in url]) <= 2, "each letter was asked for"
    assert shown_names(tab) == [row["account"] for row in ask(served, "/accounts", q="zak")["items"]] != []
    assert tab.tab.evaluate("document.activeElement.type") == "search"


def test_a_late_answer_to_an_early_question_is_not_shown(tab, served):
    tab.go("/")
    held = []
    tab.tab.route(re.compile(r"/accounts\?q=ze&"), held.append)
    box = tab.tab.get_by_label("Find an account")
    with tab.tab.expect_request(re.compile(r"/accounts\?q=ze&")):
        box.fill("ze")
    box.fill("zero")
    tab.tab.get_by_text("1 account fit").wait_for()
    for route in held:
        with contextlib.suppress(Exception):  # it was cancelled, as it should be
            route.continue_()
    tab.tab.wait_for_timeout(300)
    assert shown_names(tab) == ["zero\\u200bwidth"]


def test_facets_narrow_the_list_and_count_what_they_would_give(tab, served):
    tab.go("/")
    facets = ask(served, "/accounts")["facets"]
    role = facets["role"][1]
    panel = tab.tab.locator(".facets")
    label = panel.locator("label", has_text=role["value"])
    assert str(role["count"]) in label.inner_text()
    label.get_by_role("checkbox").check()
    tab.settle()
    assert tab.tab.get_by_text(f"{role['count']} accounts fit").is_visible()
    assert shown_names(tab) == [
        visible(row["account"]) for row in ask(served, "/accounts", role=role["value"])["items"]
    ]
    assert query_of(tab)["role"] == [role["value"]]
    # A facet's own counts do not depend on what is chosen in it; the others' do.
    assert str(facets["role"][0]["count"]) in panel.locator("label", has_text=facets["role"][0]["value"]).inner_text()
    tiers = {one["value"]: one["count"] for one in ask(served, "/accounts", role=role["value"])["facets"]["tier"]}
    for tier, number in tiers.items():
        assert panel.locator("label", has_text=f"{tier}:").locator(".number").inner_text() == str(number)
    panel.get_by_role("button", name="Take all filters away").click()
    tab.settle()
    assert query_of(tab) == {}
    assert tab.tab.get_by_text("400 accounts, all there are").is_visible()


def test_status_and_scores_from_to(tab, served):
    tab.go("/")
    tab.tab.get_by_label("Too little data").check()
    tab.settle()
    rows = ask(served, "/accounts", status="insufficient")["items"]
    assert shown_names(tab) == [row["account"] for row in rows] != []
    assert "too little data" in tab.tab.locator("tbody").inner_text()
    tab.tab.get_by_label("All", exact=True).check()
    tab.tab.get_by_label("Score at least").fill("60")
    tab.tab.wait_for_url("**min_score=60**")
    tab.settle()
    assert shown_names(tab) == [visible(row["account"]) for row in ask(served, "/accounts", min_score=60)["items"]]
    tab.requests.clear()
    tab.tab.get_by_label("Score at most").fill("1000")
    assert tab.tab.get_by_label("Score at most").get_attribute("aria-invalid") == "true"
    tab.tab.wait_for_timeout(400)
    assert not any("max_score" in url for url in tab.requests)


def test_sorting_by_the_heads_of_columns(tab, served):
    tab.go("/")
    head = tab.tab.get_by_role("columnheader", name="Account")
    head.get_by_role("button").focus()
    tab.tab.keyboard.press("Enter")
    tab.settle()
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown_names(tab) == [visible(row["account"]) for row in ask(served, "/accounts", sort="account")["items"]]
    assert "Account" in tab.tab.evaluate("document.activeElement.textContent"), "the focus was lost"
    tab.tab.keyboard.press("Enter")
    tab.settle()
    assert head.get_attribute("aria-sort") == "descending"
    assert shown_names(tab) == [
        visible(row["account"]) for row in ask(served, "/accounts", sort="account", order="desc")["items"]
    ]
    assert tab.tab.locator("[aria-sort]").count() == 1
    tab.tab.get_by_label("Order by").select_option("resonance")
    tab.settle()
    assert shown_names(tab) == [visible(row["account"]) for row in ask(served, "/accounts", sort="resonance")["items"]]
    assert query_of(tab) == {"sort": ["resonance"]}


def test_pages_and_how_many_on_one(tab, served):
    tab.go("/")
    pages = tab.tab.get_by_role("navigation", name="Pages")
    assert pages.get_by_role("button", name="Previous").is_disabled()
    pages.get_by_role("button", name="Next").click()
    tab.settle()
    assert shown_names(tab) == [visible(row["account"]) for row in ask(served, "/accounts", page=2)["items"]]
    assert "51 to 100 of 400" in pages.inner_text()
    tab.tab.get_by_label("Accounts on a page").select_option("200")
    tab.settle()
    assert len(shown_names(tab)) == 200
    assert query_of(tab)["size"] == ["200"]


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


def test_nobody_fits_and_how_to_get_back(tab):
    tab.go("/?q=" + quote("nobody <b>has</b> this"))
    state = tab.tab.locator(".state")
    assert "nobody <b>has</b> this" in state.inner_text()
    tab.check_accessible()
    state.get_by_role("button", name="Show all accounts").click()
    tab.settle()
    assert len(shown_names(tab)) == 50
    assert query_of(tab) == {}


def test_choosing_two_accounts_to_compare_and_to_plan_with(tab, served):
    tab.go("/")
    rows = tab.tab.locator("tbody tr")
    names = [row["account"] for row in ask(served, "/accounts")["items"]]
    rows.nth(0).get_by_role("checkbox").focus()
    tab.tab.keyboard.press("Space")
    rows.nth(3).get_by_role("checkbox").check()
    bar = tab.tab.get_by_role("region", name="Chosen accounts")
    assert "2 chosen" in bar.inner_text()
    seeds = parse_qs(urlsplit(bar.get_by_role("link", name="What would they reach?").get_attribute("href")).query)
    assert seeds == {"seeds": [names[0], names[3]]}
    must = parse_qs(urlsplit(bar.get_by_role("link", name="Plan with them").get_attribute("href")).query)
    assert must == {"must": [names[0], names[3]]}
    # They stay chosen on other pages, and in the address.
    tab.tab.get_by_role("button", name="Next").click()
    tab.settle()
    assert "2 chosen" in bar.inner_text()
    assert query_of(tab)["pick"] == [names[0], names[3]]
    bar.get_by_role("link", name="Compare the two").click()
    tab.settle()
    assert query_of(tab) == {"a": [names[0]], "b": [names[3]]}
    assert tab.tab.get_by_label("First account").input_value() == names[0]


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
        openpyxl = pytest.importorskip("openpyxl")
        sheet = openpyxl.load_workbook(path).worksheets[0]
        found = {cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)}
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
        assert {name for name in names if name[0] != "="} <= found


# -- hostile names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_leads_to_its_card_and_is_text_there(tab, served, name):
    tab.go("/?q=" + quote(name))
    link = tab.tab.locator("tbody tr > th a").first
    assert link.inner_text().rstrip("…") in visible(name)
    link.click()
    tab.settle()
    heading = tab.tab.locator("h1 .name")
    assert (heading.get_attribute("title") or heading.inner_text()) == visible(name)
    assert tab.tab.locator("h1 bdi").count() == 1
    row = ask(served, "/accounts/", account=name)
    assert f"{row['score']:.1f}" in tab.tab.locator(".tiles").first.inner_text()
    # The same by its address, in a fresh tab.
    address = tab.tab.url.removeprefix(served.address)
    tab.go(address)
    assert (heading.get_attribute("title") or heading.inner_text()) == visible(name)
    assert tab.tab.locator("main img, main script, main iframe, main [onmouseover], main [onerror]").count() == 0


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
        line = parts.locator("tr", has_text=part["part"]).inner_text()
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


def test_a_cards_figures_have_tables(tab, served, first):
    tab.go(card_of(first))
    tab.tab.get_by_text("As a figure").click()
    history = ask(served, "/history/" + quote(first, safe=""))["runs"]
    assert len(history) == 2
    tab.tab.get_by_role("heading", name="Over time").scroll_into_view_if_needed()
    figures = tab.tab.locator("figure.figure")
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        figures.nth(i).locator(".js-plotly-plot, .main-svg").first.wait_for()
        details = figures.nth(i).locator("details.as-table")
        details.locator("summary").click()
        assert details.locator("tbody tr").count() > 0
    assert figures.count() == 3
    trend = figures.filter(has=tab.tab.locator("details", has_text=f"{history[-1]['score']:.3f}"))
    assert trend.count() >= 1
    tab.check_accessible("card with figures")


def test_engagers_lead_to_their_own_cards(tab, first):
    tab.go(card_of(first))
    link = tab.tab.get_by_role("table", name="Who reacts most often").get_by_role("link").first
    name = link.inner_text()
    link.click()
    tab.settle()
    assert tab.tab.locator("h1").inner_text() == name
    assert tab.tab.evaluate("scrollY") == 0


def test_an_account_with_too_little_data(tab, served):
    name = ask(served, "/accounts", status="insufficient")["items"][0]["account"]
    tab.go(card_of(name))
    tab.picture("insufficient", whole=True)
    assert tab.tab.get_by_role("heading", name="Why it has no score").is_visible()
    assert "NaN" not in tab.tab.locator("main").inner_text()
    assert "null" not in tab.tab.locator("main").inner_text()
    tab.check_accessible("insufficient")


def test_neighbours_are_prepared_when_asked_for(tab, served, first):
    tab.excuse("503")
    tab.go(card_of(first))
    section = tab.tab.locator("section", has=tab.tab.get_by_role("heading", name="Who is around it"))
    tab.check_accessible("not prepared")
    section.get_by_role("button", name="Prepare it now").first.click()
    table = section.get_by_role("table").first
    table.wait_for(timeout=120_000)
    followers = ask(served, "/neighbours/" + quote(first, safe=""), direction="followers", k=10)
    assert table.locator("tbody tr").count() == len(followers["items"])
    lead = table.get_by_role("link").first
    assert lead.inner_text().rstrip("…") in visible(followers["items"][0]["account"])
    tab.picture("neighbours", whole=True)
    lead.click()
    tab.settle()
    assert section.get_by_role("table").count() == 2
    tab.check_accessible("neighbours")


def test_explaining_in_full_when_asked_for(browser, served, first):  # noqa: F811
    """The run explains all of so few accounts; here the first answer says that it did not."""
    with watched(browser, served.address) as seen:
        path = f"/explanations/{quote(first, safe='')}"
        whole = ask(served, path)
        bare = {**whole, "kept": False, "facts": None, "text": None, "activity": None}
        state = {"made": False}
        job = {
            "id": "0123456789abcdef",
            "kind": "explain",
            "status": "running",
            "progress": {"what": "reading", "done": 1, "total": 3, "seconds_left": 2},
            "error": None,
        }
        done = {**job, "status": "done", "progress": None}

        def explained(route):
            route.fulfill(json=whole if state["made"] else bare)

        def stream(route):
            state["made"] = True
            lines = (
                f": still here\n\nevent: progress\ndata: {json.dumps(job)}\n\nevent: done\ndata: {json.dumps(done)}\n\n"
            )
            route.fulfill(status=200, content_type="text/event-stream", body=lines)

        seen.tab.route(re.compile("/api/v1/explanations/"), explained)
        seen.tab.route(re.compile("/api/v1/jobs/[0-9a-f]+/events"), stream)
        seen.tab.route(
            re.compile("/api/v1/jobs$"),
            lambda route: route.fulfill(status=202, json=job) if route.request.method == "POST" else route.fallback(),
        )
        seen.go(card_of(first))
        seen.check_accessible("not explained")
        with seen.tab.expect_request(lambda request: request.method == "POST") as asked:
            seen.tab.get_by_role("button", name="Explain in full").click()
        assert asked.value.post_data_json == {"kind": "explain", "parameters": {"account": first}}
        seen.tab.get_by_role("table", name="Posts that matter most").wait_for()
        assert seen.tab.evaluate("document.activeElement.id") == "evidence"


# -- compare -----------------------------------------------------------------------------------------------------------


def choose(seen, label: str, text: str) -> None:
    """Pick the first account that a field offers, by the keyboard."""
    field = seen.tab.get_by_role("combobox", name=label)
    field.fill(text)
    seen.tab.get_by_role("option").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    assert seen.tab.locator(f"#{field.get_attribute('aria-activedescendant')}").get_attribute("aria-selected") == "true"
    field.press("Enter")
    assert field.get_attribute("aria-expanded") == "false"


def test_two_accounts_side_by_side(tab, served):
    tab.go("/compare")
    assert "Choose two accounts" in tab.tab.locator(".state").inner_text()
    tab.check_accessible("nothing chosen")
    choose(tab, "First account", "petamo")
    choose(tab, "Second account", "zak")
    tab.settle()
    assert query_of(tab) == {"a": ["petamo"], "b": ["zakese"]}
    told = ask(served, "/compare", a="petamo", b="zakese")
    verdict = tab.tab.locator(".note").first.inner_text()
    assert f"petamo is {abs(told['difference']):.1f} points ahead" in verdict
    table = tab.tab.get_by_role("table", name="What each part makes of the difference")
    for row in told["differences"]:
        line = table.locator("tr", has_text=row["part"]).inner_text()
        assert f"{row['a']:.1f}" in line
        assert f"{row['b']:.1f}" in line
        assert f"{row['adds']:+.1f}".replace("-", "−") in line.replace("-", "−")
    tab.tab.get_by_role("button", name="Swap").click()
    tab.settle()
    assert query_of(tab) == {"a": ["zakese"], "b": ["petamo"]}
    assert tab.tab.get_by_role("combobox", name="First account").input_value() == "zakese"


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


@pytest.mark.parametrize(
    ("query", "told"),
    [("a=petamo&b=petamo", "one account"), ("a=petamo", "other account"), ("a=petamo&b=nobody", "not here")],
)
def test_what_cannot_be_compared_is_told(browser, served, query, told):  # noqa: F811
    with watched(browser, served.address) as seen:
        seen.excuse("404")
        seen.go("/compare?" + query)
        assert told in seen.tab.locator(".state").inner_text()
        seen.check_quiet()
        seen.check_accessible(query)


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
    tab.tab.get_by_label("Weight of spread in percent").fill("150")
    tab.tab.keyboard.press("Tab")
    assert tab.tab.get_by_label("Weight of spread in percent").get_attribute("aria-invalid") == "true"


def test_the_new_top_is_the_services(tab, served):
    tab.go("/weights")
    tab.tab.get_by_role("button", name="Only reach").click()
    tab.tab.wait_for_url("**reach=1**")
    tab.settle()
    told = ask(served, "/weights", reach=1, k=50)
    assert shown_names(tab) == [visible(row["account"]) for row in told["items"]]
    assert (
        f"{told['shared']} accounts of the first 50 stay there, {len(told['entered'])} come in"
        in tab.tab.locator(".told").inner_text()
    )
    assert f"Come in: {len(told['entered'])}" in tab.tab.locator("main").inner_text()
    lines = tab.tab.locator("tbody tr")
    for i in (0, 5, 20, 49):
        row, line = told["items"][i], lines.nth(i).inner_text()
        up = row["rank_was"] - row["rank"]
        assert f"{row['score']:.1f}" in line
        assert ("▲" if up > 0 else "▼" if up < 0 else "=") in line
    assert lines.locator("xpath=self::*[contains(@class, 'picked')]").count() == len(told["entered"])
    tab.tab.get_by_role("button", name="As in the run").click()
    tab.settle()
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
    tab.tab.get_by_role("slider", name="reach").focus()
    for _ in range(30):
        tab.tab.keyboard.press("ArrowRight")
    tab.settle()
    assert len([url for url in tab.requests if "/weights?" in url]) < 15


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


def test_figures_of_communities_and_activity_have_tables(tab):
    tab.go("/communities")
    figures = tab.tab.locator("figure.figure")
    assert figures.count() == 3
    for i in range(3):
        figures.nth(i).scroll_into_view_if_needed()
        figures.nth(i).locator(".main-svg").first.wait_for()
        figures.nth(i).locator("details.as-table summary").click()
        assert figures.nth(i).locator("details.as-table tbody tr").count() > 1
        assert figures.nth(i).locator("[role=img]").first.get_attribute("aria-label")
    tab.check_accessible("communities")


def test_figures_follow_the_theme(tab):
    tab.go("/communities")
    tab.tab.locator(".main-svg").first.wait_for()
    with tab.tab.expect_request(re.compile(r"/figures/.*theme=dark")):
        tab.tab.emulate_media(color_scheme="dark")
    tab.settle()


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


# -- every view --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_views_are_accessible_and_fit(browser, served, first, view, dark, width):  # noqa: F811
    with watched(browser, served.address, width=width, dark=dark) as seen:
        seen.go(view.format(quote(first, safe=""), quote(HOSTILE[-1], safe="")))
        name = re.split(r"[?/]", view[1:])[0] or "leaderboard"
        seen.picture(f"{name}-{width}-{'dark' if dark else 'light'}", whole=True)
        assert seen.tab.locator("h1").count() == 1
        assert seen.tab.locator(".state.error").count() == 0
        seen.excuse("503")  # neighbours, where nothing is prepared
        seen.check_quiet()
        seen.check_no_sideways_scroll()
        seen.check_accessible(view)
        headings = seen.tab.locator("main h1, main h2, main h3").evaluate_all(
            "all => all.map(e => Number(e.tagName[1]))"
        )
        assert all(after - before <= 1 for before, after in pairwise(headings)), headings


@pytest.mark.parametrize("view", VIEWS)
def test_views_at_320_pixels_as_at_four_times_the_size(browser, served, first, view):  # noqa: F811
    with watched(browser, served.address, width=320, height=256) as seen:
        seen.go(view.format(quote(first, safe=""), quote(HOSTILE[-1], safe="")))
        seen.check_no_sideways_scroll()
