#!/usr/bin/env python3
"""Shows handwritten digits with the network's answers and counts how many are right, in plain Python so that a fresh machine needs nothing.

    show.py FOLDER OUT.npz [--images N]     FOLDER holds images.npy, labels.npy and accuracy.txt, OUT.npz the scores

Ends with 0 where the count equals the one of accuracy.txt, else with 3.
"""

import argparse
import ast
import io
import pathlib
import struct
import sys
import zipfile

FORMATS = {"<f4": "f", "<f8": "d", "<i8": "q", "<i4": "i"}


def read_npy(data):
    """-> (shape, flat tuple of numbers) of a .npy file's bytes."""
    if data[:6] != b"\x93NUMPY":
        raise ValueError("expected a .npy file")
    wide = data[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", data, 8)[0]
    start = (12 if wide else 10) + length
    header = ast.literal_eval(data[start - length : start].decode("latin1"))
    if header["fortran_order"] or header["descr"] not in FORMATS:
        raise ValueError(f"expected a C-ordered array of {', '.join(FORMATS)}, got {header}")
    count = 1
    for d in header["shape"]:
        count *= d
    return header["shape"], struct.unpack_from(f"<{count}{FORMATS[header['descr']]}", data, start)


def read_first_of_npz(path):
    with zipfile.ZipFile(path) as z:
        return read_npy(z.read(z.namelist()[0]))


def picture(pixels, width=8, height=8):
    """Lines of block characters, each pixel two of them wide so that it looks square."""
    shades = " ░▒▓█"
    shade = lambda p: shades[min(4, int(p * 4 + 0.5))] * 2
    return ["".join(shade(pixels[y * width + x]) for x in range(width)) for y in range(height)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("scores")
    parser.add_argument("--images", type=int, default=4)
    options = parser.parse_args()
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    (count, *_), images = read_npy((options.folder / "images.npy").read_bytes())
    _, labels = read_npy((options.folder / "labels.npy").read_bytes())
    (answered, classes), scores = read_first_of_npz(options.scores)
    if answered != count:
        print(f"expected scores of {count} images, got {answered}")
        return 3
    answers = []
    for i in range(count):
        row = scores[i * classes : (i + 1) * classes]
        answers.append(row.index(max(row)))
    wrong = [i for i in range(count) if answers[i] != labels[i]]
    # The first images as they come, and the first mistake, because a reader wants to see both.
    shown = (list(range(options.images - 1)) + wrong[:1] + [options.images - 1])[: options.images]
    for text in zip(*(picture(images[i * 64 : i * 64 + 64]) for i in shown)):
        print("  " + "    ".join(text))
    captions = [f"read {answers[i]}, is {labels[i]}{'' if answers[i] == labels[i] else '  wrong'}" for i in shown]
    print("  " + "    ".join(c.ljust(16) for c in captions).rstrip())
    got, expected = f"{count - len(wrong)}/{count}", (options.folder / "accuracy.txt").read_text().strip()
    same = "as the training script counted" if got == expected else f"but the training script counted {expected}"
    print(f"accuracy {got} ({100 * (count - len(wrong)) / count:.1f} %), {same}")
    return 0 if got == expected else 3


if __name__ == "__main__":
    sys.exit(main())
