"""Capabilities that a sentence speaks of as used on its one device: "two of them are linked through NVLink".

`capability` reads what is said to be had, or lacked; here it is enough that nothing in the sentence denies
it, asks for it, or sets the device against another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import named_in
from whichgpu.audit.claims.capability import judged
from whichgpu.audit.fields import headed
from whichgpu.audit.roles import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: What is used, or makes something possible; others are too often had in software.
_USED = ("fp8", "fp4", "bf16", "nvlink", "mig", "av1_encode")
_USES = re.compile(
    r"\b(?:can|lets?|allows?|via|through|over|thanks to|with|using|in|brings?|speaks?|encodes?|for|up to)\b",
    re.I,
)
#: What denies it, asks for it, says it of something else, or has it without the hardware.
_UNLESS = re.compile(
    r"\b(?:no|not|none|nothing|nobody|never|nor|neither|cannot|"
    r"without|lack\w*|miss\w*|instead|replac\w*|drop\w*|"
    r"remov\w*|only|"
    r"need\w*|requir\w*|if|when|where|whether|should|would|could|may|might|avoid|look\w*|want\w*|"
    r"who|those|than|"
    r"unlike|but|while|whereas|compar\w*|against|versus|vs|older|newer|next|previous|predecessor|successor|"
    r"other(?! hand)|others|software|emulat\w*|quanti\w*|weights?|formats?|models?|checkpoints?|"
    r"cache|marlin|storage|"
    r"convert\w*|cast\w*|fall\w*|rather|even|yet|until|since|introduc\w*|first|except|virtual|host|server|"
    r"between|cpu|bandwidth|GB/s)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_NAMES = re.compile(r"\b(?:fp8|fp4|bf16|bfloat16|nvlink|mig|multi-instance|av1)\b", re.IGNORECASE)
#: Letters of a sentence that is still plain.
_PLAIN = 160


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is used in a plain sentence, with its verdict."""
    for passage, sentence, who in told(context, _NAMES):
        text = sentence.text
        found = [each for each in named_in(passage.text, sentence.start, sentence.end) if each.key in _USED]
        its = who.topic if not who.here and headed(passage, who, context) else ()
        meant = [*(who.own if len(who.own) == len(who.here) else ()), *its]
        one = meant and len({each.named for each in meant}) == 1 == len(found)
        if not one or len(text) > _PLAIN or _UNLESS.search(text) or not _USES.search(text):
            continue
        gpus = [context.catalogue[key] for key in meant[0].ids]
        match = re.compile(found[0].names, re.IGNORECASE).search(passage.text, sentence.start, sentence.end)
        if match is not None:
            yield from judged(passage, match.span(), found[0], gpus, told=True, context=context)
