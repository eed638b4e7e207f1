// Numbers as Python writes them. Counts are written in British English, as everywhere in the app,
// whatever the browser's language: the same number must not look different beside one of Python's.

const COUNT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** `1912` as `1,912`. @param {number} value @returns {string} */
export function count(value) {
  return COUNT.format(value);
}

/**
 * Fixed decimals; an exact half goes to the even neighbour, as in Python (toFixed rounds it up).
 * @param {number} value @param {number} digits @returns {string}
 */
export function fixed(value, digits) {
  // With d decimals only odd multiples of 2^-(d+1) are exact halves, and this product is exact.
  if (Math.abs(value * 2 ** (digits + 1)) % 2 !== 1) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below + (Math.abs(below) % 2)) / 10 ** digits).toFixed(digits);
}

/**
 * `0.834` as `83 %`; only none is 0 %, only all is 100 % (as in app/parts/text.py).
 * @param {number} share in [0, 1]
 * @returns {string}
 */
export function percent(share) {
  const value = 100 * share;
  if ((value > 0 && value < 0.5) || (value >= 99.5 && value < 100)) {
    return `${fixed(Math.min(Math.max(value, 0.1), 99.9), 1)} %`;
  }
  return `${fixed(value, 0)} %`;
}
