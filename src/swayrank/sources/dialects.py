"""What a table file looks like: format, separator, header, names of its columns.

All of it is recognised, told, and open to be named.

A format is known by magic number, ending, or first character; a separator by a first line ``sep=;`` (as Excel writes
it), else by whether it cuts the header and how evenly it cuts the first lines (comma, tab, semicolon, bar, spaces); a
header by names among numbers. Lines that begin with ``#`` or ``%`` before the
first record are comments; the last of them gives the names where it has as many words as the records have fields.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swayrank._text import printable
from swayrank.errors import InputError, ParameterError
from swayrank.sources.streams import Encoding, compression_of, detect_encoding, refuse_spreadsheets, text_blocks

_SAMPLE_BYTES = 1 << 18
_SAMPLE_LINES = 200
_SEPARATORS = ("\t", ",", ";", "|", " ")
_SEPARATOR_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "spaces"}
_BY_ENDING = {".csv": ",", ".tsv": "\t"}
_SAID = re.compile(r'(?i)["\']?sep=(?P<separator>[!#-/:-@\[-`{-~\t ])["\']?\s*')
_OTHER_COMMA = re.compile(r"(?<![0-9]),|,(?![0-9])")
_NUMBER_OR_DATE = re.compile(r"[-+]?[0-9][0-9.,:/ T+eEZ-]*[kKmMbB%]?|\\N|nan|NaN|")


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What the caller says about a file; None where it is to be recognised.

    Attributes
    ----------
    delimiter : str, optional
        One character; " " for runs of spaces and tabs.
    header : bool, optional
        Whether the first record holds names.
    names : tuple of str
        Names of the columns in order, for files without a header.
    expected : tuple of str
        Column names that a header is known to contain.
    encoding : str, optional
        Python's name of the encoding.
    quote : str
        The quote character; "" for none.
    """

    delimiter: str | None = None
    header: bool | None = None
    names: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    encoding: str | None = None
    quote: str = '"'


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is to be read.

    Attributes
    ----------
    format : str
        "delimited", "jsonl" or "parquet".
    columns : tuple of str
        Names of the columns in their order; "column_1" and so on where there are none.
    named : bool
        Whether the file or the caller names the columns.
    separator : str
        One character, " " for runs of spaces and tabs (delimited only).
    quote : str
        The quote character, or "".
    newline : str
        What ends a line.
    skip_lines : int
        Lines before the first record: comments and header.
    encoding : Encoding
        How the bytes spell text.
    compression : str
        "gzip", "zstd", "bz2", "xz" or "".
    sample : tuple of tuple of str
        The first records.
    """

    format: str
    columns: tuple[str, ...]
    named: bool = True
    separator: str = ","
    quote: str = '"'
    newline: str = "\n"
    skip_lines: int = 0
    encoding: Encoding = field(default_factory=lambda: Encoding("utf-8"))
    compression: str = ""
    sample: tuple[tuple[str, ...], ...] = ()

    def describe(self) -> str:
        """The layout in one line, as reports tell it."""
        parts = [{"delimited": "table", "jsonl": "JSON lines", "parquet": "Parquet"}[self.format]]
        if self.format == "delimited":
            parts.append(f"separated by {_SEPARATOR_NAMES.get(self.separator, repr(self.separator))}")
            parts.append("names given" if self.named else "no names")
        if self.format != "parquet":
            parts.append(self.encoding.name + (f" ({self.encoding.why})" if self.encoding.why else ""))
        return ", ".join(parts + ([self.compression] if self.compression else []))


def inspect_table(path: Path, options: TableOptions) -> Layout:
    """Recognise the layout of a file.

    Raises
    ------
    InputError
        If the file is missing, empty, cannot be opened, or is of a kind that is not read.
    ParameterError
        If `delimiter` or `quote` is not one ASCII character.
    """
    if not os.path.isfile(path):
        raise InputError(_why_no_file(path), file=str(path))
    for name, value in (("delimiter", options.delimiter), ("quote", options.quote)):
        if value is not None and (len(value) > 1 or not value.isascii() or (name == "delimiter" and not value)):
            raise ParameterError(f"{name} must be one ASCII character, got {value!r}")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from error
    if magic == b"PAR1":
        return _inspect_parquet(path)
    refuse_spreadsheets(path)
    encoding = detect_encoding(path, options.encoding)
    sample = _sample(path, encoding)
    first = sample.lstrip()[:1]
    if not first:
        raise InputError("is empty", file=str(path))
    endings = {ending.lower() for ending in path.suffixes}
    if first == "[" and endings & {".json", ".jsonl", ".ndjson"}:
        raise InputError("is one JSON array; write one object per line (jq -c '.[]')", file=str(path))
    common: dict[str, Any] = {"encoding": encoding, "compression": compression_of(path)}
    common["newline"] = "\r" if "\r" in sample and "\n" not in sample else "\n"
    if first == "{" or endings & {".jsonl", ".ndjson"}:
        return Layout("jsonl", _json_keys(sample), quote="", **common)
    return _inspect_delimited(path, sample, options, common)


def _why_no_file(path: Path) -> str:
    if os.path.isdir(path):
        return "is a folder; name a file"
    if os.path.exists(path):
        return "is not a regular file (a pipe or a device is read only once); save it to a file first"
    return "there is no such file"


def _inspect_parquet(path: Path) -> Layout:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return Layout("parquet", tuple(pq.read_schema(path).names))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is not a whole Parquet file ({printable(error)})", file=str(path)) from error


def _sample(path: Path, encoding: Encoding) -> str:
    """The first lines; the last one is left out where the file goes on."""
    head, whole = b"", True
    for block in text_blocks(path, encoding, _SAMPLE_BYTES):
        if len(head) >= _SAMPLE_BYTES:
            whole = False
            break
        head += block
    text = head.decode("utf-8", "replace")
    return text if whole or "\n" not in text else text[: text.rindex("\n") + 1]


def _json_keys(sample: str) -> tuple[str, ...]:
    """Names of the fields in the first records, nested ones with dots."""
    keys: dict[str, None] = {}
    for line in sample.splitlines()[:_SAMPLE_LINES]:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            keys.update(dict.fromkeys(_flat_keys(record, "")))
    return tuple(keys)


def _flat_keys(record: dict[str, Any], prefix: str) -> list[str]:
    names = []
    for key, value in record.items():
        names += _flat_keys(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return names


def _inspect_delimited(path: Path, sample: str, options: TableOptions, common: dict[str, Any]) -> Layout:
    lines = sample.split(common["newline"])
    said = said_separator(lines[0])
    n_comments = next(
        (k for k, line in enumerate(lines) if k >= bool(said) and line.strip() and line[0] not in "#%"), len(lines)
    )
    comments = [line[1:].strip() for line in lines[bool(said) : n_comments] if line.strip()]
    body = [line for line in lines[n_comments : n_comments + _SAMPLE_LINES] if line.strip()]
    if not body:
        raise InputError("holds no records, only comments", file=str(path))
    separator = options.delimiter or said or _separator(body, options, path)
    rows = _cut(body, separator, options.quote)
    header = options.header if options.header is not None else _is_header(rows, options)
    skip = n_comments + (_n_lines(body, separator, options.quote) if header else 0)
    columns, named = _names(rows, header, comments, separator, options)
    return Layout(
        "delimited",
        columns,
        named,
        separator,
        "" if separator == " " else options.quote,
        skip_lines=skip,
        sample=tuple(tuple(row) for row in rows[int(header) :]),
        **common,
    )


def _cut(lines: list[str], separator: str, quote: str) -> list[list[str]]:
    if separator == " ":
        return [line.split() for line in lines]
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    csv.field_size_limit(max(csv.field_size_limit(), 2 * _SAMPLE_BYTES))
    text = io.StringIO("\n".join(line.rstrip("\r") for line in lines), newline="")
    return [row for row in csv.reader(text, delimiter=separator, **quoting) if row]


def _n_lines(lines: list[str], separator: str, quote: str) -> int:
    """How many physical lines the first record takes."""
    if separator == " " or not quote:
        return 1
    reader = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=separator, quotechar=quote)
    next(reader)
    return reader.line_num


def said_separator(line: str) -> str:
    r"""The separator that a first line such as ``sep=;`` names, as Excel writes and reads it; "" for any other line.

    >>> said_separator("sep=;\r"), said_separator('"sep=,"'), said_separator("sep=\t"), said_separator("sep,x")
    (';', ',', '\t', '')
    """
    found = _SAID.fullmatch(line)
    return found["separator"] if found else ""


def _separator(lines: list[str], options: TableOptions, path: Path) -> str:
    """The best separator: it makes as many columns as have names, cuts the header, cuts evenly.

    Of two that cut about as evenly, blanks lose, and a comma that stands between digits alone (it may be a decimal
    comma); then the more even one is taken, then the one of the file's ending.
    """
    ending = next((_BY_ENDING[end] for end in path.suffixes if end in _BY_ENDING), None)
    decimal = not any(map(_OTHER_COMMA.search, lines[1:] or lines))
    best, best_rank = ",", (False, False, 0.0, False, 0.0, 0)
    for k, separator in enumerate(sorted(_SEPARATORS, key=lambda s: s != ending)):
        rows = _cut(lines, separator, options.quote)
        widths = Counter(map(len, rows))
        width, count = widths.most_common(1)[0]
        if width == 1 and len(options.names) != 1:
            continue
        in_header = len(rows[0]) == width if separator == " " else len(rows[0]) > 1
        evenness = count / widths.total()
        doubtful = separator == " " or (separator == "," and decimal)
        rank = (width == len(options.names), in_header, round(evenness, 1), not doubtful, evenness, -k)
        if rank > best_rank:
            best, best_rank = separator, rank
    return best


_SURE_NAMES = 3
"""So many known names are a header, even if one of them stands twice."""


def is_number_or_date(text: str) -> bool:
    """Whether a cell reads like a number, a date or nothing at all, not like a name."""
    return _NUMBER_OR_DATE.fullmatch(text.strip()) is not None


def _is_header(rows: list[list[str]], options: TableOptions) -> bool:
    first = [cell.strip() for cell in rows[0]]
    lowered = [cell.casefold() for cell in first]
    if options.names and lowered == [name.casefold() for name in options.names]:
        return True
    if options.expected and any(name in first for name in options.expected):
        return True
    if any(cell and is_number_or_date(cell) for cell in first):
        return False
    twice = len(set(lowered)) < len(lowered) - lowered.count("")
    if twice:  # two accounts of one name are likelier than two columns of one, unless the other names are a header's
        return len(set(lowered) & KNOWN_NAMES) >= _SURE_NAMES
    if sum(cell in KNOWN_NAMES for cell in lowered) >= min(2, len(first)):
        return True
    below = [row for row in rows[1:] if len(row) == len(first)]
    return any(
        first[j] and below and all(is_number_or_date(row[j]) for row in below) and any(row[j] for row in below)
        for j in range(len(first))
    )


def _names(
    rows: list[list[str]], header: bool, comments: list[str], separator: str, options: TableOptions
) -> tuple[tuple[str, ...], bool]:
    """The names of the columns, and whether anybody gave them."""
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if options.names:
        if len(options.names) != width:
            raise ParameterError(
                f"columns must name all {width} columns in their order, got {len(options.names)}; "
                f"the first record is {printable(rows[0], 80)}"
            )
        return options.names, True
    given = rows[0] if header else []
    if not header and comments:
        words = comments[-1].split() if separator == " " else [word.strip() for word in comments[-1].split(separator)]
        given = words if len(words) == width and not any(map(is_number_or_date, words)) else []
    names: list[str] = []
    for k in range(max(width, len(given)) if header else width):
        name = given[k].strip() if k < len(given) else ""
        name = name or f"column_{k + 1}"
        names.append(name if name not in names else f"{name}_{k + 1}")
    return tuple(names), bool(given)


_KNOWN = (
    "actor user user_id userid uid account account_id username screen_name author author_id source target src dst "
    "from to action event event_type interaction interaction_type type post_id tweet_id status_id t_id item_id id "
    "time timestamp timestamp_ms created_at date datetime unix_time weight follower followee followed likes comments "
    "shares views followers reach impressions topic platform"
)
KNOWN_NAMES: frozenset[str] = frozenset(_KNOWN.split())
"""Words by which a header without any number below it is known."""
