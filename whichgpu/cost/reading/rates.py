"""What the unit of a rate counts, and in what time, of a workload that makes something of its own."""

from __future__ import annotations

import re
from functools import lru_cache

from whichgpu.errors import UsageError
from whichgpu.units import parse

#: Other words for what a job produces: any unit of work, or one of those that workloads count.
ANY = {"sample", "item", "example", "query", "request", "record", "instance", "inference",
        "user", "interaction", "page", "pair", "molecule", "graph", "serie", "document", "passage", "line",
        "face", "protein", "structure"}  # fmt: skip
_WORDS = {
    "req": "request",
    "img": "image",
    "imgs": "image",
    "sentence": "sequence",
    "seq": "sequence",
    "seqs": "sequence",
    "emb": "sequence",
    "doc": "document",
    "tok": "token",
    "t": "token",
}
#: What publishers call the unit of a workload, by that unit: frames of a spectrogram, pictures with a depth.
_CALLED = {"mel-frame": {"mel", "frame", "token"}, "utterance": {"sequence"}, "volume": {"image"},
           "video": {"clip"}, "second": {"audio second"}, "frame": {"image"}, "sample": {"node"}}  # fmt: skip
#: Rates that are written without a stroke, and those that count the denoising steps of a batch.
_SHORT = {"fps": "images/s", "ips": "images/s", "qps": "samples/s", "x": "audio seconds/s"}
#: What is counted as frames where a table has one unit for all networks, as OpenVINO's has.
_READ = ("sequences", "samples", "utterances")
ITERATED = {"it/s", "iterations/s", "steps/s"}
#: What is counted by the part, and what else its samples are called.
_PARTS, _WHOLE = {"token", "audio second"}, {"sequence", "utterance", "clip", "file", "recording"}
#: Parts of a second of sound, of which a workload states how many there are (`per_second`).
_SOUND = {"mel-frame", "audio-sample"}
_EXAMPLES = {"time": "ms", "power": "W", "energy": "J", "memory": "GiB"}


def written_out(unit: str, made: str) -> str:
    """A rate with its stroke, of a workload that makes `made`: `images/s` of `fps`."""
    return "samples/s" if unit.lower() == "fps" and made in _READ else _SHORT.get(unit.lower(), unit)


def singular(noun: str) -> str:
    """One of what a plural names."""
    return noun.removesuffix("s")


@lru_cache(maxsize=1024)
def rate(unit: str, made: str) -> tuple[float, bool, str]:
    """A rate's unit for a workload that makes `made`: s in its time, per GPU or not, what it counts.

    That is "" for what the workload makes, "tokens" of its sequences, "seconds" of the sound that it makes
    parts of, "frames" of the spectrogram that it makes sound of, tokens "written" of what it hears, seconds
    "heard" of what it writes, frames "filmed" of what it makes, or samples that are "whole" where it counts
    their parts.
    """
    rest = unit.removesuffix("/gpu")
    counted_as, sep, time = rest.rpartition("/")
    if not sep:
        raise UsageError(f"'{unit}' is not a rate; write {made}/s")
    asked, own = noun(counted_as), noun(made)
    counted = "tokens" if (asked, own) == ("token", "sequence") else ""
    if asked == "audio second" and own in _SOUND:
        counted = "seconds"
    if own == "audio-sample" and asked in _CALLED["mel-frame"] - {"token"} | {"mel-frame"}:
        counted = "frames"
    if (asked, own) == ("token", "audio second"):
        counted = "written"
    if (asked, own) == ("audio second", "token"):
        counted = "heard"
    if own in _PARTS and asked in ANY | _WHOLE:
        counted = "whole"
    if own == "video" and asked in ("frame", "image"):
        counted = "filmed"
    if asked == "epoch":
        raise UsageError(f"unit '{unit}': an epoch is as long as its data set; write {made}/s")
    if not counted and asked not in {*ANY, *_CALLED.get(own, ()), own}:
        raise UsageError(f"unit '{unit}': this workload makes {made}; write {made}/s")
    return one(time, "time"), rest != unit, counted


@lru_cache(maxsize=1024)
def noun(text: str) -> str:
    """What is counted, by one word in the singular, from the ways in which tables write it."""
    said = re.sub(r"^(?:total )?(?:output|generated|out) ", "", text.strip().lower())
    # `total images`: of all GPUs. Total tokens have prompts among them (`sided`).
    word = singular(re.sub(r"^total (?!tok)", "", said))
    return _WORDS.get(word, word)


@lru_cache(maxsize=256)
def one(unit: str, dimension: str) -> float:
    """One of a unit in SI; raises `UsageError` for what is no unit of the dimension."""
    try:
        # A time has no letters in two sizes: `Sec`, `MS`.
        said = unit.lower() if dimension == "time" else unit
        return parse(f"1 {said.replace('µ', 'u').replace('μ', 'u')}", dimension)
    except UsageError:
        raise UsageError(f"unit '{unit}' is none of {dimension}; write e.g. {_EXAMPLES[dimension]}") from None


def sided(unit: str) -> tuple[str, str]:
    """Whether a rate counts prompts, and the rest of its unit: `("total", "tokens/s")`."""
    kind, _, rest = unit.strip().partition(" ")
    known = {"total": "total", "input": "input", "prompt": "input"}.get(kind.lower(), "")
    return (known, rest.strip()) if known and rest.strip().lower().startswith("tok") else ("", unit)
