"""Sums, differences, rests, shares and multiples of amounts of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.closure.readings import Value
from whichgpu.audit.closure.window import Reading, finding
from whichgpu.audit.closure.wording import FAR, FILL, OF_ALL, OF_EACH, STOP, TOGETHER, UNTOLD
from whichgpu.audit.text.relations import is_of_several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.closure.window import Window
    from whichgpu.audit.findings import Finding

#: Words of what is left, of what two are apart, and of a sum, around a result.
_LEFT = re.compile(r"\b(?:leav(?:es?|ing)|remain\w*|left|to spare|spare|balance)\b", re.IGNORECASE)
_APART = re.compile(
    r"\b(?:difference|gap|saving|savings|saves?|saved|depreciation|loss|profit|apart|premium|surcharge|"
    r"mark-?up|price gap|extra cost)\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\b(?:per|each|every|percent|interest|more|less|about|another|if|or|except|but|while|whereas)\b|%",
    re.IGNORECASE,
)


def summed(window: Window, given: Sequence[Amount]) -> Reading | None:
    """Sums, differences, rests and shares of what is told in the same unit."""
    result, text = window.result, window.passage.text
    given = [one for one in given if "bit" not in one.words]
    alike = [
        one for one in given if one.kind != "share" and one.dims == result.dims and one.per == result.per
    ]
    shares = [one for one in given if one.kind == "share"]
    others = [one for one in given if one not in alike and one not in shares and one.dims]
    counts = [one for one in others if one.bare]
    if not alike or _is_of_else(window, given, alike):
        return None
    pair = len(alike) == len(shares) == 1 and len(given) == len(alike) + len(shares)
    if pair and not _ANOTHER.search(text[given[0].start : result.start]):
        return _shared(window, alike[0], shares[0])
    lasting = all(one.bare or one.dims == powers(second=1) for one in others)
    if shares or len(counts) > len(alike) or not lasting or (result.bare and counts):
        return None
    told = [part for one in alike if (part := _counted_in(text, one, counts)) is not None]
    total = _total(window, given, alike, told) if 1 < len(told) == len(alike) else None
    return _exactly(result, total, given) if total else None


def _near(window: Window, given: Sequence[Amount]) -> str:
    """The words right before a result and right behind it."""
    result, text = window.result, window.passage.text
    before = text[max(given[-1].end, result.start - 40) : result.start]
    return before + text[result.end : result.end + 24].split(".")[0]


def _is_of_else(window: Window, given: Sequence[Amount], alike: Sequence[Amount]) -> bool:
    """Whether a result is not of what is given alone, or of another sentence's."""
    result, text = window.result, window.passage.text
    return bool(
        is_apart(window, given)
        or any(one.limit == "range" for one in given)
        or OF_ALL.match(text, given[-1].end)
        or (result.bare and _SIGNS.search(_near(window, given)))
        or STOP.search(text, alike[-1].end, result.start)
        or (UNTOLD.search(window.sentence.text) and not result.bare)
    )


def _total(
    window: Window, given: Sequence[Amount], alike: Sequence[Amount], told: Sequence[float]
) -> float | None:
    """What is left of the first amount, what two are apart, or what all make, as the words say."""
    result, text, near = window.result, window.passage.text, _near(window, given)
    rest = told[0] - sum(told[1:])
    # What is left of a device's memory may be of one that is named.
    named = result.dims == powers(byte=1) and window.context.mentions.get(
        window.context.place(window.passage)
    )
    pool = _OUT_OF.search(text, max(0, alike[0].start - 24), alike[0].start) and _SO.search(near)
    if (_LEFT.search(near) or pool) and rest > 0 and not named:
        return rest
    two = len(told) == len(("one", "other"))
    if two and _APART.search(near):
        return abs(told[0] - told[1])
    both = two and _BOTH.search(text, alike[0].end, alike[1].start)
    both = both and _COLON.fullmatch(text, alike[1].end, result.start)
    if two and is_of_several(*told):
        # "$8,500 per card, $17,000 for the pair. In total": the second is of two of the first.
        return None
    return sum(told) if both or TOGETHER.search(near) else None


#: "From the 96 cards we bought, 12 came back, so 84 are in use".
_OUT_OF = re.compile(
    r"(?<!each )(?<!all )(?<!one )(?<!some )\b(?:of|from|out of)\s+(?:(?:the|our|these|those|a pool of|"
    r"an order of|their)\s+)?$",
    re.IGNORECASE,
)
_SO = re.compile(r"\b(?:so|thus|hence|which means|leaving|therefore)\b", re.IGNORECASE)
_SIGNS = re.compile(r"[=x\u00d7*/^+(]")
#: "320 W and a CPU at 180 W: the box wants".
_BOTH = re.compile(r"\s+(?:each\s+)?(?:and|plus|\+)\s", re.IGNORECASE)
_COLON = re.compile(r"\s*:\s+[^.;,\d:]{0,40}", re.IGNORECASE)


def _counted_in(text: str, one: Amount, counts: Sequence[Amount]) -> float | None:
    """An amount times the count right before it; none where it is not clear whose the count is."""
    own = [each for each in counts if each.end <= one.start and OF_EACH.fullmatch(text, each.end, one.start)]
    if one.per and not own:
        return None
    return one.low * (own[-1].low if own else 1.0)


def _exactly(result: Amount, value: float, given: Sequence[Amount]) -> Reading:
    words = " and ".join(one.words for one in given)
    return Reading([Value(value, value, result.dims, words, tuple(given))], FAR)


_SHARED = re.compile(
    r"[^.;\d]{0,30}?(?:[,:(=]|\b(?:i\.e\.|that is|and (?:we |i )?paid|so|or|makes?|is|are|comes? to|"
    r"means|which))" + FILL,
    re.IGNORECASE,
)


def _shared(window: Window, whole: Amount, share: Amount) -> Reading | None:
    """A share of an amount, what it leaves or adds."""
    result, text = window.result, window.passage.text
    if not _SHARED.fullmatch(text, max(whole.end, share.end), result.start):
        return None
    values = [
        whole.low * by
        for by in (share.low, 1 - share.low, 1 + share.low, 1 / share.low, 1 / (1 - share.low or 1))
    ]
    words = f"{share.words} of {whole.words}"
    return Reading(
        [Value(each, each, result.dims, words, (whole, share)) for each in values if each > 0], FAR
    )


def is_apart(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether some of what is given stands in a sentence before, which no semicolon joins with this one."""
    between = window.text(kept[0].start, window.sentence.start)
    return bool(between) and (
        _STOPPED.search(between) is not None or not between.rstrip().endswith((";", ":"))
    )


_STOPPED = re.compile(r"[.!?]\s")


_MANIFOLD = re.compile(
    r"\s+(?:(?:as|the|that|more|what)\b|faster|slower|quicker|cheaper|dearer|larger|smaller|bigger|"
    r"higher|lower|longer|shorter)",
    re.IGNORECASE,
)
_OFF_BY = 0.12


_IS_BUS = re.compile(r"[- ]bits?$", re.IGNORECASE)


def ratio(window: Window) -> Finding | None:
    """The finding on a multiple of the only two amounts of one kind that its sentence tells before it."""
    result, text = window.result, window.passage.text
    joined = window.passage.text[: window.sentence.start].rstrip().endswith((";", ":"))
    start = window.starts[min(joined, len(window.starts) - 1)]
    given = [one for one in window.around if start <= one.start < result.start]
    solid = [one for one in given if not one.bare]
    if (
        result.kind != "times"
        or not solid
        or len(given) != 2
        or result.limit
        or not _MANIFOLD.match(text, result.end)
    ):
        return None
    first, last = given
    if last.bare and last.kind == "number" and not last.noun and not first.bare:
        last = last._replace(dims=first.dims, low=last.low * first.low / first.digits)
    between = text[given[-1].end : result.start]
    if (
        first.dims != last.dims
        # A bus is no size of what lies behind it.
        or _IS_BUS.search(first.words)
        or _IS_BUS.search(last.words)
        or "range" in (first.limit, last.limit)
        or UNTOLD.search(window.sentence.text)
        or STOP.search(between)
    ):
        return None
    share = max(first.low, last.low) / min(first.low, last.low)
    others = [
        one.low / other.low
        for one in window.around
        for other in window.around
        if one.dims == other.dims and one.kind == "amount"
    ]
    if not _SO_MANY.search(between) or share < 1.2 or first.dims == powers(joule=1, second=-1):
        return None
    if any(
        abs(result.low / one - 1) < _OFF_BY
        for by in (share, *others)
        for one in (by, by - 1, by + 1)
        if one > 0.1
    ):
        return None
    because = f"{first.words} and {last.words} are {share:.3g} times apart"
    return finding(window, because, f"{share:.3g} times")


_SO_MANY = re.compile(r"[;:,]|\b(?:so|thus|hence|makes?|therefore|which)\b", re.IGNORECASE)
