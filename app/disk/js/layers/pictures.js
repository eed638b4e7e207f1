// Thumbnails on the disk, each at its point, as many as fit without overlap. Which ones is decided
// when the view comes to rest; until the next rest they follow their points.

import { sight } from "./paths.js";
import { CORNER, MOST_PICTURES, MOST_TILES, ThumbnailLayer } from "./thumbnail_layer.js";

/** @import { Cloud, Point, Scene, Stage } from "../types.js" */

const SMALL = 44;
const LARGE = 64;
/** Pictures that get the smallest size; fewer are drawn larger. */
const MANY = 150;
const GAP = 3;

export class Pictures {
  /** Rows that have a place, the first in order first. @type {number[]} */
  rows = [];
  /** Size on the disk, in CSS pixels. */
  side = SMALL;

  /**
   * @param {(tile: number) => string} tileUrl address of a tile
   * @param {Cloud["tiles"]} tiles
   * @param {() => void} redraw called when pictures have arrived
   */
  constructor(tileUrl, tiles, redraw) {
    this.layer = new ThumbnailLayer(tileUrl, tiles, redraw);
  }

  /**
   * Choose pictures for the view as it is now, and fetch what is missing.
   * @param {Stage} stage
   * @param {Uint32Array} [order] rows by precedence; a fixed shuffle when omitted
   */
  place(stage, order) {
    const xy = stage.screenXY;
    if (!xy) return;
    const inSight = sight(stage);
    const seen = [...(order ?? shuffled(xy.length / 2))].filter((row) =>
      inSight(xy[2 * row], xy[2 * row + 1]));
    this.side = sideFor(seen.length);
    this.rows = this.#spread(seen, xy);
    this.layer.want(this.rows);
  }

  /** Rows whose pictures are here. @returns {number[]} */
  get drawn() {
    return this.rows.filter((row) => this.layer.has(row));
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Stage} stage */
  draw(ctx, stage) {
    const { side } = this;
    const mats = new Path2D();
    const edges = new Path2D();
    ctx.save();
    ctx.imageSmoothingQuality = "high";
    for (const row of this.rows) {
      const [px, py] = stage.screen(stage.base(row));
      const [x, y] = [px - side / 2, py - side / 2];
      if (!this.layer.paint(ctx, row, x, y, side)) continue;
      mats.roundRect(x, y, side, side, CORNER * side);
      edges.roundRect(x - 1, y - 1, side + 2, side + 2, CORNER * side + 1);
    }
    ctx.lineWidth = 2;
    ctx.strokeStyle = stage.theme.ground;
    ctx.stroke(mats);
    ctx.lineWidth = 1;
    ctx.strokeStyle = stage.theme.edge;
    ctx.stroke(edges);
    ctx.restore();
  }

  /**
   * The picture under a pixel.
   * @param {Point} px @param {Stage} stage
   * @returns {number} its row, -1 if there is none
   */
  at(px, stage) {
    for (let i = this.rows.length - 1; i >= 0; i -= 1) {
      const [x, y] = stage.screen(stage.base(this.rows[i]));
      const reach = Math.max(Math.abs(x - px[0]), Math.abs(y - px[1]));
      if (reach <= this.side / 2 && this.layer.has(this.rows[i])) return this.rows[i];
    }
    return -1;
  }

  /**
   * Greedy choice: cells are as large as a picture, so one cell holds at most one centre and only
   * the eight cells around can hold one too near.
   * @param {number[]} seen rows by precedence
   * @param {Float32Array} xy
   */
  #spread(seen, xy) {
    const size = this.side + GAP;
    const stride = 1 << 12;
    /** @type {Map<number, number>} */
    const cells = new Map();
    const tiles = new Set();
    const rows = [];
    for (const row of seen) {
      if (rows.length === MOST_PICTURES) break;
      const tile = this.layer.tileOf(row);
      if (tiles.size === MOST_TILES && !tiles.has(tile)) continue;
      const [x, y] = [xy[2 * row], xy[2 * row + 1]];
      const cell = Math.floor(x / size) + 1 + stride * (Math.floor(y / size) + 1);
      let free = true;
      for (let dy = -stride; free && dy <= stride; dy += stride) {
        for (let dx = -1; free && dx <= 1; dx += 1) {
          const other = cells.get(cell + dx + dy);
          if (other === undefined) continue;
          free = Math.abs(x - xy[2 * other]) >= size || Math.abs(y - xy[2 * other + 1]) >= size;
        }
      }
      if (!free) continue;
      cells.set(cell, row);
      tiles.add(tile);
      rows.push(row);
    }
    return rows;
  }
}

/**
 * Size of pictures in CSS pixels; a few may be larger than many.
 * @param {number} count of points in sight
 * @returns {number}
 */
export function sideFor(count) {
  const side = SMALL * (MANY / Math.max(count, 1)) ** 0.25;
  return Math.round(Math.min(LARGE, Math.max(SMALL, side)));
}

/** @type {Uint32Array} */
let shuffle = new Uint32Array(0);

/**
 * All rows, neighbours far apart, the same each time: steps of the golden section.
 * @param {number} count @returns {Uint32Array}
 */
export function shuffled(count) {
  if (shuffle.length === count) return shuffle;
  let stride = Math.max(1, Math.round(count * 0.6180339887));
  while (divisor(stride, count) !== 1) stride += 1;
  shuffle = Uint32Array.from({ length: count }, (_, i) => (i * stride) % count);
  return shuffle;
}

/**
 * Rows in the order in which they get a picture: the query and its answers first.
 * @param {Scene | null} scene @param {number} count
 */
export function pictureOrder(scene, count) {
  const { query, hits = [] } = scene ?? {};
  const first = [query?.row ?? -1, ...hits.map(({ row }) => row)].filter((row) => row >= 0);
  const rows = new Uint32Array(first.length + count);
  rows.set(first);
  rows.set(shuffled(count), first.length);
  return rows;
}

/** @param {number} a @param {number} b @returns {number} their greatest common divisor */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
