#!/usr/bin/python3
"""Makes trivial-augment.json: what torchvision's TrivialAugmentWide makes of images in ../Imaging.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-pil
    /usr/bin/python3 make_fixtures.py

For each image and operation, the SHA-256 of the RGB bytes of the results in all 31 strengths, each as it is and (where the operation has a
direction) the other way round. Made with Pillow 9.4 and torchvision 0.14.1.
"""
import hashlib
import json
import os

from PIL import Image
from torchvision.transforms import InterpolationMode, TrivialAugmentWide
from torchvision.transforms.autoaugment import _apply_op

HERE = os.path.dirname(os.path.abspath(__file__))
hashes = {}
for name in ("rgb.png", "rgb.bmp", "tall.jpg", "small.png", "palette.bmp"):
    image = Image.open(os.path.join(HERE, "..", "Imaging", name)).convert("RGB")
    hashes[name] = {}
    for operation, (strengths, signed) in TrivialAugmentWide()._augmentation_space(31).items():
        hash = hashlib.sha256()
        for strength in range(31):
            for sign in (1, -1 if signed else 1):
                magnitude = float(strengths[strength].item() if strengths.ndim > 0 else 0) * sign
                hash.update(_apply_op(image, operation, magnitude, InterpolationMode.NEAREST, None).tobytes())
        hashes[name][operation] = hash.hexdigest().upper()
with open(os.path.join(HERE, "trivial-augment.json"), "w") as file:
    json.dump(hashes, file, indent=2)
    file.write("\n")
