// Runs a warp: picks the group of lanes that is furthest behind, executes its instruction, splits and joins
// groups.
#include "Warp.h"
#include "Block.h"

#include <algorithm>
#include <cstring>

namespace tegula::runtime::emulator {

Warp::Warp(Block &block, uint32_t index, uint32_t threads)
    : block(block), index(index), exists(threads >= 32 ? allLanes : (1u << threads) - 1), live(exists) {
  constexpr uint64_t alignment = 64;
  size_t bytes = block.entry.registerBytes;
  storage = std::make_unique<std::byte[]>(bytes + alignment);
  uint64_t address = reinterpret_cast<uint64_t>(storage.get());
  registers = storage.get() + (alignment - address % alignment) % alignment;
  auto fill = [&](const Function &function) {
    for (const Constant &constant : function.constants)
      for (int lane = 0; lane < lanesPerWarp; ++lane)
        write(constant.place, constant.width, lane, constant.value);
  };
  for (const Function &function : block.program.functions)
    if (!function.isEntry)
      fill(function);
  fill(block.entry);
}

void Warp::start(Extent position) {
  const Launch &launch = block.launch;
  uint32_t threads = launch.block.x * launch.block.y * launch.block.z;
  for (uint32_t lane = 0; lane < lanesPerWarp; ++lane) {
    uint32_t thread = firstThread() + lane, below = (1u << lane) - 1;
    auto set = [&](Special special, uint32_t value) { lanes<uint32_t>(place(special))[lane] = value; };
    set(Special::TidX, thread % launch.block.x);
    set(Special::TidY, thread / launch.block.x % launch.block.y);
    set(Special::TidZ, thread / launch.block.x / launch.block.y);
    set(Special::NtidX, launch.block.x);
    set(Special::NtidY, launch.block.y);
    set(Special::NtidZ, launch.block.z);
    set(Special::CtaidX, position.x);
    set(Special::CtaidY, position.y);
    set(Special::CtaidZ, position.z);
    set(Special::NctaidX, launch.grid.x);
    set(Special::NctaidY, launch.grid.y);
    set(Special::NctaidZ, launch.grid.z);
    set(Special::LaneId, lane);
    set(Special::WarpId, index);
    set(Special::NwarpId, (threads + 31) / 32);
    set(Special::SmId, 0);
    set(Special::NsmId, 1);
    set(Special::GridId, 0);
    set(Special::MaskEq, 1u << lane);
    set(Special::MaskLt, below);
    set(Special::MaskLe, below | 1u << lane);
    set(Special::MaskGe, ~below);
    set(Special::MaskGt, ~(below | 1u << lane));
    set(Special::DynamicShared, launch.dynamicSharedBytes);
    set(Special::TotalShared, uint32_t(block.memory.sharedBytes()));
    copies[lane].clear();
    copyGroup[lane] = 0;
  }
  live = exists;
  barrier = -1;
  groups.assign(1, Group{exists, block.entry.start, false, {}});
}

const Instruction &Warp::current() const { return block.program.code[groups.front().at]; }
const uint32_t *Warp::list(const Instruction &in) const { return &block.program.lists[in.list]; }

uint64_t Warp::read(uint32_t place, uint32_t width, int lane) {
  switch (width) {
  case 2:
    return lanes<uint16_t>(place)[lane];
  case 4:
    return lanes<uint32_t>(place)[lane];
  default:
    return lanes<uint64_t>(place)[lane];
  }
}

void Warp::write(uint32_t place, uint32_t width, int lane, uint64_t value) {
  switch (width) {
  case 2:
    lanes<uint16_t>(place)[lane] = uint16_t(value);
    break;
  case 4:
    lanes<uint32_t>(place)[lane] = uint32_t(value);
    break;
  default:
    lanes<uint64_t>(place)[lane] = value;
  }
}

void Warp::fail(const Instruction &instruction, int lane, const std::string &text) {
  block.fail(&instruction, firstThread() + uint32_t(lane), text);
}

void Warp::run(uint32_t instructions) {
  if (block.counters)
    runCounted<true>(instructions);
  else
    runCounted<false>(instructions);
}

template <bool counts> void Warp::runCounted(uint32_t instructions) {
  while (instructions-- && !done() && !atBarrier()) {
    if (!step<counts>() || block.failed())
      return;
    if (groups.size() > 1)
      choose();
  }
}

/// False where nothing more can run before something changes: never without an error.
template <bool counts> bool Warp::step() {
  Group &group = groups.front();
  const Instruction &in = block.program.code[group.at];
  uint32_t mask = group.mask;
  if (in.guard != Instruction::noRegister)
    mask &= predicate(in.guard) ^ in.guardFlip;
  ++block.counts.warpInstructions;
  block.counts.threadInstructions += uint32_t(std::popcount(mask));
  switch (in.kind) {
  case Kind::Collective:
    if (mask && waitForOthers(in, named(in, mask), mask))
      return true;
    [[fallthrough]];
  case Kind::Plain:
    if (mask)
      in.run(*this, in, mask);
    ++group.at;
    break;
  case Kind::Branch:
    branch(mask, uint32_t(in.immediate));
    break;
  case Kind::BranchTable:
    branchTable(in, mask);
    break;
  case Kind::Call:
    enter(in, mask);
    break;
  case Kind::Return:
    leave(mask, group.calls.empty());
    break;
  case Kind::Exit:
    leave(mask, true);
    break;
  case Kind::Barrier:
    if (mask)
      reachBarrier(in, mask);
    else
      ++group.at;
    return true;
  }
  if constexpr (counts)
    block.counters->execute(in, mask);
  return true;
}

/// Joins groups that stand at the same place, and moves the one to run to the front: inside the deepest call,
/// the one that is furthest behind, since the others may have to wait for it.
void Warp::choose() {
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t j = i + 1; j < groups.size();) {
      if (groups[i].at == groups[j].at && groups[i].calls == groups[j].calls) {
        groups[i].mask |= groups[j].mask;
        groups[i].waits = false;
        groups.erase(groups.begin() + std::ptrdiff_t(j));
      } else {
        ++j;
      }
    }
  auto before = [](const Group &a, const Group &b) {
    if (a.waits != b.waits)
      return b.waits;
    return a.calls.size() != b.calls.size() ? a.calls.size() > b.calls.size() : a.at < b.at;
  };
  size_t best = 0;
  for (size_t i = 1; i < groups.size(); ++i)
    if (before(groups[i], groups[best]))
      best = i;
  if (best != 0)
    std::swap(groups[0], groups[best]);
}

void Warp::branch(uint32_t taken, uint32_t target) {
  Group &group = groups.front();
  uint32_t others = group.mask & ~taken;
  if (others && taken)
    groups.push_back({others, group.at + 1, false, group.calls});
  Group &first = groups.front();
  if (taken) {
    first.mask = taken;
    first.at = target;
  } else {
    ++first.at;
  }
}

void Warp::branchTable(const Instruction &in, uint32_t mask) {
  Group group = groups.front();
  groups.erase(groups.begin());
  if (uint32_t others = group.mask & ~mask)
    groups.push_back({others, group.at + 1, false, group.calls});
  const uint32_t *index = lanes<uint32_t>(in.a);
  for (uint32_t left = mask; left; left &= left - 1) {
    int lane = std::countr_zero(left);
    if (index[lane] >= in.extra) {
      groups.insert(groups.begin(), group);
      return fail(in, lane, "index " + std::to_string(index[lane]) + " is beyond the list of targets");
    }
    groups.push_back({1u << lane, list(in)[index[lane]], false, group.calls});
  }
  choose();
}

void Warp::enter(const Instruction &in, uint32_t mask) {
  Group &group = groups.front();
  uint32_t others = group.mask & ~mask, next = group.at + 1;
  if (!mask) {
    group.at = next;
    return;
  }
  if (others)
    groups.push_back({others, next, false, group.calls});
  Group &first = groups.front();
  first.mask = mask;
  first.calls.push_back(next);
  first.at = uint32_t(in.immediate);
}

void Warp::leave(uint32_t mask, bool exits) {
  Group &group = groups.front();
  uint32_t others = group.mask & ~mask;
  if (!mask) {
    ++group.at;
    return;
  }
  if (others)
    groups.push_back({others, group.at + 1, false, group.calls});
  Group &first = groups.front();
  first.mask = mask;
  if (!exits) {
    first.at = first.calls.back();
    first.calls.pop_back();
    return;
  }
  live &= ~mask;
  groups.erase(groups.begin());
}

/// The lanes that a collective needs, from what each of the lanes that are here names.
uint32_t Warp::named(const Instruction &in, uint32_t mask) {
  if (in.member == Instruction::noRegister)
    return allLanes;
  uint32_t result = 0;
  const uint32_t *members = lanes<uint32_t>(in.member);
  for (uint32_t left = mask; left; left &= left - 1)
    result |= members[std::countr_zero(left)];
  return result & exists;
}

/// Whether the front group must wait for lanes that are elsewhere. An error where they can never come.
bool Warp::waitForOthers(const Instruction &in, uint32_t needed, uint32_t mask) {
  uint32_t missing = needed & ~mask;
  if (in.member != Instruction::noRegister && (mask & ~needed)) {
    fail(in, std::countr_zero(mask & ~needed), "the thread is not in the mask of members that it gives");
    return true;
  }
  groups.front().waits = missing != 0;
  if (!missing)
    return false;
  bool allWait = std::all_of(groups.begin(), groups.end(), [](const Group &g) { return g.waits; });
  uint32_t elsewhere = live & ~groups.front().mask;
  if (!allWait && !(missing & ~elsewhere))
    return true;
  int lane = std::countr_zero(missing);
  std::string where = !(exists >> lane & 1) ? "does not exist"
                      : !(live >> lane & 1) ? "has exited"
                                            : "is not here";
  for (const Group &group : groups)
    if ((group.mask >> lane & 1) && &group != &groups.front())
      where = "waits at line " + std::to_string(block.program.code[group.at].line);
  fail(in, std::countr_zero(mask),
       "divergence: lane " + std::to_string(lane) + " of the warp is needed but " + where);
  return true;
}

void Warp::reachBarrier(const Instruction &in, uint32_t mask) {
  uint32_t id = lanes<uint32_t>(in.a)[std::countr_zero(mask)];
  uint32_t expected = 0;
  if (in.b != Instruction::noRegister)
    expected = lanes<uint32_t>(in.b)[std::countr_zero(mask)];
  if (id >= 16 || expected % 32 != 0)
    return fail(in, std::countr_zero(mask), "expected a barrier below 16 and a multiple of 32 threads");
  if (waitForOthers(in, live, mask))
    return;
  if (block.counters)
    block.counters->execute(in, mask);
  uint32_t holds = 0;
  if (in.c != Instruction::noRegister)
    holds = (predicate(in.c) ^ (in.isSigned ? allLanes : 0)) & mask;
  uint32_t threads = uint32_t(std::popcount(mask));
  if (in.extra != 1) // all but bar.arrive wait; release() moves on
    barrier = int(id);
  else
    ++groups.front().at;
  block.arrive(*this, id, expected, threads, uint32_t(std::popcount(holds)), atBarrier());
}

void Warp::release(uint32_t threads, uint32_t holds) {
  const Instruction &in = current();
  uint32_t mask = groups.front().mask;
  barrier = -1;
  ++groups.front().at;
  if (in.extra == 2) {
    eachLane(mask, [d = lanes<uint32_t>(in.d), holds](int lane) { d[lane] = holds; });
  } else if (in.extra > 2) {
    bool result = in.extra == 3 ? holds == threads : holds != 0;
    uint32_t &target = predicate(in.d);
    target = (target & ~mask) | (result ? mask : 0);
  }
}

} // namespace tegula::runtime::emulator
