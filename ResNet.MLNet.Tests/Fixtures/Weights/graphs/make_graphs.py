#!/usr/bin/python3
"""Makes ONNX files as different exporters write them, with PyTorch's figures beside them (see ../make_fixtures.py). All weights are random.

    apt-get install -y --no-install-recommends python3-torch python3-torchvision python3-onnx
    /usr/bin/python3 make_graphs.py

torch-*: torch.onnx. The others are written node by node in the manner of CNTK (opset 8, fixed batch, padding at the front), of tf2onnx (channels
last, padding and biases as nodes of their own, strides on the first convolution) and of programs that normalise in the graph.
Made with PyTorch 1.13.1, torchvision 0.14.1 and onnx 1.12.
"""
import os
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import make_fixtures as F  # noqa: E402


def path(file):
    return F.path("graphs/" + file)


def export(model, file, opset=13, size=40, free=True, **options):
    axes = {"input": {0: "batch"}, "output": {0: "batch"}} if free else None
    torch.onnx.export(model, torch.zeros(1, 3, size, size), path(file), opset_version=opset, input_names=["input"], output_names=["output"], dynamic_axes=axes, **options)


class Writer:
    """Writes a graph node by node."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, values):
        self.count += 1
        name = f"w{self.count}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{kind}{self.count}", **attributes))
        return name

    def save(self, file, producer, opset, shape, output, width, ir, listed=False):
        make = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)
        inputs = [make("x", shape)] + ([make(t.name, t.dims) for t in self.constants] if listed else [])
        graph = helper.make_graph(self.nodes, "g", inputs, [make(output, width)], self.constants)
        model = helper.make_model(graph, producer_name=producer, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = ir
        onnx.save(model, path(file))


def array(tensor):
    return tensor.detach().float().numpy()


def cntk(model, file):
    g = Writer()

    def convolution(x, conv, norm):
        k, s = conv.kernel_size[0], conv.stride[0]
        before, after = k // 2, k // 2 - (1 if s == 2 and k > 1 else 0)
        x = g.node("Conv", x, g.constant(array(conv.weight)), kernel_shape=[k, k], strides=[s, s], pads=[before, before, after, after])
        return g.node("BatchNormalization", x, *[g.constant(array(t)) for t in (norm.weight, norm.bias, norm.running_mean, norm.running_var)], epsilon=norm.eps)

    x = g.node("Relu", convolution("x", model.conv1, model.bn1))
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        for block in layer:
            around = convolution(x, block.downsample[0], block.downsample[1]) if block.downsample else x
            y = g.node("Relu", convolution(x, block.conv1, block.bn1))
            x = g.node("Relu", g.node("Add", convolution(y, block.conv2, block.bn2), around))
    x = g.node("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1])
    g.save(file, "CNTK", 8, [1, 3, 64, 64], x, [1, model.fc.in_features if hasattr(model.fc, "in_features") else 16, 1, 1], 3, listed=True)


def keras(model, file, same=False):
    """Channels last at both ends; the paper's strides; epsilon 1.001e-5; a bias in each convolution."""
    g = Writer()

    def convolution(x, conv, norm):
        k, s, p = conv.kernel_size[0], conv.stride[0], conv.kernel_size[0] // 2
        if p and s == 2:
            x = g.node("Pad", x, g.constant(np.array([0, 0, p, p, 0, 0, p, p], np.int64)))
            p = 0
        attributes = {"auto_pad": "SAME_UPPER"} if s == 1 else {"pads": [p, p, p, p]}
        x = g.node("Conv", x, g.constant(array(conv.weight)), kernel_shape=[k, k], strides=[s, s], **attributes)
        x = g.node("Add", x, g.constant(array(conv.bias).reshape(1, -1, 1, 1)))
        return g.node("BatchNormalization", x, *[g.constant(array(t)) for t in (norm.weight, norm.bias, norm.running_mean, norm.running_var)], epsilon=norm.eps)

    x = g.node("Transpose", "x", perm=[0, 3, 1, 2])
    x = g.node("Relu", convolution(x, model.conv1, model.bn1))
    x = g.node("Pad", x, g.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)))
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        for block in layer:
            around = convolution(x, block.downsample[0], block.downsample[1]) if block.downsample else x
            y = g.node("Relu", convolution(x, block.conv1, block.bn1))
            y = g.node("Relu", convolution(y, block.conv2, block.bn2))
            x = g.node("Relu", g.node("Add", around, convolution(y, block.conv3, block.bn3)))
    x = g.node("Transpose", x, perm=[0, 2, 3, 1])
    x = g.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    x = g.node("Add", g.node("MatMul", x, g.constant(array(model.fc.weight).T)), g.constant(array(model.fc.bias)))
    x = g.node("Softmax", x, axis=-1)
    g.save(file, "tf2onnx", 13, ["unk__0", 40, 40, 3], x, ["unk__0", model.fc.out_features], 7)


def bias_everywhere(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Conv2d):
                other = torch.nn.Conv2d(child.in_channels, child.out_channels, child.kernel_size, child.stride, child.padding, bias=True)
                other.weight.data = child.weight.data
                other.bias.data.normal_(0, 0.1, generator=generator)
                setattr(module, name, other)
            if isinstance(child, torch.nn.BatchNorm2d):
                child.eps = 1.001e-5
    return model


def v1_strides(model):
    for layer in (model.layer2, model.layer3, model.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    return model


class Normalised(torch.nn.Module):
    """Takes pixels as they are, blue first, and normalises itself: what several zoos' files do."""

    def __init__(self, network):
        super().__init__()
        self.network, self.avgpool, self.fc = network, network.avgpool, network.fc
        self.mean, self.std = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255, torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255

    def forward(self, x):
        return self.network((x[:, [2, 1, 0]] - self.mean) / self.std)


class PreActivation(torch.nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda i, o, k, s: torch.nn.Conv2d(i, o, k, s, k // 2, bias=False)
        self.stem, self.n1, self.c1, self.n2, self.c2 = conv(3, 4, 7, 2), torch.nn.BatchNorm2d(4), conv(4, 4, 3, 1), torch.nn.BatchNorm2d(4), conv(4, 4, 3, 1)
        self.n3, self.fc = torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 5)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.stem(x), 3, 2, 1)
        x = x + self.c2(torch.relu(self.n2(self.c1(torch.relu(self.n1(x))))))
        return self.fc(torch.nn.functional.adaptive_avg_pool2d(torch.relu(self.n3(x)), 1).flatten(1))


class Outputs(torch.nn.Module):
    def __init__(self, network, *kinds):
        super().__init__()
        self.network, self.kinds = network, kinds

    def forward(self, x):
        n = self.network
        x = n.maxpool(torch.relu(n.bn1(n.conv1(x))))
        features = n.avgpool(n.layer4(n.layer3(n.layer2(n.layer1(x)))))
        logits = n.fc(features.flatten(1))
        made = {"features": features.flatten(1), "features4d": features, "logits": logits, "sigmoid": torch.sigmoid(logits), "log_softmax": torch.log_softmax(logits, 1)}
        return tuple(made[kind] for kind in self.kinds)


def half(source, file):
    model = onnx.load(path(source))
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in list(model.graph.input) + list(model.graph.output) + list(model.graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, path(file))


def main():
    preserve = dict(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    model = F.narrow("resnet18", 2, 5, 21)
    export(model, "torch-opset9.onnx", opset=9, free=False)
    export(model, "torch-unfolded.onnx", **preserve)
    export(model, "torch-external.onnx", opset=15, **preserve)
    loaded = onnx.load(path("torch-external.onnx"))
    onnx.save(loaded, path("torch-external.onnx"), save_as_external_data=True, location="torch-external.onnx.data", size_threshold=0)
    rounded = F.narrow("resnet18", 2, 5, 21)
    for tensor in rounded.state_dict().values():
        tensor.copy_(tensor.half())
    export(rounded, "torch-half.onnx", opset=17, **preserve)
    half("torch-half.onnx", "torch-half.onnx")
    for file in ("torch-opset9.onnx", "torch-unfolded.onnx", "torch-external.onnx"):
        F.expect("graphs/" + file, "resnet18:width=2", model, 40)
    F.expect("graphs/torch-half.onnx", "resnet18:width=2", rounded, 40)

    model = F.narrow("resnet50", 4, 3, 22, [1, 1, 2, 1], groups=4, width_per_group=32)
    export(model, "torch-grouped.onnx", opset=17)
    F.expect("graphs/torch-grouped.onnx", "resnet50:stages=1.1.2.1,width=4,groups=4,width-per-group=32", model, 40)

    model = F.randomise(F.Cifar(1, 4, 6), 23)
    export(model, "torch-option-a.onnx", size=20)
    F.expect("graphs/torch-option-a.onnx", "cifar-resnet8:width=4", model, 20)

    model = Normalised(F.narrow("resnet18", 2, 5, 24))
    export(model.eval(), "torch-normalised.onnx", **preserve)
    plain = model.network
    F.expect("graphs/torch-normalised.onnx", "resnet18:width=2", plain, 40)

    model = F.narrow("resnet18", 2, 3, 25, [2, 2, 2, 3])
    model.fc = torch.nn.Identity()
    cntk(model, "cntk.onnx")
    F.expect("graphs/cntk.onnx", "resnet18:stages=2.2.2.3,width=2", model, 64)

    model = bias_everywhere(v1_strides(F.narrow("resnet50", 2, 4, 26, [1, 2, 1, 1])), 26).eval()
    keras(model, "keras.onnx")
    F.expect("graphs/keras.onnx", "resnet50:stages=1.2.1.1,v1,width=2", model, 40)

    model = F.narrow("resnet18", 2, 5, 27)
    x = torch.zeros(1, 3, 40, 40)
    for kinds in (["features4d"], ["features", "logits"], ["sigmoid"], ["log_softmax"]):
        file = "outputs-" + "-".join(kinds) + ".onnx"
        torch.onnx.export(Outputs(model.float(), *kinds).eval(), x, path(file), opset_version=13, input_names=["input"], output_names=kinds)
        F.expect("graphs/" + file, "resnet18:width=2", model, 40)

    model = F.randomise(PreActivation(), 28)
    export(model, "pre-activation.onnx", **preserve)


if __name__ == "__main__":
    main()
