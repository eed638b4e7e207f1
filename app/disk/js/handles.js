// Where the handles are: where Python puts them, and wherever they have been dragged since. Part of
// the store.

import { EchoFilter } from "./echo_filter.js";

/** @import { Point, Shape } from "./types.js" */

export class Handles {
  /** @type {Map<string, Point>} */
  #places = new Map();
  /** @type {Map<string, EchoFilter<Point>>} */
  #drops = new Map();
  /** @type {string | null} */
  #chosen = null;
  #changed;

  /** @param {() => void} changed called after every change */
  constructor(changed) {
    this.#changed = changed;
  }

  /** The handle that the keys move. @returns {string | null} */
  get chosen() {
    return this.#chosen;
  }

  /** Choose the next handle for the keys. @param {number} by @returns {string} in words */
  choose(by) {
    const ids = [...this.#places.keys()];
    if (!ids.length) return "";
    const at = this.#chosen === null ? -1 : ids.indexOf(this.#chosen);
    this.#chosen = ids[at < 0 ? 0 : (at + by + ids.length) % ids.length];
    this.#changed();
    return `Handle ${this.#chosen}: arrow keys move it, Escape lets it be.`;
  }

  /** Choose none. */
  release() {
    this.#chosen = null;
    this.#changed();
  }

  /** Take Python's places, except where they only repeat a drop. @param {Shape[]} shapes */
  follow(shapes) {
    const kept = new Set();
    for (const shape of shapes) {
      if (shape.type !== "handle") continue;
      kept.add(shape.id);
      const filter = this.#drops.get(shape.id) ?? new EchoFilter();
      this.#drops.set(shape.id, filter);
      if (filter.isNews(shape.at)) this.#places.set(shape.id, shape.at);
    }
    for (const id of [...this.#places.keys()]) {
      if (kept.has(id)) continue;
      this.#places.delete(id);
      this.#drops.delete(id);
      if (this.#chosen === id) this.#chosen = null;
    }
    this.#changed();
  }

  /** @param {string} id @returns {Point | null} */
  at(id) {
    return this.#places.get(id) ?? null;
  }

  /** All places, by the handles' ids. @returns {Record<string, Point>} */
  all() {
    return Object.fromEntries(this.#places);
  }

  /** @param {string} id @param {Point} to */
  move(id, to) {
    if (this.#places.has(id)) this.#places.set(id, to);
    this.#changed();
  }

  /** Note that Python is being sent the place of a handle. @param {string} id */
  drop(id) {
    const at = this.at(id);
    if (at) this.#drops.get(id)?.sent(at);
    return at;
  }
}
