"""Words that ask for an operation, and those that say an amount is its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.text.dimensions import Term

#: Letters before an amount whose words are its own, and behind it.
BEFORE, BEHIND = 60, 40
#: What words ask for: each operation with what stands before its result, or behind it.
_ASKS = {
    "sum": (
        r"\b(?:total\w*|together|altogether|in all|sum\w*|combined|adds? up|plus|both|all told|all in)\b",
        r"\s*(?:in total|in all|altogether|together|all told)\b",
    ),
    "difference": (
        r"\b(?:sav\w+|differ\w*|left|leav\w+|remain\w*|fell by|falls by|drops? by|dropped by|rose by|"
        r"rises by|gap|short|slack|spare|cheaper by|margin|profit|net|only cost|another|extra|more|less)\b",
        r"\s*(?:\w+ ){0,3}?(?:less|more|cheaper|dearer|left|saved|remain\w*|below|above|extra|short|spare|"
        r"free)\b",
    ),
    "change": (
        r"\b(?:discount|lost|loses?|sav\w+|reduc\w+|cut\w*|increase\w*|decrease\w*|gain\w*|rise|rose|fell|"
        r"falls?|drop\w*|by|grow\w*|grew|premium|faster|cheaper|overhead)\b",
        r"\s*(?:\w+ ){0,2}?(?:less|more|cheaper|dearer|faster|slower|lower|higher|below|above|off|discount|"
        r"saving\w*|reduction|increase|better|worse|fewer|longer|shorter)\b",
    ),
    "ratio": ("", r"\s*(?:(?:of|as|the|that|what|at|load|utili[sz]\w+|busy)\b)"),
    "product": (
        r"(?:[=\u2248]|[,:(]\s*(?:about |roughly |around |and |or |~)*$|"
        r"\b(?:so|thus|hence|therefore|that is|that[\u2019']s|which|i\.e|or|makes?|made|making|gives?|gave|"
        r"giving|comes? (?:out )?(?:to|at)|came to|works? out|amounts? to|means|meant|meaning|equals?|"
        r"costs?|costing|pays?|paid|takes?|took|needs?|gets?|runs? to|bill|then|are|is|was|were|after|sees?|"
        r"yields?|uses?|used|in|within|together|per|been?|needed|charged?s?|consumed|would need)\b)",
        "",
    ),
}
_CUES = {
    each: (
        re.compile(before, re.IGNORECASE) if before else None,
        re.compile(behind, re.I) if behind else None,
    )
    for each, (before, behind) in _ASKS.items()
}
#: Before what an amount was worked out from, where that stands behind it.
FROM = re.compile(
    r"\b(?:at|of|for|from|by|over|per)\s+(?:about |around |roughly |just |only |the )*$|[x\u00d7*/+(-]\s*$",
    re.I,
)


def asked(told: Term, text: str, start: int, last: int) -> frozenset[str]:
    """The operations that the words around an amount of a sentence that begins at `start` ask for.

    Words before `last`, where the amount before it ends, are of that, but for those of a product.
    """
    first = max(start, told.start - BEFORE)
    for _, behind in _CUES.values():
        # "3.2 kW together, or 14.3 kW": what stands right behind an amount is said of that.
        own = behind.match(text, last) if behind else None
        last = own.end() if own else last
    return frozenset(
        operation for operation, (before, behind) in _CUES.items()
        if (before and before.search(text, first if operation == "product" else max(first, last), told.start))
        or (behind and behind.match(text, told.end, min(told.end + BEHIND, len(text))))
    )  # fmt: skip
