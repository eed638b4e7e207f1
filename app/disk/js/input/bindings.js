// Binds gestures, keys and buttons to what they do.

import { Commands } from "./commands.js";
import { Drag } from "./drag.js";
import { listenGestures } from "./gestures.js";
import { HELP, listenKeys } from "./keys.js";
import { Pointing } from "./pointing.js";

/** @import { Disk } from "../disk.js" */
/** @import { Gestures } from "./gestures.js" */

/** @param {Disk} disk whose parts are not built yet */
export function bind(disk) {
  const pointing = new Pointing(disk);
  const commands = new Commands(disk, pointing);
  const drag = new Drag(disk, pointing, commands);

  /** @type {Gestures} */
  const gestures = {
    grab: (px) => drag.grab(px),
    drag: (from, to) => drag.move(from, to),
    drop: (_, event) => drag.drop(event),
    click: (px, event) => drag.click(px, event),
    home: () => commands.home(),
    hold: () => drag.beginPinch(),
    pinch: (from, to) => drag.pinch(from, to),
    wheel: (px, factor) => commands.zoomAt(px, factor),
    hover: (px) => pointing.hover(px),
  };
  const buttons = {
    home: () => commands.home(),
    pictures: () => commands.pictures(),
    lasso: () => commands.tool("lasso"),
    box: () => commands.tool("box"),
    table: () => commands.table(),
    link: () => commands.copyLink(),
  };
  /** Start listening, once the parts are there. @returns {() => void} stops */
  const listen = () => {
    const { stage } = disk.parts;
    stage.setAttribute("aria-description", HELP);
    const stops = [listenGestures(stage, gestures), listenKeys(stage, commands), pointing.listen()];
    return () => stops.forEach((stop) => stop());
  };
  return { buttons, listen };
}
