// The view as a value: pixels to points and back, and what drags, wheels and links make of a view.
//
// Convention (see types.js): pixels are CSS pixels with y downwards; "displayed" points are base
// points after view.move, before zoom and pan. Every function returns a new view; none reads or
// changes anything else. A gesture that makes no sense (no size yet, not a number) changes nothing.

import {
  IDENTITY, angleOf, apply, bounded, centre, compose, dist0, inside, invert, moveBetween, rotation,
  translation, transvection,
} from "./hyperbolic.js";

/** @import { Frame, Point, View } from "../types.js" */

const MOST_ZOOM = 60;
// How far the origin may be moved: |a| stays below 600, where single precision still has meaning.
const REACH = 14;
// A drag ends this far from the rim at the latest, in units of the disk's radius on the screen at
// zoom 1: there, small movements of the pointer are leaps.
const BRINK = 0.02;
// Radii of the displayed disk between which turning takes over from moving (see `carry`).
const TURNS_FROM = 0.5;
const TURNS_ALL = 0.8;

/** @type {View} */
export const HOME = { move: IDENTITY, zoom: 1, pan: [0, 0] };
Object.freeze(HOME);

/** Whether the origin has left the middle. @param {View} view */
export const isMoved = ({ move }) => dist0(centre(move)) > 1e-6;

/**
 * Pixels of a base point.
 * @param {View} view @param {Frame} frame @param {Point} z @returns {Point}
 */
export function toScreen(view, frame, z) {
  return toPixels(view, frame, apply(view.move, z));
}

/**
 * Pixels of a displayed point.
 * @param {View} view @param {Frame} frame @param {Point} w @returns {Point}
 */
export function toPixels({ zoom, pan }, { cx, cy, radius }, [x, y]) {
  return [cx + radius * (zoom * x + pan[0]), cy - radius * (zoom * y + pan[1])];
}

/**
 * The displayed point at a pixel; outside the disk where the pixel is.
 * @param {View} view @param {Frame} frame @param {Point} px @returns {Point}
 */
export function toDisk({ zoom, pan }, { cx, cy, radius }, px) {
  return [((px[0] - cx) / radius - pan[0]) / zoom, ((cy - px[1]) / radius - pan[1]) / zoom];
}

/**
 * The base point at a pixel, or the nearest one inside the disk.
 * @param {View} view @param {Frame} frame @param {Point} px @returns {Point}
 */
export function toBase(view, frame, px) {
  return inside(apply(invert(view.move), inside(toDisk(view, frame, px))));
}

/**
 * The view after a (part of a) drag: what was under `from` is under `to`. In the middle the disk
 * moves along the line between them. Near the rim that line is short on the screen and endless in
 * the disk, so that a pull along the rim would throw the middle out: there, going around turns
 * the disk about its middle, and only going in or out moves it. `from` must lie in the disk (else
 * nothing moves). `to` is held back at BRINK from the rim, or at the distance of `from` where that
 * is nearer, so that a drag always starts without a leap.
 * @param {View} view at the start of the drag
 * @param {Frame} frame @param {Point} from @param {Point} to pixels @returns {View}
 */
export function dragged(view, frame, from, to) {
  const [p, q] = [toDisk(view, frame, from), toDisk(view, frame, to)];
  const r = Math.hypot(...p);
  if (!(r < 1 && Number.isFinite(Math.hypot(...q)))) return view;
  const end = inside(q, Math.max(1 - BRINK / view.zoom, r));
  return { ...view, move: bounded(compose(carry(p, end), view.move), REACH) };
}

/**
 * The view moved by a step, in radii of the disk on the stage: to the right and up.
 * @param {View} view @param {number} dx @param {number} dy @returns {View}
 */
export function panned(view, dx, dy) {
  const step = translation([dx / view.zoom, dy / view.zoom]);
  return { ...view, move: bounded(compose(step, view.move), REACH) };
}

/**
 * An isometry that takes p to q: turns about the origin as far as both are near the rim, then
 * moves.
 * @param {Point} p @param {Point} q @returns {import("../types.js").Isometry}
 */
function carry(p, q) {
  const r = Math.min(Math.hypot(...p), Math.hypot(...q));
  const near = (r - TURNS_FROM) / (TURNS_ALL - TURNS_FROM);
  const share = Math.min(1, Math.max(0, near));
  const around = Math.atan2(p[0] * q[1] - p[1] * q[0], p[0] * q[0] + p[1] * q[1]);
  const turn = rotation(around * share * share * (3 - 2 * share));
  return compose(transvection(apply(turn, p), q), turn);
}

/**
 * The view enlarged about a pixel, which keeps what is under it (where the pan's limit allows: it
 * always does while zooming in on the disk). Zoom stays in [1, 60].
 * @param {View} view @param {Frame} frame @param {Point} px @param {number} factor @returns {View}
 */
export function zoomed(view, frame, px, factor) {
  const [x, y] = toDisk(view, frame, px);
  const zoom = Math.min(Math.max(view.zoom * factor, 1), MOST_ZOOM);
  if (!Number.isFinite(x + y + zoom)) return view;
  const by = view.zoom - zoom;
  return { ...view, zoom, pan: held([view.pan[0] + by * x, view.pan[1] + by * y], zoom) };
}

/**
 * The disk, grown by the zoom, always covers the place it has at zoom 1: |pan| <= zoom - 1.
 * @param {Point} pan @param {number} zoom @returns {Point}
 */
const held = (pan, zoom) => inside(pan, zoom - 1);

/**
 * The view with a base point in the middle of the stage, moved there without turning.
 * @param {View} view @param {Point} z @returns {View}
 */
export function glidedTo(view, z) {
  const [x, y] = apply(view.move, inside(z));
  const move = bounded(compose(translation([-x, -y]), view.move), REACH);
  return { move, zoom: view.zoom, pan: [0, 0] };
}

/**
 * From v0 (t = 0) to v1 (t = 1). Zoom grows by equal factors; the pan goes along with it, so that
 * a zoom about a pixel keeps that pixel all the way.
 * @param {View} v0 @param {View} v1 @param {number} t @returns {View}
 */
export function between(v0, v1, t) {
  if (t === 0 || t === 1) return t ? v1 : v0;
  const growth = Math.log(v1.zoom / v0.zoom);
  const share = Math.abs(growth) < 1e-9 ? t : Math.expm1(t * growth) / Math.expm1(growth);
  const zoom = v0.zoom * Math.exp(t * growth);
  return {
    move: moveBetween(v0.move, v1.move, t),
    zoom,
    pan: [
      v0.pan[0] + share * (v1.pan[0] - v0.pan[0]),
      v0.pan[1] + share * (v1.pan[1] - v0.pan[1]),
    ],
  };
}

/** @param {number} x */
const rounded = (x) => Math.round(x * 1e5) / 1e5 || 0; // never -0
/** @param {number} x */
const shortened = (x) => Math.trunc(x * 1e5) / 1e5 || 0;

/**
 * The view in six short numbers for an address: the base point in the middle (of the move, without
 * the pan), the move's angle, zoom, pan.
 * @param {View} view @returns {number[]} [cx, cy, angle, zoom, panx, pany]
 */
export function pack({ move, zoom, pan }) {
  const c = centre(move);
  const near = /** @type {Point} */ (c.map(rounded));
  // Close to the rim, rounding outwards could leave the disk.
  const middle = dist0(near) <= REACH ? near : c.map(shortened);
  return [...middle, ...[angleOf(move), zoom, ...pan].map(rounded)];
}

/**
 * The view of six numbers, or null where they are not one (they may come from any link).
 * @param {unknown} numbers @returns {View | null}
 */
export function unpack(numbers) {
  if (!Array.isArray(numbers) || numbers.length !== 6 || !numbers.every(Number.isFinite)) {
    return null;
  }
  const [cx, cy, angle, zoom, ...pan] = /** @type {number[]} */ (numbers);
  const fits = Math.hypot(cx, cy) < 1 && Math.abs(angle) <= 3.1416
    && zoom >= 1 && zoom <= MOST_ZOOM && Math.hypot(...pan) <= zoom - 1 + 1e-4;
  if (!fits) return null;
  const move = compose(rotation(angle), translation([-cx, -cy]));
  return { move: bounded(move, REACH), zoom, pan: held([pan[0], pan[1]], zoom) };
}
