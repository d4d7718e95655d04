"""Where a page is: its path and its query, which is all the state that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What of an address says how a page is shown, and not what is asked.
SHOWN = ("rows", "sort", "find", "table", "chart", "as", "dark", "narrow")


class Address(NamedTuple):
    """Where a page is: its path, and the pairs of its query."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    def asked(self) -> list[tuple[str, str]]:
        """The pairs that say what is asked."""
        return [pair for pair in self.pairs if pair[0] not in SHOWN]

    def with_(self, **more: str) -> str:
        """The same page, shown otherwise."""
        kept = [pair for pair in self.pairs if pair[0] not in (*more, "as", "table", "chart")]
        return self._to([*kept, *((name, value) for name, value in more.items() if value)])

    def changed(self, values: Mapping[str, str]) -> str:
        """The same question with other values; of options (`key=value`) only the one of that key."""
        key = values.get("option", "").partition("=")[0]

        def stays(name: str, value: str) -> bool:
            if name == "option" and key:
                return value.partition("=")[0] != key
            return bool(value) and name not in values and not name.startswith("find-")

        return self._to([*(pair for pair in self.asked() if stays(*pair)), *values.items()])

    def value(self, name: str) -> str:
        """The last value of a name; empty where it has none."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def _to(self, pairs: list[tuple[str, str]]) -> str:
        query = urlencode(pairs)
        return f"{self.path}?{query}" if query else self.path
