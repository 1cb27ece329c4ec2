namespace ResNet.MLNet;

// timm's weights for networks that torchvision builds, too (Wightman, Touvron, Jegou 2021, arXiv 2110.00476, and earlier ones; Facebook's
// semi-supervised ones, Yalniz et al. 2019, arXiv 1905.00546; GluonCV's). Files, preparation and figures are those of
// timm/models/resnet.py and results/results-imagenet.csv, at 224 pixels.
public sealed partial record PretrainedResNet
{
    private const string Releases = "https://github.com/huggingface/pytorch-image-models/releases/download/";
    private const string Rsb = Releases + "v0.1-rsb-weights/", First = Releases + "v0.1-weights/", Tpu = Releases + "v0.1-tpu-weights/";
    private const string Gluon = "https://github.com/rwightman/pytorch-pretrained-gluonresnet/releases/download/v0.1/";
    private const string Semi = "https://dl.fbaipublicfiles.com/semiweaksupervision/model_files/", PyTorch = TorchvisionAddress;
    private const string NonCommercial = "CC-BY-NC-4.0 (not for commercial use)";
    private const string Narrow = "resnet101:groups=32,width-per-group=4", Wide = "resnet101:groups=32,width-per-group=16";
    private const string Widest = "resnet101:groups=32,width-per-group=32";
    private const string TimmLicense = "Apache-2.0 (timm)";

    private static IReadOnlyList<PretrainedResNet> OfTimm() =>
    [
        Timm(ResNetArchitecture.ResNet18, "a1_in1k", Rsb + "resnet18_a1_0-d63eafa0.pth", 235, Interpolation.Bicubic, 71.504, 90.086),
        Timm(ResNetArchitecture.ResNet18, "a2_in1k", Rsb + "resnet18_a2_0-b61bd467.pth", 235, Interpolation.Bicubic, 70.634, 89.486),
        Timm(ResNetArchitecture.ResNet18, "a3_in1k", Rsb + "resnet18_a3_0-40c531c8.pth", 235, Interpolation.Bicubic, 68.250, 88.172),
        Timm(ResNetArchitecture.ResNet34, "a1_in1k", Rsb + "resnet34_a1_0-46f8f793.pth", 235, Interpolation.Bicubic, 76.420, 92.896),
        Timm(ResNetArchitecture.ResNet34, "a2_in1k", Rsb + "resnet34_a2_0-82d47d71.pth", 235, Interpolation.Bicubic, 75.520, 92.454),
        Timm(ResNetArchitecture.ResNet34, "a3_in1k", Rsb + "resnet34_a3_0-a20cabb6.pth", 235, Interpolation.Bicubic, 72.996, 91.116),
        Timm(ResNetArchitecture.ResNet34, "bt_in1k", First + "resnet34-43635321.pth", 256, Interpolation.Bicubic, 75.176, 92.166),
        Timm(ResNetArchitecture.ResNet50, "a1_in1k", Rsb + "resnet50_a1_0-14fe96d1.pth", 235, Interpolation.Bicubic, 80.382, 94.598),
        Timm(ResNetArchitecture.ResNet50, "a1h_in1k", Rsb + "resnet50_a1h2_176-001a1197.pth", 224, Interpolation.Bicubic, 80.654, 95.312),
        Timm(ResNetArchitecture.ResNet50, "a2_in1k", Rsb + "resnet50_a2_0-a2746f79.pth", 235, Interpolation.Bicubic, 79.828, 94.560),
        Timm(ResNetArchitecture.ResNet50, "a3_in1k", Rsb + "resnet50_a3_0-59cae1ef.pth", 235, Interpolation.Bicubic, 78.052, 93.780),
        Timm(ResNetArchitecture.ResNet50, "b1k_in1k", Rsb + "resnet50_b1k-532a802a.pth", 235, Interpolation.Bicubic, 79.564, 94.622),
        Timm(ResNetArchitecture.ResNet50, "b2k_in1k", Rsb + "resnet50_b2k-1ba180c1.pth", 235, Interpolation.Bicubic, 79.388, 94.580),
        Timm(ResNetArchitecture.ResNet50, "c1_in1k", Rsb + "resnet50_c1-5ba5e060.pth", 235, Interpolation.Bicubic, 79.766, 94.954),
        Timm(ResNetArchitecture.ResNet50, "c2_in1k", Rsb + "resnet50_c2-d01e05b2.pth", 235, Interpolation.Bicubic, 79.868, 94.862),
        Timm(ResNetArchitecture.ResNet50, "d_in1k", Rsb + "resnet50_d-f39db8af.pth", 235, Interpolation.Bicubic, 79.904, 94.666),
        Timm(ResNetArchitecture.ResNet50, "ram_in1k", First + "resnet50_ram-a26f946b.pth", 256, Interpolation.Bicubic, 79.034, 94.386),
        Timm(ResNetArchitecture.ResNet50, "am_in1k", First + "resnet50_am-6c502b37.pth", 256, Interpolation.Bicubic, 79.004, 94.392),
        Timm(ResNetArchitecture.ResNet50, "ra_in1k", First + "resnet50_ra-85ebb6e5.pth", 256, Interpolation.Bicubic, 78.820, 94.314),
        Timm(ResNetArchitecture.ResNet50, "bt_in1k", First + "rw_resnet50-86acaeed.pth", 256, Interpolation.Bicubic, 78.444, 94.274),
        Timm(ResNetArchitecture.ResNet101, "a1h_in1k", Rsb + "resnet101_a1h-36d3f2aa.pth", 235, Interpolation.Bicubic, 81.950, 95.760),
        Timm(ResNetArchitecture.ResNet101, "a1_in1k", Rsb + "resnet101_a1_0-cdcb52a9.pth", 235, Interpolation.Bicubic, 81.494, 95.164),
        Timm(ResNetArchitecture.ResNet101, "a2_in1k", Rsb + "resnet101_a2_0-6edb36c7.pth", 235, Interpolation.Bicubic, 81.344, 95.198),
        Timm(ResNetArchitecture.ResNet101, "a3_in1k", Rsb + "resnet101_a3_0-1db14157.pth", 235, Interpolation.Bicubic, 79.836, 94.608),
        Timm(ResNetArchitecture.ResNet152, "a1h_in1k", Rsb + "resnet152_a1h-dc400468.pth", 235, Interpolation.Bicubic, 82.818, 96.124),
        Timm(ResNetArchitecture.ResNet152, "a1_in1k", Rsb + "resnet152_a1_0-2eee8a7a.pth", 235, Interpolation.Bicubic, 81.998, 95.294),
        Timm(ResNetArchitecture.ResNet152, "a2_in1k", Rsb + "resnet152_a2_0-b4c6978f.pth", 235, Interpolation.Bicubic, 81.764, 95.270),
        Timm(ResNetArchitecture.ResNet152, "a3_in1k", Rsb + "resnet152_a3_0-134d4688.pth", 235, Interpolation.Bicubic, 80.548, 95.004),
        Timm(ResNetArchitecture.WideResNet50_2, "racm_in1k", First + "wide_resnet50_racm-8234f177.pth",
            256, Interpolation.Bicubic, 81.466, 95.544),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "a1h_in1k", Rsb + "resnext50_32x4d_a1h-0146ab0a.pth",
            235, Interpolation.Bicubic, 81.140, 95.320),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "a1_in1k", Rsb + "resnext50_32x4d_a1_0-b5a91a1d.pth",
            235, Interpolation.Bicubic, 80.526, 94.458),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "a2_in1k", Rsb + "resnext50_32x4d_a2_0-efc76add.pth",
            235, Interpolation.Bicubic, 80.444, 94.630),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "a3_in1k", Rsb + "resnext50_32x4d_a3_0-3e450271.pth",
            235, Interpolation.Bicubic, 79.258, 94.308),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "ra_in1k", First + "resnext50_32x4d_ra-d733960d.pth",
            256, Interpolation.Bicubic, 79.800, 94.608),
        Timm(ResNetArchitecture.ResNeXt101_64x4d, "c1_in1k", Tpu + "resnext101_64x4d_c-0d0e0cc0.pth",
            235, Interpolation.Bicubic, 82.446, 95.920),
        Timm(ResNetArchitecture.ResNeXt101_32x8d, "fb_wsl_ig1b_ft_in1k",
            PyTorch + "ig_resnext101_32x8-c38310e5.pth", 256, Interpolation.Bilinear, 82.720, 96.624, NonCommercial),
        Timm(ResNetArchitecture.ResNet18, "fb_ssl_yfcc100m_ft_in1k",
            Semi + "semi_supervised_resnet18-d92f0530.pth", 256, Interpolation.Bilinear, 72.636, 91.416, NonCommercial),
        Timm(ResNetArchitecture.ResNet50, "fb_ssl_yfcc100m_ft_in1k",
            Semi + "semi_supervised_resnet50-08389792.pth", 256, Interpolation.Bilinear, 79.252, 94.826, NonCommercial),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "fb_ssl_yfcc100m_ft_in1k",
            Semi + "semi_supervised_resnext50_32x4-ddb3e555.pth", 256, Interpolation.Bilinear, 80.316, 95.386, NonCommercial),
        Timm(ResNetArchitecture.ResNeXt101_32x8d, "fb_ssl_yfcc100m_ft_in1k",
            Semi + "semi_supervised_resnext101_32x8-2cfe2f8b.pth", 256, Interpolation.Bilinear, 81.620, 96.036, NonCommercial),
        Timm(ResNetArchitecture.ResNet18, "fb_swsl_ig1b_ft_in1k",
            Semi + "semi_weakly_supervised_resnet18-118f1556.pth", 256, Interpolation.Bilinear, 73.286, 91.754, NonCommercial),
        Timm(ResNetArchitecture.ResNet50, "fb_swsl_ig1b_ft_in1k",
            Semi + "semi_weakly_supervised_resnet50-16a12f1b.pth", 256, Interpolation.Bilinear, 81.146, 95.980, NonCommercial),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "fb_swsl_ig1b_ft_in1k",
            Semi + "semi_weakly_supervised_resnext50_32x4-72679e44.pth", 256, Interpolation.Bilinear, 82.162, 96.224, NonCommercial),
        Timm(ResNetArchitecture.ResNeXt101_32x8d, "fb_swsl_ig1b_ft_in1k",
            Semi + "semi_weakly_supervised_resnext101_32x8-b4712904.pth", 256, Interpolation.Bilinear, 84.276, 97.188, NonCommercial),
        Timm(ResNetArchitecture.ResNet18, "gluon_in1k", Gluon + "gluon_resnet18_v1b-0757602b.pth",
            256, Interpolation.Bicubic, 70.844, 89.750),
        Timm(ResNetArchitecture.ResNet34, "gluon_in1k", Gluon + "gluon_resnet34_v1b-c6d82d59.pth",
            256, Interpolation.Bicubic, 74.574, 91.988),
        Timm(ResNetArchitecture.ResNet50, "gluon_in1k", Gluon + "gluon_resnet50_v1b-0ebe02e2.pth",
            256, Interpolation.Bicubic, 77.580, 93.704),
        Timm(ResNetArchitecture.ResNet101, "gluon_in1k", Gluon + "gluon_resnet101_v1b-3b017079.pth",
            256, Interpolation.Bicubic, 79.306, 94.538),
        Timm(ResNetArchitecture.ResNet152, "gluon_in1k", Gluon + "gluon_resnet152_v1b-c1edb0dd.pth",
            256, Interpolation.Bicubic, 79.712, 94.720),
        Timm(ResNetArchitecture.ResNeXt50_32x4d, "gluon_in1k",
            Gluon + "gluon_resnext50_32x4d-e6a097c1.pth", 256, Interpolation.Bicubic, 79.354, 94.424),
        Timm(ResNetArchitecture.ResNeXt101_64x4d, "gluon_in1k",
            Gluon + "gluon_resnext101_64x4d-f9a8e184.pth", 256, Interpolation.Bicubic, 80.640, 95.000),
        // Networks that torchvision has no name for.
        Timm("resnet26.bt_in1k", "resnet50:stages=2.2.2.2", First + "resnet26-9aa10e23.pth", Interpolation.Bicubic, 75.298, 92.578),
        Timm("resnext101_32x4d.gluon_in1k", Narrow, Gluon + "gluon_resnext101_32x4d-b253c8c4.pth", Interpolation.Bicubic, 80.336, 94.908),
        Timm("resnext101_32x4d.fb_ssl_yfcc100m_ft_in1k", Narrow, Semi + "semi_supervised_resnext101_32x4-dc43570a.pth",
            Interpolation.Bilinear, 80.936, 95.732, NonCommercial),
        Timm("resnext101_32x4d.fb_swsl_ig1b_ft_in1k", Narrow, Semi + "semi_weakly_supervised_resnext101_32x4-3f87e46b.pth",
            Interpolation.Bilinear, 83.268, 96.760, NonCommercial),
        Timm("resnext101_32x16d.fb_ssl_yfcc100m_ft_in1k", Wide, Semi + "semi_supervised_resnext101_32x16-15fffa57.pth",
            Interpolation.Bilinear, 81.856, 96.084, NonCommercial),
        Timm("resnext101_32x16d.fb_swsl_ig1b_ft_in1k", Wide, Semi + "semi_weakly_supervised_resnext101_32x16-f3559a9c.pth",
            Interpolation.Bilinear, 83.340, 96.844, NonCommercial),
        Timm("resnext101_32x16d.fb_wsl_ig1b_ft_in1k", Wide, PyTorch + "ig_resnext101_32x16-c6f796b0.pth",
            Interpolation.Bilinear, 84.166, 97.192, NonCommercial),
        Timm("resnext101_32x32d.fb_wsl_ig1b_ft_in1k", Widest, PyTorch + "ig_resnext101_32x32-e4b90b00.pth",
            Interpolation.Bilinear, 85.090, 97.442, NonCommercial),
    ];

    private static PretrainedResNet Timm(
        string name,
        string architecture,
        string address,
        Interpolation interpolation,
        double top1,
        double top5,
        string license = TimmLicense) =>
        Timm(ResNetArchitecture.Parse(architecture), "", address, 256, interpolation, top1, top5, license) with { Name = name };

    private static PretrainedResNet Timm(
        ResNetArchitecture architecture,
        string recipe,
        string address,
        int resize,
        Interpolation interpolation,
        double top1,
        double top5,
        string license = TimmLicense) =>
        new(architecture, $"{architecture.Name}.{recipe}", "timm")
        {
            Address = new(address),
            Hash = HashIn(address),
            Preprocessing = ImagePreprocessing.ImageNet with { Resize = resize, Interpolation = interpolation },
            Top1 = top1 / 100,
            Top5 = top5 / 100,
            License = WithTerms(license),
        };

    /// <summary>The beginning of the SHA-256 that PyTorch's hub puts into the names of files.</summary>
    private static string HashIn(string address) => address[(address.LastIndexOf('-') + 1)..address.LastIndexOf('.')];
}
