// What the dots' colours stand for: a bar for uncertainty, a list for groups.
//
// A group's line is a button, which makes the group stand out, or no longer.

import { count, fixed } from "../math/numbers.js";
import { make } from "./dom.js";

/**
 * @typedef {{kind: "uncertainty", palette: string[], range: [number, number]}
 *         | {kind: "groups", names: string[], colours: string[], counts: ArrayLike<number>,
 *            highlighted: string | readonly string[] | null}} Colouring
 */

/** So many groups are all listed; of more only the biggest. */
const ALL = 10;
const BIGGEST = 8;
/** Longer lists start folded: they lie over the disk, which carries the names of its groups. */
const FEW = 4;

export class Legend {
  /**
   * @param {HTMLElement} parent
   * @param {{onPick: (name: string) => void}} events a group was pressed, perhaps again
   */
  constructor(parent, events) {
    this.events = events;
    this.shown = "";
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    this.element = make("div", "legend");
    parent.append(this.element);
  }

  /** @param {Colouring} colouring */
  update(colouring) {
    if (colouring.kind === "uncertainty") this.scale(colouring);
    else this.groups(colouring);
  }

  /** @private @param {Extract<Colouring, {kind: "uncertainty"}>} colouring */
  scale({ palette, range }) {
    if (!this.isNew(["u", palette.length, palette[0], palette.at(-1), range])) return;
    const [low, high] = range;
    const bar = make("div", "bar");
    bar.style.background = `linear-gradient(to right, ${sampled(palette, 16).join(", ")})`;
    const ends = make("div", "ends");
    ends.append(
      make("span", "", `${fixed(low, 2)} sure`),
      make("span", "", `unsure ${fixed(high, 2)}`),
    );
    this.buttons.clear();
    this.element.replaceChildren(make("p", "", "uncertainty u"), bar, ends);
  }

  /** @private @param {Extract<Colouring, {kind: "groups"}>} colouring */
  groups({ names, colours, counts, highlighted }) {
    const picked = new Set(typeof highlighted === "string" ? [highlighted] : (highlighted ?? []));
    const listed = choose(names, counts, picked);
    const parts = listed.map((i) => [names[i], colours[i], counts[i]]);
    if (this.isNew(["groups", names.length, parts])) {
      const wasOpen = this.element.querySelector("details")?.open;
      const fold = make("details");
      fold.open = wasOpen ?? names.length <= FEW;
      fold.append(make("summary", "", `${count(names.length)} ${plural(names.length, "group")}`));
      const list = make("ul");
      list.append(...listed.map((i) => this.line(names[i], colours[i], counts[i])));
      fold.append(list);
      const rest = names.length - listed.length;
      if (rest > 0) fold.append(make("p", "", `and ${count(rest)} more: use highlight`));
      this.element.replaceChildren(fold);
    }
    for (const [name, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(picked.has(name)));
    }
    this.element.classList.toggle("picked", listed.some((i) => picked.has(names[i])));
  }

  /** @private @param {string} name @param {string} colour @param {number} images */
  line(name, colour, images) {
    const text = name || "no class";
    const title = `${text}: ${count(images)} ${plural(images, "image")}`;
    const button = make("button", "", "", { type: "button", title });
    const swatch = make("i");
    swatch.style.background = colour;
    button.append(swatch, make("span", "name", text), make("span", "count", count(images)));
    button.onclick = () => this.events.onPick(name);
    this.buttons.set(name, button);
    const line = make("li");
    line.append(button);
    return line;
  }

  /**
   * Whether this is not what is on the page: drawn anew, a focused button would lose its focus.
   * @private @param {unknown[]} what @returns {boolean}
   */
  isNew(what) {
    const key = JSON.stringify(what);
    if (key === this.shown) return false;
    this.shown = key;
    this.buttons.clear();
    return true;
  }
}

/**
 * Which groups are listed: all of a few in their own order, of many the biggest, and always what
 * stands out.
 * @param {string[]} names @param {ArrayLike<number>} counts @param {Set<string>} picked
 * @returns {number[]} their indices
 */
export function choose(names, counts, picked) {
  const all = names.map((_, i) => i);
  if (names.length <= ALL) return all;
  const bySize = all.sort((a, b) => counts[b] - counts[a] || a - b);
  const listed = bySize.slice(0, BIGGEST);
  const missing = bySize.slice(BIGGEST).find((i) => picked.has(names[i]));
  if (missing !== undefined) listed[BIGGEST - 1] = missing;
  return listed;
}

/** @param {string[]} palette @param {number} steps @returns {string[]} */
function sampled(palette, steps) {
  return Array.from(
    { length: steps },
    (_, i) => palette[Math.round((i / (steps - 1)) * (palette.length - 1))],
  );
}

/** @param {number} n @param {string} word @returns {string} */
function plural(n, word) {
  return n === 1 ? word : `${word}s`;
}
