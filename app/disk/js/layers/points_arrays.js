// The arrays that both renderers of the points draw.

import { fitStage } from "./sizes.js";

/** @import { Frame } from "../types.js" */
/** @typedef {"from" | "to" | "uncertainty" | "codes" | "flags" | "palette"} ArrayName */

export class PointArrays {
  /** Base points, [2N] each. @type {Float32Array} */
  from = new Float32Array(0);
  /** @type {Float32Array} */
  to = new Float32Array(0);
  /** @type {Float32Array} */
  uncertainty = new Float32Array(0);
  /** @type {Uint16Array} */
  codes = new Uint16Array(0);
  /** @type {Uint8Array} */
  flags = new Uint8Array(0);
  /** RGBA, at least one entry. @type {Uint8Array} */
  palette = new Uint8Array(4);
  /** @type {Frame | null} */
  frame = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Called when arrays are new. @param {ArrayName[]} _ */
  changed(..._) {}

  /** @param {Float32Array} from @param {Float32Array} to */
  setPositions(from, to) {
    if (from.length !== to.length) throw new Error(`${from.length} and ${to.length} coordinates`);
    this.from = from;
    this.to = to;
    this.changed("from", "to");
  }

  /** @param {Float32Array} uncertainty */
  setUncertainty(uncertainty) {
    this.uncertainty = uncertainty;
    this.changed("uncertainty");
  }

  /** @param {Uint16Array} codes @param {Uint8Array} palette */
  setColours(codes, palette) {
    this.codes = codes;
    this.palette = palette.length ? palette : new Uint8Array(4);
    this.changed("codes", "palette");
  }

  /** @param {Uint8Array} flags */
  setFlags(flags) {
    this.flags = flags;
    this.changed("flags");
  }

  /** @param {Frame} frame */
  resize(frame) {
    this.frame = frame;
    fitStage(this.canvas, frame);
  }
}
