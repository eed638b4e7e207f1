// Geometry beside the points: geodesics, straight lines, paths, rings, balls, trees, dots, and
// handles to drag. One function per type of shape turns it into primitives (strokes, fills, discs,
// texts); these are then drawn layer by layer, so that no line crosses out a handle or a text.

import { dist, geodesic as along, ideals } from "../math/hyperbolic.js";
import { fixed } from "../math/numbers.js";
import { anchored, colourOf, drawPrimitives, newPrimitives, stroke } from "./primitives.js";
import {
  addCircle, addGeodesic, addStraight, arrival, arrowHead, before, circle, mix, pixels, shown,
} from "./paths.js";
import { beside, onCircle, onCurve } from "./label_slots.js";

/** @import { Anchor, Point, Shape, Stage } from "../types.js" */
/** @import { Primitives } from "./primitives.js" */
/** @import { Slot } from "./texts.js" */
/**
 * @template {Shape["type"]} T
 * @typedef {(shape: Extract<Shape, {type: T}>, stage: Stage, primitives: Primitives) => void} Part
 */

const HANDLE = 9;
const ARROW = 11;

/**
 * Draw all shapes whose anchors have a place.
 * @param {CanvasRenderingContext2D} ctx @param {Shape[]} shapes @param {Stage} stage
 */
export function drawShapes(ctx, shapes, stage) {
  const primitives = newPrimitives();
  // Arrows last: they keep clear of what primitives their end.
  const arrows = shapes.filter((shape) => shape.type === "path");
  for (const shape of [...shapes.filter((shape) => shape.type !== "path"), ...arrows]) {
    const part = /** @type {Part<any> | undefined} */ (PARTS[shape.type]);
    if (part) part(shape, stage, primitives);
  }
  drawPrimitives(ctx, primitives, stage);
}

/**
 * The handle under a pixel: the nearest, and of equals the one drawn last.
 * @param {Point} px @param {Shape[]} shapes @param {Stage} stage
 * @param {number} [within] pixels; generous, for fingers
 * @returns {string | null} its id
 */
export function handleAt(px, shapes, stage, within = 18) {
  let best = null;
  let least = within;
  for (const shape of shapes) {
    if (shape.type !== "handle") continue;
    const [x, y] = stage.screen(handlePlace(shape, stage));
    const away = Math.hypot(x - px[0], y - px[1]);
    if (away <= least) [best, least] = [shape.id, away];
  }
  return best;
}

/**
 * Where a handle is: perhaps under a finger, ahead of Python.
 * @param {Extract<Shape, {type: "handle"}>} shape @param {Stage} stage
 */
function handlePlace(shape, stage) {
  return stage.resolve({ handle: shape.id }) ?? shape.at;
}

/** @type {Part<"geodesic">} */
function geodesic(shape, stage, primitives) {
  const ends = anchored(stage, [shape.from, shape.to]);
  if (!ends) return;
  const [z, w] = ends.map((end) => shown(stage, end));
  if (z[0] === w[0] && z[1] === w[1]) return;
  const path = new Path2D();
  const [from, to] = shape.whole ? ideals(z, w) : [z, w];
  addGeodesic(path, stage, from, to);
  primitives.strokes.push(stroke(path, shape, stage));
  const slots = onCurve((t) => pixels(stage, along(z, w, t)));
  label(shape, dist(ends[0], ends[1]), slots, stage, primitives);
}

/** @type {Part<"line">} */
function line(shape, stage, primitives) {
  const ends = anchored(stage, [shape.from, shape.to]);
  if (!ends) return;
  const path = new Path2D();
  addStraight(path, stage, ends[0], ends[1]);
  primitives.strokes.push(stroke(path, shape, stage));
  const slots = onCurve((t) => stage.screen(mix(ends[0], ends[1], t)));
  const length = shape.measured ? lengthOf(ends[0], ends[1]) : 0;
  label(shape, length, slots, stage, primitives);
}

/** @type {Part<"path">} */
function path(shape, stage, primitives) {
  const places = anchored(stage, shape.through);
  if (!places || places.length < 2) return;
  const stops = places.map((stop) => shown(stage, stop));
  const way = new Path2D();
  const last = stops.length - 1;
  const [goal, px] = [shape.through[last], stage.screen(places[last])];
  const back = shape.arrow ? clearance(goal, px, primitives) : 0;
  const tip = before(stage, stops[last - 1], stops[last], back);
  // The line ends inside the head, or it would blunt it.
  const end = shape.arrow ? before(stage, stops[last - 1], tip, 0.6 * ARROW) : tip;
  for (let i = 1; i <= last; i += 1) {
    addGeodesic(way, stage, stops[i - 1], i < last ? stops[i] : end, i > 1);
  }
  primitives.strokes.push(stroke(way, shape, stage));
  const direction = shape.arrow ? arrival(stops[last - 1], tip) : null;
  if (direction) {
    const head = arrowHead(pixels(stage, tip), direction, ARROW);
    primitives.heads.push({ path: head, colour: colourOf(shape, stage) });
  }
  const length = stops.slice(1).reduce((sum, stop, i) => sum + dist(stops[i], stop), 0);
  const [a, b] = stops.slice(Math.floor((last - 1) / 2));
  label(shape, length, onCurve((t) => pixels(stage, along(a, b, t))), stage, primitives);
}

/** @type {Part<"ring">} */
function ring(shape, stage, primitives) {
  const round = circleOf(shape, stage);
  if (!round) return;
  const outline = new Path2D();
  addCircle(outline, round);
  primitives.strokes.push(stroke(outline, { width: 1.5, ...shape }, stage));
  label(shape, round.distance, onCircle(round), stage, primitives);
}

/** @type {Part<"ball">} */
function ball(shape, stage, primitives) {
  const round = circleOf(shape, stage);
  if (!round) return;
  const outline = new Path2D();
  addCircle(outline, round);
  primitives.fills.push({ path: outline, colour: colourOf(shape, stage) });
  label(shape, round.distance, onCircle(round), stage, primitives);
}

/** @type {Part<"tree">} */
function tree(shape, stage, primitives) {
  const nodes = anchored(stage, shape.nodes)?.map((node) => shown(stage, node));
  if (!nodes) return;
  const colour = shape.colour ?? "muted";
  const edges = new Path2D();
  shape.parents.forEach((parent, i) => {
    if (nodes[parent] && nodes[i]) addGeodesic(edges, stage, nodes[parent], nodes[i]);
  });
  primitives.strokes.push(stroke(edges, { width: 1.5, ...shape, colour }, stage));
  nodes.forEach((node, i) => {
    const at = pixels(stage, node);
    const root = !((shape.parents[i] ?? -1) >= 0);
    const size = root ? 9 : 6;
    primitives.dots.push({ at, size, colour: colourOf({ colour }, stage), hollow: false });
    const text = shape.names?.[i];
    const slots = beside(at, size / 2 + 4);
    if (text) primitives.texts.push({ text, colour: stage.theme.ink, slots, quiet: true });
  });
}

/** @type {Part<"handle">} */
function handle(shape, stage, primitives) {
  const at = stage.screen(handlePlace(shape, stage));
  const colour = colourOf(shape, stage);
  primitives.handles.push({ at, radius: HANDLE, colour });
  if (!shape.label) return;
  const slots = beside(at, HANDLE + 6);
  primitives.texts.unshift({ text: shape.label, colour, slots, always: true });
}

/** @type {Part<"dot">} */
function dot(shape, stage, primitives) {
  const place = anchored(stage, [shape.at]);
  if (!place) return;
  const at = stage.screen(place[0]);
  const size = shape.size ?? 9;
  const colour = colourOf(shape, stage);
  primitives.dots.push({ at, size, colour, hollow: shape.hollow ?? false });
  const slots = beside(at, size / 2 + 5);
  if (shape.label) primitives.texts.push({ text: shape.label, colour, slots });
}

/** @type {{[T in Shape["type"]]: Part<T>}} */
const PARTS = { geodesic, line, path, ring, ball, tree, handle, dot };

/**
 * The circle of a ring or ball; null where distances mean nothing or the centre has no place.
 * @param {{centre?: Anchor, distance: number, through?: Anchor | null}} shape @param {Stage} stage
 */
function circleOf(shape, stage) {
  const centre = shape.centre === undefined ? [[0, 0]] : anchored(stage, [shape.centre]);
  if (!centre || stage.layout.unit === null) return null;
  const at = /** @type {Point} */ (centre[0]);
  const through = shape.through ? stage.resolve(shape.through) : null;
  if (shape.through && !through) return null;
  const distance = through ? dist(at, through) : stage.layout.unit * shape.distance;
  return { ...circle(stage, at, distance), distance };
}

/**
 * What stands beside a shape: its label, and its true length where that is wanted and known.
 * @param {{colour?: string, label?: string, measured?: boolean}} shape
 * @param {number} length of the picture
 * @param {Slot[]} slots @param {Stage} stage @param {Primitives} primitives
 */
function label(shape, length, slots, stage, primitives) {
  const { layout, cloud } = stage;
  let text = shape.label ?? "";
  if (shape.measured && layout.unit !== null) {
    const note = cloud && !cloud.exact ? " of the picture" : "";
    text = `${text} ${fixed(length / layout.unit, 2)}${note}`.trim();
  }
  if (text) primitives.texts.push({ text, colour: colourOf(shape, stage), slots });
}

/**
 * Length of the segment that is straight in the base picture: longer than the shortest path.
 * @param {Point} z @param {Point} w
 */
function lengthOf(z, w) {
  let sum = 0;
  for (let i = 0; i < 64; i += 1) sum += dist(mix(z, w, i / 64), mix(z, w, (i + 1) / 64));
  return sum;
}

/**
 * Pixels an arrow keeps from what primitives its end: what is drawn there lies over its head.
 * @param {Anchor} anchor
 * @param {Point} px where it is
 * @param {Primitives} primitives of which those under the arrow are there
 */
function clearance(anchor, px, { dots, handles }) {
  const here = (/** @type {Point} */ [x, y]) => Math.hypot(x - px[0], y - px[1]) < 1;
  const radii = [
    ...dots.filter(({ at }) => here(at)).map(({ size }) => size / 2 + 3),
    ...handles.filter(({ at }) => here(at)).map(({ radius }) => radius + 3),
  ];
  const point = "row" in anchor ? 5 : 0;
  return Math.max(point, ...radii);
}
