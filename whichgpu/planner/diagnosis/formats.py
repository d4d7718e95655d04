"""Formats that a job may run in, in place of the one that was said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.hardware.parts import resized
from whichgpu.planner.diagnosis.trying import again, each
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.planner.diagnosis.trying import Asked, Tried

#: Formats by how wide their arithmetic is: what is left of a job's own is wider.
_ORDER = ("fp64", "fp32", "tf32", "amp-fp16", "amp-bf16", "fp16", "bf16", "amp-fp8", "fp8", "int8", "w4a16")
_WIDE = ("fp32", "tf32")
_NARROW = {
    "train": ("tf32", "amp-fp16", "amp-bf16", "amp-fp8"),
    "other": ("tf32", "fp16", "bf16", "fp8", "int8", "w4a16"),
}
#: Formats of tensor cores: the field of their rate, that of the plain units, and those in words.
_UNITS = {
    **dict.fromkeys(("fp32", "tf32"), ("tf32", "fp32", "FP32 with TF32 off")),
    **dict.fromkeys(("fp16", "amp-fp16"), ("fp16", "fp16_vector", "FP16 without tensor cores")),
}
#: Formats of files that one engine alone reads, the usual ones of each.
_FILES = {
    "gguf": ("fp16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k"),
    "exl2": ("exl2-8-0", "exl2-6-0", "exl2-5-0", "exl2-4-0", "exl2-3-0", "exl2-2-5"),
}


def tried(asked: Asked) -> Iterable[Tried]:
    """The job in wider and in narrower formats."""
    own = precision(asked.job.precision).id if asked.job.precision else ""
    kind = of_a_file(own)
    if kind:
        size = precision(own).weight
        sizes = {name: precision(name).weight for name in _FILES[kind] if name != own}
        wide = [name for name, weight in sizes.items() if weight > size]
        narrow = [name for name, weight in sizes.items() if weight < size]
    else:
        place = _ORDER.index(own) if own in _ORDER else len(_ORDER)
        # Engines of servers leave the products of FP32 weights on the plain units.
        fewer = ("fp32",) if asked.job.phase == "serve" else _WIDE
        wide = [name for name in fewer if _ORDER.index(name) < place]
        wide += ["bf16"] if not asked.job.trains and precision(own).quantised else []
        usual = _NARROW["train" if asked.job.trains else "other"]
        narrow = [name for name in usual if _ORDER.index(name) > place]
    # A framework pads what tensor cores do not take; a product by itself may run without them.
    if own in _UNITS and (own in _WIDE or asked.answer.runtime == "native"):
        yield from _plain(asked, own)
    for cause, names in (("precision", wide), ("narrower", narrow)):
        yield from each(cause, [(name.upper(), again(asked, replace(asked.job, precision=name)))
                                for name in names])  # fmt: skip


def _plain(asked: Asked, own: str) -> Iterable[Tried]:
    """The same format on plain units, where the products of a framework are on tensor cores unless told."""
    field, slow, words = _UNITS[own]
    plain, matrix = asked.gpu.value(slow), asked.gpu.value(field)
    if plain and matrix and float(matrix) > float(plain):
        device = resized(asked.gpu, asked.gpu.id, "derived", **{field: float(plain)})
        job = replace(asked.job, precision="fp32" if field == "tf32" else own)
        yield from each("precision", [(words, again(asked, job, device))])


def of_a_file(name: str) -> str:
    """The kind of file that a format is of, where one engine alone reads it; else nothing."""
    if name.startswith("exl2"):
        return "exl2"
    return "gguf" if re.match(r"i?q\d|tq\d", name) else ""
