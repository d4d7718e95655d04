"""What the tests share: the command line run in this process, and a quiet environment."""

from __future__ import annotations

import gc
import json
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import settings

from whichgpu.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.forked import Mother
    from whichgpu.hardware.catalogue import Catalogue


# The catalogue, PyTorch and ten thousand tests stay as long as the process: to pass over them again and again
# for what may be freed took a tenth of the time of all tests.
gc.set_threshold(20_000, 20, 20)

# How long an example takes says nothing of whether it holds; a commit passes or fails each time it is tested.
settings.register_profile("untimed", deadline=None, derandomize=True)
settings.load_profile("untimed")


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


#: Files left out of `./test quick`: the zoo model by model, fits, whole answers and pages, and whatever
#: starts processes.
_SLOW = (
    "test_against_torch", "test_calibration", "test_cli_commands", "test_compare", "test_compare_kinds",
    "test_compare_pages", "test_conflicts", "test_constraints",
    "test_counts", "test_diagnose", "test_diffusion", "test_energy", "test_export",
    "test_export_by_tools", "test_extensions",
    "test_finetuning", "test_fit", "test_fleet", "test_frames", "test_import_assembled", "test_import_fuzz",
    "test_import_onnx", "test_import_onnx_awkward", "test_import_onnx_runtime", "test_import_torch",
    "test_import_torch_awkward", "test_jobs", "test_keeping", "test_language",
    "test_language_cache", "test_language_layers", "test_machine",
    "test_memory", "test_on_the_web", "test_pages", "test_price_store", "test_prices", "test_prices_command",
    "test_published", "test_quotes", "test_recommend", "test_report", "test_scaling", "test_scoreboard",
    "test_serve_load", "test_serving_command", "test_vision", "test_vision_torch", "test_web_api",
    "test_web_pages", "test_web_sent", "test_workloads", "test_zoo_encoders", "test_zoo_mobile",
    "test_zoo_other", "test_zoo_other_torch", "test_zoo_segmentation", "test_zoo_timm",
)  # fmt: skip


#: Files with tests of a minute: begun first, so that none of them is alone at the end.
_LONG = ("test_bench_cpu", "test_calibration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in _LONG)
    for item in items:
        if item.path.stem in _SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """What there is when tests begin is not looked through for what may be freed."""
    gc.collect()
    gc.freeze()
