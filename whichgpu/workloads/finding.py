"""The workload of a name that is no id of the zoo: by its spelling, by its parts, in other words."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UnknownName
from whichgpu.values import regex
from whichgpu.workloads import backbones, classes, handles, hastened, names, tasks
from whichgpu.workloads.hastened import numbered as _numbered
from whichgpu.workloads.names import squeezed, words
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.spelled import (
    SIZE,
    by_spelling,
    disowned,
    ids_of,
    language,
    of_one_size,
    out_of_order,
    spelled_out,
    starting,
    usual_side,
)
from whichgpu.workloads.unknown import nearest, said_of, sold
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.workloads.model import Workload

_BRACKETS = str.maketrans("[]()", "    ")


def find(name: str) -> Workload:
    """The workload of a name; raises as `resolving.resolve`."""
    asked = name
    item, name, keys, service = _find(name)
    if item is None and len(keys) > 1:
        raise UnknownName(f"'{name}' may be {' or '.join(keys)}; write one of them")
    if item is None:
        service = service or sold(name.partition("/")[2])
        raise UnknownName(service or said_of(asked) or f"no workload '{name}'; {nearest(name)}")
    return tasks.tested(item, asked)


def is_found(name: str) -> bool:
    """Whether a name is that of one workload."""
    return _find(name)[0] is not None


def _find(
    name: str, tried: dict[str, Workload | None] | None = None
) -> tuple[Workload | None, str, list[str], str]:
    """The workload of a name, the name as it was read, several that it may mean, and what it is a service of.

    `tried` holds what the names came to that it was read as on the way.
    """
    name = names.rewritten(names.sized(names.filed(name)), "sooner")
    keys = ids_of(name)
    tried = {} if tried is None else tried
    if not keys and (item := _said_otherwise(name, tried)):
        return item, name, [item.id], ""
    if not keys and set(name) & set("[]()"):
        # `FLUX.1 [dev]`, `Llama 3.1 8B (Instruct)`
        suites = list(names.suited(name))
        suite = next(filter(ids_of, suites), suites[-1] if suites else "")
        # The note is looked at whole first: of `TFT (Temporal Fusion Transformer)` no word is left out.
        name = suite or _twice(name) or names.unnoted(name)
        name = _aside(name) or _plain(name)
        keys = ids_of(name)
    if len(keys) > 1:
        return None, name, keys, ""
    if keys == [name]:
        return workloads()[name], name, keys, ""
    # What stands behind who published it may be a model of the zoo (`suno-ai/bark`).
    service = "" if keys or ids_of(name.rpartition("/")[2]) else sold(name)
    item = None if service else _longer(name, keys)
    if item is None and not keys and not service:
        item, keys = _otherwise(name, tried)
    if item is None and len(keys) == 1:
        item = _weighted(workloads()[keys[0]], name)
    return item, name, keys if item else [], service


def _weighted(item: Workload, name: str) -> Workload:
    """A network as the weights of a name of timm's have it: their side and classes, where those are others.

    `tresnet_l.miil_in1k_448` sees a larger picture, `tiny_vit_21m_224.dist_in22k_ft_in1k` tells 1,000 apart.
    """
    if squeezed(name) in by_spelling():
        return item
    side, data = _TAGGED_SIDE.search(name), _TAGGED_DATA.search(name)
    if side and int(side[1]) in _SIDES:
        item = _numbered(item, {"height": float(side[1]), "width": float(side[1])})
    count = names.table()["pretrained"].get(data[1].lower(), 0) if data else 0
    other = count and classes.told(item.dims) not in (0, count)
    return _numbered(item, {"options": {"classes": str(count)}}) if other else item


def _said_otherwise(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name with MLPerf's suite about it, or with its own task behind it; None of others."""

    def read(other: str) -> Workload | None:
        return _read_as(other, tried)

    # `MLPerf Training v4.0 BERT`: what the suite calls so; of its inference, what such a name is read as.
    suites = list(names.suited(name))
    keys = next(filter(None, map(ids_of, suites)), [])
    item = workloads()[keys[0]] if len(keys) == 1 else None
    plain = (one for one in suites if not any(names.suited(one)))
    return item or next(filter(None, map(read, plain)), None) or tasks.less_task(name, read)


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
    return found[1] if found and said and not open_ and ids_of(found[1]) else ""


@lru_cache(maxsize=1)
def _words_of_names() -> frozenset[str]:
    """Every word that stands in the name of some workload."""
    return frozenset(word for spelling, _ in workloads().spellings() for word in names.words(spelling))


def _noted(name: str) -> tuple[re.Match[str] | None, str]:
    """What stands in brackets of a name, and the name without it."""
    note = re.search(r"\(([^()]+)\)", name)
    return note, " ".join(name.replace(note[0], " ").split()) if note else ""


def _twice(name: str) -> str:
    """A name less the same in brackets, or what its letters stand for: `TFT (Temporal ..)`; else ""."""
    note, bare = _noted(name)
    found = ids_of(bare) if note and bare else []
    if not note or not found:
        return ""
    initials = "".join(word[0] for word in names.words(note[1]))
    # The letters may have a size behind them: `VAN-B3 (Visual Attention Network)`.
    short = {squeezed(bare), names.words(bare)[0]} if len(initials) > 1 else set()
    return bare if found == ids_of(note[1]) or initials in short else ""


def _plain(name: str) -> str:
    """A name without brackets, in which may stand another of its own: `Stable Diffusion XL (SDXL) 1.0`."""
    note, bare = _noted(name)
    if twice := _twice(name):
        return twice
    if note and bare and (beside := _same(bare, note[1])):
        return beside
    return "-".join(name.translate(_BRACKETS).replace(",", " ").split())


def _same(name: str, other: str) -> str:
    """Of two names of one workload that which says more: `Llama 3.1 70B (amd/..-FP8-KV)`; "" for two."""
    mine, its = _find(name)[0], _find(other)[0]
    if mine is None or its is None or mine.id != its.id:
        return ""
    return other if its.defaults != workloads()[its.id].defaults else name


def _otherwise(name: str, tried: dict[str, Workload | None]) -> tuple[Workload | None, list[str]]:
    """The workload, or the ids, of a name that no spelling is alike: by its parts, or in other words."""
    ways = (_of_few_steps, _of_a_side, _of_a_number, _of_a_tower, _of_a_length)
    longer = next(filter(None, (way(name, tried) for way in ways)), None)
    if longer is not None:
        return longer, []
    if name.count("/") == 1:
        # Whoever publishes a picture's model goes before its name as well.
        spelled = by_spelling().get(squeezed(name.partition("/")[2]), ())
        if spelled:
            return None, list(dict.fromkeys(key for _, key in spelled))
    keys = spelled_out(name) or out_of_order(name) or usual_side(name) or of_one_size(name)
    if keys:
        return None, keys
    # Rules are of names as repositories have them, with hyphens: `Midnight Miqu 70B v1.5`.
    joined = "-".join(name.split())
    hub = name.rpartition("/")[2]
    # Behind its owner on the Hub may stand what it was converted for: `apple/coreml-FastViT-T8`.
    converted = names.published(hub) if hub not in (name, names.published(hub)) else ""
    less = (names.rewritten(name), names.rewritten(joined), names.published(name), converted, disowned(name))
    others = (
        one
        for one in (*less, names.unversioned(name), *handles.readings(name))
        if one and one not in (name, joined)
    )
    read = next(filter(None, (_read_as(one, tried) for one in others)), None)
    ways_of = ((backbones.varied, name), (backbones.varied, joined), (backbones.over, name))
    made = (way(one, lambda other: _read_as(other, tried)) for way, one in ways_of)
    return read or next(filter(None, made), None) or _less_stored(name, tried) or _within(name), []


def _less_stored(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The language model of a name that is one in other words once its format is off: `GLM-5.2-FP8`."""
    for one in names.shorter(name):
        other = names.rewritten(one.name)
        item = _read_as(other, tried) if other != one.name else None
        if item and item.family in names.table()["families"]:
            return _stored(item, one.stored)
    return None


#: Families of several generations, of which an upload's name without a number does not tell which.
_UNNUMBERED = r"(?:qwen|llama|gemma|phi|glm|internlm|granite|yi)-[\d.]+b"
#: A family with its generation, which a size behind other words is of.
_GENERATION = r"(?:qwen|llama|gemma)-?\d(?:\.\d)?(?:-vl)?"


def _within(name: str) -> Workload | None:
    """The language model whose name and size stand in that of an upload: `someone/Unhinged-Llama-3.1-8B`.

    None where nobody is said to have published it, or where another size stands beside it, or a word that
    makes another network of it.
    """
    owner, _, upload = name.lower().rpartition("/")
    said = [one for one in re.split(r"[-_ :]+|\.(?=[a-z])", upload) if one and owner]
    for inside, beside in _parted(said):
        if any(map(names.makes_another, beside)):
            continue
        if re.fullmatch(_UNNUMBERED, "-".join(inside)):
            return None
        keys = language("-".join(inside))
        if keys and (base := _base(inside, beside)):
            keys = language(base)
        stored = names.format_of(beside)
        odd = any(map(names.like_no_format, beside)) or (not stored and any(map(names.like_a_format, beside)))
        item = workloads()[keys[0]] if len(keys) == 1 and not odd else None
        # Of a tower that sees pictures of one side another one is another model: `paligemma2-3b-pt-384`.
        sided = any(one.isdigit() and int(one) in _SIDES for one in beside)
        if item is not None and not ("vision" in item.dims and sided):
            return _stored(item, stored)
    return _begun(said)


#: Families that others tune, and call their own name.
_BASE = r"(?:qwen|llama|gemma|mistral|mixtral|phi|yi|falcon|mpt|olmo)[\d.]*"


def _base(inside: list[str], beside: Sequence[str]) -> str:
    """The one family beside a tuned model's name that it is tuned from, in its size: `zephyr-7b-gemma`."""
    bases = {one for one in beside if re.fullmatch(_BASE, one)}
    if len(bases) != 1 or any(re.match(_BASE, one) for one in inside):
        return ""
    return "-".join([*bases, *filter(SIZE.fullmatch, inside)])


def _begun(said: list[str]) -> Workload | None:
    """The language model that an upload's name without a size begins with: `nex-agi/DeepSeek-V3.1-Nex-N1`.

    Of a generation that has one size alone, and where no other of that family goes on so.
    """
    counts = range(len(said) - 1, 0, -1) if not any(map(SIZE.fullmatch, said)) else ()
    for count in counts:
        inside, beside = "-".join(said[:count]), said[count:]
        keys = language(inside) if any(sign.isdigit() for sign in inside) else ()
        if len(keys) == 1:
            return None if _kin(inside, beside) else _stored(workloads()[keys[0]], names.format_of(beside))
    return None


def _kin(name: str, beside: list[str]) -> bool:
    """Whether words behind a name may make another model of it, or are of a format that is unknown."""
    stored = names.format_of(beside)
    odd = any(map(names.like_no_format, beside)) or (not stored and any(map(names.like_a_format, beside)))
    longer = squeezed(f"{name}-{beside[0]}")
    apart = any(names.makes_another(word) or word in names.table()["kin"] for word in beside)
    return odd or apart or any(starting(longer))


def _parted(said: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Words of an upload that hold a size, and those beside them: the longest run first.

    Behind those what a family with its generation and the only size come to between which others stand:
    `Llama-3-ELYZA-JP-8B`.
    """
    for count in range(len(said) - 1, 0, -1):
        for start in range(len(said) - count + 1):
            inside = said[start : start + count]
            if any(map(SIZE.fullmatch, inside)):
                yield inside, said[:start] + said[start + count :]
    sizes = [at for at, one in enumerate(said) if SIZE.fullmatch(one)]
    for count in (2, 1):
        for start in range(sizes[0] - count if len(sizes) == 1 else 0):
            family = said[start : start + count]
            if re.fullmatch(_GENERATION, "-".join(family)):
                at = sizes[0]
                yield [*family, said[at]], said[:start] + said[start + count : at] + said[at + 1 :]


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
    found = (known or language(one.name) for one in shorter if stored or not known)
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
        stored, meant = said.stored, tuple(ids_of(said.name))
        if not meant:
            meant, shorter = _longest(said.name)
            stored = stored or shorter
        meant = meant or tuple(out_of_order(said.name) or usual_side(said.name) or spelled_out(said.name))
        item = workloads()[meant[0]] if len(meant) == 1 else _of_a_side(said.name, {})
        # `ResNet-152 (bs=64, FP16)`: a number of the job before its format.
        item = item or (_of_a_number(said.name, {}) if not meant else None)
        off = words(name[len(said.name) :])
        if item is not None and item.family not in _READERS and set(off) & set(names.table()["labelled"]):
            # A network of texts under its kind alone is another one: `GRU-Sentiment`.
            continue
        # Pictures are as often made with a LoRA as one is trained on them.
        made = item is not None and item.family.startswith("diffusion") and said.phase == "finetune_lora"
        if item is not None and not (made and not re.search("train|tun", name, re.IGNORECASE)):
            return _doing(tasks.labelled(_stored(item, stored), off), said.phase)
    return None


def _longest(name: str) -> tuple[tuple[str, ...], str]:
    """The language model of a name whose last words say who tuned or stored it, and the format in them."""
    found = ((language(one.name), one.stored) for one in names.shorter(name))
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
        ids_of(bare)
        or out_of_order(bare)
        or usual_side(bare)
        or spelled_out(bare, found["side"])
        or spelled_out(bare)
    )
    item = workloads()[keys[0]] if len(keys) == 1 else None if keys else _done(found["name"])
    if item is None and not keys and found["by"]:
        # Of two sides what goes before may be any name: `SD1.5 LCM 4 steps 512x512`.
        item = _read_as(bare, tried)
    if item is None or "height" not in item.code.DEFAULTS["*"]:
        return _of_one_size(item, int(found["side"])) if item else None
    # A network may have weights of its own for that side: `vit large 384`.
    own = "" if found["by"] else re.sub(r"-\d{3}$", f"-{found['side']}", item.id)
    item = workloads().get(own, item)
    return _numbered(item, {"height": float(found["side"]), "width": float(found["by"] or found["side"])})


def _of_one_size(item: Workload, side: int) -> Workload | None:
    """A model of pictures of one size alone, or the same for another: `CLIP ViT-L/14 336`; else None."""
    fixed: Any = item.dims.get("image")
    if not isinstance(fixed, dict) or fixed.get("size") == side:
        return item if isinstance(fixed, dict) else None
    keys = ids_of(f"{item.id}-{side}")
    return workloads()[keys[0]] if len(keys) == 1 else None


#: Numbers of a job behind a name, by column: `BERT Large (seq 384)`, `SDXL 30 steps`, `ResNet-50 bs64`.
_NUMBERS = {
    "seq_len": regex(
        r"(.+?)[-_ (,@]+(?:seq(?:uence)?[-_ ]?(?:len(?:gth)?)?[-_ =:]*(\d{2,6})"
        r"|(\d{2,6})[-_ ]?(?:aa|residues|amino[-_ ]acids|tokens|tok))\)?",
        re.IGNORECASE,
    ),
    "steps": regex(r"(.+?)[-_ (,@]+(\d{1,3})[-_ ]?steps?\)?", re.IGNORECASE),
    "batch": regex(
        r"(.+?)[-_ (,@]+(?:m?bs|(?:micro[-_ ]?)?batch(?:[-_ ]?size)?)[-_ =:]*(\d{1,6})\)?", re.IGNORECASE
    ),
    "frames": regex(
        r"(.+?)(?:[-_ (,@]+(?=\d{1,3}[-_ ]?f)|(?<=\dx\d{3})x|(?<=\dx\d{4})x)"
        r"(\d{1,3})(?:[-_ ]?f(?:rames?)?)?\)?",
        re.IGNORECASE,
    ),
    "seconds": regex(r"(.+?)[-_ (,@]+(\d{1,3})[-_ ]?s(?:ec(?:ond)?s?)?\)?", re.IGNORECASE),
    "beam": regex(r"(.+?)[-_ (,@]+beam(?:[-_ ]?(?:size|width))?[-_ =:]*(\d{1,2})\)?", re.IGNORECASE),
    "n": regex(r"([a-z]*gemm|[a-z0-9-]*fft[a-z0-9-]*)[-_ (,@]+(?:n ?= ?)?(\d{2,6})\)?", re.IGNORECASE),
}


#: Those of them that are options, and no columns.
_OF_OPTIONS = ("frames", "seconds", "beam", "n")


def _of_few_steps(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The generator of a name that ends in how it was distilled, and its format: `ltxv-13b-distilled-fp8`."""

    def read(other: str) -> Workload | None:
        return _read_as(other, tried)

    told = (names.Shorter(name, ""), *names.told(name))
    ways = ((said, hastened.of_few_steps(said.name, read)) for said in told)
    return next((_stored(item, said.stored) for said, item in ways if item is not None), None)


def _of_a_number(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name that ends in a number of its job, which its jobs have by default."""
    for column, pattern in _NUMBERS.items():
        found = pattern.fullmatch(name)
        item = _read_as(found[1], tried) if found else None
        number = next(filter(None, found.groups()[1:])) if found else ""
        if found and item and column in _OF_OPTIONS and (column in item.dims or column in item.options):
            return _numbered(item, {"options": {column: number}})
        if found and item and column == "seconds" and (frames := hastened.frames_of(item, float(number))):
            return _numbered(item, {"options": {"frames": str(frames)}})
        if found and item and any(column in one for one in item.code.DEFAULTS.values()):
            return _numbered(item, {column: float(number)})
    return None


#: Tokens of a sequence behind the name of an encoder: `BERT-large 384`; families whose names go on so. With a
#: hyphen the number may be a width.
_LENGTH = regex(r"(.+?\S) +(64|128|256|384|512|1024|2048|4096|8192)", re.IGNORECASE)


_READERS = ("encoder", "modern_encoder", "disentangled")


def _of_a_length(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The encoder of a name that ends in the length of its sequences, which its jobs have by default."""
    found = _LENGTH.fullmatch(name)
    item = _read_as(found[1], tried) if found else None
    if found is None or item is None or item.family not in _READERS:
        return None
    return _numbered(item, {"seq_len": float(found[2])})


#: One of two towers behind the name of both: `CLIP ViT-L/14 image encoder`.
_TOWER = regex(r"(.+?)[-_ (]+(image|vision|visual|text)[-_ ]+(?:encoder|tower|embedding)s?\)?", re.IGNORECASE)


def _of_a_tower(name: str, tried: dict[str, Workload | None]) -> Workload | None:
    """The workload of a name that ends in one of its two towers, which its jobs run alone."""
    found = _TOWER.fullmatch(name)
    item = _read_as(found[1], tried) if found else None
    if found is None or item is None or not hasattr(item.code, "TOWERS"):
        return None
    return _numbered(item, {"options": {"towers": "text" if found[2].lower() == "text" else "image"}})


_TAGGED_SIDE = regex(r"\.[a-z]\w*_(\d{3})$", re.IGNORECASE)
#: What weights of timm learnt last: `.dist_in22k_ft_in1k`, `.miil_in21k`.
_TAGGED_DATA = regex(r"\.(?:\w+_)?((?:miil_)?in\d+k)(?:_\d{3})?$", re.IGNORECASE)


#: A name with the side of a picture behind it, or both: `yolov3-608`, `pspnet_r101-d8_512x1024`.
_SIDED = regex(
    r"(?P<name>.*[^-_ @,])[-_ @,]+(?:[134] ?[xX\u00d7] ?(?=\d{2,4} ?[xX\u00d7]))?"
    r"(?P<side>\d{2,4})(?: ?[xX\u00d7] ?(?P<by>\d{2,4}))?"
)


#: Sides of a picture, in pixels, that a name may end in: other numbers are depths (`101`, `152`).
_SIDES = frozenset(
    (*range(96, 2049, 16), 227, 260, 299, 300, 331, 380, 456, 473, 475, 513, 528, 572, 600, 713, 769)
)
