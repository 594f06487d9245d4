"""Files as UTF-8 bytes: compression by magic number, encoding by byte-order mark and evidence.

The encoding is decided over the whole file, not over its beginning: a byte-order mark; else UTF-8 if it decodes;
else, whichever explains more of what is not ASCII, UTF-8 with damaged places or cp1252. What was decided is told.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from swayrank.errors import InputError, ParameterError

BLOCK_BYTES = 1 << 24
_SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_SPREADSHEET_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_COMPRESSION = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ": "xz"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file spell text.

    Attributes
    ----------
    name : str
        Python's name of the encoding.
    mark : int
        Length of the byte-order mark in bytes.
    why : str
        What decided it, in a few words; empty where there was nothing to decide.
    """

    name: str
    mark: int = 0
    why: str = ""


def refuse_spreadsheets(path: Path) -> None:
    """Raise where a file is a spreadsheet, by its ending and its first bytes: text may be called ``.xls`` too."""
    if path.suffix.lower() in _SPREADSHEETS and _head(path).startswith(_SPREADSHEET_MARKS):
        raise InputError("is a spreadsheet: save it as CSV, and give that file", file=str(path))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(6)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from error


def compression_of(path: Path) -> str:
    """The compression: "gzip", "zstd", "bz2", "xz", or "" for a plain file."""
    head = _head(path)
    return next((name for magic, name in _COMPRESSION.items() if head.startswith(magic)), "")


def _open(path: Path) -> IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    kind = compression_of(path)
    if kind == "gzip":
        return gzip.open(path)
    if kind == "bz2":
        return bz2.open(path)
    if kind == "xz":
        return lzma.open(path)
    if kind == "zstd":
        import pyarrow as pa

        stream: IO[bytes] = pa.input_stream(str(path), compression="zstd")
        return stream
    return path.open("rb")


def byte_blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The decompressed bytes of a file, block by block.

    Raises
    ------
    InputError
        If the file cannot be opened or its compressed data are damaged or end early.
    """
    try:
        with _open(path) as file:
            while block := file.read(size):
                yield block
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(f"its compressed data are damaged or end early ({error})", file=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from error


def detect_encoding(path: Path, given: str | None = None, blocks: Iterable[bytes] | None = None) -> Encoding:
    """The encoding of a file.

    Parameters
    ----------
    path : Path
        The file; it is read once through unless `given` decides.
    given : str, optional
        The encoding as the user names it; a byte-order mark is still skipped.
    blocks : iterable of bytes-like, optional
        The decompressed bytes where they are at hand, block by block; the first one holds at least the first 4 bytes.

    Raises
    ------
    ParameterError
        If Python knows no encoding of the given name.
    """
    whole = list(blocks) if blocks is not None else None
    head = bytes(whole[0][:4096]) if whole else next(byte_blocks(path, 4096), b"")
    mark, length = next(((name, len(bom)) for bom, name in _MARKS if head.startswith(bom)), ("", 0))
    if given is not None:
        return _given_encoding(given, mark, length)
    if mark:
        return Encoding(mark, length, "byte-order mark")
    if name := _utf16_without_mark(head):
        return Encoding(name, 0, "every other byte is zero")
    if whole is not None:
        return _by_evidence(lambda: whole)
    return _by_evidence(lambda: byte_blocks(path))


def _given_encoding(given: str, mark: str, length: int) -> Encoding:
    try:
        name = codecs.lookup(given).name
    except LookupError:
        raise ParameterError(f"encoding must be a name that Python knows, such as 'utf-8', got {given!r}") from None
    if name in {"utf-16", "utf-32", "utf-8-sig"}:
        return Encoding(mark or name.removesuffix("-sig"), length, "as told")
    return Encoding(name, length if mark == name else 0, "as told")


def _utf16_without_mark(head: bytes) -> str:
    """UTF-16's name if about half of the bytes are zero, as in Latin text; "" otherwise."""
    half = len(head) // 2
    if half < 2 or head.count(0) < 0.4 * len(head):
        return ""
    return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"


def _by_evidence(blocks: Callable[[], Iterable[bytes]]) -> Encoding:
    if _is_utf8(blocks()):
        return Encoding("utf-8")
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    whole = broken = 0
    for block in map(bytes, blocks()):
        if block.isascii():
            continue
        text = decoder.decode(block)
        wrong = text.count("\ufffd") - block.count(b"\xef\xbf\xbd")
        broken += max(0, wrong)
        whole += _n_beyond_ascii(text) - max(0, wrong)
    if broken == 0:
        return Encoding("utf-8")
    if broken > whole:
        return Encoding("cp1252", 0, f"{broken:,} places are not UTF-8")
    return Encoding("utf-8", 0, f"{whole:,} characters beyond ASCII are UTF-8, {broken:,} places are not")


def _is_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether all of it decodes, which is quick to see."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _n_beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def text_blocks(path: Path, encoding: Encoding, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The text of a file as UTF-8 bytes, block by block, without the byte-order mark.

    Bytes that the encoding has no character for come out as invalid UTF-8, so that whoever decodes the records finds
    them; UTF-16 and UTF-32 cannot be taken up again after damage, and raise.
    """
    blocks = byte_blocks(path, size)
    if encoding.name == "utf-8":
        for k, block in enumerate(blocks):
            yield block[encoding.mark :] if k == 0 else block
        return
    wide = encoding.name.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding.name)("strict" if wide else "surrogateescape")
    for k, block in enumerate(blocks):
        yield _recoded(path, decoder, block[encoding.mark :] if k == 0 else block, False)
    yield _recoded(path, decoder, b"", True)


def _recoded(path: Path, decoder: Any, block: bytes, final: bool) -> bytes:
    try:
        text: str = decoder.decode(block, final)
    except UnicodeDecodeError as error:
        raise InputError(f"is not {error.encoding}: {error.reason}", file=str(path)) from error
    return text.encode("utf-8", "surrogatepass")
