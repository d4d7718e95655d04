"""The terminal in colour, by rich; imported only when someone is looking."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from whichgpu.report.text import lines, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.progress import Progress

    from whichgpu.report.table import Block

_STYLES = {
    "heading": "bold cyan",
    "title": "bold",
    "header": "bold",
    "rule": "bright_black",
    "group": "cyan",
    "strong": "bold green",
    "note": "dim",
}
#: A task shorter than this many seconds shows no progress bar.
_PATIENCE = 1.0


def show(blocks: Iterable[Block], console: Console | None = None) -> None:
    """Draw the blocks: the lines of plain text, coloured by role, with drawn rules."""
    console = console or Console(highlight=False)
    drawn = console.encoding.lower().startswith("utf")
    for line in lines(blocks, console.width):
        text = line.text if drawn else plain(line)
        if drawn and line.role == "rule":
            text = text.translate({ord("-"): "─", ord("="): "─"})
        console.print(Text(text, style=_STYLES.get(line.role, "")), soft_wrap=True)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work that takes longer than a second; yields `advance(n)`.

    Nothing appears for shorter work, and nothing is left behind. Use `cli.options.progress`, which
    stays silent where stderr is no terminal and with `--json` or `--plain`.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    began, done = time.monotonic(), 0
    bar: Progress | None = None

    def advance(steps: int = 1) -> None:
        nonlocal bar, done
        done += steps
        if bar is None and time.monotonic() - began > _PATIENCE:
            columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            bar = Progress(*columns, console=Console(stderr=True), transient=True)
            bar.add_task(label, total=total)
            bar.start()
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()
