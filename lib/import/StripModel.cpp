// Writes a model without its weights: who reports a bug has to give the structure that shows it, not
// gigabytes of numbers that he may have to keep to himself.
#include "tegula/Tegula.h"

#include "Light.h"

#include "tegula/dialects/graph/Elements.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace tegula {

using namespace importer;

/// The first element of a weight as it stands in the file, else zero.
static std::string firstElement(const onnx::TensorProto &tensor) {
  size_t size = std::max<size_t>(1, onnxSizeOf(tensor.data_type()));
  return tensor.raw_data().size() >= size ? tensor.raw_data().substr(0, size) : std::string(size, '\0');
}

/// Whether the operator that fills a shape with a value is there.
static bool hasConstantOfShape(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &opsets) {
  constexpr int64_t since = 9;
  for (const auto &opset : opsets)
    if (opset.domain().empty() || opset.domain() == "ai.onnx")
      return opset.version() >= since;
  return false;
}

namespace {

/// Takes all values out that no fold looks at, wherever a model can hold them, and what the importer does not
/// read.
class Stripper {
public:
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

  void strip(onnx::ModelProto &model) {
    model.mutable_unknown_fields()->clear();
    hasFiller = hasConstantOfShape(model.opset_import());
    strip(*model.mutable_graph(), /*isMain=*/true);
    for (onnx::FunctionProto &function : *model.mutable_functions()) {
      function.mutable_unknown_fields()->clear();
      hasFiller = hasConstantOfShape(function.opset_import());
      strip(*function.mutable_node());
      for (onnx::AttributeProto &attribute : *function.mutable_attribute_proto())
        strip(attribute);
    }
  }

private:
  bool canFill(const onnx::TensorProto &tensor) const {
    return hasFiller && elementsOf(tensor) > graph::kFoldLimit && onnxSizeOf(tensor.data_type()) > 0;
  }

  void strip(onnx::GraphProto &graph, bool isMain) {
    graph.mutable_unknown_fields()->clear();
    google::protobuf::RepeatedPtrField<onnx::TensorProto> weights;
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
    Nodes nodes;
    weights.Swap(graph.mutable_initializer());
    inputs.Swap(graph.mutable_input());
    nodes.Swap(graph.mutable_node());
    std::set<std::string> names, computed;
    for (const onnx::ValueInfoProto &input : inputs)
      names.insert(input.name());
    for (onnx::TensorProto &tensor : weights) {
      if (canFill(tensor) && (isMain || !names.count(tensor.name()))) {
        addFiller(*graph.mutable_node(), tensor, tensor.name());
        computed.insert(tensor.name());
        continue;
      }
      blank(tensor);
      graph.add_initializer()->Swap(&tensor);
    }
    strip(nodes);
    for (onnx::NodeProto &node : nodes)
      graph.add_node()->Swap(&node);
    for (onnx::ValueInfoProto &input : inputs) // a default value may be listed as an input too
      if (!computed.count(input.name()))
        graph.add_input()->Swap(&input);
    for (onnx::SparseTensorProto &sparse : *graph.mutable_sparse_initializer()) {
      sparse.mutable_unknown_fields()->clear();
      blank(*sparse.mutable_values());
    }
  }

  void strip(Nodes &nodes) {
    Nodes all;
    all.Swap(&nodes);
    for (onnx::NodeProto &node : all) {
      node.mutable_unknown_fields()->clear();
      const onnx::TensorProto *value = valueOf(node);
      if (value && canFill(*value)) {
        addFiller(nodes, *value, node.output(0));
        continue;
      }
      for (onnx::AttributeProto &attribute : *node.mutable_attribute())
        strip(attribute);
      nodes.Add()->Swap(&node);
    }
  }

  void strip(onnx::AttributeProto &attribute) {
    attribute.mutable_unknown_fields()->clear();
    if (attribute.s().size() > size_t(graph::kFoldLimit))
      attribute.mutable_s()->assign(attribute.s().size(), attribute.s().front());
    level(*attribute.mutable_floats());
    level(*attribute.mutable_ints());
    level(*attribute.mutable_strings());
    if (attribute.has_t())
      blank(*attribute.mutable_t());
    for (onnx::TensorProto &tensor : *attribute.mutable_tensors())
      blank(tensor);
    if (attribute.has_g())
      strip(*attribute.mutable_g(), /*isMain=*/false);
    for (onnx::GraphProto &graph : *attribute.mutable_graphs())
      strip(graph, /*isMain=*/false);
  }

  /// The tensor that a node is for, nullptr where it is no constant of ONNX.
  static const onnx::TensorProto *valueOf(const onnx::NodeProto &node) {
    bool isConstant = node.op_type() == "Constant" && (node.domain().empty() || node.domain() == "ai.onnx") &&
                      node.output_size() == 1 && node.attribute_size() == 1;
    return isConstant && node.attribute(0).has_t() ? &node.attribute(0).t() : nullptr;
  }

  /// Nodes that compute the weight: its first element everywhere.
  static void addFiller(Nodes &nodes, const onnx::TensorProto &tensor, const std::string &name) {
    onnx::NodeProto *shape = nodes.Add();
    shape->set_op_type("Constant");
    shape->add_output(name + ".shape");
    onnx::TensorProto *sizes = addValue(*shape);
    sizes->set_data_type(7);
    sizes->add_dims(tensor.dims_size());
    for (int64_t size : tensor.dims())
      sizes->add_int64_data(size);
    onnx::NodeProto *node = nodes.Add();
    node->set_op_type("ConstantOfShape");
    node->set_name(name);
    node->add_input(shape->output(0));
    node->add_output(name);
    onnx::TensorProto *value = addValue(*node);
    value->set_data_type(tensor.data_type());
    value->add_dims(1);
    value->set_raw_data(firstElement(tensor));
  }

  static onnx::TensorProto *addValue(onnx::NodeProto &node) {
    onnx::AttributeProto *value = node.add_attribute();
    value->set_name("value");
    value->set_type(onnx::AttributeProto::TENSOR);
    return value->mutable_t();
  }

  /// Makes all values of a long list the first.
  template <typename List> static void level(List &list) {
    if (list.size() > graph::kFoldLimit)
      for (auto &value : list)
        value = list[0];
  }

  /// Makes all values of a large tensor its first, where they stand; those in another file are left out.
  static void blank(onnx::TensorProto &tensor) {
    tensor.mutable_unknown_fields()->clear();
    std::string first = firstElement(tensor);
    std::string &raw = *tensor.mutable_raw_data();
    if (raw.size() > size_t(graph::kFoldLimit) * first.size())
      for (size_t i = 0; i < raw.size(); ++i)
        raw[i] = first[i % first.size()];
    if (raw.empty())
      tensor.clear_raw_data();
    level(*tensor.mutable_float_data());
    level(*tensor.mutable_int32_data());
    level(*tensor.mutable_int64_data());
    level(*tensor.mutable_double_data());
    level(*tensor.mutable_uint64_data());
    level(*tensor.mutable_string_data());
  }

  bool hasFiller = false; ///< in the graph or function at hand
};

} // namespace

bool stripModel(const std::string &path, const std::string &to, std::string &error) {
  Code ignored = Code::None;
  auto file = openModelFile(path, error, ignored);
  if (!file)
    return false;
  onnx::ModelProto model;
  if (!model.ParseFromArray(file->getBufferStart(), int(file->getBufferSize())) || !model.has_graph() ||
      !hasConstantOfShape(model.opset_import())) {
    error = "expected an ONNX model of opset 9 or later";
    return false;
  }
  file.reset();
  Stripper().strip(model);
  std::ofstream out(to, std::ios::binary);
  if (!model.SerializeToOstream(&out) || !out.flush()) {
    error = "cannot write " + to;
    return false;
  }
  return true;
}

} // namespace tegula
