"""An ONNX file becomes a workload: shapes inferred, unknown operators named, nothing large believed."""

from __future__ import annotations

import gzip
import importlib.util
import zipfile

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import Given, load
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops

HAS_ONNX = importlib.util.find_spec("onnx") is not None
needs_onnx = pytest.mark.skipif(not HAS_ONNX, reason="needs onnx: pip install 'whichgpu[onnx]'")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked")]


@pytest.fixture
def graph(tmp_path):
    """Write a model of nodes: `graph(nodes, {input: shape}, {weight: shape})`."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def made(nodes, inputs, weights, outputs=("y",), integer=()):
        def value(name, shape):
            kind = TensorProto.INT64 if name in integer else TensorProto.FLOAT
            return helper.make_tensor_value_info(name, kind, shape)

        constants = [
            numpy_helper.from_array(np.array(shape["values"]) if isinstance(shape, dict)
                                    else np.zeros(shape, np.float32), name)
            for name, shape in weights.items()
        ]  # fmt: skip
        model = helper.make_graph(
            [helper.make_node(kind, ins, outs, name=f"/{index}/{kind}", **more)
             for index, (kind, ins, outs, more) in enumerate(nodes)],
            "net", [value(name, shape) for name, shape in inputs.items()],
            [value(name, None) for name in outputs], constants,
        )  # fmt: skip
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(model, opset_imports=imports, ir_version=8), path)
        return str(path)

    return made


CONV = [
    ("Conv", ["x", "w1", "b1"], ["c"], {"kernel_shape": [7, 7], "strides": [2, 2], "pads": [3, 3, 3, 3]}),
    ("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], {}),
    ("Relu", ["n"], ["r"], {}),
    ("GlobalAveragePool", ["r"], ["p"], {}),
    ("Flatten", ["p"], ["f"], {}),
    ("Gemm", ["f", "w2", "b2"], ["y"], {"transB": 1}),
]
CONV_WEIGHTS = {
    "w1": (64, 3, 7, 7),
    "b1": (64,),
    "s": (64,),
    "b": (64,),
    "m": (64,),
    "v": (64,),
    "w2": (10, 64),
    "b2": (10,),
}


@needs_onnx
def test_a_convolutional_net(graph, whichgpu):
    path = graph(CONV, {"x": ["batch", 3, 224, 224]}, CONV_WEIGHTS)
    answer = whichgpu("workload", path, "--json").json
    assert answer["parameters"] == 64 * 147 + 64 + 128 + 650
    assert answer["flops"] == 2 * (112 * 112 * 64 * 147 + 640)
    item = load(path)
    eight = item.complete(Job(item.id, batch=8))
    assert product_flops(item.trace(eight)) == 8 * answer["flops"]
    predicted = whichgpu("predict", path, "--gpu", "l4", "--batch", "32", "--json")
    assert predicted.json["value"]["mid"] > 0


@needs_onnx
def test_the_products_of_a_transformer(graph):
    nodes = [
        ("Gather", ["table", "ids"], ["x"], {}),
        ("MatMul", ["x", "wq"], ["q"], {}),
        ("Transpose", ["x"], ["k"], {"perm": [0, 2, 1]}),
        ("MatMul", ["q", "k"], ["scores"], {}),
        ("Softmax", ["scores"], ["p"], {}),
        ("MatMul", ["p", "x"], ["y"], {}),
    ]
    path = graph(nodes, {"ids": ["batch", 16]}, {"table": (100, 32), "wq": (32, 32)}, integer=("ids",))
    item = load(path)
    assert item.flops() == 2 * 16 * 32 * 32 + 2 * 2 * 16 * 16 * 32
    assert sum(item.parameters().values()) == 100 * 32 + 32 * 32


@needs_onnx
def test_other_products(graph):
    nodes = [
        ("ConvTranspose", ["x", "w"], ["c"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Einsum", ["c", "e"], ["y"], {"equation": "bchw,cd->bdhw"}),
    ]
    path = graph(nodes, {"x": [1, 8, 4, 4]}, {"w": (8, 4, 2, 2), "e": (4, 6)})
    assert load(path).flops() == 2 * (16 * 8 * 4 * 4) + 2 * (8 * 8 * 4 * 6)
    lstm = [("LSTM", ["x", "w", "r"], ["y"], {"hidden_size": 16})]
    path = graph(lstm, {"x": [10, "batch", 8]}, {"w": (1, 64, 8), "r": (1, 64, 16)})
    assert load(path).flops() == 2 * 10 * 64 * (8 + 16)


@needs_onnx
def test_unknown_operators_are_named_and_counted_as_bytes(graph):
    nodes = [*CONV, ("Mystery", ["y"], ["z"], {"domain": "com.example"})]
    item = load(graph(nodes, {"x": ["batch", 3, 224, 224]}, CONV_WEIGHTS, outputs=("z",)))
    assert item.dims["notes"] == ["not known, counted as bytes: 1 x Mystery"]
    row = item.dims["ops"][-1]
    assert (row["kind"], row["read"]) == ("copy", [0, 10])


@needs_onnx
def test_an_open_size_is_asked_for(graph):
    path = graph([("Relu", ["x"], ["y"], {})], {"x": ["batch", "length", 8]}, {})
    with pytest.raises(UsageError, match=r"size 1 \(length\) is open; give --input x=1x.."):
        load(path)
    assert load(path, Given(inputs=("x=1x128x8",))).dims["inputs"] == ["x 1x128x8"]
    with pytest.raises(UsageError, match="no such input; it has x"):
        load(path, Given(inputs=("nope=1x128x8",)))


@needs_onnx
def test_a_fixed_batch_is_scaled(graph):
    nodes = [("Reshape", ["x", "shape"], ["r"], {}), ("MatMul", ["r", "w"], ["y"], {})]
    path = graph(nodes, {"x": [4, 8]}, {"shape": {"values": [4, 8]}, "w": (8, 8)})
    item = load(path)
    assert item.flops() == 2 * 64


@needs_onnx
def test_a_saved_graph_needs_no_onnx(graph, tmp_path, whichgpu):
    path = graph(CONV, {"x": ["batch", 3, 224, 224]}, CONV_WEIGHTS)
    saved = str(tmp_path / "my.toml")
    first = whichgpu("workload", "--from", path, "--save", saved, "--json").json
    (tmp_path / "model.onnx").unlink()
    again = whichgpu("workload", saved, "--json").json
    assert (first["parameters"], first["flops"]) == (again["parameters"], again["flops"])


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (gzip.compress(bytes(1000), mtime=0), "a gzip archive, not an ONNX file")],
)
def test_what_is_no_onnx_file(tmp_path, whichgpu, content, said):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    answer = whichgpu("workload", str(path))
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_a_zip_bomb_is_not_unpacked(tmp_path, whichgpu):
    path = tmp_path / "model.onnx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model", bytes(200_000_000))
    assert path.stat().st_size < 1_000_000
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert "a zip archive, not an ONNX file; unpack it first" in answer.err


def test_more_than_two_gigabytes_are_refused_unread(tmp_path, whichgpu):
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert "is above the 2,147 MB of a ONNX file" in answer.err


@needs_onnx
@pytest.mark.parametrize("content", [b"\x08\x01", b"nonsense" * 100, b"\x0a" * 10_000, b"\x00" * 1000])
def test_bytes_that_are_no_graph(tmp_path, whichgpu, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert "no ONNX file" in answer.err


@needs_onnx
def test_a_graph_whose_sizes_are_absurd(graph):
    path = graph([("MatMul", ["x", "w"], ["y"], {})], {"x": [1, 2**40, 2**40]}, {"w": (8, 8)})
    with pytest.raises(UsageError):
        load(path)
