"""The disk's points as both renderers draw them, read back from their pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

RNG_SEED = 20

# Gives a page `scene(kind, options)`, a renderer with its points, and `scene.shoot()`, which draws
# and reads the pixels: `at(x, y)` in device pixels, `of(row)` those around a point's centre.
STAGE = """async () => {
  const [P, V, H, K] = await Promise.all(["layers/points", "math/view", "math/hyperbolic",
    "math/picking"].map((name) => import(`/js/${name}.js`)));
  const theme = {edge: "rgb(255, 255, 255)", rejected: "rgb(120, 120, 120)",
    accent: "rgb(255, 0, 255)"};
  const scene = (kind, {from, to, u, codes, flags, palette, size = 9, ratio = 1, t = 0,
      threshold = 0.5, width = 200, height = 160, zoom = 1, pan = [0, 0], p = [0, 0]}) => {
    const canvas = document.createElement("canvas");
    document.body.append(canvas);
    const points = P.createPoints(canvas, kind);
    const n = from.length;
    const state = {canvas, points, style: {t, size, threshold, theme},
      frame: {width, height, cx: width / 2, cy: height / 2, radius: 70, ratio},
      view: {move: H.translation(p), zoom, pan}};
    const [a, b] = [from, to ?? from].map((x) => Float32Array.from(x.flat()));
    points.resize(state.frame);
    points.setPositions(a, b);
    points.setUncertainty(Float32Array.from(u ?? Array(n).fill(0)));
    points.setColours(Uint16Array.from(codes ?? Array(n).fill(1)),
      Uint8Array.from(palette ?? [255, 0, 0, 255, 0, 0, 255, 255, 0, 200, 0, 255]));
    points.setFlags(Uint8Array.from(flags ?? Array(n).fill(0)));
    state.where = () => K.screenPositions(state.frame, state.view, a, b, state.style.t,
      new Float32Array(2 * n));
    state.read = () => {
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [canvas.width, canvas.height];
      const ctx = copy.getContext("2d", {willReadFrequently: true});
      ctx.drawImage(canvas, 0, 0);
      const {data, width: w} = ctx.getImageData(0, 0, copy.width, copy.height);
      const at = (x, y) => [...data.subarray(...[0, 4].map(
        (i) => 4 * (w * Math.floor(y) + Math.floor(x)) + i))];
      const of = (i) => {
        const [x, y] = [0, 1].map((k) => state.frame.ratio * state.where()[2 * i + k]);
        return Array.from({length: 13}, (_, k) => at(x + k - 6, y));
      };
      const ink = () => {  // weight, middle and reach of all that is drawn
        let [sum, x, y, rows] = [0, 0, 0, 0];
        for (let i = 0; i < data.length / 4; i++) {
          sum += data[4 * i + 3] / 255;
          x += (data[4 * i + 3] / 255) * ((i % w) + 0.5);
          y += (data[4 * i + 3] / 255) * (Math.floor(i / w) + 0.5);
        }
        return {sum, x: x / sum / state.frame.ratio, y: y / sum / state.frame.ratio};
      };
      return {data, at, of, ink};
    };
    state.shoot = () => { points.draw(state.view, state.style); return state.read(); };
    return state;
  };
  Object.assign(window, {P, V, H, scene});
}"""
NOTHING, BLUE, GREY, MAGENTA = [0] * 4, [0, 0, 255, 255], [120] * 3, [255, 0, 255]


@pytest.fixture
def stage(disk_page):  # noqa: F811
    page = disk_page()
    page.evaluate(STAGE)
    return page


def both(check: Callable[[Any, str], None]) -> Callable[[Any], None]:
    """A test of both renderers, on one page: to open one takes longer than most tests."""

    def test(stage: Any) -> None:
        for kind in ("webgl", "canvas"):
            check(stage, kind)

    return test


@both
def test_a_point_lies_at_its_pixel_and_goes_with_the_view(stage, kind):
    views = [
        {"from": [[0.0, 0.0]]},
        {"from": [[0.31, 0.42]]},
        {"from": [[0.31, 0.42]], "p": [0.3, -0.6]},
        {"from": [[0.31, 0.42]], "zoom": 3, "pan": [-0.8, -1.1]},
        {"from": [[0.31, 0.42]], "p": [0.3, -0.6], "ratio": 2.5},
        {"from": [[0.9, 0.1]], "to": [[-0.2, -0.6]], "t": 1},
        {"from": [[0.9, 0.1]], "to": [[-0.2, -0.6]], "t": 0.4},
        {"from": [[1.0, 0.0]], "to": [[0.0, 1.0]], "t": 0.5},
        {"from": [[1.0, 0.0]], "p": [-0.9, 0.1]},
        {"from": [[0.0, 0.0]], "to": [[1e-5, 0.0]], "t": 0.5, "p": [0.1, 0.2]},
    ]
    got = stage.evaluate("""([kind, views]) => views.map((view) => {
      const s = scene(kind, view);
      const shot = s.shoot();
      return {middle: shot.of(0)[6], ink: shot.ink(), where: [...s.where()]};
    })""", [kind, views])  # fmt: skip
    for view, found in zip(views, got, strict=True):
        assert found["middle"] == BLUE, view
        at = [found["ink"]["x"], found["ink"]["y"]]
        assert at == pytest.approx(found["where"], abs=0.2), view


@both
def test_kept_rejected_dim_and_selected_differ_in_shape(stage, kind):
    got = stage.evaluate("""(kind) => Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((look) => {
      const s = scene(kind, {from: [[0.0001, 0.0001]], u: [look & 4 ? 1 : 0], flags: [look & 3]});
      const shot = s.shoot();
      return [look, {row: shot.of(0), sum: shot.ink().sum}];
    }))""", kind)  # fmt: skip
    kept, dim, selected, _, rejected, pale, both_ = (got[str(look)] for look in range(7))
    middle = 6

    def has(colour, pixels):
        return any(p[3] > 100 and np.abs(np.subtract(p[:3], colour)).max() <= 2 for p in pixels)

    assert kept["row"][middle] == BLUE
    assert min(sum(p[:2]) for p in kept["row"] if p[3] > 100) == 0
    assert max(sum(p[:2]) for p in kept["row"] if p[3] > 100) > 100  # the edge is white
    # Open: nothing at all in the middle, grey on both sides of it.
    assert rejected["row"][middle] == NOTHING
    for side in (rejected["row"][:middle], rejected["row"][middle + 1 :]):
        # Hardly wider than a pixel, so that no pixel has to be covered whole.
        ring = max(side, key=lambda p: p[3])
        assert ring[3] > 100
        assert ring[:3] == pytest.approx(GREY, abs=2)
    assert all(p[:2] != [0, 0] for p in rejected["row"] if p[3])
    assert rejected["sum"] < 0.5 * kept["sum"]
    # Small and pale, and a ring as well where it is rejected.
    assert dim["row"][middle][3] == pytest.approx(0.4 * 255, abs=3)
    assert dim["row"][middle][:3] == pytest.approx([0, 0, 255], abs=3)
    assert sum(p[3] > 0 for p in dim["row"]) < sum(p[3] > 0 for p in kept["row"])
    assert pale["row"][middle] == NOTHING
    assert pale["sum"] == pytest.approx(0.4 * rejected["sum"], rel=0.1)
    # A selected one is the same with something bright around it.
    assert selected["row"][middle] == BLUE
    assert both_["row"][middle] == NOTHING
    for look, plain in ((selected, kept), (both_, rejected)):
        assert has(MAGENTA, look["row"])
        assert not has(MAGENTA, plain["row"])
        assert look["sum"] > plain["sum"] + 20


@both
def test_the_threshold_is_compared_as_javascript_compares_it(stage, kind):
    """So that "kept n of N" counts the dots that are filled, also on float32's last bit."""
    u = np.float32([0.3, 0.7, 0.3, 0.5, 1.0, 0.0]).astype(float)
    thresholds = [0.3, 0.7, u[0], 0.5, np.nextafter(1.0, 0.0), 0.0]
    got = stage.evaluate("""([kind, u, thresholds]) => u.map((one, i) => {
      const s = scene(kind, {from: [[0, 0]], u: [one], threshold: thresholds[i]});
      const first = s.shoot().of(0)[6][3] === 0;
      s.style = {...s.style, threshold: Infinity};
      return [first, one > thresholds[i], s.shoot().of(0)[6][3] === 0];
    })""", [kind, u.tolist(), [float(t) for t in thresholds]])  # fmt: skip
    assert [first for first, *_ in got] == [expected for _, expected, _ in got]
    assert {expected for _, expected, _ in got} == {True, False}
    assert not any(last for *_, last in got)


@both
def test_what_is_rejected_or_dim_lies_below_and_the_rest_in_data_order(stage, kind):
    got = stage.evaluate("""(kind) => {
      const pair = (options) => scene(kind, {from: [[0, 0], [0, 0]], codes: [0, 1], ...options})
        .shoot().of(0)[6];
      return [pair({}), pair({u: [0, 1]}), pair({flags: [0, 1]}), pair({u: [1, 0]}),
        pair({u: [0, 1], flags: [0, 2]}), pair({codes: [1, 60000]})];
    }""", kind)  # fmt: skip
    red, green = [255, 0, 0, 255], [0, 200, 0, 255]
    # A ring above would leave the red middle as well; a selected one does show its outline.
    assert got == [BLUE, red, red, BLUE, red, green]


@both
def test_rejected_points_lie_below_kept_ones(stage, kind):
    row = stage.evaluate("""(kind) => scene(kind, {from: [[0, 0], [0, 0]], u: [0, 1], size: 11})
      .shoot().of(0)""", kind)  # fmt: skip
    assert all(pixel == BLUE for pixel in row[3:10])


@both
def test_none_one_and_incomplete_arrays(stage, kind):
    got = stage.evaluate("""(kind) => {
      const s = scene(kind, {from: []});
      const none = s.shoot().ink().sum;
      s.points.setPositions(new Float32Array(4), new Float32Array(4));  // the others lag behind
      const late = s.shoot().at(100, 80);
      s.points.setColours(Uint16Array.of(2, 2), new Uint8Array(0));
      const empty = s.shoot().at(100, 80);
      s.points.setPositions(new Float32Array(0), new Float32Array(0));
      const left = s.shoot().ink().sum;
      let refused = "";
      try { s.points.setPositions(new Float32Array(4), new Float32Array(2)); }
      catch (error) { refused = error.message; }
      return [none, late, empty.length, left, refused,
        s.canvas.getContext("webgl2")?.getError() ?? 0];
    }""", kind)  # fmt: skip
    assert got == [0, [255, 0, 0, 255], 4, 0, "4 and 2 coordinates", 0]


@both
def test_size_of_the_stage_and_of_its_pixels(stage, kind):
    got = stage.evaluate("""(kind) => {
      const s = scene(kind, {from: [[0.5, 0]]});
      const first = s.shoot().ink();
      const box = () => [s.canvas.width, s.canvas.height, s.canvas.clientWidth,
        s.canvas.clientHeight];
      const before = box();
      Object.assign(s.frame, {width: 301, height: 99, cx: 150.5, cy: 49.5, ratio: 1.5});
      s.points.resize(s.frame);
      return [before, box(), first, s.shoot().ink()];
    }""", kind)  # fmt: skip
    assert got[0] == [200, 160, 200, 160]
    assert got[1] == [452, 149, 301, 99]
    assert (got[2]["x"], got[2]["y"]) == pytest.approx((135, 80), abs=0.2)
    assert (got[3]["x"], got[3]["y"]) == pytest.approx((185.5, 49.5), abs=0.4)
    assert got[3]["sum"] == pytest.approx(1.5**2 * got[2]["sum"], rel=0.05)


@both
def test_points_at_the_border_of_the_stage_are_cut_by_it(stage, kind):
    got = stage.evaluate("""(kind) => [[0, 0], [-1, -1], [1, 1], [-0.9, 0.3]].map(([x, y]) => {
      const s = scene(kind, {from: [[0, 0]]});
      Object.assign(s.frame, {cx: 100 + 99 * x, cy: 80 + 79 * y});
      s.points.resize(s.frame);
      return s.shoot().ink().sum;
    })""", kind)  # fmt: skip
    whole, *corners, inside = got
    assert all(0.25 * whole < corner < 0.6 * whole for corner in corners)
    assert inside == pytest.approx(whole, rel=0.02)


def test_both_renderers_draw_the_same_picture(stage):
    rng = np.random.default_rng(RNG_SEED)
    n = 400
    options = {
        "from": rng.uniform(-0.7, 0.7, (n, 2)).tolist(),
        "to": rng.uniform(-0.7, 0.7, (n, 2)).tolist(),
        "t": 0.3,
        "p": [0.3, 0.2],
        "u": rng.uniform(size=n).tolist(),
        "flags": rng.choice([0, 0, 0, 1, 2, 3], n).tolist(),
        "codes": rng.integers(0, 400, n).tolist(),
        "palette": rng.integers(0, 256, 1600).tolist(),
    }
    got = stage.evaluate("""(options) => [1, 2].map((ratio) => {
      const [a, b] = ["webgl", "canvas"].map((kind) =>
        scene(kind, {...options, ratio}).shoot().data);
      // As seen on white, since the colour of what is hardly there means nothing.
      let [sum, far, empty] = [0, 0, 0];
      for (let i = 0; i < a.length; i += 4) {
        const seen = (x, k) => 255 - (x[i + 3] / 255) * (255 - x[i + k]);
        for (const k of [0, 1, 2]) {
          const away = Math.abs(seen(a, k) - seen(b, k));
          sum += away / 3;
          far += away > 100 ? 1 / 3 : 0;
        }
        empty += a[i + 3] === 0;
      }
      return [sum, far, empty].map((x) => x / (a.length / 4));
    })""", options)  # fmt: skip
    for away, far, emptiness in got:
        # The canvas knows 4 x 4 places within a pixel, so borders differ a little.
        assert away < 2.5
        assert far < 0.001
        assert 0.2 < emptiness < 0.9


def test_any_css_colour_and_what_is_none(stage):
    got = stage.evaluate("""async () => {
      const {rgba} = await import("/js/layers/points_look.js");
      return ["#ff0000", "rgba(0, 255, 0, 0.5)", "rebeccapurple", "oklch(0.7 0.1 200)",
        "transparent", "no colour"].map((css) => [...rgba(css)]);
    }""")
    assert got[0] == [1, 0, 0, 1]
    assert got[1] == pytest.approx([0, 0.5, 0, 0.5], abs=0.01)
    assert got[2] == pytest.approx([0x66 / 255, 0x33 / 255, 0x99 / 255, 1], abs=0.01)
    assert got[3][2] > got[3][0] > 0
    assert got[4] == [0, 0, 0, 0]
    assert got[5] == pytest.approx([128 / 255] * 3 + [1], abs=0.01)


def test_a_frame_sends_no_arrays_and_reads_nothing_back(stage):
    got = stage.evaluate("""() => {
      const calls = [];
      const whole = WebGL2RenderingContext.prototype;
      for (const name of Object.keys(Object.getOwnPropertyDescriptors(whole))) {
        const {value} = Object.getOwnPropertyDescriptor(whole, name);
        if (typeof value !== "function") continue;
        whole[name] = function (...rest) { calls.push(name); return value.apply(this, rest); };
      }
      const s = scene("webgl", {from: [[0, 0], [0.5, 0]], u: [0, 1]});
      s.shoot();
      calls.length = 0;
      s.points.draw({...s.view, move: H.translation([0.1, 0])}, {...s.style, threshold: 0.4});
      return [...new Set(calls)].filter((name) => !/^uniform/.test(name)).sort();
    }""")
    assert got == ["clear", "drawArrays", "isContextLost", "viewport"]


def test_a_lost_context_comes_back_with_what_was_set_meanwhile(stage):
    got = stage.evaluate("""async () => {
      const s = scene("webgl", {from: [[0.5, 0]]});
      const gl = s.canvas.getContext("webgl2");
      const before = s.shoot().at(135, 80);
      const heard = (name) => new Promise((done, fail) => {
        s.canvas.addEventListener(name, done, {once: true});
        setTimeout(() => fail(new Error(`no ${name}`)), 2000);
      });
      const loss = gl.getExtension("WEBGL_lose_context");
      const lost = heard("webglcontextlost");
      loss.loseContext();
      await lost;
      // Positions, colours and the size change while there is nothing to send them to.
      s.points.setPositions(Float32Array.of(0, 0.5), Float32Array.of(0, 0.5));
      s.points.setColours(Uint16Array.of(1), Uint8Array.of(0, 0, 0, 255, 0, 200, 0, 255));
      s.points.draw(s.view, s.style);
      const gone = gl.isContextLost();
      const back = heard("webglcontextrestored").then(() => s.read());
      await new Promise((done) => setTimeout(done));
      loss.restoreContext();
      const after = await back;
      return [before, gone, after.at(100, 45), after.at(135, 80), gl.getError()];
    }""")
    assert got == [BLUE, True, [0, 200, 0, 255], NOTHING, 0]


def test_without_graphics_hardware_the_canvas_is_used(stage):
    got = stage.evaluate("""async () => {
      const kinds = [P.createPoints(document.createElement("canvas")).kind];
      for (const kind of ["webgl", "canvas"]) {
        const points = P.createPoints(document.createElement("canvas"), kind);
        kinds.push(points.kind);
        points.destroy();
      }
      const taken = document.createElement("canvas");
      taken.getContext("bitmaprenderer");
      try { P.createPoints(taken); } catch (error) { kinds.push(error.message); }
      // With hardware, as UNMASKED_RENDERER_WEBGL says. The question is asked once, so in a module
      // of its own.
      const whole = WebGL2RenderingContext.prototype;
      const real = whole.getParameter;
      whole.getParameter = function (x) { return x === 0x9246
        ? "ANGLE (NVIDIA GeForce)" : real.call(this, x); };
      const again = await import("/js/layers/points.js?again");
      return [...kinds, again.createPoints(document.createElement("canvas")).kind];
    }""")
    assert got[:3] == ["canvas", "webgl", "canvas"]
    assert "cannot draw" in got[3]
    assert got[4] == "webgl"
