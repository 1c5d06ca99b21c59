// Kernels for the emulator's tests, compiled to PTX by nvcc where it is found: what a real compiler emits.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

extern "C" __global__ void vectorAdd(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    c[i] = a[i] + b[i];
}

extern "C" __global__ void matmul(const float *a, const float *b, float *c, int m, int n, int k) {
  __shared__ float tileA[16][17], tileB[16][17];
  int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
  float sum = 0;
  for (int start = 0; start < k; start += 16) {
    int x = start + threadIdx.x, y = start + threadIdx.y;
    tileA[threadIdx.y][threadIdx.x] = row < m && x < k ? a[row * k + x] : 0;
    tileB[threadIdx.y][threadIdx.x] = y < k && column < n ? b[y * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < 16; ++i)
      sum += tileA[threadIdx.y][i] * tileB[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && column < n)
    c[row * n + column] = sum;
}

__device__ float sumOfWarp(float value) {
  for (int offset = 16; offset; offset /= 2)
    value += __shfl_xor_sync(~0u, value, offset);
  return value;
}

extern "C" __global__ void reduce(const float *x, float *out, int n) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x)
    sum += x[i];
  sum = sumOfWarp(sum);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = sumOfWarp(threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0);
    if (threadIdx.x == 0)
      atomicAdd(out, sum);
  }
}

extern "C" __global__ void softmax(const float *x, float *y, int n) {
  extern __shared__ float exponentials[];
  const float *row = x + blockIdx.x * n;
  float most = -INFINITY, sum = 0;
  for (int i = threadIdx.x; i < n; i += 32)
    most = fmaxf(most, row[i]);
  for (int offset = 16; offset; offset /= 2)
    most = fmaxf(most, __shfl_xor_sync(~0u, most, offset));
  for (int i = threadIdx.x; i < n; i += 32)
    sum += exponentials[i] = expf(row[i] - most);
  sum = sumOfWarp(sum);
  for (int i = threadIdx.x; i < n; i += 32)
    y[blockIdx.x * n + i] = exponentials[i] / sum;
}

extern "C" __global__ void functions(const float *x, float *y) {
  float v = x[threadIdx.x], *out = y + threadIdx.x * 8;
  out[0] = sinf(v);
  out[1] = tanhf(v);
  out[2] = erff(v);
  out[3] = powf(fabsf(v), 1.5f);
  out[4] = logf(fabsf(v));
  out[5] = __expf(v);
  out[6] = rsqrtf(fabsf(v));
  out[7] = floorf(v);
}

/// Each step copies 128 vectors ahead while it turns round the ones before.
extern "C" __global__ void pipelinedCopy(const float4 *x, float4 *y, int steps) {
  __shared__ float4 buffer[2][128];
  int t = threadIdx.x;
  __pipeline_memcpy_async(&buffer[0][t], &x[t], 16);
  __pipeline_commit();
  for (int i = 0; i < steps; ++i) {
    if (i + 1 < steps)
      __pipeline_memcpy_async(&buffer[(i + 1) & 1][t], &x[(i + 1) * 128 + t], 16);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    y[i * 128 + t] = buffer[i & 1][127 - t];
    __syncthreads();
  }
}

__noinline__ __device__ float polynomial(float x, int degree) {
  float result = 0;
  for (int i = 0; i < degree; ++i)
    result = result * x + i;
  return result;
}
extern "C" __global__ void calls(float *y) { y[threadIdx.x] = polynomial(y[threadIdx.x], threadIdx.x % 7); }

/// 16x16 by 16x8, through ldmatrix and mma.sync.
extern "C" __global__ void tensorCores(const __half *a, const __half *b, float *out) {
  __shared__ __align__(16) __half tileA[256], tileB[128];
  int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32)
    tileA[i] = a[i];
  for (int i = lane; i < 128; i += 32)
    tileB[i] = b[i];
  __syncwarp();
  uint32_t a0, a1, a2, a3, b0, b1;
  uint32_t addressA = __cvta_generic_to_shared(&tileA[(lane % 16) * 16 + (lane / 16) * 8]);
  uint32_t addressB = __cvta_generic_to_shared(&tileB[(lane % 16) * 8]);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3)
               : "r"(addressA));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(b0), "=r"(b1) : "r"(addressB));
  float c[4] = {0, 0, 0, 0};
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
               "{%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  for (int i = 0; i < 4; ++i)
    out[(lane / 4 + 8 * (i / 2)) * 8 + (lane % 4) * 2 + i % 2] = c[i];
}

/// Narrow and wide types, a switch, an array in local memory.
extern "C" __global__ void types(const __half *h, const __nv_bfloat16 *b, const double *d, const int8_t *q, float *y,
                                 int64_t *z) {
  int i = threadIdx.x;
  y[i] = __half2float(__hadd(h[i], h[i])) * __bfloat162float(b[i]) + (float)d[i] * q[i];
  int64_t value = (int64_t)d[i] / 7 % 5 + __popc(i) + __clz(i) + (q[i] >> 2);
  switch (i % 8) {
  case 0: value += 3; break;
  case 1: value *= 4; break;
  case 2: value ^= 77; break;
  case 3: value -= 9; break;
  case 4: value /= 3; break;
  case 5: value = -value; break;
  case 6: value <<= 3; break;
  }
  int array[8];
  for (int k = 0; k < 8; ++k)
    array[k] = k * i;
  z[i] = value + array[(i * 3) & 7];
}
