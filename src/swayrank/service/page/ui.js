// Elements, numbers, tables, bars, figures, dialogs: what all views are made of. Text from outside becomes text nodes and
// nothing else: no function here takes markup.

import { api } from "/page/api.js";
import { PALETTE } from "/page/colours.js";

// -- elements ----------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
    else if (name === "style") Object.assign(element.style, value);
    else if (["value", "checked", "disabled", "selected", "indeterminate", "hidden"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** h("p", {class: "note", onClick: f}, "text", child): an element. Strings become text. */
export const h = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);
/** The same for SVG. */
export const svg = (tag, attributes, ...children) => make(document.createElementNS(SVG, tag), attributes, children);

/** Words for screen readers alone. */
export const unseen = (text) => h("span", { class: "unseen" }, text);

export function clear(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// -- names and numbers -------------------------------------------------------------------------------------------------

// Joiners stay where they join: between the parts of an emoji, and in words of Persian, Hindi and their like (as in _text.py).
const JOINED = "[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Z}\\u{0}-\\u{58f}]";
const INVISIBLE = new RegExp(`(?!(?<=${JOINED})[\\u200c\\u200d](?=${JOINED}))[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]`, "gu");

/** A name with everything that cannot be seen spelled out, as \u202e. */
export const visible = (text) =>
  String(text).replace(INVISIBLE, (sign) => "\\u" + sign.codePointAt(0).toString(16).padStart(4, "0"));

/** A name as plain text, cut where it is long: for what holds no elements, such as options and the canvas. */
export function spelled(account, limit) {
  const letters = [...visible(account)];
  return letters.length > limit ? letters.slice(0, limit - 1).join("") + "…" : letters.join("");
}

/** A stranger's name: kept apart from the direction of the text around it, cut where it is long. */
export function name(account, { limit = 40 } = {}) {
  const whole = visible(account);
  const short = spelled(account, limit);
  return h("bdi", { class: "name", title: short === whole ? undefined : whole }, short || "(no name)");
}

/** The page's address of an account. Names that no path can hold go into the query: dots alone would be taken for folders. */
export const accountHref = (account) =>
  (/^\.{1,2}$|[\r\n]/.test(account) ? `/accounts/?account=${encodeURIComponent(account)}` : `/accounts/${encodeURIComponent(account)}`);

/** A link to an account's card. */
export const accountLink = (account, options) =>
  h("a", { href: accountHref(account), "data-link": true, class: "account" }, name(account, options));

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const NOTHING = "–";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);
export const count = (value) => (missing(value) ? NOTHING : whole.format(value));
export const decimal = (value, digits = 1) => (missing(value) ? NOTHING
  : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
/** A share; what is there and rounds to nothing is less than the least that can be told. */
export const percent = (share, digits = 0) => (missing(share) ? NOTHING
  : share > 0 && share * 100 * 10 ** digits < 0.5 ? `under ${decimal(10 ** -digits, digits)} %` : decimal(share * 100, digits) + " %");
export const between = (low, high, form = decimal) => (missing(low) || missing(high) ? NOTHING
  : form(low) === form(high) ? form(low) : `${form(low)} to ${form(high)}`);
/** A change with its sign; what rounds to nothing has none. */
export function signed(value, digits = 1) {
  if (missing(value)) return NOTHING;
  const shown = decimal(Math.abs(value), digits);
  return Number(shown.replaceAll(",", "")) === 0 ? shown : (value > 0 ? "+" : "−") + shown;
}
/** A moment as people here write it; takes ISO text, or microseconds since 1970. */
export function moment(value) {
  if (missing(value)) return NOTHING;
  const time = new Date(typeof value === "number" ? value / 1000 : value);
  return Number.isNaN(time.getTime()) ? NOTHING : time.toISOString().slice(0, 16).replace("T", " ") + " UTC";
}
export function duration(seconds) {
  if (missing(seconds)) return NOTHING;
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${decimal(seconds / 3600)} h`;
}
export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

export const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;

// -- bars --------------------------------------------------------------------------------------------------------------

/** A score as a dot in its interval, on 0 to 100. */
export function intervalBar(score, low, high) {
  if (missing(score)) return h("span", { class: "faint" }, "too little data");
  const x = (value) => 2 + value * 0.96;
  return svg("svg", { class: "interval", viewBox: "0 0 100 12", role: "img", preserveAspectRatio: "none",
    "aria-label": missing(low) ? `score ${decimal(score)}` : `score ${decimal(score)}, interval ${between(low, high)}` },
  svg("line", { x1: 2, x2: 98, y1: 6, y2: 6, class: "axis" }),
  missing(low) ? null : svg("rect", { x: x(low), width: Math.max(1, x(high) - x(low)), y: 3.5, height: 5, rx: 1.5, class: "span" }),
  svg("rect", { x: x(score) - 1, width: 2, y: 1, height: 10, class: "dot" }));
}

/** What each part adds to a score, side by side; colours go by the place of the part. */
export function partsBar(parts) {
  let at = 0;
  const told = Object.entries(parts).map(([part, one]) => `${part} ${decimal(one.contribution)}`).join(", ");
  return svg("svg", { class: "parts", viewBox: "0 0 100 10", role: "img", preserveAspectRatio: "none", "aria-label": told },
    svg("rect", { width: 100, height: 10, class: "track" }),
    Object.values(parts).map((one, i) => {
      const width = missing(one.contribution) ? 0 : one.contribution;
      const piece = svg("rect", { x: at, width, height: 10, fill: PALETTE[i % PALETTE.length] });
      at += width;
      return piece;
    }));
}

/** Which colour stands for what. */
export const legend = (words) => h("ul", { class: "legend" }, words.map((word, i) =>
  h("li", null, h("span", { class: "swatch", style: { background: PALETTE[i % PALETTE.length] }, "aria-hidden": "true" }), word)));

/** A horizontal bar of a share in [0, 1]. */
export const shareBar = (share, told) => svg("svg", { class: "parts", viewBox: "0 0 100 10", preserveAspectRatio: "none",
  role: "img", "aria-label": told ?? percent(share, 1) },
svg("rect", { width: 100, height: 10, class: "track" }),
svg("rect", { width: Math.max(0.5, Math.min(1, share) * 100), height: 10, fill: PALETTE[0] }));

// -- tables ------------------------------------------------------------------------------------------------------------

/**
 * A table. columns: [{key, label, cell(row) -> node or text, number, sort (name to sort by), wide (hidden on phones)}];
 * sort: {by, descending}, onSort(name); rowHeader: key of the column that names the row.
 */
export function dataTable({ caption, columns, rows, sort, onSort, rowHeader, showCaption = false, empty = "Nothing to show." }) {
  if (!rows.length) return h("p", { class: "faint" }, empty);
  const head = columns.map((column) => {
    const sorted = sort && column.sort === sort.by;
    const aria = sorted ? (sort.descending ? "descending" : "ascending") : undefined;
    const label = column.sort && onSort
      ? h("button", { type: "button", class: "sort", "data-sort": column.sort, onClick: () => onSort(column.sort) }, column.label,
        h("span", { "aria-hidden": "true", class: "arrow" }, sorted ? (sort.descending ? "▼" : "▲") : "↕"))
      : column.label || unseen("More");
    return h("th", { scope: "col", class: cellClass(column), "aria-sort": aria, title: column.title }, label);
  });
  const body = rows.map((row) => h("tr", { class: row.class }, columns.map((column) => {
    const inside = column.cell ? column.cell(row) : row[column.key];
    const tag = column.key === rowHeader ? "th" : "td";
    return h(tag, { class: cellClass(column), scope: tag === "th" ? "row" : undefined }, inside ?? NOTHING);
  })));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", null, h("caption", { class: showCaption ? undefined : "unseen" }, caption),
      h("thead", null, h("tr", null, head)), h("tbody", null, body)));
}
const cellClass = (column) => [column.number && "number", column.wide && "wide", column.class].filter(Boolean).join(" ") || undefined;

/** "1-50 of 2,311" with buttons; onPage(page). */
export function pager({ page, pageSize, total, onPage }) {
  const last = Math.max(1, Math.ceil(total / pageSize));
  const from = total ? (page - 1) * pageSize + 1 : 0;
  const go = (to, label) => h("button", { type: "button", disabled: to < 1 || to > last, onClick: () => onPage(to) }, label);
  return h("nav", { class: "pager", "aria-label": "Pages" }, go(page - 1, "Previous"),
    h("span", null, `${count(from)} to ${count(Math.min(total, page * pageSize))} of ${count(total)}`), go(page + 1, "Next"));
}

// -- figures -----------------------------------------------------------------------------------------------------------

let plotly = null;
function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "/page/plotly.min.js" });
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => { plotly = null; reject(new Error("the figures' program cannot be loaded")); };
    document.head.append(script);
  });
  return plotly;
}

// Heights as the service draws them, and what caption and table's heading take besides.
const HEIGHTS = { scores: 394, activity: 494, trend: 454, breakdown: 254 };
const AROUND = 70;

/** Call `then` once the element comes near the window. */
function whenSeen(element, then) {
  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) { watcher.disconnect(); then(); }
  }, { rootMargin: "300px" });
  watcher.observe(element);
}

/**
 * A figure of the service, drawn into a new element once it comes into sight, with its table below, and anew where the
 * colours change. `query` goes to /figures/{which}. Its room is kept from the start, so that nothing below it jumps:
 * `height` where the view knows it better.
 */
export function figure(which, query = {}, { signal, height = HEIGHTS[which] ?? 400 } = {}) {
  const place = h("div", { class: "plot" });
  const box = h("figure", { class: "figure", style: { minHeight: `${height + AROUND}px` } }, place);
  const draw = async () => {
    box.querySelectorAll(":scope > figcaption, :scope > details").forEach((old) => old.remove());
    clear(place, loading(4));
    try {
      const told = await api.get(`/figures/${which}`, { theme: dark() ? "dark" : "light", ...query }, { signal });
      await drawFigure(box, place, told);
    } catch (error) {
      if (error.name !== "AbortError") clear(place, errorState(error, error.status === 404 || error.status === 422 ? null : draw));
    }
  };
  whenSeen(box, () => {
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw, { signal });
  });
  return box;
}

/** Draw figure data that is at hand: {data, layout, table, title, caption}. */
export async function drawFigure(box, place, told) {
  const Plotly = await loadPlotly();
  clear(place);
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", `${told.title}. ${told.caption ?? ""} The table below has the same.`);
  const layout = { ...told.layout, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  delete layout.width;
  delete layout.title;
  layout.margin = { l: 64, r: 20, b: 56, ...told.layout.margin };
  if (box.clientWidth < 600 && layout.showlegend !== false) legendBelow(layout, told.data);
  await Plotly.newPlot(place, told.data, layout, { displayModeBar: false, responsive: true });
  const caption = h("figcaption", null, h("strong", null, told.title), told.caption ? h("span", { class: "faint" }, " " + told.caption) : null);
  box.prepend(caption);
  box.append(tableOf(told.table, told.title));
}

const LEGEND_LINE = 22; // pixels
/** On phones the legend stands below the axis and its title, one name a line, in room of its own. */
function legendBelow(layout, data) {
  const { t, b } = layout.margin;
  const high = Math.max(40, layout.height - t - b);
  const room = LEGEND_LINE * data.filter((trace) => trace.name && trace.showlegend !== false).length;
  layout.margin.b = b + room;
  layout.height += room;
  layout.legend = { ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: -b / high, yanchor: "top", title: { text: "" } };
}

function tableOf(table, title) {
  const columns = table.head.map((label, i) => ({ key: i, label: String(label), number: table.rows.every((row) => typeof row[i] !== "string"),
    cell: (row) => (typeof row[i] === "number" ? (Number.isInteger(row[i]) ? count(row[i]) : decimal(row[i], 3)) : row[i] === null ? NOTHING : visible(row[i])) }));
  return h("details", { class: "as-table" }, h("summary", null, "The same as a table"),
    dataTable({ caption: title, columns, rows: table.rows, rowHeader: 0 }));
}

// -- states ------------------------------------------------------------------------------------------------------------

/** Lines where something will be. */
export const loading = (lines = 3) => h("div", { class: "loading", role: "status", "aria-label": "Loading", "aria-busy": "true" },
  Array.from({ length: lines }, () => h("span", { class: "bone" })));

/**
 * A part of a view that is loaded: bones until `load()` has come, then what `draw(loaded)` gives; what went wrong is told
 * in its place, with a button to try again. `instead(problem)` may give something better for a problem it knows.
 */
export function area(load, draw, { lines = 4, signal, instead } = {}) {
  const box = h("div", { class: "area" });
  const fill = async () => {
    clear(box, loading(lines));
    try {
      clear(box, await draw(await load()));
    } catch (problem) {
      if (problem.name === "AbortError" || signal?.aborted) return;
      clear(box, instead?.(problem, fill) ?? errorState(problem, fill));
    }
  };
  fill();
  return box;
}

/** A figure in words: what it is, the figure, what it means. */
export const tile = (what, value, ...more) =>
  h("div", { class: "tile" }, h("dt", null, what), h("dd", null, value), more.some(Boolean) ? h("dd", { class: "more" }, more) : null);
/** Such figures in a row. */
export const tiles = (...all) => h("dl", { class: "tiles" }, all);

/** Nothing here: what it means, and what to do. */
export const emptyState = (title, text, ...actions) =>
  h("div", { class: "state" }, h("h2", null, title), h("p", null, text), actions.length ? h("p", null, actions) : null);

const CURES = {
  0: "Check that `swayrank serve` still runs, then try again.",
  401: "Sign in with a token of this service.",
  403: "Ask whoever runs the service for a token that may do this.",
  429: "Wait a moment, then try again.",
  503: "Try again in a moment.",
};

/** What went wrong, and what to do; `retry` puts a button there. */
export function errorState(problem, retry) {
  return h("div", { class: "state error", role: "alert" }, h("h2", null, problem.title || "That did not work"),
    h("p", null, visible(problem.message || "Something went wrong.")), CURES[problem.status] ? h("p", null, CURES[problem.status]) : null,
    retry ? h("button", { type: "button", onClick: retry }, "Try again") : null,
    problem.request_id ? h("p", { class: "faint" }, `Request ${problem.request_id}`) : null);
}

/** Do `work()` behind a button, which keeps the keyboard's place and takes no second click meanwhile. */
export async function busyWhile(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try { await work(); } finally { button.removeAttribute("aria-disabled"); }
}

export function announce(text) {
  document.getElementById("announce").textContent = text;
}

export function toast(text, level = "info") {
  const one = h("div", { class: `toast ${level}` }, text, h("button", { type: "button", "aria-label": "Close", onClick: () => one.remove() }, "×"));
  document.getElementById("toasts").append(one);
  setTimeout(() => one.remove(), level === "error" ? 12_000 : 6_000);
}

/** A job's state: what it does, how far, how long. */
export function jobProgress(job) {
  const p = job.progress;
  const known = p && p.total;
  const told = job.status === "queued" ? "waiting" : job.status !== "running" ? job.status
    : p ? `${visible(p.what)}${known ? `: ${count(p.done)} of ${count(p.total)}` : ""}` : "starting";
  return h("div", { class: "job-progress" },
    h("progress", { max: known ? p.total : 1, value: job.status === "done" ? 1 : known ? p.done : undefined, "aria-label": told }),
    h("span", null, told, p && p.seconds_left ? `, about ${duration(p.seconds_left)} left` : ""),
    job.error ? h("p", { class: "error-text" }, visible(job.error.detail)) : null);
}

/** A modal dialog; resolves to what the button that closed it says, "" if it was dismissed. */
export function dialog(title, content, buttons = [["ok", "Close"]]) {
  return new Promise((resolve) => {
    const id = "d" + Math.random().toString(36).slice(2);
    const box = h("dialog", { "aria-labelledby": id }, h("form", { method: "dialog" }, h("h2", { id }, title), content,
      h("p", { class: "buttons" }, buttons.map(([value, label]) => h("button", { value, class: value === "ok" ? "primary" : undefined }, label)))));
    box.addEventListener("close", () => { resolve(box.returnValue); box.remove(); });
    document.body.append(box);
    box.showModal();
  });
}

// -- picking accounts --------------------------------------------------------------------------------------------------

let pickers = 0;
/**
 * A text field that finds accounts (combobox, WAI-ARIA 1.2): type, arrow keys, Enter. onPick(account, row).
 * options: {label, value, placeholder, clearAfter (empty the field after a pick)}
 */
export function accountPicker({ label, onPick, value = "", placeholder = "Type a name", clearAfter = false, signal }) {
  const id = `pick${++pickers}`;
  const list = h("ul", { id: `${id}-list`, role: "listbox", class: "options", hidden: true, "aria-label": label });
  const input = h("input", { id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", value, placeholder,
    "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list" });
  const nobody = h("p", { class: "hint", hidden: true }, "No account has such a name.");
  let found = [], at = -1, asked = null, timer = 0;
  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const pick = (i) => { const row = found[i]; input.value = clearAfter ? "" : row.account; close(); onPick(row.account, row); };
  const show = () => {
    clear(list, found.map((row, i) => h("li", { role: "option", id: `${id}-${i}`, "aria-selected": String(i === at), onMousedown: (e) => { e.preventDefault(); pick(i); } },
      name(row.account), h("span", { class: "faint" }, row.rank ? ` rank ${count(row.rank)}` : " no score"))));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (at >= 0) input.setAttribute("aria-activedescendant", `${id}-${at}`);
  };
  const search = async () => {
    asked?.abort();
    asked = new AbortController();
    const text = input.value.trim();
    if (!text) { found = []; nobody.hidden = true; close(); return; }
    try {
      found = (await api.get("/accounts", { q: text, page_size: 8 }, { signal: asked.signal })).items;
      at = -1;
      nobody.hidden = found.length > 0;
      show();
      announce(found.length ? plural(found.length, "account") + " found" : "no account of that name");
    } catch (error) { if (error.name !== "AbortError") toast(error.message, "error"); }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 150); });
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && found.length) { event.preventDefault(); at = (at + move + found.length) % found.length; show(); }
    else if (event.key === "Enter" && !list.hidden) { event.preventDefault(); pick(Math.max(at, 0)); }
    else if (event.key === "Escape") close();
  });
  input.addEventListener("blur", close);
  signal?.addEventListener("abort", () => asked?.abort());
  return h("div", { class: "picker" }, h("label", { for: id }, label), input, list, nobody);
}

/** fn, at most once every `wait` milliseconds after the last call. */
export function debounced(fn, wait = 200) {
  let timer = 0;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => fn(...args), wait); };
}

/** A labelled form field around an input. */
let fields = 0;
export function field(label, input, hint) {
  input.id ||= `field${++fields}`;
  if (hint) input.setAttribute("aria-describedby", input.id + "-hint");
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, hint ? h("p", { class: "hint", id: input.id + "-hint" }, hint) : null);
}
