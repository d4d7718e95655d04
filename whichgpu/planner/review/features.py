"""What a GPU has beside its figures, and what it lacks, in sentences that rest on its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.lasting import current, lasting, maintained, supported
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rates import TOKEN_FP64, accumulate, sparse, widened
from whichgpu.planner.comparison.rays import traces, units
from whichgpu.planner.comparison.reasons import own_power
from whichgpu.planner.comparison.stack import GROUP, refused
from whichgpu.planner.comparison.takeaways import limits_of
from whichgpu.planner.comparison.words import listed
from whichgpu.planner.needs import need
from whichgpu.planner.programs import programs
from whichgpu.planner.use import use
from whichgpu.software.targets import device

#: Segments, in words, whose parts come one to a machine.
_ALONE = ("laptop", "embedded", "server processor")
#: How many programs of a kind are named where what they ask was not read.
_NAMED = 2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View

_COOLED = {
    "active": "it has its own fan",
    "passive": "it has no fan of its own and needs the air of a server",
}


def strengths(view: View) -> Iterator[Sentence]:
    """What it has that many lack."""
    key = view.ids[0]
    pen = Pen(view)
    if view.number(key, "nvlink"):
        count = view.text(key, "nvlink_gpus")
        joins = f", which joins {pen.amount(key, 'nvlink_gpus')}" if count else ""
        bridged = " by a bridge" if joins and view.text(key, "form_factor").startswith("PCIe") else ""
        if bridged:
            pen.rests_on("form_factor", key)
        yield pen.say(
            "strength", f"NVLink{bridged}{joins}: {pen.quantity(key, 'nvlink')}, both directions together"
        )
    if view.number(key, "mig_max"):
        pen = Pen(view)
        yield pen.say(
            "strength", f"it can be cut into up to {pen.amount(key, 'mig_max')} isolated slices (MIG)"
        )
    if view.text(key, "ecc").startswith("yes"):
        pen = Pen(view)
        pen.rests_on("ecc", key)
        yield pen.say("strength", "its memory corrects errors (ECC)")
    if view.number(key, "vgpu"):
        pen = Pen(view)
        pen.rests_on("vgpu", key)
        yield pen.say("strength", "virtual machines may share it (vGPU software)")
    if view.text(key, "slots") == "1" or view.number(key, "low_profile"):
        pen = Pen(view)
        small = ["takes one slot"] if pen.text(key, "slots") == "1" else []
        small += ["is low-profile"] if view.number(key, "low_profile") else []
        pen.rests_on("low_profile", key)
        yield pen.say("strength", f"it {' and '.join(small)}")
    if traces(view, key):
        yield _renders(view, key)
    if view.text(key, "power_connectors") == "none":
        pen = Pen(view)
        pen.rests_on("power_connectors", key)
        yield pen.say("strength", "the slot alone feeds it")
    yield from current(view, oldest=False)
    if view.text(key, "software_now"):
        yield from maintained(view)


def _renders(view: View, key: str) -> Sentence:
    """That it renders beside computing, and what it shows that on."""
    pen = Pen(view)
    rate = f", {pen.quantity(key, 'rt')}" if view.number(key, "rt") else ""
    text = f"it renders and traces rays as well as it computes ({units(pen, key)}{rate})"
    outputs = view.text(key, "display_outputs")
    if outputs and outputs != "none":
        text += f" and drives displays ({pen.text(key, 'display_outputs')})"
    if view.number(key, "vr"):
        pen.rests_on("vr", key)
        text += "; it is sold as ready for VR"
    return pen.say("strength", text)


def limits(view: View) -> Iterator[Sentence]:
    """What it lacks, as far as that was read."""
    key, gpu = view.ids[0], view.gpus[0]
    alone = view.text(key, "segment") in _ALONE
    for field, text in (
        *([] if alone else [("nvlink", "it has no NVLink: several of it exchange data over PCIe")]),
        ("mig_max", "it cannot be cut into isolated slices (MIG)"),
        ("rt_cores", "it has no RT cores" if gpu.vendor == "NVIDIA" else "it traces no rays in hardware"),
    ):
        cell = view.cell(key, field)
        lacks = field == "rt_cores" and gpu.family == "cdna" and traces(view, key) is False
        if lacks or (cell is not None and cell.value == 0):
            pen = Pen(view)
            pen.rests_on("architecture" if lacks else field, key)
            yield pen.say("limit", text)
    plain, precise = view.number(key, "fp32"), view.number(key, "fp64")
    if plain and precise and plain / precise > TOKEN_FP64:
        pen = Pen(view)
        share = round(pen.value(key, "fp32") / pen.value(key, "fp64"))
        yield pen.say(
            "limit", f"it is not made for FP64: {pen.quantity(key, 'fp64')}, 1:{share} of its FP32 rate"
        )
    yield from limits_of(view, gpu)
    if view.text(key, "licence"):
        pen = Pen(view)
        yield pen.say("limit", f"it comes under the {pen.text(key, 'licence')}")
    yield from _foreign(view)
    yield from _plain(view)
    yield from lasting(view)
    yield from supported(view)
    yield from current(view, oldest=True)
    if not view.text(key, "software_now"):
        yield from maintained(view)
    yield from widened(view)
    yield from accumulate(view)
    yield from sparse(view)
    if gpu.confidence:
        pen = Pen(view)
        pen.rests_on("confidence", key)
        note = f": {gpu.note.rstrip('.')}" if gpu.note else ""
        yield pen.say("doubt", f"its figures are of {gpu.confidence} confidence{note}")


def _foreign(view: View) -> Iterator[Sentence]:
    """What CUDA's absence leaves out of the software in the table."""
    key, gpu = view.ids[0], view.gpus[0]
    if gpu.vendor == "NVIDIA" or gpu.segment == "cpu":
        return
    pen = Pen(view)
    pen.rests_on("vendor", key)
    rows = [row for row in view.rows.values() if row.group == GROUP and row.cells.get(key)]
    without = [row for row in rows if refused(gpu, row)]
    for row in without:
        pen.rests_on(row.field, key)
    which = f", nor {listed((row.label for row in without), 'or')}" if without else ""
    yield pen.say("limit", f"it runs no CUDA software{which}")


def _plain(view: View) -> Iterator[Sentence]:
    """That products run on plain cores."""
    key, gpu = view.ids[0], view.gpus[0]
    cores = view.cell(key, "tensor_cores")
    if gpu.segment == "cpu" or cores is None or cores.value:
        return
    pen = Pen(view)
    pen.rests_on("tensor_cores", key)
    units = "tensor cores" if gpu.vendor == "NVIDIA" else "matrix units"
    rate = f": {pen.quantity(key, 'fp16')} in FP16 come from its plain cores"
    yield pen.say("limit", f"it has no {units}{rate if view.number(key, 'fp16') else ''}")


def beside(view: View) -> Iterator[Sentence]:
    """What it does beside machine learning, as far as its units and interfaces say, and for which programs.

    Programs are those of which a source states what they ask of a card.
    """
    yield from _beside(view)
    yield from _like_a_gaming_card(view)
    gpu, key = view.gpus[0], view.ids[0]
    # What runs on an Arm processor, as beside a GB10, is not what was read of these programs; nor is a
    # processor a card.
    if device(gpu).host != "x86_64" or gpu.segment == "cpu":
        return
    kinds = {one.use: use(one.use) for one in programs()}
    fit = {name: kind for name, kind in kinds.items() if kind is not None and _meets(gpu, kind.needs)}
    suited = [one for one in programs() if one.use in fit and _meets(gpu, one.needs)]
    if asked := [one.title for one in suited if one.source]:
        pen = Pen(view)
        pen.rests_on("memory", key)
        yield pen.say(
            "use", f"of the programs whose requirements were read, it has what {listed(asked)} ask of a card"
        )
    unread = {name: [one.title for one in suited if one.use == name and not one.source] for name in fit}
    named = [
        f"{fit[name].title} ({', '.join(titles[:_NAMED])})"
        for name, titles in unread.items()
        if titles and fit[name].needs
    ]
    if named:
        pen = Pen(view)
        pen.rests_on("memory", key)
        yield pen.say(
            "use",
            f"it has what these kinds of work need: {'; '.join(named)}; what the programs themselves ask of "
            "a card was not read",
        )


def _beside(view: View) -> Iterator[Sentence]:
    """Rendering, displays, video, virtual reality and games; of a module what it is put into."""
    key = view.ids[0]
    pen = Pen(view)
    told = []
    if traces(view, key):
        rate = f", {pen.quantity(key, 'rt')}" if view.number(key, "rt") else ""
        told.append(f"rendering with ray tracing ({units(pen, key)}{rate})")
    if view.text(key, "display_outputs") not in ("", "none"):
        told.append(f"visualisation on its displays ({pen.text(key, 'display_outputs')})")
    if view.text(key, "encoders") not in ("", "none"):
        told.append(f"video with {pen.text(key, 'encoders')}")
    if view.number(key, "vr"):
        pen.rests_on("vr", key)
        told.append("virtual and augmented reality (sold as ready for VR)")
    if view.gpus[0].segment == "edge":
        pen.rests_on("segment", key)
        told.append(
            "seeing and deciding aboard robots, cameras and vehicles, for which such modules are made"
        )
    elif view.text(key, "graphics_apis") and _draws(view):
        told.append(f"{_plays(pen, key)} and design tools (CAD; {pen.text(key, 'graphics_apis')})")
    if told:
        yield pen.say("use", f"beside machine learning: {listed(told)}")


def _draws(view: View) -> bool:
    """Whether a part is for drawing on screens: one for data centres is that if it has outputs."""
    outputs = view.text(view.ids[0], "display_outputs")
    return outputs != "none" and (bool(outputs) or view.gpus[0].segment != "datacenter")


def _meets(gpu: Gpu, needs: tuple[str, ...]) -> bool:
    """Whether a GPU has all that is needed."""
    return all(need(text).met(gpu) for text in needs)


def _plays(pen: Pen, key: str) -> str:
    """Games; with DLSS, which scales up what is drawn, on NVIDIA's parts with RT and tensor cores."""
    rtx = pen.view.gpus[0].vendor == "NVIDIA" and pen.view.number(key, "rt_cores")
    if not (rtx and pen.view.number(key, "tensor_cores")):
        return "games"
    pen.rests_on("tensor_cores", key)
    return "games, with DLSS,"


def _like_a_gaming_card(view: View) -> Iterator[Sentence]:
    """Which gaming card a workstation card plays like on paper: tests of games are of those."""
    key = view.ids[0]
    other = view.others.get(f"player {key}")
    if other is None:
        return
    pen = Pen(view._replace(others={**view.others, other.id: other}))
    figures = listed(pen.against(key, other.id, field) for field in ("fp32", "bandwidth", "memory"))
    yield pen.say(
        "use",
        f"in games, also at 4K, it is on paper most like the {pen.name(other.id)} of its generation "
        f"({figures}), whose tests tell what to expect; how smoothly depends on the game and its settings, "
        "and no test of games is on file",
    )


def _shares(view: View) -> bool:
    """Whether the limit is a board's that carries several GPUs."""
    return own_power(view) != "power" and bool(view.number(view.ids[0], "power"))


def board(view: View) -> Iterator[Sentence]:
    """Where it fits and what it needs: form, length, cooling, power, link, displays, video, interfaces."""
    key = view.ids[0]
    pen = Pen(view)
    parts = [pen.text(key, "form_factor")] if view.text(key, "form_factor") else []
    parts += [f"{pen.text(key, 'board_length')} long"] if view.text(key, "board_length") else []
    parts += [f"{pen.text(key, 'board_height')} high"] if view.text(key, "board_height") else []
    if view.text(key, "cooling") in _COOLED:
        pen.rests_on("cooling", key)
        parts.append(_COOLED[view.text(key, "cooling")])
    if parts:
        yield pen.say("board", "; ".join(parts))
    pen = Pen(view)
    each = f" for the board, {pen.quantity(key, own_power(view))} for each GPU" if _shares(view) else ""
    fed = [f"a limit of {pen.quantity(key, 'power')}{each}"] if view.number(key, "power") else []
    fed += [f"connectors: {pen.text(key, 'power_connectors')}"] if view.text(key, "power_connectors") else []
    if view.number(key, "suggested_psu"):
        fed.append(f"a supply of {pen.quantity(key, 'suggested_psu')} is suggested for the machine")
    if view.text(key, "year"):
        of_one = " for each GPU" if each else ""
        fed.append(f"day and night at its limit, a year takes {pen.text(key, 'year')}{of_one}")
    if fed:
        yield pen.say("board", f"power: {'; '.join(fed)}")
    for fields, words in (
        (("pcie_generation", "pcie_lanes"), "PCIe {} x{}"),
        (("display_outputs",), "display outputs: {}"),
        (("display_modes",), "displays at once: {}"),
        (("encoders", "decoders"), "video engines: {}"),
        (("graphics_apis", "compute_apis"), "interfaces: {}"),
        (("mig_profiles",), "MIG profiles: {}"),
        (("vgpu_profiles",), "profiles of its vGPU software by edition: {}"),
    ):
        if all(view.text(key, field) for field in fields):
            pen = Pen(view)
            texts = [pen.text(key, field) for field in fields]
            # An engine that encodes and decodes, an interface that draws and computes, is named once.
            told = texts if words.count("{}") == len(texts) else ["; ".join(dict.fromkeys(texts))]
            yield pen.say("board", words.format(*told))
