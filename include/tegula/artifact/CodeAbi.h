/* The contract between compiled code and the runtime: plain C, because generated code follows it too. */
#ifndef TEGULA_ARTIFACT_CODEABI_H
#define TEGULA_ARTIFACT_CODEABI_H

#include <stdint.h>

/* Raised whenever anything below changes its meaning; an artifact of another version is refused. */
#define TGL_CODE_ABI_VERSION 1

/* A compiled kernel: computes cells [begin, end) of its grid. `buffers` holds inputs, then outputs. */
typedef void (*TglKernelFn)(void *const *buffers, int64_t begin, int64_t end);

/* What the runtime offers to the host function. */
typedef struct TglHost {
  /* Runs all `cells` of a kernel, on as many threads as the context has, and returns when all are done.
   * `dispatch` numbers the launch in the manifest. */
  void (*launch)(struct TglHost *self, TglKernelFn kernel, void *const *buffers, int64_t cells,
                 int32_t dispatch);
} TglHost;

/* Runs the whole model once. Returns 0, or the number of the dispatch that failed plus one. */
typedef int32_t (*TglEntryFn)(TglHost *host, void *const *inputs, void *const *outputs,
                              const uint8_t *weights, uint8_t *arena);

#endif
