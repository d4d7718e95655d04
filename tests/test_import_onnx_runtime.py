"""Operators of onnxruntime in an ONNX file, quantised weights as exporters write them, fixed batches."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load

onnx = pytest.importorskip("onnx", reason="needs onnx: pip install 'whichgpu[onnx]'")
pytestmark = pytest.mark.usefixtures("forked")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper
node = helper.make_node


def ms(kind, inputs, outputs, **attributes):
    return node(kind, inputs, outputs, domain="com.microsoft", **attributes)


def model(folder, nodes, inputs, weights, kinds=None):
    """Import a graph of nodes, inputs by shape, weights by shape or as tensors; its last output is `y`."""
    kinds = kinds or {}
    made = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
         for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [one if not isinstance(one, tuple)
         else numpy_helper.from_array(np.zeros(one, kinds.get(name, np.float32)), name)
         for name, one in weights.items()],
    )  # fmt: skip
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(made, opset_imports=imports, ir_version=10), folder / "model.onnx")
    return load(str(folder / "model.onnx"))


def test_products_that_onnxruntime_fuses(tmp_path):
    nodes = [
        ms("FusedGemm", ["x", "w1", "b1"], ["a"], activation="Relu", transB=1),
        ms("GemmFastGelu", ["a", "w2"], ["b"]),
        ms("DynamicQuantizeMatMul", ["b", "w3", "s3"], ["c"]),
        ms("FusedMatMul", ["c", "w4"], ["y"], transB=1),
    ]
    weights = {
        "w1": (1024, 256),
        "b1": (1024,),
        "w2": (1024, 256),
        "w3": (256, 512),
        "s3": (),
        "w4": (128, 512),
    }
    item = model(tmp_path, nodes, {"x": ["batch", 256]}, weights, {"w3": np.int8})
    assert item.flops() == 2 * (1024 * 256 + 1024 * 256 + 256 * 512 + 512 * 128)
    assert sum(item.parameters().values()) == item.flops() / 2 + 1024
    assert not item.dims["notes"]


def test_a_layer_of_bert_as_onnxruntime_writes_it(tmp_path):
    nodes = [
        ms("EmbedLayerNormalization", ["ids", "kinds", "we", "pe", "se", "g", "b"], ["e", "mask"]),
        ms("Attention", ["e", "wqkv", "bqkv"], ["a"], num_heads=4),
        node("MatMul", ["a", "wo"], ["o"]),
        ms("SkipLayerNormalization", ["o", "e", "g", "b"], ["n", "", "", "sum"]),
        node("MatMul", ["n", "w1"], ["u"]),
        ms("FastGelu", ["u"], ["f"]),
        node("MatMul", ["f", "w2"], ["d"]),
        node("Add", ["d", "sum"], ["y"]),
    ]
    weights = {"we": (1000, 256), "pe": (64, 256), "se": (2, 256), "g": (256,), "b": (256,), "wo": (256, 256),
               "wqkv": (256, 768), "bqkv": (768,), "w1": (256, 1024), "w2": (1024, 256)}  # fmt: skip
    tokens = {"ids": ["batch", 32], "kinds": ["batch", 32]}
    item = model(tmp_path, nodes, tokens, weights, dict.fromkeys(tokens, TensorProto.INT32))
    assert item.flops() == 2 * 32 * (4 * 256 * 256 + 2 * 256 * 1024) + 4 * 32 * 32 * 256
    assert not item.dims["notes"]


def test_a_token_is_decoded_against_the_cache(tmp_path):
    cached = ms("GroupQueryAttention", ["q", "k", "v", "pk", "pv", "n", "t"], ["a", "ck", "cv"],
                num_heads=8, kv_num_heads=2)  # fmt: skip
    inputs = {"q": ["batch", 1, 512], "k": ["batch", 1, 128], "v": ["batch", 1, 128],
              "pk": ["batch", 2, 127, 64], "pv": ["batch", 2, 127, 64], "n": ["batch"], "t": []}  # fmt: skip
    kinds = dict.fromkeys(("n", "t"), TensorProto.INT32)
    item = model(tmp_path, [cached, node("MatMul", ["a", "w"], ["y"])], inputs, {"w": (512, 512)}, kinds)
    assert item.flops() == 2 * 512 * 512 + 4 * 512 * 128


def test_an_expert_counts_for_the_tokens_that_it_gets(tmp_path):
    mixture = ms("MoE", ["x", "r", "w1", "", "w2"], ["y"], k=2)
    item = model(
        tmp_path, [mixture], {"x": [1, 16, 64], "r": [16, 8]}, {"w1": (8, 64, 256), "w2": (8, 256, 64)}
    )
    assert item.flops() == 16 * 2 * 2 * 2 * 64 * 256
    assert sum(item.parameters().values()) == 2 * 8 * 64 * 256


def test_weights_between_quantise_and_dequantise_are_what_is_stored(tmp_path):
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["w", "ws"], ["wd"], axis=0),
        node("DequantizeLinear", ["b", "ws"], ["bd"], axis=0),
        node("Conv", ["xd", "wd", "bd"], ["c"], pads=[1, 1, 1, 1]),
        node("GlobalAveragePool", ["c"], ["p"]), node("Flatten", ["p"], ["f"]),
        node("DequantizeLinear", ["v", "vs"], ["vd"], axis=0, block_size=32),
        node("MatMul", ["f", "vd"], ["y"]),
    ]  # fmt: skip
    four = helper.make_tensor("v", TensorProto.INT4, [64, 1000], bytes(32_000), raw=True)
    weights = {"s": (), "z": (), "w": (64, 3, 3, 3), "b": (64,), "ws": (64,), "v": four, "vs": (2, 1000)}
    item = model(
        tmp_path, nodes, {"x": ["N", 3, 32, 32]}, weights, {"z": np.int8, "w": np.int8, "b": np.int32}
    )
    assert item.flops() == 2 * 32 * 32 * 64 * 27 + 2 * 64 * 1000
    assert sum(item.parameters().values()) == 64 * 27 + 64 + 64_000
    stored = item.dims["file"]["types"]
    assert (stored["int8"]["bytes"], stored["int4"]["bytes"], stored["int32"]["bytes"]) == (
        64 * 27,
        32_000,
        256,
    )
    # What is made wide again is not read and written as an activation of the model.
    assert not any("v" in row["layer"].split(".") for row in item.dims["ops"])


def test_a_batch_that_shapes_are_written_out_for_is_scaled(tmp_path):
    shape = numpy_helper.from_array(np.array([2, 128, 8, 32], np.int64), "shape")
    nodes = [
        node("MatMul", ["x", "w"], ["h"]), node("Reshape", ["h", "shape"], ["r"]),
        node("Transpose", ["r"], ["t"], perm=[0, 2, 1, 3]),
        node("Transpose", ["r"], ["u"], perm=[0, 2, 3, 1]),
        node("MatMul", ["t", "u"], ["y"]),
    ]  # fmt: skip
    item = model(tmp_path, nodes, {"x": [2, 128, 256]}, {"w": (256, 256), "shape": shape})
    assert item.flops() == 2 * 128 * 256 * 256 + 2 * 8 * 128 * 128 * 32
    assert item.dims["notes"] == ["it takes no other batch than 2, so work is scaled"]


def test_no_heads_are_refused(tmp_path):
    nodes = [ms("Attention", ["x", "w", "b"], ["y"], num_heads=0)]
    with pytest.raises(UsageError, match="an attribute of 0"):
        model(tmp_path, nodes, {"x": [1, 16, 64]}, {"w": (64, 192), "b": (192,)})


def test_deformed_convolutions_are_products_and_transforms_are_named(tmp_path):
    deformed = node("DeformConv", ["x", "w", "o"], ["y"], pads=[1, 1, 1, 1])
    inputs = {"x": ["batch", 16, 20, 20], "o": ["batch", 18, 20, 20]}
    assert model(tmp_path, [deformed], inputs, {"w": (32, 16, 3, 3)}).flops() == 2 * 400 * 32 * 16 * 9
    transform = model(tmp_path, [node("DFT", ["x"], ["y"])], {"x": ["batch", 1024, 1]}, {})
    assert transform.dims["notes"] == ["not known, counted as bytes: 1 x DFT"]
