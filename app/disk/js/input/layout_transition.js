// Turning from one layout to another, and moving the view: what is animated, what Python is told.
//
// To the query-centred view in two steps, each of which means something: the picture glides (an
// isometry) until the query is in the middle, then every point goes along its ray to its true
// distance. Back in the reverse order. Other turns take each point straight to its new place.

import { around } from "../math/around.js";
import { fetchAround, fetchUmap } from "../data.js";
import { address } from "../panels/dom.js";
import {
  IDENTITY, angleOf, apply, centre, compose, dist0, inside, rotation, translation,
} from "../math/hyperbolic.js";
import { sayLayout, updatePanels } from "../panels/panels.js";
import { HOME, between, glidedTo } from "../math/view.js";

/** @import { Point, View } from "../types.js" */
/** @import { Disk } from "../disk.js" */
/** @typedef {"origin" | "query" | "umap"} Name */

const GLIDE = 420; // ms
const SPREAD = 480;

export class Turning {
  /** @param {Disk} disk */
  constructor(disk) {
    this.disk = disk;
    /** Whether a button or finger holds the view. */
    this.pressed = false;
    /** @type {Float32Array | null} true distances to the query, where they are known */
    this.distances = null;
    this.turn = 0;
    /** Where the present or last turn leads. @type {Name} */
    this.target = "origin";
  }

  /** Which layouts there are. @returns {Record<Name, boolean>} */
  possible() {
    const { cloud, scene } = this.disk;
    return { origin: true, query: Boolean(cloud && scene?.query), umap: Boolean(cloud?.umap) };
  }

  /** Whether the origin has left the middle. */
  isMoved() {
    return dist0(centre(this.disk.view.move)) > 1e-6;
  }

  /** Another gallery comes: forget what belongs to this one. */
  stop() {
    this.turn += 1;
    this.target = "origin";
    this.distances = null;
    this.disk.motion.finish();
  }

  /** The user wants a layout. @param {Name} name */
  async ask(name) {
    await this.to(name, null, true);
    this.tell();
  }

  /**
   * Python wants a view.
   * @param {Name} name
   * @param {View | null} view
   * @param {boolean} animated
   */
  async show(name, view, animated) {
    if (name !== this.target) await this.to(name, view, animated);
    else await this.fly(view ?? HOME, animated);
  }

  /** Another query asks: its distances are not known yet. */
  forget() {
    this.distances = null;
    if (this.disk.table.isOpen) this.measure();
  }

  /**
   * Tell Python where the view came to rest, if it does not know.
   */
  tell() {
    const { disk } = this;
    if ((disk.scene?.cloud && !disk.cloud) || disk.motion.running || this.pressed) return;
    const [layout, at] = disk.packed();
    const said = JSON.stringify([layout, at]);
    if (said === (disk.views.waiting.at(-1) ?? disk.views.last)) return;
    disk.views.tell([layout, at]);
    disk.events.view(layout, at);
  }

  /**
   * True distances to the query; null, and a sentence, where they cannot be had.
   * @returns {Promise<{distances: Float32Array, unit: number} | null>}
   */
  async measure() {
    const { scene } = this.disk;
    if (!scene?.cloud || !scene.query) return null;
    const { who } = scene.query;
    try {
      const found = await fetchAround(address(scene.cloud.around, { who }));
      if (this.disk.scene?.query?.who !== who) return null;
      this.distances = found.distances;
      updatePanels(this.disk);
      return found;
    } catch {
      this.disk.say("The distances to this query are no longer known here: ask with it again.");
      return null;
    }
  }

  /**
   * @param {Name} name
   * @param {View | null} view to end with; the start of the layout when null
   * @param {boolean} animated
   */
  async to(name, view, animated) {
    const { disk } = this;
    const { cloud, scene, places } = disk;
    if (!cloud || !scene || !this.possible()[name]) return;
    const turn = ++this.turn;
    this.target = name;
    const former = places.layout.name;
    const glide = animated ? GLIDE : 0;
    const spread = animated ? SPREAD : 0;
    if (name === "query") {
      const found = await this.measure();
      if (!found && turn === this.turn) this.target = former;
      if (!found || turn !== this.turn || disk.gone) return;
      const q = /** @type {Point} */ (this.anchor());
      const sets = around(cloud.xy, q, found.distances, found.unit, cloud.exact);
      const layout = { name, unit: found.unit };
      if (former === "origin") {
        await this.fly(glidedTo(disk.view, q), glide > 0);
        if (turn !== this.turn) return;
        const turned = rotation(angleOf(compose(disk.view.move, translation(q))));
        disk.view = { ...disk.view, move: turned };
        this.place(layout, sets.from, sets.to, q);
      } else this.morph(layout, sets.to, q);
      await this.spread(spread, 1);
    } else if (name === "origin" && former === "query") {
      const { centre: q } = places;
      await this.spread(spread, 0);
      if (turn !== this.turn) return;
      const move = compose(disk.view.move, translation([-q[0], -q[1]]));
      disk.view = { ...disk.view, move };
      this.place({ name, unit: cloud.unit }, cloud.xy, cloud.xy);
    } else {
      const umap = name === "umap" ? await fetchUmap(scene.cloud?.umap ?? "").catch(() => null) : null;
      if (turn !== this.turn) return;
      if (name === "umap" && !umap) {
        this.target = former;
        return;
      }
      if (umap) this.morph({ name, unit: null }, umap);
      else this.morph({ name: "origin", unit: cloud.unit }, cloud.xy);
      await this.spread(spread, 1);
    }
    if (turn === this.turn) await this.fly(view ?? HOME, glide > 0);
  }

  /** Where the query lies on the gallery's disk. @returns {Point | null} */
  anchor() {
    const { scene, cloud } = this.disk;
    const row = scene?.query?.row;
    if (row === null || row === undefined || !cloud) return scene?.query?.xy ?? null;
    return [cloud.xy[2 * row], cloud.xy[2 * row + 1]];
  }

  /**
   * @param {import("../types.js").Layout} layout
   * @param {Float32Array} from
   * @param {Float32Array} to
   * @param {Point} [q]
   */
  place(layout, from, to, q) {
    const { disk } = this;
    disk.places.set(layout, from, to, q);
    disk.renderer.setPositions(from, to);
    disk.lasso.clear();
    sayLayout(disk);
    disk.stir();
  }

  /**
   * Begin at what is displayed now, whatever that is.
   * @param {import("../types.js").Layout} layout
   * @param {Float32Array} to
   * @param {Point} [q]
   */
  morph(layout, to, q) {
    const { disk } = this;
    const from = disk.places.displayed(disk.view.move);
    disk.view = { ...disk.view, move: IDENTITY };
    this.place(layout, from, to, q);
  }

  /** @param {number} ms @param {0 | 1} end the time between the sets to end at */
  async spread(ms, end) {
    const { disk } = this;
    await disk.motion.run(ms, (t) => {
      disk.places.t = end ? t : 1 - t;
      disk.stir();
    });
  }

  /** @param {View} view @param {boolean} animated */
  async fly(view, animated) {
    const { disk } = this;
    const start = disk.view;
    await disk.motion.run(animated ? GLIDE : 0, (t) => {
      disk.view = t === 1 ? view : between(start, view, t);
      disk.stir();
    });
  }

  /**
   * Where a point of the gallery's disk lies in this layout; null where that is not known.
   * @param {Point} z
   * @returns {Point | null}
   */
  placeOf(z) {
    const { cloud, places } = this.disk;
    const { layout, centre: q } = places;
    if (!cloud || layout.name === "origin") return z;
    if (layout.name === "umap" || !cloud.exact) return null;
    return inside(apply(translation([-q[0], -q[1]]), z));
  }
}
