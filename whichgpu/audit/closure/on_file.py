"""Results of what is on file of the devices spoken of: so many times their memory, prices per gigabyte.

Of which device a sentence speaks is not asked: a result is wrong where it follows from none that the document
names, and from nothing that the text tells around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import powers
from whichgpu.audit.closure.readings import is_near
from whichgpu.audit.closure.window import finding
from whichgpu.audit.excluded.scope import headed_by, spoken_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.offers import usual
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.closure.window import Window
    from whichgpu.audit.findings import Finding
    from whichgpu.hardware.gpu import Gpu

#: A text that speaks of more devices is a survey.
_MOST = 8
#: What so many together have, and what they draw: words between their number and it.
_HAVE = re.compile(
    r"[^.;:\d]{0,50}?(?:[,:(=]|\b(?:have|has|had|hold|holds|offer|offers|give|gives|gave|giving|pool|"
    r"together|combined|make|makes|"
    r"making|total|totals|draws?|drew|takes?|pulls?|pulled|consumes?|uses?|burns?|bring|come to|comes to|"
    r"add up to|adds up to|"
    r"amount to|amounts to|is|are|provides?|that was|was|means?|so|NVL|PCIe|SXM\d?|cards|modules)\b)\s*"
    r"(?:(?:about|around|roughly|some|only|just|a total of|nearly|almost|you|us|up|to|together|of|the|"
    r"an?|is|that|combined|already)\s+)*$",
    re.IGNORECASE,
)
_NOT_OWN = re.compile(
    r"\b(?:need\w*|require\w*|models?|weights|ram|system|hosts?|cache|disk|storage|ssd|nvme|l2|context|"
    r"dataset|free|left|spare|used|"
    r"usable|slices?|mig|instances?|limit\w*|capp?ed|undervolt\w*|idle|average|wall|server|box|rig|psu|"
    r"supply|chassis|rack|if|than|"
    r"each|apiece|per|users?|older|other|another|half|not|plus|minus|quanti\w+|laptops?|mobile|"
    r"unified)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_PER_GB = re.compile(
    r"\b(?:egress|traffic|storage|s3|month|bucket|disk|ssd|ram|hour|tokens?|hosted|if|than|year)\b",
    re.IGNORECASE,
)
#: Fewer dollars a gigabyte are no price of a card.
_CHEAP = 2.5 / GB
#: How far a result may be from one that is on file, and from all of them.
_WIDE, _FAR = 0.025, 3.0


def on_file(window: Window) -> Finding | None:
    """The finding on a result that follows from no device on file."""
    result = window.result
    gpus = _spoken_of(window)
    if not 0 < len(gpus) <= _MOST or result.limit == "range" or result.per:
        return None
    if result.dims == powers(money=1, byte=-1):
        return _per_gigabyte(window, gpus)
    if result.dims in (powers(byte=1), powers(joule=1, second=-1)):
        return _of_so_many(window, gpus)
    if result.dims == powers(flop=1, joule=-1):
        return _per_watt(window, gpus)
    return None


def _spoken_of(window: Window) -> Sequence[Gpu]:
    """The devices that a passage names, else that of its heading, else all of the document."""
    context = window.context
    here = context.mentions.get(context.place(window.passage), ())
    ids = sorted({key for each in here for key in usual(each.ids)})
    return [context.catalogue[key] for key in ids] or headed_by(window.passage, context) or spoken_of(context)


def _size(gpu: Gpu) -> float:
    memory = float(gpu.value("memory") or 0.0)
    return (nominal_gb(memory) or memory / GB) * GB if memory else 0.0


def _per_gigabyte(window: Window, gpus: Sequence[Gpu]) -> Finding | None:
    """What a gigabyte costs, by every price told around it and every size."""
    result, near = window.result, window.around
    text = window.sentence.text
    told = [one.middle for one in near if one.dims == powers(money=1) and one is not result]
    # "$88.50 against $81": what another gigabyte costs is no price of a card.
    told = [one for one in told if one >= _SMALLEST * result.middle]
    launched = [float(gpu.value("launch_price") or 0.0) for gpu in gpus]
    if result.low < _CHEAP or _PER_GB.search(text) or not (told or "launch" in text):
        return None
    # A price told anywhere in the document may be meant.
    told += _prices(window) if not told or len(told) > len(gpus) else []
    sizes = [_size(gpu) for gpu in gpus] + [one.middle for one in near if one.dims == powers(byte=1)]
    sizes += _sizes(window)
    many = [1.0, *(one.low for one in near if one.kind == "count")]
    ways = [
        price / size * by
        for price in (*told, *launched)
        for size in sizes
        for n in many
        for by in {n, 1 / n}
        if price and size
    ]
    if any(is_near(result, one, one, wide=_WIDE) for one in ways):
        return None
    first = ((told or launched)[-1], sizes[0])
    return _told(
        window,
        ways,
        f"a price of ${first[0]:,.0f} over {first[1] / GB:g} GB makes ${first[0] / first[1] * GB:,.2f}",
    )


#: The memory of the smallest card of which such a price is told, B.
_SMALLEST = 4 * GB


def _sizes(window: Window) -> list[float]:
    """Every amount of memory of the document, in B."""
    known: list[float] | None = window.context.memo.get("sizes told")
    if known is None:
        known = window.context.memo["sizes told"] = sorted(
            {
                each.value
                for passage in window.context.document.passages
                for each in quantities(passage.text, window.context.fraction)
                if each.dimension == "memory" and each.value >= _SMALLEST
            }
        )
    return known[:_TOLD_SIZES]


#: Sizes of memory that are tried of a document.
_TOLD_SIZES = 24


def _prices(window: Window) -> list[float]:
    """Every price of the document, in digits."""
    known: list[float] | None = window.context.memo.get("prices told")
    if known is None:
        known = window.context.memo["prices told"] = [
            float(re.sub(r"[^\d.]", "", each[0]))
            for passage in window.context.document.passages
            for each in _PRICE.finditer(passage.text)
        ]
    return known


_PRICE = re.compile(r"[$\u20ac]\s?\d[\d,]*(?:\.\d+)?|(?<![\d.,])\d[\d,]*(?=\s(?:dollars|euros))")


#: What two are apart is no total of either.
_APART = re.compile(r"\b(?:difference|gap|sav\w+|more|less|gain)\b", re.IGNORECASE)


def _of_so_many(window: Window, gpus: Sequence[Gpu]) -> Finding | None:
    """What so many have or draw together, by every device."""
    result, text = window.result, window.passage.text
    before = [one for one in window.around if window.sentence.start <= one.start < result.start]
    # Of a list of such amounts each has its own number.
    count = before[-1] if before else None
    if count is None or count.kind != "count" or count.noun != "gpu" or count.low < 2 or count.per:
        return None
    between = text[count.end : result.start]
    if (
        not _HAVE.fullmatch(between)
        or _APART.search(between)
        or _NOT_OWN.search(text, count.start, min(window.sentence.end, result.end + 24))
    ):
        return None
    key = "memory" if result.dims == powers(byte=1) else "power"
    one = [_size(gpu) if key == "memory" else float(gpu.value("power") or 0.0) for gpu in gpus]
    told = [each.middle for each in window.around if each.dims == result.dims and each is not result]
    ways = [value * by for value in (*one, *told) if value for by in (count.low, 1.0)]
    ways += [
        value * other.low
        for value in (*one, *told)
        if value
        for other in window.around
        if other.kind == "count"
    ]
    ways += [a + b for a in ways for b in told] if len(told) < _MOST else []
    # "With two cards you have 192 GB": of whichever device the text speaks of.
    others = [window.context.catalogue[each] for each in window.context.spoken_of]
    ways += [
        value * count.low
        for gpu in others
        if (value := _size(gpu) if key == "memory" else float(gpu.value("power") or 0.0))
    ]
    if not any(one) or any(is_near(result, each, each, wide=_WIDE) for each in ways):
        return None
    largest, least = max(one) * count.low, min(filter(None, one)) * count.low
    if not least / _FAR < result.middle < largest * _FAR:
        return None
    scale = result.low / result.digits
    words = " or ".join(sorted({f"{value * count.low / scale:,.4g}" for value in one if value}))
    return _told(window, ways, f"{count.words} of what is spoken of have {words}")


def _per_watt(window: Window, gpus: Sequence[Gpu]) -> Finding | None:
    """FLOP/s per watt, by every device and every format."""
    result = window.result
    ways = list(_rates_per_watt(gpus))
    told = [one for one in window.around if one is not result]
    ways += [
        a.middle / b.middle
        for a in told
        for b in told
        if a.dims == powers(flop=1, second=-1) and b.dims == powers(joule=1, second=-1)
    ]
    if (
        not ways
        or _NOT_OWN.search(window.sentence.text)
        or any(is_near(result, one, one, wide=_WIDE) for one in ways)
    ):
        return None
    return _told(window, ways, "no peak of a device spoken of over its power makes that")


def _rates_per_watt(gpus: Sequence[Gpu]) -> Iterator[float]:
    for gpu in gpus:
        power = float(gpu.value("power") or 0.0)
        for field in _PEAKS:
            rate = float(gpu.value(field) or 0.0)
            # With sparsity and without.
            yield from (rate / power * by for by in (1.0, 2.0, 0.5) if rate and power)


_PEAKS = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "fp16_vector", "bf16", "fp8", "fp4", "int8", "int4")


def _told(window: Window, ways: Sequence[float], because: str) -> Finding | None:
    result = window.result
    nearest = min(ways, key=lambda one: abs(one / result.middle - 1))
    if not 1 / 4 < nearest / result.middle < 4:
        return None
    return finding(window, because)
