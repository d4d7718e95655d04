"""Subjects of clauses that no name tells: "the plain Ti before it had 12 GB", "one of the nodes draws 2 kW".

What is said of such a subject is of no device for certain, whatever the heading or the sentence before names.
"""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.descriptions import KIN

_VERBS = (
    r"has|had|have|is|was|are|were|comes?|came|costs?|draws?|drew|needs?|needed|offers?|offered|gets?|got|"
    r"makes?|made|uses?|used|carries|carried|ships?|shipped|runs?|ran|supports?|supported|lacks?|lacked|does|"
    r"did|can|could|keeps?|kept|stays|stayed|reache[sd]|delivers?|delivered|manages?|managed|brings?|brought|"
    r"stops?|ends?|gives?|gave|holds?|held|moves?|moved|packs?|features?|provides?|sits?|sat|takes?|took|"
    r"operates?|operated|peaks?|peaked|hits?|"
    r"knows?|knew|arrived?s?|followed|follows|introduced?s?|added|adds?|wants?|remains?|tops|sells?|sold"
)
#: The beginning of a clause with its subject: an article or a possessive with a few words, and a verb.
_CLAUSE = re.compile(
    r"(?:(?<![\s\S])|(?<=[.!?;:(\u2013\u2014\n])|(?<=,))[\s\"\u201c*_-]*"
    r"(?:(?:and|but|while|whereas|where|though|although|since|because|as|so|yet|or|however|still|today|here|"
    r"now|then|meanwhile),?\s+)*"
    r"(?P<subject>(?:the|its|their|that|this|these|those|an?|another|one|some|most|many|all|every|our|my|your|"
    r"last|both)\s(?:[\w\u2019'.+&/-]+\s){0,8}?)"
    rf"(?:(?:also|still|only|just|already|even|actually|really|both|now|then)\s+)*(?P<verb>{_VERBS})\b",
    re.IGNORECASE,
)
#: One of several by its place among them, without a verb: "the first with 24 GB and the second with".
_BY_PLACE = re.compile(
    r"\b(?:the\s+(?:first|second|third|fourth|last|other|others|latter|former|rest|smaller|larger|bigger|"
    r"older|newer|cheaper)(?:\s+one)?|another)\s+(?:with|at|in|of them|has|had|was|is|came)\b",
    re.IGNORECASE,
)
#: What a device is called where no other is meant, several that are meant together, and what it has.
_OWN = re.compile(
    r"(?:(?:both|all|the)\s(?:of\s(?:them|these|those)\s|(?:two|three|four|five)\s|(?=\w+\s))(?:[\w-]+\s){0,2}"
    r"(?:cards|gpus|ones|parts|boards|chips|versions|models|accelerators|modules)\s|"
    r"(?:both|all)\s(?:of\s(?:them|these|those)\s)?|all\s(?:two|three|four|five)\s|"
    rf"(?:its|their)\s(?!(?:[\w-]+\s){{0,2}}(?:{KIN}|host|maker|owner|cpu|processor|server)s?\b)(?:[\w\u2019',.+&/-]+\s)+|"
    r"(?:(?:the|this|that|these|those|both|all)\s)(?:(?:whole|entire|new|nvidia|amd|intel|of|in|the|"
    r"its|their|peak|raw|total|rated|official|maximum|typical|dense|theoretical|on-board|memory|tensor|cuda|"
    r"single|double|half|board|base|boost|core|video|launch|list|recommended|retail|suggested|l2|"
    r"nvlink|precision|fp\d+|tf32|bf16|int\d)\s)*"
    r"(?:cards?|gpus?|chips?|boards?|accelerators?|parts?|modules?|dies?|silicon|units?|processors?|"
    r"memory|vram|ram|capacity|bandwidth|bus|interface|power|tdp|tgp|tbp|consumption|draw|limit|budget|price|"
    r"msrp|rrp|cores?|clocks?|cache|performance|throughput|rate|speed|compute|peak|process|node|architecture|"
    r"nvlink|link|connection|transistors|count|size|width|slots?|cooler|connector|figure|number|numbers|"
    r"figures|value|precision|fp\d+|tf32|bf16|int\d|support|mig|ecc|name|specs?|specifications?|gddr\w*|hbm\w*)\s"
    r"(?:(?:of|in|on|with|for)\s(?:it|this|that|the\s(?:card|gpu|chip|board))\s)?|"
    r"an?\s(?:[\w-]+\s){0,3}(?:memory|vram|bandwidth|bus|interface|cache|clock|cooler|power\slimit|tdp|process|node)\s)",
    re.IGNORECASE,
)


#: A sentence that begins with an attribute, of which no article tells whose it is.
_BARE = re.compile(
    r"[.!?]\)?\s+(?=(?:Memory|Bandwidth|Power|TDP|TGP|Capacity|VRAM|Peak|Boost|Base|Board|Its)\b)"
)


def is_strange(text: str, start: int, at: int) -> bool:
    """Whether the clause that a place is in, from another on, has a subject that is no device named."""
    # "(a 32 GB version followed in 2018). Memory bandwidth is": of what was spoken of.
    ended = max((each.end() for each in _BARE.finditer(text, start, at)), default=start)
    last = max(_CLAUSE.finditer(text, ended, at), key=lambda each: each.start(), default=None)
    if last is not None and _OWN.fullmatch(last["subject"]) is None and not _gives_it(text, last):
        return True
    return _BY_PLACE.search(text, last.end() if last else start, at) is not None


#: "A 256-bit interface. This gives it 576 GB/s": what was just told does, to what was spoken of.
_GIVES = re.compile(
    r"(?:gives?|gave|brings?|makes?|leaves?|takes?)\s+(?:it|the card|the gpu|the chip)\b", re.IGNORECASE
)


def _gives_it(text: str, clause: re.Match[str]) -> bool:
    return clause["subject"].strip().lower() in ("this", "that") and bool(
        _GIVES.match(text, clause.start("verb"))
    )


#: A subject that no article makes known, to its verb: "A top-tier 128 GB appliance operates".
_UNKNOWN = re.compile(
    r"\s*(?:An?|Any|Another)\s(?:[\w.+/-]+\s){1,6}?"
    r"(?:appliances?|machines?|box(?:es)?|systems?|workstations?|servers?|laptops?|desktops?|macs?|mini-?pcs?|pcs?|rigs?)\s"
    rf"(?:{_VERBS})\b",
    re.IGNORECASE,
)


def is_of_unknown(text: str, start: int, at: int) -> bool:
    """Whether a place is in the subject of a sentence that tells of some machine, and of no device named."""
    found = _UNKNOWN.match(text, start)
    return found is not None and at < found.end()


_DOES = re.compile(
    rf"[\u2019']?s?\s+(?:\w+ly\s+)?(?:{_VERBS}|listed|launched|tops|starts|went|goes)\b", re.IGNORECASE
)


def does(text: str, end: int) -> bool:
    """Whether what is named before a place is the subject of a clause."""
    return _DOES.match(text, end) is not None
