"""What every question has: how names, texts and sizes are read, and what of a job may be stated."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from whichgpu.errors import UsageError
from whichgpu.units import HOUR, parse

#: The longest name, and the longest text of another kind.
_NAME, _TEXT = 120, 400
#: Most of a size: beyond it nothing is real, and arithmetic overflows.
_MOST = 10**9

TERMS = ("on-demand", "spot", "reserved", "serverless", "marketplace", "buy", "any")
TRAINING = ("train", "pretrain", "finetune_full", "finetune_lora", "finetune_qlora")
PHASES = ("infer", "generate", "serve", "prefill", "decode", *TRAINING)
PRECISIONS = (
    "fp32", "tf32", "fp16", "bf16", "amp-fp16", "amp-bf16", "fp8", "int8", "w8a16", "w4a16", "fp4", "nf4",
    "q8_0", "q6_k", "q5_k_m", "q4_k_m",
)  # fmt: skip


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


#: What stands between GPUs besides commas.
_BETWEEN = re.compile(r"(?i)\s+(?:vs\.?|versus|or|and|&)\s+|\s*;\s*|(?<=\w)\s*/\s*(?=[a-z]|\d{4})")


def _devices(value: Any) -> Any:
    """Several GPUs, as people say it: `4090 vs 5090`."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        return given
    return _each([_BETWEEN.sub(",", str(text)) for text in given])


#: A number with what a field counts behind it, or with the day that hours are of.
_BARE = re.compile(r"\s*\d[\d.,_]*\s*")
_COUNTED = re.compile(
    r"(?i)\s*(\d+(?:,\d{3})*(?:\.\d*)?)\s*(?:concurrent |simultaneous )?"
    r"(?:users?|people|persons?)\s*(?:at once|at a time|at the same time|concurrently)?\s*"
)
_DAILY = re.compile(r"(?i)\s*(?:(?:/|per|an?|each|every)\s*day|daily)\s*$")
_ONE = re.compile(r"(?i)^\s*(?:an?|one)\s+(?=[a-z])")
_ALWAYS = re.compile(r"(?i)\s*(?:24\s*/\s*7|24x7|around the clock|all day)\s*")
#: What says that a figure is the most or the least that is wanted, or a memory, as its field does already.
_AT_MOST = re.compile(
    r"(?i)^\s*(?:(?:under|below|within|(?:less|no more|not more) than|up to|at most|max(?:imum)?\.?)\s"
    r"|[<≤]=?)\s*|\s*\b(?:max|or less|at most)\s*$"
)
_AT_LEAST = re.compile(
    r"(?i)^\s*(?:(?:over|above|more than|no less than|at least|min(?:imum)?\.?)\s|[>≥]=?)\s*"
    r"|\s*(?:\b(?:min|or more|at least|(?:of )?(?:v?ram|memory))|(?<=\w)\+)\s*$"
)


def _people(value: Any) -> Any:
    """So many people, who may be called so: `200 users`."""
    match = _COUNTED.fullmatch(value) if isinstance(value, str) else None
    return match[1].replace(",", "") if match else value


def _hours(value: Any) -> Any:
    """Hours, or a time with its unit: `72`, `3 days`, `a week`."""
    said = _ONE.sub("1 ", value) if isinstance(value, str) else ""
    if _BARE.fullmatch(said) or not said[:1].isdigit():
        return value
    try:
        return parse(said, "time", "8 h") / HOUR
    except UsageError as fault:
        raise ValueError(str(fault)) from None


def _daily(value: Any) -> Any:
    """Hours of a day: `8`, `8 hours a day`, `24/7`."""
    if not isinstance(value, str):
        return value
    return 24.0 if _ALWAYS.fullmatch(value) else _hours(_DAILY.sub("", value))


def _without(words: re.Pattern[str]) -> BeforeValidator:
    """A text as it is without such words: `under 2 s`, `24 GB or more`."""
    return BeforeValidator(lambda value: words.sub("", value) if isinstance(value, str) else value)


def _listed(value: Any) -> Any:
    """One value as a list of one."""
    return [value] if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=_NAME), AfterValidator(_plain)]
Text = Annotated[str, Field(max_length=_TEXT), AfterValidator(_plain)]
Device = Annotated[Name, AfterValidator(_not_local)]
Size = Annotated[int, Field(ge=1, le=_MOST)]
Names = Annotated[list[Name], BeforeValidator(_each), Field(max_length=24)]
Devices = Annotated[list[Device], BeforeValidator(_devices), Field(max_length=24)]
Most = Annotated[Text, _without(_AT_MOST)]
Least = Annotated[Text, _without(_AT_LEAST)]
Texts = Annotated[list[Text], BeforeValidator(_listed)]
People = Annotated[float, BeforeValidator(_people)]
Hours = Annotated[float, BeforeValidator(_hours)]
Daily = Annotated[float, BeforeValidator(_daily)]
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


class Whole(Listing):
    """A list that is told whole, unless a part of it is asked for."""

    limit: int = Field(10_000, ge=1, le=10_000, title="Rows", description="How many at once.")


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
