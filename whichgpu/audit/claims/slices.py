"""How many slices MIG makes of a device, and of what size: "seven instances of 24 GB", "sixteen of them".

No device makes more than seven, and all slices together have no more memory than the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_WORDS = {**SPELLED, "sixteen": 16, "eleven": 11, "fourteen": 14, "twenty": 20}
_N = r"(?P<n>\d{1,2}|" + "|".join(_WORDS) + r")"
_SLICES = re.compile(
    rf"\b{_N}\s+(?:(?:MIG|isolated|separate|independent|hardware|smaller|equal|small|GPU)\s+){{0,2}}"
    r"(?:instances|slices|partitions|MIGs|parts)\b(?! of (?:memory|compute|cache|L2))"
    r"(?:\s+(?:of|with)\s+(?:about |some |"
    r"up to )?(?P<size>\d{1,3}(?:\.\d)?)\s?GB\b)?"
    # "On an A30 up to four": of what the clause before counted.
    rf"|(?<=[Uu]p to ){_N.replace('<n>', '<m>')}(?=\s*(?:[.;,]|$))",
    re.IGNORECASE,
)
_MIG = re.compile(r"\bMIG\b|\bmulti-instance\b", re.IGNORECASE)
_ELSE = re.compile(
    r"\b(?:vGPU|servers?|nodes?|clusters?|two (?:cards|gpus)|each of (?:two|four|eight)|time[- ]slic\w+|"
    r"containers?|"
    r"vms?|if|would|instance types?|reserved|spot|cloud|no MIG|AMD|MI\d{3}\w?)\b",
    re.IGNORECASE,
)
_MOST, _BACK, _LARGER = 7, 1, 1.06


def find(context: Context) -> Iterator[Finding]:
    """Every such number that no device that may be meant has."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    before = ""
    for index, passage in context.document.running():
        about = " ".join((before, *passage.section[-1:], passage.text))
        before = (
            passage.text[-200:] if passage.text.rstrip().endswith("?") or "?" in passage.text[-80:] else ""
        )
        if not _MIG.search(about):
            continue
        for sentence in sentences(passage.text):
            for match in _SLICES.finditer(passage.text, sentence.start, sentence.end):
                start, end = passage.span(*match.span())
                if not _ELSE.search(sentence.text) and not any(a < end and start < b for a, b in done):
                    yield from _judged(index, passage, sentence, match, context)


def _judged(
    index: int, passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    word = (match["n"] or match["m"]).lower()
    number = _WORDS.get(word) or int(word)
    counted = match["m"] is None or _SLICES.search(passage.text, sentence.start, match.start())
    if not counted or number < 2:
        return
    gpus = list(_meant(index, passage, sentence, match.start(), context))
    able = [gpu for gpu in gpus if _most(gpu)]
    size = float(match["size"] or 0)
    room = max((nominal_gb(float(gpu.value("memory") or 0)) or 0.0 for gpu in able or gpus), default=0.0)
    because = ""
    if number > _MOST:
        because = f"MIG makes at most {_MOST} instances of a GPU"
    elif able and number > max(_most(gpu) for gpu in able):
        because = f"MIG makes at most {max(_most(gpu) for gpu in able)} instances of {able[0].id}"
    elif size and room and number * size > room * _LARGER:
        because = f"{number} x {size:g} GB are more than the {room:g} GB of {(able or gpus)[0].id}"
    if because:
        sources = (source_of(able[0], "mig_max"),) if able else ()
        yield made(
            context, passage, match.span(), "arithmetic", "contradicted", attribute="slices",
            because=because, evidence=(Evidence(because), *sources),
        )  # fmt: skip


def _most(gpu: Gpu) -> int:
    value = gpu.value("mig_max")
    return int(value) if isinstance(value, int | float) else 0


def _meant(index: int, passage: Passage, sentence: Sentence, at: int, context: Context) -> Sequence[Gpu]:
    """The devices that a number of slices may be of: the last before it, else all that are told of."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    ahead = [each for each in here if each.end <= at][-1:]
    who = spoken(index, passage, sentence, context)
    own = ahead or here or (who.topic if who.certain else ())
    keys = [key for each in own for key in (*each.ids, *each.named)] or sorted(context.spoken_of)
    return [context.catalogue[key] for key in dict.fromkeys(keys)]
