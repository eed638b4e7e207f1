// Where a text may stand beside what it names, the best place first (see texts.js for slots).

/** @import { Point } from "../types.js" */
/** @import { Slot } from "./texts.js" */

/** Around a dot, right first. @type {Point[]} */
const SIDES = [
  [1, 0], [-1, 0], [0, -1], [0, 1], [0.8, -0.8], [-0.8, -0.8], [0.8, 0.8], [-0.8, 0.8],
];
const ALONG = [0.5, 0.4, 0.6, 0.3, 0.7];
const AROUND = [90, 60, 120, 30, 150, 270, 300, 240, 0, 180];

/**
 * On a curve, from its middle outwards, then beside its middle.
 * @param {(t: number) => Point} at pixels of the curve, t in [0, 1]
 * @returns {Slot[]}
 */
export function onCurve(at) {
  const middle = at(0.5);
  const off = SIDES.slice(0, 4).map((side) => ({ at: middle, side, gap: 4 }));
  return [...ALONG.map((t) => ({ at: at(t) })), ...off];
}

/**
 * On a circle, its top first.
 * @param {{at: Point, radius: number}} round in pixels
 * @returns {Slot[]}
 */
export function onCircle({ at: [x, y], radius }) {
  return AROUND.map((degrees) => {
    const angle = (degrees * Math.PI) / 180;
    return { at: [x + radius * Math.cos(angle), y - radius * Math.sin(angle)] };
  });
}

/**
 * Around a dot.
 * @param {Point} at
 * @param {number} gap pixels between the dot's middle and the text
 * @returns {Slot[]}
 */
export function beside(at, gap) {
  return SIDES.map((side) => ({ at, side, gap }));
}
