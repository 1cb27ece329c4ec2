// A classifier that learns while it serves: pictures with their labels come in, a new network is trained in the background, and it replaces
// the one in use if it is not worse.
using RetrainInService;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddResNet(builder.Configuration.GetSection("ResNet"));
builder.Services.Configure<TrainingSettings>(builder.Configuration.GetSection("Training"));
builder.Services.AddSingleton<PictureStore>();
builder.Services.AddSingleton<Retraining>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<Retraining>());
// A training stops after its step and writes a checkpoint.
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(1));

var app = builder.Build();
app.UseExceptionHandler();
var pictures = app.Services.GetRequiredService<PictureStore>();
var retraining = app.Services.GetRequiredService<Retraining>();

app.MapResNet("/classify");
app.MapResNet("/pictures", (context, model, image) =>
{
    if (PictureStore.ProblemOf(context.Request.Query["label"]) is { } problem) return TypedResults.Problem(problem, statusCode: 400);
    // Decodes the picture, within the limits, before it is kept; and says what the model in use would have answered.
    var predicted = model.Classify(image, top: 1);
    var stored = pictures.Add(context.Request.Query["label"]!, image.Span);
    var trainingStarts = stored.IsNew && retraining.BeginIfDue();
    return TypedResults.Ok(new { stored.Name, stored.IsNew, predicted, trainingStarts });
});
app.MapPost("/retrain", () => retraining.TryBegin() is { } problem
    ? Results.Problem(problem, statusCode: StatusCodes.Status409Conflict)
    : Results.Accepted("/training"));
app.MapGet("/training", async (bool? wait, CancellationToken cancellation) =>
{
    if (wait == true) await retraining.WaitAsync(cancellation);
    return retraining.Status;
});
app.MapHealthChecks("/health");
app.Run();
