// Where a CUDA operation runs: its inputs' device, that device's current stream.
#pragma once
#include <cuda_runtime.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/macros.h>

#include <cstddef>

#include "tensors.hpp"

namespace marey::torch_ops {

class OnDevice {
 public:
  explicit OnDevice(const Tensor& like) : index_(like.get_device_index()), guard_(index_) {
    void* stream = nullptr;
    TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(index_, &stream));
    stream_ = static_cast<cudaStream_t>(stream);
  }

  cudaStream_t stream() const { return stream_; }

  void check(const OptionalTensor& tensor, const char* name) const {
    STD_TORCH_CHECK(!tensor || (tensor->is_cuda() && tensor->get_device_index() == index_), "`", name,
                    "` must be on cuda:", index_);
  }

 private:
  std::int32_t index_;
  torch::stable::accelerator::DeviceGuard guard_;
  cudaStream_t stream_;
};

// Freed with the tensor: torch's allocator keeps it apart until the stream has passed.
inline Tensor make_workspace(const Tensor& like, std::size_t bytes) {
  return torch::stable::new_empty(like, {std::int64_t(bytes)}, ScalarType::Byte);
}

}  // namespace marey::torch_ops
