"""A measured figure as a person tells it: "ResNet-50 trains at 850 images/s on my A5000, batch 128, AMP".

The model, the GPUs, what is said of the job, and the figure are found by their names, each where it stands;
what is left over is not needed.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.subjects import mentions
from whichgpu.cost import quoted
from whichgpu.cost.asked import is_language_model
from whichgpu.cost.placing import placed
from whichgpu.cost.runtime import runtime
from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.slices import resolve_device
from whichgpu.planner.diagnosis import diagnose_any
from whichgpu.prices.live import rows_of
from whichgpu.units import parse
from whichgpu.workloads.job import TRAINING
from whichgpu.workloads.precision import named as precision
from whichgpu.workloads.workload import known, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.diagnosis import Diagnosis
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.model import Workload

EXAMPLE = '"ResNet-50 trains at 850 images/s on my RTX A5000, batch 128, AMP"'
#: Characters of a sentence, at most.
_LONGEST = 2_000
#: Words of a model's name, of a figure behind its number, and of what runs it, at most.
_NAME, _FIGURE, _RUNTIME = 6, 6, 3
_WORDS = re.compile(r"[^\s,;()]+")
_NUMBER = re.compile(
    r"(?<![\w.\u2212-])(?:(?:ttft|tpot|itl|latency|rtf|rtfx|mfu)(?: of| is|:)? )?\d[\d.,]*", re.I
)
_COUNT = re.compile(
    r"(?:\b(?P<n>\d{1,4})\s*[x\u00d7]?|\b(?P<word>two|four|eight|sixteen))\s*(?:NVIDIA\s*)?$", re.I
)
#: What a number before a GPU is of, if not of GPUs: "batch 128 RTX 4090".
_OF_THE_JOB = re.compile(
    r"\b(?:batch(?:[- ]?size)?|bs|seq(?:uence)?(?:[- _]?len(?:gth)?)?|concurrency|resolution|tokens?|steps?)"
    r"\W*(?:of|is)?\W*$",
    re.I,
)
#: "8xH200", "A6000 x2", and a number that is a card's but counts here.
_GLUED = re.compile(r"\b(?:(\d{1,4})[x\u00d7](?=[A-Z])|(\d{1,2})[x\u00d7](?=\d{4}\b))")
_TIMES = re.compile(r"\s*[x\u00d7]\s?(\d{1,4})\b|\s+pair\b", re.I)
_TOGETHER = re.compile(
    r"\b(?:(?P<n>\d{1,4})|(?P<word>two|four|eight|sixteen))(?: of (?:them|these)|[- ](?:GPU|card)s?)\b", re.I
)
#: One request after another, however it is said.
_ALONE = re.compile(
    r"\b(?:single|one|1)[- ](?:concurrent |parallel )?(?:user|request|stream|client|chat|session|query)s?\b"
    r"(?! ?(?:/|per|a) ?s)(?: at a time)?|\b(?:one at a time|no batching|unbatched)\b",
    re.I,
)
_IS_RATE = re.compile(r"\s?(?:[a-z]+/|(?:[a-z]+ )?(?:per|a) (?:s|m|h))", re.I)
#: What a time behind them is of, unless another time stands between.
_TIME_OF = (
    ("ttft", re.compile(r"\b(?:first token|ttft)\b(?:(?!\d ?m?s\b).)*$", re.I)),
    (
        "tpot",
        re.compile(
            r"\b(?:(?:per|each|between) (?:output )?tokens? ?(?:is|of|latency|:)? ?$"
            r"|(?:tpot|itl|inter-?token latency)\b(?:(?!\d ?m?s\b).)*$)",
            re.I,
        ),
    ),
)
#: Machines that bear a word of a GPU's name, and how many cores a GPU of one name has.
_MACHINE = re.compile(r"\b(?:MacBook (?:Pro|Air)|Mac (?:Studio|Pro|mini)|iMac(?: Pro)?)(?=\W)", re.I)
#: NVIDIA's machines of eight, told as one.
_BOX = re.compile(r"\b(?:DGX|HGX)\b(?![- ]?(?:[12]\b|Station|Spark|Cloud))", re.I)
#: What a card is in, of which a name has another than on a desk.
_PORTABLE = re.compile(r"\b(?:laptop|notebook)\b", re.I)
_CORES = re.compile(r"\b(\d{1,2})[- ]?cores?\b(?! CPU)", re.I)
_FIRST = re.compile(r"\s*(?:to|until|till|for)(?: the)? first token", re.I)
#: The version behind what runs a model; a figure is none.
_VERSION = re.compile(r" v?(?>\d+(?:\.\d+)+)(?! ?(?:[a-z]+/|[a-z]+ (?:per|a) |x\b|m?s\b|fps))", re.I)
_SPELLED = {"two": 2, "four": 4, "eight": 8, "sixteen": 16}
#: Formats that are told without a number.
_PLAIN = ("amp", "awq", "gptq", "mixed precision")
#: What is done, the narrower first.
_PHASES = (
    ("finetune_qlora", r"\bqlora\b"), ("finetune_lora", r"\blora\b"),
    ("finetune_full", r"\bfine[- ]?tun(?:e|es|ed|ing)\b"), ("train", r"\b(?:pre-?)?train(?:s|ed|ing)?\b"),
    ("prefill", r"\bprefill(?:s|ing)?\b|\bprompt processing\b"),
    ("serve", r"\bserv(?:e|es|ed|ing)\b|\bconcurren(?:t|cy)\b|\bin flight\b"),
    ("infer", r"\binfer(?:ence|s|red|ring)?\b|\bfeature extraction\b"),
)  # fmt: skip
#: Numbers of a job as they are told; the first group that took part is the number.
_NUMBERS = {
    "batch": r"\bbatch(?:[- ]size)?(?: of| is|:|=)? ?(\d+)\b|\bbs ?=? ?(\d+)\b|"
             r"\b(\d+) (?:images|samples) (?:at once|a batch)",
    "steps": r"\b(\d+)[- ](?:denoising |sampling )?steps?\b(?! ?/)",
    "seq_len": r"\b(?:seq(?:uence)?(?:[- _]?len(?:gth)?)?|sequences)(?: of| is|:|=)? ?(\d+)\b|"
               r"\b(\d+)[- ]tokens? sequences?\b",
    "concurrency": r"\b(\d+) (?:concurrent|concurrency|parallel|simultaneous)\b|"
                   r"\bconcurrency(?: of| is|:|=)? ?(\d+)\b|"
                   r"\b(\d+) (?:requests|users)(?: in flight| at once)?\b(?! ?(?:/|per|a) ?s)",
    "input_tokens": r"\b(?:prompts?|inputs?)(?: of|:|=)? ?(\d+k?)(?: tokens)?\b|"
                    r"\b(\d+k?)[- ](?:tokens? )?prompts?\b|"
                    r"\b(\d+k?) (?:input|prompt) tokens\b(?! ?(?:/|per|a) ?s)",
    "output_tokens": r"\b(\d+) (?:output|new|generated) tokens\b(?! ?(?:/|per|a) ?s)",
}  # fmt: skip
#: Options of a job as they are told.
_OPTIONS = (
    ("sharding=fsdp", r"\bfsdp2?\b|\bfully sharded\b"),
    *((f"sharding=zero{n}", rf"\bzero[- ]?(?:stage[- ]?)?{n}\b") for n in (1, 2, 3)),
    ("checkpointing=full", r"(?<!\bno )(?<!\bwithout )\b(?:gradient|activation) checkpointing\b"),
    ("layout=nhwc", r"\bchannels[- _]last\b|\bnhwc\b"), ("layout=nchw", r"\bchannels[- _]first\b|\bnchw\b"),
    ("cuda_graphs=True", r"\bcuda[- ]graphs?\b"),
)  # fmt: skip
#: Passes that make one step of an optimizer.
_PASSES = re.compile(
    r"\bgrad(?:ient)?[-_ ]?acc(?:um(?:ulat(?:ion|e|ing))?)?(?:[-_ ]steps?)?(?: of| is|:|=)? ?(\d+)\b"
    r"|\b(\d+)(?:x| steps of)? ?grad(?:ient)?[-_ ]accum(?:ulation)?(?: steps?)?\b(?![ :=]*\d)",
    re.I,
)
#: What quantises within Transformers, where no engine is named.
_WITHIN_TRANSFORMERS = re.compile(r"\b(?:bitsandbytes|bnb|load_in_[48]bit|llm\.int8(?:\(\))?)(?=\W|$)", re.I)
#: Tokens of a sequence that is trained on, where nothing else is said of its length.
_LENGTH = re.compile(
    r"\b(\d{2,6})[- ]tokens?\b(?! ?(?:/|per|an?|each|in|for)\b)|\b(?:context|ctx)\D{0,8}(\d{3,6})\b", re.I
)
#: An amount of work with the time that it took: "300B tokens in 4 days", "20 minutes for an hour of audio".
_HOW_MANY = r"an?|one|half an?|(?<![\d.,])\d[\d,]*(?:\.\d+)?"
_SOUND = r"(?: of|[- ]long)? (?:audio|speech|recordings?|podcasts?|sound)"
_AMOUNT = (
    rf"(?P<amount>{_HOW_MANY})[ -]?(?P<k>k|m|b|t|thousand|million|billion|trillion)?[ -]?"
    rf"(?P<noun>(?P<clock>hours?|hrs?|h|minutes?|mins?){_SOUND}|tokens|images|pictures|samples|sentences|"
    r"sequences|documents|prompts|requests|epochs?|steps|iterations)"
)
_TIME = (
    rf"(?P<long>{_HOW_MANY}) ?"
    r"(?P<unit>s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?)\b"
)
_TOOK = r"(?:takes?|took|needs?|needed|in|within|is|was|=)(?: (?:about|around|only|just|some))?"
_WENT = r"processed|consumed|saw|finished|completed|(?:went|got|gone) through"
_WORK = (
    re.compile(rf"\b{_TIME}[^.:\d]{{0,60}}? (?:for|over|on|to [a-z]+|{_WENT})(?: all)? {_AMOUNT}\b", re.I),
    re.compile(rf"\b{_AMOUNT}(?: per| each| every| an| a|/) ?(?P<long>)(?P<unit>hour|minute|day)\b", re.I),
    re.compile(rf"\b{_AMOUNT} (?:[^\d.,:]{{1,40}} |of \d+ tokens )*{_TOOK} {_TIME}", re.I),
    re.compile(
        rf"\b{_TIME}(?! ?(?:per|an?|each|every|/))[^.:]{{0,40}}?\b(?P<amount>\d+)(?P<k>)[- ]"
        r"(?P<noun>epochs)(?P<clock>)",
        re.I,
    ),
)
_POWERS = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "million": 1e6,
    "b": 1e9,
    "billion": 1e9,
    "t": 1e12,
    "trillion": 1e12,
}
#: What a device is tested by, where no model is named.
_TESTS = (
    ("stream-triad", r"\bbandwidth\b|\bcopy test\b|\b\d[\d.,]* ?[GT]i?B/s\b"),
    ("dgemm", r"\bmat(?:rix[- ]?)?mul(?:tiplication|tiply|tiplies)?s?\b|\bgemms?\b"),
)
#: What goes over a link and not through a GPU's memory.
_LINK = re.compile(
    r"\b(?:nccl|rccl|bus ?bw|all[-_ ]?(?:reduce|gather|to[-_ ]?all)|reduce[-_ ]?scatter|nvlink|pcie bandwidth"
    r"|host[- ]to[- ]device|device[- ]to[- ]host|h2d|d2h|p2p|peer[- ]to[- ]peer)\b",
    re.I,
)
_SIZE_FIRST = re.compile(r"(\d+(?:\.\d+)?B) (\S.*)", re.I)
_FRAMES = re.compile(r"\b(\d+)[- ]frames?\b(?! ?(?:/|per|an?) ?s)", re.I)
_RESOLUTION = re.compile(r"\b(\d{3,4}) ?[x\u00d7] ?(\d{3,4})\b|\b(\d{3,4}) ?px\b|\b(480|720|1080)p\b", re.I)
#: Of videos, as Wan and HunyuanVideo make them, by the number of lines.
_LINES = {"480": "832x480", "720": "1280x720", "1080": "1920x1080"}


class Told(NamedTuple):
    """A run as it is told: the model, the GPU as `--gpu` takes it, the figure, columns of the job."""

    workload: str
    gpu: str
    figure: str
    columns: dict[str, Any]
    #: Devices that the GPU's name may mean, where it leaves that open.
    may_be: tuple[str, ...] = ()

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
        return shlex.join(["whichgpu", "diagnose", self.workload, *flags])


def told(text: str, catalogue: Catalogue, gpu: str = "", figure: str = "") -> Told:
    """The measured run of a sentence, of which a GPU or figure that is given beside it is not sought.

    Raises `UsageError` that says which of model, GPU and figure is not in it.
    """
    rest = " ".join(text.split())
    if len(rest) > _LONGEST:
        raise UsageError(
            f"'{one_line(rest)}': {len(rest):,} characters are no sentence; write e.g. {EXAMPLE}"
        )
    rest = _ALONE.sub("1 concurrent", _MACHINE.sub("", rest))
    named, may_be, rest = (gpu, (), rest) if gpu else _gpu(rest, catalogue)
    workload, rest = _workload(rest, text)
    columns, rest = _columns(rest, resolve(workload))
    return Told(workload, named, figure or _figure(rest, text), columns, may_be)


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
    found = diagnose_any(heard.gpu, jobs, quoted.read(heard.figure), catalogue)
    if whole:
        return found
    return replace(found, read_as=(heard.on(found.gpu) if heard.may_be else heard).command)


def heard(text: str, catalogue: Catalogue) -> dict[str, Any]:
    """What a question tells of a job: `workload`, `gpu` (a list), its figures (`quoted`), columns.

    What it does not tell is left out; nothing is refused.
    """
    found: dict[str, Any] = {}
    rest = _ALONE.sub("1 concurrent", _MACHINE.sub("", " ".join(text[:_LONGEST].split())))
    named = dict.fromkeys(each.text for each in mentions(rest, catalogue))
    with suppress(UsageError):
        gpu, _, rest = _gpu(rest, catalogue)
        named = {gpu: None}
    for name in named if len(named) > 1 else ():
        rest = rest.replace(name, ";")
    with suppress(UsageError):
        found["workload"], rest = _workload(rest, text)
        columns, rest = _columns(rest, resolve(found["workload"]))
        found |= columns
    return found | ({"gpu": list(named)} if named else {}) | {"quoted": list(_figures(rest))}


def _missing(what: str, text: str) -> UsageError:
    return UsageError(f"'{one_line(text)}' names no {what}; write e.g. {EXAMPLE}, or give it as an option")


def _cut(text: str, start: int, end: int) -> str:
    """A text with a stretch taken out, so that what stands on its sides is not read together."""
    return f"{text[:start]}; {text[end:]}"


def _gpu(text: str, catalogue: Catalogue) -> tuple[str, tuple[str, ...], str]:
    """The one device that is named, with how many of it, what else it may be, and the text without both."""
    text = _GLUED.sub(lambda glued: f"{glued[1] or glued[2]} x ", text)
    found = [each for each in mentions(text, catalogue) if not _IS_RATE.match(text, each.end)]
    if not found:
        raise _missing("GPU on file", text)
    if len({each.ids for each in found}) > 1:
        names = " and ".join(dict.fromkeys(each.text for each in found))
        raise UsageError(f"'{one_line(text)}' names {names}: tell of one GPU, or write --gpu")
    one = found[0]
    count, behind = _COUNT.search(text[: one.start]), _TIMES.match(text, one.end)
    if count and _OF_THE_JOB.search(text[: count.start()]):
        count = None
    number = int(behind[1] or 2) if behind else _number(count) if count else 0
    cores = {int(each) for each in _CORES.findall(text)}
    boxed = _in_box(text)
    named = _meant(one.ids, text, catalogue, boxed=boxed > 1)
    ids = tuple(key for key in named if catalogue[key].value("sms") in cores) or _usual(named, catalogue)
    name, may_be = (ids[0], ()) if len(ids) == 1 else (one.text, ids)
    rest = _cut(text, count.start() if count else one.start, behind.end() if behind else one.end)
    together = None if count or behind else _TOGETHER.search(rest)
    if together:
        number, rest = _number(together), _cut(rest, together.start(), together.end())
    number = number or boxed
    return f"{name}:{number}" if number > 1 else name, may_be, rest


def _meant(ids: tuple[str, ...], text: str, catalogue: Catalogue, *, boxed: bool) -> tuple[str, ...]:
    """Of the devices of a name those in what the text says they are in: a laptop, a machine of eight."""
    if _PORTABLE.search(text) and all(f"{key}-laptop" in catalogue for key in ids):
        return tuple(f"{key}-laptop" for key in ids)
    return (tuple(key for key in ids if "-sxm" in key) if boxed else ()) or ids


def _in_box(text: str) -> int:
    """How many GPUs are meant where no number is told: those of a machine that is named, else one."""
    machine = _BOX.search(text)
    return 8 if machine and not re.search(r"\bper (?:GPU|card|device)\b", text, re.I) else 1


def _usual(ids: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Of devices that share a name, without those that nobody rents out where others of their form are."""
    able = tuple(key for key in ids if catalogue[key].usable) or tuple(ids)
    if len(able) < 2:
        return able
    offered = {offer.gpu for offer in rows_of(able) if offer.gpu}
    forms = {_form(key) for key in offered}
    return tuple(key for key in able if key in offered or _form(key) not in forms)


def _form(key: str) -> str:
    """How a device is built in, by its id; the id where that does not say."""
    return next((word for word in key.split("-") if re.fullmatch(r"sxm\d?|pcie|nvl|oam", word)), key)


def _number(count: re.Match[str]) -> int:
    """A count in digits or as a word."""
    return _SPELLED.get((count["word"] or "").lower()) or int(count["n"])


def _windows(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Stretches of whole words, the longest first, in order."""
    words = list(_WORDS.finditer(text))
    for length in range(min(most, len(words)), 0, -1):
        for first, last in zip(words, words[length - 1 :], strict=False):
            if not re.search(r"[,;()]", text[first.start() : last.end()]):
                yield first.start(), last.end()


def _workload(rest: str, text: str) -> tuple[str, str]:
    """The longest name of a model on file in the rest of a text, and that without it.

    Of several as long one with a digit: "stream" is a model and a plain word.
    """
    places = [(rest[start:end].rstrip(".:?!"), start, end) for start, end in _windows(rest, _NAME)]
    # "7B Llama" is Llama 7B.
    places += [
        (_SIZE_FIRST.sub(r"\2 \1", name), start, end)
        for name, start, end in places
        if _SIZE_FIRST.match(name)
    ]
    found = [place for place in places if known(place[0]) or _is_tag(place[0])]
    if not found:
        if link := _LINK.search(rest):
            raise UsageError(
                f"'{one_line(text)}' tells of {link[0]}, the rate of a link, which is not judged here; "
                "whichgpu show GPU has the vendor's, whichgpu bench device measures yours"
            )
        name = next((name for name, words in _TESTS if re.search(words, rest, re.I)), "")
        if not name:
            raise _missing("model on file", text)
        return name, rest
    name, start, end = min(found, key=lambda one: (-len(one[0].split()), not re.search(r"\d", one[0])))
    return name, _cut(rest, start, end)


def _as_rate(text: str) -> str:
    """A text with an amount of work in a time as its rate; audio in seconds of it a second."""
    for pattern in _WORK:
        match = pattern.search(text)
        if match:
            long = _said(match["long"] or "one")
            if not long > 0.0:
                raise UsageError(f"'{match[0]}' is of no time; say how long it took")
            amount = _said(match["amount"]) * _POWERS.get((match["k"] or "").lower(), 1.0)
            rate = amount / (long * parse(f"1 {match['unit']}", "time"))
            if match["clock"]:
                said = f"{rate * parse('1 ' + match['clock'], 'time'):.6g}x realtime"
            else:
                said = f"{rate:.6g} {match['noun']}/s"
            return _cut(text, match.start(), match.end()) + f" {said}"
    return text


def _said(number: str) -> float:
    """A number in digits or as an article."""
    plain = number.lower().replace(",", "")
    return {"a": 1.0, "an": 1.0, "one": 1.0, "half a": 0.5, "half an": 0.5}.get(plain) or float(plain)


def _is_tag(name: str) -> bool:
    """Whether a word is a model with its tag, as Ollama writes it."""
    if not re.fullmatch(r"[A-Za-z][\w.-]*:[\w.-]*[A-Za-z][\w.-]*", name):
        return False
    with suppress(UsageError):
        return bool(resolve(name).id)
    return False


def _columns(text: str, model: Workload) -> tuple[dict[str, Any], str]:
    """What is said of a job of a model, and the text without it."""
    options, text = _options(text, model)
    found, text = _sizes(text)
    phases = model.phases
    if "serve" not in phases:
        found.pop("concurrency", None)
    done = [key for key, pattern in _PHASES if re.search(pattern, text, re.IGNORECASE)]
    # A model that is not fine-tuned in a way of its own is trained.
    done = [key if key in phases else "train" if key.startswith("finetune") else "" for key in done]
    found |= {"phase": done[0]} if done and done[0] in phases else {}
    sized = found.get("phase") in TRAINING or "serve" not in phases
    if sized and "seq_len" not in found and (length := _LENGTH.search(text)):
        found["seq_len"] = length[1] or length[2]
        text = _cut(text, length.start(), length.end())
    if options:
        found["options"] = options
    stack, text = _stack(_as_rate(text))
    if "runtime" in stack:
        stack["runtime"] = _of_today(stack["runtime"])
    elif _WITHIN_TRANSFORMERS.search(text) and is_language_model(model) and "serve" in phases:
        stack["runtime"] = "transformers bitsandbytes"
    return {key: _whole(one) if key in _NUMBERS else one for key, one in (found | stack).items()}, text


def _options(text: str, model: Workload) -> tuple[tuple[str, ...], str]:
    """The options that are told, and the text without those that have a number."""
    found = [key for key, pattern in _OPTIONS if re.search(pattern, text, re.IGNORECASE)]
    counts = [("grad_accum", _PASSES), *([("frames", _FRAMES)] if model.unit == "videos" else ())]
    for name, pattern in counts:
        if match := pattern.search(text):
            found.append(f"{name}={next(filter(None, match.groups()))}")
            text = _cut(text, match.start(), match.end())
    return tuple(found), text


def _sizes(text: str) -> tuple[dict[str, Any], str]:
    """The numbers and the resolution that are told, and the text without them."""
    found: dict[str, Any] = {}
    for name, pattern in _NUMBERS.items():
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            found[name] = next(group for group in match.groups() if group)
            text = _cut(text, match.start(), match.end())
    size = _RESOLUTION.search(text)
    if size:
        found["resolution"] = _LINES[size[4]] if size[4] else size[3] or f"{size[1]}x{size[2]}"
        text = _cut(text, size.start(), size.end())
    return found, text


def _stack(text: str) -> tuple[dict[str, str], str]:
    """What runs a model and its format, as they are told, and the text without them."""
    found: dict[str, str] = {}
    ways = (("runtime", _is_runtime, _RUNTIME), ("precision", _is_mixed, 3), ("precision", _is_precision, 2))
    for name, reads, most in ways:
        place = None if name in found else _shortest(text, reads, most)
        if place:
            found[name] = text[slice(*place)].rstrip(".:?!")
            text = _cut(text, *place)
    return found, text


def _whole(number: str) -> int:
    """A number of digits, or of 1,024 as lengths are told: 4k."""
    return 1024 * int(number[:-1]) if number[-1:] in ("k", "K") else int(number)


def _shortest(text: str, reads: Callable[[str], bool], most: int) -> tuple[int, int] | None:
    """The first of the shortest stretches that are read so, with the version behind it."""
    for start, end in reversed(list(_windows(text, most))):
        if reads(text[start:end].rstrip(".:?!")):
            version = _VERSION.match(text, end)
            return start, version.end() if version else end
    return None


def _of_today(name: str) -> str:
    """The name of what runs a model, by its id where published runs of that name are of an older release.

    Who tells of a run of their own has today's.
    """
    stack = runtime(name, "pytorch-2")
    return stack.id if stack.undated and not re.search(r"\d", name) else name


def _is_runtime(text: str) -> bool:
    plain = text.isdigit() or text.lower().startswith("cuda")
    return not plain and runtime(text, "pytorch-2").exact


def _is_precision(text: str) -> bool:
    """Whether words are a format, and more than a plain word that is one too ("half", "double")."""
    lower = text.lower()
    return bool(precision(text)) and (any(map(str.isdigit, lower)) or lower in _PLAIN)


def _is_mixed(text: str) -> bool:
    """Whether words are mixed precision together with its format: "AMP BF16"."""
    parts = text.lower().split()
    return any(map(str.isdigit, text)) and bool({"amp", "mixed"} & {*parts}) and _is_precision(text)


def _figure(rest: str, text: str) -> str:
    """The figure of speed, else of memory or power; raises `UsageError` where there is none or several."""
    found = list(_figures(rest))
    speeds = [said for said, one in found if one.sense] or [said for said, _ in found]
    if not speeds:
        raise _missing('measured figure ("850 images/s", "45 ms", "22 GiB")', text)
    if len(set(speeds)) > 1:
        raise UsageError(
            f"'{one_line(text)}' tells {' and '.join(dict.fromkeys(speeds))}; give one --measured"
        )
    return speeds[0]


def _figures(text: str) -> Iterator[tuple[str, quoted.Quoted]]:
    """Every figure of a text with what it says, the longest at each number."""
    at = 0
    for match in _NUMBER.finditer(text):
        if match.start() < at:
            continue
        behind = list(_WORDS.finditer(text, match.start()))[: _FIGURE + 2]
        for last in reversed(behind):
            said = text[match.start() : last.end()].rstrip(".:?!,")
            if re.search(r"[;()]", said):
                continue
            read = _read(said, text[: match.start()], text[last.end() :])
            if read:
                yield read
                at = last.end()
                break


def _read(said: str, before: str, after: str) -> tuple[str, quoted.Quoted] | None:
    """A figure with what its words are read as; a time by what the words around it say it is of."""
    kinds = ["ttft"] if _FIRST.match(after) else [kind for kind, words in _TIME_OF if words.search(before)]
    for full in (*(f"{kind} {said}" for kind in kinds[:1]), said):
        with suppress(UsageError):
            return full, quoted.read(full)
    return None
