"""The networks of images in Keras, from the same dimensions as in PyTorch (`whichgpu/bench/models/`).

Letters: B batch, C channels, H W height and width; tensors are (B, C, H, W) or (B, H, W, C).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Branch = Sequence[tuple[int, int | tuple[int, int]]]
    from whichgpu.workloads.job import Dims


class Layers(NamedTuple):
    """Keras' layers, with the axis of the channels."""

    keras: Any
    axis: int

    def norm(
        self, x: Any, out: int, kernel: Any, stride: int = 1, *, same: bool = True, relu: bool = True
    ) -> Any:
        """Convolution without bias, batch normalisation, ReLU; `same`: padded as PyTorch pads."""
        layers = self.keras.layers
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        if same and stride > 1:
            # TensorFlow pads a strided convolution at the end only; both sides alike is what the others do.
            x = layers.ZeroPadding2D(tuple(side // 2 for side in sides))(x)
        inside = "same" if same and stride == 1 else "valid"
        x = layers.Conv2D(out, sides, stride, padding=inside, use_bias=False)(x)
        x = layers.BatchNormalization(axis=self.axis, momentum=0.9, epsilon=1e-5)(x)
        return layers.ReLU()(x) if relu else x

    def pool(self, x: Any, side: int, stride: int, *, mean: bool = False, same: bool = False) -> Any:
        """The maximum or the mean of windows."""
        kind = self.keras.layers.AveragePooling2D if mean else self.keras.layers.MaxPooling2D
        return kind(side, stride, padding="same" if same else "valid")(x)

    def join(self, parts: Sequence[Any]) -> Any:
        """Concatenate channels."""
        return self.keras.layers.Concatenate(axis=self.axis)(list(parts))

    def head(self, x: Any, classes: int) -> Any:
        """(B, classes) in FP32."""
        x = self.keras.layers.GlobalAveragePooling2D()(x)
        return self.keras.layers.Dense(classes, dtype="float32")(x)

    def chain(self, x: Any, rows: Branch) -> Any:
        """Convolutions one after another."""
        for out, kernel in rows:
            x = self.norm(x, out, kernel)
        return x


def build(tf: Any, family: str, dims: Dims, sides: tuple[int, int], *, channels_first: bool) -> Any:
    """The model of a family for training: one output, and one for each auxiliary classifier."""
    shape = (3, *sides) if channels_first else (*sides, 3)
    layers = Layers(tf.keras, 1 if channels_first else -1)
    x = tf.keras.Input(shape)
    return tf.keras.Model(x, BUILDERS[family](layers, x, dims))


def resnet(layers: Layers, x: Any, dims: Dims) -> Any:
    """ResNet v1.5: the stride is on the 3 x 3."""
    x = layers.norm(x, 64, 7, 2)
    x = layers.pool(x, 3, 2, same=True)
    channels, expansion = 64, 1 if dims["block"] == "basic" else 4
    for stage, blocks in enumerate(dims["layers"]):
        width = 64 * 2**stage
        out = width * expansion
        for i in range(blocks):
            stride = 2 if stage and not i else 1
            short = x if stride == 1 and channels == out else layers.norm(x, out, 1, stride, relu=False)
            if expansion == 1:
                y = layers.norm(layers.norm(x, width, 3, stride), out, 3, relu=False)
            else:
                y = layers.norm(layers.norm(layers.norm(x, width, 1), width, 3, stride), out, 1, relu=False)
            x = layers.keras.layers.ReLU()(layers.keras.layers.Add()([short, y]))
            channels = out
    return layers.head(x, dims["classes"])


def googlenet(layers: Layers, x: Any, dims: Dims) -> Any:
    """GoogLeNet with batch normalisation and its auxiliary classifiers."""
    x = layers.pool(layers.norm(x, 64, 7, 2), 3, 2, same=True)
    x = layers.norm(layers.norm(x, 64, 1), 192, 3)
    beside = []
    for name, (one, reduce3, three, reduce5, five, project) in dims["blocks"].items():
        if name in ("3a", "4a", "5a"):
            x = layers.pool(x, 2 if name == "5a" else 3, 2, same=True)
        x = layers.join((
            layers.norm(x, one, 1), layers.chain(x, [(reduce3, 1), (three, 3)]),
            layers.chain(x, [(reduce5, 1), (five, 3)]),
            layers.norm(layers.pool(x, 3, 1, same=True), project, 1),
        ))  # fmt: skip
        if name in dims["auxiliary"]:
            beside.append(_auxiliary(layers, x, dims["classes"]))
    return [layers.head(x, dims["classes"]), *beside]


def _auxiliary(layers: Layers, x: Any, classes: int) -> Any:
    keras = layers.keras.layers
    # 14 x 14 comes down to 4 x 4, as the mean over 4 x 4 cells does elsewhere.
    side = x.shape[2]
    window = max(1, side - (side // 4) * 3) if side >= 4 else 1
    x = keras.AveragePooling2D(window, max(1, side // 4))(x)
    x = layers.norm(x, 128, 1)
    x = keras.ReLU()(keras.Dense(1024)(keras.Flatten()(x)))
    return keras.Dense(classes, dtype="float32")(x)


def inception_v3(layers: Layers, x: Any, dims: Dims) -> Any:
    """Inception v3 with its auxiliary classifier."""
    x = layers.norm(layers.norm(x, 32, 3, 2, same=False), 32, 3, same=False)
    x = layers.pool(layers.norm(x, 64, 3), 3, 2)
    x = layers.pool(layers.norm(layers.norm(x, 80, 1), 192, 3, same=False), 3, 2)
    for features in dims["pool_features"]:
        x = _block(layers, x, [[(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)]], features)
    x = _reduce(layers, x, [], [(64, 1), (96, 3)], (384, 96))
    for c in dims["seven"]:
        deep: Branch = [(c, 1), (c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))]
        x = _block(layers, x, [[(192, 1)], [(c, 1), (c, (1, 7)), (192, (7, 1))], deep], 192)
    beside = _side(layers, x, dims["classes"])
    x = _reduce(layers, x, [(192, 1)], [(192, 1), (192, (1, 7)), (192, (7, 1))], (320, 192))
    for _ in range(2):
        x = _widest(layers, x)
    return [layers.head(x, dims["classes"]), beside]


def _block(layers: Layers, x: Any, branches: Sequence[Branch], pool: int) -> Any:
    mean = layers.norm(layers.pool(x, 3, 1, mean=True, same=True), pool, 1)
    return layers.join([*(layers.chain(x, one) for one in branches), mean])


def _reduce(layers: Layers, x: Any, before: Branch, deep: Branch, widths: tuple[int, int]) -> Any:
    out, deep_out = widths
    return layers.join((
        layers.norm(layers.chain(x, before), out, 3, 2, same=False),
        layers.norm(layers.chain(x, deep), deep_out, 3, 2, same=False), layers.pool(x, 3, 2),
    ))  # fmt: skip


def _widest(layers: Layers, x: Any) -> Any:
    parts = [layers.norm(x, 320, 1)]
    for rows in ([(384, 1)], [(448, 1), (384, 3)]):
        y = layers.chain(x, rows)
        parts += [layers.norm(y, 384, (1, 3)), layers.norm(y, 384, (3, 1))]
    return layers.join([*parts, layers.norm(layers.pool(x, 3, 1, mean=True, same=True), 192, 1)])


def _side(layers: Layers, x: Any, classes: int) -> Any:
    """The auxiliary classifier; maps too small for its windows (toy sizes) are padded first."""
    side = x.shape[2]
    if side < 17:
        x = layers.keras.layers.ZeroPadding2D(((0, 17 - side), (0, 17 - side)))(x)
    x = layers.norm(layers.pool(x, 5, 3, mean=True), 128, 1)
    return layers.head(layers.norm(x, 768, 5, same=False), classes)


#: By family.
BUILDERS: Mapping[str, Callable[[Layers, Any, Dims], Any]] = {
    "resnet": resnet, "googlenet": googlenet, "inception_v3": inception_v3,
}  # fmt: skip
