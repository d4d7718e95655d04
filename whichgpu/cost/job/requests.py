"""What the requests of a serving job are like, and what of the engine's craft serves them.

    request_rate   requests/s that arrive at random (Poisson) on all the job's GPUs
    burstiness     of arrivals, as load generators have it: 1 is Poisson, below it they come in bursts (gamma)
    input_lengths, output_lengths   how prompts and answers differ from their means (`workloads/lengths.py`)
    length_range   r: prompts and outputs are anywhere within (1 - r) and (1 + r) of their lengths, evenly
    num_prompts    requests of the whole run of a load generator; else it has no end
    run_of         requests that a saturated server gets at once, and no more (`cost/job/saturated.py`)
    max_concurrency  requests that it keeps in flight at most, as its own option of that name
    dataset        what it sends: `random` or `sonnet`, all alike, or `sharegpt`, chats that differ widely
    ignore_eos     true where every answer has the length that is asked for
    prefix_hit     share of a prompt whose keys and values are in the cache already
    speculative    tokens that are drafted for every pass of the model, each right with `acceptance`
    draft_cost     time of drafting one token, as a share of a pass of the model
    prefill_gpus   GPUs, of the job's, that compute prompts and nothing else (`disaggregated.py`), as
                   replicas of `prefill_tp`; `prefill_gpu` names their kind where it is another

A pass with k drafted tokens, each accepted with probability a, makes (1 - a^(k+1)) / (1 - a) tokens
(Leviathan, Kalman and Matias, "Fast Inference from Transformers via Speculative Decoding", ICML 2023).
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.habits import release_of
from whichgpu.cost.job.runtimes import runtime
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.units import parse_rate
from whichgpu.values import immutable, remembered
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.lengths import Lengths

    Array = NDArray[np.float64]

#: The options that `Requests` reads.
OPTIONS = (
    "request_rate", "burstiness", "input_lengths", "output_lengths", "length_range", "num_prompts",
    "max_concurrency", "dataset", "ignore_eos", "prefix_hit", "run_of",
    "speculative", "acceptance", "draft_cost", "prefill_gpus", "prefill_tp", "prefill_gpu",
)  # fmt: skip


#: Options that say something of another one alone, with what to write for that.
_OF_ANOTHER = {
    "acceptance": "speculative=3", "draft_cost": "speculative=3", "prefill_tp": "prefill_gpus=1",
    "prefill_gpu": "prefill_gpus=1",
}  # fmt: skip


def idle(job: Job) -> list[str]:
    """What to say of options that change nothing, since the one that they are of is not stated."""
    apart = "num_prompts" in job.options and "prefill_gpus" in job.options
    pairs = [(name, other) for name, other in _OF_ANOTHER.items() if name in job.options]
    said = [
        "option num_prompts changes nothing where prompts have GPUs of their own: the load goes on"
    ] * apart
    if "mtp" in job.options and not job.trains:
        said.append(
            "option mtp is of training, and changes nothing here; a server that guesses tokens ahead has "
            "--option speculative=3"
        )
    return said + [
        f"option {name} changes nothing without {other.partition('=')[0]}; add e.g. --option {other}"
        for name, other in pairs
        if other.partition("=")[0] not in job.options
    ]


@immutable
class Requests:
    """The requests of a serving job; `rate` is in 1/s, None where a load generator keeps a number in flight.

    `drafted` is tokens a pass, 0 without speculative decoding; `sent` are all requests of a run, without end
    where nothing says how many.
    """

    rate: float | None = None
    burstiness: float = 1.0
    sent: float = math.inf
    prompts: Lengths | None = None
    answers: Lengths | None = None
    prefix_hit: float = 0.0
    drafted: float = 0.0
    acceptance: float = 0.0
    draft_cost: float = 0.0
    prefill_gpus: float = 0.0

    @classmethod
    def of(cls, job: Job) -> Requests:
        """What a job's options say; raises `UsageError` for what cannot be."""
        return _of(job)

    @property
    def output_variation(self) -> float:
        """Squared coefficient of variation of the lengths of answers."""
        return 0.0 if self.answers is None else self.answers.variation

    @property
    def prompt_variation(self) -> float:
        """The same of prompts."""
        return 0.0 if self.prompts is None else self.prompts.variation

    def after(self, output: Array) -> Array:
        """Tokens behind the first of answers of `output` in the mean, (answers, 1, J): of each share."""
        sizes, each = np.unique(np.atleast_1d(output), return_inverse=True)
        found = sizes[None] - 1.0
        if self.answers is not None:
            found = np.array([self.answers.after(one) for one in sizes.tolist()]).T
        return np.asarray(found[:, None, each.ravel()])

    @property
    def tokens_per_pass(self) -> float:
        """Tokens that a sequence gains in one pass of the model, in the mean."""
        a = self.acceptance
        return float((1.0 - a ** (self.drafted + 1.0)) / (1.0 - a))

    @property
    def passes_per_token(self) -> float:
        """Time of a token in passes of the model, the drafting of its tokens included."""
        return (1.0 + self.draft_cost * self.drafted) / self.tokens_per_pass


@remembered(16)
def _of(job: Job) -> Requests:
    if not any(name in job.options for name in OPTIONS):
        return Requests()
    usual = section("serving")["speculative"]
    drafted = job.option("speculative", 0.0, example=3.0)
    job.says("ignore_eos")
    return Requests(
        rate=_rate(job),
        burstiness=job.option("burstiness", 1.0, 1e-3),
        sent=_whole(job, "num_prompts", USUAL_RUN) if "num_prompts" in job.options else math.inf,
        prompts=_lengths(job, "input_lengths"),
        answers=_lengths(job, "output_lengths"),
        prefix_hit=_share(job, "prefix_hit", 0.0),
        drafted=float(round(drafted)),
        acceptance=_share(job, "acceptance", usual["acceptance"]) if drafted else 0.0,
        draft_cost=_share(job, "draft_cost", usual["draft_cost"]) if drafted else 0.0,
        prefill_gpus=float(round(job.option("prefill_gpus", 0.0))),
    )


def _rate(job: Job) -> float | None:
    """Requests/s as a job states them; None where it states none, or all of them are sent at once (`inf`)."""
    said = job.options.get("request_rate", _AT_ONCE[0])
    if str(said).strip().lower() in _AT_ONCE:
        return None
    return job.option("request_rate", 1.0, 1e-9)


#: What load generators call the rate of a data set that is sent at once, and how many requests they send
#: where they are not told (`--num-prompts` of vllm bench serve and sglang.bench_serving).
_AT_ONCE, USUAL_RUN = ("inf", "infinite", "infinity"), 1000.0


def in_flight(job: Job) -> float | None:
    """Requests that a load generator keeps in flight by its options; None where none of them says it.

    A limit beside a rate says no more than that there are not more of them.
    """
    if "request_rate" in job.options and _rate(job) is not None:
        return None
    most = limit(job)
    if most is None and not any(name in job.options for name in ("request_rate", "num_prompts")):
        return None
    sent = job.option("num_prompts", USUAL_RUN, 1.0)
    return sent if most is None else min(most, sent) if "num_prompts" in job.options else most


#: What says of `max_concurrency` that there is none.
_UNLIMITED = ("none", "not set", "")


def limit(job: Job) -> float | None:
    """Requests that a load generator has in flight at most, by its option; None where there is no limit.

    Raises `UsageError` where the job states another number in flight.
    """
    if not _says_limit(job):
        return None
    most = _whole(job, "max_concurrency", 32.0)
    if isinstance(job.concurrency, float) and job.concurrency not in (most, min(most, Requests.of(job).sent)):
        raise UsageError(
            f"concurrency {job.concurrency:g} and option max_concurrency={most:g} contradict each other; "
            "keep one"
        )
    return most


def _whole(job: Job, name: str, example: float) -> float:
    """A number of requests; raises `UsageError` for a part of one."""
    value = job.option(name, example, 1.0)
    if value != round(value):
        raise UsageError(f"option {name}: {value:g} is no whole number; write {name}={math.ceil(value)}")
    return value


def is_run(job: Job) -> bool:
    """Whether a serving job is of a run that ends, or of arrivals that a limit in flight holds back.

    Its figures are of requests that are simulated one by one (`cost/serving/runs.py`).
    """
    if job.phase != "serve" or "prefill_gpus" in job.options:
        return False
    arriving = "request_rate" in job.options and _rate(job) is not None
    held_back = job.concurrency is not None or "max_concurrency" in job.options
    return "num_prompts" in job.options or (arriving and held_back)


#: What a request is called, and by kind of workload what it asks for.
_REQUESTS = ("req", "reqs", "request", "requests", "query", "queries")
_MADE = {
    "images": ("image", "images", "img", "imgs", "picture", "pictures", "prompt", "prompts"),
    "sequences": ("sequence", "sequences", "document", "documents", "doc", "docs", "text", "texts"),
    "audio seconds": ("file", "files", "transcript", "transcripts", "clip", "clips"),
}


def read_rate(text: str, made: str = "") -> float:
    """`"5 req/s"`, `"300 requests/min"` or `"300/min"` in requests/s; raises `UsageError` for no such rate.

    Of a workload that makes one thing a request (`made`: images, sequences ..) it may be of those.
    """
    if text.strip().lower() in _AT_ONCE:
        raise UsageError(
            f"'{text}' is the rate of a run that is sent at once: write --option request_rate=inf --option "
            "num_prompts=1000 in place of --rate"
        )
    # A load is of requests, so that "5/s" says it.
    bare = re.fullmatch(r"([\d.,]+\s*[kK]?)\s*((?:/|per\b|an?\b).*)", text.strip())
    whole = f"{bare[1]} req {bare[2]}" if bare else text
    try:
        rate, unit = parse_rate(whole, "5 req/s")
    except UsageError as fault:
        raise UsageError(str(fault).replace(f"'{whole}'", f"'{text}'")) from None
    if unit not in (*_REQUESTS, *_MADE.get(made, ())):
        raise UsageError(f"'{text}' is of {unit}, and a load is of requests; write e.g. --rate \"5 req/s\"")
    return rate


def _lengths(job: Job, name: str) -> Lengths | None:
    """The distribution that a job states; None where all are alike."""
    from whichgpu.workloads import lengths

    if name in job.options:
        return None if lengths.fixed(job.options[name]) else lengths.read(job.options[name])
    if "length_range" not in job.options and "dataset" in job.options:
        return _of_dataset(job.options["dataset"], name)
    spread = _share(job, "length_range", 0.0)
    return lengths.uniform(1.0, spread) if spread else None


def _of_dataset(dataset: str, name: str) -> Lengths | None:
    """How lengths differ in what load generators send; raises `UsageError` for a data set that is not known.

    Random tokens are as many as were asked for, and so nearly are lines of sonnets. Questions of chats differ
    about as an exponential does (an assumption). Answers of ShareGPT's as load generators cut them: of 740
    that an engine gave, a quarter has less than 0.15 of the mean, none more than 4.6 times, and the variance
    is 0.83 of the mean's square (LambdaLabsML/vllm-benchmark, results/prompt_1280 of Mistral 7B on one H100,
    two samples).
    """
    from whichgpu.workloads.lengths import Lengths

    answers = Lengths("beta", 1.0, math.sqrt(0.83))
    chats = answers if name == "output_lengths" else Lengths("exponential", 1.0, 1.0)
    known = {"random": None, "sonnet": None, "sharegpt": chats}
    key = dataset.strip().lower()
    if key not in known:
        raise UsageError(
            f"option dataset: '{dataset}' is none of {', '.join(known)}; state how its lengths differ "
            'instead, e.g. output_lengths="lognormal mean 300 p90 700"'
        )
    return known[key]


def alike(job: Job) -> bool:
    """Whether a job says that its answers are all equally long, so that those of a pass end together.

    Drafted tokens are right or wrong by chance: answers of one length take passes of their own number each,
    which varies by the root of that number (some 2 % of 400), and end in passes of their own.
    """
    says = "length_range" in job.options or "dataset" in job.options or job.says("ignore_eos")
    asked = Requests.of(job)
    return says and asked.answers is None and not (asked.drafted and asked.acceptance > 0.0)


def in_loop(job: Job, *, closed: bool = False) -> Job:
    """A job with lengths as a load generator sends them that keeps so many in flight, if it leaves that open.

    They are alike under an engine whose name tells no release, but for those that its published tables draw
    (`closed` of the runtime's habits), which also says whether it is started for a `prompt` in a pass; and in
    a run of an engine whose own generator sends such (`run`), if they are whole numbers, which means of what
    differs seldom are. Without a `concurrency` it is one only where that is `closed` to say.
    """
    lengths = job.input_tokens, job.output_tokens
    loads = not closed and job.concurrency is None
    loop = job.concurrency is not None and None not in lengths
    if loop and runs_alike(job) and not np.any(np.mod(np.asarray(lengths, dtype=np.float64), 1.0)):
        return job.changed(options={**job.options, "length_range": "0"})
    if loads or None in lengths or any(map(job.options.get, LENGTHS)):
        return job
    drawn = in_tables(job)
    if drawn is None or list(lengths) in drawn["uneven"]:
        return job
    taken = {"max_num_batched_tokens": PROMPT} if drawn.get("prompt") else {}
    return job.changed(options={**taken, **job.options, "length_range": "0"})


def runs_alike(job: Job) -> bool:
    """Whether a job is a run whose engine has a load generator that sends requests of equal lengths.

    A closed one is taken so where nothing else is said of lengths or arrivals.
    """
    stated = {name for name in LENGTHS if job.options.get(name)}
    return stated == {"num_prompts"} and not job.trains and _runs_alike(job.runtime or "vllm")


@lru_cache(maxsize=1024)
def _runs_alike(text: str) -> bool:
    """The same of the engine that a text names, whatever its release; what goes by its habits has others."""
    # What cannot be read its evaluation says.
    with suppress(WhichGpuError):
        stack = runtime(text, "vllm")
        return stack.exact and stack.habits.get("run", {}).get("engine") == stack.id
    return False


def in_tables(job: Job) -> Mapping[str, Any] | None:
    """What its engine's published tables have of load generators, of a server whose name tells no release."""
    # What cannot be read its evaluation says.
    with suppress(WhichGpuError):
        drawn = _in_tables(job.runtime) if job.runtime and not job.trains else None
        if drawn is not None and (job.phase or resolve(job.workload).phases[0]) == "serve":
            return drawn
    return None


@lru_cache(maxsize=1024)
def _in_tables(text: str) -> Mapping[str, Any] | None:
    """The same of the software that a text names; what runs an engine's kernels has no tables of it."""
    stack = runtime(text, "vllm")
    drawn = stack.habits.get("closed") if stack.exact and not release_of(stack) else None
    return drawn if drawn is not None and drawn["engine"] == stack.id else None


#: Tokens of a pass that are those of a prompt, beside one of each sequence in flight.
PROMPT = "prompt"


#: Options that say how lengths differ, or of another load than so many in flight.
LENGTHS = (
    "request_rate",
    "num_prompts",
    "input_lengths",
    "output_lengths",
    "length_range",
    "dataset",
    "ignore_eos",
)


def at_random(job: Job) -> bool:
    """Whether a serving job states arrivals at random, and no number in flight."""
    if "request_rate" not in job.options or job.concurrency is not None or _rate(job) is None:
        return False
    return (job.phase or resolve(job.workload).phases[0]) == "serve"


#: The option of a saturated server that ends, and what says of it that it goes on.
RUN_OF, _ENDLESS = "run_of", "none"


def run_of(job: Job) -> Array:
    """Requests of the run of a saturated server, (J,) or one; without end where it goes on."""
    stated: object = job.options.get(RUN_OF, _ENDLESS)
    if isinstance(stated, np.ndarray):
        return stated
    if str(stated).strip().lower() == _ENDLESS:
        return np.full(1, np.inf)
    return np.full(1, _whole(job, RUN_OF, 3000.0))


def limited(job: Job) -> bool:
    """Whether options state a load that need not fill a server: a rate, or a number in flight."""
    rate = "request_rate" in job.options and _rate(job) is not None
    return rate or _says_limit(job)


def _says_limit(job: Job) -> bool:
    return str(job.options.get("max_concurrency", "none")).strip().lower() not in _UNLIMITED


def unloaded(job: Job) -> Job:
    """A serving job without its load, which goes on, and lies on its GPUs as it does under it.

    Else an engine's habits of saturated runs (`saturated` of data/runtimes) lay it out anew, and end it.
    """
    if "saturated" not in runtime(job.runtime, "vllm").habits:
        return replace(job, concurrency=None)
    options = {**job.options, RUN_OF: _ENDLESS}
    options = {"attention_dp": "1", **options} if resolve(job.workload).dims.get("experts") else options
    return replace(job, concurrency=None, options=options)


def _share(job: Job, name: str, default: float) -> float:
    value = job.option(name, default, example=0.5)
    if value >= 1.0:
        meant = f"{name}={value:g}% for so many per cent" if 2.0 <= value < 100.0 else f"e.g. {name}=0.5"
        raise UsageError(f"option {name}: {value:g} is a share and must be below 1; write {meant}")
    return value
