"""Handles of TensorFlow Hub and of Kaggle's models: `google/imagenet/resnet_v2_50/classification/5`.

What a file is for and its release stand in a handle as parts of their own, and a family apart from its size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.values import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = regex(r"(?:https?://)?(?:www\.)?(?:tfhub\.dev|kaggle\.com/models)/|tf-?hub[ :/]+", re.IGNORECASE)
#: Parts that say what a file is for, what it was trained on, in whose format it is; the number of a release.
_BESIDE = regex(
    r"imagenet|classification|feature[-_]vector|detection|embedding|frameworks|variations|versions"
    r"|tensor-?flow-?[12]|tf[12]|tf-?lite|tf-?js|keras|py-?torch|\d{1,2}",
    re.IGNORECASE,
)
#: The same behind a size, as Kaggle joins them: `50-classification`.
_JOINED = regex(r"[-_](?:classification|feature[-_]vector)$", re.IGNORECASE)
#: A size as a part of its own, behind its family: `efficientnet/b4`.
_SIZE = regex(r"[a-z]?\d+|small|base|large|xl|[sml]", re.IGNORECASE)


def readings(name: str) -> Iterator[str]:
    """The names that a handle may stand for, the longest first; none of a text that is no handle."""
    host = _HOST.match(name)
    parts = name[host.end() if host else 0 :].strip("/").split("/")
    said = [_JOINED.sub("", part) for part in parts if part and not _BESIDE.fullmatch(part)]
    # Two parts alone are who published a model and its name, or a number behind it its patches.
    sized = _SIZE.fullmatch(parts[-1]) and not parts[-1].isdigit()
    alone = not host and len(parts) < 3 and not sized
    if not said or alone or any(" " in part for part in parts):
        return
    yield "-".join(said)
    if len(parts) > 2:
        # Whoever published it goes first; a part may say anew what the one before it says.
        yield "-".join(said[1:])
        if len(said) > 1 and re.split(r"[-_]", said[-2])[-1].lower() in said[-1].lower():
            yield said[-1]
