"""Claims in words that `data/frames.toml` knows the meanings of: laws, capabilities, fits, all and none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.frames.advice import of_advice
from whichgpu.audit.frames.alone import alone
from whichgpu.audit.frames.having import having
from whichgpu.audit.frames.laws import of_laws
from whichgpu.audit.frames.matching import parts, whole
from whichgpu.audit.frames.quantified import of_all
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: What is asked, supposed, or told to be denied, also by the sentence after it.
_NOT_SAID = re.compile(
    r"\?|\b(?:(?<!even )if(?! (?:you|your|one)\b)|unless|whether|suppos\w+|imagin\w+|hypothetic\w*|"
    r"myths?|misconceptions?|wrong(?:ly)?|false(?:ly)?|"
    r"untrue|mistak\w+|nonsense|rumou?r\w*|(?:people|some|many|often|sometimes|commonly|sellers?|"
    r"forums?|marketing) "
    r"(?:say|said|claim|claimed|think|believe|assume|believed|assumed|told)\w*|would|could|might|may|"
    r"confus\w+|assum\w+|"
    r"contrary|"
    r"would|pretend\w*|as though|(?:balanc|weigh)\w*\b[^.;]{0,80}\bagainst)\b|[\u201c\u201d\"]",
    re.IGNORECASE,
)
_IS_NOT_SO = re.compile(
    r"\s*(?:But |Alas,? |Sadly,? |No[,:] |Of course )?(?:[Tt]hat|[Tt]his|[Ii]t|[Tt]hey|"
    r"[Nn]either)(?:\s+is|[\u2019']s|\s+does|"
    r"\s+do|\s+are)(?: simply| just)?\s*"
    r"(?:n[\u2019']t|not\b|wrong|false|nonsense|a myth|true\b)|\s*(?:Wrong|False|Nonsense|No|Nope|"
    r"Not so|Myth)[.,!:]"
)


#: Figures behind a colon, which go on with nothing: "as long as it fits in 24 GB: 960 against 640 GB/s".
_FIGURES = re.compile(r":\s+[~$]?\d[\d.,]*\s")


def find(context: Context) -> Iterator[Finding]:
    """Every claim of a frame, with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if _NOT_SAID.search(sentence.text) or _IS_NOT_SO.match(passage.text, sentence.end):
                continue
            yield from of_all(passage, sentence, context)
            yield from alone(index, passage, sentence, context)
            named = context.mentions.get(index, ())
            said = tuple(parts(passage.text, sentence, named))
            if len(said) > 1 and not _FIGURES.search(passage.text, said[0].start, sentence.end):
                # What stands behind a colon goes on with what was before it.
                said += (whole(passage.text, sentence, named),)
            if said:
                yield from of_laws(passage, said, named, context)
                yield from of_advice(passage, said, named, context)
                yield from having(passage, said, named, context)
