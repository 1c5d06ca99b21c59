// Writes a model without its weights: who reports a bug has to give the structure that shows it, not
// gigabytes of numbers that he may have to keep to himself.
#include "tegula/Tegula.h"

#include "Light.h"

#include "tegula/dialects/graph/Elements.h"

#include <fstream>
#include <set>

namespace tegula {

using namespace importer;

/// The first element of a weight as it stands in the file, else zero.
static std::string firstElement(const onnx::TensorProto &tensor) {
  size_t size = onnxSizeOf(tensor.data_type());
  return tensor.raw_data().size() >= size ? tensor.raw_data().substr(0, size) : std::string(size, '\0');
}

/// Whether the operator that fills a shape with a value is there.
static bool hasConstantOfShape(const onnx::ModelProto &model) {
  constexpr int64_t since = 9;
  for (const auto &opset : model.opset_import())
    if (opset.domain().empty() || opset.domain() == "ai.onnx")
      return opset.version() >= since;
  return false;
}

/// A node that computes the weight: its first element everywhere.
static void addFiller(onnx::GraphProto &graph, const onnx::TensorProto &tensor) {
  onnx::TensorProto *shape = graph.add_initializer();
  shape->set_name(tensor.name() + ".shape");
  shape->set_data_type(7);
  shape->add_dims(tensor.dims_size());
  for (int64_t size : tensor.dims())
    shape->add_int64_data(size);
  onnx::NodeProto *node = graph.add_node();
  node->set_op_type("ConstantOfShape");
  node->set_name(tensor.name());
  node->add_input(shape->name());
  node->add_output(tensor.name());
  onnx::AttributeProto *value = node->add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  value->mutable_t()->set_data_type(tensor.data_type());
  value->mutable_t()->add_dims(1);
  value->mutable_t()->set_raw_data(firstElement(tensor));
}

/// Takes the values of all weights that no fold looks at out of the graph.
static void strip(onnx::GraphProto &graph) {
  google::protobuf::RepeatedPtrField<onnx::TensorProto> weights;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
  weights.Swap(graph.mutable_initializer());
  nodes.Swap(graph.mutable_node());
  inputs.Swap(graph.mutable_input());
  std::set<std::string> computed;
  for (onnx::TensorProto &tensor : weights) {
    bool isLarge = elementsOf(tensor) > graph::kFoldLimit && onnxSizeOf(tensor.data_type()) > 0;
    if (isLarge)
      addFiller(graph, tensor);
    if (isLarge)
      computed.insert(tensor.name());
    else
      graph.add_initializer()->Swap(&tensor);
  }
  for (onnx::NodeProto &node : nodes)
    graph.add_node()->Swap(&node);
  for (onnx::ValueInfoProto &input : inputs) // a default value may be listed as an input too
    if (!computed.count(input.name()))
      graph.add_input()->Swap(&input);
}

bool stripModel(const std::string &path, const std::string &to, std::string &error) {
  Code ignored = Code::None;
  auto file = openModelFile(path, error, ignored);
  if (!file)
    return false;
  onnx::ModelProto model;
  if (!model.ParseFromArray(file->getBufferStart(), int(file->getBufferSize())) || !model.has_graph() ||
      !hasConstantOfShape(model)) {
    error = "expected an ONNX model of opset 9 or later";
    return false;
  }
  file.reset();
  strip(*model.mutable_graph());
  std::ofstream out(to, std::ios::binary);
  if (!model.SerializeToOstream(&out) || !out.flush()) {
    error = "cannot write " + to;
    return false;
  }
  return true;
}

} // namespace tegula
