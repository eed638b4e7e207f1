// The disk: builds the parts of the page, brings them up to date when the store changes, and works
// out on idle what is too slow for every frame (which point is where, names, thumbnails).

import { address } from "./data.js";
import { EchoFilter } from "./echo_filter.js";
import { bind } from "./input/bindings.js";
import { LayoutTransition } from "./input/layout_transition.js";
import { Motion } from "./input/motion.js";
import { recolour } from "./layers/colouring.js";
import { drawFrame, stageOf } from "./layers/frame.js";
import { GroupLabels } from "./layers/labels.js";
import { Pictures, pictureOrder } from "./layers/pictures.js";
import { createPoints } from "./layers/points.js";
import { measureStage } from "./layers/sizes.js";
import { onThemeChange } from "./layers/theme.js";
import { Picker, screenPositions } from "./math/picking.js";
import { build } from "./panels/build.js";
import { Card } from "./panels/card.js";
import { Legend } from "./panels/legend.js";
import { Table } from "./panels/table.js";
import { Threshold } from "./panels/threshold.js";
import { press, showCount, showLayout, showTools, updatePanels } from "./panels/update.js";
import { followScene } from "./scene.js";
import { State } from "./state.js";

/** @import { Part } from "./state.js" */
/** @import { Cloud, Events, Scene } from "./types.js" */

const IDLE = 180; // ms without movement before the slow things are worked out

export class Disk {
  /** @type {Pictures | null} */
  #pictures = null;
  #ticket = 0;
  #timer = 0;
  #frames = 0;
  #gone = false;
  /** @type {(() => void)[]} */
  #stops = [];
  /** What brings each part of the page up to date. @type {Record<Part, () => void>} */
  #refresh = {
    frame: () => this.#requestFrame(),
    index: () => this.idleSoon(),
    positions: () => this.renderer.setPositions(this.state.positions.from, this.state.positions.to),
    flags: () => this.renderer.setFlags(this.state.flags),
    hover: () => this.#announceHover(),
    tools: () => showTools(this),
    layout: () => showLayout(this),
    panels: () => updatePanels(this),
    threshold: () => this.cut.setValue(this.state.threshold),
  };

  /** @param {HTMLElement} root @param {Events} events */
  constructor(root, events) {
    this.events = events;
    this.state = new State((part) => this.#refresh[part]());
    this.motion = new Motion();
    this.labels = new GroupLabels();
    this.picker = new Picker();
    /** @type {EchoFilter<[string, number[] | null]>} */
    this.views = new EchoFilter();
    /** @type {EchoFilter<number>} */
    this.cuts = new EchoFilter();
    this.transition = new LayoutTransition(this);
    const { buttons, listen } = bind(this);
    this.parts = build(root, buttons, (layout) => this.transition.choose(layout));
    this.renderer = createPoints(this.parts.points);
    this.card = new Card(this.parts.stage);
    this.legend = new Legend(this.parts.legend, { onPick: (name) => this.#pickGroup(name) });
    this.table = new Table(this.parts.stage, {
      onQuery: (row) => events.query(row),
      onClose: () => press(this.parts, "table", false),
    });
    this.cut = new Threshold(this.parts.strip, {
      onMove: (value) => this.state.setThreshold(value),
      onCommit: (value) => {
        this.cuts.sent(value);
        events.threshold(value);
      },
    });
    Object.freeze(this);
    const resize = new ResizeObserver(() => this.#resize());
    resize.observe(this.parts.stage);
    const theme = onThemeChange(root, () => this.#retheme());
    this.#stops = [() => resize.disconnect(), listen(), theme];
    this.#resize();
  }

  /** The thumbnails on the disk; null without a gallery. */
  get pictures() {
    return this.#pictures;
  }

  /** Frames drawn so far. */
  get frames() {
    return this.#frames;
  }

  /** Whether another frame is due. */
  get due() {
    return this.#ticket !== 0;
  }

  /** Whether the component has gone away. */
  get gone() {
    return this.#gone;
  }

  /** Show a scene. Safe to call again with the same or another one. @param {Scene} scene */
  update(scene) {
    followScene(this, scene);
  }

  /** Begin with a gallery's thumbnails anew. @param {Cloud | null} cloud null for none */
  resetPictures(cloud) {
    this.#pictures = cloud && new Pictures(
      (tile) => address(this.state.scene?.cloud?.tile ?? "", { tile }),
      cloud.tiles,
      () => this.#requestFrame(),
    );
  }

  /** A group in the legend was pressed. @param {string} name */
  #pickGroup(name) {
    const path = this.state.colouring?.pathOf(name) ?? [];
    const same = JSON.stringify(path) === JSON.stringify(this.state.scene?.highlight);
    this.events.highlight(same ? [] : path);
  }

  #requestFrame() {
    if (this.#ticket || this.#gone) return;
    this.#ticket = requestAnimationFrame(() => {
      this.#ticket = 0;
      this.#frames += 1;
      drawFrame(this);
    });
  }

  /** Nothing has to be worked out. */
  skipIdle() {
    clearTimeout(this.#timer);
  }

  /** Work out what is out of date once nothing has moved for a while. */
  idleSoon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.onIdle(), IDLE);
  }

  /** Work out what only holds while nothing moves. Does nothing while something does. */
  onIdle() {
    const { state } = this;
    clearTimeout(this.#timer);
    if (this.#gone || !state.scene || this.motion.running || state.held) return;
    if (state.cloud) this.#rebuildIndex(state.cloud);
    this.transition.report();
    this.#requestFrame();
  }

  /** @param {Cloud} cloud */
  #rebuildIndex(cloud) {
    const { state } = this;
    const { from, to, t } = state.positions;
    const pixels = new Float32Array(2 * cloud.count);
    state.setScreenXY(screenPositions(state.frame, state.view, from, to, t, pixels));
    this.picker.rebuild(pixels);
    const stage = stageOf(this);
    const { colouring } = state;
    if (colouring) this.labels.place(stage, colouring.names, colouring.codes, state.flags);
    if (state.showPictures) this.#pictures?.place(stage, pictureOrder(state.scene, cloud.count));
    showCount(this);
  }

  /** Tell the rest of the page which row is pointed at; its card comes when the pointer stays. */
  #announceHover() {
    const row = this.state.hovered;
    if (row < 0) this.card.hide();
    window.dispatchEvent(new CustomEvent("hypuml:point", { detail: { row, from: "disk" } }));
  }

  #resize() {
    const frame = measureStage(this.parts);
    this.renderer.resize(frame);
    this.state.setFrame(frame);
  }

  #retheme() {
    if (this.state.cloud) recolour(this);
    this.#requestFrame();
  }

  destroy() {
    this.#gone = true;
    this.motion.finish();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#ticket);
    this.#stops.forEach((stop) => stop());
    this.card.destroy();
    this.renderer.destroy();
  }
}
