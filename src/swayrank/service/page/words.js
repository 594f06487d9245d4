// What the words of a result mean, for people who did not make it: parts, roles, tiers, actions, parameters.

import { told } from "/page/ties.js";
import { count, decimal, moment, percent, visible } from "/page/ui.js";

const PARTS = {
  reach: "how much attention others give it, followers and people who react",
  resonance: "how much reaction its posts draw, lately and from how many different accounts",
  spread: "how many accounts a post of it is expected to reach, passed on from one to the next",
};
/** What a part of the score measures; "" where nobody wrote it down. */
export const partMeaning = (part) => told(PARTS[part] ?? "");

const ROLES = {
  "passive star": "followed by many, heeded by few",
  broadcaster: "posts its own, is widely reacted to, rarely replies",
  amplifier: "passes on what others post",
  conversationalist: "replies, and is replied to",
  broker: "followed from different communities, and reacted to",
  ordinary: "meets the rule of no other role",
};
export const roleMeaning = (role) => told(ROLES[role] ?? "");

const TIERS = {
  nano: "nano: under 10,000 followers", micro: "micro: 10,000 to 99,999", mid: "mid: 100,000 to 499,999", macro: "macro: 500,000 to 999,999",
  mega: "mega: a million and more", q1: "q1: fewest followers", q2: "q2: second fewest", q3: "q3: third fewest", q4: "q4: most followers",
};
const ORDER = ["mega", "macro", "mid", "micro", "nano", "q4", "q3", "q2", "q1"];
export const tierMeaning = (tier) => (TIERS[tier] ? told(TIERS[tier]) : visible(tier));
export const byTier = (a, b) => ORDER.indexOf(a) - ORDER.indexOf(b);

/** Why a count of an account (its evidence) is not known; null where it is. */
export function whyUnknown(key, evidence, { counts = {} }) {
  if (evidence[key] !== null) return null;
  if (key === "followers" || key === "following") return told(counts.nodes === undefined ? "no follow graph was read" : "not in the follow graph");
  if (evidence.reactions === null) return counts.events === undefined ? "no log was read" : "not in the log";
  return key === "posts" ? "the log names none of its posts" : "not told by the data";
}

const MANY = { reply: "replies" };
/** {like: 3, reply: 1} -> "3 likes, 1 reply". */
export const reactionsInWords = (reactions) => Object.entries(reactions)
  .map(([action, n]) => `${count(n)} ${n === 1 ? visible(action) : MANY[action] ?? visible(action) + "s"}`).join(", ") || "no reactions";

/** 1 -> "1st". */
export function ordinal(n) {
  const tens = n % 100;
  const end = tens > 10 && tens < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th";
  return count(n) + end;
}

/** A figure with as many digits as it is worth: 3 significant ones, whole numbers from 100 on. */
export const figureOf = (value) => (value === null || value === undefined ? "–"
  : Math.abs(value) >= 100 || Number.isInteger(value) ? count(value) : value.toLocaleString("en", { maximumSignificantDigits: 3 }));

const PROFILES = { balanced: "a mix of reach, resonance and spread", awareness: "to be seen by many", engagement: "to be reacted to" };

// name of a parameter -> [what it is, value => in words]
const PARAMETERS = {
  profile: ["Profile", (value) => (PROFILES[value] ? `${visible(value)}: ${PROFILES[value]}` : visible(value))],
  half_life_days: ["Half-life of a reaction", (value) => `${value < 2 && value >= 1 / 24 ? `${figureOf(24 * value)} hours` : `${figureOf(value)} days`}: a reaction that old counts half`],
  half_life_chosen_by: ["Half-life chosen by", visible],
  action_weights: ["What a reaction counts", (value) => Object.entries(value).map(([action, weight]) => `${visible(action)} ${figureOf(weight)}`).join(", ")],
  since: ["Data from", (value) => (value === null ? "the first there is" : moment(value))],
  until: ["Data up to", (value) => (value === null ? "all there is" : moment(value))],
  as_of: ["Scored as of", (value) => (value === null ? "the newest event" : moment(value))],
  now: ["The moment scored", moment],
  span_days: ["Time that the events span", (value) => `${figureOf(value)} days`],
  min_evidence: ["Least evidence for a score", (value) => told(`${count(value)} followers, reactions and posts together`)],
  n_replicates: ["Replicates behind the intervals", (value) => (value ? `${count(value)} redrawn data sets` : "none: no intervals were drawn")],
  confidence: ["Confidence of the intervals", (value) => percent(value, Number.isInteger(value * 100) ? 0 : 1)],
  prob: ["How a post is passed on", (value) => (value === "attention" ? told("by the share of attention that each account gives whom it follows") : visible(value))],
  rng: ["Start of the random numbers", visible],
};
/** [label, value in words] of a run's parameter; what nobody described is shown as it is. */
export function parameterInWords(name, value) {
  const [label, inWords] = PARAMETERS[name] ?? [visible(name.replaceAll("_", " ")), null];
  if (inWords && (value !== null || ["since", "until", "as_of"].includes(name))) return [label, inWords(value)];
  return [label, value === null || value === undefined ? "–" : typeof value === "number" ? figureOf(value) : visible(typeof value === "string" ? value : JSON.stringify(value))];
}

/** What could have come out differently of a part; empty where nothing could: it is counted in full. */
export const variesInWords = (varies) => (varies?.startsWith("none") ? "" : visible(varies ?? ""));

/** What says nothing of a run that had no events to weigh. */
const OF_EVENTS = ["half_life_days", "half_life_chosen_by", "action_weights", "since", "until", "as_of", "now", "span_days"];
export const parametersThatSay = ({ parameters, counts }) => Object.entries(parameters).filter(([name]) => counts.events || counts.posts || !OF_EVENTS.includes(name));

/** How two orders agree, in words. */
export function agreement(spearman) {
  if (spearman === null || spearman === undefined) return "The two orders cannot be compared.";
  const how = spearman > 0.98 ? "almost the same order" : spearman > 0.9 ? "much the same order" : spearman > 0.7 ? "a similar order"
    : spearman > 0.4 ? "a rather different order" : "quite another order";
  return `All scored accounts together: ${how} as in the run (rank correlation ${decimal(spearman, 2)}; 1 is the same).`;
}
