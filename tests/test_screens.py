"""Functions fit on a screen."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
#: Lines of a function from its name to its end; what decorates it, as options do a command, is apart.
SCREEN = 50


def functions(statements: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions among statements and within them; expressions, the most of a module, hold none."""
    for one in statements:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from functions(getattr(one, part, []))


def test_functions_fit_on_a_screen():
    texts = {module: module.read_text(encoding="utf-8") for module in (ROOT / "whichgpu").rglob("*.py")}
    longer = [
        f"{module.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for module, text in sorted(texts.items())
        if text.count("\n") >= SCREEN
        for node in functions(ast.parse(text).body)
        if node.end_lineno - node.lineno >= SCREEN
    ]
    assert longer == []


def test_functions_are_found_wherever_they_stand():
    text = "class A:\n def a(self):\n  if 1:\n   try: pass\n   except ValueError:\n    def b(): pass\n"
    assert [one.name for one in functions(ast.parse(text).body)] == ["a", "b"]
