"""Damages an artifact in ways that each must be noticed: break.py ARTIFACT FOLDER writes FOLDER/<case>.tgl."""

import pathlib
import struct
import sys

whole = pathlib.Path(sys.argv[1]).read_bytes()
folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
PAGE, VERSION, ABI = 4096, 8, 12  # places in the header: lib/artifact/Format.h


def edited(at, data):
    return whole[:at] + data + whole[at + len(data):]


def flipped(at):
    return edited(at, bytes([whole[at] ^ 1]))


sections = [struct.unpack_from("<IIQQ", whole, 48 + 40 * number) for number in range(struct.unpack_from("<I", whole, 24)[0])]
place = {kind: offset for kind, _, offset, _ in reversed(sections)}
cases = {
    "empty": b"",
    "text": b"not an artifact\n" * 1000,
    "header": whole[:40],
    "cut": whole[:-1],
    "longer": whole + b"\0",
    "format": edited(VERSION, struct.pack("<I", 999)),
    "abi": edited(ABI, struct.pack("<I", 999)),
    "table": flipped(48),
    "manifest": flipped(place[1]),
    "code": flipped(place[2]),
    "sums": flipped(place[3]),
    "weights": flipped(place[4]),
    "fill": flipped(place[1] + sections[0][3]),
    "zeros": bytes(len(whole)),
}
for case, data in cases.items():
    (folder / f"{case}.tgl").write_bytes(data)
