"""Lists of tokens a second of one request, below what ran: no faster than the weights are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.claims.decode import EXPERTS, ONE, OTHERS, SLACK
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import store
from whichgpu.audit.models import TRAINS, formats, models
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series

#: The groups of lists begin here.
_LISTS = 2000


def find(context: Context) -> Iterator[Finding]:
    """Every such rate that no memory of its device could feed."""
    for series in store(context):
        if series.group >= _LISTS and series.measure == "speed" and series.dimension == "rate":
            yield from _judged(series, context)


def _judged(series: Series, context: Context) -> Iterator[Finding]:
    text = series.label
    found = models(text)
    said = formats(text)
    if len({each.parameters for each in found}) != 1 or len(said) != 1 or not ONE.search(text):
        return
    if OTHERS.search(ONE.sub("", text)) or EXPERTS.search(text) or TRAINS.search(text):
        return
    weights = found[0].parameters * said[0].least
    for one in series.amounts:
        passage = next((each for each in context.document.passages if each.start == one.start), None)
        gpus = [gpu for key in sorted(one.ids) if (gpu := context.catalogue[key]).value("bandwidth")]
        if (
            passage is None
            or not gpus
            or one.number > 1
            or ("tok" not in one.words.lower() and "t/s" not in one.words)
        ):
            continue
        best = max(gpus, key=lambda gpu: float(gpu.need("bandwidth")))
        most = float(best.need("bandwidth")) / weights
        at = passage.text.find(one.words)
        if at >= 0 and one.value > most * SLACK:
            because = (
                f"a token of {found[0].name.strip()} reads {weights / 1e9:,.3g} GB of weights in "
                f"{said[0].name}; at {best.display('bandwidth')} of {best.id} that is at most "
                f"{most:,.0f} a second"
            )
            yield made(
                context, passage, (at, at + len(one.words)), "benchmark", "contradicted", subject=best.id,
                attribute="throughput", because=because, expected=f"at most {most:,.0f}",
                evidence=(Evidence(because), source_of(best, "bandwidth")),
            )  # fmt: skip
