// The disk's elements: three canvases one above the other, corners for what lies over them, a strip
// below.

import { iconButton, make } from "./dom.js";

/** @import { LayoutName } from "../types.js" */
/** @typedef {"home" | "pictures" | "lasso" | "box" | "table" | "link"} ToolButton */

export const PICTURES = "Pictures instead of dots, where there is room (P)";

/** @type {[ToolButton, string][]} */
const TOOLS = [
  ["home", "Home: the origin in the middle (0, or double-click)"],
  ["pictures", PICTURES],
  ["lasso", "Select with a lasso (L)"],
  ["box", "Select with a box (B)"],
  ["table", "The same as a table (T)"],
  ["link", "Copy a link to this view"],
];

/** @type {[LayoutName, string, string][]} */
const LAYOUTS = [
  ["origin", "origin", "Radius is the true distance from the origin: how sure the model is"],
  ["query", "query",
    "Radius is the true distance to the query: inside the circle is the answer (C)"],
  ["umap", "free UMAP", "Neighbours first: radius is not meaningful"],
];

/** @param {string} className */
function canvas(className) {
  // What it shows is in the stage's label and in the table as well.
  return make("canvas", className, "", { "aria-hidden": "true" });
}

/**
 * Build everything inside `root`.
 * @param {HTMLElement} root
 * @param {Record<ToolButton, () => void>} act what the buttons do
 * @param {(layout: LayoutName) => void} turn
 */
export function build(root, act, turn) {
  const stage = make("div", "stage", "", { tabindex: 0, role: "application" });
  const under = canvas("under");
  const points = canvas("points");
  const over = canvas("over");
  const badge = make("p", "corner top-left badge");
  const tools = make("div", "corner top-right control");
  const buttons = Object.fromEntries(
    TOOLS.map(([name, label]) => [name, iconButton(name, label, act[name])]),
  );
  tools.append(...Object.values(buttons));
  const left = make("div", "corner bottom-left");
  const inset = canvas("inset");
  const shown = make("p", "shown");
  const layouts = segments(turn);
  left.append(inset, shown, layouts.group);
  const legend = make("div", "corner bottom-right control");
  const banner = make("p", "banner", "Free UMAP: radius not meaningful");
  const note = make("p", "note", "", { role: "status" });
  const live = make("p", "live", "", { "aria-live": "polite" });
  banner.hidden = note.hidden = true;
  stage.append(under, points, over, badge, tools, left, legend, banner, note, live);

  const strip = make("div", "strip");
  root.replaceChildren(stage, strip);
  return {
    root, stage, under, points, over, badge, tools, buttons, left, inset, shown, legend, banner,
    note, live, strip, layouts,
  };
}

/** @typedef {ReturnType<typeof build>} Parts */

/** "origin | query | free UMAP", one of them pressed. @param {(layout: LayoutName) => void} turn */
function segments(turn) {
  const label = "What the middle of the disk is";
  const group = make("div", "layouts control", "", { role: "group", "aria-label": label });
  const made = LAYOUTS.map(([name, text, title]) => {
    const button = make("button", name, text, { type: "button", title });
    button.onclick = () => turn(name);
    return { name, button };
  });
  group.append(...made.map(({ button }) => button));
  /**
   * @param {LayoutName} layout the pressed one
   * @param {Record<LayoutName, boolean>} possible which can be chosen
   */
  const mark = (layout, possible) => {
    for (const { name, button } of made) {
      button.setAttribute("aria-pressed", String(name === layout));
      button.hidden = !possible[name];
    }
    group.hidden = !(possible.query || possible.umap);
  };
  return { group, mark };
}
