"""What a page shows of a network's values: one by one or in bins, and their statistics."""

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from graphgen.drawing.values.blocks import BlockValues
    from graphgen.drawing.values.networks import Network, network
    from graphgen.drawing.values.page import page_data
else:
    lazily(__name__)

__all__ = ["BlockValues", "Network", "network", "page_data"]
