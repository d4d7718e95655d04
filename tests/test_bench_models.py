"""The modules that bench measures are what the zoo calls by their names."""

from __future__ import annotations

import math

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import parameters, product_flops
from whichgpu.workloads.workload import resolve

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")

from whichgpu.bench import tasks  # noqa: E402
from whichgpu.bench.models import agreement, diffusion_unet, whisper  # noqa: E402
from whichgpu.bench.models.agreement import counted, family_of, size_of  # noqa: E402
from whichgpu.bench.models.parts import Make  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
META = Make("meta", torch.float32)
WORKLOADS = (
    "resnet18", "resnet50", "resnet152", "resnext50-32x4d", "googlenet", "inception-v3", "vgg16", "bert-base",
    "bert-large", "gpt2", "llama-2-7b", "llama-3.2-1b", "qwen2.5-7b", "stable-diffusion-1.5", "sdxl",
    "whisper-tiny", "dgemm", "alexnet", "mobilenet-v1", "mobilenet-v2", "mobilenet-v3-large",
    "mobilenet-v3-small", "efficientnet-b0", "efficientnet-b4", "efficientnet-v2-s", "densenet121",
    "densenet264d", "convnext-tiny", "convnext-v2-tiny", "vit-base-patch16-224", "deit3-base-patch16-224",
    "deit-base-distilled-patch16-224", "wide-resnet50-2", "resnet50-d", "seresnext101-32x4d", "sd-unet",
    "sdxl-unet", "sd-vae", "sd-vae-encoder", "sd-vae-decoder",
)  # fmt: skip


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.thorough(every=3)
def test_parameters_and_flops_are_the_zoo_s(name):
    found = agreement.agreement(name)
    assert found.parameters == found.traced_parameters
    assert found.flops == pytest.approx(found.traced_flops, rel=1e-6)
    assert found.holds
    assert not found._replace(flops=1.02 * found.flops + 1.0).holds


#: A network of each family of pictures with few, narrow layers.
SMALL = {
    "mobilenet-v3-large": {"stem": 8, "head": 16, "hidden": 16, "stages": [["inverted-se", 5, 2, 3, 16, 2]]},
    "efficientnet-b0": {"head": 16, "stages": [["inverted-se", 3, 2, 4, 16, 2]]},
    "efficientnet-v2-s": {"head": 16, "stages": [["fused", 3, 1, 1, 16, 2], ["fused", 3, 2, 4, 24, 1]]},
    "densenet121": {"stem": 8, "growth": 4, "layers": [2, 2]},
    "convnext-v2-tiny": {"layers": [1, 1], "widths": [16, 32]},
    "convnext-tiny": {"layers": [1, 1], "widths": [16, 32]},
    "vit-base-patch16-224": {"width": 32, "layers": 2, "heads": 2, "ffn": 64},
    "deit-base-distilled-patch16-224": {"width": 32, "layers": 1, "heads": 2, "ffn": 64},
    "vit-huge-patch14-224": {"width": 32, "layers": 1, "heads": 2, "ffn": 64},
    "alexnet": {"hidden": 8},
    "seresnext101-32x4d": {"layers": [1, 1], "groups": 4, "group_width": 16},
    "sd-vae": {"vae": {"kind": "kl", "latent_channels": 4, "widths": [32, 32, 32, 32], "blocks": 1,
                       "quantisation": True}},
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_every_part_of_a_network_learns(name):
    """A step in BF16 with tensors in NHWC gives a finite loss and a gradient to each parameter."""
    item = resolve(name)
    code, dims = family_of(item), {**item.dims, **SMALL[name]}
    torch.manual_seed(1)
    module = code.build(dims, "train").to(memory_format=torch.channels_last)
    size = size_of(Job(name, phase="train", batch=2.0, height=64.0, width=64.0))
    inputs, target = code.batch(dims, size, Make("cpu", torch.float32, None, True))
    with torch.autocast("cpu", torch.bfloat16):
        loss = code.loss(module(*inputs), target)
    loss.backward()
    assert math.isfinite(float(loss))
    assert [key for key, one in module.named_parameters() if one.grad is None] == []


def test_half_of_an_autoencoder_runs_where_that_is_asked():
    """From picture to latent, and back: an eighth of each side."""
    from whichgpu.bench.models import diffusion_part

    shapes = {}
    for name in ("sd-vae", "sd-vae-encoder", "sd-vae-decoder"):
        dims = {**resolve(name).dims, **SMALL["sd-vae"]}
        size = size_of(Job(name, phase="infer", batch=1.0, height=32.0, width=48.0))
        inputs, _ = diffusion_part.batch(dims, size, Make("cpu", torch.float32))
        made = diffusion_part.build(dims, "infer")(*inputs)
        shapes[name] = tuple(inputs[0].shape), tuple(made.shape)
    assert shapes == {
        "sd-vae": ((1, 3, 32, 48), (1, 3, 32, 48)),
        "sd-vae-encoder": ((1, 3, 32, 48), (1, 8, 4, 6)),
        "sd-vae-decoder": ((1, 4, 4, 6), (1, 3, 32, 48)),
    }


def test_a_picture_of_another_size_is_cut_into_other_patches():
    from whichgpu.bench.models import vit

    dims = {**resolve("vit-base-patch16-224").dims, **SMALL["vit-base-patch16-224"]}
    assert vit.build(dims, "infer").eval()(torch.randn(1, 3, 64, 96)).shape == (1, 1000)


@pytest.mark.parametrize("name", ["googlenet", "inception-v3", "bert-base"])
def test_what_training_adds_is_the_zoo_s(name):
    """Auxiliary classifiers, and the head of the task."""
    item = resolve(name)
    # Two, since a normalisation over one value of a channel is refused.
    job = item.complete(Job(name, phase="train", batch=2.0, precision="fp32"))
    ops = [op for op in item.trace(job) if op.stage == "forward"]
    code = family_of(item)
    with torch.device("meta"), torch.no_grad():
        module = code.build(item.dims, "train")
        inputs, target = code.batch(item.dims, size_of(job), META)
        flops = counted(module, inputs)
    assert sum(one.numel() for one in module.parameters()) == sum(parameters(ops).values())
    assert flops == pytest.approx(float(product_flops(ops)), rel=1e-6)
    assert target is not None


def test_the_parts_of_a_pipeline_are_the_zoo_s():
    """Text tower, U-Net and decoder: parameters together, and the decoder's FLOPs alone."""
    from whichgpu.workloads.diffusion.pipeline import autoencoder

    item = resolve("stable-diffusion-1.5")
    job = item.complete(Job(item.id, phase="generate", batch=1.0))
    with torch.device("meta"), torch.no_grad():
        whole = diffusion_unet.build(item.dims, "generate")
        flops = counted(whole.vae, (torch.empty(1, 4, 64, 64),))
    traced = item.parameters()
    encoder = sum(parameters(autoencoder(item.dims, job, "encoder")).values())
    # The VAE's encoder is loaded by the pipeline and does not run.
    assert sum(one.numel() for one in whole.parameters()) == sum(traced.values()) - encoder
    assert flops == pytest.approx(float(product_flops(autoencoder(item.dims, job, "decoder"))), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mamba-130m", "no decoder with dimension"),
        ("electra-small", "no encoder with dimension"),
        ("fft", ""),
        ("nbody", "kind 'nbody'"),
        ("yolov5s", "nothing here builds the family"),
        ("mobilenetv4-conv-small", "no inverted_residual with dimension 'blocks'"),
    ],
)
def test_what_is_not_written_is_said(name, said):
    if not said:
        assert family_of(resolve(name))
        return
    with pytest.raises(UsageError, match=said):
        family_of(resolve(name))


TINY = {"layers": 2, "hidden": 32, "heads": 4, "kv_heads": 2, "head_dim": 8, "ffn": 48, "vocab": 61}


@pytest.mark.parametrize("more", [{}, {"positions": 16, "gated": False, "norm": "layernorm", "bias": "all"}])
def test_a_token_over_the_cache_is_the_token_of_the_whole(more):
    """What decode times is the model: the same logits as of one pass over all tokens."""
    from whichgpu.bench.models import decoder

    torch.manual_seed(1)
    model = decoder.build({**TINY, **more}, "decode").eval()
    tokens = torch.randint(61, (2, 6))
    with torch.inference_mode():
        whole = model(tokens)
        caches = model.caches(2, 6)
        model(tokens[:, :4], caches, torch.arange(4))
        model(tokens[:, 4:5], caches, torch.arange(4, 5), seen=5)
        last = model(tokens[:, 5:6], caches, torch.arange(5, 6), seen=6, last=True)
    assert torch.allclose(last[:, 0], whole[:, 5], atol=1e-5)


def test_a_cache_is_of_the_type_of_autocast():
    """What is multiplied in 16 bits is kept in 16 bits; there is no cache of 32 beside keys of 16."""
    from whichgpu.bench.models import decoder

    model = decoder.build(TINY, "decode").eval()
    size = size_of(Job("gpt2", phase="generate", batch=2.0, input_tokens=3.0, output_tokens=2.0))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert {one.dtype for pair in model.caches(2, 5) for one in pair} == {torch.bfloat16}
        assert decoder.run(model, TINY, size, (torch.randint(61, (2, 3)),))().shape == (2, 1)
    assert model.caches(2, 5)[0][0].dtype == torch.float32


def test_whisper_under_autocast():
    dims = {"hidden": 16, "heads": 2, "encoder": 1, "decoder": 1, "mels": 8, "vocab": 33, "positions": 8}
    model = whisper.build(dims, "infer").eval()
    size = size_of(Job("whisper-tiny", phase="infer", batch=1.0, output_tokens=2.0))
    sound, tokens = torch.randn(1, 8, whisper.FRAMES), torch.randint(33, (1, 2))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert whisper.run(model, dims, size, (sound, tokens))().shape == (1, 1)


@pytest.mark.parametrize(
    "name", ["resnet18", "vgg16", "googlenet", "mobilenet-v2", "densenet121", "convnext-tiny"]
)
@pytest.mark.thorough(every=3)
def test_a_network_is_compiled_as_one_graph(name):
    """PyTorch compiles no frame of its own containers: what was not within a module of ours ran eager."""
    import torch._dynamo as dynamo

    from whichgpu.bench.worker import steps

    item = resolve(name)
    with torch.device("cpu"):
        module = family_of(item).build({**item.dims, "hidden": 8, "classes": 4}, "infer").eval()
    dynamo.reset()
    dynamo.utils.counters.clear()
    job = Job(name, options={"compile": "True"})
    assert "ran eager" in steps.uncompiled(job)[0]
    module.compile(backend="eager")
    with torch.inference_mode():
        module(torch.randn(1, 3, 64, 64))
    assert dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not steps.uncompiled(job)
    assert not steps.uncompiled(Job(name, options={"compile": "no"}))


def test_a_step_of_several_passes_counts_all_of_them(monkeypatch):
    """The rate is of every sample of a step, and gradients of replicas are exchanged once a step."""
    from contextlib import contextmanager

    from whichgpu.bench.worker import sharing, torch_job

    kept = []

    @contextmanager
    def alone():
        kept.append("alone")
        yield

    def shared(_torch, _asked, module):
        module.no_sync = alone
        return module

    monkeypatch.setattr(sharing, "shared", shared)
    once = {"warmup": 1, "warmup_seconds": 0.0, "least": 2, "most": 2, "seconds": 0.0, "sample": 0.0}
    task = {"workload": "resnet18", "phase": "train", "precision": "fp32", "batch": 2.0, "height": 32.0,
            "width": 32.0, "n_gpus": 1, "device": "cpu", "options": {"grad_accum": "3"},
            "method": once}  # fmt: skip
    found = torch_job.measure(task)
    rate, median = found["rows"][0]["value"], found["context"]["statistics"]["median"]
    assert rate * median == pytest.approx(3 * 2.0)
    assert len(kept) % 2 == 0
    assert len(kept) >= 2 * 3


def test_a_model_is_made_in_the_type_of_its_weights(monkeypatch):
    """A model of 7 billion in 16 bits has room where one in 32 has none."""
    from whichgpu.bench.models import resnet
    from whichgpu.bench.worker import torch_job

    made, build = [], resnet.build

    def told(dims, phase):
        module = build(dims, phase)
        made.append({one.dtype for one in module.parameters()})
        return module

    monkeypatch.setattr(resnet, "build", told)
    once = {"warmup": 1, "warmup_seconds": 0.0, "least": 2, "most": 2, "seconds": 0.0, "sample": 0.0}
    task = {"workload": "resnet18", "phase": "infer", "precision": "bf16", "batch": 1.0, "height": 32.0,
            "width": 32.0, "n_gpus": 1, "device": "cpu", "options": {}, "method": once}  # fmt: skip
    torch_job.measure(task)
    assert made[-1] == {torch.bfloat16}
    assert torch.get_default_dtype() == torch.float32


def test_whisper_writes_over_its_cache():
    torch.manual_seed(1)
    dims = {"hidden": 16, "heads": 2, "encoder": 1, "decoder": 1, "mels": 8, "vocab": 33, "positions": 8}
    model = whisper.build(dims, "infer").eval()
    sound, tokens = torch.randn(1, 8, whisper.FRAMES), torch.randint(33, (1, 2))
    with torch.inference_mode():
        whole = model(sound, tokens)
        seen = model.encode(sound)
        caches = [(torch.zeros(1, 2, 2, 8), torch.zeros(1, 2, 2, 8))]
        model.decode(tokens[:, :1], seen, torch.arange(1), caches, 1)
        last = model.decode(tokens[:, 1:], seen, torch.arange(1, 2), caches, 2)
    assert torch.allclose(last[:, 0], whole[:, 1], atol=1e-5)


def test_losses_are_finite_and_recomputing_changes_nothing():
    from whichgpu.bench.models import decoder

    torch.manual_seed(1)
    model = decoder.build(TINY, "train")
    size = size_of(Job("gpt2", phase="train", batch=2.0, seq_len=5.0))
    inputs, target = decoder.batch(TINY, size, Make("cpu", torch.float32))
    grads = []
    for keep in (True, False):
        model.keep = keep
        model.zero_grad()
        loss = decoder.loss(model(*inputs), target)
        loss.backward()
        assert math.isfinite(float(loss))
        grads.append(model.layers[0].qkv.weight.grad.clone())
    assert torch.allclose(*grads)


@pytest.mark.thorough
def test_the_tensorflow_set_has_the_zoo_s_parameters():
    """A ResNet is trained, and held to it, in test_bench_cpu.py."""
    tf = pytest.importorskip("tensorflow", reason="needs TensorFlow: pip install tensorflow-cpu")
    from whichgpu.bench.worker import keras_models, tensorflow_job

    for name in ("inception-v3", "googlenet"):
        item = resolve(name)
        model = keras_models.build(tf, item.family, item.dims, (75, 75), channels_first=False)
        held = tensorflow_job._agreement(tf, item, model)
        assert held["parameters"] == held["traced_parameters"]


def test_what_a_pass_calls_is_what_is_compiled(monkeypatch):
    """A compiler that nobody calls would leave a row that says torch.compile and is not."""
    from types import SimpleNamespace

    from whichgpu.bench.models import decoder
    from whichgpu.bench.worker import steps

    # Which modules are: the compiler itself takes ten seconds to load.
    monkeypatch.setattr(torch, "compile", lambda called, **_: called)

    def compiled(code, module, trains):
        asked = SimpleNamespace(code=code, job=SimpleNamespace(trains=trains), option=lambda _: "true")
        steps._compile(asked, module)
        return {name for name, part in module.named_modules() if part._compiled_call_impl is not None}

    dims = {"hidden": 16, "heads": 2, "encoder": 1, "decoder": 1, "mels": 8, "vocab": 33, "positions": 8}
    assert compiled(decoder, decoder.build(TINY, "decode"), False) == {""}
    assert {"encoder.0", "decoder.0"} <= compiled(whisper, whisper.build(dims, "infer"), False)
    assert compiled(whisper, whisper.build(dims, "train"), True) == {""}


def test_a_processor_computes_in_fp32_unless_told():
    from whichgpu.bench.worker import torch_job

    asked = {"workload": "resnet50", "phase": "train"}
    assert torch_job._on_processor(asked)["precision"] == "fp32"
    assert torch_job._on_processor({**asked, "precision": "bf16"})["precision"] == "bf16"
    assert torch_job._is_processor(None, {"device": "cpu"})


@pytest.mark.parametrize("name", sorted(tasks.suites()))
def test_every_job_of_a_suite_is_one_that_is_built_here(name):
    """A list of hours on somebody's GPU has nothing that could not even begin."""
    from whichgpu.bench.worker import keras_models, micro, steps, torch_job

    for one in tasks.suite(name, tasks.Settings(device="cuda"), 8):
        if one["kind"] != "job":
            assert one["kind"] == "collective" or one["name"] in micro.RUNS
            continue
        item = resolve(one["workload"])
        assert item.complete(Job(one["workload"], phase=one["phase"])).phase == one["phase"]
        if one["framework"] == "tensorflow":
            assert item.family in keras_models.BUILDERS
            continue
        assert family_of(item)
        assert one["precision"] in torch_job.FORMATS
        assert set(one["options"]) <= steps.READ


@pytest.mark.parametrize("name", ["vision", "networks", "scaling"])
@pytest.mark.thorough(every=3)
def test_networks_of_a_suite_train_at_toy_size(name):
    """A batch norm refuses one value of a channel, which a small picture comes down to."""
    todo = tasks.suite(name, tasks.Settings(toy=True), 0)
    jobs = {one["workload"]: one for one in todo if one.get("phase") == "train" and one.get("height")}
    for workload, one in jobs.items():
        item = resolve(workload)
        if item.unit != "images":
            continue
        columns = {key: one[key] for key in ("phase", "batch", "height", "width")}
        with torch.device("meta"):
            module = family_of(item).build(item.dims, "train").train()
            inputs, _ = family_of(item).batch(item.dims, size_of(Job(workload, **columns)), META)
            module(*inputs)
