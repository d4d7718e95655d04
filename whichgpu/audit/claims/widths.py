"""What weights take in one format as a share of another's: "in INT8 they take half as much as in BF16".

A number takes the bytes of its format, so that the share is that of the widths. Four bits have scales beside
them and may take a good part more. What is faster or slower by as much is left to others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: Bytes of a number by the format that is named.
_BYTES = (
    (4.0, r"FP32|single precision|32[- ]bits?|full precision"),
    (2.0, r"FP16|BF16|bfloat16|half precision|16[- ]bits?|sixteen[- ]bits?"),
    (1.0, r"FP8|INT8|8[- ]bits?|eight[- ]bits?"),
    (0.5, r"FP4|NVFP4|INT4|NF4|4[- ]bits?|four[- ]bits?"),
)
_FORMAT = "|".join(words for _, words in _BYTES)
_WIDTH = tuple((size, re.compile(words, re.IGNORECASE)) for size, words in _BYTES)
_SHARES = {
    "an eighth": 1 / 8, "a quarter": 1 / 4, "one quarter": 1 / 4, "a fourth": 1 / 4, "a third": 1 / 3,
    "half": 1 / 2, "one half": 1 / 2, "as much": 1.0, "the same": 1.0, "just as much": 1.0, "twice": 2.0,
    "double": 2.0, "two times": 2.0, "three times": 3.0, "four times": 4.0, "eight times": 8.0,
}  # fmt: skip
_SHARE = "|".join(sorted(_SHARES, key=len, reverse=True))
#: What does it by its own word, and what it makes of the size.
_VERBS = {"halv": 1 / 2, "quarter": 1 / 4, "doubl": 2.0, "quadrupl": 4.0}
_VERB = r"halv(?:es|ing)|quarters|quartering|doubl(?:es|ing)|quadrupl(?:es|ing)"
_SIZE = (
    r"(?:size|memory(?: use| need| footprint)?|space|room|footprint|vram|weights?|model|file|bytes|"
    r"storage)"
)
_THINGS = (
    r"(?:weights?|models?|parameters?|numbers?|checkpoints?|files?|it|they|that|this|everything|"
    r"caches?)"
)
_TAKES = (
    r"(?:take|need|occupy|use|want|fill|are|weigh|require|takes|needs|occupies|uses|wants|fills|is|"
    r"weighs|requires)"
)
_VERSUS = r"(?:compared (?:with|to)|over|against|versus|vs\.?|relative to|of|from)"
#: Each has two formats, and the share that the first takes of the second; `turned` where the second does.
_FORMS = tuple((re.compile(each, re.IGNORECASE), turned) for each, turned in (
    (rf"\bin (?P<a>{_FORMAT}),? (?:the |all |its )?(?:\w+ )?{_THINGS}(?: then| only| just| still)? {_TAKES} "
     rf"(?:up )?(?:only |just |about )?(?P<share>{_SHARE})(?: as much)?(?: (?:memory|room|space|vram|of "
     rf"it))? "
     rf"(?:as|of what they (?:take|need|do|would)|of what it (?:takes|needs|does|would))(?: they do| it "
     rf"does)? "
     rf"in (?P<b>{_FORMAT})\b", False),
    (rf"\b(?P<a>{_FORMAT})(?: {_THINGS})? {_TAKES} (?:up )?(?:only |just |about )?(?P<share>{_SHARE})"
     rf"(?: of)?(?: (?:as much|the))?(?: {_SIZE})? (?:as|of|that of)(?: the)? (?P<b>{_FORMAT})\b", False),
    (rf"\bfrom (?P<a>{_FORMAT}) (?:down |up )?to (?P<b>{_FORMAT})[\w ,]{{0,24}}? (?:cuts|shrinks|reduces|"
     rf"brings|lowers|"
     rf"takes|drops)(?: down)? (?:the |all |its )?(?:\w+ )?(?:{_SIZE}|{_THINGS})(?: down)? to (?:only |"
     rf"just |about )?"
     rf"(?P<share>{_SHARE})\b", True),
    (rf"\bfrom (?P<a>{_FORMAT}) (?:down |up )?to (?P<b>{_FORMAT})[\w ,]{{0,24}}? (?P<verb>{_VERB}) "
     rf"(?:the |all |its )?"
     rf"(?:\w+ )?(?:{_SIZE}|{_THINGS})\b", True),
    (rf"\b(?P<a>{_FORMAT}) (?P<verb>{_VERB}) (?:the |all )?{_SIZE} {_VERSUS} (?P<b>{_FORMAT})\b", False),
))  # fmt: skip
#: What is no matter of size.
_SPEED = re.compile(
    r"\b(?:fast\w*|slow\w*|speed\w*|rate|throughput|[TP]FLOPS|tokens?|performance|compute|latency|cores?|"
    r"adamw?|optimi[sz]er|gradients?|train\w*|mixed|bandwidth|accumulat\w+|sparse|overhead)\b|\?",
    re.IGNORECASE,
)
#: How far off a share may be, and where four bits are one of the two.
_NEAR, _SCALES = 1.12, 1.35


def find(context: Context) -> Iterator[Finding]:
    """Every share of one format's size in another's, with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            for form, turned in _FORMS:
                match = form.search(passage.text, sentence.start, sentence.end)
                if match is not None and _is_plain(sentence):
                    yield _judged(passage, match, turned=turned, context=context)
                    break


def _is_plain(sentence: Sentence) -> bool:
    text = sentence.text
    return not _SPEED.search(text) and is_asserted(text) and is_indicative(text)


def _judged(passage: Passage, match: re.Match[str], *, turned: bool, context: Context) -> Finding:
    one, other = _bytes(match["a"]), _bytes(match["b"])
    real = other / one if turned else one / other
    verb = match.groupdict().get("verb")
    told = _SHARES[match["share"].lower()] if not verb else _by_verb(verb)
    near = _SCALES if min(one, other) < 1 else _NEAR
    right = 1 / near <= told / real <= near
    because = f"a number takes {one:g} B in {match['a']} and {other:g} B in {match['b']}: {real:g} times"
    place = match.span("verb" if verb else "share")
    return made(
        context, passage, place, "ratio", "confirmed" if right else "contradicted",
        attribute="bytes per number", because=because, expected="" if right else f"{real:g} times",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _bytes(words: str) -> float:
    return next(size for size, pattern in _WIDTH if pattern.fullmatch(words))


def _by_verb(verb: str) -> float:
    return next(share for stem, share in _VERBS.items() if verb.lower().startswith(stem))
