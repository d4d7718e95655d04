"""What is asked of money: the bill of a job, owning, spot capacity, a quote."""

from __future__ import annotations

from pydantic import Field

from whichgpu.web.asks.base import Ask, Daily, Device, Hours, JobAsk, Name, Text, Texts
from whichgpu.web.asks.wishes import WholeJob

_GRID = Field("world", title="Grid", description="Whose electricity: a country, or 350 g/kWh.")


class Cost(WholeJob, JobAsk):
    """What a job costs on every kind of terms."""

    workload: Name = Field(title="Workload", description="A model.", examples=["stable-diffusion-1.5"])
    gpu: Device = Field(title="GPU", description="A machine: a GPU, or name:4.", examples=["a10"])
    target: Text | None = Field(
        None, title="Target", description="As many machines as it takes.", examples=["1000 images/min"]
    )
    throughput: Text | None = Field(
        None, title="Measured speed", description="Of a machine, your own.", examples=["34 images/min"]
    )
    price: Text | None = Field(
        None, title="Price", description="Of a machine, in place of offers.", examples=["1.20 USD/h"]
    )
    hours_per_day: Daily = Field(
        24.0, gt=0, le=24, allow_inf_nan=False, title="Hours a day", description="That machines are up."
    )
    busy: Text = Field("100 %", title="Busy", description="Of that time they are at work.")
    discount: Texts = Field(
        default=[], max_length=8, title="Discount", description="Off on demand, for a commitment.",
        examples=[["1y 30 %"]],
    )  # fmt: skip
    egress: Text | None = Field(None, title="Data that leaves", description="In a month.", examples=["2 TB"])
    storage: Text | None = Field(None, title="Data that is kept", examples=["500 GB"])
    checkpoint: Text | None = Field(
        None, title="Checkpoint every", description="On spot capacity.", examples=["30 min"]
    )
    grid: Text = _GRID


class Own(Ask):
    """Rent or buy."""

    gpu: Device = Field(title="GPU", description="That is bought, or not.", examples=["rtx-4090"])
    hours_per_day: Daily = Field(
        8.0, gt=0, le=24, allow_inf_nan=False, title="Hours a day", description="Of use."
    )
    gpus: int = Field(1, ge=1, le=100_000, title="GPUs", description="That the month is of.")
    price: Text | None = Field(
        None, title="Price to buy", description="Of one GPU; else the one on file.", examples=["1600 USD"]
    )
    rent: Text | None = Field(
        None, title="Rent", description="Of one GPU; else the best offer.", examples=["0.35 USD/h"]
    )
    electricity: Text | None = Field(None, title="Electricity", examples=["0.30 USD/kWh"])
    pue: float | None = Field(
        None,
        ge=1,
        le=10,
        allow_inf_nan=False,
        title="PUE",
        description="Of the site.",
    )
    cooling: Text | None = Field(
        None, title="Cooling", description="Its power over what it cools, in place of PUE.", examples=["30 %"]
    )
    load: Text | None = Field(
        None, title="Load", description="Mean power in use over the board's.", examples=["80 %"]
    )
    years: Text | None = Field(None, title="In service", examples=["3 years"])
    resale: Text | None = Field(
        None, title="Resale", description="Of the price, at the end.", examples=["20 %"]
    )
    host: Text | None = Field(
        None, title="Its part of the server", description="Over its own price.", examples=["38 %"]
    )
    grid: Text = _GRID


class Spot(Ask):
    """What a job costs on capacity that is taken back now and then."""

    gpu: Device = Field(title="GPU", description="A name.", examples=["a100-80gb-sxm"])
    hours: Hours = Field(
        gt=0, lt=1e6, allow_inf_nan=False, title="Hours of work", description="Without interruptions.",
        examples=[72],
    )  # fmt: skip
    gpus: int = Field(1, ge=1, le=10**6, title="GPUs", description="Of the machine.")
    checkpoint: Text | None = Field(
        None, title="Checkpoint every", description="Time between two.", examples=["30 min"]
    )
    saving: Text | None = Field(
        None, title="Saving takes", description="Of one checkpoint.", examples=["1 min"]
    )
    restart: Text | None = Field(
        None, title="Restart takes", description="Until another machine works on.", examples=["10 min"]
    )
    interruption: Text | None = Field(
        None, title="Interruptions", description="Of machines a month, or the time between two.",
        examples=["20 %"],
    )  # fmt: skip


class Judge(Ask):
    """Whether a price that somebody asks is low, usual or high."""

    quote: Text = Field(
        min_length=1, title="Quote", description="For the whole machine, unless it says per GPU.",
        examples=["2.10 USD/h for 1x H100 SXM"],
    )  # fmt: skip
