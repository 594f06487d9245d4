"""The registry of measures: what there is, what each one means, and how to call it by name.

A measure is a function ``f(data, *, ...) -> Measure`` under :func:`register`. The decorator records what the measure
needs and means, refuses data of another kind, and stamps every answer with its parameters and provenance, so that no
measure can forget them.

To add a measure, write one module under ``measures/<family>/`` and decorate its function. Nothing else is edited: the
families are searched on first use. Modules whose name starts with an underscore are not searched.

The order of decorators is fixed: ``register`` outside, ``domains`` inside, so that a refused value is never stamped::

    @register(name="pagerank", needs="graph", reads="along", exact=True, cost="O(m) per pass", citation="...")
    @domains(damping=Interval(0, 1, "[)"))
    def pagerank(graph, *, damping=0.85): ...
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np

from swayrank import __version__, module_of
from swayrank.engines.local import n_threads
from swayrank.errors import ParameterError, warn_caller
from swayrank.measures._arcs import ArcMeasure
from swayrank.measures._data import check_events, check_graph, check_posts
from swayrank.measures._measure import Measure
from swayrank.measures._work import Estimate, Work

P = ParamSpec("P")
M = TypeVar("M", Measure, ArcMeasure)
Needs = Literal["graph", "events", "posts"]
Reads = Literal["along", "against", "both", "none"]

# How the work is run changes no bit of the answer (D4), so it is no part of the parameters.
_HOW_IT_RUNS = frozenset({"engine", "threads", "progress"})
# Larger mappings are recorded by their hash.
_MOST_ITEMS = 100
# Somebody who waits longer than this is told of the faster way, if there is one.
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Entry:
    """What the registry knows of one measure.

    Attributes
    ----------
    name : str
        The public name, the same as ``swayrank.<name>``.
    function : callable
        ``function(data, **params) -> Measure`` (or ``ArcMeasure``).
    family : str
        The folder that it lives in: centrality, propagation, engagement.
    gives : {"accounts", "arcs"}
        What the numbers belong to.
    needs : {"graph", "events", "posts"}
        What the first argument is.
    definition : str
        One sentence: what the number means.
    reads : {"along", "against", "both", "none"}
        Whether the measure reads the graph along its arcs (with attention) or against them (with influence).
    exact : bool
        False for a measure that samples (then it takes ``rng``) or estimates: it answers with an interval.
    cost : str
        The cost class, such as ``"O(m)"``.
    citation : str
        The source of the definition.
    defaults : mapping of str to object
        Every keyword parameter with its default.
    domains : mapping of str to object
        The allowed values of the parameters that have a domain.
    work : callable or None
        ``work(data, params) -> Work``: what a run costs, told from sizes alone.
    instead : str
        The call that approximates it in less time; "" where there is none.
    """

    name: str
    function: Callable[..., Any]
    family: str
    gives: Literal["accounts", "arcs"]
    needs: Needs
    definition: str
    reads: Reads
    exact: bool
    cost: str
    citation: str
    defaults: Mapping[str, object]
    domains: Mapping[str, object]
    work: Callable[[Any, Mapping[str, Any]], Work] | None = None
    instead: str = ""

    def estimate(self, data: Any, params: Mapping[str, Any] | None = None) -> Estimate | None:
        """About how long a run would take and how much memory it would need beside `data`; None if nobody knows."""
        if self.work is None:
            return None
        asked = {**self.defaults, **(params or {})}
        threads = asked.get("threads")
        return self.work(data, asked).estimate(n_threads(threads if isinstance(threads, int) else None))


_entries: dict[str, Entry] = {}


def register(
    *,
    name: str,
    needs: Needs,
    reads: Reads,
    exact: bool,
    cost: str,
    citation: str,
    definition: str | None = None,
    takes: Callable[[object], bool] | None = None,
    gives: Literal["accounts", "arcs"] = "accounts",
    work: Callable[[Any, Mapping[str, Any]], Work] | None = None,
    instead: str = "",
) -> Callable[[Callable[P, M]], Callable[P, M]]:
    """Register a function as a measure, and stamp its answers with parameters and provenance.

    Parameters
    ----------
    name : str
        The public name.
    needs : {"graph", "events", "posts"}
        What the first argument is.
    reads : {"along", "against", "both", "none"}
        Along the arcs, against them, both ways, or no arcs at all.
    exact : bool
        False for a measure that samples or estimates.
    cost, citation : str
        Cost class and source.
    definition : str or None, default=None
        One sentence; None takes the first line of the function's docstring.
    takes : callable or None, default=None
        What else than a graph or an event table the function takes as its first argument, such as a diffusion model.
    gives : {"accounts", "arcs"}, default="accounts"
        Whether the function answers with a Measure or an ArcMeasure.
    work : callable or None, default=None
        ``work(data, params) -> Work``, from sizes alone: what a run with these parameters costs.
    instead : str, default=""
        The call that approximates the measure, named to people whose run would take more than a minute.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function: Callable[P, M]) -> Callable[P, M]:
        signature = inspect.signature(function)
        check = {"graph": check_graph, "events": check_events, "posts": check_posts}[needs]

        @functools.wraps(function)
        def stamped(*args: P.args, **kwargs: P.kwargs) -> M:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            data = next(iter(bound.arguments.values()))
            if takes is None or not takes(data):
                check(name, data)
            _, *given = bound.arguments.items()
            if work is not None:
                _warn_if_long(_entries[name], data, dict(given))
            result = function(*args, **kwargs)
            asked = {key: _recordable(value) for key, value in given if key not in _HOW_IT_RUNS}
            # What the function says of itself (a drawn rng, rows left out) stands over what was asked.
            return replace(
                result,
                params={**asked, **result.params},
                provenance={
                    "measure": name,
                    needs: _data_hash(data),
                    "swayrank": __version__,
                    **result.provenance,
                },
            )

        _entries[name] = Entry(
            name=name,
            function=stamped,
            family=function.__module__.split(".")[-2],
            gives=gives,
            needs=needs,
            definition=definition or (inspect.getdoc(function) or name).splitlines()[0],
            reads=reads,
            exact=exact,
            cost=cost,
            citation=citation,
            defaults={p.name: p.default for p in list(signature.parameters.values())[1:]},
            domains=getattr(function, "__domains__", {}),
            work=work,
            instead=instead,
        )
        return stamped

    return decorate


def _warn_if_long(entry: Entry, data: Any, params: Mapping[str, Any]) -> None:
    try:
        estimate = entry.estimate(data, params)
        took = "" if estimate is None or estimate.seconds <= _PATIENCE_S else estimate.duration()
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
        return  # of a parameter that the measure is about to refuse
    if took:
        faster = f"; {entry.instead} approximates it in less" if entry.instead and params.get("weight") is None else ""
        warn_caller(f"{entry.name} will take {took} here{faster}")


def list_measures(needs: Needs | None = None) -> dict[str, Entry]:
    """List the measures there are, by name.

    Parameters
    ----------
    needs : {"graph", "events", "posts"} or None, default=None
        Only the measures of a graph, of an event table, or of counts per post.

    Returns
    -------
    dict of str to Entry
        In alphabetical order.

    Examples
    --------
    >>> from swayrank.measures.registry import list_measures
    >>> entry = list_measures("graph")["pagerank"]
    >>> entry.reads, entry.exact, entry.cost
    ('along', True, 'O(m) per pass')
    """
    _load_families()
    return {name: entry for name, entry in sorted(_entries.items()) if needs in (None, entry.needs)}


def find_measure(name: str) -> Entry | None:
    """The measure called `name`, None if there is none; of a public one, only its own module is imported."""
    module = module_of(name)
    if module is not None and module.startswith("swayrank.measures."):
        importlib.import_module(module)
    if name not in _entries:
        _load_families()
    return _entries.get(name)


def measure(data: object, name: str, /, **params: Any) -> Any:
    """Compute the measure called `name`.

    Parameters
    ----------
    data : Graph, Events or Posts
        What the measure needs: see ``list_measures()[name].needs``.
    name : str
        Name of the measure.
    **params : object
        Its keyword parameters.

    Returns
    -------
    Measure or ArcMeasure
        The same as calling ``swayrank.<name>(data, **params)``.

    Raises
    ------
    ParameterError
        For an unknown name or parameter (with the close ones), and for data of the wrong kind.

    Examples
    --------
    >>> import swayrank as sr
    >>> g = sr.Graph.from_edges([0, 1, 2], [1, 2, 1])
    >>> sr.measure(g, "in_degree").values
    array([0, 2, 1], dtype=uint32)
    """
    entry = find_measure(name)
    if entry is None:
        there = ", ".join(list_measures())
        raise ParameterError(f"unknown measure {name!r}{_close(name, _entries)}; there are: {there}")
    check_parameters(entry, params)
    return entry.function(data, **params)


def check_parameters(entry: Entry, params: Mapping[str, object]) -> None:
    """Raise a ParameterError, with what was perhaps meant, for a parameter that the measure does not have."""
    unknown = next((key for key in params if key not in entry.defaults), None)
    if unknown is not None:
        known = ", ".join(entry.defaults) or "none"
        raise ParameterError(
            f"{entry.name} has no parameter {unknown!r}{_close(unknown, entry.defaults)}; its parameters are: {known}"
        )


def _close(word: str, known: Mapping[str, object]) -> str:
    found = difflib.get_close_matches(word, known, n=3)
    return f" (did you mean {' or '.join(repr(w) for w in found)}?)" if found else ""


@functools.cache
def _load_families() -> None:
    package = importlib.import_module("swayrank.measures")
    for module in pkgutil.walk_packages(package.__path__, "swayrank.measures."):
        if not module.name.rpartition(".")[2].startswith("_"):
            importlib.import_module(module.name)


def _recordable(value: object) -> object:
    """Keep small values as they are; stand in a content hash for arrays and large mappings."""
    if isinstance(value, np.ndarray):
        return {"array": _digest(value.tobytes()), "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, Mapping) and len(value) > _MOST_ITEMS:
        return {"mapping": _digest(repr(sorted(value.items(), key=str)).encode()), "length": len(value)}
    return dict(value) if isinstance(value, Mapping) else value


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _data_hash(data: object) -> object:
    """The content hash of what was measured; a diffusion model is known by its graph."""
    source = data if hasattr(data, "fingerprint") else getattr(data, "graph", None)
    return getattr(source, "fingerprint", None)
