"""The questions of the scenarios as they are typed, read off the tests that ask them."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
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


@cache
def asked() -> tuple[Question, ...]:
    """Every question whose words are known without asking another one first, by its number."""
    found = {tuple(one.fields()): one for path in _files() for one in _of(path)}
    return tuple(sorted(found.values()))


def _files() -> list[Path]:
    names = ("cards", "money", "serving", "training")
    return [Path(__file__).parent / f"test_{name}.py" for name in names]


def _of(path: Path) -> Iterator[Question]:
    """The questions of a file: what stands in `ask(..)`, with the constants that it is made of."""
    text = path.read_text(encoding="utf-8")
    starts = [(text.count("\n", 0, found.start()), int(found[1])) for found in _NUMBERED.finditer(text)]
    module = dict(vars(import_module(f"{__package__}.{path.stem}"))) | {"offers": _list}
    for function, line in lines(text, module):
        number = max(((at, n) for at, n in starts if at < function.lineno), default=(0, 0))[1]
        yield Question(number, line)


def lines(text: str, module: dict[str, Any]) -> Iterator[tuple[ast.FunctionDef, str]]:
    """The questions of each test of a module; raises what one raises whose words cannot be worked out.

    A question that is made of an answer (what `ask` gave, or a fixture) is none that can be asked alone.
    """
    functions = {one.name: one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)}
    for name, function in functions.items():
        if name.startswith("test_"):
            reader = _Reader(dict(module), set(_FIXTURES), functions)
            yield from ((function, line) for part in function.body for line in reader.read(part))


#: Fixtures: what is made of them is not known beforehand; `offers` is, as a list in the line itself.
_FIXTURES = ("ask", "facts", "whichgpu", "tmp_path", "monkeypatch")
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class _Reader(NamedTuple):
    """What is known at a place of a test, the names that hang on an answer, and the functions of its file."""

    known: dict[str, Any]
    hanging: set[str]
    functions: dict[str, ast.FunctionDef]

    def read(self, node: ast.AST) -> Iterator[str]:
        """The questions that a statement or expression asks."""
        if isinstance(node, _Comprehension):
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            yield from self._each(node.generators, parts)
            return
        if isinstance(node, ast.For):
            yield from self._each([node], node.body)
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from self._called(node, node.func.id)
        for child in ast.iter_child_nodes(node):
            yield from self.read(child)
        if isinstance(node, ast.Assign):
            self._bind(node.targets[0], node.value)

    def _called(self, node: ast.Call, name: str) -> Iterator[str]:
        """The question of `ask(..)`, and those of a function of the file that asks."""
        if name == "ask":
            if not self._hangs(node.args[0]):
                yield self._value(node.args[0])
            return
        function = self.functions.get(name)
        if function is None or function.args.args[0].arg != "ask":
            return
        names = [one.arg for one in function.args.args[1:]]
        given = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        given |= dict(zip(names, node.args[1:], strict=False))
        inner = self._replace(known=dict(self.known), hanging=set(self.hanging))
        for one, value in given.items():
            if self._hangs(value):
                inner.hanging.add(one)
            else:
                inner.known[one] = self._value(value)
        for part in function.body:
            yield from inner.read(part)

    def _each(self, loops: Sequence[Any], body: Sequence[ast.AST]) -> Iterator[str]:
        """The questions of a body for each value of the loops around it."""
        if not loops:
            for part in body:
                yield from self.read(part)
            return
        first, *rest = loops
        yield from self.read(first.iter)
        if self._hangs(first.iter):
            inner = self._replace(hanging=self.hanging | _names(first.target))
            yield from inner._each(rest, body)
            return
        for value in self._value(first.iter):
            inner = self._replace(known=dict(self.known), hanging=set(self.hanging))
            inner._set(first.target, value)
            yield from inner._each(rest, body)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if self._hangs(value):
            self.hanging.update(_names(target))
        else:
            self._set(target, self._value(value))

    def _set(self, target: ast.expr, value: Any) -> None:
        """A name, or several, from now on."""
        if isinstance(target, ast.Name):
            self.hanging.discard(target.id)
            self.known[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for one, part in zip(target.elts, value, strict=True):
                self._set(one, part)

    def _hangs(self, node: ast.expr) -> bool:
        asking = {
            name for name, one in self.functions.items() if [arg.arg for arg in one.args.args[:1]] == ["ask"]
        }
        return bool(_names(node) & (self.hanging | asking))

    def _value(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "", "eval"), self.known)


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _list(*rows: Sequence[Any]) -> str:
    """A price list of one's own as the field of a form has it."""
    lines = [f"{row[3] if len(row) > 3 else 'acme'},{row[0]},{row[1]},{row[2]}" for row in rows]
    return f"--offers {shlex.quote(chr(10).join(('provider,gpu,gpu_count,usd_per_hour', *lines)))}"
