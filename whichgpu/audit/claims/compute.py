"""Work of training, 6 FLOPs per parameter and token: "training a 7B model on 1T tokens takes 4.2e22 FLOPs".

Hours in which no GPU of the kind can do that work at its highest peak are too few; adapters spare the
gradients of the weights, a third of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.dimensions import LENGTHS, dims
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import models
from whichgpu.audit.runs import peak, plural
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_TRAINS = re.compile(r"\b(?:pre-?train\w*|train(?:s|ed|ing)?|fine-?tun\w*|epochs?)\b", re.IGNORECASE)
#: Work of a part of the parameters, or of another pass.
_OTHER = re.compile(
    r"\b(?:moe|experts?|mixtral|active|inference|forward|distill\w*|saves?|less|fewer)\b", re.I
)
_WORK, _TOKENS = dims(flop=1), dims(token=1)
#: FLOPs per parameter and token: forward and backward, and without the gradients of the weights.
_FULL, _LEAST = 6.0, 4.0
_RATES = ("fp8", "fp16", "bf16", "tf32", "fp32")
_NEAR, _WRONG, _FEW = 0.1, 0.3, 0.9
#: Letters behind hours within which it is said of how many GPUs they are.
_NEXT = 12


class _Run(NamedTuple):
    """What was told last of a run: its tokens, the parameters of its model, the one device and how many."""

    tokens: float = 0.0
    parameters: float = 0.0
    device: Mention | None = None
    #: 0 where a sentence speaks of several and not of how many.
    number: float = 1.0


def find(context: Context) -> Iterator[Finding]:
    """Every amount of work and every number of hours of a run, with its verdict."""
    for index, passage in context.document.running():
        if not _TRAINS.search(passage.text):
            continue
        named = context.mentions.get(index, ())
        names = tuple((each.start, each.end) for each in named)
        every = terms(passage.text, context.fraction, names, ranges=True)
        run = _Run()
        for sentence in sentences(passage.text):
            here = within(every, sentence.start, sentence.end)
            run = _told(run, passage.text, sentence, here)
            devices = within(named, sentence.start, sentence.end)
            if devices:
                run = run._replace(device=devices[0], number=_number(passage.text, sentence, devices[0]))
            if len({each.named for each in devices}) > 1:
                run = _Run()
            if run.tokens and run.parameters and not _OTHER.search(sentence.text):
                yield from _of_sentence(passage, sentence, here, run, context)


def _told(run: _Run, text: str, sentence: Sentence, here: Sequence[Term]) -> _Run:
    """A run with the tokens and the model of a sentence, each where there is only one."""
    tokens = {each.value for each in here if each.dims == _TOKENS and not each.each and not each.most}
    sizes = {
        each.parameters
        for each in within(models(text), sentence.start, sentence.end)
        if not any(one.start <= each.start < one.end for one in here)
    }
    if len(tokens) > 1 or len(sizes) > 1:
        return _Run()
    return run._replace(tokens=next(iter(tokens), run.tokens), parameters=next(iter(sizes), run.parameters))


def _of_sentence(
    passage: Passage, sentence: Sentence, here: Sequence[Term], run: _Run, context: Context
) -> Iterator[Finding]:
    work, words = run.parameters * run.tokens, f"{run.parameters:.3g} parameters x {run.tokens:.3g} tokens"
    for told in here:
        if told.dims == _WORK and not told.most and _TRAINS.search(sentence.text):
            off = abs(told.value / (_FULL * work) - 1)
            verdict = "confirmed" if off <= _NEAR else "contradicted" if off > _WRONG else "unverifiable"
            yield _finding(passage, told, verdict, f"6 x {words} are {_FULL * work:.3g} FLOPs", context)
        elif told.of in LENGTHS and sum(map(abs, told.dims)) == 1 and run.device is not None:
            number = 0.0 if run.number == 1 and _of_several(told, here) else run.number
            rates = [peak(context.catalogue[each], _RATES) for each in run.device.ids]
            least = _LEAST * work / (max(rates) * number) / 3600.0 if all(rates) and number else 0.0
            if told.high * LENGTHS[told.of][1] < _FEW * least:
                many = f"{number:g} x " if number > 1 else ""
                peak_of = (
                    f"the highest peak of {many}{run.device.ids[0]}, {max(rates) * number / 1e12:,.4g} TFLOPS"
                )
                because = f"4 x {words} take {least:,.3g} hours at {peak_of}"
                yield _finding(passage, told, "contradicted", because, context)


def _of_several(told: Term, here: Sequence[Term]) -> bool:
    """Whether hours are those of several GPUs at once: "on 8 GPUs", "50 hours on eight"."""
    return any(each.counted or (each.plain and 0 <= each.start - told.end < _NEXT) for each in here)


def _number(text: str, sentence: Sentence, device: Mention) -> float:
    """How many of a device a sentence speaks of; 0 where it is several, and not said how many."""
    number = counted(text, sentence.start, device.start)
    return 0.0 if number == 1 and plural(text, device) else number


def _finding(passage: Passage, told: Term, verdict: str, because: str, context: Context) -> Finding:
    place = told.start, told.start + len(told.words)
    return made(context, passage, place, "benchmark", verdict, attribute="work", because=because,
                evidence=(Evidence(because),))  # fmt: skip
