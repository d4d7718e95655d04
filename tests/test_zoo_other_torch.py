"""The torch-free families of detectors, speech, translation and recommendation against torch's own counter.

Modules are built on the meta device from torch and transformers (no weights, no network); without them
these tests are skipped. The layers below restate the published shapes with `torch.nn`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
transformers = pytest.importorskip("transformers")
counter = pytest.importorskip("torch.utils.flop_counter")
nn = torch.nn
empty = torch.empty


def ours(name: str, **columns: Any) -> float:
    """FLOPs of our forward pass, training or not."""
    workload = resolve(name)
    traced = workload.trace(workload.complete(Job(name, **columns)))
    return product_flops([op for op in traced if op.stage == "forward"])


def torchs(run: Callable[[], object]) -> float:
    """FLOPs that torch counts on the meta device."""
    with torch.device("meta"), torch.no_grad(), counter.FlopCounterMode(display=False) as flops:
        run()
    return flops.get_total_flops()


#: For modules whose shapes depend on constants that they hold (on the meta device these have no values).
FAKE = torch._subclasses.FakeTensorMode()


def detected(kind: Any, config: Any, height: int, width: int) -> tuple[float, int]:
    """FLOPs of a detector on one image, and its parameters."""
    with FAKE, torch.no_grad(), counter.FlopCounterMode(display=False) as flops:
        model = kind(config).eval()
        model(pixel_values=torch.zeros(1, 3, height, width))
    return flops.get_total_flops(), sum(weight.numel() for weight in model.parameters())


def lstm(inputs: int, hidden: int, batch: int, steps: int, *, layers: int = 1, both: bool = False) -> None:
    nn.LSTM(inputs, hidden, layers, bidirectional=both)(empty(steps, batch, inputs))


def dense(rows: int, *widths: int) -> None:
    for inputs, outputs in pairwise(widths):
        nn.Linear(inputs, outputs)(empty(rows, inputs))


# -- translation, speech, recommendation ---------------------------------------------------------


def gnmt(batch: int, tokens: int) -> None:
    rows = batch * tokens
    lstm(1024, 1024, batch, tokens, both=True)
    lstm(2048, 1024, batch, tokens)
    lstm(1024, 1024, batch, tokens, layers=2)
    lstm(1024, 1024, batch, tokens)
    dense(rows, 1024, 1024)
    dense(rows, 1024, 1024)
    dense(rows * tokens, 1024, 1)
    torch.bmm(empty(batch, tokens, tokens), empty(batch, tokens, 1024))
    for _ in range(3):
        lstm(2048, 1024, batch, tokens)
    dense(rows, 1024, 31794)


def tacotron(batch: int, frames: int, chars: int) -> None:
    x = empty(batch, 512, chars)
    for _ in range(3):
        x = nn.Conv1d(512, 512, 5, padding=2)(x)
    lstm(512, 256, batch, chars, both=True)
    dense(batch * frames, 80, 256, 256)
    dense(batch * chars, 512, 128)
    for _ in range(frames):
        nn.LSTMCell(768, 1024)(empty(batch, 768))
        dense(batch, 1024, 128)
        nn.Conv1d(2, 32, 31, padding=15)(empty(batch, 2, chars))
        dense(batch * chars, 32, 128, 1)
        torch.bmm(empty(batch, 1, chars), empty(batch, chars, 512))
        nn.LSTMCell(1536, 1024)(empty(batch, 1536))
        dense(batch, 1536, 80)
        dense(batch, 1536, 1)
    x = empty(batch, 80, frames)
    for outputs in (512, 512, 512, 512, 80):
        x = nn.Conv1d(x.shape[1], outputs, 5, padding=2)(x)


def waveglow(samples: int) -> None:
    nn.ConvTranspose1d(80, 80, 1024, stride=256)(empty(1, 80, -(-samples // 256)))
    positions, channels = samples // 8, 8
    for flow in range(12):
        channels -= 2 * (flow > 0 and flow % 4 == 0)
        half = channels // 2
        nn.Conv1d(channels, channels, 1)(empty(1, channels, positions))
        x = nn.Conv1d(half, 512, 1)(empty(1, half, positions))
        for layer in range(8):
            nn.Conv1d(512, 1024, 3, padding=2**layer, dilation=2**layer)(x)
            nn.Conv1d(640, 1024, 1)(empty(1, 640, positions))
            nn.Conv1d(512, 1024 if layer < 7 else 512, 1)(x)
        nn.Conv1d(512, 2 * half, 1)(x)


def rnnt(batch: int, steps: int, chars: int) -> None:
    lstm(240, 1024, batch, steps, layers=2)
    lstm(2048, 1024, batch, steps // 2)
    lstm(1024, 1024, batch, steps // 2, layers=2)
    lstm(320, 320, batch, chars, layers=2)
    dense(batch * steps // 2, 1024, 512)
    dense(batch * chars, 320, 512)
    dense(batch * steps // 2 * chars, 512, 29)


def deepspeech(batch: int, steps: int) -> None:
    x = nn.Conv2d(1, 32, (41, 11), (2, 2), (20, 5))(empty(batch, 1, 161, steps))
    x = nn.Conv2d(32, 32, (21, 11), (2, 1), (10, 5))(x)
    steps = x.shape[3]
    for layer in range(5):
        lstm(1024 if layer else 32 * x.shape[2], 1024, batch, steps, both=True)
    dense(batch * steps, 1024, 29)


def dlrm(batch: int) -> None:
    dense(batch, 13, 512, 256, 128)
    torch.bmm(empty(batch, 27, 128), empty(batch, 128, 27))
    dense(batch, 479, 1024, 1024, 512, 256, 1)


def ncf(batch: int) -> None:
    dense(batch, 256, 256, 128, 64)
    dense(batch, 128, 1)


@pytest.mark.parametrize(
    ("name", "columns", "run"),
    [
        ("gnmt-v2", {"phase": "train", "precision": "fp32", "batch": 4, "seq_len": 5}, lambda: gnmt(4, 6)),
        ("tacotron2", {"phase": "infer", "batch": 2, "seq_len": 50}, lambda: tacotron(2, 50, 9)),
        ("waveglow", {"phase": "train", "batch": 1, "seq_len": 8000}, lambda: waveglow(8000)),
        ("rnnt", {"phase": "train", "batch": 3, "options": {"seconds": "0.6"}}, lambda: rnnt(3, 20, 9)),
        (
            "deepspeech2",
            {"phase": "train", "batch": 1, "options": {"seconds": "0.5"}},
            lambda: deepspeech(1, 50),
        ),
        ("ncf", {"batch": 100}, lambda: ncf(100)),
        ("dlrm", {"batch": 100}, lambda: dlrm(100)),
    ],
)
def test_recurrent_and_dense_models(name: str, columns: dict[str, Any], run: Callable[[], None]) -> None:
    assert ours(name, **columns) == pytest.approx(torchs(run), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "layers", "width", "heads"), [("base", 16, 512, 8), ("large", 18, 1024, 16)]
)
def test_layers_of_transformer_xl(name: str, layers: int, width: int, heads: int) -> None:
    batch, tokens, context = 5, 200, 400

    def run() -> None:
        for _ in range(layers):
            dense(batch * context, width, 3 * width)
            dense(context, width, width)
            query, key = empty(tokens, batch, heads, 64), empty(context, batch, heads, 64)
            torch.einsum("ibnd,jbnd->ijbn", query, key)
            torch.einsum("ibnd,jnd->ijbn", query, empty(context, heads, 64))
            torch.einsum("ijbn,jbnd->ibnd", empty(tokens, context, batch, heads), key)
            dense(batch * tokens, width, width, 4 * width, width)

    workload = resolve(f"transformer-xl-{name}")
    traced = workload.trace(workload.complete(Job("x", phase="infer", batch=batch, seq_len=tokens)))
    assert product_flops([op for op in traced if op.module == "layers"]) == pytest.approx(
        torchs(run), rel=1e-9
    )


def test_three_dimensional_u_net() -> None:
    widths = [32, 64, 128, 256, 320, 320]

    def run() -> None:
        x, skips = empty(1, 1, 128, 128, 128), []
        for level, width in enumerate(widths):
            x = nn.Conv3d(x.shape[1], width, 3, 2 if level else 1, 1)(x)
            x = nn.Conv3d(width, width, 3, 1, 1)(x)
            skips.append(x)
        for skip in reversed(skips[:-1]):
            width = skip.shape[1]
            x = torch.cat((nn.ConvTranspose3d(x.shape[1], width, 2, 2)(x), skip), 1)
            x = nn.Conv3d(width, width, 3, 1, 1)(nn.Conv3d(2 * width, width, 3, 1, 1)(x))
        nn.Conv3d(32, 3, 1)(x)

    assert resolve("3d-unet-99").flops() == pytest.approx(torchs(run), rel=1e-9)


# -- whole models of transformers ----------------------------------------------------------------

WHISPER = {
    "tiny": (384, 6, 4, 4, 80),
    "large-v3-turbo": (1280, 20, 32, 4, 128),
}


@pytest.mark.parametrize("size", WHISPER)
def test_whisper(size: str) -> None:
    width, heads, encoder, decoder, mels = WHISPER[size]
    config = transformers.WhisperConfig(
        d_model=width, encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_layers=encoder,
        decoder_layers=decoder, encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width, num_mel_bins=mels,
        vocab_size=51866 if mels == 128 else 51865,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.WhisperForConditionalGeneration(config).eval()
    tokens = {"input_features": (1, mels, 3000), "decoder_input_ids": (1, 100)}
    flops = torchs(
        lambda: model(
            input_features=empty(tokens["input_features"]),
            decoder_input_ids=torch.zeros(tokens["decoder_input_ids"], dtype=torch.long),
        )
    )
    workload = resolve(f"whisper-{size}")
    assert workload.flops() == pytest.approx(flops, rel=1e-9)
    assert sum(workload.parameters().values()) == sum(weight.numel() for weight in model.parameters())


RT_DETR: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "r50": ({}, {}),
    "r18": (
        {"depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512], "layer_type": "basic"},
        {"encoder_in_channels": [128, 256, 512], "decoder_layers": 3, "hidden_expansion": 0.5},
    ),
}


@pytest.mark.parametrize("size", RT_DETR)
def test_rt_detr(size: str) -> None:
    backbone, rest = RT_DETR[size]
    outputs = ["stage2", "stage3", "stage4"]
    body = transformers.RTDetrResNetConfig(**backbone, out_features=outputs)
    config = transformers.RTDetrConfig(
        backbone_config=body, num_labels=80, attn_implementation="eager", **rest
    )
    flops, parameters = detected(transformers.RTDetrForObjectDetection, config, 640, 640)
    workload = resolve(f"rt-detr-{size}")
    assert workload.flops() == pytest.approx(flops, rel=1e-9)
    assert sum(workload.parameters().values()) == parameters


def test_fast_conformer() -> None:
    config = transformers.ParakeetCTCConfig(encoder_config={"num_hidden_layers": 24})
    config._attn_implementation = "eager"
    with torch.device("meta"):
        model = transformers.ParakeetForCTC(config).eval()
    flops = torchs(lambda: model(input_features=empty(1, 2000, config.encoder_config.num_mel_bins)))
    workload = resolve("parakeet-ctc-0.6b")
    assert workload.flops() == pytest.approx(flops, rel=1e-9)
    assert sum(workload.parameters().values()) == sum(weight.numel() for weight in model.parameters())


def test_detr() -> None:
    config = transformers.DetrConfig(
        use_timm_backbone=False, backbone_config=transformers.ResNetConfig(out_features=["stage4"]),
        use_pretrained_backbone=False, num_labels=91, attn_implementation="eager",
    )  # fmt: skip
    flops, parameters = detected(transformers.DetrForObjectDetection, config, 800, 1088)
    workload = resolve("detr")
    assert workload.flops() == pytest.approx(flops, rel=1e-9)
    assert sum(workload.parameters().values()) == parameters
