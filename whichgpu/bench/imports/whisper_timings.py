"""What whisper.cpp and OpenAI's whisper print of a recording: seconds of audio a second.

Of whisper.cpp the time of all but loading the model, by the length of the recording in its log; of several
recordings of a log all of them together. Of whisper its bar of frames, a hundredth of a second each.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.llama_bench import DEVICE
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AUDIO = re.compile(r"processing '[^'\n]*' \(\d+ samples, (?P<seconds>[\d.]+) sec\)")
_TIME = re.compile(
    r"whisper_print_timings:\s+(?P<what>load|total) time =\s+(?P<time>[\d.]+) (?P<unit>ms|s)\b"
)
_MODEL = re.compile(r"loading model from '([^'\n]+)'")
#: The bar that has reached its end.
_FRAMES = re.compile(r"100%\|[^|\n]{0,400}\|\s*(\d+)/\1 \[[\d:]+<[\d:]+,\s*(?P<rate>[\d.]+)frames/s\]")
#: What whisper.cpp puts behind the name of a model.
_FORMAT = re.compile(r"-q\d\w*$")
_BEAMS = re.compile(r"(\d+) beams \+ best of")
_FRAME = 0.01


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such lines."""
    return "whisper_print_timings:" in text or bool(_FRAMES.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of all recordings."""
    bars = [float(one["rate"]) for one in _FRAMES.finditer(text)]
    columns: dict[str, Any] = {
        "phase": "infer",
        "batch": 1,
        "metric": "throughput",
        "unit": "audio seconds/s",
    }
    if bars:
        yield Entry({**columns, "runtime": "openai-whisper", "value": sorted(bars)[len(bars) // 2] * _FRAME})
        return
    audio = [float(one["seconds"]) for one in _AUDIO.finditer(text)]
    spent = {"load": 0.0, "total": 0.0}
    for one in _TIME.finditer(text):
        spent[one["what"]] += float(one["time"]) * (1e-3 if one["unit"] == "ms" else 1.0)
    if not audio:
        raise UsageError("no length of the recording in it; give the log with its line 'processing ..'")
    work = spent["total"] - spent["load"]
    if work <= 0.0:
        raise UsageError("no total time in it; was the run cut off?")
    model, device, beams = _MODEL.search(text), DEVICE.search(text), _BEAMS.search(text)
    name = PurePosixPath(model[1].replace("\\", "/")).stem.removeprefix("ggml-") if model else ""
    about = {
        "workload": f"whisper-{_FORMAT.sub('', name)}" if name else "",
        "gpu": "".join(part or "" for part in device.groups()).strip() if device else "",
        "runtime": "whisper.cpp", "options": {"beam": beams[1]} if beams and beams[1] != "-1" else {},
    }  # fmt: skip
    said = (f"{len(audio)} recordings as one figure",) if len(audio) > 1 else ()
    yield Entry({**columns, **about, "value": sum(audio) / work}, {"audio_seconds": sum(audio)}, said)
