#!/bin/bash
# Makes one archive that trains and measures on a linux-x64 machine without .NET and without a package registry: the `resnet` command and the benchmark
# program with the .NET runtime, once for both, and without libtorch, which is the PyTorch's of that machine.
#
#   eng/publish-portable.sh                           writes artifacts/resnet-portable.tar.xz
#   eng/publish-portable.sh --test LIBTORCH-FOLDER    unpacks it elsewhere and runs it, without `dotnet`, on that libtorch (a folder with libtorch_cpu.so)
#
# There: tar -xf resnet-portable.tar.xz; export RESNET_LIBTORCH=.../torch/lib; resnet-portable/resnet doctor. The machine needs glibc, libstdc++ and OpenSSL 3.
#
# Nothing is trimmed: ML.NET, System.CommandLine and the JSON of recipes look types up by name, which a trimmer cannot see.
set -euo pipefail
cd "$(dirname "$0")/.."
archive=artifacts/resnet-portable.tar.xz
most=$((44 << 20))

publish() {
    # A folder of its own for what is built, so that the ordinary build keeps its packages and outputs.
    local folder=artifacts/resnet-portable
    rm -rf "$folder"
    for project in ResNet.Cli benchmarks/ResNet.Benchmarks; do
        dotnet publish "$project" -c Release -r linux-x64 --self-contained true -p:SelfContained=true -p:TorchBackend=none -p:DebugType=none \
            -p:PublishDocumentationFiles=false --artifacts-path artifacts/build -o "$folder" -v quiet --nologo
    done
    # What packages bring for other systems and for debuggers, and collectors that are not the usual one.
    (cd "$folder" && rm -f ./*.pdb ./*.xml ./*.dbg ./onnxruntime.dll libmscordaccore.so libmscordbi.so libcoreclrtraceptprovider.so libclrgc.so libclrgcexp.so createdump)
    # The ImageNet network, 61 MB: the demo does without its photographs there, and says so.
    rm -rf "$folder/DnnImageModels"
    # The filter for x86 code saves 4 %.
    tar -C artifacts --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -c resnet-portable | xz --x86 --lzma2=preset=9e,dict=128MiB > "$archive.part"
    mv "$archive.part" "$archive"
    local size
    size=$(stat -c %s "$archive")
    echo "$archive: $(du -sm "$folder" | cut -f1) MiB, packed $((size >> 10)) KiB"
    ((size <= most)) || { echo "That is more than $((most >> 20)) MiB: see what has come in." >&2; exit 1; }
}

# Runs what a GPU machine is to run, small, in an environment that knows no .NET.
prove() {
    local libtorch folder
    libtorch=$(realpath "$1")
    folder=$(mktemp -d)
    trap "rm -rf '$folder'" EXIT
    tar -C "$folder" -xf "$archive"
    # No program can be found by its name, so no `dotnet` either.
    clean() { env -i HOME="$folder" PATH="$folder/no-programs" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}" RESNET_LIBTORCH="$libtorch" "$@"; }
    cd "$folder"
    clean resnet-portable/resnet doctor
    clean resnet-portable/resnet demo --epochs 1
    clean resnet-portable/ResNet.Benchmarks memory --steps 100 --threads 1
    clean resnet-portable/ResNet.Benchmarks smoke --device cpu
    echo "The archive works without .NET."
}

case "${1:-}" in
    "") publish ;;
    --test) prove "${2:?a folder with libtorch_cpu.so}" ;;
    *) sed -n '2,9s/^# \?//p' "$0"; exit 2 ;;
esac
