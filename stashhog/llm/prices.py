"""What tokens cost: the operator's own prices, else a table that comes with a library.

Rules:
- An unknown price is None, never 0: a model at an address that the table does not know (a server
  of one's own, too) has no price until the operator says one.
- Nothing is fetched; the table is as old as the installed release of the library.
- The library is heavy: `load_table` loads it in a thread once a model is set, so that the first
  price holds nobody up.
"""

from __future__ import annotations

from typing import Any

from stashhog.core.config import OpenAISettings

_MILLION = 1_000_000


def cost_usd(
    settings: OpenAISettings, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0
) -> float | None:
    """Price tokens in US dollars.

    Args:
        settings: Model, address, and the operator's own prices.
        input_tokens: All tokens sent, the cached ones among them.
        output_tokens: Tokens answered.
        cached_tokens: Those of the sent ones that the server had cached.
    """
    cached_tokens = min(cached_tokens, input_tokens)
    ours, theirs = settings.input_usd_per_million, settings.output_usd_per_million
    if ours is not None and theirs is not None:
        cached = settings.cached_usd_per_million
        fresh = (input_tokens - cached_tokens) * ours
        old = cached_tokens * (ours if cached is None else cached)
        return (fresh + old + output_tokens * theirs) / _MILLION
    table = load_table()
    usage = table.Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens
    )
    try:
        price = table.calc_price(usage, settings.model, provider_api_url=settings.effective_url)
    except LookupError:
        return None
    return float(price.total_price)


def load_table() -> Any:
    """Load the library with the table."""
    import genai_prices  # noqa: PLC0415 - heavy, and most installations ask no model

    return genai_prices
