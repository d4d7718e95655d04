"""What is asked of a recommendation."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from whichgpu.planner.wishes import OBJECTIVES
from whichgpu.software.frameworks import SYSTEMS
from whichgpu.web.asks.base import (
    _MOST,
    TERMS,
    Ask,
    Devices,
    JobAsk,
    Least,
    Most,
    Name,
    Names,
    People,
    Size,
    Text,
    Texts,
    choices,
)

#: Characters of a price list of one's own, which stands in the address.
_LIST = 6000


def _no_file(text: str) -> str:
    """A machine in words: the server reads no files that are named to it."""
    if text.lower().endswith(".toml"):
        raise ValueError("files are for the command line; write the machine in words")
    return text


class WholeJob(Ask):
    """How large a job that ends is."""

    epochs: Text | None = Field(None, title="Epochs", description="Of a training.", examples=["90"])
    samples: Text | None = Field(
        None, title="Samples", description="Of an epoch, or a data set.", examples=["imagenet"]
    )
    tokens: Text | None = Field(None, title="Tokens", description="Of the whole job.", examples=["2B"])
    images: Text | None = Field(None, title="Images", description="Of the whole job.", examples=["1M"])
    hours_of_audio: Text | None = Field(
        None, title="Hours of audio", description="Of the whole job.", examples=["10000"]
    )
    requests: Text | None = Field(
        None, title="Requests in all", description="Of the whole job.", examples=["100M"]
    )


def _rows(text: str) -> str:
    """A price list: rows of text, which end where lines end."""
    if not all(c.isprintable() or c in "\r\n\t" for c in text):
        raise ValueError("characters that cannot be printed")
    return text.strip()


class Recommend(WholeJob, JobAsk):
    """What to rent or buy for a workload, or for a use: rendering, cad, video."""

    workload: Name = Field(
        title="Workload", description="A model, as it is called.", examples=["stable-diffusion-1.5"]
    )
    target: Text | None = Field(
        None, title="Target", description="How much work, with a unit.", examples=["1000 images/min"]
    )
    latency: Most | None = Field(
        None, title="Latency", description="At most this for one job.", examples=["2 s"]
    )
    budget: Most | None = Field(
        None, title="Budget", description="At most this for all of it.", examples=["20 USD/h"]
    )
    gpus: Devices = Field(
        default=[],
        title="Only these GPUs",
        description="Names with commas between.",
        examples=[["a10,a100-80gb-sxm"]],
    )
    providers: Names = Field(default=[], title="Only these providers", description="With commas between.")
    term: Text = Field(
        "on-demand", title="Term", description="How it is paid.", json_schema_extra=choices(*TERMS)
    )
    needs: Names = Field(
        default=[], title="Needs", description="What a GPU must have.", examples=[["nvlink,ecc"]]
    )
    slo: Text | None = Field(
        None,
        title="Objectives",
        description="Of requests to a language model, under a load.",
        examples=["ttft p90 1 s, tpot 50 ms"],
    )
    rate: Text | None = Field(
        None, title="Requests", description="That arrive at random.", examples=["5 req/s"]
    )
    users: People | None = Field(
        None, ge=1, le=_MOST, allow_inf_nan=False, title="Users", description="Instead of requests a second.",
        examples=[200],
    )  # fmt: skip
    pause: Text = Field("0 s", title="Pause of a user", description="Between an answer and the next request.")
    deadline: Text | None = Field(
        None, title="Deadline", description="When the whole job is done.", examples=["tomorrow"]
    )
    energy: Most | None = Field(
        None, title="Energy", description="At most this for all of it.", examples=["5 kWh"]
    )
    objective: Text = Field(
        "cost", title="Objective", description="What is ranked by.", json_schema_extra=choices(*OBJECTIVES)
    )
    region: Names = Field(default=[], title="Regions", description="Of providers, or areas: europe.")
    exclude: Names = Field(default=[], title="Leave out", description="GPUs and providers.")
    min_memory: Least | None = Field(
        None, title="Memory, at least", description="Of a GPU.", examples=["24 GB"]
    )
    max_power: Most | None = Field(
        None, title="Power, at most", description="Of a board.", examples=["150 W"]
    )
    max_slots: float | None = Field(
        None, gt=0, le=16, allow_inf_nan=False, title="Slots, at most", description="Of a card."
    )
    power_limit: Most | None = Field(
        None, title="Power cap", description="That the GPU is set to.", examples=["250 W"]
    )
    framework: Texts = Field(
        default=[], max_length=8, title="Framework", description="That must run on it.",
        examples=[["pytorch 2.9"]],
    )  # fmt: skip
    system: Text = Field(
        "linux", title="System", description="Under which it runs.", json_schema_extra=choices(*SYSTEMS)
    )
    machine: Annotated[Text, AfterValidator(_no_file)] | None = Field(
        None, title="Machine", description="One that is built.",
        examples=["psu 1600 W, 4 slots, 15 A at 120 V"],
    )  # fmt: skip
    api_price: Text | None = Field(
        None, title="Price of an API", description="To break even with.",
        examples=["0.60/2.40 USD per million"],
    )  # fmt: skip

    offers: Annotated[str, Field(max_length=_LIST), AfterValidator(_rows)] | None = Field(
        None, title="Own price list", description="In place of the offers on file, a row each.",
        examples=["provider,gpu,gpu_count,usd_per_hour\nacme,a10,1,1.20"], json_schema_extra={"rows": 4},
    )  # fmt: skip

    @property
    def under_load(self) -> bool:
        """Whether it is of a fleet under a load."""
        return self.slo is not None or self.rate is not None or self.users is not None


class Ranked(Recommend):
    """What to rent or buy, and how many candidates are told."""

    limit: Size | None = Field(None, title="Rows", description="The best so many candidates; else all.")
