namespace ResNet.MLNet;

// The layers of a network in the order in which an image passes them, and their tensors.
public sealed partial record ResNetArchitecture
{
    /// <summary>
    /// The layers with weights, in the order of torchvision's state dict: every convolution, then the fully connected layer, if there is
    /// one.
    /// </summary>
    public IEnumerable<ResNetLayer> Layers
    {
        get
        {
            foreach (var layer in Convolutions)
            {
                yield return new(layer.Name, layer.InChannels, layer.OutChannels, layer.Kernel, layer.Stride) { Groups = layer.Groups };
            }

            if (Classifier is { } classifier)
                yield return new(classifier.Name, classifier.InFeatures, classifier.OutFeatures, null, null);
        }
    }

    /// <summary>The first convolution.</summary>
    internal ConvolutionLayer StemConvolution =>
        Stem == StemKind.ImageNet ? new("conv1", "bn1", 3, Width, 7, 2) : new("conv1", "bn1", 3, Width, 3, 1);

    /// <summary>Whether a 3x3 max pooling with stride 2 and padding 1 follows the first convolution.</summary>
    internal bool HasMaxPool => Stem == StemKind.ImageNet;

    /// <summary>The fully connected layer at the end; null for a network that gives features only.</summary>
    internal LinearLayer? Classifier => Classes == 0 ? null : new("fc", FeatureCount, Classes);

    /// <summary>The blocks, in the order in which an image passes them.</summary>
    internal IEnumerable<ResNetBlock> Blocks
    {
        get
        {
            var channels = Width;
            var stageBlocks = StageBlocks;
            for (var stage = 0; stage < stageBlocks.Count; stage++)
            {
                for (var index = 0; index < stageBlocks[stage]; index++)
                {
                    var block = CreateBlock(stage, index, channels);
                    channels = block.OutChannels;
                    yield return block;
                }
            }
        }
    }

    /// <summary>Every convolution with its batch norm, projections among them, in the order of torchvision's state dict.</summary>
    internal IEnumerable<ConvolutionLayer> Convolutions
    {
        get
        {
            yield return StemConvolution;
            foreach (var block in Blocks)
            {
                foreach (var convolution in block.Convolutions) yield return convolution;
                if (block.Shortcut.Projection is { } projection) yield return projection;
            }
        }
    }

    /// <summary>Every tensor of the state dict, in torchvision's order (without the counters <c>num_batches_tracked</c>).</summary>
    internal IEnumerable<TensorSpec> Tensors
    {
        get
        {
            foreach (var layer in Convolutions)
            {
                yield return new($"{layer.Name}.weight", layer.WeightShape, true);
                yield return new($"{layer.NormName}.weight", [layer.OutChannels], true);
                yield return new($"{layer.NormName}.bias", [layer.OutChannels], true);
                yield return new($"{layer.NormName}.running_mean", [layer.OutChannels], false);
                yield return new($"{layer.NormName}.running_var", [layer.OutChannels], false);
            }

            if (Classifier is not { } classifier) yield break;
            yield return new(classifier.WeightName, [classifier.OutFeatures, classifier.InFeatures], true);
            yield return new(classifier.BiasName, [classifier.OutFeatures], true);
        }
    }

    private ResNetBlock CreateBlock(int stage, int index, int inputs)
    {
        var name = $"layer{stage + 1}.{index}";
        var planes = Width << stage;
        var outputs = planes * Expansion;
        // Inside a bottleneck: torchvision's formula, rounded down as there, but to one channel at least.
        var inside = Math.Max(1, (int)(planes * (WidthPerGroup / (double)UsualWidthPerGroup))) * Groups;
        var stride = stage > 0 && index == 0 ? 2 : 1;
        var firstStride = Stride == BottleneckStride.First1x1 ? stride : 1;
        var secondStride = stride / firstStride;
        ConvolutionLayer Convolution(int number, int from, int to, int kernel, int step) =>
            new($"{name}.conv{number}", $"{name}.bn{number}", from, to, kernel, step);
        ConvolutionLayer[] convolutions = Block == BlockKind.Bottleneck
            ?
            [
                Convolution(1, inputs, inside, 1, firstStride),
                Convolution(2, inside, inside, 3, secondStride) with { Groups = Groups },
                Convolution(3, inside, outputs, 1, 1),
            ]
            : [Convolution(1, inputs, planes, 3, stride), Convolution(2, planes, planes, 3, 1)];

        var changes = stride != 1 || inputs != outputs;
        var kind = KindOf(changes);
        var projection = kind == ShortcutKind.Projection
            ? new ConvolutionLayer($"{name}.downsample.0", $"{name}.downsample.1", inputs, outputs, 1, stride)
            : null;
        return new(name, stage + 1, convolutions, new(kind, stride, inputs, outputs, projection));
    }

    /// <summary>What the shortcut of a block is that changes the dimensions, or does not.</summary>
    private ShortcutKind KindOf(bool changes)
    {
        if (Block == BlockKind.Plain) return ShortcutKind.None;
        if (Shortcut == ShortcutOption.C) return ShortcutKind.Projection;
        if (!changes) return ShortcutKind.Identity;
        return Shortcut == ShortcutOption.B ? ShortcutKind.Projection : ShortcutKind.ZeroPad;
    }
}
