"""Flags of serving engines and load generators that are typed by habit, as they are written here.

--tensor-parallel-size 2 -> --tp 2
--max-num-seqs 64        -> --option max_num_seqs=64
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

#: By name without dashes: vLLM's, SGLang's, TensorRT-LLM's and their load generators'.
_FLAGS: Mapping[str, str] = {
    "tensor_parallel_size": "--tp {}", "tp_size": "--tp {}", "pipeline_parallel_size": "--pp {}",
    "pp_size": "--pp {}", "batch_size": "--batch {}", "max_batch_size": "--option max_num_seqs={}",
    "max_running_requests": "--option max_num_seqs={}",
    "max_num_tokens": "--option max_num_batched_tokens={}",
    "chunked_prefill_size": "--option max_num_batched_tokens={}",
    "context_length": "--option max_model_len={}", "ep_size": "--option ep={}", "dp_size": "--gpu NAME:{}",
    "dp": "--gpu NAME:{}", "data_parallel_size": "--gpu NAME:{}", "expert_parallel_size": "--option ep={}",
    "kv_cache_dtype": "--option kv_precision={}", "kv_dtype": "--option kv_precision={}",
    "quantization": "--precision {}", "dtype": "--precision {}", "request_rate": '--rate "{} req/s"',
    "qps": '--rate "{} req/s"', "max_concurrency": "--concurrency {}", "isl": "--input-tokens {}",
    "osl": "--output-tokens {}", "random_input_len": "--input-tokens {}", "input_len": "--input-tokens {}",
    "random_output_len": "--output-tokens {}", "output_len": "--output-tokens {}",
    "max_tokens": "--output-tokens {}", "engine": "--runtime {}", "backend": "--runtime {}",
    "rps": '--rate "{} req/s"', "users": "--concurrency {}", "num_users": "--concurrency {}",
    "prompt_tokens": "--input-tokens {}", "max_batch_tokens": "--option max_num_batched_tokens={}",
    "num_speculative_tokens": "--option speculative={}", "speculative_num_steps": "--option speculative={}",
    "replicas": "--gpu NAME:{}",
}  # fmt: skip
#: Those without a value, with what they come to here.
_SWITCHES: Mapping[str, str] = {
    **dict.fromkeys(("enforce_eager", "disable_cuda_graph"), "--option cuda_graphs=none"),
    **dict.fromkeys(("async_scheduling", "no_async_scheduling"), '--runtime "vLLM {}"'),
    **dict.fromkeys(
        ("enable_prefix_caching", "prefix_caching"), "--option prefix_hit=0.5 for half a prompt in the cache"
    ),
    **dict.fromkeys(
        ("no_enable_prefix_caching", "disable_radix_cache"), "nothing for it: no prefix is taken to be cached"
    ),
    **dict.fromkeys(("enable_expert_parallel", "enable_ep_moe"), "--option ep=N for N GPUs"),
    "enable_dp_attention": "--option attention_dp=N for N groups",
}
#: A data-parallel degree is no option: GPUs beyond those of a replica run more of them.
_COPIES = "--gpu NAME:"


def meant(flag: str, typed: Sequence[str], known: Collection[str]) -> str:
    """What to write for a `flag` that no command has, in options that are `known`; empty where unclear."""
    from whichgpu.cost.estimates import MODELLED

    name = flag.lstrip("-").replace("-", "_")
    if name in _SWITCHES and "--option" in known:
        return f"write {_SWITCHES[name].format(flag)}"
    text = _FLAGS.get(name) or (f"--option {name}={{}}" if name in MODELLED else "")
    if not text or text.split()[0] not in known:
        return ""
    if text.startswith(_COPIES):
        beyond = "GPUs beyond those of a replica (--tp times --pp) run more of them"
        return f"{beyond}: write e.g. --gpu h100-80gb-sxm:8"
    return f"write {text.format(_value(flag, typed))}"


def _value(flag: str, typed: Sequence[str]) -> str:
    """What was typed after a flag; N where nothing was."""
    for one, after in zip(typed, (*typed[1:], "--"), strict=True):
        if one.startswith(f"{flag}="):
            return one.partition("=")[2]
        if one == flag and not after.startswith("--"):
            return after
    return "N"
