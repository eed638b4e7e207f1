"""Answer confidence: what is fitted, how good it is, and what is kept on disk."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from hypuml.confidence import CONTROLS, DEPTH, AnswerConfidence
from hypuml.confidence.features import answer_features
from hypuml.confidence.fit import fit_confidence
from hypuml.confidence.model import Term
from hypuml.gallery import Gallery
from hypuml.metrics import auroc, ece
from hypuml.search import Index
from hypuml.types import Hits
from tests.support.confidence_doubles import ask, cluster, fitted_once


@pytest.fixture
def fitted():
    return fitted_once()


def test_it_knows_about_classes_it_was_not_fitted_on(fitted):
    found, right = ask(*cluster(seed=1))
    p = fitted.probability(found)
    assert 0.5 < right.mean() < 0.95
    assert ((p >= 0) & (p <= 1)).all()
    assert auroc(p, right) > 0.8
    assert ece(p, right) < 0.12  # of 224 answers; 0.06 is what chance alone gives
    assert all(auroc(p, right) > auroc(score(found), right) for score in CONTROLS.values())


def test_more_agreement_is_never_less_sure(fitted):
    points, u, ids = cluster(seed=2)
    hits = Index(points, 1.0).search(points[:40], DEPTH, exclude=np.arange(40))
    seen = np.full((40, 20), 5)
    labels = np.arange(len(ids)) + 1  # nobody agrees ...
    labels[-80:] = 0  # ... and the classes have many images
    before = np.zeros(40)
    for agreeing in range(12):
        # Rows are renamed so that the first 1 + agreeing hits are of class 0.
        found = hits.ids.copy()
        found[:, : 1 + agreeing] = len(ids) - 80 + np.arange(1 + agreeing)
        found[:, 1 + agreeing :] = np.arange(DEPTH - 1 - agreeing)
        told = Hits(found, hits.distances)
        said = answer_features(told, seen, labels, np.full(len(ids), 0.3), u[:40], 1.0)
        p = fitted.probability(said)
        assert (p > before).all()
        before = p
    assert (p > 0.5).mean() > 0.9


def test_what_is_recorded_about_the_fit(fitted):
    points, u, ids = cluster()
    _, right = ask(points, u, ids)
    record = dict(fitted.fitted_on)
    assert (record["images"], record["classes"], record["queries"]) == (224, 16, 224)
    assert record["errors"] == (~right).sum()
    assert record["galleries"] == 9
    assert set(record["controls"]) == set(CONTROLS)
    assert record["auroc"] > max(record["controls"].values()) - 0.02
    assert 0 <= record["ece"] < 0.1
    assert fit_confidence(points, u, ids, 1.0) == fitted
    assert fit_confidence(points, u, ids, 1.0, seed=1) != fitted


def test_images_without_a_class_and_single_images_do_not_ask():
    points, u, ids = cluster()
    rim = 0.999 * np.eye(4)  # far from everything, so that they are nobody's answer
    more, labels = np.concatenate([points, rim]), np.concatenate([ids, [-1, -1, 90, 91]])
    record = fit_confidence(more, np.append(u, [0.5] * 4), labels, 1.0).fitted_on
    assert (record["images"], record["queries"], record["classes"]) == (228, 224, 16)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (dict(classes=3), "three classes"),
        (dict(noise=0.01), "hardly an error"),
        (dict(per_class=1), "nobody can ask"),
        (dict(classes=1), "one class"),
        (dict(classes=30, per_class=2, noise=9.0), "hardly a right answer"),
    ],
)
def test_too_little_to_learn_from_gives_none(made, why):
    assert fit_confidence(*cluster(**made), 1.0) is None, why


def test_fewer_inputs_can_be_asked_for_and_unknown_ones_are_named():
    plain = fit_confidence(*cluster(), 1.0, inputs=("lead",))
    assert set(plain.terms) == {"lead"}
    assert plain.terms["lead"].weight > 0
    with pytest.raises(ValueError, match=r"got inputs \['colour'\].*vote_margin"):
        fit_confidence(*cluster(), 1.0, inputs=("colour",))
    with pytest.raises(ValueError, match="one uncertainty and class per point"):
        fit_confidence(cluster()[0], [0.5], cluster()[2], 1.0)


def test_json_keeps_every_bit(fitted, tmp_path):
    again = AnswerConfidence.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    fitted.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["confidence.json"]
    loaded = AnswerConfidence.load(tmp_path)
    assert loaded == fitted
    found, _ = ask(*cluster(seed=5))
    np.testing.assert_array_equal(loaded.probability(found), fitted.probability(found))


def test_a_folder_without_one_has_none(tmp_path):
    assert AnswerConfidence.load(tmp_path) is None


def damaged(edit, fitted):
    data = fitted.to_json()
    edit(data)
    return json.dumps(data)


EDITS = [
    (lambda d: d.update(format="other"), "no answer confidence"),
    (lambda d: d.update(version=2), "version 2"),
    (lambda d: d.update(version=True), "version True"),
    (lambda d: d.update(intercept=math.nan), "NaN"),
    (lambda d: d.update(intercept=True), "intercept"),
    (lambda d: d.update(intercept="0"), "intercept"),
    (lambda d: d.pop("intercept"), "intercept"),
    (lambda d: d.update(intercept=10**400), "intercept"),
    (lambda d: d.update(inputs={}), "expected some of"),
    (lambda d: d.update(inputs=[1]), "lacks inputs"),
    (lambda d: d.pop("fitted_on"), "fitted_on"),
    (lambda d: d["inputs"].update(colour=d["inputs"]["lead"]), "colour"),
    (lambda d: d["inputs"].update(lead=3), "not described"),
    (lambda d: d["inputs"]["lead"].pop("low"), "not described"),
    (lambda d: d["inputs"]["lead"].update(extra=1), "not described"),
    (lambda d: d["inputs"]["lead"].update(weight=math.inf), "Infinity"),
    (lambda d: d["inputs"]["lead"].update(weight=None), "finite numbers"),
    (lambda d: d["inputs"]["lead"].update(scale=0.0), "scale > 0"),
    (lambda d: d["inputs"]["lead"].update(low=9.0, high=1.0), "not reversed"),
]


@pytest.mark.parametrize(("edit", "words"), EDITS)
def test_damaged_content_is_refused_in_one_sentence(edit, words, fitted, tmp_path):
    (tmp_path / "confidence.json").write_text(damaged(edit, fitted))
    with pytest.raises(ValueError, match=words) as caught:
        AnswerConfidence.load(tmp_path)
    assert "confidence.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 9999])
def test_a_file_of_something_else_is_refused(content, tmp_path):
    (tmp_path / "confidence.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"confidence\.json"):
        AnswerConfidence.load(tmp_path)
    (tmp_path / "confidence.json").unlink()
    (tmp_path / "confidence.json").mkdir()
    with pytest.raises(ValueError, match="cannot read"):
        AnswerConfidence.load(tmp_path)


def test_strange_features_is_clipped_or_refused():
    one = AnswerConfidence(0.0, {"lead": Term(2.0, 1.0, 0.5, 0.0, 2.0)})
    say = {"answered": np.ones(4), "lead": np.array([1.0, 2.0, 1e9, -1e9])}
    # Mean gives the intercept; 2 is two deviations up: sigmoid(4); beyond 2 and 0 nothing changes.
    top = 1 / (1 + math.exp(-4))
    np.testing.assert_allclose(one.probability(say), [0.5, top, top, 1 - top])
    with pytest.raises(ValueError, match="lack lead"):
        one.probability({"answered": np.ones(1)})
    with pytest.raises(ValueError, match="not finite"):
        one.probability({"answered": np.ones(1), "lead": np.array([np.nan])})


def test_the_bars_on_the_shipped_gallery():
    """Fitted on half of the garden's unseen species, read on the other half, both ways."""
    gallery = Gallery.open(Path(__file__).resolve().parents[2] / "checkpoints/garden/gallery")
    numbers = {path: i for i, path in enumerate(sorted(set(gallery.paths)))}
    ids = np.asarray([numbers[path] for path in gallery.paths])
    side = np.random.default_rng(0).permutation(len(numbers)) % 2
    halves = [np.flatnonzero(side[ids] == i) for i in (0, 1)]
    parts = [(gallery.points[r], gallery.uncertainty[r], ids[r]) for r in halves]
    c = gallery.curvature
    asked = [ask(*part, c) for part in parts]
    p = [fit_confidence(*parts[1 - i], c).probability(asked[i][0]) for i in (0, 1)]
    right = np.concatenate([r for _, r in asked])
    score = auroc(np.concatenate(p), right)
    assert score >= 0.85
    assert ece(np.concatenate(p), right) <= 0.05
    for control in CONTROLS.values():
        assert score > auroc(np.concatenate([control(found) for found, _ in asked]), right)


def test_images_of_different_galleries_never_meet(monkeypatch):
    (one, u, ids), (other, v, more) = cluster(), cluster(seed=4)
    points, both = np.concatenate([one, other]), np.concatenate([ids, more])
    apart = np.repeat([0, 1], [len(ids), len(more)])
    asked = []

    class Spy(Index):
        def __init__(self, found, curvature):
            asked.append({tuple(point) for point in found.tolist()})
            super().__init__(found, curvature)

        def search(self, queries, *rest, **options):
            assert {tuple(point) for point in np.asarray(queries).tolist()} <= whose(asked[-1])
            return super().search(queries, *rest, **options)

    sides = [{tuple(point) for point in side.tolist()} for side in (one, other)]

    def whose(found):
        (side,) = [side for side in sides if found <= side]
        return side

    with monkeypatch.context() as patch:
        patch.setattr("hypuml.confidence.fit.Index", Spy)
        fitted = fit_confidence(points, np.concatenate([u, v]), both, 1.0, apart=apart)
    assert len(asked) == fitted.fitted_on["galleries"] == 18
    assert [found in sides for found in asked].count(True) >= 2
    # The outcomes are those of two galleries of their own.
    rights = [ask(*part)[1] for part in ((one, u, ids), (other, v, more))]
    assert fitted.fitted_on["queries"] == sum(map(len, rights))
    assert fitted.fitted_on["errors"] == sum((~right).sum() for right in rights)
    # Thrown together they would be other ones.
    together = fit_confidence(points, np.concatenate([u, v]), both, 1.0)
    assert together.fitted_on["errors"] != fitted.fitted_on["errors"]


def test_how_galleries_are_numbered_changes_nothing():
    parts = [cluster(seed=seed) for seed in (0, 4, 5)]
    points, u, ids = (np.concatenate(values) for values in zip(*parts, strict=True))
    apart = np.repeat([0, 1, 2], [len(part[2]) for part in parts])
    fitted = fit_confidence(points, u, ids, 1.0, apart=apart)
    for names in ([7, 2, 5], [2, 1, 0]):
        assert fit_confidence(points, u, ids, 1.0, apart=np.array(names)[apart]) == fitted
    single = fit_confidence(*parts[0], 1.0)
    assert fit_confidence(*parts[0], 1.0, apart=np.full(len(parts[0][2]), 3)) == single
