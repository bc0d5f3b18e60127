"""The signals that the networks of a graph set encode, if they are INRs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphgen import GraphSet
from graphgen.graph_set import INDEX
from pipelines import signals
from pipelines.errors import PipelineError
from pipelines.runs.restore import applying
from pipelines.signals import Signal, SignalSet


def signals_of(graph_set: GraphSet) -> SignalSet | None:
    """Load the signals that a graph set says its networks encode; None if it says nothing."""
    about = graph_set.index["about"].get("signals")
    if about is None:
        return None
    with applying(f"{graph_set.folder / INDEX}: about.signals"):
        known = signals.options_of(about["name"])
        if lacking := [name for name in known if name not in about]:
            raise PipelineError(
                f"{about['name']!r} without {', '.join(lacking)}; make the graph set again"
            )
        options = {name: about[name] for name in known}
        return signals.load(about["name"], about["seed"], **options)


def signal_of(signal_set: SignalSet, record: Mapping[str, Any]) -> Signal:
    """Give the signal that a network encodes: of its own split, by its number there."""
    if "signal" not in record:
        raise PipelineError(
            f"network {record.get('index')} does not say which `signal` it encodes; make the graph "
            "set again, of a zoo of INRs"
        )
    split = record.get("signal_split") or ("test" if record["split"] == "test" else "train")
    return signal_set.signal(split, record["signal"])
