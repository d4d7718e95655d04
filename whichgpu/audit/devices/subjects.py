"""Which GPUs an article speaks of: what each mention of a name means where it stands.

"The A100" is four devices; what the article said last of the same name ("A100 80GB SXM4") narrows it, and a
table's header what stands below. A name is never narrowed to a device of another name: "RTX 4090" after
"RTX 4090 Laptop GPU" stays the card.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.laptops import LAPTOPS, as_laptop, beside, going_on, namesakes
from whichgpu.audit.devices.mentions import Mention, mentions, model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.audit.document import Document
    from whichgpu.hardware.catalogue import Catalogue


class Discourse:
    """What an article said so far: the devices that each name was narrowed to, and where it was last."""

    def __init__(self) -> None:
        self._last: dict[frozenset[str], tuple[str, ...]] = {}
        self._every: dict[frozenset[str], set[str]] = {}
        self._fresh: set[frozenset[str]] = set()

    def turned(self) -> None:
        """Go on to another passage."""
        self._fresh.clear()

    def meant(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The devices that a name means after what was said: those of its passage, else any spoken of."""
        for known, ids in self._every.items():
            if known >= set(named) or set(named) >= known:
                told = self._last[known] if known in self._fresh else ids
                narrowed = tuple(one for one in named if one in told)
                if narrowed:
                    return narrowed
        return named

    def last_of(self, wider: frozenset[str]) -> tuple[str, ...]:
        """The devices of a wider name that were spoken of last."""
        return self._last.get(wider, ())

    def heard(self, named: tuple[str, ...], wider: frozenset[str]) -> None:
        """Remember that of the devices of a wider name these are spoken of."""
        self._last[wider] = named
        self._every.setdefault(wider, set()).update(named)
        self._fresh.add(wider)


def resolved(document: Document, catalogue: Catalogue) -> Mapping[int, tuple[Mention, ...]]:
    """The mentions of each passage of a document by its place among them, narrowed by what came before.

    A passage's headings count as said just before it.
    """
    talk = Discourse()
    found: dict[int, tuple[Mention, ...]] = {}
    mobile = _of_laptops(document, catalogue)
    for index, passage in enumerate(document.passages):
        talk.turned()
        every: Iterable[Mention] = tuple(mentions(passage.text, catalogue))
        if not every:
            continue
        if mobile == "some":
            every = (_either(mention, catalogue) for mention in every)
        if mobile == "all" or LAPTOPS.search(passage.text):
            every = (
                as_laptop(mention, catalogue) if mobile == "all" or beside(passage.text, mention) else mention
                for mention in every
            )
        if LAPTOPS.search(passage.text):
            every = going_on(passage.text, tuple(every), catalogue)
        every = (_of_sale(mention, document, catalogue) for mention in every)
        here = [_narrowed(_sized(passage.text, mention, catalogue), talk, catalogue) for mention in every]
        if here:
            found[index] = tuple(here)
    return found


#: What a text on a device that was built for one machine says: its site, or its size of memory.
_BESPOKE = re.compile(r"\b(?:custom|bespoke|Leonardo|CINECA|MareNostrum|Davinci)\b", re.IGNORECASE)
#: The number first: it is looked for as it is, and where it stands the rest.
_OF_64 = re.compile(r"64(?<!\w64)[ -]?Gi?B\b", re.IGNORECASE)


def of_sale(ids: tuple[str, ...], document: Document, catalogue: Catalogue) -> tuple[str, ...]:
    """Of the devices of a name those that are not known from one paper or database alone, if any."""
    known = tuple(key for key in ids if catalogue[key].confidence != "low")
    return known if known and not _is_bespoke(document.original) else ids


@lru_cache(maxsize=16)
def _is_bespoke(text: str) -> bool:
    return _OF_64.search(text) is not None or _BESPOKE.search(text) is not None


def _of_sale(mention: Mention, document: Document, catalogue: Catalogue) -> Mention:
    ids = of_sale(mention.named, document, catalogue)
    return mention if ids == mention.named else mention._replace(ids=ids, named=ids)


def _either(mention: Mention, catalogue: Catalogue) -> Mention:
    """A name of a card that may be that of its namesake in laptops."""
    ids = (*mention.named, *namesakes(mention.named, catalogue))
    return mention._replace(ids=ids, named=ids)


#: A size and a form before a name: "the 80 GB PCIe A100", "the SXM4 A100".
_BEFORE = re.compile(
    r"(?<![\w.])(?:(?P<size>\d{1,3})[ -]?GB\s+(?:(?:variant|version|model|edition)\s+of\s+(?:the\s+)?)?)?"
    r"(?:(?P<form>PCIe|SXM|NVL)\d?\s+)?(?:(?P<board>DGX|HGX)\s+)?(?:(?:nvidia|tesla|"
    r"geforce|rtx)\s+)?$",
    re.IGNORECASE,
)


def _sized(text: str, mention: Mention, catalogue: Catalogue) -> Mention:
    """A name of several devices, of the size and the form that stand right before it."""
    before = (
        _BEFORE.search(text, max(0, mention.start - 40), mention.start) if len(mention.named) > 1 else None
    )
    behind = _BEHIND.match(text, mention.end) if len(mention.named) > 1 else None
    if behind is not None and not (before and before["form"]):
        mention = _of_form(mention, f"-{behind['form'].lower()}")
    if cores := _BEHIND_CORES.match(text, mention.end) if len(mention.named) > 1 else None:
        ids = tuple(key for key in mention.named if key.endswith(f"-{cores['n']}c"))
        mention = mention._replace(ids=ids, named=ids) if ids else mention
    if behind is None and (sized := _BEHIND_SIZE.match(text, mention.end)) and len(mention.named) > 1:
        mention = _of_size(mention, sized["size"], catalogue)
    if before is None or not (before["size"] or before["form"] or before["board"]):
        return mention
    # The boards of NVIDIA's own systems carry modules.
    form = f"-{before['form'].lower()}" if before["form"] else "-sxm" if before["board"] else ""
    ids = tuple(
        key
        for key in mention.named
        if form in key and before["size"] in (None, re.split(r"\D", catalogue[key].display("memory"))[0])
    )
    return mention._replace(ids=ids, named=ids) if ids else mention


#: The number of a chip's GPU cores behind its name: "M4 Max (40-core GPU)".
_BEHIND_CORES = re.compile(
    r"\s*[(,]?\s*(?:with (?:the |a )?)?(?P<n>\d{1,2})[- ]cores?(?:\sGPU)?\b", re.IGNORECASE
)
#: A form behind a name: "the A100 80GB for PCIe", "the H100 in its SXM form".
_BEHIND = re.compile(
    r"\s+(?:for|in (?:its |the )?)\s*(?P<form>PCIe|SXM|NVL)\d?\b"
    r"(?=\s*(?:[.,;:)]|$|(?:form|version|variant|guise|shape|edition)\b|(?:and|but|has|is|comes|offers|with|follows)\b))",
    re.IGNORECASE,
)


#: A size behind a name: "four A100s of the 80 GB type".
_BEHIND_SIZE = re.compile(
    r"s?,?\s+(?:of|in) (?:the|its|their) (?P<size>\d{1,3})[ -]?GB\s+"
    r"(?:type|kind|sort|variety|version|variant|model|edition|flavou?r|configuration|form)\b",
    re.IGNORECASE,
)


def _of_size(mention: Mention, size: str, catalogue: Catalogue) -> Mention:
    """A name of several devices as those of a size, where any of them is of it."""
    ids = tuple(key for key in mention.named if re.split(r"\D", catalogue[key].display("memory"))[0] == size)
    return mention._replace(ids=ids, named=ids) if ids else mention


def _of_form(mention: Mention, form: str) -> Mention:
    """A name of several devices as those of a form, where any of them is of it."""
    ids = tuple(key for key in mention.named if form in key)
    return mention._replace(ids=ids, named=ids) if ids else mention


#: What an article says first that is about the GPUs of laptops.
_IN_LAPTOPS = re.compile(
    r"\bin (?:\w+ )?(?:laptops?|notebooks?)\b|"
    r"\b(?:laptop|notebook) (?:configurations?|gpus?|variants?|versions?|graphics|form)\b",
    re.IGNORECASE,
)
_DESKTOPS = re.compile(
    r"\b(?:desktops?|workstations?|towers?|servers?|data ?cent(?:er|re)s?|cloud)\b", re.IGNORECASE
)


def _of_laptops(document: Document, catalogue: Catalogue) -> str:
    """Whether a document is about laptops: "all" where it never says so of a name, "some" where it does.

    "RTX 4080 vs RTX 4090 in laptops" means their namesakes; behind "the RTX 4090 Laptop" a bare name may.
    """
    opening = [each.text for each in document.passages if each.kind in ("title", "heading", "paragraph")][:2]
    told = LAPTOPS.search(document.title) or any(_IN_LAPTOPS.search(text) for text in opening)
    if not told or _DESKTOPS.search(document.original):
        return ""
    said = any(
        any(LAPTOPS.search(mention.text) for mention in mentions(passage.text, catalogue))
        for passage in document.passages
    )
    return "some" if said else "all"


#: Words of a name without a form or a size.
_PLAIN = 3
_SAYS_SIZE = re.compile(r"\d\s?GB?\b|\b(?:PCIe|SXM\d?|NVL|Max-Q|Laptop|Mobile|Ti|Super)\b", re.IGNORECASE)


def _narrowed(mention: Mention, talk: Discourse, catalogue: Catalogue) -> Mention:
    wider = frozenset(family(mention.named, catalogue))
    if wider > set(mention.named):
        plain = len(mention.text.split()) <= _PLAIN and not _SAYS_SIZE.search(mention.text)
        before = talk.last_of(wider) if plain else ()
        if before and not set(before) & set(mention.named):
            # "T1000" behind "T1000 8GB" is that one, or the one that is called so.
            either = (*before, *mention.named)
            return mention._replace(ids=either, named=either)
        talk.heard(mention.named, wider)
        return mention
    return mention._replace(ids=talk.meant(mention.named))


@lru_cache(maxsize=1024)
def family(ids: tuple[str, ...], catalogue: Catalogue) -> tuple[str, ...]:
    """Every device whose model words are those of a device: A100 in all its forms."""
    own = model(ids[0], catalogue)
    return tuple(key for key in catalogue if model(key, catalogue) == own)
