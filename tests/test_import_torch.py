"""A PyTorch module becomes a workload in a process of its own; what misbehaves there ends in one line."""

from __future__ import annotations

import importlib.util
import os
from types import SimpleNamespace

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importers import _process
from whichgpu.workloads.importers._tracers import hub_class
from whichgpu.workloads.importers._tracers.fault import Unusable
from whichgpu.workloads.importing import Given, load
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import total
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch: pip install 'whichgpu[torch]'")

MODELS = '''
import torch
import torch.nn as nn
import torch.nn.functional as F


def small():
    """A convolution, a normalisation, a dense layer."""
    net = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(64, 10),
    )
    net.example_inputs = torch.zeros(1, 3, 224, 224)
    return net


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        b, s, w = x.shape
        q, k, v = (t.view(b, s, self.heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(y.transpose(1, 2).reshape(b, s, w))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Masked(nn.Module):
    """A language model that builds its mask and ties its head."""

    def __init__(self, vocab=1000, width=256, heads=8, layers=4):
        super().__init__()
        self.words, self.head = nn.Embedding(vocab, width), nn.Linear(width, vocab, bias=False)
        self.positions = nn.Embedding(2048, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head.weight = self.words.weight

    def forward(self, ids):
        s = ids.shape[1]
        mask = torch.triu(torch.full((s, s), float("-inf"), device=ids.device), 1)
        x = self.words(ids) + self.positions(torch.arange(s, device=ids.device))
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def masked():
    return Masked()


def large():
    return Masked(vocab=50257, width=1600, heads=25, layers=30)


large.example_inputs = (torch.zeros(1, 512, dtype=torch.int64, device="cpu"),)


class Looks(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x) if x.sum().item() >= 0 else x


def looks():
    return Looks()


class Wide(nn.Module):
    """Too large to be run with real numbers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(16000, 16000)

    def forward(self, x):
        if (x > 0).any():
            return self.layer(x)
        return x


def wide():
    return Wide()


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x.view(4, 8))


def fixed():
    return Fixed()


def loops():
    while True:
        pass


def sleeps():
    import time

    time.sleep(1000)


def network():
    import urllib.request

    return urllib.request.urlopen("http://example.com")


def quiet_network():
    import socket

    try:
        socket.create_connection(("127.0.0.1", 80))
    except Exception:
        pass


def raises():
    raise ValueError("no\\nway")


def writes():
    open("stolen.txt", "w").write("x")


def deletes():
    import os

    os.remove(__file__)


def starts():
    import subprocess

    subprocess.run(["touch", "stolen.txt"])


def hogs():
    return [bytearray(1 << 30) for _ in range(1000)]


def leaves():
    import os

    os._exit(3)


def number():
    return 3


def secret():
    import os

    raise ValueError(os.environ.get("MY_TOKEN", "nothing"))


def floods():
    import sys

    print("x" * 1000)
    sys.stderr.write("y" * 1000)
    return small()
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The path of a file of models; tests run in its folder."""
    path = tmp_path / "models.py"
    path.write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def models(written, forked):
    """The same, taken apart in children of one process; those that ask for `written` start one each."""
    return written


def source(path, factory):
    return f"{path}:{factory}"


@needs_torch
def test_a_module_has_its_parameters_and_flops(written):
    item = load(source(written, "small"))
    assert sum(item.parameters().values()) == 64 * 3 * 49 + 64 + 128 + 650
    assert item.flops() == 2 * (112 * 112 * 64 * 147 + 640)
    kinds = [row["kind"] for row in item.dims["ops"]]
    assert kinds == ["conv", "norm", "pointwise", "pointwise", "gemm"] or "pool" in kinds


@needs_torch
def test_work_is_linear_in_the_batch_and_training_follows(models):
    item = load(source(models, "small"))
    one, eight = (item.complete(Job(item.id, batch=batch)) for batch in (1, 8))
    assert total(item.trace(eight), "flops") == pytest.approx(8 * total(item.trace(one), "flops"))
    assert total(item.trace(eight), "weight_bytes") == total(item.trace(one), "weight_bytes")
    train = item.complete(Job(item.id, phase="train", batch=8))
    ops = item.trace(train)
    assert {op.stage for op in ops} == {"forward", "backward", "optimizer"}
    assert [op.layer for op in ops if op.backward == "weight"]


@needs_torch
def test_a_model_that_builds_its_mask(models, whichgpu):
    answer = whichgpu("workload", "--from", "models.py:masked", "--input", "2x64:int64", "--json").json
    layer = 4 * 256 * 256 + 8 * 256 * 256
    products = 4 * layer + 1000 * 256
    attention = 4 * 2 * 64 * 64 * 256
    assert answer["flops"] == 2 * 64 * (products) + 2 * attention
    assert answer["parameters"] == 1256 * 256 + 2048 * 256 + 4 * (layer + 13 * 256) + 512 - 256 * 256
    assert {"attention", "embedding", "gemm", "norm"} <= set(answer["ops"])


@needs_torch
def test_repeated_layers_can_be_checkpointed(models):
    item = load(source(models, "masked"), Given(inputs=("1x64:int64",)))
    assert sum(row.get("starts", 0) for row in item.dims["ops"]) == 4


@needs_torch
def test_a_saved_module_needs_no_torch(models, whichgpu, monkeypatch):
    first = whichgpu("workload", "--from", "models.py:small", "--save", "my.toml", "--json")
    assert first.status == 0
    monkeypatch.setattr(_process, "run", None)
    again = whichgpu("workload", "my.toml", "--json").json
    assert {key: again[key] for key in ("parameters", "flops", "modules")} == {
        key: first.json[key] for key in ("parameters", "flops", "modules")
    }
    answer = whichgpu("predict", "my.toml", "--gpu", "l4", "--batch", "32", "--json")
    assert answer.json["value"]["unit"] == "samples/s"


@needs_torch
def test_a_module_that_looks_at_values_is_run_for_real(models):
    item = load(source(models, "looks"), Given(inputs=("2x8",)))
    assert item.flops() == 2 * 64
    assert "looks at values" in item.dims["notes"][0]


@needs_torch
def test_a_large_module_that_looks_at_values_is_told_one(models):
    item = load(source(models, "wide"), Given(inputs=("2x16000",)))
    assert item.flops() == 2 * 16000**2
    assert "taken as 1" in item.dims["notes"][0]


@needs_torch
def test_a_module_of_one_batch_is_scaled(models):
    item = load(source(models, "fixed"), Given(inputs=("4x8",)))
    assert item.flops() == 2 * 64
    assert "takes no other batch than 4" in item.dims["notes"][0]


@needs_torch
@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("network", "it opens the network"),
        ("quiet_network", "it opens the network"),
        ("raises", "it raised ValueError at line 1"),
        ("writes", "it writes to a file (stolen.txt)"),
        ("deletes", "it deletes a file"),
        ("starts", "it starts a program"),
        ("leaves", "its process ended without an answer (status 3)"),
        ("number", "gives int, not a torch.nn.Module"),
        ("nothing", "it has no 'nothing'; it has "),
        ("looks", "it states no example_inputs; give the shape of each input"),
        ("secret", "it raised ValueError at line"),
    ],
)
def test_what_misbehaves_ends_in_one_line(models, whichgpu, monkeypatch, factory, said):
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    before = sorted(os.listdir(models.parent))
    answer = whichgpu("workload", "--from", f"models.py:{factory}", "--save", "my.toml")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert said in answer.err
    assert "hunter2" not in answer.err
    assert sorted(os.listdir(models.parent)) == before


@needs_torch
@pytest.mark.parametrize("factory", ["loops", "sleeps"])
def test_a_module_that_never_ends_is_ended(written, monkeypatch, factory):
    monkeypatch.setattr(_process, "SECONDS", 2)
    with pytest.raises(UsageError, match="does it loop"):
        load(source(written, factory))


@needs_torch
def test_memory_is_limited(models, monkeypatch):
    monkeypatch.setattr(_process, "MEMORY", 3 * 2**30)
    with pytest.raises(UsageError, match=r"more memory than the limit|without an answer"):
        load(source(models, "hogs"))


@needs_torch
def test_what_it_prints_is_nobodys(models, whichgpu):
    answer = whichgpu("workload", "--from", "models.py:floods", "--json")
    assert answer.json["parameters"]
    assert answer.err == ""


@needs_torch
@pytest.mark.slow
def test_a_billion_parameters_are_read(models):
    item = load(source(models, "large"))
    assert sum(item.parameters().values()) > 1e9


def test_nothing_is_run_without_being_asked(models, whichgpu):
    answer = whichgpu("workload", "models.py:raises")
    assert answer.status == 2
    assert "code is run only by name: whichgpu workload --from models.py:raises" in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [("1y3", "is no shape"), ("", "is no shape"), ("-1x3", "is no shape"), ("1x3:", "is no shape")],
)
def test_what_is_no_shape(models, whichgpu, text, said):
    answer = whichgpu("workload", "--from", "models.py:small", "--input", text)
    assert answer.status == 2
    assert said in answer.err


@needs_torch
def test_an_unknown_dtype(models):
    with pytest.raises(UsageError, match="'float7' is no dtype"):
        load(source(models, "masked"), Given(inputs=("1x64:float7",)))


def test_a_file_without_a_factory_or_without_a_file(models, tmp_path):
    with pytest.raises(UsageError, match="name what makes the module as well"):
        load(str(models))
    with pytest.raises(UsageError, match="cannot be read"):
        load(str(tmp_path / "nowhere.py:build"))


def test_a_known_name_needs_none_of_this(whichgpu):
    assert whichgpu("workload", "resnet50", "--from", "x").status == 2
    assert whichgpu("workload").status == 2
    assert whichgpu("workload", "resnet50", "--input", "1x3").status == 2
    assert resolve("resnet50").family == "resnet"


@needs_torch
@pytest.mark.thorough
def test_a_configuration_that_hf_does_not_read_is_counted_by_its_class_of_transformers(
    tmp_path, whichgpu, forked
):
    transformers = pytest.importorskip("transformers", reason="needs transformers, for its module classes")
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    config = transformers.InformerConfig(prediction_length=8, d_model=32, encoder_layers=1, decoder_layers=1)
    config.architectures = ["InformerModel"]
    config.save_pretrained(tmp_path)
    found = load(f"transformers:{tmp_path}")
    with torch.device("meta"):
        module = transformers.InformerModel._from_config(config, attn_implementation="eager").eval()
        past, future = torch.zeros(1, 15, 1), torch.zeros(1, 8, 1)
    assert sum(found.parameters().values()) == sum(one.numel() for one in module.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad(), torch.device("meta"):
        module(past, torch.zeros(1, 15, 0), torch.ones(1, 15, 1), future_values=future,
               future_time_features=torch.zeros(1, 8, 0))  # fmt: skip
    assert found.flops() == pytest.approx(counter.get_total_flops())
    told = whichgpu("workload", str(tmp_path / "config.json")).err
    assert "--from transformers:config.json" in told
    told = whichgpu("workload", f"transformers:{tmp_path}").err
    assert "code is run only by name" in told
    (tmp_path / "config.json").write_text('{"model_type": 7}')
    with pytest.raises(UsageError, match="model_type is 7"):
        load(f"transformers:{tmp_path}")
    with pytest.raises(Unusable, match="transformers 5 knows no model_type 'lllama5'"):
        hub_class._config(SimpleNamespace(CONFIG_MAPPING={}, __version__="5"), {"model_type": "lllama5"})
