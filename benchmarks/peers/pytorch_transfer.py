#!/usr/bin/python3
"""What PyTorch and scikit-learn make of the same network on the same images: the anchors of docs/transfer-learning.md.

    pytorch_transfer.py --onnx ResNet18.onnx --preprocess ResNetPreprocess.onnx --data DIR [--seed 0] [--epochs 25]

Prints one line: heads of logistic regression on the features of the center crop (standardized with an L2 penalty of 0.01; scikit-learn's
default), then the tutorial's fine-tuning (SGD 0.001, momentum 0.9, a tenth after each 7 of 25 epochs, batches of 4, RandomResizedCrop and
flip, batch norm in training mode), last and best epoch. The two graphs are those of the NuGet package
Microsoft.ML.DnnImageFeaturizer.ResNet18: blocks 2, 2, 2, 3; blue, green, red, minus a mean image. Convolutions run in bfloat16, channels
last. (Debian's python3-torchvision, python3-onnx, python3-sklearn)"""
import argparse, os
import numpy as np, onnx, torch, torchvision
import torch.nn.functional as F
from PIL import Image
from onnx import numpy_helper
from sklearn.linear_model import LogisticRegression
from torchvision import transforms as T

parser = argparse.ArgumentParser()
for name in ('onnx', 'preprocess', 'data'):
    parser.add_argument('--' + name, required=True)
parser.add_argument('--seed', type=int, default=0)
parser.add_argument('--epochs', type=int, default=25)
options = parser.parse_args()


def values(graph):
    return {item.name: torch.tensor(numpy_helper.to_array(item).copy()) for item in graph.initializer}


def load(net):
    """Takes over convolutions and batch norms in the order of the graph, which has a block's projection first."""
    pairs = [(net.conv1, net.bn1)]
    for block in (block for stage in (net.layer1, net.layer2, net.layer3, net.layer4) for block in stage):
        pairs += [tuple(block.downsample)] if block.downsample is not None else []
        pairs += [(block.conv1, block.bn1), (block.conv2, block.bn2)]
    graph = onnx.load(options.onnx).graph
    known = values(graph)
    after = {node.input[0]: node for node in graph.node if node.op_type == 'BatchNormalization'}
    nodes = [node for node in graph.node if node.op_type == 'Conv']
    assert len(nodes) == len(pairs)
    for node, (convolution, norm) in zip(nodes, pairs):
        weight = known[node.input[1]]
        convolution.weight.data.copy_(weight.flip(1) if convolution is net.conv1 else weight)
        for target, name in zip((norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var), after[node.output[0]].input[1:]):
            target.copy_(known[name])


mean = next(iter(values(onnx.load(options.preprocess).graph).values())).flip(1)[0]


def listed(part):
    root = os.path.join(options.data, part)
    names = sorted(os.listdir(root))
    return [(Image.open(os.path.join(root, c, f)).convert('RGB'), i) for i, c in enumerate(names) for f in sorted(os.listdir(os.path.join(root, c)))]


def pixels(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() - mean


def network():
    net = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [2, 2, 2, 3], num_classes=classes)
    load(net)
    return net.to(memory_format=torch.channels_last)


def features(net, images):
    net.eval()
    out, head, net.fc = [], net.fc, torch.nn.Identity()
    with torch.no_grad(), torch.autocast('cpu', dtype=torch.bfloat16):
        for i in range(0, len(images), 32):
            out.append(net(images[i:i + 32].contiguous(memory_format=torch.channels_last)).float())
    net.fc = head
    return torch.cat(out)


def percent(logits, labels):
    return 100 * (logits.argmax(1) == labels).double().mean().item()


train, val = listed('train'), listed('val')
y, v = (torch.tensor([label for _, label in part]) for part in (train, val))
classes = int(y.max()) + 1
center = T.Compose([T.Resize(256), T.CenterCrop(224), pixels])
learned, judged = (torch.stack([center(image) for image, _ in part]) for part in (train, val))
net = network()
X, V = features(net, learned).double(), features(net, judged).double()
scikit = 100 * LogisticRegression(max_iter=2000).fit(X.numpy(), y.numpy()).score(V.numpy(), v.numpy())
m, s = X.mean(0), X.std(0) + 1e-6
w = torch.zeros(X.shape[1], classes, dtype=torch.double, requires_grad=True)
fit = torch.optim.LBFGS([w], max_iter=200)


def closure():
    fit.zero_grad()
    loss = F.cross_entropy((X - m) / s @ w, y) + 1e-2 * (w ** 2).sum()
    loss.backward()
    return loss


fit.step(closure)
head = percent((V - m) / s @ w, v)

torch.manual_seed(options.seed)
np.random.seed(options.seed)
net = network()
optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, max(1, 7 * options.epochs // 25), 0.1)
vary = T.Compose([T.RandomResizedCrop(224), T.RandomHorizontalFlip(), pixels])
best = 0
for epoch in range(options.epochs):
    net.train()
    order = np.random.permutation(len(train))
    for i in range(0, len(order), 4):
        chosen = order[i:i + 4]
        if len(chosen) < 2:
            continue
        batch = torch.stack([vary(train[j][0]) for j in chosen]).contiguous(memory_format=torch.channels_last)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            logits = net(batch)
        loss = F.cross_entropy(logits.float(), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    schedule.step()
    if epoch % 5 == 4 or epoch == options.epochs - 1:
        last = percent(net.fc(features(net, judged)), v)
        best = max(best, last)
print(f'{os.path.basename(options.data)},{options.seed},{head:.2f},{scikit:.2f},{last:.2f},{best:.2f}')
