"""Build hook: the data files become one JSON a tree.

A wheel gets the JSON and none of the TOML and CSV; an editable install gets the JSON beside its
sources. Needs nothing but the standard library and the package's own reader.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataBundle(BuildHookInterface[Any]):
    """Writes the JSON with `whichgpu.facts.store`, taken from this folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        try:
            from whichgpu.facts import store
        finally:
            sys.path.remove(self.root)
        data = Path(self.root, "whichgpu", "data")
        if version == "editable":
            for tree in store.trees(data):
                store.load(tree, data)
            return
        self.folder = tempfile.TemporaryDirectory()
        store.ship(data, Path(self.folder.name))
        build_data["force_include"][self.folder.name] = "whichgpu/data/bundle"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self.folder.cleanup()
