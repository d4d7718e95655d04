"""Pages of software that tell of GPUs in passing: what they measure is no device's data, and no need."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

RIGHT = {
    "cache by format": """## KV cache per model, 16k of context

| Model | Layers | FP16 | FP8 |
|---|---|---|---|
| Llama 3.1 8B | 32 | 2.1 GB | 1.1 GB |
| Qwen2.5 14B | 48 | 3.2 GB | 1.6 GB |
""",
    "cache beside the weights": """| Model | Cache | KV size | Speed |
|---|---|---|---|
| gpt-oss-20b (FP16 weights) | FP16 KV | 31 MB | 84 tok/s |
| gpt-oss-20b (FP16 weights) | 4-bit KV | 9 MB | 80 tok/s |
""",
    "experts in fewer bits": """| Model | Method | Size |
|---|---|---|
| Qwen3 30B | ternary experts, 4-bit attention | 8.9 GB |
| Qwen3 30B | 3-bit experts / 8-bit rest | 13.6 GB |
""",
    "part of them on the card": """| Card | Model | VRAM |
|---|---|---|
| 12 GB | Qwen3 30B Q4_K_M (18.6 GB) | 8.1 GB |
""",
    "memory of a Mac": """| Alias | Download | Minimum unified memory |
|---|---|---|
| `flux2-klein-4b-bf16` | 15.1 GiB | 32 GB |
| `qwen-image` | 9.2 GiB | 16 GB |
""",
    "taken by a process": "`card1` is the RTX 4060 Ti, now held by Ollama with 12.7 GB of VRAM.\n",
    "classes of machines": (
        "- **8 GB**: `Llama-3.2-3B-bf16`, quick enough for a chat.\n- **16 GB**: "
        "`Mistral-7B-8bit`.\n"
    ),
    "a package": (
        "Take the BF16 package (`wan-1.3b-bf16`, 16 GiB) or the FP32 package (~27 GiB), which is "
        "larger.\n"
    ),
    "sustained": (
        "MFU is told of 989 TFLOPS in BF16; a power-capped H100 sustains about 681 TFLOPS in "
        "BF16.\n"
    ),
    "with ECC": (
        "Perplexity on WikiText-2, on one A40 46 GB, is 6.1.\n\nThe T4 shows 15 GB, the L40S 44 "
        "GB.\n"
    ),
    "frozen image": """| Model | Thaw | Image |
|---|---|---|
| Llama-3.1-8B, 1x H100 SXM | 3.1 s | 16 GB, 190 regions |
| Llama-3.1-70B, 2x H100 SXM | 15.2 s | 141 GB, 960 regions |
""",
    "uploads": "Storage of images in S3, checked on an H100 SXM (15 GiB up in 5.6 s, 230 s down).\n",
    "measured draw": """| GPU | Score | Power (W) |
|---|---|---|
| RTX 4090 | 15000-20000 | 350-450 |
| RTX 4080 | 12000-15000 | 280-350 |
""",
    "recommended for": """| Tag | VRAM | For |
|---|---|---|
| `qwen2.5-coder:7b` | 5 GB | completions |
| `qwen2.5-coder:32b` | 20 GB | best (not on the P100) |
""",
    "head of a laptop": """| Length | What is loaded, on an RTX 4050 Laptop (6 GB) | Time |
|---|---|---|
| 1k | the checkpoint | 25 ms |
| 8k | `ctx=8k` | 2.1 GB, 1.1 s |
""",
    "the host": """| Part | What |
|---|---|
| GPU | AMD Instinct MI50 32GB (gfx906, HBM2) |
| CPU | Intel Xeon Gold 6148 |
| RAM | 128 GB DDR4 ECC |
| Power limit | 150 W |
""",
    "host in a list": "Tested with:\n\n* RTX 3090: 24GB VRAM\n* AMD Ryzen 9 7900X\n* 128GB DDR5 4800 MT/s\n",
    "two rates of many": (
        "It ran on 128 H200 GPUs and reached 224k tokens/s of prefill and 288k tokens/s of "
        "decode.\n"
    ),
    "limits": (
        "Limits: 4000 files, 16 MiB per file, 128 MiB per copy, 20 retained copies and 30 turns "
        "per job.\n"
    ),
    "numbers of a name": (
        "`nemotron-3-super-120b-a12b` has 12B active parameters and 120B parameters in total.\n"
    ),
    "another's context": "Vicuna v1.5 is based on Llama 2 with 4K and 16K context lengths.\n",
    "an upload's name": (
        "- [someone/Qwen-2.5-1B-mine](https://example.org/someone/Qwen-2.5-1B-mine): a small "
        "one.\n"
    ),
    "of what it does": (
        "On an M4 Max or an M4 Pro: `fp16` runs the attention kernel alone in half precision and "
        "is ~3% faster.\n"
    ),
    "clients together": (
        "| GPU | Training |\n|---|---|\n| A100 80GB | 101 TFLOPS |\n\nFour clients on 4 A100s: "
        "384 TFLOPS combined.\n"
    ),
    "cores of Macs": (
        "It ran on the same GPU (18 cores on the M3 Pro, 32 on the M1 Max); memory is the peak.\n"
    ),
    "becomes": (
        "GLM-5.1 is 1,508 GB in BF16 and 309 GB in three bits. It fits on two H200s (282 GB) so "
        "only with offload.\n"
    ),
    "a check of fit": (
        "The model is at risk on a 24 GB Mac. The fit check refuses it, at 16.3 GiB against 14.5 "
        "GiB.\n"
    ),
    "without it": (
        "15 of 48 steps are skipped, for 1.31x (227.4 s to 174.2 s); without that it runs at the "
        "old speed (0.99x).\n"
    ),
    "each of its own": (
        "A step takes 1.26 times as long as the q8 step on dev (15.26 s) and 1.35 times on "
        "schnell (14.25 s).\n"
    ),
    "two pairs": (
        "Up to 1.39x faster (small: 63.7 vs 45.7 FPS) and up to 4.67x faster than the CPU "
        "(large: 12.5 vs 2.7 FPS).\n"
    ),
    "rounded": """| Op | Triton | CUDA | CUDA / Triton |
|---|---|---|---|
| norm | 0.042 ms | 0.017 ms | 0.40 |
| act | 0.050 ms | 0.100 ms | 2.00 |
| rope | 0.020 ms | 0.060 ms | 3.00 |
| dequantize | 5.373 ms | 0.073 ms | 0.01 |
""",
    "roots": (
        "The deviation grows with the root: std is 0.024 × √(256/12) ≈ 0.11, and 0.4 × √(256/12) "
        "≈ 1.85.\n"
    ),
    "of a day": "It trained all steps on an RTX 4090 without running out (`train.4090-fit.2026-10-24`).\n",
    "a release": "On an Apple M3 Pro, pip installs PyTorch 2.14.0 (the newest release on 2026-09-28).\n",
    "of software": (
        "The MI350X path gives packed operands to hipBLASLt directly: there is no FP8 expansion "
        "and no decoder.\n"
    ),
    "these of the line": (
        "Any RTX PRO 6000 does.\n\n- GTX 10, GTX 16 and RTX 20: these GPUs have no bf16 tensor "
        "cores.\n"
    ),
    "fits after it": """| Model | FP16 | Ours | Fits on |
|---|---|---|---|
| Qwen2.5-7B (7.6B) | 15.2 GB | 9.6 GB | RTX 4070 12GB |
""",
    "active": """| Model | Active | GPU | $/h |
|---|---|---|---|
| gpt-oss-20b | 3.6B | L40S 48GB | $0.90 |
| Qwen3-8B | 8B | L40S 48GB | $0.90 |
""",
    "active without a head": """| Model | Params | GPU |
|---|---|---|
| gpt-oss-20b | 3.6B | L40S 48GB |
| Qwen3-30B-A3B | 3B | L40S 48GB |
""",
    "capped by something": (
        "It is the first to be on par while 1 GB smaller. Speed on the M4 Pro is capped at 29 "
        "tok/s by a lookup.\n"
    ),
    "the only option": (
        "The model does not fit an RTX 5080 (16 GB). Without offload rules, the only option is "
        "`device_map`.\n"
    ),
    "another program": "Point Claude Code at the local server; it runs on the Mac's own GPU.\n",
    "a model of that name": (
        "| Model | Bits | Speed (M4 Max) |\n|---|---|---|\n| Nemotron-3-Nano-4B | 3 | 75.6 tok/s "
        "|\n"
    ),
    "what runs took": """| Model | GPU | Time | Memory |
|---|---|---|---|
| UNet | RTX 3080 | 1.2 s | 3.2 GB |
| UNETR | RTX 3080 | 2.8 s | 4.1 GB |
""",
    "terms": "Here `fp16` = 2 bytes, `q8` = 1 byte, `q4` = 0.5 bytes of each parameter.\n",
    "nothing at all": """| Voice | VRAM | FP16 | INT8 |
|---|---|---|---|
| Audio 0.1B | 0 GB | 0 GB | 0 GB |
| Audio 0.6B | 0 GB | 0 GB | 0 GB |
| Other | 2.5 GB | 4 GB | 1.5 GB |
""",
    "of one operation": """## GEMM of a 7B model

| Kernel | dtype | Weight size |
|---|---|---|
| plain | BF16 | 129.5 MB |
| packed | FP8 | 64.8 MB |
""",
    "a kernel": "It reaches up to 1460 TFLOPS during prefill and 950 TFLOPS during decoding on B200.\n",
    "than a mesh": "On the RTX 5090 it has 11x fewer cells and takes 5.1x less memory than the whole mesh.\n",
    "a corpus": "Score `Q` against a large corpus in GPU memory without materialising the full matrix.\n",
    "by the format": "- **INT4 weights**: 1.73x as fast on an H100, with slight impact on accuracy.\n",
    "an id in one word": "| Model | Weights |\n|---|---|\n| llama3-1B-chat | 2 GB |\n| llama3-8B | 16 GB |\n",
    "in another unit": """| Metric | Default | Optimized | Change |
|---|---|---|---|
| RTF p50 | 0.362 | 0.355 | -1.9% |
| RTF p95 | 0.528 | 0.494 | -6.4% |
| TTFA p50 (ms) | 1194 | 1150 | -44 ms |
| UTMOS | 3.13 | 3.24 | +3.5% |
""",
    "on any of them": "`pip install it` does. Runs on CUDA, Apple MPS, or CPU, whichever it finds.\n",
    "a default": "Zero dimensions give 1024 × 1024 and zero steps give 50 steps with guidance 3.\n",
    "a day of data": "On the RTX 5070 Ti it was run from the 2026-09-01 00Z analysis of the stream.\n",
    "another card in a cell": """Measured on an RTX 5070 Ti.

| Grid | Card | Time |
|---|---|---|
| T383 | RTX 5070 Ti | 9 min |
| T533 | RTX 5090, 32 GB, alone | 15.9 min |
""",
    "a bus of a slot": "GTX 1080 Ti\n\n| Field | Value |\n|---|---|\n| Name | GTX 1080 Ti |\n| Bus | 88 |\n",
    "by a warp": "Each stream is decoded by one warp, so occupancy is `rows / (32 * SM count)` on the GPU.\n",
    "so much of each": "- **Scales to 400M unknowns** on 3x H200 GPUs (110 GB/GPU)\n",
    "rows of another kind": """| Codec | State bits | Word | Step |
|---|---|---|---|
| a | 64 | 32 | 1 |
| b | 64 | 32 | 2 |
| c | 64 | 32 | 3 |
| d | 32 | 16 | 4 |
| e | 32 | 16 | 5 |
| f | 32 | 8 | 6 |
| g | 32 | 8 | 7 |
""",
    "shown by a driver": "Measured on Google Colab, Tesla T4 (15.6 GB VRAM), with 500 records.\n",
    "a draft for it": "| Base | Parameters |\n|---|---|\n| Mixtral-8x7B | 0.28B |\n",
    "an index": "FAISS is exact on one GPU, but memory and search cost grow with corpus size.\n",
    "tenants": "Time-slicing hands out slots of the A10G: co-tenants share the whole 24 GB of the card.\n",
    "took": "- A100: below a second per request, ~34 GB GPU memory\n",
    "a fall": "The pool of the RTX 3060 drops from 96 MB down to 49.5 MB (-48.4%).\n",
    "a range of them": "On the RTX 3060 it answers in 0.5s - 1.0s (38x - 70x faster).\n",
    "of a laptop": "It runs on an RTX 3050 Laptop, as on other laptop GPUs (like an RTX 3050 6GB).\n",
    "of a tool": "On an RTX 4070 Ti it has 0.67% WER: better accuracy and speed than any single open tool.\n",
    "threads": "On an RTX 3050: a thread per core of the CPU; `memory` takes half the cores.\n",
}  # fmt: skip

WRONG = {
    "weights": ("| Model | FP16 | INT8 |\n|---|---|---|\n| Llama 3.1 8B | 4 GB | 8 GB |\n", "4 GB"),
    "a card's memory": ("The A40 has 64 GB of memory.\n", "64 GB"),
    "a host's kind": ("The RTX 3090 has 24 GB of DDR5.\n", "DDR5"),
    "a ratio": ("It takes 15.26 s instead of 30.5 s, which is 3 times as fast.\n", "3 times"),
    "parameters": ("| Model | Parameters |\n|---|---|\n| gpt-oss-20b | 36B |\n| Qwen3-8B | 8B |\n", "36B"),
    "day": ("The RTX 4090 was released on 2026-10-24.\n", "2026"),
    "power": ("The MI50 32GB has a power limit of 150 W.\n", "150 W"),
    "a rise": ("The pool grows from 49.5 MB to 96 MB (-48.4%).\n", "48.4"),
    "none": ("The GTX 1080 has tensor cores.\n", "tensor cores"),
}  # fmt: skip


def _accused(text: str) -> list[str]:
    found = audited(text.encode(), "page.md", catalogue(), date(2026, 12, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_told_in_passing_is_not_accused(text: str) -> None:
    assert _accused(text) == []


@pytest.mark.parametrize(("text", "quote"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_of_it_is(text: str, quote: str) -> None:
    assert any(quote in each for each in _accused(text))
