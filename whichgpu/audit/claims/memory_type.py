"""Types of memory: GDDR6X, HBM3e, in cells of tables and in sentences, of the size that is spoken of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken, superchips
from whichgpu.audit.devices.subjects import family
from whichgpu.audit.document import HEADED
from whichgpu.audit.tables.explained import of_words
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import FAR, ITS_OWN, SET_AGAINST, headed, of_field, owner_of
from whichgpu.audit.values.judging import same_card
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.gpu import Gpu

_MEMORY = re.compile(r"\b(?:GDDR\d[xX]?|LPDDR\d[xX]?|DDR[2-7]|HBM(?:\d[eE]?)?)\b")
#: Attributes whose values go with the type.
_OF_MEMORY = ("memory", "memory_type", "memory_bus", "bandwidth")
#: Behind a type, that the memory is the host's: "64 GB of DDR5 system RAM".
_OF_HOST = re.compile(
    r"(?:-\d{4})?\s+(?:(?:system|host|main|cpu|desktop|ecc|registered)\s+)?"
    r"(?:ram|system memory|host memory|main memory|dimms?|sticks?|kits?)\b",
    re.IGNORECASE,
)
#: Before one, that it is the host's: "RAM: 32 GB DDR5" below the name of a laptop.
_NAMED_HOST = re.compile(
    r"\W*(?:(?:system|host|main)[ -])?(?:ram|dimms?|arbeitsspeicher|m\u00e9moire vive|memoria ram)"
    r"\s*[:|\uff1a]",
    re.I,
)
#: Types that are a host's memory where they stand beside a device's own.
_IS_ANOTHERS = re.compile(r"LPDDR\d[xX]?|DDR[2-5]$")
#: What is replaced, and by what, are of two devices.
_CHANGED = re.compile(
    r"\b(?:(?:go(?:es)?|went|cut|down|drop\w*) (?:\w+ ){0,2}from|replac\w+|swapp\w+|upgrad\w+ (?:from|"
    r"the)|mov\w+ from|instead of|in place of|rather than)\b",
    re.IGNORECASE,
)
#: Right before the one that is given up: "swaps HBM3 for HBM3e".
_GIVEN_UP = re.compile(
    r"\b(?:swaps?|swapped|trades?|traded|exchanges?|exchanged|replaces?|replaced|ditch(?:es|ed)|"
    r"drops?|dropped|abandons?|abandoned|outgr[eo]ws?)\s+(?:the\s+|its\s+)?(?:\w+\s+)?$",
    re.IGNORECASE,
)
#: Right before a type of memory that is the older one: "improvements over GDDR6X".
_BEYOND = re.compile(r"\b(?:over|from|beyond|to|against|like|as)\s+(?:the\s+)?(?:\w+\s+)?$", re.IGNORECASE)
#: "HBM2 or HBM2e": of one form each.
_OR = re.compile(rf"\s*(?:or|and|/)\s*(?={_MEMORY.pattern})")
_IN_ONE = re.compile(
    r"\s+(?:in|for|with|on)\s+the\s+(?:former|latter|first|second|smaller|larger|other)\b", re.IGNORECASE
)
_AFTER_OR = re.compile(rf"{_MEMORY.pattern}\s*(?:or|and|/)\s*$")
#: What denies what follows: "with no FP64, MIG or HBM".
_NONE = re.compile(
    r"\b(?:no|without|lacks?|lacking|not|neither|nor|needs?|needing|requir\w+)\b[^.;]{0,30}$|"
    r"[\u975e\u65e0\u7121\u6ca1]\s*$",
    re.IGNORECASE,
)
#: What ties a type to the name before it: "the H100's 80 GB HBM3".
_OWN = re.compile(r"[\u2019']s?\s+(?:\d{1,3}\s?GB\s+)?(?:of\s+)?", re.IGNORECASE)
_SIZES_OF = re.compile(r"\b\d{2,3}(?=(?:\s?/\s?\d{2,3})*\s?(?:GB|GiB)\b)", re.IGNORECASE)
#: A row that is of the processor beside the GPU: "CPU memory on the module".
_HOSTS = re.compile(r"\b(?:cpu|host|(?<!memory )system|grace|main|server)\b", re.IGNORECASE)
#: What goes on about a device: values alone, or "like the 3090 it uses".
_FRAGMENT = re.compile(
    r"\s*(?:(?:with\s+|just\s+|only\s+)?\d|(?:Like|Unlike)\s+[^.;]{3,30}?,?\s+it\s)", re.IGNORECASE
)
_SIZE = re.compile(r"\b(\d{2,3})[ -]?(?:GB|GiB|gigabyte)s?\b", re.IGNORECASE)
#: Sizes right before a type of memory: "40 GB of HBM2", "16 or 32 GB HBM2".
_SIZES = re.compile(
    r"(?:\b\d{2,3}[ -]?(?:GB|GiB)?(?:\s*(?:or|and|/|,)\s*)){0,3}\b\d{2,3}[ -]?(?:GB|GiB|gigabytes?)\s+"
    r"(?:(?:of|fast|high-bandwidth|ecc|memory)\s+){0,2}$",
    re.IGNORECASE,
)


#: Headers of memory, or of its type alone.
_HEAD = re.compile(r"memory|vram|hbm|^(?:type|kind|technology|chips|ram(?: type)?)$", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every type of memory that is said of a device, with its verdict."""
    for table in context.document.tables:
        found = cells(table, context)
        headed = of_words(found, lambda cell: _tells_its_type(cell, context))
        for cell in found:
            known = cell.label in headed or (cell.attribute is not None and cell.attribute.key in _OF_MEMORY)
            if _HOSTS.search(cell.label):
                continue
            if known or _HEAD.search(cell.label.strip(" :*")):
                yield from _of_cell(cell, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED:
            continue
        for sentence in sentences(passage.text) if _MEMORY.search(passage.text) else ():
            who = spoken(index, passage, sentence, context)
            yield from _of_sentence(passage, (sentence.start, sentence.end), who, context)


def _tells_its_type(cell: Cell, context: Context) -> bool | None:
    """Whether all types of memory in a cell are its devices'; None where it tells none."""
    answers = [each.verdict == "confirmed" for each in _of_cell(cell, context)]
    return all(answers) if answers else None


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    text = cell.passage.text
    one_size = len(set(_SIZES_OF.findall(text))) < 2
    gpus = [context.catalogue[key] for key in (cell.ids if one_size else cell.named)]
    for match in _MEMORY.finditer(text):
        if _older(text, 0, match.start()):
            continue
        every = [context.catalogue[key] for key in family(cell.ids, context.catalogue)]
        beside = _SIZES.search(text, 0, match.start())
        several = beside is not None and len(set(_SIZE.findall(beside[0]))) > 1
        sized = _of_sizes(beside[0], every) if beside and several else []
        if len(sized) > 1 and len(_MEMORY.findall(text)) == 1:
            yield from _all_of(cell.passage, match, sized, context)
        else:
            yield from _one_of(cell.passage, match, gpus, context)


#: What gives a device memory of the kind, whichever generation it is of.
_HAS_HBM = re.compile(
    r"(?:\b(?:is|has|have|had|uses?|used|carries|comes with|equipped with|offers?|with|of|its)|"
    r"GB)\s+(?:fast |on-package |\w+-?stacked )?$",
    re.IGNORECASE,
)


def _is_of_the_host(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a type is a host's: "64 GB of DDR5 system RAM", "96 GB of HBM3 and 480 GB of LPDDR5X"."""
    if match[0].startswith("DDR") and (_OF_HOST.match(text, match.end()) or _NAMED_HOST.match(text, start)):
        return True
    return _IS_ANOTHERS.match(match[0]) is not None and _MEMORY.search(text, start, match.start()) is not None


def _of_sentence(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    """Types of memory in a sentence: of the device before them, in the sizes that the sentence names."""
    for match in _MEMORY.finditer(passage.text, *place):
        if not _is_no_claim(passage.text, place[0], match, who):
            yield from _of_type(passage, place, match, who, context)


def _is_no_claim(text: str, start: int, match: re.Match[str], who: Spoken) -> bool:
    """Whether a type stands in a device's name, is a host's or a kind of memory, or is told of others."""
    return bool(
        any(each.start <= match.start() < each.end for each in who.here)
        or _is_of_the_host(text, start, match)
        # "You needn't pay for HBM", "below the HBM line": of the kind.
        or (match[0] == "HBM" and not _HAS_HBM.search(text, start, match.start()))
        # "40 or 80 GB: HBM2 in the former, HBM2e in the latter".
        or _IN_ONE.match(text, match.end())
    )


def _of_type(
    passage: Passage, place: tuple[int, int], match: re.Match[str], who: Spoken, context: Context
) -> Iterator[Finding]:
    """A type of memory of the device that it is said of, in the sizes beside it."""
    text, start, here = passage.text, place[0], who.here
    mention = _in_it(text, match.end(), who) or _fronted(text, (start, match.start()), match.end(), who)
    mention = mention or owner_of(match.start(), who)
    listed = passage.kind == "item" and len(text) < FAR
    its = _is_its_own(passage, place, match, who, context)
    if (
        mention is None
        or not (mention in here or listed or its)
        or _is_apart(text, start, match, mention, who)
    ):
        return
    if match[0].startswith("DDR") and mention not in here and not listed:
        # "It has 128 GB of DDR4": of a machine.
        return
    if mention in here and match.start() - mention.end > FAR * 2:
        return
    whole = [each for each in superchips(here) if each.end <= match.start()]
    # A name that an earlier table said a form of may mean any of them again.
    gpus = [context.catalogue[key] for each in (whole or [mention]) for key in (each.named or each.ids)]
    in_one = _IN_SIZE.match(text, match.end())
    if in_one:
        # Whatever size was told of before, it is of this one.
        gpus = [context.catalogue[key] for key in family(mention.ids, context.catalogue)]
    beside = in_one or _SIZES.search(text, start, match.start())
    near = beside[0] if beside else text[start : place[1]]
    sized = _of_sizes(near, gpus)
    either = _OR.match(text, match.end()) or _AFTER_OR.search(text, start, match.start())
    if len(set(_SIZE.findall(near))) > 1 and len(sized) > 1 and not either:
        yield from _all_of(passage, match, sized, context)
        return
    # "- Memory: 16 GB GDDR6" below a name is of that.
    sure = its or (listed and who.certain and _LABELLED.match(text))
    doubtful = (
        (mention not in here and not sure and _of_another(match[0], mention, context))
        or _akin(text, start, mention.start)
        or _older(text, start, match.start())
        or _or_another(text, place, match, sized or gpus)
        or (
            _SET_BESIDE.search(text, start, mention.start) is not None
            and text[mention.end : match.start()].startswith(" with ")
        )
    )
    told = _one_of(passage, match, sized or gpus, context)
    yield from (each for each in told if not (doubtful and each.accuses))


def _is_its_own(
    passage: Passage, place: tuple[int, int], match: re.Match[str], who: Spoken, context: Context
) -> bool:
    """Whether a type is of the one device that is spoken of, which the sentence does not name."""
    text, start = passage.text, place[0]
    beyond = _BEYOND.search(text, start, match.start())
    alone = len(_MEMORY.findall(text, *place)) == 1
    own = ITS_OWN.match(text, start) or _FRAGMENT.match(text, start)
    own_of = own is not None or (alone and headed(passage, who, context))
    return bool(who.certain and len(who.against) == len(who.here) and not beyond and own_of)


def _is_apart(text: str, start: int, match: re.Match[str], mention: Mention, who: Spoken) -> bool:
    """Whether a type is what a device lacks or had, or is that of what it is set against."""
    back = max(start, match.start() - 40)
    if any(each.search(text, back, match.start()) for each in (_NONE, _FROM, _GIVEN_UP, _PASSING)):
        return True
    if _OUT_OF.search(text, back, match.start()) and _INTO.match(text, match.end()):
        return True
    tied = mention in who.here and _OWN.fullmatch(text, mention.end, match.start())
    changed = _CHANGED.search(text, start, match.start()) or SET_AGAINST.search(text[back : match.start()])
    return bool(changed and not tied)


#: Around the type that was before another: "passant du GDDR6 au rapide GDDR7", "moves from GDDR6 to GDDR7".
_OUT_OF = re.compile(
    r"\b(?:from|de|du|de la|von|vom|desde|dal?|dalla)\s+(?:the\s+|la\s+|der\s+)?$", re.IGNORECASE
)
_PASSING = re.compile(
    r"\b(?:passant|passe|pasando|pasa|passando|passa)\s(?:of|du|de|da|dal)\s(?:la\s)?$", re.I
)
_INTO = re.compile(
    rf"\s+(?:to|into|vers|au|\u00e0|auf|zu|a|al|hacia)\s+(?:[\w-]+\s+){{0,3}}?(?={_MEMORY.pattern})",
    re.IGNORECASE,
)
#: Behind a type, the one size that has it: "HBM2 in the 40 GB model, HBM2e in the 80 GB one".
_IN_SIZE = re.compile(
    r"\s+(?:in|on|for|with)\s+(?:the|its)\s+\d+[ -]?GB\s+(?:one|models?|versions?|variants?|cards?|parts?)\b",
    re.IGNORECASE,
)
#: Before what a device does so many times of: "twice the throughput of an H100 with 192 GB of HBM3e".
_SET_BESIDE = re.compile(
    r"\b(?:\d[\d.]*\s?[x\u00d7]|times|twice|half|double|triple)\s[^.;,]{0,40}?\b(?:of|than|as)\s+(?:an?|"
    r"the)\s+"
    r"(?:NVIDIA\s+|AMD\s+)?$",
    re.IGNORECASE,
)
#: Before what another device had: "grew from 80 GB of HBM3 to".
_FROM = re.compile(r"\bfrom\s+\d+ ?GB (?:of )?$", re.IGNORECASE)
#: Before what a device is like: "essentially an RTX 3090 with GDDR6".
_LIKE = re.compile(
    r"\b(?:resembl\w+|akin to|basically|essentially|in essence|in effect|apparentent|"
    r"s[\u2019']apparente\w*|"
    r"ressembl\w+|\u00e4hnel\w+|asemeja\w*|somiglia\w*)\s+(?:(?:to|of|\u00e0|a|an|the|some|des|un|une|"
    r"einer|einem|ad)\s+){0,4}"
    r"(?:NVIDIA\s+|GeForce\s+)*$",
    re.IGNORECASE,
)


def _akin(text: str, start: int, at: int) -> bool:
    """Whether the device at a place is one that another is said to be like."""
    return _LIKE.search(text, start, at) is not None


#: "HBM3e, an enhanced version of HBM3".
_OF_OLDER = re.compile(
    r"\b(?:version|variant|evolution|revision|successor|improvement)s? (?:of|to|on|over)\s+$", re.IGNORECASE
)


def _older(text: str, start: int, at: int) -> bool:
    """Whether a type is the one that another was made from."""
    return _OF_OLDER.search(text, start, at) is not None


_LABELLED = re.compile(
    r"\W*(?:(?:gpu|video|graphics)\s+)?(?:memory|vram)(?:\s+\w+)?\s*[:\u2013-]", re.IGNORECASE
)


def _or_another(text: str, place: tuple[int, int], match: re.Match[str], gpus: Sequence[Gpu]) -> bool:
    """Whether a type is one of two of which the other is right: "the RTX cards use GDDR6 or GDDR6X"."""
    before = [each for each in _MEMORY.finditer(text, *place) if each.end() <= match.start()][-1:]
    after = [each for each in _MEMORY.finditer(text, match.end(), place[1])][:1]
    others = [each for each in before if _OR_ELSE.fullmatch(text, each.end(), match.start())]
    others += [each for each in after if _OR_ELSE.fullmatch(text, match.end(), each.start())]
    if after and _INSTEAD.fullmatch(text, match.end(), after[0].start()):
        # No version of a card with GDDR has HBM: "it uses HBM2e instead of GDDR6".
        others = [each for each in others if ("HBM" in each[0]) == ("HBM" in match[0])]
    return any(_same_type(each[0], str(gpu.value("memory_type"))) for each in others for gpu in gpus)


_INSTEAD = re.compile(r"\s*(?:memory\s+)?(?:instead of|in place of|rather than)\s*", re.IGNORECASE)
#: Between two types one of which is another's: "with slower memory (GDDR6 instead of GDDR6X)".
_OR_ELSE = re.compile(
    r"\s*(?:or|/|instead of|in place of|rather than|against|versus|vs\.?|where|statt|au lieu de|"
    r"en vez de)\s*",
    re.IGNORECASE,
)


#: A phrase before its subject: "With 32 GB of GDDR7 on a 512-bit bus the RTX 5090 reaches".
_FRONT = re.compile(
    r"\s*(?:With|Thanks to|Armed with|Equipped with|Boasting|Featuring|Packing|"
    r"Sporting|Offering|Carrying)\s[^,;.:]*",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\s*(?:Both|All three|All of them)\b", re.IGNORECASE)
_TO_SUBJECT = re.compile(
    r"[^,;.:]{0,40},?\s(?:the\s+|nvidia[\u2019']s\s+|nvidia\s+|amd[\u2019']s\s+)*", re.IGNORECASE
)
_REACHES = re.compile(r"\s+(?:has|reaches|is|offers|delivers|provides|comes|gets|can|moves|achieves)\b")


#: Between a type and what it is in: "HBM2 in the V100, HBM2e in the A100 80GB".
_IN = re.compile(
    r"\s+(?:in|on|for|im|bei|beim|auf|f\u00fcr|dans|pour|sur|en|para|nella?)\s+"
    r"(?:the\s+|der\s+|dem\s+|den\s+|die\s+|la\s+|le\s+|l[\u2019']|el\s+)?(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)


def _in_it(text: str, end: int, who: Spoken) -> Mention | None:
    """The device right behind a type that is said to be in it."""
    after = next((each for each in who.here if each.start >= end), None)
    return after if after and _IN.fullmatch(text, end, after.start) else None


def _fronted(text: str, before: tuple[int, int], end: int, who: Spoken) -> Mention | None:
    """The subject behind a phrase that begins a sentence and names no device itself."""
    after = next((each for each in who.here if each.start >= end), None)
    named = any(each.end <= before[1] for each in who.here)
    if after is not None and not named and _BOTH.match(text, *before) and len(who.here) > 1:
        # "Both use GDDR6: the L4 has 24 GB": of those behind it.
        return after
    if after is None or named or not _FRONT.fullmatch(text, *before):
        return None
    subject = _TO_SUBJECT.fullmatch(text, end, after.start) and _REACHES.match(text, after.end)
    return after if subject else None


def _of_another(told: str, mention: Mention, context: Context) -> bool:
    """Whether another device of the document has a type of memory, where a sentence names none."""
    others = (context.catalogue[key] for key in context.spoken_of if key not in mention.named)
    return any(_same_type(told, str(gpu.value("memory_type"))) for gpu in others if gpu.value("memory_type"))


def _of_sizes(text: str, gpus: Sequence[Gpu]) -> list[Gpu]:
    """The devices that have a memory of a size that a text states."""
    sizes = {int(size) for size in _SIZE.findall(text)}
    return [gpu for gpu in gpus if any(gpu.display("memory").startswith(f"{size} ") for size in sizes)]


def _same_type(told: str, known: str) -> bool:
    """Whether a type of memory is a known one; HBM is any of its generations."""
    a, b = told.lower(), known.lower()
    return b.startswith(a) if a in ("hbm", "gddr", "lpddr") else a == b


def _all_of(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """A type of memory that is said of several sizes: each must have it."""
    known = [gpu for gpu in gpus if excludes(gpu, "memory_type", math.inf)]
    wrong = [gpu for gpu in known if not _same_type(match[0], str(gpu.value("memory_type")))]
    largest = max((float(gpu.value("memory") or 0) for gpu in known), default=0.0)
    wrong = [gpu for gpu in wrong if float(gpu.value("memory") or 0) > 0.9 * largest]
    if not wrong:
        yield from _one_of(passage, match, gpus, context)
        return
    right = ", ".join(gpu.id for gpu in known if gpu not in wrong)
    yield of_field(
        passage, match.span(), "specification", "memory_type", wrong[:1], "contradicted", context, right
    )


def _one_of(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """A type of memory that is that of one of these devices, or of none of them."""
    # A name without its type is also of the card that was sold with another.
    others = [context.catalogue[key] for gpu in gpus for key in same_card(gpu.id, context.catalogue)]
    known = [gpu for gpu in (*gpus, *others) if gpu.value("memory_type")]
    right = [gpu for gpu in known if _same_type(match[0], str(gpu.value("memory_type")))]
    vague = match[0].lower() in ("hbm", "gddr", "lpddr")
    # HBM is no GDDR, of whatever generation either is.
    other = (
        match[0].lower() == "hbm"
        and known
        and all("gddr" in str(gpu.value("memory_type")).lower() for gpu in known)
    )
    vague = vague and not other
    unified = any("unified" in str(gpu.value("memory_type")).lower() for gpu in known)
    # A file that says "HBM" and no more does not exclude a generation of it.
    loose = "hbm" in match[0].lower() and any(gpu.value("memory_type") == "HBM" for gpu in known)
    if not known or (not right and (unified or vague or loose)):
        return
    if not right and _is_of_a_hosts_size(passage.text, match, known):
        return
    sure = [gpu for gpu in known if excludes(gpu, "memory_type", math.inf)]
    sure = [] if not right and _only_enhanced(match[0], known, context) else sure
    verdict = "confirmed" if right else "contradicted" if sure else "unverifiable"
    yield of_field(passage, match.span(), "specification", "memory_type", right or known, verdict, context)


#: An amount right before a type of a host's memory.
_AMOUNT = re.compile(r"(?P<n>\d{1,5})\s?(?P<scale>[GT])i?B\s+(?:of\s+)?(?:\w+\s){0,2}$", re.IGNORECASE)
_HOST_TYPE = re.compile(r"(?:LP)?DDR\d", re.IGNORECASE)


def _is_of_a_hosts_size(text: str, match: re.Match[str], known: Sequence[Gpu]) -> bool:
    """Whether a type of a host's memory stands behind an amount that none of the devices has."""
    if not _HOST_TYPE.match(match[0]):
        return False
    told = _AMOUNT.search(text, max(0, match.start() - 24), match.start())
    size = float(told["n"]) * (1024.0 if told["scale"] in "Tt" else 1.0) if told else 0.0
    sizes = {nominal_gb(float(gpu.value("memory") or 0.0)) for gpu in known}
    return told is not None and size not in sizes


def _only_enhanced(told: str, known: Sequence[Gpu], context: Context) -> bool:
    """Whether HBM2 stands for HBM2e, or the other way round, and no vendor and no other form says more."""
    near = [
        gpu for gpu in known if str(gpu.value("memory_type")).lower().rstrip("e") == told.lower().rstrip("e")
    ]
    kin = [context.catalogue[key] for key in family((known[0].id,), context.catalogue)]
    # A vendor's word on one form is enough where no form differs from it.
    one_type = len({str(gpu.value("memory_type")) for gpu in kin}) == 1
    sure = kin if one_type else near
    vendor = any((fact := gpu.fact("memory_type")) is not None and fact.kind == "vendor" for gpu in sure)
    return (
        bool(near) and not vendor and not any(_same_type(told, str(gpu.value("memory_type"))) for gpu in kin)
    )
