"""The report in a real browser: readable by everybody, on screens, phones and paper."""

from __future__ import annotations

import re

import pytest

import swayrank as sr
from swayrank.report.page import MOST_ON_PAPER
from swayrank.report.write import write_report
from tests.browser import browser, watched  # noqa: F401  a fixture
from tests.page_town import page_result

_A4_PIXELS = 688
"""What the margins leave of 210 mm, at 96 pixels an inch."""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """With every section but the backtest; names of all kinds, long ones and hostile ones among them."""
    folder = tmp_path_factory.mktemp("report")
    out = page_result(folder)
    town = sr.read_graph(folder / "town/graph.csv")
    chosen = sr.select_seeds(sr.IndependentCascade(town, prob=0.05), k=5, rng=7)
    chosen.to_frame().to_csv(folder / "seeds.csv", index=False)
    return write_report(out, folder / "report.html", seeds=folder / "seeds.csv")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 375])
def test_it_is_accessible_and_fits(browser, report, width, dark):  # noqa: F811
    with watched(browser, "file://", width=width, dark=dark) as seen:
        seen.go(str(report))
        paper = seen.tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
        for folded in seen.tab.locator("summary").all():
            folded.click()
        seen.picture(f"report-{width}-{'dark' if dark else 'light'}", whole=True)
        seen.check_accessible("the report")
        seen.check_no_sideways_scroll()
        assert seen.complaints == []
        assert [url for url in seen.requests if not url.startswith(("file://", "data:"))] == []


def test_what_is_drawn_is_a_table_too(browser, report):  # noqa: F811
    with watched(browser, "file://") as seen:
        seen.go(str(report))
        drawn = seen.tab.locator("figure").all()
        assert len(drawn) >= 3
        for figure in drawn:
            assert figure.locator("table tbody tr").count() > 0
            assert figure.locator("figcaption").inner_text() != ""


def test_it_prints_on_a4(browser, report, tmp_path):  # noqa: F811
    """Nothing stands over the edge, short tables behind figures are open, the menu is gone; and it is no book."""
    with watched(browser, "file://", width=_A4_PIXELS, height=1000, dark=True) as seen:
        seen.go(str(report))
        seen.tab.emulate_media(media="print")
        assert seen.tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        over = seen.tab.evaluate(
            f"[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > {_A4_PIXELS + 1})"
            ".map(e => e.tagName + ' ' + e.textContent.slice(0, 40))"
        )
        assert over == []
        assert not seen.tab.locator("nav").is_visible()
        folded = seen.tab.locator("figure table").all()
        rows = [table.locator("tbody tr").count() for table in folded]
        assert [table.is_visible() for table in folded] == [n <= MOST_ON_PAPER for n in rows]
        made = seen.tab.pdf(path=str(tmp_path / "report.pdf"), format="A4", prefer_css_page_size=True)
        assert 4 <= len(re.findall(rb"/Type\s*/Page\b", made)) <= 20
