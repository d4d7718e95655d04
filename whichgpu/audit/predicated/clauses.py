"""The clauses of a paragraph in their order: whom each is about, against whom, and in what.

What a clause leaves out is that of the clause before it: "The A10 has 24 GB, the L40S 48", "The A10 draws
150 W, twice as much". What no rule settles is left open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.predicated.words import FRONTED_AGAINST, REFERRED, keys, likened_to, marks, opening, verb
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, topic, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: Every device that a name can mean.
Side = tuple[str, ...]
#: What is compared: one and the other.
TWO = 2
#: What parts clauses, whatever follows.
_CUT = re.compile(
    r"\s*[;:()]\s+|\s+[\u2013\u2014-]\s+|,\s+(?:(?:and|but|so|while|whereas|yet)\s+)?|"
    r"\s+(?:while|whereas|although|though|but|because|since)\s+|\.\s*$"
)
#: What joins two clauses where a subject follows.
_JOINS = re.compile(
    r"\s+(?:and|or)\s+(?=(?:on |in |with )?(?:the |an? |its |nvidia[\u2019']s )?(?P<name>\S)|"
    r"(?P<it>it|so|which)\b)",
    re.IGNORECASE,
)

#: An amount, and behind it whose it is: "128 on the A10".
_BEHIND = re.compile(
    r"\W*(?:(?:and|but|just|only|about|some|a mere|around|roughly|full|"
    r"merely)\s+)*\$?\d[\d.,]*\s?-?[A-Za-z/]{0,5}\s"
    r"(?:(?:wide|of it)\s)?(?:on|for|in|with|at)\s(?:the\s|an?\s|nvidia[\u2019']s\s)?",
    re.IGNORECASE,
)
#: Before such an amount.
_AND_SO_MUCH = re.compile(
    r"\s+(?:and|or|but)\s+(?=(?:(?:just|only|about|some|"
    r"a mere)\s+)*\$?\d[\d.,]*\s?-?[A-Za-z/]{0,5}\s(?:on|for|in|with|at)\s)"
)


#: What tells of the device right before it what it is.
_APPOSED = re.compile(
    r"\s*(?:an?|the|its|nvidia[\u2019']s|amd[\u2019']s)\s(?:[\w-]+\s){0,3}?(?:card|gpu|board|part|chip|module|"
    r"accelerator|flagship|model|successor|heir|product)\b",
    re.IGNORECASE,
)


#: Before the name of a device, what it is to the one that was spoken of.
_ITS = re.compile(
    r"\b(?:its|the|their)\s(?:[\w-]+\s){0,2}?(?:predecessor|successor|rival|sibling|brother|sister|cousin|competitor|"
    r"replacement|counterpart|heir|stablemate)\b[^,.;]{0,30},\s(?:the\s|an?\s)?\S[^,.;]{0,30}$",
    re.IGNORECASE,
)


class Clause(NamedTuple):
    """A clause of a sentence, with what it carries on."""

    number: int
    passage: Passage
    sentence: Sentence
    start: int
    end: int
    #: Where what is said of its subject begins.
    body: int
    #: The device that it is about; none where that is not certain.
    who: Mention | None
    #: The device that it names to set its subject against.
    set_against: Mention | None
    #: The other device that was spoken of last before it.
    spoken_of: Mention | None
    #: The attribute that it names, and the one before it that it may go on with.
    key: str
    carried: str
    #: The amount that the clause before tells of its own subject.
    amount: Quantity | None
    #: Whether its subject is named in it.
    named: bool

    #: What its paragraph told before of devices: whose, of which attribute, how much.
    told: tuple[tuple[Side, str, float], ...]
    #: The clause before it, of which it may leave out what is said again.
    before: Clause | None

    @property
    def is_of_what_was_said(self) -> bool:
        """Whether its subject is what the clause before says, and so may be of either of two."""
        referred = REFERRED.match(self.passage.text, self.start, self.end)
        return referred is not None and bool(referred["which"])

    @property
    def subject(self) -> Side:
        """Every device that its subject can be."""
        return self.who.ids if self.who else ()

    @property
    def against(self) -> Side:
        """Every device that it can be set against by name."""
        return self.set_against.ids if self.set_against else ()

    @property
    def other(self) -> Side:
        """Every device that the other one spoken of can be."""
        return self.spoken_of.ids if self.spoken_of else ()

    @property
    def text(self) -> str:
        """What it says."""
        return self.passage.text[self.start : self.end]

    @property
    def rest(self) -> str:
        """What it says of its subject."""
        return self.passage.text[self.body : self.end]


class _Carried(NamedTuple):
    """What is carried from one clause to the next."""

    subject: Mention | None = None
    other: Mention | None = None
    #: The device named last, of which a relative clause is.
    last: Mention | None = None
    key: str = ""
    amount: Quantity | None = None
    told: tuple[tuple[Side, str, float], ...] = ()
    clause: Clause | None = None


def clauses(context: Context) -> Iterator[Clause]:
    """Every clause of running text that plainly states something."""
    for number, passage in context.document.running():
        about, certain = topic(number, passage, context)
        state = _Carried(about[-1] if about and certain else None)
        for sentence in sentences(passage.text):
            plain = is_asserted(sentence.text) and is_indicative(sentence.text)
            here = within(context.mentions.get(number, ()), sentence.start, sentence.end)
            several = False
            places = [*stretches(passage.text, sentence, here)]
            for place, behind in zip(places, [*places[1:], None], strict=True):
                clause, alone = _read((number, passage, sentence), place, state, context)
                if alone and _ITS.search(passage.text, sentence.start, clause.body):
                    # "Its predecessor, the T4, had": one that is told by what it is and by its name.
                    alone = False
                if alone and behind and not within(here, *behind) and _APPOSED.match(passage.text, *behind):
                    # "The T4, a card of 70 watts, doubled": no list of several.
                    alone = False
                if several or alone:
                    # "The A10, the L4 and the T4 have": of all of these.
                    several, clause = alone, clause._replace(who=None)
                state = _on(clause, state, context)
                if plain:
                    yield clause


def _read(
    at: tuple[int, Passage, Sentence], place: tuple[int, int], state: _Carried, context: Context
) -> tuple[Clause, bool]:
    """A clause, and whether it is the name of a device and nothing else."""
    number, passage, sentence = at
    text, (start, end) = passage.text, place
    here = context.mentions.get(number, ())
    own = within(here, start, end)
    first = own[0] if own and opening(text, start, own[0].start, own[0].end) else None
    behind = own[0] if first is None and own and _BEHIND.fullmatch(text, start, own[0].start) else None
    alone = first is not None and not text[first.end : end].strip(" *_")
    who, body = (behind, start) if behind else _subject(text, place, own, state, context)
    against = next(
        (each for each in own if each is not (first or behind) and likened_to(text, start, each.start)), None
    )
    turned = who and state.subject and not same_model(who.ids, state.subject.ids, context)
    clause = Clause(
        number, passage, sentence, start, end, body, who, against, state.subject if turned else state.other,
        keys(text, start, end), state.key, state.amount, (first or behind) is not None, state.told,
        state.clause,
    )  # fmt: skip
    return clause, alone


def devices_in(one: Clause, context: Context) -> Sequence[Mention]:
    """The devices that a clause names."""
    return within(context.mentions.get(one.number, ()), one.start, one.end)


def names_another(one: Clause, context: Context) -> bool:
    """Whether a clause names a device besides its subject."""
    return any(each is not one.who for each in devices_in(one, context))


def amounts_in(one: Clause, context: Context) -> list[Quantity]:
    """The amounts of a clause that are in no name of a device."""
    own = devices_in(one, context)
    return [each for each in within(quantities(one.passage.text, context.fraction), one.start, one.end)
            if not any(name.start <= each.start < name.end for name in own)]  # fmt: skip


def _on(one: Clause, state: _Carried, context: Context) -> _Carried:
    """What a clause leaves for those behind it."""
    own, amounts = devices_in(one, context), amounts_in(one, context)
    several = bool(own) and counted(one.passage.text, one.start, own[0].start) > 1
    return _Carried(
        None if several else one.who if one.named or one.who else state.subject,
        one.set_against or one.spoken_of,
        own[-1] if own else state.last,
        one.key or ("" if marks(one.passage.text, one.start, one.end) else state.key),
        _unit_told(one, amounts, state),
        (*state.told, *_says(one, amounts)) if not several else state.told,
        one._replace(before=None),
    )


def _says(one: Clause, amounts: Sequence[Quantity]) -> Iterator[tuple[Side, str, float]]:
    """The one amount that a clause tells of its device: what it is of, or that it is money."""
    if one.who and len(amounts) == 1 and amounts[0].value == amounts[0].high:
        key = one.key or ("money" if amounts[0].dimension == "money" else "")
        if key:
            yield one.who.ids, key, amounts[0].value


def _unit_told(one: Clause, amounts: Sequence[Quantity], state: _Carried) -> Quantity | None:
    """The amount that a clause leaves; behind a bare number that of before, whose unit it has."""
    if len(amounts) != 1:
        return None if amounts else state.amount
    bare = amounts[0].dimension == "number" and one.named and state.amount is not None
    return state.amount if bare and not one.key else amounts[0]


def stretches(text: str, sentence: Sentence, here: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    """Where the clauses of a sentence stand."""
    starts = {each.start for each in here}
    cuts = [match.span() for match in _CUT.finditer(text, sentence.start, sentence.end)]
    for match in _JOINS.finditer(text, sentence.start, sentence.end):
        if match["it"] or match.start("name") in starts:
            cuts.append(match.span())
    cuts += [match.span() for match in _AND_SO_MUCH.finditer(text, sentence.start, sentence.end)]
    at = sentence.start
    for start, end in sorted(cuts):
        if start > at and text[at:start].strip():
            yield at, start
        at = max(at, end)
    if text[at : sentence.end].strip():
        yield at, sentence.end


def _subject(
    text: str, place: tuple[int, int], own: Sequence[Mention], state: _Carried, context: Context
) -> tuple[Mention | None, int]:
    """The device that a clause is about, and where what it says of it begins."""
    start, end = place
    if own and opening(text, start, own[0].start, own[0].end):
        return own[0], own[0].end
    if own and FRONTED_AGAINST.fullmatch(text, start, own[0].start):
        # "Against the H100 it has", "next to the L4, the A10 is".
        rest = _skip(text, own[0].end, end)
        behind = own[1] if len(own) > 1 and opening(text, rest, own[1].start, own[1].end) else None
        it = REFERRED.match(text, rest, end)
        return behind or (state.subject if it and it["it"] else None), behind.end if behind else rest
    referred = REFERRED.match(text, start, end)
    if referred is None:
        # A fragment goes on about what was spoken of; a clause of its own is of something else.
        other = any(not likened_to(text, start, each.start) for each in own)
        return (None if other or verb(text, start, end) else state.subject), start
    if referred["other"]:
        return _rival(state, context), referred.end()
    if referred["which"]:
        # Of what another sentence said: "That is twice the bandwidth of the A10".
        goes_on = (
            state.clause is not None and state.clause.sentence.start <= start < state.clause.sentence.end
        )
        return (state.last if goes_on else state.subject), referred.end()
    return state.subject, referred.end()


def _skip(text: str, at: int, end: int) -> int:
    """Behind a comma and blanks."""
    return end - len(text[at:end].lstrip(" ,"))


def _rival(state: _Carried, context: Context) -> Mention | None:
    """The other of the two that a text compares."""
    if state.other:
        return state.other
    every = {model(each.named[0], context.catalogue): each
             for found in context.mentions.values() for each in found if each.ids}  # fmt: skip
    rest = [each for each in every.values()
            if state.subject and not same_model(each.ids, state.subject.ids, context)]  # fmt: skip
    return rest[0] if len(every) == TWO and len(rest) == 1 else None


def rival(one: Clause, context: Context) -> Mention | None:
    """The other of the two that a text compares, than the subject of a clause."""
    return _rival(_Carried(one.who, one.spoken_of), context)


def same_model(one: Side, other: Side, context: Context) -> bool:
    """Whether two names are of one model; nothing is none."""
    return not one or not other or model(one[0], context.catalogue) == model(other[0], context.catalogue)
