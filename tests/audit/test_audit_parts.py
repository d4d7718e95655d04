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


ROSTER = """Best cards, ranked

1. RTX 5090 - 32GB GDDR7 - $1,999 - 575W
2. RTX 4090 - 24GB GDDR6X - $1,599 - 450W
3. RTX 5080 - {} - {} - 360W
4. RTX 4070 - 12GB GDDR6X - $599 - {}
"""
USED = """Best used cards on eBay

1. RTX 3090 - 24GB GDDR6X - $750
2. RTX 3080 - 10GB GDDR6X - $699
3. RTX 3070 - 8GB GDDR6 - $499
4. RTX 3060 - 12GB GDDR6 - $329
"""
OFFICIAL = """| | RTX 5070 | RTX 4070 SUPER |
|---|---|---|
| Shader Cores | Blackwell, 31 TFLOPS | {}, 36 TFLOPS |
| Tensor Cores (AI) | 5th Generation, 988 AI TOPS | 4th Generation, {} AI TOPS |
| PCI Express Gen 5 | Yes | {} |
| Clocks Base | 2.33 GHz | 1.98 GHz |
"""
DASHES = """| | A100 80GB SXM | H100 SXM | L40S |
|---|---|---|---|
| FP16 / BF16 Tensor (dense, sparse) | 312 / 624 | 989 / 1,979 | {} |
| FP8 (dense / sparse) | {} | 1,979 / 3,958 | 733 / 1,466 |
| MIG | 7 | {} | — |
"""
SHORT = """| | RTX A4000 | RTX A5000 |
|---|---|---|
| CUDA | 6144 | 8192 |
| Tensor | 192 | 256 |
| RT | 48 | 64 |
| RAM | 16 GB | 24 GB |
"""
TABS = (
    "RTX 3090 Ti vs RTX 3090\n\n\t\tRTX 3090 Ti\tRTX 3090\nSMs\t\t84\t82\nCUDA\t\t10752\t{}\n"
    "Boost\t\t1860 MHz\t1695 MHz\nMem speed\t21 Gbps\t19.5 Gbps\n"
)
GERMAN = """| | RTX 5080 | RTX 5070 Ti |
|---|---|---|
| Shadereinheiten | 10.752 | 8.960 |
| Marktstart | 30.01.2025 | 20.02.{} |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.md", ROSTER.format("16GB GDDR7", "$999", "200W"), [], {"16GB", "$999", "200W", "$1,999", "575W"}),
        ("a.md", ROSTER.format("24GB GDDR7", "$1,299", "200W"), ["24GB", "$1,299"], {"$1,599", "200W"}),
        # Prices of used cards are none of the launch, though some are as high.
        ("a.md", USED, [], {"24GB", "8GB"}),
        ("a.md", OFFICIAL.format("Ada Lovelace", 568, "No"), [],
         {"Blackwell", "Ada Lovelace", "988 AI TOPS", "568 AI TOPS", "Yes", "No", "31 TFLOPS", "1.98 GHz"}),
        ("a.md", OFFICIAL.format("Ampere", 836, "Yes"), ["Ampere", "836 AI TOPS", "Yes"], {"988 AI TOPS"}),
        ("a.md", DASHES.format("362 / 733", "n/a", "7"), [],
         {"312", "624", "989", "1,979", "362", "733", "n/a", "7", "—"}),
        ("a.md", DASHES.format("362 / 733", "—", "—"), [], {"312", "624"}),
        ("a.md", DASHES.format("989 / 1,979", "n/a", "7"), ["989", "1,979"], {"312", "624"}),
        ("a.md", SHORT, [], {"192", "256", "48", "64", "16 GB", "24 GB"}),
        ("a.txt", TABS.format(10496), [], {"84", "82", "10752", "10496", "1860 MHz", "19.5 Gbps"}),
        ("a.txt", TABS.format(8704), ["8704"], {"84", "82", "10752", "1695 MHz"}),
        ("a.md", GERMAN.format(2025), [], {"10.752", "8.960", "2025"}),
        ("a.md", GERMAN.format(2022), ["2022"], {"8.960"}),
    ],
    ids=[
        "a ranking", "a wrong one", "used cards", "the maker's table", "a wrong one of it", "pairs and none",
        "dashes that may be gaps", "another's pair", "words of several meanings", "tabs",
        "a wrong one in tabs",
        "days in German", "a wrong day",
    ],
)  # fmt: skip
def test_rows_and_lists_as_makers_and_shops_have_them(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


FORMS = """## NVIDIA RTX PRO 6000 Blackwell: three forms

| | Workstation Edition | Max-Q | Server Edition |
|---|---|---|---|
| CUDA cores | 24,064 | 24,064 | 24,064 |
| Bandwidth | 1,792 GB/s | 1,792 GB/s | {} |
| Power | 600 W | {} | up to 600 W |
"""
RULED = """Accelerator      GPUs     VRAM      Arch.
----------------------------------------------
p4d.24xlarge     8        320 GB    Ampere
g6e.12xlarge     {}        192 GB    Ada
a2-ultragpu-4g   4        {}    Ampere
"""
NAMED = """**RTX 5070 Ti (Desktop)**
- Architektur: Blackwell ({})
- Kerne: {} CUDA
- Bus: PCIe 5.0 x16
- Stromanschluss: 16-Pin
"""
SEPARATED = """GPU;SMs;Speed;TDP
RTX 3090;82;19.5;350
RTX 3080;68;19;320
RTX 3070;46;{};220
RTX 3060 Ti;38;14;200
RTX 3060;28;15;170
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        ("a.md", FORMS.format("1,597 GB/s", "300 W"), [], {"24,064", "1,792 GB/s", "1,597 GB/s", "300 W"}),
        ("a.md", FORMS.format("1,344 GB/s", "450 W"), ["1,344 GB/s", "450 W"], {"1,792 GB/s", "600 W"}),
        ("a.txt", RULED.format(4, "320 GB"), [], {"8", "320 GB", "Ampere", "4", "192 GB", "Ada"}),
        ("a.txt", RULED.format(4, "160 GB"), ["160 GB"], {"8", "320 GB", "192 GB"}),
        ("a.md", NAMED.format("GB203", "8.960"), [], {"Blackwell", "GB203", "8.960", "16-Pin"}),
        ("a.md", NAMED.format("GB205", "6.144"), ["GB205", "6.144"], {"Blackwell"}),
        ("a.txt", SEPARATED.format(14), [], {"82", "19.5", "19", "14", "15", "350"}),
        ("a.txt", SEPARATED.format(19), ["19"], {"19.5", "14", "15"}),
    ],
    ids=[
        "forms", "wrong forms", "a drawn line", "a wrong size", "entries", "wrong entries", "an open speed",
        "a wrong speed",
    ],
)  # fmt: skip
def test_forms_lines_and_names_that_head_others(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    assert confirmed <= {each.quote for each in found.findings if each.verdict == "confirmed"}


ARCHIVE = """From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/l4
Subject: L4
MIME-Version: 1.0
Content-Type: multipart/related;
	type="text/html";
	boundary="----Bound"


------Bound
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable

<html><head><meta charset=3D"utf-8"></head><body><h1>NVIDIA L4</h1><table><tr><td>GPU memory</td><td>24=
=C2=A0GB</td></tr><tr><td>Memory bandwidth</td><td>{} GB/s</td></tr></table><p>More</p></body></html>

------Bound
Content-Type: text/css
Content-Transfer-Encoding: quoted-printable

@charset "utf-8"; table {{ width: 48GB }}

------Bound--
"""


def test_a_page_that_was_saved_with_its_pictures_in_one_file():
    found = audited(ARCHIVE.format(320).encode(), "a.mhtml", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == ["320 GB/s"]
    right = audited(ARCHIVE.format(300).replace("\n", "\r\n").encode(), "a.mht", catalogue(), corpus.TODAY)
    assert [each.quote for each in right.findings if each.verdict == "confirmed"] == ["24\xa0GB", "300 GB/s"]


MACHINES = """| System | GPUs | GPU memory |
|---|---|---|
| DGX A100 640GB | {} | 640 GB |
| DGX H100 | 8x H100 80GB | 640 GB |
| DGX H200 | {} | 1,128 GB |
"""
TRAINED = """### What memory do I need to fine-tune?

| Model | Full FT (AdamW, mixed) | QLoRA (4-bit) |
|---|---|---|
| 7B | 112 GB | 6 GB |
| 70B | {} | 48 GB |

| Model | FP32 | FP16 | INT8 | INT4 |
|---|---|---|---|---|
| 7B | 28 GB | 14 GB | 7 GB | 3.5 GB |
| 13B | 52 GB | {} | 13 GB | 6.5 GB |
"""
SPEEDS = """Training ResNet-50, images/s

| GPU | GPU memory | 1 GPU | 8 GPUs | Speedup 8x |
|---|---|---|---|---|
| V100 32GB | 32 GB | 1,360 | 10,400 | 7.6x |
| A100 80GB | 80 GB | 2,750 | 21,300 | {} |
| H100 SXM | 80 GB | 3,900 | 30,000 | 7.7x |
"""
SPANISH = """| Modelo | Núcleos CUDA | VRAM | Consumo |
|---|---|---|---|
| RTX 5090 | 21.760 | 32 GB | 575 W |
| RTX 5090 portátil | {} | 24 GB | 95-150 W |
| RTX 5080 | 10.752 | 16 GB | 360 W |
"""
PLUGS = """| | GTX 1080 Ti | GTX 1080 |
|---|---|---|
| Memory | 11 GB | 8 GB |
| Power plugs | {} | 8 pin |
"""


@pytest.mark.parametrize(
    ("text", "wrong", "confirmed"),
    [
        (MACHINES.format("8x A100 80GB", "8x H200"), [], {"8x", "A100 80GB", "H200", "1,128 GB"}),
        (MACHINES.format("8x H100 80GB", "8x H200"), ["H100 80GB"], {"H200", "640 GB", "1,128 GB"}),
        (TRAINED.format("1,120 GB", "26 GB"), [], {"112 GB", "1,120 GB", "28 GB", "26 GB", "6.5 GB"}),
        (TRAINED.format("500 GB", "42 GB"), ["500 GB", "42 GB"], {"112 GB", "28 GB"}),
        (SPEEDS.format("7.7x"), [], {"7.6x", "7.7x"}),
        (SPEEDS.format("6.2x"), ["6.2x"], {"7.6x", "7.7x"}),
        (SPANISH.format("10.496"), [], {"21.760", "10.496", "24 GB", "95-150 W"}),
        (SPANISH.format("21.760"), ["21.760"], {"24 GB", "10.752"}),
        (PLUGS.format("8+6 pin"), [], {"8+6 pin", "8 pin"}),
        (PLUGS.format("8+8 pin"), [], {"8 pin"}),
    ],
    ids=[
        "machines", "wrong machines", "trained", "trained wrongly", "speed-ups", "a wrong speed-up",
        "laptops", "a wrong laptop", "plugs", "other plugs",
    ],
)  # fmt: skip
def test_machines_training_and_laptops_of_others(text, wrong, confirmed):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.strip() for each in found.accusations] == wrong
    assert confirmed <= {each.quote.strip() for each in found.findings if each.verdict == "confirmed"}


BRACKETED = """| Card (MSRP) | VRAM | Power | Die |
|:--|:--|:--|:--|
| Intel Arc B580 ($249) | 12 GB | 190 W | 272 mm² |
| AMD RX 7800 XT ($499) | 16 GB | 263 W | {} |
| NVIDIA RTX 4060 ({}) | 8 GB | 115 W | 159 mm² |
"""
PRICED = """| | RTX 5090 | RTX 4090 |
|---|---|---|
| Memory | 32 GB | 24 GB |
| Price | $1,999 | {} |
"""
ROUNDED = """| | H200 NVL | RTX PRO 6000 Server |
|---|---|---|
| Memory | 141 GB | 96 GB |
| FP4 (sparse) | - | {} PFLOPS |
| FP64 | 30 TFLOPS | 2 TFLOPS |
"""


@pytest.mark.parametrize(
    ("text", "wrong", "confirmed"),
    [
        (BRACKETED.format("346 mm²", "$299"), [], {"$249", "$499", "$299", "272 mm²", "346 mm²", "263 W"}),
        (BRACKETED.format("600 mm²", "$349"), ["600 mm²", "$349"], {"$249", "$499", "272 mm²"}),
        (PRICED.format("$1,599"), [], {"$1,999", "$1,599"}),
        # A price of today.
        (PRICED.format("$2,199"), [], {"$1,999"}),
        (ROUNDED.format(4), [], {"4 PFLOPS", "2 TFLOPS", "141 GB"}),
        (ROUNDED.format(6), ["6 PFLOPS"], {"2 TFLOPS"}),
    ],
    ids=["brackets", "wrong brackets", "prices", "a price of today", "one digit", "a wrong digit"],
)
def test_brackets_prices_and_single_digits(text, wrong, confirmed):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.strip() for each in found.accusations] == wrong
    assert confirmed <= {each.quote.strip() for each in found.findings if each.verdict == "confirmed"}


KINDS = """**Quadro RTX 5000** — 3072 CUDA, 384 Tensor, 48 RT; 16 GB GDDR6; 448 GB/s; {}
**Quadro RTX 4000** — {} CUDA, 288 Tensor, 36 RT; 8 GB GDDR6; 416 GB/s; 160 W
"""
GROUPS = """<table>
<tr><th rowspan="2">Model</th><th colspan="2">Processing power (TFLOPS)</th><th rowspan="2">TDP</th></tr>
<tr><th>FP64</th><th>FP32</th></tr>
<tr><td>H100 SXM5</td><td>33.5</td><td>66.9</td><td>700 W</td></tr>
<tr><td>A100 SXM 80GB</td><td>{}</td><td>19.5</td><td>400 W</td></tr></table>"""
BILLS = """| Setup | Total VRAM | Hourly | Hours | Total cost |
|---|---|---|---|---|
| 1x RTX 4090 | 24 GB | $0.40 | 120 | $48 |
| 4x RTX 4090 | 96 GB | $1.60 | 34 | $54.40 |
| 1x A100 80GB | 80 GB | $1.60 | 60 | $96 |
| 8x A100 80GB | 640 GB | $12.80 | 9 | {} |
"""


@pytest.mark.parametrize(
    ("name", "text", "wrong", "confirmed"),
    [
        # NVIDIA tells the power of the board with what its USB-C output delivers, and without.
        ("a.md", KINDS.format("265 W", 2304), [], {"3072 CUDA", "384 Tensor", "48 RT", "2304 CUDA", "265 W"}),
        ("a.md", KINDS.format("230 W", 3072), ["3072 CUDA"], {"3072 CUDA", "36 RT", "230 W", "160 W"}),
        ("a.html", GROUPS.format("9.7"), [], {"33.5", "66.9", "9.7", "19.5"}),
        ("a.html", GROUPS.format("14.1"), ["14.1"], {"33.5", "66.9"}),
        ("a.md", BILLS.format("$115.20"), [], {"$48", "$54.40", "$96", "$115.20", "640 GB"}),
        ("a.md", BILLS.format("$105.20"), ["$105.20"], {"$48", "640 GB"}),
    ],
    ids=["kinds of cores", "wrong cores", "groups", "a wrong rate", "bills", "a wrong bill"],
)  # fmt: skip
def test_kinds_of_cores_groups_and_bills(name, text, wrong, confirmed):
    found = audited(text.encode(), name, catalogue(), corpus.TODAY)
    accused = [each.quote.strip() for each in found.accusations]
    assert [each.split()[0] for each in accused] == [each.split()[0] for each in wrong]
    right = {each.quote.strip() for each in found.findings if each.verdict == "confirmed"}
    assert {each.split()[0] for each in confirmed} <= {each.split()[0] for each in right}


QUOTED = """### AMD Radeon RX 9070
> Compute units: 56
> Stream processors: {}
> Memory: 16 GB GDDR6
> Board power: 220 W
> Launch price: {}

### Notes
> Some say that the RX 9070 has 12 GB.
"""
SIGNS = """| Instance | GPU | # | VRAM total |
|---|---|---|---|
| g2-standard-48 | L4 | {} | 96 GB |
| a2-megagpu-16g | A100 40GB | 16 | 640 GB |
"""


@pytest.mark.parametrize(
    ("text", "wrong", "confirmed"),
    [
        (QUOTED.format("3,584", "$549"), [], {"56", "3,584", "16 GB", "220 W", "$549"}),
        (QUOTED.format("4,096", "$599"), ["4,096", "$599"], {"56", "16 GB", "220 W"}),
        (SIGNS.format(4), [], {"4", "16", "L4"}),
        (SIGNS.format(8), ["8"], {"16", "L4"}),
    ],
    ids=["a card in a quote", "a wrong one", "a sign for the number", "a wrong number"],
)
def test_cards_in_quotes_and_signs(text, wrong, confirmed):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote.strip() for each in found.accusations] == wrong
    assert confirmed <= {each.quote.strip() for each in found.findings if each.verdict == "confirmed"}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (("320 GB total", "1.6 TB/s each", "48 GB total", "936 GB/s each"), []),
        (("640 GB total", "2,039 GB/s each", "24 GB total", "1,008 GB/s each"),
         ["640 GB", "2,039 GB/s", "24 GB", "1,008 GB/s"]),
    ],
    ids=["right", "wrong"],
)  # fmt: skip
def test_what_several_have_together_and_each(values, wrong):
    text = "Hardware\n\n* server B: 8x NVIDIA A100 40GB SXM4 ({}, {})\n* old box: 2x RTX 3090 ({}, {})\n"
    found = audited(text.format(*values).encode(), "a.md", catalogue(), corpus.TODAY)
    assert [each.quote for each in found.accusations] == wrong
    right = {each.quote for each in found.findings if each.verdict == "confirmed"}
    assert wrong or {"320 GB", "1.6 TB/s", "48 GB", "936 GB/s"} <= right


@pytest.mark.parametrize(
    ("told", "quote", "expected"),
    [("RTX 5090s draw 575 W", "575 W", "1,150 W"), ("RTX 4090s have 24 GB", "24 GB", "48 GB")],
)
def test_what_one_has_is_not_what_two_have_together(told, quote, expected):
    found = audited(f"Two {told} together.".encode(), "a.md", catalogue(), corpus.TODAY)
    assert [(each.quote, each.expected) for each in found.accusations] == [(quote, expected)]
