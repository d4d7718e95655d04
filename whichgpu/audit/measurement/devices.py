"""Which GPU a sentence is of, and how many of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.measurement.text import cut, missing
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.instances import instance
from whichgpu.hardware.slices import resolve_device
from whichgpu.prices.live import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.hardware.catalogue import Catalogue

_SPELLED = {
    **SPELLED, "dual": 2, "quad": 4, "pair of": 2, "couple of": 2,
    # German, French, Spanish, Italian and Portuguese.
    "zwei": 2, "drei": 3, "vier": 4, "acht": 8, "deux": 2, "trois": 3, "quatre": 4, "huit": 8,
    "dos": 2, "tres": 3, "cuatro": 4, "ocho": 8, "due": 2, "quattro": 4, "duas": 2, "quatro": 4, "oito": 8,
}  # fmt: skip
_WORD = rf"(?P<word>{'|'.join(_SPELLED)})"
_COUNT = re.compile(
    rf"(?:\b(?P<n>\d{{1,4}})\s*[x\u00d7]?|\b{_WORD})\s*"
    r"(?:(?:NVIDIA|used|second[- ]?hand|refurbished|new|old|older|cheap|extra|other|more)\s+)*$",
    re.I,
)
#: What a number before a GPU is of, if not of GPUs: "batch 128 RTX 4090".
_OF_THE_JOB = re.compile(
    r"\b(?:batch(?:[- ]?size)?|bs|seq(?:uence)?(?:[- _]?len(?:gth)?)?|concurrency|resolution|tokens?|steps?)"
    r"\W*(?:of|is)?\W*$",
    re.I,
)
#: "8xH200", "8xh200", "A6000 x2", and a number that is a card's but counts here.
_GLUED = re.compile(r"\b(?:(\d{1,4})[x\u00d7](?=[A-Z]|[a-z]{1,4}\d)|(\d{1,2})[x\u00d7](?=\d{4}\b))")
#: GPUs of several machines: "two nodes of 8 H100", "2 machines with 8x A100", "4 x 8 H100".
_MACHINES = re.compile(
    rf"\b(?:(?P<n>\d{{1,3}})|{_WORD})\s*(?:(?:nodes?|machines?|servers?|hosts?)\s*(?:of|with|having|[:(])?|[x\u00d7])"
    r"\s*(?P<each>\d{1,2})\s*[x\u00d7]?(?=\s*(?:(?:NVIDIA|AMD)\s)?(?:RTX|GTX|Tesla|Quadro|[A-Z]{1,2}\d))",
    re.I,
)
_TIMES = re.compile(r"\s*[x\u00d7]\s?(\d{1,4})\b|\s+pair\b", re.I)
_TOGETHER = re.compile(
    rf"\b(?:(?P<n>(?!1\b)\d{{1,4}})|{_WORD})(?: of (?:them|these)|[- ](?:GPU|card|device)s?)\b", re.I
)
#: "60 % faster with two", and cores of a TPU, two on a chip: "TPU v3-8".
_WITH = re.compile(rf"(?<=faster with )(?:(?P<n>\d{{1,2}})|{_WORD})\b", re.I)
_TPU_CORES = re.compile(r"\bTPU[ -]?v[23]-(\d{1,4})\b", re.I)
_IS_RATE = re.compile(
    r"\s?(?!(?:costs?|prices?|rents?|for|rental) )"
    r"(?:[a-z]+/|(?:[a-z]+ )?(?:per|a) (?:s(?:ec(?:ond)?)?|m(?:in(?:ute)?)?|h(?:r|our)?)\b)",
    re.I,
)
#: A name that may be an amount: "4090 tokens/s", "t4 /s"; an H100 is none.
_BARE = re.compile(r"\d+|\w{1,2}")
_IS_TIME = re.compile(r"\d+ ?ms", re.I)
_PROFILE = re.compile(r"\b(\dg\.\d+gb)\b", re.I)
_OF_A_NAME = re.compile(r"\w-$")
#: A generation alone, which is a TPU's where one is spoken of.
_GENERATION, _TPU = re.compile(r"v\d[a-z]?", re.I), re.compile(r"\bTPUs?\b", re.I)
#: NVIDIA's machines of eight, told as one.
_BOX = re.compile(r"\b(?:DGX|HGX)\b(?![- ]?(?:[12]\b|Station|Spark|Cloud))", re.I)
#: What a card is in, of which a name has another than on a desk.
_PORTABLE = re.compile(r"\b(?:laptop|notebook)\b", re.I)
#: What an instance type of a cloud looks like: p3.2xlarge, a2-highgpu-1g, Standard_NC24ads_A100_v4.
_TYPE = re.compile(r"\b[A-Za-z][\w-]*\d[\w-]*\.?[\w-]+\b")
_CORES = re.compile(r"\b(\d{1,2})[- ]?cores?\b(?! CPU)", re.I)


def device(text: str, catalogue: Catalogue) -> tuple[str, tuple[str, ...], str]:
    """The one device that is named, with how many of it, what else it may be, and the text without both.

    Raises `UsageError` where none is named, or several are.
    """
    text = _TPU_CORES.sub(lambda core: f"{max(1, int(core[1]) // 2)} x {core[0].rpartition('-')[0]}", text)
    text = _GLUED.sub(lambda glued: f"{glued[1] or glued[2]} x ", _all_machines(text))
    found = named(text, catalogue)
    if not found and (rented := _rented(text)):
        return rented
    if not found:
        raise missing("GPU on file", text)
    narrow = min((each.ids for each in found), key=len)
    if not all({*narrow} <= {*each.ids} for each in found):
        names = " and ".join(dict.fromkeys(each.text for each in found))
        raise UsageError(f"'{one_line(text)}' names {names}: tell of one GPU, or write --gpu")
    one = next(each for each in found if each.ids == narrow)
    count, behind, several = _several(text, one)
    cores = {int(each) for each in _CORES.findall(text)}
    boxed = _in_box(text)
    meant = _meant(_of_several(one, catalogue) if several > 1 else one.ids, text, catalogue, boxed=boxed > 1)
    ids = tuple(key for key in meant if catalogue[key].value("sms") in cores) or usual(meant, catalogue)
    if slices := _sliced(ids, text, catalogue):
        ids = slices
    name, may_be = (ids[0], ()) if len(ids) == 1 else (one.text, ids)
    rest = cut(text, count.start() if count else one.start, behind.end() if behind else one.end)
    together = None if count or behind else _TOGETHER.search(rest) or _WITH.search(rest)
    if together:
        several, rest = _number(together), cut(rest, together.start(), together.end())
    several = several or boxed
    return f"{name}:{several}" if several > 1 else name, may_be, rest


def counted(text: str, catalogue: Catalogue) -> list[tuple[tuple[str, ...], int]]:
    """Every device that is named, in order: what its name may mean, and how many of it (0: not told)."""
    text = _GLUED.sub(lambda glued: f"{glued[1] or glued[2]} x ", _all_machines(text))
    found = named(text, catalogue)
    meant = {ids: usual(ids, catalogue) for ids in dict.fromkeys(one.ids for one in found)}
    return [(meant[one.ids], _several(text, one)[2]) for one in found]


def _all_machines(text: str) -> str:
    """The text with the GPUs of all machines in place of those of each."""
    return _MACHINES.sub(lambda told: f"{_number(told) * int(told['each'])} x ", text)


def _several(text: str, one: Mention) -> tuple[re.Match[str] | None, re.Match[str] | None, int]:
    """What says before or behind a device how many of it there are, and how many; 0 where nothing does."""
    count, behind = _COUNT.search(text[: one.start]), _TIMES.match(text, one.end)
    if count and _OF_THE_JOB.search(text[: count.start()]):
        count = None
    return count, behind, int(behind[1] or 2) if behind else _number(count) if count else 0


def _of_several(one: Mention, catalogue: Catalogue) -> tuple[str, ...]:
    """What a name in the plural means where a number stands beside it: "two L40s" are no L40S."""
    if not one.text.endswith("s"):
        return one.ids
    single = {key for each in mentions(one.text[:-1], catalogue) for key in each.ids}
    return tuple(key for key in one.ids if key in single) or one.ids


def _sliced(ids: Sequence[str], text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The MIG slices of devices that a text names: "1g.10gb slice of an A100"."""
    found: list[str] = []
    if profile := _PROFILE.search(text):
        for key in ids:
            with suppress(UsageError):
                found.append(resolve_device(f"{key}:mig-{profile[1].lower()}", catalogue)[0].id)
    return tuple(found)


def _rented(text: str) -> tuple[str, tuple[str, ...], str] | None:
    """What `device` finds of the first instance type with whole GPUs: "p3.8xlarge"."""
    for word in _TYPE.finditer(text):
        key, count = instance(word[0]) or ("", 0.0)
        if count >= 1.0:
            name = f"{key}:{count:.0f}" if count > 1.0 else key
            return name, (), cut(text, word.start(), word.end())
    return None


def named(text: str, catalogue: Catalogue) -> list[Mention]:
    """The devices of a text: "t4 /s" is a rate, the end of "bge-m3" no M3, of "whisper v3" no TPU."""
    return [
        each
        for each in mentions(text, catalogue)
        if not (
            _IS_TIME.fullmatch(each.text) or (_BARE.fullmatch(each.text) and _IS_RATE.match(text, each.end))
        )
        and not _OF_A_NAME.search(text[: each.start])
        and (not _GENERATION.fullmatch(each.text) or _TPU.search(text[: each.start]))
    ]


def _meant(ids: tuple[str, ...], text: str, catalogue: Catalogue, *, boxed: bool) -> tuple[str, ...]:
    """Of the devices of a name those in what the text says they are in: a laptop, a machine of eight."""
    if _PORTABLE.search(text):
        portable = [_of_laptops(key, catalogue) for key in ids]
        if all(portable):
            return tuple(dict.fromkeys(key for some in portable for key in some))
    return (tuple(key for key in ids if "-sxm" in key) if boxed else ()) or ids


def _of_laptops(key: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The cards of laptops that share a card's name: that of its memory, else of any (RTX 3080 10 GB)."""
    if key.endswith("-laptop") or "-laptop-" in key:
        return (key,)
    if f"{key}-laptop" in catalogue:
        return (f"{key}-laptop",)
    stem = f"{re.sub(r'-[0-9]+gb$', '', key)}-laptop"
    return tuple(one for one in catalogue if one == stem or one.startswith(f"{stem}-"))


def _in_box(text: str) -> int:
    """How many GPUs are meant where no number is told: those of a machine that is named, else one."""
    machine = _BOX.search(text)
    return 8 if machine and not re.search(r"\bper (?:GPU|card|device)\b", text, re.I) else 1


def usual(ids: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
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
