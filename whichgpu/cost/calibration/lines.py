"""Lines of language models: what a maker calls its models before the first figure of a name.

`qwen3-32b` and `qwen2.5-72b` are of one line, `qwen3-30b-a3b` is of another: its layers are a mixture of
experts. `gpt-oss-120b` is of GPT-OSS, `deepseek-r1` and `deepseek-v3` are both of DeepSeek.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whichgpu.workloads.workload import Workload

#: Words of letters alone, of which the first may end in the figure of a generation (`qwen3`).
_WORDS = re.compile(r"[a-z]+(?:-[a-z]+(?![a-z]*\d))*")


def line_of(workload: Workload) -> str:
    """The line of a model, with ` experts` behind that of a mixture of them."""
    words = _WORDS.match(workload.id)
    name = words[0] if words else workload.id
    return f"{name} experts" if workload.dims.get("experts") else name
