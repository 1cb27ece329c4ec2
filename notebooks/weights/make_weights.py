#!/usr/bin/python3
"""Makes the files in this folder: a small network in the forms that weights are published in, and what torchvision computes with them.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-numpy
    OMP_NUM_THREADS=1 /usr/bin/python3 make_weights.py

The network is torchvision's ResNet with one block a stage and 6 channels in the first stage, trained on 30 of the 40 photographs of each class
in ResNet.Cli/Demo/Flowers/flowers.zip; the last ten of each, in ordinal order, are for testing.
Made with PyTorch 1.13.1, torchvision 0.14.1 and Pillow 9.4.0.
"""
import argparse
import json
import os
import re
import struct
import zipfile
from collections import OrderedDict

import torch
from PIL import Image
from torchvision import transforms
from torchvision.models.resnet import BasicBlock, ResNet

HERE = os.path.dirname(os.path.abspath(__file__))
FLOWERS = os.path.join(HERE, "../../ResNet.Cli/Demo/Flowers/flowers.zip")
RESIZE, CROP, WIDTH, TRAINING = 73, 64, 6, 30
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NORMALIZE = transforms.Normalize(MEAN, STD)


def narrow(classes):
    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=classes)
    model.inplanes = WIDTH
    model.conv1, model.bn1 = torch.nn.Conv2d(3, WIDTH, 7, 2, 3, bias=False), torch.nn.BatchNorm2d(WIDTH)
    for stage in range(4):
        setattr(model, f"layer{stage + 1}", model._make_layer(BasicBlock, WIDTH << stage, 1, stride=2 if stage else 1))
    model.fc = torch.nn.Linear(WIDTH * 8, classes)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


def train(model, images, targets, epochs, batch=30, rate=0.05):
    augment = transforms.Compose([transforms.RandomResizedCrop(CROP, (0.35, 1)), transforms.RandomHorizontalFlip(), transforms.ToTensor(), NORMALIZE])
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, epochs * (len(images) // batch))
    model.train()
    for epoch in range(epochs):
        losses = []
        for part in torch.randperm(len(images)).split(batch):
            loss = torch.nn.functional.cross_entropy(model(torch.stack([augment(images[i]) for i in part])), targets[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if epoch % 20 == 19:
            print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.3f}", flush=True)
    return model.eval()


def hugging_face(name):
    """The name that a tensor has in Hugging Face's transformers (ResNetForImageClassification)."""
    name = re.sub(r"^conv1\.", "resnet.embedder.embedder.convolution.", name)
    name = re.sub(r"^bn1\.", "resnet.embedder.embedder.normalization.", name)
    name = re.sub(r"^fc\.", "classifier.1.", name)
    parts = re.match(r"layer(\d)\.(\d+)\.(conv|bn|downsample\.)(\d)\.(.*)", name)
    if not parts:
        return name
    stage, block, kind, number, tensor = int(parts[1]) - 1, parts[2], parts[3], int(parts[4]), parts[5]
    if kind == "downsample.":
        return f"resnet.encoder.stages.{stage}.layers.{block}.shortcut.{'normalization' if number else 'convolution'}.{tensor}"
    return f"resnet.encoder.stages.{stage}.layers.{block}.layer.{number - 1}.{'convolution' if kind == 'conv' else 'normalization'}.{tensor}"


def write_safetensors(file, state):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in state.items():
        raw = tensor.contiguous().numpy().tobytes()
        kind = {torch.float16: "F16", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text + data)


def write_json(file, value):
    with open(file, "w") as stream:
        json.dump(value, stream, indent=1)
        stream.write("\n")


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    archive = zipfile.ZipFile(FLOWERS)
    names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
    labels = sorted({name.split("/")[0] for name in names})
    training = [name for label in labels for name in [each for each in names if each.startswith(label + "/")][:TRAINING]]
    test = [name for name in names if name not in training]

    def read(some):
        return [Image.open(archive.open(name)).convert("RGB") for name in some]

    def targets(some):
        return torch.tensor([labels.index(name.split("/")[0]) for name in some])

    prepare = transforms.Compose([transforms.Resize(RESIZE), transforms.CenterCrop(CROP), transforms.ToTensor(), NORMALIZE])
    # Crops are taken of images of 96 pixels, which are decoded and reduced once.
    small = [transforms.Resize(96)(image) for image in read(training)]
    model = train(narrow(len(labels)), small, targets(training), epochs=120)
    pixels = torch.stack([prepare(image) for image in read(test)])
    with torch.no_grad():
        logits = model(pixels)
    print(f"{(logits.argmax(1) == targets(test)).float().mean():.0%} of {len(test)} test photographs correct")

    state = model.state_dict()
    arguments = argparse.Namespace(lr=0.05, epochs=120)
    torch.save({"epoch": 120, "args": arguments, "state_dict": OrderedDict((f"module.{name}", each) for name, each in state.items())}, os.path.join(HERE, "flowers.pth"))
    torch.onnx.export(model, torch.zeros(1, 3, CROP, CROP), os.path.join(HERE, "flowers.onnx"), opset_version=13, input_names=["input"],
                      output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})

    half = OrderedDict((name, each.half() if each.is_floating_point() else each) for name, each in state.items())
    folder = os.path.join(HERE, "hugging-face")
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), OrderedDict((hugging_face(name), each) for name, each in half.items()))
    write_json(os.path.join(folder, "config.json"), {"architectures": ["ResNetForImageClassification"], "id2label": dict(enumerate(labels))})
    write_json(os.path.join(folder, "preprocessor_config.json"), {
        "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": CROP}, "crop_pct": 0.875, "resample": 2, "image_mean": MEAN, "image_std": STD, "do_normalize": True})
    rounded = narrow(len(labels)).eval()
    rounded.load_state_dict({name: each.float() if each.is_floating_point() else each for name, each in half.items()})

    with torch.no_grad():
        outputs = {"flowers.pth": logits, "hugging-face": rounded(pixels)}
    write_json(os.path.join(HERE, "torchvision.json"), {
        "photographs": test, "logits": {file: [[float(f"{value:.8g}") for value in row] for row in rows] for file, rows in outputs.items()}})


if __name__ == "__main__":
    main()
