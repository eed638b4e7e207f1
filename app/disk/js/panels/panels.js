// What is said beside the points: numbers, names, sentences.

import { PICTURES } from "./build.js";
import { count } from "./dom.js";
import { readTheme } from "../layers/theme.js";

/** @import { Disk } from "../disk.js" */

export const NO_PICTURES = "No pictures instead of dots: they are not on this machine";

/** Threshold, legend and table, after anything they show has changed. @param {Disk} disk */
export function updatePanels(disk) {
  const { scene, cloud, colouring, cut, legend, table, turning, threshold } = disk;
  if (!scene?.cloud || !cloud) return;
  const { palette, range } = scene.cloud;
  if (scene.threshold) {
    const theme = readTheme(disk.parts.root);
    const { uncertainty } = cloud;
    cut.update({ ...scene.threshold, uncertainty, palette, range, theme });
    cut.setValue(threshold);
  }
  if (colouring) legend.update(colouring.legend(scene));
  table.update({ cloud, scene, distances: turning.distances, threshold, hits: scene.hits });
}

/** What position means here, and which layout is pressed. @param {Disk} disk */
export function sayLayout({ places, scene, parts, turning }) {
  const { name } = places.layout;
  const badge = scene?.badges.find(({ layout }) => layout === name);
  parts.badge.hidden = !badge;
  parts.badge.textContent = badge?.text ?? "";
  parts.badge.title = badge?.detail ?? "";
  parts.banner.hidden = name !== "umap";
  parts.layouts.mark(name, turning.possible());
}

/** How many points are on the stage: never a silent cap. @param {Disk} disk */
export function sayShown({ parts, picker, frame, cloud }) {
  if (!cloud) return;
  parts.shown.textContent = `${count(picker.inView(frame))} of ${count(cloud.count)} shown`;
}

/**
 * Without a gallery there is nothing to select, list or link to, and without its pictures there are
 * none to show: the button stays in its place and says why.
 * @param {Disk} disk
 */
export function showTools(disk) {
  const { buttons } = disk.parts;
  const cloud = disk.scene?.cloud;
  for (const [name, button] of Object.entries(buttons)) {
    button.hidden = name !== "home" && !cloud;
  }
  const away = Boolean(cloud && !cloud.tile);
  const says = away ? NO_PICTURES : PICTURES;
  buttons.pictures.title = says;
  buttons.pictures.setAttribute("aria-label", says);
  buttons.pictures.setAttribute("aria-disabled", String(away));
  if (away && disk.showPictures) {
    disk.showPictures = false;
    disk.press("pictures", false);
  }
}
