"""ONNX files with inner graphs, packed weights, operators beyond the standard, and graphs that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load

onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'whichgpu[onnx]'")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked")]
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper
MS, FLOAT = "com.microsoft", TensorProto.FLOAT
node = helper.make_node


def value(name, *shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape) or None)


def weight(name, *shape, kind=np.float32):
    return numpy_helper.from_array(np.zeros(shape, kind), name)


def graph(nodes, inputs, outputs, weights=(), name="net"):
    return helper.make_graph(nodes, name, inputs, outputs, list(weights))


def write(folder, made, *, opset=21, functions=()):
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(MS, 1), helper.make_opsetid("local", 1)]
    model = helper.make_model(made, opset_imports=imports, functions=list(functions), ir_version=9)
    onnx.save(model, folder / "model.onnx")
    return load(str(folder / "model.onnx"))


def test_packed_weights_count_as_what_they_hold_and_as_their_bytes(tmp_path):
    layers, name = [], "x"
    for index in range(3):
        layers.append(
            node("MatMulNBits", [name, f"b{index}", f"s{index}"], [f"y{index}"], domain=MS, K=256, N=256,
                 bits=4, block_size=32)
        )  # fmt: skip
        layers.append(node("Relu", [f"y{index}"], [f"r{index}"]))
        name = f"r{index}"
    weights = [one for i in range(3)
               for one in (weight(f"b{i}", 256, 8, 16, kind=np.uint8), weight(f"s{i}", 256 * 8))]  # fmt: skip
    item = write(tmp_path, graph(layers, [value("x", "batch", 16, 256)], [value(name)], weights))
    assert item.flops() == 3 * 2 * 16 * 256 * 256
    assert sum(item.parameters().values()) == 3 * 256 * 256
    # Half a byte a weight, and a float for each 32 of them.
    assert item.dims["file"]["bytes"] == 3 * 256 * 256 * (0.5 + 4 / 32)
    assert item.dims["stored"]["weight_bytes"] == 0.625
    assert not item.dims["notes"]


def test_attention_of_onnxruntime(tmp_path):
    qkv = [value("q", 1, 16, 512), value("k", 1, 16, 128), value("v", 1, 16, 128)]
    grouped = node("GroupQueryAttention", ["q", "k", "v"], ["y"], domain=MS, num_heads=8, kv_num_heads=2)
    assert write(tmp_path, graph([grouped], qkv, [value("y")])).flops() == 4 * 8 * 16 * 16 * 64
    whole = node("Attention", ["x", "w", "b"], ["y"], domain=MS, num_heads=8)
    after = node("SkipLayerNormalization", ["y", "x", "g"], ["z"], domain=MS)
    last = node("MatMul", ["z", "o"], ["out"])
    weights = [weight("w", 512, 1536), weight("b", 1536), weight("g", 512), weight("o", 512, 512)]
    item = write(tmp_path, graph([whole, after, last], [value("x", 1, 16, 512)], [value("out")], weights))
    products = 2 * 16 * 512 * 1536 + 2 * 16 * 512 * 512
    assert item.flops() == products + 4 * 8 * 16 * 16 * 64
    assert sum(item.parameters().values()) == 512 * 1536 + 1536 + 512 + 512 * 512


def test_a_loop_counts_as_often_as_it_runs(tmp_path):
    body = graph(
        [node("MatMul", ["h", "w"], ["h2"]), node("Identity", ["go"], ["on"])],
        [value("i", kind=TensorProto.INT64), value("go", kind=TensorProto.BOOL), value("h", 1, 64)],
        [value("on", kind=TensorProto.BOOL), value("h2", 1, 64)],
    )
    turns = numpy_helper.from_array(np.array(12, np.int64), "turns")
    looped = node("Loop", ["turns", "", "x"], ["y"], body=body)
    item = write(
        tmp_path, graph([looped], [value("x", 1, 64)], [value("y", 1, 64)], [turns, weight("w", 64, 64)])
    )
    assert item.flops() == 12 * 2 * 64 * 64
    assert sum(item.parameters().values()) == 64 * 64
    asked = node("Loop", ["n", "", "x"], ["y"], body=body)
    inputs = [value("n", 1, kind=TensorProto.INT64), value("x", 1, 64)]
    open_ended = write(tmp_path, graph([asked], inputs, [value("y", 1, 64)], [weight("w", 64, 64)]))
    assert open_ended.flops() == 2 * 64 * 64
    assert "how often it runs is not known" in open_ended.dims["notes"][0]


def test_a_scan_counts_its_length_and_a_choice_its_dearer_branch(tmp_path):
    step = graph(
        [node("MatMul", ["h", "w"], ["n"]), node("Add", ["n", "xs"], ["ho"]),
         node("Identity", ["ho"], ["o"])],
        [value("h", 1, 64), value("xs", 1, 64)], [value("ho", 1, 64), value("o", 1, 64)],
    )  # fmt: skip
    scanned = node("Scan", ["h0", "x"], ["hf", "ys"], body=step, num_scan_inputs=1)
    item = write(tmp_path, graph([scanned], [value("h0", 1, 64), value("x", 20, 1, 64)],
                                 [value("hf", 1, 64), value("ys", 20, 1, 64)],
                                 [weight("w", 64, 64)]))  # fmt: skip
    assert item.flops() == 20 * 2 * 64 * 64
    short = graph([node("MatMul", ["x", "w"], ["t"])], [], [value("t", 1, 64)])
    long = graph(
        [node("MatMul", ["x", "w"], ["u"]), node("MatMul", ["u", "w"], ["e"])], [], [value("e", 1, 64)]
    )
    choice = node("If", ["c"], ["y"], else_branch=long, then_branch=short)
    inputs = [value("c", kind=TensorProto.BOOL), value("x", 1, 64)]
    item = write(tmp_path, graph([choice], inputs, [value("y")], [weight("w", 64, 64)]))
    assert item.flops() == 2 * 2 * 64 * 64
    assert "If: its else-branch is counted, which is no less work" in item.dims["notes"]
    taken = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    item = write(tmp_path, graph([choice], inputs[1:], [value("y")], [weight("w", 64, 64), taken]))
    assert item.flops() == 2 * 64 * 64
    assert not any("branch" in note for note in item.dims["notes"])


def test_choices_within_choices_are_walked_once(tmp_path):
    """Thirty deep: walked once for each way through, they would never end."""
    inner = [node("MatMul", ["x", "w"], ["t0"])]
    for depth in range(30):
        branch = graph(inner, [], [value(f"t{depth}", 1, 64)])
        other = graph([node("Identity", ["x"], [f"o{depth}"])], [], [value(f"o{depth}", 1, 64)])
        inner = [node("If", ["c"], [f"t{depth + 1}"], else_branch=branch, then_branch=other)]
    inputs = [value("c", kind=TensorProto.BOOL), value("x", 1, 64)]
    item = write(tmp_path, graph(inner, inputs, [value("t30")], [weight("w", 64, 64)]))
    assert item.flops() == 2 * 64 * 64


def test_a_batch_behind_a_fixed_side_is_the_open_one(tmp_path):
    steps = helper.make_tensor_value_info("x", TensorProto.FLOAT, [10, "B", 32])
    state = node("LSTM", ["x", "w", "r"], ["y"], hidden_size=64)
    item = write(
        tmp_path, graph([state], [steps], [value("y")], [weight("w", 1, 256, 32), weight("r", 1, 256, 64)])
    )
    assert item.flops() == 2 * 10 * 256 * (32 + 64)
    assert item.dims["notes"] == []


def test_functions_of_the_file_are_written_out(tmp_path):
    made = helper.make_function(
        "local",
        "Dense",
        ["X", "W"],
        ["Y"],
        [node("MatMul", ["X", "W"], ["Y"])],
        [helper.make_opsetid("", 21)],
    )
    called = graph([node("Dense", ["x", "w"], ["y"], domain="local")], [value("x", 1, 16, 64)], [value("y")],
                   [weight("w", 64, 32)])  # fmt: skip
    assert write(tmp_path, called, functions=[made]).flops() == 2 * 16 * 64 * 32


def test_sparse_weights_and_weights_beside_the_file(tmp_path):
    product = graph([node("MatMul", ["x", "w"], ["y"])], [value("x", 1, 16, 64)], [value("y")])
    places = numpy_helper.from_array(np.arange(5, dtype=np.int64), "places")
    product.sparse_initializer.append(
        helper.make_sparse_tensor(numpy_helper.from_array(np.ones(5, np.float32), "w"), places, [64, 32])
    )
    assert write(tmp_path, product).flops() == 2 * 16 * 64 * 32
    outside = graph([node("Gemm", ["x", "w"], ["y"], transB=1)], [value("x", "N", 512)], [value("y")],
                    [weight("w", 1000, 512)])  # fmt: skip
    model = helper.make_model(outside, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "out.onnx", save_as_external_data=True, location="w.bin", size_threshold=1)
    (tmp_path / "w.bin").unlink()
    item = load(str(tmp_path / "out.onnx"))
    assert (item.flops(), sum(item.parameters().values())) == (2 * 1000 * 512, 512_000)


@pytest.mark.parametrize(
    ("nodes", "shape", "said"),
    [
        (
            [node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])],
            (1,),
            "reads 'b', which nothing before it",
        ),
        ([node("Relu", ["nowhere"], ["a"])], (1,), "reads 'nowhere', which nothing before it makes"),
        ([node("MatMul", ["x", "w"], ["a"])], (1, 16, 63), "the shapes of MatMul do not go together"),
        ([node("MatMul", ["x", "w"], ["a"])], (2**62, 64), "is 4,611,686,018,427,387,904"),
    ],
)
def test_a_graph_that_cannot_be(tmp_path, nodes, shape, said):
    made = graph(nodes, [value("x", *shape)], [value("a")], [weight("w", 64, 32)])
    with pytest.raises(UsageError, match=said):
        write(tmp_path, made)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x08\x09" + b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x3a\xff\xff\xff\x7f" + b"\x0a" * 1000,
        b"\x0b" * 100_000,
        b"\x3a\x04\x0a\x02\x0a\x00" * 10_000,
        b"not a protocol buffer",
        bytes(range(256)) * 40,
    ],
    ids=["length", "longer-than-file", "groups", "many-graphs", "text", "noise"],
)
def test_hostile_bytes(tmp_path, whichgpu, raw):
    (tmp_path / "bad.onnx").write_bytes(raw)
    answer = whichgpu("workload", str(tmp_path / "bad.onnx"))
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.count("\n") == 1


def test_a_tied_head_that_is_stored_turned_over_has_its_parameters_once(tmp_path):
    table = np.arange(100 * 64, dtype=np.float32).reshape(100, 64)
    for head, parameters in ((table.T, 100 * 64), (table.T + 1, 2 * 100 * 64)):
        weights = [numpy_helper.from_array(table, "words"),
                   numpy_helper.from_array(np.ascontiguousarray(head), "head")]  # fmt: skip
        nodes = [node("Gather", ["words", "x"], ["h"]), node("MatMul", ["h", "head"], ["y"])]
        item = write(
            tmp_path, graph(nodes, [value("x", "batch", 8, kind=TensorProto.INT64)], [value("y")], weights)
        )
        assert sum(item.parameters().values()) == parameters
        assert item.dims["file"]["bytes"] == 2 * 100 * 64 * 4
        assert len(item.dims["notes"]) == (parameters == 100 * 64)


def test_an_input_of_a_size_below_one_is_refused(tmp_path):
    with pytest.raises(UsageError, match="input 'x': size 0 is -3, below one"):
        write(tmp_path, graph([node("Relu", ["x"], ["y"])], [value("x", -3, 4)], [value("y")]))
