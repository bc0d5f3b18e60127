"""A symmetry that is shown moves the map's weights as `Permutation.apply` does."""

from __future__ import annotations

import numpy as np
import pytest
from drawing.values_pages import image_of

import graphgen
from graphgen.drawing.matrix import MatrixView

DONE = "document.querySelector('#symmetries [data-example][aria-pressed=true]')"


def play(seen, family, example):
    seen.page.select_option("#family", str(family))
    seen.page.click(f"#symmetries [data-example='{example}']")
    seen.page.wait_for_selector(
        f"#symmetries [data-example='{example}'][aria-pressed=true]", state="attached"
    )


def expected(seen, weights):
    found = {}
    for index, block in enumerate(seen.made.template.blocks):
        if block.tensor is not None:
            found[index] = MatrixView(block).display(block.view(weights[block.tensor]))
    return found


def differ(shown, wanted):
    return [i for i in shown if not np.array_equal(shown[i], wanted[i].astype(np.float32))]


def permutations(data):
    return [
        (at, number, example)
        for at, family in enumerate(data["symmetries"]["families"])
        if family["kind"] not in ("sign", "scale")
        for number, example in enumerate(family["examples"])
    ]


@pytest.mark.parametrize("net", ["cnn", "gpt2", "mobilenet"])
def test_the_map_shows_the_moved_weights(look, net):
    seen = look(net)
    group = graphgen.symmetries(net)
    before = seen.displayed()
    turned = 0
    for family, number, example in permutations(seen.made.data)[:8]:
        nodes = np.array(image_of(seen.made.data, example))
        play(seen, family, number)
        shown = seen.displayed()
        assert (
            differ(shown, expected(seen, group.permutation(nodes).apply(seen.made.weights))) == []
        )
        assert differ(shown, before)
        inverse = np.argsort(nodes)
        turned += bool(
            differ(shown, expected(seen, group.permutation(inverse).apply(seen.made.weights)))
        )
        seen.page.click("#symmetries [data-back]")
        seen.page.wait_for_selector("#symmetries [data-back][disabled]", state="attached")
        assert differ(seen.displayed(), before) == []
    assert turned, "a shuffle and its inverse are told apart"


def test_what_is_pointed_at_is_the_moved_value(look):
    seen = look("cnn")
    family, number, example = next(
        found for found in permutations(seen.made.data) if found[2]["title"] != "swap 0 and 1"
    )
    nodes = np.array(image_of(seen.made.data, example))
    moved = graphgen.symmetries("cnn").permutation(nodes).apply(seen.made.weights)
    play(seen, family, number)
    for place in ((5, 2, 1, 1), (0, 0, 0, 0), (12, 7, 2, 2)):
        seen.page.mouse.move(*seen.place("3.weight", place))
        told = seen.page.inner_text("#tip").splitlines()[0]
        assert np.float32(told) == moved["3.weight"][place]


def test_outputs_stay_and_those_of_the_control_do_not(look):
    seen = look("cnn")
    play(seen, 1, 1)
    told = seen.page.inner_text("#outputs")
    example = seen.made.data["symmetries"]["families"][1]["examples"][1]
    assert "After, in all its tensors" in told
    assert f"only {example['control_tensor']}" in told
    assert seen.page.locator("#outputs svg").count() == 3
    assert example["largest_change"] < 1e-6 < 1e-3 < example["control_change"]


def test_rows_glide_before_columns(look):
    seen = look("cnn", reduced_motion="no-preference")
    seen.page.select_option("#family", "1")
    phases = seen.run(
        """() => new Promise((done) => {
            const seen = [];
            const look = () => {
                if (viewer.motion) seen.push(viewer.motion.part);
                else if (seen.length) return done(seen);
                requestAnimationFrame(look);
            };
            document.querySelector("#symmetries [data-example='1']").click();
            look();
        })"""
    )
    # From 0 to 1 rows glide, from 1 to 2 columns; a busy machine sees few of the frames.
    assert phases == sorted(phases)
    assert phases[0] == 0
    assert max(phases) <= 2
