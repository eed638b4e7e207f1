// The points without WebGL2: drawn by our own loop into an image, which Canvas 2D shows.
//
// Where WebGL2 exists but is computed by the processor, this is the faster of the two.

import { screenPositions } from "../math/picking.js";
import { LOOKS, REJECTED, below, fitStage, lookOf, rgba } from "./points_look.js";
import { Raster, pack, scaled } from "./points_raster.js";
import { DIM, SELECTED } from "../types.js";

/** @import { Frame, PointRenderer, PointStyle, View } from "../types.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {PointRenderer | null} null where the canvas is already taken for something else
 */
export function createCanvasPoints(canvas) {
  const context = canvas.getContext("2d");
  return context && new CanvasPoints(canvas, context);
}

/** @implements {PointRenderer} */
class CanvasPoints {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {CanvasRenderingContext2D} context
   */
  constructor(canvas, context) {
    /** @type {"canvas"} */
    this.kind = "canvas";
    this.canvas = canvas;
    this.context = context;
    /** @type {Float32Array} */
    this.from = new Float32Array(0);
    /** @type {Float32Array} */
    this.to = new Float32Array(0);
    /** @type {Float32Array} */
    this.xy = new Float32Array(0);
    /** @type {Float32Array} */
    this.uncertainty = new Float32Array(0);
    /** @type {Uint16Array} */
    this.codes = new Uint16Array(0);
    /** @type {Uint8Array} */
    this.palette = new Uint8Array(4);
    /** @type {Uint8Array} */
    this.flags = new Uint8Array(0);
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Raster | null} */
    this.raster = null;
    // Each point's code and look in one number, the fills' colours by it, and the points from the
    // lowest to the highest.
    this.numbers = this.colours = this.order = new Int32Array(0);
    // What these and the raster were made for.
    this.sorted = this.painted = this.stamped = "";
  }

  /**
   * @param {Float32Array} from
   * @param {Float32Array} to
   */
  setPositions(from, to) {
    if (from.length !== to.length) throw new Error(`${from.length} and ${to.length} coordinates`);
    this.from = from;
    this.to = to;
    if (this.xy.length === from.length) return;
    this.xy = new Float32Array(from.length);
    this.numbers = new Int32Array(from.length / 2);
    this.order = new Int32Array(from.length / 2);
    this.sorted = "";
  }

  /** @param {Float32Array} uncertainty */
  setUncertainty(uncertainty) {
    this.uncertainty = uncertainty;
    this.sorted = "";
  }

  /**
   * @param {Uint16Array} codes
   * @param {Uint8Array} palette
   */
  setColours(codes, palette) {
    this.codes = codes;
    this.palette = palette.length ? palette : new Uint8Array(4);
    this.sorted = this.painted = "";
  }

  /** @param {Uint8Array} flags */
  setFlags(flags) {
    this.flags = flags;
    this.sorted = "";
  }

  /** @param {Frame} frame */
  resize(frame) {
    this.frame = frame;
    fitStage(this.canvas, frame);
  }

  /**
   * @param {View} view
   * @param {PointStyle} style
   */
  draw(view, style) {
    const { canvas, context, frame, xy } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!frame || xy.length === 0) return;
    const raster = this.prepare(style, frame.ratio);
    screenPositions(frame, view, this.from, this.to, style.t, xy);
    raster.draw(xy, frame.ratio, this.order, this.numbers, this.colours);
    context.putImageData(raster.image, -raster.margin, -raster.margin);
  }

  /**
   * Makes anew what the style or the arrays have changed.
   * @param {PointStyle} style
   * @param {number} ratio
   * @returns {Raster}
   */
  prepare(style, ratio) {
    const { width, height } = this.canvas;
    const { rejected, edge, accent } = style.theme;
    const stamped = [width, height, style.size, ratio, edge, accent].join();
    if (!this.raster || stamped !== this.stamped) {
      const size = style.size * ratio;
      this.raster = new Raster(width, height, size, ratio, rgba(edge), rgba(accent));
      this.stamped = stamped;
    }
    if (rejected !== this.painted) {
      this.paint(rejected);
      this.painted = rejected;
    }
    if (String(style.threshold) !== this.sorted) {
      this.sort(style.threshold);
      this.sorted = String(style.threshold);
    }
    return this.raster;
  }

  /** @param {string} rejected */
  paint(rejected) {
    const { palette } = this;
    this.colours = new Int32Array((palette.length / 4) * LOOKS);
    for (let i = 0; i < this.colours.length; i++) {
      const [r, g, b, a] = palette.subarray(4 * Math.floor(i / LOOKS));
      const own = [r * a, g * a, b * a, 255 * a].map((x) => x / 255 / 255);
      const { alpha } = lookOf(i % LOOKS, 1, 1);
      this.colours[i] = scaled(pack(i & REJECTED ? rgba(rejected) : own), Math.round(256 * alpha));
    }
  }

  /** @param {number} threshold */
  sort(threshold) {
    const { numbers, order } = this;
    const count = order.length;
    const last = this.palette.length / 4 - 1;
    // As long as new arrays come one after the other, those of another length count as zeros.
    const [uncertainty, codes, flags] = [this.uncertainty, this.codes, this.flags].map((a) =>
      a.length === count ? a : new Uint8Array(count));
    let place = 0;
    for (let i = 0; i < count; i++) {
      const look = (flags[i] & (DIM | SELECTED)) | (uncertainty[i] > threshold ? REJECTED : 0);
      numbers[i] = Math.min(codes[i], last) * LOOKS + look;
      if (below(look)) order[place++] = i;
    }
    for (let i = 0; i < count; i++) if (!below(numbers[i] % LOOKS)) order[place++] = i;
  }

  destroy() {
    this.raster = null;
    this.canvas.width = this.canvas.height = 1;
  }
}
