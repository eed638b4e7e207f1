"""Where the disk's points are in another layout or in between, and whom the disk follows."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.geometry import expmap0, logmap0, mobius_add
from hypuml.layout import around_xy
from hypuml.layout.recenter import spread
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

# `moved` is translation(p) o rotation(angle) in JavaScript, to be compared with NumPy's.
PRELUDE = """
const A = await import("/js/math/around.js");
const E = await import("/js/echo_filter.js");
const H = await import("/js/math/hyperbolic.js");
const K = await import("/js/math/picking.js");
const P = await import("/js/math/positions.js");
const V = await import("/js/math/view.js");
const floats = (x) => Float32Array.from(x.flat());
const moved = (p, angle) => H.compose(H.translation(p), H.rotation(angle));
"""


@pytest.fixture
def run(disk_page):  # noqa: F811
    page = disk_page()
    return lambda body, given=None: page.evaluate(f"async (given) => {{ {PRELUDE} {body} }}", given)


def picture(seed: int, count: int, far: float = 4.0) -> np.ndarray:
    """Random places ``[count, 2]`` up to ``far`` from the origin, as they are sent."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(count, 2))
    v *= rng.uniform(0, far / 2, (count, 1)) / np.linalg.norm(v, axis=1, keepdims=True)
    return expmap0(v, 1.0).astype(np.float32)


# --- around.js -------------------------------------------------------------------------------


def around_in_page(run, cases: list[tuple[np.ndarray, np.ndarray, np.ndarray, float, bool]]):
    given = [[xy.tolist(), c.tolist(), d.tolist(), unit, exact] for xy, c, d, unit, exact in cases]
    return [
        np.array(sets).reshape(2, -1, 2)
        for sets in run(
            """
            return given.map(([xy, centre, distances, unit, exact]) => {
              const {from, to} = A.around(floats(xy), centre, floats(distances), unit, exact);
              return [[...from], [...to]];
            });
            """,
            given,
        )
    ]


def test_the_query_centred_picture_has_one_truth_in_two_languages(run):
    cases = []
    for seed, count in enumerate([1, 2, 3, 10, 400, 400]):
        rng = np.random.default_rng(seed)
        xy = picture(seed, count)
        distances = rng.uniform(0, 6, count).astype(np.float32)
        inside = picture(100 + seed, 1)[0].astype(np.float64)
        for centre, unit in ((xy[-1].astype(np.float64), 1.0), (inside, 0.3), (np.zeros(2), 9.0)):
            cases += [(xy, centre, distances, unit, exact) for exact in (True, False)]
    for case, (start, end) in zip(cases, around_in_page(run, cases), strict=True):
        xy, centre, *_ = case
        moved = mobius_add(np.broadcast_to(-centre, xy.shape), xy.astype(np.float64), 1.0)
        assert np.abs(start - moved).max() < 1e-6
        assert np.abs(end - around_xy(*case)).max() < 1e-6
        assert np.hypot(*end.T).max() < 1


def test_images_in_one_place_keep_their_order_around_the_query(run):
    """Duplicates are common; around the circle they lie side by side, by their rows."""
    xy = picture(3, 60)[np.random.default_rng(0).integers(0, 60, 500)]
    centre = xy[17].astype(np.float64)
    distances = np.random.default_rng(1).uniform(0, 4, 500).astype(np.float32)
    cases = [(xy, centre, distances, 0.8, exact) for exact in (True, False)]
    for case, (_, end) in zip(cases, around_in_page(run, cases), strict=True):
        assert np.abs(end - around_xy(*case)).max() < 1e-6


def test_queries_and_images_at_the_very_rim_have_a_picture(run):
    """Rounding to float32 may put a place on the rim, or 2^-24 beyond it."""
    xy = picture(4, 50)
    xy[0] = 1.0, 0.0
    xy[1] = np.float32([0.6, 0.8])
    xy[2] = -xy[1]
    assert np.hypot(*xy[1].astype(np.float64)) > 1
    cases = []
    for row in (0, 1, 2, 20):
        distances = np.linspace(0.1, 60, 50).astype(np.float32)
        distances[row] = 0.0
        centre = xy[row].astype(np.float64)
        cases += [(xy, centre, distances, 0.9, exact) for exact in (True, False)]
    for case, (start, end) in zip(cases, around_in_page(run, cases), strict=True):
        assert np.isfinite(start).all()
        assert np.hypot(*start.T).max() < 1
        assert np.hypot(*end.T).max() < 1
        assert np.abs(end - around_xy(*case)).max() < 1e-6
        query = int(np.argmin(case[2]))
        assert start[query].tolist() == [0, 0]  # it sets out from the middle, where it stays


def test_directions_are_spread_alike(run):
    rng = np.random.default_rng(5)
    sets = [
        [], [1.0], [2.0, 2.0, 2.0], [0.1, -0.1], [3.1, -3.1],
        rng.uniform(-np.pi, np.pi, 7).tolist(),
        np.angle(np.exp(1j * rng.normal(3.1, 0.05, 300))).tolist(),
        rng.choice([-1.0, 0.5, 0.7], 40).tolist(),
        (np.arange(50) * 2 * np.pi / 50 - 3).tolist(),
    ]  # fmt: skip
    found = run(
        """
        return given.map((angles) => {
          // Points at the centre have no direction; they take no part and stay so.
          const all = Float64Array.from([NaN, ...angles, NaN]);
          A.spread(all);
          return [...all].map((x) => Number.isNaN(x) ? null : x);
        });
        """,
        sets,
    )
    for angles, (first, *mine, last) in zip(sets, found, strict=True):
        assert first is None
        assert last is None
        np.testing.assert_allclose(mine, spread(np.array(angles)), rtol=0, atol=1e-9)


def test_distances_of_another_gallery_are_refused(run):
    message = run(
        """
        try { A.around(new Float32Array(6), [0, 0], new Float32Array(2), 1, true); }
        catch (error) { return error.message; }
        """
    )
    assert message == "got 2 distances for 3 points"


# --- picking.js ------------------------------------------------------------------------------


def test_positions_on_the_screen_are_those_of_the_view(run):
    rng = np.random.default_rng(20)
    sets = expmap0(rng.normal(size=(2, 300, 2)) * rng.uniform(0, 2, (2, 300, 1)), 1.0)
    sets = sets.astype(np.float32)
    sets[:, 0] = 0.0
    sets[0, 1], sets[1, 1] = 0.0, (0.3, 0.4)
    sets[:, 2] = (0.6, -0.8), (1e-5, 0.0)
    # A point on the rim has no finite tangent vector: in between, it sets out from 1e-6 inside.
    radius = np.hypot(sets[..., 0], sets[..., 1], dtype=np.float64)[..., None]
    start, end = logmap0(sets * np.minimum(1.0, (1 - 1e-6) / np.maximum(radius, 0.5)), 1.0)
    between = {t: expmap0((1 - t) * start + t * end, 1.0) for t in (0.25, 0.9)}
    bases = {0: sets[0], 1: sets[1], **between}
    got = run("""
      const [sets, bases] = given;
      const [from, to] = sets.map(floats);
      const frame = {width: 900, height: 700, cx: 431.5, cy: 350.25, radius: 317, ratio: 2};
      const worst = {};
      for (const [p, angle, zoom, pan] of [[[0, 0], 0, 1, [0, 0]], [[0.6, -0.5], 2.2, 1, [0, 0]],
        [[-0.3, 0.1], -1, 9, [0.7, -5]]]) {
        const view = {move: moved(p, angle), zoom, pan};
        for (const [t, base] of bases) {
          const out = new Float32Array(from.length);
          if (K.screenPositions(frame, view, from, to, t, out) !== out) throw new Error("copy");
          base.forEach((z, i) => {
            const [x, y] = V.toScreen(view, frame, z);
            const away = Math.hypot(x - out[2 * i], y - out[2 * i + 1]) / zoom;
            worst[t] = Number.isNaN(away) ? Infinity : Math.max(worst[t] ?? 0, away);
          });
        }
      }
      return worst;
    """, [sets.tolist(), [[t, b.tolist()] for t, b in bases.items()]])  # fmt: skip
    assert max(got.values()) < 1e-3, got


def test_nearest_polygon_and_count_are_those_of_brute_force(run):
    rng = np.random.default_rng(20)
    wide = rng.uniform(-3000, 5000, (1500, 2))  # most of it off the stage, cells are shared
    dense = rng.normal((300, 200), 25, (1500, 2))
    xy = np.concatenate([wide, dense, dense[:50], [[0, 0], [-0.5, 3], [620, 520]]])
    few = np.concatenate([rng.uniform(-20, 640, (40, 2)), [[10.0, 10.0]] * 2])
    xy, few = xy.astype(np.float32), few.astype(np.float32)
    seeks = rng.uniform(-50, 650, (400, 2))
    seeks[:60] = dense[:60]
    seeks[60:64] = [[14.0, 0.0], [-14, 0], [-0.5, -9], [620, 534]]
    withins = rng.choice([0.5, 3, 14, 40, 2500], 400)
    withins[60:64] = 14
    triangle = [[250, 150], [350, 160], [300, 260]]
    star = [[300 + 90 * np.sin(k * 4 * np.pi / 5), 200 - 90 * np.cos(k * 4 * np.pi / 5)]
            for k in range(5)]  # fmt: skip
    free = (np.array([300, 200]) + rng.uniform(-80, 80, (60, 2))).tolist()
    polygons = [triangle, star, free, [[0, 0], [5, 5]], []]
    got = run("""
      const [sets, seeks, withins, polygons] = given;
      const picker = new K.Picker();
      const before = [picker.nearest([0, 0]), picker.inPolygon(polygons[0]),
        picker.inView({width: 9, height: 9})];
      return [before, ...sets.map((set) => {
        picker.rebuild(floats(set));
        return {nearest: seeks.map((px, i) => picker.nearest(px, withins[i])),
          standard: seeks.map((px) => picker.nearest(px)),
          polygons: polygons.map((p) => picker.inPolygon(p)),
          count: picker.inView({width: 620, height: 520})};
      })];
    """, [[xy.tolist(), few.tolist()], seeks.tolist(), withins.tolist(), polygons])  # fmt: skip
    assert got[0] == [-1, [], 0]
    for points, found in ((xy, got[1]), (few, got[2])):
        p = points.astype(np.float64)
        assert found["nearest"] == [nearest(p, s, w) for s, w in zip(seeks, withins, strict=True)]
        assert found["standard"] == [nearest(p, s, 14.0) for s in seeks]
        assert found["polygons"] == [crossed(p, polygon) for polygon in polygons]
        assert found["count"] == int(((p >= 0) & (p <= (620, 520))).all(axis=1).sum())
    assert len(got[1]["polygons"][0]) > 100
    assert 0 < len(got[1]["polygons"][1]) < 1500
    assert got[1]["polygons"][3] == got[1]["polygons"][4] == []


def nearest(points: np.ndarray, px: np.ndarray, within: float) -> int:
    squared = ((points - px) ** 2).sum(axis=1)
    best = np.flatnonzero(squared == squared.min())[-1]
    return int(best) if squared[best] <= within**2 else -1


def crossed(points: np.ndarray, polygon: list[list[float]]) -> list[int]:
    """Rows from which a ray *downwards* crosses the outline an odd number of times."""
    odd = np.zeros(len(points), dtype=bool)
    for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        spans = (p[0] > points[:, 0]) != (q[0] > points[:, 0])
        with np.errstate(all="ignore"):
            at = p[1] + (points[:, 0] - p[0]) / np.float64(q[0] - p[0]) * (q[1] - p[1])
        odd ^= spans & (at > points[:, 1])
    return np.flatnonzero(odd).tolist()


# --- positions.js ----------------------------------------------------------------------------


def test_a_point_is_where_every_part_of_the_disk_says_it_is(run):
    """Positions and the points' pixels agree, at rest and on the way."""
    sets = np.stack([picture(6, 200), picture(7, 200)])
    sets[0, 0] = sets[1, 1] = 0.0
    sets[:, 2] = (1.0, 0.0), (0.0, 1.0)
    look = {"p": [0.4, -0.55], "angle": 2.2}
    times = [0, 0.3, 0.999, 1]
    bases, away, own, shown, still = run(
        """
        const [from, to] = given.sets.map(floats);
        const positions = new P.Positions({name: "query", unit: 0.5}, from, to, [0.1, 0.2]);
        const frame = {width: 900, height: 700, cx: 431.5, cy: 350.25, radius: 317, ratio: 1};
        const view = {move: moved(given.look.p, given.look.angle), zoom: 2.5, pan: [0.3, -1]};
        const pixels = new Float32Array(from.length);
        let away = 0;
        const bases = given.times.map((t) => {
          const now = positions.at(t);
          K.screenPositions(frame, view, from, to, t, pixels);
          return Array.from({length: now.count}, (_, row) => {
            const z = now.base(row);
            const [x, y] = V.toScreen(view, frame, z);
            // Between layouts the pixels of a point on the rim are those of one 1e-6 inside.
            if (row !== 2 || t === 0 || t === 1) {
              away = Math.max(away, Math.hypot(x - pixels[2 * row], y - pixels[2 * row + 1]));
            }
            return z;
          });
        });
        const {name, unit} = positions.layout;
        const shown = [...positions.at(0.3).displayed(view.move)];
        const still = new P.Positions({name: "origin", unit: 1}, to);
        return [bases, away, [name, unit, positions.count, positions.t], shown,
          [still.t, ...still.centre, ...[true, false].map((exact) =>
            [positions, still].map((set) => set.locate([0.3, 0.4], exact)))]];
        """,
        {"sets": sets.tolist(), "times": times, "look": look},
    )
    inner = np.arange(200) != 2
    on, off = (logmap0(s[inner].astype(np.float64), 1.0) for s in sets)
    for t, base in zip(times, np.array(bases), strict=True):
        assert np.abs(base[inner] - expmap0((1 - t) * on + t * off, 1.0)).max() < 1e-9
    assert np.isfinite(bases).all()
    assert away < 1e-3
    assert own == ["query", 0.5, 200, 0]
    c, s = np.cos(look["angle"]), np.sin(look["angle"])
    turned = np.array(bases)[1][inner] @ np.array([[c, s], [-s, c]])
    wanted = mobius_add(np.array(look["p"]), turned, 1.0)
    assert np.abs(np.reshape(shown, (-1, 2))[inner] - wanted).max() < 1e-6
    seen_from_query = mobius_add(-np.array([0.1, 0.2]), np.array([0.3, 0.4]), 1.0)
    assert still[:3] == [1, 0, 0]
    [[moved, unmoved], inexact] = still[3:]
    assert moved == pytest.approx(seen_from_query)
    assert unmoved == [0.3, 0.4]
    assert inexact == [None, [0.3, 0.4]]


# --- echo_filter.js --------------------------------------------------------------------------

# What happens in turn: "<A" the disk tells A; ">A" Python says A, and the disk must not follow
# because it is no news; "!A" Python says A, and the disk must follow.
STORIES = {
    "Python begins, then repeats itself": "!A >A >A",
    "an echo is no news, however often it comes": "!A <B >B >B",
    "a link after an echo is news": "!A <B >B !C >C",
    "the browser's back button brings back what was before": "!A <B >B !A",
    "told before Python first speaks": "<A >A !B",
    "echoes one by one": "!A <B <C >B >C >C",
    "the last echo alone: those before were overtaken": "!A <B <C >C",
    "an overtaken value is news when it comes of itself": "!A <B <C >C !B",
    "a rerun for something else while we wait": "!A <B >A >B",
    "a link while we wait, then the echo": "!A <B !C >B",
    "back and forth": "!A <B >B <A >A !B",
    "the same twice": "!A <B <B >B !C !B",
}


def test_the_disk_follows_news_and_not_its_own_words(run):
    values = ["s", '["query", [0.1, s]]', "[s, null]", "0.25 + s.charCodeAt(0) / 7"]
    found = run(
        f"""
        const values = [{", ".join(f"(s) => ({value})" for value in values)}];
        return values.map((valueOf) => given.map((story) => {{
          const echo = new E.EchoFilter();
          return story.split(" ").map(([act, s]) => {{
            if (act !== "<") return (echo.isNews(valueOf(s)) ? "!" : ">") + s;
            echo.sent(valueOf(s));
            return act + s;
          }}).join(" ");
        }}));
        """,
        list(STORIES.values()),
    )
    for value, told in zip(values, found, strict=True):
        assert dict(zip(STORIES, told, strict=True)) == STORIES, value
