// Machines of one family that differ: a name that stands for the wrong one would give it the other's tiles.
#include "tegula/target/Machine.h"

#include <gtest/gtest.h>

using namespace tegula::target;

namespace {

TEST(Table, SkylakeForDesksHasTheSmallerL2) {
  std::optional<Machine> desk = findMachine("skylake"), server = findMachine("skylake-avx512");
  ASSERT_TRUE(desk && server);
  EXPECT_EQ(desk->cpu, "skylake");
  EXPECT_EQ(desk->l2Bytes, 256 * 1024);
  EXPECT_EQ(server->cpu, "skylake-avx512");
  EXPECT_EQ(server->l2Bytes, 1024 * 1024);
}

} // namespace
