#!/usr/bin/env bash
# Fetches a bitcoind for regtest worlds into a folder, without touching the machine:
#
#   regtest/get-bitcoind.sh target/bitcoind    ->    target/bitcoind/bin/bitcoind
#
# It is Bitcoin Knots from Debian's archive, with every library that it needs, unpacked there and nowhere else.
# apt checks the archive's signature and the packages' hashes against Debian's own keys. A folder that
# has one that runs is left as it is. Exit code 3: it cannot be had here, and the last line says why.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 FOLDER [SUITE]" >&2; exit 2; }
folder=$(realpath -m "$1")
suite=${2:-forky}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
root=$folder/root
apt=$folder/apt
log=$folder/fetch.log

cannot() { echo "no bitcoind: $*" >&2; exit 3; }

if "$folder/bin/bitcoind" -version 2>/dev/null | sed -n 1p | grep .; then
  exit 0
fi
for tool in apt-get dpkg realpath; do
  command -v "$tool" >/dev/null || cannot "this is not Debian ($tool is missing)"
done
[ -f "$keyring" ] || cannot "Debian's keys are not here ($keyring)"
arch=$(dpkg --print-architecture)

# The mirror that this machine uses; Debian's own where it uses none.
mirror=${DEBIAN_MIRROR:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | sed -n 1p)}
mirror=${mirror:-http://deb.debian.org/debian}

rm -rf "$root" "$apt" "$folder/bin"
mkdir -p "$apt"/{lists/partial,cache/archives/partial,none} "$root"
cat > "$apt/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Architectures: $arch
Signed-By: $keyring
SOURCES
# An empty system of its own, in which two packages count as installed that only maintainer scripts need.
for package in debconf systemd-standalone-sysusers; do
  printf 'Package: %s\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\nVersion: 999\nMaintainer: none\nDescription: not needed here\n\n' "$package"
done > "$apt/status"
ask_apt() {
  apt-get -qq -y \
    -o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" \
    -o Dir::State::extended_states="$apt/extended_states" -o Dir::Cache="$apt/cache" \
    -o Dir::Etc::SourceList="$apt/debian.sources" -o Dir::Etc::SourceParts="$apt/none" \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts="$apt/none" \
    -o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o APT::Sandbox::User="$(id -un)" \
    -o APT::Install-Recommends=false -o APT::Get::AllowUnauthenticated=false \
    -o Acquire::AllowInsecureRepositories=false -o APT::Update::Error-Mode=any \
    -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Debug::NoLocking=true "$@"
}
ask_apt update >"$log" 2>&1 ||
  cannot "the archive at $mirror gives no index of $suite, or not one that Debian signed (no network?); see $log"
ask_apt install --download-only bitcoin-knots >>"$log" 2>&1 ||
  cannot "the archive at $mirror has no bitcoin-knots in $suite for $arch; see $log"
for package in "$apt"/cache/archives/*.deb; do
  dpkg -x "$package" "$root"
done
rm -rf "$apt"

loader=$(find "$root/usr/lib" -name 'ld-linux-*.so.*' | sed -n 1p)
[ -n "$loader" ] || cannot "the packages bring no dynamic loader"
libraries=$(dirname "$loader")
# A library from the machine may be of another release: everything has to come from the folder.
foreign=$("$loader" --inhibit-cache --library-path "$libraries" --list "$root/usr/bin/bitcoind" |
  grep -vF "$libraries" | grep -v vdso || true)
[ -z "$foreign" ] || cannot "it would load libraries from outside of $folder: $foreign"
mkdir -p "$folder/bin.new"
for program in bitcoind bitcoin-cli; do
  printf '#!/bin/sh\nexec "%s" --inhibit-cache --library-path "%s" --argv0 %s "%s" "$@"\n' \
    "$loader" "$libraries" "$program" "$root/usr/bin/$program" > "$folder/bin.new/$program"
  chmod +x "$folder/bin.new/$program"
done
mv "$folder/bin.new" "$folder/bin"
"$folder/bin/bitcoind" -version | sed -n 1p
