/* Draws the ground of the network map, arcs and dots, away from the page's own thread, so that no frame waits for it.
 *
 * Takes {scene} once, then {draw: {id, view, hidden, dark}}; answers {id, view, image}. Only the latest wish counts.
 */

import { THEMES, paintGround } from "/page/canvas-paint.js";

let scene = null;
let wish = null;

function work() {
  const { id, view, hidden, dark } = wish;
  wish = null;
  scene.hidden = hidden;
  const board = new OffscreenCanvas(Math.round(view.width * view.dpr), Math.round(view.height * view.dpr));
  paintGround(board.getContext("2d"), scene, view, dark ? THEMES.dark : THEMES.light);
  const image = board.transferToImageBitmap();
  self.postMessage({ id, view, image }, [image]);
}

self.onmessage = ({ data }) => {
  if (data.scene) scene = data.scene;
  if (!data.draw) return;
  if (!wish) setTimeout(work, 0);
  wish = data.draw;
};
