// Pointing at an image: a ring at once, its card after a short dwell.

import { shapesOf, stageOf } from "../layers/frame.js";
import { handleAt } from "../layers/shapes.js";

/** @import { Disk } from "../disk.js" */
/** @import { Point } from "../types.js" */

const DWELL = 125; // ms until the card comes: sooner it flickers, later it feels slow (FiftyOne)

export class Pointing {
  #disk;
  #timer = 0;

  /** @param {Disk} disk */
  constructor(disk) {
    this.#disk = disk;
  }

  /** The image at a pixel: its picture where pictures are shown, else its dot. @param {Point} px */
  rowAt(px) {
    const { picker, pictures, state } = this.#disk;
    if (!state.screenXY) return -1;
    const pictured = state.showPictures ? (pictures?.at(px, stageOf(this.#disk)) ?? -1) : -1;
    return pictured >= 0 ? pictured : picker.nearest(px);
  }

  /** @param {Point | null} px where the pointer is */
  hover(px) {
    const { motion, parts, state } = this.#disk;
    if (motion.running) return;
    const row = px ? this.rowAt(px) : -1;
    const handle = px && handleAt(px, shapesOf(state), stageOf(this.#disk));
    parts.stage.classList.toggle("pointing", row >= 0 || Boolean(handle));
    if (row === state.hovered) return;
    if (row >= 0) state.setFocused(row);
    state.setHovered(row);
    this.look(row, false);
  }

  /** Show a row's card. @param {number} row -1 for none @param {boolean} now without waiting */
  look(row, now) {
    clearTimeout(this.#timer);
    if (row < 0) this.#disk.card.hide();
    else if (now) this.#show(row);
    else this.#timer = window.setTimeout(() => this.#show(row), DWELL);
  }

  /** @param {number} row */
  #show(row) {
    const { card, parts, state } = this.#disk;
    const { cloud, distances, hovered, scene, screenXY, threshold } = state;
    if (!cloud || !scene || !screenXY || row !== hovered) return;
    const box = parts.stage.getBoundingClientRect();
    const [x, y] = [screenXY[2 * row], screenXY[2 * row + 1]];
    const distance = distances ? distances[row] : null;
    card.show(row, [box.left + x, box.top + y], { cloud, scene, distance, threshold });
  }

  /** Follow what is pointed at elsewhere on the page. @returns {() => void} stops */
  listen() {
    const off = new AbortController();
    const pointed = (/** @type {Event} */ event) => {
      const { row, from } = /** @type {CustomEvent} */ (event).detail;
      const { state } = this.#disk;
      if (from !== "disk" && state.cloud && row < state.cloud.count) state.setHovered(row, true);
    };
    window.addEventListener("hypuml:point", pointed, { signal: off.signal });
    return () => {
      clearTimeout(this.#timer);
      off.abort();
    };
  }
}
