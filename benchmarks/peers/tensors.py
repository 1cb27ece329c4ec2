"""Reads safetensors files without the package of that name, for the PyTorch peers."""
import json

import numpy as np
import torch


def read(path):
    """The float32 tensors by name, and the text entries."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{path}: {name} is {entry['dtype']}, not F32")
        begin, end = entry["data_offsets"]
        tensors[name] = torch.from_numpy(np.frombuffer(data[begin:end], "<f4").copy()).reshape(entry["shape"])
    return tensors, metadata


def difference(expected, found):
    """The greatest difference, relative to the greatest expected value."""
    greatest = expected.abs().max().item()
    gap = (expected - found).abs().max().item()
    # Numbers that are none must not pass for equal.
    return float("inf") if gap != gap else 0.0 if gap == 0 else gap / greatest if greatest else float("inf")
