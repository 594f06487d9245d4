"""A kept run as a report: one page, Markdown or an Excel workbook, by the name of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from swayrank._validate import Integer, check
from swayrank.errors import ParameterError
from swayrank.report.document import ONE, Cell, Name, Number, Table
from swayrank.report.facts import Facts, gather
from swayrank.report.markdown import as_markdown
from swayrank.report.page import as_page
from swayrank.report.words import report_of
from swayrank.report.workbook import as_workbook
from swayrank.results import write_whole
from swayrank.scoring.scores import INSUFFICIENT, SCORED

KINDS = (".html", ".md", ".xlsx")
_MOST_ACCOUNTS = 100_000
"""How many accounts a workbook lists; the run's scores.csv has all."""


def write_report(
    run: str | Path,
    path: str | Path,
    *,
    backtest: str | Path | None = None,
    seeds: str | Path | None = None,
    goal: str | None = None,
    top: int = 10,
) -> Path:
    """Tell of a kept run, for people who were not there.

    Parameters
    ----------
    run : str or Path
        A run's folder, or one that `swayrank score -o` or :meth:`Scores.save` wrote to: then its current run.
    path : str or Path
        Where to: .html for one page that works offline and prints, .md for Markdown, .xlsx for Excel. Written whole or
        not at all.
    backtest : str or Path, optional
        The JSON of a backtest, or the folder that `swayrank backtest -o` wrote to.
    seeds : str or Path, optional
        Seeds as `swayrank seeds -o` writes them, .csv or .parquet; or what its `--json` tells, .json, which also
        holds how good the choice is and what it costs.
    goal : str, optional
        What the seeds are for, in words for the reader.
    top : int, default 10
        How many accounts are shown by name, at least 1; the first ten of them have cards.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If `path` ends in something else, or there is a goal without seeds.
    FolderError
        If there is no whole run, or its table was altered.
    InputError
        If another of its files was altered, or a given one is not what it should be.

    Notes
    -----
    The same files give the same bytes. O(accounts) beside the explanations of the first 1,000.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> town, out = sr.generate("town", n=300, rng=7), tempfile.mkdtemp()
    >>> _ = sr.score(town.graph, town.events, rng=7).save(out)
    >>> report = write_report(out, Path(out, "report.html"))
    >>> report.name, "<title>Who influences whom</title>" in report.read_text(encoding="utf-8")
    ('report.html', True)
    """
    check("top", top, Integer(1))
    path = Path(path)
    if path.suffix not in KINDS:
        raise ParameterError(f"a report must end in {', '.join(KINDS[:-1])} or {KINDS[-1]}, got {path.name!r}")
    if goal is not None and seeds is None:
        raise ParameterError("goal says what seeds are for: give seeds, too")
    facts = gather(run, backtest=backtest, seeds=seeds, top=top, goal=goal)
    report = report_of(facts, top)
    if path.suffix == ".html":
        content = as_page(report).encode("utf-8")
    elif path.suffix == ".md":
        content = as_markdown(report).encode("utf-8")
    else:
        content = as_workbook(report, _accounts(facts))
    with write_whole(path) as file:
        file.write(content)
    return path


def _accounts(facts: Facts) -> Table:
    """Accounts with their figures, best first, for sorting and filtering."""
    scores, sure = facts.scores, facts.scores.intervals
    headings = ["rank", "account", "status", "score"]
    columns: list[Any] = [scores.score, *scores.parts.values()]
    names = list(scores.parts)
    if sure is not None:
        columns += [*sure.score, *sure.rank]
        names += ["score_low", "score_high", "rank_low", "rank_high"]
    rows: list[tuple[Cell, ...]] = []
    n = min(len(scores), _MOST_ACCOUNTS)
    for i in range(n):
        scored = bool(scores.rank[i])
        head: list[Cell] = [
            Number(int(scores.rank[i]) if scored else None),
            Name(scores.ids[i]),
            SCORED if scored else INSUFFICIENT,
        ]
        figures = [Number(float(values[i]) if scored else None, ONE) for values in columns]
        ranks = [Number(one.value) for one in figures[-2:]] if sure is not None else []
        rows.append((*head, *(figures[:-2] + ranks if ranks else figures)))
    caption = "All accounts" if n == len(scores) else f"The first {n:,} accounts"
    return Table(caption, tuple(headings + names), tuple(rows))
