"""Why operators are refused that have no meaning as a network of real numbers."""

from __future__ import annotations

QUANTISED = "it computes with rounded numbers; import the model as it was before quantisation"
RANDOM = "it draws at random, and a network gives the same each time; make the draw an input"
TEXT = "it reads text, images or sounds, which is no part of a network; begin behind it"
TRAINING = "it trains, and is no network that was trained"
COUNTS = "how many items it gives depends on numbers that are computed"
BITS = "it computes with the bits of whole numbers"
COMPLEX = "it computes with complex numbers"
TREES = "it is a model of scikit-learn's kind, and no network"
PLACES = "it reads at places that are computed, between items"

REASONS: dict[str, str] = {
    **dict.fromkeys(
        ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv",
         "QLinearMatMul", "ConvInteger", "MatMulInteger", "QGemm", "QLinearAdd", "QAttention",
         "MatMulNBits", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"), QUANTISED),
    **dict.fromkeys(
        ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial",
         "Bernoulli"), RANDOM),
    **dict.fromkeys(
        ("StringNormalizer", "StringConcat", "StringSplit", "RegexFullMatch", "TfIdfVectorizer",
         "ImageDecoder", "Tokenizer"), TEXT),
    **dict.fromkeys(("Gradient", "Adam", "Adagrad", "Momentum"), TRAINING),
    **dict.fromkeys(("NonMaxSuppression", "Unique", "NonZero", "Range"), COUNTS),
    **dict.fromkeys(
        ("BitShift", "BitCast", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot"), BITS),
    **dict.fromkeys(("DFT", "STFT"), COMPLEX),
    **dict.fromkeys(("GridSample", "RoiAlign", "DeformConv", "MaxRoiPool", "AffineGrid"), PLACES),
    "MaxUnpool": "it takes places of maxima, which no layer gives",
    "ConstantOfShape": "its shape is computed; expected a constant",
}  # fmt: skip


def reason_for(domain: str, operator: str, version: int) -> str:
    """Say why an operator is not read."""
    if domain == "ai.onnx.ml":
        return TREES
    return REASONS.get(operator, f"the importer does not know this operator (version {version})")
