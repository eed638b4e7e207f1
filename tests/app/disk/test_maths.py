"""The disk's geometry and view in JavaScript: hypuml.geometry's own values, and laws.

How answers are compared. Distances and radii: relatively, down to the smallest. Points: by
|difference| / (1 - |z|^2), half the hyperbolic distance between the two answers while that is
small. Doubles themselves set the limits of that: an isometry that moves the origin by 14 magnifies
last bits by exp(14), so images further out than `NEAR` are held to `ABSOLUTE` in the coordinates;
and hypuml.geometry's own path between points far apart goes over log0 of a point almost on the
rim, so paths longer than `LONG` are held to the law of constant speed instead. Isometries are
compared as maps: by a and b over |a|, whatever their sign.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.disk_goldens import FAR, goldens
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

CLOSE = 1e-9
ABSOLUTE = 1e-12
NEAR = 7.0
LONG = 12.0

# Random numbers in the page (mulberry32), so that every run sees the same ones.
PRELUDE = """
const H = await import("/js/math/hyperbolic.js");
const V = await import("/js/math/view.js");
let state = 12345;
const random = () => {
  state = (state + 0x6D2B79F5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const between = (low, high) => low + (high - low) * random();
const point = (far) => {
  const [d, angle] = [between(0, far), between(-Math.PI, Math.PI)];
  return [H.radiusOf(d) * Math.cos(angle), H.radiusOf(d) * Math.sin(angle)];
};
const move = (far) => H.compose(H.translation(point(far)), H.rotation(between(-3.1, 3.1)));
const apart = (z, w) => Math.hypot(z[0] - w[0], z[1] - w[1]);
const matrix = (m, n) => {
  const [[a, b], [c, d]] = [m, n].map(({a, b}) =>
    [a, b].map((z) => z.map((x) => x / Math.hypot(...a))));
  const of = (s) => Math.max(apart(a, c.map((x) => s * x)), apart(b, d.map((x) => s * x)));
  return Math.min(of(1), of(-1));
};
const frame = {width: 900, height: 700, cx: 431.5, cy: 350.25, radius: 317, ratio: 2};
const worst = {};
const note = (name, error) => {
  // NaN must not pass, and would not survive Math.max as a number either.
  worst[name] = Number.isNaN(error) ? Infinity : Math.max(worst[name] ?? 0, error);
};
"""


@pytest.fixture
def run(disk_page):  # noqa: F811
    page = disk_page()
    return lambda body, argument=None: page.evaluate(
        f"async (given) => {{ {PRELUDE} {body} }}", argument
    )


def check(worst: dict[str, float], limits: dict[str, float]) -> None:
    """Every measured error is within its limit, and none is without one."""
    assert worst.keys() == limits.keys()
    said = ", ".join(f"{name} {worst[name]:.2g} (limit {limits[name]:.2g})" for name in limits)
    assert all(worst[name] <= limits[name] for name in limits), f"worst errors: {said}"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_truth_in_two_languages(run, seed):
    known = goldens(seed)
    said = run(
        """
        const {z, w, t, radius, v} = given;
        const circle = (c) => [...c.centre, c.radius];
        return {
          dist: z.map((p, i) => H.dist(p, w[i])),
          dist0: z.map(H.dist0),
          geodesic: z.map((p, i) => H.geodesic(p, w[i], t[i])),
          translated: z.map((p, i) => H.apply(H.translation(p), w[i])),
          home: z.map((p, i) => H.apply(H.invert(H.translation(p)), w[i])),
          circle: z.map((p, i) => circle(H.ballCircle(p, radius[i]))),
          exp0: v.map(H.exp0),
          log0: z.map(H.log0),
          radius_of: radius.map(H.radiusOf),
        };
        """,
        known,
    )
    mine = {name: np.array(values) for name, values in said.items()}
    truth = {name: np.array(known[name]) for name in said}
    worst = {}
    for name in ("dist", "dist0", "radius_of"):
        worst[name] = relative(mine[name], truth[name])
    worst["exp0"] = of_points(mine["exp0"], truth["exp0"])
    for name in ("translated", "home"):
        near = np.linalg.norm(truth[name], axis=1) < np.tanh(NEAR / 2)
        worst[name] = of_points(mine[name][near], truth[name][near])
        worst[f"{name}, absolute"] = float(np.abs(mine[name] - truth[name])[~near].max())
    short = truth["dist"] < LONG
    worst["geodesic"] = of_points(mine["geodesic"][short], truth["geodesic"][short])
    log0 = np.linalg.norm(truth["log0"], axis=1)
    worst["log0"] = relative(np.linalg.norm(mine["log0"] - truth["log0"], axis=1) + log0, log0)
    worst["circle's radius"] = relative(mine["circle"][:, 2], truth["circle"][:, 2])
    worst["circle's centre"] = of_points(mine["circle"][:, :2], truth["circle"][:, :2])
    check(worst, {name: ABSOLUTE if "absolute" in name else CLOSE for name in worst})


def relative(mine, truth):
    """Largest relative error; where the truth is 0, the answer has to be 0."""
    assert np.isfinite(mine).all()
    assert (mine[truth == 0] == 0).all()
    return float(np.abs(mine / np.where(truth == 0, 1, truth) - (truth != 0)).max())


def of_points(mine, truth):
    assert np.isfinite(mine).all()
    assert len(truth) > 200
    return float((np.linalg.norm(mine - truth, axis=1) / (1 - (truth**2).sum(axis=1))).max())


def test_the_golden_pairs_are_the_hard_ones():
    known = {name: np.array(values) for name, values in goldens(1).items()}
    d, (z, w) = known["dist"], (known["z"], known["w"])
    assert known["dist0"].max() > FAR - 0.1
    assert d.max() > 2 * FAR - 1
    assert (d == 0).sum() >= 2
    assert ((d > 0) & (d < 1e-7)).sum() > 50
    through_origin = np.abs(z[:, 0] * w[:, 1] - z[:, 1] * w[:, 0]) < 1e-15
    assert through_origin.sum() > 300


def test_isometries_keep_distances_and_form_a_group(run):
    worst = run(
        """
        for (let i = 0; i < 3000; i++) {
          const [m, n, o] = [move(5), move(5), move(5)];
          const [z, w] = [point(5), point(5)];
          const d = H.dist(z, w);
          note("isometry", Math.abs(H.dist(H.apply(m, z), H.apply(m, w)) / d - 1));
          note("inverse", H.dist(H.apply(H.invert(m), H.apply(m, z)), z));
          note("undone", matrix(H.compose(m, H.invert(m)), H.IDENTITY));
          note("identity", matrix(H.compose(H.IDENTITY, m), m) + H.dist(H.apply(H.IDENTITY, z), z));
          note("m after n", H.dist(H.apply(H.compose(m, n), z), H.apply(m, H.apply(n, z))));
          const [left, right] = [H.compose(H.compose(m, n), o), H.compose(m, H.compose(n, o))];
          note("associative", matrix(left, right));
          const [a2, b2] = [left.a, left.b].map((x) => x[0] ** 2 + x[1] ** 2);
          note("determinant", Math.abs(a2 - b2 - 1) / a2);
          note("centre", H.dist0(H.apply(m, H.centre(m))));
          const turn = H.rotation(H.angleOf(m));
          note("parts", matrix(H.compose(H.translation(H.apply(m, [0, 0])), turn), m));
          const angle = between(-Math.PI, Math.PI);
          note("angle", Math.abs(H.angleOf(H.rotation(angle)) - angle));
          const other = {a: m.a.map((x) => -x), b: m.b.map((x) => -x)};
          note("sign", Math.abs(H.angleOf(other) - H.angleOf(m)));
        }
        note("half turn", Math.abs(H.angleOf(H.rotation(-Math.PI)) - Math.PI));
        note("long turn", Math.abs(H.angleOf(H.rotation(1.5 * Math.PI)) + Math.PI / 2));
        return worst;
        """
    )
    exact = dict.fromkeys(("identity", "angle", "sign", "half turn", "long turn"), 1e-14)
    # Images lie up to 15 from the origin, where doubles tell points 1e-10 apart.
    check(
        worst,
        {"isometry": 1e-8, "inverse": 1e-9, "m after n": 1e-8, "undone": 1e-11,
         "associative": 1e-11, "determinant": 1e-15, "centre": 1e-12, "parts": 1e-12, **exact},
    )  # fmt: skip


def test_transvections_move_along_their_line(run):
    worst = run(
        """
        for (let i = 0; i < 3000; i++) {
          const [p, q] = [point(5), point(5)];
          const m = H.transvection(p, q);
          note("p to q", H.dist(H.apply(m, p), q));
          const s = between(-0.5, 0.5);
          note("along", H.dist(H.apply(m, H.geodesic(p, q, s)), H.geodesic(p, q, s + 1)));
          for (const ideal of H.ideals(p, q)) note("ends", apart(H.apply(m, ideal), ideal));
          const half = H.geodesic(p, q, 0.5);
          const twice = H.compose(H.transvection(half, q), H.transvection(p, half));
          note("in two steps", matrix(twice, m));
          const back = matrix(H.compose(H.transvection(q, p), m), H.IDENTITY);
          note("and back", back / Math.hypot(...m.a));
          note("from the origin", matrix(H.transvection([0, 0], p), H.translation(p)));
          const near = H.geodesic(p, q, 1e-6);
          note("tiny step", H.dist(H.apply(H.transvection(p, near), p), near));
          note("no step", matrix(H.transvection(p, p), H.IDENTITY));
        }
        return worst;
        """
    )
    check(
        worst,
        {"p to q": 1e-11, "along": 1e-7, "ends": 1e-10, "in two steps": 1e-11, "and back": 1e-13,
         "from the origin": 1e-13, "tiny step": 1e-11, "no step": 0.0},
    )  # fmt: skip


def test_paths_have_constant_speed_and_arcs_and_circles_are_theirs(run):
    worst = run(
        """
        let [arcs, segments] = [0, 0];
        for (let i = 0; i < 3000; i++) {
          const z = point(i % 2 ? 14 : 4);
          const w = i % 3 ? point(i % 2 ? 14 : 4) : H.apply(H.translation(z), point(1e-3));
          const [d, t] = [H.dist(z, w), between(0, 1)];
          const on = H.geodesic(z, w, t);
          note("speed", Math.abs(H.dist(z, on) - t * d) + Math.abs(H.dist(on, w) - (1 - t) * d));
          note("ends", apart(H.geodesic(z, w, 0), z) + apart(H.geodesic(z, w, 1), w));
          const [behind, beyond] = H.ideals(z, w);
          note("rim", Math.abs(Math.hypot(...behind) - 1) + Math.abs(Math.hypot(...beyond) - 1));
          if (d > 0.1) {
            note("order", apart(H.geodesic(z, w, 1 + 40 / d), beyond)
              + apart(H.geodesic(z, w, -40 / d), behind));
          }
          if (i % 2 === 0) {
            const circle = H.ballCircle(z, d);
            note("circle", Math.abs(apart(circle.centre, w) / circle.radius - 1));
          }
          for (const [from, to] of [[z, w], [behind, beyond]]) {
            const bow = H.arc(from, to);
            const inner = to === w ? on : H.geodesic(z, w, between(0, 1));
            if (bow.straight) {
              segments += 1;
              const [x, y] = [to[0] - from[0], to[1] - from[1]];
              const off = x * (inner[1] - from[1]) - y * (inner[0] - from[0]);
              note("straight", Math.abs(off) / Math.hypot(x, y));
              continue;
            }
            arcs += 1;
            const {centre, radius, start, end, anticlockwise} = bow;
            const at = (a) => [centre[0] + radius * Math.cos(a), centre[1] + radius * Math.sin(a)];
            note("arc's ends", Math.max(apart(at(start), from), apart(at(end), to)) / radius);
            note("on the arc", Math.abs(apart(centre, inner) - radius));
            const whole = 2 * Math.PI;
            const sweep = (((anticlockwise ? end - start : start - end) % whole) + whole) % whole;
            note("shorter arc", sweep > Math.PI ? 1 : 0);
            const rightAngle = Math.hypot(...centre) ** 2 - 1 - radius ** 2;
            note("meets the rim", Math.abs(rightAngle) / Math.max(1, radius ** 2));
          }
        }
        if (arcs < 1000 || segments < 10) note("straight", Infinity);  // both kinds are seen
        const flat = [
          [[0, 0], [0.3, 0.4]], [[-0.3, 0.6], [0.3, -0.6]], [[0.1, 0.2], [0.2, 0.4]],
          [[1, 0], [-1, 0]], [[0.2, 0.1], [0.2, 0.1]], [[0, 0], [0, 0]],
        ];
        for (const [z, w] of flat) {
          note("through the origin", H.arc(z, w).straight ? 0 : 1);
        }
        for (const z of [[0, 0], [0.5, 0], [0, -0.9]]) {  // no direction: still a line
          const [behind, beyond] = H.ideals(z, z);
          note("coincident", apart(behind, beyond.map((x) => -x)));
          note("coincident", apart(H.geodesic(z, z, between(-1, 2)), z));
        }
        return worst;
        """
    )
    check(
        worst,
        {"speed": 1e-09, "ends": 1e-15, "rim": 1e-14, "order": 1e-09, "circle": 1e-09,
         "straight": 1e-06, "arc's ends": 1e-09, "on the arc": 1e-09, "shorter arc": 0.0,
         "meets the rim": 1e-13, "through the origin": 0.0, "coincident": 1e-14},
    )  # fmt: skip


def test_a_point_is_pulled_inside_and_nothing_is_on_the_rim(run):
    worst = run(
        """
        note("kept", apart(H.inside([0.6, -0.7]), [0.6, -0.7]));
        note("pulled", apart(H.inside([3, 4], 0.5), [0.3, 0.4]));
        note("no point", H.dist0(H.inside([NaN, 0])) + H.dist0(H.inside([Infinity, 1])));
        const far = [H.exp0([40, 0]), H.exp0([0, 1e9]), H.inside([5, 0]),
                     H.geodesic([0, 0], [0.5, 0], 90),
                     H.apply(H.translation([1 - 1e-15, 0]), [1 - 1e-15, 0]),
                     H.apply(H.translation([0, 1]), [0, 1])];
        for (const z of far) {
          note("inside", Math.hypot(...z) < 1 ? 0 : 1);
          note("finite", Number.isFinite(H.dist0(z) + H.dist(z, [0, 0])) ? 0 : 1);
        }
        let m = H.IDENTITY;
        for (let i = 0; i < 500; i++) m = H.compose(H.translation([0.5, 0.1]), m);
        note("endless", Number.isFinite(H.dist0(H.apply(m, [0.3, 0.2])) + H.angleOf(m)) ? 0 : 1);
        const reined = H.bounded(m, 3);
        note("bounded", Math.abs(H.dist0(H.centre(reined)) - 3));
        note("bounded", Math.abs(H.angleOf(reined) - H.angleOf(m)));
        return worst;
        """
    )
    check(
        worst,
        {"kept": 0.0, "pulled": 1e-15, "no point": 0.0, "inside": 0.0, "finite": 0.0,
         "endless": 0.0, "bounded": 1e-12},
    )  # fmt: skip


def test_moves_between_views_are_smooth_and_short(run):
    worst = run(
        """
        const bits = (m, n) => m.a[0] === n.a[0] && m.a[1] === n.a[1] && m.b[0] === n.b[0]
          && m.b[1] === n.b[1] ? 0 : 1;
        for (let i = 0; i < 1000; i++) {
          const [m, n] = [move(4), move(4)];
          note("exact ends", bits(H.moveBetween(m, n, 0), m) + bits(H.moveBetween(m, n, 1), n));
          note("meets its ends", matrix(H.moveBetween(m, n, 1e-9), m)
            + matrix(H.moveBetween(m, n, 1 - 1e-9), n));
          const t = between(0, 1);
          const now = H.moveBetween(m, n, t);
          note("reversible", matrix(now, H.moveBetween(n, m, 1 - t)));
          const [c0, c1] = [H.centre(m), H.centre(n)];
          note("centre's path", H.dist(H.centre(now), H.geodesic(c0, c1, t)));
          const goal = H.compose(n, H.invert(m));
          const soFar = H.compose(now, H.invert(m));
          note("short turn", Math.abs(H.angleOf(soFar) - t * H.angleOf(goal)));
          const [v0, v1] = [0, 1].map((k) => {
            const zoom = Math.exp(between(0, 4));
            const pan = [between(-0.7, 0.7), between(-0.7, 0.7)].map((x) => x * (zoom - 1));
            return {move: k ? n : m, zoom, pan};
          });
          note("the views", V.between(v0, v1, 0) === v0 && V.between(v0, v1, 1) === v1 ? 0 : 1);
          const view = V.between(v0, v1, t);
          note("zoom", Math.abs(view.zoom / (v0.zoom ** (1 - t) * v1.zoom ** t) - 1));
          note("pan's limit", Math.max(0, Math.hypot(...view.pan) - (view.zoom - 1) - 1e-12));
          note("unzoomed", apart(V.between(v0, {...v1, zoom: v0.zoom}, t).pan,
            v0.pan.map((x, k) => (1 - t) * x + t * v1.pan[k])));
          const px = V.toScreen(v0, frame, H.apply(H.invert(m), point(2)));
          const near = V.zoomed(v0, frame, px, between(1, 60 / v0.zoom));
          note("zoom keeps its pixel", apart(V.toScreen(V.between(v0, near, t), frame,
            V.toBase(v0, frame, px)), px));
        }
        // The short way round: from 3 to -3 radians over pi, not over 0.
        const half = H.moveBetween(H.rotation(3), H.rotation(-3), 0.5);
        note("over pi", Math.abs(Math.abs(H.angleOf(half)) - Math.PI));
        return worst;
        """
    )
    check(
        worst,
        {"exact ends": 0.0, "meets its ends": 1e-07, "reversible": 1e-11, "centre's path": 1e-10,
         "short turn": 1e-12, "the views": 0.0, "zoom": 1e-13, "pan's limit": 0.0,
         "unzoomed": 1e-12, "zoom keeps its pixel": 1e-08, "over pi": 1e-14},
    )  # fmt: skip


def test_what_is_grabbed_stays_under_the_pointer(run):
    worst = run(
        """
        const views = (far) => {
          const zoom = random() < 0.3 ? 1 : Math.exp(between(0, Math.log(60)));
          const angle = between(-Math.PI, Math.PI);
          const pan = (zoom - 1) * Math.sqrt(random());
          return {move: move(far), zoom, pan: [pan * Math.cos(angle), pan * Math.sin(angle)]};
        };
        const pixel = (view, most) => {
          const [r, a] = [most * Math.sqrt(random()), between(-Math.PI, Math.PI)];
          return V.toScreen({...view, move: H.IDENTITY}, frame, [r * Math.cos(a), r * Math.sin(a)]);
        };
        for (let i = 0; i < 4000; i++) {
          const view = views(4);
          const brink = 1 - 0.02 / view.zoom;
          const [from, to] = [pixel(view, brink), pixel(view, brink)];
          const grabbed = V.toBase(view, frame, from);
          note("there and back", apart(V.toScreen(view, frame, grabbed), from));
          const after = V.dragged(view, frame, from, to);
          note("zoom and pan stay", after.zoom === view.zoom && after.pan === view.pan ? 0 : 1);
          if (H.dist0(H.centre(after.move)) < 9) {
            note("grabbed", apart(V.toScreen(after, frame, grabbed), to));
          }
          note("reach", H.dist0(H.centre(after.move)) - 14);
          note("no drag", matrix(V.dragged(view, frame, from, from).move, view.move));

          // Along the rim the disk is turned about its middle, which stays where it is.
          const [r, a, b] = [between(0.8, 0.97), between(-3, 3), between(-3, 3)];
          const on = (angle) =>
            V.toScreen(V.HOME, frame, [r * Math.cos(angle), r * Math.sin(angle)]);
          const wheel = V.dragged(V.HOME, frame, on(a), on(b));
          note("turns near the rim", Math.hypot(...H.apply(wheel.move, [0, 0])));

          // Beyond the rim: on the ray of the pointer, as far as a drag goes.
          const ray = between(-Math.PI, Math.PI);
          const at = (r) => [
            frame.cx + frame.radius * (view.zoom * r * Math.cos(ray) + view.pan[0]),
            frame.cy - frame.radius * (view.zoom * r * Math.sin(ray) + view.pan[1]),
          ];
          const [out, edge] = [1.5, brink].map((r) => V.dragged(view, frame, from, at(r)));
          note("beyond the rim", matrix(out.move, edge.move));
          note("from outside", V.dragged(view, frame, at(1.0001), to) === view ? 0 : 1);

          // A point near the rim can be grabbed and does not leap at the first pixel.
          const rim = at(between(brink, 1 - 1e-4 / view.zoom));
          note("near the rim", matrix(V.dragged(view, frame, rim, rim).move, view.move));
        }
        for (const broken of [[NaN, 0], [0, Infinity]]) {
          note("not a number", V.dragged(V.HOME, frame, broken, [400, 300]) === V.HOME ? 0 : 1);
          note("not a number", V.dragged(V.HOME, frame, [400, 300], broken) === V.HOME ? 0 : 1);
        }
        const hidden = {...frame, cx: 0, cy: 0, radius: 0, width: 0, height: 0};
        note("no size", V.dragged(V.HOME, hidden, [0, 0], [5, 5]) === V.HOME ? 0 : 1);
        return worst;
        """
    )
    check(
        worst,
        {"there and back": 1e-08, "grabbed": 1e-06, "zoom and pan stay": 0.0, "reach": 1e-08,
         "no drag": 1e-13, "beyond the rim": 1e-08,
         "turns near the rim": 1e-12, "from outside": 0.0,
         "near the rim": 1e-05,
         "not a number": 0.0, "no size": 0.0},
    )  # fmt: skip


def test_ten_thousand_drags_change_no_distance(run):
    worst = run(
        """
        const points = Array.from({length: 40}, () => point(5));
        const apartness = (moved) => {
          const all = [];
          moved.forEach((z, i) => moved.slice(0, i).forEach((w) => all.push(H.dist(z, w))));
          return all;
        };
        const before = apartness(points);
        let [view, far] = [V.HOME, 0];
        for (let i = 0; i < 10000; i++) {
          const [from, to] = [point(3), point(3.9)].map(([x, y]) =>
            [frame.cx + frame.radius * x, frame.cy - frame.radius * y]);
          view = V.dragged(view, frame, from, to);
          const reach = H.dist0(H.centre(view.move));
          far = Math.max(far, reach);
          note("reach", reach - 14);
          note("finite", [...view.move.a, ...view.move.b].every(Number.isFinite) ? 0 : 1);
          const [a2, b2] = [view.move.a, view.move.b].map((x) => x[0] ** 2 + x[1] ** 2);
          note("determinant", Math.abs(a2 - b2 - 1) / a2);
        }
        if (far < 13) note("finite", 2);  // the drags are to reach the limit, or they test little
        // Round a triangle, ten thousand sides: its corner is where it was, under the same pixel.
        const corners = [[200, 300], [500, 150], [450, 560], [200, 300]];
        let round = {...V.HOME, zoom: 1.5, pan: [0.1, -0.2]};
        const corner = V.toBase(round, frame, corners[0]);
        for (let i = 0; i < 9999; i++) {
          round = V.dragged(round, frame, corners[i % 3], corners[(i % 3) + 1]);
        }
        note("corner", apart(V.toScreen(round, frame, corner), corners[0]));
        apartness(points.map((z) => H.apply(round.move, z))).forEach((d, i) => {
          note("distances, rounds", Math.abs(d / before[i] - 1));
        });
        // Home again, so that the points are where doubles can tell them apart.
        view = V.glidedTo(view, [0, 0]);
        apartness(points.map((z) => H.apply(view.move, z))).forEach((d, i) => {
          note("distances", Math.abs(d / before[i] - 1));
        });
        return worst;
        """
    )
    check(
        worst,
        {"reach": 1e-08, "finite": 0.0, "determinant": 1e-14, "corner": 1e-06,
         "distances, rounds": 1e-06, "distances": 1e-06},
    )  # fmt: skip


def test_zoom_is_about_the_pointer_and_the_disk_is_never_lost(run):
    worst = run(
        """
        for (let i = 0; i < 3000; i++) {
          let view = {...V.HOME, move: move(4)};
          const spot = () => {
            const [x, y] = point(7);
            return V.toScreen({...view, move: H.IDENTITY}, frame, [x, y]);
          };
          for (let k = 0; k < 3; k++) {
            const px = spot();
            const before = V.toDisk(view, frame, px);
            const factor = between(1, 3);
            const next = V.zoomed(view, frame, px, factor);
            note("pixel", apart(V.toScreen({...next, move: H.IDENTITY}, frame, before), px));
            note("factor", Math.abs(next.zoom - view.zoom * factor) / view.zoom);
            note("move", next.move === view.move ? 0 : 1);
            const back = V.zoomed(next, frame, px, 1 / factor);
            note("undone", apart(back.pan, view.pan) + Math.abs(back.zoom - view.zoom));
            view = next;
          }
          // Anything a wheel can do, the pointer anywhere: some of the disk stays in the middle.
          for (let k = 0; k < 5; k++) {
            const px = [between(-500, 1500), between(-500, 1500)];
            view = V.zoomed(view, frame, px, Math.exp(between(-2, 2)));
            note("in range", view.zoom >= 1 && view.zoom <= 60 ? 0 : 1);
            const middle = V.toDisk(view, frame, [frame.cx, frame.cy]);
            note("on the stage", Math.hypot(...middle) < 1 ? 0 : 1);
          }
          const out = V.zoomed(view, frame, spot(), 1e-9);
          note("home", out.zoom === 1 && out.pan[0] === 0 && out.pan[1] === 0 ? 0 : 1);
          note("most", V.zoomed(view, frame, spot(), 1e9).zoom === 60 ? 0 : 1);
        }
        for (const factor of [NaN, undefined]) {
          note("no factor", V.zoomed(V.HOME, frame, [1, 2], factor) === V.HOME ? 0 : 1);
        }
        return worst;
        """
    )
    check(
        worst,
        {"pixel": 1e-09, "factor": 1e-13, "move": 0.0, "undone": 1e-12, "in range": 0.0,
         "on the stage": 0.0, "home": 0.0, "most": 0.0, "no factor": 0.0},
    )  # fmt: skip


def test_gliding_brings_a_point_to_the_middle_without_turning_it(run):
    worst = run(
        """
        for (let i = 0; i < 1000; i++) {
          const view = {move: move(4), zoom: 3, pan: [1, -0.5]};
          const z = point(6);
          const after = V.glidedTo(view, z);
          note("middle", apart(V.toScreen(after, frame, z), [frame.cx, frame.cy]));
          note("zoom", after.zoom === 3 && after.pan[0] === 0 && after.pan[1] === 0 ? 0 : 1);
          const step = H.compose(after.move, H.invert(view.move));
          note("no turn", Math.abs(H.angleOf(step)));
          const beyond = V.glidedTo(view, [Math.cos(i), Math.sin(i)]);
          note("reach", H.dist0(H.centre(beyond.move)) - 14);
        }
        return worst;
        """
    )
    check(
        worst,
        {"middle": 1e-06, "zoom": 0.0, "no turn": 1e-12, "reach": 1e-08},
    )  # fmt: skip


def test_a_view_survives_its_address_and_nonsense_is_no_view(run):
    worst = run(
        """
        for (let i = 0; i < 3000; i++) {
          const zoom = i % 4 ? Math.exp(between(0, Math.log(60))) : 1;
          const pan = [between(-0.7, 0.7), between(-0.7, 0.7)].map((x) => x * (zoom - 1));
          const view = {move: move(i % 2 ? 3 : 14), zoom, pan};
          const packed = V.pack(view);
          const again = V.unpack(JSON.parse(JSON.stringify(packed)));
          note("accepted", again === null ? 1 : 0);
          note("short", Math.max(...packed.map((x) => String(x).length)) > 9 ? 1 : 0);
          note("same address", V.pack(again).some((x, k) => !Object.is(x, packed[k])) ? 1 : 0);
          note("centre", apart(H.centre(again.move), H.centre(view.move)));
          const turned = (H.angleOf(again.move) - H.angleOf(view.move)) / 2;
          note("angle", Math.abs(Math.sin(turned)));
          note("zoom", Math.abs(again.zoom - view.zoom));
          note("pan", apart(again.pan, view.pan));
          if (i % 2) {
            for (const z of [[0, 0], [0.5, -0.3]]) {
              note("shift", apart(H.apply(again.move, z), H.apply(view.move, z)));
            }
          }
        }
        note("home", V.pack(V.HOME).every((x, k) => Object.is(x, k === 3 ? 1 : 0)) ? 0 : 1);
        const fine = [0.1, 0.2, 0.3, 2, 0.1, 0];
        note("accepted", V.unpack(fine) ? 0 : 1);
        const instead = (k, x) => fine.map((old, i) => (i === k ? x : old));
        const nonsense = [
          null, undefined, "", "0.1,0.2,0.3,2,0.1,0", 7, {}, {length: 6}, [], fine.slice(1),
          [...fine, 0], new Array(6), fine.map(String), fine.map((x) => [x]),
          [[0.1, 0.2], 0.3, 2, 0.1, 0, 0],
          instead(0, 1), instead(0, -1e300), instead(1, 0.99999), instead(2, 4), instead(2, 1e9),
          instead(3, 1e9), instead(3, 0.99), instead(3, 60.1), instead(3, -2), instead(4, 1.1),
          instead(5, -1e9),
        ];
        for (let k = 0; k < 6; k++) {
          for (const x of [NaN, Infinity, -Infinity, "1", null, undefined, true, [0], {}]) {
            nonsense.push(instead(k, x));
          }
        }
        nonsense.forEach((numbers) => note("nonsense", V.unpack(numbers) === null ? 0 : 1));
        const edge = V.unpack([0.70710678, 0.70710678, 0, 1, 0, 0]);
        note("reach", H.dist0(H.centre(edge.move)) - 14);
        return worst;
        """
    )
    check(
        worst,
        {"accepted": 0.0, "short": 0.0, "same address": 0.0, "centre": 1.5e-05, "angle": 5e-06,
         "zoom": 5.1e-06, "pan": 7.2e-06, "shift": 4e-05, "home": 0.0, "nonsense": 0.0,
         "reach": 1e-08},
    )  # fmt: skip
