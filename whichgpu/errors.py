"""The errors a user can meet: what is wrong, where, both values, what to type next.

Each carries the exit status of the command line (docs/design.md, "Commands"). Anything that is
not a `WhichGpuError` is a defect of the program and exits 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ENDLESS = ("zero", "full", "random", "urandom")


class WhichGpuError(Exception):
    """A fault that the user can mend; its text is one line that says how."""

    exit_code = 1


class UsageError(WhichGpuError):
    """Wrong use: an unknown name, a quantity without a unit, a precision the GPU does not have."""

    exit_code = 2


class SomeRefused(UsageError):
    """Wrong use in some jobs of a sweep: `whys` are their reasons by place, empty where there is none.

    One reason alone is of all jobs.
    """

    def __init__(self, text: str, whys: list[str]) -> None:
        super().__init__(text)
        self.whys = whys


class UnknownName(UsageError):
    """A name that is nothing's, or several things'; the text lists the nearest, or the candidates."""


class OpenName(UnknownName):
    """A name that several things have: `name` as it was typed, and one of them to type in its place."""

    def __init__(self, name: str, listed: str, instead: str) -> None:
        super().__init__(f"'{name}' may be {listed}; say which")
        self.name, self.instead = name, instead


class Infeasible(WhichGpuError):
    """No answer exists under the constraints; the text names the binding one and the smallest relaxation."""

    exit_code = 3


class DataError(WhichGpuError):
    """Facts are missing, stale or malformed."""

    exit_code = 4


def one_line(text: object) -> str:
    """Fold any text to one line, so that a message never breaks a log, a table or the terminal."""
    return printable(" ".join(str(text).split()))


def printable(text: str) -> str:
    """The text with `?` for what a terminal would take as a command, from files and code of others."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def refuse_endless(path: Path) -> None:
    """Raise `UsageError` for a device that gives bytes without an end, which would fill the memory."""
    if path.is_char_device() and path.resolve().name in _ENDLESS:
        raise UsageError(f"{path}: is a device that never ends; name a file")
