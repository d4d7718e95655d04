"""The documents hold: every command is on its page as it is, and the examples run.

`python tests/test_docs.py` writes docs/cli.md anew.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from whichgpu.cli import group, main

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "cli.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = sorted((ROOT / "whichgpu" / "cli" / "commands").glob("[!_]*.py"))
EXAMPLE = re.compile(r"^\s*(?:\$ |bin/)whichgpu (.+?)(?:\s+# exit (\d))?(?:\s+#.*)?$", re.MULTILINE)
INTRODUCTION = """\
# Commands

This page is made from the commands' own help (`python tests/test_docs.py`); a test keeps it so.

Every command takes `--json` (one JSON document on stdout, numbers in SI units, with `schema_version`), `--plain` (no
colour, no drawn lines; also what a pipe gets), `--debug` and `-h`; `NO_COLOR` is honoured. Messages go to stderr.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | internal error: run again with `--debug` and report it |
| 2 | wrong use: an unknown name, a quantity without a unit; the line says what to type |
| 3 | infeasible, or does not fit; the line says what binds and the smallest relaxation that works |
| 4 | data missing, stale or wrong |

With `--json` an error is a document too: `{"schema_version": 1, "error": {"message": "...", "exit_code": 2}}`.

`WHICHGPU_DATA` may name a folder laid out as `whichgpu/data/`: its `gpus/*.toml`, `workloads/*.toml`, `prices/*.csv` and
`sources.toml` come on top of what ships. For GPUs alone, `--gpu-file` is enough.
"""


def page() -> str:
    """docs/cli.md as it should be."""
    sections = [f"## whichgpu {name}\n\n```text\n{usage(name)}\n```\n" for name in group.names()]
    return "\n".join([INTRODUCTION, *sections])


def usage(name: str) -> str:
    """A command's help as it stands in a terminal of 100 columns."""
    parent = click.Context(group.whichgpu, info_name="whichgpu", max_content_width=100, terminal_width=100)
    command = group.whichgpu.get_command(parent, name)
    assert command is not None
    help_text = command.get_help(click.Context(command, parent, info_name=name))
    return "\n".join(line.rstrip() for line in help_text.splitlines())


def test_the_page_of_commands_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/test_docs.py"


def examples() -> list[tuple[str, int]]:
    """Every `$ whichgpu ...` of the documents and of the commands' help, with its exit status."""
    texts = [path.read_text(encoding="utf-8") for path in (*PAGES, *COMMANDS)]
    found = {match[1]: int(match[2] or 0) for text in texts for match in EXAMPLE.finditer(text)}
    return sorted(found.items())


@pytest.mark.parametrize(("line", "status"), examples())
def test_examples_run(line, status, capfd):
    assert main(shlex.split(line)) == status
    said = capfd.readouterr()
    assert said.out
    assert (said.err == "") == (status == 0)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
