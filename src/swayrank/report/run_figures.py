"""All figures of a kept run as files, each with the table behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from swayrank._extras import need_for_figure
from swayrank._validate import OneOf, domains
from swayrank.errors import InputError, ParameterError
from swayrank.report.beside import BACKTEST_FIGURES, backtest_of, seeds_figure
from swayrank.report.canvas import THEMES, table_of
from swayrank.report.files import picture, write_page, write_script, write_table
from swayrank.report.static_fonts import Boxed
from swayrank.report.trends import trend_of
from swayrank.results import whole_runs
from swayrank.scoring.history import history
from swayrank.scoring.keep import KeptScores, load_scores

KINDS = ("svg", "pdf", "png", "html")
_OF_SCORES = ("leaderboard", "breakdown", "histogram", "map", "communities", "flows", "activity")
_MOST_LINES = 7
_SCRIPT = "plotly.min.js"


class FigureFiles(NamedTuple):
    """What was written, and of the other figures, why not."""

    written: list[Path]
    left_out: list[str]


@domains(kind=OneOf(*KINDS), theme=THEMES)
def write_figures(
    run: str | Path,
    folder: str | Path,
    *,
    kind: str = "svg",
    theme: str = "light",
    seeds: str | Path | None = None,
    backtest: str | Path | None = None,
) -> FigureFiles:
    """Write all figures of a kept run into a folder, each beside a .csv of its table.

    Leaderboard, breakdown, histogram, map, communities, flows of attention, engagement over time; and where the folder
    keeps several runs of one scale, trend lines of the first seven accounts. Of seeds and a backtest, where files of
    them are given, what each seed adds, the rankings' metrics, and the removal curve.

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
    seeds, backtest : str or Path, optional
        Files beside the run, as :func:`~swayrank.report.write.write_report` takes them.

    Returns
    -------
    FigureFiles
        ``written``, the paths (of pages, also of the script that they share, ``plotly.min.js``); ``left_out``, figures
        for which the run, or a file beside it, holds too little, and why.

    Raises
    ------
    ParameterError
        If a value is outside its domain.
    FolderError
        If there is no whole run, or its table was altered.
    InputError
        If another of its files was altered, a file beside it is not what it should be, or the folder cannot be
        written.
    MissingDependencyError
        If plotly, or for pictures matplotlib, is not installed.

    Warns
    -----
    SwayrankWarning
        Once, if texts of pictures hold letters that no installed font has.

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
    if seeds is not None:
        made["seeds"] = lambda: seeds_figure(Path(seeds), theme)
    if backtest is not None:
        made |= {name: _of_backtest(Path(backtest), name, theme) for name in BACKTEST_FIGURES}
    files, in_boxes = FigureFiles([], []), Boxed()
    for name, make in made.items():
        try:
            figure = make()
        except ParameterError as error:
            files.left_out.append(f"{name}: {error}")
            continue
        path = folder / f"{name}.{kind}"
        if kind == "html":
            write_page(figure, path, script=_SCRIPT)
        else:
            in_boxes += picture(figure, path)
        files.written.extend((path, write_table(table_of(figure), folder / f"{name}.csv")))
    if kind == "html" and files.written:
        files.written.append(write_script(folder / _SCRIPT))
    in_boxes.warn()
    return files


def _of_backtest(path: Path, name: str, theme: str) -> Callable[[], Any]:
    return lambda: BACKTEST_FIGURES[name](backtest_of(path), theme=theme)


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
