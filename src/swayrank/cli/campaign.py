"""Commands over models of diffusion: spread, simulate, seeds, whatif."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayrank.cli.shared import (
    DEFAULT_RNG,
    INTERRUPTED,
    Direction,
    Header,
    Json,
    Output,
    Quiet,
    RngOption,
    Source,
    Target,
    Threads,
    Top,
    Weight,
    command,
    given_only,
    graph_options,
    listen,
    pairs,
    say,
)
from swayrank.errors import ParameterError

if TYPE_CHECKING:
    from swayrank.campaign.oracle import InfluenceOracle
    from swayrank.graph import Graph
    from swayrank.measures.propagation.epidemics import SIR, SIS
    from swayrank.measures.propagation.models import TriggeringModel

GraphFile = Annotated[Path, typer.Argument(metavar="GRAPH", help="Who follows whom: a file, or a folder by convert.")]
ModelName = Annotated[
    str,
    typer.Option(
        "--model", help="ic (Independent Cascade), lt (Linear Threshold), or an epidemic in continuous time: sir, sis."
    ),
]
Triggering = Annotated[str, typer.Option("--model", help="ic (Independent Cascade) or lt (Linear Threshold).")]
Prob = Annotated[
    str | None,
    typer.Option(
        help="ic: chance that an arc works: a number, weighted_cascade (usual: 1 / accounts followed), trivalency, or "
        "a column's name.",
        show_default=False,
    ),
]
Weights = Annotated[
    str | None, typer.Option(help="lt: uniform (usual), or the name of a column of weights.", show_default=False)
]
Rate = Annotated[
    float | None, typer.Option(help="sir, sis: infections per follower and unit of time.", show_default=False)
]
Recovery = Annotated[float | None, typer.Option(help="sir, sis: recoveries per unit of time.", show_default=False)]
MaxTime = Annotated[float | None, typer.Option(help="sir, sis: when to stop.", show_default=False)]
MaxSteps = Annotated[
    int | None, typer.Option(help="ic, lt: after how many steps a cascade ends.", min=0, show_default=False)
]
Silent = Annotated[
    str | None,
    typer.Option(metavar="IDS|FILE", help="ic, lt: accounts that never pass anything on.", show_default=False),
]
SeedsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--seeds",
        metavar="[NAME=]IDS",
        help="Accounts to start from, as ada,bob or plan_a=ada,bob; repeat it to compare several.",
        show_default=False,
    ),
]
SeedsFile = Annotated[
    list[str] | None,
    typer.Option(
        "--seeds-file",
        metavar="[NAME=]FILE",
        help="The same from a file: one id a line, or a .csv with a column account, as seeds -o writes it.",
        show_default=False,
    ),
]
Confidence = Annotated[float, typer.Option(help="Share of intervals that hold the true figure.")]


# -- spread ------------------------------------------------------------------------------------------------------------


@command
def spread(
    file: GraphFile,
    given: Annotated[
        str | None,
        typer.Option(
            metavar="IDS|FILE", help="Seeds that are there already: what does each account add?", show_default=False
        ),
    ] = None,
    rel_error: Annotated[
        float | None,
        typer.Option(
            help="Sample until half an interval is at most this share of the figure, for the first --top-accounts; "
            "0.1 unless anything else is asked for.",
            show_default=False,
        ),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option(help="Or until half of every interval is at most so many accounts.", show_default=False),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Or draw exactly so many samples.", min=1, show_default=False)
    ] = None,
    top_accounts: Annotated[
        int | None,
        typer.Option(help="How many accounts --rel-error is about; 100, with --given 10.", min=1, show_default=False),
    ] = None,
    delta: Annotated[float, typer.Option(help="Chance that any of all the intervals fails.")] = 0.05,
    model: Triggering = "ic",
    prob: Prob = None,
    weights: Weights = None,
    max_steps: MaxSteps = None,
    silent: Silent = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    top: Top = 20,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Estimate how many accounts each one would activate.

    All at once, with intervals that hold together; -o writes all of them as .csv, .parquet or .json.
    """
    from swayrank import campaign_jobs as jobs
    from swayrank.account_lists import account_list
    from swayrank.cli.campaign_tables import print_measure
    from swayrank.measure_jobs import write_measure
    from swayrank.measures.propagation.spread import spread as every_spread
    from swayrank.measures.propagation.spread import spread_conditional

    if model not in ("ic", "lt"):
        raise ParameterError(f"--model must be ic or lt for every account's spread, got {model!r}")
    choice = jobs.ModelChoice(kind=model, prob=prob, weights=weights, max_steps=max_steps, silent=silent)
    jobs.check_output(output)
    work: dict[str, Any] = {"threads": threads, "progress": listen(quiet)}
    options = graph_options(source, target, weight, direction, header)
    made: Any = _opened(file, choice, options, rng=rng, quiet=quiet, **work)
    how = {"n_samples": samples, "rel_error": rel_error, "half_width": half_width, "top": top_accounts}
    aim = {**given_only(how), "delta": delta, "rng": rng, **work}
    if given is None:
        result = every_spread(made, **aim)
    else:
        result = spread_conditional(made, account_list(given, "--given", made.graph.ids), **aim)
    if output is not None:
        write_measure(result, output)
    print_measure(result, top, as_json=as_json)
    if not quiet:
        share = 100 * (1 - delta)
        say(
            f"from {result.params['n_samples']:,} samples; all intervals hold at once with probability {share:.6g} %"
            + ("" if given is None else "; adds: accounts beyond those that the given seeds reach")
        )


def _opened(
    file: Path, choice: Any, options: dict[str, Any], *, rng: int, quiet: bool, **work: Any
) -> TriggeringModel | SIR | SIS:
    """The model on the file's graph, and what was understood on stderr."""
    from swayrank.campaign_jobs import model_told, open_model
    from swayrank.job_tables import told

    made = open_model(file, choice, options, rng=rng, **work)
    if not quiet:
        for line in [*told(made.graph), model_told(made)]:
            say(line)
    return made


# -- simulate ----------------------------------------------------------------------------------------------------------


@command
def simulate(
    file: GraphFile,
    seeds: SeedsOption = None,
    seeds_file: SeedsFile = None,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="The plans compete: whoever reaches an account first has it.")
    ] = False,
    tie: Annotated[
        str | None,
        typer.Option(
            help="--rivals: who has an account that several reach at once: random (usual) or first.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[int | None, typer.Option(help="Runs; 10,000 by default.", min=2, show_default=False)] = None,
    rel_error: Annotated[
        float | None,
        typer.Option(help="Or until half of each interval is at most this share of its mean.", show_default=False),
    ] = None,
    confidence: Confidence = 0.95,
    above: Annotated[
        float | None, typer.Option(help="Say in which share of the runs more accounts are reached.", show_default=False)
    ] = None,
    model: ModelName = "ic",
    prob: Prob = None,
    weights: Weights = None,
    rate: Rate = None,
    recovery: Recovery = None,
    max_time: MaxTime = None,
    max_steps: MaxSteps = None,
    silent: Silent = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    output: Output = None,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Run cascades from seeds many times: how far they come.

    Several plans meet the same worlds, so that their difference is known far better than either. -o writes every
    account's chance to be reached.
    """
    from swayrank import campaign_jobs as jobs
    from swayrank.account_lists import read_plans
    from swayrank.cli import campaign_tables as tables
    from swayrank.job_tables import write_table
    from swayrank.measures.propagation.rivals import simulate_rivals
    from swayrank.measures.propagation.simulate import simulate as run_cascades

    choice = jobs.ModelChoice(
        kind=model,
        prob=prob,
        weights=weights,
        rate=rate,
        recovery=recovery,
        max_time=max_time,
        max_steps=max_steps,
        silent=silent,
    )
    _check_rivalry(rivals, tie, choice.kind, rel_error, above)
    jobs.check_output(output)
    if not read_plans(seeds or [], seeds_file or []):
        raise ParameterError("simulate needs seeds: --seeds ada,bob or --seeds-file FILE")
    work: dict[str, Any] = {"threads": threads, "progress": listen(quiet)}
    options = graph_options(source, target, weight, direction, header)
    made: Any = _opened(file, choice, options, rng=rng, quiet=quiet, **work)
    plans: Any = read_plans(seeds or [], seeds_file or [], made.graph.ids)
    aim: dict[str, Any] = {
        **given_only({"n_runs": runs, "rel_error": rel_error, "tie": tie}),
        "confidence": confidence,
        "rng": rng,
    }
    found: Any = simulate_rivals(made, plans, **aim, **work) if rivals else run_cascades(made, plans, **aim, **work)
    if output is not None:
        write_table(jobs.activation_table(found), output)
    if rivals:
        tables.print_rivals(found, as_json=as_json)
    else:
        tables.print_spreads(found, above, as_json=as_json)


def _check_rivalry(rivals: bool, tie: str | None, kind: str, rel_error: float | None, above: float | None) -> None:
    if not rivals and tie is not None:
        raise ParameterError("--tie goes with --rivals")
    if not rivals:
        return
    if kind != "ic":
        raise ParameterError(f"--rivals goes with --model ic, not with {kind}")
    for name, value in (("rel-error", rel_error), ("above", above)):
        if value is not None:
            raise ParameterError(f"--{name} does not go with --rivals")


# -- seeds -------------------------------------------------------------------------------------------------------------


@command
def seeds(
    file: GraphFile,
    k: Annotated[
        int | None,
        typer.Option("-k", "--k", help="How many, at most.", min=1, show_default=False),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="opim (usual: certified), celf, or without a bound degree, single_discount, degree_discount, "
            "probability_discount, pagerank, k_core, vote_rank, collective_influence, random.",
            show_default=False,
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="The choice reaches at least 1 - 1/e - epsilon of the best possible; 0.1 by default.",
            show_default=False,
        ),
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(help="Chance that the certificate is wrong; 1 / accounts by default.", show_default=False),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="What they may cost together; with --cost.", show_default=False),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="PRICE|FILE",
            help="What each asks for: one price for all, or a .csv of account,cost; others cannot be had.",
            show_default=False,
        ),
    ] = None,
    must: Annotated[
        str | None, typer.Option(metavar="IDS|FILE", help="Accounts to take in any case.", show_default=False)
    ] = None,
    never: Annotated[
        str | None, typer.Option(metavar="IDS|FILE", help="Accounts not to take.", show_default=False)
    ] = None,
    quota: Annotated[
        str | None,
        typer.Option(help="Most seeds of each group, as twitch=3,youtube=2; with --groups.", show_default=False),
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Each account's group: a .csv of account,group.", show_default=False)
    ] = None,
    value: Annotated[
        Path | None,
        typer.Option(help="What reaching each is worth: a .csv of account,value; others 0.", show_default=False),
    ] = None,
    target_reach: Annotated[
        float | None, typer.Option(help="As few as are sure to reach so many accounts.", show_default=False)
    ] = None,
    fairness: Annotated[
        str | None,
        typer.Option(help="Reach the --groups evenly: maximin or proportional.", show_default=False),
    ] = None,
    rivals: Annotated[
        str | None,
        typer.Option(
            metavar="IDS|FILE", help="Seeds of another campaign; what they reach does not count.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="Methods to compare in the same worlds, as opim,degree,random.", show_default=False),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Instead: the k accounts whose silence makes a rumour spread least.")
    ] = False,
    sources: Annotated[
        str | None,
        typer.Option(
            metavar="IDS|FILE", help="--remove: where the rumour starts; anywhere by default.", show_default=False
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="celf, --compare, --remove: simulated worlds.", min=2, show_default=False),
    ] = None,
    model: ModelName = "ic",
    prob: Prob = None,
    weights: Weights = None,
    rate: Rate = None,
    recovery: Recovery = None,
    max_time: MaxTime = None,
    max_steps: MaxSteps = None,
    silent: Silent = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    top: Annotated[int, typer.Option("--top", help="How many to show; --json and -o hold all.", min=1)] = 50,
    output: Output = None,
    accept_partial: Annotated[
        bool, typer.Option("--accept-partial", help="Write -o also where Ctrl-C cut the search short.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Choose whom to ask so that a message spreads furthest.

    And say how near that is to the best possible, for sure. Ctrl-C ends the search with the best seeds so far and their
    bound.
    """
    from swayrank import campaign_jobs as jobs
    from swayrank.job_tables import write_table

    choice = jobs.ModelChoice(
        kind=model,
        prob=prob,
        weights=weights,
        rate=rate,
        recovery=recovery,
        max_time=max_time,
        max_steps=max_steps,
        silent=silent,
    )
    asked = {
        "method": method,
        "epsilon": epsilon,
        "delta": delta,
        "budget": None if budget is None else _money(budget, "--budget"),
        "target_reach": target_reach,
        "fairness": fairness,
    }
    price = None if cost is None else _price(cost)
    files = {"cost": None if cost is None else Path(cost), "groups": groups, "value": value}
    lists = {"must": must, "never": never, "rivals": rivals, "sources": sources}
    task = _seeds_task(k, {**asked, "quota": quota}, files, lists, samples, remove=remove, compare=compare)
    jobs.check_output(output)
    limits = _quota(quota)
    work: dict[str, Any] = {"threads": threads, "progress": listen(quiet)}
    options = graph_options(source, target, weight, direction, header)
    made = _opened(file, choice, options, rng=rng, quiet=quiet, **work)
    if price is not None:
        files["cost"] = None
    wishes = {**given_only({**asked, "quota": limits}), **_wishes(files, lists, made.graph)}
    if price is not None:
        import numpy as np

        wishes["cost"] = np.full(made.graph.n_nodes, price)
    with _in_option_names():
        table, code = task(made, wishes, {"rng": rng, **work}, {"top": top, "as_json": as_json, "quiet": quiet})
    if output is None or (code == INTERRUPTED and not accept_partial):
        if output is not None and not quiet:
            say(f"{output} is untouched (--accept-partial writes such a result)")
    else:
        write_table(table, output)
    if code:
        raise typer.Exit(code)


_OPTIONS = re.compile(r"^(k|budget|cost|quota|value|epsilon|delta|method|fairness|target_reach)\b(?! and)")


@contextlib.contextmanager
def _in_option_names() -> Iterator[None]:
    """What the library says of a parameter, first thing in its message, is said of the option."""
    try:
        yield
    except ParameterError as error:
        named = _OPTIONS.search(str(error))
        if named is None:
            raise
        option = "-k" if named[0] == "k" else f"--{named[0].replace('_', '-')}"
        raise type(error)(option + str(error)[named.end() :]) from None


Task = Callable[[Any, dict[str, Any], dict[str, Any], dict[str, Any]], tuple[Any, int]]


def _seeds_task(
    k: int | None,
    asked: dict[str, Any],
    files: dict[str, Any],
    lists: dict[str, Any],
    samples: int | None,
    *,
    remove: bool,
    compare: str | None,
) -> Task:
    """What `seeds` is asked to do, once the options agree with each other."""
    said = {name: value for name, value in {**asked, **files, **lists}.items() if value is not None}
    if remove:
        if compare is not None:
            raise ParameterError("give one of --remove and --compare")
        if k is None:
            raise ParameterError("--remove needs -k: how many accounts to silence")
        for name in said:
            if name not in ("never", "sources"):
                raise ParameterError(f"--{name.replace('_', '-')} does not go with --remove")
        return lambda made, wishes, work, how: _removal(k, samples, made, wishes, work, how)
    if "sources" in said:
        raise ParameterError("--sources goes with --remove")
    if compare is not None:
        if k is None:
            raise ParameterError("--compare needs -k: how many seeds each method chooses")
        for name in ("method", "target_reach", "fairness"):
            if name in said:
                raise ParameterError(f"--{name.replace('_', '-')} does not go with --compare")
        _check_pairs(said)
        methods = [name.strip() for name in compare.split(",")]
        return lambda made, wishes, work, how: _comparison(k, methods, samples, made, wishes, work, how)
    if k is None and "budget" not in said and "target_reach" not in said:
        raise ParameterError("say how many: -k 10, or --budget with --cost, or --target-reach")
    _check_pairs(said)
    if samples is not None and said.get("method") != "celf":
        raise ParameterError("--samples goes with --method celf, --compare and --remove")
    return lambda made, wishes, work, how: _choice(k, samples, made, wishes, work, how)


_PAIRS = (
    ("budget", "cost", "what each account asks for, as --cost 1 for one price, or --cost FILE with rows account,cost"),
    ("cost", "budget", "what they may cost together, as --budget 50"),
    ("quota", "groups", "each account's group, as --groups FILE with rows account,group"),
    ("fairness", "groups", "each account's group, as --groups FILE with rows account,group"),
)


def _check_pairs(said: dict[str, Any]) -> None:
    """Raise where an option was given without the one that it cannot do without."""
    for name, other, what in _PAIRS:
        if name in said and other not in said:
            raise ParameterError(f"--{name} needs --{other}: {what}")


def _quota(text: str | None) -> dict[str, int] | None:
    try:
        return {name: int(room) for name, room in pairs(text, "--quota").items()} or None
    except ValueError:
        raise ParameterError(f"--quota must be whole numbers, as in twitch=3,youtube=2, got {text!r}") from None


def _money(text: str, option: str) -> float:
    from swayrank.sources.amounts import AmountError, read_amount

    try:
        return read_amount(text)
    except AmountError as wrong:
        told = str(wrong)
        raise ParameterError(f"{option} {told}" if told.startswith("must") else f"{option}: {told}") from None


def _price(text: str) -> float | None:
    """One price for all; None where the text names a file."""
    if not any(sign.isdigit() for sign in text) or Path(text).is_file() or Path(text).suffix == ".csv":
        return None
    try:
        return _money(text, "--cost")
    except ParameterError as wrong:
        if " may be " in str(wrong):
            raise
        raise ParameterError(f"--cost must be a price >= 0, or a .csv of account,cost, got {text!r}") from None


def _wishes(files: dict[str, Path | None], lists: dict[str, str | None], graph: Graph) -> dict[str, Any]:
    """What files and lists of accounts say, checked against the graph."""
    from swayrank import account_lists as lists_of

    wishes: dict[str, Any] = {
        name: lists_of.account_list(text, f"--{name}", graph.ids) for name, text in lists.items() if text is not None
    }
    for name, file in files.items():
        if file is not None and name == "groups":
            wishes[name] = lists_of.read_labels(file, "group", graph.ids)
        elif file is not None:
            wishes[name] = lists_of.read_numbers(file, name, graph.ids)
    return wishes


def _choice(
    k: int | None, samples: int | None, made: Any, wishes: dict[str, Any], work: dict[str, Any], how: dict[str, Any]
) -> tuple[Any, int]:
    from swayrank.campaign.select import select_seeds
    from swayrank.cli.campaign_tables import print_seeds, seeds_table

    runs = given_only({"n_runs": samples})
    found = select_seeds(made, k, **wishes, **runs, **work, on_interrupt="best")
    costs = wishes.get("cost")
    if costs is not None and not isinstance(costs, dict):  # one price
        costs = {str(account): float(costs[node]) for account, node in zip(found.seeds, found.nodes, strict=True)}
    table = seeds_table(found, costs)
    print_seeds(found, costs, **how)
    return table, 0 if found.complete else INTERRUPTED


def _comparison(
    k: int,
    methods: list[str],
    samples: int | None,
    made: Any,
    wishes: dict[str, Any],
    work: dict[str, Any],
    how: dict[str, Any],
) -> tuple[Any, int]:
    from swayrank.campaign.compare import compare_seeds
    from swayrank.cli.campaign_tables import compared_table, print_compared

    found = compare_seeds(made, k, methods, **given_only({"n_runs": samples}), **wishes, **work)
    print_compared(found, **how)
    return compared_table(found), 0


def _removal(
    k: int, samples: int | None, made: Any, wishes: dict[str, Any], work: dict[str, Any], how: dict[str, Any]
) -> tuple[Any, int]:
    from swayrank.campaign.removal import select_removal
    from swayrank.cli.campaign_tables import print_removal

    found = select_removal(made, k, **given_only({"n_samples": samples}), **wishes, **work)
    print_removal(found, **how)
    return found.to_frame("pyarrow"), 0


# -- whatif ------------------------------------------------------------------------------------------------------------


@command
def whatif(
    place: Annotated[
        Path, typer.Argument(metavar="GRAPH|FOLDER", help="A graph, or a folder that --save wrote.", show_default=False)
    ],
    seeds: SeedsOption = None,
    seeds_file: SeedsFile = None,
    without: Annotated[
        str | None,
        typer.Option(metavar="IDS|FILE", help="Answer also without these of the seeds.", show_default=False),
    ] = None,
    overlap: Annotated[bool, typer.Option("--overlap", help="Show how much of its audience each pair shares.")] = False,
    samples: Annotated[
        int | None, typer.Option(help="Samples to draw; 100,000 by default.", min=1, show_default=False)
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="Keep the samples in this folder; give it instead of the graph later.", show_default=False),
    ] = None,
    confidence: Confidence = 0.95,
    model: Triggering = "ic",
    prob: Prob = None,
    weights: Weights = None,
    max_steps: MaxSteps = None,
    silent: Silent = None,
    source: Source = None,
    target: Target = None,
    weight: Weight = None,
    direction: Direction = None,
    header: Header = None,
    top: Annotated[int, typer.Option("--top", help="How many accounts that would add most.", min=1)] = 5,
    as_json: Json = False,
    quiet: Quiet = False,
    threads: Threads = None,
    rng: RngOption = DEFAULT_RNG,
) -> None:
    """Answer what seeds would reach, and who would add most.

    And what each of them is good for, with and without others: from samples that are drawn once and can be kept.
    """
    from swayrank import campaign_jobs as jobs
    from swayrank.account_lists import read_plans
    from swayrank.campaign.oracle import InfluenceOracle
    from swayrank.cli.campaign_tables import print_answers

    if model not in ("ic", "lt"):
        raise ParameterError(f"--model must be ic or lt for what-if questions, got {model!r}")
    choice = jobs.ModelChoice(kind=model, prob=prob, weights=weights, max_steps=max_steps, silent=silent)
    options = graph_options(source, target, weight, direction, header)
    work: dict[str, Any] = {"threads": threads, "progress": listen(quiet)}
    jobs.check_folder(save)
    if jobs.is_oracle(place):
        oracle = jobs.open_oracle(place, choice, {**options, "samples": samples})
        if not quiet:
            say(f"{oracle!r} in {place}")
    else:
        made: Any = _opened(place, choice, options, rng=rng, quiet=quiet, **work)
        oracle = InfluenceOracle.build(made, rng=rng, **given_only({"n_samples": samples}), **work)
    plans = read_plans(seeds or [], seeds_file or [], oracle.ids)
    gone = [] if without is None else _dropped(plans, without, oracle)
    if save is not None:
        oracle.save(save)
        if not quiet:
            say(f"samples kept in {save}; ask them with: swayrank whatif {save} --seeds ...")
    print_answers(oracle, plans, gone, overlap=overlap, confidence=confidence, top=top, as_json=as_json)


def _dropped(plans: dict[str, list[str]], without: str, oracle: InfluenceOracle) -> list[str]:
    """The accounts that --without names, each of which is a seed, and not all that there are."""
    from swayrank.account_lists import account_list

    gone = account_list(without, "--without", oracle.ids)
    positions = set(oracle.ids.positions(gone).tolist())
    seeds = {name: set(oracle.ids.positions(accounts).tolist()) for name, accounts in plans.items()}
    if not plans or positions - set().union(*seeds.values()):
        raise ParameterError(f"--without must name seeds, got {without!r}")
    if empty := [name for name, nodes in seeds.items() if not nodes - positions]:
        raise ParameterError(f"--without leaves no seeds of {empty[0]}")
    return gone
