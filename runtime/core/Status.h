// How the runtime reports failures: one function that fills the caller's status object, with no allocation.
#pragma once

#include "tegula/runtime.h"

#include <string_view>

namespace tegula::runtime {

/// Fills `status` unless it is NULL, cutting the text to its room, and returns `code`.
tgl_code setStatus(tgl_status *status, tgl_code code, std::string_view text);
tgl_code succeed(tgl_status *status);

/// Runs `body`, which returns a tgl_code; being out of memory becomes a status, since no exception may leave
/// the C API.
template <typename F> tgl_code guarded(tgl_status *status, F body) {
  try {
    return body();
  } catch (...) {
    return setStatus(status, TGL_ERR_MEMORY, "out of memory");
  }
}

} // namespace tegula::runtime
