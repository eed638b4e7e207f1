"""One trainer for every loss and data set; imports neither faiss, umap nor streamlit.

:func:`train` writes to its output folder a finished checkpoint
(``model.safetensors``, ``config.json``) and ``training.json`` (options, curves). Who wants to look
at a run from within makes a :class:`Trainer`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from hypuml.files import write_atomically
from hypuml.models.hypuml import HypUML
from hypuml.training.config import TrainConfig
from hypuml.training.posthoc import finish
from hypuml.training.setup import check_output, starting_model
from hypuml.training.state import clear_state
from hypuml.training.trainer import StoppedError, Trainer
from hypuml.types import Dataset, Progress

__all__ = ["StoppedError", "TrainConfig", "Trainer", "train"]


def train(
    dataset: Dataset,
    out: Path,
    config: TrainConfig,
    resume: bool = False,
    report: Progress | None = None,
    views: Path | None = None,
) -> HypUML:
    """Train a model and write its checkpoint.

    Args:
        dataset: its "seen" classes are trained on (all classes of a folder).
        out: folder of the checkpoint, created if missing.
        config: every option.
        resume: continue the unfinished run in ``out``.
        report: called along the way.
        views: folder where features of a backbone that does not learn are kept, for further runs.

    Returns:
        The trained model (its averaged weights).

    Raises:
        ValueError: an option, the data or the folder does not allow the run; raised before anything
            is trained or overwritten.
        StoppedError: a stop was requested; the state is saved.
    """
    model = starting_model(config.trained)
    check_output(out, resume)
    trainer = Trainer.on(dataset, config.trained, model, views, report)
    if resume:
        trainer.resume(out)
    elif not config.init:
        trainer.initialise()
    model = finish(trainer.fit(out, report), trainer, config, report, out)
    model.cpu().save_pretrained(out)
    facts = trainer.facts | asdict(config)
    log = {"config": facts, "training": model.training_info, "history": trainer.state.history}
    write_atomically(out / "training.json", (json.dumps(log, indent=1) + "\n").encode())
    clear_state(out)
    return model
