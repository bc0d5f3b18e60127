"""Where layers were first described."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROTATIONS = "Cohen & Welling, *Group Equivariant Convolutional Networks*, 2016, arXiv:1602.07576"
VIT = "Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2021, arXiv:2010.11929"
NETWORK_IN_NETWORK = "Lin, Chen & Yan, *Network In Network*, 2014, arXiv:1312.4400"

PAPERS: Mapping[str, str] = MappingProxyType(
    {
        "set_linear": "Zaheer et al., *Deep Sets*, 2017, arXiv:1703.06114",
        "swiglu": "Shazeer, *GLU Variants Improve Transformer*, 2020, arXiv:2002.05202",
        "local_response_norm": "Krizhevsky, Sutskever & Hinton, *ImageNet Classification with Deep "
        "Convolutional Neural Networks*, 2012",
        "conv2d": "LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, 1998",
        "conv_transpose2d": "Zeiler et al., *Deconvolutional Networks*, 2010; Dumoulin & Visin, "
        "*A guide to convolution arithmetic*, 2016, arXiv:1603.07285",
        "p4_conv2d": ROTATIONS,
        "p4m_conv2d": ROTATIONS,
        "patches": VIT,
        "class_token": VIT,
        "position_embedding": "Gehring et al., *Convolutional Sequence to Sequence Learning*, "
        "2017, arXiv:1705.03122",
        "relu": "Nair & Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines*, "
        "2010",
        "relu6": "Howard et al., *MobileNets*, 2017, arXiv:1704.04861",
        "leaky_relu": "Maas, Hannun & Ng, *Rectifier Nonlinearities Improve Neural Network "
        "Acoustic Models*, 2013",
        "prelu": "He et al., *Delving Deep into Rectifiers*, 2015, arXiv:1502.01852",
        "elu": "Clevert, Unterthiner & Hochreiter, *Exponential Linear Units*, 2015, "
        "arXiv:1511.07289",
        "selu": "Klambauer et al., *Self-Normalizing Neural Networks*, 2017, arXiv:1706.02515",
        "gelu": "Hendrycks & Gimpel, *Gaussian Error Linear Units*, 2016, arXiv:1606.08415",
        "silu": "Elfwing, Uchibe & Doya, *Sigmoid-Weighted Linear Units*, 2017, arXiv:1702.03118",
        "mish": "Misra, *Mish: A Self Regularized Non-Monotonic Activation Function*, 2019, "
        "arXiv:1908.08681",
        "hardswish": "Howard et al., *Searching for MobileNetV3*, 2019, arXiv:1905.02244",
        "sine": "Sitzmann et al., *Implicit Neural Representations with Periodic Activation "
        "Functions*, 2020, arXiv:2006.09661",
        "dropout": "Srivastava et al., *Dropout*, 2014",
        "batch_norm": "Ioffe & Szegedy, *Batch Normalization*, 2015, arXiv:1502.03167",
        "layer_norm": "Ba, Kiros & Hinton, *Layer Normalization*, 2016, arXiv:1607.06450",
        "group_norm": "Wu & He, *Group Normalization*, 2018, arXiv:1803.08494",
        "instance_norm": "Ulyanov, Vedaldi & Lempitsky, *Instance Normalization*, 2016, "
        "arXiv:1607.08022",
        "rms_norm": "Zhang & Sennrich, *Root Mean Square Layer Normalization*, 2019, "
        "arXiv:1910.07467",
        "layer_scale": "Touvron et al., *Going deeper with Image Transformers*, 2021, "
        "arXiv:2103.17239",
        "adaptive_avg_pool2d": NETWORK_IN_NETWORK,
        "multihead_attention": "Vaswani et al., *Attention Is All You Need*, 2017, "
        "arXiv:1706.03762",
        "sinusoidal_positions": "Vaswani et al., *Attention Is All You Need*, 2017, "
        "arXiv:1706.03762",
        "rnn": "Elman, *Finding Structure in Time*, 1990",
        "lstm": "Hochreiter & Schmidhuber, *Long Short-Term Memory*, 1997",
        "gru": "Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, 2014, "
        "arXiv:1406.1078",
        "linear_recurrence": "Gu & Dao, *Mamba: Linear-Time Sequence Modeling with Selective State "
        "Spaces*, 2023, arXiv:2312.00752",
        "fourier_features": "Tancik et al., *Fourier Features Let Networks Learn High Frequency "
        "Functions*, 2020, arXiv:2006.10739",
        "grid_encoding": "Fridovich-Keil et al., *Plenoxels*, 2022, arXiv:2112.05131",
        "hash_encoding": "Müller et al., *Instant Neural Graphics Primitives*, 2022, "
        "arXiv:2201.05989",
        "triplane": "Chan et al., *Efficient Geometry-aware 3D Generative Adversarial Networks*, "
        "2022, arXiv:2112.07945",
    }
)
"""By layer: authors, title, year, and the number at arXiv."""
