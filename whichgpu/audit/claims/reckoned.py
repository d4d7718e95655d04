"""Numbers that follow from others by their units, any noun among them: "12 messages each make 7,200".

A number that is said to follow is wrong where what its sentence and those before it state makes one thing of
its kind, and no product, sum, difference or ratio of the numbers around it gives what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.reckoned.around import Around, Told
from whichgpu.audit.reckoned.figures import figures
from whichgpu.audit.reckoned.judged import judged
from whichgpu.audit.reckoned.units import number
from whichgpu.audit.relations import Effort
from whichgpu.audit.results.digits import written
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.reckoned.derive import Made
    from whichgpu.audit.reckoned.units import Figure

#: Numbers of earlier passages that are kept, and operations that are tried in a document.
_KEPT, _TRIED = 24, 10_000


#: How near a sum with one part so many times is, and how many those may be.
_EXACT, _MANY = 0.01, 100
#: Units that are devices, or what models are counted in.
_DEVICES = frozenset({"gpu", "card", "node", "server", "machine", "board", "piece", "parameter", "instance"})


_NAMED = re.compile(r"\s*(?:fp|bf|int|nf|q)\d", re.IGNORECASE)


#: "9.2 TFLOPS, or 56 % of its own": of a peak that is not told here.
_OF_ITS_OWN = re.compile(r"\s*of (?:its|their|the) own\b", re.IGNORECASE)


#: What says right before a number that it comes of others.
_CONCLUDES = re.compile(
    r"(?:\b(?:(?:that|this|it|which|they|these)(?:[\u2019']s|[\u2019']d be| is| are| was| makes?| means| "
    r"comes? to| costs?| gives?)|difference of|total of|sum of|works? out (?:at|to)|comes? (?:out )?to|"
    r"adds? up to|amounts? to|or|thus|so|hence|therefore|i\.e\.,?|costs?|makes?|gives?|leaves?|saves?|pays?|"
    r"bill (?:of|is)|takes?|took|needs?|lasts?|delivers?)|[=:]|"
    r"\bat\s[$\u20ac]?\d[\d.,]*\s?(?:cents|ct|per kWh|a kWh)?,?)\s+"
    r"(?:(?:about|around|roughly|nearly|almost|some|just|only|over|under|you|us|me|a|the|another|therefore|then|"
    r"up|in|all|total|of)\s+)*[~$\u20ac\u00a3]?$",
    re.IGNORECASE,
)
#: Behind a number, that it is one of several: "71 %, 75 % and 63 %"; before one, the whole that it ends.
_ONE_OF = re.compile(r"[\w %]{0,12}(?:,|\s(?:and|or))\s+(?:about )?[$\u20ac]?\d")
_ENDS = re.compile(r"\b(?:hours?|days?|weeks?|months?|years?|minutes?)\s+(?:and\s+)?$", re.IGNORECASE)


def _is_concluded(told: Figure, found: Made, every: Sequence[Figure], text: str) -> bool:
    """Whether words say that a number follows, it stands alone, and what makes it is told with its units."""
    if not _CONCLUDES.search(text, 0, told.start) or _ENDS.search(text, 0, told.start):
        return False
    if _ONE_OF.match(text, told.end) or any(not each.powers and not each.kind for each in found.used):
        return False
    first = next((each.start for each in sentences(text) if each.start <= told.start < each.end), 0)
    # What stands between is no part of what it follows from, unless it is used.
    between = [each for each in within(every, first, told.start) if each.powers == told.powers]
    return all(each in found.used for each in between)


def find(context: Context) -> Iterator[Finding]:
    """Numbers of running text that what stands around them does not make."""
    if context.fraction == ",":
        return
    before = Told(Effort(_TRIED))
    for index, passage in context.document.running():
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = figures(passage.text, context.fraction, names)
        wrong = _accused(passage, every, context)
        named = [
            (each.start, frozenset((*each.named, *each.ids))) for each in context.mentions.get(index, ())
        ]
        here = Around(passage.text, every, before, wrong, named)
        for told in every:
            if before.effort.left < 0:
                return
            found = judged(told, here)
            if (
                found is not None
                and not _is_of_devices(told, found)
                and not _is_of_else(told, found)
                and not _passes_over(told, found, every, passage.text)
                and not _is_told_beside(told, found, every)
                and not _OF_ITS_OWN.match(passage.text, told.end)
                and _is_concluded(told, found, every, passage.text)
            ):
                # Also where it is accused already, which may be for a wrong reason that is withheld.
                here.correct(told, found)
                yield _finding(found, told, passage, context)
        before.earlier = [each._replace(start=-1) for each in (*before.earlier, *here.right())][-_KEPT:]


def _is_of_devices(told: Figure, found: Made) -> bool:
    """Whether a number is of sizes, watts, their ratios or formats, which other kinds of claims are about.

    Sizes of other things than devices ("60 million documents with 4,096 bytes each") are not.
    """
    of_format = told.powers and dict(told.powers).get("parameter", 0) < 0
    # What a model takes in a format, of whatever number of it, may be measured: other kinds of claims know.
    of_format = of_format or (
        told.powers == (("B", 1),) and any(_NAMED.match(each.words) for each in found.used)
    )
    other = any(each.counted and each.powers[0][0] not in _DEVICES for each in found.used)
    size = told.powers in ((("B", 1),), (("W", 1),)) and not other
    return told.kind == "times" or bool(of_format) or size


#: Amounts that anybody multiplies and divides to come to another; of a sum there may be more.
_FACTORS = 3


def _is_of_else(told: Figure, found: Made) -> bool:
    """Whether an amount was multiplied by things that it is not of, or is of none of this text."""
    if (found.how != "sum" and len(found.used) > _FACTORS) or any(
        each.words.strip().lower() == "one" for each in found.used
    ):
        # "75 tokens per second and one make 13": nobody's way.
        return True
    counts = [each for each in found.used if each.counted and each.powers[0][0] not in _DEVICES]
    paid = [each for each in found.used if each.powers == (("$", 1),)]
    whole = found.how == "product" and len(found.used) == len(counts) + len(paid) == 2
    if whole and told.powers == (("$", 1),) and paid and not any(each.each for each in paid):
        return True
    # "8 KV heads .. 31.5 GB .. so we need 86 GB": what is of all of them.
    sizes = [each for each in found.used if each.powers == (("B", 1),)]
    if told.powers == (("B", 1),) and counts and sizes and not any(each.each for each in found.used):
        return True
    # "It adds $150 to $300. With $250 of that": one of a range is no part beside it.
    inside = (a.low < b.low == b.high < a.high for a in found.used for b in found.used)
    if found.how == "sum" and any(inside):
        return True
    # A sum or a difference of what other passages told of other things.
    return found.how in ("sum", "difference") and all(each.start < 0 for each in found.used)


def _is_told_beside(told: Figure, found: Made, every: Sequence[Figure]) -> bool:
    """Whether what is found is told itself: "up 18 % from $34,900. The hours rose by 31 %"."""
    alike = [each for each in every if each.kind == told.kind and each.powers == told.powers]
    return bool(told.kind) and any(
        abs(each.value / found.value - 1) < _EXACT for each in alike if each is not told
    )


def _passes_over(told: Figure, found: Made, every: Sequence[Figure], text: str) -> bool:
    """Whether a sum of other sentences leaves out what its own states: "for two billion it comes to"."""
    own = next((each for each in sentences(text) if each.start <= told.start < each.end), None)
    if own is None or found.how != "sum":
        return False
    if _is_of_several(told, found, within(every, own.start, told.start)):
        return True
    if any(each.start >= own.start for each in found.used):
        return False
    return any(own.start <= each.start < told.start for each in every)


def _is_of_several(told: Figure, found: Made, before: Sequence[Figure]) -> bool:
    """Whether a sum is what is told with one part so many times: "five at $560 plus a $400 board"."""
    parts = [each.low for each in found.used]
    return any(
        abs((sum(parts) + (many - 1) * part) / told.value - 1) < _EXACT
        for many in (each.low for each in before if each not in found.used and not each.kind)
        for part in parts
        if 1 < many < _MANY
    )


def _accused(passage: Passage, every: Sequence[Figure], context: Context) -> dict[Figure, float]:
    """The numbers of a passage that are accused already, with what each should be of what it is."""
    found = {}
    accused = {
        each.start: each for each in context.memo["found"] if each.accuses and each.kind == "arithmetic"
    }
    for each in every:
        one = accused.get(passage.span(each.start, each.end)[0])
        if one is not None:
            found[each] = _share(one.stated, one.expected)
    return found


def _share(stated: str, expected: str) -> float:
    """What an accused amount should be multiplied by; 1 where that is not said."""
    ones = [figures(each) for each in (stated, expected)]
    if not all(ones) or not ones[0][0].words:
        return 1.0
    numbers = [float(number(one[0].words) or 0) for one in ones]
    return numbers[1] / numbers[0] if all(numbers) else 1.0


def _finding(found: Made, told: Figure, passage: Passage, context: Context) -> Finding:
    digits = number(told.words)
    right = written(found.value / told.value * float(digits or 1), digits)
    because = f"{' and '.join(each.words.strip(' .,') for each in found.used)} make {right}"
    return made(
        context, passage, (told.start, told.end), "arithmetic", "inconsistent",
        attribute="reckoned", because=because, expected=right, evidence=(Evidence(because),),
    )  # fmt: skip
