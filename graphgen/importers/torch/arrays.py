"""Tensors of torch as arrays of numpy and back, where they lie; bfloat16 goes by its bits."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray


def to_numpy(tensor: Any) -> NDArray[Any]:
    """Give a tensor's numbers as an array, a view where it lies in memory."""
    import torch

    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.dtype == torch.bfloat16:
        bits: NDArray[Any] = plain.view(torch.int16).numpy()
        return bits.view(ml_dtypes.bfloat16)
    array: NDArray[Any] = plain.numpy()
    return array


def to_torch(array: NDArray[Any], dtype: Any = None) -> Any:
    """Give an array as a tensor of a dtype, that of the array by default."""
    import torch

    # What torch computes with is its own: arrays may be read-only, or run backwards.
    plain = np.array(array) if any(s < 0 for s in array.strides) else array
    if not plain.flags.writeable:
        plain = plain.copy()
    if plain.dtype == ml_dtypes.bfloat16:
        tensor = torch.from_numpy(plain.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(np.asarray(plain))
    return tensor if dtype is None else tensor.to(dtype)
