"""A convolution in training's form: several branches, each with its norm, that fold into one when deployed.

Ding et al., "RepVGG", figure 2; Vasu et al., "MobileOne", figure 3. Kept apart, as timm runs them, unless a
job is `deployed`: a program that takes a graph is given the folded one, for whose speed such networks are
made.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import activate, conv_norm
from whichgpu.workloads.images import squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Map, Recorder

#: The option that says whether branches are folded, and words of a runtime that say so: programs which take
#: an exported graph, and how the authors' and timm's tools call it (`switch_to_deploy`, `--reparam`).
OPTION = "deployed"
WORDS = ("tensorrt", "trt", "onnx", "openvino", "core ml", "coreml", "ncnn", "tvm",
         "reparam", "re-param", "deploy", "folded")  # fmt: skip


def deployed(job: Job) -> bool:
    """Whether the branches of a job's network are one convolution each: never in training."""
    if job.trains:
        return False
    if OPTION in job.options:
        return job.says(OPTION)
    return any(word in job.runtime.lower() for word in WORDS)


def branched(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, groups: int = 1, copies: int = 1,
    scale: bool = True, squeezed: int = 0, activation: str = "", backward: str = "full", folded: bool = False,
) -> Map:  # fmt: skip
    """`copies` equal convolutions, a 1 x 1 (`scale`) and the map itself: (B, C, H, W) -> (B, out, ..).

    One convolution where they are `folded`. `squeezed`: width inside of a gate on their sum, 0 for none.
    """
    if folded:
        y = rec.conv(x, out, kernel, stride, groups=groups, bias=True)
    else:
        y = _apart(rec, x, out, kernel, stride, groups=groups, copies=copies, scale=scale, backward=backward)
    if squeezed:
        squeeze_excite(rec, y, squeezed)
    if activation:
        activate(rec, y.elements, activation)
    return y


def _apart(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int, *, copies: int, scale: bool, **conv: Any
) -> Map:
    """The sum of all branches; `conv` has groups and what its backward pass leaves out."""
    y = x._replace(channels=out)
    keeps, added = 1.0, 0
    for _ in range(copies):
        y = conv_norm(rec, x, out, kernel, stride, relu=False, keeps=keeps, **conv)
        keeps, added = 0.0, added + 1
    if scale and kernel > 1:
        conv_norm(rec, x, out, 1, stride, relu=False, keeps=keeps, name="scale", **conv)
        added += 1
    if stride == 1 and x.channels == out:
        rec.norm(x.elements, x.channels, keeps=0.0, name="identity_norm")  # what it reads is kept above
        added += 1
    for _ in range(added - 1):
        rec.add(y.elements)
    return y
