// One frame: what lies under the points, the points, what lies over them.

import { drawGrid } from "./grid.js";
import { drawInset } from "./inset.js";
import { reducedMotion } from "../input/motion.js";
import { drawShapes } from "./shapes.js";
import { INSET } from "./sizes.js";
import { readTheme } from "./theme.js";
import { keepLimit } from "../panels/threshold.js";
import { toScreen } from "../math/view.js";

/** @import { Anchor, Point, Stage } from "../types.js" */
/** @import { Disk } from "../disk.js" */

/** What drawing parts may read. @param {Disk} disk @returns {Stage} */
export function stageOf(disk) {
  const { frame, view, cloud, places } = disk;
  return {
    frame,
    view,
    cloud,
    theme: readTheme(disk.parts.root),
    layout: places.layout,
    resolve: (anchor) => resolve(disk, anchor),
    screen: (z) => toScreen(view, frame, z),
    base: (row) => places.base(row),
    screenXY: disk.screenXY,
    reduced: reducedMotion(),
  };
}

/**
 * The base point of a place, null where this layout has none for it.
 * @param {Disk} disk
 * @param {Anchor} anchor
 * @returns {Point | null}
 */
function resolve({ scene, cloud, places, turning, handles }, anchor) {
  if (Array.isArray(anchor)) return turning.placeOf(anchor);
  if ("handle" in anchor) return handles.at(anchor.handle);
  if ("row" in anchor) return cloud && anchor.row < places.count ? places.base(anchor.row) : null;
  if (!scene?.query) return null;
  if (places.layout.name === "query") return [0, 0];
  const { row, xy } = scene.query;
  return row !== null && cloud ? places.base(row) : turning.placeOf(xy);
}

/** The shapes that the present layout shows. @param {Disk} disk */
export function shapesOf({ scene, places }) {
  const { name } = places.layout;
  return (scene?.shapes ?? []).filter((shape) => !shape.in?.length || shape.in.includes(name));
}

/** @param {Disk} disk */
export function paint(disk) {
  const { scene, view, parts, places, hovered, turning } = disk;
  if (!scene) return;
  const stage = stageOf(disk);
  const { theme } = stage;
  drawGrid(clean(parts.under, stage), stage);
  const size = dotSize(disk.cloud?.count ?? 0) * (0.8 + 0.2 * Math.sqrt(view.zoom));
  const threshold = keepLimit(disk.threshold);
  disk.renderer.draw(view, { t: places.t, size, threshold, theme });
  const over = clean(parts.over, stage);
  if (disk.showPictures) disk.pictures?.draw(over, stage);
  if (!disk.showPictures && places.t === 1) disk.labels.draw(over, stage);
  drawShapes(over, shapesOf(disk), stage);
  disk.lasso.draw(over, stage);
  if (hovered >= 0 && hovered < places.count) {
    ring(over, stage.screen(places.base(hovered)), size, theme.ink);
  }
  const chosen = disk.handles.chosen === null ? null : disk.handles.at(disk.handles.chosen);
  if (chosen) ring(over, stage.screen(chosen), 22, theme.ink);
  const away = turning.isMoved() || view.zoom > 1;
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
 * @param {CanvasRenderingContext2D} ctx
 * @param {Point} px
 * @param {number} size
 * @param {string} colour
 */
function ring(ctx, [x, y], size, colour) {
  ctx.beginPath();
  ctx.arc(x, y, size / 2 + 4, 0, 2 * Math.PI);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
}
