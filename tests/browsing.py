"""What the tests of pages in a real browser share: the browser, and a server of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# The shell without a window takes half the processor time of the whole browser for the same pages.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="needs chromium: apt-get install chromium-headless-shell"
)


class Server(NamedTuple):
    """Where a server answers, and its process."""

    base: str
    pid: int


@contextmanager
def served() -> Iterator[Server]:
    """A server at a port that was free."""
    process = subprocess.Popen(
        [sys.executable, "-m", "whichgpu", "serve", "--port", "0", "--rate-limit", "1000"],
        text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert process.stderr is not None
    found = re.search(r"http://\S+(?=/ )", process.stderr.readline())
    assert found
    yield Server(found[0], process.pid)
    process.terminate()
    assert process.wait(40) == 0
    process.stderr.close()


@contextmanager
def opened() -> Iterator[Browser]:
    """The browser, which is closed behind its tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
