"""Drawing and hybrids: pictures are well formed, independent of size, and hybrids are drawn."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hypuml.data.garden import GardenDataset, Traits, draw, hybrid, trait_distance_matrix
from hypuml.data.garden.__main__ import best_view, contact_sheet
from hypuml.data.garden.colour import oklch
from hypuml.data.garden.traits import HEADS, PETALS


@pytest.fixture(scope="module")
def garden() -> GardenDataset:
    return GardenDataset(0)


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.float64) / 255.0


def of_head(garden: GardenDataset, head: str, other_than: Traits | None = None) -> Traits:
    found = [s.traits for s in garden.species if s.traits.head_kind == head]
    if other_than is None:
        return found[0]
    distance = trait_distance_matrix([other_than, *found])[0, 1:]
    return found[int(distance.argmax())]


@pytest.mark.parametrize("head", HEADS)
def test_pictures_use_the_range_and_are_not_empty(garden: GardenDataset, head: str) -> None:
    traits = of_head(garden, head)
    for number in range(12):  # includes hard individuals
        picture = draw(traits, garden.sample(0, number), 64)
        assert picture.mode == "RGB"
        assert picture.size == (64, 64)
        assert pixels(picture).std() > 0.01
    clear = pixels(draw(traits, best_view(garden, 0), 96))
    assert clear.max() > 0.8
    assert clear.min() < 0.5


def test_drawing_twice_gives_the_same_bytes(garden: GardenDataset) -> None:
    assert garden.load(77).tobytes() == garden.load(77).tobytes()


def test_individuals_and_species_change_the_picture(garden: GardenDataset) -> None:
    one = garden.sample(0, 1)
    base = pixels(draw(garden.species[0].traits, one))
    assert np.abs(base - pixels(draw(garden.species[0].traits, garden.sample(0, 2)))).mean() > 0.03
    assert np.abs(base - pixels(draw(garden.species[1].traits, one))).mean() > 0.01


@pytest.mark.parametrize("head", HEADS)
def test_size_changes_the_sampling_not_the_composition(garden: GardenDataset, head: str) -> None:
    traits, one = of_head(garden, head), best_view(garden, 3)
    small = pixels(draw(traits, one, 96))
    halved = pixels(draw(traits, one, 192).resize((96, 96), Image.Resampling.BOX))
    assert np.abs(small - halved).mean() < 0.012
    elsewhere = pixels(draw(traits, best_view(garden, 9), 96))
    assert np.abs(small - elsewhere).mean() > 0.04


def test_extreme_individuals_can_be_drawn(garden: GardenDataset) -> None:
    calm = best_view(garden, 0)
    for change in (
        {"bloom": 0.0, "tilt": 1.4},
        {"bloom": 1.0, "wilt": 1.0},
        {"dusk": 1.0},
        {"cover": 1.0},
        {"tilt": 0.0, "scale": 3.0, "x": 0.9, "y": 0.9},
        {"x": 5.0, "y": 5.0, "scale": 0.1},
    ):
        for head in HEADS:
            assert pixels(draw(of_head(garden, head), replace(calm, **change), 48)).shape[2] == 3


def test_hardships_make_a_plant_difficult(garden: GardenDataset) -> None:
    calm = best_view(garden, 0)
    assert calm.difficulty == 0.0
    for change in ({"bloom": 0.05}, {"dusk": 0.9}, {"tilt": 1.3}, {"wilt": 0.9}, {"cover": 0.9}):
        assert replace(calm, **change).difficulty > 0.7


def test_dusk_darkens(garden: GardenDataset) -> None:
    calm = best_view(garden, 0)
    day = pixels(draw(garden.species[0].traits, replace(calm, dusk=0.0)))
    night = pixels(draw(garden.species[0].traits, replace(calm, dusk=1.0)))
    assert night.mean() < 0.5 * day.mean()


def test_hybrids_end_at_their_parents(garden: GardenDataset) -> None:
    a, b = garden.species[0].traits, garden.species[100].traits
    assert hybrid(a, b, 0.0) == a
    assert hybrid(a, b, 1.0) == b
    with pytest.raises(ValueError, match="ratio"):
        hybrid(a, b, 1.2)


def test_hybrids_move_steadily_from_one_parent_to_the_other(garden: GardenDataset) -> None:
    rng = np.random.default_rng(0)
    ratios = np.linspace(0.0, 1.0, 11)
    for _ in range(10):
        a, b = (garden.species[i].traits for i in rng.choice(len(garden.species), 2, replace=False))
        line = trait_distance_matrix([hybrid(a, b, float(t)) for t in ratios])
        assert np.all(np.diff(line[0]) > 0.0)
        assert np.all(np.diff(line[-1]) < 0.0)
        smooth = trait_distance_matrix(
            [replace(hybrid(a, b, float(t)), head=a.head) for t in ratios]
        )
        assert np.diff(smooth[0]).max() < 0.2


def test_hybrid_hue_takes_the_shorter_arc(garden: GardenDataset) -> None:
    a = replace(garden.species[0].traits, hue=350.0)
    b = replace(garden.species[0].traits, hue=30.0)
    assert hybrid(a, b, 0.5).hue == pytest.approx(10.0)
    assert hybrid(b, a, 0.25).hue == pytest.approx(20.0)


def test_hybrid_is_drawn_not_blended(garden: GardenDataset) -> None:
    one = best_view(garden, 0)
    a = of_head(garden, "single")
    b = of_head(garden, "single", other_than=a)
    first, last = pixels(draw(a, one)), pixels(draw(b, one))
    child = hybrid(a, b, 0.5)
    middle = pixels(draw(child, one))
    # The best pixel mix of the parents, over every mixing ratio, stays far from the hybrid.
    gaps = [
        np.sqrt(((middle - (1 - t) * first - t * last) ** 2).mean()) for t in np.linspace(0, 1, 21)
    ]
    apart = np.sqrt(((first - last) ** 2).mean())
    assert min(gaps) > 0.35 * apart
    assert PETALS[0] <= child.petal_count <= PETALS[-1]
    assert 1 <= child.layer_count <= 3
    # A pixel blend is blind to the petals; the hybrid has as many edges as a real flower.
    edges = [np.abs(np.diff(x, axis=0)).mean() for x in (first, last, middle)]
    assert edges[2] > 0.7 * min(edges[:2])


def test_petal_count_passes_through_real_numbers_of_petals(garden: GardenDataset) -> None:
    a = replace(garden.species[0].traits, petals=3.0)
    b = replace(garden.species[0].traits, petals=21.0)
    counts = [hybrid(a, b, t).petal_count for t in np.linspace(0.0, 1.0, 41)]
    assert counts == sorted(counts)
    assert len(set(counts)) > 8


def test_colours_agree_with_known_values() -> None:
    # White, black and mid grey have no chroma; sRGB red is OKLCh (0.628, 0.2577, 29.23).
    assert oklch(1.0, 0.0, 0.0) == pytest.approx([1.0, 1.0, 1.0], abs=1e-3)
    assert oklch(0.0, 0.0, 0.0) == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert oklch(0.6280, 0.2577, 29.23) == pytest.approx([1.0, 0.0, 0.0], abs=5e-3)


def test_contact_sheet_has_the_asked_shape(garden: GardenDataset) -> None:
    sheet = contact_sheet(garden, 3, 2, 24, gap=2)
    assert sheet.size == (3 * 26 + 2, 2 * 26 + 2)
    assert pixels(sheet).std() > 0.05
