"""Capabilities: "supports FP8", "no NVLink", cells that say yes or no, display outputs, connectors."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.capabilities import CAPABILITIES, Capability, capability_of, named_in
from whichgpu.audit.claims.instances import CELL_PARTS, of_parts
from whichgpu.audit.entries import entries
from whichgpu.audit.fields import ITS_OWN
from whichgpu.audit.findings import made
from whichgpu.audit.roles import counted, spoken
from whichgpu.audit.sentences import about, sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.cells import Cell
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu


_YES = re.compile(r"\s*(?:yes|ja\b|oui\b|s[i\u00ed]\b|supported|\u2713|\u2714|\u2705|native)", re.IGNORECASE)
_NO = re.compile(
    r"\s*(?:no(?: support)?|none|nein|non|not supported|unsupported|"
    r"\u2717|\u2718|\u274c|n/a)\s*(?:\([^()]{0,40}\))?\s*$",
    re.IGNORECASE,
)
#: Headings of what was measured: "FP16 (tok/s)".
_MEASURED = re.compile(
    r"\b(?:tok(?:en)?s?|images?|imgs?|it|frames?|samples?)\s?(?:/|per )\s?s|\bfps\b", re.IGNORECASE
)
_N_A = re.compile(r"\s*n/a\s*(?:\([^()]{0,40}\))?\s*$", re.IGNORECASE)
#: What a cell says of NVLink where it says neither yes nor no: "Pair option".
_BRIDGE = re.compile(r"\b(?:pairs?|bridges?|optional|option|2-way)\b", re.IGNORECASE)
#: What may stand between a verb and the capability.
_FILL = (
    r"(?:native |its |their |full |hardware |built-in |any |on-die |the |an? |le |la |les |das |den |die "
    r"|support for |new |two |one |dual |proper |"
    r"real |more |official |hardware-accelerated ){0,3}"
)
_HAS = (
    r"(?:support(?:s|ed|ing)?|(?:thanks to|via|through|using|over) its|has|have|features?|offers?|"
    r"includes?|comes? with|equipped with|provides?|with|"
    r"introduces?|introduced|gains?|got|gets?|regains?|regained|works? with|can use|offer|"
    r"(?:two|pairs?|four|eight) (?:of (?:them|these) |cards |gpus )?(?:over|via|through)|"
    r"(?:connected|linked|joined|paired|bridged|coupled|interconnected)(?: together)? (?:via|over|with|"
    r"through|by|using)|"
    r"(?:is|was) the first (?:\w+ )?(?:with|to (?:support|offer|have|feature|include|"
    r"incorporate|introduce|use))|knows?|knew|adds?|added|"
    r"brings?|brought|enables?|runs?|carr(?:y|ies)|sports?|boasts?|packs?|retains?|keeps?|kept|exposes?|"
    r"handles?|understands?|(?:can )?encodes?(?= av1\b)|"
    r"can (?:do|handle|run|use)|does(?: have| support| offer)?|do|(?:is|are|was|were) (?:capable of|able "
    r"to (?:use|run|do))|"
    r"(?:accelerat(?:es?|ed)|uses?|used|computes? in)(?=\s+[\w-]+(?:\s\w+)?\s+(?:natively|in hardware))|"
    r"unterst\u00fctzt|unterst\u00fctzen|"
    r"prend en charge|"
    r"prennent en charge|admite|soporta)\s+"
) + _FILL
_LACKS = (
    r"(?:lacks?|lacked|lacking|without|(?:does|did|do)(?: not|n[\u2019']t) (?:support|have|include|offer|"
    r"do|handle|get|come with)|"
    r"ha(?:s|d|ve) no|never (?:had|got|supported)|(?:gave|gives) up|ditch(?:es|ed)|(?:dispenses?|does "
    r"away|did away) with|do(?:es)? without|"
    r"no longer supports?|missing|with no|(?:can[\u2019']t|cannot|could not|couldn[\u2019']t) do|"
    r"(?:cannot|can[\u2019']t) (?:use|run|support|handle|be (?:linked|connected|joined|bridged|paired|"
    r"split|sliced|partitioned) "
    r"(?:over|via|through|by|with|using|into))|drop(?:s|ped)?|omits?|omitted|"
    r"(?:but|and|,|aber|jedoch|doch|mais|pero)\s+(?:has\s+|there[\u2019']s\s+)?(?:no(?=\s)|kein(?:e|en)?|"
    r"pas de|sin)|"
    r"unterst\u00fctzt kein(?:e|en)?|hat kein(?:e|en)?|"
    r"ne prend pas en charge|no (?:admite|soporta|tiene))\s+"
) + _FILL
#: Other capabilities that are named before one, of which the same is said.
_NAMES = "|".join(each.names for each in CAPABILITIES)
_LIST = rf"(?:(?:fp16|fp32|fp64|int8|int4|{_NAMES})(?:,? and |,? or | und | et | y | e |, )){{0,3}}"
CLAIMS = tuple(
    (
        each,
        told,
        re.compile(
            rf"(?:\b|(?=,)){words}(?P<list>{_LIST})(?P<what>{each.names})\b(?!\s*(?:performance|weights?|checkpoints?|"
            rf"throughput|limit\w*|overhead|penalt\w+|"
            r"issues?|problems?|constraints?|requirements?|\d|\?|nicht\b|no\b|like\b|(?:through|via|"
            r"with) (?:hip|"
            r"zluda|scale)\b))",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
    for told, words in ((False, _LACKS), (True, _HAS))
)
#: The capability first, its device after it: "MIG is not supported on the L40S", "there is no NVLink on it".
_PASSIVE = tuple(
    (
        each,
        re.compile(
            rf"(?P<none>\b(?:no|without|(?:don[\u2019']t|do not) expect|forget "
            rf"about)\s+(?:any\s+)?)?\b(?P<what>{each.names})\s+(?:(?:is|are|was)\s+(?P<not>not\s+|"
            rf"n[o\u2019']t\s+)?"
            r"(?:also\s+|natively\s+|only\s+)?(?:supported|available|present|included|accelerated|"
            r"handled|possible|used|(?P<gone>missing|absent|gone))"
            r"(?:\s+(?:natively|only|exclusively)){0,2}|(?:also\s+)?(?:works?|runs|"
            r"ran)(?:\s+(?:fine|natively|well|unmodified|"
            r"great)){0,2}|can (?:also\s+)?be (?:used|run|executed|enabled|enjoyed))?\s*"
            r"(?:on|in|by|from|with|(?<=available )for)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
)
#: What ends what is said before the name of the device that it is of.
_ON_THE = re.compile(
    r"\b(?:on|in|by|from|with)\s+(?:both\s+)?(?:the\s+|an?\s+|nvidia\s+){0,2}$", re.IGNORECASE
)
_NEAR = 28
#: "With sparsity", "without tensor cores" qualify a figure.
_QUALIFIES = re.compile(r"with(?:out)?\b", re.IGNORECASE)
_GOES_WITHOUT = re.compile(
    r"(?i)(?:^|[.;:]\s)\s*$|\b(?:com(?:es?|ing)|came|ship(?:s|ped)?|is|are|was|were|do|does|made|sold|"
    r"cards?|gpus?|chips?|parts?|and|but)\s+(?:also |still )?$|\d\w*\s+$"
)
_ANY = re.compile(_NAMES, re.IGNORECASE)
#: What begins a list of what a device has, an entry that is a capability, and what ends or denies the list.
_BEGINS = re.compile(
    r"\b(?:supports?|features?|includes?|offers?|have|has|comes? with|with)\b", re.IGNORECASE
)
_ENTRY = re.compile(
    rf"(?:,|\band|\bplus)\s+(?:native |hardware |full )?(?P<what>{_NAMES})(?: support)?"
    r"(?=\s*(?:[,;.)]|$)|\s+(?:and\b|[-\u2013\u2014]\s))",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\b(?:but|while|whereas|though|although|not|no|without|lacks?|unlike|via|through|if|or|than|only|"
    r"which|that|is|are|was|were|can|will|need\w*|require\w*)\b|n[\u2019']t\b|[;:]",
    re.IGNORECASE,
)
_IN_LIST = re.compile(
    rf"(?<=[,:;])\s+(?:native |hardware )?(?P<what>{_NAMES})(?: support(?:ed)?)?(?=\s*(?:[,;.]|$))",
    re.IGNORECASE,
)
_ITS_OWN_HAS = re.compile(
    rf"[\u2019']s?\s+(?:(?:own|native|new|built-in|hardware|integrated|dedicated)\s+)*(?P<what>{_NAMES})\b"
    r"(?!\s*(?:rivals?|counterparts?|deficit|absence|limit\w*|gap|issues?))",
    re.IGNORECASE,
)
#: Headers of cells that list what is supported, and what in a cell denies it.
_SUPPORTED = re.compile(r"\b(?:supported|precisions?|data ?types|number formats|formats)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:no|none|not|without|except|lacks?|emulated|software)\b|\u2717|\u2718|\u274c", re.IGNORECASE
)
#: What makes an entry of a list more, or less, than a device that has it.
_UNLISTED = re.compile(
    r"\b(?:later|newer|onwards?|since|before|until|via|first|introduced|dropped|than|only)\b|\+", re.I
)
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other(?! hand)|newer|older|previous|next|future|"
    r"software|emulat\w+|"
    r"need\w*|"
    r"require\w*|should|would|than|only)\b",
    re.IGNORECASE,
)
#: What a capability came with, which is none that was named before it: "FP8 support arrived with RDNA 4".
_CAME_WITH = re.compile(
    r"\s+(?:support )?(?:first |only |finally |then |later )?(?:(?:was|were|is|got) )?"
    r"(?:arriv|c[ao]me|appear|debut|add|introduc|new|start|beg[aiu]n|land|enter|follow)\w*\s+"
    r"(?:\w+\s+)?(?:with|in|on|from|to|by)\b",
    re.IGNORECASE,
)
#: Up to the end of a question, which claims nothing.
_ASKED = re.compile(r"[^.!?;:\n]{0,80}\?")
#: "With or without" is neither.
_EITHER = re.compile(r"\bwith or $", re.IGNORECASE)
#: A denial, and how far before what is denied it stands.
_NOT = re.compile(
    r"\b(?:no(?! (?:problem|doubt|wonder|surprise|question|worries))[tr]?|none|nothing|nobody|let alone|"
    r"neither|never|cannot|"
    r"unable)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_DENIAL = 45
_TURN = re.compile(r"\b(?:but|while|whereas|however)\b|[;:]", re.IGNORECASE)
#: Before what is said of no device of the sentence.
_THE = re.compile(r"\b(?:the|this|that|an?)\s+$", re.IGNORECASE)
_FAR = 110
_OF_A_SLICE = re.compile(r"\b(?:slices?|mig|instances?|vgpus?|shares?|partitions?)\b", re.IGNORECASE)
#: Between two names of one subject, what joins the last two of it, and what denies of both.
_AND = re.compile(r"s?(?:,|,?\s+(?:and|nor|or|&))\s+(?:the\s+|nvidia\s+|amd\s+|an?\s+)*", re.IGNORECASE)
_LAST_AND = re.compile(r"\b(?:and|nor|or)\b|&", re.IGNORECASE)
_NEITHER = re.compile(r"\bneither\s+(?:the\s+|nvidia\s+|amd\s+|an?\s+)*$", re.IGNORECASE)
#: What is said to be supported, of what the sentence is about: "BF16 is not supported", "is FP8-capable".
_ITSELF = tuple(
    (
        each,
        re.compile(
            rf"\b(?P<what>{each.names})(?:,\s*(?:however|though|alas|sadly|of course),)?\s+(?:is|are|"
            rf"was)\s+(?P<not>not\s+|n[o\u2019']t\s+)?(?:also\s+|natively\s+|fully\s+|"
            r"sadly\s+|simply\s+)*(?:supported|available|present|on board|kept|retained|preserved|back|"
            r"(?P<gone>missing|absent|gone|dropped|removed|omitted|"
            r"off the table|"
            r"out of the question|unsupported|unavailable))\b(?=\s*(?:too|as well|on it|here|natively|"
            r"[,.;:)]|$))"
            rf"|(?<=supported, )(?:but )?(?P<what4>{each.names})\s+(?P<not4>(?:is|are)(?:n[\u2019']t|"
            rf"\s+not))(?=\s*[.,;:)])"
            rf"|\b(?P<what3>{each.names})\s+(?:works?|runs?|is possible)\s+(?:(?:fine|natively|well|"
            rf"great)\s+)?(?:on (?:it|this card|that card)|here|"
            rf"too|as well|natively)\b"
            rf"|\b(?:is|are)\s+(?P<not2>not\s+)?(?P<what2>{each.names})[ -](?:capable|ready|enabled|"
            rf"compatible)\b",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of a device, with its verdict."""
    for table in context.document.tables:
        # "n/a" in a table of rates was not measured.
        for cell in () if _MEASURED.search(table.caption) else tables.every(table, context):
            yield from _of_cell(cell, context)
    for cell in entries(context):
        yield from _parts(cell, context)
    for index, passage in context.document.running():
        if not _ANY.search(passage.text):
            continue
        if passage.kind == "item" and ":" in passage.text[:_FAR]:
            yield from _of_item(index, passage, context)
            yield from _of_label(index, passage, context)
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            yield from _of_sentence(passage, (sentence.start, sentence.end), who, context)
            yield from _passive(passage, sentence.start, who, context)
            yield from _itself(passage, sentence, who, context)


def said_in(text: str, start: int, end: int) -> Iterator[tuple[Capability, bool, re.Pattern[str]]]:
    """Those of `CLAIMS` whose capability a stretch of a text names."""
    here = named_in(text, start, end)
    return (claim for claim in CLAIMS if claim[0] in here)


def capability_at(text: str, at: int) -> tuple[Capability, int] | None:
    """The capability that is named at a place of a text, and the length of its name."""
    for each in CAPABILITIES:
        match = re.compile(rf"(?:{each.names})\b", re.IGNORECASE).match(text, at)
        if match:
            return each, match.end() - at
    return None


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    yield from _without_rate(cell, context)
    if _SUPPORTED.search(cell.label) and not _DENIES.search(cell.passage.text):
        gpus = [context.catalogue[key] for key in cell.ids]
        for match in _ANY.finditer(cell.passage.text):
            what = capability_of(match)
            yield from judged(cell.passage, match.span(), what, gpus, told=True, context=context)
    parts = list(_parts(cell, context))
    yield from parts
    for each in () if parts else _headed(cell.label.strip(" *:")):
        yes = _YES.match(cell.passage.text)
        # "PCIe only (no NVLink)".
        no = _NO.match(cell.passage.text) or re.compile(rf"\bno (?:{each.names})\b", re.IGNORECASE).search(
            cell.passage.text
        )
        yes = yes or (each.key == "nvlink" and not no and _BRIDGE.search(cell.passage.text)) or None
        if yes or no:
            gpus = [context.catalogue[key] for key in cell.ids]
            yield from judged(
                cell.passage, (0, len(cell.passage.text)), each, gpus, told=bool(yes), context=context
            )


def _parts(cell: Cell, context: Context) -> Iterator[Finding]:
    """Into how many instances a cell says that a device can be divided."""
    mig = any(each.key == "mig" for each in _headed(cell.label.strip(" *:")))
    parts = CELL_PARTS.search(cell.passage.text) if mig else None
    if parts and int(parts[1] or parts[2]):
        gpus = [context.catalogue[key] for key in cell.ids]
        told = int(parts[1] or parts[2])
        yield from of_parts(cell.passage, (0, len(cell.passage.text)), told, gpus, context)


def _without_rate(cell: Cell, context: Context) -> Iterator[Finding]:
    """A cell by which a device has no rate at all, though its vendor tells it: "FP16: N/A"."""
    attribute, text = cell.attribute, cell.passage.text
    if _MEASURED.search(cell.label):
        return
    if attribute is None or attribute.key not in ("fp16", "bf16", "tf32", "int8") or not _N_A.match(text):
        return
    field = attribute.fields[0]
    known = [context.catalogue[key] for key in cell.ids if context.catalogue[key].confidence != "low"]
    if known and all(gpu.value(field) for gpu in known) and not named_in(cell.label, 0, len(cell.label)):
        yield made(context, cell.passage, (0, len(text)), "capability", "contradicted", subject=known[0].id,
                   attribute=attribute.key, because=f"{known[0].id} has {known[0].display(field)}",
                   expected=known[0].display(field), evidence=(source_of(known[0], field),))  # fmt: skip


def _of_label(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An item that lists what has a capability: "FP64 tensor cores: A100, H100", "FP8: Hopper, Ada"."""
    label, _, rest = passage.text.partition(":")
    found = [each for each in CAPABILITIES if re.fullmatch(each.names, label.strip(" *"), re.IGNORECASE)]
    at = len(label) + 1
    here = context.mentions.get(index, ())
    # Another sentence behind the list may say anything.
    rest = re.split(r"\.\s", rest, maxsplit=1)[0]
    for piece in re.finditer(r"[^,;]+", rest) if found else ():
        if _DENIES.search(piece[0]) or _UNLISTED.search(piece[0]):
            return
        start, end = at + piece.start(), at + piece.end()
        inside = within(here, start, end)
        gpus = [context.catalogue[key] for each in inside for key in each.ids] or of_architecture(
            piece[0].strip(" .*"), context
        )
        if gpus and len({each.named for each in inside}) < 2:
            place = (start + len(piece[0]) - len(piece[0].lstrip()), end)
            yield from judged(passage, place, found[0], gpus, told=True, context=context)


def of_architecture(name: str, context: Context) -> list[Gpu]:
    """The devices of an architecture by its name alone; none of any other words."""
    key = re.sub(r"^(?:nvidia\s+|amd\s+|and\s+)+|\s+(?:gpus?|cards?|lovelace)$", "", name.lower())
    every = (context.catalogue[one] for one in context.catalogue)
    if re.fullmatch(r"[cr]dna ?\d", key):
        return [gpu for gpu in every if gpu.architecture == key.replace(" ", "")]
    return [gpu for gpu in every if gpu.vendor == "NVIDIA" and gpu.architecture.split("_")[0] == key]


def _of_item(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """An item of a list that is a cell of its own: "NVLink support: Yes"."""
    label, _, value = passage.text.partition(":")
    yes, no = _YES.fullmatch(value.strip(" .")), _NO.match(value)
    mentions = about(index, passage, context) if yes or no else ()
    for each in _headed(label.strip(" *")) if mentions else ():
        gpus = [context.catalogue[key] for key in mentions[-1].ids]
        yield from judged(passage, (0, len(passage.text)), each, gpus, told=bool(yes), context=context)


@lru_cache(maxsize=512)
def _headed(label: str) -> tuple[Capability, ...]:
    """The capabilities that the label of a cell names by itself."""
    said = (
        r"(?:supports? |peak |dense |multi-gpu )?{}"
        r"(?: (?:performance|throughput|compute|tensor|cores?)){{0,2}}(?: \([\w ]+\))?"
    )
    return tuple(each for each in CAPABILITIES if re.fullmatch(said.format(each.names), label, re.IGNORECASE))


def _of_sentence(
    passage: Passage, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    text = passage.text
    if not _ANY.search(text, *place):
        return
    yield from _listed(passage, place, who, context)
    yield from _possessed(passage, place, who, context)
    for each, told, pattern in said_in(text, *place):
        for match in pattern.finditer(text, *place):
            mention = _owner(who, match.start(), place[0])
            gap = text[mention.end : match.start()] if mention in who.here and mention else ""
            hedged = _HEDGED.search(gap) or _HEDGED.search(text, match.end(), match.end() + 12)
            # "A slice cannot use NVLink", which the whole device has.
            hedged = hedged or (None if told else _OF_A_SLICE.search(text, place[0], match.start()))
            if _QUALIFIES.match(match[0]) and each.key in ("sparsity", "tensor_cores"):
                # A qualifier of a figure, which a device without it has not either.
                alone = mention and mention not in who.against and len({one.named for one in who.here}) < 2
                gpus = [context.catalogue[key] for key in mention.ids] if mention and alone else []
                found = judged(passage, match.span(), each, gpus, told=told, context=context)
                certain = each.key == "sparsity" and told and (who.here or who.certain)
                certain = certain and not _NOT.search(text, place[0], match.start())
                yield from (one for one in found if one.accuses and certain)
                continue
            adjunct = match[0].lower().startswith("without")
            adjunct = adjunct and not _GOES_WITHOUT.search(text, place[0], match.start())
            if adjunct:
                # Of something else: "a build from before Ampere, without TF32".
                continue
            either = _EITHER.search(text, place[0], match.start())
            denied = bool(
                told
                and _NOT.search(_TURN.split(text[max(place[0], match.start() - _DENIAL) : match.start()])[-1])
            )
            joined = _joined_to(mention, who) if mention and mention in who.here else []
            neither = bool(joined) and _NEITHER.search(text, place[0], joined[0].start) is not None
            said = (neither or not denied) and not (either or hedged) and len(gap) <= _FAR
            if joined and said and each.key != "sparsity":
                place_of = match.span("what") if match["list"] else match.span()
                side = told is not neither
                yield from _of_each(passage, place_of, each, joined, told=side, context=context)
                continue
            if mention is None or len(gap) > _FAR or hedged or denied or either:
                continue
            if mention not in who.here and _THE.search(text, place[0], match.start()):
                # "Here the missing NVLink hurts": whose it is is not said.
                continue
            if each.key == "nvlink" and not told and counted(text, place[0], mention.start) > 1:
                # A server may leave several cards without bridges.
                continue
            gpus = [context.catalogue[key] for key in mention.ids]
            lead = len(match[0]) - len(match[0].lstrip(", "))
            place_of = match.span("what") if match["list"] else (match.start() + lead, match.end())
            yield from judged(passage, place_of, each, gpus, told=told, context=context)
    yield from _in_entries(passage, place, who, context)


_MAKER = re.compile(
    r"\b(?:nvidia|amd|intel|they|the company)\s+(?:has\s+|had\s+|also\s+|then\s+)*$", re.IGNORECASE
)


def _owner(who: Spoken, at: int, start: int) -> Mention | None:
    """The device that a capability is said of; "when NVIDIA dropped NVLink from its boards" is of none."""
    by_maker = _MAKER.search(who.text, max(start, at - _NEAR), at)
    return None if by_maker else who.owner(at)


def _possessed(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """What is a device's own: "the T4's sparsity acceleration"."""
    for mention in who.here:
        match = _ITS_OWN_HAS.match(passage.text, mention.end, place[1])
        if match and not _HEDGED.search(passage.text, match.end(), match.end() + _NEAR):
            found = capability_at(passage.text, match.start("what"))
            gpus = [context.catalogue[key] for key in mention.ids]
            if found:
                yield from judged(passage, match.span("what"), found[0], gpus, told=True, context=context)


def _in_entries(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities in a list of what the one device of a sentence has."""
    text = passage.text
    its = [] if who.here or not (who.certain and ITS_OWN.match(text, place[0])) else who.topic
    # "The L40 outperforms the A6000 with higher rates, FP8 support": of the first.
    own = its or who.own
    if own and len({each.named for each in own}) == 1:
        gpus = [context.catalogue[key] for key in own[0].ids]
        first = who.here[-1].end if who.here else place[0]
        for span, what in _entries(text, first, place[1]):
            if len(text[first : span[0]]) <= _FAR:
                yield from judged(passage, span, what, gpus, told=True, context=context)


def _joined_to(mention: Mention, who: Spoken) -> list[Mention]:
    """A device and those that are one subject with it: "the A10, the L4 and the T4"; empty for one alone."""
    found = [mention]
    for before in reversed([each for each in who.here if each.end <= mention.start]):
        # "Unlike the A40, the L40" are not one subject.
        apart = before in who.against and mention not in who.against
        if apart or not _AND.fullmatch(who.text, before.end, found[0].start):
            break
        if found[0] is mention and not _LAST_AND.search(who.text, before.end, mention.start):
            # "Video: L40S, the A100 has none" is of the A100.
            break
        found.insert(0, before)
    return found if len(found) > 1 and len({each.named for each in found}) > 1 else []


def _of_each(
    passage: Passage, place: tuple[int, int], what: Capability, named: Sequence[Mention], *, told: bool,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What is said of each of several devices: the first of which it is not so, else the last."""
    every = [
        each
        for one in named
        for each in judged(
            passage, place, what, [context.catalogue[key] for key in one.ids], told=told, context=context
        )
    ]
    yield from ([each for each in every if each.accuses] or every[-1:])[:1]


def _listed(passage: Passage, place: tuple[int, int], who: Spoken, context: Context) -> Iterator[Finding]:
    """Capabilities in the list of an item: "RTX 4080: PCIe 4.0, FP4 support, two encoders"."""
    text = passage.text
    if len(who.here or who.topic) != 1 or (passage.kind != "item" and not who.here):
        return
    mention = (who.here or who.topic)[0]
    colon = text.find(":", *place) if who.here else text.find(":", 0, place[0])
    if (
        colon < 0
        or colon < (mention.end if who.here else 0)
        or text[mention.start : mention.end] != mention.text
        or (passage.kind != "item" and (colon - mention.end > _NEAR or mention in who.against))
    ):
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    for match in _IN_LIST.finditer(text, colon if who.here else place[0], place[1]):
        what = capability_of(match, "what")
        yield from judged(passage, match.span("what"), what, gpus, told=True, context=context)


def _entries(text: str, begins: int, end: int) -> Iterator[tuple[tuple[int, int], Capability]]:
    """The capabilities further on in a list of what a device has: "PCIe 5.0 x16, and NVLink"."""
    verb = _BEGINS.search(text, begins, end)
    for match in _ENTRY.finditer(text, verb.end(), end) if verb else ():
        between = text[verb.end() : match.start()] if verb else ""
        if len(between) > _FAR or _OVER.search(between):
            return
        what = capability_of(match, "what")
        yield match.span("what"), what


def _itself(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """What is said to be supported, where the device stands before it or the sentence goes on about it."""
    if not _STATE.search(sentence.text):
        return
    here = named_in(passage.text, sentence.start, sentence.end)
    for each, pattern in (one for one in _ITSELF if one[0] in here):
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            mention = who.owner(match.start())
            if mention is None or (mention not in who.here and not who.certain):
                continue
            between = passage.text[mention.end : match.start()] if mention in who.here else sentence.text
            if _HEDGED.search(between) or len(between) > _FAR or _ON_NONE.match(passage.text, match.end()):
                continue
            nor = _NOR.search(passage.text, max(sentence.start, match.start() - _DENIAL), match.start())
            told = not (match["not"] or match["gone"] or match["not2"] or match["not4"] or nor)
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from judged(passage, match.span(), each, gpus, told=told, context=context)


#: "FP8 is supported natively on none of the three."
_ON_NONE = re.compile(r"\s*(?:natively\s+)?(?:on|by|in|with)\s+(?:none|neither|no)\b", re.IGNORECASE)
_NOR = re.compile(r"\b(?:neither|nor|no)\s+$|\bneither\s+[\w -]{2,24}\s+nor\s+$", re.IGNORECASE)
_STATE = re.compile(
    r"\b(?:works?|runs?|possible|supported|available|present|on board|kept|retained|preserved|back|"
    r"dropped|removed|omitted|missing|absent|gone|off the table|"
    r"out of the question|"
    r"unsupported|"
    r"unavailable)\b|[ -](?:capable|ready|enabled|compatible)\b",
    re.IGNORECASE,
)


def _passive(passage: Passage, start: int, who: Spoken, context: Context) -> Iterator[Finding]:
    """What is said to be supported on the device named after it."""
    for mention in who.here:
        words = passage.text[max(start, mention.start - _FAR) : mention.start]
        if not _ON_THE.search(words[-_NEAR:]) or not _ANY.search(words):
            continue
        here = named_in(words, 0, len(words))
        for each, pattern in (one for one in _PASSIVE if one[0] in here):
            match = pattern.search(words)
            used = match and _CAN_USE.search(words, 0, match.start("what"))
            if match is None or not (
                match["none"]
                or used
                or "support" in match[0]
                or re.search(r"\b(?:is|are|can be|works?|runs)\b", match[0])
            ):
                continue
            ported = each.key == "cuda" and _PORTED.match(passage.text, mention.end)
            if _HEDGED.search(words[: match.start()]) or ported:
                continue
            told = not (match["none"] or match["not"] or match["gone"])
            at = mention.start - len(words) + match.start("what")
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from judged(passage, (at, mention.end), each, gpus, told=told, context=context)


#: Behind a device on which CUDA code runs by other means: "through ZLUDA".
_PORTED = re.compile(r"s?\s*,?\s*(?:through|via|with|after|by|once|using|if|thanks)\b", re.IGNORECASE)
#: "You can still use NVLink on the 4090".
_CAN_USE = re.compile(
    r"\b(?:you|we|users|one|they) can (?:(?:also|still|even|now|of course|easily)\s+)*(?:use|run|have|get|"
    r"enable|enjoy)\s+"
    r"(?:native\s+|the\s+|its\s+)?$", re.IGNORECASE,
)  # fmt: skip


def judged(
    passage: Passage, place: tuple[int, int], what: Capability, gpus: Sequence[Gpu], *, told: bool,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The finding on a capability that is said (`told`), or denied, of the devices that can be meant."""
    # What follows from the chip or its maker is certain, however little else is on file.
    known = [
        (gpu, has)
        for gpu in gpus
        if (gpu.confidence != "low" or what.field in ("compute_capability", "vendor"))
        and (has := what.has(gpu)) is not None
    ]
    # ECC can be switched on on a few cards of GeForce, and most say that these have none.
    if what.key == "ecc" and not told:
        known = [(gpu, has) for gpu, has in known if gpu.segment not in ("geforce", "laptop") or not has]
    if not known or _CAME_WITH.match(passage.text, place[1]) or _ASKED.match(passage.text, place[1]):
        return
    right = [gpu for gpu, has in known if has is told]
    best = (right or [gpu for gpu, _ in known])[0]
    field = next(
        (name for name in (what.field, what.key) if name in FIELDS and best.value(name) is not None), ""
    )
    because = (
        f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
        if field
        else f"{best.id} is {best.vendor}'s, {best.architecture}"
    )
    yield made(
        context, passage, place, "capability", "confirmed" if right else "contradicted", subject=best.id,
        attribute=what.key, because=because, expected="" if right else ("no" if told else "yes"),
        evidence=(source_of(best, field or "chip"),),
    )  # fmt: skip
