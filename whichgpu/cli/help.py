"""Help as click sets it out, without what that takes: `shutil`, and a wrapper for each line of a list.

Of the 167 million instructions of `--help` these were 30.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
from click import formatting

from whichgpu.report.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Click's own: the narrowest help, a terminal of unknown width, the narrowest column of meanings.
_NARROWEST, _UNKNOWN, _LEAST = 50, 80, 10


class Formatter(click.HelpFormatter):
    """What click makes of help, in the same words and lines, but that no word is broken at its hyphens."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        most = min(_columns(), max_width or _UNKNOWN) - 2
        super().__init__(
            indent_increment, width or formatting.FORCED_WIDTH or max(most, _NARROWEST), max_width
        )

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms and what they mean, in two columns."""
        pairs = list(rows)
        first = min(max(len(term) for term, _ in pairs), col_max) + col_spacing
        before = " " * self.current_indent
        for term, meaning in pairs:
            lines = wrap(meaning, max(self.width - first - 2, _LEAST))
            apart = len(term) > first - col_spacing
            shown = f"{before}{term}\n" if apart else f"{before}{term.ljust(first)}"
            margin = f"{before}{' ' * first}"
            self.write(f"{shown}{margin if apart else ''}{f'{chr(10)}{margin}'.join(lines)}\n")


class Context(click.Context):
    """What a command runs in; its help is set by `Formatter`."""

    formatter_class = Formatter


def _columns() -> int:
    """The columns of the terminal as `shutil` has them: `COLUMNS`, else what the terminal says, else 80."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or _UNKNOWN
    except (OSError, ValueError):
        return _UNKNOWN
