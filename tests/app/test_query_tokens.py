"""Queries from outside by name: tokens, rows, and nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest

from app import query_tokens, routes
from tests.support.routes_support import (  # noqa: F401
    VERSION,
    client_fixture,
    gallery_fixture,
    placed,
    put_fixture,
)


def test_tokens_say_where_and_in_which_gallery_and_nothing_else(put):
    token = query_tokens.remember(placed(0.1, 0.2))
    assert len(token) == 16
    assert set(token) <= set("0123456789abcdef")
    assert query_tokens.remember(placed(0.1, 0.2)) == token
    assert query_tokens.remember(replace(placed(0.1, 0.2), version="other")) != token
    assert query_tokens.remember(placed(0.2, 0.1)) != token
    point = query_tokens.point_of(VERSION, token)
    assert np.array_equal(point, placed(0.1, 0.2).point)
    assert not point.flags.writeable
    assert query_tokens.point_of("other", token) is None


def test_what_is_remembered_is_the_point_of_then(put):
    query = placed(0.1, 0.2)
    token = query_tokens.remember(query)
    query.point[:] = 0.5
    assert query_tokens.point_of(VERSION, token)[0, 0] == np.float32(0.1)


def test_only_the_most_recent_are_remembered(put):
    tokens = [query_tokens.remember(placed(i / 1000, 0)) for i in range(query_tokens.MOST)]
    query_tokens.remember(placed(0, 0))  # the oldest comes again, and is young
    assert all(query_tokens.point_of(VERSION, token) is not None for token in tokens)
    query_tokens.remember(placed(0, 0.5))
    assert query_tokens.point_of(VERSION, tokens[0]) is not None
    assert query_tokens.point_of(VERSION, tokens[1]) is None
    assert query_tokens.point_of(VERSION, tokens[2]) is not None


def test_remembering_from_many_threads(put):
    queries = [placed(i / 1000, j / 1000) for i in range(30) for j in range(20)]
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(query_tokens.remember, queries))
    assert len(set(tokens)) == len(queries)
    assert (
        sum(query_tokens.point_of(VERSION, token) is not None for token in tokens)
        == query_tokens.MOST
    )


@pytest.mark.parametrize(
    "who",
    ["", "r", "r60", "r-1", "r+1", "r 1", "r01", "r1.0", "17", "R17", "r1\n", "rr1", "r²", "r١",
     "r" + "9" * 9, "r" + "9" * 6000, "0" * 16, "../r1"],
)  # fmt: skip
def test_nobody(client, gallery, who):
    assert query_tokens.point_of(VERSION, who) is None
    address = routes.gallery_url(VERSION, f"around/{quote(who, safe='')}.safetensors")
    answer = client.get(address)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_rows_by_name(gallery):
    assert query_tokens.row_name(17) == "r17"
    assert query_tokens.row_of("r17") == 17
    assert query_tokens.row_of("r0") == 0
    assert np.array_equal(query_tokens.point_of(VERSION, "r59"), gallery.points[59:])
    assert query_tokens.point_of("nothing", "r1") is None
