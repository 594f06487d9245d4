// The colours of groups, on the page and on the canvas, where no document is: this file imports nothing.

/** Okabe and Ito's colours, as everywhere in swayrank. */
export const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195"];
