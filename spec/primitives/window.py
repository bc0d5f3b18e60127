"""Window: a convolution over one or more spatial axes."""

from __future__ import annotations

from typing import ClassVar

from spec.primitives.preparation import Preparation
from spec.primitives.primitive import Primitive, Shape, ShapeError, show
from spec.records import record


@record(frozen=True)
class Window(Primitive):
    """A convolution (cross-correlation), one entry per spatial axis.

    The input has shape `[channels, *space]`, the parameter `[out, channels / groups, *kernel]`.
    `padding_mode` says what lies beyond the borders: `zeros`, `reflect`, `replicate`, `circular`.

    If `transposed`, the parameter has shape `[channels, out / groups, *kernel]`, and the operation
    is the adjoint of a convolution, with `output_padding` more positions at the far end.

    With `symmetry` `p4` or `p4m` the kernel turns (and is mirrored): the value has an axis of the
    4 or 8 orientations behind its channels. A parameter `[out, channels, k, k]` lifts an image;
    one of `[out, channels, orientations, k, k]` takes a value that has orientations (Cohen &
    Welling 2016, eq. 10 and 11). Orientation r < 4 is a quarter turn to the left, r times;
    orientation 4 + r mirrors left and right first, and then turns r times.

    The parameter may be `prepared` first.
    """

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    padding_mode: str = "zeros"
    transposed: bool = False
    output_padding: tuple[int, ...] = ()
    symmetry: str = ""
    prepared: Preparation | None = None
    name: ClassVar[str] = "window"

    @property
    def orientations(self) -> int:
        """The number of orientations of the output, or 0."""
        return {"": 0, "p4": 4, "p4m": 8}[self.symmetry]

    def shape(self, inputs: tuple[Shape, ...], parameters: tuple[Shape, ...]) -> Shape:
        (x,), (weight,) = inputs, parameters
        dims = len(self.stride)
        turned = len(weight) - dims - 2
        if len(x) != dims + 1 + turned:
            raise ShapeError(
                f"a {dims}-dimensional convolution needs an input of {dims + 2 + turned} axes "
                f"(batch, channels, {'orientations, ' * turned}"
                f"{'space' if dims == 1 else f'{dims} of space'}), got {show(x)}"
            )
        channels = weight[0] if self.transposed else weight[1] * self.groups
        if x[0] != channels:
            raise ShapeError(f"the convolution expects {channels} input channels, got {show(x)}")
        if turned and x[1] != self.orientations:
            raise ShapeError(f"{self.orientations} orientations are needed, got {show(x)}")
        kernel = weight[-dims:]
        space = tuple(
            self._extent(axis, size, tap)
            for axis, (size, tap) in enumerate(zip(x[-dims:], kernel, strict=True))
        )
        if min(space) < 1:
            raise ShapeError(
                f"a kernel of {list(kernel)} (dilation {list(self.dilation)}, padding "
                f"{list(self.padding)}) does not fit into {show(x)}"
            )
        if self.padding_mode != "zeros":
            for size, padding in zip(x[-dims:], self.padding, strict=True):
                most = {"reflect": size - 1, "circular": size}.get(self.padding_mode, padding)
                if padding > most:
                    raise ShapeError(
                        f"`padding` {padding} is more than {self.padding_mode!r} has at the "
                        f"borders of {show(x)}"
                    )
        out = weight[1] * self.groups if self.transposed else weight[0]
        return (out, *(self.orientations,) * bool(self.symmetry), *space)

    def _extent(self, axis: int, size: int, kernel: int) -> int:
        stride, padding, dilation = self.stride[axis], self.padding[axis], self.dilation[axis]
        if not self.transposed:
            return extent(size, kernel, stride, padding, dilation)
        extra = self.output_padding[axis] if self.output_padding else 0
        return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1

    def channel_axis(self, rank: int) -> int | None:
        return 0


def extent(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Count the positions of a sliding window along one axis."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
