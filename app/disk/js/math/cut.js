// What a cut through the uncertainties keeps: u at or below it. Counted as NumPy counts.

/**
 * The largest u that a cut keeps. Cuts are shown with three decimals and half of the last one is
 * forgiven, as in the app's `keep_mask`. There numpy compares float32 uncertainties with a Python
 * float and, because that has no width of its own (NEP 50), brings it to float32 first: so the sum
 * is made in float64 and then rounded, and an image at exactly the rounded sum is kept.
 * @param {number} value @returns {number}
 */
export function keepLimit(value) {
  return Math.fround(value + 5e-4);
}

/** Whether a cut keeps an image of uncertainty u. @param {number} u @param {number} cut */
export const isKept = (u, cut) => !(u > keepLimit(cut));

/**
 * How many of the sorted uncertainties a cut keeps.
 * @param {Float32Array} sorted ascending
 * @param {number} value @returns {number}
 */
export function keptCount(sorted, value) {
  const limit = keepLimit(value);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Counts in equal bins from `low` to `high`, the last one closed; what lies outside is left out.
 * @param {Float32Array} values @param {number} low @param {number} high @param {number} [bins]
 * @returns {Uint32Array}
 */
export function histogram(values, low, high, bins = 60) {
  const counts = new Uint32Array(bins);
  const scale = bins / (high - low);
  for (const value of values) {
    if (!(value >= low && value <= high)) continue;
    counts[Math.min(bins - 1, Math.floor((value - low) * scale))] += 1;
  }
  return counts;
}
