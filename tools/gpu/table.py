"""Turns results into the table that stands under docs/results."""


def milliseconds(record, what, key):
    value = record.get(what, {}).get(key)
    return f"{value:.4f}" if value is not None else "-"


def rate(record):
    """What the card did a second: arithmetic, or memory where that is what counts."""
    time = record.get("bench", {}).get("device_ms") or record.get("bench", {}).get("run_ms")
    if not time:
        return "-"
    if record["flops"]:
        return f"{record['flops'] / time / 1e9:.2f} TFLOP/s"
    return f"{record['bytes'] / time / 1e6:.0f} GB/s" if record["bytes"] else "-"


def factor(record):
    """How many times as fast as the faster peer."""
    ours = record.get("bench", {}).get("device_ms")
    peers = [record[what]["device_ms"] for what in ("eager", "compiled") if "device_ms" in record.get(what, {})]
    return f"{min(peers) / ours:.2f}" if ours and peers else "-"


def table(results):
    peer = next((record[what]["versions"] for record in results["cases"].values() for what in ("eager", "compiled")
                 if "versions" in record.get(what, {})), "no peers were measured")
    lines = [f"Device {results['device']}; {peer}. Medians in ms; \"kernels\" by the device's events, \"run\" with inputs and outputs moved.", "",
             "| case | precision | kernels | run | rate | torch | torch.compile | times as fast as the faster one | numbers |",
             "|---|---|---|---|---|---|---|---|---|"]
    for name, record in results["cases"].items():
        check = record.get("check")
        numbers = "not compared" if check is None else "FAILED" if "error" in check else "right"
        cells = [name, record["precision"], milliseconds(record, "bench", "device_ms"), milliseconds(record, "bench", "run_ms"), rate(record),
                 milliseconds(record, "eager", "device_ms"), milliseconds(record, "compiled", "device_ms"), factor(record), numbers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
