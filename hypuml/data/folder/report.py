"""What was found in a folder, left out and assumed: data, and plain sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypuml.data.folder.listing import Listing
from hypuml.data.folder.names import printable
from hypuml.data.formats import Format


@dataclass(frozen=True)
class FolderReport:
    """What lies in a folder of images.

    Attributes:
        images: number of images by content; some may still turn out to be damaged.
        formats: images of each format, most first.
        others: sentence parts about the rest by kind, such as ``"3 videos"``, most first.
        advice: what can be done about some of them, such as ``"a ZIP archive: unpack it first"``.
        left_out: printable path of each file that is no image, with what it is, in order.
        links: printable path of each link or closed folder that was not entered, with the reason.
        ignored: junk that systems leave behind, by name, how often.
        excluded: files and folders left out by the patterns of the options.
        splits: images of each split; empty without splits.
        unlabelled: images without a class.
        labels: table that the classes or columns come from; empty for none.
        assumed: what was assumed about the layout, one sentence each.
    """

    images: int
    formats: dict[str, int]
    others: tuple[str, ...]
    advice: tuple[str, ...]
    left_out: dict[str, str]
    links: dict[str, str]
    ignored: dict[str, int]
    excluded: int
    splits: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    labels: str = ""
    assumed: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The rest in one line, ``"3 videos, 2 raw photographs, 1 not an image"``, or empty."""
        parts = list(self.others)
        if self.links:
            many = len(self.links)
            parts.append(
                "1 link or closed folder left out"
                if many == 1
                else f"{many:,} links or closed folders left out"
            )
        return ", ".join(parts)

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything worth saying, one line each."""
        formats = ", ".join(f"{number:,} {name}" for name, number in self.formats.items())
        found = [f"{self.images:,} image{'' if self.images == 1 else 's'} ({formats})"]
        if self.summary:
            found.append(f"left out: {self.summary}")
        found.extend(self.advice)
        if self.ignored:
            names = ", ".join(f"{name} ({number:,})" for name, number in self.ignored.items())
            found.append(f"ignored: {names}")
        if self.excluded:
            found.append(f"excluded by pattern: {self.excluded:,}")
        if self.splits:
            found.append("splits: " + ", ".join(f"{n} {c:,}" for n, c in self.splits.items()))
        return (*found, *self.assumed)


def counted(listing: Listing, used: set[tuple[str, ...]]) -> FolderReport:
    """What a listing holds.

    Args:
        listing: of the whole folder.
        used: files that are no images and were read for facts about the images.
    """
    formats = Counter(found.name for found in listing.formats if isinstance(found, Format))
    rest = {parts: kind for parts, kind in sorted(listing.others.items()) if parts not in used}
    kinds = Counter(rest.values())
    return FolderReport(
        images=sum(formats.values()),
        formats=dict(formats.most_common()),
        others=tuple(kind.counted(number) for kind, number in kinds.most_common()),
        advice=tuple(f"{kind.one}: {kind.advice}" for kind in kinds if kind.advice),
        left_out={
            printable("/".join(parts)): kind.one + (f": {kind.advice}" if kind.advice else "")
            for parts, kind in rest.items()
        },
        links=listing.skipped,
        ignored=dict(listing.ignored.most_common()),
        excluded=listing.excluded,
    )
