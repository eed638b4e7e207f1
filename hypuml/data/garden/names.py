"""Invented but plausible Latin names for the garden's orders, families, genera and species.

Convention: a family is called after its first genus (``-aceae``), an order after its first family
(``-ales``), as botanists do. All genera are feminine so that every epithet agrees with them.
"""

from __future__ import annotations

import numpy as np


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_HEADS = _words(
    "Vel Lum Cal Ser Mir Aur Thal Nym Ost Pel Ro Cy Del Eph Fla Gal Hes Il Jun Kal Lys Mel Nar "
    "Or Phil Quin Syl Tel Um Vir Wis Xan Yl Zeph Ar Bel Cor Dor El Fen Gry Har"
)
_MIDDLES = _words("am an ar el en er id il im in ir ol om on or os ul un yl yr ant end ind ist os")
_TAILS = _words("anthe ella era ia ina issa itha odora ola ora osa ula ura ethra andra anthia")
_EPITHETS = _words(
    "serena lucida gracilis montana aurorae silvestris amabilis borealis vernalis fragrans "
    "elegans insignis mirabilis nobilis pallens riparia speciosa tenella vespertina alpestris "
    "blanda candida decora errans formosa generosa humilis insularis jucunda laeta modesta "
    "nitida orientalis placida quieta radians solitaria tranquilla umbrosa venusta arcana "
    "clara dulcis festiva grata hiemalis lacustris maritima nivalis pratensis"
)


def genus_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return ``count`` different genus names."""
    names: list[str] = []
    while len(names) < count:
        middle = _MIDDLES[rng.integers(len(_MIDDLES))] if rng.random() < 0.6 else ""
        name = _HEADS[rng.integers(len(_HEADS))] + middle + _TAILS[rng.integers(len(_TAILS))]
        if 5 <= len(name) <= 11 and name not in names and name[:5] not in {n[:5] for n in names}:
            names.append(name)
    return names


def epithets(count: int, rng: np.random.Generator) -> list[str]:
    """Return ``count`` different species epithets for one genus.

    Raises:
        ValueError: more epithets are wanted than the word list has.
    """
    if count > len(_EPITHETS):
        raise ValueError(
            f"a genus can hold at most {len(_EPITHETS)} species, got {count}: plant more genera"
        )
    return [_EPITHETS[i] for i in rng.permutation(len(_EPITHETS))[:count]]


def family_name(genus: str) -> str:
    """Name of the family whose type genus is ``genus``."""
    return _stem(genus) + "aceae"


def order_name(genus: str) -> str:
    """Name of the order whose type genus is ``genus``."""
    return _stem(genus) + "ales"


def _stem(genus: str) -> str:
    return genus.rstrip("aeiou")
