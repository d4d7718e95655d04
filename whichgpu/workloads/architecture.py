"""What the layers of a model are called: models of equal layers are one to all that is learnt of them.

Llama 3, 3.1 and 3.3 70B differ in the texts that they learnt from and in how long a context they take, and
Mistral 7B differs from Llama 3.1 8B in its vocabulary, which the list of ops knows. What that list does not
know (kernels that suit a shape) is the shape's: they have it in common.

A family whose models are published under many names says what of its dimensions are not of its layers
(`BESIDE_LAYERS`), and what holds where one is not stated (`USUAL`, or a function of the dimensions).
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def architecture(
    family: str, dims: Mapping[str, Any], beside: frozenset[str], usual: Mapping[str, Any]
) -> str:
    """The name of what a model's layers are: `decoder-80x8192-` and a checksum of all their dimensions.

    Args:
        family: the family of the workload.
        dims: its dimensions.
        beside: the dimensions that are not of its layers.
        usual: what a dimension is where it is not stated; others are then nothing.

    """
    stated = {name: _plain(value) for name, value in dims.items() if name not in beside}
    shape = {name: value for name, value in stated.items() if _says(value, usual.get(name))}
    # A checksum tells some thousand shapes apart as well, and OpenSSL takes 3 ms to be loaded.
    checksum = zlib.crc32(json.dumps(shape, sort_keys=True).encode())
    return f"{family}-{dims['layers']:g}x{dims['hidden']:g}-{checksum:08x}"


def _says(value: Any, usual: Any) -> bool:
    """Whether a dimension is another one than that of a model that does not state it."""
    return bool(value) if usual is None else value != usual


def _plain(value: Any) -> Any:
    """A dimension as any file writes it: 80.0 layers are 80, `none` is nothing."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "" if value == "none" else value
