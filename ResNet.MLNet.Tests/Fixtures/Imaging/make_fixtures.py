#!/usr/bin/python3
"""Makes the images in this folder, and what Pillow and torchvision make of them. All content is synthetic.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-pil python3-numpy
    /usr/bin/python3 make_fixtures.py

NAME.EXT is an input. NAME.RESIZE-CROP-FILTER.png is torchvision's CenterCrop(Resize(image.convert("RGB"))), uint8,
with the orientation of EXIF applied first (ImageOps.exif_transpose). NAME.squashRESIZE-CROP-FILTER.png is
CenterCrop(Resize((RESIZE, RESIZE))).
Made with Pillow 9.4 and torchvision 0.14.1.
"""
import os
import struct
import zlib

import numpy as np
import torchvision.transforms as T
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
FILTERS = {"bilinear": T.InterpolationMode.BILINEAR, "bicubic": T.InterpolationMode.BICUBIC, "box": T.InterpolationMode.BOX}


def picture(width, height, seed, channels=3):
    """A smooth gradient, some rectangles with hard edges, and noise."""
    r = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    p = np.stack([128 + 100 * np.sin(x / r.uniform(5, 20) + r.uniform(6)) * np.cos(y / r.uniform(5, 20)) for _ in range(channels)], -1)
    for _ in range(6):
        a, b = r.randint(width), r.randint(height)
        p[b:b + r.randint(4, 20), a:a + r.randint(4, 20)] = r.randint(0, 256, channels)
    return np.clip(p + r.randn(height, width, channels) * 6, 0, 255).astype(np.uint8)


class png16:
    """A PNG of 16 bits a channel, which Pillow cannot write. The low byte differs from the high one."""

    def __init__(self, pixels, colour):
        self.pixels, self.colour = pixels, colour

    def save(self, path):
        height, width, channels = self.pixels.shape
        wide = self.pixels.astype(">u2") * 256 + np.arange(width).astype(">u2")[None, :, None] * 5 % 256
        raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, self.colour, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def main():
    inputs = {}

    def save(name, image, **options):
        image.save(os.path.join(HERE, name), **options)
        inputs[name] = None

    rgb = Image.fromarray(picture(61, 47, 1))
    save("rgb.jpg", rgb, quality=90)
    save("rgb420.jpg", rgb, quality=70, subsampling=2)
    save("progressive.jpg", rgb, quality=80, progressive=True)
    save("tall.jpg", Image.fromarray(picture(33, 90, 2)), quality=85)
    save("small.png", Image.fromarray(picture(17, 21, 3)))
    save("grey.jpg", Image.fromarray(picture(50, 40, 4, 1)[..., 0]), quality=85)
    save("grey.png", Image.fromarray(picture(50, 40, 5, 1)[..., 0]))
    save("cmyk.jpg", Image.fromarray(picture(50, 40, 6, 4), "CMYK"), quality=90)
    save("palette.png", Image.fromarray(picture(50, 40, 7)).quantize(32))
    save("bits1.png", Image.fromarray(picture(50, 40, 8, 1)[..., 0]).convert("1"))
    save("alpha.png", Image.fromarray(picture(50, 40, 9, 4), "RGBA"))
    save("greyalpha.png", Image.fromarray(picture(50, 40, 10, 2), "LA"))
    save("rgb.png", Image.fromarray(picture(50, 40, 11)))
    save("rgb.bmp", Image.fromarray(picture(40, 40, 12)))
    save("first.gif", Image.fromarray(picture(40, 40, 13)).quantize(16), save_all=True, append_images=[Image.fromarray(picture(40, 40, 14)).quantize(16)])
    save("lossless.webp", Image.fromarray(picture(40, 40, 15)), lossless=True)

    save("ycck.jpg", Image.fromarray(picture(50, 40, 16, 4), "CMYK"), quality=85, subsampling=2)
    save("transparent.png", Image.fromarray(picture(50, 40, 17)).quantize(32), transparency=3)
    save("bits2.png", Image.fromarray(picture(50, 40, 18)).quantize(4), bits=2)
    save("lossy.webp", Image.fromarray(picture(40, 40, 19)), quality=80)
    save("alpha.webp", Image.fromarray(picture(40, 40, 20, 4), "RGBA"), lossless=True)
    save("grey.bmp", Image.fromarray(picture(40, 40, 21, 1)[..., 0]))
    save("palette.bmp", Image.fromarray(picture(40, 40, 22)).quantize(64))
    frames = [Image.fromarray(picture(40, 40, 23 + i)) for i in range(3)]
    save("first.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    save("rgb16.png", png16(picture(50, 40, 26, 3), 2))
    save("alpha16.png", png16(picture(50, 40, 27, 4), 6))
    oriented = Image.fromarray(picture(50, 40, 28))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"exif{orientation}.jpg", oriented, quality=90, exif=exif)

    def expect(name, resize, crop, filter="bilinear", squash=False):
        with Image.open(os.path.join(HERE, name)) as image:
            steps = ([T.Resize((resize, resize) if squash else resize, FILTERS[filter])] if resize else []) + [T.CenterCrop(crop)]
            result = T.Compose(steps)(ImageOps.exif_transpose(image).convert("RGB"))
        result.save(os.path.join(HERE, f"{os.path.basename(name)}.{'squash' if squash else ''}{resize or 0}-{crop}-{filter}.png"), optimize=True)

    for name in inputs:
        expect(name, 32, 28)
    # Pillow cuts 16-bit grey off at 255, which makes nearly everything white; expected is the high byte, as for 16-bit colour.
    grey = picture(50, 40, 29, 1)
    png16(grey, 0).save(os.path.join(HERE, "grey16.png"))
    T.Compose([T.Resize(32), T.CenterCrop(28)])(Image.fromarray(grey[..., 0]).convert("RGB")).save(os.path.join(HERE, "grey16.png.32-28-bilinear.png"), optimize=True)
    for name in ("rgb.jpg", "tall.jpg", "small.png"):
        for filter in FILTERS:
            expect(name, 24, 24, filter)
            expect(name, 75, 64, filter)
    expect("rgb.jpg", None, 40)
    expect("small.png", None, 32)
    expect("tall.jpg", 20, 64)
    for filter in FILTERS:
        expect("tall.jpg", 32, 28, filter, squash=True)
    expect("rgb.jpg", 75, 64, squash=True)
    expect("small.png", 12, 16, squash=True)


main()
