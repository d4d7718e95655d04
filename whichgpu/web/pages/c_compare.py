"""Compare: two to six GPUs, at an address of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def chosen(ask: asks.Compare, name: str) -> str:
    """The address of a comparison."""
    from urllib.parse import quote, urlencode

    ids = [quote(_spelled(one), safe=":.") for one in ask.gpu]
    stated = {
        key: value for key, value in ask.model_dump(exclude_defaults=True).items() if key != "gpu" and value
    }
    query = urlencode(stated, doseq=True)
    return f"/compare/{'-vs-'.join(ids)}" + (f"?{query}" if query else "")


def _spelled(name: str) -> str:
    """The id of a device, as an address may have it: a share in percent, since `/` parts addresses."""
    from fractions import Fraction

    from whichgpu.hardware.names import gpus_of
    from whichgpu.hardware.slices import resolve_device

    gpu, count = resolve_device(name, answers.known())
    if count not in (1, gpus_of(name)):
        return name  # Which the comparison refuses.
    whole, _, share = gpu.id.partition(":")
    if "/" not in share:
        return gpu.id
    return f"{whole}:{100 * float(Fraction(share)):.10g}%"


class Work(asks.JobAsk):
    """What compared GPUs run, and others to compare."""

    gpu: asks.Devices = Field(default=[], title="GPUs", description="Two to six.")
    workload: asks.Names = Field(
        default=[],
        title="Workloads",
        description="What they would run; usual and none are words for it.",
        examples=[["stable-diffusion-1.5"]],
    )


def compared(ask: Work, name: str) -> Report | str:
    """The comparison as an article; another spelling leads to the canonical address."""
    from urllib.parse import quote

    asked = asks.Compare.model_validate({**ask.model_dump(), "gpu": ask.gpu or name.split("-vs-")})
    here = chosen(asked, "")
    if ask.gpu or here.partition("?")[0] != f"/compare/{quote(name, safe=':.')}":
        return here
    made = answers.compare(asked, drawn=True)
    return figures.before(made, figures.compared(made.data))


PAGE = (
    Page(
        "/compare",
        "Compare",
        "Two to six GPUs side by side: figures, speeds, prices, and which for what.",
        asks.Compare,
        chosen,
        ("gpu", "workload"),
        asks.COLUMNS,
        order=3,
        button="Compare",
        examples=(
            ("A10 or A100", "/compare/a10-vs-a100-80gb-pcie"),
            (
                "RTX A6000 or A100 for Stable Diffusion",
                "/compare/rtx-a6000-vs-a100-80gb-sxm?workload=stable-diffusion-1.5",
            ),
            ("L4, A10, RTX 4090", "/compare/l4-vs-a10-vs-rtx-4090"),
        ),
    ),
    Page(
        "/compare/{name}",
        "Compare",
        "",
        Work,
        compared,
        ("gpu", "workload", "phase", "precision", "batch"),
        always=True,
        api="/compare?gpu={name}",
        command="compare {name}",
        named="gpu",
        unstated=(("workload", "usual"),),
        button="Compare",
    ),
)
