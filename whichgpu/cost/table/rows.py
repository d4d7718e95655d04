"""Rows of a job table to jobs; every text is read once.

`source`, `notes`, `value` and `spread` are never inputs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from whichgpu.cost.estimates import MODELLED
from whichgpu.cost.job.asked import HEARD, dated
from whichgpu.cost.job.behind import is_by_layers
from whichgpu.cost.job.requests import in_loop
from whichgpu.cost.job.runtimes import runtime, runtimes
from whichgpu.cost.table.files import COLUMNS
from whichgpu.errors import UnknownName, UsageError
from whichgpu.software.stacks import named_release
from whichgpu.values import NamedTuple
from whichgpu.workloads import adapters, phases
from whichgpu.workloads import job as jobs
from whichgpu.workloads.names import at_once, published, squeezed, table
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import is_read, known
from whichgpu.workloads.workload import resolve as resolve_workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.table.groups import Numbers
    from whichgpu.workloads.model import Workload


class Head(NamedTuple):
    """What the texts of a row say, which many rows share: the job without its numbers."""

    job: jobs.Job
    #: The same for texts that mean the same job.
    key: tuple[Any, ...]
    #: The same for those that differ in the runtime at most.
    work: tuple[Any, ...]
    #: Options that the model does not know, so that it cannot tell whether they make the job fit.
    ignored: tuple[str, ...]
    #: Tokens that the name of its phase states, sides of a picture that its workload's does, and what stands
    #: among its options, by column: of a row that leaves that column empty.
    lengths: Mapping[str, float] = {}

    @property
    def phase(self) -> str:
        """What is done, also where the row leaves it to the workload."""
        phase: str = self.work[1]
        return phase


_HEADS = ("workload", "phase", "precision", "runtime", "options")
#: Places of the format and of the software among them, one behind the other.
FORMAT, STACK = _HEADS.index("precision"), _HEADS.index("runtime")
HEAD = itemgetter(*(COLUMNS.index(name) for name in _HEADS))
#: The numbers that a column holds, in the order of `jobs.NUMBERS`, and its cells.
NAMES = tuple(
    ("height", "width") if name == "height" else (name,) for name in jobs.NUMBERS if name != "width"
)
CONCURRENCY, _PHASE = COLUMNS.index("concurrency"), COLUMNS.index("phase")
#: The size of what goes in, and the word among the options of a row for the third side that it states.
_SIDES, _DEEP = COLUMNS.index("resolution"), "third_side"
CELLS = itemgetter(*(COLUMNS.index(names[0].replace("height", "resolution")) for names in NAMES))


#: Places of what a row asks for, and of what is done.
_ASKED = itemgetter(COLUMNS.index("metric"), COLUMNS.index("unit"))
DONE = _HEADS.index("phase")


def head_of(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of a row's head; beside a phase that says no more than that it runs, that it is of audio.

    Beside any phase that a row's model is cut over GPUs.
    """
    texts: tuple[str, ...] = HEAD(cells)
    if cells[_SIDES] and (deep := jobs.two_sides(cells[_SIDES])[1]):
        texts = (*texts[:-1], f"{texts[-1]};{_DEEP}={deep}".lstrip(";"))
    if texts[DONE] and _DEALT(cells) not in _IN_ONE and _SPLIT not in texts[DONE]:
        texts = (*texts[:DONE], texts[DONE] + _SPLIT, *texts[DONE + 1 :])
    if not _counts_audio(_ASKED(cells)) or squeezed(HEAD(cells)[DONE]) not in _RUNS:
        return texts
    return (*texts[:DONE], texts[DONE] + _AUDIO, *texts[DONE + 1 :])


#: Cells that say over how many GPUs a model is cut, and what they say of one that is not.
_DEALT = itemgetter(COLUMNS.index("tp"), COLUMNS.index("pp"))
_IN_ONE = {(tp, pp) for tp in ("", "1") for pp in ("", "1")}
#: How a phase ends whose row cuts a model over GPUs, on which hangs what trains one that names nothing.
_SPLIT = "|split"


@lru_cache(maxsize=1024)
def _counts_audio(asked: tuple[str, ...]) -> bool:
    """Whether a metric and its unit count seconds of audio, or are the factor over real time."""
    low = " ".join(asked).lower()
    told = any(word in low for word in ("rt", "time", "audio"))
    named = told and re.search(r"\brtfx?\b|real[-_ ]?time|audio|\bxrt\b", low)
    return bool(named) or "x" in (one.strip().lower() for one in asked)


#: How a phase ends whose row counts seconds of audio.
_AUDIO = "|audio"
#: Phases that say that a model runs, and no more.
_RUNS = ("", "infer", "inference", "generate")


#: Channels that tables write on either side of a picture's: `3x224x224`, `640x640x3`.
_CHANNELS = r"^(?:[134]\s*[x\u00d7*]\s*)?(\d{2,}\s*[x\u00d7*]\s*\d{2,})(?:\s*[x\u00d7*]\s*[134])?$"


@lru_cache(maxsize=8192)
def values(cell: tuple[tuple[str, ...], str]) -> Numbers:
    """The numbers of one cell: none where it is empty, two of a resolution."""
    names, text = cell[0], cell[1].strip()
    if text.lower() in _BLANK or (names == ("concurrency",) and text.lower() in _FULL):
        return (None,) * len(names)
    if len(names) == 1:
        return (jobs.number(names[0], text),)
    pixels = jobs.resolution(re.sub(_CHANNELS, r"\1", jobs.two_sides(text)[0]))
    return tuple(jobs.number(name, f"{value:g}") for name, value in zip(names, pixels, strict=True))


def load_of(cells: tuple[str, ...]) -> str:
    """The text of a row's load; where a phase stands, MLPerf's offline scenario is as full as it goes."""
    full = cells[_PHASE].strip().lower() == "offline" or cells[CONCURRENCY].strip().lower() in _FULL
    return "max" if full else cells[CONCURRENCY]


def offline(job: jobs.Job, text: str) -> tuple[float, float] | None:
    """Tokens in and out of a row that states none of a server as full as it goes (`concurrency` is "max").

    Such rows are MLPerf's offline scenario, whatever ran it: the means of its data set; None of other models.
    """
    if job.phase != "serve" or text.strip().lower() != "max":
        return None
    known = runtimes()["tensorrt"].lengths.get(job.workload)
    return None if known is None else (float(known[0]), float(known[1]))


def need(text: str, column: str) -> str:
    """The text of a cell that no row can do without; raises `UsageError` for none."""
    if not text:
        raise UsageError(f"column '{column}' is empty; every job needs one")
    return text


@lru_cache(maxsize=4096)
def read_head(texts: tuple[str, ...]) -> Head:
    """Read what is text of a row. Texts that mean the same job make the same key."""
    name, phase, kind, stack, options = map(str.strip, texts)
    audio, phase = phase.endswith(_AUDIO), phase.removesuffix(_AUDIO)
    split, phase = phase.endswith(_SPLIT), phase.removesuffix(_SPLIT)
    kind, stack = engine_apart(kind, stack)
    kind, cache = cache_apart(kind)
    # `ResNet-50 with TensorRT`
    stack = f"{stack or _engine_of(name)}{_round_of(name) if stack else ''}"
    workload = _called(need(name, "workload"), phase, stack)
    unsaid = kind.lower() in _UNSAID or (kind.lower() in _CONTAINERS and _of_name(workload, ""))
    kind = "" if unsaid else kind
    scenario = squeezed(phase) in _SCENARIOS
    phase = _run_as(workload, phase, scenario=scenario)
    asked = _asked(workload, phase)
    if asked in adapters.GENERAL and workload.defaults.get("phase", "") in adapters.PHASES:
        asked = workload.defaults["phase"]
    said, columns = _apart(_options(options))
    said = workload.in_depth(said.pop(_DEEP, ""), said)
    if adapters.PHASES[0] in workload.phases:
        asked, said = adapters.told(asked, stack, said)
    said = _drafted(said, asked or workload.phases[0])
    counted = scenario or re.search(r"-99(?:\.9)?\b", name) or (asked == "infer" and _submits(stack))
    if "pairs" in workload.dims and counted:
        said = {"pairs": str(workload.dims["pairs"]), **said}
    heard = "sound" in workload.dims and (audio or phases.hears(phase))
    if heard:
        asked, said = asked or "generate", {"sounds": "1", **said}
    job = jobs.Job(
        workload.id,
        phase=asked,
        precision=precision(kind).id if kind else _of_name(workload, asked),
        runtime=stack,
        options={**workload.named_options, **phases.options_of(phase), **cache, **said},
    )
    same, work, dropped = _keys(workload, job, stated=bool(kind), split=split)
    queried = at_once(texts[1] if scenario else name)
    numbers = {**queried, **(HEARD if heard else {}), **_numbers_of_name(workload, work[1])}
    numbers |= {**phases.lengths_of(phase), **columns}
    return Head(job, (same, *work), work, dropped, numbers)


def _run_as(workload: Workload, phase: str, *, scenario: bool) -> str:
    """The phase that a row's words mean: what a scenario of MLPerf runs, and how a text is embedded."""
    if scenario:
        return "serve" if "serve" in workload.phases else "infer"
    # A language model that embeds a text reads it as a prompt, and writes nothing.
    return "prefill" if _embeds(workload, phase) and "prefill" in workload.phases else phase


def _keys(
    workload: Workload, job: jobs.Job, *, stated: bool, split: bool
) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]:
    """What rows that mean the same agree in: how a job is run, and what it is; and options that nobody reads.

    `stated` where the row says in which format, `split` where its layers are dealt out.
    """
    read, stack = MODELLED | set(workload.options), job.runtime
    kept = {key: value for key, value in job.options.items() if key in read}
    fallback = workload.runtime(job.changed(pp=2.0) if split else job)
    # A family may read a word of the runtime's text, and options may make another runtime of it.
    words = tuple(word in (stack or fallback).lower() for word in getattr(workload.code, "RUNTIME_WORDS", ()))
    named = runtime(stack or fallback, fallback)
    if split and job.trains and named.domain and not stack:
        named = replace(named, exact=False)  # as `asked` takes it
    # Of what is one runtime, Ollama loads other files than llama.cpp does, where nothing says which.
    loaded = "" if stated else next((one for one in named.loads if one in (stack or fallback).lower()), "")
    # What is said beside a library's name is of the framework whose layers its networks are; recipes that
    # compile a model are of some texts of one runtime.
    told = any(
        "compile" in one.get("options", {}) and workload.id in one.get("workloads", ())
        for one in named.recipes
    )
    whole = "compile" in kept or told or is_by_layers(named, workload.unit)
    same = (stack if whole else _numbered(dated(named, job)), loaded)
    work = (workload.id, job.phase or workload.phases[0], job.precision, words,
            tuple(sorted(kept.items())), len(kept) < len(job.options))  # fmt: skip
    return same, work, tuple(sorted(set(job.options) - set(kept)))


def _submits(stack: str) -> bool:
    """Whether text is of a submission to MLPerf, which names TensorRT and CUDA by their releases."""
    low = stack.lower()
    # TensorRT and CUDA side by side.
    both = r"tensorrt\s*v?\d[\d.]*\s*(?:[,;/+&]|and|with)?\s*cuda\s*v?\d"
    return "mlperf" in low or ("tensorrt" in low and bool(re.search(both, stack, re.IGNORECASE)))


def _asked(workload: Workload, text: str) -> str:
    """The phase that a cell says, of a workload; a server of what no engine schedules infers, or generates.

    A cell that says nothing leaves it to what the name says is done with the model, which its id does not.
    """
    if phases.unsaid(text):
        stated: str = workload.defaults.get("phase", "")
        return stated
    asked = phases.phase(text)
    in_words = asked == "serve" or (asked == "generate" and text.strip().lower() != asked)
    known = {*workload.phases, *getattr(workload.code, "PHASE_ALIASES", {})}
    if not in_words or asked in known:
        return asked
    return "generate" if "generate" in workload.phases else "infer"


def _embeds(workload: Workload, phase: str) -> bool:
    """Whether a row is of texts that are embedded: it says so, or infers with a model that has no head."""
    if phase.lower().startswith(("embed", "rerank")):
        return True
    return bool(phase and workload.dims.get("headless") and phases.phase(phase) == "infer")


def engine_apart(kind: str, stack: str) -> tuple[str, str]:
    """A cell that names the engine as well, which goes to the runtime, without it: `TensorRT FP16`."""
    found = _engine_in(kind)
    if found is None:
        return kind, stack
    bare = re.sub(r"^[\s,+:/-]+|[\s,+:/-]+$|\(\s*\)", "", kind.replace(found[0], " ")).strip()
    return bare, stack if found[0].lower() in stack.lower() else f"{stack} {found[0]}".strip()


def cache_apart(kind: str) -> tuple[str, dict[str, str]]:
    """A cell that says how the cache is kept as well, without it, and the option: `FP8 + FP8 KV`."""
    found = re.search(_CACHE, kind, re.IGNORECASE) if "kv" in kind.lower() else None
    if found is None:
        return kind, {}
    kept = precision(found[1] or found[2]).id
    return kind[: found.start()].strip(), {"kv_precision": kept}


def _engine_of(name: str) -> str:
    """The engine that the name of a workload says, of a row that states none; "" for none."""
    found = _engine_in(name)
    return found[0] if found else ""


def _engine_in(text: str) -> re.Match[str] | None:
    """Where a text names an engine; most have none of the words, and no pattern is compiled for them."""
    low = text.lower()
    return re.search(_ENGINE, text, re.IGNORECASE) if any(word in low for word in _ENGINES) else None


def _round_of(name: str) -> str:
    """A round of MLPerf's training that the name of a workload says, for its runtime; "" for none."""
    if "training" not in name.lower():
        return ""
    found = re.search(r"ml(?:perf|commons)[-_ ]+training(?:[-_ ]*v?(\d\.\d))?", name, re.IGNORECASE)
    return f" (MLPerf Training {found[1] or ''})" if found else ""


#: Engines and compilers that stand beside a format or a GPU.
_ENGINE = (
    r"\b(?:(?:tensorrt|trt)(?:-llm)?(?:[- ]?\d+(?:\.\d+)*)?"
    r"|xla|openvino|onnx ?runtime|directml|core ?ml|torch\.compile)\b"
)
#: What each of their names has in it.
_ENGINES = ("trt", "tensorrt", "xla", "openvino", "onnx", "directml", "core", "compile")
#: The format of a KV cache behind that of the weights.
_KINDS = r"(fp8|int8|fp16|bf16|q8_0|q4_0|int4)"
_KV = r"kv(?:[-_ ]?cache)?"
_CACHE = rf"(?<=\w)[\s,+/;&(]+(?:with\s+)?(?:{_KINDS}[-_ ]?{_KV}|{_KV}[-_:= ]*{_KINDS})\)?$"
#: Scenarios of MLPerf where a phase stands: what is done is the same.
_SCENARIOS = ("offline", "server", "online", "interactive", "singlestream", "multistream")
#: Formats that say none.
_UNSAID = ("auto", "default", "native", "none", "n/a", "-", "--", "\u2013", "\u2014")
#: Kinds of files, which have any number of bits, as the name of the workload may say.
_CONTAINERS = ("gguf", "ggml", "exl2", "exl3", "mlx", "quantized", "quantised")
#: Words for as many requests in flight as fit; cells of a number that state none.
_FULL = ("max", "maximum", "offline")
_BLANK = ("", *_UNSAID, "na", "?")
#: How a runtime's text says that NVIDIA's Deep Learning Examples ran, or names a month's container.
#: Lambda's benchmarks are runs of them.
_EXAMPLES = r"deep ?learning ?examples|\bdle\b|\bngc\b|\blambda\b|\b(?:1[89]|2\d)\.(?:0[1-9]|1[0-2])\b(?!\.)"


def of_suite(name: str, phase: str, stack: str) -> str:
    """A name with the suite that a runtime's text names: MLPerf's `bert` is BERT-large; "" for none.

    What a suite calls so has changed: its `ssd` was another network until v1.1.

    A container of NVIDIA's (`PyTorch 20.06`) is what its Deep Learning Examples ran in. Of any other table
    some bare names are those of one model (`Stable Diffusion`), and a method behind another is of its phase.
    """
    trains = phase.lower().startswith(("train", "pre"))
    if "mlperf" in stack.lower() or squeezed(phase) in _SCENARIOS:
        round_ = re.search(r"mlperf\D*(\d+)\.\d", stack, re.IGNORECASE)
        of_then = f"mlperf-training-v{round_[1]}-{name}" if round_ and trains else ""
        if of_then and known(of_then):
            return of_then
        return f"mlperf-training-{name}" if trains else f"mlperf-{name}"
    usual = f"in-tables-{published(name)}"
    examples = f"nvidia-examples-{name}" if re.search(_EXAMPLES, stack, re.IGNORECASE) else ""
    if is_read(usual) and not known(examples):
        return usual
    method = re.fullmatch(_METHOD, name, re.IGNORECASE)
    if method and known(method[1]) and not known(examples):
        adapts = method[2].lower() != "dreambooth" and (trains or phase.lower().startswith(("fine", "lora")))
        return f"{method[1]} lora training" if adapts else method[1]
    return examples


#: How a picture's model is taught behind its name, which its pictures may be made with as well.
_METHOD = r"(.+?)[-_ +]+(?:with )?(?:dreambooth[-_ ]+)?(lora|dreambooth)"


def _called(name: str, phase: str, stack: str) -> Workload:
    """The workload of a name, or of that which its suite has for it, or all tables (`Stable Diffusion`)."""
    try:
        found = resolve_workload(name)
        infers = not phase.lower().startswith(("train", "pre"))
        suite = (infers and "mlperf" in stack.lower()) or squeezed(phase) in _SCENARIOS
        as_run = table()["mlperf"].get(found.id) if suite else None
        return resolve_workload(as_run) if as_run and not _numbers_of_name(found) else found
    except UnknownName as fault:
        try:
            return resolve_workload(of_suite(name, phase, stack) or name)
        except UnknownName:
            raise fault from None


def _of_name(workload: Workload, asked: str) -> str:
    """The format that the name of a workload says of its weights, which its id does not; "" for none."""
    phase = asked or workload.phases[0]
    phase = getattr(workload.code, "PHASE_ALIASES", {}).get(phase, phase)
    said, usual = (
        one.defaults.get(phase, {}).get("precision", "") for one in (workload, resolve_workload(workload.id))
    )
    return said if said != usual else ""


def _numbers_of_name(workload: Workload, phase: str = "") -> dict[str, float]:
    """The numbers that the name of a workload says, which its id does not: `yolov3-608`, `SDXL 30 steps`."""
    said, usual = (
        {**one.defaults.get("all", {}), **one.defaults.get(phase, {})}
        for one in (workload, resolve_workload(workload.id))
    )
    return {name: said[name] for name in jobs.NUMBERS if said.get(name) != usual.get(name)}


def _options(text: str) -> dict[str, str]:
    """The options of a cell: `tp=4;fa;30 steps`, a word alone being on where it is of none with a value."""
    pairs = [pair.strip() for pair in re.split(r";|,(?=\s*[A-Za-z][\w-]*\s*=)", text)]
    return jobs.options(tuple(_said(pair) for pair in pairs if pair))


def _said(pair: str) -> str:
    """An option as `name=value`; what is neither that nor words comes back as it is."""
    if "=" in pair:
        return pair
    counted = re.fullmatch(r"(\d+)[ -]?(step|frame)s?", pair, re.IGNORECASE)
    if counted:
        return f"{counted[2].lower()}s={counted[1]}"
    valued = _valued()
    behind = re.fullmatch(r"([A-Za-z][\w -]*?)[ :]+(\d[\d.]*)", pair)
    name = behind[1].strip().lower().replace(" ", "_").replace("-", "_") if behind else ""
    if behind and (name in _CALLED or name in _COLUMNS or squeezed(name) in valued):
        return f"{name}={behind[2]}"
    words = re.fullmatch(r"[A-Za-z][\w.+ -]*", pair) and squeezed(pair) not in valued
    return f"{pair.replace(' ', '_')}=true" if words else pair


@cache
def _valued() -> frozenset[str]:
    """Options that have a value."""
    return frozenset(squeezed(one) for one in (MODELLED | set(jobs.NUMBERS)) - _YES)


#: Options that a word alone turns on.
_YES = {"compile", "checkpointing", "flash_attention", "sequence_parallel", "fused_loss", "cuda_graphs",
        "vae_slicing", "vae_tiling", "optimizer_in_backward"}  # fmt: skip


def _drafted(options: Mapping[str, str], phase: str) -> dict[str, str]:
    """Options of a row that is no training, with the tokens that its server drafts under the name of that."""
    if phase in phases.TRAINING:
        return dict(options)
    names = [key for key in _DRAFTED if key in options]
    rest = {key: value for key, value in options.items() if key not in names}
    said = options[names[0]].strip().lower() if names else ""
    if not said or said in _NOT_DRAFTED:
        return rest
    return {**rest, "speculative": said if re.fullmatch(r"[\d.]+", said) else _USUAL_DRAFT}


#: What drafting is called, how it is denied, and the tokens of a draft where only its method is said.
_DRAFTED = (
    "speculative", "num_speculative_tokens", "speculative_num_steps", "mtp", "nextn", "eagle", "eagle3",
    "speculative_tokens", "speculative_decoding", "spec_decode", "spec_decoding", "speculative_algorithm",
    "num_nextn", "num_nextn_predict_layers", "medusa", "draft",
)  # fmt: skip
_NOT_DRAFTED, _USUAL_DRAFT = ("0", "false", "none", "no", "off"), "3"


def _apart(options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, float]]:
    """Options that are no columns, and the numbers of those that are: `tp=4;batch=8`."""
    options = dict(_renamed(key, value) for key, value in options.items())
    known = {key: _COLUMNS.get(key, (key,)) for key in options}
    columns = {key: names for key, names in known.items() if names[0] in jobs.NUMBERS}
    numbers = {
        name: value
        for key, names in columns.items()
        for name, value in zip(names, values((names, options[key])), strict=True)
        if value is not None
    }
    return {key: one for key, one in options.items() if key not in columns}, numbers


def _renamed(key: str, value: str) -> tuple[str, str]:
    """An option by the name that it has here: `zero_stage=3` is `sharding=zero3`, `fsdp` `sharding=fsdp`.

    A `random_range_ratio` is the share of a length from which on lengths are drawn (SGLang, InferenceX: 0.8),
    or that by which they differ (vLLM): the smaller of what is left and what is said.
    """
    name, said = _CALLED.get(key, key), value.strip().lower()
    if key == "random_range_ratio" and re.fullmatch(r"0?\.\d+|[01](?:\.0*)?", said):
        return name, f"{min(float(said), 1.0 - float(said)):g}"
    if name != "sharding" or key == name:
        return name, value
    stage = key.partition("_")[0]
    if said in ("0", "false", "no", "none", "off"):
        return name, "none"
    return name, f"{stage}{said}" if stage == "zero" else stage


#: Other names of options.
_CALLED = {
    "qps": "request_rate", "rps": "request_rate", "gbs": "global_batch", "global_batch_size": "global_batch",
    **dict.fromkeys(("kv_cache_dtype", "kv_dtype", "kv_cache_precision", "kv_cache"), "kv_precision"),
    "random_range_ratio": "length_range",
    **dict.fromkeys(("ub", "n_ubatch", "ubatch_size"), "ubatch"),
    "expert_parallel": "ep", "ep_size": "ep", "context_parallel": "cp", "grad_acc": "grad_accum",
    "gradient_accumulation": "grad_accum", "gradient_accumulation_steps": "grad_accum",
    **dict.fromkeys(("lora_r", "r", "rank", "lora_dim"), "lora_rank"), "optim": "optimizer",
    **dict.fromkeys(("target_modules", "lora_target", "lora_target_modules"), "lora_targets"),
    "num_virtual_tokens": "virtual_tokens", "zero": "sharding", "zero_stage": "sharding", "fsdp": "sharding",
    "gradient_checkpointing": "checkpointing", "activation_checkpointing": "checkpointing",
}  # fmt: skip
#: What options that are columns are called there.
_COLUMNS = {
    "resolution": ("height", "width"), "batch_size": ("batch",), "bs": ("batch",), "gpus": ("n_gpus",),
    "tensor_parallel": ("tp",), "tensor_parallel_size": ("tp",), "tp_size": ("tp",),
    "pipeline_parallel": ("pp",), "pipeline_parallel_size": ("pp",), "pp_size": ("pp",),
    "sequence_length": ("seq_len",), "input_len": ("input_tokens",), "output_len": ("output_tokens",),
    "num_inference_steps": ("steps",), "isl": ("input_tokens",), "osl": ("output_tokens",),
}  # fmt: skip


def _numbered(found: Runtime) -> tuple[tuple[str, ...], int]:
    """What stands for a runtime: its id and marks, and the number that it was given when it was met."""
    # Equality reads all of its columns, so that only the few that look alike are compared.
    name = (found.id, *found.marks)
    alike = _met.setdefault(name, [])
    number = next((known for known, one in alike if one == found and _release(one) == _release(found)), None)
    if number is None:
        number = next(_numbers)
        alike.append((number, found))
        del alike[:-_ALIKE]
        if len(_met) > _KEPT:
            _met.pop(next(iter(_met)), None)
    return name, number


def _release(stack: Runtime) -> str:
    """The release of its framework that a text names, on which hangs which GPUs it runs on."""
    return stack.release or (named_release(stack.software, stack.said) if stack.software else "")


#: The runtimes that were met, by id and marks, which a job's text may be among; the first are let go. No
#: number is given twice: a runtime that is met again only shares no sweep with what went before.
_met: dict[tuple[str, ...], list[tuple[int, Runtime]]] = {}
_KEPT, _ALIKE = 512, 64
_numbers = count()


def read_job(row: Mapping[str, str]) -> jobs.Job:
    """The job of a row; raises `UsageError` naming the column that cannot be read."""
    head, numbers = read_parts(row)
    stated: dict[str, Any] = numbers
    return in_loop(replace(head.job, **stated))


def read_parts(row: Mapping[str, str]) -> tuple[Head, dict[str, float]]:
    """What many rows share of a row's job, and the numbers that it states; raises as `read_job`."""
    cells = tuple([row.get(name) or "" for name in COLUMNS])
    numbers: dict[str, float] = {}
    for names, text in zip(NAMES, CELLS(cells), strict=True):
        if text:
            known = zip(names, values((names, text)), strict=True)
            numbers.update((name, value) for name, value in known if value is not None)
    head = read_head(head_of(cells))
    numbers = {**head.lengths, **numbers}
    if head.phase == "prefill" and "seq_len" in numbers:
        numbers = {"input_tokens": numbers["seq_len"], **numbers}
    lengths = ("input_tokens", "output_tokens")
    means = None if numbers.keys() & set(lengths) else offline(head.job, load_of(cells))
    return head, numbers | dict(zip(lengths, means or (), strict=False))
