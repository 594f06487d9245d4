// Who has most influence: search, facets, order, pages; all of it in the address, so that a list can be sent to somebody.

import { communities, communityName, theRun } from "/page/known.js";
import { filtersPanel, readFilters } from "/page/filters.js";
import { exportMenu } from "/page/exports.js";
import { edges, Followers } from "/page/ties.js";
import { accountLink, announce, between, clear, count, dataTable, debounced, decimal, emptyState, errorState, field, figure, h, intervalBar, legend, loading,
  name, pager, partsBar, percent, plural, unseen, visible } from "/page/ui.js";
import { byTier, partMeaning } from "/page/words.js";

export const title = "Leaderboard";

const SIZES = [25, 50, 100, 200];
const MOST_PICKED = 50;

export async function render(root, context) {
  const [run, groups] = await Promise.all([theRun(), communities()]);
  if (context.signal.aborted) return;
  const state = { ...readFilters(context.query), page: whole(context.query.get("page"), 1), size: whole(context.query.get("size"), 50),
    sort: context.query.get("sort") || "rank", order: context.query.get("order"), picked: new Set(context.query.getAll("pick").slice(0, MOST_PICKED)) };
  new Leaderboard(root, context, run, groups, state).start();
}

const whole = (text, otherwise) => (/^[1-9]\d{0,6}$/.test(text ?? "") ? Number(text) : otherwise);

class Leaderboard {
  constructor(root, context, run, groups, state) {
    Object.assign(this, { root, context, run, groups, state });
    this.asked = null;
    this.table = h("div", { class: "results" }, loading(12));
    this.told = h("p", { class: "told", role: "status" }, "Looking for accounts");
    this.bar = h("div", { class: "picked-bar", role: "region", "aria-label": "Chosen accounts", hidden: true });
    this.filters = filtersPanel({ run, groups, state, byTier, onChange: () => this.change() });
  }

  start() {
    const { run, context, state } = this;
    const parts = Object.keys(run.weights);
    const search = h("input", { type: "search", value: state.q, placeholder: "Part of a name", autocomplete: "off", spellcheck: "false", maxlength: 200 });
    const typed = debounced(() => { if (state.q !== search.value.trim()) { state.q = search.value.trim(); this.change(); } }, 180);
    search.addEventListener("input", typed);
    this.search = search;
    clear(this.root, h("h1", null, title), this.lead(),
      h("div", { class: "with-side" }, this.filters.element,
        h("div", { class: "main-side" },
          h("div", { class: "row toolbar" }, h("div", { class: "grow" }, field("Find an account", search)), this.sorter(parts),
            exportMenu({ api: context.api, path: "/exports/scores", query: () => this.query(), forms: ["csv", "xlsx", "json", "parquet"], total: () => this.total, what: "accounts" })),
          h("div", { class: "row between" }, this.told, this.legend(parts)),
          this.table, this.bar,
          h("details", { class: "more-below" }, h("summary", null, "How the scores of all accounts are spread"), figure("scores", {}, { signal: context.signal })))));
    context.signal.addEventListener("abort", () => this.asked?.abort());
    this.load();
    this.drawPicked();
  }

  lead() {
    const { counts, intervals } = this.run;
    const sure = intervals ? ` The bar shows where it lies with ${percent(intervals.confidence)} confidence: accounts whose bars overlap may be in another order next time.` : "";
    return h("p", { class: "lead" }, `${count(counts.scored)} of ${plural(counts.accounts, "account")} ${counts.scored === 1 ? "has" : "have"} a score from 0 to 100.${sure}`);
  }

  legend(parts) {
    const list = legend(parts.map((part) => `${visible(part)} (weight ${percent(this.run.weights[part])})`));
    list.setAttribute("aria-label", "Parts of the score");
    parts.forEach((part, i) => { list.children[i].title = partMeaning(part); });
    return list;
  }

  sorter(parts) {
    const options = [["rank", "Rank"], ["account", "Name"], ["score_low", "Lower end of the score"], ...parts.map((part) => [part, `Part: ${visible(part)}`])];
    if (this.run.has.accounts) options.push(["followers", Followers()], ...(edges() ? [] : [["following", "Following"]]), ["reactions", "Reactions received"],
      ["engagers", "Accounts that react"], ["posts", "Posts"]);
    if (!options.some(([value]) => value === this.state.sort)) options.push([this.state.sort, visible(this.state.sort)]);
    this.select = h("select", { onChange: () => { Object.assign(this.state, { sort: this.select.value, order: null }); this.change(); } },
      options.map(([value, label]) => h("option", { value, selected: value === this.state.sort }, label)));
    return field("Order by", this.select);
  }

  // -- what is asked for ---------------------------------------------------------------------------------------------

  query() {
    const { q, role, tier, community, status, min_score, max_score, sort, order } = this.state;
    return { q, role, tier, community, status, min_score, max_score, sort, order };
  }

  /** The filters or the order changed: from the first page. */
  change({ page = 1 } = {}) {
    this.state.page = page;
    this.remember();
    this.load();
  }

  remember() {
    const { page, size, sort, picked } = this.state;
    this.context.remember({ ...this.query(), sort: sort === "rank" ? null : sort, page: page > 1 ? page : null, size: size === 50 ? null : size, pick: [...picked] });
  }

  async load() {
    this.asked?.abort();
    const asked = this.asked = new AbortController();
    this.table.setAttribute("aria-busy", "true");
    try {
      const answer = await this.context.api.get("/accounts", { ...this.query(), page: this.state.page, page_size: this.state.size }, { signal: asked.signal });
      if (!answer.items.length && answer.total) return this.change({ page: Math.ceil(answer.total / this.state.size) });
      this.show(answer);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.told.textContent = "";
      clear(this.table, errorState(error, error.status === 422 ? () => this.reset() : () => this.load()));
    }
    if (this.asked === asked) this.table.removeAttribute("aria-busy");
  }

  reset() {
    Object.assign(this.state, { q: "", role: [], tier: [], community: [], status: null, min_score: null, max_score: null, sort: "rank", order: null });
    this.search.value = "";
    this.select.value = "rank";
    this.change();
  }

  // -- what came -----------------------------------------------------------------------------------------------------

  show(answer) {
    this.total = answer.total;
    this.filters.show(answer.facets, answer.facets_more);
    const all = answer.total === this.run.counts.accounts;
    const told = `${plural(answer.total, "account")}${all ? ", all there are" : answer.total === 1 ? " fits" : " fit"}`;
    this.told.textContent = told;
    if (!answer.items.length) return clear(this.table, this.nobody());
    const table = dataTable({ caption: `Accounts ${this.orderInWords()}, page ${answer.page}`, columns: this.columns(answer), rows: answer.items, rowHeader: "account",
      sort: this.sorted(), onSort: (by) => this.sortBy(by) });
    clear(this.table, table, this.below(answer));
    if (this.refocus) { table.querySelector(`button.sort[data-sort="${CSS.escape(this.refocus)}"]`)?.focus(); this.refocus = null; }
    this.paintPicked();
  }

  nobody() {
    const { q } = this.state;
    const text = q ? ["No account whose name holds “", name(q), "” fits the filters. Look for a shorter part of the name, or take filters away."]
      : ["No account fits these filters together. Take some of them away."];
    return emptyState("Nobody fits", h("span", null, text), h("button", { type: "button", onClick: () => this.reset() }, "Show all accounts"));
  }

  sorted() {
    const { sort, order } = this.state;
    const upward = sort.startsWith("rank") || sort === "account";
    return { by: sort, descending: order ? order === "desc" : !upward };
  }

  orderInWords() {
    return `by ${this.state.sort.replaceAll("_", " ")}, ${this.sorted().descending ? "highest first" : this.state.sort === "account" ? "A first" : "lowest first"}`;
  }

  sortBy(by) {
    const now = this.sorted();
    this.refocus = by;
    Object.assign(this.state, by === now.by ? { order: now.descending ? "asc" : "desc" } : { sort: by, order: null });
    if (![...this.select.options].some((one) => one.value === by)) this.select.append(h("option", { value: by }, visible(by)));
    this.select.value = by;
    this.change();
    announce(`Ordered ${this.orderInWords()}`);
  }

  columns(answer) {
    const shown = answer.items;
    const part = Object.hasOwn(this.run.weights, this.state.sort) ? this.state.sort : null;
    return [
      { key: "pick", label: unseen("Choose"), class: "pick", cell: (row) => this.checkbox(row.account) },
      { key: "rank", label: "Rank", number: true, sort: "rank", cell: rankCell },
      { key: "account", label: "Account", sort: "account", class: "who", cell: (row) => accountLink(row.account) },
      { key: "score", label: "Score", number: true, sort: "score", cell: (row) => (row.score === null ? null : h("strong", null, decimal(row.score))) },
      { key: "interval", label: "Between", class: "interval-cell", title: "The interval of the score, on 0 to 100", cell: intervalCell },
      part && { key: part, label: visible(part), number: true, sort: part, cell: (row) => decimal(row.parts[part]?.scaled) },
      { key: "parts", label: "Made of", wide: true, cell: (row) => (row.score === null ? null : partsBar(row.parts)) },
      { key: "followers", label: Followers(), number: true, wide: true, sort: this.run.has.accounts ? "followers" : undefined,
        cell: (row) => [count(row.followers), row.tier === null ? null : h("span", { class: "under" }, "tier ", visible(row.tier))] },
      shown.some((row) => row.role !== null || row.community !== null) && { key: "role", label: "Role and community", wide: true, class: "kind",
        cell: (row) => [row.role === null ? "–" : visible(row.role),
          row.community === null ? null : h("span", { class: "under" }, communityName(row.community, this.groups, { limit: 14 }))] },
    ].filter(Boolean);
  }

  below(answer) {
    const sizes = h("select", { "aria-label": "Accounts on a page", onChange: (event) => { this.state.size = Number(event.target.value); this.change(); } },
      [...new Set([...SIZES, this.state.size])].sort((a, b) => a - b).map((size) => h("option", { value: size, selected: size === this.state.size }, `${size} a page`)));
    return h("div", { class: "row between" }, pager({ page: answer.page, pageSize: answer.page_size, total: answer.total, onPage: (page) => this.turn(page) }), sizes);
  }

  async turn(page) {
    this.change({ page });
    this.told.scrollIntoView({ block: "nearest" });
  }

  // -- choosing ------------------------------------------------------------------------------------------------------

  checkbox(account) {
    return h("input", { type: "checkbox", checked: this.state.picked.has(account), "aria-label": `Choose ${visible(account)}`,
      onChange: (event) => this.pick(account, event.target) });
  }

  pick(account, box) {
    const { picked } = this.state;
    if (box.checked && picked.size >= MOST_PICKED) {
      box.checked = false;
      announce(`At most ${MOST_PICKED} accounts can be chosen here.`);
      return;
    }
    if (box.checked) picked.add(account); else picked.delete(account);
    this.remember();
    this.drawPicked();
    this.paintPicked();
    announce(`${plural(picked.size, "account")} chosen`);
  }

  paintPicked() {
    for (const box of this.table.querySelectorAll("td.pick input")) box.closest("tr").classList.toggle("picked", box.checked);
  }

  drawPicked() {
    const picked = [...this.state.picked];
    this.bar.hidden = !picked.length;
    const all = (key, list) => list.map((one) => `${key}=${encodeURIComponent(one)}`).join("&");
    const shown = picked.slice(0, 4).map((one) => name(one, { limit: 16 }));
    clear(this.bar, h("span", null, h("strong", null, `${picked.length} chosen`), ": ", shown.flatMap((one, i) => (i ? [", ", one] : [one])),
      picked.length > 4 ? ` and ${picked.length - 4} more` : ""),
      h("span", { class: "buttons" },
        picked.length === 2 ? h("a", { class: "button primary", "data-link": true,
          href: `/compare?a=${encodeURIComponent(picked[0])}&b=${encodeURIComponent(picked[1])}` }, "Compare the two")
          : h("span", { class: "faint" }, picked.length < 2 ? "Choose a second one to compare" : "Two can be compared"),
        h("a", { class: "button", "data-link": true, href: `/whatif?${all("seed", picked)}` }, "What would they reach?"),
        h("a", { class: "button", "data-link": true, href: `/planner?${all("must", picked)}` }, "Plan with them"),
        h("button", { type: "button", onClick: () => this.unpick() }, "Choose none")));
  }

  unpick() {
    this.state.picked.clear();
    for (const box of this.table.querySelectorAll("td.pick input")) box.checked = false;
    this.paintPicked();
    this.drawPicked();
    this.remember();
    this.search.focus();
  }
}

function rankCell(row) {
  if (row.rank === null) return null;
  const wide = row.rank_low !== null && row.rank_low !== row.rank_high;
  return [h("span", null, count(row.rank)), wide ? h("span", { class: "under" }, between(row.rank_low, row.rank_high, count)) : null];
}

const intervalCell = (row) => [intervalBar(row.score, row.score_low, row.score_high),
  row.score === null || row.score_low === null ? null : h("span", { class: "under" }, between(row.score_low, row.score_high))];
