"""The page over a graph without directions speaks of neighbours and edges in every view, in a real browser."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

import swayrank as sr
from swayrank.pipeline import Recipe
from swayrank.pipeline import run as run_recipe
from tests.assembled import serving, until_prepared
from tests.browser import browser, watched  # noqa: F401  a fixture

VIEWS = (
    "/",
    "/accounts/{0}",
    "/accounts/{2}",
    "/compare?a={0}&b={1}",
    "/map?at={0}&show=both",
    "/communities",
    "/data",
    "/planner",
    "/whatif?seed={0}",
    "/weights",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undirected")
    sr.generate("town", n=300, rng=7).save(folder)
    recipe = Recipe(
        graph=folder / "graph.csv",
        events=[folder / "events.csv"],
        graph_options={"direction": "undirected"},
        score={"rng": 7},
    )
    run_recipe(recipe, folder / "out")
    with serving(folder / "out", folder / "log", "--rate-limit", "0", tokens=False) as one:
        until_prepared(one)
        yield one


def test_no_view_speaks_of_followers(browser, served):  # noqa: F811
    told = served.ask("GET", "/api/v1/accounts", params={"page_size": 300}).json()["items"]
    names = [told[k]["account"] for k in (0, 1, -1)]
    with watched(browser, served.address) as seen:
        for view in VIEWS:
            seen.go(view.format(*names))
            page = seen.tab.locator("body").inner_html()
            shown = re.sub(r'(value|data-sort)="followers"', "", page).replace("follow 0", "")
            assert re.findall(r"[^<>]{0,40}follow[^<>]{0,40}", shown, re.IGNORECASE) == [], view
        seen.check_quiet()


def test_the_map_lights_an_account_and_its_neighbours(browser, served):  # noqa: F811
    drawn = served.ask("GET", "/api/v1/map").json()
    first = drawn["accounts"][0]
    n = sum(0 in arc for arc in drawn["arcs"])
    with watched(browser, served.address) as seen:
        seen.go(f"/map?at={first}")
        assert seen.tab.get_by_role("radio").count() == 2
        seen.tab.get_by_label("Its own").check()
        seen.tab.get_by_text(f"{first} is connected with {n} account").wait_for()
        assert "show=both" in seen.tab.url
        row = seen.tab.get_by_role("row").filter(has_text=first).first.inner_text().split("\t")
        heads = seen.tab.locator(".map-table thead th").all_inner_texts()
        assert int(row[heads.index("Neighbours here")]) == n
        assert "Follow it here" not in heads
        seen.check_quiet()
