// The points, drawn by WebGL2. Everything that a frame changes is a uniform: the arrays go to the
// graphics memory once, and the vertex shader moves the points (float32, as the arrays are).
// Colours are premultiplied by their alpha.

import { LOOKS, fitStage, lookOf, reach, rgba } from "./points_look.js";
import { WIDTH, link } from "./points_shaders.js";
import { DIM } from "../types.js";

/** @import { Frame, PointRenderer, PointStyle, View } from "../types.js" */

const UNIFORMS = ["move", "place", "t", "threshold", "layer", "radii", "reach", "rejected",
  "edge", "accent", "last"];

/**
 * Takes the canvas for WebGL2; it cannot be used otherwise afterwards, nor again after `destroy`.
 * @param {HTMLCanvasElement} canvas
 * @returns {PointRenderer | null} null where there is no WebGL2; the canvas is then still free
 */
export function createGlPoints(canvas) {
  const context = canvas.getContext("webgl2", { antialias: false, alpha: true, depth: false,
    stencil: false, premultipliedAlpha: true });
  return context && new GlPoints(canvas, context);
}

/** @implements {PointRenderer} */
class GlPoints {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {WebGL2RenderingContext} gl
   */
  constructor(canvas, gl) {
    /** @type {"webgl"} */
    this.kind = "webgl";
    this.canvas = canvas;
    this.gl = gl;
    // Kept for the day the context is lost.
    /** @type {Float32Array} */
    this.from = new Float32Array(0);
    /** @type {Float32Array} */
    this.to = new Float32Array(0);
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
    /** @type {[View, PointStyle] | null} */
    this.last = null;
    this.highest = -Infinity;
    this.anyDim = false;
    this.radii = new Float32Array(4 * LOOKS);
    this.reach = new Float32Array(2 * LOOKS);
    this.lost = (/** @type {Event} */ event) => event.preventDefault();
    this.restored = () => {
      this.build();
      if (this.last) this.draw(...this.last);
    };
    canvas.addEventListener("webglcontextlost", this.lost);
    canvas.addEventListener("webglcontextrestored", this.restored);
    this.build();
  }

  build() {
    const { gl } = this;
    if (gl.isContextLost()) return;
    const program = link(gl);
    gl.useProgram(program);
    this.uniform = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
    );
    this.buffers = Array.from({ length: 5 }, () => gl.createBuffer());
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
    for (let i = 0; i < 5; i++) this.upload(i);
    this.uploadPalette();
  }

  /** @param {number} i  the attribute's location */
  upload(i) {
    const { gl } = this;
    const array = this.arrays()[i];
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers?.[i] ?? null);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.STATIC_DRAW);
    if (i < 3) gl.vertexAttribPointer(i, i < 2 ? 2 : 1, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribIPointer(i, 1, i < 4 ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, 0, 0);
    this.enable();
  }

  arrays() {
    return [this.from, this.to, this.uncertainty, this.codes, this.flags];
  }

  /** While new arrays come one after the other, those of another length count as all zeros. */
  enable() {
    const { gl } = this;
    const count = this.from.length / 2;
    this.arrays().forEach((array, i) => {
      if (array.length === (i < 2 ? 2 : 1) * count) gl.enableVertexAttribArray(i);
      else gl.disableVertexAttribArray(i);
    });
    gl.vertexAttrib1f(2, 0);
    gl.vertexAttribI4ui(3, 0, 0, 0, 0);
    gl.vertexAttribI4ui(4, 0, 0, 0, 0);
  }

  uploadPalette() {
    const { gl } = this;
    const rows = Math.ceil(this.palette.length / 4 / WIDTH);
    const texels = new Uint8Array(4 * WIDTH * rows);
    texels.set(this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDTH, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  /**
   * @param {Float32Array} from
   * @param {Float32Array} to
   */
  setPositions(from, to) {
    if (from.length !== to.length) throw new Error(`${from.length} and ${to.length} coordinates`);
    this.from = from;
    this.to = to;
    this.upload(0);
    this.upload(1);
  }

  /** @param {Float32Array} uncertainty */
  setUncertainty(uncertainty) {
    this.uncertainty = uncertainty;
    this.highest = uncertainty.reduce((a, b) => Math.max(a, b), -Infinity);
    this.upload(2);
  }

  /**
   * @param {Uint16Array} codes
   * @param {Uint8Array} palette
   */
  setColours(codes, palette) {
    this.codes = codes;
    this.palette = palette.length ? palette : new Uint8Array(4);
    this.upload(3);
    this.uploadPalette();
  }

  /** @param {Uint8Array} flags */
  setFlags(flags) {
    this.flags = flags;
    this.anyDim = flags.some((f) => (f & DIM) !== 0);
    this.upload(4);
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
    const { gl, frame, canvas, uniform } = this;
    this.last = [view, style];
    if (!frame || !uniform || gl.isContextLost()) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const count = this.from.length / 2;
    if (count === 0) return;
    const { radius, width, height, cx, cy } = frame;
    const { a, b } = view.move;
    gl.uniform4f(uniform.move, a[0], a[1], b[0], b[1]);
    gl.uniform4f(uniform.place, (2 * radius * view.zoom) / width, (2 * radius * view.zoom) / height,
      (2 * (cx + radius * view.pan[0])) / width - 1,
      1 - (2 * (cy - radius * view.pan[1])) / height);
    gl.uniform1i(uniform.last, this.palette.length / 4 - 1);
    gl.uniform1f(uniform.t, style.t);
    gl.uniform1f(uniform.threshold, floor32(style.threshold));
    gl.uniform4fv(uniform.rejected, rgba(style.theme.rejected));
    gl.uniform4fv(uniform.edge, rgba(style.theme.edge));
    gl.uniform4fv(uniform.accent, rgba(style.theme.accent));
    this.setLooks(style.size, frame.ratio);
    // A second pass over all points only where there can be two layers.
    if (this.anyDim || this.highest > style.threshold) {
      gl.uniform1i(uniform.layer, 0);
      gl.drawArrays(gl.POINTS, 0, count);
      gl.uniform1i(uniform.layer, 1);
    } else {
      gl.uniform1i(uniform.layer, -1);
    }
    gl.drawArrays(gl.POINTS, 0, count);
  }

  /**
   * @param {number} size  CSS pixels
   * @param {number} ratio
   */
  setLooks(size, ratio) {
    for (let i = 0; i < LOOKS; i++) {
      const look = lookOf(i, size * ratio, ratio);
      this.radii.set([look.hole, look.fill, look.edge, look.outline], 4 * i);
      this.reach.set([2 * reach(look), look.alpha], 2 * i);
    }
    this.gl.uniform4fv(this.uniform?.radii ?? null, this.radii);
    this.gl.uniform2fv(this.uniform?.reach ?? null, this.reach);
  }

  destroy() {
    this.canvas.removeEventListener("webglcontextlost", this.lost);
    this.canvas.removeEventListener("webglcontextrestored", this.restored);
    // Browsers allow few contexts; this one must not wait for the garbage collector.
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

const bits = new Int32Array(1);
const number = new Float32Array(bits.buffer);

/**
 * The largest float32 that is not above x >= 0: a float32 is above x just when it is above this.
 * @param {number} x
 * @returns {number}
 */
export function floor32(x) {
  number[0] = Math.min(x, 3e38);
  if (number[0] > x) bits[0] -= 1;
  return number[0];
}
