// What if these accounts spread a message, or go? Everything is asked anew at each change; the address holds the accounts.

import { communities } from "/page/known.js";
import { accountLink, announce, clear, count, dataTable, decimal, emptyState, errorState, h, percent, plural, signed, tile, tiles, unseen, visible } from "/page/ui.js";
import { askKnown, strangersNote } from "/page/strangers.js";
import { accountList, notPrepared, overlapTable, reached, reachedByCommunity, reachTile, simulationAlone, verdict } from "/page/outcomes.js";

export const title = "What if";

const LEAVE_ONE_OUT = 20; // seeds for which the loss of each is asked

export async function render(root, context) {
  const { api, query, signal } = context;
  const [run, groups] = await Promise.all([api.get("/run", {}, { signal }), communities()]);
  if (signal.aborted) return;
  const state = { seeds: [...new Set([...query.getAll("seed"), ...query.getAll("seeds")])], gone: new Set(query.getAll("gone")),
    base: [...new Set(query.getAll("base"))], baseChecked: false, total: run.counts?.accounts,
    strangers: new Set() };
  const known = (accounts) => accounts.filter((account) => !state.strangers.has(account));
  const gone = () => known(state.seeds).filter((account) => state.gone.has(account));
  const left = () => known(state.seeds).filter((account) => !state.gone.has(account));
  const note = h("div");
  const answer = h("div", { "aria-label": "What they reach", role: "region" });
  const next = h("section", { class: "card whatif-next" });
  let asking = null;

  const list = accountList({ label: "Accounts", hint: "Who starts a message. Everything is computed at once.", value: state.seeds, signal, onChange: (seeds) => {
    state.seeds = seeds;
    state.gone = new Set([...state.gone].filter((account) => seeds.includes(account)));
    changed();
  } });
  const tools = h("p", { class: "buttons" },
    h("button", { type: "button", onClick: () => { state.base = known(state.seeds); announce("Kept to compare with."); changed(); } }, "Keep as baseline"),
    h("button", { type: "button", onClick: () => { state.base = []; changed(); } }, "Forget the baseline"),
    h("button", { type: "button", onClick: () => { list.set([]); state.seeds = []; state.gone.clear(); changed(); } }, "Start over"));
  const [keep, forget, over] = tools.children;
  clear(root, h("h1", null, "What if?"), h("p", { class: "lead" }, "What would these accounts reach together, what does each add, and what is lost if some of them go?"),
    h("div", { class: "whatif-layout" }, h("section", { class: "card" }, list.element, tools), h("div", { class: "whatif-answer" }, note, answer), next));

  function changed() {
    context.remember({ seed: state.seeds, gone: [...state.gone], base: state.base });
    ask();
  }

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const now = asking.signal;
    keep.disabled = !state.seeds.length;
    forget.hidden = !state.base.length;
    over.disabled = !state.seeds.length;
    answer.setAttribute("aria-busy", "true");
    try {
      await checkBase(now);
      await askKnown(state.strangers, () => Promise.all([askReach(now), askNext(now)]));
      tellStrangers();
    } catch (error) {
      if (error.name === "AbortError") return;
      clear(next);
      next.hidden = true;
      clear(answer, error.type === "not-prepared" ? notPrepared(context, ask) : errorState(error, ask));
    }
    if (!now.aborted) answer.removeAttribute("aria-busy");
  }

  /** Learn once who of the baseline is unknown: while some are gone, nothing else asks about it. */
  async function checkBase(now) {
    if (state.baseChecked || !state.base.length) return;
    await askKnown(state.strangers, (kept) => api.post("/whatif/next", { seeds: kept(state.base), k: 1 }, { signal: now }));
    state.baseChecked = true;
  }

  /** Name those whom the run does not know; they stay in the list and the address until they are removed. */
  function tellStrangers() {
    const there = [...state.seeds, ...state.base].filter((account) => state.strangers.has(account));
    const told = there.join("\n");
    if (told === note.dataset.told) return; // an alert that stands there already is not read out again
    note.dataset.told = told;
    clear(note, strangersNote(new Set(there), () => {
      for (const account of there) state.gone.delete(account);
      state.seeds = known(state.seeds);
      state.base = known(state.base);
      list.set(state.seeds);
      list.element.querySelector("input").focus();
      changed();
    }));
  }

  async function askReach(now) {
    const [seeds, staying] = [known(state.seeds), left()];
    if (!seeds.length) {
      clear(answer, emptyState("Nobody yet", "Add accounts on the left, paste a list, or take one of those who would reach most."));
      return;
    }
    const base = gone().length ? seeds : known(state.base);
    const told = staying.length ? await api.post("/whatif", { seeds: staying, ...(base.length ? { baseline: base } : {}) }, { signal: now }) : null;
    const all = told ? null : await api.post("/whatif", { seeds }, { signal: now });
    show(told, all, staying);
    announce(told ? `${plural(staying.length, "account")} reach ${reached(told.mean)}, between ${reached(told.low)} and ${reached(told.high)}.` : "Nobody is left.");
    if (staying.length > 1 && staying.length <= LEAVE_ONE_OUT) await askLosses(told, staying, now);
  }

  /** What is lost if one account alone goes. */
  async function askLosses(told, left, now) {
    for (const account of left) {
      const without = await api.post("/whatif", { seeds: left.filter((one) => one !== account) }, { signal: now });
      const cell = answer.querySelector(`[data-loss="${left.indexOf(account)}"]`);
      if (cell) cell.textContent = reached(Math.max(0, told.mean - without.mean));
    }
  }

  function show(told, all, left) {
    const at = document.activeElement?.dataset?.focus;
    clear(answer, told ? [figures(told, left), simulationAlone(), compared(told, left)] : h("p", { class: "headline" },
      `Nobody is left: all of the ${reached(all.mean)} accounts that they reach are lost.`),
      h("h2", null, "What each adds"), seedsTable(told, left),
      told && told.overlap && left.length > 1 ? [h("h2", null, "Shared audience"), overlapTable(left, told.overlap)] : null,
      told ? [h("h2", null, "Where they reach"), reachedByCommunity(told.by_community, groups)] : null,
      told ? h("p", { class: "faint" }, `From ${count(told.n_samples)} samples of how messages spread (${visible(modelWords(told.model))}), asked in ${decimal(told.milliseconds, 1)} ms. `,
        h("a", { href: `/map?${left.slice(0, 100).map((one) => `seed=${encodeURIComponent(one)}`).join("&")}`, "data-link": true }, "Show them on the map")) : null);
    if (at) answer.querySelector(`[data-focus="${CSS.escape(at)}"]`)?.focus();
  }

  function figures(told, left) {
    const away = gone().length;
    return tiles(reachTile("Expected reach", told, `accounts, ${left.length === 1 ? "itself" : "themselves"} among them${state.total ? `; ${percent(told.mean / state.total, 1)} of all` : ""}`),
      tile("Accounts", count(left.length), away ? `${count(away)} taken away` : null),
      told.baseline ? reachTile(away ? "With all of them" : "Baseline", told.baseline) : null,
      told.baseline ? tile(away ? "Lost" : "Difference", away ? reached(Math.max(0, told.baseline.mean - told.mean)) : signedReach(told.mean - told.baseline.mean),
        `${signed(100 * (told.mean / Math.max(1e-9, told.baseline.mean) - 1))} %`) : null,
      told.together && !away ? reachTile("Both together", told.together) : null);
  }

  function compared(told, left) {
    if (!told.baseline) return null;
    const away = gone();
    if (away.length) {
      const lost = Math.max(0, told.baseline.mean - told.mean);
      const who = away.length === 1 ? `${visible(away[0])} goes` : `these ${count(away.length)} go`;
      return h("p", { class: "note" }, `If ${who}, ${reached(lost)} of ${reached(told.baseline.mean)} accounts are no longer reached `
        + `(${percent(lost / Math.max(1e-9, told.baseline.mean), 1)}).`);
    }
    return h("p", { class: "note" }, same(left, known(state.base))
      ? "These are the baseline; change the list to see the difference." : verdict(told, told.baseline, ["this list", "the baseline"]));
  }

  function seedsTable(told, left) {
    const adds = new Map(left.map((account, i) => [account, told?.adds[i]]));
    return dataTable({ caption: "Accounts in their order; each adds to those before it", rowHeader: "account",
      rows: known(state.seeds).map((account) => ({ account, class: state.gone.has(account) ? "gone" : undefined })), columns: [
      { key: "account", label: "Account", cell: ({ account }) => accountLink(account) },
      { key: "adds", label: "Adds", number: true, cell: ({ account }) => (adds.has(account) ? reached(adds.get(account)) : "–") },
      left.length > 1 && left.length <= LEAVE_ONE_OUT
      ? { key: "loss", label: "Lost if it alone goes", number: true, cell: ({ account }) => (adds.has(account) ? h("span", { "data-loss": left.indexOf(account) }, "…") : "–") } : null,
      { key: "gone", label: "Gone?", cell: ({ account }) => h("label", { class: "choice" }, h("input", { type: "checkbox", checked: state.gone.has(account), "data-focus": `gone ${account}`,
        "aria-label": `Take ${visible(account)} away`, onChange: (event) => { state.gone[event.target.checked ? "add" : "delete"](account); changed(); } }),
        h("span", { class: "wide" }, "gone")) },
    ].filter(Boolean) });
  }

  async function askNext(now) {
    const { items } = await api.post("/whatif/next", { seeds: left(), k: Math.min(500, 8 + gone().length) }, { signal: now });
    const offered = items.filter((item) => !state.seeds.includes(item.account)).slice(0, 8);
    next.hidden = false;
    clear(next, h("h2", null, state.seeds.length ? "Who would add most" : "Who would reach most"),
      dataTable({ caption: "Best accounts to add", rowHeader: "account", rows: offered, columns: [
      { key: "account", label: "Account", cell: (item) => accountLink(item.account, { limit: 18 }) },
      { key: "gain", label: "Adds", number: true, cell: (item) => reached(item.gain) },
      { key: "add", label: unseen("Add"), cell: (item) => h("button", { type: "button", class: "small", "aria-label": `Add ${visible(item.account)}`, onClick: () => {
        list.add(item.account); list.element.querySelector("input").focus(); } }, "Add") },
    ] }));
  }

  await ask();
}

const signedReach = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + reached(Math.abs(value));
const same = (a, b) => a.length === b.length && a.every((one) => b.includes(one));

function modelWords(model) {
  if (typeof model === "string") return model;
  const words = String(model?.name ?? "independent cascade").replaceAll("_", " ");
  return typeof model?.prob === "string" ? `${words}, probabilities: ${model.prob.replaceAll("_", " ")}` : words;
}
