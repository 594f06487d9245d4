"""Of a graph without directions nobody hears of followers: scores, explanations, maps, reports, figures, messages."""

from __future__ import annotations

import html
import json
import re
import zipfile

import pytest

import swayrank as sr
from swayrank.overview.ties import EDGES, FOLLOWS, REACTIONS, follower_word, graph_ties, ties_of, told_of
from swayrank.pipeline import Recipe
from swayrank.pipeline import run as run_recipe
from swayrank.report.write import write_report
from swayrank.scoring.keep import load_scores
from swayrank.scoring.pictures import map_of
from swayrank.scoring.roles import ROLES
from swayrank.scoring.rows import rows_told

OF_FOLLOWS = re.compile(r"follow(?! 0|=0)", re.IGNORECASE)  # a weight of the action "follow" is no word about the graph


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    sr.generate("town", n=300, rng=7).save(folder)
    return folder


@pytest.fixture(scope="module", params=["log", "graph alone"])
def run(request, data, tmp_path_factory):
    logs = [data / "events.csv"] if request.param == "log" else []
    recipe = Recipe(graph=data / "graph.csv", events=logs, graph_options={"direction": "undirected"}, score={"rng": 7})
    out = tmp_path_factory.mktemp("undirected")
    return run_recipe(recipe, out), out


def words_of(text: str) -> str:
    return html.unescape(re.sub("<[^>]+>", "\n", re.sub("<style.*?</style>", "", text, flags=re.DOTALL)))


def spoken_of_follows(text: str) -> list[str]:
    return [line for line in text.splitlines() if OF_FOLLOWS.search(line)]


def test_scores_know_what_their_arcs_are(run, data):
    done, out = run
    kept = load_scores(out)
    assert done.scores.ties == kept.ties == kept.map()["arcs_are"] == EDGES
    assert sr.score(sr.read_graph(data / "graph.csv"), n_replicates=None).ties == FOLLOWS
    log = sr.read_events(data / "events.csv")
    assert sr.score(events=log, n_replicates=None).ties == map_of(sr.score(events=log, n_replicates=None)).arcs_are
    assert sr.score(events=log, n_replicates=None).ties == REACTIONS
    assert graph_ties(None) is None


def test_what_is_told_of_an_undirected_run_names_no_followers(run):
    done, _ = run
    told = [*done.closing(), *done.told()[:1]]
    for account in (done.scores.ids[int(i)] for i in done.scores.order()[[0, 7, -1]]):
        told.append(str(done.scores.explain(account)))
        told.append(str(done.scores.role(account)))
    told.append(str(done.scores.compare(*(done.scores.ids[int(i)] for i in done.scores.order(2)))))
    assert "neighbour" in "\n".join(told)
    assert spoken_of_follows("\n".join(told)) == []
    assert json.loads(json.dumps(done.scores.explain(done.scores.ids[0]).to_dict()))["ties"] == EDGES


@pytest.mark.parametrize("ending", ["html", "md", "xlsx"])
def test_the_report_of_an_undirected_run_names_no_followers(run, tmp_path, ending):
    _, out = run
    file = tmp_path / f"report.{ending}"
    write_report(out, file)
    if ending == "xlsx":
        with zipfile.ZipFile(file) as book:
            text = "\n".join(words_of(book.read(name).decode()) for name in book.namelist() if name.endswith(".xml"))
    else:
        text = words_of(file.read_text(encoding="utf-8"))
    text = text.replace("\\", "")
    assert "neighbours" in text
    assert spoken_of_follows(text) == []
    if ending == "html":
        assert "Accounts that are connected stand together" in text
        assert "Who is connected with whom" in text


def test_the_report_of_follows_still_speaks_of_followers(data, tmp_path):
    run_recipe(Recipe(graph=data / "graph.csv", events=[data / "events.csv"], score={"rng": 7}), tmp_path / "out")
    write_report(tmp_path / "out", tmp_path / "r.html")
    text = words_of((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "neighbour" not in text
    for words in (
        "Who follows whom",
        "followers give it",
        "everybody who follows it",
        "accounts with",
        "followers or more",
    ):
        assert words in text, words


def test_each_rule_and_count_has_words_for_edges():
    for rule in ROLES:
        told = told_of(EDGES, f"{rule.words}: {'; '.join(map(str, rule.conditions))}")
        assert not OF_FOLLOWS.search(told), told
    assert told_of(FOLLOWS, "followed by many") == told_of(None, "followed by many") == "followed by many"
    assert rows_told({"merged_edges": 2, "self_edges": 1}) == [
        "1 edge to oneself is not counted",
        "2 edges are listed again, and counted once",
    ]
    assert [ties_of(kind).many for kind in (FOLLOWS, REACTIONS, EDGES, None)] == [
        "followers",
        "accounts that react",
        "neighbours",
        "followers",
    ]
    assert follower_word(EDGES) == "neighbour"


def test_a_graph_in_a_notebook_counts_neighbours():
    made = sr.Graph.from_edges(["a", "b"], ["b", "c"], direction="undirected")._repr_html_()
    assert "neighbours" in made
    assert "follow" not in made


def test_figures_and_exports_of_an_undirected_run(run):
    pytest.importorskip("plotly")
    figure = load_scores(run[1]).plot("map")
    assert spoken_of_follows(figure.to_json()) == []
    assert "neighbours" in figure.to_json()


def test_the_service_says_what_the_arcs_are(run):
    pytest.importorskip("fastapi", reason="the service needs the extra 'service'")
    from tests.serving import serving

    with serving(run[1]) as client:
        told = client.get("/api/v1/run").json()
        assert told["ties"] == EDGES
        assert spoken_of_follows("\n".join(one["detail"] for one in told["warnings"])) == []
        drawn = client.get("/api/v1/exports/map.gexf").text
    assert 'defaultedgetype="undirected"' in drawn
    assert 'title="neighbours"' in drawn
