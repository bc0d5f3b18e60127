"""Large networks of the literature that are no reference networks, as texts."""

from __future__ import annotations

import spec
from spec import Architecture
from spec.testing.published_nets import published_net


def resnet152() -> Architecture:
    """ResNet-152 for ImageNet (He et al. 2016)."""
    return resnet((3, 8, 36, 3))


def resnet50() -> Architecture:
    """ResNet-50 for ImageNet (He et al. 2016)."""
    return resnet((3, 4, 6, 3))


def resnet(counts: tuple[int, int, int, int]) -> Architecture:
    """Bottleneck blocks in four stages."""
    lines = [
        "inputs: {image: [3, 224, 224]}",
        "layers:",
        "  - conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3, bias: false}",
        "  - batch_norm",
        "  - relu",
        "  - max_pool2d: {kernel_size: 3, stride: 2, padding: 1}",
    ]
    for stage, (width, count) in enumerate(zip((64, 128, 256, 512), counts, strict=True)):
        for block in range(count):
            stride = 2 if stage and not block else 1
            lines += [
                "  - residual:",
                "      shortcut: auto",
                "      body:",
                f"        - conv2d: {{out_channels: {width}, kernel_size: 1, bias: false}}",
                "        - batch_norm",
                "        - relu",
                f"        - conv2d: {{out_channels: {width}, kernel_size: 3, stride: {stride}, "
                "padding: 1, bias: false}",
                "        - batch_norm",
                "        - relu",
                f"        - conv2d: {{out_channels: {4 * width}, kernel_size: 1, bias: false}}",
                "        - batch_norm",
                "  - relu",
            ]
    lines += ["  - adaptive_avg_pool2d: {output_size: 1}", "  - flatten"]
    return spec.loads("\n".join([*lines, "  - linear: {out_features: 1000}"]))


def densenet(layers: int = 100, growth: int = 12) -> Architecture:
    """A chain of layers that each read all before them (Huang et al. 2017), in one block."""
    lines = ["inputs: {image: [3, 32, 32]}", "layers:"]
    lines.append("  - conv2d: {name: l0, out_channels: 24, kernel_size: 3, padding: 1}")
    lines.append("  - identity: {name: c0}")
    for at in range(layers):
        lines += [
            f"  - relu: {{inputs: c{at}, name: r{at}}}",
            f"  - conv2d: {{out_channels: {growth}, kernel_size: 3, padding: 1, name: l{at + 1}}}",
            f"  - concat: {{inputs: [c{at}, l{at + 1}], name: c{at + 1}}}",
        ]
    lines += ["  - adaptive_avg_pool2d: {output_size: 1}", "  - flatten"]
    return spec.loads("\n".join([*lines, "  - linear: {out_features: 10}"]))


def alike_branches(count: int = 32, width: int = 16) -> Architecture:
    """Branches that are built alike, summed."""
    branch = f"[linear: {{out_features: {width}}}, relu, linear: {{out_features: {width}}}]"
    branches = "\n".join(f"        - {branch}" for _ in range(count))
    return spec.loads(
        "inputs: {x: [8]}\nlayers:\n  - parallel:\n      merge: add\n      branches:\n"
        f"{branches}\n  - linear: {{out_features: 2}}"
    )


def soft_mixture(layers: int = 32, experts: int = 32, width: int = 16) -> Architecture:
    """A soft mixture of experts in each layer: a softmax gate weighs what the experts give."""
    lines = ["inputs: {x: [8]}", "layers:", f"  - linear: {{out_features: {width}, name: h0}}"]
    for at in range(layers):
        lines += [
            f"  - linear: {{inputs: h{at}, out_features: {experts}, name: g{at}}}",
            f"  - softmax: {{name: s{at}}}",
        ]
        for e in range(experts):
            lines += [
                f"  - linear: {{inputs: h{at}, out_features: {width}, name: u{at}_{e}}}",
                f"  - relu: {{name: r{at}_{e}}}",
                f"  - linear: {{out_features: {width}, name: d{at}_{e}}}",
                f"  - split: {{inputs: s{at}, sections: {experts}, dim: 1, index: {e}, "
                f"name: w{at}_{e}}}",
                f"  - multiply: {{inputs: [d{at}_{e}, w{at}_{e}], name: m{at}_{e}}}",
            ]
        mixed = ", ".join(f"m{at}_{e}" for e in range(experts))
        lines.append(f"  - add: {{inputs: [h{at}, {mixed}], name: h{at + 1}}}")
    return spec.loads("\n".join([*lines, "  - linear: {out_features: 2}"]))


def wide(hidden: int = 10**8) -> Architecture:
    """One hidden layer."""
    return spec.loads(
        f"inputs: {{x: [2]}}\nlayers: [linear: {{out_features: {hidden}}}, relu, "
        "linear: {out_features: 1}]"
    )


def llama7b() -> Architecture:
    """Llama 7B (Touvron et al. 2023)."""
    from importlib.resources import files

    return spec.load(
        str(files("spec") / "nets" / "llama.yaml"), vocabulary=32000, length=2048, width=4096,
        heads=32, kv_heads=32, hidden=11008, depth=32,
    )  # fmt: skip


__all__ = [
    "alike_branches", "densenet", "llama7b", "published_net", "resnet152", "soft_mixture", "wide",
]  # fmt: skip
