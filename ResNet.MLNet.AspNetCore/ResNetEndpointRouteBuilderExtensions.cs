using System.Diagnostics.CodeAnalysis;
using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ResNet.MLNet;
using ResNet.MLNet.AspNetCore;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints that take an image.</summary>
public static class ResNetEndpointRouteBuilderExtensions
{
    private const int UsualTop = 5;

    /// <summary>
    /// Adds an endpoint that classifies the image in a POST: its body, or the first file of a form (multipart/form-data). It answers with
    /// <see cref="ImageClassification"/> as JSON. The query <c>?top=3</c> asks for that many classes; default 5. Problems (RFC 9457):
    /// 400 for a request without an image, 413 for too many bytes or pixels, 415 for what is not an image, 503 while no model is ready or
    /// the queue is full.
    /// </summary>
    /// <param name="endpoints">Where to add it.</param>
    /// <param name="pattern">Its route.</param>
    public static IEndpointConventionBuilder MapResNet(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints.MapPost(pattern, ClassifyAsync)
            .WithMetadata(new ProducesResponseTypeMetadata(200, typeof(ImageClassification), [MediaTypeNames.Application.Json]))
            .WithMetadata(Problems);
    }

    /// <summary>
    /// Adds an endpoint that does any work with the model and the image in a POST, with the limits, the queue and the problems of the other
    /// overload.
    /// </summary>
    /// <param name="endpoints">Where to add it.</param>
    /// <param name="pattern">Its route.</param>
    /// <param name="work">
    /// Gives the answer, from the model and the bytes of the image file. It runs when its turn comes, on a thread of the pool.
    /// </param>
    public static IEndpointConventionBuilder MapResNet(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<ResNetModel, ReadOnlyMemory<byte>, IResult> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return endpoints.MapResNet(pattern, (_, model, image) => work(model, image));
    }

    /// <summary>
    /// Adds an endpoint whose work depends on more of the request than the image: its query, its route, its user. Else as the other
    /// overloads.
    /// </summary>
    /// <param name="endpoints">Where to add it.</param>
    /// <param name="pattern">Its route.</param>
    /// <param name="work">
    /// Gives the answer, from the request, the model and the bytes of the image file. It runs when its turn comes, on a thread of the pool;
    /// the body of the request is read by then.
    /// </param>
    public static IEndpointConventionBuilder MapResNet(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        Func<HttpContext, ResNetModel, ReadOnlyMemory<byte>, IResult> work)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(work);
        RequestDelegate handler = context => HandleAsync(context, (model, image) => work(context, model, image));
        return endpoints.MapPost(pattern, handler).WithMetadata(Problems);
    }

    private static object[] Problems { get; } = [ProblemOf(400), ProblemOf(413), ProblemOf(415), ProblemOf(503)];

    private static ProducesResponseTypeMetadata ProblemOf(int status) =>
        new(status, typeof(ProblemDetails), [MediaTypeNames.Application.ProblemJson]);

    private static Task ClassifyAsync(HttpContext context)
    {
        var query = context.Request.Query["top"];
        var top = UsualTop;
        if (query.Count > 0 && (!int.TryParse(query, out top) || top < 1))
            return Problem(400, $"'top' is '{query}'; it is a number from 1.").ExecuteAsync(context);
        return HandleAsync(context, (model, image) =>
            TypedResults.Json(new ImageClassification(model.Classify(image, top), model.Digest), AnswerJson.Default.ImageClassification));
    }

    private static async Task HandleAsync(HttpContext context, Func<ResNetModel, ReadOnlyMemory<byte>, IResult> work)
    {
        var service = context.RequestServices.GetRequiredService<ResNetService>();
        IResult result;
        try
        {
            result = await service.MeasureAsync(async () =>
            {
                var image = await ImageUpload.ReadAsync(context.Request, service.Options.MaximumBytes, context.RequestAborted)
                    .ConfigureAwait(false);
                return await service.RunInTurnAsync(model => work(model, image), context.RequestAborted).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch (InvalidImageException problem) when (problem.IsTooLarge)
        {
            result = Problem(413, $"The image has more pixels than the {service.Options.MaximumPixels:N0} that are accepted.");
        }
        catch (InvalidImageException problem)
        {
            result = Problem(415, problem.Reason);
        }
        catch (BadHttpRequestException problem)
        {
            result = Problem(problem.StatusCode, problem.Message);
        }
        catch (ResNetUnavailableException problem)
        {
            context.Response.Headers.RetryAfter = "1";
            result = Problem(503, problem.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer.
            return;
        }

        await result.ExecuteAsync(context).ConfigureAwait(false);
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);
}
