"""The report of a run: its figures against the run's own table, hostile names, and each kind of file read back."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from itertools import chain, pairwise
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

import swayrank as sr
from swayrank._text import printable
from swayrank.errors import FolderError, InputError, ParameterError
from swayrank.ids import Ids
from swayrank.pipeline import Recipe
from swayrank.pipeline import run as run_recipe
from swayrank.report import page as page_module
from swayrank.report import svg as svg_module
from swayrank.report import words as words_module
from swayrank.report.document import Between, Columns, Name, Number, Range, Report, Section, Stack, Table, Text, Trend
from swayrank.report.facts import gather
from swayrank.report.markdown import as_markdown
from swayrank.report.page import DARK, LIGHT, POLICY, as_page
from swayrank.report.svg import columns_chart, range_bar, stack_bar, trend_line
from swayrank.report.words import report_of
from swayrank.report.workbook import as_workbook
from swayrank.report.write import write_report
from swayrank.service.published import _warnings as service_warnings
from swayrank.sources.town import HOSTILE
from swayrank.tables import write_csv
from swayrank.validation_jobs import write_backtest

INJECTIONS = (
    *HOSTILE,
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![x](http://example.invalid/a.png)",
    "<http://example.invalid>",
    "http://example.invalid/x",
    "www.example.invalid",
    "ada@example.invalid",
    "`code` **bold** ~~gone~~",
    "# heading",
    "- item",
    "1. item",
    "| a | b |",
    "a|b@example.invalid",
    "-2+3",
    "+1+cmd",
    "\t=1+1",
    "_x0041_",
    "&lt;b&gt; &amp;",
    "]]> <!-- -->",
    "{{7*7}} $(id) %0d%0a",
    "\\",
    "\uffff\u200b\u0007",
    "x" * 300,
)
N = 220


def named(k):
    """Every account and post has a hostile name; the first have them as they are."""
    return INJECTIONS[k] if k < len(INJECTIONS) else f"{INJECTIONS[k % len(INJECTIONS)]} {k}"


@pytest.fixture(scope="module")
def town():
    return sr.generate("town", n=N, rng=7)


@pytest.fixture(scope="module")
def run(town, tmp_path_factory):
    """A usual run."""
    out = tmp_path_factory.mktemp("usual")
    sr.score(town.graph, town.events, n_replicates=40, rng=7).save(out)
    return out


@pytest.fixture(scope="module")
def hostile(town, tmp_path_factory):
    """The same town, where the highest ranked have the worst names."""
    best = sr.score(town.graph, town.events, n_replicates=None, rng=7).order()
    order = [*map(int, best), *sorted(set(range(N)) - set(map(int, best)))]
    names = [""] * N
    for k, i in enumerate(order):
        names[i] = named(k)
    ids, (u, v) = Ids.from_values(names), town.graph.edges()
    events = town.events
    posts = Ids.from_values([named(k) for k in range(len(events.posts))])
    graph = sr.Graph.from_edges(u, v, n_nodes=N, ids=ids)
    log = sr.Events.from_arrays(
        events.actor, events.target, events.action, accounts=ids, post=events.post, time=events.time, posts=posts
    )
    out = tmp_path_factory.mktemp("hostile")
    sr.score(graph, log, n_replicates=20, rng=7).save(out)
    return out


def backtest_facts(*, worse=True, n_replicates=50, name="past_reposts"):
    """As `Backtest.to_dict` gives it."""
    verdict = "worse" if worse else "better"
    ahead = -0.3 if worse else 0.3
    figures = {
        of: {"spearman": [x, x - 0.1, x + 0.1], "kendall_tau_b": [x, None, None], "ndcg_at_100": [x, x - 0.1, x + 0.1]}
        for of, x in (("balanced", 0.4), (name, 0.4 - ahead), ("random", -0.05))
    }
    return {
        "params": {"outcome": "reposts", "confidence": 0.9, "n_replicates": n_replicates},
        "folds": [{"split": "2026-03-21T00:00", "end": None, "n_accounts": 90, "n_scored": 80, "n_with_outcome": 70}],
        "figures": figures,
        "ahead": [
            {"measure": name, "metric": "ndcg_at_100", "ahead": ahead, "low": -0.4, "high": -0.2, "verdict": verdict},
            {"measure": "random", "metric": "spearman", "ahead": 0.45, "low": 0.3, "high": 0.6, "verdict": "better"},
        ],
        "suspects": [],
        "told": [],
    }


@pytest.fixture
def beside(tmp_path, run):
    """A hostile backtest and hostile seeds; the last one is in the run."""
    import pyarrow as pa

    facts = backtest_facts(name="<img src=x onerror=alert(1)>")
    facts["params"]["outcome"] = "<script>alert(1)</script>"
    facts["folds"][0]["split"] = '"><b>'
    facts["suspects"] = ["[x](javascript:alert(1))"]
    (tmp_path / "backtest.json").write_text(json.dumps(facts), encoding="utf-8")
    seeds = [*INJECTIONS, str(sr.load_scores(run).ids[0])]
    n = len(seeds)
    gains = np.linspace(9, 1, n)
    table = pa.table({"rank": range(1, n + 1), "account": seeds, "marginal_gain": gains, "curve": gains.cumsum()})
    write_csv(table, tmp_path / "seeds.csv", for_people=True)
    return {"backtest": tmp_path / "backtest.json", "seeds": tmp_path / "seeds.csv"}


# -- what it says ------------------------------------------------------------------------------------------------------


def rows_of(out):
    with open(out / "current" / "scores.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spoken(out, top=10, **beside):
    """The words of a report by section, without names kept apart."""
    return words(report_of(gather(out, **{"backtest": None, "seeds": None, **beside}, top=top), top))


def words(report):
    return {section.key: as_markdown(Report("", "", (section,))).replace("\\", "") for section in report.sections}


def test_summary_says_what_the_table_holds(run):
    rows, told = rows_of(run), spoken(run)["short"]
    scored = [row for row in rows if row["rank"]]
    best = scored[0]
    assert f"{best['account']} is the most influential of the {len(scored):,} accounts" in told
    ends = f"{float(best['score_low']):.1f} to {float(best['score_high']):.1f}"
    assert f"{float(best['score']):.1f} of 100 (95% interval {ends}" in told
    firm = sum(int(row["rank_high"]) <= 10 for row in scored[:10])
    assert f"{firm} of the first 10 stay among the first 10 at 95%" in told
    widest = max(scored[:10], key=lambda row: int(row["rank_high"]) - int(row["rank_low"]))
    assert f"Least certain is {widest['account']}: rank {widest['rank']}" in told
    drawn = [float(row["resonance_raw"]) for row in scored]
    share = sum(drawn[: len(scored) // 100]) / sum(drawn)
    assert f"draw {share:.0%} of all reactions" in told
    assert f"{len(rows) - len(scored)} account" in told
    assert "no backtest was given" in told
    assert "no selection of seeds was given" in told


def test_reactions_to_accounts_without_a_score_are_among_all_reactions(town, tmp_path):
    sr.score(town.graph, town.events, n_replicates=None, min_evidence=25, rng=7).save(tmp_path)
    rows = rows_of(tmp_path)
    scored = [float(row["resonance_raw"]) for row in rows if row["rank"]]
    drawn = [float(row["resonance_raw"] or 0) for row in rows]
    assert 100 <= len(scored) < len(rows)
    share = sum(scored[: len(scored) // 100]) / sum(drawn)
    assert f"{share:.0%}" != f"{sum(scored[: len(scored) // 100]) / sum(scored):.0%}"
    assert f"(one in a hundred of the scored) draw {share:.0%} of all reactions" in spoken(tmp_path)["short"]


def test_sureness_and_histogram(run):
    rows, told = [row for row in rows_of(run) if row["rank"]], spoken(run)
    width = statistics.median(float(row["score_high"]) - float(row["score_low"]) for row in rows[:10])
    ranks = statistics.median(int(row["rank_high"]) - int(row["rank_low"]) + 1 for row in rows[:10])
    assert f"| the first 10 | {width:,.1f} | {ranks:,.0f} |" in told["sure"]
    inside = sum(20 <= float(row["score"]) < 25 for row in rows)
    assert f"| 20 to 25 | {inside} | {inside / len(rows):.1%} |" in told["spread"]


def test_cards_hold_the_evidence(run):
    kept, told = sr.load_scores(run), spoken(run)["why"]
    assert told.count("### ") == 10
    one = kept.explanation(kept.ids[0])
    for part in one["parts"]:
        adds, points = f"{part['contribution']:,.1f}", f"{part['scaled']:,.1f}"
        assert re.search(rf"\| {part['part']} \| {re.escape(points)} \|.*\| {re.escape(adds)} \|", told)
        assert part["because"] in told
    assert f"{one['followers'][0]['account']} ({one['followers'][0]['share']:.1%}" in told
    assert f"{one['posts'][0]['post']} of {one['posts'][0]['time'][:10]}" in told


def test_where_the_score_loses_is_said_first(run, tmp_path):
    file = tmp_path / "backtest.json"
    file.write_text(json.dumps(backtest_facts()), encoding="utf-8")
    told = spoken(run, backtest=file)
    loses = "LOSES to reposts so far, by 0.300 in the order at the top (NDCG, first 100)"
    assert loses in told["short"]
    assert told["backtest"].index(loses) < told["backtest"].index("It is ahead of chance")
    table = told["backtest"].split("The order at the top")[1].splitlines()
    assert [line.split(" | ")[0] for line in table[4:7]] == ["| reposts so far", "| the score (balanced)", "| chance"]
    assert "reposts so far (how often posts of an account were reposted before the split)" in told["backtest"]
    file.write_text(json.dumps(backtest_facts(worse=False)), encoding="utf-8")
    told = spoken(run, backtest=tmp_path)  # the folder that `backtest -o` wrote
    assert "LOSES" not in "".join(told.values())
    assert "loses to no other ranking by more than chance" in told["short"]
    file.write_text(json.dumps(backtest_facts(worse=False, n_replicates=0)), encoding="utf-8")
    told = spoken(run, backtest=file)
    assert "loses to no" not in told["short"]
    assert "no difference below can be told from chance" in told["backtest"]


def test_a_real_backtest(run, town, tmp_path):
    found = sr.backtest(town.graph, town.events, as_of="2026-03-01", k=20, n_replicates=30, rng=7)
    write_backtest(found, tmp_path / "backtest.json")
    told = spoken(run, backtest=tmp_path / "backtest.json")
    compared = [found.difference(name, metric) for metric in found.main_metrics for name in found.names[1:]]
    worse = {one.measure for one in compared if one.verdict == "worse"}
    called = {
        "followers": "number of followers", "past_reposts": "reposts so far", "past_engagement": "reactions so far",
        "h_index": "h-index of posts", "pagerank": "PageRank", "random": "chance",
    }  # fmt: skip
    lines = "".join(re.findall("LOSES (.*)", told["short"]))
    assert {called[name] for name in worse} == set(re.findall(r"(?:to|; to) ([\w -]+), by ", lines))
    for name in found.names:
        assert (
            f"| {called.get(name, 'the score (balanced)')} | {found.value(name, 'spearman'):,.3f} | "
            in told["backtest"]
        )


def test_seeds(run, tmp_path):
    kept = sr.load_scores(run)
    file = tmp_path / "seeds.csv"
    file.write_text(f"rank,account,marginal_gain,curve\n1,{kept.ids[4]},30,30\n2,stranger,12.5,42.5\n")
    told = spoken(run, seeds=file)
    assert "2 accounts that together are expected to reach 42" in told["short"]
    assert f"| 1 | {kept.ids[4]} | 30.0 | 30.0 | 5 |" in told["seeds"]
    assert "| 2 | stranger | 12.5 | 42.5 | - |" in told["seeds"]
    assert "1 seed of the file has no score in this run" in told["seeds"]
    assert "themselves included; 1 of them is not in this run, so that they were chosen on other data" in told["short"]
    file.write_text(f"rank,account,marginal_gain,curve\n1,{kept.ids[4]},30,30\n")
    assert "other data" not in spoken(run, seeds=file)["short"]
    file.write_text("rank,account,marginal_gain,curve\n1,zzz,30,30\n2,qqq,12.5,42.5\n")
    with pytest.raises(InputError, match="seeds of other data: none of its accounts, such as 'zzz', is in this run"):
        spoken(run, seeds=file)


def test_columns_of_what_parts_add_are_called_so_everywhere(run, tmp_path):
    told, book = spoken(run)["who"], tmp_path / "r.xlsx"
    assert "| reach adds | resonance adds | spread adds |" in told
    assert "how much of it each part adds" in told
    write_report(run, book)
    with zipfile.ZipFile(book) as parts:
        texts = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
    assert "resonance adds" in texts
    page = write_report(run, tmp_path / "r.html").read_text(encoding="utf-8")
    assert re.search(r">\s*resonance adds\s*</th>", page)


def test_names_of_usual_length_are_not_broken():
    names = ["@jürgen.müller", "two words of some length", "a" * 17]
    table = Table("t", ("rank", "account"), tuple((Number(k), Name(name)) for k, name in enumerate(names)))
    page = page_module.as_page(Report("", "", (Section("who", "Who", (table,)),)))
    assert re.findall(r'<t[dh](?: scope="row")? class="(name[^"]*)">', page) == ["name", "name", "name long"]
    assert ".name{min-width:8rem} .long{overflow-wrap:anywhere}" in page


def test_rows_that_do_not_count_are_told(tmp_path):
    (tmp_path / "f.csv").write_text("follower,followed\nada,eve\nbob,eve\ncem,eve\neve,eve\nada,eve\nbob,ada\n")
    log = "user,type,target_user,created_at\n" + "ada,like,eve,2026-03-01\n" * 2 + "bob,like,eve,2026-03-01\n"
    (tmp_path / "e.csv").write_text(log + "eve,like,eve,2026-03-02\n")
    few = {"rng": 7, "min_evidence": 1}
    files = {"graph": tmp_path / "f.csv", "events": (tmp_path / "e.csv",)}
    for recipe, again in [
        (Recipe(**files, score=few), "1 event is listed again, and counted each time (--duplicates drop"),
        (Recipe(**files, score=few, events_options={"duplicates": "drop"}), "1 event is listed again, and left out"),
    ]:
        done = run_recipe(recipe, tmp_path / "out")
        closing, told = "\n".join(done.closing()), spoken(tmp_path / "out")
        own = ("1 follow of oneself is not counted", "1 reaction to oneself is not counted")
        for text in (*own, "1 follow is listed again, and counted once", again):
            served = "\n".join(one["detail"] for one in service_warnings(sr.load_scores(tmp_path / "out")))
            for place in (closing, told["short"], told["warnings"], served):
                assert text in place
        assert "every row" not in told["short"].casefold()
    (tmp_path / "f.csv").write_text("follower,followed\nada,eve\nbob,eve\n")
    run_recipe(Recipe(graph=tmp_path / "f.csv", score=few), tmp_path / "out")
    assert "no row of the files was refused." in spoken(tmp_path / "out")["short"]


def test_seeds_lose_the_apostrophe_that_spreadsheets_needed(run, beside):
    assert [seed.account for seed in gather(run, **beside, top=3).seeds][:-1] == list(INJECTIONS)


def test_earlier_runs_of_the_same_scale(town, tmp_path):
    first = sr.score(town.graph, town.events, until="2026-03-20", n_replicates=None, rng=7)
    early = first.save(tmp_path)
    later = sr.score(town.graph, town.events, reference=first.reference, n_replicates=None, rng=7)
    late = later.save(tmp_path)
    account = later.top(1)[0].account
    before, now = first.score[first.ids.position(account)], later.top(1)[0].score
    assert f"| {account} | {before:,.1f} | {now:,.1f} | {now - before:+,.1f} |" in spoken(late)["past"]
    assert "past" not in spoken(early)  # what came after it is not its past
    sr.score(town.graph, town.events, n_replicates=None, rng=7).save(tmp_path)
    told = spoken(tmp_path)
    assert "past" not in told  # another scale
    assert "Earlier runs" not in told["warnings"]


def test_an_earlier_run_that_is_damaged_is_no_fault_of_this_one(town, tmp_path):
    early = sr.score(town.graph, town.events, until="2026-03-20", n_replicates=None, rng=7)
    first = Path(early.save(tmp_path))
    sr.score(town.graph, town.events, reference=early.reference, n_replicates=None, rng=7).save(tmp_path)
    assert "past" in spoken(tmp_path)
    (first / "scores.parquet").write_bytes(b"PAR1")
    told = spoken(tmp_path)
    assert "past" not in told
    assert "Earlier runs are left out" in told["warnings"]


def test_a_graph_alone_without_intervals(tmp_path):
    sr.score(sr.Graph.from_edges(["a", "b", "c", "d"], ["e", "e", "e", "a"]), n_replicates=None, rng=7).save(tmp_path)
    told = spoken(tmp_path)
    assert "e is the only account that could be scored: 90.0 of 100." in told["short"]
    assert "No intervals were drawn" in told["sure"]
    assert "%" not in told["who"]
    assert "What decides" not in told["short"]
    assert "weights" not in told
    for kind in (".html", ".md", ".xlsx"):
        assert write_report(tmp_path, tmp_path / f"report{kind}").stat().st_size > 1000


def test_intervals_of_a_graph_alone_are_not_sold_as_certainty(tmp_path):
    rng = np.random.default_rng(5)
    follows = sr.Graph.from_edges(rng.integers(0, 60, 900), (rng.pareto(1.2, 900) * 4).astype(int) % 60)
    scores = sr.score(follows, rng=7)
    scores.save(tmp_path)
    told = spoken(tmp_path)
    assert "How firm the order is: intervals cannot say. They cover the sampling of spread alone" in told["short"]
    assert "What to know first: Resonance could not be measured" in told["short"]
    assert "95% interval" not in told["short"]
    assert "What varies: spread (the sample of cascades); reach is counted in full." in told["sure"]
    assert "lived through another such period" not in told["sure"]
    everything = "".join(told.values())
    for vacuous in ("census", "Luck in it", "unknown", "stay among the first"):
        assert vacuous not in everything
    assert "another such period" not in "".join(str(scores.explain(one.account)) for one in scores.top(20))


def test_stated_followers_alone_make_nothing_certain(tmp_path):
    (tmp_path / "p.csv").write_text("account,followers\n" + "".join(f"a{k},{10 * k + 5}\n" for k in range(30)))
    run_recipe(Recipe(posts=(tmp_path / "p.csv",), score={"rng": 7}), tmp_path / "out")
    told = spoken(tmp_path / "out")
    assert "certain" not in told["short"]
    assert "They cover nothing" in told["short"]
    assert "reach is what the posts table says of followers" in told["short"]
    assert "Data: every account has a score" in told["short"]
    assert "| role |" not in told["who"]


def test_what_is_probably_meant_otherwise_is_kept_for_the_report_and_the_page(tmp_path):
    (tmp_path / "f.csv").write_text("source,target,weight\n" + "".join(f"a{k},b{k % 7},2\n" for k in range(60)))
    done = run_recipe(Recipe(graph=tmp_path / "f.csv", score={"rng": 7}), tmp_path / "out")
    text = "the graph's weights are not used: reach counts every follow once"
    told = spoken(tmp_path / "out")
    served = "\n".join(one["detail"] for one in service_warnings(sr.load_scores(tmp_path / "out")))
    for place in (
        "\n".join(done.closing()),
        served,
        *(told[key].replace("The g", "the g") for key in ("short", "warnings")),
    ):
        assert text in place


def test_accounts_that_the_graph_does_not_hold_are_not_counted_into_communities_unsaid(tmp_path):
    (tmp_path / "f.csv").write_text("follower,followed\na,b\nb,a\nc,a\nc,b\n")
    log = "user,action,target,time\n" + "".join(f"x{k},like,a,2026-03-0{1 + k % 9}\n" for k in range(9))
    (tmp_path / "e.csv").write_text(log)
    recipe = Recipe(graph=tmp_path / "f.csv", events=(tmp_path / "e.csv",), score={"rng": 7})
    run_recipe(recipe, tmp_path / "out")
    told = spoken(tmp_path / "out")["communities"]
    assert "9 accounts are in none, since the graph does not hold them; of the 3 that it holds, the largest has" in told


def test_nobody_has_a_score(tmp_path):
    sr.score(sr.Graph.from_edges(["a"], ["b"]), rng=7).save(tmp_path)
    told = spoken(tmp_path)
    assert "None of the 2 accounts has enough data" in told["short"]
    assert "who" not in told
    checked(write_report(tmp_path, tmp_path / "report.html").read_text(encoding="utf-8"))
    write_report(tmp_path, tmp_path / "report.xlsx")


def test_refused_rows_are_told(tmp_path):
    lines = "\n".join(f"a{k},b" for k in range(60)) + "\nlonely\n"
    (tmp_path / "<i>.csv").write_text(f"follower,followed\n{lines}", encoding="utf-8")
    sr.pipeline.run(sr.pipeline.Recipe(graph=tmp_path / "<i>.csv", score={"rng": 7}), tmp_path / "out")
    told = spoken(tmp_path / "out")
    assert "1 row of the files could not be used" in told["short"]
    assert re.search(r"\| <i>.csv \| missing field \| 1 \|", told["warnings"])
    assert "<i>.csv" in told["provenance"]
    checked(write_report(tmp_path / "out", tmp_path / "report.html").read_text(encoding="utf-8"))


# -- the page ----------------------------------------------------------------------------------------------------------

DRAWN = {"class", "x", "y", "width", "height", "x1", "x2", "y1", "y2", "cx", "cy", "r", "text-anchor"}
DRAWN |= {"dominant-baseline", "d"}
ALLOWED = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "name", "content", "http-equiv"}, "title": set(),
    "style": set(), "body": set(), "header": set(), "footer": set(), "main": set(), "nav": {"aria-label"},
    "section": {"id", "aria-labelledby"}, "article": {"class"}, "h1": set(), "h2": {"id"}, "h3": set(),
    "p": {"class"}, "ul": {"class"}, "li": set(), "a": {"href", "class"}, "bdi": set(), "strong": set(),
    "div": {"class", "role", "tabindex", "aria-label"}, "table": set(), "caption": set(), "thead": set(),
    "tbody": set(), "tr": set(), "th": {"scope", "class"}, "td": {"class"}, "figure": set(), "figcaption": set(),
    "details": set(), "summary": set(), "svg": {"class", "width", "height", "aria-hidden", "focusable", "role",
    "aria-label", "viewbox"}, "path": DRAWN, "rect": DRAWN, "line": DRAWN, "circle": DRAWN, "text": DRAWN,
}  # fmt: skip
VOID = {"meta", "rect", "line", "path"}


class Reader(HTMLParser):
    """Reads a page strictly: known tags with known attributes, each closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ALLOWED[tag], (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag == "circle":  # some hold their words
            assert self.open.pop() == tag
        else:
            assert tag in VOID, tag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def handle_comment(self, data):
        raise AssertionError(data)

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def checked(html):
    """Read a page and hold it to what every page must be."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert html.count("<title>Who influences whom</title>") == len(reader.of("h1")) == len(reader.of("style")) == 1
    assert reader.of("html") == [{"lang": "en"}]
    policies = [one["content"] for one in reader.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY]
    assert POLICY.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    assert all(attrs["href"][1:] in ids and attrs["href"][0] == "#" for attrs in reader.of("a"))
    assert all(attrs["aria-labelledby"] in ids for attrs in reader.of("section"))
    assert len(reader.of("table")) == len(reader.of("caption"))
    assert all(attrs.get("scope") in ("col", "row") for attrs in reader.of("th"))
    assert not re.search(r"url\(|@import|https?:", re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1])
    levels = [int(tag[1]) for tag, _ in reader.tags if tag in ("h1", "h2", "h3")]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    return reader


def test_page_of_hostile_names_holds_no_markup_of_theirs(hostile, beside, tmp_path):
    path = write_report(hostile, tmp_path / "report.html", **beside, top=len(INJECTIONS))
    html = path.read_text(encoding="utf-8")
    reader = checked(html)
    assert len(html) < 500_000
    names = {data for where, data in reader.texts if where[-2:] == ("th", "bdi")}
    assert {printable(name) for name in INJECTIONS} <= names
    headings = ["".join(d for where, d in reader.texts if "h3" in where)]
    assert all(printable(named(k)) in headings[0] for k in range(10))
    seen = {c for _, data in reader.texts for c in data}
    assert not seen & {"\u202e", "\u200b", "\x07", "\t"}


def test_every_row_has_as_many_cells_as_its_table_has_headings(run, tmp_path):
    html = write_report(run, tmp_path / "report.html").read_text(encoding="utf-8")
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        head, body = table.split("</thead>")
        rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        assert rows
        for row in rows:
            assert len(re.findall(r"<t[hd][ >]", row)) == head.count("<th ")
            assert row.count('<th scope="row"') == 1


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_wcag_aa(look):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for ground in ("paper", "panel"):
        for ink in ("ink", "soft", "link"):
            assert contrast(look[ink], look[ground]) >= 4.5, (ink, ground)
        for drawn in ("range", "c0", "c1", "c2", "c3", "c4"):
            assert contrast(look[drawn], look[ground]) >= 3, (drawn, ground)


def test_drawings_are_to_scale():
    bar = range_bar(Range(50, 25, 75, 0, 200))
    assert 'x="12.50%"' in bar
    assert 'width="25.00%"' in bar
    assert 'cx="25.00%"' in bar
    assert 'cx="100.00%"' in range_bar(Range(500, None, None))
    stack = stack_bar(Stack(((0, 20.0), (1, 0.0), (2, 30.0))))
    assert re.findall(r'class="c(\d)" x="([\d.]+)%" y="1" width="([\d.]+)%"', stack) == [
        ("0", "0.00", "20.00"),
        ("2", "20.00", "30.00"),
    ]
    table = Table("<b>", ("x",), (("y",),))
    chart = columns_chart(Columns(table, ((0.0, 4.0), (2.0, 1.0), (0.0, 0.0)), ((0.5, "<i>"),), "axis"))
    tall = [float(x) for x in re.findall(r'class="c0" [^>]*height="([\d.]+)"', chart)]
    assert tall[0] == pytest.approx(4 * tall[1], abs=0.2)
    stacks, marks = ((1.0, 3.0), (0.0, 2.0)), ((0.25, "<u>"),)
    stacked = columns_chart(Columns(table, ((0.0, 4.0), (0.0, 2.0)), (), "axis", stacks, marks))
    pieces = re.findall(r'class="(c\d)" x="([\d.]+)%" y="([\d.]+)" [^>]*height="([\d.]+)"', stacked)
    assert [colour for colour, *_ in pieces] == ["c0", "c1", "c1"]
    (_, _, below, low), (_, _, above, high), _ = pieces
    assert float(high) == pytest.approx(3 * float(low), abs=0.2)
    assert float(above) + float(high) == pytest.approx(float(below), abs=0.2)  # one stands on the other
    assert 'class="mark" x1="25.00%" x2="25.00%"' in stacked
    assert "<u>" not in stacked
    assert len(re.findall(r'class="range"', chart)) == 1
    assert "<b>" not in chart
    assert "<i>" not in chart


# -- Markdown ----------------------------------------------------------------------------------------------------------


def test_markdown_of_hostile_names_is_text(hostile, beside, tmp_path):
    markdown_it = pytest.importorskip("markdown_it")
    text = write_report(hostile, tmp_path / "report.md", **beside, top=len(INJECTIONS)).read_text(encoding="utf-8")
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in [*tokens, *inner]}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "em_open", "s_open", "code_block", "fence"}
    assert {child.content for child in inner if child.type == "code_inline"} <= {"@"}
    assert sum(token.tag == "h3" for token in tokens if token.type == "heading_open") == 10
    lists = [token for token in tokens if token.type in ("bullet_list_open", "ordered_list_open")]
    assert all(token.level == 0 and token.type == "bullet_list_open" for token in lists)
    cells = {"".join(child.content for child in token.children) for token in tokens if token.type == "inline"}
    shown = {printable(name).strip() for name in INJECTIONS}
    assert shown <= cells
    assert not re.search(r"(?<!\\)://|www\.|\w\\?@\w|\{\{", text)  # what some readers link or fill in by themselves


def test_lines_that_would_begin_something_else():
    lines = ("- a", "+ b", "1. c", "2) d", "# e", "> f", "=====")
    text = as_markdown(Report("t", "s", (Section("k", "t", tuple(Text(line) for line in lines)),)))
    markdown_it = pytest.importorskip("markdown_it")
    tokens = markdown_it.MarkdownIt("commonmark").parse(text)
    kinds = [token.type for token in tokens if token.type.endswith("_open")]
    assert kinds == ["heading_open", "paragraph_open", "heading_open", *["paragraph_open"] * len(lines)]
    assert [token.content for token in tokens if token.type == "inline"][-1] == "\\====="


# -- the workbook ------------------------------------------------------------------------------------------------------

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets_of(content):
    """By the sheet's name, its cells: (style, value); read as Excel reads them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    targets = {one.get("Id"): one.get("Target") for one in parts["xl/_rels/workbook.xml.rels"]}
    types = {one.get("PartName") for one in parts["[Content_Types].xml"] if one.get("PartName")}
    assert types == {f"/{name}" for name in parts if name.startswith("xl/") and not name.endswith(".rels")}
    found = {}
    for sheet in parts["xl/workbook.xml"].find("m:sheets", SPACE):
        root = parts[f"xl/{targets[sheet.get(relation)]}"]
        assert not [node for node in root.iter() if node.tag.endswith("}f") or "hyperlink" in node.tag]
        found[sheet.get("name")] = {cell.get("r"): value_of(cell) for cell in root.iter(f"{{{SPACE['m']}}}c")}
    return found


def value_of(cell):
    number, text = cell.find("m:v", SPACE), cell.find("m:is/m:t", SPACE)
    if text is None:
        return cell.get("s"), None if number is None else float(number.text)
    assert cell.get("t") == "inlineStr"
    shown = re.sub("_x([0-9A-Fa-f]{4})_", lambda code: chr(int(code[1], 16)), text.text or "")
    return cell.get("s"), shown


def test_workbook_read_back(hostile, beside, tmp_path):
    path = write_report(hostile, tmp_path / "report.xlsx", **beside)
    sheets = sheets_of(path.read_bytes())
    assert next(iter(sheets)) == "In short"
    assert all(len(name) <= 31 for name in sheets)
    kept, cells = sr.load_scores(hostile), sheets["All accounts"]
    assert [cells[f"{letter}1"][1] for letter in "ABCDE"] == ["rank", "account", "status", "score", "reach"]
    for k in range(N):
        style, name = cells[f"B{k + 2}"]
        assert style == "2"
        assert name == printable(kept.ids[k], 32_000).replace("\uffff", "\\uffff")
        score = cells[f"D{k + 2}"][1]
        assert (score is None) == (kept.rank[k] == 0)
        assert score is None or score == kept.score[k]
    assert set(INJECTIONS) & {name for _, name in cells.values()} >= {'=HYPERLINK("http://example.invalid","click")'}


def test_text_cells_are_quoted_text():
    table = Table("t", ("name", "n", "from to"), ((Name("=1+1"), Number(0.5, ".1%"), Between(1, 2.5)),))
    content = as_workbook(Report("t", "s", (Section("k", "a/b:c" * 9, (table,)), Section("l", "a/b:c" * 9, ()))))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml")).find("m:cellXfs", SPACE)
    assert int(styles.get("count")) == len(styles)
    first, second = sheets_of(content).items()
    assert first[0] != second[0]
    assert [first[1][at][1] for at in ("A5", "B5", "C5")] == ["=1+1", 0.5, "1.0 to 2.5"]
    text, percent = (styles[int(first[1][at][0])] for at in ("A5", "B5"))
    assert (text.get("numFmtId"), text.get("quotePrefix"), percent.get("numFmtId")) == ("49", "1", "10")


# -- files -------------------------------------------------------------------------------------------------------------


def test_same_run_same_bytes(run, tmp_path):
    for kind in (".html", ".md", ".xlsx"):
        first = write_report(run, tmp_path / f"a{kind}").read_bytes()
        assert write_report(run, tmp_path / f"b{kind}").read_bytes() == first


def test_whole_or_not_at_all(run, tmp_path, monkeypatch):
    path = write_report(run, tmp_path / "report.html")
    before = path.read_bytes()
    monkeypatch.setattr(page_module, "_section", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(run, path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "its fields"),
        ("{", "sound JSON"),
        (json.dumps(backtest_facts() | {"params": {}}), "its params"),
        (json.dumps(backtest_facts() | {"folds": [{}]}), "split 1"),
        (json.dumps(backtest_facts() | {"figures": {"a": {"spearman": ["x", 1, 2]}}}), "the figures of a"),
        (json.dumps(backtest_facts() | {"figures": {"a": 3}}), "the figures of a"),
        (json.dumps(backtest_facts() | {"ahead": [3]}), "difference 1"),
        (
            json.dumps(backtest_facts() | {"ahead": [{"measure": "a", "metric": "b", "verdict": "worse"}]}),
            "difference 1",
        ),
        (json.dumps(backtest_facts() | {"suspects": [3]}), "its suspects"),
    ],
)
def test_what_is_no_backtest(run, tmp_path, text, told):
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        write_report(run, tmp_path / "r.html", backtest=tmp_path / "b.json")
    assert not (tmp_path / "r.html").exists()


def test_mistakes(run, tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.html, \.md or \.xlsx, got 'r\.pdf'"):
        write_report(run, tmp_path / "r.pdf")
    with pytest.raises(ParameterError, match="top must be"):
        write_report(run, tmp_path / "r.md", top=0)
    with pytest.raises(FolderError, match="no swayrank result"):
        write_report(tmp_path, tmp_path / "r.md")
    with pytest.raises(InputError, match="no such file"):
        write_report(run, tmp_path / "r.md", backtest=tmp_path / "none.json")
    with pytest.raises(ParameterError, match="seeds must end in"):
        write_report(run, tmp_path / "r.md", seeds=tmp_path / "s.txt")
    (tmp_path / "s.csv").write_text("account,gain\na,1\n")
    with pytest.raises(InputError, match="no column 'marginal_gain'"):
        write_report(run, tmp_path / "r.md", seeds=tmp_path / "s.csv")
    for figure, told in (("many", "must be numbers"), ("inf", "must be finite")):
        (tmp_path / "s.csv").write_text(f"account,marginal_gain,curve\na,{figure},1\n")
        with pytest.raises(InputError, match=told):
            write_report(run, tmp_path / "r.md", seeds=tmp_path / "s.csv")
    with pytest.raises(InputError, match="cannot write there"):
        write_report(run, tmp_path / "absent" / "r.md")


def test_altered_run_is_refused(town, tmp_path):
    folder = Path(sr.score(town.graph, town.events, n_replicates=None, rng=7).save(tmp_path))
    (folder / "rejects.csv").write_text("file,line,column,value,reason\nx,1,,,nothing\n")
    with pytest.raises(InputError, match="altered"):
        write_report(tmp_path, tmp_path / "r.html")


def test_command(run, tmp_path):
    from typer.testing import CliRunner

    import swayrank.cli.report  # noqa: F401  registers the command
    from swayrank.cli import app

    done = CliRunner().invoke(app, ["report", str(run), "-o", str(tmp_path / "r.md"), "--top", "3"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.md").read_text(encoding="utf-8").count("### ") == 3
    done = CliRunner().invoke(app, ["report", str(run), "-o", str(tmp_path / "r.txt")])
    assert done.exit_code == 2
    assert not (tmp_path / "r.txt").exists()


# -- the whole at a glance ---------------------------------------------------------------------------------------------


def test_the_map_is_drawn_as_it_is_kept(run, tmp_path):
    kept = sr.load_scores(run)
    told, page = kept.map(), write_report(run, tmp_path / "r.html").read_text(encoding="utf-8")
    drawn = re.search(r'<section id="map".*?</section>', page, re.DOTALL)[0]
    dots = re.findall(r'<circle class="(\w+)" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"><title>(.*?)</title>', drawn)
    n = len(told["accounts"])
    assert len(dots) == n
    assert [words.split(": ")[0] for *_, words in dots[::-1]] == told["accounts"]
    for k, (kind, x, y, r, _) in enumerate(dots[::-1]):
        colour = told["colour"][k]
        assert kind == (f"c{colour}" if 0 <= colour < 5 else "range")
        assert float(r) > 0
        assert 0 < float(x) < 1000
        assert 0 < float(y) < 700
    across = np.corrcoef(told["x"], [float(x) for _, x, *_ in dots[::-1]])[0, 1]
    up = np.corrcoef(told["y"], [float(y) for _, _, y, *_ in dots[::-1]])[0, 1]
    assert across == pytest.approx(1, abs=1e-4)
    assert up == pytest.approx(-1, abs=1e-4)
    arcs = "".join(re.findall(r'<path class="arc" d="(.*?)"/>', drawn))
    assert arcs.count("M") == min(len(told["arcs"]), 4000)
    labels = re.findall(r'<text class="label(?: far)?".*?>(.*?)</text>', drawn)
    assert 5 <= len(labels) <= 14
    assert set(labels) <= set(told["accounts"][:14])


def test_communities_and_activity_are_told(run):
    kept, told = sr.load_scores(run), spoken(run)
    found, log = kept.communities(), kept.activity()
    first = found["communities"][0]
    around = ", ".join(leader["account"] for leader in first["leaders"][:3])
    assert f"| 0 | {around} | {first['members']} |" in told["communities"]
    assert f"{first['attention_received']:.1%} | {first['inside']:.1%} |" in told["communities"]
    row = np.array(found["flows"][0])
    share = [f"{x:.1%}" for x in row[: len(found["communities"])] / row.sum()]
    assert f"| to 0 | {' | '.join(share)} |" in told["communities"]
    total = np.sum(list(log["actions"].values()), axis=0)
    assert f"{total.sum():,} reactions to {sum(log['posts']):,} posts in {len(total)} days" in told["activity"]
    best = int(total.argmax())
    assert f"Most in the day from {log['times'][best]}: {total[best]:,}" in told["activity"]
    assert f"| {log['times'][2]} | {total[2]:,} |" in told["activity"]


def test_runs_that_keep_no_overview_still_have_communities(run, tmp_path):
    import shutil

    folder = Path(shutil.copytree(Path(run, "current").resolve(), tmp_path / "run"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"] = [one for one in manifest["outputs"] if one["file"].partition(".")[0] not in
                           ("accounts", "map", "communities", "activity")]  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    told = spoken(folder)
    assert {"map", "activity"}.isdisjoint(told)
    assert "named after their best-scored members" in told["communities"]


def test_trends_are_drawn_to_scale():
    shown = Trend(((0.0, 50.0, 25.0, 75.0), (1.0, 100.0, None, None)), 0.0, 100.0)
    drawn = trend_line(shown)
    dots = re.findall(r'<circle class="dot" cx="([\d.]+)%" cy="([\d.]+)"', drawn)
    assert dots == [("2.00", "18.0"), ("98.00", "4.0")]
    assert '<line class="ends" x1="2.00%" x2="2.00%" y1="11.0" y2="25.0"/>' in drawn
    assert '<line class="trend" x1="2.00%" x2="98.00%" y1="18.0" y2="4.0"/>' in drawn
    assert "trend" not in trend_line(Trend(()))


def test_phones_show_labels_that_do_not_meet():
    near = svg_module._near((("one", 500, 300), ("two", 510, 310), ("three", 500, 400), ("x" * 20, 300, 405)))
    assert near == {0, 2}


def test_a_page_is_small_whatever_the_run(town, tmp_path):
    """The longest names and the fullest map that a run may keep; what is told does not grow with the accounts."""
    n, rng = 2500, np.random.default_rng(7)
    ids = Ids.from_values([f"{k:05d}" + "\u202e<&" * 90 for k in range(n)])
    u, v = rng.integers(0, n, 30_000), (n * rng.random(30_000) ** 2).astype(int)
    graph = sr.Graph.from_edges(u, v, n_nodes=n, ids=ids)
    when = rng.integers(0, 390 * 86_400_000_000, 20_000)
    log = sr.Events.from_arrays(u[:20_000], v[:20_000], np.full(20_000, 1), accounts=ids, time=when)
    sr.score(graph, log, n_replicates=20, rng=7).save(tmp_path, map_nodes=n)
    page = write_report(tmp_path, tmp_path / "r.html")
    assert page.stat().st_size < 3_000_000
    assert page.read_text(encoding="utf-8").count("<circle") < 2200
    assert len(re.findall("<rect", page.read_text(encoding="utf-8"))) > 380


def test_seeds_for_their_goal(run, tmp_path):
    kept = sr.load_scores(run)
    facts = {
        "seeds": [
            {"account": str(kept.ids[k]), "marginal_gain": 10.0 - k, "curve": together}
            for k, together in enumerate((10.0, 19.0, 27.0))
        ],
        "spread": 27.0, "interval": [25.0, 29.0], "upper_bound": 40.0, "guarantee": "70 % of the optimum",
        "cost": 12.5, "parameters": {"budget": 20, "model": "independent_cascade", "prob": "weighted_cascade"},
    }  # fmt: skip
    (tmp_path / "seeds.json").write_text(json.dumps(facts), encoding="utf-8")
    told = words(report_of(gather(run, backtest=None, seeds=tmp_path / "seeds.json", top=10, goal="sell <b>"), 10))
    assert "The goal: sell <b>." in told["seeds"]
    assert "expected to reach 27 accounts, themselves included (95% interval 25 to 29)" in told["seeds"]
    assert "No choice of as many reaches more than 40: 70 % of the optimum." in told["seeds"]
    assert "They cost 12.50 of a budget of 20.00, 0.46 for each account reached." in told["seeds"]
    assert f"| 1 | {kept.ids[0]} | 10.0 | 10.0 | 1 |" in told["seeds"]
    assert "of 1 in the number of accounts that the follower follows (weighted cascade)" in told["seeds"]
    assert "comes from another model (Independent Cascade, a follower's chances are shares" in told["seeds"]
    assert "flatter" not in told["seeds"]
    facts |= {
        "spread": 21.6,
        "parameters": {"model": "independent_cascade", "prob": "attention"},
    }  # of an earlier version
    (tmp_path / "seeds.json").write_text(json.dumps(facts), encoding="utf-8")
    told = spoken(run, seeds=tmp_path / "seeds.json")
    assert f"| 3 | {kept.ids[2]} | 6.4 | 21.6 | 3 |" in told["seeds"]
    assert "flatter" in told["seeds"]
    assert "another model" not in told["seeds"]
    undefined = '{"seeds": [{"account": "a", "marginal_gain": 1, "curve": NaN}]}'
    for wrong in ('{"seeds": [{"account": "a"}]}', "[]", undefined):
        (tmp_path / "seeds.json").write_text(wrong, encoding="utf-8")
        with pytest.raises(InputError, match="does not hold seeds"):
            write_report(run, tmp_path / "r.md", seeds=tmp_path / "seeds.json")
    with pytest.raises(ParameterError, match="goal says what seeds are for"):
        write_report(run, tmp_path / "r.md", goal="x")


def test_of_few_accounts_only_what_says_something(run):
    facts = gather(run, backtest=None, seeds=None, top=10)
    kept = facts.scores
    n, seven = kept.n_scored, 7

    def few(low, high):
        """The same run as if seven accounts had a score, between these ranks."""
        sure = replace(kept.intervals, rank=(np.array(low), np.array(high)))
        changed = SimpleNamespace(n_scored=seven, intervals=sure, ids=kept.ids, rank=kept.rank)
        return "".join(map(str, chain(*words_module._firm(replace(facts, scores=changed), seven))))

    assert n > seven
    order = list(range(1, seven + 1))
    assert "not at all. Each of the 7 accounts could have any place at 95%" in few([1] * seven, [seven] * seven)
    assert "the places of the first 7 are certain" in few(order, order)
    told = few([1, 1, 3, 3, 3, 3, 3], [2, 2, 7, 7, 7, 7, 7])
    assert "2 of the first 2 stay among the first 2" in told
    assert "of the first 7 stay" not in told
    assert "Least certain is" in told


def test_no_change_has_no_sign():
    assert [str(Number(x, "+,.1f")) for x in (0.0, -0.04, 0.04, -0.06, 1.0)] == ["0.0", "0.0", "0.0", "-0.1", "+1.0"]


def test_joiners_are_spelled_out_unless_they_join():
    family, persian, hindi = (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u0645\u06cc\u200c\u062e",
        "\u0915\u094d\u200d\u0937",
    )
    assert [printable(name) for name in (family, persian, hindi)] == [family, persian, hindi]
    for name in (
        "a\u200db",
        "\u200d\u0645",
        "\u0645\u200c",
        "\u0645\u200c\u200d\u0645",
        "\u0645\u202e\u200d\u0645",
        "\u0645\u200d \u0645",
    ):
        assert not set(printable(name)) & set("\u200c\u200d\u202e"), ascii(name)


def test_words_of_an_axis_have_room():
    hours = tuple(((k + 0.5) / 72, f"2026-03-01 {k % 24:02d}:00") for k in [*range(0, 72, 8), 71])
    for width in (250, 600):
        kept = sorted(svg_module.with_room(hours, width))
        assert 2 <= len(kept) <= width / 115
        assert {0, len(hours) - 1} <= set(kept)
    table = Table("t", ("x",), ())
    chart = columns_chart(Columns(table, ((0.0, 350_000.0),), hours, "axis"))
    assert 'class="chart y7"' in chart  # room for 400,000
    assert chart.count('"tick far"') == len(svg_module.with_room(hours, 600) - svg_module.with_room(hours, 250))
    assert ".y7{padding-left:59px}" in as_page(Report("", "", ()))


def test_headings_stay_in_sight_in_excel(run, tmp_path):
    write_report(run, tmp_path / "r.xlsx")
    with zipfile.ZipFile(tmp_path / "r.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
    split = [int(re.search(r'<pane ySplit="(\d+)" topLeftCell="A\d+"', sheet)[1]) for sheet in sheets]
    who = next(k for k, sheet in enumerate(sheets) if "Who the influencers are" in sheet)
    assert re.search(
        rf'<row r="{split[who]}"><c r="A{split[who]}" s="\d+" t="inlineStr"><is><t[^>]*>rank<', sheets[who]
    )


def test_a_backtest_of_other_data_is_told(run, town, tmp_path):
    found = sr.backtest(town.graph, town.events, as_of="2026-03-01", k=20, n_replicates=0, rng=7)
    write_backtest(found, tmp_path / "own.json")
    told = spoken(run, backtest=tmp_path / "own.json")
    assert "other data" not in "".join(told.values())
    other = sr.generate("town", n=N, rng=8)
    found = sr.backtest(town.graph, other.events, as_of="2026-03-01", k=20, n_replicates=0, rng=7)
    write_backtest(found, tmp_path / "other.json")
    told = spoken(run, backtest=tmp_path / "other.json")
    for section in ("short", "backtest", "warnings"):
        assert "made of other data than this run (events differ by their hashes)" in told[section], section
    (tmp_path / "silent.json").write_text(json.dumps(backtest_facts()), encoding="utf-8")
    assert "does not say of which data it is" in spoken(run, backtest=tmp_path / "silent.json")["backtest"]
