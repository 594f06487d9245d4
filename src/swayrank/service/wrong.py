"""What a request got wrong, in plain words: of what the checks of pydantic find, which parameter, what it must be.

`parameter` is the path within what was sent (``parameters.quota.by``, ``page_size``), without what the checks add;
`message` is a sentence that names the parameter as a caller wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from swayrank._text import printable

_PLACES = ("query", "body", "path", "header", "cookie")
_OWN = "Value error, "  # before what a check of ours says, which names its parameter itself
_SHOULD = re.compile(r"^(?:Input|Value|String|Data|List|Dictionary|Set|Tuple|[A-Z]\w*) should ")
_WORDS = (
    (re.compile(r"^Field required$"), "is required"),
    (re.compile(r"^Extra inputs are not permitted$"), "is not permitted: there is no parameter of that name"),
    (re.compile(r"^must be a valid integer"), "must be a whole number"),
    (re.compile(r"^must be a valid "), "must be a "),
    (re.compile(r"^must be a dictionary or object to extract fields from$"), "must be an object"),
    (re.compile(r"^must be a whole number, got a number with a fractional part$"), "must be a whole number"),
    (re.compile(r" after validation"), ""),
    (re.compile(r", unable to parse string as an? (integer|number)$"), ""),
    (re.compile(r"^must match pattern "), "must match the pattern "),
)


def told(error: Mapping[str, Any], body: Any = None) -> dict[str, str]:
    """One finding as ``parameter`` and ``message``.

    Parameters
    ----------
    error : mapping
        As pydantic gives it: ``type``, ``loc``, ``msg``, ``input``.
    body : object
        What was sent, where it is known: steps that the checks took and nobody wrote are left out of the path.

    Examples
    --------
    >>> said = {"type": "greater_than", "msg": "Input should be greater than 0"}
    >>> told({**said, "loc": ("query", "page"), "input": "0"})
    {'parameter': 'page', 'message': "page must be greater than 0, got '0'"}
    """
    steps = _path(error["loc"], body)
    if "discriminator" in (chosen := error.get("ctx") or {}):
        steps = [*steps, str(chosen["discriminator"]).strip("'")]
    path = "" if error["type"] == "json_invalid" else ".".join(step for step in steps if step and step != "[key]")
    return {"parameter": printable(path, 200), "message": printable(_message(error, path), 400)}


def _path(loc: Sequence[str | int], body: Any) -> list[str]:
    """The path without the place it is in, nor what chose between kinds of body."""
    in_body = bool(loc) and loc[0] == "body"
    steps = list(loc[1:] if loc and loc[0] in _PLACES else loc)
    found, here = [], body
    for i, step in enumerate(steps):
        if in_body and isinstance(here, dict) and step not in here and i + 1 < len(steps):
            continue
        try:
            here = here[step]
        except (LookupError, TypeError):
            here = None
        found.append(str(step))
    return found


def _message(error: Mapping[str, Any], path: str) -> str:
    text, kind = str(error["msg"]), str(error["type"])
    name = path.removeprefix("parameters.") or "what was sent"
    if text.startswith(_OWN):
        return text.removeprefix(_OWN)
    if kind == "json_invalid":
        return f"what was sent is no JSON: {error.get('ctx', {}).get('error', 'it cannot be read')}"
    if kind == "union_tag_invalid":
        return f"{name} must be one of {error['ctx']['expected_tags']}, got {error['ctx']['tag']!r}"
    if kind == "union_tag_not_found":
        return f"{name} is required"
    text = _SHOULD.sub("must ", text)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    got = error.get("input")
    shown = text.startswith("must ") and isinstance(got, str | int | float | bool | None)
    return f"{name} {text}" + (f", got {printable(repr(got), 60)}" if shown else "")
