"""Flags of a server's command that stand in the text of a runtime: which are read, and what to write instead.

`--runtime "vLLM 0.11 --enforce-eager"` says how an engine runs; most of what else a command has is a column
or an option here, or is not modelled. `[flags]` of `data/runtimes/runtimes.toml` has what stands for which.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.cost.runtime import words
from whichgpu.facts import store

if TYPE_CHECKING:
    from whichgpu.cost.runtime import Runtime

#: A flag, and its value where one follows.
_FLAG = re.compile(r"--([a-z][\w-]*)(?:[ =]([^\s-]\S*))?", re.IGNORECASE)


def commanded(stack: Runtime, text: str) -> list[str]:
    """What to say of the flags in the text of a runtime: of those that are not read there."""
    if "--" not in text:
        return []
    known = store.load("runtimes")["runtimes"]
    columns, unsaid = known["flags"], known["unsaid"]["flags"]
    said, ignored = [], []
    for flag, value in _FLAG.findall(text):
        name, typed = flag.lower(), f"--{flag} {value}".strip()
        if name in unsaid or any(word in typed.lower() for word in words(stack.id)):
            continue
        if name in columns:
            said.append(f"{typed} is not read in the text of a runtime: write {columns[name]}{value or '..'}")
        else:
            ignored.append(typed)
    if ignored:
        said.append(
            f"not modelled, and ignored: {', '.join(ignored)}; what {stack.title} does unasked is taken"
        )
    return said
