"""The Triton kernels of spectra, for CUDA tensors."""
