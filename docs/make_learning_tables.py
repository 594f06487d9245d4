"""Measure anew what the pages on learning from logs say in numbers (`python docs/make_learning_tables.py [NAME ...]`).

Each table stands in its page below a line `<!-- NAME: made by docs/make_learning_tables.py -->` and is replaced there.
Those of real sets need them in `shared/data` beside the project; without them they are left as they are. All of them
take about a minute; nothing is timed. Other numbers of these pages are of examples that are executed, or of the tests
that are named beside them.
"""

from __future__ import annotations

import functools
import gzip
import heapq
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import swayrank as sr
from swayrank.events import NO_ACCOUNT
from swayrank.ids import Ids
from swayrank.learning.adoptions import Adoptions
from swayrank.learning.feature_model import learn_from_features, log_loss
from swayrank.learning.features import arc_trials
from swayrank.learning.hidden import infer_graph
from swayrank.learning.probabilities import fit_probabilities, learn_probabilities
from swayrank.pipeline import Recipe, Sources, read_sources
from swayrank.validation.calibration import calibrate
from swayrank.validation.fit import goodness_of_fit
from swayrank.validation.placebo import placebo

DOCS = Path(__file__).resolve().parent
DATA = DOCS.parent.parent / "shared" / "data"
HOUR = 3_600_000_000  # microseconds
GRAPHS = 5


def log_of(posts: Sequence[dict[int, float]], n: int, apart: float = 0.0) -> sr.Events:
    """Events of {account: hour} of each post; posts begin `apart` hours after each other."""
    rows = [(u, c, round((c * apart + t) * HOUR)) for c, times in enumerate(posts) for u, t in times.items()]
    actor, post, time = (list(column) for column in zip(*rows, strict=True))
    nobody = [NO_ACCOUNT] * len(rows)
    return sr.Events.from_arrays(
        actor, nobody, [0] * len(rows), accounts=Ids.of_range(n), post=post, posts=Ids.of_range(len(posts)), time=time
    )


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = [f"| {' | '.join(map(str, line))} |" for line in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


# -- learning.md -------------------------------------------------------------------------------------------------------


def cascade_graph(seed: int) -> tuple[sr.Graph, np.ndarray, np.random.Generator]:
    """40 accounts, about 155 arcs, and their probabilities."""
    draw = np.random.default_rng(seed)
    graph = sr.Graph.from_edges(*draw.integers(0, 40, (2, 160)), n_nodes=40)
    return graph, draw.beta(1.5, 6.0, graph.n_edges), draw


def spread(graph: sr.Graph, p: np.ndarray, draw: np.random.Generator) -> dict[int, float]:
    """Independent Cascade from three accounts: who is new tries each follower once, an hour later."""
    active: dict[int, float] = dict.fromkeys(draw.choice(graph.n_nodes, 3, replace=False).tolist(), 0.0)
    new, hour = list(active), 0.0
    while new:
        hour, reached = hour + 1, []
        for u in new:
            arcs = slice(int(graph.in_indptr[u]), int(graph.in_indptr[u + 1]))
            hits = draw.random(arcs.stop - arcs.start) < p[graph.in_arcs[arcs]]
            reached += [int(v) for v in graph.in_indices[arcs][hits] if v not in active]
        new = list(dict.fromkeys(reached))
        active |= dict.fromkeys(new, hour)
    return active


def learning() -> str:
    """How far learned probabilities are off, and how often their intervals hold the truth."""
    methods = ("bernoulli", "jaccard", "partial_credits", "jaccard_partial_credits", "em", "likelihood")
    sizes = (10, 30, 100, 300, 1000, 3000)
    squares: dict[Any, list[np.ndarray]] = {}
    held: dict[Any, list[np.ndarray]] = {}
    for seed in range(GRAPHS):
        graph, p, draw = cascade_graph(seed)
        posts = [spread(graph, p, draw) for _ in range(max(sizes))]
        for n in sizes:
            log = log_of(posts[:n], 40, apart=1000.0)
            for method in methods:
                for prior in ("influencer", None):
                    found = fit_probabilities(graph, log, method=method, prior=prior, window_hours=1).graph
                    low, high = found.column("probability_low"), found.column("probability_high")
                    squares.setdefault((method, prior, n), []).append((found.column("probability") - p) ** 2)
                    held.setdefault((method, prior, n), []).append((low <= p) & (p <= high))

    def cell(*case: Any) -> str:
        off, share = np.sqrt(np.concatenate(squares[case]).mean()), np.concatenate(held[case]).mean()
        return f"{off:.3f} ({100 * share:.0f})"

    return markdown(
        ["posts", *map(str, sizes)],
        [
            [f"`{method}`, {'shrunk' if prior else 'no prior'}", *(cell(method, prior, n) for n in sizes)]
            for prior in ("influencer", None)
            for method in methods
        ],
    )


# -- hidden_graph.md ---------------------------------------------------------------------------------------------------


def delayed(out: dict[int, list[tuple[int, float]]], n: int, hours: float, draw: random.Random) -> dict[int, float]:
    """A post that every arc passes on after an exponential delay, from one account at random."""
    waiting, times = [(0.0, draw.randrange(n))], dict[int, float]()
    while waiting:
        t, u = heapq.heappop(waiting)
        if u in times or t > hours:
            continue
        times[u] = t
        for v, rate in out[u]:
            heapq.heappush(waiting, (t + draw.expovariate(rate), v))
    return times


def inferred(graph: sr.Graph) -> list[tuple[int, int]]:
    """Arcs as (who influences, who is influenced)."""
    v, u = graph.edges()
    return list(zip(u.tolist(), v.tolist(), strict=True))


def hidden() -> str:
    """Arcs found among made-up ones whose rates differ."""
    draw, n, hours = random.Random(3), 50, 10.0
    rates: dict[tuple[int, int], float] = {}
    while len(rates) < 150:
        u, v = draw.randrange(n), draw.randrange(n)
        if u != v:
            rates[u, v] = draw.uniform(0.05, 0.3)
    out: dict[int, list[tuple[int, float]]] = {u: [] for u in range(n)}
    for (u, v), rate in rates.items():
        out[u].append((v, rate))
    draw = random.Random(5)
    posts, rows = [delayed(out, n, hours, draw) for _ in range(2000)], []
    for size in (500, 2000):
        # A last post by nobody else, so that the log goes on until the others have been watched to their end.
        log = log_of([*posts[:size], {n: 0.0}], n + 1, apart=1000.0)
        for method, more in (("netrate", {}), ("netinf", {"n_edges": 150})):
            found = infer_graph(log, method=method, horizon_hours=hours, **more)  # type: ignore[arg-type]
            arcs = dict(zip(inferred(found), found.column("rate").tolist(), strict=True))
            right = [arc for arc in arcs if arc in rates]
            off = f"{100 * np.median([abs(arcs[arc] / rates[arc] - 1) for arc in right]):.0f} %"
            name = {"netrate": "NetRate", "netinf": "NetInf, told the number"}[method]
            rows.append([f"{size:,}", name, len(right), len(arcs) - len(right), off if method == "netrate" else "-"])
    return markdown(["cascades", "method", "found of 150", "false", "rates off by (median)"], rows)


def memetracker_posts() -> tuple[list[dict[int, float]], set[tuple[int, int]]]:
    """The set's cascades, and its file of edges."""
    with gzip.open(DATA / "cascades" / "memetracker.cascades.txt.gz", "rt") as lines:
        cells = [[cell.split(",") for cell in line.split()] for line in lines]
    with gzip.open(DATA / "cascades" / "memetracker.edges.txt.gz", "rt") as lines:
        edges = {(int(u), int(v)) for u, v in (line.split(",") for line in lines)}
    return [{int(u): float(t) - 330_000 for u, t in post} for post in cells], edges


def memetracker() -> str:
    """Inferred arcs in a file of edges whose origin is not told."""
    everything, edges = memetracker_posts()
    rows: dict[str, list[str]] = {}
    for posts in (everything[:1000], everything):
        n = 1 + max(max(post) for post in posts)
        log = log_of(posts, n)
        for method, name in (("netrate", "NetRate"), ("netinf", "NetInf")):
            arcs = inferred(infer_graph(log, method=method, n_edges=1000))  # type: ignore[arg-type]
            rows.setdefault(name, []).append(_share(arc in edges for arc in arcs))
        before: dict[tuple[int, int], int] = {}
        for post in posts:
            order = sorted(post, key=post.__getitem__)
            for k, u in enumerate(order):
                for v in order[k + 1 :]:
                    if post[u] < post[v]:
                        before[u, v] = before.get((u, v), 0) + 1
        often = sorted(before, key=lambda arc: -before[arc])[:1000]
        rows.setdefault("counting how often u was before v", []).append(_share(arc in edges for arc in often))
        twice = (arc in edges for arc, times in before.items() if times > 1)
        rows.setdefault("a candidate at random (u before v twice or more)", []).append(_share(twice))
        there = {u for post in posts for u in post}
        pairs = sum(u in there and v in there for u, v in edges) / (len(there) * (len(there) - 1))
        rows.setdefault("a pair at random", []).append(f"{100 * pairs:.1f} %")
    head = [
        "1,000 arcs asked for, share in the set's file of edges",
        "first 1,000 cascades",
        f"all {len(everything):,}",
    ]
    return markdown(head, [[name, *shares] for name, shares in rows.items()])


def _share(found: Iterable[bool]) -> str:
    return f"{100 * np.mean(list(found)):.0f} %"


# -- features.md -------------------------------------------------------------------------------------------------------


def melcup17() -> Sources:
    """Twitter around the Melbourne Cup of 2017."""
    return read_sources(Recipe.load(DOCS.parent / "examples" / "melcup17.toml", data=DATA / "melcup17"))


def features() -> str:
    """Log loss on the later posts of MelCup17, by how often an arc had been tried before."""
    sources, cut = melcup17(), "2017-11-07T04:05:24"
    early = sources.events.before(cut)
    graph = learn_from_features(sources.graph, early, rng=1)
    later = arc_trials(graph, Adoptions.of(sources.events, graph.ids), since=cut)
    n, s = (column.astype(float) for column in arc_trials(graph, Adoptions.of(early, graph.ids)))
    rate = s.sum() / n.sum()
    models = {
        "this model": graph.column("probability"),
        "one probability": np.full(n.size, rate),
        **{f"Beta, strength {k}": (s + k * rate) / (n + k) for k in (1, 10, 100)},
        "1 / followees": 1.0 / graph.out_degree[graph.edges()[0]],
    }
    groups = {"all": n >= 0, "never": n == 0, "1-4": (n > 0) & (n < 5), "5-19": (n >= 5) & (n < 20)}
    rows = []
    for group, chosen in (groups | {"20 and more": n >= 20}).items():
        trials, successes = (column[chosen].astype(float) for column in (later.trials, later.successes))
        losses = [log_loss(p[chosen], (trials, successes)) for p in models.values()]
        arcs = int(np.count_nonzero(trials))
        told = [f"**{loss:.4f}**" if loss == min(losses) else f"{loss:.4f}" for loss in losses]
        rows.append([group, f"{arcs:,}", f"{int(trials.sum()):,}", *told])
    return markdown(["tried before", "arcs", "trials", *models], rows)


def coverage() -> str:
    """How many intervals hold true probabilities, on five synthetic logs."""
    from tests.test_features import synthetic

    groups = {"fewer than 5": (0, 5), "30 and more": (30, 2**31)}
    held: dict[str, list[np.ndarray]] = {name: [] for name in groups}
    for key in range(1, 6):
        graph, log, p = synthetic(key)
        now = learn_from_features(graph, log, rng=1)
        inside = (now.column("probability_low") <= p) & (p <= now.column("probability_high"))
        for name, (least, below) in groups.items():
            held[name].append(inside[(now.column("n_trials") >= least) & (now.column("n_trials") < below)])
    rows = []
    for name, logs in held.items():
        shares = sorted(100 * one.mean() for one in logs)
        all_of_them = np.concatenate(logs)
        rows.append([name, f"{all_of_them.size:,}", _share(all_of_them), f"{shares[0]:.0f}-{shares[-1]:.0f} %"])
    return markdown(["trials", "arcs", "truth within the 95 % interval", "from log to log"], rows)


# -- calibration.md ----------------------------------------------------------------------------------------------------


def cascades(name: str, direction: str) -> tuple[sr.Graph, sr.Events]:
    """A set of cascades with its file of edges `u,v`, read in that direction."""
    graph = sr.read_graph(DATA / "cascades" / f"{name}.edges.txt.gz", direction=direction)
    recipe = Recipe.load(DOCS.parent / "examples" / f"{name}.toml", data=DATA / "cascades")
    events = read_sources(recipe).events
    return graph, events


def goodness() -> str:
    """EM and baselines on the last fifth of the posts of real sets."""
    sources = melcup17()
    sets = {
        "MelCup17": (sources.graph, sources.events),
        "memetracker": cascades("memetracker", "influences"),
        "christianity": cascades("christianity", "follows"),
    }
    rows = []
    for name, (graph, events) in sets.items():
        fit = goodness_of_fit(graph, events, rng=7)
        em, best = fit.names.index("em"), fit.names.index(fit.reference)
        each = fit.log_likelihood / fit.n_exposed
        rival = f"{each[best]:.4f} `{fit.reference}`"
        learned = calibrate(graph, events, prob=functools.partial(learn_probabilities, method="em"), split=0.8, rng=7)
        trivial = calibrate(graph, events, prob="weighted_cascade", split=0.8, rng=7)
        low, high = learned.ratio_interval
        rows.append(
            [
                name, f"{fit.n_posts:,}", f"{fit.n_exposed:,}", f"{each[em]:.4f}", rival,
                f"{fit.low[em]:.4f} to {fit.high[em]:.4f}", f"{learned.ratio:.2f} ({low:.2f} to {high:.2f})",
                f"{trivial.ratio:.2f}",
            ]
        )  # fmt: skip
    observed = "adoptions predicted / observed by"
    head = ["set", "posts", "exposed", "EM", "best baseline", "difference", f"{observed} EM", "by weighted cascade"]
    return markdown(head, rows)


def bins() -> str:
    """Bins of true probabilities whose intervals hold what was predicted, by which exposures count."""
    from tests.cascades import independent_cascades, log_of, random_graph

    rows = []
    for which in ("ever", "before"):
        held = list[bool]()
        for trial in range(8):
            graph = random_graph(300, 16, (0, 0.1), trial)
            log = log_of(independent_cascades(graph, 150, trial, longest_delay=1))
            found = calibrate(graph, log, exposures=which, rng=trial, n_replicates=200)  # type: ignore[arg-type]
            held += ((found.low <= found.predicted) & (found.predicted <= found.high)).tolist()
        rows.append([f'`"{which}"`', sum(held), len(held)])
    return markdown(["exposures", "intervals that hold the true probability", "of"], rows)


def order() -> str:
    """What the placebo says of memetracker's edges `u,v`, read either way."""
    rows = []
    for words, direction in (("u is read by v", "influences"), ("u reads v", "follows")):
        found = placebo(*cascades("memetracker", direction), rng=7)
        shown = [f"{int(found.observed['successes']):,}", f"{found.mean:,.0f}", f"{found.p_value:g}"]
        rows.append([words, *shown])
    return markdown(["`u,v` means", "arcs from an earlier to a later adopter", "where order is random", "p"], rows)


# -- pages -------------------------------------------------------------------------------------------------------------

TABLES: dict[str, tuple[str, bool, Callable[[], str]]] = {
    "learning": ("learning.md", False, learning),
    "hidden": ("hidden_graph.md", False, hidden),
    "memetracker": ("hidden_graph.md", True, memetracker),
    "features": ("features.md", True, features),
    "coverage": ("features.md", False, coverage),
    "bins": ("calibration.md", False, bins),
    "goodness": ("calibration.md", True, goodness),
    "order": ("calibration.md", True, order),
}
"""By name: the page, whether it needs real data, and what makes it."""


def put(text: str, name: str, table: str) -> str:
    """The page with the table below its mark replaced."""
    mark = f"<!-- {name}: made by docs/make_learning_tables.py -->"
    found = re.sub(rf"{re.escape(mark)}\n(\|.*\n)*", lambda _: f"{mark}\n{table}\n", text)
    if mark not in text:
        raise SystemExit(f"there is no line {mark}")
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent))  # some logs are made as the tests make them
    for name in sys.argv[1:] or TABLES:
        page, real, make = TABLES[name]
        if real and not DATA.is_dir():
            print(f"{name}: left as it is, since {DATA} is absent")
            continue
        (DOCS / page).write_text(put((DOCS / page).read_text("utf-8"), name, make()), "utf-8")
        print(f"{name}: written into {page}")
