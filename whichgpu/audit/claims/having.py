"""Who has a capability, told around a corner: "MIG? Not on the A30", "so does the 3060", "A yes, B yes".

A sentence is read as its words with the names of devices and capabilities taken out (`@0@`, `#0#`), by
forms that say of which of them it is so. What "it" is in them is the one capability that the sentence, or the
one before it, names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import RUNNING
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.capabilities import Capability, capability_of, names_any
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_THE = r"(?:(?:the|an?|our|my|one|nvidia[\u2019']s|nvidia|geforce)\s+)*"
_WHAT = r"#(?P<what>\d+)#"
#: A device, or several that are one subject.
_WHO = rf"{_THE}(?P<who>@\d+@s?(?:(?:,|,?\s+and|,?\s+or|,?\s+nor)\s+{_THE}@\d+@s?)*)(?:\s+(?:cards?|gpus?))?"
_HAS = (
    r"(?:(?:also|too|even|still|now|already)\s+)*(?:has|have|supports?|offers?|gets?|(?:can|could) "
    r"(?:also |even )?(?:use|do|handle|run|have)|accepts?|takes?|knows?|handles?|brings?)"
)
_IT = (
    r"(?:it|that|this|them|these|one|(?:the same|that|this) (?:bridge|link|connector|feature|format|"
    r"precision))(?:\s+(?:too|as well|also|natively|in hardware|back|itself))*"
)
_END = r"(?=\s*(?:[.,;:!)]|$|\s(?:and|but|while|whereas|although|though|as|so|because|since|which)\b))"
#: Each form with what it says of its devices; those with `what` name the capability themselves.
_FORMS = tuple(
    (told, re.compile(pattern, re.IGNORECASE))
    for told, pattern in (
        (
            False,
            rf"{_WHAT}[^.;#@?]{{0,60}}?@\d+@,?\s+but\s+(?:it is\s+)?(?:not|none)\s+(?:on|by|in|with|"
            rf"for)\s+{_WHO}",
        ),
        (False, rf"{_WHAT}\s*\?\s+(?:sadly\s+|alas,?\s+)?not\s+(?:on|with|for|in)\s+{_WHO}{_END}"),
        (True, rf"\b(?:and|but|,)\s+so\s+(?:do|does|is|are|has|have|can)\s+{_WHO}{_END}"),
        (True, rf"(?:^|[.;:?!,]\s+|\band\s+|\bbut\s+){_WHO}\s+{_HAS}\s+{_IT}{_END}"),
        (True, rf"(?:^|[.;:?!,]\s+|\band\s+){_WHO}[\u2019']s?\s+can\s+(?:too|as well)\b"),
        (
            True,
            rf"(?:^|[.;:?!,]\s+|\band\s+){_WHO}\s+(?:has|have)\s+(?:a|the)\s+(?:connector|slot|bridge|"
            rf"port)s?\s+for\s+"
            r"(?:it|that)\b",
        ),
        (
            True,
            rf"{_WHAT},\s+(?:with|by|over|through)\s+which\s+(?:two|four|several)?\s*{_WHO}\s+(?:can|"
            rf"may) be\s+"
            r"(?:joined|linked|connected|coupled|bridged|paired|cut|split|divided)\b",
        ),
        (
            True,
            rf"^\W*with\s+(?:its|an|the)\s+{_WHAT}(?:\s+\w+)?,?\s+{_WHO}\s+(?:is|are|can|makes?|was|"
            rf"remains?)\b",
        ),
        (
            True,
            rf"^\W*with\s+(?:two|four|a pair of|several)\s+{_WHO},\s+[^.;@#]{{0,50}}?\b(?:over|via|"
            rf"through)\s+{_WHAT}{_END}",
        ),
        (
            True,
            rf"\b(?:nvidia|amd|intel)\s+(?:has\s+)?(?:brought|brings)\s+{_WHAT}\s+back\s+(?:to|with|"
            rf"on)\s+{_WHO}{_END}",
        ),
        (
            True,
            rf"\b(?:lose|lack|miss|give up)\s+{_WHAT}\s+(?:compared\s+(?:with|to)|against|"
            rf"as opposed to)\s+{_WHO}{_END}",
        ),
        (True, rf"^\W*unlike\s+[^.;#]{{0,60}}?@,\s+{_WHO}\s+{_HAS}\s+{_WHAT}"),
        (
            True,
            rf"{_WHAT}\s+is\s+(?:something|what)\s+(?:that\s+)?(?:both\s+)?{_WHO}\s+(?:can do|can|have|has|"
            rf"offers?|supports?)\b",
        ),
        (False, rf"^\W*(?:but\s+)?not\s+(?:on|with|for|in)\s+{_WHO}{_END}"),
        (False, rf"\bneither\s+{_WHO}\s+(?:{_HAS}|comes? with)\s+(?:any\s+|an?\s+)?{_WHAT}"),
        # "Tensor cores made their debut in the P100", "join a pair of A4000s with the NVLink bridge".
        (
            True,
            rf"{_WHAT}\s+(?:made\s+(?:its|their)\s+(?:debut|first appearance)|(?:first\s+)?(?:appeared|"
            rf"arrived|debuted|came))\s+"
            rf"(?:first\s+)?(?:in|with|on)\s+{_WHO}",
        ),
        (
            True,
            rf"\b(?:join|link|connect|pair|couple)s?\s+(?:a pair of\s+|two\s+|both\s+)?{_WHO}\s+(?:with|by|"
            rf"via|over|through)\s+"
            rf"(?:an?\s+|the\s+)?{_WHAT}",
        ),
    )
)
#: What is said of all that the sentence before names: "all three accept NVLink", "neither has FP8".
_ALL = tuple(
    (told, re.compile(pattern, re.IGNORECASE))
    for told, pattern in (
        (
            True,
            r"(?:^|[.;:,]\s+|\band\s+|\bbut\s+)\W*(?P<many>all|both|each)(?:\s+(?P<n>two|three|four|five))?"
            r"(?:\s+of\s+(?:them|these|those|the\s+\w+))?(?:\s+\w+)?(?:\s+(?:cards?|gpus?|boards?))?\s+"
            rf"(?:{_HAS}|encodes? and decodes?|encodes?)\s+(?:an?\s+|the\s+|native\s+)?{_WHAT}",
        ),
        (
            False,
            r"(?:^|[.;:,]\s+|\b(?:and|but|as|since|because)\s+)\W*(?P<many>none|"
            r"neither)(?P<n>)(?:\s+of\s+(?:them|these|"
            r"those|the\s+"
            rf"\w+)(?:\s+(?:cards|gpus))?)?\s+(?:{_HAS}\s+(?:any\s+|an?\s+)?|can be\s+){_WHAT}",
        ),
    )
)
_FEW = 2
_COUNTS = {"both": 2, "neither": 2, "two": 2, "three": 3, "four": 4, "five": 5}
#: "NVLink: RTX 3090 yes, RTX 4090 no", "FP8 support: no (T4), yes (L4)".
_ANSWERS = re.compile(rf"^\W*{_WHAT}(?:\s+support)?:\s+(?P<rest>[^.;]+)", re.IGNORECASE)
_ANSWER = re.compile(
    rf"{_THE}(?P<who>@\d+@):?\s+(?P<said>yes|no)\b|\b(?P<said2>yes|"
    rf"no)\s+\(\s*(?:on\s+)?{_THE}(?P<who2>@\d+@)\s*\)",
    re.IGNORECASE,
)
#: Capabilities of the one device before: "Choose it if you depend on FP8.", "BF16 is not supported on it."
_OF_IT = tuple(
    (told, re.compile(pattern, re.IGNORECASE))
    for told, pattern in (
        (
            True,
            rf"^\W*(?:choose|take|pick|buy|get|rent|use)\s+(?:it|this (?:card|one))\s+(?:if|when)\s+you\s+"
            rf"(?:need|depend on|want|rely on|use|require)\s+{_WHAT}{_END}",
        ),
        (
            False,
            rf"^\W*{_WHAT}\s+(?:is|are)\s+not\s+(?:supported|available|possible)\s+(?:on|by|with)\s+(?:it|"
            rf"this card)\b",
        ),
        (
            True,
            rf"^\W*{_WHAT}\s+(?:is|are)\s+(?:supported|available|on board)\s+(?:on|by|with)\s+(?:it|"
            rf"this card)\b",
        ),
    )
)
#: Of the one device that the text is about, in a sentence that names none: "with MIG the board splits".
_OF_TOPIC = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^\W*with\s+(?:its\s+)?{_WHAT},?\s+(?:the|this|that)\s+(?:card|board|gpu|chip)\s+(?:splits?|"
        rf"divides?|is|can|"
        rf"works?|runs?|serves?)\b",
        rf"^\W*(?:an?|the|one|its)\s+{_WHAT}\s+(?:(?:bridge|link|connection)\s+)?(?:ties|links|joins|"
        rf"connects|couples|"
        rf"binds|bridges|lets)\s+(?:them|the two|both|the pair|the cards|all|these|two)\b",
        rf"^\W*(?:like|unlike)\s+{_THE}@\d+@,\s+its\s+(?:[\w-]+\s){{0,3}}?(?:offers?|supports?|have|has|"
        rf"does?|handles?)\s+"
        rf"(?:native\s+)?{_WHAT}",
        rf"\bbecause\s+it\s+(?:supports|has|offers|features)\s+(?:native\s+)?{_WHAT}",
        rf"\bits\s(?:tensor cores|#\d+#)[^.;#?]{{0,60}}?\b(?:take|handle|support|do|run|accept|"
        rf"understand)s?\s+(?:native\s+)?{_WHAT}",
        rf"^\W*with\s+(?:the\s+)?{_WHAT}\s+(?:the|its)\s+(?:rate|throughput|figure|peak)s?\s+(?:climbs?|"
        rf"doubles?|rises?|reach\w*|goes?)",
        rf"^\W*{_WHAT}(?:\s\w+){{0,2}}?\s+(?:is|are)\s+(?:on board|there|supported|included|"
        rf"present)(?:\s+(?:too|as well|also))\b",
        rf"^\W*(?:thanks to|with|courtesy of|owing to)\s+(?:its|their)\s(?:[\w-]+\s){{0,4}}?{_WHAT}",
    )
)
#: A device that another one is only compared with.
_LIKE = re.compile(r"^\W*(?:like|unlike)\s|\bjust (?:as|like)\s(?:those of\s)?(?:the\s)?@", re.IGNORECASE)
#: What makes none of it a statement.
_HEDGED = re.compile(
    r"\b(?:whether|may|might|should|would(?! scale| be faster| help)|some|older|newer|software|emulat\w*|"
    r"rumou?r\w*|"
    r"unless|expected|claims?|said to)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:not|no|never|lacks?|without|neither|nor|dropp?\w*)\b|n[\u2019']t\b", re.IGNORECASE
)
_NAMES = re.compile(rf"\b(?:{NAMES})\b", re.IGNORECASE)


class _Read(NamedTuple):
    """A sentence without its names, and what they are."""

    text: str
    devices: Sequence[Mention]
    capabilities: Sequence[Capability]
    #: Where those are in the passage.
    places: Sequence[tuple[int, int]] = ()


#: A sentence of no more than names, which goes on about what was asked before it.
_SHORT = 40


def _names_one(text: str) -> bool:
    """Whether a text names a capability in words of their own."""
    return names_any(text) and _NAMES.search(text) is not None


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING or not _names_one(passage.text):
            continue
        before = _Read("", (), ())
        pairs: list[_Read] = []
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            read = _read(passage, sentence, who)
            if not _HEDGED.search(read.text):
                yield from _of_forms(passage, read, before, context)
                yield from _answers(passage, read, context)
                yield from _of_it(passage, read, who, context)
                yield from _of_topic(passage, read, [*who.topic] or [*before.devices], context)
                yield from _of_all(passage, read, [before, *pairs], context)
            pairs.insert(0, read)
            short = read.devices and len(read.text) < _SHORT
            before = read._replace(
                capabilities=read.capabilities or (before.capabilities if short else ()),
                devices=read.devices or before.devices,
            )


def _read(passage: Passage, sentence: Sentence, who: Spoken) -> _Read:
    """The sentence with the names in it taken out; those inside each other are the longest."""
    found: list[tuple[int, int, Mention | Capability]] = [(each.start, each.end, each) for each in who.here]
    for match in _NAMES.finditer(passage.text, sentence.start, sentence.end):
        if not any(start < match.end() and match.start() < end for start, end, _ in found):
            found.append((*match.span(), capability_of(match)))
    devices: list[Mention] = []
    capabilities: list[Capability] = []
    places: list[tuple[int, int]] = []
    text, at = "", sentence.start
    for start, end, each in sorted(found, key=lambda one: one[:2]):
        text += passage.text[at:start]
        if isinstance(each, Capability):
            text += f"#{len(capabilities)}#"
            capabilities.append(each)
            places.append((start, end))
        else:
            text += f"@{len(devices)}@"
            devices.append(each)
        at = end
    text += passage.text[at : sentence.end]
    return _Read(text.strip(), devices, capabilities, places)


def _of_forms(passage: Passage, read: _Read, before: _Read, context: Context) -> Iterator[Finding]:
    for told, form in _FORMS if read.devices else ():
        for match in form.finditer(read.text):
            own = match.groupdict().get("what")
            lead = read.text[: match.start("who")]
            what = read.capabilities[int(own)] if own else _meant(lead, read, before.capabilities)
            if what is None or (told and not own and _DENIES.search(lead)):
                continue
            for number in re.findall(r"@(\d+)@", match["who"]):
                mention = read.devices[int(number)]
                gpus = [context.catalogue[key] for key in mention.ids]
                behind = read.text[read.text.index(f"@{number}@") + len(number) + 2 : match.end()]
                # "The A100 supports it too" is quoted whole.
                end = mention.end + (0 if re.search(r"[@#]", behind) else len(behind))
                yield from judged(passage, (mention.start, end), what, gpus, told=told, context=context)


def _meant(lead: str, read: _Read, before: Sequence[Capability]) -> Capability | None:
    """What "it" is behind these words: the one capability that they name, else the one told before."""
    named = {read.capabilities[int(number)] for number in re.findall(r"#(\d+)#", lead)} or set(before)
    # "FP8 Tensor Cores" are FP8.
    formats = {each for each in named if each.key != "tensor_cores"} or named
    return next(iter(formats)) if len(formats) == 1 else None


def _of_topic(passage: Passage, read: _Read, named: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """What is said of the card, or of the pair, where one device was named before."""
    if len({each.named for each in named}) != 1:
        return
    gpus = [context.catalogue[key] for key in named[0].ids]
    for form in _OF_TOPIC:
        match = form.search(read.text)
        # Another device may be named behind it, or only to compare with.
        beside = match and "@" in read.text[: match.end()] and not _LIKE.search(read.text)
        if match and not beside and not _DENIES.search(read.text[: match.end()]):
            what, place = read.capabilities[int(match["what"])], read.places[int(match["what"])]
            yield from judged(passage, place, what, gpus, told=True, context=context)


def _of_all(
    passage: Passage, read: _Read, told_before: Sequence[_Read], context: Context
) -> Iterator[Finding]:
    """What is said of as many devices as the sentence itself, or one before it, names."""
    for told, form in _ALL:
        for match in form.finditer(read.text):
            count = _COUNTS.get((match["n"] or match["many"]).lower(), 0)
            several = _so_many(count, (read, *told_before), context)
            if "@" in read.text[match.start() :] or _OF_KINDS.search(match[0]):
                continue
            for mention in several:
                what = read.capabilities[int(match["what"])]
                gpus = [context.catalogue[key] for key in mention.ids]
                place = read.places[int(match["what"])]
                yield from judged(passage, place, what, gpus, told=told, context=context)


def _so_many(count: int, reads: Sequence[_Read], context: Context) -> list[Mention]:
    """As many devices as are counted, of the last sentence that names so many; all of it where none is."""
    for each in reads:
        named = {one.named: one for one in each.devices}
        if len(named) > 1 and (not count or len(named) == count):
            return list(named.values())
        if named and not count:
            return []
    every = {one.ids: one for found in context.mentions.values() for one in found}
    # "All five have FP8", of the five that the text is about.
    return list(every.values()) if count > _FEW and len(every) == count else []


#: A kind of devices that is none of those named: "all Ampere cards", "both server GPUs".
_OF_KINDS = re.compile(
    r"\b(?:all|both)\s+(?:older|newer|other|modern|consumer|geforce|server)\b", re.IGNORECASE
)


def _answers(passage: Passage, read: _Read, context: Context) -> Iterator[Finding]:
    match = _ANSWERS.match(read.text)
    if match is None:
        return
    what = read.capabilities[int(match["what"])]
    for each in _ANSWER.finditer(match["rest"]):
        mention = read.devices[int((each["who"] or each["who2"]).strip("@"))]
        told = (each["said"] or each["said2"]).lower() == "yes"
        gpus = [context.catalogue[key] for key in mention.ids]
        yield from judged(passage, (mention.start, mention.end), what, gpus, told=told, context=context)


def _of_it(passage: Passage, read: _Read, who: Spoken, context: Context) -> Iterator[Finding]:
    """What is said of the one device that the text is about, by a sentence that names none."""
    if read.devices or not who.topic or not who.certain:
        return
    gpus = [context.catalogue[key] for key in who.topic[0].ids]
    for told, form in _OF_IT:
        match = form.search(read.text)
        if match:
            what = read.capabilities[int(match["what"])]
            place = read.places[int(match["what"])]
            yield from judged(passage, place, what, gpus, told=told, context=context)
