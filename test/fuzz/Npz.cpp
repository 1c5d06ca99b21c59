// Fuzz target: any bytes as .npy and as .npz, because tensors come from strangers too. What is read must have
// the size that its shape says, and be the same again after it was written and read.
#include "Temporary.h"

#include "tegula/npy/Npy.h"
#include "tegula/support/Checked.h"

using namespace tegula;

namespace {

void check(const npy::Array &array) {
  Checked size = Checked::product(array.shape) * Checked(int64_t(npy::dtypeSize(array.dtype)));
  if (!size.valid() || uint64_t(size.get()) != array.bytes.size())
    fuzz::finding("expected as many bytes as shape and type say");
  std::vector<uint8_t> written;
  std::string error;
  // numpy's own limit of dimensions is 64; a header holds a few thousand.
  if (array.shape.size() <= 64 && !npy::encodeNpy(array, written, error))
    fuzz::finding("expected to write what was read: " + error);
  npy::Array again;
  if (!written.empty() && (!npy::decodeNpy(written, again, error) || again.dtype != array.dtype ||
                           again.shape != array.shape || again.bytes != array.bytes))
    fuzz::finding("expected to read what was written: " + error);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  npy::Array array;
  if (npy::decodeNpy({data, size}, array, error))
    check(array);
  else if (error.empty())
    fuzz::finding("expected a reason why no .npy was read");
  error.clear();
  std::vector<npy::NamedArray> arrays;
  if (!npy::decodeNpz({data, size}, arrays, error)) {
    if (error.empty())
      fuzz::finding("expected a reason why no .npz was read");
    return 0;
  }
  for (const npy::NamedArray &named : arrays)
    check(named.array);
  return 0;
}
