"""The ONNX forms of PyTorch's own operators, which packages import beside theirs: there are none."""
