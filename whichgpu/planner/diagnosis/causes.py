"""What may be otherwise in a job: each cause predicts it again with one thing changed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.cost.job.runtimes import runtime
from whichgpu.planner.diagnosis import formats, machine
from whichgpu.planner.diagnosis.trying import Tried, again, each, having
from whichgpu.workloads import workload as zoo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whichgpu.planner.diagnosis.trying import Asked

#: Columns that say how much goes in, with the words for each.
_SIZES = {"height": "pixels a side", "seq_len": "tokens a sequence", "input_tokens": "tokens in",
          "output_tokens": "tokens out", "steps": "denoising steps"}  # fmt: skip
_TIMES = (0.25, 0.5, 2.0, 4.0)
#: Of a picture's side: four times has sixteen times the pixels.
_SIDES = (0.5, 0.75, 1.5, 2.0)
#: Requests in flight that are tried: between two of them a figure is within the reach of either.
_FLIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_SHORT = (0.0625, 0.125)
#: Denoising steps that programs offer, at most.
_STEPS = 150.0
#: Cards and models of one name that are tried, at most.
_ALIKE = 12
_ENGINES = {"serve": ("vllm", "transformers", "tensorrt-llm", "sglang"),
            "decode": ("llama-cpp", "transformers", "vllm", "tensorrt-llm"),
            "infer": ("pytorch-2", "transformers", "tensorrt", "onnxruntime"),
            "generate": ("diffusers", "tensorrt", "webui")}  # fmt: skip
#: Programs that make audio into text, a beam of it at a time.
_SPEECH = ("openai-whisper", "faster-whisper")


def tried(asked: Asked) -> Iterator[Tried]:
    """Everything that is worth trying of a job."""
    for cause in _CAUSES:
        yield from cause(asked)


def _compiling(asked: Asked) -> Iterable[Tried]:
    stack = runtime(asked.job.runtime, asked.answer.runtime)
    if asked.answer.runtime in ("pytorch-2", "diffusers") and "compile" not in asked.job.options:
        yield from each("compiled", [("torch.compile", again(asked, having(asked, compile="True")))])
    elif "compile" in asked.job.options or stack.id == "pytorch-2-compile":
        bare = {key: value for key, value in asked.job.options.items() if key != "compile"}
        plain = replace(asked.job, runtime="pytorch-2 eager", options=bare)
        yield from each("eager", [("", again(asked, plain))])
    elif asked.job.phase == "serve" and asked.job.options.get("cuda_graphs", "").lower() != "none":
        yield from each("eager", [("", again(asked, having(asked, cuda_graphs="none")))])


def _layouts(asked: Asked) -> Iterable[Tried]:
    if not any(term.kind == "conv" for term in asked.answer.terms):
        return
    stated = asked.job.options.get("layout", "").lower()
    last = stated.replace("-", "_") in ("channels_last", "nhwc")
    for name, words in (("nchw", "NCHW"), ("nhwc", "channels last")):
        if last != (name == "nhwc"):
            yield from each("layout", [(words, again(asked, having(asked, layout=name)))])


def _engines(asked: Asked) -> Iterable[Tried]:
    pictures = asked.answer.throughput.unit in ("images/s", "samples/s")
    if formats.of_a_file(asked.job.precision) or asked.answer.runtime == "native":
        # The file of such a format is read by its own engine alone, and a product by itself is run by none.
        return
    for name in _ENGINES.get(asked.job.phase, ()):
        if name != asked.answer.runtime and not (pictures and name == "transformers"):
            bare = {key: value for key, value in asked.job.options.items() if key != "compile"}
            found = again(asked, replace(asked.job, runtime=name, options=bare))
            yield from each("engine", [(runtime(name, name).title, found)])
    if asked.answer.throughput.unit.startswith("audio") and "whisper" in asked.job.workload:
        # These have a batch of their own.
        batch = asked.job.batch if "batch" in asked.stated else None
        for name in _SPEECH:
            found = again(asked, replace(asked.job, runtime=name, batch=batch))
            yield from each("engine", [(runtime(name, name).title, found)])


def _batches(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase == "serve" or asked.job.batch is None:
        return
    own = float(asked.job.batch)
    tried_ = {1.0, own / 32, own / 16, own / 8, own / 4, own / 2, 2 * own, 4 * own, 8 * own}
    # One at a time is what a plain loop does, and no try among many.
    alone = "alone" if asked.job.phase == "infer" and "batch" not in asked.stated else "batch"
    if asked.beside.waits(asked.gpu):
        # More at once draws more watts, not fewer.
        tried_ = {one for one in tried_ if one < own}
    for batch in sorted(one for one in tried_ if one >= 1.0 and one != own and one == int(one)):
        yield from each(
            alone if batch == 1.0 else "batch",
            [(f"{batch:g}, not {own:g}", again(asked, replace(asked.job, batch=batch)))],
        )


def _flight(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase != "serve":
        return
    own = asked.job.concurrency
    for count in (*_FLIGHTS, None):
        if count != own:
            words = "as many as fit" if count is None else f"{count:g}"
            # Where nobody says how many, the figure is as often as not that of one reader.
            cause = "single" if own is None and count == 1.0 else "flight"
            yield from each(cause, [(words, again(asked, replace(asked.job, concurrency=count)))])


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
    """Factors of a size that are tried; of steps that nobody stated also the number that would fit.

    The length that is said of a fine-tuning is the most that it takes, and most texts are shorter.
    """
    if column == "height":
        return _SIDES
    if column == "seq_len" and asked.job.phase.startswith("finetune"):
        return (*_SHORT, *_TIMES)
    if column != "steps" or "steps" in asked.stated or not asked.figure.sense or asked.figure.passes:
        return _TIMES
    own = float(asked.job.steps or 1.0)
    fast = asked.ratio if asked.figure.sense > 0 else 1.0 / asked.ratio
    fitting = max(1.0, round(own / fast))
    return (*_TIMES, fitting / own) if (fast > 1.5 or fast < 0.7) and fitting <= _STEPS else _TIMES


def _models(asked: Asked) -> Iterable[Tried]:
    """Others of one name: `resnet50` has `resnet101`, `bert-base` has `bert-large`."""
    own = asked.job.workload
    stem, words = _stem(own), {"base", "large", "small", "tiny", "medium", "xl"}
    names = [name for name in zoo.workloads() if name != own and _stem(name) == stem]
    for name in names[:_ALIKE]:
        if set(re.split(r"[-.]", name)) - words:
            found = again(asked, replace(asked.job, workload=name))
            yield from each("workload", [(f"{name}, not {own}", found)])


def _stem(name: str) -> tuple[bool, str]:
    """What models of one name and version share: language models differ in their parameters alone.

    One that is told by its parameters is none of those whose number is a version: `gpt-13b`, `gpt2`.
    """
    sized = re.sub(r"\b\d[\d.]*[bm]\b", "", name)
    plain = sized if sized != name else re.sub(r"\d[\d.]*", "", name)
    return sized != name, re.sub(r"-(?:base|large|small|tiny|medium|xl|huge)\b", "", plain).strip("-.")


def _checkpointing(asked: Asked) -> Iterable[Tried]:
    stated = asked.job.options.get("checkpointing", "").lower()
    if asked.job.trains and stated in ("", "none", "false"):
        yield from each("checkpointing", [("full", again(asked, having(asked, checkpointing="full")))])


def _phases(asked: Asked) -> Iterable[Tried]:
    known = zoo.resolve(asked.job.workload).phases
    other = {"train": "infer", "infer": "train", "pretrain": "infer", "finetune_full": "infer"}
    name = other.get(asked.job.phase, "")
    if name in known and not (name == "train" and runtime(asked.job.runtime, "pytorch-2").infers):
        kind = asked.job.precision.removeprefix("amp-") if name == "infer" else ""
        words = "inference, not training" if name == "infer" else "training, not inference"
        job = replace(asked.job, phase=name, precision=kind)
        yield from each("phase", [(words, again(asked, job))])


def _guided(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase == "generate" and asked.job.steps:
        yield from each("guidance", [("off", again(asked, having(asked, guidance="1")))])


def _caching(asked: Asked) -> Iterable[Tried]:
    if asked.job.phase != "serve":
        return
    for hit in ("0.5", "0.9"):
        yield from each("prefix", [(f"{float(hit):.0%}", again(asked, having(asked, prefix_hit=hit)))])
    if "speculative" not in asked.job.options:
        found = again(asked, having(asked, speculative="3"))
        yield from each("speculative", [("3 drafted a pass", found)])


_CAUSES: tuple[Callable[[Asked], Iterable[Tried]], ...] = (
    formats.tried, _compiling, _layouts, _engines, machine.tried, _batches, _flight, _sizes, _models,
    _checkpointing, _phases, _guided, _caching,
)  # fmt: skip
