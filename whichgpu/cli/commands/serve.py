"""Serve the web application and the REST API from this machine.

$ whichgpu serve
$ whichgpu serve --port 8080 --host 0.0.0.0

It needs the extra web (pip install 'whichgpu[web]'), no network, and keeps nothing on disk. Only this machine
reaches it unless --host says otherwise; it has no accounts, so put what has them before it.
"""

from __future__ import annotations

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import Finite
from whichgpu.report.table import Report


@command
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where it listens.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="N",
              help="0 takes one that is free.")  # fmt: skip
@click.option("--rate-limit", type=Finite(min=0.1), default=60.0, show_default=True, metavar="N",
              help="Questions of one client that are worked out per second.")  # fmt: skip
@click.option("--log", "logged", is_flag=True, help="A line for each request.")
def run(*, host: str, port: int, rate_limit: float, logged: bool) -> Report:
    """Listen until told to end."""
    from importlib.util import find_spec

    from whichgpu.errors import UsageError

    missing = [
        name for name in ("fastapi", "uvicorn", "jinja2", "altair", "vl_convert") if find_spec(name) is None
    ]
    if missing:
        raise UsageError(f"serve needs {', '.join(missing)}: pip install 'whichgpu[web]'")
    # The web stands beside the command line, not below it: found by its name.
    from importlib import import_module

    settings = import_module("whichgpu.web.settings").Settings(rate=rate_limit, burst=int(2 * rate_limit) + 1)
    import_module("whichgpu.web.serving").serve(host, port, settings, logged=logged)
    return Report({"host": host, "port": port, "ended": True}, ())
