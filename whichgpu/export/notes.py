"""What to know before an export is run: what the file cannot say by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.export.launch import OWN, as_published, engine_of, port, serves
from whichgpu.export.names import engines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.deployment import Deployment

#: Formats in which an engine computes from a checkpoint of another.
_AS_LOADED = ("", "fp32", "tf32", "fp16", "bf16", "fp8")
#: Tools that know the price of what they rent.
_PRICED = ("skypilot", "dstack")
#: Tools whose services have one port.
_ONE_PORT = ("skypilot", "dstack")


def notes(deployments: Sequence[Deployment], target: str) -> tuple[str, ...]:
    """Sentences, each beginning with the deployment's name."""
    every = [each for one in deployments for each in (one, *one.beside)]
    if target in engines():
        every = [one for one in every if serves(one)]
    said = [f"{one.name}: {text}" for one in every for text in _of(one, target) if target != "karpenter"]
    return (*said, *(text for one in deployments if one.beside for text in _shared(one, target)))


def _shared(one: Deployment, target: str) -> Iterator[str]:
    """What those know that share nodes: their parts of the time, memory, and where they answer."""
    every = (one, *one.beside)
    names = ", ".join(f"{each.name} ({each.share:.0%} of their time)" for each in every)
    yield (
        f"{names} share {one.nodes:,} nodes, which are counted once; their models have to fit into the GPUs "
        "together (vLLM and SGLang take most of the memory: --gpu-memory-utilization, --mem-fraction-static)"
    )
    ports = [f"{each.name} at {port(i)}" for i, each in enumerate(every) if each.kind == "service"]
    if len(ports) > 1 and target != "karpenter":
        one_only = f"; {target} forwards the first alone" if target in _ONE_PORT else ""
        yield f"{one.name}: on each of these nodes answer {', '.join(ports)}{one_only}"


def _of(one: Deployment, target: str) -> list[str]:
    engine = target if target in engines() else engine_of(one)
    said = []
    if engine == OWN and not one.command:
        said.append(
            f"{one.engine or one.workload or 'its program'} has no launch command of its own, so run.sh "
            f"of yours is run; --run changes it"
        )
    if engine != OWN and one.engine not in engines()[engine]["runtimes"] and one.engine:
        said.append(f"the plan was made for {one.engine}, and {engine} may be faster or slower")
    if engine != OWN and not as_published(one):
        said += _checkpoint(one, engine)
    if "(gpu only)" in one.instance:
        said.append("the price is of the GPUs alone: raise the limit by that of a host")
    if one.usd_per_hour and target not in _PRICED and (target, one.term) != ("terraform", "spot"):
        said.append(
            f"{target} does not know prices; the limit of {one.usd_per_hour:g} USD/h is kept as a remark only"
        )
    return said


def _checkpoint(one: Deployment, engine: str) -> Iterator[str]:
    """What checkpoint is wanted where the engine cannot make one of the published weights."""
    if one.precision not in (*_AS_LOADED, *engines()[engine].get("precision", {})):
        yield f"the plan computes with a checkpoint in {one.precision}: name one with --model"
    elif engine == "trtllm" and one.precision == "fp8":
        yield "TensorRT-LLM takes FP8 from the checkpoint: give one in fp8 with --model"
