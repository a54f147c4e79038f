#!/bin/sh
# Builds hf and hfd from this checkout and installs them:
#
#	scripts/install.sh          into ~/.local/bin, or $PREFIX/bin
#
# Running it again replaces them in place: a daemon at work becomes the new
# build with the next command, and agents notice nothing. It changes no file of
# yours; what it would have you change, it says.
set -eu

usage() {
	sed -n '2,8s/^# \{0,1\}//p' "$0"
}

say() { printf '%s\n' "$*"; }
note() { printf '  %s\n' "$*"; }
die() {
	printf 'install.sh: %s\n' "$1" >&2
	shift
	for hint; do printf '  %s\n' "$hint" >&2; done
	exit 1
}

# at_least HAVE WANT: is version HAVE, such as 2.39.5 or go1.26rc1, WANT or newer?
at_least() {
	awk -v have="$1" -v want="$2" 'BEGIN {
		gsub(/[^0-9.].*$/, "", have)
		n = split(have, h, "."); m = split(want, w, ".")
		for (i = 1; i <= (n > m ? n : m); i++) {
			if (h[i] + 0 > w[i] + 0) exit 0
			if (h[i] + 0 < w[i] + 0) exit 1
		}
		exit 0
	}'
}

check_tools() {
	command -v git >/dev/null 2>&1 || die "git is needed" "Debian and Ubuntu: sudo apt-get install git"
	git_version=$(git version | awk '{print $3}')
	at_least "$git_version" 2.38 || die "git $git_version is too old: 2.38 or newer is needed"

	command -v go >/dev/null 2>&1 || die "Go is needed to build hf" "Get it from https://go.dev/dl"
	# Inside the module an older go gets the newer toolchain the module asks for.
	want=$(awk '$1 == "go" {print $2; exit}' go.mod)
	have=$(go env GOVERSION 2>/dev/null) || die "$(go version | awk '{print $3}') is too old: hf needs Go $want" "Get it from https://go.dev/dl"
	have=${have#go}
	at_least "$have" "$want" || die "Go $have is too old: hf needs $want" "Get it from https://go.dev/dl"
}

# stamp sets version and build. The build number orders builds: the time of the
# commit, or now for what is not committed.
stamp() {
	version=dev
	build=$(date +%s)
	# Only the checkout's own repository counts, not one it happens to lie in.
	top=$(git rev-parse --show-toplevel 2>/dev/null) || return 0
	[ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ] || return 0
	version=$(git describe --tags --always --dirty 2>/dev/null) || { version=dev && return 0; }
	case $version in
	*-dirty) ;;
	*) build=$(git log -1 --format=%ct) ;;
	esac
}

build() {
	vars=github.com/hf-dev/hf/internal/version
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$stage/" \
		-ldflags "-s -w -X $vars.version=$version -X $vars.build=$build" ./cmd/hf ./cmd/hfd
	chmod 755 "$stage/hf" "$stage/hfd"
}

# put installs FILE as PATH at once: whoever runs PATH has the old or the new.
put() {
	[ ! -d "$2" ] || die "$2 is a directory"
	mv -f "$1" "$2"
}

install_completion() {
	data=${XDG_DATA_HOME:-$HOME/.local/share}
	[ -z "${PREFIX:-}" ] || data=$PREFIX/share
	case $shell in
	bash) to=$data/bash-completion/completions/hf ;;
	zsh) to=$data/zsh/site-functions/_hf ;;
	fish)
		to=${XDG_CONFIG_HOME:-$HOME/.config}/fish/completions/hf.fish
		[ -z "${PREFIX:-}" ] || to=$data/fish/vendor_completions.d/hf.fish
		;;
	*)
		say "No completions for ${shell:-an unknown shell}: bash, zsh and fish have them."
		return 0
		;;
	esac
	if ! "$bin/hf" completion "$shell" >"$stage/completion" || [ ! -s "$stage/completion" ]; then
		say "The completions for $shell could not be made; hf works without them."
		return 0
	fi
	chmod 644 "$stage/completion"
	mkdir -p "$(dirname "$to")"
	mv -f "$stage/completion" "$to"
	say "Installed completions for $shell: $to"
	[ "$shell" != zsh ] || note "they need this in ~/.zshrc, before compinit: fpath=($(dirname "$to") \$fpath)"
}

# advise_path says what makes `hf` mean the hf that was installed.
advise_path() {
	case ":$PATH:" in
	*":$bin:"*)
		found=$(command -v hf || true)
		[ -z "$found" ] || [ "$found" = "$bin/hf" ] || {
			say "Another hf comes first in PATH: $found"
			note "move $bin before $(dirname "$found") in PATH"
			next=$bin/hf
		}
		return 0
		;;
	esac
	next=$bin/hf
	say "$bin is not in PATH. To add it, now and for every new shell:"
	case $shell in
	fish) note "fish_add_path \"$bin\"" ;;
	zsh) note "echo 'export PATH=\"$bin:\$PATH\"' >> ~/.zshrc && export PATH=\"$bin:\$PATH\"" ;;
	bash) note "echo 'export PATH=\"$bin:\$PATH\"' >> ~/.bashrc && export PATH=\"$bin:\$PATH\"" ;;
	*) note "echo 'export PATH=\"$bin:\$PATH\"' >> ~/.profile && export PATH=\"$bin:\$PATH\"" ;;
	esac
}

# optional TOOL WHAT-FOR HOW-TO-GET-IT
optional() {
	if command -v "$1" >/dev/null 2>&1; then
		note "$1: found"
	else
		note "$1: not found; $2: $3"
	fi
}

name_optional_tools() {
	say "Optional tools:"
	optional git-spice "stacks of tasks" "https://abhinav.github.io/git-spice/start/install/"
	optional gh "pull requests" "https://cli.github.com"
	optional tmux "windows for tasks" "a package of this system"
	optional node "most agents run on it" "https://nodejs.org/en/download"
	optional claude-agent-acp "Claude Code" "npm i -g @agentclientprotocol/claude-agent-acp"
	optional codex-acp "Codex" "npm i -g @agentclientprotocol/codex-acp"
	optional opencode "OpenCode" "npm i -g opencode-ai"
	optional gemini "Gemini CLI" "npm i -g @google/gemini-cli"
	note "the demo agent is built in and needs no account"
	note "'hf doctor' looks closer, at any time"
}

case ${1:-} in
"") ;;
-h | --help) usage && exit 0 ;;
*) die "unknown argument: $1" "PREFIX=DIR $0 installs into DIR/bin" ;;
esac
[ -n "${HOME:-}" ] || die "HOME is not set"
case ${PREFIX:-/} in
/*) ;;
*) die "PREFIX must be an absolute path, and is $PREFIX" ;;
esac

cd "$(dirname "$0")/.."
bin=${PREFIX:-$HOME/.local}/bin
shell=$(basename "${SHELL:-}")
next=hf

check_tools
stamp
mkdir -p "$bin" || die "$bin cannot be made" "PREFIX=DIR $0 installs into DIR/bin"
# On the same file system as $bin, so that a rename installs.
stage=$(mktemp -d "$bin/.hf-install.XXXXXX") || die "$bin cannot be written to" "PREFIX=DIR $0 installs into DIR/bin"
trap 'rm -rf "$stage"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "Building hf $version ..."
build
# The daemon first: a new hf then always finds a new hfd beside it.
put "$stage/hfd" "$bin/hfd"
put "$stage/hf" "$bin/hf"
say "Installed hf and hfd: $bin"
install_completion
name_optional_tools
advise_path
say
say "Next, in a git repository:"
note "$next create --agent demo \"write hello.txt: Hello\""
