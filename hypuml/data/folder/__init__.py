"""Any folder of images as a data set: what lies there, how it is laid out, and what it means.

options.py   what can be chosen, one frozen dataclass
listing.py   every file, by content: images, and the kinds of what is none
layout.py    sub-folders: classes, nested classes, and splits such as train and test
tables.py    tables of file names: CSV, TSV, JSON lines, Parquet
file_index.py  images by their names in tables
labels.py    the table that belongs to the images, and its columns
names.py     names of classes and files: natural order, Unicode, WordNet ids
report.py    what was found, left out and assumed
dataset.py   all of that as a :class:`hypuml.types.Dataset`
"""

from hypuml.data.folder.dataset import FolderDataset
from hypuml.data.folder.options import FolderOptions
from hypuml.data.folder.report import FolderReport

__all__ = ["FolderDataset", "FolderOptions", "FolderReport"]
