"""Figures for paper: every figure of ours, with what it shows, readable, the same bytes; names are inert."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import swayrank as sr
from swayrank.errors import InputError, MissingDependencyError, ParameterError, SwayrankWarning
from swayrank.report.canvas import table_of
from swayrank.report.files import draw, write_figure, write_table
from swayrank.report.playback import cascade_playback
from swayrank.report.run_figures import write_figures
from swayrank.report.static import static
from swayrank.report.static_traces import words
from tests.test_backtest import made
from tests.test_figures import HOSTILE, every_figure

mpl = pytest.importorskip("matplotlib")
go = pytest.importorskip("plotly.graph_objects")

NASTY = [*HOSTILE, "_hidden", r"$\frac{a", "a\ufffeb", "粗体 naïve", "\U0001f600", "x" * 200, "&lt;b&gt;", "0"]


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=150, rng=7)


@pytest.fixture(scope="module")
def scores(town):
    return sr.score(town.graph, town.events, n_replicates=30, rng=7)


@pytest.fixture(scope="module")
def model(town):
    return sr.IndependentCascade(town.graph, prob=0.05)


@pytest.fixture(scope="module")
def results(town, scores, model):
    seeds, draws = sr.select_seeds(model, k=6, rng=7), np.random.default_rng(1)
    truth = draws.poisson(2.0, 60).astype(float)
    return {
        "graph": town.graph, "measure": sr.spread(model, n_samples=1000, rng=7), "scores": scores, "seeds": seeds,
        "spread": sr.simulate(model, seeds=seeds.seeds[0], n_runs=200, rng=7),
        "backtest": made({name: draws.normal(size=60) for name in ("balanced", "followers", "h_index")}, truth),
    }  # fmt: skip


@pytest.fixture(scope="module")
def runs(town, scores, tmp_path_factory):
    """A folder of two kept runs."""
    folder = tmp_path_factory.mktemp("runs")
    earlier = sr.score(town.graph, town.events, until="2026-03-20", reference=scores.reference, n_replicates=20, rng=7)
    earlier.save(folder)
    scores.save(folder)
    return folder


@pytest.fixture(scope="module")
def figures(results, town, scores, model, runs):
    """A figure of every function of ours that makes one, by its name."""
    made, missing = every_figure(results, town, scores, runs, kept=sr.load_scores(runs))
    assert missing == {"Calibration", "ReachCalibration"}
    made["Calibration"] = sr.calibrate(town.graph, town.events, prob=0.05, n_replicates=5, rng=7).plot()
    made["History"] = sr.history(runs, [row.account for row in scores.top(7)]).plot()
    made["Scores.activity_of_one"] = scores.plot("activity", account=scores.top(1)[0].account)
    spread = sr.simulate(model, list(town.graph.ids)[:3], n_runs=9, rng=7, playback=9)
    run = int(np.argmax([one.max() for one in spread.playback]))
    made["cascade_playback"] = cascade_playback(spread, town.graph, run=run)
    return made


def texts_of(figure):
    """All texts that are drawn, with their boxes."""
    renderer = figure.canvas.get_renderer()
    found = figure.findobj(mpl.text.Text, include_self=False)
    axes = [axis for one in figure.axes for axis in (one.xaxis, one.yaxis) if not (axis.get_visible() and one.axison)]
    hidden = [text for axis in axes for text in axis.findobj(mpl.text.Text)]
    shown = [text for text in dict.fromkeys(found) if text.get_visible() and text.get_text().strip()]
    return [(text, text.get_window_extent(renderer)) for text in shown if not any(text is one for one in hidden)]


def shown_ticks(axis):
    """A tick's label is kept beyond the ends of its axis, and not drawn."""
    low, high = sorted(axis.get_view_interval())
    return {id(tick.label1): low <= tick.get_loc() <= high for tick in axis.get_major_ticks()} | {
        id(tick.label2): low <= tick.get_loc() <= high for tick in axis.get_major_ticks()
    }


def readable(name, figure, width, dpi=None, apart=-1):
    """All texts, after a check that none lies beyond the paper, or on another."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = static(figure, width=width, dpi=dpi)
        drawn.draw_without_rendering()
    assert drawn.get_figwidth() == width
    on_paper = drawn.bbox.padded(1)
    off = {k: v for axes in drawn.axes for axis in (axes.xaxis, axes.yaxis) for k, v in shown_ticks(axis).items()}
    boxes = [(text, box) for text, box in texts_of(drawn) if off.get(id(text), True)]
    for text, box in boxes:
        assert on_paper.contains(box.x0, box.y0), (name, text)
        assert on_paper.contains(box.x1, box.y1), (name, text)
    level = [(text, box.padded(apart)) for text, box in boxes if text.get_rotation() in (0, 90)]
    for (one, a), (other, b) in itertools.combinations(level, 2):
        assert not a.overlaps(b), (name, one, other)
    return boxes


@pytest.mark.parametrize("width", [3.4, 5.0, 7.0])
def test_panels_of_a_backtest_have_room_for_their_names(width):
    draws = np.random.default_rng(1)
    names = ("balanced", "followers", "past_engagement", "past_reposts", "h_index", "pagerank", "random")
    truth = draws.poisson(2.0, 100).astype(float)
    found = made({name: draws.normal(size=100) for name in names}, truth, k=100, n_replicates=20)
    told = [text.get_text() for text, _ in readable("metrics", found.plot(), width, dpi=80, apart=0)]
    assert set(found.main_metrics) <= set(told)
    assert all(told.count(name) == 3 for name in names)
    apart = {round(axes.get_position().x0, 3) for axes in static(found.plot(), width=width).axes}
    assert len(apart) == (3 if width == 7.0 else 1)


@pytest.mark.parametrize("width", [7.0, 3.4])
def test_every_figure_is_drawn_and_can_be_read(figures, width):
    """Title, names of axes and of what is drawn are there."""
    for name, figure in figures.items():
        if width == 7.0 and ("map" in name or "playback" in name or "of_one" in name):
            continue  # these are as wide as they are high
        boxes = readable(name, figure, width)
        told = " ".join(text.get_text().replace("\n", " ") for text, _ in boxes)
        title = words(figure.layout.title.text).split("\n")[0]
        assert title in told, name
        for axis in (figure.layout[key] for key in figure.layout if key.startswith(("xaxis", "yaxis"))):
            assert words(axis.title.text or "") in told, name
        if len(figure.data) > 1 and "map" not in name:
            named = [t.name for t in figure.data if t.name and t.showlegend is not False and len(t.x)]
            assert all(words(one) in told for one in named), name


def test_what_is_drawn_is_what_is_shown(figures, scores, results):
    best = scores.top(20)
    axes = static(figures["Scores.leaderboard"]).axes[0]
    marks, bars = axes.collections
    assert sorted(marks.get_offsets()[:, 0], reverse=True) == [row.score for row in best]
    ends = sorted(sorted(path.vertices[:, 0]) for path in bars.get_paths())
    assert np.ravel(ends) == pytest.approx(np.ravel(sorted(list(row.interval) for row in best)))
    assert [label.get_text() for label in axes.get_yticklabels()][::-1] == [f"{r.rank}. {r.account}" for r in best]
    axes = static(figures["Scores.breakdown"]).axes[0]
    assert [part.get_label() for part in axes.get_legend().legend_handles]
    ends = [max(p.get_x() + p.get_width() for p in axes.patches[k :: len(best)]) for k in range(len(best))]
    assert ends[::-1] == pytest.approx([row.score for row in best])
    (cells,) = static(figures["Scores.attention_flows"]).axes[0].collections
    assert np.array(cells.get_array()) == pytest.approx(np.array(figures["Scores.attention_flows"].data[0].z))
    heat = static(figures["Correlations.heatmap"]).axes[0]
    assert heat.yaxis.get_inverted()
    assert (heat.collections[0].norm.vmin, heat.collections[0].norm.vmax) == (-1, 1)
    above, below = static(figures["SeedSet.curve"]).axes
    assert above.lines[0].get_ydata().tolist() == results["seeds"].curve.tolist()
    levels = [line.get_ydata()[0] for line in above.lines if len(line.get_ydata()) == 2]
    assert levels == [results["seeds"].lower_bound, results["seeds"].upper_bound]
    assert [bar.get_height() for bar in below.patches] == results["seeds"].marginal_gains.tolist()
    curve = static(figures["Calibration"]).axes[0]
    assert (curve.get_xscale(), curve.get_yscale()) == ("log", "log")
    assert curve.get_xlim() == pytest.approx([10**x for x in figures["Calibration"].layout.xaxis.range])
    activity, told = static(figures["Scores.engagement_over_time"]), table_of(figures["Scores.engagement_over_time"])
    heights = np.reshape([bar.get_height() for bar in activity.axes[0].patches], (-1, len(told.rows)))
    assert heights.sum(axis=0).tolist() == [sum(row[1:-1]) for row in told.rows]
    assert mpl.dates.num2date(activity.axes[0].patches[0].get_center()[0]).strftime("%Y-%m-%d") == told.rows[0][0]
    steps = static(figures["cascade_playback"]).axes
    assert steps[0].get_title() == "step 0"
    whole = static(figures["cascade_playback"]).texts[1].get_text()
    last = figures["cascade_playback"].frames[-1].layout.title.text
    active = last.partition("<br><sub>")[2].partition(" accounts")[0]
    assert f"{active} accounts active in the end" in whole
    assert "new" not in whole
    assert all(sum(len(group.get_offsets()) for group in axes.collections) == 150 for axes in steps)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.add_trace(go.Pie(values=[1])), "cannot show a pie trace"),
        (lambda f: f.add_trace(go.Scatter(x=[1], y=[1], fill="tozeroy")), "cannot show fill of a scatter trace"),
        (lambda f: f.add_trace(go.Scatter(x=[1], y=[1], mode="text")), "cannot show text of a scatter trace's mode"),
        (lambda f: f.update_traces(marker={"symbol": "hourglass"}), "cannot show the symbol 'hourglass'"),
        (lambda f: f.update_layout(images=[{"x": 1}]), "cannot show images of a layout"),
        (lambda f: f.update_xaxes(dtick=3), "cannot show dtick of an axis"),
        (lambda f: f.add_annotation(x=1, y=1, text="here"), "cannot show an annotation's arrow"),
        (lambda f: f.add_shape(type="circle", x0=0, x1=1, y0=0, y1=1), "cannot show type circle of a shape"),
        (lambda f: f.update_layout(meta=None), "which carry a table"),
    ],
)  # fmt: skip
def test_nothing_is_left_out_unseen(scores, change, message):
    figure = scores.plot(k=3)
    static(figure)
    change(figure)
    with pytest.raises(ParameterError, match=message):
        static(figure)


def test_names_are_text(tmp_path):
    u, v = np.nonzero(1 - np.eye(len(NASTY)))
    graph = sr.Graph.from_edges(u, v, ids=NASTY)
    scores = sr.score(graph, rng=7)
    model = sr.IndependentCascade(graph, prob=0.3)
    seeds = sr.select_seeds(model, k=len(NASTY), rng=7)
    both = {name: np.arange(4.0) for name in NASTY[:5]}
    shown = [
        scores.plot(),
        scores.plot("breakdown"),
        sr.pagerank(graph).plot(),
        seeds.plot(),
        sr.correlate(both).plot(),
    ]
    path = tmp_path / "names.svg"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in [*shown, graph.plot()]:
            write_figure(figure, path, width=3.4)
            assert "\u202e" not in "".join(ET.parse(path).getroot().itertext())
            assert "<script" not in path.read_text(encoding="utf-8")
        write_figure(shown[0], path)
        warnings.simplefilter("ignore", SwayrankWarning)  # which letters fonts have is another test's
        for ending in (".png", ".pdf"):
            write_figure(shown[0], path.with_suffix(ending), dpi=40)
    names = {"".join(text.itertext()) for text in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")}
    for name in ("<img src=x onerror=alert(1)>", "%{x}{{y}}", "_hidden", r"$\frac{a", r"a\ufffeb", "粗体 naïve", "=1+1",
                 r"line\nbreak\u202e", "&lt;b&gt;"):  # fmt: skip
        assert any(one.endswith(f". {name}") for one in names), name
    told = write_table(table_of(shown[0]), tmp_path / "names.csv").read_text(encoding="utf-8")
    assert '"\'=1+1"' in told


def test_files_are_the_same_bytes_whatever_the_user_set_up(tmp_path, figures):
    figure = figures["Scores.community_bars"]
    for ending in (".png", ".svg", ".pdf"):
        first = write_figure(figure, tmp_path / f"a{ending}").read_bytes()
        with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True, "savefig.bbox": "tight"}):
            before = dict(mpl.rcParams)
            assert write_figure(figure, tmp_path / f"b{ending}").read_bytes() == first
            assert dict(mpl.rcParams) == before
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"Date" not in pdf
    script = (
        "import sys, swayrank as sr; from plotly.io import from_json; "
        "sr.write_figure(from_json(open(sys.argv[1]).read()), sys.argv[2])"
    )
    (tmp_path / "figure.json").write_text(figure.to_json(), encoding="utf-8")
    words = [sys.executable, "-c", script, str(tmp_path / "figure.json"), str(tmp_path / "c.svg")]
    subprocess.run(words, check=True, timeout=300)
    assert (tmp_path / "c.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()


def test_dots_at_the_end_of_an_axis_are_whole(figures):
    board = figures["Scores.leaderboard"]
    assert board.data[0].cliponaxis is False
    assert [dots.get_clip_on() for dots in draw(board).axes[0].collections if dots.get_offsets().size > 2] == [False]


def test_sizes(tmp_path, scores, figures):
    path = draw(scores, tmp_path / "board.png", what="leaderboard", k=5, width=3.4, height=2.0, dpi=100)
    assert np.frombuffer(path.read_bytes()[16:24], ">u4").tolist() == [340, 200]
    upper = write_figure(figures["Scores.histogram"], tmp_path / "X.PNG", dpi=30)
    assert upper.read_bytes().startswith(b"\x89PNG")
    plain = draw(figures["Scores.histogram"], title=False)
    assert not plain.texts
    assert plain.get_figheight() < draw(figures["Scores.histogram"]).get_figheight()
    many = draw(scores, what="leaderboard", k=40)
    assert many.get_figheight() > 2 * draw(scores, what="leaderboard", k=10).get_figheight()


def test_a_figure_of_ones_own(results, figures):
    own = mpl.figure.Figure()
    left, right = own.subplots(1, 2)
    assert draw(results["graph"], ax=left, max_nodes=20) is own
    assert draw(results["spread"], ax=right) is own
    assert left.get_title(loc="left").startswith("Who follows whom")
    assert left.get_legend() is not None
    assert right.patches
    with pytest.raises(ParameterError, match="ax must be left out: this figure has 2 panels"):
        draw(figures["SeedSet.curve"], ax=right)
    with pytest.raises(ParameterError, match="path and ax do not go together"):
        draw(results["spread"], "x.png", ax=right)


def test_everything_that_plots_can_be_drawn(results):
    for result in (results["measure"], results["spread"], results["graph"].plot()):
        assert draw(result, width=5).axes
    foreign = pytest.importorskip("networkx").path_graph(3)
    for wrong, options, message in [
        ([1], {}, "data must be a result with .plot\\(\\) or a figure that it gave, got a list"),
        (results["graph"].plot(), {"k": 3}, "k goes with a result"),
        (foreign, {}, r"draw needs a Graph, got a networkx Graph: make one with Graph.from_networkx\(...\)"),
        (results["scores"], {"what": "html"}, "what must name a figure, got 'html'"),
        (results["graph"], {"width": 0.1}, r"width must be in \[1, 100\], got 0.1"),
        (results["graph"], {"dpi": 0}, "dpi must be an integer"),
        (results["scores"], {"what": "pie"}, "what must be one of"),
    ]:
        with pytest.raises(ParameterError, match=message):
            draw(wrong, **options)
    with pytest.raises(ParameterError, match=r"path must end in .html, .png, .svg or .pdf, got 'x.gif'"):
        write_figure(results["graph"].plot(), "x.gif")


def test_a_file_is_written_whole_or_not_at_all(tmp_path, figures, monkeypatch):
    figure = figures["Scores.histogram"]
    with pytest.raises(InputError, match="cannot write there"):
        write_figure(figure, tmp_path / "nowhere" / "x.png")
    old = write_figure(figure, tmp_path / "x.svg").read_bytes()

    def half(self, file, **options):
        file.write(b"<svg>")
        raise OSError("disk full")

    monkeypatch.setattr(mpl.figure.Figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        write_figure(figure, tmp_path / "x.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"]
    assert (tmp_path / "x.svg").read_bytes() == old


def test_matplotlib_is_named_where_it_is_missing(monkeypatch, figures, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"swayrank\[notebook\]"):
        write_figure(figures["Scores.histogram"], tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_all_figures_of_a_run(tmp_path, scores, monkeypatch):
    from typer.testing import CliRunner

    from swayrank.cli import app

    kinds = ("leaderboard", "communities", "histogram")
    monkeypatch.setattr("swayrank.report.run_figures._OF_SCORES", kinds)
    scores.save(tmp_path / "out")
    words = ["report", str(tmp_path / "out"), "-o", str(tmp_path / "r.html")]
    folder = tmp_path / "new" / "figures"
    done = CliRunner().invoke(app, [*words, "--figures", str(folder), "--format", "pdf"])
    assert done.exit_code == 0, done.output
    assert "written: 3 figures and their tables" in done.output
    assert "left out: trend: there is one run, and trend lines need two" in done.output
    assert {path.name for path in folder.iterdir()} == {f"{name}{end}" for name in kinds for end in (".pdf", ".csv")}
    assert all(path.read_bytes().startswith(b"%PDF") for path in folder.glob("*.pdf"))
    head, first, *_ = (folder / "leaderboard.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith('"rank","account","score"')
    assert first.startswith(f'1,"{scores.top(1)[0].account}",')
    for wrong, message in (
        (["--format", "pdf"], "--format goes with --figures"),
        (["--figures", "x", "--format", "gif"], "--format must be one of"),
    ):
        done = CliRunner().invoke(app, [*words, *wrong])
        assert done.exit_code != 0
        assert message in done.output


def test_the_folder_of_figures_is_looked_at_before_the_report_is_written(tmp_path, scores, monkeypatch):
    from typer.testing import CliRunner

    from swayrank.cli import app

    scores.save(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    Path("afile").touch()
    Path("old.html").touch()
    for wrong, message in (
        (["--figures", "r.html"], "--figures must be a folder, got r.html, which is where --output writes"),
        (["--figures", "old.html", "-o", "old.html"], "--figures must be a folder, got old.html"),
        (["--figures", "afile"], "--figures must be a folder, got afile, which is a file"),
        (["--figures", "afile/below"], "--figures"),
        (["--figures", "out"], "--figures must not be a folder that holds a result, got out"),
        (["--figures", "out/current"], "--figures must not be a folder that holds a result"),
    ):
        done = CliRunner().invoke(app, ["report", "out", "-o", "r.html", *wrong])
        assert done.exit_code in (1, 2), done.output
        assert message in done.output
        assert "--output must" not in done.output
        assert sorted(path.name for path in tmp_path.iterdir()) == ["afile", "old.html", "out"]
    done = CliRunner().invoke(app, ["report", "nowhere", "--figures", "new"])
    assert done.exit_code == 1
    assert not Path("new").exists()
    done = CliRunner().invoke(app, ["report", "out", "-o", "new/r.html", "--figures", "new"])
    assert done.exit_code == 0, done.output
    assert Path("new", "r.html").is_file()
    assert Path("new", "leaderboard.svg").is_file()


def test_figures_of_files_beside_a_run_and_pages_that_share_a_script(tmp_path, runs, results, monkeypatch):
    monkeypatch.setattr("swayrank.report.run_figures._OF_SCORES", ())
    found = results["backtest"]
    (tmp_path / "b.json").write_text(json.dumps(found.to_dict()), encoding="utf-8")
    (tmp_path / "s.csv").write_text("account,marginal_gain,curve\nada,3.0,3.0\nbob,1.5,4.5\n", encoding="utf-8")
    folder, given = tmp_path / "figures", {"seeds": tmp_path / "s.csv", "backtest": tmp_path / "b.json"}
    written, left_out = write_figures(runs, folder, kind="html", **given)
    assert [path.stem for path in written[::2]] == ["trend", "seeds", "metrics", "removal", "plotly.min"]
    assert left_out == []
    pages = [path.read_text(encoding="utf-8") for path in written if path.suffix == ".html"]
    assert all('src="plotly.min.js"' in page and len(page) < 100_000 for page in pages)
    assert len((folder / "plotly.min.js").read_bytes()) > 10**6
    assert "together 4.5" in pages[1]
    assert "all together (95 %)" not in pages[1], "a table does not tell of that"
    rows = list(csv.reader((folder / "metrics.csv").read_text(encoding="utf-8").splitlines()))[1:]
    assert [row[0] for row in rows] == list(found.names)
    assert [float(x) for x in rows[0][1:]] == pytest.approx(table_of(found.plot()).rows[0][1:], abs=1e-6)
    told = found.to_dict() | {"figures": {"balanced": {"spearman": [0.1, None, None]}}}
    given["backtest"].write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "s.csv").write_text("account,marginal_gain,curve\n", encoding="utf-8")
    written, left_out = write_figures(runs, folder, **given)
    assert [path.name for path in written] == ["trend.svg", "trend.csv"]
    assert left_out == [
        "seeds: s.csv holds no seeds",
        "metrics: b.json does not hold the metrics that this figure shows",
        "removal: b.json does not hold the metrics that this figure shows",
    ]


def test_letters_that_no_font_has_are_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr("swayrank.report.static.fonts_there", lambda: ["DejaVu Sans"])
    figure = sr.pagerank(sr.Graph.from_edges([0, 1, 2], [1, 2, 0], ids=["\u7c97\u4f53", "na\u00efve", "ok"])).plot()
    with pytest.warns(SwayrankWarning, match=r"^1 of \d+ texts hold letters that no installed font has") as told:
        write_figure(figure, tmp_path / "x.png", dpi=30)
    assert (len(told), told[0].filename) == (1, __file__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_figure(figure, tmp_path / "x.svg")


def test_trend_lines_are_among_the_figures_of_several_runs(tmp_path, runs, monkeypatch):
    monkeypatch.setattr("swayrank.report.run_figures._OF_SCORES", ())
    written, left_out = write_figures(runs, tmp_path / "figures", kind="svg")
    assert [path.name for path in written] == ["trend.svg", "trend.csv"]
    assert left_out == []


def test_no_trend_line_of_one_moment(tmp_path, scores, monkeypatch):
    for _ in range(2):
        scores.save(tmp_path / "out")
    monkeypatch.setattr("swayrank.report.run_figures._OF_SCORES", ())
    written, left_out = write_figures(tmp_path / "out", tmp_path / "figures", kind="svg")
    assert written == []
    assert left_out[0].startswith("trend: the runs of this scale are of one time of data")


def test_a_result_is_written_as_its_figure_and_anything_else_is_named(tmp_path):
    ranks = sr.pagerank(sr.Graph.from_edges(["a", "b", "c"], ["b", "c", "b"]))
    assert sr.write_figure(ranks, tmp_path / "a.png").read_bytes() == (
        sr.write_figure(ranks.plot(), tmp_path / "b.png").read_bytes()
    )
    with pytest.raises(ParameterError, match="figure must be what"):
        sr.write_figure({"a": 1}, tmp_path / "c.png")
