"""Why an account has its score: as the run kept it, as a job made it since, or the figures alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from swayrank.service.published import Published


def made_path(out: Path, run: str, account: str) -> Path:
    """Where a job keeps an explanation that it made. Names are hashed: no name becomes a path."""
    name = hashlib.blake2b(account.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return out / "derived" / run / "explanations" / f"{name}.json"


def explanation_of(result: Published, account: str, out: Path) -> tuple[dict[str, Any], bytes | None]:
    """What is known; the second is the whole answer where a job made one.

    Raises
    ------
    UnknownAccountError
        If there is no such account.
    """
    i = result.names.position(account)
    told: dict[str, Any] = {"account": account, "kept": False, "text": None, "facts": None, "activity": None}
    told["row"] = result.whole_row(i)
    if i < result.n_explained:
        facts = result.kept.explanation(result.kept.ids[i]) or {}
        told |= {
            "kept": True,
            "text": facts.pop("text", None),
            "facts": facts,
            "activity": activity_of(result, account),
        }
        return told, None
    path = made_path(out, result.run, account)
    return told, path.read_bytes() if path.is_file() else None


def activity_of(result: Published, account: str) -> dict[str, Any] | None:
    """The reactions that an account received, by time; None where the run does not keep them."""
    kept = result.activity
    if kept is None or account not in kept.get("accounts", {}):
        return None
    return {"bin": kept["bin"], "times": kept["times"], "counts": kept["accounts"][account]}
