// What the colours of the points stand for: uncertainty, or classes at one level of the taxonomy.

import { address, reason } from "../data.js";
import { fetchGroups, paletteBytes, pointCodes, uncertaintyCodes } from "./colours.js";
import { showMessage } from "../panels/update.js";
import { readTheme } from "./theme.js";

/** @import { Cloud, Scene } from "../types.js" */
/** @import { Disk } from "../disk.js" */

const FEW = 14; // as many groups as labels fit on a disk

/**
 * `names` and `codes` are the groups that are labelled; with colours by uncertainty these are not
 * what is coloured.
 * @typedef {{names: string[], codes: Uint16Array, legend: (scene: Scene) => any,
 *            pathOf: (name: string) => string[]}} Colouring
 */

/** All that the colours depend on. @param {Scene} scene */
export function coloursOf({ cloud }) {
  return cloud && [cloud.points, cloud.colours, cloud.colour, cloud.palette, cloud.range];
}

/** Colour the points as the scene wants them. @param {Disk} disk */
export async function recolour(disk) {
  const { state, renderer, parts } = disk;
  const { scene, cloud } = state;
  if (!scene?.cloud || !cloud) return;
  const wanted = JSON.stringify(coloursOf(scene));
  if (scene.cloud.colours) {
    const theme = readTheme(parts.root).dark ? "dark" : "light";
    let groups, codes, bytes;
    try {
      groups = await fetchGroups(address(scene.cloud.colours, { theme }));
      const now = state.scene && coloursOf(state.scene);
      if (disk.gone || wanted !== JSON.stringify(now)) return;
      codes = pointCodes(cloud, groups);
      bytes = paletteBytes(groups.colours);
    } catch (error) {
      return showMessage(parts, reason(error));
    }
    renderer.setColours(codes, bytes);
    return state.setColouring(byGroup(cloud, groups, codes, depth(cloud, scene.cloud.colour)));
  }
  const { palette, range } = scene.cloud;
  const codes = uncertaintyCodes(cloud.uncertainty, range[0], range[1], palette.length);
  renderer.setColours(codes, paletteBytes(palette));
  state.setColouring(byUncertainty(cloud, palette, range));
}

/** How many names of a path a level takes. @param {Cloud} cloud @param {string} level */
function depth(cloud, level) {
  const at = cloud.levels.indexOf(level);
  return at < 0 ? Infinity : at + 1; // "label" is the whole path
}

/**
 * @param {Cloud} cloud @param {{names: string[], codes: number[], colours: string[]}} groups
 * @param {Uint16Array} codes
 * @param {number} names how many names of a path make a group
 * @returns {Colouring}
 */
function byGroup(cloud, groups, codes, names) {
  const counts = new Array(groups.names.length).fill(0);
  for (const code of codes) counts[code] += 1;
  const pathOf = (/** @type {string} */ name) => {
    const at = groups.codes.indexOf(groups.names.indexOf(name));
    return at < 0 ? [] : cloud.paths[at].slice(0, names);
  };
  const legend = (/** @type {Scene} */ scene) => {
    const path = JSON.stringify(scene.highlight);
    const highlighted = groups.names.find((name) => JSON.stringify(pathOf(name)) === path) ?? null;
    return { kind: "groups", names: groups.names, colours: groups.colours, counts, highlighted };
  };
  return { names: groups.names, codes, legend, pathOf };
}

/**
 * @param {Cloud} cloud @param {string[]} palette @param {[number, number]} range
 * @returns {Colouring}
 */
function byUncertainty(cloud, palette, range) {
  const { names, codes } = labelled(cloud);
  const legend = () => ({ kind: "uncertainty", palette, range });
  return { names, codes, legend, pathOf: () => [] };
}

/**
 * The groups to label: the deepest level with few enough, else the highest.
 * @param {Cloud} cloud
 */
function labelled({ paths, group }) {
  const most = Math.max(0, ...paths.map((path) => path.length));
  let best = { names: /** @type {string[]} */ ([]), of: /** @type {number[]} */ ([]) };
  for (let level = 1; level <= most; level++) {
    const at = new Map();
    const of = paths.map((path) => {
      const key = JSON.stringify(path.slice(0, level));
      if (!at.has(key)) at.set(key, at.size);
      return at.get(key);
    });
    if (level > 1 && at.size > FEW) break;
    const names = [...at.keys()].map((key) => JSON.parse(key).at(-1) ?? "");
    best = { names, of };
  }
  return { names: best.names, codes: Uint16Array.from(group, (g) => best.of[g]) };
}
