"""GGUF and safetensors headers: exact bytes by type, the model's dimensions, and files that lie."""

from __future__ import annotations

import json
import os
import struct

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.precision import gguf_types, precision

#: ggml's own numbers: type, bytes per block, values per block.
TYPES = {
    "F32": (0, 4, 1), "F16": (1, 2, 1), "Q4_0": (2, 18, 32), "Q5_0": (6, 22, 32), "Q8_0": (8, 34, 32),
    "Q2_K": (10, 84, 256), "Q3_K": (11, 110, 256), "Q4_K": (12, 144, 256), "Q5_K": (13, 176, 256),
    "Q6_K": (14, 210, 256), "IQ2_XXS": (16, 66, 256), "IQ3_XXS": (18, 98, 256), "IQ4_XS": (23, 136, 256),
    "BF16": (30, 2, 1), "MXFP4": (39, 17, 32),
}  # fmt: skip
SHAPES = {"attn_q": (256, 256), "attn_k": (64, 256), "attn_v": (64, 256), "attn_output": (256, 256),
          "ffn_gate": (512, 256), "ffn_up": (512, 256), "ffn_down": (256, 512)}  # fmt: skip


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def key(name, value):
    if isinstance(value, str):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list) and isinstance(value[0], int):
        return text(name) + struct.pack(f"<IIQ{len(value)}I", 9, 4, len(value), *value)
    if isinstance(value, list):
        return text(name) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return text(name) + struct.pack("<II", 4, value)


def gguf(path, metadata, tensors, *, data=True):
    """Write a GGUF file of (name, shape, type) tensors, zeros for data."""
    raw = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    raw += b"".join(key(name, value) for name, value in metadata.items())
    size = 0
    for name, shape, kind in tensors:
        number, block, values = TYPES[kind]
        raw += text(name) + struct.pack("<I", len(shape))
        raw += b"".join(struct.pack("<Q", side) for side in reversed(shape))
        raw += struct.pack("<IQ", number, size)
        elements = 1
        for side in shape:
            elements *= side
        size += elements // values * block
    path.write_bytes(raw + bytes(size if data else 0))
    return size


def llama(kind, head="Q6_K", embedding=None, layers=2):
    metadata = {
        "general.architecture": "llama",
        "general.name": "Tiny Llama",
        "llama.block_count": layers,
        "llama.context_length": 2048,
        "llama.embedding_length": 256,
        "llama.feed_forward_length": 512,
        "llama.attention.head_count": 8,
        "llama.attention.head_count_kv": 2,
        "tokenizer.ggml.tokens": ["a"] * 1000,
    }
    tensors = [("token_embd.weight", (1000, 256), embedding or kind), ("output_norm.weight", (256,), "F32"),
               ("output.weight", (1000, 256), head)]  # fmt: skip
    for layer in range(layers):
        tensors += [(f"blk.{layer}.{name}.weight", shape, kind) for name, shape in SHAPES.items()]
        tensors += [(f"blk.{layer}.{name}.weight", (256,), "F32") for name in ("attn_norm", "ffn_norm")]
    return metadata, tensors


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in ("F32",)])
def test_weight_bytes_are_those_of_the_file(tmp_path, kind):
    path = tmp_path / "model.gguf"
    size = gguf(path, *llama(kind))
    item = load(str(path))
    assert item.dims["file"]["bytes"] == size
    job = item.complete(Job(item.id, phase="generate"))
    stored = stored_weight_bytes(item.trace(job))
    assert stored == pytest.approx(size, rel=0.005)
    assert stored == pytest.approx(os.path.getsize(path), rel=0.02)  # the vocabulary stands in the header
    assert job.runtime == "llama-cpp"


def test_the_header_gives_the_model(tmp_path, whichgpu):
    path = tmp_path / "model.gguf"
    gguf(path, *llama("Q4_K"))
    answer = whichgpu("workload", str(path), "--json").json
    layer = 2 * 256 * 256 + 2 * 64 * 256 + 3 * 512 * 256 + 512
    assert answer["parameters"] == 2 * layer + 2 * 256_000 + 256
    item = load(str(path))
    assert item.name == "Tiny Llama"
    assert {name: item.dims[name] for name in ("layers", "hidden", "heads", "kv_heads", "ffn", "vocab")} == {
        "layers": 2, "hidden": 256, "heads": 8, "kv_heads": 2, "ffn": 512, "vocab": 1000,
    }  # fmt: skip
    shown = whichgpu("workload", str(path))
    assert "Weights in the file" in shown.out


def test_a_tied_head_and_a_header_alone(tmp_path):
    path = tmp_path / "model.gguf"
    metadata, tensors = llama("Q8_0")
    gguf(path, metadata, [one for one in tensors if one[0] != "output.weight"], data=False)
    assert load(str(path)).dims["tied"] is True


def test_an_unknown_architecture_is_costed_by_its_matrices(tmp_path):
    path = tmp_path / "model.gguf"
    size = gguf(path, {"general.architecture": "strange"}, [("a.weight", (64, 256), "Q4_K")])
    item = load(str(path))
    assert item.flops() == 2 * 64 * 256
    assert item.dims["file"]["bytes"] == size
    assert "every matrix is costed as a dense layer" in item.dims["notes"][0]


def test_a_saved_gguf_keeps_its_bytes(tmp_path, whichgpu):
    path, saved = tmp_path / "model.gguf", tmp_path / "my.toml"
    size = gguf(path, *llama("Q5_K"))
    assert whichgpu("workload", "--from", str(path), "--save", str(saved)).status == 0
    item = load(str(saved))
    job = item.complete(Job(item.id, phase="generate"))
    assert stored_weight_bytes(item.trace(job)) == pytest.approx(size, rel=0.005)
    answer = whichgpu("predict", str(saved), "--gpu", "rtx-4090", "--phase", "generate", "--json")
    # llama.cpp leaves the table of tokens in the host's memory.
    there = stored_weight_bytes(op for op in item.trace(job) if op.kind != "embedding")
    assert answer.json["memory"]["parts"]["weights"] == pytest.approx(there, rel=0.005)


def test_types_of_the_format():
    known = gguf_types()
    for name, (number, size, values) in TYPES.items():
        kind, each = known[number]
        assert each == size / values, name
        assert precision(name).weight == pytest.approx(each, rel=0.2), kind


HEAD = b"GGUF" + struct.pack("<I", 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"GGML1234", "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<I", 99) + bytes(16), "version 99"),
        (HEAD, "the header ends early"),
        (HEAD + struct.pack("<QQ", 10**15, 1), "1,000,000,000,000,000 tensors"),
        (HEAD + struct.pack("<QQ", 0, 10**9), "1,000,000,000 keys"),
        (HEAD + struct.pack("<QQ", 0, 1) + struct.pack("<Q", 2**62), "states lengths that it does not have"),
        (HEAD + struct.pack("<QQ", 0, 1) + text("k") + struct.pack("<I", 77), "value of type 77"),
        (HEAD + struct.pack("<QQ", 0, 1) + text("k") + struct.pack("<IIQ", 9, 4, 2**60), "array of"),
        (HEAD + struct.pack("<QQ", 1, 0) + text("t") + struct.pack("<I", 99), "99 dimensions"),
        (HEAD + struct.pack("<QQ", 1, 0) + text("t") + struct.pack("<IQIQ", 1, 4, 200, 0), "type 200"),
        (
            HEAD + struct.pack("<QQ", 1, 0) + text("t") + struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0),
            "values",
        ),
    ],
)
def test_a_gguf_file_that_lies(tmp_path, whichgpu, content, said):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    answer = whichgpu("workload", str(path))
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_a_download_cut_short(tmp_path):
    path = tmp_path / "model.gguf"
    gguf(path, *llama("Q4_K"))
    os.truncate(path, path.stat().st_size - 100_000)
    with pytest.raises(UsageError, match="the download is not complete"):
        load(str(path))


def safetensors(path, tensors):
    """Write a safetensors file of (name, type, shape) tensors, zeros for data."""
    sizes = {"F32": 4, "BF16": 2, "F16": 2, "I32": 4, "F8_E4M3": 1, "U8": 1, "I8": 1}
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, kind, shape in tensors:
        count = sizes[kind]
        for side in shape:
            count *= side
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [offset, offset + count]}
        offset += count
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(offset))
    return offset


CONFIG = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "torch_dtype": "bfloat16",
}


def checkpoint(kind="BF16"):
    parts = {"self_attn.q_proj": (256, 256), "self_attn.k_proj": (64, 256), "self_attn.v_proj": (64, 256),
             "self_attn.o_proj": (256, 256), "mlp.gate_proj": (512, 256), "mlp.up_proj": (512, 256),
             "mlp.down_proj": (256, 512)}  # fmt: skip
    tensors = [("model.embed_tokens.weight", "BF16", (1000, 256)), ("lm_head.weight", "BF16", (1000, 256)),
               ("model.norm.weight", "BF16", (256,))]  # fmt: skip
    for layer in range(2):
        tensors += [(f"model.layers.{layer}.{name}.weight", kind, shape) for name, shape in parts.items()]
        tensors += [(f"model.layers.{layer}.{name}.weight", "BF16", (256,))
                    for name in ("input_layernorm", "post_attention_layernorm")]  # fmt: skip
    return tensors


@pytest.mark.parametrize("kind", ["BF16", "F32", "F8_E4M3"])
def test_safetensors_with_a_config_are_that_model(tmp_path, kind):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    path = tmp_path / "model.safetensors"
    size = safetensors(path, checkpoint(kind))
    item = load(str(path))
    job = item.complete(Job(item.id, phase="generate"))
    assert item.family == "decoder"
    assert stored_weight_bytes(item.trace(job)) == pytest.approx(size, rel=0.005)
    assert size == pytest.approx(path.stat().st_size, rel=0.005)


def test_safetensors_alone_and_in_a_folder(tmp_path, whichgpu):
    first = safetensors(
        tmp_path / "model-1.safetensors", [("a.weight", "F16", (64, 256)), ("a.bias", "F16", (64,))]
    )
    second = safetensors(tmp_path / "model-2.safetensors", [("b.weight", "F32", (8, 64))])
    answer = whichgpu("workload", "--from", str(tmp_path), "--json").json
    assert answer["parameters"] == 64 * 256 + 64 + 8 * 64
    assert answer["file"]["bytes"] == first + second
    assert answer["flops"] == 2 * (64 * 256 + 8 * 64)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\x00" * 4, "no safetensors file"),
        (struct.pack("<Q", 2**60) + b"{}", "its header would have"),
        (struct.pack("<Q", 5) + b"{nope" + bytes(9), "not valid JSON"),
        (struct.pack("<Q", 13) + b'{"a": {"x":1}' + bytes(9), "not valid JSON"),
    ],
)
def test_a_safetensors_file_that_lies(tmp_path, whichgpu, content, said):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert said in answer.err


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"dtype": "F16"}, "lacks dtype, shape or data_offsets"),
        ({"dtype": "F16", "shape": [4], "data_offsets": [0, 8000]}, "the file is cut short"),
        ({"dtype": "F16", "shape": [-4], "data_offsets": [0, 8]}, "where lengths are expected"),
        ({"dtype": "F16", "shape": [400], "data_offsets": [0, 8]}, "takes 8 bytes"),
    ],
)
def test_a_tensor_that_lies(tmp_path, row, said):
    raw = json.dumps({"x": row}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(8))
    with pytest.raises(UsageError, match=said):
        load(str(path))


@pytest.mark.parametrize(("begin", "said"), [(4, "overlaps the one"), (10, "leaves a hole")])
def test_tensors_lie_end_to_end(tmp_path, begin, said):
    rows = {name: {"dtype": "F16", "shape": [4], "data_offsets": [at, at + 8]} for name, at in
            (("x", 0), ("y", begin))}  # fmt: skip
    raw = json.dumps(rows).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(24))
    with pytest.raises(UsageError, match=f"tensor 'y' at byte {begin} {said}"):
        load(str(path))


@pytest.mark.parametrize(
    ("second", "said"),
    [((b"x", 64), "'x' stands there twice"), ((b"y", 32), "lies over 'x', which ends at 64")],
)
def test_tensors_of_a_gguf_lie_apart_under_names_of_their_own(tmp_path, second, said):
    def row(name, offset):
        return struct.pack("<Q", 1) + name + struct.pack("<IQIQ", 1, 16, 0, offset)

    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2, 0) + row(b"x", 0) + row(*second) + bytes(256))
    with pytest.raises(UsageError, match=said):
        load(str(path))


def split(folder):
    """The same weights in one file, in two, and their index."""
    tensors = checkpoint()
    half = len(tensors) // 2
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for name, some in zip(names, (tensors[:half], tensors[half:]), strict=True):
        safetensors(folder / name, some)
    index = {one[0]: names[place >= half] for place, one in enumerate(tensors)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return names


@pytest.mark.parametrize("config", [True, False])
def test_a_model_in_parts_is_one_model(tmp_path, config):
    names = split(tmp_path)
    if config:
        (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    size = sum((tmp_path / name).stat().st_size for name in names)
    for source in (tmp_path, tmp_path / "model.safetensors.index.json", *(tmp_path / name for name in names)):
        item = load(str(source))
        assert item.dims["file"]["bytes"] == pytest.approx(size, rel=0.005)
        assert item.family == ("decoder" if config else "traced")
    # The maker's own layout of the same weights is not counted on top.
    safetensors(tmp_path / "consolidated.safetensors", checkpoint())
    assert load(str(tmp_path)).dims["file"]["bytes"] == pytest.approx(size, rel=0.005)
    (tmp_path / names[1]).unlink()
    for source in (tmp_path, tmp_path / names[0]):
        with pytest.raises(UsageError, match=r"1 of its 2 files are missing, e\.g\. model-00002-of-00002"):
            load(str(source))


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({}, "no `weight_map`"),
        ({"weight_map": [1]}, "no `weight_map`"),
        ({"weight_map": {"a": 3}}, "no `weight_map`"),
        ({"weight_map": {"a": "../../etc/passwd"}}, "names files outside its folder"),
    ],
)
def test_an_index_that_lies(tmp_path, index, said):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(json.dumps(index))
    with pytest.raises(UsageError, match=said):
        load(str(path))


def test_a_gguf_file_in_parts_and_in_a_folder(tmp_path):
    metadata, tensors = llama("Q4_K", layers=4)
    names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]
    sizes = [gguf(tmp_path / names[0], metadata, tensors[:20]), gguf(tmp_path / names[1], {}, tensors[20:])]
    for source in (tmp_path, *(tmp_path / name for name in names)):
        item = load(str(source))
        assert item.dims["file"]["bytes"] == sum(sizes)
        assert item.dims["layers"] == 4
    gguf(tmp_path / "other.gguf", metadata, tensors)
    with pytest.raises(UsageError, match=r"2 models, m-00001-of-00002\.gguf, other\.gguf; give one"):
        load(str(tmp_path))


def test_interleaved_and_older_types_are_known():
    # ggml.h: Q8_1 has 32 values and two halves in 36 bytes; interleaving changes no size.
    known = {number: size for number, (_, size) in gguf_types().items()}
    assert known[9] == 36 / 32
    assert {known[number] for number in (31, 32, 33, 36)} == {18 / 32}


def test_weights_of_another_model_than_its_configuration(tmp_path):
    safetensors(tmp_path / "model.safetensors", checkpoint())
    (tmp_path / "config.json").write_text(
        json.dumps({**CONFIG, "hidden_size": 8192, "num_hidden_layers": 80})
    )
    with pytest.raises(UsageError, match=r"its weights take 3,\d+,\d+ bytes, but its configuration has"):
        load(str(tmp_path))


def test_a_layer_without_keys_is_a_short_convolution_in_a_header_too():
    from whichgpu.workloads.importers.gguf_file import _config
    from whichgpu.workloads.importers.hf import workload_of
    from whichgpu.workloads.language.layout import mixing

    metadata = {
        "general.architecture": "lfm2", "lfm2.block_count": 4, "lfm2.embedding_length": 256,
        "lfm2.feed_forward_length": 512, "lfm2.attention.head_count": 8, "lfm2.shortconv.l_cache": 3,
        "lfm2.attention.head_count_kv": [0, 0, 4, 0], "lfm2.vocab_size": 1000,
    }  # fmt: skip
    item = workload_of(_config("lfm2", metadata, []), "m.gguf", "m")
    assert [mixing(item.dims, letter) for letter in "K*"] == [3, 1]
    assert (item.dims["ffn"], item.dims["kv_heads"]) == (512, 4)


N, K = 512, 256
_BESIDE = {"scales": ("F16", (K // 128, N)), "qzeros": ("I32", (K // 128, N // 8))}
PACKED = {
    "awq": {"qweight": ("I32", (K, N // 8)), **_BESIDE},
    "gptq": {"qweight": ("I32", (K // 8, N)), **_BESIDE, "g_idx": ("I32", (K,))},
    "gptq-8": {"qweight": ("I32", (K // 4, N)), "scales": ("F16", (2, N)), "qzeros": ("I32", (2, N // 4))},
    "bitsandbytes-4": {"weight": ("U8", (K * N // 2, 1)), "weight.absmax": ("U8", (K * N // 64,)),
                       "weight.quant_map": ("F32", (16,)),
                       "weight.quant_state.bitsandbytes__nf4": ("U8", (80,))},
    "bitsandbytes-8": {"weight": ("I8", (N, K)), "SCB": ("F32", (N,))},
    "fp8": {"weight": ("F8_E4M3", (N, K)), "weight_scale_inv": ("F32", (4, 2))},
    "fp4": {"weight": ("U8", (N, K // 2)), "weight_scale": ("F8_E4M3", (N, K // 16))},
    "compressed": {"weight_packed": ("I32", (N, K // 8)), "weight_scale": ("F16", (N, 2))},
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKED)
def test_packed_weights_are_as_many_as_in_the_model(tmp_path, kind):
    tensors = [(f"layers.0.up.{name}", *row) for name, row in PACKED[kind].items()]
    size = safetensors(tmp_path / "model.safetensors", [("norm.weight", "F16", (K,)), *tensors])
    item = load(str(tmp_path / "model.safetensors"))
    assert sum(item.parameters().values()) == N * K + K
    job = item.complete(Job(item.id, phase="infer"))
    assert stored_weight_bytes(item.trace(job)) == pytest.approx(size, rel=0.005)
