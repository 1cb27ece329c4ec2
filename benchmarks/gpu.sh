#!/bin/bash
# Measures everything on a machine with an NVIDIA GPU, where only a Python with PyTorch is installed.
#
#   benchmarks/gpu.sh [STAGE...]        in the repository's root; without a stage all of them, in this order:
#
#   doctor                      what the machine has
#   smoke                       whether training works here
#   agree                       one training step's numbers against PyTorch's
#   memory-resnet50, memory-resnet18, memory-cifar-resnet20
#                               training images/s against PyTorch, data in memory; share of time in kernels; memory
#   files-resnet50, files-cifar-resnet20
#                               the same from JPEG files
#   kill                        a run that is killed and resumed ends like one that was not
#   resnet50                    trains a ResNet-50 on generated photographs and predicts with it
#   cifar                       ResNet-20 on CIFAR-10, the paper's 64,000 steps; stops at the time limit, and the next call goes on
#
# Settings, as variables:
#   PORTABLE          what eng/publish-portable.sh made [artifacts/resnet-portable.tar.xz]
#   PYTHON            the Python that has PyTorch [python3, /usr/bin/python3]
#   RESNET_LIBTORCH   a folder with a libtorch [that PyTorch's]
#   DEVICE            [cuda]
#   OUT               receives log.txt and the CIFAR run's files [gpu-results]
#   WORK              receives all else, and is used again [/tmp/resnet-gpu]
#   CIFAR             CIFAR-10 as JPEG files: an archive or a folder with train/ and test/ and class folders in them
#   CIFAR_RUN         an earlier call's OUT/cifar, to go on from on a fresh machine
#   LIMIT             the seconds that one program may take [540]
#   ROUNDS            of the comparisons [2]
#   QUICK=1           tiny, to see that the script works: DEVICE=cpu QUICK=1 benchmarks/gpu.sh
set -uo pipefail
cd "$(dirname "$0")/.."
portable=${PORTABLE:-artifacts/resnet-portable.tar.xz} device=${DEVICE:-cuda} out=${OUT:-gpu-results} work=${WORK:-/tmp/resnet-gpu} limit=${LIMIT:-540} quick=${QUICK:-}
mkdir -p "$out" "$work"
out=$(realpath "$out") work=$(realpath "$work")

# What is small in a quick run: images of a class, image size, batches, steps, epochs.
if [ "$quick" ]; then
    rounds=1 photos_per_class=4 small_per_class=16 few_per_class=40 width=160 height=120 bench=(--batch 8 --steps 2 --warm-up 1 --threads 1) kill_epochs=20
    resnet50=(--size 64 --batch 8 --epochs 1) cifar=(--epochs 2)
else
    rounds=${ROUNDS:-2} photos_per_class=512 small_per_class=4096 few_per_class=400 width=500 height=375 bench=(--steps 50 --warm-up 10) kill_epochs=60
    resnet50=(--batch 128 --learning-rate 0.1 --epochs 4) cifar=()
fi

say() { printf '%s\n' "$*"; }
limited() { timeout --signal=INT --kill-after=60 "$limit" "$@"; }
resnet() { limited "$work/resnet-portable/resnet" "$@"; }
measure() { limited "$work/resnet-portable/ResNet.Benchmarks" "$@"; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
        if command -v "$candidate" > /dev/null && "$candidate" -c "import torch, torchvision" 2> /dev/null; then command -v "$candidate"; return; fi
    done
    say "No Python with torch and torchvision: set PYTHON." >&2
    return 1
}

unpack() {
    [ -f "$portable" ] || { say "'$portable' is missing: eng/publish-portable.sh makes it." >&2; return 1; }
    [ "$work/resnet-portable/resnet" -nt "$portable" ] && return
    rm -rf "$work/resnet-portable"
    # Python reads .xz where the system has no xz.
    "$PYTHON" -c "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])" "$portable" "$work" && touch "$work/resnet-portable/resnet"
}

# Generated images, once: photographs of 8 classes, and small ones of 10. Their numbers are multiples of the batches.
photos() { [ -f "$work/photos/done" ] || { measure images --output "$work/photos" --classes 8 --per-class "$photos_per_class" --width "$width" --height "$height" && touch "$work/photos/done"; }; }
small() { [ -f "$work/small/done" ] || { measure images --output "$work/small" --classes 10 --per-class "$small_per_class" --width 32 --height 32 && touch "$work/small/done"; }; }
few() { [ -f "$work/few/done" ] || { measure images --output "$work/few" --classes 4 --per-class "$few_per_class" --width 32 --height 32 && touch "$work/few/done"; }; }

doctor() {
    if command -v nvidia-smi > /dev/null; then nvidia-smi; fi
    "$PYTHON" -c "import torch; print('PyTorch', torch.__version__, 'CUDA', torch.version.cuda, 'cuDNN', torch.backends.cudnn.version(), torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU')"
    say "RESNET_LIBTORCH=$RESNET_LIBTORCH"
    resnet doctor
}

smoke() { measure smoke --device "$device"; }

agree() {
    local quick_case=()
    [ "$quick" ] && quick_case=(--case cifar-resnet20)
    measure agree --device "$device" "${quick_case[@]}"
}

memory() { measure gpu --device "$device" --case "$1" --rounds "$rounds" "${bench[@]}"; }

files() {
    local images=photos
    [ "$1" = cifar-resnet20 ] && images=small
    "$images" && measure gpu --device "$device" --case "$1" --rounds "$rounds" "${bench[@]}" --images "$work/$images"
}

kill_and_resume() {
    local one=(train --data "$work/few" --architecture cifar-resnet20 --batch 64 --epochs "$kill_epochs" --seed 1 --device "$device" --checkpoint-every 1) pid waited=0
    few || return
    rm -rf "$work"/kill-*
    resnet "${one[@]}" --output "$work/kill-whole" > /dev/null || return
    "$work/resnet-portable/resnet" "${one[@]}" --output "$work/kill-killed" > "$work/kill.log" 2>&1 &
    pid=$!
    until [ -f "$work/kill-killed/last.safetensors" ] || ((waited++ > 10 * limit)) || ! kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    sleep 0.5
    if ! kill -9 "$pid" 2> /dev/null || [ -f "$work/kill-killed/model.onnx" ]; then say "The run ended before it could be killed:"; cat "$work/kill.log"; return 1; fi
    wait "$pid" 2> /dev/null
    say "Killed after $(cat "$work/kill-killed/metrics.csv" 2> /dev/null | grep -c '^[0-9]') of $kill_epochs epochs; resuming."
    resnet "${one[@]}" --output "$work/kill-killed" --resume > /dev/null || return
    tail -n 1 "$work/kill-whole/metrics.csv" "$work/kill-killed/metrics.csv"
    "$PYTHON" benchmarks/peers/compare_tensors.py "$work"/kill-{whole,killed}/last.safetensors && return
    [ "$device" = cpu ] && return 1
    # A GPU's sums may come in any order: then two whole runs differ, too.
    resnet "${one[@]}" --output "$work/kill-again" > /dev/null || return
    "$PYTHON" benchmarks/peers/compare_tensors.py "$work"/kill-{whole,killed,again}/last.safetensors
}

train_resnet50() {
    photos || return
    resnet train --data "$work/photos" --architecture resnet50 --device "$device" --overwrite --output "$work/resnet50" "${resnet50[@]}" || return
    cat "$work/resnet50/metrics.csv"
    resnet predict --model "$work/resnet50/model.onnx" --top 2 "$work/photos/class000/00000.jpg" "$work/photos/class005/00000.jpg"
}

train_cifar() {
    local data=$work/cifar10 code=0
    if [ -d "${CIFAR:-}" ]; then data=$CIFAR
    elif [ -f "${CIFAR:-}" ]; then [ -d "$data" ] || tar -xf "$CIFAR" -C "$work" || return
    elif [ "$quick" ]; then small && data=$work/small || return
    else say "CIFAR has to name CIFAR-10 as JPEG files, an archive or a folder." >&2; return 1
    fi
    mkdir -p "$work/cifar" "$out/cifar"
    if [ "${CIFAR_RUN:-}" ] && [ ! -f "$work/cifar/last.safetensors" ]; then cp "$CIFAR_RUN"/* "$work/cifar/" || return; fi
    resnet train --data "$data" --architecture cifar-resnet20 --recipe paper-cifar --device "$device" --checkpoint-every 60 --resume --output "$work/cifar" "${cifar[@]}" || code=$?
    for file in last.safetensors metrics.csv recipe.json report.html model.onnx; do
        if [ -f "$work/cifar/$file" ]; then cp "$work/cifar/$file" "$out/cifar/"; fi
    done
    if [ "$code" = 124 ]; then say "Not finished within $limit seconds: call this stage again (on a fresh machine with CIFAR_RUN=$out/cifar)."; return 0; fi
    return "$code"
}

run() {
    case $1 in
        doctor | smoke | agree) "$1" ;;
        memory-*) memory "${1#memory-}" ;;
        files-*) files "${1#files-}" ;;
        kill) kill_and_resume ;;
        resnet50 | cifar) "train_$1" ;;
        *) say "There is no stage '$1'; the head of this file names them." >&2; return 2 ;;
    esac
}

main() {
    local stage start results=() failed=0
    PYTHON=$(find_python) || return
    export PYTHON
    export RESNET_LIBTORCH=${RESNET_LIBTORCH:-$("$PYTHON" -c "import os, torch; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))")}
    unpack || return
    [ $# -gt 0 ] || set -- doctor smoke agree memory-resnet50 memory-resnet18 memory-cifar-resnet20 files-resnet50 files-cifar-resnet20 kill resnet50 cifar
    for stage in "$@"; do
        printf '\n== %s\n' "$stage"
        start=$SECONDS
        if run "$stage"; then results+=("ok    $stage, $((SECONDS - start)) s"); else results+=("FAIL  $stage, $((SECONDS - start)) s"); failed=1; fi
    done
    printf '%s\n' "" "${results[@]}"
    return "$failed"
}

main "$@" 2>&1 | tee -a "$out/log.txt"
