"""A real browser walks through every function of the page, over a served town of 50,000 accounts.

Set ``SWAYRANK_SCREENSHOTS`` to a folder to look at what was seen.
"""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from tests.assembled import serving, until_prepared
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.serving_large import ACCOUNTS, large_town  # noqa: F401  a fixture

pytestmark = pytest.mark.slow
API = "/api/v1"


@pytest.fixture(scope="module")
def large(large_town, tmp_path_factory):  # noqa: F811
    with serving(large_town, tmp_path_factory.mktemp("log") / "log", "--rate-limit", "0", tokens=False) as served:
        until_prepared(served)
        yield served


@pytest.fixture(scope="module")
def top(large):
    """The first accounts, best first."""
    return [row["account"] for row in large.ask("GET", f"{API}/accounts?page_size=20").json()["items"]]


@pytest.fixture
def tab(browser, large):  # noqa: F811
    with watched(browser, large.address) as seen:
        yield seen


def _views(top):
    return {
        "leaderboard": "/",
        "account": f"/accounts/{top[0]}",
        "communities": "/communities",
        "map": "/map",
        "planner": "/planner",
        "whatif": f"/whatif?seed={top[0]}&seed={top[1]}",
        "weights": "/weights",
        "compare": f"/compare?a={top[0]}&b={top[1]}",
        "jobs": "/jobs",
        "live": "/live",
        "data": "/data",
    }


VIEWS = [
    "leaderboard",
    "account",
    "communities",
    "map",
    "planner",
    "whatif",
    "weights",
    "compare",
    "jobs",
    "live",
    "data",
]


# Every view: by its address, wide and narrow. Every other is dark: test_page_views looks at all in both themes.


@pytest.mark.parametrize(("view", "theme"), [(view, ("light", "dark")[k % 2]) for k, view in enumerate(VIEWS)])
def test_a_view_by_its_address_is_quiet_and_accessible(browser, large, top, view, theme):  # noqa: F811
    with watched(browser, large.address, dark=theme == "dark") as seen:
        seen.go(_views(top)[view])
        seen.picture(f"{view}-{theme}", whole=True)
        heading = seen.tab.locator("h1").first.inner_text()
        assert heading not in {"", "Nothing here", "That did not work"}, heading
        assert seen.tab.locator(".state.error").count() == 0, seen.tab.locator(".state.error").first.inner_text()
        assert "swayrank" in seen.tab.title()
        seen.check_quiet()
        seen.check_accessible(view)
        seen.check_no_sideways_scroll()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_a_phone(browser, large, top, view):  # noqa: F811
    with watched(browser, large.address, width=375, height=740, has_touch=True) as seen:
        seen.go(_views(top)[view])
        seen.picture(f"{view}-phone", whole=True)
        seen.check_no_sideways_scroll()
        seen.check_quiet()
        small = seen.tab.evaluate(
            "() => [...document.querySelectorAll('main button, main a.button, main input[type=checkbox], main select')]"
            ".filter(e => e.offsetParent).map(e => [e.textContent.trim().slice(0, 20), e.getBoundingClientRect()])"
            ".filter(([, r]) => r.width < 24 && r.height < 24).map(([t, r]) => `${t} ${r.width}x${r.height}`)"
        )
        assert small == [], f"too small to be touched: {small}"


_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e), r = e.getBoundingClientRect();
  const words = (e.id || e.getAttribute('aria-label') || e.textContent || '').trim().slice(0, 30);
  return {name: e.tagName + ' ' + words, shown: s.outlineStyle !== 'none' || s.boxShadow !== 'none' || r.width < 2,
          key: [r.x, r.y + scrollY, e.tagName].join()};
}"""


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_reached_by_the_keyboard_alone(tab, top, view):
    """Tab goes through everything that can be used, shows where it is, and is caught nowhere."""
    tab.go(_views(top)[view])
    reached = []
    for _ in range(150):
        tab.tab.keyboard.press("Tab")
        at = tab.tab.evaluate(_FOCUSED)
        if at is None or (reached and at["key"] == reached[0]["key"] and len(reached) > 3):
            break
        reached.append(at)
    assert len(reached) >= 10, [one["name"] for one in reached]
    assert reached[0]["name"].startswith("A Skip")
    unseen = [one["name"] for one in reached if not one["shown"]]
    assert unseen == [], f"the focus cannot be seen on {unseen}"
