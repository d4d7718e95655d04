"""Flags of servers' commands and load generators, as they are written here, and those in a runtime's text.

`--runtime "vLLM 0.11 --enforce-eager"` says how an engine runs; most of what else a command has is a column
or an option here, or is not modelled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.cost.job.runtimes import words
from whichgpu.values import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from whichgpu.cost.job.runtime import Runtime

#: By name without dashes: vLLM's, SGLang's, TensorRT-LLM's and their load generators'.
FLAGS: Mapping[str, str] = {
    "tensor_parallel_size": "--tp {}", "tp_size": "--tp {}", "tp": "--tp {}", "pp": "--pp {}",
    "pipeline_parallel_size": "--pp {}", "pp_size": "--pp {}", "batch_size": "--batch {}",
    "max_batch_size": "--option max_num_seqs={}", "max_running_requests": "--option max_num_seqs={}",
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
SWITCHES: Mapping[str, str] = {
    **dict.fromkeys(("enforce_eager", "disable_cuda_graph"), "--option cuda_graphs=none"),
    **dict.fromkeys(("async_scheduling", "no_async_scheduling"), '--runtime "vLLM {}"'),
    **dict.fromkeys(
        ("enable_prefix_caching", "prefix_caching"), "--option prefix_hit=0.5 for half a prompt in the cache"
    ),
    **dict.fromkeys(
        ("no_enable_prefix_caching", "disable_radix_cache"), "nothing for it: no prefix is taken to be cached"
    ),
    **dict.fromkeys(("enable_expert_parallel", "enable_ep_moe"), "--option ep=N for N GPUs"),
    "override_tensor": "--option offload=20GB for the weights that stay on the host",
    "enable_dp_attention": "--option attention_dp=N for N groups",
    **dict.fromkeys(("enable_two_batch_overlap", "enable_dbo"), "--option moe_overlap=true"),
    **dict.fromkeys(
        ("enable_chunked_prefill", "chunked_prefill"),
        "nothing for it: engines that can cut prompts into chunks unasked",
    ),
    "attention_backend": "nothing for it: an engine's usual kernels of attention are taken",
}
#: Those that say what is done unasked, or nothing of the speed.
_USUAL = (
    "enable_chunked_prefill", "no_enable_prefix_caching", "trust_remote_code", "host", "port", "model",
    "model_path", "served_model_name", "disable_log_requests", "disable_log_stats", "backend",
)  # fmt: skip
#: A flag, and its value where one follows.
_FLAG = regex(r"--([a-z][\w-]*)(?:[ =]([^\s-]\S*))?", re.IGNORECASE)


#: Ways to draft tokens, as texts name them; flags are told of by their own name.
_DRAFTS = regex(
    r"(?<![a-z-])(mtp|nextn|eagle(?:-?[23])?|medusa|speculative|spec[- ]?dec(?:od\w+)?)(?![a-z])",
    re.IGNORECASE,
)
#: What each of them has in it, and few texts: a pattern takes longer to compile than to be asked.
_DRAFTING = ("mtp", "nextn", "eagle", "medusa", "spec")


def drafted(text: str) -> list[str]:
    """What to say of speculative decoding that the text of a runtime names and no option states."""
    low = text.lower()
    found = _DRAFTS.search(text) if any(word in low for word in _DRAFTING) else None
    if not found:
        return []
    written = "--option speculative=3 for three drafted tokens, and acceptance=0.7"
    return [f"{found[0]} is not read in the text of a runtime: write {written}"]


def commanded(stack: Runtime, text: str, modelled: Collection[str]) -> list[str]:
    """What to say of the flags in the text of a runtime that are not read there; `modelled` are options."""
    said, ignored = [], []
    for flag, value in _FLAG.findall(text):
        name, typed = flag.lower().replace("-", "_"), f"--{flag} {value}".strip()
        if name in _USUAL or any(word in typed.lower() for word in words(stack.id)):
            continue
        known = FLAGS.get(name) or SWITCHES.get(name) or (f"--option {name}={{}}" if name in modelled else "")
        if known and not known.startswith("nothing"):
            written = known.format(value or "N")
            said.append(f"{typed} is not read in the text of a runtime: write {written}")
        else:
            ignored.append(typed)
    if ignored:
        usual = f"what {stack.title} does unasked is taken"
        said.append(f"not modelled, and ignored: {', '.join(ignored)}; {usual}")
    return said
