// The card of the point that is pointed at: picture, class, and numbers.
//
// The card lies in the browser's top layer, above every panel and dialog, and never takes the
// pointer. Where it goes depends on the point, not on the pointer, so that it stands still. What
// is on the page already is there at once; the place of what is fetched is kept until it comes.

import { address } from "../data.js";
import { isKept } from "../math/cut.js";
import { fixed } from "../math/numbers.js";
import { make, write } from "./dom.js";

/** @import { Cloud, Point, Scene } from "../types.js" */
/**
 * `distance` is the true one to the query where it is on the page; `threshold` is the present cut,
 * the scene's where it is not given.
 * @typedef {{cloud: Cloud, scene: Scene, distance: number | null, threshold?: number}} Look
 */
/**
 * The facts of an image, from the server.
 * @typedef {{id: string, path: string[], u: number, d0: number, distance: number | null,
 *            confidence: number | null, reason: string}} Facts
 */

/** Room between the point and the card, and between the card and the window's edge. */
const GAP = 16;
const EDGE = 8;
const MOST_FACTS = 300;
const WAITING = "…";
const UNKNOWN = "–";

export class Card {
  /** @param {HTMLElement} host where it is put; it is not moved by it */
  constructor(host) {
    /** By address. @type {Map<string, Facts>} */
    this.facts = new Map();
    /** What is shown, empty when nothing is; the address of its facts; that of its thumbnail. */
    this.key = this.url = this.thumb = "";
    this.element = make("div", "hypdisk-card", "", { "aria-hidden": "true" });
    this.picture = make("div", "picture");
    this.trail = make("p", "trail");
    this.name = make("p", "name");
    this.chip = make("span", "chip", "rejected");
    this.list = make("dl");
    this.u = this.fact("u");
    this.d0 = this.fact("d₀");
    this.distance = this.fact("to query");
    this.confidence = this.fact("confidence");
    this.element.append(this.picture, this.trail, this.name, this.list);
    this.picture.append(this.chip);
    if ("popover" in this.element) this.element.setAttribute("popover", "manual");
    host.append(this.element);
  }

  /**
   * Show the card of a row beside its point. Shown again for the same row, it stays as it is.
   * @param {number} row
   * @param {Point} px the point, in pixels of the window (clientX, clientY)
   * @param {Look} look
   */
  show(row, px, look) {
    const { scene, cloud } = look;
    const url = address(scene.cloud?.card ?? "", { row, who: scene.query?.who ?? "" });
    const rejected = !isKept(cloud.uncertainty[row], look.threshold ?? cutOf(scene));
    const key = JSON.stringify([url, row, rejected, look.distance]);
    if (key === this.key) return;
    this.key = key;
    this.url = url;
    this.showPicture(row, scene.cloud?.picture ?? "");
    this.chip.hidden = !rejected;
    write(this.u, fixed(cloud.uncertainty[row], 3));
    this.distance.parentElement?.toggleAttribute("hidden", !scene.query);
    const path = cloud.paths[cloud.group[row]] ?? [];
    const known = this.facts.get(url);
    this.write(path, look.distance, known ?? WAITING);
    if (!known) this.fetch(url, path, look.distance);
    this.place(px);
  }

  hide() {
    if (!this.key) return;
    this.key = "";
    if (this.element.matches("[popover]")) this.element.hidePopover();
    else this.element.classList.remove("shown");
  }

  destroy() {
    this.key = "";
    this.element.remove();
  }

  /** @private @param {string} name @returns {HTMLElement} where its value goes */
  fact(name) {
    const box = make("div");
    const value = make("dd");
    box.append(make("dt", "", name), value);
    this.list.append(box);
    return value;
  }

  /**
   * The thumbnail at once, the larger picture when it has come. A new element each time: an old
   * one would go on showing the last picture until the next is there.
   * @private @param {number} row @param {string} template
   */
  showPicture(row, template) {
    const thumb = template && address(template, { kind: "thumb", row });
    if (thumb === this.thumb) return;
    this.thumb = thumb;
    this.picture.querySelector("img")?.remove();
    if (!thumb) return;
    const image = make("img", "", "", { alt: "", draggable: "false", src: thumb });
    image.onerror = () => image.classList.add("missing");
    const better = new Image();
    better.onload = () => {
      image.classList.remove("missing");
      image.src = better.src;
    };
    better.src = address(template, { kind: "picture", row });
    this.picture.prepend(image);
  }

  /**
   * What is known of the image in words and numbers.
   * @private @param {string[]} path @param {number | null} distance as it is on the page
   * @param {Facts | string} facts from the server, or what stands in their place
   */
  write(path, distance, facts) {
    const known = typeof facts === "string" ? null : facts;
    const rest = typeof facts === "string" ? facts : UNKNOWN;
    write(this.name, path.at(-1) ?? "no class");
    this.name.classList.toggle("none", !path.length);
    this.trail.classList.toggle("path", path.length > 0);
    // An image without a class goes by its name, which is among the facts.
    write(this.trail, path.length ? path.slice(0, -1).join(" › ") : (known?.id ?? rest));
    this.trail.hidden = path.length === 1;
    write(this.d0, number(known?.d0, rest));
    write(this.distance, number(distance ?? known?.distance, rest));
    write(this.confidence, probability(known?.confidence, rest));
  }

  /** @private @param {string} url @param {string[]} path @param {number | null} distance */
  async fetch(url, path, distance) {
    /** @type {Facts | string} */
    let facts = UNKNOWN;
    try {
      const answer = await fetch(url);
      if (answer.ok) this.remember(url, (facts = await answer.json()));
    } catch {
      // The numbers are an extra: without them the card still has what is on the page.
    }
    if (this.key && this.url === url) this.write(path, distance, facts);
  }

  /** @private @param {string} key @param {Facts} facts */
  remember(key, facts) {
    this.facts.delete(key);
    this.facts.set(key, facts);
    const oldest = this.facts.keys().next().value;
    if (this.facts.size > MOST_FACTS && oldest !== undefined) this.facts.delete(oldest);
  }

  /** @private @param {Point} px */
  place(px) {
    const card = this.element;
    if (card.matches("[popover]")) {
      if (!card.matches(":popover-open")) card.showPopover();
    } else card.classList.add("shown");
    const size = { width: card.offsetWidth, height: card.offsetHeight };
    const space = { width: innerWidth, height: innerHeight };
    const [left, top] = beside(px, size, space);
    card.style.left = `${left}px`;
    card.style.top = `${top}px`;
  }
}

/**
 * Where a box goes so that it does not cover a point and stays in the window: to the right, to the
 * left, above or below, the first that has room; where none has, the one with most.
 * @param {Point} point
 * @param {{width: number, height: number}} size of the box
 * @param {{width: number, height: number}} space
 * @returns {Point} upper left corner
 */
export function beside([x, y], { width, height }, space) {
  const most = { x: space.width - width - EDGE, y: space.height - height - EDGE };
  /** @type {(value: number, high: number) => number} */
  const within = (value, high) => Math.max(EDGE, Math.min(value, high));
  // A third of the height above the point: the picture is at the eye's level.
  const [along, across] = [within(x - width / 2, most.x), within(y - height / 3, most.y)];
  /** @type {{at: Point, room: number}[]} */
  const places = [
    { at: [x + GAP, across], room: most.x - (x + GAP) },
    { at: [x - GAP - width, across], room: x - GAP - width - EDGE },
    { at: [along, y - GAP - height], room: y - GAP - height - EDGE },
    { at: [along, y + GAP], room: most.y - (y + GAP) },
  ];
  const fits = places.find(({ room }) => room >= 0);
  const best = fits ?? places.reduce((a, b) => (b.room > a.room ? b : a));
  return [Math.round(within(best.at[0], most.x)), Math.round(within(best.at[1], most.y))];
}

/** @param {Scene} scene @returns {number} */
function cutOf(scene) {
  return scene.threshold?.value ?? Infinity;
}

/** @param {number | null | undefined} value @param {string} rest @returns {string} */
function number(value, rest) {
  return Number.isFinite(value) ? fixed(Number(value), 2) : rest;
}

/**
 * A probability; only what is certain is 1.00 (as in app/parts/numbers.py).
 * @param {number | null | undefined} value
 * @param {string} rest what stands where there is none
 * @returns {string}
 */
function probability(value, rest) {
  if (!Number.isFinite(value)) return rest;
  return Number(value) >= 0.995 && Number(value) < 1 ? "> 0.99" : number(value, rest);
}
