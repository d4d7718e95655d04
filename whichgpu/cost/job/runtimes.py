"""Software stacks as data, and the one that free text names: `data/runtimes/`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtime import Runtime
from whichgpu.cost.job.versions import (
    above,
    as_containers,
    as_pytorch,
    dated,
    major_of,
    month_of,
    parts,
    unpinned,
    version_of,
    without_namesakes,
)
from whichgpu.facts import store
from whichgpu.units import parse
from whichgpu.values import Lazy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Columns of a mark that sets memory apart, or what runs in its stead, and no time.
_KEEPING = {"holds", "habits", "adds", "trains", "loads_wide", "through", "language"}
_TIMES = ("launch", "gap", "fixed", "sequence")
#: Columns that are lists, and empty where a runtime states none.
_LISTS = ("loads_wide", "tf32", "widens", "integer", "unpacks", "plain", "replaced", "unfused", "unmeasured",
          "aligned", "on_chip", "tuned", "sums_wide", "chosen_at_once")  # fmt: skip
#: Times that are nothing where a runtime states none.
_UNASKED = ("eager", "eager_plain", "ahead", "rank", "one_shot_peer")
_seconds = lru_cache(maxsize=None)(partial(parse, dimension="time"))


@lru_cache(maxsize=1)
def runtimes() -> Mapping[str, Runtime]:
    """Every runtime by id, made when it is first asked for."""
    rows = _rows()
    return Lazy(rows, lambda key: _runtime(key, rows[key]))


@lru_cache(maxsize=1)
def reached() -> frozenset[str]:
    """Vendors and families whose GPUs some software reaches through another."""
    return frozenset(vendor for row in _rows().values() for vendor in row.get("through", ()))


@lru_cache(maxsize=64)
def words(key: str) -> tuple[str, ...]:
    """All words that set uses of a runtime apart."""
    marks = _rows()[key].get("marks", ())
    return tuple(word for mark in marks for name in ("words", "unless") for word in mark.get(name, ()))


@lru_cache(maxsize=1)
def _rows() -> Mapping[str, Any]:
    """Every runtime's columns by id."""
    rows = {key: row for file in store.load("runtimes").values() for key, row in file["runtime"].items()}
    # What a runtime does not state it has of the one whose kernels it runs, but for that one's names.
    own = ("names", "alone", "around", "library", "compiler", "marks", "undated", "containers", "older",
           "beside")  # fmt: skip
    return {
        key: {**{name: value for name, value in rows[row["like"]].items() if name not in own}, **row}
        if "like" in row
        else row
        for key, row in rows.items()
    }


def _runtime(key: str, row: Mapping[str, Any], *, text: str = "", exact: bool = True) -> Runtime:
    """A runtime as free text uses it: the marks whose words the text has change what they state."""
    version = version_of(_without_toolboxes(text)) or major_of(text, row["names"])
    text += _of_month(text, row)
    marks = [mark for mark in row.get("marks", ()) if _has(text, mark)]
    holds = dict(row.get("holds", {}))
    for mark in marks:
        holds.update(mark.get("sets", {}).get("holds", {}))
    expands = "expandable" in text.lower()
    if expands and re.search(r"expandable[_ ]segments(?!\W*false)", text, re.IGNORECASE):
        holds["expandable"] = True
    row = {**row, **{name: value for mark in marks for name, value in mark.get("sets", {}).items()}}
    row["holds"] = {name: value for name, value in holds.items() if value is not False}
    row["habits"] = _habits(row, marks)
    unread = ("names", "alone", "around", "library", "compiler", "marks", "engine", "containers", "older",
              "beside", "months", "modules", "attention", "adds", *_UNASKED, *_TIMES)  # fmt: skip
    columns = {name: value for name, value in row.items() if name not in unread}
    columns["vendors"] = tuple(row["vendors"])
    for name in _LISTS:
        columns[name] = tuple(row.get(name, ()))
    columns["shared_by"] = tuple(row["shared_by"]) if "shared_by" in row else None
    columns.setdefault("default_precision", {})
    columns["attends"] = attention_named(text) or section("attention").get(row.get("attention", ""), {})
    columns.update((name, _seconds(row[name])) for name in _TIMES)
    columns.update((name, _seconds(row.get(name, "0 s"))) for name in _UNASKED)
    for name in ("gaps", "launches"):
        columns[name] = {key: _seconds(time) for key, time in row.get(name, {}).items()}
    # What differs in its memory alone is the same in time.
    keeping = [mark["name"] for mark in marks if set(mark.get("sets", ())) and set(mark["sets"]) <= _KEEPING]
    # Nor does the fit know what the host takes for kernels that no graph holds.
    timed = [mark for mark in marks if mark["name"] not in keeping and not _of_host(mark)]
    names = (*(mark["name"] for mark in timed), *((version,) if version else ()))
    columns["changed"] = tuple(mark["name"] for mark in timed if mark.get("sets"))
    return Runtime(id=key, exact=exact, marks=names, keeper="+".join((key, *keeping)), said=text, **columns)


def _habits(row: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a use takes unasked: `habits` of the last mark that sets them, then what each mark `adds` to them.

    What a library does beside a trainer (its kernels, its adapters) leaves the trainer's own as they are.
    """
    habits = dict(row.get("habits", {}))
    for mark in marks:
        for name, options in mark.get("sets", {}).get("adds", {}).items():
            habits[name] = {**habits.get(name, {}), **options}
    return habits


def attention_named(text: str) -> Mapping[str, float]:
    """By lineage, the rate of the attention kernels that a text names, over that of FlashAttention-2.

    "FlashAttention-3", "flash_attention_4", "FA3"; nothing for another release, or none.
    """
    low = text.lower()
    told = "flash" in low or "fa" in low
    pattern = r"(?<![a-z0-9])(?:flash[-_ ]?(?:attention|attn)[-_ ]?v?|fa[-_ ]?)([34])(?![0-9])"
    found = re.search(pattern, low) if told else None
    return section("attention")[f"release-{found[1]}"] if found else {}


def _of_host(mark: Mapping[str, Any]) -> bool:
    """Whether a mark sets what the host takes for a launch, a sequence or data, who waits or how many run.

    Or, as little known to the fit, which products a library has off the tensor cores, how wide an exchange
    is, what of it shows, and whether it is of copies.
    """
    columns = set(mark.get("sets", ()))
    waits = {
        "eager",
        "eager_plain",
        "launch",
        "launches",
        "fixed",
        "sequence",
        "rank",
        "serverless",
        "stalls",
        "reads",
        "ahead",
        "order",
        "stages_ahead",
        "one_shot",
        "one_shot_peer",
        "scheduler",
        "own_half",
        "own_bytes",
        "across",
        "choosing",
        "chosen_at_once",
        "routing",
        "turns",
        "updates",
        "aligned",
        "on_chip",
        "exposed",
        "sends_copies",
        "sends_beside",
        "exchanges_after",
        "mixed_gradient",
        "lays_out",
        "counts_dropped",
    }
    return bool(columns) and columns <= waits


def _has(text: str, mark: Mapping[str, Any]) -> bool:
    """Whether text has a mark's word, older build or version, all it needs, and no word that excludes it."""
    low = dated(text)
    if not all(word in low for word in mark.get("needs", ())):
        return False
    build = re.search(r"\bb(?:uild\W*)?(\d{3,5})\b", low) if "builds" in mark else None
    older = build is not None and int(build[1]) < mark["builds"]
    told = re.search(r"\d+(?:\.\d+)+", above(low)) if {"before", "since"} & set(mark) else None
    if told:
        version = parts(told[0])
        older = parts(mark.get("since", "0")) <= version < parts(mark.get("before", "9999"))
    named = any(word in low for word in mark.get("words", ()))
    return (older or named) and not any(word in low for word in mark.get("unless", ()))


def _without_toolboxes(text: str) -> str:
    """A text without the toolboxes on top of a runtime (`around`) whose versions, their own, it tells."""
    # Most texts name none, and the pattern is long.
    return _toolboxes().sub(" ", text) if _around(text.lower()) else text


@lru_cache(maxsize=1)
def _toolboxes() -> re.Pattern[str]:
    named = [word for row in _rows().values() for word in row.get("around", ())]
    return re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, named))})\w*[-_ ]?v?\d+(?:\.\d+)+")


def _of_month(text: str, row: Mapping[str, Any]) -> str:
    """The release of the library that a text means by its month; "" where it tells none, or its release.

    A trainer's `modules` are those of another runtime, which has the months of its releases.
    """
    months = row.get("months") or (_rows()[row["modules"]]["months"] if "modules" in row else {})
    month = month_of(text) if months else ""
    if not month or re.search(r"transformers\W{0,3}v?\d\.", text.lower()):
        return ""
    before = [release for since, release in months.items() if since <= month]
    # What is later than all of them is today's.
    return f" transformers {before[-1]}" if before and month <= max(months) else ""


def _starts(name: str, said: str) -> bool:
    """Whether a name stands in a text other than behind a letter, nor, if it has two or three, before one."""
    place, short = said.find(name), len(name) <= 3
    while place >= 0:
        behind = place + len(name)
        around = said[place - 1 : place] + (said[behind : behind + 1] if short else "")
        if not any("a" <= one <= "z" for one in around):
            return True
        place = said.find(name, place + 1)
    return False


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, str], ...]:
    """Every name with its runtime's id, in the order in which the first that a text has wins."""
    ranked = [
        ((*(bool(row.get(kind)) for kind in ("engine", "compiler", "library")), len(name)), name, key)
        for key, row in _rows().items()
        for name in row["names"]
    ]
    ranked.sort(key=lambda one: one[0], reverse=True)
    return tuple((name, key) for _, name, key in ranked)


@lru_cache(maxsize=1024)
def suggested(text: str) -> bool:
    """Whether free text names no runtime, but has a word that one is taken by: `MLPerf`, `CUDA 11.6`."""
    said = without_namesakes(text.lower())
    return text not in _rows() and not any(name in said and _starts(name, said) for name, _ in _names())


@lru_cache(maxsize=1024)
def runtime(text: str, fallback: str) -> Runtime:
    """The runtime that free text names; the `fallback`'s id, marked inexact, where none is named.

    The longest name found as whole words wins: "TensorRT-LLM 0.17" is not TensorRT. An engine goes before
    the framework that it is built on: "gpt-fast (PyTorch, torch.compile)" is gpt-fast; so does a library
    ("FastChat, PyTorch 2.0"), and what compiles a model before the library that loads it ("Optimum, ONNX
    Runtime"). Where there is none a word may do that names one alone: "CUDA 11.6".
    """
    rows = _rows()
    if text in rows:
        return _runtime(text, rows[text])
    text = as_pytorch(as_containers(unpinned(text)))
    said = without_namesakes(text.lower())
    named = [(name, key) for name, key in _names() if name in said and _starts(name, said)]
    # A name that is a part of another one is not said: "text-generation-webui" is no web UI of pictures.
    whole = [key for name, key in named if not any(name in other and name != other for other, _ in named)]
    where = next(iter(whole), "")
    # Of a framework and what works as it does, named beside it, the second is meant: "PyTorch 2.5, compile".
    where = next((key for key in whole if where and rows[key].get("beside") == where), where)
    if not where:
        if around := _around(said):
            # The version is that of what runs it.
            return _runtime(around, rows[around], text=re.sub(r"[ =-]*v?\d+(?:\.\d+)*", "", text))
        alone = (key for key, row in rows.items() if any(word in said for word in row.get("alone", ())))
        where = next(alone, fallback)
        exact, where = where != fallback, _before(text, rows[where]) or where
        return _runtime(where, rows[where], text=text, exact=exact)
    where = _before(text, rows[where]) or where
    return _runtime(where, rows[where], text=text)


def layered(stack: Runtime, *, kernels: bool) -> Runtime:
    """What runs a network that a library has built of a framework's layers one by one (`layers`).

    The framework, its release and what compiles it are as the text says beside the library's name.
    Attention, modules that write an op out, and memory, are the library's. Without `kernels` it is that
    library with the launches of such layers, unless they are compiled: what is known of its products holds.
    """
    own = dict(stack.layers)
    framework = own.pop("runs")
    names = "|".join(sorted(map(re.escape, _rows()[stack.id]["names"]), key=len, reverse=True))
    beside = re.sub(rf"(?i)(?<![a-z])(?:{names})(?:[ =-]*v?\d+(?:\.\d+)*)?", " ", stack.said)
    found = runtime(beside, framework)
    if found.software not in (stack.software, "triton"):
        found = runtime(framework, framework)
    if not kernels and not found.fuses:
        return replace(stack, launch=found.launch, **own)
    return replace(
        found, exact=stack.exact, flash=stack.flash and found.flash, holds=stack.holds, keeper=stack.keeper,
        said=stack.said, written={**found.written, **stack.written}, **own,
    )  # fmt: skip


def _around(said: str) -> str:
    """The runtime of the first of its toolboxes that a text in lower case names (`around`); "" for none."""
    found = (key for key, row in _rows().items() if any(word in said for word in row.get("around", ())))
    return next(found, "")


def _before(text: str, row: Mapping[str, Any]) -> str:
    """The runtime of an older release or container than a name stands for; "" for that one itself."""
    version = version_of(text)
    known: Mapping[str, str] = row.get("containers" if version.startswith("ngc") else "older", {})
    said = parts(version)
    return next((known[first] for first in sorted(known, key=parts) if said and said < parts(first)), "")
