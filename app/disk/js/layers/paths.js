// Geodesics, circles and straight lines of the moved disk as canvas paths, in CSS pixels.
//
// A Möbius map keeps circles circles, so whatever is a circle in the disk is drawn as an exact
// arc: end points are moved first, the arc is taken between the moved points. *Shown* points are
// those of the displayed disk, after the move; *base* points are before it. Angles of `arc` have
// y upwards, those of a canvas downwards: signs flip.

import { apply, arc, ballCircle, geodesic } from "../math/hyperbolic.js";
import { toPixels } from "../math/view.js";

/** @import { Point, Stage } from "../types.js" */

/** Beyond this radius in pixels a canvas arc wobbles (32-bit floats), a polyline does not. */
const LARGEST_ARC = 2e4;
const SAMPLES = 128;

/**
 * Where a base point is in the displayed disk.
 * @param {Stage} stage @param {Point} base @returns {Point}
 */
export function shown(stage, base) {
  return apply(stage.view.move, base);
}

/** Pixels of a shown point. @param {Stage} stage @param {Point} w @returns {Point} */
export function pixels({ frame, view }, w) {
  return toPixels(view, frame, w);
}

/** The rim in pixels. @param {Stage} stage @returns {{at: Point, radius: number}} */
export function rim(stage) {
  return { at: pixels(stage, [0, 0]), radius: stage.frame.radius * stage.view.zoom };
}

/**
 * Whether a pixel lies in the frame and in the disk.
 * @param {Stage} stage @returns {(x: number, y: number) => boolean}
 */
export function sight(stage) {
  const { width, height } = stage.frame;
  const { at: [cx, cy], radius } = rim(stage);
  return (x, y) => x >= 0 && y >= 0 && x <= width && y <= height &&
    (x - cx) * (x - cx) + (y - cy) * (y - cy) <= radius * radius;
}

/**
 * Restrict drawing to the disk, until the context is restored.
 * @param {CanvasRenderingContext2D} ctx @param {Stage} stage
 */
export function clipToDisk(ctx, stage) {
  const { at, radius } = rim(stage);
  ctx.beginPath();
  ctx.arc(at[0], at[1], radius, 0, 2 * Math.PI);
  ctx.clip();
}

/**
 * The circle of points at a distance, as the picture shows it.
 * @param {Stage} stage
 * @param {Point} centre base point
 * @param {number} distance of the picture
 * @returns {{at: Point, radius: number}} in pixels
 */
export function circle(stage, centre, distance) {
  const ball = ballCircle(shown(stage, centre), distance);
  return {
    at: pixels(stage, ball.centre),
    radius: ball.radius * stage.frame.radius * stage.view.zoom,
  };
}

/**
 * Add a whole circle to a path.
 * @param {Path2D | CanvasRenderingContext2D} path
 * @param {{at: Point, radius: number}} round in pixels
 */
export function addCircle(path, { at, radius }) {
  path.moveTo(at[0] + radius, at[1]);
  path.arc(at[0], at[1], radius, 0, 2 * Math.PI);
}

/**
 * Add the geodesic from one shown point to another, or between two points of the rim.
 * @param {Path2D | CanvasRenderingContext2D} path @param {Stage} stage @param {Point} z
 * @param {Point} w
 * @param {boolean} [goOn] the path is already at z
 */
export function addGeodesic(path, stage, z, w, goOn = false) {
  if (!goOn) path.moveTo(...pixels(stage, z));
  const bow = arc(z, w);
  if (bow.straight) {
    path.lineTo(...pixels(stage, w));
    return;
  }
  const radius = bow.radius * stage.frame.radius * stage.view.zoom;
  if (radius <= LARGEST_ARC) {
    const [x, y] = pixels(stage, bow.centre);
    path.arc(x, y, radius, -bow.start, -bow.end, bow.anticlockwise);
    return;
  }
  const turn = sweep(bow);
  for (let i = 1; i < SAMPLES; i += 1) {
    const angle = bow.start + (turn * i) / SAMPLES;
    const x = bow.centre[0] + bow.radius * Math.cos(angle);
    const y = bow.centre[1] + bow.radius * Math.sin(angle);
    path.lineTo(...pixels(stage, [x, y]));
  }
  path.lineTo(...pixels(stage, w));
}

/**
 * Signed angle an arc runs through.
 * @param {{start: number, end: number, anticlockwise: boolean}} bow
 */
function sweep({ start, end, anticlockwise }) {
  const turn = (end - start) % (2 * Math.PI);
  if (anticlockwise) return turn < 0 ? turn + 2 * Math.PI : turn;
  return turn > 0 ? turn - 2 * Math.PI : turn;
}

/**
 * Add the segment that is straight in the base picture; the move bends it, so it is sampled.
 * @param {Path2D} path @param {Stage} stage
 * @param {Point} from base point
 * @param {Point} to base point
 */
export function addStraight(path, stage, from, to) {
  path.moveTo(...stage.screen(from));
  for (let i = 1; i <= SAMPLES; i += 1) path.lineTo(...stage.screen(mix(from, to, i / SAMPLES)));
}

/**
 * The point at t of a straight segment.
 * @param {Point} from @param {Point} to @param {number} t @returns {Point}
 */
export function mix(from, to, t) {
  return [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
}

/**
 * Direction, in pixels and of length 1, in which the geodesic between shown points arrives.
 * @param {Point} z @param {Point} w
 * @returns {Point | null} null if the points are one
 */
export function arrival(z, w) {
  const bow = arc(z, w);
  if (!bow.straight) {
    const sign = bow.anticlockwise ? 1 : -1;
    return [-sign * Math.sin(bow.end), -sign * Math.cos(bow.end)];
  }
  const length = Math.hypot(w[0] - z[0], w[1] - z[1]);
  return length > 0 ? [(w[0] - z[0]) / length, (z[1] - w[1]) / length] : null;
}

/**
 * The shown point of a geodesic that is seen `back` pixels before its end.
 * @param {Stage} stage @param {Point} z @param {Point} w @param {number} back
 * @returns {Point} z where the geodesic is not that long
 */
export function before(stage, z, w, back) {
  if (!(back > 0)) return w;
  const [x, y] = pixels(stage, w);
  const away = (/** @type {number} */ t) => {
    const [px, py] = pixels(stage, geodesic(z, w, t));
    return Math.hypot(px - x, py - y);
  };
  if (away(0) <= back) return z;
  let [near, far] = [1, 0];
  for (let i = 0; i < 24; i += 1) {
    const t = (near + far) / 2;
    if (away(t) < back) near = t;
    else far = t;
  }
  return geodesic(z, w, near);
}

/** @param {Point} tip in pixels @param {Point} direction of length 1 @param {number} size */
export function arrowHead([x, y], [dx, dy], size) {
  const head = new Path2D();
  const [bx, by] = [x - size * dx, y - size * dy];
  const wide = 0.44 * size;
  head.moveTo(x, y);
  head.lineTo(bx - wide * dy, by + wide * dx);
  head.lineTo(x - 0.72 * size * dx, y - 0.72 * size * dy);
  head.lineTo(bx + wide * dy, by - wide * dx);
  head.closePath();
  return head;
}
