"""What a workload's results mean, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.gpu.device_rates import stand_in
from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.value import costs
from whichgpu.planner.comparison.words import EQUAL, listed, ratio_words
from whichgpu.planner.comparison.work import ratio_range, speed_ratio, unlinked
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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.comparison.work import Work


def work_sentences(view: View, work: Work) -> Iterator[Sentence]:
    """Speed, why, fit, waiting, energy and cost of one workload."""
    yield from _speed(view, work)
    yield from _why(view, work)
    yield from _measured(view, work)
    if f"{work.field}.under" in view.rows:
        from whichgpu.planner.comparison.under import under_sentences

        yield from under_sentences(view, work)
    yield from _fit(view, work)
    yield from _batch(view, work)
    yield from _alone(view, work)
    yield from _several(view, work)
    yield from _limited(view, work)
    yield from _energy(view, work)
    yield from _cost(view, work)
    yield from _fleet(view, work)
    yield from _unlinked(view, work)
    for how, keys in _by_text(work.how):
        pen = Pen(view)
        pen.rests_on(f"{work.field}.runs", *keys)
        are, it = ("is", "it") if len(keys) == 1 else ("are", "them")
        who = _all(pen, keys)
        text = f"{who} {are} estimated under {how}, since {work.runtime} does not run on {it}"
        yield pen.say("workload", text)
    if work.sharded:
        yield _sharded(view, work)
    yield from _formats(view, work)
    for why, keys in _by_text(work.refused):
        pen = Pen(view)
        pen.rests_on(f"{work.field}.rate", *keys)
        have = "has" if len(keys) == 1 else "have"
        yield pen.say("workload", f"{_all(pen, keys)} {have} no figure here: {why}")


def _sharded(view: View, work: Work) -> Sentence:
    """Which do not hold a training alone, and how many of each do together."""
    pen = Pen(view)
    field = f"{work.field}.gpus"
    keys = [key for key, result in work.results.items() if result.group > 1]
    told = listed(f"{pen.amount(key, field)} of the {pen.name(key)}" for key in keys)
    one = "no single one holds it"
    if len(keys) < len(work.results):
        one = (
            listed(f"one {pen.name(key)}" for key in keys)
            + f" alone {'does' if len(keys) == 1 else 'do'} not hold it"
        )
    return pen.say("workload", f"{one}: {told} {work.sharded}; the rates are per GPU")


def _formats(view: View, work: Work) -> Iterator[Sentence]:
    """In what a GPU multiplies numbers of a format that it has no units for, or none that were read.

    It is said with the first workload of which it holds.
    """
    asked = precision(work.job.precision)
    if asked.or_wider or asked.quantised:
        return
    alike = [one for one in view.works if precision(one.job.precision) == asked]
    used: dict[tuple[str, bool], list[str]] = {}
    for gpu in view.gpus:
        first = next((one for one in alike if gpu.id in one.results and gpu.id not in one.how), None)
        instead = stand_in(gpu, asked.math)
        if first is work and instead not in ("", "fp32"):
            used.setdefault((instead, view.has(gpu, asked.math) is False), []).append(gpu.id)
    for (instead, lacks), keys in used.items():
        pen = Pen(view)
        pen.rests_on(asked.math, *keys)
        have, whose = ("it has", "its") if len(keys) == 1 else ("they have", "their")
        name = asked.math.upper()
        why = f"{have} no {name} units" if lacks else f"{whose} {name} rate was not read"
        yield pen.say("workload", f"products on {_all(pen, keys)} are taken in {instead.upper()}: {why}")


def _by_text(told: Mapping[str, str]) -> Iterable[tuple[str, list[str]]]:
    """The GPUs of which the same is said, by what is said."""
    grouped: dict[str, list[str]] = {}
    for key, text in told.items():
        grouped.setdefault(text, []).append(key)
    return grouped.items()


def _all(pen: Pen, keys: Iterable[str]) -> str:
    """`the TPU v5e and the Trainium`."""
    return listed(f"the {pen.name(key)}" for key in keys)


def _verb(work: Work) -> str:
    return "processes" if work.trains or work.unit == "sequences" else "makes"


def _speed(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.rate"
    known = tuple(view.ranked(field))
    pen = Pen(view)
    if len(view.ids) == 1 and known:
        yield _single(pen, work, known[0])
    if len(known) < 2:
        return
    first, *rest = known
    if view.pair:
        ratio = pen.ratio(first, rest[0], field)
        unsure = speed_ratio(work.results[first], work.results[rest[0]])[0] < 1
        within = ratio_range(work.results[first], work.results[rest[0]])
        text = (
            f"the {pen.name(first)} {_verb(work)} {ratio} the {work.unit} of the {pen.name(rest[0])}, "
            f"{'GPU for GPU' if view.one == 'one GPU' else 'one for one'} "
            f"({pen.amount(first, field)} against {pen.amount(rest[0], field)} a second; the ratio "
            f"lies {within} with 90 % confidence{_unsure(unsure)})"
            if ratio != "the same"
            else "both run it at the same speed "
            f"({pen.amount(first, field)} and {pen.amount(rest[0], field)} {work.unit} a second)"
        )
    else:
        behind = listed(
            f"{_as_fast(pen.ratio(first, key, field))} the {pen.name(key)} ({pen.amount(key, field)})"
            for key in rest
        )
        text = (
            f"the {pen.name(first)} is fastest with {pen.amount(first, field)} {work.unit} a second: {behind}"
        )
    yield pen.say("workload", text)


def _as_fast(ratio: str) -> str:
    return "level with" if ratio == "the same" else ratio


def _single(pen: Pen, work: Work, key: str) -> Sentence:
    """The speed of the only one, in its best configuration, and what it draws."""
    text = f"it {_verb(work)} {pen.text(key, f'{work.field}.rate')} {work.unit} a second with 90 % confidence"
    text += f", at {pen.text(key, f'{work.field}.runs')}"
    if pen.view.number(key, f"{work.field}.watts"):
        text += f" and {pen.quantity(key, f'{work.field}.watts')}"
    return pen.say("workload", text)


def _limited(view: View, work: Work) -> Iterator[Sentence]:
    """How much less a laptop part does at the lowest limit that makers set."""
    for key, result in work.results.items():
        if not result.limited:
            continue
        (high, most), *_, (low, least) = result.limited.items()
        pen = Pen(view)
        pen.rests_on(f"{work.field}.limited", key)
        lost = round(100.0 * (1.0 - least.mid / most.mid))
        slower = f"is {lost} % slower than" if lost else "is as fast as"
        yield pen.say(
            "workload",
            f"in a laptop that gives it {low:g} W, the {pen.name(key)} {slower} in one that gives it "
            f"{high:g} W; its rate in the table is for {result.held:.0f} W",
        )


def _unsure(unsure: bool) -> str:
    return ", so that which is faster is not sure" if unsure else ""


def _why(view: View, work: Work) -> Iterator[Sentence]:
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
        who = listed(f"the {pen.name(key)}" for key in known if bound[key] == "launch")
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
    links = [key for key in keys if view.number(key, "link_of_8")]
    return f", at {_links(pen, links)} in each direction" if links else ""


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
    from whichgpu.workloads.precision import precision

    math = precision(work.job.precision).math
    return str(math) if math else half


def _fit(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.gpus"
    counts = {key: view.number(key, field) or 0 for key in work.results}
    if len(counts) < 2 or max(counts.values()) == 1:
        return
    pen = Pen(view)
    if len(set(counts.values())) == 1:
        yield pen.say("workload", f"it takes {pen.amount(next(iter(counts)), field)} of either to hold it")
        return
    yield pen.say(
        "workload",
        "to hold it takes " + listed(f"{pen.amount(key, field)} of the {pen.name(key)}" for key in counts),
    )


def _measured(view: View, work: Work) -> Iterator[Sentence]:
    """The ratio that was measured of the same job, and what the model makes of it; or that none was."""
    pen = Pen(view)
    told = []
    for index, one in enumerate(work.measured):
        field = f"{work.field}.measured.{index}"
        known = tuple(view.ranked(field))
        if len(known) < 2:
            continue
        first, *rest = known
        ratios = listed(
            f"{_as_fast(_faster(pen.ratio(first, key, field), one.better))} the {pen.name(key)} "
            f"({pen.text(first, field)} against {pen.text(key, field)})"
            for key in rest
        )
        model = view.ranked(f"{field}.model")
        says = ""
        if len(model) == len(known) and view.pair and first in model:
            says = f"; the model makes it {pen.ratio(first, rest[0], f'{field}.model')}" if (
                one.better == "higher"
            ) else f"; the model makes it {pen.ratio(rest[0], first, f'{field}.model')}"  # fmt: skip
        told.append(f"in {one.what}, the {pen.name(first)} is {ratios}{says}")
    if told:
        yield pen.say("measured", f"published measurements: {'; '.join(told)}")
    elif len(view.ids) == 1 and work.measured and work.measured[0].predicted:
        key, one = view.ids[0], work.measured[0]
        field = f"{work.field}.measured.0"
        yield pen.say(
            "measured",
            f"measured, in {one.what}: {pen.text(key, field)}; the model makes it "
            f"{pen.text(key, f'{field}.model')}",
        )
    elif not work.measured and work.results:
        pen.rests_on(f"{work.field}.rate", *view.ids)
        who = "it" if len(view.ids) == 1 else "these GPUs"
        yield pen.say(
            "measured",
            f"no published measurement of this workload on {who} was read, so all of it is the model's",
        )


def _faster(ratio: str, better: str) -> str:
    """A ratio of times is that of speeds the other way round, which a reader expects."""
    if better == "higher" or ratio == "the same":
        return ratio
    return f"{ratio_words(1.0 / float(ratio.rstrip('x')))}" if float(ratio.rstrip("x")) < 1 else ratio


def _batch(view: View, work: Work) -> Iterator[Sentence]:
    """From which batch on memory decides."""
    field = f"{work.field}.largest"
    known = tuple(view.ranked(field))
    if len(known) < 2 or len(set(view.ranked(field).values())) == 1:
        return
    pen = Pen(view)
    told = listed(f"{pen.amount(key, field)} on the {pen.name(key)}" for key in known)
    yield pen.say("workload", f"memory sets the largest batch: of those tried, {told}")


def _several(view: View, work: Work) -> Iterator[Sentence]:
    """What more GPUs of a kind give: training in data parallel, or an answer that comes sooner."""
    most = max((count for result in work.results.values() for count in result.together), default=1)
    field = f"{work.field}.on{most}"
    known = tuple(view.ranked(field))
    if most == 1 or not known:
        return
    pen = Pen(view)
    if work.trains:
        one = f"{work.field}.rate"
        told = listed(
            f"{ratio_words(pen.value(key, field) / pen.value(key, one))} one {pen.name(key)} "
            f"({pen.amount(key, field)} {work.unit} a second)"
            for key in known
        )
        links = [key for key in known if view.number(key, "link_of_8")]
        by = f"; they exchange gradients at {_links(pen, links)} in each direction" if links else ""
        yield pen.say("scaling", f"in data parallel, {most} GPUs train at {told}{by}")
        return
    yield _sooner(view, work)


def _sooner(view: View, work: Work) -> Sentence:
    """On how many GPUs that share the model one item alone comes soonest, and on which it comes no sooner."""
    pen = Pen(view)
    told, no_sooner = [], []
    for key in view.ranked(f"{work.field}.alone"):
        result = work.results[key]
        if not result.together:
            continue
        count, best = min(result.together.items(), key=lambda one: one[1].mid)
        if best.mid * EQUAL < result.latency_alone.mid:
            told.append(f"{pen.text(key, f'{work.field}.on{count}')} on {count} of the {pen.name(key)}")
        else:
            pen.rests_on(f"{work.field}.alone", key)
            no_sooner.append(key)
    if not told:
        return pen.say(
            "scaling", f"one {work.single} alone comes no sooner on several of {_all(pen, no_sooner)}"
        )
    text = f"GPUs that share the model answer sooner: an {work.single} alone takes {listed(told)}"
    none = f"; on several of {_all(pen, no_sooner)} it comes no sooner" if no_sooner else ""
    return pen.say("scaling", text + none)


def _unlinked(view: View, work: Work) -> Iterator[Sentence]:
    """Why several of some GPUs have no figure beside those of others."""
    if len(work.results) == 1 or not any(result.together for result in work.results.values()):
        return
    alone = [key for key, result in work.results.items() if not result.together]
    # Parts do not work together at all, which is told of them.
    keys = [gpu.id for gpu in view.gpus if gpu.id in alone and unlinked(gpu) and not is_part(gpu)]
    if keys:
        pen = Pen(view)
        pen.rests_on(f"{work.field}.rate", *keys)
        yield pen.say(
            "scaling",
            f"several of {_all(pen, keys)} are not worked out: the model has no measurement of their links",
        )


def _links(pen: Pen, keys: list[str]) -> str:
    """`300 GB/s (NVSwitch) on the A100 and 31.5 GB/s (PCIe) on the RTX A6000`."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        grouped.setdefault(pen.text(key, "link_of_8"), []).append(f"the {pen.name(key)}")
    return listed(f"{rate} on {listed(who)}" for rate, who in grouped.items())


def _fleet(view: View, work: Work) -> Iterator[Sentence]:
    """How many of each reach a rate, and what they cost: many small against few large."""
    field = f"{work.field}.fleet"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = []
    for key in known:
        usd = f" for {pen.quantity(key, f'{field}_usd')}" if view.number(key, f"{field}_usd") else ""
        told.append(f"{pen.amount(key, field)} of the {pen.name(key)}{_replicas(work, key)}{usd}")
    yield pen.say("workload", f"{pen.text(known[0], f'{work.field}.target')} take {listed(told, 'or')}")


def _replicas(work: Work, key: str) -> str:
    """How many GPUs share a copy of the model, where more than one and another number in others do."""
    group = work.results[key].group
    alike = len({result.group for result in work.results.values()}) == 1
    return "" if group == 1 or alike else f" ({group} to a copy of the model)"


def _alone(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.alone"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = listed(f"{pen.text(key, field)} on {_on(pen, work, key)}" for key in known)
    length = (
        f" of {work.job.output_tokens:,.0f} tokens"
        if work.unit == "tokens" and work.job.output_tokens
        else ""
    )
    yield pen.say("workload", f"one {work.single}{length} alone takes {told}")


def _on(pen: Pen, work: Work, key: str) -> str:
    least = work.results[key].least
    if least == 1:
        return f"the {pen.name(key)}"
    return f"{pen.amount(key, f'{work.field}.gpus')} of the {pen.name(key)}"


def _energy(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.energy"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    what = (
        "a token" if work.unit == "tokens" else f"{'an' if work.single[0] in 'aeiou' else 'a'} {work.single}"
    )
    told = listed(
        f"{pen.quantity(key, field)} on the {pen.name(key)} (at {pen.quantity(key, f'{work.field}.watts')})"
        for key in known
    )
    yield pen.say("workload", f"{what} takes {told}")


def _cost(view: View, work: Work) -> Iterator[Sentence]:
    field = f"{work.field}.usd"
    known = tuple(view.ranked(field))
    if len(known) < 2:
        return
    pen = Pen(view)
    told = listed(f"{pen.amount(key, field)} USD on the {pen.name(key)}" for key in known)
    noun = f"a {work.noun}" if work.noun.startswith("million") else work.noun
    read = [offer.as_of for key in known if (offer := view.markets[key].best.get("on-demand"))]
    dates = sorted({day.isoformat() for day in read if day})
    when = f" (read {dates[0]}{f' to {dates[-1]}' if len(dates) > 1 else ''})" if dates else ""
    yield pen.say("workload", f"{noun} cost {told} at full load and the cheapest on-demand price{when}")
    if view.pair:
        yield from _break_even(view, work)


def _break_even(view: View, work: Work) -> Iterator[Sentence]:
    """Up to which price ratio the faster one is worth it, and what the ratio is today."""
    fast, slow = view.ranked(f"{work.field}.rate")
    pen = Pen(view)
    speed = pen.ratio(fast, slow, f"{work.field}.rate")
    if speed == "the same":
        return
    worth = work.results[fast].rate / work.results[slow].rate
    yield pen.say(
        "workload",
        f"for this workload the {pen.name(fast)} is worth up to {speed} the {pen.name(slow)}'s hourly price; "
        f"it costs {'; '.join(costs(pen, fast, slow, {'': worth}))}",
    )
