"""The process that has Ray: hands tasks to nodes, and writes a line for each answer as it comes.

`python -m whichgpu.bench.worker.ray_driver REQUEST.json EVENTS.jsonl`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.bench.cluster import Queue, nodes
from whichgpu.bench.worker import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.bench.cluster import Node

    Write = Callable[[dict[str, Any]], None]

#: Seconds to wait for an answer before looking at the nodes again.
_LOOK = 1.0
#: Seconds within which a worker of a node that is gone ends.
_DYING = 10.0
#: Exceptions of Ray that mean that a node is gone, though the list of nodes may still have it.
_GONE = ("NodeDiedError", "TaskUnschedulableError", "ActorUnschedulableError", "RaySystemError")
_ROOT = str(Path(__file__).resolve().parents[3])


def main() -> None:
    """Read the request, run it on the cluster."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with Path(sys.argv[2]).open("a", encoding="utf-8") as out:

        def write(event: dict[str, Any]) -> None:
            out.write(json.dumps(event, default=str) + "\n")
            out.flush()

        try:
            _run(request, write)
            write({"event": "end"})
        except BaseException as fault:
            write({"event": "error", "reason": faults.told(fault)[1]})


def _run(request: dict[str, Any], write: Write) -> None:
    import ray

    address = None if request["address"] == "here" else request["address"]
    ray.init(address=address, log_to_driver=False, include_dashboard=False if address is None else None,
             runtime_env={"env_vars": {"PYTHONPATH": _ROOT}})  # fmt: skip
    there = nodes(ray.nodes())
    for one in there:
        write({"event": "node", "name": one.name, "kind": one.kind, "gpus": one.gpus})
    queue = Queue(request["tasks"], there, frozenset(request["done"]), request["tries"])
    try:
        _drain(ray, queue, request["python"], write)
    finally:
        ray.shutdown()


def _drain(ray: Any, queue: Queue, python: str, write: Write) -> None:
    running: dict[Any, tuple[Node, dict[str, Any]]] = {}
    while queue.left or running:
        busy = {node.id for node, _ in running.values()}
        for node, task in queue.next([key for key in queue.alive if key not in busy]):
            running[_submitted(ray, node, task, python)] = node, task
        done, _ = ray.wait(list(running), num_returns=1, timeout=_LOOK)
        for one in done:
            node, task = running.pop(one)
            try:
                write({"event": "answer", "task": task, "answer": ray.get(one)})
            except Exception as fault:
                _lost(ray, queue, (node, task), fault, write)


def _submitted(ray: Any, node: Node, task: dict[str, Any], python: str) -> Any:
    """Start a task on its node, with its share of that node's GPUs."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    wanted = int(task.get("n_gpus") or 1)
    gpus = wanted if node.gpus and task.get("device") != "cpu" else 0
    if gpus > node.gpus:
        reason = f"the job wants {gpus} GPUs and node {node.name} has {node.gpus}"
        return ray.put({"status": "skipped", "reason": reason, "rows": []})
    kind = {f"accelerator_type:{node.kind}": 0.001} if node.kind and gpus else {}
    strategy = NodeAffinitySchedulingStrategy(node.id, soft=False)
    remote = ray.remote(_measure).options(
        num_cpus=1, num_gpus=gpus, resources=kind, max_retries=0, scheduling_strategy=strategy
    )
    return remote.remote(task, python)


def _measure(task: dict[str, Any], python: str) -> dict[str, Any]:
    """On the node: the measuring process, as on a machine of one's own."""
    from whichgpu.bench import process

    asked = {name: value for name, value in task.items() if name != "where"}
    answer = process.run(asked, python)
    if answer["status"] == "oom" and not answer["rows"]:
        # Ray kills what a worker has started before the worker itself, as where its node is gone: then nobody
        # may tell that memory ran out.
        time.sleep(_DYING)
    return answer


def _lost(ray: Any, queue: Queue, where: tuple[Node, dict[str, Any]], fault: Exception, write: Write) -> None:
    """A task whose node or process is gone: tried again where that can be, and reported in any case."""
    node, task = where
    alive = {one["NodeID"] for one in ray.nodes() if one["Alive"]}
    text = faults.told(fault)[1].partition(". ")[0]
    if type(fault).__name__.startswith("RayTaskError"):
        # The task itself raised: the same would happen elsewhere.
        write({"event": "answer", "task": task, "answer": {"status": "failed", "reason": text, "rows": []}})
        return
    name = task.get("name") or task.get("workload")
    dead = node.id not in alive or type(fault).__name__ in _GONE
    write({"event": "lost", "name": node.name, "task": name, "reason": text})
    for given_up, reason in queue.failed(node, task, dead=dead):
        write(
            {
                "event": "answer",
                "task": given_up,
                "answer": {"status": "failed", "reason": reason, "rows": []},
            }
        )


if __name__ == "__main__":
    main()
    # Ray's threads need not keep the end waiting.
    os._exit(0)
