// A small disk that shows where the origin went: a cross-hair, turned as the picture is, and the
// ring it started from; a rectangle shows what of the disk is on the stage when it is enlarged.
// Drawn at the context's origin, `size` pixels square.

import { angleOf, apply } from "../math/hyperbolic.js";
import { toDisk } from "../math/view.js";

/** @import { Stage } from "../types.js" */

const MARGIN = 2;

/**
 * @param {CanvasRenderingContext2D} ctx @param {Stage} stage
 * @param {number} [size] of the square, in CSS pixels
 */
export function drawInset(ctx, stage, size = 64) {
  const { view, theme } = stage;
  const middle = size / 2;
  const radius = middle - MARGIN;
  const [x, y] = apply(view.move, [0, 0]);
  const at = { x: middle + radius * x, y: middle - radius * y };
  const disk = new Path2D();
  disk.arc(middle, middle, radius, 0, 2 * Math.PI);
  ctx.clearRect(0, 0, size, size);
  ctx.save();
  ctx.fillStyle = theme.disk;
  ctx.fill(disk);
  ctx.save();
  ctx.clip(disk);
  start(ctx, middle, at, theme);
  if (view.zoom > 1.01) seen(ctx, stage, middle, radius);
  crossHair(ctx, at, angleOf(view.move), theme);
  ctx.restore();
  ctx.lineWidth = 1.25;
  ctx.strokeStyle = theme.rim;
  ctx.stroke(disk);
  ctx.restore();
}

/**
 * Where the origin was, and the way it went.
 * @param {CanvasRenderingContext2D} ctx @param {number} middle @param {{x: number, y: number}} at
 * @param {import("../types.js").Theme} theme
 */
function start(ctx, middle, at, theme) {
  const way = new Path2D();
  const far = Math.hypot(at.x - middle, at.y - middle);
  way.arc(middle, middle, 5.5, 0, 2 * Math.PI);
  if (far > 6) {
    const share = 5.5 / far;
    way.moveTo(middle + share * (at.x - middle), middle + share * (at.y - middle));
    way.lineTo(at.x, at.y);
  }
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.rim;
  ctx.stroke(way);
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {{x: number, y: number}} at
 * @param {number} angle anticlockwise
 * @param {import("../types.js").Theme} theme
 */
function crossHair(ctx, at, angle, theme) {
  ctx.save();
  ctx.translate(at.x, at.y);
  ctx.rotate(-angle);
  const arms = new Path2D();
  for (const [dx, dy, length] of [[1, 0, 6.5], [-1, 0, 6.5], [0, 1, 6.5], [0, -1, 9]]) {
    arms.moveTo(3.5 * dx, 3.5 * dy);
    arms.lineTo(length * dx, length * dy);
  }
  ctx.lineCap = "round";
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = theme.accent;
  ctx.stroke(arms);
  ctx.beginPath();
  ctx.arc(0, 0, 2.5, 0, 2 * Math.PI);
  ctx.fillStyle = theme.accent;
  ctx.fill();
  ctx.restore();
}

/**
 * What is on the stage.
 * @param {CanvasRenderingContext2D} ctx @param {Stage} stage @param {number} middle
 * @param {number} radius
 */
function seen(ctx, { view, frame, theme }, middle, radius) {
  const [left, top] = toDisk(view, frame, [0, 0]);
  const [right, bottom] = toDisk(view, frame, [frame.width, frame.height]);
  // Four pixels at least, or it could not be seen at a large zoom.
  const width = Math.max(radius * (right - left), 4);
  const height = Math.max(radius * (top - bottom), 4);
  const x = middle + (radius * (left + right)) / 2 - width / 2;
  const y = middle - (radius * (top + bottom)) / 2 - height / 2;
  ctx.fillStyle = theme.ink;
  ctx.globalAlpha = 0.08;
  ctx.fillRect(x, y, width, height);
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.ink;
  ctx.strokeRect(x, y, width, height);
  ctx.globalAlpha = 1;
}
