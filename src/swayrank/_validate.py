"""Parameter domains as data, and the one sentence that a wrong value gets.

`@domains(damping=Interval(0, 1, "[)"))` checks the keyword arguments of a public function before its body runs and
keeps the domains on the function (`__domains__`), from which the tests generate their wrong values.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ParamSpec, Protocol, TypeVar

from swayrank.errors import ParameterError

P = ParamSpec("P")
R = TypeVar("R")


class Domain(Protocol):
    """A set of allowed values that can describe itself."""

    def holds(self, value: Any) -> bool:
        """Whether `value` lies in the domain."""

    def describe(self) -> str:
        """The domain in words that follow "must be"."""

    def outside(self) -> list[Any]:
        """A few values that the domain refuses, for tests."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Real numbers between `low` and `high`; `ends` is one of "[]", "[)", "(]", "()"."""

    low: float
    high: float
    ends: str = "[]"

    def holds(self, value: Any) -> bool:
        """Whether `value` is a real number (not a bool, not NaN) inside the interval."""
        if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
            return False
        x = float(value)
        above = x >= self.low if self.ends[0] == "[" else x > self.low
        below = x <= self.high if self.ends[1] == "]" else x < self.high
        return above and below

    def describe(self) -> str:
        """The interval in brackets."""
        return f"in {self.ends[0]}{_number(self.low)}, {_number(self.high)}{self.ends[1]}"

    def outside(self) -> list[Any]:
        """Neighbours beyond both ends, NaN and a string."""
        values: list[Any] = [math.nan, "many"]
        values += [self.low - 1] if math.isfinite(self.low) else []
        values += [self.high + 1] if math.isfinite(self.high) else []
        return values


@dataclass(frozen=True, slots=True)
class Integer:
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int | None = None

    def holds(self, value: Any) -> bool:
        """Whether `value` is an integer (not a bool) in the range."""
        if isinstance(value, bool) or not isinstance(value, Integral):
            return False
        return self.low <= int(value) and (self.high is None or int(value) <= self.high)

    def describe(self) -> str:
        """The range in words."""
        return f"an integer >= {self.low}" if self.high is None else f"an integer in [{self.low}, {self.high}]"

    def outside(self) -> list[Any]:
        """Beyond the ends, a fraction, a string."""
        return [self.low - 1, self.low + 0.5, "many"] + ([] if self.high is None else [self.high + 1])


@dataclass(frozen=True, slots=True, init=False)
class OneOf:
    """One of a few named options."""

    options: tuple[Any, ...]

    def __init__(self, *options: Any) -> None:
        object.__setattr__(self, "options", options)

    def holds(self, value: Any) -> bool:
        """Whether `value` equals one of the options."""
        return any(type(value) is type(option) and value == option for option in self.options)

    def describe(self) -> str:
        """The options, quoted."""
        return "one of " + ", ".join(repr(option) for option in self.options)

    def outside(self) -> list[Any]:
        """A word that is no option, and a number."""
        return ["no such option", -12345]


@dataclass(frozen=True, slots=True)
class Optional:
    """None, or a value of another domain."""

    domain: Domain

    def holds(self, value: Any) -> bool:
        """Whether `value` is None or in the inner domain."""
        return value is None or self.domain.holds(value)

    def describe(self) -> str:
        """The inner domain, or None."""
        return f"{self.domain.describe()} or None"

    def outside(self) -> list[Any]:
        """What the inner domain refuses."""
        return self.domain.outside()


def check(name: str, value: Any, domain: Domain) -> None:
    """Raise :class:`ParameterError` unless `value` lies in `domain`.

    >>> check("damping", 1.5, Interval(0, 1, "[)"))
    Traceback (most recent call last):
        ...
    swayrank.errors.ParameterError: damping must be in [0, 1), got 1.5
    """
    if not domain.holds(value):
        raise ParameterError(f"{name} must be {domain.describe()}, got {value!r}")


def domains(**by_name: Domain) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check the named parameters of a function against their domains at every call."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        unknown = set(by_name) - set(signature.parameters)
        if unknown:
            raise TypeError(f"{function.__qualname__} has no parameter {sorted(unknown)}")

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as wrong:
                raise TypeError(_call_told(function.__qualname__, signature, wrong, kwargs)) from None
            for name, domain in by_name.items():
                if name in given:
                    check(name, given[name], domain)
            return function(*args, **kwargs)

        checked.__domains__ = by_name  # type: ignore[attr-defined]
        return checked

    return decorate


def _call_told(name: str, signature: inspect.Signature, wrong: TypeError, given: Mapping[str, object]) -> str:
    """What is wrong with a call, with what was probably meant, or what has to be given."""
    known = list(signature.parameters)
    strange = next((one for one in given if one not in known), None)
    if strange is not None:
        meant = difflib.get_close_matches(strange, known, n=1)
        cure = f"did you mean {meant[0]!r}?" if meant else f"there are {', '.join(known)}"
        return f"{name}() has no parameter {strange!r}; {cure}"
    needed = [
        one.name
        for one in signature.parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        and one.name not in ("self", "cls")
    ]  # fmt: skip
    pairs = "; of pairs make two columns: u, v = zip(*pairs)" if needed == ["u", "v"] else ""
    return f"{name}(): {wrong}; it needs {', '.join(needed) or 'nothing'}{pairs}"


def _number(value: float) -> str:
    return ("inf" if value > 0 else "-inf") if math.isinf(value) else f"{value:g}"
