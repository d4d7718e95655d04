"""Devices that are recommended for an amount of memory: "if you need more than 48 GB, take the RTX 5090"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.recommended import recommended
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import RUNNING
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: "If you need more than 48 GB", "For models beyond 24 GB", "Need 32 GB?", "You need 48 GB for that."
_WANTED = re.compile(
    r"(?:\b(?:if|when|where|once|should)\s+(?:you|we|they|one|your (?:model|work|job)s?)\s+(?:really\s+|"
    r"do\s+)?"
    r"(?:need|want|require|exceed)s?"
    r"|\b(?:those|anyone|anybody|everyone|everybody|whoever|people|teams|users)\s+(?:who\s+)?(?:really\s+)?"
    r"(?:need|want|require)(?:s|ing)?"
    r"|\b(?P<for>for)\s+(?:models?|anything|workloads?|jobs?|everything|projects|whatever)"
    r"(?:\s+(?:that needs?|needing|requiring|that requires?|of))?"
    r"|^\W*(?P<asks>(?:do you\s+)?need)"
    r"|\b(?P<you>you (?:will )?need))"
    r"\s+(?:(?P<more>more than|over|beyond|in excess of|above|larger than|bigger than)\s+|"
    r"(?:at least|a full|all|the full|the whole|no less than|fully)\s+)?"
    r"(?P<n>\d{2,3})[ -]?GB\b(?:\s+(?:of\s+)?(?:vram|memory|gpu memory|video memory))?"
    r"(?:\s+(?:on one (?:device|card|gpu)|for (?:that|this|it)))?(?P<tail>\s*[?.:])?",
    re.IGNORECASE,
)
#: How a sentence behind it names what to take: "So an RTX A5000, say."
_SO = re.compile(
    r"\W*(?:so|that means|which means|in other words|get|take|buy|rent|go for|choose|pick|"
    r"hence)\b[^.;:,]{0,30}$",
    re.I,
)
#: What makes the device none that has the amount by itself.
_ELSE = re.compile(
    r"\b(?:not|no|never|avoid|skip|unless|without|neither|nor|isn|won|instead|than the|two|three|four|six|"
    r"eight|"
    r"pairs?|dual|several|multiple|cluster|nodes?|together|nvlink|offload\w*|system|host|ram|unified|disk|"
    r"quanti\w+|even|too (?:small|little)|longer|rules? out|beyond (?:it|what))\b|n[\u2019']t\b|\d\s?x\s|"
    r"\u00d7",
    re.IGNORECASE,
)
#: A device that is said to do, behind its name.
_DOES = re.compile(
    r"\s+(?:delivers|provides it|has it|will do|does|suffices|is (?:enough|sufficient|the (?:card|gpu|one|"
    r"way|answer|"
    r"choice|cheapest|only)|what you|your)|are (?:enough|the (?:cards|way)))\b",
    re.IGNORECASE,
)
_WHO_ELSE = re.compile(
    r"(?:^|;\s)\W*(?:who(?:ever)?|those (?:who|that)|anyone|if|when|others|everyone)\b", re.IGNORECASE
)
_SOLD, _BIT = 1.0738e9, 1.01


def find(context: Context) -> Iterator[Finding]:
    """Every device that is recommended for more memory than it has, and those that have it."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING or not context.mentions.get(index):
            continue
        whole = sentences(passage.text)
        for at, sentence in enumerate(whole):
            wanted = _WANTED.search(passage.text, sentence.start, sentence.end)
            if wanted is None or not _is_plain(wanted):
                continue
            for other in whole[at : at + 2]:
                here = spoken(index, passage, other, context).here
                yield from _of_sentence(passage, other, here, wanted, context)
                if here:
                    break


def _is_plain(wanted: re.Match[str]) -> bool:
    """Whether an amount is wanted for certain: a question asks for it, or a sentence ends with it."""
    tail = (wanted["tail"] or "").strip()
    return not (
        (wanted["for"] and not wanted["more"])
        or (wanted["asks"] and tail != "?")
        or (wanted["you"] and not tail)
    )


def _of_sentence(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], wanted: re.Match[str], context: Context
) -> Iterator[Finding]:
    text, start = passage.text, max(sentence.start, wanted.end())
    behind = [each for each in here if each.start >= wanted.end()]
    if len(behind) != 1 or _ELSE.search(text, start, sentence.end):
        return
    one = behind[0]
    if _WHO_ELSE.search(text[start : one.start]):
        # "Whoever needs 100 GB takes A; whoever wants speed, B": of another need.
        return
    beside = start > wanted.end() or wanted["tail"]
    taken = (
        recommended(text, start, behind)
        or _DOES.match(text, one.end)
        or (beside and _SO.match(text[start : one.start]))
    )
    if not taken or counted(text, start, one.start) > 1 or text[one.end : one.end + 1] == "s":
        return
    gpus = [context.catalogue[key] for key in one.ids]
    sizes = [float(gpu.value("memory") or 0.0) for gpu in gpus]
    told = float(wanted["n"]) * 1e9
    if wanted["more"]:
        told = float(wanted["n"]) * _SOLD * _BIT
    if not all(sizes) or not all(
        excludes(gpu, "memory", told / size) for gpu, size in zip(gpus, sizes, strict=True)
    ):
        return
    right = [gpu for gpu, size in zip(gpus, sizes, strict=True) if size >= told]
    verdict = "confirmed" if right else "contradicted"
    found = of_field(passage, (one.start, one.end), "rule", "memory", right or gpus, verdict, context)
    yield found._replace(stated=wanted[0].strip(" .?:"))
