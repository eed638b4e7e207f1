// Where the points of a gallery are under a layout: two sets of base positions and a time between
// them, so that one layout can turn into another. The renderers do the same on all points at once.

import { apply, exp0, inside, log0, translation } from "./hyperbolic.js";

/** @import { Isometry, Layout, Point } from "../types.js" */

/** A value: never changed in place. */
export class Positions {
  /**
   * @param {Layout} layout
   * @param {Float32Array} from [2N]
   * @param {Float32Array} [to] [2N]; the same set where nothing moves
   * @param {Point} [centre] base point of the query in the "origin" layout, for the "query" layout
   * @param {number} [t] time between the sets, in [0, 1]
   */
  constructor(layout, from, to = from, centre = [0, 0], t = from === to ? 1 : 0) {
    this.layout = layout;
    this.from = from;
    this.to = to;
    this.centre = centre;
    this.t = t;
    Object.freeze(this);
  }

  /** The same sets at another time. @param {number} t */
  at(t) {
    return new Positions(this.layout, this.from, this.to, this.centre, t);
  }

  /** Where a point is now. @param {number} row @returns {Point} */
  base(row) {
    const i = 2 * row;
    /** @type {Point} */
    const to = [this.to[i], this.to[i + 1]];
    return this.t === 1 ? to : between([this.from[i], this.from[i + 1]], to, this.t);
  }

  /**
   * Where a point of the "origin" layout lies in this one.
   * @param {Point} z
   * @param {boolean} exact whether the distances of the picture are true
   * @returns {Point | null} null where that is not known
   */
  locate(z, exact) {
    const { layout, centre } = this;
    if (layout.name === "origin") return z;
    if (layout.name === "umap" || !exact) return null;
    return inside(apply(translation([-centre[0], -centre[1]]), z));
  }

  /**
   * All points as they are displayed under a move, as base positions of the unmoved view.
   * @param {Isometry} move @returns {Float32Array}
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
function between(z, w, t) {
  const a = log0(z);
  const b = log0(w);
  return exp0([(1 - t) * a[0] + t * b[0], (1 - t) * a[1] + t * b[1]]);
}
