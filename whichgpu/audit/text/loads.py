"""The numbers of cards, requests or items of a batch that a text tells: "batch 64", "eight GPUs"."""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED

#: Things that are counted where a heading or a name has their number: "batch 64", "8 GPUs".
_COUNTED = (
    r"(?:requests?|users?|clients?|streams?|gpus?|cards?|images?|sequences?|threads?|accelerators?|nodes?|"
    r"concurren\w+|workers?|devices?|modules?|prompts?|pictures?)"
)
_BATCH = r"(?:batch(?:es)?(?:[ -]sizes?)?(?: of)?|concurrency(?: of)?)"
#: Numbers as words: those of `quantities`, one, and sizes of batches beyond them.
NUMBERS = {"single": 1.0, "one": 1.0, **SPELLED, "thirty-two": 32.0, "sixty-four": 64.0}
# The longest first: "sixteen" begins as "six" does, "thirty-two" as "thirty".
_SPELLED = "|".join(sorted(NUMBERS, key=len, reverse=True))
NUMBER = rf"(?:\d{{1,4}}|{_SPELLED})"
_OF_SO_MANY = re.compile(
    rf"\b(?P<n>{NUMBER})[ -]+(?:concurrent |parallel |simultaneous )?{_COUNTED}\b|\b{_BATCH}[ "
    rf"=]*(?P<b>{NUMBER})\b",
    re.IGNORECASE,
)


def numbered(text: str, start: int, end: int) -> list[tuple[float, tuple[int, int]]]:
    """The numbers of counted things in a stretch, each with its place: "batch 64", "eight GPUs"."""
    return [
        (value_of(match["n"] or match["b"]), match.span()) for match in _OF_SO_MANY.finditer(text, start, end)
    ]


def value_of(word: str) -> float:
    """A number in digits or in letters."""
    return float(word) if word.isdigit() else NUMBERS[word.lower()]


def without_numbers(text: str) -> str:
    """A text without the phrases that tell such numbers."""
    return _OF_SO_MANY.sub(" ", text)
