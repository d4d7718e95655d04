"""How many stacks of HBM a device has, by the width of its memory bus: "six HBM3e stacks"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.judging import source_of
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.roles import told
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_STACKS = re.compile(
    r"(?<![\w.,-])(?P<n>\d{1,2}|two|three|four|five|six|seven|eight|ten|twelve)\s+"
    r"(?:HBM\w*\s+(?:memory\s+)?stacks?\b|stacks?\s+of\s+HBM\w*)",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every number of stacks that is said of a device, with its verdict."""
    for passage, sentence, who in told(context, _STACKS):
        yield from _of_sentence(passage, sentence, who, context)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for match in _STACKS.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        if mention is None or (mention not in who.here and not who.certain):
            continue
        known = [gpu for key in mention.ids if _stacks(gpu := context.catalogue[key])]
        count = SPELLED.get(match["n"].lower()) or int(match["n"])
        right = [gpu for gpu in known if _stacks(gpu) == count]
        if known:
            best = (right or known)[0]
            # A stack may be there for its height only: the V100 to H100 have room for one more.
            verdict = (
                "confirmed" if right else "unverifiable" if count == _stacks(best) + 1 else "contradicted"
            )
            because = f"{best.id} has {best.display('memory_bus')}: {_stacks(best)} stacks"
            yield made(context, passage, match.span(), "specification", verdict, subject=best.id,
                       attribute="memory_bus", because=because, expected="" if right else str(_stacks(best)),
                       evidence=(source_of(best, "memory_bus"),))  # fmt: skip


def _stacks(gpu: Gpu) -> int:
    """The stacks of a device by its bus; 0 where it has none, or another kind of them."""
    bus, kind = gpu.value("memory_bus"), str(gpu.value("memory_type") or "").upper()
    wide = store.load("audit")["audit"]["stack"].get(kind, 0)
    return int(bus) // wide if wide and bus and int(bus) % wide == 0 else 0
