"""Values of one name that no single device of it has: "our A100s have 40 GB and read them at 2,039 GB/s".

Each is right of some form of the name, and so confirmed by itself. In one sentence that names it once, they
are of one form.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What differs between the forms of a name; the memory tells which form is meant.
_DIFFERS = ("bandwidth", "power", "cores", "tensor_cores", "memory_bus")
#: Words that speak of several forms.
SEVERAL = re.compile(
    r"\b(?:or|up to|between|from|respectively|versions?|variants?|models?|editions?|both|depending|either|"
    r"later|"
    r"originally|also|against|than|instead|not|two sizes|limit\w*|capp?ed|measured|nodes?|servers?|total|"
    r"together)\b|\d ?/ ?\d|\d\s?GB\s(?:and|&|et|und|y|e)\s\d|\(",
    re.IGNORECASE,
)
_RATES = ("fp64", "fp32", "fp16", "bf16", "tf32", "fp8", "int8")
_NEAR = 0.05
#: Memory on file is in binary gigabytes, and told in those it is sold by.
_LEAST, _MOST = 0.9, 1.03
#: What a whole of several dies has.
_WHOLE = re.compile(
    r"\b(?:total|in all|all in all|altogether|together|combined|in sum|all told)\b", re.IGNORECASE
)


def jointly(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings of which those are accused that no device has together with the memory told beside them."""
    done = {id(each): again for each, again in _jointly(found, context)}
    return [done.get(id(each), each) for each in found]


def _jointly(found: Sequence[Finding], context: Context) -> Iterator[tuple[Finding, Finding]]:
    told = [
        each
        for each in found
        if each.kind == "specification" and each.verdict == "confirmed" and each.subject
        and each.attribute in (*_DIFFERS, *_RATES, "memory", "transistors")
    ]  # fmt: skip
    told.sort(key=lambda each: each.start)
    starts = [each.start for each in told]
    for _, passage in context.document.running() if told else ():
        low, high = passage.span(0, len(passage.text))
        here = told[bisect_left(starts, low) : bisect_left(starts, high)]
        for sentence in sentences(passage.text) if here else ():
            start, end = passage.span(sentence.start, sentence.end)
            inside = [each for each in here if start <= each.start < end]
            yield from _of_sentence(passage, sentence, inside, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, found: Sequence[Finding], context: Context
) -> Iterator[tuple[Finding, Finding]]:
    named = {
        each.named
        for each in within(context.mentions.get(context.place(passage), ()), sentence.start, sentence.end)
    }
    for each in found:
        yield from _of_form(passage, sentence, each, context)
    if len(named) > 1:
        return
    for each in found:
        if each.attribute == "transistors" and _WHOLE.search(sentence.text):
            yield from _of_all_dies(each, context)
    memory = [each for each in found if each.attribute == "memory"]
    if len(memory) != 1 or SEVERAL.search(sentence.text) or not is_asserted(sentence.text):
        return
    every = memory[0].subject.split(", ")
    if len({model(key, context.catalogue) for key in every if key in context.catalogue}) != 1:
        return
    meant = having(memory[0], context)
    for each in found:
        if (
            each.subject == memory[0].subject
            and each.attribute in _DIFFERS
            and meant
            and ((own := having(each, context)) and not own & meant)
        ):
            field = attributes()[each.attribute].fields[0]
            shown = dict.fromkeys(
                f"{key} has {context.catalogue[key].display(field)}" for key in sorted(meant)
            )
            because = f"with {memory[0].stated}, {'; '.join([*shown][:3])}"
            yield each, each._replace(verdict="contradicted", because=because, evidence=(Evidence(because),))


#: The form that a value is told to be of, right behind it.
_FORM = re.compile(
    r"\s*\(?(?:with|for|in|as|on|of) (?:the |an? |its )?(?P<form>SXM\d?|PCIe|NVL)(?: (?:module|version|"
    r"card|form|variant|board|model))?\b",
    re.IGNORECASE,
)


def _of_form(
    passage: Passage, sentence: Sentence, found: Finding, context: Context
) -> Iterator[tuple[Finding, Finding]]:
    """A value that is another form's than that which stands behind it: "112 TFLOPS with the SXM2 module"."""
    if found.attribute not in attributes() or not _FORM.search(sentence.text):
        return
    start = next(
        (at for at in range(sentence.start, sentence.end) if passage.span(at, at + 1)[0] == found.start), None
    )
    match = _FORM.match(passage.text, start + len(found.stated), sentence.end) if start is not None else None
    if match is None:
        return
    form = match["form"].lower()[:3]
    every = [key for key in found.subject.split(", ") if key in context.catalogue]
    of_form = {key for key in every if form in key}
    if (
        of_form
        and len(of_form) < len(every)
        and having(found, context)
        and not having(found, context) & of_form
    ):
        field = attributes()[found.attribute].fields[0]
        shown = [f"{key} has {context.catalogue[key].display(field)}" for key in sorted(of_form)]
        because = "; ".join(shown[:3])
        yield found, found._replace(verdict="contradicted", because=because, evidence=(Evidence(because),))


def _of_all_dies(found: Finding, context: Context) -> Iterator[tuple[Finding, Finding]]:
    """What is told as the total of all dies, and is that of one of them."""
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    value = next((one.value for one in quantities(found.stated, context.fraction)), 0.0)
    if gpus and value and all(float(gpu.value("transistors") or 0) > value * 1.5 for gpu in gpus):
        because = f"{gpus[0].id} has {gpus[0].display('transistors')} in all its dies"
        yield found, found._replace(verdict="contradicted", because=because, evidence=(Evidence(because),))


def having(found: Finding, context: Context) -> set[str]:
    """The devices of a finding's subject that have what is told."""
    value = next((one.value for one in quantities(found.stated, context.fraction)), None)
    if value is None:
        return set()
    return {
        key
        for key in found.subject.split(", ")
        if key in context.catalogue
        and any(
            _LEAST < value / amount < _MOST
            if found.attribute == "memory"
            else abs(value / amount - 1) < _NEAR
            for amount in attributes()[found.attribute].amounts(context.catalogue[key])
        )
    }
