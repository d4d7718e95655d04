"""Where a training step takes its batch: one that lies on the device, or a data loader.

The loader reads the picture files of a folder (option `data`, needs Pillow) or makes 8-bit pictures, crops
and flips them at random and normalises them in `loader` processes, and copies batches from pinned memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.bench.worker.steps import Asked
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
#: Pictures of the made-up set, and how much larger than a crop they are.
_COUNT, _LARGER = 256, 1.15


def check(item: Workload, job: Job) -> None:
    """Raise `UsageError` for a loader of what is no picture, or of no number of processes."""
    if "loader" not in job.options:
        return
    if item.unit != "images" or not job.height or "classes" not in item.dims:
        raise UsageError(f"option loader: loads pictures, and {item.id} takes none; leave it out")
    job.option("loader", 4.0)


def feed(torch: Any, asked: Asked, make: Any) -> Callable[[], Any]:
    """A function that gives (inputs, target) of the next batch."""
    if "loader" not in asked.job.options:
        kept = asked.code.batch(asked.item.dims, asked.size, make)
        return lambda: kept
    batches = _batches(torch, asked, make)
    return lambda: next(batches)


def _batches(torch: Any, asked: Asked, make: Any) -> Iterator[Any]:
    workers = int(asked.job.option("loader", 4.0))
    size, on_gpu = asked.size, asked.world.on_gpu
    folder, classes = asked.job.options.get("data", ""), asked.item.dims["classes"]
    data = Pictures(torch, folder, (size.height, size.width), classes, size.batch)
    loader = torch.utils.data.DataLoader(
        data, batch_size=size.batch, shuffle=True, num_workers=workers, pin_memory=on_gpu, drop_last=True,
        persistent_workers=workers > 0,
    )  # fmt: skip
    layout = torch.channels_last if make.channels_last else torch.contiguous_format
    while True:
        for pictures, classes in loader:
            # Copied as they are and changed there: else the processor does it, and pinned memory is lost.
            there = pictures.to(make.device, non_blocking=True)
            there = there.to(make.dtype, memory_format=layout)
            yield (there,), classes.to(make.device, non_blocking=True)


class Pictures:
    """A data set of pictures and classes: the files of a folder, or made up."""

    def __init__(self, torch: Any, folder: str, sides: tuple[int, int], classes: int, batch: int) -> None:
        self._torch, self._classes = torch, classes
        self._height, self._width = sides
        self._files = (
            sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in _PICTURES) if folder else []
        )
        if folder and not Path(folder).is_dir():
            raise UsageError(f"option data: there is no folder {folder} here; made-up pictures need none")
        if folder and len(self._files) < batch:
            raise UsageError(
                f"option data: {folder} holds {len(self._files)} pictures ({', '.join(_PICTURES)}), fewer "
                f"than a batch of {batch}; give a smaller --batch, or another folder"
            )
        larger = [int(_LARGER * side) for side in sides]
        self._made: Any = None if folder else torch.randint(256, (8, 3, *larger), dtype=torch.uint8)
        self._length = len(self._files) or max(_COUNT, 4 * batch)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Any, int]:
        torch = self._torch
        picture = self._read(self._files[index]) if self._files else self._made[index % len(self._made)]
        top = int(torch.randint(picture.shape[1] - self._height + 1, ()))
        left = int(torch.randint(picture.shape[2] - self._width + 1, ()))
        picture = picture[:, top : top + self._height, left : left + self._width]
        if torch.rand(()) < 0.5:
            picture = picture.flip(-1)
        return (picture.float() - 120.0) / 60.0, index % self._classes

    def _read(self, path: Path) -> Any:
        """(3, H, W) of a file, at least as large as a crop."""
        import numpy as np
        from PIL import Image

        with Image.open(path) as image:
            scale = max(self._height / image.height, self._width / image.width)
            sides = (
                max(self._width, round(scale * image.width)),
                max(self._height, round(scale * image.height)),
            )
            pixels = np.asarray(image.convert("RGB").resize(sides))
        return self._torch.from_numpy(pixels.copy()).permute(2, 0, 1)
