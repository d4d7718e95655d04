"""A value that both, or all, of the devices just named are said to have: "both give you 24 GB"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.document import RUNNING
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import RATES, attributes, named
from whichgpu.audit.values.certainty import certain_of_all
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_BOTH = re.compile(
    r"(?:^|[,;:]\s+|\band\s+|\bbut\s+)\W*(?P<many>both|all)(?:\s+(?P<n>two|three|four))?"
    r"(?:\s+of\s+(?:them|these|those|the\s+\w+))?(?:\s+(?:cards?|gpus?|boards?|models?|chips?))?\s+"
    r"(?:(?:now|still|also|thus)\s+)?(?P<verb>gives?(?:\s+you)?|ha(?:s|ve|d)|offers?|comes? with|came with|"
    r"carr(?:y|ies)|"
    r"packs?|provides?|brings?|gets?|sports?|holds?|features?|(?:are|were) equipped with|draws?|takes?|"
    r"(?:are|is) rated at|"
    r"moves?|reach(?:es)?|uses?|delivers?|share)\s+"
    r"(?:the same\s+(?:(?:\w+\s+){0,3}of\s+)?|up to\s+|an?\s+)*$",
    re.IGNORECASE,
)
#: What a value of a dimension is of, where the words behind it name nothing else.
_BY_DIMENSION = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
_DRAWS = re.compile(r"draws?|takes?|rated", re.IGNORECASE)
_COUNTS = {"both": 2, "two": 2, "three": 3, "four": 4}
_ELSE = re.compile(
    r"\b(?:together|combined|in total|in all|per|left|free|system|host|ram|nvlink|link|cache|l2|models?|"
    r"weights|files?|"
    r"at least|more than|over|less than|up to|about|around|roughly|nearly|not|never|each other|versions?)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such value, of the device that has another one, or of the last where all have it."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        if passage.kind not in RUNNING or len({each.named for each in here}) < 2:
            continue
        for sentence in sentences(passage.text):
            if (
                not _ELSE.search(sentence.text)
                and is_asserted(sentence.text)
                and is_indicative(sentence.text)
            ):
                yield from _of_sentence(passage, sentence, here, context)
                yield from _types(passage, sentence, here, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    for told in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        match = _BOTH.search(passage.text[sentence.start : told.start])
        if match is None or told.high != told.value:
            continue
        several = _meant(passage, sentence.start + match.start(), here, context)
        count = _COUNTS.get((match["n"] or match["many"]).lower(), len(several))
        key = _key(passage, sentence, told, match["verb"])
        if key and 1 < len(several) == count:
            yield from _judged(passage, told, key, several, context)


#: "Both are fitted with HBM3", of the two that were named right before.
_TYPES = re.compile(
    r"(?:^|[,;:]\s+|\band\s+|\bbut\s+)\W*(?P<many>both|all)(?:\s+(?P<n>two|three|four))?(?:\s+of\s+(?:them|"
    r"these))?"
    r"(?:\s+(?:cards?|gpus?|boards?|models?))?\s+(?:(?:are|were) (?:fitted|equipped|built) with|use|have|"
    r"come with|carry|"
    r"rely on)\s+(?:(?:the same|fast|\d+ ?GB (?:of )?)\s*)*(?P<type>HBM\d?e?|GDDR\d?X?)\b",
    re.IGNORECASE,
)


def _types(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """A type of memory that all are said to have, and one has not."""
    for match in _TYPES.finditer(passage.text, sentence.start, sentence.end):
        several = _meant(passage, match.start(), here, context)
        count = _COUNTS.get((match["n"] or match["many"]).lower(), len(several))
        for mention in several if 1 < len(several) == count else ():
            gpus = [context.catalogue[one] for one in mention.ids]
            told = match["type"].upper()
            if certain_of_all(gpus, "memory_type") and not any(
                str(gpu.value("memory_type")).upper().startswith(told) for gpu in gpus
            ):
                yield of_field(
                    passage, match.span("type"), "capability", "memory_type", gpus, "contradicted", context
                )
                return


def _key(passage: Passage, sentence: Sentence, told: Quantity, verb: str) -> str:
    """The attribute that a value is of."""
    behind = [each.attribute.key for each in named(passage.text[told.end : min(sentence.end, told.end + 30)])]
    key = _BY_DIMENSION.get(told.dimension, "")
    if told.dimension in RATES:
        # "The same tensor performance of 989 TFLOPS in BF16" is of the format.
        rates = {each.attribute.key for each in named(passage.text[told.end : sentence.end])}
        rates = rates or {each.attribute.key for each in named(sentence.text)}
        return rates.pop() if len(rates) == 1 else ""
    if told.dimension == "power" and not _DRAWS.search(verb):
        return ""
    return key if key and (not behind or behind[0] == key) else ""


def _meant(passage: Passage, at: int, here: Sequence[Mention], context: Context) -> list[Mention]:
    """The devices named right before: of the sentence itself, else of the one before it, else of all."""
    whole = [each for each in sentences(passage.text) if each.start <= at]
    for part in ([whole[-1]], whole[-2:-1], whole):
        found = (each for one in part for each in within(here, one.start, min(one.end, at)))
        named_ = {each.ids: each for each in found if not _OWNS_IT.match(passage.text, each.end)}
        if len(named_) > 1:
            return list(named_.values())
    return []


#: Behind a name, another card that is called by it: "its predecessor's Super version, the 4070 Ti Super".
_OWNS_IT = re.compile(
    r"[\u2019']s?\s+(?:\W?[\w-]+\W?\s+){0,2}(?:version|variant|edition|sibling|brother|successor|predecessor)\b",
    re.IGNORECASE,
)


def _judged(
    passage: Passage, told: Quantity, key: str, several: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    attribute = attributes()[key]
    found = []
    for mention in several:
        gpus = [context.catalogue[one] for one in mention.ids]
        verdict = verdict_on(passage.text, told, attribute, gpus, said=frozenset(), context=context)
        found.append(finding_on(passage, told, attribute, gpus, found=verdict, context=context))
    wrong = [each for each in found if each.accuses]
    if wrong or all(each.verdict == "confirmed" for each in found):
        yield (wrong or found)[0]
