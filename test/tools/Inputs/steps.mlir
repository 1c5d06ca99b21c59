func.func private @step(%h: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.add %h, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @main(%h: tensor<4xf32>, %x: tensor<100x4xf32>) -> tensor<4xf32> {
  %n = graph.constant dense<100> : tensor<i64>
  %y = graph.loop @step count(%n) carried(%h) scanned(%x) : (tensor<i64>, tensor<4xf32>, tensor<100x4xf32>) -> tensor<4xf32>
  %z = graph.exp %y : tensor<4xf32>
  return %z : tensor<4xf32>
}
