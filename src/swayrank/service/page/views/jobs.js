// Jobs: what runs in the background, what ran, what failed and why. Also the small sign in the header.

import { announce, clear, dataTable, emptyState, h, jobProgress, moment, pager, plural, toast, unseen, visible } from "/page/ui.js";
import { followJob, isOver } from "/page/follow-job.js";
import { forWriters } from "/page/known.js";
import { jobWords, KINDS, resultHref, STATUS, took } from "/page/job-words.js";

export const title = (params) => (params?.job ? "Job" : "Jobs");

const PAGE_SIZE = 25;
const BUSY_MS = 2000;
const IDLE_MS = 15_000;

const jobPath = (id) => `/jobs/${encodeURIComponent(id)}`;
/** A job that is done keeps what it made: doing it again is a job of its own. One that made nothing is done once more. */
const again = (api, job) => (job.status === "done" ? api.post("/jobs", { kind: job.kind, parameters: job.parameters }) : api.post(`${jobPath(job.id)}/restart`, {}));
const badge = (job) => h("span", { class: `badge ${job.status === "cancelled" ? "" : job.status}` }, STATUS[job.status] ?? job.status);

export async function render(root, context) {
  return context.params.job ? renderOne(root, context, context.params.job) : renderList(root, context);
}

// -- all ---------------------------------------------------------------------------------------------------------------

async function renderList(root, context) {
  const { api, query, signal } = context;
  const asked = (key, known) => (Object.hasOwn(known, query.get(key) ?? "") ? query.get(key) : ""); // an unknown one asks for nothing
  const state = { kind: asked("kind", KINDS), status: asked("status", STATUS), page: /^[1-9]\d{0,6}$/.test(query.get("page") ?? "") ? Number(query.get("page")) : 1 };
  const place = h("div");
  const choose = (key, label, options) => {
    const select = h("select", { onChange: () => { state[key] = select.value; state.page = 1; context.remember(state); refresh(); } },
      [["", "all"], ...Object.entries(options)].map(([value, text]) => h("option", { value, selected: state[key] === value }, text)));
    return h("label", { class: "choice" }, label, select);
  };
  const begin = (kind, label) => h("button", { type: "button", onClick: async (event) => {
    event.target.disabled = true;
    await act(() => api.post("/jobs", { kind, parameters: {} }), "The job waits for its turn.");
    event.target.disabled = false;
  } }, label);
  clear(root, h("h1", null, "Jobs"), h("p", { class: "lead" }, "Long work is done in the background, one job after the other, while lookups go on."),
    h("p", { class: "buttons" }, h("a", { class: "button primary", href: "/planner", "data-link": true }, "Plan a campaign"),
      forWriters([begin("score", "Score anew"), begin("prepare", "Prepare for what-if")])),
    h("div", { class: "row" }, choose("kind", "Kind", KINDS), choose("status", "Status", STATUS)), place);
  let shown = "";
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));

  async function act(ask, said) {
    try { await ask(); announce(said); jobsChanged(); } catch (error) { toast(visible(error.message), "error"); }
    refresh();
  }

  async function refresh() {
    clearTimeout(timer);
    let wait = IDLE_MS;
    try {
      const told = await api.get("/jobs", { kind: state.kind, status: state.status, page: state.page, page_size: PAGE_SIZE }, { signal });
      if (told.items.some((job) => !isOver(job))) wait = BUSY_MS;
      const text = JSON.stringify(told);
      if (text !== shown || wait === BUSY_MS) draw(told);
      shown = text;
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      if (!shown) throw error;
    }
    if (!signal.aborted) timer = setTimeout(() => refresh().catch(() => {}), wait);
  }

  function draw({ items, total }) {
    const held = place.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    clear(place, items.length ? dataTable({ caption: "Jobs, the newest first", rowHeader: "what", rows: items, columns: columns(act, api) })
      : emptyState(state.kind || state.status ? "No such jobs" : "No jobs yet",
        state.kind || state.status ? "Choose other kinds or states above." : "Plan a campaign, or have the scores made anew, and it appears here."),
    total > PAGE_SIZE ? pager({ page: state.page, pageSize: PAGE_SIZE, total, onPage: (to) => { state.page = to; context.remember(state); refresh(); } }) : null);
    if (held) (place.querySelector(`[data-focus="${CSS.escape(held)}"]`) ?? place.querySelector("a, button"))?.focus();
  }

  await refresh();
}

function columns(act, api) {
  const button = (job, verb, label, ask, said) => forWriters(h("button", { type: "button", "data-focus": `${verb} ${job.id}`,
    "aria-label": `${label}: ${KINDS[job.kind] ?? job.kind}, ${jobWords(job)}`, onClick: () => act(ask, said) }, label), { told: false });
  return [
    { key: "what", label: "Job", cell: (job) => h("span", null,
      h("a", { href: `/jobs/${job.id}`, "data-link": true, "data-focus": `see ${job.id}` }, KINDS[job.kind] ?? job.kind), h("span", { class: "faint" }, ` ${jobWords(job)}`)) },
    { key: "status", label: "Status", cell: (job) => [badge(job), job.status === "running" ? jobProgress(job) : null,
      job.error ? h("p", { class: "error-text" }, visible(job.error.detail)) : null] },
    { key: "created", label: "Asked for", wide: true, cell: (job) => moment(job.created) },
    { key: "took", label: "Took", wide: true, cell: (job) => took(job) },
    { key: "act", label: unseen("Actions"), cell: (job) => h("span", { class: "buttons tight" }, isOver(job)
      ? [job.status === "done" ? h("a", { class: "button", href: resultHref(job), "data-link": true, "data-focus": `open ${job.id}`,
        "aria-label": `Open the result: ${KINDS[job.kind] ?? job.kind}, ${jobWords(job)}` }, "Open") : null,
        button(job, "restart", job.status === "done" ? "Again" : "Start again", () => again(api, job),
          job.status === "done" ? "Another job waits for its turn; what this one made is kept." : "The job waits for its turn.")]
      : button(job, "cancel", "Cancel", () => api.post(`${jobPath(job.id)}/cancel`, {}), "The job is cancelled.")) },
  ];
}

// -- one ---------------------------------------------------------------------------------------------------------------

async function renderOne(root, { api, signal, navigate }, id) {
  const head = h("div");
  const buttons = h("p", { class: "buttons" });
  const first = await api.get(jobPath(id), {}, { signal }).catch((error) => { if (error.status === 404 || error.status === 422) return null; throw error; });
  if (!first) return void clear(root, h("h1", null, "Job"),
    emptyState("There is no such job", "It may have been cleared away, or made by another service.", h("a", { class: "button", href: "/jobs", "data-link": true }, "All jobs")));
  clear(root, h("p", null, h("a", { href: "/jobs", "data-link": true }, "All jobs")), h("h1", null, KINDS[first.kind] ?? first.kind),
    h("p", { class: "lead" }, jobWords(first)), head, buttons,
    h("details", null, h("summary", null, "What it was asked, as the service keeps it"), h("pre", null, visible(JSON.stringify(first.parameters, null, 2)).replaceAll("\\u000a", "\n"))));
  const act = (ask) => async (event) => {
    event.target.disabled = true;
    try { await ask(); jobsChanged(); } catch (error) { toast(visible(error.message), "error"); event.target.disabled = false; }
  };
  const oncemore = async (job) => { const next = await again(api, job); navigate(`/jobs/${next.id}`, { replace: next.id === id }); };
  const show = (job) => {
    clear(head, h("p", { role: "status" }, badge(job), job.attempt > 1 ? ` attempt ${job.attempt}` : ""),
      job.status === "running" || job.status === "queued" ? jobProgress(job) : null, job.error ? h("p", { class: "note warning" }, visible(job.error.detail)) : null,
      h("dl", { class: "facts" }, [["Asked for", moment(job.created)], ["Begun", moment(job.started)], ["Ended", moment(job.ended)],
        ["Took", took(job)]].map(([label, value]) => h("div", null, h("dt", null, label), h("dd", null, value)))));
    clear(buttons, job.status === "done" ? h("a", { class: "button primary", href: resultHref(job), "data-link": true }, "Open the result") : null,
      forWriters(isOver(job) ? h("button", { type: "button", onClick: act(() => oncemore(job)) }, job.status === "done" ? "Again, as another job" : "Start again")
        : h("button", { type: "button", onClick: act(() => api.post(`${jobPath(id)}/cancel`, {})) }, "Cancel")));
  };
  show(first);
  if (!isOver(first)) followJob(api, id, show, signal).catch((error) => { if (error.name !== "AbortError") toast(visible(error.message), "error"); });
}

// -- the sign in the header --------------------------------------------------------------------------------------------

/** Tell the header that a job was added or ended. */
export const jobsChanged = () => dispatchEvent(new Event("swayrank-jobs"));

/** A link with the number of running jobs; says when one has ended. Nothing while there is none. */
export function mountJobsIndicator(element, { api }) {
  let known = new Map();
  let timer = 0;
  async function look() {
    clearTimeout(timer);
    let wait = 30_000;
    try {
      const sets = await Promise.all(["running", "queued"].map((status) => api.get("/jobs", { status, page_size: 20 })));
      const active = sets.flatMap((told) => told.items);
      const total = sets.reduce((sum, told) => sum + told.total, 0);
      clear(element, total ? h("a", { href: "/jobs", "data-link": true, class: "badge" }, plural(total, "job")) : null);
      const now = new Map(active.map((job) => [job.id, job]));
      for (const id of known.keys()) if (!now.has(id)) tell(await api.get(jobPath(id)));
      known = now;
      if (total) wait = 5000;
    } catch (error) {
      if (error.status === 404 || error.status === 403) return;
    }
    timer = setTimeout(look, document.hidden ? 30_000 : wait);
  }
  function tell(job) {
    if (location.search.includes(job.id) || location.pathname.includes(job.id)) return; // its view says so
    if (job.status === "done") toast(`${KINDS[job.kind] ?? job.kind} done: ${jobWords(job)}`);
    else if (job.status === "failed") toast(`${KINDS[job.kind] ?? job.kind} failed: ${visible(job.error?.detail ?? "")}`, "error");
  }
  addEventListener("swayrank-jobs", look);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
}
