"""Sentences of the command line as a page says them: an option is a field, and a link that sets it.

`--precision w8a16 fits` becomes "Precision w8a16 fits", where the first two words lead to the same
question in that precision; `did you mean l4, a10?` offers each name in place of the one that is nothing's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pydantic.fields import FieldInfo

    from whichgpu.web.address import Address

_ONE = r"""--([a-z][a-z-]*[a-z])(?:[ =]("[^"]*"|'[^']*'|[^\s()"']+))?"""
_OPTION = re.compile(_ONE)
#: Options beside each other are one change.
_OPTIONS = re.compile(rf"{_ONE}(?:(?<![,.;:]) {_ONE})*")
#: What may be meant in place of what a fault quotes: names, or the same figure with its unit.
_MEANT = re.compile(
    r"did you mean (?P<near>[^?]+)\?|' may be (?P<several>[^;]+);"
    r"|(?:name one, e\.g\.|use one of|known:) (?P<some>[^;]+)"
    r"|' has no unit; write e\.g\. \"(?P<whole>[^\"]+)\""
)
#: A model, and what is done with it.
_APART = re.compile(r"write \"(?P<model>[^\"]+)\" (?P<done>--[a-z-]+ [\w-]+)")
#: A word of capitals stands for a figure of one's own: `IN/OUT USD per million`.
_STANDS_FOR = re.compile(r"\b(?:IN|OUT|N)\b")
#: Addresses of elsewhere, and commands that list what a page lists.
_LINKED = re.compile(
    r"https?://[^\s<>()]+[^\s<>().,;]|\bwhichgpu (prices|gpus|workloads|explain)\b(?! [\w-])"
    r"|\bwhichgpu prices (?P<gpu>[a-z0-9][\w.-]*-[\w.-]*\w|[a-z]+\d\w*)(?: --term (?P<term>[a-z-]+\b))?"
    r"(?! [\w-])"
)
_LISTS = {"prices": "Prices", "gpus": "GPUs", "workloads": "Workloads", "explain": "What words mean"}


class Words(NamedTuple):
    """What turns sentences into those of a page: the fields of its question, and where it is."""

    fields: Mapping[str, FieldInfo]
    address: Address

    def __call__(self, text: str) -> Markup:
        """The sentence, escaped, with links."""
        if "--" not in text and not _LINKED.search(text):
            return escape(text)
        parts, last = [], 0
        for match in _OPTIONS.finditer(text):
            # What is only an example of how to write it is no change to make.
            said = self._options(match[0], example=text[: match.start()].endswith("e.g. "))
            if said is not None:
                parts += [_addresses(text[last : match.start()]), said]
                last = match.end()
        return Markup("").join([*parts, _addresses(text[last:])])

    def plain(self, text: str) -> str:
        """The sentence without links."""
        return self(text).striptags() if "--" in text or "whichgpu " in text else text

    def _options(self, text: str, *, example: bool) -> Markup | None:
        """The options as links and words; None where one of them is no field."""
        changes: dict[str, str] = {}
        said, rest = [], ""
        for match in _OPTION.finditer(text):
            name, value = match[1].replace("-", "_"), (match[2] or "")
            field = self.fields.get(name)
            if field is None or rest:
                return None
            title = field.title or name
            bare = value.rstrip(".,;:")
            if not _is_value(value, bare, field):
                said.append(f"“{title}”")
                rest = f" {value}" if value else ""
                continue
            rest = value[len(bare) :]
            changes[name] = bare.strip("\"'")
            said.append(f"{title} {changes[name]}")
        label = ", ".join(said)
        new = any(self.address.value(name) != value for name, value in changes.items())
        if not new or example or self.address.carried:
            return escape(label + rest)
        return Markup('<a href="{}">{}</a>{}').format(self.address.changed(changes), label, rest)

    def instead(self, text: str, name: str, given: str) -> Markup:
        """The same of a fault of a field, with a link for each name that may be meant in place of its own."""
        match = _MEANT.search(text)
        wrong = re.search(r"'([^']+)'", text)
        if wrong is None or self.address.carried:
            return self(text)

        def where(one: str, more: Mapping[str, str] | None = None) -> str:
            """The same question with a name that may be meant, without what is said of it in brackets."""
            right = one.partition(" (")[0]
            if name and spoken(wrong[1]).search(given):
                mended = spoken(wrong[1]).sub(lambda _: right, given)
                return self.address.changed({name: mended, **(more or {})})
            return self.address.named(wrong[1], right)

        if match is None:
            return self._apart(text, where)
        said = match.lastgroup or ""
        names = [match[said]] if said == "whole" else re.split(r",\s+|\s+or\s+", match[said].strip())
        if not all(map(where, names)):
            return self(text)
        links = [Markup('<a href="{}">{}</a>').format(where(one), one) for one in names]
        head, tail = text[: match.start(said)], text[match.end(said) :]
        return self(head) + Markup(", ").join(links) + self(tail)

    def _apart(self, text: str, where: Callable[[str, Mapping[str, str]], str]) -> Markup:
        """A fault of a name that says a model and what is done with it: both are set by one link."""
        match = _APART.search(text)
        if match is None:
            return self(text)
        option, _, value = match["done"].removeprefix("--").partition(" ")
        field = self.fields.get(option.replace("-", "_"))
        address = where(match["model"], {option.replace("-", "_"): value}) if field else ""
        if not address:
            return self(text)
        label = f"{match['model']}, {field.title or option} {value}" if field else ""
        link = Markup('<a href="{}">{}</a>').format(address, label)
        return self(text[: match.start("model") - 1]) + link + self(text[match.end("done") :])


def spoken(name: str) -> re.Pattern[str]:
    """A name within a text; of several one speaks with an s (`two H100s`), which is none of the name."""
    return re.compile(rf"(?<!\w){re.escape(name)}(?:s\b|(?!\w))", re.IGNORECASE)


def of_query(text: str, fields: Mapping[str, FieldInfo]) -> str:
    """The sentence for programs: `add --samples 52002` becomes `add samples=52002`."""

    def said(match: re.Match[str]) -> str:
        name, value = match[1].replace("-", "_"), match[2] or ""
        if name not in fields:
            return match[0]
        stated = _is_value(value, value.rstrip(".,;:"), fields[name])
        return f"{name}={value}" if stated else name + match[0].removeprefix(f"--{match[1]}")

    return _OPTION.sub(said, text)


def _is_value(value: str, bare: str, field: FieldInfo) -> bool:
    """Whether what follows an option is its value, and not the next word of the sentence."""
    extra: Any = field.json_schema_extra or {}
    quoted = value[:1] in ("'", '"') and value[1:] and not _STANDS_FOR.search(value)
    return bool(quoted or any(c.isdigit() for c in bare) or "=" in bare or bare in extra.get("choices", ()))


def _addresses(text: str) -> Markup:
    """Text with its web addresses as links, and with pages in place of commands that list the same."""
    parts, last = [], 0
    for match in _LINKED.finditer(text):
        parts.append(escape(text[last : match.start()]))
        if gpu := match["gpu"]:
            where = f"/prices/{gpu}" + (f"?term={match['term']}" if match["term"] else "")
            parts.append(Markup('<a href="{}">{} of {}</a>').format(where, _LISTS["prices"], gpu))
        elif name := match[1]:
            parts.append(Markup('<a href="/{}">{}</a>').format(name, _LISTS[name]))
        else:
            parts.append(Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(match[0]))
        last = match.end()
    return Markup("").join([*parts, escape(text[last:])])
