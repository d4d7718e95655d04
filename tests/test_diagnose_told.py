"""`diagnose`: figures told beside the measured one, and causes that the words of a sentence point to."""

from __future__ import annotations

import pytest

from tests.diagnosing import found
from whichgpu import api
from whichgpu.audit import measurement
from whichgpu.audit.measurement import Told, diagnosed, told
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.diagnosis.told import Beside, beside
from whichgpu.report.diagnosis import report
from whichgpu.report.text import render
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow
GPUS = catalogue()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("it sits at 55 W and 62 C", Beside(watts=55.0)),
        ("capped to 250 W", Beside(watts=250.0, capped=True)),
        ("nvpmodel is at 10 W", Beside(watts=10.0, capped=True)),
        ("a 65 W charger", Beside(watts=65.0, capped=True)),
        ("0.8 kWh a day", Beside()),
        ("the clock falls to 1200 MHz", Beside(clock=1200.0)),
        ("runs at 1.35 GHz", Beside(clock=1350.0)),
        ("DDR4 at 2400 MHz", Beside()),
        ("memory at 9501 MHz, SMs at 900 MHz", Beside(clock=900.0)),
        ("PCIe 3.0 x4, not x16", Beside(lanes=4.0)),
        ("on x1 risers", Beside(lanes=1.0)),
        ("in x16 slots", Beside()),
        ("an eGPU over Thunderbolt (x4)", Beside(lanes=4.0)),
        ("num_workers=2", Beside(workers=2)),
        ("with 8 dataloader workers", Beside(workers=8)),
        ("over plain 25 GbE", Beside(network=25.0)),
        ("10 Gbit ethernet", Beside(network=10.0)),
        ("gigabit LAN", Beside(network=1.0)),
        ("the clock sits at 1,410 MHz", Beside(clock=1410.0)),
        ("beside a 2.1 GHz Xeon", Beside()),
        ("memory is 3200 MHz DDR4", Beside()),
        ("405 MHz memory clock", Beside()),
        ("the CPU draws 65 W, the card draws 320 W", Beside(watts=320.0)),
        ("all eight draw 1,200 W", Beside(watts=1200.0)),
        ("nvidia-smi -pl 250", Beside(watts=250.0, capped=True)),
        ("24 GB of memory", Beside()),
        ("offloaded 11/33 layers to GPU", Beside(layers=1 - 11 / 33)),
        ("8 of 32 layers are on the CPU", Beside(layers=0.25)),
        ("33/33 layers on the GPU", Beside()),
        ("--cpu-offload-gb 6", Beside(offloaded=6 * 2.0**30)),
        ("with cpu offload: 0.4 tokens/s", Beside()),
    ],
)
def test_figures_beside_the_measured_one(text, told):
    assert beside(text) == told


def test_a_figure_below_what_the_gpu_has_points_to_its_cause():
    laptop, card = GPUS["rtx-4070-laptop"], GPUS["rtx-3080-10gb"]
    assert [cause for cause, _ in Beside(watts=55.0).pointing(laptop)] == ["power"]
    assert [cause for cause, _ in Beside(watts=130.0).pointing(card)] == ["loading", "host"]
    assert [cause for cause, _ in Beside(watts=130.0, capped=True).pointing(card)] == ["power"]
    assert not list(Beside(watts=310.0).pointing(card))
    assert [cause for cause, _ in Beside(clock=1200.0).pointing(card)] == ["clocks"]
    assert [cause for cause, _ in Beside(clock=210.0).pointing(card)] == ["stuck"]
    assert not list(Beside(clock=1700.0).pointing(card))


def test_what_the_host_keeps_is_a_share_of_the_weights():
    assert Beside(offloaded=4e9).hosted(16e9) == 0.25
    assert Beside(offloaded=40e9).hosted(16e9) == 1.0
    assert Beside(layers=0.5).hosted(16e9) == 0.5
    assert Beside().hosted(16e9) is None


def heard(text):
    def made(run):
        return api.job(run.workload, **{key: value for key, value in run.columns.items() if key != "options"})

    return diagnosed(Told(text, "", "", {}, (), ()), GPUS, made)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("My RTX 4070 laptop does only 210 images/s training ResNet-50 in mixed precision at batch 64; "
         "it sits at 55 W and 62 C.", "power"),
        ("ResNet-152 training on RTX 3080 batch 64 amp 130 images/s, nvidia-smi reports 130 W of 320 W and "
         "CPU cores all busy.", "loading"),
        ("ViT-L training on 8 A100 runs at 330 images/s in total and only GPU 0 shows load.", "fewer"),
        ("16 A100 in two nodes pretrain GPT-3 1.3B at 60000 tokens/s in total; the nodes talk over 10 Gbit "
         "ethernet, no InfiniBand.", "network"),
        ("Llama 3.1 8B on RTX 4070 Ti Super in FP16 vLLM for a single user 12 tok/s; KV cache and weights do "
         "not fit, cpu-offload-gb 6.", "spilling"),
        ("BERT-large fp32 pretraining on A100 at 110 sequences/s batch 32 sequence 128, TF32 disabled.",
         "precision"),
        ("BERT-large fine-tuning on A100 runs at 45 sequences/s but half of the time the job of a colleague "
         "runs on the same card.", "shared"),
        ("Llama 2 70B on 8x A100 80GB with tensor parallelism decodes at 25 tokens/s for a single user; "
         "NCCL_P2P_DISABLE=1 is set.", "links"),
        ("Llama 3.1 8B Q4_K_M in llama.cpp on an RTX 3090 at 9 tok/s, the CPU is at 100% and nvidia-smi "
         "shows 0% GPU util.", "processor"),
        ("Gemma 2 9B Q4_K_M in Ollama on an RTX 3060 12GB at 6 tok/s, ollama ps shows 100% CPU.",
         "processor"),
        ("4x V100 SXM, DDP ResNet-50 AMP batch 128 per GPU: 870 images/s, only one GPU shows activity.",
         "fewer"),
        ("ResNet-50 trains on an A100 with AMP, batch 256, at 410 images/s; it turns out that autocast was "
         "forgotten and TF32 is disabled.", "precision"),
        ("ResNet-50 on 8 A100 with AMP, batch 256 per GPU, rank 0 prints 2400 images/s.", "per_gpu"),
        ("8x V100 NVLink, DDP BERT-large fine-tuning seq 384 fp16, 50 sequences/s in all; the other seven "
         "GPUs show 0 %.", "fewer"),
        ("Two nodes of 8 H100 train Llama-2-7B at 6% MFU, the nodes have 25 GbE between them.", "network"),
        ("ResNet-50 infers at 30 img/s with batch 1 on an A100 in PyTorch, a single CPU core is at 99%.",
         "host"),
        ("my T4 draws 25 W while it trains ResNet-50 with AMP", "loading"),
        ("my 3090 draws 200 W training ResNet-50, power limit 220 W", "power"),
    ],
)  # fmt: skip
@pytest.mark.thorough(every=2)
def test_what_a_sentence_tells_beside_its_figure_leads(text, cause):
    assert heard(text).causes[0].id == cause


@pytest.mark.parametrize(
    ("text", "model"),
    [("BERT training at 100 sequences/s on a V100", "bert-base"),
     ("RoBERTa trains at 40 sequences/s on an A10", "roberta-base"),
     ("BERT-large trains at 40 sequences/s on an A10", "bert-large")],
)  # fmt: skip
def test_a_family_in_capitals_is_the_base_of_it(text, model):
    assert resolve(told(text, GPUS).workload).id == model


def test_capitals_that_are_no_family_are_no_model():
    with pytest.raises(UsageError, match="names no model"):
        told("CUDA and VRAM: 40 samples/s on an A10", GPUS)


def test_a_clock_at_boost_and_one_of_memory_point_to_nothing():
    for words in ("SM clock 1695 MHz", "DDR4 at 2400 MHz"):
        one = heard(f"ResNet-50 training on RTX 3090, 600 images/s, {words}")
        assert "clocks" not in dict(one.seen)
        assert one.causes[0].id != "clocks"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("no gradient checkpointing", "checkpointing"),
        ("gradient checkpointing is off", "checkpointing"),
        ("the card isn't undervolted", "power"),
        ("no vGPU and no MIG", "shared"),
        ("compiled without graph breaks", "eager"),
        ("after a few minutes of warm-up", "clocks"),
        ("batch 64 per GPU", "per_gpu"),
        ("the RTX 3090 is a card in a x16 slot", "per_gpu"),
    ],
)
@pytest.mark.thorough(every=2)
def test_what_a_sentence_denies_points_to_nothing(words, cause):
    assert cause not in dict(heard(f"ResNet-50 training on RTX 3090 at 600 images/s, {words}").seen)


def test_all_layers_on_the_gpu_speak_against_spilling():
    run = "Llama 3.1 8B Q4_K_M on RTX 3060 12GB at 8 tok/s llama.cpp, {} layers on the {}"
    assert "spilling" in dict(heard(run.format("all 33/33", "GPU")).denied)
    assert "spilling" in dict(heard(run.format("20/33", "GPU")).seen)
    assert "spilling" not in dict(heard(run.format("33/33", "CPU")).denied)


def test_a_clock_that_is_told_is_tried_alone():
    one = heard("SDXL on RTX 3060 12GB at 60 s per image, SM clock 600 MHz")
    assert [each.title for each in one.causes if each.id in ("clocks", "stuck")] == [
        "clock stuck: at 34% of boost"
    ]


def test_fp32_without_tensor_cores_is_tried():
    _, causes, _ = found(
        "resnet50", "a100-40gb-sxm", "400 images/s", phase="train", precision="FP32", batch=256
    )
    assert "TF32 off" in causes["precision"].title
    _, causes, _ = found("resnet50", "rtx-3090", "200 images/s", phase="train", precision="fp32", batch=128)
    assert "TF32 off" not in causes.get("precision", causes["loading"]).title


def test_tokens_that_fill_sequences_up_are_a_cause_of_trainings():
    _, causes, _ = found("gpt2-medium", "a100-40gb-sxm", "8000 tokens/s", phase="finetune_full", seq_len=1024)
    assert causes["padding"].effect < 1.0
    _, causes, _ = found("resnet50", "a100-40gb-sxm", "300 images/s", phase="train", batch=128)
    assert "padding" not in causes


def test_check_bits_take_a_little_of_memory_that_keeps_them_among_the_data():
    _, causes, _ = found("llama-2-13b", "rtx-a6000", "16 tok/s", concurrency=1, precision="fp16")
    assert 0.9 < causes["ecc"].effect < 1.0
    _, causes, _ = found("llama-2-13b", "a100-80gb-sxm", "16 tok/s", concurrency=1, precision="fp16")
    assert "ecc" not in causes


def test_a_server_with_graphs_is_tried_without():
    _, causes, _ = found("llama-3.1-8b", "h100-80gb-sxm", "58 tok/s", concurrency=1, runtime="vllm",
                         options={"cuda_graphs": "True"})  # fmt: skip
    assert causes["eager"].effect < 1.0


def test_what_the_figure_was_read_as_points_to_nothing():
    """A rate per GPU is one already: its words do not say that it may be one."""
    one = heard("Llama 2 7B pretraining on 16 A100 in bf16, seq 4096, 700 tokens/s per GPU over 10 GbE")
    assert "per_gpu" not in dict(one.seen)
    assert one.causes[0].id == "network"


def test_autocast_is_of_a_training_where_no_phase_is_stated():
    one = heard("ResNet-50 on a V100 with mixed precision in PyTorch, batch 128: 380 images/s")
    assert one.job.phase == "train"
    assert one.causes[0].id == "precision"


def test_programs_that_time_themselves_wait_for_the_gpu():
    """A server's own log waits for its GPU; a loop around PyTorch may not."""
    served = heard("Llama 3.1 8B in FP16 in llama.cpp on an RTX 4090 makes 310 tokens/s in a single stream")
    looped = heard("ResNet-50 inference, batch 64, FP16 on an RTX 3080 makes 60000 images/s in PyTorch")
    assert served.verdict == "impossible"
    assert served.causes[0].id != "unsynchronised"
    assert looped.causes[0].id == "unsynchronised"


def test_a_product_by_itself_has_no_engine():
    assert "engine" not in {
        one.id for one in heard("8192 x 8192 matmul on an A100 in bf16: 122 TFLOPS").causes
    }


def test_a_late_first_token_waits_for_others():
    one = heard("TTFT of 4 seconds for a 2000-token prompt, Llama 3.1 8B on an RTX 4090 in vLLM")
    assert one.causes[0].id == "flight"


def test_products_in_fp16_without_tensor_cores_are_tried():
    one = heard("8192 x 8192 matmul on a V100 in fp16: 28 TFLOPS")
    assert (one.causes[0].id, one.causes[0].title) == (
        "precision",
        "precision: runs in FP16 without tensor cores",
    )
    assert one.causes[0].inside


def test_what_is_told_beside_it_makes_a_figure_possible():
    run = "Llama 3.1 70B on 4x A100 in vLLM{}: 70 tok/s for a single user"
    assert heard(run.format("")).verdict == "impossible"
    assert heard(run.format(" with a draft model")).verdict == "fast"


def test_another_job_than_the_one_that_was_told_is_said_before_its_causes():
    """What does not fit in the format that is stated is judged as what does: the verdict is of that."""
    one = heard("Llama 3.1 8B in fp16 on a Tesla T4 gives me 45 tok/s for one user in vLLM")
    assert (one.verdict, one.job.precision) == ("normal", "w4a16")
    assert "does not fit on t4" in one.taken[0]
    text = render(report(one).blocks, 2000)
    assert text.index("does not fit on t4") < text.index("Nothing needs explaining")
    assert text.count("does not fit on t4") == 1
    assert not heard("ResNet-50 trains at 850 images/s on my RTX A5000, batch 128").taken


def test_a_card_of_a_laptop_may_have_its_name_from_one_of_several_memories():
    """The RTX 3080 has 10 GB, that of laptops 8 or 16: there the watts are of its limit."""
    one = heard(
        "My laptop with a RTX 3080 trains ResNet-50 in AMP with batch 64 at 300 images/s, it draws 80 W"
    )
    assert (one.gpu, [gpu for gpu, _ in one.others]) == ("rtx-3080-laptop", ["rtx-3080-laptop-16gb"])
    assert dict(one.seen)["power"] == "80 W of 150 W"


def test_a_card_that_draws_few_watts_is_not_slow_at_work():
    """A batch of eight, or FP32, would draw what the card can; a limit of so many watts says nothing."""
    run = "SDXL at 1024x1024 on my A6000 runs at 0.9 it/s, {}"
    one = heard(run.format("nvidia-smi shows 75 W of 300 W"))
    order = [cause.id for cause in one.causes]
    assert dict(one.denied)["precision"] == "75 W of 300 W"
    assert order.index("power") < order.index("precision")
    assert "batch" not in order
    limited = heard(run.format("power limit 75 W"))
    assert not limited.denied
    assert "batch" in {cause.id for cause in limited.causes}


@pytest.mark.parametrize(
    "text",
    [
        "Qwen3 30B A3B Q4_K_M in llama.cpp on a RTX 3060 12GB makes 14 tok/s",
        "Mixtral 8x7B Q4_K_M in llama.cpp on a RTX 4090 24GB gets 12 tok/s",
        "Gemma 2 27B Q4_K_M in Ollama on a RTX 4080 16GB: 6 tok/s",
    ],
)
@pytest.mark.thorough(every=2)
def test_layers_in_the_host_cost_what_a_step_reads_of_them(text):
    """Of a mixture the experts that a token takes; and more layers stay behind than have to."""
    one = heard(text)
    assert (one.causes[0].id, one.causes[0].inside) == ("spilling", True)


def test_a_server_is_tried_with_each_number_of_requests_and_in_no_format_that_it_does_not_run():
    one = heard(
        "Llama 3.1 8B on a L40S with vLLM bf16, 64 concurrent requests, 1024 in and 256 out: 350 tok/s"
    )
    flights = {cause.title for cause in one.causes if cause.id == "flight"}
    assert one.verdict == "slow"
    assert flights == {"requests in flight: 8"}
    assert {cause.title for cause in one.causes if cause.id == "precision"} == {"precision: runs in FP32"}


def test_gpus_of_several_machines_are_those_on_boards():
    """64 H100 that are slow as SXM are not taken for cards, which would be nearer to the figure."""
    one = heard("Llama 2 7B pretraining on 64 H100, bf16, FSDP, NCCL on TCP sockets: 2300 tokens/s/GPU")
    assert (one.gpu, one.verdict, one.causes[0].id) == ("h100-80gb-sxm", "slow", "network")


def test_the_least_of_several_limits_is_the_one_that_holds():
    assert beside("a card with a 150 W limit that is set to 75 W").watts == 75.0


def test_a_gpu_that_waits_speaks_against_what_makes_it_slow_at_work():
    run = "vLLM, Llama 3 8B bf16 on an H100, 128 concurrent requests, 900 tok/s{}"
    assert heard(run.format("")).causes[0].id == "shared"
    waiting = heard(run.format("; nvidia-smi shows 12 % GPU utilisation"))
    assert {"shared", "precision"} <= set(dict(waiting.denied))
    assert waiting.causes[0].id == "flight"


def test_a_training_that_does_not_fit_recomputes_before_it_shards():
    one = heard("8x RTX 4090, Llama 2 7B LoRA DDP is 6.9 times as fast as one card")
    assert one.verdict == "normal"
    assert any("recomputed" in said for said in one.answer.warnings)


def test_fp32_may_be_tf32():
    one = heard("8192 x 8192 matmul on an A100 in fp32: 110 TFLOPS")
    assert one.verdict == "fast"
    assert "precision: runs in TF32" in {cause.title for cause in one.causes if cause.inside}


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("Two nodes of 8 H100 SXM train Llama-2-7B at 6% MFU", "h100-80gb-sxm:16"),
        ("Llama-2-7B on 2x8 H100 SXM trains at 6% MFU", "h100-80gb-sxm:16"),
        ("2 machines with 4x L40S train BERT-large at 120 sequences/s", "l40s:8"),
        ("2x 4090: ResNet-50 trains at 900 img/s", "rtx-4090:2"),
        ("1 x 24 GB RTX 3090: ResNet-50 trains at 300 img/s", "rtx-3090"),
    ],
)
def test_gpus_of_several_machines_are_counted(text, gpu):
    assert measurement.told(text, GPUS).gpu == gpu


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A100 40GB SXM: matrices of 8192 in FP16 multiply at 250 TFLOPS", "normal"),
        ("my H100 SXM multiplies BF16 matrices at 1900 TFLOPS", "impossible"),
    ],
)
def test_a_product_of_matrices_is_one_however_it_is_said(text, verdict):
    one = heard(text)
    assert (one.answer.job.workload, one.verdict) == ("dgemm", verdict)


def test_weights_that_fit_stay_on_the_card_where_the_engine_puts_them_there():
    """llama.cpp keeps in the host what -ngl leaves there; Transformers fills the card first."""
    for engine, tried in (("llama.cpp", True), ("transformers", False)):
        one = heard(f"Llama-2-7B in FP16 on an RTX 3090 with {engine}: 6 tok/s")
        assert ("spilling" in {cause.id for cause in one.causes}) is tried
