// The functions of CUDA's driver library that we call, looked up when a card is first asked for: nothing of
// it is needed to build, and nothing to start.
#pragma once

#include "tegula/runtime/core/Device.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace tegula::runtime::cuda {

// The driver's own types and numbers, as its ABI fixes them.
using Result = int;
using DeviceNumber = int;
using Address = unsigned long long;
using ContextHandle = struct ContextObject *;
using ModuleHandle = struct ModuleObject *;
using FunctionHandle = struct FunctionObject *;
using StreamHandle = struct StreamObject *;
using EventHandle = struct EventObject *;
using GraphHandle = struct GraphObject *;
using GraphExecHandle = struct GraphExecObject *;

inline constexpr Result success = 0, outOfMemory = 2;
inline constexpr int attributeMajor = 75, attributeMinor = 76; ///< of a device: its compute capability
inline constexpr int maxDynamicShared = 8;                     ///< of a function
inline constexpr int jitErrorLog = 5, jitErrorLogBytes = 6;    ///< options of loading a module
inline constexpr unsigned captureThread = 1;                   ///< of this thread's calls only
inline constexpr unsigned streamAlone = 1;                     ///< not ordered with the default stream

/// Every function with its parameters; the names are those that the library exports.
#define TEGULA_CUDA_FUNCTIONS(F)                                                                             \
  F(cuInit, unsigned flags)                                                                                  \
  F(cuGetErrorName, Result code, const char **text)                                                          \
  F(cuGetErrorString, Result code, const char **text)                                                        \
  F(cuDeviceGetCount, int *count)                                                                            \
  F(cuDeviceGet, DeviceNumber *device, int ordinal)                                                          \
  F(cuDeviceGetName, char *name, int size, DeviceNumber device)                                              \
  F(cuDeviceTotalMem_v2, size_t *bytes, DeviceNumber device)                                                 \
  F(cuDeviceGetAttribute, int *value, int attribute, DeviceNumber device)                                    \
  F(cuDevicePrimaryCtxRetain, ContextHandle *context, DeviceNumber device)                                   \
  F(cuDevicePrimaryCtxRelease_v2, DeviceNumber device)                                                       \
  F(cuCtxGetCurrent, ContextHandle *context)                                                                 \
  F(cuCtxSetCurrent, ContextHandle context)                                                                  \
  F(cuModuleLoadDataEx, ModuleHandle *module, const void *image, unsigned count, int *options,               \
    void **values)                                                                                           \
  F(cuModuleUnload, ModuleHandle module)                                                                     \
  F(cuModuleGetFunction, FunctionHandle *function, ModuleHandle module, const char *name)                    \
  F(cuFuncSetAttribute, FunctionHandle function, int attribute, int value)                                   \
  F(cuMemAlloc_v2, Address *memory, size_t bytes)                                                            \
  F(cuMemFree_v2, Address memory)                                                                            \
  F(cuMemsetD8Async, Address memory, unsigned char value, size_t bytes, StreamHandle stream)                 \
  F(cuMemcpyHtoD_v2, Address to, const void *from, size_t bytes)                                             \
  F(cuMemcpyHtoDAsync_v2, Address to, const void *from, size_t bytes, StreamHandle stream)                   \
  F(cuMemcpyDtoHAsync_v2, void *to, Address from, size_t bytes, StreamHandle stream)                         \
  F(cuStreamCreate, StreamHandle *stream, unsigned flags)                                                    \
  F(cuStreamDestroy_v2, StreamHandle stream)                                                                 \
  F(cuStreamSynchronize, StreamHandle stream)                                                                \
  F(cuStreamBeginCapture_v2, StreamHandle stream, unsigned mode)                                             \
  F(cuStreamEndCapture, StreamHandle stream, GraphHandle *graph)                                             \
  F(cuGraphInstantiateWithFlags, GraphExecHandle *executable, GraphHandle graph, unsigned long long flags)   \
  F(cuGraphLaunch, GraphExecHandle executable, StreamHandle stream)                                          \
  F(cuGraphDestroy, GraphHandle graph)                                                                       \
  F(cuGraphExecDestroy, GraphExecHandle executable)                                                          \
  F(cuLaunchKernel, FunctionHandle function, unsigned gridX, unsigned gridY, unsigned gridZ,                 \
    unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes, StreamHandle stream,            \
    void **parameters, void **extra)                                                                         \
  F(cuEventCreate, EventHandle *event, unsigned flags)                                                       \
  F(cuEventDestroy_v2, EventHandle event)                                                                    \
  F(cuEventRecord, EventHandle event, StreamHandle stream)                                                   \
  F(cuEventElapsedTime, float *milliseconds, EventHandle begin, EventHandle end)

/// The loaded library; its members are called like functions.
struct Driver {
#define TEGULA_CUDA_MEMBER(name, ...) Result (*name)(__VA_ARGS__) = nullptr;
  TEGULA_CUDA_FUNCTIONS(TEGULA_CUDA_MEMBER)
#undef TEGULA_CUDA_MEMBER

  /// "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (out of memory)".
  std::string explain(const char *call, Result code) const;
};

/// Loads libcuda.so.1, or what TEGULA_CUDA_DRIVER names, once; nullptr and why where there is none.
const Driver *loadDriver(DeviceError &error);

} // namespace tegula::runtime::cuda
