"""An anchor as one tells it ("850 images/s on my 3090"), beside the strict form of `cost/transfer/anchors.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.measurement import ALONE
from whichgpu.audit.measurement.devices import device
from whichgpu.audit.measurement.figures import figure
from whichgpu.audit.measurement.jobs import columns
from whichgpu.audit.measurement.text import spelled_out
from whichgpu.cost.transfer import anchors
from whichgpu.errors import OpenName, UsageError, one_line

if TYPE_CHECKING:
    from whichgpu.cost.transfer.anchors import Anchor
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.workloads.model import Workload


def read_anchor(text: str, model: Workload, catalogue: Catalogue) -> Anchor:
    """An anchor of a model, in its strict form or in a sentence.

    Raises `UsageError` that says what of the strict form is missing where it is neither, and which GPUs a
    name may be.
    """
    try:
        return anchors.read(text, catalogue)
    except OpenName:
        raise
    except UsageError as fault:
        strict = fault
    try:
        named, may_be, rest = device(ALONE.sub("1 concurrent", spelled_out(text)), catalogue)
        said, rest = columns(rest, model)
        judged, _ = figure(rest, text)
    except UsageError:
        raise strict from None
    if may_be:
        raise UsageError(f"anchor '{one_line(text)}': '{named}' may be {', '.join(may_be)}; say which")
    options = [f"{name}={value}" for name, value in said.items() if name != "options"]
    where = ", ".join([named, *options, *said.get("options", ())])
    return anchors.read(f"{where}: {judged}", catalogue)._replace(text=text.strip())
