// Jobs in words: what one does, how it stands, where its result is.

import { duration, visible } from "/page/ui.js";
import { accountPath } from "/page/api.js";
import { planWords } from "/page/plan-result.js";

export const KINDS = { seeds: "Plan", score: "Scoring", prepare: "Preparing", explain: "Explanation" };
export const STATUS = { queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };

export function jobWords(job) {
  if (job.kind === "seeds") return planWords(job.parameters);
  if (job.kind === "score") return "all accounts anew, with the live events";
  if (job.kind === "prepare") return "samples for questions about reach";
  if (job.kind === "explain") return `why ${visible(job.parameters.account ?? "")} has its score`;
  return "";
}

/** Where the result of a finished job is shown. */
export function resultHref(job) {
  if (job.kind === "seeds") return `/planner?job=${job.id}`;
  if (job.kind === "prepare") return "/whatif";
  if (job.kind === "explain" && job.parameters.account) return accountPath("accounts", job.parameters.account);
  return "/";
}

/** How long a job took, or has been at work. */
export function took(job) {
  if (!job.started) return "–";
  const end = job.ended ? Date.parse(job.ended) : Date.now();
  return duration(Math.max(0, (end - Date.parse(job.started)) / 1000));
}
