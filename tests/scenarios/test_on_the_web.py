"""The questions that the scenarios ask as commands, asked of the web's interface: the same answers."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from starlette.testclient import TestClient

from whichgpu.web.app import create
from whichgpu.web.settings import Settings

from .conftest import Day
from .questions import Question, asked, lines, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def on_the_same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("money", "ranking"):
        monkeypatch.setattr(import_module(f"whichgpu.web.answers.{name}"), "date", Day)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create(Settings(rate=1e6, burst=10**6))) as opened:
        yield opened


def test_every_scenario_has_a_question() -> None:
    assert numbers() == set(range(1, max(numbers()) + 1))
    assert {one.number for one in asked()} - {0} == numbers()


def test_a_question_is_read_off_or_is_said_to_be_unreadable() -> None:
    """Loops and functions are followed, what hangs on an answer is left out, what cannot be read raised."""
    test = """
def _of(ask, gpu, more=SIZE):
    return ask(f"recommend {gpu} {more}")

def test_it(ask, facts):
    for name in ("a", "b"):
        first = ask(f"fit {name}")
        ask(f"fit {first.gpus[0]}")
    both = [_of(ask, name) for name in ("c", "d")]
    _of(ask, both[0], "")
"""
    read = [line for _, line in lines(test, {"SIZE": "--epochs 1"})]
    assert read == ["fit a", "fit b", "recommend c --epochs 1", "recommend d --epochs 1"]
    with pytest.raises(NameError, match="SIZE"):
        list(lines(test, {}))


def test_every_question_has_its_places_in_a_form(client: TestClient) -> None:
    """Somebody who has only the page finds a label for all that a question states, and what it may be."""
    forms = {path: client.get(path).text for path in {one.door[0] for one in asked()}}
    for question in asked():
        form = forms[question.door[0]]
        for name, value in question.fields():
            assert re.search(rf'<label for="f-{name}">\s*\w', form), f"{question.line}: no label of {name}"
            chosen = re.search(rf'<select id="f-{name}".*?</select>', form, re.DOTALL)
            assert chosen is None or f">{value}<" in chosen[0], f"{question.line}: {name} has no {value}"


@pytest.mark.parametrize("question", asked(), ids=lambda one: f"{one.number}-{one.line[:60]}")
@pytest.mark.thorough(every=6)
def test_the_web_answers_as_the_command_does(
    client: TestClient, whichgpu: Callable[..., Any], tmp_path: Path, question: Question
) -> None:
    told = client.get(f"/api/v1/{question.door[1]}", params=question.fields())
    command = whichgpu(*_typed(question, tmp_path), "--json").json
    if "error" in command:
        assert told.status_code == 422
        assert told.json()["detail"] == command["error"]["message"]
        return
    assert told.status_code == 200, told.text
    if "candidates" in command:
        best = [(one["gpu"], one.get("usd_per_hour")) for one in told.json()["candidates"][:5]]
        assert best == [(one["gpu"], one.get("usd_per_hour")) for one in command["candidates"][:5]]
        return
    assert told.json() == command


def _typed(question: Question, folder: Path) -> list[str]:
    """The question as a command has it: a price list is a file."""
    words = shlex.split(question.line)
    if "--offers" in words:
        at = words.index("--offers") + 1
        (folder / "offers.csv").write_text(words[at])
        words[at] = str(folder / "offers.csv")
    return words
