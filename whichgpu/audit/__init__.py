"""Check an article's claims about GPUs: document -> claims -> findings. See `docs/audit.md`.

The package is called as a function: `whichgpu.audit("article.md")`.
"""

from __future__ import annotations

import os.path
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whichgpu.audit.answer import Audit

#: What has more words than this is no name of a file.
_WORDS = 3


class _Callable(ModuleType):
    """A module that is its main function."""

    def __call__(
        self, article: str | bytes | Path, *, form: str = "", gpu_files: Iterable[str | Path] = ()
    ) -> Audit:
        """The audit of an article: a path, or the text itself as `bytes`.

        `form` is markdown, html, text or pdf where its name or looks do not say it. Nothing is executed or
        fetched. Raises `WhichGpuError` for what cannot be read.
        """
        from whichgpu.audit.answer import audited
        from whichgpu.audit.readers import content_of
        from whichgpu.errors import UsageError, one_line
        from whichgpu.hardware.catalogue import catalogue

        known = catalogue(tuple(Path(file) for file in gpu_files))
        if isinstance(article, bytes):
            return audited(article, "", known, date.today(), form)
        if isinstance(article, str) and len(article.split()) > _WORDS and not os.path.exists(article):
            said = f"'{one_line(article)[:40]} ..'"
            raise UsageError(f"{said} is no file; a text itself is given as bytes: audit(text.encode())")
        return audited(content_of(Path(article)), str(article), known, date.today(), form)


sys.modules[__name__].__class__ = _Callable
