// The disk under the points: ground, rim, geodesic grid, and rings of equal true distance with
// their distances. All of it lives in the base picture and moves with the view.

import { apply, dist0, radiusOf } from "../math/hyperbolic.js";
import { addCircle, addGeodesic, circle, clipToDisk, rim } from "./paths.js";
import { boxOf, font, inFrame, plate, Taken, write } from "./texts.js";
import { toBase } from "../math/view.js";

/** @import { Cloud, Point, Stage } from "../types.js" */

const RAYS = 12;
/** Half the angle, seen from the origin, that a line of the grid cuts from the rim. */
const CUT = Math.PI / 6;
/** A ring nearer to the rim than this, in disk radii, would run into it. */
const BRIM = 0.035;
const STEPS = [1, 2, 2.5, 5, 10];
const SIZE = 11;
const SECTORS = 4 * RAYS;

/** Draw everything below the points. @param {CanvasRenderingContext2D} ctx @param {Stage} stage */
export function drawGrid(ctx, stage) {
  const { theme } = stage;
  const edge = new Path2D();
  addCircle(edge, rim(stage));
  ctx.save();
  ctx.fillStyle = theme.disk;
  ctx.fill(edge);
  if (stage.layout.unit !== null) {
    ctx.save();
    clipToDisk(ctx, stage);
    ctx.lineWidth = 1;
    ctx.strokeStyle = theme.grid;
    ctx.globalAlpha = 0.6;
    ctx.stroke(lines(stage));
    ctx.globalAlpha = 1;
    rings(ctx, stage, stage.layout.unit);
    ctx.restore();
  }
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.rim;
  ctx.stroke(edge);
  ctx.restore();
}

/**
 * Rays through the origin, and the geodesics that cross every second end of them.
 * @param {Stage} stage
 */
function lines(stage) {
  const path = new Path2D();
  const end = (/** @type {number} */ angle) =>
    apply(stage.view.move, [Math.cos(angle), Math.sin(angle)]);
  for (let i = 0; i < RAYS; i += 1) {
    const angle = (2 * Math.PI * i) / RAYS;
    if (i < RAYS / 2) addGeodesic(path, stage, end(angle), end(angle + Math.PI));
    addGeodesic(path, stage, end(angle - CUT), end(angle + CUT));
  }
  return path;
}

/**
 * True distances at which rings are drawn: three to six round numbers that fill the disk, going
 * on with the same step while there is room, which enlarging and moving the disk make.
 * @param {number} unit picture distance per true distance
 * @param {number} [zoom]
 * @param {number} [away] picture distance of the disk's middle from the origin
 * @returns {number[]}
 */
export function ringDistances(unit, zoom = 1, away = 0) {
  const room = (2 * Math.atanh(1 - BRIM)) / unit;
  const power = 10 ** Math.floor(Math.log10(room / 5));
  const steps = STEPS.map((s) => s * power);
  let chosen = steps.findIndex((step) => step >= (room / 5) * 0.999);
  if (room < 3 * steps[chosen]) chosen -= 1;
  const step = steps[chosen];
  const farthest = (2 * Math.atanh(1 - BRIM / zoom) + away) / unit;
  const count = Math.floor(farthest / step);
  // Rounded, or the text would show 0.30000000000000004.
  return Array.from({ length: count }, (_, i) => Number((step * (i + 1)).toPrecision(12)));
}

/** @param {CanvasRenderingContext2D} ctx @param {Stage} stage @param {number} unit */
function rings(ctx, stage, unit) {
  const { theme, view } = stage;
  const away = dist0(apply(view.move, [0, 0]));
  const distances = ringDistances(unit, view.zoom, away);
  const path = new Path2D();
  for (const d of distances) addCircle(path, circle(stage, [0, 0], unit * d));
  ctx.stroke(path);
  const [dx, dy] = labelRay(stage);
  const taken = new Taken(6);
  ctx.font = font(theme, SIZE);
  let first = true;
  for (const d of distances) {
    const rho = radiusOf(unit * d);
    const at = stage.screen([rho * dx, rho * dy]);
    const text = first ? `${withMeaning(stage, d)}${note(stage)}` : String(d);
    const box = boxOf(ctx, text, SIZE, { at });
    if (!inFrame(box, stage.frame) || !taken.free(box)) continue;
    taken.add(box);
    plate(ctx, box, theme.disk);
    write(ctx, text, box, theme.muted, theme.disk);
    first = false;
  }
}

/** The first number, with what all of them are. @param {Stage} stage @param {number} d */
function withMeaning(stage, d) {
  return stage.layout.name === "query" ? `${d} from the query` : `distance ${d}`;
}

/**
 * After a move the rings of a projected cloud are circles of the picture only.
 * @param {Stage} stage
 */
function note({ cloud, view }) {
  const moved = Math.hypot(...view.move.b) > 1e-6 || Math.abs(view.move.a[1]) > 1e-6;
  return cloud && !cloud.exact && moved ? " of the picture" : "";
}

/**
 * Direction of the rings' numbers: at rest the emptiest, and the more the disk is moved or
 * enlarged, towards what is in the middle of the stage, where the rings are far apart.
 * @param {Stage} stage
 * @returns {Point} of length 1
 */
function labelRay({ frame, view, cloud, layout }) {
  const rest = cloud && layout.name === "origin" ? emptiest(cloud) : DEFAULT_RAY;
  const middle = toBase(view, frame, [frame.width / 2, frame.height / 2]);
  const weight = 0.35 / view.zoom;
  const x = weight * Math.cos(rest) + middle[0];
  const y = weight * Math.sin(rest) + middle[1];
  const length = Math.hypot(x, y);
  return length > 1e-9 ? [x / length, y / length] : [Math.cos(rest), Math.sin(rest)];
}

/** Right of straight up, halfway between two rays. */
const DEFAULT_RAY = Math.PI / 2 - Math.PI / RAYS;

/** @type {WeakMap<Cloud, number>} */
const emptiestOf = new WeakMap();

/**
 * Middle of the sector with the fewest points; the topmost of equals, where one reads first.
 * @param {Cloud} cloud @returns {number} angle
 */
export function emptiest(cloud) {
  const known = emptiestOf.get(cloud);
  if (known !== undefined) return known;
  const counts = new Uint32Array(SECTORS);
  for (let i = 0; i < cloud.count; i += 1) {
    const x = cloud.xy[2 * i];
    const y = cloud.xy[2 * i + 1];
    if (Math.hypot(x, y) <= 0.05) continue; // points at the centre lie in no sector
    const turn = Math.atan2(y, x) / (2 * Math.PI) + 1;
    counts[Math.floor(turn * SECTORS) % SECTORS] += 1;
  }
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < SECTORS; i += 1) {
    // A name is wider than a thin sector, so neighbours count as well.
    const crowd =
      counts[i] + counts[(i + 1) % SECTORS] + counts[(i + SECTORS - 1) % SECTORS];
    // Rounded: left and right at one height are equals, of which the first is taken.
    const rank = crowd - 0.5 * Number(Math.sin(sector(i)).toFixed(6));
    if (rank < least) [best, least] = [i, rank];
  }
  emptiestOf.set(cloud, sector(best));
  return sector(best);
}

/** @param {number} i */
function sector(i) {
  return ((i + 0.5) * 2 * Math.PI) / SECTORS;
}
