// One account: its score and how sure it is, what it is made of, what is behind it, how it changed, who is around it.

import { accountPath } from "/page/api.js";
import { evidence } from "/page/evidence.js";
import { followJob } from "/page/follow-job.js";
import { communities, communityName, forWriters, theRun } from "/page/known.js";
import { unlessPrepared } from "/page/not-prepared.js";
import { edges, follower, Followers, told as toldHere } from "/page/ties.js";
import { accountLink, area, between, busyWhile, clear, count, dataTable, decimal, emptyState, figure, h, intervalBar, jobProgress, legend, name, partsBar, percent, plural, shareBar,
  tile, tiles, toast, visible } from "/page/ui.js";
import { figureOf, ordinal, partMeaning, roleMeaning, tierMeaning, variesInWords, whyUnknown } from "/page/words.js";

const MOST_NEIGHBOURS = 500;

export const title = (params) => visible(params.account ?? "Account");

export async function render(root, context) {
  const account = context.params.account || context.query.get("account") || "";
  context.params.account = account;
  if (!account) return nobody(root, account);
  let told, run, groups;
  try {
    [told, run, groups] = await Promise.all([context.api.get(accountPath("explanations", account), {}, { signal: context.signal }), theRun(), communities()]);
  } catch (error) {
    if (error.status !== 404) throw error;
    return nobody(root, account);
  }
  new Card(root, context, account, run, groups).draw(told);
}

function nobody(root, account) {
  clear(root, h("h1", null, "No such account"), emptyState("Nobody here has that name",
    h("span", null, "The result that is served does not know \"", name(account, { limit: 80 }),
      "\". Names are told apart by case and sign for sign. It may be in the data under another spelling."),
    h("a", { class: "button", "data-link": true, href: `/?q=${encodeURIComponent([...account].slice(0, 100).join(""))}` }, "Look for similar names"), " ",
    h("a", { class: "button", "data-link": true, href: "/" }, "To the leaderboard")));
}

class Card {
  constructor(root, context, account, run, groups) {
    Object.assign(this, { root, context, account, run, groups });
  }

  draw(told) {
    const { row, facts } = told;
    clear(this.root, this.head(row), this.tiles(row, facts),
      row.score === null ? this.insufficient(row, facts) : this.parts(row, facts),
      facts ? evidence(facts, this.groups) : this.unexplained(),
      this.overTime(told), this.neighbours(), told.text ? this.asText(told.text) : null);
  }

  // -- who it is -----------------------------------------------------------------------------------------------------

  head(row) {
    const { account } = this;
    const q = encodeURIComponent(account);
    const kind = [row.role && h("span", { class: "badge", title: roleMeaning(row.role) }, visible(row.role)),
      row.role && roleMeaning(row.role) ? h("span", { class: "faint" }, roleMeaning(row.role)) : null,
      row.community === null ? null : h("a", { href: `/?community=${row.community}`, "data-link": true }, this.groups.has(row.community) ? "community " : "",
        communityName(row.community, this.groups)),
      row.tier && h("span", { class: "faint" }, `tier ${tierMeaning(row.tier)}`)];
    const to = (href, label, primary) => h("a", { class: primary ? "button primary" : "button", "data-link": true, href }, label);
    return h("header", { class: "card-head" }, h("h1", null, name(account, { limit: 80 })), h("p", { class: "kind-line" }, kind.filter(Boolean).flatMap((one) => [one, " "])),
      h("div", { class: "buttons" }, to(`/compare?a=${q}`, "Compare with another"), to(`/map?at=${q}`, "Show on the map"),
        to(`/whatif?seed=${q}`, "What would it reach?"), to(`/planner?must=${q}`, "Plan with it"),
        h("button", { type: "button", onClick: () => this.copyLink() }, "Copy link")));
  }

  async copyLink() {
    try { await navigator.clipboard.writeText(location.href); toast("The link is copied."); }
    catch { toast("The browser does not allow copying; the link stands in its address bar.", "error"); }
  }

  tiles(row, facts) {
    const { run } = this;
    const sure = run.intervals;
    const scored = run.counts.scored;
    const peer = facts?.peer;
    const e = row.evidence;
    const all = [];
    if (row.score !== null) {
      all.push(tile("Score, of 100", decimal(row.score), intervalBar(row.score, row.score_low, row.score_high),
        row.score_low === null ? "no interval was drawn" : `${between(row.score_low, row.score_high)} (${percent(sure.confidence)} interval)`));
      all.push(tile("Rank", `${count(row.rank)} of ${count(scored)}`,
        [row.rank_low === null ? null : row.rank_low === row.rank_high
          ? "the same in all replicates" : `${between(row.rank_low, row.rank_high, count)} within the interval`, placeAmong(row.rank, scored)].filter(Boolean).join("; ")));
    } else all.push(tile("Score", "None", "too little data"));
    if (peer) all.push(tile("Among its peers", `${ordinal(peer.place)} of ${count(peer.n)}`, `accounts with ${followersOf(peer)}`));
    all.push(tile(Followers(), count(e.followers), whyUnknown("followers", e, run) ?? (e.following === null || edges() ? null : `follows ${count(e.following)}`)),
      tile("Reactions received", count(e.reactions), whyUnknown("reactions", e, run) ?? (e.engagers === null ? null : `by ${plural(e.engagers, "account")}`)),
      tile("Posts", count(e.posts), whyUnknown("posts", e, run) ?? (e.posts && e.reactions !== null ? `${decimal(e.reactions / e.posts)} reactions a post` : null)));
    return tiles(all);
  }

  insufficient(row, facts) {
    const floor = this.run.parameters.min_evidence;
    const why = facts?.missing?.length ? facts.missing.map((line) => h("li", null, visible(line))) : h("li", null, toldHere(`fewer than ${count(floor)} followers, reactions and posts together`));
    return h("section", { class: "note", "aria-label": "Why there is no score" }, h("h2", null, "Why it has no score"),
      h("p", null, "There is too little data to tell its influence from chance, so it gets no score and no rank. That says nothing against it."), h("ul", null, why),
      h("p", null, toldHere("What would change that: data of a longer time, or of more of those who follow or react to it.")));
  }

  // -- what the score is made of ---------------------------------------------------------------------------------------

  parts(row, facts) {
    const names = Object.keys(row.parts);
    const reasons = new Map((facts?.parts ?? []).map((one) => [one.part, one]));
    const weight = (part) => reasons.get(part)?.weight ?? this.run.weights[part];
    const columns = [
      { key: "part", label: "Part", cell: (part) => [h("strong", null, visible(part)), h("span", { class: "under wrap meaning" }, partMeaning(part))] },
      { key: "raw", label: "Measured", number: true, wide: true, cell: (part) => [figureOf(row.parts[part].raw), h("span", { class: "under" }, visible(this.run.units[part] ?? ""))] },
      { key: "scaled", label: "On 0 to 100", number: true, cell: (part) => decimal(row.parts[part].scaled) },
      { key: "between", label: "Between", cell: (part) => [intervalBar(row.parts[part].scaled, row.parts[part].low, row.parts[part].high),
        h("span", { class: "under" }, between(row.parts[part].low, row.parts[part].high))] },
      { key: "weight", label: "Weight", number: true, wide: true, cell: (part) => percent(weight(part)) },
      { key: "adds", label: "Adds", number: true, cell: (part) => h("strong", null, decimal(row.parts[part].contribution)) },
      reasons.size && { key: "because", label: "Because", wide: true, class: "because", cell: (part) => visible(reasons.get(part)?.because ?? "") },
    ].filter(Boolean);
    const there = names.filter((part) => row.parts[part].scaled !== null);
    return h("section", null, h("h2", null, "What the score is made of"),
      h("p", { class: "lead" }, `Each part is put on 0 to 100, times its weight: what they add comes to ${decimal(row.score)}.`, varies(facts)),
      h("div", { class: "big-parts" }, partsBar(row.parts)), legend(names.map((part) => `${visible(part)} ${decimal(row.parts[part].contribution)}`)),
      dataTable({ caption: "What each part adds to the score", columns, rows: there, rowHeader: "part" }),
      // On phones the table has no room for words: they stand below it.
      h("dl", { class: "narrow in-words" }, there.map((part) => [h("dt", null, visible(part)),
        h("dd", null, [partMeaning(part), visible(reasons.get(part)?.because ?? "")].filter(Boolean).join(": "))])),
      there.length < names.length ? h("p", { class: "faint" },
        `Not known for this account: ${names.filter((part) => !there.includes(part)).join(", ")}. The others share its weight.`) : null,
      h("details", { class: "more-below" }, h("summary", null, "As a figure"), figure("breakdown", { account: this.account }, { signal: this.context.signal })));
  }

  // -- explained or not ------------------------------------------------------------------------------------------------

  unexplained() {
    const told = h("div", { role: "status" });
    const { api, signal } = this.context;
    const button = h("button", { type: "button", class: "primary", onClick: () => busyWhile(button, async () => {
      try {
        const job = await api.post("/jobs", { kind: "explain", parameters: { account: this.account } }, { signal });
        const over = await followJob(api, job.id, (now) => clear(told, jobProgress(now)), signal);
        if (over.status === "done") {
          this.draw(await api.get(accountPath("explanations", this.account), {}, { signal }));
          this.root.querySelector("#evidence")?.focus();
          return;
        }
      } catch (error) {
        if (error.name === "AbortError") return;
        clear(told, h("p", { class: "error-text" }, error.status === 404 ? "This service runs no jobs." : visible(error.message)));
      }
    }) }, "Explain in full");
    return h("section", null, h("h2", { id: "evidence" }, "Why"), h("div", { class: "state" },
      h("p", null, `The run explains its ${plural(this.run.has.explanations, "first account")} in full. `
        + "For this one it can be done now: its posts, who reacts to it, where its attention comes from, and what would change its score. "
        + "The data are read again for that, which takes about as long as scoring them."), forWriters(button), told));
  }

  asText(text) {
    return h("details", { class: "more-below" }, h("summary", null, "The explanation as plain text"),
      h("pre", { class: "text", tabindex: "0" }, visible(text.replaceAll("\n", "\u2028")).replaceAll("\\u2028", "\n")));
  }

  // -- over time -------------------------------------------------------------------------------------------------------

  overTime(told) {
    const { context, account } = this;
    const { signal } = context;
    const activity = told.activity ? figure("activity", { account }, { signal, height: 354 })
      : h("p", { class: "faint" }, this.run.has.activity
        ? "The run keeps reactions over time for the accounts that it explains; this is none of them." : "This run keeps no reactions over time.");
    return h("section", null, h("h2", null, "Over time"), h("div", { class: "columns" }, h("div", null, h("h3", null, "Reactions received"), activity),
      h("div", null, h("h3", null, "Score in the kept runs"), area(() => context.api.get(accountPath("history", account), {}, { signal }), (past) => this.trend(past), { signal }))));
  }

  trend(past) {
    if (past.runs.length < 2) return h("p", { class: "faint" }, "Only one run of this scale is kept. Score again later with the same reference, and its trend shows here.");
    if (!past.runs.some((run) => run.score !== null)) return h("p", { class: "faint" }, `It has no score in any of the ${plural(past.runs.length, "kept run")}.`);
    const first = past.runs[0], last = past.runs.at(-1);
    const moved = first.score === null || last.score === null ? null
      : h("p", null, `From ${decimal(first.score)} to ${decimal(last.score)} over ${plural(past.runs.length, "run")}: `, changeInWords(first, last));
    return h("div", null, moved, past.note ? h("p", { class: "note" }, visible(past.note)) : null, figure("trend", { account: this.account }, { signal: this.context.signal }));
  }

  // -- who is around it ------------------------------------------------------------------------------------------------

  neighbours() {
    const { signal } = this.context;
    const load = () => Promise.all(["followers", "following"].map((direction) => this.ask(direction, 10)));
    const draw = ([followers, following]) => h("div", { class: "columns" },
      this.around(followers, "Who gives it attention", "Share of their attention",
        edges() ? "Nobody is known to be connected with it or to react to it." : "Nobody is known to follow or react to it."),
      this.around(following, "Whom it gives attention", "Share of its attention",
        edges() ? "It is not known to be connected with anybody or to react to anybody." : "It is not known to follow or react to anybody."));
    return h("section", null, h("h2", null, "Who is around it"), area(load, draw, { signal, lines: 6, instead: unlessPrepared("Who is around it", this.context) }));
  }

  ask(direction, k) {
    return this.context.api.get(accountPath("neighbours", this.account), { direction, k }, { signal: this.context.signal });
  }

  /** One direction of attention, which grows when more are asked for. */
  around(told, heading, shareLabel, empty) {
    const columns = [
      { key: "account", label: "Account", cell: (row) => accountLink(row.account, { limit: 24 }) },
      { key: "score", label: "Score", number: true, cell: (row) => decimal(row.score) },
      { key: "rank", label: "Rank", number: true, wide: true, cell: (row) => count(row.rank) },
      { key: "share", label: shareLabel, cell: (row) => h("span", { class: "bar-and-figure" }, shareBar(row.share), percent(row.share, row.share < 0.0995 ? 1 : 0)) },
    ];
    const box = h("div");
    const fill = (now) => {
      const more = h("button", { type: "button", onClick: () => busyWhile(more, async () => {
        try { fill(await this.ask(now.direction, Math.min(MOST_NEIGHBOURS, now.items.length * 5))); box.querySelector(".scroll").focus(); }
        catch (error) { if (error.name !== "AbortError") toast(visible(error.message), "error"); }
      }) }, "Show more");
      clear(box, dataTable({ caption: `${heading}: ${count(now.items.length)} of ${count(now.total)}`, showCaption: now.items.length > 0, columns, rows: now.items,
        rowHeader: "account", empty }),
        now.total > now.items.length && now.items.length < MOST_NEIGHBOURS ? more : null);
    };
    fill(told);
    return h("div", null, h("h3", null, heading), box);
  }
}

/** How high a rank is among all; of the lower half only its very end is told. */
function placeAmong(rank, scored) {
  const share = rank / scored;
  if ((scored - rank + 1) / scored <= 0.01) return "in the last hundredth";
  if (share > 0.5) return null;
  return `in the first ${share < 0.001 ? "thousandth" : percent(Math.ceil(share * 1000) / 1000, share < 0.1 ? 1 : 0)}`;
}

function followersOf(peer) {
  const one = follower();
  if (peer.most === null) return peer.fewest ? `${count(peer.fewest)} ${one}s or more` : `known ${one}s`;
  if (peer.fewest === peer.most) return plural(peer.most, one);
  return peer.fewest ? `${count(peer.fewest)} to ${count(peer.most)} ${one}s` : `at most ${plural(peer.most, one)}`;
}

function varies(facts) {
  const what = [...new Set((facts?.parts ?? []).map((one) => variesInWords(one.varies)).filter(Boolean))];
  return what.length ? ` What could have come out differently, and makes the intervals: ${what.join("; ")}.` : "";
}

function changeInWords(first, last) {
  if (first.score_low === null || last.score_low === null) return "no intervals were drawn, so how firm that is cannot be told.";
  const apart = first.score_low > last.score_high || last.score_low > first.score_high;
  return apart ? "a clear change, the intervals do not meet." : "within chance, the intervals overlap.";
}
