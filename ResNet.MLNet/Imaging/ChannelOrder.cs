using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>The order in which a network takes the color channels.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ChannelOrder>))]
public enum ChannelOrder
{
    /// <summary>Red, green, blue: this project's networks and torchvision's.</summary>
    Rgb,

    /// <summary>Blue, green, red: networks from Caffe, and others whose images OpenCV read.</summary>
    Bgr,
}
