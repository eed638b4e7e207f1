"""Resampled statistics against their naive twins: the plain metrics on rows that are repeated."""

from __future__ import annotations

import numpy as np
import pytest

from hypuml import metrics as M

PLAIN = {
    "mean": lambda s, y: float(np.mean(y)),
    "auroc": M.auroc,
    "aurc": M.aurc,
    "ece": M.ece,
}
RESAMPLED = {
    "mean": lambda s, y, r: M.resampled_mean(y, r),
    "auroc": M.resampled_auroc,
    "aurc": M.resampled_aurc,
    "ece": M.resampled_ece,
}


def outcomes(seed: int, classes: int = 7, ties: bool = True):
    """Scores, outcomes and class ids of unequal classes in mixed order."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.repeat(np.arange(classes) * 3, rng.integers(1, 9, classes)))
    score = rng.random(len(ids))
    score = np.round(score, 1) if ties else score
    return score, rng.random(len(ids)) < 0.2 + 0.6 * score, ids


def repeated(resamples, number):
    """Rows of one resample, each as often as its class was drawn."""
    return np.repeat(
        np.arange(len(resamples.members)), resamples.weights[number][resamples.members]
    )


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_resample_is_the_statistic_of_repeated_rows(name, ties, seed):
    score, right, ids = outcomes(seed, ties=ties)
    resamples = M.Resamples.draw(ids, 40, seed)
    got = RESAMPLED[name](score, right, resamples)
    for number in range(40):
        rows = repeated(resamples, number)
        want = PLAIN[name](score[rows], right[rows])
        assert got[number] == pytest.approx(np.nan if want is None else want, nan_ok=True)


@pytest.mark.parametrize("name", PLAIN)
def test_intervals_are_those_of_the_plain_bootstrap(name):
    score, right, ids = outcomes(5, classes=12)
    plain = M.bootstrap_over_classes(
        lambda rows: PLAIN[name](score[rows], right[rows]), ids, 300, seed=2
    )
    drawn = RESAMPLED[name](score, right, M.Resamples.draw(ids, 300, 2))
    got = M.percentile_interval(PLAIN[name](score, right), drawn)
    assert (got.low, got.high) == pytest.approx((plain.low, plain.high))
    assert got.replicates == plain.replicates


def test_a_paired_difference_has_the_interval_of_its_naive_twin():
    score, right, ids = outcomes(1, classes=15, ties=False)
    other = np.random.default_rng(0).random(len(ids)) + 0.2 * score

    def difference(rows):
        pair = M.auroc(score[rows], right[rows]), M.auroc(other[rows], right[rows])
        return None if None in pair else pair[0] - pair[1]

    resamples = M.Resamples.draw(ids, 300, 4)
    gap = M.resampled_auroc(score, right, resamples) - M.resampled_auroc(other, right, resamples)
    got = M.percentile_interval(difference(np.arange(len(ids))), gap)
    want = M.bootstrap_over_classes(difference, ids, 300, seed=4)
    assert (got.value, got.low, got.high) == pytest.approx((want.value, want.low, want.high))
    # Pairing is what makes it narrow: two scores that agree never differ.
    same = M.resampled_auroc(score, right, resamples) - M.resampled_auroc(score, right, resamples)
    assert np.nanmax(np.abs(same)) == 0


def test_too_few_errors_leave_a_resample_undefined():
    score, right, ids = outcomes(2, classes=9)
    resamples = M.Resamples.draw(ids, 60, 0)
    got = M.resampled_auroc(score, right, resamples, min_negatives=20)
    errors = np.array([(~right[repeated(resamples, i)]).sum() for i in range(60)])
    assert 0 < (errors < 20).sum() < 60
    assert np.array_equal(np.isnan(got), errors < 20)


def test_passes_over_parts_of_the_resamples_change_nothing(monkeypatch):
    score, right, ids = outcomes(3)
    resamples = M.Resamples.draw(ids, 50, 0)
    whole = [f(score, right, resamples) for f in RESAMPLED.values()]
    monkeypatch.setattr("hypuml.metrics.resampling._CELLS", 3 * len(ids))
    for one, f in zip(whole, RESAMPLED.values(), strict=True):
        np.testing.assert_array_equal(one, f(score, right, resamples))


def test_one_class_has_no_spread():
    assert M.Resamples.draw([4, 4, 4]) is None
    assert M.Resamples.draw([]) is None


def test_errors_removed():
    right = [True, False, True, True, False]
    assert M.errors_removed([0.9, 0.8, 0.7, 0.2, 0.1], right, 0.4) == 0.5
    assert M.errors_removed([0.9, 0.1, 0.7, 0.5, 0.2], right, 0.4) == 1.0
    assert M.errors_removed(np.zeros(5), right, 0.2) == pytest.approx(0.2)  # ties: by chance
    assert M.errors_removed(right, right, 0.2) == 0.5  # the oracle: one rejected, two errors
    assert M.errors_removed([0.5], [True]) is None
    assert M.errors_removed([], []) is None
    assert M.errors_removed(np.arange(100), np.arange(100) >= 29, 0.29) == 1.0
    with pytest.raises(ValueError, match="share of 20"):
        M.errors_removed([0.5], [False], 20)
