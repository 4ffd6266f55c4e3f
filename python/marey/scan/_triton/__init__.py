"""The Triton kernels of recurrences over time, for CUDA tensors."""
