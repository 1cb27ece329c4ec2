using ResNet.Cli;

return await CommandLine.RunAsync(args);
