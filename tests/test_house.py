"""The architecture: a module imports from a lower floor or from its own room, and names come from one place."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parents[1]
FLOORS = [
    {"tfgen.ops"},
    {"tfgen.layers", "tfgen.distributions", "tfgen.losses", "tfgen.metrics", "tfgen.data"},
    {"tfgen.core"},
    {"tfgen.autoregressive", "tfgen.vae", "tfgen.flow", "tfgen.gan", "tfgen.energy"},
    {"tfgen.hybrid", "tfgen.translation"},
    {"tfgen.zoo"},
    {"tfgen.studies"},
    {"export"},
    {"trainers"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
MODULES = [path for top in ("tfgen", "export", "trainers") for path in (ROOT / top).rglob("*.py")]


def room_of(module: str) -> str | None:
    """The room a dotted name lies in; None for other people's packages and for the bare package tfgen."""
    parts = module.split(".")
    room = ".".join(parts[:2]) if parts[0] == "tfgen" else parts[0]
    return room if room in FLOOR else None


def imports(path: pathlib.Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_has_a_floor():
    for path in MODULES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        assert room_of(module) or module == "tfgen.__init__", f"{module} stands in no room"


def test_imports_go_down():
    for path in MODULES:
        mine = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name in imports(path):
            theirs = room_of(name)
            if mine and theirs and theirs != mine:
                assert FLOOR[theirs] < FLOOR[mine], f"{path.relative_to(ROOT)} must not import {name}"


def test_no_model_writes_its_own_training_step():
    for path in (ROOT / "tfgen").rglob("*.py"):
        if path != ROOT / "tfgen" / "core" / "model.py":
            names = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
            assert not names & {"train_step", "test_step", "get_config"}, path


def test_flags_are_declared_in_one_place():
    for path in (ROOT / "trainers").rglob("*.py"):
        if path.name not in ("flags.py", "evaluate.py", "publish.py", "study.py", "zoo.py", "compare.py"):
            assert "DEFINE_" not in path.read_text(), path


def test_nothing_subclasses_a_final_class():
    from tfgen import zoo

    final = {entry.path.split(":")[1] for entry in zoo.MODELS.values()}
    for path in (ROOT / "tfgen").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                assert not final & {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}, path


def test_every_mutant_still_breaks_something():
    from tests.mutants import MUTANTS

    for mutant in MUTANTS:
        assert (ROOT / mutant.file).read_text().count(mutant.old) == 1, f"{mutant.file}: {mutant.old!r}"
        assert mutant.old != mutant.new and mutant.tests, mutant


def test_every_family_has_one_trainer_and_every_trainer_a_file():
    from tfgen import zoo
    from trainers.flags import TRAINERS

    served = [family for families in TRAINERS.values() for family in families]
    assert sorted(served) == sorted(zoo.DENSITY) == sorted({entry.family for entry in zoo.MODELS.values()})
    assert set(TRAINERS) == {path.stem for path in (ROOT / "trainers").glob("train_*.py")}
