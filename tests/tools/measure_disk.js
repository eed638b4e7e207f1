// What measure_disk.py calls in the page, as `measure.NAME(argument)`. Evaluated with the address of
// the disk's modules. What the disk shows is read by its one hook, `snapshot()`; frames are watched
// in the renderers' own `draw`.
async (where) => {
  const [H, V, P, GL, CANVAS] = await Promise.all(
    ["math/hyperbolic", "math/view", "layers/points", "layers/points_gl", "layers/points_canvas"].map(
      (name) => import(`${where}/${name}.js`)));
  const root = document.querySelector(".hypdisk");
  const stage = root?.querySelector(".stage");
  const shot = () => root.snapshot();
  const box = () => stage.getBoundingClientRect();
  const page = ([x, y]) => [box().left + x, box().top + y];
  const frame = () => new Promise(requestAnimationFrame);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const free = ([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return stage.contains(top) && !top.closest(".control");
  };
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 4294967296;
  };
  const measure = {};

  /** A place to press within the disk, and one far enough away to make it a drag. */
  measure.somewhere = () => {
    const { cx, cy, radius } = shot().frame;
    return [[0.1, 0.1], [0.2, 0.15]].map(([x, y]) => page([cx + x * radius, cy + y * radius]));
  };

  /** Until nothing moves and dots can be found. */
  const rest = async () => {
    let calm = 0;
    while (calm < 3) {
      await wait(40);
      calm = shot().resting ? calm + 1 : 0;
    }
  };

  /** The point nearest to a pixel; of several in one place the last, which is drawn above. */
  const nearest = (points, [x, y]) => {
    let [found, best] = [-1, Infinity];
    for (let i = 0; i < points.length / 2; i++) {
      const d = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (d <= best) [found, best] = [i, d];
    }
    return found;
  };

  /** Up to `count` dots in sight that a click would find, in random order. */
  measure.spots = async (count) => {
    await rest();
    const { points, count: rows, frame: { cx, cy, radius } } = shot();
    const found = [];
    for (let tries = 0; found.length < count && tries < 50 * count; tries++) {
      const row = Math.floor(random() * rows);
      const px = [points[2 * row], points[2 * row + 1]];
      const far = Math.hypot(px[0] - cx, px[1] - cy) / radius;
      if (far > 0.93 || !free(page(px)) || nearest(points, px) !== row) continue;
      if (!found.some((other) => other.row === row)) found.push({ row, px: page(px), far });
    }
    return found;
  };

  /**
   * Watch the disk's frames until `stop()`: what each cost, and whether its view was a new one.
   * A frame is the callback the disk has asked for; the points' share is the renderer's draw().
   */
  const watch = () => {
    const renderer = (shot().renderer === "webgl" ? GL.GlPoints : CANVAS.CanvasPoints).prototype;
    const { draw } = renderer;
    const native = window.requestAnimationFrame;
    const seen = { took: [], points: [], stamps: [], drawn: 0 };
    let last = null;
    renderer.draw = function (view, style) {
      const began = performance.now();
      draw.call(this, view, style);
      seen.points.push(performance.now() - began);
      if (last && view !== last) seen.drawn += 1;
      last = view;
    };
    window.requestAnimationFrame = (callback) => native((now) => {
      const [before, began] = [seen.points.length, performance.now()];
      callback(now);
      if (seen.points.length === before) return; // somebody else's
      seen.took.push(performance.now() - began);
      seen.stamps.push(began);
    });
    seen.stop = () => {
      renderer.draw = draw;
      window.requestAnimationFrame = native;
      return seen;
    };
    return seen;
  };

  /** Drag for some seconds, one pointer move before every frame. The button is down already. */
  measure.dragging = async (seconds) => {
    const { cx, cy, radius } = shot().frame;
    const seen = watch();
    const began = performance.now();
    let s = 0;
    while ((s = (performance.now() - began) / 1000) < seconds) {
      const at = page([cx + 0.6 * radius * Math.sin(2.1 * s + 0.2),
        cy + 0.5 * radius * Math.sin(3.3 * s + 0.3)]);
      stage.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1,
        pointerType: "mouse", buttons: 1, bubbles: true, clientX: at[0], clientY: at[1] }));
      await frame();
    }
    const { drawn, took, points, stamps } = seen.stop();
    const { frame: { width, height, ratio }, renderer } = shot();
    return { renderer, drawn, took, points, seconds: s, stage: [width, height, ratio],
      intervals: stamps.slice(1).map((stamp, i) => stamp - stamps[i]) };
  };

  measure.count_draws = () => {
    measure.counting = watch();
  };
  measure.draws_counted = () => measure.counting.stop().drawn;

  /** Milliseconds of the renderer's draw() alone, for each of 60 frames of a drag. */
  measure.points = async (kind) => {
    const xy = new Float32Array(await (await fetch("/xy")).arrayBuffer());
    const count = xy.length / 2;
    const canvas = document.createElement("canvas");
    document.body.replaceChildren(canvas);
    const points = P.createPoints(canvas, kind);
    const stage = { width: 580, height: 480, cx: 290, cy: 240, radius: 234, ratio: 1 };
    const theme = { rejected: "#999", edge: "#fff", accent: "#f00" };
    points.resize(stage);
    points.setPositions(xy, xy);
    points.setUncertainty(Float32Array.from({ length: count }, random));
    points.setColours(Uint16Array.from({ length: count }, (_, i) => i % 52),
      Uint8Array.from({ length: 4 * 52 }, (_, i) => i % 4 === 3 ? 255 : i));
    points.setFlags(new Uint8Array(count));
    const gl = kind === "webgl" ? canvas.getContext("webgl2") : null;
    const took = [];
    for (let i = 0; i < 70; i++) {
      const to = [290 + 140 * Math.sin(i / 9), 240 + 110 * Math.sin(i / 6)];
      const view = V.dragged(V.HOME, stage, [310, 260], to);
      const began = performance.now();
      points.draw(view, { t: 1, size: 3, threshold: 2, theme });
      if (i >= 10) took.push(performance.now() - began);
      gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // all is drawn
      await frame();
    }
    points.destroy();
    return took;
  };

  const tile = () => {
    const hosts = [...document.querySelectorAll(".st-key-answers *")];
    return hosts.map((host) => host.shadowRoot?.querySelector(".tile")).find(Boolean);
  };
  /** From the next press on: until the first answer is another one and its picture is there. */
  measure.await_answer = () => {
    const before = tile()?.dataset.row;
    measure.promise = new Promise((resolve) => {
      window.addEventListener("pointerdown", async ({ timeStamp }) => {
        for (;;) {
          const now = tile();
          const image = now?.querySelector("img");
          if (now && now.dataset.row !== before && image.complete && image.naturalWidth) {
            resolve({ row: Number(now.dataset.row), ms: performance.now() - timeStamp });
            return;
          }
          await frame();
        }
      }, { capture: true, once: true });
    });
  };
  measure.answer = () => measure.promise;

  measure.stage = async () => {
    await rest();
    const { cx, cy, radius } = shot().frame;
    return { centre: page([cx, cy]), radius };
  };
  measure.zoom = () => shot().view.zoom;

  /** From now on, every press notes what it grabs, and every move where that is. */
  measure.follow_grabbed = () => {
    const px = ({ clientX, clientY }) => [clientX - box().left, clientY - box().top];
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    let held = null;
    let row = -1;
    let at = null;
    let result = { worst: 0, moves: 0, dropped: 0 };
    // After the stage's own listeners, which are nearer to the target.
    window.addEventListener("pointerdown", (event) => {
      const { held: pressed, view, frame, points } = shot();
      if (!pressed) return;
      held = V.toBase(view, frame, px(event));
      row = points ? nearest(points, px(event)) : -1;
      if (row >= 0 && apart([points[2 * row], points[2 * row + 1]], px(event)) > 0.01) row = -1;
    });
    window.addEventListener("pointermove", (event) => {
      if (!held || !stage.classList.contains("dragging")) return;
      const { view, frame } = shot();
      at = px(event);
      result.worst = Math.max(result.worst, apart(V.toScreen(view, frame, held), at));
      result.moves += 1;
    });
    window.addEventListener("pointerup", () => {
      // The view rests: where the dot itself was worked out to be.
      const { points } = shot();
      if (held && row >= 0 && at && points) {
        const dot = [points[2 * row], points[2 * row + 1]];
        result.dropped = Math.max(result.dropped, apart(dot, at));
      }
      held = at = null;
    });
    measure.followed = () => {
      const found = result;
      result = { worst: 0, moves: 0, dropped: 0 };
      return found;
    };
  };

  /** Which dots lie inside the circle around a query, in pixels as drawn. */
  measure.inside = async ({ row, top }) => {
    const isThere = ({ scene, layout, distances }) =>
      scene.query.row === row && distances && layout.name === "query";
    while (!isThere(shot())) await wait(50);
    await rest();
    await frame();
    const { points, scene, layout, view, frame: f, count } = shot();
    const ring = scene.shapes.find(({ type }) => type === "ring");
    const middle = H.apply(view.move, [0, 0]); // the query, in the query-centred view
    const { centre, radius } = H.ballCircle(middle, ring.distance * layout.unit);
    const [x, y] = V.toScreen({ ...view, move: H.IDENTITY }, f, centre);
    const r = radius * f.radius * view.zoom;
    const far = (i) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y);
    const hits = new Set(top);
    const slack = 1e-3; // px: positions are float32, and the last answer lies on the circle
    let others = 0;
    let margin = Infinity;
    for (let i = 0; i < count; i++) {
      if (i === row || hits.has(i)) continue;
      margin = Math.min(margin, far(i) - r);
      if (far(i) <= r + slack) others += 1;
    }
    // Is the circle really there? Read its line back from the canvas.
    const ctx = root.querySelector("canvas.over").getContext("2d");
    let painted = 0;
    for (let k = 0; k < 90; k++) {
      const angle = (k * Math.PI) / 45;
      const [u, v] = [x + r * Math.cos(angle), y - r * Math.sin(angle)].map((c) =>
        Math.floor(c * f.ratio));
      painted += ctx.getImageData(u, v, 1, 1).data[3] > 0 ? 1 / 90 : 0;
    }
    return { top: top.filter((i) => far(i) <= r + slack).length, others, margin, painted };
  };

  /** What our formulas say of the pairs of tests/disk_goldens.py. */
  measure.maths = ({ z, w, t, radius }) => ({
    geodesic: z.map((p, i) => H.geodesic(p, w[i], t[i])),
    translated: z.map((p, i) => H.apply(H.translation(p), w[i])),
    circle: z.map((p, i) => {
      const { centre, radius: r } = H.ballCircle(p, radius[i]);
      return [...centre, r];
    }),
  });

  /** How much distances between 40 points have changed after 10,000 drags. */
  measure.drags = () => {
    const stage = { width: 900, height: 700, cx: 450, cy: 350, radius: 340, ratio: 1 };
    const point = (most) => {
      const [d, angle] = [most * random(), 2 * Math.PI * random()];
      return [H.radiusOf(d) * Math.cos(angle), H.radiusOf(d) * Math.sin(angle)];
    };
    const points = Array.from({ length: 40 }, () => point(5));
    const distances = (moved) =>
      moved.flatMap((a, i) => moved.slice(0, i).map((b) => H.dist(a, b)));
    const before = distances(points);
    const worst = (view) => Math.max(...distances(points.map((a) => H.apply(view.move, a)))
      .map((d, i) => Math.abs(d / before[i] - 1)));
    let [wild, calm] = [V.HOME, V.HOME];
    const px = ([x, y]) => [stage.cx + stage.radius * x, stage.cy - stage.radius * y];
    for (let i = 0; i < 10000; i++) {
      wild = V.dragged(wild, stage, px(point(3)), px(point(3.9)));
      // These stay near: every other drag brings the origin back to the middle.
      const from = i % 2 ? V.toScreen(calm, stage, [0, 0]) : px(point(2));
      calm = V.dragged(calm, stage, from, i % 2 ? [stage.cx, stage.cy] : px(point(2)));
    }
    // Far away, all points lie so near the rim that doubles hardly tell them apart.
    const found = { wandering: worst(wild), wandering_then_home: worst(V.glidedTo(wild, [0, 0])),
      to_and_fro: worst(calm) };
    return { drags: 10000, distances: Math.max(...Object.values(found)), ...found };
  };

  window.measure = measure;
}
