// Brings what stands beside the points up to date: panels, buttons, sentences.

import { readTheme } from "../layers/theme.js";
import { count } from "../math/numbers.js";
import { PICTURES } from "./build.js";

/** @import { Disk } from "../disk.js" */
/** @import { Parts } from "./build.js" */

export const NO_PICTURES = "No pictures instead of dots: they are not on this machine";

/** Threshold, legend and table, after anything they show has changed. @param {Disk} disk */
export function updatePanels({ state, parts, cut, legend, table }) {
  const { scene, cloud, colouring, distances, threshold } = state;
  if (!scene?.cloud || !cloud) return;
  const { palette, range } = scene.cloud;
  if (scene.threshold) {
    const theme = readTheme(parts.root);
    const { uncertainty } = cloud;
    cut.update({ ...scene.threshold, uncertainty, palette, range, theme });
    cut.setValue(threshold);
  }
  if (colouring) legend.update(colouring.legend(scene));
  table.update({ cloud, scene, distances, threshold, hits: scene.hits });
}

/** What position means here, and which layout is pressed. @param {Disk} disk */
export function showLayout({ state, parts }) {
  const { name } = state.positions.layout;
  const badge = state.scene?.badges.find(({ layout }) => layout === name);
  parts.badge.hidden = !badge;
  parts.badge.textContent = badge?.text ?? "";
  parts.badge.title = badge?.detail ?? "";
  parts.banner.hidden = name !== "umap";
  parts.layouts.mark(name, state.layouts);
}

/** How many points are on the stage: never a silent cap. @param {Disk} disk */
export function showCount({ state: { cloud, frame }, parts, picker }) {
  if (!cloud) return;
  parts.shown.textContent = `${count(picker.inView(frame))} of ${count(cloud.count)} shown`;
}

/**
 * Which tools there are and which are pressed. Without a gallery there is nothing to select, list
 * or link to, and without its pictures there are none to show: that button stays, with the reason.
 * @param {Disk} disk
 */
export function showTools({ state, parts }) {
  const { buttons, stage } = parts;
  const cloud = state.scene?.cloud;
  for (const [name, button] of Object.entries(buttons)) {
    button.hidden = name !== "home" && !cloud;
  }
  const away = Boolean(cloud && !cloud.tile);
  const text = away ? NO_PICTURES : PICTURES;
  buttons.pictures.title = text;
  buttons.pictures.setAttribute("aria-label", text);
  buttons.pictures.setAttribute("aria-disabled", String(away));
  press(parts, "pictures", state.showPictures && !away);
  press(parts, "lasso", state.tool === "lasso");
  press(parts, "box", state.tool === "box");
  stage.classList.toggle("choosing", state.tool !== "move");
  if (away && state.showPictures) state.setShowPictures(false);
}

/** @param {Parts} parts @param {string} button @param {boolean} on */
export function press({ buttons }, button, on) {
  buttons[button].setAttribute("aria-pressed", String(on));
}

/**
 * A sentence in the middle of the stage.
 * @param {{note: HTMLElement}} parts @param {string} text
 * @param {number} [ms] after which it goes; it stays when omitted
 */
export function showMessage({ note }, text, ms) {
  note.textContent = text;
  note.hidden = !text;
  if (ms) window.setTimeout(() => showMessage({ note }, ""), ms);
}
