// Finds and checks the bytes behind addresses, for all state spaces.
#include "Memory.h"
#include "Block.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime::emulator {
namespace {

std::string hex(uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

const char *spaceName(Space space) {
  static const char *const names[] = {"generic", "global", "shared", "local", "param", "const"};
  return names[int(space)];
}

uint64_t divideUp(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

size_t threadsOf(const Launch &launch) { return size_t(launch.block.x) * launch.block.y * launch.block.z; }

} // namespace

bool GlobalMemory::add(const void *base, uint64_t size, std::string name, bool writable) {
  uint64_t address = reinterpret_cast<uint64_t>(base);
  auto after = std::lower_bound(sorted.begin(), sorted.end(), address,
                                [](const Region &r, uint64_t value) { return r.base < value; });
  if (address + size < address || (after != sorted.end() && after->base < address + size) ||
      (after != sorted.begin() && after[-1].base + after[-1].size > address))
    return false;
  sorted.insert(after, {address, size, writable, std::move(name)});
  return true;
}

void GlobalMemory::remove(const void *base) {
  std::erase_if(sorted, [&](const Region &r) { return r.base == reinterpret_cast<uint64_t>(base); });
}

Memory::Memory(const Program &program, const GlobalMemory &global, const Function &entry,
               const Launch &launch)
    : shared(entry.sharedBytes + size_t(launch.dynamicSharedBytes)),
      cells(shared.size(), entry.sharedGrain, uint32_t(divideUp(threadsOf(launch), lanesPerWarp))),
      parameters(launch.parameters), localBytes(entry.localBytes), callBytes(entry.callBytes),
      globalGrain(entry.globalGrain) {
  for (const GlobalMemory::Region &region : global.regions())
    regions.push_back({region.base, region.size, region.writable, false, &region.name, {}});
  for (const Variable &variable : program.variables)
    regions.push_back(
        {variable.address, variable.size, variable.writable, !variable.writable, &variable.name, {}});
  std::sort(regions.begin(), regions.end(), [](const Region &a, const Region &b) { return a.base < b.base; });
  local.resize(threadsOf(launch) * localBytes);
  calls.resize(threadsOf(launch) * callBytes);
  uint64_t blocks = uint64_t(launch.grid.x) * launch.grid.y * launch.grid.z;
  hasOtherBlocks = blocks > 1 && blocks <= GlobalCells::mostBlocks;
}

void Memory::reset() {
  cells.beginBlock();
  ++block;
  isAfterOthers = false;
  std::fill(local.begin(), local.end(), std::byte(0xcd));
}

Space Memory::spaceOf(uint64_t generic) {
  switch (generic & windowMask) {
  case sharedWindow:
    return Space::Shared;
  case localWindow:
    return Space::Local;
  case paramWindow:
    return Space::Param;
  default:
    return Space::Global;
  }
}

bool Memory::isConstant(uint64_t address) const {
  return std::any_of(regions.begin(), regions.end(), [&](const Region &r) {
    return r.isConstant && address >= r.base && address - r.base < r.size;
  });
}

Touch Memory::touchOf(const Warp &warp, const Instruction &in, AccessKind kind) const {
  return {kind, in.isStrong || kind == AccessKind::Atomic, uint16_t(warp.firstThread()),
          uint32_t(&in - warp.owner().program.code.data())};
}

/// The frequent case, lanes that hit shared memory or the region that was hit last; the lanes that are left
/// take the long way, which knows every error. `touch` is that of the warp's first lane.
uint32_t Memory::resolveFast(const Access &access, Touch touch, std::byte **bytes) {
  uint32_t left = access.mask;
  const uint64_t size = access.bytes, misaligned = size - 1;
  const uint16_t first = touch.thread;
  if (access.space == Space::Shared) {
    for (uint32_t lanes = access.mask; lanes; lanes &= lanes - 1) {
      int lane = std::countr_zero(lanes);
      uint64_t address = access.addresses[lane];
      touch.thread = uint16_t(first + lane);
      if ((address & misaligned) || address > shared.size() || size > shared.size() - address ||
          cells.note(address, access.bytes, touch) != SharedCells::Found::Nothing)
        return left;
      bytes[lane] = &shared[address];
      left &= ~(1u << lane);
    }
    return left;
  }
  if ((access.space != Space::Global && access.space != Space::Generic) || !last ||
      (!last->writable && access.kind != AccessKind::Read) || last->size < size)
    return left;
  const uint64_t base = last->base, room = last->size - size;
  const bool isNoted = hasOtherBlocks && last->writable;
  Earlier earlier;
  for (uint32_t lanes = access.mask; lanes; lanes &= lanes - 1) {
    int lane = std::countr_zero(lanes);
    uint64_t address = access.addresses[lane];
    if ((address & misaligned) || address - base > room ||
        (isNoted && !noteGlobal(*last, address, access.bytes, touch, earlier)))
      continue;
    bytes[lane] = reinterpret_cast<std::byte *>(address);
    left &= ~(1u << lane);
  }
  return left;
}

/// False where another block has touched these bytes. Atomic operations and others with an order race with
/// nothing, and where a block does one, blocks before it may have told it what it may read.
bool Memory::noteGlobal(Region &region, uint64_t address, uint32_t bytes, const Touch &touch,
                        Earlier &earlier) {
  isAfterOthers |= touch.isStrong;
  if (!hasOtherBlocks || !region.writable || isAfterOthers)
    return true;
  if (!region.cells)
    region.cells = std::make_unique<GlobalCells>(region.base, region.size, globalGrain);
  return !region.cells->exists() ||
         region.cells->note(address, bytes, touch.kind != AccessKind::Read, block, earlier);
}

Memory::One Memory::oneOf(Warp &warp, const Instruction &in, int lane, AccessKind kind, Space space,
                          uint64_t address, uint32_t bytes) const {
  One one{space, address, bytes, touchOf(warp, in, kind), warp, in, lane};
  one.touch.thread = uint16_t(one.touch.thread + lane);
  if (space == Space::Generic) {
    one.space = spaceOf(address);
    if (one.space != Space::Global)
      one.address &= ~windowMask;
  }
  return one;
}

bool Memory::fail(const One &one, const std::string &text) {
  const char *verb = one.touch.kind == AccessKind::Read    ? "reads "
                     : one.touch.kind == AccessKind::Write ? "writes "
                                                           : "updates ";
  one.warp.fail(one.instruction, one.lane,
                verb + std::to_string(one.bytes) + " bytes at " + hex(one.address) + " of " +
                    spaceName(one.space) + " memory: " + text);
  return false;
}

bool Memory::resolve(Warp &warp, const Instruction &instruction, const Access &access, std::byte **bytes) {
  if (!suspects.empty() && !settle())
    return false;
  for (uint32_t left = resolveFast(access, touchOf(warp, instruction, access.kind), bytes); left;
       left &= left - 1) {
    int lane = std::countr_zero(left);
    One one = oneOf(warp, instruction, lane, access.kind, access.space, access.addresses[lane], access.bytes);
    std::string error;
    bytes[lane] = find(one, error);
    if (!bytes[lane])
      return fail(one, error);
  }
  return true;
}

std::byte *Memory::suspect(const One &one, const Earlier &earlier, std::byte *at) {
  Suspect &suspect = suspects.emplace_back(Suspect{one, earlier, at, {}});
  std::memcpy(suspect.before, at, one.bytes);
  return at;
}

std::string Memory::explainRace(const One &one, const Earlier &earlier) {
  const Block &owner = one.warp.owner();
  std::string verb = earlier.wrote ? " wrote it" : " read it";
  if (one.space == Space::Shared)
    return "a race, " + owner.nameOf(earlier.thread, earlier.at) + verb +
           " and no barrier is between the two";
  return "a race in '" + *regionOf(one.address)->name + "', " +
         (earlier.block ? owner.nameOf(earlier.block - 1) + " of the same launch" + verb
                        : "other blocks of the same launch" + verb);
}

bool Memory::settle() {
  auto changed = std::find_if(suspects.begin(), suspects.end(), [](const Suspect &each) {
    return std::memcmp(each.at, each.before, each.one.bytes) != 0;
  });
  bool isFine = changed == suspects.end() || fail(changed->one, explainRace(changed->one, changed->earlier));
  suspects.clear();
  return isFine;
}

std::byte *Memory::find(const One &one, std::string &error) {
  uint64_t address = one.address;
  if (address & (one.bytes - 1)) {
    error = "misaligned";
    return nullptr;
  }
  auto inside = [&](uint64_t size) {
    if (address <= size && one.bytes <= size - address)
      return true;
    error = "out of bounds, " + std::to_string(size) + " bytes are there";
    return false;
  };
  switch (one.space) {
  case Space::Shared:
    return findShared(one, error);
  case Space::Local:
    return inside(localBytes) ? &local[size_t(one.touch.thread) * localBytes + address] : nullptr;
  case Space::Param:
    if (address >= callParameters) {
      address -= callParameters;
      return inside(callBytes) ? callParameter(one.touch.thread, uint32_t(address)) : nullptr;
    }
    if (one.touch.kind != AccessKind::Read) {
      error = "a kernel's parameters may only be read";
      return nullptr;
    }
    return inside(parameters.size()) ? const_cast<std::byte *>(parameters.data()) + address : nullptr;
  default:
    return findGlobal(one, error);
  }
}

Memory::Region *Memory::regionOf(uint64_t address) {
  auto after = std::upper_bound(regions.begin(), regions.end(), address,
                                [](uint64_t value, const Region &r) { return value < r.base; });
  bool isThere = after != regions.begin() && address - after[-1].base < after[-1].size;
  return isThere ? &after[-1] : nullptr;
}

std::byte *Memory::findGlobal(const One &one, std::string &error) {
  uint64_t address = one.address;
  if (!last || address - last->base >= last->size)
    last = regionOf(address);
  if (!last || one.bytes > last->size - (address - last->base)) {
    error = "out of bounds, " + explainGlobal(address);
    return nullptr;
  }
  if (!last->writable && one.touch.kind != AccessKind::Read) {
    error = "'" + *last->name + "' may only be read";
    return nullptr;
  }
  Earlier earlier;
  std::byte *at = reinterpret_cast<std::byte *>(address);
  if (noteGlobal(*last, address, one.bytes, one.touch, earlier))
    return at;
  if (one.touch.kind == AccessKind::Write)
    return suspect(one, earlier, at);
  error = explainRace(one, earlier);
  return nullptr;
}

std::string Memory::explainGlobal(uint64_t address) const {
  const Region *best = nullptr;
  uint64_t least = ~uint64_t(0);
  for (const Region &r : regions) {
    uint64_t distance =
        address < r.base ? r.base - address : address - r.base - std::min(r.size, address - r.base);
    if (distance < least)
      least = distance, best = &r;
  }
  if (!best)
    return "no memory is registered";
  bool before = address < best->base;
  uint64_t distance = before ? best->base - address : address - best->base;
  return std::to_string(distance) + " bytes " + (before ? "before" : "after") + " the start of '" +
         *best->name + "', which has " + std::to_string(best->size);
}

bool Memory::isInShared(const One &one, std::string &error) const {
  if (one.address <= shared.size() && one.bytes <= shared.size() - one.address)
    return true;
  error = "out of bounds, the block has " + std::to_string(shared.size()) + " bytes";
  return false;
}

std::byte *Memory::findShared(const One &one, std::string &error) {
  if (!isInShared(one, error))
    return nullptr;
  switch (cells.note(one.address, one.bytes, one.touch)) {
  case SharedCells::Found::Nothing:
    return &shared[one.address];
  case SharedCells::Found::Unwritten:
    error = "nothing was written there, or its asynchronous copy was not waited for";
    return nullptr;
  case SharedCells::Found::Race:
    break;
  }
  Earlier earlier = cells.explain(one.address, one.bytes, one.touch);
  if (one.touch.kind == AccessKind::Write) {
    cells.noteAgain(one.address, one.bytes, one.touch);
    return suspect(one, earlier, &shared[one.address]);
  }
  error = explainRace(one, earlier);
  return nullptr;
}

bool Memory::beginCopy(Warp &warp, const Instruction &in, int lane, const PendingCopy &copy) {
  if (!suspects.empty() && !settle())
    return false;
  const One one = oneOf(warp, in, lane, AccessKind::Write, Space::Shared, copy.address, copy.bytes);
  std::string error;
  if (copy.address & (copy.bytes - 1))
    return fail(one, "misaligned");
  if (!isInShared(one, error))
    return fail(one, error);
  if (cells.note(one.address, one.bytes, one.touch) == SharedCells::Found::Race) {
    bool isSame = cells.isPending(one.address, one.bytes) || // that is judged when it lands
                  std::memcmp(&shared[one.address], copy.data, copy.bytes) == 0;
    if (!isSame)
      return fail(one, explainRace(one, cells.explain(one.address, one.bytes, one.touch)));
    cells.noteAgain(one.address, one.bytes, one.touch);
  }
  cells.forget(one.address, one.bytes);
  return true;
}

bool Memory::landCopy(Warp &warp, const Instruction &in, int lane, const PendingCopy &copy) {
  const One one = oneOf(warp, in, lane, AccessKind::Write, Space::Shared, copy.address, copy.bytes);
  if (cells.note(one.address, one.bytes, one.touch) == SharedCells::Found::Race) {
    if (std::memcmp(&shared[one.address], copy.data, copy.bytes) != 0)
      return fail(one, "landing there, a copy ends in " +
                           explainRace(one, cells.explain(one.address, one.bytes, one.touch)));
    cells.noteAgain(one.address, one.bytes, one.touch);
  }
  std::memcpy(&shared[copy.address], copy.data, copy.bytes);
  return true;
}

} // namespace tegula::runtime::emulator
