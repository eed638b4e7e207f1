// The words that the modules of the disk share, as JSDoc types. No code.
//
// Coordinates. A *point* is [x, y] in the unit disk, y upwards, curvature -1. "Base" points are
// where a layout puts things; the view moves base points by an isometry (the dragging) and then
// enlarges the picture (zoom and pan):
//
//     z' = apply(view.move, z)
//     x_px = frame.cx + frame.radius * (view.zoom * z'.x + view.pan.x)
//     y_px = frame.cy - frame.radius * (view.zoom * z'.y + view.pan.y)
//
// Pixels are CSS pixels, from the stage's upper left corner, y downwards.

/** A point of the unit disk, or a complex number. @typedef {[number, number]} Point */

/**
 * An orientation-preserving isometry of the disk, z -> (a z + b) / (conj(b) z + conj(a)),
 * |a| > |b|, kept at |a|^2 - |b|^2 = 1.
 * @typedef {{a: Point, b: Point}} Isometry
 */

/**
 * How the disk is looked at; zoom >= 1, pan in disk radii. Never changed in place.
 * @typedef {{move: Isometry, zoom: number, pan: Point}} View
 */

/**
 * Where the disk lies on the stage: size, the disk's centre and radius in CSS pixels (at zoom 1
 * and pan 0), and device pixels per CSS pixel.
 * @typedef {{width: number, height: number, cx: number, cy: number, radius: number,
 *            ratio: number}} Frame
 */

/**
 * A gallery's points, fetched once. `unit` is picture distance per true distance (dilation times
 * the root of c); `group` is each image's row of `paths`, the distinct taxonomy paths from the
 * root's child to the class; an image without a class has an empty path. `exact` means that the
 * model has two dimensions, so that every distance of the picture is true.
 * @typedef {{count: number, xy: Float32Array, uncertainty: Float32Array,
 *            group: Uint16Array | Uint32Array, paths: string[][], levels: string[], unit: number,
 *            exact: boolean, umap: boolean,
 *            tiles: {side: number, columns: number, perTile: number}}} Cloud
 */

/** The layouts of a gallery. @typedef {"origin" | "query" | "umap"} LayoutName */

/** What a drag does: moving, or drawing around points. @typedef {"move" | "lasso" | "box"} Tool */

/**
 * An outline around points: in pixels while it is drawn, in base points once it is finished, so
 * that it goes on enclosing exactly what it did, wherever the disk is moved.
 * @typedef {{drawn: Point[], kept: Point[]}} Outline
 */

/**
 * Where base points are and what they mean: "origin" (radius-true), "query" (radius is the true
 * distance to the query) or "umap" (radius means nothing; `unit` is null).
 * @typedef {{name: LayoutName, unit: number | null}} Layout
 */

/**
 * A place: a point, a gallery row, a handle, or the query, wherever the layout puts it.
 * @typedef {Point | {row: number} | {handle: string} | {query: true}} Anchor
 */

/**
 * What is drawn beside the points. Distances are true ones (see Layout.unit). Colours: "accent",
 * "ink", "muted", "alarm", or CSS. `label` is text, never markup.
 * - geodesic: the shortest path; `whole` continues it to the rim.
 * - line: the straight segment of the base picture, which is not the shortest path.
 * - path: geodesics through several anchors, with an arrow head at the end if `arrow`.
 * - ring: a circle, outlined; ball: a disk, filled. `centre` defaults to the origin.
 * - tree: nodes with the index of each one's parent (-1 for a root); `names` are optional.
 * - handle: a point that can be dragged.
 * - dot: a point that cannot; `size` in pixels.
 * `in` names the layouts in which a shape is shown; all where it is missing. What is `measured` has
 * its true length beside it (a ring or ball its radius). A ring or ball with `through` goes through
 * that place, whatever its `distance`.
 * @typedef {({type: "geodesic", from: Anchor, to: Anchor, whole?: boolean, colour?: string,
 *            width?: number, dashed?: boolean, label?: string}
 *         | {type: "line", from: Anchor, to: Anchor, colour?: string, width?: number,
 *            dashed?: boolean, label?: string}
 *         | {type: "path", through: Anchor[], arrow?: boolean, colour?: string, width?: number,
 *            dashed?: boolean, label?: string}
 *         | {type: "ring", centre?: Anchor, distance: number, through?: Anchor | null,
 *            colour?: string, width?: number,
 *            dashed?: boolean, label?: string}
 *         | {type: "ball", centre?: Anchor, distance: number, through?: Anchor | null,
 *            colour?: string, label?: string}
 *         | {type: "tree", nodes: Anchor[], parents: number[], names?: string[], colour?: string,
 *            width?: number}
 *         | {type: "handle", id: string, at: Point, colour?: string, label?: string}
 *         | {type: "dot", at: Anchor, size?: number, hollow?: boolean, colour?: string,
 *            label?: string})
 *         & {in?: LayoutName[], measured?: boolean}} Shape
 */

/**
 * Colours around the data, as CSS, read from the page.
 * @typedef {{dark: boolean, ink: string, muted: string, ground: string, disk: string,
 *            grid: string, rim: string, edge: string, rejected: string, accent: string,
 *            alarm: string, font: string}} Theme
 */

/**
 * What every drawing part may read; made anew for each frame, cheap.
 * `resolve` gives the base point of an anchor (null where the layout has no place for it),
 * `screen` the pixels of a base point. `screenXY` are the pixels of all points, [2N], as they were
 * when the view last came to rest, null before.
 * @typedef {{frame: Frame, view: View, theme: Theme, cloud: Cloud | null, layout: Layout,
 *            resolve: (anchor: Anchor) => Point | null, screen: (z: Point) => Point,
 *            base: (row: number) => Point, screenXY: Float32Array | null}} Stage
 */

/** Bits of a point's flags. DIM: not in what is highlighted. SELECTED: in the selection. */
export const DIM = 1;
export const SELECTED = 2;

/**
 * How points look in this frame: `t` in [0, 1] between the two sets of positions, dots' diameter
 * in CSS pixels, points of larger uncertainty than `threshold` are drawn as rejected (small open
 * rings in `rejected`, not only paler).
 * @typedef {{t: number, size: number, threshold: number, theme: Theme}} PointStyle
 */

/**
 * Draws all points. Two implementations: WebGL2 and, where that is missing, Canvas 2D.
 * Positions are base points [2N]; between the two sets a point moves along the ray of its
 * direction in the tangent space: exp0((1 - t) log0(from) + t log0(to)).
 * Colours are entries of a palette (RGBA bytes), one code per point.
 * @typedef {{
 *   kind: "webgl" | "canvas",
 *   setPositions: (from: Float32Array, to: Float32Array) => void,
 *   setUncertainty: (uncertainty: Float32Array) => void,
 *   setColours: (codes: Uint16Array, palette: Uint8Array) => void,
 *   setFlags: (flags: Uint8Array) => void,
 *   resize: (frame: Frame) => void,
 *   draw: (view: View, style: PointStyle) => void,
 *   destroy: () => void,
 * }} PointRenderer
 */

/**
 * What Python sends with every rerun, as JSON (app/disk/scene.py writes it).
 * `query` is where the query lies on the gallery's disk, its row (null for a picture from
 * outside) and `who`, its name in the addresses of `around` and `card`.
 * @typedef {{
 *   cloud: null | {points: string, umap: string, around: string, card: string, tile: string,
 *                  picture: string, colours: string | null, palette: string[],
 *                  range: [number, number], colour: string},
 *   query: null | {xy: Point, row: number | null, who: string, name: string, linked: boolean},
 *   hits: {row: number, distance: number, mark: "right" | "wrong" | ""}[],
 *   shapes: Shape[],
 *   layout: LayoutName,
 *   at: number[] | null,
 *   threshold: null | {value: number, low: number, high: number, step: number, says: string,
 *                      detail: string},
 *   highlight: string[],
 *   selection: number[],
 *   badges: {layout: string, text: string, detail: string}[],
 *   unit: number,
 *   label: string,
 * }} Scene
 */

/**
 * The events that Python gets, few and meaningful; each causes one rerun.
 * @typedef {{
 *   query: (row: number) => void,
 *   select: (rows: number[]) => void,
 *   threshold: (value: number) => void,
 *   view: (layout: string, at: number[] | null) => void,
 *   handle: (id: string, at: Point) => void,
 *   highlight: (path: string[]) => void,
 * }} Events
 */
