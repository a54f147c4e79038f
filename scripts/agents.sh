#!/usr/bin/env bash
# Installs real coding agents, at pinned versions, for the tests that drive them:
#
#	scripts/agents.sh [DIR]     default: ${XDG_CACHE_HOME:-~/.cache}/hf/agents
#
# Prints the directory to put first in PATH: it holds claude-agent-acp, codex-acp
# and the node that runs them. Needs npm and the registry that npm is set up for.
# A second run finds everything there and does nothing.
set -euo pipefail

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/hf/agents}

case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
*) echo "agents.sh: no agents for $(uname -s)" >&2 && exit 1 ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=x64 ;;
aarch64 | arm64) arch=arm64 ;;
*) echo "agents.sh: no agents for $(uname -m)" >&2 && exit 1 ;;
esac

packages=(
	"@agentclientprotocol/claude-agent-acp@0.101.0"
	"@agentclientprotocol/codex-acp@2.6.0"
	"node-$os-$arch@22" # the adapters need a newer node than some systems have
)

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
stamp=$dir/installed
if [ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ]; then
	command -v npm >/dev/null || { echo "agents.sh: npm is needed to install agents" >&2 && exit 1; }
	printf '{"private": true}\n' >"$dir/package.json"
	# The native programs come as optional dependencies: no install script has to run.
	npm install --prefix "$dir" --ignore-scripts --include=optional --no-audit --no-fund --no-package-lock \
		--loglevel=error "${packages[@]}" >&2
	PATH=$dir/node_modules/.bin:$PATH
	node --version >/dev/null
	for agent in claude-agent-acp codex-acp; do
		[ -x "$dir/node_modules/.bin/$agent" ] || { echo "agents.sh: $agent was not installed" >&2 && exit 1; }
	done
	printf '%s\n' "${packages[*]}" >"$stamp"
fi
printf '%s\n' "$dir/node_modules/.bin"
