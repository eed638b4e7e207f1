"""A botanic garden whose evolution is known: flowers drawn by code, inherited down a tree."""

from hypuml.data.garden.dataset import GardenConfig, GardenDataset
from hypuml.data.garden.individual import HARDSHIPS, Individual, sample_individual
from hypuml.data.garden.render import draw
from hypuml.data.garden.traits import Traits, hybrid, trait_distance_matrix
from hypuml.data.garden.tree import LEVELS, Species, TreeConfig, grow

__all__ = [
    "HARDSHIPS",
    "LEVELS",
    "GardenConfig",
    "GardenDataset",
    "Individual",
    "Species",
    "Traits",
    "TreeConfig",
    "draw",
    "grow",
    "hybrid",
    "sample_individual",
    "trait_distance_matrix",
]
