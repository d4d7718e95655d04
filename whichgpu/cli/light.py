"""What a command does without: of numpy docstrings and signatures of what is written in C, and annotations.

They are made whenever numpy is imported, and are a quarter of what importing it takes. `inspect`, which makes
signatures, is imported by click and by data classes as well, which hardly come to use it; and so are
some others. Whatever asks for annotations or for anything of such a module later gets the real ones.

What each saves is said in millions of instructions (cachegrind, Python 3.11): a command has 180 and more.
"""

from __future__ import annotations

import sys
import typing
import urllib
from _thread import _local
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Any

#: Modules that write docstrings when they are imported, and hold nothing else.
_DOCSTRINGS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
_ANNOTATIONS = "numpy._typing"
#: Modules that `urllib`, `pathlib` and numpy import for what a command hardly comes to: addresses in URLs,
#: arrays of C, matrices and structures written as text, arrays on disk, the machine's name, patterns of
#: files, paths of Windows (these two: 3), texts in lines (4).
_HARDLY_USED = ("ipaddress", "ctypes", "ast", "pickle", "platform", "fnmatch", "ntpath", "textwrap")


def lighten() -> None:
    """Have what is not imported yet imported without them."""
    if "inspect" not in sys.modules:
        sys.modules["inspect"] = _Inspect("inspect")
    stands: dict[str, type[_Later]] = {"uuid": _Uuid, "gettext": _Gettext, "threading": _Threading}
    stands |= dict.fromkeys(_HARDLY_USED, _Later)
    sys.modules.update((name, stand(name)) for name, stand in stands.items() if name not in sys.modules)
    if "urllib.parse" not in sys.modules:
        sys.modules["urllib.parse"] = stand = _Parse("urllib.parse")
        setattr(urllib, "parse", stand)  # noqa: B010 (mypy refuses the plain form)
    if "datetime" not in sys.modules:
        # Up to Python 3.11 `datetime` is written out in Python, and then replaced by all of this (4).
        with suppress(ImportError):
            sys.modules["datetime"] = import_module("_datetime")
    if "numpy" not in sys.modules:
        sys.modules.update((name, ModuleType(name)) for name in _DOCSTRINGS)
        sys.modules[_ANNOTATIONS] = _Annotations(_ANNOTATIONS)


def import_click() -> None:
    """Import click, and keep the annotations that it names by strings as they stand.

    `typing` compiles each one, and what compiles them makes 180 classes before the first (13).
    """
    known = vars(typing)
    real, known["ForwardRef"] = known["ForwardRef"], _Unread
    try:
        import_module("click")
    finally:
        known["ForwardRef"] = real


class _Unread:
    """Stands for an annotation that is named and that nothing reads."""

    def __init__(self, *_named: Any, **_where: Any) -> None:
        pass

    def __call__(self) -> None:
        """Be taken for a type, which may be called."""


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        # `from ctypes import *` takes what stands here.
        vars(self).update(vars(real))
        return getattr(real, name)


class _File(_Later):
    """Stands for a module that is one file, and so is known to hold no others without a look at it."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":
            raise AttributeError(name)
        return super().__getattr__(name)


class _Inspect(_File):
    """`inspect`, of which click uses one function on the help of options, and numpy two in its own import."""

    def cleandoc(self, text: str) -> str:
        """A text without the indentation of its lines."""
        if ("\n" in text or "\t" in text) and not _importing("numpy"):
            return str(self.__getattr__("cleandoc")(text))
        return text.lstrip(" ")

    def signature(self, called: Any, **how: Any) -> Any:
        """What a function takes; None, which stands for one that is not known, of numpy's own."""
        return None if _importing("numpy") else self.__getattr__("signature")(called, **how)


class _Uuid(_File):
    """`uuid`, of which click names a type as what one of its own is generic in; it imports `platform`."""

    def __getattr__(self, name: str) -> Any:
        return _Type if name == "UUID" and _importing("click.types") else super().__getattr__(name)


class _Gettext(_File):
    """`gettext`, by which click's messages would be translated, had anybody done it; with `locale` (8)."""

    def gettext(self, message: str) -> str:
        """The message as it stands."""
        return message

    def ngettext(self, one: str, several: str, number: int) -> str:
        """Whichever of two messages is of the number."""
        return one if number == 1 else several


class _Threading(_File):
    """`threading`, of which click needs what a thread has for itself, as the interpreter makes it (2)."""

    local = _local


class _Parse(_File):
    """`urllib.parse`, of which `pathlib` takes a function that writes a path as a URL (5)."""

    def quote_from_bytes(self, path: bytes, safe: str = "/") -> str:
        """Bytes as the part of a URL."""
        return str(self.__getattr__("quote_from_bytes")(path, safe))


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
