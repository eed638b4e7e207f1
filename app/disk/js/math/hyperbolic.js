// Geometry of the disk: the only file with hyperbolic formulas.
//
// Convention (see types.js): the open unit disk at curvature -1, points [x, y] with y upwards, the
// distance from the origin is 2 artanh|z|. The twin of hypuml/geometry at c = 1, in the same
// cancellation-free forms: with gap(z) = 1 - |z|^2 and s = z + w, for instance,
//
//     z (+) w = (gap(z) s + |s|^2 z) / (gap(z) gap(w) + |s|^2).
//
// What doubles cannot do: a point at distance d from the origin has a gap of about 4 exp(-d), so
// its place is known to about 1e-16 exp(d) (1e-10 at d = 14, 1e-7 at d = 20), by any formula.
//
// Every pair a, b with |a| > |b| is an isometry, whatever rounding did to it, and m and -m are the
// same one. So long compositions cannot stop being isometries; their scale alone is put right.

/** @import { Isometry, Point } from "../types.js" */
/**
 * `straight`: draw the segment. Else a circle's shorter arc, angles from `start` to `end` with y
 * upwards, `anticlockwise` as one sees it. A canvas has y downwards and keeps "anticlockwise" as
 * one sees it: ctx.arc(x, y, r, -start, -end, anticlockwise) with the centre on the screen. (From
 * a radius of about 1e6 pixels Chromium draws no arc at all: go along such a one in short lines.)
 * @typedef {{straight: true}
 *         | {straight: false, centre: Point, radius: number, start: number, end: number,
 *            anticlockwise: boolean}} Arc
 */

// Largest |z| handed out; beyond, 1 - |z|^2 may round to 0 and distances become infinite.
const RIM = 1 - 4 * Number.EPSILON;
// An arc that leaves its chord by less than this (disk radii) is drawn straight.
const FLAT = 1e-6;

/** @param {Point} z */
const norm2 = (z) => z[0] * z[0] + z[1] * z[1];
/** @param {Point} z */
const norm = (z) => Math.sqrt(norm2(z));
/** @param {Point} z */
const gap = (z) => 1 - norm2(z);
/** @param {number} k @param {Point} z @returns {Point} */
const times = (k, z) => [k * z[0], k * z[1]];
/** @param {Point} z @returns {Point} */
const minus = (z) => [-z[0], -z[1]];
/** @param {Point} z @param {number} most @returns {Point} */
const kept = (z, most) => {
  const r = norm(z);
  return r > most ? times(most / r, z) : z;
};

/** Möbius addition z (+) w. @param {Point} z @param {Point} w @returns {Point} */
function plus(z, w) {
  const s = /** @type {Point} */ ([z[0] + w[0], z[1] + w[1]]);
  const [gz, s2] = [gap(z), norm2(s)];
  const below = gz * gap(w) + s2;
  return kept([(gz * s[0] + s2 * z[0]) / below, (gz * s[1] + s2 * z[1]) / below], RIM);
}

/**
 * Brings |a|^2 - |b|^2 back to 1. Rounding may have put |b| on |a| when the origin went further
 * than doubles can tell from the rim; then b gives way.
 * @param {Point} a @param {Point} b @returns {Isometry}
 */
function scaled(a, b) {
  const [a2, most] = [norm2(a), RIM * norm(a)];
  const held = kept(b, most);
  const k = 1 / Math.sqrt(a2 - norm2(held));
  return { a: times(k, a), b: times(k, held) };
}

/** @type {Isometry} */
export const IDENTITY = Object.freeze({ a: [1, 0], b: [0, 0] });

/** Where m takes z. @param {Isometry} m @param {Point} z @returns {Point} */
export function apply({ a, b }, [x, y]) {
  const ux = a[0] * x - a[1] * y + b[0];
  const uy = a[0] * y + a[1] * x + b[1];
  const vx = b[0] * x + b[1] * y + a[0];
  const vy = b[0] * y - b[1] * x - a[1];
  const v2 = vx * vx + vy * vy;
  return kept([(ux * vx + uy * vy) / v2, (uy * vx - ux * vy) / v2], RIM);
}

/** First n, then m. @param {Isometry} m @param {Isometry} n @returns {Isometry} */
export function compose({ a: p, b: q }, { a, b }) {
  return scaled(
    [
      p[0] * a[0] - p[1] * a[1] + q[0] * b[0] + q[1] * b[1],
      p[0] * a[1] + p[1] * a[0] + q[1] * b[0] - q[0] * b[1],
    ],
    [
      p[0] * b[0] - p[1] * b[1] + q[0] * a[0] + q[1] * a[1],
      p[0] * b[1] + p[1] * b[0] + q[1] * a[0] - q[0] * a[1],
    ],
  );
}

/** @param {Isometry} m @returns {Isometry} */
export const invert = ({ a, b }) => ({ a: [a[0], -a[1]], b: minus(b) });

/** z -> p (+) z: takes the origin to p, without turning. @param {Point} p @returns {Isometry} */
export function translation(p) {
  return scaled([1, 0], p);
}

/**
 * The move along the line through p and q that takes p to q. Conjugating translation(w) with
 * w = (-p) (+) q by translation(p) gives, with s = q - p and k = Im(p conj(s)) / |1 - conj(p) q|^2,
 * a = 1 + 2ik and b = w - 2ikp over sqrt(gap(w)).
 * @param {Point} p @param {Point} q @returns {Isometry}
 */
export function transvection(p, q) {
  const s = /** @type {Point} */ ([q[0] - p[0], q[1] - p[1]]);
  const w = plus(minus(p), q);
  const k = (2 * (p[1] * s[0] - p[0] * s[1])) / (gap(p) * gap(q) + norm2(s));
  return scaled([1, k], [w[0] + k * p[1], w[1] - k * p[0]]);
}

/** About the origin, in radians. @param {number} angle @returns {Isometry} */
export const rotation = (angle) => ({ a: [Math.cos(angle / 2), Math.sin(angle / 2)], b: [0, 0] });

/** The angle in m = translation(m(0)) o rotation(angle), in (-pi, pi]. @param {Isometry} m */
export function angleOf({ a }) {
  return turn(2 * Math.atan2(a[1], a[0]));
}

/** The same angle in (-pi, pi]. @param {number} angle */
const turn = (angle) => angle - 2 * Math.PI * Math.ceil((angle - Math.PI) / (2 * Math.PI));

/** The base point that m brings to the origin. @param {Isometry} m @returns {Point} */
export function centre({ a, b }) {
  const a2 = norm2(a);
  return [-(b[0] * a[0] + b[1] * a[1]) / a2, -(b[1] * a[0] - b[0] * a[1]) / a2];
}

/** m, but moving the origin no further than `reach`. @param {Isometry} m @param {number} reach */
export function bounded(m, reach) {
  const most = radiusOf(reach) * norm(m.a);
  return norm(m.b) > most ? scaled(m.a, kept(m.b, most)) : m;
}

/** Distance, exactly 0 for equal points. @param {Point} z @param {Point} w @returns {number} */
export function dist(z, w) {
  const [x, y] = [z[0] - w[0], z[1] - w[1]];
  return 2 * Math.asinh(Math.sqrt((x * x + y * y) / (gap(z) * gap(w))));
}

/** Distance from the origin. @param {Point} z @returns {number} */
export const dist0 = (z) => 2 * Math.atanh(Math.min(norm(z), RIM));

/** |z| at distance d from the origin. @param {number} d @returns {number} */
export const radiusOf = (d) => Math.tanh(d / 2);

/** Exponential map at the origin, d0(exp0(v)) = 2|v|. @param {Point} v @returns {Point} */
export function exp0(v) {
  const r = norm(v);
  return r > 0 ? kept(times(Math.tanh(r) / r, v), RIM) : [0, 0];
}

/** Its inverse. @param {Point} z @returns {Point} */
export function log0(z) {
  const r = norm(z);
  return r > 0 ? times(Math.atanh(Math.min(r, RIM)) / r, z) : [0, 0];
}

/**
 * The shortest path from z (t = 0) to w (t = 1) at constant speed; t outside continues the line.
 * Walked from the nearer end, which makes both ends exact and keeps long paths off the rim.
 * @param {Point} z @param {Point} w @param {number} t @returns {Point}
 */
export function geodesic(z, w, t) {
  if (t > 0.5) return geodesic(w, z, 1 - t);
  const ahead = unit(plus(minus(z), w), [0, 0]);
  return plus(z, kept(times(radiusOf(t * dist(z, w)), ahead), RIM));
}

/**
 * The same path as a Euclidean arc (also between rim points). With the chord s = w - z, its middle
 * and its left normal n, the circle that meets the rim at right angles has its centre at
 * middle + h n, h = (1 - z.w) |s| / (2 w x z).
 * @param {Point} z @param {Point} w @returns {Arc}
 */
export function arc(z, w) {
  const s = /** @type {Point} */ ([w[0] - z[0], w[1] - z[1]]);
  const middle = /** @type {Point} */ ([(z[0] + w[0]) / 2, (z[1] + w[1]) / 2]);
  const s2 = norm2(s);
  const above = (1 - z[0] * w[0] - z[1] * w[1]) / 2; // h over |s|, times w x z
  const cross = middle[0] * s[1] - middle[1] * s[0];
  // The arc's height is about |s|^2 / 8h; coincident points have none.
  if (!(Math.sqrt(s2) * Math.abs(cross) > 8 * FLAT * above)) return { straight: true };
  const ratio = -above / cross;
  const [nx, ny] = [-s[1] * ratio, s[0] * ratio];
  return {
    straight: false,
    centre: [middle[0] + nx, middle[1] + ny],
    radius: Math.sqrt(s2 * (0.25 + ratio * ratio)),
    start: Math.atan2(-s[1] / 2 - ny, -s[0] / 2 - nx),
    end: Math.atan2(s[1] / 2 - ny, s[0] / 2 - nx),
    anticlockwise: ratio > 0,
  };
}

/**
 * Rim points of the whole line: the one behind z, then the one beyond w. Where z and w coincide,
 * of the line through the origin.
 * @param {Point} z @param {Point} w @returns {[Point, Point]}
 */
export function ideals(z, w) {
  const ahead = unit(plus(minus(z), w), unit(z, [1, 0]));
  return [onRim(z, minus(ahead)), onRim(z, ahead)];
}

/** @param {Point} z @param {Point} otherwise @returns {Point} */
const unit = (z, otherwise) => (norm(z) > 0 ? times(1 / norm(z), z) : otherwise);

/** z (+) u for a rim point u. @param {Point} z @param {Point} u @returns {Point} */
function onRim(z, u) {
  const s = /** @type {Point} */ ([z[0] + u[0], z[1] + u[1]]);
  const k = gap(z) / norm2(s);
  return unit([z[0] + k * s[0], z[1] + k * s[1]], u);
}

/**
 * Euclidean centre and radius of a hyperbolic circle. With t = tanh(distance / 2), a^2 = |z|^2:
 * z (1 - t^2) / (1 - a^2 t^2) and t (1 - a^2) / (1 - a^2 t^2).
 * @param {Point} z @param {number} distance >= 0 @returns {{centre: Point, radius: number}}
 */
export function ballCircle(z, distance) {
  const fall = Math.cosh(distance / 2) ** -2; // 1 - t^2
  const below = gap(z) + norm2(z) * fall;
  return { centre: times(fall / below, z), radius: (radiusOf(distance) * gap(z)) / below };
}

/**
 * z where it lies in the disk, else pulled back along its ray; the origin for what is no point.
 * @param {Point} z @param {number} [most] largest |z| @returns {Point}
 */
export function inside(z, most = 1 - 1e-9) {
  return Number.isFinite(norm2(z)) ? kept(z, most) : [0, 0];
}

/**
 * A smooth path of isometries from m (t = 0) to n (t = 1): the centre travels along a geodesic at
 * constant speed while the picture turns about the middle, the short way round.
 * @param {Isometry} m @param {Isometry} n @param {number} t @returns {Isometry}
 */
export function moveBetween(m, n, t) {
  if (t === 0 || t === 1) return t ? n : m;
  const step = compose(n, invert(m)); // rotation(angle) o translation(-there)
  const there = exp0(times(-t, log0(centre(step))));
  return compose(rotation(t * angleOf(step)), compose(translation(there), m));
}
