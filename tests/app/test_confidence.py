"""Answer confidence beside uncertainty: what is shown, and what it is the confidence of."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from app import retrieval
from app.parts.numbers import probability
from hypuml.confidence import DEPTH
from hypuml.confidence.features import answer_features
from hypuml.confidence.reciprocal_ranks import reciprocal_ranks
from hypuml.gallery import Gallery
from hypuml.search import Index
from hypuml.types import NO_CLASS, Answer, Hits
from tests.support.app_pages import markup, page, start_app, tiles  # noqa: F401
from tests.support.app_support import (
    CONFIDENCE,
    pictures_gallery,
    small_garden,
    sure_garden,
    with_confidence,
)


@pytest.fixture(scope="module")
def garden() -> Gallery:
    return Gallery.open(sure_garden())


def shown(at) -> str:
    """The number under "answer confidence"."""
    found = re.search(r"answer confidence</dt><dd>(.*?)</dd>", markup(at))
    assert found
    return found[1]


def answer_of(gallery: Gallery, row: int, allowed=None) -> Answer:
    return gallery.ask(gallery.points[row], gallery.uncertainty[row], 3, row, allowed)


@pytest.mark.parametrize("row", [4, 50])
def test_hidden_images_count_as_though_they_were_not_there(garden, row):
    allowed = garden.uncertainty <= np.quantile(garden.uncertainty, 0.6)
    for own in (True, False):  # the query itself may be hidden too
        allowed = allowed.copy()
        allowed[row] = own
        rows = np.flatnonzero(allowed)
        exclude = np.array([int(np.searchsorted(rows, row)) if own else -1])
        index = Index(garden.points[rows], garden.curvature)
        hits = index.search(garden.points[row : row + 1], DEPTH, exclude=exclude)
        found = answer_features(
            hits,
            reciprocal_ranks(index.search, garden.points[rows], hits, exclude),
            garden.class_ids[rows],
            garden.uncertainty[rows],
            garden.uncertainty[row : row + 1],
            garden.curvature,
            inside=own,
        )
        expected = float(CONFIDENCE.probability(found)[0])
        assert answer_of(garden, row, allowed).probability == pytest.approx(expected, abs=1e-12)


def test_fewer_answers_do_not_change_it(garden):
    few, many = (garden.ask(garden.points[0], 0.4, k, 0) for k in (1, 90))
    assert few.probability == pytest.approx(many.probability, abs=1e-12)
    assert (few.hits.ids.shape, many.hits.ids.shape) == ((1, 1), (1, 90))


def answer_with(p: float | None) -> Answer:
    hits = Hits(np.zeros((1, 1), np.int64), np.ones((1, 1)))
    return Answer(hits, None if p is None else np.array([p]))


def test_only_a_certainty_is_written_as_0_or_1():
    numbers = (0.0, 0.004, 0.005, 0.5, 0.994, 0.995, 1.0, None)
    written = [probability(answer_with(p)) for p in numbers]
    assert written == ["0.00", "< 0.01", "0.01", "0.50", "0.99", "> 0.99", "1.00", "–"]


def test_both_numbers_stand_side_by_side_and_say_which_is_which(start, garden):
    at = start(sure_garden(), query=garden.ids[7])
    answer = answer_of(garden, 7)
    assert shown(at) == probability(answer)
    assert f"uncertainty u{garden.uncertainty[7]:.3f}of the picture alone" in page(at)
    assert f"answer confidence{probability(answer)}that answer 1 is right" in page(at)
    assert 'title="Uncertainty u, from 0 (sure) to 1 (unsure)' in markup(at)
    assert 'title="Answer confidence: the probability' in markup(at)


def test_hiding_rejected_images_gives_the_confidence_of_what_is_shown_first(start, garden):
    cut = round(float(np.quantile(garden.uncertainty, 0.4)), 3)
    allowed = retrieval.keep_mask(garden.uncertainty, cut)
    hits = garden.search(garden.points, 1, exclude=np.arange(len(garden))).ids[:, 0]
    row = int(np.flatnonzero(~allowed[hits])[0])  # its first answer will be hidden
    at = start(sure_garden(), query=garden.ids[row], threshold=str(cut), hide="1")
    assert allowed[tiles(at)[0]["row"]]
    assert shown(at) == probability(answer_of(garden, row, allowed))
    at.toggle(key="hide").set_value(False).run()
    assert shown(at) == probability(answer_of(garden, row))


def test_a_gallery_without_one_shows_none_and_says_why(start):
    at = start(small_garden())
    assert shown(at) == "–"
    assert "not known here" in page(at)
    assert "made by a model without an answer confidence" in markup(at)


def test_a_gallery_without_classes_shows_none(start, tmp_path):
    at = start(with_confidence(pictures_gallery(tmp_path / "plain", [(NO_CLASS,)] * 12)))
    assert shown(at) == "–"
    assert "No image here has a class" in markup(at)


def test_a_gallery_of_one_image_shows_none(start, tmp_path):
    at = start(with_confidence(pictures_gallery(tmp_path / "one", [("a",)])))
    assert shown(at) == "–"
    assert "There is no answer" in markup(at)


def test_an_upload_has_one_too(start, garden):
    picture = garden.original(3, 96)
    out = io.BytesIO()
    picture.save(out, "PNG")
    at = start(sure_garden())
    at.file_uploader[0].upload("mine.png", out.getvalue(), "image/png").run()
    from hypuml.models.hypuml import HypUML

    model = HypUML.from_pretrained(sure_garden().parent)
    embedding = model.embed([Image.open(io.BytesIO(out.getvalue()))])
    assert shown(at) == probability(garden.ask(embedding.points, embedding.uncertainty, 1))
