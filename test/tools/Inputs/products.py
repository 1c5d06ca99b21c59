"""Writes a model of N matrix products of different sizes, which takes a while to compile, as text of a ModelProto: products.py N"""

import sys

count = int(sys.argv[1])
size = "dim { dim_value: %d }"
print('ir_version: 8 opset_import { version: 13 } graph { name: "g"')
print(f'input {{ name: "x0" type {{ tensor_type {{ elem_type: 1 shape {{ {size % 4} {size % 8} }} }} }} }}')
for i in range(count):
    print(f'input {{ name: "w{i}" type {{ tensor_type {{ elem_type: 1 shape {{ {size % (8 + i)} {size % (9 + i)} }} }} }} }}')
    print(f'node {{ op_type: "MatMul" input: "x{i}" input: "w{i}" output: "x{i + 1}" }}')
print(f'output {{ name: "x{count}" type {{ tensor_type {{ elem_type: 1 }} }} }} }}')
