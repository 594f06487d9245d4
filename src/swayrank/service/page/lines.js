// What people paste: lists of names, costs, events. Checked line by line, so that each mistake is told with its line.
// Pure functions: text in, {rows, errors: [{line, text, reason}]} out.

/** Split one line of CSV; quotes may hold commas and doubled quotes. Null where a quote is not closed. */
export function splitCsv(line, comma = ",") {
  const cells = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const sign = line[i];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (line[i + 1] === '"') { cell += '"'; i++; } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === comma) { cells.push(cell); cell = ""; } else cell += sign;
  }
  if (quoted) return null;
  cells.push(cell);
  return cells.map((one) => one.trim());
}

/** The sign between cells: the one of , ; and tab that is most frequent in the first line. */
export const commaOf = (line) => [",", ";", "\t"].map((sign) => [line.split(sign).length, sign]).sort((a, b) => b[0] - a[0])[0][1];

const linesOf = (text) => text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).map((line, i) => ({ line: i + 1, text: line })).filter((one) => one.text.trim());

/** The cells of a line without a head that are names: figures beside a name are not, ids that are all numbers are. */
function namesAmong(cells) {
  const isNumber = (one) => Number.isFinite(Number(one));
  return cells.every(isNumber) ? cells.filter(Boolean) : cells.filter((one, i) => one && (!i || !isNumber(one)));
}

/** Names: one a line, or some between commas; of a table with a head, the first column. */
export function readNames(text) {
  const rows = [];
  const errors = [];
  const seen = new Set();
  let table = false;
  for (const { line, text: raw } of linesOf(text)) {
    const cells = splitCsv(raw);
    if (!cells || !cells[0]) errors.push({ line, text: raw, reason: cells ? "has no name" : "a quote is not closed" });
    else if (line === 1 && /^(account|id|name|user|username)$/i.test(cells[0])) table = true;
    else for (const one of table ? cells.slice(0, 1) : namesAmong(cells)) if (!seen.has(one)) { seen.add(one); rows.push(one); }
  }
  return { rows, errors };
}

const CURRENCY = /[\s'’€$£¥]|\b(?:eur|euro|usd|gbp|chf)\b/gi;
const UNCLEAR = /^\+?[1-9]\d{0,2}[.,]\d{3}$/;

/** The decimal sign that an amount tells of: "" if it has none, null if it could be either. */
function decimalOf(core) {
  const signs = core.match(/[.,]/g) ?? [];
  if (!signs.length) return "";
  if (UNCLEAR.test(core)) return null;
  const last = signs.at(-1);
  return signs.length > 1 && signs.every((sign) => sign === last) ? { ".": ",", ",": "." }[last] : last;
}

/** Whether text is one number: digits, and between groups of three the same sign. */
const isAmount = (core) => /^[+-]?(\d+([.,]\d*)?|[.,]\d+|\d{1,3}(\.\d{3})+(,\d*)?|\d{1,3}(,\d{3})+(\.\d*)?)(e[+-]?\d+)?$/i.test(core);

/**
 * Amounts of money that people wrote, read as one list: "1.200" is 1200 or 1.2 by what the others show, and refused where
 * none does. Answers one {value} or {reason} for each.
 */
export function readAmounts(texts) {
  const cores = texts.map((text) => text.replace(CURRENCY, ""));
  const signs = new Set(cores.filter(isAmount).map(decimalOf).filter(Boolean));
  return cores.map((core, i) => {
    if (!isAmount(core)) return { reason: `must be a number, got "${texts[i]}"` };
    if (UNCLEAR.test(core) && signs.size !== 1) {
      const [whole, part] = core.replace("+", "").split(/[.,]/);
      const digits = part.replace(/0+$/, "").padEnd(2, "0");
      return { reason: `may be ${whole}${part} or ${Number(`${whole}.${part}`)}: write ${whole}${part}, or ${whole}.${digits.length === 2 ? digits : `${part}0`}` };
    }
    const decimal = UNCLEAR.test(core) ? [...signs][0] : decimalOf(core) || ".";
    const value = Number(core.replaceAll(decimal === "," ? "." : ",", "").replace(",", "."));
    if (!Number.isFinite(value)) return { reason: `must be a number, got "${texts[i]}"` };
    return value < 0 ? { reason: `must be 0 or more, got ${texts[i]}` } : { value };
  });
}

/** A number as text that readAmounts reads as the same number, whatever stands beside it. */
export const amountText = (value) => (UNCLEAR.test(String(value)) ? `${value}0` : String(value));

/** Costs: "account,cost" a line, or with semicolons or tabs. `lines`: where each account stands. */
export function readCosts(text) {
  const rows = new Map();
  const places = new Map();
  const errors = [];
  const lines = linesOf(text);
  const comma = ["\t", ";"].find((sign) => lines.length && lines[0].text.includes(sign)) ?? ",";
  const fine = [];
  for (const { line, text: raw } of lines) {
    const fail = (reason) => errors.push({ line, text: raw, reason });
    const cells = splitCsv(raw, comma);
    if (line === 1 && /^sep=.$/i.test(raw.trim())) continue;
    if (!cells) fail("a quote is not closed");
    else if (cells.length < 2) fail('needs an account and a cost, as "ada,250"');
    else if (!cells[0]) fail("has no account");
    else fine.push({ line, account: cells[0], cell: cells[1], fail });
  }
  const amounts = readAmounts(fine.map((one) => one.cell));
  for (const [i, { line, account, cell, fail }] of fine.entries()) {
    const { value, reason } = amounts[i];
    if (line === lines[0].line && !isAmount(cell.replace(CURRENCY, ""))) continue; // a head
    if (reason) fail(`the cost ${reason}`);
    else if (rows.has(account)) fail(`${account} has a cost already`);
    else { rows.set(account, value); places.set(account, line); }
  }
  errors.sort((a, b) => a.line - b.line);
  return { rows, errors, lines: places };
}

/* -- events -------------------------------------------------------------------------------------------------------- */

const FIELDS = ["key", "time", "actor", "action", "target", "post"];
const ALSO = { id: "key", event_id: "key", timestamp: "time", created_at: "time", date: "time", user: "actor", source: "actor", from: "actor",
  type: "action", kind: "action", to: "target", post_id: "post" };
const EARLIEST = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

/** Events as CSV with a head, or JSON, one object a line. Answers {rows, errors, form}. */
export function readEvents(text) {
  const lines = linesOf(text);
  if (!lines.length) return { rows: [], errors: [], form: null };
  return lines[0].text.trimStart().startsWith("{") ? readJsonLines(lines) : readCsvEvents(lines);
}

function readJsonLines(lines) {
  const rows = [];
  const errors = [];
  for (const { line, text } of lines) {
    let value = null;
    try { value = JSON.parse(text); } catch { errors.push({ line, text, reason: "is no JSON" }); continue; }
    if (typeof value !== "object" || value === null || Array.isArray(value)) errors.push({ line, text, reason: "must be an object with key, time, actor, action" });
    else take(line, text, value, rows, errors);
  }
  return { rows, errors, form: "ndjson" };
}

function readCsvEvents(lines) {
  const comma = commaOf(lines[0].text);
  const given = splitCsv(lines[0].text, comma) ?? [];
  const head = given.map((cell) => cell.toLowerCase()).map((cell) => ALSO[cell] ?? cell);
  const lacking = ["time", "actor", "action"].filter((field) => !head.includes(field));
  if (lacking.length) {
    const names = Object.fromEntries(lacking.map((field) => [field, [field, ...Object.keys(ALSO).filter((one) => ALSO[one] === field)]]));
    const needed = lacking.map((field) => `${field} (or ${names[field].slice(1).join(", ")})`).join("; ");
    return { rows: [], form: "csv", errors: [{ line: 1, text: "", reason:
      `the first line must name the columns time, actor and action; no column is called ${needed}. Found: ${given.join(", ")}. Rename them in that line` }] };
  }
  const rows = [];
  const errors = [];
  for (const { line, text } of lines.slice(1)) {
    const cells = splitCsv(text, comma);
    if (!cells) errors.push({ line, text, reason: "a quote is not closed" });
    else if (cells.length > head.length) errors.push({ line, text, reason: `has ${cells.length} cells, the head has ${head.length}` });
    else take(line, text, Object.fromEntries(head.map((field, i) => [field, cells[i] ?? ""])), rows, errors);
  }
  return { rows, errors, form: "csv" };
}

function take(line, text, value, rows, errors) {
  const reason = wrong(value);
  if (reason) errors.push({ line, text, reason });
  else rows.push({ line, event: eventOf(value) });
}

function wrong(value) {
  const unfit = FIELDS.find((field) => !["string", "number", "undefined"].includes(typeof (value[field] ?? undefined)));
  if (unfit) return `${unfit} must be text or a number`;
  if (blank(value.actor)) return "actor is missing";
  if (blank(value.action)) return "action is missing";
  if (blank(value.time)) return "time is missing";
  const time = timeOf(value.time);
  if (time === null) return `time must be as 2026-03-01T10:00:00Z or seconds since 1970, got "${value.time}"`;
  const moment = typeof time === "number" ? time * 1000 : Date.parse(time);
  if (moment < EARLIEST || moment > Date.now() + DAY_MS) return `time must be after 1999 and not in the future, got "${value.time}"`;
  if (blank(value.target) && blank(value.post) && String(value.action).toLowerCase() !== "post") return "needs a target (an account) or a post";
  return null;
}

const blank = (value) => value === undefined || value === null || String(value).trim() === "";

function timeOf(value) {
  if (typeof value === "number" || /^\d{9,10}(\.\d+)?$/.test(value)) return Number(value);
  const text = String(value).trim().replace(" ", "T");
  if (!/^\d{4}-\d{2}-\d{2}(T|$)/.test(text) || Number.isNaN(Date.parse(text))) return null;
  return /T/.test(text) && !/(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text + "Z" : text;
}

function eventOf(value) {
  const text = (field) => (blank(value[field]) ? null : String(value[field]).trim());
  const event = { key: text("key"), time: timeOf(value.time), actor: text("actor"), action: text("action"), target: text("target"), post: text("post") };
  event.key ??= keyOf(event);
  return event;
}

/** A key made of what happened, so that the same line sent again is known again (two FNV-1a hashes of 32 bits). */
export function keyOf({ time, actor, action, target, post }) {
  const text = JSON.stringify([time, actor, action, target, post]);
  const hash = (start) => {
    let sum = start;
    for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return sum.toString(16).padStart(8, "0");
  };
  return `page-${hash(0x811c9dc5)}${hash(0x9747b28c)}`;
}
