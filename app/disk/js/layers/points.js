// The points' renderer: WebGL2 where there is graphics hardware, else our own loop on Canvas 2D.
//
// WebGL2 computed by the processor is the slower one of the two (20,000 points on 620 x 520
// pixels, two cores: 35 frames/s against 60; 100,000 points: 6 against 59).

import { CanvasPoints } from "./points_canvas.js";
import { GlPoints } from "./points_gl.js";

/** @import { PointRenderer } from "../types.js" */

/** Whether WebGL2 runs on graphics hardware; unknown at first. @type {boolean | null} */
let hardware = null;

/**
 * @param {HTMLCanvasElement} canvas  unused so far; belongs to the renderer from now on, and is
 *   used up after `destroy`
 * @param {"webgl" | "canvas"} [prefer]  the only one to try, WebGL2 also without hardware
 * @returns {PointRenderer}
 * @throws {Error} where the browser cannot draw that way
 */
export function createPoints(canvas, prefer) {
  const first = prefer ?? (hasHardware() ? "webgl" : "canvas");
  const points = (first === "webgl" && GlPoints.create(canvas)) ||
    (prefer !== "webgl" && CanvasPoints.create(canvas));
  if (!points) throw new Error("This browser cannot draw the points: it has no WebGL2.");
  return points;
}

/** Browsers offer WebGL2 also where they compute it themselves, and only its name shows that. */
function hasHardware() {
  if (hardware === null) {
    // A canvas of its own: one whose context is WebGL cannot be used for Canvas 2D.
    const gl = document.createElement("canvas").getContext("webgl2",
      { failIfMajorPerformanceCaveat: true });
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    const name = gl?.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    hardware = Boolean(gl) && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return hardware;
}
