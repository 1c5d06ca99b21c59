// Tests that a case which crashes, hangs or throws costs that case only.
#include "tegula-conformance/Workers.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <unistd.h>

using namespace tegula::tools;

namespace {

std::map<size_t, CaseResult> runAll(size_t count, const WorkerOptions &options,
                                    const std::function<CaseResult(size_t)> &job) {
  std::map<size_t, CaseResult> results;
  runInWorkers(count, options, job,
               [&](size_t index, CaseResult result) { results[index] = std::move(result); });
  return results;
}

TEST(Workers, EveryJobAnswersOnce) {
  auto results =
      runAll(50, {3, 20, 0}, [](size_t index) { return CaseResult{Verdict::Passed, std::to_string(index)}; });
  ASSERT_EQ(results.size(), 50u);
  for (const auto &[index, result] : results) {
    EXPECT_EQ(result.verdict, Verdict::Passed);
    EXPECT_EQ(result.reason, std::to_string(index));
  }
}

TEST(Workers, SurviveCrashesHangsAndExceptions) {
  auto results = runAll(12, {2, 1, 0}, [](size_t index) -> CaseResult {
    if (index == 2) {
      std::fprintf(stderr, "last words\n");
      std::raise(SIGKILL);
    }
    if (index == 5)
      pause();
    if (index == 7)
      throw std::runtime_error("thrown");
    return {Verdict::Skipped, "Op"};
  });
  ASSERT_EQ(results.size(), 12u);
  EXPECT_EQ(results[2].verdict, Verdict::Failed);
  EXPECT_NE(results[2].reason.find("crashed: Killed (last words)"), std::string::npos) << results[2].reason;
  EXPECT_EQ(results[5].reason, "timed out after 1 s");
  EXPECT_EQ(results[7].reason, "exception: thrown");
  EXPECT_EQ(results[11].verdict, Verdict::Skipped);
}

} // namespace
