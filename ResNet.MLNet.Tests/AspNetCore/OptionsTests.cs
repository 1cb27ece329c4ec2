using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ResNet.MLNet.AspNetCore;

namespace ResNet.Tests;

/// <summary>Options come from the configuration, then from code, and what they cannot be is said when the application starts.</summary>
[TestClass]
public sealed class OptionsTests
{
    [TestMethod]
    public void A_section_of_the_configuration_sets_the_options_and_code_comes_after_it()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ResNet:ModelPath"] = "networks/flowers.onnx",
            ["ResNet:GpuDeviceId"] = "1",
            ["ResNet:MaximumBytes"] = "1000",
            ["ResNet:MaximumPixels"] = "2000",
            ["ResNet:MaximumConcurrency"] = "3",
            ["ResNet:MaximumQueueLength"] = "4",
            ["ResNet:ReloadInterval"] = "00:01:00",
        }).Build();
        var services = new ServiceCollection().AddResNet(configuration.GetSection("ResNet"), options => options.MaximumConcurrency = 5);
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptions<ResNetServiceOptions>>().Value;
        Assert.AreEqual("networks/flowers.onnx", options.ModelPath);
        Assert.AreEqual(1, options.GpuDeviceId);
        Assert.AreEqual(1000, options.MaximumBytes);
        Assert.AreEqual(2000, options.MaximumPixels);
        Assert.AreEqual(5, options.MaximumConcurrency);
        Assert.AreEqual(4, options.MaximumQueueLength);
        Assert.AreEqual(TimeSpan.FromMinutes(1), options.ReloadInterval);
        Assert.IsNull(options.Preprocessing);
    }

    [TestMethod]
    public async Task An_application_does_not_start_with_options_that_cannot_be()
    {
        var thrown = await Assert.ThrowsExactlyAsync<OptionsValidationException>(() => ClassifierApp.StartAsync(" ", options =>
        {
            options.GpuDeviceId = -1;
            options.MaximumBytes = 0;
            options.MaximumPixels = 0;
            options.MaximumConcurrency = 0;
            options.MaximumQueueLength = -1;
            options.ReloadInterval = TimeSpan.Zero;
        }));
        Assert.HasCount(7, thrown.Failures);
        StringAssert.Contains(thrown.Message, "ResNetServiceOptions.ModelPath is not set. Name the model file");
        StringAssert.Contains(thrown.Message, "ResNetServiceOptions.MaximumQueueLength is -1; it is 0 or more.");
    }
}
