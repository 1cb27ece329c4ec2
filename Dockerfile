# The command resnet, with libtorch for CPUs and an ImageNet ResNet-18:
#
#   docker build -t resnet .
#   docker run --rm -v "$PWD:/data" --user "$(id -u)" resnet train --data photos --output run
FROM ubuntu:24.04 AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates dotnet-sdk-10.0
WORKDIR /source
COPY . .
RUN dotnet publish ResNet.Cli -c Release --output /app

FROM ubuntu:24.04
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates dotnet-runtime-10.0 && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# Published weights that are downloaded stay with the data.
ENV RESNET_MLNET_HOME=/data/.resnet-mlnet
WORKDIR /data
USER ubuntu
ENTRYPOINT ["dotnet", "/app/resnet.dll"]
