// The cut through the histogram of u: what lies left of it is kept, what lies right is rejected.
//
// The number of kept images follows every move and is counted here; what needs Python (Recall@1)
// is its sentence for the last value it received, dimmed while the cut is elsewhere. The whole
// strip can be grabbed. Values lie on the grid `low + i * step`.

import { histogram, keptCount } from "../math/cut.js";
import { count, fixed, percent } from "../math/numbers.js";
import { make, write } from "./dom.js";

/** @import { Scene, Theme } from "../types.js" */
/**
 * The scene's threshold, and what it is drawn with.
 * @typedef {NonNullable<Scene["threshold"]> & {uncertainty: Float32Array, palette: string[],
 *            range: [number, number], theme?: Theme}} Cut
 */

const BARS = 60;
/** Milliseconds without a key after which the keyboard's value is sent. */
const QUIET = 300;

export class Threshold {
  /**
   * @param {HTMLElement} parent
   * @param {{onMove: (value: number) => void, onCommit: (value: number) => void}} events
   */
  constructor(parent, events) {
    this.events = events;
    /** @type {Cut | null} */
    this.cut = null;
    this.value = NaN;
    /** The last value sent or received. */
    this.agreed = NaN;
    this.dragging = false;
    this.timer = 0;
    this.sorted = new Float32Array();

    this.kept = make("span", "", "", { title: "Images with u at or below the threshold" });
    this.coverage = make("span", "", "", { title: "Share of queries that are answered" });
    this.says = make("span", "says");
    this.keptNumber = make("b");
    this.total = document.createTextNode("");
    this.kept.append("kept ", this.keptNumber, this.total);
    this.share = make("b");
    this.coverage.append("coverage ", this.share);
    const line = make("div", "kept");
    line.append(this.kept, this.coverage, this.says);

    this.slider = make("div", "cut", "", {
      role: "slider",
      tabindex: 0,
      "aria-label": "Reject queries with uncertainty above",
      "aria-orientation": "horizontal",
    });
    this.bars = Array.from({ length: BARS }, () => make("i"));
    const bars = make("div", "bars");
    bars.append(...this.bars);
    this.output = make("span", "value");
    const handle = make("div", "handle");
    handle.append(this.output);
    this.slider.append(bars, make("div", "track"), handle);
    parent.append(line, this.slider);

    this.slider.onpointerdown = (event) => this.grab(event);
    this.slider.onpointermove = (event) => this.dragging && this.follow(event);
    this.slider.onpointerup = () => this.release();
    // The browser took the finger for scrolling: nothing was chosen.
    this.slider.onpointercancel = () => this.giveUp();
    this.slider.onkeydown = (event) => this.key(event);
    this.slider.onblur = () => this.timer && this.commit();
  }

  /**
   * Take Python's value, sentence and data. While the cut is being moved it stays where it is.
   * @param {Cut} cut
   */
  update(cut) {
    const old = this.cut;
    this.cut = cut;
    if (old?.uncertainty !== cut.uncertainty) this.sorted = cut.uncertainty.slice().sort();
    if (changed(old, cut)) this.draw(cut);
    write(this.says, cut.says);
    this.says.title = cut.detail;
    this.slider.setAttribute("aria-valuemin", String(cut.low));
    this.slider.setAttribute("aria-valuemax", String(cut.high));
    // Python's last value again is no news: perhaps ours is still on its way.
    const news = old?.value !== cut.value || old.uncertainty !== cut.uncertainty;
    if (news) this.agreed = cut.value;
    this.show(news && !this.dragging && !this.timer ? cut.value : this.value);
  }

  /** Move the cut without an event. @param {number} value */
  setValue(value) {
    if (this.cut) this.show(Math.min(this.cut.high, Math.max(this.cut.low, value)));
  }

  /** @private @param {Cut} cut */
  draw(cut) {
    const counts = histogram(cut.uncertainty, cut.low, cut.high);
    const most = Math.max(1, ...counts);
    const width = (cut.high - cut.low) / BARS;
    this.bars.forEach((bar, i) => {
      const [from, to] = [cut.low + i * width, cut.low + (i + 1) * width];
      const height = (100 * counts[i]) / most;
      bar.style.height = `${counts[i] ? Math.max(height, 4) : 0}%`;
      bar.style.setProperty("--colour", colourOf((from + to) / 2, cut.palette, cut.range));
      bar.title = `${count(counts[i])} images with u from ${fixed(from, 3)} to ${fixed(to, 3)}`;
    });
    if (cut.theme) {
      this.slider.style.setProperty("--rejected", cut.theme.rejected);
    }
  }

  /** @private @param {number} value */
  show(value) {
    const { cut } = this;
    if (!cut) return;
    this.value = value;
    const n = this.sorted.length;
    const kept = value >= cut.high ? n : keptCount(this.sorted, value);
    const share = (value - cut.low) / (cut.high - cut.low);
    const text = fixed(value, 3);
    write(this.keptNumber, count(kept));
    write(this.total, ` of ${count(n)}`);
    write(this.share, percent(n ? kept / n : 0));
    write(this.output, text);
    this.says.classList.toggle("stale", value !== cut.value);
    this.slider.style.setProperty("--share", String(Math.min(1, Math.max(0, share))));
    this.bars.forEach((bar, i) => bar.classList.toggle("out", (i + 0.5) / BARS > share));
    this.slider.setAttribute("aria-valuenow", String(value));
    this.slider.setAttribute("aria-valuetext", `${text}, keeps ${count(kept)} of ${count(n)}`);
  }

  /** @private @param {number} value */
  move(value) {
    const next = this.onGrid(value);
    if (next === this.value) return;
    this.show(next);
    this.events.onMove(next);
  }

  commit() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.value === this.agreed) return;
    this.agreed = this.value;
    this.events.onCommit(this.value);
  }

  giveUp() {
    if (!this.dragging) return;
    this.dragging = false;
    this.move(this.agreed);
  }

  /** @private @param {number} value @returns {number} the nearest on the grid */
  onGrid(value) {
    const { low, high, step } = /** @type {Cut} */ (this.cut);
    const steps = Math.round((value - low) / step);
    // Sums of a step such as 0.001 are not what is written: 0.1 + 0.2 again.
    const near = Number((low + steps * step).toFixed(6));
    return Math.min(high, Math.max(low, near));
  }

  /** @private @param {PointerEvent} event */
  grab(event) {
    if (!this.cut || event.button !== 0 || !event.isPrimary) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.slider.setPointerCapture(event.pointerId);
    this.slider.focus({ preventScroll: true });
    event.preventDefault();
    this.dragging = true;
    this.follow(event);
  }

  /** @private @param {PointerEvent} event */
  follow(event) {
    const { low, high } = /** @type {Cut} */ (this.cut);
    const box = this.bars[0].parentElement?.getBoundingClientRect();
    if (box?.width) this.move(low + ((event.clientX - box.left) / box.width) * (high - low));
  }

  release() {
    if (!this.dragging) return;
    this.dragging = false;
    this.commit();
  }

  /** @private @param {KeyboardEvent} event */
  key(event) {
    const { cut, value } = this;
    if (!cut || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && this.dragging) {
      event.stopPropagation();
      return this.giveUp();
    }
    /** @type {Record<string, number>} */
    const goes = {
      ArrowRight: value + cut.step,
      ArrowUp: value + cut.step,
      ArrowLeft: value - cut.step,
      ArrowDown: value - cut.step,
      PageUp: value + 10 * cut.step,
      PageDown: value - 10 * cut.step,
      Home: cut.low,
      End: cut.high,
    };
    if (!(event.key in goes)) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(goes[event.key]);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.commit(), QUIET);
  }
}

/** Whether the bars have to be drawn anew. */
/** @param {Cut | null} a @param {Cut} b @returns {boolean} */
function changed(a, b) {
  return (
    a?.uncertainty !== b.uncertainty || a.low !== b.low || a.high !== b.high ||
    a.theme !== b.theme || String(a.range) !== String(b.range) ||
    a.palette.length !== b.palette.length || a.palette[0] !== b.palette[0]
  );
}

/**
 * The colour of an uncertainty.
 * @param {number} u
 * @param {string[]} palette from sure to unsure
 * @param {[number, number]} range the uncertainties at its ends
 * @returns {string}
 */
function colourOf(u, palette, [low, high]) {
  const share = Math.min(1, Math.max(0, (u - low) / Math.max(high - low, 1e-12)));
  return palette[Math.round(share * (palette.length - 1))] ?? "currentColor";
}
