// Arithmetic becomes cheaper where its numbers stay the same.
// RUN: tegula-opt %s --tegula-simplify-arithmetic | FileCheck %s
// RUN: tegula-opt %s --tegula-simplify-arithmetic | tegula-equiv %s -

// CHECK-LABEL: @drops_neutral_operands
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @drops_neutral_operands(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %one = graph.constant dense<1.0> : tensor<8xf32>
  %zero = graph.constant dense<0.0> : tensor<f32>
  %minus_zero = graph.constant dense<-0.0> : tensor<f32>
  %1 = graph.mul %one, %x : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = graph.div %1, %one : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %3 = graph.sub %2, %zero : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %4 = graph.add %3, %minus_zero : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// -0 + 0 is 0.
// CHECK-LABEL: @keeps_sum_with_zero
// CHECK: graph.add
func.func @keeps_sum_with_zero(%x: tensor<8xf32>) -> tensor<8xf32> {
  %zero = graph.constant dense<0.0> : tensor<f32>
  %1 = graph.add %x, %zero : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: @keeps_neutral_operand_that_enlarges
// CHECK: graph.mul
func.func @keeps_neutral_operand_that_enlarges(%x: tensor<8xf32>) -> tensor<4x8xf32> {
  %one = graph.constant dense<1.0> : tensor<4x1xf32>
  %1 = graph.mul %x, %one : (tensor<8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: @adds_negated_constant
// CHECK: %[[C:.*]] = graph.constant dense<-3.000000e+00> : tensor<f32>
// CHECK: graph.add %{{.*}}, %[[C]]
func.func @adds_negated_constant(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = graph.constant dense<3.0> : tensor<f32>
  %1 = graph.sub %x, %c : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: @multiplies_by_exact_reciprocal
// CHECK: %[[C:.*]] = graph.constant dense<1.250000e-01> : tensor<f32>
// CHECK: graph.mul %{{.*}}, %[[C]]
func.func @multiplies_by_exact_reciprocal(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = graph.constant dense<8.0> : tensor<f32>
  %1 = graph.div %x, %c : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: @keeps_other_quotients
// CHECK: graph.div
func.func @keeps_other_quotients(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = graph.constant dense<6.0> : tensor<f32>
  %1 = graph.div %x, %c : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// CHECK-LABEL: @expands_powers
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-DAG: graph.mul %[[X]], %[[X]]
// CHECK-DAG: graph.sqrt %[[X]]
// CHECK-NOT: graph.pow
func.func @expands_powers(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %two = graph.constant dense<2> : tensor<i64>
  %half = graph.constant dense<0.5> : tensor<f32>
  %1 = graph.pow %x, %two : (tensor<8xf32>, tensor<i64>) -> tensor<8xf32>
  %2 = graph.pow %x, %half : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @drops_double_negation
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @drops_double_negation(%x: tensor<8xf32>) -> tensor<8xf32> {
  %1 = graph.neg %x : tensor<8xf32>
  %2 = graph.neg %1 : tensor<8xf32>
  return %2 : tensor<8xf32>
}

// CHECK-LABEL: @chooses_known_branch
// CHECK-SAME: (%[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<8xf32>)
// CHECK-NEXT: return %[[Y]]
func.func @chooses_known_branch(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %c = graph.constant dense<false> : tensor<8xi1>
  %1 = graph.where %c, %x, %y : (tensor<8xi1>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
