"""Flags of serving engines and load generators that are typed by habit, as they are written here.

--tensor-parallel-size 2 -> --tp 2
--max-num-seqs 64        -> --option max_num_seqs=64
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: A data-parallel degree is no option: GPUs beyond those of a replica run more of them.
_COPIES = "--gpu NAME:"


def meant(flag: str, typed: Sequence[str], known: Collection[str]) -> str:
    """What to write for a `flag` that no command has, in options that are `known`; empty where unclear."""
    from whichgpu.cost.commanded import FLAGS, SWITCHES
    from whichgpu.cost.estimates import MODELLED

    name = flag.lstrip("-").replace("-", "_")
    if name in SWITCHES and "--option" in known:
        return f"write {SWITCHES[name].format(flag)}"
    text = FLAGS.get(name) or (f"--option {name}={{}}" if name in MODELLED else "")
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
