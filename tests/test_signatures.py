"""Every kernel compiles one signature, whatever road its arrays came by: made, read, saved, opened, pickled, sliced."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from swayrank.kernels import jit

ROAD = """
import pickle, sys
from pathlib import Path
import numpy as np
import swayrank as sr
from swayrank.kernels import jit

folder = Path(sys.argv[1])
town = sr.generate("town", n=300, rng=1)
town.save(folder / "town")
read = sr.read_graph(folder / "town" / "graph.csv")
numbers = folder / "numbers.txt"
numbers.write_text("# a comment\\n" + "".join(f"{i} {(i * 7) % 40} {i / 3}\\n" for i in range(40)))
weighted = sr.read_graph(numbers)
town.graph.save(folder / "g")
weighted.save(folder / "w", partitions=2)
graphs = [town.graph, read, weighted, sr.Graph.open(folder / "g"), sr.Graph.open(folder / "w")]
graphs += [pickle.loads(pickle.dumps(g)) for g in graphs]
graphs += [
    sr.Graph.from_edges([0, 1, 1], [1, 2, 2], n_nodes=5, columns={"probability": np.float32([0.5, 1, 0])}),
    sr.Graph.from_edges(["a"], ["b"], direction="undirected", columns={"time": np.array([5], np.int32)}),
    town.graph.subgraph(list(town.graph.ids)[:50]),
    sr.generate("rmat", n=64, edge_factor=2, rng=1),
    sr.generate("sbm", n=40, blocks=2, p_in=0.3, p_out=0.1, rng=1),
    sr.generate("watts_strogatz", n=40, k=4, p=0.1, rng=1),
    sr.generate("barabasi_albert", n=40, m=2, rng=1),
    sr.generate("erdos_renyi", n=40, p=0.1, rng=1),
]
logs = [town.events, sr.read_events([folder / "town" / "events.csv"]), town.events.before("2026-03-10")]
for number, g in enumerate(graphs):
    for name, entry in sr.list_measures("graph").items():
        if "strength" in name and "weight" not in g.columns:
            continue
        sr.measure(g, name, **({"n_samples": 1000, "rng": 1} if name == "spread" else {}))
    mixed = np.linspace(0, 1, g.n_edges)
    shares = {g.ids[0]: 0.5}
    models = [
        sr.IndependentCascade(g, prob=prob, rng=1)
        for prob in ("weighted_cascade", 0.1, 0.9, 1.0, "trivalency", np.full(g.n_edges, 0.2), mixed, lambda c: mixed)
    ]
    models += [sr.LinearThreshold(g), sr.LinearThreshold(g, weights=mixed / np.repeat(g.out_degree, g.out_degree))]
    models += [sr.IndependentCascade(g, prob=mixed, max_steps=3, sharing=shares)]
    models += [sr.IndependentCascade(g, prob=1.0, max_steps=3, sharing=0.5), sr.LinearThreshold(g, sharing=shares)]
    for model in models if number % 7 == 0 else models[-3:]:
        sr.spread(model, n_samples=500, rng=1)
        sr.spread_conditional(model, g.ids[0], n_samples=500, rng=1)
        for playback in (0, 2):
            sr.simulate(model, seeds=[g.ids[0]], n_runs=50, rng=1, playback=playback)
        sr.simulate(model, seeds=[[g.ids[0]], [g.ids[1]]], n_runs=50, rng=1)
for log in logs:
    for name in sr.list_measures("events"):
        sr.measure(log, name)
    data = ((town.graph, log), (None, log), (None, None, town.posts))
    for scores in (sr.score(*sources, rng=1) for sources in data):
        scores.explain(scores.top(1)[0].account)
        scores.roles, scores.sensitivity()
    sr.post_table(log)
for name in sr.list_measures("posts"):
    sr.measure(town.posts, name)
sr.stream_engagement([folder / "town" / "events.csv"], memory_limit="1GB")
several = {name: len(k.signatures) for name, k in jit.KERNELS.items() if len(k.signatures) > 1}
used = sum(len(k.signatures) for k in jit.KERNELS.values())
print(used, several)
"""


@pytest.mark.skipif(not jit.JIT_ENABLED, reason="there are no signatures with the JIT off")
def test_one_signature_for_each_kernel(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ROAD, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    used, several = done.stdout.split(" ", 1)
    assert several.strip() == "{}"
    assert int(used) > 40
