// A menu of files to take away: what is shown, in the forms that other programs read.

import { busyWhile, count, h, toast, visible } from "/page/ui.js";

const FORMS = {
  csv: ["CSV", "for spreadsheets and statistics programs; safe against formulas"],
  xlsx: ["Excel", "a workbook, numbers as numbers"],
  json: ["JSON", "for programs"],
  parquet: ["Parquet", "for data frames; types kept"],
  gexf: ["GEXF", "the network map for Gephi"],
};

/** A button that opens a list of forms; `total()` tells how many rows there are. */
export function exportMenu({ api, path, query, forms, total, what }) {
  const told = h("p", { class: "hint" });
  const items = forms.map((form) => h("li", null, h("button", { type: "button", class: "quiet", onClick: (event) => save(event.target.closest("button"), form) },
    h("strong", null, FORMS[form][0]), " ", h("span", { class: "faint" }, FORMS[form][1]))));
  const box = h("details", { class: "drop" }, h("summary", { class: "button" }, "Export"), h("div", { class: "drop-body" }, told, h("ul", null, items)));
  box.addEventListener("toggle", () => { if (box.open) told.textContent = `${count(total())} ${what}, filtered and ordered as shown.`; });
  box.addEventListener("keydown", (event) => { if (event.key === "Escape" && box.open) { box.open = false; box.firstChild.focus(); } });
  box.addEventListener("focusout", (event) => { if (event.relatedTarget && !box.contains(event.relatedTarget)) box.open = false; });
  const save = (button, form) => saveFile(api, button, `${path}.${form}`, query());
  return box;
}

/** Download behind a button, which rests meanwhile. */
export const saveFile = (api, button, path, query) => busyWhile(button, async () => {
  const file = path.slice(path.lastIndexOf("/") + 1);
  try {
    await api.download(path, query, file);
    toast(`${file} is saved where your browser keeps downloads.`);
  } catch (error) {
    toast(`${file} cannot be had: ${visible(error.message)}`, "error");
  }
});
