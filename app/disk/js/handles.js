// Where the handles are: where Python puts them, and wherever they have been dragged since.

import { Echo } from "./echo_filter.js";

/** @import { Point, Shape } from "./types.js" */

export class Handles {
  constructor() {
    /** @type {Map<string, Point>} */
    this.places = new Map();
    /** @type {Map<string, Echo<Point>>} */
    this.drops = new Map();
    /** @type {string | null} the one that keys move */
    this.chosen = null;
  }

  /** Choose the next handle for the keys. @param {number} by @returns {string} in words */
  choose(by) {
    const ids = [...this.places.keys()];
    if (!ids.length) return "";
    const at = this.chosen === null ? -1 : ids.indexOf(this.chosen);
    this.chosen = ids[at < 0 ? 0 : (at + by + ids.length) % ids.length];
    return `Handle ${this.chosen}: arrow keys move it, Escape lets it be.`;
  }

  /** They go where Python says, unless it only repeats where they were dropped. @param {Shape[]} shapes */
  follow(shapes) {
    const kept = new Set();
    for (const shape of shapes) {
      if (shape.type !== "handle") continue;
      kept.add(shape.id);
      const echo = this.drops.get(shape.id) ?? new Echo();
      this.drops.set(shape.id, echo);
      if (echo.isNews(shape.at)) this.places.set(shape.id, shape.at);
    }
    for (const id of [...this.places.keys()]) {
      if (kept.has(id)) continue;
      this.places.delete(id);
      this.drops.delete(id);
      if (this.chosen === id) this.chosen = null;
    }
  }

  /** @param {string} id @returns {Point | null} */
  at(id) {
    return this.places.get(id) ?? null;
  }

  /** @param {string} id @param {Point} to */
  move(id, to) {
    if (this.places.has(id)) this.places.set(id, to);
  }

  /** Note that Python is being told where a handle was dropped. @param {string} id */
  tell(id) {
    const at = this.places.get(id);
    if (at) this.drops.get(id)?.tell(at);
    return at ?? null;
  }
}
