"""What can go wrong, as one tree. Everything swayrank raises on purpose is below :class:`SwayrankError`.

::

    SwayrankError
    |-- ParameterError           a parameter outside its domain            (also a ValueError)
    |   `-- LeakError            something would know what is to be predicted
    |-- InputError               a file or table that cannot be used       (also a ValueError)
    |   `-- TooManyRejectsError  more rows were refused than was allowed
    |-- FolderError              a folder on disk
    |   |-- NotAGraphError       it is something else
    |   |-- DamagedGraphError    it was a graph, but files are missing, short or altered
    |   `-- VersionError         written by a format version that this swayrank cannot read
    |-- ConvergenceError         an iteration stopped before its tolerance (also an ArithmeticError)
    |-- UnknownAccountError      no account has that id                    (also a KeyError)
    |-- StoreError               where events, jobs and tokens are kept
    |   |-- StoreUnavailableError  it cannot be reached or written now; try again
    |   |-- StoreFullError         there is no room left; nothing was kept
    |   `-- StoreBusyError         another process has it
    `-- MissingDependencyError   an optional package is not installed      (also an ImportError)

    SwayrankWarning              something worth knowing that does not stop the work
"""

from __future__ import annotations

import sys
import warnings


class SwayrankError(Exception):
    """Base of every error that swayrank raises on purpose."""


class ParameterError(SwayrankError, ValueError):
    """A parameter lies outside its domain; the message names it, the domain and the value."""


class LeakError(ParameterError):
    """Something that is to predict the future would know it already."""


class InputError(SwayrankError, ValueError):
    """A file or table cannot be used.

    Parameters
    ----------
    message : str
        What is wrong and what to do about it.
    file : str, optional
        Path of the file.
    line : int, optional
        Physical line or record number, counted from 1.
    column : str, optional
        Name of the column.
    value : str, optional
        The offending text.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        where = "".join(
            f"{label}{part}"
            for label, part in (("", file), (", line ", line), (", column ", column))
            if part is not None
        ).lstrip(", ")
        super().__init__(f"{where}: {message}" if where else message)
        self.file, self.line, self.column, self.value = file, line, column, value


class TooManyRejectsError(InputError):
    """More rows were refused than `max_rejects` allows; nothing was loaded."""


class FolderError(SwayrankError):
    """A folder on disk cannot be used."""


class NotAGraphError(FolderError):
    """The folder is not a swayrank graph."""


class DamagedGraphError(FolderError):
    """The folder was a swayrank graph, but a file is missing, short or altered."""


class VersionError(FolderError):
    """The folder was written by a format version that this swayrank cannot read."""


class ConvergenceError(SwayrankError, ArithmeticError):
    """An iteration reached `max_iter` before its tolerance."""


class UnknownAccountError(SwayrankError, KeyError):
    """No account has that id.

    Attributes
    ----------
    accounts : tuple of str
        All the names that nobody bears, where many were asked for at once; empty elsewhere.
    """

    accounts: tuple[str, ...] = ()

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class StoreError(SwayrankError):
    """Where events, jobs and tokens are kept cannot be used."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or written now. Nothing of the call was kept; it may be tried again."""


class StoreFullError(StoreError):
    """The store has no room left. Nothing of the call was kept."""


class StoreBusyError(StoreError):
    """Another process has the store."""


class MissingDependencyError(SwayrankError, ImportError):
    """An optional package is needed for this and is not installed."""


class SwayrankWarning(UserWarning):
    """Something worth knowing that does not stop the work."""


def warn_caller(text: str) -> None:
    """Warn of the line outside of swayrank that asked for what is told; the outermost one if there is no such line."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, SwayrankWarning, stacklevel=level)
