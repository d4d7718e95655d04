"""A clause written out behind the name of its subject, every character with its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.devices.mentions import Mention, mentions
from whichgpu.audit.text.sentences import within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

    #: What a statement is put together from: words of ours, the name of a device, a stretch of the passage.
    Piece = str | Mention | tuple[int, int]


class Statement(NamedTuple):
    """A passage of one plain sentence, and the devices that it names."""

    passage: Passage
    names: tuple[Mention, ...]
    #: Whether its subject is named in that very clause of the file.
    firm: bool = False
    #: Where the sentence begins in the file whose verb it goes by, without one of its own.
    like: int | None = None
    #: Whether the sentence says the same of another device too, of which it may be right.
    besides: bool = False
    #: Whether the sentence says elsewhere of which devices something is so of one alone.
    scoped: bool = False

    @property
    def start(self) -> int:
        """Where the first of its words stands in the file."""
        return min(place for _, place in self.passage.runs)

    @property
    def end(self) -> int:
        """Where the last of its words begins there, or later."""
        ends = zip(self.passage.runs, [*self.passage.runs[1:], (len(self.passage.text), 0)], strict=True)
        return max(place + behind - at for (at, place), (behind, _) in ends)


def written(
    passage: Passage, pieces: Sequence[Piece], here: Sequence[Mention], context: Context
) -> Statement:
    """A statement of some pieces; in stretches of the passage, names are put for the descriptions `here`."""
    text, runs, names = "", list[tuple[int, int]](), list[Mention]()
    stretches = [each for each in pieces if isinstance(each, tuple) and not isinstance(each, Mention)]
    at = passage.place(stretches[0][0])

    def put(words: str) -> None:
        nonlocal text
        runs.extend((len(text) + step, at) for step in range(len(words)))
        text += words

    def name(one: Mention) -> None:
        start, shown = len(text), _shown(one, context)
        put(shown)
        names.append(Mention(start, start + len(shown), shown, one.ids, one.named))

    for piece in pieces:
        if isinstance(piece, str):
            put(piece)
        elif isinstance(piece, Mention):
            name(piece)
        else:
            start, end = piece
            for each in within(here, start, end):
                runs.extend(passage.placed(start, each.start, len(text)))
                text += passage.text[start : each.start]
                at = passage.place(each.start)
                name(each)
                start = each.end
            runs.extend(passage.placed(start, end, len(text)))
            text += passage.text[start:end]
            at = passage.place(end - 1)
    told = passage._replace(kind="paragraph", text=text, runs=tuple(runs), end=at + 1, section=())
    return Statement(told, tuple(names))


def is_name(one: Mention, context: Context) -> bool:
    """Whether a device is meant by its name, and not by a description."""
    return any(True for _ in mentions(one.text, context.catalogue))


def _shown(one: Mention, context: Context) -> str:
    """A name as it stands; of a description the name of what it means."""
    return one.text if is_name(one, context) else context.catalogue[one.ids[0]].name
