"""A capability that both of two are said to have, of whom one has it not: "FP8 likewise runs on both"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.capabilities import named_by
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

_KEYS = frozenset({
    "fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "tensor_cores", "sparsity", "av1_encode", "av1_decode",
    "frame_generation", "transformer_engine", "ray_tracing", "flash_attention_2", "flash_attention_3",
})  # fmt: skip
_TOLD = named_by(_KEYS)
_VERB = (
    r"can|are|have|offer|support|run|handle|take|get|come|accept|work|do|let|encode|decode|bring|know|"
    r"feature|use"
)
#: Both of two devices: who does something, or on which something is done.
_BOTH = re.compile(
    r"\b(?:both|either)\s+(?:(?:of (?:them|these|the two))|(?:cards?|gpus?|models?|boards?|chips?|parts?))\b"
    r"|"
    rf"\bboth\s+(?:{_VERB})\b|\b(?:on|of|with|by|for|in)\s+(?:both|either(?:\s+one)?)(?=\s*(?:[.,;:)]|$))",
    re.IGNORECASE,
)
#: The same of more of them, where the text speaks of as many.
_ALL = re.compile(
    r"\b(?:on|by|of|with|for|in)\sall\s(?P<n>three|four)(?:\s(?:of them|cards?|gpus?|models?))?"
    r"(?=\s*(?:[.,;:)]|$))",
    re.IGNORECASE,
)
_MANY = {"two": 2, "three": 3, "four": 4}
#: What takes it back, or says that it is of something else.
_NOT = re.compile(
    r"\b(?:not|no|none|neither|nor|never|without|lacks?|only|but|except|than|unlike|instead|emulat\w+|slow\w*|"
    r"if|would|could|should|might|until|before|after|weights?|files?|quanti\w+|models? in|software|"
    r"drivers?)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


_FAR = 32
_WORKS = re.compile(r"\b(?:works?|runs?|usable)\b", re.IGNORECASE)


def shared(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that one of the two has not."""
    text, sentence = scope.passage.text, scope.sentence
    both = _BOTH.search(text, sentence.start, sentence.end) or _ALL.search(text, sentence.start, sentence.end)
    many = _MANY.get((both.groupdict().get("n") or "two").lower(), 0) if both else 0
    two = two_of(scope, context) if both else ()
    alone = len({model(each.named[0], context.catalogue) for each in scope.here}) == 1
    if both is None or alone or len(two) != many:
        # "Both support FP8, which the A100 does not": of the two that it is set against.
        return
    # "You can bridge either model, using the 112 GB/s of NVLink": where nothing in it is denied, all of it.
    clause = scope.clause(both.start()) if _NOT.search(sentence.text) else sentence.text
    if _NOT.search(clause):
        return
    yield from _host(scope, both, two, context)
    for each, names in _TOLD:
        match = names.search(text, sentence.start, sentence.end)
        # BF16 works before Ampere, too, by other means.
        if match is None or match[0] not in clause or (each.key == "bf16" and _WORKS.search(clause)):
            continue
        lacking = [ids for ids in two if all(each.has(context.catalogue[key]) is False for key in ids)]
        if not lacking:
            continue
        because = f"{lacking[0][0]} has no {match[0]}: {context.catalogue[lacking[0][0]].display(each.field)}"
        # What stands between may be right: "BF16 came with Ampere and is hence available on both".
        far = max(both.start() - match.end(), match.start() - both.end()) > _FAR
        place = both.span() if far else (min(match.start(), both.start()), max(match.end(), both.end()))
        yield made(
            context, scope.passage, place, "capability", "contradicted", attribute=each.key,
            subject=", ".join(lacking[0]), because=because, evidence=(Evidence(because),),
        )  # fmt: skip


#: The way to the host that both are said to have.
_HOST = re.compile(
    r"\bPCI(?:e|[ -]Express)\s?(?:Gen\s?)?(?P<n>[3-6])(?:\.0)?\s(?:cards?|devices?|x16)\b", re.IGNORECASE
)


def _host(
    scope: Scope, both: re.Match[str], two: Sequence[tuple[str, ...]], context: Context
) -> Iterator[Finding]:
    """A generation of PCIe that one of the two has not."""
    match = _HOST.search(scope.passage.text, both.end(), scope.sentence.end)
    for ids in two if match else ():
        gpus = [context.catalogue[key] for key in ids]
        known = [{int(str(fact.value)) for fact in gpu.stated("pcie_generation")} for gpu in gpus]
        if match and all(known) and not any(int(match["n"]) in each for each in known):
            because = f"{ids[0]} has PCIe {gpus[0].display('pcie_generation')}"
            yield made(
                context, scope.passage, match.span(), "identity", "contradicted", attribute="pcie_generation",
                subject=", ".join(ids), because=because, evidence=(Evidence(because),),
            )  # fmt: skip
            return


def two_of(scope: Scope, context: Context) -> Sequence[tuple[str, ...]]:
    """The devices that a sentence names, else the two that its passage or the whole text compares."""
    for found in (scope.here, context.mentions.get(scope.number, ())):
        named = {model(each.named[0], context.catalogue): each.ids for each in found}
        if len(named) > 1:
            return list(named.values())
    every = {model(ids[0], context.catalogue): ids for ids in devices(context)}
    return list(every.values())
