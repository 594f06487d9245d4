"""A real Chromium for tests of the page: everything that it says and asks for is kept and can be held against rules.

``browser`` is started once per module: one process drives one browser at a time. ``Watched`` is a tab: it notes each
request, each error on the console and each answer that failed, takes pictures into ``$SWAYRANK_SCREENSHOTS`` where that
is set, and asks axe-core about the page.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

_PATIENCE = 120_000  # milliseconds: a busy machine is slow, and what does not happen never does
# WCAG 2.2 up to level AA, and what axe-core's authors call good practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window; the test skips where it is absent."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not here")
    with sync_api.sync_playwright() as driver:
        # A sandbox of its own needs a user that is not root.
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield chromium
        chromium.close()


class Watched:
    """A tab and what was seen of it."""

    def __init__(self, tab: Any, address: str) -> None:
        self.tab, self.address = tab, address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.excused: list[str] = []
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("pageerror", lambda error: self.complaints.append(f"{tab.url}: {error}"))
        tab.on("console", self._heard)
        tab.set_default_timeout(_PATIENCE)
        self._expect = import_module("playwright.sync_api").expect

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.tab.url}: {message.text}")

    def go(self, path: str) -> None:
        """Open a path of the page and wait until it has drawn what it loads."""
        self.tab.goto(self.address + path, wait_until="load")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing loads any more; a stream of progress may stay open."""
        self.tab.wait_for_load_state("domcontentloaded")
        try:
            self.tab.wait_for_load_state("networkidle", timeout=5_000)
        except Exception as error:
            if "Timeout" not in str(error):
                raise
        # Nothing of the page is busy (asked by selector: the page's policy lets no text be run, not even a waiting
        # test's); two frames for what is drawn at last.
        self._expect(self.tab.locator(".loading, [aria-busy=true]")).to_have_count(0, timeout=_PATIENCE)
        self.tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def until(self, true: Callable[[], Any]) -> Any:
        """What `true()` gives as soon as it gives anything true: for what the page does by itself after a while."""
        end = time.monotonic() + _PATIENCE / 1000
        while not (found := true()):
            assert time.monotonic() < end, "it did not happen in time"
            self.tab.wait_for_timeout(50)
        return found

    def picture(self, name: str, *, whole: bool = False) -> None:
        """A screenshot, where a folder for them is named."""
        folder = os.environ.get("SWAYRANK_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.tab.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=whole)

    def excuse(self, text: str) -> None:
        """From here on a complaint with this text is expected (the browser reports each 4xx answer as an error)."""
        self.excused.append(text)

    def check_quiet(self) -> None:
        """Nothing was complained about, and no other host was asked for anything."""
        own = urlsplit(self.address).netloc
        foreign = [url for url in self.requests if urlsplit(url).scheme not in {"data", "blob", "about"}
                   and urlsplit(url).netloc != own]  # fmt: skip
        assert foreign == [], f"other hosts were asked: {foreign}"
        heard = [line for line in self.complaints if not any(text in line for text in self.excused)]
        assert heard == [], heard

    def check_accessible(self, name: str = "") -> None:
        """axe-core finds nothing wrong with what the page shows now."""
        from axe_playwright_python.sync_playwright import Axe

        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": _RULES}}
        found = Axe().run(self.tab, options=options).response["violations"]
        told = [
            f"{item['id']} ({item['impact']}): {item['help']}\n    "
            + "\n    ".join(
                f"{' '.join(map(str, node['target']))}: {node['html'][:160]}: "
                + "; ".join(check["message"] for check in node["any"] + node["all"] + node["none"])[:300]
                for node in item["nodes"][:4]
            )
            for item in found
        ]
        assert not told, f"{name} {self.tab.url}\n" + "\n".join(told)

    def check_no_sideways_scroll(self) -> None:
        """The page is no wider than its window."""
        wide, window = self.tab.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if wide > window:
            culprits = self.tab.evaluate(
                "w => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1)"
                ".slice(0, 8).map(e => e.tagName + '.' + e.className + '#' + e.id)",
                window,
            )
            raise AssertionError(f"{self.tab.url} is {wide} px wide in a window of {window}: {culprits}")


@contextmanager
def watched(
    browser: Any, address: str, *, width: int = 1280, height: int = 900, dark: bool = False, **more: Any
) -> Iterator[Watched]:
    """A fresh tab with its own storage; ``more`` goes to the browser's context."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        accept_downloads=True,
        **more,
    )
    try:
        yield Watched(context.new_page(), address)
    finally:
        context.close()
