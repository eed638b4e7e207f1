// Pointer, wheel and touch on the stage, as gestures: click, drag, pinch, wheel, hover.
// Independent of what the disk shows: it reports pixels of the stage.

/** @import { Point } from "../types.js" */

/**
 * @typedef {{
 *   grab: (px: Point, event: PointerEvent) => boolean,
 *   drag: (from: Point, to: Point, event: PointerEvent) => void,
 *   drop: (to: Point, event: PointerEvent) => void,
 *   click: (px: Point, event: PointerEvent) => void,
 *   home: () => void,
 *   hold: () => void,
 *   pinch: (from: [Point, Point], to: [Point, Point]) => void,
 *   wheel: (px: Point, factor: number) => void,
 *   hover: (px: Point | null) => void,
 * }} Gestures
 * `grab` returns whether a press there begins a drag (else only a click can come of it); `hold` is
 * the begin of a pinch, by a second finger; every drag and pinch ends with `drop`.
 */

const SLOP = 4; // pixels a press may wander and still be a click
const TOUCH_SLOP = 9;

/**
 * Listen on `stage` until the returned function is called.
 * @param {HTMLElement} stage @param {Gestures} act @returns {() => void}
 */
export function listenGestures(stage, act) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  /** @type {null | {from: Point, moved: boolean, grabbed: boolean}} */
  let press = null;
  /** @type {null | [Point, Point]} */
  let pinch = null;
  const off = new AbortController();

  const at = (/** @type {MouseEvent} */ event) => {
    const box = stage.getBoundingClientRect();
    return /** @type {Point} */ ([event.clientX - box.left, event.clientY - box.top]);
  };
  const two = () => {
    const [a, b] = down.values();
    return /** @type {[Point, Point]} */ ([a, b]);
  };

  /** @param {PointerEvent} event */
  function pressed(event) {
    if (event.button !== 0 || onControl(event)) return;
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    act.hover(null);
    if (down.size === 1) {
      press = { from: at(event), moved: false, grabbed: act.grab(at(event), event) };
    } else if (down.size === 2) {
      press = null;
      pinch = two();
      act.hold();
    }
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const px = at(event);
    if (!down.has(event.pointerId)) {
      if (event.pointerType !== "touch") act.hover(onControl(event) ? null : px);
      return;
    }
    down.set(event.pointerId, px);
    if (pinch && down.size === 2) {
      act.pinch(pinch, two());
      return;
    }
    if (!press) return;
    const slop = event.pointerType === "touch" ? TOUCH_SLOP : SLOP;
    const far = Math.hypot(px[0] - press.from[0], px[1] - press.from[1]) > slop;
    press.moved ||= far;
    if (press.moved && press.grabbed) act.drag(press.from, px, event);
  }

  /** @param {PointerEvent} event */
  function lifted(event) {
    if (!down.delete(event.pointerId)) return;
    const px = at(event);
    if (pinch) {
      // The finger that stays does not go on dragging: it would jump.
      pinch = null;
      act.drop(px, event);
    } else if (press) {
      const { moved: drag, grabbed } = press;
      press = null;
      // A press that the browser takes away is no click, but what it holds has to be let go.
      if (grabbed && (drag || event.type !== "pointerup")) act.drop(px, event);
      else if (!drag && event.type === "pointerup") act.click(px, event);
    }
  }

  const options = { signal: off.signal };
  stage.addEventListener("pointerdown", pressed, options);
  stage.addEventListener("pointermove", moved, options);
  stage.addEventListener("pointerup", lifted, options);
  stage.addEventListener("pointercancel", lifted, options);
  stage.addEventListener("pointerleave", () => down.size || act.hover(null), options);
  stage.addEventListener("dblclick", (e) => onControl(e) || act.home(), options);
  stage.addEventListener(
    "wheel",
    (event) => {
      if (onControl(event)) return;
      event.preventDefault(); // the page must not scroll under the disk
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const turn = Math.max(-240, Math.min(240, event.deltaY * lines));
      act.wheel(at(event), Math.exp(-turn * (event.ctrlKey ? 0.01 : 0.002)));
    },
    { passive: false, signal: off.signal },
  );
  return () => off.abort();
}

/** Whether an event belongs to a button or panel on the stage. @param {Event} event */
function onControl(event) {
  return event.target instanceof Element && event.target.closest(".control") !== null;
}
