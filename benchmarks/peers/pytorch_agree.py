#!/usr/bin/python3
"""Does the training step of a file that `ResNet.Benchmarks agree` wrote, in PyTorch, and prints by how much the two differ; exit code 1 beyond the tolerance.

    pytorch_agree.py FILE [--device cpu|cuda]        (Debian's python3-torchvision)

Same weights, same images, same memory layout (channels-last); cross-entropy, SGD with momentum 0.9 and weight decay; bfloat16 as autocast does it, but for
the head (pool and classifier), which this project keeps in float32; what autocast's rounded head makes of it is shown beside. Differences are relative to
the greatest value of a tensor. The velocity after a first step is the gradient with weight decay.

PyTorch's own: how far PyTorch is from itself in its other layout, whose sums are rounded otherwise. Where an activation is nearly 0, rounding decides whether ReLU lets its
gradient pass, so one step's gradients may differ by hundredths though both are correct. A difference beyond the tolerance, but not beyond that, decides nothing
(weight decay left out would hide in it), and is not a failure; in float32 only if the two differ before the gradients already.
"""
import argparse
import sys

import torch
import torchvision
from torch.nn import functional as F

from networks import CifarResNet20
from tensors import difference, read

TOLERANCE = {"float32": 1e-4, "bfloat16": 2e-2}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file")
parser.add_argument("--device", default="cpu")
args = parser.parse_args()
device = torch.device(args.device)
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
ours, about = read(args.file)
images, targets = ours["images"].to(device), ours["targets"].long().to(device)
precision, rate, decay = about["precision"], float(about["rate"]), float(about["decay"])


def part(tensors, prefix):
    return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def torchvision_names(names):
    """Our CifarResNet20 numbers its blocks from 0 to 8; torchvision's way is layer1.0 to layer3.2."""
    renamed = {}
    for name in names:
        parts = name.split(".")
        renamed[name] = ".".join([f"layer{int(parts[1]) // 3 + 1}", str(int(parts[1]) % 3)] + parts[2:]) if parts[0] == "blocks" else name
    return renamed


def keep_head_exact(network):
    """Pool and classifier in float32, as in this project; autocast would round the features to bfloat16."""
    last = network.blocks if about["architecture"] == "cifar-resnet20" else network.layer4
    last.register_forward_hook(lambda module, inputs, output: output.float())
    classify = network.fc.forward

    def forward(features):
        with torch.autocast(device.type, enabled=False):
            return classify(features)
    network.fc.forward = forward


def step(layout, exact_head=True):
    """Loss, velocities, and weights and statistics after one step, by torchvision's names."""
    before = part(ours, "before.")
    classes = len(before["fc.bias"])
    network = CifarResNet20(classes) if about["architecture"] == "cifar-resnet20" else getattr(torchvision.models, about["architecture"])(num_classes=classes)
    names = torchvision_names(network.state_dict())
    network.load_state_dict({name: before[ours_name] if ours_name in before else torch.tensor(0) for name, ours_name in names.items()})
    network = network.to(device, memory_format=layout).train()
    if exact_head:
        keep_head_exact(network)
    optimizer = torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=decay)
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits = network(images.contiguous(memory_format=layout))
    loss = F.cross_entropy(logits.float(), targets)
    loss.backward()
    optimizer.step()
    velocity = {names[name]: optimizer.state[parameter]["momentum_buffer"].float().cpu() for name, parameter in network.named_parameters()}
    after = {names[name]: tensor.float().cpu() for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    return loss.item(), velocity, after


def compare(one, other):
    """(what, greatest difference, where) of two steps."""
    yield "loss", abs(other[0] / one[0] - 1), ""
    parameters = one[1].keys()
    for what, expected, found in (("gradient", one[1], other[1]), ("weights after", {k: one[2][k] for k in parameters}, other[2]),
                                  ("statistics after", {k: one[2][k] for k in one[2] if k not in parameters}, other[2])):
        worst, where = max((difference(expected[name], found[name]), name) for name in expected)
        yield what, worst, where
    # All gradients as one vector.
    gap = sum(((one[1][name] - other[1][name]) ** 2).sum().item() for name in parameters) ** 0.5
    yield "gradient's length", gap / sum((one[1][name] ** 2).sum().item() for name in parameters) ** 0.5, ""


theirs = step(torch.channels_last)
mine = (float(about["loss"]), part(ours, "velocity."), part(ours, "after."))
if mine[1].keys() != theirs[1].keys() or mine[2].keys() != theirs[2].keys():
    sys.exit("The two networks have different tensors.")
found = list(compare(theirs, mine))
own = {what: gap for what, gap, _ in compare(theirs, step(torch.contiguous_format))}
rounded = {what: gap for what, gap, _ in compare(step(torch.channels_last, exact_head=False), mine)} if precision == "bfloat16" else {}
print(f"{about['architecture']}, batch {len(images)}, {images.shape[-1]} px, {precision}, {device}; PyTorch {torch.__version__}; tolerance {TOLERANCE[precision]:g}")
# Where the way forward is the same to the last bits, every ReLU lets the same gradients pass.
excusable = precision == "bfloat16" or dict((what, gap) for what, gap, _ in found)["statistics after"] > 1e-6
failed = False
for what, gap, where in found:
    verdict = "ok" if gap <= TOLERANCE[precision] else "undecided, no more than PyTorch's own" if excusable and gap <= own[what] else "FAIL"
    failed |= verdict == "FAIL"
    print(f"  {what:<18} {gap:.1e}   PyTorch's own {own[what]:.1e}" + (f"   with a rounded head {rounded[what]:.1e}" if rounded else "") + f"   {verdict}   {where}".rstrip())
sys.exit(failed)
