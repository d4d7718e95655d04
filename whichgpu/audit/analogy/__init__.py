"""Results told of several things alike: what explains the one of them explains the others.

"The run costs $5.50 on the L40S and $6.20 on the A100": where $5.50 is the L40S's rent times its hours, both
told before, the A100's is its own rent times its own hours. No form of words has to be read: that two results
stand side by side, and that the amounts told before make the first, says what the second has to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.analogy.judging import judged
from whichgpu.audit.analogy.told import groups
from whichgpu.audit.text.gloss import language_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.findings import Context, Finding


#: Kinds of claims that are right whatever others stand beside them: worked out, or as on file.
_SETTLED = ("arithmetic", "specification")


def by_analogy(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with the results that do not follow as those of other things do, where nothing was found."""
    if language_read(context):
        return list(found)
    settled = [
        (each.start, each.end)
        for each in found
        if each.accuses or (each.verdict == "confirmed" and each.kind in _SETTLED)
    ]
    more = [each for group in groups(context) for each in judged(group, context)]
    more = [each for each in more if not any(a < each.end and each.start < b for a, b in settled)]
    text = context.document.original
    # "[2]" leads to a source.
    more = [
        each
        for each in more
        if (text[each.start - 1 : each.start], text[each.end : each.end + 1]) != ("[", "]")
    ]
    return [*found, *{(each.start, each.end): each for each in more}.values()]
