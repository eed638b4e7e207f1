// What hands do: pointer, wheel, fingers, keys and buttons, put to the disk.

import { listen } from "./gestures.js";
import { HELP, listenKeys } from "./keys.js";
import { compose, translation } from "./hyperbolic.js";
import { copyLink } from "./links.js";
import { Outward, inWords } from "./outward.js";
import { shapesOf, stageOf } from "./painting.js";
import { updatePanels } from "./panels.js";
import { handleAt } from "./shapes.js";
import { HOME, dragged, glidedTo, toBase, toDisk, toScreen, zoomed } from "./view.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./disk.js").Disk} Disk */

const DWELL = 125; // ms until the card comes: sooner it flickers, later it feels slow (FiftyOne)

/**
 * @param {Disk} disk whose parts are not built yet
 */
export function act(disk) {
  /** @type {import("./types.js").View} */
  let start = HOME;
  /** @type {Point} the base point that a drag holds */
  let held = [0, 0];
  /** @type {string | null} */
  let handle = null;
  let dwell = 0;
  let focused = -1;
  const outward = new Outward(disk);
  let steps = Promise.resolve();

  /** @param {Point} px */
  const inDisk = (px) => Math.hypot(...toDisk(disk.view, disk.frame, px)) < 1;

  /** The image at a pixel: its picture where pictures are shown, else its dot. @param {Point} px */
  function rowAt(px) {
    if (!disk.screenXY) return -1;
    const pictured = disk.showPictures ? (disk.pictures?.at(px, stageOf(disk)) ?? -1) : -1;
    return pictured >= 0 ? pictured : disk.picker.nearest(px);
  }

  /** @param {number} row @param {boolean} now */
  function look(row, now) {
    clearTimeout(dwell);
    if (row < 0) {
      disk.card.hide();
      return;
    }
    const show = () => {
      const { cloud, scene, screenXY } = disk;
      if (!cloud || !scene || !screenXY || row !== disk.hovered) return;
      const box = disk.parts.stage.getBoundingClientRect();
      const px = /** @type {Point} */ ([
        box.left + screenXY[2 * row], box.top + screenXY[2 * row + 1],
      ]);
      const { distances } = disk.turning;
      const distance = distances ? distances[row] : null;
      disk.card.show(row, px, { cloud, scene, distance, threshold: disk.threshold });
    };
    if (now) show();
    else dwell = window.setTimeout(show, DWELL);
  }

  /** @param {Point | null} px */
  function hover(px) {
    if (disk.motion.running) return;
    const row = px ? rowAt(px) : -1;
    const held = px && handleAt(px, shapesOf(disk), stageOf(disk));
    disk.parts.stage.classList.toggle("pointing", row >= 0 || Boolean(held));
    if (row === disk.hovered) return;
    focused = row >= 0 ? row : focused;
    disk.hover(row);
    look(row, false);
  }

  const gestures = {
    /** @param {Point} px */
    grab(px) {
      disk.motion.finish();
      held = toBase(disk.view, disk.frame, px);
      handle = handleAt(px, shapesOf(disk), stageOf(disk));
      look(-1, true);
      const grabbed = handle !== null || disk.tool !== "move" || inDisk(px);
      disk.turning.pressed = grabbed;
      return grabbed;
    },
    /** @param {Point} from @param {Point} to */
    drag(from, to) {
      if (handle !== null) disk.handles.move(handle, toBase(disk.view, disk.frame, to));
      else if (disk.tool !== "move") disk.lasso.extend(disk.tool, from, to);
      else {
        // From where it is now, not from where the press was: each part of the way is short.
        disk.view = dragged(disk.view, disk.frame, toScreen(disk.view, disk.frame, held), to);
        disk.parts.stage.classList.add("dragging");
        disk.stir();
      }
      disk.requestDraw();
    },
    /** @param {Point} _ @param {PointerEvent} event */
    drop(_, event) {
      disk.turning.pressed = false;
      disk.parts.stage.classList.remove("dragging");
      if (handle !== null) letGo();
      else if (disk.tool !== "move") choose(event.shiftKey);
      else disk.rest();
    },
    /** @param {Point} px @param {PointerEvent} event */
    click(px, event) {
      disk.turning.pressed = false;
      if (handle !== null || disk.tool !== "move") {
        handle = null;
        return;
      }
      if (!disk.screenXY) disk.rest();
      const row = rowAt(px);
      if (event.shiftKey) {
        if (inDisk(px)) glide(row >= 0 ? disk.places.base(row) : toBase(disk.view, disk.frame, px));
      } else if (row >= 0) disk.events.query(row);
    },
    home,
    hold() {
      letGo();
      start = disk.view;
      disk.turning.pressed = true;
    },
    /** @param {[Point, Point]} from @param {[Point, Point]} to */
    pinch(from, to) {
      const [a, b] = [middle(from), middle(to)];
      const factor = spreadOf(to) / Math.max(1, spreadOf(from));
      const moved = inDisk(a) ? dragged(start, disk.frame, a, b) : start;
      disk.view = zoomed(moved, disk.frame, b, factor);
      disk.stir();
    },
    /** @param {Point} px @param {number} factor */
    wheel(px, factor) {
      disk.motion.finish();
      disk.view = zoomed(disk.view, disk.frame, px, factor);
      disk.stir();
    },
    hover,
  };

  /** A handle stays where it is, and Python is told. */
  function letGo() {
    const at = handle === null ? null : disk.handles.tell(handle);
    if (handle !== null && at) disk.events.handle(handle, at);
    handle = null;
  }

  /** Select what the outline encloses. @param {boolean} more to what is selected already */
  function choose(more) {
    const outline = disk.lasso.close(stageOf(disk));
    if (!disk.screenXY) disk.rest();
    const rows = outline.length ? disk.picker.inPolygon(outline) : [];
    const before = more ? (disk.scene?.selection ?? []) : [];
    if (!rows.length && !before.length) disk.lasso.clear();
    disk.events.select([...new Set([...before, ...rows])].sort((a, b) => a - b));
    setTool("move");
  }

  /** @param {"move" | "lasso" | "box"} tool the same again puts it away */
  function setTool(tool) {
    if (!disk.cloud) return;
    disk.tool = disk.tool === tool ? "move" : tool;
    disk.press("lasso", disk.tool === "lasso");
    disk.press("box", disk.tool === "box");
    disk.parts.stage.classList.toggle("choosing", disk.tool !== "move");
  }

  /** Bring a base point to the middle. @param {Point} z */
  async function glide(z) {
    await disk.turning.fly(glidedTo(disk.view, z), true);
    disk.rest();
  }

  async function home() {
    await disk.turning.fly(HOME, true);
    disk.rest();
  }

  function pictures() {
    if (!disk.cloud) return;
    disk.showPictures = !disk.showPictures;
    disk.press("pictures", disk.showPictures);
    disk.rest();
    disk.requestDraw();
  }

  async function table() {
    if (!disk.cloud) return;
    if (disk.table.isOpen) return disk.table.close();
    disk.press("table", true);
    disk.hover(-1);
    await disk.turning.measure();
    updatePanels(disk);
    disk.table.open();
  }

  /** Keys may come faster than distances: one step after the other. @param {number} by */
  function step(by) {
    steps = steps.then(() => stepOnce(by));
  }

  /** @param {number} by */
  async function stepOnce(by) {
    const row = await outward.next(focused, by);
    if (row < 0) return;
    focused = row;
    if (!disk.screenXY) disk.rest();
    disk.hover(row);
    look(row, true);
    disk.parts.live.textContent = inWords(disk, row);
  }

  const keys = {
    /** @param {number} dx @param {number} dy */
    pan(dx, dy) {
      disk.motion.finish();
      const move = compose(translation([dx / disk.view.zoom, dy / disk.view.zoom]), disk.view.move);
      disk.view = { ...disk.view, move };
      disk.stir();
    },
    /** @param {number} factor */
    zoom: (factor) => gestures.wheel([disk.frame.cx, disk.frame.cy], factor),
    home,
    step,
    query: () => focused >= 0 && disk.events.query(focused),
    glide: () => focused >= 0 && glide(disk.places.base(focused)),
    clear() {
      if (disk.tool !== "move") return setTool("move");
      look(-1, true);
      disk.hover(-1);
      focused = -1;
      if (disk.scene?.selection.length) disk.events.select([]);
      else if (disk.scene?.highlight.length) disk.events.highlight([]);
    },
    turn: () => disk.turning.ask(disk.places.layout.name === "query" ? "origin" : "query"),
    tool: setTool,
    pictures,
    table,
  };

  const buttons = {
    home, pictures, table,
    link: () => copyLink(disk),
    lasso: () => setTool("lasso"),
    box: () => setTool("box"),
  };
  /** Start listening, once the parts are there. @returns {() => void} stops */
  const begin = () => {
    disk.parts.stage.setAttribute("aria-description", HELP);
    const stops = [listen(disk.parts.stage, gestures), listenKeys(disk.parts.stage, keys)];
    const off = new AbortController();
    // A picture elsewhere on the page is pointed at: ring its dot.
    window.addEventListener(
      "hypuml:point",
      (event) => {
        const { row, from } = /** @type {CustomEvent} */ (event).detail;
        if (from !== "disk" && disk.cloud && row < disk.cloud.count) {
          disk.hovered = row;
          disk.requestDraw();
        }
      },
      { signal: off.signal },
    );
    return () => {
      clearTimeout(dwell);
      off.abort();
      stops.forEach((stop) => stop());
    };
  };
  return { buttons, begin };
}

/** @param {[Point, Point]} two @returns {Point} */
function middle([a, b]) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** @param {[Point, Point]} two */
function spreadOf([a, b]) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
