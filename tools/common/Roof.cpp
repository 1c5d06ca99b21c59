// Measures what this machine can do at this moment: multiply-adds in registers, and reading what no cache
// holds.
#include "common/Roof.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tegula::tools {

namespace {

using Clock = std::chrono::steady_clock;

/// Keeps a result alive, so that nobody leaves out what computed it.
volatile float sink;

#if defined(__x86_64__)

/// Sums that are independent: more than latency times multiply-adds a cycle, fewer than registers.
constexpr int sums = 12;

__attribute__((target("avx2,fma"))) double multiplyAdd32(int64_t rounds) {
  __m256 sum[sums], factor = _mm256_set1_ps(0.999F), addend = _mm256_set1_ps(0.001F);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm256_set1_ps(float(i));
  for (int64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < sums; ++i)
      sum[i] = _mm256_fmadd_ps(sum[i], factor, addend);
  for (int i = 0; i < sums; ++i)
    sink = _mm256_cvtss_f32(sum[i]);
  return 2.0 * 8 * sums * double(rounds);
}

__attribute__((target("avx512f"))) double multiplyAdd64(int64_t rounds) {
  __m512 sum[sums], factor = _mm512_set1_ps(0.999F), addend = _mm512_set1_ps(0.001F);
  for (int i = 0; i < sums; ++i)
    sum[i] = _mm512_set1_ps(float(i));
  for (int64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < sums; ++i)
      sum[i] = _mm512_fmadd_ps(sum[i], factor, addend);
  for (int i = 0; i < sums; ++i)
    sink = _mm512_cvtss_f32(sum[i]);
  return 2.0 * 16 * sums * double(rounds);
}

__attribute__((target("avx2"))) void readAll(const uint8_t *data, size_t bytes) {
  constexpr size_t step = 4 * sizeof(__m256i);
  __m256i sum[4] = {};
  for (size_t at = 0; at + step <= bytes; at += step)
    for (size_t i = 0; i < 4; ++i)
      sum[i] = _mm256_xor_si256(sum[i], _mm256_load_si256(reinterpret_cast<const __m256i *>(data + at) + i));
  __m256i all = _mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3]));
  sink = float(_mm256_extract_epi32(all, 0));
}

#endif

/// How much `work` does a second on all threads together: each returns what it did. The best of some trials,
/// since others may disturb one.
double rateOf(int threads, const std::function<double(int thread)> &work) {
  constexpr int trials = 5;
  double best = 0;
  for (int trial = 0; trial < trials; ++trial) {
    std::atomic<int> waiting = threads;
    std::vector<double> done(size_t(threads), 0.0);
    std::vector<Clock::time_point> begin(size_t(threads), Clock::now()), end = begin;
    auto run = [&](int thread) {
      for (--waiting; waiting > 0;)
        std::this_thread::yield();
      begin[size_t(thread)] = Clock::now();
      done[size_t(thread)] = work(thread);
      end[size_t(thread)] = Clock::now();
    };
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(run, thread);
    run(0);
    for (std::thread &other : others)
      other.join();
    double sum = 0;
    for (double each : done)
      sum += each;
    std::chrono::duration<double> took =
        *std::max_element(end.begin(), end.end()) - *std::min_element(begin.begin(), begin.end());
    best = std::max(best, sum / std::max(took.count(), 1e-9));
  }
  return best;
}

#if defined(__x86_64__)

/// More than the caches of any CPU hold, or nearly so.
constexpr size_t bytesToRead = size_t(256) << 20;

double bytesASecond(int threads) {
  size_t each = bytesToRead / size_t(threads) / 4096 * 4096;
  struct Free {
    void operator()(uint8_t *memory) const { ::operator delete(memory, std::align_val_t(4096)); }
  };
  std::vector<std::unique_ptr<uint8_t, Free>> parts;
  for (int thread = 0; thread < threads; ++thread)
    parts.emplace_back(static_cast<uint8_t *>(::operator new(each, std::align_val_t(4096))));
  for (const auto &part : parts)
    std::fill_n(part.get(), each, uint8_t(1));
  return rateOf(threads, [&](int thread) {
    readAll(parts[size_t(thread)].get(), each);
    return double(each);
  });
}

#endif

} // namespace

Roof measureRoof(int threads, bool wide) {
  Roof roof;
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return roof;
  bool isWide = wide && __builtin_cpu_supports("avx512f");
  constexpr int64_t rounds = 2'000'000; // some 10 ms
  roof.flops = rateOf(threads, [&](int) { return isWide ? multiplyAdd64(rounds) : multiplyAdd32(rounds); });
  roof.bytes = bytesASecond(threads);
#else
  (void)threads, (void)wide;
#endif
  return roof;
}

} // namespace tegula::tools
