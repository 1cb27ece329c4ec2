#!/usr/bin/python3
"""Makes the images in this folder, and what Pillow and torchvision make of them. All content is synthetic.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-pil python3-numpy
    /usr/bin/python3 make_fixtures.py

NAME.EXT is an input. NAME.RESIZE-CROP-FILTER.png is torchvision's CenterCrop(Resize(image.convert("RGB"))), uint8.
Made with Pillow 9.4 and torchvision 0.14.1.
"""
import os

import numpy as np
import torchvision.transforms as T
from PIL import Image

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

    def expect(name, resize, crop, filter="bilinear"):
        with Image.open(os.path.join(HERE, name)) as image:
            steps = ([T.Resize(resize, FILTERS[filter])] if resize else []) + [T.CenterCrop(crop)]
            result = T.Compose(steps)(image.convert("RGB"))
        result.save(os.path.join(HERE, f"{os.path.basename(name)}.{resize or 0}-{crop}-{filter}.png"), optimize=True)

    for name in inputs:
        expect(name, 32, 28)
    for name in ("rgb.jpg", "tall.jpg", "small.png"):
        for filter in FILTERS:
            expect(name, 24, 24, filter)
            expect(name, 75, 64, filter)
    expect("rgb.jpg", None, 40)
    expect("small.png", None, 32)
    expect("tall.jpg", 20, 64)


main()
