# Headers and libtorch_cpu of the torch that this Python has, found without importing it. Only the stable ABI is used,
# so neither torch's CMake package nor its compiler flags are needed.
execute_process(
  COMMAND ${Python_EXECUTABLE} -c
          "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
  OUTPUT_VARIABLE TorchStable_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE)
find_path(TorchStable_INCLUDE_DIR torch/csrc/stable/library.h HINTS ${TorchStable_ROOT}/include NO_DEFAULT_PATH)
find_library(TorchStable_CPU_LIBRARY torch_cpu HINTS ${TorchStable_ROOT}/lib NO_DEFAULT_PATH)
find_library(TorchStable_CUDA_LIBRARY torch_cuda HINTS ${TorchStable_ROOT}/lib NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchStable REQUIRED_VARS TorchStable_INCLUDE_DIR TorchStable_CPU_LIBRARY)

if(TorchStable_FOUND AND NOT TARGET TorchStable::cpu)
  add_library(TorchStable::headers INTERFACE IMPORTED)
  target_include_directories(TorchStable::headers SYSTEM INTERFACE ${TorchStable_INCLUDE_DIR})
  # The stable ABI of torch 2.10: one binary for it and everything newer.
  target_compile_definitions(TorchStable::headers INTERFACE TORCH_STABLE_ONLY TORCH_TARGET_VERSION=0x020a000000000000)
  add_library(TorchStable::cpu INTERFACE IMPORTED)
  target_link_libraries(TorchStable::cpu INTERFACE TorchStable::headers ${TorchStable_CPU_LIBRARY})
endif()
