// One frame: what lies under the points, the points, what lies over them.

import { keepLimit } from "../math/cut.js";
import { isMoved, toScreen } from "../math/view.js";
import { drawGrid } from "./grid.js";
import { drawInset } from "./inset.js";
import { drawOutline } from "./lasso.js";
import { drawShapes } from "./shapes.js";
import { INSET } from "./sizes.js";
import { readTheme } from "./theme.js";

/** @import { Disk } from "../disk.js" */
/** @import { State } from "../state.js" */
/** @import { Anchor, Point, Stage } from "../types.js" */

/** What drawing parts may read. @param {Disk} disk @returns {Stage} */
export function stageOf({ state, parts }) {
  const { frame, view, cloud, positions, screenXY } = state;
  return {
    frame,
    view,
    cloud,
    theme: readTheme(parts.root),
    layout: positions.layout,
    resolve: (anchor) => resolve(state, anchor),
    screen: (z) => toScreen(view, frame, z),
    base: (row) => positions.base(row),
    screenXY,
  };
}

/**
 * The base point of a place, null where this layout has none for it.
 * @param {State} state @param {Anchor} anchor @returns {Point | null}
 */
function resolve({ scene, cloud, positions, handles }, anchor) {
  const place = (/** @type {Point} */ z) => positions.locate(z, cloud?.exact ?? false);
  if (Array.isArray(anchor)) return place(anchor);
  if ("handle" in anchor) return handles.at(anchor.handle);
  if ("row" in anchor) return anchor.row < positions.count ? positions.base(anchor.row) : null;
  if (!scene?.query) return null;
  if (positions.layout.name === "query") return [0, 0];
  const { row, xy } = scene.query;
  return row !== null && cloud ? positions.base(row) : place(xy);
}

/** The shapes that the present layout shows. @param {State} state */
export function shapesOf({ scene, positions }) {
  const { name } = positions.layout;
  return (scene?.shapes ?? []).filter((shape) => !shape.in?.length || shape.in.includes(name));
}

/** @param {Disk} disk */
export function drawFrame(disk) {
  const { state, parts } = disk;
  const { view, positions, hovered, handles } = state;
  if (!state.scene) return;
  const stage = stageOf(disk);
  const { theme } = stage;
  drawGrid(clean(parts.under, stage), stage);
  const size = dotSize(state.cloud?.count ?? 0) * (0.8 + 0.2 * Math.sqrt(view.zoom));
  const threshold = keepLimit(state.threshold);
  disk.renderer.draw(view, { t: positions.t, size, threshold, theme });
  const over = clean(parts.over, stage);
  if (state.showPictures) disk.pictures?.draw(over, stage);
  else if (positions.t === 1) disk.labels.draw(over, stage);
  drawShapes(over, shapesOf(state), stage);
  drawOutline(over, state.outline, stage);
  if (hovered >= 0 && hovered < positions.count) {
    ring(over, stage.screen(positions.base(hovered)), size, theme.ink);
  }
  const chosen = handles.chosen === null ? null : handles.at(handles.chosen);
  if (chosen) ring(over, stage.screen(chosen), 22, theme.ink);
  const away = isMoved(view) || view.zoom > 1;
  parts.inset.hidden = !away;
  if (away) drawInset(clean(parts.inset, stage), stage, INSET);
}

/** @param {HTMLCanvasElement} canvas cleared, scaled to CSS pixels @param {Stage} stage */
function clean(canvas, { frame: { ratio } }) {
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, canvas.width / ratio, canvas.height / ratio);
  return ctx;
}

/** Diameter of a dot, as in hypuml/figures/dots.py. @param {number} n */
function dotSize(n) {
  return Math.min(10, Math.max(3, 16 - 2.75 * Math.log10(Math.max(n, 1))));
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {Point} px @param {number} size
 * @param {string} colour
 */
function ring(ctx, [x, y], size, colour) {
  ctx.beginPath();
  ctx.arc(x, y, size / 2 + 4, 0, 2 * Math.PI);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
}
