"""What is said beside one value of a sentence, and names of attributes that have no value there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.variants import without_another
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import ACCUMULATES
from whichgpu.audit.values.nearest import APART
from whichgpu.audit.values.withheld import NEAR

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Named


#: A bare number from here on is a figure of its own beside one with a unit.
_FIGURE = 100
#: Behind a value, what is said of it afterwards: "242 TFLOPS for FP16, but that is with sparsity".
_SPARSE_LATER = re.compile(
    r"(?:(?!FLOPS|TOPS)[^.;,()]){0,40},?\s(?:but|and|though|although|which|that)\s+"
    r"(?:that|which|this|it|the figure)?\s?(?:is|are|[\u2019']s|includes?|assumes?|counts?|relies on|needs)\b"
    r"[^.;,]{0,24}\bspars\w+",
    re.IGNORECASE,
)
#: Behind a value, its format and then how it is meant: "2,070 TFLOPS in FP4, sparse".
_IN_FORMAT = re.compile(
    r"\s*(?:(?:in|of|at|for)\s+)?(?:NV)?(?:FP|BF|TF|INT)\d{1,2}(?:\s+[a-z]+){0,2},\s+(?:dense|sparse|"
    r"(?:with|without|counting|including|excluding|thanks to|using)(?:\s+[\w:]+){0,2}\s+sparsity)"
    r"\b(?!\s*[\d:])",
    re.IGNORECASE,
)
#: Behind a value, what is said of the next: "with structured sparsity pushing the FP16 rate to 362 TFLOPS".
_OF_WHAT_FOLLOWS = re.compile(r"\bwith\s+(?:structured\s+|2:4\s+)?sparsity\s+[a-z]+ing\b.*", re.IGNORECASE)
#: A sentence behind: "Both numbers are with sparsity".
_SPARSE_NEXT = re.compile(
    r"\s*(?:Both|All|These|Those|The|That|This|It)(?:\s(?:of (?:them|these)|two|three|latter|last|\w+))?"
    r"(?:\s(?:numbers?|figures?|values?|rates?|peaks?|ones?))?\s"
    r"(?:is|are|includes?|assumes?|counts?|relies on|rely on|needs?|takes?)\b[^.;]{0,40}\bspars\w+",
    re.IGNORECASE,
)
#: What parts the words of one value from those of the next.
_APART_FROM = re.compile(r"\s(?:and|or|but|than|versus|vs\.?|-|\u2013|\u2014|\|)\s|[,;]\s", re.IGNORECASE)
#: Before a rate that only a share is told of: "1/64 of the FP32 rate".
_OF_RATE = re.compile(
    r"\b(?:1\s?[/:]\s?\d{1,2}|half|fraction|share)\s+(?:of\s+)?(?:(?:the|its|der|du|de la|del|della)\s+)?"
    r"(?:d\u00e9bit|taux|tasa|velocit\u00e0)?(?:\s?(?:en|in)\s+)?$",
    re.IGNORECASE,
)
_OF_THE_NEXT = re.compile(r"\([^()\d]*:\s*$")
_SO_MUCH = re.compile(
    r"[\s-]*(?:rate|speed|throughput)?\s*,?\s*"
    r"(?:so|or|that is|i\.e\.|which is|giving|=|also|d\. ?h\.|soit|es decir|cio\u00e8|ossia)\s",
    re.IGNORECASE,
)
#: What has no value: "300 GB/s each and without NVLink".
WITHOUT = re.compile(r"\b(?:without|(?<!has )(?<!have )no|sans|ohne|sin|senza)\s+(?:any\s+)?$", re.IGNORECASE)
_ACCUMULATES_IN = re.compile(r"\baccumulat\w+\s+(?:in|into|to|with|at)\s+$", re.IGNORECASE)


def is_feature(text: str, each: Named) -> bool:
    """Whether a link is named as one that a device has or lacks, beside a value: "no NVLink and 864 GB/s"."""
    lacks = _LACKS.search(text, max(0, each.start - NEAR), each.start)
    # "Has NVLink at 900 GB/s" is of so much.
    lacks = lacks and (_AND if lacks["has"] is None else _AND_ALSO).match(text, each.end)
    return bool(lacks or (_BESIDE_IT.search(text, max(0, each.start - NEAR), each.start)
                          and not _OF_SO_MUCH.match(text, each.end)))  # fmt: skip


_LACKS = re.compile(r"\b(?:no|lacks|nor|neither|(?P<has>has|have))\s+(?:an?\s+)?$", re.IGNORECASE)
_AND_ALSO = re.compile(r"\s+(?:and|but)\s", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|but|at|with)\s", re.IGNORECASE)
_BESIDE_IT = re.compile(r"\d\s?[GT]B/s\s+(?:and|plus|with)\s+$", re.IGNORECASE)
_OF_SO_MUCH = re.compile(r"[^.;,]{0,24}\d\s?[GT]B/s|\s+(?:of|at)\s", re.IGNORECASE)


def only_a_share(text: str, each: Named) -> bool:
    """Whether a rate is named for a share of it, and what follows is that share: "1/64 of FP32, so 0.56"."""
    share = _OF_RATE.search(text, max(0, each.start - NEAR), each.start) and _SO_MUCH.match(text, each.end)
    # "FP16 with FP32 accumulation" is a rate of FP16.
    times = _TIMES_THE.search(text, max(0, each.start - NEAR), each.start) and _ITS_RATE.match(text, each.end)
    times = times or _TIMES_THAT_OF.search(text, max(0, each.start - NEAR), each.start)
    times = times or _ACCUMULATES_IN.search(text, max(0, each.start - NEAR), each.start)
    return bool(share or times or ACCUMULATES.match(text, each.end))


#: "FP16 goes at twice the FP32 rate, 18.7 TFLOPS": of the former.
_TIMES_THE = re.compile(
    r"\b(?:twice|double|half|a quarter of|\w+ times)\s+(?:of\s+)?(?:the|its)\s+$", re.IGNORECASE
)
#: "With FP4 it doubles the throughput of FP8: 9 PFLOPS", too.
_TIMES_THAT_OF = re.compile(
    r"\b(?:doubl\w+|tripl\w+|quadrupl\w+|halv\w+|twice|half|\w+ times)\s+(?:the|its)\s+"
    r"(?:rate|speed|throughput|performance|peak)\s+of\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ITS_RATE = re.compile(r"\s+(?:rate|speed|throughput)\b", re.IGNORECASE)
_BRACKET = re.compile(r"\s?\([^()]{1,40}\)")
#: Between two values that stand side by side: "242 TFLOPS dense / 485 TFLOPS sparse".
_BESIDE = re.compile(r"\s/\s")


def own_words(text: str, sentence: Sentence, quantity: Quantity, context: Context) -> str:
    """What is said beside a value and beside no other: in its part of the sentence, between the others."""
    near = [
        each
        for each in quantities(sentence.text, context.fraction)
        if each.dimension == quantity.dimension or (each.dimension == "number" and each.value >= _FIGURE)
    ]
    at = [(sentence.start + each.start, sentence.start + each.end) for each in near]
    first = max([end for _, end in at if end <= quantity.start], default=sentence.start)
    last = min([start for start, _ in at if start >= quantity.end], default=sentence.end)
    before = _APART_FROM.split(text[max(first, quantity.start - APART) : quantity.start])[-1]
    # In brackets of its own: "1,979 TFLOPS dense (3,958 sparse)".
    before = _BESIDE.split(before.rpartition("(")[2])[-1]
    # A bracket right behind it is its own to the end: "2,070 TFLOPS (FP4, sparse)".
    own = _BRACKET.match(text, quantity.end, sentence.end)
    behind = own.end() if own else quantity.end
    after = (
        without_another(own[0] if own else "")
        + _APART_FROM.split(text[behind : max(behind, min(last, behind + APART))])[0]
    )
    after = _BESIDE.split(after)[0]
    # "366 TFLOPS TF32 (with sparsity: 733)": what is said in the brackets is of the next.
    after = _OF_WHAT_FOLLOWS.sub("", _OF_THE_NEXT.sub("", after))
    later = (
        _IN_FORMAT.match(text, quantity.end, sentence.end)
        or _SPARSE_LATER.match(text, quantity.end, sentence.end)
        or _SPARSE_NEXT.match(text, sentence.end)
    )
    if later:
        after += later[0]
    return f"{before} {text[quantity.start : quantity.end]} {after}"
