"""Tokens of one request a second beyond what the file that is read for each of them allows.

"About 19 GB. A single 3090 does 78 tokens/s with it": each token reads the whole file, so the bandwidth of
the device over the size is the most, whatever model the file is of. Of several sizes the smallest is taken,
of several devices the fastest, and of so many devices all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.offers import usual

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: The size of what is read for each token: "a 19 GB file", "the FP8 model (71 GB)", "A 4-bit file of 40 GB".
_FILE = r"(?:file|model|weights?|download|checkpoint|gguf|quant\w*|quantisation|version|build)"
_GB = r"(?P<{0}>\d{{1,4}}(?:\.\d{{1,2}})?)\s?G(?:i?B|igabytes?)"
_SIZES = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"(?:about |roughly |some |~)?{_GB.format('n')}[\s-]+(?:[\w.-]+\s){{0,2}}?{_FILE}s?\b",
        rf"\b{_FILE}\s+(?:[\w.-]+\s+){{0,2}}?(?:of|is|at|with|weighs|takes?|has|"
        rf"comes to)\s+(?:\w+\s+)?{_GB.format('n')}",
        rf"\b{_FILE}\s*\(\s*(?:about |roughly |some |~)?{_GB.format('n')}\s*\)",
        rf"\bQ\d(?:_\w+)?\s*\(\s*(?:about |roughly |some |~)?{_GB.format('n')}\s*\)",
        rf"{_GB.format('n')},?\s+(?:to )?read\b",
    )
)
_NUMBER = rf"(?P<n>\d{{1,4}}(?:\.\d)?|{'|'.join(sorted(SPELLED, key=len, reverse=True))})"
_RATE = re.compile(
    rf"(?<![\d.,$-]){_NUMBER}\s*(?:tokens?|toks?|t)(?:\s?(?:per|/|a|each|every)\s?s(?:ec(?:ond)?)?\b|"
    rf" in (?:that|a|one) second)",
    re.IGNORECASE,
)
#: A number by itself behind what is reached, in a passage that speaks of tokens.
_GETS = re.compile(
    r"\b(?:gets?|got|does|did|manages?|managed|hits?|reports?|reported|reach(?:es|ed)|achieves?|achieved|saw|"
    r"(?:runs?|ran)(?: it| that| this)? at|can go through)\s+"
    rf"(?:about |around |roughly |over |nearly |almost |some )?{_NUMBER}(?=\s*(?:$|[.,;:)]|on\b|in\b|"
    rf"with\b|from\b|after\b|there\b|out\b|times\b|here\b))",
    re.IGNORECASE,
)
_TOKENS = re.compile(r"\btok(?:en)?s?\b|\bt/s\b", re.IGNORECASE)
#: That one answers one at a time.
_ALONE = re.compile(
    r"\b(?:batch(?:[ -]?size)?(?: of)?[ =-]?(?:1|one)\b(?!\d)|(?:single|one|a|lone)[- ](?:user|stream|"
    r"request|"
    r"conversation|chat|visitor|customer|session|prompt)|single[- ](?:user|stream|chat)|per (?:user|"
    r"stream)|at a time|unbatched|"
    r"llama\.cpp|ollama|lm studio|koboldcpp|exllama\w*|laptop|upper limit|at (?:the )?(?:most|best)|"
    r"reads? (?:all|the whole|every)|"
    r"cannot be read|can be read|read more than)\b",
    re.IGNORECASE,
)
#: What reads a file for several tokens at once, only a part of it, or says what is not so.
_OTHER = re.compile(
    r"\b(?<!without )(?<!no )(?:speculat\w+|draft\w*|mtp|medusa|eagle|lookahead)\b|\b(?:moe|mixture|"
    r"experts?|active|batch(?:es|ed|ing)\b|"
    r"batch(?:[ -]?size)?(?: of)?[ =-]?(?!1\b)\d|concurren\w+|users|requests|streams|sessions|clients|"
    r"load|prefill\w*|prompts?|first token|"
    r"myth|impossible|offload\w*|per hour|a day|training|fine[- ]?tun\w+|theoretical\w*)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:never|not|no|cannot|hardly)\b|n[\u2019']t\b", re.IGNORECASE)
_PARTS = re.compile(r"[,;:]\s|\s[\u2013\u2014]\s|\band\s")
_PLAIN = re.compile(r"(?<![\d.,])(\d{1,4}(?:\.\d{1,2})?)\s?G(?:i?B\b(?!/s|\s?per)|igabytes\b)", re.IGNORECASE)
_THAT_FILE = re.compile(
    r"\b(?:this|that|the|same) (?:[\w.-]+ ){0,2}?(?:file|model|quant|one)\b", re.IGNORECASE
)
_COUNT = re.compile(
    r"\b(?P<n>\d{1,2}|two|three|four|six|eight|both|pair|dual)\b(?=\s*[x\u00d7]?\s*(?:of\s+)?(?:(?:the|my|"
    r"our|used|old)\s+)*"
    r"(?:cards|gpus|RTX|[A-Z]{1,2}\d{2,4}|[1-9]0[5-9]0|modules|devices|boards))",
    re.IGNORECASE,
)
_MANY = {"two": 2, "both": 2, "pair": 2, "dual": 2, "three": 3, "four": 4, "six": 6, "eight": 8}
#: How far beyond the bound a rate has to be, and from where on it is of something else.
_SLACK, _FAR, _BACK = 1.08, 6.0, 2


def ceilings(context: Context) -> Iterator[Finding]:
    """Every rate of one request that no device spoken of reaches."""
    if not any("tok" in each.text or "t/s" in each.text for each in context.document.passages):
        return
    for index, passage in context.document.running():
        if not _TOKENS.search(_around(index, passage, context)):
            continue
        for sentence in sentences(passage.text):
            if not _OTHER.search(sentence.text) and is_indicative(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _around(index: int, passage: Passage, context: Context) -> str:
    """A passage with those before it in its section."""
    before = [
        each.text
        for each in context.document.passages[max(0, index - _BACK) : index]
        if each.section == passage.section and each.kind != "cell"
    ]
    return "\n".join([*before, passage.text])


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    rates = [*_RATE.finditer(text, sentence.start, sentence.end)]
    rates = rates or [*_GETS.finditer(text, sentence.start, sentence.end)]
    if not rates or _OTHER.search(" ".join(passage.section[-1:])):
        return
    above = _around(index, passage, context)
    before = above[: len(above) - len(text) + sentence.end]
    size = _size(index, sentence, before, context)
    gpus = _devices(index, passage, sentence, context)
    if not size or not gpus or not _ALONE.search(before):
        return
    count = max((_value(each["n"].lower()) for each in _COUNT.finditer(before)), default=1.0)
    fastest = max(gpus, key=lambda gpu: float(gpu.value("bandwidth") or 0.0))
    bound = float(fastest.value("bandwidth") or 0.0) * count / (size * 1e9)
    for each in rates:
        rate = _value(each["n"].lower())
        if bound * _SLACK < rate < bound * _FAR and not _NOT.search(_clause(text, each, sentence)):
            because = (
                f"each token reads {size:g} GB: {fastest.display('bandwidth')} of {fastest.id}"
                f"{f' times {count:g}' if count > 1 else ''} allow {bound:.3g} tokens/s"
            )
            yield made(
                context, passage, each.span("n"), "benchmark", "contradicted", attribute="tokens per second",
                subject=fastest.id, because=because, expected=f"{bound:.2g}", evidence=(Evidence(because),),
            )  # fmt: skip


def _clause(text: str, rate: re.Match[str], sentence: Sentence) -> str:
    start = max(
        (each.end() for each in _PARTS.finditer(text, sentence.start, rate.start())), default=sentence.start
    )
    last = _PARTS.search(text, rate.end(), sentence.end)
    return text[start : last.start() if last else sentence.end]


def _value(words: str) -> float:
    return float(_MANY.get(words) or SPELLED.get(words) or 0.0) if words[0].isalpha() else float(words)


def _size(index: int, sentence: Sentence, before: str, context: Context) -> float:
    """The least that is told of what is read for a token; of a file that is named again, told anywhere."""
    own = [float(each["n"]) for one in _SIZES for each in one.finditer(sentence.text)]
    if own:
        return min([*own, *(float(each[1]) for each in _PLAIN.finditer(sentence.text))])
    files = [float(each["n"]) for one in _SIZES for each in one.finditer(before)]
    if not files and _THAT_FILE.search(sentence.text):
        earlier = "\n".join(each.text for each in context.document.passages[:index])
        files = [float(each["n"]) for one in _SIZES for each in one.finditer(earlier)]
    return min([*files, *(float(each[1]) for each in _PLAIN.finditer(before))]) if files else 0.0


def _devices(index: int, passage: Passage, sentence: Sentence, context: Context) -> Sequence[Gpu]:
    """The devices of a sentence, else those of the last sentence or passage before it that names any."""
    here = context.mentions.get(index, ())
    found = within(here, sentence.start, sentence.end)
    for each in reversed([] if found else sentences(passage.text)):
        if each.start < sentence.start and not found:
            found = within(here, each.start, each.end)
    at = index
    while not found and at > 0 and at > index - _BACK - 1:
        at -= 1
        found = list(context.mentions.get(at, ())) if context.document.passages[at].kind != "cell" else []
    keys = sorted({key for each in found for key in usual(each.ids)})
    return [context.catalogue[key] for key in keys if context.catalogue[key].value("bandwidth")]
