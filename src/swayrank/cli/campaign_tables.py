"""How the campaign commands show what they found: tables and sentences for people, JSON for machines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from swayrank._text import printable
from swayrank.cli.shared import print_json, print_table, room, say, wrapped
from swayrank.tables import frame

if TYPE_CHECKING:
    from swayrank.campaign.compare import SeedComparison
    from swayrank.campaign.oracle import InfluenceOracle
    from swayrank.campaign.removal import Removal
    from swayrank.campaign.seedset import SeedSet
    from swayrank.measures._measure import Measure
    from swayrank.measures.propagation.outcomes import Spreads
    from swayrank.measures.propagation.rivals import RivalCascades

_STEPS_SHOWN = 12
_FIRST_STEPS = 8
_PAIRS_SHOWN = 20
_LONGEST_ACCOUNT = 40
_GOOD = 1 - 1 / 2.718281828
"""Share of the optimum up to which a smaller epsilon makes the search go on."""


# -- figures -----------------------------------------------------------------------------------------------------------


def _digits(figures: Iterable[float]) -> int:
    """Decimals that show about four digits of the largest figure."""
    largest = max((abs(x) for x in figures if math.isfinite(x)), default=0.0)
    return max(1, min(3, 3 - math.floor(math.log10(largest)))) if largest > 0 else 1


def _column(figures: Sequence[float], digits: int | None = None) -> list[str]:
    """Figures one below the other, with the same decimals."""
    digits = _digits(figures) if digits is None else digits
    return [f"{x:,.{digits}f}" for x in figures]


def _between(limits: Sequence[float], confidence: float = 0.95, digits: int | None = None) -> str:
    a, b = _column(limits, digits)
    return f"{100 * confidence:g} % interval {a} to {b}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _name(account: object) -> str:
    return printable(account, _LONGEST_ACCOUNT)


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def plain(value: Any) -> Any:
    """Values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _ids(accounts: Iterable[object]) -> list[str]:
    return [str(account) for account in accounts]


# -- spread ------------------------------------------------------------------------------------------------------------


def print_measure(result: Measure, top: int, *, as_json: bool) -> None:
    """Every account's spread: the highest."""
    assert result.interval is not None
    rows = result.top(top)
    at = result.ids.positions([account for account, _ in rows])
    low, high = (ends[at].tolist() for ends in result.interval)
    if as_json:
        highest = [
            {"account": str(account), result.name: value, "low": a, "high": b}
            for (account, value), a, b in zip(rows, low, high, strict=True)
        ]
        facts = {"measure": result.name, "parameters": dict(result.params), "error_bound": result.error_bound}
        print_json(plain({**facts, "top": highest}))
        return
    digits = _digits([value for _, value in rows])
    columns = [_column(figures, digits) for figures in ([value for _, value in rows], low, high)]
    heading = "adds" if "given" in result.params else "spread"
    cells = [
        [str(i), _name(account), *row] for i, ((account, _), *row) in enumerate(zip(rows, *columns, strict=True), 1)
    ]
    print_table(["rank", "account", heading, "low", "high"], cells, left=[1])


# -- simulate ----------------------------------------------------------------------------------------------------------


def print_spreads(found: Spreads, above: float | None, *, as_json: bool) -> None:
    """How far plans come: means and quantiles, step by step, and which is ahead."""
    names = list(found)
    gaps = _gaps(found)
    if as_json:
        first = found[names[0]]
        shared = {name: value for name, value in first.params.items() if name not in ("kernel", "repeated_seeds")}
        plans = [_spread_facts(name, found[name], above) for name in names]
        told = [
            {"plan": a, "than": b, "more": gap.mean, "interval": gap.interval, "std_error": gap.std_error}
            for a, b, gap in gaps
        ]
        print_json(plain({"parameters": shared, "plans": plans, "differences": told}))
        return
    _print_means(found, above)
    typer.echo("")
    print_table(*_by_step(found), left=[])
    if gaps:
        typer.echo("")
    for a, b, gap in gaps:
        typer.echo(wrapped(_gap_told(a, b, gap, _level(found[a].params))))


def _level(params: Mapping[str, object]) -> float:
    return float(str(params["confidence"]))


def _spread_facts(name: str, one: Any, above: float | None) -> dict[str, Any]:
    facts = {
        "plan": name,
        "seeds": _ids(one.seeds),
        "n_runs": one.n_runs,
        "mean": one.mean,
        "std_error": one.std_error,
        "interval": one.interval,
        "quantiles": {f"{q:g}": x for q, x in one.quantiles.items()},
        "by_step": one.by_step,
    }
    if "bin" in one.params:
        facts["bin"] = one.params["bin"]
    return facts | ({} if above is None else {"above": above, "share_above": one.share_above(above)})


def _print_means(found: Spreads, above: float | None) -> None:
    rows = list(found.values())
    digits = _digits([row.mean for row in rows])
    quantiles = list(rows[0].quantiles)
    n_seeds = [f"{len(row.seeds):,}" for row in rows]
    columns = [n_seeds, *(_column(list(x), digits) for x in zip(*((r.mean, *r.interval) for r in rows), strict=True))]
    columns += [_column([row.quantiles[q] for row in rows], 0) for q in quantiles]
    heads = ["plan", "seeds", "mean", "low", "high", *(_quantile_told(q) for q in quantiles)]
    if above is not None:
        heads.append(f"above {above:,g}")
        columns.append([_percent(row.share_above(above)) for row in rows])
    print_table(heads, [[_name(name), *cells] for name, *cells in zip(found, *columns, strict=True)])
    share, runs = 100 * _level(rows[0].params), rows[0].n_runs
    note = f"low, high: {share:g} % interval of the mean, from {runs:,} runs; 5 %, median, 95 %: of single runs"
    typer.echo(wrapped(note))


def _quantile_told(q: float) -> str:
    return "median" if q == 0.5 else f"{100 * q:g} %"


def _by_step(found: Spreads) -> tuple[list[str], list[list[str]]]:
    """Accounts by step or time: newly active and so far of one plan, so far of several."""
    first = next(iter(found.values()))
    width = first.params.get("bin")
    infected = first.params["model"] == "sis"
    last = max(row.by_step.size for row in found.values()) - 1
    ends = _ends(last if infected else _nearly_all(found), even=width is not None)
    ends = [end for end in ends if end < last] + [last]
    heads, columns = [], []
    for name, row in found.items():
        new = np.zeros(last + 1)
        new[: row.by_step.size] = row.by_step
        so_far = new if infected else np.cumsum(new)
        digits = _digits([float(so_far.max())])
        before = np.concatenate([[0.0], so_far[ends[:-1]]])
        if len(found) == 1 and not infected:
            heads.append("new")
            columns.append(_column((so_far[ends] - before).tolist(), digits))
        heads.append(("infected" if infected else "so far") if len(found) == 1 else _name(name))
        columns.append(_column(so_far[ends].tolist(), digits))
    if width is None:
        begins = [0, *(end + 1 for end in ends[:-1])]
        labels = [str(b) if a == b else f"{a}-{b}" for a, b in zip(begins, ends, strict=True)]
    else:
        labels = [f"{end * float(str(width)):.4g}" for end in ends]
    while len(heads) > 1 and 8 + sum(2 + max(map(len, (h, *c))) for h, c in zip(heads, columns, strict=True)) > room():
        heads.pop()
        columns.pop()
    return (
        ["step" if width is None else "time", *heads],
        [[label, *cells] for label, *cells in zip(labels, *columns, strict=True)],
    )


def _nearly_all(found: Spreads) -> int:
    """The step by which all plans have come to 99.9 % of where they end."""
    so_far = [np.cumsum(row.by_step) for row in found.values()]
    return max(int(np.argmax(sums >= 0.999 * sums[-1])) for sums in so_far)


def _ends(last: int, *, even: bool) -> list[int]:
    """The steps after which to count: all, if they are few."""
    if last < _STEPS_SHOWN:
        return list(range(last + 1))
    if even:  # as many bins in each, a power of two
        width = 1 << (-(-last // _STEPS_SHOWN) - 1).bit_length()
        return list(range(0, last + width, width))
    edges = np.linspace(_FIRST_STEPS, last, _STEPS_SHOWN + 1 - _FIRST_STEPS).round().astype(int).tolist()
    return sorted({*range(_FIRST_STEPS + 1), *edges})


def _gaps(found: Any) -> list[tuple[str, str, Any]]:
    """By how much the furthest plan is ahead of each other one."""
    means = found.mean if hasattr(found, "mean") else {name: one.mean for name, one in found.items()}
    order = sorted(means, key=lambda name: -means[name])
    return [(order[0], other, found.difference(order[0], other)) for other in order[1:]]


def _gap_told(a: str, b: str, gap: Any, level: float) -> str:
    digits = _digits([gap.mean, *gap.interval])
    limits = _between(gap.interval, level, digits)
    if gap.interval[0] <= 0 <= gap.interval[1]:
        return f"no clear difference between {_name(a)} and {_name(b)}: {gap.mean:,.{digits}f} ({limits})"
    return f"{_name(a)} reaches {gap.mean:,.{digits}f} more than {_name(b)} ({limits}, run by run)"


def print_rivals(found: RivalCascades, *, as_json: bool) -> None:
    """What rival campaigns win from each other."""
    gaps = _gaps(found)
    level = _level(found.params)
    if as_json:
        plans = [
            {
                "plan": name,
                "seeds": _ids(found.seeds[name]),
                "n_runs": found.n_runs,
                "mean": found.mean[name],
                "std_error": found.std_error[name],
                "interval": found.interval[name],
                "share": found.share[name],
            }
            for name in found.mean
        ]
        told = [
            {"plan": a, "than": b, "more": gap.mean, "interval": gap.interval, "std_error": gap.std_error}
            for a, b, gap in gaps
        ]
        print_json(plain({"parameters": dict(found.params), "plans": plans, "differences": told}))
        return
    digits = _digits(list(found.mean.values()))
    figures = [_column([found.mean[name], *found.interval[name]], digits) for name in found.mean]
    rows = [
        [_name(name), f"{len(found.seeds[name]):,}", *cells, _percent(found.share[name])]
        for name, cells in zip(found.mean, figures, strict=True)
    ]
    print_table(["plan", "seeds", "mean", "low", "high", "share"], rows)
    typer.echo(
        wrapped(
            f"low, high: {100 * level:g} % interval of the mean, from {found.n_runs:,} runs; share: of all accounts "
            f"that are reached; ties: {found.params['tie']}"
        )
    )
    typer.echo("")
    for a, b, gap in gaps:
        typer.echo(wrapped(_gap_told(a, b, gap, level)))


# -- seeds -------------------------------------------------------------------------------------------------------------


def seeds_table(found: SeedSet, costs: Mapping[str, float] | None) -> Any:
    """Seeds as an Arrow table: what each adds, all together, and costs."""
    table = found.to_frame("pyarrow")
    if costs is None:
        return table
    import pyarrow as pa

    return table.append_column("cost", pa.array([costs[str(account)] for account in found.seeds], pa.float64()))


def print_seeds(found: SeedSet, costs: Mapping[str, float] | None, *, top: int, as_json: bool, quiet: bool) -> None:
    """Seeds, what they reach, and how good that is for sure."""
    prices = None if costs is None else [costs[str(account)] for account in found.seeds]
    if as_json:
        print_json(plain(_seed_facts(found, prices)))
    else:
        digits = _digits([found.spread])
        columns = [_column(figures.tolist(), digits) for figures in (found.marginal_gains, found.curve)]
        heads = ["rank", "account", "adds", "together"]
        if prices is not None:
            heads.append("cost")
            columns.append([f"{price:,.6g}" for price in prices])
        rows = [[str(i), _name(a), *row] for i, (a, *row) in enumerate(zip(found.seeds, *columns, strict=True), 1)]
        print_table(heads, rows[:top], left=[1])
        if len(rows) > top:
            typer.echo(f"... and {len(rows) - top:,} more (--top)")
        typer.echo("")
        _print_groups(found)
        for line in _seeds_told(found):
            typer.echo(wrapped(line))
    if quiet:
        return
    if not found.complete:
        say("interrupted: these are the seeds of the last whole round, and what is known of them")
    kept = f", {found.stored_bytes / 2**20:,.0f} MB of them kept" if found.stored_bytes >= 2**20 else ""
    drawn = f" and {found.n_samples:,} samples{kept}" if found.n_samples else ""
    say(f"took {found.seconds:.3g} s{drawn}")
    if found.complete and found.upper_bound and found.lower_bound < _GOOD * found.upper_bound:
        say("a smaller --epsilon finds seeds that are better, and known to be, in more time")


def _seed_facts(found: SeedSet, prices: Sequence[float] | None) -> dict[str, Any]:
    rows = [
        {"rank": i, "account": str(account), "marginal_gain": gain, "curve": total}
        for i, (account, gain, total) in enumerate(zip(found.seeds, found.marginal_gains, found.curve, strict=True), 1)
    ]
    for row, price in zip(rows, prices or (), strict=False):
        row["cost"] = price
    return {
        "complete": found.complete,
        "method": found.method,
        "seeds": rows,
        "spread": found.spread,
        "interval": found.interval,
        "lower_bound": found.lower_bound,
        "upper_bound": found.upper_bound,
        "guarantee": found.guarantee,
        "worst_case": found.worst_case,
        "cost": found.cost,
        "cost_per_account": found.cost_per_account,
        "room": found.room,
        "n_samples": found.n_samples,
        "parameters": dict(found.params),
        "details": dict(found.details),
    }


def _unit(found: SeedSet) -> str:
    return "of value" if found.params.get("valued") else "accounts"


def _seeds_told(found: SeedSet) -> list[str]:
    """What is known of the seeds, sentence by sentence."""
    digits = _digits([found.spread])
    unit = _unit(found)
    asked = found.params.get("k")
    lines = [
        f"{_counted(len(found.seeds), 'seed')} by {found.method}: {found.spread:,.{digits}f} {unit} expected "
        f"({_between(found.interval, digits=digits)})"
    ]
    fewer_meant = not found.complete or found.params.get("budget") or found.params.get("target_reach")
    if isinstance(asked, int) and len(found.seeds) < asked and not fewer_meant:
        lines.insert(0, _fewer_told(found, asked))
    if found.upper_bound is None:
        lines.append(found.guarantee)
    else:
        lines.append(f"{found.guarantee}; no choice reaches more than {found.upper_bound:,.{digits}f}")
    if found.details.get("rivals"):
        lines.append("counted: only what the rivals do not reach anyway")
    if found.cost is not None and found.cost_per_account is not None:
        each = "unit of value" if unit == "of value" else "account reached"
        lines.append(f"cost {found.cost:,.6g}, which is {found.cost_per_account:,.4g} per {each}")
    return lines


def _fewer_told(found: SeedSet, asked: int) -> str:
    """Why there are fewer seeds than were asked for."""
    n, room = len(found.seeds), found.room
    if room is None or n >= room:
        return f"asked for {asked:,}; {_counted(n, 'account')} could be chosen"
    drawn = "the worlds simulated" if found.method == "celf" else "the samples drawn"
    were = "was" if n == 1 else "were"
    return (
        f"asked for {asked:,} of {room:,} accounts that may be chosen; {n:,} {were}: in {drawn}, no other adds anything"
    )


def _print_groups(found: SeedSet) -> None:
    """How much of each group is reached, where that was the aim."""
    groups = found.details.get("groups")
    if not isinstance(groups, Mapping):
        return
    rows = [
        [_name(name), _percent(one["share"]), *(_percent(end) for end in one["interval"])]
        for name, one in groups.items()
    ]
    print_table(["group", "reached", "low", "high"], rows)
    typer.echo("")


def compared_table(found: SeedComparison) -> Any:
    """What each method chose, as an Arrow table: method, rank, account."""
    rows = [(name, i, str(one)) for name in _furthest(found) for i, one in enumerate(found.chosen[name].seeds, 1)]
    method, rank, account = (list(column) for column in zip(*rows, strict=True))
    return frame({"method": method, "rank": np.array(rank), "account": account}, "pyarrow")


def _furthest(found: SeedComparison) -> list[str]:
    return sorted(found.chosen, key=lambda name: -found.spreads[name].mean)


def print_compared(found: SeedComparison, *, top: int, as_json: bool, quiet: bool) -> None:
    """Methods side by side."""
    order = _furthest(found)
    gaps = [found.difference(order[0], name) for name in order[1:]]
    if as_json:
        methods = [
            {
                "method": name,
                "spread": found.spreads[name].mean,
                "interval": found.spreads[name].interval,
                "seconds": found.chosen[name].seconds,
                "guarantee": found.chosen[name].guarantee,
                "seeds": _ids(found.chosen[name].seeds),
                "behind": None if gap is None else {"mean": gap.mean, "interval": gap.interval},
            }
            for name, gap in zip(order, [None, *gaps], strict=True)
        ]
        print_json(plain({"methods": methods, "parameters": dict(found.spreads[order[0]].params)}))
        return
    digits = _digits([found.spreads[name].mean for name in order])
    spreads = [_column([found.spreads[name].mean, *found.spreads[name].interval], digits) for name in order]
    behind = ["", *_column([gap.mean for gap in gaps], digits)] if gaps else [""]
    rows = [
        [name, *cells, gap, f"{found.chosen[name].seconds:.3g}", _bound_told(found.chosen[name])]
        for name, cells, gap in zip(order, spreads, behind, strict=True)
    ]
    print_table(["method", "spread", "low", "high", "behind", "seconds", "for sure"], rows)
    unclear = [name for name, gap in zip(order[1:], gaps, strict=True) if gap.interval[0] <= 0]
    if unclear:
        typer.echo(wrapped(f"no clear difference from {order[0]}: {', '.join(unclear)}"))
    if not quiet:
        runs = found.spreads[order[0]].n_runs
        say(f"spread: mean of {runs:,} runs, the same worlds for all, with a 95 % interval")


def _bound_told(found: SeedSet) -> str:
    if found.upper_bound:
        return f"{100 * found.lower_bound / found.upper_bound:.1f} % of the best"
    return "no bound"


def print_removal(found: Removal, *, top: int, as_json: bool, quiet: bool) -> None:
    """Whom to silence, and what is left of the rumour."""
    level = _level(found.params)
    rest = found.spread_before - float(found.baseline_after[-1]) if found.baseline else None
    if as_json:
        rows = [
            {"rank": i, "account": str(account), "spread_after": mean, "interval": limits}
            for i, (account, mean, limits) in enumerate(
                zip(found.accounts, found.spread_after, found.interval, strict=True), 1
            )
        ]
        print_json(
            plain(
                {
                    "spread_before": found.spread_before,
                    "before_interval": found.before_interval,
                    "silenced": rows,
                    "cut": found.cut,
                    "cut_interval": found.cut_interval,
                    "most_followed": _ids(found.baseline),
                    "most_followed_cut": rest,
                    "parameters": dict(found.params),
                }
            )
        )
        return
    digits = _digits([found.spread_before])
    rows_ = [["", "nobody", *_column([found.spread_before, *found.before_interval], digits), ""]]
    left = [found.spread_before, *found.spread_after.tolist()]
    for i, (account, limits) in enumerate(zip(found.accounts, found.interval.tolist(), strict=True), 1):
        cut = f"{left[i - 1] - left[i]:,.{digits}f}"
        rows_.append([str(i), _name(account), *_column([left[i], *limits], digits), cut])
    print_table(["rank", "silenced", "spread left", "low", "high", "cut"], rows_[: top + 1], left=[1])
    if len(rows_) > top + 1:
        typer.echo(f"... and {len(rows_) - top - 1:,} more (--top)")
    typer.echo("")
    limits_told = _between(found.cut_interval, level, digits)
    share = found.cut / found.spread_before if found.spread_before else 0.0
    typer.echo(
        wrapped(f"together they cut {found.cut:,.{digits}f} accounts, {_percent(share)} ({limits_told}); no bound")
    )
    if rest is not None:
        typer.echo(wrapped(f"silencing those of most followers instead cuts {rest:,.{digits}f}"))
    if not quiet:
        say(f"from {found.params['n_samples']:,} worlds that had no part in the choice")


# -- whatif ------------------------------------------------------------------------------------------------------------


def print_answers(
    oracle: InfluenceOracle,
    plans: Mapping[str, Sequence[str]],
    gone: Sequence[str],
    *,
    overlap: bool,
    confidence: float,
    top: int,
    as_json: bool,
) -> None:
    """What plans would reach, with and without some seeds, what each is good for, and who would add most."""
    told = []
    for name, seeds in plans.items():
        told.append(_answered(oracle, name, seeds, confidence, top, overlap))
        left = _without(oracle, seeds, gone)
        if len(left) < len(seeds):
            told[-1]["without"] = _answered(oracle, f"{name} without {_few(gone)}", left, confidence, top, False, gone)
    alone = _next(oracle, (), top) if not told else []
    if as_json:
        facts = {"n_accounts": len(oracle.ids), "n_samples": oracle.n_samples, "confidence": confidence}
        more = {} if told else {"next": alone}
        print_json(plain({**facts, "parameters": dict(oracle.params), "plans": told, **more}))
        return
    if not told:
        _print_next(alone, "who would reach most alone:")
        return
    _print_plans(told, confidence)
    for one in told:
        about = f" to {_name(one['plan'])}" if len(told) > 1 else ""
        typer.echo("")
        _print_members(one, several=len(told) > 1)
        _print_next(one["next"], f"who would add most{about}:")
        if "without" in one:
            typer.echo("")
            _print_next(one["without"]["next"], f"who would add most{about} without {_few(gone)}:")
        if overlap and len(one["seeds"]) > 1:
            _print_overlap(one)


def _few(accounts: Sequence[str]) -> str:
    return ", ".join(map(_name, accounts)) if len(accounts) < 4 else f"{len(accounts)} of them"


def _without(oracle: InfluenceOracle, seeds: Sequence[str], gone: Sequence[str]) -> list[str]:
    dropped = set(oracle.ids.positions(gone).tolist()) if gone else set()
    return [one for one, at in zip(seeds, oracle.ids.positions(seeds).tolist(), strict=True) if at not in dropped]


def _answered(
    oracle: InfluenceOracle,
    name: str,
    seeds: Sequence[str],
    confidence: float,
    top: int,
    overlap: bool,
    gone: Sequence[str] = (),
) -> dict[str, Any]:
    answer = oracle.spread(seeds, confidence=confidence)
    members = []
    for account, adds in zip(answer.seeds, answer.adds.tolist(), strict=True):
        others = [one for one in answer.seeds if one != account]
        rest = oracle.spread(others).mean if others else 0.0
        alone = oracle.spread(account).mean
        members.append({"account": str(account), "alone": alone, "adds": adds, "lost_without": answer.mean - rest})
    facts = {
        "plan": name,
        "seeds": _ids(answer.seeds),
        "mean": answer.mean,
        "interval": answer.interval,
        "members": members,
        "next": _next(oracle, answer.seeds, top, gone),
    }
    return facts | ({"overlap": oracle.overlap(answer.seeds).tolist()} if overlap else {})


def _next(oracle: InfluenceOracle, seeds: Any, top: int, gone: Sequence[str] = ()) -> list[dict[str, Any]]:
    highest = oracle.marginal_gains(seeds).top(top + len(gone))
    left = set(_without(oracle, _ids(account for account, _ in highest), gone))
    return [{"account": str(a), "adds": gain} for a, gain in highest if gain > 0 and str(a) in left][:top]


def _print_plans(told: list[dict[str, Any]], confidence: float) -> None:
    lines = [line for one in told for line in (one, one.get("without")) if line is not None]
    digits = _digits([one["mean"] for one in lines])
    rows = [
        [_name(one["plan"]), f"{len(one['seeds']):,}", *_column([one["mean"], *one["interval"]], digits)]
        for one in lines
    ]
    print_table(["plan", "seeds", "spread", "low", "high"], rows)
    typer.echo(
        wrapped(
            f"low, high: {100 * confidence:g} % interval; of a seed: what it reaches alone, what it adds to those "
            "above it, what is lost without it"
        )
    )


def _print_members(one: dict[str, Any], *, several: bool) -> None:
    if several:
        typer.echo(wrapped(f"{_name(one['plan'])}:"))
    digits = _digits([one["mean"]])
    columns = [_column([row[name] for row in one["members"]], digits) for name in ("alone", "adds", "lost_without")]
    rows = [[_name(account), *cells] for account, *cells in zip(one["seeds"], *columns, strict=True)]
    print_table(["seed", "alone", "adds", "lost without"], rows)
    typer.echo("")


def _print_next(rows: list[dict[str, Any]], heading: str) -> None:
    if not rows:
        typer.echo(wrapped(f"{heading} nobody"))
        return
    typer.echo(wrapped(heading))
    cells = _column([row["adds"] for row in rows])
    print_table(["account", "adds"], [[_name(row["account"]), cell] for row, cell in zip(rows, cells, strict=True)])


def _print_overlap(one: dict[str, Any]) -> None:
    """Pairs of seeds by the audience that they share, the largest first."""
    seeds, shared = one["seeds"], one["overlap"]
    typer.echo("")
    pairs = [(shared[i][j], i, j) for i in range(len(seeds)) for j in range(i)]
    pairs.sort(key=lambda pair: -pair[0])
    digits = _digits([both for both, _, _ in pairs[:1]])
    rows = []
    for both, i, j in pairs[:_PAIRS_SHOWN]:
        parts = [_percent(both / shared[k][k]) for k in (j, i)]
        rows.append([_name(seeds[j]), _name(seeds[i]), f"{both:,.{digits}f}", *parts])
    print_table(["seed", "and", "both reach", "of the first's", "of the second's"], rows, left=[0, 1])
    if len(pairs) > _PAIRS_SHOWN:
        typer.echo(f"... and {len(pairs) - _PAIRS_SHOWN:,} pairs more (--json)")
