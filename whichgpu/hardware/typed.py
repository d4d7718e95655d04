"""Types of instances and systems whose names say what they hold: `H100-SXM-8-80G`, `XE9680_H200_SXM_141GBx8`.

Each form is a seller's, or that of MLPerf's submitters; what it takes for a GPU is read as any name is, and a
form that holds no name of one is left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The forms, each with the `name` of the GPU in it, its memory (`size`), its form (`sxm`) and its `count`.
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # Scaleway: H100-SXM-8-80G, L40S-4-48G.
        r"(?P<name>[a-z]+\d+[a-z]*(?:-[a-z]+)?)-(?P<count>[1-9]\d?)-(?P<size>\d{2,3}g)b?",
        # IBM: gx3d-160x1792x8h100, processors and memory before.
        r"[a-z]+\d+[a-z]*-\d+x\d+x(?P<count>[1-9]\d?)(?P<name>[a-z]+\d+[a-z]*)",
        # CoreWeave: gd-8xh100ib-i128, with InfiniBand.
        r"[a-z]{2}-(?P<count>[1-9]\d?)x(?P<name>[a-z]+\d+[a-z]*?)(?:ib)?-i\d+",
        # Nebius: gpu-h100-sxm_8gpu-128vcpu-1600gb.
        r"gpu-(?P<name>[a-z0-9]+(?:-sxm)?)(?:-[a-z])?(?:_(?P<count>[1-9]\d?)gpu-.*)?",
        # Verda: 8A100.40S.176V, of 40 GB on SXM; 1B200.30V.
        r"(?P<count>[1-9]\d?)(?P<name>[a-z]+\d+[a-z]*)\.(?:(?P<size>\d{2,3})(?P<sxm>s)\.)?\d+v",
        # Vast: 8x-H100_SXM-32-65536.
        r"(?P<count>[1-9]\d?)x-(?P<name>\w+?)-\d+-\d+",
        # Hugging Face and Replicate: a10g-largex4, zero-a10g, nvidia-a40-large.
        r"(?:nvidia-|zero-)?(?P<name>[a-z]+\d+[a-z]*)-(?:small|medium|x?large)(?:[ -]?x(?P<count>[1-9]\d?))?",
        r"zero-(?P<name>[a-z]+\d+[a-z]*)",
        # Lambda's, as people shorten them: gpu_4x_h100_sxm.
        r"gpu_(?P<count>[1-9]\d?)x_(?P<name>\w+)",
        # A number behind the name with its sign last: nvidia-l40s-8x.
        r"(?P<name>.*\w)[-_ ](?P<count>[1-9]\d{0,2})x",
    )
)
#: How a system of MLPerf ends: what ran there, how it was set, how many of it there are.
_RAN = re.compile(r"(?:_(?:trt|triton|maxq|vllm|pytorch|tensorrt|nemo|ngc[\w.]*))+$", re.IGNORECASE)
_NODES = re.compile(r"(?P<system>.*[a-z\d])[-_ ]n(?P<nodes>\d{1,4})", re.IGNORECASE)
_BOXED = re.compile(r"(?P<words>.*[a-z\d])[-_ ]?x(?P<count>[1-9]\d?)", re.IGNORECASE)


def held(text: str) -> Iterator[tuple[str, int]]:
    """The GPUs that a type of an instance or a system may say that it has, the likeliest first."""
    asked = text.strip()
    for form in _FORMS:
        if found := form.fullmatch(asked):
            said = found.groupdict()
            size = said.get("size") or ""
            memory = size if size[-1:].isalpha() else f"{size}GB" if size else ""
            words = (said["name"].replace("_", " "), "SXM" if said.get("sxm") else "", memory)
            yield " ".join(filter(None, words)), int(said.get("count") or 1)
    system = _RAN.sub("", asked)
    yield from _submitted(system, alone=system != asked)


def has_form(text: str) -> bool:
    """Whether a text is of one of the forms, whatever it takes for a GPU."""
    return any(form.fullmatch(text.strip()) for form in _FORMS)


def says_its_number(text: str) -> bool:
    """Whether a type has the number of its GPUs between their name and their memory: `H100-SXM-2-80G`."""
    return _FORMS[0].fullmatch(text.strip()) is not None


def _submitted(system: str, *, alone: bool) -> Iterator[tuple[str, int]]:
    """What a submission to MLPerf calls its system: `SYS-421GE_L40Sx8`; `DGXH100_n8` is eight machines.

    `alone` where no machine need stand before the GPU: `H200-SXM-141GBx8` of which is said what ran it.
    """
    if found := _NODES.fullmatch(system):
        yield found["system"], int(found["nodes"])
    found = _BOXED.fullmatch(system)
    words = re.split(r"[_ ]+", found["words"]) if found else []
    # What stands before is a machine: its name has digits and letters.
    if found and re.search(r"\d", words[0]) and re.search(r"[a-z]", words[0], re.IGNORECASE):
        for start in range(1, len(words)):
            yield " ".join(words[start:]), int(found["count"])
    if found and alone:
        yield " ".join(words), int(found["count"])
