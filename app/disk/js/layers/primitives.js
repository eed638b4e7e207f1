// The primitives that shapes are made of, and how they are drawn: fills, strokes over a casing in
// the disk's colour (so that they stay legible over points), discs, then texts where there is room.

import { clipToDisk } from "./paths.js";
import { boxOf, font, inFrame, plate, shorten, Taken, write } from "./texts.js";

/** @import { Anchor, Point, Stage } from "../types.js" */
/** @import { Box, Slot } from "./texts.js" */
/** @typedef {{path: Path2D, colour: string, width: number, dash: number[]}} Stroke */
/**
 * `always`: drawn even where it has to overlap; `quiet`: smaller and thinner.
 * @typedef {{text: string, colour: string, slots: Slot[], always?: boolean, quiet?: boolean}} Text
 */
/**
 * @typedef {{
 *   fills: {path: Path2D, colour: string}[],
 *   strokes: Stroke[],
 *   heads: {path: Path2D, colour: string}[],
 *   dots: {at: Point, size: number, colour: string, hollow: boolean}[],
 *   handles: {at: Point, radius: number, colour: string}[],
 *   texts: Text[],
 * }} Primitives
 */

const SIZE = 12;
const CASING = 2.5;
const FEW = 24;

/** @returns {Primitives} */
export function newPrimitives() {
  return { fills: [], strokes: [], heads: [], dots: [], handles: [], texts: [] };
}

/**
 * CSS of a shape's colour.
 * @param {{colour?: string}} shape @param {Stage} stage @returns {string}
 */
export function colourOf({ colour = "accent" }, { theme }) {
  const named = { accent: theme.accent, ink: theme.ink, muted: theme.muted, alarm: theme.alarm };
  const pair = /^light-dark\((.+?\)?),(.+)\)$/.exec(colour);
  if (pair) return pair[theme.dark ? 2 : 1].trim();
  return Object.hasOwn(named, colour) ? named[/** @type {"ink"} */ (colour)] : colour;
}

/**
 * The base points of anchors.
 * @param {Stage} stage @param {Anchor[]} anchors
 * @returns {Point[] | null} null if one of them has no place
 */
export function anchored(stage, anchors) {
  const places = [];
  for (const anchor of anchors) {
    const place = stage.resolve(anchor);
    if (!place) return null;
    places.push(place);
  }
  return places;
}

/**
 * @param {Path2D} path @param {{colour?: string, width?: number, dashed?: boolean}} shape
 * @param {Stage} stage @returns {Stroke}
 */
export function stroke(path, shape, stage) {
  const width = shape.width ?? 2;
  const dash = shape.dashed ? [3 * width, 2.5 * width] : [];
  return { path, colour: colourOf(shape, stage), width, dash };
}

/** @param {CanvasRenderingContext2D} ctx @param {Primitives} primitives @param {Stage} stage */
export function drawPrimitives(ctx, primitives, stage) {
  ctx.save();
  ctx.lineJoin = "round";
  ctx.save();
  clipToDisk(ctx, stage);
  drawFills(ctx, primitives);
  drawStrokes(ctx, primitives, stage);
  ctx.restore();
  for (const dot of primitives.dots) drawDot(ctx, dot, stage);
  for (const handle of primitives.handles) drawHandle(ctx, handle, stage);
  drawTexts(ctx, primitives, stage);
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {Primitives} primitives */
function drawFills(ctx, { fills }) {
  for (const { path, colour } of fills) {
    ctx.globalAlpha = 0.15;
    ctx.fillStyle = colour;
    ctx.fill(path);
    ctx.globalAlpha = 0.8;
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = colour;
    ctx.stroke(path);
  }
  ctx.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} ctx @param {Primitives} primitives @param {Stage} stage */
function drawStrokes(ctx, { strokes, heads }, { theme }) {
  // All casings first, or the later of two lines would cut the earlier.
  ctx.globalAlpha = 0.7;
  ctx.strokeStyle = theme.disk;
  for (const { path, width } of strokes) {
    ctx.lineWidth = width + CASING;
    ctx.stroke(path);
  }
  ctx.globalAlpha = 1;
  for (const { path, colour, width, dash } of strokes) {
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.setLineDash(dash);
    ctx.stroke(path);
  }
  ctx.setLineDash([]);
  for (const { path, colour } of heads) {
    ctx.lineWidth = 2 * CASING;
    ctx.strokeStyle = theme.disk;
    ctx.stroke(path);
    ctx.fillStyle = colour;
    ctx.fill(path);
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {Primitives["dots"][number]} dot
 * @param {Stage} stage
 */
function drawDot(ctx, { at, size, colour, hollow }, { theme }) {
  ctx.beginPath();
  ctx.arc(at[0], at[1], size / 2, 0, 2 * Math.PI);
  ctx.strokeStyle = theme.disk;
  ctx.lineWidth = hollow ? 4.5 : 3;
  ctx.stroke();
  if (hollow) {
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour;
    ctx.stroke();
  } else {
    ctx.fillStyle = colour;
    ctx.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {Primitives["handles"][number]} handle
 * @param {Stage} stage
 */
function drawHandle(ctx, { at: [x, y], radius, colour }, { theme }) {
  const disc = (/** @type {number} */ r) => {
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
  };
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.18;
  disc(radius + 6);
  ctx.fill();
  ctx.globalAlpha = 1;
  disc(radius);
  ctx.fillStyle = theme.ground;
  ctx.fill();
  disc(radius - 1.25);
  ctx.lineWidth = 2.5;
  ctx.strokeStyle = colour;
  ctx.stroke();
  disc(3);
  ctx.fillStyle = colour;
  ctx.fill();
}

/** @param {CanvasRenderingContext2D} ctx @param {Primitives} primitives @param {Stage} stage */
function drawTexts(ctx, { texts, strokes, dots, handles }, { theme, frame }) {
  const taken = new Taken();
  for (const { at, size } of dots) taken.add(square(at, size / 2 + 1));
  for (const { at, radius } of handles) taken.add(square(at, radius + 2));
  // Asking every line is worth it among a few only; of many, a text cannot keep clear anyway.
  const lines = strokes.length <= FEW ? strokes : [];
  for (const { text, colour, slots, always, quiet } of texts) {
    const size = quiet ? SIZE - 1 : SIZE;
    ctx.font = font(theme, size, quiet ? 400 : 600);
    const words = shorten(text, 48);
    const places = slots
      .map((slot) => ({ box: boxOf(ctx, words, size, slot), on: !slot.side }))
      .filter(({ box }) => inFrame(box, frame) && taken.free(box));
    const clear = places.find(({ box, on }) => on || !crossed(ctx, box, lines));
    let place = clear ?? places[0];
    if (!place && always) place = { box: boxOf(ctx, words, size, slots[0]), on: false };
    if (!place) continue;
    taken.add(place.box);
    if (place.on) plate(ctx, place.box, theme.disk);
    write(ctx, words, place.box, colour, theme.disk);
  }
}

/**
 * Whether a line runs through a text's box.
 * @param {CanvasRenderingContext2D} ctx @param {Box} box @param {Stroke[]} lines
 */
function crossed(ctx, { x, y, width, height }, lines) {
  const { a, d, e, f } = ctx.getTransform();
  ctx.lineWidth = height; // as thick a pen as the text is high: points in its middle are enough
  const steps = Math.ceil(width / height);
  for (let i = 0; i <= steps; i += 1) {
    const px = a * (x + (width * i) / steps) + e;
    const py = d * (y + height / 2) + f;
    if (lines.some(({ path }) => ctx.isPointInStroke(path, px, py))) return true;
  }
  return false;
}

/** @param {Point} at @param {number} reach */
function square([x, y], reach) {
  return { x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach };
}
