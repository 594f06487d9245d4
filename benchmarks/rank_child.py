"""What a peer's user would write: read an edge list, rank by PageRank. ``python rank_child.py TOOL FILE KIND OUT``.

KIND is "integers" or "names". Writes the ten highest accounts to OUT.
"""

import json
import sys


def networkx(path, integers):
    """Read and rank with NetworkX."""
    import networkx as nx

    graph = nx.read_edgelist(path, create_using=nx.DiGraph, nodetype=int if integers else str)
    return nx.pagerank(graph)


def igraph(path, integers):
    """Read and rank with igraph."""
    from igraph import Graph

    graph = Graph.Read_Ncol(path, names=True, weights=False, directed=True)
    ranks = zip(graph.vs["name"], graph.pagerank(), strict=True)
    return {int(name) if integers else name: rank for name, rank in ranks}


def networkit(path, integers):
    """Read and rank with NetworKit."""
    import networkit as nk

    reader = nk.graphio.EdgeListReader(" ", 0, continuous=False, directed=True)
    found = nk.centrality.PageRank(reader.read(path), distributeSinks=nk.centrality.SinkHandling.DistributeSinks).run()
    scores = found.scores()
    return {int(name) if integers else name: scores[node] for name, node in reader.getNodeMap().items()}


def main():
    """Rank and write the highest."""
    tool, path, kind, out = sys.argv[1:]
    ranks = {"networkx": networkx, "igraph": igraph, "networkit": networkit}[tool](path, kind == "integers")
    with open(out, "w") as file:
        json.dump(sorted(ranks, key=ranks.get, reverse=True)[:10], file)


if __name__ == "__main__":
    main()
