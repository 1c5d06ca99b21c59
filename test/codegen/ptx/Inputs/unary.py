"""Prints a model that applies every operator of ONNX with one input that works on each element alone, Pow and Mod: unary.py [float64].

Each comes on what it is defined for, and those of angles on large ones too. Text of the ONNX message.
"""

import sys

# Operator: what it is applied to.
FLOATS = {
    "Abs": "x", "Acos": "inside", "Acosh": "above", "Asin": "inside", "Asinh": "x", "Atan": "x", "Atanh": "inside", "Ceil": "x", "Celu": "x",
    "Cos": "x", "Cosh": "x", "Elu": "x", "Erf": "x", "Exp": "x", "Floor": "x", "Gelu": "x", "HardSigmoid": "x", "HardSwish": "x",
    "Identity": "x", "LeakyRelu": "x", "Log": "above", "Mish": "x", "Neg": "x", "Reciprocal": "above", "Relu": "x", "Round": "x", "Selu": "x",
    "Shrink": "x", "Sigmoid": "x", "Sign": "x", "Sin": "x", "Sinh": "x", "Softplus": "x", "Softsign": "x", "Sqrt": "above", "Swish": "x",
    "Tan": "inside", "Tanh": "x", "ThresholdedRelu": "x",
}
LARGE = ["Sin", "Cos", "Atan", "Asinh", "Tanh", "Erf"]
TRUTHS = ["IsInf", "IsNaN"]
# ONNX gives these for some types of floats only.
FLOAT32_ONLY = {"Celu"}

double = sys.argv[1:] == ["float64"]
kind = 11 if double else 1
sizes = "dim { dim_value: 7 } dim { dim_value: 64 }"


def node(operator, source, target):
    return f'  node {{ name: "{target}" op_type: "{operator}" input: "{source}" output: "{target}" }}'


def output(name, element):
    return f'  output {{ name: "{name}" type {{ tensor_type {{ elem_type: {element} }} }} }}'


print('ir_version: 10 opset_import { version: 24 } graph { name: "g"')
print(f'  input {{ name: "x" type {{ tensor_type {{ elem_type: {kind} shape {{ {sizes} }} }} }} }}')
for name, value in [("one", 1.0), ("thousand", 1000.0)]:
    data = f"double_data: {value}" if double else f"float_data: {value}"
    print(f'  initializer {{ name: "{name}" data_type: {kind} {data} }}')
print(node("Tanh", "x", "inside"))
print(node("Abs", "x", "size"))
print('  node { name: "above" op_type: "Add" input: "size" input: "one" output: "above" }')
print('  node { name: "large" op_type: "Mul" input: "x" input: "thousand" output: "large" }')
print('  node { name: "below" op_type: "Less" input: "x" input: "one" output: "below" }')
results = []
for operator, source in FLOATS.items():
    if not (double and operator in FLOAT32_ONLY):
        print(node(operator, source, f"y_{operator}"))
        results.append((f"y_{operator}", kind))
for operator in LARGE:
    print(node(operator, "large", f"far_{operator}"))
    results.append((f"far_{operator}", kind))
for operator in TRUTHS:
    print(node(operator, "x", f"y_{operator}"))
    results.append((f"y_{operator}", 9))
print(node("Not", "below", "y_Not"))
print('  node { name: "y_Pow" op_type: "Pow" input: "above" input: "x" output: "y_Pow" }')
results += [("y_Not", 9), ("y_Pow", kind)]
if not double:
    print('  node { name: "y_Mod" op_type: "Mod" input: "large" input: "above" output: "y_Mod" attribute { name: "fmod" type: INT i: 1 } }')
    results.append(("y_Mod", kind))
for name, element in results:
    print(output(name, element))
print("}")
