// A model whose nodes are called what a page must not obey.
func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.softmax %x {axis = 1} : tensor<4x4xf32> loc("</script><img src=x onerror=alert(1)>")
  %1 = graph.softmax %0 {axis = 0} : tensor<4x4xf32> loc("\22'&<b>")
  return %1 : tensor<4x4xf32>
}
