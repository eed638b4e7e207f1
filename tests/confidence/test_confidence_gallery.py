"""A gallery with an answer confidence."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from hypuml.confidence import DEPTH
from hypuml.confidence.features import answer_features
from hypuml.confidence.reciprocal_ranks import DEEPEST, reciprocal_ranks
from hypuml.gallery import Gallery, GalleryError, build_gallery
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
    options |= {"model_ref": "x", "umap": False}
    return build_gallery(data, range(len(data.items)), model, out, **options)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sure") / "g", SureModel())


def by_hand(gallery, points, u, exclude):
    """The confidence from its parts."""
    names = sorted(set(gallery.paths))
    classes = np.asarray([names.index(path) for path in gallery.paths])
    hits = gallery.search(points, DEPTH, exclude=exclude)
    own = np.full(len(points), -1) if exclude is None else exclude
    ranks = reciprocal_ranks(gallery.search, gallery.points, hits, own)
    inside = exclude is not None
    found = answer_features(
        hits, ranks, classes, gallery.uncertainty, u, gallery.curvature, inside=inside
    )
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
    answer = plain.ask(plain.points[:2], plain.uncertainty[:2], 3)
    assert answer.confidence is None
    assert answer.probability is None
    assert "without an answer confidence" in answer.reason
    assert answer.hits.ids.shape == (2, 3)


def test_images_of_the_gallery_and_uploads_are_told_apart(gallery):
    rows = np.arange(10)
    points, u = gallery.points[:10], gallery.uncertainty[:10]
    clicked = gallery.ask(points, u, 4, rows)
    np.testing.assert_array_equal(clicked.confidence, by_hand(gallery, points, u, rows))
    expected = gallery.search(points, 4, exclude=rows)
    np.testing.assert_array_equal(clicked.hits.ids, expected.ids)
    np.testing.assert_array_equal(clicked.hits.distances, expected.distances)
    assert clicked.reason == ""
    moved = points * 0.9
    uploaded = gallery.ask(moved, u, 1).confidence
    np.testing.assert_array_equal(uploaded, by_hand(gallery, moved, u, None))
    np.testing.assert_array_equal(gallery.ask(moved, u, 1, -1).confidence, uploaded)
    assert uploaded.shape == (10,)
    assert ((uploaded >= 0) & (uploaded <= 1)).all()


def test_one_query_is_a_batch_of_one(gallery):
    batch = gallery.ask(gallery.points[:3], gallery.uncertainty[:3], 5, np.arange(3))
    for row in range(3):
        one = gallery.ask(gallery.points[row], gallery.uncertainty[row], 5, row)
        assert one.hits.ids.tolist() == batch.hits.ids[row : row + 1].tolist()
        assert one.probability == pytest.approx(batch.confidence[row], abs=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(k=0), "got k = 0"),
        (dict(uncertainty=[0.1, 0.2]), "expected one each"),
        (dict(exclude=[1, 2]), "expected one each"),
        (dict(points=np.ones((3, 3))), "outside the ball|inside"),
    ],
)
def test_what_does_not_fit_is_refused(gallery, change, words):
    given = dict(points=gallery.points[:3], uncertainty=0.4, k=3) | change
    with pytest.raises(ValueError, match=words):
        gallery.ask(**given)


def test_what_is_not_allowed_is_skipped_and_replaced(gallery):
    allowed = np.arange(len(gallery)) % 3 > 0
    found = gallery.ask(gallery.points[:6], 0.4, 7, np.arange(6), allowed)
    for row in range(6):
        expected = gallery.search(gallery.points[[row]], 79, exclude=[row]).ids[0]
        assert found.hits.ids[row].tolist() == expected[allowed[expected]][:7].tolist()
    nothing = gallery.ask(gallery.points[0], 0.4, 7, 0, np.zeros(len(gallery), bool))
    assert nothing.hits.ids.shape == (1, 0)
    assert "There is no answer" in nothing.reason


def test_it_takes_two_searches_however_many_images_are_wanted(gallery, monkeypatch):
    search, depths = Gallery.search, []

    def watched(self, points, k, exclude=None):
        depths.append(k)
        return search(self, points, k, exclude)

    fresh = Gallery.open(gallery.folder)
    monkeypatch.setattr(Gallery, "search", watched)
    for k in (1, DEPTH + 5):
        fresh.ask(fresh.points[:5], fresh.uncertainty[:5], k, np.arange(5))
    # The second one finds how near the queries are, as their hits see them.
    assert depths == [DEPTH, DEEPEST + 1, DEPTH + 5, DEEPEST + 1]


def test_a_small_gallery_gives_all_it_has(tmp_path):
    small = build(tmp_path / "g", SureModel(), Squares(12))
    found = small.ask(small.points, small.uncertainty, 50, np.arange(12))
    assert found.hits.ids.shape == (12, 11)
    assert np.isfinite(found.confidence).all()


def test_without_classes_there_is_no_confidence_and_with_some_there_is(tmp_path):
    data = Squares(20)
    data.levels = ("class",)
    data.items = [Item(f"s{i}", ("(no class)",), "seen") for i in range(20)]
    none = build(tmp_path / "none", SureModel(), data)
    assert none.confidence is not None
    answer = none.ask(none.points, none.uncertainty, 1)
    assert answer.confidence is None
    assert "No image here has a class" in answer.reason
    data.items = [Item(f"s{i}", ("one",) if i % 2 else ("(no class)",), "seen") for i in range(20)]
    some = build(tmp_path / "some", SureModel(), data)
    p = some.ask(some.points, some.uncertainty, 1).confidence  # each finds itself first
    assert (p[::2] == 0).all()
    assert (p[1::2] > 0).all()
    answer = some.ask(some.points[0], some.uncertainty[0], 1)
    assert answer.confidence is None
    assert "The first answer has no class" in answer.reason


def test_one_image_alone(tmp_path):
    alone = build(tmp_path / "g", SureModel(), Squares(1))
    answer = alone.ask(alone.points, alone.uncertainty, 1, 0)
    assert answer.confidence is None
    assert "There is no answer" in answer.reason


def test_an_image_that_is_alone_in_its_class_has_no_right_answer(tmp_path):
    data = Squares(20)
    data.levels = ("class",)
    data.items = [Item(f"s{i}", (f"c{max(i, 3)}",), "seen") for i in range(20)]  # c3 has four
    found = build(tmp_path / "g", SureModel(), data)
    rows = np.arange(20)
    p = found.ask(found.points, found.uncertainty, 3, rows).confidence
    assert (p[:4] > 0).all()
    assert (p[4:] == 0).all()
    answer = found.ask(found.points[9], found.uncertainty[9], 3, 9)
    assert answer.confidence is None
    assert "No other image here has its class" in answer.reason
    # From outside, the class is not known.
    assert found.ask(found.points[9], found.uncertainty[9], 3).probability > 0


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda c: c.update(format="other"), "at format"),
        (lambda c: c["inputs"]["lead"].update(weight=None), "expected `float`, got `null`"),
        (lambda c: c["inputs"]["lead"].update(weight=float("nan")), "no valid JSON"),
        (lambda c: c["inputs"]["lead"].update(weight="much"), "expected `float`, got `str`"),
        (lambda c: c.pop("inputs"), "required field `inputs`"),
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
    with pytest.raises(GalleryError, match="no usable answer confidence"):
        Gallery.open(folder)
