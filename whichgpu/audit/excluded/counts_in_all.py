"""A number of things in all behind how many there are of each: "24 T4, 32 A40 and 16 H100, 80 GPUs".

And what so many of so many have: "eight nodes, each with four A40 (48 GB). That makes 1,024 GB".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.text.loads import NUMBER, value_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_DEVICES = r"(?:GPUs|cards|accelerators|boards|graphics cards)"
#: A total right behind a list, or before it.
_IN_ALL = re.compile(
    rf"(?:[,:;\u2013\u2014=]|\b(?:makes?|making|that is|so|i\.e\.|totall?ing|for|are|is))\s*(?:a\s+"
    rf"total\s+of\s+|together\s+|in\s+all\s+|altogether\s+)?"
    rf"(?P<n>\d[\d,]*)\s+{_DEVICES}(?=\s*(?:[.;)!]|in\s+(?:all|total)|altogether|together|$))",
    re.IGNORECASE,
)
_EACH = re.compile(
    rf"(?<![\d.,])(?P<n>{NUMBER})\s+(?:such\s+|of\s+these\s+|compute\s+|GPU\s+)?(?P<what>nodes|servers|"
    rf"machines|hosts|boxes|"
    rf"racks|chassis|systems|workstations)\b(?:\s+\w+){{0,3}}?,?\s+(?:each\s+(?:of\s+(?:them|which)\s+"
    rf")?(?:with|has|had|having|"
    rf"holds|holding|carries|carrying|contains|containing|equipped\s+with|comes\s+with)|with)\s+"
    rf"(?P<m>{NUMBER})\s*(?:x\s*)?"
    r"(?P<each>each\s+)?(?=\S)",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"(?:\b(?:so|thus|hence|makes?|making|that\s+is|this\s+is|total\w*|altogether|in\s+all|together|"
    r"gives?|giving|i\.e\.|"
    r"which\s+is|comes?\s+to|amounts?\s+to|adds?\s+up\s+to)\b|[=:\u2013\u2014])[^.;\d]{0,40}$",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:free|usable|used|spare|left|per|each|every|node[\u2019']s|than|more|less|about|system|host|"
    r"main)\b",
    re.I,
)
_LISTED = 3
_NEAR, _FAR = 0.015, 4.0


def counts_in_all(context: Context) -> Iterator[Finding]:
    """Every such total that is none."""
    for index, passage in context.document.running():
        names = context.mentions.get(index, ())
        if not names:
            continue
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            if "?" not in sentence.text:
                yield from _of_each(passage, sentence, context)
                yield from _of_list(passage, sentence, names, context)
                yield from _of_nodes(passage, every[at : at + 2], names, context)


def _of_list(
    passage: Passage, sentence: Sentence, names: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The sum of a list of so many of each device."""
    text, here = passage.text, within(names, sentence.start, sentence.end)
    counts = [(each, _count(text, sentence.start, each.start)) for each in here]
    told = _IN_ALL.search(text, here[-1].end, sentence.end) if here else None
    if told is None or len(here) < _LISTED or any(not many for _, many in counts):
        return
    if _DIGIT.search(text, here[-1].end, told.start("n")):
        return
    total, stated = sum(many for _, many in counts), float(told["n"].replace(",", ""))
    if total != stated and total / _FAR < stated < total * _FAR:
        because = f"{' + '.join(f'{many:g}' for _, many in counts)} are {total:g}"
        yield inconsistent(passage, told.span("n"), because, context, expected=f"{total:g}")


_SIZE = re.compile(r"\(?\d+\s?GB(?:\s+each)?\)?")
_DIGIT = re.compile(r"\d")
_BEFORE = re.compile(rf"(?<![\d.,])({NUMBER})(?:\s*x)?\s+(?:NVIDIA\s+|AMD\s+)?$", re.IGNORECASE)


def _count(text: str, start: int, at: int) -> float:
    found = _BEFORE.search(text, max(start, at - 24), at)
    return value_of(found[1]) if found else 0.0


def _of_nodes(
    passage: Passage, told: Sequence[Sentence], names: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """What all devices of so many machines have together, or how many they are."""
    text, first = passage.text, told[0]
    found = _EACH.search(text, first.start, first.end)
    if found is None or (device := next((each for each in names if each.start >= found.end()), None)) is None:
        return
    if not 0 <= device.start - found.end() < 16 or _EACH.search(text, found.end(), first.end):
        return
    many, own = value_of(found["n"]), value_of(found["m"])
    gpus = [context.catalogue[key] for key in device.ids]
    end = told[-1].end
    sizes = [
        each.value
        for each in quantities(text, context.fraction)
        if each.dimension == "memory" and first.start <= each.start
    ]
    for each in within(quantities(text, context.fraction), device.end, end):
        led = _LEADS.search(text, max(first.start, each.start - 70), each.start)
        if each.high != each.value or not led or _OTHERS.search(text, led.start(), min(end, each.end + 40)):
            continue
        if _DIGIT.search(_SIZE.sub(" ", text[device.end : each.start])):
            # "3 are down, so 77 run": of some of them.
            return
        if each.dimension == "memory":
            units = {*_sizes(gpus), *(size for size in sizes if size != each.value and size < each.value)}
            ways = {size * by for size in units for by in (own, many, many * own)}
        elif _GPUS.match(text, each.end):
            ways = {own, many, many * own}
        else:
            continue
        if ways and not any(abs(each.value / way - 1) <= _NEAR for way in ways):
            size = max(_sizes(gpus), default=0.0) if each.dimension == "memory" else 1.0
            right = many * own * size
            if right / _FAR < each.value < right * _FAR:
                scale = 1e9 if each.dimension == "memory" else 1.0
                unit = " GB" if scale > 1 else ""
                because = (
                    f"{many:g} times {own:g}"
                    + (f" times {size / 1e9:g} GB" if unit else "")
                    + f" are {right / scale:,g}"
                )
                yield inconsistent(
                    passage, (each.start, each.end), because, context, expected=f"{right / scale:,g}{unit}"
                )
        return


#: "With 32 GB each, so 24 GPUs with 788 GB".
_EACH_HAS = re.compile(
    rf"(?P<a>\d+)\s?GB\s+(?:of\s+\w+\s+)?(?:each|apiece|per\s+(?:GPU|"
    rf"card))\b[^.;]{{0,40}}?\b(?P<n>{NUMBER})\s+{_DEVICES}\s+"
    r"(?:with|having|have|that\s+have|holding|offering|and)\s+(?:a\s+total\s+of\s+|together\s+"
    r")?(?P<b>\d[\d,]*)\s?GB\b(?!\s+each)",
    re.IGNORECASE,
)


def _of_each(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What so many have of which a sentence tells what each has."""
    for told in _EACH_HAS.finditer(passage.text, sentence.start, sentence.end):
        size, stated = float(told["a"]), float(told["b"].replace(",", ""))
        right = size * value_of(told["n"])
        if (
            right
            and stated != size
            and abs(stated / right - 1) > _NEAR
            and right / _FAR < stated < right * _FAR
        ):
            because = f"{value_of(told['n']):g} times {size:g} GB are {right:,g}"
            yield inconsistent(passage, told.span("b"), because, context, expected=f"{right:,g}")


_GPUS = re.compile(rf"\s+{_DEVICES}\b", re.IGNORECASE)


def _sizes(gpus: Sequence[Gpu]) -> list[float]:
    every = (float(gpu.value("memory") or 0) for gpu in gpus)
    return [(nominal_gb(size) or 0) * 1e9 or size for size in every if size]
