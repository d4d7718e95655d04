"""Functions of this package by what a table calls their kind; a module is imported when one is asked for.

A pipeline has one denoiser and one autoencoder, and the modules of all take 2 ms of a cold start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whichgpu.values import Lazy

if TYPE_CHECKING:
    from collections.abc import Mapping


def kinds(named: Mapping[str, str | tuple[str, ...]]) -> Mapping[str, Any]:
    """By kind the function `module.name`, or each of several."""

    def found(kind: str) -> Any:
        names = named[kind]
        return _read(names) if isinstance(names, str) else tuple(map(_read, names))

    return Lazy(named, found)


def _read(name: str) -> Any:
    module, _, function = name.partition(".")
    return getattr(import_module(f"{__package__}.{module}"), function)
