"""Frames of the page's network map while it is panned and zoomed, in a real browser without a graphics card.

10,000 accounts and 30,000 arcs on a canvas of 1,200 x 800 pixels, at one and two device pixels each: events of the
mouse and of the wheel come with every frame, and the time from frame to frame is taken. The map is made up by a fixed
rule.
"""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.harness import ROOT, Absent, Bar

NAME = "map_frames"
_STYLE = (
    "html,body{margin:0}#m{width:1200px;height:800px;position:relative}canvas{width:100%;height:100%;display:block}"
)
_DOCUMENT = f'<!doctype html><meta charset="utf-8"><title>map</title><style>{_STYLE}</style><div id="m"></div>'
_MAKE = """async ([n, m]) => {
  const { createMap } = await import("/page/canvas-map.js");
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
  const bell = () => random() + random() + random() + random() - 2;
  const clamp = (value) => Math.max(-1, Math.min(1, value));
  const middles = Array.from({ length: 40 }, () => [bell() * 0.6, bell() * 0.6]);
  const data = { accounts: [], x: [], y: [], score: [], colour: [], followers: [], sized_by: "score", arcs: [] };
  for (let i = 0; i < n; i++) {
    const group = i % 40;
    data.accounts.push("account" + i);
    data.x.push(clamp(middles[group][0] + bell() * 0.15));
    data.y.push(clamp(middles[group][1] + bell() * 0.15));
    data.score.push(100 / (1 + i / 200));
    data.followers.push(0);
    data.colour.push(group < 7 ? group : -1);
  }
  for (let k = 0; k < m; k++) {
    const a = Math.floor(random() * n);
    data.arcs.push([a, random() < 0.7 ? (a + 40 * Math.floor(random() * 20)) % n : Math.floor(random() ** 2 * n)]);
  }
  return new Promise((ready) => { window.map = createMap(document.getElementById("m"), data, { onReady: ready }); });
}"""
_MOVE = """async ([kind, frames]) => {
  const canvas = map.canvas, times = [];
  const sent = (type, more) => new PointerEvent(type, { pointerId: 1, ...more });
  const send = (type, clientX, clientY) => canvas.dispatchEvent(sent(type, { clientX, clientY }));
  canvas.setPointerCapture = () => {};
  if (kind === "pan") send("pointerdown", 600, 400);
  let last = 0;
  for (let f = 0; f <= frames; f++) {
    const now = await new Promise(requestAnimationFrame);
    if (last) times.push(now - last);
    last = now;
    if (kind === "pan") send("pointermove", 600 + 300 * Math.sin(f / 25), 400 + 200 * Math.sin(f / 18));
    else {
      const deltaY = f % 80 < 40 ? -30 : 30;
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX: 600, clientY: 400, cancelable: true }));
    }
  }
  if (kind === "pan") send("pointerup", 0, 0);
  return times;
}"""


def figures(quick: bool) -> dict[str, Any]:
    """Bars and tables."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise Absent("playwright drives the browser; install it") from None
    if path is None:
        raise Absent("Chromium shows the map; install it")
    n, m, frames = (1000, 3000, 30) if quick else (10_000, 30_000, 300)
    load = os.getloadavg()[0]
    rows, median = [], 0.0
    with _served() as address, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for pixels in (1, 2):
            tab = chromium.new_page(viewport={"width": 1240, "height": 840}, device_scale_factor=pixels)
            tab.goto(address)
            tab.evaluate(_MAKE, [n, m])
            for kind, zoom in (("pan", 1), ("zoom", 1), ("pan", 4)):
                tab.evaluate(f"map.look(0, 0, {zoom})")
                tab.wait_for_timeout(1500)
                seen = sorted(tab.evaluate(_MOVE, [kind, frames]))
                middle = seen[len(seen) // 2]
                median = max(median, middle) if pixels == 1 else median
                told = [middle, seen[int(len(seen) * 0.95)], seen[-1]]
                rows.append([f"{kind}, zoom {zoom}", str(pixels), *(f"{one:.1f}" for one in told)])
        chromium.close()
    note = f"{n:,} accounts, {m:,} arcs, 1,200 x 800, no graphics card; load average before: {load:.1f}"
    head = ["moved by", "device pixels", "median", "95 %", "longest"]
    return {
        "bars": [Bar("milliseconds from frame to frame while the map moves (median)", median, 33, at_most=True)],
        "tables": [{"title": f"milliseconds from frame to frame ({note})", "head": head, "rows": rows}],
    }


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """The empty document, and the page's files."""
        if self.path != "/":
            super().do_GET()
            return
        body = _DOCUMENT.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _served() -> Iterator[str]:
    folder = ROOT / "src" / "swayrank" / "service"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
