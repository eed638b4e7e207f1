// The disk: holds what is shown and how it is looked at, draws a frame when something changed, and
// works out at rest what is too slow for every frame (which point is where, labels, pictures).

import { act } from "./input/bindings.js";
import { build } from "./panels/build.js";
import { Card } from "./panels/card.js";
import { coloursOf, recolour } from "./layers/colouring.js";
import { highlightFlags, setSelected } from "./layers/colours.js";
import { fetchCloud, reason } from "./data.js";
import { address } from "./panels/dom.js";
import { Echo } from "./echo_filter.js";
import { Handles } from "./handles.js";
import { GroupLabels } from "./layers/labels.js";
import { Lasso } from "./input/lasso.js";
import { Motion } from "./input/motion.js";
import { paint, stageOf } from "./layers/frame.js";
import { sayLayout, sayShown, showTools, updatePanels } from "./panels/panels.js";
import { Picker, screenPositions } from "./math/picking.js";
import { Pictures, shuffled } from "./layers/pictures.js";
import { Places } from "./math/positions.js";
import { createPoints } from "./layers/points.js";
import { sizes } from "./layers/sizes.js";
import { Table } from "./panels/table.js";
import { onThemeChange } from "./layers/theme.js";
import { Threshold } from "./panels/threshold.js";
import { Turning } from "./input/layout_transition.js";
import { HOME, pack, unpack } from "./math/view.js";
import { Legend } from "./panels/legend.js";

/** @import { Cloud, Events, Scene } from "./types.js" */

const REST = 180; // ms without movement before the slow things are worked out

export class Disk {
  /** @param {HTMLElement} root @param {Events} events */
  constructor(root, events) {
    this.events = events;
    this.motion = new Motion();
    this.lasso = new Lasso();
    this.labels = new GroupLabels();
    this.picker = new Picker();
    /** @type {Echo<[string, number[] | null]>} */
    this.views = new Echo();
    /** @type {Echo<number>} */
    this.cuts = new Echo();
    this.handles = new Handles();

    this.view = HOME;
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Cloud | null} */
    this.cloud = null;
    this.places = new Places(new Float32Array(0), 1);
    this.threshold = Infinity;
    this.flags = new Uint8Array(0);
    /** @type {import("./layers/colouring.js").Colouring | null} */
    this.colouring = null;
    /** @type {Float32Array | null} */
    this.screenXY = null;
    this.buffer = new Float32Array(0);
    /** @type {"move" | "lasso" | "box"} */
    this.tool = "move";
    this.hovered = -1;
    /** @type {Pictures | null} */
    this.pictures = null;
    this.showPictures = false;
    this.ticket = 0;
    this.timer = 0;
    this.gone = false;

    this.turning = new Turning(this);
    const { buttons, begin } = act(this);
    this.parts = build(root, buttons, (layout) => this.turning.ask(layout));
    this.renderer = createPoints(this.parts.points);
    this.card = new Card(this.parts.stage);
    this.legend = new Legend(this.parts.legend, { onPick: (name) => this.pickGroup(name) });
    this.table = new Table(this.parts.stage, {
      onQuery: (row) => events.query(row),
      onClose: () => this.press("table", false),
    });
    this.cut = new Threshold(this.parts.strip, {
      onMove: (value) => this.setThreshold(value),
      onCommit: (value) => {
        this.cuts.tell(value);
        events.threshold(value);
      },
    });
    this.frame = sizes(this.parts);
    const resize = new ResizeObserver(() => this.resize());
    resize.observe(this.parts.stage);
    const listening = begin();
    const theme = onThemeChange(root, () => this.retheme());
    this.stopAll = () => [() => resize.disconnect(), listening, theme].forEach((end) => end());
    this.resize();
  }

  /** Show what Python says. Safe to call again with the same or another scene. @param {Scene} scene */
  update(scene) {
    const before = this.scene;
    this.scene = scene;
    this.parts.stage.setAttribute("aria-label", scene.label);
    this.handles.follow(scene.shapes);
    const moved = this.views.isNews([scene.layout, scene.at]);
    if (scene.threshold && this.cuts.isNews(scene.threshold.value)) {
      this.setThreshold(scene.threshold.value);
    }
    if (!scene.threshold) this.threshold = Infinity;
    this.parts.strip.hidden = !scene.threshold;
    if (scene.cloud?.points !== before?.cloud?.points) this.load(scene);
    else if (this.cloud) this.refresh(before, moved);
    else if (moved) this.view = (scene.at && unpack(scene.at)) || HOME;
    if (!scene.cloud) this.places.layout = { name: "origin", unit: scene.unit };
    showTools(this);
    sayLayout(this);
    this.requestDraw();
  }

  /** Fetch another gallery's points. @param {Scene} scene */
  async load(scene) {
    this.cloud = this.colouring = this.pictures = this.screenXY = null;
    this.turning.stop();
    this.places = new Places(new Float32Array(0), scene.unit);
    this.lasso.clear();
    this.hover(-1);
    if (!scene.cloud) return;
    const { points } = scene.cloud;
    try {
      const cloud = await fetchCloud(points);
      if (this.gone || this.scene?.cloud?.points !== points) return;
      this.cloud = cloud;
      this.say("");
    } catch (error) {
      this.say(reason(error));
      return;
    }
    const { cloud } = this;
    this.places = new Places(cloud.xy, cloud.unit);
    this.buffer = new Float32Array(cloud.xy.length);
    this.flags = new Uint8Array(cloud.count);
    this.pictures = new Pictures(
      (tile) => address(this.scene?.cloud?.tile ?? "", { tile }),
      cloud.tiles,
      () => this.requestDraw(),
    );
    this.renderer.setPositions(cloud.xy, cloud.xy);
    this.renderer.setUncertainty(cloud.uncertainty);
    this.renderer.setFlags(this.flags);
    this.refresh(null, true);
  }

  /**
   * Take over what changed since the scene `before`, or everything after loading.
   * @param {Scene | null} before
   * @param {boolean} moved whether Python wants another view
   */
  refresh(before, moved) {
    const { scene, cloud } = this;
    if (!scene?.cloud || !cloud) return;
    if (!scene.selection.length) this.lasso.clear();
    if (changed(marksOf, before, scene)) {
      highlightFlags(cloud, scene.highlight, this.flags);
      setSelected(this.flags, scene.selection);
      this.renderer.setFlags(this.flags);
    }
    if (changed(coloursOf, before, scene)) recolour(this);
    else updatePanels(this);
    const asked = before?.query?.who !== scene.query?.who;
    const view = scene.at && unpack(scene.at);
    if (asked) this.turning.forget();
    const turned = moved && scene.layout !== this.turning.target;
    // Another query in the middle, also when Python does not know yet that the user turned to it.
    if (asked && !turned && this.turning.target === "query") {
      this.turning.to("query", moved ? view : null, before !== null);
    } else if (moved) this.turning.show(scene.layout, view, before !== null);
    sayLayout(this);
    this.restSoon();
  }

  /** @param {number} value */
  setThreshold(value) {
    this.threshold = value;
    this.cut.setValue(value);
    this.requestDraw();
  }

  /** A group in the legend was pressed. @param {string} name */
  pickGroup(name) {
    const path = this.colouring?.pathOf(name) ?? [];
    const same = JSON.stringify(path) === JSON.stringify(this.scene?.highlight);
    this.events.highlight(same ? [] : path);
  }

  requestDraw() {
    if (!this.ticket && !this.gone) {
      this.ticket = requestAnimationFrame(() => {
        this.ticket = 0;
        paint(this);
      });
    }
  }

  /** The view moves: what holds at rest does not hold now. */
  stir() {
    this.screenXY = null;
    this.hover(-1);
    this.requestDraw();
    this.restSoon();
  }

  restSoon() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.rest(), REST);
  }

  /** Work out what only holds while nothing moves. Does nothing while something does. */
  rest() {
    clearTimeout(this.timer);
    if (this.gone || !this.scene || this.motion.running || this.turning.pressed) return;
    if (this.cloud) this.settle(this.cloud);
    this.turning.tell();
    this.requestDraw();
  }

  /** @param {Cloud} cloud */
  settle(cloud) {
    const { places, frame, view } = this;
    const { from, to, t } = places;
    this.screenXY = screenPositions(frame, view, from, to, t, this.buffer);
    this.picker.rebuild(this.screenXY);
    const stage = stageOf(this);
    if (this.colouring) {
      this.labels.place(stage, this.colouring.names, this.colouring.codes, this.flags);
    }
    if (this.showPictures) this.pictures?.place(stage, this.pictured(cloud.count));
    sayShown(this);
  }

  /**
   * Rows in the order in which they get a picture: the query and its answers first.
   * @param {number} count
   */
  pictured(count) {
    const { query, hits = [] } = this.scene ?? {};
    const first = [query?.row ?? -1, ...hits.map(({ row }) => row)].filter((row) => row >= 0);
    const rows = new Uint32Array(first.length + count);
    rows.set(first);
    rows.set(shuffled(count), first.length);
    return rows;
  }

  /** Ring a point; its card comes when the pointer stays. @param {number} row -1 for none */
  hover(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    if (row < 0) this.card.hide();
    const detail = { row, from: "disk" };
    window.dispatchEvent(new CustomEvent("hypuml:point", { detail }));
    this.requestDraw();
  }

  /** @param {string} name @param {boolean} on */
  press(name, on) {
    this.parts.buttons[name].setAttribute("aria-pressed", String(on));
  }

  /** A sentence in the middle of the stage; nothing clears it. @param {string} text */
  say(text) {
    this.parts.note.textContent = text;
    this.parts.note.hidden = !text;
  }

  resize() {
    this.frame = sizes(this.parts);
    this.renderer.resize(this.frame);
    this.stir();
  }

  retheme() {
    if (this.cloud) recolour(this);
    this.requestDraw();
  }

  /** @returns {[string, number[] | null]} layout and view, as Python keeps them */
  packed() {
    const still = !this.turning.isMoved() && this.view.zoom === 1;
    return [this.places.layout.name, still ? null : pack(this.view)];
  }

  destroy() {
    this.gone = true;
    this.motion.finish();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.ticket);
    this.stopAll();
    this.card.destroy();
    this.renderer.destroy();
  }
}

/** What the points' flags say. @param {Scene} scene */
function marksOf({ highlight, selection }) {
  return [highlight, selection];
}

/**
 * Whether a part of the scene is not what it was: what costs a pass over all points is not done on
 * every rerun.
 * @param {(scene: Scene) => unknown} part
 * @param {Scene | null} before
 * @param {Scene} now
 */
function changed(part, before, now) {
  return !before || JSON.stringify(part(before)) !== JSON.stringify(part(now));
}
