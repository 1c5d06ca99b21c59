"""Compiles models of a kind with some nodes and with four times as many: the processor time may grow as the model does, not by its square.

    growth.py SOURCE FOLDER TEGULA KIND NODES

What the program takes for a model of one node is left out. Four times the nodes may take nine times as long; by the square they would take sixteen.
"""

import os
import pathlib
import subprocess
import sys

source, folder, tegula, kind, nodes = sys.argv[1:]
MOST = 9


def node(kind, inputs, output, attributes=""):
    return f'node {{ op_type: "{kind}" {" ".join(f"""input: "{each}" """ for each in inputs)} output: "{output}" {attributes} }}'


AXIS = 'attribute { name: "axis" type: INT i: 1 }'
BODY = ('attribute { name: "num_scan_inputs" type: INT i: 1 } attribute { name: "body" type: GRAPH g { name: "b" '
        'node { op_type: "Add" input: "s" input: "e" output: "w" } node { op_type: "Tanh" input: "w" output: "o" } '
        'input { name: "s" } input { name: "e" } output { name: "w" } output { name: "o" } } }')


def products(count):
    """Each result is the next one's operand: as many launches of one kernel."""
    return [node("MatMul", [f"v{i}", "x"], f"v{i + 1}") for i in range(count)]


def appended(count):
    """A tensor to which pieces are appended one by one."""
    return [node("Concat", [f"v{i}", "x"], f"v{i + 1}", AXIS) for i in range(count)]


def joined(count):
    """One tensor of the inputs."""
    return [node("Concat", [f"x{i}" for i in range(count)], f"v{count}", AXIS)]


def functions(count):
    """One expression, which no kernel could keep in registers."""
    return [node(("Tanh", "Neg")[i % 2], [f"v{i}"], f"v{i + 1}") for i in range(count)]


def scans(count):
    """Loops over what the ones before them give."""
    return [node("Scan", ["zero", f"v{i}"], f'last{i}" output: "v{i + 1}', BODY) for i in range(count)]


def seconds(count):
    rows = 'dim { dim_param: "rows" }' if kind == "scans" else "dim { dim_value: 4 }"
    text = "\n".join(globals()[kind](count)) + '\ninitializer { name: "zero" data_type: 1 dims: 4 float_data: 0 float_data: 0 float_data: 0 float_data: 0 }'
    for name in [f"x{i}" for i in range(count)] if kind == "joined" else ["x", "v0"]:
        text += f'\ninput {{ name: "{name}" type {{ tensor_type {{ elem_type: 1 shape {{ {rows} dim {{ dim_value: 4 }} }} }} }} }}'
    text = f'ir_version: 8 opset_import {{ version: 13 }} graph {{ name: "g"\n{text}\noutput {{ name: "v{count}" type {{ tensor_type {{ elem_type: 1 }} }} }} }}'
    model = pathlib.Path(folder) / f"{kind}-{count}.onnx"
    encoded = subprocess.run(["protoc", "--encode=tegula.onnx.ModelProto", "-I", f"{source}/lib/import", "onnx.proto"], input=text.encode(), stdout=subprocess.PIPE, check=True)
    model.write_bytes(encoded.stdout)
    started = subprocess.Popen([tegula, "compile", model, "--threads", "1", "-o", model.with_suffix(".tgl")])
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        sys.exit(f"{kind}, {count} nodes: exit code {started.returncode}")
    return used.ru_utime


pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
least = seconds(1)
few, many = (max(seconds(count) - least, 0.02) for count in (int(nodes), 4 * int(nodes)))
grows = many <= MOST * few
print(f"{kind}: {nodes} nodes {few:.2f} s, {4 * int(nodes)} nodes {many:.2f} s: {'as the model' if grows else 'faster than the model'}")
sys.exit(0 if grows else 1)
