"""Values that cost little until they are used: `@immutable` classes, named tuples, patterns, `Lazy` mappings.

`@immutable` is a frozen, slotted data class that costs little to define.

`dataclass(frozen=True, slots=True)` compiles six methods for every class when its module is imported: 0.6 ms
each, a fifth of a cold start. Here the one that must be fast, `__init__`, is made for a class that has many
instances, of code that classes of as many fields share, and the others need no compiling. What the standard
library makes of a data class (`fields`, `replace`, `asdict`, pattern matching, pickling, copying) works
alike. `NamedTuple` is that of `typing`, which compiles the annotation of each field, in the same way.
"""

from __future__ import annotations

import os
import re
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import lru_cache, partial, wraps
from importlib import import_module
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path
    from re import Pattern
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414, TID251 (others import it from here)

#: Instances of a class that are made before its `__init__` is worth compiling.
_FEW = 12

#: Fields that a named tuple may have.
_MOST = 48

#: Annotations that a data class does not take for those of fields.
_NO_FIELD = ("ClassVar", "InitVar", "KW_ONLY")

#: Where the standard library keeps the fields of a class.
_FIELDS = "__dataclass_fields__"

T = TypeVar("T")
Function = TypeVar("Function", bound="Callable[..., Any]")
if TYPE_CHECKING:
    #: By name of a field its annotation, and what stands for its default: `MISSING` for none.
    _Shape = dict[str, tuple[Any, Any]]


@overload
def immutable(cls: type[T], /) -> type[T]: ...
@overload
def immutable(*, eq: bool = True, slots: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def immutable(cls: type[Any] | None = None, /, *, eq: bool = True, slots: bool = True) -> Any:
    """Make a class of annotated fields a frozen, slotted data class; a method that it defines stays.

    Without `eq` instances are equal, and hashed, by identity; without `slots` properties may be cached.
    """
    return _made(cls, eq, slots) if cls is not None else lambda cls: _made(cls, eq, slots)


#: Says something of itself: of a class that does not the library writes its signature down.
_SAID: dict[str, Any] = {"__doc__": "What the standard library makes of a data class."}
#: Fields alone: not frozen as far as the library knows, which would compile two methods.
_plain: Callable[[type[Any]], type[Any]] = dataclass(init=False, repr=False, eq=False)
#: What the library keeps of such a class beside them.
_LIKEWISE = {
    name: one
    for name, one in vars(_plain(type("_Bare", (), _SAID))).items()
    if name in ("__dataclass_params__", "__replace__")
}


def _made(plain: type[Any], eq: bool, slots: bool) -> type[Any]:
    space, shape = dict(vars(plain)), _shape(plain)
    stated = {name: space.pop(name) for name in plain.__annotations__ if name in space}
    made = {
        _FIELDS: _Fields(shape), **_LIKEWISE, "__match_args__": _names(shape, "init"),
        "__init__": _Init(shape), "__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse,
        "__getstate__": _state, "__setstate__": _restore, **(_equality(shape) if eq else {}),
    }  # fmt: skip
    if any(one.__class__.__hash__ is None for one in stated.values()):
        # The library refuses a default that all instances would share.
        made[_FIELDS] = made[_FIELDS].made()
    made = {name: method for name, method in made.items() if name not in space}
    if slots:
        return _slotted(plain, {**space, **made}, shape)
    for name, one in {**made, **{name: _given(one)[0] for name, one in stated.items()}}.items():
        if one is MISSING:
            delattr(plain, name)
        else:
            setattr(plain, name, one)
    return plain


def _slotted(plain: type[Any], space: Mapping[str, Any], shape: _Shape) -> type[Any]:
    """A class again, with slots for the fields that no base has one for."""
    taken = {slot for base in plain.__mro__[1:-1] for slot in vars(base).get("__slots__", ())}
    kept = {name: one for name, one in space.items() if name not in ("__dict__", "__weakref__")}
    kept["__slots__"] = tuple(name for name in shape if name not in taken)
    make: Any = type(plain)
    cls: type[Any] = make(plain.__name__, plain.__bases__, kept)
    cls.__qualname__ = plain.__qualname__
    return cls


def _shape(cls: type[Any]) -> _Shape:
    """The fields of a class, inherited and its own."""
    shape: _Shape = {}
    for base in cls.__mro__[-2:0:-1]:
        known = vars(base).get(_FIELDS, {})
        if isinstance(known, dict):
            shape |= {name: (one.type, one) for name, one in known.items()}
        else:
            shape |= known.shape
    written, own = cls.__annotations__, vars(cls)
    said = " ".join(map(str, written.values()))
    if any(word in said for word in _NO_FIELD):
        raise TypeError(f"{cls.__qualname__}: @immutable takes fields alone, not {' or '.join(_NO_FIELD)}")
    for name, one in written.items():
        shape[name] = one, own.get(name, MISSING)
    return shape


def _names(shape: _Shape, what: str) -> tuple[str, ...]:
    """The fields that are arguments (`init`), or compared (`compare`)."""
    apart = [name for name, (_, one) in shape.items() if isinstance(one, Field) and not getattr(one, what)]
    return tuple(name for name in shape if name not in apart) if apart else tuple(shape)


def _given(one: Any) -> tuple[Any, Any]:
    """The default of a field and what makes it, each `MISSING` where there is none."""
    return (one.default, one.default_factory) if isinstance(one, Field) else (one, MISSING)


class _Fields:
    """Stands for the fields of a class, as the standard library keeps them, until something reads them."""

    def __init__(self, shape: _Shape) -> None:
        self.shape = shape

    def __get__(self, instance: Any, cls: type[Any]) -> dict[str, Field[Any]]:
        owner = next(one for one in cls.__mro__ if vars(one).get(_FIELDS) is self)
        made = self.made()
        setattr(owner, _FIELDS, made)
        return made

    def made(self) -> dict[str, Field[Any]]:
        """The fields, of a class that has nothing but them."""
        # Whether an annotation is of a field the library finds out by three patterns: all are.
        space = {**_SAID, "__annotations__": dict.fromkeys(self.shape, object)}
        space |= {name: one for name, (_, one) in self.shape.items() if one is not MISSING}
        found: dict[str, Field[Any]] = getattr(_plain(type("_Bare", (), space)), _FIELDS)
        for name, one in found.items():
            one.type = self.shape[name][0]
        return found


class _Init:
    """Stands for `__init__` of a class whose instances are few, and is replaced by a compiled one."""

    def __init__(self, shape: _Shape) -> None:
        self._shape, self._calls = shape, 0
        self._named = _names(shape, "init")

    def __get__(self, instance: Any, cls: type[Any]) -> Any:
        self._calls += 1
        if instance is not None and self._calls <= _FEW:
            return partial(self._fill, instance)
        owner = next(one for one in cls.__mro__ if vars(one).get("__init__") is self)
        made = _compiled(owner, self._shape)
        setattr(owner, "__init__", made)  # noqa: B010 (mypy refuses the plain form)
        return made.__get__(instance, cls)

    def _fill(self, instance: Any, /, *arguments: Any, **named: Any) -> None:
        """What the compiled one does, which also words the refusal of wrong arguments."""
        names = self._named
        given = {**dict(zip(names, arguments, strict=False)), **named}
        for name, (_, one) in self._shape.items():
            if name not in given:
                default, factory = _given(one)
                if factory is not MISSING:
                    given[name] = factory()
                elif default is not MISSING:
                    given[name] = default
        complete = len(given) == len(self._shape) and len(arguments) <= len(names)
        if not complete or not named.keys() <= {*names[len(arguments) :]}:
            _compiled(type(instance), self._shape)(instance, *arguments, **named)
            return
        for name, value in given.items():
            object.__setattr__(instance, name, value)
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


def _compiled(cls: type[Any], shape: _Shape) -> Any:
    """`__init__` of a data class: its fields in order, or their defaults, then `__post_init__`."""
    names: dict[str, Any] = {"MISSING": MISSING}
    arguments, defaults, kinds = ["self"], [], list[str]()
    inits = _names(shape, "init")
    for name, (_, one) in shape.items():
        default, factory = _given(one)
        stated = default is not MISSING or factory is not MISSING
        if not (name in inits or stated):
            continue
        at, slot = len(kinds), getattr(getattr(cls, name, None), "__set__", None)
        names |= {f"put{at}": slot or name, f"made{at}": factory, f"a{at}": default}
        kind = "M" if factory is not MISSING else "A"
        kinds.append((kind if name in inits else kind.lower()) + ("s" if slot else ""))
        if name in inits:
            arguments.append(name)
            defaults += [default] if stated else []
    code = _initialiser((*kinds,), hasattr(cls, "__post_init__")).replace(co_varnames=(*arguments,))
    return FunctionType(code, names, "__init__", (*defaults,) or None)


@lru_cache(maxsize=256)
def _initialiser(shape: tuple[str, ...], follows: bool) -> CodeType:
    """The code of an `__init__` whose arguments are yet to be named: most classes share that of another.

    By field: A is an argument, M one that is made where it is missing; in lower case they are no arguments.
    With an s it has a slot, whose own method assigns fastest; the dictionary of an instance is next to that.
    """
    arguments = "".join(f", a{at}" for at, kind in enumerate(shape) if kind[0].isupper())
    makes = {"A": "a{0}", "M": "made{0}() if a{0} is MISSING else a{0}", "a": "a{0}", "m": "made{0}()"}
    puts = {True: "put{0}(self, {1})", False: "self.__dict__[put{0}] = {1}"}
    lines = [puts[kind.endswith("s")].format(at, makes[kind[0]].format(at)) for at, kind in enumerate(shape)]
    body = "\n ".join([*lines, "self.__post_init__()" if follows else "pass"])
    names: dict[str, Any] = {}
    exec(f"def __init__(self{arguments}):\n {body}", names)  # noqa: S102 (of numbered names)
    code: CodeType = names["__init__"].__code__
    return code


def _equality(shape: _Shape) -> dict[str, Any]:
    names = _names(shape, "compare")
    read: Callable[[Any], Any] = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, *names),)

    def equal(self: Any, other: object) -> Any:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equal, "__hash__": lambda self: hash(read(self))}


def altered(one: T, **changes: Any) -> T:
    """The same value of a slotted `@immutable` class with other fields, which are taken as they come.

    In half the time of `dataclasses.replace`, which calls `__init__` with each field by its name.
    """
    cls: Any = type(one)
    slots = _slots.get(cls)
    if slots is None:
        found = {name: getattr(cls, name) for name in cls.__match_args__}
        slots = _slots[cls] = {name: (slot.__get__, slot.__set__) for name, slot in found.items()}
    made: T = object.__new__(cls)
    for read, put in slots.values():
        put(made, read(one))
    for name, value in changes.items():
        if name not in slots:
            raise TypeError(f"{cls.__qualname__} has no field {name!r}")
        slots[name][1](made, value)
    return made


#: By class, what reads each of its fields and what assigns it, which is faster than by name.
_slots: dict[type[Any], dict[str, tuple[Any, Any]]] = {}


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


class _New:
    """Stands for `__new__` of a record until the first one is made: compiles it then."""

    def __init__(self, names: Sequence[str], defaults: tuple[Any, ...]) -> None:
        self._names, self._defaults = names, defaults

    def __get__(self, instance: Any, cls: type[Any]) -> Any:
        owner = next(one for one in cls.__mro__ if vars(one).get("__new__") is self)
        code = _maker(len(self._names)).replace(co_varnames=("_cls", *self._names))
        made = FunctionType(code, {"_make": tuple.__new__}, "__new__", self._defaults or None)
        made.__qualname__ = f"{owner.__qualname__}.__new__"
        setattr(owner, "__new__", staticmethod(made))  # noqa: B010 (mypy refuses the plain form)
        return made


@lru_cache(maxsize=_MOST)
def _maker(count: int) -> CodeType:
    """The code of a `__new__` of so many arguments, which are yet to be named."""
    given = "".join(f"a{at}, " for at in range(count))
    code: CodeType = eval(f"lambda _cls, {given}: _make(_cls, ({given}))").__code__  # noqa: S307 (as above)
    return code


class _Named(type):
    """What makes a class of annotated fields a tuple with names."""

    def __new__(cls, name: str, bases: tuple[type[Any], ...], space: dict[str, Any]) -> _Named:
        """A class that derives from a record, and not from `NamedTuple` itself, is one of the same fields."""
        if bases and bases[0] is not tuple and not hasattr(bases[0], "_fields"):
            names = tuple(space.get("__annotations__", ()))
            defaults = {one: space[one] for one in names if one in space}
            space |= {"_fields": names, "__match_args__": names, "_field_defaults": defaults}
            space |= {one: _ITEMS[at] for at, one in enumerate(names)}
            space |= {"__new__": _New(names, (*defaults.values(),)), "__slots__": ()}
        return super().__new__(cls, name, bases, space)


def _items() -> tuple[Any, ...]:
    """What reads the first item of a tuple, the second and so on, of whichever class."""
    getter: Any = type(vars(namedtuple("_One", "item"))["item"])
    return tuple(getter(at, "") for at in range(_MOST))


_ITEMS = _items()

if not TYPE_CHECKING:

    class NamedTuple(tuple, metaclass=_Named):
        """That of `typing` that costs little to define; what it offers is here as it is there."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **named):
            made = self._make(map(named.pop, self._fields, tuple.__iter__(self)))
            if named:
                raise ValueError(f"Got unexpected field names: {list(named)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            shown = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self):
            return tuple(self)


class Shown:
    """What a result of the Python API can do besides: show itself in a notebook, become a table elsewhere.

    What draws is above everything that is drawn, so it is looked up by its name when it is asked for.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """What the command that answers the same prints with `--json`."""
        return dict(_drawer("display").report(self).data)

    def _repr_html_(self) -> str:
        return str(_drawer("display").html(self))

    def _repr_markdown_(self) -> str:
        return str(_drawer("display").markdown(self))

    def to_pandas(self, part: str = "") -> Any:
        """A pandas DataFrame of its rows, or of the rows of another `part` of `to_dict()`.

        Values within values are columns of their own, `offer_usd_per_hour`. Raises `UsageError` where pandas
        is not installed, or there is no such part.
        """
        return _drawer("frames").to_pandas(self, part)

    def to_polars(self, part: str = "") -> Any:
        """The same as a polars DataFrame."""
        return _drawer("frames").to_polars(self, part)

    def to_arrow(self, part: str = "") -> Any:
        """The same as a pyarrow Table."""
        return _drawer("frames").to_arrow(self, part)


def _drawer(name: str) -> Any:
    return import_module(f"whichgpu.report.{name}")


def modules_in(folder: Path) -> list[str]:
    """The modules of a folder by name, sorted: its Python files but those that begin with `_`."""
    names = (name for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_"))
    return sorted(name.removesuffix(".py") for name in names)


def remembered(most: int) -> Callable[[Function], Function]:
    """`lru_cache` by identity, of a function that is asked about the same values again and again.

    For values that have no hash, as jobs with arrays, or whose hash takes longer than the answer. So many
    answers are kept; what is asked is given by place.
    """

    def kept(tell: Function) -> Function:
        last: dict[tuple[int, ...], tuple[tuple[Any, ...], Any]] = {}

        @wraps(tell)
        def told(*asked: Any) -> Any:
            key = tuple(map(id, asked))
            known = last.get(key)
            if known is None:
                if len(last) >= most:
                    # At once, which no other thread can come between.
                    last.clear()
                # With what was asked about, so that nothing else can have its id.
                known = last[key] = asked, tell(*asked)
            return known[1]

        return cast("Function", told)

    return kept


class LatePattern:
    """Stands for a compiled pattern: its methods are there once they are asked for."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern, self.flags = pattern, flags
        self._real: Pattern[str] | None = None

    def real(self) -> Pattern[str]:
        """The pattern, compiled."""
        if self._real is None:
            self._real = re.compile(self.pattern, self.flags)
        return self._real

    def __getattr__(self, name: str) -> Any:
        made = getattr(self.real(), name)
        setattr(self, name, made)
        return made


def regex(text: str, flags: int | re.RegexFlag = 0) -> Pattern[str]:
    """`re.compile` for a module that is imported more often than its patterns are needed: each takes 0.5 ms.

    Only its methods are a pattern's: functions of `re` do not take it.
    """
    return cast("Pattern[str]", LatePattern(text, int(flags)))


class Deferred(Mapping[str, Any]):
    """A mapping that is made when it is first looked into: the JSON of an answer that is printed as text."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make: Callable[[], Mapping[str, Any]] = make
        self._made: Mapping[str, Any] | None = None

    def _whole(self) -> Mapping[str, Any]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, key: str) -> Any:
        return self._whole()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())


class Lazy(Mapping[str, T]):
    """A mapping of which only the keys are known; a value is made when it is first asked for."""

    def __init__(self, keys: Collection[str], make: Callable[[str], T]) -> None:
        self._keys, self._make = keys, make
        self._made: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._made:
            if key not in self._keys:
                raise KeyError(key)
            self._made[key] = self._make(key)
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys
