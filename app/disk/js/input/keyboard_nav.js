// Stepping through the images from the query outwards, and saying in words what is there: the disk
// for those who do not see it, or have no pointer.

import { fixed } from "../panels/dom.js";
import { keepLimit } from "../panels/threshold.js";

/** @import { Disk } from "../disk.js" */

export class Outward {
  /** @param {Disk} disk */
  constructor(disk) {
    this.disk = disk;
    /** @type {Uint32Array | null} rows by distance to the query; as they are without one */
    this.order = null;
    this.of = "";
  }

  /**
   * @param {number} row where to step from; -1 begins at the query
   * @param {number} by 1 outwards, -1 back
   * @returns {Promise<number>} -1 when there is nothing
   */
  async next(row, by) {
    const rows = await this.rows();
    if (!rows.length) return -1;
    const at = rows.indexOf(row);
    return rows[at < 0 ? 0 : (at + by + rows.length) % rows.length];
  }

  async rows() {
    const { scene, cloud, turning } = this.disk;
    const of = JSON.stringify([scene?.cloud?.points, scene?.query?.who]);
    if (this.order && this.of === of) return this.order;
    const found = await turning.measure();
    const rows = Uint32Array.from({ length: cloud?.count ?? 0 }, (_, i) => i);
    if (found) rows.sort((a, b) => found.distances[a] - found.distances[b] || a - b);
    [this.order, this.of] = [rows, of];
    return rows;
  }
}

/** A point in words. @param {Disk} disk @param {number} row */
export function inWords({ cloud, turning, threshold }, row) {
  if (!cloud) return "";
  const path = cloud.paths[cloud.group[row]];
  const u = cloud.uncertainty[row];
  const far = turning.distances ? `, distance to the query ${fixed(turning.distances[row], 2)}` : "";
  const rejected = u > keepLimit(threshold) ? ", rejected" : "";
  return `${path.join(", ") || "no class"}, uncertainty ${fixed(u, 3)}${far}${rejected}`;
}
