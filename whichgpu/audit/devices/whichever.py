"""What a sentence says of devices that it does not name: "All three are Ampere cards".

Which of the document's devices it means need not be known where it is so of none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import Mention, model

if TYPE_CHECKING:
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence

_NUMBER = r"(?:two|three|four|five|six)"
_CORES = r"(?:[Tt]ensor [Cc]ores|AI accelerators|[Mm]atrix [Cc]ores)"
#: What a sentence begins with that goes on about all of them.
_ALL = re.compile(
    rf"\s*(?:Both|All (?:of (?:them|these)|{_NUMBER})|They|These|Those|"
    r"(?:The|Their|These|Those) (?:(?-i:[a-z\d][\w-]*) ){0,3}?"
    rf"(?:cards|GPUs|boards|accelerators|{_NUMBER}|{_CORES}))\b"
    r"(?!\s+(?:before|older|previous|that|which|with (?!Transformer)|without|from|"
    r"of (?!both|all|these|them|the (?:two|three|four))))"
)
#: That others than the document's are spoken of right before.
_OTHERS = re.compile(
    r"\b(?:series|generations?|famil(?:y|ies)|predecessors?|successors?|older|newer|previous|earlier|CPUs?|"
    r"processors?|Macs?|TPUs?|instances?|laptops?|others?)\b",
    re.IGNORECASE,
)
_FEW, _MOST = 2, 8


def whichever(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Mention | None:
    """Every device of the document, as what a sentence without a name may mean; None where others may be."""
    if who.here or (who.topic and who.certain) or not _ALL.match(sentence.text):
        return None
    if _OTHERS.search(passage.text, 0, sentence.end):
        return None
    ids = tuple(sorted(context.spoken_of))
    models = {model(key, context.catalogue) for key in ids}
    at = sentence.start
    return Mention(at, at, "", ids, ids) if _FEW <= len(models) <= _MOST else None
