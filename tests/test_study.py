"""The study: its plan, one head on synthetic features, resuming, and the tables made of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.data.degradations import KINDS
from hypuml.figures.study import study_figure
from hypuml.losses import LOSSES, LossConfig
from hypuml.study import run as study_run
from hypuml.study.ambiguity import HARDSHIPS, within
from hypuml.study.cached import LEVELS, VIEWS, Features
from hypuml.study.gardens import HEAD_GARDENS, RATIOS, roles
from hypuml.study.heads import measure, recall_at_1, train_head
from hypuml.study.plan import SEEDS, VARIANTS, Variant
from hypuml.study.run import finalists_of
from hypuml.study.summary import COLUMNS, dots, effects, effects_table, table


def synthetic(seed, classes=14, each=8, width=12):
    """Clusters in feature space; degrading or crossing an image pulls it towards the middle."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, width)) * 1.5
    names = [(f"garden {seed}", f"species {i}") for i in range(classes)]
    rows = np.repeat(np.arange(classes), each)

    def images(spread, rows=rows):
        return torch.from_numpy(
            centres[rows] + spread * rng.normal(size=(len(rows), width))
        ).float()

    clean = images(0.5)
    pairs = [(int(a), int(b)) for a, b in rng.integers(classes, size=(30, 2)) if a != b]
    mixed = torch.from_numpy(np.stack([(centres[a] + centres[b]) / 2 for a, b in pairs])).float()
    return Features(
        paths=[names[i] for i in rows],
        clean=clean,
        views=torch.stack([images(0.5) for _ in range(VIEWS)]),
        degraded=clean * torch.rand(len(rows), 1),
        swept=torch.stack(
            [torch.stack([clean[::4] * (1 - 0.9 * lv) for lv in LEVELS])] * len(KINDS)
        ),
        mixed=mixed,
        parents=[(names[a], names[b]) for a, b in pairs],
        series=torch.stack([mixed * (1 - ratio) for ratio in RATIOS], 1),
    )


@pytest.fixture(scope="module")
def gardens():
    return [synthetic(i) for i in range(len(HEAD_GARDENS))]


def test_variants_have_names_of_their_own_and_known_parts():
    names = [variant.name for variant in VARIANTS]
    assert len(set(names)) == len(names)
    assert all(variant.loss in LOSSES for variant in VARIANTS)
    grid = [v for v in VARIANTS if v.group == "grid"]
    assert len(grid) == 2 * 2 * 2 * 2 * 3
    # Every baseline is tuned over as many settings as ours.
    assert {len(variant.settings) for variant in VARIANTS} == {3}


def test_roles_change_with_the_seed_and_never_overlap():
    for seed in SEEDS:
        part = roles(seed)
        assert sorted([*part.fit, part.calibration, part.validation]) == list(
            range(len(HEAD_GARDENS))
        )
    assert len({roles(seed).validation for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize(
    "variant",
    [
        Variant("grid"),
        Variant("grid", "margin", uncertainty="predicted"),
        Variant("remedy", held_only=True),
        Variant("twin", geometry="euclidean"),
        Variant("twin", geometry="spherical"),
        Variant("baseline", "fixed-margin", length="clip", calibration=0.0),
    ],
    ids=lambda v: v.name,
)
def test_a_head_learns_on_cached_features(gardens, variant):
    setting = variant.settings[1]
    part = roles(0)
    early = train_head(gardens, part, variant, setting, seed=0, steps=1)
    late = train_head(gardens, part, variant, setting, seed=0, steps=60)
    target = gardens[part.validation]
    assert recall_at_1(late, target) >= max(0.8, recall_at_1(early, target) - 0.02)
    figures = measure(late, target, gardens[part.calibration])
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    for column in COLUMNS.values():
        value = column(figures)
        assert value is None or np.isfinite(value)
    if variant == Variant("grid"):
        rising = [kind["share_rising"] for kind in figures["degradation"].values()]
        assert min(rising) > 0.5


def test_a_head_depends_on_its_seed_alone(gardens):
    runs = [
        train_head(gardens, roles(1), Variant("grid"), LossConfig(), seed=1, steps=5)
        for _ in range(2)
    ]
    assert torch.equal(runs[0].linear.weight, runs[1].linear.weight)


def test_a_study_goes_on_where_it_stopped(tmp_path, gardens, monkeypatch):
    worked = []
    original = study_run._work

    def counted(out, run, phase):
        worked.append((phase, run.file))
        original(out, run, phase)

    monkeypatch.setattr(study_run, "_backbone", lambda out, config, say: None)
    monkeypatch.setattr(study_run, "_features", lambda out, say: None)
    monkeypatch.setattr(study_run, "_gardens", lambda out: (gardens, synthetic(99)))
    monkeypatch.setattr(study_run, "_work", counted)
    real = study_run.train_head
    monkeypatch.setattr(study_run, "train_head", lambda *a: real(*a, steps=8))
    variants = [
        Variant("grid", max_distance=d, calibration=c, length=s)
        for d in (1.45, 4.0)
        for c in (0.0, 1.0)
        for s in ("tanh", "clip")
    ]
    said = []
    first = study_run.run_study(tmp_path, said.append, 1, variants)
    assert len(worked) == len(set(worked))
    assert len([w for w in worked if w[0] == "tuning"]) == 3 * len(variants)
    assert len([w for w in worked if w[0] == "validation"]) == len(SEEDS) * len(variants)
    done = len(worked)
    next((tmp_path / "validation").glob("*.json")).unlink()
    second = study_run.run_study(tmp_path, said.append, 1, variants)
    assert len(worked) == done + 1
    assert second == first
    finalists = [row for row in first["rows"] if "test" in row]
    assert len(finalists) == 2  # with and without calibration
    text = table(first["rows"], "validation")
    assert text.count("\n") == len(variants) + 1
    assert "calibration on instead of off" in effects_table(first["rows"])
    # Hardly an error here: R-AUROC is not defined, and what is not defined is not drawn.
    assert dots(first["rows"]) == []


def test_the_figure_draws_every_variant_with_its_spread():
    points = [
        {"name": f"v{i}", "group": group, "loss": loss, "recall": (0.5 + i / 10, 0.01),
         "r_auroc": (0.6, 0.02)}
        for i, (group, loss) in enumerate(
            [("grid", "margin"), ("grid", "contrastive"), ("twin", "contrastive")]
        )
    ]  # fmt: skip
    figure = study_figure(points)
    assert sorted(trace.name for trace in figure.data) == [
        "contrastive (grid)", "contrastive (twin)", "margin (grid)",
    ]  # fmt: skip
    assert sorted(x for trace in figure.data for x in trace.x) == pytest.approx([0.5, 0.6, 0.7])


def test_effects_are_paired_differences():
    def row(calibration, length, values):
        seeds = [{"recall@1": v, "r_auroc": v} for v in values]
        return {
            "variant": {
                "group": "grid", "loss": "contrastive", "uncertainty": "radial",
                "calibration": calibration, "length": length, "max_distance": 4.0,
            },
            "validation": seeds,
        }  # fmt: skip

    rows = [
        row(0.0, "tanh", [0.5, 0.6]),
        row(1.0, "tanh", [0.6, 0.7]),
        row(0.0, "clip", [0.4, 0.4]),
        row(1.0, "clip", [0.7, 0.7]),
    ]
    found = effects(rows, "Recall@1")
    # Calibration: +0.1 with tanh, +0.3 with clip. Clip: -0.15 without calibration, +0.05 with it.
    assert found["calibration on instead of off"]["mean"] == pytest.approx(0.2)
    assert found["calibration on instead of off"]["pairs"] == 2
    assert found["clip instead of tanh"]["mean"] == pytest.approx(-0.05)
    assert "margin instead of contrastive" not in found


def test_finalists_are_the_best_of_each_kind():
    a, b = Variant("grid", max_distance=1.45), Variant("grid", max_distance=6.0)
    c = replace(a, calibration=0.0)
    assert finalists_of({a: 0.5, b: 0.6, c: 0.1}) == [b, c]


def test_auroc_inside_groups_counts_no_pair_across_them():
    # Group 0: the right one is surer; group 1: the wrong one is; across groups all would be right.
    u = np.array([0.1, 0.2, 0.9, 0.8])
    correct = np.array([True, False, True, False])
    assert within(u, correct, np.array([0, 0, 1, 1])) == pytest.approx(0.5)
    assert within(u, correct, np.array([0, 1, 2, 3])) is None


def test_hardships_start_at_an_easy_plant_and_end_at_a_hard_one():
    from hypuml.data.garden import GardenDataset

    easy = replace(GardenDataset().sample(0, 0), bloom=0.5, dusk=0.0, tilt=0.1, wilt=0.0, cover=0.0)
    for name, apply in HARDSHIPS.items():
        assert apply(easy, 0.0).difficulty == 0, name
        assert apply(easy, 1.0).difficulty > 0.9, name
