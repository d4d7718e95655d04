"""What programs print of their steps and answers; figures made up, layouts as these programs have them."""

from __future__ import annotations

import pytest

from tests.test_bench_links import NVBANDWIDTH as NVBANDWIDTH
from tests.test_bench_loops import cells, read

STATED = {"workload": "resnet50", "gpu": "a100-40gb-sxm"}
LLM = {"workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm"}
NCCL = """\
# nThread 1 nGpus 2 minBytes 0 maxBytes 1073741824 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1 validation: 1
# Using devices
#  Rank  0 Group  0 Pid   1721 on      node1 device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid   1721 on      node1 device  1 [0000:43:00] NVIDIA H100 80GB HBM3
#
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
           0             0     float     sum      -1    10.10    0.00    0.00      0    10.10    0.00    0.00      0
  1073741824     268435456     float     sum      -1    12000   89.48   89.48      0    11990   89.55   89.55    N/A
# Avg bus bandwidth    : 89.515
"""  # noqa: E501
TABBY = """\
INFO:     Metrics (ID: 3a1f): 512 tokens generated in 9.21 seconds (Queue: 0.0 s, Process: 0 cached tokens and 2048 new
"""  # noqa: E501
TABBY = TABBY.rstrip() + " tokens at 1911.32 T/s, Generate: 62.81 T/s, Context: 2048 tokens)\n"
#: vLLM tells in a dictionary what its command set.
DICTIONARY = """\
INFO non-default args: {'model_tag': 'mistralai/Mistral-7B-v0.3', 'model': 'm', 'tensor_parallel_size': 2}
INFO Engine 000: Avg prompt throughput: 1.0 tokens/s, Avg generation throughput: 900.5 tokens/s, Running: 16 reqs, Wait
"""  # noqa: E501
BATCHED = """\
main: n_kv_max = 8192, n_batch = 2048, n_ubatch = 512, flash_attn = 1, is_pp_shared = 0, n_gpu_layers = 99
|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
|   512 |    128 |    1 |    640 |    0.109 |  4697.25 |    1.022 |   125.24 |    1.131 |   565.87 |
|   512 |    128 |    8 |   5120 |    0.801 |  5113.61 |    1.911 |   535.84 |    2.712 |  1887.90 |
"""
BATCHED_JSON = """\
{"n_kv_max": 8192, "is_pp_shared": 1, "pp": 512, "tg": 128, "pl": 8, "speed_pp": 4700.5,\
 "t_tg": 1.9, "speed_tg": 535.5, "t": 2.0, "speed": 700.5}
"""
ARGS = """\
args: {'input_len': 256, 'output_len': 64, 'model': 'Qwen/Qwen2.5-7B-Instruct'}
Avg latency: 0.5 seconds
"""
TYPED = """\
$ vllm bench latency --model Qwen/Qwen2.5-7B --input-len 99 --batch-size 4
Avg latency: 0.5 seconds
"""
FOOOCUS = """\
[Fooocus] Preparing Fooocus text #1 ...
100%|####| 30/30 [00:09<00:00,  3.10it/s]
100%|####| 30/30 [00:06<00:00,  4.61it/s]
Image generated with private log at: /x
"""
IMAGENET = """\
=> creating model 'resnet18'
Epoch: [0][  1/5005]\tTime 12.000 (12.000)\tData  8.000 ( 8.000)\tLoss 7.0 (7.0)\tAcc@1   0.00 (  0.00)
Epoch: [0][ 11/5005]\tTime  0.250 ( 1.500)\tData  0.001 ( 0.700)\tLoss 7.0 (7.0)\tAcc@1   0.00 (  0.00)
Epoch: [0][ 21/5005]\tTime  0.200 ( 0.900)\tData  0.001 ( 0.300)\tLoss 7.0 (7.0)\tAcc@1   0.00 (  0.00)
Epoch: [0][ 31/5005]\tTime  0.300 ( 0.700)\tData  0.001 ( 0.200)\tLoss 7.0 (7.0)\tAcc@1   0.00 (  0.00)
Test: [ 1/196]\tTime  0.010 ( 0.010)\tLoss 1.0 (1.0)
"""
APEX = """\
=> creating model 'resnet50'
Epoch: [0][10/5005]\tTime 2.000 (2.000)\tSpeed 512.000 (512.000)\tLoss 6.9 (7.0)
Epoch: [0][20/5005]\tTime 0.500 (1.200)\tSpeed 2048.000 (850.000)\tLoss 6.9 (7.0)
"""
#: Of two processes.
RANKS = IMAGENET.replace("Test", "=> nothing").split("Epoch")
RANKS = RANKS[0] + "".join(2 * ("Epoch" + line) for line in RANKS[1:])
REFERENCE = """\
Epoch: [0]  [ 10/1251]  eta: 0:12:11  lr: 0.5  img/s: 100.0  loss: 6.9 (6.9)  time: 2.0000  data: 1.0336  max mem: 2
Epoch: [0]  [ 20/1251]  eta: 0:12:11  lr: 0.5  img/s: 801.0  loss: 6.9 (6.9)  time: 0.3200  data: 0.0036  max mem: 2
"""  # noqa: E501
DEEPSPEED = """\
  train_micro_batch_size_per_gpu .... 8
[timer.py:199:stop] epoch=0/micro_step=1/global_step=1, RunningAvgSamplesPerSec=10.5, CurrSamplesPerSec=10.0, Mem=1GB
[timer.py:199:stop] epoch=0/micro_step=2/global_step=2, RunningAvgSamplesPerSec=70.5, CurrSamplesPerSec=72.0, Mem=1GB
"""  # noqa: E501
NEMO = """\
Training epoch 0, iteration 0/99 | lr: 1e-07 | global_batch_size: 128 | global_step: 0 | train_step_timing in s: 22.31
Training epoch 0, iteration 1/99 | lr: 2e-07 | global_batch_size: 128 | global_step: 1 | train_step_timing in s: 8.000
"""  # noqa: E501
MMDET = """\
    samples_per_gpu=2,
2021-07-05 10:12:10,111 - mmdet - INFO - Epoch [1][50/7330]\tlr: 1.9e-03, eta: 12:11:01, time: 0.5, data_time: 0.062
2021-07-05 10:12:31,111 - mmdet - INFO - Epoch [1][100/7330]\tlr: 3.9e-03, eta: 10:51:01, time: 0.4, data_time: 0.01
"""  # noqa: E501
MMENGINE = """\
07/05 10:12:10 - mmengine - INFO - Epoch(train)  [1][  50/7330]  lr: 1.9e-03  eta: 12:11:01  time: 0.5  data_time: 0.06
07/05 10:12:31 - mmengine - INFO - Epoch(train)  [1][ 100/7330]  lr: 3.9e-03  eta: 10:51:01  time: 0.4  data_time: 0.01
07/05 10:12:31 - mmengine - INFO - Epoch(val)  [1][ 100/7330]  eta: 10:51:01  time: 0.1  data_time: 0.01
"""  # noqa: E501
DETECTRON = """\
  IMS_PER_BATCH: 16
[07/09 11:01:22 d2.utils.events]:  eta: 9:11:01  iter: 19  total_loss: 5.1  time: 0.5  last_time: 0.3  data_time: 0.1
[07/09 11:01:30 d2.utils.events]:  eta: 9:01:01  iter: 39  total_loss: 2.1  time: 0.4  last_time: 0.1  data_time: 0.0
"""  # noqa: E501
FAIRSEQ = """\
INFO | fairseq_cli.train | training on 8 devices (GPUs/TPUs)
INFO | train_inner | epoch 001: 100 / 3712 loss=13.2, wps=90000, ups=2.8, wpb=35139, bsz=1200, num_updates=100
INFO | train_inner | epoch 001: 200 / 3712 loss=11.2, wps=105,000.5, ups=2.9, wpb=35201, bsz=1210, num_updates=200
"""  # noqa: E501
MASKRCNN = """\
maskrcnn_benchmark.trainer INFO: eta: 0:17:37  iter: 87940  loss: 0.6097 (0.9191)  time: 0.5063 (0.5000)  data: 0.0
"""  # noqa: E501
SLIM = """\
INFO:tensorflow:global step 1: loss = 79.3501 (57.126 sec/step)
INFO:tensorflow:global step 2: loss = 72.8609 (0.500 sec/step)
"""
OLD_FAIRSEQ = "| epoch 010  2000 / 8223 loss=1.27 (1.50), wps=962, wpb=908, bsz=32, lr=0.001, clip=100%\n"
OLD_ORT = "Total time cost: 58.8053\nTotal iterations: 1000\nAverage time cost:58.5 ms\n"
TITAN = """\
step:  1  loss:  8.2  memory: 20.1GiB(25%)  tps: 1,234  tflops: 20.0  mfu: 5%
step: 10  loss:  7.2  memory: 20.1GiB(25%)  tps: 7,000  tflops: 90.0  mfu: 30%
"""
HOROVOD = """\
Model: resnet50
Batch size: 32
Number of GPUs: 4
Img/sec per GPU: 312.2 +-3.1
Total img/sec on 4 GPU(s): 1248.8 +-12.4
"""
OFFLINE = """\
====== Offline Throughput Benchmark Result =======
Backend:                                 engine
Successful requests:                     100
Total input tokens:                      51200
Total generated tokens:                  12800
Last generation throughput (tok/s):      3211.10
Output token throughput (tok/s):         3628.12
==================================================
"""
ONE_BATCH = """\
Warmup ...
Prefill. latency: 0.5 s, throughput:  4096.0 token/s
Decode.  median latency: 0.02 s, median throughput:    100.0 token/s
Benchmark ...
Prefill. latency: 0.04 s, throughput:  51200.0 token/s
Decode 0. Batch size: 2, latency: 0.00820 s, throughput:    243.90 token/s
Decode.  median latency: 0.008 s, median throughput:    250.0 token/s
Total. latency:  0.169 s, throughput:  12308.0 token/s
"""
THROUGHPUT = """\
Throughput: 10.00 requests/s, 6400.00 total tokens/s, 1280.00 output tokens/s
Total num prompt tokens:  51200
Total num output tokens:  12800
"""
LATENCY = """\
Namespace(input_len=64, output_len=16, batch_size=4, model='meta-llama/Llama-2-7b-hf', tensor_parallel_size=2)
Avg latency: 1.5 seconds
10% percentile latency: 1.2 seconds
"""
MANAGER = """\
[BENCHMARK] num_samples 1000
[BENCHMARK] token_throughput(token/sec) 2451.20
[BENCHMARK] avg_sequence_latency(ms) 26811.50
"""
SESSION = (
    "[BENCHMARK] batch_size 8 input_length 128 output_length 64 latency(ms) 1402.25 tokensPerSec 730.26\n"
)
WHISPER = """\
whisper_init_from_file_with_params_no_state: loading model from 'models/ggml-large-v3-q5_0.bin'
  Device 0: Tesla T4, compute capability 7.5, VMM: yes
main: processing 'a.wav' (9600000 samples, 600.0 sec), 8 threads, 1 processors, 5 beams + best of 5, lang = en ...
whisper_print_timings:     load time =  2000.00 ms
whisper_print_timings:   encode time =  4033.72 ms /    22 runs (   183.35 ms per run)
whisper_print_timings:    total time = 52000.00 ms
"""  # noqa: E501
COMFY = """\
Device: cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync
got prompt
loaded completely 0.0 4897.0483474731445 True
100%|##########| 25/25 [00:04<00:00,  5.00it/s]
Prompt executed in 7.20 seconds
100%|##########| 25/25 [00:03<00:00,  8.00it/s]
 44%|####      | 11/25 [00:03<00:00,  9.00it/s]
"""
WEBUI = """\
Applying attention optimization: xformers... done.
100%|##########| 20/20 [00:40<00:00,  2.00s/it]
Total progress: 100%|##########| 20/20 [00:02<00:00,  7.31it/s]
"""
SDCPP = """\
[INFO ] stable-diffusion.cpp:1250 - sampling using Euler A method
  |====================>                             | 10/20 - 9.11it/s
  |==================================================| 20/20 - 3.11it/s
"""
LMDEPLOY = """\
concurrency: 256
elapsed_time: 10.000s
first token latency(s)(min, max, ave): 0.623, 12.899, 4.401
number of prompt tokens: 51200
number of completion tokens: 12800
token throughput (completion token): 1280.5 token/s
RPS (request per second): 10.001 req/s
"""
UNSLOTH = """\
O^O/ \\_/ \\    Batch size per device = 2 | Gradient Accumulation steps = 4
{'train_runtime': 462.1, 'train_samples_per_second': 1.04, 'train_steps_per_second': 0.13, 'train_loss': 0.99}
"""
AIPERF = """\
Metric,avg,min,max,p99
Time to First Token (ms),120.50,80.10,300.21,290.11
Request Latency (ms),1420.11,1300.10,1600.10,1590.1

Metric,Value
Output Token Throughput (tokens/sec),1440.21
"""
EXLLAMA = """\
 ** Length   512 tokens:  6101.11 t/s
 ** Position   128 + 127 tokens:  120.5 t/s
"""
MLX = "Prompt: 512 tokens, 1210.5 tokens-per-sec\nGeneration: 256 tokens, 88.5 tokens-per-sec\n"
MLC = "---- prefill ----\nthroughput: 5,321.5 tok/s\ntotal tokens: 9 tok\n---- decode ----\nthroughput: 102.5 tok/s\ntotal tokens: 256 tok\n"  # noqa: E501
KOBOLD = (
    "CtxLimit:41/4096, Amt:40/40, Process:0.50s (2.0ms/T = 500.00T/s), Generate:2.00s (50.0ms/T = 20.00T/s)\n"
)
TORCHBENCH = """\
Running train method from hf_Bert on cuda in eager mode with input batch size 32 and precision amp.
GPU Time per batch:    72.114 milliseconds
CPU Wall Time per batch:  80.301 milliseconds
"""
OPENVINO = """\
[ INFO ] Model batch size: 8
[Step 11/11] Dumping statistics report
[ INFO ] Execution Devices:['GPU.0']
[ INFO ]    Average:       21.40 ms
[ INFO ] Throughput:   1493.34 FPS
"""
ORT = """\
Average inference time cost total: 4.5 ms
Number of inferences per second: 200.5\x20
P50 Latency: 0.004 s
"""
VAL = """\
Ultralytics 8.2.50 Python-3.10 torch-2.3.0 CUDA:0 (NVIDIA GeForce RTX 3060, 12037MiB)
YOLOv8n summary (fused): 168 layers, 3151904 parameters, 0 gradients, 8.7 GFLOPs
Speed: 0.2ms preprocess, 2.0ms inference, 0.0ms loss, 0.8ms postprocess per image
"""
AI = """\
>>   AI-Benchmark-v.0.1.2
*  TF Version: 2.10.0
*  GPU/0: NVIDIA GeForce RTX 3090
1/19. MobileNet-V2

1.1 - inference | batch=50, size=224x224: 26.1 \u00b1 0.9 ms
1.2 - training  | batch=50, size=224x224: 120 \u00b1 3 ms
"""
REPORT = """\
==============NVSMI LOG==============
GPU 00000000:01:00.0
    Product Name                          : NVIDIA RTX A5000
    FB Memory Usage
        Total                             : 24564 MiB
        Used                              : 20480 MiB
    BAR1 Memory Usage
        Used                              : 7 MiB
    Utilization
        Gpu                               : 97 %
    GPU Power Readings
        Power Draw                        : 221.40 W
        Current Power Limit               : 230.00 W
"""
TIMM_CSV = """\
model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,param_count
resnet50,4312.5,237.46,1024,224,25.56
resnet18,9000.5,100.1,1024,2"""
TIMM_JSON = '--result\n{\n "model": "resnet50", "train_samples_per_sec": 1180.5, "train_batch_size": 256,\n "train_img_size": 224\n}\n'  # noqa: E501


TGI = """\
| Parameter          | Value                            |
|--------------------|----------------------------------|
| Model              | meta-llama/Llama-2-7b-chat-hf    |
| Sequence Length    | 500                              |
| Decode Length      | 100                              |
| Top N Tokens       | None                             |
| N Runs             | 10                               |
| Do Sample          | false                            |


| Step           | Batch Size | Average    | Lowest     | Highest    | p50        | p90        | p99        |
|----------------|------------|------------|------------|------------|------------|------------|------------|
| Prefill        | 1          | 31.83 ms   | 31.74 ms   | 31.94 ms   | 31.83 ms   | 31.94 ms   | 31.94 ms   |
|                | 8          | 142.74 ms  | 142.64 ms  | 142.93 ms  | 142.72 ms  | 142.93 ms  | 142.93 ms  |
| Decode (token) | 1          | 20.45 ms   | 20.40 ms   | 20.51 ms   | 20.45 ms   | 20.51 ms   | 20.51 ms   |
|                | 8          | 25.40 ms   | 25.35 ms   | 25.51 ms   | 25.40 ms   | 25.42 ms   |            |
| Decode (total) | 1          | 2024.55 ms | 2019.60 ms | 2030.49 ms | 2024.60 ms | 2030.40 ms | 2030.40 ms |
|                | 8          | 2514.60 ms | 2509.65 ms | 2525.49 ms | 2514.60 ms | 2516.58 ms | 2516.58 ms |


| Step    | Batch Size | Average            | Lowest             | Highest            |
|---------|------------|--------------------|--------------------|--------------------|
| Prefill | 1          | 31.42 tokens/secs  | 31.31 tokens/secs  | 31.51 tokens/secs  |
|         | 8          | 56.05 tokens/secs  | 55.97 tokens/secs  | 56.09 tokens/secs  |
| Decode  | 1          | 48.90 tokens/secs  | 48.76 tokens/secs  | 49.02 tokens/secs  |
|         | 8          | 314.96 tokens/secs | 313.60 tokens/secs | 315.58 tokens/secs |
"""


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        (IMAGENET, {"gpu": "t4", "batch": 256}, {"workload": "resnet18", "value": "1024", "phase": "train"}),
        (RANKS, {"gpu": "t4:2", "batch": 128}, {"n_gpus": "2", "value": "1024"}),
        (APEX, {"gpu": "t4"}, {"workload": "resnet50", "value": "2048"}),
        (REFERENCE, {**STATED, "batch": 256, "n_gpus": 4}, {"n_gpus": "4", "value": "3200"}),
        (REFERENCE, {**STATED, "n_gpus": 4}, {"value": "3204"}),
        (DEEPSPEED, {**LLM, "n_gpus": 8}, {"batch": "8", "value": "72", "runtime": "DeepSpeed"}),
        (NEMO, LLM, {"unit": "samples/s", "value": "16", "options": "global_batch=128"}),
        (NEMO, {**LLM, "seq_len": 2048}, {"unit": "tokens/s", "value": "32768"}),
        (MMDET, {**STATED, "n_gpus": 8}, {"batch": "2", "value": "40"}),
        (MMENGINE, {**STATED, "batch": 4}, {"value": "10"}),
        (DETECTRON, {**STATED, "n_gpus": 8}, {"value": "40"}),
        (FAIRSEQ, {**STATED}, {"n_gpus": "8", "unit": "tokens/s", "value": "105000.5"}),
        (MASKRCNN, {**STATED, "batch": 4}, {"value": "8"}),
        (SLIM, {**STATED, "batch": 4}, {"value": "8", "runtime": "TensorFlow"}),
        (OLD_FAIRSEQ, STATED, {"value": "962", "unit": "tokens/s"}),
        (OLD_ORT, {**STATED, "batch": 1}, {"metric": "latency", "value": "58.5"}),
        (TITAN, {**LLM, "n_gpus": 8}, {"phase": "pretrain", "unit": "tokens/s", "value": "56000"}),
        (HOROVOD, {"gpu": "t4"}, {"n_gpus": "4", "batch": "32", "value": "1248.8"}),
        ("Epoch[0] Batch [20]\tSpeed: 1.0 samples/sec\nEpoch[0] Batch [40]\tSpeed: 90.0 samples/sec\n",
         STATED, {"runtime": "MXNet", "value": "90"}),
        ("Iter 1: Train loss 2, It/sec 1, Tokens/sec 100, Trained Tokens 1\n"
         "Iter 9: Train loss 2, It/sec 1, Tokens/sec 150, Trained Tokens 2\n", LLM,
         {"phase": "finetune_lora", "value": "150"}),
        (WHISPER, {}, {"workload": "whisper-large-v3", "gpu": "t4", "value": "12", "options": "beam=5"}),
        ("100%|###| 6000/6000 [00:01<00:00, 4800.00frames/s]\n", {**STATED, "workload": "whisper-small"},
         {"unit": "audio seconds/s", "value": "48"}),
        (COMFY, {"workload": "sdxl"},
         {"gpu": "rtx-4090", "steps": "25", "metric": "iterations_per_s", "value": "8"}),
        (WEBUI, {"workload": "sd-1.5", "gpu": "t4"}, {"steps": "20", "value": "0.5"}),
        (SDCPP, {"workload": "sd-1.5", "gpu": "t4"}, {"steps": "20", "value": "3.11"}),
        (UNSLOTH, LLM, {"batch": "2", "options": "grad_accum=4", "value": "1.04"}),
        (FOOOCUS, {"workload": "sdxl", "gpu": "t4"}, {"runtime": "Fooocus", "steps": "30", "value": "4.61"}),
        (ARGS,
         {"gpu": "l40s"}, {"workload": "qwen2.5-7b", "input_tokens": "256", "output_tokens": "64",
                           "concurrency": "8", "value": "500"}),
        (TYPED,
         {"gpu": "l40s"}, {"input_tokens": "99", "output_tokens": "128", "concurrency": "4"}),
        (DICTIONARY, {"gpu": "l40s"},
         {"workload": "mistral-7b", "tp": "2", "n_gpus": "2", "concurrency": "16", "value": "900.5"}),
        (OFFLINE, LLM,
         {"concurrency": "max", "runtime": "sglang", "input_tokens": "512", "value": "3628.12"}),
        (THROUGHPUT, LLM, {"input_tokens": "512", "output_tokens": "128", "value": "1280"}),
        (LATENCY, {"gpu": "t4"},
         {"workload": "llama-2-7b", "input_tokens": "64", "concurrency": "4", "tp": "2", "value": "1500"}),
        (TORCHBENCH, {"gpu": "t4"}, {"workload": "bert-base", "batch": "32", "precision": "amp-fp16",
                                     "metric": "latency", "value": "72.114"}),
        (OPENVINO, STATED, {"batch": "8", "runtime": "OpenVINO", "value": "1493.34"}),
        (VAL, {}, {"workload": "yolov8n", "gpu": "rtx-3060-12gb", "value": "500"}),
        (TIMM_CSV, {"gpu": "t4"}, {"workload": "resnet50", "batch": "1024", "value": "4312.5"}),
        (TIMM_JSON, {"gpu": "t4"}, {"phase": "train", "batch": "256", "value": "1180.5"}),
        ("Benchmarking in bfloat16 precision. NHWC layout. torchscript disabled\n" + TIMM_JSON, {"gpu": "l4"},
         {"precision": "bf16", "options": "layout=nhwc", "value": "1180.5"}),
        ("Train benchmark of resnet50 done. 812.5 samples/sec, 3.1 ms/step\n", {"gpu": "t4"},
         {"workload": "resnet50", "phase": "train", "value": "812.5"}),
    ],
)  # fmt: skip
def test_a_figure_that_is_printed(tmp_path, text, stated, expected):
    (record,) = read(tmp_path, text, **stated).records
    assert {name: record.row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "stated", "expected"),
    [
        (ONE_BATCH, LLM, [("prefill", "51200"), ("decode", "250")]),
        (AIPERF, LLM, [("serve", "1440.21"), ("serve", "120.5"), ("serve", "1420.11")]),
        (LMDEPLOY, LLM, [("serve", "1280.5"), ("serve", "4401")]),
        (MANAGER, LLM, [("serve", "2451.2"), ("serve", "26811.5")]),
        (SESSION, LLM, [("serve", "730.26"), ("serve", "1402.25")]),
        (BATCHED, LLM, [("prefill", "4697.25"), ("decode", "125.24"), ("prefill", "5113.61"),
                        ("decode", "535.84")]),
        (TABBY, LLM, [("prefill", "1911.32"), ("decode", "62.81")]),
        (EXLLAMA, LLM, [("prefill", "6101.11"), ("decode", "120.5")]),
        (MLX, LLM, [("prefill", "1210.5"), ("decode", "88.5")]),
        (MLC, LLM, [("prefill", "5321.5"), ("decode", "102.5")]),
        (KOBOLD, LLM, [("prefill", "500"), ("decode", "20")]),
        (ORT, {**STATED, "batch": 2}, [("infer", "4.5"), ("infer", "401")]),
        (AI, {}, [("infer", "26.1"), ("train", "120")]),
        (TGI, {"gpu": "a10"},
         [("prefill", "31.83"), ("prefill", "142.74"), ("decode", "20.45"), ("decode", "25.4")]),
        (REPORT, {"workload": "resnet50", "phase": "train"},
         [("train", "221.4"), ("train", "97"), ("train", "20")]),
    ],
)  # fmt: skip
def test_figures_that_are_printed(tmp_path, text, stated, expected):
    assert cells(read(tmp_path, text, **stated), "phase", "value") == expected


def test_a_table_of_nccl_tests(tmp_path):
    """What was exchanged is in the command or the file's name; a sum over all is told by its elements."""
    bus, spent = (one.row for one in read(tmp_path, NCCL).records)
    assert (bus["workload"], bus["gpu"], bus["n_gpus"]) == ("micro/all_reduce", "h100-80gb-sxm", "2")
    assert bus["options"] == "bytes=1073741824;type=float;backend=nccl"
    assert (bus["value"], spent["value"], spent["unit"]) == ("89.48", "12000", "us")
    (stated, _) = read(tmp_path, NCCL, workload="llama-2-70b").records
    assert stated.row["workload"] == "micro/all_reduce", (
        "it is of the device, whatever the other files are of"
    )
    # Of a scattered sum a rank has a share of the elements.
    share = NCCL.replace("268435456", "134217728")
    assert "name the file" in next(iter(read(tmp_path, share).faults.values()))
    # A line that was cut off has its figures elsewhere.
    assert not read(tmp_path, NCCL[: NCCL.index("   89.55")] + "   89.5", "all_reduce_perf.txt").records
    named = [
        read(tmp_path, share, "reduce_scatter_perf.txt"),
        read(tmp_path, "$ mpirun ./build/alltoall_perf -b 8 -e 1G\n" + share),
    ]
    assert [one.records[0].row["workload"] for one in named] == ["micro/reduce_scatter", "micro/all_to_all"]


def test_sequences_that_share_a_prompt_have_one(tmp_path):
    found = read(tmp_path, BATCHED_JSON, **LLM)
    assert cells(found, "phase", "batch", "value") == [("prefill", "1", "4700.5"), ("decode", "8", "535.5")]
    assert cells(read(tmp_path, BATCHED, **LLM), "batch")[2:] == [("8",), ("8",)]


def test_a_table_of_tgi_without_its_parameters_asks_for_lengths(tmp_path):
    found = read(tmp_path, TGI[TGI.index("| Step") :], gpu="a10", workload="llama-2-7b")
    assert len(found.records) == 4
    assert "add --input-tokens and --output-tokens" in found.notes[0]
    # Equal neighbours of a column are one cell: what is empty is as above.
    merged = TGI.replace("25.40 ms   | 25.35 ms", "           | 25.35 ms", 1)
    assert cells(read(tmp_path, merged, gpu="a10"), "phase", "batch", "value")[-1] == ("decode", "8", "20.45")


def test_a_table_of_timm_is_named_after_what_ran(tmp_path):
    found = read(tmp_path, TIMM_CSV + "24,9.9\n", "benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv")
    assert cells(found, "workload", "gpu", "precision", "options", "runtime") == [
        (one, "rtx-4090", "amp-fp16", "layout=nhwc", "PyTorch 2.4") for one in ("resnet50", "resnet18")
    ]


def test_a_step_in_which_a_program_warms_up_is_no_figure(tmp_path):
    short = IMAGENET[: IMAGENET.index("Epoch: [0][ 11")]
    assert "no step in it" in next(iter(read(tmp_path, short, gpu="t4", batch=8).faults.values()))
    short = NEMO[: NEMO.index("Training epoch 0, iteration 1/")]
    assert "warmed up" in next(iter(read(tmp_path, short, **LLM).faults.values()))


def test_a_run_on_the_processor_is_none_of_a_gpu(tmp_path):
    found = read(tmp_path, OPENVINO.replace("GPU.0", "CPU"), **STATED)
    assert "on CPU, not on a GPU" in next(iter(found.faults.values()))


ALL = {name: text for name, text in globals().items() if isinstance(text, str) and name.isupper()}


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.thorough(every=3)
def test_a_number_that_was_cut_within_is_none(tmp_path, name):
    """Cut anywhere, a text gives figures of the whole one, or of fewer steps, never a part of a number."""
    text = ALL[name]
    stated = {**STATED, "batch": 2, "precision": "fp16"}
    whole = {float(one) for (one,) in cells(read(tmp_path, text, **stated), "value")}
    assert whole
    for end in range(1, len(text), 3):
        for (value,) in cells(read(tmp_path, text[:end], **stated), "value"):
            assert any(0.6 < float(value) / one < 1.7 for one in whole), (text[:end][-40:], value)
