"""What can be chosen about a folder of images; every default is the careful guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FolderOptions:
    """How a folder of images is read.

    Attributes:
        labels: table with the classes of the images (CSV, TSV, JSON lines or Parquet, one row for
            each file). "auto" takes the one that lies in the folder and names its images, "none"
            takes none; anything else is the table's path.
        file_column: column with the file names, where it is not called file, filename, path, image
            or the like.
        label_column: column with the classes, where it is not called label, class, category or the
            like. All further columns are kept beside them.
        splits: folders called train, val, test and the like. "auto" takes them for splits of the
            data where there are several or nothing else, "classes" for classes, "splits" always for
            splits.
        exclude: patterns (*, ?, [...]) of files and folders to leave out; each is compared with
            the name and with the path below the folder.
        keep: names of files and folders to read although they are usually left out, such as
            "thumbs" or "@eaDir".
        follow_links: read what symbolic links lead to, also outside the folder. Without, links are
            left out.
        wordnet_names: call classes that are WordNet ids (n01440764) by their names, where a list of
            them (words.txt, LOC_synset_mapping.txt, imagenet_class_index.json ...) lies in the
            folder.
    """

    labels: str = "auto"
    file_column: str = ""
    label_column: str = ""
    splits: Literal["auto", "classes", "splits"] = "auto"
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    follow_links: bool = False
    wordnet_names: bool = True

    def __post_init__(self) -> None:
        if self.splits not in ("auto", "classes", "splits"):
            raise ValueError(
                f"unknown value {self.splits!r} for splits, expected auto, classes or splits"
            )
        if isinstance(self.exclude, str) or isinstance(self.keep, str):
            raise ValueError("exclude and keep are lists of patterns, got a single text")
