"""What stands within a line of Markdown without its marks: links, emphasis, tags, escapes, entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.document import Builder

#: Where a link leads: up to what closes it, and no further than where another link leads: of "[a](" again and
#: again none is read twice.
_TO = r"\([^)\]\n]{0,900}(?:\](?!\()[^)\]\n]{0,900}){0,9}\)"
#: Inline marks: images, links, code, emphasis, HTML tags and comments, escapes, entities.
INLINE = re.compile(
    rf"!\[(?P<alt>[^\[\]\n]{{0,400}})\]{_TO}"
    rf"|\[(?P<link>[^\[\]\n]{{0,400}})\]{_TO}"
    r"|(?P<tag></?[A-Za-z][^<>\n]{0,500}>|<!--.{0,500}?-->)"
    # "1024**3" is a power.
    r"|(?P<marks>(?!(?<=\d)\*{2}\d|(?<=\d\*)\*\d)\*{1,3}|_{2,3}|~~|`+)"
    r"|\\(?P<escaped>[\\`*_{}\[\]()#+\-.!|~<>$])"
    r"|(?P<entity>&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,12});)"
)
#: What every one of them has.
_MARKED = re.compile(r"[\[<*`\\&]|__|~~")
#: The star of a footnote behind a name: "FP8 Tensor Core*"; behind a number it is read from the file.
_NOTED = re.compile(r"[A-Za-z)\]]\*(?![\w(*])")
#: A line's end in a cell: "24 GB<br>GDDR6".
_BREAK = re.compile(r"<br\b", re.IGNORECASE)


def inline(into: Builder, text: str, start: int) -> None:
    """Put a line's text into a builder without its marks; a star that ends no emphasis is a footnote's."""
    at, is_open = 0, False
    if not _MARKED.search(text):
        into.add(text, start)
        return
    for match in INLINE.finditer(text):
        into.add(text[at : match.start()], start + at)
        at = match.end()
        if match[0] == "*":
            is_open, was_open = not is_open, is_open
            if not was_open and _NOTED.match(text, max(0, at - 2)):
                is_open = False
                into.add("*", start + match.start())
        elif match["tag"] and _BREAK.match(match["tag"]):
            into.blank(start + match.start())
        elif match["link"] is not None:
            inline(into, match["link"], start + match.start("link"))
        elif match["escaped"]:
            into.add(match["escaped"], start + match.start("escaped"))
        elif match["entity"]:
            from html import unescape

            into.add(unescape(match["entity"]), start + match.start(), len(match["entity"]))
    into.add(text[at:], start + at)
