"""The KV cache by its formula: "Llama 3.1 70B takes 320 KB per token", "10 GB at 32,768 tokens".

A model that is known has keys and values of a known size: 2 x layers x KV heads x head dimension numbers for
each token. What a text says of one is wrong where no usual format of the cache gives it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.dimensions import AXES, dims
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.text.terms import terms
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.dimensions import Term
    from whichgpu.audit.text.models import Model
    from whichgpu.audit.text.sentences import Sentence

_CACHE = re.compile(r"\b(?:kv|key[- ]value|caches?|contexts?)\b", re.IGNORECASE)
_PER_TOKEN = re.compile(r"\b(?:per|each|every|an?) token\b", re.IGNORECASE)
#: A cache of fewer bits, or one that is shared, cut or kept elsewhere.
_SMALLER = re.compile(
    r"\b(?:(?:8|4|[2-6])[- ]?bit|fp8|int8|int4|q[48]\w*|quanti[sz]\w+|compress\w*|window\w*|evict\w*|prun\w+|"
    r"offload\w*|tensor parallel\w*|tp|per (?:gpu|card)|mla|without|had|otherwise)\b",
    re.IGNORECASE,
)
#: Memory of more than the cache.
_MORE = re.compile(
    r"\b(?:weights?|total|together|in all|altogether|model takes|parameters?|left|leaves?|leaving|free|"
    r"end up|in sum|checkpoints?|logits|adapters?|rank|activations?|gradients?|"
    r"cards?|gpus?(?! memory)|vram|users?|requests?|sequences?|batch\w*|streams|sessions|conversations)\b",
    re.IGNORECASE,
)
#: "128K context", "at 32K": so many tokens.
_CONTEXT = re.compile(
    r"\b(?P<n>\d{1,4})\s?k\b(?=[- ]?(?:tokens? )?(?:context|prompt|sequence|window|conversation|session)|"
    r"[,?.]| for\b| with\b| each\b|$)",
    re.IGNORECASE,
)
#: So many at a time, each with a context of its own.
_USERS = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,4})\s+(?:(?:parallel|concurrent|simultaneous|active|such)\s+)*"
    r"(?:users|requests|sequences|conversations|sessions|streams|chats)\b", re.IGNORECASE,
)  # fmt: skip
#: Memory of one request or user, which is that of its context.
_OF_ONE = re.compile(
    r"\b(?:a|one|single|per|each)\s+(?:\w+\s){0,4}?(?:request|user|sequence|session|conversation)\b", re.I
)
_EACH_ONE = re.compile(r"\s*(?:of \w+ )?(?:each|apiece|per|for each)\b", re.IGNORECASE)
_BYTE, _TOKEN = AXES.index("byte"), AXES.index("token")
_AMOUNT, _TOKENS, _OF_REQUEST = dims(byte=1), dims(token=1), dims(byte=1, piece=-1)
#: GB or GiB and rounding; bytes of a number of the cache in the common formats.
_ABSURD = 1e3
_NEAR, _COMMON, _ALL = 0.09, (2.0,), (4.0, 2.0, 1.0, 0.5)
_EIGHT = re.compile(r"8[- ]?bit|fp8|int8", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:]|,\s|\band\b")
#: Behind an amount that is there for tokens: "24 GB hold 73,000 tokens, 10 GB about 30,500".
_HOLDS = re.compile(
    r"\s+(?:(?:would|will|can|could)\s+)?(?:(?:holds?|stores?|fits?|about|some|only|around|roughly|just|"
    r"nearly|almost)\s+|~){0,3}\d[\d.,]*\s?[kK]?\b(?!\s?(?:[KMGT]i?B|%))",
    re.IGNORECASE,
)


#: Behind an amount, whose cache it is where that is named by its size alone.
_FOR_ANOTHER = re.compile(r"\s*(?:for|with|in|on|of)\s+the\s+(?:\w+\s+)?\d{1,3}(?:\.\d)?B\b", re.IGNORECASE)


class _Claim(NamedTuple):
    """An amount of memory that is said to be the cache of a model for so many tokens."""

    told: Term
    model: Model
    tokens: float


def find(context: Context) -> Iterator[Finding]:
    """Every such size with its verdict."""
    for table in context.document.tables:
        yield from _of_table(table, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in RUNNING or not about_cache(passage):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        for sentence in sentences(passage.text):
            for claim in _claims(passage.text, sentence, every):
                found = _judged(passage, sentence, claim, context)
                if found is not None:
                    yield found


def about_cache(passage: Passage) -> bool:
    """Whether a passage, or the heading above it, speaks of the cache or of contexts."""
    return _CACHE.search(" ".join((passage.text, *passage.section[-1:]))) is not None


def is_smaller(text: str) -> bool:
    """Whether a text speaks of a cache of fewer bits, or of one that is shared, cut or kept elsewhere."""
    return _SMALLER.search(text) is not None


def _of_table(table: Table, context: Context) -> Iterator[Finding]:
    """Rows of a model, its context and what the cache of that takes."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]]
    lengths = [at for at, head in enumerate(heads) if at and _LENGTH.search(head)]
    caches = [at for at, head in enumerate(heads) if at and _KV.search(head)]
    for row in range(1, min(len(table.rows), _ROWS) if len(lengths) == len(caches) == 1 else 0):
        cells = [table.cell(row, at) for at in (0, lengths[0], caches[0])]
        text = [cell.text if cell else "" for cell in cells]
        named, tokens = models(text[0]), _TOKENS_OF.match(text[1])
        told = [each for each in terms(text[2], context.fraction) if each.dims == _AMOUNT]
        numbers = _numbers(named[0].name) if len(named) == 1 else 0.0
        if not numbers or not tokens or len(told) != 1 or not cells[2]:
            continue
        count = float(tokens["n"].replace(",", "")) * (1024.0 if tokens["k"] else 1.0)
        real = [numbers * count * size for size in _ALL]
        right = any(abs(told[0].value / one - 1) <= _ROUGHLY for one in real)
        size = f"{real[1] / 1e9:,.3g} GB"
        because = f"keys and values of {count:,.0f} tokens of {named[0].name.strip()} take {size}"
        place = (told[0].start, told[0].start + len(told[0].words))
        yield made(
            context, cells[2], place, "memory requirement", "confirmed" if right else "contradicted",
            subject=named[0].name.strip(), attribute="kv cache", because=f"{because} in 16 bits",
            expected="" if right else size, evidence=(Evidence(because),),
        )  # fmt: skip


_LENGTH, _KV = re.compile(r"\bcontext|\btokens\b", re.I), re.compile(r"\bkv\b|\bcache\b", re.I)
_TOKENS_OF = re.compile(r"\W*(?P<n>\d[\d,]*)\s?(?P<k>k\b)?(?:\s*tokens?)?\W*$", re.IGNORECASE)
#: Rows and columns that are looked at; how far from a format's size a table may round.
_ROWS, _COLUMNS, _ROUGHLY = 40, 12, 0.12


def _claims(text: str, sentence: Sentence, every: Sequence[Term]) -> Iterator[_Claim]:
    """The amounts of a sentence that stand behind the name of the model that they are of."""
    here = within(every, sentence.start, sentence.end)
    named = within(models(text), sentence.start, sentence.end)
    if not named:
        # "Llama 3 8B has .. At 8K context: 1.1 GB": of the last model that the text spoke of.
        named = [each for each in models(text) if each.end <= sentence.start][-1:]
    spelled = (1024.0 * int(each["n"]) for each in _CONTEXT.finditer(text, sentence.start, sentence.end))
    users = _USERS.findall(text, sentence.start, sentence.end)
    number = float(users[0]) if len(users) == 1 else 1.0
    lengths = {each.value for each in here if each.dims == _TOKENS and not each.each} | {*spelled}
    for told in here:
        if (told.about and told.value < 1) or _HOLDS.match(text, told.end):
            continue
        if _FOR_ANOTHER.match(text, told.end):
            # "4 GiB for Llama 2 7B, 1 GiB for the 8B"
            continue
        before = [each for each in named if each.end <= told.start]
        per_token = told.dims[_BYTE] == 1 and told.dims[_TOKEN] == -1
        said = told.dims == _AMOUNT and _PER_TOKEN.search(text, sentence.start, sentence.end)
        if not before or (said and len({each.name for each in named}) > 1):
            continue
        counts = [each for each in here if each.dims == _TOKENS and each.end <= told.start and not each.each]
        if said and not per_token and counts and len(lengths) == 1:
            # "128 KiB per token, so 100,000 tokens take 13 GB"
            yield _Claim(told, before[-1], next(iter(lengths)))
        elif per_token or said:
            yield _Claim(told, before[-1], 1.0)
        elif (
            told.dims in (_AMOUNT, _OF_REQUEST)
            and len(lengths) == 1
            and _is_of(text, sentence, before[-1], told)
        ):
            each = told.dims == _OF_REQUEST or _EACH_ONE.match(text, told.end)
            yield _Claim(told, before[-1], next(iter(lengths)) * (1.0 if each else number))


def _is_of(text: str, sentence: Sentence, model: Model, told: Term) -> bool:
    """Whether an amount is the cache of a model: right behind its name, or in a sentence of the cache."""
    between = text[model.end : told.start]
    if _CACHE.search(between) is None and len(_CLAUSE.findall(between)) > 1:
        return False
    return not _MORE.search(_OF_ONE.sub(" ", _USERS.sub(" ", sentence.text)))


def _judged(passage: Passage, sentence: Sentence, claim: _Claim, context: Context) -> Finding | None:
    numbers = _numbers(claim.model.name)
    if not numbers:
        return None
    whole = numbers * claim.tokens
    if claim.tokens == 1.0 and claim.told.value > _ABSURD * whole:
        # "A token takes 128 KB, so 30 GB hold 234,000": not of one token.
        return None
    if _ABSURD * claim.told.value < whole:
        # Nor are the 128 KB of a token those of all that are spoken of.
        return None
    smaller = _SMALLER.search(passage.text)
    # Of fewer bits, or of fewer tokens, is it only where it may be: four bits where they are spoken of.
    sizes = _ALL if smaller and not _EIGHT.fullmatch(smaller[0]) else (*_COMMON, 1.0) if smaller else _COMMON
    right = any(abs(claim.told.value / (whole * size) - 1) <= _NEAR for size in sizes)
    if not right and (smaller or (claim.told.about and claim.tokens == 1.0)):
        return None
    one = f"{numbers * 2 / 1024:,.4g} KiB"
    because = f"a token of {claim.model.name.strip()} has {numbers:,.0f} keys and values, {one} in 16 bits"
    expected = one
    if claim.tokens > 1:
        expected = f"{whole * 2 / 1e9:,.3g} GB"
        because += f"; {claim.tokens:,.0f} of them take {expected}"
    return made(
        context, passage, (claim.told.start, claim.told.start + len(claim.told.words)), "memory requirement",
        "confirmed" if right else "contradicted", subject=claim.model.name.strip(), attribute="kv cache",
        because=because, expected="" if right else expected, evidence=(Evidence(because),),
    )  # fmt: skip


@lru_cache(maxsize=512)
def _numbers(name: str) -> float:
    """Keys and values that a token of a model has; 0 where every token has not the same, or nobody knows."""
    from whichgpu.workloads.language.cache import kv_bytes_per_token
    from whichgpu.workloads.precision import precision
    from whichgpu.workloads.workload import known, resolve

    if len(name) < 3 or not re.search(r"\d", name) or not known(name):
        return 0.0
    try:
        workload = resolve(name)
        sized = workload.dims
        if not {"layers", "kv_heads", "head_dim"} <= set(sized) or any("window" in key for key in sized):
            return 0.0
        return kv_bytes_per_token(sized, precision("fp16")) / 2.0
    except (WhichGpuError, KeyError, TypeError):
        return 0.0
