#!/usr/bin/python3
"""Prints the images a second of processor time that torchvision loads: ImageFolder, RandomResizedCrop(224), RandomHorizontalFlip, ToTensor.

    torchvision_loader.py FOLDER        (a folder of class folders; Debian's python3-torchvision)
"""
import sys
import time

import torch
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

torch.set_num_threads(1)
torch.manual_seed(0)
images = ImageFolder(sys.argv[1], T.Compose([T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ToTensor()]))
for index in range(20):
    images[index % len(images)]
start = time.process_time()
for index in range(len(images)):
    images[index]
print(len(images) / (time.process_time() - start))
