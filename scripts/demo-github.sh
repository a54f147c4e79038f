#!/usr/bin/env bash
# A GitHub of your own on this machine, to try pull requests with: a fake server, a
# repository on it, and hf set up for both, away from your own hf.
#
#	scripts/demo-github.sh          prints what to type in another terminal; Ctrl-C ends it all
#	scripts/demo-github.sh --play   types it itself, and ends
set -euo pipefail
cd "$(dirname "$0")/.."

play=
[ "${1:-}" != --play ] || play=yes

dir=$(mktemp -d "${TMPDIR:-/tmp}/hf-demo.XXXXXX")
server=
cleanup() {
	trap - EXIT INT TERM
	set +e
	if [ -x "$dir/bin/hf" ]; then
		# All that was started belongs to this demo, and ends with it.
		# shellcheck disable=SC2046
		hf kill --yes $(hf list --jq '.[].id') >/dev/null 2>&1
		hf backend stop --force >/dev/null 2>&1
	fi
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

mkdir -p "$dir/bin" "$dir/hub" "$dir/home/.config/hf"
go build -o "$dir/bin/" ./cmd/hf ./cmd/hfd ./internal/forge/forgetest/cmd/hub
spice=$(scripts/git-spice.sh)

# The server ends by its own signal, not by the terminal's.
setsid "$dir/bin/hub" serve -web self -dir "$dir/hub" >"$dir/url" 2>"$dir/hub.log" &
server=$!
until [ -s "$dir/url" ]; do
	kill -0 "$server" 2>/dev/null || { cat "$dir/hub.log" >&2 && exit 1; }
	sleep 0.05
done

cat >"$dir/env" <<EOF
unset \${!HF_@} \${!XDG_@} \${!GIT_@} GITHUB_TOKEN
export HOME='$dir/home' HUB_URL='$(cat "$dir/url")'
export PATH="$dir/bin:$(dirname "$spice"):\$PATH"
export HF_STATE_DIR='$dir/state' HF_DATA_DIR='$dir/data'
EOF
# shellcheck source=/dev/null
. "$dir/env"
{
	printf '[user]\n\tname = Ada\n\temail = ada@example.invalid\n[init]\n\tdefaultBranch = main\n'
	cat "$dir/hub/gitconfig"
} >"$HOME/.gitconfig"
# Where the API is, is said by the user's own configuration alone; a repository's has no say.
cat >"$HOME/.config/hf/config.toml" <<EOF
agent = "mender"

[forge."github.com"]
api = "$HUB_URL"

[agents.mender]
command = ["$dir/bin/mender"]
EOF
# The demo agent does what its prompt says and understands nothing. This one is it, and
# knows what to do about one check that fails.
cat >"$dir/bin/mender" <<'EOF'
#!/bin/sh
text='\([^"\\]\|\\.\)*'
cure='write hello.txt: Hello.\\ncommit: End with a full stop'
sed -u -e '/"session\/prompt"/ s/"text":"Something about'"$text"'want a full stop'"$text"'"/"text":"'"$cure"'"/' | hfd demo-agent
EOF
chmod +x "$dir/bin/mender"

hub org acme ada bob
hub repo acme/demo >/dev/null
hub set acme/demo '{"RequiredReviews": 1, "RequiredChecks": ["test"]}'
printf 'export GH_TOKEN=%s\n' "$(hub token ada)" >>"$dir/env"
# shellcheck source=/dev/null
. "$dir/env"
git clone -q git@github.com:acme/demo.git "$dir/demo" 2>/dev/null
cd "$dir/demo"

# Each step: what it shows, and what to type.
steps() {
	cat <<'EOF'
# two tasks, one on top of the other
hf create --wait --branch greet $'write hello.txt: Hello\ncommit: Say hello'
hf create --wait --branch shout --on greet $'write loud.txt: HELLO\ncommit: Say it loud'
# both go to GitHub as pull requests
hf pr create greet --ready
hf pr create shout --draft
hf stack
# a check of the first one fails: its agent gets the log of the job, and mends it
hub check acme/demo greet test failure 'hello_test: want a full stop'
hf pr checks greet
hf fix greet --ci
hf wait greet
hf push greet
# the check passes, a colleague approves, it is merged, and what stood on it moves
hub check acme/demo greet test success
hub approve acme/demo 1 bob
hf pr status greet
hf merge greet
hf push shout
hf stack
hub pull acme/demo 2
# what happened, and what it took of GitHub's budget
hf history --limit 30
hf status
EOF
}

if [ -n "$play" ]; then
	while IFS= read -r line; do
		[[ $line == "#"* ]] && printf '\n%s\n' "$line" && continue
		printf '\n$ %s\n' "$line"
		# A failed check is what is shown, and an exit code says so.
		eval "$line" </dev/null || [[ $line == "hf pr checks"* ]]
	done < <(steps)
	exit 0
fi

printf 'A GitHub of your own runs at %s, with the repository acme/demo.\n\n' "$HUB_URL"
printf 'In another terminal:\n\n    source %s/env && cd %s/demo\n\nand then, for instance:\n\n' "$dir" "$dir"
steps | sed -e 's/^#/\n    #/' -e '/^$/!s/^\([^ \n]\)/    \1/'
printf '\n"hub help" lists what else the other side can do. Ctrl-C here ends it all.\n'
wait "$server"
