#!/usr/bin/python3
"""Makes flowers.zip and CREDITS.txt of this folder from the small set of the flower photographs (see README.md).

    apt-get install -y --no-install-recommends python3-pil
    /usr/bin/python3 make_flowers.py FOLDER

FOLDER has LICENSE.txt and a folder for each class. Each photograph is resized to a shorter side of 224 pixels and written as JPEG without
metadata. The same folder gives the same bytes with the same Pillow (9.4).
"""
import io
import os
import sys
import zipfile

from PIL import Image

folder, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
lines = open(os.path.join(folder, "LICENSE.txt"), encoding="utf-8").read().splitlines()
credits = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines if line.split(" ", 1)[0].endswith(".jpg")}
with zipfile.ZipFile(os.path.join(here, "flowers.zip"), "w", zipfile.ZIP_STORED) as archive, open(os.path.join(here, "CREDITS.txt"), "w", encoding="utf-8") as text:
    for name in sorted(f"{kind}/{file}" for kind in os.listdir(folder) if os.path.isdir(os.path.join(folder, kind)) for file in os.listdir(os.path.join(folder, kind))):
        image = Image.open(os.path.join(folder, name)).convert("RGB")
        factor = 224 / min(image.size)
        image = image.resize([max(224, round(side * factor)) for side in image.size], Image.BICUBIC)
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=85)
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), jpeg.getvalue())
        text.write(f"{name} {credits[name]}\n")
