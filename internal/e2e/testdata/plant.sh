#!/bin/sh
# plant.sh GROUP DIR: what a hostile agent can write from inside its work tree
# to make somebody else's git run a program, or go elsewhere. A program that is
# run adds its name to DIR/ran.
set -eu
group=$1 dir=$2
common=$(cd "$(git rev-parse --git-common-dir)" && pwd)
own=$(cd "$(git rev-parse --git-dir)" && pwd)
top=$(git rev-parse --show-toplevel)

# evil NAME [CODE] makes a program and prints its path.
evil() {
	printf '#!/bin/sh\necho "%s" >> "%s/ran"\nexit %s\n' "$1" "$dir" "${2-1}" >"$dir/$1"
	chmod +x "$dir/$1"
	echo "$dir/$1"
}

# key KEY [NAME] gives a key of the repository a program.
key() { git config --local "$1" "$(evil "${2-$1}")"; }

# hooks DIR makes one hook of every kind that git knows.
hooks() {
	mkdir -p "$1"
	for hook in applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg post-commit \
		pre-rebase post-checkout post-merge pre-push pre-receive update proc-receive post-receive post-update reference-transaction \
		push-to-checkout pre-auto-gc post-rewrite fsmonitor-watchman post-index-change; do
		ln -s "$(evil "$hook" 0)" "$1/$hook"
	done
}

# file NAME makes a tracked file and changes it.
file() {
	echo one >"$1" && git add "$1" && git commit -q -m "$1" && echo two >>"$1"
}

case $group in
hooks) file x && hooks "$common/hooks" ;;
hooks-path) file x && hooks "$dir/hooks" && git config --local core.hooksPath "$dir/hooks" ;;
filters)
	for name in clean smudge process info attributesfile; do file "x.$name"; done
	echo '*.clean filter=clean
*.smudge filter=smudge
*.process filter=process' >.gitattributes
	mkdir -p "$common/info" && echo '*.info filter=info' >>"$common/info/attributes"
	echo '*.attributesfile filter=attributesfile' >"$dir/attributes" && git config --local core.attributesFile "$dir/attributes"
	key filter.clean.clean && key filter.smudge.smudge && key filter.process.process
	key filter.info.clean info.attributes && key filter.attributesfile.clean core.attributesFile
	;;
drivers)
	file x.command && file x.textconv
	git config --local diff.textconv.cachetextconv true
	git checkout -q -b aside && echo aside >x.merge && git add x.merge && git commit -q -m aside && git checkout -q -
	echo ours >x.merge && git add x.merge && git commit -q -m ours
	echo '*.command diff=command
*.textconv diff=textconv
*.merge merge=merge' >.gitattributes
	key diff.command.command && key diff.textconv.textconv && key merge.merge.driver
	;;
programs)
	file x && key diff.external && key core.pager && key pager.diff && key interactive.diffFilter
	key core.fsmonitor && key core.askPass && key core.alternateRefsCommand && key uploadpack.packObjectsHook
	key core.editor && key sequence.editor && key credential.helper
	for name in status diff log fetch branch worktree create-branch; do git config --local "alias.$name" "!$(evil "alias.$name")"; done
	git config --local commit.gpgSign true && git config --local log.showSignature true
	key gpg.program && key gpg.ssh.program && key gpg.ssh.defaultKeyCommand
	;;
include)
	file x
	printf '[core]\n\tfsmonitor = %s\n' "$(evil include.path)" >"$dir/more" && git config --local include.path "$dir/more"
	printf '[diff]\n\texternal = %s\n' "$(evil includeIf)" >"$dir/if" && git config --local 'includeIf.gitdir:/.path' "$dir/if"
	;;
worktree-config)
	file x
	git config --local extensions.worktreeConfig true
	printf '[core]\n\tfsmonitor = %s\n' "$(evil config.worktree)" >"$own/config.worktree"
	cp "$own/config.worktree" "$common/config.worktree"
	;;
gitdir)
	file x
	git init -q "$dir/other" && git --git-dir="$dir/other/.git" config core.fsmonitor "$(evil gitdir)"
	hooks "$dir/other/.git/hooks-of-it" && git --git-dir="$dir/other/.git" config core.hooksPath "$dir/other/.git/hooks-of-it"
	git --git-dir="$dir/other/.git" config core.worktree "$top"
	echo "gitdir: $dir/other/.git" >.git
	;;
commondir)
	file x
	git clone -q --no-local "$common" "$dir/other" && git --git-dir="$dir/other/.git" config core.fsmonitor "$(evil commondir)"
	hooks "$dir/other/.git/hooks"
	echo "$dir/other/.git" >"$own/commondir"
	;;
worktree)
	file x
	mkdir -p "$dir/elsewhere" && echo x >"$dir/elsewhere/x"
	git config --local core.worktree "$dir/elsewhere" && key core.fsmonitor core.worktree
	;;
nested)
	git init -q nested && cd nested && file f && key core.fsmonitor nested && hooks .git/hooks
	;;
submodule)
	git init -q sub && (cd sub && file f)
	git -c advice.addEmbeddedRepo=false add sub
	printf '[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tignore = none\n\tupdate = !%s\n' "$(evil submodule.update.file)" >.gitmodules
	git add .gitmodules && git commit -q -m submodule
	git config --local submodule.sub.update "!$(evil submodule.update)"
	git config --local submodule.recurse true && git config --local submodule.sub.active true
	cd sub && key core.fsmonitor submodule && hooks .git/hooks && git config --local status.submoduleSummary true
	;;
ssh) git config --local remote.origin.url ssh://git@host.invalid/x/y && key core.sshCommand ;;
proxy) git config --local remote.origin.url git://host.invalid/x && key core.gitProxy ;;
ext) git config --local remote.origin.url "ext::$(evil ext)" && git config --local protocol.ext.allow always ;;
vcs)
	git config --local remote.origin.vcs ext && git config --local remote.origin.url "$(evil remote.vcs)"
	git config --local protocol.ext.allow always
	;;
packs) key remote.origin.uploadpack && key remote.origin.receivepack ;;
instead-of)
	git config --local "url.ext::$(evil insteadOf).insteadOf" "$(git config remote.origin.url)"
	git config --local protocol.ext.allow always
	;;
promisor)
	file x && git add x && git commit -q -m more
	key remote.origin.uploadpack promisor
	git config --local remote.origin.promisor true && git config --local extensions.partialClone origin
	blob=$(git rev-parse HEAD:x) && rm -f "$common/objects/$(echo "$blob" | cut -c1-2)/$(echo "$blob" | cut -c3-)"
	;;
alternates) # no harm in itself: nothing may break
	git init -q --bare "$dir/other.git"
	mkdir -p "$common/objects/info" && echo "$dir/other.git/objects" >"$common/objects/info/alternates"
	file x
	;;
*) echo "no group $group" >&2 && exit 2 ;;
esac
