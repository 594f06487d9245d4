"""The page's views of networks and campaigns in a real browser over a small town with hostile names.

The map on its canvas, the planner's form and plans, what-if, jobs, live events, and how pasted lines are read.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import finished, serving, until_prepared
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.page_town import HOSTILE, page_result

API = "/api/v1"
REFUSED = "Failed to load resource"  # how the browser reports an answer of 4xx or 5xx
MAP = "document.querySelector('.map-box').networkMap"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A town of 400, served and prepared."""
    out = page_result(tmp_path_factory.mktemp("town"))
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(out, log, "--rate-limit", "0", "--refresh", "0", tokens=False) as served:
        preparing = served.ask("GET", f"{API}/jobs?kind=prepare").json()["items"]
        if not preparing:
            preparing = [served.ask("POST", f"{API}/jobs", json={"kind": "prepare", "parameters": {}}).json()]
        assert finished(served, preparing[0]["id"])["status"] == "done"
        until_prepared(served)
        yield served


@pytest.fixture(scope="module")
def shown(large):
    """The map's accounts, best first."""
    return large.ask("GET", f"{API}/map").json()


@pytest.fixture
def tab(browser, large):  # noqa: F811
    with watched(browser, large.address) as seen:
        yield seen
        seen.check_quiet()
        assert seen.tab.evaluate("window.hacked") is None


def _chosen(seen) -> int:
    """The place, in the order of ranks, of the account that is chosen on the map."""
    return seen.tab.evaluate(f"{MAP}.scene.chosen")


def _spot(seen, index: int) -> tuple[float, float]:
    """Where on the screen an account's dot is."""
    box = seen.tab.locator(".map-canvas").bounding_box()
    x, y = seen.tab.evaluate(
        f"() => {{ const m = {MAP}, s = m.scene, p = m.place(), c = m.canvas.getBoundingClientRect();"
        f" const k = m.scale(), i = {index};"
        " return [c.width / 2 + (s.x[i] - p.x) * k, c.height / 2 + (s.y[i] - p.y) * k]; }"
    )
    return box["x"] + x, box["y"] + y


def _colours(seen) -> int:
    """How many different colours the canvas shows."""
    return seen.tab.evaluate(
        f"() => {{ const c = {MAP}.canvas, s = new Set();"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " for (let i = 0; i < d.length; i += 4) s.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return s.size; }"
    )


def _pick(seen, label: str, text: str) -> None:
    """Find an account in a combobox, by keys alone."""
    box = seen.tab.get_by_role("combobox", name=re.compile(f"^{label}"))
    box.focus()
    seen.tab.keyboard.type(text)
    seen.tab.get_by_role("option").first.wait_for()
    seen.tab.keyboard.press("ArrowDown")
    seen.tab.keyboard.press("Enter")
    seen.settle()


# -- the map -----------------------------------------------------------------------------------------------------------


def test_the_map_is_drawn_and_named(tab, shown):
    tab.go("/map")
    tab.picture("small-map", whole=True)
    assert _colours(tab) > 20
    assert tab.tab.locator("h1").inner_text() == shown["title"]
    assert tab.tab.get_by_role("application").get_attribute("aria-label").startswith(shown["title"])
    tab.check_accessible("the map")


def test_ranks_that_the_map_passes_over_are_told(tab, shown):
    """The accounts ranked 2 and 3 are in no graph: the table goes from 1 to 4, and says why."""
    moved = {**shown, "rank": [rank + 2 if rank > 1 else rank for rank in shown["rank"]]}
    told = json.dumps(moved)
    tab.tab.route(f"**{API}/map", lambda route: route.fulfill(content_type="application/json", body=told))
    tab.go("/map")
    assert "2 ranks, 2, 3, are not here: those accounts are not in the graph" in tab.tab.locator("main").inner_text()


def test_ranks_after_the_highest_are_not_called_absent_from_the_graph(tab, shown):
    """A map of a large graph shows the highest, and some around them who rank anywhere."""
    moved = {
        **shown,
        "n_highest": 10,
        "rank": [rank + 500 if i >= 10 else rank for i, rank in enumerate(shown["rank"])],
    }
    told = json.dumps(moved)
    tab.tab.route(f"**{API}/map", lambda route: route.fulfill(content_type="application/json", body=told))
    tab.go("/map")
    main = tab.tab.locator("main").inner_text()
    assert "After rank 10 only accounts around those before are here." in main
    assert "not in the graph" not in main


def test_keys_alone_lead_through_the_map(tab, shown):
    tab.go("/map")
    tab.tab.locator(".map-canvas").focus()
    for expected in (0, 1):
        tab.tab.keyboard.press("n")
        assert _chosen(tab) == expected
    told = tab.tab.locator("#announce").inner_text()
    assert "Rank 2," in told
    assert "score" in told
    tab.tab.keyboard.press("p")
    assert _chosen(tab) == 0
    before = tab.tab.evaluate(f"{MAP}.place()")
    for key in ("ArrowRight", "ArrowDown", "+"):
        tab.tab.keyboard.press(key)
    after = tab.tab.evaluate(f"{MAP}.place()")
    assert after["x"] > before["x"]
    assert after["y"] > before["y"]
    assert after["zoom"] > before["zoom"]
    tab.tab.keyboard.press("f")
    followers = sum(1 for _, b in shown["arcs"] if b == 0)
    assert tab.tab.evaluate(f"{MAP}.scene.lit.members.size") == followers + 1
    assert tab.tab.get_by_label("Who follows it").is_checked()
    tab.check_accessible("an account's followers")
    tab.tab.keyboard.press("n")
    assert tab.tab.evaluate(f"{MAP}.scene.lit.index") == 1, "the light follows who is chosen"
    tab.tab.keyboard.press("Escape")
    assert _chosen(tab) == -1
    tab.tab.keyboard.press("0")
    assert tab.tab.evaluate(f"{MAP}.place().zoom") == 1
    tab.tab.keyboard.press("n")
    tab.tab.keyboard.press("Enter")
    tab.tab.wait_for_url(re.compile("/accounts/"))


def test_the_mouse_points_chooses_drags_and_zooms(tab, shown):
    tab.go("/map")
    tab.tab.mouse.move(*_spot(tab, 0))
    tip = tab.tab.locator(".map-tip")
    tip.get_by_text("rank 1,").wait_for()
    tip.get_by_text(re.compile("^reach")).wait_for()
    tab.tab.mouse.click(*_spot(tab, 0))
    assert _chosen(tab) == 0
    tab.settle()
    assert tab.tab.locator(".map-chosen h2").inner_text() != "No account chosen"
    tab.tab.mouse.wheel(0, -300)
    tab.until(lambda: tab.tab.evaluate(f"{MAP}.place().zoom") > 1.2)
    before = tab.tab.evaluate(f"{MAP}.place().x")
    box = tab.tab.locator(".map-canvas").bounding_box()
    x, y = box["x"] + 8, box["y"] + box["height"] - 8
    tab.tab.mouse.move(x, y)
    tab.tab.mouse.down()
    tab.tab.mouse.move(x + 120, y - 5, steps=4)
    tab.tab.mouse.up()
    assert tab.tab.evaluate(f"{MAP}.place().x") < before
    assert _chosen(tab) == 0, "dragging chooses nobody"
    place = tab.tab.evaluate(f"{MAP}.place()")

    def in_address():
        view = parse_qs(urlsplit(tab.tab.url).query).get("view", ["0 0 1"])[0].split()
        return abs(float(view[0]) - place["x"]) < 0.002 and abs(float(view[2]) - place["zoom"]) < 0.02

    tab.until(in_address)
    tab.tab.reload()
    tab.settle()
    again = tab.tab.evaluate(f"{MAP}.place()")
    assert _chosen(tab) == 0
    assert abs(again["zoom"] - place["zoom"]) < 0.02
    assert abs(again["x"] - place["x"]) < 0.002


def test_fingers_move_and_pinch_the_map(browser, large):  # noqa: F811
    with watched(browser, large.address, width=375, height=740, has_touch=True) as seen:
        seen.go("/map")
        seen.tab.locator(".map-canvas").scroll_into_view_if_needed()
        seen.tab.touchscreen.tap(*_spot(seen, 0))
        assert _chosen(seen) >= 0
        seen.settle()
        touch = seen.tab.context.new_cdp_session(seen.tab)
        box = seen.tab.locator(".map-canvas").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        def fingers(kind, *apart):
            points = [{"x": x + a, "y": y, "id": i} for i, a in enumerate(apart)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", -20, 20)
        for wide in (40, 60, 80):
            fingers("touchMove", -wide, wide)
        fingers("touchEnd")
        assert seen.tab.evaluate(f"{MAP}.place().zoom") > 2
        seen.picture("small-map-phone", whole=True)
        seen.check_no_sideways_scroll()
        seen.check_accessible("the map on a phone")
        seen.check_quiet()


def test_communities_are_hidden_by_the_legend(tab, shown):
    tab.go("/map")
    members = sum(1 for colour in shown["colour"] if colour == 0)
    first = tab.tab.get_by_role("group", name="Communities shown").get_by_label(re.compile("^around ")).first
    first.uncheck()
    tab.settle()
    assert tab.tab.evaluate(f"{MAP}.scene.hidden.reduce((a, b) => a + b)") == members
    assert f"of {len(shown['accounts']) - members}" in tab.tab.get_by_role("navigation", name="Pages").inner_text()
    assert "hide=0" in tab.tab.url
    tab.tab.reload()
    tab.settle()
    assert not first.is_checked()
    # Any community can stand out, one that was hidden too; the others fade, and the table holds its accounts alone.
    tab.tab.get_by_label("Highlight a community").select_option("0")
    tab.settle()
    assert first.is_checked()
    assert tab.tab.evaluate(f"[...{MAP}.scene.group.members].every(i => {MAP}.scene.colour[i] === 0)")
    assert tab.tab.evaluate(f"{MAP}.scene.group.members.size") == members
    assert f"of {members}" in tab.tab.get_by_role("navigation", name="Pages").inner_text()
    assert "community=0" in tab.tab.url
    tab.check_accessible("a community stands out")
    tab.tab.get_by_label("Highlight a community").select_option("")
    assert tab.tab.evaluate(f"{MAP}.scene.group") is None
    # One that is hidden while it stands out does so no more.
    tab.tab.get_by_label("Highlight a community").select_option("0")
    first.uncheck()
    tab.settle()
    assert tab.tab.evaluate(f"{MAP}.scene.group") is None
    assert tab.tab.get_by_label("Highlight a community").input_value() == ""
    assert f"of {len(shown['accounts']) - members}" in tab.tab.get_by_role("navigation", name="Pages").inner_text()
    assert "hide=0" in tab.tab.url
    assert "community=" not in tab.tab.url
    tab.go("/communities")
    tab.tab.get_by_role("link", name=re.compile("^Show the community .* on the map$")).nth(1).click()
    tab.settle()
    shown_now = tab.tab.evaluate(f"[...{MAP}.scene.group.members]")
    assert shown_now == [i for i, community in enumerate(shown["community"]) if community == 1]


def test_an_account_is_searched_and_the_table_leads_to_the_map(tab, shown):
    tab.go("/map")
    wanted = next(i for i, name in enumerate(shown["accounts"]) if name.isalpha() and name.isascii())
    _pick(tab, "Find an account", shown["accounts"][wanted])
    assert _chosen(tab) == wanted
    tab.tab.get_by_role("button", name=re.compile("^Show .* on the map")).nth(2).click()
    assert _chosen(tab) == 2


def test_hostile_names_are_spelled_on_the_canvas_and_inert_beside_it(tab, shown):
    tab.go("/map")
    labels = tab.tab.evaluate(f"{MAP}.scene.labels")
    assert len(labels) == len(shown["accounts"])
    assert not any(sign in label for label in labels for sign in ("\u202e", "\u200b"))
    hidden = [i for i, name in enumerate(shown["accounts"]) if name.startswith("\u202e")]
    assert hidden, "the town has such a name on its map"
    assert labels[hidden[0]].startswith("\\u202e")
    known = [name for name in HOSTILE if name in shown["accounts"]]
    for name in known[:4]:
        tab.tab.evaluate(f"i => {MAP}.choose(i)", shown["accounts"].index(name))
        tab.settle()
    assert tab.tab.locator("main img, main script").count() == 0


def test_a_map_that_was_not_kept_and_one_that_fails(tab):
    def answer(status, kind):
        told = json.dumps({"type": kind, "title": "No map", "status": status, "detail": "this run has kept no map"})
        return lambda route: route.fulfill(status=status, content_type="application/problem+json", body=told)

    tab.excuse(REFUSED)
    tab.tab.route("**/api/v1/map", answer(404, "not-kept"))
    tab.go("/map")
    assert "This run has no map" in tab.tab.locator("main").inner_text()
    tab.check_accessible("no map")
    tab.tab.unroute("**/api/v1/map")
    tab.tab.route("**/api/v1/map", answer(500, "internal"))
    tab.go("/map")
    assert tab.tab.get_by_role("button", name="Try again").is_visible()


def test_seeds_are_ringed_and_a_cascade_is_played(tab, shown):
    from urllib.parse import quote

    seeds = [shown["accounts"][i] for i in (0, 3)]
    tab.excuse(REFUSED)
    tab.go("/map?community=99&at=nobody-to-see&job=0123456789abcdef&seed=nobody-of-that-name")
    for told in (
        "This run has no community 99",
        "no account of that name: nobody-to-see",
        "The accounts of that plan cannot be shown",
        "no account of that name: nobody-of-that-name",
    ):
        tab.tab.get_by_role("alert").filter(has_text=told).wait_for()
    assert tab.tab.get_by_label("Highlight a community").input_value() == ""
    assert tab.tab.get_by_role("button", name="Play how it spreads").count() == 0, "there is nobody to begin"
    tab.check_accessible("a map with nothing of its address")
    tab.go("/map?" + "&".join(f"seed={quote(name, safe='')}" for name in [*seeds, "nobody-of-that-name"]))
    assert tab.tab.evaluate(f"[...{MAP}.scene.seeds.keys()]") == [0, 3]
    tab.tab.get_by_role("alert").filter(has_text="no account of that name: nobody-of-that-name").wait_for()
    tab.tab.get_by_role("button", name="Play how it spreads").click()
    tab.tab.get_by_role("button", name="Pause").wait_for()
    tab.tab.get_by_role("button", name="Remove it").click()
    tab.settle()
    assert "nobody" not in tab.tab.url
    tab.tab.get_by_role("button", name="Play how it spreads").click()
    tab.tab.get_by_role("button", name="Pause").click()
    slider = tab.tab.get_by_label("Step", exact=True)
    slider.fill(slider.get_attribute("max"))
    lit = tab.tab.evaluate(f"{MAP}.scene.steps.filter(s => s >= 0).length")
    assert lit >= 2
    told = tab.tab.locator(".playback [role=status]").inner_text()
    assert f"{lit} so far" in told, "the whole town is on its map"
    tab.picture("small-map-played")
    tab.check_accessible("a cascade")
    tab.tab.get_by_role("button", name="End").click()
    assert tab.tab.evaluate(f"{MAP}.scene.steps") is None


# -- the planner -------------------------------------------------------------------------------------------------------


def test_a_plan_keeps_to_quotas_and_filters_and_can_be_asked_again(tab, large):
    tab.go("/planner")
    tab.tab.get_by_label("How many accounts").fill("4")
    tab.tab.get_by_label("Quotas by").select_option("community")
    tab.tab.get_by_role("button", name="Add a quota").click()
    group = tab.tab.get_by_label("Group").input_value()
    tab.tab.get_by_label("How many", exact=True).fill("1")
    tab.tab.get_by_text("More: method").click()
    tab.tab.get_by_label("How near to the best").select_option("0.2")
    tab.check_accessible("the form with a quota")
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    tab.tab.get_by_role("heading", name="The plan", exact=True).wait_for(timeout=60_000)
    tab.settle()
    tab.picture("small-plan", whole=True)
    tab.check_accessible("a plan")
    job = re.search(r"job=([0-9a-f]+)", tab.tab.url)[1]
    result = large.ask("GET", f"{API}/jobs/{job}/result").json()
    assert sum(str(seed["community"]) == group for seed in result["seeds"]) <= 1
    words = tab.tab.locator("main").inner_text()
    assert "of what the best possible choice would" in words
    assert "Most in common" in words or "hardly overlap" in words
    tab.tab.get_by_role("link", name="Plan again with changes").click()
    tab.settle()
    assert tab.tab.get_by_label("How many accounts").input_value() == "4"
    assert tab.tab.get_by_label("Group").input_value() == group
    assert tab.tab.get_by_label("How near to the best").input_value() == "0.2"
    tab.go(f"/planner?job={job}")
    tab.tab.get_by_role("link", name="Show on the map").click()
    tab.settle()
    assert tab.tab.evaluate(f"{MAP}.scene.seeds.size") == len(result["seeds"])


def test_costs_that_cannot_be_read_are_told_by_their_lines(tab):
    tab.go("/planner")
    tab.tab.get_by_label("a budget").check()
    tab.tab.get_by_label("Budget", exact=True).fill("5")
    tab.tab.get_by_label("Costs of your own").fill('account,cost\nada,5\nbob,x\n"c,d",-3\nada,7')
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    said = tab.tab.locator("main").inner_text()
    assert "Line 3: the cost must be a number" in said
    assert "Line 4: the cost must be 0 or more" in said
    assert "Line 5: ada has a cost already" in said
    assert tab.tab.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert tab.tab.get_by_label("Quotas by").is_disabled()
    tab.check_accessible("costs with mistakes")


def test_money_that_could_be_two_amounts_is_asked_about(tab):
    tab.go("/planner")
    tab.tab.get_by_label("a budget").check()
    plan, main = tab.tab.get_by_role("button", name="Plan", exact=True), tab.tab.locator("main")
    plan.click()
    assert "The budget is empty: say how much may be spent in all." in main.inner_text()
    tab.tab.get_by_label("Budget", exact=True).fill("1.000")
    tab.tab.get_by_label("Cost of each account").fill("1.250")
    tab.tab.get_by_label("Costs of your own").fill("account,cost\nada,1.200\nbob,950")
    plan.click()
    said = main.inner_text()
    assert "The budget may be 1000 or 1: write 1000, or 1.00." in said
    assert "The cost of each account may be 1250 or 1.25: write 1250, or 1.25." in said
    assert "Line 2: the cost may be 1200 or 1.2: write 1200, or 1.20." in said
    tab.tab.get_by_label("Budget", exact=True).fill("0")
    plan.click()
    assert "The budget must be above 0, got 0." in main.inner_text()


def test_events_under_other_names_of_columns_are_told_what_is_needed(tab):
    tab.go("/live")
    tab.tab.get_by_label("Events", exact=True).fill("zeit;konto;aktion;ziel\n2026-03-01T10:00:00Z;ada;like;bob")
    tab.tab.get_by_text("Nothing can be sent yet:").wait_for()
    said = tab.tab.locator("main").inner_text()
    assert "the first line must name the columns time, actor and action" in said
    assert (
        "no column is called time (or timestamp, created_at, date); actor (or user, source, from); action (or" in said
    )
    assert "Found: zeit, konto, aktion, ziel." in said


def test_what_the_service_refuses_is_said_in_the_form(tab):
    tab.excuse(REFUSED)
    tab.go("/planner?must=nobody-of-that-name&must=petamo&must=nor-that")
    tab.tab.get_by_label("a budget").check()
    tab.tab.get_by_label("Budget", exact=True).fill("5")
    tab.tab.get_by_label("At most so many accounts").fill("4")
    tab.tab.get_by_label("Cost of each account").fill("")
    costs = tab.tab.get_by_label("Costs of your own")
    costs.fill("account;cost\nnobody-to-pay;1\npetamo;2\nnor-that;1\nzakese;7")
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    names = "these 3 names: nobody-of-that-name, nor-that, nobody-to-pay."
    tab.tab.get_by_role("alert").filter(has_text=names).wait_for()
    assert tab.tab.get_by_role("button", name="Plan", exact=True).is_enabled()
    tab.tab.get_by_role("button", name="Remove them").click()
    assert tab.tab.locator(".chip .name").all_inner_texts() == ["petamo"]
    assert costs.input_value() == "account;cost\npetamo;2\nzakese;7"
    tab.tab.get_by_text("What is asked below leaves at most 1 account; the plan will have no more.").wait_for()
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    tab.tab.get_by_role("heading", name="The plan", exact=True).wait_for(timeout=60_000)
    why = "no account that is left both fits into that and adds anything in the samples drawn"
    tab.tab.get_by_text(f"3 of 5 were not spent: {why}.").wait_for()
    tab.settle()


def test_more_than_there_are_is_told_in_the_form_and_by_the_plan(tab, large):
    broadcasters = large.ask("GET", f"{API}/accounts?role=broadcaster&page_size=1").json()["total"]
    tab.go("/planner")
    tab.tab.get_by_label("How many accounts").fill("600")
    tab.tab.get_by_text("There are 400 accounts; the plan will have no more.").wait_for()
    tab.tab.get_by_role("checkbox", name="broadcaster").check()
    tab.tab.get_by_text(f"leaves at most {broadcasters} accounts; the plan will have no more.").wait_for()
    tab.tab.get_by_text("More: method").click()
    tab.tab.get_by_label("Method").select_option("degree")
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    tab.tab.get_by_role("heading", name="The plan", exact=True).wait_for(timeout=60_000)
    tab.tab.get_by_text(f"Asked for 600; {broadcasters} accounts could be chosen.").wait_for()
    tab.settle()


def test_a_plan_against_a_list_and_a_plan_that_is_not_there(tab, large, shown):
    asked = {"kind": "seeds", "parameters": {"k": 3, "method": "degree"}}
    job = large.ask("POST", f"{API}/jobs", json=asked).json()["id"]
    finished(large, job)
    as_many = {"a": shown["accounts"][:1] * 10_000, "b": shown["accounts"][1:2]}
    assert large.ask("POST", f"{API}/plans/compare", json=as_many).status_code == 200, "as many as a plan may have"
    tab.go(f"/planner?job={job}")
    tab.tab.get_by_text("Or with a list of your own").click()
    paste = tab.tab.get_by_text("Paste a list")
    paste.click()
    names = [name for name in shown["accounts"] if name.isalpha() and name.isascii()][:2]
    tab.tab.get_by_label("Your list: names, one a line").fill("\n".join(names))
    tab.tab.get_by_role("button", name="Add these").click()
    tab.tab.get_by_role("button", name="Compare with this list").click()
    tab.settle()
    text = tab.tab.locator("main").inner_text()
    assert "your list" in text
    assert re.search("reaches clearly more|No clear difference", text)
    tab.check_accessible("a plan and a list")
    tab.excuse(REFUSED)
    tab.go(f"/planner?a={job}&hand={names[0]}&hand=nobody-of-that-name")
    tab.tab.get_by_role("alert").filter(has_text="nobody-of-that-name").wait_for()
    tab.tab.get_by_role("button", name="Remove it").click()
    tab.settle()
    assert re.search("reaches clearly more|No clear difference", tab.tab.locator("main").inner_text())
    assert tab.tab.url.endswith(f"/planner?a={job}&hand={names[0]}")
    tab.go("/planner?job=0123456789abcdef")
    assert "There is no such plan" in tab.tab.locator("main").inner_text()


# -- what if -----------------------------------------------------------------------------------------------------------


def test_what_if_by_keys_with_losses_of_each(tab, large, shown):
    names = [name for name in shown["accounts"] if name.isalpha() and name.isascii()][:2]
    tab.go("/whatif")
    assert "Nobody yet" in tab.tab.locator("main").inner_text()
    for name in names:
        _pick(tab, "Accounts: add", name)
    told = large.ask("POST", f"{API}/whatif", json={"seeds": names}).json()
    alone = large.ask("POST", f"{API}/whatif", json={"seeds": names[1:]}).json()
    region = tab.tab.get_by_role("region", name="What they reach")
    value = f"{told['mean']:,.0f}" if told["mean"] >= 20 else f"{told['mean']:.1f}"
    region.get_by_text(value, exact=True).first.wait_for()
    loss = tab.tab.locator("[data-loss='0']")
    assert abs(float(loss.inner_text()) - max(0.0, told["mean"] - alone["mean"])) < 0.6
    tab.tab.get_by_label(f"Take {names[0]} away").focus()
    tab.tab.keyboard.press("Space")
    region.get_by_text("Lost", exact=True).wait_for()
    tab.settle()
    assert tab.tab.evaluate("document.activeElement.type") == "checkbox", "the focus stays where it was"
    tab.picture("small-whatif", whole=True)
    tab.check_accessible("one is gone")
    tab.tab.get_by_role("button", name=f"Remove {names[1]}").press("Enter")
    tab.settle()
    assert "Nobody is left" in region.inner_text()


def test_what_if_before_anything_is_prepared(tab):
    told = json.dumps({"type": "not-prepared", "title": "Not prepared", "status": 503, "detail": "not yet"})
    unprepared = re.compile(r"/api/v1/whatif")
    tab.excuse(REFUSED)
    tab.tab.route(
        unprepared, lambda route: route.fulfill(status=503, content_type="application/problem+json", body=told)
    )
    tab.go("/whatif?seed=x")
    tab.tab.get_by_role("heading", name="Not prepared yet").wait_for()
    tab.check_accessible("not prepared")
    tab.tab.get_by_role("button", name="Prepare now").click()
    tab.tab.unroute(unprepared)
    tab.tab.get_by_role("heading", name="Not prepared yet").wait_for(state="detached")


def test_accounts_that_are_not_there_are_left_out_told_and_can_be_removed(tab, large):
    tab.excuse(REFUSED)
    tab.go("/whatif?seed=nobody-of-that-name&seed=petamo&seed=nor-that&base=nobody-else&base=zakese&gone=nor-that")
    alert = tab.tab.get_by_role("alert").filter(has_text="3 names are left out")
    assert "nobody-of-that-name, nor-that, nobody-else." in alert.inner_text()
    told = large.ask("POST", f"{API}/whatif", json={"seeds": ["petamo"], "baseline": ["zakese"]}).json()
    for value in (told["mean"], told["baseline"]["mean"]):
        assert f"{value:.1f}" in tab.tab.locator(".tiles").first.inner_text()
    tab.check_accessible("strangers among the seeds")
    tab.tab.get_by_role("button", name="Remove nobody-of-that-name").click()
    tab.settle()
    assert tab.tab.get_by_role("alert").filter(has_text="2 names are left out").count() == 1
    tab.tab.get_by_role("button", name="Remove them").click()
    tab.settle()
    assert tab.tab.url.endswith("/whatif?seed=petamo&base=zakese")
    assert tab.tab.get_by_role("alert").count() == 0
    tab.go("/whatif?seed=petamo&seed=zakese&gone=zakese&gone=nobody-of-that-name&base=nobody-else")
    tab.tab.get_by_role("alert").filter(has_text="no account of that name: nobody-else.").wait_for()
    assert "1 taken away" in tab.tab.locator(".tiles").first.inner_text()
    assert "If zakese goes" in tab.tab.locator("main").inner_text()
    tab.go("/whatif?seed=nobody-of-that-name")
    assert "Nobody yet" in tab.tab.locator("main").inner_text()


# -- jobs and live events ----------------------------------------------------------------------------------------------


def test_jobs_are_listed_filtered_and_a_failure_is_in_words(tab, large):
    priced = {"budget": 5.0, "costs": {"default": 1.0}}
    cannot = {"k": 2, "method": "degree", **priced}  # no heuristic knows prices, which shows once the work has begun
    job = large.ask("POST", f"{API}/jobs", json={"kind": "seeds", "parameters": cannot}).json()["id"]
    failed = finished(large, job)
    assert failed["status"] == "failed"
    why = failed["error"]["detail"][:20]
    tab.go("/jobs?kind=seeds")
    tab.tab.get_by_label("Status").select_option("failed")
    tab.settle()
    assert "status=failed" in tab.tab.url
    table = tab.tab.get_by_role("table", name=re.compile("^Jobs"))
    assert why in table.inner_text()
    tab.check_accessible("jobs")
    table.get_by_role("link").first.click()
    tab.settle()
    assert why in tab.tab.locator("main").inner_text()
    tab.check_accessible("a failed job")
    tab.excuse(REFUSED)
    tab.go("/jobs/0123456789abcdef")
    assert "There is no such job" in tab.tab.locator("main").inner_text()


def test_a_finished_plan_asked_for_again_is_another_job_and_stays(tab, large):
    asked = {"kind": "seeds", "parameters": {"k": 2}}
    job = large.ask("POST", f"{API}/jobs", json=asked).json()["id"]
    assert finished(large, job)["status"] == "done"
    plan = large.ask("GET", f"{API}/jobs/{job}/result").json()
    tab.go("/jobs?kind=seeds&status=done")
    tab.tab.get_by_role("button", name=re.compile("^Again: Plan, 2 accounts")).first.click()
    tab.tab.locator("#announce").get_by_text("what this one made is kept").wait_for()
    newest = large.ask("GET", f"{API}/jobs?kind=seeds&page_size=1").json()["items"][0]
    assert newest["id"] != job
    assert newest["parameters"] == asked["parameters"]
    assert large.ask("GET", f"{API}/jobs/{job}/result").json() == plan
    tab.go(f"/jobs/{job}")
    tab.tab.get_by_role("button", name="Again, as another job").click()
    tab.tab.wait_for_url(lambda url: "/jobs/" in url and job not in url)


def test_live_events_are_checked_sent_once_and_refused_with_their_lines(tab):
    tab.go("/live")
    lines = ["time,actor,action,target", "2026-03-01T10:00:00Z,ada,like,bob", "2026-03-01T10:00:00Z,ada,frobnicate,bob",
             "2026-03-01T10:00:00Z,,like,bob"]  # fmt: skip
    tab.tab.get_by_label("Events", exact=True).fill("\n".join(lines))
    tab.tab.get_by_text("Line 4: actor is missing").wait_for()
    tab.check_accessible("lines with mistakes")
    tab.tab.get_by_role("button", name="Send 2 events").click()
    tab.tab.get_by_text("1 event kept, 0 events known already, 1 refused.").first.wait_for()
    refused = tab.tab.get_by_role("table", name="Refused events")
    assert refused.locator("tbody th").inner_text() == "3"
    tab.settle()
    tab.tab.get_by_role("button", name="Send 2 events").click()
    tab.tab.get_by_text("0 events kept, 1 event known already, 1 refused.").first.wait_for()
    tab.picture("small-live", whole=True)


def test_a_file_of_json_lines_is_read(tab, tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text('{"key": "f1", "time": 1772359200, "actor": "ada", "action": "like", "post": "p1"}\nnot json\n')
    tab.go("/live")
    tab.tab.get_by_label("Or a file").set_input_files(file)
    tab.tab.get_by_text("Line 2: is no JSON").wait_for()
    assert tab.tab.get_by_role("button", name="Send 1 event").is_enabled()


# -- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "text", "rows", "errors"),
    [
        ("readNames", "account\nada\n\n bob \nada\n", ["ada", "bob"], []),
        ("readNames", '"a,b",5\n"open', ["a,b"], [2]),
        ("readNames", "ada, bob\ncem", ["ada", "bob", "cem"], []),
        ("readNames", "1,2\n3", ["1", "2", "3"], []),
        ("readNames", "account,note\nada,hello", ["ada"], []),
        ("readCosts", "\ufeffaccount;cost\nada;5\nbob;€ 7.5\n", [["ada", 5], ["bob", 7.5]], []),
        ("readCosts", '"say ""hi""",2\nada', [['say "hi"', 2]], [2]),
        ("readCosts", "ada,1e999\nbob,", [], [1, 2]),
        ("readCosts", "sep=;\r\nada;1.200\r\nbob;950,50", [["ada", 1200], ["bob", 950.5]], []),
        ("readCosts", "ada\t1,200\nbob\t12.5\ncem\t0.125", [["ada", 1200], ["bob", 12.5], ["cem", 0.125]], []),
        ("readCosts", "account,cost\nada,1.200\nbob,950\ncem,2.500", [["bob", 950]], [2, 4]),
        ("readCosts", "ada;1.200\nbob;1,5\ncem;1.5", [["bob", 1.5], ["cem", 1.5]], [1]),
        ("readCosts", "ada;1.234.567\nbob;1.200", [["ada", 1234567], ["bob", 1200]], []),
    ],
)
def test_lines_that_people_paste(tab, function, text, rows, errors):
    tab.go("/data")
    found = tab.tab.evaluate(
        "async ([f, text]) => { const m = await import('/page/lines.js'); const {rows, errors} = m[f](text);"
        " return {rows: [...rows], errors: errors.map(e => e.line)}; }",
        [function, text],
    )
    assert found == {"rows": rows, "errors": errors}


def test_a_line_without_a_key_has_the_same_key_each_time(tab):
    tab.go("/data")
    keys = tab.tab.evaluate(
        "async () => { const {readEvents} = await import('/page/lines.js'); const head = 'time,actor,action,target\\n';"
        " const key = line => readEvents(head + line).rows[0].event.key;"
        " return [key('2026-03-01,ada,like,bob'), key('2026-03-01,ada,like,bob'), key('2026-03-01,ada,like,cem')]; }"
    )
    assert keys[0] == keys[1] != keys[2]
