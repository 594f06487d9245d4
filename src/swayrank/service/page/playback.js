// One cascade on the map, step by step: who is reached at once, who after that. One run of many; averages are elsewhere.

import { askKnown } from "/page/strangers.js";
import { announce, clear, count, h, plural, visible } from "/page/ui.js";

const STEP_MS = 900;

/** Buttons and a slider that play how a message spreads from `seeds` on a map.
 * Those among the set `strangers` are left out; `tellStrangers()` is called where there may be more of them. */
export function playback({ api, signal }, state, map, seeds, strangers, tellStrangers) {
  const place = h("div", { class: "playback" });
  let told = null;
  let step = 0;
  let timer = 0;
  const start = h("button", { type: "button", onClick: () => ask(undefined) }, "Play how it spreads");
  clear(place, start);
  signal.addEventListener("abort", () => clearInterval(timer));

  async function ask(rng) {
    start.disabled = true;
    place.setAttribute("aria-busy", "true");
    try {
      told = await askKnown(strangers, (known) => {
        if (!known(seeds).length) throw new Error("This run has none of these accounts.");
        return api.post("/whatif/cascade", { seeds: known(seeds), ...(rng === undefined ? {} : { rng }) }, { signal });
      });
      tellStrangers();
      const steps = new Int16Array(state.data.accounts.length).fill(-1);
      for (const [account, at] of Object.entries(told.steps)) if (state.index.has(account)) steps[state.index.get(account)] = at;
      told.own = steps;
      show();
      go(0);
      play();
    } catch (error) {
      if (error.name === "AbortError") return;
      clear(place, h("p", { class: "faint" }, error.status === 404 || error.status === 405 ? "This service does not play cascades." : visible(error.message)));
    } finally {
      place.removeAttribute("aria-busy");
    }
  }

  function show() {
    const last = told.per_step.length - 1;
    const slider = h("input", { type: "range", min: 0, max: last, step: 1, value: 0, "aria-label": "Step", onInput: () => { stop(); go(Number(slider.value)); } });
    const toggle = h("button", { type: "button", class: "primary", onClick: () => (timer ? stop() : (step >= last && go(0), play())) }, "Pause");
    const words = h("p", { role: "status" });
    place.controls = { slider, toggle, words };
    clear(place, h("div", { class: "row" }, toggle, h("div", { class: "grow" }, slider),
      h("button", { type: "button", onClick: () => { stop(); ask(Math.floor(Math.random() * 2 ** 31)); } }, "Another run"),
      h("button", { type: "button", onClick: end }, "End")), words,
    h("p", { class: "hint" }, "One run of chance: the next comes out otherwise. Red: reached in this step; blue: before. Accounts off the map count, but are not drawn."));
  }

  function go(to) {
    step = to;
    const sum = told.per_step.slice(0, step + 1).reduce((a, b) => a + b, 0);
    map.showStep(told.own, step);
    place.controls.slider.value = step;
    place.controls.words.textContent = step
      ? `Step ${step} of ${told.per_step.length - 1}: ${plural(told.per_step[step], "account")} more, ${count(sum)} so far.`
      : `Start: ${plural(told.per_step[0], "seed")}.`;
  }

  function play() {
    place.controls.toggle.textContent = "Pause";
    timer = setInterval(() => {
      if (step >= told.per_step.length - 1) { stop(); announce(`The run ends with ${plural(told.reached, "account")} reached.`); } else go(step + 1);
    }, STEP_MS);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    place.controls.toggle.textContent = "Play";
  }

  function end() {
    stop();
    map.showStep(null, 0);
    start.disabled = false;
    clear(place, start);
    start.focus();
  }

  return place;
}
