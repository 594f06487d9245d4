// Talking to /api/v1: JSON in and out, problems as errors, streams of progress, files. The token, where one is needed,
// lives in this tab's session storage and nowhere else.

const BASE = "/api/v1";
const KEY = "swayrank-token";

/** What the service answered instead of what was asked for. */
export class Problem extends Error {
  constructor(told) {
    super(told.detail || told.title || "something went wrong");
    Object.assign(this, told);
    this.name = "Problem";
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (secret) => {
    if (secret) sessionStorage.setItem(KEY, secret);
    else sessionStorage.removeItem(KEY);
    dispatchEvent(new Event("swayrank:token")); // another caller, who may do other things
  },
};

let askForToken = null;
/** Called when the service wants a token; resolves to true once there is one to try. */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

/** "/accounts", {role: ["a", "b"], q: ""} -> "/api/v1/accounts?role=a&role=b": empty values are left out. */
export function address(path, query = {}) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") pairs.append(name, one);
    }
  }
  const text = pairs.toString();
  return BASE + path + (text ? (path.includes("?") ? "&" : "?") + text : "");
}

/** The address of one account's resource; names may hold anything. Those that no path can hold go into the query. */
export const accountPath = (resource, account) =>
  /^\.{1,2}$|[\r\n]/.test(account) ? `/${resource}/?account=${encodeURIComponent(account)}` : `/${resource}/${encodeURIComponent(account)}`;

async function send(method, url, { body, type = "application/json", headers = {}, signal } = {}) {
  for (;;) {
    const shown = token.get();
    const all = { Accept: "application/json", ...headers };
    if (shown) all.Authorization = `Bearer ${shown}`;
    if (body !== undefined) all["Content-Type"] = type;
    let response;
    try {
      response = await fetch(url, { method, headers: all, body, signal, cache: "no-cache" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ type: "offline", status: 0, title: "No connection",
        detail: "The service cannot be reached. Is it still running? Try again when it is." });
    }
    if (response.ok) return response;
    const problem = new Problem(await told(response));
    if (response.status === 401) {
      if (token.get() && token.get() !== shown) continue; // somebody signed in meanwhile
      if (askForToken && (await askForToken(Boolean(shown)))) continue;
    }
    throw problem;
  }
}

async function told(response) {
  try {
    return { status: response.status, ...(await response.json()) };
  } catch {
    return { status: response.status, type: "problem", title: response.statusText, detail: `The service answered ${response.status}.` };
  }
}

let run = null;
/** Answers name the run that they are of; when another is served, everybody is told. */
function noticed(answer) {
  const told = typeof answer?.run === "string" ? answer.run : null;
  if (told && run && told !== run) dispatchEvent(new CustomEvent("swayrank:run", { detail: told }));
  run = told ?? run;
  return answer;
}

export const api = {
  get: async (path, query, { signal } = {}) => noticed(await (await send("GET", address(path, query), { signal })).json()),
  post: async (path, value, { signal, headers, query } = {}) =>
    (await send("POST", address(path, query), { body: JSON.stringify(value), signal, headers })).json(),
  /** Text in another form than JSON, such as lines of JSON. */
  postText: async (path, text, type, { signal, headers } = {}) =>
    (await send("POST", address(path), { body: text, type, signal, headers })).json(),
  remove: (path, { signal } = {}) => send("DELETE", address(path), { signal }),

  /** Server-sent events, read through fetch because a token goes in a header. Calls `each(kind, data)`; ends with the stream. */
  async stream(path, each, { signal } = {}) {
    const response = await send("GET", address(path), { signal, headers: { Accept: "text/event-stream" } });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split("\n").filter((line) => line && !line.startsWith(":"))
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
        if (fields.data) each(fields.event || "message", JSON.parse(fields.data));
      }
    }
  },

  /** A file, saved under `name`. */
  async download(path, query, name) {
    const blob = await (await send("GET", address(path, query), { headers: { Accept: "*/*" } })).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
