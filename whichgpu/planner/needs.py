"""What a user needs of a GPU: a word (`fp64`, `single-slot`), a catalogue field, or a field with a bound.

    nvlink, mig, av1, laptop ..   a table of data/needs.toml
    fp8, sparsity, rt ..          a format or feature of the hardware (data/capabilities.toml), or a field
    memory>=48 GB, slots<=2       a bound on a field that is a number
    no-ecc, no-nvlink             the absence of what the word behind it needs

A need is met, not met, or not known: of a field that no source states nothing is assumed.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware import filters
from whichgpu.hardware.blank import blank
from whichgpu.hardware.fields import FIELDS, RATES
from whichgpu.units import parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: Words of a field that say that there is none.
_NONE = ("", "no", "none", "false", "0")
#: How a feature that counts as there is supported.
_THERE = ("native", "yes")


#: Words for what is bought and carried, and rented by nobody.
LAPTOPS = ("laptop", "mobile", "portable", "notebook")
#: Needs of what nobody rents out: it is bought, with a price on file or without.
BOUGHT = (*LAPTOPS, "edge", "jetson", "embedded")


#: Other names of fields that are bounded, and of fields of words how their counts are written.
_BOUNDED = {"vram": "memory", "ram": "memory", "tdp": "power", "watts": "power", "tgp": "power",
            "outputs": "display_outputs", "monitors": "display_outputs", "cc": "compute_capability",
            "sm": "compute_capability", "compute-capability": "compute_capability"}  # fmt: skip
_COUNTED = {"display_outputs": r"(\d+)x", "encoders": r"^(\d+)", "decoders": r"^(\d+)"}


class Bound(NamedTuple):
    """A need that is a number: what a GPU has of it (NaN where not known), the limit, and as typed."""

    has: Callable[[Gpu], float]
    limit: float
    typed: Callable[[float], str]
    #: Whether several cards in one machine have the sum of it.
    adds: bool = False


class Need(NamedTuple):
    """One need: as typed, what it is, and whether a GPU meets it (None where that is not known)."""

    text: str
    title: str
    met: Callable[[Gpu], bool | None]
    bound: Bound | None = None
    #: What it is not to have, where that is the need.
    unwanted: str = ""

    def lacking(self, gpu: Gpu) -> str:
        """Why a GPU does not meet it."""
        if self.met(gpu) is None:
            return f"whether it has {_article(self.unwanted or self.title)} was not read in any source"
        return f"it has {self.unwanted}" if self.unwanted else f"no {self.title}"


def need(text: str) -> Need:
    """The need that a word or bound states.

    Raises `UsageError` with the nearest for a word that is none, and for a bound that cannot be.
    """
    plain = text.strip()
    for sign, option in ((">=", "--min"), ("<=", "--max"), (">", "--min"), ("<", "--max")):
        if sign in plain:
            return _bound(plain, sign, option)
    key = _key(plain)
    if key in _names():
        name = _names()[key]
        table = _tables()[name]
        return Need(name, table["title"], lambda gpu: _met(table, gpu))
    field = key.replace("-", "_")
    if field in RATES or field in ("fp4", "fp6"):
        return Need(field, _label(field), lambda gpu: _format(field, gpu))
    if key in _features():
        return Need(key, key.replace("-", " "), lambda gpu: _feature(key, gpu))
    if field in FIELDS:
        return Need(field, _label(field), lambda gpu: _stated(gpu.value(field)))
    if key.startswith("no-"):
        return _absent(text, key.removeprefix("no-"))
    raise UsageError(_unknown(text))


def _absent(text: str, key: str) -> Need:
    """The need of a GPU without something: `no-ecc`. Raises `UsageError` for a word that is no need."""
    try:
        there = need(key)
    except UsageError:
        raise UsageError(_unknown(text)) from None

    def met(gpu: Gpu) -> bool | None:
        has = there.met(gpu)
        return None if has is None else not has

    return Need(f"no-{there.text}", f"absence of {there.title}", met, unwanted=there.title)


def meeting(text: str, gpus: Iterable[Gpu]) -> tuple[list[Gpu], list[str]]:
    """The GPUs that meet every need of a list (`fp8,nvlink`), and a sentence on each that leaves some open.

    Raises `UsageError` for a word that is no need.
    """
    found, said = list(gpus), []
    for one in (need(word) for word in text.split(",") if word.strip()):
        known = [(gpu, one.met(gpu)) for gpu in found]
        if unread := sum(met is None for _, met in known):
            said.append(f"{unread} left out because no source says whether they meet '{one.text}'.")
        found = [gpu for gpu, met in known if met]
    return found, said


def chosen(
    pool: Sequence[Gpu], conditions: Sequence[filters.Condition], needs: str
) -> tuple[list[Gpu], list[str]]:
    """The GPUs that meet every condition and need, and a sentence on each that leaves some open."""
    found, unknown = meeting(needs, [gpu for gpu in pool if all(one.met(gpu) for one in conditions)])
    return found, [*filters.unread(pool, conditions), *unknown]


def _bound(text: str, sign: str, option: str) -> Need:
    name, _, limit = (part.strip() for part in text.partition(sign))
    name = _BOUNDED.get(_key(name)) or _tables().get(_names().get(_key(name), ""), {}).get("field") or name
    if name in _COUNTED:
        return _counted(text, name, limit, least=option == "--min")
    if name == "compute_capability":
        return _version(text, limit, least=option == "--min")
    condition = filters.bound(f"{name}={limit}", option)
    words = "of at least" if option == "--min" else "of at most"
    title = f"{FIELDS[condition.field].label} {words} {limit}"
    return Need(text, title, condition.met)


def _counted(text: str, name: str, limit: str, *, least: bool) -> Need:
    """A bound on how many there are in a field of words: `4x DisplayPort 1.4a`, `2 NVENC (..)`."""
    try:
        count = float(limit)
    except ValueError:
        raise UsageError(f"--needs {one_line(text)}: '{one_line(limit)}' is not a number") from None

    def has(gpu: Gpu) -> float:
        value = gpu.value(name)
        counts = re.findall(_COUNTED[name], str(value))
        if value in (None, "") or (not counts and value != "none"):
            return math.nan
        return float(sum(map(int, counts)))

    def met(gpu: Gpu) -> bool | None:
        found = has(gpu)
        if math.isnan(found):  # Where there is one, and no source says how many, there is one.
            return True if least and count <= 1 and gpu.value(name) not in (None, "") else None
        return found >= count if least else found <= count

    words = "at least" if least else "at most"
    stem = re.split(r"[<>]=?", text)[0].strip()
    typed = f"{stem}{'>=' if least else '<='}{{:g}}".format
    return Need(text, f"{_label(name)}: {words} {count:g}", met, Bound(has, count, typed, adds=least))


def _version(text: str, limit: str, *, least: bool) -> Need:
    """A bound on the compute capability, which is a version and no number: 12.0 comes after 8.9."""
    asked = _parts(limit)
    if asked is None:
        raise UsageError(f"--needs {one_line(text)}: '{one_line(limit)}' is no version; write e.g. cc>=8.0")

    def met(gpu: Gpu) -> bool | None:
        value = gpu.value("compute_capability")
        own = None if value is None else _parts(str(value))
        if own is None:  # other makers have none, and processors
            return None if gpu.vendor == "NVIDIA" and gpu.segment != "cpu" else False
        return own >= asked if least else own <= asked

    return Need(text, f"compute capability of at {'least' if least else 'most'} {limit}", met)


def _parts(text: str) -> tuple[int, ...] | None:
    return tuple(map(int, text.split("."))) if re.fullmatch(r"\d+(\.\d+)*", text.strip()) else None


def _met(table: Mapping[str, Any], gpu: Gpu) -> bool | None:
    """A table of `data/needs.toml`: its identity, its field, the feature of its name, its rules, in turn."""
    if "identity" in table:
        return all(getattr(gpu, name) in wanted for name, wanted in table["identity"].items())
    known = _by_field(table, gpu)
    if known is None and "feature" in table:
        known = _feature(table["feature"], gpu)
    if known is None:
        known = next((rule["holds"] for rule in table.get("rule", ()) if _speaks(rule, gpu)), None)
    return known


def _by_field(table: Mapping[str, Any], gpu: Gpu) -> bool | None:
    value = gpu.value(table["field"]) if "field" in table else None
    if value is None:
        # A count that its maker tells of no part may be known to be above none.
        reason = blank(gpu, table["field"]) if "field" in table and not table.get("counted") else None
        return reason.has if reason else None
    for name, most in table.get("within", {}).items():
        if (gpu.value(name) or 0.0) > parse(most, FIELDS[name].dimension):
            return False
    if "has" in table:
        return table["has"].lower() in str(value).lower()
    if "is" in table or "most" in table:
        return bool(value == table["is"] if "is" in table else value <= table["most"])
    if "of" in table:
        whole = gpu.value(table["of"])
        return None if not whole else bool(value >= table["share"] * whole)
    return bool(str(value).lower() in _NONE) if table.get("none") else _stated(value)


def _speaks(rule: Mapping[str, Any], gpu: Gpu) -> bool:
    """Whether a rule is about a GPU: each of its lists names it."""
    return all(_is(gpu, name) in wanted for name, wanted in rule.items() if name not in ("holds", "source"))


def _is(gpu: Gpu, name: str) -> Any:
    return getattr(gpu, name) if name in filters.IDENTITY else gpu.value(name)


def _stated(value: Any) -> bool | None:
    return None if value is None else str(value).lower() not in _NONE and bool(value)


def _format(field: str, gpu: Gpu) -> bool | None:
    """Whether a format is one that the units compute in: stated as native, or a rate no less than FP32's."""
    from whichgpu.software import features, targets

    device = targets.device(gpu)
    found = features.named(field.replace("_", "-"), features.formats(device))
    if found is None:
        return _stated(gpu.value(field))
    return None if found.support == "unknown" else found.support in _THERE


def _feature(name: str, gpu: Gpu) -> bool | None:
    from whichgpu.software import features, targets

    found = features.one(targets.device(gpu), name, "linux")
    return None if found.support == "unknown" else found.support in _THERE


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = store.load("needs")["needs"]["need"]
    return tables


@cache
def _names() -> Mapping[str, str]:
    """Every spelling of a need, and its name."""
    return {
        _key(word): name
        for name, table in _tables().items()
        for word in (name, *table.get("names", ()))
    }  # fmt: skip


@cache
def _features() -> tuple[str, ...]:
    from whichgpu.software.targets import capabilities

    return tuple(capabilities()["feature"])


def _key(text: str) -> str:
    return "-".join(text.lower().replace("_", " ").replace("-", " ").split())


def _label(field: str) -> str:
    label = FIELDS[field].label
    return label if label[:2].isupper() else label.lower()


def _article(title: str) -> str:
    return title if title.endswith("s") or title[:2].isupper() else f"a {title}"


def _unknown(text: str) -> str:
    from difflib import get_close_matches

    instead = next(
        (say for say, said in store.load("needs")["needs"]["unread"].items() if _key(text) in said), ""
    )
    if instead:
        return f"no need '{one_line(text)}': {instead}"
    known = [*_names(), *(name.replace("_", "-") for name in FIELDS), *_features()]
    near = dict.fromkeys(get_close_matches(_key(text), known, n=3, cutoff=0.6))
    if near:
        return f"no need '{one_line(text)}'; did you mean {', '.join(near)}?"
    listed = ", ".join(_tables())
    return (
        f"no need '{one_line(text)}'; they are {listed}, any field of the catalogue, or a bound: "
        "memory>=48 GB"
    )
