"""What is run: the columns of the measurement schema, numbers as arrays over the job axis."""

from __future__ import annotations

import re
from dataclasses import field, fields
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.values import Shown, immutable
from whichgpu.workloads.phases import TRAINING

if TYPE_CHECKING:
    from collections.abc import Mapping

    #: The dimensions of a network by name, as its workload's file states them.
    Dims = Mapping[str, Any]

_RESOLUTION = (
    # A cube has a third side.
    r"(?:(?P<cube>[0-9]+)\s*x\s*(?=(?P=cube)\s*x\s*(?P=cube)(?![0-9])))?"
    r"(?P<height>[0-9]+)(?:\s*x\s*(?P<width>[0-9]+))?\s*(?:px|pixels)?(?:\s*\(.*\))?"
)
#: Sides of a picture by the lines of a screen.
_LINES = {
    "480p": (480, 832), "540p": (540, 960), "544p": (544, 960), "720p": (720, 1280), "1080p": (1080, 1920),
    "1440p": (1440, 2560), "2160p": (2160, 3840), "4k": (2160, 3840),
}  # fmt: skip

#: Numeric columns, with what each must at least be.
NUMBERS: Mapping[str, float] = MappingProxyType(
    {
        "batch": 1, "height": 1, "width": 1, "seq_len": 1, "input_tokens": 0, "output_tokens": 0,
        "concurrency": 1, "steps": 1, "n_gpus": 1, "tp": 1, "pp": 1,
    }
)  # fmt: skip
#: Above these a number is a slip of the keyboard, not a job.
LARGEST = {
    "batch": 1e7, "height": 65536, "width": 65536, "seq_len": 1e7, "input_tokens": 1e7,
    "output_tokens": 1e7, "concurrency": 1e6, "steps": 1e5, "n_gpus": 1e6, "tp": 1024, "pp": 1024,
}  # fmt: skip


#: What options of yes and no may say.
_YES, _NO = ("true", "1", "yes", "on"), ("", "false", "0", "no", "off", "none")


@immutable
class Job(Shown):
    """One job, or a sweep of jobs that share workload, phase, precision, runtime and options.

    Every number is None (not stated), a float, or an array over the job axis. `batch` is per GPU;
    `n_gpus` is the total; `steps` are denoising steps; `height` and `width` are pixels. `options` are text;
    a search over strategies states degrees of parallelism (`cp`, `ep`, `vp`) as arrays, and a table of jobs
    what else `degree` reads.
    """

    workload: str
    phase: str = ""
    precision: str = ""
    runtime: str = ""
    batch: Any = None
    height: Any = None
    width: Any = None
    seq_len: Any = None
    input_tokens: Any = None
    output_tokens: Any = None
    concurrency: Any = None
    steps: Any = None
    n_gpus: Any = None
    tp: Any = None
    pp: Any = None
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse numbers that no job can have, naming the column and the limit."""
        for name, least in NUMBERS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _checked(name, value, least))

    @property
    def trains(self) -> bool:
        """Whether the phase has a backward pass."""
        return self.phase in TRAINING

    @property
    def size(self) -> int:
        """Length of the job axis: 1 for a single job."""
        shapes = [np.shape(getattr(self, name)) for name in NUMBERS if getattr(self, name) is not None]
        shape = np.broadcast_shapes(*shapes) if shapes else ()
        return int(np.prod(shape, dtype=int))

    def changed(self, **columns: Any) -> Job:
        """The same job with other columns, of which alone the numbers are looked at."""
        made = object.__new__(Job)
        for put, value in zip(_PUT, _READ(self), strict=True):
            put(made, value)
        for name, value in columns.items():
            if name not in _PUTS:
                raise AttributeError(f"a job has no column '{name}'")
            least = None if value is None else NUMBERS.get(name)
            _PUTS[name](made, value if least is None else _checked(name, value, least))
        return made

    def with_defaults(self, **defaults: Any) -> Job:
        """Fill what is not stated."""
        gaps = self.gaps(defaults)
        return self.changed(**gaps) if gaps else self

    def gaps(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Of `defaults`, those whose column is not stated."""
        return {name: value for name, value in defaults.items() if _unstated(getattr(self, name))}

    def degree(self, key: str) -> Any:
        """A degree of parallelism, or other count, of the options, or its array; 1 where none is stated."""
        stated: Any = self.options.get(key)
        return stated if isinstance(stated, np.ndarray) else self.option(key, 1.0, 1.0)

    def option(self, key: str, default: float, least: float = 0.0, example: float | None = None) -> float:
        """A numeric option, also in per cent; raises `UsageError` for text, or a number below `least`."""
        shown = default if example is None else example
        text = self.options.get(key, default)
        bare = str(text).removesuffix("%")
        try:
            value = float(bare) if bare == str(text) else float(bare) / 100.0
        except ValueError:
            raise UsageError(f"option {key}: {_no_number(key, str(text), shown)}") from None
        if not least <= value < 1e9:
            raise UsageError(f"option {key}: {value:g} {_out_of_range(value, least)}; write {key}={shown:g}")
        return value

    def says(self, key: str) -> bool:
        """Whether an option is stated and means yes; raises `UsageError` for what is neither yes nor no."""
        said = self.options.get(key, "").strip().lower()
        if said not in _YES + _NO:
            raise UsageError(f"option {key}: '{said}' is neither true nor false; write {key}=true")
        return said in _YES

    def to_dict(self) -> dict[str, Any]:
        """The stated columns, arrays as lists."""
        stated: dict[str, Any] = {}
        for column in fields(self):
            value = getattr(self, column.name)
            if column.name != "options" and not _unstated(value):
                stated[column.name] = np.asarray(value).tolist() if column.name in NUMBERS else value
        stated["options"] = dict(self.options)
        return stated


#: The columns of a job in their order.
_COLUMNS = tuple(column.name for column in fields(Job))
#: What reads all columns of a job, and what sets each.
_READ = attrgetter(*_COLUMNS)
_PUT = tuple(getattr(Job, name).__set__ for name in _COLUMNS)
_PUTS = dict(zip(_COLUMNS, _PUT, strict=True))


def _no_number(key: str, text: str, shown: float) -> str:
    """What to say of an option that is no number, which may have swallowed the next one."""
    first, *rest = re.split(r"[;,\s]+(?=[a-z_]+=)", f"{key}={text}")
    if rest:
        told = " ".join(f"--option {one}" for one in (first, *rest))
        return (
            f"'{text}' is no number, but more options; write {told}, or in a table {';'.join((first, *rest))}"
        )
    amount = re.match(r"[\d.]+(?=\s*[a-z/])", text) if key == "request_rate" else None
    if amount:
        return f"'{text}' has a unit; write {key}={amount[0]} where that is requests/s, or --rate \"{text}\""
    return f"'{text}' is no number; write e.g. {key}={shown:g}"


def _out_of_range(value: float, least: float) -> str:
    """What is wrong with the value of an option that is to be at least so much, and below 1e9."""
    if not np.isfinite(value):
        return "is not a finite number"
    if value >= least:
        return "is 1e+09 or more, perhaps a slip"
    return "is not above zero" if 0.0 < least < 1e-6 else f"is below {least:g}"


def _unstated(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def number(name: str, text: str) -> float:
    """A numeric column as it is typed, `64 per GPU` or `2k`; raises `UsageError` for what no job can have."""
    value: float = _checked(name, _in_digits(name, text.strip()), NUMBERS[name])
    if name in ("n_gpus", "tp", "pp") and value != int(value):
        raise UsageError(f"{name}: {value:g} is not a whole number; give e.g. {name}={max(1, int(value))}")
    return value


#: What tables write around a number of a column: what it is of, and what it is called before it.
_OF_EACH = r"(?:\s*(?:/|per)\s*(?:gpu|device|card|replica))"
_TOKENS = r"(?:input|output|prompt)?\s*(?:tokens?|toks?)", r"(?:seq(?:uence)?[ _-]?len(?:gth)?|isl|osl|ctx)"
_AROUND = {
    "batch": (
        rf"(?:samples?|images?|sequences?|seqs?)?{_OF_EACH}?",
        r"(?:m?bs|(?:micro[ -]?)?batch(?:[ _-]?size)?)",
    ),
    "n_gpus": (r"(?:x|\u00d7|gpus?|cards?|devices?|chips?|accelerators?)", r"x"),
    "concurrency": (r"(?:concurrent\s*)?(?:users?|requests?|streams?|clients?|sequences?)", r"c"),
    "steps": (r"(?:steps?|iterations?|its?)", r"steps?"),
    **dict.fromkeys(("seq_len", "input_tokens", "output_tokens"), _TOKENS),
}
#: Thousands that are powers of two, as lengths and batches are.
_BINARY = {str(2**power) for power in range(11)}


def _in_digits(name: str, text: str) -> str:
    """A number without what tables write around it: `1,024`, `~500`, `2k`, `64 per GPU`, `bs=64`."""
    if text.isdigit() or name not in _AROUND:
        return text
    behind, before = _AROUND[name]
    start = rf"(?:[~\u2248]\s*|{before}\s*[=:]?\s*)?"
    digits = r"(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(\s?k)?"
    # A remark in brackets, but of what all GPUs have together: "16 (global 128)" has both.
    remark = r"(?:\s*\((?!(?:global|total|all)\s*\))[^()]*\))?"
    found = re.fullmatch(rf"{start}{digits}(?:\s*{behind})?{remark}", text, re.IGNORECASE)
    if found is None:
        return text
    plain = found[1].replace(",", "")
    if not found[2]:
        return plain
    return f"{float(plain) * (1024.0 if plain in _BINARY else 1000.0):g}"


def _checked(name: str, raw: Any, least: float) -> Any:
    """A float, or an array over the job axis; refuses what no job can have."""
    if type(raw) is float and least <= raw <= LARGEST[name]:
        return raw
    # A job is made in several steps, and its arrays are looked at in each.
    ready = type(raw) is np.ndarray and raw.dtype == np.float64 and raw.ndim and raw.size
    if ready and least <= raw.min() and raw.max() <= LARGEST[name]:
        return raw
    try:
        value = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name}: {raw!r} is not a number; give e.g. {name}={max(1, least):g}") from None
    if value.size and value.min() >= least and value.max() <= LARGEST[name]:
        # Neither holds where one is no number.
        return value if value.ndim else value.item()
    if not np.all(np.isfinite(value)):
        raise UsageError(f"{name}: {raw} is not a finite number; give e.g. {name}={max(1, least):g}")
    if np.any(value < least):
        least_said = f"{name}: {value.min():g} is below {least:g}, the least that makes sense"
        raise UsageError(f"{least_said}; give e.g. {name}={max(1, least):g}")
    if np.any(value > LARGEST[name]):
        raise UsageError(f"{name}: {value.max():g} is above {LARGEST[name]:g}; is it a slip?")
    return value if value.ndim else value.item()


#: Three sides of a volume or of a video.
_THREE = r"\s*(\d{1,5})\s*[x\u00d7*]\s*(\d{1,5})\s*[x\u00d7*]\s*(\d{1,5})\s*"
#: Sides of pictures are of as many pixels; channels beside a picture's sides.
_SIDE, _CHANNELS = 8, ("1", "3", "4")


@lru_cache(maxsize=4096)
def two_sides(text: str) -> tuple[str, str]:
    """A size without its third side, and that: slices of a volume, frames of a video; else "" for none.

    Frames and slices stand before or behind; they are what is no side of a picture, the one that is not as
    long as the others, or the shortest.
    """
    found = re.fullmatch(_THREE, text)
    first, middle, last = found.groups() if found else ("", "", "")
    if not found or first in _CHANNELS or last in _CHANNELS or not all(map(int, found.groups())):
        return text, ""
    odd = int(first) % _SIDE > 0, int(last) % _SIDE > 0
    ahead = odd[0] if odd[0] != odd[1] else middle == last or (first != middle and int(first) <= int(last))
    return (f"{middle}x{last}", first) if ahead else (f"{first}x{middle}", last)


def resolution(text: str) -> tuple[float, float]:
    """`"512"`, `"512x768"` (height x width) or `"720p"` as pixels; words in brackets are a remark."""
    plain = (
        re.sub(r"^(\d+) ?(?:px)? ?(?:\u00b2|\^2)", r"\1", text.strip().lower())
        .replace("×", "x")
        .replace("*", "x")
    )
    if plain in _LINES:
        return float(_LINES[plain][0]), float(_LINES[plain][1])
    found = re.fullmatch(_RESOLUTION, plain)
    sides = (found["height"], found["width"] or found["height"]) if found else ()
    if not sides or min(map(float, sides)) == 0.0:
        raise UsageError(f"'{text}' is not a resolution; write e.g. 512 or 512x768")
    return float(sides[0]), float(sides[1])


def options(pairs: tuple[str, ...]) -> dict[str, str]:
    """`("guidance=7.5", ...)` as a mapping; raises `UsageError` for a pair without `=`, or two of one key."""
    read: dict[str, str] = {}
    for pair in pairs:
        key, sep, value = pair.partition("=")
        if not sep or not key.strip():
            raise UsageError(f"'{pair}' is not an option; write e.g. --option guidance=7.5")
        name, text = key.strip().replace("-", "_").lower(), value.strip()
        if read.setdefault(name, text) != text:
            raise UsageError(f"option {name} is given twice, as {read[name]} and as {text}; keep one of them")
    return read
