// Live events: how many came in, how many wait to be scored, and a way to send some by hand, checked line by line.

import { announce, clear, count, dataTable, field, h, moment, plural, tile, tiles, toast, visible } from "/page/ui.js";
import { jobCard } from "/page/follow-job.js";
import { forWriters } from "/page/known.js";
import { readEvents } from "/page/lines.js";
import { errorLines } from "/page/plan-form.js";
import { jobsChanged } from "/page/views/jobs.js";

export const title = "Live events";

const BATCH = 2000;
const LOOK_MS = 5000;
const LARGEST = 30_000_000; // bytes of a file that the page reads
const EXAMPLE = "key,time,actor,action,target,post\n1,2026-03-01T10:00:00Z,ada,like,bob,p17";

export async function render(root, context) {
  const { api, signal } = context;
  const facts = h("div");
  const scoring = h("div");
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));

  async function look() {
    clearTimeout(timer);
    showFacts(facts, await api.get("/events/status", {}, { signal }), score);
    if (!signal.aborted) timer = setTimeout(() => look().catch(() => {}), LOOK_MS);
  }
  async function score(event) {
    event.target.disabled = true;
    try {
      const job = await api.post("/jobs", { kind: "score", parameters: {} }, { signal });
      jobsChanged();
      clear(scoring, jobCard(context, job.id, { heading: "Scoring with the live events", done: async () => { announce("Scores are new."); await look(); } }));
    } catch (error) {
      if (error.name !== "AbortError") toast(visible(error.message), "error");
    }
    event.target.disabled = false;
  }
  clear(root, h("h1", null, title), h("p", { class: "lead" },
    "Events that came in while the service runs. They are kept at once and enter the scores at the next refresh."), facts, scoring, sender(context, look));
  await look();
}

function showFacts(place, told, score) {
  const waits = told.unscored ?? 0;
  const held = place.contains(document.activeElement);
  clear(place, tiles(tile("Events kept", count(told.events)), tile("Not yet in the scores", count(waits)), tile("Last event", told.last_event ? moment(told.last_event) : "none"),
    tile("Next refresh", told.next_refresh ? moment(told.next_refresh) : "none planned",
      told.refresh_seconds ? `at most every ${count(told.refresh_seconds / 60)} min where events came in` : "refreshing by itself is off")),
  h("p", { class: "buttons" }, forWriters(h("button", { type: "button", class: "primary", disabled: !waits, onClick: score }, "Score now")),
    waits ? null : h("span", { class: "faint" }, "All events are in the scores.")));
  if (held) place.querySelector("button")?.focus();
}

// -- sending -----------------------------------------------------------------------------------------------------------

function sender(context, look) {
  const area = h("textarea", { rows: 8, spellcheck: "false", class: "mono", placeholder: EXAMPLE });
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,.ndjson,.jsonl,.json" });
  const checked = h("div", { role: "status" });
  const answer = h("div");
  const send = h("button", { type: "button", class: "primary", disabled: true }, "Send");
  let found = { rows: [], errors: [] };
  const check = () => {
    found = readEvents(area.value);
    showChecked(checked, found);
    send.disabled = !found.rows.length;
    send.textContent = found.rows.length ? `Send ${plural(found.rows.length, "event")}` : "Send";
  };
  let timer = 0;
  area.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(check, area.value.length > 200_000 ? 600 : 150); });
  file.addEventListener("change", async () => {
    const [one] = file.files;
    if (!one) return;
    if (one.size > LARGEST) return void clear(checked,
      h("p", { class: "error-text" }, `The file has ${count(one.size / 1e6)} MB; the page reads up to ${LARGEST / 1e6}. Send larger ones with a program, to /api/v1/events.`));
    area.value = await one.text();
    check();
  });
  send.addEventListener("click", async () => {
    clearTimeout(timer);
    check();
    if (!found.rows.length) return;
    send.disabled = true;
    await sendAll(context, found.rows, answer);
    send.disabled = false;
    look().catch(() => {});
  });
  return h("section", { class: "card" }, h("h2", null, "Send events"),
    h("p", { class: "hint" }, "CSV with a head, or one JSON object a line: ", h("code", null, "time, actor, action"), ", then ", h("code", null, "target"), " or ",
      h("code", null, "post"), ". With a ",
      h("code", null, "key"), " of its own an event counts once however often it is sent; without one, the page makes it from the line."),
    field("Events", area), field("Or a file", file), checked, h("p", { class: "buttons" }, forWriters(send)), answer);
}

function showChecked(place, { rows, errors, form }) {
  if (!rows.length && !errors.length) return void clear(place);
  const [first] = errors;
  const whole = !rows.length && form === "csv" && errors.length === 1 && first.line === 1;
  clear(place, h("p", null, whole ? "Nothing can be sent yet:" : `${plural(rows.length, "event")} can be sent${form ? ` (${form === "csv" ? "CSV" : "JSON lines"})` : ""}`
    + `${errors.length ? `, ${plural(errors.length, "line")} cannot:` : "."}`), errorLines(errors, 50),
    rows.length ? h("details", null, h("summary", null, "The first of them"),
      dataTable({ caption: "The first events as they will be sent", rows: rows.slice(0, 5), rowHeader: "line", columns: [
      { key: "line", label: "Line", number: true, cell: (row) => row.line },
      ...["time", "actor", "action", "target", "post"].map((key) => ({ key, label: key, cell: (row) => (row.event[key] === null ? "–" : visible(row.event[key])) }))] })) : null);
}

/** Send in batches; each has a key, so that one that got lost on the way can be sent again. */
async function sendAll({ api, signal }, rows, place) {
  const sum = { accepted: 0, duplicates: 0, rejected: [] };
  for (let from = 0; from < rows.length; from += BATCH) {
    const part = rows.slice(from, from + BATCH);
    clear(place, h("progress", { max: rows.length, value: from, "aria-label": "sent" }), `${count(from)} of ${count(rows.length)} sent`);
    try {
      const told = await api.post("/events", { events: part.map((row) => row.event) }, { signal });
      sum.accepted += told.accepted;
      sum.duplicates += told.duplicates;
      sum.rejected.push(...told.rejected.map((one) => ({ ...one, line: part[one.index]?.line })));
    } catch (error) {
      if (error.name === "AbortError") return;
      showAnswer(place, sum);
      place.append(h("p", { class: "error-text", role: "alert" }, `${visible(error.message)} The last ${count(rows.length - from)} events were not sent. `,
        h("button", { type: "button", onClick: () => sendAll({ api, signal }, rows.slice(from), place) }, "Send the rest")));
      return;
    }
  }
  showAnswer(place, sum);
}

function showAnswer(place, { accepted, duplicates, rejected }) {
  const words = `${plural(accepted, "event")} kept, ${plural(duplicates, "event")} known already, ${count(rejected.length)} refused.`;
  clear(place, h("p", { class: "note", role: "status" }, words), rejected.length ? dataTable({ caption: "Refused events", rowHeader: "line", rows: rejected.slice(0, 100), columns: [
    { key: "line", label: "Line", number: true, cell: (one) => one.line ?? "–" }, { key: "field", label: "Field", cell: (one) => one.field || "–" },
    { key: "value", label: "Value", cell: (one) => (one.value === null || one.value === undefined ? "–" : visible(one.value)) },
    { key: "reason", label: "Why", cell: (one) => (one.reason === "key-reused" ? "another event was sent under this key" : visible(one.reason)) }] }) : null);
  announce(words);
}
