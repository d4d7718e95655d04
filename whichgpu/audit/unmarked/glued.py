"""Numbers that a page's text ran together: "CUDA Cores1638410752" is 16,384 and 10,752.

Where one ends and the next begins is not in the text. It is where most of the parts are values of the devices
in their order; what then is left over is what the text states of the others, right or wrong.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.cells import read_as, unit_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.values.judging import judged
from whichgpu.audit.values.nearest import fitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue

#: Digits that ran together at the end of a line, and as many of them at most.
_RUN = re.compile(r"(?<=[^\d\s.,])[ \t]?(?P<digits>\d[\d,.]{3,39})$")
#: A number as it is written by itself.
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|[1-9]\d{0,5}(?:\.\d{1,2})?|0\.\d{1,2}")
#: Units of bare numbers, by dimension; parts that differ by more digits are no values of one thing.
_UNITS = {"flop rate": "TFLOPS", "op rate": "TOPS", "memory": "GB", "bandwidth": "GB/s", "power": "W",
          "bits": "bit", "frequency": "MHz"}  # fmt: skip
_DIGITS = 1
#: Digits from which on only parts of one length are tried.
_LONG = 24


def parted(
    line: Passage, attribute: Attribute, devices: Sequence[tuple[str, ...]], catalogue: Catalogue
) -> tuple[Passage, ...]:
    """The name and the values of a row whose numbers ran together; none where no way to part them is sure."""
    run = _RUN.search(line.text)
    if run is None or len(devices) < 2:
        return ()
    first, digits = run.start("digits"), run["digits"]
    unit = unit_of(line.text[:first].strip()) or _UNITS.get(attribute.dimension, "")
    best: list[tuple[tuple[int, int], ...]] = []
    most = 0
    for parts in _ways(digits, len(devices)):
        right = max(
            sum(
                _is_of(digits[a:b], unit, attribute, ids, catalogue)
                for (a, b), ids in zip(parts, order, strict=True)
            )
            for order in (devices, devices[::-1])
        )
        if right >= max(most, 1):
            best = [*best, parts] if right == most else [parts]
            most = right
    if len(best) != 1:
        return ()
    name = line.part(0, len(line.text[:first].rstrip(" :")))
    return (name, *(line.part(first + a, first + b) for a, b in best[0]))


def _ways(digits: str, count: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every way to part digits into numbers of about one length."""
    if len(digits) > _LONG:
        yield from _of_one_length(digits, count)
        return
    for cuts in combinations(range(1, len(digits)), count - 1):
        ends = (0, *cuts, len(digits))
        parts = tuple(pairwise(ends))
        if all(_NUMBER.fullmatch(digits, a, b) for a, b in parts):
            lengths = [len(re.sub(r"\D", "", digits[a:b].partition(".")[0])) for a, b in parts]
            if max(lengths) - min(lengths) <= _DIGITS:
                yield parts


def _of_one_length(digits: str, count: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every way to part many digits without marks: so many of the parts have one digit more than the rest."""
    short, longer = divmod(len(digits), count)
    for places in combinations(range(count), longer) if digits.isdigit() else ():
        ends = [0]
        for at in range(count):
            ends.append(ends[-1] + short + (at in places))
        parts = tuple(pairwise(ends))
        if all(_NUMBER.fullmatch(digits, a, b) for a, b in parts):
            yield parts


def _is_of(number: str, unit: str, attribute: Attribute, ids: Sequence[str], catalogue: Catalogue) -> bool:
    """Whether a number is the value of one of these devices, dense or with sparsity."""
    told = next(fitting(attribute, quantities(read_as(number, attribute, unit))), None)
    gpus = [catalogue[key] for key in ids]
    if told is None:
        return False
    ways = (frozenset[str](), frozenset({"sparse"}))
    whats = (stated(told.value, number, "", said, dimension=told.dimension, unit=told.unit) for said in ways)
    return any(judged(attribute, what, gpus, catalogue).verdict == "confirmed" for what in whats)
