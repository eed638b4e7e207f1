// Images of dots, ready to be stamped into the pixels of a larger image.
//
// A pixel is packed into 32 bits as an ImageData has it on every machine with a browser: red in
// the lowest byte, alpha in the highest; premultiplied by alpha while drawing.
//
// A stamp is one look of a dot at one of STEPS x STEPS places within a pixel: where the pixels are
// that it touches, how much of the fill's colour each gets (0 to 256), and what else (edge,
// outline). All stamps lie one after the other in the same arrays.

import { LOOKS, lookOf, reach } from "./points_look.js";

/** @import { Look } from "./points_look.js" */

export const STEPS = 4;
export const PHASES = STEPS * STEPS;
const PAIR = 0x00ff00ff;  // two channels at once: red and blue, or green and alpha shifted by 8

/** All stamps, and the image for them, with a margin in which dots are drawn whole. */
export class Stamps {
  /**
   * @param {number} width  device pixels
   * @param {number} height
   * @param {number} size  kept dots' diameter in device pixels
   * @param {number} px  one CSS pixel in device pixels
   * @param {ArrayLike<number>} edge  red, green, blue, alpha in [0, 1], premultiplied
   * @param {ArrayLike<number>} outline
   */
  constructor(width, height, size, px, edge, outline) {
    const looks = Array.from({ length: LOOKS }, (_, i) => lookOf(i, size, px));
    this.reach = Math.ceil(Math.max(...looks.map(reach)));
    this.margin = 2 * this.reach;
    this.image = new ImageData(width + 2 * this.margin, height + 2 * this.margin);
    this.pixels = new Int32Array(this.image.data.buffer);
    /** Each stamp's first pixel, and the first of its pixels that is not of the fill alone. */
    this.starts = new Int32Array(LOOKS * PHASES + 1);
    this.mixed = new Int32Array(LOOKS * PHASES);
    const all = [];
    for (let i = 0; i < LOOKS * PHASES; i++) {
      const parts = stamp(looks[Math.floor(i / PHASES)], i % PHASES, this.reach, edge, outline);
      const solid = parts.filter((p) => p.fill === 256);
      this.mixed[i] = all.length + solid.length;
      all.push(...solid, ...parts.filter((p) => p.fill < 256));
      this.starts[i + 1] = all.length;
    }
    this.offsets = Int32Array.from(all, ({ x, y }) => y * this.image.width + x);
    this.fills = Int32Array.from(all, ({ fill }) => fill);
    this.others = Int32Array.from(all, ({ other }) => other);
  }
}

/**
 * @param {Look} look @param {number} phase
 * @param {number} most  the largest radius
 * @param {ArrayLike<number>} edge @param {ArrayLike<number>} outline
 * @returns {{x: number, y: number, fill: number, other: number}[]} relative to the centre's pixel
 */
function stamp(look, phase, most, edge, outline) {
  const parts = [];
  const cx = ((phase % STEPS) + 0.5) / STEPS;
  const cy = (Math.floor(phase / STEPS) + 0.5) / STEPS;
  for (let y = -most; y <= most; y++) {
    for (let x = -most; x <= most; x++) {
      const d = Math.hypot(x + 0.5 - cx, y + 0.5 - cy);
      const cover = (/** @type {number} */ r) => Math.min(1, Math.max(0, r + 0.5 - d));
      const filled = cover(look.fill);
      const left = 1 - cover(look.hole);
      const rim = cover(look.edge);
      const other = [0, 1, 2, 3].map((c) => left * (1 - filled) *
        (rim * edge[c] + (1 - rim) * cover(look.outline) * outline[c]));
      const part = { x, y, fill: Math.round(256 * filled * left), other: pack(other) };
      if (part.fill || part.other) parts.push(part);
    }
  }
  return parts;
}

/**
 * @param {ArrayLike<number>} rgba  red, green, blue, alpha in [0, 1]
 * @returns {number} packed; rounded down, so that parts of a whole never exceed it
 */
export function pack(rgba) {
  return (
    Math.floor(255 * rgba[0]) |
    (Math.floor(255 * rgba[1]) << 8) |
    (Math.floor(255 * rgba[2]) << 16) |
    (Math.floor(255 * rgba[3]) << 24)
  );
}

/** @param {number} colour packed @param {number} share 0 to 256 @returns {number} */
export function scaled(colour, share) {
  return (
    ((Math.imul(colour & PAIR, share) >>> 8) & PAIR) |
    (Math.imul((colour >>> 8) & PAIR, share) & ~PAIR)
  );
}

/** @param {number} below packed @param {number} above packed @returns {number} packed */
export function over(below, above) {
  const alpha = above >>> 24;
  return above + scaled(below, 256 - alpha - (alpha >>> 7));
}

/**
 * From premultiplied to plain colours, as an ImageData has to have them.
 * @param {Uint8ClampedArray} bytes
 * @param {Int32Array} pixels  the same memory
 */
export function divide(bytes, pixels) {
  for (let i = 0; i < pixels.length; i++) {
    const alpha = pixels[i] >>> 24;
    if (alpha === 0 || alpha === 255) continue;
    const factor = 255 / alpha;
    bytes[4 * i] *= factor;
    bytes[4 * i + 1] *= factor;
    bytes[4 * i + 2] *= factor;
  }
}
