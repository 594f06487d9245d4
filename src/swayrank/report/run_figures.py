"""All figures of a kept run as files, each with the table behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from swayrank._extras import need_for_figure
from swayrank._validate import OneOf, domains
from swayrank.errors import InputError, ParameterError
from swayrank.report.canvas import THEMES, table_of
from swayrank.report.files import write_figure, write_table
from swayrank.report.trends import trend_of
from swayrank.results import whole_runs
from swayrank.scoring.history import history
from swayrank.scoring.keep import KeptScores, load_scores

KINDS = ("svg", "pdf", "png", "html")
_OF_SCORES = ("leaderboard", "breakdown", "histogram", "map", "communities", "flows", "activity")
_MOST_LINES = 7


class FigureFiles(NamedTuple):
    """What was written, and of the other figures, why not."""

    written: list[Path]
    left_out: list[str]


@domains(kind=OneOf(*KINDS), theme=THEMES)
def write_figures(run: str | Path, folder: str | Path, *, kind: str = "svg", theme: str = "light") -> FigureFiles:
    """Write all figures of a kept run into a folder, each beside a .csv of its table.

    Leaderboard, breakdown, histogram, map, communities, flows of attention, engagement over time; and where the folder
    keeps several runs of one scale, trend lines of the first seven accounts.

    Parameters
    ----------
    run : str or Path
        A run's folder, or one that `swayrank score -o` or :meth:`Scores.save` wrote to: then its current run.
    folder : str or Path
        Where to; made where it is not there.
    kind : {"svg", "pdf", "png", "html"}, default "svg"
        Of the files: pictures for papers, or pages.
    theme : {"light", "dark"}, default "light"
        Colours.

    Returns
    -------
    FigureFiles
        ``written``, the paths; ``left_out``, figures that the run has not kept what they need for, and why.

    Raises
    ------
    ParameterError
        If a value is outside its domain.
    FolderError
        If there is no whole run, or its table was altered.
    InputError
        If another of its files was altered, or the folder cannot be written.
    MissingDependencyError
        If plotly, or for pictures matplotlib, is not installed.

    Examples
    --------
    >>> import tempfile, swayrank as sr
    >>> town, out = sr.generate("town", n=300, rng=7), tempfile.mkdtemp()
    >>> _ = sr.score(town.graph, town.events, rng=7).save(out)
    >>> [path.name for path in write_figures(out, Path(out, "figures")).written[:3]]
    ['leaderboard.svg', 'leaderboard.csv', 'breakdown.svg']
    """
    need_for_figure(f".{kind}")
    kept = load_scores(run)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make this folder: {error.strerror or error}", file=str(folder)) from None
    made: dict[str, Callable[[], Any]] = {name: _figure(kept, name, theme) for name in _OF_SCORES}
    made["trend"] = lambda: _trend(kept, theme)
    files = FigureFiles([], [])
    for name, make in made.items():
        try:
            figure = make()
        except ParameterError as error:
            files.left_out.append(f"{name}: {error}")
            continue
        files.written.append(write_figure(figure, folder / f"{name}.{kind}"))
        files.written.append(write_table(table_of(figure), folder / f"{name}.csv"))
    return files


def _figure(kept: KeptScores, name: str, theme: str) -> Callable[[], Any]:
    return lambda: kept.plot(name, theme=theme)


def _trend(kept: KeptScores, theme: str) -> Any:
    """Trend lines over the runs beside this one."""
    own = kept.folder.resolve()
    if own.parent.name != "runs" or len(whole_runs(own.parent.parent)) < 2:
        raise ParameterError("there is one run, and trend lines need two")
    past = history(own.parent.parent, [str(kept.ids[int(i)]) for i in kept.order(_MOST_LINES)])
    if len({row.time for rows in trend_of(past).values() for row in rows}) < 2:
        raise ParameterError(
            "the runs of this scale are of one time of data, and trend lines need two; score again once data came in"
        )
    return past.plot(theme=theme)
