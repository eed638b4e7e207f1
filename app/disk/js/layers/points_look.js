// How a point looks, once for both renderers: concentric circles around its place.
//
// From outside in: the outline of a selected point, the thin edge, the fill, and the hole. Radii
// are in the unit of `size`; -1 means that there is none.
//
// Kept points are filled dots with a thin edge. Rejected ones are small open rings, so that shape
// tells them apart as well as colour. Dim ones are small and pale.

import { bytesOf } from "./colours.js";

/** @typedef {{hole: number, fill: number, edge: number, outline: number, alpha: number}} Look */

// What a point's number of look is made of; DIM and SELECTED are the flags' bits 1 and 2.
export const REJECTED = 4;
export const LOOKS = 8;

const PALE = 0.4;

/**
 * @param {number} look  DIM | SELECTED | REJECTED
 * @param {number} size  a kept dot's diameter
 * @param {number} px  one CSS pixel in the same unit
 * @returns {Look}
 */
export function lookOf(look, size, px) {
  const dim = look & 1;
  const rejected = look & REJECTED;
  const full = Math.max(size / 2, px);
  // A ring needs room for its hole; a pale dot must stay visible.
  const ring = Math.max(0.78 * full, 1.9 * px);
  const fill = rejected ? ring : dim ? Math.max(0.6 * full, px) : full;
  const edge = rejected || dim ? -1 : fill + 0.6 * px;
  return {
    hole: rejected ? fill - 1.1 * px : -1,
    fill,
    edge,
    outline: look & 2 ? Math.max(fill, edge) + 2 * px : -1,
    alpha: dim ? PALE : 1,
  };
}

/** @param {Look} look @returns {number} the outermost radius, with room for its smooth border */
export function reach(look) {
  return Math.max(look.fill, look.edge, look.outline) + 1;
}

/**
 * Whether points of this look are drawn below the others.
 * @param {number} look @returns {boolean}
 */
export function below(look) {
  return (look & 2) === 0 && look !== 0;
}

/** @type {Map<string, Float32Array>} */
const colours = new Map();

/**
 * @param {string} css  any CSS colour; what is none becomes grey
 * @returns {Float32Array} red, green, blue, alpha in [0, 1], premultiplied
 */
export function rgba(css) {
  let found = colours.get(css);
  if (!found) {
    const [r, g, b, a] = bytesOf(css);
    found = new Float32Array([r, g, b, 255].map((x) => (x * a) / 255 / 255));
    colours.set(css, found);
  }
  return found;
}
