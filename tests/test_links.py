"""Collectives over links: what holds for any size, count and machine, and what real machines have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.cost.calibration.effects import fit, link_terms
from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.parallel import links
from whichgpu.errors import UsageError
from whichgpu.hardware.boxes import boxes
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.workload import resolve

GPUS = catalogue()
MANY = Devices.of(
    [GPUS[name] for name in ("h100-80gb-sxm", "a100-40gb-sxm", "l40s", "rtx-4090", "gb200-192gb")]
)
#: Those joined by NVLink, and those whose switches add up.
NVLINK = np.array([[True], [True], [False], [False], [True]])
ADDS = np.array([[True], [False], [False], [False], [True]])
#: The longest that a protocol takes to start, s.
START = 14e-6
SIZES = st.floats(1e3, 1e12)
COUNTS = st.sampled_from([2.0, 4.0, 8.0, 16.0, 64.0, 512.0, 4096.0])


@given(size=SIZES, gpus=COUNTS)
def test_an_all_reduce_takes_no_longer_than_a_reduce_scatter_and_an_all_gather(
    size: float, gpus: float
) -> None:
    """In one node without switches that add up it is both, started once."""
    both, once = (collective(size, gpus, MANY) for collective in (links.all_reduce, links.all_gather))
    assert np.all(both <= 2.0 * once)
    ring = (gpus <= links.node_size(MANY)) & ~ADDS
    assert np.all(np.where(ring, both >= (2.0 * once - START) * (1 - 1e-9), True))


@given(size=SIZES, gpus=COUNTS)
def test_a_collective_takes_as_long_beside_others(size: float, gpus: float) -> None:
    """Ways that none of them takes are left out: one over nodes does not change those of one."""
    counts, sizes = np.array([2.0, gpus, 4096.0]), np.array([4e6, size, size])
    together = links.all_reduce(sizes, counts, MANY)
    assert np.array_equal(together[:, [1]], links.all_reduce(size, gpus, MANY))


@given(size=SIZES, gpus=COUNTS)
def test_no_collective_is_faster_than_its_wire(size: float, gpus: float) -> None:
    """A ring sends (n - 1) / n of the bytes over each link to gather them, twice that to add them up."""
    wire = (gpus - 1.0) / gpus * size / links.spread_link(MANY, gpus, 1.0)
    assert np.all(links.all_gather(size, gpus, MANY) >= wire)
    # Switches that add up take each GPU's bytes once and hand each all of the sums.
    once = size / (links.link(MANY, links.node_size(MANY)) / section("links")["nvlink"])
    assert np.all(links.all_reduce(size, gpus, MANY) >= np.where(ADDS, once, 2.0 * wire))


def test_an_engine_s_all_reduce_of_one_shot_sends_all_to_all() -> None:
    """One of few tokens is as soon done; with eight GPUs each gets seven times what it holds."""

    def both(size: float, gpus: float) -> list[np.ndarray]:
        how = ({"one_shot": shot} for shot in (False, True))
        return [links.all_reduce(size, gpus, MANY, direct=True, **one) for one in how]

    told = {gpus: [*both(16e3, gpus), *both(2e6, gpus)] for gpus in (2.0, 8.0)}
    few, few_shot, many, many_shot = (one[0, 0] for one in told[8.0])
    assert few_shot == pytest.approx(few, rel=0.05)
    wire = 7.0 * 2e6 / (section("links")["copied"] * 450e9)
    assert many_shot - many > 0.5 * wire
    assert many_shot > wire
    # Two GPUs send as much either way.
    assert told[2.0][3][0, 0] <= told[2.0][2][0, 0]
    # Cards that NVLink does not join have none, and a library's is no engine's.
    assert told[8.0][2][2, 0] == told[8.0][3][2, 0]
    assert np.array_equal(links.all_reduce(2e6, 8.0, MANY), links.all_reduce(2e6, 8.0, MANY, one_shot=True))
    # A kernel may wait less for each other GPU than those of two rounds do.
    soon = links.all_reduce(16e3, 8.0, MANY, direct=True, one_shot=True, peer=0.5e-6)
    assert few_shot - soon[0, 0] == pytest.approx(7.0 * (section("links")["peer"] - 0.5e-6), rel=1e-6)


def test_a_library_takes_the_protocol_that_is_quickest() -> None:
    """Eight A100, as NCCL reckons: short steps of a quarter of the rate, or long ones of all of it."""
    devices = Devices.of([GPUS["a100-80gb-sxm"]])
    rate = links.spread_link(devices, 8.0, 1.0)[0, 0]
    for size, base, step, share in (
        (8e3, 6.6e-6, 0.6e-6, 0.25),
        (4e6, 14e-6, 1.9e-6, 0.92),
        (1e9, 8.4e-6, 6.5e-6, 1.0),
    ):
        by_hand = base + 14 * step + 2 * 7 / 8 * size / (share * rate)
        assert links.all_reduce(size, 8.0, devices)[0, 0] == pytest.approx(by_hand), size
    # 230 of the 300 GB/s of its NVLink is what nccl-tests call the bus bandwidth.
    assert rate == pytest.approx(230e9, rel=0.01)


def test_switches_of_hopper_and_blackwell_add_up() -> None:
    """Eight H100 add up at more bus bandwidth than their links have; the switch of an A100 only hands on."""
    h100, a100 = (Devices.of([GPUS[key]]) for key in ("h100-80gb-sxm", "a100-80gb-sxm"))
    bus = [2 * 7 / 8 * 8e9 / float(links.all_reduce(8e9, 8.0, some)[0, 0]) for some in (h100, a100)]
    assert bus[0] > 450e9 * 0.98 > 300e9 > bus[1]
    # Neither two GPUs nor cards gain by it.
    ring = links.all_gather(8e9, 2.0, h100)[0, 0]
    assert links.all_reduce(8e9, 2.0, h100)[0, 0] == pytest.approx(2.0 * ring, rel=1e-3)
    nvl = Devices.of([GPUS["h100-94gb-nvl"]])
    assert links.all_reduce(8e9, 2.0, nvl)[0, 0] == pytest.approx(
        2.0 * links.all_gather(8e9, 2.0, nvl)[0, 0], rel=1e-3
    )


def test_an_engine_sends_straight_over_nvlink_and_by_a_ring_otherwise() -> None:
    """Kernels of serving engines start at once, and their steps see half of NVLink in the mean."""
    c, size = section("links"), 1e6
    wait = c["meeting"] + 7 * c["peer"]
    straight = links.all_reduce(size, 8.0, MANY, direct=True)
    joined = wait + 2 * 7 / 8 * size / links.link(MANY, 8.0)
    ring = links.all_reduce(size, 8.0, MANY)
    reached = ~MANY.staged[:, 0]
    assert straight[reached, 0] == pytest.approx(np.where(NVLINK, joined, ring)[reached, 0])


def test_an_engines_small_sum_waits_for_every_gpu_of_it() -> None:
    """Microseconds of 1 KiB over NVLink, which its bytes do not make."""
    took = [1e6 * links.all_reduce(1024.0, gpus, MANY, direct=True)[NVLINK] for gpus in (2.0, 4.0, 8.0)]
    for found, told in zip(took, (6.0, 8.0, 12.0), strict=True):
        assert found == pytest.approx(told, rel=0.02)


@given(size=SIZES, more=st.floats(1.0, 100.0), gpus=COUNTS)
def test_more_bytes_never_take_less(size: float, more: float, gpus: float) -> None:
    for collective in (links.all_gather, links.all_reduce, links.all_to_all, links.send):
        assert np.all(collective(size * more, gpus, MANY) >= collective(size, gpus, MANY) * (1 - 1e-12))


def test_nothing_is_sent_to_nobody() -> None:
    for collective in (links.all_gather, links.all_reduce, links.all_to_all):
        assert np.all(collective(1e9, 1.0, MANY) == 0.0)
    assert np.all(links.all_gather(0.0, 8.0, MANY) == 0.0)


def test_a_tree_is_quicker_than_a_long_ring_for_a_small_message() -> None:
    far = Devices.of([GPUS["a100-80gb-sxm"]])
    small = links.all_reduce(1e3, 4096.0, far)[0, 0]
    hops = section("links")["protocol"]["ll"]["hops"]
    assert small < 2.0 * 511 * hops["ring"] * links.hop(far)[0, 0]
    assert small >= 2.0 * np.log2(512) * hops["tree"] * links.hop(far)[0, 0]
    # A long one goes around the ring, which sends a little less.
    long = links.all_reduce(1e12, 64.0, far)[0, 0]
    assert long == pytest.approx(2.0 * 63 / 64 * 1e12 / links.spread_link(far, 64.0, 1.0)[0, 0], rel=1e-3)


def test_a_token_reaches_fewer_places_than_it_has_choices() -> None:
    """8 choices among 8 GPUs fall on 5.25 of them in the mean: 8 (1 - (7 / 8)^8)."""
    near = Devices.of([GPUS["h100-80gb-sxm"]])
    # Three quarters of NVLink, where a ring has half.
    wait, rate = section("links")["latency"], 1.5 * links.link(near, 8.0)[0, 0]
    sent = (links.all_to_all(1e9, 8.0, near, 8.0)[0, 0] - wait) * rate / 1e9
    assert sent == pytest.approx(8 * (1 - (7 / 8) ** 8) * 7 / 8)
    # With ever more choices a token goes to all the others; evenly dealt bytes go to each once.
    assert (links.all_to_all(1e9, 8.0, near, 1e6)[0, 0] - wait) * rate / 1e9 == pytest.approx(7.0)
    assert (links.all_to_all(1e9, 8.0, near)[0, 0] - wait) * rate / 1e9 == pytest.approx(7 / 8)


def test_every_machine_on_file_with_nvlink_outruns_its_network() -> None:
    for box in boxes().values():
        if not box.gpu or box.gpus < 2 or (box.intra or "pcie") == "pcie" or not box.inter:
            continue
        devices = Devices.of([GPUS[box.gpu]], system=box.id)
        near, far = (links.spread_link(devices, span, 1.0)[0, 0] for span in (box.gpus, 2 * box.gpus))
        assert near >= far > 0, box.id
        assert links.node_size(devices)[0, 0] == box.gpus, box.id


def test_a_named_machine_has_its_own_network() -> None:
    gpu = [GPUS["a100-40gb-sxm"]]
    usual, rented = Devices.of(gpu), Devices.of(gpu, system="aws-p4d.24xlarge")
    # EFA: 400 Gbit/s for eight GPUs; the machine built for them has a port of 200 Gbit/s for each.
    assert links.network(rented)[0, 0] == pytest.approx(0.25 * links.network(usual)[0, 0])
    assert links.hop(rented)[0, 0] > links.hop(usual)[0, 0]


def test_a_stated_network_is_what_the_gpus_of_a_machine_share() -> None:
    eight, four = (Devices.of([GPUS[key]], network=100e9 / 8) for key in ("h100-80gb-sxm", "mi250x"))
    share = section("links")["network_share"]
    assert [float(links.network(some)[0, 0]) for some in (eight, four)] == [
        share * 100e9 / 64,
        share * 100e9 / 32,
    ]


def test_a_machine_has_as_many_gpus_as_the_largest_that_is_built_with_them() -> None:
    built = {
        "h100-80gb-sxm": 8,
        "a100-40gb-sxm": 8,
        "mi250x": 4,
        "v100-32gb-sxm3": 16,
        "gb200-192gb": 72,
        "l40s": 8,
    }
    for key, gpus in built.items():
        devices = Devices.of([GPUS[key]])
        assert links.node_size(devices)[0, 0] == gpus, key
        # A ring beyond a machine is bound by what joins its GPUs or by the network.
        ring, within, port = (
            float(rate[0, 0])
            for rate in (
                links.spread_link(devices, 4 * gpus, 1.0),
                links.spread_link(devices, gpus, 1.0),
                links.network(devices),
            )
        )
        shares = section("links")
        assert ring == pytest.approx(
            min(within, gpus * port * shares["network_wire"] / shares["network_share"])
        ), key


def test_a_machine_without_nvlink_joins_its_gpus_by_pcie() -> None:
    gpu = [GPUS["rtx-a6000"]]
    bridged, plain = Devices.of(gpu, system="rtx-a6000-bridge"), Devices.of(gpu, system="pcie-8")
    assert links.link(bridged, 2.0)[0, 0] > 1.4 * links.link(plain, 2.0)[0, 0]


def test_a_machine_that_is_not_there_or_has_another_gpu_is_refused_with_what_is() -> None:
    with pytest.raises(UsageError, match=r"no machine 'aws-p4d'; did you mean aws-p4d\.24xlarge"):
        links.machine("aws-p4d")
    with pytest.raises(UsageError, match=r"hgx-h100-8 has h100-80gb-sxm, not l40s"):
        links.network(Devices.of([GPUS["l40s"]], system="hgx-h100-8"))


def test_tokens_of_grouped_experts_reach_fewer_machines() -> None:
    devices = Devices([catalogue()["h100-80gb-sxm"]])

    def seconds(gpus: float, within: float) -> float:
        return float(links.all_to_all(1e9, gpus, devices, 8.0, within)[0, 0])

    free, grouped, near = (seconds(64.0, within) for within in (1.0, 0.5, 1e-9))
    assert near < grouped < free
    # Of 8 machines a token reaches half, at the pace of the network: 4 x 7/8 others, not 7 (1 - (7/8)^8).
    anywhere, wait = 7 * (1 - (7 / 8) ** 8), section("links")["latency"]
    assert (grouped - wait) / (free - wait) == pytest.approx(3.5 / anywhere)
    assert free - wait == pytest.approx(1e9 * anywhere / float(links.network(devices)[0, 0]))
    assert seconds(8.0, 0.5) == seconds(8.0, 1.0)


def test_nvlink_hands_tokens_on_while_the_network_brings_more() -> None:
    """Tokens that all stay near one machine take what NVLink takes, however slow the network is."""
    gpu = [catalogue()["h100-80gb-sxm"]]
    slow, fast, alone = (Devices.of(gpu, network=rate) for rate in (1e11, 1e15, 1e18))
    few, more, none = (float(links.all_to_all(1e9, 16.0, one, 8.0)[0, 0]) for one in (slow, fast, alone))
    assert few > more == none


def test_gpus_of_other_makers_exchange_over_their_own_fabric() -> None:
    """MI300X and Gaudi 3 have links to each other GPU of their platform: two use one, eight all of them."""
    mi300x, gaudi3, mi210 = (Devices.of([GPUS[key]]) for key in ("mi300x", "gaudi3", "mi210"))
    share = section("links")["nvlink"]
    assert [float(links.link(mi300x, n)[0, 0]) / share for n in (2, 4, 8)] == [64e9, 192e9, 448e9]
    assert float(links.link(gaudi3, 8)[0, 0]) == share * 525e9
    assert float(links.link(mi210, 2)[0, 0]) == float(mi210.pcie[0, 0])  # no machine on file joins these
    assert (mi300x.traits[0].link(8), mi300x.traits[0].link(16)) == ("nvlink", "network")


def test_cards_behind_a_switch_of_the_third_generation_share_its_link() -> None:
    """Without peer-to-peer copies two RTX 2080 Ti have half of a link each, four and eight a quarter."""
    turing, ampere, bridged = (
        Devices.of([GPUS[key]]) for key in ("rtx-2080-ti", "rtx-3090", "quadro-rtx-8000")
    )
    wire = float(turing.pcie[0, 0])
    assert [float(links.link(turing, n)[0, 0]) / wire for n in (2, 4, 8)] == [0.5, 0.25, 0.25]
    # Hosts of the fourth generation, which were fitted, share one path to the memory of all.
    two, eight = (float(links.link(ampere, n)[0, 0]) for n in (2, 8))
    assert two / eight == pytest.approx(4.0 ** section("links")["staged_exponent"])
    assert float(links.link(bridged, 8)[0, 0]) == float(bridged.pcie[0, 0])  # copies from card to card


def test_a_small_message_goes_around_a_ring_sooner_over_nvlink_than_over_pcie() -> None:
    """Each of the 2 (n - 1) steps over PCIe takes microseconds: what a token of many layers waits for."""
    two, eight = (links.all_reduce(8e3, gpus, MANY)[:, 0] for gpus in (2.0, 8.0))
    nvlink, pcie, staged = 0, 2, 3
    assert 0.0 < eight[nvlink] - two[nvlink] < 10e-6
    assert 20e-6 < eight[pcie] - two[pcie] < 60e-6
    assert eight[staged] > eight[pcie]


#: nccl-tests of an all-reduce over two machines of eight GPUs: GPU, machine, us (least, most) by bytes.
#: Crusoe with InfiniBand (dstack), Oracle with RoCE (oci-hpc-oke), Google a3-megagpu-8g (GPUDirect-TCPXO).
PUBLISHED = {
    "infiniband": (
        "a100-80gb-sxm", "",
        {16384: (37.3, 47.1), 131072: (50.2, 51.1), 1 << 20: (81.7, 88.6), 8 << 20: (183, 190)},
    ),
    "roce": (
        "a100-40gb-sxm", "",
        {16384: (48.0, 49.4), 131072: (53.3, 54.9), 1 << 20: (84.5, 85.6), 8 << 20: (168, 175)},
    ),
    "tcpx": (
        "h100-80gb-sxm", "gcp-a3-megagpu-8g",
        {16384: (137, 139), 131072: (159, 169), 1 << 20: (203, 208)},
    ),
}  # fmt: skip


#: nccl-tests of an all-reduce over eight RTX 4090 of a server, without peer-to-peer copies: us by bytes.
STAGED = {8: 41, 16384: 43, 1 << 19: 197, 1 << 20: 225, 4 << 20: 585, 16 << 20: 1973, 128 << 20: 16253}


def test_an_engine_s_all_reduce_over_a_server_s_memory_takes_what_nccl_tests_show() -> None:
    """Each card has its own path to it; training's, learnt on desktops and small servers, shares one."""
    geforce = Devices.of([GPUS["rtx-4090"]])
    for size, took in STAGED.items():
        seconds = float(links.all_reduce(size, 8.0, geforce, direct=True)[0, 0])
        assert 1e6 * seconds == pytest.approx(took, rel=0.3)
    assert links.all_reduce(1 << 20, 8.0, geforce) > 5 * links.all_reduce(1 << 20, 8.0, geforce, direct=True)
    # Modules of which NVLink does not work lie in a virtual machine, whose paths are shared.
    passed = Devices.of([GPUS["a100-40gb-sxm"]], joined_by="none")
    assert links.link(passed, 8, direct=True) == links.link(passed, 8)


@pytest.mark.parametrize("network", PUBLISHED)
def test_a_token_s_all_reduce_between_machines_takes_what_nccl_tests_show(network: str) -> None:
    """Within a quarter of the published span, where NCCL's own estimate of the shortest is half of it."""
    gpu, system, times = PUBLISHED[network]
    devices = Devices.of([GPUS[gpu]], system=system)
    for size, (low, high) in times.items():
        took = 1e6 * float(links.all_reduce(size, 16.0, devices, direct=True)[0, 0])
        assert 0.75 * low <= took <= 1.25 * high, (size, took)
    short = 1e6 * float(links.all_reduce(16384, 16.0, devices)[0, 0])
    assert short < 0.7 * times[16384][0]


def test_a_graph_s_host_starts_what_goes_between_machines_alone() -> None:
    """In a machine nothing is handed to a proxy."""
    h100 = Devices.of([GPUS["h100-80gb-sxm"]])
    for gpus, more in ((8.0, 0.0), (16.0, section("links")["captured"])):
        plain = links.all_reduce(16384, gpus, h100, direct=True)
        captured = links.all_reduce(16384, gpus, h100, direct=True, captured=True)
        assert captured - plain == pytest.approx(more)
    assert np.all(links.all_reduce(0.0, 16.0, h100, direct=True, captured=True) == 0.0)


#: DeepEP's README, low-latency kernels on H800 with a port of 400 Gbit/s: 128 tokens of 7,168, 8 choices;
#: us of a dispatch in FP8 and of a combine in BF16, by GPUs.
DEEPEP = {16: (118, 195), 32: (155, 273), 64: (173, 314), 128: (192, 369), 256: (194, 360)}


@pytest.mark.parametrize("gpus", DEEPEP)
def test_a_few_tokens_go_to_each_choice_by_themselves(gpus: int) -> None:
    devices = Devices.of([GPUS["h800-80gb-sxm"]])
    for size, measured in zip((128 * 7168.0, 2 * 128 * 7168.0), DEEPEP[gpus], strict=True):
        took = 1e6 * float(links.all_to_each(size, float(gpus), devices, 8.0)[0, 0])
        assert took == pytest.approx(measured, rel=0.12)


def test_a_torus_goes_on_beyond_the_board_of_a_tpu() -> None:
    """What PCIe or a network between machines taught says nothing of its links."""
    tpu, gaudi = (Devices.of([GPUS[name]]).traits[0] for name in ("tpu-v4", "gaudi2"))
    assert {tpu.link(gpus) for gpus in (2, 4, 8, 512)} == {"nvlink"}
    assert (gaudi.link(8), gaudi.link(16)) == ("nvlink", "network")


def test_a_language_model_s_large_buckets_are_told_by_those_of_language_models() -> None:
    """Whatever trains it: what small networks taught under frameworks is of small ones."""
    place = Devices.of([GPUS["gaudi2"]]).traits[0]
    llama, resnet = (
        link_terms(resolve(name), place, runtime("synapse", ""), 8.0) for name in ("llama-2-7b", "resnet50")
    )
    assert "b%nvlink&language" in llama
    assert "b%nvlink" in resnet


def test_over_machines_the_slower_link_sets_the_pace_and_what_is_known_of_each_is_its_own() -> None:
    """What an exchange leaves of NVLink is no part of what it leaves of a network."""
    v100, stack = Devices.of([GPUS["v100-16gb-sxm"]]), runtime("tensorflow", "")
    terms = link_terms(resolve("resnet50"), v100.traits[0], stack, 16.0)
    assert {name.split("=")[0] for name in terms if name.startswith("b%")} == {"b%network"}
    counts = np.array([4.0, 8.0, 16.0])

    def rate(network: float) -> list[float]:
        some = Devices.of([GPUS["v100-16gb-sxm"]], network=network)
        found = fit().links(resolve("resnet50"), some, stack, counts)
        return list(np.ravel(found * links.spread_link(some, counts, 1.0)))

    slow, quick = rate(12.5e9), rate(12.5e12)
    assert slow[:2] == quick[:2]
    known = fit().factor(terms)
    assert slow[2] == pytest.approx(known * 12.5e9 * section("links")["network_wire"])
    assert quick[2] == pytest.approx(quick[1])
