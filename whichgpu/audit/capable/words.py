"""How a clause says that a device has a capability, or lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.capabilities import CAPABILITIES, Capability, named_in

if TYPE_CHECKING:
    from collections.abc import Iterator


#: What may stand between a verb and the capability.
_FILL = (
    r"(?:native |its |their |full |hardware |built-in |any |on-die |the |an? |le |la |les |das |den |die "
    r"|support for |new |two |one |dual |proper |"
    r"real |more |official |hardware-accelerated ){0,3}"
)

_HAS = (
    r"(?:support(?:s|ed|ing)?|(?:thanks to|via|through|using|over) its|ha(?:s|d|ve)|features?|offers?|"
    r"includes?|comes? with|equipped with|provides?|with|"
    r"introduces?|introduced|gains?|got|gets?|regains?|regained|works? with|can use|offer|"
    r"(?:two|pairs?|four|eight) (?:of (?:them|these) |cards |gpus )?(?:over|via|through)|"
    r"(?:talks?|communicates?|scales?|synchroni[sz]es?|exchanges? (?:\w+ ){1,2}|shares? (?:\w+ ){1,3}|"
    r"pools? (?:\w+ ){1,3}|parallelism runs) ?(?:over|via|through|across|using)|"
    r"(?:connected|linked|joined|paired|bridged|coupled|interconnected)(?: together)? (?:via|over|with|"
    r"through|by|using)|"
    r"(?:is|was) the first (?:\w+ )?(?:with|to (?:support|offer|have|feature|include|"
    r"incorporate|introduce|use))|knows?|knew|adds?|added|"
    r"brings?|brought|enables?|runs?|carr(?:y|ies)|sports?|boasts?|packs?|retains?|keeps?|kept|exposes?|"
    r"and(?=\s+[\w-]+\s+(?:as well|too)\b)|"
    r"executes?|executed|(?:is|was|are|were) (?:also )?the first to (?:execute|run|support|handle|do)|"
    r"(?:accepts?|takes?|process(?:es)?|speaks?|digests?|crunch(?:es)?)"
    r"(?=\s+(?:both\s+)?(?:fp16|int8|int4|bf16|bfloat16|tf32|fp8|fp4)\b)|handles?|understands?|"
    r"(?:can )?(?:en|de)codes?(?= av1\b)|"
    r"trains? in|trained in|"
    r"(?:from|by|on|off) (?:its|their)(?=\s+[\w-]+ tensor cores)|"
    r"(?:takes?|accepts?)(?=\s+(?:an?\s+)?nvlink)|masters?|mastered|computes? in|"
    r"can (?:do|handle|run|use)|does(?: have| support| offer)?|do|(?:is|are|was|were) (?:capable of|able "
    r"to (?:use|run|do))|"
    r"(?:accelerat(?:es?|ed)|uses?|used|computes? in)(?=\s+[\w-]+(?:\s\w+)?\s+(?:natively|in hardware))|"
    r"unterst\u00fctzt|unterst\u00fctzen|"
    r"prend en charge|"
    r"prennent en charge|admite|soporta)\s+"
) + _FILL

_LACKS = (
    r"(?:lacks?|lacked|lacking|without|(?:does|did|do)(?: not|n[\u2019']t) (?:support|have|include|offer|"
    r"do|handle|get|come with)|"
    r"ha(?:s|d|ve) no|never (?:had|got|supported)|(?:gave|gives) up|ditch(?:es|ed)|(?:dispenses?|does "
    r"away|did away) with|do(?:es)? without|"
    r"no longer supports?|missing|with no|(?:can[\u2019']t|cannot|could not|couldn[\u2019']t) do|"
    r"(?:cannot|can[\u2019']t) (?:use|run|support|handle|be (?:linked|connected|joined|bridged|paired|"
    r"split|sliced|partitioned) "
    r"(?:over|via|through|by|with|using|into))|drop(?:s|ped)?|omits?|omitted|"
    r"(?:but|and|,|aber|jedoch|doch|mais|pero)\s+(?:has\s+|there[\u2019']s\s+)?(?:no(?=\s)|kein(?:e|en)?|"
    r"pas de|sin)|(?:but|yet|though|aber|mais|pero) (?:not|nicht|pas|no)(?=\s)|"
    r"unterst\u00fctzt kein(?:e|en)?|hat kein(?:e|en)?|"
    r"ne prend pas en charge|no (?:admite|soporta|tiene))\s+"
) + _FILL

#: Other capabilities that are named before one, of which the same is said.
NAMES = "|".join(each.names for each in CAPABILITIES)

_LIST = rf"(?:(?:fp16|fp32|fp64|int8|int4|{NAMES})(?:,? and |,? or | und | et | y | e |, )){{0,6}}"

CLAIMS = tuple(
    (
        each,
        told,
        re.compile(
            rf"(?:\b|(?=,)){words}(?P<list>{_LIST})(?P<what>{each.names})\b(?!\s*(?:performance|weights?|"
            rf"checkpoints?|"
            rf"throughput|limit\w*|overhead|penalt\w+|"
            r"issues?|problems?|constraints?|requirements?|\d|\?|nicht\b|no\b|yes\b|like\b|(?:through|via|"
            r"with) (?:hip|"
            r"zluda|scale)\b))",
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
    for told, words in ((False, _LACKS), (True, _HAS))
)

ANY = re.compile(NAMES, re.IGNORECASE)

#: Behind "without", where it opens a sentence: a subject that is not the device which was spoken of.
OF_OTHERS = re.compile(
    r"[^.;,]{0,40},\s+(?!(?:it|they|(?:the|this|that) (?:card|gpu|board|chip|part))\b)", re.IGNORECASE
)
#: Behind a name, that something is done by means of it: "without NVLink-accelerated sharding".
BY_MEANS = re.compile(r"-(?:[a-z]+ed|based|style|aware|capable|only)\b", re.IGNORECASE)
#: Before a capability, that another one is given to it: "FP8 support to the Tensor Cores".
GIVEN_TO = re.compile(r"\b(?:to|into|for)\s+(?:its|their|the)\s+(?:\w+\s+)?$", re.IGNORECASE)
HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other(?! hand)|newer|older|previous|next|future|"
    r"software|emulat\w+|"
    r"need\w*|"
    r"require\w*|should|would|than|only)\b",
    re.IGNORECASE,
)


def said_in(text: str, start: int, end: int) -> Iterator[tuple[Capability, bool, re.Pattern[str]]]:
    """Those of `CLAIMS` whose capability a stretch of a text names."""
    here = named_in(text, start, end)
    return (claim for claim in CLAIMS if claim[0] in here)


def capability_at(text: str, at: int) -> tuple[Capability, int] | None:
    """The capability that is named at a place of a text, and the length of its name."""
    for each in CAPABILITIES:
        match = re.compile(rf"(?:{each.names})\b", re.IGNORECASE).match(text, at)
        if match:
            return each, match.end() - at
    return None
