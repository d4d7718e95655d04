"""Two devices that are said to be level in something: "in bandwidth the two are about level".

Held against what is on file of both: wrong where any form of one is far from any form of the other. Two of
"identical specifications" are held against each other in all of them. "The M3 Pro has the same bandwidth" is
said against the one before it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import one_before, sentence_at, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_LEVEL = re.compile(
    r"\b(?:is|are|were|come out|comes out|stand|lie|sit)\s+(?:practically|about|roughly|nearly|almost|"
    r"virtually|"
    r"more or less|as good as|essentially|pretty much|basically|exactly|completely)?\s*"
    r"(?:level|even|on (?:a )?par|neck and neck|on the same level|tied|equals?|equally (?:fast|large|"
    r"strong)|identical)\b",
    re.IGNORECASE,
)
#: What they are said to be level in, and the fields of it.
_IN = {
    "bandwidth": r"bandwidth|memory speed",
    "fp16": r"mixed[- ]precision|fp16|half precision|tensor (?:core )?(?:throughput|performance|peak|rate)s?",
    "fp32": r"fp32|single precision",
    "fp64": r"fp64|double precision",
    "cores": r"(?:cuda |shader )?cores|core counts?",
    "power": r"power(?: draw| consumption)?|consumption|watts|tdp",
    "memory": r"(?:amount of |size of )?(?:memory|vram)(?! bandwidth)|capacity",
}
_WHAT = {field: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for field, words in _IN.items()}
_TWO = re.compile(r"\b(?:the two|both|these two|the pair|they|either)\b", re.IGNORECASE)
_UNSURE = re.compile(
    r"\?|\b(?:if|would|could|should|not|never|hardly|benchmark\w*|measured|tests?|in practice|"
    r"per (?:watt|dollar|"
    r"core|gb)|(?:two|three|four|five|six|eight|ten|\d+) of (?:them|these|those)|pairs? of|"
    r"laptop|mobile|games?|generat\w+|users?|capped|limited|tuned|undervolt\w*|price\w*)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r",\s(?:which|whose|although|though|while|despite|in spite of|even though|with|for all)\b"
    r"(?:[^,;.]|\.(?=\d))*",
    re.IGNORECASE,
)
#: So far apart two are not level.
_APART, _NOT_EQUAL, _PAIR = 1.25, 1.08, 2


#: Two that are said to be alike in everything, and the fields in which they then are.
_ALIKE = re.compile(
    r"\b(?:(?:identical|the (?:very |exact )?same) (?:technical )?spec(?:ification|s|ifications|sheet)\b|"
    r"spec(?:ification)?s (?:are|were) (?:exactly |completely )?(?:identical|the same)\b|"
    r"identical in (?:every|each) (?:way|respect|detail)\b)",
    re.IGNORECASE,
)
_EVERYTHING = ("memory", "bandwidth", "cores", "fp32", "fp16", "power")
_EXCEPT = re.compile(
    r"\b(?:except|apart from|besides|other than|but|although|though|save for|near(?:ly)?|almost|otherwise|"
    r"versions?)\b",
    re.IGNORECASE,
)


def _alike(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Two that are said to be alike in everything, and differ in something that is on file of both."""
    match = _ALIKE.search(passage.text, sentence.start, sentence.end)
    if not match or _EXCEPT.search(sentence.text) or _UNSURE.search(sentence.text):
        return
    pair = _pair(index, sentence, context)
    wrong = (each for field in _EVERYTHING if pair for each in _judged(passage, match, field, pair, context))
    yield from [each for each in wrong if each.accuses][:1]


#: Behind a device, that it has the same of something as the one before it.
_THE_SAME = re.compile(
    r"(?:also |still )?(?:has|had|offers?|gives? (?:you|us)|provides?|gets?|keeps?|kept|comes? with|uses?|"
    r"draws?|brings?|carries) (?:exactly |just |precisely )?the (?:very |exact )?same "
    r"(?:amount of |total |peak |theoretical |memory (?=bandwidth))*(?P<what>[a-z][\w -]{1,20}?)"
    r"(?=\s*(?:[.;)]|$|,(?! (?:as|but)\b)))",
    re.IGNORECASE,
)


def _the_same(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """A device that has the same of something as the only one that is spoken of right before it."""
    own = context.mentions.get(index, ())
    for mention in own:
        match = _THE_SAME.match(passage.text, mention.end + 1)
        fields = [field for field, words in _WHAT.items() if match and words.fullmatch(match["what"])]
        here = sentence_at(passage.text, mention.start) if len(fields) == 1 else None
        if match is None or here is None:
            continue
        before = one_before(passage.text, here.start)
        start = here.start if within(own, here.start, mention.start) or not before else before[0].start
        others = _distinct(within(own, start, mention.start))
        if len(others) == 1 and not _UNSURE.search(passage.text, start, match.end()):
            yield from _judged(passage, match, fields[0], (others[0], mention), context, near=_NOT_EQUAL)


def find(context: Context) -> Iterator[Finding]:
    """Every such sentence with its verdict."""
    for index, passage in context.document.running():
        if " same " in passage.text:
            yield from _the_same(index, passage, context)
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _ALIKE.search(passage.text) else ():
            yield from _alike(index, passage, sentence, context)
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _LEVEL.search(passage.text) else ():
            match = _LEVEL.search(passage.text, sentence.start, sentence.end)
            # "Level with the A100, which has 2.4 times its bandwidth": what is told aside is of one of them.
            said = _ASIDE.sub(" ", sentence.text)
            fields = [field for field, words in _WHAT.items() if words.search(said)]
            if match and len(fields) == 1 and not _UNSURE.search(sentence.text):
                pair = _pair(index, sentence, context)
                yield from _judged(passage, match, fields[0], pair, context) if pair else ()


def _pair(index: int, sentence: Sentence, context: Context) -> Sequence[Mention]:
    """The two devices that a sentence is about: those that it names, or the only two so far."""
    own = context.mentions.get(index, ())
    here = _distinct(within(own, sentence.start, sentence.end))
    if len(here) == _PAIR:
        return here
    if here or not _TWO.search(sentence.text):
        return ()
    before = _distinct(within(own, 0, sentence.start))
    every = _distinct([each for found in context.mentions.values() for each in found])
    return before if len(before) == _PAIR else every if len(every) == _PAIR and not before[_PAIR:] else ()


def _distinct(found: Sequence[Mention]) -> list[Mention]:
    return list({each.named: each for each in found}.values())


def _judged(
    passage: Passage, match: re.Match[str], field: str, pair: Sequence[Mention], context: Context,
    *, near: float = 0.0,
) -> Iterator[Finding]:  # fmt: skip
    catalogue = context.catalogue
    sides = [
        [(key, value) for key in each.named if isinstance(value := catalogue[key].value(field), int | float)]
        for each in pair
    ]
    if not all(sides) or any(value <= 0 for side in sides for _, value in side):
        return
    far = [max(a / b, b / a) for (_, a), (_, b) in product(*sides)]
    exact = re.search(r"\b(?:exactly|completely|identical)\b", match[0], re.IGNORECASE)
    wrong = min(far) > (near or (_NOT_EQUAL if exact else _APART))
    if not wrong and min(far) > _NOT_EQUAL:
        return
    (one, _), (other, _) = sides[0][0], sides[1][0]
    because = f"{one} has {catalogue[one].display(field)}, {other} {catalogue[other].display(field)}"
    yield made(context, passage, match.span(), "ordering", "contradicted" if wrong else "confirmed",
               subject=f"{one} against {other}", attribute=field, because=because,
               evidence=(Evidence(because),))  # fmt: skip
