"""What a model costs: the recipe's price, nothing for models on this machine, else litellm's bundled table.

The table is read as a file; litellm is not imported. A price that is not known is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from datagen_cli.config.models import ModelOptions, Price
from datagen_cli.llm.keys import Target
from datagen_cli.llm.vendors import CACHED_PRICE, is_host_of, litellm_catalog, prefix_of, vendor_of_name

FREE = Price(input_per_million=0.0, output_per_million=0.0)
CHAT_MODES = ("chat", "completion", "responses")


@dataclass(frozen=True, slots=True)
class Rate:
    """USD per token: input, output, and input that the endpoint has in its cache (None: like any other)."""

    input_usd: float
    output_usd: float
    cached_usd: float | None = None

    def cost_usd(self, tokens_in: int, tokens_out: int, cached: int = 0) -> float:
        """What so many tokens cost; `cached` of those in were in the endpoint's cache."""
        saved = cached * (self.input_usd - self.cached_usd) if self.cached_usd is not None else 0.0
        return tokens_in * self.input_usd + tokens_out * self.output_usd - saved


def price_of(options: ModelOptions, target: Target) -> Price | None:
    """The price of a model in USD per million tokens; None when nobody says it.

    A model at an address of the user's own, in the recipe or in the environment, has the table's price only where that
    address is the vendor's.
    """
    if isinstance(options.price, Price):
        return options.price
    if options.price == "free" or options.provider.free or target.loopback:
        return FREE
    vendor = vendor_of_name(prefix_of(options.name))
    if vendor.free:
        return FREE
    at_home = is_host_of(vendor, (target.host or "").partition(":")[0])
    if not at_home and (options.base_url is not None or vendor.hosts):
        return None
    return listed_price(options.name)


def listed_price(name: str) -> Price | None:
    """The price of a name in litellm's table, with its provider's prefix or without; None when it is not there.

    An entry that says 0 for both is taken for "not known": the table writes 0 for many paid models.
    """
    table = litellm_catalog()
    prefix, _, rest = name.partition("/")
    candidates = [(name, None)] + ([(rest, prefix)] if rest else [])
    for candidate, provider in candidates:
        entry = table.get(candidate)
        if entry is None or entry.get("mode", "chat") not in CHAT_MODES:
            continue
        if provider is not None and not str(entry.get("litellm_provider", "")).startswith(provider):
            continue
        into, out = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
        if isinstance(into, int | float) and isinstance(out, int | float) and (into or out):
            cached = entry.get(CACHED_PRICE)
            return Price(
                input_per_million=into * 1e6,
                output_per_million=out * 1e6,
                cached_per_million=cached * 1e6 if isinstance(cached, int | float) else None,
            )
    return None


def share_of(price: Price | None, share: float) -> Price | None:
    """A share of a price: what the batch API costs."""
    if price is None:
        return None
    return Price(**{name: value * share for name, value in price.model_dump(exclude_none=True).items()})


def rate_of(price: Price | None) -> Rate | None:
    if price is None:
        return None
    said = (price.input_per_million, price.output_per_million, price.cached_per_million)
    return Rate(*(None if one is None else one / 1e6 for one in said))  # type: ignore[arg-type]
