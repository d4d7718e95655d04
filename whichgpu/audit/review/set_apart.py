"""Accusations of what the words beside set apart: figures of two in brackets, a difference, a miner's draw.

"Higher bandwidth: 1,555 GB/s (640 GB/s vs 1,555 GB/s)": of the one that has more. "60 MH/s at 120 W": as
it mines.
"核心面积增大了近80mm²": by so much, not so much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import withheld
from whichgpu.audit.review.elsewhere import withheld_for
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

#: Behind what a comparison is by, what the two have: "(640.0 GB/s vs 1555 GB/s)".
_OF_BOTH = re.compile(
    r"\((?P<a>\d[\d.,]*)\s?(?P<unit>[A-Za-z/%\"]*)[^()]{0,12}?\s(?:vs\.?|versus|gegen|contre|contro|против)\s"
    r"(?P<b>\d[\d.,]*)[^()]{0,16}\)",
    re.IGNORECASE,
)
#: What comes before it in a list of who is ahead in what.
_AHEAD = re.compile(
    r"\W*(?:\d+(?:\.\d+)?%\s)?(?:higher|larger|more|newer|lower|faster|wider|bigger|greater|better|less|fewer|"
    r"smaller|later|narrower|slower|shorter|longer)\b[^:()]{0,40}:?\s*[^:()]{0,24}",
    re.IGNORECASE,
)
#: Words of mining, in which a card draws what its owner sets.
_MINING = re.compile(
    r"\b\d+(?:\.\d+)?\s?[kMG]H/s\b|\bhash ?rates?\b|\bmin(?:ing|ers?) (?:rigs?|power)\b", re.IGNORECASE
)
_RATED = re.compile(
    r"\b(?:TDP|TGP|TBP|rated|board power|thermal design|power limit of|specified)\b", re.IGNORECASE
)
#: Before an amount by which something grew or shrank, which is no amount of it.
_BY_SO_MUCH = re.compile(
    r"(?:增加|增大|提升|提高|增长|减少|减小|降低|下降|缩小|扩大|多|少|高|低|快|慢)了(?:近|约|大约|将近|超过|足足|整整)?\s*$|"
    r"(?:高|多|低|少)出(?:近|约|大约|将近|超过)?\s*$"
)


#: Before a price, that it is none of the launch: "MSRP: $900 | Avg: $300".
_OF_TODAY = re.compile(
    r"\b(?:avg\.?|average|street|used|current(?:ly)?|now|sale|lowest|resale|ebay|second[- ]hand)\b"
    r"(?:\s+price)?\s*[:=]?\s*~?$",
    re.IGNORECASE,
)
#: Behind a number, that it counts generations: "Tensor Cores der 5. Generation".
_NTH = re.compile(r"\.\s?(?:Generation|Gen\b|g\u00e9n\u00e9ration|generaci\u00f3n)", re.IGNORECASE)
#: A fraction that no sheet tells so finely: a version and a value that run together.
_TOO_FINE = re.compile(r"\d\.\d{5,}(?!\d)")
#: A sentence that goes on about one of those before, without its name.
_THE_ONE = re.compile(r"\s*The (?:new )?(?:GPU|card|chip|accelerator|board|part)\b")
_AS_ANNOUNCED = "as announced"
#: Architectures whose units issue two instructions, which their maker counts twice.
_DUAL = ("rdna3", "rdna4", "rdna35")


def without_set_apart(found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings as they are, or unverifiable where the words beside an accusation set it apart."""
    return withheld_for(_TESTS, _without_beside(found, context), context)


def _without_beside(found: Iterable[Finding], context: Context) -> list[Finding]:
    """What the letters right beside a figure tell, in cells of tables as well."""
    reasons = {"it is what it costs now": _is_of_today, "it counts generations": _is_of_generation}

    def why(one: Finding) -> str:
        return next((reason for reason, test in reasons.items() if one.accuses and test(one, context)), "")

    return [withheld(each, reason) if (reason := why(each)) else each for each in found]


def _is_of_one_of_both(found: Finding, where: At, context: Context) -> bool:
    """Whether who is ahead and by what is told with the figures of both, one of which it is."""
    if found.kind not in ("specification", "ordering", "identity"):
        return False
    text, sentence = where.passage.text, where.sentence
    both = _OF_BOTH.search(text, sentence.start, sentence.end)
    if both is None or not _AHEAD.fullmatch(text, sentence.start, both.start()):
        return False
    own = found.kind != "specification" or _is_of_any(found, context)
    return own and where.at < both.end()


#: How far rounding takes a figure from that on file.
_NEAR = 0.02


def _is_of_any(found: Finding, context: Context) -> bool:
    """Whether a figure is that of a device that the text speaks of."""
    attribute, told = attributes().get(found.attribute), quantities(found.quote, context.fraction)
    if attribute is None or not told:
        return True
    known = (value for key in context.spoken_of for value in attribute.amounts(context.catalogue[key]))
    return any(value and abs(told[0].value / value - 1) <= _NEAR for value in known)


def _is_of_miner(found: Finding, where: At, _: Context) -> bool:
    """Whether a draw is that of a card that mines, which its owner lowers, and not what it is rated at."""
    if found.kind != "specification" or found.attribute != "power":
        return False
    text = where.passage.text
    near = any(_MINING.search(each) for each in (text, *where.passage.section))
    return near and not _RATED.search(where.sentence.text)


def _is_difference(found: Finding, where: At, _: Context) -> bool:
    """Whether an amount is by how much something grew: Chinese tells it of one by a word before it."""
    if found.kind != "specification":
        return False
    return _BY_SO_MUCH.search(where.passage.text, max(0, where.at - 12), where.at) is not None


def _is_of_today(found: Finding, context: Context) -> bool:
    """Whether a price is what a card costs now, by the word before it."""
    before = context.document.original[max(0, found.start - _BEFORE) : found.start]
    return found.attribute == "launch_price" and _OF_TODAY.search(before) is not None


def _is_of_generation(found: Finding, context: Context) -> bool:
    """Whether a bare number counts generations."""
    bare = found.kind == "specification" and found.quote.isdigit()
    return bare and _NTH.match(context.document.original[found.end : found.end + _BEFORE]) is not None


def _runs_together(found: Finding, _: At, __: Context) -> bool:
    """Whether two figures run together: "NVSwitch 2.0", 36 and "50 GB/s" as "2.03650 GB/s"."""
    return found.kind in ("specification", "identity") and _TOO_FINE.search(found.quote) is not None


def _is_dual_issue(found: Finding, where: At, context: Context) -> bool:
    """Whether units are counted twice, as the maker does that lets them issue two instructions."""
    told = _amount(found, where, context) if found.attribute == "cores" else None
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    return told is not None and any(
        gpu.architecture in _DUAL and told == 2 * float(gpu.value("cores") or 0) for gpu in gpus
    )


def _amount(found: Finding, where: At, context: Context) -> float | None:
    every = quantities(where.passage.text, context.fraction)
    return next((each.value for each in every if each.start == where.at), None)


def _is_as_announced(found: Finding, where: At, context: Context) -> bool:
    """Whether a value is what was announced of its device, or of one that the sentence before names."""
    attribute = attributes().get(found.attribute) if found.kind == "specification" else None
    told = _amount(found, where, context) if attribute else None
    if attribute is None or told is None:
        return False
    ids = set(found.subject.split(", "))
    if _THE_ONE.match(where.sentence.text):
        before = one_before(where.passage.text, where.sentence.start)
        here = context.mentions.get(where.number, ())
        ids |= {key for one in before for each in within(here, one.start, one.end) for key in each.ids}
    return any(
        fact.value == told and (_AS_ANNOUNCED in (fact.note or "") or key not in found.subject.split(", "))
        for key in ids if key in context.catalogue
        for field in attribute.fields
        for fact in context.catalogue[key].stated(field)
    )  # fmt: skip


#: A day before what came out then: "Announced in May 2020, NVLink 3.0 increases".
_CAME_OUT = re.compile(
    r"\W*(?:First\s)?(?:Announced|Released|Launched|Introduced|Unveiled|Presented)\s[^;:]*?\d,\s"
)


def _is_of_what_follows(found: Finding, where: At, context: Context) -> bool:
    """Whether a day at the head of a sentence is of its subject, which is no device."""
    sentence = where.sentence
    here = within(context.mentions.get(where.number, ()), sentence.start, sentence.end)
    dated = found.attribute == "release_date" and not here
    return dated and _CAME_OUT.match(where.passage.text, sentence.start, sentence.end) is not None


#: Before a draw, that it is one of some work, and not the most.
_ON_AVERAGE = re.compile(
    r"\b(?:average|averag\w+|moyenne?|durchschnitt\w*|consumo medio|potencia media|consumo promedio|"
    r"gaming (?:power|draw|load|consumption)|idle)\b"
    r"[^.;]{0,40}$",
    re.IGNORECASE,
)


def _is_on_average(found: Finding, where: At, _: Context) -> bool:
    """Whether a draw is what a card takes on average at some work."""
    if found.kind != "specification" or found.attribute != "power":
        return False
    text, start = where.passage.text, where.sentence.start
    return _ON_AVERAGE.search(text, start, where.at) is not None and not _RATED.search(text, start, where.at)


#: What other languages say of what might be: "utiliserait", "tendr\u00eda", "avrebbe", "soll .. haben".
_MIGHT = re.compile(
    r"\b(?:[a-z\u00e0-\u00ff]{2,}(?:erait|eraient|irait|iraient|drait|draient|urait|uraient)|serait|seraient|"
    r"[a-z\u00e0-\u00ff]{2,}r\u00edan?|(?:av|sar|dovr|potr|us|costr)ebb(?:e|ero)|"
    r"soll(?:en)?\s[^.;]{0,80}?\b(?:haben|bieten|bekommen|kommen|kosten|besitzen|nutzen)|d\u00fcrften?)\b"
)


def _is_rumour(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence in another language says what might be."""
    if found.kind not in ("specification", "identity", "price"):
        return False
    start, end = where.passage.span(where.sentence.start, where.sentence.end)
    return _MIGHT.search(context.document.original[start:end]) is not None


#: Before a device that somebody comes from, or that another is set against.
_AS_AGAINST = re.compile(
    r"\b(?:from|depuis|desde|von|vom|over|than|que|vs\.?|versus|face \u00e0|contre|unlike|like)\s+"
    r"(?:an?|une?|the|la|le|l[\u2019']|einer|eine[mn]?|der|ein|el|un|una)?\s*"
    r"(?:(?:nvidia|geforce|amd|radeon)\s+)*$",
    re.IGNORECASE,
)


def _is_of_the_other(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence without a name goes on about one that has the value, not about what it replaces."""
    sentence = where.sentence
    here = context.mentions.get(where.number, ())
    if found.kind != "specification" or within(here, sentence.start, sentence.end):
        return False
    before = within(here, 0, sentence.start)
    own = set(found.subject.split(", "))
    set_against = [
        each for each in before
        if own & {*each.named} and _AS_AGAINST.search(where.passage.text, max(0, each.start - 40), each.start)
    ]  # fmt: skip
    attribute, told = attributes().get(found.attribute), _amount(found, where, context)
    if not set_against or attribute is None or told is None:
        return False
    others = {key for each in before if not own & {*each.named} for key in each.ids}
    return any(value == told for key in others for value in attribute.amounts(context.catalogue[key]))


#: How near a ratio is one of what the text itself tells.
_NEAR = 0.03


def _is_by_what_is_told(found: Finding, where: At, context: Context) -> bool:
    """Whether a ratio is of an amount told before it and of what the other one has: "192 GB: 2.4x"."""
    attribute = attributes().get(found.attribute) if found.kind == "ratio" else None
    others = found.subject.partition(" against ")[2].split(", ")
    times = _TIMES.search(found.quote)
    if attribute is None or times is None:
        return False
    told = float(times[0])
    before = within(quantities(where.passage.text, context.fraction), where.sentence.start, where.at)
    amounts = [each.value for each in before if each.dimension == attribute.dimension]
    if len(amounts) != 1 or within(context.mentions.get(where.number, ()), where.sentence.start, where.at):
        # A sentence that tells the sides itself is held against what it tells.
        return False
    known = [
        value
        for key in others if key in context.catalogue
        for real in attribute.amounts(context.catalogue[key])
        for value in ((nominal_gb(real) or 0) * 1e9 if attribute.dimension == "memory" else real, real)
    ]  # fmt: skip
    return any(abs(a / b / told - 1) < _NEAR for a in amounts for b in known if b)


_TIMES = re.compile(r"\d+(?:\.\d+)?")
_BEFORE = 24


_TESTS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "it is of one of the two whose figures stand behind it": _is_of_one_of_both,
    "it is what the card draws as it mines": _is_of_miner,
    "it is by how much it grew": _is_difference,
    "it is two figures that run together": _runs_together,
    "its units are counted twice": _is_dual_issue,
    "it was announced so": _is_as_announced,
    "it is of what follows": _is_of_what_follows,
    "it is what a card takes on average": _is_on_average,
    "it is what might be": _is_rumour,
    "it is of the one that has it": _is_of_the_other,
    "it is of what the text tells": _is_by_what_is_told,
}
