/* What the network map looks like: dots, arcs, labels, rings. Pure drawing: a scene and a view in, pixels out.
 *
 * Plotly's WebGL needs 'unsafe-eval', which the page's rules forbid, so the map is drawn on a 2-D canvas. What keeps 10^4
 * accounts and 3*10^4 arcs smooth without a graphics card:
 * - the ground (all arcs, all dots) is one picture, larger than the window, that a worker draws; it is moved and stretched
 *   with the view, and drawn anew once the view has left it or rests;
 * - arcs are hairlines of one pixel at most, which cost a tenth of wider lines; each dot is stamped from a picture made
 *   once per colour and size;
 * - labels are placed greedily by rank over a list of taken boxes, never more than LABELS of them.
 */

import { PALETTE } from "/page/colours.js";

export const THEMES = {
  light: { paper: "#ffffff", ink: "#222222", faint: "#555555", rest: "#9a9a9a", arc: "70,70,70", edge: "#ffffff", accent: "#00588f" },
  dark: { paper: "#14171a", ink: "#eeeeee", faint: "#b5b5b5", rest: "#7d7d7d", arc: "205,205,205", edge: "#14171a", accent: "#7cc0ee" },
};
const EARLIER = "#56b4e9";
const FRESH = "#d55e00";
const LABELS = 36;
const TRIED = 500;
const ARCS_A_PATH = 250; // where lines of one path cross, they do not add up: short paths show what is dense
const MARGIN = 0.25; // of the window, on each side, that the ground is larger
const MOST_PIXELS = 6e6; // of a ground
const FONT = "12px system-ui, sans-serif";

/** The colour of a place in the palette; -1 is everybody else. */
export function shade(colour, theme) {
  return colour < 0 ? theme.rest : PALETTE[colour % PALETTE.length];
}

/** In what the accounts that stand out are drawn: in their own colour, or the accent where they are among the others. */
export function groupColour(scene, theme) {
  const { colour } = scene.group ?? { colour: -1 };
  return colour < 0 ? theme.accent : shade(colour, theme);
}

/* -- dots --------------------------------------------------------------------------------------------------------- */

const stamps = new Map();

function stamp(fill, edge, radius, dpr) {
  const key = `${fill} ${edge} ${radius} ${dpr}`;
  let made = stamps.get(key);
  if (made) return made;
  if (stamps.size > 2000) stamps.clear();
  const side = Math.ceil((radius + 1.5) * 2 * dpr);
  const board = typeof OffscreenCanvas === "function" ? new OffscreenCanvas(side, side) : document.createElement("canvas");
  board.width = board.height = side;
  const pen = board.getContext("2d");
  pen.scale(dpr, dpr);
  const middle = side / dpr / 2;
  pen.beginPath();
  pen.arc(middle, middle, radius, 0, Math.PI * 2);
  pen.fillStyle = fill;
  pen.fill();
  if (radius > 2) {
    pen.lineWidth = 0.8;
    pen.strokeStyle = edge;
    pen.stroke();
  }
  made = { image: board.transferToImageBitmap ? board.transferToImageBitmap() : board, side: side / dpr };
  stamps.set(key, made);
  return made;
}

/** The radius in pixels of an account's dot at a zoom (1: the whole map is in the window). */
export function radiusAt(scene, index, zoom) {
  return Math.max(1, scene.radii[index] * Math.min(3.2, Math.sqrt(zoom)));
}

/** Draw the dots that `chosen(index)` picks, the highest accounts last, so that they lie on top. */
function drawDots(pen, scene, view, theme, chosen, fill) {
  const { width, height, scale, x, y, zoom, dpr } = view;
  const left = width / 2 - x * scale;
  const top = height / 2 - y * scale;
  for (let i = scene.n - 1; i >= 0; i--) {
    const px = scene.x[i] * scale + left;
    const py = scene.y[i] * scale + top;
    if (px < -40 || py < -40 || px > width + 40 || py > height + 40 || !chosen(i)) continue;
    const size = Math.round(radiusAt(scene, i, zoom) * 2) / 2;
    const { image, side } = stamp(fill(i), theme.edge, size, dpr);
    pen.drawImage(image, px - side / 2, py - side / 2, side, side);
  }
}

/* -- arcs --------------------------------------------------------------------------------------------------------- */

/** The view of a ground for the window: wider on each side, of as many pixels as memory should hold. */
export function groundView(view) {
  const width = Math.ceil(view.width * (1 + 2 * MARGIN));
  const height = Math.ceil(view.height * (1 + 2 * MARGIN));
  const dpr = Math.min(view.dpr, 2, Math.sqrt(MOST_PIXELS / (width * height)));
  return { ...view, width, height, dpr };
}

function reaches(ax, ay, bx, by, width, height) {
  return !((ax < 0 && bx < 0) || (ay < 0 && by < 0) || (ax > width && bx > width) || (ay > height && by > height));
}

function drawArcs(pen, scene, view, theme) {
  const { arcs, hidden } = scene;
  const strength = Math.min(0.5, Math.min(0.35, Math.max(0.06, 700 / Math.max(1, arcs.length / 2))) * Math.sqrt(view.zoom));
  pen.strokeStyle = `rgba(${theme.arc},${strength.toFixed(3)})`;
  pen.lineWidth = 1 / view.dpr;
  const place = placer(view);
  for (let at = 0; at < arcs.length; ) {
    const end = Math.min(arcs.length, at + 2 * ARCS_A_PATH);
    pen.beginPath();
    for (; at < end; at += 2) {
      const [a, b] = [arcs[at], arcs[at + 1]];
      if (hidden[a] || hidden[b]) continue;
      const [ax, ay] = place(scene.x[a], scene.y[a]);
      const [bx, by] = place(scene.x[b], scene.y[b]);
      if (!reaches(ax, ay, bx, by, view.width, view.height)) continue;
      pen.moveTo(ax, ay);
      pen.lineTo(bx, by);
    }
    pen.stroke();
  }
}

/** All arcs and dots that are not hidden. */
export function paintGround(pen, scene, view, theme) {
  pen.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  pen.fillStyle = theme.paper;
  pen.fillRect(0, 0, view.width, view.height);
  drawArcs(pen, scene, view, theme);
  drawDots(pen, scene, view, theme, (i) => !scene.hidden[i], (i) => shade(scene.colour[i], theme));
}

/** Whether the window is about to leave a ground, or stretches it too far. */
export function groundIsStale(ground, view) {
  if (!ground) return true;
  const own = ground.view;
  const away = Math.max(
    (Math.abs(view.x - own.x) * view.scale) / view.width,
    (Math.abs(view.y - own.y) * view.scale) / view.height,
  );
  const stretch = view.scale / own.scale;
  return away > MARGIN * 0.6 || stretch > 1.3 || stretch < 0.8;
}

function layGround(pen, ground, view, faint) {
  const own = ground.view;
  const stretch = view.scale / own.scale;
  const width = own.width * stretch;
  const height = own.height * stretch;
  const left = view.width / 2 + (own.x - view.x) * view.scale - width / 2;
  const top = view.height / 2 + (own.y - view.y) * view.scale - height / 2;
  pen.globalAlpha = faint ? 0.22 : 1;
  pen.drawImage(ground.image, left, top, width, height);
  pen.globalAlpha = 1;
}

function drawPairs(pen, scene, pairs, place) {
  pen.beginPath();
  for (const [a, b] of pairs) {
    const [ax, ay] = place(scene.x[a], scene.y[a]);
    const [bx, by] = place(scene.x[b], scene.y[b]);
    pen.moveTo(ax, ay);
    pen.lineTo(bx, by);
  }
  pen.stroke();
}

/** The arcs within the group that stands out: hairlines, as those of the ground. */
function drawGroupArcs(pen, scene, view, theme) {
  const { pairs } = scene.group;
  pen.strokeStyle = groupColour(scene, theme);
  pen.lineWidth = 1 / view.dpr;
  pen.globalAlpha = pairs.length > 400 ? 0.2 : 0.45;
  drawPairs(pen, scene, pairs, placer(view));
  pen.globalAlpha = 1;
}

/** The arcs of the account that is lit, with a head at whom they point to. */
function drawOwnArcs(pen, scene, view, theme) {
  const { pairs, colour } = scene.lit;
  const place = placer(view);
  pen.strokeStyle = pen.fillStyle = colour < 0 ? theme.ink : shade(colour, theme);
  pen.lineWidth = 1.1;
  pen.globalAlpha = pairs.length > 400 ? 0.35 : 0.75;
  drawPairs(pen, scene, pairs, place);
  if (pairs.length <= 400) {
    for (const [a, b] of pairs) drawHead(pen, place(scene.x[a], scene.y[a]), place(scene.x[b], scene.y[b]), radiusAt(scene, b, view.zoom));
  }
  pen.globalAlpha = 1;
}

function drawHead(pen, [ax, ay], [bx, by], radius) {
  const length = Math.hypot(bx - ax, by - ay);
  if (length < radius + 10) return;
  const dx = (bx - ax) / length;
  const dy = (by - ay) / length;
  const tx = bx - dx * (radius + 1);
  const ty = by - dy * (radius + 1);
  pen.beginPath();
  pen.moveTo(tx, ty);
  pen.lineTo(tx - dx * 7 - dy * 3.2, ty - dy * 7 + dx * 3.2);
  pen.lineTo(tx - dx * 7 + dy * 3.2, ty - dy * 7 - dx * 3.2);
  pen.fill();
}

/* -- rings and labels --------------------------------------------------------------------------------------------- */

/** A function from places of the map to pixels of the window. */
export function placer(view) {
  const left = view.width / 2 - view.x * view.scale;
  const top = view.height / 2 - view.y * view.scale;
  return (x, y) => [x * view.scale + left, y * view.scale + top];
}

function drawRing(pen, scene, view, index, colour, width, gap) {
  const [px, py] = placer(view)(scene.x[index], scene.y[index]);
  pen.beginPath();
  pen.arc(px, py, radiusAt(scene, index, view.zoom) + gap, 0, Math.PI * 2);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

function drawSeeds(pen, scene, view, theme) {
  for (const index of scene.seeds.keys()) {
    drawRing(pen, scene, view, index, theme.paper, 5, 3);
    drawRing(pen, scene, view, index, theme.ink, 2.5, 3);
  }
}

/** Names of the highest accounts in sight, seeds and the chosen one first; none lies over another. */
function drawLabels(pen, scene, view, theme) {
  pen.font = FONT;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.lineJoin = "round";
  pen.lineWidth = 3.5;
  const taken = [];
  const place = placer(view);
  let tried = 0;
  const attempt = (index, text) => {
    const [px, py] = place(scene.x[index], scene.y[index]);
    if (px < 0 || py < 0 || px > view.width || py > view.height) return;
    tried++;
    const radius = radiusAt(scene, index, view.zoom);
    const width = pen.measureText(text).width;
    for (const left of [px + radius + 4, px - radius - 4 - width]) {
      const box = [left - 3, py - 9, left + width + 3, py + 9];
      if (box[0] < 0 || box[2] > view.width || taken.some((other) => overlaps(box, other))) continue;
      taken.push(box);
      pen.strokeStyle = theme.paper;
      pen.strokeText(text, left, py);
      pen.fillStyle = theme.ink;
      pen.fillText(text, left, py);
      return;
    }
  };
  const first = scene.chosen >= 0 ? [scene.chosen] : [];
  for (const i of first) attempt(i, scene.labels[i]);
  for (const [i, order] of scene.seeds) if (i !== scene.chosen) attempt(i, `${order}. ${scene.labels[i]}`);
  for (let i = 0; i < scene.n && taken.length < LABELS && tried < TRIED; i++) {
    if (scene.hidden[i] || i === scene.chosen || scene.seeds.has(i) || !scene.isLit(i)) continue;
    attempt(i, scene.labels[i]);
  }
}

function overlaps(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

/* -- all of it ---------------------------------------------------------------------------------------------------- */

/** One frame: the ground, faint where some accounts are meant, those accounts, rings, labels. */
export function paint(pen, scene, view, theme, ground) {
  pen.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
  pen.fillStyle = theme.paper;
  pen.fillRect(0, 0, view.width, view.height);
  const faint = Boolean(scene.lit || scene.steps || scene.group);
  if (ground) layGround(pen, ground, view, faint);
  if (faint) {
    if (scene.lit && !scene.steps) drawOwnArcs(pen, scene, view, theme);
    else if (scene.group && !scene.steps) drawGroupArcs(pen, scene, view, theme);
    const accent = groupColour(scene, theme);
    const own = (i) => (scene.group?.members.has(i) ? accent : shade(scene.colour[i], theme));
    const fill = scene.steps ? (i) => (scene.steps[i] === scene.step ? FRESH : EARLIER) : own;
    drawDots(pen, scene, view, theme, (i) => !scene.hidden[i] && scene.isLit(i), fill);
  }
  drawSeeds(pen, scene, view, theme);
  if (scene.chosen >= 0) {
    drawRing(pen, scene, view, scene.chosen, theme.paper, 6, 4);
    drawRing(pen, scene, view, scene.chosen, theme.ink, 3, 4);
  }
  if (scene.pointed >= 0 && scene.pointed !== scene.chosen) drawRing(pen, scene, view, scene.pointed, theme.ink, 1.5, 2);
  drawLabels(pen, scene, view, theme);
}
