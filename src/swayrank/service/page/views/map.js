// The network map: who follows, or is connected with, whom, communities in colours, and where a plan's seeds are. Everything that the canvas
// shows is also in words: the chosen account beside it, all accounts in a table below it.

import { communities, communityCell, communityName, communityText } from "/page/known.js";
import { createMap, scoreRange } from "/page/canvas-map.js";
import { shade, THEMES } from "/page/canvas-paint.js";
import { playback } from "/page/playback.js";
import { strangersNote } from "/page/strangers.js";
import { accountHref, accountLink, accountPicker, announce, clear, count, dark, dataTable, debounced, decimal, emptyState, field, h, name,
  pager, partsBar, plural, visible } from "/page/ui.js";
import { accountPath } from "/page/api.js";

export const title = "Network map";

const PAGE = 20;
const NAMED = 12; // accounts of a plan that are not on the map and are named
const SHOWN = { // by what the arcs are: which of them may stand out
  follows: [["", "All arcs"], ["followers", "Who follows it"], ["following", "Whom it follows"], ["both", "Both"]],
  reactions: [["", "All arcs"], ["followers", "Who reacted to it"], ["following", "Whom it reacted to"], ["both", "Both"]],
  edges: [["", "All edges"], ["both", "Its own"]],
};
const isMutual = (data) => data.arcs_are === "edges";
const shownOf = (data) => SHOWN[data.arcs_are] ?? SHOWN.follows;

export async function render(root, context) {
  const { api, query, signal } = context;
  let data, run, groups;
  try {
    [data, run, groups] = await Promise.all([api.get("/map", {}, { signal }), api.get("/run", {}, { signal }), communities()]);
  } catch (error) {
    if (error.type !== "not-kept") throw error;
    return notKept(root, error);
  }
  const wanted = query.get("community");
  const isGroup = /^\d{1,9}$/.test(wanted ?? "") && (groups.has(Number(wanted)) || data.community.includes(Number(wanted)));
  const state = { data, run, groups, notes: h("div"), index: new Map(data.accounts.map((account, i) => [account, i])), hidden: new Set(query.getAll("hide").map(Number)),
    show: shownOf(data).some(([key]) => key === query.get("show")) ? query.get("show") : "", degrees: degreesOf(data),
    group: isGroup ? Number(wanted) : null };
  if (wanted && !isGroup) warn(state, `This run has no community ${visible(wanted)}; none stands out.`);
  const seeds = await seedsOf(context, state);
  draw(root, context, state, seeds);
}

/** Say on the page that something of the address cannot be shown. */
const warn = (state, ...told) => state.notes.append(h("p", { class: "note warning", role: "alert" }, told));

function notKept(root, error) {
  clear(root, h("h1", null, title), emptyState("This run has no map", visible(error.detail ?? error.message)
    + " A map needs a graph, or reactions with names.", h("a", { class: "button", href: "/communities", "data-link": true }, "See communities instead")));
}

function degreesOf({ accounts, arcs }) {
  const into = new Uint32Array(accounts.length);
  const out = new Uint32Array(accounts.length);
  for (const [a, b] of arcs) { out[a]++; into[b]++; }
  return { into, out };
}

/** The seeds named in the address, or those of a job. */
async function seedsOf({ api, query, signal }, state) {
  if (!query.get("job")) return query.getAll("seed");
  try {
    const { seeds } = await api.get(`/jobs/${encodeURIComponent(query.get("job"))}/result`, {}, { signal });
    if (!seeds) throw new Error("that job made no plan");
    return seeds.map((seed) => seed.account);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    warn(state, `The accounts of that plan cannot be shown: ${visible(error.message).replace(/\.?$/, ".")}`);
    return query.getAll("seed");
  }
}

function draw(root, context, state, seeds) {
  const { data } = state;
  const box = h("div", { class: "map-box", "aria-busy": "true" });
  const side = h("div", { class: "map-chosen", "aria-live": "off" });
  const told = h("div", { class: "map-told" });
  const table = h("div");
  const legend = legendBox(state, hid);
  const groups = groupBox(state, highlight);
  const keys = h("p", { id: "map-keys", class: "hint" }, "Keys on the map: arrows move, + and − zoom, 0 shows all, n and p go to the next and the previous account by rank, ",
    `Enter opens its card, ${isMutual(data) ? "f its neighbours" : "f its followers, o whom it follows"}, Escape lets go. The same accounts are in the table below.`);
  clear(root, h("h1", null, data.title), h("p", { class: "lead" }, data.caption),
    h("div", { class: "map-layout" },
      h("div", { class: "map-main" }, toolbar(context, state, () => map), state.notes, box, told, keys),
      h("div", { class: "map-side" }, side, groups.element, legend.element)),
    h("section", { class: "map-table" }, h("h2", null, "The accounts of this map"), missingRanks(data), table));
  const tip = h("div", { class: "map-tip", hidden: true, "aria-hidden": "true" });
  const map = createMap(box, data, {
    onChoose: (index) => { showChosen(index); remember(); },
    onOpen: (index) => context.navigate(accountHref(data.accounts[index])),
    onPoint: (index, x, y) => showTip(tip, box, context, state, index, x, y),
    onMove: debounced(() => remember(), 150),
    say: announce,
    describe: (index) => words(state, index),
    onReady: () => box.removeAttribute("aria-busy"),
  });
  box.append(tip);
  map.canvas.setAttribute("aria-label", `${data.title}. ${data.caption}`);
  map.canvas.setAttribute("aria-describedby", "map-keys");
  map.canvas.addEventListener("keydown", (event) => {
    const kind = (isMutual(data) ? { f: "both" } : { f: "followers", o: "following" })[event.key];
    if (!kind || event.ctrlKey || event.metaKey || event.altKey || map.scene.chosen < 0) return;
    setShow(state.show === kind ? "" : kind);
    announce(lightWords(state, map));
  });
  context.signal.addEventListener("abort", () => map.destroy());
  Object.defineProperty(box, "networkMap", { value: map });

  function remember() {
    if (context.signal.aborted) return;
    const { x, y, zoom } = map.place();
    const moved = Math.abs(zoom - 1) > 0.01 || Math.abs(x) > 0.005 || Math.abs(y) > 0.005;
    context.remember({ at: map.scene.chosen >= 0 ? data.accounts[map.scene.chosen] : "", show: state.show,
      community: state.group === null ? "" : String(state.group), hide: [...state.hidden].map(String),
      job: context.query.get("job"), seed: context.query.get("job") ? [] : seeds, view: moved ? [x.toFixed(3), y.toFixed(3), zoom.toFixed(2)].join(" ") : "" });
  }
  function setShow(kind) {
    state.show = kind;
    map.light(kind || null, map.scene.chosen);
    showChosen(map.scene.chosen);
    remember();
  }
  function showChosen(index) {
    if (index >= 0 && state.show && !map.scene.lit) map.light(state.show, index);
    clear(side, index < 0 ? nobody(data) : chosenCard(context, state, map, index, setShow, highlight));
  }
  /** Let the accounts of one community stand out; null: of none. */
  function highlight(community) {
    state.group = community;
    lightGroup();
    showChosen(map.scene.chosen);
    announce(groups.told());
    redo();
  }
  function lightGroup() {
    const members = membersOf(state);
    for (const i of members) state.hidden.delete(data.colour[i]);
    map.hide(state.hidden);
    map.standOut(state.group === null ? null : members);
    legend.show();
    groups.show(map.standsOutIn());
  }
  /** Who is hidden does not stand out either. */
  function hid() {
    if (membersOf(state).some((i) => state.hidden.has(data.colour[i]))) return highlight(null);
    map.hide(state.hidden);
    redo();
  }
  let page = 1;
  function redo() { page = 1; remember(); drawTable(); }
  function drawTable() {
    const rows = data.accounts.map((_, i) => i).filter((i) => !state.hidden.has(data.colour[i]) && (state.group === null || data.community[i] === state.group));
    clear(table, tableOf(state, map, rows.slice((page - 1) * PAGE, page * PAGE), box),
      pager({ page, pageSize: PAGE, total: rows.length, onPage: (to) => { page = to; drawTable(); } }));
  }

  lightGroup();
  drawTable();
  showSeeds(context, state, map, told, seeds);
  openAt(context, state, map);
  showChosen(map.scene.chosen);
}

/** Where the address says to look. */
function openAt(context, state, map) {
  const { query } = context;
  const view = (query.get("view") ?? "").split(" ").map(Number);
  const placed = view.length === 3 && view.every(Number.isFinite);
  if (placed) map.look(...view);
  const at = query.get("at");
  if (!at) return;
  const index = state.index.get(at);
  if (index === undefined) return void tellAbsent(context, state, at);
  map.choose(index, { centre: !placed, silent: true });
}

async function tellAbsent(context, state, account) {
  const strangers = new Set();
  await findStrangers(context, [account], strangers);
  if (strangers.size) state.notes.append(strangersNote(strangers, null));
  else warn(state, ...offMap(state, account));
}

// -- around the canvas -------------------------------------------------------------------------------------------------

function toolbar(context, state, map) {
  const find = accountPicker({ label: "Find an account on the map", clearAfter: true, signal: context.signal, onPick: (account) => {
    const index = state.index.get(account);
    clear(note, index === undefined ? offMap(state, account) : null);
    if (index === undefined) return;
    map().centre(index);
    map().canvas.focus();
  } });
  const note = h("p", { class: "map-note", role: "status" });
  const button = (label, sign, act) => h("button", { type: "button", "aria-label": label, title: label, onClick: () => act(map()) }, sign);
  return h("div", null, h("div", { class: "row map-tools" }, h("div", { class: "grow" }, find),
    h("div", { class: "map-buttons", role: "group", "aria-label": "Zoom" }, button("Zoom in", "+", (m) => m.zoomBy(1.5)),
      button("Zoom out", "−", (m) => m.zoomBy(1 / 1.5)), button("Show the whole map", "⤢", (m) => m.fit()))), note);
}

const offMap = (state, account) => [accountLink(account), ` is not among the ${count(state.data.accounts.length)} accounts of this map; its card tells more.`];

function legendBox(state, changed) {
  const { data, groups } = state;
  const members = new Map();
  for (const colour of data.colour) members.set(colour, (members.get(colour) ?? 0) + 1);
  const colours = [...data.coloured.map((community, colour) => [colour, community]), [-1, null]].filter(([colour]) => members.has(colour));
  const boxes = new Map();
  const one = ([colour, community]) => {
    const box = h("input", { type: "checkbox", checked: !state.hidden.has(colour), onChange: () => {
      if (box.checked) state.hidden.delete(colour); else state.hidden.add(colour);
      changed();
      announce(`${community === null ? "All others" : communityText(community, groups)} ${box.checked ? "shown" : "hidden"}`);
    } });
    boxes.set(colour, box);
    return h("label", null, box, h("span", { class: "swatch round", style: { background: shade(colour, THEMES[dark() ? "dark" : "light"]) }, "aria-hidden": "true" }),
      community === null ? "All others" : communityName(community, groups, { limit: 14 }), h("span", { class: "number" }, count(members.get(colour))));
  };
  const element = h("fieldset", { class: "map-legend" }, h("legend", null, "Communities shown"), colours.map(one),
    h("p", { class: "hint" },
      `A larger dot has ${data.sized_by === "followers" ? `more ${isMutual(data) ? "neighbours" : "followers"}` : "a higher score"}${rangeTold(data)}.`,
      " Near means connected; the directions mean nothing."));
  return { element, show() { for (const [colour, box] of boxes) box.checked = !state.hidden.has(colour); } };
}

/** From which score to which the dots grow. */
function rangeTold(data) {
  const ends = scoreRange(data);
  return ends ? `: the smallest has ${decimal(ends[0])}, the largest ${decimal(ends[1])}` : "";
}

/** Who of the map is in the community that stands out. */
const membersOf = ({ data, group }) => (group === null ? [] : data.accounts.map((_, i) => i).filter((i) => data.community[i] === group));

/** A choice among all communities of the map, coloured or not: the chosen one stands out, the others fade. */
function groupBox(state, highlight) {
  const { data, groups } = state;
  const here = new Map();
  for (const community of data.community) if (community !== null) here.set(community, (here.get(community) ?? 0) + 1);
  if (state.group !== null && !here.has(state.group)) here.set(state.group, 0);
  const listed = [...here].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const select = h("select", { onChange: () => highlight(select.value === "" ? null : Number(select.value)) }, h("option", { value: "" }, "None"),
    listed.map(([community, n]) => h("option", { value: community }, `${communityText(community, groups, { limit: 14 })} (${count(n)})`)));
  const more = h("p", { class: "hint" });
  const told = () => {
    if (state.group === null) return "No community stands out.";
    const [n, all] = [here.get(state.group) ?? 0, groups.get(state.group)?.members];
    if (!n) return "None of its accounts is on this map.";
    return all ? `${count(n)} of its ${plural(all, "account")} ${n === 1 ? "is" : "are"} on this map.` : `${plural(n, "account")} of it on this map.`;
  };
  return { element: h("div", { class: "map-group" }, field("Highlight a community", select), more), told, show(colour) {
    select.value = state.group ?? "";
    clear(more, state.group === null ? null : [h("span", { class: "swatch round", style: { background: colour }, "aria-hidden": "true" }), ` ${told()} `,
      h("a", { href: `/?community=${state.group}`, "data-link": true }, "See all of them")]);
  } };
}

const nobody = (data) => h("div", { class: "card" }, h("h2", null, "No account chosen"),
  h("p", { class: "faint" }, `Click or tap a dot, or press n on the map, to see who it is, ${isMutual(data) ? "and whom it is connected with"
    : data.arcs_are === "reactions" ? "who reacted to it and whom it reacted to" : "who follows it and whom it follows"}.`));

/** How many give an account attention, in words. */
function around({ arcs_are: ties, followers }, i) {
  const n = followers[i] ?? 0;
  return ties === "reactions" ? plural(n, "account that reacted", "accounts that reacted") : plural(n, ties === "edges" ? "neighbour" : "follower");
}

function words(state, i) {
  const { data, degrees, groups } = state;
  const own = data.community[i];
  const reacted = data.arcs_are === "reactions";
  const among = own === null ? "in no community" : groups.get(own)?.leaders.length ? `in the community ${communityText(own, groups)}` : `in community ${own}`;
  return `${visible(data.accounts[i])}. Rank ${count(data.rank[i])}, score ${decimal(data.score[i])}. `
    + `${around(data, i)}, ${among}${data.role[i] ? `, ${data.role[i]}` : ""}. `
    + (isMutual(data) ? `On this map it is connected with ${degrees.into[i] + degrees.out[i]}.`
      : `On this map ${degrees.into[i]} ${reacted ? "reacted to it" : "follow it"}, it ${reacted ? "reacted to" : "follows"} ${degrees.out[i]}.`);
}

function lightWords(state, map) {
  const { lit, chosen } = map.scene;
  if (!lit) return isMutual(state.data) ? "All edges are shown." : "All arcs are shown.";
  const others = lit.members.size - 1;
  const who = visible(state.data.accounts[chosen]);
  if (isMutual(state.data)) return `${who} is connected with ${plural(others, "account")} of this map.`;
  if (state.data.arcs_are === "reactions") {
    return { followers: `${plural(others, "account")} of this map reacted to ${who}.`, following: `${who} reacted to ${plural(others, "account")} of this map.`,
      both: `${plural(others, "account")} of this map reacted to ${who} or drew a reaction from it.` }[lit.kind];
  }
  return { followers: `${plural(others, "account")} of this map follow ${who}.`, following: `${who} follows ${plural(others, "account")} of this map.`,
    both: `${plural(others, "account")} of this map follow ${who} or are followed by it.` }[lit.kind];
}

function chosenCard(context, state, map, i, setShow, highlight) {
  const { data } = state;
  const account = data.accounts[i];
  const more = h("div", { "aria-busy": "true" }, h("span", { class: "bone" }));
  const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value));
  fillMore(more, context, account);
  const choice = h("fieldset", { class: "map-show" }, h("legend", null, isMutual(data) ? "Edges" : "Arcs"), shownOf(data).map(([key, label]) => h("label", null,
    h("input", { type: "radio", name: "show", value: key, checked: state.show === key, onChange: () => setShow(key) }), label)));
  return h("div", { class: "card" }, h("h2", null, name(account, { limit: 60 })),
    h("dl", { class: "facts" }, fact("Rank", count(data.rank[i])), fact("Score", decimal(data.score[i])),
      fact(aroundIt(data), count(data.followers[i])),
      fact("Community", communityCell(data.community[i], state.groups)), fact("Role", data.role[i] ?? "none")),
    more, choice, state.show ? h("p", { class: "faint" }, map.scene.lit ? lightWords(state, map) : "") : null,
    h("p", { class: "buttons" }, h("a", { class: "button primary", href: accountHref(account), "data-link": true }, "Open its card"),
      h("a", { class: "button", href: `/whatif?seed=${encodeURIComponent(account)}`, "data-link": true }, "What would it reach?"),
      data.community[i] === null || data.community[i] === state.group ? null : h("button", { type: "button", onClick: () => highlight(data.community[i]) }, "Highlight its community")));
}

const rows = new Map();
async function rowOf({ api, signal }, account) {
  if (!rows.has(account)) {
    if (rows.size > 500) rows.clear();
    rows.set(account, await api.get(accountPath("accounts", account), {}, { signal }));
  }
  return rows.get(account);
}

async function fillMore(place, context, account) {
  try {
    const row = await rowOf(context, account);
    place.removeAttribute("aria-busy");
    clear(place, partsOf(row));
  } catch (error) {
    if (error.name !== "AbortError") clear(place, h("p", { class: "faint" }, visible(error.message)));
    place.removeAttribute("aria-busy");
  }
}

function partsOf(row) {
  const parts = Object.entries(row.parts ?? {});
  return [h("p", { class: "faint" }, row.score_low === null
    ? "" : `Its score lies between ${decimal(row.score_low)} and ${decimal(row.score_high)}, its rank between ${count(row.rank_low)} and ${count(row.rank_high)}.`),
    parts.length ? h("table", { class: "map-parts" }, h("caption", { class: "unseen" }, "Parts of its score"), h("tbody", null,
      parts.map(([part, one]) => h("tr", null, h("th", { scope: "row" }, part), h("td", { class: "number" }, decimal(one.contribution)),
        h("td", { "aria-hidden": "true" }, h("span", { class: "meter" }, h("span", { style: { width: `${Math.max(0, Math.min(100, one.scaled ?? 0))}%` } }))))))) : null];
}

// -- pointing ----------------------------------------------------------------------------------------------------------

let pointing = 0;
function showTip(tip, box, context, state, index, x, y) {
  clearTimeout(pointing);
  tip.hidden = index < 0;
  if (index < 0) return;
  const { data } = state;
  const place = h("div", { class: "faint" }, "…");
  clear(tip, h("strong", null, name(data.accounts[index])), h("div", null, `rank ${count(data.rank[index])}, score ${decimal(data.score[index])}`),
    h("div", null, around(data, index), data.role[index] ? `, ${data.role[index]}` : ""), place);
  const wide = box.clientWidth;
  Object.assign(tip.style, { left: x > wide / 2 ? "auto" : `${x + 14}px`, right: x > wide / 2 ? `${wide - x + 14}px` : "auto", top: `${Math.max(4, y - 20)}px` });
  pointing = setTimeout(async () => {
    try {
      const row = await rowOf(context, data.accounts[index]);
      clear(place, partsBar(row.parts), Object.entries(row.parts).map(([part, one]) => h("div", null, `${part} ${decimal(one.contribution)}`)));
    } catch { clear(place); }
  }, 120);
}

// -- table and seeds ---------------------------------------------------------------------------------------------------

/** What the number of those who give an account attention is called. */
const aroundIt = ({ arcs_are: ties }) => ({ reactions: "Reacted to it", edges: "Neighbours" })[ties] ?? "Followers";

const herePair = (data, degrees) => (data.arcs_are === "reactions" ? [["into", "Reacted to it here"], ["out", "It reacted to here"]]
  : [["into", "Follow it here"], ["out", "It follows here"]]).map(([key, label]) => ({ key, label, number: true, wide: true, cell: (i) => count(degrees[key][i]) }));

function tableOf({ data, degrees, groups }, map, indices, box) {
  return dataTable({ caption: `Accounts of the map, best first${data.n_total > data.accounts.length ? `; ${count(data.n_total)} there are` : ""}`,
    rowHeader: "account", rows: indices, columns: [
    { key: "rank", label: "Rank", number: true, cell: (i) => count(data.rank[i]) },
    { key: "account", label: "Account", cell: (i) => accountLink(data.accounts[i]) },
    { key: "score", label: "Score", number: true, cell: (i) => decimal(data.score[i]) },
    { key: "followers", label: aroundIt(data), number: true, wide: true, cell: (i) => count(data.followers[i]) },
    { key: "community", label: "Community", wide: true, cell: (i) => communityCell(data.community[i], groups, { limit: 14 }) },
    { key: "role", label: "Role", wide: true, cell: (i) => data.role[i] ?? "none" },
    ...(isMutual(data) ? [{ key: "here", label: "Neighbours here", number: true, wide: true, cell: (i) => count(degrees.into[i] + degrees.out[i]) }]
      : herePair(data, degrees)),
    { key: "go", label: "Map", cell: (i) => h("button", { type: "button", class: "small", "aria-label": `Show ${visible(data.accounts[i])} on the map`, onClick: () => {
      map.centre(i); map.canvas.focus({ preventScroll: true }); box.scrollIntoView({ block: "center" }); } }, "Show") },
  ] });
}

/** Whose ranks the table passes over: the map shows whom its graph names, the highest of them and some around these. */
function missingRanks({ rank, arcs_are: ties, n_highest: highest }) {
  const top = rank.slice(0, highest ?? rank.length).filter(Boolean);
  const missing = [];
  let next = 1; // the rank that follows those seen; accounts of one rank take up as many
  let n = 0;
  for (const one of top.sort((a, b) => a - b)) {
    for (let i = next; i < one && missing.length < 5; i++) missing.push(count(i));
    n += Math.max(0, one - next);
    next = Math.max(next, one) + 1;
  }
  const around = highest < rank.length ? ` After rank ${count(next - 1)} only accounts around those before are here.` : "";
  if (!n) return around ? h("p", { class: "faint" }, around.trim()) : null;
  const many = `${count(n)} ranks, ${n <= 5 ? "" : "the first "}${missing.join(", ")}, are not here: those accounts are`;
  return h("p", { class: "faint" }, n === 1 ? `Rank ${missing[0]} is not here: that account is` : many,
    ` not in the graph of who ${{ reactions: "reacts to", edges: "is connected with" }[ties] ?? "follows"} whom, which the map shows.`, around);
}

function showSeeds(context, state, map, place, seeds) {
  if (!seeds.length) return;
  const known = seeds.filter((account) => state.index.has(account));
  const others = seeds.filter((account) => !state.index.has(account));
  const strangers = new Set();
  const note = h("div");
  const play = playback(context, state, map, seeds, strangers, () => tell());
  const tell = () => {
    play.hidden = seeds.every((account) => strangers.has(account));
    clear(note, offTheMap(state, others.filter((account) => !strangers.has(account))),
      strangersNote(strangers, context.query.get("job") ? null : () => {
        const stay = seeds.filter((account) => !strangers.has(account)).map((account) => `seed=${encodeURIComponent(account)}`);
        context.navigate(`/map?${stay.join("&")}`);
      }));
  };
  play.hidden = !known.length; // until it is known whether anybody bears the names
  map.showSeeds(known.map((account) => state.index.get(account)));
  clear(place, h("section", { class: "card" }, h("h2", null, `The plan's ${plural(seeds.length, "account")}`),
    h("p", null, known.length ? `${plural(known.length, "account")} ringed on the map, numbered in the order of the plan.` : "None of them is on this map."),
    note, play));
  findStrangers(context, others.slice(0, NAMED), strangers).then(tell, () => {});
}

/** Which of these accounts nobody knows: put into the set `strangers`. */
const findStrangers = (context, accounts, strangers) => Promise.all(accounts.map(async (account) => {
  try { await rowOf(context, account); } catch (problem) {
    if (problem.type === "unknown-account") strangers.add(account);
  }
}));

function offTheMap(state, others) {
  if (!others.length) return null;
  return h("p", { class: "note" }, `Not on this map, which shows the ${count(state.data.accounts.length)} highest: `,
    others.slice(0, NAMED).flatMap((account, k) => [k ? ", " : "", accountLink(account)]), others.length > NAMED ? ` and ${count(others.length - NAMED)} more` : "", ".");
}
