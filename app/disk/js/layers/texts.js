// Words on the canvas: fonts, halos, and boxes that must not overlap.
//
// A *slot* is where a text may stand: at a pixel, shifted to a side of it (side [1, 0] is right
// of it, [0, -1] above) so that `gap` pixels stay free between the pixel and the text's box.

/** @import { Frame, Point, Theme } from "../types.js" */
/**
 * A text's place: upper left corner and size.
 * @typedef {{x: number, y: number, width: number, height: number}} Box
 */
/** @typedef {{at: Point, side?: Point, gap?: number}} Slot */

const LINE = 1.3;
const HALO = 4;
const EDGE = 3; // free pixels between a text and the frame

/**
 * @param {Theme} theme
 * @param {number} size in pixels
 * @param {number} [weight]
 * @returns {string} for `ctx.font`
 */
export function font(theme, size, weight = 400) {
  return `${weight} ${size}px ${theme.font}`;
}

/**
 * A name on one line, at most `most` characters.
 * @param {string} text @param {number} [most] @returns {string}
 */
export function shorten(text, most = 28) {
  const letters = Array.from(text.replace(/\s+/g, " ").trim());
  if (letters.length <= most) return letters.join("");
  return `${letters.slice(0, most - 1).join("").trimEnd()}…`;
}

/**
 * The box of a text of the context's present font.
 * @param {CanvasRenderingContext2D} ctx @param {string} text
 * @param {number} size of the font
 * @param {Slot} slot @returns {Box}
 */
export function boxOf(ctx, text, size, { at, side = [0, 0], gap = 0 }) {
  const width = ctx.measureText(text).width;
  const height = size * LINE;
  return {
    x: at[0] + side[0] * (gap + width / 2) - width / 2,
    y: at[1] + side[1] * (gap + height / 2) - height / 2,
    width,
    height,
  };
}

/** @param {Box} box @param {Frame} frame @returns {boolean} whether the box lies in the frame */
export function inFrame(box, frame) {
  return (
    box.x >= EDGE &&
    box.y >= EDGE &&
    box.x + box.width <= frame.width - EDGE &&
    box.y + box.height <= frame.height - EDGE
  );
}

/** Boxes already taken, few enough to be compared one by one. */
export class Taken {
  /** @type {Box[]} */
  boxes = [];

  /** @param {number} [gap] free pixels between boxes, sideways */
  constructor(gap = 4) {
    this.gap = gap;
  }

  /** @param {Box} box @returns {boolean} whether nothing is there yet */
  free(box) {
    const { gap } = this;
    return this.boxes.every(
      (b) =>
        box.x >= b.x + b.width + gap ||
        b.x >= box.x + box.width + gap ||
        box.y >= b.y + b.height ||
        b.y >= box.y + box.height,
    );
  }

  /** @param {Box} box */
  add(box) {
    this.boxes.push(box);
  }
}

/**
 * Write into a box, with a halo that keeps the text legible over whatever lies below.
 * @param {CanvasRenderingContext2D} ctx font already set
 * @param {string} text @param {Box} box @param {string} ink @param {string} halo
 */
export function write(ctx, text, box, ink, halo) {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = HALO;
  ctx.strokeStyle = halo;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

/**
 * Clear the ground of a text that stands on a line: a halo alone lets it through between letters.
 * @param {CanvasRenderingContext2D} ctx @param {Box} box @param {string} ground
 */
export function plate(ctx, { x, y, width, height }, ground) {
  ctx.beginPath();
  ctx.roundRect(x - 3, y, width + 6, height, 4);
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = ground;
  ctx.fill();
  ctx.globalAlpha = 1;
}
