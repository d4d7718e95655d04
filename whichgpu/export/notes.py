"""What to know before an export is run: what the file cannot say by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.export.launch import OWN, engine_of
from whichgpu.export.names import engines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.deployment import Deployment

#: Formats in which an engine computes from a checkpoint of another.
_AS_LOADED = ("", "fp32", "tf32", "fp16", "bf16", "fp8")
#: Tools that know the price of what they rent.
_PRICED = ("skypilot", "dstack")


def notes(deployments: Sequence[Deployment], target: str) -> tuple[str, ...]:
    """Sentences, each beginning with the deployment's name."""
    said = [
        f"{one.name}: {text}" for one in deployments for text in _of(one, target) if target != "karpenter"
    ]
    return (*said, *_shared(deployments))


def _shared(deployments: Sequence[Deployment]) -> Iterator[str]:
    """Of which deployments the plan puts on the same machines: each file counts its own."""
    machines: dict[tuple[str, ...], list[Deployment]] = {}
    for one in deployments:
        if one.share < 1.0:
            key = (one.provider, one.instance, one.region, one.term, one.gpu)
            machines.setdefault(key, []).append(one)
    for (provider, instance, *_), some in machines.items():
        if len(some) > 1:
            names = ", ".join(f"{one.name} ({one.nodes:,})" for one in some)
            yield (
                f"{names} share machines in the plan, {provider} {instance}: run them beside each other on "
                "those of the largest, or pay for each apart"
            )


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
    if engine != OWN and one.precision not in (*_AS_LOADED, *engines()[engine].get("precision", {})):
        said.append(f"the plan computes with a checkpoint in {one.precision}: name one with --model")
    elif engine == "trtllm" and one.precision == "fp8":
        said.append("TensorRT-LLM takes FP8 from the checkpoint: give one in fp8 with --model")
    if "(gpu only)" in one.instance:
        said.append("the price is of the GPUs alone: raise the limit by that of a host")
    if one.usd_per_hour and target not in _PRICED and (target, one.term) != ("terraform", "spot"):
        said.append(
            f"{target} does not know prices; the limit of {one.usd_per_hour:g} USD/h is kept as a remark only"
        )
    if one.share < 1.0:
        said.append(f"it has {100.0 * one.share:.0f} % of the time of its nodes, which others use besides it")
    return said
