"""What was seen beside a figure (a busy processor, a slot of four lanes), and which causes that speaks for.

A cause that something points to is so much likelier before anything is predicted (`data/diagnosis.toml`: the
words by cause, and how much), twice that with each further thing that does; one that something speaks against
(a GPU that is busy, of slow loading) is as much less likely. Words that the text takes back are no evidence:
"the GPU is never at 100 %", "the NVLink bridge is missing". What was tried, and how well each explains the
figure, stays.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from whichgpu.planner.diagnosis.answer import Diagnosis

#: How much likelier a further thing makes a cause that one points to already (a judgement).
_FURTHER = 2.0
#: Where a new thing is said: what stands before takes nothing back of it.
_BREAK = re.compile(
    r"[.;:!?()%,]\s|[;:!?()%]"
    r"|\b(?:but|and|so|because|although|though|while|when|whereas|yet|why|how|that|which|since|as)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?<=\d) ?per ?cent\b", re.IGNORECASE)
#: So many words before a thing may take it back.
_WORDS = 5
#: What takes back the words behind it, or only wishes for them.
_NOT = re.compile(
    r"n['\u2019]t\b|\b(?:is|are|was|were|does|do|did|has|have|had|ca|can|could|wo|should)nt\b"
    r"|\b(?:never|not(?! (?:only|just)\b)|no(?! ?\d)|cannot|nor|neither|none|nothing(?! else)|without"
    r"|lack\w*|fail\w*|hardly|barely|rarely|scarcely|seldom|missing|forgot\w*|far from|nowhere near|short of"
    r"|instead of|rather than|unlike)\b"
    # "It should do 900 images/s with NVLink" has it.
    r"|\b(?:should|would|want\w*|wish\w*|expect\w*|if)\b(?!.*(?:\d|more|faster|better))",
    re.IGNORECASE,
)
#: The same behind them: "the NVLink bridge is missing", "100 % is never reached".
_NOT_AFTER = re.compile(
    r"[ -]?(?:(?:bridges?|links?|switch\w*|connect\w+|cables?|data|images?|gpu|util\w*|usage|clocks?"
    r"|draw|is|are|was|were|has|have|been|seems?|seem|to|be|currently|does|do|did|can|could|will)\b ?)*"
    r"(?:[:=]? ?\b(?:missing|absent|disabled|broken|inactive|unavailable|unsupported|unused|unplugged|removed"
    r"|off|down|none|n/a)\b|[:=] ?(?:no|0)\b"
    r"|(?:\bnot|\bnever|\bhardly|\brarely|\bseldom|\bcannot|\b(?:\w*n['\u2019]t|isnt|doesnt|cant))\b ?"
    r"(?:(?:yet|currently|ever|even|actually|being|be|an|any)\b ?)*"
    r"(?:$|[.;,)!?]|(?:there|used|reach\w*|seen|hit|held|present|available|install\w*|work\w*|active|enabled"
    r"|detect\w*|support\w*|connect\w*|found|exist\w*|show\w*|appear\w*|possible|option|fit|on|in)\b))",
    re.IGNORECASE,
)
#: Words by which a figure is a bound.
_UP = re.compile(r"\b(?:above|over|more|exceed\w*|beyond|past|higher|hotter|warmer)\b", re.IGNORECASE)
_DOWN = re.compile(r"\b(?:below|under|less|lower|drop\w*|fall\w*|dip\w*|sink\w*)\b", re.IGNORECASE)
#: What else than the GPU's work or its heat a figure may be of, before it and right behind it.
_OTHER = (
    r"(?:mem|memory|vram|ram|cpus?|processor|disk|ssd|fans?|power|tdp|idl\w+|free|unused|wait\w*|stall\w*|starv\w*"
    r"|ambient|room|intake|inlet|outside|coolant|water|delta|limit|target|threshold)\b"
)
#: What a share that comes and goes is told with.
_FITFUL = (
    r"(?:spik|jump|fluctuat|bounc|oscillat|swing|peak|burst|brief|occasional|sometimes|at times|up to"
    r"|now and then|for (?:a|some|few)\b)"
)
_BESIDE = re.compile(rf"\b(?:{_OTHER}|{_FITFUL})", re.IGNORECASE)
_BEHIND = re.compile(
    rf" ?(?:of |over |above |at )?(?:the |its )?(?:gpu |video |device )?(?:{_OTHER}|{_FITFUL})"
    r"| (?:sure|certain|slower|faster|stable|new|stock|of the time)\b",
    re.IGNORECASE,
)
#: A range that ends or begins with the figure, by its other end.
_RANGE_FROM = re.compile(
    r"(?:(\d+)(?:\.\d+)? ?%? ?(?:-|\u2013|\u2014|~|\.\.+|to|up to)|\bbetween (\d+) ?%? and) ?$", re.IGNORECASE
)
_RANGE_TO = re.compile(
    r",? ?(?:-|\u2013|\u2014|\.\.+|(?:and |or )?(?:then |down |up |drops |falls )*(?:to|and|then)) ?(\d+)",
    re.IGNORECASE,
)
#: Shares from which a GPU is busy, and degrees from which one is hot.
_BUSY, _HOT = 94, 80


def pointed(found: Diagnosis, text: str) -> Diagnosis:
    """A diagnosis with its causes in the order in which they explain the figure and what is told beside it.

    By Bayes' rule the shares of causes that something points to grow by one factor, and all are shares again.
    """
    text = _PERCENT.sub("%", text)
    known = {one.id for one in found.causes}
    seen = tuple((cause, words) for cause, words in _seen(text) if cause in known)
    # Of a card that is a laptop's, that it is in one says nothing.
    seen = tuple(one for one in seen if one[0] != "variant" or one[1].lower().rstrip("s") not in found.gpu)
    # "700 tokens/s per GPU" is what the figure was read as already.
    seen = tuple(one for one in seen if one[0] != "per_gpu" or not found.figure.per_gpu)
    already = {cause for cause, _ in seen}
    seen += tuple((cause, words) for cause, words in found.told if cause in known - already)
    denied = tuple((cause, words) for cause, words in _denied(text) if cause in known)
    already |= {cause for cause, _ in denied}
    denied += tuple((cause, words) for cause, words in found.refuted if cause in known - already)
    if not (seen or denied):
        return found
    times = float(store.load("diagnosis")["diagnosis"]["null"]["seen"])
    factors: dict[str, float] = {}
    for cause, _ in seen:
        factors[cause] = factors[cause] * _FURTHER if cause in factors else times
    for cause in {cause for cause, _ in denied}:
        factors[cause] = factors.get(cause, 1.0) / times
    whole = found.normal + sum(one.share * factors.get(one.id, 1.0) for one in found.causes)
    causes = [replace(one, share=one.share * factors.get(one.id, 1.0) / whole) for one in found.causes]
    order = tuple(sorted(causes, key=lambda one: -one.share))
    return replace(
        found, causes=order, normal=found.normal / whole, seen=seen, denied=denied,
        verdict=_possible(found, {cause for cause, _ in seen}),
    )  # fmt: skip


def _possible(found: Diagnosis, seen: Container[str]) -> str:
    """The verdict: what is impossible of the job as said is fast where a thing told beside explains it."""
    explained = any(one.id in seen and one.inside for one in found.causes)
    return "fast" if found.verdict == "impossible" and explained else found.verdict


def _seen(text: str) -> Iterator[tuple[str, str]]:
    """Causes with the words of a text that point to them, each kind of words once."""
    denied = _read(text, "denied")
    for cause, told in _read(text, "seen").items():
        for match in told:
            # What "no power limit" speaks against, its last two words do not point to.
            if not _meets(match, denied.get(cause, ())):
                yield cause, " ".join(match[0].split())


def _denied(text: str) -> Iterator[tuple[str, str]]:
    """Causes with the words of a text that speak against them."""
    for cause, told in _read(text, "denied").items():
        for match in told:
            yield cause, " ".join(match[0].split())


def _read(text: str, what: str) -> dict[str, list[re.Match[str]]]:
    found: dict[str, list[re.Match[str]]] = {}
    for cause, patterns in _patterns(what).items():
        told = found.setdefault(cause, [])
        for pattern in patterns:
            held = (match for match in pattern.finditer(text) if _holds(match, what))
            # The same words by two patterns are one thing.
            if (match := next(held, None)) and not _meets(match, told):
                told.append(match)
    return found


def _meets(match: re.Match[str], others: Iterable[re.Match[str]]) -> bool:
    return any(match.start() < other.end() and other.start() < match.end() for other in others)


def _holds(match: re.Match[str], what: str) -> bool:
    """Whether a text says what a pattern reads in it, and does not take it back before or behind.

    A pattern names what may be taken back: `high` a figure that says something by being high, `low` by being
    low, `at` other words; one without is taken back as a whole where it denies, and never where it points to
    a cause ("no NVLink"). What a pattern reads without the words that it names is what to read past.
    """
    named = match.groupdict()
    side = next((name for name in ("high", "low", "at") if named.get(name)), "")
    if not side and (named or what == "seen"):
        return not named
    text, start, end = match.string, match.start(side or 0), match.end(side or 0)
    clause = _BREAK.split(text[max(0, start - 80) : start])[-1]
    before = " ".join(clause.split()[-_WORDS:])
    bound = _DOWN if side == "high" else _UP if side == "low" else None
    # "Never below 98 %" is as good as 98 %; "never above" is not.
    if bool(_NOT.search(before)) != bool(bound and bound.search(before)):
        return False
    if _NOT_AFTER.match(text, match.end()):
        return False
    return side not in ("high", "low") or _of_work(match, clause, start, end, what)


def _of_work(match: re.Match[str], clause: str, start: int, end: int, what: str) -> bool:
    """Whether a share or a temperature is the GPU's at work: not its memory's, and not one end of a range."""
    text = match.string
    if _BESIDE.search(re.split(r"gpus?\b|nvidia-smi", clause, flags=re.IGNORECASE)[-1]):
        return False
    if _BEHIND.match(text, end):
        return False
    first, last = _RANGE_FROM.search(text[:start]), _RANGE_TO.match(text, end)
    if match.groupdict().get("high"):
        ends = ((first[1] or first[2]) if first else _BUSY, last[1] if last else _BUSY)
        return all(int(one) >= _BUSY for one in ends)
    return what == "seen" or not (last and int(last[1]) >= _HOT)


@cache
def _patterns(what: str) -> dict[str, tuple[re.Pattern[str], ...]]:
    """The words of every cause; those of a GPU that waits stand once, for what they point to and deny."""
    table = store.load("diagnosis")["diagnosis"]
    idle = table["idle"]
    waiting = idle["points" if what == "seen" else "against"]
    said = {
        cause: [*row.get(what, ()), *(idle["seen"] if cause in waiting else ())]
        for cause, row in table["cause"].items()
    }
    return {
        cause: tuple(re.compile(words, re.IGNORECASE) for words in some)
        for cause, some in said.items()
        if some
    }
