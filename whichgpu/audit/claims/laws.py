"""What grows with what: "longer prompts do not enlarge the cache", "data parallelism divides the weights".

A law says whether a quantity rises, falls or stays as a knob is turned up; a clause that names both and says
otherwise is wrong whatever the figures are. Knobs, quantities and laws are data.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

#: A clause: points and colons of numbers part nothing.
_CLAUSE = re.compile(r"(?:[^.;:,]|[.:,](?=\d))+")
#: Words between commas that part nothing.
_ASIDE = re.compile(
    r",\s(?:by contrast|however|too|though|in turn|on the other hand|as well|also|of course|"
    r"therefore|instead),?(?=\s)|\A\s*(?:Keep|Bear) in mind that\b",
    re.I,
)
#: "32 GB against 24 GB and 78 % more bandwidth": the size of the memory is a reason too.
_SIZED = re.compile(r"\d\s?GB\b(?!/|ps)", re.IGNORECASE)
_BUT = re.compile(r"\s+(?:but|while|whereas|although|though|because|since)\s+", re.IGNORECASE)
#: A clause of the subject before, and one that begins with what was spoken of.
_ELIDED = re.compile(
    r"\s*(?:also |still |even |then )?(?:leaves?|keeps?|raises?|lowers?|reduces?|halves|doubles|"
    r"grows?|shrinks?|saves?)\b"
)
_PRONOUN = re.compile(r"\s*(?:It|This|That)\s")
#: What leads to the clause behind it: "With twice the context, the weights stay".
_LED = re.compile(r"\s*(?:with|by|using|at)\b", re.IGNORECASE)
_IT = re.compile(r"\b(?:it|them)\b", re.IGNORECASE)
#: "Half as much capacity again and 56 % more bandwidth": two things that grew, neither by the other.
_GAINS = re.compile(
    r"\b(?:more|less|as much|again|larger|higher)\b[^.;:]*\band\s+(?:\d|twice|half|double|triple|"
    r"an? (?:third|quarter|half)\b)",
    re.IGNORECASE,
)
#: "Did not need twice the memory": by so much it does not grow, by less it may.
_SO_MUCH = re.compile(
    r"\b(?:twice|doubl\w+|tripl\w+|quadrupl\w+|half|halv\w+|times|as much|proportional\w*|linear\w*)\b",
    re.IGNORECASE,
)
_UP, _DOWN, _SAME = 1, -1, 0


class _Law(NamedTuple):
    """What of a knob, how it is turned, the quantity, and the signs that its change can have."""

    key: str
    #: The knob that is turned up, or down, or that is switched on by its name alone.
    up: re.Pattern[str]
    down: re.Pattern[str] | None
    quantity: re.Pattern[str]
    signs: frozenset[int]
    because: str


class _Words(NamedTuple):
    """How a clause says that something rises, falls or stays, what it denies, and what it leaves open."""

    effects: tuple[tuple[int, re.Pattern[str]], ...]
    negated: re.Pattern[str]
    hedged: re.Pattern[str]


@cache
def _known() -> tuple[_Words, tuple[_Law, ...]]:
    every = store.load("audit")["audit"]
    words, knobs, things = every["law_words"], every["law_knobs"], every["law_quantities"]

    def said(text: str) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{text})\b", re.IGNORECASE)

    def turned(knob: str, way: str) -> re.Pattern[str]:
        return said(rf"(?:{words[way]})\s+(?:(?:the|a|an|its|your|each|every)\s+)?(?:[\w-]+\s)?(?:{knob})")

    laws = []
    for key, row in every["law"].items():
        knob = knobs[row["knob"]]
        switch = row.get("switch", False)
        laws.append(
            _Law(
                key,
                said(knob) if switch else turned(knob, "more"),
                None if switch else turned(knob, "less"),
                said(things[row["quantity"]]),
                frozenset(row["signs"]),
                row["because"],
            )
        )
    effects = tuple(
        (sign, said(words[way])) for sign, way in ((_SAME, "stays"), (_UP, "rises"), (_DOWN, "falls"))
    )
    return _Words(effects, said(words["negated"]), re.compile(words["hedged"], re.IGNORECASE)), tuple(laws)


def find(context: Context) -> Iterator[Finding]:
    """Every clause that a law excludes."""
    words, _ = _known()
    for _, passage in context.document.running():
        before = ""
        for sentence in sentences(passage.text):
            last, before = before, sentence.text
            if not words.hedged.search(sentence.text):
                yield from _of_sentence(passage, sentence, last, context)


def _of_sentence(passage: Passage, sentence: Sentence, last: str, context: Context) -> Iterator[Finding]:
    """The clauses of a sentence; one without a subject goes on with that of the one before it."""
    words, laws = _known()
    text = _ASIDE.sub(lambda match: " " * len(match[0]), sentence.text)
    subject = last if _PRONOUN.match(text) else ""
    for clause in _CLAUSE.finditer(text):
        start = clause.start()
        for part in _BUT.split(clause[0]):
            effect = not _GAINS.search(part) and any(way.search(part) for _, way in words.effects)
            found = next((law for law in laws if effect and _breaks(law, part, (last, subject), words)), None)
            at = text.find(part, start)
            start = at + len(part)
            subject = part
            if found and part.strip() and not (found.key == "bandwidth-and-capacity" and _SIZED.search(part)):
                place = (sentence.start + at + len(part) - len(part.lstrip()), sentence.start + start)
                yield made(context, passage, place, "category", "contradicted", subject=found.key,
                           attribute="category", because=found.because,
                           evidence=(Evidence(found.because),))  # fmt: skip


def _breaks(law: _Law, text: str, told: tuple[str, str], words: _Words) -> bool:
    """Whether a clause says of a law's quantity what the law excludes.

    "It" may be the quantity of the last sentence, the first one `told`; the knob that of the clause before.
    """
    last, subject = told
    up, down = law.up.search(text), law.down.search(text) if law.down else None
    knob = up or down
    if knob is None and subject and (_ELIDED.match(text) or _PRONOUN.match(text) or _LED.match(subject)):
        up, down = law.up.search(subject), law.down.search(subject) if law.down else None
    if up is None and down is None:
        return False
    # What turns the knob says nothing of the quantity.
    rest = (
        f"{text[: knob.start()]} {'~' * (knob.end() - knob.start())} {text[knob.end() :]}" if knob else text
    )
    named = law.quantity.search(rest) or (_IT.search(rest) and law.quantity.search(last))
    found = next(((sign, match) for sign, way in words.effects if (match := way.search(rest))), None)
    if not named or found is None:
        return False
    sign, match = found
    turn = _UP if up else _DOWN
    denied = words.negated.search(rest, 0, match.start())
    if denied and _SO_MUCH.search(rest, denied.end()):
        return False
    said = {_UP, _SAME, _DOWN} - {sign * turn} if denied else {sign * turn}
    return not said & law.signs
