"""Where a model fails: confused classes, hard classes, wrong answers of high confidence.

Convention: a failure is a query whose first hit has another class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from hypuml.evaluation.retrieval import Retrieved
from hypuml.types import FloatArray

_MOST = 10
# A class of fewer queries than this has no reliable Recall@1.
_FEWEST = 5
# More classes than this are not listed one by one.
_LISTED = 500


def failure_report(
    retrieved: Retrieved, ids: Sequence[str], confidence: FloatArray | None
) -> dict[str, Any]:
    """Collect the failures.

    Args:
        retrieved: the answers.
        ids: ``[N]`` id of every image.
        confidence: ``[Q]`` answer confidence, where there is one.

    Returns:
        ``failures``: ``confused`` (ordered pairs of class names with the number of queries of the
        first answered by the second, most first), ``hardest`` (classes of at least five queries
        with their Recall@1, worst first) and ``wrong_and_sure`` (wrong answers of highest
        confidence: ids and classes of query and answer; None without confidence). At most ten
        each; None without queries. ``recall_per_class``: ``[queries, right]`` of each class by
        name, by which runs are compared class by class; None above 500 classes.
    """
    if not len(retrieved.queries):
        return {"failures": None, "recall_per_class": None}
    first = retrieved.hits.ids[:, 0]
    query, answered = retrieved.query_classes, retrieved.class_ids[first]
    wrong = np.flatnonzero(~retrieved.correct)

    def name(number: int) -> str:
        return retrieved.classes[number][-1] if number < len(retrieved.classes) else "no class"

    pairs = Counter(zip(query[wrong].tolist(), answered[wrong].tolist(), strict=True))
    total = np.bincount(query, minlength=len(retrieved.classes))
    right = np.bincount(query[retrieved.correct], minlength=len(retrieved.classes))
    known = np.flatnonzero(total[: len(retrieved.classes)])
    enough = np.flatnonzero(total >= _FEWEST)
    worst = enough[np.argsort(right[enough] / total[enough], kind="stable")][:_MOST]
    confident = None
    if confidence is not None:
        order = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MOST]
        confident = [
            {
                "query": ids[retrieved.queries[i]],
                "class": name(int(query[i])),
                "answer": ids[first[i]],
                "answer_class": name(int(answered[i])),
                "confidence": float(confidence[i]),
            }
            for i in order
        ]
    return {
        "failures": {
            "confused": [
                {"class": name(a), "answer_class": name(b), "queries": count}
                for (a, b), count in pairs.most_common(_MOST)
            ],
            "hardest": [
                {
                    "class": name(int(i)),
                    "queries": int(total[i]),
                    "recall@1": float(right[i] / total[i]),
                }
                for i in worst
            ],
            "wrong_and_sure": confident,
        },
        "recall_per_class": None
        if len(total) > _LISTED
        else {"/".join(retrieved.classes[i]): [int(total[i]), int(right[i])] for i in known},
    }
