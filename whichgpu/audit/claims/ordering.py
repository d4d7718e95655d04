"""Orderings and equalities: "has more CUDA cores", "750 W, less than the H100", "the same bus as"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.comparing import WORDS, comparisons
from whichgpu.audit.comparisons.measures import OF_A_LINK
from whichgpu.audit.comparisons.opponents import both_level, compared_with, goes_on, owned_ahead, the_two
from whichgpu.audit.comparisons.pairs import Pair, facts, pair, ratios, unsure
from whichgpu.audit.comparisons.said import OF_THEM
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.sourced import SPARSE, on_file
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.comparing import Comparison
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What makes of a clause no statement on two devices as they are.
_NEGATED = re.compile(
    r"\b(?:not|no|none|never|without (?:any|much|having)|"
    r"n[\u2019']t|neither|nor|if|whether|unless|require\w*|(?:you|we|i|they|workloads?|"
    r"models?) needs?|want\w*|would|could|may|might|future|per|"
    r"than (?:its|their|other|most|any|the previous|its predecessor|consumer|cpu|what (?:it|you|we|"
    r"they)))\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: "The same" of nearly all of it, and other sames.
_NOT_SAME = re.compile(
    r"\b(?:almost|nearly|roughly|about|essentially|practically|similar|unlike|at the same time|different|"
    r"memory (?:technolog\w+|types?|standards?|chips?))\b",
    re.IGNORECASE,
)
#: "The same FP8 precision" is no rate.
_NO_RATE = re.compile(
    r"\s+(?:precisions?|support|formats?|data ?types?|capabilit\w+|modes?)\b", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"[;:]\s|,\s+(?:but|while|whereas|although|though|and|yet|so)\s|\s\u2014\s|\s\u2013\s", re.IGNORECASE
)
#: Behind a comparison, words before what it is with.
_WITH = re.compile(
    r"\b(?:than|compared|versus|vs|against|over|of|as|beyond|behind|like|relative|next|beside|alongside|"
    r"als|que|to)\b|"
    r"[\u2019']s\b",
    re.IGNORECASE,
)
_MINUS = re.compile(r"[-\u2212]\d+(?:\.\d+)?\s?%\s*$")
#: A number right before the word is by how much, which others judge.
_BY_HOW_MUCH = re.compile(
    r"(?:%|percent|times|\d\s?[x\u00d7]|\bhalf|twice|third|quarter|fold)\s+(?:as\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
#: Off by less, one is not more than the other, and two values are the same; off by more, they are not.
_EQUAL, _LEVEL, _UNLIKE = 0.02, 0.01, 0.06
#: What is counted: of two that have as much, neither has more.
_COUNTED = ("cores", "tensor_cores", "sms", "memory_bus")
_EXACT = ("memory", "l2", *_COUNTED)
#: What is told in whole units: off by less than rounding, two are equal, and neither has more.
_TOLD, _ROUNDED = ("bandwidth", "power"), 0.004
_RATE_KEYS = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4")


def find(context: Context) -> Iterator[Finding]:
    """Every stated ordering and equality with its verdict."""
    for index, passage in context.document.running():
        if not WORDS.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            if WORDS.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    who = spoken(index, passage, sentence, context)
    unsettled = any(sentence.start <= at < sentence.end for at, _ in context.memo["open"].get(index, ()))
    for each in (
        () if OF_THEM.match(sentence.text) else comparisons(text, sentence, who.here, context.fraction)
    ):
        before = text[sentence.start : each.start]
        after = _CLAUSE.split(text[each.start : min(each.end + 40, sentence.end)])[0]
        words = _CLAUSE.split(before)[-1] + after
        negated = _NEGATED.search(words)
        if negated and negated[0].lower().endswith("predecessor") and compared_with(each, who):
            # "Than its predecessor", of which it is known which it is.
            negated = None
        # "24 GB less than the A40 has, it makes up for in bandwidth": of memory.
        of_memory = _SIZE_LESS.search(before) and each.attribute.key != "memory"
        if negated or of_memory or _MINUS.search(before) or _BY_HOW_MUCH.search(before):
            continue
        beside = _BESIDE.match(text, each.end, sentence.end) if each.sign else None
        if beside:
            yield from _of_both(passage, each, beside, who, context)
            continue
        # "The H200 is a Hopper GPU with more memory": than whichever.
        of_none = _IS_ONE_WITH.search(text, sentence.start, each.start) and not _WITH.search(after)
        if of_none or _COMPARED_ALL.search(text, sentence.start, each.start):
            # "Compared with an A100, both have more memory": of the others against that one.
            continue
        if _TOGETHER.search(text, each.end, min(each.end + 80, sentence.end)):
            continue
        if each.sign and not each.value and _THAN_A_TIME.match(text, each.end):
            continue
        if each.sign == 0 and (_NOT_SAME.search(sentence.text) or _NO_RATE.match(text, each.end)):
            continue
        found = (
            _of_value(passage, sentence, each, who, context)
            if each.value
            else _of_two(passage, sentence, each, who, context)
        )
        if found is not None:
            yield found._replace(verdict="unverifiable") if unsettled and found.accuses else found


_IS_ONE_WITH = re.compile(
    r"\b(?:is|was)\s(?:basically\s|essentially\s|simply\s|just\s)?an?\s[^.;,]{2,48}\s"
    r"(?:but\s)?with\s(?:even\s|much\s|far\s|a\slot\s)?$",
    re.IGNORECASE,
)
#: Before "less" or "more", what two differ by.
_SIZE_LESS = re.compile(r"\d\s?[GT]B\s+$")
_COMPARED_ALL = re.compile(
    r"\b(?:Compared (?:with|to)|Against|Next to|Beside|Unlike)\s[^.;]{2,40},\s+(?:they\s+|these\s+"
    r")?(?:both|all|they)\b"
)
#: "As much as an A100 and an L40S together": of several.
_TOGETHER = re.compile(
    r"\band\b[^.;,]{2,40}\b(?:together|combined|taken together|in sum|added up)\b", re.IGNORECASE
)
#: Behind "less", a time and no device: "needs less than one".
_THAN_A_TIME = re.compile(
    r"\s*than\s+(?:(?:one|two|three|four|five|ten|half)(?!\s+(?:of|as|RTX|[A-Z])|\s+\w*\d)|"
    r"an? (?:second|minute|hour|day))\b"
)
#: Both values behind a comparison: "fewer SMs: 132 vs 108".
_BESIDE = re.compile(
    r"\s*(?:,\s*(?:however|though))?[:(]\s*(?P<a>\d[\d,.]*)(?:\s?[A-Za-z/]{1,6})?\s+"
    r"(?:vs\.?|versus|against|instead of|compared (?:to|with))\s+"
    r"(?:the\s+|its\s+|only\s+|just\s+)?(?P<b>\d[\d,.]*)"
)


def _of_both(
    passage: Passage, each: Comparison, beside: re.Match[str], who: Spoken, context: Context
) -> Iterator[Finding]:
    """A comparison and both values behind it, which must be in the order that it says."""
    both = [
        next(
            (one for one in quantities(passage.text, context.fraction) if one.start == beside.start(side)),
            None,
        )
        for side in ("a", "b")
    ]
    if both[0] is None or both[1] is None:
        return
    units = both[0].dimension == both[1].dimension != "number"
    plain = (float(beside[side].replace(",", "").strip(".") or 0) for side in ("a", "b"))
    a, b = (both[0].value, both[1].value) if units else plain
    if not a or not b or a == b or beside[0].count(".") > (2 if units else 1):
        return
    holds = (a > b) is (each.sign > 0)
    because = f"{beside['a']} against {beside['b']}"
    yield _made(passage, each, "confirmed" if holds else "inconsistent", context, because=because,
                subject=", ".join(who.own[-1].ids) if who.own else "",
                evidence=(Evidence(because),))  # fmt: skip


def _of_two(
    passage: Passage, sentence: Sentence, each: Comparison, who: Spoken, context: Context
) -> Finding | None:
    """What a device is said to have more of, or less, than another, or as much."""
    if each.sign and _THE.search(who.text, sentence.start, each.start):
        both = the_two(each, who, context)
        return _judged(passage, each, both, who, context) if both else None
    if each.sign and not each.bound and _WITH_ITS.fullmatch(who.text, sentence.start, each.start):
        both = owned_ahead(each, who, context)
        if both:
            return _judged(passage, each, both, who, context)
    if each.sign and not each.bound and _is_of_a_version(each, who):
        return None
    after = [one for one in who.here if one.start >= each.end]
    apart = after and after[0] not in who.against and not _WITH.search(who.text, each.end, after[0].start)
    elided = (
        each.bound
        and not after
        and each.sign
        and _ENDS.match(who.text, each.end)
        and (who.own or goes_on(each, who))
    )
    if (each.bound and compared_with(each, who) is None and not elided) or (each.sign and apart):
        return None
    if (
        after
        and re.search(r"[:;]", who.text[each.end : after[0].start])
        and WORDS.search(who.text, each.end, after[0].start)
    ):
        # "With more memory: less than the MI300X" compares with that by the second word.
        return None
    both = both_level(each, who, context) if each.sign == 0 else pair(each.start, each.end, who, context)
    return _judged(passage, each, both, who, context) if both else None


_OF_THE = re.compile(r"\s+of\s+(?:the\s+|an?\s+|nvidia[\u2019']s\s+)?", re.IGNORECASE)
_OF_A_CARD = re.compile(
    r"\s+of\s+(?:the|that|this)\s+(?:[\w-]+\s+)?(?:card|gpu|chip|board|module|part|one|accelerator)\b",
    re.IGNORECASE,
)
#: "There is also a P100 with 12 GB and a narrower bus": a version, set against that which is known.
_A_VERSION = (
    re.compile(r"\b(?:an?|another|one)\s+(?:\w+ )?$", re.IGNORECASE),
    re.compile(r"\s+(?:with|that has|at)\b"),
)


def _is_of_a_version(each: Comparison, who: Spoken) -> bool:
    """Whether what is compared is one version of a device, by its article and what stands behind it."""
    before = [one for one in who.here if one.end <= each.start]
    article, has = _A_VERSION
    last = before[-1] if before else None
    return (
        last is not None
        and article.search(who.text, max(0, last.start - _BACK), last.start) is not None
        and has.match(who.text, last.end) is not None
    )


#: "Little more than a quarter of that of the A40": a ratio.
_THAN_A_SHARE = re.compile(
    r"\s+than\s+(?:an?\s+|one\s+)?(?:half|third|quarter|fifth|sixth|eighth|tenth|two thirds)\b",
    re.IGNORECASE,
)


#: "Beats the L4 by a factor of 2.5 although its peak in FP16 is lower": in something else.
_ALTHOUGH = re.compile(r"\b(?:although|even though|though|despite|in spite of)\b", re.IGNORECASE)
#: "The highest rate of the table, and yet ends up behind": in what was measured.
_EVEN_SO = re.compile(
    r"\b(?:yet|still|nevertheless|nonetheless)\s+(?:ends?|ended|comes?|came|finish\w*|lands?)\b[^.;,]*$", re.I
)


def _judged(passage: Passage, each: Comparison, both: Pair, who: Spoken, context: Context) -> Finding | None:
    """The finding on an ordering of two devices, of each as many as are told of."""
    card = _OF_A_CARD.match(passage.text, each.end)
    # "The larger L2 cache of the Ada card": whose it is, no name says.
    unnamed = card is not None and not within(who.here, each.end, card.end())
    # "The larger cache of the A40": it is the A40 that has it.
    behind = next((one for one in who.here if one.start >= each.end), None)
    turned = behind and {*behind.ids} & {*both.second} and _OF_THE.fullmatch(who.text, each.end, behind.start)
    if unnamed or turned or (each.sign and _THAN_A_SHARE.match(passage.text, each.end)):
        return None
    concedes = _ALTHOUGH.search(passage.text, each.end, each.end + _ROUND)
    if concedes and each.attribute.key in {
        one.attribute.key for one in named(passage.text[concedes.end() : concedes.end() + _ROUND])
    } - {one.attribute.key for one in named(passage.text[each.start : concedes.start()])}:
        return None
    if _EVEN_SO.search(passage.text, max(0, each.start - _BACK), each.start):
        return None
    values = _of_all(ratios(each.attribute, both, context), each, both, who)
    if not values:
        return None
    verdict, words = _verdict(each, values)
    off = min(max(value, 1 / value) if value else 1.0 for value, _ in values)
    if verdict == "contradicted" and (
        unsure(both, each.attribute, off, context) or not (who.here or goes_on(each, who))
    ):
        verdict = "unverifiable"
    expected = words.split(",", maxsplit=1)[0].rsplit(" has ", maxsplit=1)[-1] if each.sign == 0 else ""
    return _made(
        passage, each, verdict, context, subject=both.subject, because=words,
        evidence=facts(each.attribute, both, context), expected="" if verdict == "confirmed" else expected,
    )  # fmt: skip


def _of_all(
    values: list[tuple[float, str]], each: Comparison, both: Pair, who: Spoken
) -> list[tuple[float, str]]:
    """The ratios of so many of the first to so many of the second: "two A5000s have less than one A6000"."""
    many = [
        max((counted(who.text, max(0, one.start - _BACK), one.start) for one in who.here
             if set(one.ids) & set(side)), default=1.0)
        for side in (both.first, both.second)
    ]  # fmt: skip
    if (
        many == [1.0, 1.0]
        or each.attribute.key not in _ADD_UP
        or _EACH.search(who.text, max(0, each.start - _ROUND), each.end + _ROUND)
    ):
        return values
    return [
        (value * many[0] / many[1], f"{words}; of {many[0]:g} and {many[1]:g}") for value, words in values
    ]


#: What several have so many times as much of, and what tells of one of them.
_ADD_UP = ("memory", "bandwidth", "power", "cores", "tensor_cores", "sms", "transistors", *_RATE_KEYS)
_EACH, _BACK, _ROUND = re.compile(r"\b(?:each|per|apiece)\b", re.IGNORECASE), 24, 120


#: "The A100 has the higher bandwidth" is of two.
_THE = re.compile(r"\b(?:has|have|offers?|provides?|delivers?|with|boasts?)\s+the\s+$", re.IGNORECASE)


#: Before a comparison, that what follows has it: "With its larger memory, the A40 ..".
_WITH_ITS = re.compile(
    r"\s*(?:[\w ]{0,20},\s+)?(?:With|Thanks to|Due to|Because of|Given|Owing to|On account of)\s+"
    r"(?:[^.;,]{2,60}\s+and\s+)?(?:(?:its|their|the|an?)\s+)?(?:(?:much|far|significantly|considerably|"
    r"slightly|substantially|vastly|even)\s+)*",
    re.IGNORECASE,
)


#: Behind a comparison with what was spoken of before: "is even a little slower in bandwidth."
_ENDS = re.compile(
    r"(?:\s+(?:in|on|as to|when it comes to)\s+(?:its\s+|the\s+)?(?:[\w-]+\s?){1,3})?"
    r"(?:\s+(?:as well|too|also))?\s*(?:[.!;)]|,\s+(?:but|so|and|too)\b)",
    re.IGNORECASE,
)


def _verdict(each: Comparison, values: Sequence[tuple[float, str]]) -> tuple[str, str]:
    """Confirmed where it holds for one of the devices meant, contradicted where for none, nor nearly."""
    if each.sign == 0:
        off, words = min((abs(value - 1), words) for value, words in values)
        most = _LEVEL if each.attribute.key in _COUNTED else _UNLIKE
        return ("confirmed" if off <= _LEVEL else "contradicted" if off > most else "unverifiable"), words
    shares = [value if each.sign > 0 else 1 / value if value else 9.9 for value, _ in values]
    exact = each.attribute.key in _EXACT and all(value <= 1 for value in shares)
    holds = next((at for at, value in enumerate(shares) if value > 1 + _EQUAL), None)
    if holds is not None:
        return "confirmed", values[holds][1]
    alike = each.attribute.key in _TOLD and all(abs(value - 1) < _ROUNDED for value in shares)
    wrong = exact or alike or all(value < 1 - _EQUAL for value in shares)
    return ("contradicted" if wrong else "unverifiable"), values[0][1]


def _of_value(
    passage: Passage, sentence: Sentence, each: Comparison, who: Spoken, context: Context
) -> Finding | None:
    """A stated value that is set above or below another's: "750 W, less than the H100's 700 W"."""
    text, own, mention = passage.text, each.value, compared_with(each, who)
    if mention is None or own is None:
        return None
    if _FOR_LESS.match(text, own.end) or _BUYS.match(text, own.end):
        return None
    # "They talk over PCIe at 128 GB/s, which is quicker than the A6000's bridge": of no memory.
    if each.attribute.key == "bandwidth" and OF_A_LINK.search(text, sentence.start, mention.end + _BEHIND):
        return None
    before = _of_the(text, each.end, mention, own, context)
    told = (before.value, text[before.start : before.end], ()) if before else None
    other = told or _stated(text, mention, own, context) or _on_file(mention, each, context)
    if other is None:
        return None
    others = [other, *(_also(each, mention, who, context))]
    value, because, evidence = (
        min(others, key=lambda one: each.sign * (own.value - one[0])) if each.sign else other
    )
    size = _told_size(own, each.attribute.key)
    if not value:
        return None
    ratio = size / value
    if not each.sign and each.attribute.key in SPARSE:
        # "Up to 3,958 TFLOPS (same as the H100)": both with sparsity.
        times = {context.catalogue[key].sparse_times(each.attribute.key) for key in mention.ids}
        ratio = next((1.0 for one in times if abs(ratio / one - 1) < _EQUAL), ratio)
    verdict, _ = _verdict(each, [(ratio, "")])
    if verdict == "contradicted":
        verdict = "inconsistent"
    shown = text[own.start : own.end]
    return _made(
        passage, each._replace(end=mention.end), verdict, context, subject=", ".join(mention.ids),
        because=f"{shown} against {because}", evidence=evidence or (Evidence(f"{shown}, {because}"),),
    )  # fmt: skip


#: "Its 300 W buy you less than a T4's 70 W": less of something else.
_BUYS = re.compile(r"\s+(?:buy|get|give|bring|do|deliver|achieve|yield|earn)s?\b", re.IGNORECASE)
#: Letters behind a name; how far off a value is that is far from what is less surely on file.
_BEHIND, _FAR_OFF = 16, 0.2
#: "24 GB for less than a 4080 Super": for less money.
_FOR_LESS = re.compile(
    r"\s*(?:for|at)\s+(?:\w+\s+)?(?:less|more|half|the same|no more|not much more)\b", re.IGNORECASE
)


def _also(
    each: Comparison, mention: Mention, who: Spoken, context: Context
) -> list[tuple[float, str, tuple[Evidence, ...]]]:
    """What further devices have that a value is set against: "ahead of the A5000 and even of the A100"."""
    found = []
    for one in who.here:
        if one.start >= mention.end and _AND.fullmatch(who.text, mention.end, one.start):
            other = _on_file(one, each, context)
            found += [other] if other else []
    return found


#: Between two devices that a value is set against.
_AND = re.compile(
    r"(?:[\u2019']s)?(?:\s+[\d.,]+\s?[\w/]+)?,?\s+and\s+(?:even\s+)?(?:of\s+|than\s+|that "
    r"of\s+)?(?:the\s+|an?\s+)?",
    re.IGNORECASE,
)


def _plain(value: float, key: str) -> float:
    """A size of memory as it is sold, in decimal gigabytes."""
    return (nominal_gb(value) or value / GB) * GB if key == "memory" else value


def _told_size(told: Quantity, key: str) -> float:
    """A size as it is told: one in decimal gigabytes is what it says."""
    return _plain(told.value, key) if "i" in told.unit else told.value


def _of_the(text: str, end: int, mention: Mention, own: Quantity, context: Context) -> Quantity | None:
    """The other's value right before its name: "more than the 72 MB of the old one"."""
    for each in within(quantities(text, context.fraction), end, mention.start):
        if not _OF_ONE.fullmatch(text, each.end, mention.start):
            continue
        if each.dimension == own.dimension:
            return each
        # "More than the 672 of an RTX 5070": in the unit of the first.
        again = quantities(f"{text[each.start : each.end]} {own.unit}", context.fraction)[:1]
        if each.dimension == "number" and again and again[0].dimension == own.dimension:
            return again[0]._replace(start=each.start, end=each.end)
    return None


_OF_ONE = re.compile(r"\s+(?:of|on|in)\s+(?:the\s+|an?\s+|its\s+)?", re.IGNORECASE)


def _stated(
    text: str, mention: Mention, own: Quantity, context: Context
) -> tuple[float, str, tuple[Evidence, ...]] | None:
    """The other's value where it stands right behind its name."""
    for each in within(quantities(text, context.fraction), mention.end, mention.end + 40):
        tied = re.fullmatch(
            r"(?:[\u2019']s?)?\s*(?:\(|with\s+|mit\s+|at\s+)?(?:only\s+|its\s+)?",
            text[mention.end : each.start],
        )
        if tied and each.dimension == own.dimension and each.value > 0:
            return each.value, text[each.start : each.end], ()
    return None


def _on_file(
    mention: Mention, each: Comparison, context: Context
) -> tuple[float, str, tuple[Evidence, ...]] | None:
    """The value of the other on file; of several devices that it can mean the one that holds soonest."""
    key = each.attribute.fields[0]
    gpus = [context.catalogue[one] for one in mention.ids]
    known = [(_plain(float(gpu.need(key)), each.attribute.key), gpu) for gpu in gpus if gpu.value(key)]
    told = _told_size(each.value, each.attribute.key) if each.value is not None else 0.0
    # What is less surely on file is good enough to be set against what is far from it.
    known = [one for one in known if one[1].confidence != "low" or abs(told / (one[0] or 1) - 1) > _FAR_OFF]
    if not known:
        return None
    if each.sign == 0 and each.value is not None:
        own = _told_size(each.value, each.attribute.key)
        value, gpu = min(known, key=lambda one: abs(one[0] - own))
        return value, f"{gpu.id}'s {gpu.display(key)}", (on_file(gpu, each.attribute),)
    value, gpu = (min if each.sign > 0 else max)(known, key=lambda one: one[0])
    return value, f"{gpu.id}'s {gpu.display(key)}", (on_file(gpu, each.attribute),)


def _made(passage: Passage, each: Comparison, verdict: str, context: Context, **rest: Any) -> Finding:
    place = (each.start, each.end)
    return made(context, passage, place, "ordering", verdict, attribute=each.attribute.key, **rest)
