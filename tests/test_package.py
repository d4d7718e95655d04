"""What ships: the wheel and the source archive, built and used outside of the checkout."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest

from whichgpu import __version__
from whichgpu.facts import store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
#: What a base install may weigh in MB, compiled bytecode included, and its distributions: NumPy is 72, of our
#: own 25 the auditor is 9.
LARGEST, MOST = 105, 12
#: What nobody imports by name but for its answer: the wheel leaves out what its modules say of themselves.
BEHIND = (
    *(f"whichgpu/{name}/" for name in ("audit", "bench", "cost", "planner", "report")),
    *(f"whichgpu/{name}/" for name in ("software", "prices", "hardware", "export", "facts", "workloads")),
)


#: Pages, whose modules say nothing of themselves either, and what the API is described by.
PAGES, API = (
    ("whichgpu/web", "whichgpu/web/pages", "whichgpu/cli"),
    ("resource.py", "problems.py", "settings.py", "mcp_server.py", "__init__.py"),
)


def run(*command, **options):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, timeout=600, **options
    ).stdout


@pytest.fixture(scope="session")
def archives(tmp_path_factory):
    """The source archive of the checkout and the wheel built from it, elsewhere, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "archives"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("*.whl")):
            _build(folder)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def _build(folder):
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder), cwd=ROOT)
    source = next(folder.glob("*.tar.gz"))
    run("tar", "-xzf", str(source), "-C", str(folder))
    unpacked = folder / source.name.removesuffix(".tar.gz")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=unpacked)


@pytest.mark.slow
def test_the_wheel_holds_json_and_no_sources_of_it(archives):
    names = zipfile.ZipFile(archives[1]).namelist()
    data = {Path(name).name for name in names if name.startswith("whichgpu/data/")}
    assert data == {store.bundled(tree, Path()).name for tree in store.trees()}
    assert "whichgpu/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "docs", "benchmarks")) for name in names)


@pytest.mark.slow
def test_the_source_archive_holds_the_sources_and_what_is_not_made_from_them(archives):
    with tarfile.open(archives[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"whichgpu/data/sources.toml", "hatch_build.py", "README.md", "tests/test_package.py"} <= names
    assert not any("/bundle/" in name or ".venv" in name for name in names)


def _told(code, name):
    """A module's code, compiled without what it says of what nobody imports by name."""
    tree = ast.parse(code)
    behind = name.startswith(BEHIND) and not name.endswith(("/__init__.py", "/answer.py", "/answers.py"))
    page = Path(name).parent.as_posix() in PAGES and Path(name).name not in API
    within = behind or page or any(part[0] == "_" != part[1] for part in name.split("/"))
    for node in [each for each in tree.body if within and isinstance(each, ast.If) and not each.orelse]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            # What only type checkers read of what nobody imports by name.
            tree.body.remove(node)
    for node in _statements(tree):
        if behind and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _untyped(node)
        kind = isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        called = getattr(node, "name", "")
        private = kind and (within or (called.startswith("_") and not called.endswith("__")))
        if private and len(node.body) > 1 and ast.get_docstring(node) is not None:
            del node.body[0]
    return compile(tree, name, "exec", dont_inherit=True)


def _statements(tree):
    """A module and its statements, those within others too."""
    waiting = [tree]
    while waiting:
        yield (node := waiting.pop())
        for part in ("body", "orelse", "handlers", "finalbody", "cases"):
            waiting += [one for one in getattr(node, part, ()) if isinstance(one, ast.AST)]


def _untyped(node):
    """Take the types from a function that only checkers read, but of those that dispatch by them."""
    if any(isinstance(one, ast.Attribute) and one.attr == "register" for one in node.decorator_list):
        return
    node.returns = None
    taken = node.args
    for one in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg):
        if one is not None:
            one.annotation = None


def _differs(one, other):
    """Where two compiled pieces of code differ: in what they do, or in the line that does it."""
    for part in (
        "co_code",
        "co_names",
        "co_varnames",
        "co_freevars",
        "co_cellvars",
        "co_flags",
        "co_exceptiontable",
    ):
        if getattr(one, part) != getattr(other, part):
            return f"{one.co_qualname}: {part}"
    if list(one.co_lines()) != list(other.co_lines()):
        return f"{one.co_qualname}: lines"
    if len(one.co_consts) != len(other.co_consts):
        return f"{one.co_qualname}: constants"
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(mine, type(one)) and isinstance(theirs, type(one)):
            if found := _differs(mine, theirs):
                return found
        elif _shown(mine) != _shown(theirs):
            return f"{one.co_qualname}: {mine!r} is {theirs!r}"
    return ""


def _shown(constant):
    """A constant with its type; a set in one order."""
    return repr(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant)


@pytest.mark.thorough
def test_the_wheel_has_the_same_code_without_comments_and_private_docstrings(archives):
    wheel = zipfile.ZipFile(archives[1])
    modules = [name for name in wheel.namelist() if name.endswith(".py")]
    assert len(modules) == len(list((ROOT / "whichgpu").rglob("*.py")))
    for name in modules:
        shipped, own = wheel.read(name).decode(), (ROOT / name).read_text(encoding="utf-8")
        assert _differs(_told(shipped, name), _told(own, name)) == "", name
        assert shipped.count("\n") == own.count("\n"), name


@pytest.mark.slow
def test_what_is_built_again_is_the_same(archives, tmp_path):
    """The data and the code of the wheel are what the checkout makes, whenever it is built."""
    wheel = zipfile.ZipFile(archives[1])
    store.ship(ROOT / "whichgpu" / "data", tmp_path)
    made = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    names = [name for name in wheel.namelist() if name.startswith("whichgpu/data/")]
    assert {Path(name).name: wheel.read(name) for name in names} == made
    assert {one.date_time for one in wheel.infolist()} == {(2020, 2, 2, 0, 0, 0)}


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(archives):
    # In a short path: bytecode has that of its source in it.
    with tempfile.TemporaryDirectory() as folder:
        _works(archives, Path(folder))


def _works(archives, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "-qq", "--compile", str(archives[1]))
    program = str(tmp_path / "venv" / "bin" / "whichgpu")
    assert run(program, "--version", cwd=tmp_path) == f"whichgpu {__version__}\n"
    assert json.loads(run(program, "show", "l4", "--json", cwd=tmp_path))["fields"]["cores"]["value"] == 7424
    answer = json.loads(
        run(program, "recommend", "stable-diffusion-1.5", "--target", "1000 images/min", "--json")
    )
    assert answer["candidates"]
    installed = {row["name"] for row in json.loads(run(*pip, "list", "--format", "json"))}
    assert len(installed - {"pip", "setuptools", "wheel"}) <= MOST
    assert weight(tmp_path / "venv") <= LARGEST * 1e6


def weight(venv):
    """Bytes of what pip installed and compiled, pip itself apart."""
    packages = next((venv / "lib").glob("python*/site-packages"))
    own = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
    return sum(
        file.stat().st_size
        for file in packages.rglob("*")
        if file.is_file() and not file.relative_to(packages).parts[0].startswith(own)
    )
