"""What the tests share: the command line run in this process, and a quiet environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from whichgpu.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable


class Answer(NamedTuple):
    """What a command line gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "WHICHGPU_DATA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def whichgpu(capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command line: `whichgpu("show", "l4")`."""

    def run(*arguments: str) -> Answer:
        status = main(arguments)
        return Answer(status, *capfd.readouterr())

    return run
