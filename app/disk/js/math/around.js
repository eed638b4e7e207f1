// The query-centred picture, as hypuml/layout draws it: radius is the true distance to the query.
// Directions are the picture's once it is moved so that the query is in the middle; seen from a
// query near the rim all others lie in one narrow beam, so directions are spread around the circle
// in the order they have. In two dimensions they are true and stay.

import { apply, inside, radiusOf, translation } from "./hyperbolic.js";

/** @import { Point } from "../types.js" */

const TURN = 2 * Math.PI;
const ROOM = 0.97; // of the circle is used: the first and the last are no neighbours
// Where distances would overflow the picture's float32: a point is never put nearer to the rim.
const RIM = 1e-6;

/**
 * Two sets of base points around a centre: where moving the picture brings each point, and where
 * its true distance puts it. A point that the picture has at the centre has no direction and lies
 * to the right.
 * @param {Float32Array} xy  [2N], the picture
 * @param {Point} centre  base point
 * @param {Float32Array} distances  [N], true distances to the centre
 * @param {number} unit  picture distance per true distance
 * @param {boolean} exact  whether the picture's directions are true
 * @returns {{from: Float32Array, to: Float32Array}} [2N] each
 */
export function around(xy, centre, distances, unit, exact) {
  if (xy.length !== 2 * distances.length) {
    throw new Error(`got ${distances.length} distances for ${xy.length / 2} points`);
  }
  const [cx, cy] = inside(centre);
  const move = translation([-cx, -cy]);
  const from = new Float32Array(xy.length);
  const to = new Float32Array(xy.length);
  const angles = new Float64Array(distances.length).fill(NaN);
  for (let i = 0; i < distances.length; i++) {
    const [x, y] = inside(apply(move, inside([xy[2 * i], xy[2 * i + 1]])), 1 - RIM);
    from[2 * i] = x;
    from[2 * i + 1] = y;
    if (x || y) angles[i] = Math.atan2(y, x);
  }
  if (!exact) spread(angles);
  for (let i = 0; i < distances.length; i++) {
    const radius = Math.min(radiusOf(unit * distances[i]), 1 - RIM);
    const angle = angles[i] || 0; // NaN: to the right
    to[2 * i] = radius * Math.cos(angle);
    to[2 * i + 1] = radius * Math.sin(angle);
  }
  return { from, to };
}

/**
 * Spread angles around the circle, in place: cut open at their largest gap, each goes half-way
 * between where stretching puts it and where it would be if all were evenly spaced. NaN stays.
 * @param {Float64Array} angles
 */
export function spread(angles) {
  const order = Uint32Array.from(angles.keys()).filter((i) => !Number.isNaN(angles[i]));
  order.sort((i, j) => angles[i] - angles[j] || i - j);
  const n = order.length;
  if (n < 2) return;
  let first = 0;
  let widest = angles[order[0]] + TURN - angles[order[n - 1]];
  for (let k = 1; k < n; k++) {
    const gap = angles[order[k]] - angles[order[k - 1]];
    if (gap > widest) [first, widest] = [k, gap];
  }
  const start = angles[order[first]];
  const span = TURN - widest;
  if (!(span > 0)) return;
  const room = Math.max(ROOM * TURN, span);
  for (let k = 0; k < n; k++) {
    const i = order[(first + k) % n];
    const along = angles[i] - start + (first + k < n ? 0 : TURN);
    const share = (along / span + k / (n - 1)) / 2;
    angles[i] = start + span / 2 + (share - 0.5) * room;
  }
}
