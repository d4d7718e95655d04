"""What a text has told of so far: the model with its format, and the devices that hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.machine import names_machine
from whichgpu.audit.devices.roles import WORKED
from whichgpu.audit.holding import words
from whichgpu.audit.holding.ways import how_held
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import TRAINS, formats, models, single
from whichgpu.audit.text.quantities import quantities
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.models import Format, Model

#: Bytes of a gigabyte as memory is sold; how far an amount may be from the weights it is told of.
_NEAR, _FAR = 0.75, 1.7
#: Bytes that training takes of each weight at most.
_TRAINED = 20.0
#: A share within which two sizes of memory are one.
_ONE = 0.98
#: Characters before an amount that say what it is.
_REACH = 32


class Need(NamedTuple):
    """What is to be held: a model, its format and what is done to it, or an amount that is told of it."""

    model: Model | None = None
    said: Format | None = None
    #: Bytes of each weight at least, and how that is known; none where it is not.
    least: float | None = None
    words: str = ""
    #: What the text says that it takes, in bytes; 0 where it does not.
    stated: float = 0.0
    trains: bool = False

    @property
    def low(self) -> float:
        """Bytes that it takes at least; 0 where nothing says."""
        weights = self.model.parameters * self.least if self.model and self.least else 0.0
        return self.stated or weights

    @property
    def high(self) -> float:
        """Bytes of its weights as they usually are, or as stated; 0 where nothing says."""
        usual = (
            self.model.parameters * self.said.usual if self.model and self.said and not self.trains else 0.0
        )
        return max(usual, self.stated)

    def told(self) -> str:
        """It in words."""
        if self.model is None or not self.least or self.low == self.stated:
            return f"{self.stated / 1e9:,.4g} GB are told to be needed"
        return f"the weights of {self.model.name.strip()} {self.words} are {self.low / 1e9:,.3g} GB"


class Room(NamedTuple):
    """Devices that hold something: bytes of one, at least and at most, and how many; 0 where that is open."""

    low: float
    high: float
    many: float
    name: str

    def is_size(self, amount: float) -> bool:
        """Whether an amount in bytes is the memory of one, or of all, in decimal units or in binary ones."""
        known = [size * many for size in (self.low, self.high) for many in (1.0, max(self.many, 1.0))]
        known += [size / GIB * 1e9 for size in known]
        between = self.low * _ONE <= amount <= self.high / _ONE
        return between or any(_ONE * size < amount < size / _ONE for size in known)

    def of(self, count: float) -> Room:
        """So many of the same."""
        return self._replace(many=count)

    def told(self) -> str:
        """It in words."""
        many = f"{self.many:g} x {self.name} have" if self.many > 1 else f"{self.name} has"
        return f"{many} {self.high * self.many / 1e9:,.4g} GB"


def need_in(text: str, before: Need | None, rooms: Sequence[Room] = ()) -> Need | None:
    """What a clause says is to be held, `before` being what was told last; None where it says nothing of it.

    Amounts that are the memory of these rooms are no need.

    A clause that names a format alone is of the model before; one with several models is of none.
    """
    found = models(text)
    # "FP8 works on it" tells of no weights, "at 8 bits" does.
    said = formats(text) if found or words.IN_FORMAT.search(text) else []
    if found and single(found) is None:
        return Need()
    amount = _taken(text, rooms)
    if before and before.stated and not amount and words.EASIER.search(text):
        # "112 GB. With LoRA a single A6000 will do": of less.
        return Need()
    if not found and not said and not amount:
        return Need() if amount is None else None
    amount = amount or 0.0
    model = single(found) if found else before.model if before else None
    form = said[0] if len(said) == 1 else before.said if before and not said and not found else None
    how = how_held(text, form.least if form else 0.0) if len(said) < 2 else None
    if not found and before and not said and not TRAINS.search(text):
        need = before
    else:
        trains = TRAINS.search(text) is not None
        need = Need(model, form, how.least if how else None, how.words if how else "", 0.0, trains)
    most = (
        _FAR * max(need.low, need.high)
        if need.said
        else (need.model.parameters * _TRAINED if need.model else amount)
    )
    if amount and need.low and not _NEAR * need.low <= amount <= most:
        # Of another thing, or wrong by itself.
        if need is before:
            return Need()
        amount = 0.0
    return need._replace(stated=amount or (need.stated if need is before else 0.0))


def _taken(text: str, own: Sequence[Room]) -> float | None:
    """The bytes that a clause says are taken; 0 where it names none, None if it is not understood."""
    sizes = [each for each in quantities(text) if each.dimension == "memory" and each.high == each.value]
    rooms = [match.span() for match in _sized(text, 0, len(text))]
    sizes = [
        each
        for each in sizes
        if not any(room.is_size(each.value) for room in own)
        and not any(start <= each.start < end for start, end in rooms)
    ]
    # "140 GB of weights leave 50 GB": what is left is not taken.
    left = [match.span("m") for match in words.SO_MUCH_LEFT.finditer(text) if match["m"]]
    sizes = [each for each in sizes if not any(start <= each.start < end for start, end in left)]
    taken = [
        each
        for each in sizes
        if words.TAKEN.search(text, max(0, each.start - _REACH), each.start)
        or words.OF_WEIGHTS.match(text, each.end)
    ]
    if len(taken) == 1:
        return taken[0].value
    return None if sizes else 0.0


def _sized(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Room that a stretch tells by its size, without what it says is taken."""
    return [
        match
        for match in words.SIZED.finditer(text, start, end)
        if match["in"]
        or (
            match["card"]
            and not words.TAKEN.search(text, max(start, match.start("n") - _REACH), match.start("n"))
        )
    ]


def room_in(
    text: str,
    place: tuple[int, int],
    here: Sequence[Mention],
    meant: tuple[Room | None, Room | None],
    context: Context,
) -> tuple[Room, int, int] | None:
    """The devices that a clause names, with their place; None for none, or for several kinds of them."""
    sized = _sized(text, *place)
    # "Two 24 GB cards like the 3090" are those that are told by their size.
    if here and not (sized and sized[0]["card"] and sized[0].end() <= here[0].start):
        if len({each.named for each in here}) > 1:
            return None
        found = _of_device(text, place[0], here[0], context)
        behind = words.OF_THEM.search(text, here[0].end, place[1])
        if found and found.many == 1 and behind and not words.SPLIT.search(text, *place):
            # "The A40 can with two cards"
            found = found.of(words.number(behind["count"]))
        return (found, here[0].start, here[0].end) if found else None
    many = words.OF_THEM.search(text, *place)
    # "One card" is of what the text is about, "one of them" of what it named last.
    before, topic = meant
    before = before if many and many["them"] else topic or before
    if len(sized) == 1 and not (many and before):
        size = float(sized[0]["n"]) * GIB
        at = sized[0].start("n")
        # "Two cards with 24 GB" are as many as "two 24 GB cards".
        behind = _CARDS_WITH.search(text, max(place[0], at - _REACH), at)
        count = counted(text, place[0], behind.start() if behind else at)
        return Room(size, size, count, f"a card of {sized[0]['n']} GB"), sized[0].start("n"), sized[0].end()
    if many and before:
        return before.of(words.number(many["count"])), many.start(), many.end()
    whole = _WHOLE.search(text, *place)
    if whole:
        size = float(whole["n"].replace(",", ""))
        return Room(size * 1e9, size * GIB, 1, f"a machine of {whole['n']} GB"), whole.start("n"), whole.end()
    return None


#: What all of a machine's devices have: "a machine with eight has 1,128 GB".
_WHOLE = re.compile(
    r"\b(?:machine|server|node|box|system|instance|host)s?\b[^.;]{0,40}?\s(?:has|have|offers?|brings?)\s"
    r"(?:[a-z]+\s){0,3}?(?P<n>\d{1,3}(?:,\d{3})+|\d{3,4})\s?GB\b(?!/)"
    r"(?!\s(?:to spare|left|free|over)\b)(?! of (?:ram|system|host|main|ddr))",
    re.IGNORECASE,
)


_CARDS_WITH = re.compile(
    r"(?:cards|gpus|boards|karten|cartes|tarjetas)\s+(?:with|of|mit|\u00e0|avec|con|de)\s+$", re.IGNORECASE
)
#: Between a number and a name, or behind it, what stands for a number that is not said.
_PLURAL = ("s ", "s.", "s,", "s;", "s:", "s)")


def _of_device(text: str, start: int, on: Mention, context: Context) -> Room | None:
    sizes = [float(context.catalogue[key].value("memory") or 0) for key in on.ids]
    # "2.1 million H800 hours" are no room.
    if not sizes or not all(sizes) or WORKED.match(text, on.end):
        return None
    count = counted(text, start, on.start)
    if count == 1 and names_machine(text, on.start, on.end):
        count = 0.0
    if count > 1 and (machines := words.MACHINES.search(text, start, on.start)):
        count *= words.number(machines["n"])
    machines = words.NODES.match(text, on.end)
    if count > 1 and machines and machines[0].endswith("s"):
        # So many machines, of how many devices each is told elsewhere.
        count = 0.0
    plural = on.text.endswith("s") or text[on.end : on.end + 2] in _PLURAL or text[on.end :] == "s"
    if count == 1 and (
        plural or words.SEVERAL.search(text, start, on.start) or words.NODES.match(text, on.end)
    ):
        count = 0.0
    said = words.WITH_SIZE.match(text, on.end)
    told = [size for size in sizes if said and _ONE < size / (float(said["n"]) * GIB) < 1 / _ONE] or sizes
    return Room(min(told), max(told), count, on.ids[sizes.index(max(told))])
