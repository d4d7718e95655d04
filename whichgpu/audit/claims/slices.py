"""How much memory each instance of a GPU has that is cut in so many: "four instances of 8 GB each".

The profiles on file say how much there is for each of so many; fewer may have less, but none more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_PARTS = re.compile(
    rf"\b(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})\s+(?:\w+\s+){{0,3}}?(?:instances|partitions|slices)\b"
    r"(?:,?\s+(?:with|of|at|having|offering)(?:\s+(?:only|just|about|roughly|up to|around))?)\s+"
    r"(?P<gb>\d+(?:\.\d+)?)\s?GB\b(?:\s+(?:of\s+)?(?:memory|vram|HBM\w*))?(?P<each>\s+(?:each|apiece|"
    r"of its own))?",
    re.IGNORECASE,
)
_PROFILE = re.compile(r"(\d+)x \d+[gc]\.(\d+)gb", re.IGNORECASE)
_ROUND = 0.09
_FEW = 2


def find(context: Context) -> Iterator[Finding]:
    """Every size of instances that no profile of so many has."""
    for passage, sentence, who in told(context, _PARTS):
        for match in _PARTS.finditer(passage.text, sentence.start, sentence.end):
            before = [each for each in within(who.here, sentence.start, match.start())]
            mention = before[-1] if before else who.owner(match.start())
            number = int(read_number(match["n"]))
            if mention is None or number < _FEW or not is_asserted(sentence.text):
                continue
            gpus = [context.catalogue[key] for key in mention.ids]
            sizes = [size for gpu in gpus for size in _sizes(gpu, number)]
            size = float(match["gb"])
            if not sizes or any(abs(size / each - 1) <= _ROUND for each in sizes):
                continue
            # A share that is told of all of them is no one's.
            if size > _FEW * max(sizes) and not match["each"]:
                continue
            best = next(gpu for gpu in gpus if _sizes(gpu, number))
            right = f"{max(sizes):g} GB"
            because = f"{best.id} cut in {number} has {right} for each: {best.display('mig_profiles')}"
            yield made(context, passage, (match.start("gb"), match.end()), "specification", "contradicted",
                       subject=best.id, attribute="mig_profiles", because=because, expected=right,
                       evidence=(source_of(best, "mig_profiles"),))  # fmt: skip


def _sizes(gpu: Gpu, number: int) -> list[int]:
    """What the profiles give each of at least so many instances; nothing of a GPU not cut in so many."""
    profiles = str(gpu.value("mig_profiles") or "")
    return [int(size) for count, size in _PROFILE.findall(profiles) if int(count) >= number]
