// Following Python: what of a scene is taken into the store, and when its gallery is fetched.

import { fetchCloud, reason } from "./data.js";
import { coloursOf, recolour } from "./layers/colouring.js";
import { highlightFlags, setSelected } from "./layers/colours.js";
import { Positions } from "./math/positions.js";
import { HOME, unpack } from "./math/view.js";
import { showLayout, showMessage, showTools, updatePanels } from "./panels/update.js";

/** @import { Disk } from "./disk.js" */
/** @import { Scene } from "./types.js" */

/**
 * Show a scene, which may be the present one or another.
 * @param {Disk} disk @param {Scene} scene
 */
export function followScene(disk, scene) {
  const { cuts, parts, state } = disk;
  const before = state.scene;
  state.setScene(scene);
  parts.stage.setAttribute("aria-label", scene.label);
  parts.strip.hidden = !scene.threshold;
  const moved = disk.views.isNews([scene.layout, scene.at]);
  if (!scene.threshold) state.setThreshold(Infinity);
  else if (cuts.isNews(scene.threshold.value)) state.setThreshold(scene.threshold.value);
  if (scene.cloud?.points !== before?.cloud?.points) load(disk, scene);
  else if (state.cloud) followChanges(disk, before, moved);
  else if (moved) {
    state.setView((scene.at && unpack(scene.at)) || HOME);
    disk.skipIdle(); // what Python wants is not sent back to it
  }
  const { layout, from } = state.positions;
  if (!scene.cloud && layout.unit !== scene.unit) {
    state.setPositions(new Positions({ name: "origin", unit: scene.unit }, from));
  }
  showTools(disk);
  showLayout(disk);
}

/** Fetch another gallery's points. @param {Disk} disk @param {Scene} scene */
async function load(disk, scene) {
  const { parts, state } = disk;
  disk.resetPictures(null);
  disk.transition.stop();
  state.setCloud(null, scene.unit);
  if (!scene.cloud) return;
  const { points } = scene.cloud;
  let cloud;
  try {
    cloud = await fetchCloud(points);
  } catch (error) {
    showMessage(parts, reason(error));
    return;
  }
  if (disk.gone || state.scene?.cloud?.points !== points) return;
  showMessage(parts, "");
  state.setCloud(cloud, cloud.unit);
  disk.renderer.setUncertainty(cloud.uncertainty);
  disk.resetPictures(cloud);
  followChanges(disk, null, true);
}

/**
 * Take over what changed since the scene `before`, or everything after loading.
 * @param {Disk} disk @param {Scene | null} before
 * @param {boolean} moved whether Python wants another view
 */
function followChanges(disk, before, moved) {
  const { state, transition } = disk;
  const { scene, cloud } = state;
  if (!scene?.cloud || !cloud) return;
  if (!scene.selection.length) state.setOutline();
  if (changed(({ highlight, selection }) => [highlight, selection], before, scene)) {
    const flags = state.flags.slice();
    highlightFlags(cloud, scene.highlight, flags);
    setSelected(flags, scene.selection);
    state.setFlags(flags);
  }
  if (changed(coloursOf, before, scene)) recolour(disk);
  else updatePanels(disk);
  const view = scene.at && unpack(scene.at);
  const otherQuery = before?.query?.who !== scene.query?.who;
  if (otherQuery) transition.forgetDistances();
  const otherLayout = moved && scene.layout !== transition.target;
  // Another query in the middle, also when Python does not know yet that the user turned to it.
  if (otherQuery && !otherLayout && transition.target === "query") {
    transition.to("query", moved ? view : null, before !== null);
  } else if (moved) transition.follow(scene.layout, view, before !== null);
  showLayout(disk);
  disk.idleSoon();
}

/**
 * Whether a part of the scene is not what it was: what costs a pass over all points is not done on
 * every rerun.
 * @param {(scene: Scene) => unknown} part @param {Scene | null} before @param {Scene} now
 */
function changed(part, before, now) {
  return !before || JSON.stringify(part(before)) !== JSON.stringify(part(now));
}
