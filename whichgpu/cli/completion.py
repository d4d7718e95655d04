"""What the shell is told of names: GPUs and frameworks, once `whichgpu completion bash` is in its start file.

A value passes as it was typed; that it names something is for the command to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _Name(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """Text of which the shell can be told the known beginnings."""

    name = "text"

    def known(self) -> list[str]:
        """Every name that it may be."""
        return []

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that go on from what is typed; behind a comma, of the last."""
        from click.shell_completion import CompletionItem

        before, comma, word = incomplete.rpartition(",")
        return [
            CompletionItem(before + comma + name) for name in self.known() if name.startswith(word.lower())
        ]


class GpuName(_Name):
    """The id of a GPU, or several with commas."""

    def known(self) -> list[str]:
        """Every GPU of the catalogue."""
        from whichgpu.hardware.catalogue import catalogue

        return sorted(catalogue())


class FrameworkName(_Name):
    """A framework of `data/software/`."""

    def known(self) -> list[str]:
        """Every framework."""
        from whichgpu.software.frameworks import frameworks

        return sorted(frameworks())
