"""Files for the disk, well laid out or broken: read, or refused as a whole in one sentence."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from tests.support.disk_page import disk_page  # noqa: F401

pytestmark = pytest.mark.browser

RNG_SEED = 20
ABOUT = {
    "paths": [["a", "b"], []],
    "levels": ["upper", "lower"],
    "unit": 0.75,
    "exact": False,
    "umap": True,
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


def file(tensors: dict[str, np.ndarray], about: Any = ABOUT) -> bytes:
    """As Python saves it; without metadata where nothing is said about it."""
    return safetensors.numpy.save(tensors, about and {"disk": json.dumps(about)})


def cloud(count: int = 5, **changed: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(RNG_SEED)
    return {
        "xy": rng.uniform(-0.7, 0.7, (count, 2)).astype(np.float32),
        "uncertainty": rng.uniform(size=count).astype(np.float32),
        "group": rng.integers(0, 2, count).astype(np.uint16),
    } | changed


def by_hand(entries: dict[str, Any], numbers: bytes) -> bytes:
    """A file as other writers may lay it out: nothing is padded or sorted."""
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + numbers


def test_what_python_saves_arrives_unchanged(disk_page):  # noqa: F811
    rng = np.random.default_rng(RNG_SEED)
    tensors = {
        "f": rng.normal(size=(3, 2)).astype(np.float32),
        "odd": rng.integers(0, 255, 7).astype(np.uint8),
        "short": np.array([0, 1, 65535], dtype=np.uint16),
        "long": np.array([0, 2**32 - 1], dtype=np.uint32),
        "signed": np.array([-5, 2**31 - 1], dtype=np.int32),
        "none": np.zeros((0, 2), dtype=np.float32),
    }
    page = disk_page({"/x.safetensors": file(tensors, {"name": "Ä <b>"})})
    got = page.evaluate("""async () => {
      const {fetchTensors} = await import("/js/data.js");
      const {tensors, meta} = await fetchTensors("/x.safetensors");
      return [meta, Object.fromEntries(Object.entries(tensors).map(
        ([name, t]) => [name, [t.constructor.name, ...t]]))];
    }""")
    assert got[0] == {"name": "Ä <b>"}
    names = {"f": "Float32Array", "odd": "Uint8Array", "short": "Uint16Array",
             "long": "Uint32Array", "signed": "Int32Array", "none": "Float32Array"}  # fmt: skip
    assert got[1] == {n: [names[n], *t.ravel().tolist()] for n, t in tensors.items()}


def test_clouds_distances_and_umaps(disk_page):  # noqa: F811
    whole = cloud(group=np.array([0, 1, 1, 0, 1], dtype=np.uint32))
    distances = np.array([0.0, 0.5, 3.0], dtype=np.float32)
    rim = np.array([[1.0, 0.0], [np.float32(0.6), np.float32(0.8)]], dtype=np.float32)
    page = disk_page({
        "/cloud": file(whole),
        "/empty": file(cloud(0)),
        "/around": file({"distances": distances}, {"unit": 1.25}),
        "/umap": safetensors.numpy.save({"xy": rim}),
    })  # fmt: skip
    got = page.evaluate("""async () => {
      const {fetchCloud, fetchAround, fetchUmap} = await import("/js/data.js");
      const plain = (x) => Object.fromEntries(Object.entries(x).map(
        ([k, v]) => [k, ArrayBuffer.isView(v) ? [...v] : v]));
      return [plain(await fetchCloud("/cloud")), (await fetchCloud("/empty")).count,
        plain(await fetchAround("/around")), [...await fetchUmap("/umap")]];
    }""")
    assert got[0] == {"count": 5, **{n: t.ravel().tolist() for n, t in whole.items()}, **ABOUT}
    assert got[1] == 0
    assert got[2] == {"distances": distances.tolist(), "unit": 1.25}
    assert got[3] == rim.ravel().tolist()


def test_a_damaged_answer_is_refused_in_one_sentence_that_names_it(disk_page):  # noqa: F811
    good = file(cloud())
    f32 = np.float32
    bad = {
        "empty": (b"", "only 0 bytes"),
        "html": (b"<!doctype html><p>Not found</p>", "ends before its header"),
        "cut in the header": (good[:40], "ends before its header"),
        "cut in the numbers": (good[:-3], "ends before"),
        "no json": (struct.pack("<Q", 4) + b"oops", "JSON"),
        "null": (struct.pack("<Q", 4) + b"null", "no object"),
        "no utf-8": (struct.pack("<Q", 4) + b'"\xff\xff"', ""),
        "no metadata": (safetensors.numpy.save(cloud()), "paths"),
        "metadata no json": (safetensors.numpy.save(cloud(), {"disk": "{"}), "JSON"),
        "half precision": (file(cloud(xy=np.zeros((5, 2), np.float16))), "xy is of type F16"),
        "wrong size": (good.replace(b'"shape":[5,2]', b'"shape":[4,2]'), "xy has the wrong size"),
        "no xy": (file({n: t for n, t in cloud().items() if n != "xy"}), "xy is missing"),
        "odd xy": (file(cloud(xy=np.zeros(9, f32))), "xy is missing"),
        "few u": (file(cloud(uncertainty=np.zeros(4, f32))), "uncertainty is not of 5"),
        "signed group": (file(cloud(group=np.zeros(5, np.int32))), "group is not of 5"),
        "foreign group": (file(cloud(group=np.full(5, 2, np.uint16))), "not in paths"),
        "unit": (file(cloud(), ABOUT | {"unit": 0}), "unit"),
        "nan": (file(cloud(xy=np.full((5, 2), np.nan, f32))), "point 0 is not in the disk"),
        "outside": (file(cloud(xy=np.full((5, 2), 0.71, f32))), "point 0 is not in the disk"),
    }
    assert all(data != good for data, _ in bad.values())
    page = disk_page({f"/{i}": data for i, (data, _) in enumerate(bad.values())})
    messages = page.evaluate("""async (n) => {
      const {fetchCloud} = await import("/js/data.js");
      return Promise.all(Array.from({length: n}, (_, i) =>
        fetchCloud(`/${i}`).then(() => "read", (e) => e.message)));
    }""", len(bad))  # fmt: skip
    for i, (name, (_, words)) in enumerate(bad.items()):
        assert messages[i].startswith(f"/{i} is damaged: "), name
        assert words in messages[i], name
        assert "\n" not in messages[i], name


def test_each_address_is_asked_for_once_and_again_only_after_a_failure(disk_page):  # noqa: F811
    page = disk_page({"/good": file(cloud())})
    got = page.evaluate("""async () => {
      const {fetchCloud, fetchTensors} = await import("/js/data.js");
      const asked = [];
      const answers = {
        "/gone": [new Response("", {status: 404}), null],
        "/down": [Promise.reject(new TypeError("Failed to fetch")), null],
      };
      const real = window.fetch;
      window.fetch = (url) => {
        asked.push(url);
        return Promise.resolve(answers[url]?.shift() ?? real("/good"));
      };
      const say = (p) => p.then((c) => c.count, (e) => e.message);
      const all = await Promise.all(["/a", "/a", "/gone", "/gone", "/down"].map(
        (url) => say(fetchCloud(url))));
      const again = await Promise.all(["/a", "/gone", "/down"].map((url) => say(fetchCloud(url))));
      const first = asked.splice(0);
      // Only the latest are kept, so that a day of queries does not fill the memory.
      for (let i = 0; i < 40; i++) await fetchTensors(`/more${i}`);
      await fetchTensors("/more39");
      await fetchTensors("/a");
      return {all, again, first, last: asked.slice(40)};
    }""")
    gone, down = (f"{url} could not be fetched" for url in ("/gone", "/down"))
    assert got["all"][:2] == [5, 5]
    assert got["all"][2:] == [f"{gone}: the answer is 404"] * 2 + [f"{down}: Failed to fetch"]
    assert got["again"] == [5, 5, 5]
    assert got["first"] == ["/a", "/gone", "/down", "/gone", "/down"]
    assert got["last"] == ["/a"]


def test_numbers_are_read_wherever_they_begin(disk_page):  # noqa: F811
    kinds = {"F32": np.float32, "U32": np.uint32, "I32": np.int32, "U16": np.uint16, "U8": np.uint8}
    values = {kind: np.array([1, 2, 77], dtype) for kind, dtype in kinds.items()}
    files = {}
    for shift in range(4):  # each begins somewhere else within a word
        entries, numbers = {}, b""
        for kind, array in values.items():
            numbers += b"\xff" * shift
            place = [len(numbers), len(numbers) + array.nbytes]
            entries[kind] = {"dtype": kind, "shape": [3, 1], "data_offsets": place}
            numbers += array.tobytes()
        files[f"/{shift}"] = by_hand(entries, numbers)
    got = run(
        disk_page(files),
        """
        return Promise.all(given.map(async (url) => {
          const {tensors, meta} = await D.fetchTensors(url);
          return [meta, ...Object.entries(tensors).map(([name, t]) =>
            [name, t.constructor.name, ...t])];
        }));
        """,
        list(files),
    )
    names = ["Float32Array", "Uint32Array", "Int32Array", "Uint16Array", "Uint8Array"]
    wanted = [[kind, name, 1, 2, 77] for kind, name in zip(kinds, names, strict=True)]
    assert got == [[None, *wanted]] * 4


def test_no_part_of_a_file_passes_for_the_whole(disk_page):  # noqa: F811
    whole = file(cloud())
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
    whole = file(cloud())
    start = len(whole) - 5 * (8 + 4 + 2)
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
        return file({"distances": np.array(values, f32)}, about)

    around = {
        "good": (distances(0, 2), ""),
        "negative": (distances(0, -1e-9), "a distance is not a number"),
        "nan": (distances(0, np.nan), "a distance is not a number"),
        "unit": (distances(0, 2, about={"unit": 0}), "unit is missing"),
        "unit no number": (distances(0, 2, about={"unit": "x"}), "unit is missing"),
        "nothing said": (distances(0, 2, about=None), "unit is missing"),
        "integers": (file({"distances": np.arange(3, dtype=np.uint16)}), "distances are missing"),
        "a cloud": (file(cloud()), "distances are missing"),
    }
    umap = {
        "good": (file({"xy": np.zeros((2, 2), f32)}), ""),
        "odd": (file({"xy": np.zeros(3, f32)}), "xy is missing"),
        "outside": (file({"xy": np.array([[0, 0], [0.8, 0.7]], f32)}), "point 1 is not in the"),
        "nan": (file({"xy": np.array([[0, np.nan]], f32)}), "point 0 is not in the disk"),
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
    good = file(cloud())
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
    assert same == [5, True, True, True]  # one buffer: nothing was copied
    assert [url for url in asked if url.endswith("/x")] == ["http://disk.test/x"] * 2
