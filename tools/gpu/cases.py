"""What gpu-suite measures: single operators against cuBLAS and cuDNN, whole networks against torch.compile."""
from dataclasses import dataclass, field

import onnx_bytes as onnx


@dataclass
class Case:
    name: str
    part: str                  # "kernels" or "networks"
    peer: str                  # what peers.py calls it, with its sizes
    sizes: list = field(default_factory=list)
    network: str = ""          # of the script that writes networks; else `build` writes it
    flags: list = field(default_factory=list)
    flops: float = 0           # of a run, where that is what counts
    bytes: float = 0           # moved at least, where that is
    build: object = None
    precision: str = "fp32"    # fp32 is strict
    tolerance: float = 1e-3    # of a result, against the CPU's


def matmul(rows, inner, columns):
    return onnx.model([onnx.node("MatMul", ["a", "w"], "y"), onnx.weight("w", [inner, columns], inner ** -0.5),
                       onnx.port(11, "a", [rows, inner]), onnx.port(12, "y", [rows, columns])])


def conv(batch, size, into, out, kernel, stride=1):
    pad = kernel // 2
    half = (size + 2 * pad - kernel) // stride + 1
    return onnx.model([onnx.node("Conv", ["x", "w"], "y", kernel_shape=[kernel, kernel], strides=[stride] * 2, pads=[pad] * 4),
                       onnx.weight("w", [out, into, kernel, kernel], (into * kernel * kernel) ** -0.5),
                       onnx.port(11, "x", [batch, into, size, size]), onnx.port(12, "y", [batch, out, half, half])])


def softmax(rows, columns):
    return onnx.model([onnx.node("Softmax", ["x"], "y", axis=-1), onnx.port(11, "x", [rows, columns]), onnx.port(12, "y", [rows, columns])])


def layernorm(rows, columns):
    return onnx.model([onnx.node("LayerNormalization", ["x", "w", "b"], "y", axis=-1), onnx.weight("w", [columns], 1.0), onnx.weight("b", [columns], 0.1),
                       onnx.port(11, "x", [rows, columns]), onnx.port(12, "y", [rows, columns])])


def gelu(rows, columns):
    ones = [onnx.node("Constant", [], name, value_float=number) for name, number in (("r", 0.70710678), ("one", 1.0), ("half", 0.5))]
    return onnx.model(ones + [onnx.node("Mul", ["x", "r"], "s"), onnx.node("Erf", ["s"], "e"), onnx.node("Add", ["e", "one"], "f"),
                              onnx.node("Mul", ["x", "f"], "g"), onnx.node("Mul", ["g", "half"], "y"),
                              onnx.port(11, "x", [rows, columns]), onnx.port(12, "y", [rows, columns])])


def kernels():
    cases = []
    for name, sizes in (("matmul-1024", [1024, 1024, 1024]), ("matmul-4096", [4096, 4096, 4096]), ("matmul-bert-up", [128, 768, 3072]),
                        ("matmul-odd", [1000, 333, 777]), ("matmul-vector", [1, 4096, 4096])):
        cases.append(Case(name, "kernels", "matmul", sizes, flops=2.0 * sizes[0] * sizes[1] * sizes[2], build=lambda s=sizes: matmul(*s)))
    for name, sizes in (("conv-56-64-3x3", [1, 56, 64, 64, 3]), ("conv-28-128-3x3", [1, 28, 128, 128, 3]), ("conv-14-256-3x3", [1, 14, 256, 256, 3]),
                        ("conv-7-512-3x3", [1, 7, 512, 512, 3]), ("conv-56-64-1x1", [1, 56, 64, 256, 1]), ("conv-224-3-7x7", [1, 224, 3, 64, 7, 2]),
                        ("conv-28-128-3x3-batch32", [32, 28, 128, 128, 3])):
        batch, size, into, out, kernel = sizes[:5]
        half = size // (sizes[5] if len(sizes) > 5 else 1)
        cases.append(Case(name, "kernels", "conv", sizes, flops=2.0 * batch * half * half * into * out * kernel * kernel, build=lambda s=sizes: conv(*s)))
    for name, make, sizes in (("softmax-1536x128", softmax, [1536, 128]), ("softmax-4096x4096", softmax, [4096, 4096]),
                              ("layernorm-128x768", layernorm, [128, 768]), ("layernorm-8192x1024", layernorm, [8192, 1024]), ("gelu-4096x4096", gelu, [4096, 4096])):
        cases.append(Case(name, "kernels", make.__name__, sizes, bytes=8.0 * sizes[0] * sizes[1], build=lambda m=make, s=sizes: m(*s)))
    return cases


def networks():
    return [Case("mlp", "networks", "mlp", network="mlp", flops=0),
            Case("mobilenet_v2", "networks", "mobilenet_v2", [1], network="mobilenet_v2", flops=0.6e9),
            Case("resnet50", "networks", "resnet50", [1], network="resnet50", flops=8.2e9),
            Case("bert_base", "networks", "bert_base", [1, 128], network="bert_base", flops=22.4e9)]


def variants(cases, precisions):
    """The cases, and those of matrix products once more for each precision that the compiler knows."""
    result = list(cases)
    for precision in precisions:
        for case in cases:
            if case.flops and (case.name.startswith(("matmul", "conv")) or case.network in ("resnet50", "bert_base")):
                result.append(Case(f"{case.name}-{precision}", case.part, case.peer, case.sizes, case.network, case.flags + [f"--precision={precision}"],
                                   case.flops, case.bytes, case.build, precision, 5e-2))
    return result


def all_cases(precisions):
    return variants(kernels() + networks(), precisions)
