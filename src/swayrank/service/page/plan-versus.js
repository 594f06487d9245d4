// Two plans side by side: what each reaches, what both do, what they cost, and a verdict in words.

import { accountLink, clear, count, emptyState, errorState, h, percent, plural, shareBar, tile, tiles, unseen } from "/page/ui.js";
import { communitiesOf } from "/page/known.js";
import { notPrepared, reached, reachTile, verdict } from "/page/outcomes.js";
import { askKnown, strangersNote } from "/page/strangers.js";
import { planWords } from "/page/plan-result.js";

/** A plan of the address: a job, or accounts by hand. */
export async function planOf({ api, signal }, id, byHand) {
  if (!id) return { label: "your list", accounts: byHand, cost: null };
  const path = `/jobs/${encodeURIComponent(id)}`;
  const [job, plan] = await Promise.all([api.get(path, {}, { signal }), api.get(`${path}/result`, {}, { signal })]);
  return { id, label: planWords(job.parameters, await communitiesOf(plan.run)), accounts: plan.seeds.map((seed) => seed.account), cost: plan.cost ?? null };
}

/** Fill `place` with a comparison of plans a and b; `remove(strangers)` takes names that nobody bears out of a list by hand. */
export async function versus(context, place, a, b, remove) {
  const strangers = new Set();
  const nothing = () => emptyState("Nothing to compare", "Both plans need at least one account.");
  let told;
  try {
    told = await askKnown(strangers, (known) => {
      a = { ...a, accounts: known(a.accounts) };
      b = { ...b, accounts: known(b.accounts) };
      return a.accounts.length && b.accounts.length ? context.api.post("/plans/compare", { a: a.accounts, b: b.accounts }, { signal: context.signal }) : null;
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const again = () => versus(context, place, a, b, remove);
    return void clear(place, error.type === "not-prepared" ? notPrepared(context, again) : errorState(error, again));
  }
  const note = strangersNote(strangers, b.id ? null : () => remove(strangers));
  if (!told) return void clear(place, note, nothing());
  const inBoth = a.accounts.filter((account) => b.accounts.includes(account));
  const all = Math.max(told.union.mean, 1e-9);
  const row = (label, value) => h("tr", null, h("th", { scope: "row" }, label), h("td", { class: "number" }, reached(value)),
    h("td", { class: "number" }, percent(value / all)), h("td", { class: "wide" }, shareBar(value / all)));
  clear(place, note, h("p", { class: "headline" }, verdict(told.a, told.b, ["plan A", "plan B"])), costWords(a, b, told),
    h("div", { class: "versus" }, column("A", a, told.a, inBoth), column("B", b, told.b, inBoth)),
    h("h2", null, "Audiences"), h("div", { class: "scroll" }, h("table", null, h("caption", null, `Together they reach ${reached(told.union.mean)} accounts, themselves among them`),
      h("thead", null, h("tr", null, ["Reached by", "Accounts", "Share",
        unseen("bar")].map((label, i) => h("th", { scope: "col", class: [undefined, "number", "number", "wide"][i] }, label)))),
      h("tbody", null, row("plan A alone", told.only_a), row("both", told.shared), row("plan B alone", told.only_b)))));
}

function costWords(a, b, told) {
  if (a.cost === null || b.cost === null) return null;
  const [each, other] = [a.cost / told.a.mean, b.cost / told.b.mean];
  return h("p", null, `Plan A costs ${count(a.cost)}, ${each.toFixed(2)} for each account reached; plan B ${count(b.cost)}, ${other.toFixed(2)}. `,
    Math.abs(each - other) < 0.005 ? "" : `Plan ${each < other ? "A" : "B"} is cheaper for each account reached.`);
}

function column(letter, plan, spread, inBoth) {
  return h("section", { class: "card" }, h("h2", null, `Plan ${letter}`),
    h("p", { class: "faint" }, plan.id ? h("a", { href: `/planner?job=${plan.id}`, "data-link": true }, plan.label) : plan.label),
    tiles(reachTile("Expected reach", spread), plan.cost === null ? null : tile("Cost", count(plan.cost)),
      tile("Accounts", count(plan.accounts.length), `${plural(inBoth.length, "account")} in both`)),
    h("ul", { class: "names" }, plan.accounts.slice(0, 30).map((account) => h("li", null, accountLink(account), inBoth.includes(account) ? h("span", { class: "badge" }, "in both") : null)),
      plan.accounts.length > 30 ? h("li", { class: "faint" }, `and ${count(plan.accounts.length - 30)} more`) : null));
}
