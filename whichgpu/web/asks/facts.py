"""What is asked of the catalogue, of prices and of sources."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from whichgpu.web.asks.base import TERMS, Ask, Devices, JobAsk, Listing, Names, Text, Texts, choices


class Compare(JobAsk):
    """Two to six GPUs side by side."""

    gpu: Devices = Field(
        min_length=2,
        max_length=6,
        title="GPUs",
        description="Two to six.",
        examples=[["a10,a100-80gb-pcie"]],
    )
    workload: Names = Field(
        default=[],
        title="Workloads",
        description="What they would run; usual and none are words for it.",
        examples=[["stable-diffusion-1.5"]],
    )


class Show(Ask):
    """One GPU."""

    review: bool = Field(False, title="Review", description="With what it is for, alternatives and prices.")


class Gpus(Listing):
    """Which GPUs are listed, and in which order."""

    q: Text | None = Field(None, title="Name", description="Part of a name.", examples=["4090"])
    vendor: Text | None = Field(None, title="Vendor", json_schema_extra=choices("NVIDIA", "AMD", "Intel"))
    segment: Text | None = Field(
        None,
        title="Segment",
        json_schema_extra=choices("datacenter", "workstation", "geforce", "laptop", "edge", "cpu"),
    )
    family: Text | None = Field(None, title="Architecture", examples=["ampere"])
    min: Texts = Field(
        default=[], max_length=12, title="At least", description="field=quantity", examples=[["memory=40 GB"]]
    )
    max: Texts = Field(
        default=[], max_length=12, title="At most", description="field=quantity", examples=[["power=150 W"]]
    )
    where: Texts = Field(
        default=[], max_length=12, title="Where", description="field=value", examples=[["low_profile=yes"]]
    )
    needs: Text | None = Field(
        None, title="Needs", description="What each must have.", examples=["fp8,single-slot"]
    )
    order: Text | None = Field(None, title="Best first by", description="A field.", examples=["bandwidth"])
    reverse: bool = Field(False, title="Worst first")


class Workloads(Listing):
    """Which workloads are listed."""

    q: Text | None = Field(None, title="Name", description="Part of its name.", examples=["llama"])


class Prices(Listing):
    """Which offers are listed."""

    term: Text = Field("any", title="Term", json_schema_extra=choices(*TERMS[:5], "any"))
    provider: Names = Field(default=[], title="Provider", description="Only these.")


class PricesOf(Prices):
    """Which offers of one GPU are listed, and what renting it comes to."""

    hours: float | None = Field(None, gt=0, lt=1e6, title="Hours", description="What so long costs.")
    gpus: int | None = Field(None, ge=1, le=100_000, title="GPUs", description="Of hours: so many.")


class Compat(Ask):
    """What software runs on GPUs."""

    gpu: Devices = Field(min_length=1, title="GPU", examples=[["v100-32gb-sxm"]])
    framework: Names = Field(
        default=[], title="Framework", description="A name with or without a version.", examples=[["pytorch"]]
    )
    feature: Names = Field(default=[], title="Feature", examples=[["flash-attention"]])
    precision: Names = Field(default=[], title="Precision", examples=[["fp8"]])
    system: Text = Field("", title="System", json_schema_extra=choices("linux", "windows", "wsl", "macos"))


class Scoreboard(Ask):
    """How the errors of the model are broken down."""

    by: Literal["source", "gpu", "workload", "family", "generation"] = Field(
        "source", title="By", json_schema_extra=choices("source", "gpu", "workload", "family", "generation")
    )


class Sources(Listing):
    """Which sources are listed."""

    q: Text | None = Field(None, title="Search", description="Words of a title or an address.")
