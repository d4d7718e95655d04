"""What is said of machines by name: GPUs and processors, trays, petaFLOPS, memory, generation.

"A DGX H100 contains four H100s", "each of its 18 trays holds eight GPUs", "1,440 PFLOPS of dense FP4". Held
against `data/racks.toml` and the GPUs that the machines are built with.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import Sentence, sentences
from whichgpu.facts import store
from whichgpu.hardware.boxes import boxes
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import TIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.boxes import Box

_N = rf"(?P<n>\d{{1,3}}|{'|'.join(SPELLED)}|one|a single)"
_OF_THEM = (
    r"(?:(?:nvidia|such|of (?:the|its|those)|[A-Z]+\d{2,3}|blackwell|hopper|ampere|ultra|sxm\d?|"
    r"tensor core)[ -])*"
)
_WITH = (
    r"\b(?:contains?|has|have|holds?|houses?|carries|carry|packs?|comes with|combines|bundles|offers|"
    r"hosts|takes|"
    r"with|is built (?:from|of|with|around)|consists of|connects|unites|puts|sports|integrates|includes|"
    r"are|is)\s+"
    r"(?:(?:its|all|a total of|exactly|just|only|up to|together) )*"
)
_GPUS = re.compile(rf"{_WITH}{_N} {_OF_THEM}(?:gpus?|[A-Z]\d{{2,3}}s|accelerators)\b", re.IGNORECASE)
_CPUS = re.compile(
    rf"(?:{_WITH}|\band ){_N} (?:nvidia |arm |such )*graces?(?: cpus?| processors?| chips?)?\b", re.I
)
#: What is of a part of it, of several of it, or was said of another.
_TRAY = re.compile(r"\b(?:trays?|(?:compute )?nodes?|sleds?|blades?)\b", re.IGNORECASE)
_EACH = re.compile(
    r"\b(?:each|every|per|a single|one)\b[^.;]{0,20}\b(?:compute )?(?:trays?|sleds?|blades?)\b|"
    r"\b(?:trays?|sleds?|blades?)\b[^.;]{0,30}\b(?:each of (?:them|these|which)|each|every one)\b",
    re.IGNORECASE,
)
_TRAYS = re.compile(rf"\b{_N} (?:(?:compute|liquid-cooled|1u)[ -])*(?:trays|sleds|blades)\b", re.IGNORECASE)
_IN_TRAY = re.compile(rf"{_WITH}{_N} {_OF_THEM}(?P<what>gpus?|graces?(?: cpus?)?|cpus?)\b", re.IGNORECASE)
#: Before what a part of it has: "each superchip combines one Grace CPU with two B200 GPUs".
_OF_PART = re.compile(
    r"\b(?:super ?chips?|(?:each|every|per|one|a single)\s(?:[\w-]+\s){0,2}(?:boards?|modules?))\b[^.;]*$",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:two|three|four|eight|sixteen|several|both|pairs?|\d+|pods?|clusters?|superpods?|racks of|half|"
    r"quarter)\s+(?:\w+ ){0,2}?$",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?P<n>\d[\d,.]*)[\s-]?(?P<unit>PFLOPS|petaFLOPS?|PF|exaFLOPS?|EFLOPS|exaflops?)\b", re.IGNORECASE
)
_FORMAT = re.compile(r"\b(?:NV)?(?P<format>FP4|FP8|BF16|FP16)\b", re.IGNORECASE)
_IS_DENSE = re.compile(r"\b(?:dense|without (?:counting )?sparsity|not counting sparsity)\b", re.IGNORECASE)
_IS_SPARSE = re.compile(r"\b(?:sparse|(?:with|counting|including) (?:\w+ )?sparsity)\b", re.IGNORECASE)
_MEMORY = re.compile(
    r"(?P<n>\d[\d,.]*) ?(?P<unit>GB|TB) of (?:(?:total|combined|aggregate|fast|pooled) )?"
    r"(?P<kind>HBM\w*|gpu memory|vram|graphics memory|memory)\b(?! per\b)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?P<size>\d{2,3}) ?GB (?:version|variant|model|gpus|modules|edition)\b", re.IGNORECASE
)
_FAMILY = re.compile(
    r"\b(?:are|is|belongs? to|comes? from|of|based on|use|uses|carry|run)\s+(?:\w+ ){0,4}?"
    r"(?P<family>Volta|Ampere|Hopper|Blackwell(?: Ultra)?|Rubin|Ada(?: Lovelace)?|Feynman)\b"
    r"(?: (?:generation|architecture|family|gpus?|chips?|silicon))?",
    re.IGNORECASE,
)
_ITS_GPUS = re.compile(r"\b(?:its|the) (?:\d+ |eight )?(?:gpus|chips|accelerators)\b", re.IGNORECASE)
_UNSURE = re.compile(
    r"\?|\b(?:not|never|if|would|could|will|unlike|instead of|rather than|than|myth|wrong|successor|"
    r"replac\w+|"
    r"future|next|followed|compared|versus|vs|against|nvl36|nvl144|vera)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"\s*(?:It|Its|The (?:rack|machine|system|box|server|board)|Each|Every|In (?:it|each|every))\b"
)
#: Columns of a sheet of names and values.
_SHEET = 2
#: Shares within which a rate and a size are meant.
_NEAR, _SIZE_NEAR = 0.06, 0.04


class _Rack(NamedTuple):
    """A machine on file: what it is called, the systems that it may be, and what else is told of it."""

    names: re.Pattern[str]
    systems: tuple[Box, ...]
    also: tuple[int, ...]
    cpus: int
    trays: int
    generation: re.Pattern[str]
    title: str
    url: str

    @property
    def gpus(self) -> set[int]:
        """How many GPUs it may have."""
        return {*(each.gpus for each in self.systems), *self.also}


@cache
def _racks() -> tuple[_Rack, ...]:
    files = store.load("racks")["racks"]
    return tuple(
        _Rack(
            re.compile(rf"(?<![\w-]){row['names']}(?!\w)", re.IGNORECASE),
            tuple(boxes()[each] for each in row["systems"]),
            tuple(row.get("also", ())),
            row.get("cpus", 0),
            row.get("trays", 0),
            re.compile(row["generation"], re.IGNORECASE),
            files["source"][row["source"]]["title"],
            files["source"][row["source"]]["url"],
        )
        for row in files["rack"].values()
    )


class _At(NamedTuple):
    """What is said of one machine in a sentence, and what the machine is called there."""

    passage: Passage
    sentence: Sentence
    rack: _Rack
    name: str
    context: Context

    def each(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return pattern.finditer(self.passage.text, self.sentence.start, self.sentence.end)

    def is_of_part(self, match: re.Match[str]) -> bool:
        """Whether what is told of a number is of a board or a superchip of the machine."""
        return _OF_PART.search(self.passage.text, self.sentence.start, match.start()) is not None

    def finding(self, place: tuple[int, int], right: bool, is_: str, expected: str = "") -> Finding:
        """The finding on a place of the passage."""
        return self.of(self.passage, place, right, is_, expected)

    def of(
        self, passage: Passage, place: tuple[int, int], right: bool, is_: str, expected: str = ""
    ) -> Finding:  # fmt: skip
        """The finding on a place of a passage, which may be a cell."""
        because = f"{self.name} has {is_}"
        return made(
            self.context, passage, place, "specification", "confirmed" if right else "contradicted",
            subject=self.name, attribute="machine", because=because, expected="" if right else expected,
            evidence=(Evidence(because, self.rack.title, self.rack.url),),
        )  # fmt: skip


def find(context: Context) -> Iterator[Finding]:
    """Everything that is told of machines by name."""
    racks = _in_document(context)
    only = _with_trays(list(racks.values()))
    for _, passage in context.document.running() if racks else ():
        last = None
        for sentence in sentences(passage.text):
            here = _named(passage.text, sentence)
            if len({id(rack) for rack, _ in here}) == 1:
                rack, match = here[0]
                last = _At(passage, sentence, rack, match[0], context)
            elif here:
                last = None
                continue
            elif last and _goes_on(sentence.text):
                last = last._replace(sentence=sentence)
            elif only and _EACH.search(sentence.text):
                last = only._replace(passage=passage, sentence=sentence)
            else:
                continue
            several = here and _SEVERAL.search(passage.text, sentence.start, here[0][1].start())
            if not several and not _UNSURE.search(sentence.text):
                yield from _of_sentence(last)
    for table in context.document.tables if racks else ():
        yield from _of_table(table, list(racks.values()))


def _with_trays(every: Sequence[_At]) -> _At | None:
    """A rack of a document that has trays, where all of them have as many: what is said of trays is of it."""
    built = [each for each in every if each.rack.trays]
    alike = {(each.rack.trays, each.rack.cpus, *each.rack.gpus) for each in built}
    return built[0] if len(alike) == 1 else None


def _in_document(context: Context) -> dict[int, _At]:
    """The machines that a document names, each with a place that does."""
    found: dict[int, _At] = {}
    for passage in context.document.passages:
        whole = Sentence(0, len(passage.text), passage.text)
        for rack, match in _named(passage.text, whole):
            found.setdefault(id(rack), _At(passage, whole, rack, match[0], context))
    return found


def _of_table(table: Table, every: Sequence[_At]) -> Iterator[Finding]:
    """The rates, GPUs and processors in a sheet of one machine."""
    told = " ".join((table.caption, *table.section)) + f" {every[0].context.document.title}"
    mine = [each for each in every if each.rack.names.search(told)]
    if table.columns != _SHEET or len(mine) != 1:
        return
    at = mine[0]
    for label, cell in (row for row in table.rows if len(row) == _SHEET):
        if label is None or cell is None:
            continue
        own = {"gpus": at.rack.gpus, "grace cpus": {at.rack.cpus} - {0}}.get(label.text.strip(" :*").lower())
        if match := _RATE.match(cell.text):
            yield from _rated(f"{label.text} {cell.text}", match, cell, at)
        elif own and cell.text.strip().isdigit():
            words = " or ".join(str(each) for each in sorted(own))
            right = int(cell.text) in own
            yield at.of(cell, (0, len(cell.text)), right, f"{words} {label.text.strip(' :*')}", words)


def _named(text: str, sentence: Sentence) -> list[tuple[_Rack, re.Match[str]]]:
    lower = sentence.text.lower()
    if not any(each in lower for each in ("dgx", "hgx", "nvl72")):
        return []
    return [
        (rack, match)
        for rack in _racks()
        for match in rack.names.finditer(text, sentence.start, sentence.end)
    ]


def _goes_on(text: str) -> bool:
    return _LEADS.match(text) is not None or _EACH.search(text) is not None


def _of_sentence(at: _At) -> Iterator[Finding]:
    text = at.sentence.text
    if at.rack.trays and _TRAY.search(text):
        yield from _of_trays(at)
    else:
        gpus = at.rack.gpus
        for match in at.each(_GPUS):
            if at.is_of_part(match):
                continue
            told = _number(match["n"])
            words = " or ".join(str(each) for each in sorted(gpus))
            yield at.finding(match.span(), told in gpus, f"{words} GPUs", words)
        for match in at.each(_CPUS) if at.rack.trays else ():
            if at.is_of_part(match):
                continue
            own = _number(match["n"]) == at.rack.cpus
            yield at.finding(match.span(), own, f"{at.rack.cpus} Grace CPUs", str(at.rack.cpus))
    for match in at.each(_RATE):
        yield from _of_rate(match, at)
    for match in at.each(_MEMORY):
        yield from _of_memory(match, at)
    for match in at.each(_FAMILY) if _ITS_GPUS.search(text) else ():
        right = at.rack.generation.fullmatch(match["family"]) is not None
        family = at.rack.generation.pattern.replace("(?: Ultra)?", "").replace("|", " or ")
        yield at.finding(match.span("family"), right, f"GPUs of {family}", family)


def _number(text: str) -> int:
    return 1 if text.lower() in ("one", "a single") else int(read_number(text))


def _of_trays(at: _At) -> Iterator[Finding]:
    """How many trays a rack has, and what is in each of them."""
    rack = at.rack
    for match in at.each(_TRAYS):
        around = at.passage.text[match.start() - 10 : match.end() + 12].lower()
        if "switch" not in around and _number(match["n"]) > 1:
            # With those of the switches it has half as many again.
            right = _number(match["n"]) in (rack.trays, rack.trays * 3 // 2)
            yield at.finding(match.span(), right, f"{rack.trays} compute trays", str(rack.trays))
    if not _EACH.search(at.sentence.text):
        return
    for match in at.each(_IN_TRAY):
        of_gpus = match["what"].lower().startswith("gpu")
        own = next(iter(rack.gpus)) if of_gpus else rack.cpus
        told, each = _number(match["n"]), own // rack.trays
        if told != own:
            what = "GPUs" if of_gpus else "Grace CPUs"
            yield at.finding(match.span(), told == each, f"{each} {what} in a tray", str(each))


def _of_rate(match: re.Match[str], at: _At) -> Iterator[Finding]:
    """A rate of a whole machine, in the one format that its clause names."""
    text, start = at.passage.text, at.sentence.start
    begin = max(start, *(each.end() for each in _CLAUSE.finditer(text, start, match.start())), start)
    ends = _CLAUSE.search(text, match.end(), at.sentence.end)
    clause = text[begin : ends.start() if ends else at.sentence.end]
    if len(list(_RATE.finditer(clause))) == 1 and not _SEVERAL_OF.search(clause):
        yield from _rated(clause, match, at.passage, at)


_CLAUSE = re.compile(r"[;:]\s|,\s+(?:and|but|while|whereas|which|or|i\.e\.)\s|\s(?:and|or)\s")
_SEVERAL_OF = re.compile(
    r"\b(?:per|each|every|one|a single) (?:gpu|chip|tray|superchip)\b|\beach\b", re.IGNORECASE
)


def _rated(clause: str, match: re.Match[str], passage: Passage, at: _At) -> Iterator[Finding]:
    """The verdict on a rate of a machine in a format, dense or with sparsity as its words say."""
    formats = {each["format"].lower() for each in _FORMAT.finditer(clause)}
    field = formats.pop() if len(formats) == 1 else ""
    gpus = at.context.catalogue
    rates = (
        [(float(gpus[box.gpu].value(field) or 0), box, gpus[box.gpu]) for box in at.rack.systems]
        if field
        else []
    )
    if not rates or not all(rate for rate, _, _ in rates):
        return
    told = float(match["n"].replace(",", "")) * (1e18 if match["unit"].lower().startswith("e") else 1e15)
    said_dense, said_sparse = _IS_DENSE.search(clause), _IS_SPARSE.search(clause)
    either = bool(said_dense) == bool(said_sparse)
    known = [
        box.gpus * rate * way
        for rate, box, gpu in rates
        for way, meant in ((1.0, said_dense), (gpu.sparse_times(field), said_sparse))
        if either or meant
    ]
    right = any(abs(told / each - 1) <= _NEAR for each in known)
    words = " or ".join(dict.fromkeys(f"{each / 1e15:,.3g} PFLOPS" for each in known))
    how = "" if either else "dense " if said_dense else "sparse "
    yield at.of(passage, match.span(), right, f"{words} of {how}{field.upper()}", words)


def _of_memory(match: re.Match[str], at: _At) -> Iterator[Finding]:
    """The memory of all GPUs of a machine; that of a version where one is told."""
    if at.rack.trays and match["kind"].lower() == "memory":
        # A rack's memory is also that of its processors.
        return
    version = _VERSION.search(at.sentence.text)
    sizes = {
        box.gpus * size
        for box in at.rack.systems
        if (size := nominal_gb(float(at.context.catalogue[box.gpu].value("memory") or 0.0)))
        and (not version or int(version["size"]) == size)
    }
    told = float(match["n"].replace(",", "")) * (1000 if match["unit"].upper() == "TB" else 1)
    each = {size // box.gpus for size in sizes for box in at.rack.systems}
    of_all = match["kind"].lower() != "memory" or told in _all_sizes(at)
    if not sizes or told in each or not of_all:
        return
    # NVIDIA tells 2.1 TB of a DGX B300: eight times 268 GiB, or 2.1 TiB.
    right = any(abs(told * unit / size - 1) <= _SIZE_NEAR for size in sizes for unit in (1.0, TIB / 1e12))
    words = " or ".join(f"{size:,} GB" for size in sorted(sizes))
    yield at.finding(match.span(), right, f"{words} in all", words)


def _all_sizes(at: _At) -> Sequence[float]:
    """The sizes of every form of a machine, of which another is meant by no other memory."""
    gpus = at.context.catalogue
    return [
        float(box.gpus * (nominal_gb(float(gpus[box.gpu].value("memory") or 0.0)) or 0))
        for box in at.rack.systems
    ]
