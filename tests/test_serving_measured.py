"""The commands that would measure a serving answer, and results of a user's own."""

from __future__ import annotations

import pytest

from whichgpu.cost.serving.measuring import how_to_measure
from whichgpu.workloads.hub import hub_name
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


def test_every_serving_answer_says_how_to_measure_it(whichgpu):
    for runtime, words in (
        ("vllm", "vllm bench serve"), ("sglang", "sglang.bench_serving"), ("tensorrt-llm", "trtllm"),
        ("llama.cpp", "llama-batched-bench"), ("LMDeploy", "OpenAI-compatible endpoint"),
    ):  # fmt: skip
        told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--runtime", runtime, "--phase", "serve",
                        "--concurrency", "16")  # fmt: skip
        assert words in told.out
    wide = whichgpu("predict", "deepseek-r1", "--gpu", "h200-141gb-sxm:8", "--precision", "fp8",
                    "--runtime", "sglang", "--option", "attention_dp=8", "--option", "ep=8",
                    "--json")  # fmt: skip
    assert "--tp 8 --dp 8 --enable-dp-attention" in wide.json["measure"]["command"]


def test_a_users_own_results_are_validated(whichgpu, tmp_path):
    job = "llama-3.1-8b,l40s,1,serve,fp8,512,256"
    lines = (
        "id,workload,gpu,n_gpus,phase,precision,input_tokens,output_tokens,concurrency,tp,runtime,options,"
        "metric,unit,value",
        f"1,{job},16,1,vllm,,ttft,ms,95",
        f"2,{job},16,1,vllm,,tpot,ms,14.1",
        f"3,{job},,1,vllm,request_rate=4,tpot,ms,14.5",
    )
    (tmp_path / "mine.csv").write_text("\n".join(lines), encoding="utf-8")
    told = whichgpu("validate", str(tmp_path / "mine.csv"), "--by", "workload", "--json")
    assert told.status == 0
    assert told.json["groups"]["all"]["predicted"] == 3


@pytest.mark.parametrize(
    ("runtime", "columns", "said"),
    [
        ("sglang", {"kv_precision": "fp8"}, "--kv-cache-dtype fp8_e4m3"),
        ("vllm", {"kv_precision": "fp8"}, "--kv-cache-dtype fp8 "),
        ("tensorrt-llm", {"kv_precision": "fp8"}, "<(echo \"{kv_cache_config: {dtype: fp8}}\")"),
        ("tensorrt-llm", {"attention_dp": "2"},
         "--extra_llm_api_options <(echo \"{enable_attention_dp: true}\")"),
        # One file for all: of two the engine reads the last.
        ("tensorrt-llm", {"attention_dp": "2", "kv_precision": "fp8"},
         "<(echo \"{enable_attention_dp: true, kv_cache_config: {dtype: fp8}}\")"),
        ("vllm", {"prefill_gpus": "4", "prefill_tp": "2", "request_rate": "5"},
         "--port 8100 --tensor-parallel-size 2 --data-parallel-size 2 "),
        ("sglang", {"prefill_gpus": "4", "prefill_tp": "2", "request_rate": "5"},
         "--disaggregation-mode prefill --port 30000 --tp 2 --dp 2 "),
        ("llama-cpp", {"kv_precision": "q8_0"}, "-fa on -ctk q8_0 -ctv q8_0"),
    ],
)  # fmt: skip
def test_the_command_states_the_cache_and_the_groups_that_the_answer_assumes(runtime, columns, said):
    gpus = float(columns.get("attention_dp", 1))
    job = Job("llama-3.1-8b", phase="serve", precision="fp16", concurrency=8.0, input_tokens=512.0,
              output_tokens=256.0, n_gpus=gpus, tp=1.0, options=columns)  # fmt: skip
    assert said in how_to_measure(job, runtime)[0]


@pytest.mark.parametrize(
    ("model", "runtime", "options", "said"),
    [
        ("llama-3.1-8b", "tensorrt-llm", {}, "--request-rate 2.5 --request-count 2000"),
        ("qwen3-30b-a3b", "tensorrt-llm", {"attention_dp": "1"}, "--max_seq_len 1024 & aiperf"),
        # Data-parallel ranks of vLLM share their layers of experts; SGLang's groups divide its --tp.
        ("qwen3-30b-a3b", "vllm", {}, "--tensor-parallel-size 1 --max-num-seqs"),
        ("qwen3-30b-a3b", "sglang", {"attention_dp": "2"}, "--tp 2 --dp 2 --enable-dp-attention"),
        ("llama-3.1-8b", "vllm", {}, "--data-parallel-size 4"),
        ("llama-3.1-8b", "sglang", {}, "--dp 4"),
    ],
)
def test_a_replica_is_measured_with_its_share_where_one_server_starts_no_others(
    model, runtime, options, said
):
    job = Job(model, phase="serve", precision="fp8", input_tokens=512.0, output_tokens=256.0, n_gpus=4.0,
              tp=1.0, options={**options, "request_rate": "10"})  # fmt: skip
    text = how_to_measure(job, runtime)[0]
    assert said in text
    whole = said.endswith("4")
    share = f"{10.0 / (2.0 if options.get('attention_dp') == '2' else 4.0):g}"
    assert f"--request-rate {'10' if whole else share} " in text
    assert text.startswith("on one of the ") != whole


@pytest.mark.parametrize(
    ("model", "runtime", "said"),
    [
        ("deepseek-r1", "vllm", '\'{"method": "mtp", "num_speculative_tokens": 2}\''),
        ("deepseek-r1", "sglang", "--speculative-algorithm EAGLE --speculative-num-steps 2 "
         "--speculative-eagle-topk 1 --speculative-num-draft-tokens 3"),
        ("glm-4.5", "tensorrt-llm", "{decoding_type: MTP, num_nextn_predict_layers: 2}"),
        ("llama-3.1-8b", "sglang", "--speculative-algorithm STANDALONE --speculative-draft-model-path "),
    ],
)  # fmt: skip
def test_models_that_draft_for_themselves_are_told_no_other_that_does(model, runtime, said):
    job = Job(model, phase="serve", precision="fp8", concurrency=8.0, input_tokens=512.0, tp=1.0,
              output_tokens=256.0, n_gpus=1.0, options={"speculative": "2"})  # fmt: skip
    assert said in how_to_measure(job, runtime)[0]


@pytest.mark.parametrize(
    ("workload", "name"),
    [("gpt-oss-120b", "openai/gpt-oss-120b"), ("qwen2.5-14b", "Qwen/Qwen2.5-14B"),
     ("gemma-7b", "google/gemma-7b"), ("llama-2-7b", "meta-llama/Llama-2-7b-hf"),
     ("kimi-k2", "moonshotai/Kimi-K2-Instruct"), ("phi-1.5", "microsoft/phi-1_5")],
)  # fmt: skip
def test_the_checkpoint_to_measure_is_that_of_the_name_and_not_one_built_alike(workload, name):
    assert hub_name(workload) == name


def test_figures_of_commands_are_whole(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--concurrency", "1000000")
    assert (
        "--max-concurrency 1000000 --num-prompts 10000000"
        in whichgpu(*words, "--json").json["measure"]["command"]
    )
