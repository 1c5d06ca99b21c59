/* The contract between compiled code and the runtime: plain C, because generated code follows it too. */
#ifndef TEGULA_ARTIFACT_CODEABI_H
#define TEGULA_ARTIFACT_CODEABI_H

#include <stdint.h>

/* Raised whenever anything below changes its meaning; an artifact of another version is refused. */
#define TGL_CODE_ABI_VERSION 3

/* A compiled kernel: computes cells [begin, end) of its grid. `buffers` holds inputs, then outputs, then
 * scratch memory where the kernel needs it, then a `const int64_t *` to its sizes where it has any. */
typedef void (*TglKernelFn)(void *const *buffers, int64_t begin, int64_t end);

/* What the runtime offers to the host function. */
typedef struct TglHost {
  /* Runs all `cells` of a kernel, on as many threads as the context has, and returns when all are done.
   * `dispatch` numbers the launch in the manifest. */
  void (*launch)(struct TglHost *self, TglKernelFn kernel, void *const *buffers, int64_t cells,
                 int32_t dispatch);
  /* The byte at an address in a buffer, once all launches so far are done: a condition. */
  int32_t (*read)(struct TglHost *self, const void *address);
  /* Says why the entry function returns -1: the number of the manifest's check that fails plus one, and the
   * two sizes that do not fit. */
  void (*refuse)(struct TglHost *self, int32_t check, int64_t first, int64_t second);
} TglHost;

/* Runs the whole model once. `packed` holds what the loader has packed of the weights (see PackInfo).
 * `symbols` are the sizes of this run, one a symbol of the manifest, which the shapes function has accepted.
 * Returns 0, -1 where a branch that this run takes does not allow its sizes, or the number of the dispatch
 * that failed plus one. */
typedef int32_t (*TglEntryFn)(TglHost *host, void *const *inputs, void *const *outputs,
                              const uint8_t *weights, uint8_t *arena, const int64_t *symbols,
                              const uint8_t *packed);

/* What follows from the symbols, which are at least 1: writes the sizes of all outputs one after the other,
 * and the bytes of the arena. Returns 0, or the number of the manifest's check that fails plus one; then
 * dims[0] and dims[1] are the two sizes that do not fit. `dims` has room for two at least. */
typedef int32_t (*TglShapesFn)(const int64_t *symbols, int64_t *dims, int64_t *arenaBytes);

#endif
