"""Figures and tables of every result: what they show, that hostile names are inert, files, missing libraries."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import MissingDependencyError, ParameterError, UnknownAccountError
from swayrank.overview.backbone import REST, backbone
from swayrank.report.canvas import PALETTE, table_of
from swayrank.report.figure_data import FIGURES as FIGURE_NAMES
from swayrank.report.figure_data import figure_data
from swayrank.report.files import draw, write_figure
from swayrank.report.network_map import network_map
from swayrank.report.playback import cascade_playback
from swayrank.scoring.pictures import map_of

HOSTILE = [
    "<script>document.title='x'</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">me</a>',
    "</table><b>bold",
    "$\\href{javascript:alert(1)}{x}$",
    "%{x}{{y}}",
    "line\nbreak\u202e",
    "=1+1",
]


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=300, rng=7)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, rng=7)


@pytest.fixture(scope="module")
def model(town):
    return sr.IndependentCascade(town.graph, prob=0.03)


@pytest.fixture(scope="module")
def results(town, scores, model):
    seeds = sr.select_seeds(model, k=6, rng=7)
    return {
        "graph": town.graph,
        "measure": sr.pagerank(town.graph),
        "sampled": sr.spread(model, n_samples=1000, rng=7),
        "scores": scores,
        "seeds": seeds,
        "spread": sr.simulate(model, seeds=seeds.seeds[0], n_runs=300, rng=7),
        "backtest": sr.backtest(town.graph, town.events, as_of="2026-03-15", k=20, rng=7, n_replicates=20),
    }


FIGURES = [
    ("graph", {}), ("graph", {"theme": "dark", "max_nodes": 50}), ("measure", {"k": 5}), ("sampled", {"theme": "dark"}),
    ("scores", {}), ("scores", {"what": "breakdown", "k": 7}), ("scores", {"what": "map", "max_nodes": 80}),
    ("seeds", {}), ("seeds", {"theme": "dark"}), ("spread", {}), ("spread", {"what": "by_step", "theme": "dark"}),
    ("backtest", {}), ("backtest", {"what": "removal"}), ("backtest", {"what": "removal", "theme": "dark"}),
    ("backtest", {"theme": "dark"}), ("scores", {"what": "histogram", "theme": "dark"}),
    ("scores", {"what": "communities", "theme": "dark"}), ("scores", {"what": "flows"}),
    ("scores", {"what": "flows", "theme": "dark"}), ("scores", {"what": "activity"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), FIGURES, ids=str)
def test_every_figure_says_what_it_shows(results, name, options):
    pytest.importorskip("plotly")
    figure = results[name].plot(**options)
    title, caption = figure.layout.title.text.split("<br><sub>")
    assert len(title) > 10
    assert re.search(r"\d", caption)
    if options.get("what") != "map" and name != "graph" and (name, options.get("what")) != ("backtest", None):
        axes = [figure.layout[axis] for axis in figure.layout if re.fullmatch(r"[xy]axis\d?", axis)]
        titles = [axis.title.text for axis in axes if axis.title.text]
        assert titles, "no axis says what it is"
    dark = options.get("theme") == "dark"
    assert (figure.layout.paper_bgcolor == "#ffffff") != dark
    assert json.loads(figure.to_json())["data"]


@pytest.mark.parametrize("name", ["graph", "measure", "sampled", "scores", "seeds", "spread", "backtest"])
def test_every_result_is_a_table_in_a_notebook(results, name):
    page = results[name]._repr_html_()
    assert page.startswith("<table><caption>")
    assert "<script" not in page
    assert page.count("<tr>") == page.count("</tr>") > 2


def test_the_numbers_are_those_of_the_results(results):
    pytest.importorskip("plotly")
    scores, seeds, spread = results["scores"], results["seeds"], results["spread"]
    best = scores.top(20)
    board = scores.plot().data[0]
    assert board.x[::-1].tolist() == [row.score for row in best]
    assert (board.x + board.error_x.array)[::-1] == pytest.approx([row.interval[1] for row in best])
    assert (board.x - board.error_x.arrayminus)[::-1] == pytest.approx([row.interval[0] for row in best])
    parts = scores.plot("breakdown", k=5).data
    assert [trace.name for trace in parts] == list(scores.contributions)
    assert np.sum([trace.x for trace in parts], axis=0)[::-1] == pytest.approx([row.score for row in best[:5]])
    measure = results["sampled"]
    bars = measure.plot(k=3).data[0]
    assert bars.x[::-1].tolist() == [value for _, value in measure.top(3)]
    drawn = seeds.plot().data
    assert drawn[0].y.tolist() == seeds.curve.tolist()
    assert [trace.y[0] for trace in drawn[2:4]] == [seeds.lower_bound, seeds.upper_bound]
    assert drawn[-1].y.tolist() == seeds.marginal_gains.tolist()
    assert spread.plot().data[0].y.sum() == pytest.approx(100)
    assert spread.plot(n_bins=3).data[0].y.size <= 3
    assert spread.plot("by_step").data[0].y.tolist() == spread.by_step.tolist()


def test_kept_scores_show_the_same(tmp_path, scores):
    pytest.importorskip("plotly")
    kept = sr.load_scores(scores.save(tmp_path))
    assert kept._repr_html_() == scores._repr_html_()
    for what in ("leaderboard", "breakdown"):
        for one, other in zip(kept.plot(what, k=9).data, scores.plot(what, k=9).data, strict=True):
            assert one.x == pytest.approx(other.x)
            assert one.hovertext == other.hovertext
    drawn, fresh = kept.plot("map"), scores.plot("map")
    assert drawn.layout.title.text == fresh.layout.title.text
    for one, other in zip(drawn.data, fresh.data, strict=True):
        assert np.asarray(one.x, float) == pytest.approx(np.asarray(other.x, float), abs=1e-5, nan_ok=True)
        assert one.hovertext == other.hovertext
    few = kept.plot("map", max_nodes=40)
    assert sum(trace.x.size for trace in few.data[1:]) == 40
    assert "40 of 300 accounts" in few.layout.title.text
    with pytest.raises(ParameterError, match="what must be one of"):
        kept.plot("pie")


def test_times_of_epidemics(town):
    pytest.importorskip("plotly")
    for model in (sr.SIR, sr.SIS):
        spread = sr.simulate(
            model(town.graph, transmission_rate=0.05, recovery_rate=1.0, max_time=3.0),
            town.graph.ids[3],
            n_runs=20,
            rng=7,
        )
        figure = spread.plot("by_step")
        assert figure.layout.xaxis.title.text == "time"
        assert figure.data[0].x[1] == pytest.approx(spread.params["bin"])
        assert ("nfected accounts" in figure.layout.title.text) == (model is sr.SIS)


def test_counts_are_marked_at_whole_numbers():
    """Marks at halves, written without their fraction, read 0, 1, 1, 2, 2."""
    pytest.importorskip("plotly")
    days = [1, 1, 2, 2, 2, 3]
    log = sr.Events.from_frame(
        {
            "actor": ["fan"] * 6,
            "action": ["like"] * 6,
            "target": ["star"] * 6,
            "time": [f"2026-03-0{day}" for day in days],
        }
    )
    few = sr.score(events=log, rng=7, n_replicates=None, min_evidence=1)
    for figure in (few.plot("activity"), few.plot("activity", account="star"), few.plot("histogram")):
        assert (figure.layout.yaxis.tickformat, figure.layout.yaxis.dtick) == (",d", 1)
    many = sr.Events.from_frame(
        {"actor": ["fan"] * 90, "action": ["like"] * 90, "target": ["star"] * 90, "time": ["2026-03-01"] * 90}
    )
    assert sr.score(events=many, rng=7, n_replicates=None).plot("activity").layout.yaxis.dtick is None


def test_what_new_figures_show_is_what_is_known(tmp_path, scores):
    pytest.importorskip("plotly")
    kept = sr.load_scores(scores.save(tmp_path))
    told, log = kept.communities(), kept.activity()
    attention, accounts = kept.plot("communities").data
    assert attention.x[::-1] == pytest.approx([100 * one["attention_received"] for one in told["communities"]])
    assert accounts.x[::-1] == pytest.approx([100 * one["members"] / 300 for one in told["communities"]])
    flows = np.array(kept.plot("flows").data[0].z)
    assert flows.sum(axis=1) == pytest.approx(100)
    listed = len(told["communities"])
    rows = np.array(told["flows"])[:listed]
    assert flows == pytest.approx(100 * rows[:, :listed] / rows.sum(axis=1, keepdims=True))
    *kinds, posts = kept.plot("activity").data
    assert {trace.name: list(trace.y) for trace in kinds} == log["actions"]
    assert kinds[0].name == max(log["actions"], key=lambda name: sum(log["actions"][name]))
    assert list(posts.y) == log["posts"]
    best = str(kept.ids[0])
    assert list(kept.plot("activity", account=best).data[0].y) == log["accounts"][best]
    assert list(scores.plot("activity", account=best).data[0].y) == log["accounts"][best]
    assert sum(kept.plot("histogram").data[0].y) == kept.n_scored
    one = kept.plot("breakdown", accounts=[best]).data
    assert sum(trace.x[0] for trace in one) == pytest.approx(kept.score[0])
    for what in ("communities", "flows", "activity", "histogram"):
        assert kept.plot(what).to_json() == scores.plot(what).to_json()
    with pytest.raises(ParameterError, match="account must be one whose activity is known"):
        kept.plot("activity", account="nobody")


def test_trend_lines(tmp_path, town):
    pytest.importorskip("plotly")
    first = sr.score(town.graph, town.events, until="2026-03-20", n_replicates=20, rng=7)
    sr.score(town.graph, town.events, n_replicates=None, rng=7).save(tmp_path)  # of another scale
    first.save(tmp_path)
    later = sr.score(town.graph, town.events, reference=first.reference, n_replicates=20, rng=7)
    sr.score(town.graph, town.events, reference=first.reference, n_replicates=None, rng=8).save(tmp_path)
    later.save(tmp_path)  # of the same time as the one before: it counts
    names = [row.account for row in later.top(9)]
    past = sr.history(tmp_path, names)
    lines = past.plot(theme="dark").data
    assert [line.name for line in lines] == names[:7]
    for line in lines:
        ends = [(found.score[i], found.intervals.score[0][i], found.intervals.score[1][i]) for found, i in
                ((found, found.ids.position(line.name)) for found in (first, later))]  # fmt: skip
        assert list(line.y) == pytest.approx([score for score, *_ in ends])
        assert [y - a for y, a in zip(line.y, line.error_y.arrayminus, strict=True)] == pytest.approx(
            [e[1] for e in ends]
        )
        assert [y + a for y, a in zip(line.y, line.error_y.array, strict=True)] == pytest.approx([e[2] for e in ends])
        assert [time[:7] for time in line.x] == ["2026-03", "2026-03"]
    assert len({line.marker.symbol for line in lines}) == len({line.line.color for line in lines}) == 7
    assert "2 more of another scale or the same time are left out" in past.plot().layout.title.text
    assert [line.name for line in past.plot(accounts=[names[8]]).data] == [names[8]]
    assert past._repr_html_().startswith("<table>")
    for wrong, told in ((sr.history(tmp_path), "name them"), (past, "must be among those")):
        with pytest.raises(ParameterError, match=told):
            wrong.plot(accounts=["nobody"])


def test_figures_as_data(tmp_path, scores, results):
    pytest.importorskip("plotly")
    kept = sr.load_scores(scores.save(tmp_path))
    past, best = sr.history(tmp_path, [str(kept.ids[0])]), str(kept.ids[0])
    seeds = results["seeds"]
    plan = {
        "seeds": [{"account": a, "marginal_gain": g} for a, g in zip(seeds.seeds, seeds.marginal_gains, strict=True)],
        "spread": seeds.spread, "lower_bound": seeds.lower_bound, "upper_bound": seeds.upper_bound,
        "curve": [{"k": 6, "spread": seeds.spread, "low": seeds.interval[0], "high": seeds.interval[1]}],
        "params": {"method": "opim"},
    }  # fmt: skip
    for name in FIGURE_NAMES:
        for theme, account in (("light", None), ("dark", best)):
            told = json.loads(json.dumps(figure_data(kept, name, theme=theme, account=account, past=past, plan=plan)))
            assert set(told) == {"data", "layout", "table", "title", "caption"}
            assert told["data"]
            assert not any(trace["type"].endswith("gl") for trace in told["data"])
            assert {"title", "width"}.isdisjoint(told["layout"])
            assert told["layout"]["height"] >= 200
            assert (told["layout"]["paper_bgcolor"] == "#ffffff") == (theme == "light")
            assert len(told["title"]) > 8
            assert "<" not in told["title"] + told["caption"]
            assert all(len(row) == len(told["table"]["head"]) for row in told["table"]["rows"])
            assert told["table"]["rows"]
    board = figure_data(kept, "leaderboard", k=5)["table"]
    assert [row[1] for row in board["rows"]] == [row.account for row in kept.top(5)]
    drawn = figure_data(kept, "seeds", plan=plan)
    assert json.loads(seeds.plot().to_json())["data"] == drawn["data"]
    for name, match in (("pie", "figure must be one of"), ("trend", "needs a history"), ("seeds", "needs a selection")):
        with pytest.raises(ParameterError, match=match):
            figure_data(kept, name)


def every_figure(results, town, scores, folder, kept=None, theme="light"):
    """A figure of each function that makes one, by the function's name; none of kept scores, where these are given."""
    import swayrank.report  # noqa: F401  figures register themselves
    from swayrank._render import _RENDERERS

    model = sr.IndependentCascade(town.graph, prob=0.03)
    skipped = set() if kept is None else {"KeptScores"}
    kept = sr.load_scores(scores.save(folder)) if kept is None else kept
    shown = {
        **{type(result).__name__: result for result in results.values()},
        "Correlations": sr.correlate([sr.in_degree(town.graph), sr.pagerank(town.graph), sr.k_core(town.graph)]),
        "History": sr.history(folder, [str(kept.ids[0])]),
        "KeptScores": kept,
    }
    spread = sr.simulate(model, town.graph.ids[3], n_runs=20, rng=7, playback=1)
    figures = {"cascade_playback": cascade_playback(spread, town.graph, theme=theme)}
    for (kind, what), function in _RENDERERS.items():
        if what != "html" and kind in shown and kind not in skipped:
            figures[f"{kind}.{function.__name__}"] = function(shown[kind], theme=theme)
    return figures, {kind for kind, what in _RENDERERS if what != "html"} - set(shown)


def test_every_figure_carries_its_table(results, town, scores, tmp_path):
    pytest.importorskip("plotly")
    figures, missing = every_figure(results, town, scores, tmp_path)
    assert missing == {"Calibration", "ReachCalibration"}, "whose figures tests/test_calibrate_command.py makes"
    assert len(figures) >= 19
    for name, figure in figures.items():
        told = json.loads(figure.to_json())["layout"]["meta"]["table"]
        assert told["rows"], name
        assert all(len(row) == len(told["head"]) for row in told["rows"]), name
        assert all(isinstance(cell, str | int | float | None) for row in told["rows"] for cell in row), name
    found, best = results["backtest"], scores.top(1)[0]
    assert [row[0] for row in table_of(figures["Backtest.metrics_figure"]).rows] == list(found.names)
    assert table_of(figures["Backtest.metrics_figure"]).rows[0][1] == found.value(found.names[0], found.main_metrics[0])
    assert [row[0] for row in table_of(figures["Backtest.removal_figure"]).rows] == list(found.names)
    assert table_of(figures["Scores.network_map"]).rows[0][:2] == [best.account, best.score]
    assert sum(row[2] for row in table_of(figures["Spread.distribution"]).rows) == results["spread"].n_runs


def test_every_figure_has_a_dark_side(results, town, scores, tmp_path):
    """The same is shown, on dark paper with light letters; and no letter has a colour of its own that is lost there."""
    pytest.importorskip("plotly")
    light, dark = (every_figure(results, town, scores, tmp_path / theme, theme=theme)[0] for theme in ("light", "dark"))
    for name, figure in dark.items():
        layout = figure.layout
        assert (layout.paper_bgcolor, light[name].layout.paper_bgcolor) == ("#14171a", "#ffffff"), name
        assert _contrast(layout.font.color, layout.paper_bgcolor) > 7, name
        assert layout.title.text == light[name].layout.title.text, name
        assert table_of(figure).head == table_of(light[name]).head, name
        beside = [one for one in layout.annotations if one.xref == "paper" or one.yref == "paper"]
        for one in (one for one in beside if one.font.color):
            assert _contrast(one.font.color, one.bgcolor or layout.paper_bgcolor) > 4.5, f"{name}: {one.text}"


def _contrast(one, other):
    """Of two colours as #rrggbb, by WCAG's formula."""

    def light(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.05 + 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    return max(light(one), light(other)) / min(light(one), light(other))


def test_figures_are_written_with_their_tables(tmp_path, scores):
    go = pytest.importorskip("plotly.graph_objects")
    figure = scores.plot("breakdown", k=3)
    page = sr.write_figure(figure, tmp_path / "one.html").read_text(encoding="utf-8")
    tail = page[page.rindex("<details>") :]
    assert tail.count("<tr>") == 4
    assert all(row.account in tail for row in scores.top(3))
    assert page.startswith('<!doctype html><html lang="en">')
    assert page == sr.write_figure(figure, tmp_path / "two.html").read_text(encoding="utf-8")
    with pytest.raises(ParameterError, match=r"must end in \.html"):
        sr.write_figure(figure, tmp_path / "one.gif")
    with pytest.raises(ParameterError, match="which carry a table"):
        sr.write_figure(go.Figure(), tmp_path / "one.html")


def test_a_figure_on_a_page_is_as_wide_as_the_window(tmp_path, town):
    """A phone sees the title, and the legend below the map, without scrolling sideways."""
    pytest.importorskip("plotly")
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium")
    page = write_figure(network_map(town.graph, max_arcs=50), tmp_path / "map.html")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in (375, 900):
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.goto(page.as_uri())
            tab.wait_for_selector(".legend .traces")
            inside = "document.querySelector('.legend').getBoundingClientRect().right <= innerWidth"
            tab.wait_for_function(inside, timeout=10_000)
            box = tab.locator(".legend").bounding_box()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 900
            assert tab.locator("h1").inner_text().startswith("Who follows whom")
        browser.close()


def test_the_page_of_the_service_has_the_same_colours():
    source = (Path(sr.__file__).parent / "service" / "page" / "colours.js").read_text(encoding="utf-8")
    found = re.search(r"export const PALETTE = (\[.*?\]);", source, flags=re.DOTALL)
    assert found is not None
    assert tuple(json.loads(found[1])) == PALETTE


# -- the map -----------------------------------------------------------------------------------------------------------


def test_backbone(town, scores):
    graph = town.graph
    shown = map_of(scores, max_nodes=40, max_arcs=60)
    assert shown.accounts == [row.account for row in scores.top(40)]
    assert shown.size.tolist() == [row.score for row in scores.top(40)]
    names = [(shown.accounts[u], shown.accounts[v]) for u, v in shown.arcs]
    u, v = graph.edges()
    among = {(graph.ids[a], graph.ids[b]) for a, b in zip(u, v, strict=True)}
    among = {(a, b) for a, b in among if a in set(shown.accounts) and b in set(shown.accounts)}
    assert len(names) == len(set(names)) == 60
    assert set(names) <= among
    assert len(among) == shown.n_arcs_among
    followers = {a for a, _ in among}
    assert {a for a, _ in names[: len(followers)]} == followers, "everybody's strongest arc comes first"
    table = shown.to_frame()
    assert list(table.columns) == ["account", "x", "y", "score", "followers", "community", *scores.parts]
    assert table["community"].tolist() == [
        sr.communities(graph, method="label_propagation").community(account) for account in shown.accounts
    ]
    whole = backbone(graph, max_nodes=300, max_arcs=10**6)
    assert whole.followers.tolist() == sorted(graph.in_degree.tolist(), reverse=True)
    assert len(whole.arcs) == graph.n_edges
    assert "300 accounts" in whole.title
    assert "40 of 300 accounts" in shown.title


def test_strong_arcs_are_kept():
    """Of what a follows, the heaviest; of two followers with one arc each, both."""
    arcs = [("a", "b", 1.0), ("a", "c", 5.0), ("a", "d", 2.0), ("b", "d", 0.1)]
    graph = sr.Graph.from_edges(*zip(*[arc[:2] for arc in arcs], strict=True), weight=[arc[2] for arc in arcs])
    shown = backbone(graph, max_arcs=3)
    assert [(shown.accounts[u], shown.accounts[v]) for u, v in shown.arcs] == [("b", "d"), ("a", "c"), ("a", "d")]


def test_the_map_shows_communities_and_names(town, scores):
    pytest.importorskip("plotly")
    shown = map_of(scores, max_nodes=100)
    figure = network_map(shown)
    arcs, *groups = figure.data
    assert (arcs.type, {trace.type for trace in groups}) == ("scatter", {"scattergl"})
    assert np.isnan(np.asarray(arcs.x, float)).sum() == len(shown.arcs)
    assert sum(trace.x.size for trace in groups) == 100
    assert {trace.marker.color for trace in groups} <= {*PALETTE, "#9a9a9a"}
    assert {note.text for note in figure.layout.annotations} <= set(shown.accounts[:20])
    assert len(figure.layout.annotations) >= 10
    best = next(text for trace in groups for text in trace.hovertext if f"<b>{shown.accounts[0]}</b>" in text)
    assert all(f"{part} " in best for part in ("score", "reach", "resonance", "spread"))
    assert not network_map(shown, n_labels=0).layout.annotations


def test_a_map_sized_and_coloured_by_measures(town, scores):
    pytest.importorskip("plotly")
    graph, ids = town.graph, list(town.graph.ids)
    rank, core = sr.pagerank(graph), sr.k_core(graph)
    wanted = [ids[5], ids[250]]
    figure = network_map(graph, size=rank, color=core, labels=wanted, max_arcs=50)
    (dots,) = figure.data[1:]
    names = [re.match("<b>(.*?)</b>", text)[1] for text in dots.hovertext]
    assert np.asarray(dots.marker.color).tolist() == [core.value(name) for name in names]
    areas = np.square(np.asarray(dots.marker.size) - 3)
    shares = np.array([rank.value(name) for name in names]) / rank.values.max()
    assert areas / areas.max() == pytest.approx(shares)
    assert dots.marker.colorbar.title.text == "k core"
    assert sorted(note.text for note in figure.layout.annotations) == sorted(wanted)
    assert "area of a dot: pagerank; colours: k core" in figure.layout.title.text
    told = table_of(figure)
    assert told.head == ["account", "followers", "community", "size: pagerank", "color: k core"]
    assert all(row[3:] == [rank.value(row[0]), core.value(row[0])] for row in told.rows)
    shown = backbone(graph, max_nodes=40)
    values = np.arange(300.0) + 1
    for given in (values, dict(zip(ids, values, strict=True))):
        rows = table_of(network_map(shown, color=given)).rows
        assert [row[3] for row in rows] == [values[ids.index(row[0])] for row in rows]
    assert table_of(network_map(scores, color=values, max_nodes=9)).head[-1] == "color"
    grey, some = network_map(shown, color={shown.accounts[0]: 2.0, shown.accounts[1]: 5.0}).data[1:]
    assert (grey.name, len(some.x)) == ("no number (38)", 2)
    steep = {account: 10.0 ** min(k, 3) for k, account in enumerate(shown.accounts[::-1])}
    assert network_map(shown, color=steep).data[1].marker.colorbar.title.text == "color"
    steep = {account: 10.0 ** max(k - 36, 0) for k, account in enumerate(shown.accounts)}
    assert network_map(shown, color=steep).data[1].marker.colorbar.title.text == "color (logarithmic)"
    assert network_map(shown, size=steep, n_labels=1).layout.annotations[0].text == shown.accounts[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": [1.0] * 7}, r"size must have 300 numbers, one per account, got the shape \(7,\)"),
        ({"size": [-3.0] * 300}, "size is shown by areas, so no number may be below 0, got -3; color= can show it"),
        ({"color": "pagerank"}, "color must be a colour as pages know it .*, or a measure or numbers, got 'pagerank'"),
        ({"color": "hsl(1,2%,3%)"}, "color must be a colour as pages know it"),
        ({"color": ["red"] * 3}, "color must have 300 colours, one per account, got 3"),
        ({"color": {"nobody": "red"}}, "no account has the id 'nobody'"),
        ({"color": [("a", 1)] * 300}, "color must be a Measure, or one number for each account"),
        (
            {"color": sr.communities(sr.Graph.from_edges([0], [1]), method="label_propagation")},
            "color must be communities of the accounts on the map",
        ),
        ({"pos": [[0.0, 1.0]]}, r"pos must be a mapping of accounts to \(x, y\), or an array of the shape \(300, 2\)"),
        ({"pos": {"nobody": (0, 1)}}, "pos must have a place for every account on the map"),
        ({"pos": np.full((300, 2), np.nan)}, "pos must hold finite numbers"),
        ({"labels": 5}, "labels must be a list of accounts to name, a mapping of accounts to texts, or True or False"),
        ({"color": [np.inf] * 300}, "color must hold finite numbers"),
        ({"color": {"nobody": 1.0}}, "no account has the id 'nobody'"),
        ({"color": sr.in_degree(sr.Graph.from_edges([0], [1]))}, "in_degree has no number for"),
        ({"labels": "ada"}, "labels must be a list of accounts to name, a mapping .*, got a str"),
        ({"labels": ["nobody"]}, "no account has the id 'nobody'"),
        ({"labels": map(str, range(300))}, "labels must name at most 200 accounts, got 300"),
    ],
)
def test_what_a_map_cannot_be_sized_or_coloured_by(town, options, message):
    pytest.importorskip("plotly")
    with pytest.raises((ParameterError, UnknownAccountError), match=message):
        network_map(town.graph, max_nodes=20, max_arcs=5, **options)


def karate():
    networkx = pytest.importorskip("networkx")
    return sr.Graph.from_networkx(networkx.karate_club_graph())


def test_a_map_is_drawn_as_one_would_with_networkx():
    """Places, colours and texts of the caller's own, each by account."""
    pytest.importorskip("plotly")
    graph = karate()
    ids = list(graph.ids)
    places = {account: (3 * k, 100 - k % 5) for k, account in enumerate(ids)}
    shades = ["red" if k % 3 else "#0000ff" for k in range(len(ids))]
    for pos, color in ((places, shades), (np.array([places[i] for i in ids]), dict(zip(ids, shades, strict=True)))):
        _, dots = network_map(graph, pos=pos, color=color, labels={ids[3]: "Trois", ids[30]: "<b>"}).data
        names = [int(re.match("<b>(.*?)</b>", text)[1]) for text in dots.hovertext]
        assert dots.x == pytest.approx([(places[i][0] - 49.5) / 49.5 for i in names], abs=1e-6)
        assert dots.y == pytest.approx([(places[i][1] - 98) / 49.5 for i in names], abs=1e-6)
        assert list(dots.marker.color) == [shades[ids.index(i)] for i in names]
    figure = network_map(graph, labels={ids[3]: "Trois", ids[30]: "<b>"}, color="Red")
    assert sorted(note.text for note in figure.layout.annotations) == ["&lt;b&gt;", "Trois"]
    assert set(figure.data[1].marker.color) == {"red"}
    assert "colours: as given" in figure.layout.title.text
    assert not network_map(graph, labels=False).layout.annotations
    assert len(network_map(graph, labels=True).layout.annotations) > 20
    halves = sr.Communities(np.arange(34) % 2, np.array([17, 17]), graph.ids, np.nan, {})
    told = [trace.name for trace in network_map(graph, color=halves).data[1:]]
    assert [name.partition(":")[0] for name in told] == ["0", "1"]
    assert all("(17)" in name for name in told)


def test_a_map_of_an_undirected_graph_speaks_of_neighbours():
    pytest.importorskip("plotly")
    graph = karate()
    shown = backbone(graph)
    assert shown.title == "Who is connected with whom: 34 accounts"
    assert shown.caption.startswith("all 78 edges among them; area of a dot: number of neighbours")
    assert len(shown.arcs) == len({tuple(sorted(pair)) for pair in shown.arcs.tolist()}) == 78
    assert backbone(graph, max_nodes=9).title.startswith("Who is connected with whom: the most connected")
    assert "followers" not in str(network_map(graph).to_dict())
    assert "neighbours" in shown.to_frame().columns


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"node_color": "red"}, "node_color is networkx's name: color= says it here"),
        ({"node_size": 30}, "node_size is networkx's name: size= says it here"),
        ({"with_labels": True}, "with_labels is networkx's name: labels= says it here"),
        ({"colour": "red"}, "colour is nothing that a map takes; it takes max_nodes, "),
    ],
)
def test_names_of_other_libraries_are_told_apart(options, message):
    pytest.importorskip("plotly")
    with pytest.raises(ParameterError, match=message):
        draw(sr.Graph.from_edges([0], [1]), **options)


def test_graphs_of_other_libraries_are_refused_with_the_cure():
    networkx = pytest.importorskip("networkx")
    with pytest.raises(ParameterError, match=r"make one with Graph.from_networkx\(...\)"):
        draw(networkx.path_graph(3))


def test_the_legend_of_a_map_on_ones_own_axes_covers_no_dot():
    plt = pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip("plotly")
    figure, ax = plt.subplots()
    draw(karate(), ax=ax)
    figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    dots = np.concatenate([ax.transData.transform(one.get_offsets()) for one in ax.collections[1:]])
    assert len(dots) == 34
    assert len(ax.texts) > 5, "names that have room are there"
    assert not any(box.padded(3).contains(x, y) for x, y in dots)
    assert figure.bbox.contains(box.x0, box.y0)
    assert figure.bbox.contains(box.x1 - 1, box.y1 - 1)
    plt.close(figure)


def test_a_map_coloured_by_numbers_is_drawn_on_paper(town):
    mpl = pytest.importorskip("matplotlib")
    degree = sr.in_degree(town.graph)
    shown = backbone(town.graph, max_nodes=30, max_arcs=5)
    with pytest.raises(ParameterError, match="is not among the 30 shown; raise max_nodes"):
        network_map(shown, labels=list(town.graph.ids)[:200])
    for theme in ("light", "dark"):
        page = draw(shown, color=degree, labels=[], theme=theme)
        _, dots = page.axes[0].collections
        (bar,) = page.axes[0].child_axes
        assert bar.get_ylabel() == "in degree"
        shades = {mpl.colors.to_hex(shade) for shade in dots.get_facecolors()}
        known = set(map(degree.value, shown.accounts))
        assert 5 < len(shades) <= len(known)
        assert bar.get_ylim() == (min(known), max(known))


def test_many_communities_share_the_grey(monkeypatch):
    pytest.importorskip("plotly")
    u, v = np.nonzero(np.kron(np.eye(12), 1 - np.eye(4)))
    shown = backbone(sr.Graph.from_edges(u, v, n_nodes=50))
    assert (shown.colour == REST).sum() == 50 - 4 * len(PALETTE)
    assert [trace.name for trace in network_map(shown).data][1:3] == ["all others (22)", "0: around 0 (4)"]
    assert "7 of 12 communities" in shown.caption


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_static_maps(tmp_path, town, suffix, theme):
    pytest.importorskip("matplotlib")
    path = draw(town.graph, tmp_path / f"map{suffix}", max_nodes=60, theme=theme)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")
    assert len(content) > 10_000
    again = draw(town.graph, tmp_path / f"again{suffix}", max_nodes=60, theme=theme)
    assert again.read_bytes() == content
    if suffix == ".svg":
        assert b"60 of 300 accounts" in content
    with pytest.raises(ParameterError, match=r"must end in .png, .svg or .pdf, got 'map.jpg'"):
        draw(town.graph, tmp_path / "map.jpg")


@pytest.mark.parametrize(
    "graph",
    [
        sr.Graph.from_edges([], [], n_nodes=0),
        sr.Graph.from_edges([], [], n_nodes=1),
        sr.Graph.from_edges([0], [0], n_nodes=3, self_loops="keep"),
        sr.Graph.from_edges([0], [1], weight=[0.0]),
    ],
    ids=["empty", "one", "loop", "weightless"],
)
def test_small_graphs_have_maps(graph):
    pytest.importorskip("plotly")
    pytest.importorskip("matplotlib")
    assert graph.plot().layout.title.text.startswith("Who follows whom")
    assert draw(graph).axes
    assert graph._repr_html_().startswith("<table>")


def test_playback(town, model):
    pytest.importorskip("plotly")
    graph = town.graph
    spread = sr.simulate(model, seeds=[graph.ids[3], graph.ids[9]], n_runs=10, rng=7, playback=3)
    run = max(range(3), key=lambda r: spread.playback[r].max())
    figure = cascade_playback(spread, graph, run=run)
    steps = spread.playback[run]
    assert len(figure.frames) == steps.max() + 1 >= 3
    for k, shot in enumerate(figure.frames):
        later, before, now = (trace.x.size for trace in shot.data)
        assert (before, now) == (np.sum((steps >= 0) & (steps < k)), np.sum(steps == k))
        assert later + before + now == 300
        assert f"{before + now} of 300 accounts active so far, {now} of them new" in shot.layout.title.text
    assert set(figure.data[2].hovertext) == set(spread.seeds)
    assert [one.label for one in figure.layout.updatemenus[0].buttons] == ["play", "pause"]
    small = cascade_playback(spread, graph, run=run, shown=backbone(graph, max_nodes=20), theme="dark")
    assert sum(trace.x.size for trace in small.data) == 20
    assert "the map shows 20 of them" in small.layout.title.text
    with pytest.raises(ParameterError, match="run must be an integer in"):
        cascade_playback(spread, graph, run=3)
    with pytest.raises(ParameterError, match="kept no run"):
        cascade_playback(sr.simulate(model, graph.ids[3], n_runs=2, rng=7), graph)
    with pytest.raises(ParameterError, match="the one simulated on"):
        cascade_playback(spread, sr.Graph.from_edges([0], [1]))


def test_a_page_of_a_playback_tells_what_changes_once_and_waits_to_be_played(town, model, tmp_path):
    pytest.importorskip("plotly")
    spread = sr.simulate(model, seeds=[town.graph.ids[3]], n_runs=10, rng=7, playback=1)
    figure = cascade_playback(spread, town.graph)
    page = sr.write_figure(figure, tmp_path / "cascade.html").read_text(encoding="utf-8")
    head = re.search(r"<h1>(.*?)</h1><p>(.*?)</p>", page)
    assert head[1] == "A cascade from 1 seed, run 1"
    assert head[2] == f"{np.sum(spread.playback[0] >= 0)} of 300 accounts active in the end"
    drawn = page[page.index("</p>") : page.rindex("<details>")]
    assert f'"text":"{head[1]}' not in drawn
    assert drawn.count("accounts active so far") == len(figure.frames) + 1
    script = drawn[drawn.rindex("Plotly.newPlot") :]
    assert "Plotly.animate" not in script, "nothing moves by itself"
    assert "Plotly.addFrames" in script
    assert figure.frames[0].layout.title.text.startswith("A cascade"), "the figure itself stays as it was"


def test_a_heat_map_is_no_wider_than_its_cells(results):
    pytest.importorskip("plotly")
    figure = results["graph"]
    ranks = {"a": sr.in_degree(figure), "b": sr.pagerank(figure)}
    layout = sr.correlate(ranks).plot().layout
    assert (layout.xaxis.constrain, layout.yaxis.constrain) == ("domain", "domain")


def test_playback_of_an_epidemic(town):
    pytest.importorskip("plotly")
    graph = town.graph
    sir = sr.SIR(graph, transmission_rate=0.2, recovery_rate=1.0)
    spread = sr.simulate(sir, seeds=list(graph.ids)[:3], n_runs=2, rng=7, playback=1)
    times = spread.playback[0]
    ever = np.isfinite(times)
    figure = cascade_playback(spread, graph)
    assert ever.sum() > 30
    assert len(figure.frames) == 60
    end = times[ever].max()
    for k, shot in enumerate(figure.frames):
        by_then = np.sum(times <= end * k / 59 * (1 + 1e-12))
        assert shot.data[1].x.size + shot.data[2].x.size == by_then
    assert figure.layout.sliders[0].currentvalue.prefix == "time "


def test_results_of_nothing():
    """Nobody has a number or a score: there is a figure, and it is empty; the seed of nobody reaches itself."""
    pytest.importorskip("plotly")
    empty = sr.Graph.from_edges([], [], n_nodes=0)
    alone = sr.Graph.from_edges([], [], n_nodes=2)
    assert len(sr.in_degree(empty).plot().data[0].x) == 0
    nobody = sr.score(alone, rng=7)
    assert nobody.n_scored == 0
    assert len(nobody.plot().data[0].x) == 0
    assert all(len(trace.x) == 0 for trace in nobody.plot("breakdown").data)
    seeds = sr.select_seeds(sr.IndependentCascade(alone, prob=0.5), k=1, rng=7)
    assert seeds.plot().data[0].y == pytest.approx([1.0], rel=0.05)
    for result in (sr.in_degree(empty), nobody, seeds):
        assert result._repr_html_().startswith("<table>")


# -- strangers ---------------------------------------------------------------------------------------------------------


def test_hostile_names_are_inert(tmp_path):
    pytest.importorskip("plotly")
    pytest.importorskip("matplotlib")
    n = len(HOSTILE)
    u, v = np.nonzero(1 - np.eye(n))
    graph = sr.Graph.from_edges(u, v, ids=HOSTILE)
    scores = sr.score(graph, rng=7)
    model = sr.IndependentCascade(graph, prob=0.3)
    seeds = sr.select_seeds(model, k=n, rng=7)
    spread = sr.simulate(model, HOSTILE[:2], n_runs=20, rng=7)
    shown = [graph, sr.pagerank(graph), scores, seeds, spread]
    for page in (result._repr_html_() for result in shown):
        tags = set(re.findall(r"</?([a-z]+)", page))
        assert tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", page)
    figures = [result.plot() for result in shown] + [
        scores.plot("breakdown"),
        scores.plot("map"),
    ]
    for figure in figures:
        texts = list(_texts(json.loads(figure.to_json())))
        tags = {tag for text in texts for tag in re.findall(r"</?([a-z]+)", text)}
        assert tags <= {"b", "br", "sub", "extra"}
        assert not any("href" in text and "$" in text for text in texts), "no formula for MathJax"
        assert not any("%{x}" in text for text in texts), "no template that plotly fills in"
        assert figure is figures[4] or any(HOSTILE[0] in row for row in table_of(figure).rows), "a table is data"
        page = sr.write_figure(figure, tmp_path / "figure.html").read_text(encoding="utf-8")
        tags = set(re.findall(r"</?([a-z]+)", page[page.rindex("<details>") :]))
        assert tags <= {"details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "body", "html"}
    assert any("&lt;script&gt;" in text for text in _texts(json.loads(figures[0].to_json())))
    svg = draw(graph, tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "<script" not in svg
    assert "\u202e" not in svg


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        value = {key: inner for key, inner in value.items() if key not in ("template", "meta")}
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def test_missing_libraries_are_named(monkeypatch, results):
    for name in ("plotly", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("matplotlib.figure", "matplotlib.backends.backend_agg"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name, options in FIGURES:
        with pytest.raises(MissingDependencyError, match=r'pip install "swayrank\[notebook\]"'):
            results[name].plot(**options)
    with pytest.raises(MissingDependencyError, match=r'pip install "swayrank\[notebook\]"'):
        draw(results["graph"])
    assert results["graph"]._repr_html_()


def test_wrong_parameters(results):
    pytest.importorskip("plotly")
    for result, options, message in [
        (
            "scores",
            {"what": "pie"},
            r"what must be one of \['activity', 'breakdown', 'communities', .*'map'\] for Scores",
        ),
        ("spread", {"what": "pie"}, "what must be one of"),
        ("measure", {"k": 0}, "k must be an integer"),
        ("graph", {"theme": "pink"}, "theme must be one of 'light', 'dark', got 'pink'"),
        ("graph", {"max_nodes": 0}, "max_nodes must be"),
    ]:
        with pytest.raises(ParameterError, match=message):
            results[result].plot(**options)
    with pytest.raises(ParameterError, match="backbone needs a Graph, got a list"):
        backbone([1])
