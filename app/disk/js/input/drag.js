// What is done with a pointer or fingers down: dragging the disk or a handle, drawing an outline,
// pinching, clicking.

import { shapesOf, stageOf } from "../layers/frame.js";
import { handleAt } from "../layers/shapes.js";
import { HOME, dragged, toBase, toDisk, toScreen, zoomed } from "../math/view.js";

/** @import { Point } from "../types.js" */
/** @import { Disk } from "../disk.js" */
/** @import { Pointing } from "./pointing.js" */
/** @import { Commands } from "./commands.js" */

/** What a press holds, until it is let go. */
export class Holding {
  /** @param {Disk} disk @param {Pointing} pointing @param {Commands} commands */
  constructor(disk, pointing, commands) {
    this.disk = disk;
    this.pointing = pointing;
    this.commands = commands;
    /** @type {import("../types.js").View} the view when the fingers came down */
    this.start = HOME;
    /** @type {Point} the base point that a drag holds */
    this.held = [0, 0];
    /** @type {string | null} */
    this.handle = null;
    this.moved = false;
  }

  /** @param {Point} px */
  inDisk(px) {
    return Math.hypot(...toDisk(this.disk.view, this.disk.frame, px)) < 1;
  }

  /** @param {Point} px */
  grab(px) {
    const { disk } = this;
    disk.motion.finish();
    this.held = toBase(disk.view, disk.frame, px);
    this.handle = handleAt(px, shapesOf(disk), stageOf(disk));
    this.moved = false;
    this.pointing.look(-1, true);
    const grabbed = this.handle !== null || disk.tool !== "move" || this.inDisk(px);
    disk.turning.pressed = grabbed;
    return grabbed;
  }

  /** @param {Point} from @param {Point} to */
  drag(from, to) {
    const { disk } = this;
    this.moved = true;
    if (this.handle !== null) disk.handles.move(this.handle, toBase(disk.view, disk.frame, to));
    else if (disk.tool !== "move") disk.lasso.extend(disk.tool, from, to);
    else {
      // From where it is now, not from where the press was: each part of the way is short.
      disk.view = dragged(disk.view, disk.frame, toScreen(disk.view, disk.frame, this.held), to);
      disk.parts.stage.classList.add("dragging");
      disk.stir();
    }
    disk.requestDraw();
  }

  /** @param {Point} _ @param {PointerEvent} event */
  drop(_, event) {
    const { disk } = this;
    disk.turning.pressed = false;
    disk.parts.stage.classList.remove("dragging");
    if (this.handle !== null) this.letGo();
    else if (disk.tool !== "move" && this.moved) this.commands.select(event.shiftKey);
    else disk.rest();
  }

  /** A handle stays where it is; Python is told when it moved. */
  letGo() {
    const { disk, handle } = this;
    const at = handle !== null && this.moved ? disk.handles.tell(handle) : null;
    if (handle !== null && at) disk.events.handle(handle, at);
    this.handle = null;
  }

  /** @param {Point} px @param {PointerEvent} event */
  click(px, event) {
    const { disk } = this;
    disk.turning.pressed = false;
    if (this.handle !== null || disk.tool !== "move") {
      this.handle = null;
      return;
    }
    if (!disk.screenXY) disk.rest();
    const row = this.pointing.rowAt(px);
    const place = () => (row >= 0 ? disk.places.base(row) : toBase(disk.view, disk.frame, px));
    if (event.shiftKey && this.inDisk(px)) this.commands.glide(place());
    else if (row >= 0 && !event.shiftKey) disk.events.query(row);
  }

  hold() {
    this.letGo();
    this.start = this.disk.view;
    this.disk.turning.pressed = true;
    this.moved = false; // an outline that was begun with one finger is none
    this.disk.lasso.drawn = [];
  }

  /** @param {[Point, Point]} from @param {[Point, Point]} to */
  pinch(from, to) {
    const { disk, start } = this;
    const [a, b] = [middle(from), middle(to)];
    const factor = spreadOf(to) / Math.max(1, spreadOf(from));
    const moved = this.inDisk(a) ? dragged(start, disk.frame, a, b) : start;
    disk.view = zoomed(moved, disk.frame, b, factor);
    disk.stir();
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
