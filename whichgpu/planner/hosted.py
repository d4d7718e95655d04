"""A hosted API's price per million tokens as one more offer to break even against.

With USD per million tokens in and out, a request of so many of each costs

    USD per output token = (in * input tokens / output tokens + out) / 1e6

and a fleet of so many USD/h is the cheaper from `USD/h / 3600 / USD per output token` output tokens/s on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from datetime import date

#: USD per million tokens above which a price is a slip of the keyboard.
_ABSURD = 1e5
_PRICE = (
    r"\$?\s*(?P<input>-?[\d.]+)\s*(?:/\s*\$?\s*(?P<output>-?[\d.]+))?\s*(?:USD|\$|usd)?\s*"
    r"(?:(?:per|/)\s*(?P<count>1 ?M|M|mtok|million|1k|k|thousand|1000|1,000)(?:\s*tok(?:en)?s?)?)?"
)


class ApiPrice(NamedTuple):
    """USD per million tokens in and out; `provider`, `model` and `source` of a published one."""

    usd_input: float
    usd_output: float
    text: str
    provider: str = "stated"
    model: str = ""
    source: str = ""
    as_of: date | None = None

    def usd_per_output_token(self, input_tokens: float, output_tokens: float) -> float:
        """USD of a token made, that of its prompt included."""
        return (self.usd_input * input_tokens / max(output_tokens, 1.0) + self.usd_output) / 1e6

    def to_dict(self) -> dict[str, Any]:
        """As plain data; USD per million tokens."""
        return {
            "provider": self.provider, "model": self.model, "usd_per_million_input": self.usd_input,
            "usd_per_million_output": self.usd_output, "source": self.source,
            "as_of": self.as_of.isoformat() if self.as_of else None, "text": self.text,
        }  # fmt: skip


def read_api_price(text: str) -> ApiPrice:
    """`"0.60/2.40 USD per million"`, or one price for both; raises `UsageError` for what is none."""
    found = re.fullmatch(_PRICE, " ".join(text.split()))
    if found is None:
        raise UsageError(
            f"--api-price '{one_line(text)}' is not a price of tokens; write e.g. "
            '--api-price "0.60/2.40 USD per million" (prompts / answers)'
        )
    scale = 1e3 if (found["count"] or "M").lower() in ("1k", "k", "thousand", "1000", "1,000") else 1.0
    try:
        prompts = float(found["input"]) * scale
        answers = prompts if found["output"] is None else float(found["output"]) * scale
    except ValueError:
        raise UsageError(f"--api-price '{one_line(text)}' holds no number; write e.g. 0.60/2.40") from None
    if prompts < 0 or answers <= 0:
        raise UsageError(f"--api-price '{one_line(text)}' is not above zero")
    if max(prompts, answers) > _ABSURD:
        raise UsageError(f"--api-price '{one_line(text)}' is absurd for a million tokens; is it a slip?")
    return ApiPrice(prompts, answers, text.strip())
