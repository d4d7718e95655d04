"""The questions that the scenarios ask as commands, asked of the web's interface: the same answers."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from starlette.testclient import TestClient

from whichgpu.web.app import create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Options of the terminal, which a page has no use for.
_OF_THE_TERMINAL = {"limit", "why-not", "format"}


def _questions() -> list[str]:
    """Every whole question about a workload or a use that a scenario of this folder asks."""
    found = set()
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text.startswith("recommend ") and "{" not in text:
                found.add(text)
    return sorted(text for text in found if not text.endswith((" ", "--needs")))


def _query(question: str) -> list[tuple[str, str]]:
    """A question as the fields of a form."""
    _, workload, *words = shlex.split(question)
    fields = [("workload", workload)]
    while words:
        name, value = words.pop(0).removeprefix("--"), words.pop(0)
        if name not in _OF_THE_TERMINAL:
            fields.append((name.replace("-", "_"), value))
    return fields


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create()) as opened:
        yield opened


@pytest.mark.parametrize("question", _questions())
def test_the_web_answers_as_the_command_does(
    client: TestClient, whichgpu: Callable[..., Any], question: str
) -> None:
    told = client.get("/api/v1/recommend", params=_query(question))
    command = whichgpu(*shlex.split(question), "--json").json
    if "error" in command:
        assert told.status_code == 422
        assert told.json()["detail"] == command["error"]["message"]
        return
    assert told.status_code == 200, told.text
    best = [(one["gpu"], one.get("usd_per_hour")) for one in told.json()["candidates"][:5]]
    assert best == [(one["gpu"], one.get("usd_per_hour")) for one in command["candidates"][:5]]
