"""A backbone that does not learn: computed once, trained on in seconds, shared between runs."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from hypuml import geometry, metrics
from hypuml.data.augment import AugmentConfig
from hypuml.data.batches import Batch
from hypuml.models.hypuml import HypUML
from hypuml.training import StoppedError, train
from hypuml.training.cached_features import CachedFeatures, raw_views
from hypuml.training.data import prepare
from hypuml.training.setup import starting_model
from hypuml.training.validation import model_metrics, own_losses
from tests.support.squares import SquaresDataset
from tests.support.training_support import FROZEN, TINY, tiny_config


class Stripes(SquaresDataset):
    """Stripes with the colours, the width and the way they run of their class, anywhere."""

    name = "stripes"

    def __init__(self, classes=12):
        super().__init__(classes)
        self.items = [replace(item, id=f"stripes {item.id}") for item in self.items]

    def load(self, index, size=None):
        rng, number, side = np.random.default_rng(index), index // self.each, size or 32
        colours = np.random.default_rng(2000 + number).integers(30, 225, (2, 3))
        which = (np.arange(side) + rng.integers(side)) // (2 + number % 3) % 2
        pixels = np.broadcast_to(colours[which], (side, side, 3))
        if number % 2:
            pixels = pixels.swapaxes(0, 1)
        noisy = np.clip(pixels + rng.normal(0, 4, (side, side, 3)), 0, 255)
        return Image.fromarray(noisy.astype(np.uint8))


class Unreadable(SquaresDataset):
    """Lists squares and lets nobody look at one."""

    def load(self, index, size=None):
        raise AssertionError("an image was read")


def config_of(**options):
    return tiny_config(**(FROZEN | {"views": 2} | options))


def same_weights(one, other):
    found = other.state_dict()
    return all(torch.equal(value, found[name]) for name, value in one.state_dict().items())


def sources(dataset, config, folder=None, backbone=None):
    """What a run trains from: data, features and views."""
    backbone = backbone or starting_model(config).backbone
    views = raw_views(dataset, config, backbone, folder)
    data = prepare(dataset, config, readable=views.rows)
    return data, CachedFeatures.of(backbone, views, data, config.seed), views


def test_training_a_head_alone_beats_chance_by_far(tmp_path):
    config = config_of(steps=40, eval_every=40, lr=5e-3, ema=0.9, head_lr=0.5)
    dataset = Stripes(16)
    model = train(dataset, tmp_path / "out", config)
    log = json.loads((tmp_path / "out" / "training.json").read_text())
    assert log["history"][-1]["recall@1"] > 0.9  # chance is below one half
    # New classes too, through the door that everybody uses.
    rows = [i for i, item in enumerate(dataset.items) if item.split == "unseen"]
    again = HypUML.from_pretrained(tmp_path / "out")
    assert same_weights(model, again)
    found = again.embed([dataset.load(i) for i in rows])
    distances = geometry.pairwise_dist(found.points, found.points, again.curvature)
    np.fill_diagonal(distances, np.inf)
    classes = np.array([dataset.items[i].path[-1] for i in rows])
    right = classes[distances.argmin(1)] == classes
    assert right.mean() > 0.7  # four classes: chance is below a quarter


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(tmp_path):
    dataset, config = SquaresDataset(), config_of(head_lr=0.1)
    whole = train(dataset, tmp_path / "whole", config)

    def stop(done, total, phase="", metrics=None):
        if phase == "train" and done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StoppedError, match="step 3 of 6"):
        train(dataset, tmp_path / "parts", config, report=stop)
    parts = train(dataset, tmp_path / "parts", config, resume=True)
    assert same_weights(whole, parts)


def test_a_folder_of_views_changes_nothing_and_spares_the_pictures(tmp_path):
    config = config_of()
    alone = train(SquaresDataset(), tmp_path / "alone", config)
    views = tmp_path / "views"
    first = train(SquaresDataset(), tmp_path / "first", config, views=views)
    before = {file.name: file.stat().st_mtime_ns for file in views.iterdir()}
    second = train(Unreadable(), tmp_path / "second", config, views=views)
    assert same_weights(alone, first)
    assert same_weights(first, second)
    assert {file.name: file.stat().st_mtime_ns for file in views.iterdir()} == before


def test_views_are_shared_by_losses_and_seeds(tmp_path):
    views = tmp_path / "views"

    def files(**options):
        name = "run-" + "-".join(options)
        config = config_of(steps=1, **options)
        train(SquaresDataset(), tmp_path / name, config, views=views)
        return len(list(views.glob("*.safetensors")))

    assert files() == 1
    assert files(loss="fixed-margin") == 1
    assert files(validation_classes=0.4) == 1
    assert files(views=3) == 2
    assert files(model=replace(TINY, image_size=40)) == 3
    # Another seed is another backbone, unless that comes from a checkpoint.
    start = str(tmp_path / "run-loss")
    assert files(backbone_init=start) == 3
    assert files(backbone_init=start, seed=1) == 3


def test_two_data_sets_of_the_same_size_do_not_mix_in_one_folder(tmp_path):
    views, config = tmp_path / "views", config_of()
    train(SquaresDataset(), tmp_path / "squares", config, views=views)
    shared = train(Stripes(), tmp_path / "shared", config, views=views)
    alone = train(Stripes(), tmp_path / "alone", config)
    assert same_weights(shared, alone)


def test_pictures_that_cannot_be_read_are_left_out_and_counted(tmp_path):
    config, broken = config_of(views=1), {2, 17}
    whole, *_ = sources(SquaresDataset(), config)
    views = tmp_path / "views"
    for _ in range(2):  # from pictures, then from the folder
        data, source, seen = sources(SquaresDataset(broken=broken), config, views)
        assert set(seen.unreadable) == {"item 2", "item 17"}
        assert not np.isin(list(broken), seen.rows).any()
        assert len(source.clean) == len(data.train.rows)
        assert set(whole.train.rows) - set(data.train.rows) == broken - set(whole.validation.rows)
    model = train(SquaresDataset(broken=broken), tmp_path / "out", config, views=views)
    assert model.training_info["unreadable"] == 2


def test_features_are_what_the_model_says_of_the_images_themselves():
    dataset, config = SquaresDataset(), config_of()
    backbone = starting_model(config).backbone
    data, source, _ = sources(dataset, config, backbone=backbone)
    rows = np.array([3, 0, 40])
    for found, part, chosen in (
        (source.plain(None, rows), data.train, rows),
        (source.validation(None)[:4], data.validation, np.arange(4)),
    ):
        pictures = [np.asarray(dataset.load(part.rows[i], 27)) for i in chosen]
        large = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        small = F.interpolate(large, (24, 24), mode="bilinear", antialias=True)
        # Raw features are kept in half precision.
        with torch.no_grad():
            expected = backbone(backbone.normalise(small.clamp(0, 1)))
        assert torch.allclose(found, expected, atol=0.02 * float(expected.std()))
    assert source.clean.std() > 0


def test_views_differ_and_show_the_image_they_are_of():
    gentle = AugmentConfig(min_scale=0.9, rotation=2.0, brightness=0.02, hue=0.0, noise=0.0)
    _, source, _ = sources(SquaresDataset(), config_of(augment=gentle))
    varied, degraded = source.varied, source.bad
    assert varied.shape == degraded.shape == (2, *source.clean.shape)
    for views in (varied, degraded):
        assert (views[0] - views[1]).abs().max() > 0.1 * source.clean.std()
    # An augmented view is nearer to its own image than to most others.
    distances = torch.cdist(varied[0], source.clean)
    assert (distances.diag()[:, None] <= distances).float().mean() > 0.8
    # Damage takes it farther away.
    away = (degraded - source.clean).norm(dim=-1).mean()
    assert away > 1.2 * (varied - source.clean).norm(dim=-1).mean()


def test_a_batch_is_one_view_of_each_image_with_the_last_ones_degraded():
    # The features say which image, view and kind they are.
    image, view = torch.arange(50.0), torch.arange(3.0)
    varied = torch.stack([image.expand(3, -1), view[:, None].expand(-1, 50)], -1)
    level = (image / 100).expand(3, -1)
    source = CachedFeatures(varied[0], varied, varied + 1000, level, None, seed=4)
    batch = Batch(np.arange(40)[::-1].copy(), 20, 30, 10)
    seen = [source.batch(None, batch, step) for step in range(6)]
    drawn = [features for features, _ in seen]
    for features, levels in seen:
        assert levels.tolist() == pytest.approx((batch.rows[30:] / 100).tolist())
        kinds = features[:, 0] >= 1000
        assert kinds.tolist() == [False] * 30 + [True] * 10
        assert (features[:, 0] % 1000).tolist() == batch.rows.tolist()
    used = {value % 1000 for features in drawn for value in features[:, 1].tolist()}
    assert used == {0, 1, 2}
    assert torch.equal(drawn[2], source.batch(None, batch, 2)[0])
    assert not torch.equal(drawn[0], drawn[1])
    other = replace(source, seed=5)
    assert not torch.equal(drawn[0], other.batch(None, batch, 0)[0])
    assert source.validation(None) is None


def test_a_validation_says_how_far_out_and_whether_u_knows_the_loss(tmp_path):
    config = config_of(steps=4, eval_every=2)
    train(SquaresDataset(), tmp_path, config)
    history = json.loads((tmp_path / "training.json").read_text())["history"]
    assert [entry["step"] for entry in history] == [2, 4]
    for entry in history:
        assert 0 <= entry["clipped"] <= 1
        assert -1 <= entry["calibration_fit"] <= 1
        assert -1 <= entry["calibration_validation"] <= 1
        radii = [entry[f"radius_q{q:02d}"] for q in (5, 25, 50, 75, 95)]
        assert radii == sorted(radii)
        assert 0 < radii[0] < radii[-1] <= config.model.max_distance


def test_figures_equal_those_computed_by_hand():
    config = config_of(model=replace(TINY, length="clip"))
    model = starting_model(config)
    data, source, _ = sources(SquaresDataset(), config, backbone=model.backbone)
    model.head.initialise_scale(source.held_out)
    with torch.no_grad():
        model.head.log_scale += np.log(1.9)  # about half are clipped, and one just not
    found = model_metrics(model, data, source, config)
    with torch.no_grad():
        held = model.head(source.held_out)
    assert found["clipped"] == pytest.approx(0.5, abs=0.1)
    clipped = held.norm >= 0.999 * model.head.r
    assert found["clipped"] == pytest.approx(clipped.numpy().mean())
    median = np.median(geometry.dist0(held.points.numpy(), 1.0))
    assert found["radius_q50"] == pytest.approx(median, rel=1e-5)
    ids = np.unique(data.validation.labels, return_inverse=True)[1]
    points, u = held.points.numpy(), held.uncertainty.numpy()
    # Few images are one chunk, in which their order does not matter.
    losses, valid = own_losses(model, points, u, ids, config, np.random.default_rng(7))
    expected = metrics.spearman(u[valid], losses[valid])
    assert found["calibration_validation"] == pytest.approx(expected, abs=1e-6)
    flat = replace(config, model=replace(config.model, geometry="spherical"))
    twin = HypUML(flat.model)
    twin.load_state_dict(model.state_dict())
    assert model_metrics(twin, data, source, flat)["clipped"] is None


def test_without_validation_classes_only_the_classes_trained_on_are_judged(tmp_path):
    config = config_of(validation_classes=0.0, steps=2)
    train(SquaresDataset(), tmp_path, config)
    (entry,) = json.loads((tmp_path / "training.json").read_text())["history"]
    assert "calibration_fit" in entry
    assert {"recall@1", "clipped", "calibration_validation"} & set(entry) == set()


def test_a_damaged_file_of_views_is_named(tmp_path):
    config = config_of(views=1)
    sources(SquaresDataset(), config, tmp_path)
    (file,) = tmp_path.glob("views-*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"{file.name} is damaged; remove it"):
        sources(SquaresDataset(), config, tmp_path)
    file.unlink()
    sources(SquaresDataset(), config, tmp_path)
