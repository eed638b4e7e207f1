// Separates news from echoes. A value sent to Python comes back with the next scene, perhaps when
// the user has already moved on, and must not pull her back. A value that comes for another reason
// (a link, the browser's back button) has to be followed.

/** @template T */
export class EchoFilter {
  /** The last value received, as JSON. @type {string | null} */
  #received = null;
  /** Values sent whose echo has not come yet, as JSON, oldest first. @type {string[]} */
  #pending = [];

  /** How many values were sent and have not come back. @returns {number} */
  get pending() {
    return this.#pending.length;
  }

  /** Note a value that is being sent to Python. @param {T} value */
  sent(value) {
    this.#pending.push(JSON.stringify(value));
  }

  /** Whether Python has this value, or will have it shortly. @param {T} value */
  isCurrent(value) {
    return JSON.stringify(value) === (this.#pending.at(-1) ?? this.#received);
  }

  /** Whether a value from Python is news, to be followed. @param {T} value @returns {boolean} */
  isNews(value) {
    const now = JSON.stringify(value);
    const before = this.#received;
    this.#received = now;
    const echo = this.#pending.lastIndexOf(now);
    if (echo < 0) return now !== before;
    this.#pending.splice(0, echo + 1);
    return false;
  }
}
