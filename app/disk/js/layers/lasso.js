// Choosing images by drawing around them: how an outline grows, and how it is drawn.

import { toBase } from "../math/view.js";

/** @import { Frame, Outline, Point, Stage, View } from "../types.js" */

const STEP = 6; // pixels between the corners of an outline: its sides bend when the disk moves

/**
 * The outline after a part of a drag.
 * @param {Outline} outline @param {"lasso" | "box"} tool @param {Point} from @param {Point} to
 * @returns {Outline}
 */
export function extended(outline, tool, from, to) {
  const { drawn } = outline;
  if (tool === "box") return { ...outline, drawn: [from, [to[0], from[1]], to, [from[0], to[1]]] };
  if (!drawn.length) return { ...outline, drawn: [from, to] };
  if (distance(drawn[drawn.length - 1], to) < 2) return outline;
  return { ...outline, drawn: [...drawn, to] };
}

/**
 * The finished outline.
 * @param {Outline} outline @param {View} view @param {Frame} frame
 * @returns {{corners: Point[], outline: Outline}} corners in pixels, none where it encloses nothing
 */
export function closed({ drawn }, view, frame) {
  const corners = drawn.length > 2 ? dense(drawn) : [];
  return { corners, outline: { drawn: [], kept: corners.map((px) => toBase(view, frame, px)) } };
}

/** @param {CanvasRenderingContext2D} ctx @param {Outline} outline @param {Stage} stage */
export function drawOutline(ctx, { drawn, kept }, stage) {
  const corners = drawn.length ? drawn : kept.map(stage.screen);
  if (corners.length < 2) return;
  ctx.save();
  ctx.beginPath();
  corners.forEach(([x, y]) => ctx.lineTo(x, y));
  ctx.closePath();
  ctx.strokeStyle = stage.theme.accent;
  ctx.fillStyle = stage.theme.accent;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([5, 4]);
  ctx.stroke();
  ctx.globalAlpha = 0.08;
  ctx.fill();
  ctx.restore();
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/**
 * The same polygon with corners at most STEP pixels apart.
 * @param {Point[]} corners @returns {Point[]}
 */
function dense(corners) {
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % corners.length];
    const parts = Math.max(1, Math.ceil(distance(a, b) / STEP));
    return Array.from({ length: parts }, (_, j) => {
      const t = j / parts;
      return /** @type {Point} */ ([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
    });
  });
}
