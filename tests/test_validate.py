"""Parameter domains, and wrong values made from them for every public function."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import swayrank
from swayrank._validate import Integer, Interval, OneOf, Optional, check, domains
from swayrank.errors import ParameterError
from swayrank.measures import registry

PUBLIC = {name: getattr(swayrank, name) for name in swayrank.__all__}
CHECKED = [
    pytest.param(function, parameter, value, id=f"{name}-{parameter}-{value}")
    for name, function in PUBLIC.items()
    for parameter, domain in getattr(function, "__domains__", {}).items()
    for value in domain.outside()
]


def _data(needs):
    """Data of the right kind: a wrong kind would be told first."""
    if needs == "graph":
        return swayrank.Graph.from_edges([0], [1])
    if needs == "posts":
        return swayrank.Posts.from_arrays([0], accounts=swayrank.Ids.of_range(1), counts={"likes": [1.0]})
    return swayrank.Events.from_frame({"actor": ["ada"], "target": ["bob"], "action": ["like"]})


@pytest.mark.parametrize(("function", "parameter", "value"), CHECKED)
def test_every_public_function_refuses_what_is_outside(function, parameter, value):
    required = [
        name
        for name, p in inspect.signature(function).parameters.items()
        if p.default is inspect.Parameter.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and name != parameter
    ]
    entry = registry.list_measures().get(getattr(function, "__name__", ""))
    positional = [
        _data(entry.needs) if entry is not None else None
        for n in required
        if inspect.signature(function).parameters[n].kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    by_name = {
        n: None for n in required if inspect.signature(function).parameters[n].kind is inspect.Parameter.KEYWORD_ONLY
    }
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        function(*positional, **by_name, **{parameter: value})


def test_there_is_something_to_refuse():
    assert len(CHECKED) > 20


@pytest.mark.parametrize(
    ("domain", "good", "bad"),
    [
        (Interval(0, 1, "[)"), [0, 0.5, np.float32(0.25), np.int64(0)], [1, -0.1, float("nan"), True, "0.5", None]),
        (Interval(0, float("inf"), "()"), [1e-300, 1e300], [0, float("inf"), -1]),
        (Integer(1, 3), [1, 3, np.uint8(2)], [0, 4, 1.0, True, "1"]),
        (OneOf("raw", "fraction"), ["raw"], ["Raw", 1, None]),
        (Optional(Integer(1)), [None, 5], [0, "x"]),
    ],
)
def test_domains(domain, good, bad):
    for value in good:
        check("x", value, domain)
    for value in [*bad, *domain.outside()]:
        with pytest.raises(ParameterError, match="x must be"):
            check("x", value, domain)


def test_a_domain_for_no_parameter_is_a_mistake():
    with pytest.raises(TypeError, match="no parameter"):
        domains(absent=Integer(0))(lambda x: x)
