"""An answer to keep: one document that stands by itself, and the command that gives the same answer."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from whichgpu.report import html, keeping
from whichgpu.web import charts
from whichgpu.web.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.report.table import Report
    from whichgpu.web.asks import Ask
    from whichgpu.web.page import Page

#: Fields that only a page has.
_OF_PAGES = ("change", "limit", "offset", "text", "name")
#: Options that commands call otherwise.
_SPELT = {"order": "sort"}
#: Options that take several names with commas between, where others are repeated.
_JOINED = ("gpus", "providers", "needs", "region", "exclude")
#: Fields whose text a command reads from a file; an article is in its document anyway.
_FILES = {"offers": "offers.csv", "text": "plan.toml"}


def command(page: Page, ask: Ask, name: str) -> str:
    """What asks the same in a terminal; empty where a page, or a search for a part of a name, has no command.

    `Page.command` has the first words; a field in braces stands there, `{name}` for what the address names.
    """
    stated = {key: one for key, one in ask.model_dump(exclude_defaults=True).items() if one not in ("", [])}
    if not page.command or "q" in stated:
        return ""
    stated = dict(page.unstated) | stated
    words = []
    for word in page.command.split():
        if not word.startswith("{"):
            words.append(word)
            continue
        key = word.strip("{}")
        value = name.split("-vs-") if key == "name" else getattr(ask, key)
        stated.pop(key, None)
        words += value if isinstance(value, list) else [str(value)]
    for key, value in stated.items():
        if key not in _OF_PAGES:
            words += _option(key, value)
    return shlex.join(["whichgpu", *words])


def script(page: Page, ask: Ask, name: str) -> str:
    """The command, after what writes the files that it reads."""
    said = command(page, ask, name)
    words = shlex.split(said)
    for field, file in _FILES.items():
        if file in words:
            text = str(getattr(ask, field)).replace("\r\n", "\n").rstrip("\n")
            end = "END"
            while end in text.split("\n"):
                end += "_"
            said = f"cat > {file} <<'{end}'\n{text}\n{end}\n{said}"
    return said


def _option(key: str, value: Any) -> Iterator[str]:
    option = f"--{_SPELT.get(key, key).replace('_', '-')}"
    if value is True:
        yield option
    elif key in _FILES:
        yield from (option, _FILES[key])
    elif key in _JOINED and isinstance(value, list):
        yield from (option, ",".join(value))
    else:
        for one in value if isinstance(value, list) else [value]:
            yield from (option, f"{one:.12g}" if isinstance(one, float) else str(one))


def document(title: str, report: Report, annotated: str, said: str) -> bytes:
    """The answer as HTML that asks for nothing from anywhere, with its sources; `said` makes it again.

    Raises `UsageError` where it is too large to keep in one.
    """
    if annotated:
        from whichgpu.report.audit_page import document as article

        text = article(title, annotated)
    else:
        text = html.page(title, [one for block in report.blocks for one in _known(block)])
    return keeping.whole(text, "html", said, report.data, date.today()).encode()


def _known(block: Any) -> Iterator[Any]:
    """A block as documents have it: what only pages draw is a table."""
    if isinstance(block, charts.Stack | charts.Dates):
        yield replace(charts.data(block), title=block.title, notes=(block.summary,))
    elif not isinstance(block, Figures):
        yield block
