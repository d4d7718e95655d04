"""A capability that the sentence before is about, said of a further device: "FP8 is new here. The A10 has it as well".

Also by what a question asks for ("Which cards have it?"), where the section names one capability only.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES, capability_of
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_IT = r"(?:it|them|that|this|these)"
_TOO = r"(?:as well|too|also|likewise|either way)"
#: Behind a device that begins a clause: what it says of what was spoken of before.
_HAS = re.compile(
    rf"(?:s|[\u2019']s)?\s(?:(?:supports?|can (?:do|use|run|handle)|handles?|offers?) {_IT}(?:,? {_TOO})?"
    rf"|(?:has|have) {_IT} {_TOO}|can,? {_TOO}|(?:does|do) {_IT}? ?{_TOO}"
    r"|has (?:a|the) (?:connector|bridge|slot|link|units?) for it)(?=\s*[.,;!)]|$)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"(?:^|[.;:!?)]\s|,\s(?:and|but)\s)\s*(?:A:\s*)?(?:(?:And|But|So|Yes),?\s)?(?:the\s|an?\s|nvidia\s|nvidia[\u2019']s\s)*$",
    re.IGNORECASE,
)
_NAMES = re.compile("|".join(each.names for each in CAPABILITIES), re.IGNORECASE)
#: What makes of a capability before something else: other things that "it" may be, other means, no claim.
_ELSE = re.compile(
    r"\b(?:weights?|caches?|checkpoints?|emulat\w+|software|stor(?:e|ed|age)|quanti[sz]\w+|llama\.cpp|gguf|marlin|"
    r"driver\w*|memory|vram|gigabytes|bus|price\w*|noise|heat|fan\w*|cooler|slots?|adapter\w*|codec\w*|games?|"
    r"vgpu|time[- ]slic\w*|mps|except|if|unless|rumou?r\w*|claims?|says|people|unlike|lacks?|lost|dropped|"
    r"no|not|never|neither|nor|without|gone|missing)\b|n[\u2019']t\b|\d\s?GB\b",
    re.IGNORECASE,
)
#: "The Tensor Cores can also compute in it": of what was named before that.
_IN_IT = re.compile(
    r"\b(?:compute|run|work|calculate|train|multiply) (?:\w+ )?(?:in|with) it\b", re.IGNORECASE
)
_BACK = 2


def find(context: Context) -> Iterator[Finding]:
    """Every such statement of a device that has it not, or has it."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        every = sentences(passage.text) if named else ()
        for at, sentence in enumerate(every):
            for mention in named:
                if sentence.start <= mention.start < sentence.end:
                    yield from _of_mention(passage, (every, at), mention, context)


def _of_mention(
    passage: Passage, place: tuple[Sequence[Sentence], int], mention: Mention, context: Context
) -> Iterator[Finding]:
    every, at = place
    text, sentence = passage.text, every[at]
    has = _HAS.match(text, mention.end, sentence.end)
    begins = _BEGINS.search(text[max(0, sentence.start - 2) : mention.start])
    if has is None or begins is None or "?" in sentence.text:
        return
    what = _spoken_of(text, every, at, mention.start)
    if what is None:
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    for found in judged(passage, (mention.start, has.end()), what, gpus, told=True, context=context):
        # What is said right is told by others with more of it.
        if found.accuses:
            yield found


def _spoken_of(text: str, every: Sequence[Sentence], at: int, end: int) -> Capability | None:
    """The one capability that stands before a clause: in its sentence, else in the one or two before it."""
    for first in range(at, max(at - _BACK, 0) - 1, -1):
        start = every[first].start
        stop = end if first == at else every[first].end
        words = text[start:stop]
        if _ELSE.search(words):
            return None
        named = list(_NAMES.finditer(text, start, stop))
        if _IN_IT.search(words) and first:
            # Its own sentence names no format; a question or a sentence before does.
            return _asked(text[: every[first].start])
        if named:
            return _only(named)
    return None


def _only(named: Sequence[re.Match[str]]) -> Capability | None:
    """The one capability of some, besides what computes in it; None of several."""
    every = {each.key: each for each in map(capability_of, named)}
    of_them = {key: each for key, each in every.items() if key != "tensor_cores"} or every
    return next(iter(of_them.values())) if len(of_them) == 1 else None


_QUESTION = re.compile(r"^[^.!?]{3,60}\?")


def _asked(text: str) -> Capability | None:
    """The one capability that a question at the beginning asks for, where nothing else is named since."""
    return _only(list(_NAMES.finditer(text))) if _QUESTION.match(text) else None
