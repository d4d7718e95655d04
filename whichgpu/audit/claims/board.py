"""What a card needs of a computer, in cells and lists: connectors, a power supply, outputs for displays.

Makers of cards change all three, so that another one than the reference card's is wrong of no gaming card;
that a device of a data centre has an output for a display is, where its vendor lists none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.entries import of_one
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.certainty import certain
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.hardware.gpu import Gpu

_PSU = re.compile(
    r"(?:minimum |min\.? |recommended |suggested |required |rec\.? )*"
    r"(?:system power|power supply|psu|netzteil)(?: \(psu\))?"
    r"(?: (?:recommendation|requirement|wattage|size|rating))?(?: \((?:w|watts?|psu)\))*|"
    r"(?:empfohlenes |mindest-?)?netzteil(?:empfehlung| \((?:empfehlung|empfohlen|min\.?|minimum)\))?|"
    r"alimentation (?:recommand\u00e9e|conseill\u00e9e|minimale)|alimentatore (?:consigliato|raccomandato)|"
    r"fuente (?:de alimentaci\u00f3n )?(?:recomendada|m\u00ednima)|zalecany zasilacz|"
    # Of Russian, Japanese and Chinese tables.
    r"\u0440\u0435\u043a\u043e\u043c\u0435\u043d\u0434\u0443\u0435\u043c\u044b\u0439 "
    r"\u0431\u043b\u043e\u043a \u043f\u0438\u0442\u0430\u043d\u0438\u044f|"
    r"\u63a8\u5968\u96fb\u6e90(?:\u5bb9\u91cf)?|\u5efa\u8bae\u7535\u6e90|\u63a8\u8350\u7535\u6e90",
    re.IGNORECASE,
)
_PLUGS = re.compile(
    r"(?:(?:supplementary|additional|external|auxiliary|aux\.?|pcie|extra) )*"
    r"(?:power[- ])?(?:plugs?|cables?|inputs?)|power[- ]connectors?|supplementary power|fed (?:by|"
    r"through)|stromanschl\u00fcsse?|stromanschluss|"
    r"connecteurs? d.alimentation|conectores? de (?:energ\u00eda|alimentaci\u00f3n)|connectors?|"
    r"connettori? (?:di )?alimentazione|z\u0142\u0105cz[ea] zasilania|"
    r"\u0440\u0430\u0437\u044a[\u0435\u0451]\u043c\u044b? (?:\u0434\u043e\u043f\. ?)?"
    r"\u043f\u0438\u0442\u0430\u043d\u0438\u044f|\u88dc\u52a9\u96fb\u6e90(?:\u30b3\u30cd\u30af\u30bf)?|"
    r"\u4f9b\u7535\u63a5\u53e3|\u5916\u63a5\u4f9b\u7535|\u5916\u63a5\u7535\u6e90",
    re.IGNORECASE,
)
#: "2x 8-pin", "16-pin", "2x8", "1 x 12VHPWR": how many of how many pins.
_PLUG = re.compile(
    r"(?:(?<![\d.])(?P<n>\d|one|two|three)(?:\s?[x\u00d7]\s?|\s)(?:PCIe\s+)?)?"
    r"(?<!\d)(?P<pins>6|8|12|16)[- ]?(?:(?:pins?|pol(?:ig)?|broches|pines)\b|\u30d4\u30f3|\u9488)|"
    r"(?P<m>\d)\s?[x\u00d7]\s?(?P<short>6|8|12|16)\b(?![\d.]|\s?(?:GB|W\b|PCI|lanes))|"
    r"(?:(?P<k>\d)\s?[x\u00d7]\s?)?(?P<name>12VHPWR|12V-2x6)",
    re.IGNORECASE,
)
_AND_PINS = re.compile(r"(?<![\d.x])(6|8)\s?\+\s?(6|8)[- ]?pin", re.IGNORECASE)
_WORDS = {"one": 1, "two": 2, "three": 3}
_NO_PLUG = re.compile(
    r"\s*(?:none|no(?:t required)?|keine?|-|\u2013|\u2014|n/a|slot[- ]powered)\s*", re.IGNORECASE
)
_OUTPUTS = re.compile(
    r"(?:(?:display|video) )?(?:outputs?|connectors?|ports?|connectivity)(?: interfaces?)?|"
    r"display(?:s| ports| connections)?|"
    r"(?:bildschirm|monitor|video|display)?-?(?:ausg\u00e4nge|anschl\u00fcsse)|sorties(?: vid\u00e9o)?|"
    r"salidas(?: de v\u00eddeo)?",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"(?P<n>\d|one|two|three|four)\s?[x\u00d7]?\s*(?P<mini>mini[- ]?)?"
    r"(?P<kind>DisplayPorts?|DP|HDMI|DVI|VGA|USB(?:-C|[- ]Type[- ]C))(?:-[DI])?"
    r"(?:\s?v?(?P<version>\d\.\d)[a-c]?\b)?",
    re.IGNORECASE,
)
#: Outputs without their number.
_BARE_OUTPUT = re.compile(
    r"\b(?:DisplayPorts?|HDMI|DVI|VGA)\b(?:\s*(?:or|and|,|/)\s*(?:DisplayPorts?|HDMI|DVI|VGA))*"
)
_COOLING = re.compile(
    r"thermal(?: solution| design)?|cool(?:ing|er)(?: solution| type)?|k\u00fchlung", re.IGNORECASE
)
_COOLED = re.compile(
    r"\s*(passive?|active?|liquid|aktiv|passiv)(?:ly)?(?: cool\w*| fan| heat\s?sink)?\s*", re.IGNORECASE
)
_NO_OUTPUT = re.compile(r"\s*(?:none|no(?: outputs?| display outputs?)?|headless|keine?|0)\s*", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every statement of what a card is connected to with its verdict."""
    for cell in of_one(context):
        yield from _of_cell(cell, context)


def _of_cell(cell: Cell, context: Context) -> Iterator[Finding]:
    label, text = cell.label.strip(" :*"), cell.passage.text
    gpus = [context.catalogue[key] for key in cell.ids]
    if label and _PSU.fullmatch(label):
        yield from _supply(cell, gpus, context)
        return
    # "8+6 pin" are one of each.
    text = _AND_PINS.sub(lambda match: f"{match[1]}-pin+{match[2]}-pin", text)
    plugs = list(_PLUG.finditer(text)) if not label or _PLUGS.fullmatch(label) else []
    plugs = [each for each in plugs if label or each["pins"] or each["name"]]
    if plugs or (label and _PLUGS.fullmatch(label) and _NO_PLUG.fullmatch(text)):
        told = Counter({(each["pins"] or each["short"] or "16"): 0 for each in plugs})
        for each in plugs:
            told[each["pins"] or each["short"] or "16"] += _number(each["n"] or each["m"] or each["k"])
        place = (plugs[0].start(), min(plugs[-1].end(), len(cell.passage.text))) if plugs else (0, len(text))
        right = [each for each in gpus if plugs_of(each) == told]
        # Vendors build what is for data centres and workstations themselves.
        wrong = all(has_other_plugs(each, told) for each in gpus)
        yield from _judged(cell, place, "power_connectors", right, context, wrong=wrong)
    cooled = _COOLED.fullmatch(text) if _COOLING.fullmatch(label) else None
    if cooled:
        right = [gpu for gpu in gpus if str(gpu.value("cooling") or "").startswith(cooled[1].lower())]
        wrong = all(gpu.segment in _OWN_BOARDS and certain(gpu, "cooling") for gpu in gpus)
        yield from _judged(cell, cooled.span(1), "cooling", right, context, wrong=wrong)
    outputs = list(_OUTPUT.finditer(text)) if not label or _OUTPUTS.fullmatch(label) else []
    if outputs or (label and _OUTPUTS.fullmatch(label) and _NO_OUTPUT.fullmatch(text)):
        place = (outputs[0].start(), outputs[-1].end()) if outputs else (0, len(text))
        right = [gpu for gpu in gpus if _shows(gpu, outputs)]
        yield from _judged(cell, place, "display_outputs", right, context)
    bare = _BARE_OUTPUT.search(text) if label and _OUTPUTS.fullmatch(label) and not outputs else None
    if bare and all(gpu.value("display_outputs") == "none" for gpu in gpus):
        yield from _judged(cell, bare.span(), "display_outputs", (), context)


#: Of what vendors build the boards themselves.
_OWN_BOARDS = ("datacenter", "workstation")


def _number(word: str | None) -> int:
    return _WORDS.get((word or "one").lower()) or int(word or 1)


def plugs_of(gpu: Gpu) -> Counter[str] | None:
    """How many connectors of how many pins are on file of a device; None where nothing is."""
    value = gpu.value("power_connectors")
    if value is None:
        return None
    found: Counter[str] = Counter()
    for each in _PLUG.finditer(str(value)):
        found[each["pins"] or "16"] += _number(each["n"])
    return found


def has_other_plugs(gpu: Gpu, told: Counter[str]) -> bool:
    """Whether a device that its vendor builds itself has no connector of the kinds that are told of it."""
    known = plugs_of(gpu)
    own = gpu.segment in _OWN_BOARDS and certain(gpu, "power_connectors")
    return own and known is not None and not set(known) & set(told) and (bool(known) or bool(told))


def _outputs(text: str) -> list[tuple[int, str, str]]:
    return [_output(each) for each in _OUTPUT.finditer(text)]


def _output(match: re.Match[str]) -> tuple[int, str, str]:
    kind = match["kind"].lower()
    kind = "dp" if kind.startswith(("dp", "display")) else "usb" if kind.startswith("usb") else kind
    word = match["n"].lower()
    return {"four": 4, **_WORDS}.get(word) or int(word), kind, match["version"] or ""


def _shows(gpu: Gpu, told: Sequence[re.Match[str]]) -> bool:
    """Whether all outputs that are told are on file of a device, in their number, and of their version."""
    value = str(gpu.value("display_outputs") or "")
    if not told:
        return value == "none"
    known = _outputs(value)
    return all(
        any(n == m and kind == one and version in ("", its) for m, one, its in known)
        for n, kind, version in map(_output, told)
    )


def shows(gpu: Gpu, words: str) -> bool:
    """Whether a device can have the outputs that words tell; cards that others build may have any number."""
    told = list(_OUTPUT.finditer(words))
    return not told or gpu.segment not in ("datacenter", "workstation") or _shows(gpu, told)


def _supply(cell: Cell, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The power supply that a card is said to want."""
    text = f"{cell.passage.text} W" if cell.passage.text.strip().isdigit() else cell.passage.text
    told = [each for each in quantities(text, context.fraction) if each.dimension == "power"]
    if len(told) == 1:
        right = [
            gpu for gpu in gpus if any(float(f.value) == told[0].value for f in gpu.stated("suggested_psu"))
        ]
        place = (told[0].start, min(told[0].end, len(cell.passage.text)))
        yield from _judged(cell, place, "suggested_psu", right, context)


def _judged(
    cell: Cell,
    place: tuple[int, int],
    field: str,
    right: Sequence[Gpu],
    context: Context,
    *,
    wrong: bool = False,
) -> Iterator[Finding]:
    """What is on file of a device is right; what is not is wrong of those without any output, or if told."""
    known = [gpu for key in cell.ids if (gpu := context.catalogue[key]).value(field) is not None]
    if not known:
        return
    none = field == "display_outputs" and all(
        gpu.segment == "datacenter" and gpu.value(field) == "none" and certain(gpu, field) for gpu in known
    )
    verdict = "confirmed" if right else "contradicted" if none or wrong else "unverifiable"
    yield of_field(cell.passage, place, "identity", field, right or known, verdict, context)
