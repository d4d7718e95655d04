"""What one device alone is said to have, of all there are: "HBM is found exclusively on the H100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import OWNED, segment_of
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.frames.quantified import MARKETS, property_said
from whichgpu.audit.mentions import model
from whichgpu.audit.sentences import within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.mentions import Mention
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_NOUN = r"(?:gpus?|(?:graphics )?cards?|accelerators?|graphics processors?|chips?|boards?|products?|devices?|models?)"
#: What excludes all others, whatever a text speaks of.
_ANYWHERE = re.compile(
    rf"\b(?:nowhere else|nothing else|(?:on |by |in )?no other (?:[\w-]+ ){{0,2}}{_NOUN}|none but|nobody but|"
    rf"the (?:one|sole|single) (?:[\w-]+ ){{0,2}}{_NOUN}(?: on the market| anywhere| in the world)?\s+"
    r"(?:with|that|to|which|equipped|offering|having))\b",
    re.IGNORECASE,
)
#: What excludes others of those that a text speaks of, or all where it speaks of no other.
_ALONE = re.compile(
    r"\b(?:exclusive(?:ly)?|unique (?:to|among)|solely|alone)\b|"
    r"(?<!not )\bonly (?:on |with |in )?(?:the |an? |nvidia[\u2019']s |nvidia )*(?=(?-i:[A-Z]))",
    re.IGNORECASE,
)
#: What narrows that to some, to a time, or to what no catalogue holds.
_AMONG = re.compile(
    r"\b(?:(?:not|no longer|hardly|nor) (?:the )?(?:exclusive|unique|only|alone|sole|one|single)|among (?:the|these|those)|of (?:the|these|those|all|them|our)|here|"
    r"in (?:this|our|the)|until|before|back|then|at the time|currently|so far|was|were|two|three|four|ours?|my|we|table|list|"
    r"in (?:its|their) (?:class|range|segment|price)|price|under|affordable|cheap\w*|comparison|compared?|single[- ]slot|"
    r"low[- ]profile|passive\w*|(?:more|less|better|faster|cheaper|higher|larger) than|let alone|almost|nearly|never|cannot|combin\w+|both|together|at (?:this|that)|laptops?|"
    r"software|licen[cs]e\w*|driver|exclusive access|leave alone|alone (?:takes?|costs?|needs?|is enough|uses?|draws?|makes?))\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_KEYS = frozenset({"mig", "nvlink", "fp8", "fp4", "bf16", "tf32", "ecc", "tensor_cores", "sparsity", "transformer_engine",
                   "ray_tracing", "av1_encode", "memory_type", "dpx", "memory"})  # fmt: skip


def alone(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A claim that no other device has something, which another has."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    if not here or len({each.named for each in here}) != 1 or OWNED.search(sentence.text):
        return
    said = _ANYWHERE.search(passage.text, sentence.start, sentence.end)
    if said is None and len({each.named for found in context.mentions.values() for each in found}) == 1:
        said = _ALONE.search(passage.text, sentence.start, sentence.end)
    if said is None or _AMONG.search(sentence.text):
        return
    what = property_said(passage.text, sentence.start, sentence.end, context)
    if what is None or what.key not in _KEYS or (what.key == "memory" and not _ANYWHERE.fullmatch(said[0])):
        return
    rival = _rival(sentence.text, here[0], what.has, context)
    if rival is None:
        return
    places = [here[0].start, here[-1].end, *said.span()]
    if rival.value(what.field) is not None and what.field != "compute_capability":
        because = f"{rival.id} has it too: {rival.display(what.field)}"
    else:
        because = f"{rival.id} has it too"
    yield made(context, passage, (min(places), max(places)), "absolute", "contradicted", subject=here[0].ids[0],
               attribute=what.key, because=because, evidence=(source_of(rival, what.field),))  # fmt: skip


def _rival(words: str, own: Mention, has, context: Context) -> Gpu | None:
    """Another device within what the words narrow the claim to, of another chip, that is so as well."""
    segment, family = segment_of(words), architectures().search(words)
    chips = {context.catalogue[key].value("chip") for key in own.named}
    models = {model(key, context.catalogue) for key in own.named}
    vendors = {context.catalogue[key].vendor for key in own.named}
    found = [
        gpu
        for gpu in context.catalogue.values()
        if gpu.confidence != "low"
        and gpu.segment in MARKETS
        and gpu.segment == (segment or gpu.segment)
        and gpu.vendor in vendors
        and (family is None or is_of(gpu, family[0]))
        and gpu.value("chip") not in chips
        and model(gpu.id, context.catalogue) not in models
        and has(gpu) is True
    ]
    return min(found, key=lambda gpu: str(gpu.value("release_date") or "9"), default=None)
