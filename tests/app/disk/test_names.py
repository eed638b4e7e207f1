"""Names of groups and thumbnails on the disk: where they stand, and that names are only text."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.disk_canvas import (
    HOME,
    MOVED,
    PRELUDE,
    RADIUS,
    SIZE,
    SLANTED,
    at_pixels,
    close_up,
    polar,
)
from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

DIM = 1
PLACE = """({look, xy, names, codes, flags, then}) => {
  const labels = new L.GroupLabels();
  labels.place(stage(look, {xy}), names, Uint16Array.from(codes), Uint8Array.from(flags));
  const {written} = paint((ctx) => labels.draw(ctx, stage(then ?? look, {xy})));
  return [labels.placed, written];
}"""


@pytest.fixture
def page(disk_page):  # noqa: F811
    opened = disk_page()
    opened.evaluate(PRELUDE)
    return opened


def cloud(seed: int, n: int, groups: int, rim: bool) -> tuple[np.ndarray, np.ndarray]:
    """Base points ``[n, 2]`` and groups ``[n]``: clumps, along the rim or anywhere."""
    random = np.random.default_rng(seed)
    codes = np.minimum(random.geometric(3 / groups, n) - 1, groups - 1)
    middle = polar(
        random.uniform(0.8, 0.95, groups) if rim else random.uniform(0, 0.9, groups),
        random.uniform(0, 2 * np.pi, groups),
    )
    xy = middle[codes] + random.normal(0, 0.04, (n, 2))
    return xy * np.minimum(1, 0.97 / np.linalg.norm(xy, axis=1))[:, None], codes


def place(page, look: dict[str, Any], xy: Any, names: list[str], codes: Any, flags: Any = None,
          then: Any = None) -> Any:  # fmt: skip
    xy = np.asarray(xy)
    given = {
        "look": look, "xy": xy.ravel().tolist(), "names": names, "then": then,
        "codes": np.asarray(codes).tolist(),
        "flags": (np.zeros(len(xy), int) if flags is None else np.asarray(flags)).tolist(),
    }  # fmt: skip
    return page.evaluate(PLACE, given)


def overlap(a: dict[str, float], b: dict[str, float]) -> bool:
    apart = any(
        a[k] >= b[k] + b[size] or b[k] >= a[k] + a[size]
        for k, size in (("x", "width"), ("y", "height"))
    )
    return not apart


@pytest.mark.parametrize("seed", range(5))
def test_names_never_overlap_and_stay_in_the_frame(page, seed) -> None:
    xy, codes = cloud(seed, 900, 40, rim=seed % 2 == 0)
    random = np.random.default_rng(seed)
    names = ["n" * int(k) + str(i) for i, k in enumerate(random.integers(1, 45, 40))]
    flags = np.where(random.random(900) < 0.3, DIM, 0) | 2
    looks = [HOME, MOVED, SLANTED, close_up(HOME, xy[0], 4.0)]
    most = 0
    for look in looks:
        labels, _ = place(page, look, xy, names, codes, flags)
        most = max(most, len(labels))
        where = at_pixels(look, xy.astype(np.float32))
        rim = np.array([SIZE / 2, SIZE / 2]) + RADIUS * np.array(look["pan"]) * [1, -1]
        seen = ((where >= 0) & (where <= SIZE)).all(axis=1)
        seen &= np.linalg.norm(where - rim, axis=1) <= RADIUS * look["zoom"]
        bright = np.bincount(codes[seen & (flags & DIM == 0)], minlength=40)
        dim = np.bincount(codes[seen & (flags & DIM == 1)], minlength=40)
        for i, label in enumerate(labels):
            box = label["box"]
            assert min(box["x"], box["y"]) >= 0
            assert max(box["x"] + box["width"], box["y"] + box["height"]) <= SIZE
            assert not any(overlap(box, other["box"]) for other in labels[:i])
            code = label["code"]
            assert codes[label["row"]] == code
            assert seen[label["row"]]
            assert not flags[label["row"]] & DIM
            assert bright[code] >= max(3, dim[code])
            assert len(label["text"]) <= 28
            assert names[code].startswith(label["text"].removesuffix("…"))
        sizes = [bright[label["code"]] for label in labels]
        assert sizes == sorted(sizes, reverse=True)
        assert len(labels) <= 14
        assert len({label["code"] for label in labels}) == len(labels)
        if sizes:
            assert sizes[0] == max(np.where(bright >= dim, bright, 0))
    assert most >= 8, "there was room for more"


def test_a_ring_is_named_at_a_member_and_small_dimmed_or_nameless_groups_are_not(page) -> None:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    dense = np.full(20, 2.0) + np.linspace(-0.1, 0.1, 20)  # a denser part, at two radians
    ring = polar(0.6, np.concatenate([dense, turn]))
    others = [polar(0.1 * k, np.linspace(k, k + 0.1, n)) for k, n in ((1, 2), (3, 12), (8, 9))]
    xy = np.concatenate([ring, *others])
    codes = np.repeat([0, 1, 2, 3], [80, 2, 12, 9])
    flags = np.where((codes == 2) & (np.arange(len(xy)) % 4 > 0), DIM, 0)
    labels, written = place(page, MOVED, xy, ["ring", "two", "dimmed", " "], codes, flags)
    assert [label["text"] for label in labels] == ["ring"]
    assert [w["text"] for w in written] == ["ring"]
    row = labels[0]["row"]
    angle = np.arctan2(xy[row, 1], xy[row, 0])
    at = at_pixels(MOVED, xy)
    cell = np.floor(at[:80] / 48).astype(int) @ [1, 1000]
    crowds = {k: int((cell == k).sum()) for k in cell}
    assert crowds[cell[row]] == max(crowds.values()), f"not in the densest part: {angle}"


def test_names_follow_their_points_until_the_next_rest(page) -> None:
    xy, codes = cloud(5, 300, 6, rim=False)
    names = [f"group {i}" for i in range(6)]
    still, before = place(page, HOME, xy, names, codes)
    turned = HOME | {"p": [0.05, 0.02], "angle": 0.1}
    _, after = place(page, HOME, xy, names, codes, then=turned)
    shift = at_pixels(turned, xy) - at_pixels(HOME, xy)
    texts = {w["text"]: np.array([w["x"], w["y"]]) for w in before}
    rows = {label["text"]: label["row"] for label in still}
    assert len(after) >= 4
    for w in after:
        moved = np.array([w["x"], w["y"]]) - texts[w["text"]]
        assert moved == pytest.approx(shift[rows[w["text"]]], abs=0.01)


def test_names_from_data_are_text_and_fetch_nothing(disk_page) -> None:  # noqa: F811
    opened = disk_page()
    opened.evaluate(PRELUDE)
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    evil = "<img src=x>"
    labels, written = place(opened, HOME, np.full((5, 2), 0.2), [evil], np.zeros(5, int))
    assert [label["text"] for label in labels] == [evil]
    assert [w["text"] for w in written] == [evil]
    shapes = [
        {"type": "geodesic", "from": [0, 0], "to": [0.5, 0.5], "label": evil},
        {"type": "ring", "distance": 1, "label": evil},
        {"type": "handle", "id": evil, "at": [-0.5, 0], "label": evil},
        {"type": "dot", "at": [0, -0.7], "label": "a\n\tb"},
        {"type": "tree", "nodes": [[0, 0.8]], "parents": [-1], "names": [evil]},
    ]
    written = opened.evaluate(
        """({shapes, look}) => paint((ctx) => S.drawShapes(ctx, shapes, stage(look))).written""",
        {"shapes": shapes, "look": HOME},
    )
    assert sorted(w["text"] for w in written) == [evil] * 4 + ["a b"]
    opened.wait_for_timeout(50)
    assert asked == []
    assert opened.evaluate("() => document.querySelectorAll('img').length") == 0


SIDE, COLUMNS, PER_TILE = 16, 4, 16


def colour_of(row: int) -> tuple[int, int, int]:
    return 40 + 13 * (row % 16), 250 - 30 * (row // 16 % 8), (97 * row) % 256


def tile(number: int) -> bytes:
    """A tile whose squares have each a colour of their own."""
    picture = Image.new("RGB", (SIDE * COLUMNS, SIDE * COLUMNS))
    for k in range(PER_TILE):
        corner = (SIDE * (k % COLUMNS), SIDE * (k // COLUMNS))
        picture.paste(
            colour_of(number * PER_TILE + k), (*corner, corner[0] + SIDE, corner[1] + SIDE)
        )
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


PICTURES = """async ({look, xy, order, patience, url, size, earlier}) => {
  let drawn = 0;
  const asked = [];
  const tiles = {side: 16, columns: 4, perTile: 16};
  const address = (tile) => { asked.push(tile); return url.replace("{tile}", tile); };
  const pictures = new P.Pictures(address, tiles, () => { drawn += 1; });
  const at = stage(look, {xy, size});
  for (const other of earlier) {
    pictures.place(stage(other, {xy, size}));
    await new Promise((r) => setTimeout(r, 100));
  }
  pictures.place(at, order && Uint32Array.from(order));
  const atOnce = asked.length;
  const wanted = new Set(pictures.rows.map((row) => Math.floor(row / 16))).size;
  const until = performance.now() + patience;
  while (drawn < wanted && performance.now() < until) await new Promise((r) => setTimeout(r, 5));
  const {rows, side} = pictures;
  const picture = paint((ctx) => pictures.draw(ctx, at));
  const middles = rows.map((row) => at.screen(at.base(row)));
  // The middle, and places near the four sides, where a wrong crop would show its neighbour.
  const near = [[0, 0], [-0.4, 0], [0.4, 0], [0, -0.4], [0, 0.4]];
  const seen = middles.map(([x, y]) => near.map(([i, j]) => [x + i * side, y + j * side])
    .filter(([px, py]) => px > 0 && py > 0 && px < 400 && py < 400).map(picture.at));
  const found = middles.map(([x, y]) => pictures.at([x + 0.3 * side, y - 0.3 * side], at));
  return {rows, side, middles, seen, found, drawn, asked, atOnce};
}"""


def pictures(page, xy: np.ndarray, look: dict[str, Any], **options: Any) -> Any:
    given = {
        "order": None,
        "patience": 4000,
        "size": 400,
        "earlier": [],
        "url": "/tiles/{tile}.png",
    } | options
    return page.evaluate(PICTURES, {"xy": xy.ravel().tolist(), "look": look, **given})


def test_pictures_do_not_overlap_and_each_is_its_own(disk_page) -> None:  # noqa: F811
    n = 128
    opened = disk_page({f"/tiles/{t}.png": tile(t) for t in range(n // PER_TILE)})
    opened.evaluate(PRELUDE)
    xy, _ = cloud(1, n, 30, rim=False)
    for look in (HOME, MOVED, close_up(HOME, xy[3], 2.0)):
        order = np.random.default_rng(0).permutation(n)
        result = pictures(opened, xy, look, order=order.tolist())
        rows, side, middles = result["rows"], result["side"], np.array(result["middles"])
        assert 44 <= side <= 64
        assert len(rows) == len(set(rows)) > 4
        gaps = np.abs(middles[:, None] - middles[None]).max(axis=-1)
        np.fill_diagonal(gaps, np.inf)
        assert gaps.min() >= side
        assert ((middles >= 0) & (middles <= SIZE)).all()
        for row, seen in zip(rows, result["seen"], strict=True):
            assert np.abs(np.array(seen)[:, :3] - colour_of(row)).max() <= 3
        assert result["found"] == rows
        # Greedy: whoever comes first in the order and is in sight has a place, and who has none
        # would overlap somebody who comes before.
        where = at_pixels(look, xy.astype(np.float32))
        seen = [r for r in order.tolist() if ((where[r] >= 0) & (where[r] <= SIZE)).all()]
        assert rows[0] == seen[0]
        taken = set(rows)
        for row in seen:
            if row not in taken:
                apart = np.abs(middles - where[row]).max(axis=-1)
                assert apart.min() < side + 3.01


def test_many_tiles_are_fetched_some_at_a_time_and_never_more_than_are_kept(disk_page) -> None:  # noqa: F811
    n = 20_000
    random = np.random.default_rng(2)
    xy = polar(np.sqrt(random.random(n)) * 0.99, random.uniform(0, 2 * np.pi, n))
    same = tile(0)
    opened = disk_page({f"/tiles/{t}.png": same for t in range(n // PER_TILE + 1)})
    opened.evaluate(PRELUDE)
    result = pictures(opened, xy, HOME, size=1000)
    assert result["atOnce"] <= 24
    assert len(result["asked"]) == len(set(result["asked"])) == 64
    assert result["drawn"] == len(result["asked"])
    assert 64 < len(result["rows"]) <= 160


def test_another_view_keeps_the_tiles_and_mixes_up_no_pictures(disk_page) -> None:  # noqa: F811
    n = 96
    opened = disk_page({f"/tiles/{t}.png": tile(t) for t in range(n // PER_TILE)})
    opened.evaluate(PRELUDE)
    xy, _ = cloud(6, n, 60, rim=False)
    earlier = [MOVED, close_up(HOME, [0.3, 0.2], 1.6)]  # the last of them shares some with HOME
    result = pictures(opened, xy, HOME, earlier=earlier, patience=100)
    assert len(result["asked"]) == len(set(result["asked"])) <= n // PER_TILE
    assert len(result["rows"]) > 4
    for row, seen in zip(result["rows"], result["seen"], strict=True):
        assert np.abs(np.array(seen)[:, :3] - colour_of(row)).max() <= 3


def test_pictures_that_cannot_be_had_are_not_drawn(page) -> None:
    xy, _ = cloud(4, 60, 20, rim=False)
    result = pictures(page, xy, HOME, patience=150, url="data:image/png;base64,AAAA#{tile}")
    assert result["asked"]
    assert result["drawn"] == 0
    assert not np.array([seen for row in result["seen"] for seen in row])[:, 3].any()
    assert set(result["found"]) == {-1}


def test_the_default_order_holds_every_row_once_and_mixes_neighbours(page) -> None:
    for n in (1, 2, 3, 10, 97, 144, 2400):
        order = page.evaluate("(n) => [...P.shuffled(n)]", n)
        assert sorted(order) == list(range(n))
    assert np.abs(np.diff(order)).min() > 100
    sides = page.evaluate("() => [1, 40, 150, 1e6].map(P.sideFor)")
    assert sides == sorted(sides, reverse=True)
    assert (sides[0], sides[-1]) == (64, 44)
