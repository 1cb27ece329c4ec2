#!/usr/bin/python3
"""Makes the demo's data from Debian's package dataset-fashion-mnist (apt-get install dataset-fashion-mnist).

    make_subset.py FOLDER-WITH-THE-FOUR-IDX-GZ-FILES [OUTPUT]

The first 600 training and the first 100 test images of each of the ten classes, in the order of the original files.
"""
import gzip
import os
import struct
import sys


def subset(source, output, part, each):
    with gzip.open(os.path.join(source, f"{part}-images-idx3-ubyte.gz")) as f:
        _, count, height, width = struct.unpack(">4i", f.read(16))
        pixels = f.read()
    with gzip.open(os.path.join(source, f"{part}-labels-idx1-ubyte.gz")) as f:
        labels = f.read()[8:]
    size, taken, chosen = height * width, [0] * 10, []
    for index in range(count):
        if taken[labels[index]] < each:
            taken[labels[index]] += 1
            chosen.append(index)
    images = struct.pack(">4i", 2051, len(chosen), height, width) + b"".join(pixels[i * size:(i + 1) * size] for i in chosen)
    classes = struct.pack(">2i", 2049, len(chosen)) + bytes(labels[i] for i in chosen)
    for name, data in ((f"{part}-images-idx3-ubyte.gz", images), (f"{part}-labels-idx1-ubyte.gz", classes)):
        with open(os.path.join(output, name), "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as z:
            z.write(data)


if __name__ == "__main__":
    to = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    subset(sys.argv[1], to, "train", 600)
    subset(sys.argv[1], to, "t10k", 100)
