"""What YOLO heads give beside boxes: masks, points, angles, or the class of a picture as a whole.

The heads of the Ultralytics repositories (`Segment`, `Pose`, `OBB`, `Classify`), and of YOLOX (Ge et al.,
figure 2), which has boxes and classes apart without bins.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.blocks import transposed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.csp import Blocks
    from whichgpu.workloads.recorder import Map

#: Masks that are mixed to that of a thing, and channels they are made of before `width`.
MASKS, MASKED = 32, 256
#: Values of a position: coefficients of the masks, 17 points of a body with how likely each is, an angle.
_VALUES = {"masks": MASKS, "points": 17 * 3, "angles": 1}
#: Width of the last layer before the classes of a picture.
_LAST = 1280


def beside(on: Blocks, maps: Sequence[Map], task: str, *, anchored: bool, middle: int) -> None:
    """What a task gives of each position beside its box, and the masks that are mixed: (B, 32, H/4, W/4).

    Where anchors are (`anchored`) the coefficients are of the boxes' own layer; `middle`: channels
    in between.
    """
    if task == "masks":
        _masks(on, maps[0], middle, nearest=anchored)
    if task not in _VALUES or anchored:
        return
    values = _VALUES[task]
    width = max(maps[0].channels // 4, values)
    for x in maps:
        y = on.conv(on.conv(x, width, 3), width, 3)
        on.rec.conv(y, values, 1, bias=True, name=task)
        on.rec.copy(values * x.pixels, name="gather")


def _masks(on: Blocks, x: Map, middle: int, *, nearest: bool) -> None:
    """(B, C, H/8, W/8) -> (B, 32, H/4, W/4), enlarged by `nearest` neighbours or learned weights."""
    y = on.conv(x, middle, 3)
    y = on.upsample(y) if nearest else transposed(on.rec, y, middle, 2, 2, bias=True)
    on.conv(on.conv(y, middle, 3), MASKS)


def classify(on: Blocks, x: Map, classes: int) -> None:
    """(B, C, H/32, W/32) -> (B, classes): a 1 x 1, the mean and a dense layer."""
    y = on.conv(x, _LAST)
    on.rec.global_pool(y)
    on.rec.linear(y.batch, _LAST, classes, bias=True, name="fc")


def decoupled(on: Blocks, maps: Sequence[Map], classes: int, width: int) -> None:
    """A 1 x 1 to `width`, then two 3 x 3 for classes and two for the box and whether there is one."""
    for x in maps:
        y = on.conv(x, width)
        for name, outputs in (("classes", (classes,)), ("boxes", (4, 1))):
            z = on.conv(on.conv(y, width, 3), width, 3)
            for channels in outputs:
                on.rec.conv(z, channels, 1, bias=True, name=name)
        on.rec.pointwise((classes + 5) * x.pixels, name="sigmoid")
