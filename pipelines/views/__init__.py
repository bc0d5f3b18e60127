"""Views kept in graph sets: which are asked for, made, computed, and may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.lazy import lazily

if TYPE_CHECKING:
    from pipelines.views.fresh import fresh
    from pipelines.views.leakage import (
        check_training,
        stored_name,
        view_for_training,
    )
    from pipelines.views.settings import VIEWS, Asked, asked_views
    from pipelines.views.storing import store_views
else:
    lazily(__name__)

__all__ = [
    "VIEWS",
    "Asked",
    "asked_views",
    "check_training",
    "fresh",
    "store_views",
    "stored_name",
    "view_for_training",
]
