"""What may be otherwise in a job or in its GPU: each predicts the job again with one thing changed."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import Z90
from whichgpu.cost.placing import placed
from whichgpu.cost.runtime import runtime
from whichgpu.cost.time import FEED
from whichgpu.facts.model import Interval
from whichgpu.hardware import tokens
from whichgpu.hardware.fields import RATES
from whichgpu.hardware.parts import is_part, resized, scaled
from whichgpu.planner.diagnosis import formats
from whichgpu.planner.diagnosis.trying import Tried, again, each, host, rated
from whichgpu.workloads import workload as zoo
from whichgpu.workloads.ops import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.diagnosis.trying import Asked
    from whichgpu.workloads.job import Job

#: Shares of the usual limit, of boost clocks and of a GPU, that are tried.
_RAISED = (1.1, 1.2, 1.35)
_CAPS, _CLOCKS, _SHARES = (0.85, 0.7, 0.6, 0.5, 0.4), (0.85, 0.7, 0.55, 0.4, 0.25), (0.5, 0.25)
#: Columns that say how much goes in, with the words for each.
_SIZES = {"height": "pixels a side", "seq_len": "tokens a sequence", "input_tokens": "tokens in",
          "output_tokens": "tokens out", "steps": "denoising steps"}  # fmt: skip
#: Share of a card's memory below which a model stays on it.
_LITTLE = 0.3
_TIMES = (0.25, 0.5, 2.0, 4.0)
#: Cards and models of one name that are tried, at most.
_ALIKE = 12
_ENGINES = {"serve": ("vllm", "transformers", "tensorrt-llm", "sglang"),
            "decode": ("llama-cpp", "transformers", "vllm", "tensorrt-llm"),
            "infer": ("pytorch-2", "transformers", "tensorrt", "onnxruntime"),
            "generate": ("diffusers", "tensorrt")}  # fmt: skip


def tried(asked: Asked) -> Iterator[Tried]:
    """Everything that is worth trying of a job."""
    for cause in _CAUSES:
        yield from cause(asked)


def _with(asked: Asked, **options: str) -> Job:
    return replace(asked.job, options={**asked.job.options, **options})


def _compiling(asked: Asked) -> Iterable[Tried]:
    stack = runtime(asked.job.runtime, asked.answer.runtime)
    if asked.answer.runtime in ("pytorch-2", "diffusers") and "compile" not in asked.job.options:
        yield from each("compiled", [("torch.compile", again(asked, _with(asked, compile="True")))])
    elif "compile" in asked.job.options or stack.id == "pytorch-2-compile":
        bare = {key: value for key, value in asked.job.options.items() if key != "compile"}
        plain = replace(asked.job, runtime="pytorch-2 eager", options=bare)
        yield from each("eager", [("", again(asked, plain))])


def _layouts(asked: Asked) -> Iterable[Tried]:
    if not any(term.kind == "conv" for term in asked.answer.terms):
        return
    stated = asked.job.options.get("layout", "").lower()
    last = stated.replace("-", "_") in ("channels_last", "nhwc")
    for name, words in (("nchw", "NCHW"), ("nhwc", "channels last")):
        if last != (name == "nhwc"):
            yield from each("layout", [(words, again(asked, _with(asked, layout=name)))])


def _engines(asked: Asked) -> Iterable[Tried]:
    pictures = asked.answer.throughput.unit in ("images/s", "samples/s")
    if formats.of_a_file(asked.job.precision):
        # The file of such a format is read by its own engine alone.
        return
    for name in _ENGINES.get(asked.job.phase, ()):
        if name != asked.answer.runtime and not (pictures and name == "transformers"):
            bare = {key: value for key, value in asked.job.options.items() if key != "compile"}
            found = again(asked, replace(asked.job, runtime=name, options=bare))
            yield from each("engine", [(runtime(name, name).title, found)])


def _loading(asked: Asked) -> Iterable[Tried]:
    """Images that the host makes ready at its own rate: the GPU waits for the slower of the two."""
    row, rate = host("loading"), asked.answer.throughput
    if asked.figure.metric == "power" and asked.ratio < 1.0:
        # Between idle and full, as often as not: what a GPU that waits draws.
        one = asked.predicted
        yield Tried("loading", "the GPU waits half of the time",
                    Interval(0.25 * one.mid, 0.5 * one.mid, one.mid, one.unit))  # fmt: skip
    # What makes a GPU wait makes nothing faster.
    if asked.faster or (
        not asked.figure.sense
        or rate.unit.removesuffix("/s") not in row["units"]
        or asked.job.phase not in ("infer", "train")
    ):
        return
    # A picture of another size takes the host the longer the more pixels it has.
    area = float(asked.job.height or 224.0) * float(asked.job.width or 224.0) / 224.0**2
    ready = row["worker"] * row["workers"] * asked.n_gpus / max(area, 1.0)
    one = rated(asked, 1.0 / (1.0 + (rate.mid / ready) ** FEED) ** (1.0 / FEED))
    reach = math.exp(Z90 * row["spread"])
    # A host with more workers holds nothing back; one with fewer holds all back.
    wide = Interval(one.mid / reach, one.mid, one.mid * reach, one.unit)
    yield Tried("loading", f"{row['workers']:.0f} workers make {ready:,.0f} {rate.unit} ready", wide)


def _processor(asked: Asked) -> Iterable[Tried]:
    """The job on the host, the GPU idle: its products at the rate of a processor and of its memory."""
    row = host("processor")
    work = sum(term.flops for term in asked.answer.terms if term.kind in COUNTED)
    moved = sum(term.moved for term in asked.answer.terms if term.kind in COUNTED)
    spent = sum(term.seconds for term in asked.answer.terms)
    slower = asked.figure.sense and not asked.faster
    if slower and asked.figure.metric != "flops" and work > 0.0 and spent > 0.0:
        # One token after another is read from memory: the arithmetic hides behind it.
        needed = max(work / row["rate"], moved / row["bandwidth"])
        one = rated(asked, min(spent / needed, 1.0))
        reach = math.exp(Z90 * row["spread"])
        yield Tried("processor", "", Interval(one.mid / reach, one.mid, one.mid * reach, one.unit))


def _spilling(asked: Asked) -> Iterable[Tried]:
    """Weights that each pass fetches from the host: of a server by hand, since no engine's model does it."""
    spent, weights = asked.answer.tpot, float(asked.answer.memory.get("weights", 0.0))
    if asked.job.phase == "serve":
        row = host("offload")
        reach = math.exp(Z90 * row["spread"])
        if spent is None or not weights or not asked.figure.sense or asked.faster:
            return
        if asked.figure.metric == "ttft":
            return
        # Of a model that does not fit, what is over.
        over = 1.0 - asked.room / max(asked.answer.required, 1.0)
        for share in (over,) if over > 0.0 else (0.25, 0.5, 1.0):
            one = rated(asked, spent.mid / (spent.mid + share * weights / row["bandwidth"]))
            wide = Interval(one.mid / reach, one.mid, one.mid * reach, one.unit)
            yield Tried("spilling", f" ({share:.0%} of them)", wide)
        return
    # Nobody fetches from the host what takes little of the card.
    if asked.answer.required < _LITTLE * asked.room:
        return
    if not asked.job.trains and "offload" not in asked.job.options:
        found = again(asked, _with(asked, offload="parameters"))
        yield from each("spilling", [("", found)])


def _power(asked: Asked) -> Iterable[Tried]:
    usual = asked.gpu.value("power")
    if usual is None or "power_limit" in asked.job.options:
        return
    if asked.figure.metric == "power" and asked.ratio > 1.0:
        # Cards of other makers, and limits that were raised.
        for share in _RAISED:
            watts = round(share * float(usual))
            device = resized(asked.gpu, asked.gpu.id, "derived", power=float(watts))
            yield from each(
                "power", [(f"{watts} W, above the reference card's", again(asked, asked.job, device))]
            )
        return
    least = float(asked.gpu.value("power_min") or 0.35 * usual)
    for share in _CAPS:
        watts = round(share * float(usual))
        if watts >= least:
            yield from each("power", [(f"{watts} W", again(asked, _with(asked, power_limit=f"{watts} W")))])


def _clocks(asked: Asked) -> Iterable[Tried]:
    known = {name: asked.gpu.value(name) for name in ("clock_boost", "clock_base", "clock_tensor", *RATES)}
    for share in _CLOCKS:
        slower = {name: float(value) * share for name, value in known.items() if value}
        device = resized(asked.gpu, asked.gpu.id, "derived", **slower)
        yield from each("clocks", [(f"{share:.0%}", again(asked, asked.job, device))])


def _links(asked: Asked) -> Iterable[Tried]:
    if asked.n_gpus < 2:
        yield from _copies(asked)
        return
    yield from each("links", [("the exchange goes over PCIe", again(asked, _with(asked, nvlink="none")))])
    lanes = float(asked.gpu.value("pcie_lanes") or 16.0)
    for few in (8.0, 4.0, 1.0):
        if few < lanes:
            device = resized(asked.gpu, asked.gpu.id, "derived", pcie_lanes=few)
            found = again(asked, _with(asked, nvlink="none"), device)
            yield from each("links", [(f"the exchange goes over PCIe x{few:.0f}", found)])


def _copies(asked: Asked) -> Iterator[Tried]:
    """Pictures of a single GPU over few lanes, in FP32 as loaders make them."""
    job, rate = asked.job, asked.answer.throughput
    if not asked.figure.sense or not (job.height and job.width) or job.phase not in ("infer", "train"):
        return
    known = section("links")
    generation = int(asked.gpu.value("pcie_generation") or 3)
    lane = known["pcie_lane"][min(generation, len(known["pcie_lane"]) - 1)] * known["pcie"]
    each_picture = 3.0 * 4.0 * float(job.height) * float(job.width)
    for few in (4.0, 1.0):
        share = rate.mid / (few * lane / each_picture)
        yield Tried("links", f"inputs are copied over PCIe x{few:.0f}",
                    rated(asked, 1.0 / (1.0 + share**FEED) ** (1.0 / FEED)))  # fmt: skip


def _fewer(asked: Asked) -> Iterable[Tried]:
    for count in {1, asked.n_gpus // 2} - {0, asked.n_gpus}:
        job = replace(asked.job, n_gpus=None, tp=None, pp=None)
        found = again(asked, placed(job, count, asked.gpu))
        yield from each("fewer", [(f"{count} of the {asked.n_gpus} GPUs", found)])


def _batches(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase == "serve" or asked.job.batch is None:
        return
    own = float(asked.job.batch)
    tried_ = {1.0, own / 16, own / 8, own / 4, own / 2, 2 * own, 4 * own, 8 * own}
    for batch in sorted(one for one in tried_ if one >= 1.0 and one != own and one == int(one)):
        yield from each("batch", [(f"{batch:g}, not {own:g}", again(asked, replace(asked.job, batch=batch)))])


def _flight(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase != "serve":
        return
    own = asked.job.concurrency
    for count in (1.0, 4.0, 16.0, 64.0, 256.0, None):
        if count != own:
            words = "as many as fit" if count is None else f"{count:g}"
            yield from each("flight", [(words, again(asked, replace(asked.job, concurrency=count)))])


def relatives(gpu: Gpu, known: Iterable[Gpu]) -> list[Gpu]:
    """Other cards of the same number: `rtx-4090` has `rtx-4090-laptop` and `rtx-4090-d`."""
    own = {word for word in tokens.model(gpu) if re.search(r"\d", word) and not tokens.is_size(word)}
    return [one for one in known if one.id != gpu.id and one.usable and own & tokens.model(one)]


def _variants(asked: Asked) -> Iterable[Tried]:
    if is_part(asked.gpu):
        return
    for other in relatives(asked.gpu, asked.catalogue.values())[:_ALIKE]:
        yield from each("variant", [(other.name, again(asked, asked.job, other))])


def _shared(asked: Asked) -> Iterable[Tried]:
    if is_part(asked.gpu):
        return
    for share in _SHARES:
        # Memory stays: what is asked is how fast it is.
        part = {**scaled(asked.gpu, share, share), "memory": float(asked.gpu.value("memory") or 0.0)}
        device = resized(asked.gpu, asked.gpu.id, "derived", **part)
        yield from each("shared", [(f"{share:.0%} of it", again(asked, asked.job, device))])


def _sizes(asked: Asked) -> Iterable[Tried]:
    for column, words in _SIZES.items():
        own = getattr(asked.job, column)
        for times in _times(asked, column) if own and (column != "height" or asked.job.width) else ():
            value = float(own) * times
            changes: dict[str, Any] = {column: value}
            if column == "height":
                changes["width"] = float(asked.job.width) * times
            if value >= 1.0 and abs(value - round(value)) < 1e-9:
                changes[column] = value = float(round(value))
                found = again(asked, replace(asked.job, **changes))
                yield from each("size", [(f"{value:g} {words}, not {float(own):g}", found)])


def _times(asked: Asked, column: str) -> tuple[float, ...]:
    """Factors of a size that are tried; of steps, which are any number, also the one that would fit."""
    if column != "steps" or not asked.figure.sense or asked.figure.passes:
        return _TIMES
    own = float(asked.job.steps or 1.0)
    fast = asked.ratio if asked.figure.sense > 0 else 1.0 / asked.ratio
    return (*_TIMES, max(1.0, round(own / fast)) / own) if fast > 1.5 or fast < 0.7 else _TIMES


def _models(asked: Asked) -> Iterable[Tried]:
    """Others of one name: `resnet50` has `resnet101`, `bert-base` has `bert-large`."""
    own = asked.job.workload
    stem, words = _stem(own), {"base", "large", "small", "tiny", "medium", "xl"}
    names = [name for name in zoo.workloads() if name != own and _stem(name) == stem]
    for name in names[:_ALIKE]:
        if set(re.split(r"[-.]", name)) - words:
            found = again(asked, replace(asked.job, workload=name))
            yield from each("workload", [(f"{name}, not {own}", found)])


def _stem(name: str) -> str:
    """What models of one name and version share: language models differ in their parameters alone."""
    sized = re.sub(r"\b\d[\d.]*[bm]\b", "", name)
    plain = sized if sized != name else re.sub(r"\d[\d.]*", "", name)
    return re.sub(r"-(?:base|large|small|tiny|medium|xl|huge)\b", "", plain).strip("-.")


def _checkpointing(asked: Asked) -> Iterable[Tried]:
    stated = asked.job.options.get("checkpointing", "").lower()
    if asked.job.trains and stated in ("", "none", "false"):
        yield from each("checkpointing", [("full", again(asked, _with(asked, checkpointing="full")))])


def _phases(asked: Asked) -> Iterable[Tried]:
    known = zoo.resolve(asked.job.workload).phases
    other = {"train": "infer", "infer": "train", "pretrain": "infer", "finetune_full": "infer"}
    name = other.get(asked.job.phase, "")
    if name in known:
        kind = asked.job.precision.removeprefix("amp-") if name == "infer" else ""
        words = "inference, not training" if name == "infer" else "training, not inference"
        job = replace(asked.job, phase=name, precision=kind)
        yield from each("phase", [(words, again(asked, job))])


def _guided(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase == "generate" and asked.job.steps:
        yield from each("guidance", [("off", again(asked, _with(asked, guidance="1")))])


def _caching(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase != "serve":
        return
    for hit in ("0.5", "0.9"):
        yield from each("prefix", [(f"{float(hit):.0%}", again(asked, _with(asked, prefix_hit=hit)))])
    if "speculative" not in asked.job.options:
        found = again(asked, _with(asked, speculative="3"))
        yield from each("speculative", [("3 drafted a pass", found)])


_CAUSES: tuple[Callable[[Asked], Iterable[Tried]], ...] = (
    formats.tried, _compiling, _layouts, _engines, _loading, _processor, _spilling, _power, _clocks, _links,
    _fewer, _batches, _flight, _variants, _shared, _sizes, _models, _checkpointing, _phases, _guided,
    _caching,
)  # fmt: skip
