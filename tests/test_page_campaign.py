"""A real browser plans a campaign over a served town of 50,000 accounts: jobs, plans, what-if, live events, the map.

Set ``SWAYRANK_SCREENSHOTS`` to a folder to look at what was seen.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import finished, serving
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.serving_large import large_town  # noqa: F401  a fixture

pytestmark = pytest.mark.slow
API = "/api/v1"


@pytest.fixture(scope="module")
def large(large_town, tmp_path_factory):  # noqa: F811
    """Served and prepared: what-if questions are answered."""
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(large_town, log, "--rate-limit", "0", "--refresh", "0", tokens=False) as served:
        job = served.ask("POST", f"{API}/jobs", json={"kind": "prepare", "parameters": {}})
        assert job.status_code == 202, job.text
        assert finished(served, job.json()["id"])["status"] == "done"
        yield served


@pytest.fixture(scope="module")
def top(large):
    """The first accounts, best first."""
    return [row["account"] for row in large.ask("GET", f"{API}/accounts?page_size=20").json()["items"]]


@pytest.fixture
def tab(browser, large):  # noqa: F811
    with watched(browser, large.address) as seen:
        yield seen
        seen.check_quiet()


def _plan(tab, k: int) -> str:
    """Ask for a plan of k accounts by the form; the id of its job once it stands there."""
    tab.go("/planner")
    tab.tab.get_by_label("How many accounts").fill(str(k))
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    tab.tab.get_by_role("heading", name="The plan", exact=True).wait_for(timeout=120_000)
    tab.settle()
    return re.search(r"job=([0-9a-f]+)", tab.tab.url)[1]


def test_a_plan_from_the_form_to_its_files(tab, large):
    job = _plan(tab, 5)
    tab.picture("plan", whole=True)
    table = tab.tab.get_by_role("table", name=re.compile("Seeds in the order"))
    assert table.locator("tbody tr").count() == 5
    result = large.ask("GET", f"{API}/jobs/{job}/result").json()
    assert [seed["account"] for seed in result["seeds"]] == table.locator("tbody th").all_inner_texts()
    assert result["lower_bound"] <= result["upper_bound"]
    tab.check_accessible("a plan")
    with tab.tab.expect_download() as waiting:
        tab.tab.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert [row["account"] for row in rows] == [seed["account"] for seed in result["seeds"]]
    with tab.tab.expect_download() as waiting:
        tab.tab.get_by_role("button", name="Save as Excel").click()
    with zipfile.ZipFile(waiting.value.path()) as book:
        cells = "".join(
            book.read(name).decode() for name in book.namelist() if "sheet" in name and name.endswith(".xml")
        )
    assert all(seed["account"] in cells for seed in result["seeds"])
    assert "<f>" not in cells
    tab.tab.reload()
    tab.settle()
    assert tab.tab.get_by_role("heading", name="The plan", exact=True).is_visible(), "its address leads back to it"


def test_a_budget_costs_must_and_never_are_kept_to(tab, large, top):
    tab.go(f"/planner?must={top[7]}")
    tab.tab.get_by_label("a budget").check()
    tab.tab.get_by_label("Budget", exact=True).fill("40")
    tab.tab.get_by_label("Cost of each account").fill("10")
    never = tab.tab.get_by_role("combobox", name=re.compile("^Never"))
    never.fill(top[0])
    tab.tab.locator("li[role=option]").first.wait_for()
    never.press("ArrowDown")
    never.press("Enter")
    tab.picture("planner-budget", whole=True)
    tab.check_accessible("the form with a budget")
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    tab.tab.get_by_role("heading", name="The plan", exact=True).wait_for(timeout=120_000)
    job = re.search(r"job=([0-9a-f]+)", tab.tab.url)[1]
    result = large.ask("GET", f"{API}/jobs/{job}/result").json()
    seeds = [seed["account"] for seed in result["seeds"]]
    assert top[7] in seeds
    assert top[0] not in seeds
    assert result["cost"] <= 40
    assert len(seeds) == 4


def test_a_form_that_cannot_be_says_what_is_wrong(tab):
    tab.go("/planner")
    tab.tab.get_by_label("How many accounts").fill("0")
    tab.tab.get_by_role("button", name="Plan", exact=True).click()
    alert = tab.tab.get_by_role("alert").filter(has_text=re.compile("account", re.I))
    alert.wait_for()
    assert tab.tab.get_by_label("How many accounts").get_attribute("aria-invalid") == "true"
    tab.picture("planner-wrong", whole=True)
    tab.check_accessible("a form with a mistake")


def test_two_plans_stand_side_by_side(tab):
    first, second = _plan(tab, 3), _plan(tab, 6)
    tab.go(f"/planner?a={first}&b={second}")
    tab.picture("planner-versus", whole=True)
    text = tab.tab.locator("main").inner_text()
    assert "Plan A" in text
    assert "Plan B" in text
    assert re.search(r"plan B.*reach|reach.*plan B", text, re.I)
    assert tab.tab.get_by_role("row", name=re.compile("^both")).count() == 1
    tab.check_accessible("two plans")
    tab.check_no_sideways_scroll()


def test_what_if_answers_at_each_change(tab, top):
    tab.go("/whatif")
    box = tab.tab.get_by_role("combobox")
    for account in top[:2]:
        box.fill(account)
        tab.tab.locator("li[role=option]").first.wait_for()
        box.press("ArrowDown")
        box.press("Enter")
        tab.settle()
    region = tab.tab.get_by_role("region", name="What they reach")
    region.get_by_text("Expected reach").wait_for()
    assert re.search(rf"seed={top[0]}.*seed={top[1]}", tab.tab.url)
    tab.tab.get_by_role("button", name="Keep as baseline").click()
    tab.settle()
    tab.tab.get_by_role("button", name=re.compile("^Add ")).first.click()
    tab.settle()
    region.get_by_text("Difference").wait_for()
    tab.picture("whatif", whole=True)
    tab.check_accessible("what-if with a baseline")
    tab.tab.get_by_label(f"Take {top[0]} away").check()
    tab.settle()
    region.get_by_text("Lost", exact=True).wait_for()
    told = region.inner_text()
    tab.tab.reload()
    tab.settle()
    region.get_by_text("Lost", exact=True).wait_for()
    numbers = re.compile(r"in [\d.]+ ms")
    assert numbers.sub("", region.inner_text()) == numbers.sub("", told), "its address leads back to it"


def test_a_job_is_followed_cancelled_and_started_again(tab, large):
    slow = {"kind": "seeds", "parameters": {"k": 200, "method": "opim", "epsilon": 0.02, "rng": 7}}
    job = large.ask("POST", f"{API}/jobs", json=slow).json()["id"]
    tab.go("/jobs")
    tab.tab.get_by_role("button", name=re.compile("^Cancel")).first.wait_for()
    tab.picture("jobs-running")
    tab.check_accessible("a running job")
    tab.tab.get_by_role("button", name=re.compile("^Cancel")).first.click()
    assert finished(large, job)["status"] == "cancelled"
    tab.go(f"/jobs/{job}")
    tab.tab.get_by_text("cancelled", exact=False).first.wait_for()
    tab.picture("job-cancelled")
    tab.check_accessible("a cancelled job")
    tab.tab.get_by_role("button", name="Start again").click()
    tab.tab.get_by_role("button", name="Cancel", exact=True).wait_for()
    tab.tab.get_by_role("button", name="Cancel", exact=True).click()
    assert finished(large, job)["status"] == "cancelled"
    assert large.ask("GET", f"{API}/accounts?page_size=1").status_code == 200


def test_live_events_come_in_and_scores_are_made_anew(tab, large, top):
    before = large.ask("GET", f"{API}/run").json()["id"]
    low = large.ask("GET", f"{API}/accounts?sort=rank&order=desc&status=scored&page_size=1").json()["items"][0]
    lines = ["key,time,actor,action,target"]
    lines += [f"t{i},2026-03-30T2{i % 4}:{i % 60:02}:00Z,{top[i % 20]},repost,{low['account']}" for i in range(400)]
    lines.append("bad,when?,a,like,b")
    tab.go("/live")
    tab.tab.get_by_label("Events", exact=True).fill("\n".join(lines))
    tab.tab.get_by_text("line cannot", exact=False).wait_for()
    tab.picture("live-checked", whole=True)
    tab.check_accessible("events that were checked")
    tab.tab.get_by_role("button", name="Send 400 events").click()
    tab.tab.get_by_text("400 events kept", exact=False).first.wait_for()
    tab.tab.get_by_role("button", name="Send 400 events").click()
    tab.tab.get_by_text("400 events known already", exact=False).first.wait_for()
    tab.tab.get_by_role("button", name="Score now").click()
    tab.tab.get_by_text("All events are in the scores").wait_for(timeout=180_000)
    tab.picture("live-scored", whole=True)
    assert large.ask("GET", f"{API}/run").json()["id"] != before
    after = large.ask("GET", f"{API}/accounts/{low['account']}").json()
    assert after["score"] > low["score"]
    tab.go(f"/accounts/{low['account']}")
    tab.picture("account-after-events", whole=True)


def test_the_map_leads_to_cards(tab, top):
    tab.go("/map")
    box = tab.tab.get_by_role("combobox", name="Find an account on the map")
    box.fill(top[0])
    tab.tab.locator("li[role=option]").first.wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    tab.settle()
    link = tab.tab.get_by_role("link", name=top[0]).first
    link.wait_for()
    tab.picture("map-chosen")
    tab.check_accessible("an account on the map")
    canvas = tab.tab.locator("canvas").first
    canvas.focus()
    tab.tab.keyboard.press("n")
    tab.tab.keyboard.press("Enter")
    tab.tab.wait_for_url(re.compile("/accounts/"))
    tab.tab.go_back()
    tab.settle()
    box = canvas.bounding_box()
    tab.tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.tab.mouse.wheel(0, -400)
    tab.tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
