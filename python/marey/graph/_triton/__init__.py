"""The Triton kernels of graphs, for CUDA tensors."""
