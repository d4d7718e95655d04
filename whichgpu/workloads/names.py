"""Spellings of a workload: what is the same name, and what may follow one without changing the model.

`meta-llama/Llama-2-7b-chat-hf` is `llama-2-7b` of somebody, tuned, as files of some library;
`Qwen3-8B-FP8` is `qwen3-8b`, its weights in FP8. The words are in `data/suffixes.toml`.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from whichgpu.facts import needed, store
from whichgpu.facts.kept import kept
from whichgpu.values import NamedTuple, regex
from whichgpu.workloads.precision import named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    Sets = tuple[tuple[str, ...], ...]

_SEPARATORS = str.maketrans("-_./", "    ")
_BETWEEN_DIGITS = regex(r"(?<=\d)[-_. ]+(?=\d)")
#: Where the words of a name part; a point between digits is part of one (v0.1, 4.65bpw).
_PARTS = regex(r"[-_ ]+|\.(?=[a-z])")
#: The side of a patch behind its model: `ViT-B/16`.
_OVER = regex(r"(?<=[A-Za-z])/(?=\d+$)")
#: How files of weights end.
_WEIGHTS = (
    ".gguf",
    ".safetensors",
    ".onnx",
    ".ckpt",
    ".pth",
    ".bin",
    ".engine",
    ".py",
    ".torchscript",
    ".mlpackage",
    ".tflite",
    ".mlmodel",
)
#: The digits of a size that begin a word, and all that stand before a letter of sizes.
_SIZED = regex(r"(?:^|[-_. /:])(\d+)[-_. ]*[bm](?![a-z0-9])")
_DIGITS = regex(r"(\d+)[bm]")
#: A tag that says no more of a model without sizes: `nomic-embed-text:v1.5`, `all-minilm:22m`.
_TAG = regex(r":(?:v\d+(?:\.\d+)*|\d+m)$", re.IGNORECASE)
#: Which of the parts of a file that was split.
_SHARD = regex(r"-\d{5}-of-\d{5}$")
#: A part of a training that has a number: `pretraining phase 1`.
_NUMBERED = regex(r"\b(phase|ph)[-_ ](\d)$")
#: Year and month, or month and day, or all of a date: 2409, 0324, 20240522. Versions: v0.1. Contexts: 128k.
_RELEASE = regex(r"2\d(0[1-9]|1[0-2])|(0[1-9]|1[0-2])[0-3]\d|20[12]\d(0[1-9]|1[0-2])[0-3]\d|v\d+\.\d+|\d+k")
_VERSION = regex(r"v[1-9]")
#: How long a configuration trains, on how many GPUs and how they share it: `80k`, `8xb32`, `8x2`, `fsdp2+tp`;
#: the rank of its adapters and the release of its framework.
_SHARED = r"(?:fsdp2?|hsdp|ddp|zero[123]|tp|pp|cp)\d*"
_SCHEDULE = regex(
    r"\d+(?:k|e|tb|xb\d+)|\d{1,2}x\d{1,2}|r=\d+|r(?:4|8|16|32|64|128|256)|(?:tf|torch|pytorch)\d+(?:\.\d+)*|(?:tp|pp|dp|ep|cp|vp)\d+"
    rf"|(?:fsdp2?|hsdp|ddp|zero[123])(?:\+{_SHARED})*"
)
#: How MLX's own uploads end, whose format is MLX's.
_MLX = regex(r"(?<!-mlx)-(\dbits?)(?=$|-)")
#: Words that the name of a format is made of, at most: `gptq-int4`, `q4_0_4_4`.
_FORMAT_WORDS = 4


class Shorter(NamedTuple):
    """A name with words taken off its end, and the precision and the phase that they say; "" for none."""

    name: str
    stored: str
    phase: str = ""


def squeezed(text: str) -> str:
    """A spelling without case and separators."""
    # Takes a third of the time of `translate`, and a tenth where a letter is not of ASCII.
    return text.lower().replace("-", "").replace("_", "").replace(".", "").replace(" ", "")


def apart(text: str) -> str:
    """A spelling without case and separators, but between digits: `opt-1.3b` is not `opt-13b`."""
    return squeezed(_BETWEEN_DIGITS.sub("/", text.lower()))


def same_size(asked: str, known: str) -> bool:
    """Whether a name states the size of a spelling of the same letters: `GPT-3 13B` is not `gpt-3-1.3b`.

    A size is compared where it begins a word: `llama27b` is `llama-2-7b`.
    """
    stated = _SIZED.findall(asked.lower())
    sizes = _DIGITS.findall(apart(known)) if stated else ()
    return not sizes or stated[-1] in sizes


def unwrapped(text: str) -> str:
    """A name less how a library asks for it (`torchvision.models.resnet50`, `yolov8n.pt`); "" for others.

    Of `ViT-B/16` the name with a hyphen, of `all-minilm:22m` that without its tag.
    """
    bare = text
    for start in table()["before"]:
        bare = bare[len(start) :] if bare.lower().startswith(start) else bare
    bare = _TAG.sub("", _OVER.sub("-", bare.removesuffix(".pt")))
    return bare if bare != text else ""


def published(text: str) -> str:
    """A name less who published the model, or what ran it, as its first word: `MLPerf v4.1 BERT-large`."""
    # The longer first: what is left of "AI Benchmark" is no model.
    known = sorted(table()["publishers"], key=len, reverse=True)
    publishers = "|".join(re.escape(one).replace("\\ ", "[-_ ]") for one in known)
    # MLPerf's rounds have a point, and what they run has other names (`rewritten`).
    release = r"[-_ ]+v?\d+(?:\.\d+)+|(?<!perf)(?<!mons)[-_ ]+\d(?=[-_ ][a-z])"
    start = rf"^(?:{publishers})(?:['\u2019]?s)?(?:{release})?[-_ :]+(?=\S)"
    return re.sub(start, "", text, count=1, flags=re.IGNORECASE)


def suited(text: str) -> Iterator[str]:
    """A name with MLPerf's suite before it, and its round, that stands behind it in brackets or in words."""
    suite = (
        r"(?P<name>.+?)\s*[(\[](?:mlperf|mlcommons)\s+((?:pre)?training|inference)"
        r"(?:\D*(\d+)\.\d)?[^()]*[)\]]"
    )
    round_ = r"(?:[-_ ]+v?(\d+)\.\d)?"
    before = rf"(?:mlperf|mlcommons){round_}[-_ ]+(training|inference){round_}[-_ :]+(?P<name>\S.*)"
    behind = r"(?P<name>.+?)[-_ ,]+(?:mlperf|mlcommons)[-_ ]+(training|inference)(?:[-_ ]*v?(\d+)\.\d)?"
    bracketed = re.fullmatch(suite, text.strip(), re.IGNORECASE)
    if found := bracketed or re.fullmatch(behind, text.strip(), re.IGNORECASE):
        kind, number = found[2], found[3]
    elif found := re.fullmatch(before, text.strip(), re.IGNORECASE):
        kind, number = found[2], found[1] or found[3]
    else:
        return
    said = "training-" if kind.lower().endswith("training") else ""
    yield from (f"mlperf-{said}v{number}-{found['name']}", f"mlperf-{said}{found['name']}")


def unversioned(text: str) -> str:
    """A name whose generation has a v before its number without it: `Stable Diffusion v2 base`."""
    return re.sub(r"(?<=[a-z])[-_ ]?v(?=\d+(?:\.\d+)?(?:[-_ ]|$))", "-", text, flags=re.IGNORECASE)


def rewritten(text: str, rules: str = "rewritten") -> str:
    """A name in the words of the zoo, where publishers write parts of it in their own: `MobileNetV2 x1.4`.

    `rules`: which of the table; `sooner` are those of a name of which nothing has been taken off.
    """
    lower = needed.small(text)
    for (said, instead), sets in _rules(rules):
        if holds(lower, sets):
            text = _rule(said).sub(instead, text)
            lower = needed.small(text)
    return text.strip()


@lru_cache(maxsize=4)
def _rules(name: str) -> tuple[tuple[tuple[str, str], Sets], ...]:
    """The rules of a table by name, each with the words that it needs."""
    rows = table()[name]
    return tuple(zip(rows, needs(tuple(said for said, _ in rows)), strict=True))


def holds(lower: str, sets: Sets) -> bool:
    """Whether a text in small letters has one word of each set."""
    return all(any(word in lower for word in words) for words in sets)


def needs(patterns: Iterable[str]) -> list[Sets]:
    """Sets of words of each of which patterns need one, as an earlier process found them or this one does.

    Most patterns of names need a word that a name lacks, and are not compiled then.
    """
    known = kept("names", needed.__file__)
    found = [known.of("words", one, partial(needed.words, one)) for one in patterns]
    if not os.environ.get("WHICHGPU_DATA"):
        known.save()
    return found


@lru_cache(maxsize=4096)
def _rule(said: str) -> re.Pattern[str]:
    """A rule of the table, compiled once: there are more of them than Python keeps by itself."""
    return re.compile(said, re.IGNORECASE)


def unnoted(text: str) -> str:
    """A name less notes in brackets that say nothing of the model: `Llama-3-70B (GBS 128)`."""
    known = {word for key in ("publishers", "done", "notes") for one in table()[key] for word in one.split()}

    def kept(note: re.Match[str]) -> str:
        said = re.sub(r"[=:,;/+]", " ", _GLOBAL.sub("gbs ", note[1].lower())).split()
        # A number or a version is of the word before it: "SQuAD v1.1", "GBS 128", and "seq 384" stays.
        owners = [word for at, word in enumerate(said) if not at or not _OWNED.fullmatch(word)]
        left, dropped = [], False
        for word in said:
            plain = word in known or all(part in known for part in word.split("-"))
            dropped = plain if word in owners else dropped
            left += [] if dropped else [word]
        return note[0] if len(left) == len(said) else f" ({' '.join(left)})" if left else ""

    return re.sub(r"\s*[(\[]([^()\[\]]*)[)\]]", kept, text)


def makes_another(word: str) -> bool:
    """Whether a word beside the name of a language model in an upload's may make another network of it."""
    return word.rstrip("0123456789") in table()["remade"] or bool(_SIZED_WORD.fullmatch(word))


#: A size of a model, or of what a token passes, or a number of layers, as a word.
_SIZED_WORD = regex(r"(?:\d+x)?[ae]?\d+(?:\.\d+)?[bmtl]")
#: A word that is spelled as formats are: `oq4`, `tq3a`, `wmix58`, `6bit`.
_LIKE_A_FORMAT = regex(
    r"(?:[a-z]?q|w|wmix|int|fp|nf|jang|mxfp|svd|kron\w*|sq)\d\w*|\d(?:\.\d+)?-?(?:bits?|bpw)|svd|m|gptq|awq|exl\d"
)


def like_no_format(word: str) -> bool:
    """Whether a word is of a format that none here is like, whatever stands beside it: `oq4e`, `wmix58`."""
    return bool(
        re.fullmatch(r"(?:[a-hj-z]q|wmix|jang)\d\w*|tq\w*|mtplx|\d+gib|aqlm|higgs|quip\w*|spqr|vptq", word)
    )


def like_a_format(word: str) -> bool:
    """Whether a word may be a format that is none of those that are known."""
    return bool(_LIKE_A_FORMAT.fullmatch(word))


def format_of(said: Sequence[str]) -> str:
    """The precision that some of the words beside a model's name say; "" for none."""
    spans = ("-".join(said[at : at + count]) for count in (3, 2, 1) for at in range(len(said) - count + 1))
    return next(filter(None, map(_format, spans)), "")


def alters(word: str) -> bool:
    """Whether a word beside a name may make another network or job of it: `pruned`, `panet`, `training`."""
    known = word in table()["altering"] or word in table()["doing"] or bool(_format(word))
    return known or bool(re.search(table()["called"], word))


#: The batch of all GPUs together, which a name is not read for; a number or a version.
_GLOBAL, _OWNED = regex(r"\bglobal[- ]batch(?:[- ]size)?\b"), regex(r"v?\d[\d.,]*(?:tb)?")


def filed(text: str) -> str:
    """The name that a file of weights has (`qwen3-8b-q4_k_m-00001-of-00003.gguf`), or a configuration.

    Of a path, as it is on another machine or on the Hub, that of the file.
    """
    ending = next((one for one in _WEIGHTS if text.lower().endswith(one)), "")
    if not ending:
        return text
    return _SHARD.sub("", re.split(r"[/\\]", text)[-1][: -len(ending)])


def sized(text: str) -> str:
    """`llama3.1:latest` with the size that Ollama means by it (`llama3.1:8b`); other names as they are."""
    bare, tag, _ = text.lower().rpartition(":latest")
    if not tag or text.lower() != bare + tag:
        return text
    size = table()["latest"].get(bare.rpartition("/")[2])
    return f"{bare}:{size}" if size else bare


def fetched(text: str, runtime: str) -> str:
    """What a name means where something runs it: of Ollama's library with the size that it fetches."""
    if any(said in runtime.lower() for said in ("mmdet", "openmmlab")):
        return rewritten(text, "openmmlab")
    if "ollama" not in runtime.lower():
        return text
    text = rewritten(text, "library")
    return sized(f"{text}:latest") if text in table()["latest"] else text


#: Samples of a query in scenarios of MLPerf that ask one after another.
_AT_ONCE = {"single": 1.0, "multi": 8.0}
_ONE_BY_ONE = regex(r"\b(single|multi)[- ]?stream$")


def at_once(text: str) -> dict[str, float]:
    """The batch of the scenario of MLPerf that a text ends with; nothing of one that sets none."""
    found = _ONE_BY_ONE.search(text.strip().lower())
    return {"batch": _AT_ONCE[found[1]]} if found else {}


def going_on(start: str) -> re.Pattern[str]:
    """Spellings that go on after a start in a new word or with their number: `bert-base` after `bert`.

    A number goes on after a word (`vgg16` after `vgg`), not after another: `llama-3.1-8b` is no `llama-3`.
    """
    spelled = "[-_ .]*".join(map(re.escape, squeezed(start)))
    return re.compile(spelled + ("[-_ :/]" if start[-1:].isdigit() else r"[-_ :/.\d]"), re.IGNORECASE)


def words(text: str) -> list[str]:
    """The words of a name."""
    return text.lower().translate(_SEPARATORS).split()


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    """What may follow a name: `data/suffixes.toml`."""
    found: Mapping[str, Any] = store.load("suffixes")["suffixes"]
    return found


def shorter(name: str) -> Iterator[Shorter]:
    """The names that a longer one may stand for, the longest first.

    Whoever published it goes first (and the colon of a tag is a hyphen: `llama3.1:8b`), then one word or
    format after another from the end.
    """
    owner, _, rest = name.lower().replace(":", "-").rpartition("/")
    rest, stored = _MLX.sub(r"-mlx-\1", rest) if owner.startswith("mlx") else rest, ""
    yield Shorter(rest, stored)
    cut = _last(rest)
    while cut:
        rest, stored = cut.name, stored or cut.stored
        yield Shorter(rest, stored)
        cut = _last(rest)


def untuned(name: str) -> str:
    """A name without who tuned the model, before its own (`dolphin-2.9.1-yi-1.5-34b`); "" where none is."""
    rest = name.lower().rpartition("/")[2].replace(":", "-")
    tuners = "|".join(map(re.escape, table()["tuners"]))
    bare = re.sub(rf"^(?:(?:{tuners})(?:[-_ ]v?\d+(?:\.\d+)*(?![\dbx.]))?[-_ ]+)+", "", rest)
    return bare if bare != rest else ""


def told(name: str) -> Iterator[Shorter]:
    """The names left where the last words say what is done with a model: `ssd_amp`, `BERT training`."""
    rest, stored, off = _NUMBERED.sub(r"\1\2", name.strip().lower()), "", ""
    known, doing = {*table()["done"], *table()["doing"]}, table()["doing"]
    cut = _last(rest, known)
    while cut:
        off = f"{rest[len(cut.name) :]}{off}"
        rest, stored = cut.name, stored or cut.stored
        # The first of the table: `QLoRA fine-tuning` is done by adapters.
        done = set(words(off))
        yield Shorter(rest, stored, next((phase for word, phase in doing.items() if word in done), ""))
        cut = _last(rest, known)


def _last(name: str, known: Collection[str] = ()) -> Shorter | None:
    """The name without its last word or format; None where that belongs to the name.

    Words are those `known`, or those that a language model's name may end with.
    """
    starts = [(found.start(), found.end()) for found in _PARTS.finditer(name) if found.start()]
    for start, end in starts[-_FORMAT_WORDS:]:
        stored = _format(name[end:])
        if stored:
            return Shorter(name[:start], stored)
    if not starts:
        return None
    start, end = starts[-1]
    word = name[end:]
    if known:
        plain = word in known or bool(_SCHEDULE.fullmatch(word))
    else:
        # Behind a size a number alone is a release (`1.1b-chat-v1`), elsewhere a generation (`nv-embed-v2`).
        released = _RELEASE.fullmatch(word) or (_VERSION.fullmatch(word) and _SIZED.search(name[:start]))
        plain = word in {*table()["tuned"], *table()["container"]} or bool(released)
    return Shorter(name[:start], "") if plain else None


def _format(text: str) -> str:
    """The precision that a name's last words say: `fp8`, `gptq-int4`, `q4_k_m`; "" for others."""
    if _SIZE_IT.match(text):
        return ""
    return named(text) if any(sign.isdigit() for sign in text) or text in _METHODS else ""


#: A size and a word of its name (`gemma-3-4b-it`), which is no format of 4 bits.
_SIZE_IT = regex(r"\d+b[-_ ]it\b")
#: Formats without a number of bits in their name.
_METHODS = ("amp", "awq", "gptq")
