// What the keyboard does on the stage: one table, and the same in words.

/** @import { Commands } from "./commands.js" */

const STEP = 0.12; // of the disk's radius

/** @type {Record<string, (act: Commands) => void>} */
const KEYS = {
  ArrowLeft: (act) => act.pan(-STEP, 0),
  ArrowRight: (act) => act.pan(STEP, 0),
  ArrowUp: (act) => act.pan(0, STEP),
  ArrowDown: (act) => act.pan(0, -STEP),
  "+": (act) => act.zoom(1.25),
  "=": (act) => act.zoom(1.25),
  "-": (act) => act.zoom(0.8),
  0: (act) => act.home(),
  Home: (act) => act.home(),
  "[": (act) => act.step(-1),
  "]": (act) => act.step(1),
  Enter: (act) => act.queryFocused(),
  Escape: (act) => act.clear(),
  c: (act) => act.turn(),
  g: (act) => act.glideToFocused(),
  l: (act) => act.tool("lasso"),
  b: (act) => act.tool("box"),
  p: (act) => act.pictures(),
  t: (act) => act.table(),
};

/** For screen readers and the help. */
export const HELP =
  "Arrow keys move the disk, plus and minus zoom, 0 brings everything home. " +
  "Square brackets step through the images from the query outwards, Enter queries with the one " +
  "shown, G brings it to the middle, Escape clears. C turns to the query-centred view, L and B " +
  "draw a lasso or a box, P shows pictures, T the same as a table.";

/** @param {HTMLElement} stage @param {Commands} act @returns {() => void} stops listening */
export function listenKeys(stage, act) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(KEYS, key)) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has keys of its own, such as C
    KEYS[key](act);
  };
  stage.addEventListener("keydown", pressed);
  return () => stage.removeEventListener("keydown", pressed);
}
