// Choosing images by drawing around them. The outline is kept in base points, so that it goes on
// enclosing exactly what it did, wherever the disk is moved.

import { toBase } from "../math/view.js";

/** @import { Point, Stage } from "../types.js" */

const STEP = 6; // pixels between the corners of an outline: its sides bend when the disk moves

/** An outline while it is drawn, and after. */
export class Lasso {
  constructor() {
    /** @type {Point[]} pixels while drawing */
    this.drawn = [];
    /** @type {Point[]} base points of the finished outline */
    this.kept = [];
  }

  /**
   * @param {"lasso" | "box"} tool
   * @param {Point} from
   * @param {Point} to
   */
  extend(tool, from, to) {
    if (tool === "box") this.drawn = rectangle(from, to);
    else if (!this.drawn.length) this.drawn = [from, to];
    else if (distance(this.drawn[this.drawn.length - 1], to) >= 2) this.drawn.push(to);
  }

  /**
   * End drawing.
   * @param {Stage} stage
   * @returns {Point[]} the outline in pixels; empty when it encloses nothing
   */
  close(stage) {
    const outline = this.drawn.length > 2 ? dense(this.drawn) : [];
    this.drawn = [];
    this.kept = outline.map((px) => toBase(stage.view, stage.frame, px));
    return outline;
  }

  /** Forget the outline. */
  clear() {
    this.drawn = [];
    this.kept = [];
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Stage} stage
   */
  draw(ctx, stage) {
    const corners = this.drawn.length ? this.drawn : this.kept.map(stage.screen);
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
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** @param {Point} a @param {Point} b @returns {Point[]} */
function rectangle(a, b) {
  return [a, [b[0], a[1]], b, [a[0], b[1]]];
}

/**
 * The same polygon with corners at most STEP pixels apart.
 * @param {Point[]} corners
 * @returns {Point[]}
 */
export function dense(corners) {
  return corners.flatMap((a, i) => {
    const b = corners[(i + 1) % corners.length];
    const parts = Math.max(1, Math.ceil(distance(a, b) / STEP));
    return Array.from({ length: parts }, (_, j) => {
      const t = j / parts;
      return /** @type {Point} */ ([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
    });
  });
}
