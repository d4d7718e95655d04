"""Two devices that a paragraph sets against each other, held against what both have on file.

"It replaced the A, which had 12 GB at the same bandwidth", "keeps the bus of its predecessor", "360 watts, 60
more than before": whose amounts are meant is told by the names nearest to the words, within the paragraph
and, where it names one device alone, those before it in its section. Of a clause that names two it is these.
What is said is wrong where no two that can be meant are so, in either order, and no two amounts told there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.abreast.judging import accused
from whichgpu.audit.abreast.sayings import sayings
from whichgpu.audit.abreast.sides import sides
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.excluded.scope import is_free
from whichgpu.audit.overlaps import Overlaps
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding


def abreast(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings with what is so of no two devices of a paragraph, where nothing was found before."""
    if language_read(context):
        return list(found)
    known = Overlaps(found)
    more = [each for each in _wrong(context) if is_free(each, known)]
    taken = {(each.start, each.end) for each in more}
    return [each for each in found if (each.start, each.end) not in taken] + more


def _wrong(context: Context) -> Iterator[Finding]:
    for index, passage in context.document.running():
        if not context.mentions.get(index):
            # What is compared is named in the paragraph.
            continue
        for sentence in sentences(passage.text):
            if "?" in sentence.text or not (is_asserted(sentence.text) and is_indicative(sentence.text)):
                continue
            for saying in sayings(passage.text, sentence, context.mentions[index], context.fraction):
                pairs = sides(saying, index, passage, sentence, context)
                if pairs and (one := accused(saying, pairs, passage, sentence, context)):
                    yield one
