"""The deployments of a file that `plan --json` or `recommend --json` wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import Infeasible, UsageError, WhichGpuError, one_line
from whichgpu.planner import deployment
from whichgpu.planner.deployment import TERM_OF, Deployment
from whichgpu.workloads.hub import hub_name

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Bytes that no plan has.
LARGEST = 64 * 2**20
_REDO = "whichgpu plan plan.toml --json > PLAN.json, or whichgpu recommend WORKLOAD --json > PLAN.json"
#: Space of a disk beside the checkpoint.
_SYSTEM = 60e9


def read(text: str, where: str, rank: int | None = None) -> tuple[Deployment, ...]:
    """The deployments of a plan, or the candidate of a `rank` (the first where None) of a recommendation.

    `where` names the file in errors. Raises `UsageError` for text that is neither, or cut off, and
    `Infeasible` for an answer that has nothing to run.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        cut = "it ends too early" if _cut_off(text, fault) else one_line(fault)
        raise UsageError(f"{where}: this is no whole JSON document: {cut}; write it again: {_REDO}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{where}: this is no plan but {_kind(document)}; write one: {_REDO}")
    if "candidates" in document:
        return (candidate(document, where, rank or 1),)
    if rank is not None:
        raise UsageError(f"{where}: --rank is of candidates that recommend --json wrote, and this is a plan")
    found = deployment.read_all(document)
    if found:
        return tuple(replace(_loaded(one), beside=tuple(map(_loaded, one.beside))) for one in found)
    raise _nothing(document, where)


def _loaded(one: Deployment) -> Deployment:
    """With the model that the workload was read from, where none is named."""
    return one if one.model else replace(one, model=hub_name(one.workload))


def _nothing(document: Mapping[str, Any], where: str) -> WhichGpuError:
    """Why a document holds nothing to run."""
    if document.get("infeasible"):
        return Infeasible(f"{where}: there is nothing to run: {one_line(document['infeasible'])}")
    if isinstance(document.get("error"), dict):
        return UsageError(f"{where}: this is an error: {one_line(document['error'].get('message', ''))}")
    if "picks" in document and document.get("status") != "optimal" and not document["picks"]:
        return Infeasible(
            f"{where}: there is nothing to run: this plan found no fleet ({one_line(document.get('status'))})"
        )
    if "picks" in document or "deployments" in document:
        return UsageError(
            f"{where}: this plan names no deployments: its options are the user's own, without a GPU; give "
            f"each [[option]] a gpu, or leave options out"
        )
    keys = ", ".join(f"'{one_line(key)[:30]}'" for key in list(document)[:6]) or "none"
    return UsageError(
        f"{where}: neither a plan (key 'deployments') nor a recommendation ('candidates'); its keys are "
        f"{keys}. Write one: {_REDO}"
    )


def _kind(document: Any) -> str:
    return "a list" if isinstance(document, list) else f"'{one_line(document)[:40]}'"


def _cut_off(text: str, fault: Exception) -> bool:
    """Whether the fault is at the end of the text."""
    at = getattr(fault, "pos", 0)
    return at >= len(text.rstrip()) - 1 or "Unterminated" in str(fault)


def candidate(document: Mapping[str, Any], where: str, rank: int) -> Deployment:
    """The candidate of a rank, as a deployment named after its workload."""
    listed = document["candidates"]
    if not isinstance(listed, list):
        raise UsageError(f"{where}: candidates: '{one_line(listed)[:40]}' is no list")
    if not listed:
        why = document.get("infeasible") or "it has no candidates"
        raise Infeasible(f"{where}: there is nothing to run: {one_line(why)}")
    if rank > len(listed):
        raise UsageError(f"{where}: --rank {rank}: it has candidates 1 to {len(listed)}")
    try:
        raw = _fields(listed[rank - 1], str(document.get("workload", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise UsageError(
            f"{where}: candidates[{rank - 1}] is not as recommend --json writes it ({one_line(fault)}); "
            f"write it again: {_REDO}"
        ) from None
    made = deployment.from_dict(raw, f"{where}: candidates[{rank - 1}]")
    return replace(made, model=hub_name(made.workload))


def _fields(one: Mapping[str, Any], workload: str) -> dict[str, Any]:
    job, offer = one["job"], one["offer"]
    options: Mapping[str, str] = job.get("options", {})
    phase = job.get("phase", "")
    groups = _whole(options.get("attention_dp")) or 1
    tp, pp = _whole(job.get("tp")) or 1, _whole(job.get("pp")) or 1
    size, node, copies = int(one["gpus_per_replica"]), int(one["gpus_per_instance"]), int(one["replicas"])
    if phase in _TRAINING:
        # Training spans all GPUs of an instance, whatever its split.
        tp, pp, groups, size, copies = node, 1, 1, node, int(one["instances"])
    elif tp * pp * groups != size:
        tp, pp, groups = size, 1, 1
    weights = one.get("memory", {}).get("parts", {}).get("weights")
    return {
        "name": deployment.label(workload), "gpu": one["gpu"], "workload": workload,
        "kind": "batch" if phase in _TRAINING else "service", "engine": one.get("runtime") or "",
        "gpus_per_replica": size, "replicas": copies, "gpus_per_node": node, "nodes": int(one["instances"]),
        "tp": tp, "pp": pp, "dp": groups, "ep": _whole(options.get("ep")) or 1,
        "precision": job.get("precision") or "", "kv_precision": options.get("kv_precision", ""),
        "max_model_len": _context(job) if phase == "serve" else None,
        "max_num_seqs": _whole(options.get("max_num_seqs")),
        "max_num_batched_tokens": _whole(options.get("max_num_batched_tokens")),
        "batch": _whole(job.get("batch")) if "batch" in job else None,
        "provider": "" if offer["kind"] == "buy" else offer["provider"],
        "instance": "" if offer["kind"] == "buy" else offer["instance"],
        "region": offer.get("region") or "", "term": TERM_OF[offer["kind"]],
        "usd_per_hour": offer["usd_per_hour"],
        "disk": None if weights is None else 1.3 * weights * size + _SYSTEM,
    }  # fmt: skip


_TRAINING = ("train", "pretrain", "finetune_full", "finetune_lora", "finetune_qlora")


def _context(job: Mapping[str, Any]) -> int | None:
    """The context that requests need: unasked, an engine wants room for the longest that there is."""
    length = sum(float(job.get(name) or 0.0) for name in ("input_tokens", "output_tokens"))
    return deployment.room(length) if length else None


def _whole(value: Any) -> int | None:
    return None if value is None else round(float(value))
