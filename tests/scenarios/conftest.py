"""What the scenarios share: a question asked through the command line.

And facts to hold the answer against.
"""

from __future__ import annotations

import shlex
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from whichgpu.hardware.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from whichgpu.hardware.catalogue import Catalogue


class Told(NamedTuple):
    """How a command line ended, and what it answered."""

    status: int
    data: Any
    err: str

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The candidates, best first; none where nothing holds."""
        found: list[dict[str, Any]] = self.data["candidates"]
        return found

    @property
    def first(self) -> dict[str, Any]:
        """The best candidate."""
        assert self.status == 0, self.err
        return self.candidates[0]

    @property
    def gpus(self) -> list[str]:
        """The GPUs of the candidates, best first."""
        return [one["gpu"] for one in self.candidates]

    def why_not(self, gpu: str) -> str:
        """The reason why a GPU is not among them."""
        return str(next(one["why"] for one in self.data["rejected"] if one["gpu"] == gpu))


class Day(date):
    """The day on which the questions are asked: prices that ship grow old, and old ones are not judged."""

    @classmethod
    def today(cls) -> Day:
        """That of the scenarios."""
        return cls(2026, 11, 20)


@pytest.fixture(autouse=True)
def on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("recommend", "prices_cost", "prices_judge", "prices_own", "prices_spot"):
        monkeypatch.setattr(import_module(f"whichgpu.cli.commands.{name}"), "date", Day)


@pytest.fixture
def ask(whichgpu: Any) -> Callable[[str], Told]:
    """Ask a question as it is typed: `ask("recommend resnet50 --gpus l4")`."""

    def run(line: str) -> Told:
        answer = whichgpu(*shlex.split(line), "--json")
        assert "Traceback" not in answer.err
        return Told(answer.status, answer.json, answer.err)

    return run


@pytest.fixture
def offers(tmp_path: Path) -> Callable[..., str]:
    """A price list of one's own, so that an answer does not depend on what ships: GPU, number, USD/h."""

    def write(*rows: Sequence[Any]) -> str:
        path = tmp_path / "offers.csv"
        lines = [f"{row[3] if len(row) > 3 else 'acme'},{row[0]},{row[1]},{row[2]}" for row in rows]
        path.write_text("provider,gpu,gpu_count,usd_per_hour\n" + "\n".join(lines) + "\n")
        return f"--offers {shlex.quote(str(path))}"

    return write


@pytest.fixture(scope="session")
def facts() -> Catalogue:
    """The catalogue of GPUs."""
    return catalogue()
