"""How near a query is as its hits see it: golden values, a naive twin, laws."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml.confidence.reciprocal_ranks import DEEPEST, RANKED, reciprocal_ranks
from hypuml.geometry import expmap0, pairwise_dist
from hypuml.search import Index
from hypuml.types import Hits
from tests.support.confidence_doubles import cluster


def on_a_line(*places):
    return expmap0(np.array(places, dtype=float)[:, None], 1.0)


def test_golden_values_on_a_line():
    # Three together, and a query off them that comes first for nobody.
    points = on_a_line(0.0, 0.1, 0.2, 1.0)
    index = Index(points, 1.0)
    query = on_a_line(0.45)
    hits = index.search(query, 4)
    assert hits.ids.tolist() == [[2, 1, 0, 3]]
    # Nearer to the image at 0.2 are those at 0.1 and 0.0; to the one at 1.0 none is.
    assert reciprocal_ranks(index.search, points, hits, [-1]).tolist() == [[2, 2, 2, 0]]


@pytest.mark.parametrize("inside", [True, False])
def test_a_plain_loop_says_the_same(inside):
    points, _, ids = cluster(5, 12, seed=4)
    rows = np.arange(len(ids))
    asking = rows if inside else rows[:20]
    gallery = points if inside else points[20:]
    index = Index(gallery, 1.0)
    own = asking if inside else np.full(20, -1)
    hits = index.search(points[asking], 30, exclude=asking if inside else None)
    found = reciprocal_ranks(index.search, gallery, hits, own)
    between = pairwise_dist(gallery, gallery, 1.0)
    for q, row in enumerate(own):
        for place, (hit, d) in enumerate(
            zip(hits.ids[q, :RANKED], hits.distances[q], strict=False)
        ):
            others = [i for i in range(len(gallery)) if i not in (hit, row)]
            nearer = sum(between[hit, i] < d - 1e-12 for i in others)
            assert found[q, place] == min(nearer, DEEPEST)


def test_an_image_of_the_gallery_gets_the_ranks_it_would_get_from_outside():
    points = cluster(4, 10, seed=6)[0]
    whole = Index(points, 1.0)
    for row in (0, 13, 39):
        rest = np.delete(points, row, axis=0)
        without = Index(rest, 1.0)
        query = points[row : row + 1]
        inside = whole.search(query, 25, exclude=[row])
        outside = without.search(query, 25)
        assert (
            reciprocal_ranks(whole.search, points, inside, [row]).tolist()
            == reciprocal_ranks(without.search, rest, outside, [-1]).tolist()
        )


def test_one_image_identical_images_and_no_hits():
    one = on_a_line(0.3)
    index = Index(one, 1.0)
    assert reciprocal_ranks(index.search, one, index.search(one, 1), [-1]).tolist() == [[0]]
    same = np.repeat(one, 5, axis=0)
    index = Index(same, 1.0)
    hits = index.search(same, 4, exclude=np.arange(5))
    assert reciprocal_ranks(index.search, same, hits, np.arange(5)).tolist() == [[0] * 4] * 5
    nothing = Hits(np.empty((1, 0), int), np.empty((1, 0)))
    assert reciprocal_ranks(index.search, same, nothing, [-1]).shape == (1, 0)


def test_one_row_for_each_query_is_asked_for():
    points = on_a_line(0.0, 0.1)
    index = Index(points, 1.0)
    with pytest.raises(ValueError, match="expected one for each"):
        reciprocal_ranks(index.search, points, index.search(points, 1), [-1])
