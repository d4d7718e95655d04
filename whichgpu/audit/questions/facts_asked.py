"""Which fields of a GPU a question asks for: "does the A4000 have NVLink", "how long is a 4090"."""

from __future__ import annotations

from whichgpu.audit import patterns as re
from whichgpu.audit.values.attributes import named

#: What people call a field in a question and no table does; of words that stand in both, these go first.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"power (?:connectors?|plugs?|cables?)|(?:\d|which|what) ?-?pins?", "power_connectors"),
    (r"power supply|psu", "suggested_psu"),
    (r"av1|nvenc|video encod\w+|h\.?26[45]|hevc|encoders?", "encoders,decoders"),
    (r"nvdec|video decod\w+|decoders?", "decoders"),
    (r"mig|multi[- ]instance(?: gpu)?", "mig_max,mig_profiles"),
    (r"v-?gpu|virtuali[sz]\w+", "vgpu"),
    (r"ecc", "ecc"),
    (r"sli|nv-?link", "nvlink,nvlink_gpus"),
    (r"pci(?:-?e| express)?(?: ?(?:gen(?:eration)?|version|lanes|x\d+|[3-6](?:\.0)?))?",
     "pcie_generation,pcie_lanes"),
    (r"(?:when|what (?:year|date)|which year).{0,60}(?:launch|release|c[ao]me out|introduc|announce)\w*"
     r"|release date|launch date|how old", "release_date"),
    (r"how long is|board length|card length|how (?:many )?(?:mm|inches) long", "board_length"),
    (r"display ?ports?|hdmi|(?:display|video|monitor) (?:outputs?|ports?)|how many (?:monitors|displays)",
     "display_outputs,display_modes"),
    (r"passive(?:ly)?|fans?|blower|coole[dr]|cooling", "cooling"),
    (r"slots?|how thick", "slots"),
    (r"low[- ]profile|half[- ]height", "low_profile"),
    (r"chip|die|silicon", "chip,die_area,process"),
    (r"(?:l2|level 2) cache|cache", "l2,l3"),
    (r"how (?:many|much) (?:gb(?! ?/|ps)|gigs?|gigabytes?|v?ram)", "memory"),
    (r"consumption|consumes?|draws?|how many watts", "power"),
    (r"(?:opengl|vulkan|directx|dx12|opencl)", "graphics_apis,compute_apis"),
)  # fmt: skip
#: That something is asked, and not told.
_ASKS = re.compile(
    r"^\W*(?:what|how|does|do|is|are|has|have|can|when|which)\b|\?\W*$|\b(?:tell|know|specs?)\b", re.I
)


def fields_asked(text: str) -> str:
    """The fields that a question asks of the GPUs that it names, with commas; '' where it asks for none."""
    if not _ASKS.search(text):
        return ""
    found: list[str] = []
    rest = text.lower()
    for words, fields in _WORDS:
        if match := re.search(rf"\b(?:{words})\b", rest, re.I):
            found += fields.split(",")
            rest = f"{rest[: match.start()]} ; {rest[match.end() :]}"
    found += [one.attribute.fields[0] for one in named(rest) if one.attribute.fields]
    return ",".join(dict.fromkeys(found))
