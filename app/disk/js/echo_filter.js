// Telling news from echoes. What the disk tells Python comes back with the next scene, perhaps when
// the user has already moved on; that must not pull her back. What Python says by itself (a link,
// the browser's back button) has to be followed.

/** @template T */
export class Echo {
  constructor() {
    /** @type {string | null} what Python last said */
    this.last = null;
    /** @type {string[]} what we said and have not heard back, oldest first */
    this.waiting = [];
  }

  /** Note what is being told to Python. @param {T} value */
  tell(value) {
    this.waiting.push(JSON.stringify(value));
  }

  /**
   * Whether what Python says is news, to be followed.
   * @param {T} value
   * @returns {boolean}
   */
  isNews(value) {
    const said = JSON.stringify(value);
    const before = this.last;
    this.last = said;
    const heard = this.waiting.lastIndexOf(said);
    if (heard >= 0) {
      this.waiting.splice(0, heard + 1);
      return false;
    }
    return said !== before;
  }
}
