// The campaign planner: a form, then a job, then its plan; two plans side by side. All of it has an address:
// ?job= one plan, ?from= the form filled as for that plan, ?a=&b= two plans, ?a=&hand=&hand= a plan and a list.

import { communities, communitiesOf } from "/page/known.js";
import { clear, dataTable, emptyState, errorState, h, moment, unseen, visible } from "/page/ui.js";
import { jobCard } from "/page/follow-job.js";
import { accountList } from "/page/outcomes.js";
import { planForm } from "/page/plan-form.js";
import { planResult, planWords } from "/page/plan-result.js";
import { planOf, versus } from "/page/plan-versus.js";

export const title = "Campaign planner";

const jobPath = (id) => `/jobs/${encodeURIComponent(id)}`;

export async function render(root, context) {
  const { query } = context;
  if (query.get("a")) return showVersus(root, context);
  if (query.get("job")) return showJob(root, context, query.get("job"));
  return showForm(root, context);
}

async function doneJobs({ api, signal }, but) {
  const { items } = await api.get("/jobs", { kind: "seeds", status: "done" }, { signal });
  return items.filter((job) => job.id !== but);
}

// -- asking ------------------------------------------------------------------------------------------------------------

async function showForm(root, context) {
  const { api, query, signal, navigate } = context;
  const from = query.get("from");
  const [accounts, groups, earlier, past] = await Promise.all([api.get("/accounts", { page_size: 1 }, { signal }), communities(), doneJobs(context).catch(() => []),
    from ? api.get(jobPath(from), {}, { signal }) : null]);
  const preset = past ? past.parameters : query.getAll("must").length ? { must: query.getAll("must") } : {};
  const form = planForm({ api, facets: accounts.facets, total: accounts.total, groups, past: preset, signal, onPlan: async (parameters) => {
    const job = await api.post("/jobs", { kind: "seeds", parameters }, { signal });
    await navigate(`/planner?job=${job.id}`);
  } });
  clear(root, h("h1", null, title), h("p", { class: "lead" },
    "Which accounts should spread a message, so that it reaches as many others as possible? Say what you have and what you must keep to."), form, earlierPlans(earlier));
}

function earlierPlans(jobs) {
  return h("section", null, h("h2", null, "Earlier plans"), jobs.length ? dataTable({ caption: "Earlier plans, the newest first", rowHeader: "what", rows: jobs.slice(0, 10), columns: [
    { key: "what", label: "Plan", cell: (job) => h("a", { href: `/planner?job=${job.id}`, "data-link": true }, planWords(job.parameters)) },
    { key: "ended", label: "Made", wide: true, cell: (job) => moment(job.ended) },
    { key: "again", label: unseen("Change"), wide: true,
      cell: (job) => h("a", { href: `/planner?from=${job.id}`, "data-link": true, "aria-label": `Change: ${planWords(job.parameters)}` }, "Change") },
  ] }) : h("p", { class: "faint" }, "None yet."));
}

// -- one plan ----------------------------------------------------------------------------------------------------------

async function showJob(root, context, id) {
  const { api, signal } = context;
  let job;
  try {
    job = await api.get(jobPath(id), {}, { signal });
  } catch (error) {
    if (error.status !== 404 && error.status !== 422) throw error;
    return void clear(root, h("h1", null, title), emptyState("There is no such plan", "It may have been made by another service, or cleared away.",
      h("a", { class: "button", href: "/planner", "data-link": true }, "Make a new one")));
  }
  if (job.kind !== "seeds") return void clear(root, h("h1", null, title),
    emptyState("That job made no plan", `It is of the kind ${visible(job.kind)}.`, h("a", { class: "button", href: `/jobs/${job.id}`, "data-link": true }, "See the job")));
  if (job.status === "done") return showPlan(root, context, job);
  const body = h("div");
  const heading = h("h1", null, "A plan is being made");
  const leave = h("p", { class: "hint" }, "You may leave this page; the plan will be under ", h("a", { href: "/jobs", "data-link": true }, "jobs"), ".");
  const head = (now) => {
    leave.hidden = now.status !== "running" && now.status !== "queued";
    heading.textContent = { failed: "The plan failed", cancelled: "The plan was cancelled" }[now.status] ?? "A plan is being made";
  };
  head(job);
  clear(root, heading, h("p", { class: "lead" }, `Asked: ${planWords(job.parameters)}.`), body,
    h("p", null, h("a", { href: `/planner?from=${job.id}`, "data-link": true }, "Change what is asked")), leave);
  clear(body, jobCard(context, id, { heading: "Choosing accounts",
    done: async (now) => { await showPlan(root, context, now); root.querySelector("h1").tabIndex = -1; root.querySelector("h1").focus(); }, changed: head }));
}

async function showPlan(root, context, job) {
  const { api, signal, navigate } = context;
  const [plan, run, others] = await Promise.all([api.get(`${jobPath(job.id)}/result`, {}, { signal }), api.get("/run", {}, { signal }), doneJobs(context, job.id).catch(() => [])]);
  if (!plan.seeds.length) return void clear(root, h("h1", null, "An empty plan"),
    emptyState("Nobody could be chosen", "The wishes leave no account: the budget may be below every cost, or the filters too narrow.",
      h("a", { class: "button", href: `/planner?from=${job.id}`, "data-link": true }, "Change what is asked")));
  const groups = await communitiesOf(plan.run);
  const list = accountList({ label: "Your list", signal });
  const compare = h("div", null, list.element, h("button",
    { type: "button", onClick: () => list.get().length && navigate(`/planner?a=${job.id}&${list.get().map((one) => `hand=${encodeURIComponent(one)}`).join("&")}`) },
    "Compare with this list"));
  const stale = plan.run && run.id !== plan.run ? h("p", { class: "note warning" },
    `This plan rests on run ${plan.run}; the service serves ${run.id} now. Plan again to have it on newer scores.`) : null;
  clear(root, h("h1", null, "The plan"), stale, planResult(context, job, plan, { groups, n_accounts: run.counts?.accounts, others, compare }));
}

// -- two plans ---------------------------------------------------------------------------------------------------------

async function showVersus(root, context) {
  const { query } = context;
  const place = h("div", { "aria-busy": "true" });
  clear(root, h("h1", null, "Two plans side by side"), place);
  try {
    const [a, b] = await Promise.all([planOf(context, query.get("a"), []), planOf(context, query.get("b"), query.getAll("hand"))]);
    await versus(context, place, a, b, (strangers) => {
      const hand = query.getAll("hand").filter((account) => !strangers.has(account)).map((account) => `&hand=${encodeURIComponent(account)}`);
      const plan = encodeURIComponent(query.get("a"));
      return context.navigate(hand.length ? `/planner?a=${plan}${hand.join("")}` : `/planner?job=${plan}`);
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    clear(place, errorState(error, () => showVersus(root, context)));
  }
  place.removeAttribute("aria-busy");
  root.append(h("p", { class: "buttons" }, h("a", { class: "button", href: `/planner?job=${encodeURIComponent(query.get("a"))}`, "data-link": true },
    "Back to plan A"), h("a", { class: "button", href: "/planner", "data-link": true }, "A new plan")));
}
