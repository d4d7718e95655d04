"""Lines of a sheet below the heading that names its device: "NVLink: 900 GB/s" below "H100 PCIe"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.document import RUNNING

if TYPE_CHECKING:
    from collections.abc import Set

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

_LINE = re.compile(r"[^.:;?!]{2,40}:\s+\S[^;?!]{0,60}$")


def is_line_of(passage: Passage, accused: Set[str], context: Context) -> bool:
    """Whether a passage is a line of a sheet whose heading names one device, and that is the accused."""
    heading = passage.section[-1] if passage.section else ""
    if passage.kind not in RUNNING or "?" in heading or not _LINE.match(passage.text):
        return False
    named = [*mentions(heading, context.catalogue)]
    here = context.mentions.get(context.place(passage), ())
    return len(named) == 1 and not here and accused <= {*named[0].ids, *named[0].named}
