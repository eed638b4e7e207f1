// What can be done with the disk, whatever it is that asks for it: a key, a button, a gesture.

import { Outward, inWords } from "./keyboard_nav.js";
import { stageOf } from "../layers/frame.js";
import { NO_PICTURES, updatePanels } from "../panels/panels.js";
import { HOME, glidedTo, panned, toBase, toScreen, zoomed } from "../math/view.js";

/** @import { Point } from "../types.js" */
/** @import { Disk } from "../disk.js" */
/** @import { Pointing } from "./pointing.js" */

const NUDGE = 300; // ms without a key after which a handle moved by keys is let go

export class Commands {
  /** @param {Disk} disk @param {Pointing} pointing */
  constructor(disk, pointing) {
    this.disk = disk;
    this.pointing = pointing;
    this.outward = new Outward(disk);
    this.steps = Promise.resolve();
    this.nudged = 0;
  }

  home() {
    return this.fly(HOME);
  }

  /** Bring a base point to the middle. @param {Point} z */
  glide(z) {
    return this.fly(glidedTo(this.disk.view, z));
  }

  /** @param {import("../types.js").View} view */
  async fly(view) {
    await this.disk.turning.fly(view, true);
    this.disk.rest();
  }

  /** @param {Point} px the pixel that stays @param {number} factor */
  zoom(px, factor) {
    const { disk } = this;
    disk.motion.finish();
    disk.view = zoomed(disk.view, disk.frame, px, factor);
    disk.stir();
  }

  /** Move the chosen handle, or else the disk. @param {number} dx @param {number} dy in radii */
  pan(dx, dy) {
    const { disk } = this;
    if (this.nudge([dx / 4, dy / 4])) return;
    disk.motion.finish();
    disk.view = panned(disk.view, dx, dy);
    disk.stir();
  }

  /**
   * Move the chosen handle on the screen; Python hears when the keys rest.
   * @param {Point} by in disk radii
   * @returns {boolean} whether there is one
   */
  nudge([dx, dy]) {
    const { disk } = this;
    const { handles, view, frame } = disk;
    const id = handles.chosen;
    const at = id === null ? null : handles.at(id);
    if (id === null || !at) return false;
    const [x, y] = toScreen(view, frame, at);
    handles.move(id, toBase(view, frame, [x + frame.radius * dx, y - frame.radius * dy]));
    disk.requestDraw();
    clearTimeout(this.nudged);
    this.nudged = window.setTimeout(() => {
      const end = disk.gone ? null : handles.tell(id);
      if (end) disk.events.handle(id, end);
    }, NUDGE);
    return true;
  }

  /** @param {"move" | "lasso" | "box"} tool the same again puts it away */
  tool(tool) {
    const { disk } = this;
    if (!disk.cloud) return;
    disk.tool = disk.tool === tool ? "move" : tool;
    disk.press("lasso", disk.tool === "lasso");
    disk.press("box", disk.tool === "box");
    disk.parts.stage.classList.toggle("choosing", disk.tool !== "move");
  }

  /** Select what the outline encloses. @param {boolean} more to what is selected already */
  select(more) {
    const { disk } = this;
    const outline = disk.lasso.close(stageOf(disk));
    if (!disk.screenXY) disk.rest();
    const rows = outline.length ? disk.picker.inPolygon(outline) : [];
    const before = more ? (disk.scene?.selection ?? []) : [];
    if (!rows.length && !before.length) disk.lasso.clear();
    disk.events.select([...new Set([...before, ...rows])].sort((a, b) => a - b));
    this.tool("move");
  }

  pictures() {
    const { disk } = this;
    if (!disk.cloud) return;
    if (!disk.scene?.cloud?.tile) {
      disk.say(`${NO_PICTURES}.`);
      window.setTimeout(() => disk.say(""), 2200);
      return;
    }
    disk.showPictures = !disk.showPictures;
    disk.press("pictures", disk.showPictures);
    disk.rest();
    disk.requestDraw();
  }

  async table() {
    const { disk } = this;
    if (!disk.cloud) return;
    if (disk.table.isOpen) return disk.table.close();
    disk.press("table", true);
    disk.hover(-1);
    await disk.turning.measure();
    updatePanels(disk);
    disk.table.open();
  }

  turn() {
    return this.disk.turning.ask(this.disk.places.layout.name === "query" ? "origin" : "query");
  }

  /** Keys may come faster than distances: one step after the other. @param {number} by */
  step(by) {
    this.steps = this.steps.then(() => this.stepOnce(by));
  }

  /** @param {number} by */
  async stepOnce(by) {
    const { disk, pointing } = this;
    if (!disk.scene?.cloud) {
      disk.parts.live.textContent = disk.handles.choose(by);
      disk.requestDraw();
      return;
    }
    const row = await this.outward.next(pointing.focused, by);
    if (row < 0) return;
    pointing.focused = row;
    if (!disk.screenXY) disk.rest();
    disk.hover(row);
    pointing.look(row, true);
    disk.parts.live.textContent = inWords(disk, row);
  }

  /** Put away what was chosen last: tool, image, selection, highlight. */
  clear() {
    const { disk, pointing } = this;
    disk.handles.chosen = null;
    disk.requestDraw();
    if (disk.tool !== "move") return this.tool("move");
    pointing.look(-1, true);
    disk.hover(-1);
    pointing.focused = -1;
    if (disk.scene?.selection.length) disk.events.select([]);
    else if (disk.scene?.highlight.length) disk.events.highlight([]);
  }
}
