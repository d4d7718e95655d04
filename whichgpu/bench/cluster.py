"""Tasks on every node and kind of GPU of a Ray cluster: answers as they finish, what was lost tried again.

Ray is in a process of its own (`whichgpu.bench.worker.ray_driver`), which writes a line for each answer;
what is decided here, which node takes what and what becomes of a lost one, needs no Ray.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.bench import process, tasks
from whichgpu.bench.answers import records
from whichgpu.bench.record import digest
from whichgpu.bench.runner import Outcome
from whichgpu.errors import UsageError, one_line
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.bench.journal import Journal
    from whichgpu.bench.record import Record

#: How often a task is tried whose node is lost.
TRIES = 3
_POLL = 0.2
#: Seconds that a cluster has to take a connection, and to name its nodes: Ray itself tries for minutes.
_CONNECT, _FIRST = 10.0, 120.0
#: An address of a cluster that is somewhere else: `10.0.0.1:6379`, `ray://head:10001`.
_ELSEWHERE = re.compile(r"(?:ray://)?(?P<host>[^:/\[\]]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})/?$")


class Node(NamedTuple):
    """A node: Ray's id, a name that stays, its kind of GPU ("" on a processor), how many."""

    id: str
    name: str
    kind: str
    gpus: int


def nodes(raw: Sequence[Mapping[str, Any]]) -> list[Node]:
    """The nodes of `ray.nodes()` that are alive and can work, those of one name numbered."""
    found, names = [], dict[str, int]()
    for one in raw:
        resources = one.get("Resources", {})
        if not one.get("Alive") or not resources.get("CPU"):
            continue
        kinds = [key.partition(":")[2] for key in resources if key.startswith("accelerator_type:")]
        name = str(one.get("NodeManagerHostname") or one.get("NodeManagerAddress"))
        names[name] = names.get(name, 0) + 1
        shown = name if names[name] == 1 else f"{name}#{names[name]}"
        found.append(Node(str(one["NodeID"]), shown, kinds[0] if kinds else "", int(resources.get("GPU", 0))))
    return found


def placed(task: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """The task on a node: where it runs is part of it, so that each node has rows of its own."""
    return {**task, "where": f"{node.name}/{node.kind}" if node.kind else node.name}


class Queue:
    """Which node does what next: one task a node at a time, so that none disturbs another.

    A task whose node is lost goes to another node of the same kind, or waits for none and is given up, after
    `tries` in any case.
    """

    def __init__(
        self,
        todo: Sequence[Mapping[str, Any]],
        there: Sequence[Node],
        done: frozenset[str],
        tries: int = TRIES,
    ) -> None:
        self._tries = tries
        self._alive = {one.id: one for one in there}
        self._waiting: dict[str, list[dict[str, Any]]] = {
            one.id: [task for task in (placed(task, one) for task in todo) if digest(task) not in done]
            for one in there
        }
        self._tried: dict[str, int] = {}

    def next(self, free: Sequence[str]) -> Iterator[tuple[Node, dict[str, Any]]]:
        """A task for each free node that has one."""
        for key in free:
            if key in self._alive and self._waiting[key]:
                yield self._alive[key], self._waiting[key].pop(0)

    @property
    def alive(self) -> list[str]:
        """The nodes that are not lost, by id."""
        return list(self._alive)

    @property
    def left(self) -> int:
        """Tasks that no node has begun."""
        return sum(len(self._waiting[key]) for key in self._alive)

    def failed(self, node: Node, task: dict[str, Any], *, dead: bool) -> list[tuple[dict[str, Any], str]]:
        """A task that came back with nothing; gives the tasks that nobody will do, each with the reason."""
        key = digest(task)
        self._tried[key] = self._tried.get(key, 0) + 1
        orphans = [task]
        if dead:
            self._alive.pop(node.id, None)
            orphans += self._waiting.pop(node.id, [])
        return [one for one in (self._again(node, each, dead=dead) for each in orphans) if one is not None]

    def _again(self, node: Node, task: dict[str, Any], *, dead: bool) -> tuple[dict[str, Any], str] | None:
        tried = self._tried.get(digest(task), 0)
        lost = f"node {node.name} was lost" if dead else f"its process on node {node.name} was lost"
        if tried >= self._tries:
            return task, f"{lost}; tried {tried} times"
        other = (
            node.id
            if not dead
            else next((key for key, one in self._alive.items() if one.kind == node.kind), "")
        )
        if not other:
            return task, f"{lost}, and no other node has {node.kind or 'processors alone'}"
        self._waiting[other].append(task)
        return None


def reach(address: str) -> None:
    """Raise `UsageError` where nothing takes a connection at the address of a cluster."""
    match = _ELSEWHERE.match(address)
    if match is None:
        return
    try:
        socket.create_connection((match["host"].strip("[]"), int(match["port"])), _CONNECT).close()
    except (OSError, OverflowError) as fault:
        raise UsageError(
            f"no Ray cluster answers at {address} ({fault}); start one with ray start --head, and name its "
            "address, or auto for the one here"
        ) from None


def gather(
    todo: Sequence[Mapping[str, Any]], journal: Journal, address: str, *, python: str = "", command: str = "",
    tell: Callable[[str], object] = lambda _: None,
) -> tuple[Outcome, list[dict[str, Any]]]:  # fmt: skip
    """Measure tasks on each node; gives the outcome, and the nodes with those that were lost.

    Answers are in the journal as they finish. Raises `UsageError` where there is no Ray, or no cluster.
    """
    found: list[Record] = []
    skipped: list[tuple[str, str]] = []
    told: list[dict[str, Any]] = []
    interrupted = False
    request = {"tasks": [{**task, "command": command} for task in todo], "done": sorted(journal.done),
               "address": address, "python": python, "tries": TRIES}  # fmt: skip
    reach(address)
    try:
        for event in _events(request, python):
            if event["event"] == "error":
                raise UsageError(event["reason"])
            if event["event"] in ("node", "lost"):
                told.append(event)
                tell(_heard(event))
                continue
            task = {name: value for name, value in event["task"].items() if name != "command"}
            name = f"{task['where']}: {tasks.title(task)}"
            answer = event["answer"]
            if answer["status"] == "skipped":
                skipped.append((name, answer["reason"]))
                tell(f"{name}: left out: {answer['reason']}")
                continue
            got = records(task, answer)
            try:
                journal.append(got)
            finally:
                tell(
                    f"{name}: {got[0].row.get('value') or got[0].status} "
                    f"{got[0].row.get('unit', got[0].reason)}"
                )
            found += got
    except KeyboardInterrupt:
        interrupted = True
    return Outcome(found, skipped, len(journal.records) - len(found), interrupted), told


def _heard(event: Mapping[str, Any]) -> str:
    if event["event"] == "lost":
        return f"{event['name']}: lost while it measured {event['task']}: {event['reason']}"
    gpus = f"{event['gpus']} x {event['kind'] or 'GPU'}" if event["gpus"] else "no GPU"
    return f"node {event['name']}: {gpus}"


def _events(request: Mapping[str, Any], python: str) -> Iterator[dict[str, Any]]:
    """The lines of the process that has Ray, as they come."""
    with tempfile.TemporaryDirectory(prefix="whichgpu-ray-") as folder:
        asked, lines, log = (Path(folder) / name for name in ("request.json", "events.jsonl", "log"))
        asked.write_text(json.dumps(request), encoding="utf-8")
        lines.touch()
        command = [python or sys.executable, "-m", "whichgpu.bench.worker.ray_driver", str(asked), str(lines)]
        with log.open("wb") as out:
            driver = subprocess.Popen(  # noqa: S603 (our own program)
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=process.environment({}, process.shown(folder, python)),
                start_new_session=True,
            )  # fmt: skip
        ended, patience = False, time.monotonic() + _FIRST
        try:
            with lines.open(encoding="utf-8") as events:
                while True:
                    over = driver.poll() is not None
                    for line in _complete(events):
                        event = json.loads(line)
                        ended = ended or event["event"] in ("end", "error")
                        patience = float("inf")
                        if event["event"] != "end":
                            yield event
                    if over:
                        break
                    if time.monotonic() > patience:
                        raise UsageError(
                            f"no Ray cluster named its nodes at {request['address']} within {_FIRST:.0f} s"
                        )
                    time.sleep(_POLL)
        finally:
            process.end(driver)
        if not ended:
            raise UsageError(
                one_line(f"Ray ended without having done everything{process.telling(log)}; use --resume")
            )


def _complete(events: Any) -> Iterator[str]:
    """The lines that are whole by now."""
    while True:
        place = events.tell()
        line = events.readline()
        if not line.endswith("\n"):
            events.seek(place)
            return
        yield line
