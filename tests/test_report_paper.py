"""The report on A4, as Chromium prints it: light, whole, and no longer than it has to be."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

import swayrank as sr
from swayrank.report.page import LIGHT, MOST_ON_PAPER, PRINT
from swayrank.report.write import write_report
from tests.browser import browser  # noqa: F401  a fixture

_MM = 96 / 25.4
WIDE, HIGH = int((210 - 28) * _MM), int((297 - 28) * _MM)
"""Pixels of a sheet within its margins."""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    town = sr.generate("town", n=400, rng=7)
    folder = tmp_path_factory.mktemp("paper")
    sr.score(town.graph, town.events, rng=7).save(folder / "out")
    return write_report(folder / "out", folder / "report.html")


@pytest.fixture
def sheet(browser, report):  # noqa: F811
    tab = browser.new_page(color_scheme="dark", viewport={"width": WIDE, "height": HIGH})
    tab.goto(report.resolve().as_uri())
    tab.emulate_media(media="print", color_scheme="dark")
    yield tab
    tab.close()


def test_paper_is_white_whatever_the_screen(sheet):
    assert sheet.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert sheet.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--c1').trim()") == PRINT["c1"]
    sheet.emulate_media(media="screen", color_scheme="light")
    assert sheet.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--c1').trim()") == LIGHT["c1"]


def test_nothing_is_wider_than_the_sheet_or_higher_than_it_if_it_must_stay_whole(sheet):
    assert sheet.evaluate("document.documentElement.scrollWidth") <= WIDE
    wide = "[...document.querySelectorAll('table, figure, .card, svg')].map(e => e.getBoundingClientRect().right)"
    assert max(sheet.evaluate(wide)) <= WIDE + 1
    whole = "[...document.querySelectorAll('.card, .map, .chart, tr')].map(e => e.getBoundingClientRect().height)"
    assert max(sheet.evaluate(whole)) < HIGH / 2
    kept = "[...document.querySelectorAll('.card, .map, .chart, tr, li, p')].map(e => getComputedStyle(e).breakInside)"
    assert set(sheet.evaluate(kept)) == {"avoid"}
    heads = "[...document.querySelectorAll('h2, caption, figcaption')].map(e => getComputedStyle(e).breakAfter)"
    assert set(sheet.evaluate(heads)) == {"avoid"}


def test_long_tables_behind_figures_stay_on_the_page(sheet):
    rows = sheet.locator("figure details").evaluate_all("all => all.map(e => e.querySelectorAll('tbody tr').length)")
    seen = [one.is_visible() for one in sheet.locator("figure table").all()]
    assert max(rows) > MOST_ON_PAPER, "the test has one to look at"
    assert seen == [n <= MOST_ON_PAPER for n in rows]
    told = sheet.locator("figure").evaluate_all("all => all.map(e => getComputedStyle(e, '::after').content)")
    assert [one != "none" for one in told] == [n > MOST_ON_PAPER for n in rows]
    assert not any(one.is_visible() for one in sheet.locator("summary, nav, footer").all())
    sheet.emulate_media(media="screen")
    assert sheet.locator("summary").first.is_visible()


def test_the_report_of_a_town_fits_a_dozen_sheets(sheet):
    pages = len(re.findall(rb"/Type /Page\b(?!s)", sheet.pdf(prefer_css_page_size=True, print_background=True)))
    assert 5 <= pages <= 12


def test_colours_that_touch_differ_in_lightness():
    def luminance(colour: str) -> float:
        shares = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light = [luminance(PRINT[f"c{k}"]) for k in range(5)]
    for one, other in pairwise(light):
        assert (max(one, other) + 0.05) / (min(one, other) + 0.05) > 1.5
    assert all(1.05 / (one + 0.05) > 3 for one in light), "seen on white"
