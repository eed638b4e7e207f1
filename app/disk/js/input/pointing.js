// Pointing at an image: a ring at once, its card after a short dwell.

import { shapesOf, stageOf } from "../layers/frame.js";
import { handleAt } from "../layers/shapes.js";

/** @import { Point } from "../types.js" */
/** @import { Disk } from "../disk.js" */

const DWELL = 125; // ms until the card comes: sooner it flickers, later it feels slow (FiftyOne)

export class Pointing {
  /** @param {Disk} disk */
  constructor(disk) {
    this.disk = disk;
    this.timer = 0;
    /** The image that keys act on; -1 for none. */
    this.focused = -1;
  }

  /** The image at a pixel: its picture where pictures are shown, else its dot. @param {Point} px */
  rowAt(px) {
    const { disk } = this;
    if (!disk.screenXY) return -1;
    const pictured = disk.showPictures ? (disk.pictures?.at(px, stageOf(disk)) ?? -1) : -1;
    return pictured >= 0 ? pictured : disk.picker.nearest(px);
  }

  /** @param {Point | null} px where the pointer is */
  hover(px) {
    const { disk } = this;
    if (disk.motion.running) return;
    const row = px ? this.rowAt(px) : -1;
    const handle = px && handleAt(px, shapesOf(disk), stageOf(disk));
    disk.parts.stage.classList.toggle("pointing", row >= 0 || Boolean(handle));
    if (row === disk.hovered) return;
    if (row >= 0) this.focused = row;
    disk.hover(row);
    this.look(row, false);
  }

  /** @param {number} row -1 for none @param {boolean} now without waiting */
  look(row, now) {
    clearTimeout(this.timer);
    if (row < 0) this.disk.card.hide();
    else if (now) this.show(row);
    else this.timer = window.setTimeout(() => this.show(row), DWELL);
  }

  /** @param {number} row */
  show(row) {
    const { cloud, scene, screenXY, hovered, turning, threshold, parts, card } = this.disk;
    if (!cloud || !scene || !screenXY || row !== hovered) return;
    const box = parts.stage.getBoundingClientRect();
    const [x, y] = [screenXY[2 * row], screenXY[2 * row + 1]];
    const distance = turning.distances ? turning.distances[row] : null;
    card.show(row, [box.left + x, box.top + y], { cloud, scene, distance, threshold });
  }

  /** Listen to what is pointed at elsewhere on the page. @returns {() => void} stops */
  listen() {
    const off = new AbortController();
    const heard = (/** @type {Event} */ event) => {
      const { row, from } = /** @type {CustomEvent} */ (event).detail;
      if (from === "disk" || !this.disk.cloud || row >= this.disk.cloud.count) return;
      this.disk.hovered = row;
      this.disk.requestDraw();
    };
    window.addEventListener("hypuml:point", heard, { signal: off.signal });
    return () => {
      clearTimeout(this.timer);
      off.abort();
    };
  }
}
