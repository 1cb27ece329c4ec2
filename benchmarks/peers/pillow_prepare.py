#!/usr/bin/python3
"""Prints the milliseconds that Pillow and torchvision take, on one thread, to make the network's input of a JPEG file.

    pillow_prepare.py FOLDER COUNT        (Debian's python3-torchvision)

Only what the two libraries do to the pixels is timed: open, decode, Resize(256), CenterCrop(224), and a planar float array.
"""
import glob
import os
import sys
import time

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T

torch.set_num_threads(1)
paths = sorted(glob.glob(os.path.join(sys.argv[1], "**", "*.jpg"), recursive=True))[:int(sys.argv[2])]
crop = T.Compose([T.Resize(256), T.CenterCrop(224)])


def prepare(path):
    return np.ascontiguousarray(np.asarray(crop(Image.open(path).convert("RGB"))).transpose(2, 0, 1), dtype=np.float32)


for path in paths[:20]:
    prepare(path)
start = time.perf_counter()
for path in paths:
    prepare(path)
print(1000 * (time.perf_counter() - start) / len(paths))
