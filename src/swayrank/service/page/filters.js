// The leaderboard's facets: each group with how many accounts it would give under the other filters.

import { communityName } from "/page/known.js";
import { told } from "/page/ties.js";
import { clear, count, debounced, h, visible } from "/page/ui.js";
import { roleMeaning, tierMeaning } from "/page/words.js";

const FACETS = ["role", "tier", "community"];
const SHOWN = 8;
const STATUS = [["", "All"], ["scored", "With a score"], ["insufficient", "Too little data"]];

/** What an address asks for. */
export function readFilters(query) {
  const number = (key) => { const text = query.get(key); return text && Number(text) >= 0 && Number(text) <= 100 ? text : null; };
  const status = STATUS.some(([value]) => value === query.get("status")) ? query.get("status") : null;
  return { q: query.get("q") ?? "", status: status || null, min_score: number("min_score"), max_score: number("max_score"),
    ...Object.fromEntries(FACETS.map((facet) => [facet, query.getAll(facet)])) };
}

/** The panel; `show(facets, more)` puts the counts in, `more` says of how many groups they are not told; `state` is changed in place, `onChange()` is called then. */
export function filtersPanel({ groups, state, byTier, onChange }) {
  const wide = matchMedia("(min-width: 701px)").matches;
  const summary = h("summary", null, "Filters");
  const body = h("div");
  const status = statusBox(state, onChange);
  const scores = scoreBox(state, onChange);
  const boxes = {
    role: facetBox("role", "Role", state, onChange, { label: (value) => visible(value), title: roleMeaning }),
    tier: facetBox("tier", told("Tier of followers"), state, onChange, { label: tierMeaning, order: byTier }),
    community: facetBox("community", "Community", state, onChange, { label: (value) => communityName(value, groups, { limit: 12 }) }),
  };
  const none = h("button", { type: "button", hidden: true, onClick: () => {
    Object.assign(state, { role: [], tier: [], community: [], status: null, min_score: null, max_score: null });
    status.reset();
    scores.reset();
    onChange();
    summary.focus();
  } }, "Take all filters away");
  clear(body, status.element, scores.element, FACETS.map((facet) => boxes[facet].element), none); // what comes late is last
  const element = h("details", { class: "facets", open: wide }, summary, body);
  return {
    element,
    show(facets, more = {}) {
      const on = FACETS.reduce((n, facet) => n + state[facet].length, 0) + [state.status, state.min_score, state.max_score].filter(Boolean).length;
      summary.textContent = on ? `Filters (${on} on)` : "Filters";
      none.hidden = !on;
      status.show(facets.status ?? []);
      for (const facet of FACETS) boxes[facet].show(facets[facet] ?? [], more[facet] ?? 0);
    },
  };
}

function statusBox(state, onChange) {
  const counts = new Map(STATUS.map(([value]) => [value, h("span", { class: "number" })]));
  const inputs = STATUS.map(([value]) => h("input", { type: "radio", name: "status", value, checked: (state.status ?? "") === value,
    onChange: () => { state.status = value || null; onChange(); } }));
  return {
    element: h("fieldset", null, h("legend", null, "Status"), STATUS.map(([value, label], i) => h("label", null, inputs[i], label, counts.get(value)))),
    reset() { inputs[0].checked = true; },
    show(found) {
      const by = new Map(found.map((one) => [one.value, one.count]));
      for (const [value, place] of counts) place.textContent = value ? count(by.get(value) ?? 0) : count(found.reduce((sum, one) => sum + one.count, 0));
    },
  };
}

function scoreBox(state, onChange) {
  const changed = debounced(onChange, 250);
  const input = (key, label) => h("input", { type: "number", min: 0, max: 100, step: "any", inputmode: "decimal", value: state[key] ?? "", "aria-label": label,
    placeholder: key === "min_score" ? "0" : "100",
    onInput: (event) => {
      const text = event.target.value;
      const fits = text === "" || (Number(text) >= 0 && Number(text) <= 100);
      event.target.setAttribute("aria-invalid", String(!fits));
      if (fits) { state[key] = text === "" ? null : text; changed(); }
    } });
  const low = input("min_score", "Score at least"), high = input("max_score", "Score at most");
  return {
    element: h("fieldset", { class: "score-range" }, h("legend", null, "Score"), h("div", { class: "pair" }, low, h("span", { "aria-hidden": "true" }, "to"), high)),
    reset() { low.value = high.value = ""; },
  };
}

function facetBox(facet, label, state, onChange, { label: words, title = () => "", order }) {
  const list = h("div", { class: "groups" });
  const filter = h("input", { type: "search", placeholder: "Filter these", "aria-label": `Filter the list: ${label}`, autocomplete: "off", spellcheck: "false", hidden: true });
  const more = h("button", { type: "button", class: "link", hidden: true, onClick: () => { all = !all; draw(); } });
  const others = h("p", { class: "faint", hidden: true });
  const element = h("fieldset", { hidden: true }, h("legend", null, label), filter, list, more, others);
  let found = [], all = false, unlisted = 0;
  filter.addEventListener("input", draw);
  const chosen = (value) => state[facet].includes(String(value));
  function draw() {
    const text = filter.value.trim().toLowerCase();
    const fitting = found.map((one) => [one, words(one.value)]).filter(([, shown]) => !text || (shown.textContent ?? shown).toLowerCase().includes(text));
    const few = all || text ? fitting : fitting.filter(([one], i) => i < SHOWN || chosen(one.value));
    const focused = list.contains(document.activeElement) ? document.activeElement.value : null;
    clear(list, few.map(([one, shown]) => h("label", { title: title(one.value) || undefined },
      h("input", { type: "checkbox", value: one.value, checked: chosen(one.value), onChange: (event) => toggle(String(one.value), event.target.checked) }),
      h("span", null, shown), h("span", { class: "number" }, count(one.count)))), few.length ? null : h("p", { class: "faint" }, "None of these."));
    if (focused !== null) [...list.querySelectorAll("input")].find((one) => one.value === focused)?.focus();
    filter.hidden = found.length <= SHOWN;
    more.hidden = found.length <= SHOWN || Boolean(text);
    more.textContent = all ? "Show fewer" : unlisted ? `Show the ${count(found.length)} largest` : `Show all ${count(found.length)}`;
    more.setAttribute("aria-expanded", String(all));
    others.hidden = !unlisted || !(all || text);
    others.textContent = `${count(unlisted)} smaller ones are not listed.`;
  }
  function toggle(value, on) {
    state[facet] = on ? [...state[facet], value] : state[facet].filter((one) => one !== value);
    onChange();
  }
  return {
    element,
    show(groups, rest) {
      unlisted = rest;
      const there = new Set(groups.map((one) => String(one.value)));
      found = [...groups, ...state[facet].filter((value) => !there.has(value)).map((value) => ({ value, count: 0 }))];
      if (order) found.sort((a, b) => order(a.value, b.value));
      element.hidden = !found.length;
      draw();
    },
  };
}
