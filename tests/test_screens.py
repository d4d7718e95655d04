"""Functions fit on a screen."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Lines of a function from its name to its end; what decorates it, as options do a command, is apart.
SCREEN = 50


def test_functions_fit_on_a_screen():
    longer = [
        f"{module.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for module in sorted((ROOT / "whichgpu").rglob("*.py"))
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= SCREEN
    ]
    assert longer == []
