"""What the tests share: the command line run in this process, and a quiet environment."""

from __future__ import annotations

import gc
import json
import subprocess
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import settings

from whichgpu.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.testclient import TestClient

    from tests.forked import Mother
    from whichgpu.hardware.catalogue import Catalogue


# The catalogue, PyTorch and ten thousand tests stay as long as the process: to pass over them again and again
# for what may be freed took a tenth of the time of all tests.
gc.set_threshold(20_000, 20, 20)

# How long an example takes says nothing of whether it holds; a commit passes or fails each time it is tested.
_UNTIMED = settings(deadline=None, derandomize=True)
settings.register_profile("quick", _UNTIMED, max_examples=40)
settings.register_profile("thorough", _UNTIMED, max_examples=100)
settings.load_profile("quick")


class Answer(NamedTuple):
    """What a command line gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "WHICHGPU_DATA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    # Prices that were read on this machine are not the tests'.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "no-prices"))


@pytest.fixture
def whichgpu(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command line: `whichgpu("show", "l4")`."""

    def run(*arguments: str) -> Answer:
        status = main(arguments)
        return Answer(status, *capfd.readouterr())

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a config.json with some fields changed; None removes one."""

    def made(raw: dict[str, Any], **changes: Any) -> str:
        content = {key: value for key, value in {**raw, **changes}.items() if value is not None or key in raw}
        content = {key: value for key, value in content.items() if changes.get(key, 0) is not None}
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content))
        return str(path)

    return made


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The devices of the package's own data."""
    from whichgpu.hardware.catalogue import catalogue as load

    return load()


@pytest.fixture(scope="session")
def web() -> Iterator[TestClient]:
    """The web application, asked without a server."""
    from starlette.testclient import TestClient

    from whichgpu.web.app import create
    from whichgpu.web.settings import Settings

    with TestClient(create(Settings(rate=1e6, burst=10**6))) as client:
        yield client


@pytest.fixture(scope="session")
def _mother() -> Iterator[Mother]:
    from tests.forked import Mother

    one = Mother()
    yield one
    one.close()


@pytest.fixture
def forked(_mother: Mother, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are taken apart in children of a process that has PyTorch loaded."""
    from tests.forked import Forked
    from whichgpu.workloads.importers import _process

    monkeypatch.setattr(Forked, "mother", _mother, raising=False)
    names = {name: getattr(subprocess, name) for name in ("PIPE", "DEVNULL", "TimeoutExpired")}
    monkeypatch.setattr(_process, "subprocess", SimpleNamespace(Popen=Forked, **names))


#: Files with tests of a minute: begun first, so that none of them is alone at the end.
_LONG = ("test_bench_cpu", "test_calibration")


#: Of the thorough tests those that load what takes long to load: one file a line.
_THOROUGH = frozenset((Path(__file__).parent / "thorough.txt").read_text(encoding="utf-8").split())


#: Of a test with more cases than this every second is in ./test, where it does not say how many are.
_MANY = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="the thorough tests too, as ./test all does")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--thorough"):
        settings.load_profile("thorough")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = collection_path.relative_to(config.rootpath).as_posix() in _THOROUGH
    return True if named and not config.getoption("--thorough") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in _LONG)
    if config.getoption("--thorough"):
        return
    named = [item.nodeid.partition("[")[0] for item in items]
    many = Counter(named)
    cases: Counter[str] = Counter()
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item, case in zip(items, named, strict=True):
        mark = item.get_closest_marker("thorough")
        every = mark.kwargs.get("every", 0) if mark else 2 if many[case] > _MANY else 1
        (kept if every and cases[case] % every == 0 else left).append(item)
        cases[case] += 1
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_collection_finish() -> None:
    """What there is when tests begin is not looked through for what may be freed."""
    gc.collect()
    gc.freeze()
