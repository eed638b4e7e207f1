"""Controls, probe, confidence, out-of-distribution and degradation, each where it is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from hypuml import metrics
from hypuml.data.folder import FolderDataset
from hypuml.evaluation import embed_dataset, evaluate, measure
from hypuml.evaluation.answers import answer_report, answer_scores
from hypuml.evaluation.controls import control_report, control_scores
from hypuml.evaluation.degradation import LEVELS, degradation_report, stratified
from hypuml.evaluation.image_statistics import image_statistics, laplacian_variance
from hypuml.evaluation.ood import separation, through_side, typical_side
from hypuml.evaluation.probe import probe
from hypuml.evaluation.retrieval import retrieve
from hypuml.types import NO_CLASS, Item
from tests.support.evaluation_doubles import AlwaysAgreement, ColourEyes
from tests.support.squares import SquaresDataset


class Faint(SquaresDataset):
    """Squares of hardly different colours: the model takes many for another class."""

    def __init__(self, classes=12, each=12, paths=None):
        super().__init__(classes, each)
        self.items = [
            Item(item.id, item.path if paths is None else paths[i], "unseen")
            for i, item in enumerate(self.items)
        ]

    def load(self, index, size=None):
        rng = np.random.default_rng(index)
        side = size or 32
        colour = 120 + 3 * np.random.default_rng(index // self.each).normal(0, 1, 3)
        noise = 4 + 30 * rng.random()  # noisy pictures have contrast, and less certain means
        pixels = np.clip(colour + rng.normal(0, noise, (side, side, 3)), 0, 255)
        return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture(scope="module")
def seen():
    """144 faint squares through the model, and their answers."""
    evaluated = embed_dataset(ColourEyes(), Faint())
    return evaluated, retrieve(evaluated.embedding.points, 0.7, evaluated.paths, 50)


# --- pictures -------------------------------------------------------------------------------------


def test_image_statistics_equal_their_naive_twin():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 5, 6, 3)).astype(np.uint8)
    luma = (0.299, 0.587, 0.114)
    for one, sharp, row in zip(
        pixels, laplacian_variance(pixels), image_statistics(pixels), strict=True
    ):
        g = [[sum(w * v / 255 for w, v in zip(luma, p, strict=True)) for p in line] for line in one]
        edges = [
            g[y - 1][x] + g[y + 1][x] + g[y][x - 1] + g[y][x + 1] - 4 * g[y][x]
            for y in range(1, 4)
            for x in range(1, 5)
        ]
        chroma = np.mean([(max(map(int, p)) - min(map(int, p))) / 255 for p in one.reshape(-1, 3)])
        assert sharp == pytest.approx(np.var(edges), rel=1e-4)
        want = [np.log(np.var(edges) + 1e-6), np.mean(g), np.std(g), chroma]
        assert row == pytest.approx(want, rel=1e-4)


def test_blur_lowers_the_laplacian_and_nothing_breaks_without_pixels_inside():
    sharp = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    assert (laplacian_variance(through_side(sharp, 6)) < laplacian_variance(sharp) / 4).all()
    assert laplacian_variance(sharp[:, :2]).tolist() == [0, 0, 0, 0]
    assert laplacian_variance(np.full((2, 8, 8, 3), 77, np.uint8)) == pytest.approx(0, abs=1e-9)


# --- controls -------------------------------------------------------------------------------------


def test_controls_have_their_natural_sign(seen):
    evaluated, _ = seen
    model = ColourEyes()
    scores = control_scores(model, evaluated)
    described = evaluated.described
    assert np.array_equal(scores["tangent_norm"], -described.norm)
    length = np.sqrt((described.features.astype(float) ** 2).sum(axis=1))
    assert scores["feature_norm"] == pytest.approx(-length)
    assert np.array_equal(scores["laplacian_variance"], -laplacian_variance(evaluated.pixels))
    assert sorted(scores["shuffled"]) == sorted(described.uncertainty)
    assert not np.array_equal(scores["shuffled"], described.uncertainty)
    assert np.array_equal(scores["shuffled"], control_scores(model, evaluated)["shuffled"])
    assert scores["loss_prediction"] is None
    model.loss_prediction = lambda features: features[:, 3] * 2
    assert np.array_equal(
        control_scores(model, evaluated)["loss_prediction"], described.features[:, 3] * 2.0
    )


def uncertain(seed=0, count=400):
    """U that knows a little, a control that knows more, and 20 classes."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(20), count // 20)
    correct = rng.random(count) < 0.6
    u = rng.random(count) - 0.2 * correct
    return u, rng.random(count) - 0.9 * correct, correct, classes


def test_a_control_that_is_better_is_named_with_its_paired_interval():
    u, rival, correct, classes = uncertain()
    noise = np.random.default_rng(9).random(400)
    norm = -(u**3)  # another scale, the same ranking
    got = control_report(
        u, {"tangent_norm": -norm, "rival": rival, "noise": noise, "none": None}, correct, classes
    )
    assert got["controls"]["rival"] == metrics.r_auroc(rival, correct)
    assert got["controls_that_beat_u"] == ["rival"]
    assert got["tangent_norm_is_u"] is True
    assert got["controls"]["none"] is got["control_differences"]["none"] is None
    gap = got["control_differences"]["rival"]
    want = metrics.bootstrap_over_classes(
        lambda rows: (
            metrics.auroc(-u[rows], correct[rows]) - metrics.auroc(-rival[rows], correct[rows])
        ),
        classes,
    )
    assert gap["difference"] == pytest.approx(want.value)
    assert (gap["low"], gap["high"]) == pytest.approx((want.low, want.high))
    assert gap["high"] < 0 < got["control_differences"]["noise"]["low"]


def test_the_norm_is_a_rival_of_its_own_when_it_ranks_differently():
    u, rival, correct, classes = uncertain()
    got = control_report(u, {"tangent_norm": rival}, correct, classes)
    assert got["tangent_norm_is_u"] is False
    assert got["controls_that_beat_u"] == ["tangent_norm"]
    flat = control_report(np.full(400, 0.5), {"tangent_norm": rival}, correct, classes)
    assert flat["tangent_norm_is_u"] is False


def test_controls_are_null_below_thirty_errors_and_have_no_interval_in_one_class():
    u, rival, correct, classes = uncertain()
    few = np.arange(400) >= 29
    got = control_report(u, {"tangent_norm": rival}, few, classes)
    assert got["controls"] == {"tangent_norm": None}
    assert got["control_differences"] == {"tangent_norm": None}
    assert got["controls_that_beat_u"] is None
    alone = control_report(u, {"tangent_norm": rival}, correct, np.zeros(400, int))
    gap = alone["control_differences"]["tangent_norm"]
    assert (gap["low"], gap["high"]) == (None, None)
    assert gap["difference"] < 0


# --- probe ----------------------------------------------------------------------------------------


def test_the_probe_tells_what_carries_over_from_what_belongs_to_a_class():
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(20), 30)
    hard = rng.random(20) < 0.5
    correct = rng.random(600) < np.where(hard[classes], 0.15, 0.9)
    identity = np.eye(20)[classes]  # says which class, so which one is hard, and nothing more
    nothing = np.zeros((600, 1))
    got = probe(identity, nothing, correct, classes)
    assert got["same_classes"] > 0.75
    assert abs(got["other_classes"] - 0.5) < 0.05
    assert got == probe(identity, nothing, correct, classes)
    telling = correct[:, None] + rng.normal(0, 0.5, (600, 1))
    shared = probe(identity, telling, correct, classes)
    assert min(shared.values()) > 0.85


def test_the_probe_needs_errors_and_both_outcomes():
    x = np.random.default_rng(0).random((100, 3))
    correct = np.arange(100) >= 29
    assert probe(x, x[:, :1], correct, np.zeros(100, int)) is None
    correct = np.arange(100) >= 40
    alone = probe(x, x[:, :1], correct, np.zeros(100, int))
    assert alone["other_classes"] is None  # nothing to hold out
    assert alone["same_classes"] is not None
    nothing_right = probe(x, x[:, :1], np.zeros(100, bool), np.arange(100) % 5)
    assert nothing_right == {"other_classes": None, "same_classes": None}


# --- confidence -----------------------------------------------------------------------------------


def test_confidence_is_measured_beside_its_controls(seen):
    evaluated, found = seen
    u = evaluated.embedding.uncertainty
    scores = answer_scores(AlwaysAgreement(), found, u, 0.7)
    got = answer_report(scores, found)
    own, right = scores["confidence"], found.correct
    assert got["confidence_auroc"] == metrics.auroc(own, right)
    assert got["confidence_ece"] == metrics.ece(own, right)
    assert got["aurc"] == metrics.aurc(own, right)
    assert got["e_aurc"] == metrics.e_aurc(own, right)
    # The double is the agreement itself: the same ranking, so neither beats the other.
    assert got["confidence_controls"]["knn_agreement"] == pytest.approx(got["confidence_auroc"])
    assert "knn_agreement" not in got["controls_that_beat_confidence"]
    assert set(got["confidence_controls"]) == {"first_distance", "lead", "knn_agreement", "u"}
    assert got["confidence_controls"]["u"] == metrics.auroc(-u[found.queries], right)
    assert got["rejection"]["oracle"] == pytest.approx(min(1.0, 28 / (~right).sum()))
    assert got["rejection"]["confidence"] == metrics.errors_removed(own, right, 0.2)
    for key in ("confidence_auroc", "confidence_ece", "aurc"):
        interval = got["intervals"][key]
        assert interval["low"] <= interval["high"]
    want = metrics.bootstrap_over_classes(
        lambda rows: metrics.ece(own[rows], right[rows]), found.query_classes
    )
    assert got["intervals"]["confidence_ece"]["high"] == pytest.approx(want.high)


def test_without_a_confidence_its_controls_are_still_reported(seen):
    evaluated, found = seen
    got = answer_report(answer_scores(None, found, evaluated.embedding.uncertainty, 0.7), found)
    assert got["confidence_auroc"] is got["aurc"] is got["controls_that_beat_confidence"] is None
    assert got["rejection"]["confidence"] is None
    assert got["confidence_controls"]["lead"] > 0.5


# --- out of distribution --------------------------------------------------------------------------


def test_separation_is_the_auroc_and_resamples_classes_at_home():
    rng = np.random.default_rng(0)
    home, away = np.round(rng.random(90), 1), np.round(rng.random(40) + 0.2, 1)
    classes = np.repeat(np.arange(9), 10)
    value, interval = separation(home, away, classes)
    assert value == metrics.auroc(np.append(home, away), np.arange(130) >= 90)

    def naive(rows):
        return metrics.auroc(np.append(home[rows], away), np.arange(len(rows) + 40) >= len(rows))

    want = metrics.bootstrap_over_classes(naive, classes)
    assert (interval["low"], interval["high"]) == pytest.approx((want.low, want.high))
    assert separation(home, away, np.zeros(90, int))[1] is None


def folder_of(tmp_path, side, grains, count=12):
    """A folder of squares of ``side`` pixels with noise as coarse as its few cells a side."""
    for i in range(count):
        cells = grains[i % len(grains)]
        noise = np.random.default_rng(i).integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        target = tmp_path / f"{side}" / f"class {i % 4}"
        target.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(noise).resize((side, side + 3), Image.Resampling.NEAREST)
        image.save(target / f"{i}.png")
    return FolderDataset(tmp_path / f"{side}")


def test_matched_brings_both_sets_to_the_smaller_side(tmp_path):
    small, large = folder_of(tmp_path, 8, [4, 8]), folder_of(tmp_path, 40, [4, 10, 40])
    assert typical_side(small, np.arange(12), 16) == 8
    assert typical_side(large, np.arange(12), 16) == 40
    assert typical_side(Faint(), np.arange(12), 16) == 16
    model = ColourEyes()
    result = evaluate(model, large, ood=small, most_degraded=0)
    assert (result["ood_side"], result["ood_images"]) == (8, 12)
    sets = [embed_dataset(model, data, "all") for data in (large, small)]
    plain = [one.embedding.uncertainty for one in sets]
    blurred = [through_side(one.pixels, 8) for one in sets]
    matched = [model.describe(pixels).uncertainty for pixels in blurred]
    foreign = np.arange(24) >= 12
    assert result["ood_auroc"] == metrics.auroc(np.concatenate(plain), foreign)
    assert result["ood_auroc_matched"] == metrics.auroc(np.concatenate(matched), foreign)
    assert result["ood_auroc_matched"] != result["ood_auroc"]
    sharp = metrics.auroc(np.concatenate([laplacian_variance(x) for x in blurred]), foreign)
    assert result["ood_laplacian_matched"] == max(sharp, 1 - sharp)
    interval = result["intervals"]["ood_auroc"]
    assert interval["low"] <= result["ood_auroc"] <= interval["high"]
    same = evaluate(ColourEyes(8), large, ood=small, most_degraded=0)
    assert same["ood_auroc"] == same["ood_auroc_matched"]


# --- degradation ----------------------------------------------------------------------------------


def test_a_stratified_choice_takes_classes_evenly():
    classes = np.repeat([0, 1, 2], [50, 3, 20])
    rows = stratified(classes, np.arange(73), 15)
    assert np.array_equal(rows, np.unique(rows))
    assert np.bincount(classes[rows]).tolist() == [6, 3, 6]
    assert np.array_equal(rows, stratified(classes, np.arange(73), 15))
    assert not np.array_equal(rows, stratified(classes, np.arange(73), 15, seed=1))
    assert stratified(classes, np.arange(73), 500).tolist() == list(range(73))
    assert set(stratified(classes, np.array([50, 51, 60]), 2)) <= {50, 51, 60}


def test_damage_is_measured_against_the_clean_gallery(seen):
    evaluated, found = seen
    got = degradation_report(ColourEyes(degradations=["blur"]), evaluated, found, 30)
    setup, kinds = dict(got["degradation_setup"]), got["degradation"]
    screen = setup.pop("screen_radius")
    assert 0 <= screen["p5"] < screen["p95"] < 1  # damage moves these points
    assert setup == {"levels": list(LEVELS), "images": 30, "seen_in_training": ["blur"]}
    assert list(kinds) == ["blur", "occlusion", "crop", "noise", "darkness"]
    rows = stratified(found.class_ids, found.queries, 30)
    for kind in kinds.values():
        assert kind["mean_u"][0] == pytest.approx(evaluated.embedding.uncertainty[rows].mean())
        assert kind["recall@1"][0] == pytest.approx(found.correct[rows].mean())
        assert len(kind["mean_u"]) == len(kind["recall@1"]) == len(LEVELS)
        assert kind["spearman"] == metrics.spearman(LEVELS, kind["mean_u"])
    # The model is unsure where there is no contrast: blur takes it, noise adds it.
    assert kinds["blur"]["spearman"] > 0.9
    assert kinds["blur"]["share_rising"] == 1
    assert kinds["noise"]["share_rising"] < 0.2
    assert kinds["darkness"]["recall@1"][-1] < kinds["darkness"]["recall@1"][0]
    assert got == degradation_report(ColourEyes(degradations=["blur"]), evaluated, found, 30)


def test_damage_can_be_left_out_and_says_nothing_that_is_not_known(seen):
    evaluated, found = seen
    nothing = {"degradation": None, "degradation_setup": None}
    assert degradation_report(ColourEyes(), evaluated, found, 0) == nothing
    got = degradation_report(ColourEyes(), evaluated, found, 5)
    assert got["degradation_setup"]["seen_in_training"] is None


# --- all together ---------------------------------------------------------------------------------


def test_a_whole_evaluation_is_json_without_a_single_nan():
    model = ColourEyes(confidence=AlwaysAgreement())
    calls = []
    found = measure(
        model, Faint(), progress=lambda *at: calls.append(at), ood=Faint(3, 4), most_degraded=12
    )
    json.dumps([found.result, found.curves], allow_nan=False)
    result = found.result
    assert (result["n"], result["queries"]) == (144, 144)
    assert result["r_auroc"] is not None
    assert set(result["controls"]) == {
        *("tangent_norm", "feature_norm", "laplacian_variance", "shuffled", "loss_prediction")
    }
    assert set(result["probe"]) == {"other_classes", "same_classes"}
    expected = {"recall@1", "map@r", "r_auroc", "confidence_auroc", "confidence_ece", "aurc"}
    assert expected | {"ood_auroc", "ood_auroc_matched"} == set(result["intervals"])
    assert calls[-1] == (300, 300)
    curves = found.curves
    risk = curves["risk_coverage"]
    assert risk["coverage"][-1] == 1
    assert risk["confidence"][-1] == pytest.approx(1 - result["recall@1"])
    assert all(a <= b + 1e-12 for a, b in zip(risk["oracle"], risk["u"], strict=True))
    assert curves["degradation"]["kinds"] == result["degradation"]
    assert sum(x is False for x in curves["radius"]["right"]) == round(
        144 * (1 - result["recall@1"])
    )


@pytest.mark.parametrize(
    ("classes", "each", "no_class"), [(6, 6, True), (1, 12, False), (5, 1, False), (1, 1, False)]
)
def test_nothing_breaks_without_classes_with_one_class_or_one_image(classes, each, no_class):
    paths = [(NO_CLASS,)] * (classes * each) if no_class else None
    found = measure(
        ColourEyes(confidence=AlwaysAgreement()),
        Faint(classes, each, paths),
        ood=Faint(2, 2),
        most_degraded=4,
    )
    json.dumps([found.result, found.curves], allow_nan=False)
    result = found.result
    for key in ("r_auroc", "probe", "confidence_auroc"):
        assert result[key] is None
    assert result["ood_auroc"] is not None
    assert result["degradation_setup"]["images"] == min(4, classes * each)
    recall = result["degradation"]["blur"]["recall@1"]
    assert (recall is None) == (result["queries"] == 0)
    assert (found.curves["risk_coverage"] is None) == (result["queries"] == 0)
    if result["queries"]:
        assert result["recall@1"] == 1
        assert result["rejection"]["oracle"] is None  # nothing to remove
        assert result["confidence_ece"] is not None
