"""What is said of the table right above: who leads, comes second or is last, and by how much."""

from __future__ import annotations

import corpus

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_SPEEDS = """
| Card | Llama 3 8B Q4, tokens/s | SDXL, images/min |
|---|---|---|
| RTX 4070 | 71 | 9 |
| RTX 3080 | 97 | 8.2 |
| RTX 4080 | 102 | 14 |
"""
_FORMS = """
GPU
Tokens/s
A100 PCIe
71
A100 SXM
84
"""
_COSTS = """
GPU
Hours
Cost
T4
30.2
$10.57
L4
12.4
$8.68
RTX 3090
7.1
$2.13
"""
_AUDIO = """
| GPU | Seconds per hour of audio |
|---|---|
| RTX A4000 | 92 |
| RTX 4000 SFF Ada | 80 |
| RTX A2000 | 160 |
"""
#: What stands above, sentences that are right, and those that are wrong.
_CASES = (
    (_SPEEDS,
     ("The RTX 4080 leads.", "In tokens the 3080 comes second and the 4070 last.",
      "In games the 3080 is in front.",
      "In SDXL the 4070 comes second.", "With two cards the 3080 leads.", "In older reviews the 3080 leads.",
      "If you limit the 4080 to 200 W, the 3080 leads.", "At batch 16 the 3080 is ahead.",
      "The 3080 leads in bandwidth."),
     ()),
    (_SPEEDS, ("The RTX 4080 is 44% faster than the 4070 in tokens.",
               "The 4080 is about 70% faster than the 3080.",
               "The 4080 does 14 images a minute, which is 1.7 times the 3080's rate."),
     ("The 4080 does 14 images a minute, which is three times the 3080's rate.",)),
    (_FORMS, ("The SXM remains the fastest A100 here.", "Per dollar the PCIe leads."),
     ()),
    (_COSTS, ("The winner by cost is the RTX 3090. Second is the L4.", "By time, second is the L4."),
     ()),
    (_AUDIO, ("The fastest is the RTX 4000 SFF Ada.", "The A4000 comes second."), ()),
)  # fmt: skip


def _accused(table: str, sentence: str) -> list[str]:
    text = f"# On cards\n{table}\n{sentence}\n"
    # Lines of a cell each are so in plain text only.
    name = "a.md" if "|" in table else "a.txt"
    found = audited(text.encode(), name, catalogue(), corpus.TODAY).findings
    return [each.quote for each in found if each.accuses]


def test_what_is_said_of_a_table_above():
    for table, right, wrong in _CASES:
        assert not _accused(table, ""), table
        assert not [(each, said) for each in right if (said := _accused(table, each))]
        assert not [each for each in wrong if not _accused(table, each)]
