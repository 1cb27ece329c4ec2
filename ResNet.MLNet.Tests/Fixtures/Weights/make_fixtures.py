#!/usr/bin/python3
"""Makes the weight files in this folder, and what PyTorch computes with them. All weights are random.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-numpy
    /usr/bin/python3 make_fixtures.py

FILE is a weight file in some format and with some names; FILE.json has the architecture, the size of the input (2 images, whose pixel number i,
counted over the whole array [2, 3, size, size], is i * 7919 % 256, normalised with ImageNet's mean and deviation), features and logits.
Made with PyTorch 1.13.1 and torchvision 0.14.1.
"""
import json
import os
import re
import struct
from collections import OrderedDict

import numpy as np
import torch
import torchvision.models.resnet as R

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCKS = {"resnet18": (R.BasicBlock, [2, 2, 2, 2]), "resnet34": (R.BasicBlock, [3, 4, 6, 3]), "resnet50": (R.Bottleneck, [3, 4, 6, 3])}


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.weight.data.uniform_(0.5, 1.0, generator=g)
            m.bias.data.normal_(0, 0.1, generator=g)
            m.running_mean.normal_(0, 0.1, generator=g)
            m.running_var.uniform_(0.5, 1.5, generator=g)
        elif isinstance(m, (torch.nn.Conv2d, torch.nn.Linear)):
            m.weight.data.normal_(0, (2 / m.weight[0].numel()) ** 0.5, generator=g)
            if m.bias is not None:
                m.bias.data.normal_(0, 0.1, generator=g)
    return model.eval()


def narrow(name, planes, classes, seed, counts=None, **options):
    block, counts = BLOCKS[name][0], counts or BLOCKS[name][1]
    model = R.ResNet(block, counts, num_classes=classes, **options)
    model.inplanes = planes
    model.conv1 = torch.nn.Conv2d(3, planes, 7, 2, 3, bias=False)
    model.bn1 = torch.nn.BatchNorm2d(planes)
    for stage, count in enumerate(counts):
        setattr(model, f"layer{stage + 1}", model._make_layer(block, planes << stage, count, stride=2 if stage else 1))
    model.fc = torch.nn.Linear(planes * 8 * block.expansion, classes)
    return randomise(model, seed)


class Cifar(torch.nn.Module):
    """6n+2 layers, option A, with the names of a widespread implementation: `linear` for the head."""

    class Block(torch.nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1, self.bn1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), torch.nn.BatchNorm2d(outputs)
            self.conv2, self.bn2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(outputs)
            self.pad = (outputs - inputs) // 2

        def forward(self, x):
            y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            return torch.relu(y + (torch.nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad)) if self.pad else x))

    def __init__(self, n, width, classes):
        super().__init__()
        self.conv1, self.bn1 = torch.nn.Conv2d(3, width, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(width)
        inputs = width
        for stage in range(3):
            blocks = []
            for index in range(n):
                blocks.append(self.Block(inputs, width << stage, 2 if stage and not index else 1))
                inputs = width << stage
            setattr(self, f"layer{stage + 1}", torch.nn.Sequential(*blocks))
        self.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        self.linear = torch.nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x))))))
        return self.linear(torch.flatten(self.avgpool(x), 1))


def expect(file, architecture, model, size):
    pixels = (np.arange(2 * 3 * size * size) * 7919 % 256).reshape(2, 3, size, size).astype(np.float64)
    mean, std = np.array([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1), np.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    features = []
    model = model.double()
    model.avgpool.register_forward_hook(lambda m, i, o: features.append(o.flatten(1)))
    with torch.no_grad():
        logits = model(torch.from_numpy((pixels / 255 - mean) / std))
    outputs = {"features": features[0]} if isinstance(model.fc if hasattr(model, "fc") else None, torch.nn.Identity) else {"features": features[0], "logits": logits}
    with open(os.path.join(HERE, file + ".json"), "w") as f:
        values = {name: [float(f"{v:.7g}") for v in output.flatten()] for name, output in outputs.items()}
        json.dump({"architecture": architecture, "classes": logits.shape[1] if "logits" in outputs else 0, "size": size, **values}, f, indent=1)
        f.write("\n")


def path(file):
    return os.path.join(HERE, file)


def hugging_face(name):
    name = re.sub(r"^conv1\.", "resnet.embedder.embedder.convolution.", name)
    name = re.sub(r"^bn1\.", "resnet.embedder.embedder.normalization.", name)
    name = re.sub(r"^fc\.", "classifier.1.", name)
    m = re.match(r"layer(\d)\.(\d+)\.(conv|bn)(\d)\.(.*)", name)
    if m:
        kind = "convolution" if m[3] == "conv" else "normalization"
        return f"resnet.encoder.stages.{int(m[1]) - 1}.layers.{m[2]}.layer.{int(m[4]) - 1}.{kind}.{m[5]}"
    m = re.match(r"layer(\d)\.(\d+)\.downsample\.(\d)\.(.*)", name)
    if m:
        return f"resnet.encoder.stages.{int(m[1]) - 1}.layers.{m[2]}.shortcut.{'convolution' if m[3] == '0' else 'normalization'}.{m[4]}"
    return name


def main():
    model = narrow("resnet18", 2, 5, 1)
    torch.save(model.state_dict(), path("torchvision18.pth"))
    expect("torchvision18.pth", "resnet18:width=2", model, 40)

    model = narrow("resnet34", 2, 3, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    checkpoint = {"epoch": 3, "best": 0.5, "name": "r\u00e9sum\u00e9", "done": False, "state_dict": OrderedDict((f"module.{k}", v) for k, v in model.state_dict().items()), "optimizer": optimizer.state_dict()}
    torch.save(checkpoint, path("nested34-legacy.pth"), _use_new_zipfile_serialization=False)
    expect("nested34-legacy.pth", "resnet34:width=2", model, 40)

    model = narrow("resnet50", 2, 4, 3).half()
    torch.save({"model": model.state_dict(), "args": {"lr": 0.1, "sizes": [1, 2, (3, None)], "big": 1 << 40}}, path("half50.pth"))
    expect("half50.pth", "resnet50:width=2", model, 40)

    model = narrow("resnet50", 2, 4, 4).bfloat16()
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in model.state_dict().items():
        counter = tensor.dtype == torch.int64
        raw = tensor.numpy().tobytes() if counter else tensor.contiguous().view(torch.int16).numpy().tobytes()
        header[name] = {"dtype": "I64" if counter else "BF16", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path("bfloat50.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    expect("bfloat50.safetensors", "resnet50:width=2", model, 40)

    model = narrow("resnet18", 2, 5, 5)
    torch.save(OrderedDict((hugging_face(k), v) for k, v in model.state_dict().items()), path("huggingface18.bin"))
    expect("huggingface18.bin", "resnet18:width=2", model, 40)

    model = randomise(Cifar(2, 4, 6), 6)
    torch.save({"state_dict": OrderedDict((f"module.{k}", v) for k, v in model.state_dict().items())}, path("cifar14.th"), _use_new_zipfile_serialization=False)
    expect("cifar14.th", "cifar-resnet14:width=4", model, 20)

    # Tensors that are views of one storage, kernels that are channels-last, a head that is transposed, and parameters instead of tensors.
    model = narrow("resnet18", 2, 5, 7).to(memory_format=torch.channels_last)
    state = model.state_dict()
    shared = torch.cat([state[name] for name in ("bn1.weight", "bn1.bias")])
    state["bn1.weight"], state["bn1.bias"] = shared[:2], shared[2:]
    state["fc.weight"] = torch.nn.Parameter(state["fc.weight"].t().contiguous().t())
    torch.save(state, path("strided18.pth"))
    expect("strided18.pth", "resnet18:width=2", model, 40)

    # ONNX files as others make them: a free batch and scores, a fixed batch and probabilities.
    os.makedirs(path("foreign"), exist_ok=True)
    model = narrow("resnet18", 2, 5, 9)
    x = torch.zeros(1, 3, 40, 40)
    torch.onnx.export(model, x, path("foreign/scores.onnx"), opset_version=13, input_names=["input"], output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}})
    expect("foreign/scores.onnx", "foreign", model, 40)
    softmax = torch.nn.Sequential(model.float(), torch.nn.Softmax(1)).eval()
    torch.onnx.export(softmax, x, path("foreign/probabilities.onnx"), opset_version=11, input_names=["image"], output_names=["features"])
    expect("foreign/probabilities.onnx", "foreign", model, 40)

    model = narrow("resnet18", 2, 5, 8).double()
    torch.save(model.state_dict(), path("double18-legacy.pth"), _use_new_zipfile_serialization=False)
    expect("double18-legacy.pth", "resnet18:width=2", model, 40)

    # ResNeXt's groups, a wide network, a network without a classifier, a 3x3 stem before four stages.
    model = narrow("resnet50", 4, 3, 10, [1, 1, 2, 1], groups=4, width_per_group=32).half()
    torch.save(model.state_dict(), path("grouped.pth"))
    expect("grouped.pth", "resnet50:stages=1.1.2.1,width=4,groups=4,width-per-group=32", model, 40)

    model = narrow("resnet50", 2, 3, 11, width_per_group=128).half()
    torch.save(model.state_dict(), path("wide50.pth"))
    expect("wide50.pth", "wide_resnet50_2:width=2", model, 40)

    model = narrow("resnet18", 2, 3, 12, [2, 2, 2, 3])
    model.fc = torch.nn.Identity()
    torch.save(model.state_dict(), path("headless.pth"))
    expect("headless.pth", "resnet18:stages=2.2.2.3,width=2", model, 40)

    model = narrow("resnet18", 2, 3, 13, [1, 1, 1, 1])
    model.conv1, model.maxpool = torch.nn.Conv2d(3, 2, 3, 1, 1, bias=False), torch.nn.Identity()
    randomise(model, 13)
    torch.save(model.state_dict(), path("small-stem.pth"))
    expect("small-stem.pth", "cifar-resnet20:stages=1.1.1.1,B,width=2", model, 20)


if __name__ == "__main__":
    main()
