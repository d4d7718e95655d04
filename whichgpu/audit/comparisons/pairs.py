"""Two devices of one sentence: which is compared with which, and by what their values differ."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.as_stated import as_stated
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.certainty import certain, excludes
from whichgpu.audit.values.offers import usual
from whichgpu.audit.values.sourced import on_file
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.limits import as_sold
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Evidence, Finding
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu


#: A document that names more devices compares no two of them throughout.
_MOST = 16
#: Characters within which a text remembers what it stated of both.
_JUST_BEFORE = 500
#: Characters before a device that say that one comes from it.
_JUST_LEFT = 48


class Pair(NamedTuple):
    """What is compared (`first`) and what it is compared with (`second`), each the ids that it can mean."""

    first: tuple[str, ...]
    second: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Both, as a finding names its subject."""
        return f"{', '.join(self.first)} against {', '.join(self.second)}"


def pair(start: int, end: int, who: Spoken, context: Context) -> Pair | None:
    """The pair that a comparison at a place of a sentence is of: its subject, and what that is set against.

    Where only one is named the other is the second subject of the document, if it has just two.
    """
    moved = _moved(who) or _on_each(start, end, who)
    if moved:
        return Pair(forms(moved[1].named, context), forms(moved[0].named, context))
    before = [each for each in who.here if each.end <= start]
    after = [each for each in who.here if each.start >= end]
    own = [each for each in before if each not in who.against]
    if (
        not before
        and after
        and _LEADS.search(who.text[:start])
        and _IT_IS.fullmatch(who.text, end, after[0].start)
    ):
        # "With twice the memory, the H200 is ahead of the H100": of what follows.
        own, after = after[:1], after[1:]
    first = own[-1] if own else (who.topic[0] if who.topic else None)
    if first is None or (own and not after and (is_left(first, who) or _is_form(first))):
        return None
    apart, after = [each.named for each in after], list(_with(who, end, after))
    set_against = after or [each for each in before if each in who.against][-1:]
    if set_against:
        other = set_against[0]
        if _same(other.named, first.named, context):
            return _of_forms(first, other, end, who)
        return Pair(forms(first.named, context), forms(other.named, context))
    others = [each.named for each in own if not _same(each.named, first.named, context)]
    if others and not after and _told_before(who.text, own, first, context):
        second = others[-1:]
    elif after or others:
        # What comes behind is not compared, and is no other subject either.
        second = []
    else:
        second = [each for each in devices(context) if not _same(each, first.named, context)]
        lone = len(devices(context)) < 2
        near = _just_before(who, start, first, context) or _in_heading(who, first, context)
        nearer = near and second and not any(_same(second[0], each, context) for each in near)
        if len(second) != 1 or lone or nearer or any(_same(second[0], each, context) for each in apart):
            second = near
    return Pair(forms(first.named, context), forms(second[0], context)) if len(second) == 1 else None


def _of_forms(first: Mention, other: Mention, end: int, who: Spoken) -> Pair | None:
    """Two forms of one device that words set against each other: "the PCIe has fewer cores than the SXM5".

    "It has 2.5 times the peak and, in its 40 GB version, 1.7 times the bandwidth" does not.
    """
    if set(other.ids) & set(first.ids):
        return None
    against = other in who.against or _THAN.search(who.text, end, max(other.start, end))
    return Pair(first.ids, other.ids) if against else None


def _is_form(mention: Mention) -> bool:
    """Whether a name is none of its own: "the PCIe card has fewer SMs" than another form, or another card."""
    return not any(map(str.isdigit, mention.text))


def is_left(mention: Mention, who: Spoken) -> bool:
    """Whether a device is what one comes from, and what is said is of another: "if you come from a 3080"."""
    return _LEFT.search(who.text, max(0, mention.start - _JUST_LEFT), mention.start) is not None


#: Between a comparison and the two behind it: "higher on the", "than on the".
_ON_ONE = re.compile(r"[^.;,\d]{0,40}\b(?:on|for|in|with)\s+(?:the\s+|an?\s+|nvidia\s+){0,2}", re.IGNORECASE)
_THAN_ON = re.compile(
    r"\s+(?:than|compared (?:to|with)|versus|vs\.?|against)\s+(?:(?:on|for|in|with|the|an?|nvidia)\s+){0,3}",
    re.I,
)
#: "If you come from a 3080, you get 60 percent more": of the card that one goes to, which is not told.
_LEFT = re.compile(
    r"\b(?:com(?:e|es|ing)|upgrad(?:e|es|ing)|mov(?:e|es|ing)|switch(?:es|ing)?|step(?:s|ping)? up)\s+from\s+"
    r"(?:(?:the|an?|your|my|old|older|nvidia|amd)\s+)*$",
    re.IGNORECASE,
)
#: What begins a sentence before its subject, and what stands before that.
_LEADS = re.compile(
    r"(?:^|[.!?:]\s+)(?:With|Offering|Boasting|Featuring|Delivering|Providing|Thanks to)\b[^.!?;]*$"
)
_IT_IS = re.compile(r"[^.;]*,\s+(?:the\s+|nvidia[\u2019']?s?\s+|amd[\u2019']?s?\s+){0,2}", re.IGNORECASE)


def _just_before(who: Spoken, start: int, first: Mention, context: Context) -> list[tuple[str, ...]]:
    """The one other device that the passage of a sentence, or the two sentences before it, speak of."""
    index = context.place_of_text(who.text)
    named = [each for each in context.mentions.get(index, ()) if each.end <= start]
    firsts = [one.start for one in sentences(who.text) if one.start <= start][-3:]
    for at in reversed(firsts):
        near = [
            each.named for each in named if each.start >= at and not _same(each.named, first.named, context)
        ]
        distinct = {model(each[0], context.catalogue): each for each in near}
        if distinct:
            return list(distinct.values())
    return []


def _in_heading(who: Spoken, first: Mention, context: Context) -> list[tuple[str, ...]]:
    """The other devices of the heading that a sentence stands below."""
    index = context.place_of_text(who.text)
    heading = context.document.passages[index].section[-1:] if index >= 0 else ()
    named = [each.named for line in heading for each in mentions(line, context.catalogue)]
    return [each for each in named if not _same(each, first.named, context)]


_FROM = re.compile(r"\bfrom\s+(?:the\s+|an?\s+|nvidia\s+|amd\s+|old\s+|older\s+)*$", re.IGNORECASE)
_TO = re.compile(r"s?\s+to\s+(?:the\s+|an?\s+|nvidia\s+|amd\s+|new\s+|newer\s+)*", re.IGNORECASE)


def _moved(who: Spoken) -> tuple[Mention, Mention] | None:
    """The two devices of "going from the A100 to the H100"; None where a sentence moves between no two."""
    if len(who.here) != 2:
        return None
    old, new = who.here
    moved = _FROM.search(who.text, max(0, old.start - 30), old.start) and _TO.fullmatch(
        who.text, old.end, new.start
    )
    return (old, new) if moved and old.named != new.named else None


def _on_each(start: int, end: int, who: Spoken) -> tuple[Mention, Mention] | None:
    """The other and the first of "higher on the A100 than on the A30"; None where two are not named so."""
    after = [each for each in who.here if each.start >= start]
    if len(after) < 2 or len(after) < len(who.here) or not _ON_ONE.fullmatch(who.text, end, after[0].start):
        return None
    than = _THAN_ON.fullmatch(who.text, after[0].end, after[1].start)
    return (after[1], after[0]) if than else None


#: What begins another clause, and what says that it is of the comparison all the same.
_CLAUSE = re.compile(r",\s+(?:and|while|but|whereas)\b|[;:]\s", re.IGNORECASE)
#: A clause with a subject of its own: "a third more bandwidth, and it now sits within 5 % of the 3090".
_GOES_ON = re.compile(
    r",\s+(?:and|but|so|while|whereas)\s+(?:it|they|this|that|you|we)\s+(?:\w+\s+)?\w+s?\s", re.IGNORECASE
)
_THAN = re.compile(
    r"\b(?:than|compared|versus|vs|against|over|of|as|beyond|behind|like|relative)\b", re.IGNORECASE
)


#: "The H100 has 80 GB, so the MI300X offers": what is said of the one before is what the other is held
#: against.
_SO = re.compile(
    r"(?:(?:,|;)\s+(?:so|while|whereas|but|and|yet)|:)\s+[*_]*(?:the\s+|its\s+\w+,?\s+|amd[\u2019']s\s+|"
    r"nvidia[\u2019']s\s+){0,2}$",
    re.I,
)


def _told_before(text: str, own: Sequence[Mention], last: Mention, context: Context) -> bool:
    """Whether a sentence tells of one other device first, with its values, and goes on with the last."""
    others = [each for each in own if not _same(each.named, last.named, context)]
    between = text[others[-1].end : last.start]
    single = len({each.named for each in others}) == 1
    return single and _SO.search(between) is not None and bool(quantities(between))


def _with(who: Spoken, end: int, after: Sequence[Mention]) -> Sequence[Mention]:
    """The device behind a comparison that it is with; none where that begins what is said next."""
    between = who.text[end : after[0].start] if after else ""
    apart = _GOES_ON.search(between) or (_CLAUSE.search(between) and not _THAN.search(between))
    return [] if apart else after[:1]


def named_before(passage: Passage, mention: Mention, context: Context) -> list[tuple[str, ...]]:
    """Every other device that a passage, or else its title and the passage before it, names before a name."""
    index = context.place(passage)
    found = [each for each in context.mentions.get(index, ()) if each.end <= mention.start]
    if not any(not _same(each.named, mention.named, context) for each in found):
        found = list(context.mentions.get(index - 1, ())) if index else []
    distinct: list[tuple[str, ...]] = []
    for one in found:
        if not any(_same(one.named, known, context) for known in (*distinct, mention.named)):
            distinct.append(one.named)
    return distinct


def forms(named: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """Of the devices that a name means those whose form the document names, if it names any: its SXM5."""
    known: dict[tuple[str, ...], tuple[str, ...]] = context.memo.setdefault("forms", {})
    if named not in known:
        if "names" not in context.memo:
            context.memo["names"] = {each.named for found in context.mentions.values() for each in found}
        told = {key for each in context.memo["names"] if set(each) < set(named) for key in each}
        known[named] = tuple(key for key in named if key in told) or named
    return known[named]


def devices(context: Context) -> list[tuple[str, ...]]:
    """The devices that a document compares: those of its title, else what it names, few more than sixteen."""
    if "subjects" not in context.memo:
        context.memo["subjects"] = _named_devices(context)
    found: list[tuple[str, ...]] = context.memo["subjects"]
    return found


def compared(who: Spoken, context: Context) -> Pair | None:
    """The two devices that a document compares, in either order, where a sentence and its topic name none."""
    both = devices(context)
    return Pair(*both) if len(both) == 2 and not who.here and not who.topic else None


def sides_of(context: Context) -> Pair | None:
    """The two devices, or two forms of one, that the title of a document sets against each other."""
    if "sides" not in context.memo:
        context.memo["sides"] = _sides(context)
    found: Pair | None = context.memo["sides"]
    return found


def _sides(context: Context) -> Pair | None:
    for line in _headlines(context):
        if len(line) > _SHORT or line.rstrip().endswith((".", "!")) or not _OPPOSED.search(line):
            continue
        named = dict.fromkeys(each.named for each in mentions(_BETWEEN.sub(" ", line), context.catalogue))
        if len(named) == _PAIR and len(devices(context)) <= _PAIR:
            first, second = named
            if not _same(first, second, context):
                return Pair(forms(first, context), forms(second, context))
            # "H100 PCIe vs H100 SXM5"
            return None if {*first} & {*second} else Pair(first, second)
    return None


_PAIR = 2
#: What sets two devices of a title against each other.
_OPPOSED = re.compile(r"\b(?:vs|versus|v|or|against|compared|comparison)\b", re.IGNORECASE)


def in_title(context: Context) -> list[tuple[str, ...]]:
    """The devices that the title of a document, or a short line at its start, sets beside each other."""
    if "titled" not in context.memo:
        lines = (_titled(line, context) for line in _headlines(context))
        context.memo["titled"] = next((found for found in lines if len(found) > 1), [])
    found: list[tuple[str, ...]] = context.memo["titled"]
    return found


def _named_devices(context: Context) -> list[tuple[str, ...]]:
    titled = in_title(context) or _titled(context.document.title, context)
    every = titled or [each.named for found in context.mentions.values() for each in found]
    distinct: list[tuple[str, ...]] = []
    for one in every:
        if len(distinct) <= _MOST and not any(_same(one, known, context) for known in distinct):
            distinct.append(one)
    return distinct


def _headlines(context: Context) -> Iterator[str]:
    """The title of a document, or short lines at its start that end no sentence."""
    yield context.document.title
    for each in context.document.passages[:_OPENING]:
        if len(each.text) < _SHORT and not each.text.rstrip().endswith((".", ":", "!")):
            yield each.text


def _titled(line: str, context: Context) -> list[tuple[str, ...]]:
    """The devices of a title; in "cards between the T4 and the H100" they are not compared."""
    return [each.named for each in mentions(_BETWEEN.sub(" ", line), context.catalogue)]


_OPENING, _SHORT = 4, 140
_BETWEEN = re.compile(r"\bbetween\b[^,;:]{2,30}\band\b.*", re.IGNORECASE)


def _same(a: Sequence[str], b: Sequence[str], context: Context) -> bool:
    """Whether two names are of one model, in whatever form."""
    return model(a[0], context.catalogue) == model(b[0], context.catalogue)


def ratios(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    """First over second for every device that each name can mean and every field, with the words for it."""
    known: dict[object, list[tuple[float, str]]] = context.memo.setdefault("ratios", {})
    key = (attribute.key, both.first, both.second)
    if key not in known:
        known[key] = _ratios(attribute, both, context)
    return known[key]


def _ratios(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    found = []
    for field in attribute.fields:
        for one in as_stated(_sure(both.first, field, context), field, context):
            for other in as_stated(_sure(both.second, field, context), field, context):
                a, b = (_value(context.catalogue[key], field) for key in (one, other))
                if isinstance(a, int | float) and isinstance(b, int | float) and b:
                    found.append((float(a) / float(b), _words(one, other, field, context)))
    return found


def exact(attribute: Attribute, both: Pair, context: Context) -> list[tuple[float, str]]:
    """First over second in memory as there is of it, beside what it is sold as: less what ECC takes."""
    found = []
    for one in _sure(both.first, "memory", context) if attribute.key == "memory" else ():
        for other in _sure(both.second, "memory", context):
            a, b = (float(str(context.catalogue[key].value("memory") or 0)) for key in (one, other))
            if a and b:
                found.append((a / b, _words(one, other, "memory", context)))
    return found


def told(attribute: Attribute, both: Pair, start: int, context: Context) -> tuple[float, str] | None:
    """First over second as the text itself states both just before a place of the file, with its words.

    Only where both are right of some form of the device, so that nothing is accused twice.
    """
    sides = []
    for side in (both.first, both.second):
        ids = set(side)
        stated = _before(attribute.key, start, context)
        near = [each for each in stated if ids & set(each.subject.split(", "))]
        value = next(iter(quantities(near[0].stated, context.fraction)), None) if near else None
        if value is None or not value.value or len({each.stated for each in near}) > 1:
            return None
        if near[0].verdict != "confirmed":
            return None
        sides.append((value.value, near[0].stated))
    (a, one), (b, other) = sides
    return a / b, f"the text itself has {one} and {other}"


def _before(key: str, start: int, context: Context) -> list[Finding]:
    """What is stated of an attribute just before a place of the file, the nearest first."""
    if "stated" not in context.memo:
        context.memo["stated"] = sorted(
            ((each.start, i) for i, each in enumerate(context.memo["found"]) if each.kind == "specification")
        )
    known: list[tuple[int, int]] = context.memo["stated"]
    first, last = (bisect_left(known, (at, 0)) for at in (start - _JUST_BEFORE, start))
    found = (context.memo["found"][i] for _, i in reversed(known[first:last]))
    return [each for each in found if each.attribute == key and each.end <= start]


def _value(gpu: Gpu, field: str) -> object:
    """A value of a device; of its memory the size that it is sold with."""
    value = next((fact.value for fact in as_sold(gpu, field)), None)
    return nominal_gb(value) or value if field == "memory" and isinstance(value, int | float) else value


def _sure(ids: Sequence[str], field: str, context: Context) -> Sequence[str]:
    """The devices of which more than one low source speaks, if there are any, and which can be had."""
    known = tuple(key for key in ids if certain(context.catalogue[key], field)) or tuple(ids)
    return usual(known) if len(known) > 1 else known


def unsure(both: Pair, attribute: Attribute, off: float, context: Context) -> bool:
    """Whether a side of a pair is not known well enough to call wrong what is `off` by so many times."""
    return any(
        not any(excludes(context.catalogue[key], field, off) for key in side for field in attribute.fields)
        for side in (both.first, both.second)
    )


def _words(one: str, other: str, field: str, context: Context) -> str:
    shown = (f"{key} has {context.catalogue[key].display(field)}" for key in (one, other))
    return ", ".join(shown)


def facts(attribute: Attribute, both: Pair, context: Context) -> tuple[Evidence, ...]:
    """The facts on both."""
    return tuple(on_file(context.catalogue[key], attribute) for key in (both.first[0], both.second[0]))


#: What is picked out of two by what sets them apart: "only the older one has it".
ONE_OF_TWO = re.compile(
    r"\b(?:old|new|large|small|big|cheap|fast|slow|strong|weak)(?:g?er|r)\s+"
    r"(?:one|card|gpu|part|of (?:the|these) two)\b",
    re.IGNORECASE,
)


def other_of_two(passage: Passage, ids: Sequence[str], context: Context) -> tuple[str, ...]:
    """The other one of the two devices that a passage names; none where it does not name two."""
    named = {each.named for each in mentions(passage.text, context.catalogue)}
    rest = [one for one in named if not {*one} & {*ids}]
    return rest[0] if len(named) == len(rest) + 1 == 2 else ()
