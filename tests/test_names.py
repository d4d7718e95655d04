"""What people call a GPU: one id, or the list of those it may be; never a guess."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.architecture import families
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import candidates, resolve, resolve_count, without_number
from whichgpu.hardware.nearby import nearest

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

pytestmark = pytest.mark.slow

GPUS = catalogue()
IDS = sorted(GPUS)
LAPTOPS = [gpu for gpu in GPUS.values() if gpu.id.endswith("-laptop")]
SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A100 SXM 80GB", "a100-80gb-sxm"),
        ("NVIDIA A100-SXM4-80GB", "a100-80gb-sxm"),
        ("80 GB A100 SXM4", "a100-80gb-sxm"),
        ("NVIDIA A100 80GB PCIe", "a100-80gb-pcie"),
        ("NVIDIA H100 80GB HBM3", "h100-80gb-sxm"),
        ("NVIDIA H100 PCIe", "h100-80gb-pcie"),
        ("H100 HGX (80GB)", "h100-80gb-sxm"),
        ("H100-MEGA", "h100-80gb-sxm"),
        ("H100NVL", "h100-94gb-nvl"),
        ("NVIDIA GH200 480GB", "gh200-96gb"),
        ("B200", "b200-180gb-sxm"),
        ("Tesla V100-SXM2-16GB", "v100-16gb-sxm"),
        ("Tesla V100-SXM3-32GB", "v100-32gb-sxm3"),
        ("Tesla T4", "t4"),
        ("RTX A6000", "rtx-a6000"),
        ("A6000", "rtx-a6000"),
        ("RTXA6000", "rtx-a6000"),
        ("RTX-6000-Ada", "rtx-6000-ada"),
        ("RTX6000Ada", "rtx-6000-ada"),
        ("Quadro RTX 6000", "quadro-rtx-6000"),
        ("RTX4000 (8 GB)", "quadro-rtx-4000"),
        ("A100 80G PCI-E", "a100-80gb-pcie"),
        ("MI-210", "mi210"),
        ("Habana Gaudi 2", "gaudi2"),
        ("Cloud TPU v5e", "tpu-v5e"),
        ("GB300 NVL72", "gb300-288gb"),
        ("4\u00d7A100-80GB-SXM4", "a100-80gb-sxm"),
        ("H100-SXM-80GB x8", "h100-80gb-sxm"),
        ("mi 300x", "mi300x"),
        ("GB200 superchip", "gb200-192gb"),
        ("grace hopper 96gb", "gh200-96gb"),
        ("3D controller: NVIDIA Corporation GV100GL [Tesla V100 SXM2 32GB] (rev a1)", "v100-32gb-sxm"),
        ("AD107M [GeForce RTX 4060 Max-Q / Mobile]", "rtx-4060-laptop"),
        ("NVIDIA GeForce RTX 3090/PCIe/SSE2", "rtx-3090"),
        ("AMD Radeon RX 7900 XTX (RADV NAVI31)", "rx-7900-xtx"),
        ("EVGA GeForce RTX 3090 FTW3 Ultra", "rtx-3090"),
        ("Radeon RX 7900 XTX Nitro+", "rx-7900-xtx"),
        ("RX 6800 XT Red Devil", "rx-6800-xt"),
        ("Merc 310 RX 7900 XT", "rx-7900-xt"),
        ("Pro Vega II Duo", "radeon-pro-vega-ii-duo"),
        ("MSI GeForce RTX 4090 SUPRIM LIQUID X 24G", "rtx-4090"),
        ("Sapphire Radeon RX Vega 64 Liquid", "rx-vega-64-liquid"),
        ("Intel Arc A750 LE", "arc-a750"),
        ("NVIDIA Jetson AGX Orin 64GB Developer Kit", "jetson-agx-orin-64gb"),
        ("MI300A APU", "mi300a"),
        ("gtx titan x pascal", "titan-x-pascal"),
        ("INNO3D RTX 5090 X3", "rtx-5090"),
        ("MSI RTX 3060 Gaming X 8GB", "rtx-3060-8gb"),
        ("XFX Speedster MERC 310 RX 7900 XTX", "rx-7900-xtx"),
        ("RTX 4090 Founders Edition", "rtx-4090"),
        ("MacBook Pro M1 Max 32 core", "apple-m1-max-32c"),
        ("gtx1660s", "gtx-1660-super"),
        ("H100 80GB PCIe Gen5", "h100-80gb-pcie"),
        ("L40S PCIe Gen4 x16", "l40s"),
        ("A10 PCIe x16", "a10"),
        ("A100 PCIe 4.0 80GB", "a100-80gb-pcie"),
        ("A100 PCIe 40", "a100-40gb-pcie"),
        ("RTX 4090 PCIe", "rtx-4090"),
        ("RTX 4070 non-SUPER", "rtx-4070"),
        ("NVIDIA-Tesla-T4-SHARED", "t4"),
        ("RX 570 8GB", "rx-570-8gb"),
        ("Tesla K40m", "k40"),
        ("RTX A6000 Ada", "rtx-6000-ada"),
        ("4090m", "rtx-4090-laptop"),
        ("GTX 980M", "gtx-980m"),
        ("4090", "rtx-4090"),
        ("RTX 4090", "rtx-4090"),
        ("GeForce RTX 4090 24GB", "rtx-4090"),
        ("4090 laptop", "rtx-4090-laptop"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "rtx-4090-laptop"),
        ("rtx 4090 mobile", "rtx-4090-laptop"),
        ("RTX 4090D", "rtx-4090-d"),
        ("RTX_4070S_Ti", "rtx-4070-ti-super"),
        ("RTX4070TiSUPER", "rtx-4070-ti-super"),
        ("RTX 2070 with Max-Q Design", "rtx-2070-maxq"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "rtx-pro-6000-blackwell-maxq"),
        ("RTX PRO 6000 Blackwell Workstation Edition", "rtx-pro-6000-blackwell"),
        ("RTXPRO6000S", "rtx-pro-6000-blackwell-server"),
        ("AMD Instinct MI300X", "mi300x"),
        ("mi300x-192gb", "mi300x"),
        ("Radeon RX 7900XTX", "rx-7900-xtx"),
        ("Apple M4 Max 40-core GPU", "apple-m4-max-40c"),
        ("M2 Max 38", "apple-m2-max-38c"),
        ("gaudi 2", "gaudi2"),
        ("tpu-v6", "tpu-v6e"),
        ("AGX Orin 64GB", "jetson-agx-orin-64gb"),
        ("A10", "a10"),
        ("A10G", "a10g"),
        ("l40", "l40"),
        ("L40S", "l40s"),
        ("NVIDIA GeForce RTX 4070 Laptop GPU", "rtx-4070-laptop"),
        ("NVIDIA GeForce RTX 3050 6GB Laptop GPU", "rtx-3050-6gb-laptop"),
        ("NVIDIA GeForce RTX 3050 4GB Laptop GPU", "rtx-3050-laptop"),
        ("NVIDIA RTX A1000 Laptop GPU", "rtx-a1000-laptop"),
        ("NVIDIA RTX A1000 6GB Laptop GPU", "rtx-a1000-6gb-laptop"),
        ("NVIDIA RTX A1000", "rtx-a1000"),
        ("NVIDIA GeForce GTX 1060 with Max-Q Design", "gtx-1060-maxq"),
        ("NVIDIA GeForce GTX 1650 Ti", "gtx-1650-ti-laptop"),
        ("RTX 2050", "rtx-2050-laptop"),
        ("ND A100 v4", "a100-40gb-sxm"),
        ("NC A100 v4", "a100-80gb-pcie"),
        ("GeForce GTX 1650 (G5)", "gtx-1650"),
        ("GeForce GTX 1650 (G6)", "gtx-1650-gddr6"),
        ("NVIDIA GeForce RTX 5090 D v2", "rtx-5090-d-v2"),
        ("NVIDIA RTX PRO 2000 Blackwell", "rtx-pro-2000-blackwell"),
        ("rtx pro 2000 laptop", "rtx-pro-2000-blackwell-laptop"),
        ("T4 15GB", "t4"),
        ("NVIDIA RTX PRO 2000 Blackwell Generation Laptop GPU", "rtx-pro-2000-blackwell-laptop"),
        ("Quadro P5200 with Max-Q Design", "quadro-p5200-maxq"),
        ("Quadro P3200", "quadro-p3200-laptop"),
        ("NVIDIA T1000 8GB", "t1000-8gb"),
        ("NVIDIA T1000", "t1000"),
        ("Tesla K40c", "k40"),
        ("Tesla K20Xm", "k20x"),
        ("GRID K520", "grid-k520"),
        ("Tesla V100-DGXS-32GB", "v100-32gb-dgxs"),
        ("NVIDIA A100-SXM-64GB", "a100-64gb-sxm"),
        ("NVIDIA H20-3e", "h20-141gb"),
        ("NVIDIA Thor", "jetson-agx-thor-128gb"),
        ("Jetson Nano", "jetson-nano-4gb"),
        ("AMD Radeon RX 580 Series", "rx-580"),
        ("AMD Radeon RX 6800M", "rx-6800m"),
        ("MI50 32GB", "mi50-32gb"),
        ("Intel(R) Arc(TM) A770 Graphics", "arc-a770"),
        ("Intel(R) Data Center GPU Flex 140", "flex-140"),
        ("Tesla M4", "tesla-m4"),
        ("HL-225", "gaudi2"),
        ("TPU v5 lite", "tpu-v5e"),
        ("tpu-v5-lite-podslice", "tpu-v5e"),
        ("tpu-v2-podslice", "tpu-v2"),
        ("inf1", "inferentia1"),
        ("Radeon 8060S", "ryzen-ai-max-395"),
        ("Intel Battlemage B580 12GB", "arc-b580"),
        ("RX 7900 XTX RDNA 3", "rx-7900-xtx"),
        ("Titan X (Maxwell)", "gtx-titan-x"),
        ("MX 450", "mx450"),
        ("tpu v5 p", "tpu-v5p"),
        ("RTX 6k Ada", "rtx-6000-ada"),
        ("macbook m1 pro 16 core", "apple-m1-pro-16c"),
        ("rtx 4000 sff", "rtx-4000-sff-ada"),
        ("HL-225H", "gaudi2"),
        # Lines of boards and coolers, a limit of power, a Mac with the cores of its processor.
        ("RTX 2080 Ti Blower", "rtx-2080-ti"),
        ("MSI RTX 4090 Suprim X", "rtx-4090"),
        ("RTX 4090 @ 300W", "rtx-4090"),
        ("RTX 3090 power limited", "rtx-3090"),
        ("Mac mini M4 10-core", "apple-m4-10c"),
        ("Apple M6", "apple-m6-12c"),
        ("Mac mini M6", "apple-m6-12c"),
        ("M3 Max (14-core CPU, 30-core GPU)", "apple-m3-max-30c"),
        ("Core Ultra 7 258V", "arc-140v"),
        ("AMD Ryzen AI Max+ PRO 395", "ryzen-ai-max-395"),
        ("AI Max+ 395", "ryzen-ai-max-395"),
        ("n1-standard-8 + T4", "t4"),
    ],
)
def test_a_spelling_names_one_device(text: str, key: str) -> None:
    assert resolve(text, GPUS).id == key


@pytest.mark.parametrize(
    ("text", "key", "count"),
    [
        ("a10", "a10", 1),
        ("a10:8", "a10", 8),
        ("H100 SXM:8", "h100-80gb-sxm", 8),
        ("8 x A100 SXM 80GB", "a100-80gb-sxm", 8),
        ("4x 4090s", "rtx-4090", 4),
        ("two L4s", "l4", 2),
        ("2 3090", "rtx-3090", 2),
        ("A 40", "a40", 1),
        ("12 gb 3080", "rtx-3080-12gb", 1),
        ("2xL4", "l4", 2),
        ("A10x4", "a10", 4),
        ("A100-SXM4-80GBx8", "a100-80gb-sxm", 8),
        ("RTX4090*2", "rtx-4090", 2),
        ("2 * A100 SXM 80GB", "a100-80gb-sxm", 2),
        ("K80 24GB", "k80", 2),
        ("K80 (1 GPU)", "k80", 1),
        ("RTX 4090 GPU", "rtx-4090", 1),
        ("H100 SXM5 80GB 8-GPU", "h100-80gb-sxm", 8),
        ("2 x A16 64 GB", "a16", 8),
        ("K80 12GB", "k80", 1),
        ("Dual RTX 4090", "rtx-4090", 2),
        ("Dell R750xa 4x A100 PCIe 80GB", "a100-80gb-pcie", 4),
        ("Kaggle 2xT4", "t4", 2),
        ("GB200 NVL72 (72 GPUs)", "gb200-192gb", 72),
        ("g5.xlarge (A10G)", "a10g", 1),
        ("Google Colab (T4)", "t4", 1),
        ("HGX B200", "b200-180gb-sxm", 8),
        ("NVIDIA GH200-GraceHopper-Superchip-96GB", "gh200-96gb", 1),
    ],
)
def test_a_count_may_stand_beside_the_name(text: str, key: str, count: int) -> None:
    gpu, number = resolve_count(text, GPUS)
    assert (gpu.id, number) == (key, count)
    assert resolve(text, GPUS) is gpu


def in_words(key: str) -> tuple[Gpu, ...]:
    """What an id means in words: its device, or all that are called so by `data/aliases.toml`."""
    return tuple(GPUS[one] for one in store.load("aliases")["aliases"].get(key, {"ids": [key]})["ids"])


def test_every_id_names_itself_and_every_name_its_device() -> None:
    for gpu in GPUS.values():
        assert resolve(gpu.id, GPUS) is gpu
        assert resolve(gpu.id.upper(), GPUS) is gpu
        assert candidates(f"{gpu.vendor} {gpu.id.replace('-', ' ')}", GPUS) == in_words(gpu.id)
        assert gpu in candidates(gpu.name, GPUS), gpu.name
        assert gpu in candidates(str(gpu), GPUS), str(gpu)


def test_every_alias_on_file_names_devices_of_the_catalogue() -> None:
    for alias, row in store.load("aliases")["aliases"].items():
        # What is typed as an id is its device alone.
        words = alias.replace("-", " ") if alias in GPUS else alias
        assert {gpu.id for gpu in candidates(words, GPUS)} == set(row["ids"]), alias
    for gpu in GPUS.values():
        for alias in gpu.aliases:
            assert gpu in candidates(alias, GPUS), alias


separators = st.sampled_from(["-", " ", "_", "  ", ".", "/"])


@given(st.sampled_from(IDS), separators, st.booleans(), st.booleans())
def test_case_separators_and_vendor_do_not_matter(key: str, sep: str, upper: bool, vendor: bool) -> None:
    gpu = GPUS[key]
    text = key.replace("-", sep)
    text = f"{gpu.vendor} {text}" if vendor else text
    found = candidates(text.upper() if upper else text, GPUS)
    assert found == ((gpu,) if text == key else in_words(key))


@given(st.sampled_from(IDS), st.data())
def test_resolving_is_idempotent(key: str, data: st.DataObject) -> None:
    words = key.split("-")
    kept = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=len(words), unique=True))
    try:
        gpu = resolve(" ".join(kept), GPUS)
    except UsageError:
        return
    assert resolve(gpu.id, GPUS) is gpu
    assert resolve(gpu.id, GPUS).id == gpu.id


@given(st.sampled_from(LAPTOPS), st.permutations(["geforce", "nvidia", "gpu"]))
def test_a_laptop_name_never_gives_the_desktop_card(gpu: Gpu, extra: list[str]) -> None:
    for word in ("laptop", "Mobile", "Notebook"):
        text = " ".join([*extra[:2], gpu.id.replace("-laptop", f" {word}")])
        assert all("laptop" in found.id for found in candidates(text, GPUS))


@given(st.sampled_from(IDS))
def test_a_desktop_name_never_gives_the_laptop_part(key: str) -> None:
    if "laptop" in key:
        return
    for text in (key.replace("-", " "), GPUS[key].name, f"NVIDIA GeForce {key}"):
        assert not any("laptop" in gpu.id for gpu in candidates(text, GPUS))


def test_nothing_is_found_by_a_part_of_a_word() -> None:
    known = {frozenset(alias.split("-")) - set(families()) for alias in store.load("aliases")["aliases"]}
    for key in IDS:
        for cut in range(1, len(key)):
            text = key[:cut]
            whole = key[cut] == "-" or key[cut - 1] == "-"
            spelled = key[cut - 1] == "g" or text.endswith("sxm-5")  # ways to write "80gb" and "sxm5"
            spelled = spelled or key[cut:].startswith("gb")  # a size without its unit: a100-40
            spelled = spelled or key[cut:] == "c"  # cores without theirs: M1 7
            if whole or spelled or frozenset(text.split("-")) - set(families()) in known:
                continue
            assert GPUS[key] not in candidates(text, GPUS), text
        assert GPUS[key] not in candidates(f"{key}x", GPUS)
        assert GPUS[key] not in candidates(f"x{key}", GPUS)


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    found = candidates(text, GPUS)
    assert len(set(found)) == len(found)
    assert isinstance(nearest(text, GPUS), tuple)


@pytest.mark.skipif(not SHARED.exists(), reason="the published measurements are not beside this checkout")
def test_every_gpu_of_the_published_measurements_resolves() -> None:
    spellings = set()
    for file in (SHARED / "measurements").glob("*.csv"):
        with file.open(newline="", encoding="utf-8") as handle:
            spellings |= {row["gpu"] for row in csv.DictReader(handle)}
    assert spellings
    for text in spellings:
        assert resolve(text, GPUS)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("RTX A 6000", "rtx-a6000"),
        ("A100 80 gig PCIe", "a100-80gb-pcie"),
        ("a100 sxm 40", "a100-40gb-sxm"),
        ("3080 12", "rtx-3080-12gb"),
        ("4070 TiS", "rtx-4070-ti-super"),
        ("4080S", "rtx-4080-super"),
        ("RX 6800S", "rx-6800s"),
        ("L 40 S", "l40s"),
        ("hopper H200 NVL", "h200-141gb-nvl"),
        ("EPYC 9654", "epyc-9654"),
        ("AMD EPYC 7763", "epyc-7763"),
        ("Xeon 6980P", "xeon-6980p"),
        ("Project DIGITS", "gb10"),
        ("Grace Hopper 144GB HBM3e", "gh200-144gb"),
        ("GIGABYTE GeForce RTX 5070 WINDFORCE OC SFF 12G", "rtx-5070"),
        ("PNY RTX 4000 SFF Ada", "rtx-4000-sff-ada"),
        ("Xeon Platinum 8480+", "xeon-8480"),
        ("CMP 170HX", "cmp-170hx"),
        ("RTX 3090 FE", "rtx-3090"),
        ("Vega FE", "vega-frontier-edition"),
        ("Radeon PRO W7900 Dual Slot", "w7900"),
        ("TPU v6e (Trillium)", "tpu-v6e"),
        ("Gaudi 3 HL-325L", "gaudi3"),
        ("Strix Halo Ryzen AI Max+ 395", "ryzen-ai-max-395"),
        ("Google Colab T4", "t4"),
        ("Lambda H100 SXM 80GB", "h100-80gb-sxm"),
        ("DGX-2", "v100-32gb-sxm3"),
        ("NVIDIA DGX-1 with 8x V100 16GB", "v100-16gb-sxm"),
        ("DGX A100 640GB", "a100-80gb-sxm"),
        ("gb200_sxm", "gb200-192gb"),
        ("NVIDIA GH200-GraceHopper-Superchip_GH200-96GB_aarch64x1", "gh200-96gb"),
        ("DGX H100", "h100-80gb-sxm"),
        ("NVIDIA DGX A100 (8x A100 80GB)", "a100-80gb-sxm"),
        ("Nettrix X660G45L (8x A100-SXM-80GB, TensorRT)", "a100-80gb-sxm"),
        ("NVIDIA GH200-GraceHopper-Superchip (1x GH200-96GB_aarch64, TensorRT)", "gh200-96gb"),
        ("RTX 7900 XTX", "rx-7900-xtx"),
        ("RTX 4090 + 64GB DDR5", "rtx-4090"),
    ],
)
def test_short_and_spoken_spellings(text: str, key: str) -> None:
    assert resolve(text, GPUS).id == key


def test_a_line_s_word_alone_makes_no_part_an_integrated_one() -> None:
    with pytest.raises(UsageError, match="did you mean rx-"):
        resolve("Radeon RX 5300", GPUS)
    with pytest.raises(UsageError, match="shares the memory of its host"):
        resolve("AMD Radeon Graphics", GPUS)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a10:2", "a10"),
        ("2 x a10", "a10"),
        ("a10", ""),
        ("A100 PCIe x16", ""),
        ("a100-80gb-sxm:mig-3g.40gb", ""),
    ],
)
def test_a_number_beside_a_name_is_told_from_what_belongs_to_it(text, name):
    assert without_number(text) == name
