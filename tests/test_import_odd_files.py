"""What is no model: odd places, odd files, odd contents, each told in one line with exit status 2."""

from __future__ import annotations

import json
import math
import os
import socket

import pytest

LLAMA = {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
         "num_attention_heads": 32, "vocab_size": 32000}  # fmt: skip
ENDINGS = ("json", "gguf", "safetensors", "onnx", "toml")


def refused(whichgpu, source):
    """The line that is said of it."""
    answer = whichgpu("workload", str(source))
    assert (answer.status, answer.out) == (2, ""), answer.err
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("whichgpu: ")
    return answer.err


@pytest.mark.parametrize("ending", ENDINGS)
def test_places_that_are_no_files(whichgpu, tmp_path, ending):
    names = {
        what: tmp_path / f"{what}.{ending}" for what in ("fifo", "socket", "loop", "zero", "gone", "empty")
    }
    os.mkfifo(names["fifo"])
    names["loop"].symlink_to(names["loop"])
    names["zero"].symlink_to("/dev/zero")
    names["empty"].touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(names["socket"]))
        for what, said in {
            "fifo": "not a file", "socket": "not a file", "zero": "not a file", "empty": "the file is empty",
            "loop": "Too many levels of symbolic links", "gone": "No such file or directory",
        }.items():  # fmt: skip
            assert said in refused(whichgpu, names[what])
    folder = tmp_path / f"folder.{ending}"
    folder.mkdir()
    refused(whichgpu, folder)


def test_folders_and_names_that_are_none(whichgpu, tmp_path):
    assert "a folder without config.json, .safetensors or .gguf" in refused(whichgpu, tmp_path)
    assert "File name too long" in refused(whichgpu, "/" + "a" * 5000 + ".json")
    assert "no workload ''" in refused(whichgpu, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(whichgpu, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    path.chmod(0)
    assert "Permission denied" in refused(whichgpu, path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 10_000 + "]" * 10_000, "nested too deeply"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested too deeply"),
        ('{"model_type": "llama", "hidden_size": 4096, "hidden_size": 64}', "twice, as 4096 and 64"),
        (json.dumps({**LLAMA, "hidden_size": float("nan")}), "NaN is not a finite number"),
        (json.dumps({**LLAMA, "vocab_size": float("inf")}), "Infinity is not a finite number"),
        (json.dumps({**LLAMA, "hidden_size": -1}), "hidden_size is -1"),
        (json.dumps({**LLAMA, "hidden_size": "4096"}), "hidden_size is '4096', not a whole number"),
        (json.dumps({**LLAMA, "num_attention_heads": 31}), "hidden_size 4096 is not a multiple"),
        ('{"model_type": "llama", "hidden_size": ' + "9" * 5000 + "}", "Exceeds the limit"),
    ],
)  # fmt: skip
def test_configurations_that_cannot_be(whichgpu, tmp_path, content, said):
    path = tmp_path / "config.json"
    path.write_text(content)
    assert said in refused(whichgpu, path)


@pytest.mark.parametrize(
    "content",
    [
        '{"vocab_size": 32000, ' + json.dumps(LLAMA)[1:],
        json.dumps({**LLAMA, "time_step_limit": [0, math.inf]}),
    ],
    ids=["repeated and agreed", "a limit without an end"],
)
def test_fields_that_are_let_be(whichgpu, tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    assert whichgpu("workload", str(path)).status == 0


def test_a_large_file_is_not_read(whichgpu, tmp_path):
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    assert "200 MB is above the 20 MB of a config.json" in refused(whichgpu, path)


@pytest.mark.parametrize("content", ["a = " + "[" * 3000 + "]" * 3000, "[[" * 5000, "name = 3", "\xff"])
def test_workload_files_that_cannot_be(whichgpu, tmp_path, content):
    path = tmp_path / "mine.toml"
    path.write_text(content, encoding="latin-1")
    assert "mine.toml: " in refused(whichgpu, path)


def test_a_name_from_a_file_cannot_command_the_terminal(whichgpu, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**LLAMA, "_name_or_path": "\x1b[31m<b>red\u202e"}))
    answer = whichgpu("workload", str(path))
    assert "?[31m<b>red?" in answer.out
    assert "\x1b" not in answer.out
    assert "<b>" not in whichgpu("workload", str(path), "--format", "html").out


def test_an_unknown_architecture_resembles_what_understands_it(whichgpu, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**LLAMA, "model_type": "custom", "warp_size": 3}))
    said = refused(whichgpu, path)
    assert "it resembles llama most" in said
    assert "not understood: warp_size" in said
    encoder = {"model_type": "mine", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
               "intermediate_size": 3072, "vocab_size": 30522, "type_vocab_size": 2,
               "max_position_embeddings": 512}  # fmt: skip
    path.write_text(json.dumps(encoder))
    assert "it resembles bert most" in refused(whichgpu, path)
