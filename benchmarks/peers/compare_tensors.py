#!/usr/bin/python3
"""Prints by how much the tensors of two safetensors files differ, relative to a tensor's greatest value; exit code 1 if they are not the same bits.

    compare_tensors.py ONE OTHER [AGAIN]        (Debian's python3-torch)

AGAIN is what was made in the same way as ONE: then OTHER may be twice as far from ONE as AGAIN is.
"""
import sys

from tensors import difference, read


def compare(one, other):
    if one.keys() != other.keys():
        sys.exit(f"They hold different tensors: {sorted(one.keys() ^ other.keys())[:5]}")
    return max((difference(one[name], other[name]), name) for name in one)


files = [read(path)[0] for path in sys.argv[1:]]
worst, name = compare(files[0], files[1])
allowed = 0.0
if len(files) > 2:
    allowed, _ = compare(files[0], files[2])
    print(f"two uninterrupted runs differ by {allowed:.1e}")
print("the same bits" if worst == 0 else f"differ by {worst:.1e} at most ({name})")
sys.exit(worst > 2 * allowed)
