"""A graph on disk: a folder of array files named after their content, and ``graph.json``, which names them.

``graph.json`` holds the format version, what describes the graph, and for each array its file, dtype, shape, size in
bytes, BLAKE2b hash, and row partitions. It is replaced last, in one rename, so a reader sees the old graph or the new
one, never a mixture, and an interrupted save leaves the old one. Files that are no longer named are removed then;
whoever has them open keeps them.

Opening reads ``graph.json``, compares every file's size with it (reading past the end of a truncated map would kill
the process), and maps the files. Of the arrays only the ends of the row pointers are read, so it takes milliseconds at
any size; ``verify=True`` reads everything and compares the hashes. What kernels trust is looked at when it is first
used (:mod:`swayrank.graph.unread`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from swayrank.engines import balanced_bounds
from swayrank.errors import DamagedGraphError, FolderError, NotAGraphError, VersionError
from swayrank.graph.parts import MAX_NODES, U64, Adjacency, Array, GraphParts, GraphReport
from swayrank.ids import Ids

FORMAT = "swayrank-graph"
FORMAT_VERSION = 1
INDEX = "graph.json"
_BLOCK = 1 << 24
_DTYPE = r"[<>|][biuf]\d{1,2}"
_ID_DTYPES = {"values": "i8", "blob": "u1", "offsets": "u8", "slots": "u4"}
_ARRAY_FILE = r"[a-z_.0-9]+-[0-9a-f]{16}\.bin"
_OURS = re.compile(rf"{_ARRAY_FILE}|\.(?:graph\.json|{_ARRAY_FILE})-\d+\.tmp")

Meta = dict[str, Any]


@dataclass(frozen=True)
class Partition:
    """One range of rows of an array: the rows, and the items of the array that belong to them."""

    rows: tuple[int, int]
    items: tuple[int, int]


@dataclass(frozen=True)
class Opened:
    """What :func:`open_folder` found: the description, the mapped arrays, and each array's hash."""

    meta: Meta
    arrays: dict[str, Array]
    hashes: dict[str, str]


def content_hash(array: Array) -> str:
    """BLAKE2b of an array's bytes, 32 hex digits.

    >>> content_hash(np.arange(3, dtype=np.uint8))
    'a75c0b0d97360c1ba783496eb6a0395a'
    """
    return _hash_blocks(_blocks(array))


def _hash_blocks(blocks: Iterator[memoryview]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _blocks(array: Array) -> Iterator[memoryview]:
    """The bytes of a contiguous array, a few MB at a time."""
    flat: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    for start in range(0, flat.size, _BLOCK):
        yield memoryview(flat[start : start + _BLOCK])


# -- graphs ------------------------------------------------------------------------------------------------------------


def save_graph(path: Path, parts: GraphParts, n_partitions: int = 1) -> str:
    """Write a graph and give its fingerprint; see :func:`save_folder`."""
    arrays = _arrays_of(parts)
    hashes = {name: content_hash(array) for name, array in arrays.items()}
    fingerprint = fingerprint_of(parts, hashes)
    out, into = (_row_ranges(p, n_partitions) for p in (parts.adjacency.indptr, parts.adjacency.in_indptr))
    ranges = {name: out for name in arrays if name == "indices" or name.startswith("column.")} | {"in_indices": into}
    meta = {**_describe(parts), "fingerprint": fingerprint, "report": asdict(parts.report)}
    save_folder(path, meta, arrays, hashes, ranges)
    return fingerprint


def open_graph(path: Path, *, verify: bool = False) -> tuple[GraphParts, str]:
    """Map a graph and give its fingerprint; see :func:`open_folder`."""
    opened = open_folder(path, verify=verify)
    try:
        parts = _parts_of(opened.meta, opened.arrays)
    except ValueError as error:
        raise DamagedGraphError(f"{path / INDEX} is damaged: {error}") from None
    for name in ("indptr", "in_indptr"):
        pointers = opened.arrays[name]
        if pointers[0] != 0 or pointers[-1] != parts.adjacency.indices.size:
            raise DamagedGraphError(
                f"{path / opened.meta['arrays'][name]['file']} is damaged: array {name!r} was altered"
            )
    fingerprint = str(opened.meta["fingerprint"])
    if verify and fingerprint_of(parts, opened.hashes) != fingerprint:
        raise DamagedGraphError(f"{path / INDEX} is damaged: it describes another graph")
    return parts, fingerprint


def fingerprint_of(parts: GraphParts, hashes: Mapping[str, str] | None = None) -> str:
    """Hash of nodes, arcs, columns and ids, from the hashes of the arrays as far as they are known.

    The in-rows and the hash index of the ids follow from the rest and do not count.
    """
    own = _arrays_of(parts, derived=False)
    known = hashes or {}
    contents = {name: [array.dtype.str, known.get(name) or content_hash(array)] for name, array in own.items()}
    text = json.dumps([_describe(parts), contents], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _arrays_of(parts: GraphParts, *, derived: bool = True) -> dict[str, Array]:
    """Every array of a graph, by the name of its file."""
    arrays = dict(vars(parts.adjacency))
    arrays |= {f"column.{i}": column for i, column in enumerate(parts.columns.values())}
    arrays |= {f"ids.{name}": array for name, array in parts.ids.arrays().items()}
    if not derived:
        for name in ("in_indptr", "in_indices", "ids.slots"):
            arrays.pop(name, None)
    return arrays


def _describe(parts: GraphParts) -> Meta:
    return {
        "n_nodes": parts.adjacency.indptr.size - 1,
        "n_edges": parts.adjacency.indices.size,
        "directed": parts.directed,
        "columns": list(parts.columns),
        "ids": parts.ids.kind,
    }


def _row_ranges(indptr: U64, n: int) -> list[Partition]:
    """Ranges of rows with about the same number of arcs each."""
    edges = pairwise(balanced_bounds(indptr, n).tolist())
    return [Partition((low, high), (int(indptr[low]), int(indptr[high]))) for low, high in edges]


def _parts_of(meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> GraphParts:
    """The parts that checked facts and mapped arrays make; ValueError where one does not fit the other."""
    _check_facts(meta)
    n, m, names = meta["n_nodes"], meta["n_edges"], meta["columns"]
    wanted = {"indptr": (n + 1, "u8"), "indices": (m, "u4"), "in_indptr": (n + 1, "u8"), "in_indices": (m, "u4")}
    for name in (*wanted, *(f"column.{i}" for i in range(len(names)))):
        size, dtype = wanted.get(name, (m, None))
        if name not in arrays:
            raise ValueError(f"it names no array {name!r}")
        if arrays[name].shape != (size,) or dtype not in (None, arrays[name].dtype.str[1:]):
            raise ValueError(f"array {name!r} does not fit {n:,} nodes and {m:,} arcs")
    own = {name.removeprefix("ids."): array for name, array in arrays.items() if name.startswith("ids.")}
    for name, array in own.items():
        if array.ndim != 1 or array.dtype.str[1:] != _ID_DTYPES.get(name):
            raise ValueError(f"array 'ids.{name}' is none that ids have")
    ids = Ids.from_arrays(meta["ids"], n, own)
    columns = {name: arrays[f"column.{i}"] for i, name in enumerate(names)}
    adjacency = Adjacency(**{name: arrays[name] for name in wanted})
    return GraphParts(adjacency, ids, meta["directed"], columns, GraphReport(**meta["report"]))


def _check_facts(meta: Mapping[str, Any]) -> None:
    """ValueError unless everything that ``graph.json`` says besides the arrays is of the right kind."""
    for key, most in (("n_nodes", MAX_NODES), ("n_edges", 2**63)):
        if not _is_count(meta.get(key)) or meta[key] > most:
            raise ValueError(f"{key!r} must be a count, got {meta.get(key)!r}")
    for key, kind in (("directed", bool), ("columns", list), ("ids", str), ("report", dict), ("fingerprint", str)):
        if not isinstance(meta.get(key), kind):
            raise ValueError(f"it has no valid {key!r}")
    columns, report = meta["columns"], meta["report"]
    if not all(isinstance(name, str) for name in columns) or len(set(columns)) != len(columns):
        raise ValueError(f"'columns' must be different names, got {columns!r}")
    if set(report) != {field.name for field in fields(GraphReport)} or not all(map(_is_count, report.values())):
        raise ValueError("it has no valid 'report'")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


# -- save --------------------------------------------------------------------------------------------------------------


def save_folder(
    path: Path,
    meta: Meta,
    arrays: Mapping[str, Array],
    hashes: Mapping[str, str],
    partitions: Mapping[str, Sequence[Partition]],
) -> None:
    """Write a graph folder, or replace the graph in it.

    Parameters
    ----------
    path : Path
        The folder; it is made if absent, and must be empty or a graph folder otherwise.
    meta : dict
        Whatever describes the graph, as JSON.
    arrays : mapping of str to numpy.ndarray
        One file each; names of lower-case letters, digits, dots and underscores.
    hashes : mapping of str to str
        The :func:`content_hash` of each array.
    partitions : mapping of str to sequence of Partition
        For some arrays, the ranges of rows that cover it.

    Raises
    ------
    NotAGraphError
        If the folder holds something else.
    FolderError
        If the folder cannot be written, or the disk is full; a graph that was there stays.
    """
    try:
        _save(path, meta, arrays, hashes, partitions)
    except OSError as error:
        size = sum(array.nbytes for array in arrays.values())
        raise FolderError(
            f"{path}: cannot save a graph there: {error.strerror or error}; choose a folder that you may write to, "
            f"on a disk with room for {size:,} bytes"
        ) from None


def _save(
    path: Path,
    meta: Meta,
    arrays: Mapping[str, Array],
    hashes: Mapping[str, str],
    partitions: Mapping[str, Sequence[Partition]],
) -> None:
    _claim(path)
    with _locked(path):
        entries = {
            name: _write_array(path, name, array, hashes[name], partitions.get(name, ()))
            for name, array in arrays.items()
        }
        header = {"format": FORMAT, "version": FORMAT_VERSION, **meta, "arrays": entries}
        text = json.dumps(header, indent=1, ensure_ascii=False)
        _write_file(path, INDEX, iter([memoryview(text.encode())]))
        _sync(path)
        _remove_unnamed(path, {entry["file"] for entry in entries.values()})


def _claim(path: Path) -> None:
    """Make the folder, or make sure that it is ours to write to."""
    if path.exists() and not path.is_dir():
        raise NotAGraphError(f"{path} is a file; a graph is saved as a folder: choose another name")
    path.mkdir(parents=True, exist_ok=True)
    foreign = [entry.name for entry in path.iterdir() if entry.name != INDEX and not _OURS.fullmatch(entry.name)]
    if foreign and not _is_index(path / INDEX):
        raise NotAGraphError(
            f"{path} is not empty and not a graph (it holds {sorted(foreign)[0]!r}): choose another folder"
        )
    if (path / INDEX).exists() and not _is_index(path / INDEX):
        raise NotAGraphError(f"{path / INDEX} was not written by swayrank: choose another folder")


def _is_index(path: Path) -> bool:
    try:
        header = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def _write_array(path: Path, name: str, array: Array, digest: str, partitions: Sequence[Partition]) -> Meta:
    file = f"{name}-{digest[:16]}.bin"
    _write_file(path, file, _blocks(array))
    entry: Meta = {
        "file": file,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "bytes": array.nbytes,
        "hash": digest,
    }
    if partitions:
        entry["partitions"] = [
            {
                "rows": list(part.rows),
                "items": list(part.items),
                "offset": part.items[0] * array.itemsize,
                "hash": digest if len(partitions) == 1 else content_hash(array[slice(*part.items)]),
            }
            for part in partitions
        ]
    return entry


def _write_file(path: Path, name: str, blocks: Iterator[memoryview]) -> None:
    temporary = path / f".{name}-{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as stream:
            for block in blocks:
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path / name)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Make the renames last; some systems cannot do that to a folder, and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time save here: each removes what its own graph.json does not name."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems know no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_unnamed(path: Path, named: set[str]) -> None:
    for entry in path.iterdir():
        if entry.name not in named and _OURS.fullmatch(entry.name):
            entry.unlink(missing_ok=True)


# -- open --------------------------------------------------------------------------------------------------------------


def open_folder(path: Path, *, verify: bool = False) -> Opened:
    """Map the arrays of a graph folder.

    Parameters
    ----------
    path : Path
        The folder.
    verify : bool, default False
        Read every byte and compare the hashes.

    Raises
    ------
    NotAGraphError
        If there is no such folder, or it holds no graph.
    DamagedGraphError
        If a file is missing, short or long, or, with `verify`, altered.
    VersionError
        If a newer swayrank wrote it.
    FolderError
        If a file cannot be read.
    """
    header = read_index(path)
    while True:
        try:
            arrays = {name: _map_array(path, name, entry) for name, entry in header["arrays"].items()}
            break
        except DamagedGraphError:
            again = read_index(path)  # whether somebody saved another graph here while this one was being opened
            if again == header:
                raise
            header = again
    if verify:
        for name, entry in header["arrays"].items():
            _verify(path, name, entry, arrays[name])
    return Opened(header, arrays, {name: entry["hash"] for name, entry in header["arrays"].items()})


def read_index(path: Path) -> Meta:
    """The checked contents of ``graph.json``; raises as :func:`open_folder` does."""
    file = path / INDEX
    try:
        if not path.exists():
            raise NotAGraphError(f"there is no graph at {path}: no such folder")
        if not path.is_dir():
            raise NotAGraphError(f"{path} is a file, not a graph folder; swayrank.read_graph reads lists of edges")
        held = [entry.name for entry in path.iterdir()]
        header = json.loads(file.read_bytes())
    except FileNotFoundError:
        if any(name.startswith("indptr-") and _OURS.fullmatch(name) for name in held):
            raise DamagedGraphError(f"{file} is missing: the graph was never saved to the end, or lost it") from None
        raise NotAGraphError(f"{path} is not a graph: it has no {INDEX}") from None
    except OSError as error:
        raise _unreadable(file, error) from None
    except (ValueError, RecursionError) as error:
        raise DamagedGraphError(f"{file} is damaged: it is not JSON ({error})") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise NotAGraphError(f"{file} does not describe a swayrank graph")
    _check_version(file, header.get("version"))
    _check_header(file, header)
    return header


def _unreadable(file: Path, error: OSError) -> FolderError:
    return FolderError(f"{file} cannot be read: {error.strerror or error}; check who may read it, and the disk")


def _check_version(file: Path, version: object) -> None:
    if type(version) is not int or version < 1:
        raise DamagedGraphError(f"{file} is damaged: the format version is {version!r}")
    if version > FORMAT_VERSION:
        raise VersionError(
            f"{file} has format version {version}, but this swayrank reads versions up to {FORMAT_VERSION}: "
            "upgrade swayrank"
        )


def _check_header(file: Path, header: Meta) -> None:
    kinds = {"file": str, "dtype": str, "shape": list, "bytes": int, "hash": str}
    arrays = header.get("arrays")
    if not isinstance(arrays, dict):
        raise DamagedGraphError(f"{file} is damaged: it names no arrays")
    for name, entry in arrays.items():
        for key, kind in kinds.items():
            if not isinstance(entry, dict) or type(entry.get(key)) is not kind:
                raise DamagedGraphError(f"{file} is damaged: array {name!r} has no valid {key!r}")
        if not re.fullmatch(_ARRAY_FILE, entry["file"]):  # "../.." has no business here
            raise DamagedGraphError(f"{file} is damaged: {entry['file']!r} is not a name for a file of a graph")
        if _size_of(entry) != entry["bytes"]:
            raise DamagedGraphError(f"{file} is damaged: dtype, shape and size of array {name!r} do not fit")
        if not _are_partitions(entry):
            raise DamagedGraphError(f"{file} is damaged: array {name!r} has no valid 'partitions'")


def _size_of(entry: Meta) -> int:
    """How many bytes dtype and shape ask for; -1 if they mean nothing."""
    if not re.fullmatch(_DTYPE, entry["dtype"]) or not all(map(_is_count, entry["shape"])):
        return -1
    try:
        dtype = np.dtype(entry["dtype"])
    except TypeError:
        return -1
    return math.prod(entry["shape"]) * dtype.itemsize if dtype.isnative else -1


def _are_partitions(entry: Meta) -> bool:
    """Whether the ranges of an array, where it has any, are ranges that follow one another and cover it."""
    if "partitions" not in entry:
        return True
    parts = entry["partitions"]
    if not isinstance(parts, list) or len(entry["shape"]) != 1:
        return False
    at = [0, 0]
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("hash"), str) or not _is_count(part.get("offset")):
            return False
        ranges: list[Any] = [part.get("rows"), part.get("items")]
        if not all(isinstance(r, list) and len(r) == 2 and all(map(_is_count, r)) and r[0] <= r[1] for r in ranges):
            return False
        if [start for start, _ in ranges] != at:
            return False
        at = [stop for _, stop in ranges]
    return bool(at[1] == entry["shape"][0])


def _map_array(path: Path, name: str, entry: Meta) -> Array:
    """A plain, read-only ndarray over the mapped file."""
    file = path / entry["file"]
    dtype = np.dtype(entry["dtype"])
    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != entry["bytes"]:
                raise DamagedGraphError(
                    f"{file} is damaged: array {name!r} must have {entry['bytes']:,} bytes, the file has {size:,}"
                )
            if size == 0:
                array = np.empty(entry["shape"], dtype)
                array.flags.writeable = False
                return array
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise DamagedGraphError(f"{file} is missing: it holds array {name!r}") from None
    except OSError as error:
        raise _unreadable(file, error) from None
    return np.frombuffer(mapped, dtype).reshape(entry["shape"])


def _verify(path: Path, name: str, entry: Meta, array: Array) -> None:
    """Compare hashes; with several partitions, say which one is wrong."""
    file = path / entry["file"]
    for part in entry.get("partitions", ()):
        if content_hash(array[slice(*part["items"])]) != part["hash"]:
            rows = "{:,} to {:,}".format(*part["rows"])
            raise DamagedGraphError(f"{file} is damaged: array {name!r} was altered in the rows {rows}")
    if len(entry.get("partitions", ())) != 1 and content_hash(array) != entry["hash"]:
        raise DamagedGraphError(f"{file} is damaged: array {name!r} was altered")
