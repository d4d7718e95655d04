"""What ties a value to the device that it is held against: the words of its own sentence, or nothing.

A sentence that does not name the device must go on about it: by a pronoun, by a word for it ("the card"), or
as a line of values without a verb. Between the device, or the beginning of the sentence, and the value
nothing else may stand that has values of its own: a console, a processor, a server, a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.counting import several
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.units import GB, GIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

#: Words by which a sentence goes on about what was named before it.
_GOES_ON = re.compile(
    r"\b(?:two (?=can|could|may|are)|it|its|"
    r"you(?:[\u2019']ll| also| will)? get|this|that|these|those|they|them|their|same|which|"
    r"(?:the|this|that|each|either|both|newer|older|smaller|larger|bigger|faster|first|second|latter|"
    r"former)\s+"
    r"(?:\d+\s?GB\s+)?(?:[\w-]+\s+)?(?:cards?|gpus?|chips?|boards?|accelerators?|modules?|parts?|dies?|"
    r"silicon|models?|"
    r"versions?|variants?|successor|predecessor|flagship|newcomer|one|two|compute|memory|bandwidth|capacity)|"
    r"elle|il|ils|elles|son|sa|ses|leurs?|cette|sie|er|es|ihre?[nrms]?|seine?[nrms]?|diese?[nrms]?|"
    r"se|su|sus|tiene|cuenta|ofrece|(?:la|esta) (?:carte|tarjeta|scheda)|die karte)\b",
    re.IGNORECASE,
)
#: What it may begin with instead: an attribute, or a verb that leaves out its subject.
_LED = re.compile(
    r"\W*(?:(?:the|only|just|up to|over|high\w*|wide\w*|more|no|total|max\w*|peak|raw|board|base|gpu|also|"
    r"available|on-?board|nvidia|amd|intel)\s+){0,3}"
    r"(?:memory|vram|bandwidth|capacity|cache|bus|power|tdp|tgp|tbp|nvlink|mig|ecc|pcie|(?:half|single|"
    r"double)[ -]precision|fp\d|bf16|tf32|int\d|"
    r"tensor|cuda|compute|peak|clock\w*|price\w*|launch\w*|architecture|process|cores|rt|sms|transistors|"
    r"interface|performance|throughput|hbm\w*|gddr\w*|speicher\w*|leistungsaufnahme|bandbreite|m\u00e9moire|"
    r"bande passante|consommation|"
    r"(?:is|was|has|comes?|came|costs?|draws?|offers?|delivers?|supports?|features?|uses?|runs?|needs?|"
    r"includes?|packs?|built|based|made|launched|released|announced|claims?|says?|states?|lists?|rates?)\b)",
    re.IGNORECASE,
)
#: Verbs of whole sentences.
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|did|will|can|may|(?<!power )draws?|drew|takes?|took|needs?|"
    r"gives?|gave|"
    r"makes?|made|moves?|gets?|got|runs?|ran|comes?|came|reach(?:es|ed)?|uses?|used|holds?|held|costs?|went|"
    r"goes|means|offers?|delivers?|provides?|adds?|wants?|shows?|fills?|sends?|reads?|ist|sind|war|hat|haben|"
    r"zieht|braucht|kostet|nimmt|bietet|est|sont|consomme|demande|co\u00fbte|offre|tiene)\b"
)
#: What a sentence says of another beside its own: "GA102 with 10,496 cores (the 3090 Ti has 10,752)".
_ASIDE = re.compile(r"\([^()]*\)|\s(?:where|while|whereas)\s[^.;]*")
#: What has a memory, a bandwidth and a power of its own.
_STRANGER = re.compile(
    r"\b(?:playstation|xbox|ps[345]|nintendo|steam deck|consoles?|iphone|ipads?|(?:smart)?phones?|macbooks?|"
    r"mac (?:studio|mini|pro)|raspberry|"
    r"cpus?|(?<!stream )processors?|xeons?|epyc|ryzen|threadripper|core i\d|core ultra|grace|"
    r"prozessor(?:en)?|processeurs?|processor[ei]|procesador(?:es)?|nic|adapters?|infiniband|ethernet|"
    r"switch(?:es)?|fabric|ddr\d|lpddr\d\w?|ssds?|nvme|"
    r"racks?|pods?|superpods?|clusters?|supercomputers?|chassis|data ?cent(?:er|re)s?|"
    r"(?:our|my|the|a|an|test|whole|entire) (?:test )?(?:machine|server|workstation|computer|pc|box|rig|"
    r"system|node|bench)|testrechner|rechner|serveur|n\u0153ud|noeud)\b"
    r"(?!['\u2019]s\b|[- ](?:class|grade|cards?|gpus?|parts?|accelerators?|boards?|chips?))",
    re.IGNORECASE,
)
#: What several have together, or the whole that they are in.
_TOGETHER = re.compile(
    r"\b(?:total|totals|together|combined|altogether|aggregate|in all|all of them|pooled?|overall|sum|"
    r"both|pair|dual|quad|(?:two|three|four|five|six|eight|sixteen)(?! (?:times|generations|years|slots)\b)|"
    r"\d+ of (?:them|these|those|mine)|"
    r"nodes?|racks?|pods?|clusters?|servers?|systems?|machines?|boxes|box|[dh]gx|nvl\d+|fabric|gpus|"
    r"cards|\d+\s?[x\u00d7]|[x\u00d7]\s?\d+|"
    r"insgesamt|gesamt\w*|zusammen|beiden?|zwei|drei|vier|acht|karten|au total|ensemble|deux|quatre|huit|"
    r"cartes|en total|juntas?|juntos|dos|cuatro|ocho)\b",
    re.IGNORECASE,
)
#: What several have so many times as much of; a gigabyte as it is sold.
_ADDED, _RATES = ("memory", "bandwidth", "power", "cores", "tensor_cores"), ("flop rate", "op rate")
#: What makes a power one that was measured, of a card at work or of the machine around it.
MEASURED = re.compile(
    r"\b(?:at the (?:wall|socket|plug)|from the wall|in (?:our|the|my) lab|"
    r"on (?:our|the|my) (?:bench|meter)|we measured|measured (?:at|with|under)|under load|whole system|"
    r"system draw|for (?:the rest|everything else)|rest of the (?:system|box|machine|rig)|"
    r"host included|an der steckdose|unter last|\u00e0 la prise|en charge maximale|bajo carga|"
    r"sotto carico|consumo (?:effettivo|reale?)|consommation r\u00e9elle|"
    r"tats\u00e4chliche[rn]? (?:Verbrauch|Leistungsaufnahme)|power supply|(?:W|watts?) suppl(?:y|ies)|psu|"
    r"netzteil|bloc d.alimentation|fuente de alimentaci\u00f3n|alimentatore)\b",
    re.IGNORECASE,
)
_FORM_BEHIND = re.compile(
    # Of the same line, or the next of a wrapped text: a heading below is of another device.
    # Nor over the end of a sentence: "at 250 W. The A100 PCIe has".
    r"(?:[^\w\n.;!?]|[.;!?](?!\s)|\n(?=[a-z]))*(?:\w+[^\S\n]+){0,4}?(PCIe|SXM|NVL|OAM|Max-?Q|SFF)",
    re.IGNORECASE,
)
#: Behind a rate, that the text knows what it is.
_SPARSE = re.compile(
    r"\b(?:with(?:out)?|no|using|assum\w+|includ\w+|counts?) (?:\w+ ){0,2}spars\w+\b(?!\W{1,3}\d)"
    r"|\basterisk|\bfootnote",
    re.IGNORECASE,
)
_DENSE = re.compile(r"\bdense\b", re.IGNORECASE)
#: Behind a rate, that it is the dense one: "in BF16 without sparsity."
_DENSELY = re.compile(
    r"\s*(?:(?:in|at|of|for|with)\s+[\w-]+)?[\s(,]*\bwithout\s+(?:any\s+|structured\s+"
    r")?sparsity\s*\)?\s*(?:[.;]|$)",
    re.IGNORECASE,
)
#: Right behind a rate, whatever is called dense beside it: "989 dense, 1,979 with sparsity".
SPARSE_ITSELF = re.compile(r"\s*\(?(?:with|using|including)\s+(?:\w+\s+)?sparsity\b", re.IGNORECASE)
#: Before a rate that a sentence sets beside the dense one: "with sparse matrices it doubles from 312 to".
_SPARSELY = re.compile(
    r"\b(?:with|using|mit|avec|con)\s+(?:\w+\s+){0,2}"
    r"(?:spars\w+|d\u00fcnn ?besetzt\w*|creus\w+|parcimoni\w+|dispers\w+)"
    r"[^.;]*\b(?:doubl\w+|verdoppel\w+|duplic\w+|dobl\w+|twice)\b"
    # "Sparsity: .. Data sheets quote rates with it: 624 TFLOPS".
    r"|\b(?:rates?|figures?|numbers?|peaks?)\s+with\s+(?:it|that)\b",
    re.IGNORECASE,
)
#: Before and behind a value that was once told: "bus was 256 bits. It has 192".
_WAS = re.compile(r"\b(?:was|were|used to be)\s*$", re.IGNORECASE)
_NOW = re.compile(
    r"[^.;\d]{0,12}\.\s+(?:It|They|This|That)\s+(?:now\s+)?(?:is|has|are|have)\s+(?:now\s+)?(\d[\d,.]*\d|\d)"
)
#: Behind a value, the right one: "L40S 300 W (350)".
_CORRECTED = re.compile(r"\s*[(\[](?:not |in fact |really |correctly |sic,? |recte )*(\d[\d,.]*)")
#: Behind a power, the limit that it is a part of: "261 W of 300".
_OF_LIMIT = re.compile(r"\s+(?:out )?of\s+(?:its |the )?\d")
#: What says that a power is the one that a device is rated for.
_RATED = re.compile(
    r"\b(?:t[dgb]p|rate[ds]|rating|limit(?:ed)?|maximum|max|up to|(?:board|graphics|gpu) power|"
    r"power (?:draw|consumption)|"
    r"draws?|needs?|consum\w+|leistungsaufnahme|nimmt|zieht|consomme|only|just|mere)\b",
    re.IGNORECASE,
)
#: Before a power that stands in a list of what a device has: "96 GB GDDR7, about 1.6 TB/s,".
_IN_LIST = re.compile(
    r"\d\s?(?:[GT]B(?:/s)?|TFLOPS|CUDA cores|cores)\b[^.;:()\d]{0,24},\s+(?:and\s+|an?\s+)?$", re.IGNORECASE
)
#: A sentence whose subject is another thing: "The tensor is 8192 x 8192".
_OTHER_SUBJECT = re.compile(
    r"\s*(?i:cpus?|processors?|(?:system |host )?ram|(?:mother|main)board|psu|power supply|storage|ssd|"
    r"case|chassis|host|"
    r"nic|network|cooler)\s*:|"
    r"\s*(?:The|A|An|Our|My)\s+(?!card|gpu|chip|board|part|model|new|old)[a-z]+\s+(?:is|are|was|has|takes)\b"
)
#: Memory of the host by its type, in a list of parts: "4090, 7950X, 96 GB DDR5".
_OF_HOST = re.compile(r"(?:LP)?DDR[345]\w?")
#: Below this share of its memory, a size is of something in it.
_TINY, _MUCH = 0.1, 8.0
#: Words for two.
_PAIR = frozenset({"both", "pair", "dual", "two", "beide", "beiden", "zwei", "deux", "dos"})
_MOST, _NEAR, _BINARY = 128, 0.012, GIB / GB
#: From so many bytes on, which are told in TB, rounding takes more.
_LARGE, _ROUGH = 1e12, 0.03


def unspoken(sentence: str, ahead: str, before: str, *, named: bool) -> str:
    """Why a sentence does not say a value of a device; empty where it may.

    `ahead` are the words of it before the value, from the device on where the sentence names it; `before` is
    the sentence before it.
    """
    if _STRANGER.search(ahead):
        return "something else stands between the device and the value"
    if not named and _OTHER_SUBJECT.match(before):
        return "the sentence before it is about something else"
    if (
        named
        or _GOES_ON.search(sentence)
        or _LED.match(sentence)
        or not _VERB.search(_ASIDE.sub("", sentence))
    ):
        return ""
    return "the sentence neither names the device nor goes on about it"


#: "With 11 GB DDR5 memory and 3,584 CUDA cores": of the card, however its memory is called.
_SIZED = re.compile(r"\b\d{1,2}\s?GB\s+(?:of\s+)?$", re.IGNORECASE)
_WITH_CORES = re.compile(
    r"\s*(?:memory|vram|ram)?\s*(?:,|and|with)\s+(?:\w+\s+)?[\d,.]+\s+(?:cuda|cores|shaders)", re.IGNORECASE
)


def _share(found: Finding) -> float:
    """What is stated over what is right; a number alone is in the unit of what is right."""
    told, own = (quantities(words)[:1] for words in (found.stated, found.expected))
    if told and own and told[0].dimension == "number":
        own = quantities(found.expected[own[0].start : own[0].end].replace(own[0].unit, ""))[:1]
        share = told[0].value / own[0].value if own and own[0].value else 1.0
        # "Beat a single A5000 (420)": of something else.
        return share if share < _MUCH else 0.0
    return told[0].value / own[0].value if told and own and own[0].value else 1.0


def explained(found: Finding, sentence: str, ahead: str, behind: str) -> str:
    """Why a value that is not the device's own is none of its specification; empty where nothing says so."""
    corrected = _CORRECTED.match(behind) or (_NOW.match(behind) if _WAS.search(ahead) else None)
    if corrected and corrected[1] in re.findall(r"\d[\d,.]*", found.expected):
        return "the text itself sets it right"
    share = _share(found)
    listed = _IN_LIST.search(ahead) and re.match(r"\s*(?:[.,;)]|$)", behind)
    rated = share >= 1 or found.true_for or listed or _RATED.search(sentence)
    if found.attribute == "power" and (not rated or _OF_LIMIT.match(behind)):
        return "less than the device may draw, and not said to be its limit"
    if found.attribute == "memory" and share < _TINY:
        return "a size of something in the memory"
    if (
        found.attribute == "memory_type"
        and _OF_HOST.fullmatch(found.stated)
        and "," in ahead
        and not (_SIZED.search(ahead) and _WITH_CORES.match(behind))
    ):
        return "the memory of the machine around the device"
    sparse = _SPARSE.search(behind) or _SPARSELY.search(ahead)
    dense = (_DENSE.search(sentence) and not SPARSE_ITSELF.match(behind)) or _DENSELY.match(behind)
    if found.true_for == "with sparsity" and sparse and not dense:
        return "the text says itself that it is with sparsity"
    form = _FORM_BEHIND.match(behind)
    said = f"-{form[1].lower().replace('-', '')}" if form else ""
    # Where the device meant is of that form already, it is another thing that is wrong.
    already = all(said in one for one in found.subject.split(", "))
    named = form and said in found.true_for and not already
    return "it is said of the form that is named behind it" if named else ""


#: "Both dense", "(dense, both)": of figures, and of no two devices.
_OF_FIGURES = re.compile(
    r"\([^()]{0,24}\bboth\)|\bboth\s+(?:dense|sparse|with(?:out)? sparsity|"
    r"formats|rates|figures|values|numbers|precisions)\b",
    re.IGNORECASE,
)


#: How far before a sentence the number of devices may stand that it goes on about.
_AROUND = 300


def is_of_several(text: str, sentence: Sentence, quantity: Quantity) -> bool:
    """Whether a value is so many times another one of its sentence as the text speaks of devices.

    "Four of them draw 1,400 W. Limit them to 250 W and it's 1,000 W" is of the four.
    """
    counts = several(text, max(0, sentence.start - _AROUND), quantity.start)
    own = within(quantities(text), sentence.start, quantity.start) if counts else ()
    return any(
        abs(one.value * n / quantity.value - 1) < _NEAR
        for one in own
        for n in counts
        if one.dimension == quantity.dimension
    )


def is_sum(stated: float, attribute: Attribute, gpus: Sequence[Gpu], words: str) -> bool:
    """Whether a value is so many times a device's own, in words that speak of several."""
    rate = attribute.dimension in _RATES
    told = [each[0].lower() for each in _TOGETHER.finditer(_OF_FIGURES.sub(" ", words))]
    # Two have no three times as much, whatever is said of both.
    if not (rate or attribute.key in _ADDED) or not (set(told) - _PAIR if rate else told):
        return False
    every = [stated / own for gpu in gpus if (own := float(gpu.value(attribute.fields[0]) or 0))]
    every += [each * _BINARY for each in every] if attribute.key == "memory" else []
    # Twice a rate is the one with sparsity.
    least = 3 if rate else 2
    # "1.1 TB" of 1,128 GB.
    near = _ROUGH if attribute.key == "memory" and stated >= _LARGE else _NEAR
    return any(least <= round(each) <= _MOST and abs(each / round(each) - 1) < near for each in every)
