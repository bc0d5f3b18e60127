"""The exam: inputs made from the best networks, and what every network answers to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau
from torch import Tensor
from torch.nn import functional as F

import graphgen
import spec
from graphgen import Symmetries
from graphgen.testing import random_weights
from metanet import Batch, MetanetError
from metanet.evaluate import initial_weights, run
from metanet.views import ExamSharpness, Sharpness, make
from metanet.views.exam import Exam
from metanet.views.exam_numbers import COLUMNS, SETS

CLASSES = 3
BODIES = {
    "mlp": "[flatten, {linear: {out_features: 6}}, relu, {linear: {out_features: 3}}]",
    "cnn": "[{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu, "
    "{adaptive_avg_pool2d: {output_size: 2}}, flatten, {linear: {out_features: 3}}]",
}
IMAGES = {
    name: spec.loads(f"inputs: {{x: [1, 6, 6]}}\nlayers: {body}") for name, body in BODIES.items()
}
OTHERS = {
    "a signal": "inputs: {x: [2, 9]}\nlayers: [{conv1d: {out_channels: 4, kernel_size: 3}}, tanh, "
    "flatten, {linear: {out_features: 4}}, softmax]",
    "a vector": "inputs: {x: [5]}\nlayers: [{linear: {out_features: 4}}, relu, "
    "{linear: {out_features: 2}}, log_softmax]",
    "colours": "inputs: {x: [3, 7, 5]}\nlayers: [{conv2d: {out_channels: 4, kernel_size: 3}}, "
    "group_norm: {num_groups: 2}, relu, {adaptive_avg_pool2d: {output_size: 1}}, "
    "{conv2d: {out_channels: 12, kernel_size: 1}}]",
    "a volume": "inputs: {x: [1, 4, 4, 4]}\nlayers: [flatten, {linear: {out_features: 3}}]",
    "two inputs": "inputs: {a: [3], b: [2, 3]}\nlayers: [{flatten: {inputs: [b], name: f}}, "
    "{concat: {inputs: [a, f]}}, {linear: {out_features: 5}}]",
}
REFUSED = {
    "one output": ("inputs: {x: [4]}\nlayers: [{linear: {out_features: 1}}]", "several classes"),
    "an answer everywhere": (
        "inputs: {x: [1, 6, 6]}\nlayers: [{conv2d: {out_channels: 3, kernel_size: 3}}]",
        "several classes",
    ),
    "coordinates": (
        "inputs: {x: [2]}\nlayers: [{linear: {out_features: 6}}, {sine: {frequency: 30}}, "
        "{linear: {out_features: 3}}]",
        "coordinates",
    ),
    "tokens": (
        "inputs: {x: [4]}\nlayers: [{embedding: {num_embeddings: 7, embedding_dim: 3}}, flatten, "
        "{linear: {out_features: 2}}]",
        "indices",
    ),
}
FEW: dict[str, Any] = {"steps": 3, "per_class": 2, "panel": 3, "at_once": 2}


def task(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Bars: a class is where an image is bright."""
    labels = torch.randint(CLASSES, (count,), generator=generator)
    images = 1.3 * torch.randn(count, 1, 6, 6, generator=generator)
    for place, label in enumerate(labels.tolist()):
        images[place, :, 2 * label : 2 * label + 2] += 1.2
    return images, labels


@pytest.fixture(scope="module")
def zoo() -> tuple[list[graphgen.Graph], np.ndarray]:
    """Small networks of two kinds, trained for longer or shorter, and how good they are."""
    generator = torch.Generator().manual_seed(0)
    images, labels = task(256, generator)
    graphs, scores = [], []
    for place in range(36):
        net = IMAGES[("mlp", "cnn")[place % 2]]
        weights = initial_weights(net, generator)
        own = [weights[name].requires_grad_() for name in net.parameters]
        optimizer = torch.optim.Adam(own, lr=0.008)
        for _ in range(place):
            loss = F.cross_entropy(run(net, weights, images[:64], training=True), labels[:64])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            answers = run(net, weights, images[64:]).argmax(1)
        scores.append(float((answers == labels[64:]).double().mean()))
        arrays = {n: w.detach().numpy().copy() for n, w in weights.items()}
        graphs.append(graphgen.compile(net, arrays))
    return graphs, np.array(scores)


def numbers(exam: Exam, graphs: list[graphgen.Graph]) -> Tensor:
    batch = Batch.from_graphs(graphs)
    found = torch.cat([exam.compute(part) for part in batch.parts])
    return found[batch.order]


def random_graphs(net: spec.Architecture, count: int = 4, **more: Any) -> list[graphgen.Graph]:
    rng = np.random.default_rng(0)
    return [graphgen.compile(net, random_weights(net, rng), **more) for _ in range(count)]


def test_it_ranks_networks_that_it_was_not_made_of(zoo: Any) -> None:
    graphs, scores = zoo
    own, others = list(range(0, 36, 3)), [i for i in range(36) if i % 3]
    options: dict[str, Any] = {"steps": 60, "per_class": 24, "panel": 6}
    exam = Exam.make(Batch.from_graphs([graphs[i] for i in own]), scores[own], **options)
    asked = [graphs[i] for i in others]

    def tau(exam: Exam, number: str) -> float:
        places = [COLUMNS.index(f"{questions}_{number}") for questions in SETS]
        found = numbers(exam, asked)[:, places].mean(1)
        return float(kendalltau(found.numpy(), scores[others]).statistic)

    assert tau(exam, "accuracy") > 0.5
    assert tau(exam, "log_probability") > 0.6
    unmade = Exam.make(
        Batch.from_graphs([graphs[i] for i in own]), scores[own], **{**options, "steps": 0}
    )
    assert tau(unmade, "accuracy") < 0.2
    assert tau(unmade, "log_probability") < 0
    assert sorted(exam.panel.tolist()) == sorted(np.argsort(-scores[own], kind="stable")[:6])


def test_permuting_neurons_changes_nothing() -> None:
    graphs = [graph for net in IMAGES.values() for graph in random_graphs(net)]
    exam = Exam.make(Batch.from_graphs(graphs), [k / 10 for k in range(8)], **FEW)
    rng = np.random.default_rng(1)
    permuted = [
        g.template.bind(Symmetries(g.template).sample(rng).apply(g.weights())) for g in graphs
    ]
    expected, actual = numbers(exam, graphs), numbers(exam, permuted)
    assert expected.dtype == torch.float64
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)
    broken = {n: np.roll(w, 1, 0) for n, w in graphs[0].weights().items()}
    other = numbers(exam, [graphs[0].template.bind(broken)])
    assert not torch.allclose(other[0], expected[0], atol=1e-3)


@pytest.mark.parametrize("name", OTHERS)
def test_any_inputs_and_classes(name: str) -> None:
    net = spec.loads(OTHERS[name])
    batch = Batch.from_graphs(random_graphs(net))
    exam = Exam.make(batch, [0.1, 0.9, 0.5, 0.4], **FEW)
    found = exam.compute(batch.parts[0])
    assert found.shape == (4, len(exam.columns))
    assert found.isfinite().all()
    assert (found.std(0) > 1e-6).sum() > len(COLUMNS) / 2
    classes = max(net.output_shapes[0])
    assert [tuple(x.shape) for x in exam.inputs] == [
        (2 * classes, *shape) for shape in net.inputs.values()
    ]
    assert [len(x) for x in exam.questions] == [len(SETS) * 2 * classes] * len(net.inputs)


def test_accuracies_are_those_of_torch() -> None:
    net = spec.loads(OTHERS["a signal"])
    batch = Batch.from_graphs(random_graphs(net))
    exam = Exam.make(batch, [0.1, 0.9, 0.5, 0.4], **FEW)
    found = exam.compute(batch.parts[0])
    count = len(exam.labels)
    for row, graph in zip(found, random_graphs(net), strict=True):
        weights = {n: torch.from_numpy(np.array(w)) for n, w in graph.weights().items()}
        shares = run(net, weights, exam.questions[0])
        for place, questions in enumerate(SETS):
            own = shares[place * count : (place + 1) * count]
            right = (own.argmax(1) == exam.labels).double().mean()
            assert row[COLUMNS.index(f"{questions}_accuracy")] == pytest.approx(float(right))
            mean = own[torch.arange(count), exam.labels].mean()
            assert row[COLUMNS.index(f"{questions}_probability")] == pytest.approx(float(mean))


def test_the_same_seed_makes_the_same_exam_and_its_state_all_of_it() -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["cnn"]))
    scores = [0.1, 0.9, 0.5, 0.4]
    exam = Exam.make(batch, scores, **FEW)
    expected = exam.compute(batch.parts[0])
    same, other = Exam.make(batch, scores, **FEW), Exam.make(batch, scores, seed=1, **FEW)
    assert torch.equal(same.compute(batch.parts[0]), expected)
    assert not torch.equal(other.compute(batch.parts[0]), expected)
    state = exam.state()
    assert all(isinstance(tensor, Tensor) for tensor in state.values())
    again = Exam.from_state({name: tensor.clone() for name, tensor in state.items()})
    assert torch.equal(again.compute(batch.parts[0]), expected)
    with pytest.raises(MetanetError, match="questions"):
        Exam.from_state({"labels": state["labels"]})
    sharpness = ExamSharpness.of(exam).state()
    assert torch.equal(
        ExamSharpness.from_state(sharpness).compute(batch.parts[0]),
        ExamSharpness.of(exam).compute(batch.parts[0]),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": lambda x: x[:-1]}, "8 for each label"),
        ({"labels": lambda x: x.float()}, "expected a tensor .* of integers"),
        ({"labels": lambda x: x[0]}, "expected a tensor .* of integers"),
        ({"labels": lambda x: x + 100}, "from 0 to 2"),
        ({"labels": lambda x: x - 1}, "`labels` has -1"),
        ({"labels": lambda x: x * 0}, "lacks some of the 3 classes"),
        ({"consensus": lambda x: x[:, 0]}, "`consensus` is"),
        ({"consensus": lambda x: x[1:]}, "`consensus` is"),
        ({"consensus": lambda x: x * torch.nan}, "not finite"),
        ({"questions.0": lambda x: x / 0}, "not finite"),
        ({"questions.0": lambda x: x[:3]}, "8 for each label"),
        ({"panel": lambda x: "x"}, "holds the tensors questions.0, labels, consensus, panel"),
        ({"questions.1": lambda x: torch.zeros(3, 2)}, "`inputs` are"),
    ],
)
def test_a_state_that_is_none_of_an_exam_is_refused(changes: dict[str, Any], words: str) -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["cnn"]))
    state: dict[str, Any] = Exam.make(batch, [0.1, 0.9, 0.5, 0.4], **FEW).state()
    Exam.from_state(state)  # control
    changed = {name: change(state.get(name)) for name, change in changes.items()}
    with pytest.raises(MetanetError, match=words):
        Exam.from_state({**state, **changed})


IMAGE, CLASS = torch.zeros(4, 1, 6, 6), torch.tensor([0, 1, 2, 2])


@pytest.mark.parametrize(
    ("inputs", "labels", "words"),
    [
        ([IMAGE], CLASS[:3], "there are 3 labels, expected inputs 3 long"),
        ([], CLASS[:3], "got none"),
        ([IMAGE], CLASS + 1, "`labels` has 3, expected classes of the networks, from 0 to 2"),
        ([IMAGE], CLASS - 1, "`labels` has -1"),
        ([IMAGE], CLASS.float(), "of integers"),
        ([IMAGE], [0, 1, 2, 2], "of integers"),
        ([IMAGE[:0]], CLASS[:0], "long"),
        (IMAGE, CLASS, "expected a sequence of tensors"),
        ([3], None, "expected a sequence of tensors"),
    ],
)
def test_labels_are_one_for_each_input(inputs: Any, labels: Any, words: str) -> None:
    (part,) = Batch.from_graphs(random_graphs(IMAGES["mlp"])).parts
    assert Sharpness([IMAGE], CLASS).compute(part).shape == (4, 36)  # control
    assert Sharpness([IMAGE]).compute(part).shape == (4, 36)
    with pytest.raises(MetanetError, match=words):
        Sharpness(inputs, labels).compute(part)
    with pytest.raises(MetanetError):
        ExamSharpness.from_state({"inputs.0": IMAGE, "labels": CLASS + 9}).compute(part)


def test_a_panel_has_no_more_networks_than_there_are() -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["mlp"], 2))
    with pytest.raises(MetanetError, match="`panel` is 3, expected at most 2"):
        Exam.make(batch, [0.5, 0.6], **FEW)
    assert len(Exam.make(batch, [0.5, 0.6], **{**FEW, "panel": 2}).panel) == 2


def test_networks_without_weights_are_refused() -> None:
    net = spec.loads("inputs: {x: [4]}\nlayers: [relu]")
    batch = Batch.from_graphs(random_graphs(net, 2))
    with pytest.raises(MetanetError, match="no weights"):
        Exam.make(batch, [0.5, 0.6], steps=1)
    for name in ("function", "sharpness", "responses"):
        with pytest.raises(MetanetError, match="no weights"):
            make(name).compute(batch.parts[0])


def test_only_the_panel_decides_what_is_asked() -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["mlp"], 5))
    scores = [0.9, 0.8, 0.7, 0.2, 0.1]
    exam = Exam.make(batch, scores, **FEW)
    (part,) = batch.parts
    for row, same in ((4, True), (0, False)):
        values = part.values.clone()
        values[row] += 1
        changed = Exam.make(Batch((replace(part, values=values),)), scores, **FEW)
        assert torch.equal(changed.questions[0], exam.questions[0]) is same


@pytest.mark.parametrize("values", [0.0, 1e-30, 1e30, float("nan"), float("inf")])
def test_numbers_are_finite_whatever_the_weights(values: float) -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["cnn"]))
    (part,) = batch.parts
    given = part.values.float()
    strange = torch.cat([given[:2], torch.full_like(given[2:], values)])
    part = replace(part, values=strange)
    exam = Exam.make(Batch((part,)), [0.5, 0.4, 0.9, 0.8], **FEW)
    assert all(x.isfinite().all() for x in exam.questions)
    assert exam.compute(part).isfinite().all()


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_cannot_be_asked_are_refused(name: str) -> None:
    text, reason = REFUSED[name]
    batch = Batch.from_graphs(random_graphs(spec.loads(text), 2))
    with pytest.raises(MetanetError, match=reason):
        Exam.make(batch, [0.5, 0.6], **FEW)


@pytest.mark.parametrize(
    "other",
    [
        "inputs: {x: [1, 6, 7]}\nlayers: " + BODIES["mlp"],
        "inputs: {x: [1, 6, 6]}\nlayers: [flatten, {linear: {out_features: 4}}]",
    ],
)
def test_networks_that_share_no_task_are_refused(other: str) -> None:
    graphs = random_graphs(IMAGES["mlp"], 1) + random_graphs(spec.loads(other), 1)
    with pytest.raises(MetanetError, match="share their inputs and their classes"):
        Exam.make(Batch.from_graphs(graphs), [0.5, 0.6], **FEW)
    exam = Exam.make(Batch.from_graphs(graphs[:1]), [0.5], **{**FEW, "panel": 1})
    with pytest.raises(MetanetError, match="this exam asks"):
        exam.compute(Batch.from_graphs(graphs[1:]).parts[0])


@pytest.mark.parametrize("scores", [[0.5], [0.5, 1.5], [0.5, float("nan")], "good", [0.5, "b"]])
def test_scores_that_are_no_shares_are_refused(scores: Any) -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["mlp"], 2))
    with pytest.raises(MetanetError, match="`scores`"):
        Exam.make(batch, scores, **FEW)


def test_views_that_are_made_from_networks_are_made_of_an_exam() -> None:
    batch = Batch.from_graphs(random_graphs(IMAGES["mlp"]))
    exam = Exam.make(batch, [0.1, 0.9, 0.5, 0.4], **FEW)
    assert make("exam", exam) is exam
    (part,) = batch.parts
    found = make("exam_sharpness", exam).compute(part)
    assert torch.equal(found, Sharpness(exam.inputs, exam.labels).compute(part))
    assert not torch.equal(found, make("sharpness").compute(part))
    for name in ("exam", "exam_sharpness"):
        for other in (None, make("sharpness"), "exam"):
            with pytest.raises(MetanetError, match=rf"make\('{name}', exam\) with exam = .*Exam"):
                make(name, other)  # type: ignore[arg-type]
    with pytest.raises(MetanetError, match="'sharpness' takes no exam, .*: exam, exam_sharpness"):
        make("sharpness", exam)
    with pytest.raises(MetanetError, match="`exam` is 3, expected an exam"):
        ExamSharpness.of(3)  # type: ignore[arg-type]
