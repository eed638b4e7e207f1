// Changing from one layout to another, and moving the view: what is animated, and what Python is
// sent.
//
// To the query-centred view in two steps, each of which means something: the picture glides (an
// isometry) until the query is in the middle, then every point goes along its ray to its true
// distance. Back in the reverse order. Other changes take each point straight to its new place.

import { address, fetchAround, fetchUmap } from "../data.js";
import { around } from "../math/around.js";
import { IDENTITY, angleOf, compose, rotation, translation } from "../math/hyperbolic.js";
import { Positions } from "../math/positions.js";
import { HOME, between, glidedTo } from "../math/view.js";
import { showMessage } from "../panels/update.js";

/** @import { Disk } from "../disk.js" */
/** @import { LayoutName, Point, View } from "../types.js" */

const GLIDE = 420; // ms
const SPREAD = 480;

/**
 * A change under way: where from, whether it is animated, and whether no other one has begun.
 * @typedef {{former: LayoutName, animated: boolean, isLast: () => boolean}} Change
 */

export class LayoutTransition {
  #disk;
  #state;
  #count = 0;
  /** @type {LayoutName} */
  #target = "origin";

  /** @param {Disk} disk */
  constructor(disk) {
    this.#disk = disk;
    this.#state = disk.state;
  }

  /** Where the present or last change leads. */
  get target() {
    return this.#target;
  }

  /** Another gallery comes: end what is under way. */
  stop() {
    this.#count += 1;
    this.#target = "origin";
    this.#disk.motion.finish();
  }

  /** The user chose a layout. @param {LayoutName} name */
  async choose(name) {
    await this.to(name, null, true);
    this.report();
  }

  /**
   * Python wants a view.
   * @param {LayoutName} name @param {View | null} view @param {boolean} animated
   */
  async follow(name, view, animated) {
    if (name !== this.#target) await this.to(name, view, animated);
    else await this.fly(view ?? HOME, animated);
  }

  /** Another query: its distances are not known yet. */
  forgetDistances() {
    this.#state.setDistances(null);
    if (this.#disk.table.isOpen) this.measure();
  }

  /** Send Python where the view came to rest, if it does not have that. */
  report() {
    const { events, motion, views } = this.#disk;
    const { cloud, held, packed, scene } = this.#state;
    if ((scene?.cloud && !cloud) || motion.running || held || views.isCurrent(packed)) return;
    views.sent(packed);
    events.view(...packed);
  }

  /** Fetch the true distances to the query; null where they cannot be had. */
  async measure() {
    const { scene } = this.#state;
    if (!scene?.cloud || !scene.query) return null;
    const { who } = scene.query;
    try {
      const found = await fetchAround(address(scene.cloud.around, { who }));
      if (this.#state.scene?.query?.who !== who) return null;
      this.#state.setDistances(found.distances);
      return found;
    } catch {
      const lost = "The distances to this query are no longer known here: ask with it again.";
      showMessage(this.#disk.parts, lost);
      return null;
    }
  }

  /**
   * @param {LayoutName} name
   * @param {View | null} view to end with; the start of the layout when null
   * @param {boolean} animated
   */
  async to(name, view, animated) {
    const { cloud, layouts, positions } = this.#state;
    if (!cloud || !layouts[name]) return;
    const count = ++this.#count;
    const former = positions.layout.name;
    this.#target = name;
    const isLast = () => count === this.#count && !this.#disk.gone;
    const change = { former, animated, isLast };
    let possible = true;
    if (name === "query") possible = await this.#toQuery(change);
    else if (name === "umap") possible = await this.#toUmap(change);
    else if (former === "query") await this.#fromQuery(change);
    else await this.#straight(new Positions({ name, unit: cloud.unit }, cloud.xy), change);
    if (!isLast()) return;
    if (possible) await this.fly(view ?? HOME, animated);
    else this.#target = former;
  }

  /** @param {Change} change @returns {Promise<boolean>} false where there are no distances */
  async #toQuery({ former, animated, isLast }) {
    const state = this.#state;
    const found = await this.measure();
    const { cloud } = state;
    if (!found || !cloud || !isLast()) return Boolean(found);
    const q = /** @type {Point} */ (this.#queryPlace());
    const { from, to } = around(cloud.xy, q, found.distances, found.unit, cloud.exact);
    /** @type {import("../types.js").Layout} */
    const layout = { name: "query", unit: found.unit };
    if (former !== "origin") {
      await this.#straight(new Positions(layout, to, to, q), { former, animated, isLast });
      return true;
    }
    await this.fly(glidedTo(state.view, q), animated);
    if (!isLast()) return true;
    const turned = rotation(angleOf(compose(state.view.move, translation(q))));
    state.setView({ ...state.view, move: turned });
    state.setPositions(new Positions(layout, from, to, q));
    await this.#spread(animated, (t) => t);
    return true;
  }

  /** Every point back to where the gallery's disk has it. @param {Change} change */
  async #fromQuery({ animated, isLast }) {
    const state = this.#state;
    const { centre: q } = state.positions;
    await this.#spread(animated, (t) => 1 - t);
    const { cloud } = state;
    if (!cloud || !isLast()) return;
    const move = compose(state.view.move, translation([-q[0], -q[1]]));
    state.setView({ ...state.view, move });
    state.setPositions(new Positions({ name: "origin", unit: cloud.unit }, cloud.xy));
  }

  /** @param {Change} change @returns {Promise<boolean>} false where it could not be fetched */
  async #toUmap(change) {
    const url = this.#state.scene?.cloud?.umap ?? "";
    const xy = await fetchUmap(url).catch(() => null);
    if (!xy || !change.isLast()) return Boolean(xy);
    await this.#straight(new Positions({ name: "umap", unit: null }, xy), change);
    return true;
  }

  /**
   * From what is displayed now, whatever that is, straight to other positions.
   * @param {Positions} end @param {Change} change
   */
  async #straight({ layout, to, centre }, { animated }) {
    const state = this.#state;
    const from = state.positions.displayed(state.view.move);
    state.setView({ ...state.view, move: IDENTITY });
    state.setPositions(new Positions(layout, from, to, centre));
    await this.#spread(animated, (t) => t);
  }

  /** @param {boolean} animated @param {(t: number) => number} time between the sets */
  #spread(animated, time) {
    const state = this.#state;
    return this.#disk.motion.run(animated ? SPREAD : 0, (t) => {
      state.setPositions(state.positions.at(time(t)));
    });
  }

  /** @param {View} view @param {boolean} animated */
  fly(view, animated) {
    const state = this.#state;
    const start = state.view;
    return this.#disk.motion.run(animated ? GLIDE : 0, (t) => {
      state.setView(t === 1 ? view : between(start, view, t));
    });
  }

  /** Where the query lies on the gallery's disk. @returns {Point | null} */
  #queryPlace() {
    const { scene, cloud } = this.#state;
    const row = scene?.query?.row;
    if (row === null || row === undefined || !cloud) return scene?.query?.xy ?? null;
    return [cloud.xy[2 * row], cloud.xy[2 * row + 1]];
  }
}
