"""Devices that are listed behind what all of them have: "24 GB: RTX 3090, RTX 4090", "With FP8: L4, L40S".

Each of them is read as a sentence of its own ("The L4 supports FP8."), and what is found of it stands at the
device's name. So are the devices of a row whose first cell is a size, a kind of memory or an architecture.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.devices.families import architectures
from whichgpu.audit.document import Passage
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document, Table
    from whichgpu.audit.findings import Finding

#: Kinds of claims that such a statement can be.
KINDS = ("specification", "capability", "identity", "memory_type", "compute_capability")
#: Kinds of passages that may be such a list, and how long the words before its colon may be.
_LISTED, _LABEL = ("item", "paragraph"), 70
_THEY = (
    r"(?:the following\s+|these\s+|all\s+|other\s+|nvidia\s+|amd\s+)*"
    r"(?:gpus?|cards?|models?|chips?|accelerators?|devices?)"
)
_NOT = (
    r"(?:do not|don[\u2019']t|does not|doesn[\u2019']t)\s+(?:support|have|offer)|lack(?:s|ing)?|that lack|"
    r"without|no|not supporting"
)
_HAS = r"support(?:s|ing)?|have|has|having|with|offer(?:s|ing)?|(?:that|which)\s+(?:support|have|offer)"
#: What a list may be called before what its devices share: "Tier A", "Mid-range".
_TIER = r"(?:[\w-]{1,14}(?:\s[\w-]{1,10})?\s*[(:,\u2013\u2014-]\s*)?"
_SIZE = re.compile(
    rf"{_TIER}(?P<size>\d{{1,3}})\s?(?:GB|GiB)"
    r"(?:\s+(?:of\s+)?(?:VRAM|(?:GPU |video )?memory|cards?|GPUs?|class|models?))*\)?",
    re.IGNORECASE,
)
_ABLE = re.compile(
    rf"(?:{_THEY}\s+)?(?:(?P<none>{_NOT})|{_HAS})\s+(?:native\s+|"
    rf"hardware\s+)?(?P<what>{NAMES})(?:\s+support)?|"
    rf"(?P<alone>{NAMES})(?:[\s-]+(?:support(?:ed)?(?:\s+(?:on|by))?|capable|ready|enabled))?(?:\s+{_THEY})?",
    re.IGNORECASE,
)
_KIND = re.compile(
    rf"{_TIER}(?P<kind>GDDR\d[xX]?|HBM\d[eE]?)(?:\s+(?:memory|cards?|GPUs?|VRAM))*\)?", re.IGNORECASE
)
_FAMILY = re.compile(
    rf"(?:nvidia\s+|amd\s+)?(?P<name>{architectures().pattern})"
    r"(?:[ -](?:gpus?|cards?|generation|architecture|family|era|based|series))*(?:\s*\([^()]{0,24}\))?",
    re.IGNORECASE,
)
#: Words of a label of what is wanted, and not of what the devices have.
_WANTED = re.compile(
    r"\b(?:min\w*|max\w*|least|most|up to|need\w*|requir\w+|recommend\w*|want\w*|budget|workloads?|use|for|"
    r"model|task|if|you|under|over|below|above)\b",
    re.IGNORECASE,
)
#: Between the names of a list, and behind the last of them.
_BETWEEN = re.compile(
    r"\s*(?:\([^()]{0,30}\)\s*)?(?:[,;/&\u2022|\u00b7\u3001]|\band\b|\bplus\b)\s*"
    r"(?:(?:and|the|nvidia|amd|geforce|tesla|quadro|radeon|instinct)\s+)*",
    re.IGNORECASE,
)
#: Behind a label, that what follows has it: "NVLink: available on the A40 only".
_TOLD_ON = re.compile(
    r"\s*(?:only\s+)?(?:available|supported|present|found|works)\s+(?:only\s+)?(?:on|by|in|with)\s|"
    r"\s*only\s+(?:on|by|in|with)\s",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\s*(?:(?:the|nvidia|amd|geforce|tesla|quadro|radeon|instinct)\s+)*", re.IGNORECASE)
_LAST = re.compile(
    r"\s*(?:\([^()]{0,30}\)\s*)?(?:\b(?:only|alone)\b)?(?:,?\s*(?:etc\.?|and (?:others|more)))?\s*[.;]?\s*"
)
_TWO = 2


class Told(NamedTuple):
    """A document of statements, the devices that each names, and where each name stands in the file."""

    document: Document
    names: Mapping[int, tuple[Mention, ...]]
    places: Sequence[tuple[int, int, int, int]]


def told(document: Document, named: Mapping[int, Sequence[Mention]]) -> Told | None:
    """What the lists of a document say of each of their devices; None where there are no such lists."""
    texts, passages = [document.original], list[Passage]()
    names: dict[int, tuple[Mention, ...]] = {}
    places: list[tuple[int, int, int, int]] = []
    at = len(document.original)
    for passage, mention, says in (*_of_lists(document, named), *_of_rows(document, named)):
        # Behind the text itself, so that nothing of it stands around.
        text, start = f"The {mention.text} {says}.", at + len("\n\n")
        at = start + len(text)
        texts.append(f"\n\n{text}")
        names[len(passages)] = (mention._replace(start=len("The "), end=len("The ") + len(mention.text)),)
        passages.append(Passage("paragraph", text, ((0, start),), at))
        places.append((start, at, *passage.span(mention.start, mention.end)))
    if not passages:
        return None
    changed = document._replace(original="".join(texts), passages=tuple(passages), tables=(), title="")
    return Told(changed, names, tuple(places))


def at_devices(found: Iterable[Finding], said: Told, original: str) -> Iterator[Finding]:
    """What is found of the statements, at the names of their devices; one finding to a name."""
    done = set()
    for each in found:
        for first, last, start, end in said.places:
            if first <= each.start < last and start not in done and each.verdict != "unverifiable":
                done.add(start)
                quote = original[start:end]
                yield each._replace(start=start, end=end, quote=quote)


def _of_lists(
    document: Document, named: Mapping[int, Sequence[Mention]]
) -> Iterator[tuple[Passage, Mention, str]]:
    """The devices of lists behind a colon, each with what is said of all of them."""
    for index, passage in enumerate(document.passages):
        here = named.get(index, ())
        colon = passage.text.find(":", 0, _LABEL)
        if passage.kind not in _LISTED or colon < 0 or not here or here[0].start < colon:
            continue
        says = _says(passage.text[:colon])
        told_on = _TOLD_ON.match(passage.text, colon + 1)
        listed = len(here) >= _TWO or told_on
        if says and listed and _is_list(passage.text, told_on.end() if told_on else colon + 1, here):
            yield from ((passage, mention, says) for mention in here)


def _of_rows(
    document: Document, named: Mapping[int, Sequence[Mention]]
) -> Iterator[tuple[Passage, Mention, str]]:
    """The devices of rows that begin with what all of them have, where several stand in a row."""
    by_place = {id(passage): named.get(index, ()) for index, passage in enumerate(document.passages)}
    for table in document.tables:
        yield from _of_table(table, by_place)


def _of_table(table: Table, named: Mapping[int, Sequence[Mention]]) -> Iterator[tuple[Passage, Mention, str]]:
    head = table.cell(0, 0)
    if head and _WANTED.search(head.text):
        return
    rows = [(row, says) for row in table.rows[1:] if row and row[0] and (says := _says(row[0].text))]
    if len(rows) < _TWO or len(rows) < len(table.rows) - 1:
        return
    for row, says in rows:
        cells = [(cell, named.get(id(cell), ())) for cell in row[1:] if cell]
        lists = [(cell, here) for cell, here in cells if here and _is_list(cell.text, 0, here)]
        if sum(len(here) for _, here in lists) >= _TWO:
            yield from ((cell, mention, says) for cell, here in lists for mention in here)


def _is_list(text: str, start: int, here: Sequence[Mention]) -> bool:
    """Whether a stretch of text is names of devices and nothing else."""
    gaps = (text[one.end : other.start] for one, other in pairwise(here))
    return (
        _FIRST.fullmatch(text, start, here[0].start) is not None
        and all(map(_BETWEEN.fullmatch, gaps))
        and _LAST.fullmatch(text, here[-1].end) is not None
    )


def _says(label: str) -> str:
    """What a label says of the devices behind it, as what follows "The A100"; empty where it is no such."""
    label = label.strip(" *_`")
    if _WANTED.search(label):
        return ""
    size, kind, family = _SIZE.fullmatch(label), _KIND.fullmatch(label), _FAMILY.fullmatch(label)
    if size or kind:
        return f"has {size['size']} GB of memory" if size else f"uses {kind and kind['kind']} memory"
    if family:
        return f"is based on the {family['name']} architecture"
    able = _ABLE.fullmatch(label)
    return _has(able["what"] or able["alone"], denied=bool(able["none"])) if able else ""


def _has(what: str, *, denied: bool) -> str:
    if "core" in what.lower():
        return f"has {'no ' if denied else ''}{what}"
    return f"{'does not support' if denied else 'supports'} {what}"
