"""Errors of category: what a resource does not do, whatever the figures are. The patterns are data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: A sentence that says what follows from the one before it: "This allows the A5000 to", "That is room for".
_GOES_ON = re.compile(r"\s*(?:This|That|These|Which|It)\s")
#: A part of a sentence; points and colons of numbers part nothing.
_PART = re.compile(r"(?:[^.;:]|[.:](?=\d))+")
_HARDWARE = re.compile(
    r"\b(?:gpus?|cards?|hardware|accelerators?|laptops?|servers?|cores|v?ram|memory|bandwidth|silicon|"
    r"tflops|these metrics)\b",
    re.IGNORECASE,
)


#: What is said to come else, behind an error: "or it can't be processed".
_OTHERWISE = re.compile(r",\s+(?:otherwise|or else|or)\s+(?:it|they|the|you|training)\b", re.IGNORECASE)


#: What a text denies itself: "somebody said that .., which is wrong".
_IS_WRONG = re.compile(
    r"(?:,\s*|\s[-\u2013\u2014(]\s*)(?:which|that|this)(?:\s+is|[\u2019']s)\s+(?:simply\s+|just\s+|"
    r"plain\s+|of course\s+)?"
    r"(?:wrong|false|nonsense|not true|not so|a myth|incorrect|untrue|a misconception)\b",
    re.IGNORECASE,
)


#: A sentence that denies the one before it.
_IS_NOT_SO = re.compile(
    r"\s*(?:But |Alas,? |Sadly,? )?(?:[Tt]hat|[Tt]his|[Ii]t)(?:\s+is|[\u2019']s)(?: simply| just)?\s+"
    r"(?:not (?:how|so|true|the case|right)|wrong|false|nonsense|a myth)\b"
)


#: The groups of a pattern that mark the claim in it.
_MARKED = re.compile(r"at\d*")


class _Rule(NamedTuple):
    """What says an error, what excuses it, and why it is wrong; `of_a_device` if it is said of hardware."""

    key: str
    #: One of these is in what says it, in lower case.
    words: tuple[str, ...]
    #: What all stands in one part of a sentence, in any order.
    says: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    of_a_device: bool
    because: str
    #: What the passage must have told up to it.
    topic: re.Pattern[str] | None = None


@cache
def _rules() -> tuple[_Rule, ...]:
    every = store.load("audit")["audit"]
    rows, pieces = every["category"], every["category_words"]

    def said(text: str) -> re.Pattern[str]:
        for name, piece in pieces.items():
            text = text.replace(f"{{{name}}}", piece)
        return re.compile(text, re.IGNORECASE)

    return tuple(
        _Rule(
            key,
            tuple(row["words"]),
            tuple(said(each) for each in row.get("slots") or (row["pattern"],)),
            said(row["unless"]) if row.get("unless") else None,
            bool(row.get("of_a_device")),
            row["because"],
            said(row["topic"]) if row.get("topic") else None,
        )
        for key, row in rows.items()
    )


@cache
def _named() -> re.Many:
    """Which of the rules a text has one of the words of."""
    return re.Many([rule.words] for rule in _rules())


def _said(rule: _Rule, text: str) -> tuple[int, int] | None:
    """Where a text says an error: what is marked of its patterns, or the stretch of all of them."""
    if len(rule.says) > 1:
        for part in _PART.finditer(text):
            found = [each.search(text, *part.span()) for each in rule.says]
            if all(found):
                claim = [one for one in found if one and "at" in one.groupdict()] or [
                    one for one in found if one
                ]
                return min(one.start() for one in claim), max(one.end() for one in claim)
        return None
    match = rule.says[0].search(text)
    if match is None:
        return None
    marked = (way for way, words in match.groupdict().items() if words and _MARKED.fullmatch(way))
    return match.start(next(marked, 0)), match.end()


def find(context: Context) -> Iterator[Finding]:
    """Every error of category."""
    for index, passage in context.document.running():
        before = 0
        for sentence in sentences(passage.text):
            start = before if _GOES_ON.match(sentence.text) else sentence.start
            before = sentence.start
            text = passage.text[start : sentence.end]
            # A full stop ends what a pattern spans.
            text = text[: sentence.start - start].replace(".", ",") + text[sentence.start - start :]
            said = within(context.mentions.get(index, ()), start, sentence.end)
            named = bool(said) or _HARDWARE.search(text) is not None
            for rule in (_rules()[at] for at in _named()(text)):
                place = _said(rule, text)
                if place is None or (rule.of_a_device and not named):
                    continue
                if rule.topic and not rule.topic.search(passage.text, 0, sentence.end):
                    continue
                # What excuses it stands in its part of the sentence, not before a colon.
                part = 1 + max(text.rfind(mark, 0, place[0]) for mark in ":;")
                otherwise = _OTHERWISE.search(text, place[1])
                if rule.unless and rule.unless.search(
                    text, part, otherwise.start() if otherwise else len(text)
                ):
                    continue
                denied = _IS_WRONG.search(text, place[1]) or _IS_NOT_SO.match(passage.text, sentence.end)
                if start + place[1] <= sentence.start or denied:
                    continue
                place = (start + place[0], start + place[1])
                yield made(context, passage, place, "category", "contradicted", subject=rule.key,
                           attribute="category", because=rule.because,
                           evidence=(Evidence(rule.because),))  # fmt: skip
