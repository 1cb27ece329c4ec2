namespace ResNet.MLNet.AspNetCore;

/// <summary>The service cannot take the image now: no model is ready, or the queue is full. Trying later may work; 503 in HTTP.</summary>
public sealed class ResNetUnavailableException : Exception
{
    /// <summary>Says why.</summary>
    /// <param name="message">Why, as a sentence that a client may see.</param>
    public ResNetUnavailableException(string message)
        : base(message)
    {
    }

    internal Failure Failure { get; init; }
}
