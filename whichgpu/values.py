"""`@immutable`: a frozen, slotted data class that costs little to define.

`dataclass(frozen=True, slots=True)` compiles six methods for every class when its module is imported: 0.6 ms
each, a fifth of a cold start. Here the one that must be fast, `__init__`, is compiled when the first
instance is made, and the others need no compiling. What the standard library makes of a data class
(`fields`, `replace`, `asdict`, pattern matching, pickling, copying) works alike.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@overload
def immutable(cls: type[T], /) -> type[T]: ...
@overload
def immutable(*, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def immutable(cls: type[Any] | None = None, /, *, eq: bool = True) -> Any:
    """Make a class of annotated fields a frozen, slotted data class; a method that it defines stays.

    Without `eq` instances are equal, and hashed, by identity.
    """
    return _made(cls, eq) if cls is not None else lambda cls: _made(cls, eq)


def _made(plain: type[Any], eq: bool) -> type[Any]:
    defined = set(plain.__dict__)
    # Fields, slots and patterns; not frozen as far as it knows, which would compile two methods.
    cls = dataclass(init=False, repr=False, eq=False, slots=True)(plain)
    methods = {
        "__init__": _Init(cls), "__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse,
        "__getstate__": _state, "__setstate__": _restore, **(_equality(cls) if eq else {}),
    }  # fmt: skip
    for name, method in methods.items():
        if name not in defined:
            setattr(cls, name, method)
    return cls


class _Init:
    """Stands for `__init__` of a class until it is first looked up, and compiles it then."""

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        made = _compiled(self._cls)
        setattr(self._cls, "__init__", made)  # noqa: B010 (mypy refuses the plain form)
        return made.__get__(instance, owner)


def _compiled(cls: type[Any]) -> Any:
    """`__init__` of a data class: its fields in order, or their defaults, then `__post_init__`."""
    names: dict[str, Any] = {"MISSING": MISSING}
    arguments, lines = ["self"], []
    for one in fields(cls):
        default, factory = f"default_{one.name}", f"factory_{one.name}"
        names[f"set_{one.name}"] = getattr(cls, one.name).__set__
        names |= {default: one.default, factory: one.default_factory}
        given = one.name
        if one.default_factory is not MISSING:
            given = f"{factory}() if {one.name} is MISSING else {one.name}" if one.init else f"{factory}()"
            default = "MISSING"
        elif one.default is MISSING:
            default = ""
        if one.init:
            arguments.append(f"{one.name}={default}" if default else one.name)
        elif not default:
            continue
        elif one.default is not MISSING:
            given = default
        lines.append(f"set_{one.name}(self, {given})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n ".join(lines)
    exec(f"def __init__({', '.join(arguments)}):\n {body}", names)  # noqa: S102 (names of our own fields)
    return names["__init__"]


def _equality(cls: type[Any]) -> dict[str, Any]:
    names = [one.name for one in fields(cls) if one.compare]
    read: Callable[[Any], Any] = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, *names),)

    def equal(self: Any, other: object) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equal, "__hash__": lambda self: hash(read(self))}


def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: Any, name: str, *value: Any) -> None:
    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for one, known in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, known)
