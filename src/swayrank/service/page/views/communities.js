// Who belongs together: the communities, their leaders, whose attention they have, and the top of other groups.

import { communityName, communityText, known, theRun } from "/page/known.js";
import { told as toldHere } from "/page/ties.js";
import { accountLink, area, clear, count, dataTable, decimal, emptyState, figure, h, percent, plural, shareBar, tile, tiles, visible } from "/page/ui.js";
import { PALETTE } from "/page/colours.js";
import { byTier, roleMeaning, tierMeaning } from "/page/words.js";

export const title = "Communities";

const FEW = 12;

export async function render(root, context) {
  const run = await theRun();
  if (context.signal.aborted) return;
  const { signal } = context;
  clear(root, h("h1", null, title),
    // Lines enough that what stands below begins out of sight, and does not jump.
    area(() => known("/communities"), (told) => overview(told, run, signal), { lines: 40, signal, instead: (problem) => (problem.type === "not-kept" ? notKept() : null) }),
    groupTops(context, run), activity(run, signal));
}

const notKept = () => emptyState("This run keeps no communities",
  "They need a graph, or reactions with names. Runs of an earlier version keep none: score the data again.",
  h("a", { class: "button", href: "/data", "data-link": true }, "See what this run keeps"));

function overview(told, run, signal) {
  if (!told.communities.length) return noneFound(told);
  const found = new Map(told.communities.map((one) => [one.community, one]));
  const listed = told.communities.reduce((sum, one) => sum + one.members, 0);
  const shown = innerWidth < 600 ? 5 : 10;
  return h("div", null, h("p", { class: "lead" }, `${plural(told.n_communities, "community", "communities")}: groups of accounts that attend to each other more than to others. `
    + "They have no names of their own, so they are called by their highest accounts."),
    tiles(tile("Communities", count(told.n_communities), told.rest?.communities ? `${count(told.communities.length)} listed` : "all listed"),
      tile("Largest", plural(told.communities[0]?.members ?? 0, "account"), percent((told.communities[0]?.members ?? 0) / told.accounts) + " of all"),
      tile("In none", count(told.in_none ?? told.accounts - listed), "accounts with too few ties"),
      tile("How separate", told.modularity === null ? "–" : decimal(told.modularity, 2), modularity(told.modularity))),
    table(told, found, run.has.map), rest(told),
    h("div", { class: "columns" }, figure("communities", {}, { signal, height: 124 + 44 * Math.min(12, told.communities.length) }),
      figure("flows", { k: shown }, { signal, height: 144 + 40 * Math.min(shown, told.communities.length) })),
    h("p", { class: "faint" }, `Found by ${visible(String(told.method).replaceAll("_", " "))}; another method, or other data, may cut them differently.`));
}

const noneFound = (told) => emptyState("No communities were found",
  `They are groups of accounts that attend to each other more than to others; among ${plural(told.accounts, "account")} there are too few ties for any.`,
  h("a", { class: "button", href: "/", "data-link": true }, "To the leaderboard"));

function modularity(value) {
  if (value === null || value === undefined) return "not known";
  return value > 0.5 ? "modularity: clearly apart" : value > 0.3 ? "modularity: apart" : "modularity: hardly apart, read them with care";
}

function table(told, found, hasMap) {
  const label = (number) => (number === "rest" ? "the other communities" : number === "none" ? "accounts in no community" : communityName(number, found, { leaders: 1, limit: 16 }));
  const columns = [
    { key: "community", label: "Community", class: "who",
      cell: (row) => [swatch(row.colour), h("a", { href: `/?community=${row.community}`, "data-link": true }, communityName(row.community, found, { limit: 16 }))] },
    { key: "members", label: "Accounts", number: true, cell: (row) => [count(row.members), h("span", { class: "under" }, `${count(row.scored)} scored`)] },
    { key: "leaders", label: "Highest", wide: true,
      cell: (row) => h("ul", { class: "inline" }, row.leaders.slice(0,
        3).map((one) => h("li", null, accountLink(one.account, { limit: 16 }), h("span", { class: "faint" }, ` ${decimal(one.score)}`)))) },
    { key: "mean", label: "Mean score", number: true, wide: true, cell: (row) => decimal(row.mean_score) },
    { key: "attention", label: "Share of all attention", cell: (row) => shareCell(row.attention_received) },
    { key: "inside", label: "From inside", title: "Share of the attention it receives that comes from its own members", cell: (row) => shareCell(row.inside) },
    { key: "from", label: "Else mostly from", wide: true,
      cell: (row) => h("ul", { class: "inline" }, row.from.filter((one) => one.community !== row.community).slice(0,
        2).map((one) => h("li", null, label(one.community), ` ${percent(one.share, 1)}`))) },
    hasMap && { key: "map", label: "Map", cell: (row) => h("a", { href: `/map?community=${row.community}`, "data-link": true,
      "aria-label": `Show the community ${communityText(row.community, found)} on the map` }, "Show") },
  ].filter(Boolean);
  const shown = (rows) => dataTable({ caption: "Communities, the largest first", columns, rows, rowHeader: "community", empty: "No communities were found." });
  const few = told.communities.slice(0, FEW);
  if (few.length === told.communities.length) return shown(few);
  const all = h("button", { type: "button", onClick: () => box.replaceChildren(shown(told.communities)) }, `Show all ${count(told.communities.length)}`);
  const box = h("div", null, shown(few), h("p", null, all));
  return box;
}

const swatch = (colour) => h("span", { class: "swatch", "aria-hidden": "true", style: { background: colour < 0 ? "var(--faint)" : PALETTE[colour % PALETTE.length] } });
const shareCell = (share) => h("span", { class: "bar-and-figure" }, shareBar(share ?? 0), percent(share, (share ?? 0) < 0.0995 ? 1 : 0));

function rest({ rest: left, in_none: none }) {
  const told = [
    left?.communities ? `${plural(left.communities, "smaller community", "smaller communities")} with ${plural(left.members, "account")} are not listed` : null,
    none ? `${plural(none, "account")} are in none` : null].filter(Boolean);
  return told.length ? h("p", { class: "faint" }, told.join("; ") + ".") : null;
}

/** The highest of each tier or role. */
function groupTops(context, run) {
  const kinds = [run.tiers.length && ["tier", toldHere("tier of followers")], run.roles.length && ["role", "role"]].filter(Boolean);
  if (!kinds.length) return null;
  let by = kinds.some(([key]) => key === context.query.get("by")) ? context.query.get("by") : kinds[0][0];
  const load = () => context.api.get("/top", { by, k: 5 }, { signal: context.signal });
  const draw = ({ groups }) => h("div", { class: "group-tops" }, (by === "tier" ? [...groups].sort((a, b) => byTier(a.group, b.group)) : groups).map((group) => groupCard(by, group)));
  const options = { lines: 6, signal: context.signal };
  let place = area(load, draw, options);
  const select = h("select", { "aria-label": "Group by",
    onChange: () => { by = select.value; context.remember({ by }); place.replaceWith(place = area(load, draw, options)); } },
    kinds.map(([key, label]) => h("option", { value: key, selected: key === by }, label)));
  return h("section", null, h("div", { class: "row between" }, h("h2", null, "The highest of each group"), h("span", null, "By ", select)), place);
}

function groupCard(by, { group, size, items }) {
  const words = by === "tier" ? tierMeaning(group) : visible(group);
  const meaning = by === "role" ? roleMeaning(group) : "";
  return h("div", { class: "card" }, h("h3", null, h("a", { href: `/?${by}=${encodeURIComponent(group)}`, "data-link": true }, words)),
    h("p", { class: "faint" }, `${plural(size, "account")}${meaning ? `: ${meaning}` : ""}`),
    items.length ? h("ol", { class: "plain" }, items.map((row) => h("li", null, accountLink(row.account, { limit: 20 }),
      h("span", { class: "faint" }, `${decimal(row.score)}, rank ${count(row.rank)}`)))) : h("p", null, "None of them has a score."));
}

function activity(run, signal) {
  return h("section", null, h("h2", null, "Activity over time"), run.has.activity ? figure("activity", {}, { signal })
    : h("p", { class: "faint" }, "This run keeps no activity: it was scored without a log of events, or by an earlier version."));
}
