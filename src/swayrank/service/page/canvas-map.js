/* The network map as a thing to handle: pan, zoom, point, choose, filter, light up, play, by mouse, touch and keys.
 *
 * `createMap(holder, data, options)` fills an element with a canvas and answers a handle. `data` is what GET /map gives:
 * accounts best first, their places in [-1, 1], arcs [i, j] that say i follows j (or an edge between them). What it looks like is canvas-paint.js's.
 * Options, all functions and all optional: `onChoose(index)` (-1: nobody), `onOpen(index)`, `onPoint(index, x, y)`,
 * `onMove(view)` once the view rests, `onReady()` once something is drawn, `say(text)` for what a screen reader should hear, `describe(index)`.
 */

import { THEMES, groundIsStale, groupColour, groundView, paint, paintGround, placer, radiusAt } from "/page/canvas-paint.js";
import { spelled } from "/page/ui.js";

const REST_MS = 110; // without a change until the view counts as at rest
const MAX_ZOOM = 60;
const LABEL = 24; // characters
const GROUP_ARCS = 4000; // arcs within a community that stands out: each frame draws them

function sceneOf(data) {
  const n = data.accounts.length;
  const scene = {
    n,
    x: Float32Array.from(data.x),
    y: Float32Array.from(data.y, (y) => -y),
    colour: Int16Array.from(data.colour),
    arcs: Uint32Array.from(data.arcs.flat()),
    labels: data.accounts.map((name) => spelled(name, LABEL)),
    radii: radiiOf(data, n),
    hidden: new Uint8Array(n),
    seeds: new Map(),
    chosen: -1,
    pointed: -1,
    lit: null, // {kind, index, pairs, members, colour}
    group: null, // {members, pairs, colour}: accounts that stand out
    steps: null, // step at which each account is reached, -1: never
    step: 0,
  };
  scene.isLit = (i) => {
    if (scene.steps) return scene.steps[i] >= 0 && scene.steps[i] <= scene.step;
    if (scene.lit) return scene.lit.members.has(i) || scene.seeds.has(i);
    return !scene.group || scene.group.members.has(i) || scene.seeds.has(i);
  };
  return scene;
}

/** Areas run from the lowest score on the map to the highest, or follow the number of followers. */
function radiiOf(data, n) {
  const byFollowers = data.sized_by === "followers";
  const sized = byFollowers ? data.followers : data.score;
  const [low, high] = scoreRange(data) ?? [0, 1];
  const most = byFollowers ? Math.max(1e-9, ...sized.map((value) => value ?? 0)) : Math.max(1e-9, high);
  const least = byFollowers || low === high ? 0 : low;
  const largest = n <= 500 ? 12 : n <= 3000 ? 6 : 5;
  const smallest = 1.3;
  return Float32Array.from(sized, (value) => {
    const share = Math.max(0, (value ?? least) - least) / (most - least);
    return byFollowers ? Math.max(smallest, largest * Math.sqrt(share)) : Math.sqrt(smallest ** 2 + (largest ** 2 - smallest ** 2) * share);
  });
}

/** The lowest and the highest score on a map; null where it has none. */
export function scoreRange(data) {
  const known = data.score.filter((value) => value !== null);
  return data.sized_by === "followers" || !known.length ? null : [Math.min(...known), Math.max(...known)];
}

/** Keeps the picture of all arcs and dots up to date, in a worker where the browser lets one draw. */
function groundKeeper(scene, viewNow, isDark, drawn) {
  let ground = null;
  let stale = true;
  let waiting = 0;
  let count = 0;
  const worker = openWorker();
  if (worker) {
    const { n, x, y, colour, arcs, radii } = scene;
    worker.postMessage({ scene: { n, x, y, colour, arcs, radii } });
    worker.onmessage = ({ data }) => {
      waiting = 0;
      ground?.image.close?.();
      ground = data;
      drawn();
    };
  }
  function draw() {
    const view = groundView(viewNow());
    stale = false;
    waiting = ++count;
    if (worker) {
      worker.postMessage({ draw: { id: waiting, view, hidden: scene.hidden, dark: isDark() } });
      return;
    }
    const board = document.createElement("canvas");
    board.width = Math.round(view.width * view.dpr);
    board.height = Math.round(view.height * view.dpr);
    paintGround(board.getContext("2d"), scene, view, isDark() ? THEMES.dark : THEMES.light);
    ground = { view, image: board };
    waiting = 0;
  }
  return {
    shown: () => ground,
    renew() {
      stale = true;
      drawn();
    },
    /** Have a new picture made where the one that is there does not do: at once if it is far off, else at rest. */
    follow(resting) {
      const view = viewNow();
      const exact = ground && ground.view.scale === view.scale;
      if (!waiting && (stale || (worker && groundIsStale(ground, view)) || (resting && (!exact || groundIsStale(ground, view))))) draw();
    },
    close: () => worker?.terminate(),
  };
}

function openWorker() {
  if (typeof OffscreenCanvas !== "function" || typeof Worker !== "function") return null;
  try {
    return new Worker(new URL("./map-worker.js", import.meta.url), { type: "module" });
  } catch {
    return null;
  }
}

/** Make the map; see the head of the file. */
export function createMap(holder, data, options = {}) {
  const scene = sceneOf(data);
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.className = "map-canvas";
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "network map");
  holder.append(canvas);
  const pen = canvas.getContext("2d", { alpha: false });
  const view = { x: 0, y: 0, zoom: 1, fit: 1, scale: 1, width: 0, height: 0, dpr: 1 };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const theme = () => (dark.matches ? THEMES.dark : THEMES.light);
  const gone = new AbortController();
  const ground = groundKeeper(scene, () => view, () => dark.matches, request);
  let asked = 0;
  let changed = 0;
  let told = true;
  let ready = false;
  let flight = null;

  /* -- frames -- */

  function request() {
    if (!asked) asked = requestAnimationFrame(frame);
  }

  function frame(now) {
    asked = 0;
    if (gone.signal.aborted || !view.width) return;
    if (flight) fly(now);
    const resting = now - changed > REST_MS && !flight;
    ground.follow(resting);
    paint(pen, scene, view, theme(), ground.shown());
    if (ground.shown() && !ready) {
      ready = true;
      options.onReady?.();
    }
    if (resting && !told) {
      told = true;
      options.onMove?.(place());
    }
    if (flight || !told) request();
  }

  function touched() {
    changed = performance.now();
    told = false;
    request();
  }

  /* -- the view -- */

  function measure() {
    const box = holder.getBoundingClientRect();
    if (!box.width || !box.height) return;
    view.dpr = Math.min(3, window.devicePixelRatio || 1);
    view.width = box.width;
    view.height = box.height;
    canvas.width = Math.round(box.width * view.dpr);
    canvas.height = Math.round(box.height * view.dpr);
    let wide = 0.05;
    let high = 0.05;
    for (let i = 0; i < scene.n; i++) {
      wide = Math.max(wide, Math.abs(scene.x[i]));
      high = Math.max(high, Math.abs(scene.y[i]));
    }
    view.fit = Math.min((box.width - 24) / (2 * wide), (box.height - 24) / (2 * high));
    view.scale = view.fit * view.zoom;
    ground.renew();
  }

  function setView(x, y, zoom) {
    view.zoom = Math.min(MAX_ZOOM, Math.max(0.5, zoom));
    view.scale = view.fit * view.zoom;
    view.x = Math.min(1.3, Math.max(-1.3, x));
    view.y = Math.min(1.3, Math.max(-1.3, y));
    touched();
  }

  function zoomAt(factor, px = view.width / 2, py = view.height / 2) {
    const zoom = Math.min(MAX_ZOOM, Math.max(0.5, view.zoom * factor));
    const shift = 1 / view.scale - 1 / (view.fit * zoom);
    setView(view.x + (px - view.width / 2) * shift, view.y + (py - view.height / 2) * shift, zoom);
  }

  function panBy(dx, dy) {
    setView(view.x + dx / view.scale, view.y + dy / view.scale, view.zoom);
  }

  function goTo(x, y, zoom) {
    if (calm.matches) return setView(x, y, zoom);
    flight = { from: { ...view }, x, y, zoom, begun: performance.now() };
    request();
  }

  function fly(now) {
    const share = Math.min(1, Math.max(0, (now - flight.begun) / 260));
    const eased = share * (2 - share);
    const { from, x, y, zoom } = flight;
    const between = (a, b) => a + (b - a) * eased;
    setView(between(from.x, x), between(from.y, y), from.zoom * (zoom / from.zoom) ** eased);
    if (share === 1) flight = null;
  }

  function place() {
    return { x: view.x, y: view.y, zoom: view.zoom };
  }

  /* -- who is where -- */

  function at(px, py, slack = 4) {
    const put = placer(view);
    let best = -1;
    let nearest = Infinity;
    for (let i = 0; i < scene.n; i++) {
      if (scene.hidden[i]) continue;
      const [x, y] = put(scene.x[i], scene.y[i]);
      const away = Math.hypot(x - px, y - py) - radiusAt(scene, i, view.zoom);
      if (away < slack && away < nearest - 0.01) {
        nearest = Math.max(away, 0);
        best = i;
        if (away <= 0 && scene.isLit(i)) break; // the highest of those under the pointer lies on top
      }
    }
    return best;
  }

  function choose(index, { silent = false, centre = false } = {}) {
    scene.chosen = index;
    if (index >= 0 && centre) goTo(scene.x[index], scene.y[index], Math.max(view.zoom, 3));
    if (scene.lit) light(index >= 0 ? scene.lit.kind : null, index);
    if (!silent && index >= 0) options.say?.(options.describe?.(index) ?? scene.labels[index]);
    options.onChoose?.(index);
    request();
  }

  function light(kind, index) {
    scene.lit = kind && index >= 0 ? litOf(kind, index) : null;
    request();
    return scene.lit ? scene.lit.members.size - 1 : 0;
  }

  function litOf(kind, index) {
    const pairs = [];
    const members = new Set([index]);
    for (let k = 0; k < scene.arcs.length; k += 2) {
      const [a, b] = [scene.arcs[k], scene.arcs[k + 1]];
      if ((kind !== "following" && b === index) || (kind !== "followers" && a === index)) {
        pairs.push([a, b]);
        members.add(a).add(b);
      }
    }
    return { kind, index, pairs, members, colour: scene.colour[index] };
  }

  function groupOf(indices) {
    const members = new Set(indices);
    const pairs = [];
    for (let k = 0; k < scene.arcs.length && pairs.length < GROUP_ARCS; k += 2) {
      if (members.has(scene.arcs[k]) && members.has(scene.arcs[k + 1])) pairs.push([scene.arcs[k], scene.arcs[k + 1]]);
    }
    return { members, pairs, colour: indices.length ? scene.colour[indices[0]] : -1 };
  }

  function nextByRank(step) {
    let index = scene.chosen;
    if (index < 0) index = step > 0 ? -1 : scene.n;
    for (index += step; index >= 0 && index < scene.n; index += step) {
      if (!scene.hidden[index] && (!scene.group?.members.size || scene.group.members.has(index))) return choose(index, { centre: true });
    }
    options.say?.(step > 0 ? "That was the last account of the map." : "That was the first account of the map.");
  }

  /* -- hands -- */

  const pointers = new Map();
  let dragged = 0;

  function spot(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function point(index, px, py) {
    if (index === scene.pointed) return;
    scene.pointed = index;
    canvas.style.cursor = index >= 0 ? "pointer" : "grab";
    options.onPoint?.(index, px, py);
    request();
  }

  function listen(type, act, more = {}) {
    canvas.addEventListener(type, act, { signal: gone.signal, ...more });
  }

  listen("pointerdown", (event) => {
    if (event.button) return;
    flight = null;
    canvas.setPointerCapture(event.pointerId);
    if (!pointers.size) dragged = 0;
    pointers.set(event.pointerId, spot(event));
  });

  listen("pointermove", (event) => {
    const [px, py] = spot(event);
    const was = pointers.get(event.pointerId);
    if (!was) return point(at(px, py), px, py);
    if (pointers.size === 2) pinch(event.pointerId, was, [px, py]);
    else panBy(was[0] - px, was[1] - py);
    dragged += Math.hypot(px - was[0], py - was[1]);
    pointers.set(event.pointerId, [px, py]);
  });

  function pinch(id, was, now) {
    const [other] = [...pointers].filter(([key]) => key !== id).map(([, value]) => value);
    const before = Math.hypot(was[0] - other[0], was[1] - other[1]);
    const after = Math.hypot(now[0] - other[0], now[1] - other[1]);
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    panBy((was[0] - now[0]) / 2, (was[1] - now[1]) / 2);
    if (before > 1) zoomAt(after / before, ...middle);
  }

  function release(event) {
    const held = pointers.delete(event.pointerId);
    if (!held || event.type !== "pointerup" || pointers.size || dragged > 6) return;
    const [px, py] = spot(event);
    const found = at(px, py, event.pointerType === "touch" ? 14 : 4);
    choose(found);
  }
  listen("pointerup", release);
  listen("pointercancel", release);
  listen("pointerleave", () => point(-1, 0, 0));
  listen("dblclick", () => scene.chosen >= 0 && options.onOpen?.(scene.chosen));
  listen(
    "wheel",
    (event) => {
      event.preventDefault();
      flight = null;
      const lines = event.deltaMode === 1 ? 18 : 1;
      zoomAt(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) * (event.ctrlKey ? 0.008 : 0.0022)), ...spot(event));
    },
    { passive: false },
  );

  const keys = {
    ArrowLeft: () => panBy(-70, 0),
    ArrowRight: () => panBy(70, 0),
    ArrowUp: () => panBy(0, -70),
    ArrowDown: () => panBy(0, 70),
    "+": () => zoomAt(1.4),
    "=": () => zoomAt(1.4),
    "-": () => zoomAt(1 / 1.4),
    0: () => goTo(0, 0, 1),
    n: () => nextByRank(1),
    p: () => nextByRank(-1),
    Enter: () => scene.chosen >= 0 && options.onOpen?.(scene.chosen),
    Escape: () => choose(-1),
  };
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  /* -- the world around -- */

  const observer = new ResizeObserver(measure);
  observer.observe(holder);
  dark.addEventListener("change", () => ground.renew(), { signal: gone.signal });
  measure();

  return {
    canvas,
    scene,
    place,
    scale: () => view.scale,
    choose,
    request,
    light,
    zoomBy: (factor) => zoomAt(factor),
    fit: () => goTo(0, 0, 1),
    look: (x, y, zoom) => setView(x, y, zoom),
    centre: (index) => choose(index, { centre: true }),
    /** Hide the accounts of these colours. */
    hide(colours) {
      for (let i = 0; i < scene.n; i++) scene.hidden[i] = colours.has(scene.colour[i]) ? 1 : 0;
      ground.renew();
    },
    /** Let these accounts stand out and the others fade, in their own colour or the accent; null: none. */
    standOut(indices) {
      scene.group = indices && groupOf(indices);
      request();
    },
    standsOutIn: () => groupColour(scene, theme()),
    /** Ring these accounts and number them in their order. */
    showSeeds(indices) {
      scene.seeds = new Map(indices.map((index, k) => [index, k + 1]));
      request();
    },
    /** Show a cascade up to a step; `steps` null ends it. */
    showStep(steps, step) {
      scene.steps = steps;
      scene.step = step;
      request();
    },
    destroy() {
      gone.abort();
      ground.close();
      observer.disconnect();
      cancelAnimationFrame(asked);
      canvas.remove();
    },
  };
}
