"""What the GPUs can do beside computing: links, sharing, drawing, where they fit; and what is not known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.hardware.blank import OPEN, PUBLISHED, blank
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rays import lacking, traces, units
from whichgpu.planner.comparison.rows import OF_BOARD
from whichgpu.planner.comparison.words import REFUSED, listed
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Row, Sentence, View

#: What stands in where the usual engine does not run, and takes less memory beside the weights.
_LEAN = "llama.cpp"
#: Fields whose absence a reader would notice.
_ASKED = (
    "memory", "bandwidth", "fp32", "fp16", "fp64", "power", "nvlink", "ecc", "rt", "mig_max",
    "display_outputs",
)  # fmt: skip
_NAMES = {
    "nvlink": "NVLink", "rt": "ray-tracing rate", "mig_max": "MIG", "ecc": "ECC",
    "display_outputs": "display outputs",
    "fp64": "FP64 rate", "fp32": "FP32 rate", "fp16": "FP16 rate", "power": "power limit",
    "bandwidth": "memory bandwidth",
}  # fmt: skip

#: Segments whose limits the maker of the machine chooses; of any other, its driver takes a range.
BUILT_IN = ("laptop", "edge")


def links(view: View) -> Iterator[Sentence]:
    """How GPUs of a kind talk to each other."""
    pen = Pen(view)
    clauses = []
    told = [_link(pen, key) for key in view.ids if view.number(key, "nvlink")]
    none = [key for key in view.ids if view.cell(key, "nvlink") and not view.number(key, "nvlink")]
    if told:
        pen.rests_on("nvlink", *none)
        without = f", none on {listed(f'the {pen.name(key)}' for key in none)}" if none else ""
        clauses.append(f"NVLink, both directions together: {listed(told)}{without}")
    elif none:
        pen.rests_on("nvlink", *none)
        has = "has" if len(none) == 1 else "have"
        clauses.append(f"{listed(f'the {pen.name(key)}' for key in none)} {has} no NVLink")
    eights = tuple(view.ranked("link_of_8"))
    if len(eights) > 1:
        clauses.append(f"in a usual machine of eight, {_eights(pen, eights)}")
    if clauses:
        yield pen.say("links", "; ".join(clauses))


def _eights(pen: Pen, keys: tuple[str, ...]) -> str:
    """What a GPU can send to the others, by the link; what all compared send is said once."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        grouped.setdefault(pen.text(key, "link_of_8"), []).append(f"the {pen.name(key)}")
    if len(grouped) == 1 and len(keys) == len(pen.view.ids):
        return f"either sends {next(iter(grouped))} in each direction" if len(keys) == 2 else (
            f"each sends {next(iter(grouped))} in each direction"
        )  # fmt: skip
    told = [f"{listed(who)} {'sends' if len(who) == 1 else 'send'} {text}" for text, who in grouped.items()]
    return f"{listed(told)} in each direction"


def _link(pen: Pen, key: str) -> str:
    text = f"{pen.quantity(key, 'nvlink')} on the {pen.name(key)}"
    if not pen.view.number(key, "nvlink_gpus"):
        return text
    count = pen.amount(key, "nvlink_gpus")
    return f"{text} ({'between two cards' if count == '2' else f'among {count}'})"


def sharing(view: View) -> Iterator[Sentence]:
    """Cutting one GPU into several."""
    cut = [key for key in view.ids if view.number(key, "mig_max")]
    whole = [key for key in view.ids if view.cell(key, "mig_max") and key not in cut]
    if cut and len(cut) < len(view.ids):
        pen = Pen(view)
        grouped: dict[str, list[str]] = {}
        for key in cut:
            grouped.setdefault(pen.amount(key, "mig_max"), []).append(f"the {pen.name(key)}")
        told = listed(
            f"{listed(who)} can be cut into up to {count} isolated slices" for count, who in grouped.items()
        )
        text = f"{told} (MIG)"
        if whole:
            pen.rests_on("mig_max", *whole)
            text += f"; {listed(f'the {pen.name(key)}' for key in whole)} cannot"
        yield pen.say("sharing", text)


def drawing(view: View) -> Iterator[Sentence]:
    """Ray tracing, displays and video, where they differ."""
    pen = Pen(view)
    clauses = []
    draw = [key for key in view.ids if traces(view, key)]
    none = [key for key in view.ids if traces(view, key) is False]
    if draw and none:
        cores = listed(f"{units(pen, key)} on the {pen.name(key)}" for key in draw)
        lacking(pen, *none)
        clauses.append(f"ray tracing: {cores}, none on {listed(f'the {pen.name(key)}' for key in none)}")
    if len(view.ranked("rt")) > 1:
        clauses.append(pen.lead("rt", "ray-tracing rate", few="highest"))
    shown = [key for key in view.ids if view.text(key, "display_outputs") not in ("", "none")]
    blank = [key for key in view.ids if view.text(key, "display_outputs") == "none"]
    if shown and blank:
        outputs = listed(
            f"the {pen.name(key)} drives displays ({pen.text(key, 'display_outputs')})" for key in shown
        )
        pen.rests_on("display_outputs", *blank)
        clauses.append(f"{outputs}, {listed(f'the {pen.name(key)}' for key in blank)} none")
    if clauses:
        yield pen.say("drawing", "; ".join(clauses))


#: What several GPUs of one model do for one answer.
_DEALT = (
    "where they share a model by layers, as under Transformers and llama.cpp, one answer comes no faster for "
    "it; where they split each layer (tensor parallel, vLLM), it does, less what their link costs"
)


def holding(view: View) -> Iterator[Sentence]:
    """The well-known models that not every one holds alone; nothing where that was not worked out."""
    rows = [row for row in view.rows.values() if row.field.startswith("fits.")]
    if rows and len(view.ids) == 1:
        yield from _held(view, rows)
        return
    grouped: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    pen = Pen(view)
    for row in rows:
        alone = tuple(key for key in view.ids if view.number(key, row.field) == 1)
        left = tuple(key for key in view.ids if _silent(view, key, row.field, alone))
        pen.rests_on(row.field, *view.ids)
        grouped.setdefault((alone, left), []).append(row.label)
    told = [text for (alone, left), titles in grouped.items() if (text := _who(pen, alone, left, titles))]
    told += _left_out(pen, rows)
    if told:
        yield pen.say("fits", "; ".join(told))
    yield from _together(view, rows)


def _together(view: View, rows: list[Row]) -> Iterator[Sentence]:
    """What two of a GPU hold that one does not, and what that does for the speed of one answer."""
    pen = Pen(view)
    held: dict[str, list[str]] = {}
    for row in rows:
        for key in view.ids:
            if view.number(key, row.field) == 2:
                pen.rests_on(row.field, key)
                held.setdefault(row.label, []).append(f"two {pen.name(key)}")
    by_whom: dict[str, list[str]] = {}
    for label, who in held.items():
        by_whom.setdefault(listed(who, "or"), []).append(label)
    told = [f"{who} hold {listed(labels)}" for who, labels in by_whom.items()]
    if told:
        yield pen.say("together", f"what one cannot hold, two may: {'; '.join(told)}; {_DEALT}")


def _silent(view: View, key: str, field: str, alone: tuple[str, ...]) -> bool:
    """Whether nothing is said of what a GPU holds: no software runs there, or leaner software would fit."""
    if _refused(view, key, field):
        return True
    if key in alone or _LEAN in view.text(key, field):
        return False
    own = (view.number(key, "memory") or 0.0) / GIB
    lean = [
        match for one in alone if (match := re.match(rf"1 \(([\d.]+) GB, {_LEAN}", view.text(one, field)))
    ]
    return any(float(match[1]) <= own for match in lean)


def _refused(view: View, key: str, field: str) -> bool:
    """Whether no software that is assumed runs there, so that nothing is said of what it holds."""
    return view.text(key, field).startswith(REFUSED)


def _who(pen: Pen, alone: tuple[str, ...], left: tuple[str, ...], titles: list[str]) -> str:
    """Who holds some jobs alone, among those on which they run; empty where these do not differ."""
    ran = [key for key in pen.view.ids if key not in left]
    if len(alone) == len(ran) or len(ran) < 2:
        return ""
    among = f"of {listed(f'the {pen.name(key)}' for key in ran)} " if left else ""
    if not alone:
        none = "neither alone" if len(ran) == 2 else "no single one"
        return f"{among}{none} can hold {listed(titles, 'or')}"
    return (
        f"{among}only {listed(f'the {pen.name(key)}' for key in alone)} can hold {listed(titles)} "
        f"on {pen.view.one}"
    )


def _left_out(pen: Pen, rows: list[Row]) -> list[str]:
    """Of which GPUs nothing is said, and of how many of the jobs."""
    by_count: dict[int, list[str]] = {}
    for key in pen.view.ids:
        count = sum(_refused(pen.view, key, row.field) for row in rows)
        if count:
            by_count.setdefault(count, []).append(f"the {pen.name(key)}")
    return [
        f"{'none' if count == len(rows) else f'only {len(rows) - count}'} of the {len(rows)} jobs could be "
        f"worked out for {listed(who)}"
        for count, who in by_count.items()
    ]


def _held(view: View, rows: list[Row]) -> Iterator[Sentence]:
    """What the only one holds alone, and what it takes several of."""
    key = view.ids[0]
    pen = Pen(view)
    for row in rows:
        pen.rests_on(row.field, key)
    alone = [row.label for row in rows if view.number(key, row.field) == 1]
    several = [f"{row.label} ({pen.amount(key, row.field)})" for row in rows
               if (view.number(key, row.field) or 0) > 1]  # fmt: skip
    told = [f"one holds {listed(alone)}"] if alone else []
    told += [f"it takes several for {listed(several)}"] if several else []
    told += [_DEALT] if several else []
    if told:
        yield pen.say("fits", "; ".join(told))


def video(view: View) -> Iterator[Sentence]:
    """Encoders and decoders, where any are read and differ."""
    pen = Pen(view)
    told = []
    for key in view.ids:
        parts = dict.fromkeys(
            _engine(pen.text(key, field), field)
            for field in ("encoders", "decoders")
            if view.text(key, field)
        )
        if parts:
            told.append(f"{', '.join(parts)} on the {pen.name(key)}")
    if (
        len(told) == len(view.ids)
        and len({view.text(key, "encoders") + view.text(key, "decoders") for key in view.ids}) > 1
    ):
        yield pen.say("video", f"video engines: {'; '.join(told)}")


def _engine(text: str, field: str) -> str:
    """`no encoder`, `2 NVENC`; what does not say by its name which of both it is, `VCN 4 (AV1) to encode`."""
    if text == "none":
        return f"no {field.removesuffix('s')}"
    named = any(word in text.lower() for word in ("enc", "dec", "jpeg"))
    return text if named else f"{text} to {field.removesuffix('rs')}"


def board(view: View) -> Iterator[Sentence]:
    """Where each fits: form, slots, cooling, connector."""
    forms = {key: view.text(key, "form_factor") for key in view.ids}
    if not all(forms.values()):
        return
    details = {key: _details(view, key) for key in view.ids}
    if len({(forms[key], *(text for _, text in details[key])) for key in view.ids}) == 1:
        return
    pen = Pen(view)
    grouped: dict[str, list[str]] = {}
    for key in view.ids:
        pen.rests_on("form_factor", key)
        for field, _ in details[key]:
            pen.rests_on(field, key)
        parts = (_form(forms[key], pen.text(key, "segment")), *(text for _, text in details[key]))
        grouped.setdefault(", ".join(parts), []).append(f"the {pen.name(key)}")
    told = [f"{listed(who)} {'is' if len(who) == 1 else 'are each'} {text}" for text, who in grouped.items()]
    yield pen.say("board", "; ".join(told))


def _form(form: str, segment: str) -> str:
    """`a two-slot PCIe card for workstations`."""
    made = {"workstation": " for workstations", "data centre": " for data centres"}.get(segment, "")
    words = {
        "PCIe dual-slot": "a two-slot PCIe card", "PCIe single-slot": "a one-slot PCIe card",
        "PCIe triple-slot": "a three-slot PCIe card", "SXM module": "a module on a server board (SXM)",
        "OAM module": "a module on a server board (OAM)", "soldered (laptop)": "soldered into a laptop",
        "MXM module": "a laptop module (MXM)", "SoC": "part of a system on a chip",
        "Jetson module": "a Jetson module", "socket": "a processor for a socket", "module": "a module",
    }  # fmt: skip
    text = words.get(form, form)
    return f"{text}{made}" if "card" in text else text


def _details(view: View, key: str) -> list[tuple[str, str]]:
    found = []
    if view.number(key, "board_length"):
        found.append(("board_length", f"{view.text(key, 'board_length')} long"))
    if view.cell(key, "low_profile") and view.text(key, "low_profile") == "yes":
        found.append(("low_profile", "low profile"))
    cooling = view.text(key, "cooling")
    if cooling:
        words = {"passive": "cooled by the server's fans", "active": "with its own fan"}
        found.append(("cooling", words.get(cooling, f"cooled {cooling}")))
    connector = view.text(key, "power_connectors")
    if connector:
        found.append(
            ("power_connectors", "fed by the slot alone" if connector == "none" else f"fed by {connector}")
        )
    return found


def licence(view: View) -> Iterator[Sentence]:
    """What a licence forbids."""
    bound = [key for key in view.ids if view.text(key, "licence")]
    if bound and len(bound) < len(view.ids):
        pen = Pen(view)
        who = pen.names(bound)
        yield pen.say(
            "licence", f"{who} {'comes' if len(bound) == 1 else 'come'} under the {_licence(pen, bound)}"
        )
    elif bound:
        pen = Pen(view)
        yield pen.say("licence", f"{'both' if view.pair else 'all'} come under the {_licence(pen, bound)}")


def _licence(pen: Pen, keys: list[str]) -> str:
    return "; ".join(dict.fromkeys(pen.text(key, "licence") for key in keys))


def shared_board(view: View) -> Iterator[Sentence]:
    """Boards that carry several GPUs: every figure is of one, but power and slots are the board's."""
    for gpu in view.gpus:
        count = view.number(gpu.id, "units_per_board")
        if count and count > 1:
            pen = Pen(view)
            pen.rests_on("units_per_board", gpu.id)
            text = (
                f"the {pen.name(gpu.id)} is one of {pen.amount(gpu.id, 'units_per_board')} GPUs on its board"
            )
            if view.number(gpu.id, "power"):
                text += (
                    f", whose {pen.quantity(gpu.id, 'power')} they share: "
                    f"{pen.quantity(gpu.id, 'power_per_gpu')} each"
                )
            yield pen.say("board", text)


def parts(view: View) -> Iterator[Sentence]:
    """What a slice, a share or a vGPU is of its GPU, and what it has not of its own."""
    for gpu in view.gpus:
        whole = view.others.get(gpu.id.partition(":")[0]) if is_part(gpu) else None
        if whole is None:
            continue
        pen = Pen(view)
        told = [
            f"{pen.amount(gpu.id, name)} of {pen.quantity(whole.id, name)}{noun}"
            for name, noun in (("sms", " SMs"), ("memory", ""), ("bandwidth", ""))
            if gpu.value(name) and whole.value(name)
        ]
        sliced = ":mig-" in gpu.id
        mean = "" if sliced else ", in the mean of its turns"
        text = (
            f"the {pen.name(gpu.id)} is a part of one {pen.name(whole.id)}: {listed(told)}{mean}; board, "
            "power limit and links are those of the whole, and several parts do not work together"
        )
        if gpu.value("memory") == whole.value("memory") and gpu.value("sms") == whole.value("sms"):
            mode = "in MIG mode" if sliced else "for one virtual machine"
            text = f"the {pen.name(gpu.id)} is all of one {pen.name(whole.id)}, {mode}"
        if view.cell(gpu.id, "usd_whole"):
            text += f"; the whole costs {pen.text(gpu.id, 'usd_whole')}{_each(pen, gpu, whole)}"
        yield pen.say("part", text)


def _each(pen: Pen, gpu: Gpu, whole: Gpu) -> str:
    """What of the price of the whole falls to each slice, where it holds several of the profile."""
    named = re.escape(gpu.id.partition(":mig-")[2] or "-")
    held = re.search(rf"\b(\d+)x {named}(?![\w.])", str(whole.value("mig_profiles") or ""))
    cell = pen.view.cell(gpu.id, "usd_whole")
    if held is None or held[1] == "1" or cell is None or not isinstance(cell.value, int | float):
        return ""
    pen.rests_on("mig_profiles", whole.id)
    return f", {cell.value / int(held[1]):.2f} for each of the {held[1]} that it holds at most"


def doubts(view: View) -> Iterator[Sentence]:
    """What the catalogue says of a device's figures, and where they rest on little."""
    for gpu in view.gpus:
        of_range = gpu.value("power_min") and gpu.segment in BUILT_IN
        # What is told of it elsewhere: of a board of several GPUs that they share it, of a laptop its range.
        note = gpu.note.partition(". ")[2] if gpu.value("units_per_board") else gpu.note
        told = "" if of_range and not gpu.confidence else note.rstrip(".")
        if not told and not gpu.confidence:
            continue
        pen = Pen(view)
        about = f"the figures of the {pen.name(gpu.id)}"
        pen.rests_on("confidence", gpu.id)
        if gpu.confidence:
            yield pen.say("doubt", f"{about} are of {gpu.confidence} confidence{f': {told}' if told else ''}")
        else:
            yield pen.say("doubt", f"on {about}: {told}")


def unread(view: View) -> Iterator[Sentence]:
    """What was read for some but not for others, so that it is not compared, and what is not published."""
    told = {OPEN: "not read in any source, so not compared", PUBLISHED: "not published, so not compared"}
    for answer, text in told.items():
        pen = Pen(view)
        missing: dict[tuple[str, ...], list[str]] = {}
        for field in _ASKED:
            have = any(view.cell(key, field) for key in view.ids)
            lack = tuple(gpu.id for gpu in view.gpus if _lacking(view, gpu, field) == answer)
            if have and lack:
                missing.setdefault(lack, []).append(_NAMES.get(field, FIELDS[field].label.lower()))
                pen.rests_on(field, *lack)
        whose = [
            f"{listed(names)} of {listed(f'the {pen.name(key)}' for key in lack)}"
            for lack, names in missing.items()
        ]
        if whose:
            yield pen.say("unread", f"{text}: {'; '.join(whose)}")


def _lacking(view: View, gpu: Gpu, field: str) -> str:
    """Why a comparison has no figure of a GPU; empty where it has one, or another fact makes it plain."""
    absent = blank(gpu, field)
    if absent is None or view.cell(gpu.id, field) or (field in OF_BOARD and is_part(gpu)):
        return ""
    bare = "PCIe" not in view.text(gpu.id, "form_factor") or gpu.segment == "datacenter"
    if (field == "display_outputs" and bare) or (field == "fp16" and view.has(gpu, field) is False):
        return ""
    return absent.answer


#: In the order of reading.
ALL = (parts, links, sharing, holding, drawing, video, board, shared_board, licence, doubts, unread)
