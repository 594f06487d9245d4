"""Laws that every measure of the registry obeys, whatever it measures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import swayrank
from swayrank.engines.local import LocalEngine, n_threads
from swayrank.errors import ParameterError
from swayrank.events import Events, Posts
from swayrank.graph import Graph
from swayrank.ids import Ids
from swayrank.measures.registry import list_measures
from tests.engines import AdversarialEngine
from tests.zoo import ZOO

ALL = list_measures()
ON_GRAPHS = sorted(name for name, entry in ALL.items() if entry.needs == "graph" and entry.gives == "accounts")
ON_ARCS = sorted(name for name, entry in ALL.items() if entry.gives == "arcs")
ON_EVENTS = sorted(name for name, entry in ALL.items() if entry.needs == "events")
ON_POSTS = sorted(name for name, entry in ALL.items() if entry.needs == "posts")
IN_CHUNKS = sorted(name for name, entry in ALL.items() if "engine" in entry.defaults)
# Ties between accounts are broken in public order, in the answer or in the communities that it rests on; with
# communities given, and with votes that do not tie, see test_brokers and test_counting.
IN_PUBLIC_ORDER = {"participation", "voterank"}
HOW_IT_RUNS = {"engine", "threads", "progress"}


def run(name, data, **options):
    entry = ALL[name]
    if "rng" in entry.defaults:
        options = {"rng": 7, **options}
    return entry.function(data, **options)


def random_graph(order=None, relabel=None, extra=0):
    """Thirty accounts with a hub, mutual follows, dangling accounts, weights and repeated rows."""
    rng = np.random.default_rng(11)
    u, v = rng.integers(0, 26, 140), (30 * rng.random(140) ** 2).astype(np.int64)
    weight = rng.integers(1, 9, 140).astype(np.float64)
    u, v, weight = np.append(u, u[:9]), np.append(v, v[:9]), np.append(weight, weight[:9])
    if relabel is not None:
        u, v = relabel[u], relabel[v]
    if order is not None:
        u, v, weight = u[order], v[order], weight[order]
    return Graph.from_edges(u, v, n_nodes=30 + extra, weight=weight)


def random_events(order=None, rename=None, bystander=False):
    rng = np.random.default_rng(12)
    n = 300
    names = np.array([f"user{i}" for i in range(20)])
    action = np.array(["like", "repost", "reply", "quote", "post"])[rng.integers(5, size=n)]
    columns = {
        "actor": names[rng.integers(20, size=n)],
        "target": np.where(action == "post", None, names[(20 * rng.random(n) ** 2).astype(np.int64)]),
        "action": action,
        "time": rng.integers(0, 400 * 86_400_000_000, size=n),
        "post": np.array([f"p{i}" for i in range(40)])[rng.integers(40, size=n)],
    }
    if bystander:  # somebody who only posts
        one = {"actor": "nobody", "target": None, "action": "post", "time": 1000, "post": "p_own"}
        columns = {
            key: np.array([*column, one[key]], int if key == "time" else object) for key, column in columns.items()
        }
    if rename is not None:
        columns["actor"] = np.array([rename[a] for a in columns["actor"]])
        columns["target"] = np.array([rename.get(t) for t in columns["target"]], object)
    if order is not None:
        columns = {key: column[order] for key, column in columns.items()}
    return Events.from_frame({key: column.tolist() for key, column in columns.items()})


def random_posts(order=None, rename=None, bystander=False):
    """Sixty accounts of different rates with up to nine posts each, and rows that no rate can use."""
    rng = np.random.default_rng(14)
    account = np.concatenate([np.arange(60), rng.integers(0, 60, 240)])
    views = rng.integers(100, 5000, 300).astype(np.float64)
    rate = rng.beta(2, 40, 60)[account]
    counts = {
        name: rng.binomial(views.astype(int), rate / k).astype(float)
        for k, name in enumerate(("likes", "comments", "shares"), 2)
    }
    followers = rng.integers(1, 3_000_000, 60)[account].astype(np.float64)
    counts |= {"views": views, "impressions": 2 * views, "reach": views, "followers": followers}
    counts["likes"][200:210], counts["views"][210:220], counts["followers"][220:230] = np.nan, 0.0, np.nan
    names = np.array([f"user{i}" if rename is None else rename[f"user{i}"] for i in account], object)
    if bystander:  # somebody whose counts nobody knows
        names = np.append(names, "nobody")
        counts = {name: np.append(values, np.nan) for name, values in counts.items()}
    order = np.arange(len(names)) if order is None else order
    names, counts = names[order], {name: values[order] for name, values in counts.items()}
    known = list(dict.fromkeys(names))
    return Posts.from_arrays([known.index(name) for name in names], accounts=Ids.from_values(known), counts=counts)


def some_data(needs):
    return {"graph": random_graph, "events": random_events, "posts": random_posts}[needs]()


def by_id(measure):
    """Numbers by account; None where there is none, so that answers compare."""
    values = [None if value != value else value for value in measure.values.tolist()]
    return dict(zip(list(measure.ids), values, strict=True))


def same_bits(values, others):
    return np.array_equal(values, others, equal_nan=values.dtype.kind == "f")


def agree(m, mine, other, theirs):
    """Whether one account has the same number in two measures: exactly, within rounding, or within the intervals."""
    if m.interval is not None:
        return m.interval[0][mine] <= other.interval[1][theirs] and other.interval[0][theirs] <= m.interval[1][mine]
    if m.values.dtype.kind in "iu":
        return m.values[mine] == other.values[theirs]
    return abs(m.values[mine] - other.values[theirs]) <= 2 * (m.error_bound or 0) + 1e-12 * abs(m.values[mine])


def surely_above(m):
    """Matrix of whether account i is above account j by more than the measure's error."""
    if m.interval is not None:
        return m.interval[0][:, None] > m.interval[1][None, :]
    values = m.values.astype(np.float64)
    return values[:, None] - values[None, :] > 2 * (m.error_bound or 0) + 1e-12 * np.abs(values[:, None])


@pytest.mark.parametrize("name", sorted(set(ON_GRAPHS) - IN_PUBLIC_ORDER))
def test_relabelling_nodes_relabels_the_result(name):
    relabel = np.random.default_rng(3).permutation(30)
    m, other = run(name, random_graph()), run(name, random_graph(relabel=relabel))
    assert all(agree(m, i, other, relabel[i]) for i in range(30))


@pytest.mark.parametrize("name", ON_EVENTS)
def test_renaming_accounts_renames_the_result(name):
    rename = {f"user{i}": f"account{(i * 7 + 3) % 20}" for i in range(20)}
    m, other = by_id(run(name, random_events())), by_id(run(name, random_events(rename=rename)))
    assert {rename[account]: value for account, value in m.items()} == other


@pytest.mark.parametrize("name", ON_POSTS)
def test_renaming_accounts_renames_the_result_of_posts(name):
    rename = {f"user{i}": f"account{(i * 7 + 3) % 60}" for i in range(60)}
    m, other = by_id(run(name, random_posts())), by_id(run(name, random_posts(rename=rename)))
    assert {rename[account]: value for account, value in m.items()} == other


@pytest.mark.parametrize("name", ON_POSTS)
def test_row_order_of_posts_changes_no_bit(name):
    order = np.random.default_rng(4).permutation(300)
    m, other = run(name, random_posts()), run(name, random_posts(order=order))
    assert by_id(m) == by_id(other)
    for mine, theirs in zip(m.interval or (), other.interval or (), strict=True):
        assert dict(zip(list(m.ids), mine.tolist(), strict=True)) == dict(
            zip(list(other.ids), theirs.tolist(), strict=True)
        )


@pytest.mark.parametrize("name", ON_GRAPHS)
def test_row_order_of_arcs_changes_no_bit(name):
    order = np.random.default_rng(4).permutation(149)
    m, other = run(name, random_graph()), run(name, random_graph(order=order))
    assert np.array_equal(m.values, other.values)
    assert m.provenance == other.provenance


def by_arc(m):
    """Numbers by the names of the ends."""
    u, v = m.graph.edges()
    return dict(zip(zip(u.tolist(), v.tolist(), strict=True), m.values.tolist(), strict=True))


@pytest.mark.parametrize("name", ON_ARCS)
def test_arcs_obey_the_laws_too(name):
    relabel, order = np.random.default_rng(3).permutation(30), np.random.default_rng(4).permutation(149)
    m = run(name, random_graph())
    assert np.array_equal(m.values, run(name, random_graph(order=order)).values)
    others, more = by_arc(run(name, random_graph(relabel=relabel))), by_arc(run(name, random_graph(extra=1)))
    for (u, v), value in by_arc(m).items():
        assert others[relabel[u], relabel[v]] == pytest.approx(value, rel=1e-12)
        assert (more[u, v] > 0) == (value > 0)


@pytest.mark.parametrize("name", ON_EVENTS)
def test_row_order_of_events_changes_no_bit(name):
    order = np.random.default_rng(4).permutation(300)
    assert by_id(run(name, random_events())) == by_id(run(name, random_events(order=order)))


@pytest.mark.parametrize("name", ON_GRAPHS)
def test_an_isolated_node_changes_nobodys_order(name):
    m, more = run(name, random_graph()), run(name, random_graph(extra=1))
    assert not (surely_above(m) & surely_above(more)[:30, :30].T).any()
    if m.interval is None:
        assert np.array_equal(surely_above(m), surely_above(more)[:30, :30])


@pytest.mark.parametrize("name", ON_EVENTS)
def test_a_bystander_changes_nobodys_number(name):
    m, more = by_id(run(name, random_events())), by_id(run(name, random_events(bystander=True)))
    del more["nobody"]
    assert m == more


@pytest.mark.parametrize("name", ON_POSTS)
def test_a_bystander_changes_nobodys_rate(name):
    m, more = by_id(run(name, random_posts())), by_id(run(name, random_posts(bystander=True)))
    del more["nobody"]
    assert m == more


class Counting:
    """Hands every call on to another engine, and keeps the largest number of chunks that one had."""

    name = "counting"

    def __init__(self, engine):
        self.engine, self.most = engine, 0

    def map(self, function, inputs, bounds, *, out=None, step=None):
        self.most = max(self.most, len(bounds) - 1)
        return self.engine.map(function, inputs, bounds, out=out, step=step)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks so small that a graph of a few thousand arcs has many; their bounds still depend on the work alone."""
    sizes = {"_ARCS_PER_CHUNK": 256, "_SETS_PER_CHUNK": 64, "_SAMPLES_PER_CHUNK": 64, "_SOURCES_PER_CHUNK": 32}
    for module in [module for name, module in sys.modules.items() if name.startswith("swayrank.measures.")]:
        for constant in sizes.keys() & vars(module).keys():
            monkeypatch.setattr(module, constant, sizes[constant])


def large_graph():
    rng = np.random.default_rng(13)
    u, v = rng.integers(0, 400, 4000), (500 * rng.random(4000) ** 2).astype(np.int64)
    return Graph.from_edges(u, v, n_nodes=500, weight=rng.random(4000))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", IN_CHUNKS)
@pytest.mark.parametrize(
    "how", [LocalEngine(1), LocalEngine(2), LocalEngine(4), AdversarialEngine(order=3)], ids=["1", "2", "4", "shuffled"]
)
def test_the_same_bits_however_it_runs(name, how):
    data = large_graph() if ALL[name].needs == "graph" else some_data(ALL[name].needs)
    engine = Counting(how)
    m, other = run(name, data), run(name, data, engine=engine)
    assert engine.most >= 8, "too few chunks to tell: make them smaller in small_chunks, or the data larger"
    assert same_bits(m.values, other.values)
    assert m.params == other.params
    if ALL[name].gives == "accounts":
        for mine, theirs in zip(m.interval or (), other.interval or (), strict=True):
            assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_same_call_gives_the_same_bits(name):
    data = some_data(ALL[name].needs)
    assert same_bits(run(name, data).values, run(name, data).values)


@pytest.mark.parametrize("name", sorted(ALL))
def test_parameters_and_data_are_recorded(name):
    entry = ALL[name]
    data = some_data(entry.needs)
    m = run(name, data)
    assert m.name == name
    assert set(entry.defaults) - HOW_IT_RUNS <= set(m.params)
    assert m.provenance[entry.needs] == data.fingerprint
    assert entry.gives == "arcs" or entry.exact == (m.interval is None)


@pytest.mark.parametrize("name", sorted(ALL))
def test_entries_are_complete(name):
    entry = ALL[name]
    doc = entry.function.__doc__
    assert entry.definition.endswith(".")
    assert entry.citation
    for section in ("Parameters", "Returns", "Examples"):
        assert f"{section}\n" in doc, section
    module_doc = sys.modules[entry.function.__module__].__doc__
    assert "References\n" in doc or re.search(r"(?m)^(References|Sources?:)", module_doc)
    if entry.needs == "graph":
        assert "along the arcs" in doc or "against the arcs" in doc or "Reads both ways" in doc


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        (name, parameter, value)
        for name in sorted(ALL)
        for parameter, domain in ALL[name].domains.items()
        for value in domain.outside()
    ],
)
def test_values_outside_the_domain_are_refused(name, parameter, value):
    data = some_data(ALL[name].needs)
    with pytest.raises(ParameterError, match=f"{parameter} must be "):
        run(name, data, **{parameter: value})


def test_one_number_of_threads_bounds_arrow_too():
    pyarrow = pytest.importorskip("pyarrow")
    before = pyarrow.cpu_count()
    try:
        for threads in (1, 3):
            run("in_strength", random_graph(), threads=threads)
            assert pyarrow.cpu_count() == threads
        run("in_strength", random_graph())
        assert pyarrow.cpu_count() == n_threads()
    finally:
        pyarrow.set_cpu_count(before)


def test_pyarrow_is_not_loaded_for_its_threads():
    code = (
        "import sys; from swayrank.engines import resolve_engine; resolve_engine('local', 2); "
        "print('pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_measures_are_listed_whatever_was_loaded_before():
    code = (
        "import swayrank as sr; g = sr.Graph.from_edges([0], [1]); sr.pagerank(g); "
        "print(sr.list_measures('graph')['pagerank'].name, len(sr.list_measures()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["pagerank", str(len(ALL))], done.stderr


def wrong_data(needs):
    networkx = pytest.importorskip("networkx")
    right = random_graph() if needs == "events" else random_events()
    return ["f.csv", Path("f.csv"), 5, None, [1], np.zeros(3), networkx.DiGraph([(0, 1)]), right]


@pytest.mark.parametrize("name", sorted(ALL))
def test_data_of_another_kind_is_refused(name):
    needs = {"graph": "Graph", "events": "Events", "posts": "Posts"}[ALL[name].needs]
    for data in wrong_data(ALL[name].needs):
        with pytest.raises(ParameterError, match=rf"{name} needs (a )?{needs}, got .*: (.*(read|from)_|pass )"):
            ALL[name].function(data)


def test_what_is_expected_and_the_cure_are_named():
    networkx = pytest.importorskip("networkx")
    model = swayrank.IndependentCascade(random_graph())
    for call, told in {
        lambda: swayrank.pagerank("f.csv"): r"pagerank needs a Graph, got 'f.csv': read it with read_graph\('f.csv'\)",
        lambda: swayrank.pagerank(networkx.Graph()): "got a networkx Graph: make one with Graph.from_networkx",
        lambda: swayrank.pagerank(model): r"got an IndependentCascade: pass its \.graph",
        lambda: swayrank.spread("x"): "spread needs a Graph",
        lambda: swayrank.resonance([1]): "got a list: read an event log with read_events",
        lambda: swayrank.resonance("log.csv"): r"read it with read_events\('log.csv'\)",
        lambda: swayrank.decay_sums(5): "decay_sums needs Events, got an int",
        lambda: swayrank.engagement_table(None): "engagement_table needs Events, got None",
        lambda: swayrank.simulate(
            "x", seeds=[1]
        ): "model must be an IndependentCascade, a LinearThreshold or a Graph, got str: .*from_networkx",
        lambda: swayrank.simulate(model, seeds=1.5): "seeds must be an id or ids of accounts, got 1.5",
        lambda: swayrank.IndependentCascade("x"): "IndependentCascade needs a Graph, got 'x'",
        lambda: swayrank.pagerank(
            random_graph(), progress=5
        ): "progress must be True, False, None or a function.*got 5",
        lambda: swayrank.spread(model, n_samples=5, progress="yes"): "progress must be .*got 'yes'",
    }.items():
        with pytest.raises(ParameterError, match=told):
            call()


@pytest.mark.parametrize("name", ON_GRAPHS + ON_ARCS)
@pytest.mark.parametrize("shape", ZOO)
def test_every_shape_of_graph_has_an_answer(name, shape):
    n, arcs = ZOO[shape]
    u, v = np.array([a for a, _ in arcs], np.int64), np.array([b for _, b in arcs], np.int64)
    graph = Graph.from_edges(u, v, n_nodes=n, weight=np.ones(len(arcs)), self_loops="keep")
    m = run(name, graph)
    assert m.values.shape == (n if ALL[name].gives == "accounts" else graph.n_edges,)
    assert np.isfinite(m.values).all()
    assert (m.values >= 0).all()
