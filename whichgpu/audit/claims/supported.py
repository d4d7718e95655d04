"""Which release of a framework is said to run on a device or a generation: "CUDA 13 dropped Volta"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.fields import ITS_OWN
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import within
from whichgpu.errors import UsageError
from whichgpu.software import model
from whichgpu.software.compat import compat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: A framework with its release.
_SOFTWARE = (
    r"(?P<{0}>(?:the )?(?:CUDA(?: toolkit)?|PyTorch|TensorFlow|TensorRT|cuDNN|vLLM|ROCm)\s"
    r"(?:version |release )?v?"
    r"\d{{1,3}}(?:\.\d{{1,2}})?(?!\.?\d))"
)
_ENDS = (
    r"(?:dropped|drops|removed|removes|ended|ends|has dropped|has removed|no longer has|stopped|"
    r"abandons?|abandoned)"
)
#: What a release does to what is named behind it.
_DOES = re.compile(
    _SOFTWARE.format("what") + rf",?\s+(?:(?P<not>{_ENDS}(?:\s+(?:all\s+)?support (?:for|of))?|"
    r"no longer (?:supports|runs on|works (?:on|with))|"
    r"(?:does not|doesn[\u2019']t|won[\u2019']t|will not|cannot|can[\u2019']t) "
    r"(?:support|run on|work (?:on|with))|lacks support for)|"
    r"(?:still |also |even |fully )?(?:supports|runs (?:fine )?on|works (?:fine )?(?:on|with)|"
    r"can run on|keeps supporting|keeps support for))\s+"
    r"(?:the\s+|an?\s+|nvidia\s+|cards? of the\s+|older\s+)*$",
    re.IGNORECASE,
)
#: What is done by, or in, a release to what is named before it.
_DONE = re.compile(
    r"s?(?:\s+(?:gpus?|cards?|generation|architecture))?,?\s+"
    r"(?:(?P<not>(?:(?:is|are|was|were) (?:no longer|not)|"
    r"isn[\u2019']t|aren[\u2019']t)(?: officially)? supported (?:by|in|with|since|under)|"
    r"(?:is|are|was|were|has been|have been) (?:dropped|removed|cut) (?:from|by|in|with)|"
    r"(?:lost|loses?) (?:its |their )?support (?:in|with)|"
    r"(?:no longer|does not|doesn[\u2019']t|cannot|can[\u2019']t|won[\u2019']t) (?:runs?|works?|"
    r"support) (?:with |under |on )?)|"
    r"(?:is|are) (?:still |also |officially |fully )*supported (?:by|in|with|under)|"
    r"(?:still |also )?(?:runs?|works?) (?:fine )?(?:with|under))\s*(?:recent\s+|today[\u2019']s\s+)?"
    + _SOFTWARE.format("what")
    + r"(?=\s*(?:[.,;:)]|$|\b(?:and|but|which|so)\b))",
    re.IGNORECASE,
)
_ANY = re.compile(_SOFTWARE.format("what"), re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:if|whether|unless|should|could|might|may|would|some|deprecat\w+|with (?:a )?patch\w*|"
    r"from source|build\w*|nightly|until|before|myth|rumou?r\w*|windows|wsl|mac\w*|conda)\b|\?",
    re.IGNORECASE,
)
_FAR, _BEHIND = 120, 160


def find(context: Context) -> Iterator[Finding]:
    """Every release that is said to run, or not to run, on a device or a generation, with its verdict."""
    for passage, sentence, who in told(context, _ANY):
        if _HEDGED.search(sentence.text):
            continue
        for (start, end), gpus in _subjects(passage, sentence, who, context):
            yield from _of_subject(passage, sentence, (start, end), gpus, context)


def _subjects(
    passage: Passage, sentence: Sentence, who: Spoken, context: Context
) -> Iterator[tuple[tuple[int, int], Sequence[Gpu]]]:
    """What a sentence speaks of with its place: devices, generations, and "it" at its beginning."""
    for mention in within(who.here, sentence.start, sentence.end):
        yield (mention.start, mention.end), [context.catalogue[key] for key in mention.ids]
    for match in architectures().finditer(passage.text, sentence.start, sentence.end):
        if not any(each.start <= match.start() < each.end for each in who.here):
            kind = [gpu for gpu in context.catalogue.values() if is_of(gpu, match[0])]
            yield match.span(), kind
    its = ITS_OWN.match(passage.text, sentence.start, sentence.end)
    if its and not who.here and who.certain and who.topic:
        lead = len(sentence.text) - len(sentence.text.lstrip())
        yield (sentence.start + lead, its.end()), [context.catalogue[key] for key in who.topic[0].ids]


def _of_subject(
    passage: Passage, sentence: Sentence, place: tuple[int, int], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    text, (start, end) = passage.text, place
    does = _DOES.search(text, max(sentence.start, start - _FAR), start)
    done = _DONE.match(text, end, min(sentence.end, end + _BEHIND))
    match = does or done
    if match is None or not gpus:
        return
    release = re.sub(r"^the |\b(?:version|release) ", "", match["what"], flags=re.IGNORECASE)
    answers = {_answer(gpu, release) for gpu in _targets(gpus)}
    said = match["not"] is None
    wrong = answers == {model.UNSUPPORTED if said else model.SUPPORTED}
    right = answers == {model.SUPPORTED if said else model.UNSUPPORTED}
    verdict = "contradicted" if wrong else "confirmed" if right else ""
    if not verdict:
        return
    told_of = text[start:end] if architectures().fullmatch(text, start, end) else gpus[0].id
    because = f"{release} {'runs' if model.SUPPORTED in answers else 'does not run'} on {told_of}"
    where = (match.start("what"), end) if does else (start, match.end())
    yield made(
        context, passage, where, "capability", verdict, subject=gpus[0].id, attribute="software",
        because=because,
        expected=("no" if said else "yes") if wrong else "", evidence=(Evidence(because, "software"),),
    )  # fmt: skip


def _targets(gpus: Sequence[Gpu]) -> list[Gpu]:
    """One device of each compute capability."""
    return list({str(gpu.value("compute_capability")): gpu for gpu in gpus}.values())


@lru_cache(maxsize=512)
def _answer(gpu: Gpu, release: str) -> str:
    """What the software data say of a release on a device under Linux; unknown where they do not know it."""
    try:
        found = compat([gpu], [release], system="linux")
    except UsageError:
        return model.UNKNOWN
    return found.gpus[0].verdicts[0].answer if found.gpus[0].verdicts else model.UNKNOWN
