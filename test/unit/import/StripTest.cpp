// A model without weights holds none of them, wherever they stood, and still says what is computed.
#include "tegula/Tegula.h"

#include "onnx.pb.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

using namespace tegula;

namespace {

constexpr int64_t large = 5000, small = 8;
const std::string secret = "\x3f\x9d\xf3\xb6", first = "\x3f\x80\x01\x3f"; // as numbers and as text

void fill(onnx::TensorProto &tensor, int64_t size) {
  tensor.set_data_type(1);
  tensor.add_dims(size);
  std::string &raw = *tensor.mutable_raw_data();
  raw = first;
  for (int64_t i = 1; i < size; ++i)
    raw += secret;
}

onnx::AttributeProto &addAttribute(onnx::NodeProto &node, const char *name,
                                   onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

onnx::NodeProto &addNode(google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, const char *op,
                         const char *output) {
  onnx::NodeProto &node = *nodes.Add();
  node.set_op_type(op);
  node.add_output(output);
  return node;
}

void addConstant(google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, const char *output,
                 int64_t size = large) {
  fill(*addAttribute(addNode(nodes, "Constant", output), "value", onnx::AttributeProto::TENSOR).mutable_t(),
       size);
}

void addWeight(onnx::GraphProto &graph, const char *name, int64_t size = large) {
  onnx::TensorProto &weight = *graph.add_initializer();
  weight.set_name(name);
  fill(weight, size);
}

class Strip : public testing::Test {
protected:
  Strip() {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(18);
  }
  ~Strip() override {
    std::filesystem::remove(from);
    std::filesystem::remove(to);
  }
  onnx::GraphProto &graph() { return *model.mutable_graph(); }

  /// The bytes of the model without weights; `model` is what they say.
  std::string strip() {
    std::string error;
    {
      std::ofstream out(from, std::ios::binary);
      EXPECT_TRUE(model.SerializeToOstream(&out));
    }
    EXPECT_TRUE(stripModel(from, to, error)) << error;
    std::ifstream in(to, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    EXPECT_TRUE(model.ParseFromString(bytes.str()));
    return bytes.str();
  }

  std::string from = testing::TempDir() + "tegula-strip-" + std::to_string(getpid()) + ".onnx",
              to = from + ".to";
  onnx::ModelProto model;
};

bool holds(const std::string &bytes, const std::string &part) {
  return bytes.find(part) != std::string::npos;
}

TEST_F(Strip, WeightsAndConstantsAreComputed) {
  addWeight(graph(), "w");
  addConstant(*graph().mutable_node(), "c");
  std::string bytes = strip();
  EXPECT_FALSE(holds(bytes, secret));
  EXPECT_LT(bytes.size(), 1000u);
  EXPECT_EQ(graph().initializer_size(), 0);
  ASSERT_EQ(graph().node_size(), 4);
  for (int i : {1, 3}) {
    EXPECT_EQ(graph().node(i).op_type(), "ConstantOfShape");
    EXPECT_EQ(graph().node(i).output(0), i == 1 ? "w" : "c");
    EXPECT_EQ(graph().node(i).attribute(0).t().raw_data(), first);
    EXPECT_EQ(graph().node(i - 1).attribute(0).t().int64_data(0), large);
  }
}

TEST_F(Strip, SmallOnesStay) {
  addWeight(graph(), "w", small);
  addConstant(*graph().mutable_node(), "c", small);
  strip();
  EXPECT_TRUE(holds(graph().initializer(0).raw_data(), secret));
  EXPECT_TRUE(holds(graph().node(0).attribute(0).t().raw_data(), secret));
}

TEST_F(Strip, GraphsOfNodesAreSearched) {
  onnx::NodeProto &choice = addNode(*graph().mutable_node(), "If", "y");
  for (const char *name : {"then_branch", "else_branch"}) {
    onnx::GraphProto &branch = *addAttribute(choice, name, onnx::AttributeProto::GRAPH).mutable_g();
    addWeight(branch, "w");
    addConstant(*branch.mutable_node(), "c");
    onnx::NodeProto &loop = addNode(*branch.mutable_node(), "Loop", "l");
    onnx::GraphProto &body = *addAttribute(loop, "body", onnx::AttributeProto::GRAPH).mutable_g();
    body.add_input()->set_name("v"); // what a loop hands in has its place
    addWeight(body, "v");
    addWeight(body, "u");
  }
  EXPECT_FALSE(holds(strip(), secret));
  const onnx::GraphProto &body = graph().node(0).attribute(0).g().node(4).attribute(0).g();
  EXPECT_EQ(body.input_size(), 1);
  EXPECT_EQ(body.initializer_size(), 1);
  EXPECT_EQ(body.node(1).output(0), "u");
}

TEST_F(Strip, FunctionsAreSearched) {
  addNode(*graph().mutable_node(), "F", "y").set_domain("local");
  for (int64_t version : {18, 8}) { // the older has no operator that fills
    onnx::FunctionProto &function = *model.add_functions();
    function.add_opset_import()->set_version(version);
    addConstant(*function.mutable_node(), "c");
    onnx::AttributeProto &missing = *function.add_attribute_proto();
    missing.set_name("a");
    fill(*missing.mutable_t(), large);
  }
  EXPECT_FALSE(holds(strip(), secret));
  EXPECT_EQ(model.functions(0).node_size(), 2);
  ASSERT_EQ(model.functions(1).node_size(), 1);
  EXPECT_EQ(model.functions(1).node(0).attribute(0).t().raw_data().size(), size_t(4 * large));
}

TEST_F(Strip, AttributesAreSearched) {
  onnx::NodeProto &node = addNode(*graph().mutable_node(), "Custom", "y");
  fill(*addAttribute(node, "t", onnx::AttributeProto::TENSOR).mutable_t(), large);
  fill(*addAttribute(node, "ts", onnx::AttributeProto::TENSORS).add_tensors(), large);
  onnx::AttributeProto &texts = addAttribute(node, "ss", onnx::AttributeProto::STRINGS),
                       &numbers = addAttribute(node, "fs", onnx::AttributeProto::FLOATS),
                       &text = addAttribute(node, "s", onnx::AttributeProto::STRING);
  text.set_s(first);
  float number = 0;
  std::memcpy(&number, secret.data(), sizeof number);
  for (int64_t i = 0; i < large; ++i) {
    texts.add_strings(i ? secret : first);
    numbers.add_floats(i ? number : 1);
    *text.mutable_s() += secret;
  }
  // A field that the importer does not know, as training data would be.
  graph().mutable_unknown_fields()->append("\xa2\x06\x04" + secret);
  EXPECT_FALSE(holds(strip(), secret));
  EXPECT_EQ(graph().node(0).attribute(3).floats_size(), large);
}

TEST_F(Strip, ValuesOfAnyFieldGo) {
  onnx::TensorProto &weight = *graph().add_initializer(), &text = *graph().add_initializer();
  weight.set_data_type(1);
  weight.add_dims(1); // of which there are more all the same
  text.set_data_type(8);
  text.add_dims(large);
  float number = 0;
  std::memcpy(&number, secret.data(), sizeof number);
  for (int64_t i = 0; i < large; ++i) {
    weight.add_float_data(i ? number : 1);
    text.add_string_data(i ? secret : first);
  }
  EXPECT_FALSE(holds(strip(), secret));
}

} // namespace
