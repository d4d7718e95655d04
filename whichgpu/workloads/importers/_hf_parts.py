"""What readers of a config.json write the parts of an assembled network with; see families/assembled.py.

Letters: D width, S rows of one sample (a number, or [a, b] for a + b times the size of the sample).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whichgpu.workloads.importers._hf_config import Config

    Rows = float | list[float]
    #: How many layers, width, heads, inner width.
    Sizes = tuple[int, int, int, int]


class Parts:
    """The parts of a network, in their order."""

    def __init__(self) -> None:
        """No part yet."""
        self.rows: list[dict[str, Any]] = []
        self._answers: list[tuple[Rows, Rows]] = []

    def writes(self, rows: Rows, written: Rows | None = None) -> None:
        """Of what follows, parts of these rows make them (or `written` of them) one after another."""
        self._answers.append((rows, rows if written is None else written))

    def layers(self, name: str, rows: Rows, sizes: Sizes, **more: Any) -> None:
        """Equal layers of attention (none for 0 heads) and feed-forward (none for 0)."""
        count, width, heads, ffn = sizes
        self._put("layers", name, count=count, rows=rows, width=width, heads=heads, ffn=ffn, **more)

    def dense(self, name: str, rows: Rows, inputs: int, outputs: int, **more: Any) -> None:
        """(S, inputs) -> (S, outputs)."""
        if inputs and outputs:
            self._put("dense", name, rows=rows, inputs=inputs, outputs=outputs, **more)

    def attention(self, name: str, count: int, rows: Rows, width: int, heads: int, **more: Any) -> None:
        """Attention without projections."""
        self._put("attention", name, count=count, rows=rows, width=width, heads=heads, **more)

    def product(self, name: str, count: int, rows: int, sizes: tuple[Rows, Rows, Rows]) -> None:
        """Products of activations, `rows` of a sample: (left, inner) x (inner, right)."""
        left, inner, right = sizes
        self._put("product", name, count=count, rows=rows, left=left, inner=inner, right=right)

    def conv(self, name: str, rows: Rows, inputs: int, outputs: int, window: int, **more: Any) -> None:
        """A convolution of any rank whose result has S positions."""
        self._put("conv", name, rows=rows, inputs=inputs, outputs=outputs, window=window, **more)

    def table(self, name: str, entries: int, width: int, rows: Rows) -> None:
        """S rows looked up in a table."""
        if entries:
            self._put("table", name, entries=entries, width=width, rows=rows)

    def norm(self, name: str, rows: Rows, width: int, **more: Any) -> None:
        """A LayerNorm."""
        self._put("norm", name, rows=rows, width=width, **more)

    def values(self, name: str, values: int, rows: Rows = 1, width: int = 1) -> None:
        """Trained values that no product reads."""
        if values:
            self._put("values", name, values=values, rows=rows, width=width)

    def perceptron(self, name: str, rows: Rows, *widths: int, bias: bool = True) -> None:
        """Dense layers, one after the other."""
        for place in range(len(widths) - 1):
            self.dense(name, rows, widths[place], widths[place + 1], bias=bias)

    def decoder(self, rows: Rows, keys: Rows, sizes: Sizes, **more: Any) -> None:
        """Layers that attend to themselves, then to other rows: three norms each."""
        count, width, heads, _ = sizes
        self.layers("decoder", rows, (count, width, heads, 0), norms=1, causal=True, **more)
        self.layers("crossing", rows, sizes, keys=keys, **more)

    def _put(self, kind: str, name: str, **fields: Any) -> None:
        for rows, written in self._answers:
            if fields.get("rows") == rows:
                fields["written"] = written
        self.rows.append({"kind": kind, "name": name, **fields})

    def give(self, dims: dict[str, Any], **sizes: float) -> None:
        """Make them the dimensions of a network, whose rows stand at these sizes of a sample."""
        dims["parts"], dims["sizes"] = self.rows, sizes


def says(config: Config, *words: str) -> bool:
    """Whether any of the classes that the file names holds one of these words."""
    return any(word in str(config.raw.get("architectures")) for word in words)


def labels(config: Config) -> int:
    """Classes of the head; two by default."""
    known = config.raw.get("id2label")
    return len(known) if isinstance(known, dict) and known else config.optional("num_labels") or 2
