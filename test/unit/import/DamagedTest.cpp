// A model that is cut off at any byte, or has any bit flipped, is imported or refused with a reason, never
// more.
#include "tegula/import/Import.h"

#include "onnx.pb.h"

#include "mlir/IR/MLIRContext.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace tegula;

namespace {

void describe(onnx::ValueInfoProto &value, const char *name, std::initializer_list<int64_t> dims) {
  value.set_name(name);
  onnx::TypeProto::Tensor &type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(1);
  for (int64_t dim : dims)
    type.mutable_shape()->add_dim()->set_dim_value(dim);
}

onnx::NodeProto &addNode(onnx::GraphProto &graph, const char *op, std::initializer_list<const char *> inputs,
                         const char *output) {
  onnx::NodeProto &node = *graph.add_node();
  node.set_op_type(op);
  for (const char *input : inputs)
    node.add_input(input);
  node.add_output(output);
  return node;
}

/// A convolution and what often stands behind it: weights, attributes and sizes.
std::string smallModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(18);
  onnx::GraphProto &graph = *model.mutable_graph();
  describe(*graph.add_input(), "x", {1, 1, 4, 4});
  describe(*graph.add_output(), "y", {1, 4});
  onnx::AttributeProto &pads = *addNode(graph, "Conv", {"x", "w"}, "c").add_attribute();
  pads.set_name("strides");
  pads.set_type(onnx::AttributeProto::INTS);
  pads.add_ints(2);
  pads.add_ints(2);
  addNode(graph, "Reshape", {"c", "s"}, "y");
  onnx::TensorProto &weight = *graph.add_initializer();
  weight.set_name("w");
  weight.set_data_type(1);
  for (int64_t dim : {1, 1, 2, 2})
    weight.add_dims(dim);
  weight.set_raw_data(std::string(16, '\1'));
  onnx::TensorProto &shape = *graph.add_initializer();
  shape.set_name("s");
  shape.set_data_type(7);
  shape.add_dims(2);
  shape.add_int64_data(1);
  shape.add_int64_data(-1);
  return model.SerializeAsString();
}

class Damaged : public testing::Test {
protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tegula-import-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Whether the bytes are a model; if not, errors must say why, none of them an internal one.
  bool imports(const std::string &bytes) {
    std::string path = (folder / "model.onnx").string();
    std::ofstream(path, std::ios::binary) << bytes;
    std::vector<Message> messages;
    importer::ImportOptions options;
    options.symbolic = true;
    bool isGood = false;
    if (auto model = importer::readModel(path, messages))
      isGood = mlir::succeeded(importer::importModel(model, context, options, messages));
    bool hasError = false;
    for (const Message &message : messages) {
      if (message.severity != Message::Severity::Error)
        continue;
      hasError = true;
      EXPECT_NE(message.code, Code::None) << message.text;
      EXPECT_NE(outcomeOf(message.code), Outcome::Internal) << message.text;
    }
    EXPECT_NE(isGood, hasError);
    return isGood;
  }

  std::filesystem::path folder;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

TEST_F(Damaged, CutOffAtAnyByte) {
  std::string whole = smallModel();
  ASSERT_TRUE(imports(whole));
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(imports(whole.substr(0, length))) << length << " of " << whole.size() << " bytes";
}

TEST_F(Damaged, AnyBitFlipped) {
  std::string whole = smallModel();
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] ^= char(1 << bit % 8);
    SCOPED_TRACE("bit " + std::to_string(bit));
    imports(damaged);
  }
}

} // namespace
