"""The signals that the networks of a graph set encode, if they are INRs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen import GraphSet
from pipelines import signals
from pipelines.signals import Signal, SignalSet


def signals_of(graph_set: GraphSet) -> SignalSet | None:
    """Load the signals that a graph set says its networks encode; None if it says nothing."""
    about = graph_set.index["about"].get("signals")
    if about is None:
        return None
    options = {name: about[name] for name in signals.OPTIONS[about["name"]]}
    return signals.load(about["name"], about["seed"], **options)


def signal_of(signal_set: SignalSet, record: Mapping[str, Any]) -> Signal:
    """Give the signal that a network encodes: of its own split, by its number there."""
    split = "test" if record["split"] == "test" else "train"
    return signal_set.signal(split, record["signal"])
