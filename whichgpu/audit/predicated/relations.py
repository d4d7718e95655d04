"""How a clause sets its device against another: so many times as much, more, less, as much, a value each."""

from __future__ import annotations

from functools import partial
from itertools import permutations, product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import Pair, facts, ratios
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import made
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.predicated.clauses import amounts_in, same_model
from whichgpu.audit.predicated.words import KEYS, likened_to, marks
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.sourced import SPARSE, figures_of
from whichgpu.audit.weighed.sides import BY
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.comparisons.multiple import Multiple
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.predicated.clauses import Clause, Side
    from whichgpu.audit.text.quantities import Quantity

#: What makes an amount one of something else than one device as it is sold.
_ELSE = re.compile(
    r"\b(?:per|each|both|together|combined|total\w*|pairs?|nodes?|servers?|systems?|clusters?|used|"
    r"second[- ]hand|"
    r"rent\w*|hour\w*|month\w*|year\w*|days?|tokens?|images?|requests?|speed-?ups?|faster|quicker|throughput|"
    r"latenc\w+|training|inference|performance|sparse|sparsity|slices?|instances?|laptop|mobile|measured|"
    r"tests?|tested|benchmark\w*|weights?|parameters?|models?|cache|batch\w*|context|effective\w*|idl\w+|load|"
    r"overclock\w*|undervolt\w*|efficien\w+|value|street|today|now|current\w*|if|would|could|might|cooler|"
    r"pcie|host|cpu|games?|gaming|fps|frames?|resolution|version|variant|usable|free|left|remain\w*|"
    r"generations?|not|never|neither|nor)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: Behind a multiple without a noun of its own: it is of what was told before.
_OF_THAT = re.compile(
    r"\s*(?:as (?:much|many|high|wide|large|big)\b(?!\s(?:\w+\s)?as)|(?:of )?(?:that|it|this)\b(?!\s\w)|"
    r"(?:of )?(?:that of|those of|what)\b|$|the (?:rate|speed)\b(?! of)|"
    r"the (?:number|amount|figure|value)\b)",
    re.IGNORECASE,
)


def relations(one: Clause, context: Context) -> Iterator[Finding]:
    """What a clause says of its device against another, and is wrong."""
    if not one.who or _ELSE.search(_unnamed(one)) or _several(one):
        return
    yield from _times(one, context)
    yield from _ordered(one, context)
    yield from _apart(one, context)
    yield from _level(one, context)
    yield from _elided(one, context)


def _unnamed(one: Clause) -> str:
    """The words of a clause without the name of its subject."""
    text, who = one.passage.text, one.who
    inside = who is not None and one.start <= who.start < who.end <= one.end
    return f"{text[one.start : who.start]} {text[who.end : one.end]}" if inside and who else one.text


def _several(one: Clause) -> bool:
    """Whether it is of several of its device."""
    return counted(one.passage.text, one.start, one.body) > 1


def _base(one: Clause, context: Context) -> Side:
    """The other device that a clause can be against: that it names, else that was told before."""
    base = one.against or one.other
    return () if same_model(one.subject, base, context) else base


def _times(one: Clause, context: Context) -> Iterator[Finding]:
    """So many times as much: "half as many", "more than triples the bandwidth of the A10"."""
    text = one.passage.text
    every = [
        each for each in claims(text, one.sentence, context.fraction) if one.body <= each.start < one.end
    ]
    for claim, behind in zip(every, [*(each.start for each in every[1:]), one.end], strict=False):
        if one.who and BY.fullmatch(text, one.who.end, claim.start):
            # "It leads the A by 18 % and the B by a factor of 2.8": the B is no subject.
            continue
        named = _named_behind(one, claim.end, behind, context)
        bare = _OF_THAT.match(text, claim.end, one.end) is not None or _is_whole(one, claim.end, named)
        again = bare or _is_of_the_same_two(one, claim.end, context)
        base = (named.ids if named else ()) or (_base(one, context) if again else one.against)
        key = _key_of(one, (claim.start, claim.end, behind), bare=bare)
        if key and base and not (_OF_MONEY.search(one.text) and key != "launch_price"):
            yield from _if_none(
                one,
                (claim.start, claim.end),
                key,
                base,
                context,
                partial(_may_be, claim.ways),
            )


def _is_of_the_same_two(one: Clause, at: int, context: Context) -> bool:
    """Whether a clause goes on with a ratio of the same two: "twice the memory, but 1.5 times the cores"."""
    before, after = one.before, marks(one.passage.text, at, one.end)
    if before is None or one.named or before.who is not one.who or not after:
        return False
    same = before.sentence.start == one.sentence.start and claims_in(before, context)
    return bool(same and _ARTICLE_OF.fullmatch(one.passage.text, at, after[0].start)
                and not one.passage.text[after[0].end : one.end].strip(" .*;"))  # fmt: skip


_ARTICLE_OF = re.compile(r"\s+(?:as (?:much|many)\s+)?(?:the\s+|of the\s+)?", re.IGNORECASE)


def _may_be(ways: Sequence[Multiple], real: float) -> bool:
    """Whether a ratio is near what is told, or a little further off than rounding excuses."""
    return any(is_near(way, real * off) for way in ways for off in (1.0, 1.04, 0.96))


def _named_behind(one: Clause, start: int, end: int, context: Context) -> Mention | None:
    """The first device that a clause names behind a place, and sets its subject against."""
    here = context.mentions.get(one.number, ())
    found = next((each for each in here if start <= each.start < end and each.ids), None)
    if found is None:
        return None
    alone = _ARTICLE.fullmatch(one.passage.text, start, found.start)
    return found if alone or likened_to(one.passage.text, start, found.start) else None


def _is_whole(one: Clause, start: int, named: Mention | None) -> bool:
    """Whether nothing but a device stands behind a multiple: "five times the A100's"."""
    if named is None:
        return False
    text = one.passage.text
    return bool(_ARTICLE.fullmatch(text, start, named.start) and _OWNS.fullmatch(text, named.end, one.end))


_ARTICLE = re.compile(r"\s+(?:(?:the|an?|that of|those of|nvidia[\u2019']s)\s+)*", re.IGNORECASE)
_OWNS = re.compile(r"(?:[\u2019']s?)?[\s.*;]*")


def _key_of(one: Clause, place: tuple[int, int, int], *, bare: bool) -> str:
    """The attribute that a multiple in a clause is in: that behind it, else that before it."""
    start, end, behind = place
    text = one.passage.text
    after = marks(text, end, behind)
    if after and after[0].start - end <= _NEAR:
        return after[0].key if after[0].key in KEYS else ""
    if not bare:
        return ""
    before = marks(text, one.start, start)
    found = {each.key for each in before}
    return (found.pop() if len(found) == 1 else "") if before else one.key or one.carried


#: Letters between a multiple and what it is in.
_NEAR = 24
#: How far a value that some source states is from what it is taken to be.
_STATED = 0.15
#: What sets prices against each other.
_OF_MONEY = re.compile(
    r"\b(?:cost\w*|pric\w+|expensive|cheap\w*|dear\w*|pa(?:y|id)|money|dollars?)\b", re.IGNORECASE
)
_MORE = r"more|higher|larger|bigger|greater|wider|ahead|above|beyond"
_LESS = r"less|fewer|lower|smaller|narrower|behind|below"
_ORDER = re.compile(
    rf"\b(?:even |slightly |far |much |still )*(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\b", re.IGNORECASE
)
#: Behind an order, what it is in or against.
_AS_ORDER = re.compile(
    r"\s*(?:$|than\s|of\s(?:it|that)\b|the\s|in\s(?:this|that)\s(?:respect|regard)|"
    r"(?P<noun>[\w -]{2,28}?)\s+than\s)",
    re.IGNORECASE,
)


def _ordered(one: Clause, context: Context) -> Iterator[Finding]:
    """More or less than another: "fewer than the L4", "the B200 even more"."""
    text = one.passage.text
    found = [*_ORDER.finditer(text, one.body, one.end)]
    if len(found) != 1 or any(one.body <= each.start < one.end for each in amounts_in(one, context)):
        return
    order = found[0]
    if claims_in(one, context) or not (_AS_ORDER.match(text, order.end(), one.end)):
        return
    # "The H100's smaller", "the B200 even more": than the one before.
    bare = not text[order.end() : one.end].strip(" .;*") and _HAS.fullmatch(text, one.body, order.start())
    base = one.against or (one.other if bare and one.named else ())
    key = _order_key(one, order.end()) or (one.carried if not one.key else "")
    if not key or not base or same_model(one.subject, base, context):
        return
    up = bool(order["more"])
    yield from _if_none(one, order.span(), key, base, context,
                        lambda real: real >= 1 if up else real <= 1, near=1.02)  # fmt: skip


_HAS = re.compile(
    r"[\u2019']?s?\s*(?:(?:is|has|offers|are|was|comes with|brings|even|still|much|far)\s*)*", re.IGNORECASE
)


def _order_key(one: Clause, at: int) -> str:
    """The attribute that an order is in: that between it and "than", else that before it."""
    text = one.passage.text
    told = _AS_ORDER.match(text, at, one.end)
    if told and told["noun"]:
        inside = marks(text, *told.span("noun"))
        return (
            inside[-1].key if inside and inside[-1].end == told.end("noun") and inside[-1].key in KEYS else ""
        )
    before = {each.key for each in marks(text, one.start, at)}
    return key if len(before) == 1 and (key := before.pop()) in KEYS else ""


def claims_in(one: Clause, context: Context) -> bool:
    """Whether a clause tells a ratio."""
    return any(one.start <= each.start < one.end
               for each in claims(one.passage.text, one.sentence, context.fraction))  # fmt: skip


#: Before or behind an amount, that it is a difference.
_MORE_BY = re.compile(
    r"\s*(?:of (?:memory|power|bandwidth) )?(?:(?P<more>more|higher|above|extra)|"
    r"(?P<less>less|fewer|lower|below))\b(?!\s+or\b)",
    re.IGNORECASE,
)
_SAVED = re.compile(
    r"\b(?:(?P<less>saving|savings|reduction|drop|cut) of|(?P<more>increase|rise|surplus) of)\s+"
    r"(?:about |some |roughly |only |just )*$",
    re.IGNORECASE,
)
#: Dimensions that are attributes by the same name.
_DIFFERS = frozenset({"memory", "bandwidth", "power"})


def _apart(one: Clause, context: Context) -> Iterator[Finding]:
    """So much more or less: "35 W less than the A10", "a saving of 100 W"."""
    text = one.passage.text
    for each in amounts_in(one, context):
        told = _MORE_BY.match(text, each.end, one.end) or _SAVED.search(text, one.start, each.start)
        key = each.dimension if each.dimension in _DIFFERS else _counted(one, each)
        value = each.value
        if not key and each.dimension == "number" and one.amount and one.amount.dimension in _DIFFERS:
            # "It draws 750 W, 50 less than the other": in the unit of the amount before.
            key = one.amount.dimension
            value *= _scale(one.amount, key)
        base = _base(one, context)
        if not told or not key or not base or each.value != each.high:
            continue
        sign = 1 if told["more"] else -1
        own = [*_values(key, one.subject, context), *_others_told(one, key, context)]
        gaps = [a - b for a, b in product(own, _values(key, base, context))]
        if gaps and not any(abs(gap - sign * value) <= 0.12 * abs(value) for gap in gaps):
            yield _accused(
                one, (each.start, told.end() if told.end() > each.end else each.end), key, base, context
            )


_SAME = re.compile(
    r"\b(?:the|exactly the|just the) same\b(?!\s+(?:time|year|day|way|as before))", re.IGNORECASE
)


def _level(one: Clause, context: Context) -> Iterator[Finding]:
    """As much as another has: "the same number of cores as the module"."""
    told = _SAME.search(one.passage.text, one.body, one.end)
    if told is None or not one.key:
        return
    here = one.who is not None and one.sentence.start <= one.who.start
    of = [each.end for each in marks(one.passage.text, told.end(), one.end)]
    alone = here and of and _NOTHING_MORE.fullmatch(one.passage.text, of[-1], one.end)
    base = one.against or (one.other if alone else ())
    if base and not same_model(one.subject, base, context):
        yield from _if_none(one, (told.start(), one.end), one.key, base, context,
                            lambda real: abs(real - 1) <= 0.03, near=1.04)  # fmt: skip


#: Behind "the same", what it is of, and nothing with which it is set beside another.
_NOTHING_MORE = re.compile(r"(?:\s(?:size|count|draw|rating|budget))?[\s.;,]*(?:\bbut\b.*)?", re.IGNORECASE)
#: Between a name and its value without a unit.
_ONLY = re.compile(r"[\u2019']?s?(?:\s(?:[a-z-]+))*\s*|\s*(?:[a-z]+\s)*")
#: Behind it, whose it is; nothing else.
_WHOSE = re.compile(
    r"\s*(?:(?:wide )?(?:on|for|in|with|at) (?:the |an? |nvidia[\u2019']s )?)?$", re.IGNORECASE
)
#: Numbers that are years.
_YEARS = 1990, 2035
#: Words between a name and its value: more say something else.
_WORDS_BETWEEN = 5
#: How far off "about", "nearly" and the like may be.
_ABOUT = 0.15


def _elided(one: Clause, context: Context) -> Iterator[Finding]:
    """A bare number behind a name, in the unit of the one told before: "the A10 has 24 GB, the L40S 32"."""
    text, before = one.passage.text, one.amount
    key = one.carried
    if before is None or not one.named or not key or (one.key and one.key != key):
        return
    bare = [each for each in amounts_in(one, context) if each.start >= one.body]
    if (
        len(bare) != 1
        or bare[0].dimension != "number"
        or _YEARS[0] <= bare[0].value <= _YEARS[1]
        or bare[0].value != bare[0].high
    ):
        return
    told = bare[0]
    who, unit = one.who, _scale(before, key)
    turned = who is not None and told.end <= who.start
    between = text[one.body : told.start]
    rest = text[told.end : who.start if turned and who else one.end].rstrip(".*;")
    plain = _ONLY.fullmatch(between) and len(between.split()) <= _WORDS_BETWEEN and _WHOSE.fullmatch(rest)
    if not plain or not unit:
        return
    reals = _values(key, one.subject, context, driver=True)
    value = told.value * unit
    near = _ABOUT if told.limit else 0.04
    if key == "cores" and value in _values("sms", one.subject, context):
        # Makers other than NVIDIA call their multiprocessors cores.
        return
    if key in SPARSE and any(abs(value / real / 2 - 1) <= 0.04 for real in reals):
        # With sparsity, which a clause may say elsewhere.
        return
    if (
        reals
        and not any(abs(value / real - 1) <= near for real in reals)
        and _sure(one.subject, key, value, context)
    ):
        yield _accused(one, (told.start, told.end), key, (), context)


#: What a unit's first letter counts.
_PREFIXES = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "P": 1e15}


def _scale(before: Quantity, key: str) -> float:
    """What a bare number counts where the amount before it is in this unit."""
    dimension = before.dimension
    if dimension == "number" and attributes()[key].dimension == "count":
        # "16,384 cores": the noun is what it is of.
        return 1.0
    if dimension != attributes()[key].dimension and not (key == "memory_bus" and dimension == "bits"):
        return 0.0
    if dimension in ("memory", "bandwidth", "flop rate", "op rate"):
        return _PREFIXES.get(before.unit.strip()[:1], 0.0)
    return 1.0 if before.value and dimension in ("power", "bits", "number", "count") else 0.0


def _counted(one: Clause, what: Quantity) -> str:
    """What a bare number is of by the word behind it: "1,000 more cores"."""
    behind = marks(one.passage.text, what.end, one.end)
    near = behind and what.dimension in ("number", "count") and behind[0].start - what.end <= _NEAR
    return behind[0].key if near and behind[0].key in KEYS else ""


def _values(key: str, side: Side, context: Context, *, driver: bool = False) -> list[float]:
    """What any source states of an attribute of devices; of memory what it is sold as, or a driver says."""
    found: list[float] = []
    for one in _forms(side, context):
        gpu = context.catalogue[one]
        sold = (
            nominal_gb(float(str(gpu.value("memory")))) if key == "memory" and gpu.value("memory") else None
        )
        if sold is None or driver:
            decided = attributes()[key].amounts(gpu)
            stated = (value for value, _ in figures_of(attributes()[key], frozenset(), "", gpu))
            # What one source states, and is far from what was decided on, is its mistake.
            found += [each for each in stated if any(abs(each / real - 1) <= _STATED for real in decided)]
        if sold is not None:
            found.append(sold * 1e9)
    return found


def _forms(side: Side, context: Context) -> set[str]:
    """The devices that a name can mean, and those of its model that the text speaks of."""
    named = model(side[0], context.catalogue)
    laptops = {f"{each}-laptop" for each in side} & context.spoken_of
    return {*side, *laptops, *(each for each in context.spoken_of if model(each, context.catalogue) == named)}


def _sure(side: Side, key: str, value: float, context: Context) -> bool:
    """Whether what is on file of devices is sure enough to exclude a value."""
    return all(
        any(
            excludes(context.catalogue[one], field, value / real)
            for field in attributes()[key].fields
            for real in attributes()[key].amounts(context.catalogue[one])
        )
        for one in side
    )


def _narrowed(one: Clause, side: Side, key: str, context: Context) -> Side:
    """Of the devices that a name can mean those that have what the paragraph told of it last."""
    told = next((value for ids, what, value in reversed(one.told)
                 if what == key and same_model(ids, side, context)), 0.0)  # fmt: skip
    own = tuple(each for each in side
                if any(told and abs(real / told - 1) <= 0.04
                       for real in attributes()[key].amounts(context.catalogue[each])))  # fmt: skip
    return own or side


def _if_none(  # noqa: PLR0917
    one: Clause, place: tuple[int, int], key: str, base: Side, context: Context,
    holds: Callable[[float], bool],
    near: float = 0.0,
) -> Iterator[Finding]:  # fmt: skip
    """The accusation of a relation that holds of no two devices that are meant."""
    if same_model(one.subject, base, context) or not _sure_of(one.subject, key, context):
        return
    own, others = (_values(key, _narrowed(one, side, key, context), context) for side in (one.subject, base))
    if not own or not others or not _sure_of(base, key, context):
        return
    told = _told(one, place[0], key, context)
    more = _others_told(one, key, context)
    pairs = [*product([*own, *more, *told], others), *product([*own, *more], told), *permutations(told, 2)]
    pairs += product(others, [*own, *more] if more else ())
    if not any(holds(a / b) or (near and 1 / near <= a / b <= near) for a, b in pairs):
        yield _accused(one, place, key, base, context)


def _others_told(one: Clause, key: str, context: Context) -> list[float]:
    """What the devices have of which a fragment, or what "that is" takes up, may be, too."""
    if one.is_of_what_was_said:
        sides = [side for side, what, _ in one.told if what == key]
        return [value for side in (*sides, one.other) if side for value in _values(key, side, context)]
    if one.body != one.start:
        return []
    # Of which of two that were told a fragment is, its words do not tell.
    sides = [side for side, what, _ in one.told[-2:] if what == key and side != one.subject]
    return [value for side in sides for value in _values(key, side, context)]


def _told(one: Clause, end: int, key: str, context: Context) -> list[float]:
    """The amounts that its sentence tells of an attribute before a place, of no device that is known."""
    every = within(quantities(one.passage.text, context.fraction), one.sentence.start, end)
    known = {value for _, _, value in one.told}
    return [each.value for each in every if each.dimension == attributes()[key].dimension and each.value
            and each.dimension not in ("number", "count") and each.value not in known]  # fmt: skip


def _sure_of(side: Side, key: str, context: Context) -> bool:
    """Whether what is on file of an attribute of devices is certain."""
    return all(
        any(excludes(context.catalogue[one], field, 2.0) for field in attributes()[key].fields)
        for one in side
    )


def _accused(one: Clause, place: tuple[int, int], key: str, base: Side, context: Context) -> Finding:
    """A relation that is wrong, or a value, with what is on file of the devices that it is of."""
    both = Pair(one.subject, base or one.subject)
    found = ratios(attributes()[key], both, context)
    if base:
        because = f"{found[0][1]}: {found[0][0]:.3g} times" if found else "their values differ otherwise"
    else:
        gpu = context.catalogue[one.subject[0]]
        because = f"{gpu.id} has {gpu.display(attributes()[key].fields[0])}"
    return made(
        context, one.passage, place, "ratio" if base else "specification", "contradicted",
        subject=both.subject if base else ", ".join(one.subject), attribute=key, because=because,
        evidence=facts(attributes()[key], both, context),
    )  # fmt: skip
