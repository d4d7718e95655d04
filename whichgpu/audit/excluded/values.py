"""A value right beside the name of an attribute, and that no device has which the sentence can be about."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.patterns import MANY
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.no_value import is_nobodys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute, Named
    from whichgpu.hardware.gpu import Gpu

#: Attributes that no host, model or bill has.
_KEYS = frozenset({
    "bandwidth", "memory_bus", "cores", "tensor_cores", "rt_cores", "sms", "l2", "l3", "transistors",
})  # fmt: skip
#: What makers count each in their own way, of parts that are no GPUs too.
_UNITS = frozenset({"cores", "tensor_cores", "rt_cores", "sms"})
#: Between an attribute and its value, and between a value and its attribute.
_OF = re.compile(
    r"\s*(?:\([^()]{1,20}\)\s*)?(?:of|at|is|was|:|=|reaches|stands at|comes to|totals|with)\s*"
    r"(?:a\s+|up to\s+|"
    r"about\s+|around\s+|roughly\s+|some\s+|full\s+|only\s+|just\s+|a whopping\s+|~\s*)*",
    re.IGNORECASE,
)
_THE = re.compile(
    r"[\s-]*(?:wide\s+)?(?:of\s+)?(?:(?:memory|cuda|shader|stream|peak|raw|total|theoretical|its|fast|nvidia)\s+){0,2}",
    re.IGNORECASE,
)
#: What makes a value one of a part, of several, of both ways, or of what was measured.
_OTHER = re.compile(
    r"\b(?:total|together|combined|each|per|aggregate|effective|measured?|reach(?:ed)?|saw|real|achiev\w*|"
    r"full|whole|complete|chip|die|dies|chiplets?|GCDs?|nvlink|pcie|infinity fabric|links?|interconnect|disk|"
    r"ssd|network|more|less|fewer|higher|lower|wider|narrower|extra|additional|difference|increase|from|"
    r"between|times|twice|half|SM|CUs?|cluster|node|server|rack|cut|disabled|enabled|pair|both|two|four|eight|"
    r"was|were|ethernet|infiniband|[TG]bit/s|version|variant|slice|unified|"
    # "Each SM has 227 KB of shared memory. This memory has 33 TB/s": of what was told last.
    r"(?:this|that|such) (?:memory|cache))\b|%|\u00d7|\d\s?x\b",
    re.IGNORECASE,
)
#: What a value is divided by: "Per dollar, it gives you 1.2 GB/s of bandwidth".
_PER_ONE = re.compile(
    r"\b(?:per|for (?:each|every)) (?:dollar|euro|watt|gigabyte|core|joule)\b", re.IGNORECASE
)
#: Fewer are a name's: "Zen 4 cores", "CDNA 3 compute units".
_LEAST = {"cores": 100.0, "sms": 8.0, "tensor_cores": 16.0, "rt_cores": 8.0, "memory_bus": 32.0}
_MULTIPLES = (1.0, 2.0, 0.5, 4.0, 8.0, 3.0, 16.0, 0.25, 0.125)
_NEAR = 0.03


def values(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no device has, nor so many of one."""
    text, sentence = scope.passage.text, scope.sentence
    if not scope.plain or _PER_ONE.search(sentence.text):
        return
    told = within(quantities(text, context.fraction), sentence.start, sentence.end)
    for each in within(named(text), sentence.start, sentence.end):
        if each.attribute.key in _KEYS:
            found = next((one for one in told if _is_of(text, one, each)), None)
            if found is None or found.value < _LEAST.get(each.attribute.key, 0):
                continue
            if _OTHER.search(scope.clause(found.start)) or scope.speaks_of_others(found.start):
                continue
            if is_nobodys(text, sentence, found, each.attribute):
                continue
            if not _is_anyones(text, found, each.attribute, scope, context):
                yield _finding(found, each.attribute, scope, context)


def _is_of(text: str, one: Quantity, each: Named) -> bool:
    if one.high != one.value or one.limit not in ("", "about"):
        return False
    own = each.attribute.dimension
    if own not in (one.dimension, "count" if one.dimension == "number" else ""):
        return False
    if one.end <= each.start:
        return _THE.fullmatch(text, one.end, each.start) is not None
    return one.start >= each.end and _OF.fullmatch(text, each.end, one.start) is not None


def _is_anyones(text: str, one: Quantity, attribute: Attribute, scope: Scope, context: Context) -> bool:
    """Whether a value is right, or nearly, or so many times, of any device in whatever of its dimension."""
    kin = [other for other in attributes().values() if other.dimension == attribute.dimension]
    known = _amounts(attribute.dimension, tuple(scope.gpus))
    own = [gpu.value(field) for gpu in scope.gpus for field in attribute.fields]
    if not any(isinstance(each, int | float) for each in own) or _may_be_unknown(attribute, scope, context):
        return True
    if any(abs(one.value / (value * times) - 1) < _NEAR for value in known for times in _MULTIPLES):
        return True
    return any(is_right(text, one, other, gpu, context) for other in kin for gpu in scope.gpus)


def _may_be_unknown(attribute: Attribute, scope: Scope, context: Context) -> bool:
    """Whether it may be of a device that is spoken of and of which no units of any kind are on file."""
    told = {key for each in scope.here for key in each.ids} or {gpu.id for gpu in scope.gpus}
    gpus = [context.catalogue[key] for key in told]
    counted = attribute.key in _UNITS
    return counted and any(
        gpu.value("cores") is None and not any(gpu.value(field) is not None for field in attribute.fields)
        for gpu in gpus
    )


@lru_cache(maxsize=MANY)
def _amounts(dimension: str, gpus: tuple[Gpu, ...]) -> tuple[float, ...]:
    """All that some devices have of a dimension, of whichever attribute."""
    kin = [other for other in attributes().values() if other.dimension == dimension]
    return tuple(dict.fromkeys(value for gpu in gpus for other in kin for value in other.amounts(gpu)))


def _finding(one: Quantity, attribute: Attribute, scope: Scope, context: Context) -> Finding:
    shown = [
        f"{gpu.id} has {gpu.display(field)}"
        for gpu in scope.gpus
        for field in attribute.fields
        if gpu.value(field) is not None
    ]
    because = f"none that the text speaks of has it: {'; '.join(dict.fromkeys(shown[:4]))}"
    alone = len(scope.gpus) == 1
    place = (one.start, one.end)
    return made(
        context, scope.passage, place, "specification", "contradicted", attribute=attribute.key,
        subject=", ".join(gpu.id for gpu in scope.gpus), because=because,
        expected=scope.gpus[0].display(attribute.fields[0]) if alone else "", evidence=(Evidence(because),),
    )  # fmt: skip
