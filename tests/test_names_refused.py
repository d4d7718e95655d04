"""What names no one GPU: several, none, a family; what is said of it then."""

from __future__ import annotations

import pytest

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import candidates, resolve, resolve_count
from whichgpu.hardware.nearby import nearest
from whichgpu.hardware.slices import resolve_device

pytestmark = pytest.mark.slow

GPUS = catalogue()
IDS = sorted(GPUS)


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("a100", {"a100-40gb-sxm", "a100-80gb-sxm", "a100-40gb-pcie", "a100-80gb-pcie"}),
        ("nvidia-a100-80gb", {"a100-80gb-sxm", "a100-80gb-pcie"}),
        ("H100", {"h100-80gb-sxm", "h100-80gb-pcie", "h100-94gb-nvl"}),
        ("RTX 3080", {"rtx-3080-10gb", "rtx-3080-12gb"}),
        ("GeForce RTX 3060", {"rtx-3060-12gb", "rtx-3060-8gb"}),
        ("RTX 6000", {"quadro-rtx-6000", "rtx-6000-ada"}),
        ("RTX PRO 6000", {"rtx-pro-6000-blackwell", "rtx-pro-6000-blackwell-server"}),
        ("rtx pro 6k", {"rtx-pro-6000-blackwell", "rtx-pro-6000-blackwell-server"}),
        ("Strix Halo", {"ryzen-ai-max-395", "ryzen-ai-max-390", "ryzen-ai-max-385"}),
        ("Radeon 8050S", {"ryzen-ai-max-390", "ryzen-ai-max-385"}),
        ("a100-80gb-nvlink", {"a100-80gb-sxm", "a100-80gb-pcie"}),
        ("P100", {"p100-16gb-pcie", "p100-12gb-pcie", "p100-16gb-sxm"}),
        ("Titan X", {"gtx-titan-x", "titan-x-pascal"}),
        ("V100 32GB", {"v100-32gb-sxm", "v100-32gb-pcie", "v100-32gb-sxm3"}),
        ("M4", {"tesla-m4", "apple-m4-10c"}),
        ("M6", {"tesla-m6", "apple-m6-12c"}),
        ("MacBook Pro 16 M3 Max 16-core", {"apple-m3-max-30c", "apple-m3-max-40c"}),
        ("Apple M4 Pro", {"apple-m4-pro-16c", "apple-m4-pro-20c"}),
        ("Quadro T1000", {"quadro-t1000-laptop-gddr5", "quadro-t1000-laptop-gddr6"}),
        ("NVIDIA GeForce GTX 1650 with Max-Q Design", {"gtx-1650-maxq-gddr5", "gtx-1650-maxq-gddr6"}),
        ("Jetson Xavier NX", {"jetson-xavier-nx-8gb", "jetson-xavier-nx-16gb"}),
    ],
)
def test_an_ambiguous_spelling_lists_what_it_may_be(text: str, some: set[str]) -> None:
    assert some <= {gpu.id for gpu in candidates(text, GPUS)}
    with pytest.raises(UsageError, match=r"may be .*; say which") as fault:
        resolve(text, GPUS)
    assert all(key in str(fault.value) for key in some)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("h100x", "h100-80gb-sxm"),
        ("rtx 4060 16gb", "rtx-4060-ti-16gb"),
        ("rtx 4060 16gb", "rtx-4060,"),
        ("rtx 4090 ti", "rtx-4090"),
        ("rtx 4091", "rtx-4090"),
        ("AMD RTX 4090", "rtx-4090"),
        ("A16 48GB", "a16"),
        ("A100 60GB", "a100-64gb-sxm"),
        ("H100 60GB", "h100-64gb-sxm"),
        ("RTX 5080 SUPER", "rtx-5080"),
        ("RTX 5070 Ti 24GB", "rtx-5070-ti"),
        ("RX 7900 XTX 48GB", "rx-7900-xtx"),
        ("Arc B770", "arc-b570"),
        ("Apple M4 Ultra", "apple-m4-max-40c"),
    ],
)
def test_an_unknown_one_is_refused_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UsageError, match=r"^no GPU '.*'; did you mean") as fault:
        resolve(text, GPUS)
    assert near in str(fault.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RTX 4070 16GB", "did you mean rtx-4070-ti-super, rtx-4070, .* RTX 4070 has 12 GB$"),
        ("RTX 3060 16GB", "RTX 3060 has 8 GB or 12 GB$"),
        ("Tesla T4 32GB", "did you mean t4[?] Tesla T4 has 16 GB$"),
        ("M4 Max 200GB", "did you mean apple-m4-max-32c, .*[?]$"),
    ],
)
def test_a_card_with_another_memory_is_told_what_it_has(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        resolve(text, GPUS)


@pytest.mark.parametrize("text", ["MI250X (1 GCD)", "ROG Strix G16 (RTX 4060)"])
def test_what_stands_around_a_name_may_make_another_of_it(text: str) -> None:
    with pytest.raises(UsageError, match="no GPU"):
        resolve_count(text, GPUS)


@pytest.mark.parametrize("text", ["", " ", "rtx", "nvidia", "80gb", "laptop", "sxm", "gpu", "zzz", "-", "🎮"])
def test_words_that_name_no_product_are_refused(text: str) -> None:
    assert candidates(text, GPUS) == ()
    with pytest.raises(UsageError, match="no GPU"):
        resolve(text, GPUS)


@pytest.mark.parametrize("text", ["H100:8", "8x H100", "8 x H100"])
def test_a_count_beside_an_ambiguous_name_leaves_its_candidates(text: str) -> None:
    with pytest.raises(UsageError, match=r"'H100' may be .*h100-80gb-pcie.*h100-80gb-sxm.*; say which"):
        resolve(text, GPUS)


@pytest.mark.parametrize(
    "text", ["a10:0", "a10:-1", "a10:99999999", "H100:8", "a10:", "a10:x", ":8", f"a10:{'9' * 5000}"]
)
def test_a_count_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        resolve_count(text, GPUS)


def test_the_nearest_are_of_the_vendor_named() -> None:
    assert "Apple" in {gpu.vendor for gpu in nearest("Apple M6", GPUS)}
    with pytest.raises(UsageError, match="did you mean rtx-4060"):
        resolve("RTX 4060 16", GPUS)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M] (rev c8)", {"rx-7900-xt", "rx-7900-xtx", "rx-7900m"}),
        ("TU102GL [Quadro RTX 6000/8000]", {"quadro-rtx-6000", "quadro-rtx-8000"}),
    ],
)
def test_a_listing_of_several_products_is_all_of_them(text: str, ids: set[str]) -> None:
    with pytest.raises(UsageError, match="say which") as told:
        resolve(text, GPUS)
    assert all(key in str(told.value) for key in ids)


@pytest.mark.parametrize(
    "text", ["ASUS RTX 4070 24GB", "MSI GeForce RTX 4090 Ti Suprim", "MSI RTX 4090 SUPER", "EVGA FTW3 Ultra"]
)
def test_a_makers_card_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no GPU"):
        resolve(text, GPUS)


def test_a_card_of_a_desktop_is_no_part_of_a_laptop() -> None:
    with pytest.raises(UsageError, match="did you mean gtx-1650, gtx-1650-ti-laptop"):
        resolve("GTX 1650 Ti desktop", GPUS)
    assert resolve("RTX 4070 desktop", GPUS).id == "rtx-4070"
    assert resolve("GTX 1650 Ti", GPUS).id == "gtx-1650-ti-laptop"
    assert resolve("RTX 4090 Laptop GPU desktop", GPUS).id == "rtx-4090-laptop"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gfx90a", "'gfx90a' is no one GPU; with it come mi210, mi250, mi250x; say which"),
        ("AMD Radeon Graphics (RADV NAVI31)", "rx-7900-xtx"),
        ("AD103", "rtx-4080"),
        ("sm_90", "h100-80gb-pcie"),
        ("AMD Instinct MI250X/MI250", "may be mi250x, mi250; say which"),
        ("RTX 9999 (AD102)", "no GPU 'RTX 9999 \\(AD102\\)'"),
    ],
)
def test_a_chip_or_a_target_names_its_gpus_not_one(text, told):
    with pytest.raises(UsageError, match=told):
        resolve(text, catalogue())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("nvidia", "whichgpu gpus --vendor NVIDIA"), ("GeForce", "whichgpu gpus --segment geforce"),
        ("quadro", "whichgpu gpus --where name~quadro"), ("hoper", "the architecture hopper"),
        ("ampere", "whichgpu gpus --family ampere"), ("mig-1g.5gb", "names no GPU; write e.g."),
    ],
)  # fmt: skip
def test_the_name_of_many_is_told_how_to_list_them(said: str, told: str) -> None:
    with pytest.raises(UsageError, match="no") as fault:
        resolve_device(said, GPUS)
    assert told in str(fault.value)


@pytest.mark.parametrize("said", ["a100-80gb-sxm:mig", "a100-80gb-sxm:mig-", "a100-80gb-sxm:mig-8g"])
def test_half_a_profile_is_told_which_there_are(said: str) -> None:
    with pytest.raises(UsageError, match=r"it has 1g\.10gb, .*write e\.g\. a100-80gb-sxm:mig-1g\.10gb"):
        resolve_device(said, GPUS)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Rubin CPX", "was cancelled"), ("AMD Instinct MI308X", "nearest on file: mi300x"),
        ("RTX 4080 12GB", "cancelled in October 2022"),
        ("groq", "--api-price"),
        ("Huawei Ascend 910B", "no data sheet was read"), ("GeForce GTX 760", "Kepler"),
        ("RTX 4090 48GB", "`memory`; the nearest on file: rtx-4090,"),
        ("RTX 2080 Ti 22GB", "`memory`; the nearest on file: rtx-2080-ti,"),
        ("CMP 50HX", "PCIe 1.0"), ("Jetson T3000", "nearest on file: jetson-t4000-64gb"),
        ("Jetson AGX Orin Industrial", "75 W"), ("GeForce MX130", "older or smaller"),
    ],
)  # fmt: skip
def test_what_is_known_and_not_on_file_says_why(said: str, told: str) -> None:
    with pytest.raises(UsageError, match=r"^no GPU '.*'; it ") as fault:
        resolve(said, GPUS)
    assert told in str(fault.value)


def test_what_is_said_to_be_absent_is() -> None:
    for key, row in store.load("absent")["absent"]["absent"].items():
        assert all(near in GPUS for near in row.get("near", ())), key
        for name in row["names"]:
            assert not candidates(name, GPUS), f"{name} of {key} is in the catalogue"


def test_where_several_may_be_meant_a_shared_name_is_all_of_them(whichgpu) -> None:
    """One job runs on one GPU; prices, and a choice among GPUs, have room for each that a name may be."""
    named = {gpu.id for gpu in candidates("h100", GPUS)}
    priced = {row["gpu"] for row in whichgpu("prices", "h100", "--json").json["gpus"]}
    assert {"h100-80gb-sxm", "h100-80gb-pcie"} <= priced <= named
    ranked = whichgpu("recommend", "resnet50", "--gpus", "h100", "--json").json["candidates"]
    assert {"h100-80gb-sxm", "h100-80gb-pcie"} <= {one["gpu"] for one in ranked} <= named


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("RTX 2090", "rtx-2080"),
        ("RTX 6090", "rtx-5090"),
        ("RTX A7000", "rtx-a6000"),
        ("GTX 1090 Ti", "gtx-1080-ti"),
        ("Arc A790", "arc-a770"),
        ("RX 9080 XT", "rx-9070-xt"),
        ("RTX 7000 Ada", "rtx-6000-ada"),
        ("RTX 5085 laptop", "rtx-5080-laptop"),
    ],
)
def test_of_a_number_that_no_card_has_the_nearest_of_its_line_comes_first(name: str, first: str) -> None:
    assert nearest(name, catalogue())[0].id == first


@pytest.mark.parametrize(
    ("text", "near"),
    [("ada_l44", "ada_l40"), ("ampere_ga1O2", "ampere_ga10b"), ("ada_proo", "ada_pro"),
     ("hopper_gh10", "hopper"), ("rdna33", "rdna3"), ("xe_hpgg", "intel_xe_hpg"), ("ada lovlace", "ada")],
)  # fmt: skip
def test_a_misspelled_architecture_is_refused_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"^no GPU '{text}'; did you mean the architecture {near}\\?$"):
        resolve(text, GPUS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "R9 290X",
            "which has Radeon from the RX 400 on (2016); the nearest on file: rx-480",
        ),
        ("Radeon HD 7970", "it is older than the catalogue"),
        ("GTX 690", "it is of Fermi or Kepler"),
        ("DGX Station", "it is a machine that came with four V100"),
        ("Ryzen 9950X", "it is a processor"),
    ],
)
def test_what_is_older_or_no_gpu_is_refused_with_why(text, said):
    with pytest.raises(UsageError) as caught:
        resolve_device(text, GPUS)
    assert said in str(caught.value)
