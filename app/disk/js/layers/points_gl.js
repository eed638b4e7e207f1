// The points, drawn by WebGL2. Everything that a frame changes is a uniform: the arrays go to the
// graphics memory once, and the vertex shader moves the points (float32, as the arrays are).
// Colours are premultiplied by their alpha.

import { DIM } from "../types.js";
import { PointArrays } from "./points_arrays.js";
import { LOOKS, lookOf, reach, rgba } from "./points_look.js";
import { WIDTH, link } from "./points_shaders.js";

/** @import { PointRenderer, PointStyle, View } from "../types.js" */
/** @import { ArrayName } from "./points_arrays.js" */

const UNIFORMS = ["move", "place", "t", "threshold", "layer", "radii", "reach", "rejected",
  "edge", "accent", "last"];
/** Attributes in the order of their locations. @type {Exclude<ArrayName, "palette">[]} */
const ATTRIBUTES = ["from", "to", "uncertainty", "codes", "flags"];

/** @implements {PointRenderer} */
export class GlPoints extends PointArrays {
  kind = /** @type {const} */ ("webgl");
  /** @type {[View, PointStyle] | null} */
  #last = null;
  #highest = -Infinity;
  #anyDim = false;
  #radii = new Float32Array(4 * LOOKS);
  #reach = new Float32Array(2 * LOOKS);
  /** @type {Record<string, WebGLUniformLocation | null>} */
  #uniform = {};
  /** @type {WebGLBuffer[]} */
  #buffers = [];
  #off = new AbortController();

  /** @param {HTMLCanvasElement} canvas @param {WebGL2RenderingContext} gl */
  constructor(canvas, gl) {
    super(canvas);
    this.gl = gl;
    const { signal } = this.#off;
    const restored = () => {
      this.#build();
      if (this.#last) this.draw(...this.#last);
    };
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault(), { signal });
    canvas.addEventListener("webglcontextrestored", restored, { signal });
    this.#build();
  }

  /**
   * Takes the canvas for WebGL2; it cannot be used otherwise afterwards, nor again after `destroy`.
   * @param {HTMLCanvasElement} canvas
   * @returns {GlPoints | null} null where there is no WebGL2; the canvas is then still free
   */
  static create(canvas) {
    const context = canvas.getContext("webgl2", { antialias: false, alpha: true, depth: false,
      stencil: false, premultipliedAlpha: true });
    return context && new GlPoints(canvas, context);
  }

  #build() {
    const { gl } = this;
    if (gl.isContextLost()) return;
    const program = link(gl);
    gl.useProgram(program);
    this.#uniform = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
    );
    this.#buffers = ATTRIBUTES.map(() => gl.createBuffer());
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(0, 0, 0, 0);
    this.changed(...ATTRIBUTES, "palette");
  }

  /** @param {ArrayName[]} names */
  changed(...names) {
    for (const name of names) {
      if (name === "palette") this.#uploadPalette();
      else this.#upload(ATTRIBUTES.indexOf(name));
    }
    if (names.includes("uncertainty")) {
      this.#highest = this.uncertainty.reduce((a, b) => Math.max(a, b), -Infinity);
    }
    if (names.includes("flags")) this.#anyDim = this.flags.some((f) => (f & DIM) !== 0);
  }

  /** @param {number} i the attribute's location */
  #upload(i) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffers[i] ?? null);
    gl.bufferData(gl.ARRAY_BUFFER, this[ATTRIBUTES[i]], gl.STATIC_DRAW);
    if (i < 3) gl.vertexAttribPointer(i, i < 2 ? 2 : 1, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribIPointer(i, 1, i < 4 ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE, 0, 0);
    // While new arrays come one after the other, those of another length count as all zeros.
    const count = this.from.length / 2;
    ATTRIBUTES.forEach((name, k) => {
      if (this[name].length === (k < 2 ? 2 : 1) * count) gl.enableVertexAttribArray(k);
      else gl.disableVertexAttribArray(k);
    });
    gl.vertexAttrib1f(2, 0);
    gl.vertexAttribI4ui(3, 0, 0, 0, 0);
    gl.vertexAttribI4ui(4, 0, 0, 0, 0);
  }

  #uploadPalette() {
    const { gl } = this;
    const rows = Math.ceil(this.palette.length / 4 / WIDTH);
    const texels = new Uint8Array(4 * WIDTH * rows);
    texels.set(this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDTH, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
  }

  /** @param {View} view @param {PointStyle} style */
  draw(view, style) {
    const { gl, frame, canvas } = this;
    const uniform = this.#uniform;
    this.#last = [view, style];
    if (!frame || gl.isContextLost()) return;
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
    this.#setLooks(style.size, frame.ratio);
    // A second pass over all points only where there can be two layers.
    if (this.#anyDim || this.#highest > style.threshold) {
      gl.uniform1i(uniform.layer, 0);
      gl.drawArrays(gl.POINTS, 0, count);
      gl.uniform1i(uniform.layer, 1);
    } else {
      gl.uniform1i(uniform.layer, -1);
    }
    gl.drawArrays(gl.POINTS, 0, count);
  }

  /** @param {number} size CSS pixels @param {number} ratio */
  #setLooks(size, ratio) {
    for (let i = 0; i < LOOKS; i++) {
      const look = lookOf(i, size * ratio, ratio);
      this.#radii.set([look.hole, look.fill, look.edge, look.outline], 4 * i);
      this.#reach.set([2 * reach(look), look.alpha], 2 * i);
    }
    this.gl.uniform4fv(this.#uniform.radii, this.#radii);
    this.gl.uniform2fv(this.#uniform.reach, this.#reach);
  }

  destroy() {
    this.#off.abort();
    // Browsers allow few contexts; this one must not wait for the garbage collector.
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

const bits = new Int32Array(1);
const number = new Float32Array(bits.buffer);

/**
 * The largest float32 that is not above x >= 0: a float32 is above x just when it is above this.
 * @param {number} x @returns {number}
 */
export function floor32(x) {
  number[0] = Math.min(x, 3e38);
  if (number[0] > x) bits[0] -= 1;
  return number[0];
}
