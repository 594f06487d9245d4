// A finished plan: what it reaches and how sure that is, the curve, the seeds, their overlap, the communities.

import { communityCell, communityText } from "/page/known.js";
import { follower } from "/page/ties.js";
import { tierMeaning } from "/page/words.js";
import { accountLink, count, dataTable, decimal, figure, h, percent, plural, tile, tiles, toast, unseen, visible } from "/page/ui.js";
import { overlapTable, range, reached, reachedByCommunity, reachTile, simulationAlone } from "/page/outcomes.js";

/** A group within a sentence: "the community around ada and bob", "tier mid: ...", "role broker". */
function groupInWords(by, group, groups) {
  if (by === "tier") return `tier ${tierMeaning(group)}`;
  if (by === "community" && groups.get(Number(group))?.leaders.length) return `the community ${communityText(group, groups)}`;
  return `${by} ${visible(group)}`;
}

/** What a seeds job was asked, in one sentence. `groups`: the communities of its run, where they are known. */
export function planWords(parameters, groups = new Map()) {
  const { k, budget, costs, must = [], never = [], quota, only, method, epsilon } = parameters ?? {};
  const said = [budget !== undefined && budget !== null ? `a budget of ${count(budget)}${k ? ` for at most ${plural(k, "account")}` : ""}` : plural(k ?? 0, "account")];
  if (costs) said.push([costs.default !== undefined && costs.default !== null ? `${decimalCost(costs.default)} each` : "",
    costs.per_follower ? `${decimalCost(costs.per_follower)} a ${follower()}` : "",
    Object.keys(costs.accounts ?? {}).length ? plural(Object.keys(costs.accounts).length, "own cost") : ""].filter(Boolean).join(", "));
  if (must.length) said.push(`with ${must.length <= 2 ? must.map((one) => visible(one)).join(" and ") : plural(must.length, "account")} in it`);
  if (never.length) said.push(`without ${never.length <= 2 ? never.map((one) => visible(one)).join(" and ") : plural(never.length, "account")}`);
  if (quota) {
    const rooms = quota.at_most ?? quota.at_least ?? {};
    const few = Object.entries(rooms).slice(0, 3).map(([group, n]) => `${n} of ${groupInWords(quota.by, group, groups)}`);
    said.push(`${quota.at_most ? "at most" : "at least"} ${few.join(", ")}${Object.keys(rooms).length > 3 ? " and so on" : ""}`);
  }
  const among = Object.entries(only ?? {}).flatMap(([by, wanted]) => wanted.map((one) => (by === "tier" ? `tier ${tierMeaning(one)}` : visible(one))));
  if (among.length) said.push(`only ${among.join(", ")}`);
  if (method && method !== "opim") said.push(`method ${method.replaceAll("_", " ")}`);
  if (epsilon && epsilon !== 0.1 && (!method || method === "opim")) said.push(`within ${percent(epsilon)}`);
  return said.filter(Boolean).join("; ");
}
const decimalCost = (value) => (Number.isInteger(value) ? count(value) : String(value));

const query = (seeds) => seeds.map((account) => `seed=${encodeURIComponent(account)}`).join("&");

/** The result of a seeds job. `others`: done seeds jobs to compare with. */
export function planResult(context, job, plan, { groups, n_accounts, others, compare }) {
  const accounts = plan.seeds.map((seed) => seed.account);
  const [low, high] = [plan.low ?? plan.lower_bound, plan.high ?? plan.upper_bound];
  const spent = plan.cost !== null && plan.cost !== undefined;
  const each = spent ? decimal(plan.cost / Math.max(1e-9, plan.spread), 2) : "";
  return h("div", null,
    h("p", { class: "lead" }, `Asked: ${planWords(job.parameters, groups)}.`),
    h("p", { class: "headline" }, "These ", h("strong", null, plural(accounts.length, "account")), " are expected to reach ", h("strong", null, `${reached(plan.spread)} accounts`),
      `, themselves among them (${range(low, high)})${n_accounts ? `: ${percent(plan.spread / n_accounts, 1)} of ${count(n_accounts)}` : ""}.`),
    fewerWords(job.parameters, plan, n_accounts),
    tiles(reachTile("Expected reach", { mean: plan.spread, low, high }, "95 % interval of the estimate"),
      plan.upper_bound ? tile("No choice reaches more than", reached(plan.upper_bound), `this one, certified, at least ${reached(plan.lower_bound)}`) : null,
      spent ? tile("Cost", count(plan.cost), `${job.parameters.budget ? `of ${count(job.parameters.budget)}; ` : ""}${each} for each reached`) : null,
      tile("Seeds", count(accounts.length), `${plural(new Set(plan.seeds.map((seed) => seed.community)).size, "community", "communities")}`)),
    simulationAlone(),
    h("div", { class: "note" }, h("strong", null, "How good is this choice? "), guaranteeWords(plan)),
    links(context, job, accounts),
    h("h2", null, "What each account adds"),
    figure("seeds", { job: job.id }, { signal: context.signal }),
    seedsTable(plan, spent, groups),
    h("h2", null, "Shared audience"),
    plan.overlap ? overlapTable(accounts, plan.overlap) : h("p", { class: "faint" }, "The overlap is told for up to 20 seeds."),
    h("h2", null, "Where it reaches"),
    reachedByCommunity(plan.by_community ?? [], groups),
    compareWith(context, job, others, compare));
}

/** Where fewer were chosen than were asked for, or money is left: how many, and why. */
function fewerWords({ k, budget }, { seeds, room, cost }, all) {
  const n = seeds.length;
  if (budget !== null && budget !== undefined) return leftWords(k, budget, budget - cost, n, room);
  if (!k || n >= k) return null;
  if (room > n) return h("p", { class: "note" },
    `Asked for ${count(k)}; ${plural(n, "account")} ${n === 1 ? "was" : "were"} chosen of the ${count(room)} that could be: in the samples drawn, no other account adds anything.`);
  return h("p", { class: "note" }, `Asked for ${count(k)}; ${plural(n, "account")} could be chosen${n === all ? ", all there are" : ""}.`);
}

/** What of a budget was not spent, and why: a choice ends where nobody is left who fits and adds anything. */
function leftWords(k, budget, left, n, room) {
  if (!(left >= 0.005)) return null;
  const why = k && n >= k ? `the plan has the ${plural(n, "account")} that it may have` : room <= n ? "all accounts that can be had are in the plan"
    : "no account that is left both fits into that and adds anything in the samples drawn";
  return h("p", { class: "note" }, `${decimalCost(Math.round(left * 100) / 100)} of ${decimalCost(budget)} ${left === 1 ? "was" : "were"} not spent: ${why}.`);
}

function guaranteeWords(plan) {
  const share = plan.upper_bound ? Math.min(1, plan.lower_bound / plan.upper_bound) : null;
  const told = typeof plan.guarantee === "string" ? plan.guarantee : null;
  const [, from, value] = /probability (1 - )?([\d.]+(?:e-?\d+)?)/.exec(told ?? "") ?? [];
  const risk = from ? Number(value) : 1 - Number(value); // that the guarantee does not hold
  if (!share) return h("span", null, told ? `${visible(told)}.`.replace(/\.\.$/, ".") : "Nothing is guaranteed about it.");
  return h("span", { title: told ? visible(told) : undefined },
    `It reaches at least ${percent(Math.floor(share * 100) / 100)} of what the best possible choice would`,
    risk > 0 ? `; the chance that this is wrong is at most 1 in ${count(1 / risk)}.` : ".");
}

function links(context, job, accounts) {
  const save = (kind) => h("button", { type: "button", onClick: async () => {
    try { await context.api.download(`/exports/seeds.${kind}`, { job: job.id }, `seeds-${job.id}.${kind}`); } catch (error) { toast(visible(error.message), "error"); }
  } }, kind === "csv" ? "Save as CSV" : "Save as Excel");
  return h("p", { class: "buttons" }, h("a", { class: "button primary", href: `/map?job=${job.id}`, "data-link": true }, "Show on the map"),
    accounts.length <= 60 ? h("a", { class: "button", href: `/whatif?${query(accounts)}`, "data-link": true }, "Change it in what-if") : null, save("csv"), save("xlsx"),
    h("a", { class: "button", href: `/planner?from=${job.id}`, "data-link": true }, "Plan again with changes"));
}

function seedsTable(plan, spent, groups) {
  const most = Math.max(...plan.seeds.map((seed) => seed.marginal_gain), 1e-9);
  return dataTable({ caption: "Seeds in the order in which they were chosen", rowHeader: "account", rows: plan.seeds, columns: [
    { key: "at", label: "#", number: true, cell: (seed) => plan.seeds.indexOf(seed) + 1 },
    { key: "account", label: "Account", cell: (seed) => accountLink(seed.account) },
    { key: "adds", label: "Adds", number: true, cell: (seed) => reached(seed.marginal_gain) },
    { key: "bar", label: unseen("bar"), wide: true,
      cell: (seed) => h("span", { class: "meter", "aria-hidden": "true" }, h("span", { style: { width: `${(100 * seed.marginal_gain) / most}%` } })) },
    { key: "sum", label: "Together", number: true, cell: (seed) => reached(seed.cumulative) },
    spent ? { key: "cost", label: "Cost", number: true, cell: (seed) => decimalCost(Math.round(seed.cost * 100) / 100) } : null,
    spent ? { key: "each", label: "Cost for each added", number: true, wide: true, cell: (seed) => (seed.marginal_gain > 0 ? decimal(seed.cost / seed.marginal_gain, 2) : "–") } : null,
    { key: "score", label: "Score", number: true, wide: true, cell: (seed) => decimal(seed.score) },
    { key: "rank", label: "Rank", number: true, wide: true, cell: (seed) => count(seed.rank) },
    { key: "community", label: "Community", wide: true, cell: (seed) => communityCell(seed.community, groups, { limit: 14 }) },
    { key: "role", label: "Role", wide: true, cell: (seed) => seed.role ?? "none" },
  ].filter(Boolean) });
}

function compareWith({ navigate }, job, others, compare) {
  const select = h("select", { "aria-label": "Another plan" },
    others.map((one) => h("option", { value: one.id }, `${one.ended?.slice(0, 16).replace("T", " ") ?? ""}: ${planWords(one.parameters)}`.slice(0, 110))));
  return h("section", null, h("h2", null, "Compare with another plan"), others.length
    ? h("div", { class: "row" }, h("div", { class: "grow" }, select), h("button", { type: "button", onClick: () => navigate(`/planner?a=${job.id}&b=${select.value}`) }, "Compare"))
    : h("p", { class: "faint" }, "There is no other plan yet."),
  h("details", null, h("summary", null, "Or with a list of your own"), compare));
}

