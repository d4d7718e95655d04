"""Names of GPUs as they are typed in a shell, where quotes are forgotten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue

#: Words between the names of GPUs.
_BETWEEN = (",", "vs", "vs.", "versus", "and", "or", "against", "with")
#: Words that begin a name whose rest is typed apart: `rtx 4090 rtx 3090`.
_LINES = ("nvidia", "amd", "intel", "apple", "geforce", "radeon", "rtx", "gtx", "rx", "quadro", "tesla",
          "titan", "arc", "instinct", "jetson")  # fmt: skip


#: Words of the longest names: NVIDIA GeForce RTX 4070 Ti Super 16 GB.
_LONGEST = 8


def apart(typed: Sequence[str], catalogue: Catalogue) -> list[str]:
    """The GPUs of what was typed: `a10 vs l4`, `a10,l4`, `rtx 4090 rtx 3090` without quotes."""
    names = _named(typed, catalogue) if any(one.lower() in _LINES for one in typed) else typed
    parts = (part.strip() for text in names for part in re.split(r",|\s+(?:vs\.?|versus)\s+", text))
    return [part for part in parts if part and part.lower() not in _BETWEEN]


def _named(typed: Sequence[str], catalogue: Catalogue) -> list[str]:
    """Words that were typed apart put together: as many as name a GPU, else up to what begins the next."""
    from whichgpu.hardware.names import candidates

    words, names = " ".join(typed).replace(",", " , ").split(), []
    while words:
        before = next((at for at, word in enumerate(words) if word.lower() in _BETWEEN), len(words))
        sizes = range(min(before, _LONGEST), 0, -1)
        size, begins = (
            next((n for n in sizes if candidates(" ".join(words[:n]), catalogue)), 0),
            _to_next(words),
        )
        rest = words[size:begins]
        if not size or (rest and _qualifies(rest, catalogue)):
            size = begins
        names.append(" ".join(words[:size]))
        words = words[size:]
    return names


def _qualifies(rest: Sequence[str], catalogue: Catalogue) -> bool:
    """Whether words behind a name are of it although no GPU is called so: `16gb` of `rtx 4060 16gb`."""
    from whichgpu.hardware.names import candidates

    if any(candidates(" ".join(rest[:n]), catalogue) for n in range(1, len(rest) + 1)):
        return False
    known = {word for name in catalogue for word in name.split("-")}
    return all(word.lower() in known or re.fullmatch(r"\d+(?:gi?b)?", word.lower()) for word in rest)


def _to_next(words: Sequence[str]) -> int:
    """How many words there are before one that begins a name or stands between two."""
    lines = [word.lower() in _LINES for word in words]
    starts = (
        at
        for at in range(1, len(words))
        if words[at].lower() in _BETWEEN or (lines[at] and not lines[at - 1])
    )
    return 1 if words[0].lower() in _BETWEEN else next(starts, len(words))
