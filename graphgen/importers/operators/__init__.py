"""The operators of models, in PyTorch's meaning: each adds layers of the language to a tracer.

They take constants, parameters and values in the model's shapes, batch and all, and are what the
readers of ONNX and of PyTorch share. One file a family.
"""
