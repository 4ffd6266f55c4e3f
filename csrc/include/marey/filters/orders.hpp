// Picks a kernel's compile-time order; 0 is the kernel for every other.
#pragma once
#define MAREY_FOR_ORDER(order, function, ...) \
  switch (order) {                            \
    case 1: return function<1>(__VA_ARGS__);  \
    case 2: return function<2>(__VA_ARGS__);  \
    case 3: return function<3>(__VA_ARGS__);  \
    case 4: return function<4>(__VA_ARGS__);  \
    case 6: return function<6>(__VA_ARGS__);  \
    case 8: return function<8>(__VA_ARGS__);  \
    default: return function<0>(__VA_ARGS__); \
  }
