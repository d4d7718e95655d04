"""A measured figure as a person tells it: "ResNet-50 trains at 850 images/s on my A5000, batch 128, AMP".

The model, the GPUs, what is said of the job, and the figure are found by their names, each where it stands;
what is left over is not needed.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.measurement.devices import device
from whichgpu.audit.measurement.figures import figure as told_figure
from whichgpu.audit.measurement.figures import figures
from whichgpu.audit.measurement.jobs import columns
from whichgpu.audit.measurement.ordinary import is_ordinary
from whichgpu.audit.measurement.sized import base, sized, usual
from whichgpu.audit.measurement.text import EXAMPLE, cut, missing, spelled_out, windows
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.placing import placed
from whichgpu.cost.reading import quoted
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.hardware.slices import resolve_device
from whichgpu.planner.diagnosis import diagnose_any, pointed
from whichgpu.values import NamedTuple
from whichgpu.workloads.counts import counts
from whichgpu.workloads.finding import goes_on
from whichgpu.workloads.workload import is_read, known, resolve, workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.diagnosis import Diagnosis
    from whichgpu.workloads.job import Job

#: Characters of a sentence, at most.
_LONGEST = 2_000
#: Words of a model's name, at most.
_NAME = 6
#: One request after another, however it is said.
ALONE = re.compile(
    r"\b(?:single|one|1)[- ](?:concurrent |parallel )?(?:user|request|stream|client|chat|session|query)s?\b"
    r"(?! ?(?:/|per|a) ?s)(?: at a time)?|\b(?:one at a time|no batching|unbatched)\b",
    re.I,
)
#: A size of Whisper behind a program that bears its name, or of the weights for English alone.
_WHISPER = re.compile(
    r"\b((?:[a-z]+-)+whisper|whisper(?:\.cpp|x))[ :(]{1,2}"
    r"(tiny|base|small|medium|large(?:-v[123])?|turbo)(?:\.en)?(?![\w-])"
    r"|\b()(whisper[ -](?:tiny|base|small|medium))\.en\b",
    re.I,
)
#: Machines that bear a word of a GPU's name.
_MACHINE = re.compile(r"\b(?:MacBook (?:Pro|Air)|Mac (?:Studio|Pro|mini)|iMac(?: Pro)?)(?=\W)", re.I)
#: What a device is tested by, where no model is named.
_TESTS = (
    ("stream-triad", r"\bbandwidth\b|\bcopy test\b|\b\d[\d.,]* ?[GT]i?B/s\b"),
    (
        "dgemm",
        r"\bmat(?:rix[- ]?)?mul(?:tiplication|tiply|tiplies)?s?\b|\bgemms?\b|\bproducts? of (?:two )?matri"
        r"|\bmultipl\w+\b.*\bmatri(?:x|ces)\b|\bmatri(?:x|ces)\b.*\bmultipl",
    ),
    # A rate of arithmetic that a GPU reaches is of products, but for that of a model that is not on file.
    (
        "dgemm",
        r"^(?!.*\b(?:train|fine|model|infer|serv|generat|net|has\b|have\b)).*"
        r"\b(?:does|gets?|only|reach\w*|achiev\w*|measur\w*|hits?)\b.*?\d ?[TP]FLOP(?:S|/s)\b",
    ),
)
TESTED = tuple(dict.fromkeys(name for name, _ in _TESTS))
#: Products that every framework leaves to the vendor's library.
_OF_LIBRARIES = ("dgemm", "gemm", "matmul")
#: What goes over a link and not through a GPU's memory.
_LINK = re.compile(
    r"\b(?:nccl|rccl|bus ?bw|all[-_ ]?(?:reduce|gather|to[-_ ]?all)|reduce[-_ ]?scatter|nvlink|pcie bandwidth"
    r"|host[- ]to[- ]device|device[- ]to[- ]host|h2d|d2h|p2p|peer[- ]to[- ]peer)\b",
    re.I,
)
#: A number that has three digits behind its point, and how far off it has to be to be thousands.
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")
_FAR, _NEAR = 50.0, 10.0
_SIZE_IN_IT = re.compile(r"\b\d+(?:\.\d+)?[bm]\b", re.I)
_SIZE_FIRST = re.compile(r"(\d+(?:\.\d+)?B) (\S.*)", re.I)
#: Parameters behind a model's name, and what tells the sizes of a family apart in their ids.
_PARAMETERS = re.compile(r"[ (-]{1,2}(\d+(?:\.\d+)?) ?([MB])\b(?![/.-])(?: param(?:eter)?s?)?\)?", re.I)
_SIZED = re.compile(r"-(?:tiny|mini|small|base|medium|large|xl|huge|giant)\b")
#: A number behind a model's name that is the side of its pictures.
_PIXELS = re.compile(
    r"^[ @(-]{1,2}(\d{2,3}[0248])\)?(?= (?:train|infer|on|in|with|at|takes)|[,;.])(?! at)", re.I
)
#: How far the stated number may be from a model's.
_ALIKE = 0.15
#: Which of several of a name is meant where nobody says: the one that most runs of it are of.
_PICTURES = r"(?:A1111|AUTOMATIC1111|ComfyUI|Forge|SD\.Next|InvokeAI|Fooocus|web ?ui)"
_BARE = (
    ("gpt2", re.compile(r"\b(?=nano-?gpt\b)", re.I)),
    ("stable-diffusion-1.5", re.compile(r"\bstable diffusion\b", re.I)),
    # What makes pictures makes them of the usual model of their size, and is read as what runs it.
    (
        "sdxl",
        re.compile(
            rf"\b(?={_PICTURES}\b.*(?<!\d)1024(?!\d))|(?<!\d)(?=1024(?!\d).*\b{_PICTURES}\b)|\b(?=Fooocus\b)",
            re.I,
        ),
    ),
    ("stable-diffusion-1.5", re.compile(rf"\b(?={_PICTURES}\b)", re.I)),
)


class Told(NamedTuple):
    """A run as it is told: the model, the GPU as `--gpu` takes it, the figure, columns of the job."""

    workload: str
    gpu: str
    figure: str
    columns: dict[str, Any]
    #: Devices that the GPU's name may mean, where it leaves that open.
    may_be: tuple[str, ...] = ()
    #: Figures that are told beside the one that is judged.
    besides: tuple[str, ...] = ()

    def on(self, key: str) -> Told:
        """The same of one of these devices."""
        _, colon, count = self.gpu.rpartition(":")
        return self._replace(gpu=f"{key}:{count}" if colon and count.isdigit() else key, may_be=())

    def but(self, stated: Mapping[str, Any]) -> Told:
        """The same with columns that are stated besides, which go before those that are told."""
        own = stated.get("options", ())
        own = [f"{key}={value}" for key, value in own.items()] if isinstance(own, dict) else own
        given = {one.partition("=")[0] for one in own}
        heard = [one for one in self.columns.get("options", ()) if one.partition("=")[0] not in given]
        options = (*heard, *own)
        return self._replace(columns={**self.columns, **stated, **({"options": options} if options else {})})

    @property
    def gpus(self) -> tuple[str, ...]:
        """Every device that it may have been, as `--gpu` takes them."""
        return tuple(self.on(key).gpu for key in self.may_be) or (self.gpu,)

    @property
    def command(self) -> str:
        """What says the same in options."""
        stated = {"gpu": self.gpu, "measured": self.figure, **self.columns}
        given = [("option", value) for value in stated.pop("options", ())]
        flags = [
            word
            for name, value in (*stated.items(), *given)
            for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        left = f"  # beside it: {', '.join(self.besides)}" if self.besides else ""
        return shlex.join(["whichgpu", "diagnose", self.workload, *flags]) + left


def told(text: str, catalogue: Catalogue, gpu: str = "", figure: str = "") -> Told:
    """The measured run of a sentence, of which a GPU or figure that is given beside it is not sought.

    Raises `UsageError` that says which of model, GPU and figure is not in it.
    """
    rest = spelled_out(text)
    if len(rest) > _LONGEST:
        raise UsageError(
            f"'{one_line(rest)}': {len(rest):,} characters are no sentence; write e.g. {EXAMPLE}"
        )
    rest = ALONE.sub("1 concurrent", _MACHINE.sub("", rest))
    named, may_be, rest = (gpu, (), rest) if gpu else device(rest, catalogue)
    workload, rest = named_model(rest, text, measured=True)
    said, rest = columns(rest, resolve(workload))
    if workload in _OF_LIBRARIES:
        said.pop("runtime", None)
    judged, besides = (figure, ()) if figure else told_figure(rest, text)
    return Told(workload, named, judged, said, may_be, besides)


def diagnosed(run: Told, catalogue: Catalogue, made: Callable[[Told], Job]) -> Diagnosis:
    """The diagnosis of a measured run, of which `made` makes the job.

    One without its GPU or its figure is a sentence; what it states of the job goes before what that tells.
    Raises `WhichGpuError` for what is not told or cannot be read.
    """
    stated = {name: value for name, value in run.columns.items() if value not in (None, "", (), [])}
    if whole := bool(run.gpu and run.figure):
        heard = run._replace(columns=stated)
    else:
        heard = told(run.workload, catalogue, run.gpu, run.figure).but(stated)
    places = [resolve_device(name, catalogue) for name in heard.gpus]
    jobs = [(placed(made(heard), count, device), device) for device, count in places]
    heard = heard._replace(figure=_as_meant(heard.figure, *jobs[0]))
    said = "" if whole else run.workload
    found = diagnose_any(heard.gpu, jobs, quoted.read(heard.figure), catalogue, said)
    if whole:
        return found
    read_as = (heard.on(found.gpu) if heard.may_be else heard).command
    return replace(pointed(found, run.workload), read_as=read_as)


def _as_meant(figure: str, job: Job, device: Gpu) -> str:
    """A figure whose points set off thousands ("1.450 images/s") without them.

    Only where a job as predicted is far from the number as it stands, and near to the other.
    """
    if not _THOUSANDS.match(figure):
        return figure
    other = _THOUSANDS.sub(lambda one: one[0].replace(".", ""), figure)
    with suppress(WhichGpuError):
        answer = estimate(job, [device]).at(0, 0)
        stands, meant = (abs(log(quoted.read(one).ratio(answer))) for one in (figure, other))
        return other if stands > log(_FAR) and meant < log(_NEAR) else figure
    return figure


def heard(text: str, catalogue: Catalogue) -> dict[str, Any]:
    """What a question tells of a job: `workload`, `gpu` (a list), its figures (`quoted`), columns.

    What it does not tell is left out; nothing is refused.
    """
    found: dict[str, Any] = {}
    rest = ALONE.sub("1 concurrent", _MACHINE.sub("", spelled_out(text[:_LONGEST])))
    named = dict.fromkeys(each.text for each in mentions(rest, catalogue))
    with suppress(UsageError):
        gpu, _, rest = device(rest, catalogue)
        named = {gpu: None}
    for name in named if len(named) > 1 else ():
        rest = rest.replace(name, ";")
    with suppress(UsageError):
        found["workload"], rest = named_model(rest, text)
        said, rest = columns(rest, resolve(found["workload"]))
        found |= said
    return found | ({"gpu": list(named)} if named else {}) | {"quoted": list(figures(rest))}


def named_model(rest: str, text: str, *, measured: bool = False) -> tuple[str, str]:
    """The longest name of a model on file in the rest of a text, and that without it.

    Of several as long one with a digit: "stream" is a model and a plain word. Of a family in capitals whose
    speed was `measured` it is the base.
    """
    rest = _WHISPER.sub(lambda one: f"{one[1]} whisper {one[2]}" if one[1] else one[4], rest)
    places = [(rest[start:end].rstrip(".:?!"), start, end) for start, end in windows(rest, _NAME)]
    # "7B Llama" is Llama 7B.
    places += [
        (_SIZE_FIRST.sub(r"\2 \1", name), start, end)
        for name, start, end in places
        if _SIZE_FIRST.match(name)
    ]
    found = [place for place in places if known(place[0]) or _goes_on(place[0])]
    # "Llama 3.2 vision 11b", "350M GPT": the words of a name in another order, with its size.
    found = found or [place for place in places if _SIZE_IN_IT.search(place[0]) and _is_one(place[0])]
    found = [place for place in found if not is_ordinary(place[0], rest[: place[1]], rest[place[2] :])]
    if not found:
        if link := _LINK.search(rest):
            raise UsageError(
                f"'{one_line(text)}' tells of {link[0]}, the rate of a link, which is not judged here; "
                "whichgpu show GPU has the vendor's, whichgpu bench device measures yours"
            )
        if any_of := sized(rest) or usual(rest) or (base(rest) if measured else None):
            name, start, end = _led_in((any_of.key, any_of.start, any_of.end), places)
            return name, cut(rest, start, end)
        bare = ((key, words.search(rest)) for key, words in _BARE)
        if one := next(((key, place) for key, place in bare if place), None):
            return one[0], cut(rest, one[1].start(), one[1].end())
        name = next((name for name, words in _TESTS if re.search(words, rest, re.I)), "")
        if not name:
            raise missing("model on file", text)
        return name, rest
    best = min(found, key=lambda one: (-len(one[0].split()), not re.search(r"\d", one[0])))
    name, start, end = _led_in(best, places)
    if size := _PARAMETERS.match(rest, end):
        amount = float(size[1]) * {"M": 1e6, "B": 1e9}[size[2].upper()]
        end, name = size.end(), _with_size(name, size[0].strip()) or _of_size(name, amount)
    if resolve(name).unit == "images":
        # "ViT-L/16 384" is of pictures of that many pixels.
        rest = rest[:end] + _PIXELS.sub(r" at \1", rest[end:], count=1)
    return name, cut(rest, start, end)


def _led_in(best: tuple[str, int, int], places: Sequence[tuple[str, int, int]]) -> tuple[str, int, int]:
    """A name with the word before it where that makes it another model: "CLIP ViT-L" is no ViT-L."""
    name, start, end = best
    wider = (one for one in reversed(places) if one[2] == end and one[1] < start)
    whole = next(wider, best)
    other = whole is not best and _is_one(whole[0]) and resolve(whole[0]).id != resolve(name).id
    return whole if other else best


def _is_one(name: str) -> bool:
    """Whether words that are no name of a model on file lead to one."""
    with suppress(UsageError):
        return " " in name and is_read(name)
    return False


def _with_size(name: str, size: str) -> str:
    """A name with the size behind it where that is another model: "DeepSeek R1 32B" is a distilled one."""
    whole = f"{name} {size}"
    with suppress(UsageError):
        return whole if resolve(whole).id != resolve(name).id else ""
    return ""


def _of_size(name: str, parameters: float) -> str:
    """The model of a name, or the one of its family that has so many parameters where it has not."""
    own = resolve(name).id

    def off(key: str) -> float:
        return abs(counts(workloads()[key]).parameters / parameters - 1.0)

    stem = _SIZED.sub("", own)
    nearest = min((key for key in workloads() if _SIZED.sub("", key) == stem), key=off, default=own)
    return nearest if off(own) > _ALIKE >= off(nearest) else name


def _goes_on(name: str) -> bool:
    """Whether a word is a model with who tuned it behind its name, or with its tag, as Ollama writes it."""
    if re.fullmatch(r"[A-Za-z][\w.-]*:[\w.-]*[A-Za-z][\w.-]*", name):
        with suppress(UsageError):
            return bool(resolve(name).id)
    return bool(re.fullmatch(r"[A-Za-z][\w./]*-[\w./-]*", name) and re.search(r"\d", name)) and goes_on(name)
