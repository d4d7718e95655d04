"""What a description asks of a device: "the older card", "the Ada part", "the 80 GB version", "the Ti"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.hardware.gpu import Gpu

    Test = Callable[[Gpu], bool]

#: Words that tell the two of a pair apart, and whether the greater or the smaller value is meant.
_RANKS = {
    "older": ("age", -1), "elder": ("age", -1), "predecessor": ("age", -1), "ancestor": ("age", -1),
    "forerunner": ("age", -1), "precursor": ("age", -1), "forebear": ("age", -1), "heir": ("age", 1),
    "newer": ("age", 1),
    "younger": ("age", 1), "newcomer": ("age", 1), "successor": ("age", 1), "previous": ("age", -1),
    "last-gen": ("age", -1), "previous-gen": ("age", -1), "previous-generation": ("age", -1),
    "outgoing": ("age", -1), "cheaper": ("price", -1), "pricier": ("price", 1), "costlier": ("price", 1),
    "faster": ("speed", 1), "slower": ("speed", -1), "bigger": ("size", 1), "larger": ("size", 1),
    "smaller": ("size", -1), "oldest": ("age", -1), "newest": ("age", 1), "youngest": ("age", 1),
    "cheapest": ("price", -1), "biggest": ("size", 1), "smallest": ("size", -1), "latest": ("age", 1),
    "new": ("age", 1), "old": ("age", -1),
}  # fmt: skip
_SEGMENTS = {
    "gaming": ("geforce",), "consumer": ("geforce",), "geforce": ("geforce",), "gamer": ("geforce",),
    "workstation": ("workstation",), "professional": ("workstation",), "pro": ("workstation",),
    "datacenter": ("datacenter",), "data-center": ("datacenter",), "server": ("datacenter",),
    "laptop": ("laptop",), "notebook": ("laptop",), "mobile": ("laptop",),
    "desktop": ("geforce", "workstation"),
}  # fmt: skip
_MAKERS = {"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel", "radeon": "AMD", "instinct": "AMD",
           "arc": "Intel"}  # fmt: skip
_FAMILIES = ("ampere", "ada", "hopper", "blackwell", "turing", "volta", "pascal", "maxwell", "kepler",
             "rubin")  # fmt: skip
#: Generations of other makers by what they are called.
_CODE_NAMES = {"alchemist": "intel_xe_hpg", "battlemage": "intel_xe2_hpg"}
#: Words of names that stand for the only one that has them: "the SFF".
_LINES = frozenset(
    {"rtx", "gtx", "sff", "tesla", "titan", "quadro", "geforce", "radeon", "instinct", "jetson", "arc"}
)
_NUMBERED = re.compile(r"([cr]dna)[ -]?(\d(?:\.\d)?)")
#: A size of memory.
SIZE = re.compile(r"(\d{1,3})[ -]?(?:gb|gib|gigabytes?|gig)")
_FORM = re.compile(r"(pcie|sxm|nvl|oam|max-?q)\d?")
#: The architectures of each socket.
_SOCKETS = {"sxm2": ("pascal", "volta"), "sxm3": ("volta",), "sxm4": ("ampere",), "sxm5": ("hopper",)}
#: Words that say nothing of which device is meant.
_PLAIN = frozenset(re.findall(r"[\w-]+", (
    "big small little good trusty mighty humble venerable popular powerful fast slow cheap expensive plain "
    "regular standard normal single lone lowly entry-level mid-range high-end top-end fancy shiny lovelace "
    "based era generation gen class current used second-hand budget passive active compact low-power "
    "dual-slot actual first full-fat vanilla original base ageing aging tiny huge large much slightly far "
    "somewhat only same said respective so-called memory vram accelerator graphics gpu card flagship team "
    "green red blue chip architecture super compute ai ml dl inference training hot"
)))  # fmt: skip
_DETS = frozenset({"", "a", "an", "the", "it", "their", "that", "thi", "team green", "team red"})
#: What a device is to another one, which is called by it: "its forerunner", "the A100's heir".
KIN = (
    "predecessor|ancestor|forerunner|precursor|forebear|antecedent|successor|heir|replacement|follow-up|"
    "sibling|brother|sister|cousin|relative|twin|rival|competitor|counterpart|namesake|equal"
)
#: The same by the word for it: "what its successor does".
OF_KIN = re.compile(rf"\b(?:its|the|their)\s(?:[\w-]+\s){{0,2}}?(?:{KIN})\b", re.IGNORECASE)
#: Heads that always are of another device than the one that is spoken of.
_TELLING = frozenset({"sibling", "brother", "sister", "cousin", "rival", "competitor", "counterpart"})
_ONE = (
    "card|gpu|chip|part|board|module|model|version|variant|one|accelerator|sibling|brother|sister|cousin|"
    "flagship|"
    "product|device|processor|contender|rival|competitor|counterpart|edition"
)
_SEVERAL = re.compile(rf"(?:{_ONE})s")
_HEADS = (
    rf"(?:{_ONE})s?|silicon|mid-ranger|pick|option|offering|newcomer|predecessor|ancestor|forerunner|"
    "precursor|forebear|successor|heir|solution|die"
)
_DOES = (
    r"(?:has|had|is|was|ships|comes|offers|gets|runs|draws|uses|adds|added|needs|sits|does|makes|"
    r"supports|lacks|"
    r"doubles|can)\b"
)
#: What no words of a description are.
_NO_WORD = (
    r"(?:of|in|on|is|are|was|has|had|and|or|with|to|for|that|which|at|by|per|from|than|as|the|an?|if|it)\s"
)
#: Heads that are of one model: "the 80 GB version".
OF_A_MODEL = frozenset({"version", "variant", "model", "edition", "module"})
_SUFFIXES = frozenset({"ti", "super", "xt", "xtx", "gre"})
#: A description: what stands before it, its words and its head; a form, or a suffix, by itself.
DESCRIPTION = re.compile(
    r"\b(?P<det>an?(?=\s+(?:PCIe|SXM\d?|NVL|\d{1,3}[ -]?GB)\s+(?:version|variant|model|edition)\b)|the|"
    r"its|their|that|this|(?:nvidia|amd|intel|team green|team red|ampere|ada|hopper|blackwell|"
    r"turing|volta|pascal)(?:[\u2019']s?))\s+(?P<what>(?:former|latter)(?=\s+[a-z]+(?:s|ed)\b)|"
    rf"(?P<mods>(?:(?!{_NO_WORD})[A-Za-z0-9][A-Za-z0-9\u2019'-]*(?:\.\d)?\s+){{0,4}}?)(?P<head>{_HEADS})"
    r"|(?:first|second)(?=\s+(?:is|has|costs|draws|needs|comes|offers)\b)|former|latter"
    r"|(?:older|newer|younger)(?= of the two)"
    r"|(?:oldest|newest|youngest|older|newer|younger|cheapest)"
    rf"(?=(?: of the (?:three|four|bunch|trio))?\s+{_DOES})"
    r"|(?:oldest|newest|youngest|cheapest)(?=[.;)]|,(?! \w+est\b)|[\u2019']s\b)"
    r"|(?P<bare>PCIe|SXM\d?|NVL|Ada|Ampere|Hopper|Blackwell|Turing|Volta|Pascal|RTX|GTX|SFF|GeForce|Quadro|"
    rf"Tesla|Titan|Radeon|Instinct)(?=\s*[.,;)]|[\u2019']s|\s+(?:\$|\d+\.)|\s+{_DOES}|\s+(?:have|do)\?)"
    r"|(?:(?:smaller|bigger|plain|cheaper|newer|older|little|regular|big)\s+)?"
    r"(?P<suffix>(?:Ti Super|Ti|Super|XTX|XT|GRE)(?: (?:version|variant|model))?)"
    r")\b(?![-\u2019']?s?\s*(?:of the two\s+)?,?\s*$)",
    re.IGNORECASE,
)


#: The one of a maker, with its noun left out: "NVIDIA's part takes 700 W, AMD's draws 750 W".
ELIDED = re.compile(
    r"\b(?P<maker>NVIDIA|AMD|Intel)[\u2019']s(?=\s+(?:draws?|has|had|takes?|offers?|needs?|comes|carries|"
    r"delivers?|costs?|supports?|lacks?|uses?|is|reaches|gets)\b)"
    # "The GeForce has 16 GB", of the one card of that line.
    r"|(?<![\w-])the (?P<line>(?-i:GeForce|Radeon|Quadro|Instinct|Jetson|Arc))\b"
    r"(?![\s-]+(?:[A-Z]*\d|RTX|GTX|RX|Pro|PRO|AI|AGX|Orin|Thor|Nano|Xavier|GPUs?|cards?|line|series|family|range|name|brand|lineup))",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """What a description says of its device."""

    tests: tuple[Test, ...] = ()
    #: What it has more or less of than the others, the sign, and whether than all.
    rank: tuple[str, int, bool] | None = None
    form: Test | None = None
    other: bool = False
    #: "former" or "latter".
    which: str = ""
    #: Whether it is said of a device: "its predecessor".
    own: bool = False
    #: What stands behind the number of the device spoken of: "the Ti", "the XT below it".
    suffix: frozenset[str] = frozenset()


def asked(match: re.Match[str]) -> Asked | None:
    """What a description asks; None where it tells no device from another."""
    suffix = frozenset((match["suffix"] or match["mods"] or "").lower().split()) - OF_A_MODEL
    if suffix and suffix <= _SUFFIXES:
        return Asked(suffix=suffix)
    head = (match["head"] or ("version" if match["bare"] else match["what"])).lower()
    if head in ("former", "latter", "first", "second"):
        return Asked(which=head)
    if _SEVERAL.fullmatch(head):
        return None
    det, mods = (
        each.lower().replace("\u2019", "'") for each in (match["det"], match["mods"] or match["bare"] or "")
    )
    if "original" in mods.split():
        # "Twice the memory of the original 8 GB version": of whichever came before what is spoken of.
        return None
    found, unknown = _words(det, mods, head)
    if head == "module" and not (found.tests or found.rank or found.form or found.other):
        # Cards go into slots; what is called a module goes on a board of its own.
        found = found._replace(form=is_module)
    said = found.tests or found.rank or found.form
    if said or (found.other and not unknown):
        return found._replace(own=det in ("its", "their"))
    telling = head in _TELLING or (head == "one" and bool(mods.strip()) and det == "the")
    makers = not unknown and det.endswith("'s") and "team" not in det
    return Asked() if telling or makers else None


def is_module(gpu: Gpu) -> bool:
    """Whether a device is no card for a slot but a module on a board."""
    return "-sxm" in gpu.id or str(gpu.value("form_factor") or "").endswith("module")


def of_maker(name: str) -> Asked:
    """What a maker's name asks of its device."""
    test = _test(name.lower())
    return Asked(tests=(test,) if test else ())


def asked_of_several(mods: str) -> Asked | None:
    """What the words before "cards" ask of each of several; None where one is not known, or none asks."""
    found, unknown = _words("", f"{mods.lower()} ", "card")
    return found if (found.tests or found.rank) and not unknown else None


def _words(det: str, mods: str, head: str) -> tuple[Asked, bool]:
    """What each word of a description asks, and whether one of them is not known."""
    found, unknown = Asked(), False
    words = SIZE.sub(r"\1gb", mods).replace("data center", "datacenter").split()
    for word in (det.removesuffix("s").removesuffix("'"), *words, head):
        plain = re.sub(r"-(?:based|generation|era|gen|class|powered)$|'s?$", "", word)
        form, test = _form(plain), _test(plain)
        if form is not None:
            # "The 40 GB PCIe version" is of one size and one form.
            found = found._replace(form=_both(found.form, form))
        elif test is not None:
            found = found._replace(tests=(*found.tests, test))
        elif plain in _RANKS:
            found = found._replace(rank=(*_RANKS[plain], plain.endswith("est")))
        elif plain == "other":
            found = found._replace(other=True)
        elif word != head and plain not in _PLAIN | _DETS:
            unknown = True
    return found, unknown


def _both(one: Test | None, other: Test) -> Test:
    return other if one is None else lambda gpu: one(gpu) and other(gpu)


def _test(word: str) -> Test | None:
    """What a word asks of a device: its architecture, its maker, its kind."""
    numbered = _NUMBERED.fullmatch(word)
    if word in _FAMILIES:
        return lambda gpu: gpu.vendor == "NVIDIA" and gpu.architecture.split("_")[0] == word
    if numbered or word in _CODE_NAMES:
        code = numbered[1] + numbered[2].replace(".", "") if numbered else _CODE_NAMES[word]
        return lambda gpu: gpu.architecture == code
    if word in _LINES:
        return lambda gpu: word in gpu.name.lower().split()
    if word in _MAKERS:
        return lambda gpu: gpu.vendor == _MAKERS[word]
    if word in _SEGMENTS:
        return lambda gpu: gpu.segment in _SEGMENTS[word]
    return None


def _form(word: str) -> Test | None:
    """What a word asks that tells the forms of one model apart: its size, its socket."""
    size, form = SIZE.fullmatch(word), _FORM.fullmatch(word)
    if size:
        return lambda gpu: nominal_gb(float(gpu.value("memory") or 0)) == int(size[1])
    if form is None:
        return None
    fitting = _SOCKETS.get(word, ())
    name = form[1].replace("-", "")
    return lambda gpu: f"-{name}" in gpu.id and (not fitting or gpu.architecture.split("_")[0] in fitting)
