#!/usr/bin/env bash
# Writes docs/api, the reference of the public API, from the XML comments (docfx, pinned in .config/dotnet-tools.json).
#   eng/api-reference.sh           writes it
#   eng/api-reference.sh --check   compares it; 1 if it is not what the code says
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_ROLL_FORWARD=Major
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libraries=(ResNet.MLNet ResNet.Training ResNet.MLNet.AspNetCore ResNet.MLNet.Interactive)
sources=""
for library in "${libraries[@]}"; do
  dotnet build "$library" --nologo -v quiet
  folder="$PWD/$library/bin/Debug/net10.0"
  sources+="${sources:+,}{\"src\":\"$folder\",\"files\":[\"$library.dll\"]}"
done
dotnet tool restore > "$work/log"
cat > "$work/docfx.json" <<JSON
{"metadata":[{"src":[$sources],"dest":"api","outputFormat":"markdown","disableGitFeatures":true,
  "enumSortOrder":"declaringOrder","namespaceLayout":"flattened"}]}
JSON
dotnet docfx metadata "$work/docfx.json" --logLevel error >> "$work/log" || { cat "$work/log"; exit 1; }
for page in "$work"/api/*.md; do
  # References that docfx leaves open become names. What every object inherits is left out, and so are spaces before line ends.
  sed -E -i \
    -e 's/<xref href="([^"(]*\.)?([^".(]+)(\([^"]*\))?"[^>]*><\/xref>/`\2`/g' \
    -e '/^#### (Inherited Members|Extension Methods)$/,/^#/{/^#### (Inherited Members|Extension Methods)$/d;/^#/!d}' \
    -e 's/ *\r?$//' "$page"
done
rm "$work/api/toc.yml"
{
  echo "# API reference"
  echo
  echo "Made from the XML comments by \`eng/api-reference.sh\`."
  echo
  echo "| namespace |"
  echo "| --- |"
  for page in "$work"/api/*.md; do
    if grep -q '^# .* Namespace ' "$page"; then
      name=$(basename "$page" .md)
      echo "| [$name]($name.md) |"
    fi
  done
} > "$work/README.md"
mv "$work/README.md" "$work/api/README.md"
if [ "${1:-}" = --check ]; then
  diff -r docs/api "$work/api" || { echo "docs/api is not what the code says. eng/api-reference.sh writes it." >&2; exit 1; }
else
  rm -rf docs/api
  mv "$work/api" docs/api
fi
