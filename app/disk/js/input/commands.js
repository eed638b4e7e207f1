// What can be done with the disk, by keys, buttons or gestures.

import { HOME, glidedTo, panned, toBase, toScreen, zoomed } from "../math/view.js";
import { NO_PICTURES, press, showMessage, updatePanels } from "../panels/update.js";
import { KeyboardNav, inWords } from "./keyboard_nav.js";

/** @import { Disk } from "../disk.js" */
/** @import { Point, Tool, View } from "../types.js" */
/** @import { Pointing } from "./pointing.js" */

const NUDGE = 300; // ms without a key after which a handle moved by keys is dropped
const BRIEFLY = 2200; // ms that a message stays
const LONGER = 5000;

export class Commands {
  #disk;
  #state;
  #pointing;
  #nav;
  #steps = Promise.resolve();
  #nudged = 0;

  /** @param {Disk} disk @param {Pointing} pointing */
  constructor(disk, pointing) {
    this.#disk = disk;
    this.#state = disk.state;
    this.#pointing = pointing;
    this.#nav = new KeyboardNav(disk);
  }

  home() {
    return this.#fly(HOME);
  }

  /** Bring a base point to the middle. @param {Point} z */
  glideTo(z) {
    return this.#fly(glidedTo(this.#state.view, z));
  }

  glideToFocused() {
    const { focused, positions } = this.#state;
    if (focused >= 0) this.glideTo(positions.base(focused));
  }

  queryFocused() {
    const { focused } = this.#state;
    if (focused >= 0) this.#disk.events.query(focused);
  }

  /** @param {View} view */
  async #fly(view) {
    await this.#disk.transition.fly(view, true);
    this.#disk.onIdle();
  }

  /** About the middle of the disk. @param {number} factor */
  zoom(factor) {
    const { cx, cy } = this.#state.frame;
    this.zoomAt([cx, cy], factor);
  }

  /** @param {Point} px the pixel that stays @param {number} factor */
  zoomAt(px, factor) {
    this.#disk.motion.finish();
    this.#state.setView(zoomed(this.#state.view, this.#state.frame, px, factor));
  }

  /** Move the chosen handle, or else the disk. @param {number} dx @param {number} dy in radii */
  pan(dx, dy) {
    if (this.#nudge([dx / 4, dy / 4])) return;
    this.#disk.motion.finish();
    this.#state.setView(panned(this.#state.view, dx, dy));
  }

  /**
   * Move the chosen handle on the screen; Python gets its place when the keys rest.
   * @param {Point} by in disk radii
   * @returns {boolean} whether there is one
   */
  #nudge([dx, dy]) {
    const { handles, view, frame } = this.#state;
    const id = handles.chosen;
    const at = id === null ? null : handles.at(id);
    if (id === null || !at) return false;
    const [x, y] = toScreen(view, frame, at);
    handles.move(id, toBase(view, frame, [x + frame.radius * dx, y - frame.radius * dy]));
    clearTimeout(this.#nudged);
    this.#nudged = window.setTimeout(() => {
      const end = this.#disk.gone ? null : handles.drop(id);
      if (end) this.#disk.events.handle(id, end);
    }, NUDGE);
    return true;
  }

  /** @param {Tool} tool the present one again puts it away */
  tool(tool) {
    if (this.#state.cloud) this.#state.setTool(this.#state.tool === tool ? "move" : tool);
  }

  pictures() {
    const { cloud, scene, showPictures } = this.#state;
    if (!cloud) return;
    if (!scene?.cloud?.tile) return showMessage(this.#disk.parts, `${NO_PICTURES}.`, BRIEFLY);
    this.#state.setShowPictures(!showPictures);
    this.#disk.onIdle();
  }

  async table() {
    const { parts, table, transition } = this.#disk;
    if (!this.#state.cloud) return;
    if (table.isOpen) return table.close();
    press(parts, "table", true);
    this.#state.setHovered(-1);
    await transition.measure();
    updatePanels(this.#disk);
    table.open();
  }

  turn() {
    const { name } = this.#state.positions.layout;
    return this.#disk.transition.choose(name === "query" ? "origin" : "query");
  }

  /** Keys may come faster than distances: one step after the other. @param {number} by */
  step(by) {
    this.#steps = this.#steps.then(() => this.#stepOnce(by));
  }

  /** @param {number} by */
  async #stepOnce(by) {
    const { live } = this.#disk.parts;
    const state = this.#state;
    if (!state.scene?.cloud) {
      live.textContent = state.handles.choose(by);
      return;
    }
    const row = await this.#nav.next(state.focused, by);
    if (row < 0) return;
    state.setFocused(row);
    if (!state.screenXY) this.#disk.onIdle();
    state.setHovered(row);
    this.#pointing.look(row, true);
    live.textContent = inWords(state, row);
  }

  /** Put away what was chosen last: tool, image, selection, highlight. */
  clear() {
    const state = this.#state;
    state.handles.release();
    if (state.tool !== "move") return this.tool("move");
    this.#pointing.look(-1, true);
    state.setHovered(-1);
    state.setFocused(-1);
    if (state.scene?.selection.length) this.#disk.events.select([]);
    else if (state.scene?.highlight.length) this.#disk.events.highlight([]);
  }

  /** Copy the address of the view, and say what it cannot carry. */
  async copyLink() {
    const linked = this.#state.scene?.query?.linked ?? true;
    const left = linked ? "" : " Your own picture is not in it: a link cannot carry it.";
    let done = "Link copied.";
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      done = "The link is the address of this page: copy it there.";
    }
    showMessage(this.#disk.parts, done + left, linked ? BRIEFLY : LONGER);
  }
}
