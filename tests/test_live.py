"""Live graphs: whatever follows and unfollows come, the measures equal those computed from scratch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given
from hypothesis import strategies as st

import swayrank as sr
from swayrank.errors import ConvergenceError, ParameterError, SwayrankWarning
from swayrank.kernels import jit
from swayrank.measures.live import Change, LiveGraph
from tests.oracles.naive_live import NaiveLive
from tests.zoo import ZOO


def _pair(name, directed=True, **settings):
    n, arcs = ZOO[name]
    u, v = ([arc[side] for arc in arcs] for side in (0, 1))
    direction = "follows" if directed else "undirected"
    live = sr.Graph.from_edges(u, v, n_nodes=n, direction=direction).update(**settings)
    return live, NaiveLive(range(n), [arc for arc in arcs if arc[0] != arc[1]], directed)


def _holds(live, naive, alpha):
    """Every measure against the definition, at the error that it promises."""
    n = len(naive.accounts)
    arcs = naive.numbered()
    assert (live.n_nodes, live.n_edges) == (n, len(arcs))
    assert list(live.ids) == naive.accounts
    assert live.out_degree().values.tolist() == [sum(u == i for u, _, _ in arcs) for i in range(n)]
    assert live.in_degree().values.tolist() == [sum(v == i for _, v, _ in arcs) for i in range(n)]
    assert live.k_core().values.tolist() == naive.k_core()
    rank = live.pagerank()
    assert np.abs(rank.values - naive.pagerank()).sum() <= rank.error_bound <= rank.params["tol"]
    katz, exact = live.katz(), np.array(naive.katz(alpha))
    assert (np.abs(katz.values - exact) <= katz.error_bound * exact).all()
    assert katz.error_bound <= katz.params["tol"]


@pytest.mark.parametrize("directed", [True, False], ids=["directed", "undirected"])
@pytest.mark.parametrize("name", ZOO)
def test_a_stream_over_the_zoo(name, directed):
    """Random follows and unfollows, repeated ones and those of nobody among them; accounts join."""
    rng = np.random.default_rng(len(name))
    live, naive = _pair(name, directed, alpha=0.05, tol=1e-6)
    _holds(live, naive, 0.05)
    for _ in range(6):
        rows = rng.integers(0, live.n_nodes + 2, (rng.integers(0, 5), 2))
        joined = naive.accounts + [max(naive.accounts) + 1 + i for i in range(2)]
        added = [(joined[u], joined[v]) for u, v in rows]
        there = sorted(naive.arcs)
        removed = [there[i] for i in rng.integers(0, len(there), 3)] if there else []
        removed += [(int(rng.integers(0, 99)), int(rng.integers(0, 9)))]
        assert vars(live.update(added, removed)) == naive.update(added, removed)
        _holds(live, naive, 0.05)


_PAIRS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(start=_PAIRS, steps=st.lists(st.tuples(_PAIRS, _PAIRS), max_size=4))
def test_any_stream(start, steps):
    n = 9
    live = sr.Graph.from_edges([u for u, _ in start], [v for _, v in start], n_nodes=n).update(alpha=0.05, tol=1e-5)
    naive = NaiveLive(range(n), [(u, v) for u, v in start if u != v])
    _holds(live, naive, 0.05)
    for added, removed in steps:
        assert vars(live.update(added, removed)) == naive.update(added, removed)
        _holds(live, naive, 0.05)


def _rmat(scale, edge_factor=8):
    return sr.generate("rmat", n=1 << scale, edge_factor=edge_factor, rng=1)


def _some_arcs(graph, k, rng):
    u, v = graph.edges()
    at = rng.choice(graph.n_edges, k, replace=False)
    return [(graph.ids[int(u[i])], graph.ids[int(v[i])]) for i in at]


@pytest.mark.parametrize(("k", "tol"), [(1, 1e-3), (1, 1e-8), (20, 1e-5), (1500, 1e-10)])
def test_a_larger_graph_equals_recomputation(k, tol):
    """Many steps; 1,500 arcs of 12,000 are a change that core numbers meet by peeling all."""
    rng = np.random.default_rng(3)
    live = _rmat(11).update(alpha=0.002, tol=tol)
    live.pagerank(), live.katz(), live.k_core()
    for _ in range(8):
        n = live.n_nodes
        removed = _some_arcs(live.graph(), k, rng)
        live.update(rng.integers(0, n, (k, 2)), removed)
        now = live.graph()
        exact = sr.pagerank(now, tol=1e-12)
        found = live.pagerank()
        assert np.abs(found.values - exact.values).sum() <= found.error_bound + exact.error_bound
        assert found.error_bound <= tol
        assert found.values.sum() == pytest.approx(1, abs=1e-12)
        assert np.array_equal(live.k_core().values, sr.k_core(now).values)
        assert np.array_equal(live.in_degree().values, sr.in_degree(now).values)
        katz = live.katz()
        exact_katz = _katz(now, 0.002)
        assert (np.abs(katz.values - exact_katz) <= (katz.error_bound + 1e-13) * exact_katz).all()


def _katz(graph, alpha):
    u, v = graph.edges()
    matrix = scipy.sparse.csc_array((np.full(u.size, alpha), (v, u)), shape=(graph.n_nodes, graph.n_nodes))
    return scipy.sparse.linalg.spsolve(
        scipy.sparse.eye_array(graph.n_nodes, format="csc") - matrix, np.ones(graph.n_nodes)
    )


def test_ranks_between_updates_need_not_be_asked_for():
    """Many changes, then one question."""
    rng = np.random.default_rng(5)
    live = _rmat(10).update(alpha=0.005, tol=1e-9)
    live.pagerank(), live.katz()
    for _ in range(60):
        live.update(rng.integers(0, 1100, (3, 2)), rng.integers(0, 1100, (3, 2)))
    exact = sr.pagerank(live.graph(), tol=1e-13)
    found = live.pagerank()
    assert np.abs(found.values - exact.values).sum() <= found.error_bound + exact.error_bound <= 1.1e-9
    exact_katz, katz = _katz(live.graph(), 0.005), live.katz()
    assert (np.abs(katz.values - exact_katz) <= (katz.error_bound + 1e-13) * exact_katz).all()


def test_a_graph_built_up_and_taken_down_arc_by_arc():
    """From nothing, through a complete graph, to nothing: rows move and shrink, core numbers rise and fall."""
    live = sr.Graph.from_edges([], []).update()
    assert live.pagerank().values.size == live.katz().values.size == live.k_core().values.size == 0
    pairs = [(u, v) for v in range(12) for u in range(v)]
    for count, (u, v) in enumerate(pairs, 1):
        live.update([(u, v)])
        assert np.array_equal(live.k_core().values, sr.k_core(live.graph()).values), count
    assert live.k_core().values.tolist() == [11] * 12
    for u, v in pairs[::-1]:
        live.update(removed=[(u, v)])
        assert np.array_equal(live.k_core().values, sr.k_core(live.graph()).values)
    assert live.n_edges == 0
    assert live.pagerank().values == pytest.approx([1 / 12] * 12)


def test_the_same_updates_give_the_same_bits():
    def bits():
        rng = np.random.default_rng(9)
        live = _rmat(9).update()
        live.pagerank(), live.katz()
        for _ in range(10):
            live.update(rng.integers(0, 600, (5, 2)), rng.integers(0, 600, (40, 2)))
            live.pagerank()
        return live.pagerank().values.tobytes() + live.katz().values.tobytes(), live.effort

    assert bits() == bits()


# -- cost ------------------------------------------------------------------------------------------------------------


def _copies(graph, k):
    """The graph k times, side by side."""
    n = graph.n_nodes
    u, v = (np.concatenate([ends.astype(np.int64) + i * n for i in range(k)]) for ends in graph.edges())
    return sr.Graph.from_edges(u, v, n_nodes=k * n)


def _efforts(graph, arcs, tol):
    """What single follows and unfollows cost, each answered at once; counted, not timed."""
    live = graph.update(tol=tol, alpha=1e-3)
    live.pagerank(), live.katz(), live.k_core()
    costs = []
    for u, v in arcs:
        for step in ({"removed": [(u, v)]}, {"added": [(v, u)]}, {"added": [(u, v)]}, {"removed": [(v, u)]}):
            before = live.effort
            live.update(**step)
            live.pagerank(), live.katz(), live.k_core()
            after = live.effort
            assert after.recomputed == before.recomputed
            costs.append((after.pushes - before.pushes, after.arcs - before.arcs, after.visits - before.visits))
    return np.array(costs)


def test_one_arc_costs_no_more_in_a_graph_eight_times_as_large():
    """2^14 accounts, and 2^17: the same change in the same surroundings."""
    part = _rmat(14)
    arcs = _some_arcs(part, 8, np.random.default_rng(7))
    small = _efforts(part, arcs, 1e-3)
    large = _efforts(_copies(part, 8), arcs, 1e-3)
    assert np.array_equal(large[:, 2], small[:, 2])
    assert large[:, 1].sum() <= small[:, 1].sum()
    assert small[:, 2].sum() > 0 < large[:, 1].sum()


@pytest.mark.parametrize("scale", [14, 17])
def test_one_arc_touches_a_small_part_of_a_graph_with_heavy_tails(scale):
    graph = _rmat(scale)
    mean = _efforts(graph, _some_arcs(graph, 8, np.random.default_rng(7)), 1e-3).mean(axis=0)
    assert mean[1] < 0.05 * graph.n_edges
    assert mean[2] < 0.01 * graph.n_nodes


def test_a_change_felt_everywhere_is_met_by_passes():
    """With a tolerance far below 1 / n pushes give up early, and the answer holds all the same."""
    graph = _rmat(12)
    live = graph.update(tol=1e-9)
    live.pagerank()
    before = live.effort
    live.update(removed=_some_arcs(graph, 50, np.random.default_rng(1)))
    exact, found = sr.pagerank(live.graph(), tol=1e-13), live.pagerank()
    assert live.effort.recomputed == before.recomputed + 1
    assert live.effort.arcs - before.arcs < graph.n_edges
    assert np.abs(found.values - exact.values).sum() <= found.error_bound + exact.error_bound <= 1.1e-9


def test_core_numbers_are_peeled_where_searching_costs_more():
    """In a complete graph each edge concerns everybody."""
    n = 100
    u, v = np.nonzero(~np.eye(n, dtype=bool))
    live = sr.Graph.from_edges(u, v, n_nodes=n).update()
    assert live.k_core().values.tolist() == [n - 1] * n
    pairs = [pair for a in range(20) for pair in ((a, a + 50), (a + 50, a))]
    live.update(removed=pairs)
    assert live.effort.recomputed == 1
    assert live.update(added=pairs) == Change(added=40)
    assert live.effort.recomputed == 2
    assert live.k_core().values.tolist() == [n - 1] * n
    live.update(removed=pairs[:2])
    assert live.k_core().values.tolist() == [n - 2] * n


# -- what is taken -----------------------------------------------------------------------------------------------------


ROWS = {
    "pairs": [("dan", "ada"), ("ada", "dan")],
    "array": np.array([("dan", "ada"), ("ada", "dan")]),
    "mapping": {"source": ["dan", "ada"], "target": ["ada", "dan"]},
    "pandas": pd.DataFrame({"source": ["dan", "ada"], "target": ["ada", "dan"]}),
    "arrow": pa.table({"source": ["dan", "ada"], "target": ["ada", "dan"]}),
}


@pytest.mark.parametrize("form", ROWS)
def test_every_form_of_rows(form):
    live = sr.Graph.from_edges(["ada", "bob"], ["bob", "ada"]).update(ROWS[form])
    assert live.last_change == Change(added=2, new_accounts=1)
    assert live.out_degree().to_frame()["out_degree"].tolist() == [2, 1, 1]
    assert list(live.ids) == ["ada", "bob", "dan"]
    assert live.update(removed=ROWS[form]) == Change(removed=2)


@pytest.mark.parametrize(
    "rows", ["ada", [("ada",)], ["ab"], [1, 2], {"source": ["a"]}, {"source": ["a"], "target": []}, [("ada", None)]]
)
def test_rows_that_are_none_change_nothing(rows):
    live = sr.Graph.from_edges(["ada", "bob"], ["bob", "ada"]).update()
    with pytest.raises(ParameterError):
        live.update([("eve", "bob")], rows)
    with pytest.raises(ParameterError):
        live.update(rows)
    assert (live.n_nodes, live.n_edges, list(live.ids)) == (2, 2, ["ada", "bob"])


@pytest.mark.parametrize(
    ("start", "rows", "ids"),
    [
        ([0, 1], [(2, 0)], [0, 1, 2]),
        ([0, 1], [("3", 0), (3, 1)], [0, 1, 3]),
        ([70, 10], [(5, "70")], [70, 10, 5]),
        (["ada", "7"], [(7, "eve"), (8, "é")], ["ada", "7", "eve", "8", "é"]),
        ([], [(4, 2)], [4, 2]),
        ([], [("b", "a")], ["b", "a"]),
    ],
)
def test_ids_of_any_kind_grow(start, rows, ids):
    live = sr.Graph.from_edges(start[:1], start[1:]).update(rows)
    assert list(live.ids) == ids
    assert live.in_degree().value(rows[0][1]) == 1
    live.update(removed=rows[:1])
    assert list(live.graph().ids) == ids
    assert live.in_degree().value(rows[0][1]) == 0


@pytest.mark.parametrize("rows", [[("ada", 0)], [(-3, 1)]])
def test_accounts_that_do_not_fit_are_refused(rows):
    live = sr.Graph.from_edges([0, 1], [1, 0]).update()
    with pytest.raises(ParameterError, match="accounts"):
        live.update(rows)
    assert (live.n_nodes, live.n_edges) == (2, 2)


def test_the_graph_itself_stays():
    g = _rmat(6)
    before = g.fingerprint
    live = g.update([(0, 1), (900, 3)], _some_arcs(g, 9, np.random.default_rng(0)))
    live.pagerank()
    live.update([(5, 9), (7, 900)])
    live.graph()
    assert sr.Graph.from_edges(*g.edges(), n_nodes=g.n_nodes).fingerprint == before == g.fingerprint


def test_an_opened_graph_is_updated_too(tmp_path):
    _rmat(6).save(tmp_path / "g")
    live = sr.Graph.open(tmp_path / "g").update([(0, 900)])
    assert live.in_degree().value(900) == 1
    assert live.graph().n_edges == live.n_edges


def test_kept_self_loops_count_as_they_do_in_a_graph():
    g = sr.Graph.from_edges([0, 0, 1, 2], [0, 1, 2, 2], n_nodes=3, self_loops="keep")
    live = g.update(tol=1e-10, alpha=0.1)
    for step in ({"added": [(2, 0)]}, {"removed": [(0, 0)]}, {"removed": [(2, 2)], "added": [(1, 1)]}):
        live.pagerank(), live.katz(), live.k_core()
        live.update(**step)
        now = live.graph()
        assert live.pagerank().values == pytest.approx(sr.pagerank(now, tol=1e-12).values, abs=1e-9)
        assert live.katz().values == pytest.approx(_katz(now, 0.1), rel=1e-9)
        assert np.array_equal(live.k_core().values, sr.k_core(now).values)
    assert live.last_change == Change(removed=1, self_loops=1)


def test_columns_are_left_behind_aloud():
    g = sr.Graph.from_edges([0], [1], weight=[2.0])
    with pytest.warns(SwayrankWarning, match="columns weight behind"):
        assert g.update().graph().columns == ()


@pytest.mark.parametrize("settings", [{"damping": 1.0}, {"alpha": 0.0}, {"tol": 0}, {"tol": 1}])
def test_settings_outside_their_domains(settings):
    with pytest.raises(ParameterError, match=next(iter(settings))):
        sr.Graph.from_edges([0], [1]).update(**settings)
    with pytest.raises(ParameterError, match="needs a Graph"):
        LiveGraph("follows.csv")


# -- limits ------------------------------------------------------------------------------------------------------------


def test_katz_beyond_its_limit_says_so_and_recovers():
    """On a complete graph of n nodes the largest eigenvalue is n - 1."""
    pairs = [(u, v) for v in range(6) for u in range(6) if u != v]
    live = sr.Graph.from_edges([0], [1], n_nodes=6).update(alpha=0.21)
    assert live.katz().values[:2] == pytest.approx([1, 1.21])
    live.update(pairs)
    with pytest.raises(ParameterError, match=r"below 1 / the largest eigenvalue.*below 0\.2 it always has"):
        live.katz()
    live.update(removed=[(0, 1), (1, 0), (2, 3), (3, 2)])
    assert live.katz().values == pytest.approx(_katz(live.graph(), 0.21), rel=1e-6)


def test_the_alpha_chosen_is_half_the_limit():
    pairs = [(u, v) for v in range(6) for u in range(6) if u != v]
    live = sr.Graph.from_edges([], []).update(pairs)
    assert live.katz().params["alpha"] == pytest.approx(0.1)
    assert live.katz().values == pytest.approx(2.0)


def test_a_tolerance_below_rounding_is_refused():
    live = _rmat(8).update(tol=1e-16, alpha=0.01)
    for ask in (live.pagerank, live.katz):
        with pytest.raises((ConvergenceError, ParameterError), match="tol"):
            ask()


def test_damping_of_zero():
    live = sr.Graph.from_edges([0, 1], [1, 2]).update(damping=0.0)
    live.pagerank()
    live.update([(2, 5)], [(0, 1)])
    assert live.pagerank().values == pytest.approx(0.25)


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="there are no signatures with the JIT off")
def test_one_signature_for_each_kernel(tmp_path):
    """However the graph came: made, changed, undirected, opened."""
    sr.Graph.from_edges(["ada", "bob"], ["bob", "ada"]).save(tmp_path / "g")
    for graph in (_rmat(6), sr.Graph.open(tmp_path / "g"), sr.Graph.from_edges([0], [1], direction="undirected")):
        live = graph.update(alpha=0.001)
        for step in ([(graph.ids[0], graph.ids[1])], [(graph.ids[1], graph.ids[0])]):
            live.pagerank(), live.katz(), live.k_core(), live.graph()
            live.update(step, step[::-1])
            live.update(removed=step)
    several = {name: len(k.signatures) for name, k in jit.KERNELS.items() if ".live_" in name and len(k.signatures) > 1}
    assert several == {}
