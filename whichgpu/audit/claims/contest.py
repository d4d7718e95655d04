"""Who of two is ahead where the other is not named, and in which order several stand.

"The 4090 is the older of the two", "between the two, the 5090 has fewer cores", "lowest bandwidth first:
T4, L40S, A100", "the T4 beats the A100": the other side is what the text speaks of, an order one of values.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.claims.superlative import Among, by_day, held_against
from whichgpu.audit.comparing import comparisons
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import Pair, devices, facts, forms, ratios
from whichgpu.audit.roles import told
from whichgpu.audit.subjects import model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

    _Ids = tuple[str, ...]

_ANY = re.compile(
    r"\b(?:two|pair|both|newer|older|younger|recent|modern|hungr\w+|frugal|beat\w*|outperform\w*|outpace\w*|outclass\w*|faster|slower|quicker|powerful|weaker|ascending|"
    r"descending|(?:low\w*|high\w*|small\w*|larg\w*|slow\w*|fast\w*|least|most|old\w*|new\w*|bottom|top) to|"
    r"followed by|then|rank\w*|order\w*|sort\w*)\b|>",
    re.IGNORECASE,
)
_OF_THE_TWO = re.compile(
    r"\b(?:of|between|comparing|among) (?:the|these|those) (?:two|pair)\b", re.IGNORECASE
)
#: "The older of the two designs", "the one with more memory of the two".
_THE = re.compile(
    r"\bthe\s+(?:(?P<new>newer|younger|more recent|more modern)|(?P<old>older)|(?P<power>hungrier|"
    r"thirstier|more "
    r"power-hungry)|"
    r"(?P<frugal>more frugal|less power-hungry))\s+(?:(?:card|gpu|one|chip|part|design|board)\s*)?"
    r"(?:(?P<two>(?:of|among)\s+(?:the|these|those)\s+(?:two|pair)\b)|(?=[.,;)]))",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\b(?:is|was|remains|being|makes (?:it|this))\s+(?:(?:also|clearly|still|by far|easily)\s+)*$",
    re.IGNORECASE,
)
#: Words that make of a sentence no statement on two devices as they are.
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|could|would|should|not|never|no|neither|nor|hardly|per|price\w*|cost\w*|cheap\w*|"
    r"efficien\w*|value|money|dollar|watt|game|games|gaming|render\w*|ray|some|sometimes|often|many|certain|small\w*|"
    r"when|where|once|until|unless|almost|nearly|even if|software|driver\w*|latency|quanti\w*|fp\d|int\d|"
    r"tf32|bf16|"
    r"\d-bit|batch|tokens?|models?|workloads?|tasks?|benchmarks?|tests?|video|encod\w*|two|four|eight|\d+x?)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Between two devices, what sets the first above the second, or below it, in everything.
_AHEAD = re.compile(
    r"\s+(?:(?:also|easily|clearly|simply|still|even|handily|comfortably|actually)\s+)*(?:outperforms?|outclasses|outpaces|"
    r"beats|(?:is|was|remains)\s+(?:(?:also|clearly|still|even|much|far|considerably|significantly|a lot|"
    r"noticeably)\s+)*"
    r"(?:faster|quicker|more powerful|stronger) than)\s+(?:the\s+|an?\s+|nvidia\s+|its\s+|older\s+|"
    r"newer\s+)*",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s+(?:is|was)\s+(?:(?:easily|clearly|even|also)\s+)*(?:outperformed|beaten|outclassed|surpassed|"
    r"outpaced|overtaken) by\s+"
    r"(?:the\s+|an?\s+|nvidia\s+|its\s+|older\s+|newer\s+)*|"
    r"\s+(?:(?:also|clearly|still|even)\s+)*(?:is|was|remains)\s+(?:(?:also|clearly|still|even|much|far|considerably|"
    r"significantly|a lot|noticeably)\s+)*(?:slower|weaker|less powerful) than\s+(?:the\s+|an?\s+|"
    r"nvidia\s+|its\s+|older\s+|"
    r"newer\s+)*",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\s*(?P<it>It|This (?:card|gpu|one)|The (?:card|gpu))(?:\s+(?:nevertheless|nonetheless|however|thus)"
    r")?(?=\s)"
)
#: In what one card of the same kind is faster than another: it must be behind in all of these by so much.
_OVERALL, _CLEARLY, _EQUAL = ("fp32", "fp16", "bandwidth"), 0.75, 0.02
#: Which way an order goes.
_RISING = re.compile(
    r"\b(?:ascending|(?:low(?:est)?|small(?:est)?|least|slow(?:est)?|narrow(?:est)?|bottom|weak(?:est)?) to "
    r"(?:the )?(?:high(?:est)?|larg(?:e|est)|most|fast(?:est)?|wid(?:e|est)|top|big(?:gest)?|strong(?:est)?)|"
    r"(?:old(?:est)?|earl(?:y|iest)) to (?:the )?(?:new(?:est)?|late(?:st)?)|lowest first|smallest first|"
    r"oldest first)\b",
    re.IGNORECASE,
)
_FALLING = re.compile(
    r"\b(?:descending|(?:high(?:est)?|larg(?:e|est)|big(?:gest)?|most|fast(?:est)?|wid(?:e|est)|top|"
    r"strong(?:est)?) to "
    r"(?:the )?(?:low(?:est)?|small(?:est)?|least|slow(?:est)?|narrow(?:est)?|bottom|weak(?:est)?)|"
    r"(?:new(?:est)?|late(?:st)?) to (?:the )?(?:old(?:est)?|earl(?:y|iest))|highest first|largest first|"
    r"newest first)\b",
    re.IGNORECASE,
)
_LEADS_IN = re.compile(r"\b(?:leads?|first|top|most|highest|largest|ahead|in front)\b", re.IGNORECASE)
_BY_AGE = re.compile(
    r"\b(?:age|chronological\w*|release|launch|appear\w*|came out|old(?:est)?|new(?:est)?)\b", re.IGNORECASE
)
#: Between the names of an order.
_NEXT = re.compile(
    r"(?:\s\d+\s?GB)?(?:\s+(?:SXM\d?|PCIe|NVL))?\s*(?:\([^()]{1,20}\))?\s*(?:>|<|\u2192|,?\s*(?:and\s+)?(?:then|next|finally|lastly)"
    r"(?:\s+comes?)?|,?\s*(?:which is |and )?(?:followed by|behind it)|,|,?\s+and(?: finally| last)?)"
    r"\s+(?:the\s+|nvidia\s+|by the\s+)*",
    re.IGNORECASE,
)
_APART = re.compile(r"[();\u201c\u201d\"]")
_THREE, _TWO = 3, 2
#: Attributes of which more is more.
ATTRIBUTES = (
    "memory",
    "bandwidth",
    "power",
    "cores",
    "tensor_cores",
    "memory_bus",
    "fp32",
    "fp64",
    "fp16",
    "tf32",
    "bf16",
    "sms",
)


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    done = [(each.start, each.end) for each in context.memo["found"]]
    for passage, sentence, who in told(context, _ANY):
        for each in _of_sentence(passage, sentence, who, context):
            if not any(one < each.end and each.start < other for one, other in done):
                yield each


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    if not _ANY.search(sentence.text):
        return
    yield from _the_one(passage, sentence, who, context)
    yield from _by_clause(passage, sentence, who, context)
    yield from _overall(passage, sentence, who, context)
    yield from _in_order(passage, sentence, who, context)


def _the_one(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """A device that is called the older, or the hungrier, of two."""
    for match in _THE.finditer(passage.text, sentence.start, sentence.end):
        own = who.owner(match.start())
        both = _the_two(passage, sentence, context) if match["two"] else devices(context)
        if not _IS.search(passage.text, sentence.start, match.start()):
            continue
        if own is None or len(both) != _TWO or (own not in who.here and not who.certain):
            continue
        what = by_day() if match["new"] or match["old"] else attributes()["power"]
        most = bool(match["new"] or match["power"])
        yield from held_against(passage, match.span(), (own.ids, what, most), Among(both), context)


def _the_two(passage: Passage, sentence: Sentence, context: Context) -> list[_Ids]:
    """The devices that a passage names up to a sentence, if two, else those that a text compares."""
    place = context.place_of_text(passage.text)
    here = [each for each in context.mentions.get(place, ()) if each.start < sentence.end]
    near = list({model(each.named[0], context.catalogue): each.ids for each in here}.values())
    return near if len(near) == _TWO else devices(context)


def _by_clause(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Of two that a sentence compares, what it says that each has more of."""
    both = list({each.named: each for each in who.here}.values())
    if not _OF_THE_TWO.search(sentence.text) or len(both) != _TWO:
        return
    for each in comparisons(passage.text, sentence, who.here, context.fraction):
        before = [one for one in who.here if one.end <= each.start]
        if not before or not each.sign or each.value is not None:
            continue
        own = before[-1]
        other = both[0] if own.named == both[1].named else both[1]
        pair = Pair(forms(own.named, context), forms(other.named, context))
        yield from compared(passage, (each.start, each.end), (pair, [each.attribute], each.sign), context)


def _overall(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """A device that is said to be faster than one that is well ahead of it in all that makes speed."""
    text = passage.text
    here = list(who.here)
    it = _IT.match(text, sentence.start) if who.topic and who.certain else None
    if it and here:
        here.insert(0, who.topic[0]._replace(start=it.start("it"), end=it.end()))
    for one, other in pairwise(here):
        ahead = _AHEAD.fullmatch(text, one.end, other.start)
        match = ahead or _BEHIND.fullmatch(text, one.end, other.start)
        clause = text[sentence.start : one.start] + text[other.end : sentence.end]
        if match is None or _HEDGED.search(clause) or any(True for _ in named(clause)):
            continue
        if counted(text, sentence.start, one.start) > 1 or counted(text, one.end, other.start) > 1:
            continue
        pair = Pair(forms(one.named, context), forms(other.named, context))
        every = [attributes()[key] for key in _OVERALL]
        yield from compared(
            passage, (match.start() + 1, other.end), (pair, every, 1 if ahead else -1), context
        )


def compared(
    passage: Passage, place: tuple[int, int], claim: tuple[Pair, Sequence[Attribute], int], context: Context
) -> Iterator[Finding]:
    """Contradicted where the first of two has less of all that is asked, in every form of both."""
    both, every, sign = claim
    found = [ratios(each, both, context) for each in every]
    if not all(found):
        return
    shares = [[value if sign > 0 else 1 / value if value else 0.0 for value, _ in one] for one in found]
    least = 1 - _EQUAL if len(every) == 1 else _CLEARLY
    wrong = all(max(one) < least for one in shares)
    right = all(min(one) > 1 + _EQUAL for one in shares)
    verdict = "contradicted" if wrong else "confirmed" if right else "unverifiable"
    because = "; ".join(one[0][1] for one in found)
    yield made(
        context, passage, place, "ordering", verdict, subject=both.subject, attribute=every[0].key,
        because=because, evidence=facts(every[0], both, context),
    )  # fmt: skip


def _in_order(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Three devices and more in an order by one attribute, which no two of them must break."""
    text = passage.text
    for run in _runs(text, who.here):
        # Of the clause alone, not of what stands in brackets or quotes beside it.
        before = _APART.split(text[sentence.start : run[0].start])[-1]
        after = _APART.split(text[run[-1].end : sentence.end])[0]
        rising = _way(before, after, text[run[0].end : run[1].start])
        every = {each.attribute.key: each.attribute for each in named(before + " " + after)}
        keys = [key for key in every if key in ATTRIBUTES]
        what = every[keys[0]] if len(keys) == 1 else by_day() if not keys and _BY_AGE.search(before) else None
        if rising is None or what is None:
            continue
        for one, other in pairwise(run):
            claim = (one.ids, what, not rising)
            found = list(held_against(passage, (one.start, other.end), claim, Among([other.ids]), context))
            yield from (each for each in found if each.accuses)


def _way(before: str, after: str, between: str) -> bool | None:
    """Whether an order rises; None where nothing says which way it goes."""
    rising, falling = _RISING.search(before + after), _FALLING.search(before + after)
    if ">" in between or "<" in between:
        return None if rising or falling else "<" in between
    if bool(rising) is not bool(falling):
        return rising is not None
    led = _LEADS_IN.search(before) and re.search(r"\b(?:then|followed)\b", between, re.IGNORECASE)
    return False if led and not rising else None


def _runs(text: str, here: Sequence[Mention]) -> Iterator[list[Mention]]:
    """Names that stand in one list, three at least."""
    run: list[Mention] = []
    for each in here:
        if run and not _NEXT.fullmatch(text, run[-1].end, each.start):
            yield from [run] if len(run) >= _THREE else []
            run = []
        run.append(each)
    yield from [run] if len(run) >= _THREE else []
