"""What stands around the page's views: moving, signing in, failures told, colours, small windows."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

import swayrank.service
from tests.assembled import serving
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.page_town import page_result

PAGE = Path(swayrank.service.__file__).parent / "page"
REFUSED = "Failed to load resource"  # how the browser reports an answer of 4xx or 5xx, or none


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return page_result(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def open_service(out, tmp_path_factory):
    with serving(out, tmp_path_factory.mktemp("log") / "log", "--rate-limit", "0", tokens=False) as served:
        yield served


@pytest.fixture
def tab(browser, open_service):  # noqa: F811
    with watched(browser, open_service.address) as seen:
        yield seen
        seen.check_quiet()


def heading(seen) -> str:
    assert seen.tab.locator("h1").count() == 1
    return seen.tab.locator("h1").inner_text()


def failing(seen, path: str, status: int, kind: str, times: int | None = None) -> None:
    """The service answers this path with a problem, the first `times` times."""
    asked = itertools.count()
    told = json.dumps({"type": kind, "title": "No", "status": status, "detail": "made to fail", "request_id": "r-1"})

    def answer(route) -> None:
        if times is not None and next(asked) >= times:
            route.fallback()
        else:
            route.fulfill(status=status, content_type="application/problem+json", body=told)

    seen.tab.route(re.compile(re.escape(path) + r"($|\?)"), answer)
    seen.excuse(REFUSED)


# -- moving ------------------------------------------------------------------------------------------------------------


def test_views_are_reached_by_the_navigation(tab):
    tab.go("/")
    links = tab.tab.get_by_role("navigation", name="Views").get_by_role("link")
    labels = links.all_inner_texts()
    assert {"Leaderboard", "Communities", "Map", "Planner", "What if", "Weights", "Compare", "Jobs", "Data"} <= set(
        labels
    )
    for label in labels:
        links.get_by_text(label, exact=True).click()
        tab.settle()
        told = heading(tab)
        assert told not in {"", "Nothing here", "That did not work"}
        assert links.get_by_text(label, exact=True).get_attribute("aria-current") == "page"
        assert tab.tab.locator("[aria-current=page]").count() == 1
        assert tab.tab.title().endswith(" · swayrank")
        assert tab.tab.locator("#announce").inner_text() != ""


def test_the_heading_has_the_focus_after_moving(tab):
    tab.go("/")
    for label in ("Data", "Communities"):
        tab.tab.get_by_role("link", name=label, exact=True).click()
        tab.settle()
        assert tab.tab.evaluate("document.activeElement.tagName") == "H1"


def test_back_and_forward(tab):
    tab.go("/")
    first = heading(tab)
    tab.tab.get_by_role("link", name="Data", exact=True).click()
    tab.settle()
    second = heading(tab)
    tab.tab.go_back()
    tab.settle()
    assert heading(tab) == first != second
    tab.tab.go_forward()
    tab.settle()
    assert heading(tab) == second


def test_the_skip_link_is_first_and_works(tab):
    tab.go("/")
    tab.tab.keyboard.press("Tab")
    link = tab.tab.locator(":focus")
    assert link.inner_text() == "Skip to the content"
    box = link.bounding_box()
    assert min(box["x"], box["y"]) >= 0
    tab.tab.keyboard.press("Enter")
    tab.tab.keyboard.press("Tab")
    assert tab.tab.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_an_address_without_a_view_says_so(tab):
    tab.go("/accounts")
    assert heading(tab) == "Nothing here"
    tab.tab.get_by_role("link", name="To the leaderboard").click()
    tab.settle()
    assert heading(tab) == "Leaderboard"


@pytest.mark.parametrize("path", ["/accounts/%ff", "/accounts/%E0%A4%A", "/accounts/nobody-of-that-name"])
def test_an_unknown_account_is_told_in_words(browser, open_service, path):  # noqa: F811
    with watched(browser, open_service.address) as seen:
        seen.excuse(REFUSED)
        seen.tab.goto(open_service.address + "/")
        seen.settle()
        # Through the page's own router: some of these addresses the service itself refuses.
        seen.tab.evaluate(
            "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path
        )
        seen.tab.locator(".state").first.wait_for()
        assert seen.tab.locator("h1").count() == 1
        assert "undefined" not in seen.tab.locator("main").inner_text()
        seen.check_quiet()
        seen.check_accessible()


def test_modified_clicks_are_the_browsers_own(tab):
    tab.go("/")
    with tab.tab.context.expect_page() as opened:
        tab.tab.get_by_role("link", name="Data", exact=True).click(modifiers=["Control"])
    opened.value.wait_for_load_state()
    assert opened.value.url.endswith("/data")
    assert tab.tab.url.endswith("/")


# -- signing in --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(out, tmp_path_factory):
    folder = tmp_path_factory.mktemp("guarded")
    with serving(shutil.copytree(out, folder / "out", symlinks=True), folder / "log", "--rate-limit", "0") as served:
        yield served


@pytest.fixture
def stranger(browser, guarded):  # noqa: F811
    with watched(browser, guarded.address) as seen:
        seen.excuse(REFUSED)
        seen.tab.goto(guarded.address + "/")
        seen.tab.get_by_role("dialog").wait_for()
        yield seen
        seen.check_quiet()


def test_a_token_is_asked_for_kept_in_the_tab_and_sent(stranger, guarded):
    dialog = stranger.tab.get_by_role("dialog", name="Sign in")
    stranger.check_accessible("sign in")
    assert stranger.tab.evaluate("document.activeElement.type") == "password"
    stranger.tab.keyboard.type("swr_of_nobody")
    stranger.tab.keyboard.press("Enter")
    dialog.get_by_text("not known here").wait_for()
    dialog.get_by_label("Token").fill(f"  {guarded.token['read']} ")
    dialog.get_by_role("button", name="Sign in").click()
    stranger.tab.get_by_role("table").first.wait_for()
    stranger.settle()
    assert heading(stranger) == "Leaderboard"
    kept = stranger.tab.evaluate(
        "[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie, location.href]"
    )
    assert guarded.token["read"] in kept[0]
    assert not any(guarded.token["read"] in place for place in kept[1:])
    stranger.tab.reload()
    stranger.tab.get_by_role("table").first.wait_for()
    assert stranger.tab.get_by_role("dialog").count() == 0


def test_who_may_only_read_is_told_before_asking(browser, guarded):  # noqa: F811
    """Buttons that need the scope write are shut, with the reason; with such a token they are open."""
    asks = {"/planner": ["Plan"], "/jobs": ["Score anew", "Prepare for what-if"], "/live": ["Score now", "Send"]}
    for scope in ("read", "write"):
        with watched(browser, guarded.address) as seen:
            seen.excuse(REFUSED)
            seen.tab.add_init_script(f"sessionStorage.setItem('swayrank-token', '{guarded.token[scope]}')")
            for path, names in asks.items():
                seen.go(path)
                shut = seen.tab.locator("fieldset.bare:disabled")
                buttons = [seen.tab.get_by_role("button", name=name, exact=True) for name in names]
                assert shut.count() > 0 if scope == "read" else shut.count() == 0
                if scope == "read":
                    assert all(button.is_disabled() for button in buttons)
                    assert "may only read" in seen.tab.locator("main").inner_text()
                    seen.check_accessible(f"{path} of a reader")
                else:
                    assert "may only read" not in seen.tab.locator("main").inner_text()
                    assert path == "/live" or not any(button.is_disabled() for button in buttons)


def test_not_signing_in_says_what_to_do(stranger):
    stranger.tab.keyboard.press("Escape")
    state = stranger.tab.get_by_role("main").get_by_role("alert")
    state.wait_for()
    assert "Sign in" in state.inner_text()
    stranger.check_accessible("not signed in")
    state.get_by_role("button", name="Try again").click()
    stranger.tab.get_by_role("dialog").wait_for()


# -- what fails --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "cure"),
    [
        (403, "forbidden", "Ask whoever runs the service"),
        (429, "too-many-requests", "Wait a moment"),
        (503, "unavailable", "in a moment"),
        (500, "problem", "made to fail"),
    ],
)
def test_a_failure_is_told_with_its_cure_and_mended_by_trying_again(browser, open_service, status, kind, cure):  # noqa: F811
    with watched(browser, open_service.address) as seen:
        failing(seen, "/api/v1/accounts", status, kind, times=1)
        seen.go("/")
        state = seen.tab.get_by_role("main").get_by_role("alert")
        assert cure in state.inner_text()
        assert "r-1" in state.inner_text()
        seen.check_accessible(str(status))
        state.get_by_role("button", name="Try again").click()
        seen.tab.get_by_role("table").first.wait_for()
        assert seen.tab.get_by_role("main").get_by_role("alert").count() == 0
        seen.check_quiet()


def test_a_service_that_is_gone_is_told(browser, open_service):  # noqa: F811
    with watched(browser, open_service.address) as seen:
        seen.go("/")
        seen.excuse(REFUSED)
        seen.tab.route("**/api/v1/**", lambda route: route.abort())
        seen.tab.get_by_role("link", name="Weights", exact=True).click()
        state = seen.tab.get_by_role("main").get_by_role("alert").first
        state.wait_for()
        assert "cannot be reached" in state.inner_text()
        assert seen.tab.locator("h1").count() == 1
        seen.tab.unroute("**/api/v1/**")
        state.get_by_role("button", name="Try again").click()
        seen.tab.get_by_role("main").get_by_role("table").first.wait_for()
        seen.check_quiet()


def test_what_the_service_says_is_text_and_nothing_else(browser, open_service):  # noqa: F811
    with watched(browser, open_service.address) as seen:
        told = {
            "type": "x",
            "title": "<img src=x onerror=window.hacked=1>",
            "status": 500,
            "detail": "\u202e<script>window.hacked=1</script>",
        }
        seen.excuse(REFUSED)
        seen.tab.route(
            re.compile(r"/api/v1/accounts($|\?)"), lambda route: route.fulfill(status=500, body=json.dumps(told))
        )
        seen.go("/")
        shown = seen.tab.get_by_role("main").get_by_role("alert").inner_text()
        assert "<img src=x" in shown
        assert "\\u202e<script>" in shown
        assert seen.tab.evaluate("window.hacked") is None
        seen.check_quiet()


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_page_may_ask_nobody_else_and_run_nothing_inline(tab):
    tab.go("/")
    tab.excuse("Content Security Policy")
    tab.excuse("violates the following")
    assert tab.tab.evaluate("fetch('https://example.invalid/').then(() => 'asked', () => 'refused')") == "refused"
    tab.requests.clear()  # the one that was tried here
    tab.tab.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.inline = 1';"
        " document.body.append(s) }"
    )
    assert tab.tab.evaluate("window.inline") is None


def test_the_figures_program_is_loaded_once_and_only_for_figures(tab):
    def loads():
        return sum("plotly" in url for url in tab.requests)

    tab.go("/")
    tab.tab.get_by_role("link", name="Compare", exact=True).click()
    tab.settle()
    assert loads() == 0
    for label in ("Communities", "Leaderboard", "Communities"):
        tab.tab.get_by_role("link", name=label, exact=True).click()
        tab.settle()
    tab.tab.locator(".js-plotly-plot").first.wait_for()
    assert loads() == 1


def test_files_of_the_page_are_not_sent_twice(open_service):
    for name in ("app.js", "app.css", "plotly.min.js"):
        first = open_service.ask("GET", f"/page/{name}", headers={"Accept-Encoding": "gzip"})
        assert first.headers["content-encoding"] == "gzip"
        again = open_service.ask("GET", f"/page/{name}", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304


# -- how it looks ------------------------------------------------------------------------------------------------------

_ON = {
    "paper": ("ink", "faint", "accent", "bad-ink"),
    "soft": ("ink", "faint", "accent"),
    "good": ("ink", "faint", "accent", "good-ink"),
    "warn": ("warn-ink",),
    "bad": ("ink", "bad-ink"),
    "accent": ("on-accent",),
    "ink": ("paper",),
    "bad-ink": ("paper",),
}
_TEXT = [(text, ground) for ground, texts in _ON.items() for text in texts]
# What must be seen but is no text: borders of fields, dots of intervals, the ring of the focus.
_SHAPES = [("faint", "paper"), ("mark", "paper"), ("accent", "paper"), ("mark", "soft"), ("mark", "span")]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """WCAG 2's contrast of two colours, from 1 to 21."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_as_the_recommendation_has_it():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_apart(theme):
    blocks = re.findall(r":root\s*\{([^}]*)\}", (PAGE / "app.css").read_text())
    colours = {}
    for block in blocks[:1] if theme == "light" else blocks[:2]:
        colours |= dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block))
    weak = [
        f"--{a} on --{b}: {contrast(colours[a], colours[b]):.2f}"
        for a, b in _TEXT
        if contrast(colours[a], colours[b]) < 4.5
    ]
    weak += [
        f"--{a} beside --{b}: {contrast(colours[a], colours[b]):.2f}"
        for a, b in _SHAPES
        if contrast(colours[a], colours[b]) < 3
    ]
    assert weak == []


def test_no_file_of_the_page_makes_markup_of_text():
    """innerHTML and its kin are nowhere, so that no name can become markup."""
    found = [
        f"{path.relative_to(PAGE)}: {line.strip()[:80]}"
        for path in PAGE.rglob("*.js")
        for line in path.read_text().splitlines()
        if re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc", line
        )
    ]
    assert found == []


def test_no_file_of_the_page_names_another_host():
    known = {"http://www.w3.org/2000/svg"}
    found = {
        url
        for path in PAGE.rglob("*.*")
        if path.suffix in {".js", ".css", ".html", ".svg"}
        for url in re.findall(r"(?:https?:)?//[a-z0-9][\w.-]*\.[a-z]{2,}[^\s\"'`)]*", path.read_text())
    }
    assert found - known == set()


def test_the_menu_of_a_small_window(browser, open_service):  # noqa: F811
    with watched(browser, open_service.address, width=375, height=740) as seen:
        seen.go("/")
        menu = seen.tab.get_by_role("button", name="Menu")
        link = seen.tab.get_by_role("link", name="Communities", exact=True)
        assert not link.is_visible()
        menu.focus()
        seen.tab.keyboard.press("Enter")
        assert link.is_visible()
        assert menu.get_attribute("aria-expanded") == "true"
        seen.check_no_sideways_scroll()
        seen.check_accessible("menu")
        seen.tab.keyboard.press("Escape")
        assert not link.is_visible()
        menu.click()
        link.click()
        seen.settle()
        assert not link.is_visible()
        assert heading(seen) == "Communities"
        seen.check_quiet()


def test_nothing_moves_for_those_who_ask_for_stillness(tab):
    tab.go("/")
    moving = tab.tab.evaluate(
        "() => [...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e);"
        " return s.animationName !== 'none' || (s.transitionDuration !== '0s' && s.transitionProperty !== 'none') })"
        ".map(e => e.tagName + '.' + e.className)"
    )
    assert moving == []


def test_paper_shows_the_content_alone(tab):
    tab.go("/")
    tab.tab.emulate_media(media="print")
    for what in ("header nav", ".pager", ".facets"):
        assert not tab.tab.locator(what).first.is_visible(), what
    assert tab.tab.get_by_role("table").first.is_visible()
