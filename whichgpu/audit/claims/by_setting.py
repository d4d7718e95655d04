"""What a setting makes of one device's speed: "mixed precision makes it 1.8 times as fast", "FP8 gains 40 %".

Both speeds are the same device's: two columns of a table, of which a heading names the setting, or a speed
that the sentence tells and one of a table. Wrong is what no such two make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.shown import topic
from whichgpu.audit.claims.told_ratios import clause, is_of_name, is_of_other_work, measure
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import OF_SPEED, claims, is_near
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series

#: A setting that is the subject of a clause, with the verb that says what it makes.
_SETTING = (
    r"(?:(?:automatic )?mixed(?: precision)?|half precision|AMP|autocast|TF32|[BN]?FP?\d{1,2}|"
    r"INT\d|Tensor Cores?|torch\.compile|"
    r"compil\w+|TensorRT|Flash\s?Attention\w*|quanti[sz]ation)"
)
_GAINS = re.compile(
    rf"\b{_SETTING}\b[^.;:,]{{0,24}}?\b(?:makes?|made|speeds|sped|gains?|gives?|brings?|buys?|"
    rf"adds?|is|was|runs?|trains?|improves?|raises?|lifts?)\b",
    re.IGNORECASE,
)
_HEAD = re.compile(rf"\b{_SETTING}\b", re.IGNORECASE)
_FAST = re.compile(
    r"\b(?:fast\w*|quick\w*|speed\w*|throughput|images?|tokens?|pictures?|sequences?|frames?|samples?)\b",
    re.I,
)
#: What is no statement of what was measured, or is of another thing than speed.
_NO = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|ought|expect\w*|claim\w*|says|advertis\w+|"
    r"promis\w+|up to|theor\w+|paper|peaks?|"
    r"t?flops|memory|vram|weights|size|bandwidth|accuracy|loss|not|never|no|hardly|usually|"
    r"often|typical\w*|between|prefill|"
    r"than (?:on )?the|ahead of|energy|watts?|cost\w*|price)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such gain that no two speeds of the device make."""
    told = [
        each
        for each in store(context)
        if each.measure in ("speed", "time") and not each.derived and each.group != SPOKEN
    ]
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text) if _GAINS.search(passage.text) else ():
            for found in _of_sentence(index, passage, sentence, told, context):
                if not any(a < found.end and found.start < b for a, b in done):
                    yield found


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    ids = {key for each in here for key in each.ids}
    if len({each.ids for each in here}) > 1:
        return
    if not here:
        one = topic(index, passage, sentence, context)
        ids = set(one.ids) if one else set()
    for claim in claims(text, sentence, context.fraction):
        place = clause(text, sentence, claim.start, claim.end)
        stop = min(place[1], claim.end + 60)
        if not _GAINS.search(text, place[0], claim.start) or _NO.search(text, place[0], stop):
            continue
        if measure(text, *place, (claim.start, claim.end)) not in ("", "speed") or not _FAST.search(
            text, *place
        ):
            continue
        if is_of_other_work(text, place, told) and not _is_told_of(text, place, told):
            continue
        own = [(series, one) for series in told for one in series.amounts if one.ids & ids]
        real = [*_columns(own), *_stated(index, passage, sentence, own, context)]
        if not real or any(
            is_near(way, each) for way in claim.ways for ratio in real for each in (ratio, 1 / ratio)
        ):
            continue
        best = min(
            (max(each, 1 / each) for each in real), key=lambda each: abs(each / claim.ways[0].times - 1)
        )
        shown = ", ".join(dict.fromkeys(one.words for _, one in own if one.words))
        because = f"the speeds that the document told of it, {shown}, make {best:.3g} times"
        yield made(
            context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute=OF_SPEED,
            because=because, expected=f"{best:.2g} times", evidence=(Evidence(because),),
        )  # fmt: skip


def _is_told_of(text: str, place: tuple[int, int], told: Sequence[Series]) -> bool:
    """Whether what a clause names of work stands in what heads a table."""
    known = " ".join(f"{each.label} {' '.join(each.section)}" for each in told).lower()
    return all(match[0].lower() in known for match in _NAME.finditer(text, *place))


_NAME = re.compile(r"(?<=\bin )[A-Z][A-Za-z]+-?\d*")


def _columns(own: Sequence[tuple[Series, Amount]]) -> Iterator[float]:
    """What one device does in two columns of a table of which a heading names a setting."""
    for at, (one, a) in enumerate(own):
        for other, b in own[at + 1 :]:
            same = one.group == other.group and one.measure == other.measure and a.number == b.number
            if same and one.label != other.label and (_HEAD.search(one.label) or _HEAD.search(other.label)):
                yield a.value / b.value


def _stated(
    index: int, passage: Passage, sentence: Sentence, own: Sequence[tuple[Series, Amount]], context: Context
) -> Iterator[float]:
    """What a speed that the sentence tells in another setting and one of a table make."""
    if not _HEAD.search(sentence.text):
        return
    for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        if (
            each.dimension == "rate"
            and each.value == each.high
            and not is_of_name(index, each.start, context)
        ):
            for series, one in own:
                if series.measure == "speed" and series.section == passage.section:
                    yield one.value / each.value
