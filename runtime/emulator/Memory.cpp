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
    : parameters(launch.parameters), localBytes(entry.localBytes), callBytes(entry.callBytes) {
  for (const GlobalMemory::Region &region : global.regions())
    regions.push_back({region.base, region.size, region.writable, false, &region.name});
  for (const Variable &variable : program.variables)
    regions.push_back(
        {variable.address, variable.size, variable.writable, !variable.writable, &variable.name});
  std::sort(regions.begin(), regions.end(), [](const Region &a, const Region &b) { return a.base < b.base; });
  size_t threads = size_t(launch.block.x) * launch.block.y * launch.block.z;
  shared.resize(entry.sharedBytes + size_t(launch.dynamicSharedBytes));
  written.resize(shared.size());
  local.resize(threads * localBytes);
  calls.resize(threads * callBytes);
}

void Memory::reset() {
  std::fill(written.begin(), written.end(), uint8_t(0));
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

/// The frequent case, lanes that hit shared memory or the region that was hit last; the lanes that are left
/// take the long way, which knows every error.
uint32_t Memory::resolveFast(const Access &access, std::byte **bytes) {
  uint32_t left = access.mask;
  const uint64_t size = access.bytes, misaligned = size - 1;
  if (access.space == Space::Shared) {
    for (uint32_t lanes = access.mask; lanes; lanes &= lanes - 1) {
      int lane = std::countr_zero(lanes);
      uint64_t address = access.addresses[lane];
      if ((address & misaligned) || address > shared.size() || size > shared.size() - address)
        return left;
      if (access.kind == AccessKind::Write)
        std::memset(&written[address], 0xff, size);
      else if (!isWritten(address, access.bytes))
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
  for (uint32_t lanes = access.mask; lanes; lanes &= lanes - 1) {
    int lane = std::countr_zero(lanes);
    uint64_t address = access.addresses[lane];
    if ((address & misaligned) || address - base > room)
      continue;
    bytes[lane] = reinterpret_cast<std::byte *>(address);
    left &= ~(1u << lane);
  }
  return left;
}

/// Whether every byte holds a value: marks are all ones or zero.
bool Memory::isWritten(uint64_t address, uint32_t bytes) const {
  const uint8_t *marks = &written[address];
  for (; bytes >= 4; bytes -= 4, marks += 4) {
    uint32_t four;
    std::memcpy(&four, marks, 4);
    if (four != 0xffffffff)
      return false;
  }
  return std::all_of(marks, marks + bytes, [](uint8_t mark) { return mark; });
}

bool Memory::resolve(Warp &warp, const Instruction &instruction, const Access &access, std::byte **bytes) {
  for (uint32_t left = resolveFast(access, bytes); left; left &= left - 1) {
    int lane = std::countr_zero(left);
    uint64_t address = access.addresses[lane];
    Space space = access.space;
    if (space == Space::Generic) {
      space = spaceOf(address);
      if (space != Space::Global)
        address &= ~windowMask;
    }
    std::string error;
    bytes[lane] = find(space, address, access, warp.firstThread() + lane, error);
    if (!bytes[lane]) {
      const char *verb = access.kind == AccessKind::Read    ? "reads "
                         : access.kind == AccessKind::Write ? "writes "
                                                            : "updates ";
      warp.fail(instruction, lane,
                verb + std::to_string(access.bytes) + " bytes at " + hex(address) + " of " +
                    spaceName(space) + " memory: " + error);
      return false;
    }
  }
  return true;
}

std::byte *Memory::find(Space space, uint64_t address, const Access &access, uint32_t thread,
                        std::string &error) {
  if (address & (access.bytes - 1)) {
    error = "misaligned";
    return nullptr;
  }
  auto inside = [&](uint64_t size) {
    if (address <= size && access.bytes <= size - address)
      return true;
    error = "out of bounds, " + std::to_string(size) + " bytes are there";
    return false;
  };
  switch (space) {
  case Space::Shared:
    return findShared(address, access, error);
  case Space::Local:
    return inside(localBytes) ? &local[size_t(thread) * localBytes + address] : nullptr;
  case Space::Param:
    if (address >= callParameters) {
      address -= callParameters;
      return inside(callBytes) ? callParameter(thread, uint32_t(address)) : nullptr;
    }
    if (access.kind != AccessKind::Read) {
      error = "a kernel's parameters may only be read";
      return nullptr;
    }
    return inside(parameters.size()) ? const_cast<std::byte *>(parameters.data()) + address : nullptr;
  default:
    return findGlobal(address, access, error);
  }
}

std::byte *Memory::findGlobal(uint64_t address, const Access &access, std::string &error) {
  if (!last || address - last->base >= last->size) {
    auto after = std::upper_bound(regions.begin(), regions.end(), address,
                                  [](uint64_t value, const Region &r) { return value < r.base; });
    if (after == regions.begin() || address - after[-1].base >= after[-1].size) {
      error = "out of bounds, " + explainGlobal(address);
      return nullptr;
    }
    last = &after[-1];
  }
  if (access.bytes > last->size - (address - last->base)) {
    error = "out of bounds, " + explainGlobal(address);
    return nullptr;
  }
  if (!last->writable && access.kind != AccessKind::Read) {
    error = "'" + *last->name + "' may only be read";
    return nullptr;
  }
  return reinterpret_cast<std::byte *>(address);
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

std::byte *Memory::findShared(uint64_t address, const Access &access, std::string &error) {
  if (address > shared.size() || access.bytes > shared.size() - address) {
    error = "out of bounds, the block has " + std::to_string(shared.size()) + " bytes";
    return nullptr;
  }
  if (access.kind == AccessKind::Write) {
    std::memset(&written[address], 0xff, access.bytes);
  } else if (!isWritten(address, access.bytes)) {
    error = "nothing was written there, or its asynchronous copy was not waited for";
    return nullptr;
  }
  return &shared[address];
}

void Memory::forgetShared(uint64_t address, uint32_t bytes) { std::memset(&written[address], 0, bytes); }

void Memory::landShared(uint64_t address, const std::byte *from, uint32_t bytes) {
  std::memcpy(&shared[address], from, bytes);
  std::memset(&written[address], 0xff, bytes);
}

} // namespace tegula::runtime::emulator
