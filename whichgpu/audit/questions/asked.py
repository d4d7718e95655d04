"""A question of something that is to run: its words, the model, what is wished and the GPUs that it names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.questions import gpus_named
from whichgpu.audit.questions.recommending import narrow
from whichgpu.errors import UsageError
from whichgpu.planner.use import use
from whichgpu.values import NamedTuple
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue

    Options = tuple[tuple[str, str], ...]

#: Wishes that other commands take as a column of the job.
JOB = (
    "phase", "precision", "runtime", "resolution", "batch", "seq-len", "input-tokens", "output-tokens", "tp",
    "pp", "steps", "option",
)  # fmt: skip
#: How much is to be done, as `predict` takes it.
SIZES = ("epochs", "samples", "tokens", "images", "hours-of-audio", "requests")
#: What is asked for a price, and for a speed.
MONEY = re.compile(r"\b(?:cheap\w*|cost\w*|price\w*|budget|afford\w*|rent\w*)\b", re.I)
PREDICT = re.compile(
    r"\bhow (?:many (?!of\b)|fast\b|quick(?:ly)?\b|slow\b|good\b)"
    r"|\b(?:speed|throughput|performance|fps)\b|\b(?:is|are) .{1,60} (?:good|fast|quick|ok|okay|usable)\b"
    r"|\b(?:what(?:'s| is)?(?: the)?|which) latency\b|\blatency (?:of|for|on|with)\b"
    r"|\b(?:tokens?|tok|t|images?|imgs?|it|steps|samples|pictures?|videos?|clips?)(?:/| per | an? )"
    r"(?:s(?:ec(?:ond)?)?|min(?:ute)?|h(?:our)?|day)\b",
    re.I,
)


class Asked(NamedTuple):
    """A question, read: `wishes` are options of `recommend`, `devices` what each name may mean."""

    text: str
    workload: str
    wishes: Sequence[tuple[str, str]]
    devices: Sequence[tuple[str, ...]]
    catalogue: Catalogue

    @property
    def told(self) -> dict[str, str]:
        """The wishes by their names."""
        return dict(self.wishes)

    @property
    def job(self) -> Options:
        """The wishes that other commands take as a column of the job."""
        return tuple((name, said) for name, said in self.wishes if name in JOB)

    @property
    def on(self) -> Options:
        """The option of the GPUs that are named."""
        return gpus_named.on(self.text, self.devices, self.catalogue)

    @property
    def so_many(self) -> str:
        """The GPUs as `--gpu` takes them, where a number is told of one of them."""
        return gpus_named.so_many(self.text, self.devices, self.catalogue)

    @property
    def asks_number(self) -> bool:
        """Whether a number of GPUs is asked for."""
        return gpus_named.is_number_asked(self.text, self.catalogue)

    @property
    def is_model(self) -> bool:
        """Whether it is of a model on file, also with a tag behind it, and no use."""
        with suppress(UsageError):
            return use(self.workload) is None and bool(resolve(self.workload).id)
        return False

    def only(self, names: Sequence[str]) -> Options:
        """Some of the wishes, in the order of their names."""
        told = self.told
        return tuple((name, told[name]) for name in names if name in told)

    def narrowed(self, job: Options, ids: Sequence[str], count: int = 1) -> Options:
        """The columns of a job with the format of its weights where they do not fit as they are."""
        rooms = [float(self.catalogue[key].value("memory") or 0.0) for key in ids]
        some = narrow(self.workload, dict(job), count * max(rooms, default=0.0))
        return (*job, ("precision", some)) if some else job

    def held_by_all(self, job: Options, several: str) -> Options:
        """The columns of a job in the format that the least of some machines holds, so that each answers."""
        parts = (one.partition(":") for one in several.split(","))
        _, least, count = min(
            (int(many or 1) * float(self.catalogue[key].value("memory") or 0.0), key, int(many or 1))
            for key, _, many in parts
        )
        return self.narrowed(job, (least,), count)
