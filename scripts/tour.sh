#!/usr/bin/env bash
# The tour of the README: a throw-away repository, the demo agent, its change.
set -euo pipefail

dir=$(mktemp -d "${TMPDIR:-/tmp}/hf-tour.XXXXXX")
cd "$dir"

git init -q -b main
git -c user.name=tour -c user.email=tour@example.invalid commit -q --allow-empty -m "start"

run() {
	printf '\n$ %s\n' "$*"
	"$@"
}

run hf create --agent demo --wait "write hello.txt: Hello from a task of its own"
run hf list
run hf diff -
printf '\nThe task is still there: `hf attach -` joins it, `hf kill - --yes` ends it.\n'
printf 'Then `rm -r %s` removes the throw-away repository.\n' "$dir"
printf 'Next: cd into a repository of yours and `hf create "what you want done"`.\n'
