// What stands where an answer needs the prepared network, and it is not there: why, and what can be done.

import { followJob } from "/page/follow-job.js";
import { forWriters } from "/page/known.js";
import { told as toldHere } from "/page/ties.js";
import { busyWhile, clear, emptyState, h, jobProgress, visible } from "/page/ui.js";

/** For `area(..., {instead})`: a state for "not prepared" and for services that lack the route; null for all else. */
export const unlessPrepared = (what, { api, signal }) => (problem, again) => {
  if (problem.type === "not-prepared" || problem.status === 503) return waiting(what, problem, again, { api, signal });
  if (problem.status === 404 && problem.type !== "unknown-account") return emptyState(`${what} is not available here`,
    toldHere("This service cannot tell who follows whom.") + " The run may have no graph and no log, or another version serves it.");
  return null;
};

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function waiting(what, problem, again, { api, signal }) {
  const told = h("div", { role: "status" });
  const prepare = h("button", { type: "button", class: "primary", onClick: () => busyWhile(prepare, async () => {
    try {
      const job = await api.post("/jobs", { kind: "prepare", parameters: {} }, { signal });
      const over = await followJob(api, job.id, (now) => clear(told, jobProgress(now)), signal);
      if (over.status === "done") return again();
    } catch (error) {
      if (error.name === "AbortError") return;
      clear(told, h("p", { class: "error-text" }, visible(error.message)));
    }
  }) }, "Prepare it now");
  return emptyState(`${what} is not prepared yet`, sentence(visible(problem.message)), forWriters(prepare), " ", h("button", { type: "button", onClick: again }, "Look again"), told);
}
