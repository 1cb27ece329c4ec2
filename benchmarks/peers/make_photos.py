#!/usr/bin/python3
"""Makes JPEGs of 500x375 pixels of any photographs, so that benchmarks have enough of one size.

    make_photos.py FROM-FOLDER TO-FOLDER [COUNT]        (Debian's python3-pil)

Each photograph is cut to 4:3, resized and saved at quality 90; from the second round on it is mirrored or turned.
"""
import glob
import os
import sys

from PIL import Image, ImageOps

source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 320
paths = sorted(glob.glob(os.path.join(source, "**", "*.jpg"), recursive=True))
os.makedirs(target, exist_ok=True)
for index in range(count):
    image = ImageOps.fit(Image.open(paths[index % len(paths)]).convert("RGB"), (500, 375), Image.BICUBIC)
    for _ in range(index // len(paths)):
        image = ImageOps.mirror(image)
    image.save(os.path.join(target, f"{index:04}.jpg"), quality=90)
