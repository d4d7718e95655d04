"""YAML as other tools read it: keys in our order, scripts as blocks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


def dump(documents: Sequence[Any], heads: Sequence[str] = ()) -> str:
    """Documents of one file, each with lines of comment before it."""
    import yaml

    parts = []
    for index, document in enumerate(documents):
        text = yaml.dump(document, Dumper=_dumper(), sort_keys=False, width=100, allow_unicode=True)
        parts.append(f"# {heads[index]}\n{text}" if index < len(heads) else text)
    return "---\n".join(parts)


def load(text: str) -> list[Any]:
    """The documents of a file; raises `UsageError` for what is no YAML."""
    import yaml

    try:
        return [one for one in yaml.safe_load_all(text) if one is not None]
    except yaml.YAMLError as fault:
        raise UsageError(f"this is no YAML: {one_line(fault)}") from None


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        """Writes text of several lines as a block, and nothing as a reference."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
