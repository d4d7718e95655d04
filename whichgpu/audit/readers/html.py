"""HTML as saved from the web: its article without menus, scripts, styles, forms and footers; nothing is run.

The file is scanned once, tag by tag, in time that grows with its length: a stack of open elements says what
is skipped, and blocks end passages. Broken nesting is taken as it comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Builder, Document
from whichgpu.audit.readers._lines import SUMMARIES, day_of, of_cell
from whichgpu.audit.readers._tables import Spread, lead, spread, table_of

if TYPE_CHECKING:
    from whichgpu.audit.document import Passage, Table

#: A description with another one of the same name behind it.
_SEVERAL = re.compile(r"<dd\b[^<>]{0,200}>(?:(?!<d[dt]\b|</dl\b)[\s\S]){0,1000}<dd\b", re.IGNORECASE)
#: Elements whose content is no text of the article; the first end at their own closing tag alone.
_RAW = frozenset({"script", "style", "noscript", "template", "textarea", "iframe", "object", "xmp"})
_SKIPPED = frozenset(
    {"nav", "aside", "footer", "form", "button", "select", "svg", "head", "dialog", "menu", "code", "pre"}
)
#: Classes and ids of boxes that are not the article.
_BOXES = re.compile(
    r"\b(?:nav(?:bar|igation)?|menu|sidebar|footer|cookie|consent|advert(?:isement)?|ads?|adsbygoogle|sponsor(?:ed)?|promo|related|share|"
    r"social|comments?|newsletter|feedback|subscribe|breadcrumbs?|banner|popup|modal|toc)\b",
    re.IGNORECASE,
)  # fmt: skip
_RAISED = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = {
    "p": "paragraph", "div": "paragraph", "section": "paragraph", "article": "paragraph", "main": "paragraph",
    "li": "item", "dt": "item", "dd": "item", "blockquote": "paragraph", "figcaption": "caption",
    "caption": "caption", "summary": "paragraph", "td": "cell", "th": "cell", "header": "paragraph",
    "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
    "tr": "", "table": "", "tbody": "", "thead": "", "ul": "", "ol": "", "dl": "", "body": "", "html": "",
    "hr": "",
}  # fmt: skip
#: Blocks that make a table; others in a cell only divide its words.
_OF_TABLES = frozenset({"table", "thead", "tbody", "tr", "td", "th", "caption"})
#: What a tag ends by opening, where the page leaves its end out.
_ENDS = {
    "li": ("li",), "p": ("p",), "dt": ("dt", "dd"), "dd": ("dt", "dd"), "td": ("td", "th"),
    "th": ("td", "th"), "tr": ("td", "th", "tr"), "option": ("option",),
}  # fmt: skip
_NAME = re.compile(r"/?([A-Za-z][\w:-]{0,40})")
_TAG_END = re.compile(r"""[^"'<>]*(?:"[^"]{0,20000}"[^"'<>]*|'[^']{0,20000}'[^"'<>]*){0,100}>""")
_ATTRIBUTE = re.compile(r"""([\w:-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_SPAN = re.compile(r"\b(row|col)span\s*=\s*[\"']?(\d{1,2})", re.IGNORECASE)
#: A name and its value side by side in a box, which only styles part: "<span>TDP</span><span>70 W</span>".
_SIDE = r"<(?:span|strong|b|label|em)\b[^<>]{0,200}>"
_BOX = r"<(?:div|p)\b[^<>]{0,200}>"
_PAIR = re.compile(
    # A value above its name is none: "<span>24 GB</span><span>memory</span>".
    rf"\s*(?:{_SIDE}(?!\s*[~$\u20ac]?\d)[^<>:]{{2,48}}</[a-z]{{1,6}}>\s*(?P<value>{_SIDE})|"
    # A box beside another is its value where it begins with a number.
    rf"{_BOX}\s*(?!\d)[^<>:]{{2,48}}</[a-z]{{1,6}}>\s*(?P<box>{_BOX})(?=\s*[~<>$\u20ac]?\d))"
    r"[^<>]{1,80}</[a-z]{1,6}>\s*</(?:div|p|li)>"
)
_PAIRED = frozenset({"div", "p", "li"})
#: A name in bold type and its value right behind it: "<li><strong>Architecture</strong> Ada Lovelace</li>".
_LED = re.compile(
    r"\s*<(?P<tag>strong|b)\b[^<>]{0,200}>[^<>:]{2,48}</(?P=tag)>"
    r"(?=\s*(?:<br\s*/?>)?\s*[A-Z\d~$][^<>]{0,60}</(?:li|p)>)"
)
#: Elements that a page sets apart by its styles, without a blank, and the end of one right before.
_STYLED = frozenset({"span", "small", "strong", "b", "em", "label"})
_STYLE_ENDS = re.compile(r"</(?:span|small|strong|b|em|label)>$", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});?")
#: Blanks that are not one space.
_BLANK = re.compile(r"\s{2,}|[^\S ]")
#: What the character after a `<` of a tag, a comment or a declaration may be.
_OPENS = frozenset("!?/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
#: Elements that stand open in one another, at most; deeper ones are taken as they come.
_DEEPEST = 2000
#: How many of them an end tag may end.
_NEAREST = 100


def read(text: str) -> Document:
    """A document from HTML."""
    return _Reader(text).read()


class _Reader:
    """Goes through the tags once."""

    def __init__(self, text: str) -> None:
        self._original = text
        self._below = False
        self._open: list[str] = []
        #: Lists that stand open in one another.
        self._lists = 0
        #: Depth of `_open` from which on everything is skipped; 0 where nothing is.
        self._skip = 0
        self._builder = Builder()
        self._kind, self._level = "paragraph", 0
        self._passages: list[Passage] = []
        self._tables: list[Table] = []
        #: Rows of each table that stands open.
        self._rows: list[list[list[Spread]]] = []
        #: Whether what is open began as the name in a list of names and values.
        self._named = False
        #: Where the value of a name begins that stands beside it in a box.
        self._beside = -1
        #: Where the name ends that a value stands behind.
        self._led = -1
        #: Whether a cell stands open.
        self._in_cell = False
        self._section: list[str] = []
        self._captions: list[str] = []
        #: What stands before each table that is open.
        self._leads: list[str] = []
        self._title = ""
        self._written = ""

    def read(self) -> Document:
        text, at = self._original, 0
        while True:
            next_tag = text.find("<", at)
            if next_tag < 0:
                self._text(at, len(text))
                break
            if text[next_tag + 1 : next_tag + 2] not in _OPENS:
                self._text(at, next_tag + 1)
                at = next_tag + 1
                continue
            self._text(at, next_tag)
            at = self._markup(next_tag)
        self._flush()
        while self._rows:
            self._end_table()
        return Document(text, tuple(self._passages), tuple(self._tables), self._title, self._written, "html")

    def _markup(self, at: int) -> int:
        """Take what a `<` begins; gives the place after it."""
        text = self._original
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            return len(text) if end < 0 else end + 3
        if text.startswith(("<!", "<?"), at):
            end = text.find(">", at)
            return len(text) if end < 0 else end + 1
        name = _NAME.match(text, at + 1)
        end_match = _TAG_END.match(text, name.end()) if name else None
        if name is None or end_match is None:
            self._text(at, at + 1)
            return at + 1
        tag, end = name[1].lower(), end_match.end()
        if text[at + 1] == "/":
            self._close(tag, at)
            if end == self._led and not self._builder.empty:
                self._builder.add(": ", at, 0)
                self._kind = "item"
            return end
        attributes = text[name.end() : end - 1]
        if tag in _RAW and not attributes.endswith("/"):
            return self._raw(tag, end)
        self._start(tag, attributes, at)
        if tag in _PAIRED and not (self._in_cell or self._skip) and (pair := _PAIR.match(text, end)):
            self._beside = pair.start("value" if pair["value"] else "box")
        elif tag in ("p", "li") and not (self._in_cell or self._skip) and (led := _LED.match(text, end)):
            self._led = led.end()
        return end

    def _raw(self, tag: str, at: int) -> int:
        """Leave out everything up to a raw element's own end."""
        close = re.compile(rf"</{tag}\b[^>]{{0,200}}>", re.IGNORECASE).search(self._original, at)
        return close.end() if close else len(self._original)

    def _start(self, tag: str, attributes: str, at: int) -> None:
        self._noticed(tag, attributes, at)
        if tag in _VOID or attributes.endswith("/"):
            return
        for ended in _ENDS.get(tag, ()):
            if self._open and self._open[-1] == ended:
                self._close(ended, at)
        if tag in _BLOCKS:
            self._block(tag, attributes, at)
        if len(self._open) < _DEEPEST:
            self._open.append(tag)
            self._lists += tag in ("ul", "ol")
            if not self._skip and (tag in _SKIPPED or self._is_box(tag, attributes)):
                self._skip = len(self._open)
        if tag == "title" and not self._title:
            self._title_text(at)

    def _noticed(self, tag: str, attributes: str, at: int) -> None:
        """What an element says by itself: a break, a picture, a date; that it is the value of a name."""
        if at == self._beside and not self._builder.empty:
            self._builder.add(": ", at, 0)
            self._kind = "item"
        elif tag == "br" or (tag in _STYLED and _STYLE_ENDS.search(self._original, max(at - 9, 0), at)):
            self._builder.blank(at)
        elif tag == "img":
            self._image(attributes, at)
        elif tag == "time" and not self._written:
            self._written = day_of(attributes)
        elif tag == "meta":
            self._meta(attributes, at)

    def _is_box(self, tag: str, attributes: str) -> bool:
        """Whether an element's class or id says that it is not the article."""
        if tag in (
            "body",
            "html",
            "article",
            "main",
            "table",
            "td",
            "th",
            "tr",
            "p",
            "li",
            "a",
            "span",
            "h1",
            "h2",
        ):
            return False
        named = [
            m[2] or m[3] or m[4] or ""
            for m in _ATTRIBUTE.finditer(attributes[:2000])
            if m[1] in ("class", "id")
        ]
        return any(_BOXES.search(value.replace("_", "-")) for value in named)

    def _block(self, tag: str, attributes: str, at: int) -> None:
        """Begin a block; one in a cell of a table only divides its words."""
        if self._in_cell and tag not in _OF_TABLES:
            self._builder.blank(at)
            return
        if at == self._beside and not self._builder.empty:
            return
        if tag == "dd" and self._named and not self._builder.empty:
            self._below = _SEVERAL.match(self._original, at) is not None
            if not self._below:
                # "<dt>Memory<dd>24 GB" is a name and its value: "Memory: 24 GB".
                self._builder.add(": ", at, 0)
                self._kind = "item"
                return
        self._flush()
        self._named = tag == "dt"
        self._begin(tag, attributes)
        # What stands below one name several times over is of it, as the items of a list in an item are.
        self._level += tag == "dd" and self._below

    def _begin(self, tag: str, attributes: str) -> None:
        if self._skip:
            return
        self._in_cell = tag in ("td", "th") and bool(self._rows)
        if tag == "table":
            self._rows.append([])
            self._leads.append(lead(self._passages))
        elif tag == "tr" and self._rows:
            self._rows[-1].append([])
        elif self._in_cell:
            self._cell(attributes)
        kind = _BLOCKS[tag]
        if kind:
            self._kind = kind
            self._level = int(tag[1]) if kind == "heading" else 1 + self._lists

    def _cell(self, attributes: str) -> None:
        """Make room for a cell, empty until its text is read, with how many rows and columns it is over."""
        if not self._rows[-1]:
            self._rows[-1].append([])
        over = {match[1].lower(): max(int(match[2]), 1) for match in _SPAN.finditer(attributes)}
        self._rows[-1][-1].append(Spread(None, over.get("row", 1), over.get("col", 1)))

    def _close(self, tag: str, at: int) -> None:
        """End an element, and those that stand open in it."""
        if tag not in self._open[-_NEAREST:]:
            return
        if tag in _BLOCKS and self._in_cell and tag not in _OF_TABLES:
            self._builder.blank(at)
        elif tag in _BLOCKS and tag != "dt" and at >= self._beside:
            self._flush()
            self._in_cell = False
        while self._open:
            ended = self._open.pop()
            self._lists -= ended in ("ul", "ol")
            if self._skip > len(self._open):
                self._skip = 0
            elif ended == "table" and self._rows and not self._skip:
                self._end_table()
            if ended == tag:
                break
        around = reversed(self._open[-_NEAREST:])
        self._kind = next((_BLOCKS[name] for name in around if _BLOCKS.get(name)), "paragraph")

    def _end_table(self) -> None:
        rows = [row for row in spread(self._rows.pop()) if any(row)]
        before = self._leads.pop()
        if rows:
            caption = self._captions.pop() if self._captions else before
            self._tables.append(table_of(rows, self._section, caption))

    def _text(self, start: int, end: int) -> None:
        """Add a stretch of text, with its entities read and its blanks as one."""
        if self._skip or start >= end or (self._open and self._open[-1] == "title"):
            return
        text, at = self._original, start
        for entity in _ENTITY.finditer(text, start, end):
            self._words(at, entity.start())
            self._entity(entity)
            at = entity.end()
        self._words(at, end)

    def _entity(self, entity: re.Match[str]) -> None:
        from html import unescape

        meant = unescape(entity[0])
        if meant.isspace():
            self._builder.blank(entity.start())
        else:
            self._builder.add(meant, entity.start(), len(entity[0]))

    def _words(self, start: int, end: int) -> None:
        at = start
        # "Performance<sup>1</sup>" has a note, and 1 is no part of the word.
        raised = _RAISED if self._open[-1:] == ["sup"] else {}
        for gap in _BLANK.finditer(self._original, start, end):
            self._builder.add(self._original[at : gap.start()].translate(raised), at)
            self._builder.blank(gap.start())
            at = gap.end()
        self._builder.add(self._original[at:end].translate(raised), at)

    def _flush(self) -> None:
        """End the passage that is open."""
        builder, self._builder = self._builder, Builder()
        in_cell = self._in_cell and self._rows and not self._skip
        if builder.empty:
            return
        passage = builder.passage(self._kind, self._level, self._section)
        if in_cell:
            passage = of_cell(passage)
            row = self._rows[-1][-1]
            row[-1] = row[-1]._replace(passage=passage)
        self._passages.append(passage)
        if in_cell:
            return
        if self._kind == "caption" and self._rows:
            self._captions.append(passage.text)
        elif self._kind == "heading":
            del self._section[self._level - 1 :]
            self._section += [""] * (self._level - 1 - len(self._section)) + [passage.text]
            self._title = self._title or passage.text

    def _title_text(self, at: int) -> None:
        """The title of the page."""
        start = self._original.find(">", at) + 1
        end = self._original.find("<", start)
        if 0 < start <= end:
            from html import unescape

            self._title = _BLANK.sub(" ", unescape(self._original[start:end])).strip()[:300]

    def _image(self, attributes: str, at: int) -> None:
        for match in _ATTRIBUTE.finditer(attributes):
            value = match[2] or match[3] or ""
            if match[1].lower() == "alt" and value.strip() and not self._skip:
                self._valued(value, at, "alt")

    def _valued(self, value: str, at: int, kind: str) -> None:
        """A passage from the value of an element's attribute."""
        builder = Builder()
        builder.add(value, max(self._original.find(value, at), at))
        self._passages.append(builder.passage(kind, 0, self._section))

    def _meta(self, attributes: str, at: int) -> None:
        found = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(attributes)}
        name = (found.get("property") or found.get("name") or found.get("itemprop") or "").lower()
        if not self._written and ("published" in name or name in ("date", "dc.date")):
            self._written = day_of(found.get("content", ""))
        if name in SUMMARIES and found.get("content", "").strip():
            self._valued(found["content"], at, "front")
