"""What a command does without: of numpy docstrings and signatures of what is written in C, and annotations.

They are made whenever numpy is imported, and are a quarter of what importing it takes. `inspect`, which makes
signatures, is imported by click and by data classes as well, which hardly come to use it; and so are
some others. Whatever asks for annotations or for anything of such a module later gets the real ones.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

#: Modules that write docstrings when they are imported, and hold nothing else.
_DOCSTRINGS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
_ANNOTATIONS = "numpy._typing"
#: Modules that `urllib` and numpy import for what a command never comes to: addresses in URLs, arrays of C,
#: matrices and structures written as text, arrays on disk, the machine's name.
_HARDLY_USED = ("ipaddress", "ctypes", "ast", "pickle", "platform")


def lighten() -> None:
    """Have what is not imported yet imported without them."""
    if "inspect" not in sys.modules:
        sys.modules["inspect"] = _Inspect("inspect")
    if "uuid" not in sys.modules:
        sys.modules["uuid"] = _Uuid("uuid")
    sys.modules.update((name, _Later(name)) for name in _HARDLY_USED if name not in sys.modules)
    if "numpy" not in sys.modules:
        sys.modules.update((name, ModuleType(name)) for name in _DOCSTRINGS)
        sys.modules[_ANNOTATIONS] = _Annotations(_ANNOTATIONS)


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        # `from ctypes import *` takes what stands here.
        vars(self).update(vars(real))
        return getattr(real, name)


class _Inspect(_Later):
    """`inspect`, of which click uses one function on the help of options, and numpy two in its own import."""

    def cleandoc(self, text: str) -> str:
        """A text without the indentation of its lines."""
        if ("\n" in text or "\t" in text) and not _importing("numpy"):
            return str(self.__getattr__("cleandoc")(text))
        return text.lstrip(" ")

    def signature(self, called: Any, **how: Any) -> Any:
        """What a function takes; None, which stands for one that is not known, of numpy's own."""
        return None if _importing("numpy") else self.__getattr__("signature")(called, **how)


class _Uuid(_Later):
    """`uuid`, of which click names a type as what one of its own is generic in; it imports `platform`."""

    def __getattr__(self, name: str) -> Any:
        return _Type if name == "UUID" and _importing("click.types") else super().__getattr__(name)


class _Annotations(_Later):
    """Stands for `numpy._typing` until something else than numpy's own import asks for a part of it."""

    def __getattr__(self, name: str) -> Any:
        if _importing("numpy"):
            if name == "NDArray":
                return _Type
            if name.startswith("__"):
                raise AttributeError(name)
        return super().__getattr__(name)


class _Type:
    """A type in an annotation: `NDArray[Any]` of the named tuples in `numpy.linalg` read no more into it."""

    def __class_getitem__(cls, _item: Any) -> type[_Type]:
        return cls


def _importing(name: str) -> bool:
    """Whether a module is being imported at this moment, as the import system itself asks."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))
