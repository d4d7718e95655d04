"""GGUF files of architectures without a known configuration: the decoder is read off their tensors."""

from __future__ import annotations

import math

import pytest

from tests.test_import_weights import gguf
from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision

D, V = 256, 1024


def write(path, arch, layers, more=None):
    """A file of `arch` with the given tensors of each layer; gives the import and the values stored."""
    metadata = {
        "general.architecture": arch, f"{arch}.block_count": len(layers), f"{arch}.embedding_length": D,
        f"{arch}.attention.head_count": 8, f"{arch}.attention.head_count_kv": 2,
        f"{arch}.attention.key_length": 32, f"{arch}.context_length": 4096,
        **{f"{arch}.{key}": value for key, value in (more or {}).items()},
    }  # fmt: skip
    tensors = [("token_embd.weight", (V, D), "Q4_K"), ("output_norm.weight", (D,), "F32")]
    for place, layer in enumerate(layers):
        for name, shape in layer.items():
            whole = len(shape) > 1 and shape[-1] % 256 == 0
            tensors.append((f"blk.{place}.{name}", shape, "Q4_K" if whole else "F32"))
    gguf(path, metadata, tensors, data=False)
    return load(str(path)), sum(math.prod(shape) for _, shape, _ in tensors)


ATTENTION = {"attn_norm.weight": (D,), "attn_q.weight": (256, D), "attn_k.weight": (64, D),
             "attn_v.weight": (64, D), "attn_output.weight": (D, 256)}  # fmt: skip
DENSE = {"ffn_norm.weight": (D,), "ffn_gate.weight": (512, D), "ffn_up.weight": (512, D),
         "ffn_down.weight": (D, 512)}  # fmt: skip
EXPERTS = {"ffn_norm.weight": (D,), "ffn_gate_inp.weight": (8, D), "ffn_gate_exps.weight": (8, 256, D),
           "ffn_up_exps.weight": (8, 256, D), "ffn_down_exps.weight": (8, D, 256)}  # fmt: skip
MAMBA = {"attn_norm.weight": (D,), "ssm_in.weight": (2 * 512 + 2 * 64 + 8, D), "ssm_conv1d.weight": (640, 4),
         "ssm_conv1d.bias": (640,), "ssm_dt.bias": (8,), "ssm_a": (8, 1), "ssm_d": (8, 1),
         "ssm_norm.weight": (512,), "ssm_out.weight": (D, 512)}  # fmt: skip
STATES = {"ssm.conv_kernel": 4, "ssm.state_size": 64, "ssm.group_count": 1, "ssm.time_step_rank": 8,
          "ssm.inner_size": 512}  # fmt: skip
PLAIN = {**ATTENTION, **DENSE}


def count(item):
    return sum(item.parameters().values())


def cached(item):
    """Bytes of keys and values per token, at two bytes each."""
    return item.code.kv_bytes_per_token(item.dims, precision("fp16"))


def test_a_dense_decoder_with_what_its_tensors_show(tmp_path):
    more = {"attn_q.bias": (256,), "attn_k.bias": (64,), "attn_v.bias": (64,), "attn_q_norm.weight": (32,),
            "attn_k_norm.weight": (32,)}  # fmt: skip
    item, stored = write(tmp_path / "m.gguf", "newest", [{**PLAIN, **more}] * 3)
    assert count(item) == stored
    assert item.family == "decoder"
    assert {"bias": "qkv", "qk_norm": "head", "tied": True}.items() <= item.dims.items()


def test_experts_follow_dense_layers_and_few_of_them_work(tmp_path):
    layers = [PLAIN, *[{**ATTENTION, **EXPERTS}] * 3]
    item, stored = write(tmp_path / "m.gguf", "newest", layers, {"expert_used_count": 2})
    assert count(item) == stored
    assert item.active_parameters() == stored - 3 * 6 * 3 * 256 * D
    assert item.dims["feeds"] == "-EEE"


def test_a_hybrid_keeps_keys_where_it_attends(tmp_path):
    layers = [{**(ATTENTION if place == 2 else MAMBA), **EXPERTS} for place in range(4)]
    more = {**STATES, "attention.head_count_kv": [0, 0, 2, 0], "expert_used_count": 2}
    item, stored = write(tmp_path / "m.gguf", "granitehybrid", layers, more)
    assert count(item) == stored
    assert item.dims["pattern"] == "MM*"
    assert cached(item) == 2 * 2 * 32 * 2


def test_layers_of_one_part_each(tmp_path):
    feed = {"attn_norm.weight": (D,), "ffn_up.weight": (512, D), "ffn_down.weight": (D, 512)}
    layers = [MAMBA, feed, MAMBA, feed, ATTENTION, feed]
    more = {**STATES, "attention.head_count_kv": [0, 0, 0, 0, 2, 0]}
    item, stored = write(tmp_path / "m.gguf", "nemotron_h", layers, more)
    assert count(item) == stored
    assert {"pattern": "M-M-*-", "single": True, "gated": False}.items() <= item.dims.items()


def test_windows_and_heads_that_differ_by_layer(tmp_path):
    windowed, _ = write(tmp_path / "w.gguf", "cohere2", [PLAIN] * 4, {"attention.sliding_window": 128})
    assert (windowed.dims["window"], windowed.dims["pattern"]) == (128, "WWW*")
    more = {"attention.sliding_window": 128, "attention.sliding_window_pattern": [0, 1, 0, 1]}
    stated, _ = write(tmp_path / "s.gguf", "newest", [PLAIN] * 4, more)
    assert stated.dims["pattern"] == "*W"
    wide = {**PLAIN, "attn_k.weight": (128, D), "attn_v.weight": (128, D)}
    more = {"attention.head_count_kv": [4, 2, 2, 2], "attention.head_count": [8] * 4}
    uneven, stored = write(tmp_path / "u.gguf", "llama", [wide, *[PLAIN] * 3], more)
    assert count(uneven) == stored
    assert cached(uneven) == (4 + 3 * 2) * 2 * 32 * 2


def test_what_is_no_decoder_is_costed_matrix_by_matrix(tmp_path):
    rwkv = {"time_mix_key.weight": (D, D), "channel_mix_key.weight": (512, D)}
    item, stored = write(tmp_path / "m.gguf", "rwkv9", [rwkv] * 2)
    assert (item.family, count(item)) == ("traced", stored)
    # Metadata that contradicts the tensors is not believed.
    for number, heads in enumerate((4096, "eight", 0)):
        lying, _ = write(tmp_path / f"{number}.gguf", "newest", [PLAIN] * 2, {"attention.head_count": heads})
        assert lying.family == "traced"


def test_the_tower_beside_a_model_is_not_a_second_model(tmp_path):
    write(tmp_path / "model.gguf", "newest", [PLAIN])
    gguf(tmp_path / "mmproj-f16.gguf", {"general.architecture": "clip"}, [("v.a", (D, D), "F16")], data=False)
    assert load(str(tmp_path)).family == "decoder"
    (tmp_path / "other.gguf").write_bytes((tmp_path / "model.gguf").read_bytes())
    with pytest.raises(UsageError, match="2 models"):
        load(str(tmp_path))


def test_its_weights_weigh_what_the_file_does(tmp_path, whichgpu):
    item, _ = write(tmp_path / "m.gguf", "newest", [PLAIN] * 3)
    document = whichgpu("workload", str(tmp_path / "m.gguf"), "--json").json
    assert document["bytes"]["weights"] == document["file"]["bytes"] == item.dims["file"]["bytes"]
    assert item.trace(item.complete(Job(item.id, phase="decode")))
