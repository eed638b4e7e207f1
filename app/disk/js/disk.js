// The disk: holds what is shown and how it is looked at, draws a frame when something changed, and
// works out at rest what is too slow for every frame (which point is where, labels, pictures).

import { act } from "./acting.js";
import { build } from "./build.js";
import { Card } from "./card.js";
import { coloursOf, recolour } from "./colouring.js";
import { highlightFlags, setSelected } from "./colours.js";
import { fetchCloud } from "./data.js";
import { count } from "./dom.js";
import { Echo } from "./echo.js";
import { drawGrid } from "./grid.js";
import { drawInset } from "./inset.js";
import { GroupLabels } from "./labels.js";
import { Lasso } from "./lasso.js";
import { Motion, reducedMotion } from "./motion.js";
import { Picker, screenPositions } from "./picking.js";
import { Pictures } from "./pictures.js";
import { Places } from "./places.js";
import { createPoints } from "./points.js";
import { drawShapes } from "./shapes.js";
import { sizes } from "./sizes.js";
import { Table } from "./table.js";
import { onThemeChange, readTheme } from "./theme.js";
import { Threshold } from "./threshold.js";
import { Turning } from "./turning.js";
import { HOME, pack, toScreen, unpack } from "./view.js";
import { Legend } from "./legend.js";

/** @typedef {import("./types.js").Anchor} Anchor */
/** @typedef {import("./types.js").Cloud} Cloud */
/** @typedef {import("./types.js").Events} Events */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Scene} Scene */
/** @typedef {import("./types.js").Stage} Stage */

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
    /** @type {Map<string, Point>} */
    this.handles = new Map();
    /** @type {Map<string, Echo<Point>>} */
    this.drops = new Map();

    this.view = HOME;
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Cloud | null} */
    this.cloud = null;
    this.places = new Places(new Float32Array(0), 1);
    this.threshold = Infinity;
    this.flags = new Uint8Array(0);
    /** @type {import("./colouring.js").Colouring | null} */
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
    this.followHandles(scene);
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
      this.say(error instanceof Error ? error.message : String(error));
      return;
    }
    const { cloud } = this;
    this.places = new Places(cloud.xy, cloud.unit);
    this.buffer = new Float32Array(cloud.xy.length);
    this.flags = new Uint8Array(cloud.count);
    this.pictures = new Pictures(
      (tile) => (this.scene?.cloud?.tile ?? "").replace("{tile}", String(tile)),
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
    highlightFlags(cloud, scene.highlight, this.flags);
    setSelected(this.flags, scene.selection);
    if (!scene.selection.length) this.lasso.clear();
    this.renderer.setFlags(this.flags);
    if (JSON.stringify(coloursOf(scene)) !== JSON.stringify(before && coloursOf(before))) {
      recolour(this);
    } else this.updatePanels();
    const asked = before?.query?.who !== scene.query?.who;
    const view = scene.at && unpack(scene.at);
    if (asked) this.turning.forget();
    const same = scene.layout === this.places.layout.name;
    if (asked && same && scene.layout === "query") this.turning.to("query", view, true);
    else if (moved) this.turning.show(scene.layout, view, before !== null);
    this.sayLayout();
    this.restSoon();
  }

  /** Everything below and over the stage that shows numbers or names. */
  updatePanels() {
    const { scene, cloud, colouring } = this;
    if (!scene?.cloud || !cloud) return;
    const { palette, range } = scene.cloud;
    if (scene.threshold) {
      const theme = readTheme(this.parts.root);
      const { uncertainty } = cloud;
      this.cut.update({ ...scene.threshold, uncertainty, palette, range, theme });
      this.cut.setValue(this.threshold);
    }
    if (colouring) this.legend.update(colouring.legend(scene));
    const { distances } = this.turning;
    const { threshold } = this;
    this.table.update({ cloud, scene, distances, threshold, hits: scene.hits });
  }

  /** @param {number} value */
  setThreshold(value) {
    this.threshold = value;
    this.cut.setValue(value);
    this.requestDraw();
  }

  /** What position means here, and which layout is pressed. */
  sayLayout() {
    const { name } = this.places.layout;
    const badge = this.scene?.badges.find(({ layout }) => layout === name);
    this.parts.badge.hidden = !badge;
    this.parts.badge.textContent = badge?.text ?? "";
    this.parts.badge.title = badge?.detail ?? "";
    this.parts.banner.hidden = name !== "umap";
    this.parts.layouts.mark(name, this.turning.possible());
  }

  /** A group in the legend was pressed. @param {string} name */
  pickGroup(name) {
    const path = this.colouring?.pathOf(name) ?? [];
    const same = JSON.stringify(path) === JSON.stringify(this.scene?.highlight);
    this.events.highlight(same ? [] : path);
  }

  /** Handles go where Python says, unless it only repeats where they were dropped. @param {Scene} scene */
  followHandles(scene) {
    const kept = new Set();
    for (const shape of scene.shapes) {
      if (shape.type !== "handle") continue;
      kept.add(shape.id);
      const echo = this.drops.get(shape.id) ?? new Echo();
      this.drops.set(shape.id, echo);
      if (echo.isNews(shape.at)) this.handles.set(shape.id, shape.at);
    }
    for (const id of [...this.handles.keys()]) {
      if (!kept.has(id)) [this.handles, this.drops].forEach((map) => map.delete(id));
    }
  }

  /** What drawing parts may read. @returns {Stage} */
  stage() {
    const { frame, view, cloud } = this;
    return {
      frame,
      view,
      cloud,
      theme: readTheme(this.parts.root),
      layout: this.places.layout,
      resolve: (anchor) => this.resolve(anchor),
      screen: (z) => toScreen(view, frame, z),
      base: (row) => this.places.base(row),
      screenXY: this.screenXY,
      reduced: reducedMotion(),
    };
  }

  /**
   * The base point of a place, null where this layout has none for it.
   * @param {Anchor} anchor
   * @returns {Point | null}
   */
  resolve(anchor) {
    const { scene, cloud, places } = this;
    if (Array.isArray(anchor)) return this.turning.placeOf(anchor);
    if ("handle" in anchor) return this.handles.get(anchor.handle) ?? null;
    if ("row" in anchor) {
      return cloud && anchor.row < places.count ? places.base(anchor.row) : null;
    }
    if (!scene?.query) return null;
    if (places.layout.name === "query") return [0, 0];
    const { row, xy } = scene.query;
    return row !== null && cloud ? places.base(row) : this.turning.placeOf(xy);
  }

  requestDraw() {
    if (!this.ticket && !this.gone) {
      this.ticket = requestAnimationFrame(() => {
        this.ticket = 0;
        this.draw();
      });
    }
  }

  draw() {
    const { scene, view, parts, places } = this;
    if (!scene || this.gone) return;
    const stage = this.stage();
    const { theme } = stage;
    drawGrid(this.clean(parts.under), stage);
    const size = dotSize(this.cloud?.count ?? 0) * (0.8 + 0.2 * Math.sqrt(view.zoom));
    const threshold = this.threshold + 5e-4; // half of the last decimal shown, as in app/facts.py
    this.renderer.draw(view, { t: places.t, size, threshold, theme });
    const over = this.clean(parts.over);
    const shapes = scene.shapes.filter((s) => !s.in?.length || s.in.includes(places.layout.name));
    if (this.showPictures) this.pictures?.draw(over, stage);
    drawShapes(over, shapes, stage);
    if (!this.showPictures && places.t === 1) this.labels.draw(over, stage);
    this.lasso.draw(over, stage);
    if (this.hovered >= 0) ring(over, stage.screen(places.base(this.hovered)), size, theme.ink);
    const inset = this.clean(parts.inset);
    if (this.turning.isMoved()) drawInset(inset, stage, INSET);
    parts.inset.hidden = !this.turning.isMoved();
  }

  /** @param {HTMLCanvasElement} canvas cleared, scaled to CSS pixels */
  clean(canvas) {
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const { ratio } = this.frame;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, canvas.width / ratio, canvas.height / ratio);
    return ctx;
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
    const stage = this.stage();
    if (this.colouring) {
      this.labels.place(stage, this.colouring.names, this.colouring.codes, this.flags);
    }
    if (this.showPictures) this.pictures?.place(stage);
    const seen = this.picker.inView(frame);
    this.parts.shown.textContent = `${count(seen)} of ${count(cloud.count)} shown`;
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

export const INSET = 64;

/** Diameter of a dot, as in hypuml/figures/dots.py. @param {number} n */
function dotSize(n) {
  return Math.min(10, Math.max(3, 16 - 2.75 * Math.log10(Math.max(n, 1))));
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Point} px
 * @param {number} size
 * @param {string} colour
 */
function ring(ctx, [x, y], size, colour) {
  ctx.beginPath();
  ctx.arc(x, y, size / 2 + 4, 0, 2 * Math.PI);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
}
