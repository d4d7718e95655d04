"""What is asked of a job: its speed, its load, its memory, its strategy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from whichgpu.web.asks.base import TRAINING, Device, Devices, JobAsk, Name, Names, Text, Usd, choices
from whichgpu.web.asks.wishes import WholeJob


class Predict(WholeJob, JobAsk):
    """Speed, memory and power of a job on a GPU."""

    workload: Name = Field(title="Workload", description="A model.", examples=["llama-2-70b"])
    gpu: Device = Field(title="GPU", description="A GPU, or several: name:4.", examples=["h100-80gb-sxm:4"])
    explain: bool = Field(False, title="Explain", description="The chain behind the answer.")
    grid: Text = Field("world", title="Grid", description="Whose electricity: a country, or 350 g/kWh.")
    pue: float = Field(
        1.0, ge=1, le=10, allow_inf_nan=False, title="PUE", description="Energy of the site over the GPUs'."
    )


class Diagnose(JobAsk):
    """Whether what was measured of a job is normal, and if not, why."""

    workload: Text = Field(
        min_length=1,
        title="Measured run",
        description="What runs, on what, how fast; or a model, and the rest in the other fields.",
        examples=["ResNet-50 trains at 300 images/s on my RTX A5000, batch 128"],
    )
    gpu: Device | None = Field(
        None, title="GPU", description="A GPU, or several: name:4.", examples=["rtx-a5000"]
    )
    measured: Text | None = Field(
        None, title="Measured", description="A figure with its unit.", examples=["300 images/s"]
    )


class Curve(JobAsk):
    """Throughput and latency of a job against its load, or the largest load within objectives."""

    workload: Name = Field(title="Workload", description="A model.", examples=["llama-3.1-8b"])
    gpu: Device = Field(title="GPU", description="A GPU, or several: name:4.", examples=["h100-80gb-sxm"])
    against: Literal["rate", "concurrency"] = Field(
        "rate",
        title="Against",
        description="Requests that arrive, or kept in flight.",
        json_schema_extra=choices("rate", "concurrency"),
    )
    slo: Text | None = Field(
        None,
        title="Objectives",
        description="The largest load within them.",
        examples=["ttft p90 1 s, tpot 50 ms"],
    )
    rate: Text | None = Field(None, title="Requests", description="One load.", examples=["5 req/s"])
    usd_per_gpu_hour: Usd | None = Field(
        None, title="USD per GPU and hour", description="Else the best offer.", examples=[2.5]
    )


class Fit(JobAsk):
    """What fits on which GPU."""

    workload: Names = Field(
        min_length=1, title="Workload", description="One model or several.", examples=[["llama-2-13b"]]
    )
    gpu: Devices = Field(
        default=[],
        title="GPU",
        description="Names; without any, the smallest that holds it.",
        examples=[["a10,rtx-4090:2"]],
    )
    together: bool = Field(False, title="Together", description="All of them on each GPU at once.")


class Work(JobAsk):
    """One workload, or a job of it."""

    gpus: Devices = Field(
        default=[],
        title="GPUs of the roofline",
        description="Up to four.",
        max_length=4,
        examples=[["l4,h100-80gb-sxm"]],
    )


class Sweep(JobAsk):
    """The best strategies to train on a cluster."""

    phase: Text | None = Field(
        None, title="Phase", description="How it is trained.", json_schema_extra=choices(*TRAINING)
    )
    workload: Name = Field(title="Workload", examples=["llama-3.1-8b"])
    gpus: Device = Field(title="Cluster", description="N GPUs of a kind.", examples=["h100-80gb-sxm:64"])
    global_batch: float | None = Field(
        None, ge=1, le=1e9, allow_inf_nan=False, title="Global batch", description="Sequences of a step."
    )
    tokens: Text | None = Field(None, title="Tokens", description="To train in all.", examples=["300B"])
    within: Text | None = Field(
        None, title="Within", description="The fewest GPUs that are done by then.", examples=["60 days"]
    )
    usd_per_gpu_hour: Usd | None = Field(None, title="USD per GPU and hour")
    system: Text | None = Field(None, title="Machines", examples=["hgx-h100-8"])
    top: int = Field(5, ge=1, le=50, title="How many")
    scaling: bool = Field(False, title="Scaling", description="Also on 1, 2, 4, .. GPUs.")
