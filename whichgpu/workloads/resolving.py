"""What a workload is called: the names that people type, and the ids that they stand for."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UnknownName
from whichgpu.facts import store
from whichgpu.units import number
from whichgpu.workloads import backbones, names
from whichgpu.workloads.job import TRAINING
from whichgpu.workloads.names import apart, squeezed, words
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.model import Workload


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Sequence[tuple[str, str]]]:
    """By spelling without case and separators: the spellings that read so, each with its id."""
    known: dict[str, list[tuple[str, str]]] = {}
    spelled = list(workloads().spellings())
    # All at once: there are thousands.
    keys = squeezed("\n".join(spelling for spelling, _ in spelled)).split("\n")
    for key, pair in zip(keys, spelled, strict=True):
        known.setdefault(key, []).append(pair)
    return known


#: How sources end that are files: no name of the zoo does.
FILES = (".json", ".gguf", ".safetensors", ".onnx", ".toml")
_BRACKETS = str.maketrans("[]()", "    ")
#: Models that were imported in this process, by their source as typed.
_imported: dict[str, Workload] = {}


def register(item: Workload) -> Workload:
    """Make an imported workload known to `resolve`; `./` goes before a folder called like a known name."""
    if not item.id.endswith(FILES) and known(item.id):
        item = replace(item, id=f"./{item.id}")
    _imported[item.id] = item
    return item


def known(name: str) -> bool:
    """Whether a name is one of the zoo."""
    return bool(_candidates(name))


def resolve(name: str) -> Workload:
    """The workload of a name: case, `-`, `_` and `.` are ignored, but where one between digits matters.

    A language model's name may go on with who tuned or stored it (`names.shorter`); a format there is the
    precision that its jobs take by default, and the side of a picture behind another name their resolution.
    Raises `UsageError` with the nearest for an unknown name, and with the candidates for an ambiguous one.
    """
    if name in _imported:
        return _imported[name]
    if name in workloads():
        return workloads()[name]
    item, name, keys, service = _find(name)
    if item is None and len(keys) > 1:
        raise UnknownName(f"'{name}' may be {' or '.join(keys)}; write one of them")
    if item is None:
        service = service or _service(name.partition("/")[2])
        raise UnknownName(service or _meant(name) or f"no workload '{name}'; {_hint(name)}")
    return item


def _find(
    name: str, tried: dict[str, Workload | None] | None = None
) -> tuple[Workload | None, str, list[str], str]:
    """The workload of a name, the name as it was read, several that it may mean, and what it is a service of.

    `tried` holds what the names came to that it was read as on the way.
    """
    name = names.rewritten(names.sized(names.filed(name)), "sooner")
    keys = _candidates(name)
    if not keys and set(name) & set("[]()"):
        # `FLUX.1 [dev]`, `Llama 3.1 8B (Instruct)`
        suites = list(names.suited(name))
        name = next(filter(_candidates, suites), suites[-1] if suites else names.unnoted(name))
        name = _aside(name) or _plain(name)
        keys = _candidates(name)
    if len(keys) > 1:
        return None, name, keys, ""
    if keys == [name]:
        return workloads()[name], name, keys, ""
    service = "" if keys else _service(name)
    item = None if service else _longer(name, keys)
    if item is None and not keys and not service:
        item, keys = _otherwise(name, {} if tried is None else tried)
    if item is None and len(keys) == 1:
        item = workloads()[keys[0]]
        # In timm the weights of a larger picture say its side: `tresnet_l.miil_in1k_448`.
        side = _TAGGED_SIDE.search(name)
        if side and int(side[1]) in _SIDES and squeezed(name) not in _names():
            item = _numbered(item, {"height": float(side[1]), "width": float(side[1])})
    return item, name, keys if item else [], service


def _read_as(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of another name that one may be read as; None where there is none, or several."""
    if name not in tried:
        tried[name] = None
        tried[name] = _find(name, tried)[0]
    return tried[name]


def _aside(name: str) -> str:
    """A known name less a note behind it that can be of no model: `U-Net (phase contrast)`; "" for others.

    A word that stands in some name, that has a digit, or ends as names of networks do may be of another.
    """
    found = re.fullmatch(r"(.*[^\s(\[])\s*[(\[]([^()\[\]]+)[)\]]", name.strip())
    said = names.words(re.sub(r"[,;:+&]", " ", found[2])) if found else []
    open_ = any(
        any(c.isdigit() for c in one) or one in _words_of_names() or names.alters(one) for one in said
    )
    return found[1] if found and said and not open_ and _candidates(found[1]) else ""


@lru_cache(maxsize=1)
def _words_of_names() -> frozenset[str]:
    """Every word that stands in the name of some workload."""
    return frozenset(word for spelling, _ in workloads().spellings() for word in names.words(spelling))


def _plain(name: str) -> str:
    """A name without brackets, in which may stand another of its own: `Stable Diffusion XL (SDXL) 1.0`."""
    note = re.search(r"\(([^()]+)\)", name)
    bare = " ".join(name.replace(note[0], " ").split()) if note else ""
    if note and bare and (found := _candidates(bare)) and found == _candidates(note[1]):
        return bare
    if note and bare and (beside := _same(bare, note[1])):
        return beside
    return "-".join(name.translate(_BRACKETS).replace(",", " ").split())


def _same(name: str, other: str) -> str:
    """Of two names of one workload that which says more of its jobs: `Llama 3.1 70B (amd/..-FP8-KV)`; "" for two."""
    items = [_find(one)[0] for one in (name, other)]
    if None in items or items[0].id != items[1].id:
        return ""
    return other if items[1].defaults != workloads()[items[1].id].defaults else name


def _otherwise(name: str, tried: dict[str, Workload | None]) -> tuple[Workload | None, list[str]]:
    """The workload, or the ids, of a name that no spelling is alike: by its parts, or in other words."""
    ways = (_of_a_side, _of_a_number, _of_a_tower, _of_a_length)
    longer = next(filter(None, (way(name, tried) for way in ways)), None)
    if longer is not None:
        return longer, []
    if name.count("/") == 1:
        # Whoever publishes a picture's model goes before its name as well.
        spelled = _names().get(squeezed(name.partition("/")[2]), ())
        if spelled:
            return None, list(dict.fromkeys(key for _, key in spelled))
    keys = _spelled_out(name) or _out_of_order(name) or _usual_side(name)
    if keys:
        return None, keys
    less = (names.rewritten(name), names.published(name), names.unversioned(name))
    others = (one for one in less if one and one != name)
    read = next(filter(None, (_read_as(one, tried) for one in others)), None)
    made = (one(name, lambda other: _read_as(other, tried)) for one in (backbones.varied, backbones.over))
    return read or next(filter(None, made), None) or _within(name), []


#: Families of several generations, of which an upload's name without a number does not tell which.
_UNNUMBERED = r"(?:qwen|llama|gemma|phi|glm|internlm|granite|yi)-[\d.]+b"


def _within(name: str) -> Workload | None:
    """The language model whose name and size stand in that of an upload: `someone/Unhinged-Llama-3.1-8B`.

    None where nobody is said to have published it, or where another size stands beside it, or a word that
    makes another network of it.
    """
    owner, _, upload = name.lower().rpartition("/")
    said = [one for one in re.split(r"[-_ :]+|\.(?=[a-z])", upload) if one and owner]
    for count in range(len(said) - 1, 0, -1):
        for start in range(len(said) - count + 1):
            inside, beside = said[start : start + count], said[:start] + said[start + count :]
            if not any(map(_SIZE.fullmatch, inside)) or any(map(names.makes_another, beside)):
                continue
            if re.fullmatch(_UNNUMBERED, "-".join(inside)):
                return None
            keys = _language("-".join(inside))
            stored = names.format_of(beside)
            odd = any(map(names.like_no_format, beside)) or (
                not stored and any(map(names.like_a_format, beside))
            )
            if len(keys) == 1 and not odd:
                return _stored(workloads()[keys[0]], stored)
    return None


#: Sizes of transformers as papers shorten them; ViT-g is giant, ViT-G gigantic.
_SIZE_WORDS = {
    "t": "tiny", "s": "small", "b": "base", "l": "large", "h": "huge", "g": "giant", "G": "gigantic",
}  # fmt: skip
_SIZED_BY_WORD = re.compile(
    r"(.+?)[-_ ]([tsblhg]|tiny|small|base|large|huge|giant)(?:[-_/ ]?(\d\d))?", re.IGNORECASE
)


def _spelled_out(name: str, side: str = "224") -> list[str]:
    """The id of a name whose size is a letter, with the side of its patches: `DINOv2-L/14`."""
    found = _SIZED_BY_WORD.fullmatch(name.strip())
    if found is None:
        return []
    stem, letter, patch = found.groups()
    size = _SIZE_WORDS.get(letter) or _SIZE_WORDS.get(letter.lower(), letter)
    ends = (f"patch{patch}", f"patch{patch}-{side}") if patch else ()
    tried = (f"{stem}{vit}-{size}-{end}" for vit in ("", "-vit") for end in ends)
    keys = next(filter(None, map(_candidates, tried)), [])
    if keys:
        return keys
    keys = _candidates(f"{stem}-{size}") or _candidates(f"{stem}-{size[0]}")
    # Where the patch is stated, one of its names has to state it as well.
    items = [workloads()[key] for key in keys]
    spelled = [one.lower() for item in items for one in (item.name, *item.aliases)]
    told = not patch or any(re.search(rf"[-/a-z]{patch}(?!\d)", one) for one in spelled)
    return keys if told else []


def _usual_side(name: str) -> list[str]:
    """The id of a name that lacks the side of its pictures, the usual one: `xcit_tiny_12_p16`."""
    return next(filter(None, (_candidates(f"{name}-{side}") for side in _USUAL_SIDES)), [])


def _out_of_order(name: str) -> list[str]:
    """The ids of spellings of the same words in another order, sizes as letters: `Swin-Tiny video`."""
    return list(
        _reordered().get(_in_order(name)) or _reordered(short=True).get(_in_order(name, short=True), ())
    )


@lru_cache(maxsize=2)
def _reordered(*, short: bool = False) -> Mapping[str, Sequence[str]]:
    """By their words in order of the alphabet: the ids that spellings of several words stand for."""
    found: dict[str, dict[str, None]] = {}
    for spelling, key in workloads().spellings():
        found.setdefault(_in_order(spelling, short=short), {})[key] = None
    return {words: tuple(keys) for words, keys in found.items() if " " in words}


def _in_order(name: str, *, short: bool = False) -> str:
    """The words of a name in order of the alphabet: `wan 2.2 14b t2v` is `wan-2.2-t2v-14b`.

    `short`: sizes by their first letter, and patches likewise.
    """
    said = filter(None, re.split(r"[-_ /:]+", name.lower().rpartition("/")[2]))
    return " ".join(sorted(_SHORT.get(one, one.replace("patch", "p")) if short else one for one in said))


#: Sizes in words, by their first letter.
_SHORT = {word: word[0] for word in ("tiny", "small", "base", "large", "huge")}


@lru_cache(maxsize=256)
def _longer_of(name: str, known: tuple[str, ...]) -> Workload | None:
    # What is done stands apart: `Llama 3 70B SFT`, and `llama-3-70b-sft` is what came of it.
    if not known and name.lower().rpartition(" ")[2] in names.table()["doing"]:
        done = _done(name)
        if done:
            return done
    bare = "" if known else names.untuned(name)
    shorter = (*names.shorter(name), *(names.shorter(bare) if bare else ()))
    stored = next((one.stored for one in shorter if one.stored), "")
    found = (known or _language(one.name) for one in shorter if stored or not known)
    keys = next((one for one in found if len(one) == 1), ())
    if keys:
        return _stored(workloads()[keys[0]], stored)
    # Of other models only what is done with them is taken off: any other word may be of the name.
    return None if known else _done(name)


def _done(name: str) -> Workload | None:
    """The workload of a name behind which stands what is done with it, or how it is kept."""
    # Whoever published it goes first here as well: `city96/FLUX.1-dev-gguf`.
    whole = (name, name.partition("/")[2]) if "/" in name else (name,)
    for said in (one for text in whole for one in names.told(text)):
        stored, meant = said.stored, tuple(_candidates(said.name))
        if not meant:
            meant, shorter = _longest(said.name)
            stored = stored or shorter
        meant = meant or tuple(_out_of_order(said.name) or _usual_side(said.name))
        item = workloads()[meant[0]] if len(meant) == 1 else _of_a_side(said.name, {})
        off = words(name[len(said.name) :])
        if item is not None and item.family not in _READERS and set(off) & set(names.table()["labelled"]):
            # A network of texts under its kind alone is another one: `LSTM-Sentiment`.
            continue
        # Pictures are as often made with a LoRA as one is trained on them.
        made = item is not None and item.family.startswith("diffusion") and said.phase == "finetune_lora"
        if item is not None and not (made and not re.search("train|tun", name, re.IGNORECASE)):
            return _doing(_stored(item, stored), said.phase)
    return None


def _longest(name: str) -> tuple[tuple[str, ...], str]:
    """The language model of a name whose last words say who tuned or stored it, and the format in them."""
    found = ((_language(one.name), one.stored) for one in names.shorter(name))
    return next(((keys, stored) for keys, stored in found if len(keys) == 1), ((), ""))


def _doing(item: Workload, phase: str) -> Workload:
    """A workload whose name says what is done with it: that is what its jobs are by default."""
    alike = TRAINING if phase in TRAINING else ()
    known = (phase, getattr(item.code, "PHASE_ALIASES", {}).get(phase, ""), *alike)
    said = next((one for one in known if one in item.phases), "")
    # What infers is otherwise left to what the model usually does: it may serve, or generate.
    tells = phase in TRAINING or item.phases[0] in TRAINING
    return replace(item, defaults={**item.defaults, "phase": said}) if tells and said else item


def _longer(name: str, known: Sequence[str]) -> Workload | None:
    """The workload of a name that goes on with other words, in the precision that they say; None for others.

    `known` are the workloads that the whole name stands for: words of theirs may still say a precision.
    """
    return _longer_of(name, tuple(known))


def goes_on(name: str) -> bool:
    """Whether a name is one of the zoo that goes on with who tuned or stored the model."""
    return _longer(name, ()) is not None


def _language(name: str) -> tuple[str, ...]:
    """The language models that a name may mean: only their names are taken apart."""
    families = names.table()["families"]
    keys = _candidates(name) or _sized(name, _unpublished().get(squeezed(name), ())) or _weighed(name)
    return tuple(key for key in keys if workloads()[key].family in families)


#: A name and the size that stands behind it: `DeepSeek-R1 671B`; how far it may be off, as a share.
_WEIGHED, _OFF = re.compile(r"(.+?)[-_ (]+(\d+(?:\.\d+)?)b\)?", re.IGNORECASE), 0.08


def _weighed(name: str) -> list[str]:
    """The language model of a name behind which its own number of parameters stands once more."""
    from whichgpu.workloads.counts import counts

    found = _WEIGHED.fullmatch(name)
    keys = _candidates(found[1]) if found else []
    if not found or len(keys) != 1:
        return []
    return keys if abs(counts(workloads()[keys[0]]).parameters / 1e9 / float(found[2]) - 1.0) < _OFF else []


@lru_cache(maxsize=1)
def _unpublished() -> Mapping[str, Sequence[tuple[str, str]]]:
    """By spelling without its publisher, case and separators: those that read so, each with its id."""
    known: dict[str, list[tuple[str, str]]] = {}
    for spelling, key in workloads().spellings():
        if "/" in spelling:
            known.setdefault(squeezed(spelling.rpartition("/")[2]), []).append((spelling, key))
    return known


def _stored(item: Workload, stored: str) -> Workload:
    """A workload whose weights are stored in a format: its jobs run in it, but for training."""
    if not stored:
        return item
    # What a language model is stored in says nothing of its training; `bert_large_squad_fp16` is a run.
    trained = "" if item.family in names.table()["families"] else _TRAINED_IN.get(stored, "")
    said = {one: trained if one in TRAINING else stored for one in item.code.PHASES}
    more = {one: {**item.defaults.get(one, {}), "precision": kind} for one, kind in said.items() if kind}
    return replace(item, defaults={**item.defaults, **more})


#: Formats in the name of a run that a training may have, and what they mean there.
_TRAINED_IN = {one: one for one in ("fp32", "tf32", "bf16", "amp-fp16", "amp-bf16")} | {"fp16": "amp-fp16"}


def _of_a_side(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name that ends in the side of its pictures (`yolov3-608`), with them by default."""
    found = _SIDED.fullmatch(name.strip())
    if found is None or not (found["by"] or int(found["side"]) in _SIDES):
        return None
    bare = found["name"]
    if bare.lower().endswith("pretrain"):
        # The side of other pictures, on which it was trained before.
        return None
    keys = (
        _candidates(bare)
        or _out_of_order(bare)
        or _usual_side(bare)
        or _spelled_out(bare, found["side"])
        or _spelled_out(bare)
    )
    item = workloads()[keys[0]] if len(keys) == 1 else None if keys else _done(found["name"])
    if item is None and not keys and found["by"]:
        # Of two sides what goes before may be any name: `SD1.5 LCM 4 steps 512x512`.
        item = _read_as(bare, tried)
    if item is None or "height" not in item.code.DEFAULTS["*"]:
        return _of_one_size(item, int(found["side"])) if item else None
    return _numbered(item, {"height": float(found["side"]), "width": float(found["by"] or found["side"])})


def _of_one_size(item: Workload, side: int) -> Workload | None:
    """A model of pictures of one size alone, or the same for another: `CLIP ViT-L/14 336`; else None."""
    fixed: Any = item.dims.get("image")
    if not isinstance(fixed, dict) or fixed.get("size") == side:
        return item if isinstance(fixed, dict) else None
    keys = _candidates(f"{item.id}-{side}")
    return workloads()[keys[0]] if len(keys) == 1 else None


def _numbered(item: Workload, columns: Mapping[str, Any]) -> Workload:
    """A workload whose jobs have these numbers by default, in every phase."""
    known = {"all": {}, **item.defaults}
    more = {key: {**one, **columns} for key, one in known.items() if isinstance(one, dict)}
    return replace(item, defaults={**known, **more})


#: Numbers of a job behind a name, by column: `BERT Large (seq 384)`, `SDXL 30 steps`, `ResNet-50 bs64`.
_NUMBERS = {
    "seq_len": re.compile(
        r"(.+?)[-_ (,@]+seq(?:uence)?[-_ ]?(?:len(?:gth)?)?[-_ =:]*(\d{2,6})\)?", re.IGNORECASE
    ),
    "steps": re.compile(r"(.+?)[-_ (,@]+(\d{1,3})[-_ ]?steps?\)?", re.IGNORECASE),
    "batch": re.compile(
        r"(.+?)[-_ (,@]+(?:m?bs|(?:micro[-_ ]?)?batch(?:[-_ ]?size)?)[-_ =:]*(\d{1,6})\)?", re.IGNORECASE
    ),
    "frames": re.compile(
        r"(.+?)(?:[-_ (,@]+(?=\d{1,3}[-_ ]?f)|(?<=\dx\d{3})x|(?<=\dx\d{4})x)"
        r"(\d{1,3})(?:[-_ ]?f(?:rames?)?)?\)?",
        re.IGNORECASE,
    ),
    "seconds": re.compile(r"(.+?)[-_ (,@]+(\d{1,3})[-_ ]?s(?:ec(?:ond)?s?)?\)?", re.IGNORECASE),
}


#: Those of them that are options, and no columns.
_OF_OPTIONS = ("frames", "seconds")


def _of_a_number(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name that ends in a number of its job, which its jobs have by default."""
    for column, pattern in _NUMBERS.items():
        found = pattern.fullmatch(name)
        item = _read_as(found[1], tried) if found else None
        if found and item and column in _OF_OPTIONS and (column in item.dims or column in item.options):
            return _numbered(item, {"options": {column: found[2]}})
        if found and item and any(column in one for one in item.code.DEFAULTS.values()):
            return _numbered(item, {column: float(found[2])})
    return None


#: Tokens of a sequence behind the name of an encoder: `BERT-large 384`; families whose names go on so. With a
#: hyphen the number may be a width.
_LENGTH = re.compile(r"(.+?\S) +(64|128|256|384|512|1024|2048|4096|8192)", re.IGNORECASE)
_READERS = ("encoder", "modern_encoder", "disentangled")


def _of_a_length(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The encoder of a name that ends in the length of its sequences, which its jobs have by default."""
    found = _LENGTH.fullmatch(name)
    item = _read_as(found[1], tried) if found else None
    if found is None or item is None or item.family not in _READERS:
        return None
    return _numbered(item, {"seq_len": float(found[2])})


#: One of two towers behind the name of both: `CLIP ViT-L/14 image encoder`.
_TOWER = re.compile(
    r"(.+?)[-_ (]+(image|vision|visual|text)[-_ ]+(?:encoder|tower|embedding)s?\)?", re.IGNORECASE
)


def _of_a_tower(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name that ends in one of its two towers, which its jobs run alone."""
    found = _TOWER.fullmatch(name)
    item = _read_as(found[1], tried) if found else None
    if found is None or item is None or not hasattr(item.code, "TOWERS"):
        return None
    return _numbered(item, {"options": {"towers": "text" if found[2].lower() == "text" else "image"}})


def meaning(workload: Workload) -> Callable[[str], bool]:
    """Whether a name is a spelling of a workload, without a look at any other's."""
    spellings = {apart(one) for one in (workload.id, workload.name, *workload.aliases)}
    return lambda name: apart(name) in spellings


def _candidates(name: str) -> list[str]:
    """Ids that a name may mean."""
    if name in workloads():
        return [name]
    spellings = _names().get(squeezed(name), ())
    keys = list(_sized(name, spellings))
    if len(keys) > 1:
        exact = dict.fromkeys(key for spelling, key in spellings if apart(spelling) == apart(name))
        return list(exact) or keys
    bare = "" if keys else names.unwrapped(name)
    return keys or _tagged(name) or (_candidates(bare) if bare else _sparse(name))


def _sized(name: str, spellings: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The ids of spellings that state no other size than a name: `gpt-3-1.3b` is not `GPT-3 13B`."""
    return tuple(dict.fromkeys(key for spelling, key in spellings if names.same_size(name, spelling)))


@lru_cache(maxsize=1)
def _totals() -> Mapping[str, Sequence[str]]:
    """Ids of spellings that tell what a token passes (`qwen3-30b-a3b`), by what goes before that."""
    found: dict[str, dict[str, None]] = {}
    for spelling, key in workloads().spellings():
        total, sign, active = spelling.rpartition("/")[2].lower().rpartition("-a")
        if sign and re.fullmatch(r"\d+(?:\.\d+)?b", active) and re.search(r"\d+b$", total):
            found.setdefault(apart(total), {})[key] = None
    return {total: tuple(keys) for total, keys in found.items()}


def _sparse(name: str) -> list[str]:
    """The mixture of experts that is called by all of its parameters alone: `qwen3:30b`, `qwen3-235b`."""
    return list(_totals().get(apart(name), ()))


def _tagged(name: str) -> list[str]:
    """The model of `resnet50.a1_in1k`: in timm, what follows a point names the weights."""
    model, _, tag = name.lower().removeprefix("timm/").partition(".")
    return list(dict.fromkeys(key for _, key in _names().get(squeezed(f"timm/{model}"), ()) if tag))


_TAGGED_SIDE = re.compile(r"\.[a-z]\w*_(\d{3})$", re.IGNORECASE)
#: A name with the side of a picture behind it, or both: `yolov3-608`, `pspnet_r101-d8_512x1024`.
_SIDED = re.compile(
    r"(?P<name>.*[^-_ @,])[-_ @,]+(?:[134] ?[xX\u00d7] ?(?=\d{2,4} ?[xX\u00d7]))?"
    r"(?P<side>\d{2,4})(?: ?[xX\u00d7] ?(?P<by>\d{2,4}))?"
)
#: Sides of a picture, in pixels, that a name may end in: other numbers are depths (`101`, `152`).
_SIDES = frozenset((*range(96, 2049, 16), 227, 260, 299, 300, 331, 380, 456, 475, 528, 600))
#: What a name means that states none: the first that there is.
_USUAL_SIDES = (224, 240, 256)
#: Members of a family that an error lists.
_MOST_MEMBERS = 8


def _members(name: str) -> str:
    """What is said of a family's name without a size (`BERT`, `llama3`): its members, the smallest first."""
    from whichgpu.workloads.counts import counts

    begun = names.going_on(name) if squeezed(name) else None
    found = {key for spelling, key in workloads().spellings() if begun and begun.match(spelling)}
    if len(found) < 2:
        return ""
    # Of many those of the plainest names.
    plainest = sorted(found, key=lambda key: (len(key), key))[:_MOST_MEMBERS]
    sizes = sorted((counts(workloads()[key]).parameters, key) for key in plainest)
    listed = ", ".join(f"{key} ({number(size / 1e6)} M)" for size, key in sizes)
    more = f" and {len(found) - len(sizes)} more" if len(found) > len(sizes) else ""
    return f"no workload '{name}', which has several sizes; did you mean {listed}{more}?"


#: As many letters as that begin names that have nothing to do with each other.
_INITIALS = 2


def _meant(name: str) -> str:
    """What is said of a family's name or a subject's: of a family where an id begins so (`gpt`, not `AI`)."""
    short = squeezed(name)
    begun = len(short) > _INITIALS and any(squeezed(key).startswith(short) for key in workloads())
    told = _members(name), subject(name)
    return next(filter(None, told if begun else told[::-1]), "")


def subject(name: str) -> str:
    """What is said where a subject or a job stands for a model (`train resnet50`), else ''."""
    from whichgpu.workloads.subjects import told

    return told(name, known)


def model_of(name: str) -> str:
    """The model of what is typed as a job: `serve llama 3.1 8b`; another text as it is."""
    from whichgpu.workloads.subjects import job_of

    return job_of(name, known)[0] or name


def _hint(name: str) -> str:
    """The nearest names, of the size that is stated, each with the format that was asked for behind it."""
    from difflib import get_close_matches

    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.names import candidates

    if sized := _of_a_size(name):
        return f"a size alone names no model; did you mean {', '.join(sized)}?"
    formats = ((one.name, one.stored) for one in names.shorter(name) if one.stored)
    bare, stored = next(formats, (name, ""))
    close = get_close_matches(squeezed(bare), _names(), n=_CLOSE, cutoff=_ALIKE)
    near = list(dict.fromkeys(key for one in close for _, key in _names()[one]))
    sizes = set(_SIZE.findall(bare.lower()))
    near = [key for key in near if sizes <= set(_SIZE.findall(key))] or near
    # Of a family that has no such size its own go first: `llama 3.1 7b`.
    family = sorted(_numbered_family(bare), key=len) if sizes else []
    near = list(dict.fromkeys((*family[:_TOLD], *near)))
    told = ", ".join(f"{key}-{stored}" if stored and _language(key) else key for key in near[:_TOLD])
    if near:
        return f"did you mean {told}?"
    gpus = candidates(name, catalogue())
    return f"it is a GPU, which --gpu takes (several as A,B): --gpu {gpus[0].id}" if gpus else UNLISTED


def _numbered_family(name: str) -> list[str]:
    """Models called as a name is but for its size, behind a number of the family's: `llama 3.1 7b`."""
    stem = _SIZE.sub("", name.lower()).strip("-_ :")
    begun = names.going_on(stem) if re.search(r"[a-z].*\d", stem) and stem != name.lower() else None
    return [key for key in workloads() if begun and begun.match(key) and _SIZE.search(key)]


def _of_a_size(name: str) -> list[str]:
    """Language models of a size that stands alone (`70b`), those of the families first that are asked for."""
    size = name.strip().lower()
    if not _SIZE.fullmatch(size):
        return []
    usual: Mapping[str, str] = store.load("subjects")["subjects"]["family"]
    families = tuple(dict.fromkeys(key.rstrip("0123456789.-b") for key in usual))
    found = sorted((key for key in workloads() if key.endswith(f"-{size}")), reverse=True)
    return sorted(found, key=lambda key: (not key.startswith(families), len(key)))[:_TOLD]


#: What is said where no name is alike.
UNLISTED = "see the list: whichgpu workloads"
#: A size in a name: 70b, 0.5b, 8x7b.
_SIZE = re.compile(r"(?<![\d.])(?:\d+x)?\d+(?:\.\d+)?b(?![a-z])")
#: Names that are looked at, and that are told; how alike they are at least: below it the name of a program
#: (Reaper, Notion) looks like some model's as often as not.
_CLOSE, _TOLD, _ALIKE = 16, 4, 0.7


def _service(name: str) -> str:
    """What is said of a model that is only sold as a service (`data/services.toml`), else ''."""
    said, joined = words(name), squeezed(name)
    for title, row in store.load("services")["services"]["service"].items():
        if any(said[: len(one)] == one for one in map(words, row.get("open", ()))):
            continue
        sellers = {row["by"]: [title, *row["names"]], **row.get("others", {})}
        for seller, known in sellers.items():
            # `gpt5` is GPT-5.
            if any(said[: len(words(one))] == words(one) or joined == squeezed(one) for one in known):
                near = [key for one in row["nearest"] for key in _candidates(one)]
                hint = f"; the nearest open workload is {near[0]}" if near else ""
                if row.get("unreleased"):
                    return f"'{name}' was described, and never released ({seller}){hint}"
                return f"'{name}' is only sold as a service ({seller}), its size is not published{hint}"
    return ""
