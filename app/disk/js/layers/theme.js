// The page's colours, for everything that is drawn on a canvas.
//
// They come from custom properties: the app's own (--accent, --quiet, ...; light-dark() pairs),
// then Streamlit's (--st-...), then those of hypuml/figures/palette.py. Whether the theme is dark
// follows from the ground that is really there, not from the system's preference: the app has a
// switch of its own. What lies around the data (disk, grid, rim) has no property and is chosen by
// that.

import { bytesOf } from "./colours.js";

/** @import { Theme } from "../types.js" */

const LIGHT = {
  ink: "#16242b",
  muted: "#5d6d75",
  ground: "#ffffff",
  disk: "#f4f8f8",
  grid: "rgba(31, 74, 84, 0.13)",
  rim: "#9fb3b8",
  edge: "rgba(22, 36, 43, 0.3)",
  rejected: "rgba(110, 126, 134, 0.55)",
  accent: "#1f6f78",
  alarm: "#b23a22",
};
const DARK = {
  ink: "#edf3f5",
  muted: "#9fb0b7",
  ground: "#10181c",
  disk: "#172228",
  grid: "rgba(190, 220, 226, 0.13)",
  rim: "#4e646d",
  edge: "rgba(10, 16, 20, 0.2)",
  rejected: "rgba(160, 176, 184, 0.5)",
  accent: "#6cc3c6",
  alarm: "#ff9d84",
};

/** Themes of watched elements; only there is it known when they change. */
const known = new WeakMap();
/** How many watch an element. @type {WeakMap<Element, number>} */
const watchers = new WeakMap();

/**
 * The colours at `element`. Cheap to read again while it is watched (`onThemeChange`).
 * @param {Element} element which is in the page
 * @returns {Theme}
 */
export function readTheme(element) {
  const before = known.get(element);
  if (before) return before;
  const theme = read(element);
  if (watchers.get(element)) known.set(element, theme);
  return theme;
}

/**
 * Hear when the colours at `element` have changed.
 * @param {Element} element which is in the page
 * @param {() => void} callback
 * @returns {() => void} to stop
 */
export function onThemeChange(element, callback) {
  let last = JSON.stringify(read(element));
  let timer = 0;
  const look = () => {
    const theme = read(element);
    known.set(element, theme);
    const now = JSON.stringify(theme);
    if (now === last) return;
    last = now;
    callback();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(look, 60);
  };
  // The properties are set by classes or styles of whatever lies around the element.
  const observer = new MutationObserver(soon);
  const attributeFilter = ["class", "style", "data-theme", "data-color-scheme"];
  for (let at = element.parentElement; at; at = at.parentElement) {
    observer.observe(at, { attributes: true, attributeFilter });
  }
  // Style sheets of the theme are put into the head.
  observer.observe(document.head, { childList: true });
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", soon);
  watchers.set(element, (watchers.get(element) ?? 0) + 1);
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    system.removeEventListener("change", soon);
    watchers.set(element, (watchers.get(element) ?? 1) - 1);
    if (!watchers.get(element)) known.delete(element);
  };
}

/**
 * Relative luminance (WCAG 2) of a CSS colour, in [0, 1].
 * @param {string} colour @returns {number}
 */
export function luminance(colour) {
  const [r, g, b] = Array.from(bytesOf(colour), (v) => {
    const share = v / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {Element} element @returns {Theme} */
function read(element) {
  // light-dark() and var() are resolved only where a real property uses them.
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const style = getComputedStyle(probe);
  /** @type {(...values: string[]) => string} */
  const resolve = (...values) => {
    probe.style.color = values.reduceRight((rest, name) =>
      name.startsWith("--") ? `var(${name}, ${rest})` : name,
    );
    return style.color;
  };
  const ground = groundOf(element) ?? resolve("--st-background-color", "Canvas");
  // Half-way in lightness, not in light: grey 119 of 255 is as far from black as from white.
  const dark = luminance(ground) < 0.18;
  const own = dark ? DARK : LIGHT;
  probe.style.fontFamily = "var(--st-font, inherit)";
  const theme = {
    ...own,
    dark,
    ink: resolve("--st-text-color", own.ink),
    muted: resolve("--quiet", own.muted),
    ground,
    accent: resolve("--accent", "--st-primary-color", own.accent),
    alarm: resolve("--alarm", own.alarm),
    font: style.fontFamily,
  };
  probe.remove();
  return theme;
}

/**
 * The first opaque background around `element`; null where there is none.
 * @param {Element} element @returns {string | null}
 */
function groundOf(element) {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (bytesOf(colour)[3] >= 128) return colour;
  }
  return null;
}
