"""Words of every day that are names of models too: which of both a text means."""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.workloads.names import table

#: What goes before the name of a model, and what it is called behind it: its kind, or what it makes.
_BEFORE = re.compile(
    r"(?:^|[,;:(]|\b(?:run(?:s|ning)?|serv(?:e|es|ing)|us(?:e|es|ing)|with|of|for|try|load(?:ing)?|host(?:ing)?"
    r"|deploy(?:ing)?|fine-?tun(?:e|ing)|train(?:ing)?|does|do|is|on|like|via|through|fast|long|needs?))\s*$",
    re.I,
)
_BEHIND = re.compile(
    r"\W*(?:(?:AI|open|local) )?(?:models?|TTS|ASR|OCR|weights|checkpoint|videos?|images?|pictures?|text"
    r"|image-to|text-to|3D|generation|inference|forecast\w*|v?\d)\b",
    re.I,
)


def is_ordinary(name: str, before: str, behind: str) -> bool:
    """Whether the name of a model is but a word where it stands: "a garden trellis"."""
    if name != name.lower() or name not in table()["ordinary"]:
        return False
    return not (_BEFORE.search(before.rstrip()) or _BEHIND.match(behind))
