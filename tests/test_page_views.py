"""The page's views of a result, used as people use them, in a real browser, over names that mean harm."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import serving
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.hostile_town import HOSTILE, hostile_result

pytestmark = pytest.mark.slow
API = "/api/v1"
VIEWS = {
    "leaderboard": "/",
    "account": "/accounts/" + quote(HOSTILE[7], safe=""),
    "no score": "/accounts/silent",
    "nobody": "/accounts/nobody-at-all",
    "compare": "/compare?a=%2E%2E&b=a/b",
    "nothing to compare": "/compare",
    "weights": "/weights?reach=3&resonance=1",
    "communities": "/communities",
    "data": "/data",
    "nothing here": "/jobs/none-such",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with serving(hostile_result(folder), folder / "log", "--rate-limit", "0", tokens=False) as running:
        yield running


@pytest.fixture
def seen(browser, served):  # noqa: F811
    with watched(browser, served.address) as tab:
        yield tab
        tab.excuse("status of 404")  # what is not there is asked for, and told
        tab.excuse("status of 503")
        tab.check_quiet()
        assert tab.tab.evaluate("() => window.pwned === undefined")


def names_in(seen):
    """The accounts that the leaderboard shows."""
    return [text.strip() for text in seen.tab.locator(".results tbody th").all_inner_texts()]


def query_of(seen):
    return parse_qs(urlsplit(seen.tab.url).query)


def listed(served, **query):
    return served.ask("GET", f"{API}/accounts", params=query).json()


def explained(served, account):
    return served.ask("GET", f"{API}/explanations/", params={"account": account}).json()


# -- every view --------------------------------------------------------------------------------------------------------


def look(seen, name):
    seen.go(VIEWS[name])
    seen.tab.evaluate(
        "async () => { for (let y = 0; y < document.body.scrollHeight; y += 500)"
        " { scrollTo(0, y); await new Promise(done => setTimeout(done, 30)); } scrollTo(0, 0); }"
    )
    seen.settle()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_accessible_inert_and_no_wider_than_a_phone(browser, served, name, dark):  # noqa: F811
    with watched(browser, served.address, width=375 if dark else 1280, dark=dark) as seen:
        seen.excuse("status of 404")
        seen.excuse("status of 503")
        look(seen, name)
        seen.picture(f"{name}-{'dark' if dark else 'light'}", whole=True)
        seen.check_accessible(name)
        seen.check_no_sideways_scroll()
        assert seen.tab.locator("h1").count() == 1
        assert seen.tab.evaluate("() => window.pwned === undefined")
        assert seen.tab.locator("main img, main script").count() == 0
        seen.check_quiet()


def test_large_text_does_not_scroll_sideways(browser, served):  # noqa: F811
    with watched(browser, served.address, width=640) as seen:  # 1280 at a zoom of 200 %
        for name in VIEWS:
            look(seen, name)
            seen.check_no_sideways_scroll()


# -- leaderboard -------------------------------------------------------------------------------------------------------


def test_search_filters_as_one_types_and_stays_in_the_address(seen, served):
    seen.go("/")
    assert len(names_in(seen)) == 50
    seen.tab.get_by_label("Find an account").press_sequentially("drow", delay=20)
    seen.tab.get_by_text("1 account fits").wait_for()
    assert names_in(seen) == ["\\u202edrow"]
    assert query_of(seen)["q"] == ["drow"]
    seen.tab.reload()
    seen.settle()
    assert names_in(seen) == ["\\u202edrow"]
    assert seen.tab.get_by_label("Find an account").input_value() == "drow"


def test_of_quick_typing_only_the_last_answer_is_shown(seen):
    seen.go("/")
    slow = []

    def late(route):
        slow.append(route)  # the first question is answered after the second one

    seen.tab.route(lambda url: "/accounts?" in url and "q=zero&" in url, late)
    field = seen.tab.get_by_label("Find an account")
    field.fill("zero")
    seen.until(lambda: slow)
    field.fill("drow")
    seen.tab.get_by_text("1 account fits").wait_for()
    assert len(slow) == 1
    with contextlib.suppress(Exception):  # the page took the question back, as it should: nobody waits for the answer
        slow[0].continue_()
    seen.tab.wait_for_timeout(200)
    assert names_in(seen) == ["\\u202edrow"]


def test_facets_narrow_the_list_and_count_under_the_other_filters(seen, served):
    seen.go("/")
    role = listed(served)["facets"]["role"][0]
    box = seen.tab.get_by_role("group", name="Role").get_by_role("checkbox").first
    box.focus()
    seen.tab.keyboard.press("Space")
    seen.settle()
    told = listed(served, role=role["value"])
    assert seen.tab.locator(".told").inner_text() == f"{told['total']} accounts fit"
    assert query_of(seen)["role"] == [role["value"]]
    assert seen.tab.evaluate("() => document.activeElement.value") == role["value"]  # the keyboard stays where it was
    shown = seen.tab.get_by_role("group", name="Tier").locator(".number").all_inner_texts()
    assert sorted(map(int, shown)) == sorted(one["count"] for one in told["facets"]["tier"])
    seen.tab.get_by_role("button", name="Take all filters away").click()
    seen.settle()
    assert "role" not in query_of(seen)
    assert seen.tab.locator(".told").inner_text() == f"{listed(served)['total']} accounts, all there are"


def test_of_many_communities_the_largest_are_offered(seen, served):
    """As many boxes as a large graph has communities would stop the browser."""
    told = listed(served)
    told["facets"]["community"] = [{"value": i, "count": 400 - i} for i in range(200)]
    told["facets_more"] = {"community": 36_810}
    seen.tab.route(f"**{API}/accounts?*", lambda route: _json(route, told))
    seen.go("/")
    box = seen.tab.get_by_role("group", name="Community")
    assert box.get_by_role("checkbox").count() == 8
    assert "36,810" not in box.inner_text()
    box.get_by_role("button", name="Show the 200 largest").click()
    assert box.get_by_role("checkbox").count() == 200
    assert "36,810 smaller ones are not listed." in box.inner_text()


def test_status_and_score_are_filters_too(seen, served):
    seen.go("/?status=insufficient")
    assert "silent" in names_in(seen)
    seen.tab.get_by_label("With a score").check()
    seen.tab.get_by_label("Score at least").fill("80")
    seen.tab.get_by_label("Score at most").fill("90")
    total = listed(served, status="scored", min_score=80, max_score=90)["total"]
    seen.until(lambda: any(one.startswith(f"{total} account") for one in seen.tab.locator(".told").all_inner_texts()))
    seen.settle()
    assert seen.tab.locator(".told").inner_text().startswith(f"{total} account")
    seen.tab.get_by_label("Score at most").fill("900")
    assert seen.tab.get_by_label("Score at most").get_attribute("aria-invalid") == "true"


def test_nobody_fits_and_the_way_out(seen):
    seen.go("/?q=nobody-has-this&min_score=50")
    seen.tab.get_by_role("heading", name="Nobody fits").wait_for()
    seen.picture("nobody-fits")
    seen.tab.get_by_role("button", name="Show all accounts").click()
    seen.settle()
    assert len(names_in(seen)) == 50
    assert seen.tab.get_by_label("Find an account").input_value() == ""


def test_headers_sort_and_say_so(seen, served):
    seen.go("/")
    header = seen.tab.get_by_role("columnheader", name="Followers")
    header.get_by_role("button").focus()
    seen.tab.keyboard.press("Enter")
    seen.settle()
    assert header.get_attribute("aria-sort") == "descending"
    assert query_of(seen)["sort"] == ["followers"]
    figures = [int(text.split()[0].replace(",", "")) for text in seen.tab.locator("td:nth-child(7)").all_inner_texts()]
    assert figures == sorted(figures, reverse=True)
    assert seen.tab.evaluate("() => document.activeElement.dataset.sort") == "followers"
    seen.tab.keyboard.press("Enter")
    seen.settle()
    assert header.get_attribute("aria-sort") == "ascending"
    assert query_of(seen)["order"] == ["asc"]
    seen.tab.get_by_label("Order by").select_option("spread")
    seen.settle()
    assert seen.tab.get_by_role("columnheader", name="spread").get_attribute("aria-sort") == "descending"


def test_pages_turn(seen, served):
    seen.go("/?size=25")
    first = names_in(seen)
    seen.tab.get_by_role("button", name="Next").click()
    seen.settle()
    assert query_of(seen)["page"] == ["2"]
    assert len(names_in(seen)) == 25
    assert not set(first) & set(names_in(seen))
    seen.go("/?size=25&page=999")  # beyond the end: the last page
    total = listed(served)["total"]
    assert len(names_in(seen)) == total % 25 or 25
    assert query_of(seen)["page"] == [str(-(-total // 25))]


def test_two_are_chosen_over_pages_and_compared(seen, served):
    seen.go("/?size=25")
    rows = [row["account"] for row in listed(served, page_size=50)["items"]]
    seen.tab.locator(".results").get_by_role("checkbox").first.check()
    bar = seen.tab.get_by_role("region", name="Chosen accounts")
    assert "1 chosen" in bar.inner_text()
    seen.tab.get_by_role("button", name="Next").click()
    seen.settle()
    box = seen.tab.locator(".results").get_by_role("checkbox").first
    box.focus()
    seen.tab.keyboard.press("Space")
    bar.get_by_text("2 chosen").wait_for()
    assert query_of(seen)["pick"] == [rows[0], rows[25]]
    reach = bar.get_by_role("link", name="What would they reach?").get_attribute("href")
    assert parse_qs(urlsplit(reach).query)["seed"] == [rows[0], rows[25]]
    plan = bar.get_by_role("link", name="Plan with them").get_attribute("href")
    assert parse_qs(urlsplit(plan).query)["must"] == [rows[0], rows[25]]
    bar.get_by_role("link", name="Compare the two").click()
    seen.settle()
    assert query_of(seen) == {"a": [rows[0]], "b": [rows[25]]}
    assert seen.tab.get_by_role("heading", name="Compare two accounts").is_visible()


def test_what_is_filtered_is_exported(seen, served):
    seen.go("/?tier=q4&sort=followers")
    told = listed(served, tier="q4", sort="followers", page_size=500)["items"]
    seen.tab.locator("summary", has_text="Export").click()
    assert f"{len(told)} accounts" in seen.tab.locator(".drop-body").inner_text()
    with seen.tab.expect_download() as waiting:
        seen.tab.locator(".drop-body").get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) == len(told)
    assert not [row for row in rows if row["account"].startswith(("=", "+", "@"))]
    with seen.tab.expect_download() as waiting:
        seen.tab.locator(".drop-body").get_by_role("button", name="JSON").click()
    assert [row["account"] for row in json.loads(waiting.value.path().read_text())["items"]] == [
        r["account"] for r in told
    ]
    for form, magic in (("Excel", b"PK"), ("Parquet", b"PAR1")):
        with seen.tab.expect_download() as waiting:
            seen.tab.locator(".drop-body").get_by_role("button", name=form).click()
        assert waiting.value.path().read_bytes().startswith(magic)
    seen.tab.keyboard.press("Escape")
    assert seen.tab.locator(".drop-body").is_hidden()


def test_a_service_that_is_away_is_told_with_a_cure(seen):
    seen.go("/")
    seen.tab.route(f"**{API}/accounts?*", lambda route: route.abort())
    seen.tab.get_by_label("Find an account").fill("a")
    seen.tab.get_by_role("heading", name="No connection").wait_for()
    seen.excuse("ERR_FAILED")
    seen.tab.unroute(f"**{API}/accounts?*")
    seen.tab.get_by_role("button", name="Try again").click()
    seen.settle()
    assert names_in(seen)


# -- an account --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", HOSTILE, ids=[ascii(one)[:30] for one in HOSTILE])
def test_any_name_has_a_card_that_is_found_by_clicking(seen, served, account):
    seen.go("/?size=200")
    at = [row["account"] for row in listed(served, page_size=200)["items"]].index(account)
    link = seen.tab.locator(".results tbody th a").nth(at)
    shown = link.locator("bdi").get_attribute("title") or link.inner_text()
    link.click()
    seen.settle()
    heading = seen.tab.locator("h1")
    assert (heading.locator("bdi").get_attribute("title") or heading.inner_text()) == shown
    assert seen.tab.evaluate("() => document.activeElement.tagName") == "H1"
    assert seen.tab.get_by_role("heading", name="What the score is made of").is_visible()
    seen.tab.reload()  # the address finds it again
    seen.settle()
    assert (heading.locator("bdi").get_attribute("title") or heading.inner_text()) == shown
    assert seen.tab.evaluate("() => !/[\\u202e\\u200b]/.test(document.querySelector('main').innerText)")


def test_a_card_tells_score_parts_and_evidence(seen, served):
    account = listed(served)["items"][0]
    told = explained(served, account["account"])
    seen.go("/")
    seen.tab.locator(".results tbody th a").first.click()
    seen.settle()
    tiles = seen.tab.locator("dl.tiles").first.inner_text()
    assert f"{account['score']:.1f}" in tiles
    assert f"{account['score_low']:.1f} to {account['score_high']:.1f}" in tiles
    parts = seen.tab.get_by_role("table", name="What each part adds to the score")
    adds = [float(text) for text in parts.locator("tbody tr td:nth-child(6)").all_inner_texts()]
    assert sum(adds) == pytest.approx(account["score"], abs=0.2)
    facts = told["facts"]
    changes = seen.tab.get_by_role("table", name="What would change its score")
    assert changes.locator("tbody tr").count() == len(facts["changes"])
    assert seen.tab.get_by_role("table", name="Posts that matter most").locator("tbody tr").count() == len(
        facts["posts"]
    )
    assert seen.tab.get_by_role("table", name="Who reacts most often").locator("tbody tr").count() == len(
        facts["engagers"]
    )
    origins = seen.tab.get_by_role("table", name="Communities that its attention comes from")
    assert origins.locator("tbody tr").count() == len(facts["origins"])
    seen.tab.get_by_text("The explanation as plain text").click()
    assert told["text"].splitlines()[-1].strip() in seen.tab.locator("pre.text").inner_text()


def test_a_card_has_figures_with_tables(seen):
    look(seen, "account")
    seen.tab.get_by_text("As a figure").click()
    seen.settle()
    figures = seen.tab.locator("figure.figure")
    assert figures.count() == 3  # breakdown, activity, trend over the two runs
    for i in range(3):
        figures.nth(i).locator("svg.main-svg").first.wait_for()
        figures.nth(i).locator("summary").click()
        assert figures.nth(i).locator("table tbody tr").count() >= 1
    seen.check_accessible("figures")


def test_no_score_is_told_in_words(seen, served):
    seen.go("/accounts/silent")
    said = seen.tab.locator("main").inner_text()
    assert "Why it has no score" in said
    assert "too little data" in said
    assert "What the score is made of" not in said


def test_an_unknown_name_offers_a_search(seen):
    seen.go("/accounts/zero")
    seen.tab.get_by_role("heading", name="No such account").wait_for()
    seen.tab.get_by_role("link", name="Look for similar names").click()
    seen.settle()
    assert names_in(seen) == ["zero\\u200bwidth"]


def _json(route, value, status=200):
    route.fulfill(
        status=status,
        content_type="application/json" if status == 200 else "application/problem+json",
        body=json.dumps(value),
    )


def test_neighbours_are_shown_and_followed(seen, served):
    names = [row["account"] for row in listed(served)["items"][1:11]]

    def answered(route):
        asked = parse_qs(urlsplit(route.request.url).query)
        k = int(asked["k"][0])
        found = [{"account": name, "score": 50.0, "rank": 3, "share": 0.25} for name in (names * 3)[:k]]
        _json(route, {"account": "a/b", "direction": asked["direction"][0], "total": 30, "items": found[:30]})

    seen.tab.route(f"**{API}/neighbours/**", answered)
    seen.go("/accounts/a%2Fb")
    table = seen.tab.get_by_role("table", name="Who gives it attention")
    assert table.locator("tbody tr").count() == 10
    assert "25 %" in table.inner_text()
    seen.check_accessible("neighbours")
    seen.tab.get_by_role("button", name="Show more").first.click()
    seen.settle()
    assert table.locator("tbody tr").count() == 30
    seen.tab.get_by_role("table", name="Whom it gives attention").locator("tbody th a").first.click()
    seen.settle()
    assert seen.tab.locator("h1").inner_text() != "a/b"


def _job(status, **more):
    told = {
        "id": "0123456789abcdef",
        "kind": "prepare",
        "status": status,
        "parameters": {},
        "created": None,
        "started": None,
    }
    return {**told, "ended": None, "progress": None, "error": None, "attempt": 1, "memory_limit": None, **more}


def test_what_is_not_prepared_can_be_prepared_there(seen):
    ready = []
    problem = {
        "type": "not-prepared",
        "title": "Not prepared",
        "status": 503,
        "detail": "who attends to whom is not prepared for this run",
    }

    def neighbours(route):
        if ready:
            _json(route, {"account": "a/b", "direction": "followers", "total": 0, "items": []})
        else:
            _json(route, problem, 503)

    def jobs(route):
        if route.request.method == "POST":
            assert json.loads(route.request.post_data) == {"kind": "prepare", "parameters": {}}
            ready.append(True)
            _json(route, _job("queued"))
        else:
            _json(route, _job("done"))

    seen.tab.route(f"**{API}/neighbours/**", neighbours)
    seen.tab.route(re.compile(f"{API}/jobs(/|$)"), jobs)
    seen.go("/accounts/a%2Fb")
    state = seen.tab.locator(".state", has_text="Who is around it is not prepared yet")
    assert "is not prepared for this run." in state.inner_text()
    seen.check_accessible("not prepared")
    state.get_by_role("button", name="Prepare it now").click()
    seen.tab.get_by_text("Nobody is known to follow or react to it.").wait_for()


def test_an_account_is_explained_when_asked(seen, served):
    account = "silent"
    told = explained(served, account)
    whole = explained(served, listed(served)["items"][0]["account"])
    made = []

    def explanation(route):
        _json(route, {**whole, "account": account} if made else {**told, "kept": False, "facts": None, "text": None})

    def jobs(route):
        if route.request.method == "POST":
            assert json.loads(route.request.post_data) == {"kind": "explain", "parameters": {"account": account}}
            _json(route, _job("queued", kind="explain"))
        elif route.request.url.endswith("/events"):
            made.append(True)
            running = _job("running", progress={"what": "reading", "done": 1, "total": 4, "seconds_left": 9})
            lines = ["event: progress", f"data: {json.dumps(running)}", "", ": still here", ""]
            body = "\n".join([*lines, "event: done", f"data: {json.dumps(_job('done'))}", "", ""])
            route.fulfill(status=200, content_type="text/event-stream", body=body)
        else:
            _json(route, _job("running"))

    seen.tab.route(f"**{API}/explanations/**", explanation)
    seen.tab.route(re.compile(f"{API}/jobs(/|$)"), jobs)
    seen.go(f"/accounts/{account}")
    seen.tab.get_by_role("button", name="Explain in full").click()
    seen.tab.get_by_role("heading", name="What is behind it").wait_for()
    assert seen.tab.evaluate("() => document.activeElement.id") == "evidence"


# -- two accounts ------------------------------------------------------------------------------------------------------


def test_accounts_are_picked_by_keyboard_and_compared(seen, served):
    seen.go("/compare?a=a/b")
    assert "a/b will stand beside it" in seen.tab.locator("main").inner_text()
    second = seen.tab.get_by_role("combobox", name="Second account")
    second.press_sequentially("img", delay=20)
    seen.tab.get_by_role("option").first.wait_for()
    seen.tab.keyboard.press("ArrowDown")
    assert second.get_attribute("aria-activedescendant")
    seen.tab.keyboard.press("Enter")
    seen.settle()
    assert query_of(seen) == {"a": ["a/b"], "b": [HOSTILE[7]]}
    told = served.ask("GET", f"{API}/compare", params={"a": "a/b", "b": HOSTILE[7]}).json()
    note = seen.tab.locator(".note").first.inner_text()
    assert f"{abs(told['difference']):.1f} points ahead" in note
    assert ("within chance" in note) == ("within chance" in told["verdict"])
    table = seen.tab.get_by_role("table", name="What each part makes of the difference")
    adds = [float(text.replace("−", "-")) for text in table.locator("td:nth-child(5)").all_inner_texts()]
    assert sum(adds) == pytest.approx(told["difference"], abs=0.2)
    seen.tab.get_by_role("button", name="Swap").click()
    seen.settle()
    assert query_of(seen) == {"a": [HOSTILE[7]], "b": ["a/b"]}


def test_a_shared_audience_is_counted(seen, served):
    told = served.ask("GET", f"{API}/compare", params={"a": "a/b", "b": ".."}).json()
    ends = {"a_low": 95.2, "a_high": 104, "b_low": 37, "b_high": 43}
    told["shared_audience"] = {"a": 100, "b": 40, "both": 30, **ends}
    seen.tab.route(f"**{API}/compare?*", lambda route: _json(route, told))
    seen.go("/compare?a=a/b&b=..")
    said = seen.tab.locator("section", has_text="Shared audience").inner_text()
    assert "expected to reach 100 other accounts (95.2 to 104), one of ..: 40 (37 to 43)" in said
    assert "30 are the same, 75 % of the smaller audience: asking both reaches few more than asking one" in said
    seen.check_accessible("shared audience")


def test_one_account_is_no_comparison_and_an_unknown_one_is_told(seen):
    seen.go("/compare?a=..&b=..")
    assert "That is one account" in seen.tab.locator("main").inner_text()
    seen.go("/compare?a=..&b=nobody-at-all")
    assert "One of them is not here" in seen.tab.locator("main").inner_text()


# -- weights -----------------------------------------------------------------------------------------------------------


def shown_weights(seen):
    return [int(one.input_value()) for one in seen.tab.get_by_role("spinbutton").all()]


def test_weights_move_by_keyboard_come_to_a_hundred_and_change_the_top(seen, served):
    seen.go("/weights")
    own = shown_weights(seen)
    assert sum(own) == 100
    first = seen.tab.get_by_role("slider").first
    first.focus()
    for _ in range(3):
        seen.tab.keyboard.press("PageUp")
        assert sum(shown_weights(seen)) == 100
    parts = list(served.ask("GET", f"{API}/run").json()["weights"])

    def answered():
        """The top by the weights of the address, once the page shows it."""
        weights = {part: float(query_of(seen).get(part, ["0"])[0]) for part in parts}
        if not any(weights.values()):
            return None
        told = served.ask("GET", f"{API}/weights", params={**weights, "k": 50}).json()
        shown = " ".join(seen.tab.locator(".told").all_inner_texts())
        return told if f"{len(told['entered'])} come in" in shown else None

    told = seen.until(answered)
    seen.settle()
    assert shown_weights(seen)[0] > own[0]
    assert [row.inner_text() for row in seen.tab.locator("tbody tr td:nth-child(1)").all()] == [
        str(one["rank"]) for one in told["items"]
    ]
    assert f"{len(told['entered'])} come in" in seen.tab.locator(".told").inner_text()
    seen.tab.reload()
    seen.settle()
    assert shown_weights(seen)[0] > own[0]
    seen.tab.get_by_role("button", name="As in the run").click()
    seen.settle()
    assert shown_weights(seen) == own
    assert query_of(seen) == {}


def test_ready_made_weights_and_numbers(seen):
    seen.go("/weights")
    only = seen.tab.get_by_role("button", name="Only spread")
    only.click()
    seen.tab.wait_for_timeout(300)
    seen.settle()
    assert shown_weights(seen) == [0, 0, 100]
    assert only.get_attribute("aria-pressed") == "true"
    number = seen.tab.get_by_role("spinbutton").first
    number.fill("50")
    number.press("Enter")
    number.blur()
    assert shown_weights(seen) == [50, 0, 50]
    seen.tab.get_by_role("button", name="All equal").click()
    assert sum(shown_weights(seen)) == 100


# -- communities, data -------------------------------------------------------------------------------------------------


def test_communities_lead_to_their_accounts(seen, served):
    look(seen, "communities")
    told = served.ask("GET", f"{API}/communities").json()
    table = seen.tab.get_by_role("table", name="Communities, the largest first")
    assert table.locator("tbody tr").count() == min(12, len(told["communities"]))
    assert seen.tab.locator("figure.figure svg.main-svg").count() >= 3
    seen.tab.get_by_label("Group by").select_option("role")
    seen.settle()
    assert query_of(seen) == {"by": ["role"]}
    table.locator("tbody th a").first.click()
    seen.settle()
    assert seen.tab.locator(".told").inner_text() == f"{told['communities'][0]['members']} accounts fit"


def test_a_run_without_communities_says_so(seen):
    problem = {"type": "not-kept", "title": "Not kept", "status": 404, "detail": "this run keeps no communities"}
    seen.tab.route(f"**{API}/communities", lambda route: _json(route, problem, 404))
    seen.go("/communities")
    seen.tab.get_by_role("heading", name="This run keeps no communities").wait_for()
    seen.go("/")  # and the leaderboard does without
    assert names_in(seen)


def test_no_community_at_all_is_an_empty_state(seen, served):
    told = served.ask("GET", f"{API}/communities").json()
    none = {**told, "communities": [], "n_communities": 0, "accounts": 1, "flows": []}
    seen.tab.route(f"**{API}/communities", lambda route: _json(route, none))
    seen.go("/communities")
    seen.tab.get_by_role("heading", name="No communities were found").wait_for()
    said = seen.tab.locator("main").inner_text()
    assert "among 1 account there" in said
    assert "largest of" not in said


def test_on_a_phone_a_legend_stands_clear_of_its_axis(browser, served):  # noqa: F811
    with watched(browser, served.address, width=375) as seen:
        seen.go("/communities")
        figure = seen.tab.locator("figure", has_text="Communities: who leads them")
        figure.scroll_into_view_if_needed()
        figure.locator(".legend").wait_for()
        axis, legend = (figure.locator(part).bounding_box() for part in (".xtitle", ".legend"))
        assert axis["y"] + axis["height"] <= legend["y"]
        box = figure.locator(".plot").bounding_box()
        assert legend["y"] + legend["height"] <= box["y"] + box["height"] + 1


def test_what_is_unknown_of_an_account_is_not_0(seen, served):
    account = next(row["account"] for row in listed(served)["items"] if re.fullmatch("[a-z]+", row["account"]))
    told = explained(served, account)
    told["row"]["evidence"] |= {"followers": None, "following": None, "posts": None, "reactions": 3}
    seen.tab.route(f"**{API}/explanations/**", lambda route: _json(route, told))
    seen.go(f"/accounts/{account}")
    tiles = seen.tab.locator("dl.tiles").first.inner_text()
    assert re.search(r"Followers\s+–\s+not in the follow graph", tiles)
    assert re.search(r"Posts\s+–\s+the log names none of its posts", tiles)


def test_on_a_phone_no_figure_of_a_card_or_a_comparison_is_cut(browser, served):  # noqa: F811
    """What stands beyond the edge of its box looks like another number: 6,24 of 6,247."""
    names = [row["account"] for row in listed(served, page_size=200)["items"]]
    best, other = [name for name in names if name.isascii() and name.isalpha()][:2]
    told = explained(served, best)
    for one in told["facts"]["origins"]:
        one["followers"], one["members"] = 16_246, 16_247

    def unknown(route):
        answer = route.fetch().json()
        answer["a"]["evidence"]["posts"] = answer["b"]["evidence"]["posts"] = None
        _json(route, answer)

    with watched(browser, served.address, width=375) as phone:
        phone.tab.route(f"**{API}/explanations/**", lambda route: _json(route, told))
        phone.tab.route(f"**{API}/compare?*", unknown)
        cards = {f"/accounts/{quote(best, safe='')}": "Communities that its attention comes from"}
        for view, caption in {
            **cards,
            f"/compare?a={quote(best)}&b={quote(other)}": "The two accounts side by side",
        }.items():
            phone.go(view)
            box = phone.tab.get_by_role("region", name=caption)
            wide, there = box.evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert wide <= there, view


def test_of_a_run_without_events_nothing_is_said_of_them(seen, served):
    told = served.ask("GET", f"{API}/run").json()
    told["counts"] = {name: n for name, n in told["counts"].items() if name not in ("events", "posts")}
    told["intervals"]["varies"] = {**told["intervals"]["varies"], "reach": "none: census"}
    seen.tab.route(f"**{API}/run", lambda route: _json(route, told))
    seen.go("/data")
    main = seen.tab.locator("main").inner_text()
    assert "Half-life" not in main
    assert "Replicates behind the intervals" in main
    assert "nothing: counted in full" in main
    assert "census" not in main


def test_data_tells_warnings_inputs_and_runs(seen, served):
    seen.go("/data")
    run = served.ask("GET", f"{API}/run").json()
    said = seen.tab.locator("main").inner_text()
    for one in run["warnings"]:
        assert one["detail"] in said
    assert "served now" in said
    runs = seen.tab.get_by_role("table", name="Kept runs")
    assert runs.locator("tbody tr").count() == 2
    assert runs.get_by_text("the same: scores can be compared").count() == 2
    assert run["reference"] in said
    with seen.tab.expect_download() as waiting:
        seen.tab.get_by_role("button", name="Save as GEXF").click()
    assert b"<gexf" in waiting.value.path().read_bytes()[:400]
    seen.tab.get_by_role("link", name="leaderboard, as too little data").click()
    seen.settle()
    assert "silent" in names_in(seen)


# -- around the views --------------------------------------------------------------------------------------------------


def test_the_keyboard_skips_to_the_content_and_moves_between_views(seen):
    seen.go("/")
    seen.tab.keyboard.press("Tab")
    assert seen.tab.evaluate("() => document.activeElement.className") == "skip"
    seen.tab.keyboard.press("Enter")
    assert seen.tab.evaluate("() => document.activeElement.id") == "main"
    link = seen.tab.get_by_role("navigation", name="Views").get_by_role("link", name="Weights")
    link.focus()
    seen.tab.keyboard.press("Enter")
    seen.settle()
    assert seen.tab.title() == "Other weights · swayrank"
    assert seen.tab.evaluate("() => document.activeElement.tagName") == "H1"
    assert link.get_attribute("aria-current") == "page"
    seen.tab.go_back()
    seen.settle()
    assert seen.tab.title() == "Leaderboard · swayrank"


def test_going_back_finds_the_place_in_the_list(seen):
    seen.go("/")
    link = seen.tab.locator(".results tbody th a").nth(40)
    link.scroll_into_view_if_needed()
    place = seen.tab.evaluate("() => scrollY")
    assert place > 300
    link.click()
    seen.settle()
    assert seen.tab.evaluate("() => scrollY") == 0
    seen.tab.go_back()
    seen.settle()
    seen.until(lambda: abs(seen.tab.evaluate("() => scrollY") - place) < 5)


def test_the_menu_of_a_phone(browser, served):  # noqa: F811
    with watched(browser, served.address, width=375) as seen:
        seen.excuse("status of 404")
        seen.go("/")
        menu = seen.tab.get_by_role("button", name="Menu")
        menu.click()
        assert menu.get_attribute("aria-expanded") == "true"
        seen.check_accessible("menu")
        seen.tab.get_by_role("link", name="Communities").click()
        seen.settle()
        assert seen.tab.locator("h1").inner_text() == "Communities"
        assert menu.get_attribute("aria-expanded") == "false"
        seen.check_quiet()


def test_figures_change_with_the_colours(seen):
    look(seen, "communities")
    asked = len([url for url in seen.requests if "theme=dark" in url])
    seen.tab.emulate_media(color_scheme="dark")
    seen.until(lambda: len([url for url in seen.requests if "theme=dark" in url]) >= asked + 3)
    seen.settle()
    seen.check_accessible("dark by itself")


def test_on_paper_nothing_but_the_content(seen):
    seen.go("/")
    seen.tab.emulate_media(media="print")
    assert seen.tab.get_by_label("Find an account").is_hidden()
    assert seen.tab.get_by_role("navigation", name="Views").is_hidden()
    assert names_in(seen)
