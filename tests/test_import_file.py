"""A workload file of the user's own, and the registry of importers."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads import importing
from whichgpu.workloads.importing import load, save

GOOD = """
name = "My net"
family = "traced"

[dimensions]
ops = [
  { kind = "gemm", layer = "fc", m = [0, 1], n = 10, k = 20, batch = 1, read = [0, 20], write = [0, 10],
    weights = 200, parameters = 200 },
]
"""


@pytest.fixture
def write(tmp_path):
    def made(text):
        path = tmp_path / "my.toml"
        path.write_text(text.replace(",\n    ", ", "))
        return str(path)

    return made


def test_a_file_stands_for_a_name(write, whichgpu):
    path = write(GOOD)
    assert whichgpu("workload", path, "--json").json["flops"] == 400
    assert whichgpu("predict", path, "--gpu", "l4", "--json").status == 0
    answer = whichgpu("compare", "l4", "a10", "--workload", path, "--json")
    assert answer.status == 0, answer.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("traced", "nothing"), "no family 'nothing'"),
        (("name = ", "title = "), "`name` is missing"),
        (("[dimensions]", "[dims]"), "`dimensions` is missing"),
        (("ops = ", "op = "), "dimension 'ops' of family traced is missing"),
        (('kind = "gemm"', 'kind = "warp"'), "ops[0]: kind 'warp' is none of"),
        (("n = 10", 'n = "ten"'), "ops[0].n: 'ten' is neither a number nor [a, b]"),
        (("n = 10", "n = nan"), "ops[0].n: nan is neither"),
        (("n = 10", "n = inf"), "ops[0].n: inf is neither"),
        (("m = [0, 1]", "m = [0, 1, 2]"), "neither a number nor [a, b]"),
        (("n = 10", "n = true"), "ops[0].n: True is neither"),
        (("parameters = 200", 'backward = "sideways"'), "backward 'sideways' is none of"),
        (("n = 10", "n = -10"), "are the sizes right"),
        (("ops = [", "ops = ["), ""),
        ((GOOD, "name = "), "not valid TOML"),
        ((GOOD, "x" * 10), "not valid TOML"),
    ],
)
def test_a_file_with_a_fault(write, whichgpu, change, said):
    answer = whichgpu("workload", write(GOOD.replace(*change)))
    assert answer.status == (2 if said else 0)
    assert said in answer.err
    assert answer.err.count("\n") <= 1


def test_dimensions_that_make_no_model(write, whichgpu):
    text = 'name = "x"\nfamily = "decoder"\n[dimensions]\nlayers = "many"\nhidden = 8\nvocab = 10\n'
    answer = whichgpu("workload", write(text))
    assert answer.status == 2
    assert "my.toml: " in answer.err


def test_the_api_takes_a_path(write):
    import whichgpu

    item = whichgpu.workload(Path(write(GOOD)))
    assert item.flops() == 400
    answer = whichgpu.recommend(item.id, target="1000 samples/s", gpus=["l4"])
    assert answer.candidates


def test_a_saved_file_has_a_name_in_a_folder_of_ones_own(write, tmp_path, monkeypatch):
    from whichgpu.facts import store
    from whichgpu.workloads import spelled, workload

    folder = tmp_path / "data" / "workloads"
    folder.mkdir(parents=True)
    save(load(write(GOOD)), folder / "my-very-own.toml")
    monkeypatch.setenv("WHICHGPU_DATA", str(tmp_path / "data"))
    caches = (store.load, workload.workloads, spelled.by_spelling)
    for one in caches:
        one.cache_clear()
    try:
        assert workload.resolve("My very own").flops() == 400
    finally:
        monkeypatch.delenv("WHICHGPU_DATA")
        for one in caches:
            one.cache_clear()


def test_what_no_importer_claims():
    with pytest.raises(UsageError, match="not a model; give"):
        load("model.bin")


def test_importers_are_found_by_their_file():
    assert {
        "gguf_file",
        "hf",
        "onnx_file",
        "safetensors_file",
        "torch_module",
        "transformers_class",
        "workload_file",
    } <= set(importing.importers())


def test_saving_refuses_other_names_and_places(write, tmp_path, whichgpu):
    item = load(write(GOOD))
    with pytest.raises(UsageError, match="a workload file ends in"):
        save(item, tmp_path / "my.json")
    with pytest.raises(UsageError, match="cannot be written"):
        save(item, tmp_path / "nowhere" / "my.toml")


@pytest.mark.parametrize(
    "name", ['quote " and \\ back', "line\nbreak", "tab\tand \x07 bell", "unicode é 模型"]
)
def test_any_name_is_saved_and_read_again(write, tmp_path, name):
    from dataclasses import replace

    item = replace(load(write(GOOD)), name=name)
    save(item, tmp_path / "again.toml")
    assert load(str(tmp_path / "again.toml")).name == name


def test_the_page_on_importers_runs():
    page = Path(__file__).parent.parent / "docs" / "importers.md"
    failed, ran = doctest.testfile(str(page), module_relative=False)
    assert ran
    assert not failed
