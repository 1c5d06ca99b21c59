"""Writes .npy and .npz files that are wrong in one way each, as FOLDER/<case>: tensors.py FOLDER; numpy would not write most of them."""

import io
import pathlib
import pickle
import struct
import sys
import zipfile
import zlib


def npy(header, data):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


def header(descr="'<f4'", order="False", shape="(1, 1, 8, 8)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def npz(entries, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def overlapping(count, data):
    """Entries that all are the same bytes of the file, so that little becomes much."""
    name = b"a.npy"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0) + name + data
    rows = b""
    for number in range(count):
        own = b"n%d.npy" % number
        rows += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(own), 0, 0, 0, 0, 0, 0) + own
    return local + rows + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(rows), len(local), 0)


PLAIN = npy(header(), bytes(256))
CASES = {
    "good.npy": PLAIN,
    "empty.npy": b"",
    "text.npy": b"1 2 3\n",
    "cut.npy": PLAIN[:40],
    "short.npy": PLAIN[:-1],
    "long.npy": PLAIN + b"\0",
    "nan-header.npy": npy(header(shape="(nan, 1, 8, 8)"), bytes(256)),
    "negative.npy": npy(header(shape="(-1, 1, 8, 8)"), bytes(256)),
    "overflow.npy": npy(header(shape=f"({1 << 40}, {1 << 40})"), bytes(256)),
    "number.npy": npy(header(shape="(99999999999999999999, 0)"), b""),
    "code.npy": npy(header(shape="__import__('os').system('id')"), bytes(256)),
    "pickled.npy": npy(header("'|O'"), pickle.dumps([1, 2, 3])),
    "records.npy": npy(header("[('a', '<f4')]"), bytes(256)),
    "unicode.npy": npy(header("'<U1'"), bytes(256)),
    "doubles.npy": npy(header("'<f8'"), bytes(512)),
    "shape.npy": npy(header(shape="(1, 1, 8, 9)"), bytes(288)),
    "fortran.npy": npy(header(order="True"), bytes(256)),
    "big-endian.npy": npy(header("'>f4'"), bytes(256)),
    "no-order.npy": npy("{'descr': '<f4', 'shape': (1, 1, 8, 8), }", bytes(256)),
    "wrong-name.npz": npz([("picture.npy", PLAIN)]),
    "not-an-array.npz": npz([("image.txt", b"1 2 3")]),
    "twice.npz": npz([("image.npy", PLAIN), ("imago.npy", PLAIN)]).replace(b"imago", b"image"),
    "cut.npz": npz([("image.npy", PLAIN)])[:-30],
    "checksum.npz": npz([("image.npy", PLAIN)]).replace(bytes(256), bytes(255) + b"\1"),
    "method.npz": npz([("image.npy", PLAIN)], zipfile.ZIP_BZIP2),
    "overlapping.npz": overlapping(60000, npy(header(shape="(1, 65536)"), bytes(1 << 18))),
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for case, data in CASES.items():
    (folder / case).write_bytes(data)
