"""Flowers-102: the table of facts, and one data set out of two layouts."""

from __future__ import annotations

import pickle

import pytest
from PIL import Image

from hypuml.data.flowers102.classes import LEVELS, flower_classes
from hypuml.data.flowers102.dataset import Flowers102Dataset
from hypuml.data.images import ImageError
from hypuml.taxonomy import Taxonomy
from hypuml.types import indices_of
from tests.support.flowers_support import (
    NUMBERS,
    file_name,
    photograph,
    tables,
    write_class_folders,
    write_official,
)

KNOWN = [
    (1, "pink primrose"),
    (2, "hard-leaved pocket orchid"),
    (12, "colt's foot"),
    (21, "fire lily"),
    (41, "barbeton daisy"),
    (45, "bolero deep blue"),
    (51, "petunia"),
    (52, "wild pansy"),
    (60, "pink-yellow dahlia"),
    (64, "silverbush"),
    (77, "passion flower"),
    (78, "lotus"),
    (93, "ball moss"),
    (98, "mexican petunia"),
    (102, "blackberry lily"),
]


# The table


def test_the_table_has_every_class_once():
    classes = list(flower_classes().values())
    assert [entry.number for entry in classes] == list(range(1, 103))
    assert list(flower_classes()) == list(range(1, 103))
    assert len({entry.name for entry in classes}) == 102
    assert [(n, flower_classes()[n].name) for n, _ in KNOWN] == KNOWN


def test_names_are_those_of_torchvision_in_its_order():
    from torchvision.datasets import Flowers102

    # One of them carries a question mark there.
    assert [e.name for e in flower_classes().values()] == [
        n.rstrip("?") for n in Flowers102.classes
    ]


def test_the_table_is_a_tree():
    classes = list(flower_classes().values())
    for below, above in (("genus", "family"), ("family", "order")):
        parents: dict[str, set[str]] = {}
        for entry in classes:
            parents.setdefault(getattr(entry, below), set()).add(getattr(entry, above))
        assert {name: found for name, found in parents.items() if len(found) > 1} == {}
    tree = Taxonomy.from_paths([entry.path for entry in classes], LEVELS)
    assert len(tree) == 102
    assert {len(path) for path in tree.leaves} == {len(LEVELS)}


def test_latin_names_have_their_form():
    for entry in flower_classes().values():
        assert entry.genus.istitle()
        assert entry.genus.isalpha()
        assert entry.family.endswith("aceae")
        assert entry.order.endswith("ales")
        if entry.species:
            genus, epithet = entry.species.split()
            assert genus == entry.genus
            assert epithet == "sp." or (epithet.isalpha() and epithet.islower())
        else:
            assert entry.note


@pytest.mark.parametrize(
    ("number", "order", "family", "genus"),
    [
        (1, "Myrtales", "Onagraceae", "Oenothera"),
        (42, "Asparagales", "Amaryllidaceae", "Narcissus"),
        (54, "Asterales", "Asteraceae", "Helianthus"),
        (73, "Nymphaeales", "Nymphaeaceae", "Nymphaea"),
        (74, "Rosales", "Rosaceae", "Rosa"),
        (102, "Asparagales", "Iridaceae", "Iris"),
    ],
)
def test_some_well_known_places(number, order, family, genus):
    assert flower_classes()[number].path[:3] == (order, family, genus)


# The layouts


def test_the_official_layout_is_read_whole(tmp_path):
    folder = write_official(tmp_path)
    data = Flowers102Dataset(tmp_path)
    assert [item.id for item in data.items] == [
        f"image_{i:05d}" for i in range(1, len(NUMBERS) + 1)
    ]
    assert [item.path for item in data.items] == [flower_classes()[n].path for n in NUMBERS]
    assert data.items[0].label == "passion flower"
    assert data.source == folder
    assert data.levels == ("order", "family", "genus", "species")
    assert data.description == "12 photographs of 9 kinds of flowers"


def test_classes_up_to_51_are_seen(tmp_path):
    write_official(tmp_path)
    data = Flowers102Dataset(tmp_path)
    assert [item.split for item in data.items] == [
        "seen" if number <= 51 else "unseen" for number in NUMBERS
    ]
    assert {NUMBERS[i] for i in indices_of(data, "seen")} == {1, 5, 51}
    assert {NUMBERS[i] for i in indices_of(data, "unseen")} == {52, 60, 77, 78, 93, 102}


def test_both_layouts_say_the_same_of_every_photograph(tmp_path):
    write_official(tmp_path / "a")
    folder = write_class_folders(tmp_path / "b")
    whole, part = Flowers102Dataset(tmp_path / "a"), Flowers102Dataset(tmp_path / "b")
    rows = {item.id: i for i, item in enumerate(whole.items)}
    assert len(part.items) == len(NUMBERS) / 2
    assert part.source == folder
    for i, item in enumerate(part.items):
        same = whole.items[rows[item.id]]
        assert (item.path, item.split) == (same.path, same.split)
        assert part.load(i).tobytes() == whole.load(rows[item.id]).tobytes()


def test_the_official_layout_wins(tmp_path):
    write_class_folders(tmp_path)
    assert len(Flowers102Dataset(tmp_path).items) == len(NUMBERS) / 2
    # A download that has only begun does not hide what is there.
    (tmp_path / "flowers-102").mkdir()
    (tmp_path / "flowers-102" / "102flowers.tgz.part").write_bytes(b"begun")
    assert len(Flowers102Dataset(tmp_path).items) == len(NUMBERS) / 2
    (tmp_path / "flowers-102" / "102flowers.tgz.part").unlink()
    (tmp_path / "flowers-102").rmdir()
    write_official(tmp_path)
    assert len(Flowers102Dataset(tmp_path).items) == len(NUMBERS)


def test_what_is_no_official_photograph_is_left_out(tmp_path):
    official, sorted_ = write_official(tmp_path / "a"), write_class_folders(tmp_path / "b")
    known = sorted_ / "077.passion_flower_passion_flower"
    for folder in (official / "jpg", known):
        for name in ("image_1.jpg", "image_99999.png", "rose.jpg", "image_00001.jpg.part"):
            (folder / name).write_bytes(b"x")
        (folder / "image_90001.jpg").mkdir()
    (official / "jpg" / "image_90002.jpg").write_bytes(photograph(1))
    for name in ("000.nothing", "103.too_far", "rose", "77.short"):
        (sorted_ / name).mkdir()
        (sorted_ / name / "image_90003.jpg").write_bytes(photograph(1))
    assert len(Flowers102Dataset(tmp_path / "a").items) == len(NUMBERS)
    assert len(Flowers102Dataset(tmp_path / "b").items) == len(NUMBERS) / 2


def test_it_can_be_sent_to_a_worker(tmp_path):
    write_class_folders(tmp_path)
    data = Flowers102Dataset(tmp_path)
    again = pickle.loads(pickle.dumps(data))
    assert again.items == data.items
    assert again.load(0).tobytes() == data.load(0).tobytes()


# What is refused


def refusal(root) -> str:
    with pytest.raises(ValueError, match="flowers102") as caught:
        Flowers102Dataset(root)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_without_photographs_the_message_says_what_to_type(tmp_path):
    root = tmp_path / "my data"
    message = refusal(root)
    assert f"python -m hypuml data flowers102 --root '{root}'" in message
    assert "345 MB" in message
    (root / "flowers").mkdir(parents=True)
    assert refusal(root) == message


def test_an_incomplete_download_is_called_so(tmp_path):
    folder = write_official(tmp_path)
    (folder / "jpg" / file_name(3)).unlink()
    (folder / "jpg" / file_name(7)).unlink()
    message = refusal(tmp_path)
    assert "incomplete" in message
    assert "2 of 12 photographs are missing, the first is image_00003.jpg" in message
    (folder / "imagelabels.mat").unlink()
    assert "imagelabels.mat" in refusal(tmp_path)
    # Class folders beside it do not hide that.
    write_class_folders(tmp_path)
    assert "incomplete" in refusal(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        tables()["imagelabels.mat"][:150],
        tables()["setid.mat"],
        tables((1, 103, 2))["imagelabels.mat"],
    ],
    ids=["empty", "html", "cut short", "another table", "unknown class"],
)
def test_damaged_labels_are_explained(tmp_path, content):
    folder = write_official(tmp_path)
    (folder / "imagelabels.mat").write_bytes(content)
    assert "damaged" in refusal(tmp_path)


def test_a_photograph_in_two_classes_is_refused(tmp_path):
    folder = write_class_folders(tmp_path)
    (folder / "003.other").mkdir()
    (folder / "003.other" / "image_00001.jpg").write_bytes(photograph(1))
    assert "two class folders" in refusal(tmp_path)


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (9, 9)).save(secret)
    folder = write_class_folders(tmp_path)
    known = folder / "077.passion_flower_passion_flower"
    (known / "image_00500.jpg").symlink_to(secret)
    (folder / "004.sweet_pea").symlink_to(known, target_is_directory=True)
    data = Flowers102Dataset(tmp_path)
    assert len(data.items) == len(NUMBERS) / 2
    # Listed as a file, a link by the time it is opened.
    (known / "image_00001.jpg").unlink()
    (known / "image_00001.jpg").symlink_to(secret)
    assert data.items[0].id == "image_00001"
    with pytest.raises(ImageError, match="link out of the folder"):
        data.load(0)


def test_a_damaged_photograph_is_explained(tmp_path):
    folder = write_official(tmp_path)
    (folder / "jpg" / file_name(2)).write_bytes(photograph(2)[:200])
    with pytest.raises(ImageError, match="damaged or cut short"):
        Flowers102Dataset(tmp_path).load(1)
