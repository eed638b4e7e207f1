"""The Models room, run by Streamlit without a browser (AppTest)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app import resources
from app.parts.models import jobs, study
from hypuml.gallery import Gallery
from hypuml.gallery.model_ref import sha256_of
from tests.support.app_pages import address, markup, page, start_app  # noqa: F401
from tests.support.app_support import (
    MAIN,
    ROOT,
    pictures_gallery,
    small_checkpoint,
    small_garden,
    sure_garden,
)

ROOM = "views/models.py"


@pytest.fixture(autouse=True)
def no_old_comparisons(monkeypatch):
    monkeypatch.setattr(jobs, "_jobs", {})


@pytest.fixture(name="visit")
def visit_models(start):
    """Start the app with these galleries and go to the Models room."""

    def go(*galleries: Path, **query: str):
        at = start(*galleries, **query).switch_page(ROOM)
        at.run()
        assert not at.exception
        return at

    return go


def part(at, name):
    at.segmented_control(key="part").set_value(name).run()
    assert not at.exception
    return at


def charts(at):
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def finished(at):
    """Wait for the comparison under way, and run as its own polling would."""
    for job in list(jobs._jobs.values()):
        assert job.finished.wait(120)
    at.run()
    assert not at.exception
    return at


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """The small garden's checkpoint with all records beside it, and its gallery inside."""
    folder = tmp_path_factory.mktemp("known") / "known"
    shutil.copytree(sure_garden().parent, folder)
    for name in ("evaluation.json", "training.json", "README.md"):
        shutil.copy(ROOT / "checkpoints" / "garden" / name, folder)
    return folder


def other_points(gallery: Path, folder: Path, seed: int = 0) -> Path:
    """A copy of a gallery in ``folder`` whose points another model might have given."""
    from safetensors.numpy import save

    from hypuml.geometry import expmap0, logmap0

    shutil.copytree(gallery, folder)
    known = Gallery.open(gallery)
    v = logmap0(np.asarray(known.points, dtype=np.float64), known.curvature)
    length = np.linalg.norm(v, axis=1, keepdims=True)
    v = v + 0.3 * length * np.random.default_rng(seed).normal(size=v.shape)
    v *= length / np.linalg.norm(v, axis=1, keepdims=True)  # u and radius stay those of the table
    data = save({"points": expmap0(v, known.curvature).astype(np.float32)})
    (folder / "embeddings.safetensors").write_bytes(data)
    manifest = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))
    manifest["files"]["embeddings.safetensors"] = {
        "bytes": len(data),
        "sha256": sha256_of(folder / "embeddings.safetensors"),
    }
    (folder / "gallery.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_the_room_shows_figures_and_card_first(visit, checkpoint):
    at = visit(checkpoint / "gallery")
    report = json.loads((checkpoint / "evaluation.json").read_text(encoding="utf-8"))
    assert f"Recall@1{report['recall@1']:.3f}" in page(at)
    assert '<article class="model-card">' in markup(at)
    assert "Uncertainty, beside its controls" in page(at)
    assert not at.get("plotly_chart"), "other parts are not drawn before they are wanted"


def test_links_lead_to_the_other_room_with_the_address(visit, start, checkpoint):
    for at, here, there in (
        (start(checkpoint / "gallery", k="4"), "Explore", "Models"),
        (visit(checkpoint / "gallery", k="4"), "Models", "Explore"),
    ):
        assert f'<span class="here" aria-current="page">{here}</span>' in markup(at)
        (link,) = at.get("page_link")
        assert link.proto.label == there
        for name, value in address(at).items():
            assert f"{name}={value}" in link.proto.query_string


def test_the_link_carries_what_this_run_changed(start, checkpoint):
    at = start(checkpoint / "gallery")
    at.number_input(key="k").set_value(3).run()
    (link,) = at.get("page_link")
    assert "k=3" in link.proto.query_string


def test_the_view_survives_going_to_the_models_and_back(start, checkpoint):
    given = {"k": "5", "threshold": "0.5", "colour": "genus", "hide": "1"}
    at = start(checkpoint / "gallery", **given)
    before = address(at)
    at.switch_page(ROOM).run()
    part(at, "training")
    assert address(at) == before | {"part": "training"}
    at.run()  # what no widget holds is not forgotten in a second run
    at.switch_page("views/explore.py").run()
    assert not at.exception
    assert address(at) == before | {"part": "training"}
    assert at.number_input(key="k").value == 5
    assert at.selectbox(key="colour").value == "genus"
    assert at.toggle(key="hide").value is True


def test_an_address_names_the_part_and_a_wrong_one_is_said(visit, checkpoint):
    at = visit(checkpoint / "gallery", part="measured")
    assert at.segmented_control(key="part").value == "measured"
    at = visit(checkpoint / "gallery", part="cellar", against="nobody")
    assert at.segmented_control(key="part").value == "card"
    assert set(address(at)) & {"part", "against"} == set()


def test_wrong_values_in_the_address_are_reported(start, checkpoint):
    at = start(checkpoint / "gallery", part="cellar", against="nobody")
    assert "The models have no part “cellar”, only card, training" in page(at)
    assert "No gallery called “nobody” is open here to compare with." in page(at)


def test_training_curves(visit, checkpoint):
    at = part(visit(checkpoint / "gallery"), "training")
    assert "Recall@1 on validation classes" in page(at)
    assert "it continued a run of 2,000 steps" in page(at)
    assert len(charts(at)) >= 5


def test_what_it_measures(visit, checkpoint):
    at = part(visit(checkpoint / "gallery"), "measured")
    for title in ("Risk and coverage", "Is the confidence right?", "Distance from the origin",
                  "Uncertainty of damaged images", "Retrieval of damaged images"):  # fmt: skip
        assert title in page(at)
    assert "120 images of this gallery, each asking all the others" in page(at)
    assert len(charts(at)) == 5


def test_records_that_are_missing_are_said_with_their_commands(visit):
    at = visit(small_garden())
    assert "This checkpoint has no README.md." in page(at)
    assert "python -m hypuml evaluate small" in page(at)
    assert "This checkpoint has no training.json." in page(part(at, "training"))
    assert "without an answer confidence" in page(part(at, "measured"))
    assert "This checkpoint has no evaluation.json." in page(at)


def test_images_without_a_model_or_a_class(visit, tmp_path):
    at = visit(pictures_gallery(tmp_path / "plain", [("a",), ("b",), ("c",)]))
    assert "The model that made this gallery is not on this machine." in page(at)
    assert "no answer is right or wrong" in page(part(at, "measured"))
    for name in ("training", "study", "compare", "card"):
        part(at, name)


def test_no_gallery_and_a_damaged_one(start, tmp_path):
    at = start().switch_page(ROOM)
    at.run()
    assert "No gallery yet" in page(at)
    at = start(tmp_path / "nowhere").switch_page(ROOM)
    at.run()
    assert not at.exception
    assert "cannot be opened" in page(at)


def test_a_card_and_names_full_of_markup_stay_text(visit, checkpoint, tmp_path):
    folder = tmp_path / "evil"
    shutil.copytree(checkpoint, folder)
    bad = "<script>alert(1)</script> ![x](http://example.com/x.png)"
    (folder / "README.md").write_text(bad, encoding="utf-8")
    at = visit(folder / "gallery")
    assert "<script>alert(1)</script> [picture: x]" in page(at)
    assert "<script" not in markup(at)
    assert "<img" not in markup(at)


def test_the_study_is_drawn_and_a_damaged_one_said(visit, checkpoint, tmp_path, monkeypatch):
    at = part(visit(checkpoint / "gallery"), "study")
    assert "Recall@1 per variant" in page(at)
    # Photographs first, whose figures know neither damage nor the garden's grid.
    assert "Retrieval against dimensions" in page(at)
    assert "Risk and coverage by answer confidence" in page(at)
    assert "u rise with damage" not in page(at)
    garden = study.FOLDER / "study.json"
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    (tmp_path / "study.json").write_bytes(garden.read_bytes())
    at.run()
    assert "Does u rise with damage?" in page(at)  # the garden's has only who rises
    (tmp_path / "study.json").unlink()
    at.run()
    assert "python -m hypuml.experiments study garden" in page(at)
    (tmp_path / "flowers-study.json").write_text("[]")
    at.run()
    assert "flowers-study.json cannot be shown: got no list of rows" in page(at)


def test_galleries_of_the_same_images_can_be_told_apart(start, checkpoint, tmp_path):
    other = other_points(checkpoint / "gallery", tmp_path / "other")
    at = start(checkpoint / "gallery", other)
    names = at.selectbox(key="gallery").options
    assert len(set(names)) == 2
    assert [name.rpartition(" ")[2] for name in names] == ["(known)", "(other)"]
    at.selectbox(key="gallery").set_value("other").run()
    assert address(at)["gallery"] == "other"
    at.run()
    assert address(at)["gallery"] == "other"


def test_comparing_with_another_gallery_of_the_same_images(visit, checkpoint, tmp_path):
    other = other_points(checkpoint / "gallery", tmp_path / "other")
    at = visit(checkpoint / "gallery", other, pictures_gallery(tmp_path / "far", [("a",)] * 5))
    part(at, "compare")
    box = at.selectbox(key="against")
    assert box.options == ["choose…", "other"], "another gallery's images are others"
    box.set_value("other").run()
    assert address(at)["against"] == "other"
    finished(at)
    assert "On 120 images, 120 of them queries." in page(at)
    (job,) = jobs._jobs.values()
    a, b = (s.figures["recall@1"] for s in job.outcome.comparison.sides)
    assert f"Recall@1{a:.3f}{b:.3f}{a - b:+.3f}" in page(at).replace(" [", "[")
    assert len(charts(at)) == 3
    right = job.outcome.comparison.only[0]
    assert f"{min(24, len(right))} of {len(right)} queries that known answers rightly" in page(at)
    assert markup(at).count('<li class="trio">') == min(24, len(right))


def test_comparing_with_a_checkpoint_looks_at_the_originals(visit, checkpoint, tmp_path):
    from PIL import Image

    images = [Image.new("RGB", (32, 32), (9 * i, 255 - 8 * i, 40)) for i in range(24)]
    other = small_checkpoint(tmp_path / "other", images)
    at = part(visit(checkpoint / "gallery"), "compare")
    at.text_input(key="checkpoint").set_value(str(tmp_path / "no <b>such</b>")).run()
    assert "There is no checkpoint in" in page(at)
    assert "<b>such" not in markup(at)
    at.text_input(key="checkpoint").set_value(str(checkpoint)).run()
    assert "This is the model that made the gallery" in page(at)
    at.text_input(key="checkpoint").set_value(str(other)).run()
    finished(at)
    assert "On 120 images, 120 of them queries." in page(at)
    assert "other" not in address(at).values(), "a path is never part of the address"
    (job,) = jobs._jobs.values()
    assert job.outcome.comparison.sides[1].side.name == "other"


def test_a_checkpoint_gives_the_gallery_s_own_points_again(checkpoint):
    """The other side sees the pictures as the gallery's own model saw them."""
    entry = resources.Shelf().add(checkpoint / "gallery")
    assert entry.gallery is not None
    found = jobs._looked_at(jobs.Job(), "known", entry.gallery, checkpoint)
    a, b = found.comparison.sides
    assert np.allclose(a.side.points, b.side.points, atol=1e-5)
    assert b.side.name == "known (the other)"


def test_no_path_field_when_other_machines_can_reach_the_app(visit, checkpoint, monkeypatch):
    monkeypatch.setattr(resources, "is_local", lambda: False)
    at = part(visit(checkpoint / "gallery"), "compare")
    assert not at.text_input
    assert "python -m hypuml gallery DATA CHECKPOINT OUT" in page(at)


def test_pictures_that_are_gone_are_said(checkpoint):
    entry = resources.Shelf().add(checkpoint / "gallery")
    assert entry.gallery is not None
    manifest = entry.gallery._originals._manifest
    manifest["source"] = "/nowhere at all"
    with pytest.raises(ValueError, match="Only 0 of 120 originals are on this machine"):
        jobs._looked_at(jobs.Job(), "known", entry.gallery, checkpoint)


def test_a_stopped_comparison_can_be_started_again():
    def work(job):
        assert job.stop.wait(30)
        raise ValueError("Stopped.")

    job = jobs.start(("a", "b"), work)
    assert jobs.start(("a", "b"), work) is job
    job.stop.set()
    assert job.finished.wait(30)
    assert job.problem == "Stopped."
    again = jobs.start(("a", "b"), lambda job: (_ for _ in ()).throw(RuntimeError("odd")))
    assert again is not job
    assert again.finished.wait(30)
    assert again.problem == "The comparison failed (RuntimeError: odd)."


def test_finished_comparisons_are_not_kept_for_ever():
    def work(job):
        raise ValueError("done")

    for number in range(20):
        assert jobs.start(("a", str(number)), work).finished.wait(30)
    assert len(jobs._jobs) <= 6
    assert ("a", "19") in jobs._jobs


def test_the_room_needs_no_torch_until_models_are_compared(checkpoint):
    code = f"""
import sys
sys.argv = ["main.py", "--gallery", {str(checkpoint / "gallery")!r}]
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(MAIN)!r}, default_timeout=60).run()
at.switch_page({ROOM!r}).run()
for name in ("training", "measured", "study", "compare", "card"):
    at.segmented_control(key="part").set_value(name).run()
    assert not at.exception
print([m for m in ("torch", "umap", "timm", "geoopt") if m in sys.modules])
"""
    run = [sys.executable, "-c", code]
    result = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
