"""Names of cards that mean their namesakes in laptops: "RTX 5090 notebook", "a laptop with an RTX 4090"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.catalogue import Catalogue

#: Words of laptops in several languages.
LAPTOPS = re.compile(
    r"\b(?:laptops?|notebooks?|portatil[ei]|port\u00e1til(?:es)?|portables?)\b|"
    r"\u79fb\u52a8\u7248|\u7b14\u8bb0\u672c",
    re.IGNORECASE,
)


def beside(text: str, mention: Mention) -> bool:
    """Whether a name is that of a laptop's GPU by the words beside it: "a laptop with an RTX 4090"."""
    before = _LAPTOP_WITH.search(text, max(0, mention.start - 60), mention.start)
    return bool(before or _LAPTOP_BEHIND.match(text, mention.end))


_LAPTOP_WITH = re.compile(
    r"\b(?:laptops?|notebooks?|portatil[ei]|port\u00e1til(?:es)?|(?:ordinateur )?portables?)\s+"
    r"(?:(?:that|which)\s+(?:has|have|comes? with)|with|mit|con|avec|featuring|sporting|"
    r"using|powered by|(?:part|chip|gpu|version|variant|edition|form|model) of)\s+"
    r"(?:an?\s+|the\s+|nvidia\s+|its\s+|nvidia[\u2019']s\s+|geforce\s+)*$|"
    r"\b(?:laptop|notebook)[\u2019']s\s+(?:own\s+|nvidia\s+|geforce\s+)*$",
    re.IGNORECASE,
)
_LAPTOP_BEHIND = re.compile(
    r"(?:[- ](?:powered|equipped|based))?\s+(?:gaming\s+)?(?:laptops|notebooks)\b|"
    r"[\"\u201d\u2019']?\s+(?:on|in|inside)\s+(?:an?|the|your|my|our)\s+(?:laptop|notebook)\b|"
    r"\s+(?:GPU\s+)?\(?(?:pc )?(?:port\u00e1til|portatile?|portable|notebook|para port\u00e1tiles)\b|"
    r"\s*(?:\u79fb\u52a8\u7248|\u7b14\u8bb0\u672c)",
    re.IGNORECASE,
)


def as_laptop(mention: Mention, catalogue: Catalogue) -> Mention:
    """A name of a card as that of its namesake in laptops, if there is one."""
    ids = namesakes(mention.ids, catalogue)
    return mention._replace(ids=ids, named=ids) if ids else mention


def going_on(text: str, every: Sequence[Mention], catalogue: Catalogue) -> Iterator[Mention]:
    """The names of a passage, those of cards that go on about their namesakes in laptops as either.

    "The RTX 4080 Laptop GPU came in 2023. The RTX 4080 has a 192-bit bus."
    """
    told: set[str] = set()
    for mention in every:
        own = namesakes(mention.named, catalogue)
        if own and told >= {*own} and _OPENS.search(text, max(0, mention.start - 40), mention.start):
            either = (*mention.named, *own)
            yield mention._replace(ids=either, named=either)
            continue
        if own:
            # The card has been spoken of as well.
            told -= {*own}
        told |= {key for key in mention.named if key.endswith("-laptop")}
        yield mention


#: Before a name that begins a sentence; "the desktop RTX 4080" is the card.
_OPENS = re.compile(r"[.!?]\s+(?:The\s+)?(?:(?:NVIDIA|GeForce)\s+)*$", re.IGNORECASE)


def namesakes(ids: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """The GPUs of laptops that are called as cards are."""
    return tuple(f"{key}-laptop" for key in ids if f"{key}-laptop" in catalogue)


#: A header that is of laptops: "Memory, laptop", "CUDA cores (mobile)", "Laptop" below "CUDA cores".
_OF_LAPTOPS = re.compile(
    r"(?:[,(]\s*|^)(?:laptop|mobile|notebook)\b|\b(?:laptops?|mobile|notebooks?)\W*$", re.IGNORECASE
)


def below_laptops(found: list[Cell], catalogue: Catalogue) -> list[Cell]:
    """The cells of a table, those below "Memory, laptop" as of the namesakes in laptops."""
    return [
        each._replace(ids=ids, named=ids)
        if _OF_LAPTOPS.search(each.label) and (ids := namesakes(each.ids, catalogue))
        else each
        for each in found
    ]
