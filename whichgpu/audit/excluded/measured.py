"""What a clause says of one measured work by a ratio that no two of its results have.

"The A100 pushes three times as many images through ResNet-50 as its sibling": whoever that is, of the speeds
that the document told of ResNet-50 none is three times another.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.shown import is_explained
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import OF_SPEED, claims, is_near
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.text.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Series

#: Names of work: with a figure in them, or several capitals.
_WORK = re.compile(
    r"\b(?:ResNet|EfficientNet|DenseNet|MobileNet|GoogLeNet|AlexNet|Inception|VGG|ConvNeXt|ViT|YOLO|SSD|"
    r"Mask R-CNN|U-?Net|DeepLab|BERT|RoBERTa|T5|GPT|Llama|Mistral|Mixtral|Qwen|Gemma|Phi|Falcon|DeepSeek|"
    r"Transformer-XL|GNMT|NCF|DLRM|Whisper|Tacotron|WaveGlow|Stable Diffusion|SDXL|Flux)"
    r"(?:[ -]?v?\d[\w.]*|[ -](?:base|large|small|medium|tiny|XL))?",
    re.IGNORECASE,
)
#: That a ratio is of results of that work.
_DONE = re.compile(
    r"\b(?:as fast|as quick\w*|faster|quicker|slower|throughput|as many|gain of|speed-?up of|ahead|behind|"
    r"(?:more|fewer) (?:images?|tokens?|pictures?|frames?|sequences?|samples?|requests?))\b",
    re.IGNORECASE,
)
#: What is no statement of what the document measured, or is of something else.
_NO = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|expect\w*|claim\w*|says|said|advertis\w+|promis\w+|up to|"
    r"average\w*|typical\w*|usually|often|sometimes|not|never|no|nor|without|each|both|pair|cards|"
    r"gpus|per (?:dollar|euro|watt|joule|\$)|(?:two|three|four|eight)(?! times)|years?|bandwidth|memory|vram|"
    r"cores|price|cost\w*|dollars?|watts?|power|energy|efficien\w+|than in|fp\d+|tf32|bf16|int\d|[48][- ]bit|"
    r"precision|batch(?:es)?|compile\w*|spars\w+|we|i|elsewhere|total|overall|earlier|before|predecessor|"
    r"(?:other|another|second|last) (?:test|site|review)\w*|(?:last|previous|next|a|one) generation)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Of more results than these some two have nearly any ratio, and all of them would take long to compare.
_MOST = 40
_MARK = re.compile(r"[,;:(\u2013\u2014]\s|\s[\u2013\u2014-]\s")


def measured(context: Context) -> Iterator[Finding]:
    """The ratios of a document that are those of no two results of the work that their sentences name."""
    told = [each for each in store(context) if each.measure in ("speed", "time") and each.group != SPOKEN]
    for index, passage in context.document.running() if told else ():
        if not _WORK.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            for claim in claims(passage.text, sentence, context.fraction):
                yield from _of_claim(
                    index, passage, _clause(passage.text, sentence, claim), claim, told, context
                )


def _clause(text: str, sentence: Sentence, claim: Claim) -> Sentence:
    """The stretch of a sentence between the marks around a ratio."""
    start = max(
        (each.end() for each in _MARK.finditer(text, sentence.start, claim.start)), default=sentence.start
    )
    behind = _MARK.search(text, claim.end, sentence.end)
    end = behind.start() if behind else sentence.end
    return Sentence(start, end, text[start:end])


def _of_claim(  # noqa: PLR0917
    index: int, passage: Passage, clause: Sentence, claim: Claim, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    named = {match[0].lower() for match in _WORK.finditer(clause.text)}
    if len(named) != 1 or not _DONE.search(clause.text) or _NO.search(clause.text):
        return
    here = within(context.mentions.get(index, ()), clause.start, clause.end)
    (work,) = named
    meant = [each for each in told if work in f"{each.label} {' '.join(each.section[-1:])}".lower()]
    devices = {key for each in meant for amount in each.amounts for key in amount.ids}
    if not all(devices & {*each.ids} for each in here):
        return
    amounts = [amount for each in meant for amount in each.amounts if amount.value > 0]
    if len(amounts) > _MOST:
        return
    ratios = [a.value / b.value for a, b in permutations(amounts, 2)]
    if not ratios or any(is_near(way, ratio) for way in claim.ways for ratio in ratios):
        return
    if is_explained(index, passage, clause, claim, context):
        return
    nearest = min(ratios, key=lambda ratio: abs(ratio / claim.ways[0].times - 1))
    shown = ", ".join(f"{each.name} {each.words}" for each in amounts[:5] if each.words)
    because = f"no two results of it have that ratio, the nearest is {nearest:.3g} times: {shown}"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute=OF_SPEED,
        because=because, expected=f"{nearest:.2g} times", evidence=(Evidence(because),),
    )  # fmt: skip
