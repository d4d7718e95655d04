"""Whether what is to be held is held where a text says, or is not: "two of those won't be enough for it".

A text is followed clause by clause (`holding/told.py`): what was told last of the model, of its format and of
the devices is what "it", "that", "one of them" and "on it" mean. What sets both together is known by its
meaning (`holding/words.py`), and so is what denies it. Contradicted is a fit where the weights are more than
the room, and a denial where they are well below it and nothing else is said to need room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import PROSE
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.holding import words
from whichgpu.audit.holding.told import Need, Room, need_in, room_in
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: A share of the room that what fits may take, and one below which what is denied would.
_FULL, _LOW = 0.97, 0.82
#: Beside what is left at most: what the driver takes, as a share of the room.
_SLACK = 0.04
#: Characters that a fit, from its verb to its room, takes at most.
_FAR = 90
#: Sentences for which what was told is remembered.
_LONG = 2


class _Fit(NamedTuple):
    """What is said of a model and devices together: where, and whether it is a fit or the denial of one."""

    start: int
    end: int
    need: Need
    room: Room
    fits: bool


class _State(NamedTuple):
    """What was told last, and how many sentences ago."""

    need: Need | None = None
    room: Room | None = None
    need_age: int = 0
    room_age: int = 0
    #: What was said to fit, or not, in the sentence before.
    last: _Fit | None = None

    def older(self) -> _State:
        """A sentence on: what was told too long ago is forgotten."""
        return _State(
            self.need if self.need_age < _LONG else None, self.room if self.room_age < _LONG else None,
            self.need_age + 1, self.room_age + 1, self.last if self.need_age < 1 else None,
        )  # fmt: skip


class _Clause(NamedTuple):
    """A clause: its place in the passage, and what its sentence told of before it."""

    start: int
    end: int
    text: str
    #: What a clause of the same sentence before it told of without saying more.
    open: tuple[Need | None, Room | None]


def find(context: Context) -> Iterator[Finding]:
    """Every fit that the weights exclude, and every denial of one that they do not."""
    state, lead, section = _State(), _State(), None
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in PROSE:
            continue
        if passage.section != section or passage.kind in ("heading", "title"):
            found = models(" ".join(passage.section[-1:]))
            state = lead = _State(need_in(found[0].name, None) if len(found) == 1 else None)
            section = passage.section
        if passage.kind == "item":
            # An item goes on with what leads to the list.
            state = lead
        for sentence in sentences(passage.text):
            fits, state = _sentence(index, passage, sentence, state, context)
            yield from fits
            state = state.older()
        lead = state if passage.kind == "paragraph" else lead


def _sentence(
    index: int, passage: Passage, sentence: Sentence, state: _State, context: Context
) -> tuple[list[Finding], _State]:
    """The findings of a sentence, and what is told behind it."""
    found: list[Finding] = []
    last = state.last
    opened: tuple[Need | None, Room | None] = (None, None)
    who, topic = spoken(index, passage, sentence, context), _topic(index, passage, sentence, context)
    aside = (
        sentence.text.rstrip().endswith("?")
        or words.SLOWLY.search(sentence.text)
        or words.NO_FIT.match(sentence.text)
        or words.WITH_MORE.search(sentence.text)
        or words.ALL_OF_THESE.search(sentence.text)
    )
    for start, end in _cut(passage.text, sentence):
        clause = _Clause(start, end, passage.text[start:end], opened)
        here = [each for each in within(who.here, start, end) if each not in who.against]
        if words.ELSEWHERE.search(clause.text):
            # "That is why the T4 gives up. On the other two it fits."
            state, topic = state._replace(room=None, last=None), None
        named = room_in(passage.text, (start, end), here, (state.room or topic, topic), context)
        need = need_in(clause.text, state.need, [each for each in (named and named[0], state.room) if each])
        before = state
        if need is not None:
            state = state._replace(need=need, need_age=0)
        if named is not None:
            state = state._replace(room=named[0], room_age=0)
        elif len({each.named for each in here}) > 1:
            state = state._replace(room=None)
        if aside or words.ASIDE.search(clause.text):
            last, opened = None, (None, None)
            continue
        fit = _fit(clause, (need, named), before, topic)
        if last is not None:
            fit = fit or (_so_is(clause, named[0], last) if named else _goes_on(clause, need, before, last))
        if fit is not None:
            found += _judged(passage, fit, clause, context)
            last, opened = fit, (None, None)
            state = state._replace(need=fit.need, need_age=0, last=fit)
        else:
            opened = (need or opened[0], named[0] if named else opened[1])
        found += _left(passage, clause, fit or (last if last is not state.last else None), state, context)
    return found, state


def _cut(text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
    start = sentence.start
    for match in words.CUT.finditer(text, sentence.start, sentence.end):
        yield start, match.start()
        start = match.end()
    yield start, sentence.end


def _topic(index: int, passage: Passage, sentence: Sentence, context: Context) -> Room | None:
    """The device that the text is about, as room."""
    who: Spoken = spoken(index, passage, sentence, context)
    ids: Sequence[str] = who.topic[0].ids if who.topic and who.certain else ()
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in ids]
    return Room(min(sizes), max(sizes), 1.0, ids[sizes.index(max(sizes))]) if sizes and all(sizes) else None


def _fit(
    clause: _Clause,
    told: tuple[Need | None, tuple[Room, int, int] | None],
    before: _State,
    topic: Room | None,
) -> _Fit | None:
    """What a clause says of a model and of devices; what it does not name is what was told before."""
    text = clause.text
    apart = words.HOLDS.search(text) or words.LACKS.search(text)
    needs = None if apart else words.NEEDS.search(text)
    verb = apart or needs
    if verb is None:
        return None
    need, named = told
    own = need is not None and (need.model is not None or need.stated > 0)
    where = named or _meant(clause, before, topic, thing=own)
    if not own or need is None or not need.low:
        need = _thing(clause, need, before, bool(where))
    if need is None or where is None or not need.low or not where[0].many:
        return None
    # "It lives on the 24 GB card and doesn't on the 16" denies it of the other.
    but = words.BUT_NOT_ON.search(text)
    if but and where[1] < clause.start + but.start():
        text = text[: but.start()]
    denials = len(words.DENIES.findall(words.NO_DENIAL.sub(" ", text)))
    if needs and (denials or not _is_need(clause, named, needs)):
        return None
    room, start, end = where
    start, end = min(clause.start + verb.start(), start), max(clause.start + verb.end(), end)
    fits = (denials + bool(words.LACKS.search(text))) % 2 == 0
    return _Fit(start, end, need, room, fits) if end - start <= _FAR else None


def _is_need(clause: _Clause, named: tuple[Room, int, int] | None, verb: re.Match[str]) -> bool:
    """Whether so many of a named device are needed: no least number, and not "two GPUs" of any kind."""
    if named is None or words.AT_LEAST.search(clause.text):
        return False
    start = named[1] - clause.start
    many = words.OF_THEM.search(clause.text)
    return verb.start() <= start and not (many and not many["them"] and many.start() == start)


def _meant(
    clause: _Clause, before: _State, topic: Room | None, *, thing: bool
) -> tuple[Room, int, int] | None:
    """The devices that a clause without a name means: by a pronoun, or those of just before."""
    fits, of_room = words.JUST_FITS.search(clause.text), words.OF_ROOM.search(clause.text)
    if not (thing or clause.open[0] or of_room or fits):
        return None
    on, holder = words.ON_IT.search(clause.text), words.HOLDER.match(clause.text)
    if not on and (fits or not holder) and (just := _just_before(clause, before, thing=thing)):
        return just
    meant = before.room or topic
    if on and meant:
        one = meant.of(1.0) if on["one"] or not meant.many else meant
        return one, clause.start + on.start(), clause.start + on.end()
    return _held_by(clause, before, meant, thing=thing)


def _held_by(
    clause: _Clause, before: _State, meant: Room | None, *, thing: bool
) -> tuple[Room, int, int] | None:
    """The devices that "it" or "which" is before a verb, or that the sentence named before."""
    verb = words.HOLDS.search(clause.text) or words.LACKS.search(clause.text)
    holder, of_room = words.HOLDER.match(clause.text), words.OF_ROOM.search(clause.text)
    said = models(clause.text)
    if holder and meant and of_room and before.room_age <= 1 and not said:
        return clause.open[1] or meant, clause.start + holder.start(), clause.start + of_room.end()
    if holder and meant and verb and said and holder.end() <= verb.start() < said[0].start:
        return meant, clause.start + holder.start(), clause.start + verb.end()
    if clause.open[1] is not None and thing and verb:
        return clause.open[1], clause.start + verb.start(), clause.start + verb.end()
    return None


def _just_before(clause: _Clause, before: _State, *, thing: bool) -> tuple[Room, int, int] | None:
    """The devices that were told just before, where a clause says only what is enough, or that it fits."""
    enough, fits = words.OF_ROOM.search(clause.text), words.JUST_FITS.search(clause.text)
    found = enough if thing else fits
    if found is None or before.room is None or before.room_age > 1 or clause.open[1] is not None:
        return None
    return before.room, clause.start + found.start(), clause.start + found.end()


def _thing(clause: _Clause, need: Need | None, before: _State, room: bool) -> Need | None:
    """What a clause is about that names no model: what was told before, by a pronoun."""
    if need is not None and need.low:
        return need
    if clause.open[0] is not None and clause.open[0].low:
        return clause.open[0]
    meant = before.need if need is None else None
    said = words.IT.search(clause.text) or (before.need_age <= 1 and words.OF_BEFORE.search(clause.text))
    return meant if room and meant and meant.low and said else None


def _goes_on(clause: _Clause, need: Need | None, before: _State, last: _Fit) -> _Fit | None:
    """A fit in a further format: "at 8 bits, and even in BF16", "but not in BF16"."""
    does = words.DOES.match(clause.text)
    if does:
        what, room = need or clause.open[0] or before.need, clause.open[1] or before.room
        plain = what and what.low and room and room.many
        return (
            _Fit(clause.start, clause.end, what, room, does["not"] is None)
            if what and room and plain
            else None
        )
    goes = _FURTHER.fullmatch(clause.text)
    if goes is None or need is None or need.said is None or need.model is None:
        return None
    denied = goes["not"] is not None
    return _Fit(clause.start + goes.start("what"), clause.end, need, last.room, last.fits is not denied)


def _so_is(clause: _Clause, room: Room, last: _Fit) -> _Fit | None:
    """The same of a further device: "and so is a single A30"."""
    same = words.SO_IS.match(clause.text)
    if not same or not room.many:
        return None
    # "A does not, B does, and so does C": the word itself says which.
    fits = last.fits if same["as"] else same["so"] is not None
    return last._replace(start=clause.start, end=clause.end, room=room, fits=fits)


def _judged(passage: Passage, fit: _Fit, clause: _Clause, context: Context) -> Iterator[Finding]:
    """Contradicted where the weights exclude it; a denial only where nothing else asks for room."""
    low, high = fit.room.low * fit.room.many, fit.room.high * fit.room.many
    usual = fit.need.high
    verdict = ""
    if fit.fits:
        verdict = (
            "contradicted" if fit.need.low > _FULL * high else "confirmed" if 0 < usual < _LOW * low else ""
        )
    elif fit.need.low > high:
        verdict = "confirmed" if fit.need.said or fit.need.stated else ""
    elif 0 < usual < _LOW * low and not fit.need.trains and not words.BESIDE.search(clause.text):
        verdict = "contradicted"
    if not verdict:
        return
    because = f"{fit.need.told()}; {fit.room.told()}"
    expected = ("no" if fit.fits else "yes") if verdict == "contradicted" else ""
    name = fit.need.model.name.strip() if fit.need.model else fit.room.name
    yield made(
        context, passage, (fit.start, fit.end), "memory", verdict, subject=name, attribute="fits",
        because=because, expected=expected, evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip


_OUT_OF = re.compile(r"\d\s?GB\s+(?:out\s+)?of\s+(?:the\s+|its\s+|their\s+|all\s+)?$", re.IGNORECASE)
_SO_MUCH_OF = re.compile(
    r"\d(?:\s?GB)?\s+(?:out\s+)?of\s+(?:the\s+|its\s+|their\s+)?\d[\d,.]*\s?GB\b", re.IGNORECASE
)


def _left(
    passage: Passage, clause: _Clause, fit: _Fit | None, state: _State, context: Context
) -> Iterator[Finding]:
    """What is said to be left of the room beside the weights: nothing, or so much."""
    none, much = words.NONE_LEFT.search(clause.text), words.SO_MUCH_LEFT.search(clause.text)
    if much and _OUT_OF.search(clause.text, 0, much.start()):
        # "It left 52 GB of the 192 GB free": of which it is so much.
        much = None
    need, room = (fit.need, fit.room) if fit else (state.need, state.room)
    if none and (
        _SO_MUCH_OF.search(clause.text, 0, none.start())
        or words.NO_MEMORY.search(clause.text, 0, none.start())
    ):
        # "140 of 141 GB leaves no room": of the room that the clause states itself.
        return
    if (
        room is not None
        and room.many == 1
        and _ON_SEVERAL.search(passage.text, clause.start, clause.end + _NEXT)
    ):
        # "On two it leaves 5 GB", "leaves 48 GB on the pair", "leaves 5 GB on the newer card": of more than
        # the one that was named, or of another.
        return
    if not (none or much) or need is None or room is None or not need.high or not room.many or need.trains:
        return
    least, most = need.low, room.high * room.many
    left = most - least
    found = none or much
    if none:
        wrong = need.high < (_LOW - _SLACK) * room.low * room.many
    else:
        wrong = float((much["n"] or much["m"]) if much else 0) * 1e9 > left * (1 + _SLACK) + 1e9
    if not wrong or found is None or (fit and _is_anothers(passage, clause, fit, found.start(), context)):
        return
    because = f"{need.told()}; {room.told()}, so about {max(left, 0.0) / 1e9:,.3g} GB are left"
    place = (clause.start + found.start(), clause.start + found.end())
    yield made(
        context, passage, place, "memory", "contradicted", subject=room.name, attribute="left",
        because=because, expected=f"{max(left, 0.0) / 1e9:,.2g} GB",
        evidence=(Evidence(because, "memory model"),),
    )  # fmt: skip


def _is_anothers(passage: Passage, clause: _Clause, fit: _Fit, at: int, context: Context) -> bool:
    """Whether another is named before what is left: "it fits the 5070, while the RX 9070 has 4 GB left"."""
    named = context.mentions.get(context.place(passage), ())
    return bool(within(named, fit.end, clause.start + at))


_ON_SEVERAL = re.compile(
    r"\b(?:(?:on|across|over|with|between) (?:the )?(?:two|three|four|six|eight|both|all|them|\d)\b(?! ?GB)|"
    r"pair|both|together|combined|in (?:all|total)|"
    r"on the (?:newer|older|new|old|bigger|larger|smaller|other|second|first))\b",
    re.IGNORECASE,
)
_NEXT = 48
#: A clause that is a further format and no more, joined to what was said before it.
_FURTHER = re.compile(
    r"\W*(?:(?:and|but|or|so|though|yet)\s+(?P<what>(?:even|also|certainly|just|still|definitely)?\s*"
    r"(?P<not>not|never)?\s*(?:even\s+)?(?:at|in|with)\s+(?:full\s+|plain\s+)?[\w_-]+(?: bits?| precision)?"
    r"(?: (?:too|either|as well))?))\W*",
    re.IGNORECASE,
)
