"""graph-tool behind a pipe: it comes with another interpreter's NumPy. Runs there; imports nothing of this folder.

Each line of standard input is a JSON list: ``["load", "u.npy", "v.npy", n]``, ``["build"]``, ``["pagerank", epsilon]``,
``["betweenness"]``, ``["degrees", "out.npy"]``, ``["values", "out.npy"]``. Each answer is one line: the memory that the
last command took.
"""

import gc
import json
import sys

import graph_tool
import numpy as np
from graph_tool.centrality import betweenness, pagerank


def _memory(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def _build(state):
    u, v, n = state["u"], state["v"], state["n"]
    graph = graph_tool.Graph(directed=True)
    graph.add_vertex(n)
    graph.add_edge_list(np.column_stack([u, v]))
    return graph


def _do(state, command, *given):
    if command == "load":
        state.update(u=np.load(given[0]), v=np.load(given[1]), n=given[2])
    elif command == "build":
        state["graph"] = _build(state)
    elif command == "pagerank":
        state["values"] = pagerank(state["graph"], damping=0.85, epsilon=given[0]).a
    elif command == "betweenness":
        state["values"] = betweenness(state["graph"], norm=False)[0].a
    elif command == "values":
        np.save(given[0], np.array(state["values"]))
    elif command == "degrees":
        nodes = np.arange(state["n"])
        np.save(given[0], np.array([state["graph"].get_out_degrees(nodes), state["graph"].get_in_degrees(nodes)]))


def main():
    """Answer until the pipe closes."""
    state = {}
    for line in sys.stdin:
        if line.startswith('["build"'):
            state.pop("graph", None)
        gc.collect()
        before = _memory("VmRSS")
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        _do(state, *json.loads(line))
        answer = {"peak_bytes": _memory("VmHWM") - before, "kept_bytes": _memory("VmRSS") - before}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
