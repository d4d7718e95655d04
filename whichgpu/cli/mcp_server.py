"""The tools of `whichgpu mcp`: what the Python API answers, cut to what a reader of a conversation needs.

A fault that the caller can mend is the tool's error, with the text that says how. Nothing is fetched, no file
is read, and no model is imported from code.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, Any

import whichgpu
from whichgpu.audit.measurement import Told, diagnosed
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report.json import SCHEMA_VERSION, plain
from whichgpu.workloads.job import NUMBERS, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.tools import Tool

INSTRUCTIONS = (
    "whichgpu tells which GPU, how many, from whom and at what price for a machine-learning workload, with "
    "90 % intervals and sources. Workloads are names such as llama-3.1-8b, stable-diffusion-1.5, resnet50; "
    "GPUs are ids such as l4, a100-80gb-sxm, h100-80gb-sxm. Quantities have units: '1000 images/min', '2 s', "
    "'20 USD/h'. An error says what to write instead. `job` holds job columns: phase (serve, infer, "
    "generate, train, finetune_lora ..), precision (fp16, bf16, fp8, w4a16 ..), runtime, batch, seq_len, "
    "input_tokens, output_tokens, concurrency, tp, pp, steps, resolution, and options, an object."
)
#: Candidates and findings of an answer at most, and characters of a text.
_MOST, _LONGEST = 50, 2_000_000
#: The package is its own function.
_audited: Callable[..., Any] = whichgpu.audit  # type: ignore[assignment]
#: Parts that are long and can be asked for elsewhere.
_LEFT_OUT = ("rejected", "terms", "evidence", "stages", "loading")


def recommend(  # noqa: PLR0917 (an assistant names them)
    workload: str, target: str = "", latency: str = "", slo: str = "", rate: str = "", budget: str = "",
    gpus: list[str] | None = None, providers: list[str] | None = None, term: str = "on-demand",
    job: dict[str, Any] | None = None, wishes: dict[str, Any] | None = None, limit: int = 5,
) -> dict[str, Any]:  # fmt: skip
    """Rank what to rent or buy for a workload: GPU, how many, from whom, at what price, and why.

    target: a rate of work ("1000 images/min", "2000 tokens/s"); latency: the longest time of one job ("2 s");
    slo with rate: objectives of serving ("ttft p90 1 s, tpot 50 ms", "5 req/s"); budget: "20 USD/h";
    term: on-demand, spot, reserved, marketplace, buy or any; wishes: further ones by their names on the
    command line (epochs, samples, tokens, images, requests, deadline, needs, min_memory, max_power,
    max_slots, exclude, region, framework, system, machine, power_limit, api_price, energy, objective);
    limit: candidates told.
    """
    own = {"target": target, "latency": latency, "slo": slo, "rate": rate, "budget": budget, "gpus": gpus,
           "providers": providers}  # fmt: skip
    stated = {key: value for key, value in own.items() if value}
    wished = _wished(wishes)
    if twice := sorted(stated.keys() & wished.keys()):
        raise UsageError(f"{twice[0]} is stated beside wishes and among them; leave one out")
    document = _short(whichgpu.recommend(workload, **{"term": term} | stated | wished, **_columns(job)))
    document["candidates"] = document["candidates"][: max(1, min(limit, _MOST))]
    return document


def compare(
    gpus: list[str], workloads: list[str] | None = None, job: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Two to six GPUs side by side: the answer in a sentence, takeaways, verdicts, prices and speeds."""
    jobs = [whichgpu.job(name, **_columns(job)) for name in workloads or []]
    if job and not jobs:
        raise UsageError("job columns are of a workload; name one in workloads, e.g. resnet50")
    document = _short(whichgpu.compare(gpus, jobs))
    document["rows"] = [
        {"field": row["field"], "label": row["label"], "unit": row["unit"],
         "values": {key: cell and cell["text"] for key, cell in row["values"].items()}}
        for row in document["rows"]
    ]  # fmt: skip
    return document


def fit(workload: str, gpus: list[str] | None = None, job: dict[str, Any] | None = None) -> dict[str, Any]:
    """Whether a workload fits on GPUs ("a10", "rtx-4090:2"), its memory by part, and what would help."""
    return _short(whichgpu.fit(workload, gpus or (), **_columns(job)))


def predict(workload: str, gpu: str, job: dict[str, Any] | None = None) -> dict[str, Any]:
    """Speed, latency, memory, power and energy of a workload on a GPU ("l4", "h100-80gb-sxm:4")."""
    return _short(whichgpu.predict(workload, gpu, **_columns(job)))


def diagnose(
    run: str, gpu: str = "", measured: str = "", job: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Whether a measured speed is normal, slow, fast or impossible, and what explains it, likeliest first.

    run: a sentence ("ResNet-50 trains at 300 images/s on my RTX A5000, batch 128"); or a workload, with the
    GPU in gpu and the figure with its unit in measured.
    """
    told = Told(run, gpu, measured, _columns(job))
    return _short(diagnosed(told, catalogue(), lambda one: whichgpu.job(one.workload, **one.columns)))


def audit(text: str, form: str = "", everything: bool = False) -> dict[str, Any]:
    """Check what a text claims about GPUs: each claim with its verdict, the right value and the evidence.

    text: the article itself; form: markdown, html or text where its looks do not say it; everything: also the
    claims that hold.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"the text has {len(text):,} characters, and at most {_LONGEST:,} are read")
    document = _short(_audited(text.encode(), form=form))
    if not everything:
        document["findings"] = [one for one in document["findings"] if one["verdict"] != "confirmed"]
    document["findings"] = document["findings"][:_MOST]
    return document


TOOLS: tuple[Callable[..., dict[str, Any]], ...] = (
    recommend, compare, fit, predict, diagnose, audit,
)  # fmt: skip


def _columns(job: dict[str, Any] | None) -> dict[str, Any]:
    """Job columns alone, so that no argument that names files gets through; numbers may be text."""
    known = {*Job.__match_args__, "resolution"} - {"workload"}
    for key, value in (job or {}).items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            means = f"did you mean '{near[0]}'?" if near else f"they are {', '.join(sorted(known))}"
            raise UsageError(f"no job column '{one_line(key)}'; {means}")
        if key == "options" and not isinstance(value, dict):
            raise UsageError(f'options \'{one_line(value)[:40]}\' are no object; write {{"guidance": "7.5"}}')
        if key != "options" and (isinstance(value, bool) or not isinstance(value, str | int | float)):
            raise UsageError(f"{key} '{one_line(value)[:40]}' is neither a number nor text")
    return {key: _number(key, value) for key, value in (job or {}).items()}


def _wished(wishes: dict[str, Any] | None) -> dict[str, Any]:
    """Wishes by name, those that are arguments too among them; nothing that names a file is one."""
    from whichgpu.planner.request import Wished

    known = {*Wished._fields, "slo", "rate"}
    for key, value in (wishes or {}).items():
        if key in Job.__match_args__:
            raise UsageError(f'{key} is of the job, and no wish; write job={{"{key}": ..}}')
        if key not in known:
            near = get_close_matches(key, known, n=1)
            means = f"did you mean '{near[0]}'?" if near else f"they are {', '.join(sorted(known))}"
            raise UsageError(f"no wish '{one_line(key)}'; {means}")
        if key == "machine" and str(value).lower().endswith(".toml"):
            raise UsageError("machine is words, not a file; write e.g. 'psu 1600 W, 4 slots'")
        if not isinstance(value, str | int | float | list):
            raise UsageError(f"{key} '{one_line(str(value))[:40]}' is neither text nor a list")
    empty = Wished()
    return {key: _as(value, getattr(empty, key, None)) for key, value in (wishes or {}).items()}


def _as(value: Any, usual: Any) -> Any:
    """A list where several are taken, and text or a number where one is."""
    if isinstance(usual, tuple) and not isinstance(value, list):
        return [part.strip() for part in str(value).split(",") if part.strip()]
    return value if isinstance(value, list | float) else str(value)


def _number(key: str, value: Any) -> Any:
    """A count as a number; lengths and concurrency may be words."""
    if key not in NUMBERS or key in ("input_tokens", "output_tokens", "concurrency"):
        return value
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"{key} '{one_line(value)[:40]}' is not a number") from None


def _short(answer: Any) -> dict[str, Any]:
    """An answer as JSON types, what it means in words first, without its longest parts."""
    document: dict[str, Any] = plain(answer.to_dict())
    kept = {key: value for key, value in document.items() if key not in _LEFT_OUT}
    return {"schema_version": SCHEMA_VERSION, "says": str(answer), **kept}


def server() -> MCPServer[Any]:
    """The server with its tools; raises `UsageError` where the package `mcp` is not installed."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.types import ToolAnnotations
    except ImportError:
        raise UsageError(
            "the MCP server needs the package mcp 2; type: pip install 'whichgpu[mcp]'"
        ) from None
    harmless = ToolAnnotations(read_only_hint=True, open_world_hint=False, idempotent_hint=True)
    made = _plain_tool()
    tools = [made.from_function(_telling(one), name=one.__name__, annotations=harmless) for one in TOOLS]
    for tool in tools:
        # An argument that is misspelt must not be passed over: the answer would be to another question.
        taken = tool.fn_metadata.arg_model
        taken.model_config["extra"] = "forbid"
        taken.model_rebuild(force=True)
        tool.parameters = taken.model_json_schema(by_alias=True)
    return MCPServer(
        "whichgpu", version=whichgpu.__version__, instructions=INSTRUCTIONS, log_level="WARNING", tools=tools
    )


def _plain_tool() -> type[Tool]:
    """A tool whose faults of arguments are told as those of a command are."""
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.server.mcpserver.tools import Tool
    from pydantic import ValidationError

    class PlainTool(Tool):
        """A tool."""

        async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:
            """What it answers; raises `ToolError`."""
            try:
                return await super().run(arguments, context, convert_result)
            except ToolError as fault:
                cause = fault.__cause__
                if not isinstance(cause, ValidationError):
                    raise
                taken = set(self.fn_metadata.arg_model.model_fields)
                raise ToolError("; ".join(_misread(one, taken) for one in cause.errors())) from None

    return PlainTool


def _misread(error: Any, known: set[str]) -> str:
    name = one_line(".".join(map(str, error["loc"])))[:60]
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "list_type" and isinstance(error["input"], str):
        listed = [part.strip() for part in error["input"].split(",")]
        return f"{name} '{one_line(error['input'])[:40]}' is no list; write {json.dumps(listed)[:120]}"
    if error["type"] != "extra_forbidden":
        return f"{name} '{one_line(str(error['input']))[:40]}': {error['msg']}"
    near = get_close_matches(name, known, n=1)
    means = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
    return f"no argument '{name}'; {means}"


def _telling(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The tool, whose mendable faults are errors that the caller reads."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def called(*arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            return tool(*arguments, **named)
        except WhichGpuError as fault:
            raise ToolError(str(fault)) from None

    return called
