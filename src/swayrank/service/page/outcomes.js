// What seeds reach, shown: numbers with their interval, overlap as a heat table, communities, lists of accounts to edit.

import { accountLink, accountPicker, announce, clear, count, dataTable, decimal, emptyState, h, name, percent, plural, tile, toast, unseen, visible } from "/page/ui.js";
import { jobCard } from "/page/follow-job.js";
import { communityName, forWriters } from "/page/known.js";
import { readNames } from "/page/lines.js";

/** Accounts reached: whole numbers, small ones with a digit. */
export const reached = (value) => (Math.abs(value) < 20 ? decimal(value, 1) : count(value));

/** An interval in words. */
export const range = (low, high) => (reached(low) === reached(high) ? `exactly ${reached(low)}` : `between ${reached(low)} and ${reached(high)}`);

/** A large number with its interval below. */
export const reachTile = (label, told, more) => tile(label, reached(told.mean), told.low === undefined ? null : h("div", null, range(told.low, told.high)), more);

/** What the interval of a reach leaves out. */
export const simulationAlone = () => h("p", { class: "faint" }, "The interval is that of the simulation alone: how far real messages go depends on the model of how they spread, which ",
  h("code", null, "swayrank calibrate"), " can test against what happened.");

/** How much of the row's audience the column's account reaches as well; darker is more. */
export function overlapTable(accounts, matrix) {
  const shown = Math.min(accounts.length, matrix?.length ?? 0);
  if (shown < 2) return h("p", { class: "faint" }, "One account shares its audience with nobody here.");
  const share = (i, j) => (matrix[i][i] > 0 ? matrix[i][j] / matrix[i][i] : 0);
  const pairs = [];
  for (let i = 0; i < shown; i++) for (let j = 0; j < i; j++) pairs.push([Math.max(share(i, j), share(j, i)), i, j]);
  pairs.sort((a, b) => b[0] - a[0]);
  const [most, a, b] = pairs[0];
  const few = most < 0.1;
  return h("div", null, h("p", null, few ? "Their audiences hardly overlap: no two share a tenth. " : `Most in common: ${percent(most)} of the smaller audience of `,
    few ? null : [name(accounts[a]), " and ", name(accounts[b]), "."]),
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Shared audience" }, h("table", { class: "heat" },
    h("caption", null, "Share of the row's own audience that the column's account reaches as well"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "of"),
      accounts.slice(0, shown).map((account, j) => h("th", { scope: "col", title: visible(account) }, h("span", { class: "tilted" }, `${j + 1}. `, name(account, { limit: 10 })))))),
    h("tbody", null, accounts.slice(0, shown).map((account, i) => h("tr", null, h("th", { scope: "row" }, `${i + 1}. `, accountLink(account, { limit: 18 })),
      matrix[i].slice(0, shown).map((_, j) => (i === j ? h("td", { class: "number own" }, reached(matrix[i][i]))
        : h("td", { class: "number", style: { background: `color-mix(in srgb, var(--span) ${Math.round(Math.min(1, share(i, j) * 1.6) * 100)}%, transparent)` } },
          percent(share(i, j)))))))))));
}

/** Where the reached accounts are; `groups`: the communities by number. */
export function reachedByCommunity(rows, groups) {
  const all = rows.reduce((sum, row) => sum + row.reached, 0) || 1;
  const most = Math.max(...rows.map((row) => row.reached), 1e-9);
  return dataTable({ caption: "Reached by community, most first", rowHeader: "community", rows: rows.slice(0, 12), empty: "Nobody is reached.", columns: [
    { key: "community", label: "Community", cell: (row) => (row.community === null || row.community === "none" ? "in none" : row.community === "rest"
      ? "all others" : communityName(row.community, groups, { limit: 16 })) },
    { key: "reached", label: "Reached", number: true, cell: (row) => reached(row.reached) },
    { key: "share", label: "Of all reached", number: true, cell: (row) => percent(row.reached / all) },
    { key: "bar", label: unseen("bar"), wide: true,
      cell: (row) => h("span", { class: "meter wide-meter", "aria-hidden": "true" }, h("span", { style: { width: `${(100 * row.reached) / most}%` } })) },
    { key: "of", label: "Of the community", number: true, wide: true, cell: (row) => (groups.has(row.community) ? percent(row.reached / groups.get(row.community).members, 1) : "–") },
  ] });
}

/** What stands in a view while the graph is not prepared, and a button that has it prepared. `ready()` once it is. */
export function notPrepared(context, ready) {
  const place = h("div");
  const begin = async () => {
    button.disabled = true;
    try {
      const job = await context.api.post("/jobs", { kind: "prepare", parameters: {} }, { signal: context.signal });
      clear(place, jobCard(context, job.id, { heading: "Preparing", done: ready }));
    } catch (error) {
      button.disabled = false;
      if (error.name !== "AbortError") toast(visible(error.message), "error");
    }
  };
  const button = h("button", { type: "button", class: "primary", onClick: begin }, "Prepare now");
  clear(place, emptyState("Not prepared yet", "Questions about reach need samples of how messages spread in this run's graph. They are drawn once for each run, in the background; "
    + "for 50,000 accounts that takes about a minute. Lookups go on meanwhile.", forWriters(button)));
  findRunning(context, place, ready);
  return place;
}

async function findRunning(context, place, ready) {
  try {
    const { items } = await context.api.get("/jobs", { kind: "prepare" }, { signal: context.signal });
    const active = items.find((job) => job.status === "running" || job.status === "queued");
    if (active) clear(place, jobCard(context, active.id, { heading: "Preparing", done: ready }));
  } catch { /* the button stays */ }
}

/** A list of accounts to edit: find, paste, remove. Answers {element, get(), set(list), add(account)}; calls onChange(list). */
export function accountList({ label, hint, value = [], onChange = () => {}, limit = 1000, signal }) {
  let list = [...value];
  const chips = h("ul", { class: "chips", "aria-label": label });
  const told = h("p", { class: "hint", role: "status" });
  const changed = () => { draw(); onChange([...list]); };
  const add = (accounts) => {
    const fresh = [...new Set(accounts)].filter((account) => !list.includes(account));
    const room = Math.max(0, limit - list.length);
    list = [...list, ...fresh.slice(0, room)];
    told.textContent = fresh.length > room ? `No more than ${count(limit)} accounts; ${count(fresh.length - room)} were left out.` : "";
    if (fresh.length) changed();
  };
  const remove = (account, at) => {
    list = list.filter((one) => one !== account);
    changed();
    announce(`${visible(account)} removed`);
    (chips.querySelectorAll("button")[Math.min(at, list.length - 1)] ?? picker.querySelector("input")).focus();
  };
  const picker = accountPicker({ label: `${label}: add an account`, clearAfter: true, signal, onPick: (account) => add([account]) });
  const area = h("textarea", { rows: 4, "aria-label": `${label}: names, one a line`, placeholder: "one name a line" });
  const paste = h("details", { class: "paste" }, h("summary", null, "Paste a list"), area, h("p", null, h("button", { type: "button", onClick: () => {
    const { rows, errors } = readNames(area.value);
    add(rows);
    if (!errors.length) { area.value = ""; paste.open = false; }
    told.textContent = `${plural(rows.length, "name")} read${errors.length ? `; line ${errors[0].line} ${errors[0].reason}` : ""}.`;
  } }, "Add these")));
  function draw() {
    clear(chips, list.slice(0, 60).map((account, at) => h("li", { class: "chip" }, name(account, { limit: 24 }),
      h("button", { type: "button", "aria-label": `Remove ${visible(account)}`, onClick: () => remove(account, at) }, "×"))),
    list.length > 60 ? h("li", { class: "faint" }, `and ${count(list.length - 60)} more`) : null);
    chips.hidden = !list.length;
  }
  draw();
  return { element: h("div", { class: "account-list" }, picker, hint ? h("p", { class: "hint" }, hint) : null, chips, told, paste),
    get: () => [...list], set: (next) => { list = [...next]; draw(); }, add: (account) => add([account]) };
}

/** Two plans held against each other, and what may be said about it. */
export function verdict(a, b, names = ["the first", "the second"]) {
  const [better, worse] = a.mean >= b.mean ? [0, 1] : [1, 0];
  const sides = [a, b];
  const gap = sides[better].mean - sides[worse].mean;
  if (sides[better].low <= sides[worse].high) return `No clear difference: ${names[better]} reaches ${reached(gap)} more on average, which is within the error of the estimate.`;
  return `${names[better][0].toUpperCase()}${names[better].slice(1)} reaches clearly more: ${reached(gap)} accounts on average, `
    + `${percent(gap / Math.max(1e-9, sides[worse].mean))} above ${names[worse]}.`;
}
