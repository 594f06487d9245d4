// The shell: which view an address means, moving between views, signing in, and what stands around them.

import { api, onTokenNeeded, Problem, token } from "/page/api.js";
import { theRun } from "/page/known.js";
import { announce, clear, count, dialog, errorState, field, h, loading, moment, plural, toast } from "/page/ui.js";

// [pattern, module, label in the navigation]; the first that fits
const ROUTES = [
  [/^\/$/, "leaderboard", "Leaderboard", "/"],
  [/^\/accounts\/(?<account>.*)$/, "account"],
  [/^\/communities$/, "communities", "Communities", "/communities"],
  [/^\/map$/, "map", "Map", "/map"],
  [/^\/planner$/, "planner", "Planner", "/planner"],
  [/^\/whatif$/, "whatif", "What if", "/whatif"],
  [/^\/weights$/, "weights", "Weights", "/weights"],
  [/^\/compare$/, "compare", "Compare", "/compare"],
  [/^\/jobs(?:\/(?<job>[0-9a-f]+))?$/, "jobs", "Jobs", "/jobs"],
  [/^\/live$/, "live", "Live events", "/live"],
  [/^\/data$/, "data", "Data", "/data"],
];

const main = document.getElementById("main");
const nav = document.getElementById("nav");
let leaving = null;
let here = "";
const address = () => location.pathname + location.search;

/** Go to an address of the page. `replace` leaves no step in the history. */
export function navigate(to, { replace = false } = {}) {
  if (!replace) history.replaceState({ y: scrollY }, "");
  history[replace ? "replaceState" : "pushState"](null, "", to);
  return show();
}

/** Put the state of a view into the address, without drawing it anew. */
export function remember(query) {
  const url = new URL(location.href);
  url.search = "";
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null && one !== "") url.searchParams.append(name, one);
  }
  history.replaceState(null, "", url);
  here = address();
}

/** What stands in a path, decoded; a broken escape is taken as it is. */
function decoded(raw) {
  try { return decodeURIComponent(raw); } catch { return raw; }
}

/** The module of a view; that it cannot be had means that the service is away. */
const load = (view) => import(`/page/views/${view}.js`).catch((error) => {
  if (!/fetch|load/i.test(error.message)) throw error;
  throw new Problem({ type: "offline", status: 0, title: "No connection", detail: "The service cannot be reached. Is it still running? Try again when it is." });
});

async function show() {
  leaving?.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  here = address();
  const found = ROUTES.find(([pattern]) => pattern.test(location.pathname));
  for (const link of nav.querySelectorAll("a")) {
    if (found && link.pathname === found[3]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = h("div", { class: "view", "aria-busy": "true" });
  clear(main, root);
  if (!found) {
    clear(root, h("h1", null, "Nothing here"), h("p", null, "There is no page at this address. ", h("a", { href: "/", "data-link": true }, "To the leaderboard")));
    return settled(root, "Nothing here");
  }
  clear(root, loading(6));
  const params = {};
  for (const [key, raw] of Object.entries(location.pathname.match(found[0]).groups ?? {})) params[key] = raw && decoded(raw);
  try {
    const [view] = await Promise.all([load(found[1]), knowTheRun()]);
    if (signal.aborted) return;
    clear(root);
    await view.render(root, { params, query: new URLSearchParams(location.search), api, navigate, remember, signal });
    if (!signal.aborted) settled(root, typeof view.title === "function" ? view.title(params) : view.title);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    clear(root, h("h1", null, "That did not work"), errorState(error, show));
    settled(root, "That did not work");
  }
}

/** Know what is served, and the words for it, before a view speaks; who does not sign in is not asked once more by the view. */
async function knowTheRun() {
  try { await theRun(); } catch (error) { if (error.status === 401) throw error; }
}

history.scrollRestoration = "manual";
let first = true;
function settled(root, title) {
  root.removeAttribute("aria-busy");
  document.title = `${title} · swayrank`;
  const heading = root.querySelector("h1");
  if (first) { first = false; return; }
  if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
  scrollTo(0, 0);
  announce(title);
}

// -- moving ------------------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-link]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return;
  event.preventDefault();
  closeMenu();
  navigate(link.getAttribute("href"));
});
// A link within the page, such as the one that skips to the content, is no other view.
addEventListener("popstate", async (event) => {
  if (address() === here) return;
  await show();
  scrollBack(event.state?.y ?? 0, leaving.signal);
});

/** Back to where one was, as soon as the view is long enough again; no longer than two seconds. */
async function scrollBack(y, signal) {
  for (let i = 0; y && i < 40 && !signal.aborted; i++) {
    if (document.documentElement.scrollHeight - innerHeight >= y) return scrollTo(0, y);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const menu = document.querySelector("button.menu");
function closeMenu() { menu.setAttribute("aria-expanded", "false"); nav.classList.remove("open"); }
menu.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", String(open));
  nav.classList.toggle("open", open);
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });

// -- signing in --------------------------------------------------------------------------------------------------------

let asking = null;
let dismissed = false; // who would not sign in is asked again when they do something, not by what is sent by itself
document.addEventListener("click", () => { dismissed = false; }, true);
onTokenNeeded((refused) => dismissed ? false : (asking ??= askForToken(refused).finally(() => { asking = null; })));

async function askForToken(refused) {
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const said = refused ? "That token is not known here, or was revoked." : "This service needs a token.";
  const content = [h("p", null, said, " Whoever runs it makes one with ", h("code", null, "swayrank token add"), "."),
    field("Token", input, "It stays in this tab and is forgotten when the tab closes.")];
  const answer = await dialog("Sign in", content, [["ok", "Sign in"], ["", "Not now"]]);
  token.set(answer === "ok" ? input.value.trim() : null);
  dismissed = answer !== "ok";
  return answer === "ok" && Boolean(input.value.trim());
}

// -- around the views --------------------------------------------------------------------------------------------------

async function around() {
  const foot = document.getElementById("foot");
  const banner = document.getElementById("banner");
  try {
    const run = await theRun();
    const warned = run.warnings.filter((one) => one.level === "warning").length;
    clear(foot, h("span", null, `Run ${run.id}, made ${moment(run.created)}. ${plural(run.counts.accounts, "account")}, ${count(run.counts.scored)} scored.`),
      h("span", null, `swayrank ${run.version}`));
    clear(banner, warned ? h("a", { href: "/data", "data-link": true }, `${plural(warned, "warning")} about the data`) : null);
  } catch (error) {
    clear(foot, h("span", null, error.message));
  }
}

clear(nav, h("ul", null, ROUTES.filter((route) => route[2]).map(([, , label, href]) => h("li", null, h("a", { href, "data-link": true }, label)))));
// What stands above the views is put there first, so that it pushes nothing down; a slow service keeps nobody waiting.
const FIRST_MS = 500;
main.style.visibility = "hidden";
Promise.race([around(), new Promise((done) => setTimeout(done, FIRST_MS))]).then(() => { main.style.visibility = ""; });
show();
addEventListener("swayrank:run", () => { around(); toast("A newer run is served now. What you open from here on is of that run.", "info"); });
import("/page/views/jobs.js").then((jobs) => jobs.mountJobsIndicator?.(document.getElementById("jobs-indicator"), { api, navigate })).catch(() => {});
