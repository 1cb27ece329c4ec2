#!/usr/bin/env bash
# The experiments of docs/transfer-learning.md: makes the data sets, runs `resnet train` with the recipes head and finetune, and PyTorch's
# anchors, and adds a line a run to transfer.csv and pytorch.csv in OUT. What is there already is not run again.
#
#   benchmarks/transfer.sh FLOWERS CIFAR FASHION PACKAGE OUT [SEEDS]
#
# FLOWERS, CIFAR, FASHION: see peers/transfer_sets.py. PACKAGE: the folder DnnImageModels of the package Microsoft.ML.DnnImageFeaturizer.ResNet18.
set -euo pipefail
cd "$(dirname "$0")/.."
flowers=$1 cifar=$2 fashion=$3 package=$4 out=$5 seeds=${6:-5}
dotnet build -c Release --nologo -v q ResNet.Cli
resnet=(dotnet run -c Release --no-build --project ResNet.Cli --)
mkdir -p "$out/runs"
[ -d "$out/sets" ] ||
  /usr/bin/python3 benchmarks/peers/transfer_sets.py --flowers "$flowers" --cifar "$cifar" --fashion "$fashion" --output "$out/sets" --seeds "$seeds"
for seed in $(seq 0 $((seeds - 1))); do
  for name in flowers cifar5 cifar25 cifar100 garments tail; do
    data="$out/sets/$name-$seed"
    for recipe in head finetune; do
      run="$out/runs/$name-$seed-$recipe"
      [ -f "$run/report.html" ] && continue
      "${resnet[@]}" train --data "$data" --start-from resnet18-mlnet --recipe $recipe --seed "$seed" --output "$run" --resume | tee "$run.log"
      # The head's line, the last epoch's, and what the folds said.
      echo "$name,$seed,$recipe,$(sed -n 2p "$run/metrics.csv"),$(tail -1 "$run/metrics.csv"),$(grep -h '^Fine-tuning' "$run.log" | tr -d ',')" >> "$out/transfer.csv"
    done
    grep -q "^$name-$seed," "$out/pytorch.csv" 2>/dev/null ||
      /usr/bin/python3 benchmarks/peers/pytorch_transfer.py --onnx "$package/ResNet18Onnx/ResNet18.onnx" \
        --preprocess "$package/ResNetPrepOnnx/ResNetPreprocess.onnx" --data "$data" --seed "$seed" >> "$out/pytorch.csv"
  done
done
