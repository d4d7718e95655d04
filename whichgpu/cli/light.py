"""What of numpy a command does without: the docstrings of what is written in C, and annotations.

Both are made whenever numpy is imported, and are a quarter of what importing it takes (95 of 336 million
instructions, 12 ms). Whatever asks for the annotations later, as `numpy.typing` does, gets the real ones.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

#: Modules that write docstrings when they are imported, and hold nothing else.
_DOCSTRINGS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
_ANNOTATIONS = "numpy._typing"


def lighten() -> None:
    """Have numpy imported without them, where it is not imported yet."""
    if "numpy" not in sys.modules:
        sys.modules.update((name, ModuleType(name)) for name in _DOCSTRINGS)
        sys.modules[_ANNOTATIONS] = _Annotations(_ANNOTATIONS)


class _Annotations(ModuleType):
    """Stands for `numpy._typing` until something else than numpy's own import asks for a part of it."""

    def __getattr__(self, name: str) -> Any:
        if _importing("numpy"):
            if name == "NDArray":
                return _Array
            if name.startswith("__"):
                raise AttributeError(name)
        if sys.modules.get(_ANNOTATIONS) is self:
            del sys.modules[_ANNOTATIONS]
        return getattr(import_module(_ANNOTATIONS), name)


class _Array:
    """`NDArray[Any]` of the named tuples in `numpy.linalg`, which read no more into it."""

    def __class_getitem__(cls, _item: Any) -> type[_Array]:
        return cls


def _importing(name: str) -> bool:
    """Whether a module is being imported at this moment, as the import system itself asks."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))
