// What colours the points: groups of a taxonomy level, steps of uncertainty, and what is dim or
// selected. Codes are numbers of a palette's entries, one per point; no drawing here.

import { DIM, SELECTED } from "../types.js";

/** @import { Cloud } from "../types.js" */

/**
 * Groups under one colouring: their names, the number in `names` of each of the cloud's paths,
 * and each name's CSS colour.
 * @typedef {{names: string[], codes: number[], colours: string[]}} Groups
 */

const MOST = 65536; // codes are 16 bits

/** @type {Map<string, Promise<Groups>>} */
const requests = new Map();

/**
 * The groups at an address, fetched once; a failed request is not kept.
 * @param {string} url
 * @returns {Promise<Groups>} rejects with one sentence
 */
export function fetchGroups(url) {
  const known = requests.get(url);
  if (known) return known;
  const promise = load(url).catch((error) => {
    requests.delete(url);
    throw new Error(`The colours could not be loaded: ${error.message}`);
  });
  requests.set(url, promise);
  return promise;
}

/** @param {string} url */
async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const groups = await response.json().catch(() => null);
  if (!isGroups(groups)) throw new Error("the answer is not a list of groups");
  return groups;
}

/** @param {any} data @returns {data is Groups} */
function isGroups(data) {
  if (![data?.names, data?.codes, data?.colours].every(Array.isArray)) return false;
  const { names, codes, colours } = data;
  /** @param {unknown} entry */
  const isText = (entry) => typeof entry === "string";
  return (
    names.length <= MOST &&
    colours.length === names.length &&
    names.every(isText) &&
    colours.every(isText) &&
    codes.every((/** @type {number} */ c) => Number.isInteger(c) && c >= 0 && c < names.length)
  );
}

/**
 * The number of each point's group, by its path.
 * @param {Cloud} cloud @param {Groups} groups @returns {Uint16Array} [N]
 */
export function pointCodes(cloud, groups) {
  if (groups.codes.length !== cloud.paths.length) {
    const [got, wanted] = [groups.codes.length, cloud.paths.length];
    throw new Error(`the colours are of another gallery: ${got} classes, expected ${wanted}`);
  }
  const codes = new Uint16Array(cloud.count);
  for (let i = 0; i < codes.length; i++) codes[i] = groups.codes[cloud.group[i]];
  return codes;
}

/**
 * CSS colours as bytes, straight (not premultiplied) alpha.
 * @param {string[]} cssColours
 * @returns {Uint8Array} RGBA, [4 M]
 */
export function paletteBytes(cssColours) {
  const bytes = new Uint8Array(4 * cssColours.length);
  cssColours.forEach((colour, i) => bytes.set(rgba(colour), 4 * i));
  return bytes;
}

/**
 * What Python writes is read directly; other CSS is put into that form by the browser. (Pixels are
 * not read back: some browsers falsify them against fingerprinting.)
 * @param {string} css
 * @returns {number[]} four bytes
 */
function rgba(css) {
  const found = parsed(css) ?? parsed(normalised(css));
  if (!found) throw new Error(`not a colour: ${css}`);
  return found;
}

/** @param {string} css */
function parsed(css) {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(css);
  if (hex) return [...hex.slice(1).map((pair) => parseInt(pair, 16)), 255];
  const number = String.raw`\s*([0-9.]+)\s*`;
  const list = new RegExp(`^rgba?\\(${number},${number},${number}(?:,${number})?\\)$`).exec(css);
  if (!list) return null;
  const [red, green, blue, alpha = 1] = list.slice(1).filter((part) => part).map(Number);
  const bytes = [red, green, blue, 255 * alpha].map((v) => Math.min(255, Math.round(v)));
  return bytes.every(Number.isFinite) ? bytes : null;
}

/**
 * As `#rrggbb` or `rgba(…)` where the colour is one of sRGB; empty where it is no colour.
 * @param {string} css
 */
function normalised(css) {
  const ctx = document.createElement("canvas").getContext("2d");
  if (!ctx || !CSS.supports("color", css)) return "";
  ctx.fillStyle = css;
  return String(ctx.fillStyle);
}

/**
 * Any CSS colour as bytes; what is none becomes grey.
 * @param {string} css
 * @returns {Uint8Array | Uint8ClampedArray} red, green, blue, alpha
 */
export function bytesOf(css) {
  try {
    return paletteBytes([css]);
  } catch {
    // Not written as sRGB, such as oklch(): only a pixel shows it.
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ctx.fillStyle = "grey";
    ctx.fillStyle = css;
    ctx.fillRect(0, 0, 1, 1);
    return ctx.getImageData(0, 0, 1, 1).data;
  }
}

/**
 * The step of each uncertainty on a scale of `steps` colours, of which the ends also serve what
 * lies beyond them: `uncertainty_colours` of hypuml/figures/palette.py, half rounded to even as
 * NumPy does, so that dots, captions and the query panel agree.
 * @param {Float32Array} u [N]
 * @param {number} low @param {number} high
 * @param {number} steps number of colours
 * @returns {Uint16Array} [N], values in [0, steps - 1]
 */
export function uncertaintyCodes(u, low, high, steps) {
  const span = Math.max(high - low, 1e-12);
  const codes = new Uint16Array(u.length);
  for (let i = 0; i < u.length; i++) {
    const share = Math.min(Math.max((u[i] - low) / span, 0), 1);
    codes[i] = rint((steps - 1) * share);
  }
  return codes;
}

/** @param {number} x not negative */
function rint(x) {
  const down = Math.floor(x);
  const rest = x - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/**
 * Dims every point that is not below a branch of the taxonomy; an empty path dims none. An image
 * without a class is below no branch.
 * @param {Cloud} cloud @param {string[]} path
 * @param {Uint8Array} flags [N], changed in place; other bits stay
 */
export function highlightFlags(cloud, path, flags) {
  const dim = cloud.paths.map((own) => (path.every((name, i) => own[i] === name) ? 0 : DIM));
  for (let i = 0; i < cloud.count; i++) flags[i] = (flags[i] & ~DIM) | dim[cloud.group[i]];
}

/**
 * Marks these points as selected and no others. Rows that do not exist are passed over.
 * @param {Uint8Array} flags [N], changed in place; other bits stay
 * @param {ArrayLike<number>} rows
 */
export function setSelected(flags, rows) {
  for (let i = 0; i < flags.length; i++) flags[i] &= ~SELECTED;
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] in flags) flags[rows[i]] |= SELECTED;
  }
}
