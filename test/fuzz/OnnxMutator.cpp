// One change is: pick a kind of message, one message of it, one field, and clear, repeat, move, copy or
// change what stands there; kinds first, so that a thousand weights do not hide the one node.
#include "OnnxMutator.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <google/protobuf/descriptor.pb.h>
#include <iterator>
#include <limits>
#include <map>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace pb = google::protobuf;

namespace tegula::fuzz {

namespace {

/// Numbers at which sizes, indices and versions change their meaning.
constexpr int64_t kBorders[] = {0,
                                1,
                                -1,
                                2,
                                -2,
                                3,
                                7,
                                16,
                                100,
                                65536,
                                INT32_MAX,
                                int64_t(INT32_MAX) + 1,
                                INT32_MIN,
                                int64_t(UINT32_MAX) + 1,
                                int64_t(1) << 40,
                                int64_t(1) << 61,
                                int64_t(1) << 62,
                                INT64_MAX,
                                INT64_MAX - 1,
                                INT64_MIN};
constexpr double kFloats[] = {0,
                              -0.0,
                              1,
                              -1,
                              0.5,
                              1e-30,
                              1e30,
                              3.5e38,
                              std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()};
/// Messages beyond this many are left alone.
constexpr size_t kMostMessages = 20000;
constexpr size_t kMostAdded = 64;
constexpr size_t kLargestCopy = 65536;

} // namespace

/// The changes that one call makes to one model.
class OnnxMutator::Step {
public:
  Step(Message &model, const std::vector<std::string> &operators, unsigned seed)
      : model(model), operators(operators), random(seed) {}

  void change() {
    collect();
    Message *message = pick();
    const pb::Descriptor *type = message->GetDescriptor();
    const Field *field = type->field(below(type->field_count()));
    if (field->is_repeated())
      changeList(*message, field);
    else
      changeOne(*message, field);
    if (below(4) == 0)
      fitBytes();
  }

  /// Puts a random message of `other` in the place of one of the same kind.
  void take(Message &other) {
    collect();
    Step source(other, operators, static_cast<unsigned>(random()));
    source.collect();
    const Message *part = source.pick();
    auto same = kinds.find(part->GetDescriptor()->full_name());
    if (same == kinds.end() || part->GetDescriptor() == model.GetDescriptor())
      return;
    same->second[below(same->second.size())]->CopyFrom(*part);
  }

private:
  size_t below(size_t limit) { return limit ? random() % limit : 0; }

  void collect() {
    kinds.clear();
    strings.clear();
    numMessages = 0;
    visit(model);
  }

  void visit(Message &message) {
    if (++numMessages > kMostMessages)
      return;
    kinds[message.GetDescriptor()->full_name()].push_back(&message);
    const pb::Reflection *access = message.GetReflection();
    std::vector<const Field *> fields;
    access->ListFields(message, &fields);
    for (const Field *field : fields) {
      int count = field->is_repeated() ? access->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        if (field->cpp_type() == Field::CPPTYPE_MESSAGE)
          visit(field->is_repeated() ? *access->MutableRepeatedMessage(&message, field, i)
                                     : *access->MutableMessage(&message, field));
        else if (field->type() == Field::TYPE_STRING && strings.size() < kMostMessages)
          strings.push_back(field->is_repeated() ? access->GetRepeatedString(message, field, i)
                                                 : access->GetString(message, field));
      }
    }
  }

  Message *pick() {
    auto kind = std::next(kinds.begin(), below(kinds.size()));
    return kind->second[below(kind->second.size())];
  }

  // ---- Values ----

  int64_t number(int64_t old) {
    switch (below(3)) {
    case 0:
      return kBorders[below(std::size(kBorders))];
    case 1: // wraps like the bits do
      return static_cast<int64_t>(static_cast<uint64_t>(old) + below(7) - 3);
    default:
      return static_cast<int64_t>(below(30));
    }
  }

  double real(double old) { return below(2) ? kFloats[below(std::size(kFloats))] : old * 2 + 1; }

  std::string text(const Field *field, const std::string &old) {
    if (field->name() == "op_type" && below(4) != 0)
      return operators[below(operators.size())];
    if (field->type() == Field::TYPE_STRING && !strings.empty() && below(4) != 0)
      return strings[below(strings.size())];
    if (below(8) == 0)
      return std::string(std::min<size_t>(old.size() * 2, 4096), '\0');
    std::string changed = old;
    changed.resize(old.size() + 1 + below(16));
    changed.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(changed.data()), old.size(), changed.size()));
    return changed;
  }

  // ---- One field ----

  /// Sets element `at` of a list, or the field itself where `at` < 0.
  void set(Message &message, const Field *field, int at) {
    const pb::Reflection *access = message.GetReflection();
    auto put = [&](auto one, auto many, auto value) {
      if (at < 0)
        (access->*one)(&message, field, value);
      else
        (access->*many)(&message, field, at, value);
    };
    auto get = [&](auto one, auto many) {
      return at < 0 ? (access->*one)(message, field) : (access->*many)(message, field, at);
    };
    using R = pb::Reflection;
    switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return put(&R::SetInt32, &R::SetRepeatedInt32,
                 int32_t(number(get(&R::GetInt32, &R::GetRepeatedInt32))));
    case Field::CPPTYPE_INT64:
      return put(&R::SetInt64, &R::SetRepeatedInt64, number(get(&R::GetInt64, &R::GetRepeatedInt64)));
    case Field::CPPTYPE_UINT64:
      return put(&R::SetUInt64, &R::SetRepeatedUInt64,
                 uint64_t(number(int64_t(get(&R::GetUInt64, &R::GetRepeatedUInt64)))));
    case Field::CPPTYPE_FLOAT:
      return put(&R::SetFloat, &R::SetRepeatedFloat, narrow(real(get(&R::GetFloat, &R::GetRepeatedFloat))));
    case Field::CPPTYPE_DOUBLE:
      return put(&R::SetDouble, &R::SetRepeatedDouble, real(get(&R::GetDouble, &R::GetRepeatedDouble)));
    case Field::CPPTYPE_ENUM:
      return put(&R::SetEnumValue, &R::SetRepeatedEnumValue, int(below(field->enum_type()->value_count())));
    case Field::CPPTYPE_STRING:
      return put(&R::SetString, &R::SetRepeatedString,
                 text(field, get(&R::GetString, &R::GetRepeatedString)));
    case Field::CPPTYPE_MESSAGE: {
      // What is copied comes first: the new message may take the place of others.
      std::string bytes = copyOf(field->message_type());
      Message *place = at < 0 ? access->MutableMessage(&message, field)
                              : access->MutableRepeatedMessage(&message, field, at);
      place->ParsePartialFromString(bytes);
      return;
    }
    default:
      return;
    }
  }

  static float narrow(double value) {
    return value > 3.4e38    ? std::numeric_limits<float>::infinity()
           : value < -3.4e38 ? -std::numeric_limits<float>::infinity()
                             : static_cast<float>(value);
  }

  /// The bytes of one of the model's messages of a kind; none where there is none, or it is large.
  std::string copyOf(const pb::Descriptor *kind) {
    std::string bytes;
    if (auto same = kinds.find(kind->full_name()); same != kinds.end())
      same->second[below(same->second.size())]->SerializePartialToString(&bytes);
    return bytes.size() < kLargestCopy ? bytes : std::string();
  }

  void changeOne(Message &message, const Field *field) {
    const pb::Reflection *access = message.GetReflection();
    if (access->HasField(message, field) && below(4) == 0)
      return access->ClearField(&message, field);
    set(message, field, -1);
  }

  void changeList(Message &message, const Field *field) {
    const pb::Reflection *access = message.GetReflection();
    int count = access->FieldSize(message, field);
    switch (count ? below(4) : 0) {
    case 0: {
      size_t added = below(8) ? 1 : below(kMostAdded);
      for (size_t i = 0; i < added; ++i)
        add(message, field);
      return;
    }
    case 1:
      access->SwapElements(&message, field, static_cast<int>(below(count)), count - 1);
      return access->RemoveLast(&message, field);
    case 2:
      return access->SwapElements(&message, field, static_cast<int>(below(count)),
                                  static_cast<int>(below(count)));
    default:
      return set(message, field, static_cast<int>(below(count)));
    }
  }

  void add(Message &message, const Field *field) {
    const pb::Reflection *access = message.GetReflection();
    int at = access->FieldSize(message, field);
    switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      access->AddInt32(&message, field, 0);
      break;
    case Field::CPPTYPE_INT64:
      access->AddInt64(&message, field, 0);
      break;
    case Field::CPPTYPE_UINT64:
      access->AddUInt64(&message, field, 0);
      break;
    case Field::CPPTYPE_FLOAT:
      access->AddFloat(&message, field, 0);
      break;
    case Field::CPPTYPE_DOUBLE:
      access->AddDouble(&message, field, 0);
      break;
    case Field::CPPTYPE_STRING:
      access->AddString(&message, field, "");
      break;
    case Field::CPPTYPE_MESSAGE:
      access->AddMessage(&message, field);
      break;
    default:
      return;
    }
    set(message, field, at);
  }

  /// Gives one tensor as many bytes as its sizes ask for, since most changes of either break that.
  void fitBytes() {
    collect(); // what was listed before may be gone
    auto tensors = kinds.find("tegula.onnx.TensorProto");
    if (tensors == kinds.end())
      return;
    Message &tensor = *tensors->second[below(tensors->second.size())];
    const pb::Descriptor *type = tensor.GetDescriptor();
    const pb::Reflection *access = tensor.GetReflection();
    const Field *dims = type->FindFieldByName("dims"), *bytes = type->FindFieldByName("raw_data");
    uint64_t size = 8;
    for (int i = 0; i < access->FieldSize(tensor, dims); ++i) {
      int64_t dim = access->GetRepeatedInt64(tensor, dims, i);
      if (dim < 0 || dim > 512)
        return;
      size *= static_cast<uint64_t>(dim);
      if (size > 4096)
        return;
    }
    static constexpr int widths[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2};
    int32_t element = access->GetInt32(tensor, type->FindFieldByName("data_type"));
    if (element < 0 || element >= static_cast<int32_t>(std::size(widths)))
      return;
    std::string data = access->GetString(tensor, bytes);
    data.resize(size / 8 * widths[element], '\1');
    access->SetString(&tensor, bytes, data);
  }

  Message &model;
  const std::vector<std::string> &operators;
  std::minstd_rand random;
  std::map<std::string, std::vector<Message *>> kinds;
  std::vector<std::string> strings;
  size_t numMessages = 0;
};

OnnxMutator::OnnxMutator(const std::string &descriptors, std::vector<std::string> operators)
    : operators(std::move(operators)) {
  std::ifstream input(descriptors, std::ios::binary);
  pb::FileDescriptorSet set;
  const pb::FileDescriptor *file =
      set.ParseFromIstream(&input) && set.file_size() == 1 ? pool.BuildFile(set.file(0)) : nullptr;
  if (!file) {
    std::fprintf(stderr, "fuzz-importer: expected the descriptors of onnx.proto in %s\n",
                 descriptors.c_str());
    std::exit(1);
  }
  prototype = factory.GetPrototype(file->FindMessageTypeByName("ModelProto"));
}

std::unique_ptr<pb::Message> OnnxMutator::parse(const uint8_t *data, size_t size) const {
  std::unique_ptr<Message> model(prototype->New());
  if (!model->ParsePartialFromArray(data, static_cast<int>(size)))
    return nullptr;
  return model;
}

size_t OnnxMutator::write(const Message &model, uint8_t *data, size_t maxSize) {
  size_t size = model.ByteSizeLong();
  return size <= maxSize && model.SerializePartialToArray(data, static_cast<int>(maxSize)) ? size : 0;
}

size_t OnnxMutator::mutate(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::unique_ptr<Message> model = parse(data, size);
  if (!model)
    return 0;
  Step step(*model, operators, seed);
  for (unsigned left = 1 + seed % 4; left > 0; --left)
    step.change();
  return write(*model, data, maxSize);
}

size_t OnnxMutator::crossOver(const uint8_t *one, size_t oneSize, const uint8_t *two, size_t twoSize,
                              uint8_t *out, size_t maxSize, unsigned seed) {
  std::unique_ptr<Message> model = parse(one, oneSize), other = parse(two, twoSize);
  if (!model || !other)
    return 0;
  Step step(*model, operators, seed);
  for (unsigned left = 1 + seed % 4; left > 0; --left)
    step.take(*other);
  return write(*model, out, maxSize);
}

} // namespace tegula::fuzz
