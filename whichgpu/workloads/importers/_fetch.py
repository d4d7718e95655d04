"""One file over the network: 50 MB, 30 seconds, three redirects at most; https, or http to this host."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from whichgpu.errors import UsageError, one_line
from whichgpu.workloads.importers._files import MB

LIMIT, SECONDS, REDIRECTS = 50 * MB, 30.0, 3
_LOCAL = ("localhost", "127.0.0.1", "::1")


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS
    max_repeats = REDIRECTS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: PLR0917
        _check(newurl, local=urlsplit(req.full_url).hostname in _LOCAL)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str, *, local: bool) -> None:
    """Refuse what is not https; plain http is for a server on this host, and stays there."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and local and parts.hostname in _LOCAL):
        return
    raise UsageError(f"{url}: not an https address, so it is not followed")


def fetch(url: str, source: str) -> bytes:
    """The content behind an address; raises `UsageError` in words about `source`."""
    _check(url, local=True)
    request = urllib.request.Request(url, headers={"User-Agent": "whichgpu"})  # noqa: S310
    opener = urllib.request.build_opener(_Redirects)
    end = time.monotonic() + SECONDS
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return _body(answer, source, end)
    except urllib.error.HTTPError as fault:
        hints = {401: "it asks for a licence or a login", 403: "it asks for a licence or a login",
                 404: "no such model, or it has no config.json"}  # fmt: skip
        hint = hints.get(fault.code, one_line(fault.reason))
        raise UsageError(
            f"{source}: the Hub answers {fault.code}: {hint}; download config.json and give its path"
        ) from None
    except (urllib.error.URLError, OSError, ValueError) as fault:
        raise UsageError(
            f"{source}: not reachable ({one_line(fault)}); give a downloaded config.json"
        ) from None


def _body(answer: Any, source: str, end: float) -> bytes:
    parts, size = [], 0
    while part := answer.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > LIMIT:
            raise UsageError(f"{source}: more than {LIMIT // MB} MB; no config.json is that large")
        if time.monotonic() > end:
            raise UsageError(f"{source}: not done after {SECONDS:.0f} s; give a downloaded config.json")
    return b"".join(parts)
