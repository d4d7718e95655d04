"""What is said of the inside of a known model: its attention, heads, layers, context; sizes that none has.

"Llama 3.1 8B uses plain multi-head attention", "keeps 64 key-value heads", "with its 60 layers", "has a
context of 128K tokens", "Llama 3.1 13B". Held against the dimensions on file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.lineages import lineages, models_in
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.lineages import Lineage, Named
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.workloads.workload import Workload

    _Of = Callable[[Workload], str]

_COUNTS = {"one": 1, "two": 2, "four": 4, "eight": 8, "sixteen": 16, "thirty-two": 32, "sixty-four": 64}
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(_COUNTS)})"
_KINDS = {
    "multi-head": r"(?:(?:plain|full|classic|standard|ordinary|traditional|old|usual|normal|vanilla)\s+"
    r"multi-?head(?:ed)? attention|MHA\b)",
    "grouped-query": r"(?:grouped[- ]query(?: attention)?|GQA\b)",
    "multi-query": r"(?:multi-?query(?: attention)?|MQA\b)",
    "latent": r"(?:(?:multi-?head )?latent attention|MLA\b)",
}
_KIND = rf"(?P<at>{'|'.join(_KINDS.values())})"
#: A kind of attention that a model has, one that it lacks, and one that it alone of its lineage has.
_HAS = re.compile(
    r"(?<!\bnot )(?<!n.t )(?<!\byet )\b(?:uses?|using|has|have|with|employs?|relies on|rely on|features?|"
    r"adopts?|came with|comes with|"
    rf"built on|sticks to|applies|got|keeps|is an?)\s+(?:[a-z]+(?:-[a-z]+)?\s+){{0,2}}?{_KIND}",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\b(?:lacks?|lacking|without|dispenses with|forgoes|(?:does|do|did)(?: not|n.t) (?:yet )?"
    rf"(?:use|have|know|employ)|ha[sd] no|have no)\s+(?:any\s+|the\s+)?{_KIND}",
    re.IGNORECASE,
)
_SIZE = r"(?:the )?(?P<size>\d\S{0,4}B)"
_ALONE = (
    re.compile(rf"\bonly {_SIZE}\b[^.;]{{0,12}}?\b(?:has|uses|got|features)\s+{_KIND}", re.IGNORECASE),
    re.compile(rf"{_KIND}[^.;]{{0,40}}?\b(?:in|by|for|of) {_SIZE} (?:only|alone)\b", re.IGNORECASE),
    re.compile(rf"{_KIND}[^.;]{{0,40}}?\bonly (?:in|by|for|of) {_SIZE}\b", re.IGNORECASE),
)
#: Heads of keys and values, of which all are kept or some; and layers of the whole model.
_HEADS = (
    re.compile(
        rf"\b(?:all )?{_N} (?:(?:kv|key[- /]?(?:and[- ])?value)[- ]heads|heads (?:of|"
        rf"for) (?:the )?(?:keys|kv))\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:caches?|cached|stores?|keeps?) (?:all )?(?:of )?(?:its )?(?P<n>\d{1,3})(?: of its)? heads\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bkeys and values (?:for|of|in) (?:all )?(?:of )?(?:its |the )?(?P<n>\d{1,3}) (?:of its )?heads\b",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:caches?|cached)\s+(?P<n>\d{1,3})(?=[.,;]|$| (?:of them|then|before))", re.IGNORECASE),
)
_LAYERS = re.compile(
    r"\b(?:its |has |have |with |of |all )(?P<n>\d{2,3}) (?:transformer |decoder )?layers\b", re.IGNORECASE
)
_PART = re.compile(
    r"\b(?:offload\w*|ngl|first|last|remaining|rest|of the|out of|other|cpu|draft|frozen|unfreez\w*|"
    r"adapters?|split|each)\b",
    re.IGNORECASE,
)
#: A context, in thousands of tokens or in tokens.
_LENGTH = r"(?P<n>\d[\d,]*) ?(?P<k>[kKM]?)"
_CONTEXT = (
    re.compile(rf"\bcontexts?(?: windows?| lengths?)? of (?:up to |only |just |about )?{_LENGTH}\b", re.I),
    re.compile(rf"\b{_LENGTH}[- ](?:tokens? )?(?:of )?contexts?(?: windows?| lengths?)?\b", re.I),
    re.compile(
        rf"\b(?:handles?|takes?|accepts?|supports?) (?:up to )?{_LENGTH} tokens\b(?! (?:per|a) second)", re.I
    ),
)
_STRETCHED = re.compile(
    r"\b(?:yarn|rope|scal\w+|extend\w*|stretch\w*|fine-?tun\w*|long-?context|variant|memory|vram|cache|fits?|"
    r"at|with an?|per|each|GB|requests?|users?|serv\w+)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\?|\b(?:if|would|could|imagine|assum\w+|fictional|made-up|suppose|hypothetical\w*|were|myth|wrong|"
    r"unlike|contrary|instead of|"
    r"rather than|not|never|there (?:is|was) no|no such|nobody|n.t exist|equivalent|comparable|say|let us)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_WOULD = re.compile(r"\b(?:would|could|might)\b", re.IGNORECASE)
_DOES_NOT = re.compile(r"(?:does|do|did)(?: not|n.t)")
_LEADS = re.compile(r"\s*(?:It|Its|The model)\s")
_UNLIKE = re.compile(
    r"\b(?:unlike|contrary to|in contrast to|like|compared (?:to|with)|than)\s+(?:the\s+)?$", re.IGNORECASE
)
_AND = re.compile(r"\s*(?:,|and|or|,? and the)\s*(?:the )?")
#: From what begins a sentence to the model that it is of: "With its 80 layers, Llama 3 70B".
_OF_NEXT = re.compile(r"(?: per token| each)?[\s,]{1,3}(?:the |an? )?(?:of |in )?(?:the )?")
#: The sizes of a lineage in a list.
_COMES_IN = re.compile(
    r"\b(?:sizes?|comes? in|came in|available (?:in|as|with)|released (?:in|as|with)|variants?|versions?)\b"
    r"[^.;\d]{0,24}(?P<list>\d[\dBxM.]*(?:(?:,| and| or|,? and) (?:a )?\d[\dBxM.]*)+B)\b"
)
#: A context that is longer by so much is another one; characters of a cell that is a name.
_LONGER, _NAME = 1.1, 30


class _At(NamedTuple):
    """The sentence that something is told in."""

    passage: Passage
    sentence: Sentence
    context: Context

    @property
    def ends(self) -> tuple[int, int]:
        return self.sentence.start, self.sentence.end

    def each(self, *patterns: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """What any of some patterns finds in it."""
        return (found for one in patterns for found in one.finditer(self.passage.text, *self.ends))


def find(context: Context) -> Iterator[Finding]:
    """Everything that is told of a model's inside, and sizes that a lineage does not have."""
    for _, passage in context.document.running():
        if models_in(passage.text):
            for sentence in sentences(passage.text):
                at = _At(passage, sentence, context)
                yield from _sizes(passage, sentence.start, sentence.end, context)
                yield from _listed(at)
                yield from () if "?" in sentence.text else _of_sentence(at)
    for table in context.document.tables:
        for cell in table:
            yield from _sizes(cell, 0, len(cell.text), context) if len(cell.text) <= _NAME else ()


def _of_sentence(at: _At) -> Iterator[Finding]:
    alone = next(at.each(*_ALONE), None)
    if alone:
        yield from _one_alone(alone, at)
    for match in () if alone else at.each(_HAS):
        yield from _told(match.span("at"), _kind_of(match["at"]), _attention, at)
    for match in at.each(_LACKS):
        lacked = _kind_of(match["at"])
        yield from _told(match.span("at"), f"no {lacked}", _without(lacked), at)
    for match in at.each(*_HEADS):
        number = _COUNTS.get(match["n"].lower()) or int(match["n"])
        yield from _told(match.span(), f"{number} KV heads", _kv_heads, at)
    for match in () if _PART.search(at.sentence.text) else at.each(_LAYERS):
        yield from _told(match.span(), f"{match['n']} layers", _layers, at)
    for match in at.each(*_CONTEXT):
        yield from _window(match, at)


def _kind_of(text: str) -> str:
    return next(key for key, words in _KINDS.items() if re.fullmatch(words, text, re.IGNORECASE))


def _attention(model: Workload) -> str:
    """The kind of attention of a model; empty of one that is not known."""
    heads, kept = model.dims.get("heads"), model.dims.get("kv_heads")
    if model.dims.get("kv_rank"):
        return "latent"
    if not heads or not kept:
        return ""
    return "multi-head" if heads == kept else "multi-query" if kept == 1 else "grouped-query"


def _without(lacked: str) -> _Of:
    def of(model: Workload) -> str:
        own = _attention(model)
        return f"no {lacked}" if own and own != lacked else own

    return of


def _kv_heads(model: Workload) -> str:
    kept = None if model.dims.get("kv_rank") else model.dims.get("kv_heads")
    return f"{kept} KV heads" if kept else ""


def _layers(model: Workload) -> str:
    layers = model.dims.get("layers")
    return f"{layers} layers" if isinstance(layers, int) else ""


def _whose(place: tuple[int, int], at: _At) -> Named | None:
    """The model that something at a place is told of; None where that is not certain."""
    text, begin = at.passage.text, at.sentence.start
    every = models_in(text)
    here = [each for each in every if begin <= each.start < at.sentence.end]
    told = [each for each in here if each.end <= place[0] and not _UNLIKE.search(text, begin, each.start)]
    if told:
        # "Llama 2 70B and Llama 3 8B use": it is told of both.
        both = len(told) > 1 and _AND.fullmatch(text, told[-2].end, told[-1].start)
        return None if both else told[-1]
    if len(here) == 1 and place[1] <= here[0].start:
        return here[0] if _OF_NEXT.fullmatch(text, place[1], here[0].start) else None
    before = [each for each in every if each.end <= begin]
    return before[-1] if before and not here and _LEADS.match(at.sentence.text) else None


def _told(place: tuple[int, int], said: str, of: _Of, at: _At) -> Iterator[Finding]:
    """The verdict on what is said of the model that it is told of."""
    whose = _whose(place, at)
    known = [of(model) for model in whose.models] if whose else []
    if whose is None or not all(known) or not known:
        return
    if said in known or not _denied(whose, place, at):
        yield _finding(place, whose, "" if said in known else " or ".join(dict.fromkeys(known)), at)


def _denied(whose: Named, place: tuple[int, int], at: _At) -> bool:
    """Whether what stands between a model and what is told of it makes that no statement."""
    between = at.passage.text[min(whose.end, place[0]) : max(whose.start, place[0])]
    # "Without it, Llama 3 70B would cache": what stands in front is of what follows the name.
    behind = at.passage.text[whose.end : at.sentence.end] if place[0] < whose.start else ""
    return _UNSURE.search(_DOES_NOT.sub("", between)) is not None or _WOULD.search(behind) is not None


def _finding(place: tuple[int, int], whose: Named, instead: str, at: _At) -> Finding:
    """That something is so, or what is on file in its place."""
    because = f"{whose.name} has {instead}" if instead else "as on file"
    return made(
        at.context, at.passage, place, "specification", "contradicted" if instead else "confirmed",
        subject=_called(whose), attribute="network", because=because, expected=instead,
        evidence=(Evidence(because, "zoo"),),
    )  # fmt: skip


def _called(whose: Named) -> str:
    """What a model is called with a capital, as what a sentence names itself is."""
    return whose.name if whose.name[:1].isupper() else whose.models[0].name if whose.models else "Model"


def _one_alone(match: re.Match[str], at: _At) -> Iterator[Finding]:
    """What one size alone of a lineage is said to have, where the others have it too."""
    before = [each for each in models_in(at.passage.text) if each.end <= at.sentence.end and each.lineage]
    mine = [each for each in before if each.lineage is before[-1].lineage]
    others = [each for each in mine if each.size and each.size.upper() != match["size"].upper()]
    others = others or [each for each in mine if not each.size]
    kind = _kind_of(match["at"])
    if others and all(_attention(model) == kind for each in others for model in each.models):
        yield _finding(match.span(), others[0], f"{kind} attention too", at)


def _window(match: re.Match[str], at: _At) -> Iterator[Finding]:
    """A context that is longer than that of all models of a lineage."""
    whose = _whose(match.span(), at)
    if whose is None or whose.lineage is None or not whose.lineage.window:
        return
    told = float(match["n"].replace(",", "")) * {"k": 1024.0, "m": 1048576.0}.get(match["k"].lower(), 1.0)
    known = {float(model.dims.get("max_positions") or 0) for model in whose.models}
    between = at.passage.text[whose.end : match.start()]
    if _STRETCHED.search(between) or _denied(whose, match.span(), at):
        return
    # Less than a model can take is what somebody set.
    if len(known) == 1 and told > max(known) * _LONGER > 0:
        yield _finding(match.span(), whose, f"a context of {max(known):,.0f} tokens", at)


def _sizes(passage: Passage, start: int, end: int, context: Context) -> Iterator[Finding]:
    """Names of models in a size that was never published under them."""
    if _UNSURE.search(passage.text, start, end):
        return
    for each in models_in(passage.text):
        known = each.lineage and each.size and start <= each.start < end
        if known and each.lineage and not (_is_size(each.size, each.lineage) or _is_of_minor(each)):
            yield _of_size(passage, (each.start, each.end), each, context)


def _listed(at: _At) -> Iterator[Finding]:
    """A size in the list of a lineage's that it does not have."""
    match = next(at.each(_COMES_IN), None)
    whose = _whose(match.span(), at) if match else None
    if (
        match is None
        or whose is None
        or whose.lineage is None
        or whose.size
        or _UNSURE.search(at.sentence.text)
    ):
        return
    for each in re.finditer(r"\d[\dx.]*[BM]?", match["list"]):
        size = each[0].strip(".")
        if not _is_size(size if size[-1] in "BM" else f"{size}B", whose.lineage):
            start = match.start("list") + each.start()
            yield _of_size(at.passage, (start, start + len(size)), whose, at.context)


def _is_size(size: str, lineage: Lineage) -> bool:
    return size.upper() in (each.upper() for each in lineage.sizes)


def _is_of_minor(named: Named) -> bool:
    """Whether an id in one word may leave out the minor version that has its size: "llama3-1b"."""
    key = f"{named.lineage.key}-" if named.lineage else ""
    minor = [each for each in lineages() if key and each.key.startswith(key)]
    return " " not in named.name.strip() and any(_is_size(named.size, each) for each in minor)


def _of_size(passage: Passage, place: tuple[int, int], whose: Named, context: Context) -> Finding:
    lineage = whose.lineage
    because = f"under this name there are {', '.join(lineage.sizes)}" if lineage else ""
    source = (lineage.title, lineage.url) if lineage else ("", "")
    return made(context, passage, place, "specification", "contradicted", subject=_called(whose),
                attribute="size", because=because, evidence=(Evidence(because, *source),))  # fmt: skip
