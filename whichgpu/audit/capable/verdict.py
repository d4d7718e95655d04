"""The verdict on a capability that a device is said to have, or not to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import sentence_at
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.capabilities import Capability
    from whichgpu.hardware.gpu import Gpu


#: What a capability came with, which is none that was named before it: "FP8 support arrived with RDNA 4".
_CAME_WITH = re.compile(
    r"\s+(?:support )?(?:first |only |finally |then |later )?(?:(?:was|were|is|got) )?"
    r"(?:arriv|c[ao]me|appear|debut|add|introduc|new|start|beg[aiu]n|land|enter|follow)\w*\s+"
    r"(?:\w+\s+)?(?:with|in|on|from|to|by)\b",
    re.IGNORECASE,
)

#: Before "without FP8": cards of a kind, and not the one that a text is about.
_SOME = re.compile(
    r"(?:\b(?:on|for|with|from|by|among|to)|^)\s*(?:any |all |most |older |other |the )?"
    r"(?:cards|gpus|devices|parts|chips|accelerators|hardware|anything|everything)\s+$",
    re.IGNORECASE,
)
#: "Neither supports FP8 in our container": of what runs there.
_BY_SOFTWARE = re.compile(
    r"\s+(?:in|with|under|on) (?:our|my|your|this|that|the|an?) (?:[\w.-]+ ){0,2}?(?:containers?|images?|"
    r"stack|versions?|"
    r"builds?|code|drivers?|releases?|toolkit|environment|software|framework|library|engine|runtime|kernels?|docker|"
    r"frameworks?|libraries|branch|fork|script)\b",
    re.IGNORECASE,
)
#: "There is no NVLink between them": of how cards are put together, and not of what they can do.
_BETWEEN = re.compile(
    r"(?:\s+(?:links?|bridges?|connection|installed|fitted|in place|available))?\s+(?:between|among|"
    r"across|here|"
    r"in (?:our|my|this|that|the) (?:\w+ )?(?:box|rig|server|machine|node|build|case|chassis|setup|rack|"
    r"cluster)s?)\b",
    re.IGNORECASE,
)
#: Behind a capability, the format that it is narrowed to: "Tensor Cores for FP64".
_NARROWED = re.compile(r"\s+for\s+(?:FP|TF|BF|INT)\d", re.IGNORECASE)

#: Up to the end of a question, which claims nothing.
_ASKED = re.compile(r"[^.!?;:\n]{0,80}\?")


#: What is done without own units, or is chosen rather than had: "works by emulation", "we don't use".
_OTHERWISE = re.compile(
    r"\b(?:emulat\w+|in software|software[- ]only|dequanti[sz]\w+|unpack\w*|"
    r"marlin|upcast\w*|cast(?:s|ing)? (?:it|them|to)|"
    r"(?:do|does|did|is|are|was|were)(?:n[\u2019']?t|"
    r" not)(?: \w+ly)? (?:us(?:e|ed|ing)|need(?:ed)?|want(?:ed)?|enabled?|turn\w* on|"
    r"switch\w* on|bother\w*)|never us(?:e|ed)|us(?:e|ed) neither|(?:switched|turned) (?:it )?off)\b",
    re.IGNORECASE,
)
#: Behind a format, that numbers are only kept in it: "FP8 for the cache", "FP8 weights".
_KEPT_IN = re.compile(
    r"\s+(?:(?:for|in)\s+(?:the |its |their |our )?)?(?:(?:KV|key-value|quanti[sz]ed|model)[ -])?"
    r"(?:caches?|caching|weights?|checkpoints?|storage|files?|models?)\b",
    re.IGNORECASE,
)
FORMATS = frozenset({"fp8", "fp4", "bf16", "tf32"})


def is_otherwise(text: str, place: tuple[int, int], what: Capability) -> bool:
    """Whether a capability is had by other means than the device's, left unused, or a format of storage."""
    own = sentence_at(text, place[0])
    if own is not None and _OTHERWISE.search(own.text):
        return True
    return what.key in FORMATS and _KEPT_IN.match(text, place[1]) is not None


#: How far before a capability the kind that lacks it is named.
_BACK = 40


def is_narrowed(text: str, end: int) -> bool:
    """Whether a capability that ends here is that of one format only: "Tensor Cores for FP64"."""
    return _NARROWED.match(text, end) is not None


#: The generations of NVIDIA that texts name, each of which `of_architecture` knows.
GENERATIONS = r"Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell"


def of_architecture(name: str, context: Context) -> list[Gpu]:
    """The devices of an architecture by its name alone; none of any other words."""
    key = re.sub(r"^(?:nvidia\s+|amd\s+|and\s+)+|\s+(?:gpus?|cards?|lovelace)$", "", name.lower())
    every = (context.catalogue[one] for one in context.catalogue)
    if re.fullmatch(r"[cr]dna ?\d", key):
        return [gpu for gpu in every if gpu.architecture == key.replace(" ", "")]
    return [gpu for gpu in every if gpu.vendor == "NVIDIA" and gpu.architecture.split("_")[0] == key]


#: What the chip or its maker alone decides; AV1's encoder came with a generation.
_OF_CHIP = ("compute_capability", "vendor")


def judged(
    passage: Passage, place: tuple[int, int], what: Capability, gpus: Sequence[Gpu], *, told: bool,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The finding on a capability that is said (`told`), or denied, of the devices that can be meant."""
    # What follows from the chip or its maker is certain, however little else is on file.
    known = [
        (gpu, has)
        for gpu in gpus
        if (gpu.confidence != "low" or what.field in _OF_CHIP or what.key == "av1_encode")
        and (has := what.has(gpu)) is not None
    ]
    # ECC can be switched on on a few cards of GeForce, and most say that these have none.
    if what.key == "ecc" and not told:
        known = [(gpu, has) for gpu, has in known if gpu.segment not in ("geforce", "laptop") or not has]
    if what.key == "mig" and any(gpu.vendor != "NVIDIA" for gpu, _ in known):
        # AMD's accelerators are partitioned too, by other means.
        known = [] if "mig" not in passage.text[slice(*place)].lower() else known
    if not known or _CAME_WITH.match(passage.text, place[1]) or _ASKED.match(passage.text, place[1]):
        return
    if not told and _BY_SOFTWARE.match(passage.text, place[1]):
        return
    if not told and what.key == "nvlink" and _BETWEEN.match(passage.text, place[1]):
        return
    if _NARROWED.match(passage.text, place[1]) or (
        not told and _SOME.search(passage.text, max(0, place[0] - _BACK), place[0])
    ):
        return
    right = [gpu for gpu, has in known if has is told]
    # A cell "Emulated" says itself that there are no units for it.
    itself = not told and passage.kind == "cell"
    if not right and not itself and is_otherwise(passage.text, place, what):
        return
    best = (right or [gpu for gpu, _ in known])[0]
    field = next(
        (name for name in (what.field, what.key) if name in FIELDS and best.value(name) is not None), ""
    )
    because = (
        f"{best.id}: {field.replace('_', ' ')} {best.display(field)}"
        if field
        else f"{best.id} is {best.vendor}'s, {best.architecture}"
    )
    yield made(
        context, passage, place, "capability", "confirmed" if right else "contradicted", subject=best.id,
        attribute=what.key, because=because, expected="" if right else ("no" if told else "yes"),
        evidence=(source_of(best, field or "chip"),),
    )  # fmt: skip
