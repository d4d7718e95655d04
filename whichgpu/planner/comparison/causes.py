"""What the time of a workload goes into, and why one GPU is faster than another by as much as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.together import links
from whichgpu.planner.comparison.words import EQUAL, listed, ratio_words
from whichgpu.planner.comparison.workrows import BOUNDS
from whichgpu.workloads.precision import precision

#: A ratio that is this much from what peaks and power limits say wants a word more.
_UNEXPLAINED = 1.3
#: What keeps parts from their peak, of the first and of each other: `{}` are who and how much.
_KEPT = {
    "throttle": ("the power limit leaves {} {} of the peak rate", "{} {}"),
    "software": (
        "products on {} are assumed to reach {} of the efficiency that software reaches on NVIDIA",
        "on {} {}",
    ),
}

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def cause_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """What the time goes into, beside the ratio of the peak that this is."""
    known = tuple(view.ranked(f"{work.field}.rate"))
    if len(known) < 2:
        return
    if not view.pair:
        yield _bound_by(view, work, known)
        return
    fast, slow = known
    pen = Pen(view)
    pen.rests_on(f"{work.field}.bound", fast, slow)
    bound = {key: next(iter(work.results[key].bounds)) for key in known}
    half = sixteen_bit(view.gpus)
    peaks = {
        "compute": (_peak(work, half), f"{_peak(work, half).upper()} peak"),
        "memory": ("bandwidth", "memory bandwidth"),
    }
    if "launch" in bound.values():
        who = pen.names(key for key in known if bound[key] == "launch")
        yield pen.say(
            "workload",
            f"launching its many small kernels takes longest on {who}, and no faster GPU shortens that",
        )
        return
    if "links" in bound.values():
        known = _linked(work, known)
        who = listed(
            f"{round(100 * work.results[key].bounds['links'])} % of the {pen.name(key)}'s time"
            for key in known
        )
        yield pen.say(
            "workload", f"{who} goes into what the GPUs that share it exchange{_by(view, pen, known)}"
        )
        return
    told = [_cause(work, pen, cause, peaks[cause]) for cause in dict.fromkeys(bound.values())]
    said = [text for text in told if text]
    field, _ = peaks[bound[slow]]
    expected = pen.value(fast, field) / pen.value(slow, field) if view.all_know(field) else 0.0
    ratio = work.results[fast].rate / work.results[slow].rate
    if ratio > expected * EQUAL:
        said += _throttled(work, pen, fast, slow)
    elif ratio * EQUAL < expected and bound[slow] == "compute":
        said += _throttled(work, pen, slow, fast)
    assumed = _software(view, work, pen, fast, slow)
    said += assumed
    if expected and not told[1:] and not assumed:
        said += _nearer(work, pen, fast, slow, expected)
    if said:
        yield pen.say("workload", "; ".join(said))


def _linked(work: Work, known: Sequence[str]) -> tuple[str, ...]:
    """Those on several GPUs that share a training out."""
    return tuple(key for key in known if "links" in work.results[key].bounds)


def _by(view: View, pen: Pen, keys: Sequence[str]) -> str:
    """`, at 31.5 GB/s (PCIe) on the RTX 4090 in each direction`."""
    linked = [key for key in keys if view.number(key, "link_of_8")]
    return f", at {links(pen, linked)} in each direction" if linked else ""


def _bound_by(view: View, work: Work, known: tuple[str, ...]) -> Sentence:
    """Of many: what most of the time of each goes into."""
    pen = Pen(view)
    pen.rests_on(f"{work.field}.bound", *known)
    grouped: dict[str, list[str]] = {}
    for key in known:
        bound, share = next(iter(work.results[key].bounds.items()))
        grouped.setdefault(BOUNDS[bound], []).append(f"the {pen.name(key)} ({round(100 * share)} %)")
    told = listed(f"{bound} on {listed(who)}" for bound, who in grouped.items())
    most = all(2 * next(iter(work.results[key].bounds.values())) > 1 for key in known)
    said = [f"{'most' if most else 'the largest share'} of the time is bound by {told}"]
    said[0] += _by(view, pen, _linked(work, known))
    if "compute" in {next(iter(work.results[key].bounds)) for key in known}:
        said += (one for what in _KEPT if (one := _shares(work, pen, known, what)))
    return pen.say("workload", "; ".join(said))


def _shares(work: Work, pen: Pen, known: Sequence[str], what: str) -> str:
    """A share that differs among many, with whose it is, the least first; empty where it does not."""
    first, other = _KEPT[what]
    field = f"{work.field}.{what}"
    row = pen.view.rows.get(field)
    values = [row.cells[key].value for key in known if key in row.cells] if row else []
    if len(values) < len(known) or max(values) < min(values) * EQUAL:
        return ""
    grouped: dict[str, list[str]] = {}
    for key in sorted(known, key=lambda one: pen.value(one, field)):
        grouped.setdefault(pen.text(key, field), []).append(f"the {pen.name(key)}")
    told = [(listed(who), share) for share, who in grouped.items()]
    return ", ".join([first.format(*told[0]), *(other.format(*one) for one in told[1:])])


def _cause(work: Work, pen: Pen, cause: str, peak: tuple[str, str]) -> str:
    """`87 % of the A100's time is bound by arithmetic, where the ratio of the FP16 peak is 2.5x`."""
    view, (field, noun) = pen.view, peak
    fast, slow = view.ranked(f"{work.field}.rate")
    if not view.all_know(field):
        return ""
    bound = {key: next(iter(work.results[key].bounds)) for key in (fast, slow)}
    who = listed(f"{round(100 * work.results[key].bounds[cause])} % of the {pen.name(key)}'s time"
                 for key in (fast, slow) if bound[key] == cause)  # fmt: skip
    ratio = pen.value(fast, field) / pen.value(slow, field)
    word = "arithmetic" if cause == "compute" else "memory"
    towards = (
        f"that of the {pen.name(slow)} too"
        if max(ratio, 1 / ratio) <= EQUAL
        else f"{ratio_words(ratio)} that of the {pen.name(slow)}"
    )
    return f"{who} is bound by {word}, and the {noun} of the {pen.name(fast)} is {towards}"


def _software(view: View, work: Work, pen: Pen, fast: str, slow: str) -> list[str]:
    """That the cost model takes one vendor's software to be less mature; it is an assumption."""
    field = f"{work.field}.software"
    if field not in view.rows or pen.value(fast, field) == pen.value(slow, field):
        return []
    less, more = sorted((fast, slow), key=lambda key: pen.value(key, field))
    return [
        f"products on the {pen.name(less)} are assumed to reach {pen.text(less, field)} of the "
        "efficiency that "
        f"software reaches on NVIDIA, on the {pen.name(more)} {pen.text(more, field)}"
    ]


def _throttled(work: Work, pen: Pen, free: str, held: str) -> list[str]:
    """That the power limit keeps one further below its peak than the other."""
    field = f"{work.field}.throttle"
    if pen.value(held, field) >= pen.value(free, field) / EQUAL:
        return []
    return [
        f"the power limit leaves the {pen.name(held)} {pen.text(held, field)} of its peak rate, the "
        f"{pen.name(free)} {pen.text(free, field)}"
    ]


def _nearer(work: Work, pen: Pen, fast: str, slow: str, expected: float) -> list[str]:
    """What neither that peak nor the power limit explains: how near to its peak the model puts each."""
    results = work.results
    more = whole = results[fast].rate / results[slow].rate / expected
    if "compute" in list(results[slow].bounds)[:1]:
        more *= results[slow].throttle / results[fast].throttle
    if min(max(more, 1 / more), max(whole, 1 / whole)) < _UNEXPLAINED:
        return []
    return [
        f"the {pen.name(fast if more > 1 else slow)} comes nearer to what that allows, as the model was "
        f"fitted, which makes the whole {pen.ratio(fast, slow, f'{work.field}.rate')}"
    ]


def _peak(work: Work, half: str) -> str:

    math = precision(work.job.precision).math
    return str(math) if math else half
