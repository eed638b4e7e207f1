// The disk in words: the same images, distances and actions as a table, for those who do not see
// it or cannot point at it.
//
// It lies over the stage while it is open. Nearest images first where there is a query, lowest
// uncertainty first where there is none; a page at a time, so that a hundred thousand rows cost
// nothing.

import { address } from "../data.js";
import { isKept } from "../math/cut.js";
import { count, fixed } from "../math/numbers.js";
import { iconButton, make, write } from "./dom.js";

/** @import { Cloud, Scene } from "../types.js" */
/**
 * `distances` are true ones from the query to every row, null where they are not known;
 * `threshold` is the largest u that is kept, null where nothing is rejected.
 * @typedef {{cloud: Cloud, scene: Scene, distances: Float32Array | null,
 *            threshold: number | null, hits: Scene["hits"]}} Tabled
 */

const PAGE = 25;

export class Table {
  /**
   * @param {HTMLElement} parent the stage
   * @param {{onQuery: (row: number) => void, onClose: () => void}} events
   */
  constructor(parent, events) {
    this.events = events;
    /** @type {Tabled | null} */
    this.data = null;
    /** Rows in the order of the table; null when it has to be found. @type {Uint32Array | null} */
    this.order = null;
    this.page = 0;
    /** @type {Element | null} */
    this.before = null;

    // "control": what happens on it is no gesture of the disk.
    this.element = make("section", "table control", "", { "aria-label": "Images as a table" });
    this.element.hidden = true;
    const close = iconButton("close", "Close the table", () => this.close());
    const rows = { tabindex: 0, role: "group", "aria-label": "Rows" };
    this.scroller = make("div", "scroller", "", rows);
    this.table = make("table");
    this.scroller.append(this.table);
    this.back = iconButton("back", "Previous page", () => this.turn(-1));
    this.on = iconButton("on", "Next page", () => this.turn(1));
    this.where = make("span", "", "", { role: "status" });
    const pager = make("div", "pager");
    pager.append(this.back, this.where, this.on);
    this.element.append(close, this.scroller, pager);
    this.element.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    };
    parent.append(this.element);
  }

  /** @returns {boolean} */
  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    if (this.isOpen) return;
    this.before = document.activeElement;
    this.element.hidden = false;
    this.element.classList.add("open");
    this.page = 0;
    this.render();
    this.scroller.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    const inside = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.element.classList.remove("open");
    if (inside && this.before instanceof HTMLElement && this.before.isConnected) {
      this.before.focus({ preventScroll: true });
    }
    this.events.onClose();
  }

  /** Take new data; another order begins with its first page. @param {Tabled} data */
  update(data) {
    const old = this.data;
    this.data = data;
    if (old?.cloud !== data.cloud || old.distances !== data.distances) {
      this.order = null;
      this.page = 0;
    }
    if (this.isOpen) this.render();
  }

  /** @private @param {number} pages */
  turn(pages) {
    this.page += pages;
    this.render();
    this.scroller.scrollTop = 0;
  }

  render() {
    const { data } = this;
    if (!data) return;
    const { cloud, distances, hits } = data;
    this.order ??= sortedRows(distances ?? cloud.uncertainty);
    const first = this.page * PAGE;
    const last = Math.min(first + PAGE, cloud.count);
    const ranks = new Map(hits.map((hit, i) => [hit.row, i]));
    const far = Boolean(distances || hits.length);
    const body = make("tbody");
    for (let i = first; i < last; i += 1) body.append(this.row(data, i, this.order[i], ranks, far));

    const head = make("tr");
    for (const [name, kind] of columns(far)) head.append(make("th", kind, name, { scope: "col" }));
    const top = make("thead");
    top.append(head);
    const caption = distances ? "nearest to the query first" : "lowest uncertainty first";
    // Drawn anew, a focused button is gone: the rows as a whole take the focus.
    const lost = this.table.contains(document.activeElement);
    this.table.replaceChildren(make("caption", "", `All images, ${caption}`), top, body);
    if (lost) this.scroller.focus({ preventScroll: true });

    const shown = cloud.count ? `${count(first + 1)}–${count(last)}` : "0";
    write(this.where, `${shown} of ${count(cloud.count)}`);
    disable(this.back, this.page === 0, this.scroller);
    disable(this.on, last >= cloud.count, this.scroller);
  }

  /**
   * @private @param {Tabled} data @param {number} i @param {number} row
   * @param {Map<number, number>} ranks @param {boolean} far whether distances are shown
   * @returns {HTMLTableRowElement}
   */
  row({ cloud, scene, distances, threshold, hits }, i, row, ranks, far) {
    const path = cloud.paths[cloud.group[row]] ?? [];
    const own = scene.query?.row === row;
    const u = cloud.uncertainty[row];
    const rejected = threshold !== null && !isKept(u, threshold);
    const rank = ranks.get(row);
    const hit = rank === undefined ? null : hits[rank];
    const distance = distances?.[row] ?? hit?.distance ?? (own ? 0 : null);

    const line = make("tr", own ? "own" : "");
    const name = make("th", "class", "", { scope: "row" });
    const image = make("div", "image");
    image.append(thumbnail(scene, row), pathOf(path));
    name.append(image);
    line.append(make("td", "number", count(i + 1)), name);
    line.append(make("td", "number", fixed(u, 3)));
    line.append(make("td", "number", fixed(depth(cloud, row), 2)));
    if (far) line.append(make("td", "number", distance === null ? "" : fixed(distance, 2)));
    line.append(make("td", rejected ? "rejected" : "kept", rejected ? "rejected" : "kept"));
    const answer = own ? "query" : hit ? `${ordinal(Number(rank) + 1)}${marked(hit.mark)}` : "";
    line.append(make("td", hit?.mark ?? "", answer));
    const cell = make("td");
    if (!own) cell.append(this.button(row, i, path));
    line.append(cell);
    return line;
  }

  /** @private @param {number} row @param {number} i @param {string[]} path */
  button(row, i, path) {
    const label = `Query with image ${count(i + 1)}, ${path.at(-1) ?? "no class"}`;
    const button = make("button", "query", "query", { type: "button", "aria-label": label });
    button.onclick = () => this.events.onQuery(row);
    return button;
  }
}

/**
 * Row numbers by ascending value; equal ones, and what is no number, in their own order.
 * @param {Float32Array} values @returns {Uint32Array}
 */
export function sortedRows(values) {
  const rows = Uint32Array.from(values, (_, i) => i);
  /** @type {(row: number) => number} */
  const key = (row) => (Number.isNaN(values[row]) ? Infinity : values[row]);
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a - b));
}

/**
 * True distance from the origin: the disk's radius is `tanh(unit d0 / 2)`.
 * @param {Cloud} cloud @param {number} row @returns {number}
 */
function depth({ xy, unit }, row) {
  return (2 * Math.atanh(Math.min(Math.hypot(xy[2 * row], xy[2 * row + 1]), 1 - 1e-9))) / unit;
}

/** @param {boolean} far @returns {[string, string][]} heading and class of each column */
function columns(far) {
  return [
    ["#", "number"],
    ["class", "class"],
    ["u", "number"],
    ["d₀", "number"],
    ...(far ? [/** @type {[string, string]} */ (["to query", "number"])] : []),
    ["threshold", ""],
    ["answer", ""],
    ["", ""],
  ];
}

/** @param {string[]} path @returns {HTMLElement} the class, and what it belongs to */
function pathOf(path) {
  const words = make("span", path.length ? "path" : "path none", "", { title: path.join(" › ") });
  words.append(make("span", "", path.at(-1) ?? "no class"));
  if (path.length > 1) words.append(make("small", "", path.slice(0, -1).join(" › ")));
  return words;
}

/** @param {Scene} scene @param {number} row @returns {HTMLImageElement} */
function thumbnail(scene, row) {
  const image = make("img", "", "", { alt: "", loading: "lazy", width: 30, height: 30 });
  image.onerror = () => image.classList.add("missing");
  if (scene.cloud) image.src = address(scene.cloud.picture, { kind: "thumb", row });
  return image;
}

/** @param {string} mark @returns {string} */
function marked(mark) {
  return mark === "right" ? ", ✓ right" : mark === "wrong" ? ", ✕ wrong" : "";
}

/** @param {number} n @returns {string} */
function ordinal(n) {
  const teen = n % 100 > 10 && n % 100 < 14;
  return `${count(n)}${(!teen && ["", "st", "nd", "rd"][n % 10]) || "th"}`;
}

/**
 * Disabled, a button loses its focus to the page: hand it on.
 * @param {HTMLButtonElement} button @param {boolean} off @param {HTMLElement} next
 */
function disable(button, off, next) {
  if (off && document.activeElement === button) next.focus({ preventScroll: true });
  button.disabled = off;
}
