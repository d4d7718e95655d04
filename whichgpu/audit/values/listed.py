"""Lists of values: "A100 SXM4: 80 GB HBM2e, 2,039 GB/s, 400 W" says by its units what each is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.nearest import too_small

if TYPE_CHECKING:
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

#: What a value of a unit is of, where nothing else is named.
_OF = {
    "memory": "memory",
    "bandwidth": "bandwidth",
    "power": "power",
    "area": "die_area",
    "length": "process",
    "bits": "memory_bus",
}
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f][\w/+.-]*")
#: Words of a list of values: of others a sentence is made.
_LIST = frozenset({
    "with", "and", "has", "have", "had", "offers", "features", "comes", "packs", "of", "at", "a", "an",
    "the", "its", "up", "to", "is", "are", "vram", "memory", "ram", "bandwidth", "cuda", "core", "cores",
    "tensor", "rt", "tdp", "tgp", "tbp", "bus", "bit", "gb", "gib", "tb", "gb/s", "tb/s", "gib/s", "w",
    "watt", "watts", "tflops", "tflop/s", "tops", "pflops", "dense", "sparse", "ecc", "support", "gen",
    "stream", "processors", "compute", "units", "sms", "sm", "mhz", "ghz", "boost", "clock", "nm",
    "fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "int4", "wide", "plus", "or",
    "delivers", "gpu", "card", "it", "each", "both", "on", "aws", "gcp", "azure", "reaches", "manages",
    "total", "pcie", "nvlink", "msrp", "price", "launched", "priced", "giving", "mb", "l2", "cache",
    "billion", "transistors", "also", "that", "which", "speed", "hat", "und", "mit", "bietet", "kerne",
    "cuda-kerne", "tensor-kerne", "ihren", "ihrem", "ihre", "seinen", "seine",
    "einen", "eine", "sa", "ses", "sus", "nur", "speicher",
    "et", "avec", "de", "con", "y",
    "offre", "sowie", "draws", "draw", "consumes", "pulls", "needs", "sxm2", "sxm4", "sxm5",
    "sxm", "nvl", "used", "new",
    "refurbished", "street", "around", "about", "ebay", "model", "version", "variant", "only", "just",
    "dual", "single", "slot", "slots", "dual-slot", "single-slot", "blower", "generation",
    "first-generation", "second-generation", "third-generation", "fourth-generation",
    "fifth-generation", "ampere", "ada", "lovelace", "hopper", "volta", "turing", "pascal", "blackwell",
    "rdna", "cdna", "architecture", "based", "whose",
})  # fmt: skip
#: Words of a script without blanks, which make a sentence.
_SCRIPT = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}")
#: What a list may begin with: "The H100's 80 GB".
_POSSESSIVE = re.compile(r"^\s*[\u2019']s?\b")
_TYPE = re.compile(
    r"(?:gddr|hbm|lpddr)\d\w*|(?:g[aphvkmb]|ad|tu)\d{2,3}|tsmc|samsung|n\d\w?|x\d{1,2}|(?:st|nd|rd|"
    r"th)(?:-gen)?",
    re.IGNORECASE,
)
#: After a value, what makes it something else than the device's own.
_ELSE = re.compile(
    r"[\s-]*(?:power suppl|psu|connector|less|more|higher|lower|fewer|cache|l[123]\b|nvlink|pcie|inter|per\b|"
    r"idle|each|(?:of )?infinity|version|variant|card|system|of (?:l[123]|cache|system|host|storage|nvlink)|"
    r"of inter|model|ram\b|ssd|disk|under load|headroom|file|dataset|checkpoint|weights)",
    re.IGNORECASE,
)
#: What a list of a device's values begins with inside of a sentence, and what turns to another thing
#: before it.
_BEGINS = re.compile(
    r"\b(?:with|has|have|offers?|delivers?|provides?|runs? at|at|reach(?:es|ing)?|packs?)\s+(?:its\s+|a\s+)?",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"[;:!?]|\.\s|\b(?:than|versus|vs|over|against|while|whereas|but|compared|unlike|system|server|node|"
    r"rack|host|cpu|"
    r"link|links|linked|connect\w*|nvlink|pcie|network\w*|storage|cache|switch\w*|each|per|total|both|"
    r"all|if|when|"
    r"competitors?|rivals?|successors?|predecessors?|which|that|cards|gpus|models)\b",
    re.IGNORECASE,
)
#: Values of a device before its memory in a list, and behind its power: "250 W, 16 GB, 320 GB/s".
_UNITS = re.compile(r"\d\s?(?:W|GB/s|TB/s)\b")
_ENTRIES = re.compile(r",\s\d[\d.,]*\s?(?:GB|TB/s|GB/s|[TP]FLOPS)\b")
#: What says that a device has what follows, whatever stands before: "also gets 16 GB", "makes do with".
_FILL = (
    r"(?:(?:only|just|an?|the|its|full|up to|about|around|roughly|nearly|almost|some|over|even|still|"
    r"exactly|generous|"
    r"mere|impressive|whopping|massive|modest|paltry|meagre|meager|healthy|solid|hefty|total of|maximum "
    r"of|respectable|"
    r"as much as|at most|no more than|same|now|also|whole|comparatively|more|less|stingy|slightly|very|"
    r"\~)\s+){0,4}[~\u2248]?"
)
_HAVING = re.compile(
    r"\b(?:has|have|had|gets?|got|carr(?:y|ies|ied)|pack(?:s|ed|ing)?|boasts?|boasted|sport(?:s|ed|ing)?|"
    r"(?:comes?|came|ships?|shipped|arrives?|arrived|launched|makes? do|made do|equipped|fitted|armed|"
    r"outfitted|(?:comes|is) (?:close|next|second|third|last|first|ahead|behind)|follows|leads|trails|"
    r"blessed|saddled|stuck|configured|available|goes|sticks?|stuck) with|settles? for|"
    r"(?:tops?|topped|maxe[sd]) out at|(?:stay|stop|start|peak|cap)(?:s|ped|ed)? at|capped at|limited to|"
    r"offer(?:s|ed|ing)?|"
    r"featur(?:es?|ed|ing)|includes?|included|deliver(?:s|ed|ing)?|provid(?:es?|ed|ing)|houses?|brings?|"
    r"gives? (?:you|us)|reach(?:es|ed|ing)?|manag(?:es?|ed)|push(?:es|ed|ing)?|moves?|hits?|rated (?:at|for)|"
    r"ofrece|tiene|(?:cuenta|dispone|viene|llega) (?:con|de)|incluye|lleva|monta|posee|alcanza|offre|"
    r"poss\u00e8de|dispose d(?:e|[\u2019'])|"
    r"embarque|propose|affiche|compte|atteint|bietet|besitzt|verf\u00fcgt \u00fcber|kommt (?:mit|auf)|"
    r"liefert|bringt|erreicht|schafft|"
    r"the (?:\w+est|least|most [\w-]+)(?: one| card| gpu| of (?:them|these|those|the \w+))? with|"
    r"is the [\w-]+ (?:(?:one|card|option|of the (?:two|three|bunch)) )?with|"
    r"retain(?:s|ed)?|keeps?|kept|holds?|held|you (?:only )?get|(?:because of|thanks to|despite|and|"
    r"with) its)\s+" + _FILL,
    re.IGNORECASE,
)
#: "Is passively cooled, occupies two slots and draws".
_DRAWS = re.compile(
    r"(?:,|\band)\s+(?:it\s+)?(?:draws?|drew|consumes?|pulls?)\s+(?:up to\s+|at most\s+|no more than\s+|"
    r"just\s+|only\s+|a mere\s+|full\s+)?$",
    re.IGNORECASE,
)
#: What a device is called besides: "MI210, its single-die sibling, has".
_APPOSITION = re.compile(
    r"^\s*,\s+(?:its|the|an?|nvidia[\u2019']s|amd[\u2019']s)\s[^,;.\d]{3,45},\s", re.IGNORECASE
)
#: The form that a device is spoken of in, which is no other thing: "The A100 in its PCIe form moves".
FORM = r"\b(?:in|as) (?:its|the|an?) (?:PCIe|SXM\d?|NVL) (?:form|version|variant|guise|card|module)\b(?! of)"
_IN_FORM = re.compile(rf"^\s*,?\s+{FORM},?", re.IGNORECASE)
#: What begins another thing between a device and what it has.
_OTHER_THING = re.compile(
    r"[;:!?]|\.\s|\b(?:than|versus|vs|against|while|whereas|but|compared|unlike|system|server|host|cpu|"
    r"nvlink|pcie|network\w*|"
    r"storage|cache|switch\w*|each|per|total|both|all|if|when|competitors?|rivals?|successors?|predecessors?|"
    r"cards|gpus|models?|can|could|would|might|must|need\w*|requir\w*|run\w*|with a(?!\s+\d)|you|users?|we|"
    r"they|i|"
    r"motherboard|psu|desktop|laptop|machine|box|workstation|instance|node|version|variant|sibling)\b",
    re.IGNORECASE,
)
#: Behind a value that is a device's own.
_OWN_END = re.compile(
    r"\s*(?:$|[.,;:)\u2013\u2014]|-\s|(?:and|or|but|while|with|at|on|over|across|through|from|for|in|as|"
    r"to|instead)\b|"
    r"(?:of\s+)?(?:[\w-]+\s+){0,2}?(?:v?ram|memory|gddr\w*|hbm\w*|bandwidth|power|heat|vmem|buffer)\b)",
    re.IGNORECASE,
)
_LONGEST = 220
#: Before a value in brackets that says of which card another value is: "250 W (40 GB)".
_SIZE_OF = re.compile(r"\d\s?(?:W|[GT]i?B(?:/s)?|[TP]?FLOPS|TOPS|cores)\s*\($")
#: Before and after a value that stands before the device it is of: "At 400 W, the A100".
_OPENING = re.compile(
    r"\s*(?:at|with|drawing|packing|featuring|offering|sporting|thanks to|despite)\s+(?:(?:its|only|just|"
    r"a mere)\s+)*",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"(?:\s+(?:of\s+)?(?:memory|vram|power|tdp|bandwidth))?(?:\s+(?:and|"
    r"plus)\s+[\w -]{3,24})?(?:,\s+|\s+(?=the\b|an?\b))(?:the\s+|an?\s+)?(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)


#: "More than the 22 GB of one T4".
_THE = re.compile(r"\b(?:than|to|with|of|as|above|below|beats?|exceeds?|match(?:es)?) the\s+$", re.IGNORECASE)
_OF_THE = re.compile(
    r"\s+of\s+(?:the|an?|one|a single)\s+(?:nvidia\s+|amd\s+)?(?:geforce\s+)?", re.IGNORECASE
)
_BY_THE = ("memory", "bandwidth", "power")


_BUT_HAS = re.compile(
    r",?\s+(?:is|was)\s+(?:[a-z]+\s+){1,2},?\s?but(?=\s+(?:(?:also|still|only|just)\s+)*"
    r"(?:has|had|comes with|offers|draws|takes|gets)\b)"
)


#: What a list of a device's values begins with.
_LEAD_IN = re.compile(
    r"\s*(?:They(?=\s)|In (?:short|brief|numbers|figures|summary|a nutshell|total)|On paper|At a glance|"
    r"To sum up|"
    r"(?:Key |The |Its |Full )?(?:specs?|specifications?|figures|numbers|data|key facts))(?:\s+(?:are|is))?"
    r"\s*[:,\u2013-]?\s*(?:it (?:has|is|offers)\s+)?",
    re.IGNORECASE,
)


#: What another device has, before what this one has: "Unlike the T4, which has 16 GB, it comes with 24 GB".
_UNLIKE = re.compile(
    r"\s*(?:Unlike|Like|Compared (?:to|with)|Next to|Against)\s[^.;,]{3,40}"
    r"(?:,\s(?:which|whose)\s[^.;,]{3,40})?,\s+(?=it\b)",
    re.IGNORECASE,
)


def listed(text: str, sentence: Sentence, quantity: Quantity, mention: Mention | None) -> Attribute | None:
    """The attribute that a value in a list is of by its unit; None outside of a list.

    `mention` is the device that the list is of where the sentence names it.
    """
    key = _OF.get(quantity.dimension)
    if key and mention and quantity.end <= mention.start:
        opens = _OPENING.fullmatch(text, sentence.start, quantity.start)
        own = opens and _THEN.fullmatch(text, quantity.end, mention.start)
        the = key in _BY_THE and _THE.search(text, sentence.start, quantity.start)
        its = the and _OF_THE.fullmatch(text, quantity.end, mention.start)
        return attributes()[key] if own or its else None
    first = mention.end if mention else sentence.start
    if key is None or not first <= quantity.start <= first + _LONGEST or quantity.high != quantity.value:
        return None
    # "RTX 3060 12 GB (12 GB)": the size before the brackets is of the name.
    sized = _SIZE_OF.search(text, max(first, quantity.start - 14), quantity.start)
    if sized or _SCRIPT.search(text, first, quantity.start):
        return None
    gap = text[first : quantity.start]
    # "The A30 is the smaller one: 24 GB of HBM2 and 165 W", "and its memory reaches 960 GB/s".
    before, mark, values = gap.rpartition(":")
    listing = key != "memory" or (_UNITS.search(values) and values.rstrip().endswith(","))
    begins = values.strip() or (key == "power" and _ENTRIES.match(text, quantity.end))
    if mention and mark and begins and listing and not _TURNS.search(before):
        gap = values
    elif mention and (but := _BUT_HAS.match(gap)):
        # "The RTX 3060 Ti is faster but has 8 GB".
        gap = gap[but.end() :]
    elif mention is None and (lead := _LEAD_IN.match(gap) or _UNLIKE.match(gap)):
        gap = gap[lead.end() :]
    elif again := list(_AND_ITS.finditer(gap)):
        # "The RTX 4060 Ti looks tempting, but its bus delivers 288 GB/s": the name's own, as it is the last.
        gap = gap[again[-1].end() :]
    said = (key != "memory_bus" and is_list(gap)) or (key == "bandwidth" and _opens(gap))
    said = said or bool(key != "memory_bus" and has(gap) and _OWN_END.match(text, quantity.end))
    said = said or (key == "power" and _DRAWS.search(gap) is not None and not _OTHER_THING.search(gap))
    said = said or _only_meant(text, sentence, quantity, key, gap)
    sure = said and not (_ELSE.match(text, quantity.end) or too_small(attributes()[key], quantity))
    return attributes()[key] if sure else None


def _only_meant(text: str, sentence: Sentence, quantity: Quantity, key: str, gap: str) -> bool:
    """Whether a value can be of nothing else: nothing beside it speaks of another thing of its unit."""
    foreign = _FOREIGN.get(key)
    if foreign is None or _OTHER_THING.search(gap):
        return False
    before = _CLAUSES.split(gap)[-1]
    after = _CLAUSES.split(text[quantity.end : sentence.end])[0]
    return not foreign.search(f"{before} {text[quantity.start : quantity.end]} {after}")


#: What goes on about the same device in a clause of its own.
_AND_ITS = re.compile(r",?\s(?:and|but)\s+(?=its?\b)", re.IGNORECASE)
#: Ends of clauses, and words of what else has such a value.
_CLAUSES = re.compile(r"[,;:]\s|\.\s|\s[\u2013\u2014-]\s|\b(?:while|whereas|but)\b")
_FOREIGN = {
    "bandwidth": re.compile(
        r"\b(?:nvlink|links?|interconnect\w*|pcie|pci|host|l[123]|cache\w*|fabric|network\w*|ethernet|"
        r"infiniband|ssds?|nvme|"
        r"disks?|storage|reads?|writes?|effective\w*|measured?|real|achiev\w*|sustain\w*|c2c|bridges?|"
        r"between|bidirectional|"
        r"direction|each|per|tokens?|copy|stream|benchmark\w*|test\w*|saw|get|got|weights?|model|"
        r"divid\w*|need\w*|requir\w*|"
        r"more|less|higher|lower|faster|slower|extra|increase\w*|gain\w*|difference|total|combined|cpu|"
        r"ram|ddr\d?)\b",
        re.IGNORECASE,
    ),
    "memory_bus": re.compile(
        r"\b(?:[1-5]?\d[ -]?bits?|precision|quanti\w+|float\w*|integer|weights?|models?|processor|cpu|os|"
        r"windows|instructions?|registers?|"
        r"key|encryption|aes|vectors?|more|less|wider|narrower|per|each|channels?|controllers?)\b",
        re.IGNORECASE,
    ),
    "power": re.compile(
        r"\b(?:idle\w*|psu|suppl\w+|connectors?|slots?|cables?|pins?|wall|system|server|chassis|rack|"
        r"node|total|combined|"
        r"whole|more|less|lower|higher|extra|additional|saves?|saving\w*|difference|per|each|load|"
        r"spikes?|transients?|peaks?|"
        r"measured?|saw|average|range|rang\w+|between|configur\w+|limit\w*|cap\w*|boost\w*|dynamic|cpu|"
        r"cooler|cooling|"
        r"budget|minimum|recommend\w*|require\w*|usually|typical\w*|around|overclock\w*|undervolt\w*|"
        r"half|twice|times|"
        r"version|variant|laptop|mobile|mode|down|drops?|cut|reduced?)\b",
        re.IGNORECASE,
    ),
    "process": re.compile(
        r"\b(?:i/o|io|dies|chiplets?|xcds?|cpu|compared?|than|next|future|equivalent|custom)\b", re.IGNORECASE
    ),
    "die_area": re.compile(
        r"\b(?:each|per|compute|memory|io|i/o|gcds?|xcds?|chiplets?|dies|total|larger|smaller|more|less)\b",
        re.IGNORECASE,
    ),
}


def _opens(gap: str) -> bool:
    """Whether a list begins somewhere between a name and a bandwidth: "narrows the gap with 141 GB and"."""
    begun = list(_BEGINS.finditer(gap))
    return bool(begun) and not _TURNS.search(gap) and is_list(gap[begun[-1].end() :])


def has(gap: str) -> bool:
    """Whether a stretch between a name and a value ends in saying that the device has what follows."""
    gap = _APPOSITION.sub(" ", _IN_FORM.sub(" ", gap))
    found = list(_HAVING.finditer(gap))
    return (
        bool(found)
        and is_list(gap[found[-1].end() :])
        # "RTX A4000: the smallest with 16 GB".
        and not _OTHER_THING.search(gap[: found[-1].start()].lstrip(" :*"))
    )


def is_list(gap: str) -> bool:
    """Whether a stretch of text is nothing but values and what they are called."""
    words = (word.rstrip(".-").lower() for word in _WORD.findall(_POSSESSIVE.sub(" ", gap)))
    return all(word in _LIST or _TYPE.fullmatch(word) for word in words)
