#!/usr/bin/env bash
# Accepts the public API of the libraries as it is now, after a build has named members that PublicAPI.*.txt lacks (RS0016) or that are gone (RS0017).
#   eng/accept-api.sh            writes what differs from the last release to PublicAPI.Unshipped.txt
#   eng/accept-api.sh --release  writes everything to PublicAPI.Shipped.txt
set -euo pipefail
cd "$(dirname "$0")/.."

for library in ResNet.MLNet ResNet.MLNet.AspNetCore ResNet.MLNet.Interactive ResNet.Training; do
    shipped=$library/PublicAPI.Shipped.txt
    unshipped=$library/PublicAPI.Unshipped.txt
    echo "#nullable enable" > "$unshipped"
    if [ "${1:-}" = --release ]; then echo "#nullable enable" > "$shipped"; fi
    # The code fixes of the analyzer: a line for each new member, a line with *REMOVED* for each that is gone.
    dotnet format analyzers "$library/$library.csproj" --no-restore --severity error --diagnostics RS0016 RS0017
    if [ "${1:-}" = --release ]; then
        mv "$unshipped" "$shipped"
        echo "#nullable enable" > "$unshipped"
    fi
done
