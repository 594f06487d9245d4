// Where the result comes from: what to know first, what was read, how it was scored, what can be taken away, earlier runs.

import { saveFile } from "/page/exports.js";
import { known, theRun } from "/page/known.js";
import { told } from "/page/ties.js";
import { area, clear, count, dataTable, decimal, h, moment, percent, plural, tile, tiles, unseen, visible } from "/page/ui.js";
import { parameterInWords, parametersThatSay, partMeaning, variesInWords } from "/page/words.js";

export const title = "Data and provenance";

const MOST_IN_EXCEL = 200_000; // as the service allows

export async function render(root, context) {
  const run = await theRun();
  if (context.signal.aborted) return;
  clear(root, h("h1", null, title), h("p", { class: "lead" }, "What the scores rest on, and what to know before you rely on them."),
    warnings(run), files(context, run), read(run), scored(run), kept(run), area(() => known("/runs"), (runs) => earlier(runs, run), { signal: context.signal }), provenance(run));
}

const ORDER = { warning: 0, info: 1 };

function warnings(run) {
  const found = [...run.warnings].sort((a, b) => (ORDER[a.level] ?? 2) - (ORDER[b.level] ?? 2));
  const one = ({ what, detail, level }) => h("li", { class: level === "warning" ? "note warning" : "note" }, h("strong", null, capital(visible(what)), ": "),
    visible(detail), /[.!?]$/.test(detail) ? "" : ".", cure(what));
  return h("section", null, h("h2", null, "Know this first"),
    found.length ? h("ul", { class: "notes" }, found.map(one)) : h("p", null, "Nothing stands out: no rows were refused, and no part was left out."));
}

const CURES = {
  "insufficient data": ["They are in the ", ["/?status=insufficient", "leaderboard, as too little data"], "; more data, or a longer time, would score them."],
  "an earlier run": ["Run ", "`swayrank score` again with this version to have them."],
  "refused rows": ["`swayrank check` on the same files tells which rows, and why."],
  "left out": ["Give the missing source to `swayrank score` to have it in."],
  "no intervals": ["Score with `--replicates 200` to see how sure each score is."],
};

function cure(what) {
  const words = CURES[what];
  return words ? [" ", words.map((word) => (Array.isArray(word)
    ? h("a", { href: word[0], "data-link": true }, word[1]) : word.split("`").map((piece, i) => (i % 2 ? h("code", null, piece) : piece))))] : null;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A workbook of all accounts; where they are too many, of those with a score, or none. */
function excel({ accounts, scored }) {
  if (accounts <= MOST_IN_EXCEL) return ["Excel", "The same as a workbook", "/exports/scores.xlsx", true];
  const those = `As a workbook, of those with a score; all ${count(accounts)} are too many`;
  return scored <= MOST_IN_EXCEL ? ["Excel", those, "/exports/scores.xlsx", true, { status: "scored" }]
    : ["Excel", `A workbook takes ${count(MOST_IN_EXCEL)} accounts`, null, false];
}

function files({ api }, run) {
  const rows = [["CSV", "All accounts with scores, intervals, parts and counts; safe against formulas", "/exports/scores.csv", true],
    excel(run.counts),
    ["Parquet", "The same for data frames, types kept", "/exports/scores.parquet", true], ["JSON", "The same for programs", "/exports/scores.json", true],
    ["GEXF", "The network map with scores and communities, for Gephi", "/exports/map.gexf", run.has.map]];
  const columns = [{ key: "form", label: "Form", cell: ([form]) => form }, { key: "what", label: "What it holds", cell: ([, what]) => what },
    { key: "save", label: unseen("Save"), cell: ([form, , path, there, query = {}]) => (there
      ? h("button", { type: "button", "aria-label": `Save as ${form}`, onClick: (event) => saveFile(api, event.target, path, query) }, "Save") : h("span",
        { class: "faint" }, path ? "not in this run" : "too many; filter")) }];
  return h("section", null, h("h2", null, "Take it away"), dataTable({ caption: "Files to save", columns, rows, rowHeader: "form" }),
    h("p", { class: "faint" }, "Part of the accounts: filter the ", h("a", { href: "/", "data-link": true }, "leaderboard"),
      " and export there. Programs ask the same of ", h("a", { href: "/api/v1/openapi.json" }, "the API"), "."));
}

function read(run) {
  const { counts } = run;
  const labels = { accounts: "Accounts", scored: "With a score", rejected_rows: "Rows refused", nodes: "Accounts in the graph", arcs: "Ties in the graph",
    events: "Events in the log", posts: "Posts" };
  const facts = Object.entries(counts).filter(([, value]) => typeof value === "number");
  const columns = [{ key: "file", label: "File", cell: (row) => visible(row.file ?? row.path ?? "") },
    { key: "bytes", label: "Size", number: true, cell: (row) => size(row.bytes) },
    { key: "hash", label: "Fingerprint (BLAKE2b)", wide: true, cell: (row) => h("code", { class: "hash" }, visible(row.blake2b ?? "")) }];
  return h("section", null, h("h2", null, "What was read"), tiles(facts.map(([key, value]) => tile(labels[key] ?? capital(visible(key.replaceAll("_", " "))), count(value)))),
    dataTable({ caption: "Files", columns, rows: run.inputs ?? [], rowHeader: "file", empty: "The run was made from data in memory; it names no files." }),
    run.inputs?.length ? h("p", { class: "faint" }, "The fingerprint tells whether a file is still the one that was scored.") : null);
}

const size = (bytes) => (bytes === undefined || bytes === null ? "–" : bytes >= 1e6 ? `${decimal(bytes / 1e6)} MB` : bytes >= 1e3 ? `${decimal(bytes / 1e3)} kB` : `${count(bytes)} bytes`);

function scored(run) {
  const weights = Object.entries(run.weights).map(([part, weight]) => ({ part, weight, unit: run.units?.[part], varies: run.intervals?.varies?.[part] }));
  const weightColumns = [{ key: "part", label: "Part", cell: (row) => visible(row.part) },
    { key: "weight", label: "Weight", number: true, cell: (row) => percent(row.weight) }, { key: "means", label: "What it measures", cell: (row) => partMeaning(row.part) || "–" },
    { key: "unit", label: "Measured in", wide: true, cell: (row) => visible(row.unit ?? "–") },
    { key: "varies", label: "What its interval comes from", wide: true, cell: (row) => (row.varies ? variesInWords(row.varies) || "nothing: counted in full" : "none drawn") }];
  const parameters = parametersThatSay(run).map(([name, value]) => parameterInWords(name, value));
  return h("section", null, h("h2", null, "How it was scored"), dataTable({ caption: "Parts and their weights", columns: weightColumns, rows: weights, rowHeader: "part" }),
    h("dl", { class: "pairs" }, parameters.map(([label, words]) => h("div", null, h("dt", null, label), h("dd", null, words)))));
}

const KEEPS = [["accounts", "Counts of each account: followers, reactions, posts"], ["map", "The network map"], ["communities", "Communities"],
  ["activity", "Activity over time"], ["graph", "Who follows whom, ready to be asked"], ["oracle", "What seeds would reach, ready to be asked"]];

function kept({ has }) {
  const line = ([key, words]) => h("li", null, h("span", { class: has[key] ? "badge good" : "badge" }, has[key] ? "yes" : "no"), " ", told(words));
  return h("section", null, h("h2", null, "What this result can tell"),
    h("ul", { class: "plain" }, KEEPS.map(line), h("li", null, h("span", { class: has.explanations ? "badge good" : "badge" }, count(has.explanations)),
      " accounts explained in full; others when asked")));
}

function earlier(runs, run) {
  const columns = [
    { key: "id", label: "Run", cell: (row) => [h("code", null, visible(row.id)), row.id === run.id ? [" ", h("span", { class: "badge good" }, "served now")] : null] },
    { key: "created", label: "Made", cell: (row) => moment(row.created) }, { key: "accounts", label: "Accounts", number: true, cell: (row) => count(row.counts?.accounts) },
    { key: "scored", label: "Scored", number: true, wide: true, cell: (row) => count(row.counts?.scored) },
    { key: "scale", label: "Scale", wide: true, cell: (row) => (row.reference === run.reference ? "the same: scores can be compared" : "another: scores cannot be compared") }];
  return h("section", null, h("h2", null, "Kept runs"),
    h("p", { class: "lead" }, runs.length > 1
      ? `${plural(runs.length, "run")}, the newest first. Accounts' cards show how scores changed over those of one scale.`
      : "Trends show here, and on accounts' cards, once there are more runs."),
    dataTable({ caption: "Kept runs", columns, rows: runs, rowHeader: "id", empty: "Only the run that is served." }));
}

function provenance(run) {
  const facts = [["Run", run.id], ["Made", moment(run.created)], ["Reference of the scale", run.reference], ...Object.entries(run.versions ?? {})];
  return h("section", null, h("h2", null, "Versions"),
    h("dl", { class: "pairs" }, facts.map(([what, value]) => h("div", null, h("dt", null, visible(what)), h("dd", null, h("code", null, visible(value ?? "–")))))));
}
