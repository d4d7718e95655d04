"""Who makes a chip, and in which process: "TSMC's 4N", "Samsung's 8 nm", "both on 7 nm from TSMC"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import of_architecture
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.tables.entries import entries
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import one_before, sentences
from whichgpu.audit.values.fields import OF_CHIPLETS, of_field, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_MAKERS = r"(?P<maker{0}>TSMC|Samsung|GlobalFoundries|Intel)"
_NODE = r"(?P<node{0}>\d{{1,2}}(?:[ -]?(?:nm|nanometers?)|N[A-Z]?\b|FF[A-Z]?\+?)|N\d{{1,2}}[A-Z]?\b)"
_TOLD = re.compile(
    rf"\b{_MAKERS.format(1)}(?:[\u2019']s)?\s+(?:(?:custom|advanced|own|mature|older|newer|cutting-edge)\s+)*"
    rf"{_NODE.format(1)}"
    rf"|\b{_NODE.format(2)}\s+(?:(?:process|node|technology|FinFET)\s+){{0,2}}(?:from|by|of|"
    rf"at)\s+{_MAKERS.format(2)}\b"
    rf"|\b{_MAKERS.format(3)}\s+(?:on|in|using|at|with)\s+(?:an?\s+|its\s+|the\s+)?(?:[\w-]+\s+){{0,2}}?"
    rf"{_NODE.format(3)}"
    rf"|\b(?:made|built|manufactured|fabricated|produced|fabbed)\s+(?:by|at)\s+{_MAKERS.format(4)}\b"
    rf"|\b(?:which|that)\s+{_MAKERS.format(6)}\s+(?:makes|builds|manufactures|produces|fabricates|fabs|"
    rf"etches)"
    rf"(?:\s+(?:for NVIDIA|for it))?\s+(?:on|in|at|with|using)\s+(?:an?\s+|its\s+|the\s+)?{_NODE.format(6)}",
    re.IGNORECASE,
)
#: What makes of a maker and a process those of something else.
_OTHERS = re.compile(
    r"\b(?:than|unlike|instead|rather|compared|versus|vs|previous|predecessor|successor|would|could|"
    r"rumou?r\w*|"
    r"the (?:\w+ ){0,2}(?:cards|gpus|chips)(?= (?:of|from|in)\b)|"
    r"capacity|memory|hbm|gddr\w*|i/o|iod|dies|chiplets|switch\w*|cpu|older|moved?|from)\b",
    re.IGNORECASE,
)
_BEFORE = 60
#: Of the one before: "Samsung's 8 nm gave way to TSMC's 4N".
_GONE = re.compile(
    r"\s+(?:gave way|made (?:way|room)|was (?:replaced|followed|dropped)|had been)\b", re.IGNORECASE
)
#: The header of who makes a chip, and such a cell.
_FOUNDRY = re.compile(
    r"foundry|fab|manufactured(?: (?:by|in|on|at))?|chip (?:maker|manufacturer)|auftragsfertiger|fonderie|"
    r"fundici\u00f3n",
    re.IGNORECASE,
)
_MAKER = re.compile(r"\s*(?P<maker1>TSMC|Samsung|GlobalFoundries|Intel|UMC|SMIC)\s*", re.IGNORECASE)
#: A process by its name alone, in a cell of processes: "4N".
_BY_NAME = re.compile(r"\s*(?P<node0>\d{1,2}N[A-Z]?|\d{1,2}FF[A-Z]?|N\d{1,2}[A-Z]?)\s*")
#: Nodes of TSMC that one process is called by.
_ONE_NODE = frozenset({4, 5})
_DIGITS = re.compile(r"\d{1,2}")


def find(context: Context) -> Iterator[Finding]:
    """Every process that is said of a device with its maker, with its verdict."""
    for cell in (*(cell for table in context.document.tables for cell in cells(table, context)),
                 *entries(context)):  # fmt: skip
        made_by = None
        if cell.attribute and cell.attribute.key == "process":
            made_by = _TOLD.search(cell.passage.text) or _BY_NAME.fullmatch(cell.passage.text)
        if not made_by and _FOUNDRY.fullmatch(cell.label.strip(" :*")):
            made_by = _TOLD.search(cell.passage.text) or _MAKER.fullmatch(cell.passage.text)
        if made_by:
            yield from _judged(cell.passage, made_by, cell.ids, context)
    for index, passage in context.document.running():
        told = _TOLD.search(passage.text) and not OF_CHIPLETS.search(passage.text)
        for sentence in sentences(passage.text) if told else ():
            who = spoken(index, passage, sentence, context)
            yield from _of_sentence(passage, sentence, who, context)
        for match in _OF_FAMILY.finditer(passage.text):
            yield from _of_family(passage, match, match["kind"], context)
        for kind in _FAMILY_IS.finditer(passage.text) if told else ():
            by = _TOLD.search(passage.text, kind.end(), kind.end() + _NEAR)
            if by and not _OTHERS.search(passage.text, kind.start(), by.start()):
                yield from _of_family(passage, by, kind["kind"], context)


#: "For Ampere, NVIDIA changed to Samsung and its 8 nm process": by the name of an architecture alone.
_OF_FAMILY = re.compile(
    r"\b(?:For|With)\s+(?P<kind>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|"
    r"Blackwell)\b,?\s+"
    r"(?:NVIDIA|it|they|the company)\s+(?:(?:then|again|first|now)\s+)?(?:changed|switched|moved|went|"
    r"turned|returned|came back)\s+"
    rf"(?:back\s+)?to\s+{_MAKERS.format(5)}(?:[\u2019']s|,?\s+and\s+(?:to\s+)?(?:its|their|"
    rf"the))?\s+(?:(?:custom|own|new)\s+)*"
    rf"[\"\u201c]?{_NODE.format(5)}",
)


#: "Ada cards are made by Samsung on its 8 nm process".
_FAMILY_IS = re.compile(
    r"(?:^|(?<=[.!?;] )|(?<=[Tt]he ))(?P<kind>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: "
    r"Lovelace)?|Hopper|Blackwell)"
    r"(?:\s+(?:cards|GPUs|gpus|chips|parts|generation|architecture|family|silicon))?\s+(?:is|are|was|were|"
    r"comes?|came)\s+"
    r"(?=(?:\w+\s+)?(?:made|built|manufactured|fabricated|produced|fabbed|etched|from|out of|on)\b)"
)
_NEAR = 48


def _of_family(passage: Passage, match: re.Match[str], kind: str, context: Context) -> Iterator[Finding]:
    """A maker and a process by which no device of an architecture is made."""
    gpus = [gpu for gpu in of_architecture(kind, context) if gpu.value("process")]
    for found in _judged(passage, match, [gpu.id for gpu in gpus], context):
        yield found._replace(subject=kind)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _TOLD.finditer(passage.text, sentence.start, sentence.end):
        mention = owner_of(match.start(), who)
        if mention not in who.here and who.here and not passage.text[sentence.start : match.start()].strip():
            # "Made by TSMC, the GB203 in the RTX 5080": of what stands behind it.
            mention = who.here[0] if who.here[0] not in who.against else None
        start = max(sentence.start, match.start() - _BEFORE)
        if _GONE.match(passage.text, match.end()):
            continue
        if _ALL_OF_THOSE.match(sentence.text) and not who.here:
            yield from _of_those(passage, sentence, match, context)
            continue
        if mention is None or _OTHERS.search(passage.text, start, match.start()):
            continue
        if mention not in who.here and not who.certain:
            continue
        yield from _judged(passage, match, mention.ids, context)


#: "The A10 and the A40 sit on GA102. All of those are made by".
_ALL_OF_THOSE = re.compile(
    r"\s*(?:All|Both)(?:\s+of)?(?:\s+(?:those|these|them|two|three|four|five|six))?(?:\s+(?:chips|cards|"
    r"gpus))?\s+(?:are|were|come|came)\b",
    re.IGNORECASE,
)


def _of_those(
    passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    """What is said of all devices that the sentence before names: wrong of one of them, else right."""
    before = one_before(passage.text, sentence.start)
    named = context.mentions.get(context.place(passage), ())
    here = [one for one in named if before and before[0].start <= one.start < before[0].end]
    every = [found for one in here for found in _judged(passage, match, one.ids, context)]
    yield from ([found for found in every if found.accuses] or every)[:1]


def _judged(
    passage: Passage, match: re.Match[str], ids: Sequence[str], context: Context
) -> Iterator[Finding]:
    """The maker and the node of one of these devices, or of none of them."""
    gpus = [context.catalogue[key] for key in ids]
    known = [gpu for gpu in gpus if gpu.value("process") and gpu.confidence != "low"]
    told = match.groupdict()
    maker = next((words for name, words in told.items() if name.startswith("maker") and words), "").lower()
    node = next((words for name, words in told.items() if name.startswith("node") and words), "")
    if maker and not node and all(gpu.vendor.lower() == maker for gpu in known):
        # "The Arc Pro B50 is manufactured by Intel": whose product it is, and not who etches it.
        return
    right = [gpu for gpu in known if _is_made(str(gpu.value("process")), maker, node)]
    if known:
        verdict = "confirmed" if right else "contradicted"
        yield of_field(passage, match.span(), "identity", "process", right or known, verdict, context)


#: A process of TSMC's for NVIDIA by its own name, whose letters tell apart what is of one node: 4N and 4NP.
_OWN_NAME = re.compile(r"\b\d{1,2}NP?\b")


def _is_made(process: str, maker: str, node: str) -> bool:
    """Whether a process on file is of a maker, or tells none, and of the node that is told."""
    digits = [int(each[0]) for each in (_DIGITS.search(process), _DIGITS.search(node)) if each]
    names = [each[0] for each in (_OWN_NAME.search(process), _OWN_NAME.search(node)) if each]
    makers = ("tsmc", "samsung", "globalfoundries", "intel")
    own = [each for each in makers if each in process.lower()]
    if (own and maker and maker not in own) or len({*names}) > 1:
        return False
    return len({*digits}) < 2 or {*digits} <= _ONE_NODE
