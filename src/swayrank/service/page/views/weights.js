// What the top would be under other weights of the parts: who enters, who leaves, who moves.

import { theRun } from "/page/known.js";
import { accountLink, announce, clear, count, dataTable, debounced, decimal, errorState, h, loading, percent, plural, signed, unseen, visible } from "/page/ui.js";
import { agreement, partMeaning } from "/page/words.js";

export const title = "Other weights";

const SIZES = [10, 20, 50, 100, 200];

export async function render(root, context) {
  const run = await theRun();
  if (context.signal.aborted) return;
  new Weights(root, context, run).start();
}

class Weights {
  constructor(root, context, run) {
    Object.assign(this, { root, context, run, parts: Object.keys(run.weights), asked: null });
    this.own = normalised(this.parts.map((part) => run.weights[part]));
    const given = this.parts.map((part) => Number(context.query.get(part) ?? NaN));
    const usable = given.some((value) => value > 0) && given.every((value) => Number.isNaN(value) || (value >= 0 && value <= 1e9));
    this.now = usable ? normalised(given.map((value) => value || 0)) : [...this.own];
    const k = Number(context.query.get("k"));
    this.k = SIZES.includes(k) ? k : 50;
    this.result = h("div", { class: "results" }, loading(10));
    this.load = debounced(() => this.ask(), 120);
    this.controls = this.parts.map((part, i) => control(part, (value) => this.set(i, value)));
    context.signal.addEventListener("abort", () => this.asked?.abort());
  }

  start() {
    const { parts } = this;
    const n = parts.length;
    const presets = [["As in the run", this.own], ["All equal", parts.map(() => 1 / n)], ...parts.map((part, i) => [`Only ${visible(part)}`, parts.map((_, j) => Number(i === j))])];
    const size = h("select", { onChange: (event) => { this.k = Number(event.target.value); this.changed(); } },
      SIZES.map((k) => h("option", { value: k, selected: k === this.k }, `the first ${k}`)));
    this.presets = presets.map(([label, weights]) => h("button",
      { type: "button", "aria-pressed": "false", onClick: () => { this.now = [...weights]; this.changed(); announce(`${label}: ${this.inWords()}`); } }, label));
    this.presetWeights = presets.map(([, weights]) => weights);
    clear(this.root, h("h1", null, title),
      h("p", { class: "lead" }, "Scores are the weighted mean of their parts. Weigh them for your own question and see who would be at the top. "
        + "Nothing is saved: the run's own scores stay as they are. "
        + "Where an account lacks a part, the others share its weight; intervals are not drawn anew."),
      h("div", { class: "with-side weights" },
        h("form", { class: "card sliders", "aria-label": "Weights", onSubmit: (event) => event.preventDefault() }, this.controls.map((one) => one.element),
          h("p", { class: "hint" }, "They always come to 100 %: moving one scales the others."),
          h("div", { class: "buttons", role: "group", "aria-label": "Ready-made weights" }, this.presets),
          h("label", { class: "size" }, "Show ", size), parts.length < 2 ? h("p", { class: "note" }, "This run has one part only, so there is nothing to weigh.") : null),
        this.result));
    this.paint();
    this.ask();
  }

  inWords() { return this.parts.map((part, i) => `${visible(part)} ${percent(this.now[i])}`).join(", "); }

  /** One weight as given; the others keep their proportions, or share alike where they were all 0. */
  set(i, value) {
    const rest = this.now.reduce((sum, one, j) => (j === i ? sum : sum + one), 0);
    const n = this.now.length;
    this.now = this.now.map((one, j) => (j === i ? (n === 1 ? 1 : value) : rest > 1e-9 ? (one / rest) * (1 - value) : (1 - value) / (n - 1)));
    this.changed();
  }

  changed() {
    this.paint();
    this.context.remember({ ...(same(this.now, this.own) ? {} : Object.fromEntries(this.parts.map((part, i) => [part, Number(this.now[i].toFixed(4))]))), k: this.k === 50 ? null : this.k });
    this.load();
  }

  /** Whole percents that come to 100: the largest remainders are rounded up. */
  paint() {
    const shown = wholePercents(this.now);
    this.controls.forEach((one, i) => one.show(shown[i], this.own[i]));
    this.presets.forEach((button, i) => button.setAttribute("aria-pressed", String(same(this.now, this.presetWeights[i]))));
  }

  async ask() {
    this.asked?.abort();
    const asked = this.asked = new AbortController();
    this.result.setAttribute("aria-busy", "true");
    try {
      const told = await this.context.api.get("/weights", { ...Object.fromEntries(this.parts.map((part, i) => [part, this.now[i].toFixed(6)])), k: this.k }, { signal: asked.signal });
      clear(this.result, this.drawn(told));
    } catch (error) {
      if (error.name === "AbortError") return;
      clear(this.result, errorState(error, () => this.ask()));
    }
    if (this.asked === asked) this.result.removeAttribute("aria-busy");
  }

  drawn(told) {
    const n = told.items.length;
    const columns = [
      { key: "rank", label: "Rank", number: true, cell: (row) => count(row.rank) },
      { key: "moved", label: "Rank before", number: true, cell: (row) => moved(row, told.items.length) },
      { key: "account", label: "Account", class: "who", cell: (row) => accountLink(row.account) },
      { key: "score", label: "Score", number: true, cell: (row) => h("strong", null, decimal(row.score)) },
      { key: "score_was", label: "Score before", number: true, wide: true, cell: (row) => decimal(row.score_was) },
      { key: "change", label: "Change", number: true, wide: true, cell: (row) => signed(row.score - row.score_was) },
    ];
    const entered = new Set(told.entered);
    const rows = told.items.map((row) => ({ ...row, class: entered.has(row.account) ? "picked" : undefined }));
    const told_ = same(this.now, this.own) ? `These are the run's own weights: ${this.inWords()}.`
      : `${plural(told.shared, "account")} of the first ${count(n)} stay${told.shared === 1 ? "s" : ""} there, ${count(told.entered.length)} come in. ${agreement(told.spearman)}`;
    return h("div", null, h("p", { class: "told", role: "status" }, told_),
      told.entered.length ? h("div", { class: "columns" }, names("Come in", told.entered, "rises"), names("Drop out", told.left, "falls")) : null,
      dataTable({ caption: `The first ${n} under these weights`, columns, rows, rowHeader: "account" }));
  }
}

function names(heading, list, side) {
  const link = (account) => h("li", null, accountLink(account, { limit: 20 }));
  const few = list.slice(0, 12), more = list.slice(12);
  return h("div", null, h("h2", { class: "small" }, h("span", { class: side, "aria-hidden": "true" }, side === "rises" ? "▲ " : "▼ "),
    `${heading}: ${count(list.length)}`), h("ul", { class: "inline" }, few.map(link)),
    more.length ? h("details", null, h("summary", null, `${count(more.length)} more`), h("ul", { class: "inline" }, more.map(link))) : null);
}

function moved(row) {
  const up = row.rank_was - row.rank;
  const [side, sign, words] = up > 0 ? ["rises", "▲", `up ${count(up)}`] : up < 0 ? ["falls", "▼", `down ${count(-up)}`] : ["faint", "=", "as before"];
  return [count(row.rank_was), " ", h("span", { class: `move ${side}` }, h("span", { "aria-hidden": "true" }, `${sign}${up ? " " + count(Math.abs(up)) : ""}`), unseen(words))];
}

/**
 * A slider and a field of numbers for one part, in percents, in step. A number beyond the slider becomes its end, what is
 * no number becomes what it was; either is said below.
 */
function control(part, onChange) {
  const id = `w-${Math.random().toString(36).slice(2)}`;
  const range = h("input", { type: "range", id, min: 0, max: 100, step: 1, onInput: () => { tell(""); onChange(Number(range.value) / 100); } });
  const number = h("input", { type: "number", min: 0, max: 100, step: 1, inputmode: "numeric", "aria-label": `Weight of ${visible(part)} in percent`,
    "aria-describedby": `${id}-told`, onInput: () => typed(), onChange: () => settle() });
  const told = h("p", { class: "error-text", id: `${id}-told`, role: "status" });
  const was = h("span", { class: "hint" });
  let shown = 0, typing = false;
  const tell = (text) => { if (told.textContent !== text) told.textContent = text; };
  const fits = (text) => /^(100|\d{1,2})$/.test(text);

  /** While somebody types, the slider follows what fits; the field itself is left alone. */
  function typed() {
    const odd = number.validity.badInput || (number.value !== "" && !(Number(number.value) >= 0 && Number(number.value) <= 100));
    number.setAttribute("aria-invalid", String(odd));
    tell(odd ? "A weight is a number from 0 to 100." : "");
    if (!fits(number.value)) return;
    typing = true;
    onChange(Number(number.value) / 100);
    typing = false;
  }

  function settle() {
    const given = Number(number.value);
    if (number.validity.badInput || number.value === "") {
      number.value = shown;
      tell(`A weight is a number from 0 to 100; it stays at ${shown}.`);
    } else {
      const taken = Math.round(Math.min(100, Math.max(0, given)));
      tell(given === taken ? "" : `A weight is a ${given > 100 || given < 0 ? "" : "whole "}number from 0 to 100: ${number.value} was taken as ${taken}.`);
      if (taken === shown) number.value = shown; else onChange(taken / 100);
    }
    number.removeAttribute("aria-invalid");
  }

  return {
    element: h("div", { class: "slider" }, h("label", { for: id }, visible(part)), h("span", { class: "hint" }, partMeaning(part)),
      h("div", { class: "pair" }, range, number, h("span", { "aria-hidden": "true" }, "%")), told, was),
    show(percents, own) {
      shown = percents;
      range.value = percents;
      if (!typing) { number.value = percents; number.removeAttribute("aria-invalid"); }
      range.setAttribute("aria-valuetext", `${percents} percent`);
      was.textContent = `In the run: ${percent(own)}`;
    },
  };
}

const normalised = (values) => { const sum = values.reduce((a, b) => a + b, 0); return values.map((value) => value / sum); };
const same = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 1e-3);

function wholePercents(values) {
  const floors = values.map((value) => Math.floor(value * 100 + 1e-9));
  const missing = 100 - floors.reduce((a, b) => a + b, 0);
  const order = values.map((value, i) => [value * 100 - floors[i], i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (let j = 0; j < missing; j++) floors[order[j % order.length][1]]++;
  return floors;
}
