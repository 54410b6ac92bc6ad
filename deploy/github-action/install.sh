#!/usr/bin/env bash
# Downloads a release of specguard, verifies that the repository's release workflow made it, and
# adds the program to PATH.
set -euo pipefail

if [[ ! $VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  echo "::error title=specguard::version must be a release, such as v0.1.0"
  exit 1
fi
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *)
    echo "::error title=specguard::there is no release for $(uname -m)"
    exit 1
    ;;
esac
name=specguard_${VERSION}_linux_$arch
folder=$RUNNER_TEMP/specguard
mkdir -p "$folder"
cd "$folder"
gh release download "$VERSION" --repo specguard/specguard --pattern "$name.tar.gz" --clobber
gh attestation verify "$name.tar.gz" --repo specguard/specguard \
  --signer-workflow specguard/specguard/.github/workflows/release.yaml --source-ref "refs/tags/$VERSION"
tar -xzf "$name.tar.gz" "$name/specguard"
echo "$folder/$name" >>"$GITHUB_PATH"
