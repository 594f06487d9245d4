// Names that no account of the run bears: left out of a question and told, so that one of them stops nothing.

import { count, h, name } from "/page/ui.js";

const SHOWN = 10;

/**
 * What `ask(known)` answers, where `known(list)` are those of a list that are no strangers. Whom the service does not know
 * is added to the set `strangers`, and asked again without.
 */
export async function askKnown(strangers, ask) {
  const known = (accounts) => accounts.filter((account) => !strangers.has(account));
  for (;;) {
    const before = strangers.size;
    try {
      return await ask(known);
    } catch (problem) {
      if (problem.type !== "unknown-account") throw problem;
      for (const account of problem.accounts ?? []) strangers.add(account);
      if (strangers.size === before) throw problem;
    }
  }
}

/**
 * A note that names them, with a button that takes them away; null where there are none. `alone`: it stands by itself and
 * says that the answer beside it leaves them out; otherwise it is the text of an alert.
 */
export function strangersNote(strangers, remove, { alone = true } = {}) {
  const all = [...strangers];
  if (!all.length) return null;
  const one = all.length === 1;
  const told = alone ? one ? "Left out, since this run has no account of that name: " : `${count(all.length)} names are left out, since this run has no such accounts: `
    : one ? "This run has no account of that name: " : `This run has no accounts of these ${count(all.length)} names: `;
  const names = all.slice(0, SHOWN).flatMap((account, i) => [i ? ", " : "", name(account)]);
  return h("div", { class: "note warning strangers", role: alone ? "alert" : undefined },
    h("p", null, told, names, all.length > SHOWN ? ` and ${count(all.length - SHOWN)} more` : "", "."),
    remove ? h("button", { type: "button", onClick: remove }, one ? "Remove it" : "Remove them") : null);
}
