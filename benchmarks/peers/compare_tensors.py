#!/usr/bin/python3
"""Prints by how much the tensors of two safetensors files differ, relative to a tensor's greatest value; exit code 1 beyond the tolerance.

    compare_tensors.py ONE OTHER [TOLERANCE]        (Debian's python3-torch; tolerance 0: the same bits)
"""
import sys

from tensors import difference, read

(one, _), (other, _) = read(sys.argv[1]), read(sys.argv[2])
tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
if one.keys() != other.keys():
    sys.exit(f"They hold different tensors: {sorted(one.keys() ^ other.keys())[:5]}")
worst, name = max((difference(one[name], other[name]), name) for name in one)
print("the same bits" if worst == 0 else f"differ by {worst:.1e} at most ({name})")
sys.exit(worst > tolerance)
