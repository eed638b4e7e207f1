// Where points are on the stage, and which of them lie at or around given pixels.
//
// Arrays of positions are [2N]: x0, y0, x1, ... in CSS pixels. The map from base points to pixels
// is written out here once more, without objects, because it runs over all points; its meaning
// is that of `toScreen` in view.js.

/** @import { Frame, Point, View } from "../types.js" */

// Cells of the grid: 16 px wide, and so many that a stage of 2,048 px has each cell once. What lies
// further out shares cells with what is near, which costs time but changes no answer.
const SHIFT = 4;
const SIDE = 128;
// atanh has no value on the rim, where float32 may have put a point.
const RIM = 1 - 1e-6;

/**
 * Pixels of all points while they move from one set of base points to another; see PointRenderer.
 * @param {Frame} frame @param {View} view
 * @param {Float32Array} from  [2N] base points
 * @param {Float32Array} to  [2N] base points
 * @param {number} t  in [0, 1]
 * @param {Float32Array} out  [2N], overwritten
 * @returns {Float32Array} `out`
 */
export function screenPositions(frame, view, from, to, t, out) {
  const [ax, ay] = view.move.a;
  const [bx, by] = view.move.b;
  const scale = frame.radius * view.zoom;
  const left = frame.cx + frame.radius * view.pan[0];
  const top = frame.cy - frame.radius * view.pan[1];
  const between = t > 0 && t < 1;
  const still = t < 1 ? from : to;
  for (let i = 0; i < out.length; i += 2) {
    let x = still[i];
    let y = still[i + 1];
    if (between) {
      const p = (1 - t) * log0Factor(Math.sqrt(x * x + y * y));
      const q = t * log0Factor(Math.sqrt(to[i] * to[i] + to[i + 1] * to[i + 1]));
      x = p * x + q * to[i];
      y = p * y + q * to[i + 1];
      const length = Math.sqrt(x * x + y * y);
      const back = length > 1e-4 ? Math.tanh(length) / length : 1;
      x *= back;
      y *= back;
    }
    // (a z + b) / (conj(b) z + conj(a))
    const nx = ax * x - ay * y + bx;
    const ny = ax * y + ay * x + by;
    const dx = bx * x + by * y + ax;
    const dy = bx * y - by * x - ay;
    const s = scale / (dx * dx + dy * dy);
    out[i] = left + s * (nx * dx + ny * dy);
    out[i + 1] = top - s * (ny * dx - nx * dy);
  }
  return out;
}

/** @param {number} r a base point's radius @returns {number} log0(z) / z */
function log0Factor(r) {
  return r > 1e-4 ? Math.atanh(Math.min(r, RIM)) / r : 1;
}

/** Finds points by their pixels. Built anew when the view rests, from all positions. */
export class Picker {
  constructor() {
    /** Positions as they were at the last `rebuild`; not copied. @type {Float32Array} */
    this.xy = new Float32Array(0);
    /** Where each cell's rows begin in `rows`. */
    this.starts = new Uint32Array(SIDE * SIDE + 1);
    /** All rows, sorted by cell. */
    this.rows = new Uint32Array(0);
  }

  /** @param {Float32Array} screenXY  [2N] pixels; must stay as they are until the next call */
  rebuild(screenXY) {
    const count = screenXY.length / 2;
    const { starts } = this;
    this.xy = screenXY;
    if (this.rows.length < count) this.rows = new Uint32Array(count);
    // Counting sort, from the back: afterwards each entry is its cell's first place.
    starts.fill(0);
    for (let i = 0; i < count; i++) starts[cell(screenXY[2 * i], screenXY[2 * i + 1])] += 1;
    for (let c = 1; c <= SIDE * SIDE; c++) starts[c] += starts[c - 1];
    for (let i = count - 1; i >= 0; i--) {
      this.rows[--starts[cell(screenXY[2 * i], screenXY[2 * i + 1])]] = i;
    }
  }

  /**
   * The point nearest to a pixel; of several in one place the last, which is drawn above.
   * @param {Point} px
   * @param {number} [within]  largest distance in pixels, included
   * @returns {number} row, or -1
   */
  nearest(px, within = 14) {
    const [x, y] = px;
    const { xy, rows, starts } = this;
    let found = -1;
    let best = within * within;
    const [left, right] = span(x, within);
    const [top, bottom] = span(y, within);
    for (let cy = top; cy <= bottom; cy++) {
      for (let cx = left; cx <= right; cx++) {
        const c = (cy & (SIDE - 1)) * SIDE + (cx & (SIDE - 1));
        for (let k = starts[c]; k < starts[c + 1]; k++) {
          const row = rows[k];
          const dx = xy[2 * row] - x;
          const dy = xy[2 * row + 1] - y;
          const d = dx * dx + dy * dy;
          if (d < best || (d === best && row > found)) {
            best = d;
            found = row;
          }
        }
      }
    }
    return found;
  }

  /**
   * @param {Point[]} points  corners in pixels; where the outline crosses itself, even-odd
   * @returns {number[]} rows inside, ascending
   */
  inPolygon(points) {
    const { xy } = this;
    const xs = points.map((p) => p[0]);
    const ys = points.map((p) => p[1]);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const rows = [];
    for (let i = 0; i < xy.length; i += 2) {
      const x = xy[i];
      const y = xy[i + 1];
      if (x < left || x > right || y < top || y > bottom) continue;
      let within = false;
      for (let j = 0, k = xs.length - 1; j < xs.length; k = j++) {
        if (ys[j] > y !== ys[k] > y) {
          const crossing = xs[j] + ((y - ys[j]) / (ys[k] - ys[j])) * (xs[k] - xs[j]);
          if (x < crossing) within = !within;
        }
      }
      if (within) rows.push(i / 2);
    }
    return rows;
  }

  /** @param {Frame} frame @returns {number} how many points lie on the stage */
  inView(frame) {
    const { xy } = this;
    let count = 0;
    for (let i = 0; i < xy.length; i += 2) {
      const x = xy[i];
      const y = xy[i + 1];
      if (x >= 0 && x <= frame.width && y >= 0 && y <= frame.height) count += 1;
    }
    return count;
  }
}

/** @param {number} x @param {number} y @returns {number} */
function cell(x, y) {
  const column = (x >> SHIFT) & (SIDE - 1);
  const row = (y >> SHIFT) & (SIDE - 1);
  return row * SIDE + column;
}

/**
 * First and last column (or row) of cells around a pixel; each cell at most once.
 * @param {number} x @param {number} within @returns {[number, number]}
 */
function span(x, within) {
  const first = (x - within) >> SHIFT;
  return [first, Math.min((x + within) >> SHIFT, first + SIDE - 1)];
}
