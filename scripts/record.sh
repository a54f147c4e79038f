#!/usr/bin/env bash
# Plays a short session of the screen, on a machine made for it: docs/hf.png and
# docs/hf.cast of the README. It uses nothing of your own hf.
set -euo pipefail
cd "$(dirname "$0")/.."
docs=$PWD/docs
spice=$(dirname "$(scripts/git-spice.sh)")

dir=$(mktemp -d "${TMPDIR:-/tmp}/hf-record.XXXXXX")
server=
cleanup() {
	trap - EXIT INT TERM
	set +e
	if [ -x "$dir/bin/hf" ]; then
		# All that was started belongs to this recording, and ends with it.
		# shellcheck disable=SC2046
		hf kill --yes $(hf list --jq '.[].id') >/dev/null 2>&1
		hf backend stop --force >/dev/null 2>&1
	fi
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

mkdir -p "$dir/bin" "$dir/hub" "$dir/home/.config/hf" "$docs"
go build -o "$dir/bin/" ./cmd/hf ./cmd/hfd ./internal/forge/forgetest/cmd/hub
(cd tools/record && go build -o "$dir/bin/" .)
gopath=$(go env GOPATH) gocache=$(go env GOCACHE)

# The server ends by its own signal, not by the terminal's.
setsid "$dir/bin/hub" serve -dir "$dir/hub" >"$dir/url" 2>"$dir/hub.log" &
server=$!
until [ -s "$dir/url" ]; do
	kill -0 "$server" 2>/dev/null || { cat "$dir/hub.log" >&2 && exit 1; }
	sleep 0.05
done

# hf is as on anybody's machine: nothing of this one is in the environment.
unset "${!HF_@}" "${!XDG_@}" "${!GIT_@}" GITHUB_TOKEN NO_COLOR COLORFGBG
export HOME=$dir/home HF_STATE_DIR=$dir/state HF_DATA_DIR=$dir/data GOPATH=$gopath GOCACHE=$gocache
export PATH="$dir/bin:$spice:$PATH" LANG=C.UTF-8 TERM=xterm-256color COLORTERM=truecolor
HUB_URL=$(cat "$dir/url")
export HUB_URL
{
	printf '[user]\n\tname = Ada\n\temail = ada@example.invalid\n[init]\n\tdefaultBranch = main\n'
	cat "$dir/hub/gitconfig"
} >"$HOME/.gitconfig"
printf 'agent = "demo"\n\n[forge."github.com"]\napi = "%s"\n' "$HUB_URL" >"$HOME/.config/hf/config.toml"
hub repo acme/demo >/dev/null
hub set acme/demo '{"RequiredReviews": 1, "RequiredChecks": ["test"]}'
GH_TOKEN=$(hub token ada)
export GH_TOKEN
git clone -q git@github.com:acme/demo.git "$dir/demo" 2>/dev/null
cd "$dir/demo"
printf 'module example.com/demo\n\ngo 1.21\n' >go.mod
printf 'package main\n\nfunc main() {\n\tprintln("hello")\n}\n' >main.go
git add . && git commit -q -m "Say hello" && git push -q 2>/dev/null

# The fleet that is there when the recording begins.
task() { hf create --no-wait --permission all --json "$@" | grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4; }
api=$(task --title "Add the endpoint" --branch api $'write api.go: package main\\n\\n// handle answers a request.\\nfunc handle() int { return 200 }\ncommit: Add the endpoint\nsay: The endpoint is there.')
hf wait "$api" >/dev/null
ui=$(task --title "Show it on the page" --branch ui --on api $'write page.go: package main\\n\\nvar page = "ok"\ncommit: Show it on the page')
task --title "Speed up the search" --branch search $'write search.go: package main\\n\\n// find looks in order.\\nfunc find() {}\ncommit: Look in order\nsay: It is twice as fast now.' >/dev/null
hf wait "$ui" >/dev/null
hf pr create api --ready >/dev/null
hf pr create ui --draft >/dev/null
hub check acme/demo api test success
hub approve acme/demo 1 bob
hub check acme/demo ui test failure 'page_test: want a title'
hf pr status api >/dev/null
hf pr status ui >/dev/null
task --title "Fix the flaky test" --branch flaky $'say: I run the test until it fails.\nplan: run it often; find the race; mend it\nstream: 600 every 200ms' >/dev/null

record -hf "$dir/bin/hf" -cast "$dir/hf.cast" -png "$dir/hf.png"

# What is published says nothing of the machine it was made on.
for private in "$dir" "$(hostname)"; do
	if grep -qF -- "$private" "$dir/hf.cast"; then
		echo "record.sh: the recording says $private" >&2
		exit 1
	fi
done
cp "$dir/hf.cast" "$dir/hf.png" "$docs/"
ls -l "$docs"
