#!/usr/bin/python3
"""Makes flowers.zip and CREDITS.txt of this folder from the small set of the flower photographs (see README.md).

    apt-get install -y --no-install-recommends python3-pil
    /usr/bin/python3 make_flowers.py FOLDER

FOLDER has LICENSE.txt and a folder for each class. Each photograph is resized to a shorter side of 224 pixels and written as JPEG without
metadata. The same folder gives the same bytes with the same Pillow (9.4).
"""
import glob
import io
import os
import sys
import zipfile

from PIL import Image

HEADER = """\
Each photograph is licensed under Creative Commons Attribution 2.0 (CC BY 2.0, https://creativecommons.org/licenses/by/2.0/) by the
photographer who is named beside it. Changes: resized to a shorter side of 224 pixels, compressed again, metadata removed.

"""


def smaller(path):
    """The photograph as JPEG."""
    image = Image.open(path).convert("RGB")
    factor = 224 / min(image.size)
    image = image.resize([max(224, round(side * factor)) for side in image.size], Image.BICUBIC)
    # Else Pillow writes the comment of the original.
    image.info.clear()
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue()


folder, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "LICENSE.txt"), encoding="utf-8") as file:
    credits = dict(line.rstrip("\n").split(" ", 1) for line in file if line.split(" ", 1)[0].endswith(".jpg"))
names = sorted(os.path.relpath(path, folder) for path in glob.glob(os.path.join(folder, "*", "*.jpg")))
with zipfile.ZipFile(os.path.join(here, "flowers.zip"), "w", zipfile.ZIP_STORED) as archive:
    for name in names:
        archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), smaller(os.path.join(folder, name)))
with open(os.path.join(here, "CREDITS.txt"), "w", encoding="utf-8") as text:
    text.write(HEADER)
    text.writelines(f"{name} {credits[name]}\n" for name in names)
