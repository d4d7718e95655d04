"""What the tests of comparisons share: the day, the GPUs, and how a sentence is held to its cells."""

from __future__ import annotations

import itertools
import re
from datetime import date

from whichgpu.planner.comparison.words import amount, percent, plain_number, ratio_words, short_name

TODAY = date(2026, 11, 20)
PAIRS = [
    ("rtx-a6000", "a100-80gb-sxm"),
    ("rtx-a5000", "rtx-a4000"),
    ("a10", "a100-80gb-pcie"),
    ("a100-80gb-sxm", "rtx-4090-laptop"),
    ("apple-m2-max-38c", "t4"),
    ("mi300x", "h100-80gb-sxm"),
    ("tpu-v5e", "l4"),
    ("k80", "gtx-970"),
    ("a16", "a10g"),
    ("a100-80gb-sxm", "a100-80gb-pcie"),
    ("rx-7900-xtx", "rtx-4090"),
    ("rtx-5080", "rtx-3080-10gb"),
]
MANY = [
    ("p100-16gb-sxm", "v100-16gb-dgxs", "arc-a580"),
    ("l4", "a10", "rtx-4090"),
    ("mi300x", "h100-80gb-sxm", "h200-141gb-sxm"),
    ("t4", "l4", "a10", "a100-80gb-sxm", "h100-80gb-sxm", "b200-180gb-sxm"),
]

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
#: Numbers that are words: formats, the pattern of sparsity, the confidence of intervals, the unit of a price.
_WORDS = re.compile(r"\b(?:FP|TF|BF|INT)\d+\b|2:4|90 %|1,000 (?:images|sequences)|\d{4}-\d\d-\d\d|\d+-bit")


def numbers(text: str) -> set[str]:
    return {match.rstrip(",").rstrip(".") for match in _NUMBER.findall(_WORDS.sub(" ", text))}


def stray(view, sentence) -> set[str]:
    """The numbers of a sentence that neither stand in its cells nor follow from them."""
    text = sentence.text
    names = {*view.names.values(), *view.words.values(), *(short_name(gpu) for gpu in view.others.values())}
    names |= {view.text(gpu.id, "chip") for gpu in view.gpus} - {""}
    names |= {work.name for work in view.works}
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    return numbers(text) - known(view, sentence.cells)


def known(view, cells) -> set[str]:
    values, allowed = [], {"1", "two"}
    for gpu, field in cells:
        row, cell = view.rows.get(field), view.cell(gpu, field)
        if gpu not in view.words:
            other = next(one for one in view.others.values() if one.id == gpu)
            fact = other.fact(field)
            allowed |= numbers(amount(float(fact.value), "memory" if field == "memory" else fact.dimension)
                               if isinstance(fact.value, int | float) else fact.text)  # fmt: skip
            continue
        about = next(one for one in view.gpus if one.id == gpu)
        allowed |= numbers(about.note) if field == "confidence" else set()
        if cell is None:
            continue
        allowed |= (
            numbers(row.label) | numbers(cell.text) | ({cell.text[:4]} if field == "release_date" else set())
        )
        for fact in (
            about.also(field) if hasattr(about, "also") and field in ("memory", "power", "fp32") else ()
        ):
            allowed |= numbers(amount(float(fact.value), row.dimension))
            allowed.add(str(round(100 * float(fact.value) / float(cell.value))))
        if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
            allowed |= numbers(amount(float(cell.value), row.dimension))
            values.append(float(cell.value))
    for a, b in itertools.permutations([value for value in values if value], 2):
        ratio = a / b
        allowed |= numbers(ratio_words(ratio).rstrip("x"))
        allowed |= {str(round(ratio))}
        if 1 < ratio < 2:
            allowed |= numbers(percent(ratio))
        allowed |= numbers(amount(a * b, "flop rate"))
    return allowed


def market_numbers(view) -> set[str]:
    allowed = set()
    for market in view.markets.values():
        allowed |= {str(len(market.by_provider())), plain_number(len(market.maybe))}
        allowed |= {
            amount(offer.usd_per_gpu_hour, "price") for offer in (*market.maybe, *market.best.values())
        }
        allowed |= {f"{offer.gpu_count:g}" for offer in market.best.values()}
    return allowed


def topic(found, name):
    return " ".join(one.text for one in found.takeaways if one.topic == name)
