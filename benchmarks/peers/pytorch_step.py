#!/usr/bin/python3
"""Prints the milliseconds of a PyTorch training step, the mean milliseconds of processor time, and when the measured stretch began and ended (Unix seconds).

    pytorch_step.py resnet18|resnet50|cifar-resnet20 BATCH SIZE CLASSES [--device cpu|cuda] [--channels-last] [--bf16] [--compile] [--images FOLDER]
        [--threads 2] [--steps 7] [--warm-up 3]        (Debian's python3-torchvision)

Forward, cross-entropy, backward, SGD with momentum and weight decay; on pixels that are numbers on the device already, or, with a folder of class folders, on augmented JPEG
files, which a process for each thread decodes and which become numbers on the device. On the CPU a step's time is the median, on a GPU the stretch's by the number of steps.
"""
import argparse
import inspect
import os
import statistics
import sys
import time

import torch
import torchvision
from torch.nn import functional as F

from networks import CifarResNet20

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("architecture")
for name in ("batch", "size", "classes"):
    parser.add_argument(name, type=int)
parser.add_argument("--device", default="cpu")
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--compile", action="store_true")
parser.add_argument("--images")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--steps", type=int, default=7)
parser.add_argument("--warm-up", type=int, default=3)
args = parser.parse_args()


def from_files():
    """Augmented batches without end, as bytes."""
    T = torchvision.transforms
    crop = T.RandomCrop(args.size, padding=4) if args.size == 32 else T.RandomResizedCrop(args.size)
    files = torchvision.datasets.ImageFolder(args.images, T.Compose([crop, T.RandomHorizontalFlip(), T.PILToTensor()]))
    loader = torch.utils.data.DataLoader(files, args.batch, shuffle=True, num_workers=args.threads, pin_memory=is_gpu, persistent_workers=True, drop_last=True)
    while True:
        yield from loader


def wait():
    if is_gpu:
        torch.cuda.synchronize(device)


device = torch.device(args.device)
is_gpu = device.type == "cuda"
torch.set_num_threads(args.threads)
torch.manual_seed(0)
if is_gpu:
    # What a user who wants speed sets.
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
network = CifarResNet20(args.classes) if args.architecture == "cifar-resnet20" else getattr(torchvision.models, args.architecture)(num_classes=args.classes)
layout = torch.channels_last if args.channels_last else torch.contiguous_format
network = network.to(device, memory_format=layout)
if args.compile:
    if not hasattr(torch, "compile"):
        print(f"PyTorch {torch.__version__} has no torch.compile.", file=sys.stderr)
        print("nan nan 0 0")
        sys.exit()
    model = torch.compile(network)
else:
    model = network
mean = torch.tensor([0.485, 0.456, 0.406], device=device).mul_(255).view(3, 1, 1)
scale = torch.tensor([0.229, 0.224, 0.225], device=device).mul_(255).reciprocal_().view(3, 1, 1)
if args.images:
    batches = from_files()
else:
    images, targets = torch.randn(args.batch, 3, args.size, args.size).to(device, memory_format=layout), torch.randint(0, args.classes, (args.batch,)).to(device)
fused = {"fused": True} if is_gpu and "fused" in inspect.signature(torch.optim.SGD).parameters else {}
optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, **fused)
times = []
for step in range(args.steps + args.warm_up):
    if step == args.warm_up:
        wait()
        processor, begin, whole = time.process_time(), time.time(), time.perf_counter()
    start = time.perf_counter()
    if args.images:
        pixels, targets = next(batches)
        images = pixels.to(device, non_blocking=True).to(memory_format=layout).float().sub_(mean).mul_(scale)
        targets = targets.to(device, non_blocking=True)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=args.bf16):
        loss = F.cross_entropy(model(images), targets)
    loss.backward()
    optimizer.step()
    times.append(1000 * (time.perf_counter() - start))
wait()
average = 1000 * (time.perf_counter() - whole) / args.steps
print(average if is_gpu else statistics.median(times[args.warm_up:]), 1000 * (time.process_time() - processor) / args.steps, begin, time.time(), flush=True)
# The loader's processes need not be waited for.
os._exit(0)
