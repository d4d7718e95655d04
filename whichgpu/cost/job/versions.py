"""Releases, versions and months as free text about software tells them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_SHORT = tuple(name[:3] for name in _MONTHS)
#: A month as texts tell it: `2023-08`, `Aug 2023`; "decode 2024" and "Marlin 2025" tell none.
_MONTH = (
    r"\b(20\d\d)[-./](0[1-9]|1[0-2])\b"
    rf"|\b({'|'.join((*_MONTHS, *_SHORT, 'sept'))})\b\.? (20\d\d)\b"
)
#: What is released with NVIDIA's containers, and has their numbers: "Megatron-Bridge 26.04" too.
_CONTAINED = r"ngc|\bnemo(?![a-z])|nvcr\.io|megatron.?bridge"
#: Models that are named after a framework and say nothing of what runs them.
_NAMESAKES = r"\bnemotron|\bmistral[-_ ]nemo\b"
#: The number of a container, which is no part of a driver's or of another release; one that was mended has
#: another behind it, as 26.02.01.
_CONTAINER = r"(?<![\d.])(\d\d\.\d\d)(?:\.\d\d?)?(?!\.?\d)"
_VERSION = r"\d+\.\d+"
#: What a framework runs on, with its own number.
_BELOW = (
    r"\b(?:drivers?|linux|ubuntu|debian|kernel|python|cuda|cudnn|rocm|hip|aiter|nccl|gcc)"
    r"(?: version| toolkit| driver)?[-_ :=v]{0,3}\d+(?:\.\d+)+"
)
#: A framework's release that is a month: no framework has come to such numbers, and NVIDIA's containers are
#: named by theirs; the path of an image says no more than which one it is.
_MONTHLY = r"(?i)(?<!/)\b(pytorch|tensorflow|mxnet)[-_ :v]*((?:1[7-9]|2\d)\.(?:0[1-9]|1[0-2]))(?![\d.])"


def version_of(text: str) -> str:
    """The first version number of free text: `v2.4` of "PyTorch 2.4.0 cu124", `ngc22.09` of a container.

    That of what lies below the framework is it only where there is no other: "driver 550.54.15, PyTorch 2.3".
    """
    low = without_namesakes(text.lower())
    container = re.search(_CONTAINER, low) if re.search(_CONTAINED, low) else None
    if container:
        return f"ngc{container[1]}"
    plain = re.search(_VERSION, above(low))
    return f"v{plain[0]}" if plain else ""


def above(low: str) -> str:
    """A text in small letters without the numbers of what lies below a framework, where it has another."""
    if not re.search(_BELOW, low):
        return low
    rest = re.sub(_BELOW, " ", low)
    return rest if re.search(_VERSION, rest) else low


def without_namesakes(said: str) -> str:
    """A text in small letters without models whose names begin with a framework's: "vllm 0.10 nemotron"."""
    # Few texts name one.
    return re.sub(_NAMESAKES, " ", said) if "nemo" in said else said


def major_of(text: str, names: Iterable[str]) -> str:
    """The release of which a text says no more than the first number: `v8` of "TensorRT 8".

    Nothing where that number is of the name: of "PyTorch 2".
    """
    low = text.lower()
    # Of most runtimes a text has no name, of which a pattern need not be compiled.
    known = "|".join(re.escape(name) for name in names if name in low and not name[-1].isdigit())
    found = re.search(rf"(?:{known})[-_ ]?(\d+)(?![\w.])", low) if known else None
    return f"v{found[1]}" if found and not found[0].endswith(tuple(names)) else ""


@lru_cache(maxsize=1024)
def dated(text: str) -> str:
    """A text in small letters, with its month behind it as marks have it: `2025-08` of "Aug 2025"."""
    return f"{text.lower()} {month_of(text)}"


def month_of(text: str) -> str:
    """The month that a text tells, `2023-08`; "" where it tells none."""
    if (told := re.search(_MONTH, text.lower())) is None:
        return ""
    year, number, name, named = told.groups()
    return f"{year}-{number}" if year else f"{named}-{_SHORT.index(name[:3]) + 1:02d}"


def parts(release: str) -> tuple[int, ...]:
    """The numbers of a version, by which it is ordered: 0.10 is later than 0.9."""
    return tuple(int(part) for part in re.findall(r"\d+", release))


def as_containers(text: str) -> str:
    """A text with a framework's release that is a month told as the container's: "PyTorch NGC 23.05"."""
    return re.sub(_MONTHLY, r"\1 NGC \2", text)


#: The signs between a package and its release, as pip, conda and wheels write it: `torch==1.13.1`,
#: `pytorch=1.12`, `torch-1.12.1+cu113`.
_PINNED = r"(?i)(?<=[a-z\d])\s*(?:===?|[~><]=)\s*(?=v?\d)|(?<=\bpytorch)=(?=\d)|(?<=\btorch)-?(?=[12]\.\d)"


def unpinned(text: str) -> str:
    """A text with the releases of packages told as people do: "torch 1.13.1" of `torch==1.13.1`."""
    return re.sub(_PINNED, " ", text)


def as_pytorch(text: str) -> str:
    """A text with a release of torchvision told as that of PyTorch, which it needs, where it names none.

    0.5 to 0.14 are of 1.4 to 1.13, 0.15 and later ones of 2.0 and on (README.md of pytorch/vision).
    """
    low = text.lower()
    found = re.search(r"\btorchvision[ =/-]*v?0\.(\d+)(?:\.\d+)*", low) if "torchvision" in low else None
    if found is None or re.search(r"\b(?:py)?torch\b", low):
        return text
    minor = int(found[1])
    release = f"2.{minor - 15}" if minor >= 15 else f"1.{max(minor - (1 if minor > 4 else 2), 0)}"
    return f"{text[: found.start()]}PyTorch {release}{text[found.end() :]}"
