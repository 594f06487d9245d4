"""What a measure is given: an error that says what is expected, and how to make it from what was given."""

from __future__ import annotations

from pathlib import Path

from swayrank.errors import ParameterError
from swayrank.events import Events, Posts
from swayrank.graph import Graph

_FOREIGN_GRAPHS = {"networkx": "from_networkx", "igraph": "from_igraph", "scipy": "from_scipy"}


def check_graph(name: str, data: object) -> None:
    """Raise :class:`ParameterError` unless `data` is a Graph; `name` is what needs one.

    Examples
    --------
    >>> check_graph("pagerank", "follows.csv")
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: pagerank needs a Graph, got 'follows.csv': read it with read_graph('follows.csv')
    """
    if isinstance(data, Graph):
        return
    library = type(data).__module__.partition(".")[0]
    if isinstance(data, Events):
        cure = "pass the follow graph, or events.derive_graph()"
    elif isinstance(data, str | Path):
        cure = f"read it with read_graph({str(data)!r})"
    elif isinstance(getattr(data, "graph", None), Graph):
        cure = "pass its .graph"
    elif library in _FOREIGN_GRAPHS:
        cure = f"make one with Graph.{_FOREIGN_GRAPHS[library]}(...)"
    else:
        cure = "read one with read_graph(...), or make one with Graph.from_edges(...) or Graph.from_networkx(...)"
    raise ParameterError(f"{name} needs a Graph, got {_spelled(data)}: {cure}")


def check_events(name: str, data: object) -> None:
    """Raise :class:`ParameterError` unless `data` is an event table; `name` is what needs one.

    Examples
    --------
    >>> check_events("resonance", [1])
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: resonance needs Events, got a list: read an event log with read_events(...), or make
    one with Events.from_frame(...)
    """
    if isinstance(data, Events):
        return
    if isinstance(data, Graph):
        cure = "read an event log with read_events(...)"
    elif isinstance(data, str | Path):
        cure = f"read it with read_events({str(data)!r})"
    else:
        cure = "read an event log with read_events(...), or make one with Events.from_frame(...)"
    raise ParameterError(f"{name} needs Events, got {_spelled(data)}: {cure}")


def check_posts(name: str, data: object) -> None:
    """Raise :class:`ParameterError` unless `data` holds counts per post; `name` is what needs them.

    Examples
    --------
    >>> check_posts("engagement_rate", "posts.csv")
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: engagement_rate needs Posts, got 'posts.csv': read it with read_posts('posts.csv')
    """
    if isinstance(data, Posts):
        return
    if isinstance(data, Events):
        cure = "count them with posts_from_events(...), or read a table with read_posts(...)"
    elif isinstance(data, str | Path):
        cure = f"read it with read_posts({str(data)!r})"
    else:
        cure = "read counts per post with read_posts(...), or make them with Posts.from_arrays(...)"
    raise ParameterError(f"{name} needs Posts, got {_spelled(data)}: {cure}")


def _spelled(data: object) -> str:
    """Text and paths as they are, anything else by its kind."""
    if data is None or isinstance(data, str | Path):
        return repr(data) if not isinstance(data, Path) else repr(str(data))
    kind = type(data)
    if isinstance(data, Events):
        return kind.__name__
    module = kind.__module__.partition(".")[0]
    if module in ("builtins", "swayrank"):
        return f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"
    return f"a {module} {kind.__name__}"
