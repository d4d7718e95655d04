"""How a model is held, frozen or with gradients and states: bytes that a weight takes at least."""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.values import NamedTuple

#: The way that a model is held, with the bytes that a weight takes at least, unless its format is said.
FULLY = re.compile(
    r"\b(?:full(?:y|[ -]parameter)?[ -](?:(?!and\b|or\b)[\w-]+ ){0,2}?(?:fine-?\s?tun|train|ft\b)\w*|"
    r"pre-?train\w*|from scratch|"
    r"(?:(?:fine-?)?tun(?:ed?|es|ing)|train\w*) (?:\w+ ){0,4}(?:in full|all (?:of )?(?:its |"
    r"the )?(?:weights|parameters)))",
    re.IGNORECASE,
)

_THAN_FULLY = re.compile(
    rf"\b(?:of|than|to|with|vs\.?|versus|from|against|like|as|matches|matching|over)\s+(?:an?\s+|the\s+)?"
    rf"(?:{FULLY.pattern})",
    re.IGNORECASE,
)

_ADAM = re.compile(r"\badam\w*\b(?!\s*8)", re.IGNORECASE)

_MIXED = re.compile(r"\bmixed[- ]precision\b", re.IGNORECASE)

_LIGHT_ADAM = re.compile(
    r"\b(?:8-bit|int8|paged|fused|bnb|bitsandbytes|galore|adafactor|lion|lomo|badam)\b", re.I
)

QLORA, LORA = re.compile(r"\bq-?lora\b|\bnf4\b", re.I), re.compile(r"\bd?o?lora\b", re.IGNORECASE)

TUNED = re.compile(
    r"\b(?:fine-?\s?tun\w*|adapters?|peft|(?:be|can|to|also)\s(?:\w+ly\s)?tuned?)\b", re.IGNORECASE
)

_TRAINED = re.compile(r"\btrain(?:s|ed|ing)?\b", re.IGNORECASE)

_QUANTISED = re.compile(r"\bquanti[sz]\w*", re.IGNORECASE)

#: Bytes of a weight of the smallest format in use.
_LEAST = 0.34


class Way(NamedTuple):
    """Bytes that a weight takes at least, and why."""

    least: float
    words: str


def how_held(clause: str, said: float) -> Way | None:
    """How a model is held; None where that is not certain."""
    if LORA.search(clause) or QLORA.search(clause):
        # "LoRA comes within a few points of full fine-tuning": what it is compared with.
        clause = _THAN_FULLY.sub(" ", clause)
    if FULLY.search(clause):
        return trained(clause)
    if QLORA.search(clause):
        return Way(0.5, "frozen in 4 bits")
    if LORA.search(clause) and (said or not _QUANTISED.search(clause)):
        return Way(said or 2.0, "frozen" if said else "frozen in 16 bits")
    if TUNED.search(clause) and not LORA.search(clause):
        # Adapters on weights of 4 bits are the least that tunes anything.
        return Way(said or 0.5, "frozen in 4 bits" if not said else "frozen")
    if _TRAINED.search(clause) or LORA.search(clause):
        return None
    return Way(said or _LEAST, "in what is said" if said else "in any format")


def trained(clause: str) -> Way:
    """How a model is held of which all weights are trained."""
    if not _ADAM.search(clause) or _LIGHT_ADAM.search(clause):
        return Way(4.0, "with their gradients")
    if _MIXED.search(clause):
        # Two bytes each of weights and gradients, moments in FP32; a master copy comes on top.
        return Way(12.0, "with gradients and Adam's states in FP32")
    return Way(8.0, "with gradients and Adam's states")
