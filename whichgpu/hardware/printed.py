"""Names within the lines that tools print: `Card name: NVIDIA GeForce GTX 1650`, `[0] NVIDIA H100 PCIe`.

DxDiag, nvidia-smi, glxinfo, vulkaninfo, inxi, system_profiler, llama.cpp and browsers label a GPU, number it
and say more of it behind; what is left between is read as any name is.
"""

from __future__ import annotations

import re

from whichgpu.values import regex

#: Words that labels of a GPU are made of, whatever the tool.
_WORDS = (
    r"(?:card|name|chip|chipset|type|model|graphics|video|display|vga|3d|adapter|controller|product|device|gpu"
    r"|opengl|opencl|renderer|string|vulkan|metal|cuda)"
)
#: A label with its sign, and the program that wrote the line before it; an index in its place.
_LABEL = regex(
    rf"(?:\w+_\w+:\s+)?{_WORDS}(?:[\s_]?{_WORDS})*(?:[-\s#]*\d{{1,2}})?\s*(?:[:=]\s*|\s-\s+)(?=[A-Za-z])"
    r"|[\w.]+\(\d{0,2}\)\s*:\s*|\w+_\w+:\s+\d{1,2}\s*[=:]\s*|\[\d{1,2}\]\s+|\|\s*\d{1,2}\s+",
    re.IGNORECASE,
)
#: What is said behind the name: how it runs, what it can do, which driver it has.
_BEHIND = regex(
    r",\s+compute capability\b.*|\s+\|\s.*|\s+driver:\s.*|\s+(?:on|off|n/a)\s*\|.*|\s+direct3d\s?\d.*"
    r"|\s+\(0x[0-9a-f]+\)$",
    re.IGNORECASE,
)
#: What browsers write: the maker, what renders, the interface.
_ANGLE = regex(r"ANGLE \([^,()]+,\s*(?:ANGLE Metal Renderer:\s*)?(.+),[^,]*\)", re.IGNORECASE)


def named(text: str) -> str:
    """The name in a line of a tool; a text that is none as it is."""
    found = _ANGLE.fullmatch(text.strip())
    line = found[1] if found else text.strip()
    label = _LABEL.match(line)
    if not found and not label:
        return text
    return _BEHIND.sub("", line[label.end() if label else 0 :]).strip() or text
