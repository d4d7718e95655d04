"""What `bench serve-load` makes of its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, WhichGpuError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.bench.serving import Measured, Server
    from whichgpu.bench.serving_load import Load
    from whichgpu.cost.table.jobs import Prediction
    from whichgpu.hardware.catalogue import Catalogue

#: Loads that are measured where none is asked for.
_USUAL = "1,8,32"
#: What the runtimes of the data call an engine.
_RUNTIMES = {"llama.cpp": "llama-cpp"}


def loads(said: Mapping[str, Any]) -> list[Load]:
    """The loads of a command; raises `UsageError` for both kinds, or what is no number."""
    from whichgpu.bench.serving_load import Load

    seconds = said["seconds"] or float("inf")
    if said["rate"] and said["concurrency"]:
        raise UsageError("--rate is of an open loop, --concurrency of a closed one; give one of them")
    if said["rate"]:
        rates = _numbers("--rate", said["rate"], 1e5)
        return [Load(rate=one, burstiness=said["burstiness"], seconds=seconds) for one in rates]
    flights = _numbers("--concurrency", said["concurrency"] or _USUAL, 1e5)
    if any(one != int(one) or one < 1 for one in flights):
        raise UsageError(f"--concurrency {said['concurrency']}: whole numbers of requests, e.g. 1,8,32")
    return [Load(concurrency=int(one), seconds=seconds) for one in flights]


def _numbers(option: str, text: str, most: float) -> list[float]:
    try:
        found = [float(part) for part in text.replace("req/s", "").split(",") if part.strip()]
    except ValueError:
        found = []
    if not found or any(not 0.0 < one <= most for one in found):
        raise UsageError(
            f"{option} '{text}': write numbers above zero, up to {most:,.0f}, e.g. {option} 1,2,4"
        )
    return list(dict.fromkeys(found))


def columns(said: Mapping[str, Any], server: Server, catalogue: Catalogue, *, wanted: bool) -> dict[str, Any]:
    """What rows say of the server; raises `UsageError` where rows are `wanted` and no GPU is stated."""
    from whichgpu.hardware.slices import resolve_device
    from whichgpu.workloads.workload import resolve

    name = said["workload"] or server.target.model
    try:
        name = resolve(name).id
    except WhichGpuError:
        if said["workload"]:
            raise
    runtime = said["runtime"] or " ".join(
        part for part in (_RUNTIMES.get(server.engine, server.engine), server.version) if part
    )
    stated = {"workload": name, "precision": said["precision"], "tp": said["tp"], "pp": said["pp"],
              "runtime": runtime, "source": "whichgpu bench serve-load"}  # fmt: skip
    if said["gpu"]:
        gpu, count = resolve_device(said["gpu"], catalogue)
        return {**stated, "gpu": gpu.id, "n_gpus": count}
    if wanted:
        raise UsageError(
            "rows need the GPU that serves: add --gpu h100-80gb-sxm:8 (whichgpu gpus lists them)"
        )
    return stated


def predictions(found: Sequence[Measured], catalogue: Catalogue) -> dict[str, Prediction]:
    """What the model says of each row, by its id; nothing where the workload or the GPU is not known."""
    from whichgpu.cost.table.jobs import predict_rows

    rows = [one.row for measured in found for one in measured.records if one.status == "ok"]
    rows = [row for row in rows if row.get("gpu") and row.get("workload")]
    answers = predict_rows(rows, catalogue) if rows else ()
    return {one.id: one for one in answers if not one.error}
