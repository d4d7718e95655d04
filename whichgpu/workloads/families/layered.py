"""Networks of pictures that are one list of layers: convolutions, maxima, residuals, maps kept and joined.

What has no family of its own: the first classifiers (LeNet, OverFeat), YOLO v2 to v4 after Darknet's own
files, networks that enlarge pictures (SRCNN, EDSR, SRGAN, ESRGAN), AlphaGo Zero's tower, and those of videos
and volumes (C3D, R3D, CosmoFlow), whose slices stand beside each other in the batch.
Letters: B batch, C channels, T frames (slices), H W height and width of a feature map.

Dimensions: `layers`, a list of tables; `channels` of the picture (3), `frames` (1) of a video, `norm` (false:
convolutions with a bias, true: with a batch normalisation) and `activation` ("relu"; "" for none) of each
convolution that says nothing else; optionally `unit` (images), `shifts` (true), of a detector `boxes` (its
levels, and kernels with which OpenMMLab makes boxes of each at inference, of YOLO's as remembered; other
programs are told by the network alone). By `kind`:

    conv    `out` channels, `kernel` (3), `stride` (1), `padding` (kernel // 2), `groups` (1), `norm`, `bias`,
            `activation`; over frames `depth` (1), `depth_stride` (1), `depth_padding` (depth // 2)
    up      a transposed convolution of a picture: the same; over frames `depth`, where windows do not overlap
    scene   means over 1, 4, 9 and 36 parts beside the map, mixed into 512 channels (PSPNet's)
    max, mean   `kernel`, `stride` (kernel), `padding` (0), `ceil` (false); over frames `depth` (1),
            `depth_stride` (depth), `depth_padding` (0)
    spread  each position `factor` times on either side, or to the sides of the map of the name `like`;
            shuffle: from `factor`^2 channels; fold: into them
    half    the second half of the channels
    shift   some channels of the frames before and after, beside the map itself; if `shifts`
    gate    squeeze and excitation by `squeezed` channels, with biases
    values  `values` trained ones (a slope of PReLU), applied to each value
    dense   means of `side` x `side` (1) parts and of `frames` (1) in time, all their values into `out`;
            `activation` (""), `bias` (true)
    keep    the map under a name, `as`
    take    maps of these names, `of`, one after another (the present map is ".")
    add     the map of the name `of`
    block   `layers`, `count` (1) times; `residual` (false): added to what goes in
    aside   in training: `layers` of a second head on the map, which goes on as it is
    drop    in training: whole channels of the map dropped, in a map of its own
    points  before the first layer: `points` in each of `pillars` places of a cloud (detection over a plane),
            `features` of each made `out` ones by a dense layer, a batch normalisation and a ReLU, the most of
            each place laid onto the map
    loss    in training: cross-entropy of the map's channels at each position, of `heads` (1) such maps;
            `focal` (false): that of peaks in a map of each channel
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, class_losses, conv_norm, image, norm_activate, transposed
from whichgpu.workloads.detection import TRAINS_NORMS, boxed, trains_norms
from whichgpu.workloads.maps import Map, window_length
from whichgpu.workloads.segmenting import scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

    Layer = Mapping[str, Any]

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()
RUNTIME_WORDS = TRAINS_NORMS
#: No dense layer that takes one.
ADAPTERS = False
#: The side of what a dense layer gives.
_POINT = 1.0


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Every layer in its order: (B T, channels, H, W) -> what the last gives."""
    x = image(job, dims.get("channels", 3))
    frames = job.option("frames", dims["frames"], 1.0) if "frames" in dims else 1.0
    _Net(dims, rec, job.batch).run(dims["layers"], x._replace(batch=x.batch * frames), "layers")
    if "boxes" in dims and trains_norms(job) and not job.trains:
        with rec.module("selection"):
            boxed(rec, *dims["boxes"])


class _Net:
    """The maps that were kept on the way, and what layers are that say nothing."""

    def __init__(self, dims: Mapping[str, Any], rec: Recorder, batch: Any) -> None:
        self.rec, self.batch = rec, batch
        self.kept: dict[str, Map] = {}
        self.norm, self.activation = dims.get("norm", False), dims.get("activation", "relu")
        self.shifts = dims.get("shifts", True)
        self.first = True

    def run(self, layers: Sequence[Layer], x: Map, where: str) -> Map:
        """Layers one after another; raises `UsageError` naming the place of one that is none."""
        for place, layer in enumerate(layers):
            kind = layer.get("kind")
            record = _KINDS.get(kind)
            if record is None:
                raise UsageError(
                    f"{where}[{place}]: kind '{kind}' is none of {', '.join(_KINDS)}; see workloads.md"
                )
            with self.rec.module(layer.get("name", where.partition("[")[0] + str(place))):
                x = record(self, layer, x)
        return x

    def frames(self, x: Map, depth: int, stride: int, padding: int) -> Any:
        """B T' of what a window over T frames gives."""
        if (depth, stride) == (1, 1):
            return x.batch
        return self.batch * window_length(x.batch / self.batch, depth, stride, padding)

    def of(self, name: str, x: Map) -> Map:
        """The map of a name."""
        if name != "." and name not in self.kept:
            raise UsageError(f"layers: no map was kept as '{name}'; known: {', '.join(self.kept) or 'none'}")
        return x if name == "." else self.kept[name]


def _conv(net: _Net, layer: Layer, x: Map) -> Map:
    """(B T, C, H, W) -> (B T', out, H', W')."""
    if "depth" in layer:
        return _deep(net, layer, x)
    norm, activation = layer.get("norm", net.norm), layer.get("activation", net.activation)
    backward, net.first = "weight" if net.first else "full", False
    kernel, stride = layer.get("kernel", 3), layer.get("stride", 1)
    settings: dict[str, Any] = {
        "padding": layer.get("padding"), "groups": layer.get("groups", 1), "backward": backward,
        "bias": layer.get("bias", not norm),
    }  # fmt: skip
    if norm:
        kept = layer.get("summed", False) and "relu" in activation
        return conv_norm(net.rec, x, layer["out"], kernel, stride, relu=bool(activation),
                         activation=activation, keeps_output=kept, **settings)  # fmt: skip
    y = net.rec.conv(x, layer["out"], kernel, stride, **settings)
    if activation:
        activate(net.rec, y.elements, activation)
    return y


def _deep(net: _Net, layer: Layer, x: Map) -> Map:
    """The same with a window over frames."""
    norm, activation = layer.get("norm", net.norm), layer.get("activation", net.activation)
    out, kernel, stride, depth = layer["out"], layer.get("kernel", 3), layer.get("stride", 1), layer["depth"]
    padding = layer.get("padding", kernel // 2)
    frames = net.frames(x, depth, layer.get("depth_stride", 1), layer.get("depth_padding", depth // 2))
    y = Map(frames, out, window_length(x.height, kernel, stride, padding),
            window_length(x.width, kernel, stride, padding))  # fmt: skip
    backward, net.first = "weight" if net.first else "full", False
    net.rec.window(x.elements, y.pixels, x.channels, out, depth * kernel**2, groups=layer.get("groups", 1),
                   bias=out if layer.get("bias", not norm) else 0, backward=backward)  # fmt: skip
    if norm:
        norm_activate(net.rec, y, activation)
    elif activation:
        activate(net.rec, y.elements, activation)
    return y


def _up(net: _Net, layer: Layer, x: Map) -> Map:
    """(B T, C, H, W) -> (B T depth, out, H stride, W stride)."""
    norm, activation = layer.get("norm", net.norm), layer.get("activation", net.activation)
    out, stride, biased = layer["out"], layer.get("stride", 1), layer.get("bias", not norm)
    if "depth" in layer:
        taps = layer["depth"] * stride**2
        y = Map(x.batch * layer["depth"], out, x.height * stride, x.width * stride)
        net.rec.window(x.elements, x.pixels, x.channels, out * taps, 1, bias=out if biased else 0)
    else:
        y = transposed(net.rec, x, out, layer.get("kernel", 3), stride, bias=biased)
    if norm:
        norm_activate(net.rec, y, activation, name="up")
    elif activation:
        activate(net.rec, y.elements, activation)
    return y


def _pool(net: _Net, layer: Layer, x: Map) -> Map:
    """(B T, C, H, W) -> (B T', C, H', W')."""
    kernel, depth = layer["kernel"], layer.get("depth", 1)
    frames = net.frames(x, depth, layer.get("depth_stride", depth), layer.get("depth_padding", 0))
    stride = layer.get("stride", kernel)
    if kernel == depth == stride == 1:
        # Frames are picked out.
        net.rec.copy(x._replace(batch=frames).elements, name="frames")
        return x._replace(batch=frames)
    return net.rec.pool(
        x, kernel, stride, padding=layer.get("padding", 0), ceil=layer.get("ceil", False),
        average=layer["kind"] == "mean", slices=frames,
    )  # fmt: skip


def _enlarge(net: _Net, layer: Layer, x: Map) -> Map:
    """(B, C, H, W) -> (B, C or C / factor^2, H factor, W factor), or back."""
    if "like" in layer:
        y = net.of(layer["like"], x)._replace(channels=x.channels)
        net.rec.copy(y.elements, source=x.elements, name="spread")
        return y
    factor, shuffles = layer["factor"], layer["kind"] == "shuffle"
    if layer["kind"] == "fold":
        net.rec.copy(x.elements, name="fold")
        return x.like(x.channels * factor**2, x.height // factor, x.width // factor)
    if shuffles and x.channels % factor**2:
        raise UsageError(
            f"layers: {x.channels} channels are no multiple of {factor}^2, which shuffle spreads"
        )
    y = x.like(x.channels // (factor**2 if shuffles else 1), factor * x.height, factor * x.width)
    net.rec.copy(y.elements, reads=1.0 if shuffles else 1.0 / factor**2, name=layer["kind"])
    return y


def _dense(net: _Net, layer: Layer, x: Map) -> Map:
    """(B T, C, H, W) -> (B frames, C, side, side) -> (B, out, 1, 1)."""
    side, frames = layer.get("side", 1), layer.get("frames", 1)
    if x.height is not _POINT:
        x = net.rec.global_pool(x, side=side)
    net.rec.linear(net.batch, x.channels * side**2 * frames, layer["out"], bias=layer.get("bias", True))
    if layer.get("activation"):
        activate(net.rec, layer["out"] * net.batch, layer["activation"])
    return Map(net.batch, layer["out"], _POINT, _POINT)


def _keep(net: _Net, layer: Layer, x: Map) -> Map:
    net.kept[layer["as"]] = x
    return x


def _take(net: _Net, layer: Layer, x: Map) -> Map:
    """Maps of equal sides -> one of all their channels."""
    taken = [net.of(name, x) for name in layer["of"]]
    y = taken[0]._replace(channels=sum(one.channels for one in taken))
    if len(taken) > 1:
        net.rec.copy(y.elements, name="concatenate")
    return y


def _scene(net: _Net, layer: Layer, x: Map) -> Map:
    """(B, C, H, W) -> (B, 512, H, W)."""
    return scene(net.rec, [x])


def _half(net: _Net, layer: Layer, x: Map) -> Map:
    """(B, C, H, W) -> (B, C / 2, H, W)."""
    return x._replace(channels=x.channels // 2)


def _shift(net: _Net, layer: Layer, x: Map) -> Map:
    """A map of its own (Lin et al., "TSM"), while the last function keeps what it made."""
    if net.shifts:
        net.rec.copy(x.elements, keeps=1.0, name="shift")
    return x


def _gate(net: _Net, layer: Layer, x: Map) -> Map:
    images.squeeze_excite(net.rec, x, layer["squeezed"])
    return x


def _values(net: _Net, layer: Layer, x: Map) -> Map:
    net.rec.pointwise(x.elements, parameters=float(layer["values"]), name="values")
    return x


def _add(net: _Net, layer: Layer, x: Map) -> Map:
    """Two maps of one shape."""
    net.of(layer["of"], x)
    net.rec.add(x.elements)
    return x


def _aside(net: _Net, layer: Layer, x: Map) -> Map:
    """A head that nothing reads but its loss."""
    if net.rec.training:
        net.run(layer["layers"], x, "aside")
    return x


def _drop(net: _Net, layer: Layer, x: Map) -> Map:
    """Beside what the function before it made, which that keeps."""
    if net.rec.training:
        net.rec.copy(x.elements, keeps=1.0, name="drop")
    return x


def _points(net: _Net, layer: Layer, x: Map) -> Map:
    """(B pillars points, features) -> (B, out, H, W), most of whose places are empty."""
    rows, out = net.batch * layer["pillars"] * layer["points"], layer["out"]
    net.rec.linear(rows, layer["features"], out, bias=False, backward="weight")
    norm_activate(net.rec, Map(rows, out, _POINT, _POINT), "relu")
    # The largest of each place is known by its index, and every value that the function made is there.
    net.rec.copy(net.batch * layer["pillars"] * out, source=rows * out, keeps=1.0, name="most")
    net.first = False
    net.rec.copy(x.elements, source=net.batch * layer["pillars"] * out, name="scatter")
    return x


#: Tensors that a focal loss of peaks keeps where it is written out (gaussian_focal_loss of mmdetection): the
#: scores, what their logarithm and its counterpart's read and make, both powers, weights, products, and the
#: target.
_FOCAL = 12.0


def _loss(net: _Net, layer: Layer, x: Map) -> Map:
    """A class of each position, in training."""
    if net.rec.training and layer.get("focal"):
        net.rec.pointwise(x.elements, keeps=_FOCAL, wide=True, name="focal")
    elif net.rec.training:
        class_losses(net.rec, x.pixels, x.channels, heads=float(layer.get("heads", 1)))
    return x


def _block(net: _Net, layer: Layer, x: Map) -> Map:
    """Layers several times over, each time with weights of its own."""
    residual, start = layer.get("residual", False), net.first
    *before, last = layer["layers"]
    # What a sum reads, and no convolution, is kept for its own activation's gradient.
    layers = [*before, {**last, "summed": residual}]
    for _ in range(layer.get("count", 1)):
        y = net.run(layers, x, "block")
        if residual and y.channels != x.channels:
            raise UsageError(f"layers: a residual of {x.channels} channels cannot be added to {y.channels}")
        if residual:
            net.rec.add(y.elements)
        x = y
    net.first = start and net.first
    return x


_KINDS: Mapping[Any, Callable[[_Net, Layer, Map], Map]] = {
    "conv": _conv, "up": _up, "max": _pool, "mean": _pool, "spread": _enlarge, "shuffle": _enlarge,
    "fold": _enlarge, "half": _half, "shift": _shift, "values": _values, "gate": _gate,
    "dense": _dense, "keep": _keep, "take": _take, "add": _add, "block": _block, "loss": _loss,
    "scene": _scene, "aside": _aside, "drop": _drop, "points": _points,
}  # fmt: skip
