"""The Triton kernels of ragged rows, for CUDA tensors."""
