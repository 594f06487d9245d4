// What every view asks about the run that is served, asked once: the run itself, its communities, and what they are called.

import { api } from "/page/api.js";
import { speakOf } from "/page/ties.js";
import { h, name, spelled } from "/page/ui.js";

const asked = new Map();

/** GET, remembered until another run is served; failures are not remembered. */
export function known(path) {
  if (!asked.has(path)) {
    const answer = api.get(path);
    answer.catch(() => asked.delete(path));
    asked.set(path, answer);
  }
  return asked.get(path);
}
for (const news of ["swayrank:run", "swayrank:token"]) addEventListener(news, () => asked.clear());

export const theRun = async () => {
  const run = await known("/run");
  speakOf(run.ties);
  return run;
};

const NEEDS_WRITE = "Your token may only read; this needs one with the scope write.";
/** What starts, ends or sends something: shut, with the reason beside it (`told`) or on it, where the caller may only read. */
export function forWriters(content, { told = true } = {}) {
  const why = h("span", { class: "hint", hidden: true }, NEEDS_WRITE);
  const box = h("fieldset", { class: "bare", role: "none" }, content, told ? why : null);
  theRun().then(({ may }) => {
    if (!may || may.includes("write")) return;
    box.disabled = true;
    why.hidden = false;
    if (!told) for (const button of box.querySelectorAll("button")) button.title = NEEDS_WRITE;
  }, () => {});
  return box;
}

/** The communities by their number: {members, leaders, colour, ...}; empty where the run keeps none. */
export async function communities() {
  try {
    const told = await known("/communities");
    return new Map(told.communities.map((one) => [one.community, one]));
  } catch {
    return new Map();
  }
}

/** The communities of run `id`, empty unless it is the one served: each run counts its communities anew. */
export async function communitiesOf(id) {
  return !id || (await theRun()).id === id ? communities() : new Map();
}

/** "around ", a leader, " and ", another; the number alone where no leader is known. */
function pieces(number, found, leaders, shown) {
  const who = found.get(Number(number))?.leaders.slice(0, leaders) ?? [];
  if (!who.length) return [`community ${number}`];
  return ["around ", ...who.flatMap(({ account }, i) => (i ? [i === who.length - 1 ? " and " : ", ", shown(account)] : [shown(account)]))];
}

/** What a community is called: by its leaders, since it has no name of its own. */
export const communityName = (number, found, { leaders = 2, limit = 18 } = {}) => h("span", null, pieces(number, found, leaders, (account) => name(account, { limit })));

/** The same as plain text, for what holds no elements. */
export const communityText = (number, found, { leaders = 2, limit = 18 } = {}) => pieces(number, found, leaders, (account) => spelled(account, limit)).join("");

/** In a cell: the name, or that it is in none. */
export const communityCell = (number, found, options) => (number === null || number === undefined || number === "none" ? "none" : communityName(number, found, options));
