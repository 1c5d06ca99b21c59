// Runs PTX in tests: single instructions on given values, or whole kernels on vectors.
#pragma once

#include "emulator/Emulator.h"

#include <bit>
#include <cstring>
#include <gtest/gtest.h>

namespace tegula::test {

namespace emulator = tegula::runtime::emulator;

using namespace tegula::runtime::emulator;

constexpr const char *header = ".version 8.0\n.target sm_80\n.address_size 64\n";

inline std::unique_ptr<PtxModule> parse(const std::string &text) {
  ParseError error;
  std::unique_ptr<PtxModule> module = PtxModule::parse(text, error);
  EXPECT_TRUE(module) << "line " << error.line << ": " << error.text;
  return module;
}

/// "line: text" of the error that parsing ends with.
inline std::string parseError(const std::string &text) {
  ParseError error;
  return PtxModule::parse(text, error) ? "none" : std::to_string(error.line) + ": " + error.text;
}

/// Parameters of a launch, laid out as PTX wants them.
class Parameters {
public:
  template <class T> Parameters &add(T value) {
    bytes.resize((bytes.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T));
    size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(&bytes[at], &value, sizeof(T));
    return *this;
  }
  std::vector<std::byte> bytes;
};

/// A kernel `k` with one parameter `out`, an address of 64-bit words, and registers of every kind.
inline std::string kernel(const std::string &body, const std::string &before = "") {
  return header + before +
         ".visible .entry k(.param .u64 out)\n{\n"
         ".reg .pred %p<16>;\n.reg .b16 %h<32>;\n.reg .b32 %r<64>;\n.reg .f32 %f<32>;\n.reg .b64 "
         "%d<32>;\n.reg .f64 "
         "%g<16>;\n"
         "ld.param.u64 %d0, [out];\nmov.u32 %r0, %tid.x;\nmul.wide.u32 %d1, %r0, 8;\nadd.u64 %d1, %d0, "
         "%d1;\n" +
         body + "\nret;\n}\n";
}

struct Result {
  std::vector<uint64_t> words;
  std::string error;
};

/// Runs kernel `k` with one word of output for each thread of a block.
inline Result runKernel(const std::string &text, uint32_t threads = 32, uint32_t dynamicShared = 0,
                        uint64_t limit = 1000000) {
  Result result;
  result.words.resize(threads);
  std::unique_ptr<PtxModule> module = parse(text);
  if (!module)
    return result;
  GlobalMemory memory;
  memory.add(result.words.data(), threads * 8, "out");
  Parameters parameters;
  parameters.add(result.words.data());
  Launch launch{"k", {}, {threads, 1, 1}, dynamicShared, parameters.bytes, limit};
  emulator::launch(*module, memory, launch, result.error);
  return result;
}

inline Result runBody(const std::string &body, uint32_t threads = 32) {
  return runKernel(kernel(body), threads);
}

/// The result of one instruction. `widths` names the registers' bytes: %d, then %a, %b, %c, %e; p =
/// predicate.
inline uint64_t evaluate(const std::string &widths, const std::string &instruction,
                         std::vector<uint64_t> inputs) {
  static const char *const names[] = {"%d", "%a", "%b", "%c", "%e"};
  std::string text = header;
  text += ".entry k(.param .u64 out";
  for (size_t i = 1; i < widths.size(); ++i)
    text += ", .param .u64 in" + std::to_string(i);
  text += ")\n{\n.reg .b64 %out, %t;\n.reg .pred %t1;\n";
  auto bits = [](char width) { return std::to_string((width - '0') * 8); };
  for (size_t i = 0; i < widths.size(); ++i) {
    text += widths[i] == 'p' ? ".reg .pred " : ".reg .b" + bits(widths[i]) + " ";
    text += std::string(names[i]) + ";\n";
  }
  text += "ld.param.u64 %out, [out];\n";
  for (size_t i = 1; i < widths.size(); ++i) {
    std::string name = "[in" + std::to_string(i) + "];\n";
    if (widths[i] == 'p')
      text += "ld.param.u64 %t, " + name + "setp.ne.u64 " + names[i] + ", %t, 0;\n";
    else
      text += "ld.param.b" + bits(widths[i]) + " " + names[i] + ", " + name;
  }
  text += instruction + "\n";
  if (widths[0] == 'p')
    text += "selp.b64 %t, 1, 0, %d;\nst.global.u64 [%out], %t;\n";
  else
    text += "st.global.b" + bits(widths[0]) + " [%out], %d;\n";
  text += "ret;\n}\n";

  std::unique_ptr<PtxModule> module = parse(text);
  uint64_t word = 0;
  if (!module)
    return word;
  GlobalMemory memory;
  memory.add(&word, 8, "out");
  Parameters parameters;
  parameters.add(&word);
  for (uint64_t input : inputs)
    parameters.add(input);
  std::string error;
  EXPECT_TRUE(emulator::launch(*module, memory, {"k", {}, {}, 0, parameters.bytes}, error)) << error;
  return word;
}

inline uint64_t f32(float value) { return std::bit_cast<uint32_t>(value); }
inline uint64_t f64(double value) { return std::bit_cast<uint64_t>(value); }
inline float asF32(uint64_t bits) { return std::bit_cast<float>(uint32_t(bits)); }
inline double asF64(uint64_t bits) { return std::bit_cast<double>(bits); }

} // namespace tegula::test
