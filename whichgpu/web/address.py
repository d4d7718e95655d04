"""Where a page is: its path and its query, which is all the state that there is.

A text that is sent may be too long for every link of a page to hold it. It is then in one form of the page,
which the links send along, being its buttons (`carried`); and behind the `#` of the one link to the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What of an address says how a page is shown, and not what is asked.
SHOWN = ("rows", "sort", "find", "table", "chart", "as", "dark", "narrow")


#: Characters of what is asked that a query holds, and that stand behind a `#`; Firefox takes a megabyte.
_QUERY, _FRAGMENT = 48_000, 1_000_000


def shows(name: str) -> bool:
    """Whether a name says how a page is shown."""
    return name in SHOWN or name.startswith("find-")


class Address(NamedTuple):
    """Where a page is: its path, and the pairs of its query; whether a form carries what is asked."""

    path: str
    pairs: tuple[tuple[str, str], ...]
    carried: bool = False

    def asked(self) -> list[tuple[str, str]]:
        """The pairs that say what is asked."""
        return [pair for pair in self.pairs if not shows(pair[0])]

    def with_(self, **more: str) -> str:
        """The same page, shown otherwise."""
        kept = [pair for pair in self.pairs if pair[0] not in (*more, "as", "table", "chart")]
        return self._to([*kept, *((name, value) for name, value in more.items() if value)])

    def whole(self) -> str:
        """The link to the answer; empty where no address can hold it."""
        asked = urlencode(self.asked())
        if not self.carried or len(asked) <= _QUERY:
            return self._replace(carried=False).with_()
        return f"{self.with_()}#{asked}" if len(asked) <= _FRAGMENT else ""

    def changed(self, values: Mapping[str, str]) -> str:
        """The same question with other values; of options (`key=value`) only the one of that key."""
        key = values.get("option", "").partition("=")[0]

        def stays(name: str, value: str) -> bool:
            if name == "option" and key:
                return value.partition("=")[0] != key
            return bool(value) and name not in values

        return self._to([*(pair for pair in self.asked() if stays(*pair)), *values.items()])

    def named(self, wrong: str, right: str) -> str:
        """The same question of another thing, where its path names it: one of those that are compared."""
        head, _, last = self.path.rpartition("/")
        names = [right if name == wrong else name for name in unquote(last).split("-vs-")]
        there = self._replace(path=f"{head}/{quote('-vs-'.join(names), safe='')}")
        return there._to(self.asked()) if wrong in unquote(last).split("-vs-") else ""

    def value(self, name: str) -> str:
        """The last value of a name; empty where it has none."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def _to(self, pairs: list[tuple[str, str]]) -> str:
        query = urlencode([pair for pair in pairs if not self.carried or shows(pair[0])])
        return f"{self.path}?{query}" if query else self.path
