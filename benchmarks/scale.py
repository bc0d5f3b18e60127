"""What large sets and large networks cost: constants that are measured, and what follows from them.

Each measurement is a process of its own (`scale_once.py`), on one thread, in processor time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from result import Measure, load, save

ONCE = Path(__file__).with_name("scale_once.py")
SET = 200_000
WIDTH = 998
LAYERS = 4
HIDDEN = (16, 64)
STREAMED = 10_000_000
HOUR, GIB = 3600, 2**30

CORES = 64
"""The cores of the Dask cluster that is reckoned with."""
GPU_FLOPS, GPU_BYTES, GPU_SHARE = 67e12, 4.8e12, 0.5
"""An H200 as its maker describes it: float32 operations and bytes a second; and what is reached."""
PASSES = 20
"""How often a training step on a GPU reads or writes the states of edges, a layer."""

ZOO, ZOO_EDGES, EPOCHS = 100_000, 5_000, 40

Numbers = dict[str, float]


def once(name: str, *arguments: object) -> Numbers:
    """Run one measurement."""
    command = [sys.executable, str(ONCE), name, *map(str, arguments)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Numbers = json.loads(answer.splitlines()[-1])
    print(name, *arguments, found, flush=True)
    return found


def sets() -> tuple[dict[str, Measure], Numbers]:
    """Measure graph sets."""
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "set")
        made, read = once("write_set", place, SET), once("read_set", place)
    numbers = {
        "write": made["seconds"] / SET,
        "open": read["open"] / SET,
        "batch": read["seconds"] / SET,
        "index": made["index"] / SET,
        "parameter": (made["disk"] - made["index"]) / SET / made["parameters"],
        "writing": made["bytes"] / SET,
        "reading": (read["bytes"] - read["values"]) / SET,
    }
    name = f"graph set of {SET:,} networks"
    return {
        f"{name}: parameters of each": Measure(int(made["parameters"]), ""),
        f"{name}: write, a network": Measure(1e6 * numbers["write"], "us"),
        f"{name}: open, a network": Measure(1e6 * numbers["open"], "us"),
        f"{name}: Batch.from_set, a network": Measure(1e6 * numbers["batch"], "us"),
        f"{name}: index on disk, a network": Measure(numbers["index"], "bytes"),
        f"{name}: shards on disk, a parameter": Measure(numbers["parameter"], "bytes"),
        f"{name}: memory to write, a network": Measure(numbers["writing"], "bytes"),
        f"{name}: memory to read beside the values, a network": Measure(
            numbers["reading"], "bytes"
        ),
    }, numbers


def steps() -> tuple[dict[str, Measure], dict[tuple[int, str], tuple[float, float]]]:
    """Measure seconds an edge and layer, and bytes an edge, of one step on one network."""
    measures, numbers = {}, {}
    for hidden in HIDDEN:
        for kind, told in (
            ("infer", "inference"),
            ("train", "training"),
            ("checkpoint", "training, checkpointed"),
        ):
            found = once("step", WIDTH, hidden, LAYERS, kind)
            second = found["seconds"] / found["edges"] / LAYERS
            size = found["bytes"] / found["edges"]
            numbers[hidden, kind] = second, size
            name = f"GMN of {LAYERS} layers, {hidden} wide, {told}"
            measures[f"{name}: an edge and layer"] = Measure(1e9 * second, "ns")
            measures[f"{name}: memory, an edge"] = Measure(size, "bytes")
    return measures, numbers


def large() -> tuple[dict[str, Measure], Numbers]:
    """Measure single large networks."""
    measures: dict[str, Measure] = {}
    edges = 0.0
    for kind, told in (("infer", "inference"), ("checkpoint", "training step, checkpointed")):
        found = once("resnet50", HIDDEN[0], LAYERS, kind)
        edges = found["edges"]
        name = f"ResNet-50, GMN of {LAYERS} layers, {HIDDEN[0]} wide, {told}"
        measures[f"{name}: time"] = Measure(found["seconds"], "s")
        measures[f"{name}: memory"] = Measure(found["bytes"] / GIB, "GiB")
    found = once("llama7b", STREAMED)
    stream = found["seconds"] / found["streamed"]
    measures = {
        "ResNet-50: edges, taps folded": Measure(int(edges), ""),
        **measures,
        "7 B checkpoint: edges": Measure(int(found["edges"]), ""),
        "7 B checkpoint: template": Measure(found["template"], "s"),
        "7 B checkpoint: columns of each edge in a stream": Measure(int(found["columns"]), ""),
        "7 B checkpoint: features in a stream, an edge": Measure(1e9 * stream, "ns"),
        "7 B checkpoint: memory": Measure(found["bytes"] / 1e6, "MB"),
    }
    return measures, {"resnet50": edges, "llama7b": found["edges"], "stream": stream}


def on_gpu(edges: float, hidden: int) -> float:
    """Estimate a training step on a GPU: the longer of its products and of its memory's traffic."""
    products = 3 * 2 * 2 * hidden**2 / GPU_FLOPS
    traffic = PASSES * 4 * hidden / GPU_BYTES
    return edges * LAYERS * max(products, traffic) / GPU_SHARE


def on_paper(
    sets: Numbers, steps: dict[tuple[int, str], tuple[float, float]], large: Numbers
) -> dict[str, Measure]:
    """Reckon what follows from the constants."""
    _, zoo = load("zoo_factory")
    network = zoo["one pinned process: a network"].value
    fitting = ZOO * network / HOUR
    writing = ZOO * sets["write"]
    edges = ZOO * ZOO_EDGES * EPOCHS
    wide, narrow = HIDDEN[1], HIDDEN[0]
    training = edges * LAYERS * steps[wide, "train"][0] / HOUR
    disk = ZOO * (ZOO_EDGES * sets["parameter"] + sets["index"])
    held = ZOO * sets["reading"] + 4 * ZOO * ZOO_EDGES
    name = f"zoo of {ZOO:,} networks of {ZOO_EDGES:,} parameters"
    resnet, llama = large["resnet50"], large["llama7b"]
    infer, train = steps[wide, "infer"], steps[wide, "checkpoint"]
    return {
        f"{name}: disk": Measure(disk / 1e9, "GB"),
        f"{name}: memory where it is all read": Measure(held / 1e9, "GB"),
        f"{name}: making it, one core": Measure(fitting, "h"),
        f"{name}: making it, a cluster of {CORES} cores": Measure(fitting / CORES, "h"),
        f"{name}: compiling it, one core": Measure(writing, "s"),
        f"{name}: a GMN {wide} wide, {EPOCHS} epochs, one core": Measure(training, "h"),
        f"{name}: a GMN {wide} wide, {EPOCHS} epochs, one H200 (estimate)": Measure(
            on_gpu(edges, wide) / HOUR, "h"
        ),
        f"ResNet-50, GMN {wide} wide: inference, one core": Measure(
            resnet * LAYERS * infer[0], "s"
        ),
        f"ResNet-50, GMN {wide} wide: memory of inference": Measure(resnet * infer[1] / GIB, "GiB"),
        f"ResNet-50, GMN {wide} wide: training step, one core": Measure(
            resnet * LAYERS * train[0], "s"
        ),
        f"ResNet-50, GMN {wide} wide: memory of training": Measure(resnet * train[1] / GIB, "GiB"),
        f"ResNet-50, GMN {wide} wide: training step, one H200 (estimate)": Measure(
            on_gpu(resnet, wide), "s"
        ),
        "7 B checkpoint: all features in a stream, one core": Measure(
            llama * large["stream"] / 60, "minutes"
        ),
        f"7 B checkpoint, GMN {narrow} wide: inference, one core": Measure(
            llama * LAYERS * steps[narrow, "infer"][0] / 60, "minutes"
        ),
        f"7 B checkpoint, GMN {narrow} wide: memory of inference": Measure(
            llama * steps[narrow, "infer"][1] / GIB, "GiB"
        ),
        f"7 B checkpoint, GMN {narrow} wide: memory of training": Measure(
            llama * steps[narrow, "checkpoint"][1] / GIB, "GiB"
        ),
    }


def main() -> None:
    of_sets, set_numbers = sets()
    of_steps, step_numbers = steps()
    of_large, large_numbers = large()
    save("scale", {**of_sets, **of_steps, **of_large})
    save("scale_on_paper", on_paper(set_numbers, step_numbers, large_numbers))


if __name__ == "__main__":
    main()
