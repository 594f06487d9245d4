"""Fixed inputs: drawn once with NumPy alone, kept in a temporary folder, known by their checksums.

RMAT as in the literature: quadrants .57, .19, .19, .05; node numbers are shuffled, so that none is near its like.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
FOLDER = Path(tempfile.gettempdir()) / "swayrank-benchmarks"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

CHECKSUMS = {
    "rmat14": "f077d52b3ecbb739",
    "rmat16": "af168cf63857708b",
    "rmat16-drawn": "15ae9cf8ffb2cfa8",
    "rmat18": "aa77ea380054076d",
    "rmat20": "27908ed25eb60755",
    "rmat22": "9c8498a9fed0af4d",
    "rmat20-drawn": "dfe5347cb291e012",
    "uniform-10000": "b533df5363419a52",
    "uniform-100000": "bb72bfc5337402e9",
    "uniform-1000000": "72d1c9fd4b4e0f87",
    "uniform-10000000": "a47fa81f4e8fccf8",
    "uniform-100000000": "728a6ac7f6e7c7b8",
}
"""SHA-256 of what must come out, 16 digits; a NumPy that draws other numbers is told apart here."""


def checksum(*parts: Any) -> str:
    """SHA-256 of arrays or files, 16 digits."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            with part.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        else:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()[:16]


def kept(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Arrays by name from the folder, drawn and checked where they are not there yet."""
    folder = FOLDER / name
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for key, array in make().items():
            np.save(folder / f"{key}.npy", array)
        (folder / "done").touch()
    arrays = {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    found = checksum(*arrays.values())
    if found != CHECKSUMS.get(name, found):
        raise SystemExit(f"input {name} is not what it was: SHA-256 {found}, not {CHECKSUMS[name]}; delete {folder}")
    return arrays | {"sha256": found}


# -- arcs --------------------------------------------------------------------------------------------------------------


def rmat_distinct(scale: int, edge_factor: int = 16) -> dict[str, Any]:
    """``u, v``: the distinct arcs of an RMAT graph without self-loops, in random order."""
    return kept(f"rmat{scale}", lambda: _distinct(*_rmat(scale, edge_factor << scale)))


def rmat_drawn(scale: int, edge_factor: int = 16) -> dict[str, Any]:
    """``u, v``: the same arcs as they were drawn, repeats and self-loops among them."""
    return kept(f"rmat{scale}-drawn", lambda: dict(zip("uv", _rmat(scale, edge_factor << scale), strict=True)))


def uniform(n_nodes: int, n_arcs: int) -> dict[str, Any]:
    """``u, v``: ends drawn alike, which is the worst case for caches."""

    def draw() -> dict[str, Any]:
        rng = np.random.default_rng(n_arcs)
        return {end: rng.integers(0, n_nodes, n_arcs, dtype=np.uint32) for end in "uv"}

    return kept(f"uniform-{n_arcs}", draw)


def _rmat(scale: int, n_arcs: int) -> tuple[U32, U32]:
    rng = np.random.default_rng(scale)
    names = rng.permutation(1 << scale).astype(np.uint32)
    u, v = np.zeros((2, n_arcs), np.uint32)
    for start in range(0, n_arcs, 1 << 20):
        part = slice(start, start + (1 << 20))
        for _ in range(scale):
            draw = rng.random(u[part].size, dtype=np.float32)
            down, right = draw >= 0.76, ((draw >= 0.57) & (draw < 0.76)) | (draw >= 0.95)
            u[part], v[part] = (u[part] << 1) | down, (v[part] << 1) | right
    return names[u], names[v]


def _distinct(u: U32, v: U32) -> dict[str, Any]:
    keys = (u.astype(np.uint64) << np.uint64(32)) | v
    keys = np.unique(keys[u != v])
    np.random.default_rng(1).shuffle(keys)
    return {"u": (keys >> np.uint64(32)).astype(np.uint32), "v": keys.astype(np.uint32)}


# -- text --------------------------------------------------------------------------------------------------------------


def text_file(name: str, u: Any, v: Any) -> Path:
    """An edge list, "u v" on each line, written once."""
    path = FOLDER / f"{name}.txt"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w") as file:
            for start in range(0, len(u), 1 << 18):
                part = slice(start, start + (1 << 18))
                lines = map("{} {}\n".format, u[part].tolist(), v[part].tolist())
                file.write("".join(lines))
        temporary.rename(path)
    return path


def account_names(n: int) -> npt.NDArray[np.object_]:
    """Names as people choose them: letters and digits, 5 to 15 long, no two alike."""
    rng = np.random.default_rng(n)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz_", np.uint8)
    table = letters[rng.integers(0, letters.size, (n, 8))]
    lengths = rng.integers(2, 9, n)
    names = [row[:k].tobytes().decode() + str(i) for i, (row, k) in enumerate(zip(table, lengths, strict=True))]
    return np.array(names, object)


REAL = {
    "nethept": ("graphs/NetHEPT.txt.gz", 1),
    "epinions": ("graphs/soc-Epinions1.directed.txt.gz", 1),
    "slashdot": ("graphs/soc-Slashdot0902.directed.csv.gz", 1),
    "twitter": ("graphs/ego-Twitter.undirected.csv.gz", 1),
}
"""Real edge lists where they are at hand, and how many lines of each come before the first edge."""
_UNDIRECTED = ("nethept", "twitter")


def real_edges(name: str) -> tuple[Path, str] | None:
    """A plain copy that every tool can read (blanks, no header), and the checksum of the original."""
    source, header = REAL[name]
    if not (DATA / source).exists():
        return None
    path = FOLDER / f"{name}.txt"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(_plain_lines(DATA / source, header)))
    return path, checksum(DATA / source)


def _plain_lines(path: Path, header: int) -> Iterator[str]:
    with gzip.open(path, "rt") as file:
        for i, line in enumerate(file):
            if i >= header:
                yield " ".join(line.replace(",", " ").split()[:2]) + "\n"


def ends_of_text(path: Path) -> tuple[U32, U32]:
    """The two columns of a file of integers, read by NumPy."""
    table = np.fromstring(path.read_text(), np.int64, sep=" ").reshape(-1, 2)
    return table[:, 0].astype(np.uint32), table[:, 1].astype(np.uint32)


def real_arcs(name: str) -> dict[str, Any] | None:
    """``u, v, n``: the distinct arcs of a real graph without self-loops; an edge without direction is two arcs."""
    found = real_edges(name)
    if found is None:
        return None
    u, v = ends_of_text(found[0])
    if name in _UNDIRECTED:
        u, v = np.concatenate([u, v]), np.concatenate([v, u])
    keys = np.unique((u[u != v].astype(np.uint64) << np.uint64(32)) | v[u != v])
    u, v = (keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)
    return {"u": u, "v": v, "n": 1 + int(max(u.max(), v.max())), "sha256": found[1]}
