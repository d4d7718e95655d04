"""Networks that are one list of layers, against published counts and torch's own counter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.traced import ops
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import parameters, product_flops, total
from whichgpu.workloads.workload import resolve, workloads
from whichgpu.workloads.zoo import from_file

pytestmark = pytest.mark.slow

MINE = sorted(name for name, item in workloads().items() if item.family == "layered")


@pytest.mark.parametrize(
    ("name", "count", "gflops"),
    [
        # Darknet's cfg files: weights and the BFLOPs that it prints; torchvision's weights metadata.
        ("lenet", 61_706, None), ("YOLOv3", 61_949_149, 65.86), ("yolov3-tiny", 8_852_366, 5.56),
        ("YOLOv4", 64_363_101, 60.1), ("yolov4-tiny", 6_056_606, 6.91), ("yolov2", 50_962_889, 29.47),
        ("Real-ESRGAN", 16_697_987, None), ("ssd300_vgg16", 35_641_826, 69.716),
        ("r3d_18", 33_371_472, 81.394),
        ("mc3_18", 11_695_440, 86.686), ("r2plus1d_18", 31_505_325, 81.038), ("OverFeat", 145_920_872, None),
        ("SRCNN", 57_281, None), ("lraspp_mobilenet_v3_large", 3_221_538, None),
        ("deeplabv3_mobilenet_v3_large", 11_029_328, None),
    ],
)  # fmt: skip
def test_published_counts(name: str, count: int, gflops: float | None) -> None:
    item = resolve(name)
    assert sum(item.parameters().values()) == count
    assert gflops is None or item.flops() / 1e9 == pytest.approx(gflops, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        # Their papers' and repositories' tables; of two generators and a detector as others list their files.
        ("PIDNet-S", 7.6, 47.6), ("PIDNet-L", 36.9, 275.8), ("DDRNet-23-slim", 5.7, 36.3),
        ("DDRNet-23", 20.1, 143.1), ("YOLOv3-SPP", 63.0, None), ("CenterPoint-PointPillars", 23.9 / 4, None),
        ("RIFE 4.6", 10.7 / 2, None),
        ("GFPGAN v1.4", 348.6 / 4, None), ("ViTPose-B", 90.0, None), ("ViTPose-H", 637.2, None),
        ("StyleGAN3-T", 22.3, None), ("SwinIR-L", 28.0, None), ("LSTM sentiment", 4.811, None),
    ],
)  # fmt: skip
def test_counts_published_in_millions(name: str, millions: float, gmacs: float | None) -> None:
    item = resolve(name)
    assert sum(item.parameters().values()) / 1e6 == pytest.approx(millions, rel=0.01)
    assert gmacs is None or item.flops() / 2e9 == pytest.approx(gmacs, rel=0.01)


class Torch:
    """The same list run by torch's own layers on the meta device: what it counts of them."""

    def __init__(self, torch: Any, dims: Any, sides: tuple[float, float]) -> None:
        self.torch, self.dims, self.kept, self.parameters = torch, dims, {}, 0
        self.x = torch.empty(1, dims.get("channels", 3), dims.get("frames", 1), *map(int, sides))

    def run(self, layers: Any, x: Any) -> Any:
        for layer in layers:
            kind = layer["kind"]
            if kind in ("max", "mean", "spread", "dense"):
                x = self.resized(layer, x)
            elif kind == "scene":
                x = self.scene(x)
            elif kind in ("shuffle", "fold"):
                one = self.torch.nn.PixelShuffle if kind == "shuffle" else self.torch.nn.PixelUnshuffle
                x = one(layer["factor"])(x[:, :, 0])[:, :, None]
            elif kind in ("keep", "take"):
                self.kept = {**self.kept, ".": x, **({layer["as"]: x} if kind == "keep" else {})}
                x = x if kind == "keep" else self.torch.cat([self.kept[one] for one in layer["of"]], 1)
            elif kind == "block":
                for _ in range(layer.get("count", 1)):
                    x = self.run(layer["layers"], x) + (x if layer.get("residual") else 0)
            else:
                x = self.other(layer, x)
        return x

    def made(self, module: Any, x: Any) -> Any:
        self.parameters += sum(one.numel() for one in module.parameters())
        return module.eval()(x)

    def other(self, layer: Any, x: Any) -> Any:
        if layer["kind"] == "add":
            return x + self.kept[layer["of"]]
        if layer["kind"] == "half":
            return x.chunk(2, 1)[1]
        if layer["kind"] in ("values", "loss", "shift"):
            self.parameters += layer.get("values", 0)
            return x
        if layer["kind"] == "gate":
            inner = self.made(self.torch.nn.Linear(x.shape[1], layer["squeezed"]), x.mean((2, 3, 4)))
            self.made(self.torch.nn.Linear(layer["squeezed"], x.shape[1]), inner)
            return x
        kernel, depth, norm = (
            layer.get("kernel", 3),
            layer.get("depth", 1),
            layer.get("norm", self.dims.get("norm", False)),
        )
        side, stride = layer.get("padding", kernel // 2), layer.get("stride", 1)
        if layer["kind"] == "up":
            over, odd = (kernel - stride + 1) // 2, (kernel - stride) % 2
            x = self.made(self.torch.nn.ConvTranspose3d(
                x.shape[1], layer["out"], (depth, kernel, kernel), (depth, stride, stride), (0, over, over),
                (0, odd, odd), bias=layer.get("bias", not norm)), x)  # fmt: skip
            return self.made(self.torch.nn.BatchNorm3d(layer["out"]), x) if norm else x
        x = self.made(self.torch.nn.Conv3d(
            x.shape[1], layer["out"], (depth, kernel, kernel),
            (layer.get("depth_stride", 1), stride, stride),
            (layer.get("depth_padding", depth // 2), side, side), groups=layer.get("groups", 1),
            bias=layer.get("bias", not norm)), x)  # fmt: skip
        return self.made(self.torch.nn.BatchNorm3d(layer["out"]), x) if norm else x

    def scene(self, x: Any) -> Any:
        nn, parts = self.torch.nn, [x]
        for side in (1, 2, 3, 6):
            part = self.torch.nn.functional.adaptive_avg_pool3d(x, (1, side, side))
            part = self.made(nn.BatchNorm3d(512), self.made(nn.Conv3d(x.shape[1], 512, 1, bias=False), part))
            parts.append(self.torch.nn.functional.interpolate(part, x.shape[2:]))
        wide = self.torch.cat(parts, 1)
        mixed = self.made(nn.Conv3d(wide.shape[1], 512, (1, 3, 3), padding=(0, 1, 1), bias=False), wide)
        return self.made(nn.BatchNorm3d(512), mixed)

    def resized(self, layer: Any, x: Any) -> Any:
        functions = self.torch.nn.functional
        if layer["kind"] == "dense":
            side, frames = (layer.get("side", 1), layer.get("frames", 1)) if x.dim() > 2 else (1, 1)
            flat = functions.adaptive_avg_pool3d(x, (frames, side, side)).flatten(1) if x.dim() > 2 else x
            return self.made(
                self.torch.nn.Linear(flat.shape[1], layer["out"], bias=layer.get("bias", True)), flat
            )
        if layer["kind"] == "spread":
            like = {"size": self.kept[layer["like"]].shape[2:]} if "like" in layer else {}
            return functions.interpolate(x, **(like or {"scale_factor": (1, *2 * (layer["factor"],))}))
        pool = functions.max_pool3d if layer["kind"] == "max" else functions.avg_pool3d
        kernel, depth, side = layer["kernel"], layer.get("depth", 1), layer.get("padding", 0)
        stride = layer.get("stride", kernel)
        return pool(
            x,
            (depth, kernel, kernel),
            (layer.get("depth_stride", depth), stride, stride),
            (layer.get("depth_padding", 0), side, side),
            ceil_mode=layer.get("ceil", False),
        )


@pytest.mark.parametrize("name", MINE)
@pytest.mark.thorough
def test_against_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    item = resolve(name)
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        job = item.complete(Job(name))
        net = Torch(torch, item.dims, (job.height, job.width))
        net.run(item.dims["layers"], net.x)
    assert sum(item.parameters().values()) == net.parameters
    assert item.flops() == counter.get_total_flops()


@pytest.mark.parametrize("name", ["yolov4", "r3d-18", "esrgan", "lenet-5"])
def test_work_is_linear_in_the_batch_and_grows_with_the_picture(name: str) -> None:
    one, four = (product_flops(ops(name, batch=n)) for n in (1, 4))
    assert four == pytest.approx(4 * one)
    assert product_flops(ops(name, batch=1, height=608, width=608)) > one
    # What enlarges pictures learns from pieces, where nothing says their side.
    usual = resolve(name).complete(Job(name))
    trained = ops(name, phase="train", batch=4, height=usual.height, width=usual.width)
    assert total(trained, "flops") > 2.5 * four


def test_maps_are_spread_alike_in_any_batch_and_size() -> None:
    """ICNet, DDRNet and PIDNet enlarge maps to the size of others, of which there may be several at once."""
    jobs = [(1.0, 512.0), (8.0, 1024.0)]
    batch, side = (np.array(column) for column in zip(*jobs, strict=True))
    together = total(ops("icnet-r50", batch=batch, height=side, width=side), "read_bytes")
    apart = [total(ops("icnet-r50", batch=n, height=s, width=s), "read_bytes") for n, s in jobs]
    assert together == pytest.approx(apart)


def test_frames_of_a_video_are_an_option() -> None:
    short, long = (product_flops(ops("r3d-18", batch=1, options={"frames": n})) for n in ("16", "32"))
    assert long == pytest.approx(2 * short, rel=1e-4)
    assert parameters(ops("r3d-18", options={"frames": "32"})) == parameters(ops("r3d-18"))


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([{"kind": "convolve", "out": 3}], r"layers\[0\]: kind 'convolve' is none of conv, up"),
        ([{"kind": "take", "of": ["deep"]}], "no map was kept as 'deep'; known: none"),
        ([{"kind": "shuffle", "factor": 2}], "3 channels are no multiple of 2"),
        ([{"kind": "block", "residual": True, "layers": [{"kind": "conv", "out": 8}]}],
         "3 channels cannot be added to 8"),
    ],
)  # fmt: skip
def test_lists_that_are_no_network(layers: Any, said: str) -> None:
    raw = {"name": "Mine", "family": "layered", "dimensions": {"layers": layers}}
    with pytest.raises(UsageError, match=said):
        from_file("mine.toml", raw).flops()
