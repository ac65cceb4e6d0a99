"""What packages ask about tensors without values, which are PyTorch's compiler's."""
