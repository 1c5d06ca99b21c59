"""Writes an archive of one array whose sizes and places all stand in 64-bit fields: zip64.py NAME VALUE.npy ARCHIVE.npz."""

import sys
import zipfile

name, value, archive = sys.argv[1:]
zipfile.ZIP64_LIMIT = 16
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
    out.write(value, name + ".npy")
assert b"PK\6\6" in open(archive, "rb").read(), "expected a zip64 end record"
