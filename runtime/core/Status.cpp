// How the runtime reports failures: one function that fills the caller's status object, with no allocation.
#include "Status.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime {

tgl_code setStatus(tgl_status *status, tgl_code code, std::string_view text) {
  if (status) {
    size_t size = std::min(text.size(), sizeof(status->text) - 1);
    status->code = code;
    std::memcpy(status->text, text.data(), size);
    status->text[size] = 0;
  }
  return code;
}

tgl_code succeed(tgl_status *status) { return setStatus(status, TGL_OK, ""); }

} // namespace tegula::runtime
