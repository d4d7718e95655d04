"""`@immutable` against the data classes of the standard library: the same, but for when methods are made."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import typing
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.values import _FEW, Deferred, NamedTuple, altered, immutable, modules_in, regex, remembered

if TYPE_CHECKING:
    from pathlib import Path


class _Body:
    name: str
    size: float = 1.0
    instance: str = ""
    tags: dict[str, int] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"{self.size} is below zero")


_SPACE = {key: one for key, one in vars(_Body).items() if key not in ("__dict__", "__weakref__")}
Ours: Any = immutable(type("Value", (), {**_SPACE, "__qualname__": "Value"}))
Theirs: Any = dataclass(frozen=True, slots=True)(type("Value", (), {**_SPACE, "__qualname__": "Value"}))


@immutable
class Pair:
    """Two numbers."""

    left: float
    right: float = 2.0


@immutable(eq=False)
class Thing:
    """A name that is no value."""

    name: str

    def __repr__(self) -> str:
        return f"<{self.name}>"


@immutable(slots=False)
class Circle:
    """One that works something out."""

    radius: float

    @cached_property
    def area(self) -> float:
        return 3.0 * self.radius**2


@immutable(slots=False)
class Marked(Pair):
    """One with a dictionary below the slots of another."""

    mark: str = ""


@pytest.fixture(params=["few", "many"])
def ours(request: pytest.FixtureRequest) -> Any:
    """The class before its `__init__` is compiled, and after."""
    made = immutable(type("Value", (), {**_SPACE, "__qualname__": "Value", "__module__": __name__}))
    for _ in range(2 * _FEW if request.param == "many" else 0):
        made("x")
    return made


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("a",), {}), (("a", 2.0), {}), ((), {"name": "a", "size": 3.0}), (("a", 1.0, "i", {"b": 1}), {}),
     (("a",), {"tags": {"b": 2}, "instance": "i"})],
)  # fmt: skip
def test_an_instance_is_that_of_the_standard_library(ours: Any, arguments: Any, named: Any) -> None:
    one, other = ours(*arguments, **named), Theirs(*arguments, **named)
    assert asdict(one) == asdict(other)
    assert repr(one) == repr(other)
    assert one == ours(*arguments, **named) != Theirs(*arguments, **named)
    assert one != replace(one, name="z")
    assert one.tags is not ours(*arguments[:2], **{**named, "tags": {}}).tags


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((), {}), (("a", 1.0, "", {}, []), {}), (("a",), {"name": "b"}), (("a",), {"colour": 1}),
     (("a",), {"seen": []}), ((), {"size": 1.0})],
)  # fmt: skip
def test_wrong_arguments_are_refused_in_the_same_words(ours: Any, arguments: Any, named: Any) -> None:
    said = []
    for cls in (ours, Theirs):
        with pytest.raises(TypeError) as fault:
            cls(*arguments, **named)
        said.append(str(fault.value).removeprefix("Value."))
    assert said[0] == said[1]


def test_what_follows_the_fields_is_run(ours: Any) -> None:
    with pytest.raises(ValueError, match="-1 is below zero"):
        ours("a", -1)
    with pytest.raises(ValueError, match="below zero"):
        replace(ours("a"), size=-2.0)


def test_nothing_is_assigned_or_deleted(ours: Any) -> None:
    one = ours("a")
    for change in (lambda: setattr(one, "name", "b"), lambda: setattr(one, "other", 1)):
        with pytest.raises(FrozenInstanceError, match="cannot assign"):
            change()
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name
    assert not hasattr(one, "__dict__")


def test_values_are_equal_and_hashed_by_their_fields() -> None:
    assert {Pair(1.0): "x"}[Pair(1.0, 2.0)] == "x"
    assert hash(Pair(1.0, 3.0)) != hash(Pair(1.0))
    assert Pair(1.0) != (1.0, 2.0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours("a"))
    shared = Ours("a")
    shared.seen.append(1)
    assert shared == Ours("a")


def test_things_are_equal_by_identity() -> None:
    one = Thing("a")
    assert one != Thing("a")
    assert len({one, Thing("a")}) == 2
    assert repr(one) == "<a>"


def test_without_slots_properties_are_cached() -> None:
    one = Circle(2.0)
    assert one.area == 12.0
    assert vars(one) == {"radius": 2.0, "area": 12.0}
    with pytest.raises(FrozenInstanceError):
        one.radius = 3.0  # type: ignore[misc]


@pytest.mark.parametrize("one", [Pair(1.0, 5.0), Circle(2.0)])
def test_values_are_copied_and_pickled(one: Any) -> None:
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert again is not one


def test_the_class_is_told_of_as_ever() -> None:
    fresh = immutable(type("Value", (), {**_SPACE}))
    assert str(inspect.signature(fresh)).startswith("(name, size=")
    assert [one.name for one in fields(fresh)] == ["name", "size", "instance", "tags", "seen"]
    match Pair(1.0, 7.0):
        case Pair(left, right):
            assert (left, right) == (1.0, 7.0)


def test_a_class_of_its_kind_inherits() -> None:
    @immutable
    class Wide(Pair):
        """Three numbers."""

        more: tuple[int, ...] = ()

    assert asdict(replace(Wide(1.0), right=4.0)) == {"left": 1.0, "right": 4.0, "more": ()}
    for _ in range(_FEW + 1):
        one = Marked(1.0, mark="a")
        assert asdict(one) == {"left": 1.0, "right": 2.0, "mark": "a"}
    assert vars(one) == {"mark": "a"}, "a slot keeps what is its own, after compiling too"


def test_fields_are_made_when_something_reads_them() -> None:
    fresh = immutable(type("Value", (), {**_SPACE}))
    assert fresh("a") == fresh("a")
    assert not isinstance(vars(fresh)["__dataclass_fields__"], dict)
    assert replace(fresh("a"), size=2.0).size == 2.0
    assert [one.type for one in fields(fresh)] == [*_SPACE["__annotations__"].values()]
    assert fields(fresh) is not fields(Ours)


def test_what_is_no_field_and_a_default_that_all_would_share_are_refused() -> None:
    with pytest.raises(TypeError, match="takes fields alone"):
        immutable(type("Value", (), {"__annotations__": {"count": "ClassVar[int]"}}))
    with pytest.raises(ValueError, match="mutable default"):
        immutable(type("Value", (), {"__annotations__": {"tags": "list[int]"}, "tags": []}))


@immutable
class Part:
    """A value of two fields."""

    name: str
    size: float = 1.0


def test_an_altered_value_is_what_the_library_replaces() -> None:
    part = Part("a", 2.0)
    assert altered(part, size=3.0) == replace(part, size=3.0) == Part("a", 3.0)
    assert altered(part) == part == Part("a", 2.0)
    with pytest.raises(TypeError, match="Part has no field 'colour'"):
        altered(part, colour=1)


class _Item:
    name: str
    size: float = 1.0

    @property
    def twice(self) -> float:
        """A method stays."""
        return 2.0 * self.size


_OF_ITEM = {key: one for key, one in vars(_Item).items() if key not in ("__dict__", "__weakref__")}
Item: Any = type(NamedTuple)("Item", (NamedTuple,), {**_OF_ITEM, "__qualname__": "Item"})
Usual: Any = typing.NamedTupleMeta("Item", (typing._NamedTuple,), {**_OF_ITEM, "__qualname__": "Item"})  # type: ignore[attr-defined]


@pytest.mark.parametrize("told", [
    lambda cls: repr(cls("a", 2.0)),
    lambda cls: (cls("a"), cls(name="b", size=3.0), tuple(cls("a")), cls("a").twice, cls("a")[1]),
    lambda cls: (cls._fields, cls._field_defaults, cls.__match_args__),
    lambda cls: (cls("a")._asdict(), cls("a")._replace(size=5.0), cls._make(["a", 2.0])),
    lambda cls: (cls("a") == ("a", 1.0), hash(cls("a")), cls("a") < cls("b"), hasattr(cls("a"), "__dict__")),
    lambda cls: list(inspect.signature(cls).parameters),
    lambda cls: vars(type("Derived", (cls,), {})("a", 4.0)),
    lambda cls: type("Derived", (cls,), {})("a", 4.0),
    lambda cls: copy.deepcopy(cls("a", [1])),
])  # fmt: skip
def test_a_named_tuple_is_that_of_typing(told: Any) -> None:
    assert told(Item) == told(Usual)


@pytest.mark.parametrize("wrong", [
    lambda cls: cls(), lambda cls: cls("a", 1.0, 2.0),
    lambda cls: cls("a", name="b"), lambda cls: cls("a", colour=1),
    lambda cls: cls("a")._replace(colour=1), lambda cls: cls._make(["a"]),
    lambda cls: setattr(cls("a"), "name", "b"), lambda cls: setattr(cls("a"), "other", "b"),
])  # fmt: skip
def test_a_named_tuple_refuses_as_that_of_typing(wrong: Any) -> None:
    said = []
    for cls in (Item, Usual):
        with pytest.raises((TypeError, ValueError, AttributeError)) as fault:
            wrong(cls)
        said.append((fault.type, str(fault.value)))
    assert said[0] == said[1]


class Spot(NamedTuple):
    """A record of a module."""

    place: str
    rank: int = 1


def test_named_tuples_are_pickled() -> None:
    assert pickle.loads(pickle.dumps(Spot("a", 2))) == Spot("a", 2)
    assert type(pickle.loads(pickle.dumps(Spot("a")))) is Spot


def test_a_named_tuple_of_too_many_fields_is_refused() -> None:
    with pytest.raises(IndexError):
        type(NamedTuple)("Wide", (NamedTuple,), {"__annotations__": {f"f{at}": "int" for at in range(49)}})


def test_what_is_deferred_is_made_once_when_it_is_looked_into() -> None:
    made: list[int] = []
    late = Deferred(lambda: made.append(1) or {"a": 2})  # type: ignore[func-returns-value]
    assert not made
    assert ({**late}, late["a"], len(late), "b" in late) == ({"a": 2}, 2, 1, False)
    assert made == [1]


def test_a_pattern_is_compiled_when_a_method_is_asked_for() -> None:
    wrong, right = regex("("), regex("a(.)", re.IGNORECASE)
    assert (wrong.pattern, right.flags) == ("(", re.IGNORECASE)
    with pytest.raises(re.error):
        wrong.search("(")
    found = right.fullmatch("Ab")
    assert found
    assert (found[1], right.sub("c", "xAB")) == ("b", "xc")


def test_modules_of_a_folder_are_its_python_files_without_its_own(tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "_own.py", "__init__.py", "c.txt"):
        (tmp_path / name).touch()
    assert modules_in(tmp_path) == ["a", "b"]


def test_what_is_remembered_is_told_once_of_the_same_values_and_never_of_others() -> None:
    told: list[list[int]] = []

    @remembered(2)
    def total(numbers: list[int], more: int = 0) -> int:
        told.append(numbers)
        return sum(numbers) + more

    one, equal = [1, 2], [1, 2]
    assert [total(one), total(one), total(equal), total(one, 1)] == [3, 3, 3, 4]
    assert [each is one for each in told] == [True, False, True]
    # No more than two are kept, and with them what was asked about: another list never has its id.
    assert [total([each]) for each in range(99)] == list(range(99))
