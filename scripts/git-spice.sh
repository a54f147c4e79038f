#!/usr/bin/env bash
# Builds the git-spice that tests drive, unmodified, at the version that
# tools/git-spice/go.mod pins:
#
#	scripts/git-spice.sh [DIR]     default: ${XDG_CACHE_HOME:-~/.cache}/hf/git-spice
#
# Prints the path of the program, which is named git-spice. Needs Go and the module
# proxy that it is set up for. A second run finds it there and does nothing.
set -euo pipefail

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/hf/git-spice}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cd "$(dirname "$0")/../tools/git-spice"

version=$(go list -m -f '{{.Version}}' go.abhg.dev/gs)
program=$dir/$version/git-spice
if [ ! -x "$program" ]; then
	mkdir -p "$dir/$version"
	# Another run may build at the same time: the program appears whole or not at all.
	new=$(mktemp -d "$dir/$version/.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	CGO_ENABLED=0 go build -trimpath -o "$new/git-spice" go.abhg.dev/gs
	said=$("$new/git-spice" version)
	case $said in
	"git-spice "*) ;;
	*) echo "git-spice.sh: what was built does not say that it is git-spice: $said" >&2 && exit 1 ;;
	esac
	mv -f "$new/git-spice" "$program"
fi
printf '%s\n' "$program"
