// The one hook for tests and the browser's console: what the disk shows, as plain data.

/** @import { Disk } from "./disk.js" */

/**
 * A copy of everything worth knowing; nothing in it changes afterwards, and changing it changes
 * nothing. On the page: `document.querySelector(".hypdisk").snapshot()`.
 * @param {Disk} disk
 */
export function snapshot({ due, frames, labels, motion, pictures, renderer, state, ...disk }) {
  const { cloud, positions, scene, screenXY } = state;
  return structuredClone({
    /** Frames drawn so far, whether another one is due, and which renderer draws the points. */
    frames,
    due,
    renderer: renderer.kind,
    /** The scene from Python, how many images its gallery has (0 before they are
     * fetched), and whether they have their colours. */
    scene,
    count: cloud?.count ?? 0,
    coloured: state.colouring !== null,
    /** Where the disk lies on the stage, how it is looked at, the same as Python keeps it. */
    frame: state.frame,
    view: state.view,
    packed: state.packed,
    /** Layout, where its change leads, and the time of that change in [0, 1]. */
    layout: positions.layout,
    target: disk.transition.target,
    t: positions.t,
    /** Whether something moves by itself; is held; is at rest, its points' pixels known. */
    moving: motion.running,
    held: state.held,
    resting: screenXY !== null && !motion.running && positions.t === 1,
    /** Views sent to Python that have not come back. */
    pending: disk.views.pending,
    /** Pixels of all points on the stage, [2N], at rest; their flags, [N]. */
    points: screenXY,
    flags: state.flags,
    threshold: state.threshold,
    tool: state.tool,
    outline: state.outline.kept,
    hovered: state.hovered,
    focused: state.focused,
    handles: state.handles.all(),
    distances: state.distances,
    /** Names on the disk; rows whose thumbnails are, null where dots are shown. */
    names: labels.placed.map(({ text }) => text),
    pictures: state.showPictures ? (pictures?.drawn ?? []) : null,
  });
}
