// What is behind a score, from an explanation's facts: posts, who reacts, where attention comes from, what would change it.

import { follower } from "/page/ties.js";
import { accountLink, count, dataTable, decimal, h, moment, name, percent, plural, shareBar, signed, visible } from "/page/ui.js";
import { reactionsInWords } from "/page/words.js";

/** The section of an account's evidence. */
export function evidence(facts) {
  const parts = [changes(facts), posts(facts), origins(facts), h("div", { class: "columns" }, engagers(facts), followers(facts))];
  return h("section", null, h("h2", { id: "evidence", tabindex: "-1" }, "What is behind it"), parts.filter(Boolean));
}

const block = (heading, lead, ...content) => h("div", null, h("h3", null, heading), lead ? h("p", { class: "lead" }, lead) : null, content);
const share = (value) => h("span", { class: "bar-and-figure" }, shareBar(value), percent(value, value < 0.0995 ? 1 : 0));
const standing = [{ key: "score", label: "Score", number: true, wide: true, cell: (row) => decimal(row.score) },
  { key: "rank", label: "Rank", number: true, cell: (row) => count(row.rank) }];

function posts({ posts: found, n_posts }) {
  if (!found?.length) return null;
  const columns = [
    { key: "post", label: "Post", cell: (row) => (row.post === null ? "without a name" : name(row.post, { limit: 24 })) },
    { key: "time", label: "When", wide: true, cell: (row) => moment(row.time).slice(0, 10) },
    { key: "reactions", label: "Reactions", class: "roomy", cell: (row) => reactionsInWords(row.reactions) },
    { key: "share", label: "Share of its reactions' weight", cell: (row) => share(row.share) },
    { key: "loss", label: "Score without it", number: true, cell: (row) => (row.loss === null ? null : signed(-row.loss, Math.abs(row.loss) < 0.095 ? 2 : 1)) },
  ];
  return block("Posts that matter most", found.length < n_posts ? `${count(found.length)} of ${plural(n_posts, "post")}: those without which resonance would be lowest.` : null,
    dataTable({ caption: "Posts that matter most", columns, rows: found, rowHeader: "post" }));
}

function engagers({ engagers: found, n_engagers }) {
  if (!found?.length) return null;
  const columns = [{ key: "account", label: "Account", cell: (row) => accountLink(row.account, { limit: 22 }) },
    { key: "reactions", label: "Reactions", number: true, cell: (row) => count(row.reactions) },
    { key: "share", label: "Share of resonance", number: true, cell: (row) => percent(row.share, 1) }, ...standing];
  return block("Who reacts most often", `${count(found.length)} of ${plural(n_engagers, "account")} that reacted.`,
    dataTable({ caption: "Who reacts most often", columns, rows: found, rowHeader: "account" }));
}

function followers({ followers: found, n_followers, n_others }) {
  if (!found?.length) return null;
  const columns = [{ key: "account", label: "Account", cell: (row) => accountLink(row.account, { limit: 22 }) },
    { key: "share", label: "Share of the attention it has", cell: (row) => share(row.share) }, ...standing];
  const all = [n_followers ? plural(n_followers, follower()) : null, n_others ? `${plural(n_others, "other")} who reacted` : null].filter(Boolean).join(" and ");
  return block("Whose attention counts most", `${count(found.length)} of ${all}.`, dataTable({ caption: "Whose attention counts most", columns, rows: found, rowHeader: "account" }));
}

function origins({ origins: found, n_origins }) {
  if (!found?.length) return null;
  const columns = [
    { key: "leaders", label: "Community", cell: (row) => [leaders(row.leaders), row.own ? h("span", { class: "badge" }, "its own") : null] },
    { key: "share", label: "Share of its attention", cell: (row) => share(row.share) },
    { key: "followers", label: "Members that heed it", number: true, cell: (row) => `${count(row.followers)} of ${count(row.members)}` },
  ];
  const rest = 1 - found.reduce((sum, one) => sum + one.share, 0);
  return block("Where its attention comes from",
    `From ${plural(n_origins, "community", "communities")}; communities are called by their leaders.`
      + `${rest > 0.005 ? ` ${percent(rest)} come from others than these.` : ""}`,
    h("div", { class: "side" }, dataTable({ caption: "Communities that its attention comes from", columns, rows: found, rowHeader: "leaders" })));
}

const leaders = (list) => (list.length ? h("span", null, "around ", list.slice(0, 2).flatMap((one, i) => [i ? " and " : null, accountLink(one, { limit: 20 })]),
  " ") : "without scored members ");

function changes({ changes: found, score, enough, middle_half: half, n_posts }) {
  const lucky = half && score !== null && score > half[1]
    ? h("p", { class: "note" }, `Its score lies above three quarters of its replicates${n_posts ? ` and rests on ${plural(n_posts, "post")}` : ""}: `
      + `another such period would probably bring less, between ${decimal(half[0])} and ${decimal(half[1])} in the middle half of them.`) : null;
  if (!found?.length) return enough ? block("How sure that is", null, lucky, h("p", null, visible(enough))) : lucky;
  const columns = [
    { key: "what", label: "What if", cell: (row) => visible(row.what) },
    { key: "difference", label: "Score", number: true,
      cell: (row) => h("span", { class: row.difference < -0.005 ? "falls" : row.difference > 0.005 ? "rises" : undefined }, arrow(row.difference),
        signed(row.difference, Math.abs(row.difference) < 0.095 ? 2 : 1)) },
    { key: "score_after", label: "Comes to", number: true, wide: true, cell: (row) => decimal(row.score_after) },
    { key: "rank_after", label: "Rank", number: true, cell: (row) => count(row.rank_after) },
  ];
  return block("What would change its score", "All else as it is, the other accounts too.",
    dataTable({ caption: "What would change its score", columns, rows: found, rowHeader: "what" }), lucky,
    enough ? h("p", null, h("strong", null, "Is that enough data? "), visible(enough.charAt(0).toUpperCase() + enough.slice(1)), ".") : null);
}

const arrow = (difference) => h("span", { "aria-hidden": "true" }, difference < -0.005 ? "▼ " : difference > 0.005 ? "▲ " : "");
