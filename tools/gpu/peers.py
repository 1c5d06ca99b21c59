"""Measures a case in torch: eager (cuBLAS, cuDNN) or by torch.compile. Prints one line of JSON.

Usage: peers.py CASE SECONDS eager|compiled   CASE as it stands in suite.json
"""
import json
import statistics
import sys
import time

WARM_UP = 10
MOST_RUNS = 2000


def matmul(torch, rows, inner, columns):
    weight = torch.randn(inner, columns)
    return (lambda a: a @ weight), [torch.randn(rows, inner)]


def conv(torch, batch, size, into, out, kernel, stride=1):
    layer = torch.nn.Conv2d(into, out, kernel, stride, kernel // 2, bias=False)
    return layer.to(memory_format=torch.channels_last), [torch.randn(batch, into, size, size).to(memory_format=torch.channels_last)]


def softmax(torch, rows, columns):
    return (lambda x: torch.softmax(x, -1)), [torch.randn(rows, columns)]


def layernorm(torch, rows, columns):
    return torch.nn.LayerNorm(columns), [torch.randn(rows, columns)]


def gelu(torch, rows, columns):
    return torch.nn.GELU(), [torch.randn(rows, columns)]


def mlp(torch):
    nn = torch.nn
    return nn.Sequential(nn.Linear(1024, 4096), nn.GELU(), nn.Linear(4096, 4096), nn.GELU(), nn.Linear(4096, 4096), nn.GELU(),
                         nn.Linear(4096, 1024)), [torch.randn(1, 1024)]


def conv_norm(nn, into, out, kernel, stride=1, groups=1, activation=None):
    layers = [nn.Conv2d(into, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


def residual(torch, main, skip, activation):
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.skip, self.activation = main, skip, activation

        def forward(self, x):
            return self.activation(self.main(x) + self.skip(x))

    return Block()


def resnet50(torch, batch):
    nn = torch.nn
    layers, into = [conv_norm(nn, 3, 64, 7, 2, activation=nn.ReLU), nn.MaxPool2d(3, 2, 1)], 64
    for inner, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            main = nn.Sequential(conv_norm(nn, into, inner, 1, activation=nn.ReLU), conv_norm(nn, inner, inner, 3, step, activation=nn.ReLU),
                                 conv_norm(nn, inner, 4 * inner, 1))
            skip = conv_norm(nn, into, 4 * inner, 1, step) if block == 0 else nn.Identity()
            layers.append(residual(torch, main, skip, nn.ReLU()))
            into = 4 * inner
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(into, 1000)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last), [torch.randn(batch, 3, 224, 224).to(memory_format=torch.channels_last)]


def mobilenet_v2(torch, batch):
    nn = torch.nn
    layers, into = [conv_norm(nn, 3, 32, 3, 2, activation=nn.ReLU6)], 32
    for widen, out, blocks, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            step, inner = stride if block == 0 else 1, widen * into
            main = nn.Sequential(*([conv_norm(nn, into, inner, 1, activation=nn.ReLU6)] if widen > 1 else []),
                                 conv_norm(nn, inner, inner, 3, step, inner, nn.ReLU6), conv_norm(nn, inner, out, 1))
            layers.append(residual(torch, main, nn.Identity(), nn.Identity()) if step == 1 and into == out else main)
            into = out
    layers += [conv_norm(nn, into, 1280, 1, activation=nn.ReLU6), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last), [torch.randn(batch, 3, 224, 224).to(memory_format=torch.channels_last)]


def bert_base(torch, batch, sequence):
    nn = torch.nn

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.norm = nn.Embedding(30522, 768), nn.LayerNorm(768)
            layer = nn.TransformerEncoderLayer(768, 12, 3072, dropout=0.0, activation="gelu", batch_first=True)
            self.layers = nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)

        def forward(self, ids):
            return self.layers(self.norm(self.words(ids)))

    return Bert(), [torch.randint(0, 30522, (batch, sequence))]


MODELS = {"matmul": matmul, "conv": conv, "softmax": softmax, "layernorm": layernorm, "gelu": gelu, "mlp": mlp, "resnet50": resnet50,
          "mobilenet_v2": mobilenet_v2, "bert_base": bert_base}


def to_card(torch, function, inputs, dtype):
    """The case on the card; lambdas take their weights from their closure."""
    def move(value):
        value = value.to("cuda")
        return value.to(dtype) if value.is_floating_point() else value

    if isinstance(function, torch.nn.Module):
        function = function.eval().to("cuda").to(dtype)
    else:
        for cell in function.__closure__ or ():
            if isinstance(cell.cell_contents, torch.Tensor):
                cell.cell_contents = move(cell.cell_contents)
    return function, [move(value) for value in inputs]


def measure(torch, function, inputs, seconds):
    """Medians by events around every run, and of the wall clock."""
    for _ in range(WARM_UP):
        function(*inputs)
    torch.cuda.synchronize()
    device, wall, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end and len(device) < MOST_RUNS:
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        began = time.perf_counter()
        start.record()
        function(*inputs)
        stop.record()
        torch.cuda.synchronize()
        device.append(start.elapsed_time(stop))
        wall.append((time.perf_counter() - began) * 1e3)
    return {"device_ms": statistics.median(device), "device_min_ms": min(device), "run_ms": statistics.median(wall)}


def main():
    case, seconds, how = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    try:
        import torch
    except ImportError as missing:
        sys.exit(f"no peers without torch: {missing}")
    if not torch.cuda.is_available():
        sys.exit("torch sees no card")
    precision = case["precision"]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True
    dtype = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
    with torch.no_grad():
        function, inputs = to_card(torch, *MODELS[case["peer"]](torch, *case["sizes"]), dtype)
        if how == "compiled":
            function = torch.compile(function, mode="max-autotune")
        figures = measure(torch, function, inputs, seconds)
    figures["versions"] = f"torch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
