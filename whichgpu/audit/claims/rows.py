"""Rows of tables that are neither quantities nor capabilities: years, slots, generations of cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.nvlink import of_generation
from whichgpu.audit.claims.years import of_its_year
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.tables.entries import entries
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import spaced
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Headings of when a device was sold first, and a year.
LAUNCH = re.compile(
    r"(?:release|launch|introduction|announcement|year|date)(?:ed|d)?(?: date| year)?|announced|introduced|"
    r"debut(?:ed)?(?: year)?|came out|out since|on sale since|first sold|presented|unveiled|presentation|"
    r"market (?:launch|entry)|year of (?:launch|release|introduction)|"
    r"marktstart|verkaufsstart|erstverkauf|launch-?datum|release(?: date)? \(\w+\)|launch(?: date)? \(\w+\)|"
    r"jahr|ann\u00e9e|a\u00f1o|anno|ano|(?:erscheinungs|ver\u00f6ffentlichungs|release-)datum|"
    r"erscheinungsjahr|ann\u00e9e de (?:sortie|lancement)|a\u00f1o de (?:lanzamiento|salida)|"
    r"anno di (?:uscita|lancio)|ano de lan\u00e7amento|"
    r"\u0433\u043e\u0434 (?:\u0432\u044b\u043f\u0443\u0441\u043a\u0430|\u0432\u044b\u0445\u043e\u0434\u0430)|"
    r"date de (?:sortie|publication|lancement)|fecha de (?:lanzamiento|publicaci\u00f3n|salida)|"
    r"lan\u00e7amento|lanzamiento|sortie|erscheinung|markteinf\u00fchrung|uscita|"
    r"data d[ei] (?:uscita|rilascio|lan\u00e7amento)|"
    r"\u0434\u0430\u0442\u0430 (?:\u0440\u0435\u043b\u0438\u0437\u0430|\u0432\u044b\u0445\u043e\u0434\u0430)|"
    r"\u53d1\u5e03(?:\u65e5\u671f|\u65f6\u95f4|\u5e74\u4efd?)|\u4e0a\u5e02(?:\u65e5\u671f|\u65f6\u95f4|"
    r"\u5e74\u4efd?)|\u767a\u58f2(?:\u65e5|\u6642\u671f|\u5e74)"
)
_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_NTH = rf"(?:([1-6])(?:st|nd|rd|th)|({'|'.join(_WORDS)}))"
_ORDINAL = re.compile(rf"\b{_NTH}[- ]gen(?:eration)?\b", re.IGNORECASE)
#: By itself below a heading of generations: "3rd", "Gen 4", "5".
_ONLY_NTH = re.compile(
    rf"\s*(?:{_NTH}(?:[- ]gen(?:eration)?)?|(?:gen(?:eration)?\s*)?([1-6]))\s*", re.IGNORECASE
)
#: "NVLink 4 (900 GB/s)" below a heading of links.
_NVLINK_N = re.compile(r"\s*NVLink\s?v?(?P<n>[1-6])(?:\.0)?(?=\s*(?:$|[(,:]))", re.IGNORECASE)
_NVLINK_NTH = re.compile(r"nvlink(?: \(?gen(?:eration)?\)?| version)")
_GENERATIONS = {
    "tensor core": "tensor_core_generation",
    "rt core": "rt_core_generation",
    "ray tracing core": "rt_core_generation",
}
_FORMS = ("form factor", "slot width", "form", "board", "module")
_FORM = re.compile(r"form|slot|size|width|cooler|dimensions|\u69fd|\u5c3a\u5bf8|\u5f62\u6001")
_BARE = re.compile(r"([1-4](?:\.\d)?)")
_SLOT_LINE = re.compile(
    r"(?:^|[.\n*]\s*)(?:slots?(?: width)?|form factor|card size|width)\W{0,3}:\W{0,3}(?=\S)", re.IGNORECASE
)
_CORES_LINE = re.compile(
    r"\b(?P<what>tensor core|rt core|"
    r"ray tracing core)s?\**\s*[:\u2013-]\s*(?P<told>(?:\d[\d,]*,?\s*(?:x\s)?\(?)?"
    r"(?:[1-6](?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth)[- ]gen(?:eration)?\b)",
    re.IGNORECASE,
)
_SLOTS_IN_WORDS = {
    "single": 1.0,
    "one": 1.0,
    "dual": 2.0,
    "double": 2.0,
    "two": 2.0,
    "triple": 3.0,
    "three": 3.0,
    # "\u5355\u69fd", "\u53cc\u69fd", "\u4e09\u69fd".
    "\u5355": 1.0,
    "\u55ae": 1.0,
    "\u53cc": 2.0,
    "\u96d9": 2.0,
    "\u4e09": 3.0,
}
SLOTS = re.compile(
    rf"(?<![A-Za-z\d])({'|'.join(_SLOTS_IN_WORDS)}|[1-4](?:\.\d)?)"
    r"(?:[- ](?:slots?|steckpl(?:atz|\u00e4tze)|emplacements?|ranuras?)\b|\u69fd)",
    re.IGNORECASE,
)
_MODULE = re.compile(r"\s*(SXM|PCIe|OAM|MXM)\d?\b(?!\s*(?:/|or\b|and\b|,))", re.IGNORECASE)
# No bound of words: "2022\u5e74".
YEAR = re.compile(r"(?:(?<![\dA-Za-z.,])|(?<=\d\.\d\d\.)|(?<=\d\.\d\.))20[012]\d(?![\dA-Za-z]|[.,]\d)")
_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    rf"\b({'|'.join(_ORDER)})[a-z]*\.? (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?(20[012]\d)\b", re.IGNORECASE
)
#: A card is sold within so many months of its announcement.
_MONTHS_OFF, _CARDS = 9, ("geforce", "workstation", "radeon")


def find(context: Context) -> Iterator[Finding]:
    """Every such cell with its verdict."""
    for table in context.document.tables:
        for cell in cells(table, context):
            gpus = [context.catalogue[key] for key in cell.ids]
            label = spaced(cell.label).lower().strip(" :*")
            # A device is of the year of any of its forms.
            yield from _dated(cell.passage, label, [context.catalogue[key] for key in cell.named], context)
            yield from of_cores(cell.passage, label, gpus, context)
            nth = _ONLY_NTH.fullmatch(cell.passage.text) if _NVLINK_NTH.fullmatch(label) else None
            yield from of_generation(cell.passage, nth.span(), _nth(nth), gpus, context) if nth else ()
            told = _NVLINK_N.match(cell.passage.text)
            yield from (
                of_generation(cell.passage, told.span("n"), int(told["n"]), gpus, context) if told else ()
            )
            yield from _slots(cell.passage, label, gpus, context, listed=cell.attribute is None)
            yield from _form(cell.passage, label, gpus, context)
    for cell in entries(context):
        label = spaced(cell.label).lower().strip(" :*")
        yield from _dated(cell.passage, label, [context.catalogue[key] for key in cell.named], context)
    yield from _listed_slots(context)
    yield from _listed_generations(context)


def of_cores(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The generation of cores beside their number: "336 (3rd Gen)"."""
    match = _ORDINAL.search(passage.text) or (_ONLY_NTH.fullmatch(passage.text) if "gen" in label else None)
    field = next((name for words, name in _GENERATIONS.items() if words in label), "")
    known = [gpu for gpu in gpus if field and gpu.value(field)]
    number = f"{field.removesuffix('_core_generation')}_cores" if field else ""
    if match and number and gpus and all(gpu.value(number) == 0 for gpu in gpus):
        # A generation of what a device has none of.
        yield of_field(passage, match.span(), "identity", number, gpus, "contradicted", context)
    if match is None or not known:
        return
    right = [gpu for gpu in known if int(gpu.need(field)) == _nth(match)]
    verdict = "confirmed" if right else "contradicted"
    yield of_field(passage, match.span(), "identity", field, right or known, verdict, context)


def _nth(match: re.Match[str]) -> int:
    return next(int(_WORDS.get(one.lower(), one)) for one in match.groups() if one)


#: Slots as an entry by themselves: "70 W, single slot".
_ENTRY = re.compile(rf"(?:^|[,;]\s*)(?={SLOTS.pattern}\s*(?:$|[,;]))", re.IGNORECASE)


def _slots(
    passage: Passage, label: str, gpus: Sequence[Gpu], context: Context, *, listed: bool
) -> Iterator[Finding]:
    """How many slots a card takes, `listed` among others; a gaming card's maker may make it thicker."""
    match = SLOTS.search(passage.text) if _FORM.search(label) else None
    entry = _ENTRY.search(passage.text) if listed and match is None else None
    match = SLOTS.match(passage.text, entry.end()) if entry else match
    match = match or (_BARE.fullmatch(passage.text) if "slot" in label else None)
    if match is not None:
        yield from of_slots(passage, match, gpus, context)


def of_slots(
    passage: Passage, match: re.Match[str], gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """The verdict on how many slots a card is said to take, in words or digits."""
    known = [gpu for gpu in gpus if gpu.value("slots")]
    if not known:
        return
    told = _SLOTS_IN_WORDS.get(match[1].lower()) or float(match[1])
    right = [gpu for gpu in known if float(gpu.need("slots")) == told]
    sure = all(gpu.segment in ("datacenter", "workstation") and gpu.confidence != "low" for gpu in known)
    verdict = "confirmed" if right else "contradicted" if sure else "unverifiable"
    yield of_field(passage, match.span(), "specification", "slots", right or known, verdict, context)


def _form(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """Whether a device of a data centre is a card or a module."""
    match = _MODULE.match(passage.text) if label in _FORMS else None
    known = [gpu for gpu in gpus if gpu.value("form_factor") and gpu.segment == "datacenter"]
    if match is None or not known:
        return
    right = [gpu for gpu in known if str(gpu.value("form_factor")).upper().startswith(match[1].upper())]
    verdict = "confirmed" if right else "contradicted"
    yield of_field(passage, match.span(1), "specification", "form_factor", right or known, verdict, context)


def _listed_slots(context: Context) -> Iterator[Finding]:
    """Lines of a list that name how many slots its device takes: "Slot width: dual-slot"."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _SLOT_LINE.search(passage.text) else ():
            who = spoken(index, passage, sentence, context)
            line = _SLOT_LINE.search(passage.text, sentence.start, sentence.end)
            if line and not who.here and who.topic and who.certain:
                part = passage.part(line.end(), sentence.end)
                gpus = [context.catalogue[key] for key in who.topic[0].ids]
                yield from _slots(part, line[0].lower(), gpus, context, listed=False)


def _listed_generations(context: Context) -> Iterator[Finding]:
    """The generation of cores behind their number in a list: "Tensor cores: 512 (4th Gen)"."""
    for index, passage in context.document.running():
        for line in _CORES_LINE.finditer(passage.text):
            one = next(each for each in sentences(passage.text) if line.start() < each.end)
            who = spoken(index, passage, one, context)
            whose = who.here if len(who.here) == 1 else () if who.here or not who.certain else who.topic[:1]
            for mention in whose:
                gpus = [context.catalogue[key] for key in mention.ids]
                yield from of_cores(passage.part(*line.span("told")), line["what"].lower(), gpus, context)


def _dated(passage: Passage, label: str, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    """The year of the launch; one beside it may be that of the announcement or of the shops."""
    # A bare "Date" may be that of the text.
    match = YEAR.search(passage.text) if LAUNCH.fullmatch(label) and label != "date" else None
    dated = [gpu for gpu in gpus if gpu.value("release_date")]
    if match is None or not dated:
        return
    verdict = of_its_year(int(match[0]), dated)
    if verdict == "unverifiable" and any(_months_off(passage.text, gpu) > _MONTHS_OFF for gpu in dated):
        verdict = "contradicted"
    yield of_field(passage, match.span(), "identity", "release_date", dated[:1], verdict, context)


def _months_off(text: str, gpu: Gpu) -> int:
    """How many months a day with its month is off the release of a card; 0 where none is told."""
    told, born = _MONTH.search(text), str(gpu.value("release_date"))
    if told is None or len(born) < len("2024-01") or gpu.segment not in _CARDS:
        return 0
    months = 12 * int(told[2]) + _ORDER.index(told[1].lower()) + 1
    return abs(months - 12 * int(born[:4]) - int(born[5:7]))
