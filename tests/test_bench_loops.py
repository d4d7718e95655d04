"""Logs of training loops, of llama.cpp and Ollama, of TGI, and the table that AIPerf prints."""

from __future__ import annotations

import json

import pytest

from whichgpu.bench import imports
from whichgpu.hardware.catalogue import catalogue

TIMM = """\
Training in distributed mode with multiple processes, 1 device per process. Process 0, total 2, device cuda:0.
Model vit_base_patch16_224 created, param count:86567656
Using native Torch AMP. Training in mixed precision.
Train: 0 [   0/625 (  0%)]  Loss: 6.9 (6.9)  Time: 3.0s,  170.66/s  (3.0s,  170.66/s)  LR: 1e-05  Data: 1.0 (1.0)
Train: 0 [ 624/625 (100%)]  Loss: 6.5 (6.7)  Time: 0.4s, 1280.00/s  (0.5s, 1024.00/s)  LR: 1e-05  Data: 0.0 (0.0)
"""  # noqa: E501
YOLO = """\
Ultralytics 8.3.0 Python-3.11.9 torch-2.4.0+cu121 CUDA:0 (NVIDIA GeForce RTX 3080, 12051MiB)
engine/trainer: task=detect, mode=train, model=yolov8s.pt, data=coco.yaml, batch=32, imgsz=640, amp=True
      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size
        1/3      7.61G        1.3        1.7        1.2        142        640: 100%|####| 3697/3697 [10:00<00:00,  3.00it/s]
                 Class     Images  Instances      Box(P          R      mAP50): 100%|####| 79/79 [00:11<00:00,  7.3it/s]
        2/3      7.61G        1.2        1.5        1.2        120        640: 100%|####| 3697/3697 [08:00<00:00,  4.00it/s]
"""  # noqa: E501
KERAS = """\
Epoch 1/3
100/100 [==============================] - 41s 300ms/step - loss: 1.8 - accuracy: 0.33
Epoch 2/3
100/100 [==============================] - 20s 200ms/step - loss: 1.4 - accuracy: 0.49
Epoch 3/3
 57/100 [=======>......................] - ETA: 9s - loss: 1.3
"""
NANOGPT = """\
tokens per iteration will be: 120,000
compiling the model... (takes a ~minute)
iter 0: loss 10.9, time 30000.00ms, mfu -100.00%
iter 10: loss 9.4, time 2000.00ms, mfu 41.3%
iter 20: loss 8.9, time 2500.00ms, mfu 41.3%
iter 30: loss 8.5, time 3000.00ms, mfu 41.3%
iter 40: loss 8.4, time 25"""
TORCHTUNE = """\
batch_size: 4
dtype: bf16
gradient_accumulation_steps: 2
model:
  _component_: torchtune.models.llama3_1.qlora_llama3_1_8b
  lora_rank: 16
Step 1 | loss:1.5 lr:1e-06 tokens_per_second_per_gpu:900.0 peak_memory_active:9.8
Step 2 | loss:1.4 lr:2e-06 tokens_per_second_per_gpu:1500.0 peak_memory_active:9.8
"""
LIGHTNING = """\
Using bfloat16 Automatic Mixed Precision (AMP)
You are using a CUDA device ('NVIDIA GeForce RTX 4090') that has Tensor Cores.
Epoch 0: 100%|####| 500/500 [01:40<00:00,  5.00it/s, v_num=0, train_loss=6.1]
Validation DataLoader 0: 100%|####| 900/900 [00:10<00:00, 90.0it/s]
Epoch 1:  50%|##  | 250/500 [00:40<00:40,  6.00it/s, v_num=0, train_loss=5.1]
"""
KOHYA = "steps:  43%|####    | 690/1600 [20:00<26:00,  1.60s/it, avr_loss=0.11]\n"
VALIDATE = """\
Validating in mixed precision with native PyTorch AMP.
Model resnet50 created, param count: 25557032
Test: [ 190/196]  Time: 0.120s (0.250s, 1024.00/s)  Loss:  1.2 (0.9)  Acc@1: 70.1 ( 80.1)
"""
MEGATRON = """\
iteration 10/ 500 | elapsed time per iteration (ms): 25000.0 | global batch size:   512 | lm loss: 1.0E+01 |
iteration 20/ 500 | elapsed time per iteration (ms): 16000.0 | global batch size:   512 | lm loss: 9.0E+00 |
"""
DRAWN = """\
Ultralytics 8.3.210 Python-3.12 torch-2.8.0+cu128 CUDA:0 (NVIDIA L4, 22563MiB)
engine/trainer: task=detect, mode=train, model=yolov8m.pt, data=coco.yaml, batch=16, imgsz=640, amp=True
        1/2       7.1G      1.3      1.7        142        640: 100% \u2501\u2501\u2501\u2501 7393/7393 3.0it/s 41:04
                 Class     Images  Instances      Box(P          R      mAP50): 100% \u2501\u2501\u2501\u2501 157/157 9.1it/s 17.2s
        2/2       7.1G      1.2      1.5        120        640: 100% \u2501\u2501\u2501\u2501 7393/7393 4.0it/s 30:48
"""  # noqa: E501
LITGPT = """\
Epoch 1 | iter 32 step 8 | loss train: 1.100, val: n/a | iter time: 400.00 ms (step)
Epoch 1 | iter 64 step 16 | loss train: 1.000, val: n/a | iter time: 200.00 ms (step)
Epoch 1 | iter 96 step 24 | loss train: 0.900, val: n/a | iter time: 200.00 ms (step)
"""
TWO = """\
Ultralytics 8.2.0 Python-3.10 torch-2.3.0 CUDA:0 (Tesla T4, 15102MiB)
                                          CUDA:1 (Tesla T4, 15102MiB)
engine/trainer: task=detect, mode=train, model=yolov8m.pt, data=coco.yaml, batch=32, imgsz=640, amp=True
        1/1      10.1G      1.3      1.7        142        640: 100%|####| 3697/3697 [30:48<00:00,  2.00it/s]
"""
VLLM = """\
INFO Engine 000: Avg prompt throughput: 4012.3 tokens/s, Avg generation throughput: 1000.0 tokens/s, Running: 64 reqs,
INFO Engine 000: Avg prompt throughput: 4102.3 tokens/s, Avg generation throughput: 1100.0 tokens/s, Running: 62 reqs,
INFO Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 12.0 tokens/s, Running: 1 reqs,
"""  # noqa: E501
SGLANG = """\
server_args=ServerArgs(model_path='Qwen/Qwen2.5-7B-Instruct', tp_size=2)
Decode batch. #running-req: 32, #token: 9000, gen throughput (token/s): 1500.5, #queue-req: 0
"""
LLAMA = """\
ggml_cuda_init: found 1 CUDA devices (Total VRAM: 11903 MiB):
  Device 0: NVIDIA GeForce RTX 3060, compute capability 8.6, VMM: yes
llama_model_loader: loaded meta data with 22 key-value pairs from /m/Meta-Llama-3-8B-Instruct.Q4_K_M.gguf
print_info: file type   = Q4_K - Medium
load_tensors: offloaded 20/33 layers to GPU
prompt eval time =     400.00 ms /   500 tokens (    0.80 ms per token,  1250.00 tokens per second)
       eval time =    5000.00 ms /   200 tokens (   25.00 ms per token,    40.00 tokens per second)
prompt eval time =      20.00 ms /     1 tokens (   20.00 ms per token,    50.00 tokens per second)
       eval time =    5000.00 ms /   100 tokens (   50.00 ms per token,    20.00 tokens per second)
"""
OLLAMA = """\
$ ollama run llama3.1:8b --verbose
prompt eval count:    400 token(s)
prompt eval duration: 200ms
eval count:           300 token(s)
eval duration:        1m15s
"""
AIPERF = """\
\u2503                Metric \u2503      avg \u2503    min \u2503
\u2502   Time to First Token \u2502    45.00 \u2502  30.10 \u2502
\u2502                  (ms) \u2502          \u2502        \u2502
\u2502       Request Latency \u2502 1,500.00 \u2502 900.10 \u2502
\u2502 Output Token Throughput (per sec) \u2502 800.00 \u2502 N/A \u2502
"""


def read(tmp_path, text, name="run.log", **stated):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return imports.load([path], stated, catalogue())


def cells(found, *names):
    return [tuple(one.row[name] for name in names) for one in found.records]


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        (TIMM, {"gpu": "a100-40gb-sxm"},
         {"workload": "vit-base-patch16-224", "n_gpus": "2", "batch": "256", "precision": "amp-fp16",
          "unit": "samples/s", "value": "1024"}),
        (YOLO, {}, {"workload": "yolov8s", "gpu": "rtx-3080-12gb", "batch": "32", "value": "128"}),
        (YOLO, {"gpu": "rtx-3090:2"}, {"n_gpus": "2", "batch": "16", "value": "128"}),
        (KERAS, {"gpu": "t4", "workload": "resnet50", "batch": 64}, {"runtime": "Keras", "value": "320"}),
        (NANOGPT, {"gpu": "a100-40gb-sxm", "workload": "gpt2"},
         {"unit": "tokens/s", "value": "48000", "options": "compile=True"}),
        (TORCHTUNE, {"gpu": "l4:2"},
         {"workload": "llama-3.1-8b", "phase": "finetune_qlora", "value": "3000", "precision": "bf16",
          "options": "lora_rank=16;grad_accum=2"}),
        (LIGHTNING, {"workload": "resnet50", "batch": 100},
         {"gpu": "rtx-4090", "precision": "amp-bf16", "value": "500"}),
        (VALIDATE, {"gpu": "l4"}, {"phase": "infer", "batch": "256", "value": "1024"}),
        (MEGATRON, {"gpu": "a100-80gb-sxm:8", "workload": "gpt-1.3b", "seq_len": 1000},
         {"n_gpus": "8", "unit": "tokens/s", "value": "32000", "options": "global_batch=512"}),
        (TWO, {}, {"gpu": "t4", "n_gpus": "2", "batch": "16", "value": "64"}),
        (LITGPT, {"gpu": "l4", "workload": "llama-3.2-1b", "phase": "finetune_lora", "batch": 4},
         {"unit": "samples/s", "value": "20", "phase": "finetune_lora"}),
        (KOHYA, {"workload": "sdxl", "gpu": "rtx-4090", "batch": 2, "options": {"grad_accum": "4"}},
         {"value": "5", "options": "grad_accum=4"}),
        (DRAWN, {}, {"gpu": "l4", "batch": "16", "value": "64"}),
        ("batch size per device / batch: 4\n  gradient accumulation steps / a: 2\n" + KOHYA,
         {"workload": "sdxl", "gpu": "l4"}, {"batch": "4", "options": "grad_accum=2", "value": "5"}),
        (VLLM, {"gpu": "l40s", "workload": "llama-3.1-8b"},
         {"phase": "serve", "concurrency": "63", "value": "1050", "runtime": "vllm"}),
        (SGLANG, {"gpu": "l40s"}, {"workload": "qwen2.5-7b", "tp": "2", "n_gpus": "2", "value": "1500.5"}),
        (KOHYA, {"workload": "sdxl", "gpu": "rtx-4090", "batch": 2}, {"phase": "train", "value": "1.25"}),
    ],
)  # fmt: skip
def test_a_log_of_a_training_loop(tmp_path, text, stated, expected):
    (record,) = read(tmp_path, text, **stated).records
    assert {name: record.row[name] for name in expected} == expected


def test_steps_are_no_items_without_a_batch(tmp_path):
    fault = next(iter(read(tmp_path, KOHYA, workload="sdxl", gpu="rtx-4090").faults.values()))
    assert "--batch" in fault


@pytest.mark.parametrize("text", [TIMM[:230], NANOGPT[:90], YOLO[:260], KERAS[:11]])
def test_a_loop_that_was_cut_off_before_a_step(tmp_path, text):
    found = read(tmp_path, text, workload="resnet50", gpu="t4", batch=8)
    assert not found.records
    assert found.faults


def test_requests_of_llama_cpp(tmp_path):
    found = read(tmp_path, LLAMA)
    assert cells(found, "workload", "gpu", "phase", "precision", "options", "value") == [
        ("llama-3-8b", "rtx-3060-12gb", "prefill", "q4_k_m", "n_gpu_layers=20", "1250"),
        ("llama-3-8b", "rtx-3060-12gb", "decode", "q4_k_m", "n_gpu_layers=20", "30"),
    ]
    assert any("20 of 33 layers" in one for one in found.notes)


def test_requests_of_ollama(tmp_path):
    stated = {"gpu": "l4", "precision": "q4_k_m"}
    assert cells(read(tmp_path, OLLAMA, **stated), "workload", "runtime", "value") == [
        ("llama-3.1-8b", "Ollama", "2000"), ("llama-3.1-8b", "Ollama", "4")]  # fmt: skip
    answer = {"model": "llama3.1:8b", "prompt_eval_count": 400, "prompt_eval_duration": 200000000,
              "eval_count": 300, "eval_duration": 75000000000}  # fmt: skip
    found = read(tmp_path, json.dumps(answer), **stated)
    assert cells(found, "workload", "value") == [("llama-3.1-8b", "2000"), ("llama-3.1-8b", "4")]


def test_a_line_of_csv_that_was_cut_off(tmp_path):
    head = "build_commit,gpu_info,model_filename,model_type,n_prompt,n_gen,avg_ts,stddev_ts\n"
    line = "a,Tesla T4,mistral-7b-v0.1.Q4_0.gguf,llama 7B Q4_0,512,0,768.2,3.1\n"
    found = read(tmp_path, head + line + line[: line.index("8.2,")])
    assert cells(found, "workload", "value") == [("mistral-7b-v0.1", "768.2")]
    assert any("cut off" in one for one in found.notes)


@pytest.mark.parametrize(
    "text", ["loss " + "ab 12% 3/4 " * 9000, "loss " + "1" * 60000, "1/2 [" + "=" * 60000]
)
def test_a_long_line_is_no_log(tmp_path, text):
    assert read(tmp_path, text, workload="resnet50", gpu="t4", batch=8).faults


def test_a_table_with_decimal_commas(tmp_path):
    text = "build_commit;gpu_info;model_filename;model_type;n_prompt;n_gen;avg_ts;stddev_ts\n"
    found = read(tmp_path, text + "a;NVIDIA L4;Meta-Llama-3-8B.Q4_0.gguf;llama 8B Q4_0;512;0;2410,5;3,1\n")
    assert cells(found, "workload", "gpu", "value") == [("llama-3-8b", "l4", "2410.5")]


def test_a_scrape_of_llama_cpp(tmp_path):
    text = "llamacpp:tokens_predicted_total 8000\nllamacpp:tokens_predicted_seconds_total 200\n"
    found = read(tmp_path, text, workload="llama-3.1-8b", gpu="l4")
    assert cells(found, "metric", "value", "runtime") == [("tpot", "25", "llama.cpp")]


def test_what_aiperf_prints(tmp_path):
    found = read(tmp_path, AIPERF, workload="llama-3.1-8b", gpu="h100-80gb-sxm")
    assert cells(found, "metric", "value") == [("throughput", "800"), ("ttft", "45"), ("latency", "1500")]


def test_scrapes_of_tgi(tmp_path):
    def scrape(time, requests):
        sums = {"generated_tokens_sum": 200, "generated_tokens_count": 1, "input_length_sum": 300,
                "duration_sum": 5, "duration_count": 1}  # fmt: skip
        lines = [f"tgi_request_{name} {each * requests}\n" for name, each in sums.items()]
        return f"# scraped {time}\n" + "".join(lines)

    found = read(tmp_path, scrape(100, 10) + scrape(160, 130), workload="mistral-7b", gpu="a10g")
    assert cells(found, "metric", "runtime", "input_tokens", "output_tokens", "value") == [
        ("throughput", "tgi", "300", "200", "400"), ("latency", "tgi", "300", "200", "5000")]  # fmt: skip
