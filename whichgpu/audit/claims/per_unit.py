"""Who is ahead in a quotient: "per watt the B580 has the higher bandwidth", "per gigabyte the cheaper".

The two amounts of each device are those that the paragraph tells of it, those of its row in the table above,
or those on file. The one that is said to be ahead must not be behind another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import PROSE
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.certainty import certain
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_MONEY = r"(?:dollars?|euros?|price|cost|money|usd|eur|\$|paid)"
_RATES = (
    r"(?:tokens?|images?|pictures?|frames?|samples?|it/s|iterations|throughput|"
    r"performance|speed|work|results?)"
)
_WATT = (
    r"(?:(?:per|for (?:each|every)|by) (?:rated )?watt|per unit of power|"
    r"by (?:its |their |the )?(?:rated )?(?:power|tdp))"
)
_GIG = r"(?:per|for (?:each|every)|a) (?:gigabyte|GB|gig)"
_DOLLAR = r"(?:per|for (?:each|every)) (?:dollar|euro)"
_LEADS = r"|ahead|best|leads|wins"


class _Quotient(NamedTuple):
    """A quotient: how it is named, what is divided by what, and whether less of it is better."""

    pattern: re.Pattern[str]
    above: str
    below: str
    less: bool


def _named(*words: str) -> re.Pattern[str]:
    """What a sentence has all of."""
    return re.compile("".join(rf"(?=[\s\S]*?\b(?:{each}))" for each in words), re.IGNORECASE)


#: The first whose words a sentence has is meant.
_QUOTIENTS = (
    _Quotient(_named(_GIG, f"{_MONEY}|cheap|dear|expensive|afford"), "money", "memory", less=True),
    _Quotient(_named(_DOLLAR, r"gigabytes?|memory|vram"), "memory", "money", less=False),
    _Quotient(_named(_DOLLAR, r"bandwidth"), "bandwidth", "money", less=False),
    _Quotient(_named(_WATT, r"bandwidth"), "bandwidth", "power", less=False),
    _Quotient(_named(_WATT, r"memory|gigabytes|vram"), "memory", "power", less=False),
    _Quotient(_named(_WATT, f"{_RATES}{_LEADS}|efficien"), "rate", "power", less=False),
    _Quotient(_named(_DOLLAR, f"{_RATES}{_LEADS}"), "rate", "money", less=False),
)
_BEST = re.compile(
    r"\b(?:comes out ahead|is (?:\w+ )?ahead|leads|wins|on top|(?:has|offers|gives|delivers|with|gets|"
    r"moves) (?:\w+ )?the "
    r"(?:higher|highest|better|best|most|larger|greater)|(?:has|offers|gives|delivers|moves) (?:more|most)|"
    r"is (?:\w+ )?the "
    r"(?:best|better|winner|most efficient|more efficient)|does (?:best|better|the most)|beats)\b",
    re.IGNORECASE,
)
_CHEAP = re.compile(
    r"\b(?:cheaper|cheapest|less expensive|least expensive|best value|better value|better deal|best deal)\b",
    re.I,
)
_DEAR = re.compile(r"\b(?:dearer|dearest|more expensive|most expensive|costlier|pricier|priciest)\b", re.I)
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|never|nor|neither|if|would|might|could|may|second|third|almost|nearly|"
    r"level|tie[ds]?|"
    r"used|laptop)\b",
    re.IGNORECASE,
)
_OF_EACH = frozenset({"memory", "bandwidth", "power", "money", "rate"})
#: Fields on file that an amount is of where the text tells none.
_FIELDS = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
_MARGIN, _MOST = 0.02, 8


#: What is told of each device, by kinds of amounts.
_Told = dict[frozenset[str], dict[str, float]]


def find(context: Context) -> Iterator[Finding]:
    """Every such statement that the amounts exclude."""
    above: dict[tuple[str, ...], _Told] = {}
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in PROSE:
            continue
        for sentence in sentences(passage.text):
            meant = next((each for each in _QUOTIENTS if each.pattern.match(sentence.text)), None)
            if meant is not None and not _UNSURE.search(sentence.text):
                section = tuple(passage.section)
                if section not in above:
                    above[section] = _of_tables(section, context)
                yield from _of_sentence(index, passage, sentence, (meant, above[section]), context)


def _of_tables(section: tuple[str, ...], context: Context) -> _Told:
    """The amounts of each device of the one table of a section that has one rate."""
    found: _Told = {}
    for table in context.document.tables:
        if tuple(table.section) != section:
            continue
        read: dict[frozenset[str], dict[str, set[float]]] = {}
        for cell in tables.cells(table, context):
            kind = _kind_of(cell.label, cell.attribute.key if cell.attribute else "")
            for one in quantities(cell.passage.text, context.fraction)[:1] if kind else ():
                read.setdefault(frozenset(cell.ids), {}).setdefault(kind, set()).add(one.value)
        for ids, kinds in read.items():
            found[ids] = {kind: next(iter(told)) for kind, told in kinds.items() if len(told) == 1}
    return found


_RATE_HEAD = re.compile(
    rf"(?:{_RATES}|img|tok)[^|]*?(?:/s|per second|/min|per minute|/h)|\bit/s\b|\bfps\b", re.IGNORECASE
)
_POWER_HEAD = re.compile(r"\b(?:power|watts?|tdp)\b", re.IGNORECASE)
_MONEY_HEAD = re.compile(r"[$\u20ac]|\b(?:price|cost|usd|eur)\b", re.IGNORECASE)


def _kind_of(label: str, key: str) -> str:
    """What the cells below a heading are amounts of."""
    if _RATE_HEAD.search(label):
        return "rate"
    if key in _FIELDS:
        return key
    if _MONEY_HEAD.search(label):
        return "money"
    return "power" if _POWER_HEAD.search(label) else ""


def _of_sentence(
    index: int, passage: Passage, sentence: Sentence, known: tuple[_Quotient, _Told], context: Context
) -> Iterator[Finding]:
    meant, above = known
    here = context.mentions.get(index, ())
    own = within(here, sentence.start, sentence.end)
    best = _BEST.search(sentence.text) or (_CHEAP.search(sentence.text) if meant.less else None)
    worst = _DEAR.search(sentence.text) if meant.less else None
    if not (bool(best) ^ bool(worst)) or len({each.named for each in own}) != 1:
        return
    told = dict(above)
    for ids, amounts in _of_text(passage, (0, sentence.start), here, context).items():
        told[ids] = {**amounts, **told.get(ids, {})}
    devices = [ids for ids in told if ids]
    quotients = {ids: share for ids in devices if (share := _quotient(ids, told[ids], meant, context))}
    mine = [share for ids, share in quotients.items() if ids & set(own[0].ids)]
    others = {ids: share for ids, share in quotients.items() if not ids & set(own[0].ids)}
    if len(mine) != 1 or not 1 <= len(others) < _MOST or len(quotients) != len(devices):
        return
    sign = 1 if bool(best) is not meant.less else -1
    ahead = [ids for ids, share in others.items() if (share / mine[0] - 1) * sign > _MARGIN]
    word = best or worst
    if word is None:
        return
    names = {min(ids): share for ids, share in ((frozenset(own[0].ids), mine[0]), *others.items())}
    because = f"{meant.above} over {meant.below}: " + ", ".join(
        f"{key} {share:.4g}" for key, share in names.items()
    )
    yield made(
        context, passage, (sentence.start + word.start(), sentence.start + word.end()), "ordering",
        "inconsistent" if ahead else "confirmed", subject=", ".join(own[0].ids[:2]),
        attribute=f"{meant.above} over {meant.below}", because=because,
        expected="" if not ahead else f"{min(ahead[0])} is ahead", evidence=(Evidence(because),),
    )  # fmt: skip


def _of_text(passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context) -> _Told:
    """The amounts that stand behind each name of a passage, up to the next one; none that is told twice."""
    found: dict[frozenset[str], dict[str, set[float]]] = {}
    named = [each for each in here if place[0] <= each.start < place[1]]
    for at, each in enumerate(named):
        mine = found.setdefault(frozenset(each.ids), {})
        end = min(
            named[at + 1].start if at + 1 < len(named) else place[1], _sentence_end(passage, each.start)
        )
        for one in within(quantities(passage.text, context.fraction), each.end, end):
            if one.dimension in _OF_EACH and one.high == one.value:
                mine.setdefault(one.dimension, set()).add(one.value)
    return {
        ids: {kind: next(iter(told)) for kind, told in kinds.items() if len(told) == 1}
        for ids, kinds in found.items()
    }


def _sentence_end(passage: Passage, at: int) -> int:
    return next(each.end for each in sentences(passage.text) if at < each.end)


def _quotient(ids: frozenset[str], told: Mapping[str, float], meant: _Quotient, context: Context) -> float:
    """One amount over the other; 0 where either is not known."""
    above, below = (_amount(ids, told, kind, context) for kind in (meant.above, meant.below))
    return above / below if above and below else 0.0


def _amount(ids: frozenset[str], told: Mapping[str, float], kind: str, context: Context) -> float:
    if kind in told:
        return told[kind]
    values = {
        float(gpu.value(_FIELDS[kind]) or 0.0)
        for key in ids
        if kind in _FIELDS and certain(gpu := context.catalogue[key], _FIELDS[kind])
    }
    return next(iter(values)) if len(values) == 1 else 0.0
