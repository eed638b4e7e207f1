// The pictures that are on the disk, on one canvas of their own.
//
// Thumbnails come in atlas tiles (columns x columns squares of `side` pixels, row by row). What is
// wanted is copied from its tile as soon as that is there, so that a frame draws from a single
// small picture, and no tile has to be decoded again while the disk is dragged.

/** @import { Cloud } from "../types.js" */

export const MOST_PICTURES = 160;
/** Tiles that are kept, so no more can be wanted at once. */
export const MOST_TILES = 64;
/** Radius of a picture's corners, in sides. */
export const CORNER = 0.16;
const PARALLEL = 24;
const SLOTS = 13; // squares in a row of the sheet: 13 x 13 are enough
const SEAM = 2; // pixels between squares, so that none bleeds into the next

export class ThumbnailLayer {
  /** Decoded tiles, the one wanted longest ago first. @type {Map<number, HTMLImageElement>} */
  #tiles = new Map();
  /** @type {Set<number>} */
  #loading = new Set();
  /** @type {number[]} */
  #waiting = [];
  /** Square of each wanted row. @type {Map<number, {slot: number, there: boolean}>} */
  #places = new Map();
  #canvas = document.createElement("canvas");

  /**
   * @param {(tile: number) => string} tileUrl @param {Cloud["tiles"]} tiles
   * @param {() => void} arrived called when pictures have come
   */
  constructor(tileUrl, tiles, arrived) {
    this.tileUrl = tileUrl;
    this.shape = tiles;
    this.arrived = arrived;
  }

  /** @param {number} row @returns {number} */
  tileOf(row) {
    return Math.floor(row / this.shape.perTile);
  }

  /** Whether a row's picture is here. @param {number} row @returns {boolean} */
  has(row) {
    return this.#places.get(row)?.there ?? false;
  }

  /**
   * Have these pictures and no others.
   * @param {number[]} rows at most MOST_PICTURES, of at most MOST_TILES tiles
   */
  want(rows) {
    this.#reserve(rows);
    const missing = new Set();
    for (const row of rows) {
      const tile = this.tileOf(row);
      const image = this.#tiles.get(tile);
      if (image) {
        this.#tiles.delete(tile);
        this.#tiles.set(tile, image); // the last one to be forgotten
        this.#copy(row, image);
      } else if (!this.has(row)) missing.add(tile);
    }
    this.#waiting = [...missing];
    this.#load();
  }

  /**
   * Draw a row's picture.
   * @param {CanvasRenderingContext2D} ctx @param {number} row @param {number} x @param {number} y
   * @param {number} size
   * @returns {boolean} false if it is not here yet
   */
  paint(ctx, row, x, y, size) {
    const place = this.#places.get(row);
    if (!place?.there) return false;
    const { side } = this.shape;
    const [sx, sy] = this.#corner(place.slot);
    ctx.drawImage(this.#canvas, sx, sy, side, side, x, y, size, size);
    return true;
  }

  /** Give each row a square; those that had one keep it. @param {number[]} rows */
  #reserve(rows) {
    const places = new Map();
    const used = new Set();
    for (const row of rows) {
      const place = this.#places.get(row);
      if (!place) continue;
      places.set(row, place);
      used.add(place.slot);
    }
    let slot = 0;
    for (const row of rows) {
      if (places.has(row)) continue;
      while (used.has(slot)) slot += 1;
      used.add(slot);
      places.set(row, { slot, there: false });
    }
    this.#places = places;
    const size = SLOTS * (this.shape.side + SEAM);
    if (this.#canvas.width !== size) this.#canvas.width = this.#canvas.height = size;
  }

  /** Upper left corner of a square. @param {number} slot */
  #corner(slot) {
    const step = this.shape.side + SEAM;
    return [(slot % SLOTS) * step, Math.floor(slot / SLOTS) * step];
  }

  /**
   * Copy a row's picture, with round corners.
   * @param {number} row
   * @param {HTMLImageElement} image its tile
   */
  #copy(row, image) {
    const place = this.#places.get(row);
    const ctx = this.#canvas.getContext("2d");
    if (!place || place.there || !ctx) return;
    const { side, columns, perTile } = this.shape;
    const within = row % perTile;
    const [sx, sy] = [(within % columns) * side, Math.floor(within / columns) * side];
    const [x, y] = this.#corner(place.slot);
    ctx.clearRect(x, y, side, side);
    ctx.save();
    ctx.beginPath();
    ctx.roundRect(x, y, side, side, CORNER * side);
    ctx.clip();
    ctx.drawImage(image, sx, sy, side, side, x, y, side, side);
    ctx.restore();
    place.there = true;
  }

  /** Fetch waiting tiles, some at a time; what nothing waits for any more is not fetched. */
  #load() {
    while (this.#waiting.length && this.#loading.size < PARALLEL) {
      const tile = /** @type {number} */ (this.#waiting.shift());
      if (this.#loading.has(tile) || this.#tiles.has(tile)) continue;
      this.#loading.add(tile);
      this.#fetch(tile);
    }
  }

  /** @param {number} tile */
  async #fetch(tile) {
    const image = new Image();
    image.src = this.tileUrl(tile);
    try {
      await image.decode();
      this.#keep(tile, image);
    } catch {
      // A picture that cannot be had is not drawn; the next rest tries again.
    }
    this.#loading.delete(tile);
    this.#load();
  }

  /** @param {number} tile @param {HTMLImageElement} image */
  #keep(tile, image) {
    this.#tiles.set(tile, image);
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= MOST_TILES) break;
      this.#tiles.delete(oldest);
    }
    for (const row of this.#places.keys()) if (this.tileOf(row) === tile) this.#copy(row, image);
    this.arrived();
  }
}
