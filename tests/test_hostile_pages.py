"""Names and posts of strangers in a real browser: nothing runs, asks, opens or complains; in the report and in figures.

Every name sets ``window.ran`` if it is ever read as script, and asks ``example.invalid`` if it is read as a link, an
image, a style or a frame.
"""

from __future__ import annotations

import shutil

import pytest

import swayrank as sr
from swayrank.ids import Ids
from swayrank.report.run_figures import write_figures
from swayrank.report.write import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

INJECTIONS = [
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=2>",
    '"><img src="http://example.invalid/a.png" onload=window.ran=3>',
    "' onmouseover='window.ran=4",
    '" onfocus="window.ran=5" autofocus tabindex="0',
    "</title></style></textarea></script><script>window.ran=6</script>",
    "<svg/onload=window.ran=7>",
    "<svg><animate onbegin=window.ran=8 attributeName=x dur=1s>",
    '<a href="javascript:window.ran=9">me</a>',
    "javascript:window.ran=10",
    "<iframe srcdoc='<script>parent.ran=11</script>'></iframe>",
    "<iframe src=http://example.invalid/f></iframe>",
    "<style>@import 'http://example.invalid/s.css';*{background:url(http://example.invalid/b)}</style>",
    "</style><link rel=stylesheet href=http://example.invalid/l.css>",
    "x;background:url(http://example.invalid/c)",
    "\\3c script\\3e window.ran=12",
    "<meta http-equiv=refresh content='0;url=http://example.invalid/m'>",
    "<base href=http://example.invalid/>",
    "<form action=http://example.invalid/><button autofocus>",
    "<details open ontoggle=window.ran=13>",
    "<math><mtext></mtext><script>window.ran=14</script></math>",
    "{{constructor.constructor('window.ran=15')()}}",
    "${window.ran=16}",
    "%{customdata}<extra></extra>%{x|<b>}",
    "$\\href{javascript:window.ran=17}{x}$",
    "<!--><img src=x onerror=window.ran=18>-->",
    "]]><script>window.ran=19</script>",
    "&lt;script&gt;window.ran=20&lt;/script&gt;",
    "&#60;img src=x onerror=window.ran=21&#62;",
    "\u202e<b>gnol</b>\u202c",
    "=HYPERLINK(\"http://example.invalid/h\",\"x\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "null\u0000<script>window.ran=22</script>",
    "line\nbreak\r<script>window.ran=23</script>",
    "\u2028<script>window.ran=24</script>",
    "<template><script>window.ran=25</script></template>",
    "<b>" * 200,
]  # fmt: skip
N = 200


def named(k):
    return INJECTIONS[k] if k < len(INJECTIONS) else f"{INJECTIONS[k % len(INJECTIONS)]} {k}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Two kept runs of a town whose first accounts and posts are named by an attacker."""
    town = sr.generate("town", n=N, rng=7)
    best = [int(i) for i in sr.score(town.graph, town.events, n_replicates=None, rng=7).order()]
    names = [""] * N
    for k, i in enumerate([*best, *sorted(set(range(N)) - set(best))]):
        names[i] = named(k)
    ids, (u, v), log = Ids.from_values(names), town.graph.edges(), town.events
    posts = Ids.from_values([named(k) for k in range(len(log.posts))])
    graph = sr.Graph.from_edges(u, v, n_nodes=N, ids=ids)
    events = sr.Events.from_arrays(
        log.actor, log.target, log.action, accounts=ids, post=log.post, time=log.time, posts=posts
    )
    out = tmp_path_factory.mktemp("hostile")
    scores = sr.score(graph, events, n_replicates=20, rng=7)
    sr.score(graph, events, until="2026-03-20", reference=scores.reference, n_replicates=20, rng=7).save(out)
    scores.save(out)
    return graph, scores, out


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        shown = p.chromium.launch(executable_path=CHROMIUM, args=args)
        yield shown
        shown.close()


_BOXES = """all => all.map(one => { const b = one.getBoundingClientRect();
return {x: b.x, y: b.y + window.scrollY, w: b.width, h: b.height} })"""


def visited(browser, file, *, ready=None, beside=()):
    """Open a file, which may ask for those `beside` it, as a reader would; what went wrong, and the page's text."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, wrong = context.new_page(), []
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on(
        "console", lambda told: wrong.append(f"console: {told.text}") if told.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("popup", lambda popup: wrong.append(f"popup {popup.url}"))

    def asked(route):
        if route.request.url in {one.as_uri() for one in (file, *beside)}:
            route.continue_()
        else:
            wrong.append(f"asked for {route.request.url}")
            route.abort()

    page.route(lambda url: not url.startswith(("data:", "blob:")), asked)
    page.goto(file.as_uri())
    if ready:
        page.wait_for_selector(ready)
    for box in page.eval_on_selector_all(".nsewdrag", _BOXES):  # what hovering shows, too
        for share in (0.06, 0.3, 0.55, 0.8):
            page.evaluate("y => window.scrollTo(0, y - 200)", box["y"] + share * box["h"])
            top = page.evaluate("window.scrollY")
            page.mouse.move(box["x"] + share * box["w"], box["y"] + share * box["h"] - top)
            page.wait_for_timeout(20)
    page.keyboard.press("Tab")
    page.wait_for_timeout(150)
    if page.evaluate("window.ran") is not None:
        wrong.append(f"ran {page.evaluate('window.ran')}")
    if page.url.partition("#")[0] != file.as_uri():
        wrong.append(f"went to {page.url}")
    text = page.inner_text("body")
    context.close()
    return wrong, text


def test_the_check_itself_sees_what_it_looks_for(browser, tmp_path):
    """A page that does not escape: scripts, requests and errors are all seen."""
    for content, seen in (
        ("<script>window.ran=1</script>", "ran 1"),
        ("<img src=http://example.invalid/a.png>", "asked for http://example.invalid/a.png"),
        ("<script>alert(1)</script>", "dialog 1"),
        ("<script>throw 1</script>", "error: 1"),
    ):
        file = tmp_path / "page.html"
        file.write_text(f"<!DOCTYPE html><title>x</title><body>{content}</body>", encoding="utf-8")
        assert seen in " ".join(visited(browser, file)[0])


def test_the_report_is_inert(hostile, browser, tmp_path):
    graph, _, out = hostile
    seeds = tmp_path / "seeds.csv"
    sr.select_seeds(sr.IndependentCascade(graph, prob=0.05), k=10, rng=7).to_frame().to_csv(seeds, index=False)
    page = write_report(
        out, tmp_path / "report.html", seeds=seeds, goal="<script>window.ran=99</script>", top=len(INJECTIONS)
    )
    wrong, text = visited(browser, page)
    assert wrong == []
    for name in (
        "<script>window.ran=1</script>",
        "<svg/onload=window.ran=7>",
        "{{constructor.constructor('window.ran=15')()}}",
    ):
        assert name in text
    assert all(
        section in text for section in ("The network", "Engagement over time", "How it changed", "Suggested seeds")
    )
    assert "\u202e" not in text


FIGURES = (
    "measure", "leaderboard", "breakdown", "histogram", "communities", "flows", "activity", "activity of one", "trend",
    "seeds", "spread", "by_step", "metrics", "removal", "correlations", "playback",
)  # fmt: skip
MAPS = ("graph", "map", "kept map")


def figure_of(name, hostile):
    graph, scores, out = hostile
    if name == "graph":
        return graph.plot(max_nodes=60)
    if name == "measure":
        return sr.pagerank(graph).plot()
    if name == "kept map":
        return sr.load_scores(out).plot("map", theme="dark", max_nodes=60)
    if name == "activity of one":
        return sr.load_scores(out).plot("activity", account=INJECTIONS[0])
    if name == "trend":
        return sr.history(out, INJECTIONS[:7]).plot()
    model = sr.IndependentCascade(graph, prob=0.05)
    if name == "seeds":
        return sr.select_seeds(model, k=5, rng=7).plot()
    if name in ("spread", "by_step", "playback"):
        spread = sr.simulate(model, INJECTIONS[:2], n_runs=20, rng=7, playback=1)
        if name == "playback":
            return sr.cascade_playback(spread, graph)
        return spread.plot("sizes" if name == "spread" else name)
    if name == "correlations":
        return sr.correlate(dict(zip(INJECTIONS, (sr.pagerank(graph), sr.in_degree(graph)), strict=False))).plot()
    if name in ("metrics", "removal"):
        measures = {INJECTIONS[6]: lambda known, _: sr.in_degree(known)}
        log = scores.evidence.events
        return sr.backtest(graph, log, as_of="2026-03-15", k=20, rng=7, n_replicates=0, measures=measures).plot(name)
    return scores.plot(name, **({"max_nodes": 60} if name == "map" else {}))


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_inert(hostile, browser, tmp_path, name):
    """One page each, since a page has one WebGL figure; as write_html writes it."""
    pytest.importorskip("plotly")
    file = tmp_path / "figure.html"
    figure_of(name, hostile).write_html(file)
    wrong, _ = visited(browser, file, ready=".main-svg")
    assert [one for one in wrong if "GPU stall" not in one and "WebGL" not in one] == []


def test_figures_are_inert(hostile, browser, tmp_path):
    """All others, one below the other, as write_html writes them."""
    pytest.importorskip("plotly")
    parts = []
    for name in FIGURES:
        figure = figure_of(name, hostile)
        assert not any(trace.type.endswith("gl") for trace in figure.data)
        parts.append(figure.to_html(full_html=False, include_plotlyjs=not parts))
    file = tmp_path / "figures.html"
    head = '<!DOCTYPE html><meta charset="utf-8"><title>x</title>'
    file.write_text(f"{head}<body>{''.join(parts)}</body>", encoding="utf-8")
    wrong, text = visited(browser, file, ready=f"div.plotly-graph-div >> nth={len(FIGURES) - 1}")
    assert wrong == []
    assert text.count("over time") >= 2
    for k in (1, 3, 6):  # as it is spelled, as far as there is room: what plotly reads as markup, it would leave out
        assert INJECTIONS[k][:20] in text


def test_pages_that_share_a_script_are_drawn_and_inert(hostile, browser, tmp_path):
    """As `swayrank report --figures --format html` writes them: opened from disk, they find plotly beside them."""
    pytest.importorskip("plotly")
    seeds = tmp_path / "seeds.csv"
    found = sr.select_seeds(sr.IndependentCascade(hostile[0], prob=0.05), k=5, rng=7)
    found.to_frame().to_csv(seeds, index=False)
    written = write_figures(hostile[2], tmp_path / "figures", kind="html", seeds=seeds).written
    folder, shown = tmp_path / "figures", ""
    pages = [folder / "leaderboard.html", folder / "map.html", folder / "seeds.html"]
    assert {*pages, folder / "plotly.min.js"} <= set(written)
    for page in pages:
        wrong, text = visited(browser, page, ready=".main-svg >> nth=0", beside=[folder / "plotly.min.js"])
        assert [one for one in wrong if "GPU stall" not in one and "WebGL" not in one] == [], page.name
        assert "The figure as a table" in text
        shown += text
    for k in (0, 1, 6):
        assert INJECTIONS[k][:20] in shown


def test_tables_in_notebooks_are_inert(hostile, browser, tmp_path):
    graph, scores, out = hostile
    model = sr.IndependentCascade(graph, prob=0.05)
    found = sr.backtest(graph, scores.evidence.events, as_of="2026-03-15", k=20, rng=7, n_replicates=0)
    shown = [
        graph, sr.pagerank(graph), scores, sr.load_scores(out), sr.select_seeds(model, k=9, rng=7), found,
        sr.simulate(model, INJECTIONS[:3], n_runs=10, rng=7), sr.history(out), sr.history(out, INJECTIONS[:9]),
    ]  # fmt: skip
    body = "<hr>".join(one._repr_html_() for one in shown)
    file = tmp_path / "notebook.html"
    file.write_text(f'<!DOCTYPE html><meta charset="utf-8"><title>x</title><body>{body}</body>', encoding="utf-8")
    wrong, text = visited(browser, file)
    assert wrong == []
    assert INJECTIONS[0] in text
