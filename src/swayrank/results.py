"""Keeping results: files written whole or not at all, and run folders that are never rewritten.

A run is a folder ``out/runs/<id>/``. It is built under another name, its manifest is written last, then it gets its
name by one rename, and ``out/current`` is swapped to it by another. Whoever looks at ``out/current`` sees the old
result or the new one, never half of one, whenever the writer dies.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from swayrank.errors import FolderError, InputError

MANIFEST = "manifest.json"
FORMAT = "swayrank run 1"
_UNFINISHED = ".unfinished-"
_STALE_SECONDS = 24 * 3600
_TOLD_RUNS = 5


@contextlib.contextmanager
def write_whole(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file for writing that appears at `path` only once the block has ended well.

    Parameters
    ----------
    path : str or pathlib.Path
        Where the file shall be. Its folder must exist.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written, or what stands at `path` is no file: a folder, or a device or
        a pipe, whose place the new file would take.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "answer.txt"
    >>> with write_whole(target) as file:
    ...     _ = file.write(b"42")
    >>> target.read_text()
    '42'
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    if target.exists() and not target.is_file() and not target.is_dir():
        raise InputError("cannot write there: it is a device or a pipe, no file", file=str(path))
    try:  # an interrupt that comes as soon as the file is there leaves none
        try:
            file = temporary.open("xb")
        except OSError as error:
            raise InputError(f"cannot write there: {error.strerror or error}", file=str(path)) from None
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.is_dir():
            raise InputError("cannot write there: it is a folder", file=str(path))
        temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_hash(path: str | Path) -> str:
    """BLAKE2b of a file's content, 32 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def versions() -> dict[str, str]:
    """The versions of everything that can change a figure."""
    names = ("swayrank", "numpy", "numba", "scipy", "duckdb", "pyarrow", "narwhals")
    found = {"python": platform.python_version()}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


class RunFolder:
    """A run being written; use it in a ``with`` block and call :meth:`publish` at its end.

    Parameters
    ----------
    out : str or pathlib.Path
        The folder that holds ``runs/`` and ``current``; made if absent.

    Raises
    ------
    FolderError
        If `out` is a file or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> out = tempfile.mkdtemp()
    >>> with RunFolder(out) as run:
    ...     _ = run.file("note.txt").write_text("done")
    ...     folder = run.publish({"rng": 7})
    >>> current_run(out) == folder, read_manifest(folder)["rng"]
    (True, 7)
    """

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)
        self.id = _new_id(datetime.now(UTC))
        self._runs = self.out / "runs"
        self._folder = self._runs / f"{_UNFINISHED}{self.id}+{os.getpid()}@{platform.node()}"
        try:
            self._runs.mkdir(parents=True, exist_ok=True)
            _remove_stale(self._runs)
            self._folder.mkdir()
        except OSError as error:
            raise FolderError(f"{self.out}: cannot keep results there: {error.strerror or error}") from None
        except BaseException:  # an interrupt that comes as soon as the folder is there leaves none
            self.__exit__()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exc: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)  # after publish() it has another name

    def file(self, name: str) -> Path:
        """Where to write the file `name` of this run."""
        return self._folder / name

    def publish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest, give the run its name, and let ``current`` name it. Returns the run's folder."""
        outputs = [
            {"file": path.name, "bytes": path.stat().st_size, "blake2b": file_hash(path)}
            for path in sorted(self._folder.iterdir())
        ]
        created = datetime.now(UTC).isoformat(timespec="seconds")
        whole = {"format": FORMAT, "id": self.id, "created": created, **manifest, "outputs": outputs}
        with write_whole(self.file(MANIFEST)) as file:
            file.write(json.dumps(whole, indent=2, ensure_ascii=False, default=str).encode() + b"\n")
        final = self._runs / self.id
        self._folder.replace(final)
        _point(self.out / "current", Path("runs") / self.id)
        return final


def _new_id(now: datetime) -> str:
    """A new run's id: those of one second, too, sort by when they were begun (to 15 microseconds)."""
    part = now.microsecond * 16**4 // 1_000_000
    return f"{now:%Y%m%dT%H%M%SZ}-{part:04x}{secrets.token_hex(1)}"


def _point(link: Path, target: Path) -> None:
    """Make `link` name `target` in one step: a symbolic link, or a one-line file where links are not to be had."""
    temporary = link.with_name(f".current-{secrets.token_hex(6)}")
    try:
        temporary.symlink_to(target, target_is_directory=True)
    except OSError:
        temporary.write_text(target.as_posix() + "\n", encoding="utf-8")
    temporary.replace(link)


def _remove_stale(runs: Path) -> None:
    """Remove what dead writers of this machine left, and what others left more than a day ago."""
    for folder in runs.glob(_UNFINISHED + "*"):
        with contextlib.suppress(OSError):
            if _is_dead(folder.name) or time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _is_dead(name: str) -> bool:
    """Whether the process that wrote an unfinished run was one of this machine, and is no more."""
    writer = name.partition("+")[2]
    process, _, machine = writer.partition("@")
    if machine != platform.node() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def kept_runs(out: str | Path) -> list[Path]:
    """The folders of all whole runs below `out`, the oldest first.

    Raises
    ------
    FolderError
        If there is none.
    """
    if found := whole_runs(out):
        return found
    raise _no_result(out)


def _no_result(out: str | Path) -> FolderError:
    """What to do where no run is: never to write over a file that is there."""
    folder = "out" if Path(out).is_file() else out
    what = "this is a file, not a swayrank result" if Path(out).is_file() else "there is no swayrank result here"
    return FolderError(f"{out}: {what}; make one with: swayrank score ... -o {folder}")


def whole_runs(out: str | Path) -> list[Path]:
    """The folders of all whole runs below `out`, the oldest first; empty where there are none."""
    runs = [path for path in (Path(out) / "runs").glob("*") if (path / MANIFEST).is_file()]
    return sorted(path for path in runs if not path.name.startswith(_UNFINISHED))


def others_in(out: str | Path) -> list[str]:
    """Names of what lies in a folder in which no run was ever kept; sorted, empty where it is not there."""
    folder = Path(out)
    if not folder.is_dir() or (folder / "runs").is_dir():
        return []
    return sorted(path.name for path in folder.iterdir())


def told_runs(out: str | Path) -> str:
    """In words, which whole runs lie below `out`, the newest first; "" where there are none."""
    names = [f"runs/{path.name}" for path in reversed(whole_runs(out))]
    return ", ".join(names[:_TOLD_RUNS]) + (", ..." if len(names) > _TOLD_RUNS else "")


def current_run(out: str | Path) -> Path:
    """The folder of the newest whole run below `out`, or `out` itself if it is a run.

    Raises
    ------
    FolderError
        If there is none.
    """
    out = Path(out)
    if (out / MANIFEST).is_file():
        return out.resolve() if out.is_symlink() else out
    link = out / "current"
    if link.is_symlink():
        folder = out / os.readlink(link)
    elif link.is_file():
        folder = out / link.read_text(encoding="utf-8").strip()
    elif there := told_runs(out):
        raise FolderError(f"{out}: a folder of runs whose `current` is missing; name one of them: {there} (in {out})")
    else:
        raise _no_result(out)
    if not (folder / MANIFEST).is_file():
        there = told_runs(out)
        cure = f"name one of them: {there} (in {out})" if there else "score the data again"
        raise FolderError(f"{out}: {link.name} names {folder}, which is not a whole run; {cure}")
    return folder


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises
    ------
    FolderError
        If it is absent or damaged.
    """
    try:
        manifest = json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{folder}: the manifest cannot be read: {error}") from None
    if not isinstance(manifest, dict):
        raise FolderError(f"{folder}: the manifest is not an object")
    return manifest


def unaltered(folder: str | Path, manifest: Mapping[str, Any], name: str) -> bytes:
    """The content of a file of a run, which is what the run wrote.

    Parameters
    ----------
    folder : str or pathlib.Path
        The run's folder.
    manifest : mapping
        Its manifest.
    name : str
        The file's name.

    Raises
    ------
    InputError
        If it is absent or another one; the message names it.

    Examples
    --------
    >>> import tempfile
    >>> with RunFolder(tempfile.mkdtemp()) as run:
    ...     _ = run.file("note.txt").write_text("done")
    ...     folder = run.publish({})
    >>> unaltered(folder, read_manifest(folder), "note.txt")
    b'done'
    """
    path = Path(folder) / name
    known = next((entry["blake2b"] for entry in manifest["outputs"] if entry["file"] == name), None)
    try:
        content = path.read_bytes()
    except OSError as error:
        told = "is missing from the run" if isinstance(error, FileNotFoundError) else error.strerror or error
        raise InputError(f"{told}; score the data again", file=str(path)) from None
    if hashlib.blake2b(content, digest_size=16).hexdigest() != known:
        raise InputError("was altered after the run was made; score the data again", file=str(path))
    return content
