"""Print what makes a shell complete commands, options, GPUs and frameworks.

$ whichgpu completion bash

Put it where your shell starts:

- bash: eval "$(whichgpu completion bash)" in ~/.bashrc
- zsh: eval "$(whichgpu completion zsh)" in ~/.zshrc
- fish: whichgpu completion fish > ~/.config/fish/completions/whichgpu.fish
"""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from whichgpu.cli.command import command
from whichgpu.report.table import Report


@command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def run(shell: str) -> Report:
    """Print click's script for the shell; which version of it is here is not asked."""
    from whichgpu.cli.group import whichgpu

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    script = made(whichgpu, {}, "whichgpu", "_WHICHGPU_COMPLETE")
    text = script.source_template % script.source_vars()
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("as_json"):
        sys.stdout.write(text)  # as it stands: a line that is wrapped is no script
    return Report({"shell": shell, "script": text}, ())
