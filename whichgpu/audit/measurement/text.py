"""What every reader of a sentence needs: stretches of words, numbers as words, what is said if one lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.cost.reading.quoted import pointed
from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = '"ResNet-50 trains at 850 images/s on my RTX A5000, batch 128, AMP"'
#: Words that people shorten, of which one is a unit as well: "on a 4090 w/ SDXL".
_SHORTENED = (
    (re.compile(r"(?<![\w/])w/o\b", re.I), "without"),
    (re.compile(r"(?<![\w/])w/(?=[\s\w])", re.I), "with "),
)
#: What denies the mixed precision that it names, and formats that are told beside it.
_UNMIXED = re.compile(
    r"\b(?:without|with no|no|not using|not in|disabled?|turned off|ohne|sans|sin|senza|sem)[ -](?:the )?"
    r"(?:amp|mixed[- ]precision|autocast)\b|"
    r"\b(?:use_|enable_)?(?:amp|mixed[-_ ]precision|autocast)\"?"
    r"(?: is| was| ?[:=])? ?(?:off|disabled|false)\b",
    re.I,
)
_FORMAT = re.compile(r"\b(?:fp|bf|tf|int|float|bfloat)-?\d", re.I)
WORDS = re.compile(r"[^\s,;()]+")
#: A number in digits, as a word or as an article.
HOW_MANY = rf"an?|one|half an?|(?:{'|'.join(SPELLED)})|(?<![\d.,])\d[\d,]*(?:\.\d+)?"


def missing(what: str, text: str) -> UsageError:
    """The error of a sentence in which something is not named."""
    return UsageError(f"'{one_line(text)}' names no {what}; write e.g. {EXAMPLE}, or give it as an option")


def unquoted(text: str) -> str:
    """A text without its marks of quotation; an apostrophe within a word stays."""
    return re.sub(r"(?<!\w)['\"`\u2018\u201c\u201d]|['\"`\u2019\u201c\u201d](?!\w)", " ", text)


def spelled_out(text: str) -> str:
    """A text on one line without marks of quotation, with points in its numbers and "with" for "w/".

    Where mixed precision is denied and no other format told, all is computed in FP32.
    """
    for short, word in _SHORTENED:
        text = short.sub(word, text)
    text = _UNMIXED.sub("" if _FORMAT.search(text) else "fp32", text)
    return pointed(" ".join(unquoted(text).split()))


def cut(text: str, start: int, end: int) -> str:
    """A text with a stretch taken out, so that what stands on its sides is not read together."""
    return f"{text[:start]}; {text[end:]}"


def windows(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole words, the longest first, in order."""
    words = list(WORDS.finditer(text))
    for length in range(min(most, len(words)), 0, -1):
        for first, last in zip(words, words[length - 1 :], strict=False):
            if re.search(r"\w", first[0]) and not re.search(r"[,;()]", text[first.start() : last.end()]):
                yield first.start(), last.end()
