#!/usr/bin/python3
"""Makes the data sets of docs/transfer-learning.md: class folders train/ and val/, a different choice of training images for each seed.

    transfer_sets.py --flowers DIR --cifar DIR --fashion DIR --output DIR [--seeds 5]

--flowers holds a folder of JPEG files for each kind (TensorFlow's small set of 200), --cifar train/ and test/ with class folders of images,
--fashion the four .gz files of Fashion-MNIST (Debian's dataset-fashion-mnist). Sets: flowers (half of each class learns), cifar5, cifar25 and
cifar100 (so many of each of ten classes; 50 a class of the test part judge), tail (100 to 5 images a class, falling geometrically), garments
(60 of each of five upper garments of Fashion-MNIST, which differ little; 100 a class judge)."""
import argparse, gzip, os, random, shutil
import numpy as np
from PIL import Image


def listed(folder):
    return sorted(os.listdir(folder))


def flowers(root, seed):
    train, val, order = [], [], random.Random(seed)
    for number, name in enumerate(c for c in listed(root) if os.path.isdir(os.path.join(root, c))):
        files = [os.path.join(root, name, f) for f in listed(os.path.join(root, name)) if f.lower().endswith('.jpg')]
        order.shuffle(files)
        train += [(f, number) for f in files[:len(files) // 2]]
        val += [(f, number) for f in files[len(files) // 2:]]
    return train, val


def cifar(root, seed, counts, judged=50):
    train, val, order = [], [], random.Random(1000 + seed)
    for number, name in enumerate(listed(os.path.join(root, 'train'))):
        files = listed(os.path.join(root, 'train', name))
        order.shuffle(files)
        train += [(os.path.join(root, 'train', name, f), number) for f in files[:counts[number]]]
        files = listed(os.path.join(root, 'test', name))
        random.Random(7).shuffle(files)
        val += [(os.path.join(root, 'test', name, f), number) for f in files[:judged]]
    return train, val


def garments(root, seed, count=60, judged=100):
    def read(part, kind, offset):
        return np.frombuffer(gzip.open(os.path.join(root, f'{part}-{kind}-ubyte.gz')).read(), np.uint8, offset=offset)
    train, val, order = [], [], np.random.RandomState(seed)
    pictures = {part: read(part, 'images-idx3', 16).reshape(-1, 28, 28) for part in ('train', 't10k')}
    labels = {part: read(part, 'labels-idx1', 8) for part in ('train', 't10k')}
    for number, label in enumerate((0, 2, 3, 4, 6)):
        chosen = np.where(labels['train'] == label)[0]
        order.shuffle(chosen)
        train += [(pictures['train'][i], number) for i in chosen[:count]]
        val += [(pictures['t10k'][i], number) for i in np.where(labels['t10k'] == label)[0][:judged]]
    return train, val


def write(folder, part, items):
    for place, (item, number) in enumerate(items):
        target = os.path.join(folder, part, f'c{number}')
        os.makedirs(target, exist_ok=True)
        if isinstance(item, str):
            shutil.copy(item, os.path.join(target, f'{place:05d}{os.path.splitext(item)[1]}'))
        else:
            Image.fromarray(item).save(os.path.join(target, f'{place:05d}.png'))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    for name in ('flowers', 'cifar', 'fashion', 'output'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--seeds', type=int, default=5)
    options = parser.parse_args()
    tail = [round(100 * 0.05 ** (k / 9)) for k in range(10)]
    for seed in range(options.seeds):
        sets = {'flowers': flowers(options.flowers, seed), 'garments': garments(options.fashion, seed), 'tail': cifar(options.cifar, seed, tail)}
        for count in (5, 25, 100):
            sets[f'cifar{count}'] = cifar(options.cifar, seed, [count] * 10)
        for name, (train, val) in sets.items():
            folder = os.path.join(options.output, f'{name}-{seed}')
            write(folder, 'train', train)
            write(folder, 'val', val)
