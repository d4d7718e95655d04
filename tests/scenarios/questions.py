"""The questions of the scenarios as they are typed, read off the tests that ask them."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a command asks, as the page and the resource that answer it, and the field that its argument is.
DOORS = {
    "recommend": ("/", "recommend", "workload"),
    "fit": ("/fit", "fit", "workload"),
    "predict": ("/predict", "predict", "workload"),
    "compat": ("/compat", "compat", "gpu"),
    "prices cost": ("/cost", "cost", "workload"),
    "prices own": ("/own", "own", "gpu"),
    "prices spot": ("/spot", "spot", "gpu"),
    "prices judge": ("/judge", "judge", "quote"),
}
#: Options of the terminal, which a page has no use for.
_OF_THE_TERMINAL = {"limit", "why-not", "format"}
_NUMBERED = re.compile(r"^# (\d+)\. ", re.MULTILINE)


class Question(NamedTuple):
    """A question with the number of its scenario, 0 where it has none."""

    number: int
    line: str

    @property
    def door(self) -> tuple[str, str, str]:
        """The page and the resource that answer it, and the field of what it is about."""
        return DOORS[self._words()[0]]

    def fields(self) -> list[tuple[str, str]]:
        """It as the fields of a form."""
        _, about, *words = self._words()
        given = [(self.door[2], about)]
        while words:
            name, value = words.pop(0).removeprefix("--"), words.pop(0)
            if name not in _OF_THE_TERMINAL:
                given.append((name.replace("-", "_"), value))
        return given

    def _words(self) -> list[str]:
        words = shlex.split(self.line)
        return [" ".join(words[:2]), *words[2:]] if words[0] == "prices" else words


def numbers() -> set[int]:
    """Of every scenario."""
    return {int(found) for path in _files() for found in _NUMBERED.findall(path.read_text(encoding="utf-8"))}


def asked() -> list[Question]:
    """Every question whose words are known without asking another one first, by its number."""
    found = {tuple(one.fields()): one for path in _files() for one in _of(path)}
    return sorted(found.values())


def _files() -> list[Path]:
    names = ("cards", "money", "serving", "training")
    return [Path(__file__).parent / f"test_{name}.py" for name in names]


def _of(path: Path) -> Iterator[Question]:
    """The questions of a file: what stands in `ask(..)`, with the constants that it is made of."""
    text = path.read_text(encoding="utf-8")
    starts = [(text.count("\n", 0, found.start()), int(found[1])) for found in _NUMBERED.finditer(text)]
    module = dict(vars(import_module(f"{__package__}.{path.stem}"))) | {"offers": _list}
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        known = dict(module)
        number = max(((line, n) for line, n in starts if line < function.lineno), default=(0, 0))[1]
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = _value(node.value, known)
                known |= {} if value is None else {node.targets[0].id: value}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ask":
                line = _value(node.args[0], known)
                if isinstance(line, str):
                    yield Question(number, line)


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    """What an expression comes to; None where it hangs on an answer."""
    if any(isinstance(one, ast.Name) and one.id in ("ask", "_asked", "told") for one in ast.walk(node)):
        return None
    try:
        return eval(compile(ast.Expression(node), "", "eval"), known)
    except Exception:
        return None


def _list(*rows: Sequence[Any]) -> str:
    """A price list of one's own as the field of a form has it."""
    lines = [f"{row[3] if len(row) > 3 else 'acme'},{row[0]},{row[1]},{row[2]}" for row in rows]
    return f"--offers {shlex.quote(chr(10).join(('provider,gpu,gpu_count,usd_per_hour', *lines)))}"
