"""A document to keep: what a command wrote, with the command that makes it again and its sources added.

It stands by itself: nothing in it is fetched from anywhere. A PDF is printed by the Chromium of the system.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu import __version__
from whichgpu.errors import DataError, UsageError, one_line
from whichgpu.facts import store
from whichgpu.report.table import Reference, References

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

#: Bytes of the largest document, and seconds that printing may take.
LARGEST, _PATIENCE = 2_000_000, 90
#: Kinds of files by their ending, and the form of the text that each is made of.
FORMS = {".html": "html", ".htm": "html", ".md": "md", ".markdown": "md", ".pdf": "html"}
_BROWSERS = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "chrome",
)  # fmt: skip
#: What the cost model's figures rest on, where an answer has any.
_MODEL = Reference(
    "The cost model of whichgpu: rooflines fitted to published measurements",
    "", "its errors: whichgpu validate",
)  # fmt: skip


def form_of(path: Path) -> str:
    """The form of a file by its ending; raises `UsageError` for one that cannot be made."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        stated = f"'{path.suffix}'" if path.suffix else "no ending"
        raise UsageError(
            f"{path}: a report is .html, .md or .pdf, and this has {stated}; use {path.stem}.html"
        )
    if path.suffix.lower() == ".pdf" and _browser() is None:
        raise UsageError(
            f"{path}: a PDF is printed by Chromium, and none is installed; use {path.stem}.html, which "
            f"prints well from any browser"
        )
    return form


def whole(text: str, form: str, command: str, data: Mapping[str, Any], today: date) -> str:
    """The document with how it was made and its sources; raises `UsageError` where it is too large."""
    cited = References(tuple(_sources(data)))
    made = f"Made by whichgpu {__version__} on {today.isoformat()}. To make it again:"
    added = _html(made, command, cited) if form == "html" else _markdown(made, command, cited)
    at = text.rfind("</main>") if form == "html" else -1
    found = f"{text[:at]}{added}{text[at:]}" if at >= 0 else f"{text.rstrip()}\n\n{added}"
    size = len(found.encode())
    if size > LARGEST:
        raise UsageError(
            f"the report is {size / 1e6:.1f} MB, and at most {LARGEST / 1e6:.0f} MB are kept in one; ask for "
            f"less of it, or take the data with --json"
        )
    return found


def _html(made: str, command: str, cited: References) -> str:
    items = "".join(
        f"<li>{_link(one)}{f' ({escape(one.detail)})' if one.detail else ''}</li>" for one in cited.items
    )
    listed = f'<ol class="refs">{items}</ol>\n' if items else ""
    style = "white-space:pre-wrap;overflow-wrap:anywhere"
    return (
        f'<section><h2 id="made">How this was made</h2>\n<p>{escape(made)}</p>\n'
        f'<pre style="{style}"><code>{escape(command)}</code></pre>\n{listed}</section>\n'
    )


def _link(one: Reference) -> str:
    return f'<a href="{escape(one.url)}">{escape(one.title)}</a>' if one.url else escape(one.title)


def _markdown(made: str, command: str, cited: References) -> str:
    parts = ["## How this was made", made, f"```sh\n{command}\n```", "\n".join(cited.lines())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sources(data: Mapping[str, Any]) -> Iterator[Reference]:
    """Every source that an answer names, once, in their order; the cost model where it predicts."""
    tables = {**store.part("prices", "sources")["sources"], **store.load("sources")["sources"]}
    # A source may have a place in it behind its name: `nvidia-smi NVIDIA A10`.
    for key in dict.fromkeys(name.partition(" ")[0] for name in _named(data)):
        row = tables.get(key)
        if row is not None:
            read = f"read {row['accessed']}" if row.get("accessed") else ""
            yield Reference(
                row["title"], row.get("url", ""), ", ".join(filter(None, (row.get("kind"), read)))
            )
        elif re.match(r"https?://", key):
            yield Reference(key, key, "")
    if any(key in data for key in ("candidates", "predicted", "workloads", "top", "picks")):
        yield _MODEL


def _named(value: Any) -> Iterator[str]:
    """What stands under `source`, `sources` and `locator` anywhere in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("source", "locator") and isinstance(inner, str):
                yield inner
            elif key == "sources" and isinstance(inner, list | dict):
                yield from (one for one in inner if isinstance(one, str))
            yield from _named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _named(inner)


def write(path: Path, text: str) -> int:
    """Write the document, as PDF where the file is one, and give its bytes; raises where it cannot."""
    try:
        if path.suffix.lower() == ".pdf":
            _print(path, text)
        else:
            path.write_text(text, encoding="utf-8")
        return path.stat().st_size
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror or one_line(fault)}") from None


def _browser() -> str | None:
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def _print(path: Path, text: str) -> None:
    """A page as PDF. As root the browser has no sandbox of its own; the page has no script."""
    browser = _browser()
    with tempfile.TemporaryDirectory() as folder:
        page, pdf = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(text, encoding="utf-8")
        command = [
            str(browser), "--headless", "--disable-gpu", "--no-pdf-header-footer", "--disable-dev-shm-usage",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={pdf}",
            *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []), page.as_uri(),
        ]  # fmt: skip
        try:
            ran = subprocess.run(  # noqa: S603 (a browser of the system on a page of our own)
                command, capture_output=True, text=True, timeout=_PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise DataError(f"{path}: Chromium did not print it within {_PATIENCE} s; use .html") from None
        if not pdf.exists():
            raise DataError(f"{path}: Chromium did not print it: {one_line(ran.stderr)[-200:]}; use .html")
        shutil.copyfile(pdf, path)
