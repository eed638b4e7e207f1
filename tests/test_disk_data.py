"""Files for the disk, well laid out or broken: read, or refused as a whole in one sentence."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

ABOUT = {
    "paths": [["a", "b"], []],
    "levels": ["upper", "lower"],
    "unit": 0.75,
    "exact": True,
    "umap": False,
    "tiles": {"side": 64, "columns": 32, "perTile": 1024},
}
# `told` is an answer, or what was said instead of it.
PRELUDE = """
const D = await import("/js/data.js");
const told = (promise) => promise.then(
  (answer) => answer,
  (error) => error instanceof Error ? `refused: ${error.message}` : "not an Error");
"""


def run(page, body: str, given: Any = None) -> Any:
    return page.evaluate(f"async (given) => {{ {PRELUDE} {body} }}", given)


def packed(tensors: dict[str, np.ndarray], about: Any = None) -> bytes:
    return safetensors.numpy.save(tensors, about and {"disk": json.dumps(about)})


def cloud(count: int = 6) -> bytes:
    rng = np.random.default_rng(count)
    xy = rng.uniform(-0.7, 0.7, (count, 2)).astype(np.float32)
    u = rng.uniform(size=count).astype(np.float32)
    return packed({"xy": xy, "uncertainty": u, "group": np.zeros(count, np.uint16)}, ABOUT)


def by_hand(entries: dict[str, Any], numbers: bytes) -> bytes:
    """A file as other writers may lay it out: nothing is padded or sorted."""
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + numbers


@pytest.mark.parametrize("shift", range(4))
def test_numbers_are_read_wherever_they_begin(disk_page, shift):  # noqa: F811
    kinds = {"F32": np.float32, "U32": np.uint32, "I32": np.int32, "U16": np.uint16, "U8": np.uint8}
    values = {kind: np.array([1, 2, 77], dtype) for kind, dtype in kinds.items()}
    entries, numbers = {}, b""
    for kind, array in values.items():
        numbers += b"\xff" * shift  # so that each begins somewhere else within a word
        place = [len(numbers), len(numbers) + array.nbytes]
        entries[kind] = {"dtype": kind, "shape": [3, 1], "data_offsets": place}
        numbers += array.tobytes()
    got = run(
        disk_page({"/x": by_hand(entries, numbers)}),
        """
        const {tensors} = await D.fetchTensors("/x");
        return Object.entries(tensors).map(([name, t]) => [name, t.constructor.name, ...t]);
        """,
    )
    names = ["Float32Array", "Uint32Array", "Int32Array", "Uint16Array", "Uint8Array"]
    assert got == [[kind, name, 1, 2, 77] for kind, name in zip(kinds, names, strict=True)]


def test_no_part_of_a_file_passes_for_the_whole(disk_page):  # noqa: F811
    whole = cloud()
    got = run(
        disk_page({"/whole": whole}),
        """
        const whole = await (await fetch("/whole")).arrayBuffer();
        const read = [];
        const messages = new Set();
        for (let n = 0; n < whole.byteLength; n++) {
          try { D.parseTensors(whole.slice(0, n)); read.push(n); }
          catch (error) { messages.add(error.message.includes("\\n") || !error.message); }
        }
        return [read, [...messages], Object.keys(D.parseTensors(whole).tensors).length];
        """,
    )
    assert got == [[], [False], 3]


def test_whatever_byte_is_wrong_the_answer_fits_together_or_is_refused(disk_page):  # noqa: F811
    whole = cloud()
    start = len(whole) - 6 * (8 + 4 + 2)
    rng = np.random.default_rng(0)
    where = np.concatenate([np.arange(start), rng.integers(0, start, 300)])
    changes = [
        (int(at), int(by)) for at, by in zip(where, rng.integers(1, 32, len(where)), strict=True)
    ]
    got = run(
        disk_page({"/whole": whole}),
        """
        const whole = await (await fetch("/whole")).arrayBuffer();
        const [real, wrong] = [window.fetch, []];
        let [refused, read] = [0, 0];
        for (const [i, [at, by]] of given.entries()) {
          const bytes = new Uint8Array(whole.slice(0));
          bytes[at] ^= by;
          window.fetch = async () => new Response(bytes);
          const found = await told(D.fetchCloud(`/${i}`));
          if (typeof found === "string") {
            refused += 1;
            if (!found.startsWith(`refused: /${i} is damaged: `)) wrong.push([at, by, found]);
            continue;
          }
          read += 1;
          const {count, xy, uncertainty, group, paths, unit} = found;
          if (xy.length !== 2 * count || uncertainty.length !== count || group.length !== count ||
            !(unit > 0) || !xy.every(Number.isFinite) || group.some((g) => g >= paths.length)) {
            wrong.push([at, by, "read"]);
          }
        }
        window.fetch = real;
        return {wrong, refused, read};
        """,
        changes,
    )
    assert got["wrong"] == []
    assert got["refused"] > 0.5 * len(changes)
    assert got["read"] > 10  # a name of a class or a level is as good as another


def test_numbers_around_a_query_and_umaps_are_checked(disk_page):  # noqa: F811
    f32 = np.float32

    def distances(*values: float, about: Any = {"unit": 1.5}) -> bytes:  # noqa: B006
        return packed({"distances": np.array(values, f32)}, about)

    around = {
        "good": (distances(0, 2), ""),
        "negative": (distances(0, -1e-9), "a distance is not a number"),
        "nan": (distances(0, np.nan), "a distance is not a number"),
        "unit": (distances(0, 2, about={"unit": 0}), "unit is missing"),
        "unit no number": (distances(0, 2, about={"unit": "x"}), "unit is missing"),
        "nothing said": (distances(0, 2, about=None), "unit is missing"),
        "integers": (packed({"distances": np.arange(3, dtype=np.uint16)}), "distances are missing"),
        "a cloud": (cloud(), "distances are missing"),
    }
    umap = {
        "good": (packed({"xy": np.zeros((2, 2), f32)}), ""),
        "odd": (packed({"xy": np.zeros(3, f32)}), "xy is missing"),
        "outside": (packed({"xy": np.array([[0, 0], [0.8, 0.7]], f32)}), "point 1 is not in the"),
        "nan": (packed({"xy": np.array([[0, np.nan]], f32)}), "point 0 is not in the disk"),
        "distances": (around["good"][0], "xy is missing"),
    }
    cases = [("fetchAround", *c) for c in around.values()] + [
        ("fetchUmap", *c) for c in umap.values()
    ]
    got = run(
        disk_page({f"/{i}": data for i, (_, data, _) in enumerate(cases)}),
        "return Promise.all(given.map((name, i) => told(D[name](`/${i}`)).then(String)));",
        [name for name, *_ in cases],
    )
    for i, (found, (name, _, words)) in enumerate(zip(got, cases, strict=True)):
        if words:
            assert found.startswith(f"refused: /{i} is damaged: {words}"), (name, words)
        else:
            assert found in ("[object Object]", "0,0,0,0")


def test_a_broken_answer_is_asked_for_again_and_a_good_one_is_shared(disk_page):  # noqa: F811
    good = cloud()
    files = {"/x": good[:-1]}
    page = disk_page(files)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Two at once share the one request, and its failure.
    both = run(page, 'return Promise.all([0, 1].map(() => told(D.fetchCloud("/x"))));')
    assert both == ["refused: /x is damaged: it ends before group does"] * 2
    files["/x"] = good
    same = run(
        page,
        """
        const [a, b] = await Promise.all([D.fetchCloud("/x"), D.fetchCloud("/x")]);
        const c = await D.fetchCloud("/x");
        return [a.count, a.xy === b.xy, a.xy === c.xy, a.xy.buffer === a.uncertainty.buffer];
        """,
    )
    assert same == [6, True, True, True]  # one buffer: nothing was copied
    assert [url for url in asked if url.endswith("/x")] == ["http://disk.test/x"] * 2
