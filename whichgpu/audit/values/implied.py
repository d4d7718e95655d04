"""Attributes that a sentence does not name: the memory of "24 GB of GDDR6", what "it offers" goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import Named, attributes, named
from whichgpu.audit.values.nearest import APART

if TYPE_CHECKING:
    from whichgpu.audit.document import Passage
    from whichgpu.audit.text.sentences import Sentence

_OF_A_TYPE = re.compile(r"(GB|GiB)\s+(?:of\s+)?(?:\w+\s+)?(?:GDDR\d\w?|HBM\d?e?)\b")
#: "256-bit GDDR6" and "a 256-bit memory" are of the bus.
_OF_A_BUS = re.compile(
    r"(?<!\d \d\d)\d(?=[ -]bits?\s+(?:wide\s+)?(?:memory|interface|GDDR\d\w?|HBM\d?\w?)\b(?! controllers?)"
    r"|[ -][Bb]it-(?:Speicher)?(?:[Ss]chnittstelle|[Ii]nterface|[Aa]nbindung|[Bb]us)\b)"
)
#: "16 GB GDDR6, 128-bit", "12 GB of GDDR6X on a 192-bit bus".
_ON_A_BUS = re.compile(
    r"\b(?:GDDR\d\w?|HBM\d?e?)(?: memory| VRAM)?(?: with ECC)?(?:,|\s\(|\son|\sover|\svia)\s?(?:an?\s)?"
    r"(?=\d{2,4}[ -]?bits?\b)",
    re.IGNORECASE,
)
_AT_A_RATE = re.compile(
    r"\b(?:GDDR\d\w?|HBM\d?e?)(?: memory| VRAM)?(?: at| with| running at| \(|,| delivering)\s*"
    r"(?:up to )?(?=\d)"
)
#: "Rated at 320 W", "a 350 W card": of the power.
_DRAWS = re.compile(
    r"\b(?:rated (?:at|for)|is specified at|draws?|needs|pulls|consumes|dissipates?|sips|guzzles|burns|"
    r"swallows|gulps|"
    r"(?:uses|eats) up to|(?:can|may|might) (?:draw|pull|use|take)|limited to|capped at|(?:tops|"
    r"maxes) out at|stops at|asks for|"
    r"(?:stays?|keeps?|remains?|fits|runs?|all) within|(?<=, )within|is rated|a (?:board )?rating of|"
    r"a TGP of|a TBP of|power budget of|zieht|"
    r"verbraucht|schluckt|darf|"
    r"nimmt|ben\u00f6tigt|consomme|consume)\s+"
    r"(?:up to\s+|a maximum of\s+|only\s+|just\s+|around\s+|about\s+|bis zu\s+|nur\s+|"
    r"jusqu[\u2019']\u00e0\s+|hasta\s+|"
    r"(?:an?|the) (?:\w+\s+)?(?=\d))*(?=\d{2,4}\s?(?:W\b|watts?\b))",
    re.IGNORECASE,
)
#: "A 192-bit bus gives it 360 GB/s", "its HBM2 moves 933 GB/s".
_FED = re.compile(
    r"\b(?:bus|interface|HBM\d?\w?|GDDR\d\w?)\b[^.;,\d]{0,24}?\b(?:gives?|moves?|delivers?|yields?|feeds?|provides?|"
    r"reach(?:es)?|brings?|manages?|offers?)\s+(?:it |them |you |the card )?(?:with |at )?(?:up to |"
    r"about |only |just )?"
    r"(?=\d[\d.,]*\s?[GT]B/s)",
    re.IGNORECASE,
)
#: "A 70 W envelope".
_ENVELOPE = re.compile(r"\d\s?(?:W|watts?)(?=\s+(?:power\s+|thermal\s+)?(?:envelope|budget)\b)")
#: "A 400 W card", "its 700 W board".
#: "Which is an 8 GB card".
_IS_A_SIZE = re.compile(
    r"\b(?:is|was|remains) an? (?=\d{1,3}[ -]?GB (?:graphics )?(?:card|gpu|part|board|model|accelerator)\b)",
    re.IGNORECASE,
)
_A_CARD = re.compile(
    r"(?:(?<=\ba )|(?<=\b[Ii]ts ))\d{2,4}[ -]?(?:W|watts?)"
    r"(?=\s+(?:graphics\s+|gaming\s+)?(?:cards?|gpus?|chips?|parts?|boards?|modules?|accelerators?)\b)"
)
_MADE_IN = re.compile(
    r"\b(?:built|made|manufactured|fabricated|fabbed|produced|etched)\b[^.;,]{0,30}?\b(?:on|in|at|with|"
    r"using)\s+"
    r"(?:(?:the|an?|its|tsmc(?:[\u2019']s)?|samsung(?:[\u2019']s)?|mature|older|custom|"
    r"advanced)\s+)*(?=\d{1,2}[ -]?nm\b)",
    re.IGNORECASE,
)
_LAUNCHED_AT = re.compile(
    r"\b(?:launch(?:ed|es)?|debut(?:ed|s)?|released|introduced|came out|arrived|started|went on sale|"
    r"hit (?:the )?(?:shelves|stores|market)|appeared)\b[^.;$]{0,30}?\b(?:at|for|with a price of)\s+(?=\$\d)"
    r"|\b(?:launch|be (?:available|released|sold|out))\b(?:[^.;$]|\.(?=\d)){0,40}?"
    r"\bstarting (?:at|from)\s+(?=\$\d)"
    r"|\bat launch,?\s+(?:it|the card|the gpu)\s+(?:cost|was|sold for|retailed (?:at|for)|"
    r"had a price of)\s+(?=\$\d)"
    r"|\b(?:launch|list|retail) price(?:d)?\s+(?:was|of|at)\s+(?=\$\d)"
    r"|\b(?:once|originally|initially)\s+(?:priced at|sold (?:for|at)|cost(?:ing)?|"
    r"retail(?:ed|ing) (?:at|for)|listed at)\s+(?=\$\d)"
    r"|\b(?:NVIDIA|AMD|Intel)\s+(?:asks|asked|charges|charged|wants|wanted)\s+(?=\$\d)"
    r"|\b(?:costs?|was|sold for|retailed at)\s+(?=\$\d[\d,]*\s+at (?:launch|release)\b)",
    re.IGNORECASE,
)
#: Entries of a list: "BW: 936 GB/s", "Launch: September 2020, $1,499".
#: "Two of them can be bridged at 112.5 GB/s", "talk to each other at 600 GB/s": of the link between them.
_LINKED = re.compile(
    r"\b(?:bridg(?:e|es|ed|ing)|(?:talks?|talking) to (?:each other|one another)|exchang(?:e|es|ing) data|"
    r"communicat(?:e|es|ing)|(?:linked|connected|joined|coupled)(?: together)?)\s+(?:[\w ]{1,24}\s)?"
    r"(?:at|with)\s+"
    r"(?:up to\s+|about\s+|only\s+|just\s+)?(?=\d[\d.,]*\s?[GT]B/s)",
    re.IGNORECASE,
)
#: "A bridge for two cards gives 112.5 GB/s": of the link between them.
_BRIDGES = re.compile(
    r"\b(?:nvlink\s+)?bridges?\b[^.;,\d]{0,30}?\b(?:gives?|carr(?:y|ies)|moves?|offers?|provides?|delivers?|has|reach(?:es)?)\s+"
    r"(?:them |you |it |up to |about |only )*(?=\d[\d.,]*\s?[GT]B/s)",
    re.IGNORECASE,
)
#: "222.2 tensor TFLOPS": of the tensor cores, in a format that is not said.
_OF_TENSOR = re.compile(
    r"(?<![\w.,])(?=\d[\d.,]*\s(?:(?:peak|dense|sparse)\s)?[Tt]ensor\s(?:[TP]FLOPS|TOPS))"
)
#: "The GH100 holds 80 billion on 814 mm2".
_ON_AREA = re.compile(
    r"\b(?:holds?|has|packs?|counts?|fits?)\s+(?:about |some |over "
    r")?(?=\d[\d.]*\s+billion\s+on\s+(?:only\s+)?\d+\s?(?:mm|square milli))",
    re.IGNORECASE,
)
_BW = re.compile(r"^\W*BW\s*[:=\u2013-]\s*(?=[~\u2248]?\d)")
#: "January 2025, $1,999": what a card's text begins with, or goes on with, by a day alone.
_DATED = re.compile(
    r"(?:^|(?<=[.!?:]\s)|(?<=[.!?:]))\W{0,3}(?:(?:Launched|Released|Introduced)(?: in)?\s+)?"
    r"(?:(?:early|mid|late|[A-Z][a-z]{2,8}) )?20[012]\d(?:,| for| at)\s+(?:an MSRP of\s+)?(?=\$\d)"
)
#: "32 Go de GDDR7 \u00e0 28 Gbps".
_AT_ITS_RATE = re.compile(
    r"\b(?:GDDR\d\w?|HBM\d?\w?)(?:-(?:Speicher|RAM))?\s(?:\u00e0|at|mit|con|a|com|de|da)\s"
    r"(?=\d[\d.,]{0,4}\s?G(?:bps|b/s|bit/s))"
)
#: "24GB of 19.5Gbps GDDR6X memory".
_OF_A_RATE = re.compile(r"(\d)(?=\s?G(?:bps|b/s|bit/s)\s+(?:of\s+)?(?:GDDR\d\w?|HBM\d?\w?)\b)")
_LAUNCH = re.compile(r"^\W*(?:launch|release)(?:ed)?\s*:[^.;$]{0,30}?[,(]\s*(?=\$\d)", re.IGNORECASE)


#: What is said of an attribute without its name, the attribute, and how far behind it the name would stand.
_IMPLIED = (
    (_OF_A_TYPE, "memory", 0), (_OF_A_BUS, "memory_bus", 5), (_LAUNCHED_AT, "launch_price", 0),
    (_MADE_IN, "process", 0), (_ENVELOPE, "power", 0), (_A_CARD, "power", 0), (_DRAWS, "power", 0),
    (_IS_A_SIZE, "memory", 0), (_AT_A_RATE, "bandwidth", 0), (_ON_A_BUS, "memory_bus", 0),
    (_BW, "bandwidth", 0), (_ON_AREA, "transistors", 0), (_LAUNCH, "launch_price", 0),
    (_OF_TENSOR, "tensor", 0), (_DATED, "launch_price", 0),
    (_LINKED, "nvlink", 0), (_BRIDGES, "nvlink", 0),
    (_OF_A_RATE, "memory_data_rate", 5), (_FED, "bandwidth", 0),
    (_AT_ITS_RATE, "memory_data_rate", 0),
)  # fmt: skip


def implied(text: str, sentence: Sentence) -> list[Named]:
    """What is not named: the memory of "24 GB of GDDR6", the rate of "GDDR6X at 936 GB/s", a launch price."""
    return [
        Named(at, at, attributes()[key])
        for pattern, key, behind in _IMPLIED
        for match in pattern.finditer(text, sentence.start, sentence.end)
        for at in (match.end(match.re.groups and 1) + behind,)
    ]


#: A number with what it counts.
_OF_ITS_OWN = re.compile(
    r"\b\d[\d.,]*\s+(?:years?|months?|weeks?|days?|hours?|generations?|times|percent|slots?)\b", re.IGNORECASE
)


#: "The A5000 has a higher count of 8,192": of what the sentence before counts.
_COUNT_OF = re.compile(
    r"\b(?:has|have|with|offers?|features?)\s+(?:an?|the)\s+(?:\w+\s+)?(?:count|number|total)\s+of\s+"
    r"(?:about |some |exactly )?(?=\d)",
    re.IGNORECASE,
)


def _counted(passage: Passage, sentence: Sentence) -> list[Named]:
    told = _COUNT_OF.search(passage.text, sentence.start, sentence.end)
    before = within(named(passage.text), 0, sentence.start) if told else ()
    near = [
        each
        for each in before
        if each.attribute.dimension == "count" and each.end > sentence.start - 4 * APART
    ]
    # Of two things that are counted it is open which is meant.
    if told is None or len({each.attribute.key for each in near}) != 1:
        return []
    return [near[-1]._replace(start=told.end(), end=told.end())]


def carried(passage: Passage, sentence: Sentence) -> list[Named]:
    """What the sentence before is about, where this one goes on with "It offers 222.2 TFLOPS"."""
    if asked := _asked(passage, sentence):
        return asked
    if counted := _counted(passage, sentence):
        return counted
    if not re.match(r"\s*(?:it|this|that)\b", sentence.text, re.IGNORECASE):
        return []
    before = within(named(passage.text), 0, sentence.start)
    value = re.search(r"\d", sentence.text)
    if not before or not value or before[-1].end <= sentence.start - 4 * APART:
        return []
    first = next(each for each in before if each.end > sentence.start - 4 * APART)
    if first.attribute.dimension == "count" and _OF_ITS_OWN.search(sentence.text):
        # "Has 80 billion transistors. That makes it 5 years newer".
        return []
    at = sentence.start + value.start()
    return [first._replace(start=at, end=at)]


#: A question that is nothing but what is asked for, and an answer that begins with a value.
_QUESTION = re.compile(
    r"(?:^|[.!?]\s+)(?:And\s+|What about\s+)?(?:(?:the|its)\s+)?[A-Za-z][\w\s-]{2,24}\?\s*$", re.IGNORECASE
)
_ANSWER = re.compile(
    r"\s*(?:Only |Just |About |A full |Still |(?:the |an? )?[^.;,?]{2,30}?\s(?:has|offers|comes with)\s+"
    r"(?:only |just )?)?(?=\d)",
    re.IGNORECASE,
)


def _asked(passage: Passage, sentence: Sentence) -> list[Named]:
    """What a short question just before asks for: "Tensor cores? 544 on the RTX 2080 Ti"."""
    answer = _ANSWER.match(sentence.text)
    question = _QUESTION.search(passage.text, 0, sentence.start) if answer else None
    found = within(named(passage.text), question.start(), sentence.start) if question else []
    at = sentence.start + (answer.end() if answer else 0)
    return [found[0]._replace(start=at, end=at)] if len(found) == 1 else []
