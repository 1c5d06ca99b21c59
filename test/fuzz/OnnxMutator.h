// Changes ONNX models along their format, by reflection over its messages, so that what the fuzzer makes
// still parses and gets far into the importer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace tegula::fuzz {

class OnnxMutator {
public:
  /// `descriptors` is a file that protoc wrote of onnx.proto; `operators` are names that nodes may be given.
  OnnxMutator(const std::string &descriptors, std::vector<std::string> operators);

  /// Changes a few places of the model in `data`; its new size, 0 where it is no model or too long.
  size_t mutate(uint8_t *data, size_t size, size_t maxSize, unsigned seed);

  /// Puts parts of one model into another; the size of what was written to `out`, 0 where one is no model.
  size_t crossOver(const uint8_t *one, size_t oneSize, const uint8_t *two, size_t twoSize, uint8_t *out,
                   size_t maxSize, unsigned seed);

private:
  using Message = google::protobuf::Message;
  using Field = google::protobuf::FieldDescriptor;
  class Step;

  std::unique_ptr<Message> parse(const uint8_t *data, size_t size) const;
  static size_t write(const Message &model, uint8_t *data, size_t maxSize);

  google::protobuf::DescriptorPool pool;
  google::protobuf::DynamicMessageFactory factory;
  const Message *prototype = nullptr;
  std::vector<std::string> operators;
};

} // namespace tegula::fuzz
