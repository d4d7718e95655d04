"""Amounts per gigabyte, per million tokens, per watt, told of several devices in sentences and lists.

"At 25.45 euros per token/s .. against 26.43 for the 4090 .. at 32.98 the best of the table": where what the
document told of the same devices (prices over speeds, speeds over watts) gives the others to their last
digit, one that is off of its own device, and of every other, is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import is_of_name
from whichgpu.audit.claims.told_series import rounding
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import SPOKEN, of_catalogue, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import mentions
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.quantities import Quantity

_TIMES = (1.0, 60.0, 1 / 60, 3600.0, 1 / 3600)
#: What each phrase asks for: of which series it is over which (or times, of a time), by which factors.
_KINDS: Mapping[str, tuple[str, tuple[tuple[str, str], ...], tuple[float, ...]]] = {
    "gigabyte": (r"(?:per (?:GB|gig(?:abyte)?)|\ba gig|/GB)\b(?!/|\s?per\b)", (("price", "memory"),), (1e9,)),
    "million": (
        r"per (?:million|1M)\b|\ba million (?:output )?tokens|/M\b", (("price", "speed"), ("price", "time")),
        tuple(1e6 * each for each in _TIMES),
    ),
    "thousand": (
        r"per (?:1,?000|thousand)\b|\ba thousand (?:images|pictures)",
        (("price", "speed"), ("price", "time")),
        tuple(1e3 * each for each in _TIMES),
    ),
    "watt": (
        r"per (?:watt|joule|W)\b|\b(?:for )?(?:each|every) (?:watt|joule)\b|/W\b",
        (("speed", "power"), ("peak", "power"), ("bandwidth", "power")), (*_TIMES, 1e-12, 1e-9),
    ),
    "money": (r"(?:per|each|every) (?:dollar|euro)\b",
              (("speed", "price"), ("peak", "price"), ("bandwidth", "price")),
              (*_TIMES, 1e-12, 1e-9)),
    "rate": (r"per (?:token|image|picture|sequence)s?(?:/| (?:per|a) )(?:s|second|min|minute|h|hour)\b",
             (("price", "speed"),), _TIMES),
    "image": (
        r"per (?:image|picture|token|hour of use)\b|divide the price by",
        (("price", "speed"), ("price", "time")),
              _TIMES),
}  # fmt: skip
_ASKED = {key: re.compile(words, re.IGNORECASE) for key, (words, _, _) in _KINDS.items()}
_MONEY = frozenset({"gigabyte", "million", "thousand", "rate", "image"})
#: GPUs of a machine, which a price may be of, and where one may be.
_OF_SEVERAL = re.compile(r"\b(?:node|pod|machine|server|instance|all gpus)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"xlarge|\b(?:node|pod|machine|server|instance)\b|^\s*[248]\s?[x\u00d7]", re.IGNORECASE)
_MACHINES = (1, 2, 3, 4, 8, 16)
_NEAR, _OFF, _FAR, _LEAST, _LONG = 0.006, 0.035, 30.0, 2, 40
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_LABEL = re.compile(r"^[^:\u2192=]{2,40}(?::|\u2192|=)")


class _Told(NamedTuple):
    """An amount of a device by some phrase: where it stands, and of what."""

    passage: Passage
    one: Quantity
    ids: frozenset[str]


def find(context: Context) -> Iterator[Finding]:
    """Every such amount that alone is off."""
    told = store(context)
    if not told:
        return
    known = [
        each for each in told if each.measure in _BASES and "over" not in each.label and each.group != SPOKEN
    ]
    known += [each for each in of_catalogue(context) if each.measure in ("memory", "power", "bandwidth")]
    values = {round(one.value, 6) for each in known for one in each.amounts}
    for kind, every in _pools(context).items():
        pool = [each for each in every if round(each.one.value, 6) not in values]
        if len(pool) >= _LEAST:
            yield from _judged(kind[0], pool, known, context)


_BASES = frozenset({"price", "speed", "time", "power", "memory", "bandwidth", "peak"})


def _pools(context: Context) -> dict[tuple[str, str], list[_Told]]:
    """The amounts of each phrase, by the headings that they stand below."""
    pools: dict[tuple[str, str], list[_Told]] = {}
    leading: list[str] = []
    for index, passage in context.document.running():
        if passage.kind != "item":
            leading = [
                key
                for key, way in _ASKED.items()
                if way.search(passage.text[-160:]) and passage.text.rstrip().endswith(":")
            ]
        for sentence in sentences(passage.text):
            kinds = [key for key, way in _ASKED.items() if way.search(sentence.text)]
            kinds = (["rate"] if "rate" in kinds else kinds[:1]) or (
                leading[:1] if passage.kind == "item" else []
            )
            if passage.kind == "item" and kinds and not leading:
                leading = kinds
            every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            for one in every if kinds else ():
                if not _is_meant(passage.text, one, kinds[0]) or is_of_name(index, one.start, context):
                    continue
                told = one
                if one.dimension == "rate" and (digits := _DIGITS.match(passage.text, one.start)):
                    # Images a minute are told by their number.
                    plain = float(digits[0].replace(",", ""))
                    told = one._replace(value=plain, high=plain)
                ids = _owner(index, passage, told, context)
                if ids:
                    pools.setdefault((kinds[0], " > ".join(passage.section)), []).append(
                        _Told(passage, told, ids)
                    )
    return pools


#: Behind a number of such a list: its end, or what it is per.
_LISTED = re.compile(r"\s*(?:[,.;:)](?!\d)|$|(?:and|for the|on the|with the)\b)", re.IGNORECASE)
_PER_SOON = 36
_PER = re.compile(r"\s*(?:per\b|/)", re.IGNORECASE)


def _is_meant(text: str, one: Quantity, kind: str) -> bool:
    """Whether an amount may be one by a phrase: money where it is of money, else what is per watt."""
    if one.value <= 0 or one.high != one.value:
        return False
    if kind in _MONEY:
        # "$0.83 per GB/s" beside what is told per GB.
        other = _PER.match(text, one.end) and not _ASKED[kind].search(text, one.end, one.end + _PER_SOON)
        return one.dimension == "money" and not other
    if one.dimension not in ("number", "rate", "flop rate", "bandwidth"):
        return False
    return bool(_LISTED.match(text, one.end) or _ASKED[kind].search(text, one.end, one.end + _PER_SOON))


def _owner(index: int, passage: Passage, one: Quantity, context: Context) -> frozenset[str]:
    """The device that an amount is told of: right behind "for the", else whose it is."""
    here = context.mentions.get(index, ())
    behind = [each for each in here if each.start >= one.end]
    if behind and _FOR.fullmatch(passage.text, one.end, behind[0].start):
        return frozenset(behind[0].ids)
    if _FOR_ANOTHER.match(passage.text, one.end):
        # "5.7 for the laptop's GPU and 4.0 for the desktop's": of what no name tells.
        return frozenset()
    label = _LABEL.match(passage.text) if passage.kind == "item" else None
    if label and label.end() <= one.start:
        own = list(mentions(label[0], context.catalogue))
        if len(own) == 1:
            return frozenset(own[0].ids)
    sentence = next((each for each in sentences(passage.text) if each.start <= one.start < each.end), None)
    owner = spoken(index, passage, sentence, context).owner(one.start) if sentence else None
    return frozenset(owner.ids) if owner else frozenset()


_FOR_ANOTHER = re.compile(r"\s+(?:for|on|with|from)\s+(?:the|its|that|our|my)\s+[a-z]", re.IGNORECASE)
_FOR = re.compile(
    r"(?:\s?(?:/|per |a )?\s?[a-z/]+){0,4},?\s+(?:for|on|with|from|by)\s+(?:the |an? |our )?", re.IGNORECASE
)


def _judged(kind: str, pool: Sequence[_Told], known: Sequence[Series], context: Context) -> Iterator[Finding]:
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    ways = list(_ways(kind, known))
    right = {at for values, _ in ways for at in _right(pool, values)}
    for values, words in ways:
        mine = _right(pool, values)
        # What stands beside a name that is open may be of any of them.
        also = {
            each.one.value for at, each in enumerate(pool) if at in mine or _is_any(each, [(values, words)])
        }
        if not mine or len(also if kind == "gigabyte" else {pool[at].one.value for at in mine}) < min(
            _LEAST, len(pool) - 1
        ):
            continue
        for at, each in enumerate(pool):
            real = _of(each.ids, values)
            if at in right or not real or _is_any(each, ways) or _has_its_own(each, known, pool, context):
                continue
            apart = each.one.value / real
            off = rounding(_words(each)) + _OFF
            start, end = each.passage.span(each.one.start, each.one.end)
            if (
                not 1 / _FAR < apart < _FAR
                or abs(apart - 1) <= off
                or any(a < end and start < b for a, b in done)
            ):
                continue
            because = f"{words} makes it {real:.4g}, as of the others"
            yield made(
                context, each.passage, (each.one.start, each.one.end), "arithmetic", "inconsistent",
                attribute="told before", because=because, evidence=(Evidence(because),),
            )  # fmt: skip
        return


def _words(told: _Told) -> str:
    return told.passage.text[told.one.start : told.one.end]


def _right(pool: Sequence[_Told], values: Sequence[tuple[Amount, float]]) -> list[int]:
    return [
        at for at, each in enumerate(pool)
        if (real := _of(each.ids, values))
        and abs(each.one.value / real - 1) <= _NEAR + rounding(_words(each))
    ]  # fmt: skip


def _is_any(told: _Told, ways: Sequence[tuple[Sequence[tuple[Amount, float]], str]]) -> bool:
    """Whether an amount is that of some device by some way."""
    return any(
        abs(told.one.value / value * many - 1) <= _NEAR + rounding(_words(told))
        for values, words in ways
        for of, value in values
        for one in (_MACHINES if _OF_SEVERAL.search(words) or _SEVERAL.search(of.name) else (1,))
        for many in (one, 1 / one)
    )


def _has_its_own(told: _Told, known: Sequence[Series], pool: Sequence[_Told], context: Context) -> bool:
    """Whether a sentence states something else that an amount may be made of: "we got 1,650 tok/s, i.e."."""
    values = [one.value for each in known for one in each.amounts]
    text = told.passage.text
    place = next((each for each in sentences(text) if each.start <= told.one.start < each.end), None)
    pooled = {each.one.start for each in pool if each.passage is told.passage}
    return place is not None and any(
        each.start not in pooled and each.dimension not in ("percent", "times", "count")
        and each.value not in (1.0, 2.0, 3.0) and not _ASKED_FOR.match(text, each.start)
        and not any(abs(each.value / one - 1) < _NEAR for one in values if one)
        and not is_of_name(context.place(told.passage), each.start, context)
        for each in within(quantities(text, context.fraction), place.start, place.end)
    )  # fmt: skip


#: Numbers that a phrase is of itself: "per 1,000 images", "for an 8B".
_ASKED_FOR = re.compile(r"(?:1,?000|1M|million)\b|\d+B\b", re.IGNORECASE)


def _of(ids: frozenset[str], values: Sequence[tuple[Amount, float]]) -> float:
    found = {round(value, 12) for one, value in values if one.ids & ids}
    return found.pop() if len(found) == 1 else 0.0


def _ways(kind: str, known: Sequence[Series]) -> Iterator[tuple[list[tuple[Amount, float]], str]]:
    """What the series make of each device in the way that a phrase asks for."""
    _, made_of, factors = _KINDS[kind]
    count = 0
    for top, under in made_of:
        for a in (each for each in known if each.measure == top):
            for b in (each for each in known if each.measure == under and each is not a):
                both = [(x, y) for x in a.amounts for y in b.amounts if x.ids & y.ids]
                if not both or count > _LONG:
                    continue
                count += 1
                for factor in factors:
                    yield (
                        [
                            (x, factor * (x.value * y.value if under == "time" else x.value / y.value))
                            for x, y in both
                        ],
                        " ".join(
                            f"{a.label[:30]} {'times' if under == 'time' else 'over'} {b.label[:30]}".split()
                        ),
                    )
