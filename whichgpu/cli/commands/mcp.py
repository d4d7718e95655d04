"""Answer AI assistants: a server of the Model Context Protocol on standard input and output.

$ whichgpu mcp --list

An assistant starts `whichgpu mcp` itself: docs/mcp.md has the configuration. Its tools are recommend,
compare, fit, predict and audit. It needs pip install 'whichgpu[mcp]', fetches nothing and reads no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from whichgpu.cli.command import command

if TYPE_CHECKING:
    from whichgpu.report.table import Report


@command
@click.option("--list", "listed", is_flag=True, help="List the tools instead of serving them.")
def run(*, listed: bool) -> Report:
    """List the tools, or serve them until the input ends."""
    from whichgpu.cli.mcp_server import TOOLS, server
    from whichgpu.report.table import Report as Made
    from whichgpu.report.table import Table

    if listed:
        told = {tool.__name__: (tool.__doc__ or "").partition("\n")[0] for tool in TOOLS}
        return Made({"tools": told}, (Table.of("Tools", ("Name", "What it answers"), told.items()),))
    server().run("stdio")
    return Made({"tools": {}}, ())
