// The disk's one store: what is shown, how it is looked at, what is pointed at and chosen.
//
// Everything can be read and nothing assigned: there are getters only, and setters are methods.
// Values are replaced, never changed in place. Each setter names the parts of the page that its
// change makes stale; disk.js brings them up to date.

import { Handles } from "./handles.js";
import { Positions } from "./math/positions.js";
import { HOME, isMoved, pack } from "./math/view.js";

/** @import { Cloud, Frame, LayoutName, Outline, Scene, Tool, View } from "./types.js" */
/** @import { Colouring } from "./layers/colouring.js" */

/**
 * - frame: what is drawn.
 * - index: what only holds while nothing moves: pixels of the points, names, thumbnails.
 * - positions, flags: the renderer's copies.
 * - hover: the card, and what the rest of the page marks as pointed at.
 * - tools: the buttons. layout: badge, banner and layout buttons. panels: threshold, legend, table.
 * - threshold: the cut in the histogram.
 * @typedef {"frame" | "index" | "positions" | "flags" | "hover" | "tools" | "layout" | "panels"
 *         | "threshold"} Part
 */

/** @type {Outline} */
const NO_OUTLINE = Object.freeze({ drawn: [], kept: [] });
const NONE = new Float32Array(0);

export class State {
  /** @type {Scene | null} */ #scene = null;
  /** @type {Cloud | null} */ #cloud = null;
  /** @type {Frame} */ #frame = { width: 1, height: 1, cx: 0, cy: 0, radius: 1, ratio: 1 };
  /** @type {View} */ #view = HOME;
  #positions = new Positions({ name: "origin", unit: 1 }, NONE);
  /** @type {Colouring | null} */ #colouring = null;
  #flags = new Uint8Array(0);
  /** @type {Float32Array | null} */ #distances = null;
  /** @type {Float32Array | null} */ #screenXY = null;
  #threshold = Infinity;
  #outline = NO_OUTLINE;
  /** @type {Tool} */ #tool = "move";
  #showPictures = false;
  #hovered = -1;
  #focused = -1;
  #held = false;
  /** @type {(part: Part) => void} */ #refresh;

  /** @param {(part: Part) => void} refresh called for each part that a change makes stale */
  constructor(refresh) {
    this.#refresh = refresh;
    this.handles = new Handles(() => refresh("frame"));
    Object.freeze(this);
  }

  /** What Python sent last. */
  get scene() { return this.#scene; }
  /** The gallery's points, once they are fetched. */
  get cloud() { return this.#cloud; }
  /** Where the disk lies on the stage. */
  get frame() { return this.#frame; }
  get view() { return this.#view; }
  /** Where the points are under the present layout. */
  get positions() { return this.#positions; }
  /** What the points' colours mean, once they are known. */
  get colouring() { return this.#colouring; }
  /** Each point's flags (see types.js), [N]. */
  get flags() { return this.#flags; }
  /** True distances of all points to the query, [N], where they are known. */
  get distances() { return this.#distances; }
  /** Pixels of all points, [2N]; null while the view moves. */
  get screenXY() { return this.#screenXY; }
  /** The largest uncertainty that is kept. */
  get threshold() { return this.#threshold; }
  /** The outline around selected points. */
  get outline() { return this.#outline; }
  /** What a drag does. */
  get tool() { return this.#tool; }
  /** Whether thumbnails stand in for dots. */
  get showPictures() { return this.#showPictures; }
  /** The row pointed at, here or elsewhere on the page; -1 for none. */
  get hovered() { return this.#hovered; }
  /** The row that keys act on; -1 for none. */
  get focused() { return this.#focused; }
  /** Whether a button or finger holds the view. */
  get held() { return this.#held; }

  /** Which layouts can be chosen. @returns {Record<LayoutName, boolean>} */
  get layouts() {
    const { cloud, scene } = this;
    return { origin: true, query: Boolean(cloud && scene?.query), umap: Boolean(cloud?.umap) };
  }

  /** Layout and view, as Python keeps them. @returns {[LayoutName, number[] | null]} */
  get packed() {
    const still = !isMoved(this.#view) && this.#view.zoom === 1;
    return [this.#positions.layout.name, still ? null : pack(this.#view)];
  }

  /** @param {...Part} parts */
  #stale(...parts) {
    for (const part of parts) this.#refresh(part);
  }

  /** The pixels of the points no longer hold. */
  #invalidateIndex() {
    this.#screenXY = null;
    this.setHovered(-1);
    this.#stale("frame", "index");
  }

  /** @param {Scene} scene */
  setScene(scene) {
    this.#scene = scene;
    this.handles.follow(scene.shapes);
    this.#stale("frame");
  }

  /** Take another gallery's points, or none. @param {Cloud | null} cloud @param {number} unit */
  setCloud(cloud, unit) {
    this.#cloud = cloud;
    this.#colouring = this.#distances = this.#screenXY = null;
    this.#positions = new Positions({ name: "origin", unit }, cloud?.xy ?? NONE);
    this.#flags = new Uint8Array(cloud?.count ?? 0);
    this.setOutline(NO_OUTLINE);
    this.setHovered(-1);
    // While the next gallery is fetched, the points of the last one stay on the screen.
    if (cloud) this.#stale("positions", "flags", "index");
    this.#stale("layout");
  }

  /** @param {Frame} frame */
  setFrame(frame) {
    this.#frame = Object.freeze(frame);
    this.#invalidateIndex();
  }

  /** @param {View} view */
  setView(view) {
    this.#view = Object.freeze(view);
    this.#invalidateIndex();
  }

  /** An outline does not go along into another layout. @param {Positions} positions */
  setPositions(positions) {
    const before = this.#positions;
    this.#positions = positions;
    if (before.from !== positions.from || before.to !== positions.to) {
      this.setOutline(NO_OUTLINE);
      this.#stale("positions");
    }
    if (before.layout !== positions.layout) this.#stale("layout");
    this.#invalidateIndex();
  }

  /** @param {Colouring} colouring */
  setColouring(colouring) {
    this.#colouring = colouring;
    this.#stale("frame", "index", "panels");
  }

  /** @param {Uint8Array<ArrayBuffer>} flags [N] */
  setFlags(flags) {
    this.#flags = flags;
    this.#stale("frame", "flags");
  }

  /** @param {Float32Array | null} distances [N]; null while those of another query are fetched */
  setDistances(distances) {
    this.#distances = distances;
    if (distances) this.#stale("panels");
  }

  /** @param {Float32Array} screenXY [2N], worked out for the present view */
  setScreenXY(screenXY) {
    this.#screenXY = screenXY;
  }

  /** @param {number} threshold */
  setThreshold(threshold) {
    this.#threshold = threshold;
    this.#stale("frame", "threshold");
  }

  /** @param {Outline} [outline] none when omitted */
  setOutline(outline = NO_OUTLINE) {
    this.#outline = Object.freeze(outline);
    this.#stale("frame");
  }

  /** @param {Tool} tool */
  setTool(tool) {
    this.#tool = tool;
    this.#stale("tools");
  }

  /** @param {boolean} shown */
  setShowPictures(shown) {
    this.#showPictures = shown;
    this.#stale("frame", "index", "tools");
  }

  /**
   * Point at a row. @param {number} row -1 for none
   * @param {boolean} [elsewhere] whether another part of the page points at it
   */
  setHovered(row, elsewhere = false) {
    if (row === this.#hovered) return;
    this.#hovered = row;
    this.#stale("frame");
    if (!elsewhere) this.#stale("hover");
  }

  /** @param {number} row -1 for none */
  setFocused(row) {
    this.#focused = row;
  }

  /** @param {boolean} held */
  setHeld(held) {
    this.#held = held;
  }
}
