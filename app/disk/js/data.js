// Fetching what the disk shows: safetensors files, read into typed arrays and checked.
//
// A file is: 8 bytes, the header's length (little-endian); the header, JSON, which gives each
// tensor's type, shape and place; the numbers. What we add to it stands in the header under
// `__metadata__.disk`, again as JSON. An answer that cannot be read or does not fit together is
// refused as a whole, with one Error whose message can be shown.

/** @import { Cloud } from "./types.js" */
/** @typedef {Float32Array | Uint8Array | Uint16Array | Uint32Array | Int32Array} TypedArray */
/** @typedef {{tensors: Record<string, TypedArray>, meta: any}} Tensors */
/** @typedef {new (buffer: ArrayBuffer, start: number, count: number) => TypedArray} ArrayType */

/** @type {Record<string, ArrayType>} */
const TYPES = { F32: Float32Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array,
  I32: Int32Array };
// Answers kept: a cloud and the ways around its last queries (0.4 MB each at 100,000 points).
const KEPT = 32;

/** @type {Map<string, Promise<Tensors>>} */
const answers = new Map();

/**
 * The tensors of a file; each address is fetched once, and again only after it failed.
 * @param {string} url
 * @returns {Promise<Tensors>} `meta` is null where the file has none
 */
export function fetchTensors(url) {
  const found = answers.get(url) ?? load(url);
  answers.delete(url);
  answers.set(url, found);
  for (const oldest of answers.keys()) {
    if (answers.size <= KEPT) break;
    answers.delete(oldest);
  }
  found.catch(() => answers.get(url) === found && answers.delete(url));
  return found;
}

/** @param {string} url @returns {Promise<Tensors>} */
async function load(url) {
  let buffer;
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the answer is ${answer.status}`);
    buffer = await answer.arrayBuffer();
  } catch (error) {
    throw new Error(`${url} could not be fetched: ${reason(error)}`);
  }
  return checked(url, () => parseTensors(buffer));
}

/** Reads a safetensors file. @param {ArrayBuffer} buffer @returns {Tensors} */
export function parseTensors(buffer) {
  if (buffer.byteLength < 8) throw new Error(`it has only ${buffer.byteLength} bytes`);
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + length;
  if (start > buffer.byteLength) throw new Error("it ends before its header does");
  const text = new TextDecoder("utf-8", { fatal: true });
  const header = JSON.parse(text.decode(new Uint8Array(buffer, 8, length)));
  if (!header || typeof header !== "object") throw new Error("its header is no object");
  const { __metadata__: metadata, ...entries } = header;
  /** @type {Record<string, TypedArray>} */
  const tensors = {};
  for (const [name, entry] of Object.entries(entries)) {
    tensors[name] = readTensor(buffer, start, name, entry);
  }
  return { tensors, meta: metadata?.disk ? JSON.parse(metadata.disk) : null };
}

/**
 * @param {ArrayBuffer} buffer
 * @param {number} start  where the numbers begin
 * @param {string} name @param {any} entry @returns {TypedArray}
 */
function readTensor(buffer, start, name, entry) {
  const Type = TYPES[entry?.dtype];
  if (!Type) throw new Error(`${name} is of type ${entry?.dtype}`);
  const size = /** @type {any} */ (Type).BYTES_PER_ELEMENT;
  const { shape, data_offsets: offsets } = entry;
  const whole = [shape, offsets].every((x) => Array.isArray(x) &&
    x.every((n) => Number.isSafeInteger(n) && n >= 0));
  if (!whole || offsets.length !== 2) throw new Error(`${name} has no shape or place`);
  const count = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
  const [from, to] = [start + offsets[0], start + offsets[1]];
  if (to - from !== count * size) throw new Error(`${name} has the wrong size`);
  if (to > buffer.byteLength) throw new Error(`it ends before ${name} does`);
  // Typed arrays start at multiples of their size; files of other writers may not.
  return from % size ? new Type(buffer.slice(from, to), 0, count) : new Type(buffer, from, count);
}

/** @param {string} url @returns {Promise<Cloud>} */
export async function fetchCloud(url) {
  const { tensors, meta } = await fetchTensors(url);
  return checked(url, () => {
    const { xy, uncertainty, group } = tensors;
    need(xy instanceof Float32Array && xy.length % 2 === 0, "xy is missing");
    const count = xy.length / 2;
    need(uncertainty instanceof Float32Array && uncertainty.length === count,
      `uncertainty is not of ${count} numbers`);
    need((group instanceof Uint16Array || group instanceof Uint32Array) && group.length === count,
      `group is not of ${count} numbers`);
    const { paths, levels, unit, exact, umap, tiles } = meta ?? {};
    need(Array.isArray(paths) && Array.isArray(levels), "paths or levels are missing");
    need(unit > 0 && tiles?.side > 0 && tiles.columns > 0 && tiles.perTile > 0,
      "unit or tiles are missing");
    need(group.every((/** @type {number} */ g) => g < paths.length), "a group is not in paths");
    checkPoints(xy);
    return { count, xy, uncertainty, group, paths, levels, unit, exact: Boolean(exact),
      umap: Boolean(umap), tiles };
  });
}

/** @param {string} url @returns {Promise<Float32Array>} [2N] */
export async function fetchUmap(url) {
  const { tensors } = await fetchTensors(url);
  return checked(url, () => {
    const { xy } = tensors;
    need(xy instanceof Float32Array && xy.length % 2 === 0, "xy is missing");
    checkPoints(xy);
    return /** @type {Float32Array} */ (xy);
  });
}

/**
 * @param {string} url
 * @returns {Promise<{distances: Float32Array, unit: number}>} true distances to the query, [N]
 */
export async function fetchAround(url) {
  const { tensors, meta } = await fetchTensors(url);
  return checked(url, () => {
    const { distances } = tensors;
    need(distances instanceof Float32Array, "distances are missing");
    need(distances.every((/** @type {number} */ d) => d >= 0), "a distance is not a number");
    need(meta?.unit > 0, "unit is missing");
    return { distances: /** @type {Float32Array} */ (distances), unit: meta.unit };
  });
}

/** @param {Float32Array} xy */
function checkPoints(xy) {
  for (let i = 0; i < xy.length; i += 2) {
    // Rounding to float32 may put a point from just inside the rim on it, or 2^-24 beyond.
    if (!(Math.hypot(xy[i], xy[i + 1]) <= 1 + 1e-7)) {
      throw new Error(`point ${i / 2} is not in the disk`);
    }
  }
}

/** @param {unknown} holds @param {string} message @returns {asserts holds} */
function need(holds, message) {
  if (!holds) throw new Error(message);
}

/**
 * @template T
 * @param {string} url @param {() => T} read @returns {T}
 */
function checked(url, read) {
  try {
    return read();
  } catch (error) {
    throw new Error(`${url} is damaged: ${reason(error)}`);
  }
}

/** The message of an error, for a sentence on the page. @param {unknown} error @returns {string} */
export function reason(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * An address with its `{placeholders}` filled in.
 * @param {string} template @param {Record<string, string | number>} values @returns {string}
 */
export function address(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? encodeURIComponent(values[name]) : whole,
  );
}
