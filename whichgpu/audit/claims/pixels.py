"""How many times the pixels one size of picture has of another: "1024x1024, twice the pixels of 512x512"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import multiples
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_SIZE = re.compile(
    r"(?<![\d.,])(?P<a>\d{3,4})\s?(?:x|\u00d7|by)\s?(?P<b>\d{3,4})(?![\d\u00d7]|[.,]\d|\s?(?:x|\u00d7)\s?\d)"
)
#: Sizes that have names.
_NAMED = {
    "720p": 1280 * 720,
    "1080p": 1920 * 1080,
    "1440p": 2560 * 1440,
    "4k": 3840 * 2160,
    "8k": 7680 * 4320,
}
_NAME = re.compile(r"\b(?:720p|1080p|1440p|4k|8k)\b", re.IGNORECASE)
#: Behind a multiple, that it is one of pixels, and of those of another size.
_OF_PIXELS = re.compile(
    r"\s*(?:(?:the|as many|the (?:number|amount|count) of|of the) )?pixels?(?: count)?(?= (?:of|as|that)\b)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|never|about|roughly|nearly|almost|around|some|over|more than|up to|if|would|"
    r"latent\w*|frames?|total|altogether|batch\w*|upscal\w*|crop\w*)\b",
    re.IGNORECASE,
)
_MARGIN, _LEAST = 0.13, 2


def find(context: Context) -> Iterator[Finding]:
    """Every multiple of pixels that no two of the sizes that are told have."""
    told: set[int] = set()
    for _, passage in context.document.running():
        told |= _sizes(passage.text)
    for _, passage in context.document.running() if len(told) >= _LEAST else ():
        for sentence in sentences(passage.text):
            if _UNSURE.search(sentence.text) or not _sizes(sentence.text):
                continue
            for each in within(multiples(passage.text), sentence.start, sentence.end):
                behind = _OF_PIXELS.match(passage.text, each.end, sentence.end)
                if behind and not any(abs(a / b / each.value - 1) < _MARGIN for a in told for b in told):
                    own = max(_sizes(sentence.text))
                    others = ", ".join(f"{own / other:.3g}" for other in sorted(told - {own})[:4])
                    because = f"{own:,} pixels are {others} times those of the other sizes told"
                    yield made(
                        context, passage, (each.start, behind.end()), "ratio", "inconsistent",
                        attribute="pixels", because=because, evidence=(Evidence(because),),
                    )  # fmt: skip


def _sizes(text: str) -> set[int]:
    """The pixels of the sizes of pictures that a text tells."""
    found = {int(each["a"]) * int(each["b"]) for each in _SIZE.finditer(text)}
    return found | {_NAMED[each[0].lower()] for each in _NAME.finditer(text)}
