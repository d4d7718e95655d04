"""Rows of a job table gathered by what they share; every text is read once, however many rows hold it."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.job import asked, placing
from whichgpu.cost.job.requests import in_loop, in_tables, runs_alike
from whichgpu.cost.job.runtimes import suggested
from whichgpu.cost.parallel import pipeline
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.table.files import COLUMNS
from whichgpu.cost.table.groups import Group
from whichgpu.cost.table.rows import (
    CELLS,
    FORMAT,
    NAMES,
    STACK,
    engine_apart,
    head_of,
    load_of,
    need,
    of_suite,
    offline,
    read_head,
    values,
)
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.bins import resolve_whole
from whichgpu.hardware.names import in_a_machine
from whichgpu.values import NamedTuple
from whichgpu.workloads import job as jobs
from whichgpu.workloads.contexts import split
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.names import fetched
from whichgpu.workloads.tasks import whole
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.table.groups import Numbers
    from whichgpu.cost.table.rows import Head
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

    #: By GPU, the format and the software of a job there.
    _Ways = dict[str, tuple[str, str]]

_GPU, _RUNTIME, _METRIC, _UNIT = (COLUMNS.index(name) for name in ("gpu", "runtime", "metric", "unit"))
_N_GPUS, _TP, _PP, _IN, _OUT, _QUEUE, _BATCH, _SEQ_LEN, _HEIGHT, _WIDTH = (
    list(jobs.NUMBERS).index(name)
    for name in (
        "n_gpus", "tp", "pp", "input_tokens", "output_tokens", "concurrency", "batch", "seq_len", "height",
        "width",
    )
)  # fmt: skip
#: Columns whose default does not hang on other numbers.
_SIZES = ("batch", "height", "width", "seq_len", "input_tokens", "output_tokens", "steps")


class _Refused(NamedTuple):
    """Why a text cannot be read, kept so that the same text is not read again."""

    why: str


class _Texts(dict[Any, Any]):
    """What was read of texts: a text that is not there yet is read."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: Any) -> Any:
        value = self[text] = self._read(text)
        return value


def _guarded(read: Callable[..., Any]) -> Callable[[Any], Any]:
    """The same, but that a text which cannot be read gives its reason."""

    def guarded(text: Any) -> Any:
        try:
            return read(text)
        except WhichGpuError as fault:
            return _Refused(str(fault))

    return guarded


def _cell(names: tuple[str, ...], text: str) -> Numbers:
    return values((names, text))


class Lexicon:
    """What texts of a table mean, whichever share of its rows they stand in.

    `named` gives the name of a workload that is typed in another way: as the path of a file.
    """

    def __init__(self, catalogue: Catalogue, named: Callable[[str], str] = str) -> None:
        self.gpus = _Texts(_guarded(lambda text: resolve_whole(need(text, "gpu"), catalogue)))
        self.workloads = _Texts(_guarded(lambda text: _known(named(text))))
        self.numbers = _Texts(_guarded(self._stated))
        self._cells = [_Texts(partial(_cell, names)) for names in NAMES]
        #: By all that it hangs on but the GPU, and then by that, the format and the software of a job.
        self.ways: dict[tuple[Any, ...], _Ways] = {}

    def _stated(self, texts: tuple[str, ...]) -> Numbers:
        """The numbers of a row in the order of `NUMBERS`."""
        found: list[float | None] = []
        for known, text in zip(self._cells, texts, strict=True):
            found += known[text]
        return tuple(found)


def _known(name: str) -> str:
    """The name of a workload; raises `UsageError` where there is none of that name."""
    resolve(name)
    return name


class _Kin:
    """Rows whose texts mean the same job: their groups, by which numbers are known, and its defaults."""

    __slots__ = ("groups", "usual", "whole")

    def __init__(self) -> None:
        #: The last is whether the texts say all of the job.
        self.groups: dict[tuple[bool, ...], Group] = {}
        #: By whether a row states one of two lengths alone, and which.
        self.usual: dict[tuple[bool, ...], _Usual] = {}
        #: By the numbers of a row, those with every default, and their group.
        self.whole: dict[Numbers, tuple[Numbers, Group]] = {}


class _Entry:
    """What the texts of a row say, the rows of the same job, and what all of its rows ask."""

    __slots__ = ("alone", "crops", "head", "kin", "on", "queues", "served", "speaks")

    def __init__(self, head: Head, kin: _Kin) -> None:
        self.head, self.kin = head, kin
        #: Whether requests are in flight, and none arrives at random.
        self.served = head.phase == "serve" and "request_rate" not in head.job.options
        #: Whether a number of requests in flight says something else than the batch.
        self.queues = head.phase == "serve" or head.job.trains
        #: Whether a language model runs and does not learn.
        self.speaks = not head.job.trains and is_language_model(resolve(head.job.workload))
        #: Whether its engine usually serves one user, and nothing is said of requests in flight.
        self.alone = self.served and self.speaks and asked.is_alone(head.job)
        #: By the sides of crops, those of the whole pictures that its inference takes.
        self.crops = {} if head.job.trains else whole(resolve(head.job.workload), head.job.runtime)
        #: By GPU, the same in the format and software of that GPU.
        self.on: dict[str, _Entry] = {}


class Reader:
    """Reads rows into groups; every text is read once, however many rows hold it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        #: By number, why a row is broken.
        self.errors: dict[int, str] = {}
        #: Options that are not modelled, with the rows that state them.
        self.ignored: Counter[str] = Counter()
        self._kin: dict[tuple[Any, ...], _Kin] = {}
        self._heads = _Texts(_guarded(self._head))
        #: The tp and pp of a job on so many of a GPU, where a row states none.
        self._places: dict[tuple[Any, ...], tuple[float | None, float | None]] = {}
        #: By what rows share, their number of GPUs and tp: one of their jobs.
        self._jobs: dict[tuple[Any, ...], jobs.Job] = {}
        #: By what rows share: how their job usually runs.
        self._known: dict[tuple[Any, ...], placing.Usually] = {}
        #: By head, how its job usually runs, and its ways on GPUs.
        self._hung: dict[int, tuple[placing.Usually, _Ways]] = {}

    @property
    def groups(self) -> list[Group]:
        """The groups that the rows were gathered in."""
        return [group for kin in self._kin.values() for group in kin.groups.values()]

    def take(self, number: int, cells: tuple[str, ...]) -> None:
        """Read a row, by its number: into its group, or its reason among the errors."""
        try:
            if len(cells) != len(COLUMNS):
                raise UsageError(cells[len(COLUMNS)])
            self._place(number, cells)
        except WhichGpuError as fault:
            self.errors[number] = one_line(fault)

    def _place(self, index: int, cells: tuple[str, ...]) -> None:
        known = self._lexicon
        if "(" in cells[_GPU] or type(known.gpus[cells[_GPU]]) is _Refused:
            cells = _engine_beside(cells, known)
        found = known.gpus[cells[_GPU]], self._heads[head_of(cells)], known.numbers[CELLS(cells)]
        for one in found:
            if type(one) is _Refused:
                raise UsageError(one.why)
        (gpu, count), entry, numbers = found
        entry = entry.on.get(gpu.id) or self._run_on(entry, cells, gpu)
        if entry.head.lengths:
            numbers = _named(numbers, entry.head)
        if entry.crops and (sides := entry.crops.get((numbers[_HEIGHT], numbers[_WIDTH]))):
            numbers = _swapped(numbers, {_HEIGHT: sides[0], _WIDTH: sides[1]})
        if count > 1:
            numbers = _counted(numbers, count, cells[_GPU])
        numbers = _in_flight(entry, numbers, load_of(cells))
        if numbers[_SEQ_LEN] is not None and numbers[_IN] is None:
            numbers = _in_context(entry, numbers)
        if entry.speaks and _is_open(numbers):
            numbers = self._held(entry.head, numbers, gpu)
        numbers, group = entry.kin.whole.get(numbers) or _grouped(entry.head, entry.kin, numbers)
        group.add(index, gpu, numbers, (cells[_METRIC], cells[_UNIT]))
        if entry.head.ignored:
            self.ignored.update(entry.head.ignored)

    def _head(self, texts: tuple[str, ...]) -> _Entry:
        """What the texts of a row say, and the rows of the same job."""
        text = fetched(texts[0].strip(), texts[STACK])
        name: Any = self._lexicon.workloads[text] if text else ""
        known = name
        if type(name) is _Refused and (other := of_suite(text, texts[1], texts[STACK])):
            name = self._lexicon.workloads[other]
        if type(name) is _Refused:
            raise UsageError(known.why)
        head = read_head((name, *texts[1:]))
        return _Entry(head, self._kin.setdefault(head.key, _Kin()))

    def _run_on(self, entry: _Entry, cells: tuple[str, ...], gpu: Gpu) -> _Entry:
        """A row under the software and in the format that its GPU has of those that it leaves open."""
        known, head = entry, entry.head
        way = self._way(head, gpu)
        if way != (head.job.precision, head.job.runtime):
            texts = (self._asked(head_of(cells), head.job.workload), *head_of(cells)[1:])
            known = self._heads[(*texts[:FORMAT], way[0], way[1], *texts[STACK + 1 :])]
            if type(known) is _Refused:
                raise UsageError(known.why)
            if known.head.lengths != head.lengths:
                # What the name of its own software's suite says of a job stays.
                known = _Entry(known.head._replace(lengths=head.lengths), known.kin)
        entry.on[gpu.id] = known
        return known

    def _way(self, head: Head, gpu: Gpu) -> tuple[str, str]:
        """The format and the software of a job on a GPU; many workloads share what that hangs on."""
        job = head.job
        narrow = job.precision in _MAY_BE_FP8 and gpu.value("fp8") is None
        opened = placing.leaves_open(job, gpu)
        if not (narrow or opened):
            return job.precision, job.runtime
        # A head is as long here as the reader is.
        usual, ways = self._hanging(head)
        if gpu.id not in ways:
            found = placing.widened(usual, gpu) if narrow else job
            if found is job and opened:
                found = placing.run_on(usual, gpu)
            ways[gpu.id] = found.precision, found.runtime
        return ways[gpu.id]

    def _hanging(self, head: Head) -> tuple[placing.Usually, _Ways]:
        """How a job usually runs, and its ways on GPUs, which it shares with all that these hang on."""
        found = self._hung.get(id(head))
        if found is None:
            job = head.job
            usual = self._usually((id(head),), job)
            # Runtimes of two jobs may be two objects that say the same.
            key = (
                is_language_model(usual.workload), placing.standing(usual.stack), usual.precision,
                job.precision, job.runtime, job.trains,
            )  # fmt: skip
            # A word such as MLPerf is read anew with the workload.
            alone = job.runtime and suggested(job.runtime)
            ways = {} if alone else self._lexicon.ways.setdefault(key, {})
            found = self._hung[id(head)] = usual, ways
        return found

    def _asked(self, texts: tuple[str, ...], known: str) -> str:
        """The name of a row's workload; what it is `known` by where only its runtime's suite tells that."""
        text = texts[0].strip()
        return known if text and type(self._lexicon.workloads[text]) is _Refused else texts[0]

    def _usually(self, key: tuple[Any, ...], job: jobs.Job) -> placing.Usually:
        """How a job runs, by what sets it apart but its GPU."""
        if key not in self._known:
            self._known[key] = placing.usually(job)
        return self._known[key]

    def _held(self, head: Head, numbers: Numbers, gpu: Gpu) -> Numbers:
        """The numbers of a row with the tp and pp by which its GPUs hold the model, where it states none."""
        copies = placing.most_copies(head.phase, numbers[_BATCH], numbers[_QUEUE])
        most = min(copies, numbers[_N_GPUS] or 1.0)
        held = id(head), numbers[_N_GPUS], numbers[_TP], numbers[_PP], most
        key = *held, gpu.value("memory")
        if key not in self._places:
            job = self._jobs.get(held) or _numbered(head.job, numbers)
            # Its software, its format and whether that cuts layers hang on no number.
            found = placing.layout(job, gpu, partial(self._usually, (id(head),), job))
            # Not before that did not refuse it: other rows may have better numbers.
            self._jobs[held] = job
            self._places[key] = found or (job.tp, job.pp)
        tp, pp = self._places[key]
        return _swapped(numbers, {_TP: tp, _PP: pp})


#: Formats of a job whose weights may be FP8 though nobody asks for it: where none is stated, the model's own.
_MAY_BE_FP8 = ("",)
#: Software that runs on Apple's chips alone.
_OF_APPLE = r"\b(?:mlx|metal|mps|core ?ml)\b"


def _engine_beside(cells: tuple[str, ...], known: Lexicon) -> tuple[str, ...]:
    """A row whose GPU names the engine as well (`A100 TensorRT`), as its runtime then; or as it is.

    What else stands in brackets behind the name of a machine describes it, and says nothing of the run.
    """
    bare, stack = engine_apart(cells[_GPU], cells[_RUNTIME])
    of_apple = f"Apple {cells[_GPU]}"
    if re.search(_OF_APPLE, stack, re.IGNORECASE) and type(known.gpus[of_apple]) is not _Refused:
        # NVIDIA had an M4, too.
        return (*cells[:_GPU], of_apple, *cells[_GPU + 1 :])
    noted = type(known.gpus[cells[_GPU]]) is not _Refused and (cells[_RUNTIME].strip() or "(" in bare)
    if noted or bare == cells[_GPU] or type(known.gpus[bare]) is _Refused:
        return cells
    told = {_GPU: bare, _RUNTIME: stack}
    return tuple(told.get(place, text) for place, text in enumerate(cells))


def _numbered(job: jobs.Job, numbers: Numbers) -> jobs.Job:
    """A job with the numbers of a row."""
    columns: dict[str, Any] = dict(zip(jobs.NUMBERS, numbers, strict=True))
    return job.changed(**columns)


def _grouped(head: Head, kin: _Kin, numbers: Numbers) -> tuple[Numbers, Group]:
    """The numbers of a row with the defaults of what it leaves open, and the group of such rows."""
    whole = _filled(head, kin, numbers)
    stated = tuple([value is not None for value in whole])
    job = head.job
    sent = numbers[_QUEUE], numbers[_IN], numbers[_OUT]
    if None not in sent and (in_tables(job) or runs_alike(job)):
        looped = in_loop(job.changed(concurrency=sent[0], input_tokens=sent[1], output_tokens=sent[2]))
        job = job if looped.options == job.options else job.changed(options=looped.options)
    key = *stated, job is head.job
    if key not in kin.groups:
        kin.groups[key] = Group(job, stated, bool(head.ignored))
    found = kin.whole[numbers] = whole, kin.groups[key]
    return found


def _in_context(entry: _Entry, numbers: Numbers) -> Numbers:
    """The numbers of a row of inference without a prompt, whose `seq_len` is prompt and answer together."""
    if entry.head.phase == "prefill":
        return _swapped(numbers, {_IN: numbers[_SEQ_LEN]})
    if not entry.speaks:
        return numbers
    usual = dict(_usual_of(entry.head, entry.kin, numbers).sizes)
    if usual.get(_IN) is None:
        return numbers
    told = usual.get(_OUT) if numbers[_OUT] is None else numbers[_OUT]
    prompt, answer = split(numbers[_SEQ_LEN], told)
    return _swapped(numbers, {_SEQ_LEN: None, _IN: prompt, _OUT: answer})


def _usual_of(head: Head, kin: _Kin, numbers: Numbers) -> _Usual:
    """The defaults of rows that leave as much open as these numbers do."""
    # A default may be of a pair of lengths: what states one of them alone has the other from elsewhere.
    given = numbers[_IN] is not None, numbers[_OUT] is not None
    key = given if given[0] != given[1] else ()
    if key not in kin.usual:
        kin.usual[key] = _usual(head.job, *given)
    return kin.usual[key]


def _filled(head: Head, kin: _Kin, numbers: Numbers) -> Numbers:
    """The numbers of a row with the defaults of what it leaves open.

    Rows that leave open what others state are then of one group with them.
    """
    usual = _usual_of(head, kin, numbers)
    whole = list(numbers)
    for place, size in usual.sizes:
        if whole[place] is None:
            whole[place] = size
    if not usual.serves:
        whole[_QUEUE] = None
    if not usual.splits or whole[_N_GPUS] is None:
        tp = whole[_TP] = whole[_TP] or usual.degree
        pp = whole[_PP] = whole[_PP] or usual.degree
        if tp and pp and whole[_N_GPUS] is None and (tp * pp == 1.0 or not head.job.trains):
            whole[_N_GPUS] = tp * pp
    return tuple(whole)


#: How slices of a TPU are called by their cores.
_CORES = r"\b(?:tpu)?v[2-7](?:p|e|[ -]?lite(?:[ -]?pod)?)?-(\d+)$"


def _counted(numbers: Numbers, count: int, name: str) -> Numbers:
    """The numbers of a row whose GPU has its count beside its name: `a10:4`.

    `TPU v3-8` counts cores, and so may its row, or slices; of machines a row may have fewer, or more of them.
    """
    stated = numbers[_N_GPUS]
    if stated is not None and in_a_machine(name):
        return numbers
    cores = re.search(_CORES, name.strip().lower())
    # `8x A100` of which a row has 96: twelve machines of eight. Fewer than the name says are another machine.
    if stated is not None and not cores and stated > count > 1 and stated % count == 0.0:
        return numbers
    if stated not in (None, count, *((1.0, float(cores[1])) if cores else ())):
        raise UsageError(f"the GPU's name says {count} of it, n_gpus {stated:g}; write one")
    return (*numbers[:_N_GPUS], float(count), *numbers[_N_GPUS + 1 :])


def _named(numbers: Numbers, head: Head) -> Numbers:
    """The numbers of a row with the lengths that the name of its phase states."""
    if not head.lengths:
        return numbers
    known = zip(jobs.NUMBERS, numbers, strict=True)
    return tuple([head.lengths.get(name) if one is None else one for name, one in known])


def _in_flight(entry: _Entry, numbers: Numbers, text: str) -> Numbers:
    """The numbers of a row with what it says of its requests, whose cell has this `text`."""
    if not text:
        # As `api.job` reads it: what a server is asked for at once are the requests in flight.
        batch = numbers[_BATCH] if entry.served else None
        queue = 1.0 if batch is None and entry.alone else batch
        return numbers if queue is None else _swapped(numbers, {_QUEUE: queue, _BATCH: None})
    if numbers[_QUEUE] is not None and numbers[_BATCH] is None and not entry.queues:
        batch = asked.at_once(_numbered(entry.head.job, numbers), resolve(entry.head.job.workload))
        return _swapped(numbers, {_BATCH: float(batch), _QUEUE: None})
    if numbers[_QUEUE] is None and numbers[_IN] is numbers[_OUT] is None:
        means = offline(entry.head.job, text)
        return numbers if means is None else _sized(numbers, means)
    return numbers


def _sized(numbers: Numbers, means: tuple[float, float]) -> Numbers:
    """The numbers of a row with these tokens in and out."""
    return _swapped(numbers, {_IN: means[0], _OUT: means[1]})


def _swapped(numbers: Numbers, others: Mapping[int, float | None]) -> Numbers:
    """The numbers of a row with others in these places."""
    whole = list(numbers)
    for place, one in others.items():
        whole[place] = one
    return tuple(whole)


def _is_open(numbers: Numbers) -> bool:
    """Whether a row has more GPUs than the tensor parallelism or the stages that it states take."""
    gpus, tp, pp = numbers[_N_GPUS], numbers[_TP], numbers[_PP]
    return (tp is None or pp is None) and gpus is not None and gpus > (tp or 1.0) * (pp or 1.0)


class _Usual(NamedTuple):
    """What a job without numbers has by default.

    `sizes` are by place in `NUMBERS`; `degree` is that of tp and pp, None where it is better left open,
    as the number of GPUs `splits` layers over them otherwise. Requests in flight are of what `serves`.
    """

    sizes: tuple[tuple[int, Any], ...]
    degree: float | None
    splits: bool
    serves: bool


def _usual(job: jobs.Job, has_input: bool, has_output: bool) -> _Usual:
    """The defaults of a job; none where it cannot be, which its evaluation says."""
    if has_input != has_output:
        job = job.changed(input_tokens=1.0) if has_input else job.changed(output_tokens=1.0)
    try:
        read = asked.read(job)
        whole = read.workload.complete(read.job)
        alone = Mesh.of(whole.with_defaults(tp=1.0, pp=1.0)).replica == 1.0
    except WhichGpuError:
        return _Usual((), None, splits=True, serves=True)
    known = ((place, getattr(whole, name)) for place, name in enumerate(jobs.NUMBERS) if name in _SIZES)
    # A pretraining on several GPUs without a batch has a usual step, which its evaluation knows.
    steps = whole.trains and is_language_model(read.workload)
    left = (_BATCH,) if steps else ()
    sizes = tuple((place, size) for place, size in known if size is not None and place not in left)
    splits = pipeline.splits_layers(read.runtime)
    return _Usual(sizes, 1.0 if np.all(alone) else None, splits, whole.phase == "serve")
