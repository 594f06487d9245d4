// Following a job: its state now, then a stream of changes; where the stream breaks, it is asked for again.

import { forWriters } from "/page/known.js";
import { clear, h, jobProgress, visible } from "/page/ui.js";

const OVER = new Set(["done", "failed", "cancelled"]);
export const isOver = (job) => OVER.has(job.status);
const pause = (ms, signal) => new Promise((resolve) => { const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true }); });

/** Call `onJob(job)` with a job's state now and at each change; resolves to the job once it is over. */
export async function followJob(api, id, onJob, signal) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  for (;;) {
    let job = await api.get(path, {}, { signal });
    onJob(job);
    if (isOver(job)) return job;
    try {
      await api.stream(`${path}/events`, (kind, data) => { job = data; onJob(job); }, { signal });
    } catch (error) {
      if (error.name === "AbortError" || signal?.aborted) throw error;
    }
    if (isOver(job)) return job;
    await pause(1500, signal);
    if (signal?.aborted) throw new DOMException("left", "AbortError");
  }
}

const howItEnded = (job) => [h("span", { class: `badge ${job.status}` }, job.status), job.error ? h("p", { class: "error-text" }, visible(job.error.detail)) : null];

/** A card that shows a running job with a way to stop it; `done(job)` once it ended well. */
export function jobCard({ api, signal }, id, { heading, done, changed }) {
  const bar = h("div", { role: "status" });
  const cancel = h("button", { type: "button", onClick: async () => {
    cancel.disabled = true;
    try { await api.post(`/jobs/${encodeURIComponent(id)}/cancel`, {}); } catch (error) { cancel.disabled = false; clear(note, visible(error.message)); }
  } }, "Cancel");
  const note = h("p", { class: "error-text", role: "alert" });
  const again = h("button", { type: "button", hidden: true, onClick: async () => {
    again.disabled = true;
    try { await api.post(`/jobs/${encodeURIComponent(id)}/restart`, {}); watch(); } catch (error) { clear(note, visible(error.message)); }
    again.disabled = false;
  } }, "Start again");
  const card = h("section", { class: "card job-card" }, h("h2", null, heading), bar, note, h("p", { class: "buttons" }, forWriters([cancel, again])));
  async function watch() {
    cancel.hidden = false;
    cancel.disabled = false;
    again.hidden = true;
    try {
      const job = await followJob(api, id, (now) => { changed?.(now); clear(bar, now.status === "failed" || now.status === "cancelled" ? howItEnded(now) : jobProgress(now)); }, signal);
      cancel.hidden = true;
      again.hidden = job.status === "done";
      if (job.status === "done") await done?.(job);
    } catch (error) {
      if (error.name !== "AbortError") clear(note, visible(error.message));
    }
  }
  watch();
  return card;
}
