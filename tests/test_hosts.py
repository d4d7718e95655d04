"""Machines and software that no row is of: what a prediction makes of hosts, and how far off it may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from job_rows import ROW, alone, values

from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.calibration.spread import joined, spread, widths
from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu import hosts
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.timing.time import evaluate, launches
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()


def laid(workload: str, gpu: str, **columns: Any):
    return lay_out(Job(workload, phase="infer", **columns), [GPUS[gpu]])


def test_the_host_of_a_module_launches_half_as_fast() -> None:
    module, card = (
        laid("resnet50", gpu, batch=1.0, precision="fp16", runtime="PyTorch 2.4").work
        for gpu in ("jetson-orin-nano-super-8gb", "a100-40gb-sxm")
    )
    assert launches(module, Fit())[0, 0] == pytest.approx(2.0 * launches(card, Fit())[0, 0])


def test_a_card_of_the_desktop_stands_in_a_desktop_of_its_time() -> None:
    """One thread launches, and a desktop's is faster than that of a server of many cores."""
    ages = [hosts.slowness(GPUS[gpu]) for gpu in ("gtx-1080-ti", "rtx-2080-ti", "rtx-3090", "rtx-4090")]
    assert 1.0 > ages[0] > ages[1] > ages[2] > ages[3] > 0.5
    # No rating is known of desktops since: those of 2025 launch as fast as those of 2023.
    assert hosts.slowness(GPUS["rtx-5090"]) == pytest.approx(2090.0 / (0.85 * 4300.0))
    for other in ("h100-80gb-sxm", "rtx-6000-ada", "rtx-4090-laptop"):
        assert hosts.slowness(GPUS[other]) == 1.0
    # No source says when the A770 with 8 GB came: as its architecture did, and not in a desktop of 2011.
    assert GPUS["arc-a770-8gb"].value("release_date") is None
    assert hosts.slowness(GPUS["arc-a770-8gb"]) == pytest.approx(hosts.slowness(GPUS["arc-a750"]), rel=0.1)


def test_where_the_host_sets_the_pace_launching_binds_the_answer(whichgpu) -> None:
    """An RTX 4090 waits for its host at one recording, and not at a training of large batches."""

    def bound(*job: str) -> str:
        answer = whichgpu("predict", *job, "--gpu", "rtx-4090")
        launching = whichgpu("predict", *job, "--gpu", "rtx-4090", "--json").json["launching"]
        line = next(line for line in answer.out.splitlines() if "Bound by" in line)
        assert ("launching by the host" in line) == (launching > 0.01)
        return line

    assert "Bound by: launching by the host 9" in bound(
        "whisper-large-v3", "--phase", "infer", "--batch", "1"
    )
    assert "launching by the host" not in bound("resnet50", "--phase", "train", "--batch", "128")


def test_a_job_may_state_what_kind_of_host_it_has() -> None:
    def launched(gpu: str, **options: str) -> float:
        work = laid("resnet50", gpu, batch=1.0, precision="fp16", runtime="PyTorch 2.4", options=options).work
        return float(launches(work, Fit())[0, 0])

    assert launched("rtx-4090", host="desktop") == launched("rtx-4090") < launched("rtx-4090", host="server")
    assert launched("h100-80gb-sxm", host="server") == launched("h100-80gb-sxm") == 1.0
    # A card of a server in a desktop of its own time; an engine's cards are taken to stand in a server.
    assert launched("h100-80gb-sxm", host="desktop") < 0.7
    served = lay_out(Job("llama-3.1-8b", phase="serve", precision="fp16", runtime="vLLM"), [GPUS["rtx-4090"]])
    assert served.devices.host == "server"
    with pytest.raises(UsageError, match=r"'attic' is not desktop or server; write e\.g\. host=desktop"):
        launched("rtx-4090", host="attic")


def test_an_answer_says_what_kind_of_host_it_assumes() -> None:
    def told(gpu: str, **options: str) -> str:
        eager = {"phase": "infer", "precision": "fp16", "runtime": "PyTorch 2.4"}
        return " ".join(
            estimate(Job("resnet50", batch=1.0, options=options, **eager), [GPUS[gpu]]).at(0, 0).warnings
        )

    assert "assumed of a desktop" in told("rtx-4090")
    assert "host=server" in told("rtx-4090")
    assert "assumed of a server" in told("h100-80gb-sxm")
    assert "host=" not in told("h100-80gb-sxm")
    assert "host=" not in told("rtx-4090", host="desktop")


def test_a_forward_pass_that_is_recorded_takes_the_host_longer() -> None:
    """Autograd makes a graph of it for the backward pass, whose kernels start from C++."""

    def host(phase: str) -> float:
        work = lay_out(
            Job("resnet50", phase=phase, batch=8.0, precision="fp16", runtime="PyTorch 2.4"),
            [GPUS["a100-40gb-sxm"]],
        ).work
        return float(evaluate(work, Fit()).host[0, 0])

    # Of as many kernels backward at least, each half as long, and of an optimizer's few: 1.4 + 0.5 and more.
    assert 1.9 < host("train") / host("infer") < 3.2


def test_steps_of_a_recurrent_layer_are_launched_within_one_call() -> None:
    """cuDNN runs a layer over all time steps; cells in a loop, as of Tacotron 2's decoder, are modules."""

    def host(workload: str, length: float) -> float:
        job = Job(
            workload, phase="train", batch=32.0, seq_len=length, precision="fp16", runtime="PyTorch 1.8"
        )
        return float(evaluate(lay_out(job, [GPUS["a100-40gb-sxm"]]).work, Fit()).host[0, 0])

    assert host("gnmt-v2", 52.0) < 1.6 * host("gnmt-v2", 26.0)
    assert host("tacotron2", 800.0) > 1.9 * host("tacotron2", 400.0)


def test_compiled_kernels_are_launched_from_python_without_a_module() -> None:
    """Dearer than what autograd starts from C++, cheaper than modules, unless graphs are replayed."""
    eager, compiled = runtime("PyTorch 2.4", ""), runtime("PyTorch 2.4 torch.compile", "")
    assert eager.starts["backward"] * eager.launch < compiled.launch < eager.launch
    assert runtime("PyTorch 2.4 torch.compile reduce-overhead", "").launch < 1e-6
    assert runtime("diffusers torch 2.1 compile reduce-overhead", "").launch < 1e-6
    assert runtime("diffusers torch 2.1 compile max-autotune-no-cudagraphs", "").launch > 1e-5
    assert runtime("diffusers torch 2.1 reduce-overhead", "").launch == runtime("diffusers", "").launch


def test_what_runs_fp32_as_tf32_unasked() -> None:
    """ONNX Runtime's CUDA provider and JAX do in products and convolutions, PyTorch since 1.12 in these."""
    every = ("gemm", "conv", "attention")
    known = {"ONNX Runtime 1.18": every[:2], "JAX": every, "PyTorch 2.4": ("conv",), "TensorFlow 2.12": every}
    for text, kinds in known.items():
        assert tuple(kind for kind in every if runtime(text, "").unasked(kind)) == kinds, text

    def seconds(gpu: str) -> float:
        work = {"phase": "infer", "batch": 32.0, "seq_len": 128.0, "precision": "fp32"}
        return float(estimate(Job("bert-base", runtime="ONNX Runtime", **work), [GPUS[gpu]]).seconds[0, 0])

    assert seconds("a100-40gb-sxm") < 0.5 * seconds("v100-16gb-sxm")


def test_how_much_launches_bind_is_a_slope() -> None:
    """d log t / d log launch, by a step of 0.1 % in it."""
    for batch in (1.0, 32.0, 512.0):
        work = laid("resnet50", "a100-40gb-sxm", batch=batch, precision="fp16", runtime="PyTorch 2.4").work
        now, later = evaluate(work, Fit()), evaluate(work, Fit({"l=pytorch-2": 1e-3}))
        assert float(now.launching[0, 0]) == pytest.approx(
            np.log(later.seconds / now.seconds)[0, 0] / 1e-3, rel=3e-3, abs=1e-6
        )


def test_what_a_job_states_of_its_host_is_taken_and_what_it_does_not_is_asked_for() -> None:
    """A batch of 1 in eager mode waits for 174 kernels of the host; a batch of 256 does not."""

    def told(batch: float, **options: str) -> Any:
        eager = {"phase": "infer", "precision": "fp16", "runtime": "PyTorch 2.4"}
        return estimate(Job("resnet50", batch=batch, options=options, **eager), [GPUS["a100-40gb-sxm"]])

    unsaid, quick, slow = told(1.0), told(1.0, launch="10us"), told(1.0, launch="100us")
    assert any("option launch=" in text for text in unsaid.at(0, 0).warnings)
    assert not any("launch=" in text for one in (quick, slow, told(256.0)) for text in one.at(0, 0).warnings)
    # What is left of it is of SMs without a tile, which no host fills.
    assert float(unsaid.spread_machine[0, 0]) > 0.1 > float(quick.spread_machine[0, 0])
    assert quick.seconds[0, 0] < unsaid.seconds[0, 0] < slow.seconds[0, 0]
    assert float(slow.timing.host[0, 0]) == pytest.approx(10.0 * float(quick.timing.host[0, 0]))
    with pytest.raises(UsageError, match="launch=20us"):
        told(1.0, launch="2s")


def test_an_unknown_host_widens_what_waits_for_it() -> None:
    """A batch of 1 in eager mode; no batch that keeps the GPU busy, and hardly an engine that replays graphs.

    Of that the host samples and sends, a tenth of a token.
    """

    def added(workload: str, **columns: Any) -> float:
        return float(estimate(Job(workload, **columns), [GPUS["a100-40gb-sxm"]]).spread_machine[0, 0])

    eager = {"phase": "infer", "precision": "fp16", "runtime": "PyTorch 2.4"}
    assert 0.25 < added("resnet50", batch=1.0, **eager) <= 0.32
    assert added("resnet50", batch=512.0, **eager) < 0.02
    assert added("llama-3.1-8b", phase="serve", precision="bf16", concurrency=1.0, runtime="vLLM") < 0.05


def test_a_desktop_is_less_known_than_a_server() -> None:
    """Its processor is its owner's choice; what a job states of its launches is not in doubt."""

    def added(gpu: str, **options: str) -> float:
        eager = {"phase": "infer", "precision": "fp16", "runtime": "PyTorch 2.4", "batch": 1.0}
        found = estimate(Job("mobilenet-v2", options=options, **eager), [GPUS[gpu]])
        return float(found.spread_machine[0, 0])

    assert added("rtx-4090") > added("rtx-4090", host="server") > added("rtx-4090", launch="20us")
    assert added("a100-40gb-sxm", host="desktop") > added("a100-40gb-sxm")


def test_software_that_ran_nothing_of_a_kind_has_the_spread_of_an_unmeasured_one() -> None:
    """Encoders that infer were measured under TensorRT alone, vision transformers under PyTorch alone."""

    def spread_of(workload: str, gpu: str, text: str) -> float:
        found = laid(workload, gpu, batch=8.0, precision="fp16", runtime=text)
        one = spread(found, GPUS[gpu], found.runtime)
        return float(np.hypot(one.shared, one.own))

    unmeasured = np.hypot(0.20, 0.17)
    assert spread_of("bert-large", "a100-80gb-sxm", "PyTorch 2.4") == pytest.approx(unmeasured, rel=1e-2)
    found = laid("vit-base-patch16-224", "rtx-3090", batch=8.0, precision="fp16", runtime="PyTorch 2.9")
    known = max(widths(found, GPUS["rtx-3090"], found.runtime).values())
    assert spread_of("vit-base-patch16-224", "rtx-3090", "PyTorch 2.9") == pytest.approx(known)
    # Of YOLO no row is, under any software.
    assert spread_of("yolov8m", "rtx-3090", "PyTorch 2.9") == pytest.approx(unmeasured, rel=1e-2)
    assert known < 0.8 * unmeasured < spread_of("vit-base-patch16-224", "rtx-3090", "TensorFlow 2.4")


def test_a_use_that_runs_other_kernels_than_any_row_has_the_spread_of_an_unmeasured_runtime() -> None:
    def spread_of(text: str) -> float:
        job = Job("resnet50", phase="train", batch=64.0, precision="amp-fp16", runtime=text)
        found = lay_out(job, [GPUS["v100-16gb-sxm"]])
        one = spread(found, GPUS["v100-16gb-sxm"], found.runtime)
        return float(np.hypot(one.shared, one.own))

    # Under XLA one source's rows are, without which they are off by 27 %.
    unmeasured = np.hypot(0.20, 0.17)
    for other in ("TensorFlow 1.10 tf_cnn_benchmarks", "TensorFlow 2.12 XLA"):
        assert spread_of(other) >= 0.999 * unmeasured, other
    # A release that runs what others ran is no stranger than its version, nor maps in another order.
    for known in ("TensorFlow 2.12 tf_cnn_benchmarks", "PyTorch 2.9 channels_last"):
        assert spread_of(known) < 0.9 * unmeasured, known


def test_what_is_strange_in_several_ways_adds_up() -> None:
    seen, gpu = {"seen": 0.15}, {"seen": 0.15, "gpu": 0.2, "generation": 0.2}
    assert joined(seen) == pytest.approx(0.15)
    assert joined(gpu) == pytest.approx(0.2)
    assert joined({**gpu, "workload": 0.25}) == pytest.approx(np.sqrt(0.2**2 + 0.25**2 - 0.15**2))
    assert joined({**gpu, "workload": 0.1}) == pytest.approx(0.2)


def test_two_chips_of_one_board_want_more_than_its_limit() -> None:
    """A Tesla K80 leaves each of its chips 150 W, of which a Kepler SM takes 15 W at 1 GHz."""
    board, alone = Devices.of([GPUS["k80"]]), Devices.of([GPUS["p100-16gb-sxm"]])
    assert float(board.limit[0, 0]) == 150.0
    assert 0.85 < float(board.throttle(0.35, "")[0, 0]) < 0.97
    assert float(alone.throttle(0.35, "")[0, 0]) == 1.0


def test_what_leaves_a_chip_half_empty_is_less_sure() -> None:
    """How work that leaves SMs without a tile is dealt out is the software's, and hardly a row tells."""

    def unsure(batch: float, gpu: str) -> float:
        job = Job("resnet50", phase="infer", precision="fp16", runtime="TensorRT", batch=batch)
        return float(estimate(job, [GPUS[gpu]]).spread_machine[0, 0])

    assert unsure(1, "a100-80gb-sxm") > unsure(8, "a100-80gb-sxm") > unsure(64, "a100-80gb-sxm")
    assert unsure(1, "a100-80gb-sxm") > unsure(1, "jetson-orin-nano-8gb")
    assert unsure(1024, "a100-80gb-sxm") < 0.02


def _chat(runtime: str, concurrency: float, **columns: Any):
    asked = {"precision": "bf16", "input_tokens": 217.0, "output_tokens": 200.0, **columns}
    job = Job("llama-3.1-8b", phase="serve", runtime=runtime, concurrency=concurrency, **asked)
    return estimate(job, [GPUS["h100-80gb-sxm"]])


def test_a_server_whose_host_sets_the_pace_is_less_sure() -> None:
    """vLLM before 0.5.4 scheduled and sent tokens while the GPU waited; since then less is the host's."""
    before, later = (float(_chat(name, 200.0).spread[0, 0]) for name in ("vLLM 0.5.3", "vLLM 0.11"))
    assert before > 1.5 * later
    few = float(_chat("vLLM 0.5.3", 1.0, output_tokens=2.0, input_tokens=7000.0).spread[0, 0])
    assert few < 0.9 * before, "the host has nothing to do while a long prompt is computed"


def test_near_its_capacity_a_wait_for_a_place_is_less_sure_than_the_speed() -> None:
    def relative(rate: float) -> float:
        options = {"request_rate": f"{rate}", "max_num_seqs": "16"}
        job = Job("llama-3.1-8b", phase="serve", runtime="vLLM", precision="bf16", input_tokens=512.0,
                  output_tokens=256.0, options=options)  # fmt: skip
        first = estimate(job, [GPUS["l40s"]]).at(0, 0).ttft
        return first.high / first.mid

    assert relative(1.0) == pytest.approx(relative(0.5), rel=0.02)
    assert relative(2.05) > 1.3 * relative(1.0)


def test_a_language_model_that_is_compiled_replays_its_tokens() -> None:
    """An encoder that is compiled launches each of its kernels, as a step of training does."""

    def speed(stack: str, precision: str = "bf16") -> float:
        job = Job("llama-2-7b", phase="decode", precision=precision, batch=1.0, runtime=stack)
        return 1.0 / float(estimate(job, [GPUS["a100-80gb-sxm"]]).seconds[0, 0])

    assert speed("torch.compile") == speed("gpt-fast") == speed("transformers 4.50 torch.compile")
    assert speed("gpt-fast") > 2.0 * speed("transformers 4.50")
    assert speed("torch.compile", "int4") > 1.6 * speed("torch.compile")
    encoder = Job("bert-base", phase="infer", precision="fp16", runtime="torch.compile")
    assert lay_out(encoder, [GPUS["a100-80gb-sxm"]]).runtime.id == "pytorch-2-compile"


def test_int8_of_bitsandbytes_waits_for_its_outliers() -> None:
    def launch(precision: str, stack: str = "transformers") -> float:
        job = Job("llama-2-7b", phase="decode", precision=precision, batch=1.0, runtime=stack)
        return float(lay_out(job, [GPUS["a100-80gb-sxm"]]).runtime.launch)

    assert launch("int8") > launch("nf4") > launch("bf16") == launch("int8", "transformers optimum-quanto")
    assert launch("int8") == launch("int8", "transformers bitsandbytes")


def test_networks_of_pictures_in_transformers_are_layers_of_pytorch():
    """What the text says of PyTorch and its compiler is said of them; attention is as Transformers has it."""

    def under(text, workload="resnet50", **columns):
        return laid(workload, "v100-16gb-sxm", precision="fp32", batch=1.0, runtime=text, **columns)

    def kernels(text):
        return sum(float(one.launched.sum()) for one in under(text, "vit-base-patch16-224").work.kernels)

    compiled = under("PyTorch 2.0.1 torch.compile, Transformers").runtime
    assert (compiled.id, compiled.launch) == ("pytorch-2-compile", runtime("torch.compile", "").launch)
    assert under("Transformers 4.30, PyTorch 1.13").runtime.id == "pytorch-1-13"
    assert under("Transformers").runtime.id == under("Optimum, Transformers 4.40").runtime.id == "pytorch-2"
    assert under("Transformers", "bert-base").runtime.id == "transformers"
    # Queries, keys and values are three products, copied before the scores are made and behind them.
    assert (
        kernels("PyTorch 2.0.1, Transformers") > kernels("PyTorch 2.5, Transformers") > kernels("PyTorch 2.5")
    )


def test_rows_under_a_library_keep_what_is_said_beside_its_name():
    """A table takes no two of them for one job whose compilers launch in other ways."""
    texts = (
        "PyTorch 2.1 torch.compile reduce-overhead, Transformers",
        "PyTorch 2.1 torch.compile, Transformers",
    )
    rows = [
        {**ROW, "id": text, "gpu": "v100-16gb-sxm", "batch": "1", "precision": "fp32", "runtime": text}
        for text in texts
    ]
    graphs, compiled = values(*rows)
    assert graphs > 1.5 * compiled
    assert compiled == pytest.approx(alone(rows[1])[1])


def test_fixed_norms_make_their_constants_in_each_pass():
    """Seven kernels in torchvision and DETR, one in detectron2: they set the pace of small batches."""

    def kernels(text, workload="fasterrcnn-r50-fpn"):
        work = laid(workload, "v100-16gb-sxm", precision="fp32", batch=1.0, runtime=text).work
        return sum(
            float((one.launched * one.table.count).sum())
            for one in work.kernels
            if any("constants" in op.layer for op in one.table.ops)
        )

    assert kernels("PyTorch 1.1, torchvision 0.3") > 53 * 5
    assert kernels("detectron2, PyTorch 1.10") == kernels("mmdet 2.20, PyTorch 1.8") == 0.0
    assert kernels("TensorRT 8.5") < 10.0


def test_nvidias_examples_compile_bert_unless_they_are_told_otherwise():
    """use_xla="true" of its scripts, and --amp --xla of ELECTRA's, whose FP32 runs op by op."""

    def rate(name, text, precision="amp-fp16", **options):
        job = Job(
            name, phase="train", precision=precision, batch=8.0, seq_len=384.0, runtime=text, options=options
        )
        return estimate(job, [GPUS["v100-32gb-sxm3"]]).at(0, 0).throughput.mid

    bare, compiled, told = (f"TensorFlow 21.02 NGC{said}" for said in ("", " XLA", " no XLA"))
    for precision in ("amp-fp16", "fp32"):
        assert rate("bert-large", bare, precision) == rate("bert-large", compiled, precision)
    assert rate("bert-large", told) == rate("bert-large", bare, compile="false") < rate("bert-large", bare)
    assert rate("electra-base", bare) == rate("electra-base", compiled)
    assert rate("electra-base", bare, "fp32") < rate("electra-base", compiled, "fp32")
    # Of whoever says no more than that it is compiled, XLA is what compiles.
    meant = rate("bert-large", "TensorFlow 2.4", compile="true")
    assert rate("bert-large", "TensorFlow 2.4 XLA") == meant > rate("bert-large", "TensorFlow 2.4")


def test_rows_that_compile_nothing_are_apart_from_those_of_recipes():
    columns = {"workload": "bert-large", "gpu": "v100-16gb-sxm", "batch": "8", "precision": "fp16",
               "seq_len": "384", "unit": "sequences/s"}  # fmt: skip
    texts = ("TensorFlow NGC no XLA", "TensorFlow NGC", "TensorFlow NGC XLA")
    plain, recipe, compiled = values(*({**ROW, **columns, "id": text, "runtime": text} for text in texts))
    assert plain < 0.9 * recipe == pytest.approx(0.9 * compiled)
