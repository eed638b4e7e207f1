"""One training loop for every loss and data set; imports neither faiss, umap nor streamlit."""

from hypuml.training.config import TrainConfig
from hypuml.training.loop import train

__all__ = ["TrainConfig", "train"]
