// A page to drop a picture on, and the API behind it: /classify gives the classes, /map where in the picture the first one is, /similar the
// pictures of a folder that look most alike.
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.FileProviders;
using ResNet.MLNet;
using WebApi;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddResNet(builder.Configuration.GetSection("ResNet"));
builder.Services.AddSingleton<PictureIndex>();
builder.Services.AddHostedService(provider => provider.GetRequiredService<PictureIndex>());

var app = builder.Build();
app.UseExceptionHandler();
app.UseDefaultFiles();
app.UseStaticFiles();
var pictures = app.Services.GetRequiredService<PictureIndex>();
if (pictures.Folder is { } folder)
{
    // Serves files with the extensions of images and nothing else of the folder.
    app.UseStaticFiles(new StaticFileOptions
    {
        FileProvider = new PhysicalFileProvider(folder),
        RequestPath = PictureIndex.Route,
        ContentTypeProvider = PictureIndex.ImageTypes,
    });
}

app.MapResNet("/classify");
app.MapResNet("/map", (model, image) => TypedResults.Bytes(model.ActivationMap(image).ToJpeg(), "image/jpeg"));
app.MapResNet("/similar", (model, image) =>
{
    var features = model.Run(image, ResNetOutput.Features);
    return TypedResults.Ok(pictures.Nearest(features, model.Digest, count: 6));
});
// An orchestrator restarts what does not live, and sends no requests to what is not ready.
app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
app.MapHealthChecks("/health/ready");
app.Run();
