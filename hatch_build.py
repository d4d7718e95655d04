"""Build hook: the data files become one JSON a tree.

A wheel gets the JSON and none of the TOML and CSV, and its modules without comments and without what
private functions, classes and modules, and those behind the answers of the auditor, the planner, the cost
model and the bench, behind what is printed and behind the names of workloads, and pages, say of themselves:
that is for who changes them and stands in the repository and the source archive; lines keep their numbers.
Nor have these modules, which nobody imports by name, the imports that only type checkers read, nor their
functions the types of arguments and results: both would be compiled, and kept as text. A level is indented
by one space, and what stands in brackets by none; nothing is set behind commas and colons and around equals
signs.
An editable install gets the JSON beside its sources. Needs nothing but the standard library and the
package's own reader.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator


#: Packages whose answers are read and whose modules are not imported by name.
_BEHIND = (
    "whichgpu/audit/", "whichgpu/bench/", "whichgpu/cost/", "whichgpu/planner/", "whichgpu/report/",
    "whichgpu/software/", "whichgpu/prices/", "whichgpu/hardware/", "whichgpu/export/",
    "whichgpu/facts/", "whichgpu/workloads/",
)  # fmt: skip


class DataBundle(BuildHookInterface[Any]):
    """Writes the JSON with `whichgpu.facts.store`, taken from this folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        try:
            from whichgpu.facts import store
        finally:
            sys.path.remove(self.root)
        data = Path(self.root, "whichgpu", "data")
        if version == "editable":
            for tree in store.trees(data):
                store.load(tree, data)
            return
        self.folder = tempfile.TemporaryDirectory()
        store.ship(data, Path(self.folder.name))
        build_data["force_include"][self.folder.name] = "whichgpu/data/bundle"
        self.code = tempfile.TemporaryDirectory()
        for module in sorted(Path(self.root, "whichgpu").rglob("*.py")):
            place = module.relative_to(self.root)
            bare = Path(self.code.name, place)
            bare.parent.mkdir(parents=True, exist_ok=True)
            code = as_shipped(
                module.read_text(encoding="utf-8"), within=is_within(place), untyped=is_behind(place)
            )
            bare.write_text(code, encoding="utf-8")
            build_data["force_include"][str(bare)] = place.as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()
            self.code.cleanup()


#: Pages and what they and commands are made with; the API tells its users what its models and answers say
#: of themselves.
_PAGES, _TOLD = (
    ("whichgpu/web", "whichgpu/web/pages", "whichgpu/cli"),
    ("resource.py", "problems.py", "settings.py", "mcp_server.py", "__init__.py"),
)


def is_within(place: Path) -> bool:
    """Whether nobody imports a module by name: a private one, a page, one of `_BEHIND`."""
    private = any(part.startswith("_") and not part.startswith("__") for part in place.parts)
    page = place.parent.as_posix() in _PAGES and place.name not in _TOLD
    return private or page or is_behind(place)


def is_behind(place: Path) -> bool:
    """Whether a module is behind an answer of `_BEHIND`."""
    named = ("__init__.py", "answer.py", "answers.py")
    return f"{place.parent.as_posix()}/".startswith(_BEHIND) and place.name not in named


def as_shipped(code: str, *, within: bool = False, untyped: bool = False) -> str:
    """A module's code with nothing where its comments and its private docstrings were, or all if `within`.

    Nor is anything left then of what only type checkers read, and if `untyped` of the types of functions.
    """
    # By line feeds alone, as rows are counted: a literal may hold another mark that ends a line elsewhere.
    lines = code.split("\n")
    spare, literal, bracketed = layout(code)
    tree = ast.parse(code)
    types = types_of_functions(tree, lines) if untyped else ()
    cut(lines, [*spare, *types])
    checked = for_checkers(tree) if within else ()
    for said in (*private_docstrings(tree, every=within), *checked):
        first, last = said.lineno - 1, said.end_lineno or said.lineno
        lines[first:last] = [""] * (last - first)
    return "\n".join(
        line if row in literal else line.lstrip(" ") if row in bracketed else less_indented(line)
        for row, line in enumerate(lines, 1)
    )


#: What tells how a module is laid out: its literals, comments, brackets and ends of lines, and the blanks
#: that the formatter sets behind commas and colons and around `=`.
_PIECES = re.compile(
    # No literal begins with so many letters: words are passed over as a whole.
    r"""(?P<word>\w{3,})|(?P<literal>(?:\b[a-zA-Z]{1,2})?(?:
        \"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
      |(?P<comment>[ ]*\#[^\n]*)|(?P<end>\n)|(?P<open>[(\[{])|(?P<close>[)\]}])
      |(?P<spare>(?:(?<=[,:])|(?<=[^=!<>:+*/%&|^@-]=))[ ]+(?=[^\s\#\\])|[ ]+(?==[^=]))""",
    re.VERBOSE | re.DOTALL,
)


def layout(code: str) -> tuple[list[tuple[int, int, int]], set[int], set[int]]:
    """Row, start and end of what says nothing; the rows that begin inside a literal; those inside brackets.

    What says nothing are comments with the blanks before them, and the blanks of `_PIECES`. In Python
    3.11 formatted literals hold no quotes of their own kind. `tokenize` tells it too, in three times as long.
    """
    spare: list[tuple[int, int, int]] = []
    literal: set[int] = set()
    bracketed: set[int] = set()
    row, begin, depth = 1, 0, 0
    for piece in _PIECES.finditer(code):
        kind = piece.lastgroup
        if kind in ("comment", "spare"):
            spare.append((row, piece.start() - begin, piece.end() - begin))
        elif kind == "end":
            row, begin = row + 1, piece.end()
            if depth:
                bracketed.add(row)
        elif kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif more := piece[0].count("\n"):
            literal.update(range(row + 1, row + more + 1))
            row, begin = row + more, code.rindex("\n", begin, piece.end()) + 1
    return spare, literal, bracketed


def cut(lines: list[str], parts: list[tuple[int, int, int]]) -> None:
    """Take parts out of lines: row, first and last place of each; they may overlap."""
    reached: dict[int, int] = {}
    for row, start, end in sorted(parts, key=lambda part: (part[0], part[2]), reverse=True):
        line, stop = lines[row - 1], min(end, reached.get(row, end))
        if start < stop:
            lines[row - 1] = line[:start] + line[stop:]
            reached[row] = start


def less_indented(line: str) -> str:
    """A line with one space where the formatter put four: a tenth of the code is its indentation."""
    bare = line.lstrip(" ")
    return " " * ((len(line) - len(bare)) // 4) + bare


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """A module and its statements, those within others too; none of what is in expressions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for part in ("body", "orelse", "handlers", "finalbody", "cases"):
            waiting += getattr(node, part, ())


def types_of_functions(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """Row, start and end of each type of an argument or a result that stands on one line.

    Those of functions that are registered by what they take (`singledispatch`) are read when they run.
    """
    for node in statements(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if any(ast.unparse(one).partition("(")[0].endswith(".register") for one in node.decorator_list):
            continue
        known = node.args
        for one in (*known.posonlyargs, *known.args, *known.kwonlyargs, known.vararg, known.kwarg):
            if one is not None and one.annotation is not None and one.lineno == one.end_lineno:
                line = lines[one.lineno - 1].encode()
                start = one.col_offset + len(one.arg.encode())
                yield one.lineno, *(len(line[:at].decode()) for at in (start, one.end_col_offset or 0))
        said = node.returns
        if said is not None and said.lineno == said.end_lineno:
            line = lines[said.lineno - 1].encode()
            start = line[: said.col_offset].rfind(b"->")
            if start >= 0:
                yield said.lineno, *(len(line[:at].decode()) for at in (start, said.end_col_offset or 0))


def for_checkers(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module that run under `TYPE_CHECKING` alone: nowhere but in a type checker."""
    for node in tree.body:
        if isinstance(node, ast.If) and not node.orelse and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def private_docstrings(tree: ast.Module, *, every: bool = False) -> Iterator[ast.stmt]:
    """The docstrings of what is called `_so`, or `every` one, but for those that are all of their body."""
    for node in statements(tree):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        name = "" if isinstance(node, ast.Module) else node.name
        private = every or (name.startswith("_") and not name.endswith("__"))
        if private and len(node.body) > 1 and ast.get_docstring(node) is not None:
            yield node.body[0]
