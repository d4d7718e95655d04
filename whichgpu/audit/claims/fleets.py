"""How many it takes: "34 images/min per A10, so 1,000 images/min take 30 instances"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.nodes import number
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_NUMBER = r"\d{1,3}(?:,\d{3})+|\d{1,7}(?:\.\d{1,2})?"
_THING = r"(?:requests?|reqs?|queries|images?|imgs?|tokens?|samples?|frames?|users?)"
_PERIOD = r"(?P<{}>s|sec(?:ond)?s?|min(?:ute)?s?|h(?:ou)?rs?|h)"
_ONE = r"(?:gpu|card|instance|node|server|replica|device|machine|[A-Z]{1,2}\d{1,4}\w*)"
#: What one does: "34 images/min per A10", "each instance handles 34 images a minute".
_EACH = re.compile(
    rf"(?P<n>{_NUMBER})\s*(?P<thing>{_THING})\s*(?:/|per|a)\s*{_PERIOD.format('period')}\s*(?:per|/|on "
    rf"(?:one|a|an|each))\s*{_ONE}\b"
    rf"|\b(?:each|one|a single|"
    rf"every)\s+{_ONE}\s+(?:\w+\s+){{1,2}}(?P<n2>{_NUMBER})\s*(?P<thing2>{_THING})\s*(?:/|per|a)\s*"
    rf"{_PERIOD.format('period2')}\b",
    re.IGNORECASE,
)
#: What is asked for, and how many that is said to take.
_ASKED = re.compile(
    rf"\b(?:for|need|needs|target of|targets?|serve|handle|reach|process|generate|sustain|"
    rf"require)\s+(?:about |around |roughly |~)?"
    rf"(?P<n>{_NUMBER})\s*(?P<thing>{_THING})\s*(?:/|per|a)\s*{_PERIOD.format('period')}\b[^.;]{{0,60}}?"
    r"\b(?:makes?|needs?|takes?|requires?|gives?|means|is|are|so|=|buy|rent|run|you)\s+(?:about |around |"
    r"roughly |at least |~)?"
    rf"(?P<count>\d{{1,5}}|{'|'.join(SPELLED)})\s*(?:x\s*)?(?:instances?|gpus?|cards?|nodes?|"
    rf"servers?|replicas?|devices?|machines?|"
    r"of them|[A-Z]{1,2}\d{1,4}\w*)",
    re.IGNORECASE,
)
#: Words of a fleet that is larger than it need be, or runs below its best.
_SPARE = re.compile(
    r"\b(?:headroom|spare|redundan\w+|failover|n ?\+ ?1|utili[sz]\w+|margin|at \d+ ?%|buffer|reserve)\b",
    re.IGNORECASE,
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
#: So many too few, or too many, no rounding explains.
_FEW, _MANY = 0.97, 1.15
_REACH = 300
#: What leads to a number of machines that follows from work told before: rates of one and of all of them.
_SO_MANY = re.compile(
    r"\b(?:so|thus|hence|therefore|that is|that[\u2019']s|that makes|which makes|makes|means|"
    r"needs?|takes?|requires?)\b"
    r"(?:\s+(?:you|we|they|it|need|needs|run|rent|buy|take|takes|is|about|around|roughly|at|"
    r"least|have|to|would|will|of))*\s*~?$",
    re.IGNORECASE,
)
#: "Two GPUs at 5,000 each": what one does is told behind.
_EACH_BEHIND = re.compile(
    r"[^.;]{0,24}\b(?:at|of|with)\s+(?:about |roughly |up to |~)?[\d,.]+\b[^.;]{0,20}\beach\b"
)
#: "Five cards of 80 GB": a size of their own.
_OWN_SIZE = re.compile(r"\s*(?:cards?|gpus?|boards?)\s+(?:of|with)\s+\d+\s?GB", re.IGNORECASE)
#: What is counted, the memory of one of it, and what makes less of it enough.
_CARD = re.compile(
    r"\s*(?:of (?:them|these|those)|(?:\d+\s?GB )?(?:gpus?|cards?|a100|h100|[\w ]{0,12}cards?))\b",
    re.IGNORECASE,
)
_SIZED = re.compile(r"\b(?P<n>\d{1,3})\s?-?GB\s+(?:gpus?|cards?|class|[AHL]\d{2,3}\w?s?\b)", re.IGNORECASE)
_SHARED = re.compile(
    r"\b(?:offload\w*|shard\w*|zero|fsdp|quanti[sz]\w+|nodes?|in 4|4-bit|8-bit)\b", re.IGNORECASE
)
_WORK = ("token", "piece")
_LEAD, _SENTENCES = 40, 3


def find(context: Context) -> Iterator[Finding]:
    """Every number of machines that follows from what one does, with its verdict."""
    for index, passage in context.document.running():
        said = False
        for asked in _ASKED.finditer(passage.text):
            found = list(_of_fleet(passage, asked, context))
            said = said or bool(found)
            yield from found
        if not said:
            yield from _of_rates(index, passage, context)
        yield from _of_room(index, passage, context)


#: "13 A100s or 32 A10s": each of them by a rate of its own.
_OTHERWISE = re.compile(r"\s+[\w -]{2,24}?\s+(?:or|and)\s+\d{1,4}\s+[A-Za-z]", re.IGNORECASE)


def _of_rates(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A number of machines that follows from the two rates, or amounts of work, told before it."""
    text = passage.text
    names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
    every = terms(text, context.fraction, names)
    for told in every:
        if (
            not told.counted
            or not told.value.is_integer()
            or not _SO_MANY.search(text, max(0, told.start - _LEAD), told.start)
        ):
            continue
        starts = [each.start for each in sentences(text) if each.start <= told.start][-_SENTENCES:]
        before = [
            each for each in within(every, starts[0], told.start) if each.of in _WORK and not each.share
        ]
        last = before[-1] if before else None
        alike = [each for each in before if last and each.dims == last.dims]
        between = [each for each in within(every, alike[-1].end, told.start) if each.counted] if alike else []
        each_behind = _EACH_BEHIND.match(text, told.end)
        if (
            len(alike) != 2
            or each_behind
            or between
            or _OTHERWISE.match(text, told.end)
            or _SPARE.search(text, starts[0], min(told.end + _LEAD, len(text)))
        ):
            continue
        one, all_of = sorted(alike, key=lambda each: each.value)
        if _is_of_several(one, every, text):
            continue
        bare = [each.value for each in within(every, starts[0], told.start) if each.plain]
        rates = [rate for each in (one, all_of) if (rate := number(each.words))]
        if any(math.ceil(each / rate - 1e-9) == told.value for each in bare for rate in rates):
            # "400 tokens/s on average, with peaks of 2,400": of the one without its unit.
            continue
        real = all_of.value / one.value
        least = math.ceil(real - 1e-9)
        behind = next(each.end for each in sentences(text) if each.end > told.start)
        # "A hundred a second at 75 % of twelve each": so many more of them.
        loads = [each.value for each in within(every, starts[0], behind) if each.share and each.value]
        loaded = any(told.value in (math.ceil(real / one - 1e-9), round(real / one)) for one in loads)
        right = told.value in (least, round(real)) or loaded
        wrong = not loaded and (told.value < _FEW * real or told.value > _MANY * (least + 1))
        because = f"{all_of.words} over {one.words} is {real:.4g}, so {least} of them"
        yield made(
            context, passage, (told.start, told.end), "arithmetic",
            "confirmed" if right else "inconsistent" if wrong else "unverifiable", attribute="ceiling",
            because=because, expected="" if right else str(least), evidence=(Evidence(because),),
        )  # fmt: skip


def _is_of_several(rate: Term, every: Sequence[Term], text: str) -> bool:
    """Whether a rate is what several do together: "six generate 5,400 tokens per second"."""
    start = next(each.start for each in sentences(text) if each.end > rate.start)
    counts = [each for each in within(every, start, rate.start) if each.counted and each.value > 1]
    return bool(counts) and not rate.each and rate.start - counts[-1].end < _LEAD


def _of_room(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A number of cards that has less memory than what was just said to be needed."""
    text = passage.text
    named = context.mentions.get(index, ())
    every = terms(text, context.fraction, tuple((each.start, each.end) for each in named))
    for told in every:
        lead = _SO_MANY.search(text, max(0, told.start - _LEAD), told.start)
        if any(told.dims) or not told.value.is_integer() or told.value < 1 or not lead:
            continue
        card = None if _OWN_SIZE.match(text, told.end) else _CARD.match(text, told.end)
        start = [each.start for each in sentences(text) if each.start <= told.start][-1]
        back = max(0, start - _REACH)
        sized = [float(each["n"]) for each in _SIZED.finditer(text, start, min(told.end + _LEAD, len(text)))]
        needs = [
            each for each in within(every, start, told.start) if each.of == "byte" and sum(each.dims) == 1
        ]
        above = [float(each["n"]) for each in _SIZED.finditer(text, back, start)]
        sized = sized or above[-1:]
        if (
            not card
            or len(set(sized)) != 1
            or not sized[0]
            or not needs
            or _SHARED.search(text, needs[-1].end + _LEAD // 2, told.end + _LEAD)
        ):
            continue
        real = needs[-1].value / (sized[0] * 1e9)
        least = math.ceil(real * _FEW)
        if needs[-1].words.startswith(f"{sized[0]:g} "):
            continue
        because = (
            f"{needs[-1].words} are {real:.3g} times {sized[0]:g} GB, so at least {math.ceil(real)} of them"
        )
        yield made(
            context, passage, (told.start, told.start + len(told.words)), "arithmetic",
            "confirmed" if told.value >= least else "inconsistent", attribute="ceiling", because=because,
            expected="" if told.value >= least else str(math.ceil(real)), evidence=(Evidence(because),),
        )  # fmt: skip


def _of_fleet(passage: Passage, asked: re.Match[str], context: Context) -> Iterator[Finding]:
    text = passage.text
    near = (max(0, asked.start() - _REACH), asked.end())
    told = [each for each in _EACH.finditer(text, *near) if each.end() <= asked.start()]
    if len(told) != 1 or _SPARE.search(text, *near):
        return
    one = told[0]
    thing, period = one["thing"] or one["thing2"], one["period"] or one["period2"]
    if thing[:3].lower() != asked["thing"][:3].lower():
        return
    each = _plain(one["n"] or one["n2"]) / _SECONDS[period[0].lower()]
    all_of_them = _plain(asked["n"]) / _SECONDS[asked["period"][0].lower()]
    if not each or not all_of_them:
        return
    real, number = all_of_them / each, int(read_number(asked["count"]))
    least = math.ceil(real - 1e-9)
    right = number in (least, round(real))
    wrong = number < _FEW * real or number > _MANY * (least + 1)
    because = f"{asked['n']} over {one['n'] or one['n2']} is {real:.4g}, so {least} of them"
    yield made(
        context, passage, asked.span("count"), "arithmetic",
        "confirmed" if right else "inconsistent" if wrong else "unverifiable", attribute="ceiling",
        because=because, expected="" if right else str(least), evidence=(Evidence(because),),
    )  # fmt: skip


def _plain(digits: str) -> float:
    return float(digits.replace(",", ""))
