"""Parts of a GPU: MIG slices as the user guide has them, and shares."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from tests.fitting import ask, held, one
from whichgpu import api
from whichgpu.cost.estimate import estimate
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts import store
from whichgpu.facts.reading import read, sources
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.slices import is_part, resolve_device
from whichgpu.hardware.vgpu import profiles
from whichgpu.workloads.job import Job

GPUS = catalogue()
GROUPS = store.load("mig")["mig"]["group"]
GIB = 2.0**30


def test_a_slice_has_the_memory_and_units_of_its_profile() -> None:
    whole = GPUS["a100-80gb-sxm"]
    part, count = resolve_device("A100 SXM 80GB:mig-3g.40gb", GPUS)
    assert (part.id, count) == ("a100-80gb-sxm:mig-3g.40gb", 1)
    assert part.value("memory") == pytest.approx(40 * GIB)
    assert part.value("sms") == 42
    assert part.value("bandwidth") == pytest.approx(whole.value("bandwidth") / 2)
    assert part.value("fp16") == pytest.approx(whole.value("fp16") * 42 / 108)
    assert part.value("nvlink") == 0
    assert part.value("clock_boost") == whole.value("clock_boost")


def test_what_the_driver_lists_goes_before_the_fraction() -> None:
    """nvidia-smi on an H200: 1g.18gb has 16.00 GiB and 16 SMs, not an eighth of 140 and a seventh of 132."""
    part, _ = resolve_device("h200-141gb-sxm:mig-1g.18gb", GPUS)
    assert part.value("memory") == pytest.approx(16 * GIB)
    assert part.value("sms") == 16


@pytest.mark.parametrize("text", ["rtx-4090:1/2", "rtx-4090:50%", "RTX 4090 : 2/4", "rtx-4090:0.5"])
def test_a_share_is_that_part_of_everything(text: str) -> None:
    whole = GPUS["rtx-4090"]
    part, count = resolve_device(text, GPUS)
    assert (part.id, count) == ("rtx-4090:1/2", 1)
    for field in ("memory", "bandwidth", "fp16", "power"):
        assert part.value(field) == pytest.approx(whole.value(field) / 2)
    assert is_part(part)
    assert not is_part(whole)


@pytest.mark.parametrize(
    ("text", "key", "gib"),
    [
        ("M4 Max 64GB", "apple-m4-max-40c", 64),
        ("apple-m3-max-40c 48 GB", "apple-m3-max-40c", 48),
        ("M4 Pro 20-core 24GB unified memory", "apple-m4-pro-20c", 24),
        ("M1 8-core 8 GiB", "apple-m1-8c", 8),
        ("Ryzen AI Max+ 395 64GB", "ryzen-ai-max-395", 64),
    ],
)
def test_a_part_that_shares_its_machine_s_memory_has_as_much_as_is_written(text, key, gib) -> None:
    gpu, count = resolve_device(text, GPUS)
    assert (gpu.id, count, gpu.value("memory")) == (key, 1, gib * GIB)
    assert gpu.value("bandwidth") == GPUS[key].value("bandwidth")
    assert gpu.fact("memory").kind == "user"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("M2 Max 32GB", "may be apple-m2-max-30c, apple-m2-max-38c; say which"),
        # More than the part comes with, no size of any machine, and a card, whose memory is its own.
        ("M1 Max 128GB", "no GPU"),
        ("M4 Max 63GB", "no GPU"),
        ("RTX 4090 16GB", "no GPU"),
        ("M4 Mega 64GB", "no GPU"),
    ],
)
def test_a_memory_that_no_such_machine_has_is_refused(text, said) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        resolve_device(text, GPUS)


def test_a_number_still_counts_gpus() -> None:
    assert resolve_device("a10:2", GPUS) == (GPUS["a10"], 2)
    assert resolve_device("8 x a10", GPUS) == (GPUS["a10"], 8)
    machines = {
        "DGX H100": 8,
        "2x DGX H100": 16,
        "DGX-2": 16,
        "DGX Spark": 1,
        "DGX GB200": 1,
        "p4d.24xlarge": 8,
    }
    assert {name: resolve_device(name, GPUS)[1] for name in machines} == machines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a10:mig-1g.5gb", r"cannot be sliced.*a10:1/2"),
        (
            "a100-80gb-sxm:mig-9g.40gb",
            r"it has 1g\.10gb, .*7g\.80gb; write e\.g\. a100-80gb-sxm:mig-1g\.10gb",
        ),
        ("l4:3/2", r"between nothing and all; write l4:1/2"),
        ("l4:0%", r"between nothing and all"),
        ("l4:1/0", r"between nothing and all"),
        ("l4:1.5", r"between nothing and all; write l4:1/2, l4 or l4:2"),
        ("nonsense:1/2", r"no GPU 'nonsense'"),
        ("a100-80gb-sxm:mig-3g.40gb:2", r"parts of a GPU do not work together; write a100-80gb-sxm:mig-3g"),
    ],
)
def test_what_is_no_part_says_what_to_type(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve_device(text, GPUS)


@pytest.mark.parametrize("name", GROUPS)
def test_profiles_are_of_known_gpus_and_agree_with_the_catalogue(name: str) -> None:
    group = GROUPS[name]
    assert group["source"].split()[0] in sources()
    for key in group["gpus"]:
        stated = GPUS[key].value("mig_profiles")
        listed = set(re.findall(r"\d+g\.\d+gb", stated or ""))
        assert not listed or listed == set(group["profile"])
        for profile, row in group["profile"].items():
            memory, sms = Fraction(row["memory"]), Fraction(row["sms"])
            slices = int(profile.partition("g.")[0])
            # A slice of 7 (of 4, of 2) has as many compute slices as its name says.
            assert sms.numerator * (group_slices(group) // sms.denominator) == slices
            if "usable" in row:
                size = read(row["usable"][0], "memory", profile)
                whole = GPUS[key].need("memory") * float(memory)
                assert 0.85 * whole <= size <= 1.02 * whole
                assert row["usable"][1] in sources()
            if "units" in row:
                # Hopper and Blackwell give the slice with twice the memory more SMs than its share.
                share = row["units"][0] / GPUS[key].need("sms")
                assert 0.8 * float(sms) <= share <= 1.6 * float(sms)


def group_slices(group: dict) -> int:
    """Compute slices of the whole GPU."""
    return max(Fraction(row["sms"]).denominator for row in group["profile"].values())


@pytest.mark.parametrize("device", ["a100-80gb-sxm:mig-3g.40gb", "a100-80gb-sxm:1/2"])
def test_predict_knows_parts(whichgpu, device: str) -> None:
    # Pictures enough for all SMs: of fewer a part makes more than its share.
    part = whichgpu("predict", "resnet50", "--gpu", device, "--batch", "256", "--json").json
    whole = whichgpu("predict", "resnet50", "--gpu", "a100-80gb-sxm", "--batch", "256", "--json").json
    ratio = part["predicted"]["value"]["mid"] / whole["predicted"]["value"]["mid"]
    assert 0.4 < ratio < 0.6
    assert part["gpu"] == device


def test_a_table_of_jobs_knows_parts(whichgpu, tmp_path) -> None:
    jobs = tmp_path / "jobs.csv"
    jobs.write_text("id,workload,gpu,n_gpus,metric,unit\n1,resnet50,a30:mig-2g.12gb,1,throughput,images/s\n")
    rows = whichgpu("predict", "--jobs", str(jobs), "--json").json["predictions"]
    assert rows[0]["error"] == ""
    assert rows[0]["value"] > 0


VGPU = store.load("vgpu")["vgpu"]


def test_a_vgpu_has_its_memory_and_its_turn_at_the_rest() -> None:
    whole = GPUS["a40"]
    for text in ("a40:8q", "A40:vGPU-8Q", "A40-8Q", "NVIDIA A40-8Q", "a40:vgpu-a40-8q"):
        part, count = resolve_device(text, GPUS)
        assert (part.id, count) == ("a40:8q", 1)
    for field in ("memory", "bandwidth", "fp16", "sms"):
        assert part.value(field) == pytest.approx(whole.value(field) / 6)
    assert part.value("l2") == whole.value("l2")
    assert is_part(part)
    assert resolve_device("a100-80gb-sxm:40c", GPUS)[0].value("memory") == 40 * GIB


@pytest.mark.parametrize("group", VGPU["group"], ids=str)
def test_as_many_vgpus_as_there_may_be_fit_the_memory(group: str) -> None:
    row = VGPU["group"][group]
    assert row["source"] in sources()
    for gpu in row["gpus"]:
        size = nominal_gb(GPUS[gpu].need("memory")) or 0
        for kind, sizes in row["most"].items():
            for gigabytes, most in sizes.items():
                assert int(gigabytes) * most <= size, (gpu, gigabytes)
                part, _ = resolve_device(f"{gpu}:{gigabytes}{kind}", GPUS)
                assert part.need("memory") * most <= GPUS[gpu].need("memory") * (1 + 1e-9)


@pytest.mark.parametrize("board", VGPU["board"], ids=str)
def test_every_board_that_profiles_name_has_profiles(board: str) -> None:
    gpu = VGPU["board"][board]
    group = next(row for row in VGPU["group"].values() if gpu in row["gpus"])
    kind, sizes = next(iter(group["most"].items()))
    profile = f"{next(iter(sizes))}{kind}"
    assert resolve_device(f"{board}-{profile}", GPUS)[0].id == f"{gpu}:{profile.lower()}"


@pytest.mark.parametrize(
    ("gpu", "said", "unsaid"),
    [
        ("a16", "(vPC): 16x 1B, 8x 2B; Virtual Applications (vApps): 16x 1A, 8x 2A, 4x 4A, 2x 8A", ""),
        ("a100-40gb-pcie", "NVIDIA AI Enterprise: 10x 4C", "vPC"),
        ("l4", "RTX Virtual Workstation (vWS): 24x 1Q", "vPC"),
        ("m60", "(vWS): 8x 1Q, 4x 2Q, 2x 4Q, 1x 8Q; Virtual PC (vPC): 8x 1B, 4x 2B;", "NVIDIA AI Enterprise"),
        ("p100-12gb-pcie", "3x 4Q, 2x 6Q, 1x 12Q;", ""),
        ("rtx-pro-6000-blackwell-server", "2x 48Q, 1x 96Q; Virtual PC (vPC): 32x 2B, 32x 3B;", ""),
    ],
)  # fmt: skip
def test_profiles_are_told_by_the_edition_that_licenses_them(gpu: str, said: str, unsaid: str) -> None:
    told, _ = profiles(gpu)
    assert said in told
    assert not unsaid or unsaid not in told


def test_desktops_and_applications_have_profiles_of_their_own() -> None:
    assert resolve_device("A10-2B", GPUS)[0].value("memory") == GPUS["a10"].need("memory") / 12
    assert resolve_device("NVIDIA RTX Pro 6000 Blackwell DC-48Q", GPUS)[0].id.endswith("server:48q")
    assert resolve_device("P100X-8Q", GPUS)[0].id == "p100-16gb-sxm:8q"
    assert resolve_device("t4:8a", GPUS)[0].value("bandwidth") == GPUS["t4"].value("bandwidth") / 2
    assert {VGPU["office"]["source"], *(one["source"] for one in VGPU["series"].values())} <= sources().keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("l4:2b", r"profiles for desktops are not on file, it has 1Q"),
        ("a40:7q", r"no vGPU profile '7Q' of a40: it has 1Q, 2Q, .*write e\.g\. a40:"),
        ("a30:24q", r"profiles for workstations are not on file, it has 4C"),
        ("rtx-4090:8q", r"rtx-4090 has no vGPUs.*rtx-4090:1/2"),
        ("a40:8q:2", "do not work together"),
        ("a40:a10-8q", "a10 is no name of a40; write a40:8q"),
        ("A40-7Q", "no vGPU profile '7Q'"),
    ],
)
def test_what_is_no_vgpu(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve_device(text, GPUS)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("H100 SXM MIG 1g.10gb", "h100-80gb-sxm:mig-1g.10gb"),
        ("A100-SXM-80GB_MIG_1x1g.10gb", "a100-80gb-sxm:mig-1g.10gb"),
        ("NVIDIA A100-SXM-80GB (1x1g.10gb MIG)", "a100-80gb-sxm:mig-1g.10gb"),
        ("A100 1g.5gb PCIe", "a100-40gb-pcie:mig-1g.5gb"),
        ("a100-80gb-pcie:3g.40gb", "a100-80gb-pcie:mig-3g.40gb"),
    ],
)
def test_a_profile_among_the_words_of_a_name(text: str, key: str) -> None:
    assert resolve_device(text, catalogue())[0].id == key


@pytest.mark.parametrize("text", ["MI250X (1 GCD)", "AMD Instinct MI250X GCD", "MI250X, one GCD"])
def test_a_die_that_is_a_device_of_its_own_is_half_a_card(text: str) -> None:
    assert resolve_device(text, GPUS)[0].id == "mi250x:1/2"


@pytest.mark.parametrize(
    ("text", "key"),
    [("K80 (1 die)", "k80"), ("half a K80", "k80"), ("1/2 K80", "k80"), ("Tesla K80 (single die)", "k80"),
     ("one GPU of a Tesla K80", "k80"), ("Tesla M60, one GPU", "m60"), ("K80 (1 of 2)", "k80")],
)  # fmt: skip
def test_one_gpu_of_a_board_is_the_device_of_its_name(text: str, key: str) -> None:
    assert resolve_device(text, GPUS) == (GPUS[key], 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("RTX 4090 (1 die)", "no GPU"),
        ("half a 4090", "is written 4090:1/2"),
        ("1/2 A100 80GB SXM", "is written A100 80GB SXM:1/2"),
    ],
)
def test_a_part_of_a_gpu_that_stands_alone_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        resolve_device(text, GPUS)


def test_a_profile_that_several_have_is_asked_for() -> None:
    with pytest.raises(UsageError, match=r"a100-80gb-sxm:mig-1g\.10gb, a100-80gb-pcie:.*; say which"):
        resolve_device("MIG 1g.10gb A100 80GB", catalogue())


@pytest.mark.parametrize(
    ("text", "key", "count"),
    [
        ("g5.xlarge", "a10g", 1),
        ("g5.12xlarge", "a10g", 4),
        ("p4d.24xlarge", "a100-40gb-sxm", 8),
        ("trn1.32xlarge", "trainium1", 16),
        ("inf1.24xlarge", "inferentia1", 16),
        ("p2.xlarge", "k80", 1),
        ("g3.8xlarge", "m60", 2),
        ("dl1.24xlarge", "gaudi1", 8),
        ("BM.GPU.H100.8", "h100-80gb-sxm", 8),
        ("ecs.gn7i-c32g1.32xlarge", "a10", 4),
        ("Colab A100", "a100-40gb-sxm", 1),
        ("Standard_NC6s_v2", "p100-16gb-pcie", 1),
        ("BM.GPU3.8", "v100-16gb-sxm", 8),
        ("tpu v6e-8", "tpu-v6e", 8),
        ("v5p-8", "tpu-v5p", 4),
        ("NC24ads A100 v4", "a100-80gb-pcie", 1),
        ("gpu_1x_a10", "a10", 1),
        ("2x 7900 xtx", "rx-7900-xtx", 2),
        ("Standard_NV6ads_A10_v5", "a10:1/6", 1),
        ("p6e-gb200.36xlarge", "gb200-192gb", 4),
        ("a4x-highgpu-4g", "gb200-192gb", 4),
        ("VM.GPU3.4", "v100-16gb-sxm", 4),
        ("H100-1-80G", "h100-80gb-pcie", 1),
        ("H100-SXM-8-80G", "h100-80gb-sxm", 8),
        ("OVH t2-le-90", "v100s-32gb-pcie", 2),
        ("l40s-180", "l40s", 2),
    ],
)
def test_an_instance_type_is_what_its_offers_say(text: str, key: str, count: int) -> None:
    gpu, found = resolve_device(text, catalogue())
    assert (gpu.id, found) == (key, count)
    with pytest.raises(UsageError, match=r"no GPU 'g99\.xlarge'"):
        resolve_device("g99.xlarge", catalogue())


def test_the_figures_of_a_part_are_written_as_those_of_a_gpu():
    part, _ = resolve_device("a100-80gb-sxm:mig-3g.40gb", GPUS)
    fields = part.to_dict()["fields"]
    assert fields["bandwidth"]["text"] == "1.02 TB/s"
    assert fields["fp16"]["text"] == "121.3 TFLOPS"
    assert not {"mig_profiles", "nvlink_links", "decoders", "memory_bus"} & set(fields)


@pytest.mark.parametrize(
    ("name", "key"),
    [("a30:mig-2g.12gb", "a30:mig-2g.12gb"), ("A40-8Q", "a40:8q"), ("l4:50%", "l4:1/2"), ("A10", "a10")],
)
def test_python_takes_parts_as_the_commands_do(name, key):
    import whichgpu

    assert whichgpu.gpu(name).id == key


@pytest.mark.parametrize("name", ["a10:4", "2 x a10", "g5.12xlarge"])
def test_python_does_not_drop_a_number_of_gpus(name):
    import whichgpu

    with pytest.raises(UsageError, match=r"is [24] of a10g?; a GPU is one: write 'a10g?'"):
        whichgpu.gpu(name)


@pytest.mark.parametrize(
    ("name", "sms"),
    [("a100-40gb-sxm:mig-7g.40gb", 98), ("a100-80gb-sxm:mig-4g.40gb", 56), ("h100-80gb-sxm:mig-2g.20gb", 32),
     ("h100-80gb-sxm:mig-1g.20gb", 26)],
)  # fmt: skip
def test_a_slice_has_the_sms_that_the_driver_lists(name: str, sms: int) -> None:
    assert resolve_device(name, catalogue())[0].value("sms") == sms


@pytest.mark.parametrize(
    ("name", "count"),
    [("2x p5.48xlarge", 16), ("p4d.24xlarge x2", 16), ("4 x g5.xlarge", 4)],
)
def test_several_of_an_instance_type_have_all_their_gpus(name: str, count: int) -> None:
    assert resolve_device(name, catalogue())[1] == count


@pytest.mark.parametrize(
    ("text", "key", "count"),
    [
        ("gx3d-160x1792x8h200", "h200-141gb-sxm", 8),
        ("gd-8xh100ib-i128", "h100-80gb-sxm", 8),
        ("gd-8xa100-i128", "a100-80gb-sxm", 8),
        ("CoreWeave gd-8xh200ib-i128", "h200-141gb-sxm", 8),
        ("gb300-4x-e", "gb300-288gb", 4),
        ("gpu-l40s-d_2gpu-64vcpu-384gb", "l40s", 2),
        ("8A100.40S.176V", "a100-40gb-sxm", 8),
        ("a10g-largex4", "a10g", 4),
        ("zero-a10g", "a10g", 1),
        ("nvidia-l40s-8x", "l40s", 8),
        ("DGXH100_n8", "h100-80gb-sxm", 64),
        ("XE9680_H200_SXM_141GBx8", "h200-141gb-sxm", 8),
        ("DGX-H100_H100-SXM-80GBx8_TRT", "h100-80gb-sxm", 8),
        ("SYS-421GE-TNRT_L40Sx8_TRT", "l40s", 8),
        ("GH200-96GB_aarch64x1_TRT", "gh200-96gb", 1),
        ("H200-SXM-141GBx8_TRT", "h200-141gb-sxm", 8),
        ("8xMI300X_2xEPYC_9575F", "mi300x", 8),
        ("2x t1-45", "v100-32gb-sxm", 2),
        # With who lets it, or makes it, before it; of Colab that is a part of the name.
        ("Lambda gpu_8x_h100_sxm5", "h100-80gb-sxm", 8),
        ("lambda gpu_4x_h100_sxm", "h100-80gb-sxm", 4),
        ("Verda 8A100.40S.176V", "a100-40gb-sxm", 8),
        ("Google Cloud a3-highgpu-8g", "h100-80gb-sxm", 8),
        ("an a2-highgpu-1g instance", "a100-40gb-sxm", 1),
        ("MSI RTX 4090 2x", "rtx-4090", 2),
        # Lines that tools print.
        ("Card name: NVIDIA GeForce GTX 1650 SUPER", "gtx-1650-super", 1),
        ("Product Name                          : NVIDIA A100-SXM4-80GB", "a100-80gb-sxm", 1),
        ("OpenGL renderer string: NVIDIA GeForce RTX 3060 Ti/PCIe/SSE2", "rtx-3060-ti", 1),
        ("Device-1: NVIDIA AD104 [GeForce RTX 4070] driver: nvidia v: 550.54", "rtx-4070", 1),
        ("ggml_cuda_init: Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6", "rtx-3090", 1),
        ("ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Ti Direct3D11 vs_5_0 ps_5_0, D3D11)", "rtx-3060-ti", 1),
        ("| 0  NVIDIA GeForce RTX 4090  Off |", "rtx-4090", 1),
        ("[0] NVIDIA H100 PCIe", "h100-80gb-pcie", 1),
        ("ggml_vulkan: 0 = AMD Radeon RX 7900 XT (RADV NAVI31) (radv) | uma: 0 | fp16: 1", "rx-7900-xt", 1),
        ("Graphics: NVIDIA Corporation GA106 [GeForce RTX 3060 Lite Hash Rate]", "rtx-3060-12gb", 1),
        ("Intel Core i9-14900K, 64 GB RAM, RTX 4090", "rtx-4090", 1),
        ("DGX Station A100 320GB", "a100-80gb-sxm", 4),
        # With the processor of the machine.
        ("i7-13700K + RTX 4070", "rtx-4070", 1),
        ("EPYC 7742, 8x A100 80GB SXM", "a100-80gb-sxm", 8),
        ("Ryzen 9 5950X / 2x RTX 3090", "rtx-3090", 2),
        ("Raspberry Pi 5 + RX 6600", "rx-6600", 1),
        ("Colab A100", "a100-40gb-sxm", 1),
    ],
)
def test_a_type_or_a_system_says_what_it_holds(text: str, key: str, count: int) -> None:
    from whichgpu.hardware.bins import resolve_whole

    gpu, found = resolve_whole(text, catalogue())
    if text == "2x t1-45":  # whose seller does not say in which form
        assert gpu.id.startswith("v100-16gb")
        with pytest.raises(UsageError, match="v100-16gb-pcie"):
            resolve_device("t1-45", catalogue())
    else:
        assert gpu.id == key
    assert found == count


@pytest.mark.parametrize("text", ["Quadro-XYZ_n2", "gx3-16x80x1foo", "foo-4-80G", "bar_RTX9999x8"])
def test_a_type_that_holds_no_gpu_on_file_is_unknown(text: str) -> None:
    with pytest.raises(UsageError, match="no GPU"):
        resolve_device(text, catalogue())


@pytest.mark.parametrize(
    ("slice_", "sms"),
    [
        ("h100-94gb-nvl:mig-3g.47gb", 60),
        ("gh200-96gb:mig-1g.12gb", 16),
        ("rtx-pro-6000-blackwell-server:mig-2g.48gb", 94),
    ],
)
def test_slices_of_hopper_and_blackwell_have_the_sms_that_listings_show(slice_: str, sms: int) -> None:
    assert resolve_device(slice_, GPUS)[0].value("sms") == sms


@pytest.mark.parametrize(
    ("key", "phase"), [("mi250x", "decode"), ("max-1550", "prefill"), ("mi250x", "generate")]
)
def test_a_stream_has_one_of_the_devices_that_a_package_appears_as(key, phase):
    """A program sees two GPUs there, so that n_gpus counts those; a batch to classify has both."""
    job = Job(
        "sdxl" if phase == "generate" else "llama-2-7b", phase=phase, precision="fp16", runtime="PyTorch 2"
    )
    whole, half = (estimate(job, [resolve_device(name, GPUS)[0]]).at(0, 0) for name in (key, f"{key}:1/2"))
    assert whole.throughput.mid == pytest.approx(half.throughput.mid, rel=0.01)
    assert any("several devices" in text for text in whole.warnings)
    row = {"workload": job.workload, "phase": phase, "precision": "fp16", "runtime": "PyTorch 2"}
    [told] = predict_rows([{**row, "gpu": key}], GPUS)
    assert told.value == pytest.approx(whole.throughput.mid)
    images = Job("resnet50", phase="infer", batch=128, precision="fp16", runtime="PyTorch 2")
    both, one = (estimate(images, [resolve_device(name, GPUS)[0]]).at(0, 0) for name in (key, f"{key}:1/2"))
    assert both.throughput.mid > 1.5 * one.throughput.mid
    assert not any("several devices" in text for text in both.warnings)


@pytest.mark.parametrize("key", ["mi250x", "max-1550"])
@pytest.mark.parametrize("phase", ["prefill", "decode", "generate", "serve", "finetune_lora"])
@pytest.mark.parametrize("workload", ["mixtral-8x7b", "llama-3.1-8b"])
def test_fit_and_predict_have_the_same_of_a_package(workload, phase, key):
    """47 billion weights in 16 bits are more than one of its devices has, and less than both."""
    columns = {"phase": phase, "precision": "amp-fp16" if phase.startswith("finetune") else "fp16"}
    answer = held(workload, key, **columns)
    streams = phase in ("prefill", "decode", "generate")
    share = 0.5 if streams else 1.0
    assert answer.available == pytest.approx(share * answer.share * GPUS[key].need("memory"))
    assert any("several devices" in note for note in answer.notes) is streams
    if answer.fits:
        assert api.predict(workload, key, **columns).required <= answer.available
        return
    with pytest.raises(Infeasible, match="does not fit"):
        api.predict(workload, key, **columns)


def test_a_batch_to_classify_has_the_memory_of_one_device_of_a_package():
    answer = held("resnet50", "mi250x", phase="infer", precision="fp16", batch=256)
    assert answer.available == pytest.approx(0.5 * answer.share * GPUS["mi250x"].need("memory"))


def test_the_smallest_card_of_a_stream_is_not_a_package_of_which_it_has_a_part():
    """What needs 89 GiB and is one stream has 64 of the 128 GiB of an MI250X."""
    stream = one("mixtral-8x7b", "mi250x", phase="generate", precision="fp16")
    assert not stream.fits
    assert stream.smallest_gpu not in ("mi250x", "mi250", "max-1550")
    assert next(way for way in stream.fewest if way.gpu == "mi250x").n_gpus == 2
    pair = ("qwen2.5-14b", "qwen2.5-32b")
    both = ask(*pair, gpus=["mi250x"], together=True, phase="generate", precision="fp16").answers
    assert {answer.fits for answer in both} == {False}


def test_gpus_of_several_kinds_are_told_apart() -> None:
    with pytest.raises(UsageError, match=r"of several kinds, .*; write rtx-4090,rtx-3090:2$"):
        resolve_device("4090 + 2x 3090", GPUS)
