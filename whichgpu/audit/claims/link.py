"""The way to the host: "PCIe Gen5 x16" in cells and sentences, against what is on file."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.coordinated import up_to
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.explained import of_words
from whichgpu.audit.tables.interconnects import BARE
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.quantities import read_number
from whichgpu.audit.text.sentences import Sentence, sentences
from whichgpu.audit.values.fields import ITS_OWN, SET_AGAINST, generations, of_field, owner_of
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.gpu import Gpu

_PCIE = re.compile(
    r"\bPCI(?:-?e|[- ]?Express)\s*(?:Gen(?:eration)?\.?\s*|v|version\s+)?(?P<n>[2-6])(?:\.[01])?"
    r"(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?\b(?!\s*(?:GB|slots?|power|cables?|connectors?|pins?|-pin))",
    re.IGNORECASE,
)
#: A cell of a row that is of the bus: "Gen 4 x16", "4.0".
_CELL = re.compile(
    r"\s*(?:PCI(?:e|[- ]?Express)\s*)?(?:Gen(?:eration)?\.?\s*)?(?P<n>[2-6])(?:\.[01])?"
    r"(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?(?=\s*(?:$|[,;(/]|\d{2,3}\s?GB/s))",
    re.IGNORECASE,
)
#: The same in words: "a fourth-generation PCIe interface", "its PCIe link is fifth generation".
_SPELLED = re.compile(
    r"\b(?:(?P<n>second|third|fourth|fifth|sixth|[2-6](?:nd|rd|th))[- ]gen(?:eration)?\s+"
    r"PCI(?:e|[- ]?Express)\b"
    r"|PCI(?:e|[- ]?Express)\s+(?:interface|link|bus|connection)\s+(?:is|of|being)\s+(?:still\s+|only\s+)?"
    r"(?:(?:of\s+)?the\s+)?(?P<of>second|third|fourth|fifth|sixth|[2-6](?:nd|rd|th))[- ]gen(?:eration)?)"
    r"(?P<lanes>(?!))?(?!\s+slots?)",
    re.IGNORECASE,
)
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_HEAD, _NOT_HEAD = (
    re.compile(
        r"pci|interface|interconnect|bus|schnittstelle|interfaz|interfaccia|^(?:(?:host|slot|connection)\b|"
        r"link(?:s)?(?: to (?:the )?(?:host|system|cpu))?$)"
    ),
    re.compile("memory|width"),
)
_ENDS = re.compile(r"\s*(?:[.,;]|$)")
#: Ways to a card that may be narrower than its own link: what is spoken of is the way.
_BY_A_WAY = re.compile(
    r"\b(?:thunderbolt|usb ?4|oculink|egpus?|enclosure|risers?|m\.2|"
    r"adapters?|bifurcat\w+|mining|x1|slots?|chipset|"
    r"motherboard|mainboard|laptop|switch|in (?:our|my|this|an old)|(?:our|my) (?:old )?\w+)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:slot|motherboard|board|cpu|backward\w*|compatible|server|platform|lanes? (?:of|to)|switch)\b", re.I
)


def find(context: Context) -> Iterator[Finding]:
    """Every generation of PCIe that is said of a device, with its verdict."""
    yield from _cells(context)
    for index, passage in context.document.running():
        told = _PCIE.search(passage.text) or _SPELLED.search(passage.text)
        for sentence in sentences(passage.text) if told else ():
            yield from _of_sentence(index, passage, sentence, context)
        for sentence in sentences(passage.text) if "PCI" in passage.text else ():
            yield from _rates(passage, sentence, context)
        yield from _labelled(passage, context.mentions.get(index, ()), context)
        yield from _networks(passage, context)


#: Gigabytes a second that a lane moves in one direction, by the generation: transfers a second after coding.
_LANE = {2: 0.5, 3: 0.985, 4: 1.969, 5: 3.938, 6: 7.563}
_RATE = (
    r"(?P<n>\d{2,4}(?:\.\d)?)\s?(?-i:GB)(?:/s|ps| per second)"
    r"(?P<one>\s+(?:(?:in\s+)?each (?:direction|way)|per direction|(?:in )?one (?:direction|way)))?"
)
_GEN = (
    r"PCI(?:e|[- ]?Express)\s*(?:is\s+)?(?:Gen(?:eration)?\.?\s*)?(?P<gen>[2-6])(?:\.0)?"
    r"(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?\b"
)
_SLACK, _WIDEST = 1.06, 16
#: What is over several links at once.
_SEVERAL = re.compile(r"\b(?:together|in total|aggregate\w*|combined|all (?:four|eight))\b", re.IGNORECASE)
#: A rate over PCIe of whichever generation: no more than the latest moves.
_BARE_RATE = re.compile(
    r"\b(?:over|via|through|by|across) (?:plain |the )?PCI(?:e|[- ]?Express)(?: bus)? (?:at|with) "
    r"(?:up to |about |some )?(?P<n>\d{2,4}(?:\.\d)?)\s?(?-i:GB)(?:/s|ps| per second)|"
    r"(?<![\d.,])(?P<m>\d{2,4}(?:\.\d)?)\s?(?-i:GB)(?:/s|ps| per second)(?: of bandwidth)? "
    r"(?:over|via|through|across) (?:plain |the )?PCI(?:e|[- ]?Express)\b(?!\s*(?:Gen|[2-7]\b|switch))",
    re.IGNORECASE,
)
_MOVES = (
    re.compile(
        rf"\b{_GEN}(?:\s+(?:slot|link|bus|lanes?|interface))?\s*(?:[(:=]|,?\s*(?:which\s+)?(?:gives?|"
        rf"offers?|carries|moves?|manages?|does|has|"
        rf"provides?|reaches|delivers?|allows?|moves?|tops out at|is good for|is))\s*"
        rf"(?:about |around |roughly |up to |only |just |some )*{_RATE}(?!\s+(?:of )?(?:memory|vram))",
        re.IGNORECASE,
    ),
    re.compile(rf"{_RATE}\s+(?:over|via|through|across|of)\s+(?:the\s+|an?\s+)?{_GEN}", re.IGNORECASE),
    re.compile(
        rf"\b{_GEN}(?![^.;]*\b(?:NVLink|InfiniBand|Infinity)\b)[^;]{{1,120}}?\b{_RATE}(?<=direction)", re.I
    ),
)


def _rates(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What PCIe is said to move, against what its lanes can: both ways, unless one is spoken of."""
    latest, most = max(_LANE), 2 * _WIDEST * max(_LANE.values())
    for match in _BARE_RATE.finditer(passage.text, sentence.start, sentence.end):
        if float(match["n"] or match["m"]) > most * _SLACK and not _SEVERAL.search(sentence.text):
            because = f"PCIe {latest}.0 x{_WIDEST}, the latest, moves {most:.3g} GB/s in both directions"
            yield made(context, passage, match.span("n" if match["n"] else "m"), "specification",
                       "contradicted", subject="PCIe", attribute="pcie_bandwidth", because=because,
                       evidence=(Evidence(because),))  # fmt: skip
    for pattern in _MOVES:
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            lanes, gen = int(match["lanes"] or _WIDEST), int(match["gen"])
            most = _LANE[gen] * lanes * (1 if match["one"] else 2)
            wrong = float(match["n"]) > most * _SLACK
            way = "in each direction" if match["one"] else "in both directions together"
            because = f"PCIe {gen}.0 x{lanes} moves {most:.3g} GB/s {way}"
            verdict = "contradicted" if wrong else "confirmed"
            yield made(context, passage, match.span("n"), "specification", verdict,
                       subject=f"PCIe {gen}.0", attribute="pcie_bandwidth", because=because,
                       expected=f"{most:.3g}" if wrong else "", evidence=(Evidence(because),))  # fmt: skip


_ROW = re.compile(rf"[\s*_]*{_GEN}[\s*_]*(?:\(x(?P<in>\d{{1,2}})\)|slot|link)?[\s*_]*", re.IGNORECASE)
_OF_ROW = re.compile(
    r"[\s*_~]*(?P<n>\d{1,3}(?:\.\d+)?)\s?(?:GB/s|GBps)[\s*_]*(?:\([x\u00d7]\s?(?P<lanes>\d{1,2})\))?[\s*_]*"
)
_BOTH = re.compile(r"bi-?dir|both|total|aggregate|duplex", re.IGNORECASE)
_ONE_WAY = re.compile(r"uni-?dir|one[- ]way|per direction|each (?:way|direction)|per lane", re.IGNORECASE)


def _rows(table: Table, context: Context) -> Iterator[Finding]:
    """What generations of PCIe move by a table with a row for each: "PCIe 4.0 x16 | 64 GB/s"."""
    for row in table.rows[1:]:
        link = _ROW.fullmatch(row[0].text) if row and row[0] else None
        for column, cell in enumerate(row) if link else ():
            head, told = table.cell(0, column), _OF_ROW.fullmatch(cell.text) if cell else None
            if not (cell and link and head and told and BARE.fullmatch(head.text)):
                continue
            lanes = int(told["lanes"] or link["lanes"] or link["in"] or _WIDEST)
            way = _LANE[int(link["gen"])] * lanes
            one, both = _ONE_WAY.search(head.text), _BOTH.search(head.text)
            most = [times * way for times in (1, 2) if not ((one and times == 2) or (both and times == 1))]
            right = any(abs(float(told["n"]) / rate - 1) < _SLACK - 1 for rate in most)
            because = (
                f"PCIe {link['gen']}.0 x{lanes} moves {way:.3g} GB/s in each direction, {2 * way:.3g} in both"
            )
            verdict = "confirmed" if right else "contradicted"
            yield made(context, cell, told.span("n"), "specification", verdict,
                       subject=f"PCIe {link['gen']}.0", attribute="pcie_bandwidth", because=because,
                       expected="" if right else f"{most[-1]:.3g}",
                       evidence=(Evidence(because),))  # fmt: skip


def _cells(context: Context) -> Iterator[Finding]:
    for table in context.document.tables:
        yield from _rows(table, context)
        found = cells(table, context)
        headed = of_words(found, lambda cell: _tells_its_own(cell, context))
        for cell in found:
            label = cell.label.lower()
            if "PCI" in cell.passage.text:
                yield from _rates(
                    cell.passage, Sentence(0, len(cell.passage.text), cell.passage.text), context
                )
            if cell.label in headed or (_HEAD.search(label) and not _NOT_HEAD.search(label)):
                yield from _of_cell(cell, context)


def _tells_its_own(cell: Cell, context: Context) -> bool | None:
    """Whether a cell that names a generation of PCIe names that of its device; None where it names none."""
    answers = [each.verdict == "confirmed" for each in _of_cell(cell, context)]
    return all(answers) if answers else None


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    text = cell.passage.text
    if heads := _PCIE.search(cell.label) if _ONLY_YES.fullmatch(text) else None:
        yield from _has(cell, heads, context)
        return
    match = _PCIE.search(text) or (_CELL.match(text) if "pci" in cell.label.lower() else None)
    if match:
        yield from _judged(cell.passage, match, [context.catalogue[key] for key in cell.ids], context)


def _has(cell: Cell, heads: re.Match[str], context: Context) -> Iterator[Finding]:
    """A yes or a no below a generation: "PCI Express Gen 5 | Yes"."""
    known = [
        gpu for key in cell.ids if generations(gpu := context.catalogue[key]) and gpu.confidence != "low"
    ]
    yes = cell.passage.text.strip()[0].lower() in _YES
    # What has a later generation runs in slots of an earlier one.
    right = [gpu for gpu in known if (int(heads["n"]) <= max(generations(gpu))) is yes]
    if known:
        verdict = "confirmed" if right else "contradicted"
        place = (0, len(cell.passage.text))
        yield of_field(
            cell.passage, place, "specification", "pcie_generation", right or known, verdict, context
        )


#: A cell that says yes or no, and the first letters of a yes.
_ONLY_YES = re.compile(
    r"\s*(?:yes|no|ja|nein|oui|non|[\u2713\u2714\u2705\u2717\u2718\u274c])\s*", re.IGNORECASE
)
_YES = "yjo\u2713\u2714\u2705"


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    who = spoken(index, passage, sentence, context)
    yield from _lanes(passage, sentence, who.here, context)
    found = list(_PCIE.finditer(sentence.text))
    if any(not sentence.text[a.end() : b.start()].strip() for a, b in pairwise(found)):
        # The row of a table without marks.
        return
    spelled = _SPELLED.finditer(passage.text, sentence.start, sentence.end)
    for match in (*_PCIE.finditer(passage.text, sentence.start, sentence.end), *spelled):
        mention = owner_of(match.start(), who)
        near = passage.text[max(sentence.start, match.start() - 45) : match.end() + 25]
        inside = any(each.start < match.end() and match.start() < each.end for each in who.here)
        if mention is None or inside or SET_AGAINST.search(near) or _OTHER.search(near):
            continue
        listed = passage.kind == "item" and len(passage.text) <= len(near)
        # "PCIe 4.0 x16." by itself goes on with what the text lists of a device.
        alone = not sentence.text[: match.start() - sentence.start].strip() and _ENDS.match(
            passage.text, match.end()
        )
        if mention in who.here or listed or (who.certain and (alone or ITS_OWN.match(sentence.text))):
            every = (up_to(mention, who) if mention in who.here else []) or [mention]
            yield from _of_each(passage, match, every, context)


#: "PCIe: P40 3.0 x16, L4 4.0 x16".
_LABEL = re.compile(
    r"[\s*_\u2022-]*PCI(?:e|[- ]?Express)(?:\s+(?:interface|bus|generation|link))?[*_]*:[*_]*\s+",
    re.IGNORECASE,
)
_ITS = re.compile(
    r"\s*[:(]?\s*(?:Gen\s*)?(?P<n>[2-6])(?:\.[01])?(?:\s*[x\u00d7]\s?(?P<lanes>\d{1,2}))?(?=\s*(?:[,;.)]|$))",
    re.IGNORECASE,
)


def _labelled(passage: Passage, named: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The generation and the lanes of each device of a list that is headed by the bus."""
    for one in named if _LABEL.match(passage.text) else ():
        match = _ITS.match(passage.text, one.end)
        if match:
            yield from _judged(passage, match, [context.catalogue[key] for key in one.ids], context)


#: A network's rate is one of bits, and its usual ones are these.
_NETWORK = re.compile(
    r"\b(?P<n>25|40|50|56|100|200|400|800)\s?(?P<unit>GB/s|GBps|gigabytes per "
    r"second)\s+(?:[\w-]+\s+)?(?:InfiniBand|Ethernet|RoCE)\b"
)


_OF_SEVERAL_PORTS = re.compile(
    r"\b(?:eight|8|four|4|nine|9|ten|10)\s+(?:[\w-]+ ){0,3}?(?:ports|links|NICs|adapters|rails|cards)\b|"
    r"\b(?:in total|in all|altogether|together|(?:per|each|a) (?:node|server))\b|\d ?Gb(?:it)?/s"
)
_AROUND = 60


def _networks(passage: Passage, context: Context) -> Iterator[Finding]:
    """Rates of networks in bytes that are those in bits."""
    for match in _NETWORK.finditer(passage.text):
        if _OF_SEVERAL_PORTS.search(passage.text, max(match.start() - _AROUND, 0), match.end() + _AROUND):
            # "400 GB/s of InfiniBand, eight ports of 400 Gb/s".
            continue
        because = f"links of {match['n']} Gbit/s are made, none of {match['n']} GB/s"
        yield made(
            context, passage, match.span("unit"), "category", "contradicted", subject="network",
            attribute="network", because=because, expected="Gbit/s", evidence=(Evidence(because),),
        )  # fmt: skip


#: "Sixteen lanes of PCIe 4.0", "only eight PCIe lanes".
_LANES = re.compile(
    r"\b(?P<n>four|eight|sixteen|\d{1,2})\s+(?:PCI(?:e|"
    r"[- ]?Express)\s*(?:Gen\s*)?(?:[2-6](?:\.0)?\s+)?)?lanes\b",
    re.IGNORECASE,
)
_HAS = re.compile(
    r"s?(?:,\s+which\s+is\s+an?\s+(?:PCIe\s+[2-6](?:\.0)?\s+)?card\s+with\s+|"
    r"\s+(?:has|have|uses?|gets?|is|are|comes? with|needs?|with|connects? (?:over|with|by)|"
    r"makes? do with|runs? (?:on|over)|is wired with|offers?|provides?|occupies|takes)\s+)"
    r"(?:wired (?:for|with)\s+|limited to\s+|only\s+|just\s+|all\s+|the full\s+|full\s+|a mere\s+)*",
    re.IGNORECASE,
)


def _lanes(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """How many lanes a device right before is said to have."""
    for match in _LANES.finditer(passage.text, sentence.start, sentence.end):
        one = next((each for each in here if _HAS.fullmatch(passage.text, each.end, match.start())), None)
        known = [context.catalogue[key] for key in one.ids] if one else []
        if _BY_A_WAY.search(sentence.text):
            continue
        known = [gpu for gpu in known if gpu.value("pcie_lanes") and gpu.confidence != "low"]
        if known:
            told = read_number(match["n"])
            right = [gpu for gpu in known if int(gpu.need("pcie_lanes")) == told]
            verdict = "confirmed" if right else "contradicted"
            yield of_field(
                passage, match.span("n"), "specification", "pcie_lanes", right or known, verdict, context
            )


def _of_each(
    passage: Passage, match: re.Match[str], named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """What is said of each of several devices: the first of which it is not so, else the last."""
    every = [
        found
        for one in named
        for found in _judged(passage, match, [context.catalogue[key] for key in one.ids], context)
    ]
    yield from ([found for found in every if found.accuses] or every[-1:])[:1]


def _judged(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """The generation, and the lanes where they are told, of one of the devices that can be meant."""
    known = [gpu for gpu in gpus if gpu.value("pcie_generation") and gpu.confidence != "low"]
    if not known:
        return
    lanes = int(match["lanes"]) if match["lanes"] else 0
    said = "of" if match.groupdict().get("of") else "n"
    told = _ORDINALS.get(match[said].lower()) or int(match[said][0])
    right = [
        gpu
        for gpu in known
        if told in generations(gpu)
        and (not lanes or not gpu.value("pcie_lanes") or int(gpu.need("pcie_lanes")) == lanes)
    ]
    best = (right or known)[0]
    has = f"PCIe {best.value('pcie_generation')}.0 x{best.value('pcie_lanes') or '?'}"
    # A card in a longer slot than it has lanes is often told by the slot.
    generation = any(told in generations(gpu) for gpu in known)
    verdict = "confirmed" if right else "unverifiable" if generation else "contradicted"
    place = (match.start(said), match.end())
    yield made(context, passage, place, "specification", verdict, subject=best.id,
               attribute="pcie_generation", because=f"{best.id} has {has}",
               expected="" if right else has, evidence=(source_of(best, "pcie_generation"),))  # fmt: skip
