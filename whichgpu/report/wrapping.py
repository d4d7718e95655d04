"""Lines of a paragraph."""

from __future__ import annotations


def wrap(text: str, width: int, first: str = "", rest: str = "", *, cut: bool = True) -> list[str]:
    """The lines of `textwrap.wrap` that breaks at spaces only, the first and the others behind so much.

    A word longer than a line is broken where `cut`. Where single spaces stand between words that fit, as
    nearly everywhere, that module is not imported, which compiles six patterns (5 million instructions).
    """
    words = text.split(" ")
    widest = width - max(len(first), len(rest))
    if words != text.split() or (cut and max(map(len, words)) > widest):
        import textwrap

        return textwrap.wrap(
            text, width, initial_indent=first, subsequent_indent=rest, break_long_words=cut,
            break_on_hyphens=False,
        )  # fmt: skip
    made, line = [], first + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= width:
            line += f" {word}"
        else:
            made.append(line)
            line = rest + word
    return [*made, line]
