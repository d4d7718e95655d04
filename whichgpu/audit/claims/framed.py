"""Clauses that say one thing in one of many ways: "FP8 is off the table with the A100".

The ways are data (`[frame]` of `data/audit.toml`); what they say is held against the catalogue by the same
judges as what other clauses say of capabilities, architectures, years, orderings and kinds of devices.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import named
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import capability_at
from whichgpu.audit.claims.contest import ATTRIBUTES, compared
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.claims.only import asked_shortly
from whichgpu.audit.claims.quantified import Claim, of_kind_judged
from whichgpu.audit.claims.superlative import Among, held_against
from whichgpu.audit.claims.years import of_its_year
from whichgpu.audit.counting import counted
from whichgpu.audit.families import is_of
from whichgpu.audit.fields import of_field
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.framing.slots import Reading, frame, read
from whichgpu.audit.models import TRAINS, formats, models
from whichgpu.audit.needed.verdict import judged_need, of_model, only_size
from whichgpu.audit.pairs import ONE_OF_TWO, Pair, devices, forms, other_of_two
from whichgpu.audit.quantified.properties import Property
from whichgpu.audit.quantified.scopes import Scope, of_kind, of_text, others
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences
from whichgpu.audit.subjects import model
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.capabilities import Capability
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.models import Model
    from whichgpu.audit.needed.verdict import Need
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Where a clause begins, and where it ends.
_BEGINS = (
    r"(?:^[\"\u201c(*_\s]*|[,;:(\u2013\u2014]\s*(?:(?:and|but|so|while|whereas)\s+)?|\s-\s+|\b(?:and|but|so|while|whereas|because|"
    r"since)\s+)"
)
_ENDS = (
    r"(?=\s*(?:[.,;:!)\u2013\u2014*_]|$|\s-\s)|\s+(?:and|but|so|which|because|while|whereas|since|since|making|"
    r"thanks)\b)"
)
#: For whom a statement is made, which it is for all others too: "and if you want to hand out slices,".
_CONDITION = re.compile(
    r"\W*(?:(?:and|but|so)\s+)?(?:if|when|once|for those who|for anyone who)\s+(?:you|we|they|I|need|"
    r"want)\b[^,;.]*,(?=\s)",
    re.IGNORECASE,
)
#: Words before a clause that make of it no statement, and those behind it that take some of it back.
_HEDGED = re.compile(
    r"\b(?:if|whether|unless|would|could|should|might|may|not|never|no|neither|nor|hardly|barely|rumou?r\w*|myths?|claims?|"
    r"wrong\w*|false|hop(?:e|ed|ing)|wish|imagine|suppose|expected|some(?:times)?|than|even if|unlike)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\?|\b(?:unless|except|only (?:with|in|via|through|if|when)|in software|emulat\w*|in theory|on "
    r"paper|if you|"
    r"but (?:for )?(?:the (?:first|second|third|fourth|last|latter|former|other)|one)|"
    r"at (?:its|the) (?:time|launch)|rumou?r\w*|myth|wrong|not true|until)\b",
    re.IGNORECASE,
)


#: What takes memory beside the weights, and the share of a device that weights leave free by far.
_MORE = re.compile(
    r"\b(?:contexts?|users?|concurren\w+|batch\w*|requests?|kv|cache|long|tokens?|images?|offload\w*)\b",
    re.IGNORECASE,
)
_FREE, _TWO = 0.8, 2
_SEVERAL = {"three": 3, "four": 4}
#: Meanings that words before the clause narrow, and those that do not.
_OF_ALL = frozenset(("only", "most", "every", "each", "each_lacks", "each_is_of", "ahead", "behind"))
_ONLY_LEAD = re.compile(r"[\W_]*(?:(?:and|but|so|yes|no|here|today)[\W_]*)?", re.IGNORECASE)


class _Frame(NamedTuple):
    """A way of saying something: its pattern, what it means, and whether it is said of all there are."""

    pattern: re.Pattern[str]
    meaning: str
    wide: bool


class _Said(NamedTuple):
    """What a frame found: the passage, the place of the clause in it, and what stands in the slots."""

    passage: Passage
    place: tuple[int, int]
    slots: Mapping[str, str]
    reading: Reading
    wide: bool
    context: Context

    def words(self, slot: str) -> str:
        """The words of the passage that stand in a slot."""
        thing = self.reading.things[self.slots[slot]]
        return self.passage.text[thing.start : thing.end]

    def ids(self, slot: str) -> tuple[str, ...]:
        """The devices that the one in a slot can mean."""
        mention = self.reading.things[self.slots[slot]].mention
        return mention.ids if mention else ()

    def gpus(self, slot: str) -> list[Gpu]:
        """The devices of a slot by what is on file of them."""
        return [self.context.catalogue[key] for key in self.ids(slot)]


@cache
def _frames() -> tuple[_Frame, ...]:
    rows = store.load("audit")["audit"]["frame"]
    return tuple(
        _Frame(frame(f"{_BEGINS}(?P<said>{says}){_ENDS}"), row["meaning"], row.get("wide", False))
        for row in rows.values()
        for says in row["says"]
    )


def find(context: Context) -> Iterator[Finding]:
    """Every clause that a frame finds, with its verdict."""
    for index, passage in context.document.running():
        before: tuple[Sentence, Spoken] | None = None
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            yield from _of_reading(passage, read(passage.text, sentence, who), context)
            if before and before[0].text.endswith("?"):
                # A question and its answer: "Need FP8? Get the A100."
                both = sentence._replace(start=before[0].start, text=before[0].text + sentence.text)
                who = who._replace(here=[*before[1].here, *who.here])
                yield from _of_reading(passage, read(passage.text, both, who), context)
            before = (sentence, who)


def _of_reading(passage: Passage, reading: Reading, context: Context) -> Iterator[Finding]:
    for each in _frames() if len(reading.things) > 1 else ():
        for match in each.pattern.finditer(reading.text):
            start, end = match.span("said")
            lead = _CONDITION.match(reading.text, 0, start)
            begins = lead.end() if lead else 0
            if _HEDGED.search(reading.text, begins, start) or _TAKEN_BACK.search(reading.text, end):
                continue
            slots = {
                slot.partition("_")[0]: sign
                for slot, sign in match.groupdict().items()
                if sign and slot != "said"
            }
            place = reading.place(start, end)
            said = _Said(passage, place, slots, reading, each.wide, context)
            if each.meaning in _OF_ALL and not _ONLY_LEAD.fullmatch(reading.text, begins, start):
                # "Among the consumer cards, only": of fewer than is known here.
                continue
            if not any(
                counted(passage.text, place[0], reading.things[one].start) > 1 for one in slots.values()
            ):
                yield from _MEANINGS[each.meaning](said)


def _has(said: _Said) -> Iterator[Finding]:
    yield from _able(said, told=True)


def _lacks(said: _Said) -> Iterator[Finding]:
    yield from _able(said, told=False)


def _able(said: _Said, *, told: bool) -> Iterator[Finding]:
    """A device that has a capability, or has it not."""
    if found := _capability(said):
        yield from judged(said.passage, said.place, found, said.gpus("g"), told=told, context=said.context)


def _capability(said: _Said) -> Capability | None:
    """The capability of a clause, by its name where it stands: "be bridged"."""
    thing, text = said.reading.things[said.slots["c"]], said.passage.text
    begins = (at for at in range(thing.start, thing.end) if at == thing.start or not text[at - 1].isalnum())
    return next((found[0] for at in begins if (found := capability_at(text, at))), None)


def _is_of(said: _Said) -> Iterator[Finding]:
    thing = said.reading.things[said.slots["f"]]
    yield of_family(said.passage, (thing.start, thing.end), _family(said), said.gpus("g"), said.context)


def _family(said: _Said) -> str:
    """The architecture of a clause by its name alone."""
    words = re.sub(
        r"^(?:the|an?|nvidia(?:[\u2019']s)?|amd(?:[\u2019']s)?)\s+", "", said.words("f"), flags=re.IGNORECASE
    )
    return re.sub(r"[ -]?based$|(?<=Ada) Lovelace$", "", words, flags=re.IGNORECASE)


def _released(said: _Said) -> Iterator[Finding]:
    dated = [gpu for gpu in said.gpus("g") if gpu.value("release_date")]
    year = re.search(r"20\d\d", said.words("y"))
    if dated and year:
        first = min(dated, key=lambda gpu: str(gpu.value("release_date")))
        verdict = of_its_year(int(year[0]), dated)
        yield of_field(said.passage, said.place, "identity", "release_date", [first], verdict, said.context)


def _attribute(said: _Said) -> Attribute | None:
    """The attribute of a clause, where it is one of which more is more."""
    found = [each.attribute for each in named(said.words("a")) if each.attribute.key in ATTRIBUTES]
    return found[0] if len(found) == 1 else None


def _more(said: _Said) -> Iterator[Finding]:
    """The one of two that is said to have more."""
    attribute, second = _attribute(said), said.ids("h")
    again = said.slots.get("g2")
    mentions = [said.reading.things[said.slots[slot]].mention for slot in ("g", "h")]
    if attribute is None or not all(mentions):
        return
    first = said.ids("g")
    if again and not set(said.ids("g2")) & set(first):
        first, second = second, first
    names = {one.ids: one.named for one in mentions if one}
    both = Pair(forms(names[first], said.context), forms(names[second], said.context))
    if not set(both.first) & set(both.second):
        yield from compared(said.passage, said.place, (both, [attribute], 1), said.context)


def _ahead(said: _Said) -> Iterator[Finding]:
    """The one of two that a text compares that is said to have more, where the other is not named."""
    yield from _of_two(said, 1)


def _behind(said: _Said) -> Iterator[Finding]:
    yield from _of_two(said, -1)


def _of_two(said: _Said, sign: int) -> Iterator[Finding]:
    attribute, every, own = _attribute(said), devices(said.context), set(said.ids("g"))
    rest = [each for each in every if not own & set(each)]
    if attribute and len(every) == _TWO and len(rest) == 1:
        both = Pair(forms(said.ids("g"), said.context), forms(rest[0], said.context))
        yield from compared(said.passage, said.place, (both, [attribute], sign), said.context)


def _group(said: _Said) -> list[tuple[str, ...]]:
    """The devices that "both" or "all three" are: those before it in its passage, else those of the text."""
    count = next((n for word, n in _SEVERAL.items() if word in said.words("k").lower()), _TWO)
    every = devices(said.context)
    place = said.context.place_of_text(said.passage.text)
    here = [each for each in said.context.mentions.get(place, ()) if each.start < said.place[0]]
    near = list({model(each.named[0], said.context.catalogue): each.ids for each in here}.values())
    return next((group for group in (near, every) if len(group) == count), [])


def _each(said: _Said) -> Iterator[Finding]:
    """What several devices are said to have, each of them."""
    yield from _of_each(said, told="neither" not in said.words("k").lower())


def _each_lacks(said: _Said) -> Iterator[Finding]:
    yield from _of_each(said, told="neither" in said.words("k").lower())


def _of_each(said: _Said, *, told: bool) -> Iterator[Finding]:
    what = _capability(said)
    found: list[Finding] = []
    for ids in _group(said) if what else ():
        gpus = [said.context.catalogue[key] for key in ids]
        if what:
            found += judged(said.passage, said.place, what, gpus, told=told, context=said.context)
    yield from ([each for each in found if each.accuses] or found[-1:])[:1]


def _each_is_of(said: _Said) -> Iterator[Finding]:
    """The architecture that several devices are said to be of."""
    every = [[said.context.catalogue[key] for key in ids] for ids in _group(said)]
    found = [of_family(said.passage, said.place, _family(said), gpus, said.context) for gpus in every]
    yield from ([each for each in found if each.accuses] or found[-1:])[:1]


def _fits(said: _Said) -> Iterator[Finding]:
    """A model that is said to fit: wrong where its weights are more than the device has."""
    yield from _of_room(said, fits=True)


def _most(said: _Said) -> Iterator[Finding]:
    """The one of those that a text compares that is said to have most."""
    attribute, every = _attribute(said), devices(said.context)
    if attribute and len(every) > 1:
        claim = (said.ids("g"), attribute, True)
        yield from held_against(said.passage, said.place, claim, Among(every), said.context)


def _need(said: _Said) -> tuple[Model, Need] | None:
    """The model of a clause in its format, and what it takes; None where the sentence asks for more."""
    words = said.words("m")
    found, told = models(words), formats(words)
    if (
        len(found) != 1
        or len(told) > 1
        or _MORE.search(said.reading.text)
        or TRAINS.search(said.reading.text)
    ):
        return None
    return found[0], of_model(found[0], told[0] if told else None)


def _needs(said: _Said) -> Iterator[Finding]:
    """What a model is said to need."""
    thing, need = said.reading.things[said.slots["s"]], _need(said)
    place = (thing.start, thing.end)
    size = only_size(said.passage, place, said.context) if need else None
    if need and size:
        yield judged_need(said.passage, size, need[1], need[0].name, said.context)


def _too_big(said: _Said) -> Iterator[Finding]:
    """A model that is said to be too big for a device: wrong where its weights leave a fifth of it free."""
    yield from _of_room(said, fits=False)


def _of_room(said: _Said, *, fits: bool) -> Iterator[Finding]:
    need = _need(said)
    rooms = [float(room) for gpu in said.gpus("g") if (room := gpu.value("memory"))]
    if need is None or not rooms or not formats(said.words("m")):
        return
    weights = need[1].weights
    small, big = weights < _FREE * min(rooms), weights > max(rooms)
    verdict = "unverifiable" if not (small or big) else "confirmed" if small is fits else "contradicted"
    because = f"{need[1].words}; {said.gpus('g')[0].id} has {said.gpus('g')[0].display('memory')}"
    yield made(
        said.context, said.passage, said.place, "memory", verdict, subject=said.gpus("g")[0].id,
        attribute="memory", because=because, evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip


_OF_THESE = re.compile(
    r"\bof (?:these|those|the|our|all)\s+(?:two|three|four|five|six|seven|eight|cards?|\d)\b[^.]*$",
    re.IGNORECASE,
)
_BEFORE = 40


def _only(said: _Said) -> Iterator[Finding]:
    """What one device alone is said to have, of those that a text compares or of all there are."""
    found, ids = _capability(said), said.ids("g")
    own = [said.context.catalogue[key] for key in ids]
    several = len(devices(said.context)) > 1
    if found is None or not own or asked_shortly(said.passage.text, said.place[0]):
        # "Ray tracing? Only the A10": of those that the answer speaks of, which is looked for elsewhere.
        return
    if ONE_OF_TWO.search(said.words("g")):
        other = [said.context.catalogue[key] for key in other_of_two(said.passage, ids, said.context)]
        scope = Scope(other, (), of_text=True) if other else None
    elif _OF_THESE.search(said.passage.text, max(0, said.place[0] - _BEFORE), said.place[0]):
        # "Of these three, only the 3090 has a connector": of those that the text speaks of.
        scope = of_text(None, ids, (), said.context)
    elif several and not said.wide:
        scope = of_text(None, ids, (), said.context)
    else:
        kind = of_kind(said.context, own[0].vendor, "", "")
        scope = Scope(others(kind, ids, said.context), ())
    if scope:
        yield from _of_kind(said, Claim(scope, _property(found, said), False, own))


def _property(found: Capability, said: _Said) -> Property:
    return Property(said.place[1], found.key, found.field, found.has)


def _of_kind(said: _Said, claim: Claim) -> Iterator[Finding]:
    yield from of_kind_judged(said.passage, said.place, claim, said.context)


def _every(said: _Said) -> Iterator[Finding]:
    """What every device of an architecture is said to have."""
    found, kind = _capability(said), of_kind(said.context, "", "", _family(said).lower())
    if found and kind:
        yield from _of_kind(said, Claim(Scope(kind, ()), _property(found, said), True, (), _family(said)))


def _some(said: _Said) -> Iterator[Finding]:
    """What an architecture is said to have: wrong where none of its devices has it."""
    yield from _of_architecture(said, told=True)


def _none(said: _Said) -> Iterator[Finding]:
    """What an architecture is said to lack: wrong where all of its devices have it."""
    yield from _of_architecture(said, told=False)


def _of_architecture(said: _Said, *, told: bool) -> Iterator[Finding]:
    found, name = _capability(said), _family(said)
    kind = [gpu for gpu in said.context.catalogue.values() if is_of(gpu, name)]
    if found and kind and all(found.has(gpu) is (not told) for gpu in kind):
        yield from _of_kind(said, Claim(Scope(kind, ()), _property(found, said), told, (), name))


_MEANINGS: Mapping[str, Callable[[_Said], Iterator[Finding]]] = {
    "has": _has, "lacks": _lacks, "is_of": _is_of, "released": _released, "more": _more, "most": _most,
    "ahead": _ahead, "behind": _behind, "each": _each, "each_lacks": _each_lacks, "each_is_of": _each_is_of,
    "fits": _fits, "needs": _needs, "too_big": _too_big, "only": _only, "every": _every, "some": _some,
    "none": _none,
}  # fmt: skip
