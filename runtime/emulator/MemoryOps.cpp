// Loads and stores in all state spaces, of one element or a vector.
#include "Lanes.h"
#include "Reach.h"

#include <cstring>

namespace tegula::runtime::emulator {
namespace {

template <class T>
void loadElement(Warp &warp, uint32_t place, uint32_t index, uint32_t mask, std::byte **from) {
  T *d = warp.lanes<T>(place);
  eachLane(mask, [=](int lane) { std::memcpy(&d[lane], from[lane] + index * sizeof(T), sizeof(T)); });
}

uint64_t extend(const std::byte *from, uint32_t bytes, bool isSigned) {
  uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  uint32_t unused = 64 - 8 * bytes;
  return isSigned ? uint64_t(int64_t(value << unused) >> unused) : value;
}

void runLoad(Warp &warp, const Instruction &in, uint32_t mask) {
  std::byte *from[lanesPerWarp];
  if (!reach(warp, in, AccessKind::Read, uint32_t(in.bytes) * in.count, mask, from))
    return;
  const uint32_t *places = warp.list(in);
  for (uint32_t i = 0; i < in.count; ++i) {
    if (places[i] == Instruction::noRegister)
      continue;
    if (in.width == in.bytes && in.bytes == 4)
      loadElement<uint32_t>(warp, places[i], i, mask, from);
    else if (in.width == in.bytes && in.bytes == 8)
      loadElement<uint64_t>(warp, places[i], i, mask, from);
    else if (in.width == in.bytes && in.bytes == 2)
      loadElement<uint16_t>(warp, places[i], i, mask, from);
    else
      for (uint32_t left = mask; left; left &= left - 1) {
        int lane = std::countr_zero(left);
        warp.write(places[i], in.width, lane, extend(from[lane] + i * in.bytes, in.bytes, in.isSigned));
      }
  }
}

void runStore(Warp &warp, const Instruction &in, uint32_t mask) {
  std::byte *to[lanesPerWarp];
  if (!reach(warp, in, AccessKind::Write, uint32_t(in.bytes) * in.count, mask, to))
    return;
  const uint32_t *places = warp.list(in);
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    for (uint32_t i = 0; i < in.count; ++i) {
      uint64_t value = warp.read(places[i], in.width, lane);
      std::memcpy(to[lane] + i * in.bytes, &value, in.bytes);
    }
  }
}

/// Elements of an operand: of a vector, or the operand alone.
std::vector<const Operand *> elementsOf(const Operand &operand) {
  std::vector<const Operand *> result;
  if (operand.kind == Operand::List)
    for (const Operand &one : operand.list)
      result.push_back(&one);
  else
    result.push_back(&operand);
  return result;
}

template <bool Store> void decodeAccess(Decoding &d) {
  Instruction &out = d.out;
  bool hint = d.take("L2::cache_hint");
  d.takeMemoryHints();
  Space space = d.takeSpace();
  int vector = d.takeOneOf({"v2", "v4", "v8"});
  Type type = d.takeType();
  if (type == Type::Pred)
    d.fail("expected a type of 8 to 64 bits");
  d.expectOperands(2, hint ? 3 : 2);
  const Operand &data = d.operand(Store ? 1 : 0);
  std::vector<const Operand *> elements = elementsOf(data);
  if (elements.size() != (vector < 0 ? 1u : 2u << vector))
    d.fail("expected as many registers as the vector has elements");
  out.bytes = uint8_t(bytesOf(type));
  out.count = uint8_t(elements.size());
  out.isSigned = isSigned(type);
  if (uint32_t(out.bytes) * out.count > 32)
    d.fail("expected a vector of at most 32 bytes");
  std::vector<uint32_t> places;
  uint32_t width = 0;
  for (const Operand *element : elements) {
    if (!Store && d.isSink(*element)) {
      places.push_back(Instruction::noRegister);
      continue;
    }
    Place place = Store ? d.anySource(*element, type) : d.anyTarget(*element);
    if (place.width < out.bytes || (width != 0 && place.width != width))
      d.fail("expected registers of one size that hold the type");
    width = place.width;
    places.push_back(place.at);
  }
  out.width = uint8_t(width);
  d.useList(places);
  d.address(Store ? 0 : 1, space);
  d.reaches(out.space, uint32_t(out.bytes) * out.count);
  out.run = Store ? runStore : runLoad;
}

/// Instructions that change nothing that can be seen here: execution is sequential, and there are no caches.
void decodeNothing(Decoding &d) {
  d.takeMemoryHints();
  for (std::string_view known :
       {"global",  "local", "L1",    "L2",    "evict_last",    "evict_normal", "tensormap",         "acq_rel",
        "sc",      "proxy", "async", "alias", "mbarrier_init", "wait",         "launch_dependents", "gl",
        "aligned", "inc",   "dec",   "sync",  "u32",           "shared::cta",  "async.shared::cta"})
    d.take(known);
  d.out.run = [](Warp &, const Instruction &, uint32_t) {};
}

void decodeTrap(Decoding &d) {
  d.out.run = [](Warp &warp, const Instruction &in, uint32_t mask) {
    warp.fail(in, std::countr_zero(mask), "the kernel gave up");
  };
}

} // namespace

void addMemoryInstructions(DecodeTable &table) {
  table["ld"] = table["ldu"] = decodeAccess<false>;
  table["st"] = decodeAccess<true>;
  for (std::string_view name : {"prefetch", "prefetchu", "membar", "fence", "nanosleep", "griddepcontrol",
                                "discard", "setmaxnreg", "pmevent"})
    table[name] = decodeNothing;
  table["trap"] = table["brkpt"] = decodeTrap;
}

} // namespace tegula::runtime::emulator
