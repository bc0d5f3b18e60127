"""Random networks: valid, small, and of every kind that the language can say."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache, partial
from math import prod
from random import Random

import pytest
import yaml

import spec
from spec.layer import LAYERS, Value
from spec.testing.edits import EDITS, edited, neutral
from spec.testing.listing import Listing, Unfit, outcome
from spec.testing.motifs import MOTIFS
from spec.testing.network import SHAPES, description
from spec.testing.pen import Pen
from spec.testing.writers import MAX_RANK, WRITERS

COUNT = 700
TEXTS = [description(Random(seed)) for seed in range(COUNT)]


@cache
def nets() -> list[spec.Architecture]:
    return [spec.loads(text) for text in TEXTS]


def test_all_load_and_nothing_in_them_is_unused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(nets()) == COUNT
    with pytest.warns(spec.UnusedWarning):
        spec.loads(next(text for text in TEXTS if "vars:" not in text) + "\nvars: {unused: 1}\n")


def test_a_seed_gives_one_network() -> None:
    assert [description(Random(seed)) for seed in range(20)] == TEXTS[:20]
    assert len(set(TEXTS)) > 0.99 * COUNT


WORDS = {
    *(
        "- residual:",
        "- scan:",
        "- repeat:",
        "- sequential:",
        "- parallel:",
        "- block",
        "vars:",
        "outputs:",
    ),
    *("when: false", "when: $", "shortcut: auto", "shortcut: identity", "shortcut:\n", "index: k"),
    *("parameters:", "$size", "${", "causal: true", "keepdim: true", "packed: false", "merge: "),
    *("collect: ", "index: k", "- scan:", "axes:", "- features", "- channels", "inputs: ${["),
    *("${shape[", "share: true", "share: $", "share: n"),
}


def test_every_layer_and_every_structure_is_drawn() -> None:
    assert set(WRITERS) == set(LAYERS)
    left = {*(f"- {type_}" for type_ in LAYERS), *WORDS}
    for seed in range(5 * COUNT):  # what is rare may come late
        text = TEXTS[seed] if seed < COUNT else description(Random(seed))
        left = {word for word in left if word not in text}
        if not left:
            return
    raise AssertionError(f"{left} are not drawn")


@pytest.mark.parametrize("type_", sorted(LAYERS))
def test_every_field_of_a_layer_is_drawn(type_: str) -> None:
    undrawn, writer = set(LAYERS[type_].field_names()), WRITERS[type_]
    for seed in range(2000):
        if undrawn <= {"in2_features"}:
            return
        pen = Pen(Random(seed))
        shape = pen.pick([s for s in SHAPES if writer.least <= len(s) <= writer.most] or [(2, 2)])
        written = writer.write(pen, shape)
        try:
            outcome(type_, pen.meaning(written), [shape] * LAYERS[type_].inputs_allowed[0])
        except Unfit:
            continue
        undrawn -= written.keys()
    raise AssertionError(f"{undrawn} are not drawn")


def test_every_motif_fits_somewhere() -> None:
    fits = Counter[str]()
    for seed in range(400):
        pen = Pen(Random(seed))
        for motif in MOTIFS:
            to = Listing(pen, {}, Value("x", pen.pick(SHAPES)))
            fits[motif.__name__] += to.attempt(motif) and len(to.entries) > 0
    assert min(fits.values()) > 10


def state(to: Listing) -> str:
    return str({name: value for name, value in vars(to).items() if name != "pen"})


def test_what_does_not_fit_is_taken_back() -> None:
    def write(to: Listing) -> None:
        to.add("relu")
        to.add("conv3d", {"out_channels": 2, "kernel_size": 9})

    to = Listing(Pen(Random(0)), {}, Value("x", (3,)))
    before = state(to)
    assert not to.attempt(write)
    assert state(to) == before
    assert to.attempt(partial(Listing.add, type_="relu"))
    assert state(to) != before


def test_they_are_small_and_of_every_rank() -> None:
    shapes = [shape for net in nets() for shape in net.shapes.values()]
    assert {len(shape) for shape in shapes} >= set(range(MAX_RANK + 1))
    assert max(prod(shape) for shape in shapes) <= 200
    assert sum(1 in shape for shape in shapes) > 0.1 * len(shapes)
    outputs = Counter(len(net.outputs) for net in nets())
    inputs = Counter(len(net.inputs) for net in nets())
    assert min(outputs[2], outputs[3], inputs[2], inputs[3]) > 10
    assert sum(bool(net.index_inputs) for net in nets()) > 20
    tied = [net for net in nets() if len(net.tensors) < sum(len(x.tensors) for x in net.layers)]
    assert len(tied) > 0.1 * COUNT


def test_edits_are_of_every_kind_and_leave_inputs_and_tensors_alone() -> None:
    done = Counter[str]()
    for seed, net in enumerate(nets()[:200]):
        rng = Random(seed)
        for _ in range(3):
            other = edited(net, rng)
            if other is None:
                continue
            assert other.hash != net.hash
            assert dict(other.inputs) == dict(net.inputs)
            assert {n: t.shape for n, t in other.tensors.items()} == {
                n: t.shape for n, t in net.tensors.items()
            }
            before, after = ({x.type for x in n.layers} for n in (net, other))
            done["types" if before != after else "others"] += 1
    assert min(done.values()) > 30
    assert len(EDITS) > 10


def test_neutral_edits_keep_shapes_and_tensors() -> None:
    changed = 0
    for seed, net in enumerate(nets()[:200]):
        other = neutral(net, Random(seed))
        assert other.output_shapes == net.output_shapes
        assert list(other.tensors) == list(net.tensors)
        changed += other != net
    assert changed > 150


def test_a_description_is_yaml_that_people_could_write() -> None:
    for text in TEXTS[:50]:
        written = yaml.safe_load(text)
        assert set(written) <= {"vars", "name", "inputs", "layers", "outputs", "blocks"}
