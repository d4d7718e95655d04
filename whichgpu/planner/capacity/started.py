"""What a server that measures itself as it starts has for its cache, and the longest sequences of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory import starting
from whichgpu.planner.capacity.limits import context, within
from whichgpu.planner.capacity.model import gib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.planner.capacity.cells import Cells


def measures(cells: Cells) -> bool:
    """Whether the job says how a server is started that measures itself."""
    done = cells.settled
    return starting.profiles(done.runtime, done.job)


def longest(cells: Cells) -> NDArray[Any]:
    """The largest `max_model_len` with which the server starts on each device, 0 where with none, (C,)."""
    known: NDArray[Any] | None = vars(cells).get("_longest")
    if known is None:
        done = cells.settled
        told = {name: value for name, value in cells.job.options.items() if name != "max_model_len"}
        told[done.runtime.holds["told"]] = f"{starting.share(done.runtime, done.job):g}"
        # One token is written, for which there is room before it comes.
        one = cells.with_job(options=told, concurrency=None, output_tokens=1.0)
        # As vLLM counts it: of its two halves, which are alike here, the first.
        known = np.maximum(context(one, within(cells.available))[: len(cells.gpus)] - 1.0, 0.0)
        # What is known of these cells is kept with them, as what is timed ahead is.
        vars(cells)["_longest"] = known
    return known


def unasked(cells: Cells, index: int) -> list[str]:
    """What to say of vLLM, where a job names it, that has no room for a sequence as long as its model takes.

    Unless it is told `--max-model-len` it asks its cache for one of these.
    """
    done = cells.settled
    whole = done.workload.dims.get("max_positions")
    named = bool(cells.job.runtime) and "sampled" in done.runtime.holds and done.job.phase == "serve"
    if not (named and whole and cells.fits[index]):
        return []
    options = {**cells.job.options, "max_model_len": f"{whole:.0f}"}
    most = int(longest(cells.with_job(options=options))[index])
    if not most or most >= whole:
        return []
    return [
        f"{done.runtime.title} makes room for a sequence of the {whole:,.0f} tokens that the model takes, "
        f"unless told otherwise, and has none here: start it with --max-model-len {most} or less"
    ]


def said(cells: Cells, index: int) -> list[str]:
    """The room for the cache on one of the devices, as vLLM tells it when it starts."""
    if not measures(cells) or not cells.able[index]:
        return []
    free = float(cells.available[index] - cells.required[index] + cells.parts["kv_cache"][index])
    title, most = cells.settled.runtime.title, int(longest(cells)[index])
    share = starting.share(cells.settled.runtime, cells.settled.job)
    if free <= 0.0 or not most:
        return [f"{title} has no room for a cache in {share:.0%} of the card: it does not start"]
    text = f"{title} has {gib(free)} for its KV cache"
    if "sampled" not in cells.settled.runtime.holds:
        return [f"{text}: sequences of up to {most:,} tokens"]
    made_for = cells.settled.workload.dims.get("max_positions", np.inf)
    made = f" (the model was made for {made_for:,.0f})" if most > made_for else ""
    text = f"{text}, and starts with --max-model-len up to {most:,}{made}"
    if cells.fits[index] or "max_model_len" not in cells.job.options:
        return [text]
    asked = cells.settled.job.option("max_model_len", 1.0)
    # Of whole prompts a pass takes as much as the longest of them, of longer ones that it cuts less.
    cut = f": it takes prompts beyond {starting.WHOLE:,.0f} tokens in pieces" if most > asked else ""
    return [f"{text}, not with {asked:,.0f}{cut}"]
