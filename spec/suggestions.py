"""Suggestions: what a misspelt word may have been meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from spec.synonyms import FIELD_WORDS, LAYER_WORDS

MOST_OPTIONS = 300
LONGEST_WORD = 40


def suggest(word: str, options: Iterable[object]) -> str:
    """Give `; did you mean ...?` where an option is close, else nothing.

    Words of more than 40 characters, and what comes after 300 options, are left aside.

    >>> suggest("conv2b", ["linear", "conv2d"])
    "; did you mean 'conv2d'?"
    """
    if len(word) > LONGEST_WORD:
        return ""
    words = [str(option) for option in islice(options, MOST_OPTIONS)]
    close = _closest(word, tuple(other for other in words if len(other) <= LONGEST_WORD))
    return f"; did you mean {close[0]!r}?" if close else ""


def suggest_layer(word: str, options: Iterable[object]) -> str:
    """Suggest a layer: the name as others spell it, what the field calls so, or a close one.

    >>> suggest_layer("torch.nn.LeakyReLU", ["leaky_relu"]), suggest_layer("Dense", ["linear"])
    ("; did you mean 'leaky_relu'?", "; did you mean 'linear'?")
    >>> suggest_layer("unbind", [])
    '; did you mean `select` with each `index`?'
    """
    words = [str(option) for option in islice(options, MOST_OPTIONS)]
    for form in forms(word):
        same = [option for option in words if form in forms(option)[:1]]
        if same:
            return f"; did you mean {same[0]!r}?"
    for form in forms(word):
        meant = LAYER_WORDS.get(form)
        if meant is not None:
            return f"; did you mean {meant if '`' in meant or ' ' in meant else repr(meant)}?"
    return suggest(word, words)


def suggest_field(word: str, options: Iterable[object]) -> str:
    """Suggest a field as `suggest_layer` does a layer.

    >>> suggest_field("filters", ["in_channels", "out_channels"])
    "; did you mean 'out_channels'?"
    """
    words = [str(option) for option in islice(options, MOST_OPTIONS)]
    form = (forms(word) or [""])[0]
    same = [option for option in words if [form] == forms(option)[:1]]
    same += [option for option in FIELD_WORDS.get(form, ()) if option in words]
    return f"; did you mean {same[0]!r}?" if same else suggest(word, words)


@lru_cache(maxsize=4096)
def forms(word: str) -> list[str]:
    """Write a word as libraries do that spell it otherwise: without dots, capitals, dimensions.

    >>> forms("tf.keras.layers.Conv2D")
    ['conv2d', 'conv']
    """
    if len(word) > LONGEST_WORD:
        return []
    plain = re.sub(r"[^a-z0-9]", "", word.rpartition(".")[2].lower())
    shorter = plain.removeprefix("lazy").removesuffix("layer")
    counted = re.sub(r"^(.*?)([123]d)(.+)$", r"\1\3\2", shorter)
    return list(dict.fromkeys([plain, shorter, counted, re.sub(r"[123]d$", "", counted)]))


@lru_cache(maxsize=256)
def _closest(word: str, options: tuple[str, ...]) -> list[str]:
    return get_close_matches(word, options, n=1, cutoff=0.6)
