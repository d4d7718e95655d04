"""Lines of a table that follow from its other lines, whatever their headings call them.

A column of ratios to one row, of changes, shares and efficiencies, of products of three others: what a line
is, most of its cells show (`relations.py`), and one that does not follow is wrong (`blame.py`).
"""

from whichgpu.audit.derived.blame import judged
from whichgpu.audit.derived.lines import Line, lines
from whichgpu.audit.derived.relations import related

__all__ = ["Line", "judged", "lines", "related"]
