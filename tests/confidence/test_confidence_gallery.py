"""A gallery that knows how sure its answers are."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from hypuml.confidence import DEPTH, evidence, ranks
from hypuml.confidence.ranks import DEEPEST
from hypuml.gallery import Gallery, GalleryError, build_gallery
from hypuml.layout import fit as fitting
from hypuml.types import Item
from tests.support.confidence_doubles import fitted_once
from tests.support.gallery_doubles import ColourModel, Squares


class SureModel(ColourModel):
    """A model that comes with an answer confidence."""

    def __init__(self) -> None:
        super().__init__()
        self.confidence = fitted_once()


def build(out, model, data=None, **options):
    data = data or Squares(80)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_MANY", 0)  # no UMAP
        return build_gallery(data, range(len(data.items)), model, out, model_ref="x", **options)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sure") / "g", SureModel())


def by_hand(gallery, points, u, exclude):
    """The confidence from its parts."""
    names = sorted(set(gallery.paths))
    classes = np.asarray([names.index(path) for path in gallery.paths])
    hits = gallery.search(points, DEPTH, exclude=exclude)
    inside = exclude is not None
    own = np.full(len(points), -1) if exclude is None else exclude
    seen = ranks(gallery.search, gallery.points, hits, own)
    found = evidence(hits, seen, classes, gallery.uncertainty, u, gallery.curvature, inside=inside)
    return fitted_once().probability(found)


def test_the_models_confidence_goes_into_the_gallery(gallery, tmp_path):
    assert gallery.confidence == fitted_once()
    assert gallery.manifest["confidence"] == fitted_once().to_json()
    given = build(tmp_path / "given", ColourModel(), confidence=fitted_once())
    assert given.confidence == fitted_once()


def test_a_model_without_one_makes_a_gallery_without_one(tmp_path):
    plain = build(tmp_path / "g", ColourModel())
    assert plain.confidence is None
    assert "confidence" not in plain.manifest
    assert plain.answer_confidence(plain.points[:2], plain.uncertainty[:2]) is None


def test_images_of_the_gallery_and_uploads_are_told_apart(gallery):
    rows = np.arange(10)
    points, u = gallery.points[:10], gallery.uncertainty[:10]
    clicked = gallery.answer_confidence(points, u, exclude=rows)
    np.testing.assert_array_equal(clicked, by_hand(gallery, points, u, rows))
    moved = points * 0.9
    uploaded = gallery.answer_confidence(moved, u)
    np.testing.assert_array_equal(uploaded, by_hand(gallery, moved, u, None))
    np.testing.assert_array_equal(
        gallery.answer_confidence(moved, u, exclude=np.full(10, -1)), uploaded
    )
    assert uploaded.shape == (10,)
    assert ((uploaded >= 0) & (uploaded <= 1)).all()


def searched_for(monkeypatch):
    """How many images each search from now on asks for."""
    search, asked = Gallery.search, []

    def watched(self, points, k, exclude=None):
        asked.append(k)
        return search(self, points, k, exclude)

    monkeypatch.setattr(Gallery, "search", watched)
    return asked


def test_hits_that_are_there_are_used_when_they_are_deep_enough(gallery, monkeypatch):
    rows = np.arange(5)
    args = gallery.points[:5], gallery.uncertainty[:5], rows
    expected = gallery.answer_confidence(*args)
    shallow = gallery.search(args[0], 10, exclude=rows)
    deep = gallery.search(args[0], DEPTH + 5, exclude=rows)
    np.testing.assert_array_equal(gallery.answer_confidence(*args, hits=shallow), expected)
    asked = searched_for(monkeypatch)
    np.testing.assert_array_equal(gallery.answer_confidence(*args, hits=deep), expected)
    assert asked == [DEEPEST + 1]  # only how near the queries are, as their hits see them


def test_all_there_is_counts_as_deep_enough(tmp_path, monkeypatch):
    small = build(tmp_path / "g", SureModel(), Squares(12))
    rows = np.arange(12)
    hits = small.search(small.points, 12, exclude=rows)
    assert hits.ids.shape == (12, 11)
    asked = searched_for(monkeypatch)
    p = small.answer_confidence(small.points, small.uncertainty, exclude=rows, hits=hits)
    assert np.isfinite(p).all()
    assert asked == [DEEPEST + 1]


def test_without_classes_there_is_no_confidence_and_with_some_there_is(tmp_path):
    data = Squares(20)
    data.levels = ("class",)
    data.items = [Item(f"s{i}", ("(no class)",), "seen") for i in range(20)]
    none = build(tmp_path / "none", SureModel(), data)
    assert none.confidence is not None
    assert none.answer_confidence(none.points, none.uncertainty) is None
    data.items = [Item(f"s{i}", ("one",) if i % 2 else ("(no class)",), "seen") for i in range(20)]
    some = build(tmp_path / "some", SureModel(), data)
    p = some.answer_confidence(some.points, some.uncertainty)  # each finds itself first
    assert (p[::2] == 0).all()
    assert (p[1::2] > 0).all()


def test_one_image_alone(tmp_path):
    alone = build(tmp_path / "g", SureModel(), Squares(1))
    p = alone.answer_confidence(alone.points, alone.uncertainty, exclude=np.array([0]))
    assert p.tolist() == [0.0]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.update(format="other"), "no answer confidence"),
        (lambda c: c["inputs"]["lead"].update(weight=None), "finite numbers"),
        (lambda c: c["inputs"]["lead"].update(weight=float("nan")), "finite numbers"),
        (lambda c: c.pop("inputs"), "lacks inputs"),
    ],
)
def test_damaged_confidence_is_named_in_one_sentence(gallery, tmp_path, edit, words):
    folder = shutil.copytree(gallery.folder, tmp_path / "g")
    manifest = json.loads((folder / "gallery.json").read_bytes())
    edit(manifest["confidence"])
    (folder / "gallery.json").write_text(json.dumps(manifest))
    with pytest.raises(GalleryError, match=words) as caught:
        Gallery.open(folder)
    assert "gallery.json" in str(caught.value)
    assert "build the gallery again" in str(caught.value)


@pytest.mark.parametrize("value", [[], "sure", 0, False, {}])
def test_something_else_under_its_name_is_refused(gallery, tmp_path, value):
    folder = shutil.copytree(gallery.folder, tmp_path / "g")
    manifest = json.loads((folder / "gallery.json").read_bytes())
    (folder / "gallery.json").write_text(json.dumps(manifest | {"confidence": value}))
    with pytest.raises(GalleryError, match="no answer confidence"):
        Gallery.open(folder)
