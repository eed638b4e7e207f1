"""Draw one individual of one species.

Convention: a picture is a function of (traits, individual, size) alone; the size changes only the
sampling, never the composition.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from hypuml.data.garden.backdrop import background, light_up
from hypuml.data.garden.individual import Individual
from hypuml.data.garden.looks import blade_styles, round_styles
from hypuml.data.garden.scene import plant
from hypuml.data.garden.traits import Traits


def draw(traits: Traits, individual: Individual, size: int = 96) -> Image.Image:
    """Draw a plant.

    Args:
        traits: what species (or hybrid) it is.
        individual: pose, age and light.
        size: width and height in pixels, 8 to 2048.

    Returns:
        RGB picture of ``size`` x ``size`` pixels.

    Raises:
        ValueError: ``size`` is out of range.
    """
    if not 8 <= size <= 2048:
        raise ValueError(f"size has to lie in [8, 2048] pixels, got {size}")
    # Separate streams, so that a change of the plant (a hybrid) leaves its surroundings alone.
    grow, around, shine = (np.random.default_rng([individual.seed, i]) for i in range(3))
    layer = plant(traits, individual, grow).paint(
        blade_styles(traits, individual), round_styles(traits, individual), size
    )
    picture = background(individual, around, size)
    picture *= 1.0 - layer[..., 3:]
    picture += layer[..., :3]
    picture = light_up(picture, individual, shine)
    return Image.fromarray((np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8))
