"""References between runs: those that are shipped, where one comes from, and which scores may be compared.

A reference (:mod:`swayrank.scoring.scale`) is computed once and saved. Scores compare where reference and weights are
the same; anything else is refused with the cure, never shown side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Protocol

from swayrank.errors import ParameterError
from swayrank.scoring.scale import SHIPPED, Knots, Reference

if TYPE_CHECKING:
    from swayrank.scoring.scores import Scores


class Comparable(Protocol):
    """What two scores must share to be compared: of a run just made or of a kept one."""

    @property
    def reference(self) -> Reference:
        """The knots of its scale."""

    @property
    def weights(self) -> Mapping[str, float]:
        """The weights of its parts."""


def list_references() -> dict[str, Reference]:
    """The references that come with swayrank, by the name that `reference=` takes.

    Returns
    -------
    dict of str to Reference
        ``town``: of ``generate("town", n=10_000, rng=7)``, for trying out and for comparing towns.

    Examples
    --------
    >>> list(list_references()), list_references()["town"].made["accounts"]
    (['town'], 10000)
    """
    return {file.stem: Reference.load(file) for file in sorted(SHIPPED.glob("*.json"))}


def reference_of(scores: Scores) -> Reference:
    """The scores' reference with its origin, for saving: a new one's is this data, a given one keeps its own.

    Parameters
    ----------
    scores : Scores

    Returns
    -------
    Reference
        With ``made`` telling the time, swayrank's version, the number of accounts, the data's fingerprints, and
        ``data_until``: the moment at which the data ends (ISO, UTC), None where nothing in it has a time.
    """
    own = {name: Knots.of(raw) for name, raw in scores.raw.items()}
    if scores.reference.made or dict(scores.reference.knots) != own:
        return scores.reference
    evidence = scores.evidence
    sources = {"graph": evidence.graph, "events": evidence.events, "posts": evidence.posts}
    if evidence.graph_is_derived:
        del sources["graph"]
    made: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "swayrank": metadata.version("swayrank"),
        "accounts": len(scores),
        "data_until": scores.params["now"],
        "data": {name: source.fingerprint for name, source in sources.items() if source is not None},
    }
    return replace(scores.reference, made=made)


def check_comparable(one: Comparable, other: Comparable, cure: str = "") -> None:
    """Raise unless two scores have the same reference and weigh the same parts alike.

    Parameters
    ----------
    one, other : Scores or KeptScores
        The older and the newer.
    cure : str, optional
        Where the reference of the older lies, for the message.

    Raises
    ------
    ParameterError
        If their numbers mean different things; the message says how to score the newer so that they do not.
    """
    if one.reference.hash != other.reference.hash:
        file = cure or "out/current/reference.json"
        raise ParameterError(
            f"these scores have different references ({one.reference.hash} and {other.reference.hash}), so a number of "
            f"one means something else in the other: score the newer with the older's, --reference {file} on the "
            f"command line or reference= in Python"
        )
    if dict(one.weights) != dict(other.weights):
        raise ParameterError(
            f"these scores weigh parts differently ({_told(one.weights)} and {_told(other.weights)}): score the newer "
            f"with the older's parts and profile, --profile on the command line or profile= in Python"
        )


def _told(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {weight:.3g}" for name, weight in weights.items())
