"""Progress on stderr for work that takes longer than a second: a bar with counts and time left.

Long functions take ``progress``: None or False (silent), True (a bar on stderr, if that is a terminal), or a callable
``progress(label, done, total)`` that is told about every step.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from swayrank.errors import ParameterError

Progress = bool | Callable[[str, int, int | None], None] | None
Step = Callable[[int], None]

_SHOW_AFTER_SECONDS = 1.0


@contextlib.contextmanager
def track(progress: Progress, label: str, total: int | None = None) -> Iterator[Step]:
    """Report the steps of one piece of work.

    Parameters
    ----------
    progress : bool, callable or None
        As every long function takes it.
    label : str
        What is being done, in a few words.
    total : int, optional
        How many steps there are in all; unknown if None.

    Yields
    ------
    step : callable
        ``step(k)`` says that `k` more are done.

    Raises
    ------
    ParameterError
        If `progress` is none of these.

    Examples
    --------
    >>> with track(lambda *news: print(*news), "reading", total=2) as step:
    ...     step(1)
    ...     step(1)
    reading 1 2
    reading 2 2
    """
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ParameterError(
            f"progress must be True, False, None or a function of (label, done, total), got {progress!r}"
        )
    if progress is None or progress is False or (progress is True and not sys.stderr.isatty()):
        yield _nothing
    elif progress is True:
        bar = _Bar(label, total)
        try:
            yield bar.step
        finally:
            bar.close()
    else:
        done = 0

        def step(k: int) -> None:
            nonlocal done
            done += k
            progress(label, done, total)

        yield step


def _nothing(k: int) -> None:
    pass


class _Bar:
    """A rich progress bar that appears only once the work has lasted a second."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total, self._done = label, total, 0
        self._start = time.monotonic()
        self._display: Any = None

    def step(self, k: int) -> None:
        self._done += k
        if self._display is None:
            if time.monotonic() - self._start < _SHOW_AFTER_SECONDS:
                return
            self._open()
        self._display.update(self._task, completed=self._done)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Display

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        if self._total:
            columns.append(TimeRemainingColumn())
        self._display = Display(*columns, console=Console(file=sys.stderr), transient=True)
        self._display.start()
        self._task = self._display.add_task(self._label, total=self._total)

    def close(self) -> None:
        if self._display is not None:
            self._display.stop()
