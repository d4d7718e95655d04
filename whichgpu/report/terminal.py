"""The terminal in colour; imported only when someone is looking."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from whichgpu.report.text import lines, plain
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TextIO

    from whichgpu.report.table import Block
    from whichgpu.report.text import Line

_STYLES: Mapping[str, Mapping[str, Any]] = {
    "heading": {"bold": True, "fg": "cyan"},
    "title": {"bold": True},
    "header": {"bold": True},
    "rule": {"fg": "bright_black"},
    "group": {"fg": "cyan"},
    "strong": {"bold": True, "fg": "green"},
    "note": {"dim": True},
}
#: A task shorter than this many seconds shows no progress bar, which is drawn again no sooner than the other.
_PATIENCE, _AGAIN = 1.0, 0.1
#: Columns of a bar; what clears its line.
_BAR, _CLEARED = 40, "\r\x1b[K"


def show(blocks: Iterable[Block], width: int, file: TextIO | None = None) -> None:
    """Draw the blocks: the lines of plain text, coloured by role, with drawn rules.

    What is no terminal gets no colours.
    """
    file = sys.stdout if file is None else file
    drawn = (file.encoding or "utf-8").lower().startswith("utf")
    styled = os.environ.get("TERM", "").strip().lower() not in ("dumb", "unknown")
    text = "".join(f"{_painted(line, drawn=drawn, styled=styled)}\n" for line in lines(blocks, width))
    click.echo(text, file=file, nl=False)


def _painted(line: Line, *, drawn: bool, styled: bool) -> str:
    """A line in the style of its role, without its colour where `NO_COLOR` is set."""
    text = line.text if drawn else plain(line)
    if drawn and line.role == "rule":
        text = text.translate({ord("-"): "─", ord("="): "─"})
    style = dict(_STYLES.get(line.role, {}))
    if os.environ.get("NO_COLOR"):
        style.pop("fg", None)
    return click.style(text, **style) if text and style and styled else text


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work that takes longer than a second; yields `advance(n)`.

    Nothing appears for shorter work, and nothing is left behind. Use `cli.options.progress`, which
    stays silent where stderr is no terminal and with `--json` or `--plain`.
    """
    began, done, drawn = time.monotonic(), 0, 0.0

    def advance(steps: int = 1) -> None:
        nonlocal done, drawn
        done += steps
        now = time.monotonic()
        if now - began > _PATIENCE and now - drawn > _AGAIN:
            drawn = now
            bar = _bar(label, done, total, now - began)[: get_terminal_size().columns - 1]
            click.echo(f"{_CLEARED}{bar}", file=sys.stderr, nl=False)

    try:
        yield advance
    finally:
        if drawn:
            click.echo(_CLEARED, file=sys.stderr, nl=False)


def _bar(label: str, done: int, total: int | None, spent: float) -> str:
    """How many of how many are done, the time that the rest will take, and so much of a bar."""
    if not total:
        return f"{label} {done}/?"
    left = round(spent / done * max(total - done, 0)) if done else 0
    clock = f"{int(left // HOUR)}:{int(left % HOUR // MINUTE):02d}:{int(left % MINUTE):02d}"
    mark = "━" if (sys.stderr.encoding or "").lower().startswith("utf") else "="
    return f"{label} {done}/{total} {clock} {mark * (min(done, total) * _BAR // total)}"
