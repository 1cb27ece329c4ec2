#!/usr/bin/python3
"""Trains the CIFAR ResNet-20 in PyTorch with this project's recipe, so that accuracies can be compared.

    pytorch_cifar.py FOLDER [--epochs 4] [--seeds 0 1 2] [--threads 2] [--channels-last] [--bf16]        (Debian's python3-torchvision)

FOLDER holds train/ and test/ with class folders of 32x32 JPEGs. The recipe is that of `resnet train --architecture cifar-resnet20 --batch 128
--learning-rate 0.1`: pad 4 with black, random crop, flip; SGD with momentum 0.9 and weight decay 1e-4 of all parameters; the learning rate goes along a
one-cycle curve, a step at a time. Prints a line an epoch, the test accuracy of each seed, and their mean.
"""
import argparse
import glob
import math
import os
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from networks import CifarResNet20

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def read(folder):
    """All images as uint8 [count, 3, 32, 32], and their classes."""
    classes = sorted(os.listdir(folder))
    files = [(path, label) for label, name in enumerate(classes) for path in sorted(glob.glob(os.path.join(folder, name, "*")))]
    images = np.stack([np.asarray(Image.open(path).convert("RGB")) for path, _ in files])
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.tensor([label for _, label in files])


def augmented(images, generator):
    """Padded with 4 black pixels, cropped at a random place, mirrored half of the time."""
    count = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    left = torch.randint(0, 9, (count, 1), generator=generator)
    top = torch.randint(0, 9, (count, 1), generator=generator)
    flip = torch.rand(count, 1, generator=generator) < 0.5
    along = torch.arange(32).expand(count, 32)
    columns = left + torch.where(flip, 31 - along, along)
    rows = top + along
    return padded[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def rate_factor(done, peak=0.3, start=1 / 25, end=1e-4 / 25):
    def half_cosine(a, b, share):
        return b + (a - b) * (1 + math.cos(math.pi * min(max(share, 0), 1))) / 2
    return half_cosine(start, 1, done / peak) if done < peak else half_cosine(1, end, (done - peak) / (1 - peak))


def train(seed, training, test, args):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = CifarResNet20()
    if args.channels_last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    images, labels = training
    batches = -(-len(images) // 128)

    def forward(pixels):
        values = ((pixels.float() / 255) - MEAN) / STD
        values = values.contiguous(memory_format=torch.channels_last if args.channels_last else torch.contiguous_format)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            return network(values).float()

    for epoch in range(args.epochs):
        start, total = time.time(), 0.0
        network.train()
        order = torch.randperm(len(images), generator=generator)
        for batch in range(batches):
            chosen = order[len(images) * batch // batches:len(images) * (batch + 1) // batches]
            optimizer.param_groups[0]["lr"] = 0.1 * rate_factor((epoch * batches + batch) / (args.epochs * batches))
            loss = F.cross_entropy(forward(augmented(images[chosen], generator)), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        network.eval()
        with torch.no_grad():
            right = sum((forward(part).argmax(1) == target).sum().item() for part, target in zip(test[0].split(500), test[1].split(500)))
        accuracy = 100 * right / len(test[1])
        print(f"seed {seed} epoch {epoch + 1} loss {total / len(images):.4f} test {accuracy:.2f} % {time.time() - start:.0f} s", flush=True)
    return accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    training, test = read(os.path.join(args.folder, "train")), read(os.path.join(args.folder, "test"))
    print(f"torch {torch.__version__}, {len(training[0])} training and {len(test[0])} test images", flush=True)
    accuracies = [train(seed, training, test, args) for seed in args.seeds]
    print("test accuracy by seed:", ", ".join(f"{each:.2f}" for each in accuracies))
    if len(accuracies) > 1:
        print(f"mean {statistics.mean(accuracies):.2f} %, standard deviation {statistics.stdev(accuracies):.2f}")


if __name__ == "__main__":
    main()
