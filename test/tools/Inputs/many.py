"""Prints a model of so many nodes that no operator is known for: many.py COUNT, as text of the ONNX message."""

import sys

print('ir_version: 8 opset_import { version: 13 } opset_import { domain: "com.example" version: 1 } graph { name: "g"')
for i in range(int(sys.argv[1])):
    print(f'  node {{ name: "gadget{i}" op_type: "Gadget{i}" domain: "com.example" input: "x" output: "y{i}" }}')
print('  input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_value: 2 } } } } }')
print('  output { name: "y0" type { tensor_type { elem_type: 1 } } }\n}')
