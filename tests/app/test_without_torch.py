"""The app's process never imports torch, whatever is done in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hypuml.models.files import GRAPH, read_config, write_config
from tests.support.app_support import MAIN, ROOT, sure_garden

EVERYTHING = """
import io, sys
sys.argv = ["main.py", "--gallery", {gallery!r}]
from PIL import Image
from streamlit import config
from streamlit.testing.v1 import AppTest
config.set_option("server.address", "127.0.0.1")

HEAVY = ("torch", "timm", "geoopt", "onnx", "torchvision")

def check(what):
    assert not at.exception, (what, at.exception)
    loaded = [name for name in HEAVY if name in sys.modules]
    print(what, *loaded)

at = AppTest.from_file({main!r}, default_timeout=120).run()
check("first view:")
out = io.BytesIO()
Image.effect_noise((300, 200), 60).convert("RGB").save(out, "JPEG")
at.file_uploader[0].upload("mine.jpg", out.getvalue(), "image/jpeg").run()
assert any("mine.jpg" in element.value for element in at.get("html"))
check("upload:")
at.selectbox(key="degradation").set_value("blur")
at.slider(key="level").set_value(0.5).run()
assert any("→" in element.value for element in at.get("html"))
check("degradation of an upload:")
next(b for b in at.button if b.label == "Lowest u").click().run()
for kind in ("noise", "darkness", "occlusion", "crop", "blur"):
    at.selectbox(key="degradation").set_value(kind)
    at.slider(key="level").set_value(0.7).run()
    check(kind + ":")
at.switch_page("views/models.py").run()
for name in ("training", "measured", "study", "card", "compare"):
    at.segmented_control(key="part").set_value(name).run()
    check(name + ":")
from app.parts.models.comparisons import JOBS
for folder in {folders!r}:
    at.text_input(key="checkpoint").set_value(folder).run()
    (job,) = [job for job in JOBS.all() if not job.finished.is_set()]
    assert job.finished.wait(120)
    at.run()
    assert job.outcome is not None, job.problem
    check("comparison:")
"""


@pytest.fixture
def others(tmp_path) -> list[str]:
    """Two checkpoints of other weights, one with a graph and one without."""
    from hypuml.models.export import write_graph
    from hypuml.models.hypuml import HypUML

    folders = [tmp_path / "with", tmp_path / "without"]
    for number, folder in enumerate(folders):
        model = HypUML.from_pretrained(sure_garden().parent)
        model.head.linear.bias.data += 0.01 * (number + 1)
        model.save_pretrained(folder)
        write_graph(model, folder)
    config = read_config(folders[1])
    write_config(folders[1], {key: value for key, value in config.items() if key != "graph"})
    (folders[1] / GRAPH).unlink()
    return [str(folder) for folder in folders]


def run(gallery: Path, folders: list[str]) -> list[str]:
    code = EVERYTHING.format(gallery=str(gallery), main=str(MAIN), folders=folders)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_part_of_the_app_imports_torch(others):
    lines = run(sure_garden(), others)
    assert len(lines) == 15
    assert [line for line in lines if not line.endswith(":")] == []


def test_nor_does_a_model_without_a_graph(tmp_path):
    folder = shutil.copytree(sure_garden().parent, tmp_path / "bare")
    config = read_config(folder)
    del config["graph"]
    write_config(folder, config)
    (folder / GRAPH).unlink()
    lines = run(folder / "gallery", [])
    assert len(lines) == 13
    assert [line for line in lines if not line.endswith(":")] == []
