"""GRAPH: who follows whom. :class:`Graph` is what everybody else uses; the other modules serve it.

parts (arrays and the report) < input (checks) < build, order, folder, unread, exchange < graph
"""

from swayrank.graph.graph import Graph
from swayrank.graph.order import Relabelled
from swayrank.graph.parts import MAX_NODES, NO_NODE, GraphReport

__all__ = ["MAX_NODES", "NO_NODE", "Graph", "GraphReport", "Relabelled"]
