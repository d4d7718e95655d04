"""What may be asked, by name, as a query string or a form says it: one class a question.

A field's title, description and examples make its place in a form and in the OpenAPI document; an empty
value is none, as a browser sends it for a field that was left alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from whichgpu.planner.wishes import OBJECTIVES
from whichgpu.software.frameworks import SYSTEMS

#: The longest name, and the longest text of another kind.
_NAME, _TEXT = 120, 400
#: Most of a size: beyond it nothing is real, and arithmetic overflows.
_MOST = 10**9

TERMS = ("on-demand", "spot", "reserved", "serverless", "marketplace", "buy", "any")
PHASES = (
    "infer",
    "generate",
    "serve",
    "prefill",
    "decode",
    "train",
    "pretrain",
    "finetune_full",
    "finetune_lora",
    "finetune_qlora",
)
PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "amp-fp16", "amp-bf16", "fp8", "int8", "w8a16", "w4a16", "fp4")


def _plain(text: str) -> str:
    """Text without what no name has."""
    if not text.isprintable():
        raise ValueError("characters that cannot be printed")
    return text.strip()


def _not_local(text: str) -> str:
    """A device of this machine is for the command line: a web page asks from elsewhere."""
    if text.lower().startswith("local"):
        raise ValueError("'local' is for the command line; name a GPU")
    return text


def _each(value: Any) -> Any:
    """Several values, each of which may hold several with commas between."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return given
    return [part.strip() for text in given for part in str(text).split(",") if part.strip()]


def _listed(value: Any) -> Any:
    """One value as a list of one."""
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=_NAME), AfterValidator(_plain)]
Text = Annotated[str, Field(max_length=_TEXT), AfterValidator(_plain)]
Device = Annotated[Name, AfterValidator(_not_local)]
Size = Annotated[int, Field(ge=1, le=_MOST)]
Names = Annotated[list[Name], BeforeValidator(_each), Field(max_length=24)]
Devices = Annotated[list[Device], BeforeValidator(_each), Field(max_length=24)]
Texts = Annotated[list[Text], BeforeValidator(_listed)]
Usd = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


def choices(*names: str) -> dict[str, Any]:
    """What a form offers for a field; other values may be typed in the address."""
    return {"choices": list(names)}


class Ask(BaseModel):
    """A question; an unknown field is refused, and an empty one is none."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _stated(cls, given: Any) -> Any:
        """Only what is stated."""
        if not isinstance(given, dict):
            return given
        kept = {}
        for name, stated in given.items():
            value = [one for one in stated if one != ""] if isinstance(stated, list) else stated
            if value not in ("", None, []):
                kept[name] = value
        return kept


class Listing(Ask):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=1000, title="Rows", description="How many at once.")
    offset: int = Field(0, ge=0, le=10**6, title="From", description="How many to pass over.")


class JobAsk(Ask):
    """The columns of a job, each the workload's own where it is not stated."""

    phase: Text | None = Field(
        None, title="Phase", description="What is done with the model.", json_schema_extra=choices(*PHASES)
    )
    precision: Text | None = Field(
        None, title="Precision", description="Number format.", json_schema_extra=choices(*PRECISIONS)
    )
    batch: Size | None = Field(None, title="Batch", description="Items together on one GPU.", examples=[8])
    runtime: Text | None = Field(None, title="Runtime", description="What runs it.", examples=["vLLM"])
    resolution: Text | None = Field(
        None, title="Resolution", description="Pixels, height x width.", examples=["512x768"]
    )
    seq_len: Size | None = Field(
        None, title="Sequence", description="Tokens, in training and encoders.", examples=[2048]
    )
    input_tokens: Text | None = Field(
        None,
        title="Prompt tokens",
        description="A number, or e.g. lognormal mean 500 p90 1000.",
        examples=["1024"],
    )
    output_tokens: Text | None = Field(
        None, title="Answer tokens", description="Tokens generated, likewise.", examples=["256"]
    )
    concurrency: Text | None = Field(
        None, title="Requests in flight", description="A number, or max.", examples=["max"]
    )
    tp: Size | None = Field(None, title="Tensor parallel", description="GPUs that share each layer.")
    pp: Size | None = Field(None, title="Pipeline parallel", description="GPUs that share the layers out.")
    steps: Size | None = Field(None, title="Steps", description="Denoising steps of an image.", examples=[50])
    option: Texts = Field(
        default=[], max_length=24, title="Options", description="key=value, e.g. guidance=7.5; repeatable."
    )

    def columns(self) -> dict[str, Any]:
        """The columns that are stated, as `api.job` takes them."""
        stated = {name: getattr(self, name) for name in JobAsk.model_fields if name != "option"}
        return {name: value for name, value in stated.items() if value is not None} | {"options": self.option}


#: The columns of a job, as forms have them.
COLUMNS = tuple(JobAsk.model_fields)


def _no_file(text: str) -> str:
    """A machine in words: the server reads no files that are named to it."""
    if text.lower().endswith(".toml"):
        raise ValueError("files are for the command line; write the machine in words")
    return text


class Recommend(JobAsk):
    """What to rent or buy for a workload, or for a use: rendering, cad, video."""

    workload: Name = Field(
        title="Workload", description="A model, as it is called.", examples=["stable-diffusion-1.5"]
    )
    target: Text | None = Field(
        None, title="Target", description="How much work, with a unit.", examples=["1000 images/min"]
    )
    latency: Text | None = Field(
        None, title="Latency", description="At most this for one job.", examples=["2 s"]
    )
    budget: Text | None = Field(
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
    users: float | None = Field(
        None, ge=1, le=_MOST, allow_inf_nan=False, title="Users", description="Instead of requests a second."
    )
    pause: Text = Field("0 s", title="Pause of a user", description="Between an answer and the next request.")

    epochs: Text | None = Field(None, title="Epochs", description="Of a training.", examples=["90"])
    samples: Text | None = Field(
        None, title="Samples", description="Of an epoch, or a data set.", examples=["imagenet"]
    )
    tokens: Text | None = Field(None, title="Tokens", description="Of the whole job.", examples=["2B"])
    images: Text | None = Field(None, title="Images", description="Of the whole job.", examples=["1M"])
    hours_of_audio: Text | None = Field(None, title="Hours of audio", description="Of the whole job.")
    requests: Text | None = Field(None, title="Requests in all", description="Of the whole job.")
    deadline: Text | None = Field(
        None, title="Deadline", description="When the whole job is done.", examples=["tomorrow"]
    )
    energy: Text | None = Field(
        None, title="Energy", description="At most this for all of it.", examples=["5 kWh"]
    )
    objective: Text = Field(
        "cost", title="Objective", description="What is ranked by.", json_schema_extra=choices(*OBJECTIVES)
    )
    region: Names = Field(default=[], title="Regions", description="Of providers, or areas: europe.")
    exclude: Names = Field(default=[], title="Leave out", description="GPUs and providers.")
    min_memory: Text | None = Field(
        None, title="Memory, at least", description="Of a GPU.", examples=["24 GB"]
    )
    max_power: Text | None = Field(
        None, title="Power, at most", description="Of a board.", examples=["150 W"]
    )
    max_slots: float | None = Field(
        None, gt=0, le=16, allow_inf_nan=False, title="Slots, at most", description="Of a card."
    )
    power_limit: Text | None = Field(
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

    @property
    def under_load(self) -> bool:
        """Whether it is of a fleet under a load."""
        return self.slo is not None or self.rate is not None or self.users is not None


class Predict(JobAsk):
    """Speed, memory and power of a job on a GPU."""

    workload: Name = Field(title="Workload", description="A model.", examples=["llama-2-70b"])
    gpu: Device = Field(title="GPU", description="A GPU, or several: name:4.", examples=["h100-80gb-sxm:4"])
    explain: bool = Field(False, title="Explain", description="The chain behind the answer.")
    grid: Text = Field("world", title="Grid", description="Whose electricity: a country, or 350 g/kWh.")
    pue: float = Field(
        1.0, ge=1, le=10, allow_inf_nan=False, title="PUE", description="Energy of the site over the GPUs'."
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


class Work(JobAsk):
    """One workload, or a job of it."""

    gpus: Devices = Field(
        default=[],
        title="GPUs of the roofline",
        description="Up to four.",
        max_length=4,
        examples=[["l4,h100-80gb-sxm"]],
    )


class Gpus(Listing):
    """Which GPUs are listed, and in which order."""

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
    order: Text | None = Field(None, title="Best first by", description="A field.", examples=["bandwidth"])
    reverse: bool = Field(False, title="Worst first")


class Workloads(Listing):
    """Which workloads are listed."""

    q: Text | None = Field(None, title="Name", description="Part of its name.", examples=["llama"])


class Prices(Listing):
    """Which offers are listed."""

    term: Text = Field("any", title="Term", json_schema_extra=choices(*TERMS[:5], "any"))
    provider: Names = Field(default=[], title="Provider", description="Only these.")


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


class Sweep(JobAsk):
    """The best strategies to train on a cluster."""

    workload: Name = Field(title="Workload", examples=["llama-3.1-8b"])
    gpus: Device = Field(title="Cluster", description="N GPUs of a kind.", examples=["h100-80gb-sxm:64"])
    global_batch: float | None = Field(
        None, ge=1, le=1e9, allow_inf_nan=False, title="Global batch", description="Sequences of a step."
    )
    tokens: Text | None = Field(None, title="Tokens", description="To train in all.", examples=["300B"])
    usd_per_gpu_hour: Usd | None = Field(None, title="USD per GPU and hour")
    system: Text | None = Field(None, title="Machines", examples=["hgx-h100-8"])
    top: int = Field(5, ge=1, le=50, title="How many")
    scaling: bool = Field(False, title="Scaling", description="Also on 1, 2, 4, .. GPUs.")


#: The largest text of an audit, in characters.
LARGEST_TEXT = 2_000_000


class Audit(Ask):
    """A text to be checked."""

    text: str = Field(
        min_length=1,
        max_length=LARGEST_TEXT,
        title="Text",
        description="Markdown, HTML or plain text.",
        examples=["The A10 has 24 GB of memory and 900 GB/s."],
    )
    form: Literal["", "markdown", "html", "text"] = Field(
        "",
        title="Format",
        description="Told from the text where it is not said.",
        json_schema_extra=choices("markdown", "html", "text"),
    )
    name: Text = Field("the text", title="Name", description="What it is called in the answer.")


class Plan(Ask):
    """Demands on one fleet, as TOML."""

    text: str = Field(
        min_length=1,
        max_length=200_000,
        title="Plan",
        description="TOML: what is to be done, and within what.",
    )
    what_if: Texts = Field(
        default=[],
        max_length=6,
        title="What if",
        description="A change to solve again under.",
        examples=[["demand x2"]],
    )
    name: Text = Field("plan", title="Name")
