// What a press holds until it is let go: the disk, a handle, or the end of an outline; clicks and
// pinches.

import { shapesOf, stageOf } from "../layers/frame.js";
import { closed, extended } from "../layers/lasso.js";
import { handleAt } from "../layers/shapes.js";
import { HOME, dragged, toBase, toDisk, toScreen, zoomed } from "../math/view.js";

/** @import { Disk } from "../disk.js" */
/** @import { Point, View } from "../types.js" */
/** @import { Commands } from "./commands.js" */
/** @import { Pointing } from "./pointing.js" */

export class Drag {
  #disk;
  #state;
  #pointing;
  #commands;
  /** The view when the fingers came down. @type {View} */
  #start = HOME;
  /** The base point that a drag holds. @type {Point} */
  #held = [0, 0];
  /** @type {string | null} */
  #handle = null;
  #moved = false;

  /** @param {Disk} disk @param {Pointing} pointing @param {Commands} commands */
  constructor(disk, pointing, commands) {
    this.#disk = disk;
    this.#state = disk.state;
    this.#pointing = pointing;
    this.#commands = commands;
  }

  /** @param {Point} px */
  #inDisk(px) {
    return Math.hypot(...toDisk(this.#state.view, this.#state.frame, px)) < 1;
  }

  /** Begin a press. @param {Point} px @returns {boolean} whether a drag can come of it */
  grab(px) {
    const state = this.#state;
    this.#disk.motion.finish();
    this.#held = toBase(state.view, state.frame, px);
    this.#handle = handleAt(px, shapesOf(state), stageOf(this.#disk));
    this.#moved = false;
    this.#pointing.look(-1, true);
    state.setHeld(this.#handle !== null || state.tool !== "move" || this.#inDisk(px));
    return state.held;
  }

  /** @param {Point} from @param {Point} to */
  move(from, to) {
    const state = this.#state;
    const { frame, outline, tool, view } = state;
    this.#moved = true;
    if (this.#handle !== null) state.handles.move(this.#handle, toBase(view, frame, to));
    else if (tool !== "move") state.setOutline(extended(outline, tool, from, to));
    else {
      // From where it is now, not from where the press was: each part of the way is short.
      state.setView(dragged(view, frame, toScreen(view, frame, this.#held), to));
      this.#disk.parts.stage.classList.add("dragging");
    }
  }

  /** @param {PointerEvent} event */
  drop(event) {
    this.#state.setHeld(false);
    this.#disk.parts.stage.classList.remove("dragging");
    if (this.#handle !== null) this.#dropHandle();
    else if (this.#state.tool !== "move" && this.#moved) this.#select(event.shiftKey);
    else this.#disk.onIdle();
  }

  /** A handle stays where it is; Python gets its place where it moved. */
  #dropHandle() {
    const handle = this.#handle;
    const at = handle !== null && this.#moved ? this.#state.handles.drop(handle) : null;
    if (handle !== null && at) this.#disk.events.handle(handle, at);
    this.#handle = null;
  }

  /** Select what the outline encloses. @param {boolean} more added to what is selected already */
  #select(more) {
    const state = this.#state;
    const { corners, outline } = closed(state.outline, state.view, state.frame);
    state.setOutline(outline);
    if (!state.screenXY) this.#disk.onIdle();
    const rows = corners.length ? this.#disk.picker.inPolygon(corners) : [];
    const before = more ? (state.scene?.selection ?? []) : [];
    if (!rows.length && !before.length) state.setOutline();
    this.#disk.events.select([...new Set([...before, ...rows])].sort((a, b) => a - b));
    this.#commands.tool("move");
  }

  /** @param {Point} px @param {PointerEvent} event */
  click(px, event) {
    const state = this.#state;
    state.setHeld(false);
    if (this.#handle !== null || state.tool !== "move") {
      this.#handle = null;
      return;
    }
    if (!state.screenXY) this.#disk.onIdle();
    const row = this.#pointing.rowAt(px);
    if (event.shiftKey && this.#inDisk(px)) {
      const { frame, positions, view } = state;
      this.#commands.glideTo(row >= 0 ? positions.base(row) : toBase(view, frame, px));
    }
    if (row >= 0 && !event.shiftKey) this.#disk.events.query(row);
  }

  /** A second finger has come: what the first one held is let go. */
  beginPinch() {
    const state = this.#state;
    this.#dropHandle();
    this.#start = state.view;
    this.#moved = false; // an outline that was begun with one finger is none
    state.setHeld(true);
    state.setOutline({ ...state.outline, drawn: [] });
  }

  /** @param {[Point, Point]} from @param {[Point, Point]} to */
  pinch(from, to) {
    const { frame } = this.#state;
    const [a, b] = [middle(from), middle(to)];
    const factor = spreadOf(to) / Math.max(1, spreadOf(from));
    const moved = this.#inDisk(a) ? dragged(this.#start, frame, a, b) : this.#start;
    this.#state.setView(zoomed(moved, frame, b, factor));
  }
}

/** @param {[Point, Point]} two @returns {Point} */
function middle([a, b]) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** @param {[Point, Point]} two */
function spreadOf([a, b]) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
