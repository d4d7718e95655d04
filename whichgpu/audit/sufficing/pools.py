"""What a machine of several is said to have, and a model that is said to fit there or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sufficing.needs import OTHERWISE, need_before
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_MACHINE = r"(?:nodes?|servers?|box(?:es)?|systems?|machines?|HGX|DGX|eight)"
#: A pool of memory: "a node of eight has 1,128 GB".
_HAS = re.compile(
    rf"\b{_MACHINE}\b[^.;]{{0,60}}\b(?:has|have|offers?|with|brings?|holds?|gives?|provides?|totals?|"
    rf"comes? to)\s+(?:\w+\s){{0,2}}$",
    re.IGNORECASE,
)
#: That it fits there, or does not.
_FITS = re.compile(
    r"\b(?P<not>(?:does not|do not|doesn[\u2019']t|don[\u2019']t|no longer|cannot|can not|can[\u2019']t|"
    r"won[\u2019']t|will not|not)\s+)?"
    rf"fits?\s+(?:(?:easily|comfortably|neatly|just|still)\s+)?(?P<where>there|(?:in|on|into|onto|"
    rf"within)\s+(?:it|(?:the|a|one|an|such a|that|this|our)\s+"
    rf"(?:[\w-]+\s+){{0,3}}{_MACHINE}))\b",
    re.IGNORECASE,
)
_ROOM = 0.85
_BACK = 5


class _Pool(NamedTuple):
    """Memory that a machine is said to have, in its words, and the devices that its sentence names."""

    value: float
    words: str
    named: frozenset[str]


def pools(context: Context) -> Iterator[Finding]:
    """Every fit on a machine whose memory the passages before tell, that is not so."""
    pool: _Pool | None = None
    since = 0
    for index, passage in context.document.running():
        since += 1
        for sentence in sentences(passage.text):
            match = _FITS.search(passage.text, sentence.start, sentence.end)
            if match and pool and since <= _BACK and _named(index, sentence, context) <= pool.named:
                yield from _judged(passage, sentence, match, pool, context)
            if found := _pool(index, passage, sentence, context):
                pool, since = found, 0


def _named(index: int, sentence: Sentence, context: Context) -> frozenset[str]:
    """The devices that a sentence names."""
    found = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    return frozenset(key for each in found for key in each.named)


def _pool(index: int, passage: Passage, sentence: Sentence, context: Context) -> _Pool | None:
    text = passage.text
    for one in within(quantities(text, context.fraction), sentence.start, sentence.end):
        told = _HAS.search(text, sentence.start, one.start)
        if told and one.dimension == "memory" and one.value > _LEAST:
            return _Pool(one.value, text[one.start : one.end], _named(index, sentence, context))
    return None


#: The least that a machine of several has.
_LEAST = 2e11


def _judged(
    passage: Passage, sentence: Sentence, match: re.Match[str], pool: _Pool, context: Context
) -> Iterator[Finding]:
    need = need_before(passage, sentence, match.start(), context)
    if need is None or OTHERWISE.search(sentence.text) or need.value == pool.value:
        return
    wrong = need.value < _ROOM * pool.value if match["not"] else need.value > pool.value
    if not wrong:
        return
    because = f"{passage.text[need.start : need.end]} against {pool.words}"
    yield made(
        context, passage, match.span(), "memory", "contradicted", attribute="fits", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip
