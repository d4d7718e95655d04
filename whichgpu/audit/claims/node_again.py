"""A machine's price that is multiplied by its GPUs once more: "$32.77 an hour, $4.10 per GPU, and $262 for all eight"."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.prices import signed
from whichgpu.audit.quantities import SPELLED, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_ALL = re.compile(
    rf"\ball (?:of )?(?:the |its )?(?P<n>{'|'.join(SPELLED)}|\d{{1,2}})\b(?!\s*(?:hours|days|months))",
    re.IGNORECASE,
)
_NEAR, _REACH, _LEAST = 0.015, 60, 2


def find(context: Context) -> Iterator[Finding]:
    """Every price for all GPUs of a machine that is so many times the price of the machine."""
    for _, passage in context.document.running():
        text = passage.text
        every = [*signed(text)]
        for match in _ALL.finditer(text) if len(every) > _LEAST else ():
            many = read_number(match["n"])
            for start, end, told in every:
                near = 0 <= match.start() - end < _REACH or 0 <= start - match.end() < _REACH
                before = [value for at, _, value in every if at < start]
                nodes = [
                    one for one in before
                    if abs(told / (many * one) - 1) < _NEAR
                    and any(abs(one / (many * each) - 1) < _NEAR for each in before)
                ]  # fmt: skip
                if many < _LEAST or not near or not nodes or _END.search(text, *sorted((end, match.start()))):
                    continue
                because = (
                    f"{nodes[0]:g} is the price of all {many:g} already, {nodes[0] / many:.3g} that of one"
                )
                yield made(
                    context, passage, (start, end), "rule", "inconsistent", attribute="rent",
                    because=because, expected=f"{nodes[0]:g}", evidence=(Evidence(because),),
                )  # fmt: skip


_END = re.compile(r"[.;?!]\s")
