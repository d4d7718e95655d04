"""Values without their unit: "the A100 has 80 GB, the A6000 only 48", "the T4 has 320 of them".

A bare number right behind a device is of the attribute, and in the unit, of the value told last of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.claims.likewise import as_told
from whichgpu.audit.counting import counted
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

#: From a device to its value, and what ends it.
_BARE = re.compile(
    r"(?:[\u2019']s)?,?\s+(?:(?:by|in) (?:contrast|comparison|turn),\s+|on the other hand,\s+|"
    r"(?:however|meanwhile|though),\s+)?"
    r"(?:(?:has|have|had|gets?|got|offers?|comes? with|with|at|draws?|takes?|needs?|is rated|"
    r"rated(?: at| for)?|"
    r"leads with|trails with|is (?:behind|ahead|last|first) with|follows (?:at|with)|comes in at|sits at|"
    r"manages?|reaches|delivers?|only|just|still|"
    r"(?:has to |must |can only )?(?:makes?|make) do with|stops at|is limited to|a mere|merely|is|about|even|"
    r"all of)\s+){1,4}"
    r"(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?:\s+of (?:them|these|those))?"
    r"(?=\s*(?:,(?!\d)|[;:)]|\.(?!\d)|$|\s(?:and|but|while|so|at|in total)\b))",
    re.IGNORECASE,
)
#: "The RTX 4090 has 24 GB, the 5090 32".
_JUST_NAMED = re.compile(
    r"(?:[,;]\s+(?:and\s+|while\s+|but\s+)?|\d\s+(?:and|but|while)\s+)(?:the|an?)\s+$", re.IGNORECASE
)
_NUMBER = re.compile(
    r"\s+(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?=\s*(?:,(?!\d)|[;:)]|\.(?!\d)|$|\s(?:and|but|while)\b))"
)
#: "165 TFLOPS for the A30, 125 for the A10".
_AHEAD = re.compile(
    r"(?:,|;|\band|\bagainst|\bversus|\bvs\.?|\bbut)\s+(?:only\s+|just\s+|about\s+|even\s+|still\s+)?"
    r"(?P<n>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s+(?:for|on|with|from)\s+(?:the\s+|an?\s+)?$"
)
#: The value told last once more: "the PCIe card the same", "the MI300X draws exactly the same".
_SAME = re.compile(
    r"(?:[\u2019']s)?(?:\s+(?:also|has|have|offers?|draws?|takes?|needs?|gets?|reaches|delivers?|is))*"
    r"(?:\s+(?:exactly|precisely|just))?\s+the (?:very |exact )?same(?=\s*(?:[.,;:)]|$))",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[A-Za-z].*$")
_TOGETHER = re.compile(r"\b(?:together|combined|in total|in all|between them)\b", re.IGNORECASE)
#: How far before the device the other's value may stand, and how far apart two may be.
_BACK, _LIKE = 160, 12.0
_YEARS = (1990, 2040)
#: What a bare number of a device may count, whatever was told before.
_COUNTS = ("tensor_cores", "rt_cores")


def find(context: Context) -> Iterator[Finding]:
    """Every elided value with its verdict."""
    # What is elided once may be again: "350 W, the 4080 Super 320 and the 5080 360".
    own: list[Finding] = []
    for index, passage in context.document.running():
        for mention in context.mentions.get(index, ()):
            match = _BARE.match(passage.text, mention.end)
            if match is None and _JUST_NAMED.search(passage.text, max(0, mention.start - 16), mention.start):
                match = _NUMBER.match(passage.text, mention.end)
            if match is None:
                match = _AHEAD.search(passage.text, max(0, mention.start - 40), mention.start)
            same = _SAME.match(passage.text, mention.end)
            if match:
                own += _of_number(passage, mention, match, context, own)
            elif same:
                own += _of_same(passage, mention, same, context)
    yield from own


def _of_number(
    passage: Passage, mention: Mention, match: re.Match[str], context: Context, own: Sequence[Finding]
) -> Iterator[Finding]:
    number = float(match["n"].replace(",", ""))
    told = _told_last(passage, mention, context, min(match.start("n"), mention.start), own)
    if told is None or _YEARS[0] < number < _YEARS[1] or counted(passage.text, 0, mention.start) > 1:
        return
    first = next(iter(quantities(told.stated, context.fraction)), None)
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", told.stated)
    plain = float(digits[0].replace(",", "")) if digits else 0.0
    if first is None or not plain or not 1 / _LIKE < number / plain < _LIKE:
        return
    value = first.value * number / plain
    place = match.span("n")
    # It is as exact as its own digits.
    shown = told._replace(stated=told.stated.replace(digits[0] if digits else "", match["n"]))
    value_ = first._replace(value=value, high=value)
    found = as_told(passage, place, shown, quantity=value_, mention=mention, context=context)
    count = any(number == context.catalogue[key].value(count) for key in mention.ids for count in _COUNTS)
    if not (count and found.accuses):
        # "They also came to GeForce: the RTX 2080 Ti had 544": its tensor cores.
        yield found


def _of_same(passage: Passage, mention: Mention, match: re.Match[str], context: Context) -> Iterator[Finding]:
    """The value told last of another device, said of this one in the same sentence."""
    told = _told_last(passage, mention, context)
    quantity = next(iter(quantities(told.stated, context.fraction)), None) if told else None
    if told is None or quantity is None or quantity.high != quantity.value:
        return
    low = passage.text.rfind(". ", 0, mention.start)
    if (
        _TOGETHER.search(passage.text, max(low, 0), mention.start)
        or counted(passage.text, 0, mention.start) > 1
    ):
        return
    if low >= 0 and passage.place(low) >= told.end:
        return
    place = (match.end() - len(match[0].lstrip()), match.end())
    yield as_told(passage, place, told, quantity=quantity, mention=mention, context=context)


_CLOSES = re.compile(r"[^()\n]{0,40}\)")


def _told_last(
    passage: Passage, mention: Mention, context: Context, until: int | None = None,
    own: Sequence[Finding] = (),
) -> Finding | None:  # fmt: skip
    """The value told of another device right before this one, or before its own value."""
    until = mention.start if until is None else until
    at = passage.place(until)
    original = context.document.original
    near = (each for each in (*context.memo["found"], *own) if at - _BACK < each.start and each.end <= at)
    kinds = ("specification", "arithmetic")
    before = [each for each in near if each.kind in kinds and each.attribute in attributes()]
    # What brackets tell beside a value is not what the next one leaves out: "1,380 J (4.6 s at 300 W)".
    before = [each for each in before if not _CLOSES.match(original, each.end)]
    last = max(before, key=lambda each: each.end, default=None)
    counts = last is not None and attributes()[last.attribute].dimension == "count"
    if last is not None and not counts and not _UNIT.search(last.stated):
        # "37.4 TFLOPS, then the A10 with 31.2": in the unit of the one before.
        with_unit = [
            each for each in before if each.attribute == last.attribute and _UNIT.search(each.stated)
        ]
        prior = max(with_unit, key=lambda each: each.end, default=None)
        unit = _UNIT.search(prior.stated) if prior else None
        last = last._replace(stated=f"{last.stated} {unit[0]}") if unit else None
    if last is None or last.accuses or set(last.subject.split(", ")) & set(mention.ids):
        return None
    low = until
    while low and passage.place(low - 1) >= last.end:
        low -= 1
    return None if quantities(passage.text[low:until], context.fraction) else last
