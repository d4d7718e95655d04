"""A question as a person asks it: "serve Llama 3.3 70B in fp8 to 50 users, first token under 2 s".

It becomes the options of `recommend`: what is wished is found by its words and taken out, the rest tells the
job as a measured run does (`audit/measurement/`). What is left over is not needed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement import ALONE, named_model
from whichgpu.audit.measurement.devices import device, named, usual
from whichgpu.audit.measurement.jobs import columns
from whichgpu.audit.measurement.text import cut
from whichgpu.audit.questions.wishes import AT_HOME, IN_A_PC, WISHES
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.errors import UsageError, one_line
from whichgpu.planner.size import named_set, usual_epochs
from whichgpu.planner.use import use
from whichgpu.prices.sellers import is_area, providers_named
from whichgpu.prices.store import providers
from whichgpu.workloads.counts import counts
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.subjects import first_of, usual_model
from whichgpu.workloads.unknown import model_of
from whichgpu.workloads.workload import known, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.workloads.model import Workload

EXAMPLE = '"serve Llama 3.1 8B to 50 users, first token under 1 s, below 2,000 USD a month"'
#: Characters of a question, and words of a use, at most.
_LONGEST, _USE = 2_000, 4
_ENDLESS = re.compile(r"\d{61}")
#: Around a place: a seller, or an area that regions lie in, as the tables of both have them.
_PLACE = re.compile(
    r"(?:(?:,|\b(?:on|from|at|in|within|only|or|and)) (?:the |an? )?"
    r"|\b(?=[\w.-]+(?: [\w.-]+)? (?:regions?|instances?|vms?|gpus?|clouds?|data ?cent(?:er|re)s?)\b))"
    r"(?P<name>[A-Za-z][\w.-]*(?: [A-Za-z][\w.-]*)?)",
    re.I,
)
#: On what terms it runs, and what a card must have, by the words for it.
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("term", "spot", r"\b(?:on )?(?:spot|pre-?emptible|interruptible)\b(?: instances?)?"),
    ("term", "on-demand", r"\b(?:to )?rent(?:ed|al|ing)?\b|\bcloud (?:gpus?|instances?)\b|\bon[- ]demand\b"),
    ("term", "serverless", r"\bserverless\b"),
    ("term", "reserved", r"\breserved\b(?: instances?| capacity| prices?| pricing)?"),
    ("term", "buy", rf"\b(?:to )?(?:buy|purchase|own)\b|{AT_HOME}"),
    ("term", "buy", r"\b(?:desktop|workstation|gaming pc|my pc)\b|\bon[- ]?prem(?:ises?)?\b"),
    ("term", "buy", IN_A_PC),
    (
        "term",
        "buy",
        r"\bin (?:my|our|the) (?:own )?(?:office|basement|garage|closet|lab|studio|server ?room|rack"
        r"|data ?cent(?:er|re))\b",
    ),
    (
        "objective",
        "energy",
        r"\b(?:low[- ]power|energy[- ]efficient|(?:least|lowest) (?:energy|power)"
        r"|(?:best |highest )?(?:energy efficiency|perf(?:ormance)? ?(?:per|/) ?watt))\b",
    ),
    ("objective", "time", r"\b(?:fastest|quickest|as fast as possible)\b"),
    ("objective", "latency", r"\b(?:lowest|least|minimal|minimum) latency\b"),
    (
        "gpus",
        "nvidia",
        r"\bnvidia (?:gpu|card)s?\b|\b(?:nvidia only|only nvidia|(?:no|not|without) (?:amd|radeon))\b",
    ),
    ("exclude", "nvidia", r"\b(?:alternatives? to|other than|besides|except|instead of) nvidia\b"),
    ("gpus", "amd", r"\b(?:amd|radeon) (?:gpu|card)s?\b|\b(?:amd only|only amd|(?:no|not|without) nvidia)\b"),
    ("gpus", "intel", r"\b(?:intel|arc) (?:gpu|card)s?\b"),
    ("needs", "laptop", r"\b(?:on |in )?(?:an? |my )?(?:laptop|notebook)\b"),
    ("region", "europe", r"\b(?:european|gdpr|europe only)\b"),
    ("needs", "single-slot", r"\bsingle[- ]slot\b"),
    ("needs", "low-profile", r"\blow[- ]profile\b|\bsmall form[- ]factor\b|\bSFF\b"),
    ("needs", "cuda", r"\bcuda\b(?= (?:programming|development|code|kernels?|cores? programming))"),
    ("needs", "nvlink", r"\bnv-?link\b"),
    ("needs", "ecc", r"\becc\b(?: memory)?"),
    ("needs", "mig", r"\bmig\b(?: slices?)?"),
    (
        "needs",
        "no-power-connector",
        r"\b(?:without|no) (?:a |any |extra )?power (?:connector|plug|cable)s?\b",
    ),
    ("deadline", "12 h", r"\b(?:overnight|tonight)\b|\bby (?:the )?(?:next )?morning\b"),
    ("deadline", "60 h", r"\b(?:over|by the end of|this|on) (?:a |the )?weekend\b"),
    ("deadline", "tomorrow", r"\bby tomorrow\b"),
    ("deadline", "24 h", r"\b(?:in|within) (?:one|a) day\b"),
    ("deadline", "1 week", r"\b(?:in|within) (?:one|a) week\b"),
    ("deadline", "30 days", r"\b(?:in|within) (?:one|a) month\b"),
)
_SIZES = ("epochs", "samples", "tokens", "images", "hours_of_audio", "requests")
#: A number that nothing can be wished for by.
_NOTHING = re.compile(r"(?:^| )([-\u2212]\d[\d.,]*|0+(?:\.0+)?(?=$|[ ,;]| ?(?:ms|s|secs?|usd|w)\b))", re.I)
#: Before a GPU that is not wanted.
_NOT = re.compile(
    r"\b(?:without|no|not|except|excluding|besides|other than|avoid(?:ing)?|anything but|instead of"
    r"|in place of|(?:alternatives?|replacements?) (?:to|for|of)|cheaper than)"
    r"(?: (?:an?|any|the))?(?: NVIDIA| AMD)? $",
    re.I,
)
_CHEAPER = re.compile(r"\bcheaper than\b", re.I)
#: What one has, and that another is to take its place.
_OWNED = re.compile(
    r"\b(?:my|our|(?:I|we)(?:'ve| have| own| use| run)?(?: got)?(?: an?| the)?(?: old| current| single)?"
    r"|current(?:ly)?(?: on| using)?(?: an?)?|from(?: an?| my| our)?)(?: old| current| existing)? $",
    re.I,
)
_REPLACES = re.compile(
    r"\b(?:too slow|not fast enough|instead|replac\w+|upgrad\w+|what(?:'s)? next|outgr\w+"
    r"|(?:what|which)(?: (?:gpu|card))? (?:should|shall|do) (?:I|we) (?:buy|get))\b",
    re.I,
)
_CONTEXT = re.compile(r"\b(\d{1,4})k(?: tokens?)?(?: of)? (?:context|ctx|prompts?)\b", re.I)
#: Tokens a second that one reader at home may want; more are of several.
_READ = 200.0
_SPEED = re.compile(r"(\d+(?:\.\d+)?) (?:tokens?|tok)/s(?:ec(?:ond)?)?", re.I)
_LOOKED_UP = 40
_LANGUAGE = re.compile(r"\b(?:LLMs?|(?:large )?language models?)\b", re.I)
_TUNES = re.compile(r"\bfine[- ]?tun|\btransfer learning\b", re.I)
#: What is asked for by its price alone is to compute, as most is that is asked here.
_VALUE = re.compile(
    r"\b(?:best|good|great|most) (?:value|deal|bang)\b|\bbang for|\bvalue for money\b"
    r"|\bprice[- /](?:to[- ])?performance\b|\bperformance per (?:dollar|euro|buck)\b"
    r"|\bcost[- ]?(?:effective|efficient)\b|\b(?:performance|perf) ?(?:per|/) ?watt\b|\bmost efficient\b",
    re.I,
)
#: Kinds of networks in whose names a word is that of a framework and of another network.
_NETWORKS = re.compile(r"\b(?:(vision|image)|swin)[- ]transformers?\b", re.I)
#: Who says no more than what a card is to have, or may cost, asks for one to compute on, too.
_CARDS = frozenset(("gpu", "gpus", "card", "cards", "accelerator", "accelerators"))
_SAID = frozenset(("min_memory", "budget", "max_power", "needs"))
_ASKING = frozenset(
    (
        "which",
        "what",
        "should",
        "get",
        "graphics",
        "video",
        "good",
        "there",
        "any",
        "me",
        "please",
        "rent",
        "buy",
        "had",
        "have",
        "than",
        "least",
        "most",
        "want",
        "looking",
        "limit",
        "limited",
        "consumption",
        "electricity",
        "home",
    )
)
_ALL_OF_IT = re.compile(r"\bfull(?:y)?[- ]|\bin full\b|\ball (?:weights|parameters)\b", re.I)


def wanted(text: str, catalogue: Catalogue) -> list[tuple[str, str]]:
    """The options of `recommend` that a question tells, `workload` first; `option` may stand several times.

    Raises `UsageError` where it names neither a model nor a use, or an amount that is not above zero.
    """
    rest = _NETWORKS.sub(lambda said: "ViT" if said[1] else "Swin", " ".join(text.split()))
    if len(rest) > _LONGEST:
        raise UsageError(
            f"'{one_line(rest)}': {len(rest):,} characters are no question; write e.g. {EXAMPLE}"
        )
    if _ENDLESS.search(rest):
        raise UsageError(f"'{one_line(rest)}' has a number of more than 60 digits; write e.g. {EXAMPLE}")
    if none := _NOTHING.search(rest):
        why = "no amount" if none[1].startswith("0") else "below zero"
        raise UsageError(f"'{one_line(rest)}': {none[1]} is {why}; write e.g. {EXAMPLE}")
    gpus, rest = _gpus(rest, catalogue)
    found, rest = _wished(ALONE.sub("1 users", rest))
    job, rest = _job(rest, text)
    stated = {**gpus, **found, **gpus}
    if job is None:
        name = _use(rest) or ("learning" if _VALUE.search(text) or _plain_card(rest, stated) else "")
        if not name:
            raise UsageError(f"'{one_line(text)}' names no model on file and no use; write e.g. {EXAMPLE}")
        left = (*_SIZES, "slo", "rate", "deadline", "streams")
        _bought(stated)
        return [
            ("workload", name),
            *((key.replace("_", "-"), one) for key, one in stated.items() if key not in left),
        ]
    return [("workload", job[0]), *_fitting(job[0], dict(job[1]), stated, text)]


def _gpus(text: str, catalogue: Catalogue) -> tuple[dict[str, str], str]:
    """The GPUs that are named as `gpus`, those not wanted as `exclude`, and the text without them."""
    found: dict[str, str] = {}
    unwanted = [one for one in named(text, catalogue) if _NOT.search(text[: one.start])]
    others = {one.ids for one in named(text, catalogue)} - {one.ids for one in unwanted}
    if others and _CHEAPER.search(text):
        # "Is the L4 cheaper than the A10": both are asked about.
        unwanted = []
    if not unwanted and _REPLACES.search(text):
        # What one has and wants another for: the next is to be faster.
        unwanted = [one for one in named(text, catalogue) if _OWNED.search(text[: one.start])][:1]
        found |= {"objective": "latency"} if unwanted else {}
    for one in reversed(unwanted):
        text = cut(text, one.start, one.end)
    if unwanted:
        found["exclude"] = ",".join(dict.fromkeys(key for one in unwanted for key in one.ids))
    with suppress(UsageError):
        name, may_be, rest = device(text, catalogue)
        return {**found, "gpus": ",".join(may_be) or name.partition(":")[0]}, rest
    wanted = named(text, catalogue)
    for one in reversed(wanted):
        text = cut(text, one.start, one.end)
    if wanted:
        found["gpus"] = ",".join(dict.fromkeys(key for one in wanted for key in usual(one.ids, catalogue)))
    return found, text


def _wished(text: str) -> tuple[dict[str, str], str]:
    """What is wished for, by option, and the text without it."""
    found: dict[str, str] = {}
    for wish in WISHES:
        while match := _first(wish.pattern, text):
            if wish.option == "slo":
                found["slo"] = ", ".join(filter(None, (found.get("slo"), wish.said(match))))
            else:
                found.setdefault(wish.option, wish.said(match))
            kept = match.groupdict().get("kept") or ""
            text = f"{text[: match.start()]}; {kept}; {text[match.end() :]}"
    for option, value, words in _WORDS:
        if match := re.search(words, text, re.I):
            several = option == "needs" and option in found
            found[option] = f"{found[option]},{value}" if several else found.get(option, value)
            text = cut(text, match.start(), match.end())
    return found, _placed(text, found)


def _first(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first match whose number is no part of a model's name: "Gemma 3 tokens/s" wishes for none."""
    for match in pattern.finditer(text):
        at = match.start("n") if match.groupdict().get("n") else -1
        word = re.search(r"[A-Za-z][\w.-]* ?$", text[:at]) if at > 0 else None
        # A version is one digit, and one more behind the point.
        if word is None or not re.fullmatch(r"\d(?:\.\d)?", match["n"]):
            return match
        if not (known(model_of(f"{word[0]}{match['n']}")) or usual_model(word[0].strip())):
            return match
    return None


def _placed(text: str, found: dict[str, str]) -> str:
    """The text without the sellers and areas that it names, which are put among the wishes."""
    at, sellers = 0, providers()
    while match := _PLACE.search(text, at):
        two, one = match["name"].rstrip(".").lower(), match["name"].split()[0].rstrip(".").lower()
        kinds = ((name, "region" if is_area(name) else _sells(name, sellers)) for name in (two, one))
        name, option = next(((name, option) for name, option in kinds if option), (one, ""))
        start = match.start("name")
        at = start + (start == match.start())
        if option:
            found[option] = f"{found[option]},{name}" if option in found else name
            text = f"{text[: match.start()]} ; {text[start + len(name) :]}"
            at = match.start()
    return text


def placed(text: str) -> tuple[tuple[str, str], ...]:
    """On what terms, from whom and where something is to be had, as options of `prices`."""
    found: dict[str, str] = {}
    terms = set()
    for option, value, words in _WORDS:
        if option in ("term", "region") and re.search(words, text, re.I):
            found.setdefault(option, value)
            terms |= {value} if option == "term" else set()
    if len(terms) > 1:
        # "Reserved or on demand": of both.
        found.pop("term")
    sellers = providers()
    for word in _placed(text, found).split():
        if len(word) > 3 and "provider" not in found and _sells(word.strip(",.?"), sellers):
            found["provider"] = word.strip(",.?").lower()
    found |= {"provider": found.pop("providers")} if "providers" in found else {}
    # Who buys asks no provider and no region.
    some = ("term",) if found.get("term") == "buy" else ("term", "provider", "region")
    return tuple((name, found[name]) for name in some if name in found)


def unplaced(text: str) -> str:
    """A text without the sellers and areas that it names."""
    return re.sub(r"[ ;]*;[ ;]*", " ", _placed(text, {}))


def _sells(name: str, sellers: Sequence[str]) -> str:
    with suppress(UsageError):
        return "providers" if providers_named([name], sellers) else ""
    return ""


def _job(rest: str, text: str) -> tuple[tuple[str, dict[str, object]] | None, str]:
    """The model of a question with the columns that are told of its job, or none; and the rest."""
    try:
        name, rest = named_model(rest, text)
    except UsageError:
        name = model_of(rest)
        if not known(name):
            # "Fine tune Whisper" is of Whisper, and not of what is usually tuned.
            untuned = (some for some in _stretches(rest) if not _TUNES.match(some))
            some = (*untuned, *_stretches(rest))
            name = next(filter(None, map(usual_model, some)), "")
            if _use(rest):
                return None, rest
            name = name or _pointed(rest)
            if not name:
                return None, rest
    said, rest = columns(rest, resolve(name))
    return (name, said), rest


def _pointed(text: str) -> str:
    """The usual model of what a text's words point at (`transcribe`), or ''."""
    from whichgpu.planner.likely import likely

    if _LANGUAGE.search(text):
        return usual_model("llm")
    # Every run of words is looked up, and a question has few.
    words = text.split()[:_LOOKED_UP]
    return next((first_of(one.id) for one in likely(" ".join(words))), "")


def _fitting(
    name: str, job: dict[str, object], stated: Mapping[str, str], text: str
) -> Iterator[tuple[str, str]]:
    """The columns and the wishes that belong together, as options."""
    model, wishes = resolve(name), dict(stated)
    phase = _phase(model, str(job.get("phase", "")), text, wishes)
    if phase:
        job["phase"] = phase
    if is_language_model(model) and (phase or model.phases[0]) == "serve":
        _served(job, wishes, text)
    else:
        _made(wishes, model)
    trains = phase in TRAINING
    if trains and (title := named_set(text)):
        wishes.setdefault("samples", title)
        if phase == "train" and not _TUNES.search(text) and (passes := usual_epochs(title)):
            wishes.setdefault("epochs", f"{passes:g}")
    _sized(wishes, model, trains=trains)
    if wishes.get("objective") == "time" and not {*_SIZES} & {*wishes}:
        _hurried(job, wishes, model)
    for option in job.pop("options", ()):  # type: ignore[attr-defined]
        yield "option", option
    yield from ((key.replace("_", "-"), str(value)) for key, value in (job | wishes).items())


def _served(job: dict[str, object], wishes: dict[str, str], text: str) -> None:
    """Put what is said of requests to a language model into the options of its load."""
    wishes.pop("streams", None)
    if latency := wishes.pop("latency", ""):
        wishes.setdefault("slo", f"ttft {latency}")
    if "concurrency" in job:
        wishes.setdefault("users", str(job.pop("concurrency")))
    if "input_tokens" not in job and (context := _CONTEXT.search(text)):
        job["input_tokens"] = str(1024 * int(context[1]))
    speed = _SPEED.fullmatch(wishes.get("target", ""))
    if speed and wishes.get("term") == "buy" and float(speed[1]) <= _READ:
        wishes.setdefault("users", "1")
    # Users who are many and so few tokens/s: what each of them sees.
    if speed and (wishes.get("users") == "1" or ("users" in wishes and float(speed[1]) <= _READ)):
        wishes["slo"] = f"tpot {1000.0 / float(speed[1]):.3g} ms"
        del wishes["target"]


def _made(wishes: dict[str, str], model: Workload) -> None:
    """Put what is said of requests for anything else into a rate of what it makes."""
    if rate := wishes.pop("rate", ""):
        wishes.setdefault("target", rate.replace(" req/", " requests/"))
    for option in ("users", "slo"):
        wishes.pop(option, None)
    if (streams := wishes.pop("streams", "")) and model.unit.startswith("audio"):
        # What is heard as it is said is a second of it each second.
        wishes.setdefault("target", f"{streams} audio seconds/s")


def _phase(model: Workload, told: str, text: str, wishes: Mapping[str, str]) -> str:
    """The phase that is meant: adapters where a large model is tuned and nobody says that all of it is."""
    if told == "finetune_full" and not _ALL_OF_IT.search(text) and "finetune_lora" in model.phases:
        large = is_language_model(model) and counts(model).parameters > 3e9
        return "finetune_lora" if large else told
    if not told and {"users", "rate", "slo"} & {*wishes} and "serve" in model.phases:
        return "serve"
    return "train" if not told and "epochs" in wishes and "train" in model.phases else told


def _sized(wishes: dict[str, str], model: Workload, *, trains: bool) -> None:
    """Put the size of a job into the option that its workload counts by; a deadline is of a size."""
    if trains:
        for option in ("images", "requests"):
            if option in wishes:
                wishes.setdefault("samples", wishes.pop(option))
    elif "requests" not in wishes and "samples" in wishes:
        wishes["requests"] = wishes.pop("samples")
    makes = not trains and model.unit in ("images", "videos") and not {*_SIZES} & {*wishes}
    if makes and "deadline" in wishes:
        # "A video in under 5 minutes" is no deadline of a fleet.
        wishes.setdefault("latency", wishes.pop("deadline"))
    if "images" in wishes and model.unit != "images":
        wishes.setdefault("samples" if trains else "requests", wishes.pop("images"))
    if not {*_SIZES} & {*wishes}:
        _by_the_hour(wishes, wishes.pop("deadline", ""))
        _bought(wishes)


def _by_the_hour(wishes: dict[str, str], within: str) -> None:
    """Put money for a time in which no size of a job is told into a rent: 60 USD for 60 hours are 1 USD/h."""
    money, hours = _SUM.fullmatch(wishes.get("budget", "")), _IN_HOURS.fullmatch(within)
    if money and hours:
        rent = float(money[1].replace(",", "")) / (float(hours[1]) * _LONG[hours[2]])
        wishes["budget"] = f"{rent:.3g} USD/h"


_SUM = re.compile(r"(\d[\d,]*(?:\.\d+)?) USD")
_IN_HOURS = re.compile(r"(\d+(?:\.\d+)?) (h|days?|weeks?)")
_LONG = {"h": 1.0, "day": 24.0, "days": 24.0, "week": 168.0, "weeks": 168.0}


def _hurried(job: dict[str, object], wishes: dict[str, str], model: Workload) -> None:
    """What the fastest is where no work ends: that which makes most, or answers one reader soonest."""
    if {"users", "rate", "slo"} & {*wishes}:
        # Of what holds a load the cheapest comes first: how fast it is to be its objectives say.
        del wishes["objective"]
        if wishes.get("users") == "1" and not {"rate", "slo"} & {*wishes} and "decode" in model.phases:
            del wishes["users"]
            job["phase"], wishes["objective"] = "decode", "latency"
    else:
        wishes["objective"] = "throughput"


def _bought(wishes: dict[str, str]) -> None:
    """So much money of which nobody says for how long or for what work is for what one buys."""
    if "/" not in wishes.get("budget", "/"):
        wishes.setdefault("term", "buy")


def _plain_card(rest: str, stated: Mapping[str, str]) -> bool:
    """Whether a card is asked for by what it is to have, or may cost, and by nothing that was not read."""
    words = set(re.findall(r"[a-z]{2,}", rest.lower()))
    return bool(words & _CARDS and _SAID & {*stated}) and words <= _PLAIN | _CARDS | _ASKING


def _use(text: str) -> str:
    """The shortest words of the longest stretch that is a use: rendering, video editing, 4 monitors."""
    found = ((name, use(name)) for name in _stretches(text))
    name, meant = next(((name, one) for name, one in found if one is not None), ("", None))
    if meant is None:
        return ""
    same = (one for one in _stretches(name) if use(one) == meant)
    return min(same, key=len, default=name)


def _stretches(text: str) -> Iterator[str]:
    """Stretches of words, the longest first, that neither begin nor end with a plain word."""
    words = [word for one in text.split() if (word := one.strip(",;.?!()"))]
    for length in range(min(_USE, len(words)), 0, -1):
        for at in range(len(words) - length + 1):
            some = words[at : at + length]
            alone = _VAGUE if length == 1 else frozenset()
            if not {some[0].lower(), some[-1].lower()} & (_PLAIN | alone) and len(" ".join(some)) > 2:
                yield " ".join(some)


#: Words that are no use by themselves, and that a use does not begin or end with.
_PLAIN = frozenset((
    *SPELLED, "a", "an", "the", "and", "or", "on", "in", "at", "for", "with", "to", "of", "my", "our", "your",
    "own", "cheap", "cheapest", "best", "card", "cards", "gpu", "gpus", "data", "run", "which", "need", "one",
    "time", "real", "model", "models", "work", "some", "light", "heavy", "can", "i", "we", "it", "is",
    "inference", "training", "train", "serve", "serving", "fine-tune", "fine-tuning", "pretrain", "cluster",
    "llms", "cloud", "hour", "day", "week", "month", "year", "power", "cost", "all",
))  # fmt: skip
#: Words that are part of what uses are called, and alone say of none.
_VAGUE = frozenset((
    "back", "boards", "business", "calculation", "calling", "clouds", "color", "colour", "content", "control",
    "creation", "desk", "difference", "energy", "equation", "fast", "first", "force", "free", "intelligence",
    "knowledge", "linear", "log", "matter", "menu", "multiple", "offline", "option", "optimisation",
    "optimization", "options", "party", "path", "person", "play", "point", "post", "precision", "pricing",
    "processing", "production", "proofs", "raw", "recovery", "risk", "room", "round", "screens", "security",
    "six", "stage", "technical", "transport", "value", "wall", "web", "workstations", "zero",
))  # fmt: skip
