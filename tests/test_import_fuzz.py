"""Files that are almost right: whatever is changed in them, the answer is a workload or one line."""

from __future__ import annotations

import contextlib
import copy
import json

from hf_configs import (
    CLIP,
    DEEPSEEK,
    FALCON,
    GEMMA3,
    GPT_OSS,
    LLAMA,
    LLAMA4,
    MAMBA,
    MIXTRAL,
    QWEN3_NEXT,
    T5,
    WHISPER,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_import_weights import CONFIG, checkpoint, gguf, llama, safetensors

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load

CONFIGS = [LLAMA, GEMMA3, DEEPSEEK, MIXTRAL, QWEN3_NEXT, GPT_OSS, FALCON, MAMBA, T5, WHISPER, CLIP, LLAMA4]
MORE = ["head_dim", "sliding_window", "layer_types", "num_local_experts", "quantization_config", "n_groups"]
VALUES = st.sampled_from(
    [
        None,
        0,
        -1,
        1,
        2,
        7,
        1.5,
        True,
        "x",
        "",
        [1],
        10**9,
        10**10,
        -(10**20),
        {"a": 1},
        ["full_attention"] * 5,
    ]
)
slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def believed_or_refused(path):
    with contextlib.suppress(UsageError):
        assert load(str(path)).flops() >= 0


@slowly
@given(data=st.data())
def test_a_config_with_a_field_changed(tmp_path, data):
    raw = copy.deepcopy(data.draw(st.sampled_from(CONFIGS)))
    tables = [raw, *(value for value in raw.values() if isinstance(value, dict))]
    table = data.draw(st.sampled_from(tables))
    table[data.draw(st.sampled_from([*table, *MORE]))] = copy.deepcopy(data.draw(VALUES))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(raw))
    believed_or_refused(path)


def corrupted(data, raw, reach):
    raw = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, min(reach, len(raw)) - 1))] = data.draw(st.integers(0, 255))
    return bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 100]))])


@slowly
@given(data=st.data())
def test_a_gguf_file_with_bytes_changed(tmp_path, data):
    path = tmp_path / "model.gguf"
    gguf(path, *llama("Q4_K"))
    path.write_bytes(corrupted(data, path.read_bytes(), 12_000))
    believed_or_refused(path)


@slowly
@given(data=st.data())
def test_a_safetensors_file_with_bytes_changed(tmp_path, data):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    path = tmp_path / "model.safetensors"
    safetensors(path, checkpoint())
    path.write_bytes(corrupted(data, path.read_bytes(), 3_000))
    believed_or_refused(path)
