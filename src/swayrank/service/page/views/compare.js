// Two accounts side by side: who is ahead, whether that is clear, and which parts make the difference.

import { communities, communityCell, theRun } from "/page/known.js";
import { edges, Followers } from "/page/ties.js";
import { accountLink, accountPicker, area, between, clear, count, dataTable, decimal, emptyState, errorState, h, legend, name, partsBar, percent, signed, svg, tile,
  tiles, unseen, visible } from "/page/ui.js";
import { figureOf, partMeaning, tierMeaning, whyUnknown } from "/page/words.js";

export const title = "Compare two accounts";

const evidenceShown = () => [["followers", Followers()], ...(edges() ? [] : [["following", "Follows"]]), ["posts", "Posts"], ["reactions", "Reactions received"], ["engagers", "Accounts that react"]];

export async function render(root, context) {
  const [run, groups] = await Promise.all([theRun(), communities()]);
  if (context.signal.aborted) return;
  const { query, signal } = context;
  const state = { a: query.get("a") ?? "", b: query.get("b") ?? "" };
  const result = h("div");
  const picker = (key, label) => accountPicker({ label, value: state[key], signal, onPick: (account) => { state[key] = account; changed(); } });
  const pickers = { a: picker("a", "First account"), b: picker("b", "Second account") };
  const swap = h("button", { type: "button", onClick: () => {
    [state.a, state.b] = [state.b, state.a];
    for (const key of ["a", "b"]) pickers[key].querySelector("input").value = state[key];
    changed();
  } }, "Swap");
  const changed = () => {
    context.remember(state);
    clear(result, state.a && state.b ? compared(context, state, run, groups) : missing(state));
  };
  clear(root, h("h1", null, title), h("div", { class: "row" }, h("div", { class: "grow" }, pickers.a), h("div", { class: "grow" }, pickers.b), swap), result);
  changed();
}

function missing({ a, b }) {
  const one = a || b;
  return emptyState(one ? "Choose the other account" : "Choose two accounts",
    one ? h("span", null, name(one), " will stand beside it.") : "Type parts of their names above, or choose two in the leaderboard.",
    one ? null : h("a", { class: "button", href: "/", "data-link": true }, "To the leaderboard"));
}

function compared({ api, signal }, { a, b }, run, groups) {
  if (a === b) return emptyState("That is one account", "Choose another one beside it: an account is no different from itself.");
  const instead = (problem) => (problem.status === 404 && problem.type === "unknown-account"
    ? emptyState("One of them is not here", h("span", null, visible(problem.message), ". Choose it from the list that opens while you type.")) : errorState(problem, null));
  return area(() => api.get("/compare", { a, b }, { signal }), (told) => drawn(told, run, groups), { lines: 10, signal, instead });
}

function drawn(told, run, groups) {
  const { a, b } = told;
  return h("div", null, verdict(told), intervals(told), parts(told, run),
    h("section", null, h("h2", null, "What is known of them"), sideBySide(a, b, groups, run)), audience(told));
}

/** Whether the difference is clear, by the ends of the intervals; null where none were drawn. */
function isClear(a, b) {
  const [high, low] = a.score >= b.score ? [a, b] : [b, a];
  return high.score_low === null || low.score_high === null ? null : high.score_low > low.score_high;
}

const HOW_SURE = {
  true: ", and that is clear: the intervals of the two do not meet.",
  false: ", within chance: their intervals overlap, so that with other posts or reactions of the same period the order may be the other way round.",
  null: "; the run drew no intervals, so how firm that is cannot be told.",
};
const LABEL = { true: "clear", false: "within chance", null: "not known how firm" };

function verdict({ a, b, difference, verdict: words, differences }) {
  const sure = difference === null ? null : isClear(a, b);
  const known = differences.filter((one) => one.adds !== null).sort((x, y) => Math.abs(y.adds) - Math.abs(x.adds));
  const ahead = difference === null ? null : difference >= 0 ? a : b;
  const most = known[0] && difference !== null && Math.abs(known[0].adds) > 0.05
    ? h("p", null, Math.sign(known[0].adds) === Math.sign(difference || known[0].adds)
      ? (Math.abs(known[0].adds) > Math.abs(difference) / 2
        ? "Most of it comes from " : "The largest part of it comes from ") : "That is although the other is ahead in ", h("strong", null, visible(known[0].part)),
        ` (${signed(Math.abs(known[0].adds))} points).`) : null;
  return h("div", { class: difference === null ? "note warning" : "note", role: "status" },
    h("p", null, h("span", { class: sure ? "badge good" : "badge" }, difference === null ? "no comparison" : LABEL[sure]), " ",
      ahead === null ? visible(words) : [name(ahead.account), ` is ${decimal(Math.abs(difference))} points ahead${HOW_SURE[sure]}`]), most);
}

/** Both intervals on one scale, so that it can be seen whether they meet. */
function intervals({ a, b }) {
  const ends = [a, b].flatMap((one) => [one.score, one.score_low, one.score_high]).filter((value) => value !== null && value !== undefined);
  if (ends.length < 2 || a.score === null || b.score === null) return null;
  const low = Math.max(0, Math.floor((Math.min(...ends) - 1) / 5) * 5), high = Math.min(100, Math.ceil((Math.max(...ends) + 1) / 5) * 5);
  const x = (value) => ((value - low) / (high - low)) * 100;
  const line = (one, i) => h("div", { class: "versus-line" }, h("span", null, accountLink(one.account, { limit: 24 })),
    svg("svg", { viewBox: "0 0 100 14", preserveAspectRatio: "none", class: "versus-bar", role: "img",
      "aria-label": `${decimal(one.score)}${one.score_low === null ? "" : `, interval ${between(one.score_low, one.score_high)}`}` },
      svg("rect", { x: 0, width: 100, y: 0, height: 14, class: "track" }),
      one.score_low === null ? null : svg("rect", { x: x(one.score_low), width: Math.max(0.4, x(one.score_high) - x(one.score_low)), y: 3, height: 8, class: `span side-${i}` }),
      svg("rect", { x: x(one.score) - 0.3, width: 0.6, y: 0, height: 14, class: "dot" })),
    h("span", { class: "number" }, h("strong", null, decimal(one.score)), h("span", { class: "under" }, between(one.score_low, one.score_high))));
  return h("section", { class: "versus-lines", "aria-label": "Their scores on one scale" }, line(a, 0), line(b, 1),
    h("div", { class: "versus-line axis", "aria-hidden": "true" }, h("span"),
      h("span", { class: "ends" }, h("span", null, low), h("span", null, "score"), h("span", null, high)), h("span")));
}

function parts({ a, b, differences, difference }, run) {
  const most = Math.max(0.3, ...differences.map((one) => Math.abs(one.adds ?? 0)));
  const columns = [
    { key: "part", label: "Part", cell: (row) => [h("strong", null, visible(row.part)), h("span", { class: "under wrap meaning" }, partMeaning(row.part))] },
    { key: "a", label: name(a.account, { limit: 18 }), number: true, cell: (row) => cellOf(a, row.part) },
    { key: "b", label: name(b.account, { limit: 18 }), number: true, cell: (row) => cellOf(b, row.part) },
    { key: "weight", label: "Weight", number: true, wide: true, cell: (row) => percent(row.weight) },
    { key: "adds", label: "Difference", number: true, cell: (row) => (row.adds === null ? null : signed(row.adds)) },
    { key: "bar", label: "In whose favour", wide: true, cell: (row) => (row.adds === null ? "not known for both" : towards(row.adds, most, a, b)) },
  ];
  return h("section", null, h("h2", null, "What makes the difference"),
    h("p", { class: "lead" },
      difference === null ? "Parts that only one of them has cannot be set against each other."
        : `Points that each part adds to the first, less those to the second: together ${signed(difference)}.`),
    h("div", { class: "two-parts" }, [a, b].map((one) => (one.score === null ? null : h("div", null, h("span", { class: "faint" }, name(one.account, { limit: 24 })), partsBar(one.parts))))),
    legend(Object.keys(run.weights).map(visible)), h("div", { class: "versus-table" },
      dataTable({ caption: "What each part makes of the difference", columns, rows: differences, rowHeader: "part" })));
}

const cellOf = (one, part) => { const { scaled, raw, low, high } = one.parts[part];
  return scaled === null ? null : [decimal(scaled), h("span", { class: "under" }, low === null ? `${figureOf(raw)}` : between(low, high))]; };

/** A bar from the middle: left for the first, right for the second. */
function towards(adds, most, a, b) {
  const width = (Math.abs(adds) / most) * 50;
  const whom = Math.abs(adds) < 0.05 ? "even" : `for ${visible((adds > 0 ? a : b).account)}`;
  return svg("svg", { class: "towards", viewBox: "0 0 100 12", preserveAspectRatio: "none", role: "img", "aria-label": whom },
    svg("rect", { x: 0, width: 100, y: 2, height: 8, class: "track" }),
    svg("rect", { x: adds > 0 ? 50 - width : 50, width: Math.max(width, 0.5), y: 2, height: 8, class: adds > 0 ? "side-0" : "side-1" }),
    svg("rect", { x: 49.7, width: 0.6, y: 0, height: 12, class: "middle" }));
}

function sideBySide(a, b, groups, run) {
  const rows = [
    ["Rank", (one) => (one.rank === null ? "none" : [count(one.rank), h("span", { class: "under" }, one.rank_low === null ? "" : between(one.rank_low, one.rank_high, count))])],
    ...evidenceShown().map(([key, label]) => [label, (one) => [count(one.evidence[key]), h("span", { class: "under" }, whyUnknown(key, one.evidence, run))]]),
    ["Reactions a post", (one) => (one.evidence.posts && one.evidence.reactions !== null ? decimal(one.evidence.reactions / one.evidence.posts) : "–")],
    ["Role", (one) => (one.role === null ? "–" : visible(one.role))], ["Tier", (one) => (one.tier === null ? "–" : tierMeaning(one.tier))],
    ["Community", (one) => communityCell(one.community, groups, { limit: 14 })],
  ];
  const columns = [{ key: "what", label: unseen("What"), cell: ([what]) => what },
    { key: "a", label: name(a.account, { limit: 24 }), number: true, cell: ([, cell]) => cell(a) },
    { key: "b", label: name(b.account, { limit: 24 }), number: true, cell: ([, cell]) => cell(b) }];
  return h("div", { class: "side" }, dataTable({ caption: "The two accounts side by side", columns, rows, rowHeader: "what" }));
}

/** Whom a post of each is expected to reach, as the prepared network has it, and how much of that is the same people. */
function audience({ a, b, shared_audience: shared }) {
  const heading = h("h2", null, "Shared audience");
  if (!shared) {
    return h("section", null, heading, h("p", { class: "faint" }, "How many accounts both would reach is known once the network of this run is prepared; see ",
      h("a", { href: "/jobs", "data-link": true }, "jobs"), "."));
  }
  const alone = (which) => Math.max(0, shared[which] - shared.both);
  const range = (which) => (shared[`${which}_low`] === undefined ? "" : ` (${between(shared[`${which}_low`], shared[`${which}_high`], figureOf)})`);
  const pieces = [["only the first", alone("a"), "side-0"], ["both", shared.both, "side-both"], ["only the second", alone("b"), "side-1"]];
  const all = pieces.reduce((sum, [, n]) => sum + n, 0);
  let at = 0;
  const bar = svg("svg", { class: "audience", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img",
    "aria-label": pieces.map(([what, n]) => `${what}: ${figureOf(n)}`).join(", ") },
  pieces.map(([, n, side]) => {
    const width = all ? (n / all) * 100 : 0;
    const piece = svg("rect", { x: at, width, height: 10, class: side });
    at += width;
    return piece;
  }));
  const share = shared.both / (Math.min(shared.a, shared.b) || 1);
  return h("section", null, heading,
    h("p", null, "Passed on from one account to the next, a post of ", name(a.account, { limit: 24 }), ` is expected to reach ${figureOf(shared.a)} other accounts${range("a")}, one of `,
      name(b.account, { limit: 24 }), `: ${figureOf(shared.b)}${range("b")}. Of these, ${figureOf(shared.both)} are the same, ${percent(share)} of the smaller audience: `,
      share > 0.5 ? "asking both reaches few more than asking one." : "asking both reaches mostly different people."),
    bar, tiles(tile(h("span", null, "Only ", name(a.account, { limit: 20 })), figureOf(alone("a"))), tile("Both", figureOf(shared.both)),
      tile(h("span", null, "Only ", name(b.account, { limit: 20 })), figureOf(alone("b")))),
    h("p", { class: "faint" }, "Others alone: neither of the two is counted in what both reach, nor an account in its own audience; ",
      h("a", { href: "/whatif", "data-link": true }, "what-if"), " counts the accounts asked as reached. In brackets the 95 % interval of the simulation. "
      + "The part called spread was estimated from other samples, so it differs by chance."));
}
