"""What commands share: options, errors that end in one line, and how results are printed."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec, TextIO

import typer
from typer.core import TyperCommand

from swayrank._text import printable
from swayrank.cli.wording import in_words_of
from swayrank.errors import ParameterError, SwayrankError, SwayrankWarning

if TYPE_CHECKING:
    from swayrank._progress import Progress

P = ParamSpec("P")
DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_RNG = 7

app = typer.Typer(
    name="swayrank",
    help="Who influences whom in a social network, and by how much: accounts scored from follows and reactions.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# -- what commands share -----------------------------------------------------------------------------------------------

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
Threads = Annotated[
    int | None, typer.Option(help="Threads to use; by default all that are allowed.", show_default=False)
]
RngOption = Annotated[int, typer.Option("--rng", help="Where randomness comes from; the same number, the same result.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="Column of an arc's tail.", show_default=False)]
Target = Annotated[str | None, typer.Option(help="Column of an arc's head.", show_default=False)]
Weight = Annotated[str | None, typer.Option(help="Column of an arc's weight.", show_default=False)]
Direction = Annotated[
    str | None, typer.Option(help="What an arc means: follows, influences or undirected.", show_default=False)
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether a graph's first row holds names; else recognised.", show_default=False
    ),
]
Columns = Annotated[
    str | None, typer.Option(help="Names of a log's columns in order, as actor,target,time,action.", show_default=False)
]
Actions = Annotated[str | None, typer.Option(help="A log's action codes, as RT=repost,MT=mention.", show_default=False)]
Top = Annotated[int, typer.Option("--top", help="How many accounts to show.", min=1)]
MaxRejects = Annotated[
    float | None, typer.Option(help="Share of rows that may be refused; 0.05 by default.", show_default=False)
]


def complete_profiles(incomplete: str) -> list[str]:
    """Profiles that begin like this, for a shell's completion."""
    from swayrank.scoring.profiles import PROFILES

    return [name for name in PROFILES if name.startswith(incomplete)]


def complete_references(incomplete: str) -> list[str]:
    """Shipped references that begin like this."""
    from swayrank.scoring.references import list_references

    return [name for name in list_references() if name.startswith(incomplete)]


def complete_measures(incomplete: str) -> list[str]:
    """Measures that begin like this."""
    from swayrank.measures.registry import list_measures

    return [name for name in list_measures() if name.startswith(incomplete)]


Profile = Annotated[
    str | None,
    typer.Option(
        help="balanced, reach, campaign, superspreader, or weights as reach=1,spread=2.",
        autocompletion=complete_profiles,
        show_default=False,
    ),
]
ReferenceName = Annotated[
    str | None,
    typer.Option(
        help="Scale by this reference: a file, or the name of a shipped one (town).",
        autocompletion=complete_references,
        show_default=False,
    ),
]


_options: ContextVar[Mapping[str, str]] = ContextVar("options", default=MappingProxyType({}))


def worded(text: str) -> str:
    """What the library says, with options of the running command where it names parameters."""
    return in_words_of(_options.get(), text)


def say(text: str) -> None:
    """A line on stderr."""
    typer.echo(wrapped(worded(text), sys.stderr), err=True)


def stop(code: int, text: str) -> NoReturn:
    """End with a line on stderr and an exit code."""
    say(text)
    raise typer.Exit(code)


def command(function: Callable[P, None], group: typer.Typer = app, name: str | None = None) -> Callable[P, None]:
    """Register a command whose mistakes end in one line and an exit code, never in a traceback."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            _keep_inputs(kwargs)
            with _warnings_as_notes(quiet=bool(kwargs.get("quiet"))):
                function(*args, **kwargs)
        except ParameterError as error:
            stop(WRONG_USE, f"error: {error}")
        except SwayrankError as error:
            stop(FAILED, f"error: {error}")
        except BrokenPipeError:  # whoever read our output has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DONE) from None
        except OSError as error:
            stop(FAILED, f"error: {error.filename or 'the system'}: {error.strerror or error}")
        except MemoryError:
            stop(FAILED, "error: there is not enough memory for this; use fewer accounts, or a larger machine")
        except KeyboardInterrupt:
            say("interrupted; earlier results are untouched")
            sys.stdout.flush()
            # Not sys.exit: it would wait for chunks that other threads are at, and where the interrupt struck inside an
            # extension's own call of Python, the interpreter would end by the signal instead of this code.
            os._exit(INTERRUPTED)

    group.command(name, cls=_Command)(guarded)
    return guarded


class _Command(TyperCommand):
    """A command that knows its options for messages; of an unknown short one, it tells how to name an account."""

    def invoke(self, ctx: Any) -> Any:
        """As it is, and messages speak of this command's options."""
        options = {one.name: max(one.opts, key=len) for one in self.params if one.name and one.opts[0].startswith("-")}
        before = _options.set(options)
        try:
            return super().invoke(ctx)
        finally:
            _options.reset(before)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As it is, but for the hint."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # by name: its class is click's, or in newer versions that of typer's private copy
            option = getattr(error, "option_name", "")
            if type(error).__name__ == "NoSuchOption" and not option.startswith("--"):
                word = next((one for one in given if one.startswith(option)), option)
                error.message += f" (a name that begins with - stands after --, as in: -- {printable(word)})"  # type: ignore[attr-defined]
            raise


_WRITTEN = ("output", "figures")


def _keep_inputs(given: Mapping[str, object]) -> None:
    """Raise if the output would replace a file that is read."""
    output = given.get("output")
    if not isinstance(output, Path) or not output.is_file():
        return
    read = [one for name, value in given.items() if name not in _WRITTEN for one in _paths_in(value)]
    if any(path.is_file() and path.samefile(output) for path in read):
        raise ParameterError(f"--output must not be a file that is read, got {output}; name another")


def _paths_in(value: object) -> list[Path]:
    return [one for one in (value if isinstance(value, list | tuple) else [value]) if isinstance(one, Path)]


@contextlib.contextmanager
def _warnings_as_notes(*, quiet: bool) -> Iterator[None]:
    """What the library warns of is one line on stderr, without a place in the code."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if not issubclass(category, SwayrankWarning):
                usual(message, category, *rest, **more)
            elif not quiet:
                say(f"note: {message}")

        warnings.showwarning = show
        yield


def listen(quiet: bool) -> Progress:
    """Progress for the library, and a live line while kernels have to be compiled first."""
    if quiet:
        return None
    from swayrank.kernels.jit import tell_compilations

    compiled: list[str] = []
    live = sys.stderr.isatty()

    def tell(name: str) -> None:
        if not compiled:
            say("compiling what this needs for this machine; the next time it is there")
        compiled.append(name)
        if live:
            sys.stderr.write(f"\r\x1b[2K  kernel {len(compiled)}: {name}\r")
            sys.stderr.flush()

    tell_compilations(tell)
    return True


def wrapped(text: str, stream: TextIO | None = None) -> str:
    """Lines broken between words where `stream` (by default stdout) is a terminal; as they are elsewhere."""
    stream = stream or sys.stdout
    lines = [printable(line, 4000) for line in text.splitlines()]
    if not stream.isatty():
        return "\n".join(lines)
    width = shutil.get_terminal_size().columns
    return "\n".join(_broken(line, width) for line in lines)


def _broken(line: str, width: int) -> str:
    margin = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, width, subsequent_indent=margin + "  ", break_on_hyphens=False) or line


def print_json(value: object) -> None:
    """A result for machines."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str, allow_nan=False) + "\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int] = (0,)) -> None:
    """A table for people; coloured where stdout is a terminal, plain text elsewhere. Cells are never markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i in left else "right", no_wrap=i not in left, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


def pairs(text: str | None, option: str) -> dict[str, str]:
    """``RT=repost,MT=mention`` as a dictionary."""
    if not text:
        return {}
    pairs = [piece.partition("=") for piece in text.split(",")]
    found = {name.strip(): value.strip() for name, _, value in pairs}
    if any(not name.strip() or not equal for name, equal, _ in pairs) or len(found) < len(pairs):
        raise ParameterError(f"{option} must look like name=value,name=value, each name once, got {text!r}")
    return found


def posts_columns_of(text: str | None) -> dict[str, Any] | None:
    """``account=name,likes=Favs``, or the same in JSON with all that a mapping can say."""
    if text is None or not text.lstrip().startswith("{"):
        return dict(pairs(text, "--posts-columns")) or None
    try:
        columns: dict[str, Any] = json.loads(text)
    except ValueError as wrong:
        raise ParameterError(f"--posts-columns must be name=column,... or JSON: {wrong}, got {text!r}") from None
    return columns


def parse_parameters(texts: Sequence[str]) -> dict[str, object]:
    """``damping=0.9`` as a parameter: JSON where it is JSON, text otherwise."""
    values: dict[str, object] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal:
            raise ParameterError(f"--parameter must look like name=value, got {text!r}")
        try:
            values[name.strip()] = json.loads(value)
        except ValueError:
            values[name.strip()] = value
    return values


def graph_options(
    source: str | None, target: str | None, weight: str | None, direction: Any, header: bool | None
) -> dict[str, Any]:
    """How --source, --target, --weight, --direction and --header read a graph, as `read_graph` takes them."""
    return {"source": source, "target": target, "weight": weight, "direction": direction, "header": header}


def log_options(columns: str | None, actions: str | None) -> dict[str, Any]:
    """What --columns and --actions say of a log, as `read_events` takes it; None where nothing was said."""
    return {"columns": columns.split(",") if columns else None, "actions": pairs(actions, "--actions") or None}


def given_only(options: dict[str, Any]) -> dict[str, Any]:
    """Only what was said."""
    return {name: value for name, value in options.items() if value is not None}


def room() -> int:
    """How wide a table may be: the terminal's width, or ample where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 240


def profile_of(text: str) -> str | dict[str, float]:
    """A profile's name, or ``reach=1,spread=2`` as weights."""
    if "=" not in text:
        return text
    weights = pairs(text, "--profile")
    try:
        return {name: float(weight) for name, weight in weights.items()}
    except ValueError:
        raise ParameterError(f"--profile weights must be numbers, as in reach=1,spread=2, got {text!r}") from None
