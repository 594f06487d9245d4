// What every view asks about the run that is served, asked once: the run itself, its communities, and what they are called.

import { api } from "/page/api.js";
import { accountLink, h, name } from "/page/ui.js";

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
addEventListener("swayrank:run", () => asked.clear());

export const theRun = () => known("/run");

/** The communities by their number: {members, leaders, colour, ...}; empty where the run keeps none. */
export async function communities() {
  try {
    const told = await known("/communities");
    return new Map(told.communities.map((one) => [one.community, one]));
  } catch {
    return new Map();
  }
}

/** The same as plain text, for choices and labels. */
export const communityText = (number, found) => communityName(number, found).textContent;

/** What a community is called: by its leaders, since it has no name of its own. `links`: to their cards. */
export function communityName(number, found, { leaders = 2, links = false, limit = 18 } = {}) {
  const who = found.get(Number(number))?.leaders.slice(0, leaders) ?? [];
  if (!who.length) return h("span", null, `community ${number}`);
  const shown = who.map(({ account }) => (links ? accountLink(account, { limit }) : name(account, { limit })));
  return h("span", null, "around ", shown.flatMap((one, i) => (i ? [i === shown.length - 1 ? " and " : ", ", one] : [one])));
}
