"""Whether what has a letter holds what is needed: "build B has 48 GB of VRAM", "build B holds it as well".

Offers, builds and servers that a text names itself have the memory that it tells of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities, read_number
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_NAME = (
    r"(?P<name>(?:offer|option|variant|server|system|machine|configuration|build|quote|box|rig|bid) "
    r"(?-i:[A-Z]|\d))\b"
)
_HAS = re.compile(
    rf"\b{_NAME} (?:has|offers|comes with|provides|brings|with)\b"
    rf"(?P<what>(?:(?!\b{_NAME.replace('?P<name>', '?:')})(?:[^.;]|\.(?=\d)))+)",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    rf"\b{_NAME} (?:also |too |even |just |still )?(?:can |could )?"
    r"(?:holds?|fits?|has room for|accommodates?|takes) (?:it|this|that|all of it|all of this)\b"
    r"(?! (?:only|if|when|in [48]|with (?!room|ease)|over|once))",
    re.IGNORECASE,
)
#: What needs an amount, which is what "it" is; not what is left, or of one part.
_NEEDS = re.compile(
    r"\b(?:comes? to|takes?|needs?|requires?|amounts? to|makes?|sums? up to|adds? up to|totals?)\s+"
    r"(?:(?:about|around|some|roughly|at least|a total of|up to)\s+)?$",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|never|neither|nor|if(?! only| just| barely)|unless|would|"
    r"offload\w*|quanti\w+|half|lora|host|cpu|ram|disks?|ssd|8[- ]bit|4[- ]bit)\b",
    re.IGNORECASE,
)
_GPU = re.compile(r"\b(?:GPU|VRAM|video|graphics|HBM\w*|GDDR\w*)\b|\b\d+ ?[x\u00d7] ?\d+ ?GB", re.IGNORECASE)
_OTHER = re.compile(r"\b(?:RAM|system memory|disks?|SSDs?|NVMe|storage|per|each|apiece)\b")
#: Between what is needed and what holds it, that it may be another thing which it holds.
_TURNS = re.compile(
    r"\b(?:but|however|instead|otherwise|quanti\w+|[48][- ]?bits?|int[48]|fp[48]|q[2-8]\w*|lora|less|"
    r"smaller|half|offload\w*|without)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\b(?P<n>\d+|two|three|four|eight) ?(?:x|\u00d7|times) ?$", re.IGNORECASE)
_OFF = 1.08


def find(context: Context) -> Iterator[Finding]:
    """Every such claim that the amounts told before exclude."""
    rooms: dict[str, set[float]] = {}
    for _, passage in context.document.running():
        whole = sentences(passage.text)
        for at, sentence in enumerate(whole):
            _learn(passage, sentence, rooms, context)
            match = _HOLDS.search(passage.text, sentence.start, sentence.end)
            if match is None or not rooms or _UNSURE.search(sentence.text):
                continue
            room = rooms.get(match["name"].lower(), set())
            need = _needed(passage, whole[max(0, at - 2) : at], context)
            if len(room) != 1 or need is None or need.value <= max(room) * _OFF:
                continue
            if _TURNS.search(passage.text, need.end, match.start()):
                continue
            has = max(room) / 1e9
            because = (
                f"{need.value / 1e9:,.4g} GB are needed, and {match['name']} is told to have {has:,.4g} GB"
            )
            yield made(
                context, passage, match.span(), "memory", "inconsistent", subject=match["name"],
                attribute="room", because=because, evidence=(Evidence(because),),
            )  # fmt: skip


def _learn(passage: Passage, sentence: Sentence, rooms: dict[str, set[float]], context: Context) -> None:
    """Takes in how much memory of its GPUs a sentence tells of each thing that has a letter."""
    if not _GPU.search(passage.text):
        return
    for match in _HAS.finditer(passage.text, sentence.start, sentence.end):
        amounts = within(quantities(passage.text, context.fraction), *match.span("what"))
        told = [each for each in amounts if each.dimension == "memory"]
        if not told or _OTHER.search(match["what"]):
            continue
        # "4 x 48 GB", and what that makes where it is said.
        times = [_TIMES.search(passage.text, match.start("what"), each.start) for each in told]
        rooms.setdefault(match["name"].lower(), set()).add(
            max(each.value * (read_number(n["n"]) if n else 1) for each, n in zip(told, times, strict=True))
        )


def _needed(passage: Passage, before: Sequence[Sentence], context: Context) -> Quantity | None:
    """The one amount of memory that the sentences before say is needed."""
    found = [
        each
        for sentence in before
        for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "memory" and _NEEDS.search(passage.text, sentence.start, each.start)
    ]
    return found[0] if len(found) == 1 else None
