"""The questions of `ask`: what each is for, when it is asked, and which options of `recommend` it fills."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.values import NamedTuple
from whichgpu.workloads.subjects import PEOPLE, SLO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.planner.fleets.asked import Asked
    from whichgpu.workloads.workload import Workload

    Options = Mapping[str, str]

#: Options that are columns of the job, and that are the load of a server; all others are wishes.
COLUMNS = ("phase", "precision", "input_tokens", "output_tokens")
LOAD = ("slo", "rate", "users")
_TRAINING = ("train", "pretrain", "finetune_full", "finetune_lora", "finetune_qlora")
_SIZES = {"tokens": "tokens", "token": "tokens", "images": "images", "image": "images", "samples": "samples",
          "sequences": "samples", "requests": "requests", "documents": "requests", "questions": "requests",
          "epochs": "epochs", "epoch": "epochs"}  # fmt: skip
_AUDIO = re.compile(
    r"\s*(?P<hours>[\d.,]+\s*[kM]?)\s*(?:h|hours?)(?:\s+of\s+(?:audio|speech))?\s*", re.IGNORECASE
)


class Known(NamedTuple):
    """What has been answered: the options so far, and the workload that they are of."""

    options: Options
    workload: Workload | None

    @property
    def phase(self) -> str:
        """The phase that is stated, else the workload's own."""
        return self.options.get("phase") or (self.workload.phases[0] if self.workload else "")


class Question(NamedTuple):
    """One question: its name in `data/questions.toml`, how an answer is read, and when it is asked."""

    key: str
    read: Callable[[str, Known], Options]
    when: Callable[[Known], bool] = lambda known: True
    #: What there is to choose from, for a menu; an answer may be a number of it.
    choices: Callable[[Known], tuple[str, ...]] = lambda known: ()
    #: What a word for one of the choices means; raises `UsageError` for one that means none.
    meant: Callable[[str], str] = str
    #: What leaving it open fills in.
    unsaid: Callable[[Known], Options] = lambda known: {}

    @property
    def words(self) -> Mapping[str, str]:
        """Its `text`, `why` and `example`."""
        words: Mapping[str, str] = store.load("questions")["questions"]["question"][self.key]
        return words


def _as(option: str) -> Callable[[str, Known], Options]:
    return lambda text, known: {option: text}


def _model(text: str, known: Known) -> Options:
    """What is to run; what is done with it, where that is said as well, is asked next."""
    from whichgpu.workloads.unknown import model_of

    return {"workload": model_of(text)}


def _serves(known: Known) -> bool:
    return known.workload is not None and known.phase == "serve"


def _shares(known: Known) -> bool:
    """Whether it is desktops of people, who share a card."""
    from whichgpu.planner.use import use

    other = use(known.options.get("workload", ""))
    return other is not None and bool(other.desktop)


def _seats(known: Known) -> bool:
    """Whether it is known how many people have one."""
    return _shares(known) and _has("users")(known)


def _people(text: str, known: Known) -> Options:
    """`20`, `20 users`, `20 people`."""
    found = re.fullmatch(rf"([\d.,]+)(?:\s+(?:{PEOPLE}|desktops?|seat))?", text, re.IGNORECASE)
    if not found:
        raise UsageError(f"'{one_line(text)}' is no number of people; write e.g. 20 users")
    return {"users": found[1].replace(",", "")}


def _trains(known: Known) -> bool:
    return known.phase in _TRAINING


def _load(text: str, known: Known) -> Options:
    """`200 users`, `5 req/s` or `5000 tokens/s`."""
    users = re.fullmatch(rf"([\d.,]+)(?:\s+(?:{PEOPLE}))?(?:\s+at once)?", text, re.IGNORECASE)
    if users:
        return {"users": users[1].replace(",", "")}
    if re.search(r"\btok(?:en)?s?\b", text, re.IGNORECASE):
        return {"target": text}
    return {"rate": text}


#: Words that stand beside the lengths of prompts and answers.
_OF_LENGTHS = frozenset((
    "in", "out", "and", "then", "to", "of", "input", "output", "prompt", "prompts", "answer", "answers",
    "each", "tokens", "token", "tok", "about", "with", "words", "word", "for", "long", "the",
))  # fmt: skip


def _lengths(text: str, known: Known) -> Options:
    """`500 in, 200 out`, `500 / 200`, `1.5k / 300`."""
    found = re.findall(r"(\d[\d,]*(?:\.\d+)?)\s*(k?)\b", text.lower())
    words = set(re.findall(r"[a-z]{2,}|%|\bp\d+", text.lower()))
    if len(found) != 2 or words - _OF_LENGTHS:
        raise UsageError(f"'{one_line(text)}' is not two lengths; write e.g. 500 / 200")
    tokens = (
        f"{float(each.replace(',', '')) * (1000.0 if thousands else 1.0):.12g}" for each, thousands in found
    )
    return dict(zip(("input_tokens", "output_tokens"), tokens, strict=True))


def _amount(text: str, known: Known) -> Options:
    """A rate, `1000 images/min`, or all of the work, `100k images`, `10,000 hours of audio`."""
    from whichgpu.units import parse_rate

    try:
        parse_rate(text)
    except UsageError:
        return {"target": text} if "/" in text else _size(text, known)
    return {"target": text}


def _size(text: str, known: Known) -> Options:
    """`90 epochs of imagenet`, `2B tokens`, `3 epochs of 50,000 samples`, as options."""
    audio = _AUDIO.fullmatch(text)
    if audio:
        return {"hours_of_audio": audio["hours"].replace(" ", "")}
    parts = [part.strip() for part in re.split(r"\s+(?:of|x)\s+|,\s+", text) if part.strip()]
    found: dict[str, str] = {}
    for part in parts:
        amount, _, word = part.rpartition(" ")
        if amount and word.lower() in _SIZES:
            found[_SIZES[word.lower()]] = amount.replace(" ", "")
        elif _trains(known):
            found["samples"] = part
        else:
            raise UsageError(
                f"'{one_line(text)}' is neither a rate nor an amount; write e.g. 1000 images/min"
            )
    return found


def _phase(word: str) -> str:
    """The phase of a word: inference, lora."""
    from whichgpu.workloads.phases import phase

    return phase(word)


def _terms(word: str) -> str:
    """The terms of a word: rent, preemptible, bought."""
    from whichgpu.prices.store import term_named

    return term_named(word, "buy")


def _term(text: str, known: Known) -> Options:
    return {} if text == "on-demand" else {"term": text}


def _produces(known: Known) -> bool:
    """Whether a job is counted by what it makes: it neither serves requests nor trains."""
    return known.workload is not None and not (_serves(known) or _trains(known))


def _rents(known: Known) -> bool:
    return known.options.get("term") != "buy"


def _has(*options: str) -> Callable[[Known], bool]:
    return lambda known: bool({*options} & {*known.options})


def _loaded(known: Known) -> bool:
    """Whether it serves requests, of which it is known how many."""
    return _serves(known) and _has("users", "rate")(known)


#: Options that say how large a job is.
_SIZED = ("epochs", "samples", "tokens", "images", "hours_of_audio", "requests")
_TERMS = ("on-demand", "spot", "reserved", "serverless", "marketplace", "buy", "any")
#: In the order in which they are asked.
QUESTIONS: tuple[Question, ...] = (
    Question("workload", _model),
    Question("phase", _as("phase"), lambda known: known.workload is not None,
             choices=lambda known: known.workload.phases if known.workload else (), meant=_phase),
    Question("people", _people, _shares),
    Question("load", _load, _serves),
    Question("lengths", _lengths, _serves),
    Question("slo", _as("slo"), _loaded, unsaid=lambda known: {"slo": SLO}),
    Question("target", _amount, _produces),
    Question("latency", _as("latency"), _produces),
    Question("size", _size, _trains),
    Question("deadline", _as("deadline"), _has(*_SIZED)),
    Question("precision", _as("precision"), lambda known: known.workload is not None),
    Question("desktop", _as("min_memory"), _seats),
    Question("memory", _as("min_memory"), lambda known: not _seats(known)),
    Question("budget", _as("budget")),
    Question("where", _term, choices=lambda known: _TERMS, meant=_terms),
    Question("machine", _as("machine"), lambda known: not _rents(known)),
    Question("region", _as("region"), _rents),
    Question("providers", _as("providers"), _rents),
    Question("needs", _as("needs")),
)  # fmt: skip
LISTS = ("gpus", "providers", "exclude", "needs", "region", "framework")


def check(options: Options, catalogue: Any) -> None:
    """Read the options as `recommend` reads them; raises `UsageError` for what cannot be."""
    from datetime import date

    from whichgpu import api
    from whichgpu.planner.fleets.asked import read as read_load
    from whichgpu.planner.request import read_request, read_use_request
    from whichgpu.planner.use import use
    from whichgpu.workloads.importing import named
    from whichgpu.workloads.precision import precision

    other = use(options["workload"])
    if other is not None:
        read_use_request(other, catalogue, today=date.today(), load=_load_of(options), **_wishes(options))
        return
    job = api.job(named(options["workload"]), **{name: options[name] for name in COLUMNS if name in options})
    request, _ = read_request(job, catalogue, today=date.today(), **_wishes(options))
    if set(LOAD) & set(options):
        read_load(request, _load_of(options, SLO))
    for one in options.get("precision", "").split(","):
        if one.strip() not in ("", "any"):
            precision(one.strip())


def _load_of(options: Options, slo: str | None = None) -> Asked:
    """The load as it is typed, with the objectives where it states none."""
    from whichgpu.planner.fleets.asked import Asked

    users = options.get("users")
    return Asked(options.get("slo", slo), options.get("rate"), _number(users) if users else None)


def _wishes(options: Options) -> dict[str, Any]:
    """The options that limit the choice, lists as tuples."""
    return {
        name: tuple(part.strip() for part in text.split(",") if part.strip()) if name in LISTS else text
        for name, text in options.items() if name not in (*COLUMNS, *LOAD, "workload")
    }  # fmt: skip


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value >= 1:
        raise UsageError(f"'{one_line(text)}' users cannot be; write e.g. 200 users")
    return value


def arguments(options: Options) -> list[str]:
    """The options as `recommend` takes them on a command line."""
    line = ["recommend", options["workload"]]
    for name, text in options.items():
        if name != "workload":
            line += [f"--{name.replace('_', '-')}", text]
    return line
