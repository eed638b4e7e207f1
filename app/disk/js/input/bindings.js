// Hands, keys and buttons, put to the disk: who listens to what.

import { Commands } from "./commands.js";
import { listen } from "./gestures.js";
import { Holding } from "./drag.js";
import { HELP, listenKeys } from "./keys.js";
import { copyLink } from "./links.js";
import { Pointing } from "./pointing.js";

/** @import { Disk } from "../disk.js" */

/**
 * @param {Disk} disk whose parts are not built yet
 */
export function act(disk) {
  const pointing = new Pointing(disk);
  const commands = new Commands(disk, pointing);
  const holding = new Holding(disk, pointing, commands);

  /** @type {import("./gestures.js").Gestures} */
  const gestures = {
    grab: (px) => holding.grab(px),
    drag: (from, to) => holding.drag(from, to),
    drop: (to, event) => holding.drop(to, event),
    click: (px, event) => holding.click(px, event),
    home: () => commands.home(),
    hold: () => holding.hold(),
    pinch: (from, to) => holding.pinch(from, to),
    wheel: (px, factor) => commands.zoom(px, factor),
    hover: (px) => pointing.hover(px),
  };
  /** @type {import("./keys.js").Keys} */
  const keys = {
    pan: (dx, dy) => commands.pan(dx, dy),
    zoom: (factor) => commands.zoom([disk.frame.cx, disk.frame.cy], factor),
    home: () => commands.home(),
    step: (by) => commands.step(by),
    query: () => pointing.focused >= 0 && disk.events.query(pointing.focused),
    glide: () => pointing.focused >= 0 && commands.glide(disk.places.base(pointing.focused)),
    clear: () => commands.clear(),
    turn: () => commands.turn(),
    tool: (tool) => commands.tool(tool),
    pictures: () => commands.pictures(),
    table: () => commands.table(),
  };
  const buttons = {
    home: () => commands.home(),
    pictures: () => commands.pictures(),
    lasso: () => commands.tool("lasso"),
    box: () => commands.tool("box"),
    table: () => commands.table(),
    link: () => copyLink(disk),
  };
  /** Start listening, once the parts are there. @returns {() => void} stops */
  const begin = () => {
    const { stage } = disk.parts;
    stage.setAttribute("aria-description", HELP);
    const stops = [listen(stage, gestures), listenKeys(stage, keys), pointing.listen()];
    return () => stops.forEach((stop) => stop());
  };
  return { buttons, begin };
}
