"""What cells and lists state of the parts of a card, and of the machine that it is in."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

ENGINES = """| | A30 | L4 | L40S |
|---|---|---|---|
| Memory | 24 GB | 24 GB | 48 GB |
| Media engines | 4 NVDEC | {}, 4 NVDEC | 3x NVENC, 3x NVDEC |
| Encoder | None | {} | 3x Eighth Generation |
"""
BOARD = """### RTX 6000 Ada

- 48 GB GDDR6
- 300 W, 16-pin
- {}

### L40S

- 48 GB GDDR6
- Display outputs: 4x DisplayPort 1.4a
"""
PSU = """| | RTX 4090 | RTX 4070 |
|---|---|---|
| Memory | 24 GB | 12 GB |
| Recommended PSU | 850 W | {} |
"""
HOSTS = """| Provider | Instance | GPUs | GPU model | GPU memory (total) | vCPUs | RAM |
|---|---|---|---|---|---|---|
| AWS | p5.48xlarge | 8 | H100 80GB | 640 GB | {} | 2,048 GiB |
| AWS | p4d.24xlarge | 8 | A100 40GB | 320 GB | 96 | {} |
| GCP | a3-highgpu-8g | 8 | H100 80GB | 640 GB | 208 | 1,872 GB |
| Azure | NC96ads A100 v4 | {} | A100 80GB | 320 GB | 96 | 880 GiB |
"""
RATIOS = """| GPU | Memory | tokens/s (batch 1) | vs. T4 | $/hr | Cost per 1M tokens |
|---|---|---|---|---|---|
| T4 | 16 GB | 15 | 1.0x | $0.35 | $6.48 |
| L4 | 24 GB | 16 | 1.07x | $0.70 | $12.15 |
| A10 | 24 GB | 32 | {} | $0.75 | $6.51 |
"""


@pytest.mark.parametrize(
    ("text", "wrong", "confirmed"),
    [
        (ENGINES.format("2 NVENC", "2x 8th Gen"), [], {"4 NVDEC", "2 NVENC", "3x NVENC", "2x 8th Gen"}),
        (ENGINES.format("1 NVENC", "2x 7th Gen"), ["1 NVENC", "2x 7th Gen"], {"4 NVDEC", "3x NVDEC"}),
        (BOARD.format("4x DisplayPort 1.4a"), [], {"16-pin", "4x DisplayPort 1.4a"}),
        # A maker's card may have other outputs.
        (BOARD.format("2x HDMI 2.1"), [], {"16-pin", "4x DisplayPort 1.4a"}),
        (PSU.format("650 W"), [], {"850 W", "650 W"}),
        (PSU.format("1200 W"), [], {"850 W"}),
        (HOSTS.format(192, "1,152 GiB", 4), [],
         {"192", "208", "96", "2,048 GiB", "1,152 GiB", "880 GiB", "4", "A100 80GB"}),
        (HOSTS.format(96, "2,048 GiB", 8), ["96", "2,048 GiB", "8"], {"208", "880 GiB"}),
        (RATIOS.format("2.1x"), [], {"1.07x", "2.1x"}),
        (RATIOS.format("3.4x"), ["3.4x"], {"1.07x"}),
    ],
    ids=[
        "engines", "wrong engines", "outputs", "other outputs", "power supply", "another one", "hosts",
        "wrong hosts", "ratios beside prices", "a wrong ratio",
    ],
)  # fmt: skip
def test_what_is_stated_of_parts_and_machines(text, wrong, confirmed):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


def test_a_device_of_a_data_centre_has_no_outputs():
    text = "| | H100 PCIe | A100 40GB PCIe |\n|---|---|---|\n| Memory | 80 GB | 40 GB |\n"
    text += "| Display outputs | None | 4x DisplayPort 1.4a |\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["4x DisplayPort 1.4a"]
