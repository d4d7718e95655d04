"""Several GPUs that do more than so many times what the document told of one: "a node of eight does 60,000 tokens/s".

No more than eight times the greatest rate that is told of one, of the same kind of work, where the sentence names no
other job. "The pair reached 3,790 images/s against 1,720 for the single card" tells both itself.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import works
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.quantities import SPELLED, quantities, read_number
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_NUMBER = "|".join(SPELLED)
#: How many, of what was spoken of: "two of them", "the pair", "both cards", "the dual-4090 box".
_MANY = re.compile(
    rf"\b(?:(?P<n>{_NUMBER}|\d{{1,2}})\s+(?:of (?:them|these|those)|gpus|cards)|(?P<pair>the pair|"
    rf"a pair of|both cards|"
    r"dual[- ](?=\S*\d)|two such))",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:tok(?:en)?s?|images?|imgs?|pictures?|samples?|sequences?|frames?|requests?)\s?(?:/|per |"
    r"a )\s?(?:s|sec|second|min|"
    r"minute|h|hour)\b",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"\b(?:reach\w*|process\w*|serv\w+|manag\w+|deliver\w*|train\w*|generat\w+|gets?|got|gave|gives?|do|does|did|achiev\w+|"
    r"produc\w+|makes?|made|hit|hits|run|ran|runs|handl\w+|at)\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:batch\w*|concurren\w*|streams?|in flight|in parallel|prompts?|prefill|fp8|int8|4-bit|"
    r"quanti[sz]\w*|smaller|another|"
    r"different|other|would|could|might|up to|claim\w*|if|not|larger|bigger|tensor parallel\w*|"
    r"aggregate|users?|newer|"
    r"optimi[sz]\w+|tuned|compile\w*|vllm|tensorrt\w*|nodes|theor\w+|peak)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_SLACK, _MOST, _SAME, _BACK, _LEAST = 1.03, 1.7, 0.01, 260, 2


def find(context: Context) -> Iterator[Finding]:
    """Every rate of several that exceeds so many times all that is told of one."""
    told = store(context)
    for index, passage in context.document.running():
        every = [
            each for each in quantities(passage.text, context.fraction)
            if each.high == each.value > 0 and _RATE.search(passage.text, each.start, each.end + _UNIT)
        ]  # fmt: skip
        for sentence in sentences(passage.text) if every else ():
            here = within(every, sentence.start, sentence.end)
            many = _many(index, passage, sentence, context)
            if not here or many < _LEAST or _ELSE.search(sentence.text) or not _DOES.search(sentence.text):
                continue
            ones = _ones(index, passage, sentence, every, context)
            if not ones:
                continue
            top = max(here, key=lambda each: each.value)
            best = max(ones)
            if not _SLACK < top.value / (many * best) < _MOST:
                continue
            if any(
                abs(one.value / top.value - 1) < _SAME
                for each in told
                for one in each.amounts
                if each.group != SPOKEN
            ):
                continue
            because = f"{many:g} times {best:g} are {many * best:,g}: nothing scales better than that"
            yield made(
                context, passage, (top.start, top.end), "benchmark", "contradicted", attribute="scaling",
                because=because, expected=f"at most {many * best:,g}", evidence=(Evidence(because),),
            )  # fmt: skip


_UNIT = 24


def _many(index: int, passage: Passage, sentence: Sentence, context: Context) -> float:
    """How many a sentence speaks of; 0 where it speaks of several numbers."""
    found = {
        2.0 if match["pair"] else float(read_number(match["n"]))
        for match in _MANY.finditer(passage.text, sentence.start, sentence.end)
    }
    found |= {
        many
        for name in within(context.mentions.get(index, ()), sentence.start, sentence.end)
        if (many := counted(passage.text, sentence.start, name.start)) >= _LEAST
    }
    return found.pop() if len(found) == 1 else 0.0


def _ones(
    index: int, passage: Passage, sentence: Sentence, every: Sequence[Quantity], context: Context
) -> list[float]:
    """The rates told of one, of the same work: in the sentence, right before it, and in tables of its device."""  # noqa: E501
    top = max(within(every, sentence.start, sentence.end), key=lambda each: each.value)
    work = works(passage.text[top.start : top.end + _UNIT])
    near = within(every, max(0, sentence.start - _BACK), sentence.end)
    found = [
        each.value for each in near
        if each is not top and works(passage.text[each.start : each.end + _UNIT]) == work
    ]  # fmt: skip
    spoken = within(context.mentions.get(index, ()), max(0, sentence.start - _BACK), sentence.end)
    ids = {one for each in spoken for one in each.ids}
    rows = [
        (each, one)
        for each in store(context)
        if each.measure == "speed"
        and not each.derived
        and works(f"{each.label} {each.amounts[0].words}") & work
        for one in each.amounts
        if one.number == 1 and one.ids & ids
    ]
    if len({each.label for each, _ in rows}) == 1 and len({each.ids for each in spoken}) == 1:
        found += [one.value for _, one in rows]
    return found
