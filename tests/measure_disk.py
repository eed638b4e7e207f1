"""What the disk costs, and how true it is: frames, bytes, reruns, clicks, drags, circles.

    python tests/measure_disk.py [--work FOLDER]

Headless Chromium without graphics hardware, the real app, galleries of 10,000 (32 dimensions),
20,000 and 100,000 images (2 dimensions, so that nothing has to be laid out) made of one repeated
picture. ``--work`` keeps them for the next time. Prints one JSON object; each entry has its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from browser_support import Watched, chromium, running_app, watched_page  # noqa: E402
from explore_page import AT_REST, SCREEN, middle  # noqa: E402
from PIL import Image  # noqa: E402

from hypuml.gallery import Gallery, build_gallery  # noqa: E402
from hypuml.geometry import expmap0  # noqa: E402
from hypuml.layout import fit  # noqa: E402
from hypuml.types import Embedding, Item  # noqa: E402

SHIPPED = ROOT / "checkpoints" / "garden" / "gallery"
DISK = "document.querySelector('.hypdisk').disk"
VIEW_JS = """import(performance.getEntriesByType('resource').map((r) => r.name)
  .find((n) => n.endsWith('/view.js')))"""


class Repeated:
    """A data set of one picture, in classes of about forty below ten families."""

    name, licence, description, source = "repeated", "none", "one picture", None
    levels = ("family", "class")

    def __init__(self, count: int) -> None:
        classes = max(1, count // 40)
        self.items = tuple(
            Item(f"p{i}", (f"family {i % classes % 10}", f"class {i % classes}"), "unseen")
            for i in range(count)
        )
        self.picture = Image.linear_gradient("L").resize((96, 96)).convert("RGB")

    def load(self, index: int, size: int | None = None) -> Image.Image:
        return self.picture


class Clusters:
    """Gives points of a known spread: a class is a cloud about its own centre."""

    curvature = 1.0
    preprocessing = {"size": 96}  # noqa: RUF012

    def __init__(self, count: int, n: int) -> None:
        rng = np.random.default_rng(0)
        classes = max(1, count // 40)
        centres = rng.normal(size=(classes, n))
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        length = rng.uniform(0.2, 2.0, (count, 1))
        noise = 0.25 * rng.normal(size=(count, n)) / np.sqrt(n)
        points = expmap0(length * (centres[np.arange(count) % classes] + noise), 1.0)
        self.left = deque(points.astype(np.float32))

    def embed(self, images: Sequence[Image.Image]) -> Embedding:
        points = np.stack([self.left.popleft() for _ in images])
        return Embedding(points, (1 - np.linalg.norm(points, axis=1)).astype(np.float32))


def gallery_of(work: Path, count: int, n: int) -> Path:
    """A gallery of ``count`` images in ``work``, made unless it is there."""
    out = work / f"n{count}"
    if not (out / "gallery.json").is_file():
        print(f"making a gallery of {count:,}", file=sys.stderr)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fit, "_MANY", 0)  # no free UMAP, which nothing here is compared with
            build_gallery(Repeated(count), range(count), Clusters(count, n), out,
                          model_ref=work / "no model")  # fmt: skip
    return out


@contextmanager
def explore(browser: Any, *arguments: str, path: str = "") -> Iterator[Watched]:
    """The app on a page, at rest."""
    with tempfile.TemporaryDirectory() as home, running_app(Path(home), *arguments) as server:
        seen = watched_page(browser)

        def note(message: Any) -> None:
            seen.sent.append(message)

        def listen(socket: Any) -> None:
            socket.on("framesent", note)

        seen.page.on("websocket", listen)
        seen.page.set_default_timeout(120_000)
        seen.page.goto(server.url + path)
        seen.page.wait_for_function(AT_REST)
        seen.page.wait_for_selector(".st-key-answers .tile img")
        seen.page.wait_for_timeout(1500)
        yield seen
        seen.page.context.close()


# Pointer moves once a frame, as a hand makes them; frames are counted by the browser.
DRAG = """async (seconds) => {
  const { disk } = document.querySelector('.hypdisk'), { stage } = disk.parts;
  const box = stage.getBoundingClientRect();
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  const send = (type, a, b) => stage.dispatchEvent(new PointerEvent(type,
    {pointerId: 1, button: 0, buttons: 1, clientX: a, clientY: b, bubbles: true, isPrimary: true}));
  stage.setPointerCapture = () => {};
  const frame = () => new Promise(requestAnimationFrame);
  send('pointerdown', x, y);
  const began = performance.now();
  let frames = 0;
  while (performance.now() - began < 1000 * seconds) {
    const t = (performance.now() - began) / 1000;
    send('pointermove', x + 90 * Math.sin(3 * t), y + 90 * Math.sin(2 * t));
    await frame();
    frames += 1;
  }
  const elapsed = (performance.now() - began) / 1000;
  send('pointerup', x, y);
  return [frames / elapsed, disk.renderer.kind];
}"""
PAINT = """async (count) => {
  const { disk } = document.querySelector('.hypdisk');
  const paint = await import(performance.getEntriesByType('resource').map((r) => r.name)
    .find((n) => n.endsWith('/painting.js')));
  const took = [];
  for (let i = 0; i < count; i++) {
    await new Promise(requestAnimationFrame);
    disk.view = {...disk.view, zoom: 1 + 0.001 * (i % 7)};
    const began = performance.now();
    paint.paint(disk);
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b);
}"""
# The same frame with the points left to WebGL, on a canvas so small that it does not matter who
# computes its pixels here: what JavaScript does where there is graphics hardware.
WEBGL = """async (count) => {
  const { disk } = document.querySelector('.hypdisk');
  const url = (name) => performance.getEntriesByType('resource').map((r) => r.name)
    .find((n) => n.endsWith('/' + name));
  const { createPoints } = await import(url('points.js'));
  const { paint } = await import(url('painting.js'));
  const canvas = document.createElement('canvas');
  const points = createPoints(canvas, 'webgl');
  const { cloud, frame, flags, renderer } = disk;
  points.resize({...frame, width: 64, height: 64, cx: 32, cy: 32, radius: 30});
  points.setPositions(cloud.xy, cloud.xy);
  points.setUncertainty(cloud.uncertainty);
  points.setFlags(flags);
  points.setColours(new Uint16Array(cloud.count), new Uint8Array([0, 0, 0, 255]));
  disk.renderer = points;
  const took = [];
  for (let i = 0; i < count; i++) {
    await new Promise(requestAnimationFrame);
    disk.view = {...disk.view, zoom: 1 + 0.001 * (i % 7)};
    const began = performance.now();
    paint(disk);
    took.push(performance.now() - began);
  }
  disk.renderer = renderer;
  points.destroy();
  return took.sort((a, b) => a - b);
}"""


def frames(browser: Any, work: Path) -> dict[str, Any]:
    """Frames per second while dragging, and JavaScript's share of a frame."""
    result: dict[str, Any] = {}
    for count in (20_000, 100_000):
        with explore(browser, "--gallery", str(gallery_of(work, count, 2)),
                     path=f"/?gallery=n{count}") as seen:  # fmt: skip
            rate, kind = seen.page.evaluate(DRAG, 3)
            result[f"frames_per_s_{count}"] = {"value": round(rate, 1), "renderer": kind}
            if count == 20_000:
                result[f"frames_per_s_{count}"]["bar"] = ">= 30"
                continue
            for name, script in (("own raster loop", PAINT), ("WebGL", WEBGL)):
                took = seen.page.evaluate(script, 60)
                result[f"js_ms_per_frame_{count}, {name}"] = {
                    "value": round(took[30], 2),
                    "p95": round(took[57], 2),
                }
            result[f"js_ms_per_frame_{count}, WebGL"]["bar"] = "<= 4"
    return result


def traffic(browser: Any, work: Path) -> dict[str, Any]:
    """Bytes, reruns and clicks with 10,000 images."""
    folder = gallery_of(work, 10_000, 32)
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home, \
            running_app(Path(home), "--gallery", str(folder)) as server:  # fmt: skip
        seen = watched_page(browser)
        page = seen.page
        bodies: list[tuple[str, int]] = []

        def arrived(response: Any) -> None:
            path = urlsplit(response.url).path
            if path.startswith("/gallery/") and not path.endswith(".webp"):
                bodies.append((path.rpartition("/")[2], len(response.body())))

        received: list[int] = []

        def listen(socket: Any) -> None:
            socket.on("framereceived", lambda data: received.append(len(data)))
            socket.on("framesent", lambda data: seen.sent.append(data))

        page.on("response", arrived)
        page.on("websocket", listen)
        page.goto(server.url + "/?gallery=n10000")
        page.wait_for_function(AT_REST)
        page.wait_for_selector(".st-key-answers .tile img")
        page.wait_for_timeout(4000)
        result["bytes_10000"] = {
            "value": sum(size for _, size in bodies), "bar": "<= 200000", "of": bodies[:],
        }  # fmt: skip
        before, told = len(bodies), sum(received)
        page.get_by_role("button", name="Random").click()
        page.wait_for_timeout(2500)
        result["bytes_of_a_rerun"] = {
            "geometry": [b for b in bodies[before:] if b[0] == "points.safetensors"],
            "messages": sum(received) - told,
        }
        result |= reruns(seen) | clicks(page)
        page.context.close()
    return result


def reruns(seen: Watched) -> dict[str, Any]:
    """Messages to Python while something is done, and after it is let go."""
    page, found = seen.page, {}
    x, y = middle(page)
    start = len(seen.sent)
    for i in range(100):
        page.mouse.move(x - 200 + 4 * i, y + 150 * np.sin(i / 9))
    page.wait_for_timeout(500)
    found["reruns_of_hovering"] = {"value": len(seen.sent) - start, "bar": "0"}
    cut = page.locator(".hypdisk .cut").bounding_box()
    right, level = cut["x"] + cut["width"] - 1, cut["y"] + 30
    for name, begin, step in (
        ("drag", (x, y), (1.5, 1.0)),
        ("threshold", (right, level), (-4.0, 0.0)),
    ):
        page.mouse.move(*begin)
        page.mouse.down()
        start = len(seen.sent)
        for i in range(60):
            page.mouse.move(begin[0] + step[0] * i, begin[1] + step[1] * i)
        page.wait_for_timeout(500)
        moving = len(seen.sent) - start
        page.mouse.up()
        page.wait_for_timeout(1500)
        after = len(seen.sent) - start - moving
        found[f"reruns_of_{name}"] = {"moving": moving, "on_release": after, "bar": "0, then 1"}
    return found


def clicks(page: Any, count: int = 15) -> dict[str, Any]:
    """From a click on a dot until another query's answers are on the screen with their pictures."""
    page.keyboard.press("Escape")
    page.locator(".hypdisk .tool").first.click()
    page.wait_for_timeout(1500)
    took = []
    rng = np.random.default_rng(1)
    for _ in range(count + 3):
        page.wait_for_function(AT_REST)
        x, y = page.evaluate(SCREEN, int(rng.integers(10_000)))
        page.evaluate(
            """() => {
              const roots = () => [...document.querySelectorAll('.st-key-query *')]
                .map((e) => e.shadowRoot).filter((r) => r);
              const row = (r) => r.querySelector('.tile')?.dataset.row;
              const old = roots().map(row).find((v) => v !== undefined);
              window.answered = new Promise((resolve) => {
                window.addEventListener('pointerup', () => {
                  const began = performance.now();
                  const look = () => {
                    const now = roots().map(row).find((v) => v !== undefined);
                    const tiles = [...document.querySelectorAll('.st-key-answers *')]
                      .map((e) => e.shadowRoot).filter((r) => r)
                      .flatMap((r) => [...r.querySelectorAll('.tile img')]);
                    const there = now !== undefined && now !== old && tiles.length === 10
                      && tiles.every((i) => i.complete && i.naturalWidth);
                    if (there || performance.now() - began > 5000) {
                      resolve(performance.now() - began);
                    } else requestAnimationFrame(look);
                  };
                  look();
                }, {once: true, capture: true});
              });
            }"""
        )
        page.mouse.click(x, y)
        took.append(page.evaluate("() => window.answered"))
        page.wait_for_timeout(300)
    warm = sorted(took[3:])
    value = round(statistics.median(warm), 1)
    return {"click_to_results_ms": {"value": value, "worst": round(warm[-1], 1), "bar": "<= 400"}}


def truth(browser: Any) -> dict[str, Any]:
    """The grabbed point under the pointer, 10,000 drags, and what the query's circle holds."""
    gallery = Gallery.open(SHIPPED)
    rng = np.random.default_rng(0)
    with explore(browser) as seen:
        page = seen.page
        x, y = middle(page)
        worst = 0.0
        for zoom in (0, 3):
            page.mouse.move(x + 40, y + 40)
            for _ in range(zoom):
                page.mouse.wheel(0, -200)
            for _ in range(6):
                at = np.array([x, y]) + rng.uniform(-120, 120, 2)
                page.mouse.move(*at)
                page.mouse.down()
                held = page.evaluate(
                    f"""async ([x, y]) => {{ const d = {DISK}, v = await {VIEW_JS};
                    const b = d.parts.stage.getBoundingClientRect();
                    return v.toBase(d.view, d.frame, [x - b.x, y - b.y]); }}""",
                    at.tolist(),
                )
                for _ in range(15):
                    at = np.clip(at + rng.normal(0, 25, 2), [x - 150, y - 150], [x + 150, y + 150])
                    page.mouse.move(*at)
                    off = page.evaluate(
                        f"""async ([z, x, y]) => {{ const d = {DISK}, v = await {VIEW_JS};
                        const b = d.parts.stage.getBoundingClientRect();
                        const p = v.toScreen(d.view, d.frame, z);
                        return Math.hypot(p[0] + b.x - x, p[1] + b.y - y); }}""",
                        [held, *at.tolist()],
                    )
                    worst = max(worst, off)
                page.mouse.up()
        drags = page.evaluate(
            f"""async () => {{
              const d = {DISK}, v = await {VIEW_JS};
              const h = await import(performance.getEntriesByType('resource').map((r) => r.name)
                .find((n) => n.endsWith('/hyperbolic.js')));
              let view = v.HOME, seed = 1;
              const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
              const px = () => {{ const r = 0.97 * d.frame.radius * Math.sqrt(next());
                const a = 6.2831853 * next();
                return [d.frame.cx + r * Math.cos(a), d.frame.cy + r * Math.sin(a)]; }};
              const points = Array.from({{length: 50}},
                () => h.exp0([3 * next() - 1.5, 3 * next() - 1.5]));
              for (let i = 0; i < 10000; i++) view = v.dragged(view, d.frame, px(), px());
              let worst = 0;
              for (const z of points) for (const w of points) {{
                const before = h.dist(z, w);
                const after = h.dist(h.apply(view.move, z), h.apply(view.move, w));
                if (before) worst = Math.max(worst, Math.abs(after / before - 1));
              }}
              return worst;
            }}"""
        )
        inside = others = 0
        for row in rng.choice(len(gallery), 20, replace=False).tolist():
            page.goto(f"{page.url.split('/?')[0]}/?query={gallery.ids[row]}&view=query")
            page.wait_for_function(AT_REST)
            page.wait_for_function(f"() => {DISK}.places.layout.name === 'query'")
            page.wait_for_function(AT_REST)
            drawn = np.array(page.evaluate(f"() => [...{DISK}.screenXY]")).reshape(-1, 2)
            cx, cy, circle = page.evaluate(
                f"""() => {{ const {{frame, scene, places}} = {DISK};
                const ring = scene.shapes.find((s) => s.type === 'ring');
                const r = frame.radius * Math.tanh(places.layout.unit * ring.distance / 2);
                return [frame.cx, frame.cy, r]; }}"""
            )
            within = np.hypot(*(drawn - [cx, cy]).T) <= circle + 1e-3  # of a pixel: its own last
            found = gallery.search(gallery.points[row : row + 1], 10, exclude=np.array([row]))
            top = np.zeros(len(gallery), bool)
            top[found.ids[0]] = True
            inside += int(within[top].sum())
            within[row] = False
            others += int((within & ~top).sum())
    return {
        "grabbed_point_px": {"value": round(worst, 4), "bar": "<= 0.5"},
        "distance_error_after_10000_drags": {"value": drags, "bar": "<= 1e-6"},
        "true_top_10_inside_the_circle": {"value": inside / 200, "bar": "1"},
        "others_inside_the_circle": {"value": others, "bar": "0"},
    }


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, help="where galleries are kept; default: nowhere")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        work = options.work or Path(temporary)
        result = {
            "date": date.today().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Chromium {browser.version} "
            "without graphics hardware",
            **truth(browser),
            **traffic(browser, work),
            **frames(browser, work),
        }
    result["seconds"] = round(time.perf_counter() - began)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
