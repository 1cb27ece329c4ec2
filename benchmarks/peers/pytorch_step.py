#!/usr/bin/python3
"""Prints the median milliseconds of a PyTorch training step, and the mean milliseconds of processor time.

    pytorch_step.py resnet18|resnet50|cifar-resnet20 BATCH SIZE CLASSES [--channels-last] [--bf16] [--threads 2] [--steps 7]        (Debian's python3-torchvision)

Forward, cross-entropy, backward, SGD with momentum and weight decay, on pixels that are numbers already.
"""
import argparse
import statistics
import time

import torch
import torchvision
from torch.nn import functional as F

from networks import CifarResNet20

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("architecture")
for name in ("batch", "size", "classes"):
    parser.add_argument(name, type=int)
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--steps", type=int, default=7)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(0)
network = CifarResNet20(args.classes) if args.architecture == "cifar-resnet20" else getattr(torchvision.models, args.architecture)(num_classes=args.classes)
images, targets = torch.randn(args.batch, 3, args.size, args.size), torch.randint(0, args.classes, (args.batch,))
if args.channels_last:
    network, images = network.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
times = []
for step in range(args.steps + 3):
    if step == 3:
        processor = time.process_time()
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
        loss = F.cross_entropy(network(images), targets)
    loss.backward()
    optimizer.step()
    times.append(1000 * (time.perf_counter() - start))
print(statistics.median(times[3:]), 1000 * (time.process_time() - processor) / args.steps)
