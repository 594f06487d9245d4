"""Graphs that change, and measures kept current on them; see :mod:`swayrank.measures.live.live_graph`."""

from swayrank.measures.live.live_graph import Change, LiveGraph

__all__ = ["Change", "LiveGraph"]
