// What is said beside the points: numbers, names, sentences.

import { count } from "./dom.js";
import { readTheme } from "./theme.js";

/** @typedef {import("./disk.js").Disk} Disk */

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

/** Without a gallery there is nothing to select, list or link to. @param {Disk} disk */
export function showTools({ parts, scene }) {
  for (const [name, button] of Object.entries(parts.buttons)) {
    button.hidden = name !== "home" && !scene?.cloud;
  }
}
