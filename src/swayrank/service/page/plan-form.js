// The planner's form: what a campaign wants, in the words of people who run one, turned into the parameters of a job.

import { clear, count, debounced, field, h, plural, visible } from "/page/ui.js";
import { strangersNote } from "/page/strangers.js";
import { communityText, forWriters } from "/page/known.js";
import { follower as one, told as toldHere } from "/page/ties.js";
import { accountList } from "/page/outcomes.js";
import { amountText, readAmounts, readCosts } from "/page/lines.js";
import { byTier, tierMeaning } from "/page/words.js";

const METHODS = [["opim", "Best choice with a guarantee"], ["celf", "Greedy by simulation (slow, for small graphs)"], ["degree_discount", "Most followed, discounted for overlap"],
  ["degree", "Most followed"], ["pagerank", "Highest PageRank"], ["collective_influence", "Collective influence"], ["vote_rank", "VoteRank"],
  ["k_core", "Innermost of the network"], ["random", "At random, to compare with"]];
const CERTAINTY = [["0.05", "5 % (slower)"], ["0.1", "10 %"], ["0.2", "20 % (faster)"]];
const GROUPS = [["community", "community"], ["tier", "size (tier)"], ["role", "role"]];

const number = (value, attributes) => h("input", { type: "number", inputmode: "decimal", value: amountText(value ?? ""), ...attributes });
const choice = (options, value) => h("select", null, options.map(([key, label]) => h("option", { value: key, selected: String(value) === key }, label)));

/**
 * A form over `past` parameters; `onPlan(parameters)` is called with what was asked for once it can be. `facets` and `total`
 * are those of all accounts.
 */
export function planForm({ api, facets, total, groups, past = {}, signal, onPlan }) {
  const goal = goalPart(past);
  const costs = costsPart(past.costs);
  const lists = {
    must: accountList({ label: "Must be in the plan", value: past.must ?? [], limit: 10_000, signal, onChange: () => tellRoom() }),
    never: accountList({ label: "Never", hint: "Competitors, staff, accounts that declined.", value: past.never ?? [], limit: 100_000, signal, onChange: () => tellRoom() }),
  };
  const only = onlyPart(facets, past.only ?? {});
  const quota = quotaPart(facets, groups, past.quota);
  const more = morePart(past);
  const wrong = h("div", { role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, "Plan");
  const settle = () => {
    const budget = goal.kind() === "budget";
    costs.element.hidden = !budget;
    quota.element.disabled = budget;
    quota.note.hidden = !budget;
  };
  goal.element.addEventListener("change", settle);
  settle();
  const tellRoom = debounced(async () => {
    const asked = goal.wanted();
    if (!asked) return goal.tell("");
    try {
      const byBudget = goal.kind() === "budget";
      const wishes = { total, facets, only: only.read().only, quota: byBudget ? null : quota.read([]).quota, must: lists.must.get(), never: lists.never.get() };
      const room = Math.min(await roomFor({ api, signal }, wishes), byBudget ? affordable(goal.read([]).budget, costs.read([]), wishes) : total);
      const there = `${room === total ? "There are" : "What is asked below leaves at most"} ${plural(room, "account")}`;
      goal.tell(asked > room ? `${there}; the plan will have no more.` : "");
    } catch { goal.tell(""); }
  }, 250);
  const form = h("form", { class: "plan-form", novalidate: true, "aria-label": "What the campaign wants", onSubmit: async (event) => {
    event.preventDefault();
    const errors = [];
    const asked = { ...goal.read(errors), ...more.read(errors) };
    if (goal.kind() === "budget") asked.costs = costs.read(errors);
    for (const [key, list] of Object.entries(lists)) if (list.get().length) asked[key] = list.get();
    const both = lists.must.get().filter((account) => lists.never.get().includes(account));
    if (both.length) errors.push([lists.never.element.querySelector("input"), `${visible(both[0])} is in both lists, must and never.`]);
    if (asked.k && lists.must.get().length > asked.k) errors.push([lists.must.element.querySelector("input"),
      `${plural(lists.must.get().length, "account")} must be in a plan of ${count(asked.k)}.`]);
    Object.assign(asked, only.read(), goal.kind() === "number" ? quota.read(errors) : {});
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    clear(wrong, errors.length ? h("ul", { class: "error-text" }, errors.map(([, text]) => h("li", null, text))) : null);
    if (errors.length) {
      for (const [input] of errors) input?.setAttribute("aria-invalid", "true");
      errors[0][0]?.focus();
      return;
    }
    button.disabled = true;
    try { await onPlan(asked); } catch (error) {
      if (error.name !== "AbortError") clear(wrong, unknownNames(error, { ...lists, costs }, tellRoom) ?? h("p", { class: "error-text" }, visible(error.message)));
    } finally { button.disabled = false; }
  }, onInput: tellRoom, onChange: tellRoom },
  h("div", { class: "columns" }, h("div", null, goal.element, costs.element, quota.element),
    h("div", null, h("fieldset", null, h("legend", null, "Accounts"), lists.must.element, lists.never.element), only.element)),
  more.element, wrong, h("p", { class: "buttons" }, forWriters(button)));
  tellRoom();
  return form;
}

/** How many accounts may be chosen at most: those whom the filters leave, less `never`, and those who must be taken. */
async function roomFor({ api, signal }, { total, facets, only, quota, must, never }) {
  const left = only ? (await api.get("/accounts", { ...only, page_size: 1 }, { signal })).total : total;
  if (only) return Math.min(total, left + must.length); // who of the lists is among them is not known here
  const over = Object.entries(quota?.at_most ?? {}).map(([group, most]) => Math.max(0, (facets[quota.by].find((one) => String(one.value) === group)?.count ?? 0) - most));
  return Math.max(must.length, left - Math.max(never.length, over.reduce((a, b) => a + b, 0)));
}

/** How many accounts at most have a price that is known and within the budget. */
function affordable(budget, { default: each, per_follower: follower, accounts = {} }, { total, only, never }) {
  const own = Object.entries(accounts).filter(([account]) => !never.includes(account));
  const within = own.filter(([, cost]) => cost <= budget).length;
  if (each === undefined && follower === undefined) return within;
  if ((each ?? 0) > budget) return within;
  return only ? total : total - never.length - (own.length - within); // who of the list is within the filters is not known here
}

/** The names that the service does not know, and a button that takes them out of all lists. */
function unknownNames(problem, lists, removed) {
  const names = new Set(problem.type === "unknown-account" ? problem.accounts : []);
  const there = Object.values(lists).filter((list) => list.get().some((account) => names.has(account)));
  if (!there.length) return null;
  const note = strangersNote(names, () => {
    for (const list of there) list.set(list.get().filter((account) => !names.has(account)));
    note.remove();
    there[0].element.querySelector(".account-list input, textarea").focus();
    removed();
  }, { alone: false });
  return note;
}

function goalPart(past) {
  const byBudget = past.budget !== undefined && past.budget !== null;
  const radio = (value, label, checked) => h("label", { class: "choice" }, h("input", { type: "radio", name: "goal", value, checked }), label);
  const k = number(byBudget ? "" : past.k ?? 10, { min: 1, step: 1 });
  const budget = number(past.budget, { min: 0, step: "any" });
  const most = number(byBudget ? past.k : "", { min: 1, step: 1, placeholder: "no limit" });
  const room = h("p", { class: "hint warned", role: "status" });
  const parts = { number: field("How many accounts", k), budget: h("div", null, field("Budget", budget, "In the money of the costs below."), field("At most so many accounts", most)) };
  const element = h("fieldset", null, h("legend", null, "Goal"), h("p", { class: "hint" }, "Reach as many accounts as possible with"),
    radio("number", "a number of accounts", !byBudget), radio("budget", "a budget", byBudget), parts.number, parts.budget, room);
  const kind = () => element.querySelector("input[name=goal]:checked").value;
  const show = () => { parts.number.hidden = kind() !== "number"; parts.budget.hidden = kind() !== "budget"; };
  element.addEventListener("change", show);
  show();
  const whole = (input, errors, what) => {
    const value = Number(input.value);
    if (!Number.isInteger(value) || value < 1 || value > 10_000) errors.push([input, `${what} must be a whole number from 1 to 10,000, got "${input.value}".`]);
    return value;
  };
  const wanted = () => Number((kind() === "number" ? k : most).value);
  const tell = (text) => { if (room.textContent !== text) room.textContent = text; };
  return { element, kind, wanted, tell, read(errors) {
    if (kind() === "number") return { k: whole(k, errors, "How many accounts") };
    const reason = budget.validity.badInput ? "cannot be read: write it as 1200.50" : budget.value === "" ? "is empty: say how much may be spent in all"
      : readAmounts([budget.value])[0].reason ?? (Number(budget.value) > 0 ? null : `must be above 0, got ${budget.value}`);
    if (reason) errors.push([budget, `The budget ${reason}.`]);
    return { budget: Number(budget.value), ...(most.value ? { k: whole(most, errors, "At most so many accounts") } : {}) };
  } };
}

function costsPart(past) {
  const each = number(past ? past.default : 1, { min: 0, step: "any" });
  const follower = number(past?.per_follower, { min: 0, step: "any", placeholder: "0" });
  const own = h("textarea", { rows: 5, spellcheck: "false", placeholder: "account,cost\nada,250\nbob,120" });
  own.value = Object.entries(past?.accounts ?? {}).map(([account, cost]) => `${/[",\n]/.test(account) ? `"${account.replaceAll('"', '""')}"` : account},${amountText(cost)}`).join("\n");
  const told = h("div", { role: "status" });
  own.addEventListener("input", () => tellCosts(told, readCosts(own.value)));
  const element = h("fieldset", null, h("legend", null, "Costs"),
    h("div", { class: "row" }, h("div", { class: "grow" }, field("Cost of each account", each)), h("div", { class: "grow" }, field(`And of each ${one()}`, follower))),
    field("Costs of your own, one account a line", own,
      "They go before the two above. Leave those empty to choose from this list alone. A budget needs costs of one kind or another."), told);
  /** Keep the lines of these accounts, and those that name none. */
  const set = (stay) => {
    const gone = new Set([...readCosts(own.value).lines].filter(([account]) => !stay.includes(account)).map(([, line]) => line));
    own.value = own.value.split("\n").filter((_, i) => !gone.has(i + 1)).join("\n");
    tellCosts(told, readCosts(own.value));
  };
  return { element, set, get: () => [...readCosts(own.value).rows.keys()], read(errors) {
    const { rows, errors: bad } = readCosts(own.value);
    if (bad.length) errors.push([own, `${plural(bad.length, "line")} of your costs cannot be read; the first is line ${bad[0].line}: ${bad[0].reason}.`]);
    for (const [input, what] of [[each, "The cost of each account"], [follower, `The cost for each ${one()}`]]) {
      const reason = input.validity.badInput ? "cannot be read: write it as 1200.50" : input.value === "" ? null : readAmounts([input.value])[0].reason;
      if (reason) errors.push([input, `${what} ${reason}.`]);
    }
    if (each.value === "" && follower.value === "" && !rows.size) errors.push([each, `A budget needs costs: give what each account costs, what a ${one()} costs, or a list.`]);
    const told = {};
    if (each.value !== "") told.default = Number(each.value);
    if (follower.value !== "") told.per_follower = Number(follower.value);
    if (rows.size) told.accounts = Object.fromEntries(rows);
    return told;
  } };
}

function tellCosts(place, { rows, errors }) {
  clear(place, rows.size || errors.length ? h("p", { class: "hint" },
    `${plural(rows.size, "cost")} read${errors.length ? `, ${plural(errors.length, "line")} not` : ""}.`) : null, errorLines(errors));
}

/** The lines that cannot be read, with why. */
export function errorLines(errors, most = 20) {
  if (!errors.length) return null;
  return h("ul", { class: "error-list error-text" },
    errors.slice(0, most).map(({ line, text, reason }) => h("li", null, `Line ${line}: ${visible(reason)}. `, text ? h("code", null, visible(text.slice(0, 80))) : null)),
    errors.length > most ? h("li", null, `and ${count(errors.length - most)} more`) : null);
}

/** The groups that can be asked for: tiers from small to large, others as the service lists them. */
function groupsOf(facets, by) {
  const groups = (facets[by] ?? []).filter((one) => one.value !== null && one.value !== "none");
  return by === "tier" ? groups.sort((a, b) => byTier(b.value, a.value)) : groups;
}

/** What a group is called, as on the leaderboard. */
const groupWords = (by, group, groups) => (by === "community" ? communityText(group, groups) : by === "tier" ? tierMeaning(group) : visible(group));

function onlyPart(facets, past) {
  const part = (by, label) => {
    const groups = groupsOf(facets, by);
    if (!groups.length) return null;
    return h("div", { role: "group", "aria-label": label }, h("p", null, h("strong", null, label)), h("div", { class: "checks" }, groups.map((one) => h("label", { class: "choice" },
      h("input", { type: "checkbox", name: by, value: String(one.value), checked: (past[by] ?? []).includes(String(one.value)) }), groupWords(by, one.value),
      h("span", { class: "faint" }, ` ${count(one.count)}`)))));
  };
  const parts = [part("role", "Roles"), part("tier", "Sizes (tiers)")];
  const element = h("fieldset", null, h("legend", null, "Choose only from"), h("p", { class: "hint" }, "Nothing ticked: everybody."), parts);
  element.hidden = !parts.some(Boolean);
  return { element, read() {
    const only = {};
    for (const box of element.querySelectorAll("input:checked")) (only[box.name] ??= []).push(box.value);
    return Object.keys(only).length ? { only } : {};
  } };
}

function quotaPart(facets, groups, past) {
  const by = choice(GROUPS.filter(([key]) => facets[key]?.length), past?.by);
  const sense = choice([["at_most", "at most"], ["at_least", "at least"]], past?.at_least ? "at_least" : "at_most");
  const rows = h("ul", { class: "plain" });
  const groupsNow = () => groupsOf(facets, by.value);
  const add = (group, n = 1) => {
    const told = groupsNow().map((one) => [String(one.value), `${groupWords(by.value, one.value, groups)} (${count(one.count)})`]);
    if (group !== undefined && !told.some(([value]) => value === String(group))) told.push([String(group), groupWords(by.value, group, groups)]); // too small to be listed
    const select = choice(told, group);
    select.setAttribute("aria-label", "Group");
    const row = h("li", { class: "row" }, select, number(n, { min: 0, step: 1, "aria-label": "How many", class: "short" }),
      h("button", { type: "button", "aria-label": "Remove this quota", onClick: () => { row.remove(); button.focus(); } }, "×"));
    rows.append(row);
    return select;
  };
  const button = h("button", { type: "button", onClick: () => add().focus() }, "Add a quota");
  by.addEventListener("change", () => clear(rows));
  by.setAttribute("aria-label", "Quotas by");
  sense.setAttribute("aria-label", "At most or at least");
  for (const [group, n] of Object.entries(past?.at_most ?? past?.at_least ?? {})) add(group, n);
  const note = h("p", { class: "hint" }, "Quotas and a budget do not go together; choose a number of accounts to use them.");
  const element = h("fieldset", null, h("legend", null, "Quotas"), note, h("div", { class: "row" }, h("span", null, "By"), by, sense), rows, button);
  return { element, note, read(errors) {
    const told = {};
    for (const row of rows.children) {
      const [select, input] = row.querySelectorAll("select, input");
      if (!Number.isInteger(Number(input.value)) || input.value === "" || Number(input.value) < 0) errors.push([input, `A quota must be a whole number, got "${input.value}".`]);
      if (select.value in told) errors.push([select, `There are two quotas for ${groupWords(by.value, select.value, groups)}.`]);
      told[select.value] = Number(input.value);
    }
    return Object.keys(told).length ? { quota: { by: by.value, [sense.value]: told } } : {};
  } };
}

function morePart(past) {
  const method = choice(METHODS.map(([method, words]) => [method, toldHere(words)]), past.method ?? "opim");
  const epsilon = choice(CERTAINTY, past.epsilon ?? "0.1");
  const rng = number(past.rng ?? 7, { min: 0, step: 1 });
  const certainty = field("How near to the best that can be guaranteed", epsilon, "Nearer takes more samples.");
  const show = () => { certainty.hidden = method.value !== "opim"; };
  method.addEventListener("change", show);
  show();
  const element = h("details", null, h("summary", null, "More: method, certainty, randomness"), h("div", { class: "columns" }, field("Method", method), certainty,
    field("Seed of randomness", rng, "The same number gives the same plan.")));
  element.open = Boolean((past.method && past.method !== "opim") || (past.epsilon && past.epsilon !== 0.1));
  return { element, read(errors) {
    if (!Number.isInteger(Number(rng.value)) || rng.value === "" || Number(rng.value) < 0) errors.push([rng, `The seed of randomness must be a whole number, got "${rng.value}".`]);
    return { ...(method.value === "opim" ? { epsilon: Number(epsilon.value) } : {}), method: method.value, rng: Number(rng.value) };
  } };
}
