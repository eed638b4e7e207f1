// Animation: one at a time, stoppable, and none at all for those who asked for less motion.

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Runs one animation at a time; starting another, or `finish`, brings the former to its end. */
export class Motion {
  /** @type {null | (() => void)} */
  #end = null;

  /** Whether something moves. @returns {boolean} */
  get running() {
    return this.#end !== null;
  }

  /**
   * Call `step` with eased times from 0 (excluded) to 1 (always reached, exactly once).
   * @param {number} milliseconds @param {(t: number) => void} step
   * @returns {Promise<void>} resolved after the last step
   */
  run(milliseconds, step) {
    this.finish();
    if (still.matches || milliseconds <= 0) {
      step(1);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const began = performance.now();
      let ticket = 0;
      const end = () => {
        cancelAnimationFrame(ticket);
        this.#end = null;
        step(1);
        resolve();
      };
      const tick = (/** @type {number} */ now) => {
        const t = (now - began) / milliseconds;
        if (t >= 1) return end();
        if (t > 0) step(ease(t));
        ticket = requestAnimationFrame(tick);
      };
      this.#end = end;
      ticket = requestAnimationFrame(tick);
    });
  }

  /** Bring what moves to its end at once. */
  finish() {
    if (this.#end) this.#end();
  }
}

/** Slow start, slow end. @param {number} t in [0, 1] @returns {number} in [0, 1] */
export function ease(t) {
  return t * t * (3 - 2 * t);
}
