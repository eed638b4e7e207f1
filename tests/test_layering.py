"""Imports point only downward, and what must start fast does not import what starts slowly.

The floors of the house, lowest first; a part may import parts of lower floors and itself, nothing
else. Imports for type checking and imports inside functions count like all others.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = (
    ("types", "files", "extras", "geometry", "taxonomy"),
    ("data", "losses", "metrics", "search", "layout"),
    ("confidence", "loss_prediction"),
    ("models", "gallery"),
    ("training", "evaluation", "figures", "card"),
    ("recipes",),
    ("commands",),
    ("__main__",),
    ("experiments",),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
# Neighbours on one floor that may be imported all the same.
NEIGHBOURS = {(a, b) for a in FLOORS[0] for b in FLOORS[0]}
NEIGHBOURS |= {("layout", "search"), ("layout", "metrics")}


@dataclass(frozen=True)
class Import:
    """One import statement: ``source`` needs ``target`` (dotted module names)."""

    source: str
    target: str
    line: int
    at_start: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(root: Path = ROOT) -> dict[str, Path]:
    files = [p for package in ("hypuml", "app") for p in sorted((root / package).rglob("*.py"))]
    return {module_name(path, root): path for path in files}


def lazy_names(known: dict[str, Path]) -> dict[str, str]:
    """Public names of the package root and the modules that they come from."""
    tree = ast.parse(known["hypuml"].read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_WHERE":
            return ast.literal_eval(node.value)
    return {}


def imports_of(name: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late: set[ast.AST] = set()
    for node in ast.walk(tree):
        deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if deferred or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            late.update(ast.walk(node))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    lazy = lazy_names(known) if "hypuml" in known else {}
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                dotted = f"{base}.{alias.name}"
                targets.append(dotted if dotted in known else base)
                if base == "hypuml" and alias.name in lazy:
                    targets[-1] = lazy[alias.name]
        for target in targets:
            yield Import(name, target, node.lineno, node not in late)


def all_imports(root: Path = ROOT) -> list[Import]:
    known = modules(root)
    return [found for name, path in known.items() for found in imports_of(name, path, known)]


def part(module: str) -> str:
    return module.split(".")[1]


def violations(found: list[Import]) -> list[str]:
    wrong = []
    for entry in found:
        source, target = entry.source, entry.target
        if source == "hypuml" or source.startswith("app"):
            # The root resolves its names on first use; the app stands on top of everything.
            continue
        if target.split(".")[0] == "app":
            wrong.append(str(entry))
        if target.startswith("hypuml."):
            a, b = part(source), part(target)
            if a != b and FLOOR[b] >= FLOOR[a] and (a, b) not in NEIGHBOURS:
                wrong.append(str(entry))
    return wrong


def cycles(found: list[Import], known: dict[str, Path]) -> list[str]:
    """Modules that need each other while being imported."""
    needs = {name: {e.target for e in found if e.source == name and e.at_start} for name in known}
    done: set[str] = set()
    rings: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            rings.append(" -> ".join([*trail[trail.index(name) :], name]))
        elif name in needs and name not in done:
            for target in sorted(needs[name]):
                visit(target, (*trail, name))
            done.add(name)

    for name in known:
        visit(name, ())
    return rings


def loaded_after(code: str) -> set[str]:
    """Top-level modules in ``sys.modules`` after running ``code`` in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.splitlines()[-1].split())


def test_every_part_has_a_floor():
    parts = {part(name) for name in modules() if name.startswith("hypuml.")}
    assert parts <= set(FLOOR), f"say on which floor these belong: {sorted(parts - set(FLOOR))}"


def test_imports_point_downward():
    assert violations(all_imports()) == []


def test_no_module_needs_itself_to_be_imported():
    assert cycles(all_imports(), modules()) == []


def test_the_room_of_training_stays_small():
    """A newcomer should find the way: few files, short ones, and no long lists of arguments."""
    files = [p for p in (ROOT / "hypuml" / "training").glob("*.py") if p.name != "__init__.py"]
    assert len(files) <= 10
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.count("\n") < 250, file.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                assert len(given) <= 6, f"{file.name}: {node.name} takes {len(given)} arguments"


def test_only_the_app_knows_streamlit():
    assert [
        str(entry)
        for entry in all_imports()
        if entry.source.split(".")[0] == "hypuml" and entry.target.split(".")[0] == "streamlit"
    ] == []


@pytest.mark.parametrize(
    ("file", "line", "wrong"),
    [
        ("hypuml/search.py", "from hypuml.geometry import dist", False),
        ("hypuml/layout.py", "from hypuml import search", False),
        ("hypuml/data/folder.py", "from .images import load_image", False),
        ("hypuml/search.py", "from hypuml import layout", True),
        ("hypuml/search.py", "import hypuml.gallery", True),
        ("hypuml/search.py", "from hypuml import Gallery", True),
        ("hypuml/search.py", "def f():\n    from hypuml.gallery import Gallery", True),
        ("hypuml/data/folder.py", "from ..models import head", True),
        ("hypuml/losses/margin.py", "from hypuml.models import head", True),
        ("hypuml/gallery.py", "from hypuml.models.hypuml import HypUML", True),
        ("hypuml/gallery.py", "from app import state", True),
        ("app/state.py", "from hypuml import Gallery", False),
    ],
)
def test_the_check_itself_finds_what_it_should(tmp_path, file, line, wrong):
    names = ("search", "layout", "geometry", "gallery")
    for name in [f"hypuml/{n}.py" for n in names] + [
        "hypuml/data/images.py",
        "hypuml/models/__init__.py",
        "hypuml/models/head.py",
        "hypuml/models/hypuml.py",
        "hypuml/losses/__init__.py",
        "app/state.py",
        file,
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "hypuml/__init__.py").write_text('_WHERE = {"Gallery": "hypuml.gallery"}\n')
    (tmp_path / file).write_text(line + "\n")
    assert bool(violations(all_imports(tmp_path))) is wrong


def test_the_check_itself_finds_cycles(tmp_path):
    (tmp_path / "hypuml" / "data").mkdir(parents=True)
    (tmp_path / "hypuml" / "data" / "a.py").write_text("from hypuml.data import b\n")
    (tmp_path / "hypuml" / "data" / "b.py").write_text("import hypuml.data.a\n")
    (tmp_path / "hypuml" / "__init__.py").touch()
    assert len(cycles(all_imports(tmp_path), modules(tmp_path))) == 1
    (tmp_path / "hypuml" / "data" / "b.py").write_text("def f():\n    import hypuml.data.a\n")
    assert cycles(all_imports(tmp_path), modules(tmp_path)) == []


def test_nothing_but_the_experiments_imports_the_experiments():
    assert [
        str(entry)
        for entry in all_imports()
        if entry.target.startswith("hypuml.experiments")
        and not entry.source.startswith("hypuml.experiments")
    ] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("hypuml.commands", "--help"),
        ("hypuml.commands", "data"),
        ("hypuml.commands", "gallery", "--help"),
        ("hypuml.experiments.commands", "--help"),
    ],
)
def test_what_needs_no_model_does_not_wait_for_torch(arguments):
    package, *given = arguments
    code = (
        f"from {package} import main\n"
        "try:\n"
        f"    main({given})\n"
        "except SystemExit as stop:\n"
        "    assert stop.code == 0"
    )
    assert loaded_after(code) & {"torch", "timm", "umap", "streamlit"} == set()


def test_the_package_is_light():
    heavy = {"torch", "umap", "numba", "faiss", "streamlit", "sklearn", "scipy", "PIL"}
    assert loaded_after("import hypuml, hypuml.types") & heavy == set()


def test_what_the_first_view_opens_imports_neither_torch_nor_umap():
    loaded = loaded_after(
        "import hypuml\n"
        "from hypuml.data.registry import DATASETS, open_dataset\n"
        "import hypuml.data.images, hypuml.data.folder, hypuml.data.transforms\n"
        "import hypuml.models.config, hypuml.models.files\n"
        "import hypuml.gallery, hypuml.search, hypuml.layout, hypuml.metrics, hypuml.taxonomy\n"
        "hypuml.Gallery\n"
        "open_dataset('garden')"
    )
    assert loaded & {"torch", "umap", "numba", "streamlit"} == set()


def test_the_app_needs_no_more_than_its_extra():
    """`pip install 'hypuml[app]'` brings none of these."""
    loaded = loaded_after(
        "import pkgutil\n"
        "from importlib import import_module\n"
        "import app, hypuml.figures, hypuml.models.exported\n"
        "for module in pkgutil.walk_packages(app.__path__, 'app.'):\n"
        "    if module.name != 'app.main' and '.views.' not in module.name:\n"
        "        import_module(module.name)\n"
    )
    assert loaded & {"streamlit", "plotly"} == {"streamlit", "plotly"}
    assert loaded & {"torch", "timm", "umap", "scipy", "sklearn", "huggingface_hub"} == set()


def test_training_needs_no_search_no_layout_and_no_app():
    loaded = loaded_after("import hypuml.training")
    assert "torch" in loaded
    assert loaded & {"faiss", "umap", "streamlit"} == set()


def test_a_run_on_a_frozen_backbone_needs_them_neither(tmp_path):
    loaded = loaded_after(
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from tests.support.squares import SquaresDataset\n"
        "from tests.support.training_support import TINY, tiny_config\n"
        "from hypuml.training import train\n"
        "from hypuml.models import hypuml\n"
        "hypuml.write_graph = lambda model, folder: None\n"  # seconds; its own tests have it
        # Two random dimensions and many colours: some answers are wrong.
        "options = {'model': replace(TINY, dim=2), 'head_init': 'random', 'backbone_lr': 0.0}\n"
        "config = tiny_config(**options, views=1, steps=1, calibration_classes=0.6)\n"
        f"model = train(SquaresDataset(60), Path({str(tmp_path)!r}), config)\n"
        "assert model.confidence and model.loss_prediction"
    )
    assert loaded & {"faiss", "umap", "streamlit"} == set()
