"""Instance types of clouds in tables: "p4d.24xlarge" heads a row of eight A100 40 GB."""

from __future__ import annotations

from functools import lru_cache

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.hardware.instances import instance

#: How AWS, Google, Azure, Oracle and Alibaba write the types of their instances.
_TYPE = re.compile(
    r"(?:ml\.)?[a-z]{1,5}\d[a-z\d]{0,4}(?:-[a-z]+\d+)?\.(?:\d{0,3}x?large|metal[\w-]{0,8}|small|medium)|"
    r"(?:a[2-9]|g[2-9]|ct\d\w{1,2})-[a-z]+-\d{1,3}[gt]?|"
    r"(?:standard[_ ])?n[cdvg]\w{2,40}(?: [\w ]{2,16}v\d)?|(?:vm|bm)\.gpu[\w.-]{1,24}|ecs\.[\w.-]{4,24}",
    re.IGNORECASE,
)
#: What of an instance is its GPUs', and no processor's or disk's.
OF_GPUS = re.compile(
    r"\b(?:gpus?|v-?ram|hbm\w*|accelerators?|cuda|tensor|graphics)\b|\u663e\u5b58", re.IGNORECASE
)


@lru_cache(maxsize=MANY)
def rented(text: str) -> tuple[str, float] | None:
    """The GPU of the instance type that a cell is, and how many of it it has; None for any other cell."""
    plain = text.strip(" *`")
    return instance(plain) if _TYPE.fullmatch(plain) else None
