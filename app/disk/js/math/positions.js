// Where the points are: two sets of base positions and a time between them, so that one layout can
// turn into another. The renderers do the same on all points at once.

import { apply, exp0, log0 } from "./hyperbolic.js";

/** @import { Isometry, Layout, Point } from "../types.js" */

/** Positions of a gallery's points under the present layout. */
export class Places {
  /** @param {Float32Array} xy [2N] @param {number} unit picture distance per true distance */
  constructor(xy, unit) {
    this.from = xy;
    this.to = xy;
    this.t = 1;
    /** @type {Layout} */
    this.layout = { name: "origin", unit };
    /** @type {Point} base point of the query in the "origin" layout when the layout is "query" */
    this.centre = [0, 0];
  }

  /**
   * @param {Layout} layout
   * @param {Float32Array} from
   * @param {Float32Array} to
   * @param {Point} [centre]
   */
  set(layout, from, to, centre = [0, 0]) {
    Object.assign(this, { layout, from, to, centre, t: from === to ? 1 : 0 });
  }

  /** Where a point is now. @param {number} row @returns {Point} */
  base(row) {
    const i = 2 * row;
    /** @type {Point} */
    const to = [this.to[i], this.to[i + 1]];
    return this.t === 1 ? to : between([this.from[i], this.from[i + 1]], to, this.t);
  }

  /**
   * All points as they are displayed under a move, as base positions of the unmoved view.
   * @param {Isometry} move
   * @returns {Float32Array}
   */
  displayed(move) {
    const out = new Float32Array(this.to.length);
    for (let row = 0; 2 * row < out.length; row++) out.set(apply(move, this.base(row)), 2 * row);
    return out;
  }

  /** Number of rows. @returns {number} */
  get count() {
    return this.to.length / 2;
  }
}

/**
 * Between two places along the straight line of the tangent space at the origin.
 * @param {Point} z @param {Point} w @param {number} t @returns {Point}
 */
export function between(z, w, t) {
  const a = log0(z);
  const b = log0(w);
  return exp0([(1 - t) * a[0] + t * b[0], (1 - t) * a[1] + t * b[1]]);
}
