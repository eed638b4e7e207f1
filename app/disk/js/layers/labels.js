// Names of the largest groups that can be seen, on the disk, never over each other.
//
// Placed when the view comes to rest; until the next rest each name follows one member of its
// group, its anchor: a member, not a mean, so that a ring-shaped group is not named in its hole.

import { rim, sight } from "./paths.js";
import { boxOf, font, inFrame, shorten, Taken, write } from "./texts.js";
import { DIM } from "../types.js";

/** @import { Point, Stage } from "../types.js" */
/** @import { Box, Slot } from "./texts.js" */
/**
 * A name in its place: its box at rest, and where the middle of the box is seen from the anchor.
 * @typedef {{row: number, code: number, text: string, box: Box, shift: Point}} Label
 */

const MOST = 14;
const FEWEST = 3;
const CELL = 48;
const SIZE = 12;
/** Groups tried before giving up: those left are small. */
const TRIES = 120;

export class GroupLabels {
  /** Names in their places, the largest group first. @type {Label[]} */
  placed = [];

  #pen = document.createElement("canvas").getContext("2d");

  /**
   * Choose and place names for the view as it is now.
   * @param {Stage} stage
   * @param {string[]} names of the groups; "" is no group
   * @param {Uint16Array | Uint32Array} codes each point's number in `names`
   * @param {Uint8Array} flags each point's flags
   */
  place(stage, names, codes, flags) {
    this.placed = [];
    const pen = this.#pen;
    if (!stage.screenXY || !pen) return;
    pen.font = font(stage.theme, SIZE, 600);
    const taken = new Taken(8);
    const { groups, rows, starts } = visibleGroups(stage, names, codes, flags);
    for (const code of groups.slice(0, TRIES)) {
      if (this.placed.length === MOST) break;
      const members = rows.subarray(starts[code], starts[code + 1]);
      const row = anchorOf(members, stage.screenXY, stage.frame.width);
      const at = /** @type {Point} */ ([stage.screenXY[2 * row], stage.screenXY[2 * row + 1]]);
      const text = shorten(names[code]);
      const boxes = slotsAt(at, stage).map((slot) => boxOf(pen, text, SIZE, slot));
      const free = boxes.filter((b) => inFrame(b, stage.frame) && taken.free(b));
      const box = free.find((b) => onDisk(b, stage)) ?? free[0];
      if (!box) continue;
      taken.add(box);
      const shift = /** @type {Point} */ ([
        box.x + box.width / 2 - at[0],
        box.y + box.height / 2 - at[1],
      ]);
      this.placed.push({ row, code, text, box, shift });
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Stage} stage */
  draw(ctx, stage) {
    const { theme } = stage;
    ctx.save();
    ctx.font = font(theme, SIZE, 600);
    for (const { row, text, box, shift } of this.placed) {
      const [x, y] = stage.screen(stage.base(row));
      const { width, height } = box;
      const now = { x: x + shift[0] - width / 2, y: y + shift[1] - height / 2, width, height };
      if (inFrame(now, stage.frame)) write(ctx, text, now, theme.ink, theme.disk);
    }
    ctx.restore();
  }
}

/**
 * Groups worth a name, the largest first, with their visible, not dimmed members: those of group
 * g are `rows.subarray(starts[g], starts[g + 1])`.
 * @param {Stage} stage @param {string[]} names @param {Uint16Array | Uint32Array} codes
 * @param {Uint8Array} flags
 */
function visibleGroups(stage, names, codes, flags) {
  const xy = /** @type {Float32Array} */ (stage.screenXY);
  const inSight = sight(stage);
  const seen = Uint8Array.from(flags, (_, i) => Number(inSight(xy[2 * i], xy[2 * i + 1])));
  const starts = new Uint32Array(names.length + 1);
  const dimmed = new Uint32Array(names.length);
  for (let i = 0; i < seen.length; i += 1) {
    if (!seen[i]) continue;
    if (flags[i] & DIM) dimmed[codes[i]] += 1;
    else starts[codes[i] + 1] += 1;
  }
  const sizes = starts.slice(1);
  const groups = Array.from(names.keys())
    .filter((g) => names[g].trim() && sizes[g] >= FEWEST && dimmed[g] <= sizes[g])
    .sort((g, h) => sizes[h] - sizes[g] || g - h);
  for (let g = 0; g < names.length; g += 1) starts[g + 1] += starts[g];
  const rows = new Uint32Array(starts[names.length]);
  const next = starts.slice(0, -1);
  for (let i = 0; i < seen.length; i += 1) {
    if (!seen[i] || flags[i] & DIM) continue;
    rows[next[codes[i]]] = i;
    next[codes[i]] += 1;
  }
  return { groups, rows, starts };
}

/**
 * The member nearest the mean of the densest part.
 * @param {Uint32Array} members rows, at least one
 * @param {Float32Array} xy pixels
 * @param {number} width of the frame
 * @returns {number} row
 */
function anchorOf(members, xy, width) {
  const columns = Math.ceil(width / CELL) + 1;
  const cellOf = (/** @type {number} */ row) =>
    Math.floor(xy[2 * row] / CELL) + columns * Math.floor(xy[2 * row + 1] / CELL);
  /** @type {Map<number, {count: number, x: number, y: number}>} */
  const cells = new Map();
  let densest = { count: 0, x: 0, y: 0 };
  for (const row of members) {
    const key = cellOf(row);
    const cell = cells.get(key) ?? { count: 0, x: 0, y: 0 };
    cell.count += 1;
    cell.x += xy[2 * row];
    cell.y += xy[2 * row + 1];
    cells.set(key, cell);
    if (cell.count > densest.count) densest = cell;
  }
  const [x, y] = [densest.x / densest.count, densest.y / densest.count];
  let best = members[0];
  let least = Infinity;
  for (const row of members) {
    const away = Math.hypot(xy[2 * row] - x, xy[2 * row + 1] - y);
    if (away < least) [best, least] = [row, away];
  }
  return best;
}

/**
 * Where a name may stand: towards the disk's middle first, where there is room beside points that
 * lie along the rim, else above, below, on them.
 * @param {Point} at the anchor's pixel
 * @param {Stage} stage @returns {Slot[]}
 */
function slotsAt(at, stage) {
  const { at: middle, radius } = rim(stage);
  const [dx, dy] = [middle[0] - at[0], middle[1] - at[1]];
  const away = Math.hypot(dx, dy);
  /** @type {Slot[]} */
  const around = [
    { at, side: [0, -1], gap: 8 },
    { at, side: [0, 1], gap: 8 },
    { at },
    { at, side: [1, 0], gap: 10 },
    { at, side: [-1, 0], gap: 10 },
  ];
  if (away < 0.6 * radius) return around;
  return [{ at, side: [dx / away, dy / away], gap: 16 }, ...around];
}

/** Whether both ends of a name lie on the disk. @param {Box} box @param {Stage} stage */
function onDisk({ x, y, width, height }, stage) {
  const { at, radius } = rim(stage);
  const dy = y + height / 2 - at[1];
  return [x, x + width].every((end) => Math.hypot(end - at[0], dy) <= radius);
}
