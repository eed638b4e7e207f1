// How large the stage is, and canvases that fit it pixel by pixel.

/** @import { Frame } from "../types.js" */

const MARGIN = 6; // pixels around the disk
const MOST = 2; // device pixels per CSS pixel: more cannot be seen and costs fourfold
export const INSET = 64; // side of the inset in pixels

/**
 * Measure the stage and size its canvases.
 * @param {{stage: HTMLElement, under: HTMLCanvasElement, over: HTMLCanvasElement,
 *          inset: HTMLCanvasElement}} parts
 * @returns {Frame}
 */
export function measureStage({ stage, under, over, inset }) {
  const box = stage.getBoundingClientRect(); // clientWidth would be rounded
  const width = Math.max(1, box.width);
  const height = Math.max(1, box.height);
  const ratio = Math.min(MOST, window.devicePixelRatio || 1);
  for (const canvas of [under, over]) fit(canvas, width * ratio, height * ratio);
  fit(inset, INSET * ratio, INSET * ratio);
  const radius = Math.max(1, Math.min(width, height) / 2 - MARGIN);
  return { width, height, cx: width / 2, cy: height / 2, radius, ratio };
}

/**
 * Give a canvas its size in device pixels. Setting it clears the canvas, also to the same size.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function fit(canvas, width, height) {
  const [w, h] = [Math.max(1, Math.round(width)), Math.max(1, Math.round(height))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}

/**
 * Gives the canvas the stage's size, on the page and in device pixels.
 * @param {HTMLCanvasElement} canvas @param {Frame} frame
 */
export function fitStage(canvas, { width, height, ratio }) {
  fit(canvas, width * ratio, height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}
