#!/usr/bin/env bash
# Accepts the public API of the libraries as it is now: writes it to PublicAPI.Unshipped.txt of each library.
#   eng/accept-api.sh            what is new or gone since the last release
#   eng/accept-api.sh --release  all of it, as shipped
set -euo pipefail
cd "$(dirname "$0")/.."

for library in ResNet.MLNet ResNet.Training; do
    echo "#nullable enable" > "$library/PublicAPI.Unshipped.txt"
    if [ "${1:-}" = --release ]; then echo "#nullable enable" > "$library/PublicAPI.Shipped.txt"; fi
done

for library in ResNet.MLNet ResNet.Training; do
    # The code fixes of the analyzer: a line for each new member, a line with *REMOVED* for each that is gone.
    dotnet format analyzers "$library/$library.csproj" --no-restore --severity error --diagnostics RS0016 RS0017
    if [ "${1:-}" = --release ]; then mv "$library/PublicAPI.Unshipped.txt" "$library/PublicAPI.Shipped.txt"; echo "#nullable enable" > "$library/PublicAPI.Unshipped.txt"; fi
done
