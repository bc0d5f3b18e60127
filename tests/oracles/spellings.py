"""One function in many spellings: the inputs, and the layers by how they are written.

Of a family every spelling has the tensors of the first, under the same names.
"""

from __future__ import annotations

import spec

Layers = list[str]
S = 3**-0.5
HEAD = [
    "linear: {out_features: 4, name: o0}",
    "relu",
    "mean: {dim: 1}",
    "linear: {out_features: 2, name: c}",
]


def line(layer: str, name: str, inputs: str = "", **fields: object) -> str:
    """Write a layer, by default of the value before it."""
    said = [f"inputs: {inputs}"] if inputs else []
    said += [f"{key}: {value}" for key, value in fields.items()]
    return f"{layer}: {{{', '.join([*said, f'name: {name}'])}}}"


def linear(name: str, features: int = 6, inputs: str = "x") -> str:
    return line("linear", name, inputs, out_features=features)


def reshape(name: str, inputs: str, *shape: int) -> str:
    return line("reshape", name, inputs, shape=[*shape])


def permute(name: str, inputs: str, *dims: int) -> str:
    return line("permute", name, inputs, dims=[*dims])


def einsum(name: str, equation: str, inputs: str) -> str:
    return line("einsum", name, inputs, equation=f"'{equation}'")


def scaled(name: str, inputs: str, factor: float = S) -> str:
    return line("scale_by", name, inputs, factor=factor)


QKV = [linear("q0"), linear("k0"), linear("v0")]
CUT = [reshape(name, f"{name}0", 5, 2, 3) for name in "qkv"]
HEADS = [permute(f"{name}h", name, 0, 2, 1, 3) for name in "qkv"]
KEYS = permute("kt", "kh", 0, 1, 3, 2)
BACK = [permute("z", "y", 0, 2, 1, 3), reshape("o", "z", 5, 6)]
WHOLE = reshape("o", "y", 5, 6)
SCORES = line("matmul", "s0", "[qh, kt]")
SHARES = line("softmax", "s", "s1", dim=-1)
MIXED = line("matmul", "y", "[s, vh]")
END = [SHARES, MIXED, *BACK]
SPLIT = [*QKV, *CUT, *HEADS, KEYS]
ATTENTION: dict[str, Layers] = {
    "a product of matrices": [*SPLIT, SCORES, scaled("s1", "s0"), *END],
    "scaled_dot_product_attention": [
        *QKV, *CUT, *HEADS, line("scaled_dot_product_attention", "y", "[qh, kh, vh]"), *BACK],
    "projections in another order": [
        *QKV[::-1], *CUT[::-1], *HEADS, KEYS, SCORES, scaled("s1", "s0"), *END],
    "queries are scaled": [*SPLIT, scaled("qs", "qh"), line("matmul", "s1", "[qs, kt]"), *END],
    "queries are scaled at once": [
        *QKV, scaled("q1", "q0"), reshape("q", "q1", 5, 2, 3), *CUT[1:], *HEADS, KEYS,
        line("matmul", "s1", "[qh, kt]"), *END],
    "keys are scaled": [*SPLIT, scaled("ks", "kt"), line("matmul", "s1", "[qh, ks]"), *END],
    "both are scaled": [
        *SPLIT, scaled("qs", "qh", 3**-0.25), scaled("ks", "kt", 3**-0.25),
        line("matmul", "s1", "[qs, ks]"), *END],
    "scores are scaled twice": [
        *SPLIT, SCORES, scaled("s2", "s0", 0.5), scaled("s1", "s2", 2 * S), *END],
    "scores are divided": [
        *SPLIT, SCORES, line("constant", "n", "s0", values=3**0.5, shape=[1, 1, 1]),
        line("divide", "s1", "[s0, n]"), *END],
    "einsum": [
        *QKV, *CUT, einsum("s0", "nqhd,nkhd->nhqk", "[q, k]"), scaled("s1", "s0"), SHARES,
        einsum("y", "nhqk,nkhd->nqhd", "[s, v]"), WHOLE],
    "einsum in other letters": [
        *QKV, *CUT, einsum("s0", "zaby,zcby->zbac", "[q, k]"), scaled("s1", "s0"), SHARES,
        einsum("y", "xcde,xecf->xdcf", "[s, v]"), WHOLE],
    "einsum of keys and queries": [
        *QKV, *CUT, einsum("s0", "nkhd,nqhd->nhqk", "[k, q]"), scaled("s1", "s0"), SHARES,
        einsum("y", "nkhd,nhqk->nqhd", "[v, s]"), WHOLE],
    "scores with keys first": [
        *QKV, *CUT, einsum("s0", "nkhd,nqhd->nhkq", "[k, q]"), scaled("s1", "s0"),
        line("softmax", "s", "s1", dim=2), einsum("y", "nhkq,nkhd->nqhd", "[s, v]"), WHOLE],
    "softmax along a moved axis": [
        *QKV, *CUT, einsum("s0", "nqhd,nkhd->nqkh", "[q, k]"), scaled("s1", "s0"),
        line("softmax", "s", "s1", dim=2), einsum("y", "nqkh,nkhd->nhqd", "[s, v]"), *BACK],
    "scores are turned for softmax": [
        *QKV, *CUT, einsum("s0", "nqhd,nkhd->nkqh", "[q, k]"), scaled("s2", "s0"),
        permute("s1", "s2", 0, 3, 2, 1), SHARES, einsum("y", "nhqk,nkhd->nhqd", "[s, v]"), *BACK],
    "keys times queries": [
        *QKV, *CUT, *HEADS, permute("qt", "qh", 0, 1, 3, 2), line("matmul", "s0", "[kh, qt]"),
        permute("s2", "s0", 0, 1, 3, 2), scaled("s1", "s2"), *END],
    "values times shares": [
        *SPLIT, SCORES, scaled("s1", "s0"), SHARES, permute("vt", "vh", 0, 1, 3, 2),
        permute("st", "s", 0, 1, 3, 2), line("matmul", "y", "[vt, st]"),
        permute("z", "y", 0, 3, 1, 2), reshape("o", "z", 5, 6)],
    "an axis of one is put in": [
        *SPLIT, line("unsqueeze", "qu", "qh", dim=1), line("unsqueeze", "ku", "kt", dim=1),
        line("matmul", "s0", "[qu, ku]"), scaled("s1", "s0"), SHARES,
        line("unsqueeze", "vu", "vh", dim=1), line("matmul", "y1", "[s, vu]"),
        line("squeeze", "y", "y1", dim=1), *BACK],
    "axes counted from the other end": [
        *SPLIT, SCORES, scaled("s1", "s0"), line("softmax", "s", "s1", dim=3), MIXED, *BACK],
    "keys are turned at once": [
        *QKV, *CUT, HEADS[0], HEADS[2], permute("kt", "k", 0, 2, 3, 1), SCORES, scaled("s1", "s0"),
        *END],
    "products that are summed": [
        *QKV, reshape("q", "q0", 5, 1, 2, 3), reshape("k", "k0", 1, 5, 2, 3),
        reshape("v", "v0", 1, 5, 2, 3), line("multiply", "m", "[q, k]"),
        line("sum", "s0", "m", dim=4), scaled("s1", "s0"), line("softmax", "s2", "s1", dim=2),
        reshape("s", "s2", 5, 5, 2, 1), line("multiply", "w", "[s, v]"),
        line("sum", "y", "w", dim=2), WHOLE],
}  # fmt: skip
MERGED = "linear: {inputs: x, out_features: 18, name: p}"
ONE = line("scaled_dot_product_attention", "y", "[qh, kh, vh]")
PACKED: dict[str, Layers] = {
    "slices": [
        MERGED, *(line("narrow", f"{c}0", "p", dim=2, start=6 * i, length=6)
                  for i, c in enumerate("qkv")), *CUT, *HEADS, ONE, *BACK],
    "chunks": [
        MERGED, line("chunk", "t", "p", chunks=3, dim=2),
        *(reshape(c, f"t.{i}", 5, 2, 3) for i, c in enumerate("qkv")), *HEADS, ONE, *BACK],
    "an axis of three": [
        MERGED, reshape("r", "p", 5, 3, 2, 3),
        *(line("select", c, "r", dim=2, index=i) for i, c in enumerate("qkv")), *HEADS, ONE, *BACK],
    "an axis of three in front": [
        MERGED, reshape("r", "p", 5, 3, 2, 3), permute("f", "r", 0, 2, 3, 1, 4),
        *(line("select", f"{c}h", "f", dim=1, index=i) for i, c in enumerate("qkv")), ONE, *BACK],
    "heads of all three": [
        MERGED, reshape("r", "p", 5, 6, 3), permute("f", "r", 0, 2, 1, 3),
        line("chunk", "t", "f", chunks=3, dim=1),
        line("scaled_dot_product_attention", "y", "[t.0, t.1, t.2]"), *BACK],
}  # fmt: skip
CONV = "conv2d: {out_channels: 4, kernel_size: 2, name: a}"
TWELFTH = f"scale_by: {{factor: {1 / 12}}}"
LAST = "permute: {dims: [0, 2, 3, 1]}"
AFTER = "linear: {out_features: 2, name: c}"
TWO = [linear("a", 4), linear("b", 4)]
FAMILIES: dict[str, tuple[str, dict[str, Layers]]] = {
    "attention": ("x: [5, 4]", {n: [*layers, *HEAD] for n, layers in ATTENTION.items()}),
    "packed attention": ("x: [5, 4]", {n: [*layers, *HEAD] for n, layers in PACKED.items()}),
    "attention in windows": ("x: [2, 3, 4]", {
        "five axes": [
            *QKV, *(reshape(c, f"{c}0", 2, 3, 2, 3) for c in "qkv"),
            *(permute(f"{c}h", c, 0, 1, 3, 2, 4) for c in "qkv"), ONE,
            permute("z", "y", 0, 1, 3, 2, 4), reshape("o", "z", 2, 3, 6), AFTER],
        "windows and heads are one axis": [
            *QKV, *(reshape(c, f"{c}0", 2, 3, 2, 3) for c in "qkv"),
            *(permute(f"{c}w", c, 0, 1, 3, 2, 4) for c in "qkv"),
            *(reshape(f"{c}h", f"{c}w", 4, 3, 3) for c in "qkv"), ONE,
            reshape("y4", "y", 2, 2, 3, 3), permute("z", "y4", 0, 1, 3, 2, 4),
            reshape("o", "z", 2, 3, 6), AFTER],
        "einsum": [
            *QKV, *(reshape(c, f"{c}0", 2, 3, 2, 3) for c in "qkv"),
            einsum("s0", "nwqhd,nwkhd->nhwqk", "[q, k]"), scaled("s1", "s0"), SHARES,
            einsum("y", "nhwqk,nwkhd->nwqhd", "[s, v]"), reshape("o", "y", 2, 3, 6), AFTER],
    }),
    "causal attention": ("x: [5, 4]", {
        "scores are scaled": [
            *QKV, *CUT, *HEADS,
            line("scaled_dot_product_attention", "y", "[qh, kh, vh]", is_causal="true"), *BACK,
            *HEAD],
        "queries are scaled": [
            *QKV, *CUT, *HEADS, scaled("qs", "qh"),
            line("scaled_dot_product_attention", "y", "[qs, kh, vh]", is_causal="true", scale=1.0),
            *BACK, *HEAD],
    }),
    "a mean over space": ("x: [2, 5, 4]", {
        "mean": [CONV, "mean: {dim: [2, 3]}", AFTER],
        "mean of a mean": [CONV, "mean: {dim: 3}", "mean: {dim: 2}", AFTER],
        "adaptive pooling": [CONV, "adaptive_avg_pool2d: {output_size: 1}", "flatten", AFTER],
        "pooling": [CONV, "avg_pool2d: {kernel_size: [4, 3]}", "flatten", AFTER],
        "one axis": [CONV, "flatten: {start_dim: 2}", "mean: {dim: 2}", AFTER],
        "a sum over a number": [CONV, "sum: {dim: [2, 3]}", TWELFTH, AFTER],
        "parts that are summed": [CONV, TWELFTH, "sum: {dim: [3, 2]}", AFTER],
        "channels last": [CONV, "permute: {dims: [0, 2, 3, 1]}", "mean: {dim: [1, 2]}", AFTER],
    }),
    "a map of all": ("x: [2, 5, 4]", {
        "flatten": [CONV, "relu", "flatten", AFTER],
        "reshape": [CONV, "relu", "reshape: {shape: [48]}", AFTER],
        "two steps": [CONV, "relu", "flatten: {start_dim: 2}", "flatten", AFTER],
        "axes of one": [CONV, "relu", "unsqueeze: {dim: 1}", "reshape: {shape: [1, 48]}",
                        "squeeze: {dim: 1}", AFTER],
        "activation behind": [CONV, "flatten", "relu", AFTER],
    }),
    "channels first and last": ("x: [2, 5, 4]", {
        "first": [CONV, "relu", "tanh", "mean: {dim: [2, 3]}", AFTER],
        "last in between": [CONV, "permute: {dims: [0, 2, 3, 1]}", "relu", "tanh",
                            "permute: {dims: [0, 3, 1, 2]}", "mean: {dim: [2, 3]}", AFTER],
        "turned twice": [CONV, "permute: {dims: [0, 2, 3, 1]}", "relu",
                         "permute: {dims: [0, 2, 3, 1]}", "tanh",
                         "permute: {dims: [0, 2, 3, 1]}", "mean: {dim: [2, 3]}", AFTER],
    }),
    "a norm of channels": ("x: [2, 5, 4]", {
        "last": [CONV, LAST, "layer_norm: {name: n}", "mean: {dim: [1, 2]}", AFTER],
        "last of one axis of places": [
            CONV, "flatten: {start_dim: 2}", "transpose: {dim0: 1, dim1: 2}",
            "layer_norm: {name: n}", "mean: {dim: 1}", AFTER],
    }),
    "a sum": ("x: [4]", {
        "in order": [*TWO, "relu: {inputs: a, name: r}", "add: {inputs: [r, b]}", AFTER],
        "the other first": [*TWO, "relu: {inputs: a, name: r}", "add: {inputs: [b, r]}", AFTER],
        "listed otherwise": [TWO[1], TWO[0], "relu: {name: r}", "add: {inputs: [b, r]}", AFTER],
        "named otherwise": [*TWO, "relu: {inputs: a}", "add: {inputs: ['2', b]}", AFTER],
        "in a residual branch": [TWO[1], TWO[0], "relu", "add: {inputs: [b, '2']}", AFTER],
        "times one, plus nothing": [
            *TWO, "relu: {inputs: a, name: r}", "scale_by: {factor: 1}", "shift_by: {value: 0}",
            "add: {inputs: [b, '4']}", AFTER],
    }),
    "sums of three": ("x: [4]", {
        "at once": [*TWO, linear("d", 4), "relu: {name: r}", "add: {inputs: [a, b, r]}", AFTER],
        "nested": [*TWO, linear("d", 4), "relu: {name: r}", "add: {inputs: [b, r], name: s}",
                   "add: {inputs: [a, s]}", AFTER],
        "nested otherwise": [linear("d", 4), "relu: {name: r}", *TWO,
                             "add: {inputs: [a, b], name: s}", "add: {inputs: [r, s]}", AFTER],
    }),
    "factors": ("x: [4]", {
        "one": [TWO[0], "scale_by: {factor: 6}", "sigmoid", AFTER],
        "two": [TWO[0], "scale_by: {factor: 2}", "scale_by: {factor: 3}", "sigmoid", AFTER],
        "a value": [TWO[0], "constant: {values: 6, shape: [1], name: n}",
                    "multiply: {inputs: [a, n]}", "sigmoid", AFTER],
        "a division": [TWO[0], f"constant: {{values: {1 / 6}, shape: [1], name: n}}",
                       "divide: {inputs: [a, n]}", "sigmoid", AFTER],
        "an affine map": [TWO[0], "affine: {scale: 6}", "sigmoid", AFTER],
    }),
    "a gate": ("x: [5, 4]", {
        "multiply": [*TWO, "sigmoid: {name: g}", "multiply: {inputs: [a, g]}", *HEAD],
        "the other first": [*TWO[::-1], "sigmoid: {inputs: b, name: g}",
                            "multiply: {inputs: [g, a]}", *HEAD],
        "scaled": [*TWO, "sigmoid: {name: g}", scaled("a2", "a", 2.0), scaled("g2", "g", 0.5),
                   "multiply: {inputs: [g2, a2]}", *HEAD],
    }),
}  # fmt: skip
"""The families: of each the input, and the layers in every spelling."""

OTHERS: dict[str, tuple[str, Layers]] = {
    "another factor": ("attention", [*SPLIT, SCORES, scaled("s1", "s0", 0.5), *END, *HEAD]),
    "softmax over queries": (
        "attention",
        [*SPLIT, SCORES, scaled("s1", "s0"), line("softmax", "s", "s1", dim=2), MIXED, *BACK,
         *HEAD],
    ),
    "softmax over heads": (
        "attention",
        [*SPLIT, SCORES, scaled("s1", "s0"), line("softmax", "s", "s1", dim=1), MIXED, *BACK,
         *HEAD],
    ),
    "features before heads": (
        "attention",
        [*QKV, *CUT[:2], reshape("w", "v0", 5, 3, 2), permute("v", "w", 0, 1, 3, 2), *HEADS, KEYS,
         SCORES, scaled("s1", "s0"), *END, *HEAD],
    ),
    "packed head by head": (
        "packed attention",
        [MERGED, reshape("r", "p", 5, 2, 3, 3),
         *(line("select", c, "r", dim=3, index=i) for i, c in enumerate("qkv")), *HEADS, ONE, *BACK,
         *HEAD],
    ),
    "a mask": (
        "attention",
        [*QKV, *CUT, *HEADS,
         line("scaled_dot_product_attention", "y", "[qh, kh, vh]", is_causal="true"), *BACK, *HEAD],
    ),
    "a sum over space": ("a mean over space", [CONV, "sum: {dim: [2, 3]}", AFTER]),
    "places before channels": (
        "a map of all", [CONV, "relu", "permute: {dims: [0, 2, 3, 1]}", "flatten", AFTER]),
    "the other is rectified": (
        "a sum", [*TWO, "relu: {inputs: a, name: r}", "add: {inputs: [r, a, b]}", AFTER]),
    "half the factor": ("factors", [TWO[0], "scale_by: {factor: 3}", "sigmoid", AFTER]),
    "behind the activation": ("factors", [TWO[0], "sigmoid", "scale_by: {factor: 6}", AFTER]),
}  # fmt: skip
"""Other functions that look like those of a family, with the same tensors."""


def network(inputs: str, layers: Layers) -> spec.Architecture:
    """Load one spelling."""
    return spec.loads(
        f"inputs: {{{inputs}}}\nlayers:\n" + "".join(f"  - {entry}\n" for entry in layers)
    )
