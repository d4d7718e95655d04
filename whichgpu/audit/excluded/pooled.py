"""What several of one device have together: "two used 3060s cost $420 and have 32 GB in total".

The sentence names one device and how many of it; the amount is that number of its memory, or of fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import stated
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import models
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: Before an amount of memory that devices have, and behind one.
_HAVE = re.compile(
    r"\b(?:have|has|having|offer(?:s|ing)?|giv(?:e|es|ing)(?: you)?|provid(?:e|es|ing)|get|total(?:s|ing)?|"
    r"bring(?:s|ing)?|pool(?:s|ing)?(?: of)?|reach|with|for|makes?|comes? to|add(?:s)? up to|combin\w+)\s"
    r"(?:an?\s|you\s|some\s|about\s|just\s|only\s|together\s|total of\s|combined\s|pool of\s|up to\s|us\s)*$",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\s(?:of\s(?:v?ram|(?:gpu |device |video |graphics )?memory|hbm\w*|gddr\w*)\s?)?"
    r"(?:in total|in all|altogether|together|combined|all told|overall|total|between them)\b|"
    r"\sof\s(?:total |combined |pooled )?(?:v?ram|(?:gpu |device |video |graphics )?memory|hbm\w*|gddr\w*)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:each|apiece|per|needs?|takes?|requires?|weights?|left|free|spare|usable|used|more|less|than|if|"
    r"instead|ram|system|disk|ssd|ddr\d|host|would|or|not|cache|of the|laptop)\b|n[\u2019']t\b|/",
    re.IGNORECASE,
)
_NEAR = 0.02
_COUNT = re.compile(r"\b(?:two|three|four|five|six|eight|[2-9]|[1-9]\d)\b", re.IGNORECASE)


def pooled(context: Context) -> Iterator[Finding]:
    """Every such amount that no number of the device gives."""
    for index, passage, sentence in stated(context):
        here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
        if len({model(each.named[0], context.catalogue) for each in here}) == 1 and "GB" in sentence.text:
            yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    many = counted(passage.text, sentence.start, here[0].start)
    sizes = {
        size
        for key in here[0].ids
        if (size := nominal_gb(float(context.catalogue[key].value("memory") or 0)))
    }
    if many <= 1 or not sizes or len(here) > 1 or models(sentence.text):
        return
    for each in within(quantities(passage.text, context.fraction), here[0].end, sentence.end):
        clause = passage.text[here[0].end : min(sentence.end, each.end + len(" of device memory in total"))]
        said = _HAVE.search(passage.text, here[0].end, each.start)
        together = _TOGETHER.match(passage.text, each.end, sentence.end)
        if each.dimension != "memory" or not (said and together) or _NOT.search(clause):
            continue
        told = each.value / 1e9
        ways = [size * n for size in sizes for n in {1.0, many, *_counts(sentence.text)}]
        if all(abs(told / way - 1) > _NEAR for way in (*ways, *(way * _BINARY for way in ways))):
            right = max(sizes) * many
            because = f"{many:g} x {max(sizes):g} GB are {right:g} GB"
            yield made(
                context, passage, (each.start, each.end), "arithmetic", "inconsistent", attribute="pooled",
                subject=", ".join(here[0].ids), because=because, expected=f"{right:g} GB",
                evidence=(Evidence(because),),
            )  # fmt: skip


def _counts(text: str) -> list[float]:
    """The numbers of a sentence that may be of devices."""
    return [float(SPELLED.get(each[0].lower(), 0) or each[0]) for each in _COUNT.finditer(text)]


#: A gigabyte that is told may be a decimal one.
_BINARY = (1024 / 1000) ** 3
