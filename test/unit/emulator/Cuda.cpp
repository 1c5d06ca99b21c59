// CUDA C++ through nvcc and the emulator, against plain loops: PTX as a real compiler writes it.
#include "Emulate.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

using namespace tegula::test;

namespace {

std::string findNvcc() {
  std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  std::stringstream folders(path + ":/usr/local/cuda/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(folder + "/nvcc"))
      return folder + "/nvcc";
  return {};
}

/// Compiles the kernels once for all tests.
const PtxModule *compiledKernels() {
  static const std::unique_ptr<PtxModule> module = []() -> std::unique_ptr<PtxModule> {
    std::string nvcc = findNvcc();
    if (nvcc.empty())
      return nullptr;
    std::filesystem::path ptx = std::filesystem::temp_directory_path() /
                                ("emulator-test-" + std::to_string(std::random_device()()) + ".ptx");
    std::string command = nvcc + " -ptx -arch=sm_80 -o " + ptx.string() + " " CUDA_KERNELS " 2>/dev/null";
    if (std::system(command.c_str()) != 0)
      return nullptr;
    std::ifstream file(ptx);
    std::stringstream text;
    text << file.rdbuf();
    std::filesystem::remove(ptx);
    return parse(text.str());
  }();
  return module.get();
}

class Cuda : public testing::Test {
public:
  void SetUp() override {
    if (!compiledKernels())
      GTEST_SKIP() << "nvcc is not there or does not compile for sm_80";
  }

  template <class T> std::vector<T> numbers(size_t count, double low = -2, double high = 2) {
    std::uniform_real_distribution<double> distribution(low, high);
    std::vector<T> result(count);
    for (T &value : result)
      value = T(distribution(random));
    return result;
  }
  template <class T> Cuda &pass(std::vector<T> &values) {
    EXPECT_TRUE(memory.add(values.data(), values.size() * sizeof(T), "argument"));
    parameters.add(values.data());
    return *this;
  }
  Cuda &pass(int value) {
    parameters.add(value);
    return *this;
  }
  void run(const char *entry, Extent grid, Extent block, uint32_t dynamicShared = 0) {
    std::string error;
    EXPECT_TRUE(emulator::launch(*compiledKernels(), memory,
                                 {entry, grid, block, dynamicShared, parameters.bytes}, error))
        << error;
  }

  std::mt19937 random{7};
  GlobalMemory memory;
  Parameters parameters;
};

TEST_F(Cuda, VectorAdd) {
  auto a = numbers<float>(1000), b = numbers<float>(1000), c = numbers<float>(1000);
  pass(a).pass(b).pass(c).pass(1000).run("vectorAdd", {4}, {256});
  for (size_t i = 0; i < c.size(); ++i)
    EXPECT_EQ(c[i], a[i] + b[i]);
}

TEST_F(Cuda, TiledMatmul) {
  const int m = 37, n = 45, k = 51;
  auto a = numbers<float>(m * k), b = numbers<float>(k * n), c = numbers<float>(m * n);
  pass(a).pass(b).pass(c).pass(m).pass(n).pass(k).run("matmul", {3, 3}, {16, 16});
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      double sum = 0;
      for (int i = 0; i < k; ++i)
        sum += double(a[size_t(row * k + i)]) * b[size_t(i * n + column)];
      EXPECT_NEAR(c[size_t(row * n + column)], sum, 1e-4);
    }
}

TEST_F(Cuda, WarpShuffleReduction) {
  auto x = numbers<float>(5000, 0, 1);
  std::vector<float> out(1);
  pass(x).pass(out).pass(5000).run("reduce", {1}, {256});
  double sum = 0;
  for (float value : x)
    sum += value;
  EXPECT_NEAR(out[0], sum, 1e-2);
}

TEST_F(Cuda, Softmax) {
  const int rows = 5, n = 77;
  auto x = numbers<float>(rows * n), y = numbers<float>(rows * n);
  pass(x).pass(y).pass(n).run("softmax", {rows}, {32}, n * 4);
  for (int row = 0; row < rows; ++row) {
    double sum = 0;
    for (int i = 0; i < n; ++i)
      sum += std::exp(double(x[size_t(row * n + i)]));
    for (int i = 0; i < n; ++i)
      EXPECT_NEAR(y[size_t(row * n + i)], std::exp(double(x[size_t(row * n + i)])) / sum, 1e-6);
  }
}

TEST_F(Cuda, Functions) {
  auto x = numbers<float>(64, -30, 30), y = numbers<float>(512);
  pass(x).pass(y).run("functions", {1}, {64});
  for (size_t i = 0; i < x.size(); ++i) {
    double v = x[i], size = std::fabs(v);
    const double expected[] = {std::sin(v),    std::tanh(v), std::erf(v),         std::pow(size, 1.5),
                               std::log(size), std::exp(v),  1 / std::sqrt(size), std::floor(v)};
    for (size_t j = 0; j < 8; ++j)
      EXPECT_NEAR(y[i * 8 + j], expected[j], 1e-6 + 4e-6 * std::fabs(expected[j])) << j << " of " << v;
  }
}

TEST_F(Cuda, PipelinedCopy) {
  const int steps = 5;
  auto x = numbers<float>(steps * 512), y = numbers<float>(steps * 512);
  pass(x).pass(y).pass(steps).run("pipelinedCopy", {1}, {128});
  for (size_t i = 0; i < y.size(); ++i) {
    size_t step = i / 512, vector = i / 4 % 128;
    EXPECT_EQ(y[i], x[step * 512 + (127 - vector) * 4 + i % 4]);
  }
}

TEST_F(Cuda, DeviceFunctions) {
  auto y = numbers<float>(50);
  auto expected = y;
  for (size_t i = 0; i < y.size(); ++i) {
    float result = 0;
    for (size_t j = 0; j < i % 7; ++j)
      result = std::fma(result, y[i], float(j));
    expected[i] = result;
  }
  pass(y).run("calls", {1}, {50});
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_NEAR(y[i], expected[i], 1e-5 * (1 + std::fabs(expected[i])));
}

uint16_t half(int value) { // exact for small integers
  uint32_t bits = std::bit_cast<uint32_t>(float(value));
  return value == 0
             ? 0
             : uint16_t((bits >> 16 & 0x8000) | ((bits >> 23 & 255) - 112) << 10 | (bits >> 13 & 0x3ff));
}

TEST_F(Cuda, TensorCores) {
  auto valueA = [](int row, int k) { return (row * 3 + k * 5) % 7 - 3; };
  auto valueB = [](int k, int column) { return (k * 2 + column) % 5 - 2; };
  std::vector<uint16_t> a(256), b(128);
  std::vector<float> c(128);
  for (int i = 0; i < 256; ++i)
    a[size_t(i)] = half(valueA(i / 16, i % 16));
  for (int i = 0; i < 128; ++i)
    b[size_t(i)] = half(valueB(i / 8, i % 8));
  pass(a).pass(b).pass(c).run("tensorCores", {1}, {32});
  for (int i = 0; i < 128; ++i) {
    int sum = 0;
    for (int k = 0; k < 16; ++k)
      sum += valueA(i / 8, k) * valueB(k, i % 8);
    EXPECT_EQ(c[size_t(i)], float(sum));
  }
}

TEST_F(Cuda, Types) {
  std::vector<uint16_t> h(32), b(32);
  std::vector<double> d(32);
  std::vector<int8_t> q(32);
  for (int i = 0; i < 32; ++i) {
    h[size_t(i)] = half(i - 16);
    b[size_t(i)] = uint16_t(std::bit_cast<uint32_t>(float(i % 9 - 4)) >> 16);
    d[size_t(i)] = i * 1000.5 - 9000;
    q[size_t(i)] = int8_t(i * 7 - 100);
  }
  std::vector<float> y(32);
  std::vector<int64_t> z(32);
  pass(h).pass(b).pass(d).pass(q).pass(y).pass(z).run("types", {1}, {32});
  for (int i = 0; i < 32; ++i) {
    double x = d[size_t(i)];
    int byte = q[size_t(i)];
    EXPECT_EQ(y[size_t(i)], float(2 * (i - 16) * (i % 9 - 4) + x * byte));
    int64_t value =
        int64_t(x) / 7 % 5 + std::popcount(unsigned(i)) + std::countl_zero(unsigned(i)) + (byte >> 2);
    const int64_t results[] = {value + 3, value * 4, value ^ 77, value - 9,
                               value / 3, -value,    value << 3, value};
    EXPECT_EQ(z[size_t(i)], results[i % 8] + ((i * 3) & 7) * i) << i;
  }
}

} // namespace
