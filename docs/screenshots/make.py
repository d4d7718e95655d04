"""The pictures of the README: `python docs/screenshots/make.py` takes them of a server of its own, anew."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
#: Name, address, width, height, colours, and where the picture begins.
PICTURES = (
    ("which", "/?workload=stable-diffusion-1.5&target=1000+images/min", 1100, 900, "light", "#answer"),
    ("compare", "/compare/a10-vs-a100-80gb-pcie?workload=stable-diffusion-1.5", 1100, 760, "dark", "figure"),
    ("fit", "/fit?workload=llama-2-13b&gpu=a10", 360, 760, "light", "#answer"),
)


def main() -> None:
    """Serve, look, keep."""
    root = str(HERE.parent.parent)
    server = subprocess.Popen(
        [sys.executable, "-m", "whichgpu", "serve", "--port", "0"],
        text=True,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert server.stderr is not None
    found = re.search(r"http://\S+(?=/ )", server.stderr.readline())
    assert found
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, width, height, colours, begins in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
            page.goto(f"{found[0]}{path}", wait_until="networkidle")
            if begins:
                page.locator(begins).first.evaluate(
                    "one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 60)"
                )
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(400)
            page.screenshot(path=str(HERE / f"{name}.png"))
            page.close()
        browser.close()
    server.terminate()
    server.wait()


if __name__ == "__main__":
    main()
