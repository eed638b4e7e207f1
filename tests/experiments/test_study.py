"""Studies: their plans, a run in small, resuming, the commands, and the tables made of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hypuml.data.garden import GardenConfig, GardenDataset, TreeConfig
from hypuml.experiments.ambiguity import HARDSHIPS, within
from hypuml.experiments.commands import main
from hypuml.experiments.commands import study as command
from hypuml.experiments.study import garden, garden_tables, photographs, photographs_tables, run
from hypuml.experiments.study.garden_tables import effects, effects_table, table
from hypuml.experiments.study.run import Place, Study, run_study
from hypuml.experiments.study.running import best_of_each
from hypuml.experiments.study.variants import Variant
from hypuml.figures.study import study_figure
from hypuml.losses import LossConfig
from hypuml.models.hypuml import HypUML
from hypuml.recipes import RECIPES
from tests.support.squares import SquaresDataset
from tests.support.training_support import FROZEN, TINY, tiny_config

SEEDS = (0, 1)


def squares(root):
    return SquaresDataset(24)


def settings(variant):
    return LossConfig(0.2), LossConfig(0.4)


def kind(variant):
    return variant.calibration > 0


def a_study(**options):
    given = {
        "trained_on": squares,
        "shown": squares,
        "own": tiny_config(**FROZEN, views=1, steps=4, validation_classes=0.3),
        "variants": tuple(
            Variant("grid", length=length, max_distance=d, calibration=c, dim=4)
            for d in (1.45, 4.0)
            for c in (0.0, 1.0)
            for length in ("tanh", "clip")
        ),
        "settings": settings,
        "kind": kind,
        "seeds": SEEDS,
    }
    return Study(**(given | options))


@pytest.mark.parametrize("study", [garden.STUDY, photographs.STUDY], ids=["garden", "flowers"])
def test_variants_have_names_of_their_own_and_options_that_train_accepts(study):
    names = [variant.name for variant in study.variants]
    assert len(set(names)) == len(names)
    for variant in study.variants:
        for setting in study.settings(variant):
            config = variant.config(study.own, setting, 2)
            config.objective(torch.arange(2))
            assert (config.seed, config.model.dim) == (2, variant.dim)
            assert (config.calibration, config.loss_config) == (variant.calibration, setting)
            assert (config.steps == 0) == variant.untrained


def test_the_garden_has_a_whole_grid():
    grid = [v for v in garden.STUDY.variants if v.group == "grid"]
    assert len(grid) == 2 * 2 * 2 * 2 * 3


def test_every_baseline_is_tuned_over_as_many_settings_as_ours():
    study = garden.STUDY
    assert {len(study.settings(variant)) for variant in study.variants} == {3}


def test_what_is_left_out_is_not_shown():
    variant = Variant("remedy", degraded=False, ambiguous=False, held_only=True)
    config = variant.config(garden.HEADS, LossConfig(), 0)
    assert config.degraded_share == config.ambiguous_share == 0
    assert config.calibration_on == "held"
    kept = Variant("remedy").config(garden.HEADS, LossConfig(), 0)
    assert kept.degraded_share > 0
    assert kept.ambiguous_share > 0


def test_a_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    worked = []
    original = run._work

    def counted(study, place, one, phase):
        worked.append((phase, one.file))
        original(study, place, one, phase)

    monkeypatch.setattr(run, "_work", counted)
    study, said = a_study(), []
    first = run_study(study, Place(tmp_path), said.append, 1)
    count = len(study.variants)
    assert len(worked) == len(set(worked))
    # Both settings on the first seed, the better one on the others.
    assert len([w for w in worked if w[0] == "validation"]) >= 2 * count + (len(SEEDS) - 1) * count
    finalists = [row for row in first["rows"] if "test" in row]
    assert len(finalists) == 2  # with and without calibration
    assert len([w for w in worked if w[0] == "test"]) == 2 * len(SEEDS)
    done = len(worked)
    next((tmp_path / "validation").glob("*.json")).unlink()
    second = run_study(study, Place(tmp_path), said.append, 1)
    assert len(worked) == done + 1
    assert second == first
    text = table(first["rows"], "validation")
    assert text.count("\n") == count + 1
    assert table(first["rows"], "test").count("\n") == len(finalists) + 1
    assert "calibration on instead of off" in effects_table(first["rows"])
    assert json.loads((tmp_path / "study.json").read_text())["rows"] == first["rows"]


def test_variants_share_a_backbone_that_was_trained_once(tmp_path, monkeypatch):
    model = replace(TINY, image_size=32)
    own = tiny_config(model=model, views=1, steps=2, backbone_lr=0.0)
    backbone = tiny_config(model=model, steps=2, calibration=0.0, validation_classes=0.0)
    untrained = Variant("baseline", dim=4, untrained=True, calibration=0.0)
    study = a_study(
        own=own, backbone=(squares, backbone), settings=lambda v: (LossConfig(),),
        variants=(Variant("grid", dim=3), untrained),
    )  # fmt: skip
    found = run_study(study, Place(tmp_path), lambda text: None, 1)
    trained = HypUML.from_pretrained(tmp_path / "backbone")
    for row in found["rows"]:
        assert len(row["test"]) == len(SEEDS)
        heads = [
            HypUML.from_pretrained(tmp_path / "models" / f"{row['name']}.t0.s{seed}")
            for seed in SEEDS
        ]
        for head in heads:
            wanted = trained.backbone.state_dict()
            assert all(torch.equal(v, wanted[k]) for k, v in head.backbone.state_dict().items())
        assert {head.training_info["steps"] for head in heads} == {2 * (row["variant"]["dim"] == 3)}
    assert found["rows"][0]["test"][0]["confidence_controls"] is not None
    other = replace(study, backbone=(squares, replace(backbone, lr=1e-4)))
    with pytest.raises(ValueError, match="was trained with other options"):
        run_study(other, Place(tmp_path), lambda text: None, 1)


def a_tiny_garden(root):
    config = GardenConfig(
        seed=3,
        tree=TreeConfig((2,), 6, 2, unseen_genera=3),
        seen_individuals=8,
        unseen_individuals=4,
        training_hybrids=12,
    )
    return GardenDataset(config=config)


def tiny_plan(study, **model):
    """A study's own plan with a variant of each group, on next to no data."""
    own = replace(
        study.own, model=replace(study.own.model, **model), steps=2, views=1,
        classes_per_batch=6, images_per_class=2,
    )  # fmt: skip
    few = {v.group: v for v in study.variants}
    return replace(
        study, own=own, variants=tuple(few.values()), trained_on=a_tiny_garden,
        shown=a_tiny_garden, settings=lambda v: study.settings(v)[:1], seeds=(0,),
    )  # fmt: skip


def test_the_command_for_the_garden(tmp_path, monkeypatch, capsys):
    small = {"backbone": TINY.backbone, "backbone_args": TINY.backbone_args, "image_size": 32}
    plan = tiny_plan(garden.STUDY, **small)
    trained = replace(
        garden.BACKBONE, model=plan.own.model, steps=1, classes_per_batch=4, images_per_class=2
    )
    plan = replace(plan, backbone=(a_tiny_garden, trained))
    monkeypatch.setitem(command.STUDIES, "garden", plan)
    assert main(["study", "garden", "--out", str(tmp_path), "--workers", "1"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path)
    text = (tmp_path / "study.md").read_text()
    assert all(f"## {name}" in text for name in garden_tables.TABLES)
    assert (tmp_path / "study.html").exists()


def test_the_command_for_photographs(tmp_path, monkeypatch):
    # As many features as the heads have dimensions.
    model = {
        "backbone": TINY.backbone, "backbone_args": {"channels": [8, 8, 16, photographs.DIM]},
        "image_size": 32, "pretrained": False,
    }  # fmt: skip
    shipped = photographs.CROSSFITTED
    plan = tiny_plan(photographs.STUDY, **model)
    tiny = replace(plan.own, calibration_classes=0.0, steps=0, halvings=1)
    monkeypatch.setitem(RECIPES, shipped, replace(tiny, model=replace(tiny.model, cone=3.0)))
    kept = [v for v in photographs.STUDY.variants if v.dim == photographs.DIM]
    chosen = [photographs.OURS, next(v for v in kept if v.recipe), *kept[-1:]]
    plan = replace(plan, variants=tuple(chosen))
    monkeypatch.setitem(command.STUDIES, "flowers102", plan)
    assert main(["study", "flowers102", "--out", str(tmp_path), "--workers", "1"]) == 0
    text = (tmp_path / "study.md").read_text()
    assert all(f"## {name}" in text for name in photographs_tables.TABLES)
    found = json.loads((tmp_path / "study.json").read_text())
    assert set(found["untaught"]) == {"colour_histogram", "features"}
    # Every variant is read on the test classes, and no picture was damaged for it.
    assert [len(row["test"]) for row in found["rows"]] == [1, 1, 1]
    assert not any(row["test"][0].get("degradation") for row in found["rows"])


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
    assert best_of_each({a: 0.5, b: 0.6, c: 0.1}, garden.STUDY.kind) == [b, c]


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
