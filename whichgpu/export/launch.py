"""The launch command of a deployment's engine, as lines of a shell script (`data/export/engines.toml`)."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.export.model import PORT
from whichgpu.export.names import engines
from whichgpu.hardware.catalogue import catalogue
from whichgpu.values import NamedTuple
from whichgpu.workloads.hub import hub_format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.planner.deployment import Deployment

#: The engine that stands for a program of the user's own.
OWN = "own"
#: From the port of one of several workloads on a node to the next.
_APART = 100


def port(index: int) -> int:
    """Where the workloads of a node answer, the first of them at 0."""
    return PORT + _APART * index


class Place(NamedTuple):
    """Where the command runs: `copies` of the replica on a node, or one over `span` nodes.

    `rank` and `head` are shell words for the node's number and the first node's address, `worker` for the
    number of what shares the work of a batch.
    """

    copies: int = 1
    span: int = 1
    rank: str = "0"
    head: str = "localhost"
    worker: str = "0"
    #: Where the first server answers, of those that are told so on their command line.
    port: int = PORT


class Launch(NamedTuple):
    """How it starts: lines for bash, the image that has the program, how to install it, where it answers."""

    engine: str
    lines: tuple[str, ...]
    image: str
    install: str
    health: str
    port: int
    #: One for each server of a node, where they are several.
    ports: int = 1
    #: Where those beside it answer, by name.
    others: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """The lines as a script."""
        return "\n".join(self.lines) + "\n"


def engine_of(one: Deployment) -> str:
    """The engine that runs it: that of its runtime, `own` for what none of them serves."""
    if one.command:
        return OWN
    return next((key for key, row in engines().items() if one.engine in row["runtimes"]), OWN)


def started(one: Deployment, place: Place) -> Launch:
    """How a deployment starts with its own engine, and with it those beside it, each at a port of its own.

    One image has all of it. Raises `UsageError` where that cannot be.
    """
    start = launch(one, engine_of(one), place)
    if not one.beside:
        return start
    if place.span > 1:
        raise UsageError(
            f"{one.name}: it shares its nodes with {_named(one.beside)}, and a replica spans {place.span}; "
            "start each by its own command, --to vllm or sglang"
        )
    starts = [start]
    for index, other in enumerate(one.beside, 1):
        own = place._replace(copies=other.replicas_per_node, port=port(index))
        starts.append(launch(other, engine_of(other), own))
    served = list(dict.fromkeys(each.engine for each in starts if each.engine != OWN)) or [OWN]
    if len(served) > 1:
        raise UsageError(
            f"{one.name}: {' and '.join(served)} do not run in one image; give one of those that share its "
            f"nodes another engine: {_named((one, *one.beside))}"
        )
    image = next(each.image for each in starts if each.engine == served[0])
    lines: tuple[str, ...] = ()
    for other, each in zip(one.beside, starts[1:], strict=True):
        lines += (f"# Beside it: {other.name}", "(", *each.lines, ") &")
    install = "\n".join(dict.fromkeys(each.install for each in starts if each.install))
    others = tuple((other.name, each.port) for other, each in zip(one.beside, starts[1:], strict=True)
                   if other.kind == "service")  # fmt: skip
    # What ends must not take those with it that have not.
    end = ("wait",) if one.kind == "batch" else ()
    return start._replace(lines=(*lines, *start.lines, *end), image=image, install=install, others=others)


def _named(some: Iterable[Deployment]) -> str:
    return ", ".join(one.name for one in some)


def launch(one: Deployment, engine: str, place: Place) -> Launch:
    """How a deployment starts with an engine; raises `UsageError` for what the engine cannot do."""
    row = _on(one, engine)
    if engine == OWN:
        lines = (*_environment(one, place), one.command or str(row["service"]))
        return Launch(engine, lines, row["image"], row["install"], row["health"], place.port)
    if not one.model:
        raise UsageError(
            f"{one.name}: which model to load is not known; say it with --model, e.g. --model org/name"
        )
    if ":" in one.gpu and place.copies > 1:
        raise UsageError(
            f"{one.name}: {place.copies} servers on one node, each on a part of a GPU ({one.gpu}), which no "
            "number tells apart; use --to kubernetes, which gives each its own"
        )
    words = _words(one, engine, row, place)
    lines = _file(one, row)
    batch = one.kind == "batch" and "batch" in row
    if place.copies > 1 and "copies" not in row:
        lines += _each(one, place, words)
    elif place.span > 1 and row.get("worker"):
        lines += (f'if [ "{place.rank}" != 0 ]; then extra={row["worker"]}; else extra=; fi',
                  f"{_command(words)} $extra")  # fmt: skip
    else:
        lines += (_command(words),)
    ports = place.copies if "copies" not in row else 1
    return Launch(engine, lines, row["image"], row["install"], "" if batch else row["health"], place.port,
                  ports)  # fmt: skip


def _on(one: Deployment, engine: str) -> dict[str, Any]:
    """The engine as it is on the deployment's GPU; raises `UsageError` where it does not run there."""
    row, maker = engines()[engine], vendor(one)
    if maker == "NVIDIA":
        return row
    if maker == "AMD" and "amd" in row:
        return {**row, **row["amd"]}
    able = ", ".join(key for key, other in engines().items() if maker == "AMD" and "amd" in other)
    raise UsageError(
        f"{one.name}: how {engine} is started on {maker}'s {one.gpu} is not known here"
        f"{f'; known are {able}' if able else ''}, or say it with --run"
    )


def vendor(one: Deployment) -> str:
    """Who made the GPU; of one that only the user's own files know NVIDIA."""
    known = catalogue().get(one.gpu.partition(":")[0])
    return "NVIDIA" if known is None else known.vendor


def serves(one: Deployment) -> bool:
    """Whether an engine of language models can serve it, as far as is known."""
    if engine_of(one) != OWN:
        return True
    if one.command:
        return False
    from whichgpu.workloads.workload import resolve

    try:
        return resolve(one.workload).unit == "tokens"
    except WhichGpuError:
        return bool(one.model)


def as_published(one: Deployment) -> bool:
    """Whether it computes in the format of its model's own checkpoint, so that an engine need not be told."""
    return bool(one.precision) and hub_format(one.workload, one.model) == one.precision


def _words(one: Deployment, engine: str, row: dict[str, Any], place: Place) -> list[str]:
    """The command and its options, each option one item."""
    batch = one.kind == "batch" and "batch" in row
    values = {key: shlex.quote(str(value)) for key, value in one.to_dict().items() if value is not None}
    values |= {"width": str(one.tp * one.dp), "copies": str(place.copies), "span": str(place.span),
               "rank": place.rank, "head": place.head, "worker": place.worker,
               "port": str(place.port)}  # fmt: skip
    said = [str(row["batch" if batch else "service"])]
    options: dict[str, str] = dict(row["options"])
    if one.dp > 1:
        options["tp"] = row["attention"]
    said += [text for key, text in options.items() if _stated(one, key)]
    precision = "" if as_published(one) else one.precision
    said += [row[table][value] for table, value in (("precision", precision), ("kv", one.kv_precision))
             if value in row.get(table, {})]  # fmt: skip
    if place.copies > 1 and "copies" in row:
        if one.dp > 1:
            raise UsageError(
                f"{one.name}: {engine} cannot put {place.copies} replicas with data-parallel attention on "
                f"one node in one command; use --to kubernetes, which starts each by itself"
            )
        said.append(row["copies"])
    if place.span > 1:
        if batch:
            raise UsageError(
                f"{one.name}: {engine} does work that ends on one node, and a replica spans {place.span}; "
                f"use a split within {one.gpus_per_node} GPUs, or say how with --run"
            )
        if "span" not in row:
            raise UsageError(
                f"{one.name}: a replica spans {place.span} nodes, and how {engine} is started on several is "
                f"not known here; use --to vllm or sglang, or a split within {one.gpus_per_node} GPUs"
            )
        said.append(row["span"])
    if _file(one, row):
        said.append(row["reads"])
    return [text.format(**values) for text in said]


def _stated(one: Deployment, key: str) -> bool:
    """Whether an option is said: a degree above one, any other that is stated."""
    value = getattr(one, key)
    if key == "tp":
        return bool(value > 1 or one.dp > 1)
    return bool(value > 1) if key in ("pp", "ep") else value is not None


def _file(one: Deployment, row: dict[str, Any]) -> tuple[str, ...]:
    """Lines that write the file which the engine reads; none where nothing is to be said in it."""
    said = [
        text.format(**one.to_dict())
        for key, text in row.get("lines", {}).items()
        if (one.dp > 1 if key == "dp" else bool(getattr(one, key)))
    ]
    return (f"printf '%s\\n' {shlex.join(said)} > {row['file']}",) if said else ()


def _command(words: list[str]) -> str:
    """Options each on a line of their own."""
    return " \\\n  ".join(words)


def _each(one: Deployment, place: Place, words: list[str]) -> tuple[str, ...]:
    """A server for each replica of a node, on GPUs and a port of its own."""
    lines = []
    for index in range(place.copies):
        first = index * one.gpus_per_replica
        devices = ",".join(str(first + n) for n in range(one.gpus_per_replica))
        text = _command(words).replace(f"--port {place.port}", f"--port {place.port + index}")
        lines.append(f"CUDA_VISIBLE_DEVICES={devices} {text} &")
    return (*lines, "wait")


def _environment(one: Deployment, place: Place) -> tuple[str, ...]:
    """What a program of the user's own is told."""
    values = {
        "WORKLOAD": one.workload, "MODEL": one.model, "PRECISION": one.precision, "BATCH": one.batch,
        "GPUS_PER_REPLICA": one.gpus_per_replica, "REPLICAS_PER_NODE": place.copies, "PORT": place.port,
    }  # fmt: skip
    said = [f"{key}={shlex.quote(str(value))}" for key, value in values.items() if value not in (None, "")]
    return (f"export {' '.join(said)} WORKER={place.worker}",)
