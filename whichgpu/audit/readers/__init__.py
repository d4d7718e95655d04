"""Readers of documents: one file per format, each with `read(text) -> Document`, found by its name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

from whichgpu.errors import UsageError, one_line
from whichgpu.values import modules_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.audit.document import Document

#: Bytes that a document may have.
LARGEST = 16 * 2**20
#: Formats by the endings of files.
ENDINGS: Mapping[str, str] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".html": "html", ".htm": "html",
    ".xhtml": "html", ".mht": "html", ".mhtml": "html",
    ".tex": "markdown", ".wiki": "markdown", ".mediawiki": "markdown", ".adoc": "markdown",
    ".asciidoc": "markdown", ".rst": "markdown",
    ".txt": "text", ".csv": "text", ".tsv": "text", ".pdf": "pdf",
}  # fmt: skip
_ENCODINGS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)
_IS_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|article|table|div|p)\b", re.IGNORECASE)
_IS_MARKDOWN = re.compile(
    r"^(?:---\s*$|#{1,6} \S|\|.*\|\s*$|\s*[-*] \S|!\[|\[[^\]\n]+\]\(|"
    r"[^|\n]{1,60} \| [^|\n]{1,60}(?:\|[^\n]*)?\n[^|\n]{1,60} \| |"
    r":?\{\||\|={3,}|\{\{Infobox|\|\|[^|\n]{1,80}\|\||\.\. list-table::|\[table\]|"
    r".{0,80}\\begin\{(?:tabular|document)|"
    r"\s*[\u2502\u2503\u2551].*[\u2502\u2503\u2551]\s*$)",
    re.MULTILINE,
)
#: A line that begins far to the right and goes on after a gap, as columns on a page do.
_LAID_OUT = re.compile(r"^ {20,90}\S[^\n|]{0,60}? {3,60}\S", re.MULTILINE)
#: Characters of a file that say whether it is text.
_SAMPLE = 20_000
#: Bytes that show whether every other one is zero.
_ZEROS = 2000
#: Tags of HTML that may begin and not end.
_OPEN = 1000


def forms() -> tuple[str, ...]:
    """The formats that can be read, by name."""
    return tuple(modules_in(Path(__file__).parent))


def content_of(path: Path) -> bytes:
    """The bytes of a file; raises `UsageError` where it is none, is too large or cannot be read."""
    try:
        if path.is_dir():
            raise UsageError(f"{one_line(str(path))} is a folder; name a file: {', '.join(ENDINGS)}")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or fault
        raise UsageError(f"{one_line(str(path))}: cannot be read ({why})") from None


def read(content: bytes, name: str = "", form: str = "") -> Document:
    """A document from the bytes of a file; `form` is its format, by its name or its looks where not given.

    Raises `UsageError` for what is too large, is no text, or is of no known format.
    """
    shown = name or "the document"
    if len(content) > LARGEST:
        raise UsageError(
            f"{shown}: more than {LARGEST // 2**20} MiB; no article is that long, so name a part of it"
        )
    if content.startswith(b"%PDF"):
        raise UsageError(
            f"{shown}: a PDF; extract its text first: pdftotext -layout {one_line(name) or 'FILE.pdf'}"
        )
    text = decode(_page_of(content), shown)
    if not text.strip():
        raise UsageError(f"{shown}: nothing in it; name a file with text")
    chosen = form or ENDINGS.get(Path(name).suffix.lower(), "") or sniff(text)
    if chosen not in forms():
        raise UsageError(f"no format '{one_line(form)}'; there are {', '.join(forms())}")
    if chosen == "text":
        chosen = sniff(text)
    if chosen == "html" and text.count("<") > text.count(">") + _OPEN:
        raise UsageError(f"{shown}: HTML with tags that do not end; save the page again, or its text")
    from whichgpu.audit.readers._bounds import bounded, head

    read_by: Callable[[str], Document] = import_module(f"{__name__}.{chosen}").read
    return bounded(read_by(text if chosen == "html" else head(text)), text)


#: How browsers begin a page that they save with its pictures in one file.
_ARCHIVE = re.compile(rb"(?:[\w-]{2,40}:[^\n]{0,400}\n(?:[ \t][^\n]{0,400}\n){0,8}){1,24}", re.IGNORECASE)
_MULTIPART = re.compile(rb"^Content-Type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)


def _page_of(content: bytes) -> bytes:
    """The page in an archive of one (MHTML), in UTF-8; other bytes as they are."""
    head = _ARCHIVE.match(content[:16384])
    if head is None or not _MULTIPART.search(head[0]):
        return content
    from email import message_from_bytes

    for part in message_from_bytes(content).walk():
        if part.get_content_type() == "text/html":
            payload = part.get_payload(decode=True)
            charset = part.get_content_charset("utf-8")
            if isinstance(payload, bytes):
                try:
                    return payload.decode(charset, "replace").encode("utf-8-sig")
                except LookupError:
                    return payload
    return content


def decode(content: bytes, shown: str) -> str:
    """Text from bytes: by a mark at the start, by what HTML declares, as UTF-8, else as Windows-1252.

    Raises `UsageError` for bytes that are no text.
    """
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    declared = _DECLARED.search(content[:4096])
    for encoding in ((declared[1].decode("ascii", "replace"),) if declared else ()) + _unmarked(content):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        break
    else:
        text = content.decode("cp1252", "replace")
    sample = text[:_SAMPLE]
    # Marks of direction, joiners and soft hyphens are of text.
    strange = sum(not (c.isprintable() or c.isspace() or category(c) == "Cf") for c in sample)
    if "\x00" in sample or strange > len(sample) / 20:
        raise UsageError(f"{shown}: binary, not text; name a Markdown, HTML or text file")
    return text


def _unmarked(content: bytes) -> tuple[str, ...]:
    """The encoding to try first of bytes without a mark: UTF-16 where every other one is zero."""
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = content[first:_ZEROS:2]
        if len(half) > 1 and 4 * half.count(0) > 3 * len(half):
            return (encoding, "utf-8")
    return ("utf-8",)


def sniff(text: str) -> str:
    """The format that a text looks like."""
    head = text[:_SAMPLE]
    if len(_IS_HTML.findall(head)) > 2:
        return "html"
    if "\f" in text or _LAID_OUT.search(head):
        return "pdf"
    return "markdown" if _IS_MARKDOWN.search(head) else "text"
