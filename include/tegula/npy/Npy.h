// numpy's .npy and .npz files, because they are how people hand tensors to the tools.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::npy {

/// A dense row-major tensor, little-endian. `dtype` is numpy's name: bool, [u]int8..64, float16..64,
/// complex64, complex128; and bfloat16, which files spell as two opaque bytes ("V2").
struct Array {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

struct NamedArray {
  std::string name;
  Array array;
};

/// Bytes of one element, 0 for a name that is no type.
size_t dtypeSize(std::string_view dtype);

// All functions return false and say why in `error` (one line, naming the file or the array) on failure.
// Fortran order and big-endian bytes are converted when read; strings, objects and records are refused.

bool decodeNpy(std::span<const uint8_t> bytes, Array &array, std::string &error);
bool encodeNpy(const Array &array, std::vector<uint8_t> &bytes, std::string &error);

bool readNpy(const std::string &path, Array &array, std::string &error);
bool writeNpy(const std::string &path, const Array &array, std::string &error);

/// Reads stored and deflated entries, in the archive's order; ".npy" is dropped from the names.
bool decodeNpz(std::span<const uint8_t> bytes, std::vector<NamedArray> &arrays, std::string &error);
bool readNpz(const std::string &path, std::vector<NamedArray> &arrays, std::string &error);
/// Writes stored entries in the given order. From `wideFrom` bytes on sizes and places are in zip64's form,
/// because 32 bits do not hold them; a smaller number is for tests.
bool writeNpz(const std::string &path, std::span<const NamedArray> arrays, std::string &error,
              uint64_t wideFrom = UINT32_MAX);

/// Reads a .npy as one array without a name, or a .npz, by the file's first bytes.
bool readArrays(const std::string &path, std::vector<NamedArray> &arrays, std::string &error);

} // namespace tegula::npy
