// Stepping through the images from the query outwards, and describing them in words: the disk for
// those who do not see it, or have no pointer.

import { isKept } from "../math/cut.js";
import { fixed } from "../math/numbers.js";

/** @import { Disk } from "../disk.js" */
/** @import { State } from "../state.js" */

export class KeyboardNav {
  #disk;
  /** Rows by distance to the query; as they are without one. @type {Uint32Array | null} */
  #order = null;
  /** What the order belongs to. */
  #key = "";

  /** @param {Disk} disk */
  constructor(disk) {
    this.#disk = disk;
  }

  /**
   * @param {number} row where to step from; -1 begins at the query
   * @param {number} by 1 outwards, -1 back
   * @returns {Promise<number>} -1 when there is nothing
   */
  async next(row, by) {
    const rows = await this.#rows();
    if (!rows.length) return -1;
    const at = rows.indexOf(row);
    return rows[at < 0 ? 0 : (at + by + rows.length) % rows.length];
  }

  async #rows() {
    const { scene, cloud } = this.#disk.state;
    const key = JSON.stringify([scene?.cloud?.points, scene?.query?.who]);
    if (this.#order && this.#key === key) return this.#order;
    const found = await this.#disk.transition.measure();
    const rows = Uint32Array.from({ length: cloud?.count ?? 0 }, (_, i) => i);
    if (found) rows.sort((a, b) => found.distances[a] - found.distances[b] || a - b);
    [this.#order, this.#key] = [rows, key];
    return rows;
  }
}

/** A point in words. @param {State} state @param {number} row */
export function inWords({ cloud, distances, threshold }, row) {
  if (!cloud) return "";
  const path = cloud.paths[cloud.group[row]];
  const u = cloud.uncertainty[row];
  const far = distances ? `, distance to the query ${fixed(distances[row], 2)}` : "";
  const rejected = isKept(u, threshold) ? "" : ", rejected";
  return `${path.join(", ") || "no class"}, uncertainty ${fixed(u, 3)}${far}${rejected}`;
}
