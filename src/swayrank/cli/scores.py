"""Commands over scores: score, explain, compare, history."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayrank.cli.shared import (
    DEFAULT_RNG,
    Actions,
    Columns,
    Direction,
    Header,
    Json,
    MaxRejects,
    Profile,
    Quiet,
    ReferenceName,
    Source,
    Target,
    Threads,
    Top,
    command,
    given_only,
    listen,
    log_options,
    posts_columns_of,
    print_json,
    print_table,
    profile_of,
    room,
    say,
    wrapped,
)
from swayrank.errors import FolderError, InputError, ParameterError

if TYPE_CHECKING:
    from swayrank.pipeline import Run
    from swayrank.scoring.between_runs import Change
    from swayrank.scoring.history import History
    from swayrank.scoring.keep import KeptScores
    from swayrank.scoring.scores import Scores

OptionalRng = Annotated[
    int | None,
    typer.Option("--rng", help=f"Where randomness comes from; {DEFAULT_RNG} by default.", show_default=False),
]
HalfLife = Annotated[
    str | None,
    typer.Option(
        help="Days after which a reaction counts half, or day, week, month ...; by default what the log tells.",
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder in which a recipe's files lie; by default the recipe's own.", show_default=False),
]
Replicates = Annotated[
    int | None,
    typer.Option(help="Replicates that intervals are made of, 200 by default; 0 for none.", show_default=False),
]
Confidence = Annotated[float | None, typer.Option(help="Of the intervals; 0.95 by default.", show_default=False)]

# -- score -------------------------------------------------------------------------------------------------------------


@command
def score(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Graphs, logs, tables of posts, or one recipe (.toml); what each is, is recognised."),
    ] = None,
    graph: Annotated[Path | None, typer.Option(help="Who follows whom.", show_default=False)] = None,
    events: Annotated[
        list[Path] | None, typer.Option(help="Who did what to whom; may be repeated.", show_default=False)
    ] = None,
    posts: Annotated[
        list[Path] | None, typer.Option(help="Counts per post; may be repeated.", show_default=False)
    ] = None,
    data: Data = None,
    source: Source = None,
    target: Target = None,
    direction: Direction = None,
    header: Header = None,
    columns: Columns = None,
    actions: Actions = None,
    posts_columns: Annotated[
        str | None,
        typer.Option(help="Columns of a table of posts, as account=name,likes=Favs, or as JSON.", show_default=False),
    ] = None,
    max_rejects: MaxRejects = None,
    duplicates: Annotated[
        str | None, typer.Option(help="Repeated rows of a log or table: keep (default) or drop.", show_default=False)
    ] = None,
    profile: Profile = None,
    half_life: HalfLife = None,
    since: Annotated[
        str | None, typer.Option(help="Use only what happened from this date or time on.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Use only what happened before this date or time.", show_default=False)
    ] = None,
    min_evidence: Annotated[
        int | None,
        typer.Option(help="Followers, reactions and posts needed for a score; 3 by default.", show_default=False),
    ] = None,
    replicates: Replicates = None,
    confidence: Confidence = None,
    reference: ReferenceName = None,
    new_reference: Annotated[
        Path | None, typer.Option(help="Save this data's knots for later runs.", show_default=False)
    ] = None,
    explain: Annotated[
        list[str] | None, typer.Option(help="Explain this account's score; may be repeated.", show_default=False)
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Show how the top 10 change as each weight moves by 0.1.")
    ] = False,
    top: Top = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to keep the run in.", show_default=False)
    ] = None,
    map_nodes: Annotated[
        int | None,
        typer.Option(help="Accounts on the run's map; 2000 by default, 10000 at most.", show_default=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: OptionalRng = None,
) -> None:
    """Score every account from 0 to 100, with parts and intervals."""
    from swayrank.pipeline import Recipe, run
    from swayrank.scoring.combine import REPLICATES

    given: dict[str, Any] = {
        "profile": None if profile is None else profile_of(profile),
        "half_life_days": None if half_life is None else _half_life(half_life),
        "since": since,
        "until": until,
        "min_evidence": min_evidence,
        "n_replicates": replicates,
        "confidence": confidence,
        "reference": reference,
        "rng": rng,
    }
    told = given_only(given)
    if replicates is not None and not (replicates == 0 or REPLICATES.holds(replicates)):
        raise ParameterError(f"--replicates must be {REPLICATES.describe()}, or 0 for none, got {replicates}")
    if replicates == 0:
        told["n_replicates"] = None
    recipe = Recipe.from_files(
        files or [],
        graph=graph,
        events=events or [],
        posts=posts or [],
        data=data,
        graph_options={
            "source": source,
            "target": target,
            "direction": direction,
            "header": header,
            "max_rejects": max_rejects,
        },
        events_options={
            **log_options(columns, actions),
            "max_rejects": max_rejects,
            "duplicates": duplicates,
        },
        posts_options={
            "columns": posts_columns_of(posts_columns),
            "max_rejects": max_rejects,
            "duplicates": duplicates,
        },
        score=told,
        default_rng=DEFAULT_RNG,
    )
    if output is not None and output.suffix in (".csv", ".parquet", ".json"):
        raise ParameterError(f"--output names a folder, which will hold scores.csv and more, got {output.name!r}")
    if map_nodes is not None and output is None:
        raise ParameterError("--map-nodes is of the run that --output keeps; name a folder")
    if output is not None and not quiet:
        _tell_others(output)
    drawn = given_only({"map_nodes": map_nodes})
    done = run(recipe, output, **drawn, threads=threads, progress=listen(quiet))
    if new_reference is not None:
        from swayrank.scoring.references import reference_of

        reference_of(done.scores).save(new_reference)
    _show_scores(done, top, explain or [], sensitivity, as_json=as_json, quiet=quiet)


def _tell_others(output: Path) -> None:
    """Warn where a folder holds something, and no runs."""
    from swayrank.results import others_in

    if names := others_in(output):
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        say(f"note: {output} holds other files ({', '.join(names[:3])}{more}); runs are put beside them")


def _half_life(text: str) -> float | str:
    """A number of days, or a name; what it may be, the library says."""
    try:
        return float(text)
    except ValueError:
        return text


def _show_scores(done: Run, top: int, explained: list[str], sensitivity: bool, *, as_json: bool, quiet: bool) -> None:
    from swayrank.scoring.table import beyond_note, score_table

    scores = done.scores
    reasons = [scores.explain(account) for account in explained]
    if as_json:
        told = done.summary(top)
        told |= {"explanations": [reason.to_dict() for reason in reasons]} if reasons else {}
        print_json(told | ({"sensitivity": scores.sensitivity().to_dict()} if sensitivity else {}))
        return
    if not quiet:
        for line in done.told():
            say(line)
    headings, cells = score_table(scores, scores.order(top), room=room())
    print_table(headings, cells, left=[headings.index(name) for name in ("account", "role") if name in headings])
    note = beyond_note(scores, scores.order(top))
    if note is not None and not quiet:
        say(f"note: {note}")
    for reason in reasons:
        typer.echo("\n" + wrapped(str(reason)))
    if sensitivity:
        typer.echo("\n" + wrapped(str(scores.sensitivity())))
    if not quiet:
        for line in done.closing():
            say(line)


# -- explain, compare --------------------------------------------------------------------------------------------------

WORDS = "Accounts, then a run's folder (out by default) or files as `score` takes them."


@command
def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ACCOUNT|OUT|FILE", help=f"{WORDS} A run alone: its highest-ranked account.", show_default=False
        ),
    ] = None,
    data: Data = None,
    profile: Profile = None,
    reference: ReferenceName = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: OptionalRng = None,
) -> None:
    """Tell why accounts have their scores.

    The figures, posts and followers behind each part. With a run, from what it kept of its first 1,000 accounts; of
    others by scoring its files again, if they are unchanged. Of a run's folder alone (or nothing, where out is one),
    the highest-ranked account is explained.
    """
    accounts, places = _best_of_run(words or [], quiet) or _accounts_and_places(words or [], quiet, fewest=1)
    options = {"data": data, "profile": profile, "reference": reference, "rng": rng}
    told: list[tuple[dict[str, Any], str]] = []
    if _is_run(places):
        from swayrank.scoring.keep import load_scores

        _refuse_with_a_run(options)
        kept = load_scores(places[0])
        found = [kept.explanation(account) for account in accounts]
        if None not in found:
            told = [({k: v for k, v in one.items() if k != "text"}, str(one["text"])) for one in found if one]
        else:
            scores = _scored_again(places[0], kept, threads, quiet)
    else:
        scores = _scored(places, options, threads, quiet)
    if not told:
        reasons = [scores.explain(account) for account in accounts]
        told = [(reason.to_dict(), str(reason)) for reason in reasons]
    if as_json:
        print_json([one for one, _ in told])
    else:
        typer.echo("\n\n".join(wrapped(text) for _, text in told))


@command
def compare(
    words: Annotated[list[str], typer.Argument(metavar="ACCOUNT|OUT|FILE", help=WORDS)],
    data: Data = None,
    profile: Profile = None,
    reference: ReferenceName = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: OptionalRng = None,
) -> None:
    """Tell who of two accounts is above the other, and how sure.

    Of more accounts, each is compared with the next. With a run, its files are scored again if they are unchanged;
    otherwise the kept intervals must do.
    """
    accounts, places = _accounts_and_places(words, quiet, fewest=2)
    options = {"data": data, "profile": profile, "reference": reference, "rng": rng}
    told: list[Any]
    if _is_run(places):
        _refuse_with_a_run(options)
        told = _compared_in_run(places[0], accounts, threads, quiet)
    else:
        scores = _scored(places, options, threads, quiet)
        told = [scores.compare(a, b) for a, b in itertools.pairwise(accounts)]
    if as_json:
        print_json([one.to_dict() for one in told])
    else:
        typer.echo("\n\n".join(wrapped(str(one)) for one in told))


def _compared_in_run(out: Path, accounts: list[str], threads: int | None, quiet: bool) -> list[Any]:
    """Comparisons with the run's data, which draws both accounts together; without it, from the kept intervals."""
    from swayrank.scoring.compare import compare_kept
    from swayrank.scoring.keep import load_scores

    kept = load_scores(out)
    for account in accounts:
        kept.ids.position(account)
    try:
        scores = _scored_again(out, kept, threads, quiet)
    except (InputError, FolderError) as error:
        if not quiet:
            say(f"note: from the kept intervals alone, since the data cannot be scored again ({error})")
        return [compare_kept(kept, a, b) for a, b in itertools.pairwise(accounts)]
    return [scores.compare(a, b) for a, b in itertools.pairwise(accounts)]


def _accounts_and_places(words: list[str], quiet: bool, *, fewest: int) -> tuple[list[str], list[Path]]:
    """Words up to the first that is a file or folder are accounts; the rest says where they are scored.

    A run that stands first, and is all that is there, is where the others are looked for.
    """
    there = [Path(word).exists() for word in words]
    if len(words) > fewest and not any(there[1:]) and _is_run([Path(words[0])]):
        return words[1:], [Path(words[0])]
    n = next((k for k in range(1, len(words)) if there[k] and (k >= fewest or not any(there[k + 1 :]))), len(words))
    accounts, places = words[:n], [Path(word) for word in words[n:]]
    if not words:
        raise ParameterError("name an account, and then a run's folder or the files to score; there is no run in out")
    if len(accounts) < fewest:
        found = f"{', '.join(accounts)}, and then the file or folder {places[0]}" if places else ", ".join(accounts)
        raise ParameterError(f"this needs at least {fewest} accounts, got {found}")
    if not places and _is_run([Path("out")]):
        if not quiet:
            say("looking into out, since no run or file is named")
        return accounts, [Path("out")]
    if not places:
        raise ParameterError(
            f"none of {', '.join(map(repr, words[1:] or words))} is a file or folder: "
            "after the accounts, name a run's folder or the files to score"
        )
    absent = [word for word, found in zip(words[n:], there[n:], strict=True) if not found]
    if absent:
        raise InputError("there is no such file", file=absent[0])
    return accounts, places


def _best_of_run(words: list[str], quiet: bool) -> tuple[list[str], list[Path]] | None:
    """The highest-ranked account of a run that is named alone, or of out where nothing is; None otherwise."""
    from swayrank.scoring.keep import load_scores

    place = Path(words[0] if words else "out")
    if len(words) > 1 or not _is_run([place]):
        return None
    kept = load_scores(place)
    if not kept.n_scored:
        raise ParameterError(f"no account of {place} has a score: name the account to explain")
    if not quiet:
        say(f"the highest-ranked account of {place}, since none is named")
    return [str(kept.ids[0])], [place]


def _is_run(places: Sequence[Path]) -> bool:
    names = ("current", "manifest.json")
    return len(places) == 1 and places[0].is_dir() and any((places[0] / name).exists() for name in names)


def _refuse_with_a_run(options: dict[str, Any]) -> None:
    for name in given_only(options):
        raise ParameterError(f"--{name} is for files: the run has its own; leave it out, or name the files")


def _scored(places: list[Path], options: dict[str, Any], threads: int | None, quiet: bool) -> Scores:
    """The scores of files."""
    from swayrank.pipeline import Recipe, run

    told = {**options, "profile": None if options["profile"] is None else profile_of(options["profile"])}
    recipe = Recipe.from_files(
        places,
        graph=None,
        events=(),
        posts=(),
        data=told.pop("data"),
        graph_options={},
        events_options={},
        posts_options={},
        score=given_only(told),
        default_rng=DEFAULT_RNG,
    )
    done = run(recipe, threads=threads, progress=listen(quiet))
    if not quiet:
        for line in done.told():
            say(line)
    return done.scores


def _scored_again(out: Path, kept: KeptScores, threads: int | None, quiet: bool) -> Scores:
    """The scores of a run's data, which is unchanged, with all that is behind them."""
    import numpy as np

    from swayrank.pipeline import score_again

    done = score_again(out, threads=threads, progress=listen(quiet))
    if not quiet:
        say(f"scored again from the data of {kept.folder}, whose files are unchanged")
        at = done.scores.ids.positions(kept.ids.to_arrow(), missing="sentinel")
        there = at < len(done.scores)
        same = np.allclose(done.scores.score[at[there]], kept.score[there], atol=1e-6, equal_nan=True)
        if not same or not there.all():
            made = kept.manifest["versions"].get("swayrank")
            say(f"note: these scores differ from the kept ones, which swayrank {made} made: keep a new run")
    return done.scores


# -- history -----------------------------------------------------------------------------------------------------------


@command
def history(
    out: Annotated[Path, typer.Argument(help="Folder in which `score -o` keeps runs.")],
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="ACCOUNT", help="Whose scores; without, the runs themselves.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read the later run's files again, to tell what faded from what came.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
) -> None:
    """Show kept runs over time, and why a score changed.

    Runs stand in order of the time of their data; a change is told between an account's last two runs of one scale.
    """
    from dataclasses import asdict

    from swayrank.scoring.history import history as past_runs
    from swayrank.scoring.history_text import account_cells, run_cells

    past = past_runs(out, accounts or None)
    changes = _changes(past, threads, quiet) if again else [past.last_change(one) for one in past.accounts or ()]
    if as_json:
        rows = [asdict(row) for row in past.rows] if past.accounts else []
        told = [change.to_dict() for change in changes if change is not None]
        print_json({"runs": [asdict(run) for run in past.runs], "rows": rows, "changes": told, "notes": past.notes()})
        return
    if past.accounts is None:
        print_table(*run_cells(past.runs))
    scales = len({run.scale for run in past.runs}) > 1
    for k, account in enumerate(past.accounts or ()):
        typer.echo(("\n" if k else "") + wrapped(account))
        print_table(*account_cells([row for row in past.rows if row.account == account], scales=scales))
        if changes[k] is not None:
            typer.echo("\n" + wrapped(str(changes[k])))
    if not quiet:
        for note in past.notes():
            say(f"note: {note}")


def _changes(past: History, threads: int | None, quiet: bool) -> list[Change | None]:
    """Why each account's score changed last, with the later run's data at hand."""
    from swayrank.scoring.between_runs import why_changed
    from swayrank.scoring.keep import load_scores

    scored: dict[Path, Scores] = {}
    changes: list[Change | None] = []
    for account in past.accounts or ():
        pair = past.last_pair(account)
        if pair is None:
            changes.append(None)
            continue
        if pair[1] not in scored:
            scored[pair[1]] = _scored_again(pair[1], load_scores(pair[1]), threads, quiet)
        changes.append(why_changed(pair[0], scored[pair[1]], account))
    return changes
