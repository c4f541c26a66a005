#!/usr/bin/env bash
# Fetches an Electrum server for regtest worlds into a folder, without touching the machine:
#
#   regtest/get-electrumx.sh target/electrumx    ->    target/electrumx/bin/electrumx_server
#
# It is ElectrumX from PyPI, in a Python environment of its own. A folder that has one is left as it is.
# Exit code 3: it cannot be had here, and the last line says why.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
folder=$(realpath -m "$1")
wanted=$(realpath "$(dirname "$0")/electrumx.txt")

cannot() { echo "no Electrum server: $*" >&2; exit 3; }

[ -x "$folder/bin/electrumx_server" ] && cmp -s "$wanted" "$folder/electrumx.txt" && exit 0
command -v python3 >/dev/null || cannot "there is no python3 here"
rm -rf "$folder"
python3 -m venv "$folder" || cannot "python3 makes no environment (python3-venv)"
"$folder/bin/pip" install -q --no-deps -r "$wanted" || cannot "PyPI does not answer, or lacks what is in $wanted"
cp "$wanted" "$folder/electrumx.txt"
