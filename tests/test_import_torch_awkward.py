"""Modules written in the ways that trip tracers, and code that would get round the hook on Python alone."""

from __future__ import annotations

import importlib.util
import os
import time

import pytest

from whichgpu.workloads.importers import _traced
from whichgpu.workloads.importing import Given, load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("torch") is None, reason="needs PyTorch: pip install 'whichgpu[torch]'"
    ),
]

MODULES = """
import ctypes, dataclasses, os, time
import torch
from torch import nn
import torch.nn.functional as F

X = torch.zeros(2, 16, 64)


class Net(nn.Module):
    def __init__(self, run, *parts):
        super().__init__()
        self.parts, self.run = nn.ModuleList(parts), run

    def forward(self, *args, **named):
        return self.run(*self.parts, *args, **named)


def net(run, *parts, x=X):
    made = Net(run, *parts)
    made.example_inputs = x
    return made


def dense():
    return nn.Linear(64, 64)


def mask(layer, x):
    n = x.shape[1]
    y, keep = layer(x), torch.tril(torch.ones(n, n)).bool()
    return (y @ y.transpose(1, 2)).masked_fill(~keep, float("-inf")).softmax(-1) @ y


def by_value(layer, x):
    y = layer(x)
    return y[y > 0].sum()


def rotary(layer, x):
    angles = torch.outer(torch.arange(x.shape[1]), 1.0 / 10000 ** (torch.arange(0, 64, 2) / 64))
    turn = torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(torch.view_as_complex(layer(x).reshape(*x.shape[:-1], -1, 2)) * turn)


def experts(gate, *rest):
    *layers, x = rest
    rows = x.reshape(-1, 64)
    chosen, out = gate(rows).topk(1)[1], torch.zeros_like(rows)
    for index, layer in enumerate(layers):
        where, _ = torch.where(chosen == index)
        out[where] += layer(rows[where])
    return out


@dataclasses.dataclass
class Out:
    value: torch.Tensor


def einsum(layer, x):
    q = layer(x).view(x.shape[0], 16, 4, 16)
    return torch.einsum("bqhd,bkhd->bhqk", q, q)


def checkpointed(layer, x):
    from torch.utils.checkpoint import checkpoint

    return checkpoint(lambda y: F.gelu(layer(y)), x, use_reentrant=False)


@torch.inference_mode()
def without_gradients(layer, x):
    return layer(x)


def heads(layer, x):
    q = layer(x).view(x.shape[0], 16, 4, 16).transpose(1, 2)
    return F.scaled_dot_product_attention(q, q[:, :2], q[:, :2], is_causal=True, enable_gqa=True)


def tied():
    table, head = nn.Embedding(1000, 64), nn.Linear(64, 1000, bias=False)
    head.weight = table.weight
    return net(lambda a, b, x: b(a(x)), table, head, x=torch.zeros(2, 16, dtype=torch.long))


def narrow():
    return net(lambda a, x: a(x), dense(), x=X.to(torch.bfloat16)).to(torch.bfloat16)


def on_a_gpu():
    return net(lambda a, x: a(x.cuda()).to("cuda:0") + torch.ones(64, device="cuda"), dense()).cuda()


def compiled():
    made = net(torch.compile(lambda a, x: a(x), mode="max-autotune"), dense())
    made.compile()
    return made


def choice(layer, x):
    return torch.cond(x.sum() > 0, lambda y: layer(y), lambda y: y * 2, (x,))


F_MASK = lambda: net(mask, dense())
F_VALUE = lambda: net(by_value, dense())
F_ROTARY = lambda: net(rotary, dense())
F_EXPERTS = lambda: net(experts, nn.Linear(64, 4), *[dense() for _ in range(4)])
F_NAMED = lambda: net(lambda a, *, hidden, scale=1: a(hidden) * scale, dense(), x={"hidden": X})
F_CLASS = lambda: net(lambda a, x: Out(a(x)), dense())
F_ITEM = lambda: net(lambda a, x: a(x)[:, : torch.tensor(x.shape[1]).item()], dense())
F_BUFFER = lambda: net(lambda a, x: a(x) + torch.zeros(x.shape[1], 64), dense())
F_EINSUM = lambda: net(einsum, dense())
F_AGAIN = lambda: net(checkpointed, dense())
F_INFERENCE = lambda: net(without_gradients, dense())
F_HEADS = lambda: net(heads, dense())
F_LSTM = lambda: net(lambda a, x: a(x)[0], nn.LSTM(64, 128, 2, batch_first=True, bidirectional=True))
F_LONG = lambda: net(lambda a, x: a(x)[0], nn.LSTM(64, 128, proj_size=32), x=torch.zeros(2000, 2, 64))
F_BILINEAR = lambda: net(lambda a, x: a(x, x), nn.Bilinear(64, 64, 8))
F_PICKED = lambda: net(lambda a, x: a(x[x.sum(-1) > 0]), nn.Linear(64, 64))
F_PACKED = lambda: torch.ao.quantization.quantize_dynamic(net(lambda a, x: a(x), dense()), {nn.Linear})
F_GRU = lambda: net(lambda a, x: a(x)[0], nn.GRU(64, 128, 2, batch_first=True))
F_MHA = lambda: net(lambda a, x: a(x, x, x, need_weights=False)[0],
                    nn.MultiheadAttention(64, 4, batch_first=True))
F_LONG_FIRST = lambda: net(lambda a, x: a(x, x, x, need_weights=False)[0], nn.MultiheadAttention(64, 4),
                           x=torch.zeros(16, 2, 64))
F_STEPS_FIRST = lambda: net(lambda a, x: a(x)[0], nn.GRU(64, 128, 2), x=torch.zeros(16, 2, 64))
F_ALONE = lambda: net(lambda a, x: a(x.transpose(0, 1).contiguous().reshape(-1, 64)), dense(), x=X[:1])
F_LINE = lambda: net(lambda a, b, x: b(a(x)), nn.Conv1d(8, 16, 3, padding=1), nn.ConvTranspose1d(16, 8, 4, 2),
                     x=torch.zeros(2, 8, 100))
F_SOLID = lambda: net(lambda a, b, x: b(a(x)), nn.Conv3d(3, 16, 3, padding=1),
                      nn.ConvTranspose3d(16, 4, 2, 2), x=torch.zeros(1, 3, 8, 16, 16))
F_LAZY = lambda: net(lambda a, x: a(x), nn.LazyLinear(32))
F_CHOICE = lambda: net(choice, dense())
F_FFT = lambda: net(lambda a, x: torch.fft.rfft(a(x), dim=1).abs(), dense())
F_NESTED = lambda: net(lambda a, x: a(torch.nested.nested_tensor([x[0], x[1]])), dense())
F_NORM = lambda: net(lambda a, x: a(x), nn.utils.parametrizations.weight_norm(dense()))

LIBC = ctypes.CDLL(None)


def unlinks():
    raise ValueError(f"it gave {LIBC.unlink(b'victim')}")


def truncates():
    raise ValueError(f"it gave {LIBC.truncate(b'victim', 0)}")


def makes():
    raise ValueError(f"it gave {LIBC.open(b'made', 0o101, 0o644)}")


def connects():
    class Address(ctypes.Structure):
        _fields_ = [("f", ctypes.c_uint16), ("p", ctypes.c_uint16), ("a", ctypes.c_uint32),
                    ("z", ctypes.c_uint64)]

    address = Address(2, 0x3500, 0x01010101)
    raise ValueError(f"it gave {LIBC.connect(LIBC.socket(2, 2, 0), ctypes.byref(address), 16)}")


def outlives():
    if LIBC.fork() == 0:
        LIBC.setsid()
        if LIBC.fork() == 0:
            with open("/proc/self/cmdline", "rb"):
                time.sleep(600)
        os._exit(0)
    return net(lambda a, x: a(x), dense())


def forges():
    for handle in range(3, 64):
        try:
            os.write(handle, b'{"first": 1, "batch": "x"}')
        except OSError:
            pass
    os._exit(0)


def paints():
    raise ValueError("\\x1b[31mred\\u202e")


def exits():
    os._exit(0)
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    file = tmp_path / "awkward.py"
    file.write_text(MODULES)
    (tmp_path / "victim").write_text("kept")
    monkeypatch.chdir(tmp_path)
    return file


@pytest.fixture
def models(written, forked):
    """The same, taken apart in children of one process; those that ask for `written` start one each."""
    return written


DENSE, PARAMETERS = 2 * 16 * 64 * 64, 64 * 64 + 64
PAIR = 2 * 16 * 16 * 64


@pytest.mark.parametrize(
    ("factory", "flops", "parameters"),
    [
        ("F_MASK", DENSE + 2 * PAIR, PARAMETERS),
        ("F_VALUE", DENSE, PARAMETERS),
        ("F_ROTARY", DENSE, PARAMETERS),
        ("F_EXPERTS", DENSE + 2 * 16 * 64 * 4, 4 * PARAMETERS + 260),
        ("F_NAMED", DENSE, PARAMETERS),
        ("F_CLASS", DENSE, PARAMETERS),
        ("F_ITEM", DENSE, PARAMETERS),
        ("F_BUFFER", DENSE, PARAMETERS),
        ("F_EINSUM", DENSE + PAIR, PARAMETERS),
        ("F_AGAIN", DENSE, PARAMETERS),
        ("F_INFERENCE", DENSE, PARAMETERS),
        ("F_HEADS", DENSE + 2 * PAIR, PARAMETERS),
        # Gates x (inputs + state) x steps, two directions; the second layer reads both.
        ("F_LSTM", 2 * 16 * 2 * 512 * ((64 + 128) + (256 + 128)), 593_920),
        # Gates and the projection at each of 2,000 steps.
        ("F_LONG", 2 * 2000 * (512 * (64 + 32) + 128 * 32), 54_272),
        ("F_BILINEAR", 8 * DENSE, 32_776),
        ("F_PICKED", DENSE, PARAMETERS),
        ("F_PACKED", DENSE, PARAMETERS),
        ("F_GRU", 2 * 16 * 384 * ((64 + 128) + (128 + 128)), 173_568),
        ("F_MHA", 4 * DENSE + 2 * PAIR, 4 * PARAMETERS),
        ("F_LONG_FIRST", 4 * DENSE + 2 * PAIR, 4 * PARAMETERS),
        ("F_STEPS_FIRST", 2 * 16 * 384 * ((64 + 128) + (128 + 128)), 173_568),
        ("F_ALONE", DENSE, PARAMETERS),
        ("F_LINE", 2 * 100 * 16 * 8 * 3 + 2 * 100 * 16 * 8 * 4, 920),
        ("F_SOLID", 2 * 2048 * 16 * 3 * 27 + 2 * 2048 * 16 * 4 * 8, 1828),
        ("F_LAZY", DENSE / 2, 2080),
        ("F_CHOICE", DENSE, PARAMETERS),
        ("F_FFT", DENSE, PARAMETERS),
        ("F_NORM", DENSE, PARAMETERS + 64),
        ("tied", 2 * 16 * 64 * 1000, 64_000),
        ("narrow", DENSE, PARAMETERS),
        ("on_a_gpu", DENSE, PARAMETERS),
        ("compiled", DENSE, PARAMETERS),
    ],
)
def test_awkward_modules(models, factory, flops, parameters):
    item = load(f"{models}:{factory}", Given())
    assert item.flops() == flops
    assert sum(item.parameters().values()) == parameters
    assert not any("scaled" in note for note in item.dims["notes"])
    looked = any("looks at values" in note for note in item.dims["notes"])
    assert looked == (factory in ("F_VALUE", "F_EXPERTS", "F_PICKED", "F_PACKED"))


def test_what_is_not_sure_is_said(models):
    assert "torch.cond: its first branch is counted" in load(f"{models}:F_CHOICE", Given()).dims["notes"]
    assert "not known, counted as bytes: 1 x aten._fft_r2c" in load(f"{models}:F_FFT", Given()).dims["notes"]


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("F_NESTED", "nested tensors, which have no shape; pass a padded batch"),
        ("unlinks", "it gave -1"),
        ("truncates", "it gave -1"),
        ("makes", "it gave -1"),
        ("connects", "it gave -1"),
        ("forges", "is no list of operators"),
        ("paints", "?[31mred?"),
        ("exits", "ended without an answer (status 0)"),
    ],
)
def test_native_code_is_held_too(models, whichgpu, factory, said):
    before = sorted(os.listdir(models.parent))
    answer = whichgpu("workload", "--from", f"{models}:{factory}")
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert sorted(os.listdir(models.parent)) == before
    assert (models.parent / "victim").read_text() == "kept"


def test_nothing_outlives_the_run(written, tmp_path, monkeypatch):
    # What this run starts has a temporary folder of its own: other tests may run beside it.
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def running():
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdecimal() and int(entry) != os.getpid():
                try:
                    with open(f"/proc/{entry}/environ", "rb") as file:
                        found += [entry] if f"TMPDIR={tmp_path}".encode() in file.read() else []
                except OSError:
                    continue
        return found

    before = set(running())
    assert load(f"{written}:outlives", Given()).flops() == DENSE
    end = time.monotonic() + 5
    while set(running()) - before and time.monotonic() < end:
        time.sleep(0.1)
    assert not set(running()) - before


def test_an_answer_that_no_tracer_gives():
    from whichgpu.errors import UsageError

    for first in ([{"kind": "gemm"}], [{"kind": "x", "layer": "a", "dims": {}}], [3], "text", {"a": 1}):
        answer = {"first": first, "batch": 1, "inputs": [], "name": "x"}
        with pytest.raises(UsageError, match="no list of operators"):
            _traced.traced_workload("f.py:build", answer, Given(), kind="PyTorch module")
